//! Reading the lease files at start.

use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::csv::{HeaderError, Layout, Row, RowError, lost_hw_addr, parse_row};
use crate::file::{LeaseFiles, sync_directory};
use crate::gathering::Candidate;
use crate::lease::{Lease, LeaseFamily};
use crate::leases::Leases;
use crate::reading::{Reading, Rest, read_file};
use crate::record::Record;

/// What an operator should know of while lease files are read.
#[derive(Debug, PartialEq, Eq)]
pub enum LoadEvent<'a> {
    /// This file is read now.
    File(&'a Path),
    /// The file has other columns than those written.
    Layout(&'a Path, Layout),
    /// The row is passed over.
    Row {
        /// The file.
        path: &'a Path,
        /// Line in the file; the header is line 1.
        line: u64,
        /// What is wrong with it.
        error: RowError,
    },
    /// The lease is kept without its hardware address, which cannot be read.
    HwAddr {
        /// The file.
        path: &'a Path,
        /// Line in the file; the header is line 1.
        line: u64,
    },
    /// The last row was only half written when the machine or the server stopped. It was never
    /// acknowledged to anyone. It has been moved to another file.
    Torn {
        /// The file.
        path: &'a Path,
        /// Octet at which it is cut off.
        offset: u64,
        /// As many octets are moved.
        octets: u64,
    },
}

/// What was read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadReport {
    /// Rows, readable or not.
    pub rows: u64,
    /// Rows passed over because they cannot be read.
    pub errors: u64,
    /// Leases that the caller did not admit.
    pub refused: u64,
}

/// Why leases cannot be loaded.
#[derive(Debug)]
pub enum LoadError {
    /// The file cannot be read, or its torn end not be cut off.
    Io(PathBuf, io::Error),
    /// The file's first line is no header.
    Header(PathBuf, HeaderError),
    /// More rows are bad than `max-row-errors` allows.
    TooManyRowErrors(PathBuf),
}

impl std::fmt::Display for LoadError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            LoadError::Io(path, error) => write!(f, "{}: {error}", path.display()),
            LoadError::Header(path, error) => write!(f, "{}: {error}", path.display()),
            LoadError::TooManyRowErrors(path) => {
                write!(f, "{}: more rows cannot be read than max-row-errors", path.display())
            }
        }
    }
}

impl std::error::Error for LoadError {}

/// Reads all leases of a lease file and its siblings. The last row of an address counts.
///
/// `admit` sees each lease there is in the end, may correct it, and refuses it with `false`: the place of
/// the sanity checks.
/// `max_row_errors` of 0 sets no limit.
///
/// Rows are parsed on all processors. Tables are filled at the end, each index at once, which costs a
/// fraction of as many single changes; until then nobody finds the leases.
pub fn load<F: LeaseFamily>(
    files: &LeaseFiles,
    leases: &Leases<F>,
    max_row_errors: u64,
    admit: impl FnMut(&mut Candidate<'_, F>) -> bool,
    events: &mut dyn FnMut(LoadEvent<'_>),
) -> Result<LoadReport, LoadError> {
    read_all(files, leases, max_row_errors, admit, events, TornEnd::CutOff)
}

/// Takes in all leases that `read` gives, wherever they come from; how many `admit` refused. Until the end
/// nobody finds them.
///
/// # Errors
/// That of `read`; then nothing is taken in.
pub fn take_in<F: LeaseFamily, E>(
    leases: &Leases<F>,
    mut admit: impl FnMut(&mut Candidate<'_, F>) -> bool,
    read: impl FnOnce(&mut dyn FnMut(&Lease<F>)) -> Result<(), E>,
) -> Result<u64, E> {
    let mut gathering = leases.gather();
    read(&mut |lease| gathering.put(Record::new(lease)))?;
    Ok(gathering.finish(&mut admit))
}

/// Reads all leases as [`load`] does, but only looks: rows that cannot be read are passed over, and the
/// files stay as they are, whoever writes them at the moment.
///
/// # Errors
/// When a file cannot be read at all.
pub fn peruse<F: LeaseFamily>(
    files: &LeaseFiles,
    leases: &Leases<F>,
) -> Result<LoadReport, LoadError> {
    read_all(files, leases, 0, |_| true, &mut |_| {}, TornEnd::Kept)
}

/// What becomes of an end of a file that is no whole row.
#[derive(Clone, Copy, PartialEq, Eq)]
enum TornEnd {
    CutOff,
    Kept,
}

fn read_all<F: LeaseFamily>(
    files: &LeaseFiles,
    leases: &Leases<F>,
    max_row_errors: u64,
    mut admit: impl FnMut(&mut Candidate<'_, F>) -> bool,
    events: &mut dyn FnMut(LoadEvent<'_>),
    torn_end: TornEnd,
) -> Result<LoadReport, LoadError> {
    let mut report = LoadReport::default();
    let mut gathering = leases.gather();
    let mut without_hw_addr: Vec<u64> = Vec::new();
    for path in files.in_load_order() {
        events(LoadEvent::File(path));
        let limit = if max_row_errors == 0 { u64::MAX } else { max_row_errors - report.errors };
        let read = read_file::<F, _>(
            path,
            Reading::in_parallel(limit),
            |header, number, line| {
                let row = parse_row(header, line)?;
                let is_lost =
                    matches!(&row, Row::Lease(lease) if lost_hw_addr(header, line, lease));
                Ok((Change::of(row), is_lost.then_some(number)))
            },
            events,
            &mut |(change, lost)| {
                without_hw_addr.extend(lost);
                match change {
                    Change::Put(record) => gathering.put(record),
                    Change::Remove(address) => gathering.remove(address),
                }
            },
        )?;
        without_hw_addr.drain(..).for_each(|line| events(LoadEvent::HwAddr { path, line }));
        report.rows += read.rows;
        report.errors += read.errors;
        #[cfg(feature = "deliberate-faults")]
        if crate::Fault::TornRowKept.is_injected() {
            continue;
        }
        let is_mended = torn_end == TornEnd::CutOff && path == files.current;
        if let Some(rest) = read.rest.filter(|_| is_mended) {
            cut_off(files, &rest, events).map_err(|error| LoadError::Io(path.into(), error))?;
        }
    }
    report.refused = gathering.finish(&mut admit);
    Ok(report)
}

/// What a row changes, as compact as it will be kept.
enum Change<F: LeaseFamily> {
    Put(Record<F>),
    Remove(F::Addr),
}

impl<F: LeaseFamily> Change<F> {
    fn of(row: Row<F>) -> Self {
        match row {
            Row::Lease(lease) => Change::Put(Record::new(&lease)),
            Row::Deleted(address) => Change::Remove(address),
        }
    }
}

/// Ends the last line of the current file, or moves half a row out of it.
fn cut_off(
    files: &LeaseFiles,
    rest: &Rest,
    events: &mut dyn FnMut(LoadEvent<'_>),
) -> io::Result<()> {
    let current = OpenOptions::new().append(true).open(&files.current)?;
    if rest.is_whole {
        return (&current).write_all(b"\n");
    }
    let mut torn = OpenOptions::new().append(true).create(true).open(&files.torn)?;
    torn.write_all(&rest.octets)?;
    torn.write_all(b"\n")?;
    torn.sync_all()?;
    sync_directory(&files.torn)?;
    current.set_len(rest.offset)?;
    current.sync_all()?;
    let octets = rest.octets.len() as u64;
    events(LoadEvent::Torn { path: &files.current, offset: rest.offset, octets });
    Ok(())
}
