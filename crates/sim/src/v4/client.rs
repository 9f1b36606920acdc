//! A DHCPv4 client (RFC 2131 figure 5) with a life around it: it moves, is switched off, restarts,
//! gives its address back or finds it in use.

use std::net::Ipv4Addr;

use kea_wire::v4::{Builder, MessageType, View, code};
use kea_wire::{ClientId, HwAddr, V4};

use super::V4Identity;
use crate::client::{Client, Moment};
use crate::link::Sent;
use crate::plan::Plan;
use crate::profile::SECOND;
use crate::protocol::Association;
use crate::random::Random;

/// A client.
#[derive(Debug)]
pub struct V4Client {
    hw_addr: HwAddr,
    client_id: Option<ClientId>,
    /// It boots without its client identifier first.
    boots_bare: bool,
    bare: bool,
    gold: bool,
    link: usize,
    state: State,
    xid: u32,
    attempts: u32,
    next: u64,
    /// The address it had last, or is offered.
    address: Option<Ipv4Addr>,
    server: Ipv4Addr,
    /// When its lease is to be renewed, to be rebound, and ends.
    times: [u64; 3],
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Init,
    Selecting,
    Requesting,
    Rebooting,
    Bound,
    Renewing,
    Rebinding,
}

/// Messages sent before a client gives up and begins anew.
const ATTEMPTS: u32 = 4;
const NONE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

impl V4Client {
    pub(super) fn new(number: usize, plan: &Plan<V4>, random: &mut Random) -> Self {
        // Two systems of one machine: one hardware address and two client identifiers.
        let is_twin = plan.match_client_id && number % 7 == 6;
        let machine = if is_twin { number - 1 } else { number };
        let octets = [2, 0, 0, 0, (machine >> 8) as u8, machine as u8];
        let has_id = is_twin || number % 7 == 5 || random.permille(500);
        let id = [0xff, 0, (number >> 8) as u8, number as u8];
        let boots_bare = has_id && !is_twin && number % 7 != 5 && random.permille(200);
        V4Client {
            hw_addr: HwAddr::clamped(HwAddr::ETHERNET, &octets),
            client_id: ClientId::new(&id).filter(|_| has_id),
            boots_bare,
            bare: boots_bare,
            gold: random.permille(300),
            link: random.position(plan.links),
            state: State::Init,
            xid: 0,
            attempts: 0,
            next: random.below(60 * SECOND) + 1,
            address: None,
            server: NONE,
            times: [0; 3],
        }
    }

    fn message<'b>(&self, buffer: &'b mut Vec<u8>, kind: MessageType) -> Builder<'b> {
        let mut message = Builder::request(buffer, &self.hw_addr, self.xid, kind);
        if let Some(client_id) = self.client_id.as_ref().filter(|_| !self.bare) {
            message.option(code::CLIENT_ID, client_id.octets());
        }
        if self.gold {
            message.option(code::VENDOR_CLASS_ID, b"gold card");
        }
        message
    }

    /// Sends the message of the state it is in, and waits for an answer.
    fn ask(&mut self, moment: &mut Moment<'_, V4>) {
        let mut payload = Vec::new();
        let address = self.address.unwrap_or(NONE);
        let kind = match self.state {
            State::Init | State::Selecting | State::Bound => MessageType::Discover,
            _ => MessageType::Request,
        };
        let mut message = self.message(&mut payload, kind);
        let mut from = None;
        match self.state {
            State::Selecting => {
                if self.address.is_some() && self.xid & 1 == 0 {
                    message.option(code::REQUESTED_ADDRESS, &address.octets());
                }
                if self.xid & 6 == 0 {
                    message.option(code::LEASE_TIME, &[0, 0, 1, 0]);
                }
            }
            State::Requesting => {
                message.option(code::REQUESTED_ADDRESS, &address.octets());
                message.option(code::SERVER_ID, &self.server.octets());
            }
            State::Rebooting => {
                message.option(code::REQUESTED_ADDRESS, &address.octets());
            }
            State::Renewing => {
                message.ciaddr(address);
                from = Some(address);
            }
            State::Rebinding => {
                message.ciaddr(address);
            }
            State::Init | State::Bound => {}
        }
        message.finish();
        moment.out.push(Sent { payload, from });
        self.attempts += 1;
        let wait = (4 << self.attempts.min(4)) * SECOND;
        self.next = moment.now + wait + moment.random.below(SECOND);
    }

    fn begin(&mut self, state: State, moment: &mut Moment<'_, V4>) {
        self.state = state;
        self.attempts = 0;
        self.xid = moment.random.number() as u32;
        self.ask(moment);
    }

    /// Without a lease, until `wait` is over.
    fn rest(&mut self, wait: u64, moment: &mut Moment<'_, V4>) {
        self.state = State::Init;
        self.times = [0; 3];
        self.next = moment.now + moment.random.between(wait / 2, wait).max(1);
    }

    fn time_to_renew(&mut self, moment: &mut Moment<'_, V4>) {
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
            _ => self.begin(State::Renewing, moment),
        }
    }

    fn boot(&mut self, moment: &mut Moment<'_, V4>) {
        self.times = [0; 3];
        if self.boots_bare {
            self.bare = !self.bare;
        }
        if self.address.is_some() && moment.random.permille(600) {
            self.begin(State::Rebooting, moment);
        } else {
            self.begin(State::Selecting, moment);
        }
    }

    fn give_back(&mut self, kind: MessageType, moment: &mut Moment<'_, V4>) {
        let Some(address) = self.address else { return };
        self.xid = moment.random.number() as u32;
        let mut payload = Vec::new();
        let mut message = self.message(&mut payload, kind);
        message.option(code::SERVER_ID, &self.server.octets());
        let is_release = kind == MessageType::Release;
        if is_release {
            message.ciaddr(address);
        } else {
            message.option(code::REQUESTED_ADDRESS, &address.octets());
        }
        message.finish();
        moment.out.push(Sent { payload, from: is_release.then_some(address) });
        if !is_release {
            self.address = None;
        }
    }

    fn inform(&mut self, moment: &mut Moment<'_, V4>) {
        let mut payload = Vec::new();
        let mut message = self.message(&mut payload, MessageType::Inform);
        message.ciaddr(self.address.unwrap_or(NONE));
        message.finish();
        moment.out.push(Sent { payload, from: self.address });
    }

    fn bind(&mut self, view: &View<'_>, moment: &mut Moment<'_, V4>) {
        let lifetime = u64::from(view.lease_time().unwrap_or(0)) * SECOND;
        self.address = Some(view.yiaddr());
        self.server = view.server_id().unwrap_or(self.server);
        if !moment.calm && self.state != State::Renewing && moment.random.permille(15) {
            self.give_back(MessageType::Decline, moment);
            return self.rest(10 * SECOND, moment);
        }
        let now = moment.now;
        self.times = [now + lifetime / 2, now + lifetime * 7 / 8, now + lifetime];
        self.state = State::Bound;
        self.attempts = 0;
        // Some are early.
        let early = if moment.random.permille(200) { lifetime / 8 } else { 0 };
        self.next = self.times[0] - moment.random.below(early + SECOND);
    }
}

impl Client<V4> for V4Client {
    fn wake(&mut self, mut moment: Moment<'_, V4>) {
        let [_, rebind, end] = self.times;
        let is_over = self.attempts >= ATTEMPTS;
        match self.state {
            State::Init => self.boot(&mut moment),
            State::Bound => self.time_to_renew(&mut moment),
            State::Selecting if is_over => self.rest(30 * SECOND, &mut moment),
            State::Requesting | State::Rebooting if is_over => {
                self.begin(State::Selecting, &mut moment);
            }
            State::Renewing | State::Rebinding if moment.now >= end => {
                self.times = [0; 3];
                self.begin(State::Selecting, &mut moment);
            }
            State::Renewing if moment.now >= rebind => self.begin(State::Rebinding, &mut moment),
            _ => {
                self.ask(&mut moment);
                if matches!(self.state, State::Renewing | State::Rebinding) {
                    let limit = if moment.now < rebind { rebind } else { end };
                    self.next = self.next.min(limit.max(moment.now + 1));
                }
            }
        }
    }

    fn receive(&mut self, mut moment: Moment<'_, V4>, payload: &[u8]) {
        let Ok(view) = View::parse(payload) else { return };
        if view.xid() != self.xid {
            return;
        }
        match (self.state, view.message_type()) {
            (State::Selecting, Some(MessageType::Offer)) => {
                self.address = Some(view.yiaddr());
                self.server = view.server_id().unwrap_or(NONE);
                self.state = State::Requesting;
                self.attempts = 0;
                self.ask(&mut moment);
            }
            (
                State::Requesting | State::Rebooting | State::Renewing | State::Rebinding,
                Some(MessageType::Ack),
            ) if !view.yiaddr().is_unspecified() => self.bind(&view, &mut moment),
            (
                State::Requesting | State::Rebooting | State::Renewing | State::Rebinding,
                Some(MessageType::Nak),
            ) => {
                self.address = None;
                self.rest(SECOND, &mut moment);
            }
            _ => {}
        }
    }

    fn next(&self) -> u64 {
        self.next
    }

    fn link(&self) -> usize {
        self.link
    }

    fn identity(&self) -> V4Identity {
        let client_id = self.client_id.clone().filter(|_| !self.bare);
        V4Identity { hw_addr: self.hw_addr, client_id }
    }

    fn is(&self, to: &[u8]) -> bool {
        self.hw_addr.octets() == to
    }

    fn wants(&self) -> Vec<(Association, u64)> {
        let is_bound = matches!(self.state, State::Bound | State::Renewing | State::Rebinding);
        let until = if self.address.is_some() && is_bound { self.times[2] } else { 0 };
        vec![(Association::ONLY, until)]
    }

    fn gold(&self) -> bool {
        self.gold
    }
}
