//! Whether what relays said is kept with a lease as it should be (`extended-info-checks`, the manual's
//! section on extended lease information).

use std::net::Ipv6Addr;

use kea_config::Document;
use kea_config::document::{Map, NoIncludes, Node, Value};
use kea_config::snapshot::ExtendedInfoChecks;
use kea_wire::v4::RelayAgentInfo;
use kea_wire::v6::code;

use super::extended_info::{FORMER_RELAYS, OWN, digits};
use crate::v4::extended_info::{RELAY_AGENT_INFO, SUB_OPTIONS};
use crate::v6::extended_info::RELAY_INFO;

/// A user context that was not as it should be, and is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mended {
    /// It was laid out as servers before Kea 2.3 did.
    Upgraded(Box<str>),
    /// What was wrong has been taken out.
    Removed {
        /// What is left.
        context: Box<str>,
        /// What was wrong.
        why: String,
    },
}

impl Mended {
    /// The context as it should be.
    pub fn context(&self) -> &str {
        match self {
            Mended::Upgraded(context) | Mended::Removed { context, .. } => context,
        }
    }
}

/// Looks at the user context of a lease of DHCPv4 or DHCPv6 (`version`). Nothing when it is in order, or
/// not the server's.
pub fn check_extended_info(
    version: u8,
    context: &str,
    checks: ExtendedInfoChecks,
) -> Option<Mended> {
    if checks == ExtendedInfoChecks::None || !context.contains(OWN) {
        return None;
    }
    let document = Document::parse("user-context", context.as_bytes(), &NoIncludes);
    let mut context = document.ok()?.0.root().as_map()?.clone();
    let own = context.get(OWN)?;
    let Some(own) = own.as_map().filter(|own| !own.is_empty()) else {
        return Some(removed(context, Map::new(), format!("{OWN} is no map of anything")));
    };
    let mut own = own.clone();
    let (key, read): (_, fn(&Node, ExtendedInfoChecks) -> Read) =
        if version == 4 { (RELAY_AGENT_INFO, agent_info) } else { (RELAY_INFO, relay_info) };
    let former = if version == 4 { key } else { FORMER_RELAYS };
    let (found, node) = match own.get(key) {
        Some(node) => (key, node),
        None => (former, own.get(former)?),
    };
    match read(node, checks) {
        Ok(None) if found == key => None,
        Ok(upgraded) => {
            let node = upgraded.unwrap_or_else(|| node.clone());
            own.remove(found);
            own.set(key, node);
            context.set(OWN, Node::unplaced(Value::Map(own)));
            Some(Mended::Upgraded(Value::Map(context).to_string().into()))
        }
        Err(why) => {
            own.remove(found);
            Some(removed(context, own, format!("{found}: {why}")))
        }
    }
}

/// In order; or brought to the present layout; or wrong.
type Read = Result<Option<Node>, String>;

fn removed(mut context: Map, own: Map, why: String) -> Mended {
    if own.is_empty() {
        context.remove(OWN);
    } else {
        context.set(OWN, Node::unplaced(Value::Map(own)));
    }
    let is_empty = context.is_empty();
    let text = if is_empty { String::new() } else { Value::Map(context).to_string() };
    Mended::Removed { context: text.into(), why }
}

/// What the relay agent of a DHCPv4 client said. Before there were identifiers beside them, the
/// sub-options stood alone.
fn agent_info(node: &Node, checks: ExtendedInfoChecks) -> Read {
    if let Some(text) = node.as_str() {
        let octets = prefixed_octets(text).ok_or("the sub-options are no digits")?;
        let relay = RelayAgentInfo::new(&octets[..]);
        let mut info = Map::new();
        info.set(SUB_OPTIONS, node.clone());
        let ids = [(REMOTE_ID, relay.remote_id()), (RELAY_ID, relay.relay_id())];
        set_identifiers(&mut info, &ids);
        return Ok(Some(Node::unplaced(Value::Map(info))));
    }
    let info = node.as_map().filter(|info| !info.is_empty()).ok_or("it is no map of anything")?;
    let text = info.get(SUB_OPTIONS).and_then(Node::as_str);
    let octets = text.and_then(prefixed_octets).ok_or("sub-options are missing or no digits")?;
    if is_strict(checks) {
        check_identifiers(info)?;
    }
    if checks == ExtendedInfoChecks::Pedantic {
        check_keys(info, &[SUB_OPTIONS, REMOTE_ID, RELAY_ID])?;
        let relay = RelayAgentInfo::new(&octets[..]);
        check_agreement(info, &[(REMOTE_ID, relay.remote_id()), (RELAY_ID, relay.relay_id())])?;
    }
    Ok(None)
}

/// What the relays of a DHCPv6 client said, the one next to the server first.
fn relay_info(node: &Node, checks: ExtendedInfoChecks) -> Read {
    let relays = node.as_list().filter(|relays| !relays.is_empty());
    let relays = relays.ok_or("it is no list of anything")?;
    let mut are_upgraded = false;
    let mut upgraded = Vec::new();
    for relay in relays {
        let mut relay = relay.as_map().cloned().ok_or("a relay is no map")?;
        let options = match relay.get(OPTIONS) {
            None => Vec::new(),
            Some(options) => {
                let octets = options.as_str().and_then(prefixed_octets);
                octets.ok_or("the options of a relay are no digits")?
            }
        };
        let ids = [(RELAY_ID, code::RELAY_ID), (REMOTE_ID, code::REMOTE_ID)];
        let ids = ids.map(|(name, code)| (name, option(&options, code)));
        if is_strict(checks) {
            check_relay(&relay)?;
            check_identifiers(&relay)?;
        }
        if checks == ExtendedInfoChecks::Pedantic {
            check_keys(&relay, &[HOP, LINK, PEER, OPTIONS, RELAY_ID, REMOTE_ID])?;
        }
        let lacks = |(name, id): &(&str, Option<&[u8]>)| id.is_some() && relay.get(name).is_none();
        if ids.iter().any(lacks) {
            are_upgraded = true;
            set_identifiers(&mut relay, &ids);
        }
        if checks == ExtendedInfoChecks::Pedantic {
            check_agreement(&relay, &ids)?;
        }
        upgraded.push(Node::unplaced(Value::Map(relay)));
    }
    Ok(are_upgraded.then(|| Node::unplaced(Value::List(upgraded))))
}

fn is_strict(checks: ExtendedInfoChecks) -> bool {
    matches!(checks, ExtendedInfoChecks::Strict | ExtendedInfoChecks::Pedantic)
}

fn set_identifiers(map: &mut Map, ids: &[(&str, Option<&[u8]>)]) {
    for (name, id) in ids {
        if let Some(id) = id.filter(|id| !id.is_empty()) {
            map.set(name, Node::unplaced(digits(id)));
        }
    }
}

/// By them leases are looked for.
fn check_identifiers(map: &Map) -> Result<(), String> {
    for name in [REMOTE_ID, RELAY_ID] {
        let Some(id) = map.get(name) else { continue };
        let octets = id.as_str().and_then(|text| kea_options::octets_from_hex(text).ok());
        octets.filter(|id| !id.is_empty()).ok_or_else(|| format!("{name} is no digits"))?;
    }
    Ok(())
}

/// By them it is known where the client was.
fn check_relay(relay: &Map) -> Result<(), String> {
    for name in [LINK, PEER] {
        let address = relay.get(name).and_then(Node::as_str);
        let address = address.and_then(|text| text.parse::<Ipv6Addr>().ok());
        address.ok_or_else(|| format!("{name} is missing or no address"))?;
    }
    let hop = relay.get(HOP).and_then(Node::as_integer);
    hop.filter(|hop| (0..256).contains(hop)).ok_or("hop is missing or no hop count")?;
    Ok(())
}

fn check_keys(map: &Map, known: &[&str]) -> Result<(), String> {
    let unknown = map.iter().find(|entry| {
        let name = &*entry.name;
        name != "comment" && !known.contains(&name)
    });
    unknown.map_or(Ok(()), |entry| Err(format!("{} does not belong there", entry.name)))
}

/// The identifiers are those that the options hold.
fn check_agreement(map: &Map, ids: &[(&str, Option<&[u8]>)]) -> Result<(), String> {
    for (name, id) in ids {
        let kept = map.get(name).and_then(Node::as_str);
        let kept = kept.and_then(|text| kea_options::octets_from_hex(text).ok());
        if kept.as_deref() != id.filter(|id| !id.is_empty()) {
            return Err(format!("{name} is not that of the options"));
        }
    }
    Ok(())
}

/// Digits behind `0x`.
fn prefixed_octets(text: &str) -> Option<Vec<u8>> {
    let octets = kea_options::octets_from_hex(text.strip_prefix("0x")?).ok()?;
    (!octets.is_empty()).then(|| octets.to_vec())
}

/// The data of the first option of that code.
fn option(mut octets: &[u8], wanted: u16) -> Option<&[u8]> {
    loop {
        let (&[c, d, high, low], rest) = octets.split_first_chunk::<4>()?;
        let (data, behind) = rest.split_at_checked(u16::from_be_bytes([high, low]).into())?;
        if u16::from_be_bytes([c, d]) == wanted {
            return Some(data);
        }
        octets = behind;
    }
}

const REMOTE_ID: &str = "remote-id";
const RELAY_ID: &str = "relay-id";
const HOP: &str = "hop";
const LINK: &str = "link";
const PEER: &str = "peer";
const OPTIONS: &str = "options";

#[cfg(test)]
mod tests {
    use super::*;
    use ExtendedInfoChecks::{Fix, None as Off, Pedantic, Strict};

    /// What each level makes of a context: nothing, `+` and the upgraded one, or `-` and what is left.
    fn check(version: u8, context: &str) -> [String; 4] {
        [Off, Fix, Strict, Pedantic].map(|checks| {
            match check_extended_info(version, context, checks) {
                None => String::new(),
                Some(Mended::Upgraded(context)) => format!("+{context}"),
                Some(Mended::Removed { context, .. }) => format!("-{context}"),
            }
        })
    }

    const FINE: [&str; 4] = [""; 4];

    #[test]
    fn what_servers_write_is_in_order() {
        let v4 = r#"{ "x": 1, "ISC": { "relay-agent-info": { "sub-options": "0x01026162020378797A0C0107", "remote-id": "78797A", "relay-id": "07", "comment": "mine" } } }"#;
        assert_eq!(check(4, v4), FINE);
        let v6 = r#"{ "ISC": { "relay-info": [ { "hop": 1, "link": "2001:db8:5::", "options": "0x0035000572656C6179", "peer": "fe80::2", "relay-id": "72656C6179" }, { "hop": 0, "link": "2001:db8:2::1", "peer": "fe80::1" } ] } }"#;
        assert_eq!(check(6, v6), FINE);
        for other in ["", r#"{ "a": 1 }"#, r#"{ "ISC": { "other": 1 } }"#, r#"{ "a": "ISC" }"#] {
            assert_eq!(
                (check(4, other), check(6, other)),
                (FINE.map(Into::into), FINE.map(Into::into))
            );
        }
    }

    #[test]
    fn former_layouts_are_upgraded() {
        let v4 = r#"{ "a": 1, "ISC": { "relay-agent-info": "0x020378797A0C0107" } }"#;
        let new = r#"+{ "a": 1, "ISC": { "relay-agent-info": { "sub-options": "0x020378797A0C0107", "remote-id": "78797A", "relay-id": "07" } } }"#;
        assert_eq!(check(4, v4), ["", new, new, new]);
        let v6 = r#"{ "ISC": { "relays": [ { "hop": 0, "link": "::", "options": "0x0025000500000009370012000169", "peer": "fe80::1" } ] } }"#;
        let new = r#"+{ "ISC": { "relay-info": [ { "hop": 0, "link": "::", "options": "0x0025000500000009370012000169", "peer": "fe80::1", "remote-id": "0000000937" } ] } }"#;
        assert_eq!(check(6, v6), ["", new, new, new]);
        // Without options there is nothing to add, and the name changes all the same.
        let v6 = r#"{ "ISC": { "relays": [ { "hop": 0, "link": "::", "peer": "fe80::1" } ] } }"#;
        let new = v6.replace("relays", "relay-info");
        assert_eq!(check(6, v6)[1], format!("+{new}"));
    }

    /// A context, and what each level that is not `none` leaves of it; nothing where it is in order.
    type Case = (u8, &'static str, [Option<&'static str>; 3]);

    #[test]
    fn what_is_wrong_is_taken_out_level_by_level() {
        let all = |left| [Some(left); 3];
        let strict = |left| [None, Some(left), Some(left)];
        let pedantic = |left| [None, None, Some(left)];
        let cases: [Case; 17] = [
            (4, r#"{ "ISC": 1 }"#, all("")),
            (6, r#"{ "ISC": { } }"#, all("")),
            (4, r#"{ "a": 1, "ISC": { "relay-agent-info": 5 } }"#, all(r#"{ "a": 1 }"#)),
            (
                4,
                r#"{ "ISC": { "b": 2, "relay-agent-info": { } } }"#,
                all(r#"{ "ISC": { "b": 2 } }"#),
            ),
            (4, r#"{ "ISC": { "relay-agent-info": "junk" } }"#, all("")),
            (4, r#"{ "ISC": { "relay-agent-info": { "remote-id": "01" } } }"#, all("")),
            (4, r#"{ "ISC": { "relay-agent-info": { "sub-options": "0xZZ" } } }"#, all("")),
            (
                4,
                r#"{ "ISC": { "relay-agent-info": { "sub-options": "0x0C0107", "relay-id": 7 } } }"#,
                strict(""),
            ),
            (
                4,
                r#"{ "ISC": { "relay-agent-info": { "sub-options": "0x0C0107", "relay-id": "no" } } }"#,
                strict(""),
            ),
            (
                4,
                r#"{ "ISC": { "relay-agent-info": { "sub-options": "0x0C0107", "relay-id": "08" } } }"#,
                pedantic(""),
            ),
            (
                4,
                r#"{ "ISC": { "relay-agent-info": { "sub-options": "0x010161", "more": 1 } } }"#,
                pedantic(""),
            ),
            (6, r#"{ "ISC": { "relay-info": { } } }"#, all("")),
            (6, r#"{ "ISC": { "relay-info": [ ] } }"#, all("")),
            (6, r#"{ "ISC": { "relay-info": [ 1 ] } }"#, all("")),
            (
                6,
                r#"{ "ISC": { "relay-info": [ { "hop": 0, "link": "x", "peer": "::" } ] } }"#,
                strict(""),
            ),
            (6, r#"{ "ISC": { "relay-info": [ { "link": "::", "peer": "::" } ] } }"#, strict("")),
            (
                6,
                r#"{ "ISC": { "relay-info": [ { "hop": 0, "link": "::", "peer": "::", "x": 1 } ] } }"#,
                pedantic(""),
            ),
        ];
        for (version, context, left) in cases {
            let expected = left.map(|left| left.map_or(String::new(), |left| format!("-{left}")));
            let [off, found @ ..] = check(version, context);
            assert_eq!((off.as_str(), found), ("", expected), "{context}");
        }
    }
}
