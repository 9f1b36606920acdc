//! The configuration backend: a database that says more than the file does, and wins over it (manual
//! chapter 3, "Kea Configuration Backend").
//!
//! A thread of its own reads the database and checks what comes of it. The control plane puts the outcome in
//! force as it does with a configuration that a command gives.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use kea_config::Snapshot;
use kea_dhcp::Serving;
use kea_log::message::twin;
use kea_log::{Handle, log};
use kea_sql::configuration::{self, FetchError, Fetched, Revision};
use kea_sql::{Access, Database};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::attempts::Attempts;
use super::sockets::listen;
use super::{Server, limits};

/// The backend of a configuration.
pub(super) struct Backend<F: Serving> {
    /// What the file says.
    base: Arc<Snapshot<F>>,
    /// How the database was when what is in force was read.
    revision: Revision,
    /// Regular fetches that failed, since one did not.
    failures: u32,
    /// The thread ends with this sender.
    jobs: Sender<Job<F>>,
    news: UnboundedReceiver<Outcome<F>>,
    tell: UnboundedSender<Outcome<F>>,
    logger: Handle,
}

/// A configuration in which what the database says is merged.
pub(super) struct Merged<F: Serving> {
    pub(super) snapshot: Snapshot<F>,
    /// What is odd about it, but accepted.
    pub(super) warnings: Vec<String>,
    revision: Revision,
}

/// What is new, if anything, or why that is not known or of no use.
pub(super) type Outcome<F> = Result<Option<Merged<F>>, String>;

/// What becomes of regular fetches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Polling {
    GoesOn,
    /// Too many have failed.
    Ends,
}

struct Job<F: Serving> {
    base: Arc<Snapshot<F>>,
    /// Nothing is new while the database is like this.
    since: Option<Revision>,
    tell: Box<dyn FnOnce(Outcome<F>) + Send>,
}

impl<F: Serving> Backend<F> {
    /// Opens the database of a configuration, if it has one, and merges what it says.
    ///
    /// # Errors
    /// Why that cannot be: the database, or the configuration that would come of it.
    pub(super) fn open(
        base: Snapshot<F>,
        logger: &Handle,
    ) -> Result<(Option<Self>, Snapshot<F>), String> {
        let control = base.config_control.as_ref();
        let Some(database) = control.and_then(|control| control.databases.first()) else {
            return Ok((None, base));
        };
        let access = Access::from(database);
        log!(logger, DCTL_OPEN_CONFIG_DB, access);
        let attempts = Attempts::for_configuration(access.kind(), F::VERSION);
        let opened = attempts.open(&access, logger, || Database::open(&access));
        let database = opened.map_err(|error| format!("{}: {error}", access.place()))?;
        let (jobs, requests) = channel();
        let (tell, news) = unbounded_channel();
        let work = move || serve_jobs::<F>(database, &access, &requests);
        let thread = thread::Builder::new().name("config-database".to_owned()).spawn(work);
        thread.map_err(|error| error.to_string())?;
        let (base, revision) = (Arc::new(base), Revision::default());
        let logger = logger.clone();
        let mut backend = Backend { base, revision, failures: 0, jobs, news, tell, logger };
        match backend.pull()? {
            Some(merged) => {
                backend.revision = merged.revision;
                backend.tell_of(&merged);
                Ok((Some(backend), merged.snapshot))
            }
            None => Err("the configuration database gave no answer".to_owned()),
        }
    }

    /// Has the thread look whether anything is new; [`Self::news`] gives the outcome.
    pub(super) fn poll(&self) {
        let tell = self.tell.clone();
        self.ask(Some(self.revision), move |outcome| drop(tell.send(outcome)));
    }

    /// Reads everything, now.
    ///
    /// # Errors
    /// As [`Outcome`].
    pub(super) fn pull(&mut self) -> Outcome<F> {
        let (tell, answer) = channel();
        self.ask(None, move |outcome| drop(tell.send(outcome)));
        let outcome = answer.recv().unwrap_or_else(|_| Err(GONE.to_owned()));
        // What an earlier look found is older.
        while self.news.try_recv().is_ok() {}
        outcome
    }

    /// Waits for the outcome of a look; for ever without a backend.
    pub(super) async fn news(backend: &mut Option<Self>) -> Outcome<F> {
        let news = match backend {
            Some(backend) => backend.news.recv().await,
            None => None,
        };
        match news {
            Some(outcome) => outcome,
            None => std::future::pending().await,
        }
    }

    /// What is new is in force.
    pub(super) fn in_force(&mut self, revision: Revision) {
        self.revision = revision;
    }

    /// Counts regular fetches that fail.
    pub(super) fn count(&mut self, is_good: bool) -> Polling {
        self.failures = if is_good { 0 } else { self.failures.saturating_add(1) };
        if self.failures < FAILURES { Polling::GoesOn } else { Polling::Ends }
    }

    /// Says that a merged configuration is about to be in force, and what is odd about it.
    pub(super) fn tell_of(&self, merged: &Merged<F>) {
        let logger = &self.logger;
        for warning in &merged.warnings {
            log!(logger, (twin::CONFIG_SYNTAX_WARNING.of(F::VERSION)), warning);
        }
        if F::VERSION == 4 {
            log!(logger, DHCPSRV_CFGMGR_CONFIG4_MERGED);
        } else {
            log!(logger, DHCPSRV_CFGMGR_CONFIG6_MERGED);
        }
    }

    fn ask(&self, since: Option<Revision>, tell: impl FnOnce(Outcome<F>) + Send + 'static) {
        let logger = &self.logger;
        log!(logger, DCTL_CONFIG_FETCH);
        let job = Job { base: Arc::clone(&self.base), since, tell: Box::new(tell) };
        if let Err(refused) = self.jobs.send(job) {
            (refused.0.tell)(Err(GONE.to_owned()));
        }
    }
}

impl<F: Serving> Merged<F> {
    pub(super) fn revision(&self) -> Revision {
        self.revision
    }
}

impl<F: Serving> Server<F> {
    /// What a regular look at the configuration database came to.
    pub(super) fn hear_news(&mut self, outcome: Outcome<F>) -> Polling {
        let result = outcome.and_then(|merged| merged.map_or(Ok(()), |new| self.apply_stored(new)));
        if let Err(problem) = &result {
            log!(self.logger, (twin::CB_PERIODIC_FETCH_UPDATES_FAIL.of(F::VERSION)), problem);
        }
        let Some(backend) = &mut self.backend else { return Polling::Ends };
        let polling = backend.count(result.is_ok());
        if polling == Polling::Ends {
            log!(self.logger, (twin::CB_PERIODIC_FETCH_UPDATES_RETRIES_EXHAUSTED.of(F::VERSION)));
        }
        polling
    }

    /// Puts in force what is new in the configuration database: of globals, subnets, networks, options and
    /// classes there is nothing that hooks, logs and timers depend on.
    pub(super) fn apply_stored(&mut self, merged: Merged<F>) -> Result<(), String> {
        limits::check(&self.run, &merged.snapshot)?;
        let before = self.shared.config.load_full();
        let revision = merged.revision();
        if let Some(backend) = &self.backend {
            backend.tell_of(&merged);
        }
        self.apply_part(merged.snapshot)?;
        let config = self.shared.config.load_full();
        self.shared.limit_samples(Some(&before), &config);
        if before.server.dhcp4o6_port != config.server.dhcp4o6_port {
            self.service.listen(listen::<F>(&config, self.port));
        }
        if let Some(backend) = &mut self.backend {
            backend.in_force(revision);
        }
        self.shared.hooks.load().backend_updated(&config);
        Ok(())
    }
}

/// What the thread does.
fn serve_jobs<F: Serving>(database: Database, access: &Access, requests: &Receiver<Job<F>>) {
    let mut connection = Some(database);
    while let Ok(Job { base, since, tell }) = requests.recv() {
        tell(look(&mut connection, access, &base, since));
    }
}

/// A connection that was lost since it was used last is opened again.
fn look<F: Serving>(
    connection: &mut Option<Database>,
    access: &Access,
    base: &Snapshot<F>,
    since: Option<Revision>,
) -> Outcome<F> {
    let database = |error: &dyn std::fmt::Display| format!("{}: {error}", access.place());
    let tag = &*base.server.server_tag;
    let fetched = loop {
        let is_new = connection.is_none();
        let open = match connection.take() {
            Some(open) => Ok(open),
            None => Database::open(access),
        };
        let mut open = open.map_err(|error| database(&error))?;
        match fetch(&mut open, F::VERSION, tag, &access.place(), since) {
            Err(FetchError::Database(error)) if error.is_lost() && !is_new => {}
            Err(FetchError::Database(error)) => {
                *connection = (!error.is_lost()).then_some(open);
                return Err(database(&error));
            }
            outcome => {
                *connection = Some(open);
                break outcome.map_err(|error| error.to_string())?;
            }
        }
    };
    let Some(Fetched { stored, revision }) = fetched else { return Ok(None) };
    match base.merged(stored) {
        Ok((snapshot, odd)) => {
            let warnings = odd.iter().map(|warning| odd.one_line(warning)).collect();
            Ok(Some(Merged { snapshot, warnings, revision }))
        }
        Err(problems) => Err(problems.first_error().unwrap_or_default()),
    }
}

fn fetch(
    database: &mut Database,
    family: u8,
    tag: &str,
    name: &str,
    since: Option<Revision>,
) -> Result<Option<Fetched>, FetchError> {
    if since.is_some() && Some(configuration::revision(database, family)?) == since {
        return Ok(None);
    }
    configuration::fetch(database, family, tag, name).map(Some)
}

/// So many fetches that fail one after the other are the last ones.
const FAILURES: u32 = 10;
const GONE: &str = "the thread of the configuration database has ended";
