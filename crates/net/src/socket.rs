//! Opening the sockets of a plan, one for each worker.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};
use std::num::NonZeroU32;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use kea_wire::frame::Ethernet;
use socket2::{Domain, Protocol, Socket, Type};

use crate::bpf::{self, Instruction};
use crate::plan::{SocketKey, SocketKind};
use crate::sys;

/// A socket that could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenError {
    /// Which.
    pub socket: SocketKey,
    /// Why.
    pub cause: OpenFailure,
}

/// Why a socket could not be opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenFailure {
    /// Another process has the port of this address.
    PortInUse,
    /// The address is not, or no longer, the interface's.
    NoSuchAddress,
    /// The interface is gone.
    NoSuchInterface,
    /// The process may not open raw sockets or privileged ports.
    NotPermitted,
    /// Anything else.
    System {
        /// What was being done.
        doing: &'static str,
        /// The error number.
        errno: i32,
    },
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SocketKey { interface, port, kind, .. } = &self.socket;
        write!(f, "{kind} port {port} on interface {interface}: ")?;
        match &self.cause {
            OpenFailure::PortInUse => f.write_str("the port is in use by another process"),
            OpenFailure::NoSuchAddress => f.write_str("the interface does not have the address"),
            OpenFailure::NoSuchInterface => f.write_str("the interface does not exist"),
            OpenFailure::NotPermitted => f.write_str("not permitted (root or capabilities needed)"),
            OpenFailure::System { doing, errno } => {
                write!(f, "{doing}: {}", io::Error::from_raw_os_error(*errno))
            }
        }
    }
}

impl std::error::Error for OpenError {}

impl fmt::Display for SocketKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SocketKind::Packet => f.write_str("packet socket for"),
            SocketKind::PortHolder(address) => write!(f, "address {address}"),
            SocketKind::Unicast(address) | SocketKind::Client(address) => {
                write!(f, "address {address}")
            }
            SocketKind::Multicast(group) => write!(f, "group {group}"),
            SocketKind::Channel { peer } => write!(f, "channel to port {peer} from"),
        }
    }
}

/// One socket of a group.
#[derive(Debug)]
pub(crate) struct OpenSocket {
    pub(crate) key: Arc<SocketKey>,
    socket: Socket,
    receives: bool,
    joins: bool,
    local: RwLock<IpAddr>,
    drops_seen: AtomicU64,
}

/// How the sockets of a service are opened.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SocketOptions {
    /// Sockets of a group: one for each worker.
    pub(crate) members: u32,
    /// In octets.
    pub(crate) receive_buffer: usize,
    /// See [`crate::ServiceOptions::offload`].
    pub(crate) offload: bool,
}

impl OpenSocket {
    /// The address that answers from this socket come from unless one is named.
    pub(crate) fn local(&self) -> IpAddr {
        *self.local.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// True when a worker has to read it.
    pub(crate) fn receives(&self) -> bool {
        self.receives
    }

    /// True when it takes datagrams to be sent joined.
    pub(crate) fn joins(&self) -> bool {
        self.joins
    }

    /// True when what it sends comes from this address anyway.
    pub(crate) fn is_bound_to(&self, source: IpAddr) -> bool {
        matches!(self.key.kind, SocketKind::Unicast(at) | SocketKind::Client(at) if at == source)
    }

    /// True when it sends UDP datagrams of the family of `peer`.
    pub(crate) fn sends_to(&self, peer: SocketAddr) -> bool {
        match self.key.kind {
            SocketKind::Packet | SocketKind::Multicast(_) | SocketKind::Channel { .. } => false,
            SocketKind::PortHolder(_) => peer.is_ipv4(),
            SocketKind::Unicast(address) | SocketKind::Client(address) => {
                peer.is_ipv4() == address.is_ipv4()
            }
        }
    }

    /// Datagrams lost to a full receive buffer since it was opened; the last known number when the
    /// kernel does not tell. Zero for the kinds that refuse datagrams by a filter, since the
    /// kernel counts those as lost, too.
    pub(crate) fn receive_drops(&self) -> u64 {
        if !self.receives || matches!(self.key.kind, SocketKind::Multicast(_)) {
            return 0;
        }
        if let Ok(drops) = sys::receive_drops(&self.socket) {
            self.drops_seen.store(u64::from(drops), Ordering::Relaxed);
        }
        self.drops_seen.load(Ordering::Relaxed)
    }

    /// Gives an open socket the addresses that the plan has for it now.
    pub(crate) fn readdress(&self, addresses: &[IpAddr]) -> Result<(), OpenError> {
        let fail = |e: io::Error| failed(&self.key, "filter", &e);
        if self.key.kind == SocketKind::Packet {
            let program = bpf::dhcp4_frames(self.key.port, addresses);
            sys::attach_filter(&self.socket, &program).map_err(fail)?;
        }
        if let Some(first) = addresses.first() {
            *self.local.write().unwrap_or_else(PoisonError::into_inner) = *first;
        }
        Ok(())
    }
}

impl AsFd for OpenSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Opens the sockets of one plan entry: one for each member, or a single one when they do not receive.
pub(crate) fn open_group(
    key: &SocketKey,
    addresses: &[IpAddr],
    options: &SocketOptions,
) -> Result<Vec<Arc<OpenSocket>>, OpenError> {
    let SocketOptions { members, receive_buffer, offload } = *options;
    let opened = match key.kind {
        SocketKind::Packet => packet_group(key, addresses, members),
        SocketKind::PortHolder(address) => port_holder(key, address).map(|socket| vec![socket]),
        SocketKind::Unicast(address) => unicast_group(
            key,
            address,
            members,
            &match address {
                IpAddr::V4(_) => bpf::deal_dhcp4_datagrams(members),
                IpAddr::V6(_) => bpf::deal_dhcp6_datagrams(members),
            },
        ),
        SocketKind::Client(address) => unicast_group(
            key,
            address,
            members,
            &match address {
                IpAddr::V4(_) => bpf::deal_dhcp4_answers(members),
                IpAddr::V6(_) => bpf::deal_dhcp6_answers(members),
            },
        ),
        SocketKind::Multicast(group) => multicast_group(key, group, members),
        SocketKind::Channel { peer } => channel_group(key, peer, members),
    };
    let sockets = opened.map_err(|(doing, e)| failed(key, doing, &e))?;
    let shared_key = Arc::new(key.clone());
    let local = addresses.first().copied().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
    let group = sockets.into_iter().enumerate().map(|(member, socket)| {
        let receives = match key.kind {
            SocketKind::PortHolder(_) => false,
            // One socket under several numbers, so one worker reads it.
            SocketKind::Channel { .. } => member == 0,
            _ => true,
        };
        // More than the system's limit takes CAP_NET_ADMIN; less is no reason not to serve.
        let size = i32::try_from(receive_buffer).unwrap_or(i32::MAX);
        if sys::set_int(&socket, libc::SOL_SOCKET, libc::SO_RCVBUFFORCE, size).is_err() {
            let _ = socket.set_recv_buffer_size(receive_buffer);
        }
        let _ = socket.set_send_buffer_size(SEND_BUFFER);
        // Without it, nobody knows how long datagrams have waited.
        let _ = sys::set_int(&socket, libc::SOL_SOCKET, libc::SO_TIMESTAMPNS, 1);
        // Systems that cannot do it get and give datagrams one by one.
        let joins = offload
            && matches!(key.kind, SocketKind::Unicast(_) | SocketKind::Client(_))
            && sys::set_int(&socket, libc::SOL_UDP, libc::UDP_GRO, 1).is_ok();
        let (key, local, drops_seen) = (shared_key.clone(), RwLock::new(local), AtomicU64::new(0));
        Arc::new(OpenSocket { key, socket, receives, joins, local, drops_seen })
    });
    Ok(group.collect())
}

type Opened<T> = Result<T, (&'static str, io::Error)>;

const SEND_BUFFER: usize = 1 << 20;

trait Doing<T> {
    fn doing(self, what: &'static str) -> Opened<T>;
}

impl<T> Doing<T> for io::Result<T> {
    fn doing(self, what: &'static str) -> Opened<T> {
        self.map_err(|e| (what, e))
    }
}

fn failed(key: &SocketKey, doing: &'static str, error: &io::Error) -> OpenError {
    let cause = match error.raw_os_error().unwrap_or(0) {
        libc::EADDRINUSE => OpenFailure::PortInUse,
        libc::EADDRNOTAVAIL => OpenFailure::NoSuchAddress,
        libc::ENODEV | libc::ENXIO => OpenFailure::NoSuchInterface,
        libc::EPERM | libc::EACCES => OpenFailure::NotPermitted,
        errno => OpenFailure::System { doing, errno },
    };
    OpenError { socket: key.clone(), cause }
}

/// Packet sockets without the link-layer header (`SOCK_DGRAM`): the kernel knows the framing of the
/// link, which need not be Ethernet. Bound to IPv4 they see neither other protocols nor what we send.
fn packet_group(key: &SocketKey, addresses: &[IpAddr], members: u32) -> Opened<Vec<Socket>> {
    let deal = bpf::deal_dhcp4_frames();
    let mut sockets: Vec<Socket> = Vec::new();
    for _ in 0..members {
        let socket = Socket::new(Domain::PACKET, Type::DGRAM, None).doing("socket")?;
        socket.set_nonblocking(true).doing("socket")?;
        sys::set_int(&socket, libc::SOL_PACKET, libc::PACKET_AUXDATA, 1).doing("auxiliary data")?;
        sys::attach_filter(&socket, &bpf::nothing()).doing("filter")?;
        socket.bind(&sys::link_address(key.index, Ethernet::IPV4)).doing("bind")?;
        if members > 1 {
            // The group's number in the low half, how it deals in the high half.
            let dealing = libc::PACKET_FANOUT_CBPF as i32;
            let group = match sockets.first() {
                None => (dealing | libc::PACKET_FANOUT_FLAG_UNIQUEID as i32) << 16,
                Some(first) => sys::fanout(first).doing("fan-out")? & 0xffff | dealing << 16,
            };
            sys::set_int(&socket, libc::SOL_PACKET, libc::PACKET_FANOUT, group).doing("fan-out")?;
            if sockets.is_empty() {
                sys::attach_fanout(&socket, &deal).doing("fan-out program")?;
            }
        }
        sockets.push(socket);
    }
    // Nothing was taken so far: each client meets the complete group from its first packet on.
    let program = bpf::dhcp4_frames(key.port, addresses);
    for socket in &sockets {
        sys::attach_filter(socket, &program).doing("filter")?;
    }
    Ok(sockets)
}

fn port_holder(key: &SocketKey, address: Ipv4Addr) -> Opened<Socket> {
    let socket = udp_socket(Domain::IPV4)?;
    sys::attach_filter(&socket, &bpf::nothing()).doing("filter")?;
    bind(&socket, SocketAddr::from((address, key.port)))?;
    Ok(socket)
}

fn unicast_group(
    key: &SocketKey,
    address: IpAddr,
    members: u32,
    deal: &[Instruction],
) -> Opened<Vec<Socket>> {
    let domain = if address.is_ipv4() { Domain::IPV4 } else { Domain::IPV6 };
    let scope = match address {
        IpAddr::V6(six) if six.is_unicast_link_local() => key.index,
        _ => 0,
    };
    let at = socket_address(address, key.port, scope);
    let share = |_| None;
    let sockets = reuse_port_group(domain, at, members, share, |_| Ok(()))?;
    if let Some(first) = sockets.first().filter(|_| members > 1) {
        sys::attach_reuseport(first, deal).doing("reuse-port program")?;
    }
    Ok(sockets)
}

/// Multicast reaches every socket of a group, so each takes its share by a filter.
fn multicast_group(key: &SocketKey, group: Ipv6Addr, members: u32) -> Opened<Vec<Socket>> {
    // Binding needs the scope for link-local groups only, joining needs it always.
    let at = socket_address(group.into(), key.port, key.index);
    let share = |member| (members > 1).then(|| bpf::share_dhcp6_multicast(member, members));
    let on_interface = |socket: &Socket| {
        socket.bind_device_by_index_v6(NonZeroU32::new(key.index)).doing("bind to interface")
    };
    let sockets = reuse_port_group(Domain::IPV6, at, members, share, on_interface)?;
    for socket in &sockets {
        socket.join_multicast_v6(&group, key.index).doing("join group")?;
    }
    Ok(sockets)
}

/// Nothing comes in but what the other end sends. All workers send from the one socket.
fn channel_group(key: &SocketKey, peer: u16, members: u32) -> Opened<Vec<Socket>> {
    let socket = udp_socket(Domain::IPV6)?;
    let at = |port| socket_address(Ipv6Addr::LOCALHOST.into(), port, 0);
    bind(&socket, at(key.port))?;
    socket.connect(&at(peer).into()).doing("connect")?;
    let same = (1..members).map(|_| socket.try_clone().doing("duplicate"));
    let others = same.collect::<Opened<Vec<Socket>>>()?;
    Ok(std::iter::once(socket).chain(others).collect())
}

/// The first socket is bound alone, so that a foreign one on the port is noticed; only then the port
/// is shared with the others.
fn reuse_port_group(
    domain: Domain,
    at: SocketAddr,
    members: u32,
    filter: impl Fn(u32) -> Option<Vec<Instruction>>,
    prepare: impl Fn(&Socket) -> Opened<()>,
) -> Opened<Vec<Socket>> {
    let mut sockets = Vec::new();
    for member in 0..members {
        let socket = udp_socket(domain)?;
        if let Some(program) = filter(member) {
            sys::attach_filter(&socket, &program).doing("filter")?;
        }
        prepare(&socket)?;
        if member > 0 {
            socket.set_reuse_port(true).doing("share port")?;
        }
        bind(&socket, at)?;
        if member == 0 && members > 1 {
            socket.set_reuse_port(true).doing("share port")?;
        }
        sockets.push(socket);
    }
    Ok(sockets)
}

fn udp_socket(domain: Domain) -> Opened<Socket> {
    let socket = Socket::new(domain, Type::DGRAM, Some(Protocol::UDP)).doing("socket")?;
    socket.set_nonblocking(true).doing("socket")?;
    let (level, option) = if domain == Domain::IPV4 {
        socket.set_broadcast(true).doing("allow broadcast")?;
        // What anybody can pretend to know of the path must not cut answers into fragments. Routers may
        // do so, where one is too long for them; those of IPv6 may not, whose word is heeded.
        let omit = libc::IP_PMTUDISC_OMIT;
        sys::set_int(&socket, libc::IPPROTO_IP, libc::IP_MTU_DISCOVER, omit).doing("path MTU")?;
        (libc::IPPROTO_IP, libc::IP_PKTINFO)
    } else {
        socket.set_only_v6(true).doing("IPv6 only")?;
        // A datagram here and there is no flow (RFC 6437 section 2); the system would hash each for a label.
        let _ = sys::set_int(&socket, libc::IPPROTO_IPV6, libc::IPV6_AUTOFLOWLABEL, 0);
        (libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO)
    };
    sys::set_int(&socket, level, option, 1).doing("packet information")?;
    Ok(socket)
}

fn bind(socket: &Socket, at: SocketAddr) -> Opened<()> {
    socket.bind(&at.into()).doing("bind")
}

fn socket_address(address: IpAddr, port: u16, scope: u32) -> SocketAddr {
    match address {
        IpAddr::V4(four) => (four, port).into(),
        IpAddr::V6(six) => SocketAddrV6::new(six, port, 0, scope).into(),
    }
}
