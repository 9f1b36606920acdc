//! The lease database of a running server: opened, loaded, kept clean.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kea_config::Snapshot;
use kea_config::snapshot::{Database, LeaseDatabase, Memfile, OnFail};
use kea_dhcp::Serving;
use kea_lease::{
    Candidate, Durability, FileDisk, Journal, JournalEvent, JournalLimits, LeaseFiles, Leases,
    LoadEvent, LocalFolder, LostClaims, lfc, load,
};
use kea_log::{Handle, log};
use kea_net::Waker;
use kea_sql::LeaseRows;

use super::identity::data_directory;
use super::lease_table;
use super::outage::Outage;
use super::sanity;
use super::worker::is_awaited;
use crate::layout::Layout;

/// The wakers of workers, known once the workers are.
pub(super) type Wakers = Arc<std::sync::OnceLock<Vec<Waker>>>;

/// An opened lease database.
pub(super) struct Storage {
    pub(super) journal: Journal,
    /// The files, where leases are kept in some.
    pub(super) file: Option<FileStorage>,
}

/// Leases kept in files, and the way to ask for a clean-up of what was put aside.
pub(super) struct FileStorage {
    pub(super) files: LeaseFiles,
    pub(super) clean_up: Sender<CleanUp>,
    pub(super) requests: Receiver<CleanUp>,
}

/// A request to clean up.
pub(super) struct CleanUp;

/// Opens the lease database and loads what it holds into `leases`.
///
/// # Errors
/// A text for the operator: which file, and what is wrong with it. Nothing was overwritten.
pub(super) fn open<F: Serving + LeaseRows>(
    config: &Snapshot<F>,
    layout: &Layout,
    (leases, lost): (&Arc<Leases<F>>, &Arc<LostClaims<F>>),
    waiting: &Arc<[AtomicU64]>,
    wakers: &Wakers,
    outage: &Arc<Outage>,
    logger: &Handle,
) -> Result<Storage, String> {
    let memfile = match &config.lease_database {
        LeaseDatabase::Memfile(memfile) => memfile,
        LeaseDatabase::Sql(database) => {
            let wake = wake_workers(waiting, wakers);
            let journal = lease_table::open(config, database, leases, lost, wake, outage, logger)?;
            return Ok(Storage { journal, file: None });
        }
    };
    let path = file_path(config, memfile, layout);
    let access = format!("name={} type=memfile universe={}", path.display(), F::VERSION);
    log!(logger, DHCPSRV_MEMFILE_DB, access);
    if !memfile.persist {
        log!(logger, DHCPSRV_MEMFILE_NO_STORAGE);
        return Ok(Storage { journal: Journal::none(), file: None });
    }
    let files = LeaseFiles::of(&path);
    wait_for_clean_up(&files)?;
    let is_new = !path.exists();
    let mut other_layout = false;
    let mut events = |event: LoadEvent<'_>| {
        other_layout |= matches!(event, LoadEvent::Layout(..));
        log_load_event::<F>(logger, &event);
    };
    let admit = |lease: &mut Candidate<'_, F>| sanity::admit(config, logger, lease);
    load(&files, leases, memfile.max_row_errors.into(), admit, &mut events)
        .map_err(|error| format!("the leases cannot be loaded: {error}"))?;
    if is_new {
        log_load_event::<F>(logger, &LoadEvent::File(&path));
    }
    let (disk, len) = FileDisk::open::<F>(files.clone())
        .map_err(|error| format!("the lease file cannot be opened: {}: {error}", path.display()))?;
    if other_layout && files.cleanup_is_due() {
        let (major, minor) = schema(F::VERSION);
        log!(logger, DHCPSRV_MEMFILE_CONVERTING_LEASE_FILES, major, minor);
    }
    let durability = match memfile.durability {
        kea_config::snapshot::Durability::PowerLoss => Durability::PowerLoss,
        kea_config::snapshot::Durability::ProcessCrash => Durability::ProcessCrash,
    };
    let wake = wake_workers(waiting, wakers);
    let (clean_up, requests) = channel();
    if files.cleanup_is_due() {
        // Something was put aside before the last stop. The receiver is at hand.
        let _ = clean_up.send(CleanUp);
    }
    let events = log_journal_events(logger.clone(), path, Arc::clone(outage), clean_up.clone());
    let mut limits = JournalLimits::default();
    if memfile.reconnect_wait_ms > 0 {
        limits.retry_after = Duration::from_millis(memfile.reconnect_wait_ms.into());
    }
    let journal = Journal::new(Box::new(disk), len, durability, limits, wake, events);
    if memfile.lfc_interval > 0 {
        log!(logger, DHCPSRV_MEMFILE_LFC_SETUP, memfile.lfc_interval);
    }
    Ok(Storage { journal, file: Some(FileStorage { files, clean_up, requests }) })
}

/// What leases are kept in, as the configuration says it.
pub(super) fn kind<F: Serving>(config: &Snapshot<F>) -> &'static str {
    match &config.lease_database {
        LeaseDatabase::Memfile(_) => "memfile",
        LeaseDatabase::Sql(database) => database.kind.word(),
    }
}

/// The version of the lease files that are written: major, minor.
fn schema(version: u8) -> (u8, u8) {
    if version == 4 { (2, 1) } else { (4, 0) }
}

/// A clean-up that another program began ends before its files are read: `kea-lfc` outlives the server
/// that started it.
fn wait_for_clean_up(files: &LeaseFiles) -> Result<(), String> {
    let deadline = Instant::now() + CLEAN_UP_BY_OTHERS;
    while let Some(pid) = lfc::other_at_work(files) {
        if Instant::now() >= deadline {
            let pid_file = files.pid.display();
            return Err(format!("process {pid}, named in {pid_file}, is cleaning up lease files"));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Ok(())
}

const CLEAN_UP_BY_OTHERS: Duration = Duration::from_secs(30);

/// The lease file: as configured, or `kea-leases4.csv` among the server's data.
pub(crate) fn file_path<F: Serving>(
    config: &Snapshot<F>,
    memfile: &Memfile,
    layout: &Layout,
) -> PathBuf {
    match &memfile.path {
        Some(path) if !path.is_empty() => PathBuf::from(&**path),
        _ => data_directory(config, layout).join(format!("kea-leases{}.csv", F::VERSION)),
    }
}

/// True when the leases would be kept elsewhere, or otherwise. How often files are cleaned up, how many
/// bad rows a load may find, and what happens while the disk fails, may change at any time.
pub(super) fn needs_restart<F: Serving>(old: &Snapshot<F>, new: &Snapshot<F>) -> bool {
    let place = |config: &Snapshot<F>| match &config.lease_database {
        LeaseDatabase::Memfile(memfile) => {
            let folder = F::data_directory(config).map(str::to_owned);
            let folder = folder.filter(|_| memfile.path.is_none());
            let memfile = Memfile {
                lfc_interval: 0,
                max_row_errors: 0,
                on_fail: OnFail::ServeRetryContinue,
                max_reconnect_tries: 0,
                ..memfile.clone()
            };
            (LeaseDatabase::Memfile(memfile), folder)
        }
        LeaseDatabase::Sql(database) => {
            let database = Database {
                on_fail: OnFail::ServeRetryContinue,
                max_reconnect_tries: 0,
                retry_on_startup: false,
                ..database.clone()
            };
            (LeaseDatabase::Sql(database), None)
        }
    };
    place(old) != place(new)
}

/// Wakes the workers that wait for a ticket up to the new watermark.
fn wake_workers(waiting: &Arc<[AtomicU64]>, wakers: &Wakers) -> kea_lease::Waker {
    let (waiting, wakers) = (Arc::clone(waiting), Arc::clone(wakers));
    Box::new(move |durable| {
        for (first, waker) in waiting.iter().zip(wakers.get().into_iter().flatten()) {
            if is_awaited(first.load(Ordering::SeqCst), durable) {
                waker.wake();
            }
        }
    })
}

fn log_load_event<F: Serving>(logger: &Handle, event: &LoadEvent<'_>) {
    match event {
        LoadEvent::File(path) => log!(logger, DHCPSRV_MEMFILE_LEASE_FILE_LOAD, path.display()),
        LoadEvent::Layout(path, layout) => {
            let (path, (major, minor)) = (path.display(), schema(F::VERSION));
            let schema = format_args!("{major}.{minor}");
            match layout {
                // Written are the columns of that schema, so only other columns are told of.
                kea_lease::Layout::Current => {}
                kea_lease::Layout::Older => {
                    log!(logger, DHCPSRV_MEMFILE_NEEDS_UPGRADING, path, schema);
                }
                kea_lease::Layout::Newer => {
                    log!(logger, DHCPSRV_MEMFILE_NEEDS_DOWNGRADING, path, schema);
                }
            }
        }
        LoadEvent::Row { path, line, error } => {
            let place = format_args!("{line} of {}", path.display());
            log!(logger, DHCPSRV_MEMFILE_LEASE_LOAD_ROW_ERROR, place, error);
        }
        LoadEvent::HwAddr { path, line } => {
            let place = format_args!("row {line} of {}", path.display());
            log!(logger, DHCPSRV_MEMFILE_READ_HWADDR_FAIL, place);
        }
        LoadEvent::Torn { path, offset, octets } => {
            let place = format_args!("at octet {offset} of {}", path.display());
            let torn = format_args!(
                "it is not whole; its {octets} octets were moved to {}.torn",
                path.display()
            );
            log!(logger, DHCPSRV_MEMFILE_LEASE_LOAD_ROW_ERROR, place, torn);
        }
    }
}

fn log_journal_events(
    logger: Handle,
    path: PathBuf,
    outage: Arc<Outage>,
    clean_up: Sender<CleanUp>,
) -> kea_lease::EventSink {
    let is_news = move |outage: &Outage, what: &str, error: &io::Error| {
        outage.failed(&format!("{what}: {error}"), Instant::now())
    };
    Box::new(move |event| {
        let path = path.display();
        match event {
            JournalEvent::WriteFailed(error) => {
                if is_news(&outage, "write", &error) {
                    log!(logger, DHCPSRV_MEMFILE_WRITE_FAIL, path, error);
                }
            }
            JournalEvent::SyncFailed(error) => {
                if is_news(&outage, "sync", &error) {
                    log!(logger, DHCPSRV_MEMFILE_SYNC_FAIL, path, error);
                }
            }
            JournalEvent::TruncateFailed(error) => {
                if is_news(&outage, "open", &error) {
                    log!(logger, DHCPSRV_MEMFILE_TRUNCATE_FAIL, path, error);
                }
            }
            JournalEvent::RotateFailed(error) => {
                let copy = format_args!("{path}.1");
                log!(logger, DHCPSRV_MEMFILE_LFC_LEASE_FILE_RENAME_FAIL, path, copy, error);
            }
            JournalEvent::Recovered => {
                outage.ended();
                log!(logger, DHCPSRV_MEMFILE_RECOVERED, path);
            }
            // Fails when the server is stopping; the next start cleans up.
            JournalEvent::Rotated => drop(clean_up.send(CleanUp)),
        }
    })
}

/// Starts the threads that write and sync the journal.
pub(super) fn start_threads<S: Send + Sync + 'static>(
    shared: &Arc<S>,
    journal: fn(&S) -> &Journal,
) -> io::Result<Vec<JoinHandle<()>>> {
    let start = |name: &str, run: fn(&Journal)| {
        let shared = Arc::clone(shared);
        let thread = std::thread::Builder::new().name(name.into());
        thread.spawn(move || run(journal(&shared)))
    };
    Ok(vec![start("lease-write", Journal::run_writer)?, start("lease-sync", Journal::run_syncer)?])
}

/// Starts the thread that cleans up lease files that were put aside. It ends with the last sender.
pub(super) fn start_clean_up<F: Serving>(
    files: LeaseFiles,
    requests: Receiver<CleanUp>,
    logger: Handle,
) -> io::Result<JoinHandle<()>> {
    let thread = std::thread::Builder::new().name("lease-cleanup".into());
    thread.spawn(move || {
        // Whoever answers queries goes first. Where that is not allowed, it works as well.
        let _ = rustix::process::nice(19);
        for CleanUp in requests {
            log!(logger, DHCPSRV_MEMFILE_LFC_START);
            let done = lfc::clean_up_in::<F>(&files, &LocalFolder, lfc::Pace::Gentle);
            if let Err(error) = done {
                log!(logger, LFC_FAIL_PROCESS, error);
            }
        }
    })
}
/// The clean-up of lease files in the background. What is not finished when the server stops is
/// finished by the next one.
pub(super) struct CleaningUp {
    files: LeaseFiles,
    requests: Sender<CleanUp>,
}

impl CleaningUp {
    pub(super) fn start<F: Serving>(file: FileStorage, logger: &Handle) -> io::Result<Self> {
        let FileStorage { files, clean_up, requests } = file;
        start_clean_up::<F>(files.clone(), requests, logger.clone())?;
        Ok(CleaningUp { files, requests: clean_up })
    }

    pub(super) fn request(&self, journal: &Journal) {
        if self.files.cleanup_is_due() {
            // The thread ends with this sender.
            let _ = self.requests.send(CleanUp);
        } else {
            journal.rotate();
        }
    }
}
