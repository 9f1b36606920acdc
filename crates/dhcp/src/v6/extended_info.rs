//! What relays said, kept with a lease (the manual's section on extended lease information).

use std::fmt::Write as _;

use kea_config::Document;
use kea_config::document::{Map, NoIncludes, Node, Value};
use kea_wire::v6::{Relay, View, code};

/// The user context of a lease: what it was before, with what the relays of this query said in
/// element `ISC`, if that is to be kept and there are relays.
pub(super) fn user_context(view: &View<'_>, keep: bool, before: &str) -> Box<str> {
    if !keep || !view.is_relayed() {
        return before.into();
    }
    let mut relays = Map::new();
    let said = view.relays().iter().map(|relay| Node::unplaced(Value::Map(said_by(relay))));
    relays.set("relay-info", Node::unplaced(Value::List(said.collect())));
    let mut context = parsed(before);
    context.set("ISC", Node::unplaced(Value::Map(relays)));
    Value::Map(context).to_string().into()
}

/// A context that cannot be read is not the server's to keep: nothing could read it.
fn parsed(context: &str) -> Map {
    if context.is_empty() {
        return Map::new();
    }
    let document = Document::parse("user-context", context.as_bytes(), &NoIncludes);
    let map = document.ok().and_then(|(document, _)| document.root().as_map().cloned());
    map.unwrap_or_default()
}

/// One relay's addresses and options, the relayed message left out; the two identifiers also by
/// themselves.
fn said_by(relay: &Relay<'_>) -> Map {
    let mut map = Map::new();
    let mut set = |name, value| map.set(name, Node::unplaced(value));
    set("hop", Value::Integer(relay.hop_count().into()));
    set("link", Value::string(&relay.link_address().to_string()));
    let mut options = String::new();
    for (code, data) in relay.options().iter().filter(|(code, _)| *code != code::RELAY_MSG) {
        // An option of a datagram is shorter than its length field can say.
        let len = data.len() as u16;
        options.push_str(&hex(&[&code.to_be_bytes(), &len.to_be_bytes(), data].concat()));
    }
    if !options.is_empty() {
        set("options", Value::string(&format!("0x{options}")));
    }
    set("peer", Value::string(&relay.peer_address().to_string()));
    for (name, code) in [("relay-id", code::RELAY_ID), ("remote-id", code::REMOTE_ID)] {
        if let Some(data) = relay.options().get(code) {
            set(name, Value::string(&hex(data)));
        }
    }
    map
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut text, octet| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02X}");
        text
    })
}
