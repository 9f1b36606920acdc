//! What relays said, kept with a lease (the manual's section on extended lease information).

use kea_config::document::{Map, Node, Value};
use kea_wire::v6::{Relay, View, code};

use crate::pipeline::extended_info::{digits, keep, prefixed_digits};

/// The user context of a lease: what it was before, with what the relays of this query said, if that
/// is to be kept and there are relays.
pub(super) fn user_context(view: &View<'_>, is_kept: bool, before: &str) -> Box<str> {
    if !is_kept || !view.is_relayed() {
        return before.into();
    }
    let said = view.relays().iter().map(|relay| Node::unplaced(Value::Map(said_by(relay))));
    keep(before, RELAY_INFO, Value::List(said.collect()))
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
