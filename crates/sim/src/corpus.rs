//! What must hold of any octets at all, at each door through which they come from outside. Fuzz targets
//! look for octets that break it; a test replays the corpora.

use std::cell::RefCell;
use std::net::{Ipv6Addr, SocketAddr};
use std::sync::Arc;

use kea_config::document::{Document, NoIncludes};
use kea_config::snapshot::Dialect;
use kea_control::{Answer, Command, Frame, Framing, Listeners, commands};
use kea_ddns::NameChangeRequest;
use kea_dhcp::Serving;
use kea_expr::{
    ClassNames, ClassSet, Facts, Field, FieldValue, Layout, MAX_PRODUCED, Scratch, StringExpr,
    Test, Trace, parse_string, parse_test,
};
use kea_lease::{Header, LeaseFamily, Row, parse_row, write_row};
use kea_log::{Severity, Silent, Threshold};
use kea_options::{Parsing, Registry};
use kea_stats::ServerMetric;
use kea_wire::frame::{Checksum, Udp4, Udp4Header};
use kea_wire::{Family, V4, V6, v4, v6};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::room::Room;
use crate::silence::Silence;

/// A door, and what is done with the octets that come through it.
pub type Door = (&'static str, fn(&[u8]));

/// All doors, by the names of their fuzz targets.
pub const DOORS: [Door; 11] = [
    ("frame", frame),
    ("v4_message", v4_message),
    ("v6_message", v6_message),
    ("v4_corridor", v4_corridor),
    ("v6_corridor", v6_corridor),
    ("configuration", configuration),
    ("expression", expression),
    ("option_text", option_text),
    ("lease_rows", lease_rows),
    ("request", request),
    ("name_change", name_change),
];

/// An Ethernet frame.
///
/// # Panics
/// When the datagram in it is another one after being written.
#[allow(clippy::expect_used)] // what is read is not longer than a frame
pub fn frame(bytes: &[u8]) {
    let verified = Udp4::parse(bytes, Checksum::Verify);
    let Ok(datagram) = Udp4::parse(bytes, Checksum::Offloaded) else {
        assert!(verified.is_err());
        return;
    };
    let header = Udp4Header {
        link_destination: datagram.link_destination,
        link_source: datagram.link_source,
        vlan: datagram.vlan,
        source: datagram.source,
        destination: datagram.destination,
        tos: Udp4Header::DEFAULT_TOS,
        ttl: Udp4Header::DEFAULT_TTL,
    };
    let mut frame = Vec::new();
    header.emit(&mut frame, datagram.payload).expect("no more than came in");
    assert_eq!(Udp4::parse(&frame, Checksum::Verify), Ok(datagram));
}

/// What is sent to a control socket: as it is to a UNIX socket, head and all to an HTTP socket.
///
/// # Panics
/// When it depends on its pieces what it is, when a command is another one after being written, or when an
/// answer is none.
pub fn request(octets: &[u8]) {
    command(octets);
    let said = http(octets);
    assert!(said.is_empty() || said.starts_with(b"HTTP/1."), "{}", said.escape_ascii());
}

#[allow(clippy::expect_used)] // what was just written is JSON
fn command(octets: &[u8]) {
    let mut whole = Frame::new(usize::MAX);
    let verdict = whole.push(octets);
    let mut pieces = Frame::new(usize::MAX);
    let mut verdicts = octets.iter().map(|octet| pieces.push(std::slice::from_ref(octet)));
    let in_pieces = verdicts.find(|verdict| *verdict != Ok(Framing::Partial));
    assert_eq!(in_pieces.unwrap_or(Ok(Framing::Partial)), verdict);
    if verdict != Ok(Framing::Complete) {
        return;
    }
    let text = whole.into_json_text();
    assert_eq!(pieces.into_json_text(), text);
    let answer = match Command::parse(&text) {
        Err(problem) => Answer::error(problem.to_string()),
        Ok(command) => {
            assert_eq!(Command::parse(&command.to_json().to_string()), Ok(command.clone()));
            let spec = commands().iter().find(|spec| *spec.name == command.name);
            let refusal = spec.and_then(|spec| spec.check(command.arguments.as_ref()).err());
            refusal.map_or_else(
                || Answer::unsupported(&command.name),
                |refusal| Answer::error(refusal.to_string()),
            )
        }
    };
    let written = serde_json::from_str(&answer.to_string()).expect("an answer is JSON");
    assert_eq!(Answer::from_json(written), Ok(answer));
}

/// What an HTTP connection says to these octets, each command being done.
fn http(octets: &[u8]) -> Vec<u8> {
    thread_local! {
        #[allow(clippy::expect_used)] // nothing works where the system has no room for this
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    }
    let peer = SocketAddr::from(([192, 0, 2, 1], 8000));
    let converse = async {
        let (listeners, mut calls) = Listeners::new(Arc::new(Silent));
        // Room for all that either side says: nobody waits for the other to read.
        let (mut client, server) = tokio::io::duplex(octets.len() + 64 * 1024);
        let mut said = Vec::new();
        let answers = async {
            while let Some(call) = calls.next().await {
                call.answer(Answer::success("done"));
            }
        };
        let talk = async {
            // The server may have had enough before it has all.
            let _ = client.write_all(octets).await;
            let _ = client.shutdown().await;
            let _ = client.read_to_end(&mut said).await;
        };
        let served = async { tokio::join!(listeners.serve_http(server, peer), talk) };
        tokio::select! {
            () = answers => {}
            _ = served => {}
        }
        said
    };
    RUNTIME.with(|runtime| runtime.block_on(converse))
}

/// A UDP payload as a DHCPv4 message.
///
/// # Panics
/// When it is read in two ways, or is another message after being written.
#[allow(clippy::expect_used)] // the message is well formed: it was just written
pub fn v4_message(bytes: &[u8]) {
    use v4::{Builder, Message, MessageType, View};
    let Ok(view) = View::parse(bytes) else { return };
    let total: usize = view.options().map(|(_, data)| data.len()).sum();
    let joined: usize = (0..=255).filter_map(|code| view.option(code)).map(|data| data.len()).sum();
    assert_eq!(total, joined);
    if let Some(info) = view.relay_agent_info() {
        let read: usize = info.sub_options().map(|(_, data)| data.len() + 2).sum();
        assert!(read <= info.data().len());
        assert_eq!(info.is_damaged(), read < info.data().len());
    }

    let mut buffer = Vec::new();
    let mut answer = Builder::reply(&mut buffer, &view, MessageType::Ack);
    for (code, data) in view.options() {
        answer.option(code, data);
    }
    let emitted = answer.max_len(0).finish();
    assert!(emitted.len <= Builder::MIN_LIMIT);

    if let Ok(message) = Message::parse(bytes) {
        let written = message.to_bytes();
        assert_eq!(written.len(), message.buffer_len());
        let mut read_back = Message::parse(&written).expect("what is emitted is well formed");
        // A full `sname` or `file` is emitted with a NUL in its last octet.
        read_back.sname.clone_from(&message.sname);
        read_back.file.clone_from(&message.file);
        assert_eq!(read_back, message);
    }
}

/// A UDP payload as a DHCPv6 datagram.
///
/// # Panics
/// As [`v4_message`].
#[allow(clippy::expect_used)] // as above
pub fn v6_message(bytes: &[u8]) {
    use v6::{Builder, Message, MessageType, View};
    let Ok(view) = View::parse(bytes) else { return };
    for ia in view.associations().flatten() {
        ia.addresses().chain([]).for_each(drop);
        ia.prefixes().for_each(drop);
        ia.status();
    }
    for relay in view.relays() {
        let _ = (relay.remote_id(), relay.relay_id(), relay.client_link_layer_address());
        relay.echo_request().for_each(drop);
        relay.supplied_options().iter().for_each(drop);
    }
    view.vendor_classes().for_each(|class| class.tuples().for_each(drop));
    view.vendor_opts().for_each(|vendor| vendor.options.iter().for_each(drop));
    let _ = (view.client_id(), view.auth(), view.fqdn(), view.status(), view.damage());
    if let Some(question) = view.lq_query() {
        question.options.iter().for_each(drop);
    }
    for client in view.client_data() {
        client.addresses().for_each(drop);
        client.prefixes().for_each(drop);
        let _ = (client.client_id(), client.last_transaction(), client.relay_data());
    }
    let octets = |code| view.option(code).map_or(0, <[u8]>::len);
    assert_eq!(view.client_links().count(), octets(v6::code::LQ_CLIENT_LINK) / 16);
    let servers = view.dhcp4o6_servers().map_or(0, Iterator::count);
    assert_eq!(servers, octets(v6::code::DHCP4_O_DHCP6_SERVER) / 16);

    let mut buffer = Vec::new();
    Builder::reply(&mut buffer, &view, MessageType::Reply).finish().expect("no more than came in");
    let answer = View::parse(&buffer).expect("what is emitted is well formed");
    assert_eq!(answer.relays().len(), view.relays().len());
    assert_eq!(answer.xid(), view.xid());

    if let Ok(message) = Message::parse(bytes) {
        let written = message.to_bytes().expect("no more than came in");
        assert_eq!(Message::parse(&written), Ok(message));
    }
}

/// A datagram to a DHCPv4 server: directly, from a client with an address, and from a relay.
///
/// # Panics
/// When it is not accounted for, or gets an answer that cannot be read.
pub fn v4_corridor(octets: &[u8]) {
    thread_local! {
        static ROOM: RefCell<Room<V4>> = RefCell::new(room(CONFIG4, "192.0.2.1"));
    }
    ROOM.with_borrow_mut(|room| {
        for answer in decide(room, octets, ["0.0.0.0", "192.0.2.77", "198.51.100.1"]) {
            assert!(v4::View::parse(&answer).is_ok(), "an answer cannot be read");
        }
    });
}

/// A datagram to a DHCPv6 server, likewise.
///
/// # Panics
/// As [`v4_corridor`].
pub fn v6_corridor(octets: &[u8]) {
    thread_local! {
        static ROOM: RefCell<Room<V6>> = RefCell::new(room(CONFIG6, "fe80::1"));
    }
    ROOM.with_borrow_mut(|room| {
        for answer in decide(room, octets, ["fe80::77", "2001:db8:1::77", "2001:db8:2::1"]) {
            assert!(v6::View::parse(&answer).is_ok(), "an answer cannot be read");
        }
    });
}

/// A configuration of either server.
///
/// # Panics
/// When a problem cannot be shown, or what is accepted is refused the second time.
pub fn configuration(octets: &[u8]) {
    match Document::parse("fuzz", octets, &NoIncludes) {
        Ok((document, warnings)) => {
            let _ = warnings.render();
            let document = Arc::new(document);
            load_again::<V4>(&document);
            load_again::<V6>(&document);
        }
        Err(problems) => assert!(!problems.render().is_empty(), "refused without a word"),
    }
}

fn load_again<F: Dialect>(document: &Arc<Document>) {
    match kea_config::load::<F>(document) {
        Ok((snapshot, warnings)) => {
            let _ = (snapshot.render(), snapshot.lease_specs(), warnings.render());
            assert!(kea_config::load::<F>(document).is_ok(), "accepted only once");
        }
        Err(problems) => assert!(!problems.render().is_empty(), "refused without a word"),
    }
}

/// An expression of either server and, after a zero octet, the options of a packet that it is
/// evaluated for.
///
/// # Panics
/// When an error does not say what is wrong, what was parsed does not survive being written, or an
/// explanation gives another result than the evaluation.
pub fn expression(octets: &[u8]) {
    let end = octets.iter().position(|octet| *octet == 0).unwrap_or(octets.len());
    let (text, packet) = octets.split_at(end);
    let text = String::from_utf8_lossy(text);
    let packet = packet.get(1..).unwrap_or_default();
    evaluate::<V4>(&text, &Packet { options: packet, layout: Layout::V4 });
    evaluate::<V6>(&text, &Packet { options: packet, layout: Layout::V6 });
}

fn evaluate<F: Family>(text: &str, packet: &Packet<'_>) {
    let (mut names, mut scratch) = (ClassNames::new(), Scratch::new());
    let classes = ClassSet::new();
    match parse_test::<F>(text) {
        Ok(tree) => {
            assert_eq!(parse_test::<F>(&tree.to_string()), Ok(tree.clone()), "written otherwise");
            if let Ok(test) = Test::compile(&tree, &(), &mut names) {
                let result = test.evaluate(packet, &classes, &mut scratch);
                let mut trace = Trace::new(&names);
                let explained = test.explain(packet, &classes, &mut scratch, &mut trace);
                assert_eq!(explained, result, "explained otherwise");
            }
        }
        Err(error) => assert!(!error.render(text).is_empty(), "refused without a word"),
    }
    match parse_string::<F>(text) {
        Ok(tree) => {
            if let Ok(string) = StringExpr::compile(&tree, &(), &mut names) {
                let made = string.evaluate(packet, &classes, &mut scratch).map_or(0, <[u8]>::len);
                assert!(made <= MAX_PRODUCED.max(text.len() + packet.options.len()), "too much");
            }
        }
        Err(error) => assert!(!error.render(text).is_empty(), "refused without a word"),
    }
}

/// A packet of options, each of which also stands for a relay.
struct Packet<'o> {
    options: &'o [u8],
    layout: Layout,
}

impl Facts for Packet<'_> {
    fn option(&self, code: u16) -> Option<&[u8]> {
        self.layout.find(self.options, code)
    }

    fn field(&self, field: Field) -> FieldValue<'_> {
        match field {
            Field::Iface | Field::Mac => {
                FieldValue::Octets(self.options.get(..6).unwrap_or(b"eth0"))
            }
            Field::Src | Field::Dst => FieldValue::Address(Ipv6Addr::LOCALHOST.into()),
            _ => FieldValue::Number(self.options.len() as u32),
        }
    }

    fn layout(&self) -> Layout {
        self.layout
    }

    fn relay_count(&self) -> usize {
        self.options.first().map_or(0, |octet| usize::from(octet % 33))
    }

    fn relay_option(&self, _: usize, code: u16) -> Option<&[u8]> {
        self.option(code)
    }
}

/// The data of an option as text, and as octets: the first two octets are its code, in every space.
///
/// # Panics
/// When what was written from text cannot be read, or is something else after being shown and read.
pub fn option_text(octets: &[u8]) {
    thread_local! {
        static REGISTRIES: (Registry<V4>, Registry<V6>) = (Registry::standard(), Registry::standard());
    }
    fn check<F: Family>(registry: &Registry<F>, code: u16, octets: &[u8]) {
        let text = String::from_utf8_lossy(octets);
        for definition in registry.spaces().filter_map(|space| registry.by_code(space, code)) {
            let decode = |octets: &[u8], parsing| definition.decode(octets, parsing);
            for encoded in [definition.encode_csv(&text), definition.encode_hex(&text)] {
                let Ok(encoded) = encoded else { continue };
                // An empty container in hexadecimal keeps whatever it is given.
                if definition.encapsulates().is_none() && definition.check_tuples(&encoded).is_ok()
                {
                    let read = decode(&encoded, Parsing::Strict);
                    assert!(read.is_ok(), "{}: {encoded:x?} {read:?}", definition.name());
                }
            }
            for parsing in [Parsing::Strict, Parsing::Lenient] {
                let Ok(value) = decode(octets, parsing) else { continue };
                let shown = value.to_string();
                if let Ok(again) = definition.encode_csv(&shown) {
                    let read = decode(&again, Parsing::Lenient).map(|value| value.fields);
                    let same = definition.encode_csv(&shown);
                    assert_eq!(same, Ok(again), "{}: {shown}", definition.name());
                    assert!(read.is_ok(), "{}: {shown}", definition.name());
                }
            }
            let _ = (definition.check_tuples(octets), definition.surplus_offset(&text));
        }
    }
    let Some((code, data)) = octets.split_first_chunk::<2>() else { return };
    let code = u16::from_be_bytes(*code);
    REGISTRIES.with(|(v4, v6)| {
        check(v4, code, data);
        check(v6, code, data);
    });
}

/// A lease file of either family: a header, and rows.
///
/// # Panics
/// When a row that was read is another one after being written.
pub fn lease_rows(octets: &[u8]) {
    fn check<F: LeaseFamily>(octets: &[u8]) {
        let mut lines = octets.split(|octet| *octet == b'\n');
        let Ok(header) = Header::parse::<F>(lines.next().unwrap_or_default()) else { return };
        let Ok(own) = Header::parse::<F>(kea_lease::header_line::<F>().trim_end().as_bytes())
        else {
            return;
        };
        for line in lines {
            let Ok(Row::Lease(lease)) = parse_row::<F>(&header, line) else { continue };
            let mut written = Vec::new();
            write_row(&mut written, &lease);
            assert_eq!(written.pop(), Some(b'\n'), "a row has an end");
            let again = parse_row::<F>(&own, &written);
            assert_eq!(again, Ok(Row::Lease(lease)), "a row says the same again");
        }
    }
    check::<V4>(octets);
    check::<V6>(octets);
}

/// A datagram to the DNS update daemon.
///
/// # Panics
/// When a request that was read is another one after being written.
pub fn name_change(octets: &[u8]) {
    let Ok(request) = NameChangeRequest::decode(octets) else { return };
    let mut written = Vec::new();
    request.encode(&mut written);
    assert_eq!(NameChangeRequest::decode(&written), Ok(request), "a request says the same again");
}

/// Takes the octets down the corridor once for each source.
#[allow(clippy::panic)] // what the fuzzer looks for
fn decide<F: Serving>(room: &mut Room<F>, octets: &[u8], sources: [&str; 3]) -> Vec<Vec<u8>> {
    let mut answers = Vec::new();
    for source in sources {
        let counts = |room: &Room<F>| {
            [ServerMetric::Received, ServerMetric::ReceiveDrop].map(|metric| room.counted(metric))
        };
        let before = counts(room);
        let mut out = Vec::new();
        let result = room.decide(octets, address::<F>(source), &mut out);
        let lost = i64::from(result.as_ref().is_err_and(kea_dhcp::pipeline::Drop::is_loss));
        let accounted = [before[0] + 1, before[1] + lost];
        assert_eq!(counts(room), accounted, "a query is not accounted for");
        let logged = room.logged();
        let is_told =
            result.as_ref().err().is_none_or(|reason| Silence::of(reason).is_told(&logged));
        assert!(is_told && !logged.is_empty(), "{result:?} is told by none of {logged:?}");
        if result.is_ok() {
            answers.push(out);
        }
    }
    answers
}

#[allow(clippy::panic)] // the configurations are constants
fn room<F: Serving>(text: &str, own: &str) -> Room<F> {
    let everything = Threshold::of(Severity::Debug, 99);
    Room::new(text, address::<F>(own), everything).unwrap_or_else(|problems| panic!("{problems}"))
}

#[allow(clippy::panic)] // of constants
fn address<F: Family>(text: &str) -> F::Addr {
    text.parse().unwrap_or_else(|_| panic!("{text} is no address"))
}

const CONFIG4: &str = r#"{ "Dhcp4": {
  "client-classes": [ { "name": "a", "test": "option[60].text == 'a' or relay4[1].exists" } ],
  "option-data": [ { "name": "routers", "data": "192.0.2.1" },
                   { "name": "domain-name", "data": "example.org", "always-send": true } ],
  "subnet4": [
    { "id": 1, "subnet": "192.0.2.0/24", "interface": "eth0",
      "pools": [ { "pool": "192.0.2.10 - 192.0.2.50" } ],
      "reservations": [ { "hw-address": "02:00:00:00:00:01", "ip-address": "192.0.2.20" } ] },
    { "id": 2, "subnet": "198.51.100.0/24",
      "pools": [ { "pool": "198.51.100.10 - 198.51.100.20", "client-class": "a" } ] } ] } }"#;

const CONFIG6: &str = r#"{ "Dhcp6": {
  "client-classes": [ { "name": "a", "test": "relay6[0].option[18].exists" } ],
  "option-data": [ { "name": "dns-servers", "data": "2001:db8::1" } ],
  "subnet6": [
    { "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
      "pools": [ { "pool": "2001:db8:1::10 - 2001:db8:1::50" } ],
      "pd-pools": [ { "prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 64 } ] },
    { "id": 2, "subnet": "2001:db8:2::/64",
      "pools": [ { "pool": "2001:db8:2::10 - 2001:db8:2::20", "client-class": "a" } ] } ] } }"#;
