//! What a worker counts.

use std::collections::{BTreeMap, BTreeSet};

use hashbrown::HashMap;
use kea_config::Snapshot;
use kea_config::snapshot::{Dialect, Subnet};
use kea_lease::{Lease, LeaseCounts, LeaseFamily, LeaseKind, LeaseState, Leases, SubnetId};
use kea_stats::{Counters, Scope, ServerMetric, Stats, SubnetMetric, UnixMicros};

mod pools;

use self::pools::Pools;
use kea_wire::{V4, V6, v4, v6};

use super::place::Place;

/// A family with message types that are counted as they leave.
pub trait Counted: LeaseFamily {
    /// The statistic of a sent message type, where it has one.
    fn sent_metric(message_type: u8) -> Option<ServerMetric>;
}

impl Counted for V4 {
    fn sent_metric(message_type: u8) -> Option<ServerMetric> {
        match v4::MessageType::from(message_type) {
            v4::MessageType::Offer => Some(ServerMetric::OfferSent),
            v4::MessageType::Ack => Some(ServerMetric::AckSent),
            v4::MessageType::Nak => Some(ServerMetric::NakSent),
            v4::MessageType::LeaseUnassigned => Some(ServerMetric::LeaseQueryUnassignedSent),
            v4::MessageType::LeaseUnknown => Some(ServerMetric::LeaseQueryUnknownSent),
            v4::MessageType::LeaseActive => Some(ServerMetric::LeaseQueryActiveSent),
            _ => None,
        }
    }
}

impl Counted for V6 {
    fn sent_metric(message_type: u8) -> Option<ServerMetric> {
        match v6::MessageType::from(message_type) {
            v6::MessageType::Advertise => Some(ServerMetric::AdvertiseSent),
            v6::MessageType::Reply => Some(ServerMetric::ReplySent),
            v6::MessageType::LeaseQueryReply => Some(ServerMetric::LeaseQueryReplySent),
            v6::MessageType::Dhcpv4Response => Some(ServerMetric::Dhcpv4ResponseSent),
            _ => None,
        }
    }
}

/// A worker's counters: of the server, and of every subnet and pool of one configuration.
#[derive(Clone, Debug)]
pub struct Statistics<F: LeaseFamily> {
    server: Counters<ServerMetric>,
    subnets: HashMap<SubnetId, OfSubnet<F>>,
}

/// The library with which leasequeries have statistics.
const LEASE_QUERY_LIBRARY: &str = "libdhcp_lease_query.so";

/// The statistics that there are with that library alone; of each protocol those that it has.
const OF_LEASE_QUERIES: [ServerMetric; 5] = [
    ServerMetric::LeaseQueryReceived,
    ServerMetric::LeaseQueryReplySent,
    ServerMetric::LeaseQueryUnknownSent,
    ServerMetric::LeaseQueryUnassignedSent,
    ServerMetric::LeaseQueryActiveSent,
];

#[derive(Clone, Debug)]
struct OfSubnet<F: LeaseFamily> {
    own: Counters<SubnetMetric>,
    pools: Pools<F>,
}

impl<F: Dialect> Statistics<F> {
    /// Registers worker number `worker` for what `config` has.
    pub fn new(stats: &Stats, worker: usize, config: &Snapshot<F>, now: UnixMicros) -> Self {
        let subnets = config.subnets().iter().map(|subnet| {
            let own = stats.subnet(subnet.id.0, now);
            (subnet.id, OfSubnet { own, pools: Pools::new(stats, subnet, now) })
        });
        let server = stats.server(worker, now);
        if config.hooks_libraries.iter().any(|hook| hook.library.ends_with(LEASE_QUERY_LIBRARY)) {
            OF_LEASE_QUERIES.iter().for_each(|metric| stats.show(&Scope::Server, *metric, now));
        }
        Statistics { server, subnets: subnets.collect() }
    }
}

impl<F: LeaseFamily> Statistics<F> {
    /// Counts something of the server as a whole.
    pub fn count(&self, metric: ServerMetric) {
        self.server.increment(metric);
    }

    /// Counts something of a subnet, if it is still configured.
    pub fn count_subnet(&self, subnet: SubnetId, metric: SubnetMetric, amount: i64) {
        if let Some(subnet) = self.subnets.get(&subnet) {
            subnet.own.add(metric, amount);
        }
    }

    /// Counts something of a lease: of its subnet, and of the pool that it lies in, if it lies in one.
    fn count_lease(&self, lease: &Lease<F>, metric: SubnetMetric, amount: i64) {
        let Some(subnet) = self.subnets.get(&lease.subnet) else { return };
        subnet.own.add(metric, amount);
        if let Some(pool) = subnet.pools.of(lease) {
            pool.add(metric, amount);
        }
    }

    /// A client of `place` got nothing: one reason by where it is, others by why.
    pub fn nothing_left(&self, place: &Place<'_, F>, kind: LeaseKind, in_classes: bool)
    where
        F: Dialect,
    {
        let count = |total, of_subnet| {
            self.count(total);
            self.count_subnet(place.selected().id, of_subnet, 1);
        };
        count(ServerMetric::AllocationFail, SubnetMetric::AllocationFail);
        match place.network() {
            Some(_) => count(
                ServerMetric::AllocationFailSharedNetwork,
                SubnetMetric::AllocationFailSharedNetwork,
            ),
            None => count(ServerMetric::AllocationFailSubnet, SubnetMetric::AllocationFailSubnet),
        }
        if place.grounds().all(|ground| ground.pools_of(kind).is_empty()) {
            count(ServerMetric::AllocationFailNoPools, SubnetMetric::AllocationFailNoPools);
        }
        if in_classes {
            count(ServerMetric::AllocationFailClasses, SubnetMetric::AllocationFailClasses);
        }
    }

    /// A lease was stored in place of `before`.
    pub fn granted(&self, lease: &Lease<F>, before: Option<&Lease<F>>, now: i64) {
        match before {
            Some(before) if before.state == LeaseState::Assigned => {
                match before.is_expired(now) {
                    true => self.reclaimed(before),
                    false if before.subnet == lease.subnet => return,
                    // Its subnet has another number now.
                    false => self.removed(before),
                }
            }
            Some(before) if before.state == LeaseState::Declined => self.recovered(before),
            _ => {}
        }
        let (assigned, cumulative, total) = match lease.kind() {
            LeaseKind::Prefix => (
                SubnetMetric::AssignedPrefixes,
                SubnetMetric::CumulativeAssignedPrefixes,
                ServerMetric::CumulativeAssignedPrefixes,
            ),
            LeaseKind::Address | LeaseKind::TemporaryAddress => (
                SubnetMetric::Assigned,
                SubnetMetric::CumulativeAssigned,
                ServerMetric::CumulativeAssigned,
            ),
        };
        self.count_lease(lease, assigned, 1);
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::DoubleCount.is_injected() {
            self.count_lease(lease, assigned, 1);
        }
        self.count_lease(lease, cumulative, 1);
        self.count(total);
    }

    /// An assigned lease is gone: given back, or given up for another.
    pub fn removed(&self, lease: &Lease<F>) {
        let assigned = match lease.kind() {
            LeaseKind::Prefix => SubnetMetric::AssignedPrefixes,
            LeaseKind::Address | LeaseKind::TemporaryAddress => SubnetMetric::Assigned,
        };
        self.count_lease(lease, assigned, -1);
    }

    /// An assigned lease ended without its client's doing.
    pub fn reclaimed(&self, lease: &Lease<F>) {
        self.removed(lease);
        self.count(ServerMetric::Reclaimed);
        self.count_lease(lease, SubnetMetric::Reclaimed, 1);
    }

    /// An assigned lease became a declined one, which stays assigned.
    pub fn declined(&self, lease: &Lease<F>) {
        self.count(ServerMetric::Declined);
        self.count_lease(lease, SubnetMetric::Declined, 1);
    }

    /// A declined lease is over, which counts as reclaimed like others.
    pub fn recovered(&self, lease: &Lease<F>) {
        self.reclaimed(lease);
        self.server.decrement(ServerMetric::Declined);
        self.count_lease(lease, SubnetMetric::Declined, -1);
        self.count(ServerMetric::ReclaimedDeclined);
        self.count_lease(lease, SubnetMetric::ReclaimedDeclined, 1);
    }
}

impl<F: Counted> Statistics<F> {
    /// An answer of that message type was sent.
    pub fn sent(&self, message_type: u8) {
        self.count(ServerMetric::Sent);
        if let Some(metric) = F::sent_metric(message_type) {
            self.count(metric);
        }
    }
}

/// Sets the statistics of the subnets in force from their pools and leases, and forgets those of
/// subnets and pools that are gone.
pub fn recount<F: Dialect>(
    stats: &Stats,
    config: &Snapshot<F>,
    leases: &Leases<F>,
    now: UnixMicros,
) {
    forget_others(stats, config);
    let counts = leases.counts();
    // Those of subnets that are gone count until their probation is over.
    let of_all = counts.values().map(|leases| leases.of(LeaseKind::Address, LeaseState::Declined));
    let declined: u64 = of_all.sum();
    for subnet in config.subnets() {
        count_leases(stats, subnet, &counts, now);
        count_totals(stats, subnet, now);
        pools::recount(stats, subnet, leases, now);
    }
    stats.server(0, now).set(ServerMetric::Declined, clamp(declined));
}

/// Sets the statistics of subnets that `config` has and `before` had not, or with other pools. Those
/// of all others go on as they are. To be called before `config` is in force, so that nothing is
/// counted twice, but with its pools; [`forget_others`] after it.
pub fn recount_changed<F: Dialect>(
    stats: &Stats,
    before: &Snapshot<F>,
    config: &Snapshot<F>,
    leases: &Leases<F>,
    now: UnixMicros,
) {
    fn known<F: Dialect>(subnet: &Subnet<F>) -> impl Iterator<Item = impl PartialEq> {
        subnet.pools.iter().map(|pool| (pool.range, pool.id))
    }
    let mut counts = None;
    for subnet in config.subnets() {
        match before.subnet(subnet.id) {
            None => {
                let counts = counts.get_or_insert_with(|| leases.counts());
                count_leases(stats, subnet, counts, now);
            }
            Some(old) if !known(old).eq(known(subnet)) => {}
            Some(_) => continue,
        }
        count_totals(stats, subnet, now);
        pools::recount(stats, subnet, leases, now);
    }
}

/// Forgets the statistics of subnets and pools that `config` has not.
pub fn forget_others<F: Dialect>(stats: &Stats, config: &Snapshot<F>) {
    let pools: BTreeSet<_> = config.subnets().iter().flat_map(pools::scopes).collect();
    stats.retain(|scope| match scope {
        Scope::Subnet(id) => config.subnet(SubnetId(*id)).is_some(),
        Scope::Pool { .. } | Scope::PrefixPool { .. } => pools.contains(scope),
        Scope::Server | Scope::Key(_) => true,
    });
}

fn count_leases<F: Dialect>(
    stats: &Stats,
    subnet: &Subnet<F>,
    counts: &BTreeMap<SubnetId, LeaseCounts>,
    now: UnixMicros,
) {
    let leases = counts.get(&subnet.id).copied().unwrap_or_default();
    let counters = stats.subnet(subnet.id.0, now);
    let in_subnet = leases.of(LeaseKind::Address, LeaseState::Declined);
    for (metric, count) in [
        (SubnetMetric::Assigned, leases.assigned(LeaseKind::Address)),
        (SubnetMetric::AssignedPrefixes, leases.assigned(LeaseKind::Prefix)),
        (SubnetMetric::Declined, in_subnet),
        (SubnetMetric::CumulativeAssigned, 0),
        (SubnetMetric::CumulativeAssignedPrefixes, 0),
        (SubnetMetric::Reclaimed, 0),
        (SubnetMetric::ReclaimedDeclined, 0),
    ] {
        counters.set(metric, clamp(count));
    }
}

fn count_totals<F: Dialect>(stats: &Stats, subnet: &Subnet<F>, now: UnixMicros) {
    let scope = Scope::Subnet(subnet.id.0);
    for (metric, kind) in [
        (SubnetMetric::Total, LeaseKind::Address),
        (SubnetMetric::TotalPrefixes, LeaseKind::Prefix),
    ] {
        let pools = subnet.pools.iter().filter(|pool| pool.range.kind == kind);
        let total = pools.fold(0u128, |sum, pool| sum.saturating_add(pool.range.total()));
        let total = i128::try_from(total).unwrap_or(i128::MAX);
        stats.set_large(&scope, metric, total, now);
    }
}

fn clamp(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
