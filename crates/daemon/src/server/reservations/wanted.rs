//! What the arguments of commands over reservations say.

use std::net::IpAddr;

use kea_config::snapshot::{Dialect, IdentifierKind};
use kea_control::Arguments;
use kea_lease::SubnetId;
use kea_sql::hosts::Which;
use kea_wire::Address as _;

/// Which sources a command is about: `operation-target`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The configuration in force.
    pub(super) memory: bool,
    pub(super) databases: bool,
}

impl Target {
    /// Of a command that looks: everywhere, unless it says otherwise.
    pub(super) fn of_look(arguments: Arguments<'_>) -> Self {
        Self::given(arguments).unwrap_or(Target { memory: true, databases: true })
    }

    /// Of a command that changes something: databases, unless it says otherwise.
    pub(super) fn of_change(arguments: Arguments<'_>) -> Self {
        Self::given(arguments).unwrap_or(Target { memory: false, databases: true })
    }

    fn given(arguments: Arguments<'_>) -> Option<Self> {
        let (memory, databases) = match arguments.text("operation-target")? {
            "memory" | "primary" => (true, false),
            "database" | "alternate" => (false, true),
            "all" => (true, true),
            _ => return None,
        };
        Some(Target { memory, databases })
    }
}

/// The subnet that a reservation is of; 0 stands for global ones.
pub(super) fn subnet_of(arguments: Arguments<'_>) -> Result<Option<SubnetId>, String> {
    let given = arguments.get("subnet-id");
    given.ok_or("Mandatory 'subnet-id' parameter missing.")?;
    let number: Option<u32> = arguments.integer("subnet-id");
    let number =
        number.ok_or("'subnet-id' parameter expected to be the identifier of a subnet.")?;
    Ok((number != 0).then_some(SubnetId(number)))
}

/// The reservation that is meant: an address goes before an identifier, as in Kea.
pub(super) fn which<F: Dialect>(arguments: Arguments<'_>) -> Result<Which, String> {
    match arguments.text("ip-address") {
        Some(text) => address::<F>(text).map(Which::Address),
        None => client::<F>(arguments),
    }
}

/// An address of the family.
pub(super) fn address<F: Dialect>(text: &str) -> Result<IpAddr, String> {
    let parsed: Result<F::Addr, _> = text.parse();
    let wrong = |_| format!("'ip-address' parameter expected to be an IPv{} address.", F::VERSION);
    let address = parsed.map_err(wrong)?;
    Ok(address.ip())
}

/// The client that `identifier-type` and `identifier` mean.
pub(super) fn client<F: Dialect>(arguments: Arguments<'_>) -> Result<Which, String> {
    let name = arguments.text("identifier-type").unwrap_or_default();
    let kind = F::identifiers().iter().copied().find(|kind| kind.name() == name);
    let kind: IdentifierKind = kind.ok_or_else(|| {
        let names: Vec<_> = F::identifiers().iter().map(|kind| format!("'{kind}'")).collect();
        format!("'identifier-type' parameter expected to be one of {}.", names.join(", "))
    })?;
    let text = arguments.text("identifier").unwrap_or_default();
    match kind.octets(text) {
        Ok(octets) => Ok(Which::Client(kind, octets[..].into())),
        Err(fault) => Err(match fault.hint() {
            Some(hint) => format!("{fault}; {hint}"),
            None => fault.to_string(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use kea_wire::{V4, V6};
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_meant_is_read() {
        let client = |kind, octets: &[u8]| Ok(Which::Client(kind, octets.into()));
        let address = |text: &str| Ok(Which::Address(text.parse().unwrap()));
        let wrong = |why: &str| Err(why.to_owned());
        let kinds =
            "'identifier-type' parameter expected to be one of 'hw-address', 'duid', 'flex-id'.";
        for (version, arguments, expected) in [
            (4, json!({ "ip-address": "192.0.2.1" }), address("192.0.2.1")),
            (6, json!({ "ip-address": "2001:DB8::1" }), address("2001:db8::1")),
            (
                4,
                json!({ "ip-address": "2001:db8::1" }),
                wrong("'ip-address' parameter expected to be an IPv4 address."),
            ),
            (
                4,
                json!({ "identifier-type": "client-id", "identifier": "01:a" }),
                client(IdentifierKind::ClientId, &[1, 10]),
            ),
            (
                6,
                json!({ "identifier-type": "flex-id", "identifier": "'ab'" }),
                client(IdentifierKind::FlexId, b"ab"),
            ),
            (6, json!({ "identifier-type": "client-id", "identifier": "01" }), wrong(kinds)),
            (
                6,
                json!({ "identifier-type": "duid", "identifier": "xyz" }),
                wrong(
                    "'xyz' is not a valid 'duid'; write hexadecimal octets, separated by ':' or not",
                ),
            ),
            (
                4,
                json!({ "identifier-type": "hw-address", "identifier": "" }),
                wrong("'hw-address' has 0 octets; 1 to 20 are possible"),
            ),
        ] {
            let arguments = Arguments(Some(&arguments));
            let read = if version == 4 { which::<V4>(arguments) } else { which::<V6>(arguments) };
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn sources_are_named_in_both_ways() {
        for (word, look, change) in [
            (None, (true, true), (false, true)),
            (Some("default"), (true, true), (false, true)),
            (Some("memory"), (true, false), (true, false)),
            (Some("primary"), (true, false), (true, false)),
            (Some("database"), (false, true), (false, true)),
            (Some("alternate"), (false, true), (false, true)),
            (Some("all"), (true, true), (true, true)),
        ] {
            let arguments = json!({ "operation-target": word });
            let arguments = Arguments(Some(&arguments));
            let of = |target: Target| (target.memory, target.databases);
            assert_eq!(of(Target::of_look(arguments)), look, "{word:?}");
            assert_eq!(of(Target::of_change(arguments)), change, "{word:?}");
        }
    }

    #[test]
    fn subnet_0_is_the_global_one() {
        for (given, expected) in [
            (json!({ "subnet-id": 0 }), Ok(None)),
            (json!({ "subnet-id": 7 }), Ok(Some(SubnetId(7)))),
            (json!({}), Err("Mandatory 'subnet-id' parameter missing.".to_owned())),
            (
                json!({ "subnet-id": "7" }),
                Err("'subnet-id' parameter expected to be the identifier of a subnet.".to_owned()),
            ),
        ] {
            assert_eq!(subnet_of(Arguments(Some(&given))), expected);
        }
    }
}
