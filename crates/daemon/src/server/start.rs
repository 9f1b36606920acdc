//! How a server starts: from arguments and a file to threads that serve.

use std::fmt::Display;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arc_swap::ArcSwap;
use kea_config::snapshot::Snapshot;
use kea_control::{Calls, Listeners};
use kea_dhcp::Serving;
use kea_dhcp::pipeline::reclamation_settings;
use kea_hooks::{Library, ParkedLimit, ParkingLot};
use kea_lease::{Leases, LostClaims, Reclamation};
use kea_log::message::twin;
use kea_log::{Environment, Handle, Logging, LoggingOptions, log};
use kea_net::{Service, ServiceOptions};
use kea_sql::LeaseRows;
use kea_stats::{ServerKind, Stats};

use super::backend::Backend;
use super::commands::Next;
use super::hosts::Hosts;
use super::losses::Losses;
use super::measures::Measures;
use super::name_changes::NameChangeSender;
use super::outage::{GivenUp, Outage, Policy};
use super::shared::{Shared, unix_micros};
use super::sockets::{listen, log_event};
use super::storage::{CleaningUp, Storage};
use super::worker::{Worker, worker_count};
use super::{Fatal, Server, announce, hooks, identity, limits, metrics, service, storage, times};
use crate::arguments::{Program, Run};
use crate::configuration;
use crate::console::fail;
use crate::control_plane::ControlPlane;
use crate::layout::Layout;
use crate::pid_file::{PidFile, PidFileError, pid_file_path};
use crate::service_manager::ServiceManager;
use crate::version;

/// Starts, serves until told to stop, and stops.
pub(super) fn serve<F: Serving + LeaseRows>(
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
    let merged = merge_first(run, config, &layout, &logger)?;
    let (server, calls) = Server::start(run, merged, &layout, server_port, &logger, libraries)?;
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
) -> Result<(Snapshot<F>, Option<Backend<F>>), Fatal> {
    let merged = Backend::open(config, logger).and_then(|(backend, mut config)| {
        limits::check(run, &config)?;
        identity::identify(&mut config, layout)?;
        Ok((config, backend))
    });
    merged.map_err(|problem| {
        log!(logger, (twin::CONFIG_LOAD_FAIL.of(F::VERSION)), run.file.display(), problem);
        give_up::<F>(logger, &run.file, &problem)
    })
}

pub(super) fn give_up<F: Serving>(logger: &Handle, file: &Path, reason: &dyn Display) -> Fatal {
    let text = format!("{}: {reason}", file.display());
    log!(logger, (twin::INIT_FAIL.of(F::VERSION)), text);
    fail(&text);
    Fatal
}

impl<F: Serving> Server<F> {
    fn start(
        run: &Run,
        (mut config, backend): (Snapshot<F>, Option<Backend<F>>),
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
            backend,
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
        log!(self.logger, (twin::OPEN_SOCKETS_FAILED.of(F::VERSION)), tries);
        Err(give_up::<F>(&self.logger, &self.run.file, failure))
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

pub(super) fn seed(worker: usize) -> u64 {
    use std::hash::{BuildHasher as _, RandomState};
    // The standard library's hasher is keyed with randomness of the system.
    RandomState::new().hash_one((worker, unix_micros().0))
}
