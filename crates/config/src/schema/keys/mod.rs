//! The table of keys, in the order in which the reference shows them.

mod network;
mod options;
mod server;

use super::key::{Key, Kind, Scope};

/// All rows.
pub static KEYS: &[&[Key]] = &[
    server::GLOBAL,
    network::PARAMETERS,
    network::DDNS,
    network::STRUCTURE,
    network::RESERVATION,
    options::CLASSES,
    options::OPTIONS,
    server::CONTEXT,
    server::SERVICES,
    server::DATABASES,
    server::CONTROL,
    server::LOGGING,
];

/// A name of an older release, or of a common mistake.
#[derive(Debug)]
pub struct Legacy {
    /// The name.
    pub name: &'static str,
    /// Where it is met; anywhere when empty.
    pub scopes: &'static [Scope],
    /// What became of it.
    pub explanation: &'static str,
}

/// Names that deserve better than "unknown".
pub static LEGACY: &[Legacy] = &[
    Legacy {
        name: "Logging",
        scopes: &[],
        explanation: "'Logging' was split up: move its 'loggers' into the server's own object",
    },
    Legacy {
        name: "ip-address",
        scopes: &[Scope::Reservation],
        explanation: "DHCPv6 reservations take a list: 'ip-addresses'",
    },
    Legacy {
        name: "reservations",
        scopes: &[Scope::SharedNetwork],
        explanation: "reservations belong to a subnet or to the global scope",
    },
    Legacy {
        name: "rapid-commit",
        scopes: &[Scope::Global],
        explanation: "'rapid-commit' is set per subnet or shared network",
    },
    Legacy {
        name: "option-def",
        scopes: &[Scope::SharedNetwork, Scope::Subnet, Scope::Pool, Scope::PdPool, Scope::Class],
        explanation: "option definitions stand in the global scope",
    },
    Legacy {
        name: "keyspace",
        scopes: &[Scope::LeaseDatabase, Scope::HostsDatabase],
        explanation: "the Cassandra backend was removed; export the leases with the old release",
    },
    Legacy {
        name: "dhcp-socket-type",
        scopes: &[Scope::InterfacesConfig],
        explanation: "DHCPv6 always uses UDP sockets",
    },
];

const fn key(name: &'static str, scopes: &'static [Scope], kind: Kind, doc: &'static str) -> Key {
    Key::new(name, scopes, kind, doc)
}

const ANY_TEXT: Kind = Kind::Text(usize::MAX);
const U32: Kind = Kind::Integer(0, u32::MAX as i64);
const U16: Kind = Kind::Integer(0, u16::MAX as i64);
const FRACTION: Kind = Kind::Fraction(0, 1000);
const G: &[Scope] = &[Scope::Global];
const N: &[Scope] = &[Scope::SharedNetwork];
const S: &[Scope] = &[Scope::Subnet];
const C: &[Scope] = &[Scope::Class];
const H: &[Scope] = &[Scope::Reservation];
const D: &[Scope] = &[Scope::PdPool];
const NS: &[Scope] = &[Scope::SharedNetwork, Scope::Subnet];
const GNS: &[Scope] = &[Scope::Global, Scope::SharedNetwork, Scope::Subnet];
const GNSC: &[Scope] = &[Scope::Global, Scope::SharedNetwork, Scope::Subnet, Scope::Class];
const NSPD: &[Scope] = &[Scope::SharedNetwork, Scope::Subnet, Scope::Pool, Scope::PdPool];
