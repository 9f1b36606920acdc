//! The lease file on a real disk, and its siblings of the cleanup.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;

use crate::csv::{Header, Layout, header_line};
use crate::journal::Disk;
use crate::lease::LeaseFamily;
use crate::lfc;

/// The files that belong to a lease file `F`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseFiles {
    /// `F`: where rows are appended.
    pub current: PathBuf,
    /// `F.1`: what was put aside to be cleaned up.
    pub copy: PathBuf,
    /// `F.2`: the result of the cleanup before.
    pub previous: PathBuf,
    /// `F.output`: what a cleanup is writing.
    pub output: PathBuf,
    /// `F.completed`: the whole result, until it has become `F.2`.
    pub completed: PathBuf,
    /// `F.pid`: the number of the process that cleans up.
    pub pid: PathBuf,
    /// `F.torn`: half-written rows that were cut off after a crash.
    pub torn: PathBuf,
}

impl LeaseFiles {
    /// The names for a lease file.
    pub fn of(current: impl Into<PathBuf>) -> Self {
        let current = current.into();
        let with = |suffix: &str| {
            let mut name = OsString::from(&current);
            name.push(suffix);
            PathBuf::from(name)
        };
        LeaseFiles {
            copy: with(".1"),
            previous: with(".2"),
            output: with(".output"),
            completed: with(".completed"),
            pid: with(".pid"),
            torn: with(".torn"),
            current,
        }
    }

    /// Those that hold leases, in the order in which their rows are to be read.
    pub fn in_load_order(&self) -> Vec<&Path> {
        let cleaned: &[&Path] = if self.completed.exists() {
            &[&self.completed]
        } else {
            &[&self.previous, &self.copy]
        };
        let files = cleaned.iter().copied().chain([self.current.as_path()]);
        files.filter(|path| path.exists()).collect()
    }

    /// True when a cleanup was begun and not finished, so that it has to be done before the current
    /// file can be put aside again.
    pub fn cleanup_is_due(&self) -> bool {
        self.copy.exists() || self.completed.exists()
    }
}

/// What is done to names and to whole files of a folder. Not all of it survives a loss of power: names
/// do once [`Self::sync_names`] has returned.
pub trait Folder: Send + Sync {
    /// Makes a file of what `fill` writes, in place of one of that name. Its octets are durable when
    /// this returns; its name is not.
    fn write(
        &self,
        path: &Path,
        fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()>;
    /// Gives a file another name, whatever has that one.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Takes a name away. One that is not there is no error.
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Makes all changes of names durable in the folder that this file is in.
    fn sync_names(&self, beside: &Path) -> io::Result<()>;
}

/// The folders of this machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct LocalFolder;

impl Folder for LocalFolder {
    fn write(
        &self,
        path: &Path,
        fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>,
    ) -> io::Result<()> {
        let mut output = BufWriter::new(Draining { file: File::create(path)?, unsynced: 0 });
        fill(&mut output)?;
        output.into_inner().map_err(io::IntoInnerError::into_error)?.file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            result => result,
        }
    }

    fn sync_names(&self, beside: &Path) -> io::Result<()> {
        sync_directory(beside)
    }
}

/// A file that goes to the disk as it is written: rows that answers wait for do not have to wait until
/// all of it is there.
struct Draining {
    file: File,
    unsynced: usize,
}

impl Write for Draining {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let written = self.file.write(octets)?;
        self.unsynced += written;
        if self.unsynced >= DRAINED {
            self.file.sync_data()?;
            self.unsynced = 0;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Octets that a disk writes while nobody notices.
const DRAINED: usize = 1 << 22;

/// The current lease file, open for appending.
pub struct FileDisk {
    folder: Box<dyn Folder>,
    files: LeaseFiles,
    header: String,
    state: Mutex<State>,
}

#[derive(Clone, Debug)]
enum State {
    Open(Open),
    /// Something failed. The file stays closed until the journal wants to write again, so that its
    /// disk can be taken away and mended meanwhile.
    Closed(Begin),
    /// The file was put aside and no new one could be begun, nor did the old one get its name back.
    Headless(Begin),
}

#[derive(Clone, Debug)]
struct Open {
    file: Arc<File>,
    begin: Begin,
}

/// Where the rows of the journal begin in the file.
#[derive(Clone, Copy, Debug)]
struct Begin {
    header_len: u64,
    /// Octets of rows that lie in a file put aside instead.
    aside: u64,
}

impl FileDisk {
    /// Opens a lease file, or creates it with a header. Gives also the octets of rows that it holds,
    /// for [`Journal::new`](crate::Journal::new).
    ///
    /// Call it after [`load`](crate::load), which cuts off what a crash left half written. A file with
    /// other columns than those written is put aside first, as for a cleanup; then
    /// [`LeaseFiles::cleanup_is_due`].
    pub fn open<F: LeaseFamily>(files: LeaseFiles) -> io::Result<(Self, u64)> {
        Self::open_in::<F>(files, Box::new(LocalFolder))
    }

    /// As [`Self::open`], in any folder.
    pub fn open_in<F: LeaseFamily>(
        files: LeaseFiles,
        folder: Box<dyn Folder>,
    ) -> io::Result<(Self, u64)> {
        let header = header_line::<F>();
        let is_other = match first_line(&files.current)? {
            None => false,
            Some(line) => {
                Header::parse::<F>(&line).is_ok_and(|found| found.layout() != Layout::Current)
            }
        };
        if is_other {
            if files.cleanup_is_due() {
                // Only one file can be put aside.
                lfc::clean_up_in::<F>(&files, &*folder, lfc::Pace::Brisk)
                    .map_err(io::Error::other)?;
            }
            folder.rename(&files.current, &files.copy)?;
            // Before a new file has the old name: what is lost of names may be lost in any order.
            folder.sync_names(&files.copy)?;
        }
        let open = open(&*folder, &files.current, &header)?;
        let len = open.file.metadata()?.len().saturating_sub(open.begin.header_len);
        Ok((FileDisk { folder, files, header, state: Mutex::new(State::Open(open)) }, len))
    }

    /// The files.
    pub fn files(&self) -> &LeaseFiles {
        &self.files
    }

    fn current(&self) -> io::Result<Arc<File>> {
        match &*self.state.lock() {
            State::Open(open) => Ok(Arc::clone(&open.file)),
            State::Closed(_) | State::Headless(_) => Err(io::Error::other("the file is closed")),
        }
    }

    /// The file with all rows up to `len`, and none behind them.
    fn opened_again(&self, state: State, len: u64) -> io::Result<Open> {
        match state {
            State::Open(open) => {
                open.file.set_len(open.begin.of_file(len))?;
                Ok(open)
            }
            State::Closed(begin) => {
                let path = &self.files.current;
                // No new one is begun: where a disk is gone, an empty folder is in its place.
                let file = OpenOptions::new().read(true).append(true).open(path)?;
                let (found, wanted) = (file.metadata()?.len(), begin.of_file(len));
                if found < wanted {
                    let shorter = format!(
                        "{} has {found} octets, but {wanted} had been made durable",
                        path.display()
                    );
                    return Err(io::Error::other(shorter));
                }
                file.set_len(wanted)?;
                Ok(Open { file: Arc::new(file), begin })
            }
            State::Headless(begin) => {
                // A clean-up may have come before, and taken all that counts.
                if let Ok(aside) = OpenOptions::new().append(true).open(&self.files.copy) {
                    aside.set_len(begin.of_file(len))?;
                    aside.sync_all()?;
                }
                let mut open = open(&*self.folder, &self.files.current, &self.header)?;
                open.file.set_len(open.begin.header_len)?;
                open.begin.aside = len;
                Ok(open)
            }
        }
    }
}

impl Begin {
    /// Octets of a file that holds that many octets of rows.
    fn of_file(self, rows: u64) -> u64 {
        self.header_len + rows.saturating_sub(self.aside)
    }
}

impl fmt::Debug for FileDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileDisk {{ {} }}", self.files.current.display())
    }
}

impl Disk for FileDisk {
    fn append(&self, octets: &[u8]) -> io::Result<()> {
        (&*self.current()?).write_all(octets)
    }

    fn sync(&self) -> io::Result<()> {
        self.current()?.sync_data()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let state = self.state.lock().clone();
        let open = self.opened_again(state, len)?;
        *self.state.lock() = State::Open(open);
        Ok(())
    }

    fn release(&self) {
        let mut state = self.state.lock();
        if let State::Open(open) = &*state {
            *state = State::Closed(open.begin);
        }
    }

    fn rotate(&self) -> io::Result<()> {
        let files = &self.files;
        if files.cleanup_is_due() {
            return Err(io::Error::new(
                io::ErrorKind::AlreadyExists,
                "the file put aside before has not been cleaned up yet",
            ));
        }
        self.folder.rename(&files.current, &files.copy)?;
        let names = self.folder.sync_names(&files.copy);
        match names.and_then(|()| open(&*self.folder, &files.current, &self.header)) {
            Ok(open) => {
                *self.state.lock() = State::Open(open);
                Ok(())
            }
            Err(error) => {
                // The file that is still open gets its name back. Where that fails too, nothing more
                // may be written to it: a clean-up takes it for complete.
                if self.folder.rename(&files.copy, &files.current).is_err() {
                    let mut state = self.state.lock();
                    if let State::Open(open) = &*state {
                        *state = State::Headless(open.begin);
                    }
                }
                Err(error)
            }
        }
    }
}

/// Opens for appending. A file without even a header gets one.
fn open(folder: &dyn Folder, path: &Path, header: &str) -> io::Result<Open> {
    let header_len = match first_line(path)? {
        Some(line) => line.len() as u64 + 1,
        None => {
            folder.write(path, &mut |output| output.write_all(header.as_bytes()))?;
            header.len() as u64
        }
    };
    let file = OpenOptions::new().read(true).append(true).open(path)?;
    folder.sync_names(path)?;
    Ok(Open { file: Arc::new(file), begin: Begin { header_len, aside: 0 } })
}

/// The first line without its end; `None` when there is no whole line.
fn first_line(path: &Path) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    match File::open(path) {
        Ok(file) => BufReader::new(file).read_until(b'\n', &mut line)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(line.pop().filter(|end| *end == b'\n').map(|_| line))
}

/// Makes renamed and created names durable.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    File::open(directory.unwrap_or(Path::new(".")))?.sync_all()
}
