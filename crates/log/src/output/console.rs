//! Standard output and standard error.

use std::io::{self, Write};

/// A stream of the process. Lines are gathered and written together, since each write is a system call.
#[derive(Debug)]
pub(crate) struct Console {
    stream: Stream,
    /// Lines not yet written.
    pending: Vec<u8>,
    flush: bool,
}

#[derive(Clone, Copy, Debug)]
enum Stream {
    Stdout,
    Stderr,
}

impl Console {
    pub(crate) fn stdout(flush: bool) -> Self {
        Self { stream: Stream::Stdout, pending: Vec::new(), flush }
    }

    pub(crate) fn stderr(flush: bool) -> Self {
        Self { stream: Stream::Stderr, pending: Vec::new(), flush }
    }

    pub(crate) fn write(&mut self, line: &[u8]) -> io::Result<()> {
        self.pending.extend_from_slice(line);
        if self.pending.len() >= WRITE_OUT_AT { self.write_out() } else { Ok(()) }
    }

    pub(crate) fn flush(&mut self, idle: bool) -> io::Result<()> {
        if self.flush || idle { self.write_out() } else { Ok(()) }
    }

    /// What cannot be written is lost, as in a file.
    fn write_out(&mut self) -> io::Result<()> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let result = match self.stream {
            Stream::Stdout => write_all(&mut io::stdout().lock(), &self.pending),
            Stream::Stderr => write_all(&mut io::stderr().lock(), &self.pending),
        };
        self.pending.clear();
        result
    }
}

fn write_all(stream: &mut impl Write, lines: &[u8]) -> io::Result<()> {
    stream.write_all(lines)?;
    stream.flush()
}

/// Lines are gathered up to this many bytes within a batch.
const WRITE_OUT_AT: usize = 64 * 1024;
