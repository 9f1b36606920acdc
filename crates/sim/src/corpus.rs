//! What must hold of any octets at all, at each door through which they come from outside. Fuzz targets
//! look for octets that break it; a test replays the corpora.

use std::cell::RefCell;
use std::sync::Arc;

use kea_config::document::{Document, NoIncludes};
use kea_config::snapshot::{Dialect, Snapshot};
use kea_dhcp::pipeline::{Arrival, Corridor, Statistics, recount};
use kea_dhcp::v6::Origin;
use kea_dhcp::{Serve as _, Serving};
use kea_lease::{Header, Journal, LeaseFamily, Leases, Row, parse_row, write_row};
use kea_log::{Captured, Severity, Threshold};
use kea_options::{Parsing, Registry};
use kea_stats::{Counters, ServerKind, ServerMetric, Stats, UnixMicros};
use kea_wire::{Address as _, Family, HwAddr, V4, V6};

/// A door, and what is done with the octets that come through it.
pub type Door = (&'static str, fn(&[u8]));

/// All doors, by the names of their fuzz targets.
pub const DOORS: [Door; 6] = [
    ("v4_corridor", v4_corridor),
    ("v6_corridor", v6_corridor),
    ("configuration", configuration),
    ("expression", expression),
    ("option_text", option_text),
    ("lease_rows", lease_rows),
];

/// A datagram to a DHCPv4 server: directly, from a client with an address, and from a relay.
///
/// # Panics
/// When it is not accounted for, or gets an answer that cannot be read.
pub fn v4_corridor(octets: &[u8]) {
    thread_local! {
        static ROOM: RefCell<Room<V4>> = RefCell::new(Room::new(CONFIG4, "192.0.2.1"));
    }
    ROOM.with_borrow_mut(|room| {
        for answer in room.decide(octets, ["0.0.0.0", "192.0.2.77", "198.51.100.1"]) {
            assert!(kea_wire::v4::View::parse(&answer).is_ok(), "an answer cannot be read");
        }
    });
}

/// A datagram to a DHCPv6 server, likewise.
///
/// # Panics
/// As [`v4_corridor`].
pub fn v6_corridor(octets: &[u8]) {
    thread_local! {
        static ROOM: RefCell<Room<V6>> = RefCell::new(Room::new(CONFIG6, "fe80::1"));
    }
    ROOM.with_borrow_mut(|room| {
        for answer in room.decide(octets, ["fe80::77", "2001:db8:1::77", "2001:db8:2::1"]) {
            assert!(kea_wire::v6::View::parse(&answer).is_ok(), "an answer cannot be read");
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

/// An expression of either server.
///
/// # Panics
/// When an error points outside the text.
pub fn expression(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    fn check<F: Family>(text: &str) {
        for result in [kea_expr::parse_test::<F>(text), kea_expr::parse_string::<F>(text)] {
            if let Err(error) = result {
                assert!(!error.to_string().is_empty(), "refused without a word");
            }
        }
    }
    check::<V4>(&text);
    check::<V6>(&text);
}

/// The data of an option as text: the first two octets are its code.
///
/// # Panics
/// When what was written from text cannot be read.
pub fn option_text(octets: &[u8]) {
    thread_local! {
        static REGISTRIES: (Registry<V4>, Registry<V6>) = (Registry::standard(), Registry::standard());
    }
    let Some((code, text)) = octets.split_first_chunk::<2>() else { return };
    let (code, text) = (u16::from_be_bytes(*code), String::from_utf8_lossy(text));
    fn check<F: Family>(registry: &Registry<F>, code: u16, text: &str) {
        let Some(definition) = registry.by_code(F::OPTION_SPACE, code) else { return };
        for encoded in [definition.encode_csv(text), definition.encode_hex(text)] {
            let Ok(encoded) = encoded else { continue };
            let _ = definition.decode(&encoded, Parsing::Strict);
            let _ = definition.decode(&encoded, Parsing::Lenient).map(|value| value.to_string());
        }
        let _ = definition.surplus_offset(text);
    }
    REGISTRIES.with(|(v4, v6)| {
        check(v4, code, &text);
        check(v6, code, &text);
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

/// A server of one worker, without files and sockets.
struct Room<F: Serving> {
    snapshot: Snapshot<F>,
    leases: Leases<F>,
    journal: Journal,
    counters: Counters<ServerMetric>,
    statistics: Statistics<F>,
    log: Captured,
    worker: F::Worker,
    own: F::Addr,
    now: i64,
}

impl<F: Serving> Room<F> {
    #[allow(clippy::panic)] // the configurations below are constants
    fn new(text: &str, own: &str) -> Self {
        let snapshot = Document::parse("room", text.as_bytes(), &NoIncludes)
            .and_then(|(document, _)| kea_config::load::<F>(&Arc::new(document)))
            .map(|(snapshot, _)| snapshot);
        let Ok(mut snapshot) = snapshot.inspect_err(|problems| panic!("{problems}")) else {
            unreachable!("a problem was reported");
        };
        let links = [HwAddr::clamped(HwAddr::ETHERNET, &[2, 0, 0, 0, 0, 0xfe])];
        F::identify(&mut snapshot, None, &Origin { links: &links, now: 1_700_000_000, random: 1 });
        let leases = Leases::new();
        leases.configure(&snapshot.lease_specs());
        let kind = ServerKind::of_version(F::VERSION);
        let stats = Stats::new(kind, 1, jiff::tz::TimeZone::UTC);
        let now = UnixMicros(0);
        recount(&stats, &snapshot, &leases, now);
        let subnets = snapshot.subnets().iter().map(|subnet| subnet.id);
        Room {
            statistics: Statistics::new(&stats, 0, subnets, now),
            counters: stats.server(0, now),
            log: Captured::new(Threshold::of(Severity::Debug, 99)),
            worker: F::worker(1, None),
            own: address::<F>(own),
            journal: Journal::none(),
            now: 1_700_000_000,
            leases,
            snapshot,
        }
    }

    /// Takes the octets down the corridor once for each source.
    fn decide(&mut self, octets: &[u8], sources: [&str; 3]) -> Vec<Vec<u8>> {
        let mut answers = Vec::new();
        for source in sources {
            self.now += 7;
            let corridor = Corridor {
                config: &self.snapshot,
                leases: &self.leases,
                journal: &self.journal,
                statistics: &self.statistics,
                log: &self.log,
                name_changes: &(),
                now: self.now,
            };
            let source = address::<F>(source);
            let arrival = Arrival {
                interface: "eth0",
                interface_index: 2,
                interface_address: Some(self.own),
                source,
                source_port: F::SERVER_PORT,
                destination: if source.is_unspecified() { F::EVERY_SERVER } else { self.own },
                link_source: None,
            };
            let counted = |metric| self.counters.value(metric);
            let before = [counted(ServerMetric::Received), counted(ServerMetric::ReceiveDrop)];
            let mut out = Vec::new();
            let result = self.worker.decide(&corridor, &arrival, octets, &mut out);
            let lost = i64::from(result.as_ref().is_err_and(kea_dhcp::pipeline::Drop::is_loss));
            let after = [counted(ServerMetric::Received), counted(ServerMetric::ReceiveDrop)];
            assert_eq!(after, [before[0] + 1, before[1] + lost], "a query is not accounted for");
            assert!(!self.log.take().is_empty(), "a query is not logged: {result:?}");
            if result.is_ok() {
                answers.push(out);
            }
        }
        answers
    }
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
