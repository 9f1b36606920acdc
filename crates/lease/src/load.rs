//! Reading the lease files at start.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use crate::csv::{Header, HeaderError, Layout, Row, RowError, header_line, parse_row};
use crate::file::{LeaseFiles, sync_directory};
use crate::lease::{Lease, LeaseFamily};
use crate::leases::Leases;

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
/// `admit` sees each lease, may correct it, and refuses it with `false`: the place of the sanity
/// checks. `max_row_errors` of 0 sets no limit.
pub fn load<F: LeaseFamily>(
    files: &LeaseFiles,
    leases: &Leases<F>,
    max_row_errors: u64,
    mut admit: impl FnMut(&mut Lease<F>) -> bool,
    events: &mut dyn FnMut(LoadEvent<'_>),
) -> Result<LoadReport, LoadError> {
    let mut report = LoadReport::default();
    for path in files.in_load_order() {
        events(LoadEvent::File(path));
        let mut row = |row: Row<F>| match row {
            Row::Lease(mut lease) => {
                let mut table = leases.at(lease.address);
                if admit(&mut lease) {
                    table.put(&lease);
                } else {
                    table.remove(lease.address);
                    report.refused += 1;
                }
            }
            Row::Deleted(address) => drop(leases.at(address).remove(address)),
        };
        let limit = if max_row_errors == 0 { u64::MAX } else { max_row_errors - report.errors };
        let read = read_file::<F>(path, limit, events, &mut |_, parsed| row(parsed))?;
        report.rows += read.rows;
        report.errors += read.errors;
        #[cfg(feature = "deliberate-faults")]
        if crate::Fault::TornRowKept.is_injected() {
            continue;
        }
        if let Some(rest) = read.rest.filter(|_| path == files.current) {
            cut_off(files, &rest, events).map_err(|error| LoadError::Io(path.into(), error))?;
        }
    }
    Ok(report)
}

/// What [`read_file`] found besides rows.
pub(crate) struct FileRead {
    pub(crate) rows: u64,
    pub(crate) errors: u64,
    rest: Option<Rest>,
}

/// An end of a file that is no whole line.
struct Rest {
    offset: u64,
    octets: Vec<u8>,
    /// It is a row all the same, and lacks only its end.
    is_whole: bool,
}

/// Reads one file, and gives each readable row with its line number.
pub(crate) fn read_file<F: LeaseFamily>(
    path: &Path,
    max_errors: u64,
    events: &mut dyn FnMut(LoadEvent<'_>),
    row: &mut dyn FnMut(u64, Row<F>),
) -> Result<FileRead, LoadError> {
    let io_error = |error| LoadError::Io(path.into(), error);
    let mut lines = Lines::open(path).map_err(io_error)?;
    let mut read = FileRead { rows: 0, errors: 0, rest: None };
    let mut header: Option<Header> = None;
    let mut number = 0;
    while lines.fill().map_err(io_error)? {
        while let Some(line) = lines.next_line() {
            number += 1;
            let Some(header) = &header else {
                let parsed = Header::parse::<F>(line)
                    .map_err(|error| LoadError::Header(path.into(), error))?;
                if parsed.layout() != Layout::Current {
                    events(LoadEvent::Layout(path, parsed.layout()));
                }
                header = Some(parsed);
                continue;
            };
            if line.is_empty() || line == b"\r" {
                continue;
            }
            read.rows += 1;
            match parse_row(header, line) {
                Ok(parsed) => row(number, parsed),
                Err(error) => {
                    read.errors += 1;
                    events(LoadEvent::Row { path, line: number, error });
                    if read.errors > max_errors {
                        return Err(LoadError::TooManyRowErrors(path.into()));
                    }
                }
            }
        }
    }
    let (offset, octets) = lines.rest();
    if octets.is_empty() {
        return Ok(read);
    }
    // A file edited by hand may lack the last end of line. Half a row of ours never passes for a
    // whole one, but for the user context, which is last.
    let whole = header.as_ref().and_then(|header| parse_row(header, octets).ok());
    if header.is_none() && !header_line::<F>().as_bytes().starts_with(octets) {
        return Err(LoadError::Header(path.into(), HeaderError::NotText));
    }
    read.rest = Some(Rest { offset, octets: octets.into(), is_whole: whole.is_some() });
    if let Some(parsed) = whole {
        read.rows += 1;
        row(number + 1, parsed);
    }
    Ok(read)
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

/// A file line by line, without a copy of each.
struct Lines {
    file: File,
    buffer: Vec<u8>,
    /// What is left to give of `buffer`.
    begin: usize,
    end: usize,
    /// Offset of `buffer` in the file.
    offset: u64,
}

const BUFFER: usize = 1 << 20;

impl Lines {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Lines { file, buffer: vec![0; BUFFER], begin: 0, end: 0, offset: 0 })
    }

    /// Reads on. False at the end of the file.
    fn fill(&mut self) -> io::Result<bool> {
        self.buffer.copy_within(self.begin..self.end, 0);
        self.offset += self.begin as u64;
        self.end -= self.begin;
        self.begin = 0;
        if self.end == self.buffer.len() {
            self.buffer.resize(self.end * 2, 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or(&mut []);
        let read = self.file.read(room)?;
        self.end += read;
        Ok(read > 0)
    }

    /// The next whole line in the buffer, without its end.
    fn next_line(&mut self) -> Option<&[u8]> {
        let begin = self.begin;
        let len = memchr::memchr(b'\n', self.buffer.get(begin..self.end)?)?;
        self.begin += len + 1;
        self.buffer.get(begin..begin + len)
    }

    /// What is left after the last line, and where it begins.
    fn rest(&self) -> (u64, &[u8]) {
        let rest = self.buffer.get(self.begin..self.end).unwrap_or(&[]);
        (self.offset + self.begin as u64, rest)
    }
}
