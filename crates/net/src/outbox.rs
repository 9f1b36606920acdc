//! Answers on their way out, sent in batches.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, SocketAddrV4};
use std::ops::Range;
use std::os::fd::AsFd;
use std::sync::Arc;

use kea_wire::frame::{Ethernet, Udp4Header};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use smallvec::SmallVec;
use socket2::{Domain, Socket, Type};

use crate::BATCH;
use crate::counters::{Counter, WorkerCounters};
use crate::datagram::Destination;
use crate::plan::{SocketKey, SocketKind};
use crate::socket::OpenSocket;
use crate::sys::{self, Outgoing, SockName};

/// Collects datagrams and sends them in batches: when a batch is full, and when the handler returns.
#[derive(Debug, Default)]
pub struct Outbox {
    sockets: Vec<Option<Arc<OpenSocket>>>,
    by_interface: HashMap<u32, SmallVec<[u32; 4]>>,
    octets: Vec<u8>,
    pending: Vec<Pending>,
    /// Where the last of them goes, if more to the same place may be joined to it.
    joinable: Option<Destination>,
    kept: Option<Vec<(Destination, Vec<u8>)>>,
    counters: Arc<WorkerCounters>,
}

#[derive(Debug)]
struct Pending {
    socket: u32,
    to: SockName,
    from: Option<(u32, IpAddr)>,
    octets: Range<usize>,
    /// Length of each datagram that is joined in it; the last one may be shorter.
    segment: usize,
}

impl Outbox {
    /// An outbox without sockets that keeps what is sent, for tests and simulations of handlers.
    pub fn keeping() -> Self {
        Outbox { kept: Some(Vec::new()), ..Outbox::default() }
    }

    /// What was sent to an outbox made by [`Self::keeping`] since the last call.
    pub fn take(&mut self) -> Vec<(Destination, Vec<u8>)> {
        self.kept.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Sends `payload`. What cannot be sent (the interface is gone, the message is too large) is
    /// counted and dropped: to a DHCP client it is one more lost packet.
    pub fn send(&mut self, to: &Destination, payload: &[u8]) {
        if let Some(kept) = &mut self.kept {
            kept.push((*to, payload.to_vec()));
            return;
        }
        if self.join(to, payload) {
            return;
        }
        let Some(pending) = self.prepare(to, payload) else {
            self.counters.add(Counter::SendUnreachable, 1);
            return;
        };
        let joins = self.socket(pending.socket).is_some_and(|socket| socket.joins());
        let fits = (1..=SEGMENT_MAX).contains(&payload.len());
        self.joinable = (joins && fits).then_some(*to);
        self.pending.push(pending);
        if self.pending.len() == BATCH {
            self.flush();
        }
    }

    /// Sends `payload` to the other end of the channel. False when the channel is not open.
    pub fn send_across(&mut self, payload: &[u8]) -> bool {
        let found = self.open().find_map(|(slot, socket)| match socket.key.kind {
            SocketKind::Channel { peer } => Some((slot, SocketAddr::new(socket.local(), peer))),
            _ => None,
        });
        let Some((socket, peer)) = found else { return false };
        let start = self.octets.len();
        self.octets.extend_from_slice(payload);
        let octets = start..self.octets.len();
        let to = SockName::internet(peer, 0);
        self.pending.push(Pending { socket, to, from: None, octets, segment: payload.len() });
        self.joinable = None;
        if self.pending.len() == BATCH {
            self.flush();
        }
        true
    }

    /// The interface of that name, if sockets on it are open: its index, and the address on it to send
    /// to `peer` from. Link-local addresses speak to link-local ones, others to others, if they can.
    pub fn link(&self, interface: &str, peer: IpAddr) -> Option<(u32, IpAddr)> {
        let is_link_local =
            |address| matches!(address, IpAddr::V6(six) if six.is_unicast_link_local());
        let served = self.serving(peer).filter(|socket| &*socket.key.interface == interface);
        let best =
            served.min_by_key(|socket| is_link_local(socket.local()) != is_link_local(peer))?;
        Some((best.key.index, best.local()))
    }

    /// An address that answers to others of the family of `peer` come from.
    pub fn any_local(&self, peer: IpAddr) -> Option<IpAddr> {
        self.serving(peer).next().map(OpenSocket::local)
    }

    /// Sends what is collected.
    pub fn flush(&mut self) {
        let pending = std::mem::take(&mut self.pending);
        for run in pending.chunk_by(|a, b| a.socket == b.socket) {
            self.send_run(run);
        }
        self.pending = pending;
        self.pending.clear();
        self.joinable = None;
        self.octets.clear();
    }

    pub(crate) fn new(counters: Arc<WorkerCounters>) -> Self {
        Outbox { counters, ..Outbox::default() }
    }

    /// Takes a socket in; gives its slot.
    pub(crate) fn add(&mut self, socket: Arc<OpenSocket>) -> u32 {
        let slot = self.sockets.iter().position(Option::is_none).unwrap_or(self.sockets.len());
        let slot_number = slot as u32;
        self.by_interface.entry(socket.key.index).or_default().push(slot_number);
        if slot == self.sockets.len() {
            self.sockets.push(Some(socket));
        } else {
            self.sockets[slot] = Some(socket);
        }
        slot_number
    }

    /// Lets a socket go.
    pub(crate) fn remove(&mut self, key: &SocketKey) -> Option<Arc<OpenSocket>> {
        let is_it = |s: &Option<Arc<OpenSocket>>| s.as_ref().is_some_and(|s| *s.key == *key);
        let slot = self.sockets.iter().position(is_it)?;
        if let Some(slots) = self.by_interface.get_mut(&key.index) {
            slots.retain(|s| *s as usize != slot);
            if slots.is_empty() {
                self.by_interface.remove(&key.index);
            }
        }
        self.sockets[slot].take()
    }

    pub(crate) fn socket(&self, slot: u32) -> Option<&Arc<OpenSocket>> {
        self.sockets.get(slot as usize)?.as_ref()
    }

    /// Appends to what goes to the same place, if it may be joined to it.
    fn join(&mut self, to: &Destination, payload: &[u8]) -> bool {
        if self.joinable.as_ref() != Some(to) {
            return false;
        }
        let Some(last) = self.pending.last_mut() else { return false };
        let len = last.octets.len();
        let is_full = len + payload.len() > JOINED_MAX || len / last.segment >= SEGMENTS_MAX;
        // A shorter one ends the row.
        let is_open = len.is_multiple_of(last.segment);
        if is_full || !is_open || !(1..=last.segment).contains(&payload.len()) {
            return false;
        }
        self.octets.extend_from_slice(payload);
        last.octets.end += payload.len();
        true
    }

    fn prepare(&mut self, to: &Destination, payload: &[u8]) -> Option<Pending> {
        if let (Some(hw_addr), Some(index), SocketAddr::V4(peer)) =
            (to.hw_addr, to.interface, to.peer)
            && let Some((slot, socket)) = self.packet_socket(index)
        {
            let source = match to.source.unwrap_or_else(|| socket.local()) {
                IpAddr::V4(four) => four,
                IpAddr::V6(_) => Ipv4Addr::UNSPECIFIED,
            };
            let header = Udp4Header {
                // The kernel writes the link-layer header, from the address that goes with the call.
                link_destination: [0; 6],
                link_source: [0; 6],
                vlan: None,
                source: SocketAddrV4::new(source, socket.key.port),
                destination: peer,
                tos: Udp4Header::DEFAULT_TOS,
                ttl: Udp4Header::DEFAULT_TTL,
            };
            let to = SockName::link(index, Ethernet::IPV4, hw_addr.octets());
            let start = self.octets.len() + LINK_HEADER_LEN;
            header.emit(&mut self.octets, payload).ok()?;
            let octets = start..self.octets.len();
            let segment = octets.len();
            return Some(Pending { socket: slot, to, from: None, octets, segment });
        }
        let (slot, from) = self.udp_socket(to)?;
        let scope = match to.peer {
            SocketAddr::V6(six) if six.scope_id() != 0 => six.scope_id(),
            _ => to.interface.unwrap_or(0),
        };
        let start = self.octets.len();
        self.octets.extend_from_slice(payload);
        let octets = start..self.octets.len();
        let to = SockName::internet(to.peer, scope);
        Some(Pending { socket: slot, to, from, octets, segment: payload.len() })
    }

    fn packet_socket(&self, index: u32) -> Option<(u32, &OpenSocket)> {
        self.on_interface(index).find(|(_, s)| s.key.kind == SocketKind::Packet)
    }

    fn udp_socket(&self, to: &Destination) -> Option<(u32, Option<(u32, IpAddr)>)> {
        let unspecified = match to.peer {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED),
        };
        let fits = |(_, socket): &(u32, &OpenSocket)| socket.sends_to(to.peer);
        if let Some(index) = to.interface {
            let slot = bound_to(to.source, self.on_interface(index).filter(fits))?;
            return Some((slot, Some((index, to.source.unwrap_or(unspecified)))));
        }
        let is_choice = || self.open().filter(fits).nth(1).is_some();
        let preferred = match to.source {
            // A look at the routes is dear.
            None if is_choice() => routed_source(to.peer),
            given => given,
        };
        let slot = bound_to(preferred, self.open().filter(fits))?;
        let is_bound = |source| self.socket(slot).is_some_and(|s| s.is_bound_to(source));
        let named = to.source.filter(|source| !is_bound(*source));
        Some((slot, named.map(|source| (0, source))))
    }

    fn open(&self) -> impl Iterator<Item = (u32, &OpenSocket)> {
        let slots = self.sockets.iter().enumerate();
        slots.filter_map(|(slot, socket)| Some((slot as u32, socket.as_deref()?)))
    }

    /// The sockets that serve clients of the family of `peer`.
    fn serving(&self, peer: IpAddr) -> impl Iterator<Item = &OpenSocket> {
        self.open().map(|(_, socket)| socket).filter(move |socket| {
            let is_of_clients = !matches!(socket.key.kind, SocketKind::Channel { .. });
            is_of_clients && socket.local().is_ipv4() == peer.is_ipv4()
        })
    }

    fn on_interface(&self, index: u32) -> impl Iterator<Item = (u32, &OpenSocket)> {
        let slots = self.by_interface.get(&index).map_or(&[][..], |slots| slots.as_slice());
        slots.iter().filter_map(|slot| Some((*slot, &**self.socket(*slot)?)))
    }

    fn send_run(&self, run: &[Pending]) {
        let Some(socket) = run.first().and_then(|first| self.socket(first.socket)) else {
            return;
        };
        let batch: SmallVec<[Outgoing<'_>; BATCH]> = run
            .iter()
            .map(|p| Outgoing {
                to: p.to,
                from: p.from,
                payload: &self.octets[p.octets.clone()],
                segment: p.segment,
            })
            .collect();
        self.transmit(socket, &batch);
    }

    fn transmit(&self, socket: &OpenSocket, batch: &[Outgoing<'_>]) {
        let mut rest = batch;
        let mut waited = false;
        let mut refused = false;
        while !rest.is_empty() {
            match sys::send_many(socket.as_fd(), rest) {
                Ok(sent) => {
                    let (gone, left) = rest.split_at(sent.clamp(1, rest.len()));
                    let datagrams: usize = gone.iter().map(Outgoing::datagrams).sum();
                    self.counters.add(Counter::Sent, datagrams as u64);
                    refused = false;
                    rest = left;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock && !waited => {
                    waited = true;
                    wait_for_room(socket);
                }
                // What is told here became of an earlier datagram.
                Err(e) if e.kind() == io::ErrorKind::ConnectionRefused && !refused => {
                    self.counters.add(Counter::Unheard, 1);
                    refused = true;
                }
                Err(e) => {
                    let Some((first, left)) = rest.split_first() else { return };
                    if first.datagrams() > 1 {
                        // A device or route that does not take them joined takes them one by one.
                        let single: SmallVec<[_; SEGMENTS_MAX]> = first.apart().collect();
                        self.transmit(socket, &single);
                    } else {
                        self.counters.add(failure(&e), 1);
                    }
                    rest = left;
                }
            }
        }
    }
}

/// The socket bound to `preferred`, or any.
fn bound_to<'a>(
    preferred: Option<IpAddr>,
    sockets: impl Iterator<Item = (u32, &'a OpenSocket)>,
) -> Option<u32> {
    let mut any = None;
    for (slot, socket) in sockets {
        if preferred == Some(socket.local()) {
            return Some(slot);
        }
        any = any.or(Some(slot));
    }
    any
}

/// The address that the routing table would send from.
fn routed_source(peer: SocketAddr) -> Option<IpAddr> {
    let socket = Socket::new(Domain::for_address(peer), Type::DGRAM, None).ok()?;
    socket.connect(&peer.into()).ok()?;
    Some(socket.local_addr().ok()?.as_socket()?.ip())
}

/// Larger datagrams may not fit a link in one piece, which joined ones have to.
const SEGMENT_MAX: usize = 1200;
/// Datagrams that are joined at most, as many as every system takes.
const SEGMENTS_MAX: usize = 64;
/// Octets that are joined at most: with headers, less than an IP packet holds.
const JOINED_MAX: usize = 65_000;

/// What `Udp4Header` writes before the IPv4 header.
const LINK_HEADER_LEN: usize = 14;

/// A full send buffer empties at line rate; longer than this the clients are better served by what
/// they send next.
const ROOM_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 5_000_000 };

fn wait_for_room(socket: &OpenSocket) {
    let _ = poll(&mut [PollFd::new(socket, PollFlags::OUT)], Some(&ROOM_WAIT));
}

fn failure(error: &io::Error) -> Counter {
    match error.raw_os_error() {
        Some(libc::EAGAIN | libc::ENOBUFS) => Counter::SendFull,
        Some(
            libc::ENODEV | libc::ENXIO | libc::ENETDOWN | libc::ENETUNREACH | libc::EHOSTUNREACH,
        ) => Counter::SendUnreachable,
        _ => Counter::SendFailed,
    }
}
