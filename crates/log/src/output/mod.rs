//! Where lines go.

mod console;
mod file;
mod journald;
mod socket;
mod syslog;

use std::io;
use std::path::{Path, PathBuf};

pub use syslog::Facility;

use crate::config::{LoggingError, OutputConfig};
use crate::record::Record;
use console::Console;
use file::LogFile;
use journald::Journal;
use syslog::Syslog;

/// What the `output` of a configuration means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
    /// The system log.
    Syslog(Facility),
    /// The systemd journal, in its native protocol.
    Journald,
    /// A file, appended to.
    File(PathBuf),
}

impl Destination {
    /// Reads `stdout`, `stderr`, `syslog`, `syslog:<facility>`, `journald`; anything else is a file name. A facility
    /// that does not exist is [`Facility::DEFAULT`].
    pub fn parse(output: &str) -> Self {
        match output {
            "stdout" => Self::Stdout,
            "stderr" => Self::Stderr,
            "syslog" => Self::Syslog(Facility::DEFAULT),
            "journald" => Self::Journald,
            other => match other.strip_prefix("syslog:") {
                Some(name) => Self::Syslog(Facility::named(name).unwrap_or(Facility::DEFAULT)),
                None => Self::File(PathBuf::from(other)),
            },
        }
    }
}

/// Sockets and files that outputs share.
#[derive(Clone, Debug)]
pub(crate) struct Surroundings {
    pub(crate) ident: String,
    pub(crate) process: u32,
    pub(crate) syslog_socket: PathBuf,
    pub(crate) journal_socket: PathBuf,
    pub(crate) lock_file: Option<PathBuf>,
}

/// An open destination.
#[derive(Debug)]
pub(crate) enum Sink {
    Console(Console),
    File(LogFile),
    Syslog(Syslog),
    Journald(Journal),
}

impl Sink {
    pub(crate) fn open(
        destination: &Destination,
        config: &OutputConfig,
        surroundings: &Surroundings,
    ) -> Result<Self, LoggingError> {
        let open_error =
            |path: &Path, error| LoggingError::Open { path: path.display().to_string(), error };
        Ok(match destination {
            Destination::Stdout => Self::Console(Console::stdout(config.flush)),
            Destination::Stderr => Self::Console(Console::stderr(config.flush)),
            Destination::Syslog(facility) => Self::Syslog(Syslog::new(
                *facility,
                &surroundings.ident,
                surroundings.process,
                &surroundings.syslog_socket,
            )),
            Destination::Journald => {
                Self::Journald(Journal::new(&surroundings.ident, &surroundings.journal_socket))
            }
            Destination::File(path) => Self::File(
                LogFile::open(path, config, surroundings.lock_file.clone())
                    .map_err(|error| open_error(path, error))?,
            ),
        })
    }

    /// Writes one line as laid out.
    pub(crate) fn write(&mut self, record: &Record<'_>, line: &[u8]) -> io::Result<()> {
        match self {
            Self::Console(console) => console.write(line),
            Self::File(file) => file.write(line),
            Self::Syslog(syslog) => syslog.send(record.head.message.severity, record.head.at, line),
            Self::Journald(journal) => journal.send(record, line),
        }
    }

    /// Writes out what is buffered: at the end of a batch, or (`idle`) before a pause.
    pub(crate) fn flush(&mut self, idle: bool) -> io::Result<()> {
        match self {
            Self::Console(console) => console.flush(idle),
            Self::File(file) => file.flush(idle),
            Self::Syslog(_) | Self::Journald(_) => Ok(()),
        }
    }

    /// Opens the file again if it was replaced, as log rotation does; true when it was.
    pub(crate) fn reopen_if_replaced(&mut self) -> io::Result<bool> {
        match self {
            Self::File(file) => file.reopen_if_replaced(),
            _ => Ok(false),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_told_by_their_names() {
        let syslog = |name| Destination::Syslog(Facility::named(name).expect("a facility"));
        assert_eq!(Destination::parse("stdout"), Destination::Stdout);
        assert_eq!(Destination::parse("syslog"), syslog("local0"));
        assert_eq!(Destination::parse("syslog:local3"), syslog("local3"));
        assert_eq!(Destination::parse("syslog:"), syslog("local0"));
        assert_eq!(Destination::parse("journald"), Destination::Journald);
        assert_eq!(Destination::parse("/x/y.log"), Destination::File("/x/y.log".into()));
    }
}
