//! Reservations: those of the configuration file, and those of databases.

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

impl<F: Dialect> Reservation<F> {
    /// True when nothing is set aside.
    pub(crate) fn is_empty(&self) -> bool {
        self.addresses.is_empty()
            && self.hostname.is_empty()
            && self.classes.is_empty()
            && self.options.is_none()
            && self.specific == F::Reservation::default()
    }
}

/// All reservations, by where they come from: those of the configuration file, and after them those of
/// each database, in the configured order.
#[derive(Clone, Debug)]
pub struct Reservations<F: Dialect> {
    file: Arc<ReservationTable<F>>,
    databases: Box<[Arc<ReservationTable<F>>]>,
}

impl<F: Dialect> Reservations<F> {
    pub(crate) fn of_file(file: ReservationTable<F>) -> Self {
        Reservations { file: Arc::new(file), databases: Box::default() }
    }

    /// Those of the configuration file.
    pub fn file(&self) -> &ReservationTable<F> {
        &self.file
    }

    /// Those of each database, in lookup order.
    pub fn databases(&self) -> &[Arc<ReservationTable<F>>] {
        &self.databases
    }

    /// Replaces those of databases.
    pub fn set_databases(&mut self, tables: impl IntoIterator<Item = Arc<ReservationTable<F>>>) {
        self.databases = tables.into_iter().collect();
    }

    /// The reservation of a client in a subnet, or among the global ones (`None`): of the first source
    /// that has one.
    pub fn find(
        &self,
        subnet: Option<SubnetId>,
        kind: IdentifierKind,
        identifier: &[u8],
    ) -> Option<&Reservation<F>> {
        let found = self.file.find(subnet, kind, identifier);
        found.or_else(|| self.find_in_databases(subnet, kind, identifier).map(|(_, host)| host))
    }

    /// The same of databases alone, and in which of them.
    pub fn find_in_databases(
        &self,
        subnet: Option<SubnetId>,
        kind: IdentifierKind,
        identifier: &[u8],
    ) -> Option<(usize, &Reservation<F>)> {
        let mut tables = self.databases.iter().enumerate();
        tables.find_map(|(at, table)| Some((at, table.find(subnet, kind, identifier)?)))
    }

    /// Who an address is reserved for in a subnet, by any source. Several only where
    /// `ip-reservations-unique` is off, or where sources differ.
    pub fn of_address(
        &self,
        subnet: Option<SubnetId>,
        address: F::Addr,
    ) -> impl Iterator<Item = &Reservation<F>> {
        self.tables().flat_map(move |table| table.of_address(subnet, address))
    }

    /// Who a prefix is reserved for in a subnet (DHCPv6), likewise.
    pub fn of_prefix(
        &self,
        subnet: Option<SubnetId>,
        prefix: Prefix<Ipv6Addr>,
    ) -> impl Iterator<Item = &Reservation<F>> {
        self.tables().flat_map(move |table| table.of_prefix(subnet, prefix))
    }

    /// All, source by source.
    pub fn iter(&self) -> impl Iterator<Item = &Reservation<F>> {
        self.tables().flat_map(ReservationTable::iter)
    }

    /// True without reservations.
    pub fn is_empty(&self) -> bool {
        self.file.is_empty() && self.databases.iter().all(|table| table.is_empty())
    }

    fn tables(&self) -> impl Iterator<Item = &ReservationTable<F>> {
        std::iter::once(&self.file).chain(&self.databases).map(|table| &**table)
    }
}

/// The reservations of one source, found by subnet and identifier, or by subnet and address, in constant
/// time.
#[derive(Clone, Debug)]
pub struct ReservationTable<F: Dialect> {
    hosts: Vec<Reservation<F>>,
    hasher: DefaultHashBuilder,
    by_identifier: HashTable<u32>,
    by_address: HashTable<(u32, u32)>,
    by_prefix: HashTable<(u32, u32)>,
}

impl<F: Dialect> Default for ReservationTable<F> {
    fn default() -> Self {
        ReservationTable {
            hosts: Vec::new(),
            hasher: DefaultHashBuilder::default(),
            by_identifier: HashTable::new(),
            by_address: HashTable::new(),
            by_prefix: HashTable::new(),
        }
    }
}

impl<F: Dialect> ReservationTable<F> {
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

    /// All, in the order in which they were added.
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

    /// Adds one whose client has none there yet.
    pub(crate) fn push(&mut self, host: Reservation<F>) {
        // Neither a document nor memory holds as many.
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

    /// Makes room for that many more.
    pub fn reserve(&mut self, additional: usize) {
        self.hosts.reserve(additional);
        let (hosts, hasher) = (&self.hosts, &self.hasher);
        self.by_identifier.reserve(additional, |at| {
            let host = &hosts[*at as usize];
            hasher.hash_one((host.subnet, host.kind, &host.identifier[..]))
        });
    }

    /// Adds one, unless its client has one there already.
    pub fn insert(&mut self, host: Reservation<F>) -> bool {
        let is_new = self.position(host.subnet, host.kind, &host.identifier).is_none();
        if is_new {
            self.push(host);
        }
        is_new
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
