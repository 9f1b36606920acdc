//! A DHCPv6 client (RFC 9915 section 18.2) with a life around it: it wants addresses and prefixes, moves,
//! is switched off, restarts, gives back what it has or finds it in use.

use std::net::Ipv6Addr;

use kea_lease::LeaseKind;
use kea_wire::v6::{Builder, MessageType, StatusCode, View, code};
use kea_wire::{Duid, Iaid, Prefix, V6};

use super::{GOLD, ask, association, things};
use crate::client::{Client, Moment};
use crate::link::Sent;
use crate::plan::Plan;
use crate::profile::SECOND;
use crate::protocol::Association;
use crate::random::Random;

/// A client.
#[derive(Debug)]
pub struct V6Client {
    duid: Duid,
    gold: bool,
    /// It would rather not ask twice.
    hurried: bool,
    wants: Vec<Wanted>,
    link: usize,
    state: State,
    xid: u32,
    attempts: u32,
    next: u64,
    server: Vec<u8>,
    /// When its leases are to be renewed, and to be rebound.
    times: [u64; 2],
}

/// An association and what it is about.
#[derive(Debug)]
struct Wanted {
    association: Association,
    /// What it had last, or is offered.
    prefix: Option<Prefix<Ipv6Addr>>,
    /// When that ends; 0 when it is only offered or remembered.
    until: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Init,
    Selecting,
    Requesting,
    Confirming,
    Bound,
    Renewing,
    Rebinding,
}

/// Messages sent before a client gives up and begins anew.
const ATTEMPTS: u32 = 4;

impl V6Client {
    pub(super) fn new(number: usize, plan: &Plan<V6>, random: &mut Random) -> Self {
        // Two systems of one machine: one hardware address and two times of installation.
        let is_twin = number % 7 == 6;
        let machine = if is_twin { number - 1 } else { number };
        let time = if is_twin { 7 } else { 1 };
        let octets = [0, 1, 0, 1, 0, 0, 0, time, 2, 0, 0, 0, (machine >> 8) as u8, machine as u8];
        let association = |kind, iaid| Association { kind, iaid: Iaid(iaid) };
        let mut wants = vec![association(LeaseKind::Address, 1)];
        if random.permille(400) {
            wants.push(association(LeaseKind::Prefix, 1));
        }
        if random.permille(100) {
            wants.push(association(LeaseKind::Address, 2));
        }
        if random.permille(50) {
            wants.remove(0);
        }
        V6Client {
            duid: Duid::new(&octets).unwrap_or_else(kea_lease::no_duid),
            gold: random.permille(300),
            hurried: random.permille(400),
            wants: wants
                .into_iter()
                .map(|association| Wanted { association, prefix: None, until: 0 })
                .collect(),
            link: random.position(plan.links),
            state: State::Init,
            xid: 0,
            attempts: 0,
            next: random.below(60 * SECOND) + 1,
            server: Vec::new(),
            times: [0; 2],
        }
    }

    fn message<'b>(&self, buffer: &'b mut Vec<u8>, kind: MessageType) -> Builder<'b> {
        let mut message = Builder::new(buffer, kind, self.xid);
        message.option(code::CLIENT_ID, self.duid.octets());
        message.option(code::ELAPSED_TIME, &(self.attempts as u16 * 100).to_be_bytes());
        if self.gold {
            message.vendor_class(32473, &[GOLD]);
        }
        let names_server = matches!(
            kind,
            MessageType::Request | MessageType::Renew | MessageType::Release | MessageType::Decline
        );
        if names_server {
            message.option(code::SERVER_ID, &self.server);
        }
        message
    }

    /// Sends the message of the state it is in, and waits for an answer.
    fn ask(&mut self, moment: &mut Moment<'_, V6>) {
        let mut payload = Vec::new();
        let kind = match self.state {
            State::Init | State::Selecting | State::Bound => MessageType::Solicit,
            State::Requesting => MessageType::Request,
            State::Confirming => MessageType::Confirm,
            State::Renewing => MessageType::Renew,
            State::Rebinding => MessageType::Rebind,
        };
        let mut message = self.message(&mut payload, kind);
        if kind == MessageType::Solicit && self.hurried {
            message.option(code::RAPID_COMMIT, &[]);
        }
        for wanted in &self.wants {
            let named = match kind {
                MessageType::Solicit => wanted.prefix.filter(|_| self.xid & 1 == 0),
                MessageType::Renew | MessageType::Rebind => {
                    wanted.prefix.filter(|_| wanted.until > moment.now)
                }
                _ => wanted.prefix,
            };
            let is_left_out = match kind {
                MessageType::Request => named.is_none(),
                MessageType::Confirm => {
                    named.is_none() || wanted.association.kind == LeaseKind::Prefix
                }
                _ => false,
            };
            if !is_left_out {
                ask(&mut message, wanted.association, named);
            }
        }
        self.send(message.finish().is_ok(), payload, moment);
        self.attempts += 1;
        let wait = (4 << self.attempts.min(4)) * SECOND;
        self.next = moment.now + wait + moment.random.below(SECOND);
    }

    fn send(&self, is_whole: bool, payload: Vec<u8>, moment: &mut Moment<'_, V6>) {
        if is_whole {
            moment.out.push(Sent { payload, from: None });
        }
    }

    fn begin(&mut self, state: State, moment: &mut Moment<'_, V6>) {
        self.state = state;
        self.attempts = 0;
        self.xid = moment.random.number() as u32 & 0x00ff_ffff;
        self.ask(moment);
    }

    /// Without leases, until `wait` is over.
    fn rest(&mut self, wait: u64, moment: &mut Moment<'_, V6>) {
        self.state = State::Init;
        self.wants.iter_mut().for_each(|wanted| wanted.until = 0);
        self.next = moment.now + moment.random.between(wait / 2, wait).max(1);
    }

    fn time_to_renew(&mut self, moment: &mut Moment<'_, V6>) {
        let choice = if moment.calm { 999 } else { moment.random.below(1000) };
        match choice {
            0..60 => {
                self.give_back(MessageType::Release, moment);
                self.rest(100 * SECOND, moment);
            }
            60..110 => {
                self.link = moment.random.position(moment.plan.links);
                self.boot(moment);
            }
            110..180 => self.boot(moment),
            // Gone without a word.
            180..240 => self.rest(1_500 * SECOND, moment),
            240..270 => {
                self.inform(moment);
                self.begin(State::Renewing, moment);
            }
            // Moved without noticing.
            270..300 => {
                self.link = moment.random.position(moment.plan.links);
                self.begin(State::Renewing, moment);
            }
            _ => self.begin(State::Renewing, moment),
        }
    }

    /// RFC 9915 section 18.2.3: what was delegated is rebound, addresses are confirmed.
    fn boot(&mut self, moment: &mut Moment<'_, V6>) {
        let held = |wanted: &&Wanted| wanted.until > moment.now;
        let is_bound = self.wants.iter().any(|wanted| held(&wanted));
        let has_prefix =
            self.wants.iter().filter(held).any(|w| w.association.kind == LeaseKind::Prefix);
        let remembers = is_bound && moment.random.permille(600);
        let state = match (remembers, has_prefix) {
            (false, _) => State::Selecting,
            (true, true) => State::Rebinding,
            (true, false) => State::Confirming,
        };
        if !remembers {
            self.wants.iter_mut().for_each(|wanted| wanted.until = 0);
        }
        self.begin(state, moment);
    }

    fn give_back(&mut self, kind: MessageType, moment: &mut Moment<'_, V6>) {
        self.xid = moment.random.number() as u32 & 0x00ff_ffff;
        let mut payload = Vec::new();
        let mut message = self.message(&mut payload, kind);
        let is_decline = kind == MessageType::Decline;
        let mut is_empty = true;
        for wanted in &mut self.wants {
            let is_prefix = wanted.association.kind == LeaseKind::Prefix;
            if wanted.until <= moment.now || (is_decline && is_prefix) {
                continue;
            }
            let Some(prefix) = wanted.prefix else { continue };
            // Not always everything at once.
            if !moment.random.permille(800) {
                continue;
            }
            ask(&mut message, wanted.association, Some(prefix));
            is_empty = false;
            if is_decline {
                wanted.prefix = None;
            }
        }
        let is_whole = message.finish().is_ok() && !is_empty;
        self.send(is_whole, payload, moment);
    }

    fn inform(&mut self, moment: &mut Moment<'_, V6>) {
        let mut payload = Vec::new();
        let mut message = self.message(&mut payload, MessageType::InformationRequest);
        message.codes(code::ORO, &[code::DNS_SERVERS]);
        let is_whole = message.finish().is_ok();
        self.send(is_whole, payload, moment);
    }

    /// Takes what an answer says of each association; `true` when there is something.
    fn take(&mut self, view: &View<'_>, is_lease: bool, now: u64) -> bool {
        let mut is_something = false;
        for ia in view.associations().filter_map(Result::ok) {
            let of = association(&ia);
            let Some(wanted) = self.wants.iter_mut().find(|it| Some(it.association) == of) else {
                continue;
            };
            if ia.status().is_some_and(|status| status.code != StatusCode::Success) {
                wanted.until = 0;
            }
            let mut given = None;
            for (prefix, lifetime) in things(&ia) {
                if lifetime > 0 {
                    given = Some((prefix, lifetime));
                } else if wanted.prefix == Some(prefix) {
                    (wanted.prefix, wanted.until) = (None, 0);
                }
            }
            if let Some((prefix, lifetime)) = given {
                wanted.prefix = Some(prefix);
                wanted.until = if is_lease { now + u64::from(lifetime) * SECOND } else { 0 };
                is_something = true;
            }
        }
        is_something
    }

    fn bind(&mut self, view: &View<'_>, moment: &mut Moment<'_, V6>) {
        let was_new = !matches!(self.state, State::Renewing | State::Rebinding);
        if !self.take(view, true, moment.now) {
            return self.rest(SECOND, moment);
        }
        if let Some(server) = view.server_id() {
            self.server = server.octets().to_vec();
        }
        if !moment.calm && was_new && moment.random.permille(15) {
            self.give_back(MessageType::Decline, moment);
            return self.rest(10 * SECOND, moment);
        }
        self.settle(moment);
    }

    /// Bound: until a part of the shortest lifetime is over.
    fn settle(&mut self, moment: &mut Moment<'_, V6>) {
        let now = moment.now;
        let ends = self.wants.iter().map(|wanted| wanted.until).filter(|until| *until > now);
        let left = ends.min().unwrap_or(now) - now;
        self.times = [now + left / 2, now + left * 4 / 5];
        self.state = State::Bound;
        self.attempts = 0;
        // Some are early.
        let early = if moment.random.permille(200) { left / 8 } else { 0 };
        self.next = self.times[0].saturating_sub(moment.random.below(early + SECOND)).max(now + 1);
    }

    fn end(&self) -> u64 {
        self.wants.iter().map(|wanted| wanted.until).max().unwrap_or(0)
    }
}

impl Client<V6> for V6Client {
    fn wake(&mut self, mut moment: Moment<'_, V6>) {
        let [_, rebind] = self.times;
        let is_over = self.attempts >= ATTEMPTS;
        match self.state {
            State::Init => self.boot(&mut moment),
            State::Bound => self.time_to_renew(&mut moment),
            State::Selecting if is_over => self.rest(30 * SECOND, &mut moment),
            State::Requesting if is_over => self.begin(State::Selecting, &mut moment),
            // Without an answer it goes on with what it has (RFC 9915 section 18.2.3).
            State::Confirming if is_over && self.end() > moment.now => self.settle(&mut moment),
            State::Confirming if is_over => self.begin(State::Selecting, &mut moment),
            State::Renewing | State::Rebinding if moment.now >= self.end() => {
                self.begin(State::Selecting, &mut moment);
            }
            State::Renewing if moment.now >= rebind => self.begin(State::Rebinding, &mut moment),
            _ => {
                self.ask(&mut moment);
                if matches!(self.state, State::Renewing | State::Rebinding) {
                    let limit = if moment.now < rebind { rebind } else { self.end() };
                    self.next = self.next.min(limit.max(moment.now + 1));
                }
            }
        }
    }

    fn receive(&mut self, mut moment: Moment<'_, V6>, payload: &[u8]) {
        let Ok(view) = View::parse(payload) else { return };
        if view.xid() != self.xid {
            return;
        }
        match (self.state, view.message_type()) {
            (State::Selecting, MessageType::Advertise) => {
                let Some(server) = view.server_id() else { return };
                if self.take(&view, false, moment.now) {
                    self.server = server.octets().to_vec();
                    self.state = State::Requesting;
                    self.attempts = 0;
                    self.ask(&mut moment);
                }
            }
            (State::Selecting, MessageType::Reply) if view.rapid_commit() => {
                self.bind(&view, &mut moment);
            }
            (State::Requesting | State::Renewing | State::Rebinding, MessageType::Reply) => {
                self.bind(&view, &mut moment);
            }
            (State::Confirming, MessageType::Reply) => match view.status_code() {
                StatusCode::Success if self.end() > moment.now => self.settle(&mut moment),
                _ => {
                    self.wants.iter_mut().for_each(|wanted| wanted.until = 0);
                    self.begin(State::Selecting, &mut moment);
                }
            },
            _ => {}
        }
    }

    fn next(&self) -> u64 {
        self.next
    }

    fn link(&self) -> usize {
        self.link
    }

    fn identity(&self) -> Duid {
        self.duid.clone()
    }

    fn is(&self, to: &[u8]) -> bool {
        self.duid.octets() == to
    }

    fn wants(&self) -> Vec<(Association, u64)> {
        self.wants.iter().map(|wanted| (wanted.association, wanted.until)).collect()
    }

    fn gold(&self) -> bool {
        self.gold
    }
}
