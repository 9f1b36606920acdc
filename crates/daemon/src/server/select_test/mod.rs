//! `subnet4-select-test`, `subnet4o6-select-test` and `subnet6-select-test`: which subnet a client would be
//! placed in (manual chapter 15). The texts are those that clients of Kea match.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use kea_config::snapshot::{Dialect, Snapshot, Subnet};
use kea_control::{Answer, Arguments};
use kea_dhcp::Serving;
use kea_dhcp::pipeline::{Carrier, Whereabouts};
use kea_expr::{ClassId, ClassSet};
use kea_wire::Address as _;
use kea_wire::v6::dhcp4o6::Origin;
use serde_json::Value as Json;

use crate::explain::octets;

/// How the query of a client comes to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    /// As a message of the server's own protocol.
    Native,
    /// In a message of DHCPv6 (RFC 7341), as only queries of DHCPv4 do.
    OverV6,
}

/// What is told of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Told {
    transport: Transport,
    pub(super) interface: Option<String>,
    interface_id: Option<Vec<u8>>,
    addresses: BTreeMap<&'static str, IpAddr>,
    classes: Vec<String>,
}

/// What an entry holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Entry {
    Interface,
    InterfaceId,
    /// An address of that version.
    Address(u8),
    Classes,
}

type Entries = &'static [(&'static str, Entry)];

const DHCP4: Entries = &[
    ("interface", Entry::Interface),
    ("address", Entry::Address(4)),
    ("relay", Entry::Address(4)),
    ("local", Entry::Address(4)),
    ("remote", Entry::Address(4)),
    ("link", Entry::Address(4)),
    ("subnet", Entry::Address(4)),
    ("classes", Entry::Classes),
];

const DHCP4O6: Entries = &[
    ("interface", Entry::Interface),
    ("interface-id", Entry::InterfaceId),
    ("address", Entry::Address(4)),
    ("relay", Entry::Address(4)),
    ("local", Entry::Address(6)),
    ("remote", Entry::Address(6)),
    ("link", Entry::Address(6)),
    ("subnet", Entry::Address(4)),
    ("classes", Entry::Classes),
];

const DHCP6: Entries = &[
    ("interface", Entry::Interface),
    ("interface-id", Entry::InterfaceId),
    ("remote", Entry::Address(6)),
    ("link", Entry::Address(6)),
    ("classes", Entry::Classes),
];

/// Why nothing could be tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SelectTestError {
    NoArguments,
    NotAMap,
    Unknown(String),
    NotAString(&'static str),
    /// An address of the other version than this one.
    OtherVersion(&'static str, u8),
    NotAnAddress(&'static str, String),
    EmptyInterfaceId,
    UnreadableInterfaceId,
    NotAList,
    NotStrings,
}

impl fmt::Display for SelectTestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoArguments => f.write_str("empty arguments"),
            Self::NotAMap => f.write_str("arguments must be a map"),
            Self::Unknown(name) => write!(f, "unknown entry '{name}'"),
            Self::NotAString(name) => write!(f, "'{name}' entry must be a string"),
            Self::OtherVersion(name, version) => write!(f, "bad '{name}' entry: not IPv{version}"),
            Self::NotAnAddress(name, text) => write!(
                f,
                "bad '{name}' entry: Failed to convert string to address '{text}': Invalid argument"
            ),
            Self::EmptyInterfaceId => f.write_str("'interface-id' must be not empty"),
            Self::UnreadableInterfaceId => {
                f.write_str("value of 'interface-id' was not recognized")
            }
            Self::NotAList => f.write_str("'classes' entry must be a list"),
            Self::NotStrings => f.write_str("'classes' entry must be a list of strings"),
        }
    }
}

impl std::error::Error for SelectTestError {}

impl Told {
    /// Reads the arguments of the command of a family.
    ///
    /// # Errors
    /// The first entry, by name, that is wrong.
    pub(super) fn read<F: Dialect>(
        transport: Transport,
        arguments: Arguments<'_>,
    ) -> Result<Self, SelectTestError> {
        let entries = match (F::VERSION, transport) {
            (4, Transport::Native) => DHCP4,
            (4, Transport::OverV6) => DHCP4O6,
            _ => DHCP6,
        };
        let arguments = arguments.json().ok_or(SelectTestError::NoArguments)?;
        let map = arguments.as_object().ok_or(SelectTestError::NotAMap)?;
        let by_name: BTreeMap<_, _> = map.iter().collect();
        let mut told = Told {
            transport,
            interface: None,
            interface_id: None,
            addresses: BTreeMap::new(),
            classes: Vec::new(),
        };
        for (given, value) in by_name {
            let known = entries.iter().find(|(name, _)| name == given);
            let (name, entry) = known.ok_or_else(|| SelectTestError::Unknown(given.clone()))?;
            told.take(name, *entry, value)?;
        }
        Ok(told)
    }

    fn take(
        &mut self,
        name: &'static str,
        entry: Entry,
        value: &Json,
    ) -> Result<(), SelectTestError> {
        if entry == Entry::Classes {
            self.classes = classes(value)?;
            return Ok(());
        }
        let text = value.as_str().ok_or(SelectTestError::NotAString(name))?;
        match entry {
            Entry::Interface => self.interface = Some(text.to_owned()),
            Entry::InterfaceId => self.interface_id = Some(interface_id(text)?),
            Entry::Address(version) => {
                let address: IpAddr = text
                    .parse()
                    .map_err(|_| SelectTestError::NotAnAddress(name, text.to_owned()))?;
                if address.is_ipv4() != (version == 4) {
                    return Err(SelectTestError::OtherVersion(name, version));
                }
                self.addresses.insert(name, address);
            }
            Entry::Classes => {}
        }
        Ok(())
    }

    /// The answer. `interface` is the address of the interface that was named: `None` when the host has
    /// no such interface, `Some(None)` when that has no address.
    pub(super) fn answer<F: Serving>(
        &self,
        config: &Snapshot<F>,
        interface: Option<Option<F::Addr>>,
    ) -> Answer {
        if self.transport == Transport::OverV6 {
            return self.answer_over_v6(config);
        }
        let address = |name: &str| self.addresses.get(name).copied().and_then(F::Addr::of_ip);
        // What a relay says for its link is its link address in DHCPv6, an option in DHCPv4.
        let (relay, link) = match F::VERSION {
            4 => (address("relay"), address("link")),
            _ => (address("link"), None),
        };
        let whereabouts = Whereabouts {
            interface: self.interface.as_deref().unwrap_or(""),
            interface_address: interface.flatten(),
            source: address("remote"),
            address: address("address"),
            is_relayed: relay.is_some() || self.interface_id.is_some(),
            relay,
            link,
            subnet: address("subnet"),
            interface_id: self.interface_id.as_deref(),
        };
        let found = F::place(config, &kea_log::Silent, &whereabouts, &self.class_set(config));
        if let Some(subnet) = found {
            return Answer::success(selected(config, subnet));
        }
        let is_all = self.addresses.keys().all(|name| *name == "local");
        match &self.interface {
            Some(name) if F::VERSION == 4 && is_all && interface.is_none() => {
                Answer::error(format!(
                    "Error during command processing: interface {name} doesn't exist and therefore \
                     it is impossible to find a suitable subnet for its IPv4 address"
                ))
            }
            _ => Answer::empty("no subnet selected"),
        }
    }

    /// The answer for a client whose query comes in DHCPv6. Its IPv4 addresses place it nowhere.
    fn answer_over_v6<F: Serving>(&self, config: &Snapshot<F>) -> Answer {
        let source = match self.addresses.get("remote") {
            Some(IpAddr::V6(address)) => *address,
            _ => Ipv6Addr::UNSPECIFIED,
        };
        let interface = self.interface.as_deref().unwrap_or("");
        // Answers go to the port, which does not matter here.
        let origin = Origin { interface, source, source_port: 0 };
        let carrier = Carrier { origin, interface_id: self.interface_id.as_deref() };
        let classes = self.class_set(config);
        match F::place_carried(config, &kea_log::Silent, &carrier, &classes) {
            Some(subnet) => Answer::success(selected(config, subnet)),
            None => Answer::empty("no subnet selected"),
        }
    }

    /// The classes as far as the configuration mentions them: others let nobody in.
    fn class_set<F: Dialect>(&self, config: &Snapshot<F>) -> ClassSet {
        let mut set = ClassSet::new();
        set.insert(ClassId::ALL);
        for name in &self.classes {
            config.classes.names().id(name).map(|class| set.insert(class));
        }
        set
    }
}

fn selected<F: Dialect>(config: &Snapshot<F>, subnet: &Subnet<F>) -> String {
    let (prefix, id) = (&subnet.prefix_text, subnet.id);
    match config.network_of(subnet) {
        None => format!("selected subnet '{prefix}' id {id}"),
        Some(network) => format!(
            "selected shared network '{}' starting with subnet '{prefix}' id {id}",
            network.name
        ),
    }
}

fn classes(value: &Json) -> Result<Vec<String>, SelectTestError> {
    let list = value.as_array().ok_or(SelectTestError::NotAList)?;
    let names = list.iter().map(|name| name.as_str().map(str::to_owned));
    names.collect::<Option<_>>().ok_or(SelectTestError::NotStrings)
}

/// `'text'` or hexadecimal digits.
fn interface_id(text: &str) -> Result<Vec<u8>, SelectTestError> {
    let quoted = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
    let id = match quoted {
        Some(quoted) => quoted.as_bytes().to_vec(),
        None => octets(text).map_err(|_| SelectTestError::UnreadableInterfaceId)?,
    };
    if id.is_empty() { Err(SelectTestError::EmptyInterfaceId) } else { Ok(id) }
}

#[cfg(test)]
mod tests;
