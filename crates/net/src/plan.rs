//! From a selection and the interfaces that exist to the sockets that should be open.
//!
//! Pure: the sockets of a service are a function of the two, computed anew at every event. An
//! interface that comes late, goes and comes back needs no rule of its own.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use crate::interface::{Interface, Interfaces};
use crate::selection::Selection;

/// All_DHCP_Relay_Agents_and_Servers (RFC 9915 section 7.1).
pub const ALL_DHCP_RELAY_AGENTS_AND_SERVERS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
/// All_DHCP_Servers (RFC 9915 section 7.1).
pub const ALL_DHCP_SERVERS: Ipv6Addr = Ipv6Addr::new(0xff05, 0, 0, 0, 0, 0, 1, 3);

/// How a service listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mode {
    /// DHCPv4 with `dhcp-socket-type: raw`: direct and relayed clients, frames past the firewall.
    Raw4,
    /// DHCPv4 with `dhcp-socket-type: udp`: unicast (relayed) clients only.
    Udp4,
    /// DHCPv6: link-local and multicast, and the unicast addresses that are selected one by one.
    Udp6,
    /// Clients and relays of test tools: the selected addresses, of the family that the entries
    /// name or of both. Answers are dealt to workers by transaction, see [`transaction_worker`].
    Client,
}

/// What a service listens on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// Interfaces and addresses.
    pub selection: Selection,
    /// UDP port.
    pub port: u16,
    /// Kind of sockets.
    pub mode: Mode,
    /// The way to another service of this host, if there is one.
    pub channel: Option<Channel>,
}

/// Two services of a host talk to each other by datagrams between two ports of ::1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Channel {
    /// The UDP port of this service.
    pub port: u16,
    /// The UDP port of the other one. Datagrams from elsewhere are not taken.
    pub peer: u16,
}

/// What identifies one open socket (or group of sockets, one for each worker).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SocketKey {
    /// Index of the interface.
    pub index: u32,
    /// Its name; a renamed interface gets new sockets.
    pub interface: Arc<str>,
    /// UDP port.
    pub port: u16,
    /// The kind.
    pub kind: SocketKind,
}

/// The kinds of sockets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SocketKind {
    /// Link layer, receives IPv4 broadcast and unicast to the addresses of its [`Plan`] entry.
    Packet,
    /// Holds a port of an address that [`SocketKind::Packet`] serves, so that the kernel does not
    /// answer with ICMP port unreachable; sends what the routing table is to deliver.
    PortHolder(Ipv4Addr),
    /// Receives and sends on a local address.
    Unicast(IpAddr),
    /// Receives what is sent to a group on the interface.
    Multicast(Ipv6Addr),
    /// Asks from a local address, and receives the answers.
    Client(IpAddr),
    /// One end of a [`Channel`].
    Channel {
        /// The UDP port of the other end.
        peer: u16,
    },
}

impl SocketKind {
    /// The sockets without which one of this kind, with these local addresses, does harm: another server
    /// hears the same clients, or what is heard cannot be answered.
    pub(crate) fn needs(self, addresses: &[IpAddr]) -> Vec<SocketKind> {
        match self {
            SocketKind::Packet => addresses
                .iter()
                .filter_map(|address| match address {
                    IpAddr::V4(four) => Some(SocketKind::PortHolder(*four)),
                    IpAddr::V6(_) => None,
                })
                .collect(),
            SocketKind::Multicast(_) => {
                addresses.first().map(|first| SocketKind::Unicast(*first)).into_iter().collect()
            }
            SocketKind::PortHolder(_)
            | SocketKind::Unicast(_)
            | SocketKind::Client(_)
            | SocketKind::Channel { .. } => Vec::new(),
        }
    }
}

/// The worker of a [`Mode::Client`] service, out of `workers`, that gets the answer to a transaction.
pub fn transaction_worker(xid: u32, workers: u32) -> u32 {
    (xid & 0xff) % workers
}

/// The sockets that should be open, each with its local addresses: those whose unicast a
/// [`SocketKind::Packet`] accepts, those that can answer what came to a group (the one to prefer
/// first), and the one to which the other kinds are bound.
pub type Plan = BTreeMap<SocketKey, Vec<IpAddr>>;

/// The sockets to have for `listen` on these interfaces.
pub fn plan(listen: &Listen, interfaces: &Interfaces) -> Plan {
    let mut plan = Plan::new();
    for interface in interfaces.iter().filter(|i| i.up) {
        if listen.selection.scope(interface).is_none() {
            continue;
        }
        for (kind, addresses) in sockets_of(listen, interface) {
            let key = SocketKey {
                index: interface.index,
                interface: interface.name.clone(),
                port: listen.port,
                kind,
            };
            plan.insert(key, addresses);
        }
    }
    let local = IpAddr::V6(Ipv6Addr::LOCALHOST);
    let is_local = |i: &&Interface| i.up && i.usable_addresses().any(|address| address == local);
    if let Some((channel, at)) = listen.channel.zip(interfaces.iter().find(is_local)) {
        let (interface, kind) = (at.name.clone(), SocketKind::Channel { peer: channel.peer });
        let key = SocketKey { index: at.index, interface, port: channel.port, kind };
        plan.insert(key, vec![local]);
    }
    plan
}

/// What leads from the open sockets to the planned ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Close these, first.
    pub close: Vec<SocketKey>,
    /// Tell these, open all along, their new addresses.
    pub readdress: Vec<SocketKey>,
    /// Open these.
    pub open: Vec<SocketKey>,
}

impl Difference {
    /// From `open` to `planned`.
    pub fn between(open: &Plan, planned: &Plan) -> Self {
        let mut difference = Difference::default();
        for key in open.keys().filter(|key| !planned.contains_key(*key)) {
            difference.close.push(key.clone());
        }
        for (key, addresses) in planned {
            match open.get(key) {
                None => difference.open.push(key.clone()),
                Some(now) if now != addresses => difference.readdress.push(key.clone()),
                Some(_) => {}
            }
        }
        difference
    }

    /// True when nothing has to change.
    pub fn is_empty(&self) -> bool {
        self.close.is_empty() && self.readdress.is_empty() && self.open.is_empty()
    }
}

fn sockets_of(listen: &Listen, interface: &Interface) -> Vec<(SocketKind, Vec<IpAddr>)> {
    match listen.mode {
        Mode::Raw4 => raw4(&served4(listen, interface), interface),
        Mode::Udp4 => served4(listen, interface)
            .into_iter()
            .map(|a| (SocketKind::Unicast(a.into()), vec![a.into()]))
            .collect(),
        Mode::Udp6 => udp6(listen, interface),
        Mode::Client => client(listen, interface),
    }
}

fn client(listen: &Listen, interface: &Interface) -> Vec<(SocketKind, Vec<IpAddr>)> {
    let Some(scope) = listen.selection.scope(interface) else { return Vec::new() };
    interface
        .usable_addresses()
        .filter(|address| scope.whole || scope.addresses.contains(address))
        .map(|address| (SocketKind::Client(address), vec![address]))
        .collect()
}

/// In the kernel's order: the first one is the interface's primary address.
fn served4(listen: &Listen, interface: &Interface) -> Vec<Ipv4Addr> {
    let Some(scope) = listen.selection.scope(interface) else { return Vec::new() };
    let mut served = Vec::new();
    for address in interface.usable_addresses() {
        let IpAddr::V4(four) = address else { continue };
        // The same address may stand there with two prefix lengths.
        if (scope.whole || scope.addresses.contains(&address)) && !served.contains(&four) {
            served.push(four);
        }
    }
    served
}

fn raw4(served: &[Ipv4Addr], interface: &Interface) -> Vec<(SocketKind, Vec<IpAddr>)> {
    // An interface without an address cannot be a server identifier; loopback has no link layer.
    if served.is_empty() || interface.loopback {
        return Vec::new();
    }
    let all = served.iter().map(|a| IpAddr::V4(*a)).collect();
    let holders = served.iter().map(|a| (SocketKind::PortHolder(*a), vec![IpAddr::V4(*a)]));
    std::iter::once((SocketKind::Packet, all)).chain(holders).collect()
}

fn udp6(listen: &Listen, interface: &Interface) -> Vec<(SocketKind, Vec<IpAddr>)> {
    let Some(scope) = listen.selection.scope(interface) else { return Vec::new() };
    let mut local: Vec<IpAddr> = interface
        .usable_addresses()
        .filter(|address| match address {
            IpAddr::V6(six) => six.is_unicast_link_local() || scope.addresses.contains(address),
            IpAddr::V4(_) => false,
        })
        .collect();
    // Answers to multicast come from the link-local address.
    local.sort_by_key(|a| !matches!(a, IpAddr::V6(six) if six.is_unicast_link_local()));
    let mut kinds: Vec<_> = local.iter().map(|a| (SocketKind::Unicast(*a), vec![*a])).collect();
    if !local.is_empty() && interface.multicast {
        let groups = [ALL_DHCP_RELAY_AGENTS_AND_SERVERS, ALL_DHCP_SERVERS];
        kinds.extend(groups.map(|group| (SocketKind::Multicast(group), local.clone())));
    }
    kinds
}

#[cfg(test)]
mod tests {
    use kea_wire::{V4, V6};

    use super::*;
    use crate::interface::tests::ethernet;

    fn raw(entries: &[&str]) -> Listen {
        let selection = Selection::parse::<V4>(entries).unwrap();
        Listen { selection, port: 67, mode: Mode::Raw4, channel: None }
    }

    fn kinds(plan: &Plan) -> Vec<(u32, SocketKind)> {
        plan.keys().map(|key| (key.index, key.kind)).collect()
    }

    fn host() -> Interfaces {
        let mut interfaces = Interfaces::default();
        interfaces.insert(ethernet(1, "lo", &["127.0.0.1", "::1"]));
        let addresses = ["192.0.2.1", "192.0.2.2", "fe80::2", "2001:db8::2"];
        interfaces.insert(ethernet(2, "eth0", &addresses));
        interfaces.insert(ethernet(3, "eth1", &[]));
        interfaces
    }

    #[test]
    fn raw_sockets_serve_all_addresses_of_an_interface_at_once() {
        let (a, b) = (Ipv4Addr::new(192, 0, 2, 1), Ipv4Addr::new(192, 0, 2, 2));
        let plan_all = plan(&raw(&["*"]), &host());
        assert_eq!(
            kinds(&plan_all),
            [
                (2, SocketKind::Packet),
                (2, SocketKind::PortHolder(a)),
                (2, SocketKind::PortHolder(b))
            ]
        );
        assert_eq!(plan_all.values().next().unwrap(), &[IpAddr::V4(a), IpAddr::V4(b)]);
        let one = plan(&raw(&["eth0/192.0.2.2"]), &host());
        assert_eq!(one.values().next().unwrap(), &[IpAddr::V4(b)]);
        assert_eq!(plan(&raw(&["lo"]), &host()), Plan::new());
    }

    #[test]
    fn udp_serves_loopback_when_it_is_named() {
        let listen = Listen { mode: Mode::Udp4, ..raw(&["lo"]) };
        let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
        assert_eq!(kinds(&plan(&listen, &host())), [(1, SocketKind::Unicast(local))]);
        let all = Listen { mode: Mode::Udp4, ..raw(&["*"]) };
        assert_eq!(kinds(&plan(&all, &host())).len(), 2);
    }

    #[test]
    fn clients_have_one_kind_of_socket() {
        let listen = Listen { mode: Mode::Client, port: 546, ..raw(&["eth0/192.0.2.2"]) };
        let address = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));
        assert_eq!(kinds(&plan(&listen, &host())), [(2, SocketKind::Client(address))]);
        assert_eq!((transaction_worker(0x1_0005, 3), transaction_worker(0xff, 1)), (2, 0));
    }

    #[test]
    fn six_needs_a_link_local_address_or_a_listed_one() {
        let listen = |entries: &[&str]| Listen {
            selection: Selection::parse::<V6>(entries).unwrap(),
            port: 547,
            mode: Mode::Udp6,
            channel: None,
        };
        let link_local = SocketKind::Unicast("fe80::2".parse().unwrap());
        let global = SocketKind::Unicast("2001:db8::2".parse().unwrap());
        let [agents, servers] =
            [ALL_DHCP_RELAY_AGENTS_AND_SERVERS, ALL_DHCP_SERVERS].map(SocketKind::Multicast);
        let of = |entries: &[&str]| kinds(&plan(&listen(entries), &host()));
        assert_eq!(of(&["*"]), [(2, link_local), (2, agents), (2, servers)]);
        assert_eq!(
            of(&["eth0/2001:db8::2"]),
            [(2, global), (2, link_local), (2, agents), (2, servers)]
        );
        assert_eq!(of(&["eth1"]), []);
        // Loopback has no link-local address; named, it serves the address that is listed.
        let loopback = SocketKind::Unicast("::1".parse().unwrap());
        assert_eq!(of(&["lo"]), []);
        assert_eq!(of(&["lo/::1"])[..1], [(1, loopback)]);
        let mut tentative = host();
        tentative.modify(2, |i| i.addresses.iter_mut().for_each(|a| a.usable = false));
        assert_eq!(kinds(&plan(&listen(&["*"]), &tentative)), []);
    }

    #[test]
    fn a_channel_is_an_address_of_the_host_itself() {
        let channel = Some(Channel { port: 6768, peer: 6767 });
        let listen = Listen { channel, ..raw(&[]) };
        let planned = plan(&listen, &host());
        let kind = SocketKind::Channel { peer: 6767 };
        assert_eq!(kinds(&planned), [(1, kind)]);
        let (key, addresses) = planned.iter().next().unwrap();
        assert_eq!((key.port, &addresses[..]), (6768, &[IpAddr::V6(Ipv6Addr::LOCALHOST)][..]));
        let moved = Listen { channel: Some(Channel { port: 7001, peer: 7000 }), ..raw(&[]) };
        let difference = Difference::between(&planned, &plan(&moved, &host()));
        assert_eq!((difference.close.len(), difference.open.len()), (1, 1));
        let mut without = host();
        without.modify(1, |i| i.up = false);
        assert_eq!(plan(&listen, &without), Plan::new());
    }

    #[test]
    fn an_interface_is_served_when_it_comes_and_again_when_it_returns() {
        let listen = raw(&["eth0", "eth9"]);
        let full = plan(&listen, &host());
        let mut down = host();
        down.modify(2, |i| i.up = false);
        let gone = Difference::between(&full, &plan(&listen, &down));
        assert_eq!((gone.close.len(), gone.open.len()), (3, 0));
        let back = Difference::between(&plan(&listen, &down), &full);
        assert_eq!((back.close.len(), back.open.len()), (0, 3));
        let mut more = host();
        more.insert(ethernet(9, "eth9", &["198.51.100.1"]));
        let late = Difference::between(&full, &plan(&listen, &more));
        assert_eq!(late.open.iter().map(|key| key.index).collect::<Vec<_>>(), [9, 9]);
    }

    #[test]
    fn an_address_more_or_less_keeps_the_packet_socket_open() {
        let listen = raw(&["eth0"]);
        let before = plan(&listen, &host());
        let mut fewer = host();
        fewer.modify(2, |i| i.addresses.retain(|a| a.address.to_string() != "192.0.2.1"));
        let difference = Difference::between(&before, &plan(&listen, &fewer));
        assert_eq!(difference.readdress.len(), 1);
        assert_eq!(difference.readdress[0].kind, SocketKind::Packet);
        let holder = SocketKind::PortHolder(Ipv4Addr::new(192, 0, 2, 1));
        assert_eq!(difference.close.iter().map(|k| k.kind).collect::<Vec<_>>(), [holder]);
        assert!(difference.open.is_empty() && !difference.is_empty());
        assert!(Difference::between(&before, &before).is_empty());
    }
}
