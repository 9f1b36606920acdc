//! Exchanges as clients see them, each query by itself through [`Worker::decide`].

mod assign;
mod extend;
mod give_back;
mod hooks;
mod lease_query;
mod name;
mod options;
mod refuse;
mod relay;
mod reserve;

use std::fmt::Write as _;
use std::net::Ipv6Addr;
use std::sync::{Arc, Mutex};

use kea_config::document::NoIncludes;
use kea_config::{Document, Snapshot, load};
use kea_ddns::NameChangeRequest;
use kea_hooks::{Hooks, ParkedLimit, ParkingLot};
use kea_lease::{Journal, Lease, LeaseRef, Leases};
use kea_log::{Captured, Threshold};
use kea_stats::{ServerKind, Stats, UnixMicros};
use kea_wire::v6::{Builder, Ia, IaKind, MessageType, Options, StatusCode, VendorOpts, View, code};
use kea_wire::{Duid, Iaid, Prefix, V6};

use crate::pipeline::{
    Answer, Arrival, Callouts, Corridor, Drop, NameChanges, QueueFull, Statistics,
};
use crate::{Ports, Worker};

/// A server under a configuration, at a moment.
struct Lab {
    config: Snapshot<V6>,
    leases: Leases<V6>,
    journal: Journal,
    stats: Stats,
    log: Captured,
    worker: Worker<V6>,
    now: i64,
    interface: &'static str,
    source: Ipv6Addr,
    destination: Ipv6Addr,
    answer: Option<Answer<V6>>,
    name_changes: Told,
    hooks: Option<Hooks<V6>>,
    lot: Arc<ParkingLot>,
}

/// What the DNS was asked for, as text.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl NameChanges for Told {
    fn request(&self, request: NameChangeRequest) -> Result<(), QueueFull> {
        let NameChangeRequest { change, fqdn, address, forward, reverse, .. } = request;
        let mut told = self.0.lock().unwrap();
        told.push(format!("{change:?} {fqdn} {address} {forward}/{reverse}"));
        Ok(())
    }
}

const NOW: i64 = 1_700_000_000;
const SERVER: &[u8] = &[0, 2, 0, 0, 0, 9, 1, 2, 3, 4];
const CLIENT: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 1];
const OTHER: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 2];

/// One subnet on the interface, with addresses and prefixes.
const SUBNET: &str = r#""subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
    "pools": [{ "pool": "2001:db8:1::100-2001:db8:1::10f" }],
    "pd-pools": [{ "prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56 }] }]"#;

impl Lab {
    /// A server whose configuration has these members.
    fn new(members: &str) -> Self {
        let text = format!("{{ \"Dhcp6\": {{ {members} }} }}");
        let parsed = Document::parse("kea.conf", text.as_bytes(), &NoIncludes);
        let (document, _) = parsed.unwrap_or_else(|problems| panic!("{problems}"));
        let loaded = load(&Arc::new(document));
        let (mut config, _): (Snapshot<V6>, _) =
            loaded.unwrap_or_else(|problems| panic!("{problems}"));
        config.specific.duid = Duid::new(SERVER);
        let leases = Leases::new();
        leases.configure(&config.lease_specs());
        Lab {
            config,
            leases,
            journal: Journal::none(),
            stats: Stats::new(ServerKind::Dhcp6, 1, jiff::tz::TimeZone::UTC),
            log: Captured::new(Threshold::ALL),
            worker: Worker::new(7, None),
            now: NOW,
            interface: "eth0",
            source: "fe80::1".parse().unwrap(),
            destination: "ff02::1:2".parse().unwrap(),
            answer: None,
            name_changes: Told::default(),
            hooks: None,
            lot: ParkingLot::new(ParkedLimit::default(), || {}),
        }
    }

    /// Does something with what a query would meet now.
    fn at<T>(&self, run: impl FnOnce(&Corridor<'_, V6>, &Arrival<'_, V6>) -> T) -> T {
        let now = UnixMicros(self.now * 1_000_000);
        let statistics = Statistics::new(&self.stats, 0, &self.config, now);
        let corridor = Corridor {
            config: &self.config,
            leases: &self.leases,
            journal: &self.journal,
            statistics: &statistics,
            log: &self.log,
            name_changes: &self.name_changes,
            callouts: self.hooks.as_ref().map(|hooks| Callouts { hooks, lot: Some(&self.lot) }),
            now: self.now,
        };
        let arrival = Arrival {
            interface: self.interface,
            interface_index: 3,
            interface_address: Some("fe80::ff".parse().unwrap()),
            source: self.source,
            source_port: 1546,
            destination: self.destination,
            link_source: None,
            carrier: None,
        };
        run(&corridor, &arrival)
    }

    /// What a datagram leads to.
    fn decide(&mut self, datagram: &[u8]) -> Result<Vec<u8>, Drop<V6>> {
        let mut out = Vec::new();
        let mut worker = std::mem::replace(&mut self.worker, Worker::new(7, None));
        let answer =
            self.at(|corridor, arrival| worker.decide(corridor, arrival, datagram, &mut out));
        self.worker = worker;
        self.answer = answer.as_ref().ok().cloned();
        answer.map(|_| out)
    }

    /// The answer to a message of `kind` from `client`, as text.
    fn ask_as(
        &mut self,
        client: &[u8],
        kind: MessageType,
        options: impl FnOnce(&mut Builder<'_>),
    ) -> String {
        let mut datagram = Vec::new();
        let mut query = Builder::new(&mut datagram, kind, 0x00ab_cdef);
        identify(&mut query, kind, client);
        options(&mut query);
        query.finish().unwrap();
        self.show(&datagram)
    }

    /// The answer to a message of `kind`, as text.
    fn ask(&mut self, kind: MessageType, options: impl FnOnce(&mut Builder<'_>)) -> String {
        self.ask_as(CLIENT, kind, options)
    }

    fn show(&mut self, datagram: &[u8]) -> String {
        match self.decide(datagram) {
            Ok(answer) => {
                let (query, answer) =
                    (View::parse(datagram).unwrap(), View::parse(&answer).unwrap());
                assert_eq!(answer.xid(), query.xid());
                if answer.message_type() != MessageType::AddrRegReply {
                    assert_eq!(answer.option(code::SERVER_ID), Some(SERVER));
                    assert_eq!(answer.option(code::CLIENT_ID), query.option(code::CLIENT_ID));
                }
                shown(&answer)
            }
            Err(reason) => format!("{reason:?}"),
        }
    }

    fn lease(&self, address: &str) -> Option<Lease<V6>> {
        let address = address.parse().unwrap();
        self.leases.at(address).get(address).map(LeaseRef::to_lease)
    }

    fn statistic(&self, name: &str) -> Option<String> {
        let samples = self.stats.samples(name, UnixMicros(self.now * 1_000_000))?;
        samples.first().map(|sample| format!("{:?}", sample.value))
    }
}

/// Client and server identifiers as the kind of message wants them.
fn identify(query: &mut Builder<'_>, kind: MessageType, client: &[u8]) {
    query.option(code::CLIENT_ID, client);
    let is_for_one_server = matches!(
        kind,
        MessageType::Request | MessageType::Renew | MessageType::Release | MessageType::Decline
    );
    if is_for_one_server {
        query.option(code::SERVER_ID, SERVER);
    }
}

fn at(address: &str) -> Ipv6Addr {
    address.parse().unwrap()
}

/// Adds an `IA_NA` that names these addresses.
fn na(query: &mut Builder<'_>, iaid: u32, named: &[&str]) {
    query.ia_na(Iaid(iaid), 0, 0, |ia| {
        for address in named {
            ia.ia_address(at(address), 0, 0, |_| ());
        }
    });
}

/// Adds an `IA_PD` that names these prefixes.
fn pd(query: &mut Builder<'_>, iaid: u32, named: &[&str]) {
    query.ia_pd(Iaid(iaid), 0, 0, |ia| {
        for prefix in named {
            ia.ia_prefix(prefix.parse::<Prefix<Ipv6Addr>>().unwrap(), 0, 0, |_| ());
        }
    });
}

/// A message on one line, without the identifiers: `REPLY na 1 1800/2880 [2001:db8::1 3600/7200]`.
fn shown(message: &View<'_>) -> String {
    let mut text = message.message_type().name().unwrap_or("?").to_owned();
    let codes: Vec<u16> = message.options().iter().map(|(code, _)| code).collect();
    assert!(codes.is_sorted(), "options out of order: {codes:?}");
    show_options(&mut text, message.options());
    text
}

fn show_options(text: &mut String, options: Options<'_>) {
    for (code, data) in options.iter() {
        if let Some(kind) = IaKind::from_code(code) {
            show_association(text, &Ia::parse(kind, data).unwrap());
            continue;
        }
        match code {
            code::CLIENT_ID | code::SERVER_ID => {}
            code::STATUS_CODE => {
                let number = u16::from_be_bytes([data[0], data[1]]);
                let name = StatusCode::from(number);
                write!(text, " status {name}").unwrap();
            }
            code::VENDOR_OPTS => {
                let vendor = VendorOpts::parse(data).unwrap();
                write!(text, " vendor {} [", vendor.enterprise).unwrap();
                show_options(text, vendor.options);
                text.push_str(" ]");
            }
            _ => {
                write!(text, " {code}=").unwrap();
                data.iter().for_each(|octet| write!(text, "{octet:02x}").unwrap());
            }
        }
    }
}

fn show_association(text: &mut String, ia: &Ia<'_>) {
    let kind = if ia.kind == IaKind::Pd { "pd" } else { "na" };
    write!(text, " {kind} {} {}/{} [", ia.iaid.0, ia.t1, ia.t2).unwrap();
    for address in ia.addresses().map(Result::unwrap) {
        write!(text, " {} {}/{}", address.address, address.preferred, address.valid).unwrap();
    }
    for prefix in ia.prefixes().map(Result::unwrap) {
        write!(text, " {} {}/{}", prefix.prefix, prefix.preferred, prefix.valid).unwrap();
        show_options(text, prefix.options);
    }
    if let Some(status) = ia.status() {
        write!(text, " {}", status.code).unwrap();
    }
    text.push_str(" ]");
}
