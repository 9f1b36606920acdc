//! When the control plane does what it does at intervals.

use std::time::{Duration, Instant};

use kea_config::snapshot::{LeaseDatabase, Snapshot};
use kea_dhcp::Serving;

/// What is done at intervals, and when next. Intervals run from the end of one time to the next.
pub(super) struct Schedule {
    pub(super) reclaim: Timer,
    pub(super) flush: Timer,
    pub(super) clean_up: Timer,
    /// Samples of statistics, so that their history has a grain.
    pub(super) observe: Timer,
    /// The configuration database is looked at.
    pub(super) poll: Timer,
    /// Datagrams that were lost are told of.
    pub(super) losses: Timer,
}

pub(super) struct Timer {
    interval: Duration,
    next: Option<Instant>,
}

impl Timer {
    fn new(seconds: u32, now: Instant) -> Self {
        let mut timer = Timer { interval: Duration::from_secs(seconds.into()), next: None };
        timer.restart(now);
        timer
    }

    pub(super) fn restart(&mut self, now: Instant) {
        self.next = (!self.interval.is_zero()).then(|| now + self.interval);
    }

    pub(super) fn stop(&mut self) {
        self.next = None;
    }

    pub(super) fn is_due(&self, now: Instant) -> bool {
        self.next.is_some_and(|next| next <= now)
    }
}

impl Schedule {
    pub(super) fn new<F: Serving>(config: &Snapshot<F>, now: Instant) -> Self {
        let expired = &config.expired_leases;
        let clean_up = match &config.lease_database {
            LeaseDatabase::Memfile(memfile) if memfile.persist => memfile.lfc_interval,
            _ => 0,
        };
        let control = config.config_control.as_ref();
        let poll = control.map_or(0, |control| control.fetch_wait_time);
        Schedule {
            reclaim: Timer::new(expired.reclaim_timer_wait_time, now),
            flush: Timer::new(expired.flush_reclaimed_timer_wait_time, now),
            clean_up: Timer::new(clean_up, now),
            observe: Timer::new(10, now),
            poll: Timer::new(poll, now),
            losses: Timer::new(1, now),
        }
    }

    pub(super) fn next(&self) -> Option<Instant> {
        let Self { reclaim, flush, clean_up, observe, poll, losses } = self;
        let timers = [reclaim, flush, clean_up, observe, poll, losses];
        timers.into_iter().filter_map(|timer| timer.next).min()
    }
}
