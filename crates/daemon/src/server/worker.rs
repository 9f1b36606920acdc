//! What a worker thread does with datagrams: each goes down the corridor, and its answer leaves when
//! the lease it grants is where the configured durability wants it.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use kea_config::snapshot::Snapshot;
use kea_dhcp::pipeline::{Answer, Arrival, Corridor, MAX_ANSWER_WAIT, Statistics, Transmit};
use kea_dhcp::{Serve, Serving};
use kea_lease::Ticket;
use kea_log::log;
use kea_log::message::twin;
use kea_net::{Datagram, Delivery, Destination, Now, Outbox};
use kea_stats::ServerMetric;
use kea_wire::Address as _;

use super::shared::Shared;

/// A worker thread's own state.
pub(super) struct Worker<F: Serving> {
    shared: Arc<Shared<F>>,
    number: usize,
    serve: F::Worker,
    /// The configuration that `statistics` is made for.
    config: Arc<Snapshot<F>>,
    statistics: Statistics<F>,
    /// Where answers are written.
    buffer: Vec<u8>,
    parked: VecDeque<Parked<F>>,
    /// Buffers of answers that have left, for the next ones.
    spare: Vec<Vec<u8>>,
}

/// An answer that waits for its lease to be durable.
struct Parked<F: Serving> {
    /// When it was decided.
    since: Instant,
    answer: Answer<F>,
    octets: Vec<u8>,
}

/// The most answers that a worker keeps waiting; more queries than that in two disk writes are not
/// answered, and their clients ask again.
const PARKED: usize = 1 << 16;

impl<F: Serving> Worker<F> {
    pub(super) fn new(shared: Arc<Shared<F>>, number: usize, serve: F::Worker) -> Self {
        let config = shared.config.load_full();
        let statistics = shared.statistics(number, &config);
        Worker {
            shared,
            number,
            serve,
            config,
            statistics,
            buffer: Vec::with_capacity(2048),
            parked: VecDeque::new(),
            spare: Vec::new(),
        }
    }

    /// Follows a change of configuration between two batches: no query sees two of them.
    fn refresh(&mut self) {
        let current = self.shared.config.load();
        if !Arc::ptr_eq(&current, &self.config) {
            self.statistics = self.shared.statistics(self.number, &current);
            self.config = Arc::clone(&current);
        }
    }

    fn serve(&mut self, now: Now, datagram: &Datagram<'_>, out: &mut Outbox) {
        let Some(arrival) = arrival::<F>(datagram) else { return };
        if self.shared.service.is_disabled() {
            self.ignore(&arrival);
            return;
        }
        let corridor = Corridor {
            config: &self.config,
            leases: &self.shared.leases,
            journal: &self.shared.journal,
            statistics: &self.statistics,
            log: &self.shared.log,
            name_changes: &self.shared.name_changes,
            now: now.unix_seconds(),
        };
        self.buffer.clear();
        let decided = self.serve.decide(&corridor, &arrival, datagram.payload, &mut self.buffer);
        let Ok(answer) = decided else { return };
        if answer.after <= self.shared.journal.durable() {
            self.statistics.sent(answer.message_type);
            out.send(&to_destination(&answer.transmit), &self.buffer);
        } else {
            self.park(now, answer);
        }
    }

    /// Service is switched off: the client may ask another server.
    fn ignore(&self, arrival: &Arrival<'_, F>) {
        self.statistics.count(ServerMetric::Received);
        self.statistics.count(ServerMetric::ReceiveDrop);
        self.statistics.count(ServerMetric::ServiceDisabled);
        let from = format_args!("packet from {} on {}", arrival.source, arrival.interface);
        log!(self.shared.log, (twin::PACKET_DROP_DHCP_DISABLED.of(F::VERSION)), from);
    }

    fn park(&mut self, now: Now, answer: Answer<F>) {
        if self.parked.len() >= PARKED {
            self.statistics.count(ServerMetric::ReceiveDrop);
            self.statistics.count(ServerMetric::QueueFull);
            return;
        }
        let mut octets = self.spare.pop().unwrap_or_default();
        std::mem::swap(&mut octets, &mut self.buffer);
        self.parked.push_back(Parked { since: now.instant, answer, octets });
    }

    /// Sends what has become durable. Tickets of one worker rise, so the rest waits behind.
    fn release(&mut self, now: Now, out: &mut Outbox) {
        let durable = self.shared.journal.durable();
        while self.parked.front().is_some_and(|parked| parked.answer.after <= durable) {
            let Some(Parked { since, answer, mut octets }) = self.parked.pop_front() else { break };
            if now.instant.saturating_duration_since(since) <= MAX_ANSWER_WAIT {
                self.statistics.sent(answer.message_type);
                out.send(&to_destination(&answer.transmit), &octets);
            } else {
                self.statistics.count(ServerMetric::ReceiveDrop);
            }
            octets.clear();
            self.spare.push(octets);
        }
    }

    fn tell_waiting(&self) {
        let first = self.parked.front().map_or(u64::MAX, |parked| parked.answer.after.0);
        self.shared.waiting[self.number].store(first, Ordering::SeqCst);
    }
}

impl<F: Serving> kea_net::Handler for Worker<F> {
    fn on_batch(&mut self, now: Now, batch: &[Datagram<'_>], out: &mut Outbox) {
        self.refresh();
        for datagram in batch {
            self.serve(now, datagram, out);
        }
        // Also changes that nobody is told of, such as a release, are to be kept.
        if self.shared.journal.has_rows() {
            self.tell_waiting();
            self.shared.journal.flush();
        }
        // Meanwhile some may have become durable; and a watermark that rose before it was known that
        // somebody waits for it wakes nobody.
        self.on_wake(now, out);
    }

    fn on_wake(&mut self, now: Now, out: &mut Outbox) {
        if !self.parked.is_empty() {
            self.release(now, out);
            self.tell_waiting();
        }
    }
}

/// `None` for a datagram of the other family, which no socket of this server receives.
fn arrival<'a, F: Serving>(datagram: &Datagram<'a>) -> Option<Arrival<'a, F>> {
    let from = &datagram.arrival;
    let local = F::Addr::of_ip(from.local)?;
    Some(Arrival {
        interface: from.interface_name,
        interface_index: from.interface,
        interface_address: Some(local).filter(|local| !local.is_unspecified()),
        source: F::Addr::of_ip(from.peer.ip())?,
        source_port: from.peer.port(),
        destination: match from.delivery {
            Delivery::Unicast => local,
            Delivery::Broadcast | Delivery::Multicast => F::EVERY_SERVER,
        },
        link_source: from.hw_addr,
    })
}

fn to_destination<F: Serving>(transmit: &Transmit<F>) -> Destination {
    Destination {
        peer: SocketAddr::new(transmit.destination.ip(), transmit.port),
        interface: Some(transmit.interface_index),
        source: Some(transmit.source.ip()),
        hw_addr: transmit.link_destination,
    }
}

/// Whether the watermark matters to a worker that waits for `first`.
pub(super) fn is_awaited(first: u64, durable: Ticket) -> bool {
    first <= durable.0
}
