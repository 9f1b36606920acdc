//! What a worker thread does with datagrams: each goes down the corridor, and its answer leaves when
//! the lease it grants is where the configured durability wants it.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use kea_config::snapshot::{LeaseDatabase, Outbound, Snapshot};
use kea_dhcp::Serving;
use kea_dhcp::pipeline::{
    Answer, Arrival, Backlog, Callouts, Carriage, LetGo, Link, MAX_ANSWER_WAIT, Statistics,
    Transmit, Way, leaves, tell_not_carried,
};
use kea_hooks::{Hooks, ParkId, ParkingLot, Unparked};
use kea_lease::Ticket;
use kea_log::log;
use kea_log::message::twin;
use kea_net::{Datagram, Delivery, Destination, Now, Outbox};
use kea_stats::ServerMetric;
use kea_wire::v6::dhcp4o6::Origin;
use kea_wire::{Address as _, HwAddr};

use super::measures::Measures;
use super::pressure::Pressure;
use super::shared::Shared;

/// A worker thread's own state.
pub(super) struct Worker<F: Serving> {
    shared: Arc<Shared<F>>,
    number: usize,
    serve: kea_dhcp::Worker<F>,
    /// The configuration that `statistics` is made for.
    config: Arc<Snapshot<F>>,
    statistics: Statistics<F>,
    /// Where answers are written.
    buffer: Vec<u8>,
    parked: VecDeque<Parked<F>>,
    /// Who is asked; none when nobody wants to be.
    hooks: Option<Arc<Hooks<F>>>,
    /// Where hooks let go of answers.
    lot: Arc<ParkingLot>,
    /// Answers that wait for hooks.
    held: HashMap<ParkId, Parked<F>>,
    /// Queries that wait, when more come than can be served.
    backlog: Backlog<Held>,
    /// Full batches in a row that only waited: the sockets were never empty.
    helpings: u32,
    /// Tells too many queries from a burst.
    pressure: Pressure,
    /// Buffers of answers that have left, for the next ones.
    spare: Vec<Vec<u8>>,
    /// When the queries were received whose answers leave with this batch.
    left: Vec<Duration>,
}

/// An answer that waits for its lease to be durable.
struct Parked<F: Serving> {
    /// When it was decided.
    since: Instant,
    /// When its query was received.
    received: Option<Duration>,
    answer: Answer<F>,
    octets: Vec<u8>,
    /// What it answers, where hooks want to know.
    query: Vec<u8>,
    /// The query, where it may have to be decided again: leases are shared with others.
    again: Option<Box<Held>>,
}

/// The most answers that a worker keeps waiting; more queries than that in two disk writes are not
/// answered, and their clients ask again.
const PARKED: usize = 1 << 16;

impl<F: Serving> Worker<F> {
    pub(super) fn new(
        shared: Arc<Shared<F>>,
        number: usize,
        serve: kea_dhcp::Worker<F>,
        lot: Arc<ParkingLot>,
    ) -> Self {
        let config = shared.config.load_full();
        let statistics = shared.statistics(number, &config);
        let hooks = hooks(&shared);
        let backlog = Backlog::new(backlog_capacity(&config));
        Worker {
            shared,
            number,
            serve,
            config,
            statistics,
            buffer: Vec::with_capacity(2048),
            parked: VecDeque::new(),
            hooks,
            lot,
            held: HashMap::new(),
            backlog,
            helpings: 0,
            pressure: Pressure::default(),
            spare: Vec::new(),
            left: Vec::new(),
        }
    }

    /// Follows a change of configuration between two batches: no query sees two of them.
    fn refresh(&mut self) {
        let current = self.shared.config.load();
        if !Arc::ptr_eq(&current, &self.config) {
            if !current.shares_subnets(&self.config) {
                self.statistics = self.shared.statistics(self.number, &current);
            }
            self.config = Arc::clone(&current);
            self.hooks = hooks(&self.shared);
            self.backlog.resize(backlog_capacity(&self.config));
        }
    }

    /// Lets queries wait in their order of urgency, and lets go of those that find no room.
    fn absorb(&mut self, now: Now, batch: &[Datagram<'_>]) {
        for datagram in batch {
            let Some(source) = F::Addr::of_ip(datagram.arrival.peer.ip()) else { continue };
            let rank = F::rank(datagram.payload, source);
            let since = datagram.arrival.received.unwrap_or(now.since_epoch);
            if let Some((why, _)) = self.backlog.push(rank, since, Held::new(datagram, Turn::First))
            {
                self.let_go(why);
            }
        }
    }

    fn let_go(&self, why: LetGo) {
        self.statistics.count(ServerMetric::Received);
        self.statistics.count(ServerMetric::ReceiveDrop);
        self.statistics.count(match why {
            LetGo::Full => ServerMetric::QueueFull,
            LetGo::Stale => ServerMetric::Stale,
            LetGo::Repeated => ServerMetric::Duplicate,
        });
        if why == LetGo::Full {
            log!(self.shared.log, (twin::PACKET_QUEUE_FULL.of(F::VERSION)));
        }
    }

    /// Serves as many of those that wait as come in one batch.
    fn serve_backlog(&mut self, now: Now, out: &mut Outbox) {
        for _ in 0..kea_net::BATCH {
            let mut stale = 0;
            let next = self.backlog.pop(now.since_epoch, |_| stale += 1);
            (0..stale).for_each(|_| self.let_go(LetGo::Stale));
            let Some(held) = next else { break };
            self.serve(now, &held.datagram(), held.turn, out);
        }
    }

    /// Makes what was decided durable, and sends what is.
    fn commit(&mut self, now: Now, out: &mut Outbox) {
        self.write();
        // Meanwhile some may have become durable; and a watermark that rose before it was known that
        // somebody waits for it wakes nobody.
        self.send_ready(now, out);
    }

    /// Also changes that nobody is told of, such as a release, are to be kept.
    fn write(&self) {
        // A thread of its own would cost more than the write.
        if self.shared.journal.has_rows() && !self.shared.journal.write_at_once() {
            self.tell_waiting();
            self.shared.journal.flush();
        }
    }

    fn send_ready(&mut self, now: Now, out: &mut Outbox) {
        if !self.held.is_empty() && self.unpark(now) {
            self.write();
        }
        if !self.parked.is_empty() {
            self.release(now, out);
            self.tell_waiting();
        }
    }

    fn serve(&mut self, now: Now, datagram: &Datagram<'_>, turn: Turn, out: &mut Outbox) {
        let Some(arrival) = arrival::<F>(datagram) else { return };
        if self.shared.service.is_disabled() {
            self.ignore(&arrival.sender(), arrival.interface);
            return;
        }
        self.decide(now, (datagram, turn), Some(&arrival), out);
    }

    /// What the server of the other protocol sends: never part of the backlog, since it has waited there.
    fn serve_carried(&mut self, now: Now, datagram: &Datagram<'_>, out: &mut Outbox) {
        if F::VERSION == 4 && self.shared.service.is_disabled() {
            self.ignore(&"the DHCPv6 server", datagram.arrival.interface_name);
            return;
        }
        self.decide(now, (datagram, Turn::Only), None, out);
    }

    /// Without an arrival, the datagram is one of the other server.
    fn decide(
        &mut self,
        now: Now,
        (datagram, turn): (&Datagram<'_>, Turn),
        arrival: Option<&Arrival<'_, F>>,
        out: &mut Outbox,
    ) {
        let callouts = callouts(self.hooks.as_deref(), &self.lot);
        let corridor = self.shared.corridor(&self.config, &self.statistics, callouts, now);
        self.buffer.clear();
        let decided = match arrival {
            Some(arrival) => {
                self.serve.decide_or_drop(&corridor, arrival, datagram.payload, &mut self.buffer)
            }
            None => {
                let links = |origin: &Origin<'_>| link::<F>(out, origin);
                self.serve.decide_carried(&corridor, &links, datagram.payload, &mut self.buffer)
            }
        };
        let Ok(mut answer) = decided else { return };
        if let Some(arrival) = arrival
            && self.shared.answers_to_source
            && !arrival.source.is_unspecified()
        {
            answer.transmit.destination = arrival.source;
        }
        if answer.parked.is_some() || answer.after > self.shared.journal.durable() {
            self.park(now, answer, datagram, turn);
        } else {
            let mut octets = std::mem::take(&mut self.buffer);
            self.leave(&answer, datagram.payload, &mut octets, out);
            self.left.extend(datagram.arrival.received);
            self.buffer = octets;
        }
    }

    /// Sends an answer, unless hooks do not want it to leave.
    fn leave(&self, answer: &Answer<F>, query: &[u8], octets: &mut Vec<u8>, out: &mut Outbox) {
        let query = match &answer.way {
            Way::Client => query,
            Way::Carried(carriage) => carriage.query(),
            Way::PassedOn => {
                if !out.send_across(octets) {
                    log!(self.shared.log, DHCP6_DHCP4O6_SEND_FAIL, NO_CHANNEL);
                    self.statistics.count(ServerMetric::ReceiveDrop);
                }
                return;
            }
        };
        if let Some(hooks) = &self.hooks
            && !leaves(hooks, &self.shared.log, query, &answer.transmit, octets)
        {
            self.statistics.count(ServerMetric::ReceiveDrop);
            return;
        }
        if let Way::Carried(carriage) = &answer.way {
            return self.carry(carriage, answer.message_type, octets, out);
        }
        self.statistics.sent(answer.message_type);
        out.send(&to_destination(&answer.transmit, self.config.interfaces.outbound), octets);
    }

    /// Sends an answer by way of the DHCPv6 server.
    fn carry(&self, carriage: &Carriage, message_type: u8, answer: &[u8], out: &mut Outbox) {
        let mut message = Vec::new();
        let reason: &dyn std::fmt::Display = match carriage.carry(answer, &mut message) {
            Ok(()) if out.send_across(&message) => {
                self.statistics.sent(message_type);
                return;
            }
            Ok(()) => &NO_CHANNEL,
            Err(error) => &error.clone(),
        };
        tell_not_carried(&self.shared.log, answer, reason);
        self.statistics.count(ServerMetric::ReceiveDrop);
    }

    /// Service is switched off: the client may ask another server.
    fn ignore(&self, sender: &dyn std::fmt::Display, interface: &str) {
        self.statistics.count(ServerMetric::Received);
        self.statistics.count(ServerMetric::ReceiveDrop);
        self.statistics.count(ServerMetric::ServiceDisabled);
        let from = format_args!("packet from {sender} on {interface}");
        log!(self.shared.log, (twin::PACKET_DROP_DHCP_DISABLED.of(F::VERSION)), from);
    }

    /// Kept of a query while its answer waits.
    fn again(&self, answer: &Answer<F>, query: &Datagram<'_>, turn: Turn) -> Option<Box<Held>> {
        let is_shared = matches!(self.config.lease_database, LeaseDatabase::Sql(_));
        let is_own = matches!(answer.way, Way::Client);
        (is_shared && is_own && turn == Turn::First).then(|| Box::new(Held::new(query, Turn::Only)))
    }

    /// True when another server was faster with what the answer grants.
    fn has_lost(&self, answer: &Answer<F>, octets: &[u8]) -> bool {
        if !self.shared.lost.any() {
            return false;
        }
        let mut has_lost = false;
        F::spoken_of(octets, &mut |address| {
            has_lost |= self.shared.lost.concerns(address, answer.after);
        });
        has_lost
    }

    /// Has a query decided again with what is known by now; one that nobody kept is the client's to repeat.
    fn decide_again(&mut self, now: Now, again: Option<Box<Held>>) {
        let again = again.and_then(|held| {
            let source = F::Addr::of_ip(held.peer.ip())?;
            Some((F::rank(&held.payload, source), held))
        });
        let Some((rank, held)) = again else {
            self.statistics.count(ServerMetric::ReceiveDrop);
            return;
        };
        let since = held.received.unwrap_or(now.since_epoch);
        if let Some((why, _)) = self.backlog.push(rank, since, *held) {
            self.let_go(why);
        }
    }

    fn park(&mut self, now: Now, answer: Answer<F>, datagram: &Datagram<'_>, turn: Turn) {
        if self.parked.len() + self.held.len() >= PARKED {
            self.statistics.count(ServerMetric::ReceiveDrop);
            self.statistics.count(ServerMetric::QueueFull);
            return;
        }
        let mut octets = self.spare.pop().unwrap_or_default();
        std::mem::swap(&mut octets, &mut self.buffer);
        self.serve.in_flight.begin(answer.transaction);
        let received = datagram.arrival.received;
        let query = self.hooks.as_ref().map(|_| datagram.payload.to_vec()).unwrap_or_default();
        let id = answer.parked.as_ref().map(|wait| wait.id);
        let again = self.again(&answer, datagram, turn);
        let parked = Parked { since: now.instant, received, answer, octets, query, again };
        match id {
            Some(id) => drop(self.held.insert(id, parked)),
            None => self.parked.push_back(parked),
        }
    }

    /// Takes what hooks have let go of: from then on it waits for the disk like the others. True when
    /// leases changed meanwhile.
    fn unpark(&mut self, now: Now) -> bool {
        let mut has_declined = false;
        for (id, outcome) in self.lot.take() {
            // One that found no room to wait is gone already.
            let Some(parked) = self.held.remove(&id) else { continue };
            if outcome == Unparked::Leaves {
                self.parked.push_back(parked);
                continue;
            }
            self.statistics.count(ServerMetric::ReceiveDrop);
            self.serve.in_flight.end(parked.answer.transaction);
            let offered = parked.answer.parked.as_ref().and_then(|wait| wait.offered.as_deref());
            if let (Unparked::Declined, Some(offered)) = (outcome, offered) {
                let query = match &parked.answer.way {
                    Way::Carried(carriage) => carriage.query(),
                    _ => &parked.query,
                };
                let callouts = callouts(self.hooks.as_deref(), &self.lot);
                let corridor = self.shared.corridor(&self.config, &self.statistics, callouts, now);
                F::decline_offer(&corridor, query, offered);
                has_declined = true;
            }
        }
        has_declined
    }

    /// Sends what has become durable. Tickets of one worker rise, but for those of answers that hooks
    /// held; so the rest waits behind.
    fn release(&mut self, now: Now, out: &mut Outbox) {
        let durable = self.shared.journal.durable();
        while self.parked.front().is_some_and(|parked| parked.answer.after <= durable) {
            let Some(parked) = self.parked.pop_front() else { break };
            let Parked { since, received, answer, mut octets, query, again } = parked;
            self.serve.in_flight.end(answer.transaction);
            let waited = now.instant.saturating_duration_since(since);
            self.measures().commits.record(waited);
            if self.has_lost(&answer, &octets) {
                self.decide_again(now, again);
            } else if waited <= MAX_ANSWER_WAIT {
                self.leave(&answer, &query, &mut octets, out);
                self.left.extend(received);
            } else {
                self.statistics.count(ServerMetric::ReceiveDrop);
            }
            octets.clear();
            self.spare.push(octets);
        }
    }

    fn measures(&self) -> &Measures {
        &self.shared.measures[self.number]
    }

    /// Notes how long answers took that leave now, and what stays behind.
    fn measure(&mut self) {
        if !self.left.is_empty() {
            let now = Now::read().since_epoch;
            let answers = &self.shared.measures[self.number].answers;
            self.left.drain(..).for_each(|since| answers.record(now.saturating_sub(since)));
        }
        let measures = self.measures();
        measures.queries_waiting.store(self.backlog.len(), Ordering::Relaxed);
        let waiting = self.parked.len() + self.held.len();
        measures.answers_waiting.store(waiting, Ordering::Relaxed);
    }

    fn tell_waiting(&self) {
        let first = self.parked.front().map_or(u64::MAX, |parked| parked.answer.after.0);
        self.shared.waiting[self.number].store(first, Ordering::SeqCst);
    }
}

impl<F: Serving> kea_net::Handler for Worker<F> {
    fn on_batch(&mut self, now: Now, batch: &[Datagram<'_>], out: &mut Outbox) {
        self.refresh();
        // A batch comes by one socket.
        if batch.first().is_some_and(|first| first.arrival.delivery == Delivery::Channel) {
            for datagram in batch {
                self.serve_carried(now, datagram, out);
            }
            self.commit(now, out);
            self.measure();
            return;
        }
        let is_full = batch.len() >= kea_net::BATCH;
        let waited = waited(now, batch);
        let is_kept_up_with =
            self.backlog.is_empty() && !self.pressure.is_overload(now.instant, is_full, waited);
        if is_kept_up_with {
            for datagram in batch {
                self.serve(now, datagram, Turn::First, out);
            }
        } else {
            self.helpings = if is_full { self.helpings.saturating_add(1) } else { 0 };
            self.absorb(now, batch);
            if self.is_hungry() {
                self.measure();
                return;
            }
            self.serve_backlog(now, out);
        }
        self.commit(now, out);
        self.pressure.served();
        self.measure();
    }

    fn on_wake(&mut self, now: Now, out: &mut Outbox) {
        if self.backlog.is_empty() {
            self.send_ready(now, out);
        } else {
            self.serve_backlog(now, out);
            self.commit(now, out);
            self.pressure.served();
        }
        self.measure();
    }

    fn is_hungry(&self) -> bool {
        !self.helpings.is_multiple_of(HELPINGS)
    }

    fn next_deadline(&self) -> Option<Instant> {
        (!self.backlog.is_empty()).then(Instant::now)
    }
}

/// Why nothing goes to the server of the other protocol before its socket is open.
const NO_CHANNEL: &str = "the socket for it is not open";
/// After so many batches that only waited, some are served even if still more have come.
const HELPINGS: u32 = 64;

/// For how long the first of a batch waited in its socket.
fn waited(now: Now, batch: &[Datagram<'_>]) -> Duration {
    let since = batch.first().and_then(|datagram| datagram.arrival.received);
    since.map_or(Duration::ZERO, |since| now.since_epoch.saturating_sub(since))
}

/// A query that waits: a datagram with octets of its own.
#[derive(Debug)]
struct Held {
    payload: Box<[u8]>,
    interface: u32,
    interface_name: Box<str>,
    local: IpAddr,
    local_port: u16,
    delivery: Delivery,
    peer: SocketAddr,
    hw_addr: Option<HwAddr>,
    received: Option<Duration>,
    turn: Turn,
}

/// Whether a query may be decided once more, when another server was faster with what it was granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    First,
    /// What the database did not take twice, it does not take again; and what the other server carried
    /// is for that one to repeat.
    Only,
}

impl Held {
    fn new(datagram: &Datagram<'_>, turn: Turn) -> Self {
        let kea_net::Arrival {
            interface,
            interface_name,
            local,
            local_port,
            delivery,
            peer,
            hw_addr,
            received,
        } = datagram.arrival;
        Held {
            payload: datagram.payload.into(),
            interface,
            interface_name: interface_name.into(),
            local,
            local_port,
            delivery,
            peer,
            hw_addr,
            received,
            turn,
        }
    }

    fn datagram(&self) -> Datagram<'_> {
        Datagram {
            payload: &self.payload,
            arrival: kea_net::Arrival {
                interface: self.interface,
                interface_name: &self.interface_name,
                local: self.local,
                local_port: self.local_port,
                delivery: self.delivery,
                peer: self.peer,
                hw_addr: self.hw_addr,
                received: self.received,
            },
        }
    }
}

/// How many queries may wait at one worker: `packet-queue-size` with threads, the `capacity` of
/// `dhcp-queue-control` without.
fn backlog_capacity<F: Serving>(config: &Snapshot<F>) -> usize {
    /// Where the configuration says nothing.
    const USUAL: u32 = 1024;
    /// Where it says that there is no limit.
    const MOST: u32 = 1 << 16;
    let threads = &config.multi_threading;
    let queue = Some(&config.queue_control).filter(|queue| queue.enabled);
    let capacity = match (threads.enabled, queue) {
        (true, _) if threads.packet_queue_size == 0 => MOST,
        (true, _) => threads.packet_queue_size,
        (false, Some(queue)) => queue.capacity,
        (false, None) => USUAL,
    };
    capacity.max(1) as usize
}

/// Threads as configured, but no more than there are processors to run them: these never wait, so others
/// would only take turns with them. Hooks may wait.
pub(super) fn worker_count<F: Serving>(
    config: &Snapshot<F>,
    processors: NonZeroUsize,
) -> NonZeroUsize {
    let threads = &config.multi_threading;
    if !threads.enabled {
        return NonZeroUsize::MIN;
    }
    let wanted = NonZeroUsize::new(threads.thread_pool_size as usize).unwrap_or(processors);
    if config.hooks_libraries.is_empty() { wanted.min(processors) } else { wanted }
}

/// The hooks as those of one worker are asked.
fn callouts<'a, F: Serving>(
    hooks: Option<&'a Hooks<F>>,
    lot: &'a Arc<ParkingLot>,
) -> Option<Callouts<'a, F>> {
    hooks.map(|hooks| Callouts { hooks, lot: Some(lot) })
}

/// The hooks in force, if there are any.
fn hooks<F: Serving>(shared: &Shared<F>) -> Option<Arc<Hooks<F>>> {
    let hooks = shared.hooks.load_full();
    Some(hooks).filter(|hooks| !hooks.is_empty())
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
            Delivery::Unicast | Delivery::Channel => local,
            Delivery::Broadcast | Delivery::Multicast => F::EVERY_SERVER,
        },
        link_source: from.hw_addr,
        carrier: None,
    })
}

/// Where the client of a carried message is. A DHCPv4 server that serves nothing there is known by an
/// address that it serves elsewhere; a DHCPv6 server has no other way to the client.
fn link<F: Serving>(out: &Outbox, origin: &Origin<'_>) -> Option<Link<F>> {
    let of = |(index, address)| Some(Link { index, address: F::Addr::of_ip(address)? });
    if F::VERSION == 6 {
        return out.link(origin.interface, origin.source.into()).and_then(of);
    }
    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let here = out.link(origin.interface, any);
    here.or_else(|| out.any_local(any).map(|address| (0, address))).and_then(of)
}

/// Answers go back by the interface that the query came by, or the way that the routing table says
/// (`outbound-interface`). What all hear goes to the link of the client in either case.
fn to_destination<F: Serving>(transmit: &Transmit<F>, outbound: Outbound) -> Destination {
    let destination = transmit.destination.ip();
    let is_for_all = destination == IpAddr::V4(Ipv4Addr::BROADCAST);
    let is_routed = F::VERSION == 4 && outbound == Outbound::UseRouting && !is_for_all;
    Destination {
        peer: SocketAddr::new(destination, transmit.port),
        interface: (!is_routed).then_some(transmit.interface_index),
        source: (!is_routed).then_some(transmit.source.ip()),
        hw_addr: transmit.link_destination.filter(|_| !is_routed),
    }
}

/// Whether the watermark matters to a worker that waits for `first`.
pub(super) fn is_awaited(first: u64, durable: Ticket) -> bool {
    first <= durable.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use kea_config::document::{Document, Files};
    use kea_wire::V4;

    fn config(keys: &str) -> Snapshot<V4> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("kea.conf");
        std::fs::write(&file, format!("{{ \"Dhcp4\": {{ {keys} }} }}")).unwrap();
        let (document, _) = Document::load(&file.to_string_lossy(), &Files).unwrap();
        kea_config::load::<V4>(&Arc::new(document)).unwrap().0
    }

    #[test]
    fn there_are_no_more_threads_than_processors_unless_hooks_may_wait() {
        let workers = |wanted: u32, processors: usize, more: &str| {
            let keys = format!(
                "\"multi-threading\": {{ \"enable-multi-threading\": true, \
                 \"thread-pool-size\": {wanted} }}{more}"
            );
            worker_count(&config(&keys), NonZeroUsize::new(processors).unwrap()).get()
        };
        assert_eq!([workers(2, 1, ""), workers(2, 4, ""), workers(0, 4, "")], [1, 2, 4]);
        let hooks = ", \"hooks-libraries\": [ { \"library\": \"libdhcp_lease_query.so\" } ]";
        assert_eq!([workers(2, 1, hooks), workers(0, 4, hooks)], [2, 4]);
        let off = "\"multi-threading\": { \"enable-multi-threading\": false }";
        assert_eq!(worker_count(&config(off), NonZeroUsize::new(4).unwrap()).get(), 1);
    }

    #[test]
    fn as_many_wait_as_configured_with_threads_and_without() {
        let capacity = |keys: &str| backlog_capacity(&config(keys));
        let threads = |with: bool, size: u32| {
            format!(
                "\"multi-threading\": {{ \"enable-multi-threading\": {with}, \
                 \"packet-queue-size\": {size} }}"
            )
        };
        let queue = |enabled: bool| {
            format!(
                "\"dhcp-queue-control\": {{ \"enable-queue\": {enabled}, \"capacity\": 77, \
                 \"queue-type\": \"kea-ring4\" }}"
            )
        };
        assert_eq!(capacity(""), 1024);
        assert_eq!(capacity(&threads(true, 12)), 12);
        assert_eq!(capacity(&threads(true, 0)), 65_536);
        assert_eq!(capacity(&format!("{}, {}", threads(false, 12), queue(true))), 77);
        assert_eq!(capacity(&format!("{}, {}", threads(false, 12), queue(false))), 1024);
    }
}
