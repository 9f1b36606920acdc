//! A log file with rotation by size.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};

use crate::config::{MIN_ROTATED_SIZE, OutputConfig};

/// A file that is appended to. At `maxsize` it is renamed to `<name>.1`, older ones to `.2` and so on up to
/// `.maxver`, and a new one is begun.
#[derive(Debug)]
pub(crate) struct LogFile {
    path: PathBuf,
    file: File,
    /// Devices and pipes (`/dev/stdout`, say) are no files to rotate.
    is_regular: bool,
    size: u64,
    /// Lines not yet written.
    pending: Vec<u8>,
    flush: bool,
    rotate_at: Option<u64>,
    versions: u32,
    lock_file: Option<PathBuf>,
}

impl LogFile {
    pub(crate) fn open(
        path: &Path,
        config: &OutputConfig,
        lock_file: Option<PathBuf>,
    ) -> io::Result<Self> {
        let file = append_to(path)?;
        let found = file.metadata()?;
        Ok(Self {
            path: path.to_owned(),
            file,
            is_regular: found.is_file(),
            size: found.len(),
            pending: Vec::new(),
            flush: config.flush,
            rotate_at: (config.maxsize >= MIN_ROTATED_SIZE).then_some(config.maxsize),
            versions: config.maxver.max(1),
            lock_file,
        })
    }

    pub(crate) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(line);
        let size = self.size + self.pending.len() as u64;
        if self.is_regular && self.rotate_at.is_some_and(|limit| size >= limit) {
            self.write_out()?;
            return self.rotate();
        }
        if self.pending.len() >= WRITE_OUT_AT { self.write_out() } else { Ok(()) }
    }

    pub(crate) fn flush(&mut self, idle: bool) -> io::Result<()> {
        if self.flush || idle { self.write_out() } else { Ok(()) }
    }

    pub(crate) fn reopen_if_replaced(&mut self) -> io::Result<bool> {
        let ours = self.file.metadata()?;
        let same = fs::metadata(&self.path)
            .is_ok_and(|found| (found.dev(), found.ino()) == (ours.dev(), ours.ino()));
        if same {
            // Truncated in place (`copytruncate`), or appended to by another process.
            self.size = ours.len();
            return Ok(false);
        }
        self.write_out()?;
        self.open_again()?;
        Ok(true)
    }

    /// What cannot be written is lost: keeping it would grow without bound while the disk is full.
    fn write_out(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let result = self.file.write_all(&self.pending);
        self.size += self.pending.len() as u64;
        self.pending.clear();
        result
    }

    fn open_again(&mut self) -> io::Result<()> {
        self.file = append_to(&self.path)?;
        let found = self.file.metadata()?;
        (self.is_regular, self.size) = (found.is_file(), found.len());
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        // Held until the end of the function, against other processes that rotate the same file. Doing without
        // a lock that cannot be had is better than not rotating.
        let _lock = self.lock_file.as_deref().and_then(|path| lock(path).ok());
        if self.reopen_if_replaced()? {
            return Ok(());
        }
        // A link stays; what it leads to is rotated.
        let path = fs::canonicalize(&self.path)?;
        for number in (1..self.versions).rev() {
            rename_if_present(&version(&path, number), &version(&path, number + 1))?;
        }
        rename_if_present(&path, &version(&path, 1))?;
        self.open_again()
    }
}

fn version(path: &Path, number: u32) -> PathBuf {
    let mut name = path.to_owned().into_os_string();
    name.push(format!(".{number}"));
    name.into()
}

/// Lines are gathered up to this many bytes within a batch.
const WRITE_OUT_AT: usize = 256 * 1024;

fn append_to(path: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).open(path)
}

fn rename_if_present(from: &Path, to: &Path) -> io::Result<()> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

fn lock(path: &Path) -> io::Result<File> {
    let file = append_to(path)?;
    flock(&file, FlockOperation::LockExclusive)?;
    Ok(file)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileTypeExt;

    use super::*;

    fn open(path: &Path, maxsize: u64, maxver: u32) -> LogFile {
        let config = OutputConfig { maxsize, maxver, ..OutputConfig::to("") };
        LogFile::open(path, &config, Some(path.with_file_name("lock"))).expect("opens")
    }

    fn sizes(path: &Path) -> Vec<Option<u64>> {
        ["", ".1", ".2", ".3"]
            .iter()
            .map(|suffix| fs::metadata(format!("{}{suffix}", path.display())).ok().map(|m| m.len()))
            .collect()
    }

    #[test]
    fn rotation_keeps_maxver_files() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("kea.log");
        let mut file = open(&path, MIN_ROTATED_SIZE, 2);
        let line = [b'x'; 51_200];
        for _ in 0..4 * 3 + 1 {
            file.write(&line).expect("written");
        }
        file.flush(false).expect("flushed");
        let full = Some(MIN_ROTATED_SIZE);
        assert_eq!(sizes(&path), [Some(51_200), full, full, None]);
    }

    #[test]
    fn lines_wait_for_an_idle_moment_unless_they_are_flushed() {
        let dir = tempfile::tempdir().expect("a folder");
        for (flush, at_once) in [(true, 2), (false, 0)] {
            let path = dir.path().join(format!("{flush}.log"));
            let config = OutputConfig { flush, ..OutputConfig::to("") };
            let mut file = LogFile::open(&path, &config, None).expect("opened");
            file.write(b"a\n").expect("written");
            file.flush(false).expect("flushed");
            assert_eq!(sizes(&path)[0], Some(at_once), "flush: {flush}");
            file.flush(true).expect("flushed");
            assert_eq!(sizes(&path)[0], Some(2), "flush: {flush}");
        }
    }

    #[test]
    fn small_maxsize_means_no_rotation() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("kea.log");
        let mut file = open(&path, MIN_ROTATED_SIZE - 1, 1);
        file.write(&[b'x'; 300_000]).expect("written");
        file.flush(false).expect("flushed");
        assert_eq!(sizes(&path), [Some(300_000), None, None, None]);
    }

    #[test]
    fn what_a_link_leads_to_is_rotated() {
        let dir = tempfile::tempdir().expect("a folder");
        let (link, path) = (dir.path().join("link.log"), dir.path().join("kea.log"));
        std::os::unix::fs::symlink(&path, &link).expect("a link");
        let mut file = open(&link, MIN_ROTATED_SIZE, 1);
        file.write(&[b'x'; MIN_ROTATED_SIZE as usize]).expect("written");
        file.write(b"y").expect("written");
        file.flush(true).expect("flushed");
        assert_eq!(fs::read_link(&link).expect("still a link"), path);
        assert_eq!(sizes(&path), [Some(1), Some(MIN_ROTATED_SIZE), None, None]);
    }

    #[test]
    fn devices_and_pipes_are_not_rotated() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("pipe");
        let owner = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        let fifo = rustix::fs::FileType::Fifo;
        rustix::fs::mknodat(rustix::fs::CWD, &path, fifo, owner, 0).expect("a pipe");
        let mut reader =
            OpenOptions::new().read(true).write(true).open(&path).expect("the pipe's other end");
        let mut file = open(&path, MIN_ROTATED_SIZE, 1);
        for _ in 0..8 {
            file.write(&[b'x'; 32 * 1024]).expect("written");
            file.flush(true).expect("flushed");
            let mut taken = [0; 32 * 1024];
            io::Read::read_exact(&mut reader, &mut taken).expect("read");
        }
        assert!(fs::symlink_metadata(&path).expect("still there").file_type().is_fifo());
        assert!(!version(&path, 1).exists());
    }

    #[test]
    fn a_replaced_file_is_opened_again_and_nothing_is_lost() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("kea.log");
        let mut file = open(&path, 0, 1);
        file.write(b"one\n").expect("written");
        fs::rename(&path, dir.path().join("old")).expect("renamed");
        assert!(file.reopen_if_replaced().expect("reopened"));
        file.write(b"two\n").expect("written");
        file.flush(true).expect("flushed");
        assert!(!file.reopen_if_replaced().expect("checked"));
        assert_eq!(fs::read(dir.path().join("old")).expect("read"), b"one\n");
        assert_eq!(fs::read(&path).expect("read"), b"two\n");
    }
}
