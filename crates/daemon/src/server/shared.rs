//! What the threads of a server share.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use arc_swap::ArcSwap;
use kea_config::snapshot::Snapshot;
use kea_dhcp::Serving;
use kea_dhcp::pipeline::{Callouts, Corridor, Statistics, forget_others, recount, recount_changed};
use kea_hooks::Hooks;
use kea_lease::{Journal, Leases, LostClaims};
use kea_stats::{Limit, Stats, UnixMicros};

use super::measures::Measures;
use super::name_changes::NameChangeSender;
use super::service::Service;
use super::times::Times;

/// The state of a running server.
pub(super) struct Shared<F: Serving> {
    /// The configuration in force.
    pub(super) config: ArcSwap<Snapshot<F>>,
    pub(super) leases: Arc<Leases<F>>,
    /// Claims that others were faster with, where leases are shared with others.
    pub(super) lost: Arc<LostClaims<F>>,
    pub(super) journal: Journal,
    pub(super) stats: Stats,
    pub(super) log: kea_log::Handle,
    /// For each worker the first ticket that it waits for; `u64::MAX` when it waits for none.
    pub(super) waiting: Arc<[AtomicU64]>,
    /// By worker.
    pub(super) measures: Box<[Measures]>,
    /// Answers go back to where queries came from: for tests alone.
    pub(super) answers_to_source: bool,
    /// Whether clients are served.
    pub(super) service: Arc<Service>,
    /// Who is asked on the way of a query. Swapped before the configuration is.
    pub(super) hooks: ArcSwap<Hooks<F>>,
    /// The way to the DNS update daemon.
    pub(super) name_changes: NameChangeSender,
    pub(super) times: Times,
}

impl<F: Serving> Shared<F> {
    /// The world as one query, or one round of reclamation, sees it.
    pub(super) fn corridor<'a>(
        &'a self,
        config: &'a Snapshot<F>,
        statistics: &'a Statistics<F>,
        callouts: Option<Callouts<'a, F>>,
        now: kea_net::Now,
    ) -> Corridor<'a, F> {
        Corridor {
            config,
            leases: &self.leases,
            journal: &self.journal,
            statistics,
            log: &self.log,
            name_changes: &self.name_changes,
            callouts,
            now: now.unix_seconds(),
        }
    }

    /// The counters of a worker under `config`.
    pub(super) fn statistics(&self, worker: usize, config: &Snapshot<F>) -> Statistics<F> {
        Statistics::new(&self.stats, worker, config, unix_micros())
    }

    /// Has all statistics keep as many samples as `next` says. What commands have set since is kept
    /// unless `next` says something else than `before`.
    pub(super) fn limit_samples(&self, before: Option<&Snapshot<F>>, next: &Snapshot<F>) {
        let limit = |config: &Snapshot<F>| {
            let server = &config.server;
            Limit::of_defaults(server.statistic_sample_count, server.statistic_sample_age)
        };
        if before.map(limit) != Some(limit(next)) {
            // A count of 0 has become an age, so it is not refused.
            let _ = self.stats.set_limit_all(limit(next), unix_micros());
        }
    }

    /// Sets the statistics of the subnets in force from their pools and leases, and forgets those of
    /// subnets that are gone.
    pub(super) fn recount(&self) {
        recount(&self.stats, &self.config.load(), &self.leases, unix_micros());
    }

    /// Sets the statistics of the subnets that are new or have other pools in `next`.
    pub(super) fn recount_changed(&self, before: &Snapshot<F>, next: &Snapshot<F>) {
        recount_changed(&self.stats, before, next, &self.leases, unix_micros());
    }

    /// Forgets the statistics of subnets that are not in `config`.
    pub(super) fn forget_others(&self, config: &Snapshot<F>) {
        forget_others(&self.stats, config);
    }
}

/// The wall clock, for time stamps of statistics.
pub(super) fn unix_micros() -> UnixMicros {
    let micros = kea_net::Now::read().since_epoch.as_micros();
    UnixMicros(micros.try_into().unwrap_or(i64::MAX))
}
