//! A DHCP server process: everything around the corridor.

mod announce;
mod attempts;
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
mod reconfigure;
mod reservations;
mod sanity;
mod schedule;
mod select_test;
mod service;
mod shared;
mod sockets;
mod start;
mod storage;
mod subnets;
mod times;
mod worker;

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kea_control::{Calls, Handlers, Listeners, ReconfigurationError};
use kea_dhcp::Serving;
use kea_dhcp::pipeline::{Callouts, flush_reclaimed, reclaim};
use kea_hooks::Library;
use kea_lease::Reclamation;
use kea_log::message::twin;
use kea_log::{Handle, log};
use kea_net::{Listen, Mode, Selection, Service};
use kea_sql::LeaseRows;

pub(crate) use self::identity::identify_without_file;
pub(crate) use self::storage::file_path;

use self::backend::{Backend, Polling};
use self::commands::Next;
use self::hosts::Hosts;
use self::losses::Losses;
use self::outage::{GivenUp, Outage};
use self::schedule::Schedule;
use self::shared::{Shared, unix_micros};
use self::storage::CleaningUp;
use self::worker::Worker;
use crate::arguments::{Explain, Program, Run};
use crate::configuration;
use crate::console::{fail, say};
use crate::control_plane::{ControlPlane, Signals, Wish};
use crate::explain;
use crate::layout::Layout;
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
        match start::serve::<F>(self.program, run, plane, self.libraries) {
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
        result.map_err(|error| start::give_up::<F>(&logger, &file, &error))
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
        schedule.reclaim.run(now, Instant::now, || self.reclaim());
        schedule.flush.run(now, Instant::now, || self.flush());
        schedule.observe.run(now, Instant::now, || self.shared.stats.observe(unix_micros()));
        schedule.losses.run(now, Instant::now, || {
            self.count_what_others_did();
            self.losses.tell::<F>(self.service.counters(), &self.logger);
        });
        if schedule.poll.is_due(now) {
            // It runs on when the outcome is known.
            schedule.poll.stop();
            self.backend.iter().for_each(Backend::poll);
        }
        schedule.clean_up.run(now, Instant::now, || self.clean_up());
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
