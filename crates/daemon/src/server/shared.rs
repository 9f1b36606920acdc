//! What the threads of a server share.

use std::collections::HashSet;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use kea_config::snapshot::Snapshot;
use kea_dhcp::Serving;
use kea_dhcp::pipeline::Statistics;
use kea_lease::{Journal, LeaseKind, LeaseState, Leases};
use kea_stats::{Scope, ServerMetric, Stats, SubnetMetric, UnixMicros};

use super::service::Service;

/// The state of a running server.
pub(super) struct Shared<F: Serving> {
    /// The configuration in force.
    pub(super) config: ArcSwap<Snapshot<F>>,
    pub(super) leases: Leases<F>,
    pub(super) journal: Journal,
    pub(super) stats: Stats,
    pub(super) log: kea_log::Handle,
    /// For each worker the first ticket that it waits for; `u64::MAX` when it waits for none.
    pub(super) waiting: std::sync::Arc<[AtomicU64]>,
    /// Whether clients are served.
    pub(super) service: Service,
}

impl<F: Serving> Shared<F> {
    /// The counters of a worker under `config`.
    pub(super) fn statistics(&self, worker: usize, config: &Snapshot<F>) -> Statistics<F> {
        let subnets = config.subnets().iter().map(|subnet| subnet.id);
        Statistics::new(&self.stats, worker, subnets, unix_micros())
    }

    /// Sets the statistics of the subnets in force from their pools and leases, and forgets those of
    /// subnets that are gone.
    pub(super) fn recount(&self) {
        let config = self.config.load_full();
        let now = unix_micros();
        let known: HashSet<u32> = config.subnets().iter().map(|subnet| subnet.id.0).collect();
        self.stats.retain(|scope| match scope {
            Scope::Subnet(id)
            | Scope::Pool { subnet: id, .. }
            | Scope::PrefixPool { subnet: id, .. } => known.contains(id),
            Scope::Server | Scope::Key(_) => true,
        });
        let counts = self.leases.counts();
        let mut declined = 0;
        for subnet in config.subnets() {
            let leases = counts.get(&subnet.id).copied().unwrap_or_default();
            let counters = self.stats.subnet(subnet.id.0, now);
            let in_subnet = leases.of(LeaseKind::Address, LeaseState::Declined);
            declined += in_subnet;
            counters.set(SubnetMetric::Assigned, clamp(leases.assigned(LeaseKind::Address).into()));
            counters.set(
                SubnetMetric::AssignedPrefixes,
                clamp(leases.assigned(LeaseKind::Prefix).into()),
            );
            counters.set(SubnetMetric::Declined, clamp(in_subnet.into()));
            counters.set(SubnetMetric::CumulativeAssigned, 0);
            counters.set(SubnetMetric::CumulativeAssignedPrefixes, 0);
            let scope = Scope::Subnet(subnet.id.0);
            for (metric, kind) in [
                (SubnetMetric::Total, LeaseKind::Address),
                (SubnetMetric::TotalPrefixes, LeaseKind::Prefix),
            ] {
                let pools = subnet.pools.iter().filter(|pool| pool.range.kind == kind);
                let total = pools.fold(0u128, |sum, pool| sum.saturating_add(pool.range.total()));
                self.stats.set_large(
                    &scope,
                    metric,
                    i128::try_from(total).unwrap_or(i128::MAX),
                    now,
                );
            }
        }
        self.stats.server(0, now).set(ServerMetric::Declined, clamp(declined.into()));
    }
}

fn clamp(count: u128) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// The wall clock, for time stamps of statistics.
pub(super) fn unix_micros() -> UnixMicros {
    let micros = kea_net::Now::read().since_epoch.as_micros();
    UnixMicros(micros.try_into().unwrap_or(i64::MAX))
}
