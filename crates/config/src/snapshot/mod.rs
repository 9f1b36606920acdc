//! The configuration as the servers use it: immutable, with all computed that can be.
//!
//! Lease state lives elsewhere, keyed by [`SubnetId`], and survives a change of snapshot.

mod class;
mod dialect;
mod index;
mod network;
mod options;
mod over_v6;
mod reservation;
mod server;

use std::net::Ipv6Addr;
use std::sync::Arc;

use bytes::Bytes;
use hashbrown::{HashMap, HashSet};
use kea_lease::SubnetId;
use kea_options::Registry;
use kea_wire::Address as _;

pub use class::{Class, Classes, Guard};
pub use dialect::{
    BootFields, Dialect, DuidKind, MacSource, OverV6, Preferred, ServerId, V4Server, V4Subnet,
    V6Pool, V6Reservation, V6Server, V6Subnet,
};
pub use index::PrefixIndex;
pub use network::{
    ConflictResolution, DdnsParameters, LeaseCache, Pool, Reach, ReplaceClientName,
    ReservationSearch, SharedNetwork, Subnet, Timers, Triplet,
};
pub use options::{Candidates, ConfiguredOption, OptionSet, Sending};
pub(crate) use over_v6::OverV6Index;
pub use reservation::{IdentifierKind, Reservation, ReservationTable, Reservations};
pub use server::{
    Authentication, Compatibility, ConfigControl, ControlSocket, Credentials, Database,
    DatabaseKind, DhcpDdns, Durability, ExpiredLeases, ExtendedInfoChecks, HooksLibrary,
    HttpSocket, InterfacesConfig, LeaseChecks, LeaseDatabase, Listen, LogOutput, Logger, Memfile,
    MultiThreading, OnFail, Outbound, QueueControl, SanityChecks, Secret, ServerParameters,
    SocketType, Tls,
};

use crate::document::{Document, Map, Value};
use crate::load::ReservationReader;

/// A configuration, complete and checked. What grows with the network is shared by its clones: one with
/// other reservations of databases costs little.
#[derive(Clone, Debug)]
pub struct Snapshot<F: Dialect> {
    pub(crate) document: Arc<Document>,
    pub(crate) subnets: Arc<[Subnet<F>]>,
    pub(crate) networks: Arc<[SharedNetwork<F>]>,
    pub(crate) by_prefix: Arc<PrefixIndex<F::Addr>>,
    pub(crate) by_relay: Ways<F::Addr>,
    pub(crate) by_interface: Ways<Box<str>>,
    pub(crate) by_interface_id: Ways<Box<[u8]>>,
    pub(crate) over_v6: Arc<OverV6Index>,
    pub(crate) server_ids: Arc<HashSet<Bytes>>,
    /// Option definitions, standard and own.
    pub definitions: Arc<Registry<F>>,
    /// Client classes.
    pub classes: Classes<F>,
    /// The global options.
    pub options: Arc<OptionSet>,
    /// Reservations, of subnets and global.
    pub reservations: Reservations<F>,
    /// Global valid lifetime, in seconds.
    pub valid: Triplet,
    /// Global timers.
    pub timers: Timers,
    /// Global DNS update parameters.
    pub ddns: Arc<DdnsParameters>,
    /// Global search for reservations.
    pub reservation_search: ReservationSearch,
    /// Parameters of the server as a whole.
    pub server: ServerParameters,
    /// What only one protocol has.
    pub specific: F::Server,
    /// Where to listen.
    pub interfaces: InterfacesConfig<F::Addr>,
    /// Where leases are kept.
    pub lease_database: LeaseDatabase,
    /// Databases of reservations, in lookup order.
    pub hosts_databases: Box<[Database]>,
    /// Configuration from a database.
    pub config_control: Option<ConfigControl>,
    /// Reclamation of expired leases.
    pub expired_leases: ExpiredLeases,
    /// Worker threads.
    pub multi_threading: MultiThreading,
    /// The queue of received packets.
    pub queue_control: QueueControl,
    /// What to do about leases that contradict the configuration.
    pub sanity_checks: SanityChecks,
    /// Concessions to clients and relays.
    pub compatibility: Compatibility,
    /// The way to the DNS update daemon.
    pub dhcp_ddns: DhcpDdns,
    /// Where commands arrive.
    pub control_sockets: Box<[ControlSocket]>,
    /// Extensions, in calling order.
    pub hooks_libraries: Box<[HooksLibrary]>,
    /// What is logged, and where.
    pub loggers: Box<[Logger]>,
}

/// Positions of subnets, by what leads to them.
type Ways<K> = Arc<HashMap<K, Box<[u32]>>>;

impl<F: Dialect> Snapshot<F> {
    /// All subnets, by ascending identifier.
    pub fn subnets(&self) -> &[Subnet<F>] {
        &self.subnets
    }

    /// All shared networks, in the order of the configuration.
    pub fn networks(&self) -> &[SharedNetwork<F>] {
        &self.networks
    }

    /// True when both have the very same subnets: nothing that is kept for each of them is to be made again.
    pub fn shares_subnets(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.subnets, &other.subnets)
    }

    /// Reads reservations that stand outside the configuration file, by what this configuration defines.
    pub fn reservation_reader(&mut self) -> ReservationReader<'_, F> {
        ReservationReader::new(&self.definitions, &self.subnets, &mut self.classes.list)
    }

    /// The subnet of that identifier.
    pub fn subnet(&self, id: SubnetId) -> Option<&Subnet<F>> {
        let position = self.subnets.binary_search_by_key(&id, |subnet| subnet.id).ok()?;
        self.subnets.get(position)
    }

    /// The subnet with that prefix, however it is written.
    pub fn subnet_of_prefix(&self, text: &str) -> Option<&Subnet<F>> {
        let exact = self.subnets.iter().find(|subnet| &*subnet.prefix_text == text);
        exact.or_else(|| self.subnets.iter().find(|subnet| subnet.is_of(text)))
    }

    /// The shared network of that name.
    pub fn network(&self, name: &str) -> Option<&SharedNetwork<F>> {
        self.networks.iter().find(|network| &*network.name == name)
    }

    /// The shared network of a subnet.
    pub fn network_of(&self, subnet: &Subnet<F>) -> Option<&SharedNetwork<F>> {
        self.networks.get(subnet.network? as usize)
    }

    /// The subnets of a shared network, by ascending identifier.
    pub fn members<'s>(
        &'s self,
        network: &'s SharedNetwork<F>,
    ) -> impl Iterator<Item = &'s Subnet<F>> + 's {
        network.subnets.iter().filter_map(|position| self.subnets.get(*position as usize))
    }

    /// Subnets whose prefix contains `address`, by ascending identifier.
    pub fn subnets_containing(&self, address: F::Addr) -> impl Iterator<Item = &Subnet<F>> {
        let positions = self.by_prefix.containing(address);
        positions.filter_map(|position| self.subnets.get(position as usize))
    }

    /// Comparisons that finding the subnets of `address` takes.
    pub fn lookup_steps(&self, address: F::Addr) -> usize {
        self.by_prefix.steps(address)
    }

    /// Subnets that name `relay` as theirs, by ascending identifier; then those whose network does.
    pub fn subnets_of_relay(&self, relay: F::Addr) -> impl Iterator<Item = &Subnet<F>> {
        self.at(self.by_relay.get(&relay).map(AsRef::as_ref))
    }

    /// Subnets on the local interface of that name, ordered likewise.
    pub fn subnets_on_interface(&self, interface: &str) -> impl Iterator<Item = &Subnet<F>> {
        self.at(self.by_interface.get(interface).map(AsRef::as_ref))
    }

    /// Subnets that a relay's Interface-Id means (DHCPv6), ordered likewise.
    pub fn subnets_of_interface_id(&self, id: &[u8]) -> impl Iterator<Item = &Subnet<F>> {
        self.at(self.by_interface_id.get(id).map(AsRef::as_ref))
    }

    /// Subnets that a DHCPv4-over-DHCPv6 query may get to (DHCPv4): from an address, through a relay's
    /// interface, or by a local interface; by ascending identifier.
    pub fn subnets_over_v6(
        &self,
        source: Ipv6Addr,
        interface_id: Option<&[u8]>,
        interface: &str,
    ) -> impl Iterator<Item = &Subnet<F>> {
        let positions = self.over_v6.fitting(source, interface_id, interface);
        positions.filter_map(|position| self.subnets.get(position as usize))
    }

    /// True when any scope gives a server identifier (DHCPv4).
    pub fn gives_server_ids(&self) -> bool {
        !self.server_ids.is_empty()
    }

    /// True when some scope gives this server identifier (DHCPv4): whoever names another one talks to
    /// another server.
    pub fn gives_server_id(&self, server_id: &[u8]) -> bool {
        self.server_ids.contains(server_id)
    }

    /// The names of options in expressions.
    pub fn option_names(&self) -> impl kea_expr::OptionNames {
        crate::load::DefinedNames(self.definitions.clone())
    }

    /// True for addresses that `exclude-first-last-24` keeps out of pools: those that end in .0 or .255,
    /// in subnets of /24 and larger.
    pub fn is_excluded(&self, subnet: &Subnet<F>, address: F::Addr) -> bool {
        self.compatibility.exclude_first_last_24
            && F::VERSION == 4
            && subnet.prefix.len() <= 24
            && matches!(address.number() & 0xff, 0 | 0xff)
    }

    /// What leases need to know of every subnet.
    pub fn lease_specs(&self) -> Vec<kea_lease::SubnetSpec<F>> {
        let mut reserved: HashMap<SubnetId, Vec<F::Addr>> = HashMap::new();
        for host in self.reservations.iter() {
            if let Some(subnet) = host.subnet {
                let held = reserved.entry(subnet).or_default();
                held.extend(host.addresses.iter().copied());
                let prefixes = F::reserved_prefixes(&host.specific).iter();
                held.extend(prefixes.filter_map(|prefix| F::Addr::of_ip(prefix.first().into())));
            }
        }
        let specs = self.subnets.iter().map(|subnet| {
            let held = reserved.remove(&subnet.id).unwrap_or_default();
            let search = subnet.reservation_search;
            let in_pool = |address| subnet.pools.iter().any(|pool| pool.range.contains(address));
            // Where pools are not checked, what is reserved in them counts for nothing.
            let kept = held
                .into_iter()
                .filter(|address| search.in_subnet && !(search.out_of_pool && in_pool(*address)));
            subnet.lease_spec(kept.chain(self.excluded(subnet)).collect())
        });
        specs.collect()
    }

    /// The document it was made from: what `config-write` of an unchanged configuration starts with.
    pub fn document(&self) -> &Arc<Document> {
        &self.document
    }

    /// The effective configuration with its defaults: the answer to `config-get`.
    pub fn render(&self) -> Value {
        crate::render::effective::<F>(self)
    }

    /// A subnet of it as [`render`](Self::render) shows it, with what it inherits.
    pub fn render_subnet(&self, subnet: &Subnet<F>) -> Value {
        crate::render::subnet::<F>(self, subnet)
    }

    /// A shared network of it with its subnets, likewise.
    pub fn render_network(&self, network: &SharedNetwork<F>) -> Value {
        crate::render::network::<F>(self, network)
    }

    /// The class of that name as [`render`](Self::render) shows it, if there is one.
    pub fn render_class(&self, name: &str) -> Option<Value> {
        crate::render::class::<F>(self, name)
    }

    /// The reservations of the configuration file with the maps that they were read from, in their order.
    pub fn file_reservations(&self) -> impl Iterator<Item = (&Reservation<F>, &Map)> {
        self.reservations.file().iter().zip(crate::render::given_reservations::<F>(self))
    }

    /// A reservation as [`render`](Self::render) would show it in the configuration file.
    pub fn render_reservation(&self, given: &Map) -> Value {
        crate::render::reservation_of::<F>(self, given)
    }

    /// The addresses in pools of a subnet that [are excluded](Self::is_excluded).
    fn excluded<'s>(&'s self, subnet: &'s Subnet<F>) -> impl Iterator<Item = F::Addr> + 's {
        let is_meant = self.compatibility.exclude_first_last_24 && F::VERSION == 4;
        let pools = subnet.pools.iter().filter(move |_| is_meant && subnet.prefix.len() <= 24);
        pools.flat_map(|pool| {
            let (first, last) = (pool.range.first.number(), pool.range.last.number());
            let blocks = ((first & !0xff)..=last).step_by(256);
            let ends = blocks.flat_map(|block| [block, block | 0xff]);
            ends.filter(move |end| (first..=last).contains(end)).map(F::Addr::from_number)
        })
    }

    fn at(&self, positions: Option<&[u32]>) -> impl Iterator<Item = &Subnet<F>> {
        positions
            .unwrap_or_default()
            .iter()
            .filter_map(|position| self.subnets.get(*position as usize))
    }
}
