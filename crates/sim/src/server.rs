//! The server under simulation: the engine's workers, tables and journal, put together as the
//! server's process puts them together, but driven from outside one step at a time.

use std::collections::VecDeque;
use std::sync::Arc;

use kea_dhcp::pipeline::{
    Answer, Arrival, Corridor, Drop, Statistics, flush_reclaimed, reclaim, reclamation_settings,
    recount,
};
use kea_lease::{Durability, Journal, JournalLimits, Leases, Reclamation};
use kea_stats::{Counters, ServerKind, ServerMetric, Stats, UnixMicros};

use crate::disk::SimDisk;
use crate::link::Inbound;
use crate::log::SimLog;
use crate::oracle::Granted;
use crate::plan::Configured;
use crate::profile::Profile;
use crate::protocol::Protocol;
use crate::storage::Storage;

/// A running server.
pub(crate) struct Server<F: Protocol> {
    pub(crate) config: Arc<Configured<F>>,
    pub(crate) leases: Leases<F>,
    pub(crate) journal: Journal,
    pub(crate) disk: SimDisk,
    pub(crate) stats: Stats,
    pub(crate) counters: Counters<ServerMetric>,
    pub(crate) workers: Vec<Worker<F>>,
    pub(crate) log: SimLog,
    reclamation: Reclamation,
}

/// A worker thread's own state.
pub(crate) struct Worker<F: Protocol> {
    pub(crate) config: Arc<Configured<F>>,
    pub(crate) inbox: VecDeque<Inbound<F>>,
    pub(crate) parked: VecDeque<Parked<F>>,
    /// When it looks at its inbox, if it will.
    pub(crate) is_called: bool,
    serve: kea_dhcp::Worker<F>,
    statistics: Statistics<F>,
}

/// An answer that waits for its lease to be durable.
pub(crate) struct Parked<F: Protocol> {
    /// Microseconds at which it was decided.
    pub(crate) since: u64,
    pub(crate) answer: Answer<F>,
    pub(crate) octets: Vec<u8>,
    /// The link that the query came from.
    pub(crate) link: usize,
    /// What it promises.
    pub(crate) grants: Vec<Granted<F>>,
}

/// Datagrams that a worker's socket holds.
pub(crate) const INBOX: usize = 512;

impl<F: Protocol> Server<F> {
    /// Starts on what the lease files hold.
    pub(crate) fn start(
        profile: &Profile,
        config: Arc<Configured<F>>,
        storage: &Storage,
        seed: u64,
        log: SimLog,
        tell: &mut dyn FnMut(String),
    ) -> Result<Self, String> {
        let leases = Leases::new();
        leases.configure(&config.snapshot.lease_specs());
        let (file, len) = storage.load(&leases, tell)?;
        let disk = SimDisk::new(file, len, seed);
        let limits = JournalLimits { max_pending: profile.max_pending, ..JournalLimits::default() };
        let quiet = (Box::new(|_| {}), Box::new(|_| {}));
        let own = Box::new(disk.clone());
        let journal = match profile.durability {
            Durability::None => Journal::none(),
            durability => Journal::new(own, len, durability, limits, quiet.0, quiet.1),
        };
        let kind = ServerKind::of_version(F::VERSION);
        let stats = Stats::new(kind, profile.workers, jiff::tz::TimeZone::UTC);
        recount(&stats, &config.snapshot, &leases, UnixMicros(0));
        let workers = (0..profile.workers as u64).map(|number| Worker {
            config: Arc::clone(&config),
            inbox: VecDeque::new(),
            parked: VecDeque::new(),
            is_called: false,
            serve: kea_dhcp::Worker::new(seed ^ number, None),
            statistics: statistics(&stats, number as usize, &config),
        });
        Ok(Server {
            workers: workers.collect(),
            counters: stats.server(0, UnixMicros(0)),
            reclamation: Reclamation::new(reclamation_settings(&config.snapshot)),
            config,
            leases,
            journal,
            disk,
            stats,
            log,
        })
    }

    /// A datagram for a worker; `false` when there is no room for it.
    pub(crate) fn receive(&mut self, worker: usize, inbound: Inbound<F>) -> bool {
        let worker = &mut self.workers[worker];
        let has_room = worker.inbox.len() < INBOX;
        if has_room {
            worker.inbox.push_back(inbound);
        }
        has_room
    }

    /// A worker follows a change of configuration between two batches.
    pub(crate) fn refresh(&mut self, number: usize) {
        let worker = &mut self.workers[number];
        if !Arc::ptr_eq(&worker.config, &self.config) {
            worker.config = Arc::clone(&self.config);
            worker.statistics = statistics(&self.stats, number, &self.config);
        }
    }

    /// One datagram down the corridor.
    pub(crate) fn decide(
        &mut self,
        worker: usize,
        inbound: &Inbound<F>,
        now: i64,
        out: &mut Vec<u8>,
    ) -> Result<Answer<F>, Drop<F>> {
        let Worker { config, serve, statistics, .. } = &mut self.workers[worker];
        let router = config.plan.router(0);
        let corridor = Corridor {
            config: &config.snapshot,
            leases: &self.leases,
            journal: &self.journal,
            statistics,
            log: &self.log,
            name_changes: &(),
            callouts: None,
            now,
        };
        let arrival = Arrival {
            interface: "eth0",
            interface_index: 2,
            interface_address: Some(router),
            source: inbound.source,
            source_port: F::SERVER_PORT,
            destination: if inbound.unicast { router } else { F::EVERY_SERVER },
            link_source: None,
            carrier: None,
        };
        self.log.clear();
        serve.decide(&corridor, &arrival, &inbound.payload, out)
    }

    /// An answer waits to be durable; what repeats its query meanwhile is passed over.
    pub(crate) fn park(&mut self, worker: usize, parked: Parked<F>) {
        let worker = &mut self.workers[worker];
        worker.serve.in_flight.begin(parked.answer.transaction);
        worker.parked.push_back(parked);
    }

    /// What has become durable leaves.
    pub(crate) fn release(&mut self, worker: usize) -> Vec<Parked<F>> {
        let durable = self.journal.durable();
        let Worker { parked, serve, .. } = &mut self.workers[worker];
        let ready = parked.iter().take_while(|parked| parked.answer.after <= durable).count();
        let ready = parked.drain(..ready);
        ready.inspect(|parked| serve.in_flight.end(parked.answer.transaction)).collect()
    }

    /// An answer has left.
    pub(crate) fn sent(&self, worker: usize, message_type: u8) {
        self.workers[worker].statistics.sent(message_type);
    }

    /// A cycle of reclamation; then, the flush of what was remembered long enough.
    pub(crate) fn reclaim(&mut self, now: i64, flush: bool) -> usize {
        let statistics = statistics(&self.stats, 0, &self.config);
        let corridor = Corridor {
            config: &self.config.snapshot,
            leases: &self.leases,
            journal: &self.journal,
            statistics: &statistics,
            log: &self.log,
            name_changes: &(),
            callouts: None,
            now,
        };
        if flush {
            return flush_reclaimed(&corridor, &self.reclamation, usize::MAX);
        }
        reclaim(&corridor, &mut self.reclamation, || std::time::Duration::ZERO).leases
    }

    /// Takes a configuration in the steps of the server's process, between which workers go on: the
    /// tables first, then what workers look at, then the statistics.
    pub(crate) fn reconfigure(&mut self, config: &Arc<Configured<F>>, step: Step) {
        match step {
            Step::Tables => {
                self.reclamation.settings = reclamation_settings(&config.snapshot);
                self.leases.configure(&config.snapshot.lease_specs());
            }
            Step::Snapshot => self.config = Arc::clone(config),
            Step::Statistics => {
                recount(&self.stats, &config.snapshot, &self.leases, UnixMicros(0));
            }
        }
    }

    /// True when every worker follows the configuration in force.
    pub(crate) fn is_settled(&self) -> bool {
        self.workers.iter().all(|worker| Arc::ptr_eq(&worker.config, &self.config))
    }
}

/// A step of reconfiguration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    Tables,
    Snapshot,
    Statistics,
}

fn statistics<F: Protocol>(stats: &Stats, worker: usize, config: &Configured<F>) -> Statistics<F> {
    Statistics::new(stats, worker, &config.snapshot, UnixMicros(0))
}
