//! Lease files on a scratch folder, read and cleaned up by the server's own code.

use std::fs;
use std::io;
use std::path::Path;

use kea_lease::{FileDisk, Journal, LeaseFiles, Leases, LoadEvent, LocalFolder, lfc, load};
use tempfile::TempDir;

use crate::protocol::Protocol;
use crate::random::Random;

/// A scratch folder with a lease file.
pub(crate) struct Storage {
    pub(crate) files: LeaseFiles,
    _folder: TempDir,
}

impl Storage {
    /// In memory, where the system has a file system there.
    pub(crate) fn new() -> io::Result<Self> {
        let memory = Path::new("/dev/shm");
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("kea-sim-");
        let folder = builder.tempdir_in(memory).or_else(|_| builder.tempdir())?;
        Ok(Storage { files: LeaseFiles::of(folder.path().join("leases.csv")), _folder: folder })
    }

    /// Reads the files as a server does at start, and opens them for appending. `tell` is given what an
    /// operator would be told.
    pub(crate) fn load<F: Protocol>(
        &self,
        leases: &Leases<F>,
        tell: &mut dyn FnMut(String),
    ) -> Result<(FileDisk, u64), String> {
        let mut events = |event: LoadEvent<'_>| match event {
            LoadEvent::File(_) => {}
            other => tell(format!("{other:?}")),
        };
        load(&self.files, leases, 0, |_| true, &mut events).map_err(|error| error.to_string())?;
        FileDisk::open::<F>(self.files.clone()).map_err(|error| error.to_string())
    }

    /// Puts the file aside, as the server does when the time for a clean-up has come.
    pub(crate) fn begin_clean_up(&self, journal: &Journal) {
        if !self.files.cleanup_is_due() {
            journal.rotate();
        }
    }

    /// Cleans up what was put aside. Some are killed at work: then the files are left as they are.
    pub(crate) fn clean_up<F: Protocol>(&self, random: &mut Random) -> Result<(), String> {
        if !random.permille(200) {
            let done = lfc::clean_up::<F>(&self.files);
            return done.map(drop).map_err(|error| error.to_string());
        }
        if !self.files.copy.exists() || self.files.completed.exists() {
            return Ok(());
        }
        if random.permille(500) {
            let half = random.octets(100);
            return fs::write(&self.files.output, half).map_err(|error| error.to_string());
        }
        lfc::process::<F>(&self.files, &LocalFolder, lfc::Pace::Brisk)
            .map(drop)
            .map_err(|error| error.to_string())
    }
}
