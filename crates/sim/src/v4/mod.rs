//! DHCPv4: its messages as the simulator reads them, its relays, and its thieves.

mod client;

use std::fmt;
use std::net::Ipv4Addr;

use kea_lease::Lease;
use kea_stats::ServerMetric;
use kea_wire::v4::{Builder, MessageType, View, code};
use kea_wire::{ClientId, HwAddr, Prefix, V4};

use crate::link::Sent;
use crate::plan::Plan;
use crate::protocol::{Act, Asked, Association, Binding, Protocol, Query, Reply, ReplyKind, Thing};
use crate::random::Random;

pub(crate) use client::V4Client;

/// Who a DHCPv4 client is.
#[derive(Clone, Debug, PartialEq)]
pub struct V4Identity {
    /// Its hardware address.
    pub hw_addr: HwAddr,
    /// Its client identifier.
    pub client_id: Option<ClientId>,
}

impl fmt::Display for V4Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.hw_addr.fmt(f)?;
        match &self.client_id {
            Some(client_id) => write!(f, "/{client_id}"),
            None => f.write_str("/-"),
        }
    }
}

impl Protocol for V4 {
    type Identity = V4Identity;
    type Client = V4Client;

    const GOLD: &'static str = "substring(option[60].hex,0,4) == 'gold'";
    const RESERVED_BY: &'static str = "hw-address";
    const SENT: &'static [ServerMetric] =
        &[ServerMetric::OfferSent, ServerMetric::AckSent, ServerMetric::NakSent];

    fn read_query(payload: &[u8]) -> Option<Query<V4>> {
        let view = View::parse(payload).ok()?;
        let ciaddr = Some(view.ciaddr()).filter(is_usable);
        let wanted = view.requested_address().filter(is_usable);
        let act = match view.message_type()? {
            MessageType::Discover => Act::Solicit,
            MessageType::Request => Act::Request(asked(wanted.or(ciaddr))),
            MessageType::Release => Act::Release(asked(Some(view.ciaddr()))),
            MessageType::Decline => Act::Decline(asked(wanted)),
            _ => Act::Other,
        };
        let by_relay = view.relay_agent_info().and_then(|info| info.link_selection());
        let named = by_relay.or_else(|| view.subnet_selection()).filter(is_usable);
        let relay = Some(view.giaddr()).filter(|_| view.is_relayed());
        Some(Query {
            who: V4Identity { hw_addr: view.hw_addr(), client_id: view.client_id() },
            act,
            gold: view.vendor_class_id().is_some_and(|name| name.starts_with(b"gold")),
            links: [named, relay].into_iter().flatten().collect(),
            own: ciaddr,
            exchange: view.xid(),
            to: view.chaddr().to_vec(),
        })
    }

    fn read_answer(payload: &[u8]) -> Option<Reply<V4>> {
        let view = View::parse(payload).ok()?;
        let given = Some(view.yiaddr()).filter(is_usable);
        let kind = match view.message_type()? {
            MessageType::Offer => ReplyKind::Offer,
            MessageType::Ack if given.is_none() => ReplyKind::Done,
            MessageType::Ack => ReplyKind::Grant,
            MessageType::Nak => ReplyKind::Refusal,
            _ => return None,
        };
        let lifetime = view.lease_time().unwrap_or_default();
        let association = Association::ONLY;
        let given = given.and_then(|address| Prefix::new(address, 32));
        let binding = given.map(|prefix| Binding { association, prefix, lifetime });
        Some(Reply {
            kind,
            bindings: binding.into_iter().collect(),
            withdrawn: Vec::new(),
            words: Vec::new(),
            exchange: view.xid(),
            to: view.chaddr().to_vec(),
        })
    }

    /// RFC 2131 section 4.2: by client identifier where both have one, else by hardware address.
    fn is_same(one: &V4Identity, other: &V4Identity, match_client_id: bool) -> bool {
        // The type is not kept in lease files.
        let octets = one.hw_addr.octets();
        let by_hw_addr = octets == other.hw_addr.octets() && !octets.is_empty();
        match (&one.client_id, &other.client_id) {
            (Some(one), Some(other)) if match_client_id => one == other,
            _ => by_hw_addr,
        }
    }

    fn holder(lease: &Lease<V4>) -> V4Identity {
        let kea_lease::V4Owner { hw_addr, client_id } = &lease.owner;
        V4Identity { hw_addr: *hw_addr, client_id: client_id.clone() }
    }

    fn reserved_by(identity: &V4Identity) -> String {
        let octets = identity.hw_addr.octets().iter();
        octets.map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(":")
    }

    fn prefix(link: usize, subnet: usize) -> (Ipv4Addr, u8) {
        (Ipv4Addr::new(10, link as u8, subnet as u8, 0), 24)
    }

    fn delegated(_: usize, _: usize) -> Option<(Ipv4Addr, u8)> {
        None
    }

    fn own_keys(match_client_id: bool, authoritative: bool) -> String {
        format!("\"match-client-id\": {match_client_id}, \"authoritative\": {authoritative},")
    }

    fn client(number: usize, plan: &Plan<V4>, random: &mut Random) -> V4Client {
        V4Client::new(number, plan, random)
    }

    fn relay(payload: &mut Vec<u8>, link: usize, random: &mut Random) {
        const HOPS: usize = 3;
        const GIADDR: usize = 24;
        let giaddr = Ipv4Addr::new(10, link as u8, 0, 1);
        let info = [1, 2, 0, link as u8, 5, 4, 10, link as u8, 0, 0];
        let info = if random.permille(300) { &info[..] } else { &info[..4] };
        let is_message = View::parse(payload).is_ok_and(|view| !view.is_relayed());
        if !is_message {
            return;
        }
        payload[HOPS] = payload[HOPS].saturating_add(1);
        payload[GIADDR..GIADDR + 4].copy_from_slice(&giaddr.octets());
        if payload.last() == Some(&code::END) {
            payload.pop();
            payload.extend_from_slice(&[code::RELAY_AGENT_INFO, info.len() as u8]);
            payload.extend_from_slice(info);
            payload.push(code::END);
        }
    }

    fn mischief(
        who: &V4Identity,
        (_, prefix): Thing<V4>,
        random: &mut Random,
        out: &mut Vec<Sent<V4>>,
    ) {
        let address = prefix.address();
        let kinds = [
            MessageType::Request,
            MessageType::Release,
            MessageType::Decline,
            MessageType::Discover,
            MessageType::Inform,
        ];
        let kind = random.pick(&kinds).copied().unwrap_or(MessageType::Inform);
        let mut payload = Vec::new();
        let mut message =
            Builder::request(&mut payload, &who.hw_addr, random.number() as u32, kind);
        if let Some(client_id) = &who.client_id {
            message.option(code::CLIENT_ID, client_id.octets());
        }
        let unicast = kind == MessageType::Release || random.permille(200);
        if unicast {
            message.ciaddr(address);
        } else {
            message.option(code::REQUESTED_ADDRESS, &address.octets());
        }
        if random.permille(700) {
            message.option(code::SERVER_ID, &[10, 0, 0, 1]);
        }
        message.finish();
        out.push(Sent { payload, from: unicast.then_some(address) });
    }
}

fn asked(address: Option<Ipv4Addr>) -> Vec<Asked<V4>> {
    let named = address.and_then(|address| Prefix::new(address, 32)).into_iter().collect();
    vec![Asked { association: Association::ONLY, named }]
}

fn is_usable(address: &Ipv4Addr) -> bool {
    !address.is_unspecified() && !address.is_broadcast()
}
