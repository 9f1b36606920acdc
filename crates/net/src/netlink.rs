//! Interfaces and their changes, told by the kernel over a routing netlink socket (rtnetlink(7)).

use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};

use kea_wire::HwAddr;
use netlink_packet_core::{
    NLM_F_DUMP, NLM_F_REQUEST, NetlinkHeader, NetlinkMessage, NetlinkPayload,
};
use netlink_packet_route::address::{AddressAttribute, AddressFlags, AddressMessage};
use netlink_packet_route::link::{LinkAttribute, LinkFlags, LinkMessage};
use netlink_packet_route::{AddressFamily, RouteNetlinkMessage};
use netlink_sys::{Socket, SocketAddr, protocols::NETLINK_ROUTE};

use crate::interface::{Interface, InterfaceAddress, InterfaceEvent, Interfaces};

/// Follows the interfaces of the network namespace in which it was opened.
#[derive(Debug)]
pub struct Watcher {
    socket: Socket,
    interfaces: Interfaces,
    buffer: Vec<u8>,
}

impl Watcher {
    /// Subscribes to changes, then reads what exists.
    ///
    /// # Errors
    /// What the kernel answers to the netlink calls.
    pub fn open() -> io::Result<Self> {
        let mut socket = Socket::new(NETLINK_ROUTE)?;
        // Room for the events of some thousand interfaces; more than that is read anew.
        let _ = socket.set_rx_buf_sz(RECEIVE_BUFFER);
        socket.bind_auto()?;
        socket.connect(&SocketAddr::new(0, 0))?;
        for group in GROUPS {
            socket.add_membership(group)?;
        }
        let buffer = Vec::with_capacity(DATAGRAM);
        let mut watcher = Watcher { socket, interfaces: Interfaces::default(), buffer };
        watcher.read_all()?;
        Ok(watcher)
    }

    /// The interfaces as known now.
    pub fn interfaces(&self) -> &Interfaces {
        &self.interfaces
    }

    /// Waits for at least one message of the kernel, and returns what has changed by it (maybe
    /// nothing that matters).
    ///
    /// # Errors
    /// What the kernel answers to the netlink calls.
    pub fn wait(&mut self) -> io::Result<Vec<InterfaceEvent>> {
        self.follow(0)
    }

    /// Takes the messages that are there, without waiting. The descriptor is readable when there
    /// are some.
    ///
    /// # Errors
    /// What the kernel answers to the netlink calls.
    pub fn poll(&mut self) -> io::Result<Vec<InterfaceEvent>> {
        self.follow(libc::MSG_DONTWAIT)
    }

    fn follow(&mut self, first_flags: libc::c_int) -> io::Result<Vec<InterfaceEvent>> {
        let before = self.interfaces.clone();
        let mut flags = first_flags;
        loop {
            match self.receive(flags) {
                Ok(_) => flags = libc::MSG_DONTWAIT,
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => break,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                // The kernel dropped events: only a new reading tells what is there.
                Err(e) if e.raw_os_error() == Some(libc::ENOBUFS) => self.read_all()?,
                Err(e) => return Err(e),
            }
        }
        Ok(self.interfaces.since(&before))
    }

    fn read_all(&mut self) -> io::Result<()> {
        self.interfaces = Interfaces::default();
        self.dump(RouteNetlinkMessage::GetLink(LinkMessage::default()))?;
        self.dump(RouteNetlinkMessage::GetAddress(AddressMessage::default()))
    }

    fn dump(&mut self, request: RouteNetlinkMessage) -> io::Result<()> {
        let mut header = NetlinkHeader::default();
        header.flags = NLM_F_REQUEST | NLM_F_DUMP;
        let mut message = NetlinkMessage::new(header, NetlinkPayload::from(request));
        message.finalize();
        let mut bytes = vec![0; message.buffer_len()];
        message.serialize(&mut bytes);
        self.socket.send(&bytes, 0)?;
        while !self.receive(0)? {}
        Ok(())
    }

    /// Reads one datagram and applies its messages; true at the end of a dump.
    fn receive(&mut self, flags: libc::c_int) -> io::Result<bool> {
        self.buffer.clear();
        self.socket.recv(&mut self.buffer, flags)?;
        let mut done = false;
        let mut rest = self.buffer.as_slice();
        while let Some(length) = rest.first_chunk::<4>() {
            let length = u32::from_ne_bytes(*length) as usize;
            let Some(bytes) = rest.get(..length).filter(|b| b.len() >= HEADER_LEN) else { break };
            if let Ok(message) = NetlinkMessage::<RouteNetlinkMessage>::deserialize(bytes) {
                match message.payload {
                    NetlinkPayload::InnerMessage(inner) => apply(&mut self.interfaces, inner),
                    NetlinkPayload::Done(_) => done = true,
                    NetlinkPayload::Error(e) if e.code.is_some() => return Err(e.to_io()),
                    _ => {}
                }
            }
            rest = rest.get(length.next_multiple_of(4)..).unwrap_or(&[]);
        }
        Ok(done)
    }
}

impl AsFd for Watcher {
    fn as_fd(&self) -> BorrowedFd<'_> {
        crate::sys::borrow(&self.socket, self.socket.as_raw_fd())
    }
}

const RECEIVE_BUFFER: u32 = 4 << 20;
const DATAGRAM: usize = 64 << 10;
const HEADER_LEN: usize = 16;
/// RTNLGRP_LINK, RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR.
const GROUPS: [u32; 3] = [1, 5, 9];

fn apply(interfaces: &mut Interfaces, message: RouteNetlinkMessage) {
    match message {
        // Bridge ports are told a second time, with the bridge family.
        RouteNetlinkMessage::NewLink(link) | RouteNetlinkMessage::DelLink(link)
            if link.header.interface_family != AddressFamily::Unspec => {}
        RouteNetlinkMessage::NewLink(link) => set_link(interfaces, &link),
        RouteNetlinkMessage::DelLink(link) => interfaces.remove(link.header.index),
        RouteNetlinkMessage::NewAddress(message) => {
            if let Some((index, address)) = address_of(&message) {
                interfaces.modify(index, |interface| {
                    let known = interface.addresses.iter_mut().find(|a| same(a, &address));
                    match known {
                        Some(known) => *known = address,
                        None => interface.addresses.push(address),
                    }
                });
            }
        }
        RouteNetlinkMessage::DelAddress(message) => {
            if let Some((index, address)) = address_of(&message) {
                interfaces.modify(index, |i| i.addresses.retain(|a| !same(a, &address)));
            }
        }
        _ => {}
    }
}

fn same(a: &InterfaceAddress, b: &InterfaceAddress) -> bool {
    (a.address, a.prefix_len) == (b.address, b.prefix_len)
}

fn set_link(interfaces: &mut Interfaces, link: &LinkMessage) {
    let mut name = None;
    let mut octets: &[u8] = &[];
    for attribute in &link.attributes {
        match attribute {
            LinkAttribute::IfName(text) => name = Some(text.as_str()),
            LinkAttribute::Address(bytes) => octets = bytes,
            _ => {}
        }
    }
    let index = link.header.index;
    let known = interfaces.by_index(index);
    let Some(name) = name.map(Into::into).or_else(|| known.map(|k| k.name.clone())) else {
        return;
    };
    let flags = link.header.flags;
    let htype = u16::from(link.header.link_layer_type);
    // Longer than any known kind of link: serve without.
    let Some(hw_addr) = HwAddr::new(htype, octets).or_else(|| HwAddr::new(htype, &[])) else {
        return;
    };
    interfaces.insert(Interface {
        index,
        name,
        up: flags.contains(LinkFlags::Up),
        running: flags.contains(LinkFlags::Running),
        loopback: flags.contains(LinkFlags::Loopback),
        broadcast: flags.contains(LinkFlags::Broadcast),
        multicast: flags.contains(LinkFlags::Multicast),
        hw_addr,
        addresses: known.map(|k| k.addresses.clone()).unwrap_or_default(),
    });
}

fn address_of(message: &AddressMessage) -> Option<(u32, InterfaceAddress)> {
    let (mut address, mut local) = (None, None);
    let mut flags = AddressFlags::from_bits_retain(u32::from(message.header.flags.bits()));
    for attribute in &message.attributes {
        match attribute {
            AddressAttribute::Address(ip) => address = Some(*ip),
            AddressAttribute::Local(ip) => local = Some(*ip),
            AddressAttribute::Flags(all) => flags = *all,
            _ => {}
        }
    }
    // On point-to-point links IFA_ADDRESS is the peer's, IFA_LOCAL ours.
    let address: IpAddr = local.or(address)?;
    let pending =
        flags.contains(AddressFlags::Tentative) && !flags.contains(AddressFlags::Optimistic);
    let usable = !pending && !flags.contains(AddressFlags::Dadfailed);
    let prefix_len = message.header.prefix_len;
    Some((message.header.index, InterfaceAddress { address, prefix_len, usable }))
}
