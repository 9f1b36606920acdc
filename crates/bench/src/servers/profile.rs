//! What is measured: one row each.

use kea_testkit::DatabaseProduct;

use super::peer::{Peer, V4_PEERS, V6_PEERS};

/// A server's situation, and the load on it.
pub(super) struct Profile {
    pub(super) name: &'static str,
    /// For the reader of the results.
    pub(super) about: &'static str,
    pub(super) version: u8,
    pub(super) subnets: u32,
    pub(super) reservations: u32,
    pub(super) classes: u32,
    /// Addresses that are free in the pool when the load begins; `None` is an empty pool.
    pub(super) free: Option<u32>,
    pub(super) durability: &'static str,
    /// Where leases are kept, if not in a file.
    pub(super) database: Option<DatabaseProduct>,
    pub(super) severity: &'static str,
    /// Debug level of the logger of packets, if that tells more than the others.
    pub(super) packets_level: Option<u8>,
    /// More arguments of the generator.
    pub(super) load: &'static [&'static str],
    pub(super) peers: &'static [Peer],
    /// True when servers and generators share the processors.
    pub(super) crowded: bool,
    /// This server in another situation, measured in turns with the peers.
    pub(super) beside: Option<&'static Profile>,
}

/// What most rows have in common: one subnet, nothing synced, warnings only.
const PLAIN: Profile = Profile {
    name: "one subnet",
    about: "four-way exchanges, new clients, one pool",
    version: 4,
    subnets: 1,
    reservations: 0,
    classes: 0,
    free: None,
    durability: "process-crash",
    database: None,
    severity: "WARN",
    packets_level: None,
    load: &[],
    peers: &[Peer::Ours, Peer::Kea],
    crowded: false,
    beside: None,
};

const EMPTY_POOL: Profile = Profile {
    name: "offers, empty pool",
    about: "DISCOVER and OFFER only, 65,526 addresses free",
    load: &["-i"],
    ..PLAIN
};

/// So many at once that a slow disk has work while answers are on their way.
const MANY_AT_ONCE: Profile =
    Profile { name: "one subnet, 512 at once", load: &["--in-flight", "512"], ..PLAIN };

/// The database, its server, and the load share the processors.
const IN_DATABASE: Profile = Profile { crowded: true, beside: None, ..MANY_AT_ONCE };

pub(super) const PROFILES: &[Profile] = &[
    Profile { peers: V4_PEERS, ..PLAIN },
    Profile {
        name: "10,000 subnets",
        about: "the same through relays of 10,000 subnets",
        subnets: 10_000,
        beside: Some(&PLAIN),
        ..PLAIN
    },
    Profile {
        name: "100,000 reservations",
        about: "the same with 100,000 reservations of others",
        reservations: 100_000,
        beside: Some(&PLAIN),
        ..PLAIN
    },
    Profile {
        name: "50 classes",
        about: "the same with 50 classes to evaluate for each packet",
        classes: 50,
        beside: Some(&PLAIN),
        ..PLAIN
    },
    EMPTY_POOL,
    Profile {
        name: "offers, full pool",
        about: "DISCOVER and OFFER only, 65 of 65,526 addresses free (99.9 % full)",
        free: Some(65),
        load: &["-i"],
        beside: Some(&EMPTY_POOL),
        ..PLAIN
    },
    Profile {
        name: "known clients",
        about: "four-way exchanges of 1,000 clients that come again and again",
        load: &["-R", "1000"],
        ..PLAIN
    },
    Profile {
        name: "durable",
        about: "512 clients at once, no answer before its lease is on the disk (Kea has no such mode)",
        durability: "power-loss",
        peers: &[Peer::Ours],
        beside: Some(&MANY_AT_ONCE),
        ..MANY_AT_ONCE
    },
    Profile {
        name: "leases in PostgreSQL",
        about: "512 clients at once, no answer before its lease is committed, and on the disk; all share the processors",
        database: Some(DatabaseProduct::Postgresql),
        ..IN_DATABASE
    },
    Profile {
        name: "leases in MariaDB",
        about: "the same with the other database",
        database: Some(DatabaseProduct::Mysql),
        ..IN_DATABASE
    },
    Profile {
        name: "INFO",
        about: "one subnet, logging at INFO: two lines an exchange",
        severity: "INFO",
        beside: Some(&PLAIN),
        ..PLAIN
    },
    Profile {
        name: "two lines a packet",
        about: "one subnet, each datagram and each answer logged: four lines an exchange",
        packets_level: Some(40),
        beside: Some(&PLAIN),
        ..PLAIN
    },
    Profile {
        name: "v6 addresses",
        about: "DHCPv6 four-way exchanges, one address each",
        version: 6,
        peers: V6_PEERS,
        ..PLAIN
    },
    Profile {
        name: "v6 prefixes",
        about: "the same, one prefix each",
        version: 6,
        load: &["-e", "prefix-only"],
        ..PLAIN
    },
    Profile {
        name: "v6 both",
        about: "the same, an address and a prefix each",
        version: 6,
        load: &["-e", "address-and-prefix"],
        ..PLAIN
    },
];
