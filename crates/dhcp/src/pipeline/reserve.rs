//! What is set aside for a client (the manual's section on host reservations).

use std::fmt::{self, Display};
use std::net::Ipv6Addr;

use kea_config::snapshot::{Dialect, IdentifierKind, Reservation, Snapshot, Subnet};
use kea_log::log;
use kea_log::message::twin;
use kea_wire::{Hex, Prefix};
use smallvec::SmallVec;

use super::corridor::Corridor;

/// A client, as reservations know clients.
pub trait Identified {
    /// What identifies it, of one kind; `None` when it has nothing of the kind.
    fn identifier(&self, kind: IdentifierKind) -> Option<&[u8]>;
}

/// The reservations of one client, nearest first: of the selected subnet, of its siblings, global.
#[derive(Clone, Debug)]
pub struct Reserved<'s, F: Dialect> {
    hosts: SmallVec<[&'s Reservation<F>; 1]>,
}

impl<'s, F: Dialect> Reserved<'s, F> {
    /// Nothing.
    pub fn none() -> Self {
        Reserved { hosts: SmallVec::new() }
    }

    /// What these subnets, the selected one first, and the global reservations hold for `client`.
    /// Each is searched only as far as its `reservations-…` parameters say.
    pub fn find<'a>(
        corridor: &Corridor<'s, F>,
        subnets: impl Iterator<Item = &'a Subnet<F>>,
        client: &impl Identified,
    ) -> Self {
        let config = corridor.config;
        let mut hosts = SmallVec::new();
        if config.reservations.is_empty() {
            return Reserved { hosts };
        }
        let mut global = false;
        for subnet in subnets {
            if subnet.reservation_search.in_subnet {
                hosts.extend(lookup(corridor, Some(subnet), client));
            }
            global |= subnet.reservation_search.global;
        }
        if global {
            hosts.extend(lookup(corridor, None, client));
        }
        Reserved { hosts }
    }

    /// The global reservation of `client`, for the lookup before a subnet is selected.
    pub fn early(corridor: &Corridor<'s, F>, client: &impl Identified) -> Self {
        Reserved { hosts: lookup(corridor, None, client).into_iter().collect() }
    }

    /// All, nearest first.
    pub fn hosts(&self) -> impl Iterator<Item = &'s Reservation<F>> + '_ {
        self.hosts.iter().copied()
    }

    /// The nearest one.
    pub fn host(&self) -> Option<&'s Reservation<F>> {
        self.hosts.first().copied()
    }

    /// The one that decides about name and options of a lease in `subnet`.
    pub fn in_subnet(&self, subnet: &Subnet<F>) -> Option<&'s Reservation<F>> {
        let search = subnet.reservation_search;
        let own = self.hosts().find(|host| host.subnet == Some(subnet.id));
        let global = || self.hosts().find(|host| host.subnet.is_none());
        own.filter(|_| search.in_subnet).or_else(|| search.global.then(global).flatten())
    }

    /// The one whose classes count before a lease is chosen, where `subnet` was selected. In a shared
    /// network the lease may come to be in another subnet, so that the classes of a subnet's own
    /// reservation wait for it; as in Kea they do not when a global reservation brings classes too.
    /// `early` is the global one whose classes the client has already.
    pub fn before_lease(
        &self,
        config: &Snapshot<F>,
        subnet: &Subnet<F>,
        early: Option<&Reservation<F>>,
    ) -> Option<&'s Reservation<F>> {
        let brings = |host: &Reservation<F>| host.subnet.is_none() && !host.classes.is_empty();
        let has_global = || subnet.reservation_search.global && self.hosts().any(brings);
        let is_settled = config.network_of(subnet).is_none() || (early.is_none() && has_global());
        self.in_subnet(subnet).filter(|_| is_settled)
    }

    /// True when `host` is one of these.
    pub fn contains(&self, host: &Reservation<F>) -> bool {
        self.hosts.iter().any(|mine| std::ptr::eq(*mine, host))
    }

    /// True when `address` is set aside in `subnet`, and not for this client; or for nobody, as
    /// `exclude-first-last-24` wants it.
    pub fn is_for_another(
        &self,
        config: &Snapshot<F>,
        subnet: &Subnet<F>,
        address: F::Addr,
    ) -> bool {
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::UnreservedAddress.is_injected() {
            return false;
        }
        let is_mine = || self.hosts().any(|host| host.addresses.contains(&address));
        if config.is_excluded(subnet, address) && !is_mine() {
            return true;
        }
        is_checked(config, subnet)
            && self.has_none_of(config.reservations.of_address(Some(subnet.id), address))
    }

    /// The same of a prefix (DHCPv6).
    pub fn is_prefix_for_another(
        &self,
        config: &Snapshot<F>,
        subnet: &Subnet<F>,
        prefix: Prefix<Ipv6Addr>,
    ) -> bool {
        is_checked(config, subnet)
            && self.has_none_of(config.reservations.of_prefix(Some(subnet.id), prefix))
    }

    /// True when there are holders, and this client is not among them.
    fn has_none_of<'h>(&self, holders: impl Iterator<Item = &'h Reservation<F>>) -> bool {
        let mut holders = holders.peekable();
        holders.peek().is_some() && !holders.any(|host| self.contains(host))
    }
}

/// False where reservations do not matter to what is allocated from pools.
fn is_checked<F: Dialect>(config: &Snapshot<F>, subnet: &Subnet<F>) -> bool {
    let search = subnet.reservation_search;
    search.in_subnet && !search.out_of_pool && !config.reservations.is_empty()
}

/// By each identifier in the configured order; the first that is known decides.
fn lookup<'s, F: Dialect>(
    corridor: &Corridor<'s, F>,
    subnet: Option<&Subnet<F>>,
    client: &impl Identified,
) -> Option<&'s Reservation<F>> {
    let (config, log) = (corridor.config, corridor.log);
    let subnet = subnet.map(|subnet| subnet.id);
    let id = subnet.map_or(0, |id| id.0);
    config.server.reservation_identifiers.iter().find_map(|kind| {
        let identifier = client.identifier(*kind).filter(|octets| !octets.is_empty())?;
        let shown = shown(*kind, identifier);
        let family = format_args!("IPv{}", F::VERSION);
        log!(log, HOSTS_CFG_GET_ONE_SUBNET_ID_IDENTIFIER, family, id, shown);
        let found = config.reservations.file().find(subnet, *kind, identifier);
        match found {
            Some(host) => {
                let facts = format_args!("hostname={}", host.hostname);
                log!(log, HOSTS_CFG_GET_ONE_SUBNET_ID_IDENTIFIER_HOST, id, shown, facts);
            }
            None => log!(log, HOSTS_CFG_GET_ONE_SUBNET_ID_IDENTIFIER_NULL, id, shown),
        }
        if found.is_some() || config.reservations.databases().is_empty() {
            return found;
        }
        log!(log, (twin::ALTERNATE_BY_IDENTIFIER.of(F::VERSION)), id, shown);
        let found = config.reservations.find_in_databases(subnet, *kind, identifier);
        match found {
            Some((database, host)) => {
                let source = config.hosts_databases.get(database);
                let source = source.map_or("", |database| database.kind.word());
                let facts = format_args!("hostname={}", host.hostname);
                let message = twin::ALTERNATE_BY_IDENTIFIER_HOST.of(F::VERSION);
                log!(log, (message), id, shown, source, facts);
            }
            None => log!(log, (twin::ALTERNATE_BY_IDENTIFIER_NULL.of(F::VERSION)), id, shown),
        }
        found.map(|(_, host)| host)
    })
}

/// An identifier as the log shows it: `hwaddr=000C01020304`.
fn shown(kind: IdentifierKind, octets: &[u8]) -> impl Display {
    let kind = match kind {
        IdentifierKind::HwAddress => "hwaddr",
        IdentifierKind::Duid => "duid",
        IdentifierKind::CircuitId => "circuit-id",
        IdentifierKind::ClientId => "client-id",
        IdentifierKind::FlexId => "flex-id",
    };
    fmt::from_fn(move |f| write!(f, "{kind}={}", Hex(octets)))
}
