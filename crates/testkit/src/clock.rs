//! A server's date, set at will through libfaketime.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::server::ServerSetup;

/// The date that a server sees. Timers keep their pace: only what the server takes for the date moves.
#[derive(Clone, Debug)]
pub struct FakeClock {
    folder: PathBuf,
}

impl FakeClock {
    /// A clock that is right until it is [`set`](Self::set), for a server that is not started yet.
    ///
    /// # Errors
    /// libfaketime, which reads the offset from a file, is not installed, or the file cannot be made.
    pub fn of(setup: &mut ServerSetup) -> io::Result<Self> {
        let library = ["x86_64-linux-gnu", "aarch64-linux-gnu"]
            .map(|arch| format!("/usr/lib/{arch}/faketime/libfaketime.so.1"))
            .into_iter()
            .find(|path| Path::new(path).exists());
        let library = library.ok_or_else(|| {
            io::Error::new(io::ErrorKind::NotFound, "moving the clock needs the package faketime")
        })?;
        let clock = FakeClock { folder: setup.folder().to_owned() };
        clock.set(0)?;
        let file = clock.folder.join("clock").to_string_lossy().into_owned();
        for (name, value) in [
            ("LD_PRELOAD", &*library),
            ("FAKETIME_TIMESTAMP_FILE", &*file),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ] {
            setup.set_environment(name, value);
        }
        Ok(clock)
    }

    /// From now on the server's clock is so many seconds ahead, or behind.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn set(&self, offset: i64) -> io::Result<()> {
        // Renamed into place, so that no reader sees half a number.
        let fresh = self.folder.join("clock.new");
        fs::write(&fresh, format!("{offset:+}\n"))?;
        fs::rename(fresh, self.folder.join("clock"))
    }
}
