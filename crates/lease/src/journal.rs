//! The journal: every decision about a lease as a row, appended in the order of decisions, and
//! acknowledged once it is where the configured durability wants it.
//!
//! [`Journal::append`] only copies the row into memory and hands out a [`Ticket`]; it is called with
//! the subnet locked, so that rows of one address are in the order of its decisions. Two steps do the
//! rest, each on a thread of its own in production and called one by one in a simulation:
//! [`Journal::write_step`] writes what has gathered, [`Journal::sync_step`] makes durable what was
//! written, while the next batch is being written. An answer may leave when [`Journal::durable`] has
//! reached its ticket.
//!
//! Rows stay in memory until they are durable. After a failure (a full disk, a lost device) the file
//! is cut back to its last durable row and all later ones are written again, because a kernel that
//! failed to sync may have dropped what it failed to write. Nothing is acknowledged meanwhile, and
//! when too much has gathered, [`Journal::accepting`] says that no new promises should be made.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};
use smallvec::SmallVec;

use crate::csv;
use crate::lease::{Lease, LeaseFamily};

/// A row's place in the order of all rows. The first row has ticket 1; ticket 0 is always durable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket(pub u64);

/// What an acknowledged row has survived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// A loss of power: the row is on the disk (`fdatasync`).
    #[default]
    PowerLoss,
    /// The end of the process: the row is with the operating system.
    ProcessCrash,
    /// Nothing: rows are not written at all (`"persist": false`).
    None,
}

/// Where rows are kept. Offsets count from the first octet after the header.
///
/// Methods may be called by two threads at once: one that appends, truncates and rotates, and one that
/// syncs.
pub trait Disk: Send + Sync {
    /// Appends all octets, or fails having appended any part of them.
    fn append(&self, octets: &[u8]) -> io::Result<()>;
    /// Makes durable all that was appended before the call.
    fn sync(&self) -> io::Result<()>;
    /// Cuts the file to this many octets of rows.
    fn truncate(&self, len: u64) -> io::Result<()>;
    /// Puts the file aside for cleanup, and begins a new one that has only a header.
    fn rotate(&self) -> io::Result<()>;
    /// Given once, before anything else: the number of the last row that was decided. Rows are appended in
    /// the order of their numbers, from 1 on, and from the first that is not durable after
    /// [`Self::truncate`].
    fn count_by(&self, _last: &Arc<AtomicU64>) {}
    /// Lets go of the file until [`Self::truncate`]: something failed, and whoever mends a disk may
    /// have to take it away. Nothing is appended or synced before.
    fn release(&self) {}
}

/// What happened to the journal that an operator should know.
#[derive(Debug)]
pub enum JournalEvent {
    /// Rows could not be written. They are kept, and tried again.
    WriteFailed(io::Error),
    /// Rows could not be made durable. They are kept, and written again.
    SyncFailed(io::Error),
    /// The end of the file could not be cut off before writing again.
    TruncateFailed(io::Error),
    /// The file was put aside, and can be cleaned up.
    Rotated,
    /// The file could not be put aside for cleanup; the old one is still in use.
    RotateFailed(io::Error),
    /// All rows are where they should be again.
    Recovered,
}

/// Bounds of the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalLimits {
    /// Octets of rows not durable yet from which on no new claims should be made.
    pub max_pending: usize,
    /// How long to wait after a failure before the next attempt.
    pub retry_after: Duration,
}

impl Default for JournalLimits {
    fn default() -> Self {
        JournalLimits { max_pending: 64 << 20, retry_after: Duration::from_millis(250) }
    }
}

/// What a step did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There was nothing to do.
    Idle,
    /// Something was done, and there may be more.
    Worked,
    /// It failed; try again after a while.
    Failed,
}

/// Called with the new watermark whenever it rises; must not block.
pub type Waker = Box<dyn Fn(Ticket) + Send + Sync>;
/// Called with each event; must not block.
pub type EventSink = Box<dyn Fn(JournalEvent) + Send + Sync>;

/// The journal of one server.
pub struct Journal {
    durability: Durability,
    limits: JournalLimits,
    lanes: Vec<Mutex<Lane>>,
    last: Arc<AtomicU64>,
    /// The last row that left its lane.
    gathered: AtomicU64,
    durable: AtomicU64,
    /// Octets appended and not durable.
    pending: AtomicUsize,
    failing: AtomicBool,
    file: Mutex<FileState>,
    /// Held by the writer, and by who writes in its place.
    writing: Mutex<()>,
    /// Held from a sync until its result is known to all: a kernel reports a failure only once.
    syncing: Mutex<()>,
    /// Where the thread that writes waits, and the one that syncs.
    writer: Condvar,
    syncer: Condvar,
    stopped: Condvar,
    /// Set when there is work for a waiting thread; guarded so that no wake-up is lost.
    signal: Mutex<Signal>,
    disk: Box<dyn Disk>,
    waker: Waker,
    events: EventSink,
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (last, durable) = (self.last.load(Ordering::Relaxed), self.durable());
        write!(f, "Journal {{ {:?}, last: {last}, durable: {} }}", self.durability, durable.0)
    }
}

/// Rows that wait to be written. There are several, so that threads seldom meet at one.
#[derive(Default)]
struct Lane {
    octets: Vec<u8>,
    /// Ticket and end of each row.
    rows: Vec<(u64, usize)>,
}

const LANES: usize = 16;

impl Lane {
    /// What is in it; leaves room for as much again.
    fn take(&mut self) -> Self {
        let (octets, rows) = (self.octets.len(), self.rows.len());
        let empty = Lane { octets: Vec::with_capacity(octets), rows: Vec::with_capacity(rows) };
        std::mem::replace(self, empty)
    }
}

#[derive(Default)]
struct FileState {
    /// Batches not durable, in order. The first `written` of them are in the file.
    batches: VecDeque<Batch>,
    written: usize,
    /// Octets of rows that are in the file and durable.
    durable_len: u64,
    /// What is behind `durable_len` must be cut off and written again.
    broken: bool,
    /// Counts repairs, so that a sync that began before one does not acknowledge after it.
    repairs: u64,
    rotate: bool,
}

struct Batch {
    octets: Arc<Vec<u8>>,
    upto: u64,
}

#[derive(Default)]
struct Signal {
    write: bool,
    sync: bool,
    /// Somebody else than the writer tried to write, and failed.
    write_failed: bool,
    stop: bool,
}

impl Journal {
    /// A journal on a disk whose file holds `len` octets of rows already.
    pub fn new(
        disk: Box<dyn Disk>,
        len: u64,
        durability: Durability,
        limits: JournalLimits,
        waker: Waker,
        events: EventSink,
    ) -> Self {
        let last = Arc::new(AtomicU64::new(0));
        disk.count_by(&last);
        Journal {
            durability,
            limits,
            lanes: std::iter::repeat_with(Mutex::default).take(LANES).collect(),
            last,
            gathered: AtomicU64::new(0),
            durable: AtomicU64::new(0),
            pending: AtomicUsize::new(0),
            failing: AtomicBool::new(false),
            file: Mutex::new(FileState { durable_len: len, ..FileState::default() }),
            writing: Mutex::new(()),
            syncing: Mutex::new(()),
            writer: Condvar::new(),
            syncer: Condvar::new(),
            stopped: Condvar::new(),
            signal: Mutex::default(),
            disk,
            waker,
            events,
        }
    }

    /// A journal that keeps nothing: every ticket is durable at once.
    pub fn none() -> Self {
        let (waker, events): (Waker, EventSink) = (Box::new(|_| {}), Box::new(|_| {}));
        Self::new(Box::new(Nowhere), 0, Durability::None, JournalLimits::default(), waker, events)
    }

    /// Appends the new state of a lease. Call with its subnet locked.
    pub fn append<F: LeaseFamily>(&self, lease: &Lease<F>) -> Ticket {
        self.append_with(lane_of(lease), |out| csv::write_row(out, lease))
    }

    /// Appends that a lease is gone. Call with its subnet locked.
    pub fn append_deletion<F: LeaseFamily>(&self, lease: &Lease<F>) -> Ticket {
        self.append_with(lane_of(lease), |out| csv::write_deletion(out, lease))
    }

    fn append_with(&self, lane: usize, write: impl FnOnce(&mut Vec<u8>)) -> Ticket {
        if self.durability == Durability::None {
            return Ticket(0);
        }
        let Some(lane) = self.lanes.get(lane) else { return Ticket(0) };
        let mut lane = lane.lock();
        let before = lane.octets.len();
        write(&mut lane.octets);
        #[cfg(feature = "deliberate-faults")]
        if crate::Fault::ForgottenRow.is_injected() && self.last.load(Ordering::Relaxed) % 16 == 15
        {
            lane.octets.truncate(before);
        }
        let end = lane.octets.len();
        self.pending.fetch_add(end - before, Ordering::Relaxed);
        // Taken under the lane's lock: whoever holds all lanes has all rows up to the last ticket.
        let ticket = self.last.fetch_add(1, Ordering::Relaxed) + 1;
        lane.rows.push((ticket, end));
        Ticket(ticket)
    }

    /// The latest row: whoever sees a lease in its table waits for this one to be sure of it.
    pub fn latest(&self) -> Ticket {
        Ticket(self.last.load(Ordering::Acquire))
    }

    /// Tells the writer that a batch of rows is complete. Cheap when it knows already.
    pub fn flush(&self) {
        self.wake(&self.writer, |signal| std::mem::replace(&mut signal.write, true));
    }

    /// True when there are rows that the writer has not taken yet.
    pub fn has_rows(&self) -> bool {
        self.last.load(Ordering::Relaxed) != self.gathered.load(Ordering::Relaxed)
    }

    /// All rows up to this one have survived what they should.
    pub fn durable(&self) -> Ticket {
        Ticket(self.durable.load(Ordering::Acquire))
    }

    /// Waits until all rows so far are durable, at most `limit`. For a command whose answer says that
    /// something is done; never for a query.
    pub fn settle(&self, limit: Duration) -> bool {
        let (wanted, deadline) = (self.latest(), Instant::now() + limit);
        self.flush();
        while self.durable() < wanted {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(SETTLE_POLL);
        }
        true
    }

    /// True while new claims may be made: no disk failure lasts so long, and nothing is so slow, that
    /// too much has gathered in memory.
    pub fn accepting(&self) -> bool {
        self.pending.load(Ordering::Relaxed) < self.limits.max_pending
    }

    /// Octets of rows that are not where they should be yet.
    pub fn pending(&self) -> usize {
        self.pending.load(Ordering::Relaxed)
    }

    /// True from a failure until all rows are where they should be.
    pub fn is_failing(&self) -> bool {
        self.failing.load(Ordering::Relaxed)
    }

    /// Asks for the file to be put aside and a new one begun, before the next batch is written.
    pub fn rotate(&self) {
        self.file.lock().rotate = true;
        self.flush();
    }

    /// Writes what has gathered, if all that it takes is a call of the system: rows need not be on the disk
    /// ([`Durability::ProcessCrash`]), and nobody is at it. False where [`Self::flush`] is to tell the writer:
    /// to wait for the disk, to mend the file, to rotate it.
    pub fn write_at_once(&self) -> bool {
        if self.durability != Durability::ProcessCrash || self.is_failing() {
            return false;
        }
        let Some(_in_turn) = self.writing.try_lock() else { return false };
        let file = self.file.lock();
        if file.rotate || file.broken {
            return false;
        }
        drop(file);
        if self.write_step() == Progress::Failed {
            self.signal.lock().write_failed = true;
            return false;
        }
        true
    }

    /// Writes what has gathered. Called by one thread at a time.
    pub fn write_step(&self) -> Progress {
        if self.durability == Durability::None {
            return Progress::Idle;
        }
        let batch = self.gather();
        let mut file = self.file.lock();
        let fresh = batch.is_some();
        file.batches.extend(batch);
        if file.broken {
            let len = file.durable_len;
            drop(file);
            let cut = self.disk.truncate(len);
            file = self.file.lock();
            if let Err(error) = cut {
                return self.failed(JournalEvent::TruncateFailed(error));
            }
            file.broken = false;
            file.written = 0;
            file.repairs += 1;
        }
        let rotate = file.rotate;
        drop(file);
        let wrote = match self.write_batches() {
            Progress::Failed => return Progress::Failed,
            progress => progress,
        };
        if rotate {
            return self.rotate_now();
        }
        if fresh { Progress::Worked } else { wrote }
    }

    fn write_batches(&self) -> Progress {
        let mut progress = Progress::Idle;
        loop {
            let file = self.file.lock();
            let next = file.batches.get(file.written).map(|batch| Arc::clone(&batch.octets));
            drop(file);
            let Some(octets) = next else { return progress };
            // No lock is held meanwhile: batches before this one may become durable and go.
            let result = self.disk.append(&octets);
            let mut file = self.file.lock();
            let broken = file.broken;
            if let Err(error) = result {
                self.give_up(file);
                return self.failed(JournalEvent::WriteFailed(error));
            }
            if broken {
                // A sync failed meanwhile: this batch is written again with the others.
                return Progress::Failed;
            }
            file.written += 1;
            progress = Progress::Worked;
            #[cfg(feature = "deliberate-faults")]
            if crate::Fault::SkippedSync.is_injected() {
                let written = file.written;
                self.acknowledge(&mut file, written);
            }
            if self.durability == Durability::ProcessCrash {
                let written = file.written;
                self.acknowledge(&mut file, written);
            } else {
                drop(file);
                self.wake(&self.syncer, |signal| std::mem::replace(&mut signal.sync, true));
            }
        }
    }

    /// Makes durable what has been written. Called by one thread at a time.
    pub fn sync_step(&self) -> Progress {
        if self.durability != Durability::PowerLoss {
            return Progress::Idle;
        }
        let in_turn = self.syncing.lock();
        let progress = self.sync_in_turn();
        drop(in_turn);
        if self.file.lock().rotate {
            // The writer may have found the sync under way.
            self.flush();
        }
        progress
    }

    fn sync_in_turn(&self) -> Progress {
        let file = self.file.lock();
        let (written, repairs) = (file.written, file.repairs);
        if written == 0 || file.broken {
            return Progress::Idle;
        }
        let upto = file.batches.get(written - 1).map(|batch| batch.upto);
        drop(file);
        let result = self.disk.sync();
        #[cfg(feature = "deliberate-faults")]
        let result = if crate::Fault::NoRepair.is_injected() { Ok(()) } else { result };
        let mut file = self.file.lock();
        if let Err(error) = result {
            self.give_up(file);
            self.flush();
            return self.failed(JournalEvent::SyncFailed(error));
        }
        if file.repairs != repairs || file.broken {
            return Progress::Idle;
        }
        // The writer may have synced and acknowledged some of them itself, before a rotation.
        let done = file.batches.iter().take_while(|batch| Some(batch.upto) <= upto).count();
        self.acknowledge(&mut file, done);
        Progress::Worked
    }

    /// Everything written becomes durable in the old file before a new one is begun.
    fn rotate_now(&self) -> Progress {
        if self.durability == Durability::PowerLoss {
            // While another sync is under way the rotation waits: it comes to the next step.
            let Some(_in_turn) = self.syncing.try_lock() else { return Progress::Idle };
            let written = self.file.lock().written;
            if written > 0 {
                if let Err(error) = self.disk.sync() {
                    self.give_up(self.file.lock());
                    return self.failed(JournalEvent::SyncFailed(error));
                }
                let mut file = self.file.lock();
                if file.broken {
                    return Progress::Failed;
                }
                let done = file.written;
                self.acknowledge(&mut file, done);
            }
        }
        self.file.lock().rotate = false;
        if let Err(error) = self.disk.rotate() {
            (self.events)(JournalEvent::RotateFailed(error));
            return Progress::Worked;
        }
        self.file.lock().durable_len = 0;
        (self.events)(JournalEvent::Rotated);
        Progress::Worked
    }

    /// Drops the first batches as durable, and tells so.
    fn acknowledge(&self, file: &mut FileState, batches: usize) {
        let mut upto = None;
        for batch in file.batches.drain(..batches.min(file.batches.len())) {
            upto = Some(batch.upto);
            file.durable_len += batch.octets.len() as u64;
            file.written = file.written.saturating_sub(1);
            self.pending.fetch_sub(batch.octets.len(), Ordering::Relaxed);
        }
        let Some(upto) = upto else { return };
        self.durable.store(upto, Ordering::Release);
        if self.failing.swap(false, Ordering::Relaxed) {
            (self.events)(JournalEvent::Recovered);
        }
        (self.waker)(Ticket(upto));
    }

    /// What is behind the last durable row is to be written again.
    fn give_up(&self, mut file: MutexGuard<'_, FileState>) {
        file.broken = true;
        self.disk.release();
    }

    fn failed(&self, event: JournalEvent) -> Progress {
        self.failing.store(true, Ordering::Relaxed);
        (self.events)(event);
        Progress::Failed
    }

    /// Takes all rows out of the lanes, in the order of their tickets.
    fn gather(&self) -> Option<Batch> {
        let mut lanes: SmallVec<[_; LANES]> = self.lanes.iter().map(Mutex::lock).collect();
        let upto = self.last.load(Ordering::Relaxed);
        let used = lanes.iter_mut().filter(|lane| !lane.octets.is_empty());
        let mut taken: SmallVec<[Lane; LANES]> = used.map(|lane| lane.take()).collect();
        self.gathered.store(upto, Ordering::Relaxed);
        drop(lanes);
        if taken.len() < 2 {
            // The rows of one lane are in order.
            return taken.pop().map(|lane| Batch { octets: Arc::new(lane.octets), upto });
        }
        let len = taken.iter().map(|lane| lane.octets.len()).sum();
        let mut rows: Vec<(u64, &[u8])> = Vec::new();
        for lane in &taken {
            let mut begin = 0;
            for (ticket, end) in &lane.rows {
                rows.push((*ticket, lane.octets.get(begin..*end).unwrap_or(&[])));
                begin = *end;
            }
        }
        rows.sort_unstable_by_key(|(ticket, _)| *ticket);
        let mut octets = Vec::with_capacity(len);
        rows.iter().for_each(|(_, row)| octets.extend_from_slice(row));
        Some(Batch { octets: Arc::new(octets), upto })
    }

    fn wake(&self, thread: &Condvar, set: impl FnOnce(&mut Signal) -> bool) {
        if !set(&mut self.signal.lock()) {
            thread.notify_one();
        }
    }

    /// Writes until [`Self::stop`] is called, and then what is left. Blocks; for a thread of its own.
    pub fn run_writer(&self) {
        let step = |journal: &Self| {
            // After a failure of somebody else, too, it waits before the next attempt.
            let failed = std::mem::take(&mut journal.signal.lock().write_failed);
            if failed {
                return Progress::Failed;
            }
            let _in_turn = journal.writing.lock();
            journal.write_step()
        };
        self.run(&self.writer, step, |signal| std::mem::take(&mut signal.write));
    }

    /// Syncs until [`Self::stop`] is called, and then what is left. Blocks; for a thread of its own.
    pub fn run_syncer(&self) {
        self.run(&self.syncer, Self::sync_step, |signal| std::mem::take(&mut signal.sync));
    }

    fn run(
        &self,
        thread: &Condvar,
        step: impl Fn(&Self) -> Progress,
        signalled: impl Fn(&mut Signal) -> bool,
    ) {
        let mut begun: Option<Instant> = None;
        loop {
            let mut signal = self.signal.lock();
            while !signalled(&mut signal) && !signal.stop {
                thread.wait(&mut signal);
            }
            let stop = signal.stop;
            drop(signal);
            // On a busy server, what comes within a moment goes together: a wake-up for each row costs more
            // than the row.
            let early = begun.and_then(|begun| GATHER.checked_sub(begun.elapsed()));
            if let Some(early) = early.filter(|_| !stop) {
                std::thread::sleep(early);
            }
            begun = Some(Instant::now());
            let mut progress = step(self);
            while progress == Progress::Worked {
                progress = step(self);
            }
            match (progress, stop) {
                (Progress::Failed, false) => {
                    let mut signal = self.signal.lock();
                    if !signal.stop {
                        // Not `work`: new rows are no reason to try again sooner.
                        self.stopped.wait_for(&mut signal, self.limits.retry_after);
                    }
                    (signal.write, signal.sync) = (true, true);
                    drop(signal);
                    self.writer.notify_one();
                    self.syncer.notify_one();
                }
                (_, true) => return,
                (_, false) => {}
            }
        }
    }

    /// Ends [`Self::run_writer`] and [`Self::run_syncer`]. When both have returned, call
    /// [`Self::finish`].
    pub fn stop(&self) {
        self.signal.lock().stop = true;
        self.writer.notify_one();
        self.syncer.notify_one();
        self.stopped.notify_all();
    }

    /// Writes and syncs what is left. False when that failed.
    pub fn finish(&self) -> bool {
        self.write_step() != Progress::Failed && self.sync_step() != Progress::Failed
    }
}

/// From the beginning of a step to that of the next one, at least.
const GATHER: Duration = Duration::from_micros(200);

fn lane_of<F: LeaseFamily>(lease: &Lease<F>) -> usize {
    lease.subnet.0 as usize % LANES
}

/// How often [`Journal::settle`] looks: a part of what a disk takes.
const SETTLE_POLL: Duration = Duration::from_millis(1);

/// The disk of a journal that keeps nothing.
#[derive(Clone, Copy, Debug)]
pub struct Nowhere;

impl Disk for Nowhere {
    fn append(&self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }
    fn sync(&self) -> io::Result<()> {
        Ok(())
    }
    fn truncate(&self, _: u64) -> io::Result<()> {
        Ok(())
    }
    fn rotate(&self) -> io::Result<()> {
        Ok(())
    }
}
