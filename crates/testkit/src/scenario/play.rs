//! Playing a scenario: one step after the other, the first mismatch ends it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use crate::control::Answer;
use crate::frame::Frame;
use crate::option_text::{option_code, parse_option_value};
use crate::packet::{MessageType, Packet4};
use crate::scenario::backend::{Backend, SERVER_ADDRESS, SERVER_MAC};
use crate::scenario::check::{check_lease, check_reply, field_text};
use crate::scenario::parse::{Detail, Scenario, Step, StepKind};

/// Where a scenario did not go as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The line in the file, from 1.
    pub line: usize,
    /// What came, and what should have come.
    pub why: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for Mismatch {}

/// Plays a scenario against a server.
///
/// # Errors
/// At the first step that does not go as written, or that cannot be carried out.
pub fn play(scenario: &Scenario, backend: &mut dyn Backend) -> Result<(), Mismatch> {
    let mut player = Player::new(backend);
    for step in &scenario.steps {
        if step.only.as_ref().is_some_and(|only| only != player.backend.subject_word()) {
            continue;
        }
        player
            .step(step)
            .map_err(|fault| Mismatch { line: fault.line_or(step.line), why: fault.why })?;
    }
    let last = scenario.steps.last().map_or(1, |step| step.line);
    player.end().map_err(|fault| Mismatch { line: fault.line_or(last), why: fault.why })
}

/// A mismatch whose line may be that of the whole step.
#[derive(Debug)]
pub(super) struct Fault {
    line: Option<usize>,
    why: String,
}

impl Fault {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Fault { line: None, why: why.into() }
    }

    pub(super) fn at(detail: &Detail, why: impl Into<String>) -> Self {
        Fault { line: Some(detail.line), why: why.into() }
    }

    fn line_or(&self, line: usize) -> usize {
        self.line.unwrap_or(line)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::new(error.to_string())
    }
}

struct ClientState {
    mac: [u8; 6],
    client_id: Option<Vec<u8>>,
}

struct Player<'a> {
    backend: &'a mut dyn Backend,
    clients: BTreeMap<String, ClientState>,
    variables: BTreeMap<String, String>,
    started: bool,
    refusal: Option<String>,
    query: Option<Packet4>,
    answer: Option<Answer>,
    log_mark: usize,
    next_xid: u32,
}

impl<'a> Player<'a> {
    fn new(backend: &'a mut dyn Backend) -> Self {
        Player {
            backend,
            clients: BTreeMap::new(),
            variables: BTreeMap::new(),
            started: false,
            refusal: None,
            query: None,
            answer: None,
            log_mark: 0,
            next_xid: 0x6b65_6101,
        }
    }

    fn step(&mut self, step: &Step) -> Result<(), Fault> {
        if let StepKind::Refused(text) = &step.kind {
            let said = self.refusal.take().ok_or_else(|| Fault::new("nothing was refused"))?;
            return if said.contains(text.as_str()) {
                Ok(())
            } else {
                Err(Fault::new(format!("refused without '{text}':\n{said}")))
            };
        }
        if let Some(said) = self.refusal.take() {
            return Err(Fault::new(format!("the configuration was refused:\n{said}")));
        }
        let details = self.details(step);
        match &step.kind {
            StepKind::Config(config) => self.config(config),
            StepKind::Client(words) => self.client(words),
            StepKind::Send { kind, client } => self.send(kind, client, &details),
            StepKind::Expect(kind) => self.expect(kind, &details),
            StepKind::Lease { client, address } => self.lease(client, address, &details),
            StepKind::Advance(seconds) => {
                self.log_mark = self.backend.log_mark();
                Ok(self.backend.advance(*seconds)?)
            }
            StepKind::Restart => {
                self.backend.restart()?;
                self.log_mark = 0;
                Ok(())
            }
            StepKind::Command(command) => {
                self.log_mark = self.backend.log_mark();
                let text = self.substitute(&command.to_string());
                let command = serde_json::from_str(&text).map_err(|e| Fault::new(e.to_string()))?;
                self.answer = Some(self.backend.command(&command)?);
                Ok(())
            }
            other => self.observe(other, &details),
        }
    }

    /// The steps that only look.
    fn observe(&mut self, kind: &StepKind, details: &[Detail]) -> Result<(), Fault> {
        self.backend.settle()?;
        match kind {
            StepKind::ExpectLease { address, present } => {
                let address = self.substitute(address);
                let leases = self.backend.leases()?;
                match (leases.get(&address), present) {
                    (Some(row), true) => check_lease(row, details),
                    (None, false) => Ok(()),
                    (None, true) => Err(Fault::new(format!("no lease of {address}"))),
                    (Some(row), false) => Err(Fault::new(format!("there is a lease: {row:?}"))),
                }
            }
            StepKind::ExpectStatistic { name, value } => {
                let get = serde_json::json!({
                    "command": "statistic-get", "arguments": { "name": name },
                });
                let answer = self.backend.command(&get)?;
                let newest = &answer.arguments[name.as_str()][0][0];
                let is = if newest.is_null() { "absent".to_owned() } else { newest.to_string() };
                same(&format!("statistic {name}"), &is, value)
            }
            StepKind::ExpectLog { identifier, present } => {
                let found = if *present {
                    self.backend.logged(self.log_mark, identifier)
                } else {
                    let wanted = format!("{identifier} ");
                    self.backend.log_since(self.log_mark).iter().any(|l| l.contains(&wanted))
                };
                if found == *present {
                    return Ok(());
                }
                let lines = self.backend.log_since(self.log_mark).join("\n");
                let word = if found { "was" } else { "was not" };
                Err(Fault::new(format!("{identifier} {word} logged:\n{lines}")))
            }
            StepKind::ExpectResult { result, text } => {
                let answer = self.answer.as_ref().ok_or_else(|| Fault::new("no command"))?;
                if answer.result == *result && answer.text.contains(text.as_str()) {
                    return Ok(());
                }
                Err(Fault::new(format!("the answer was {answer:?}")))
            }
            StepKind::ExpectArgument { pointer, value } => {
                let answer = self.answer.as_ref().ok_or_else(|| Fault::new("no command"))?;
                let is = answer.arguments.pointer(pointer).cloned().unwrap_or_default();
                same(pointer, &is.to_string(), &value.to_string())
            }
            acting => Err(Fault::new(format!("{acting:?} is not a look"))),
        }
    }

    fn config(&mut self, config: &serde_json::Value) -> Result<(), Fault> {
        self.log_mark = self.backend.log_mark();
        let outcome = if self.started {
            self.backend.reconfigure(config)?
        } else {
            self.backend.start(config)?
        };
        self.started |= outcome.is_ok();
        self.refusal = outcome.err();
        Ok(())
    }

    fn client(&mut self, words: &[String]) -> Result<(), Fault> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (name, mac, client_id) = match words.as_slice() {
            [name, "mac", mac] => (name, mac, None),
            [name, "mac", mac, "client-id", id] => (name, mac, Some(octets(id)?)),
            _ => return Err(Fault::new("client NAME mac XX:… [client-id XX:…]")),
        };
        let mac = octets(mac)?.try_into().map_err(|_| Fault::new("a MAC has six octets"))?;
        self.clients.insert((*name).to_owned(), ClientState { mac, client_id });
        Ok(())
    }

    /// The whole exchange of a new client, or of one that comes back.
    fn lease(&mut self, client: &str, address: &str, details: &[Detail]) -> Result<(), Fault> {
        let address = self.substitute(address);
        self.send("discover", client, details)?;
        let offer = self.receive(Some(MessageType::Offer))?;
        let offered = offer.yiaddr.to_string();
        if address != "any" && offered != address {
            return Err(Fault::new(format!("offered {offered} instead of {address}")));
        }
        let mut request = self.packet("request", client, details)?;
        request.push_option(50, &offer.yiaddr.octets());
        request.push_option(54, &offer.option(54).unwrap_or_default());
        self.deliver(request, details)?;
        let ack = self.receive(Some(MessageType::Ack))?;
        self.variables.insert(client.to_owned(), ack.yiaddr.to_string());
        same("yiaddr", &ack.yiaddr.to_string(), &offered)
    }

    fn send(&mut self, kind: &str, client: &str, details: &[Detail]) -> Result<(), Fault> {
        let packet = self.packet(kind, client, details)?;
        self.deliver(packet, details)
    }

    /// The message of a step. Details that concern the frame are left for [`Self::deliver`].
    fn packet(&mut self, kind: &str, client: &str, details: &[Detail]) -> Result<Packet4, Fault> {
        let unknown = || Fault::new(format!("no client {client}"));
        let client = self.clients.get(client).ok_or_else(unknown)?;
        let kind = MessageType::from_name(kind)
            .ok_or_else(|| Fault::new(format!("no message type {kind}")))?;
        let mut packet = Packet4::query(kind, client.mac, self.next_xid);
        self.next_xid += 1;
        if let Some(id) = &client.client_id {
            packet.push_option(61, id);
        }
        for detail in details {
            apply(&mut packet, detail).map_err(|why| Fault::at(detail, why))?;
        }
        Ok(packet)
    }

    fn deliver(&mut self, packet: Packet4, details: &[Detail]) -> Result<(), Fault> {
        let mut frame = frame_of(&packet);
        for detail in details {
            address_frame(&mut frame, detail).map_err(|why| Fault::at(detail, why))?;
        }
        self.log_mark = self.backend.log_mark();
        self.query = Some(packet);
        Ok(self.backend.send(&frame)?)
    }

    fn expect(&mut self, kind: &str, details: &[Detail]) -> Result<(), Fault> {
        if kind == "none" {
            return match self.backend.receive()? {
                None => Ok(()),
                Some(frame) => Err(Fault::new(format!("an answer came: {}", describe(&frame)))),
            };
        }
        let kind = match kind {
            "bootp" => None,
            name => Some(
                MessageType::from_name(name)
                    .ok_or_else(|| Fault::new(format!("no message type {name}")))?,
            ),
        };
        let (frame, reply) = self.receive_frame(kind)?;
        for detail in details {
            if let Some(binding) = detail.text.strip_prefix("let ") {
                let (name, field) = binding.split_once('=').unwrap_or((binding, ""));
                let text =
                    field_text(&reply, field.trim()).map_err(|why| Fault::at(detail, why))?;
                self.variables.insert(name.trim().to_owned(), text);
            } else {
                check_reply(&frame, &reply, &detail.text)
                    .map_err(|why| Fault::at(detail, format!("{why}\nin {}", describe(&frame))))?;
            }
        }
        Ok(())
    }

    fn receive(&mut self, kind: Option<MessageType>) -> Result<Packet4, Fault> {
        self.receive_frame(kind).map(|(_, packet)| packet)
    }

    fn receive_frame(&mut self, kind: Option<MessageType>) -> Result<(Frame, Packet4), Fault> {
        let frame = self.backend.receive()?.ok_or_else(|| {
            let lines = self.backend.log_since(self.log_mark).join("\n");
            Fault::new(format!("no answer; the server's log since the query:\n{lines}"))
        })?;
        let reply = Packet4::decode(&frame.payload)
            .map_err(|error| Fault::new(format!("an answer that cannot be read: {error:?}")))?;
        if reply.message_type() != kind {
            return Err(Fault::new(format!("another answer: {}", describe(&frame))));
        }
        let query = self.query.as_ref().ok_or_else(|| Fault::new("nothing was sent"))?;
        let copied = |p: &Packet4| (p.xid, p.htype, p.hlen, p.chaddr);
        // The relay is left out of what goes straight to the client.
        let relay = reply.giaddr.is_unspecified() || reply.giaddr == query.giaddr;
        if copied(query) != copied(&reply) || !relay || reply.op != 2 {
            return Err(Fault::new(format!("not an answer to the query: {}", describe(&frame))));
        }
        Ok((frame, reply))
    }

    fn end(&mut self) -> Result<(), Fault> {
        if let Some(said) = self.refusal.take() {
            return Err(Fault::new(format!("the configuration was refused:\n{said}")));
        }
        if !self.started {
            return Ok(());
        }
        match self.backend.receive()? {
            None => Ok(()),
            Some(frame) => Err(Fault::new(format!("one answer too many: {}", describe(&frame)))),
        }
    }

    /// The details that count for this subject, with variables filled in.
    fn details(&self, step: &Step) -> Vec<Detail> {
        let subject = self.backend.subject_word();
        let counts = |detail: &&Detail| detail.only.as_deref().is_none_or(|only| only == subject);
        let filled = |d: &Detail| Detail { text: self.substitute(&d.text), ..d.clone() };
        step.details.iter().filter(counts).map(filled).collect()
    }

    fn substitute(&self, text: &str) -> String {
        // Longest first, so that $AB is not taken for $A.
        let mut names: Vec<_> = self.variables.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let fill = |text: String, (name, value): (&String, &String)| {
            text.replace(&format!("${name}"), value)
        };
        names.into_iter().fold(text.to_owned(), fill)
    }
}

/// A detail of `send` that concerns the message.
fn apply(packet: &mut Packet4, detail: &Detail) -> Result<(), String> {
    let words: Vec<&str> = detail.text.split_whitespace().collect();
    let address = |text: &str| text.parse::<Ipv4Addr>().map_err(|_| format!("no address: {text}"));
    let number = |text: &str| text.parse::<u16>().map_err(|_| format!("no number: {text}"));
    match words.as_slice() {
        ["option", name, "=", ..] => {
            let value = detail.text.split_once('=').map_or("", |(_, value)| value.trim());
            let data = parse_option_value(name, value).map_err(|e| e.to_string())?;
            packet.push_option(option_code(name).map_err(|e| e.to_string())?, &data);
        }
        ["option", name] => packet.push_option(option_code(name).map_err(|e| e.to_string())?, &[]),
        ["no", "option", name] => {
            let code = option_code(name).map_err(|e| e.to_string())?;
            packet.options.retain(|(present, _)| *present != code);
        }
        ["ciaddr", text] => packet.ciaddr = address(text)?,
        ["giaddr", text] => packet.giaddr = address(text)?,
        ["yiaddr", text] => packet.yiaddr = address(text)?,
        ["flags", "broadcast"] => packet.flags = 0x8000,
        ["secs", text] => packet.secs = number(text)?,
        ["hops", text] => packet.hops = number(text)? as u8,
        ["op", text] => packet.op = number(text)? as u8,
        ["htype", text] => packet.htype = number(text)? as u8,
        ["hlen", text] => packet.hlen = number(text)? as u8,
        ["chaddr", text] => {
            let octets = kea_wire::parse_colon_hex(text).map_err(|e| e.to_string())?;
            packet.hlen = octets.len() as u8;
            packet.chaddr = std::array::from_fn(|i| octets.get(i).copied().unwrap_or(0));
        }
        ["from" | "to" | "payload" | "cut" | "broadcast", ..] => {}
        _ => return Err(format!("no such detail: {}", detail.text)),
    }
    Ok(())
}

/// How a message of this content travels: through a relay, from an address, or to all.
fn frame_of(packet: &Packet4) -> Frame {
    let mac = std::array::from_fn(|i| packet.chaddr[i]);
    let to_server = SocketAddrV4::new(SERVER_ADDRESS, 67);
    let (from_mac, to_mac, from, to) = if !packet.giaddr.is_unspecified() {
        (RELAY_MAC, SERVER_MAC, SocketAddrV4::new(packet.giaddr, 67), to_server)
    } else if !packet.ciaddr.is_unspecified() {
        (mac, SERVER_MAC, SocketAddrV4::new(packet.ciaddr, 68), to_server)
    } else {
        let everyone = SocketAddrV4::new(Ipv4Addr::BROADCAST, 67);
        (mac, [0xff; 6], SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68), everyone)
    };
    Frame { to_mac, from_mac, from, to, payload: packet.encode() }
}

/// A detail of `send` that concerns the frame.
fn address_frame(frame: &mut Frame, detail: &Detail) -> Result<(), String> {
    let words: Vec<&str> = detail.text.split_whitespace().collect();
    let place = |text: &str, port: u16| {
        let alone = || text.parse().map(|address| SocketAddrV4::new(address, port));
        text.parse().or_else(|_| alone()).map_err(|_| format!("no address: {text}"))
    };
    match words.as_slice() {
        ["from", text] => frame.from = place(text, frame.from.port())?,
        ["to", text] => frame.to = place(text, 67)?,
        ["broadcast"] => {
            frame.to_mac = [0xff; 6];
            frame.to = SocketAddrV4::new(Ipv4Addr::BROADCAST, 67);
        }
        ["payload", hex] => {
            let octets = kea_wire::parse_colon_hex(hex).map_err(|e| e.to_string())?;
            frame.payload = octets.to_vec();
        }
        ["cut", len] => frame.payload.truncate(len.parse().map_err(|_| "no length".to_owned())?),
        _ => {}
    }
    Ok(())
}

fn octets(text: &str) -> Result<Vec<u8>, Fault> {
    let octets = kea_wire::parse_colon_hex(text).map_err(|e| Fault::new(e.to_string()))?;
    Ok(octets.to_vec())
}

pub(super) fn same(what: &str, is: &str, wanted: &str) -> Result<(), Fault> {
    if is == wanted {
        return Ok(());
    }
    Err(Fault::new(format!("{what} is {is}, not {wanted}")))
}

/// A server's message for a human.
fn describe(frame: &Frame) -> String {
    let Ok(packet) = Packet4::decode(&frame.payload) else {
        return format!("{} → {}: {:02x?}", frame.from, frame.to, frame.payload);
    };
    let kind = packet.message_type().map_or_else(|| "BOOTP".to_owned(), |kind| kind.to_string());
    let options: Vec<String> = packet
        .options
        .iter()
        .map(|(code, data)| {
            let mut hex = String::new();
            let _a_string_takes_all = kea_wire::write_colon_hex(&mut hex, data);
            format!("{code}={hex}")
        })
        .collect();
    format!(
        "{kind} {} → {} xid={:#x} ciaddr={} yiaddr={} siaddr={} giaddr={} flags={:#06x} options: {}",
        frame.from,
        frame.to,
        packet.xid,
        packet.ciaddr,
        packet.yiaddr,
        packet.siaddr,
        packet.giaddr,
        packet.flags,
        options.join(" ")
    )
}

const RELAY_MAC: [u8; 6] = [0x02, 0, 0, 0, 0xff, 0x01];
