//! What both scenarios do alike: send requests, match answers, count.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use kea_net::{Destination, Outbox};

use super::Results;
use crate::args::{Mode, Options, Protocol};
use crate::client::Clients;
use crate::exchange::{Exchange, Holdings, LeaseRow, Tally};
use crate::message::{Answer, AnswerKind, Held, Messages, Sender};
use crate::transactions::{Transactions, Waiting};

/// A worker's part of the run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Share {
    pub(crate) worker: u32,
    pub(crate) workers: u32,
}

impl Share {
    /// This worker's part of a number.
    pub(crate) fn of(self, total: u64) -> u64 {
        let (worker, workers) = (u64::from(self.worker), u64::from(self.workers));
        total / workers + u64::from(total % workers > worker)
    }
}

/// What an answer led to.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// Nothing: it was late, doubled, or no answer at all.
    Ignored,
    /// The next request of the same client was sent.
    Continue {
        /// The transaction that was answered.
        answered: u32,
        /// The one that was begun.
        asked: u32,
    },
    /// The exchanges of this client are complete.
    Complete {
        /// The transaction that was answered.
        xid: u32,
        /// Its request.
        waiting: Waiting,
    },
    /// The server refused.
    Rejected {
        /// The transaction that was answered.
        xid: u32,
        /// Its request.
        waiting: Waiting,
    },
}

/// The simulated clients of one worker.
pub(crate) struct ClientSide {
    pub(crate) options: Arc<Options>,
    pub(crate) share: Share,
    pub(crate) tallies: [Tally; 4],
    pub(crate) transactions: Transactions,
    pub(crate) random: fastrand::Rng,
    pub(crate) started: Option<Instant>,
    pub(crate) last_event: Option<Instant>,
    pub(crate) rounds: u64,
    /// Leases to renew and release.
    pub(crate) held: Vec<Held>,
    /// The message that was sent last.
    pub(crate) last_sent: Vec<u8>,
    clients: Clients,
    messages: Box<dyn Messages>,
    to: Destination,
    holdings: Option<Arc<Mutex<Holdings>>>,
    in_turn: u32,
    malformed: u64,
    server_id: Vec<u8>,
    samples: [Vec<u8>; 2],
}

/// Leases that are kept for renewals and releases; the oldest give way.
const HELD_MAX: usize = 100_000;

impl ClientSide {
    pub(crate) fn new(
        options: Arc<Options>,
        share: Share,
        clients: Clients,
        messages: Box<dyn Messages>,
        to: Destination,
        holdings: Option<Arc<Mutex<Holdings>>>,
    ) -> Self {
        let random = match options.seed {
            0 => fastrand::Rng::new(),
            seed => fastrand::Rng::with_seed(seed.wrapping_add(u64::from(share.worker))),
        };
        let tallies = Exchange::ALL.map(|exchange| {
            let mut tally = Tally::default();
            tally.unanswered = !exchange.is_answered(options.protocol);
            tally
        });
        ClientSide {
            options,
            share,
            tallies,
            transactions: Transactions::new(share),
            random,
            started: None,
            last_event: None,
            rounds: 0,
            held: Vec::new(),
            last_sent: Vec::new(),
            clients,
            messages,
            to,
            holdings,
            in_turn: 0,
            malformed: 0,
            server_id: Vec::new(),
            samples: Default::default(),
        }
    }

    pub(crate) fn tally(&mut self, exchange: Exchange) -> &mut Tally {
        &mut self.tallies[exchange as usize]
    }

    /// Number of simulated clients of this worker; at least one.
    pub(crate) fn clients(&self) -> u32 {
        (self.share.of(u64::from(self.options.clients)) as u32).max(1)
    }

    /// Begins the exchange of the next client.
    pub(crate) fn begin(&mut self, now: Instant, counted: bool, out: &mut Outbox) -> u32 {
        let turn = self.in_turn % self.clients();
        self.in_turn = turn + 1;
        let number = turn * self.share.workers + self.share.worker;
        let client = self.clients.pick(number, &mut self.random);
        let relay = self.clients.relay(&mut self.random);
        self.begin_for(now, (client, relay), counted, out)
    }

    /// Begins an exchange of that client through that relay; gives its transaction.
    pub(crate) fn begin_for(
        &mut self,
        now: Instant,
        (client, relay): (u32, Option<IpAddr>),
        counted: bool,
        out: &mut Outbox,
    ) -> u32 {
        let xid = self.transactions.next_xid();
        let sender = Sender { client, xid, waited_secs: self.waited_secs(now), relay };
        let mut message = std::mem::take(&mut self.last_sent);
        self.messages.first(&mut message, &sender);
        self.last_sent = message;
        self.sent(now, Exchange::First, &sender, counted, out);
        xid
    }

    /// Sends a renewal or a release of a lease that is held. False when there is none.
    pub(crate) fn follow_up(&mut self, now: Instant, exchange: Exchange, out: &mut Outbox) -> bool {
        if self.held.is_empty() {
            return false;
        }
        let which = self.random.usize(0..self.held.len());
        let release = exchange == Exchange::Release;
        let held = match release {
            true => self.held.swap_remove(which),
            false => self.held[which].clone(),
        };
        let (client, relay) = (held.client, held.relay);
        let sender = Sender { client, xid: self.transactions.next_xid(), waited_secs: 0, relay };
        let mut message = std::mem::take(&mut self.last_sent);
        if release {
            self.messages.release(&mut message, &sender, &held);
            self.take_back(&held);
        } else {
            self.messages.renewal(&mut message, &sender, &held);
        }
        self.last_sent = message;
        self.sent(now, exchange, &sender, true, out);
        true
    }

    /// Sends octets again that were sent before.
    pub(crate) fn resend(&self, message: &[u8], out: &mut Outbox) {
        out.send(&self.to, message);
    }

    /// Takes a datagram in.
    pub(crate) fn receive(&mut self, now: Instant, datagram: &[u8], out: &mut Outbox) -> Outcome {
        let Ok(answer) = self.messages.read(datagram) else {
            self.malformed += 1;
            return Outcome::Ignored;
        };
        let waiting = match self.transactions.get(answer.xid) {
            Some(waiting) if self.fits(waiting.exchange, answer.kind) => *waiting,
            other => {
                let exchange = other.map_or_else(
                    || {
                        if answer.kind == AnswerKind::Offer {
                            Exchange::First
                        } else {
                            Exchange::Second
                        }
                    },
                    |waiting| waiting.exchange,
                );
                self.tally(exchange).orphans += 1;
                return Outcome::Ignored;
            }
        };
        self.transactions.remove(answer.xid);
        self.last_event = Some(now);
        if self.server_id.is_empty() {
            self.server_id = self.messages.server_id(answer.message);
        }
        if waiting.counted {
            self.count(now, &waiting, &answer);
        }
        let is_release = waiting.exchange == Exchange::Release;
        if answer.kind == AnswerKind::Refusal || (answer.leased.is_empty() && !is_release) {
            return Outcome::Rejected { xid: answer.xid, waiting };
        }
        if waiting.exchange == Exchange::First && self.options.mode == Mode::FourWay {
            let asked = self.request(now, &waiting, &answer, out);
            return Outcome::Continue { answered: answer.xid, asked };
        }
        if waiting.exchange != Exchange::Release {
            self.hold(&waiting, &answer);
        }
        Outcome::Complete { xid: answer.xid, waiting }
    }

    /// Gives up what has waited too long; gives one at a time.
    pub(crate) fn expire(&mut self, now: Instant) -> Option<Waiting> {
        let waiting = self.transactions.expired(now, self.options.drop_time)?;
        if waiting.counted {
            self.tally(waiting.exchange).dropped += 1;
        }
        Some(waiting)
    }

    pub(crate) fn into_results(self, sending_ended: Option<Instant>, resent: u64) -> Results {
        let end = self.last_event.max(sending_ended);
        let elapsed = self.started.zip(end).map_or(Duration::ZERO, |(start, end)| end - start);
        Results {
            tallies: self.tallies,
            elapsed,
            malformed: self.malformed,
            rounds: self.rounds,
            server_id: self.server_id,
            samples: self.samples,
            resent,
        }
    }

    fn fits(&self, exchange: Exchange, kind: AnswerKind) -> bool {
        let offer_expected = exchange == Exchange::First && self.options.mode != Mode::RapidCommit;
        offer_expected == (kind == AnswerKind::Offer)
    }

    fn request(
        &mut self,
        now: Instant,
        waiting: &Waiting,
        offer: &Answer<'_>,
        out: &mut Outbox,
    ) -> u32 {
        let xid = match self.options.protocol {
            // RFC 2131 section 4.4.1: the same as in the DISCOVER.
            Protocol::V4 => offer.xid,
            Protocol::V6 => self.transactions.next_xid(),
        };
        let since_first = u16::try_from((now - waiting.sent).as_secs()).unwrap_or(u16::MAX);
        let waited_secs = self.waited_secs(now).saturating_add(since_first);
        let sender = Sender { client: waiting.client, xid, waited_secs, relay: waiting.relay };
        let mut message = std::mem::take(&mut self.last_sent);
        self.messages.second(&mut message, &sender, offer.message);
        self.last_sent = message;
        self.sent(now, Exchange::Second, &sender, waiting.counted, out);
        xid
    }

    fn sent(
        &mut self,
        now: Instant,
        exchange: Exchange,
        sender: &Sender,
        counted: bool,
        out: &mut Outbox,
    ) {
        self.started.get_or_insert(now);
        out.send(&self.to, &self.last_sent);
        if let Some(sample) = self.samples.get_mut(exchange as usize)
            && sample.is_empty()
        {
            sample.clone_from(&self.last_sent);
        }
        if counted {
            self.tally(exchange).sent += 1;
        }
        if exchange.is_answered(self.options.protocol) {
            let Sender { client, relay, xid, .. } = *sender;
            let waiting = Waiting { exchange, client, relay, sent: now, counted };
            self.transactions.insert(xid, waiting);
        }
    }

    fn count(&mut self, now: Instant, waiting: &Waiting, answer: &Answer<'_>) {
        let is_release = waiting.exchange == Exchange::Release;
        let rejected =
            answer.kind == AnswerKind::Refusal || (answer.leased.is_empty() && !is_release);
        let (timestamps, leases) = (self.options.diagnostic('t'), self.options.diagnostic('l'));
        let start = self.started.unwrap_or(now);
        let row = (leases && !rejected && !is_release).then(|| LeaseRow {
            client_id: self.messages.client_id(answer.message),
            leased: answer.leased.to_vec(),
        });
        let doubled = self.doubled(waiting.exchange, answer);
        let tally = self.tally(waiting.exchange);
        tally.answered(now - waiting.sent);
        tally.rejected += u64::from(rejected);
        tally.non_unique += doubled;
        if timestamps {
            tally.timestamps.push((waiting.sent - start, now - start));
        }
        tally.leases.extend(row);
    }

    /// With `-u`: how many leases of an answer were given to somebody before.
    fn doubled(&self, exchange: Exchange, answer: &Answer<'_>) -> u64 {
        let Some(holdings) = &self.holdings else { return 0 };
        if matches!(exchange, Exchange::Renewal | Exchange::Release) {
            return 0;
        }
        let mut holdings = holdings.lock().unwrap_or_else(PoisonError::into_inner);
        let new = answer.leased.iter().filter(|l| holdings.give(exchange, **l)).count();
        (answer.leased.len() - new) as u64
    }

    fn take_back(&self, held: &Held) {
        if let Some(holdings) = &self.holdings {
            let mut holdings = holdings.lock().unwrap_or_else(PoisonError::into_inner);
            held.leased.iter().for_each(|leased| holdings.take_back(*leased));
        }
    }

    fn hold(&mut self, waiting: &Waiting, answer: &Answer<'_>) {
        let wanted = self.options.renew_rate > 0 || self.options.release_rate > 0;
        if !wanted || waiting.exchange == Exchange::Renewal {
            return;
        }
        let held = Held {
            client: waiting.client,
            relay: waiting.relay,
            leased: answer.leased.clone(),
            message: answer.message.into(),
        };
        if self.held.len() < HELD_MAX {
            self.held.push(held);
        } else {
            let which = self.random.usize(0..HELD_MAX);
            self.held[which] = held;
        }
    }

    /// `-y`, `-Y`: for a while, clients claim to have waited since that while began.
    fn waited_secs(&self, now: Instant) -> u16 {
        let (Some(period), Some(start), Some(started)) =
            (self.options.late_period, self.options.late_start, self.started)
        else {
            return 0;
        };
        let since = now - started;
        if since < start || since >= start + period {
            return 0;
        }
        // At least a second, as nothing is what patient clients claim, too.
        u16::try_from((since - start).as_secs() + 1).unwrap_or(u16::MAX)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::args::{Command, parse};
    use crate::template::Template;

    /// The clients of a run with these arguments, at 10.0.0.2.
    pub(crate) fn side4(arguments: &[&str]) -> ClientSide {
        let arguments = arguments.iter().map(|a| (*a).to_owned());
        let Ok(Command::Run(options)) = parse(arguments) else { panic!("arguments") };
        let clients = Clients::new(&options).unwrap();
        let templates = Template::read_all(&options).unwrap();
        let local = "10.0.0.2".parse().unwrap();
        let messages = crate::message::messages(&options, &clients, &templates, local);
        let peer = "10.0.0.1:67".parse().unwrap();
        let to = Destination { peer, interface: None, source: None, hw_addr: None };
        let holdings = options.unique.then(Default::default);
        let share = Share { worker: 0, workers: 1 };
        ClientSide::new(Arc::new(*options), share, clients, messages, to, holdings)
    }

    /// What a server with the identifier 10.0.0.1 answers: message type, address.
    pub(crate) fn answer4(query: &[u8], kind: u8, address: [u8; 4]) -> Vec<u8> {
        let mut answer = query[..240].to_vec();
        answer[0] = 2;
        answer[16..20].copy_from_slice(&address);
        answer.extend([53, 1, kind, 54, 4, 10, 0, 0, 1, 255]);
        answer
    }

    fn exchange(side: &mut ClientSide, address: [u8; 4]) -> Vec<Vec<u8>> {
        let (now, mut out) = (Instant::now(), Outbox::keeping());
        side.begin(now, true, &mut out);
        let discover = out.take().remove(0).1;
        side.receive(now, &answer4(&discover, 2, address), &mut out);
        let request = out.take().remove(0).1;
        side.receive(now, &answer4(&request, 5, address), &mut out);
        vec![discover, request]
    }

    /// As Debian's perfdhcp 2.2.0 sends them, with `-o 60,646f63736973`.
    #[test]
    fn messages_are_those_of_perfdhcp() {
        let mut side = side4(&["-4", "-o", "60,646f63736973", "-l", "x"]);
        let messages = exchange(&mut side, [10, 0, 1, 0x66]);
        let hex = |octets: &[u8]| octets.iter().map(|o| format!("{o:02x}")).collect::<String>();
        let fixed = format!(
            "0101060100000000{}0a000002000c01020304{}63825363",
            "00".repeat(16),
            "00".repeat(202)
        );
        let tail = "3707011c02030f060c3c06646f637369733d0701000c01020304ff";
        assert_eq!(hex(&messages[0]), format!("{fixed}350101{tail}"));
        assert_eq!(hex(&messages[1]), format!("{fixed}35010332040a00016636040a000001{tail}"));
    }

    #[test]
    fn late_and_foreign_answers_are_orphans() {
        let (now, mut out) = (Instant::now(), Outbox::keeping());
        let mut side = side4(&["-l", "x", "-d", "0.5"]);
        side.begin(now, true, &mut out);
        let discover = out.take().remove(0).1;
        let offer = answer4(&discover, 2, [10, 0, 1, 1]);
        assert!(side.expire(now + Duration::from_millis(499)).is_none());
        assert!(side.expire(now + Duration::from_millis(500)).is_some());
        assert!(matches!(side.receive(now, &offer, &mut out), Outcome::Ignored));
        side.receive(now, &[1, 2, 3], &mut out);
        assert_eq!((side.tallies[0].dropped, side.tallies[0].orphans), (1, 1));
        assert_eq!((side.malformed, out.take().len()), (1, 0));
    }

    #[test]
    fn refusals_are_counted_as_rejected() {
        let (now, mut out) = (Instant::now(), Outbox::keeping());
        let mut side = side4(&["-l", "x"]);
        side.begin(now, true, &mut out);
        let discover = out.take().remove(0).1;
        side.receive(now, &answer4(&discover, 2, [10, 0, 1, 1]), &mut out);
        let request = out.take().remove(0).1;
        let nak = answer4(&request, 6, [0; 4]);
        assert!(matches!(side.receive(now, &nak, &mut out), Outcome::Rejected { .. }));
        assert_eq!((side.tallies[1].rejected, side.tallies[1].received), (1, 1));
    }

    #[test]
    fn one_address_for_two_clients_is_seen() {
        let mut side = side4(&["-l", "x", "-u", "-R", "2"]);
        exchange(&mut side, [10, 0, 1, 1]);
        assert_eq!(side.tallies[1].non_unique, 0);
        exchange(&mut side, [10, 0, 1, 1]);
        assert_eq!((side.tallies[0].non_unique, side.tallies[1].non_unique), (1, 1));
    }

    #[test]
    fn numbers_are_shared_by_workers() {
        assert_eq!([0, 1, 2].map(|worker| Share { worker, workers: 3 }.of(8)), [3, 3, 2]);
    }

    #[test]
    fn for_a_while_clients_claim_to_have_waited() {
        let mut side = side4(&["-l", "x", "-Y", "2", "-y", "3"]);
        let start = Instant::now();
        side.started = Some(start);
        let claim = |ms| side.waited_secs(start + Duration::from_millis(ms));
        assert_eq!([0, 1999, 2000, 3500, 4999, 5000].map(claim), [0, 0, 1, 2, 3, 0]);
    }
}
