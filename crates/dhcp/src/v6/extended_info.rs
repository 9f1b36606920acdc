//! What relays said, kept with a lease (the manual's section on extended lease information).

use std::net::Ipv6Addr;

use kea_config::document::{Map, Node, Value};
use kea_wire::v6::{MessageType, Relay, View, code};

use crate::pipeline::extended_info::{digits, keep, kept, prefixed_digits};

/// The user context of a lease: what it was before, with what the relays of this query said, if that
/// is to be kept and there are relays.
pub(super) fn user_context(view: &View<'_>, is_kept: bool, before: &str) -> Box<str> {
    if !is_kept || !view.is_relayed() {
        return before.into();
    }
    let said = view.relays().iter().map(|relay| Node::unplaced(Value::Map(said_by(relay))));
    keep(before, RELAY_INFO, Value::List(said.collect()))
}

/// The relay-forwards that a client's message came in, without that message, behind the address that the
/// outermost of them came from; if that was kept.
///
/// # Errors
/// What is wrong with what was kept.
pub(super) fn recall(context: &str) -> Result<Option<(Ipv6Addr, Vec<u8>)>, &'static str> {
    let Some(kept) = kept(context, RELAY_INFO) else { return Ok(None) };
    let Value::List(relays) = &kept.value else { return Err("it is no list of relays") };
    let mut peer = None;
    let mut message = Vec::new();
    for relay in relays.iter().rev() {
        let relay = relay.as_map().ok_or("a relay is no map")?;
        let address = |key| relay.get(key).and_then(Node::as_str)?.parse::<Ipv6Addr>().ok();
        let link = address("link").ok_or("a link address is missing")?;
        let from = address("peer").ok_or("a peer address is missing")?;
        let hops = match relay.get("hop").map(|node| &node.value) {
            Some(Value::Integer(hops)) => u8::try_from(*hops).ok(),
            _ => None,
        };
        let mut envelope =
            vec![MessageType::RelayForward.number(), hops.ok_or("a hop is missing")?];
        envelope.extend(link.octets());
        envelope.extend(from.octets());
        if let Some(options) = relay.get("options").and_then(Node::as_str) {
            let octets = kea_options::octets_from_hex(options);
            envelope.extend(octets.map_err(|_| "options are no digits")?);
        }
        if !message.is_empty() {
            let len = u16::try_from(message.len()).map_err(|_| "it is too long")?;
            envelope.extend(code::RELAY_MSG.to_be_bytes());
            envelope.extend(len.to_be_bytes());
            envelope.append(&mut message);
        }
        (peer, message) = (Some(from), envelope);
    }
    Ok(peer.map(|peer| (peer, message)))
}

/// As what it is kept.
pub(crate) const RELAY_INFO: &str = "relay-info";

/// One relay's addresses and options, the relayed message left out; the two identifiers also by
/// themselves.
fn said_by(relay: &Relay<'_>) -> Map {
    let mut map = Map::new();
    let mut set = |name, value| map.set(name, Node::unplaced(value));
    set("hop", Value::Integer(relay.hop_count().into()));
    set("link", Value::string(&relay.link_address().to_string()));
    let mut options = Vec::new();
    for (code, data) in relay.options().iter().filter(|(code, _)| *code != code::RELAY_MSG) {
        // An option of a datagram is shorter than its length field can say.
        let len = data.len() as u16;
        options.extend([&code.to_be_bytes(), &len.to_be_bytes(), data].concat());
    }
    if !options.is_empty() {
        set("options", prefixed_digits(&options));
    }
    set("peer", Value::string(&relay.peer_address().to_string()));
    for (name, code) in [("relay-id", code::RELAY_ID), ("remote-id", code::REMOTE_ID)] {
        if let Some(data) = relay.options().get(code) {
            set(name, digits(data));
        }
    }
    map
}
