//! What a relay said, kept with the lease (the manual's section on storing extended lease
//! information).

use kea_config::document::{Map, Node, Value};
use kea_wire::v4::RelayAgentInfo;

use crate::pipeline::extended_info::{digits, keep, kept, prefixed_digits};

/// The user context of a lease with what the relay said put in, or as it was without a relay.
pub(super) fn remember(context: &str, relay: Option<&RelayAgentInfo<'_>>) -> Box<str> {
    let Some(relay) = relay else { return context.into() };
    let mut info = Map::new();
    info.set(SUB_OPTIONS, Node::unplaced(prefixed_digits(relay.data())));
    for (name, id) in [("remote-id", relay.remote_id()), ("relay-id", relay.relay_id())] {
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            info.set(name, Node::unplaced(digits(id)));
        }
    }
    keep(context, RELAY_AGENT_INFO, Value::Map(info))
}

/// What the relay said when the lease was granted, if it was kept.
pub(super) fn recall(context: &str) -> Option<Vec<u8>> {
    let info = kept(context, RELAY_AGENT_INFO)?;
    // Before there were identifiers beside them, the sub-options stood alone.
    let text = match info.as_map() {
        Some(info) => info.get(SUB_OPTIONS)?.as_str()?,
        None => info.as_str()?,
    };
    kea_options::octets_from_hex(text).ok().map(|octets| octets.to_vec())
}

pub(crate) const RELAY_AGENT_INFO: &str = "relay-agent-info";
pub(crate) const SUB_OPTIONS: &str = "sub-options";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_relay_said_is_kept_and_recalled() {
        let data = b"\x01\x02ab\x02\x03xyz\x0c\x01\x07";
        let context = remember("", Some(&RelayAgentInfo::new(&data[..])));
        assert_eq!(
            &*context,
            r#"{ "ISC": { "relay-agent-info": { "sub-options": "0x01026162020378797A0C0107", "remote-id": "78797A", "relay-id": "07" } } }"#
        );
        assert_eq!(recall(&context).as_deref(), Some(&data[..]));
        assert_eq!(remember(&context, None), context);
    }

    #[test]
    fn other_keys_are_left_alone() {
        let relay = RelayAgentInfo::new(&b"\x01\x01a"[..]);
        let context = remember(r#"{"mine":1,"ISC":{"other":2}}"#, Some(&relay));
        assert_eq!(
            &*context,
            r#"{ "mine": 1, "ISC": { "other": 2, "relay-agent-info": { "sub-options": "0x010161" } } }"#
        );
        assert_eq!(
            recall(r#"{"ISC":{"relay-agent-info":"0x010161"}}"#),
            Some(b"\x01\x01a".to_vec())
        );
        assert_eq!(recall(r#"{"mine":1}"#), None);
    }
}
