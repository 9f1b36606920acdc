//! Exchanges: their kinds, and what is counted of each.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use hdrhistogram::Histogram;

use crate::args::{Mode, Protocol};

/// One request and its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exchange {
    /// DISCOVER and OFFER; Solicit and Advertise (or Reply).
    First,
    /// REQUEST and ACK; Request and Reply.
    Second,
    /// REQUEST and ACK of a client that is bound; Renew and Reply.
    Renewal,
    /// RELEASE; Release and Reply.
    Release,
}

impl Exchange {
    /// All, in the order of the reports.
    pub const ALL: [Exchange; 4] =
        [Exchange::First, Exchange::Second, Exchange::Renewal, Exchange::Release];

    /// As the reports call it.
    pub fn name(self, protocol: Protocol, mode: Mode) -> &'static str {
        match (protocol, self) {
            (Protocol::V4, Exchange::First) => "DISCOVER-OFFER",
            (Protocol::V4, Exchange::Second) => "REQUEST-ACK",
            (Protocol::V4, Exchange::Renewal) => "REQUEST-ACK (renewal)",
            (Protocol::V4, Exchange::Release) => "RELEASE",
            (Protocol::V6, Exchange::First) if mode == Mode::RapidCommit => "SOLICIT-REPLY",
            (Protocol::V6, Exchange::First) => "SOLICIT-ADVERTISE",
            (Protocol::V6, Exchange::Second) => "REQUEST-REPLY",
            (Protocol::V6, Exchange::Renewal) => "RENEW-REPLY",
            (Protocol::V6, Exchange::Release) => "RELEASE-REPLY",
        }
    }

    /// False for DHCPRELEASE, to which servers do not reply (RFC 2131 section 4.3.4).
    pub fn is_answered(self, protocol: Protocol) -> bool {
        (protocol, self) != (Protocol::V4, Exchange::Release)
    }
}

/// A lease that an answer gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Leased {
    /// An address.
    Address(IpAddr),
    /// A delegated prefix and its length.
    Prefix(IpAddr, u8),
}

/// A line of `-x l`: client, and what it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseRow {
    /// Client identifier or DUID.
    pub client_id: Vec<u8>,
    /// What it was given.
    pub leased: Vec<Leased>,
}

/// What happened to the requests of one kind.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Requests sent.
    pub sent: u64,
    /// Answers received in time, rejections included.
    pub received: u64,
    /// Requests given up after the drop time.
    pub dropped: u64,
    /// Answers that match no request that waits.
    pub orphans: u64,
    /// Answers without a lease.
    pub rejected: u64,
    /// Leases that another client holds according to an earlier answer.
    pub non_unique: u64,
    /// True for requests to which servers do not reply.
    pub unanswered: bool,
    /// Sum of delays in milliseconds.
    sum_ms: f64,
    /// Sum of their squares.
    square_ms: f64,
    /// The smallest and the largest.
    range: Option<(Duration, Duration)>,
    /// Delays in nanoseconds.
    delays: Histogram<u64>,
    /// For `-x t`: when requests were sent and answered, since the start.
    pub timestamps: Vec<(Duration, Duration)>,
    /// For `-x l`.
    pub leases: Vec<LeaseRow>,
}

/// Three significant digits, up to a minute.
fn histogram() -> Histogram<u64> {
    match Histogram::new_with_bounds(1, 60_000_000_000, 3) {
        Ok(histogram) => histogram,
        Err(_) => unreachable!("the bounds and the precision are valid"),
    }
}

impl Default for Tally {
    fn default() -> Self {
        Tally {
            sent: 0,
            received: 0,
            dropped: 0,
            orphans: 0,
            rejected: 0,
            non_unique: 0,
            unanswered: false,
            sum_ms: 0.0,
            square_ms: 0.0,
            range: None,
            delays: histogram(),
            timestamps: Vec::new(),
            leases: Vec::new(),
        }
    }
}

/// Summary of delays, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Delays {
    /// The smallest.
    pub min: f64,
    /// The mean.
    pub avg: f64,
    /// The largest.
    pub max: f64,
    /// The standard deviation.
    pub deviation: f64,
}

impl Tally {
    /// Counts an answer.
    pub(crate) fn answered(&mut self, delay: Duration) {
        self.received += 1;
        let ms = delay.as_secs_f64() * 1e3;
        self.sum_ms += ms;
        self.square_ms += ms * ms;
        self.range = Some(match self.range {
            None => (delay, delay),
            Some((min, max)) => (min.min(delay), max.max(delay)),
        });
        self.delays.saturating_record(u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Adds what another worker has counted.
    pub fn merge(&mut self, other: Tally) {
        self.sent += other.sent;
        self.received += other.received;
        self.dropped += other.dropped;
        self.orphans += other.orphans;
        self.rejected += other.rejected;
        self.non_unique += other.non_unique;
        self.unanswered |= other.unanswered;
        self.sum_ms += other.sum_ms;
        self.square_ms += other.square_ms;
        self.range = match (self.range, other.range) {
            (Some((a, b)), Some((c, d))) => Some((a.min(c), b.max(d))),
            (one, other) => one.or(other),
        };
        // Both have the same bounds.
        let _ = self.delays.add(&other.delays);
        self.timestamps.extend(other.timestamps);
        self.timestamps.sort_unstable();
        self.leases.extend(other.leases);
    }

    /// Requests without an answer where there should be one.
    pub fn drops(&self) -> u64 {
        if self.unanswered { 0 } else { self.sent.saturating_sub(self.received) }
    }

    /// Those in percent of what was sent; 0 when nothing was.
    pub fn drop_percent(&self) -> f64 {
        if self.sent == 0 { 0.0 } else { self.drops() as f64 * 100.0 / self.sent as f64 }
    }

    /// `None` when nothing was received.
    pub fn delays(&self) -> Option<Delays> {
        let (min, max) = self.range?;
        let avg = self.sum_ms / self.received as f64;
        let variance = self.square_ms / self.received as f64 - avg * avg;
        let ms = |d: Duration| d.as_secs_f64() * 1e3;
        Some(Delays { min: ms(min), avg, max: ms(max), deviation: variance.max(0.0).sqrt() })
    }

    /// The delay in milliseconds that `percentile` percent of the answers keep within.
    pub fn percentile(&self, percentile: f64) -> Option<f64> {
        let nanos = self.delays.value_at_percentile(percentile);
        (self.received > 0).then_some(nanos as f64 / 1e6)
    }
}

/// Who holds what, for `-u`.
#[derive(Debug, Default)]
pub(crate) struct Holdings(HashSet<(bool, Leased)>);

impl Holdings {
    /// Takes a note of a lease; false when it was given before in an exchange of that kind.
    pub(crate) fn give(&mut self, exchange: Exchange, leased: Leased) -> bool {
        self.0.insert((exchange == Exchange::First, leased))
    }

    pub(crate) fn take_back(&mut self, leased: Leased) {
        self.0.remove(&(true, leased));
        self.0.remove(&(false, leased));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_are_summed_up() {
        let mut tally = Tally { sent: 4, ..Tally::default() };
        assert_eq!((tally.delays(), tally.percentile(50.0)), (None, None));
        for ms in [1, 3] {
            tally.answered(Duration::from_millis(ms));
        }
        let mut other = Tally { sent: 1, ..Tally::default() };
        other.answered(Duration::from_millis(2));
        tally.merge(other);
        let delays = tally.delays().unwrap();
        assert_eq!((delays.min, delays.avg, delays.max), (1.0, 2.0, 3.0));
        assert!((delays.deviation - (2.0f64 / 3.0).sqrt()).abs() < 1e-9);
        assert_eq!((tally.drops(), tally.drop_percent()), (2, 40.0));
        assert!((tally.percentile(50.0).unwrap() - 2.0).abs() < 0.01);
    }
}
