//! What the server itself keeps in the user context of a lease: element `ISC` (the manual's section on
//! storing extended lease information).

use kea_config::Document;
use kea_config::document::{Map, NoIncludes, Node, Value};
use kea_wire::Hex;

/// The context with `value` as `key` among what the server keeps. A context that cannot be read is not
/// kept: nothing could read it.
pub(crate) fn keep(context: &str, key: &str, value: Value) -> Box<str> {
    let mut context = parsed(context);
    let own = context.get(OWN).and_then(Node::as_map);
    let mut own = own.cloned().unwrap_or_default();
    own.remove(FORMER_RELAYS);
    own.set(key, Node::unplaced(value));
    context.set(OWN, Node::unplaced(Value::Map(own)));
    Value::Map(context).to_string().into()
}

/// What the server keeps as `key` in the context.
pub(crate) fn kept(context: &str, key: &str) -> Option<Node> {
    parsed(context).get(OWN)?.as_map()?.get(key).cloned()
}

/// Octets as they are kept.
pub(crate) fn digits(octets: &[u8]) -> Value {
    Value::string(&Hex(octets).to_string())
}

/// Octets as they are kept where a prefix tells them from text.
pub(crate) fn prefixed_digits(octets: &[u8]) -> Value {
    Value::string(&format!("0x{}", Hex(octets)))
}

fn parsed(context: &str) -> Map {
    if context.is_empty() {
        return Map::new();
    }
    let document = Document::parse("user-context", context.as_bytes(), &NoIncludes);
    let map = document.ok().and_then(|(document, _)| document.root().as_map().cloned());
    map.unwrap_or_default()
}

/// The key of what the server itself keeps.
pub(super) const OWN: &str = "ISC";
/// Under which servers before Kea 2.3 kept what relays of DHCPv6 said.
pub(super) const FORMER_RELAYS: &str = "relays";
