//! One configuration with every option of a table, given to a server, and what it sends.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::time::Duration;

use kea_options::Registry;
use kea_testkit::{
    Capture, CapturedFrames, Frame, Lab, Message, MessageType, Netns, Packet4, RawClient, Server,
    ServerSetup, Subject, v6,
};
use kea_wire::{Family, V4, V6};
use serde_json::{Value, json};

use crate::rows::{Difference, Differences, OptionId, Row};

/// What a server sent.
pub(crate) struct Answers {
    /// The data of each option, without its sub-options, which stand under their own space.
    pub(crate) options: BTreeMap<OptionId, Vec<u8>>,
    /// The messages as UDP payloads.
    pub(crate) messages: Vec<Vec<u8>>,
    /// The same as frames.
    pub(crate) frames: CapturedFrames,
    // With its folder, in which the frames are. Dropped before the network that it runs in.
    _server: Server,
    _lab: Lab,
}

/// A family's part of the exchange.
pub(crate) trait Exchange: Family {
    /// Its messages.
    type Message: Message;
    /// The server's configuration besides the options.
    fn network() -> Value;
    /// A query for these codes.
    fn query(xid: u32, codes: &[u16]) -> Self::Message;
    /// What only relays add to a query, and the server gives back: such a query.
    fn relayed(rows: &[Row]) -> Option<Frame>;
}

/// Starts the server with every option that it can have, and asks for all of them.
pub(crate) fn answers<F: Exchange>(
    subject: Subject,
    rows: &[Row],
    differences: &Differences,
) -> io::Result<Answers> {
    let mut lab = Lab::new()?;
    let (server_ns, client_ns) = lab.pair()?;
    let setup = ServerSetup::new(subject, F::VERSION)?;
    let mut config = F::network();
    let (definitions, data) = option_lists::<F>(subject, rows, differences);
    config["option-def"] = definitions;
    let list = format!("subnet{}", F::VERSION);
    config[list][0]["option-data"] = data;
    let capture_file = setup.folder().join("answers.pcap");
    let server = setup.start_with(&server_ns, &config)?;
    let capture = Capture::start(&client_ns, "eth0", Path::new(&capture_file))?;
    let messages = ask::<F>(&client_ns, rows).map_err(|error| {
        let said = server.process().lines_from(server.process().mark().saturating_sub(LAST_LINES));
        io::Error::other(format!("{subject:?}: {error}\n{}", said.join("\n")))
    })?;
    let frames = capture.stop()?;
    let mut options = BTreeMap::new();
    for message in &messages {
        let message = F::Message::decode(message).expect("it was decoded before");
        for (code, data) in options_of(&message) {
            flatten::<F>(rows, OptionId::new(F::OPTION_SPACE, code), &data, &mut options);
        }
    }
    Ok(Answers { options, messages, frames, _server: server, _lab: lab })
}

pub(crate) fn is_main<F: Family>(row: &Row) -> bool {
    row.id.space == F::OPTION_SPACE
}

/// `option-def` and `option-data`. The reference gets our definition of what came later.
fn option_lists<F: Family>(
    subject: Subject,
    rows: &[Row],
    differences: &Differences,
) -> (Value, Value) {
    let registry = Registry::<F>::standard();
    let has = |kind: Difference, row: &Row| differences.contains_key(&(kind, row.id.clone()));
    let (mut definitions, mut data) = (Vec::new(), Vec::new());
    for row in rows {
        let OptionId { space, code } = &row.id;
        if space == RELAY_SPACE {
            continue; // relays send these, and get them back
        }
        if has(Difference::Unconfigurable, row) {
            continue;
        }
        if subject == Subject::Debian && has(Difference::DefinedLaterInternal, row) {
            continue;
        }
        if subject == Subject::Debian && has(Difference::DefinedLater, row) {
            let known = registry.by_code(space, *code).expect("a row of the table");
            let fields: Vec<_> = known.record_types().iter().map(|t| t.name()).collect();
            definitions.push(json!({
                "space": space, "code": code, "name": row.name, "type": known.data_type().name(),
                "array": known.is_array(), "record-types": fields.join(", "),
                "encapsulate": known.encapsulates().unwrap_or_default(),
            }));
        }
        data.push(json!({
            "space": space, "code": code, "name": row.name, "data": row.text,
            "always-send": space.starts_with("vendor-"),
        }));
    }
    (Value::Array(definitions), Value::Array(data))
}

/// Enters an option and, under their own space, the sub-options in it.
fn flatten<F: Family>(
    rows: &[Row],
    id: OptionId,
    data: &[u8],
    out: &mut BTreeMap<OptionId, Vec<u8>>,
) {
    let registry = Registry::<F>::standard();
    let is_vendor = id == OptionId::new(F::OPTION_SPACE, if F::VERSION == 4 { 125 } else { 17 });
    if is_vendor && data.len() >= 4 {
        let (number, inside) = data.split_at(4);
        let space = u32::from_be_bytes(number.try_into().expect("four octets"));
        let mut own = number.to_vec();
        // DHCPv4 counts the octets of each enterprise; only one enterprise is configured.
        let inside = if F::VERSION == 4 { inside.get(1..).unwrap_or_default() } else { inside };
        own.resize(if F::VERSION == 4 { 5 } else { 4 }, 0);
        for (code, data) in split::<F>(inside) {
            flatten::<F>(rows, OptionId::new(&format!("vendor-{space}"), code), &data, out);
        }
        // Of several enterprises, the one that the table has.
        if !out.contains_key(&id) || rows.iter().any(|row| row.id == id && row.octets == own) {
            out.insert(id, own);
        }
        return;
    }
    let encapsulated = registry.by_code(&id.space, id.code).and_then(|d| d.encapsulates());
    let row = rows.iter().find(|row| row.id == id);
    if let (Some(space), Some(row)) = (encapsulated, row)
        && let Some(inside) = data.strip_prefix(&row.octets[..])
    {
        for (code, data) in split::<F>(inside) {
            flatten::<F>(rows, OptionId::new(space, code), &data, out);
        }
        out.insert(id, row.octets.clone());
        return;
    }
    out.insert(id, data.to_vec());
}

/// Code, length, data until the end.
fn split<F: Family>(mut octets: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let number = |at: &[u8]| at.iter().fold(0u16, |n, octet| n << 8 | u16::from(*octet));
    let width = F::OPTION_CODE_LEN;
    let mut found = Vec::new();
    while octets.len() >= 2 * width {
        let (head, rest) = octets.split_at(2 * width);
        let (code, len) = (number(&head[..width]), usize::from(number(&head[width..])));
        found.push((code, rest.get(..len).unwrap_or(rest).to_vec()));
        octets = rest.get(len..).unwrap_or_default();
    }
    found
}

impl Exchange for V4 {
    type Message = Packet4;

    fn network() -> Value {
        json!({ "subnet4": [{
            "id": 1, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10 - 192.0.2.20" }],
        }] })
    }

    fn query(xid: u32, codes: &[u16]) -> Packet4 {
        let codes: Vec<u8> = codes.iter().map(|code| *code as u8).collect();
        Packet4::query(MessageType::Discover, MAC, xid)
            .with_option(55, &codes)
            .with_option(57, &[5, 0xdc])
            .with_option(125, &[0, 0, 0x11, 0x8b, 3, 1, 1, 2])
    }

    fn relayed(rows: &[Row]) -> Option<Frame> {
        let mut info = Vec::new();
        for row in rows.iter().filter(|row| row.id.space == RELAY_SPACE) {
            info.extend([row.id.code as u8, row.octets.len() as u8]);
            info.extend(&row.octets);
        }
        let mut query = Packet4::query(MessageType::Discover, MAC, RELAYED).with_option(82, &info);
        query.giaddr = [192, 0, 2, 2].into();
        query.hops = 1;
        Some(Frame {
            from: (query.giaddr, 67).into(),
            to: ([192, 0, 2, 1], 67).into(),
            ..query.to_all()
        })
    }
}

impl Exchange for V6 {
    type Message = v6::Packet6;

    fn network() -> Value {
        json!({
            "server-id": {
                "type": "EN", "enterprise-id": 2495, "identifier": "0102030405", "persist": false,
            },
            "subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0" }],
        })
    }

    fn query(xid: u32, codes: &[u16]) -> v6::Packet6 {
        let codes: Vec<u8> = codes.iter().flat_map(|code| code.to_be_bytes()).collect();
        let [a, b, c, d, e, f] = MAC;
        let duid = [0, 3, 0, 1, a, b, c, d, e, f];
        v6::Packet6::query(v6::MessageType(11), &duid, xid)
            .with_option(6, &codes)
            .with_option(17, &[0, 0, 0x11, 0x8b, 0, 1, 0, 2, 0, 32])
            .with_option(17, &[0, 0, 0x09, 0xbf])
    }

    fn relayed(_: &[Row]) -> Option<Frame> {
        None
    }
}

/// The answers to queries for all codes, some at a time.
fn ask<F: Exchange>(client: &Netns, rows: &[Row]) -> io::Result<Vec<Vec<u8>>> {
    let mut socket = RawClient::<F::Message>::open(client, "eth0")?;
    let codes: Vec<u16> = rows.iter().filter(|r| is_main::<F>(r)).map(|r| r.id.code).collect();
    let queries = (1..).zip(codes.chunks(QUERY_CODES));
    let queries = queries.map(|(xid, codes)| (xid, F::query(xid, codes).to_all()));
    let relayed = F::relayed(rows).map(|frame| (RELAYED, frame));
    let mut answers = Vec::new();
    for (xid, frame) in queries.chain(relayed) {
        socket.send(&frame)?;
        let answer = socket.answer(xid, LIMIT)?;
        answers.push(answer.ok_or_else(|| io::Error::other("no answer"))?.0.payload);
    }
    Ok(answers)
}

/// Every instance of every option, pieces of one instance joined.
pub(crate) fn options_of<M: Message>(message: &M) -> Vec<(u16, Vec<u8>)> {
    let codes: BTreeSet<u16> = message.option_codes().into_iter().collect();
    let instances = |code| message.options_of(code).into_iter().map(move |data| (code, data));
    codes.into_iter().flat_map(instances).collect()
}

const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];
const LIMIT: Duration = Duration::from_secs(20);
/// So few that an answer fits one frame.
const QUERY_CODES: usize = 30;
const RELAY_SPACE: &str = "dhcp-agent-options-space";
const RELAYED: u32 = 0x1a_7ed0;
/// What a server said last is shown when it does not answer.
const LAST_LINES: usize = 10;
