//! DHCPv4 messages, as a relay agent passes them on.

use std::net::{IpAddr, Ipv4Addr};

use kea_wire::v4::{MessageType, View};
use smallvec::SmallVec;

use super::{Answer, AnswerKind, Held, Messages, Sender, Unreadable};
use crate::args::Options;
use crate::client::Clients;
use crate::exchange::Leased;
use crate::template::{Template, put};

/// Writes and reads DHCPv4 messages.
pub(crate) struct Messages4 {
    clients: Clients,
    count: u32,
    templates: Vec<Template>,
    giaddr: Ipv4Addr,
    flags: u16,
    /// Options in front of the client identifier, and behind it: sorted by code.
    extra: [Vec<u8>; 2],
    /// With `-1`, that of the first answer.
    server_id: Option<[u8; 4]>,
    first_server_id: bool,
}

const DISCOVER: u8 = 1;
const REQUEST: u8 = 3;
const RELEASE: u8 = 7;
const REQUESTED_ADDRESS: u8 = 50;
const SERVER_ID: u8 = 54;
const CLIENT_ID: u8 = 61;
/// Subnet mask, broadcast address, time offset, routers, domain name, name servers, host name.
const PARAMETERS: [u8; 9] = [55, 7, 1, 28, 2, 3, 15, 6, 12];
const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
/// The `flags` bit of RFC 2131 section 2.
const BROADCAST: u16 = 0x8000;

impl Messages4 {
    pub(crate) fn new(
        options: &Options,
        clients: &Clients,
        templates: &[Template],
        local: IpAddr,
    ) -> Self {
        let mut sorted = options.extra.clone();
        sorted.sort_by_key(|option| option.code);
        let mut extra = [Vec::new(), Vec::new()];
        for option in sorted {
            let part = &mut extra[usize::from(option.code > u16::from(CLIENT_ID))];
            // Codes and lengths are checked to be octets.
            part.extend_from_slice(&[option.code as u8, option.data.len() as u8]);
            part.extend_from_slice(&option.data);
        }
        let giaddr = match local {
            IpAddr::V4(four) => four,
            IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
        };
        Messages4 {
            clients: clients.clone(),
            count: options.clients,
            templates: templates.to_vec(),
            giaddr,
            flags: if options.broadcast { BROADCAST } else { 0 },
            extra,
            server_id: None,
            first_server_id: options.first_server_id,
        }
    }

    fn giaddr(&self, sender: &Sender) -> [u8; 4] {
        match sender.relay {
            Some(IpAddr::V4(relay)) => relay.octets(),
            _ => self.giaddr.octets(),
        }
    }

    /// The fixed fields, the cookie and the message type.
    fn open(&self, out: &mut Vec<u8>, sender: &Sender, mac: &[u8], ciaddr: Ipv4Addr, kind: u8) {
        let mut fixed = [0; 240];
        // BOOTREQUEST over Ethernet that went through one relay.
        fixed[..4].copy_from_slice(&[1, 1, 6, 1]);
        fixed[4..8].copy_from_slice(&sender.xid.to_be_bytes());
        fixed[8..10].copy_from_slice(&sender.waited_secs.to_be_bytes());
        fixed[10..12].copy_from_slice(&self.flags.to_be_bytes());
        fixed[12..16].copy_from_slice(&ciaddr.octets());
        fixed[24..28].copy_from_slice(&self.giaddr(sender));
        fixed[28..34].iter_mut().zip(mac).for_each(|(to, from)| *to = *from);
        fixed[236..].copy_from_slice(&COOKIE);
        out.clear();
        out.extend_from_slice(&fixed);
        out.extend_from_slice(&[53, 1, kind]);
    }

    fn client_id_option(out: &mut Vec<u8>, mac: &[u8]) {
        out.extend_from_slice(&[CLIENT_ID, mac.len() as u8 + 1, 1]);
        out.extend_from_slice(mac);
    }

    fn close(&self, out: &mut Vec<u8>, mac: &[u8]) {
        out.extend_from_slice(&PARAMETERS);
        out.extend_from_slice(&self.extra[0]);
        Self::client_id_option(out, mac);
        out.extend_from_slice(&self.extra[1]);
        out.push(255);
    }

    fn fill(&self, out: &mut Vec<u8>, template: &Template, sender: &Sender) {
        out.clear();
        out.extend_from_slice(template.octets());
        template.emit(out, sender.client, self.count);
        put(out, Some(template.xid), &sender.xid.to_be_bytes());
        if out.get(24..28) == Some(&[0; 4]) || sender.relay.is_some() {
            put(out, Some(24), &self.giaddr(sender));
        }
    }

    fn chosen_server(&mut self, offer: &View<'_>) -> [u8; 4] {
        let offered = offer.server_id().map_or([0; 4], |id| id.octets());
        match self.first_server_id {
            true => *self.server_id.get_or_insert(offered),
            false => offered,
        }
    }

    fn bound(held: &Held) -> (Ipv4Addr, Vec<u8>, [u8; 4]) {
        let address = held.leased.iter().find_map(|leased| match leased {
            Leased::Address(IpAddr::V4(four)) => Some(*four),
            _ => None,
        });
        let view = View::parse(&held.message).ok();
        let mac = view.as_ref().map_or(Vec::new(), |v| v.chaddr().to_vec());
        let server = view.as_ref().and_then(View::server_id).map_or([0; 4], |id| id.octets());
        (address.unwrap_or(Ipv4Addr::UNSPECIFIED), mac, server)
    }
}

impl Messages for Messages4 {
    fn first(&mut self, out: &mut Vec<u8>, sender: &Sender) {
        if let Some(template) = self.templates.first() {
            return self.fill(out, template, sender);
        }
        let mac = self.clients.mac(sender.client);
        self.open(out, sender, &mac, Ipv4Addr::UNSPECIFIED, DISCOVER);
        self.close(out, &mac);
    }

    fn second(&mut self, out: &mut Vec<u8>, sender: &Sender, offer: &[u8]) {
        // It was read before; a second reading of the same octets succeeds.
        let Ok(offer) = View::parse(offer) else { return };
        let server = self.chosen_server(&offer);
        let address = offer.yiaddr();
        if let Some(template) = self.templates.get(1) {
            self.fill(out, template, sender);
            put(out, template.second.elapsed, &sender.waited_secs.to_be_bytes());
            let [a, b, c, d] = server;
            put(out, template.second.server_id, &[SERVER_ID, 4, a, b, c, d]);
            return put(out, template.second.address, &address.octets());
        }
        let mac = offer.chaddr();
        self.open(out, sender, mac, Ipv4Addr::UNSPECIFIED, REQUEST);
        out.extend_from_slice(&[REQUESTED_ADDRESS, 4]);
        out.extend_from_slice(&address.octets());
        out.extend_from_slice(&[SERVER_ID, 4]);
        out.extend_from_slice(&server);
        self.close(out, mac);
    }

    fn renewal(&mut self, out: &mut Vec<u8>, sender: &Sender, held: &Held) {
        let (address, mac, _) = Self::bound(held);
        self.open(out, sender, &mac, address, REQUEST);
        Self::client_id_option(out, &mac);
        out.push(255);
    }

    fn release(&mut self, out: &mut Vec<u8>, sender: &Sender, held: &Held) {
        let (address, mac, server) = Self::bound(held);
        self.open(out, sender, &mac, address, RELEASE);
        out.extend_from_slice(&[SERVER_ID, 4]);
        out.extend_from_slice(&server);
        Self::client_id_option(out, &mac);
        out.push(255);
    }

    fn read<'a>(&self, datagram: &'a [u8]) -> Result<Answer<'a>, Unreadable> {
        let view = View::parse(datagram).map_err(|_| Unreadable::Malformed)?;
        let kind = match view.message_type() {
            Some(MessageType::Offer) => AnswerKind::Offer,
            Some(MessageType::Ack) => AnswerKind::Acknowledgement,
            Some(MessageType::Nak) => AnswerKind::Refusal,
            _ => return Err(Unreadable::Malformed),
        };
        let mut leased = SmallVec::new();
        if kind != AnswerKind::Refusal && !view.yiaddr().is_unspecified() {
            leased.push(Leased::Address(view.yiaddr().into()));
        }
        Ok(Answer { kind, xid: view.xid(), leased, message: datagram })
    }

    fn client_id(&self, message: &[u8]) -> Vec<u8> {
        let Ok(view) = View::parse(message) else { return Vec::new() };
        let given = view.client_id().map(|id| id.octets().to_vec());
        given.unwrap_or_else(|| [&[1], view.chaddr()].concat())
    }

    fn server_id(&self, message: &[u8]) -> Vec<u8> {
        let id = View::parse(message).ok().and_then(|view| view.server_id());
        id.map_or(Vec::new(), |id| id.octets().to_vec())
    }
}
