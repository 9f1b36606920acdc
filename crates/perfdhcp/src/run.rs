//! A run from beginning to end: script, reports, exit conditions, exit status.

use std::fmt;
use std::io::{self, IsTerminal, Write};
use std::process::Command as Process;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::args::{MaxDrop, Mode, Options, Search};
use crate::client::{Clients, ListError};
use crate::report;
use crate::scenario::{ExitReason, Numbers, Results};
use crate::search::{Attempt, search};
use crate::template::{Template, TemplateError};
use crate::transport::{Path, Running, TransportError, server_address};

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// All exchanges were completed.
    Success,
    /// Some were not.
    Incomplete,
}

impl Status {
    /// The exit status of the program (perfdhcp(8), "Exit Status").
    pub fn code(self) -> u8 {
        match self {
            Status::Success => 0,
            Status::Incomplete => 3,
        }
    }
}

/// Why a run failed.
#[derive(Debug)]
pub enum RunError {
    /// `-M`, `-J`.
    List(ListError),
    /// `-T`.
    Template(TemplateError),
    /// Interfaces and sockets.
    Transport(TransportError),
    /// `-w`.
    Script {
        /// What was to be run.
        script: String,
        /// Why it was not.
        error: io::Error,
    },
    /// Reports cannot be written.
    Output(io::Error),
}

impl fmt::Display for RunError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RunError::List(error) => error.fmt(f),
            RunError::Template(error) => error.fmt(f),
            RunError::Transport(error) => error.fmt(f),
            RunError::Script { script, error } => write!(f, "cannot run {script}: {error}"),
            RunError::Output(error) => write!(f, "cannot write reports: {error}"),
        }
    }
}

impl std::error::Error for RunError {}

/// Runs with these options, writing reports to `out`. `interrupted` ends it early.
///
/// # Errors
/// What keeps it from running; lost exchanges are a [`Status`].
pub fn run(
    options: Options,
    interrupted: &AtomicBool,
    out: &mut impl Write,
) -> Result<Status, RunError> {
    write(out, &report::header(&options))?;
    let clients = Clients::new(&options).map_err(RunError::List)?;
    let templates = Template::read_all(&options).map_err(RunError::Template)?;
    if options.diagnostic('a') && !options.json {
        write(out, &report::arguments(&options, &clients, server_address(&options)))?;
    }
    let path = Path::find(&options).map_err(RunError::Transport)?;
    let run = Run { options: Arc::new(options), clients, templates, path, interrupted };
    run.script("start")?;
    let status = match run.options.search {
        Some(search) => run.search(search, out),
        None => run.once(out),
    };
    run.script("stop")?;
    status
}

/// How often limits and signals are looked at.
const LOOK: Duration = Duration::from_millis(20);
/// How often the progress is shown on a terminal.
const PROGRESS: Duration = Duration::from_millis(500);
/// Where the search begins without `-r`.
const SEARCH_START: u32 = 1000;

struct Run<'a> {
    options: Arc<Options>,
    clients: Clients,
    templates: Vec<Template>,
    path: Path,
    interrupted: &'a AtomicBool,
}

impl Run<'_> {
    fn script(&self, when: &str) -> Result<(), RunError> {
        let Some(script) = &self.options.script else { return Ok(()) };
        let failed = |error| RunError::Script { script: script.clone(), error };
        Process::new(script).arg(when).status().map(drop).map_err(failed)
    }

    fn once(&self, out: &mut impl Write) -> Result<Status, RunError> {
        let (results, reason) = self.attempt(&self.options, out)?;
        self.write_last(&self.options, &results, reason, out)?;
        Ok(status(&results))
    }

    fn write_last(
        &self,
        options: &Options,
        results: &Results,
        reason: ExitReason,
        out: &mut impl Write,
    ) -> Result<(), RunError> {
        let text = match options.json {
            true => format!("{:#}\n", report::as_json(options, results, reason)),
            false => report::last(options, results, reason),
        };
        write(out, &text)
    }

    /// One run with these options.
    fn attempt(
        &self,
        options: &Arc<Options>,
        out: &mut impl Write,
    ) -> Result<(Results, ExitReason), RunError> {
        let start = |options| Running::start(options, &self.path, &self.clients, &self.templates);
        let mut running = start(options).map_err(RunError::Transport)?;
        let quiet = options.separator.is_some() || options.json || options.report.is_some();
        let mut progress = Progress::new(!quiet && io::stderr().is_terminal());
        let mut next_report = options.report.map(|every| Instant::now() + every);
        loop {
            let look = next_report.map_or(LOOK, |at| at.saturating_duration_since(Instant::now()));
            if running.wait(look.min(LOOK)) {
                break;
            }
            let numbers = running.numbers();
            if let Some(reason) = self.limit(options, &numbers) {
                running.abort(reason);
            }
            progress.show(options, &numbers);
            let now = Instant::now();
            if let (Some(at), Some(every)) = (next_report, options.report)
                && now >= at
            {
                next_report = Some(at + every);
                if !options.json {
                    write(out, &format!("{}\n", report::interim(options, &numbers)))?;
                }
            }
        }
        progress.clear();
        Ok(running.finish())
    }

    /// What ends the run before the workers end it themselves.
    fn limit(&self, options: &Options, numbers: &Numbers) -> Option<ExitReason> {
        if self.interrupted.load(Ordering::Relaxed) {
            return Some(ExitReason::Interrupted);
        }
        let limits = options.max_drop.iter().zip(numbers);
        limits.filter_map(|(limit, numbers)| exceeded((*limit)?, numbers)).next()
    }

    fn search(&self, wanted: Search, out: &mut impl Write) -> Result<Status, RunError> {
        let mut best = None;
        let start = self.options.rate.unwrap_or(SEARCH_START);
        let found = search(start, wanted.max_loss, |rate| {
            let mut options = (*self.options).clone();
            options.rate = Some(rate);
            options.in_flight = None;
            options.period = Some(wanted.attempt);
            let options = Arc::new(options);
            let (results, reason) = self.attempt(&options, out)?;
            let attempt = measure(&options, rate, &results);
            let sustained = attempt.is_sustained(wanted.max_loss);
            if !options.json {
                let verdict = if sustained { "sustained" } else { "too much" };
                let Attempt { begun, loss, .. } = attempt;
                let line =
                    format!("rate {rate}: begun {begun:.0}/s, loss {loss:.3} %: {verdict}\n");
                write(out, &line)?;
            }
            if sustained {
                best = Some((options, results, reason));
            }
            // An interrupted attempt proves nothing, and ends the search.
            match self.interrupted.load(Ordering::Relaxed) {
                true => Ok(Attempt { rate: 1, loss: 100.0, begun: 0.0 }),
                false => Ok(attempt),
            }
        })?;
        let Some((options, results, reason)) = best else {
            write(out, "No rate is sustained.\n")?;
            return Ok(Status::Incomplete);
        };
        self.write_last(&options, &results, reason, out)?;
        if let (Some(found), false) = (found, options.json) {
            let line = format!(
                "Highest sustained rate: {} exchanges/second (loss {:.3} %)\n",
                found.rate, found.loss
            );
            write(out, &line)?;
        }
        Ok(Status::Success)
    }
}

fn exceeded(limit: MaxDrop, [sent, _, dropped, _]: &[u64; 4]) -> Option<ExitReason> {
    /// Before this many requests a percentage means nothing.
    const ENOUGH: u64 = 10;
    match limit {
        MaxDrop::Count(most) => (*dropped >= most.max(1)).then_some(ExitReason::Drops),
        MaxDrop::Percent(most) => {
            let share = *dropped as f64 * 100.0 / (*sent).max(1) as f64;
            (*sent > ENOUGH && share >= most).then_some(ExitReason::DropPercent)
        }
    }
}

fn measure(options: &Options, rate: u32, results: &Results) -> Attempt {
    let [first, second, ..] = &results.tallies;
    let completed = if options.mode == Mode::FourWay { second.received } else { first.received };
    let loss = 100.0 * (1.0 - completed as f64 / first.sent.max(1) as f64);
    let period = options.period.unwrap_or(results.elapsed).as_secs_f64();
    Attempt { rate, begun: first.sent as f64 / period, loss }
}

/// Success, or not, by what was lost or refused.
pub fn status(results: &Results) -> Status {
    let failed = results.tallies.iter().any(|tally| tally.drops() > 0 || tally.rejected > 0);
    if failed { Status::Incomplete } else { Status::Success }
}

fn write(out: &mut impl Write, text: &str) -> Result<(), RunError> {
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).map_err(RunError::Output)
}

/// A line on the terminal that is written over.
struct Progress {
    wanted: bool,
    started: Instant,
    next: Instant,
    shown: bool,
}

impl Progress {
    fn new(wanted: bool) -> Self {
        let now = Instant::now();
        Progress { wanted, started: now, next: now + PROGRESS, shown: false }
    }

    fn show(&mut self, options: &Options, numbers: &Numbers) {
        let now = Instant::now();
        if !self.wanted || now < self.next {
            return;
        }
        self.next = now + PROGRESS;
        self.shown = true;
        let seconds = (now - self.started).as_secs_f64();
        let line = report::interim(options, numbers);
        // The terminal may be gone; the run goes on.
        let _ = write!(io::stderr(), "\r{seconds:.1} s  {line}\x1b[K");
    }

    fn clear(&self) {
        if self.shown {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drop_limits() {
        let count = |most| exceeded(MaxDrop::Count(most), &[100, 0, 5, 0]);
        assert_eq!(count(5), Some(ExitReason::Drops));
        assert_eq!(count(6), None);
        assert_eq!(exceeded(MaxDrop::Count(0), &[1, 0, 1, 0]), Some(ExitReason::Drops));
        assert_eq!(exceeded(MaxDrop::Count(0), &[1, 1, 0, 0]), None);
        let percent = |sent, dropped| exceeded(MaxDrop::Percent(10.0), &[sent, 0, dropped, 0]);
        assert_eq!(percent(10, 10), None);
        assert_eq!(percent(11, 1), None);
        assert_eq!(percent(20, 2), Some(ExitReason::DropPercent));
    }
}
