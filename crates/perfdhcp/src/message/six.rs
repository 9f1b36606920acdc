//! DHCPv6 messages, direct or through one relay agent.

use std::net::{IpAddr, Ipv6Addr};

use kea_wire::v6::{IaKind, MessageType, Relay, StatusCode, View};
use smallvec::SmallVec;

use super::{Answer, AnswerKind, Held, Messages, Sender, Unreadable};
use crate::args::{LeaseType, Mode, Options};
use crate::client::Clients;
use crate::exchange::Leased;
use crate::template::{Template, put};

/// Writes and reads DHCPv6 messages.
pub(crate) struct Messages6 {
    clients: Clients,
    count: u32,
    templates: Vec<Template>,
    local: Ipv6Addr,
    relayed: bool,
    rapid_commit: bool,
    lease_type: LeaseType,
    extra: Vec<u8>,
    /// With `-1`, that of the first answer.
    server_id: Option<Vec<u8>>,
    first_server_id: bool,
    duid: Vec<u8>,
}

const SOLICIT: u8 = 1;
const REQUEST: u8 = 3;
const RENEW: u8 = 5;
const RELEASE: u8 = 8;
const RELAY_FORWARD: u8 = 12;
const CLIENT_ID: u16 = 1;
const SERVER_ID: u16 = 2;
const IA_NA: u16 = 3;
const ELAPSED_TIME: u16 = 8;
const RELAY_MESSAGE: u16 = 9;
const IA_PD: u16 = 25;
/// IAID 1, T1 3600, T2 5400.
const ASSOCIATION: [u8; 12] = [0, 0, 0, 1, 0, 0, 0x0e, 0x10, 0, 0, 0x15, 0x18];
/// Option request: name servers and search list.
const OPTION_REQUEST: [u8; 8] = [0, 6, 0, 4, 0, 23, 0, 24];
const RAPID_COMMIT: [u8; 4] = [0, 14, 0, 0];

impl Messages6 {
    pub(crate) fn new(
        options: &Options,
        clients: &Clients,
        templates: &[Template],
        local: IpAddr,
    ) -> Self {
        let mut extra = Vec::new();
        for added in &options.extra {
            option(&mut extra, added.code, &added.data);
        }
        let local = match local {
            IpAddr::V6(six) => six,
            IpAddr::V4(_) => Ipv6Addr::UNSPECIFIED,
        };
        Messages6 {
            clients: clients.clone(),
            count: options.clients,
            templates: templates.to_vec(),
            local,
            relayed: options.relayed || clients.has_relays(),
            rapid_commit: options.mode == Mode::RapidCommit,
            lease_type: options.lease_type,
            extra,
            server_id: None,
            first_server_id: options.first_server_id,
            duid: Vec::new(),
        }
    }

    /// Relay envelope, if any, message type and transaction; gives where the message starts.
    fn open(&self, out: &mut Vec<u8>, sender: &Sender, kind: u8) -> usize {
        out.clear();
        if self.relayed {
            let link = match sender.relay {
                Some(IpAddr::V6(relay)) => relay,
                _ => self.local,
            };
            out.extend_from_slice(&[RELAY_FORWARD, 0]);
            out.extend_from_slice(&link.octets());
            out.extend_from_slice(&self.local.octets());
            option(out, RELAY_MESSAGE, &[]);
        }
        let start = out.len();
        let [_, a, b, c] = sender.xid.to_be_bytes();
        out.extend_from_slice(&[kind, a, b, c]);
        start
    }

    /// Fills in the length of the relayed message.
    fn close(out: &mut [u8], start: usize) {
        let len = (out.len() - start) as u16;
        if let Some(place) = start.checked_sub(2).and_then(|at| out.get_mut(at..start)) {
            place.copy_from_slice(&len.to_be_bytes());
        }
    }

    fn fill(&self, out: &mut Vec<u8>, template: &Template, sender: &Sender) -> usize {
        let start = self.open(out, sender, 0);
        out.truncate(start);
        out.extend_from_slice(template.octets());
        let message = &mut out[start..];
        template.emit(message, sender.client, self.count);
        put(message, Some(template.xid), &sender.xid.to_be_bytes()[1..]);
        Self::close(out, start);
        start
    }

    /// That of the answer, or with `-1` that of the first answer of all.
    fn chosen_server(&mut self, answer: &[u8]) -> Vec<u8> {
        match &self.server_id {
            Some(first) => first.clone(),
            None => {
                let offered = identifier(answer, SERVER_ID);
                if self.first_server_id {
                    self.server_id = Some(offered.clone());
                }
                offered
            }
        }
    }

    /// A message about what an earlier answer leased: its identifiers and associations repeated.
    fn about(&mut self, out: &mut Vec<u8>, sender: &Sender, kind: u8, answer: &[u8]) {
        let server_id = self.chosen_server(answer);
        // It was read before; a second reading of the same octets succeeds.
        let Ok(answer) = View::parse(answer) else { return };
        let start = self.open(out, sender, kind);
        option(out, CLIENT_ID, answer.option(CLIENT_ID).unwrap_or(&[]));
        option(out, SERVER_ID, &server_id);
        if let Some(association) = answer.option(IA_NA) {
            option(out, IA_NA, association);
        }
        option(out, ELAPSED_TIME, &hundredths(sender).to_be_bytes());
        if let Some(association) = answer.option(IA_PD) {
            option(out, IA_PD, association);
        }
        if kind == REQUEST {
            out.extend_from_slice(&self.extra);
        }
        Self::close(out, start);
    }
}

impl Messages for Messages6 {
    fn first(&mut self, out: &mut Vec<u8>, sender: &Sender) {
        if let Some(template) = self.templates.first() {
            self.fill(out, template, sender);
            return;
        }
        let start = self.open(out, sender, SOLICIT);
        self.clients.duid(sender.client, &mut self.duid);
        option(out, CLIENT_ID, &self.duid);
        if self.lease_type != LeaseType::PrefixOnly {
            option(out, IA_NA, &ASSOCIATION);
        }
        out.extend_from_slice(&OPTION_REQUEST);
        option(out, ELAPSED_TIME, &hundredths(sender).to_be_bytes());
        if self.rapid_commit {
            out.extend_from_slice(&RAPID_COMMIT);
        }
        if self.lease_type != LeaseType::AddressOnly {
            option(out, IA_PD, &ASSOCIATION);
        }
        out.extend_from_slice(&self.extra);
        Self::close(out, start);
    }

    fn second(&mut self, out: &mut Vec<u8>, sender: &Sender, offer: &[u8]) {
        let Some(template) = self.templates.get(1) else {
            return self.about(out, sender, REQUEST, offer);
        };
        let places = template.second;
        let start = self.fill(out, template, sender);
        let server_id = self.chosen_server(offer);
        let Ok(offer) = View::parse(offer) else { return };
        let message = &mut out[start..];
        let elapsed = places.elapsed.map(|at| at + 4);
        put(message, elapsed, &hundredths(sender).to_be_bytes());
        let mut whole = Vec::new();
        option(&mut whole, SERVER_ID, &server_id);
        put(message, places.server_id, &whole);
        if let Some(association) = offer.option(IA_NA) {
            whole.clear();
            option(&mut whole, IA_NA, association);
            put(message, places.address, &whole);
        }
    }

    fn renewal(&mut self, out: &mut Vec<u8>, sender: &Sender, held: &Held) {
        self.about(out, sender, RENEW, &held.message);
    }

    fn release(&mut self, out: &mut Vec<u8>, sender: &Sender, held: &Held) {
        self.about(out, sender, RELEASE, &held.message);
    }

    fn read<'a>(&self, datagram: &'a [u8]) -> Result<Answer<'a>, Unreadable> {
        let outer = View::parse(datagram).map_err(|_| Unreadable::Malformed)?;
        let message = outer.relays().last().map_or(Some(datagram), Relay::message);
        let kind = match outer.message_type() {
            MessageType::Advertise => AnswerKind::Offer,
            MessageType::Reply => AnswerKind::Acknowledgement,
            _ => return Err(Unreadable::Malformed),
        };
        let mut leased = SmallVec::new();
        if outer.status_code() == StatusCode::Success {
            for association in outer.associations().filter_map(Result::ok) {
                if association.kind == IaKind::Pd {
                    let prefixes = association.prefixes().filter_map(Result::ok);
                    leased.extend(
                        prefixes.map(|p| Leased::Prefix(p.prefix.address().into(), p.prefix.len())),
                    );
                } else {
                    let addresses = association.addresses().filter_map(Result::ok);
                    leased.extend(addresses.map(|a| Leased::Address(a.address.into())));
                }
            }
        }
        let message = message.ok_or(Unreadable::Malformed)?;
        Ok(Answer { kind, xid: outer.xid(), leased, message })
    }

    fn client_id(&self, message: &[u8]) -> Vec<u8> {
        identifier(message, CLIENT_ID)
    }

    fn server_id(&self, message: &[u8]) -> Vec<u8> {
        identifier(message, SERVER_ID)
    }
}

fn identifier(message: &[u8], code: u16) -> Vec<u8> {
    let view = View::parse(message).ok();
    view.as_ref().and_then(|view| view.option(code)).map_or(Vec::new(), <[u8]>::to_vec)
}

/// Elapsed time counts hundredths of a second (RFC 9915 section 21.9).
fn hundredths(sender: &Sender) -> u16 {
    sender.waited_secs.saturating_mul(100)
}

/// Appends an option. Data are far below 64 KiB: they come from one datagram or are checked.
fn option(out: &mut Vec<u8>, code: u16, data: &[u8]) {
    out.extend_from_slice(&code.to_be_bytes());
    out.extend_from_slice(&(data.len() as u16).to_be_bytes());
    out.extend_from_slice(data);
}
