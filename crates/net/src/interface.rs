//! What is known of the host's network interfaces, and how two states of it differ.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use kea_wire::HwAddr;

/// One network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// The kernel's index, unique among the interfaces that exist.
    pub index: u32,
    /// `eth0`, `eth0.7`, …
    pub name: Arc<str>,
    /// Administratively up (`IFF_UP`).
    pub up: bool,
    /// Operational: carrier present (`IFF_RUNNING`).
    pub running: bool,
    /// `IFF_LOOPBACK`.
    pub loopback: bool,
    /// `IFF_BROADCAST`.
    pub broadcast: bool,
    /// `IFF_MULTICAST`.
    pub multicast: bool,
    /// The link-layer address with the ARP hardware type; empty when the link has none.
    pub hw_addr: HwAddr,
    /// Addresses in the order in which the kernel told them.
    pub addresses: Vec<InterfaceAddress>,
}

/// An address of an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct InterfaceAddress {
    /// The address.
    pub address: IpAddr,
    /// Length of the on-link prefix in bits.
    pub prefix_len: u8,
    /// False while duplicate address detection runs (RFC 4862 section 5.4) or after it failed:
    /// such an address cannot be bound.
    pub usable: bool,
}

impl Interface {
    /// The addresses that can be bound, of both families.
    pub fn usable_addresses(&self) -> impl Iterator<Item = IpAddr> + '_ {
        self.addresses.iter().filter(|a| a.usable).map(|a| a.address)
    }
}

/// The interfaces of the host (or of the network namespace of the thread that asked).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Interfaces {
    by_index: BTreeMap<u32, Arc<Interface>>,
}

impl Interfaces {
    /// All, by index.
    pub fn iter(&self) -> impl Iterator<Item = &Interface> {
        self.by_index.values().map(AsRef::as_ref)
    }

    /// The interface with that index.
    pub fn by_index(&self, index: u32) -> Option<&Interface> {
        self.by_index.get(&index).map(AsRef::as_ref)
    }

    /// The interface with that name.
    pub fn by_name(&self, name: &str) -> Option<&Interface> {
        self.iter().find(|interface| &*interface.name == name)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.by_index.len()
    }

    /// True when there is none.
    pub fn is_empty(&self) -> bool {
        self.by_index.is_empty()
    }

    /// Adds or replaces one.
    pub fn insert(&mut self, interface: Interface) {
        self.by_index.insert(interface.index, Arc::new(interface));
    }

    /// Forgets one.
    pub fn remove(&mut self, index: u32) {
        self.by_index.remove(&index);
    }

    pub(crate) fn modify(&mut self, index: u32, change: impl FnOnce(&mut Interface)) {
        if let Some(interface) = self.by_index.get_mut(&index) {
            change(Arc::make_mut(interface));
        }
    }

    /// What happened between an `earlier` state and this one.
    pub fn since(&self, earlier: &Interfaces) -> Vec<InterfaceEvent> {
        let mut events = Vec::new();
        for (index, before) in &earlier.by_index {
            if !self.by_index.contains_key(index) {
                events.push(InterfaceEvent::Removed { index: *index, name: before.name.clone() });
            }
        }
        for (index, after) in &self.by_index {
            match earlier.by_index.get(index) {
                None => {
                    let name = after.name.clone();
                    events.push(InterfaceEvent::Added { index: *index, name });
                    compare(after, &[], false, &mut events);
                }
                Some(before) if Arc::ptr_eq(before, after) => {}
                Some(before) => {
                    if before.name != after.name {
                        events.push(InterfaceEvent::Renamed {
                            index: *index,
                            from: before.name.clone(),
                            to: after.name.clone(),
                        });
                    }
                    compare(after, &before.addresses, before.up, &mut events);
                }
            }
        }
        events
    }
}

/// A change of the host's interfaces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InterfaceEvent {
    /// An interface appeared.
    Added {
        /// Its index.
        index: u32,
        /// Its name.
        name: Arc<str>,
    },
    /// An interface is gone.
    Removed {
        /// Its former index.
        index: u32,
        /// Its former name.
        name: Arc<str>,
    },
    /// An interface got another name.
    Renamed {
        /// Its index.
        index: u32,
        /// The former name.
        from: Arc<str>,
        /// The new name.
        to: Arc<str>,
    },
    /// An interface was set up.
    Up {
        /// Its name.
        name: Arc<str>,
    },
    /// An interface was set down.
    Down {
        /// Its name.
        name: Arc<str>,
    },
    /// An address can now be used.
    AddressAdded {
        /// The interface's name.
        name: Arc<str>,
        /// The address.
        address: IpAddr,
    },
    /// An address can no longer be used.
    AddressRemoved {
        /// The interface's name.
        name: Arc<str>,
        /// The address.
        address: IpAddr,
    },
}

fn compare(
    after: &Interface,
    addresses_before: &[InterfaceAddress],
    up_before: bool,
    events: &mut Vec<InterfaceEvent>,
) {
    let name = &after.name;
    match (up_before, after.up) {
        (false, true) => events.push(InterfaceEvent::Up { name: name.clone() }),
        (true, false) => events.push(InterfaceEvent::Down { name: name.clone() }),
        _ => {}
    }
    let usable = |list: &[InterfaceAddress], address| {
        list.iter().any(|a: &InterfaceAddress| a.usable && a.address == address)
    };
    for gone in addresses_before.iter().filter(|a| a.usable) {
        if !usable(&after.addresses, gone.address) {
            let (name, address) = (name.clone(), gone.address);
            events.push(InterfaceEvent::AddressRemoved { name, address });
        }
    }
    for come in after.addresses.iter().filter(|a| a.usable) {
        if !usable(addresses_before, come.address) {
            let (name, address) = (name.clone(), come.address);
            events.push(InterfaceEvent::AddressAdded { name, address });
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// An Ethernet interface, up, with usable addresses.
    pub(crate) fn ethernet(index: u32, name: &str, addresses: &[&str]) -> Interface {
        Interface {
            index,
            name: name.into(),
            up: true,
            running: true,
            loopback: name == "lo",
            broadcast: true,
            multicast: true,
            hw_addr: "02:00:00:00:00:01".parse().unwrap(),
            addresses: addresses
                .iter()
                .map(|a| InterfaceAddress {
                    address: a.parse().unwrap(),
                    prefix_len: 24,
                    usable: true,
                })
                .collect(),
        }
    }

    #[test]
    fn two_states_differ_by_events() {
        let mut before = Interfaces::default();
        before.insert(ethernet(1, "lo", &["127.0.0.1"]));
        before.insert(ethernet(2, "eth0", &["192.0.2.1", "192.0.2.2"]));
        before.insert(ethernet(3, "eth1", &[]));
        let mut after = before.clone();
        after.remove(3);
        after.modify(2, |i| {
            i.name = "wan".into();
            i.up = false;
            i.addresses.remove(0);
            i.addresses[0].usable = false;
        });
        after.insert(ethernet(9, "eth2", &["fe80::1"]));
        let wan: Arc<str> = "wan".into();
        assert_eq!(
            after.since(&before),
            [
                InterfaceEvent::Removed { index: 3, name: "eth1".into() },
                InterfaceEvent::Renamed { index: 2, from: "eth0".into(), to: wan.clone() },
                InterfaceEvent::Down { name: wan.clone() },
                InterfaceEvent::AddressRemoved {
                    name: wan.clone(),
                    address: "192.0.2.1".parse().unwrap()
                },
                InterfaceEvent::AddressRemoved { name: wan, address: "192.0.2.2".parse().unwrap() },
                InterfaceEvent::Added { index: 9, name: "eth2".into() },
                InterfaceEvent::Up { name: "eth2".into() },
                InterfaceEvent::AddressAdded {
                    name: "eth2".into(),
                    address: "fe80::1".parse().unwrap()
                },
            ]
        );
        assert_eq!(after.since(&after.clone()), []);
    }
}
