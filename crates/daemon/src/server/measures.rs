//! What each worker measures of itself, for the metrics: how long answers took, and what waits.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

/// The steps of a histogram, in seconds; what took longer than the last is counted beside them.
pub(super) const STEPS: [f64; 14] =
    [50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3, 0.1, 0.25, 0.5, 1.0];

/// The measures of one worker, alone on their cache lines: only that worker writes them.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Measures {
    /// From when the system received a query until its answer was given to it.
    pub(super) answers: Durations,
    /// For how long a decided answer waited for its lease to be durable, or for hooks.
    pub(super) commits: Durations,
    /// Queries that wait to be served, under overload.
    pub(super) queries_waiting: AtomicUsize,
    /// Answers that wait.
    pub(super) answers_waiting: AtomicUsize,
}

/// How many durations fell into each step.
#[derive(Debug, Default)]
pub(super) struct Durations {
    counts: [AtomicU64; STEPS.len() + 1],
    nanoseconds: AtomicU64,
}

impl Durations {
    pub(super) fn record(&self, duration: Duration) {
        let seconds = duration.as_secs_f64();
        let step = STEPS.partition_point(|step| *step < seconds);
        // As many counts as steps and one more.
        self.counts[step].fetch_add(1, Ordering::Relaxed);
        let nanoseconds = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.nanoseconds.fetch_add(nanoseconds, Ordering::Relaxed);
    }
}

/// The durations of several workers.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Histogram {
    /// How many took as long as each of [`STEPS`] or less, then how many there are.
    pub(super) counts: [u64; STEPS.len() + 1],
    /// The sum of all, in seconds.
    pub(super) sum: f64,
}

impl Histogram {
    pub(super) fn of<'d>(workers: impl Iterator<Item = &'d Durations>) -> Self {
        let (mut counts, mut nanoseconds) = ([0; STEPS.len() + 1], 0);
        for worker in workers {
            for (sum, count) in counts.iter_mut().zip(&worker.counts) {
                *sum += count.load(Ordering::Relaxed);
            }
            nanoseconds += u128::from(worker.nanoseconds.load(Ordering::Relaxed));
        }
        let mut before = 0;
        for count in &mut counts {
            before += *count;
            *count = before;
        }
        Histogram { counts, sum: nanoseconds as f64 / 1e9 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_counted_by_step_and_added_up() {
        let workers = [Durations::default(), Durations::default()];
        for (worker, microseconds) in [(0, 50), (1, 51), (0, 2_000_000), (1, 1_000_000)] {
            workers[worker].record(Duration::from_micros(microseconds));
        }
        let Histogram { counts, sum } = Histogram::of(workers.iter());
        assert_eq!(counts, [1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 4]);
        assert!((sum - 3.000_101).abs() < 1e-9, "{sum}");
    }
}
