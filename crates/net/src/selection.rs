//! `interfaces-config/interfaces`: which interfaces and addresses are served.

use std::fmt;
use std::net::IpAddr;

use kea_wire::Family;

use crate::interface::{Interface, Interfaces};

/// The checked entries of `interfaces-config/interfaces` (manual, chapters "Interface Configuration"
/// of both servers). An empty selection serves nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    wildcard: bool,
    entries: Vec<Entry>,
}

/// One `name` or `name/address` entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The interface's name.
    pub interface: String,
    /// The one address to serve, or `None` for those that the family serves by itself.
    pub address: Option<IpAddr>,
}

/// Why an entry is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SelectionError {
    /// The interface name is empty: `""`, `"/192.0.2.1"`.
    EmptyName,
    /// What follows `/` is no address of the family.
    Address {
        /// The text after the slash.
        text: String,
    },
    /// The same entry stands twice.
    Duplicate {
        /// The entry as written.
        entry: String,
    },
    /// `*` cannot have an address.
    WildcardAddress,
}

impl fmt::Display for SelectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SelectionError::EmptyName => f.write_str("empty interface name"),
            SelectionError::Address { text } => write!(f, "'{text}' is not a valid address"),
            SelectionError::Duplicate { entry } => write!(f, "'{entry}' is specified twice"),
            SelectionError::WildcardAddress => f.write_str("'*' does not take an address"),
        }
    }
}

impl std::error::Error for SelectionError {}

impl Selection {
    /// Everything but loopback: `["*"]`.
    pub fn all() -> Self {
        Selection { wildcard: true, entries: Vec::new() }
    }

    /// Checks the entries of the configuration list.
    ///
    /// # Errors
    /// The first entry that is malformed or stands twice.
    pub fn parse<F: Family>(
        entries: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<Self, SelectionError> {
        let mut selection = Selection::default();
        for text in entries {
            selection.push::<F>(text.as_ref().trim())?;
        }
        Ok(selection)
    }

    fn push<F: Family>(&mut self, text: &str) -> Result<(), SelectionError> {
        let duplicate = || SelectionError::Duplicate { entry: text.to_owned() };
        if text == "*" {
            let twice = std::mem::replace(&mut self.wildcard, true);
            return if twice { Err(duplicate()) } else { Ok(()) };
        }
        let (name, address) = match text.split_once('/') {
            None => (text, None),
            Some((name, address)) => {
                let bad = || SelectionError::Address { text: address.trim().to_owned() };
                let address: IpAddr = address.trim().parse().map_err(|_| bad())?;
                if address.is_ipv4() != (F::VERSION == 4) {
                    return Err(bad());
                }
                (name.trim(), Some(address))
            }
        };
        match name {
            "" => return Err(SelectionError::EmptyName),
            "*" => return Err(SelectionError::WildcardAddress),
            _ => {}
        }
        let entry = Entry { interface: name.to_owned(), address };
        if self.entries.contains(&entry) {
            return Err(duplicate());
        }
        self.entries.push(entry);
        Ok(())
    }

    /// True when `*` is among the entries: then everything but loopback is served whole.
    pub fn is_wildcard(&self) -> bool {
        self.wildcard
    }

    /// True when nothing is selected.
    pub fn is_empty(&self) -> bool {
        !self.wildcard && self.entries.is_empty()
    }

    /// The entries with a name.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// Entries whose interface, or whose address on it, does not exist now.
    pub fn unmatched<'a>(
        &'a self,
        interfaces: &'a Interfaces,
    ) -> impl Iterator<Item = &'a Entry> + 'a {
        self.entries.iter().filter(|entry| match interfaces.by_name(&entry.interface) {
            None => true,
            Some(found) => entry
                .address
                .is_some_and(|wanted| !found.addresses.iter().any(|a| a.address == wanted)),
        })
    }

    /// How `interface` is to be served; `None` when it is not selected.
    pub(crate) fn scope(&self, interface: &Interface) -> Option<Scope> {
        let named = || self.entries.iter().filter(|e| *e.interface == *interface.name);
        let addresses: Vec<IpAddr> = named().filter_map(|e| e.address).collect();
        let whole = named().any(|e| e.address.is_none()) || (self.wildcard && !interface.loopback);
        (whole || !addresses.is_empty()).then_some(Scope { whole, addresses })
    }
}

/// What is selected of one interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    /// Selected by its bare name or by `*`.
    pub(crate) whole: bool,
    /// Addresses asked for one by one.
    pub(crate) addresses: Vec<IpAddr>,
}

#[cfg(test)]
mod tests {
    use kea_wire::{V4, V6};

    use super::*;
    use crate::interface::tests::ethernet;

    #[test]
    fn all_forms_are_read() {
        let selection = Selection::parse::<V4>(["eth0", "eth1.7/192.0.2.1", "*"]).unwrap();
        assert!(selection.is_wildcard());
        let entry = |interface: &str, address: Option<&str>| Entry {
            interface: interface.into(),
            address: address.map(|a| a.parse().unwrap()),
        };
        assert_eq!(selection.entries(), [entry("eth0", None), entry("eth1.7", Some("192.0.2.1"))]);
        let six = Selection::parse::<V6>(["eth0/2001:db8::1", "eth0"]).unwrap();
        assert_eq!(six.entries()[0], entry("eth0", Some("2001:db8::1")));
    }

    #[test]
    fn bad_entries_say_why() {
        let parse = |list: &[&str]| Selection::parse::<V4>(list).unwrap_err();
        assert_eq!(parse(&[""]), SelectionError::EmptyName);
        assert_eq!(parse(&["/192.0.2.1"]), SelectionError::EmptyName);
        assert_eq!(parse(&["eth0/"]), SelectionError::Address { text: String::new() });
        assert_eq!(parse(&["eth0/::1"]), SelectionError::Address { text: "::1".into() });
        assert_eq!(parse(&["a", "a"]), SelectionError::Duplicate { entry: "a".into() });
        assert_eq!(parse(&["*", "*"]), SelectionError::Duplicate { entry: "*".into() });
        assert_eq!(parse(&["*/192.0.2.1"]), SelectionError::WildcardAddress);
    }

    #[test]
    fn absent_interfaces_and_addresses_are_named() {
        let mut interfaces = Interfaces::default();
        interfaces.insert(ethernet(2, "eth0", &["192.0.2.1"]));
        let selection =
            Selection::parse::<V4>(["eth0", "eth0/192.0.2.1", "eth0/192.0.2.9", "eth7"]).unwrap();
        let unmatched: Vec<_> = selection.unmatched(&interfaces).cloned().collect();
        assert_eq!(unmatched, &selection.entries()[2..]);
    }
}
