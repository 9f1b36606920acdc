//! The thread that looks for changes in a database of reservations, and makes those that are ordered.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use kea_config::snapshot::DatabaseKind;
use kea_log::message::{self, twin};
use kea_log::{Handle, Message, log};
use kea_sql::hosts::{HostRow, Print, STRETCH, Written, check_writable, prints, read, write};
use kea_sql::{Access, Database, Error};
use tokio::sync::mpsc::Sender;

use super::{Change, Order, Outcome};
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
        let rows = self.look(&mut database, &mut prints, None)?;
        Ok((database, prints, rows))
    }

    /// Starts the thread, which ends with the other end of `orders`.
    pub(super) fn start(
        self,
        database: Database,
        prints: Prints,
        changes: Sender<Change>,
        orders: Receiver<Order>,
    ) -> std::io::Result<()> {
        let thread = std::thread::Builder::new().name("hosts".to_owned());
        let run = move || {
            let outage = Arc::clone(&self.outage);
            self.run(database, prints, &changes, &orders);
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
        orders: &Receiver<Order>,
    ) {
        // Whoever answers queries goes first.
        let _ = rustix::process::nice(5);
        let mut next = Instant::now() + LOOK;
        let mut told = String::new();
        let mut is_new = false;
        loop {
            let wait = next.saturating_duration_since(Instant::now());
            let order = match orders.recv_timeout(wait) {
                Ok(order) => Some(order),
                Err(RecvTimeoutError::Timeout) => None,
                Err(RecvTimeoutError::Disconnected) => return,
            };
            let (is_order, begin) = (order.is_some(), Instant::now());
            let (looked, outcome) = match order {
                Some(order) => self.carry_out(&mut database, &mut prints, order),
                None => (self.look(&mut database, &mut prints, None), None),
            };
            let (stretches, failure) = match looked {
                Ok(stretches) => (stretches, None),
                Err(error) => (Vec::new(), Some(error)),
            };
            if !stretches.is_empty() || outcome.is_some() {
                let change = Change { source: self.source, stretches, outcome };
                if tell(changes, change).is_err() {
                    return;
                }
            }
            let is_lost = failure.as_ref().is_some_and(Error::is_lost);
            match failure {
                // Often only the connection was ended. Where a new one fares no better, that is told of.
                Some(lost) if is_lost && !is_new => {
                    let again = self.open_again(lost, changes, orders);
                    let Some(again) = again else { return };
                    (database, is_new) = (again, true);
                    // What changed meanwhile is read at once.
                    next = Instant::now();
                    continue;
                }
                Some(error) => {
                    let error = error.to_string();
                    if told != error {
                        log!(self.logger, HOSTS_NOT_READ, self.access.place(), error);
                    }
                    told = error;
                }
                None => told.clear(),
            }
            is_new = false;
            if !is_order {
                // A look takes a twentieth of the time at most, however many hosts there are.
                next = Instant::now() + LOOK.max(begin.elapsed() * 20);
            }
        }
    }

    /// Makes a change that is ordered, and reads what came of it.
    fn carry_out(
        &self,
        database: &mut Database,
        known: &mut Prints,
        order: Order,
    ) -> (Result<Rows, Error>, Option<Outcome>) {
        // A connection may have ended while nobody used it. Then nothing is begun yet.
        let mut alive = database.command("SELECT 1");
        if alive.as_ref().is_err_and(Error::is_lost) {
            alive = Database::open(&self.access).map(|again| *database = again);
        }
        if let Err(error) = alive {
            let why = format!("nothing is changed: {} is away: {error}", self.access.place());
            return (Err(error), Some(Outcome { order, result: Err(why) }));
        }
        let done = write(database, self.version, order.unique, &order.write);
        let (looked, result) = match done {
            Ok(Written::Done(hosts)) => {
                let stretches: BTreeSet<i64> =
                    hosts.iter().map(|host| host.div_euclid(STRETCH)).collect();
                let looks = stretches.into_iter();
                let looks = looks.map(|stretch| self.look(database, known, Some(stretch)));
                let rows = looks.collect::<Result<Vec<_>, _>>();
                (rows.map(|rows| rows.concat()), Ok(Written::Done(hosts)))
            }
            Ok(other) => (Ok(Vec::new()), Ok(other)),
            Err(Error::Lost(why)) => {
                let text = format!(
                    "the connection to {} was lost, so whether it is done is not known: {why}",
                    self.access.place()
                );
                (Err(Error::Lost(why)), Err(text))
            }
            // Of a statement that is refused nothing is left, and what can be read stays so.
            Err(error) => (Ok(Vec::new()), Err(format!("{}: {error}", self.access.place()))),
        };
        (looked, Some(Outcome { order, result }))
    }

    /// Reads what is not as it was when it was read last: of all hosts, or of those of one stretch.
    fn look(
        &self,
        database: &mut Database,
        known: &mut Prints,
        stretch: Option<i64>,
    ) -> Result<Rows, Error> {
        let is_meant = |number: i64| stretch.is_none_or(|stretch| stretch == number);
        let bounds = |first: i64, last: i64| first * STRETCH..=last * STRETCH + (STRETCH - 1);
        // First, so that what changes between the two is found at the next look.
        let numbers = stretch.map(|stretch| bounds(stretch, stretch));
        let found = prints(database, self.version, numbers)?;
        let gone = known.keys().filter(|number| is_meant(**number) && !found.contains_key(number));
        let mut rows: Rows = gone.map(|number| (*number, Vec::new())).collect();
        for run in runs(&found, known) {
            let numbers = bounds(*run.start(), *run.end());
            let mut by_stretch: BTreeMap<i64, Vec<HostRow>> =
                found.range(run).map(|(number, _)| (*number, Vec::new())).collect();
            for row in read(database, self.version, numbers)? {
                by_stretch.entry(row.id.div_euclid(STRETCH)).or_default().push(row);
            }
            rows.extend(by_stretch);
        }
        known.retain(|number, _| !is_meant(*number));
        known.extend(found);
        Ok(rows)
    }

    /// Opens a connection again that was lost: at once, since often only the connection was ended; then
    /// as configured. `None` when nobody waits for it any more.
    fn open_again(
        &self,
        lost: Error,
        changes: &Sender<Change>,
        orders: &Receiver<Order>,
    ) -> Option<Database> {
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
            self.refuse(&error, changes, orders)?;
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

    /// Refuses what is ordered until the next attempt to open the database. `None` when nobody waits for that
    /// any more.
    fn refuse(
        &self,
        trouble: &Error,
        changes: &Sender<Change>,
        orders: &Receiver<Order>,
    ) -> Option<()> {
        let until = Instant::now() + self.wait_for_attempt();
        loop {
            match orders.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Err(RecvTimeoutError::Timeout) => return Some(()),
                Err(RecvTimeoutError::Disconnected) => return None,
                Ok(order) => {
                    let place = self.access.place();
                    let why = format!("nothing is changed: {place} is away: {trouble}");
                    let outcome = Some(Outcome { order, result: Err(why) });
                    let change = Change { source: self.source, stretches: Vec::new(), outcome };
                    tell(changes, change).ok()?;
                }
            }
        }
    }

    fn wait_for_attempt(&self) -> Duration {
        match self.access.configured().reconnect_wait_ms {
            0 => LOOK,
            milliseconds => Duration::from_millis(milliseconds.into()),
        }
    }
}

/// Tells the control plane. Where another configuration took the place of the one that the databases are
/// of, whoever gave the order hears what came of it all the same.
fn tell(changes: &Sender<Change>, change: Change) -> Result<(), ()> {
    changes.blocking_send(change).map_err(|refused| {
        if let Some(outcome) = refused.0.outcome {
            outcome.answer();
        }
    })
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
