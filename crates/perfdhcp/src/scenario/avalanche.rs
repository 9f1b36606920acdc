//! The avalanche scenario: all clients ask at once, and retransmit until they are served.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use kea_net::Outbox;

use super::{ClientSide, ExitReason, Outcome, Results, Scenario};

/// Retransmissions wait 1, 2, 4, … 64 seconds, give or take one; RFC 2131 section 4.1 has the same
/// with longer times.
const FIRST_WAIT_SECS: u64 = 1;
const MAX_WAIT_SECS: u64 = 64;
/// How often clients look whether it is time.
const CHECK: Duration = Duration::from_millis(200);
/// First requests with one call, so that answers are read in between.
const BURST: u32 = 64;

/// What a client has sent last, and when it will send it again.
struct Pending {
    message: Box<[u8]>,
    again: Instant,
    wait_secs: u64,
}

/// A client that was refused, and when it starts over.
struct Refused {
    client: (u32, Option<IpAddr>),
    again: Instant,
}

pub(crate) struct Avalanche {
    side: ClientSide,
    to_begin: u32,
    to_serve: u32,
    pending: HashMap<u32, Pending>,
    refused: Vec<Refused>,
    next_check: Option<Instant>,
    resent: u64,
    ended: Option<(Instant, ExitReason)>,
}

impl Avalanche {
    pub(crate) fn new(side: ClientSide) -> Self {
        let clients = side.share.of(u64::from(side.options.clients)) as u32;
        Avalanche {
            side,
            to_begin: clients,
            to_serve: clients,
            pending: HashMap::new(),
            refused: Vec::new(),
            next_check: None,
            resent: 0,
            ended: None,
        }
    }

    /// Keeps what was just sent, to be sent again.
    fn keep(&mut self, now: Instant, xid: u32) {
        let again = self.later(now, FIRST_WAIT_SECS);
        let message = self.side.last_sent.as_slice().into();
        self.pending.insert(xid, Pending { message, again, wait_secs: FIRST_WAIT_SECS });
    }

    /// That many seconds from now, give or take one.
    fn later(&mut self, now: Instant, wait_secs: u64) -> Instant {
        now + Duration::from_millis(
            self.side.random.u64(wait_secs * 1000 - 1000..=wait_secs * 1000 + 1000),
        )
    }

    fn begin(&mut self, now: Instant, out: &mut Outbox) {
        for _ in 0..self.to_begin.min(BURST) {
            let xid = self.side.begin(now, true, out);
            self.keep(now, xid);
            self.to_begin -= 1;
        }
    }

    fn retransmit(&mut self, now: Instant, out: &mut Outbox) {
        let due: Vec<u32> =
            self.pending.iter().filter(|(_, p)| p.again <= now).map(|(xid, _)| *xid).collect();
        for xid in due {
            let Some(mut pending) = self.pending.remove(&xid) else { continue };
            self.side.resend(&pending.message, out);
            self.resent += 1;
            pending.wait_secs = (pending.wait_secs * 2).min(MAX_WAIT_SECS);
            pending.again = self.later(now, pending.wait_secs);
            self.pending.insert(xid, pending);
        }
        let (due, rest) = self.refused.drain(..).partition::<Vec<_>, _>(|r| r.again <= now);
        self.refused = rest;
        for refused in due {
            let xid = self.side.begin_for(now, refused.client, true, out);
            self.keep(now, xid);
        }
    }
}

impl Scenario for Avalanche {
    fn receive(
        &mut self,
        now: Instant,
        datagrams: &mut dyn Iterator<Item = &[u8]>,
        out: &mut Outbox,
    ) {
        for datagram in datagrams {
            match self.side.receive(now, datagram, out) {
                Outcome::Ignored => {}
                Outcome::Continue { answered, asked } => {
                    self.pending.remove(&answered);
                    self.keep(now, asked);
                }
                Outcome::Complete { xid, .. } => {
                    self.pending.remove(&xid);
                    self.to_serve = self.to_serve.saturating_sub(1);
                }
                Outcome::Rejected { xid, waiting } => {
                    self.pending.remove(&xid);
                    let again = self.later(now, FIRST_WAIT_SECS);
                    self.refused.push(Refused { client: (waiting.client, waiting.relay), again });
                }
            }
        }
        self.tick(now, out);
    }

    fn tick(&mut self, now: Instant, out: &mut Outbox) {
        self.side.rounds += 1;
        if self.ended.is_some() {
            return;
        }
        if self.to_serve == 0 {
            self.ended = Some((now, ExitReason::Served));
            return;
        }
        self.begin(now, out);
        if self.next_check.is_none_or(|at| at <= now) {
            self.retransmit(now, out);
            self.next_check = Some(now + CHECK);
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        match (self.ended, self.to_begin) {
            (Some(_), _) => None,
            (None, 0) => self.next_check,
            // At once.
            (None, _) => Some(self.side.started.unwrap_or_else(Instant::now)),
        }
    }

    fn ended(&self) -> Option<ExitReason> {
        self.ended.map(|(_, reason)| reason)
    }

    fn abort(&mut self, now: Instant, reason: ExitReason) {
        self.ended.get_or_insert((now, reason));
    }

    fn side(&self) -> &ClientSide {
        &self.side
    }

    fn into_results(self: Box<Self>) -> Results {
        let ended = self.ended.map(|(at, _)| at);
        self.side.into_results(ended, self.resent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::client_side::tests::{answer4, side4};

    fn sent(out: &mut Outbox) -> Vec<Vec<u8>> {
        out.take().into_iter().map(|(_, message)| message).collect()
    }

    #[test]
    fn clients_retransmit_until_they_are_served() {
        let start = Instant::now();
        let mut out = Outbox::keeping();
        let mut avalanche = Avalanche::new(side4(&["-l", "x", "-R", "2", "-s", "1"]));
        avalanche.tick(start, &mut out);
        let first = sent(&mut out);
        assert_eq!(first.len(), 2);
        // Nobody answers: both ask again, the same octets, after two seconds at the latest.
        let mut again = Vec::new();
        for step in 1..=11 {
            avalanche.tick(start + CHECK * step, &mut out);
            again.extend(sent(&mut out));
        }
        again.sort();
        again.dedup();
        assert_eq!(again, first);
        let now = start + Duration::from_secs(3);
        for message in &first {
            let offer = answer4(message, 2, [10, 0, 0, 9]);
            avalanche.receive(now, &mut [&offer[..]].into_iter(), &mut out);
        }
        let requests = sent(&mut out);
        assert!(requests.len() >= 2);
        for message in &requests[..] {
            if message[242] == 3 {
                let ack = answer4(message, 5, [10, 0, 0, 9]);
                avalanche.receive(now, &mut [&ack[..]].into_iter(), &mut out);
            }
        }
        assert_eq!(avalanche.ended(), Some(ExitReason::Served));
        let results = Box::new(avalanche).into_results();
        assert_eq!((results.tallies[0].sent, results.tallies[1].received), (2, 2));
        assert!(results.resent >= 2);
        assert_eq!(results.elapsed, Duration::from_secs(3));
    }
}
