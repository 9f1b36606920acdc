//! The process-wide backend: thresholds, the queue and the writer behind it.

use std::cell::Cell;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

use jiff::tz::TimeZone;

use crate::argument::{Argument, encode};
use crate::config::{LoggerConfig, LoggingError, OutputConfig, Program, resolve};
use crate::environment::{Environment, startup_output};
use crate::levels::{Severity, Threshold};
use crate::log::Log;
use crate::message_row::{Component, Message};
use crate::output::{Facility, Surroundings};
use crate::queue::{Batch, Queue};
use crate::record::Head;
use crate::text_buffer::TextBuffer;
use crate::writer::Outputs;

/// What does not change while the process runs.
#[derive(Clone, Debug)]
pub struct LoggingOptions {
    /// Name of the root logger and verbosity.
    pub program: Program,
    /// Output and lock file settings of the environment.
    pub environment: Environment,
    /// Where the lock file lies unless the environment says otherwise.
    pub lockfile_dir: String,
    /// Socket of the system log.
    pub syslog_socket: PathBuf,
    /// Socket of the journal.
    pub journal_socket: PathBuf,
    /// Zone of `%D`.
    pub time_zone: TimeZone,
    /// Bytes the queue may hold.
    pub queue_bytes: usize,
}

impl LoggingOptions {
    /// The usual settings for a program whose root logger is `root`.
    pub fn new(root: impl Into<String>) -> Self {
        Self {
            program: Program { root: root.into(), verbose: false },
            environment: Environment::default(),
            lockfile_dir: "/run/kea".into(),
            syslog_socket: "/dev/log".into(),
            journal_socket: "/run/systemd/journal/socket".into(),
            time_zone: TimeZone::system(),
            queue_bytes: 8 * 1024 * 1024,
        }
    }
}

/// What happens to a message for which the queue has no room.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overload {
    /// It is dropped and counted; the count is logged as `LOG_MESSAGES_DROPPED`.
    #[default]
    Drop,
    /// Whoever logs waits for the outputs.
    Wait,
}

impl Overload {
    /// What the environment says, which may be nothing.
    fn of(environment: &Environment) -> Result<Self, LoggingError> {
        match environment.overload.as_deref() {
            None | Some("drop") => Ok(Self::Drop),
            Some("wait") => Ok(Self::Wait),
            Some(word) => Err(LoggingError::Overload { word: word.to_owned() }),
        }
    }
}

/// Logging of a process. Starts synchronous, with the outputs of the environment: what is logged is written before
/// the call returns. Dropping it writes out what is queued; handles then go on synchronously.
#[derive(Debug)]
pub struct Logging {
    handle: Handle,
    writer: Option<JoinHandle<()>>,
}

impl Logging {
    /// Start-up logging, before the configuration is read.
    pub fn start(options: LoggingOptions) -> Result<Self, LoggingError> {
        let surroundings = Surroundings {
            ident: options.program.root.clone(),
            process: std::process::id(),
            syslog_socket: options.syslog_socket.clone(),
            journal_socket: options.journal_socket.clone(),
            lock_file: options.environment.lock_file(&options.lockfile_dir),
        };
        let overload = Overload::of(&options.environment)?;
        let default_output = startup_output(&options.environment);
        let (tree, _) = resolve(&options.program, &[], &default_output);
        let outputs = Outputs::open(&tree, surroundings, &options.time_zone)?;
        let shared = Shared {
            thresholds: std::array::from_fn(|index| AtomicU8::new(tree[index].threshold.rank())),
            queue: Queue::new(options.queue_bytes),
            outputs: Mutex::new(outputs),
            dropped: AtomicU64::new(0),
            synchronous: AtomicBool::new(true),
            overload,
            default_output,
            options,
        };
        Ok(Self { handle: Handle(Arc::new(shared)), writer: None })
    }

    /// From now on a thread of its own writes, and logging only queues. Call it after forking.
    pub fn start_writer(&mut self) -> std::io::Result<()> {
        if self.writer.is_none() {
            let shared = Arc::clone(&self.handle.0);
            let writer = std::thread::Builder::new().name("log".into());
            self.writer = Some(writer.spawn(move || shared.write_until_closed())?);
            self.handle.0.synchronous.store(false, Ordering::Release);
        }
        Ok(())
    }

    /// A handle to log with.
    pub fn handle(&self) -> Handle {
        self.handle.clone()
    }
}

impl Drop for Logging {
    fn drop(&mut self) {
        let shared = &self.handle.0;
        shared.synchronous.store(true, Ordering::Release);
        shared.queue.close();
        if let Some(writer) = self.writer.take() {
            // A writer that panicked has nothing left to say; the queue is drained below in any case.
            let _ = writer.join();
        }
        shared.drain(true);
    }
}

/// A cheap, cloneable way to a [`Logging`].
#[derive(Clone, Debug)]
pub struct Handle(Arc<Shared>);

impl Handle {
    /// Puts the loggers of a configuration in force, at once and without losing a line: what was logged before
    /// goes to the old outputs. On failure nothing changes. An empty list means the defaults.
    pub fn configure(&self, loggers: &[LoggerConfig]) -> Result<(), LoggingError> {
        let shared = &*self.0;
        let (tree, unknown) = resolve(&shared.options.program, loggers, &shared.default_output);
        {
            let mut outputs = shared.lock_outputs();
            let surroundings = outputs.surroundings().clone();
            let new = Outputs::open(&tree, surroundings, &shared.options.time_zone)?;
            shared.write_queued(&mut outputs, true);
            *outputs = new;
            for (logger, threshold) in tree.iter().zip(&shared.thresholds) {
                threshold.store(logger.threshold.rank(), Ordering::Relaxed);
            }
        }
        for word in unknown {
            crate::log!(self, LOG_BAD_SEVERITY, word);
        }
        let outputs = loggers.iter().flat_map(|logger| &logger.outputs);
        for output in outputs.filter(|output| Facility::is_unknown_in(&output.output)) {
            crate::log!(self, LOG_BAD_DESTINATION, output.output);
        }
        Ok(())
    }

    /// What a logger lets through now.
    pub fn threshold(&self, component: Component) -> Threshold {
        Threshold::from_rank(self.0.thresholds[component.index()].load(Ordering::Relaxed))
    }

    /// Returns when everything logged so far is written.
    pub fn flush(&self) {
        self.0.drain(true);
    }

    /// Opens files that were renamed or removed again; for SIGHUP. The writer also looks by itself about once a
    /// second.
    pub fn reopen(&self) {
        let mut outputs = self.0.lock_outputs();
        self.0.write_queued(&mut outputs, true);
        outputs.reopen();
    }

    /// Messages dropped since the last `LOG_MESSAGES_DROPPED`.
    pub fn dropped(&self) -> u64 {
        self.0.dropped.load(Ordering::Relaxed)
    }
}

impl Log for Handle {
    fn enabled(&self, message: &'static Message) -> bool {
        message.rank() <= self.0.thresholds[message.component.index()].load(Ordering::Relaxed)
    }

    fn emit(&self, message: &'static Message, arguments: &[Argument<'_>]) {
        let head = Head { message, at: unix_nanoseconds(), thread: thread_id() };
        if arguments.iter().any(Argument::is_unformatted) {
            // Not while the queue is locked.
            let mut bytes = SCRATCH.take();
            bytes.clear();
            encode(arguments, &mut bytes);
            self.0.submit(head, |queue| queue.put(bytes.as_slice()));
            SCRATCH.set(bytes);
        } else {
            self.0.submit(head, |queue| encode(arguments, queue));
        }
    }
}

#[derive(Debug)]
struct Shared {
    thresholds: [AtomicU8; Component::COUNT],
    queue: Queue,
    /// Held while writing; taken before the queue's own lock.
    outputs: Mutex<Outputs>,
    dropped: AtomicU64,
    synchronous: AtomicBool,
    overload: Overload,
    default_output: OutputConfig,
    options: LoggingOptions,
}

impl Shared {
    fn submit(&self, head: Head, encode: impl FnOnce(&mut TextBuffer)) {
        let synchronous = self.synchronous.load(Ordering::Acquire);
        // Without a writer nobody but the caller could make room.
        let wait = self.overload == Overload::Wait && !synchronous;
        if self.queue.push(head, wait, encode).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
        if synchronous || head.message.severity == Severity::Fatal {
            self.drain(true);
        }
    }

    fn write_until_closed(&self) {
        while self.queue.wait_for_work() {
            self.drain(false);
            // While messages keep coming nobody is charged a wake-up.
            while self.queue.gather(GATHER) {
                self.drain(false);
            }
            self.drain(true);
        }
    }

    fn drain(&self, idle: bool) {
        let mut outputs = self.lock_outputs();
        self.write_queued(&mut outputs, idle);
    }

    fn write_queued(&self, outputs: &mut Outputs, idle: bool) {
        let mut spare = outputs.spare();
        loop {
            let batch = self.queue.take(std::mem::take(&mut spare));
            let dropped = self.dropped.swap(0, Ordering::Relaxed);
            if batch.is_empty() && dropped == 0 {
                outputs.keep_spare(batch);
                break;
            }
            outputs.write(&batch);
            spare = batch;
            spare.clear();
            if dropped > 0 {
                outputs.write(&self.drop_report(dropped));
            }
        }
        outputs.flush(idle);
    }

    fn drop_report(&self, dropped: u64) -> Batch {
        let head = Head {
            message: &crate::message::LOG_MESSAGES_DROPPED,
            at: unix_nanoseconds(),
            thread: thread_id(),
        };
        let mut report = Batch::default();
        report.add(head, |out| encode(&[Argument::Number(dropped)], out));
        report
    }

    /// Writing does not panic half-way in a way that would leave the outputs unusable.
    fn lock_outputs(&self) -> MutexGuard<'_, Outputs> {
        self.outputs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How long a busy writer lets messages gather.
const GATHER: Duration = Duration::from_millis(20);

thread_local! {
    static SCRATCH: Cell<TextBuffer> = const { Cell::new(TextBuffer::new()) };
    static THREAD: Cell<i32> = const { Cell::new(0) };
}

fn thread_id() -> i32 {
    THREAD.with(|cached| {
        if cached.get() == 0 {
            cached.set(rustix::thread::gettid().as_raw_nonzero().get());
        }
        cached.get()
    })
}

fn unix_nanoseconds() -> i64 {
    // A clock before 1970 or after 2262 is shown as 1970.
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()
        .and_then(|age| i64::try_from(age.as_nanos()).ok())
        .unwrap_or(0)
}

#[cfg(test)]
#[path = "backend_tests.rs"]
mod tests;
