//! A DHCP server process: everything around the corridor.

mod announce;
mod backend;
mod classes;
mod commands;
mod deep_check;
mod definitions;
mod hooks;
mod hosts;
mod identity;
mod interfaces;
mod lease_table;
mod limits;
mod losses;
mod measures;
mod metrics;
mod name_changes;
mod outage;
mod pressure;
mod sanity;
mod schedule;
mod select_test;
mod service;
mod shared;
mod sockets;
mod storage;
mod subnets;
mod times;
mod worker;

use std::ffi::OsString;
use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::Sender;
use std::sync::{Arc, OnceLock};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use kea_config::snapshot::Snapshot;
use kea_control::{Calls, Handlers, Listeners, ReconfigurationError};
use kea_dhcp::Serving;
use kea_dhcp::pipeline::{Callouts, flush_reclaimed, reclaim, reclamation_settings};
use kea_hooks::{Library, ParkedLimit, ParkingLot};
use kea_lease::{Journal, Leases, LostClaims, Reclamation};
use kea_log::message::twin;
use kea_log::{Environment, Handle, Logging, LoggingOptions, log};
use kea_net::{Listen, Mode, Selection, Service, ServiceOptions};
use kea_sql::LeaseRows;
use kea_stats::{ServerKind, Stats};

pub(crate) use self::identity::identify_without_file;
pub(crate) use self::storage::file_path;

use self::backend::{Backend, Polling};
use self::commands::Next;
use self::hosts::{Change, Hosts};
use self::losses::Losses;
use self::measures::Measures;
use self::name_changes::NameChangeSender;
use self::outage::{GivenUp, Outage, Policy};
use self::schedule::Schedule;
use self::shared::{Shared, unix_micros};
use self::sockets::{listen, log_event};
use self::storage::{CleanUp, FileStorage, Storage};
use self::worker::{Worker, worker_count};
use crate::arguments::{Explain, Program, Run};
use crate::configuration;
use crate::console::{fail, say};
use crate::control_plane::{ControlPlane, Signals, Wish};
use crate::explain;
use crate::layout::Layout;
use crate::pid_file::{PidFile, PidFileError, pid_file_path};
use crate::privileges::Confinement;
use crate::program::Tasks;
use crate::service_manager::{Phase, ServiceManager};
use crate::version;

/// The whole of a DHCP server program.
pub fn main<F: Serving + LeaseRows>(
    program: Program,
    arguments: impl IntoIterator<Item = OsString>,
    libraries: &'static [Library<F>],
) -> ExitCode {
    crate::program::main(program, arguments, &DhcpServer { program, libraries })
}

struct DhcpServer<F: Serving> {
    program: Program,
    libraries: &'static [Library<F>],
}

impl<F: Serving + LeaseRows> Tasks for DhcpServer<F> {
    fn check(&self, file: &Path, deep: bool) -> ExitCode {
        match configuration::load::<F>(file, Confinement::Confined) {
            Ok(loaded) if deep => check_deeply(&loaded, self.libraries),
            Ok(loaded) => say(&loaded.warnings()),
            Err(problems) => fail(&problems),
        }
    }

    fn serve(&self, run: &Run, plane: ControlPlane) -> ExitCode {
        match serve::<F>(self.program, run, plane, self.libraries) {
            Ok(code) => ExitCode::from(code),
            Err(Fatal) => ExitCode::FAILURE,
        }
    }

    fn explain(&self, request: &Explain) -> ExitCode {
        explain::main::<F>(request, self.libraries)
    }
}

/// What is odd about a configuration, and what on this machine stands in its way.
fn check_deeply<F: Serving>(
    loaded: &configuration::Loaded<F>,
    libraries: &[Library<F>],
) -> ExitCode {
    say(&loaded.warnings());
    let layout = Layout::of_this_process();
    let obstacles = deep_check::obstacles(&loaded.snapshot, &layout, libraries);
    if obstacles.is_empty() { ExitCode::SUCCESS } else { fail(&obstacles.join("\n")) }
}

/// The server cannot go on; the reason is logged and on standard error.
struct Fatal;

/// Starts, serves until told to stop, and stops.
fn serve<F: Serving + LeaseRows>(
    program: Program,
    run: &Run,
    mut plane: ControlPlane,
    libraries: &'static [Library<F>],
) -> Result<u8, Fatal> {
    let layout = Layout::of_this_process();
    let mut logging = start_logging(program, run, &layout)?;
    let logger = logging.handle();
    let server_port = run.server_port.unwrap_or(F::SERVER_PORT);
    let starting = twin::STARTING.of(F::VERSION);
    log!(logger, (starting), version::VERSION, version::release_type());
    let client_port = run.client_port.map_or("default".to_owned(), |port| port.to_string());
    let pid = std::process::id();
    log!(logger, (twin::START_INFO.of(F::VERSION)), pid, server_port, client_port, run.verbose);
    if version::release_type() == "development" {
        log!(logger, (twin::DEVELOPMENT_VERSION.of(F::VERSION)));
    }
    let _pid_file = take_pid_file::<F>(program, run, &layout, &logger)?;
    let mut config = load_first::<F>(run, &logger)?;
    identity::identify(&mut config, &layout)
        .map_err(|error| give_up::<F>(&logger, &run.file, &error))?;
    // Opening a log file can fail; then nothing has been touched yet.
    logger
        .configure(&configuration::loggers(&config))
        .map_err(|error| give_up::<F>(&logger, &run.file, &error))?;
    logging.start_writer().map_err(|error| give_up::<F>(&logger, &run.file, &error))?;

    announce::received::<F>(&logger, config.document());
    let (backend, config) = merge_first(run, config, &layout, &logger)?;
    let (mut server, calls) = Server::start(run, config, &layout, server_port, &logger, libraries)?;
    server.backend = backend;
    server.await_required_sockets(&mut plane)?;
    server.run_until_stopped(plane, calls)
}

fn start_logging(program: Program, run: &Run, layout: &Layout) -> Result<Logging, Fatal> {
    let mut options = LoggingOptions::new(program.name);
    options.program.verbose = run.verbose;
    options.environment = Environment::of_process();
    options.lockfile_dir = layout.run.display().to_string();
    Logging::start(options).map_err(|error| {
        fail(&format!("{}: {error}", program.name));
        Fatal
    })
}

fn take_pid_file<F: Serving>(
    program: Program,
    run: &Run,
    layout: &Layout,
    logger: &Handle,
) -> Result<PidFile, Fatal> {
    let path = pid_file_path(&layout.run, program.name, &run.file);
    PidFile::take(path, program.name).map_err(|error| {
        match &error {
            PidFileError::Running { .. } => {
                log!(logger, (twin::ALREADY_RUNNING.of(F::VERSION)), program.name, error);
            }
            PidFileError::Unreadable { .. } | PidFileError::Io { .. } => {
                log!(logger, (twin::SERVER_FAILED.of(F::VERSION)), error);
            }
        }
        fail(&format!("{}: {error}", program.name));
        Fatal
    })
}

fn load_first<F: Serving>(run: &Run, logger: &Handle) -> Result<Snapshot<F>, Fatal> {
    let file = &run.file;
    let loaded = configuration::load::<F>(file, run.confinement).and_then(|loaded| {
        limits::check(run, &loaded.snapshot)?;
        Ok(loaded)
    });
    match loaded {
        Ok(loaded) => {
            for warning in loaded.warning_lines() {
                log!(logger, (twin::CONFIG_SYNTAX_WARNING.of(F::VERSION)), warning);
            }
            Ok(loaded.snapshot)
        }
        Err(problems) => {
            let summary = configuration::first_line(&problems);
            log!(logger, (twin::CONFIG_LOAD_FAIL.of(F::VERSION)), file.display(), summary);
            let text = format!("{}: {summary}", file.display());
            log!(logger, (twin::INIT_FAIL.of(F::VERSION)), text);
            fail(&problems);
            Err(Fatal)
        }
    }
}

/// What the configuration database says is part of the first configuration, or there is none.
fn merge_first<F: Serving>(
    run: &Run,
    config: Snapshot<F>,
    layout: &Layout,
    logger: &Handle,
) -> Result<(Option<Backend<F>>, Snapshot<F>), Fatal> {
    let merged = Backend::open(config, logger).and_then(|(backend, mut config)| {
        limits::check(run, &config)?;
        identity::identify(&mut config, layout)?;
        Ok((backend, config))
    });
    merged.map_err(|problem| {
        log!(logger, (twin::CONFIG_LOAD_FAIL.of(F::VERSION)), run.file.display(), problem);
        give_up::<F>(logger, &run.file, &problem)
    })
}

fn give_up<F: Serving>(logger: &Handle, file: &Path, reason: &dyn Display) -> Fatal {
    let text = format!("{}: {reason}", file.display());
    log!(logger, (twin::INIT_FAIL.of(F::VERSION)), text);
    fail(&text);
    Fatal
}

/// How long a stopping server waits for answers to leave.
const LAST_ANSWERS: Duration = Duration::from_secs(1);
/// How long the answer to `leases-reclaim` waits for the disk.
const RECLAIMED_BY: Duration = Duration::from_secs(5);

/// A running server.
struct Server<F: Serving> {
    run: Run,
    port: u16,
    shared: Arc<Shared<F>>,
    service: Service<Worker<F>>,
    threads: Vec<JoinHandle<()>>,
    clean_up: Option<CleaningUp>,
    outage: Arc<Outage>,
    /// Where an outage tells that it lasted too long.
    given_up: Arc<GivenUp>,
    losses: Losses,
    /// Claims that others were faster with, as far as statistics know of them.
    lost_claims: u64,
    reclamation: Reclamation,
    /// Reservations in databases.
    hosts: Hosts<F>,
    backend: Option<Backend<F>>,
    logger: Handle,
    /// The hook libraries that are part of the server.
    libraries: &'static [Library<F>],
    /// What the last command asked for.
    next: Next,
    listeners: Listeners,
    manager: ServiceManager,
}

impl<F: Serving> Server<F> {
    fn start(
        run: &Run,
        mut config: Snapshot<F>,
        layout: &Layout,
        port: u16,
        logger: &Handle,
        libraries: &'static [Library<F>],
    ) -> Result<(Self, Calls), Fatal>
    where
        F: LeaseRows,
    {
        let refused = |error: &dyn Display| give_up::<F>(logger, &run.file, error);
        let processors = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let workers = worker_count(&config, processors);
        let (leases, lost) = (Arc::new(Leases::new()), Arc::new(LostClaims::default()));
        leases.configure(&config.lease_specs());
        let waiting: Arc<[AtomicU64]> =
            (0..workers.get()).map(|_| AtomicU64::new(u64::MAX)).collect();
        let wakers = Arc::new(OnceLock::new());
        let hooks = hooks::load(&config, libraries, logger).map_err(|error| refused(&error))?;
        announce::contents(logger, &config);
        announce::libraries(logger, &config, libraries);
        log!(logger, (twin::CONFIG_COMPLETE.of(F::VERSION)), configuration::summary(&config));
        let service = Arc::new(service::Service::default());
        let (outage, given_up) = outages(&config, &service);
        let Storage { journal, file } =
            storage::open(&config, layout, (&leases, &lost), &waiting, &wakers, &outage, logger)
                .map_err(|error| refused(&error))?;
        let hosts = Hosts::start(&mut config, &leases, &service, &given_up, logger)
            .map_err(|error| refused(&error))?;
        announce::identity(logger, &config);
        let zone = jiff::tz::TimeZone::system();
        let stats = Stats::new(ServerKind::of_version(F::VERSION), workers.get(), zone);
        let listen = listen::<F>(&config, port);
        let name_changes = NameChangeSender::start(logger).map_err(|error| refused(&error))?;
        name_changes.apply(&config.dhcp_ddns).map_err(|error| refused(&error))?;
        announce::threads(logger, &config, workers.get());
        let reclamation = Reclamation::new(reclamation_settings(&config));
        let shared = Arc::new(Shared {
            config: ArcSwap::from_pointee(config),
            leases,
            lost,
            journal,
            stats,
            log: logger.clone(),
            measures: waiting.iter().map(|_| Measures::default()).collect(),
            waiting,
            answers_to_source: answers_to_source::<F>(logger),
            service,
            hooks: ArcSwap::from_pointee(hooks),
            name_changes,
            times: times::Times::now(),
        });
        shared.limit_samples(None, &shared.config.load());
        shared.recount();
        let threads = storage::start_threads(&shared, |shared| &shared.journal)
            .map_err(|error| refused(&error))?;
        let clean_up = file.map(|file| CleaningUp::start::<F>(file, logger));
        let clean_up = clean_up.transpose().map_err(|error| refused(&error))?;
        let options =
            ServiceOptions { workers, name: "dhcp".to_owned(), ..ServiceOptions::default() };
        let parked = ParkedLimit::default();
        let make = |id: kea_net::WorkerId, waker: kea_net::Waker| {
            let lot = ParkingLot::new(parked.clone(), move || waker.wake());
            let serve = kea_dhcp::Worker::new(seed(id.0), run.client_port);
            Worker::new(Arc::clone(&shared), id.0, serve, lot)
        };
        let events = logger.clone();
        log!(logger, (twin::OPEN_SOCKET.of(F::VERSION)), port);
        let tell = move |event| log_event::<F>(&events, &event);
        let service =
            Service::start(&options, listen, make, tell).map_err(|error| refused(&error))?;
        // Set once, here.
        let _ = wakers.set(service.wakers().to_vec());
        let (listeners, calls) = Listeners::new(Arc::new(logger.clone()));
        let seen = Arc::clone(&shared);
        listeners.page("/metrics", metrics::MEDIA_TYPE, move || metrics::page(&seen));
        let server = Server {
            run: run.clone(),
            port,
            shared,
            service,
            threads,
            clean_up,
            outage,
            given_up,
            reclamation,
            hosts,
            backend: None,
            lost_claims: 0,
            losses: Losses::default(),
            logger: logger.clone(),
            libraries,
            next: Next::Serve,
            listeners,
            manager: ServiceManager::of_this_process(),
        };
        server.shared.hooks.load().configured(&server.shared.config.load_full());
        Ok((server, calls))
    }

    /// Where all sockets are required, tries to open them as often as configured
    /// (`service-sockets-max-retries`), and gives up then. Else those that are missing are opened as soon as
    /// they can be.
    fn await_required_sockets(&self, plane: &mut ControlPlane) -> Result<(), Fatal> {
        let config = self.shared.config.load();
        let mut missing = self.service.failures();
        if !config.interfaces.require_all {
            return Ok(());
        }
        let tries = config.interfaces.max_retries;
        for _ in 0..tries {
            if missing.is_empty() {
                break;
            }
            if plane.stops_within(Duration::from_millis(config.interfaces.retry_wait_ms.into())) {
                return Ok(());
            }
            missing = self.service.listen(listen::<F>(&config, self.port));
        }
        let Some(failure) = missing.first() else { return Ok(()) };
        if tries > 0 {
            log!(self.logger, (twin::OPEN_SOCKETS_FAILED.of(F::VERSION)), tries);
        }
        Err(give_up::<F>(&self.logger, &self.run.file, failure))
    }

    /// Serves. Gives the exit code of a clean stop.
    fn run_until_stopped(mut self, plane: ControlPlane, mut calls: Calls) -> Result<u8, Fatal> {
        let (logger, file) = (self.logger.clone(), self.run.file.clone());
        let control = move || {
            give_way_to_packets();
            let ControlPlane { runtime, mut signals } = plane;
            let result = runtime.block_on(self.control(&mut signals, &mut calls));
            self.stop();
            result
        };
        let thread = std::thread::Builder::new().name("control".to_owned()).spawn(control);
        let result = match thread.map(JoinHandle::join) {
            Ok(Ok(result)) => result,
            Ok(Err(panic)) => std::panic::resume_unwind(panic),
            Err(error) => Err(error.to_string()),
        };
        result.map_err(|error| give_up::<F>(&logger, &file, &error))
    }

    /// The control plane: signals, commands and timers.
    async fn control(&mut self, signals: &mut Signals, calls: &mut Calls) -> Result<u8, String> {
        let handlers = commands::handlers::<F>();
        let sockets = self.shared.config.load().control_sockets.clone();
        self.listeners.apply(&sockets).map_err(|error| error.to_string())?;
        for name in handlers.names() {
            log!(self.logger, COMMAND_REGISTERED, name);
        }
        let code = self.attend(&handlers, signals, calls).await;
        self.manager.tell(Phase::Stopping);
        log!(self.logger, (twin::SHUTDOWN_REQUEST.of(F::VERSION)));
        for name in handlers.names() {
            log!(self.logger, COMMAND_DEREGISTERED, name);
        }
        let logger: Arc<dyn kea_log::Log> = Arc::new(self.logger.clone());
        let listeners = std::mem::replace(&mut self.listeners, Listeners::new(logger).0);
        listeners.close(LAST_ANSWERS).await;
        Ok(code)
    }

    async fn attend(
        &mut self,
        handlers: &Handlers<Self>,
        signals: &mut Signals,
        calls: &mut Calls,
    ) -> u8 {
        let mut schedule = Schedule::new(&self.shared.config.load(), Instant::now());
        let given_up = Arc::clone(&self.given_up);
        log!(self.logger, (twin::STARTED.of(F::VERSION)), version::VERSION);
        self.tell_how_it_is(None);
        loop {
            let next = schedule.next().into_iter().chain(self.shared.service.next_lapse()).min();
            let sleep = async {
                match next {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                wish = signals.next() => match wish {
                    Wish::Stop => return 0,
                    Wish::Reload => {
                        self.manager.tell(Phase::Reloading);
                        let outcome = self.reload();
                        if outcome.is_ok() {
                            schedule = Schedule::new(&self.shared.config.load(), Instant::now());
                        }
                        self.tell_how_it_is(outcome.err());
                    }
                },
                Some(mut call) = calls.next() => {
                    hooks::hear(&self.shared.hooks.load_full(), &mut call);
                    let log = self.logger.clone();
                    handlers.call(self, call, &log);
                    match std::mem::replace(&mut self.next, Next::Serve) {
                        Next::Serve => {}
                        Next::Poll => schedule.poll.restart(Instant::now()),
                        Next::Reschedule => {
                            schedule = Schedule::new(&self.shared.config.load(), Instant::now());
                        }
                        Next::Stop(code) => return code,
                    }
                }
                change = self.hosts.change() => self.follow_hosts(change),
                attempts = given_up.wait() => {
                    log!(self.logger, (twin::DB_RECONNECT_FAILED.of(F::VERSION)), attempts);
                    return 1;
                }
                outcome = Backend::news(&mut self.backend) => match self.hear_news(outcome) {
                    Polling::GoesOn => schedule.poll.restart(Instant::now()),
                    Polling::Ends => schedule.poll.stop(),
                },
                () = sleep => self.on_time(&mut schedule),
            }
        }
    }

    /// Tells the service manager what is served, and why a newer configuration is not in force.
    fn tell_how_it_is(&self, refused: Option<ReconfigurationError>) {
        let mut status = configuration::summary(&self.shared.config.load());
        if let Some(error) = refused {
            let problem = configuration::first_line(&error.to_string());
            status = format!("{status}; the newer configuration is refused: {problem}");
        }
        self.manager.tell(Phase::Serving(&status));
    }

    fn on_time(&mut self, schedule: &mut Schedule) {
        let now = Instant::now();
        self.shared.service.lapse(now);
        if schedule.reclaim.is_due(now) {
            self.reclaim();
            schedule.reclaim.restart(Instant::now());
        }
        if schedule.flush.is_due(now) {
            self.flush();
            schedule.flush.restart(Instant::now());
        }
        if schedule.observe.is_due(now) {
            self.shared.stats.observe(unix_micros());
            schedule.observe.restart(Instant::now());
        }
        if schedule.losses.is_due(now) {
            self.count_what_others_did();
            self.losses.tell::<F>(self.service.counters(), &self.logger);
            schedule.losses.restart(Instant::now());
        }
        if schedule.poll.is_due(now) {
            // It runs on when the outcome is known.
            schedule.poll.stop();
            self.backend.iter().for_each(Backend::poll);
        }
        if schedule.clean_up.is_due(now) {
            self.clean_up();
            schedule.clean_up.restart(Instant::now());
        }
    }

    fn count_what_others_did(&mut self) {
        let claims = self.shared.lost.total();
        if std::mem::replace(&mut self.lost_claims, claims) != claims {
            self.shared.recount();
        }
    }

    fn reclaim(&mut self) {
        let config = self.shared.config.load_full();
        let hooks = self.shared.hooks.load_full();
        let statistics = self.shared.statistics(0, &config);
        let begin = Instant::now();
        let callouts = Some(Callouts { hooks: &hooks, lot: None });
        let corridor = self.shared.corridor(&config, &statistics, callouts, kea_net::Now::read());
        reclaim(&corridor, &mut self.reclamation, || begin.elapsed());
        self.shared.journal.flush();
    }

    fn flush(&self) {
        let config = self.shared.config.load_full();
        let hooks = self.shared.hooks.load_full();
        let statistics = self.shared.statistics(0, &config);
        let callouts = Some(Callouts { hooks: &hooks, lot: None });
        let corridor = self.shared.corridor(&config, &statistics, callouts, kea_net::Now::read());
        flush_reclaimed(&corridor, &self.reclamation, usize::MAX);
        self.shared.journal.flush();
    }

    fn clean_up(&self) {
        if let Some(clean_up) = &self.clean_up {
            clean_up.request(&self.shared.journal);
        }
    }

    /// Reads the configuration again, and puts it in force if nothing is wrong with it. Workers
    /// serve on meanwhile.
    fn reload(&mut self) -> Result<(), ReconfigurationError> {
        let file = self.run.file.display().to_string();
        log!(self.logger, (twin::DYNAMIC_RECONFIGURATION.of(F::VERSION)), file);
        let result = self.try_reload();
        match &result {
            Ok(()) => {
                log!(self.logger, (twin::DYNAMIC_RECONFIGURATION_SUCCESS.of(F::VERSION)), file);
            }
            Err(error) => {
                let reason = configuration::first_line(&error.to_string());
                log!(self.logger, (twin::CONFIG_LOAD_FAIL.of(F::VERSION)), file, reason);
                log!(self.logger, (twin::DYNAMIC_RECONFIGURATION_FAIL.of(F::VERSION)), file);
            }
        }
        result
    }

    fn try_reload(&mut self) -> Result<(), ReconfigurationError> {
        let loaded = configuration::load::<F>(&self.run.file, self.run.confinement)?;
        announce::command::<F>(&self.logger, loaded.snapshot.document());
        for warning in loaded.warning_lines() {
            log!(self.logger, (twin::CONFIG_SYNTAX_WARNING.of(F::VERSION)), warning);
        }
        self.apply(loaded.snapshot)
    }

    /// Puts a checked configuration in force, or leaves everything as it is.
    fn apply(&mut self, config: Snapshot<F>) -> Result<(), ReconfigurationError> {
        announce::received::<F>(&self.logger, config.document());
        let (backend, mut config) = Backend::open(config, &self.logger)?;
        limits::check(&self.run, &config)?;
        let before = self.shared.config.load_full();
        if storage::needs_restart(&before, &config) {
            let problem = "the lease database cannot be changed while serving; restart for it";
            return Err(ReconfigurationError::Refused(problem.into()));
        }
        let hooks = hooks::load(&config, self.libraries, &self.logger)?;
        let mut hosts = match before.hosts_databases == config.hosts_databases {
            true => None,
            false => Some(self.open_hosts(&config)?),
        };
        let around = self.apply_around(&config);
        // The identifier may be written to its file, so nothing can fail after it.
        let layout = Layout::of_this_process();
        if let Err(problem) = around.and_then(|()| identity::identify(&mut config, &layout)) {
            // What was opened for the old configuration can be opened again, most likely.
            return Err(ReconfigurationError::after(problem, self.apply_around(&before)));
        }
        if let Some(hosts) = hosts.take() {
            self.hosts = hosts;
        }
        self.hosts.adopt(&mut config, &self.logger);
        self.logger.reopen();
        announce::libraries_closed(&self.logger, &self.shared.config.load(), self.libraries);
        announce::contents(&self.logger, &config);
        announce::libraries(&self.logger, &config, self.libraries);
        self.reclamation.settings = reclamation_settings(&config);
        self.outage.apply(Policy::of(&config.lease_database));
        let listen = listen::<F>(&config, self.port);
        let summary = configuration::summary(&config);
        let workers = self.shared.waiting.len();
        self.shared.leases.configure(&config.lease_specs());
        self.backend = backend;
        self.shared.hooks.store(Arc::new(hooks));
        self.shared.limit_samples(Some(&self.shared.config.load()), &config);
        let config = Arc::new(config);
        self.shared.config.store(Arc::clone(&config));
        self.shared.recount();
        self.shared.hooks.load().configured(&self.shared.config.load_full());
        self.service.listen(listen);
        self.shared.times.reconfigured();
        log!(self.logger, (twin::CONFIG_COMPLETE.of(F::VERSION)), summary);
        announce::identity(&self.logger, &config);
        announce::threads(&self.logger, &config, workers);
        Ok(())
    }

    /// Opens what lies around the server as `config` wants it: the way to the update daemon,
    /// logs, sockets for commands. Each is changed as a whole or not at all.
    fn apply_around(&mut self, config: &Snapshot<F>) -> Result<(), String> {
        self.shared.name_changes.apply(&config.dhcp_ddns).map_err(|error| error.to_string())?;
        let loggers = configuration::loggers(config);
        self.logger.configure(&loggers).map_err(|error| error.to_string())?;
        self.listeners.apply(&config.control_sockets).map_err(|error| error.to_string())
    }

    /// Puts in force a configuration that differs in its subnets, networks and classes alone: sockets,
    /// hooks, logs and timers stay as they are.
    fn apply_part(&mut self, mut config: Snapshot<F>) -> Result<(), String> {
        identity::identify(&mut config, &Layout::of_this_process())?;
        self.hosts.adopt(&mut config, &self.logger);
        let before = self.shared.config.load_full();
        announce::subnet_changes(&self.logger, &before, &config);
        self.shared.leases.configure(&config.lease_specs());
        self.shared.recount_changed(&before, &config);
        self.shared.config.store(Arc::new(config));
        let config = self.shared.config.load_full();
        self.shared.forget_others(&config);
        self.shared.hooks.load().configured(&config);
        Ok(())
    }

    /// Opens the databases of reservations of a configuration that is to be put in force.
    fn open_hosts(&self, config: &Snapshot<F>) -> Result<Hosts<F>, ReconfigurationError> {
        let service = &self.shared.service;
        Hosts::open(&config.hosts_databases, service, &self.given_up, &self.logger)
            .map_err(ReconfigurationError::Refused)
    }

    /// Puts in force what changed in a database of reservations.
    fn follow_hosts(&mut self, change: Change) {
        let mut config = Snapshot::clone(&self.shared.config.load());
        self.hosts.follow(change, &mut config, &self.logger);
        self.shared.leases.configure(&config.lease_specs());
        let config = Arc::new(config);
        self.shared.config.store(Arc::clone(&config));
        self.shared.hooks.load().configured(&config);
    }

    /// Reclaims everything that has ended, whatever the limits of a cycle are.
    fn reclaim_all(&mut self, remove: bool) {
        let config = self.shared.config.load_full();
        let hooks = self.shared.hooks.load_full();
        let statistics = self.shared.statistics(0, &config);
        let callouts = Some(Callouts { hooks: &hooks, lot: None });
        let corridor = self.shared.corridor(&config, &statistics, callouts, kea_net::Now::read());
        let mut settings = self.reclamation.settings;
        settings.max_reclaim_leases = 0;
        settings.max_reclaim_time = 0;
        if remove {
            settings.hold_reclaimed_time = 0;
        }
        let begin = Instant::now();
        reclaim(&corridor, &mut Reclamation::new(settings), || begin.elapsed());
        // Whoever gave the command may look into the file.
        self.shared.journal.settle(RECLAIMED_BY);
    }

    fn stop(&mut self) {
        self.service.listen(Listen {
            selection: Selection::default(),
            port: self.port,
            mode: Mode::Udp4,
            channel: None,
        });
        self.shared.journal.stop();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
        self.shared.journal.finish();
        log!(self.logger, DHCPSRV_CLOSE_DB, storage::kind(&self.shared.config.load()));
        self.shared.name_changes.stop();
        log!(self.logger, (twin::SHUTDOWN.of(F::VERSION)));
        announce::libraries_closed(&self.logger, &self.shared.config.load(), self.libraries);
    }
}

/// Has this thread served after those of packets, which wait for the processor where commands keep it busy.
/// It still gets its share: about a quarter of a processor beside a thread that is never idle.
fn give_way_to_packets() {
    // On Linux of this thread alone. Without it everything works too.
    let _ = rustix::process::nice(NICER);
}

/// Added to what the process was started with.
const NICER: i32 = 5;

/// The clean-up of lease files in the background. What is not finished when the server stops is
/// finished by the next one.
struct CleaningUp {
    files: kea_lease::LeaseFiles,
    requests: Sender<CleanUp>,
}

impl CleaningUp {
    fn start<F: Serving>(file: FileStorage, logger: &Handle) -> std::io::Result<Self> {
        let FileStorage { files, clean_up, requests } = file;
        storage::start_clean_up::<F>(files.clone(), requests, logger.clone())?;
        Ok(CleaningUp { files, requests: clean_up })
    }

    fn request(&self, journal: &Journal) {
        if self.files.cleanup_is_due() {
            // The thread ends with this sender.
            let _ = self.requests.send(CleanUp);
        } else {
            journal.rotate();
        }
    }
}

/// The outages of the lease database, and where all outages tell that they last too long.
fn outages<F: Serving>(
    config: &Snapshot<F>,
    service: &Arc<service::Service>,
) -> (Arc<Outage>, Arc<GivenUp>) {
    let (policy, given_up) = (Policy::of(&config.lease_database), Arc::new(GivenUp::default()));
    let (service, told) = (Arc::clone(service), Arc::clone(&given_up));
    (Arc::new(Outage::new("lease-database", policy, service, told)), given_up)
}

/// Whether the environment wants answers sent back to where queries came from (the manual's page on
/// `perfdhcp`).
fn answers_to_source<F: Serving>(logger: &Handle) -> bool {
    let value = std::env::var_os("KEA_TEST_SEND_RESPONSES_TO_SOURCE");
    let is_set =
        F::VERSION == 4 && value.is_some_and(|value| value == "ENABLED" || value == "ENABLE");
    if is_set {
        log!(logger, DHCP4_TESTING_MODE_SEND_TO_SOURCE_ENABLED);
    }
    is_set
}

fn seed(worker: usize) -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    // The standard library's hasher is keyed with randomness of the system.
    RandomState::new().hash_one((worker, unix_micros().0))
}
