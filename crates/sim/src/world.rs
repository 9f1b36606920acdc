//! The world: a clock, a queue of what happens next, and everybody in it.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::Arc;

use kea_lease::{Durability, Progress};

use crate::client::{Client as _, Moment};
use crate::link::{Inbound, Link, Sent, Weather};
use crate::log::SimLog;
use crate::oracle::{Oracle, Rule, Violation};
use crate::plan::{Configured, Plan};
use crate::profile::{Profile, SECOND};
use crate::protocol::Protocol;
use crate::random::Random;
use crate::run::Tally;
use crate::server::{Server, Step};
use crate::storage::Storage;

/// Everything there is in a simulation.
pub(crate) struct World<F: Protocol> {
    pub(crate) profile: Profile,
    pub(crate) random: Random,
    /// Microseconds since the beginning.
    pub(crate) now: u64,
    /// Unix seconds of the server's clock at the beginning; jumps with that clock.
    pub(crate) epoch: i64,
    pub(crate) plan: Arc<Configured<F>>,
    pub(crate) server: Server<F>,
    pub(crate) storage: Storage,
    pub(crate) oracle: Oracle<F>,
    pub(crate) clients: Vec<F::Client>,
    pub(crate) links: Vec<Link>,
    pub(crate) weather: Weather,
    pub(crate) calm: bool,
    /// A configuration is being put in force.
    pub(crate) is_reconfiguring: bool,
    pub(crate) tally: Tally,
    /// What clients sent lately, for whoever listens.
    pub(crate) overheard: Vec<Inbound<F>>,
    /// Lines of the story, when it is told.
    pub(crate) story: Option<Vec<String>>,
    /// The client served last, when the story is told.
    pub(crate) last_served: String,
    queue: BinaryHeap<Reverse<Entry<F>>>,
    events: u64,
    timers: Vec<u64>,
    journal_steps: [bool; 2],
    /// What writing and syncing take now, in microseconds.
    pub(crate) disk_time: u64,
    pub(crate) buffer: Vec<u8>,
}

/// Something that happens.
pub(crate) enum Event<F: Protocol> {
    /// A client's timer goes off, unless it was set anew.
    Wake(usize),
    /// A datagram reaches the server's machine.
    Arrive(Inbound<F>),
    /// A worker takes what has gathered for it.
    Work(usize),
    /// Durable answers of a worker leave.
    Release(usize),
    /// The journal's writer runs; its syncer runs.
    Write,
    Sync,
    /// An answer reaches a link.
    Deliver(usize, Vec<u8>),
    /// A timer of the server's.
    Reclaim,
    Flush,
    CleanUp,
    /// A configuration is put in force, step by step.
    Reconfigure(Arc<Configured<F>>, Step),
    /// A datagram of nobody's.
    Noise,
    /// Trouble.
    Mishap(Mishap),
}

/// Trouble that comes by chance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mishap {
    Partition,
    Crash,
    Restart,
    Reconfiguration,
    ClockJump,
    DiskFault,
    DiskRepair,
}

struct Entry<F: Protocol> {
    at: u64,
    number: u64,
    event: Event<F>,
}

impl<F: Protocol> World<F> {
    /// The world of a seed.
    pub(crate) fn new(seed: u64, telling: bool) -> Result<Self, String> {
        let profile = Profile::of(seed);
        let mut random = Random::new(seed);
        let mut plan = Plan::<F>::new(&profile, &mut random);
        let mut clients = Vec::new();
        for number in 0..profile.clients {
            clients.push(F::client(number, &plan, &mut random));
        }
        let identities: Vec<_> = clients.iter().map(F::Client::identity).collect();
        plan.reserve(&identities, &mut random);
        let plan = Arc::new(plan.configure());
        let storage = Storage::new().map_err(|error| error.to_string())?;
        let log = if telling { SimLog::telling() } else { SimLog::default() };
        let config = Arc::clone(&plan);
        let number = random.number();
        let server = Server::start(&profile, config, &storage, number, log, &mut |_| {})?;
        let weather =
            Weather { loss: profile.loss, duplicates: profile.duplicates, delay: profile.delay };
        let mut world = World {
            oracle: Oracle::new(profile.match_client_id),
            links: vec![Link::default(); profile.links],
            timers: vec![0; clients.len()],
            disk_time: profile.disk_time,
            weather,
            random,
            now: 0,
            epoch: 1_700_000_000,
            plan,
            server,
            storage,
            clients,
            calm: false,
            is_reconfiguring: false,
            tally: Tally::default(),
            overheard: Vec::new(),
            story: telling.then(Vec::new),
            last_served: String::new(),
            queue: BinaryHeap::new(),
            events: 0,
            journal_steps: [false; 2],
            buffer: Vec::with_capacity(2048),
            profile,
        };
        world.begin();
        Ok(world)
    }

    fn begin(&mut self) {
        for client in 0..self.clients.len() {
            self.set_timer(client);
        }
        self.after(SECOND, Event::Reclaim);
        self.after(SECOND, Event::Flush);
        if self.profile.clean_ups > 0 {
            self.after(self.profile.clean_ups * SECOND, Event::CleanUp);
        }
        if self.profile.noise > 0 {
            self.after(SECOND, Event::Noise);
        }
        self.schedule_mishaps();
    }

    /// Unix seconds of the server's clock.
    pub(crate) fn unix(&self) -> i64 {
        self.epoch + (self.now / SECOND) as i64
    }

    pub(crate) fn after(&mut self, delay: u64, event: Event<F>) {
        self.events += 1;
        let entry = Entry { at: self.now + delay, number: self.events, event };
        self.queue.push(Reverse(entry));
    }

    /// Adds to the story, when it is told.
    pub(crate) fn tell(&mut self, line: impl FnOnce() -> String) {
        let (now, unix) = (self.now, self.unix());
        if let Some(story) = &mut self.story {
            let (seconds, micros) = (now / SECOND, now % SECOND);
            story.push(format!("{seconds:>6}.{micros:06} [{unix}] {}", line()));
        }
    }

    /// What happens until then happens.
    pub(crate) fn play_until(&mut self, end: u64) -> Result<(), Violation> {
        while self.now < end {
            self.step()?;
        }
        Ok(())
    }

    /// What happens next happens.
    pub(crate) fn step(&mut self) -> Result<(), Violation> {
        let Some(Reverse(Entry { at, event, .. })) = self.queue.pop() else {
            return Err(Violation::new(Rule::Recovers, "nothing happens any more"));
        };
        self.now = at;
        self.tally.events += 1;
        match event {
            Event::Wake(client) => self.wake(client, at),
            Event::Arrive(inbound) => self.arrive(inbound),
            Event::Work(worker) => self.work(worker)?,
            Event::Release(worker) => self.release(worker)?,
            Event::Write => self.write()?,
            Event::Sync => self.sync()?,
            Event::Deliver(link, octets) => self.deliver(link, &octets),
            Event::Reclaim => {
                let now = self.unix();
                let ended = self.server.reclaim(now, false);
                self.tell(|| format!("the server reclaims {ended} leases"));
                let wait = self.plan.snapshot.expired_leases.reclaim_timer_wait_time.max(1);
                self.after(u64::from(wait) * SECOND, Event::Reclaim);
                self.flush_journal();
            }
            Event::Flush => {
                let now = self.unix();
                self.server.reclaim(now, true);
                let wait = self.plan.snapshot.expired_leases.flush_reclaimed_timer_wait_time;
                self.after(u64::from(wait.max(5)) * SECOND, Event::Flush);
                self.flush_journal();
            }
            Event::CleanUp => self.clean_up()?,
            Event::Reconfigure(config, step) => self.reconfigure(&config, step),
            Event::Noise => self.noise(),
            Event::Mishap(mishap) => self.mishap(mishap)?,
        }
        Ok(())
    }

    fn wake(&mut self, number: usize, at: u64) {
        if self.timers[number] != at {
            return;
        }
        let mut out = Vec::new();
        let link = self.clients[number].link();
        let moment = Moment {
            now: self.now,
            random: &mut self.random,
            plan: &self.plan.plan,
            calm: self.calm,
            out: &mut out,
        };
        self.clients[number].wake(moment);
        self.send_all(self.clients[number].link(), out);
        if self.clients[number].link() != link {
            let (who, to) = (self.clients[number].identity(), self.clients[number].link());
            self.tell(|| format!("{who} moves from link {link} to link {to}"));
        }
        self.set_timer(number);
    }

    fn set_timer(&mut self, number: usize) {
        let next = self.clients[number].next().max(self.now + 1);
        if self.timers[number] != next {
            self.timers[number] = next;
            self.after(next - self.now, Event::Wake(number));
        }
    }

    fn send_all(&mut self, link: usize, out: Vec<Sent<F>>) {
        for sent in out {
            self.send(link, sent);
        }
    }

    /// A datagram begins its way to the server: through the link, and a relay where there is one.
    pub(crate) fn send(&mut self, link: usize, sent: Sent<F>) {
        let Sent { mut payload, from } = sent;
        let unicast = from.is_some() || link > 0;
        let source = match from {
            Some(own) => own,
            None if link > 0 => {
                F::relay(&mut payload, link, &mut self.random);
                self.plan.plan.router(link)
            }
            None => F::DIRECT,
        };
        let inbound = Inbound { payload, link, source, unicast };
        if self.overheard.len() < 64 {
            self.overheard.push(inbound.clone());
        } else if self.random.permille(50) {
            let at = self.random.position(64);
            self.overheard[at] = inbound.clone();
        }
        self.travel(inbound);
    }

    pub(crate) fn travel(&mut self, inbound: Inbound<F>) {
        let link = &self.links[inbound.link];
        let arrivals = self.weather.arrivals(self.now, link, &mut self.random);
        let [first, again] = arrivals;
        if let Some(at) = again {
            self.after(at - self.now, Event::Arrive(inbound.clone()));
        }
        if let Some(at) = first {
            self.after(at - self.now, Event::Arrive(inbound));
        }
    }

    /// Datagrams are dealt by a hash of the client; what cannot be read, anywhere.
    fn arrive(&mut self, inbound: Inbound<F>) {
        let workers = self.server.workers.len();
        let key = F::read_query(&inbound.payload).map(|query| query.to);
        let worker = match key {
            Some(to) => {
                to.iter().fold(0usize, |hash, octet| hash.wrapping_mul(31) + usize::from(*octet))
            }
            None => self.random.position(workers),
        } % workers;
        if !self.server.receive(worker, inbound) {
            self.tally.overflowed += 1;
        }
        self.call(worker);
    }

    fn call(&mut self, worker: usize) {
        if !self.server.workers[worker].is_called {
            self.server.workers[worker].is_called = true;
            let delay = self.random.between(20, 400);
            self.after(delay, Event::Work(worker));
        }
    }

    /// A batch: no query of it sees two configurations, and its rows go to the journal together.
    fn work(&mut self, worker: usize) -> Result<(), Violation> {
        self.server.workers[worker].is_called = false;
        self.server.refresh(worker);
        let batch = self.random.between(1, 32);
        for _ in 0..batch {
            let Some(inbound) = self.server.workers[worker].inbox.pop_front() else { break };
            self.decide(worker, &inbound)?;
        }
        if !self.server.workers[worker].inbox.is_empty() {
            self.call(worker);
        }
        self.flush_journal();
        self.release(worker)
    }

    fn release(&mut self, worker: usize) -> Result<(), Violation> {
        for parked in self.server.release(worker) {
            self.leave(worker, parked)?;
        }
        Ok(())
    }

    pub(crate) fn flush_journal(&mut self) {
        if self.profile.durability != Durability::None {
            self.schedule_step(0, self.disk_time / 4);
        }
    }

    fn schedule_step(&mut self, step: usize, delay: u64) {
        if !self.journal_steps[step] {
            self.journal_steps[step] = true;
            let delay = delay + self.random.below(delay + 1);
            self.after(delay, if step == 0 { Event::Write } else { Event::Sync });
        }
    }

    fn write(&mut self) -> Result<(), Violation> {
        self.journal_steps[0] = false;
        let progress = self.server.journal.write_step();
        self.stepped(progress)
    }

    fn sync(&mut self) -> Result<(), Violation> {
        self.journal_steps[1] = false;
        let progress = self.server.journal.sync_step();
        self.stepped(progress)
    }

    /// After a step of the journal: workers hear of the watermark, failures are tried again.
    fn stepped(&mut self, progress: Progress) -> Result<(), Violation> {
        if self.server.disk.is_dead() {
            return self.crash(true);
        }
        if progress == Progress::Failed {
            self.tell(|| "the disk fails the journal".to_owned());
            self.tally.disk_failures += 1;
            self.schedule_step(0, SECOND / 4);
        }
        if self.profile.durability == Durability::PowerLoss {
            self.schedule_step(1, self.disk_time);
        }
        for worker in 0..self.server.workers.len() {
            if !self.server.workers[worker].parked.is_empty() {
                let delay = self.random.between(10, 200);
                self.after(delay, Event::Release(worker));
            }
        }
        Ok(())
    }

    fn deliver(&mut self, link: usize, octets: &[u8]) {
        let Some(reply) = F::read_answer(octets) else { return };
        for number in 0..self.clients.len() {
            if self.clients[number].link() != link || !self.clients[number].is(&reply.to) {
                continue;
            }
            let mut out = Vec::new();
            let moment = Moment {
                now: self.now,
                random: &mut self.random,
                plan: &self.plan.plan,
                calm: self.calm,
                out: &mut out,
            };
            self.clients[number].receive(moment, octets);
            self.send_all(link, out);
            self.set_timer(number);
        }
    }

    /// After a restart the journal has no steps to come.
    pub(crate) fn forget_steps(&mut self) {
        self.queue = std::mem::take(&mut self.queue)
            .into_iter()
            .filter(|Reverse(entry)| {
                !matches!(
                    entry.event,
                    Event::Write
                        | Event::Sync
                        | Event::Work(_)
                        | Event::Release(_)
                        | Event::Reconfigure(..)
                )
            })
            .collect();
        self.journal_steps = [false; 2];
    }
}

impl<F: Protocol> PartialEq for Entry<F> {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl<F: Protocol> Eq for Entry<F> {}

impl<F: Protocol> PartialOrd for Entry<F> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<F: Protocol> Ord for Entry<F> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}
