//! What only DHCPv4, or only DHCPv6, can be told.

use std::net::{Ipv4Addr, Ipv6Addr};

use kea_lease::{HwAddrSource, LeaseFamily};
use kea_wire::{Duid, Prefix, V4, V6};

use super::network::Triplet;
use crate::load::Read;
use crate::schema::Protocol;

/// A family with the parts of its configuration that the other one does not have.
pub trait Dialect: LeaseFamily + Read {
    /// Whose keys.
    const PROTOCOL: Protocol;
    /// Of the server.
    type Server: Clone + std::fmt::Debug + Send + Sync;
    /// Of a subnet, inheritance done.
    type Subnet: Clone + std::fmt::Debug + Send + Sync;
    /// Of a pool.
    type Pool: Clone + Default + std::fmt::Debug + Send + Sync;
    /// Of a class.
    type Class: Clone + std::fmt::Debug + Send + Sync;
    /// Of a reservation.
    type Reservation: Clone + Default + PartialEq + std::fmt::Debug + Send + Sync;

    /// Which DHCPv4-over-DHCPv6 queries a subnet takes, where there can be any.
    fn over_v6(_subnet: &Self::Subnet) -> Option<&OverV6> {
        None
    }
}

impl Dialect for V4 {
    const PROTOCOL: Protocol = Protocol::Dhcp4;
    type Server = V4Server;
    type Subnet = V4Subnet;
    type Pool = ();
    type Class = BootFields;
    type Reservation = BootFields;

    fn over_v6(subnet: &V4Subnet) -> Option<&OverV6> {
        Some(&subnet.over_v6)
    }
}

impl Dialect for V6 {
    const PROTOCOL: Protocol = Protocol::Dhcp6;
    type Server = V6Server;
    type Subnet = V6Subnet;
    type Pool = V6Pool;
    type Class = Preferred;
    type Reservation = V6Reservation;
}

/// The fixed fields of a DHCPv4 answer that the configuration can set; `None` says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BootFields {
    /// `siaddr`. The unspecified address means "none", which differs from saying nothing.
    pub next_server: Option<Ipv4Addr>,
    /// `sname`, at most 64 octets.
    pub server_hostname: Option<Box<str>>,
    /// `file`, at most 128 octets.
    pub boot_file_name: Option<Box<str>>,
}

/// DHCPv4 server parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V4Server {
    /// Return the client identifier (RFC 6842).
    pub echo_client_id: bool,
    /// Remember the relay's options for queries that come directly.
    pub stash_agent_options: bool,
    /// For clients without a subnet, as for INFORM.
    pub match_client_id: bool,
    /// For clients that no subnet is found for.
    pub authoritative: bool,
    /// The global fixed fields.
    pub boot: BootFields,
}

/// DHCPv4 subnet parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V4Subnet {
    /// Know clients by their client identifier first.
    pub match_client_id: bool,
    /// Refuse addresses this server knows nothing of.
    pub authoritative: bool,
    /// How long an offered address is set aside, in seconds; 0 does not.
    pub offer_lifetime: u32,
    /// Fixed fields, of subnet, network or global.
    pub boot: BootFields,
    /// Who gets here by DHCPv4-over-DHCPv6.
    pub over_v6: OverV6,
}

/// How a DHCPv4-over-DHCPv6 query selects a subnet (RFC 7341).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OverV6 {
    /// Prefix of the source address.
    pub subnet: Option<Prefix<Ipv6Addr>>,
    /// Interface-Id of the relay.
    pub interface_id: Option<Box<[u8]>>,
    /// Interface it arrives on.
    pub interface: Option<Box<str>>,
}

impl OverV6 {
    /// False for a subnet that such queries never select.
    pub fn is_enabled(&self) -> bool {
        self.subnet.is_some() || self.interface_id.is_some() || self.interface.is_some()
    }
}

/// Preferred lifetimes of a class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preferred {
    /// In seconds.
    pub preferred: Option<Triplet>,
}

/// DHCPv6 server parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V6Server {
    /// Folder of files that the server keeps.
    pub data_directory: Option<Box<str>>,
    /// Where hardware addresses come from, in that order.
    pub mac_sources: Box<[MacSource]>,
    /// Options that relays may supply, 65 included.
    pub relay_supplied_options: Box<[u16]>,
    /// How the server's DUID is made, if the configuration says.
    pub server_id: Option<ServerId>,
    /// The server's DUID. A configuration alone cannot tell it, unless `server-id` leaves nothing open:
    /// who puts a snapshot in force fills it in.
    pub duid: Option<Duid>,
    /// Accept the registration of self-assigned addresses (RFC 9686).
    pub allow_address_registration: bool,
    /// For clients without a subnet.
    pub preferred: Triplet,
}

/// Where a DHCPv6 client's hardware address is read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MacSource {
    /// All of them, one after the other.
    Any,
    /// The frame; never gives anything.
    Raw,
    /// DUID-LLT and DUID-LL.
    Duid,
    /// An EUI-64 link-local address.
    Ipv6LinkLocal,
    /// The relay's option 79 (RFC 6939).
    ClientLinkAddrOption,
    /// The relay's option 37 (RFC 4649).
    RemoteId,
    /// The relay's option 38 (RFC 4580).
    SubscriberId,
    /// Sub-option 1026 of a DOCSIS CMTS.
    DocsisCmts,
    /// Sub-option 36 of a DOCSIS modem.
    DocsisModem,
}

impl MacSource {
    /// Its number in lease files.
    pub const fn number(self) -> HwAddrSource {
        HwAddrSource(match self {
            MacSource::Any => 0,
            MacSource::Raw => 0x01,
            MacSource::Duid => 0x02,
            MacSource::Ipv6LinkLocal => 0x04,
            MacSource::ClientLinkAddrOption => 0x08,
            MacSource::RemoteId => 0x10,
            MacSource::SubscriberId => 0x20,
            MacSource::DocsisCmts => 0x40,
            MacSource::DocsisModem => 0x80,
        })
    }
}

/// `server-id`: how the server's DUID is made. Zero and empty mean "what there is, or generate".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerId {
    /// The form.
    pub kind: DuidKind,
    /// Hardware type, of LLT and LL.
    pub htype: u16,
    /// Seconds since 2000-01-01, of LLT.
    pub time: u32,
    /// Enterprise number, of EN.
    pub enterprise_id: u32,
    /// Link-layer address, or the identifier of EN.
    pub identifier: Box<[u8]>,
    /// Keep it in a file.
    pub persist: bool,
}

/// Form of a DUID (RFC 9915 section 11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DuidKind {
    Llt,
    En,
    Ll,
}

/// DHCPv6 subnet parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V6Subnet {
    /// Preferred lifetime in seconds.
    pub preferred: Triplet,
    /// Answer a Solicit that asks for it with a Reply at once.
    pub rapid_commit: bool,
    /// The relay's Interface-Id that means this subnet.
    pub interface_id: Option<Box<[u8]>>,
}

/// DHCPv6 pool parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct V6Pool {
    /// Part of each delegated prefix that the client must not use (RFC 6603).
    pub excluded: Option<Prefix<Ipv6Addr>>,
}

/// What a DHCPv6 reservation adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct V6Reservation {
    /// Reserved prefixes.
    pub prefixes: Box<[Prefix<Ipv6Addr>]>,
    /// The part excluded from each, by position (RFC 6603).
    pub excluded: Box<[Option<Prefix<Ipv6Addr>>]>,
}
