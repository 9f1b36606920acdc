//! The basic scenario: exchanges at a rate, or a number of them in flight.

use std::time::{Duration, Instant};

use kea_net::Outbox;

use super::{ClientSide, ExitReason, Outcome, Results, Scenario};
use crate::exchange::Exchange;
use crate::transactions::Waiting;

/// What decides when the next exchange begins.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Pace {
    /// So many per second, whether answered or not.
    Rate(f64),
    /// When fewer than this are going on.
    InFlight(u64),
}

/// Exchanges that begin at most with one call, so that answers are read in between.
const BURST: u64 = 64;

pub(crate) struct Basic {
    side: ClientSide,
    pace: Pace,
    /// Counted exchanges that were begun, and those going on.
    begun: u64,
    going: u64,
    renewals: u64,
    releases: u64,
    preload: u64,
    stopping: Option<(Instant, ExitReason)>,
    ended: Option<ExitReason>,
}

impl Basic {
    pub(crate) fn new(side: ClientSide, pace: Pace) -> Self {
        let preload = side.share.of(side.options.preload);
        Basic {
            side,
            pace,
            begun: 0,
            going: 0,
            renewals: 0,
            releases: 0,
            preload,
            stopping: None,
            ended: None,
        }
    }

    /// Begins what is due.
    fn pump(&mut self, now: Instant, out: &mut Outbox) {
        while self.preload > 0 {
            self.preload -= 1;
            self.side.begin(now, false, out);
        }
        if self.stopping.is_some() {
            return;
        }
        for _ in 0..self.due(now).min(BURST) {
            self.side.begin(now, true, out);
            self.begun += 1;
            self.going += 1;
        }
        let share = f64::from(self.side.share.workers);
        let renew = f64::from(self.side.options.renew_rate) / share;
        let release = f64::from(self.side.options.release_rate) / share;
        self.renewals = self.follow_up(now, Exchange::Renewal, renew, self.renewals, out);
        self.releases = self.follow_up(now, Exchange::Release, release, self.releases, out);
        self.check_requests(now);
    }

    /// How many exchanges are to begin now.
    fn due(&self, now: Instant) -> u64 {
        let quota = self.quota(0).map_or(u64::MAX, |quota| quota.saturating_sub(self.begun));
        let due = match self.pace {
            Pace::InFlight(window) => window.saturating_sub(self.going),
            Pace::Rate(rate) => self.scheduled(now, rate, true).saturating_sub(self.begun),
        };
        due.min(quota)
    }

    /// How many of something with a rate should have been sent until now.
    fn scheduled(&self, now: Instant, rate: f64, from_start: bool) -> u64 {
        let elapsed = self.side.started.map_or(0.0, |start| (now - start).as_secs_f64());
        (elapsed * rate) as u64 + u64::from(from_start)
    }

    fn follow_up(
        &mut self,
        now: Instant,
        exchange: Exchange,
        rate: f64,
        done: u64,
        out: &mut Outbox,
    ) -> u64 {
        let scheduled = if rate > 0.0 { self.scheduled(now, rate, false) } else { 0 };
        let mut done = done;
        while done < scheduled && self.side.follow_up(now, exchange, out) {
            done += 1;
        }
        // What could not be sent for want of a lease is not made up for.
        done.max(scheduled)
    }

    fn quota(&self, which: usize) -> Option<u64> {
        self.side.options.requests[which].map(|total| self.side.share.of(total))
    }

    fn check_requests(&mut self, now: Instant) {
        let reached = |quota: Option<u64>, sent| quota.is_some_and(|quota| sent >= quota);
        if reached(self.quota(0), self.begun) || reached(self.quota(1), self.side.tallies[1].sent) {
            self.stop(now, ExitReason::Requests);
        }
    }

    fn stop(&mut self, now: Instant, reason: ExitReason) {
        self.stopping.get_or_insert((now, reason));
    }

    /// Looks at the clock: drops, the end of the period, the end of waiting.
    fn look(&mut self, now: Instant) {
        while let Some(waiting) = self.side.expire(now) {
            self.gone(&waiting);
        }
        if let (Some(start), Some(period)) = (self.side.started, self.side.options.period)
            && now >= start + period
        {
            self.stop(start + period, ExitReason::Period);
        }
        if let Some((at, reason)) = self.stopping {
            let waited = self.side.options.exit_wait.is_some_and(|wait| now >= at + wait);
            if waited || self.side.transactions.is_empty() {
                self.ended.get_or_insert(reason);
            }
        }
    }

    /// An exchange is over, whatever came of it.
    fn gone(&mut self, waiting: &Waiting) {
        let first_or_second = matches!(waiting.exchange, Exchange::First | Exchange::Second);
        if waiting.counted && first_or_second {
            self.going = self.going.saturating_sub(1);
        }
    }

    fn next_begin(&self) -> Option<Instant> {
        if self.stopping.is_some() {
            return None;
        }
        let Some(start) = self.side.started else { return Some(Instant::now()) };
        let at = |rate: f64, count: u64| start + Duration::from_secs_f64(count as f64 / rate);
        let quota_left = self.quota(0).is_none_or(|quota| self.begun < quota);
        let exchange = match self.pace {
            Pace::Rate(rate) if quota_left => Some(at(rate, self.begun)),
            Pace::InFlight(window) if quota_left && self.going < window => Some(start),
            _ => None,
        };
        let share = f64::from(self.side.share.workers);
        let follow_up =
            |rate: u32, done: u64| (rate > 0).then(|| at(f64::from(rate) / share, done + 1));
        let renewal = follow_up(self.side.options.renew_rate, self.renewals);
        let release = follow_up(self.side.options.release_rate, self.releases);
        [exchange, renewal, release].into_iter().flatten().min()
    }
}

impl Scenario for Basic {
    fn receive(
        &mut self,
        now: Instant,
        datagrams: &mut dyn Iterator<Item = &[u8]>,
        out: &mut Outbox,
    ) {
        for datagram in datagrams {
            match self.side.receive(now, datagram, out) {
                Outcome::Complete { waiting, .. } | Outcome::Rejected { waiting, .. } => {
                    self.gone(&waiting);
                }
                Outcome::Continue { .. } | Outcome::Ignored => {}
            }
        }
        self.tick(now, out);
    }

    fn tick(&mut self, now: Instant, out: &mut Outbox) {
        self.side.rounds += 1;
        if self.ended.is_none() {
            self.look(now);
            self.pump(now, out);
            self.look(now);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        if self.ended.is_some() {
            return None;
        }
        let options = &self.side.options;
        let period = self.side.started.zip(options.period).map(|(start, period)| start + period);
        let period = period.filter(|_| self.stopping.is_none());
        let waited = self.stopping.and_then(|(at, _)| Some(at + options.exit_wait?));
        let expiry = self.side.transactions.next_expiry(options.drop_time);
        [period, waited, expiry, self.next_begin()].into_iter().flatten().min()
    }

    fn ended(&self) -> Option<ExitReason> {
        self.ended
    }

    fn abort(&mut self, now: Instant, reason: ExitReason) {
        self.stop(now, reason);
        self.ended.get_or_insert(reason);
    }

    fn side(&self) -> &ClientSide {
        &self.side
    }

    fn into_results(self: Box<Self>) -> Results {
        let sending_ended = match (self.stopping, self.pace, self.side.started) {
            // A number of exchanges at a rate takes its time, the pause after the last included.
            (Some((_, ExitReason::Requests)), Pace::Rate(rate), Some(start)) => {
                Some(start + Duration::from_secs_f64(self.begun as f64 / rate))
            }
            // A number of exchanges as fast as they go ends with the last answer.
            (Some((_, ExitReason::Requests)), ..) => None,
            (stopping, ..) => stopping.map(|(at, _)| at),
        };
        self.side.into_results(sending_ended, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::client_side::tests::{answer4, side4};

    fn messages(out: &mut Outbox) -> Vec<Vec<u8>> {
        out.take().into_iter().map(|(_, message)| message).collect()
    }

    /// Answers everything at once.
    fn serve(basic: &mut Basic, now: Instant, out: &mut Outbox) -> usize {
        let mut count = 0;
        loop {
            let sent = messages(out);
            if sent.is_empty() {
                return count;
            }
            for message in sent {
                count += 1;
                let kind = if message[242] == 1 { 2 } else { 5 };
                let answer = answer4(&message, kind, [10, 0, message[6], message[7]]);
                basic.receive(now, &mut [&answer[..]].into_iter(), out);
            }
        }
    }

    #[test]
    fn exchanges_begin_at_the_rate() {
        let (start, mut out) = (Instant::now(), Outbox::keeping());
        let mut basic = Basic::new(side4(&["-l", "x", "-r", "10"]), Pace::Rate(10.0));
        let mut begun = Vec::new();
        for ms in [0, 50, 99, 100, 101, 350, 1000] {
            basic.tick(start + Duration::from_millis(ms), &mut out);
            begun.push(messages(&mut out).len());
        }
        assert_eq!(begun, [1, 0, 0, 1, 0, 2, 7]);
        assert_eq!(basic.next_begin(), Some(start + Duration::from_millis(1100)));
    }

    #[test]
    fn a_number_of_exchanges_is_kept_in_flight() {
        let (start, mut out) = (Instant::now(), Outbox::keeping());
        let mut basic = Basic::new(side4(&["-l", "x", "-n", "10"]), Pace::InFlight(3));
        basic.tick(start, &mut out);
        assert_eq!(out.take().len(), 3);
        basic.tick(start, &mut out);
        assert_eq!(out.take().len(), 0);
        // Lost ones make room when they are given up.
        let later = start + Duration::from_secs(1);
        basic.tick(later, &mut out);
        assert_eq!(basic.side.tallies[0].dropped, 3);
        assert_eq!(serve(&mut basic, later, &mut out), 14);
        assert_eq!(basic.ended(), Some(ExitReason::Requests));
        let results = Box::new(basic).into_results();
        assert_eq!((results.tallies[0].sent, results.tallies[0].drops()), (10, 3));
        assert_eq!(results.tallies[1].received, 7);
    }

    #[test]
    fn the_period_ends_sending_and_then_waiting() {
        let (start, mut out) = (Instant::now(), Outbox::keeping());
        let arguments = ["-l", "x", "-r", "1", "-p", "1.5", "-W", "200000"];
        let mut basic = Basic::new(side4(&arguments), Pace::Rate(1.0));
        let at = |ms| start + Duration::from_millis(ms);
        for ms in [0, 1000, 1500, 1699] {
            basic.tick(at(ms), &mut out);
        }
        assert_eq!((out.take().len(), basic.ended()), (2, None));
        assert_eq!(basic.next_deadline(), Some(at(1700)));
        basic.tick(at(1700), &mut out);
        assert_eq!(basic.ended(), Some(ExitReason::Period));
        assert_eq!(Box::new(basic).into_results().elapsed, Duration::from_millis(1500));
    }

    #[test]
    fn a_number_of_exchanges_at_a_rate_takes_its_time() {
        let (start, mut out) = (Instant::now(), Outbox::keeping());
        let mut basic = Basic::new(side4(&["-l", "x", "-r", "10", "-n", "2"]), Pace::Rate(10.0));
        for ms in [0, 100] {
            let now = start + Duration::from_millis(ms);
            basic.tick(now, &mut out);
            serve(&mut basic, now, &mut out);
        }
        assert_eq!(basic.ended(), Some(ExitReason::Requests));
        assert_eq!(Box::new(basic).into_results().elapsed, Duration::from_millis(200));
    }

    #[test]
    fn leases_are_renewed_and_released_at_their_rates() {
        let (start, mut out) = (Instant::now(), Outbox::keeping());
        let arguments = ["-l", "x", "-r", "10", "-f", "4", "-F", "2"];
        let mut basic = Basic::new(side4(&arguments), Pace::Rate(10.0));
        for tenth in 0..10 {
            basic.tick(start + Duration::from_millis(tenth * 100), &mut out);
            serve(&mut basic, start + Duration::from_millis(tenth * 100), &mut out);
        }
        basic.tick(start + Duration::from_secs(1), &mut out);
        let kinds: Vec<u8> = messages(&mut out).iter().map(|m| m[242]).collect();
        assert_eq!(kinds, [1, 3, 7]);
        let sent = basic.side.tallies.each_ref().map(|t| t.sent);
        assert_eq!(sent, [11, 10, 4, 2]);
        assert_eq!(basic.side.held.len(), 8);
    }

    #[test]
    fn preloaded_exchanges_do_not_count() {
        let (start, mut out) = (Instant::now(), Outbox::keeping());
        let mut basic = Basic::new(side4(&["-l", "x", "-P", "5", "-n", "1"]), Pace::InFlight(1));
        basic.tick(start, &mut out);
        assert_eq!(serve(&mut basic, start, &mut out), 12);
        assert_eq!(basic.side.tallies[1].received, 1);
    }
}
