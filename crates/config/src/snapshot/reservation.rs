//! Reservations of the configuration file.

use std::fmt;
use std::hash::BuildHasher;
use std::net::Ipv6Addr;
use std::sync::Arc;

use hashbrown::{DefaultHashBuilder, HashTable};
use kea_expr::ClassId;
use kea_lease::SubnetId;
use kea_wire::Prefix;
use smallvec::SmallVec;

use super::dialect::Dialect;
use super::options::OptionSet;
use crate::document::Value;

/// What a reservation knows its client by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum IdentifierKind {
    HwAddress,
    Duid,
    CircuitId,
    ClientId,
    FlexId,
}

impl IdentifierKind {
    /// All, in the numbering of databases.
    pub const ALL: [IdentifierKind; 5] = [
        IdentifierKind::HwAddress,
        IdentifierKind::Duid,
        IdentifierKind::CircuitId,
        IdentifierKind::ClientId,
        IdentifierKind::FlexId,
    ];

    /// The key in a reservation, and the word in `host-reservation-identifiers`.
    pub fn name(self) -> &'static str {
        match self {
            IdentifierKind::HwAddress => "hw-address",
            IdentifierKind::Duid => "duid",
            IdentifierKind::CircuitId => "circuit-id",
            IdentifierKind::ClientId => "client-id",
            IdentifierKind::FlexId => "flex-id",
        }
    }
}

impl fmt::Display for IdentifierKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A client, and what is set aside for it.
#[derive(Clone, Debug)]
pub struct Reservation<F: Dialect> {
    /// The subnet; `None` for a global reservation.
    pub subnet: Option<SubnetId>,
    /// Kind of identifier.
    pub kind: IdentifierKind,
    /// The identifier.
    pub identifier: SmallVec<[u8; 16]>,
    /// Reserved addresses; at most one in DHCPv4.
    pub addresses: SmallVec<[F::Addr; 1]>,
    /// Reserved name; empty if none.
    pub hostname: Box<str>,
    /// Classes of the client.
    pub classes: Box<[ClassId]>,
    /// Its options, if it has any.
    pub options: Option<Arc<OptionSet>>,
    /// What only one protocol has.
    pub specific: F::Reservation,
    /// `user-context`, the comment included.
    pub user_context: Option<Arc<Value>>,
}

/// All reservations, found by subnet and identifier, or by subnet and address, in constant time.
#[derive(Clone, Debug)]
pub struct Reservations<F: Dialect> {
    hosts: Vec<Reservation<F>>,
    hasher: DefaultHashBuilder,
    by_identifier: HashTable<u32>,
    by_address: HashTable<(u32, u32)>,
    by_prefix: HashTable<(u32, u32)>,
}

impl<F: Dialect> Default for Reservations<F> {
    fn default() -> Self {
        Reservations {
            hosts: Vec::new(),
            hasher: DefaultHashBuilder::default(),
            by_identifier: HashTable::new(),
            by_address: HashTable::new(),
            by_prefix: HashTable::new(),
        }
    }
}

impl<F: Dialect> Reservations<F> {
    /// The reservation of a client in a subnet, or among the global ones (`None`).
    pub fn find(
        &self,
        subnet: Option<SubnetId>,
        kind: IdentifierKind,
        identifier: &[u8],
    ) -> Option<&Reservation<F>> {
        self.hosts.get(self.position(subnet, kind, identifier)?)
    }

    /// Where in [`Self::iter`] it stands.
    pub(crate) fn position(
        &self,
        subnet: Option<SubnetId>,
        kind: IdentifierKind,
        identifier: &[u8],
    ) -> Option<usize> {
        let hash = self.hasher.hash_one((subnet, kind, identifier));
        let position = self.by_identifier.find(hash, |position| {
            self.hosts.get(*position as usize).is_some_and(|host| {
                host.subnet == subnet && host.kind == kind && host.identifier[..] == *identifier
            })
        })?;
        Some(*position as usize)
    }

    /// Where in [`Self::iter`] the first holder of an address stands.
    pub(crate) fn position_of_address(
        &self,
        subnet: Option<SubnetId>,
        address: F::Addr,
    ) -> Option<usize> {
        let hash = self.hasher.hash_one((subnet, address));
        let found = self.by_address.find(hash, |(position, at)| {
            self.hosts.get(*position as usize).is_some_and(|host| {
                host.subnet == subnet && host.addresses.get(*at as usize) == Some(&address)
            })
        })?;
        Some(found.0 as usize)
    }

    /// Who an address is reserved for in a subnet. Several only where
    /// `ip-reservations-unique` is off.
    pub fn of_address(
        &self,
        subnet: Option<SubnetId>,
        address: F::Addr,
    ) -> impl Iterator<Item = &Reservation<F>> {
        let hash = self.hasher.hash_one((subnet, address));
        self.by_address.iter_hash(hash).filter_map(move |(position, at)| {
            let host = self.hosts.get(*position as usize)?;
            let same = host.addresses.get(*at as usize) == Some(&address);
            (same && host.subnet == subnet).then_some(host)
        })
    }

    /// Who a prefix is reserved for in a subnet (DHCPv6).
    pub fn of_prefix(
        &self,
        subnet: Option<SubnetId>,
        prefix: Prefix<Ipv6Addr>,
    ) -> impl Iterator<Item = &Reservation<F>> {
        let hash = self.hasher.hash_one((subnet, Some(prefix)));
        self.by_prefix.iter_hash(hash).filter_map(move |(position, at)| {
            let host = self.hosts.get(*position as usize)?;
            let same = reserved_prefix(host, *at) == Some(prefix);
            (same && host.subnet == subnet).then_some(host)
        })
    }

    /// All, in the order of the configuration.
    pub fn iter(&self) -> std::slice::Iter<'_, Reservation<F>> {
        self.hosts.iter()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.hosts.len()
    }

    /// True without reservations.
    pub fn is_empty(&self) -> bool {
        self.hosts.is_empty()
    }

    pub(crate) fn push(&mut self, host: Reservation<F>) {
        // A document has fewer bytes than this has numbers.
        let position = self.hosts.len() as u32;
        let hasher = &self.hasher;
        let key =
            |host: &Reservation<F>| hasher.hash_one((host.subnet, host.kind, &host.identifier[..]));
        let hash = key(&host);
        let addresses = host.addresses.clone();
        let subnet = host.subnet;
        self.hosts.push(host);
        let hosts = &self.hosts;
        self.by_identifier.insert_unique(hash, position, |at| key(&hosts[*at as usize]));
        for (at, address) in (0u32..).zip(addresses) {
            self.by_address.insert_unique(
                hasher.hash_one((subnet, address)),
                (position, at),
                |(host, at)| {
                    let host = &hosts[*host as usize];
                    hasher.hash_one((host.subnet, host.addresses[*at as usize]))
                },
            );
        }
        let prefixes =
            self.hosts.last().map_or(0, |host| F::reserved_prefixes(&host.specific).len());
        let prefix_key = |(host, at): &(u32, u32)| {
            let host = &hosts[*host as usize];
            hasher.hash_one((host.subnet, reserved_prefix(host, *at)))
        };
        for entry in (0..prefixes as u32).map(|at| (position, at)) {
            self.by_prefix.insert_unique(prefix_key(&entry), entry, prefix_key);
        }
    }

    pub(crate) fn shrink(&mut self) {
        self.hosts.shrink_to_fit();
    }
}

/// The prefix of that position, host bits left out.
fn reserved_prefix<F: Dialect>(host: &Reservation<F>, at: u32) -> Option<Prefix<Ipv6Addr>> {
    let prefix = F::reserved_prefixes(&host.specific).get(at as usize)?;
    Prefix::new(prefix.first(), prefix.len())
}
