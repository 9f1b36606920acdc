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

    /// Does what is due `now`. The interval begins when that has ended.
    pub(super) fn run(
        &mut self,
        now: Instant,
        clock: impl FnOnce() -> Instant,
        work: impl FnOnce(),
    ) {
        if self.is_due(now) {
            work();
            self.restart(clock());
        }
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::sync::Arc;

    use kea_config::document::{Document, NoIncludes};
    use kea_wire::{V4, V6};

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn an_interval_begins_when_what_is_done_has_ended() {
        let begin = Instant::now();
        let mut timer = Timer::new(10, begin);
        assert!(!timer.is_due(begin + SECOND * 9));
        assert!(timer.is_due(begin + SECOND * 10));
        let time = Cell::new(begin + SECOND * 9);
        let run = |timer: &mut Timer| {
            let mut done = false;
            timer.run(
                time.get(),
                || time.get(),
                || {
                    // It takes longer than the interval, and is followed by a whole one nevertheless.
                    time.set(time.get() + SECOND * 15);
                    done = true;
                },
            );
            done
        };
        assert!(!run(&mut timer));
        time.set(begin + SECOND * 10);
        assert!(run(&mut timer));
        let ended = begin + SECOND * 25;
        assert_eq!(time.get(), ended);
        assert!(!timer.is_due(ended + SECOND * 9));
        assert!(timer.is_due(ended + SECOND * 10));
    }

    #[test]
    fn what_has_no_interval_is_never_due() {
        let begin = Instant::now();
        let far = begin + SECOND * u32::MAX;
        let mut timer = Timer::new(0, begin);
        assert!(!timer.is_due(far));
        timer.restart(begin);
        assert!(!timer.is_due(far));
        let mut timer = Timer::new(1, begin);
        timer.stop();
        assert!(!timer.is_due(far));
    }

    /// After how many seconds leases are reclaimed, remembered ones removed, and files cleaned up.
    fn seconds<F: Serving>(members: &str) -> [Option<u64>; 3] {
        let text = format!("{{ \"{}\": {{ {members} }} }}", F::PROTOCOL.object());
        let parsed = Document::parse("kea.conf", text.as_bytes(), &NoIncludes);
        let loaded = parsed.map(|(document, _)| kea_config::load(&Arc::new(document)));
        let config: Snapshot<F> = loaded.unwrap().unwrap().0;
        let begin = Instant::now();
        let Schedule { reclaim, flush, clean_up, .. } = Schedule::new(&config, begin);
        [reclaim, flush, clean_up].map(|timer| Some((timer.next? - begin).as_secs()))
    }

    #[test]
    fn intervals_are_as_configured_and_zero_is_never() {
        for (members, expected) in [
            ("", [Some(10), Some(25), Some(3600)]),
            (
                r#""expired-leases-processing": {
                    "reclaim-timer-wait-time": 7, "flush-reclaimed-timer-wait-time": 8 },
                  "lease-database": { "type": "memfile", "lfc-interval": 9 }"#,
                [Some(7), Some(8), Some(9)],
            ),
            (
                r#""expired-leases-processing": {
                    "reclaim-timer-wait-time": 0, "flush-reclaimed-timer-wait-time": 0 },
                  "lease-database": { "type": "memfile", "lfc-interval": 0 }"#,
                [None; 3],
            ),
            // Nothing is written that could be cleaned up.
            (
                r#""lease-database": { "type": "memfile", "persist": false, "lfc-interval": 9 }"#,
                [Some(10), Some(25), None],
            ),
        ] {
            assert_eq!(seconds::<V4>(members), expected, "{members}");
            assert_eq!(seconds::<V6>(members), expected, "{members}");
        }
    }
}
