//! What something costs: time of the processor, and time of the clock.

use std::fs;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// Time that passed, and time that processors worked.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    pub(crate) wall: Duration,
    pub(crate) processor: Duration,
}

/// Measures this process, all its threads included.
pub(crate) fn of_process<T>(work: impl FnOnce() -> T) -> (Cost, T) {
    measured(ClockId::ProcessCPUTime, work)
}

/// Measures this thread.
pub(crate) fn of_thread<T>(work: impl FnOnce() -> T) -> (Cost, T) {
    measured(ClockId::ThreadCPUTime, work)
}

fn measured<T>(clock: ClockId, work: impl FnOnce() -> T) -> (Cost, T) {
    let (begin, before) = (Instant::now(), cpu_time(clock));
    let done = work();
    let processor = cpu_time(clock).saturating_sub(before);
    (Cost { wall: begin.elapsed(), processor }, done)
}

fn cpu_time(clock: ClockId) -> Duration {
    let time = clock_gettime(clock);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// What another process has used: processor time so far, resident octets.
pub(crate) fn of_pid(pid: &str) -> Option<(Duration, u64)> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name may hold blanks; what follows it does not.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    let ticks = |at: usize| fields.get(at)?.parse::<u64>().ok();
    let processor = Duration::from_millis((ticks(11)? + ticks(12)?) * MS_PER_TICK);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some((processor, kib * 1024))
}

/// Processor time of the children that this process has waited for.
pub(crate) fn of_children() -> Duration {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_whitespace();
    let ticks: u64 = fields.skip(13).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * MS_PER_TICK)
}

/// Linux counts in hundredths of a second, wherever programs can see it.
const MS_PER_TICK: u64 = 10;
