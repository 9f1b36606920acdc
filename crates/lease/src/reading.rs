//! One lease file, read in blocks of whole lines that several threads parse while the next are read.
//! What they make of the lines is given in the order of the file.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::{Builder, Scope};
use std::time::{Duration, Instant};

use crate::csv::{Header, HeaderError, Layout, RowError, header_line};
use crate::lease::LeaseFamily;
use crate::load::{LoadError, LoadEvent};

/// How a file is read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reading {
    /// Rows that may be bad before reading stops.
    pub(crate) max_errors: u64,
    /// Threads that parse, besides the one that asks; 0 for none.
    pub(crate) threads: usize,
    /// Rests after each block, and for that many times as long as it took. Without threads only.
    pub(crate) rests: u32,
}

impl Reading {
    /// With all processors there are, up to a few: one thread takes what the others parse.
    pub(crate) fn in_parallel(max_errors: u64) -> Self {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Reading {
            max_errors,
            threads: if processors > 1 { processors.min(MAX_THREADS) } else { 0 },
            rests: 0,
        }
    }

    /// On this thread alone.
    pub(crate) fn alone(max_errors: u64, rests: u32) -> Self {
        Reading { max_errors, threads: 0, rests }
    }
}

/// More than one thread can take from.
const MAX_THREADS: usize = 6;

/// What [`read_file`] found besides rows.
pub(crate) struct FileRead {
    pub(crate) rows: u64,
    pub(crate) errors: u64,
    pub(crate) rest: Option<Rest>,
}

/// An end of a file that is no whole line.
pub(crate) struct Rest {
    pub(crate) offset: u64,
    pub(crate) octets: Vec<u8>,
    /// It is a row all the same, and lacks only its end.
    pub(crate) is_whole: bool,
}

/// Reads one file. `parse` is given each row with its line number (the header is line 1), on any
/// thread; `take` is given what that made of it, on this thread and in order.
pub(crate) fn read_file<F: LeaseFamily, T: Send>(
    path: &Path,
    reading: Reading,
    parse: impl Fn(&Header, u64, &[u8]) -> Result<T, RowError> + Sync,
    events: &mut dyn FnMut(LoadEvent<'_>),
    take: &mut dyn FnMut(T),
) -> Result<FileRead, LoadError> {
    let io_error = |error| LoadError::Io(path.into(), error);
    let mut blocks = Blocks::open(path).map_err(io_error)?;
    let Some(first) = blocks.next_block().map_err(io_error)? else {
        return without_header::<F>(path, &blocks);
    };
    let end = memchr::memchr(b'\n', &first.octets).unwrap_or(first.octets.len());
    let line = first.octets.get(..end).unwrap_or(&[]);
    let header = Header::parse::<F>(line).map_err(|error| LoadError::Header(path.into(), error))?;
    if header.layout() != Layout::Current {
        events(LoadEvent::Layout(path, header.layout()));
    }
    let rows = Block { octets: first.octets.get(end + 1..).unwrap_or(&[]).into(), first_line: 2 };

    let mut read = FileRead { rows: 0, errors: 0, rest: None };
    let mut take_block = |parsed: Parsed<T>| {
        read.rows += parsed.rows;
        for outcome in parsed.outcomes {
            match outcome {
                Ok(value) => take(value),
                Err((line, error)) => {
                    read.errors += 1;
                    events(LoadEvent::Row { path, line, error });
                    if read.errors > reading.max_errors {
                        return Err(LoadError::TooManyRowErrors(path.into()));
                    }
                }
            }
        }
        Ok(())
    };
    take_block(rows.parse(&header, &parse))?;
    // A small file is not worth a thread.
    if reading.threads == 0 || !blocks.has_more() {
        loop {
            let begin = Instant::now();
            let Some(block) = blocks.next_block().map_err(io_error)? else { break };
            take_block(block.parse(&header, &parse))?;
            if reading.rests > 0 {
                std::thread::sleep(begin.elapsed().min(LONGEST) * reading.rests);
            }
        }
    } else {
        let block = |block: Block| block.parse(&header, &parse);
        in_lanes(reading.threads, &mut blocks, &block, &mut take_block, &io_error)?;
    }
    if blocks.carried.is_empty() {
        return Ok(read);
    }
    // A file edited by hand may lack the last end of line. Half a row of ours never passes for a
    // whole one, but for the user context, which is last.
    let whole = parse(&header, blocks.next_line, &blocks.carried).ok();
    read.rest = Some(blocks.rest(whole.is_some()));
    if let Some(value) = whole {
        read.rows += 1;
        take(value);
    }
    Ok(read)
}

/// A file in which not even one line is whole: one just begun, or none of ours.
fn without_header<F: LeaseFamily>(path: &Path, blocks: &Blocks) -> Result<FileRead, LoadError> {
    let rest = blocks.rest(false);
    if !header_line::<F>().as_bytes().starts_with(&rest.octets) {
        return Err(LoadError::Header(path.into(), HeaderError::NotText));
    }
    let rest = Some(rest).filter(|rest| !rest.octets.is_empty());
    Ok(FileRead { rows: 0, errors: 0, rest })
}

/// Deals blocks to threads in turn, and takes what they make of them in the same turn.
fn in_lanes<T: Send>(
    threads: usize,
    blocks: &mut Blocks,
    parse: &(dyn Fn(Block) -> Parsed<T> + Sync),
    take: &mut dyn FnMut(Parsed<T>) -> Result<(), LoadError>,
    io_error: &dyn Fn(io::Error) -> LoadError,
) -> Result<(), LoadError> {
    std::thread::scope(|scope| {
        let lanes: Result<Vec<_>, _> =
            (0..threads).map(|_| Lane::start(scope, parse).map_err(io_error)).collect();
        let lanes = lanes?;
        let (mut dealt, mut taken) = (0, 0);
        loop {
            // Each lane has one block in work and one waiting.
            while dealt < taken + 2 * threads {
                let Some(block) = blocks.next_block().map_err(io_error)? else { break };
                let lane = lanes.get(dealt % threads);
                if lane.is_none_or(|lane| lane.blocks.send(block).is_err()) {
                    return Err(io_error(io::Error::other("a thread that parses has ended")));
                }
                dealt += 1;
            }
            if taken == dealt {
                return Ok(());
            }
            let parsed = lanes.get(taken % threads).and_then(|lane| lane.parsed.recv().ok());
            let ended = || io_error(io::Error::other("a thread that parses has ended"));
            take(parsed.ok_or_else(ended)?)?;
            taken += 1;
        }
    })
}

/// A thread that parses. It ends when this is dropped.
struct Lane<T> {
    blocks: SyncSender<Block>,
    parsed: Receiver<Parsed<T>>,
}

impl<T: Send> Lane<T> {
    fn start<'scope, 'env: 'scope>(
        scope: &'scope Scope<'scope, 'env>,
        parse: &'scope (dyn Fn(Block) -> Parsed<T> + Sync),
    ) -> io::Result<Self>
    where
        T: 'scope,
    {
        let (blocks, dealt) = sync_channel::<Block>(1);
        let (made, parsed) = sync_channel(1);
        let run = move || {
            for block in dealt {
                if made.send(parse(block)).is_err() {
                    return;
                }
            }
        };
        Builder::new().name("lease-load".into()).spawn_scoped(scope, run)?;
        Ok(Lane { blocks, parsed })
    }
}

/// Whole lines of a file.
struct Block {
    octets: Vec<u8>,
    /// Number of the first of them.
    first_line: u64,
}

/// What became of the lines of a block.
struct Parsed<T> {
    rows: u64,
    outcomes: Vec<Result<T, (u64, RowError)>>,
}

impl Block {
    fn parse<T>(
        &self,
        header: &Header,
        parse: &(impl Fn(&Header, u64, &[u8]) -> Result<T, RowError> + ?Sized),
    ) -> Parsed<T> {
        let mut outcomes = Vec::with_capacity(self.octets.len() / ROW);
        let mut begin = 0;
        for (line, end) in (self.first_line..).zip(memchr::memchr_iter(b'\n', &self.octets)) {
            let text = self.octets.get(begin..end).unwrap_or(&[]);
            begin = end + 1;
            if text.is_empty() || text == b"\r" {
                continue;
            }
            outcomes.push(parse(header, line, text).map_err(|error| (line, error)));
        }
        Parsed { rows: outcomes.len() as u64, outcomes }
    }
}

/// About as long as a short row is.
const ROW: usize = 64;

/// A file as blocks.
struct Blocks {
    file: File,
    /// What was read and ends no line yet.
    carried: Vec<u8>,
    /// Offset of `carried` in the file.
    offset: u64,
    next_line: u64,
    at_end: bool,
}

const BLOCK: usize = 1 << 19;
/// A block takes some milliseconds; what takes longer is the machine's doing.
const LONGEST: Duration = Duration::from_millis(20);

impl Blocks {
    fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        Ok(Blocks { file, carried: Vec::new(), offset: 0, next_line: 1, at_end: false })
    }

    fn has_more(&self) -> bool {
        !self.at_end
    }

    /// `None` at the end; what is carried then is no whole line.
    fn next_block(&mut self) -> io::Result<Option<Block>> {
        let mut octets = std::mem::take(&mut self.carried);
        while !self.at_end {
            let before = octets.len();
            octets.reserve_exact(BLOCK);
            let room = BLOCK as u64;
            let read = Read::by_ref(&mut self.file).take(room).read_to_end(&mut octets)?;
            self.at_end = read < BLOCK;
            let fresh = octets.get(before..).unwrap_or(&[]);
            if let Some(end) = memchr::memrchr(b'\n', fresh) {
                self.carried = octets.split_off(before + end + 1);
                let first_line = self.next_line;
                self.next_line += memchr::memchr_iter(b'\n', &octets).count() as u64;
                self.offset += octets.len() as u64;
                return Ok(Some(Block { octets, first_line }));
            }
        }
        self.carried = octets;
        Ok(None)
    }

    fn rest(&self, is_whole: bool) -> Rest {
        Rest { offset: self.offset, octets: self.carried.clone(), is_whole }
    }
}
