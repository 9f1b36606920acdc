//! What a handler is given, and where it sends to.

use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kea_wire::HwAddr;

/// One moment on both clocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Now {
    /// For deadlines and measuring.
    pub instant: Instant,
    /// Time since 1970-01-01T00:00Z, for leases.
    pub since_epoch: Duration,
}

impl Now {
    /// Reads the clocks.
    pub fn read() -> Self {
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now { instant: Instant::now(), since_epoch }
    }

    /// Unix seconds.
    pub fn unix_seconds(self) -> i64 {
        i64::try_from(self.since_epoch.as_secs()).unwrap_or(i64::MAX)
    }
}

/// A received UDP payload. Its sender and content are not trusted in any way.
#[derive(Clone, Copy, Debug)]
pub struct Datagram<'a> {
    /// The DHCP message.
    pub payload: &'a [u8],
    /// How it came.
    pub arrival: Arrival<'a>,
}

/// How a datagram came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival<'a> {
    /// Index of the interface whose socket received it.
    pub interface: u32,
    /// That interface's name.
    pub interface_name: &'a str,
    /// The address to which it was sent; if that was broadcast or multicast, the address of the
    /// interface that answers.
    pub local: IpAddr,
    /// The port to which it was sent.
    pub local_port: u16,
    /// Whether it was for us alone.
    pub delivery: Delivery,
    /// The sender.
    pub peer: SocketAddr,
    /// The sender's link-layer address; known on packet sockets only. It is the last router's
    /// when the packet was routed.
    pub hw_addr: Option<HwAddr>,
    /// When the system received it, since 1970-01-01T00:00Z: it may have waited since then.
    pub received: Option<Duration>,
}

/// To whom a datagram was addressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// To an address of ours.
    Unicast,
    /// To 255.255.255.255.
    Broadcast,
    /// To a DHCPv6 group.
    Multicast,
    /// To us, from the other end of a [`crate::Channel`].
    Channel,
}

impl Arrival<'_> {
    /// Back to the sender, the way it came.
    pub fn answer(&self) -> Destination {
        Destination {
            peer: self.peer,
            interface: Some(self.interface),
            source: Some(self.local),
            hw_addr: self.hw_addr,
        }
    }
}

/// Where to send a datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Address and port.
    pub peer: SocketAddr,
    /// The interface to leave by; `None` leaves it to the routing table
    /// (`outbound-interface: use-routing`).
    pub interface: Option<u32>,
    /// The address to send from; `None` leaves it to the socket, or to the routing table.
    pub source: Option<IpAddr>,
    /// IPv4: put the datagram into a frame to this link-layer address, without ARP. Needs
    /// `interface` and a packet socket on it ([`crate::Mode::Raw4`]), else it is sent as usual.
    pub hw_addr: Option<HwAddr>,
}
