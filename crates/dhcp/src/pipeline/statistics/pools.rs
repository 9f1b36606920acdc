//! Counters of pools. Pools of one subnet with the same number are counted together (the manual's
//! section on `pool-id`).

use std::collections::BTreeMap;

use kea_config::snapshot::{Dialect, Pool, Subnet};
use kea_lease::{Lease, LeaseFamily, LeaseKind, Leases, PoolCounts, PoolSpec, SubnetId};
use kea_stats::{
    Counters, Metric, PoolMetric, PrefixPoolMetric, Scope, Stats, SubnetMetric, UnixMicros,
};

use super::clamp;

/// The pools of a subnet, by kind and first address.
#[derive(Clone, Debug)]
pub(super) struct Pools<F: LeaseFamily>(Box<[(PoolSpec<F>, PoolCounters)]>);

/// The counters of a pool.
#[derive(Clone, Debug)]
pub(super) enum PoolCounters {
    Addresses(Counters<PoolMetric>),
    Prefixes(Counters<PrefixPoolMetric>),
}

impl<F: LeaseFamily> Pools<F> {
    /// Registers the pools of a subnet.
    pub(super) fn new(stats: &Stats, subnet: &Subnet<F>, now: UnixMicros) -> Self
    where
        F: Dialect,
    {
        let of = |pool: &Pool<F>| {
            (pool.range, PoolCounters::new(stats, subnet.id, PoolKey::of(pool), now))
        };
        let mut pools: Vec<_> = subnet.pools.iter().map(of).collect();
        pools.sort_by_key(|(range, _)| (range.kind, range.first));
        Pools(pools.into())
    }

    /// The pool that a lease lies in.
    pub(super) fn of(&self, lease: &Lease<F>) -> Option<&PoolCounters> {
        let kind = match lease.kind() {
            LeaseKind::Prefix => LeaseKind::Prefix,
            LeaseKind::Address | LeaseKind::TemporaryAddress => LeaseKind::Address,
        };
        // Pools of a kind do not overlap.
        let key = (kind, lease.address);
        let end = self.0.partition_point(|(range, _)| (range.kind, range.first) <= key);
        let (range, counters) = self.0.get(end.checked_sub(1)?)?;
        (range.kind == kind && range.contains(lease.address)).then_some(counters)
    }
}

impl PoolCounters {
    fn new(stats: &Stats, subnet: SubnetId, pool: PoolKey, now: UnixMicros) -> Self {
        match pool.kind {
            LeaseKind::Prefix => Self::Prefixes(stats.prefix_pool(subnet.0, pool.id, now)),
            LeaseKind::Address | LeaseKind::TemporaryAddress => {
                Self::Addresses(stats.pool(subnet.0, pool.id, now))
            }
        }
    }

    /// Counts what the subnet counts as `metric`, where pools have a statistic for it.
    pub(super) fn add(&self, metric: SubnetMetric, amount: i64) {
        fn add<M: Metric>(counters: &Counters<M>, metric: Option<M>, amount: i64) {
            if let Some(metric) = metric {
                counters.add(metric, amount);
            }
        }
        match self {
            Self::Addresses(counters) => add(counters, PoolMetric::of(metric), amount),
            Self::Prefixes(counters) => add(counters, PrefixPoolMetric::of(metric), amount),
        }
    }
}

/// Sets the statistics of the pools of a subnet from what lies in them.
pub(super) fn recount<F: Dialect>(
    stats: &Stats,
    subnet: &Subnet<F>,
    leases: &Leases<F>,
    now: UnixMicros,
) {
    let mut sums: BTreeMap<PoolKey, PoolCounts> = BTreeMap::new();
    if let Some(table) = leases.subnet(subnet.id) {
        for pool in &subnet.pools {
            let counts = table.own_pool_counts(&pool.range).unwrap_or_default();
            let sum = sums.entry(PoolKey::of(pool)).or_default();
            sum.total = sum.total.saturating_add(pool.range.total());
            sum.assigned += counts.assigned;
            sum.declined += counts.declined;
        }
    }
    for (key, counts) in sums {
        let (scope, assigned) = (key.scope(subnet.id), clamp(counts.assigned));
        match PoolCounters::new(stats, subnet.id, key, now) {
            PoolCounters::Addresses(counters) => {
                counters.set(PoolMetric::Assigned, assigned);
                counters.set(PoolMetric::Declined, clamp(counts.declined));
                counters.set(PoolMetric::CumulativeAssigned, 0);
                set_total(stats, &scope, (&counters, PoolMetric::Total), counts.total, now);
            }
            PoolCounters::Prefixes(counters) => {
                counters.set(PrefixPoolMetric::Assigned, assigned);
                counters.set(PrefixPoolMetric::CumulativeAssigned, 0);
                set_total(stats, &scope, (&counters, PrefixPoolMetric::Total), counts.total, now);
            }
        }
    }
}

/// What the pools of a subnet are counted under.
pub(super) fn scopes<F: Dialect>(subnet: &Subnet<F>) -> impl Iterator<Item = Scope> + '_ {
    subnet.pools.iter().map(|pool| PoolKey::of(pool).scope(subnet.id))
}

/// What the statistics of a subnet's pools are told apart by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct PoolKey {
    kind: LeaseKind,
    id: u32,
}

impl PoolKey {
    fn of<F: Dialect>(pool: &Pool<F>) -> Self {
        PoolKey { kind: pool.range.kind, id: pool.id }
    }

    fn scope(self, SubnetId(subnet): SubnetId) -> Scope {
        match self.kind {
            LeaseKind::Prefix => Scope::PrefixPool { subnet, pool: self.id },
            LeaseKind::Address | LeaseKind::TemporaryAddress => {
                Scope::Pool { subnet, pool: self.id }
            }
        }
    }
}

/// History of its own is kept only of totals that no counter can hold.
fn set_total<M: Metric>(
    stats: &Stats,
    scope: &Scope,
    (counters, metric): (&Counters<M>, M),
    total: u128,
    now: UnixMicros,
) {
    match i64::try_from(total) {
        Ok(total) => counters.set(metric, total),
        Err(_) => {
            stats.set_large(scope, metric, i128::try_from(total).unwrap_or(i128::MAX), now);
        }
    }
}
