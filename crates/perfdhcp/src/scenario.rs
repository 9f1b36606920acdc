//! What is sent when: the scenarios, each a deterministic machine that is told the time.

mod avalanche;
mod basic;
mod client_side;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kea_net::Outbox;

pub(crate) use avalanche::Avalanche;
pub(crate) use basic::{Basic, Pace};
pub(crate) use client_side::{ClientSide, Outcome, Share};

use crate::exchange::{Exchange, Tally};

/// Why a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExitReason {
    /// `-p`.
    Period,
    /// `-n`.
    Requests,
    /// `-D` with a number.
    Drops,
    /// `-D` with a percentage.
    DropPercent,
    /// All clients of an avalanche are served.
    Served,
    /// A signal.
    Interrupted,
}

impl ExitReason {
    /// As `-x e` shows it.
    pub fn text(self) -> &'static str {
        match self {
            ExitReason::Period => "reached test-period.",
            ExitReason::Requests => "Reached max requests limit.",
            ExitReason::Drops => "Reached maximum drops number.",
            ExitReason::DropPercent => "Reached maximum percentage of drops.",
            ExitReason::Served => "All clients are served.",
            ExitReason::Interrupted => "Interrupted",
        }
    }
}

/// A scenario as one worker runs it.
pub(crate) trait Scenario: Send {
    /// Answers have come.
    fn receive(
        &mut self,
        now: Instant,
        datagrams: &mut dyn Iterator<Item = &[u8]>,
        out: &mut Outbox,
    );
    /// The deadline is there, or something wants attention.
    fn tick(&mut self, now: Instant, out: &mut Outbox);
    /// When [`Self::tick`] wants to be called.
    fn next_deadline(&self) -> Option<Instant>;
    /// Set once nothing more is to be expected.
    fn ended(&self) -> Option<ExitReason>;
    /// Ends at once.
    fn abort(&mut self, now: Instant, reason: ExitReason);
    /// The client side, with the counters.
    fn side(&self) -> &ClientSide;
    /// What the report needs.
    fn into_results(self: Box<Self>) -> Results;
}

/// What a worker has to tell in the end.
#[derive(Clone, Debug, Default)]
pub struct Results {
    /// By exchange, in the order of [`Exchange::ALL`].
    pub tallies: [Tally; 4],
    /// From the first request to the end of sending, or to the last answer if that came later.
    pub elapsed: Duration,
    /// Datagrams that are no answer.
    pub malformed: u64,
    /// Times the program looked for something to do.
    pub rounds: u64,
    /// The server identifier of the first answer.
    pub server_id: Vec<u8>,
    /// The first messages that were sent, of each kind that templates can give.
    pub samples: [Vec<u8>; 2],
    /// Avalanche: requests that were sent again.
    pub resent: u64,
}

impl Results {
    /// Adds those of another worker.
    pub fn merge(&mut self, other: Results) {
        for (tally, more) in self.tallies.iter_mut().zip(other.tallies) {
            tally.merge(more);
        }
        self.elapsed = self.elapsed.max(other.elapsed);
        self.malformed += other.malformed;
        self.rounds += other.rounds;
        self.resent += other.resent;
        if self.server_id.is_empty() {
            self.server_id = other.server_id;
            self.samples = other.samples;
        }
    }

    /// Of one kind of exchange.
    pub fn of(&self, exchange: Exchange) -> &Tally {
        &self.tallies[exchange as usize]
    }
}

/// Numbers of a running worker that others may look at.
#[derive(Debug, Default)]
pub(crate) struct Live {
    numbers: [[AtomicU64; 4]; 4],
    pub(crate) ended: AtomicBool,
}

/// A look at the numbers: sent, received, dropped, rejected of each exchange.
pub(crate) type Numbers = [[u64; 4]; 4];

impl Live {
    pub(crate) fn publish(&self, tallies: &[Tally; 4]) {
        for (cells, tally) in self.numbers.iter().zip(tallies) {
            let numbers = [tally.sent, tally.received, tally.dropped, tally.rejected];
            for (cell, number) in cells.iter().zip(numbers) {
                cell.store(number, Ordering::Relaxed);
            }
        }
    }

    /// The sum over all workers.
    pub(crate) fn sum(workers: &[Arc<Live>]) -> Numbers {
        let mut sum = Numbers::default();
        for worker in workers {
            for (sums, cells) in sum.iter_mut().zip(&worker.numbers) {
                for (sum, cell) in sums.iter_mut().zip(cells) {
                    *sum += cell.load(Ordering::Relaxed);
                }
            }
        }
        sum
    }
}
