//! DHCPv6: its messages as the simulator reads them, its relays, and its thieves.

mod client;

use std::net::Ipv6Addr;

use kea_lease::{Lease, LeaseKind};
use kea_stats::ServerMetric;
use kea_wire::v6::{Builder, Ia, IaKind, MessageType, Relay, StatusCode, View, code};
use kea_wire::{Duid, Iaid, Prefix, V6};

use crate::link::Sent;
use crate::plan::Plan;
use crate::protocol::{
    Act, Asked, Association, Binding, Protocol, Query, Reply, ReplyKind, Thing, Word,
};
use crate::random::Random;

pub(crate) use client::V6Client;

impl Protocol for V6 {
    type Identity = Duid;
    type Client = V6Client;

    const GOLD: &'static str = "substring(option[16].hex,6,4) == 'gold'";
    const RESERVED_BY: &'static str = "duid";
    const SENT: &'static [ServerMetric] = &[ServerMetric::AdvertiseSent, ServerMetric::ReplySent];

    fn read_query(payload: &[u8]) -> Option<Query<V6>> {
        let view = View::parse(payload).ok()?;
        let act = match view.message_type() {
            MessageType::Solicit => Act::Solicit,
            MessageType::Request | MessageType::Renew | MessageType::Rebind => {
                Act::Request(asked(&view))
            }
            MessageType::Confirm => Act::Confirm(
                asked(&view)
                    .into_iter()
                    .filter(|asked| asked.association.kind == LeaseKind::Address)
                    .flat_map(|asked| asked.named)
                    .map(Prefix::first)
                    .collect(),
            ),
            MessageType::Release => Act::Release(asked(&view)),
            MessageType::Decline => Act::Decline(asked(&view)),
            _ => Act::Other,
        };
        let who = view.client_id().unwrap_or_else(kea_lease::no_duid);
        Some(Query {
            to: who.octets().to_vec(),
            who,
            act,
            gold: view.option(code::VENDOR_CLASS).is_some_and(|data| data.get(6..10) == Some(GOLD)),
            links: link_of(&view).into_iter().collect(),
            own: None,
            exchange: view.xid(),
        })
    }

    fn read_answer(payload: &[u8]) -> Option<Reply<V6>> {
        let view = View::parse(payload).ok()?;
        let (mut bindings, mut withdrawn, mut words) = (Vec::new(), Vec::new(), Vec::new());
        for ia in view.associations().filter_map(Result::ok) {
            let Some(association) = association(&ia) else { continue };
            let before = bindings.len();
            for (prefix, lifetime) in things(&ia) {
                match lifetime {
                    0 => withdrawn.push((association, prefix)),
                    _ => bindings.push(Binding { association, prefix, lifetime }),
                }
            }
            if bindings.len() == before {
                let status = ia.status().map_or(StatusCode::Success, |status| status.code);
                words.push((association, word(status)));
            }
        }
        let is_no = words.iter().any(|(_, word)| *word != Word::Yes)
            || view.status_code() != StatusCode::Success;
        let kind = match view.message_type() {
            MessageType::Advertise => ReplyKind::Offer,
            MessageType::Reply if !bindings.is_empty() => ReplyKind::Grant,
            MessageType::Reply if is_no => ReplyKind::Refusal,
            MessageType::Reply => ReplyKind::Done,
            _ => return None,
        };
        let to = view.client_id().unwrap_or_else(kea_lease::no_duid).octets().to_vec();
        Some(Reply { kind, bindings, withdrawn, words, exchange: view.xid(), to })
    }

    fn is_same(one: &Duid, other: &Duid, _: bool) -> bool {
        one == other
    }

    fn holder(lease: &Lease<V6>) -> Duid {
        lease.owner.duid.clone()
    }

    fn reserved_by(identity: &Duid) -> String {
        identity.to_string()
    }

    fn prefix(link: usize, subnet: usize) -> (Ipv6Addr, u8) {
        (Ipv6Addr::new(0x2001, 0xdb8, link as u16, subnet as u16, 0, 0, 0, 0), 64)
    }

    fn delegated(link: usize, subnet: usize) -> Option<(Ipv6Addr, u8)> {
        let place = 0x8000 | (link as u16) << 8 | subnet as u16;
        Some((Ipv6Addr::new(0x2001, 0xdb8, place, 0, 0, 0, 0, 0), 64))
    }

    fn own_keys(_: bool, _: bool) -> String {
        // The octets of `SERVER_ID`.
        "\"server-id\": { \"type\": \"EN\", \"enterprise-id\": 32473, \"identifier\": \"010203\", \
         \"persist\": false },"
            .to_owned()
    }

    fn client(number: usize, plan: &Plan<V6>, random: &mut Random) -> V6Client {
        V6Client::new(number, plan, random)
    }

    fn relay(payload: &mut Vec<u8>, link: usize, random: &mut Random) {
        let (first, _) = V6::prefix(link, 0);
        let link_address = Ipv6Addr::from_bits(first.to_bits() + 1);
        let interface_id = format!("port {link}");
        let interface_id = interface_id.as_bytes();
        envelop(payload, 0, link_address, random.permille(300).then_some(interface_id));
        if random.permille(200) {
            // Another relay on the way, which says nothing of where the client is.
            envelop(payload, 1, Ipv6Addr::UNSPECIFIED, None);
        }
    }

    fn mischief(
        who: &Duid,
        (kind, prefix): Thing<V6>,
        random: &mut Random,
        out: &mut Vec<Sent<V6>>,
    ) {
        let kinds = [
            MessageType::Request,
            MessageType::Renew,
            MessageType::Rebind,
            MessageType::Release,
            MessageType::Decline,
            MessageType::Solicit,
            MessageType::Confirm,
            MessageType::InformationRequest,
        ];
        let message_type = random.pick(&kinds).copied().unwrap_or(MessageType::Renew);
        let mut payload = Vec::new();
        let mut message = Builder::new(&mut payload, message_type, random.number() as u32);
        message.option(code::CLIENT_ID, who.octets());
        let names_server = matches!(
            message_type,
            MessageType::Request | MessageType::Renew | MessageType::Release | MessageType::Decline
        );
        if names_server {
            message.option(code::SERVER_ID, &SERVER_ID);
        }
        let iaid = Iaid(random.between(1, 2) as u32);
        ask(&mut message, Association { kind, iaid }, Some(prefix));
        if message.finish().is_ok() {
            out.push(Sent { payload, from: None });
        }
    }
}

/// What the simulated servers are known by.
const SERVER_ID: [u8; 9] = [0, 2, 0, 0, 0x7e, 0xd9, 1, 2, 3];
const GOLD: &[u8] = b"gold";

/// Writes an association that names an address, or nothing.
fn ask(message: &mut Builder<'_>, association: Association, named: Option<Prefix<Ipv6Addr>>) {
    let Association { kind, iaid } = association;
    if kind != LeaseKind::Prefix {
        message.ia_na(iaid, 0, 0, |ia| {
            if let Some(prefix) = named {
                ia.ia_address(prefix.address(), 0, 0, |_| {});
            }
        });
        return;
    }
    message.ia_pd(iaid, 0, 0, |ia| {
        if let Some(prefix) = named {
            ia.ia_prefix(prefix, 0, 0, |_| {});
        }
    });
}

/// What each association of a message names, but for temporary addresses, which are not served.
fn asked(view: &View<'_>) -> Vec<Asked<V6>> {
    let associations = view.associations().filter_map(Result::ok);
    associations
        .filter_map(|ia| {
            let named = things(&ia).map(|(prefix, _)| prefix);
            let named = named.filter(|prefix| !prefix.address().is_unspecified()).collect();
            Some(Asked { association: association(&ia)?, named })
        })
        .collect()
}

fn association(ia: &Ia<'_>) -> Option<Association> {
    let kind = match ia.kind {
        IaKind::Na => LeaseKind::Address,
        IaKind::Pd => LeaseKind::Prefix,
        IaKind::Ta => return None,
    };
    Some(Association { kind, iaid: ia.iaid })
}

/// Addresses and prefixes in an association, with their valid lifetimes.
fn things<'a>(ia: &Ia<'a>) -> impl Iterator<Item = (Prefix<Ipv6Addr>, u32)> + use<'a> {
    let (kind, ia) = (ia.kind, *ia);
    let addresses = ia.addresses().filter_map(Result::ok).collect::<Vec<_>>();
    let prefixes = ia.prefixes().filter_map(Result::ok).collect::<Vec<_>>();
    let addresses = addresses.into_iter().filter(move |_| kind == IaKind::Na);
    let prefixes = prefixes.into_iter().filter(move |_| kind == IaKind::Pd);
    let whole = |address| Prefix::new(address, 128);
    addresses
        .filter_map(move |named| Some((whole(named.address)?, named.valid)))
        .chain(prefixes.map(|named| (named.prefix, named.valid)))
}

fn word(status: StatusCode) -> Word {
    match status {
        StatusCode::Success => Word::Yes,
        StatusCode::NoAddrsAvail | StatusCode::NoPrefixAvail => Word::NothingLeft,
        _ => Word::No,
    }
}

/// The link that the relay nearest to the client names; the unspecified address where no relay names
/// one.
fn link_of(view: &View<'_>) -> Option<Ipv6Addr> {
    let nearest_first = view.relays().iter().rev().map(Relay::link_address);
    let names_link = |link: &Ipv6Addr| {
        !link.is_unspecified() && !link.is_unicast_link_local() && !link.is_loopback()
    };
    let named = nearest_first.into_iter().find(names_link);
    view.is_relayed().then(|| named.unwrap_or(Ipv6Addr::UNSPECIFIED))
}

/// Puts a message into a RELAY-FORW (RFC 9915 section 19.1).
fn envelop(payload: &mut Vec<u8>, hops: u8, link: Ipv6Addr, interface_id: Option<&[u8]>) {
    const PEER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    let mut envelope = vec![MessageType::RelayForward.number(), hops];
    envelope.extend_from_slice(&link.octets());
    envelope.extend_from_slice(&PEER.octets());
    let options = interface_id.map(|id| (code::INTERFACE_ID, id));
    for (code, data) in options.into_iter().chain([(code::RELAY_MSG, &payload[..])]) {
        envelope.extend_from_slice(&code.to_be_bytes());
        envelope.extend_from_slice(&(data.len() as u16).to_be_bytes());
        envelope.extend_from_slice(data);
    }
    *payload = envelope;
}
