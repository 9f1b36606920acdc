//! A child process whose output is kept line by line and can be waited on.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// A running program, its standard output and error collected together. Killed on drop.
#[derive(Debug)]
pub struct Captured {
    child: Child,
    lines: Arc<Lines>,
    readers: Vec<JoinHandle<()>>,
}

impl Captured {
    /// Starts the command.
    pub fn start(mut command: Command) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let lines = Arc::new(Lines::default());
        let mut readers = Vec::new();
        let streams: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|s| Box::new(s) as Box<dyn Read + Send>),
            child.stderr.take().map(|s| Box::new(s) as Box<dyn Read + Send>),
        ];
        lines.lock().open_streams = 2;
        for stream in streams.into_iter().flatten() {
            let lines = Arc::clone(&lines);
            readers.push(thread::spawn(move || lines.collect(stream)));
        }
        Ok(Captured { child, lines, readers })
    }

    /// The process number.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How many lines have come so far; a place to start waiting from.
    pub fn mark(&self) -> usize {
        self.lines.lock().text.len()
    }

    /// All lines from `mark` on.
    pub fn lines_from(&self, mark: usize) -> Vec<String> {
        self.lines.lock().text.get(mark..).unwrap_or_default().to_vec()
    }

    /// All the output so far.
    pub fn text(&self) -> String {
        self.lines_from(0).join("\n")
    }

    /// Waits until a line at or after `mark` contains `needle`. `None` when the program ended or
    /// `limit` passed without it.
    pub fn wait_for_line(&self, mark: usize, needle: &str, limit: Duration) -> Option<String> {
        let deadline = Instant::now() + limit;
        let mut seen = mark;
        let mut state = self.lines.lock();
        loop {
            let fresh = state.text.get(seen..).unwrap_or_default();
            if let Some(line) = fresh.iter().find(|line| line.contains(needle)) {
                return Some(line.clone());
            }
            seen = state.text.len().max(mark);
            let left = deadline.saturating_duration_since(Instant::now());
            if state.open_streams == 0 || left.is_zero() {
                return None;
            }
            let waited = self.lines.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        let pid = i32::try_from(self.pid()).map_err(io::Error::other)?;
        kill(Pid::from_raw(pid), signal).map_err(io::Error::from)
    }

    /// Waits for the end of the program and of its output; a program that does not end is killed.
    pub fn wait(&mut self, limit: Duration) -> io::Result<ExitStatus> {
        if let Some(status) = self.ends_within(limit)? {
            return Ok(status);
        }
        self.child.kill()?;
        self.child.wait()?;
        Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("the program did not end within {limit:?}:\n{}", self.text()),
        ))
    }

    /// Waits for the end of the program and of its output; `None` when they go on.
    pub fn ends_within(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + limit;
        {
            let mut state = self.lines.lock();
            while state.open_streams > 0 {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    break;
                }
                let waited = self.lines.changed.wait_timeout(state, left);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        // A program that closed its output is about to end, or handed its output to a child.
        loop {
            if let Some(status) = self.child.try_wait()? {
                self.readers.drain(..).for_each(|reader| drop(reader.join()));
                return Ok(Some(status));
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
            thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends it at once (SIGKILL) and waits for that.
    pub fn kill(&mut self) -> io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Captured {
    fn drop(&mut self) {
        let _already_ended = self.kill();
    }
}

#[derive(Debug, Default)]
struct Lines {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    text: Vec<String>,
    open_streams: usize,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn collect(&self, stream: impl Read) {
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        while matches!(reader.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            self.lock().text.push(text);
            self.changed.notify_all();
            line.clear();
        }
        self.lock().open_streams -= 1;
        self.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_waited_for_and_the_status_is_kept() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo one; echo two >&2; exit 3"]);
        let mut child = Captured::start(command).unwrap();
        let limit = Duration::from_secs(10);
        assert_eq!(child.wait_for_line(0, "tw", limit).as_deref(), Some("two"));
        assert_eq!(child.wait_for_line(0, "three", limit), None);
        assert_eq!(child.wait(limit).unwrap().code(), Some(3));
    }
}
