//! Leases in a database: read at start, kept in memory, and every change written in a transaction before
//! its answer leaves.
//!
//! What a row was when it was last read or written is known by a fingerprint. A row that is another one by
//! now was changed by somebody else, another server or an operator: it is not overwritten. The claim
//! is lost then, and memory follows the database.

mod row;
mod statements;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Instant;

use kea_config::snapshot::DatabaseKind;
use kea_lease::{
    Candidate, Disk, Header, Lease, Leases, LostClaims, Row as LeaseRow, Ticket, parse_row,
};

use self::row::{LAST_SECOND, expire, fingerprint};
pub use self::row::{LeaseRows, Unreadable};
use self::statements::{Statements, in_pieces};
use crate::access::Access;
use crate::database::Database;
use crate::error::Error;
use crate::value::{Row, Value};

/// What an operator should know of.
#[derive(Debug)]
pub enum LeaseEvent<'a, F: LeaseRows> {
    /// This row cannot be understood, and is passed over.
    Unreadable(&'a str, Unreadable),
    /// The row of this address was changed by somebody else since it was last read: it stays as it is, and
    /// counts.
    Lost(F::Addr),
    /// The database does not take the lease of this address, for this reason.
    Refused(F::Addr, &'a str),
    /// The connection was ended, and is there again.
    Reopened,
}

/// Hears of events; must not block.
pub type LeaseEventSink<F> = Box<dyn Fn(LeaseEvent<'_, F>) + Send + Sync>;

/// A journal's disk that is a table.
pub struct LeaseTable<F: LeaseRows> {
    access: Access,
    statements: Statements,
    leases: Arc<Leases<F>>,
    lost: Arc<LostClaims<F>>,
    events: LeaseEventSink<F>,
    last: OnceLock<Arc<AtomicU64>>,
    /// Rows that were appended and not synced; none for one that says nothing.
    pending: Mutex<Vec<Option<LeaseRow<F>>>>,
    session: Mutex<Session<F>>,
}

struct Session<F: LeaseRows> {
    database: Option<Database>,
    /// Fingerprints of rows as they were last read or written.
    known: hashbrown::HashMap<F::Addr, u64>,
    /// Rows of the journal that are durable.
    durable: u64,
}

/// The last word about an address: its lease, or that there is none.
type Changes<F> = [(<F as kea_wire::Family>::Addr, Option<Lease<F>>)];

/// What stands in the table.
enum There<F: LeaseRows> {
    Lease(Box<Lease<F>>, u64),
    /// Nobody can say what it means, so that it may be overwritten.
    Unreadable,
}

impl<F: LeaseRows> LeaseTable<F> {
    /// Opens the database and reads all leases into `leases`; `admit` sees each of them, as with files.
    ///
    /// # Errors
    /// The database cannot be opened or read.
    pub fn open(
        access: &Access,
        leases: &Arc<Leases<F>>,
        lost: &Arc<LostClaims<F>>,
        admit: impl FnMut(&mut Candidate<'_, F>) -> bool,
        events: LeaseEventSink<F>,
    ) -> Result<Self, Error> {
        let mut database = open(access)?;
        let statements = Statements::of::<F>(access.kind());
        let mut known = hashbrown::HashMap::new();
        kea_lease::take_in(leases, admit, |take| {
            let mut after: Option<Value> = None;
            loop {
                let page = match &after {
                    None => database.query(&statements.first_page, &[])?,
                    Some(after) => {
                        database.query(&statements.next_page, std::slice::from_ref(after))?
                    }
                };
                for row in &page {
                    match F::lease(row) {
                        Ok(lease) => {
                            known.insert(lease.address, fingerprint(access.kind(), &lease));
                            take(&lease);
                        }
                        Err(error) => {
                            events(LeaseEvent::Unreadable(&shown::<F>(row), error));
                        }
                    }
                }
                match page.last() {
                    Some(last) if page.len() >= statements::PAGE => {
                        after = Some(last.value(0).clone());
                    }
                    _ => return Ok(()),
                }
            }
        })?;
        let session = Session { database: Some(database), known, durable: 0 };
        Ok(LeaseTable {
            access: access.clone(),
            statements,
            leases: Arc::clone(leases),
            lost: Arc::clone(lost),
            events,
            last: OnceLock::new(),
            pending: Mutex::default(),
            session: Mutex::new(session),
        })
    }

    /// Has the table say what `changes` do, as far as they may.
    fn write(&self, session: &mut Session<F>, changes: &Changes<F>) -> Result<(), Error> {
        let (mut was_open, mut attempts) = (session.database.is_some(), 0);
        loop {
            match self.try_to_write(session, changes) {
                Err(Error::Lost(_)) if was_open => {
                    was_open = false;
                    session.database = None;
                    session.database = Some(open(&self.access)?);
                    (self.events)(LeaseEvent::Reopened);
                }
                Err(Error::InTheWay(_)) if attempts < ATTEMPTS => attempts += 1,
                Err(Error::Refused { code, .. })
                    if is_taken_meanwhile(&code) && attempts < ATTEMPTS =>
                {
                    attempts += 1;
                }
                Err(Error::Refused { code, why, .. }) if is_of_the_row(&code) => {
                    let (left, right) = changes.split_at(changes.len() / 2);
                    if left.is_empty() {
                        return right.first().map_or(Ok(()), |(address, _)| {
                            (self.events)(LeaseEvent::Refused(*address, &why));
                            self.follow(session, *address)
                        });
                    }
                    // One of them is not taken; the others are not to suffer.
                    self.write(session, left)?;
                    return self.write(session, right);
                }
                Err(error) => {
                    // One that takes no changes may have become another one's copy: the next attempt looks
                    // anew.
                    session.database = None;
                    return Err(error);
                }
                Ok(written) => {
                    session.learn(written.known);
                    for (address, truth) in written.lost {
                        (self.events)(LeaseEvent::Lost(address));
                        self.lose(session, address, truth.as_ref());
                    }
                    return Ok(());
                }
            }
        }
    }

    fn try_to_write(
        &self,
        session: &mut Session<F>,
        changes: &Changes<F>,
    ) -> Result<Written<F>, Error> {
        let Session { database, known, .. } = session;
        let database = match database {
            Some(database) => database,
            none => none.insert(open(&self.access)?),
        };
        let kind = self.access.kind();
        database.transaction(|database| {
            let addresses: Vec<F::Addr> = changes.iter().map(|(address, _)| *address).collect();
            let mut there = self.look(database, &addresses, true)?;
            let mut written = Written { known: Vec::new(), lost: Vec::new() };
            let (mut fresh, mut changed, mut gone) = (Vec::new(), Vec::new(), Vec::new());
            for (address, lease) in changes {
                let wanted = lease.as_ref().map(|lease| fingerprint(kind, lease));
                let found = there.remove(address);
                let print = match &found {
                    Some(There::Lease(_, print)) => Some(*print),
                    None => None,
                    Some(There::Unreadable) => known.get(address).copied(),
                };
                let is_readable = !matches!(found, Some(There::Unreadable));
                if print == wanted && is_readable {
                    // As it is to be: of an earlier attempt whose end nobody heard, or by chance.
                    written.known.push((*address, wanted));
                } else if print == known.get(address).copied() {
                    match (lease, found.is_some()) {
                        (Some(lease), false) => fresh.push(lease),
                        (Some(lease), true) => changed.push(lease),
                        (None, _) => gone.push(*address),
                    }
                    written.known.push((*address, wanted));
                } else {
                    let truth = match found {
                        Some(There::Lease(lease, _)) => Some(*lease),
                        _ => None,
                    };
                    written.lost.push((*address, truth));
                }
            }
            self.put(database, &self.statements.insert, &fresh)?;
            self.put(database, &self.statements.replace, &changed)?;
            for piece in in_pieces(&gone) {
                let values: Vec<Value> = piece.iter().map(|one| F::address_value(*one)).collect();
                database.execute(&self.statements.delete.of(piece.len()), &values)?;
            }
            Ok(written)
        })
    }

    fn put(
        &self,
        database: &mut Database,
        statement: &statements::Repeated,
        leases: &[&Lease<F>],
    ) -> Result<(), Error> {
        let kind = self.access.kind();
        for piece in in_pieces(leases) {
            for lease in piece.iter().filter(|_| kind == DatabaseKind::Mysql) {
                if expire(*lease) > LAST_SECOND {
                    return Err(Error::refused(statement.name(), TOO_LATE, OUT_OF_RANGE));
                }
            }
            let values: Vec<Value> =
                piece.iter().flat_map(|lease| F::values(kind, lease)).collect();
            database.execute(&statement.of(piece.len()), &values)?;
        }
        Ok(())
    }

    /// Rows of addresses; locked, where they are to be changed.
    fn look(
        &self,
        database: &mut Database,
        addresses: &[F::Addr],
        is_locking: bool,
    ) -> Result<hashbrown::HashMap<F::Addr, There<F>>, Error> {
        let statement =
            if is_locking { &self.statements.select_locked } else { &self.statements.select };
        let mut there = hashbrown::HashMap::new();
        for piece in in_pieces(addresses) {
            let values: Vec<Value> = piece.iter().map(|one| F::address_value(*one)).collect();
            for row in database.query(&statement.of(piece.len()), &values)? {
                let Some(address) = F::address(&row) else { continue };
                let found = match F::lease(&row) {
                    Ok(lease) => {
                        let print = fingerprint(self.access.kind(), &lease);
                        There::Lease(Box::new(lease), print)
                    }
                    Err(error) => {
                        (self.events)(LeaseEvent::Unreadable(&shown::<F>(&row), error));
                        There::Unreadable
                    }
                };
                there.insert(address, found);
            }
        }
        Ok(there)
    }

    /// Has memory say of an address what the database says.
    fn follow(&self, session: &mut Session<F>, address: F::Addr) -> Result<(), Error> {
        let database = session.database.as_mut();
        let database = database.ok_or_else(|| Error::Lost("there is no connection".to_owned()))?;
        let truth = match self.look(database, &[address], false)?.remove(&address) {
            Some(There::Lease(lease, _)) => Some(*lease),
            _ => None,
        };
        self.lose(session, address, truth.as_ref());
        Ok(())
    }

    fn lose(&self, session: &mut Session<F>, address: F::Addr, truth: Option<&Lease<F>>) {
        let print = truth.map(|lease| fingerprint(self.access.kind(), lease));
        session.learn(vec![(address, print)]);
        if let Some(last) = self.last.get() {
            self.lost.lose(&self.leases, last, (address, truth), Instant::now());
        }
    }

    fn session(&self) -> MutexGuard<'_, Session<F>> {
        self.session.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pending(&self) -> MutexGuard<'_, Vec<Option<LeaseRow<F>>>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What became of changes.
struct Written<F: LeaseRows> {
    known: Vec<(F::Addr, Option<u64>)>,
    lost: Vec<(F::Addr, Option<Lease<F>>)>,
}

impl<F: LeaseRows> Session<F> {
    fn learn(&mut self, rows: Vec<(F::Addr, Option<u64>)>) {
        for (address, print) in rows {
            match print {
                Some(print) => drop(self.known.insert(address, print)),
                None => drop(self.known.remove(&address)),
            }
        }
    }
}

impl<F: LeaseRows> Disk for LeaseTable<F> {
    fn append(&self, octets: &[u8]) -> io::Result<()> {
        let header = Header::current::<F>();
        let lines = octets.split_inclusive(|octet| *octet == b'\n');
        let rows = lines.map(|line| parse_row(&header, line.trim_ascii_end()).ok());
        self.pending().extend(rows);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let rows = std::mem::take(&mut *self.pending());
        if rows.is_empty() {
            return Ok(());
        }
        let mut session = self.session();
        // In the order of addresses: who takes the same locks in the same order waits, and that is all.
        let mut changes: BTreeMap<F::Addr, Option<Lease<F>>> = BTreeMap::new();
        for (number, row) in (session.durable + 1..).zip(&rows) {
            let (address, lease) = match row {
                Some(LeaseRow::Lease(lease)) => (lease.address, Some(lease)),
                Some(LeaseRow::Deleted(address)) => (*address, None),
                None => continue,
            };
            if !self.lost.concerns(address, Ticket(number)) {
                changes.insert(address, lease.cloned());
            }
        }
        let changes: Vec<_> = changes.into_iter().collect();
        for some in changes.chunks(GROUP) {
            self.write(&mut session, some).map_err(io::Error::other)?;
        }
        session.durable += rows.len() as u64;
        self.lost.forget(Ticket(session.durable), Instant::now());
        Ok(())
    }

    /// What is durable stays, and everything after it comes again.
    fn truncate(&self, _: u64) -> io::Result<()> {
        self.pending().clear();
        Ok(())
    }

    fn rotate(&self) -> io::Result<()> {
        Ok(())
    }

    fn count_by(&self, last: &Arc<AtomicU64>) {
        // Once.
        let _ = self.last.set(Arc::clone(last));
    }
}

impl<F: LeaseRows> fmt::Debug for LeaseTable<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "LeaseTable {{ {} in {} }}", F::TABLE, self.access)
    }
}

fn open(access: &Access) -> Result<Database, Error> {
    let mut database = Database::open(access)?;
    if access.kind() == DatabaseKind::Mysql {
        // Rows that are not there are not locked: others may add them.
        database.command("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")?;
    }
    Ok(database)
}

/// The address of a row, for messages.
fn shown<F: LeaseRows>(row: &Row) -> String {
    F::address(row).map_or_else(|| format!("{:?}", row.value(0)), |address| address.to_string())
}

/// True when the row was added by somebody else after it was looked for.
fn is_taken_meanwhile(code: &str) -> bool {
    matches!(code, "1062" | "23505")
}

/// True when it is this row that the database does not take: too long, out of range, not of its letters,
/// refused by a constraint or trigger.
fn is_of_the_row(code: &str) -> bool {
    const MYSQL: &[&str] =
        &["1048", "1062", "1264", "1265", "1292", "1366", "1406", "1452", "1644", "3819", "4025"];
    // What cannot even be sent is the row's fault, too.
    code.is_empty()
        || MYSQL.contains(&code)
        || (code.len() == 5 && (code.starts_with("22") || code.starts_with("23")))
}

/// Changes of one transaction.
const GROUP: usize = 2048;
/// How often a transaction is tried when others are in its way.
const ATTEMPTS: u32 = 50;
/// As the database itself would say.
const OUT_OF_RANGE: u32 = 1292;
const TOO_LATE: &str = "the lease ends after 2038-01-19, which the database cannot say";
