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
        let mut output = BufWriter::new(File::create(path)?);
        fill(&mut output)?;
        output.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()
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

/// The current lease file, open for appending.
pub struct FileDisk {
    folder: Box<dyn Folder>,
    files: LeaseFiles,
    header: String,
    open: Mutex<Open>,
}

#[derive(Clone, Debug)]
struct Open {
    file: Arc<File>,
    header_len: u64,
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
                lfc::clean_up_in::<F>(&files, &*folder).map_err(io::Error::other)?;
            }
            folder.rename(&files.current, &files.copy)?;
            // Before a new file has the old name: what is lost of names may be lost in any order.
            folder.sync_names(&files.copy)?;
        }
        let open = open(&*folder, &files.current, &header)?;
        let len = open.file.metadata()?.len().saturating_sub(open.header_len);
        Ok((FileDisk { folder, files, header, open: Mutex::new(open) }, len))
    }

    /// The files.
    pub fn files(&self) -> &LeaseFiles {
        &self.files
    }

    fn current(&self) -> Open {
        self.open.lock().clone()
    }
}

impl fmt::Debug for FileDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileDisk {{ {} }}", self.files.current.display())
    }
}

impl Disk for FileDisk {
    fn append(&self, octets: &[u8]) -> io::Result<()> {
        (&*self.current().file).write_all(octets)
    }

    fn sync(&self) -> io::Result<()> {
        self.current().file.sync_data()
    }

    fn truncate(&self, len: u64) -> io::Result<()> {
        let open = self.current();
        open.file.set_len(open.header_len + len)
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
                *self.open.lock() = open;
                Ok(())
            }
            Err(error) => {
                // The file that is still open gets its name back.
                self.folder.rename(&files.copy, &files.current)?;
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
    Ok(Open { file: Arc::new(file), header_len })
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
