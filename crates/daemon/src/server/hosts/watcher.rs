//! The thread that looks for changes in a database of reservations.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use kea_config::snapshot::DatabaseKind;
use kea_log::message::{self, twin};
use kea_log::{Handle, Message, log};
use kea_sql::hosts::{HostRow, Print, STRETCH, check_writable, prints, read};
use kea_sql::{Access, Database, Error};
use tokio::sync::mpsc::Sender;

use super::Change;
use crate::server::attempts::Attempts;
use crate::server::outage::Outage;

/// How to reach a database, and whom to tell.
pub(super) struct Watcher {
    pub(super) source: usize,
    pub(super) version: u8,
    pub(super) access: Access,
    pub(super) outage: Arc<Outage>,
    pub(super) logger: Handle,
}

/// Stretches of hosts, and their rows.
type Rows = Vec<(i64, Vec<HostRow>)>;
/// What each stretch was like when it was read.
type Prints = BTreeMap<i64, Print>;

impl Watcher {
    /// Opens the database and reads it all.
    pub(super) fn open(&mut self) -> Result<(Database, Prints, Rows), Error> {
        let messages = Messages::of(self.access.kind());
        log!(self.logger, (messages.open), self.access);
        log!(self.logger, (messages.version));
        let attempts = Attempts::for_hosts(self.access.kind());
        let open = || Database::open(&self.access);
        let mut database = attempts.open(&self.access, &self.logger, open)?;
        if self.access.configured().readonly {
            log!(self.logger, (messages.readonly));
        } else {
            check_writable(&mut database)
                .map_err(|error| Error::Unusable(format!("{error}; {READONLY}")))?;
        }
        let mut prints = Prints::new();
        let rows = self.look(&mut database, &mut prints)?;
        Ok((database, prints, rows))
    }

    /// Starts the thread, which ends with the other end of `stopped`.
    pub(super) fn start(
        self,
        database: Database,
        prints: Prints,
        changes: Sender<Change>,
        stopped: Receiver<()>,
    ) -> std::io::Result<()> {
        let thread = std::thread::Builder::new().name("hosts".to_owned());
        let run = move || {
            let outage = Arc::clone(&self.outage);
            self.run(database, prints, &changes, &stopped);
            // Whoever is not configured any more keeps nobody waiting.
            outage.ended();
        };
        thread.spawn(run).map(drop)
    }

    fn run(
        self,
        mut database: Database,
        mut prints: Prints,
        changes: &Sender<Change>,
        stopped: &Receiver<()>,
    ) {
        // Whoever answers queries goes first.
        let _ = rustix::process::nice(5);
        let mut wait = LOOK;
        let mut told = String::new();
        while stopped.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
            let begin = Instant::now();
            match self.look(&mut database, &mut prints) {
                Ok(stretches) if stretches.is_empty() => {}
                Ok(stretches) => {
                    let change = Change { source: self.source, stretches };
                    if changes.blocking_send(change).is_err() {
                        return;
                    }
                }
                Err(Error::Lost(why)) => {
                    drop(database);
                    let Some(again) = self.open_again(Error::Lost(why), stopped) else { return };
                    database = again;
                    // What changed meanwhile is read at once.
                    wait = Duration::ZERO;
                    continue;
                }
                Err(error) => {
                    let error = error.to_string();
                    if told != error {
                        log!(self.logger, HOSTS_NOT_READ, self.access.place(), error);
                    }
                    told = error;
                    continue;
                }
            }
            told.clear();
            // A look takes a twentieth of the time at most, however many hosts there are.
            wait = LOOK.max(begin.elapsed() * 20);
        }
    }

    /// Reads what is not as it was when it was read last.
    fn look(&self, database: &mut Database, known: &mut Prints) -> Result<Rows, Error> {
        // First, so that what changes between the two is found at the next look.
        let found = prints(database, self.version)?;
        let gone = known.keys().filter(|number| !found.contains_key(number));
        let mut rows: Rows = gone.map(|number| (*number, Vec::new())).collect();
        for run in runs(&found, known) {
            let numbers = run.start() * STRETCH..=run.end() * STRETCH + (STRETCH - 1);
            let mut by_stretch: BTreeMap<i64, Vec<HostRow>> =
                found.range(run).map(|(number, _)| (*number, Vec::new())).collect();
            for row in read(database, self.version, numbers)? {
                by_stretch.entry(row.id.div_euclid(STRETCH)).or_default().push(row);
            }
            rows.extend(by_stretch);
        }
        *known = found;
        Ok(rows)
    }

    /// Opens a connection again that was lost: at once, since often only the connection was ended; then
    /// as configured. `None` when nobody waits for it any more.
    fn open_again(&self, lost: Error, stopped: &Receiver<()>) -> Option<Database> {
        if let Ok(database) = Database::open(&self.access) {
            return Some(database);
        }
        let attempts = Attempts::for_hosts(self.access.kind());
        log!(self.logger, (twin::DB_RECONNECT_LOST_CONNECTION.of(self.version)));
        log!(self.logger, HOSTS_NOT_READ, self.access.place(), lost);
        let configured = self.access.configured();
        let (tries, wait) = (configured.max_reconnect_tries, configured.reconnect_wait_ms);
        if tries == 0 || wait == 0 {
            log!(self.logger, (twin::DB_RECONNECT_DISABLED.of(self.version)), tries, wait);
        }
        let mut error = lost;
        for attempt in 1_u32.. {
            self.outage.failed(&error.to_string(), Instant::now());
            if attempt <= tries {
                attempts.tell_next(&self.logger, attempt, tries, wait);
            } else if attempt == tries + 1 && tries > 0 {
                attempts.tell_exhausted(&self.logger, tries);
            }
            if stopped.recv_timeout(self.wait_for_attempt()) != Err(RecvTimeoutError::Timeout) {
                return None;
            }
            match Database::open(&self.access) {
                Ok(database) => {
                    self.outage.ended();
                    log!(self.logger, (twin::DB_RECONNECT_SUCCEEDED.of(self.version)));
                    return Some(database);
                }
                Err(again) => {
                    if attempt <= tries {
                        attempts.tell_failed(&self.logger, &again);
                    }
                    error = again;
                }
            }
        }
        None
    }

    fn wait_for_attempt(&self) -> Duration {
        match self.access.configured().reconnect_wait_ms {
            0 => LOOK,
            milliseconds => Duration::from_millis(milliseconds.into()),
        }
    }
}

/// Numbers of stretches from and to which everything is new.
fn runs(found: &Prints, known: &Prints) -> Vec<RangeInclusive<i64>> {
    let mut runs: Vec<RangeInclusive<i64>> = Vec::new();
    let mut follows = false;
    for (number, print) in found {
        let is_new = known.get(number) != Some(print);
        match runs.last_mut().filter(|_| is_new && follows) {
            Some(run) => *run = *run.start()..=*number,
            None if is_new => runs.push(*number..=*number),
            None => {}
        }
        follows = is_new;
    }
    runs
}

/// The messages of a kind of database.
struct Messages {
    open: &'static Message,
    version: &'static Message,
    readonly: &'static Message,
}

impl Messages {
    fn of(kind: DatabaseKind) -> Self {
        match kind {
            DatabaseKind::Mysql => Messages {
                open: &message::DHCPSRV_MYSQL_HOST_DB,
                version: &message::DHCPSRV_MYSQL_HOST_DB_GET_VERSION,
                readonly: &message::DHCPSRV_MYSQL_HOST_DB_READONLY,
            },
            DatabaseKind::Postgresql => Messages {
                open: &message::DHCPSRV_PGSQL_HOST_DB,
                version: &message::DHCPSRV_PGSQL_HOST_DB_GET_VERSION,
                readonly: &message::DHCPSRV_PGSQL_HOST_DB_READONLY,
            },
        }
    }
}

const READONLY: &str = "set 'readonly' where reservations are only to be read";
/// How long after a look the next one follows.
const LOOK: Duration = Duration::from_secs(5);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_that_changed_are_read_together() {
        let prints = |numbers: &[i64]| numbers.iter().map(|n| (*n, Print::default())).collect();
        let runs = |found: &[i64], known: &[i64]| runs(&prints(found), &prints(known));
        assert_eq!(runs(&[0, 1, 9], &[]), [0..=9]);
        assert_eq!(runs(&[0, 1, 2, 5, 6, 9], &[1]), [0..=0, 2..=9]);
        assert_eq!(runs(&[0, 1, 2], &[0, 2]), [1..=1]);
        assert_eq!(runs(&[4], &[4, 5]), []);
    }
}
