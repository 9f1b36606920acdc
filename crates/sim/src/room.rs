//! One worker's corridor without files and sockets, for what looks at single queries.

use std::net::IpAddr;
use std::sync::Arc;

use kea_config::Diagnostics;
use kea_config::document::{Document, NoIncludes};
use kea_config::snapshot::Snapshot;
use kea_dhcp::pipeline::{Answer, Arrival, Corridor, Drop, Statistics, recount};
use kea_dhcp::v6::Origin;
use kea_dhcp::{Serving, Worker};
use kea_lease::{Journal, Leases};
use kea_log::{Captured, Threshold};
use kea_stats::{Counters, ServerKind, ServerMetric, Stats, UnixMicros};
use kea_wire::{Address as _, HwAddr};

/// A server of one worker.
pub struct Room<F: Serving> {
    snapshot: Snapshot<F>,
    leases: Leases<F>,
    journal: Journal,
    counters: Counters<ServerMetric>,
    statistics: Statistics<F>,
    log: Captured,
    worker: Worker<F>,
    own: F::Addr,
    now: i64,
}

impl<F: Serving> Room<F> {
    /// With this configuration, the server's address, and what it logs.
    ///
    /// # Errors
    /// The configuration is refused.
    pub fn new(text: &str, own: F::Addr, log: Threshold) -> Result<Self, Diagnostics> {
        let (document, _) = Document::parse("room", text.as_bytes(), &NoIncludes)?;
        let (mut snapshot, _) = kea_config::load::<F>(&Arc::new(document))?;
        let links = [HwAddr::clamped(HwAddr::ETHERNET, &[2, 0, 0, 0, 0, 0xfe])];
        let now = 1_700_000_000;
        F::identify(&mut snapshot, None, &Origin { links: &links, now, random: 1 });
        let leases = Leases::new();
        leases.configure(&snapshot.lease_specs());
        let kind = ServerKind::of_version(F::VERSION);
        let stats = Stats::new(kind, 1, jiff::tz::TimeZone::UTC);
        let began = UnixMicros(0);
        recount(&stats, &snapshot, &leases, began);
        Ok(Room {
            statistics: Statistics::new(&stats, 0, &snapshot, began),
            counters: stats.server(0, began),
            log: Captured::new(log),
            worker: Worker::new(1, None),
            own,
            journal: Journal::none(),
            now,
            leases,
            snapshot,
        })
    }

    /// Takes the octets down the corridor, some time after those before; the answer is in `out`.
    ///
    /// # Errors
    /// Why there is no answer.
    pub fn decide(
        &mut self,
        octets: &[u8],
        source: F::Addr,
        out: &mut Vec<u8>,
    ) -> Result<Answer<F>, Drop<F>> {
        const SECONDS_BETWEEN: i64 = 7;
        self.now += SECONDS_BETWEEN;
        let corridor = Corridor {
            config: &self.snapshot,
            leases: &self.leases,
            journal: &self.journal,
            statistics: &self.statistics,
            log: &self.log,
            name_changes: &(),
            callouts: None,
            now: self.now,
        };
        // A client that has no address, or one of the link only, asks all servers.
        let is_direct = match source.ip() {
            IpAddr::V4(four) => four.is_unspecified(),
            IpAddr::V6(six) => six.is_unicast_link_local(),
        };
        let arrival = Arrival {
            interface: "eth0",
            interface_index: 2,
            interface_address: Some(self.own),
            source,
            source_port: F::SERVER_PORT,
            destination: if is_direct { F::EVERY_SERVER } else { self.own },
            link_source: None,
            carrier: None,
        };
        self.worker.decide(&corridor, &arrival, octets, out)
    }

    /// A statistic of the server.
    pub fn counted(&self, metric: ServerMetric) -> i64 {
        self.counters.value(metric)
    }

    /// Identifiers of what was logged since the last call.
    pub fn logged(&mut self) -> Vec<&'static str> {
        let ids = self.log.ids();
        self.log.take();
        ids
    }
}
