//! Lease file cleanup: many rows of an address become one (the manual's chapter "The LFC Process").
//!
//! Every step ends with a rename, so that whoever comes after a crash sees from the names alone what
//! is complete: with `F.completed` there, everything older is superfluous; without it, `F.output` is.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use hashbrown::HashMap;
use kea_wire::{V4, V6};

use crate::csv::{Header, Row, header_line, parse_row, write_row};
use crate::file::{Folder, LeaseFiles, LocalFolder};
use crate::lease::LeaseFamily;
use crate::load::LoadError;
use crate::reading::{Reading, read_file};

/// What a cleanup read and wrote.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LfcStats {
    /// Rows read that say something of a lease.
    pub leases: u64,
    /// Rows read.
    pub attempts: u64,
    /// Rows that cannot be read, and are dropped.
    pub errors: u64,
    /// Rows written: one for each lease.
    pub written: u64,
}

/// Why a cleanup stopped. The files are such that the next one goes on, and no lease is lost.
#[derive(Debug)]
pub enum LfcError {
    /// The rows cannot be read.
    Read(LoadError),
    /// The result cannot be written or named.
    Write(PathBuf, io::Error),
}

impl fmt::Display for LfcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LfcError::Read(error) => error.fmt(f),
            LfcError::Write(path, error) => write!(f, "{}: {error}", path.display()),
        }
    }
}

impl std::error::Error for LfcError {}

/// Rows that may be bad in each file before a cleanup gives up.
const MAX_ROW_ERRORS: u64 = 100;

/// Makes `previous` of `previous` and `copy`, or finishes what a cleanup before began. Gives what it
/// read, or `None` when the result was already there, nothing is put aside, or another process cleans
/// up. Takes as long as
/// reading the files twice.
pub fn clean_up<F: LeaseFamily>(files: &LeaseFiles) -> Result<Option<LfcStats>, LfcError> {
    clean_up_in::<F>(files, &LocalFolder, Pace::Brisk)
}

/// How much of a processor, of its caches and of the disk a cleanup takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// All it can get.
    Brisk,
    /// A fifth: for a thread beside others that answer queries. Even where they have processors of their
    /// own, they share what lies between those and the memory.
    Gentle,
}

impl Pace {
    fn rests(self) -> u32 {
        match self {
            Pace::Brisk => 0,
            Pace::Gentle => 4,
        }
    }
}

/// As [`clean_up`], in any folder and at any pace.
pub fn clean_up_in<F: LeaseFamily>(
    files: &LeaseFiles,
    folder: &dyn Folder,
    pace: Pace,
) -> Result<Option<LfcStats>, LfcError> {
    if other_at_work(files).is_some() {
        return Ok(None);
    }
    claim(&files.pid).map_err(|error| LfcError::Write(files.pid.clone(), error))?;
    let result = clean_up_alone::<F>(files, folder, pace);
    // A number that stays there is of a process that does not clean up, which the next one finds out.
    let _ = fs::remove_file(&files.pid);
    result
}

fn clean_up_alone<F: LeaseFamily>(
    files: &LeaseFiles,
    folder: &dyn Folder,
    pace: Pace,
) -> Result<Option<LfcStats>, LfcError> {
    if files.completed.exists() {
        rotate(files, folder, Copy::Covered)?;
        return Ok(None);
    }
    if !files.copy.exists() {
        return Ok(None);
    }
    let (stats, copy) = process::<F>(files, folder, pace)?;
    rotate(files, folder, copy)?;
    Ok(Some(stats))
}

/// Whether the complete result holds what is in the file put aside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Copy {
    /// The file put aside was read, and is superfluous.
    Covered,
    /// There was none: if there is one now, it is none of ours.
    Absent,
}

/// First half: writes the last row of each lease, and names the result complete.
pub fn process<F: LeaseFamily>(
    files: &LeaseFiles,
    folder: &dyn Folder,
    pace: Pace,
) -> Result<(LfcStats, Copy), LfcError> {
    let mut stats = LfcStats::default();
    let copy = if files.copy.exists() { Copy::Covered } else { Copy::Absent };
    let inputs: Vec<&Path> = [&files.previous, &files.copy]
        .into_iter()
        .map(PathBuf::as_path)
        .filter(|p| p.exists())
        .collect();
    let mut lasting = lasting_rows::<F>(&inputs, &mut stats, pace)?;
    let failed = |error| LfcError::Write(files.output.clone(), error);
    let mut unreadable = None;
    let written = folder.write(&files.output, &mut |output| {
        output.write_all(header_line::<F>().as_bytes())?;
        for (path, lines) in inputs.iter().zip(&mut lasting) {
            lines.sort_unstable();
            match copy_rows::<F>(path, lines, output, pace) {
                Ok(Ok(rows)) => stats.written += rows,
                Ok(Err(error)) => return Err(error),
                Err(error) => {
                    unreadable = Some(error);
                    return Err(io::Error::other("the rows cannot be read"));
                }
            }
        }
        Ok(())
    });
    if written.is_err() {
        // Half a result helps nobody, and may be what fills the disk.
        let _ = folder.remove(&files.output);
    }
    if let Some(error) = unreadable {
        return Err(LfcError::Read(error));
    }
    written.map_err(failed)?;
    folder.rename(&files.output, &files.completed).map_err(failed)?;
    folder.sync_names(&files.completed).map_err(failed)?;
    Ok((stats, copy))
}

/// The lines of each file that count in the end: the last one of each lease.
fn lasting_rows<F: LeaseFamily>(
    inputs: &[&Path],
    stats: &mut LfcStats,
    pace: Pace,
) -> Result<Vec<Vec<u64>>, LfcError> {
    // Number of the file, line.
    let mut last: HashMap<F::Addr, (usize, u64)> = HashMap::new();
    for (at, path) in inputs.iter().enumerate() {
        let parse = |header: &Header, line, text: &[u8]| {
            let (address, is_lease) = match parse_row::<F>(header, text)? {
                Row::Lease(lease) => (lease.address, true),
                Row::Deleted(address) => (address, false),
            };
            Ok((address, is_lease.then_some((at, line))))
        };
        let reading = Reading::alone(MAX_ROW_ERRORS, pace.rests());
        let read =
            read_file::<F, _>(
                path,
                reading,
                parse,
                &mut |_| {},
                &mut |(address, place)| match place {
                    #[cfg(feature = "deliberate-faults")]
                    Some(place) if crate::Fault::StaleCleanUp.is_injected() => {
                        last.entry(address).or_insert(place);
                    }
                    Some(place) => drop(last.insert(address, place)),
                    None => drop(last.remove(&address)),
                },
            );
        let read = read.map_err(LfcError::Read)?;
        stats.attempts += read.rows;
        stats.errors += read.errors;
        stats.leases += read.rows - read.errors;
    }
    let mut lasting: Vec<Vec<u64>> = vec![Vec::new(); inputs.len()];
    for (at, line) in last.into_values() {
        if let Some(lines) = lasting.get_mut(at) {
            lines.push(line);
        }
    }
    Ok(lasting)
}

/// Writes those lines of a file as rows of the present columns, and tells how many. The outer error is
/// of reading, the inner one of writing.
fn copy_rows<F: LeaseFamily>(
    path: &Path,
    lines: &[u64],
    output: &mut dyn Write,
    pace: Pace,
) -> Result<io::Result<u64>, LoadError> {
    let parse = |header: &Header, line, text: &[u8]| match lines.binary_search(&line) {
        Ok(_) => parse_row::<F>(header, text).map(Some),
        Err(_) => Ok(None),
    };
    let mut result = Ok(0);
    let mut octets = Vec::new();
    let reading = Reading::alone(MAX_ROW_ERRORS, pace.rests());
    read_file::<F, _>(path, reading, parse, &mut |_| {}, &mut |row| {
        if let (Some(Row::Lease(lease)), Ok(rows)) = (row, &mut result) {
            octets.clear();
            write_row(&mut octets, &lease);
            *rows += 1;
            if let Err(error) = output.write_all(&octets) {
                result = Err(error);
            }
        }
    })?;
    Ok(result)
}

/// Second half: the complete result takes the place of the files it was made of.
pub fn rotate(files: &LeaseFiles, folder: &dyn Folder, copy: Copy) -> Result<(), LfcError> {
    let copy = (copy == Copy::Covered).then_some(&files.copy);
    for path in [&files.previous].into_iter().chain(copy) {
        folder.remove(path).map_err(|error| LfcError::Write(path.clone(), error))?;
    }
    let failed = |error| LfcError::Write(files.completed.clone(), error);
    // The names must not be gone from the disk in another order than here.
    folder.sync_names(&files.copy).map_err(failed)?;
    folder.rename(&files.completed, &files.previous).map_err(failed)?;
    folder.sync_names(&files.previous).map_err(failed)
}

/// The command line of `kea-lfc`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Clean up.
    Clean(Args),
    /// `-h`
    Help,
    /// `-v`
    Version,
    /// `-V`
    ExtendedVersion,
    /// `-W`
    ConfigReport,
}

/// What `kea-lfc` is to clean up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Args {
    /// 4 or 6.
    pub version: u8,
    /// `-c`: has to be given, and is not read.
    pub config: PathBuf,
    /// `-x -i -o -f -p`. There is no current file.
    pub files: LeaseFiles,
    /// `-d`: log to the console.
    pub verbose: bool,
}

/// Why a command line is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UsageError {
    /// Neither `-4` nor `-6`.
    NoVersion,
    /// This switch is missing.
    Missing(char),
    /// Nothing follows this switch.
    NoValue(char),
    /// The word is not understood.
    Unknown(OsString),
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UsageError::NoVersion => f.write_str("protocol version not specified, use -4 or -6"),
            UsageError::Missing(switch) => write!(f, "the switch -{switch} must be given"),
            UsageError::NoValue(switch) => write!(f, "the switch -{switch} needs a file name"),
            UsageError::Unknown(word) => write!(f, "unknown argument {}", word.display()),
        }
    }
}

impl std::error::Error for UsageError {}

impl Command {
    /// Reads the words after the program's name.
    pub fn parse(words: impl IntoIterator<Item = OsString>) -> Result<Self, UsageError> {
        const VALUES: [char; 6] = ['p', 'x', 'i', 'o', 'f', 'c'];
        let mut values: [Option<PathBuf>; VALUES.len()] = Default::default();
        let (mut version, mut verbose) = (None, false);
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let text = word.to_str().unwrap_or_default();
            let mut chars = text.strip_prefix('-').unwrap_or_default().chars();
            let Some(switch) = chars.next() else { return Err(UsageError::Unknown(word)) };
            let attached = chars.as_str();
            let place = VALUES.iter().position(|value| *value == switch);
            if let Some(value) = place.and_then(|place| values.get_mut(place)) {
                let next = if attached.is_empty() { words.next() } else { Some(attached.into()) };
                *value = Some(next.ok_or(UsageError::NoValue(switch))?.into());
                continue;
            }
            match (switch, attached) {
                ('4', "") => version = Some(4),
                ('6', "") => version = Some(6),
                ('d', "") => verbose = true,
                ('h', "") => return Ok(Command::Help),
                ('v', "") => return Ok(Command::Version),
                ('V', "") => return Ok(Command::ExtendedVersion),
                ('W', "") => return Ok(Command::ConfigReport),
                _ => return Err(UsageError::Unknown(word)),
            }
        }
        let version = version.ok_or(UsageError::NoVersion)?;
        let mut value = values.into_iter().zip(VALUES);
        let mut next = || match value.next() {
            Some((Some(path), _)) => Ok(path),
            Some((None, switch)) => Err(UsageError::Missing(switch)),
            None => Err(UsageError::NoVersion),
        };
        let (pid, previous, copy) = (next()?, next()?, next()?);
        let (output, completed, config) = (next()?, next()?, next()?);
        let none = PathBuf::new;
        let files =
            LeaseFiles { current: none(), torn: none(), pid, previous, copy, output, completed };
        Ok(Command::Clean(Args { version, config, files, verbose }))
    }
}

/// What `kea-lfc` logs, with the message of the manual for each.
#[derive(Debug)]
pub enum LfcEvent<'a> {
    /// `LFC_START`
    Start,
    /// `LFC_RUNNING`
    Running,
    /// `LFC_FAIL_PID_CREATE`
    PidCreateFailed(&'a io::Error),
    /// `LFC_FAIL_PID_DEL`
    PidDeleteFailed(&'a io::Error),
    /// `LFC_PROCESSING`: previous file, copy file.
    Processing(&'a Path, &'a Path),
    /// `LFC_READ_STATS`, and `LFC_WRITE_STATS`.
    Stats(LfcStats),
    /// `LFC_FAIL_PROCESS`
    ProcessFailed(&'a LfcError),
    /// `LFC_ROTATING`
    Rotating,
    /// `LFC_FAIL_ROTATE`
    RotateFailed(&'a LfcError),
    /// `LFC_TERMINATE`
    Terminate,
}

/// The program `kea-lfc`: cleans up unless another one does. False when that failed; finding another
/// one at work is no failure.
pub fn run(args: &Args, events: &mut dyn FnMut(LfcEvent<'_>)) -> bool {
    events(LfcEvent::Start);
    let pid = &args.files.pid;
    if other_at_work(&args.files).is_some() {
        events(LfcEvent::Running);
        return true;
    }
    if let Err(error) = claim(pid) {
        events(LfcEvent::PidCreateFailed(&error));
        return false;
    }
    let done = match args.version {
        4 => run_family::<V4>(&args.files, events),
        _ => run_family::<V6>(&args.files, events),
    };
    if let Err(error) = fs::remove_file(pid) {
        events(LfcEvent::PidDeleteFailed(&error));
    }
    events(LfcEvent::Terminate);
    done
}

fn run_family<F: LeaseFamily>(files: &LeaseFiles, events: &mut dyn FnMut(LfcEvent<'_>)) -> bool {
    let mut copy = Copy::Covered;
    if !files.completed.exists() {
        events(LfcEvent::Processing(&files.previous, &files.copy));
        match process::<F>(files, &LocalFolder, Pace::Brisk) {
            Ok((stats, read)) => {
                events(LfcEvent::Stats(stats));
                copy = read;
            }
            Err(error) => {
                events(LfcEvent::ProcessFailed(&error));
                return false;
            }
        }
    }
    events(LfcEvent::Rotating);
    match rotate(files, &LocalFolder, copy) {
        Ok(()) => true,
        Err(error) => {
            events(LfcEvent::RotateFailed(&error));
            false
        }
    }
}

fn claim(pid: &Path) -> io::Result<()> {
    fs::write(pid, format!("{}\n", std::process::id()))
}

/// The process that is cleaning up these files, when it is another one that is alive.
pub fn other_at_work(files: &LeaseFiles) -> Option<u32> {
    let text = fs::read_to_string(&files.pid).unwrap_or_default();
    let pid = text.trim().parse::<u32>().ok()?;
    // A number left behind by a killed program may be anybody's by now. In a container it is this
    // process's own again and again.
    let name = fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("comm"));
    let is_other = pid != std::process::id() && name.is_ok_and(|name| name.starts_with("kea"));
    is_other.then_some(pid)
}
