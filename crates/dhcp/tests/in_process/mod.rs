//! A DHCPv4 server without a process: the corridor, lease files in a folder, and a clock that stands
//! still until it is moved.

pub(crate) mod hooks;
pub(crate) mod name_changes;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kea_config::document::{Document, Files};
use kea_config::{Snapshot, load as check};
use kea_ddns::NameChangeRequest;
use kea_dhcp::pipeline;
use kea_dhcp::pipeline::{
    Arrival, Callouts, Corridor, NameChanges, QueueFull, Statistics, Transaction, Transmit, leaves,
    reclaim, recount,
};
use kea_dhcp::{Serving as _, Worker};
use kea_hooks::{Hook, Hooks, ParkId, ParkedLimit, ParkingLot, Unparked};
use kea_lease::{
    Durability, ExpiredLeasesProcessing, FileDisk, Journal, JournalLimits, Lease, LeaseFiles,
    Leases, Progress, Reclamation, load,
};
use kea_log::{Captured, log};
use kea_stats::{ServerKind, Stats, UnixMicros};
use kea_testkit::scenario::{Backend, Query, Reply, SERVER_ADDRESS, SERVER_MAC};
use kea_testkit::{Answer, Frame, LeaseRow, ServerSetup, Subject, read_lease_file};
use kea_wire::{HwAddr, V4};
use serde_json::{Value, json};

/// The server, its folder, its clock and what it said.
pub(crate) struct InProcess {
    setup: ServerSetup,
    now: i64,
    log: Captured,
    told: Told,
    running: Option<Running>,
    replies: VecDeque<Frame>,
    hooks: Arc<Hooks<V4>>,
    lot: Arc<ParkingLot>,
    held: HashMap<ParkId, Parked>,
}

/// An answer that waits for hooks, its query, and what it offers.
struct Parked {
    transaction: Transaction,
    frame: Frame,
    query: Vec<u8>,
    offered: Option<Box<Lease<V4>>>,
}

/// What the DNS was told. Clones share one list.
#[derive(Clone, Debug, Default)]
struct Told(Arc<Mutex<Vec<NameChangeRequest>>>);

impl NameChanges for Told {
    fn request(&self, request: NameChangeRequest) -> Result<(), QueueFull> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        Ok(())
    }
}

struct Running {
    config: Snapshot<V4>,
    leases: Leases<V4>,
    journal: Journal,
    stats: Stats,
    statistics: Statistics<V4>,
    worker: Worker<V4>,
}

impl InProcess {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(InProcess {
            setup: ServerSetup::new(Subject::Ours, 4)?,
            now: 1_700_000_000,
            log: Captured::default(),
            told: Told::default(),
            running: None,
            replies: VecDeque::new(),
            hooks: Arc::new(Hooks::new(&[], Captured::default())),
            lot: ParkingLot::new(ParkedLimit::default(), || {}),
            held: HashMap::new(),
        })
    }

    /// The same server with a hook.
    pub(crate) fn with_hook(mut self, hook: Arc<dyn Hook<V4>>) -> Self {
        self.hooks = Arc::new(Hooks::new(&[hook], self.log.clone()));
        self
    }

    /// What the DNS was told so far.
    pub(crate) fn name_changes(&self) -> Vec<NameChangeRequest> {
        self.told.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn snapshot(&self, config: &Value) -> Result<Snapshot<V4>, String> {
        let folder = self.setup.folder().to_string_lossy().into_owned();
        let text = self.setup.config(config).to_string().replace("@DIR@", &folder);
        let name = self.setup.config_file();
        std::fs::write(&name, text).map_err(|error| error.to_string())?;
        let (document, mut warnings) = Document::load(&name.to_string_lossy(), &Files)
            .map_err(|problems| problems.render())?;
        let (snapshot, more) =
            check::<V4>(&Arc::new(document)).map_err(|problems| problems.render())?;
        warnings.append(more);
        for warning in warnings.iter() {
            log!(self.log, DHCP4_CONFIG_SYNTAX_WARNING, warning.message);
        }
        Ok(snapshot)
    }

    fn run(&mut self, config: Snapshot<V4>) -> io::Result<()> {
        if !config.hooks_libraries.is_empty() {
            let hooks = kea_hooks::load(&config, kea_hook_libs::libraries());
            self.hooks = Arc::new(Hooks::new(&hooks.map_err(io::Error::other)?, self.log.clone()));
        }
        let leases = Leases::new();
        leases.configure(&config.lease_specs());
        let files = LeaseFiles::of(self.setup.lease_file());
        load(&files, &leases, 0, |_| true, &mut |_| {})
            .map_err(|error| io::Error::other(error.to_string()))?;
        let (disk, len) = FileDisk::open::<V4>(files)?;
        let quiet = Box::new(|_: kea_lease::Ticket| {});
        let journal = Journal::new(
            Box::new(disk),
            len,
            Durability::ProcessCrash,
            JournalLimits::default(),
            quiet,
            Box::new(|_| {}),
        );
        let stats = Stats::new(ServerKind::Dhcp4, 1, jiff::tz::TimeZone::UTC);
        recount(&stats, &config, &leases, self.micros());
        let statistics = self.statistics(&stats, &config);
        let worker = Worker::new(7, None);
        self.running = Some(Running { config, leases, journal, stats, statistics, worker });
        Ok(())
    }

    fn statistics(&self, stats: &Stats, config: &Snapshot<V4>) -> Statistics<V4> {
        Statistics::new(stats, 0, config, self.micros())
    }

    fn micros(&self) -> UnixMicros {
        UnixMicros(self.now * 1_000_000)
    }

    fn running(&mut self) -> io::Result<&mut Running> {
        self.running.as_mut().ok_or_else(|| io::Error::other("the server does not run"))
    }

    fn decline(&mut self, query: &[u8], offered: &Lease<V4>) -> io::Result<()> {
        let (now, log, told) = (self.now, self.log.clone(), self.told.clone());
        let (hooks, lot) = (Arc::clone(&self.hooks), Arc::clone(&self.lot));
        let callouts = Callouts { hooks: &hooks, lot: Some(&lot) };
        let running = self.running()?;
        V4::decline_offer(&running.corridor(&log, &told, callouts, now), query, offered);
        running.commit();
        Ok(())
    }

    fn reclaim(&mut self, remove: bool) -> io::Result<()> {
        let (now, log, told) = (self.now, self.log.clone(), self.told.clone());
        let (hooks, lot) = (Arc::clone(&self.hooks), Arc::clone(&self.lot));
        let running = self.running()?;
        let hold = if remove { 0 } else { u32::MAX };
        let settings = ExpiredLeasesProcessing {
            reclaim_timer_wait_time: 1,
            flush_reclaimed_timer_wait_time: 1,
            hold_reclaimed_time: hold,
            max_reclaim_leases: 0,
            max_reclaim_time: 0,
            unwarned_reclaim_cycles: 0,
        };
        let callouts = Callouts { hooks: &hooks, lot: Some(&lot) };
        let corridor = running.corridor(&log, &told, callouts, now);
        reclaim(&corridor, &mut Reclamation::new(settings), || Duration::ZERO);
        running.commit();
        Ok(())
    }
}

impl Running {
    fn corridor<'a>(
        &'a self,
        log: &'a Captured,
        told: &'a Told,
        callouts: Callouts<'a, V4>,
        now: i64,
    ) -> Corridor<'a, V4> {
        Corridor {
            config: &self.config,
            leases: &self.leases,
            journal: &self.journal,
            statistics: &self.statistics,
            log,
            name_changes: told,
            callouts: Some(callouts),
            now,
        }
    }

    fn decide(
        &mut self,
        query: &Query,
        log: &Captured,
        told: &Told,
        callouts: Callouts<'_, V4>,
        now: i64,
    ) -> Option<(Option<ParkId>, Parked)> {
        let arrival = arrival(query);
        let corridor = Corridor {
            config: &self.config,
            leases: &self.leases,
            journal: &self.journal,
            statistics: &self.statistics,
            log,
            name_changes: told,
            callouts: Some(callouts),
            now,
        };
        let mut payload = Vec::new();
        let answer = self.worker.decide(&corridor, &arrival, &query.payload, &mut payload);
        self.commit();
        let answer: pipeline::Answer<V4> = answer.ok()?;
        assert!(
            answer.after <= self.journal.durable(),
            "an answer waits for a row that is written"
        );
        let hooks = callouts.hooks;
        if !leaves(hooks, log, &query.payload, &answer.transmit, &mut payload) {
            return None;
        }
        self.statistics.sent(answer.message_type);
        if answer.parked.is_some() {
            self.worker.in_flight.begin(answer.transaction);
        }
        let (id, offered) = answer.parked.map(|wait| (wait.id, wait.offered)).unzip();
        let parked = Parked {
            transaction: answer.transaction,
            frame: frame(&answer.transmit, payload),
            query: query.payload.clone(),
            offered: offered.flatten(),
        };
        Some((id, parked))
    }

    fn commit(&self) {
        while self.journal.write_step() == Progress::Worked
            || self.journal.sync_step() == Progress::Worked
        {}
    }
}

impl Backend for InProcess {
    fn subject_word(&self) -> &'static str {
        "ours"
    }

    fn start(&mut self, config: &Value) -> io::Result<Result<(), String>> {
        match self.snapshot(config) {
            Ok(snapshot) => self.run(snapshot).map(Ok),
            Err(problems) => Ok(Err(problems)),
        }
    }

    fn reconfigure(&mut self, config: &Value) -> io::Result<Result<(), String>> {
        let snapshot = match self.snapshot(config) {
            Ok(snapshot) => snapshot,
            Err(problems) => return Ok(Err(problems)),
        };
        let now = self.micros();
        let running = self.running()?;
        running.leases.configure(&snapshot.lease_specs());
        recount(&running.stats, &snapshot, &running.leases, now);
        running.config = snapshot;
        let running = self.running.take();
        if let Some(mut running) = running {
            running.statistics = self.statistics(&running.stats, &running.config);
            self.running = Some(running);
        }
        Ok(Ok(()))
    }

    fn restart(&mut self) -> io::Result<()> {
        let running = self.running.take();
        let running = running.ok_or_else(|| io::Error::other("the server does not run"))?;
        self.run(running.config)
    }

    fn send(&mut self, query: &Query) -> io::Result<()> {
        // What the socket's filter lets through.
        let accepted = [Ipv4Addr::BROADCAST, SERVER_ADDRESS].map(|ip| SocketAddr::from((ip, 67)));
        if !accepted.contains(&query.to) {
            return Ok(());
        }
        let (now, log, told) = (self.now, self.log.clone(), self.told.clone());
        let (hooks, lot) = (Arc::clone(&self.hooks), Arc::clone(&self.lot));
        let callouts = Callouts { hooks: &hooks, lot: Some(&lot) };
        match self.running()?.decide(query, &log, &told, callouts, now) {
            Some((Some(id), parked)) => {
                self.held.insert(id, parked);
            }
            Some((None, parked)) => self.replies.push_back(parked.frame),
            None => {}
        }
        Ok(())
    }

    fn receive(&mut self) -> io::Result<Option<Reply>> {
        for (id, outcome) in self.lot.take() {
            let Some(parked) = self.held.remove(&id) else { continue };
            self.running()?.worker.in_flight.end(parked.transaction);
            match (outcome, &parked.offered) {
                (Unparked::Leaves, _) => self.replies.push_back(parked.frame),
                (Unparked::Declined, Some(offered)) => self.decline(&parked.query, offered)?,
                _ => {}
            }
        }
        Ok(self.replies.pop_front())
    }

    fn settle(&mut self) -> io::Result<()> {
        Ok(())
    }

    fn advance(&mut self, seconds: u32) -> io::Result<()> {
        self.now += i64::from(seconds);
        Ok(())
    }

    fn command(&mut self, command: &Value) -> io::Result<Answer> {
        let name = command["command"].as_str().unwrap_or_default();
        let arguments = command.get("arguments");
        let now = self.micros();
        match name {
            "leases-reclaim" => {
                let remove = arguments.is_some_and(|a| a["remove"] == json!(true));
                self.reclaim(remove)?;
                Ok(answer(0, None, None))
            }
            "config-get" => {
                let text = self.running()?.config.render().to_pretty();
                let config = serde_json::from_str(&text).map_err(io::Error::other)?;
                Ok(answer(0, None, Some(config)))
            }
            _ => match self.running()?.stats.command(name, arguments, now) {
                Some(said) => {
                    let shown = said.arguments.map(|text| serde_json::from_str(&text));
                    let shown = shown.transpose().map_err(io::Error::other)?;
                    Ok(answer(said.result.into(), said.text, shown))
                }
                None => Ok(answer(2, Some(format!("'{name}' command not supported.")), None)),
            },
        }
    }

    fn leases(&mut self) -> io::Result<BTreeMap<String, LeaseRow>> {
        read_lease_file(&self.setup.lease_file())
    }

    fn log_mark(&mut self) -> usize {
        self.log.events().len()
    }

    fn log_since(&mut self, mark: usize) -> Vec<String> {
        self.log.events().iter().skip(mark).map(kea_log::Event::text).collect()
    }
}

fn answer(result: i64, text: Option<String>, arguments: Option<Value>) -> Answer {
    Answer { result, text: text.unwrap_or_default(), arguments: arguments.unwrap_or_default() }
}

fn arrival(query: &Query) -> Arrival<'static, V4> {
    Arrival {
        interface: "eth0",
        interface_index: 2,
        interface_address: Some(SERVER_ADDRESS),
        source: in_ipv4(query.from),
        source_port: query.from.port(),
        destination: in_ipv4(query.to),
        link_source: HwAddr::new(1, &query.from_mac),
        carrier: None,
    }
}

fn in_ipv4(place: SocketAddr) -> Ipv4Addr {
    match place.ip() {
        IpAddr::V4(address) => address,
        IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
    }
}

fn frame(transmit: &Transmit<V4>, payload: Vec<u8>) -> Frame {
    let everyone = [0xff; 6];
    let to_mac = match transmit.link_destination {
        Some(hw_addr) if transmit.destination != Ipv4Addr::BROADCAST => {
            hw_addr.octets().try_into().unwrap_or(everyone)
        }
        _ => everyone,
    };
    Frame {
        to_mac,
        from_mac: SERVER_MAC,
        from: (transmit.source, 67).into(),
        to: (transmit.destination, transmit.port).into(),
        payload,
    }
}
