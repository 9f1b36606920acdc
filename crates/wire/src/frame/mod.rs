//! Link framing of DHCPv4: Ethernet, IPv4 and UDP, as raw sockets see and send them.
//!
//! Clients without an address are reached only this way (RFC 2131 section 4.1). [`Udp4::parse`]
//! reads a whole frame, [`Udp4Header`] writes one around a message.

mod checksum;
mod ethernet;
mod ipv4;
mod udp;

pub use checksum::Checksum;
pub use ethernet::{ETHERNET_BROADCAST, Ethernet, EthernetError, VlanTag};
pub use ipv4::{Ipv4, Ipv4Error};
pub use udp::{Udp, UdpError};

use std::net::{Ipv4Addr, SocketAddrV4};

use checksum::Sum;

/// A UDP datagram and the headers that it came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp4<'a> {
    /// Link-layer destination.
    pub link_destination: [u8; 6],
    /// Link-layer source.
    pub link_source: [u8; 6],
    /// Outermost VLAN tag, when the network card left it in the frame.
    pub vlan: Option<VlanTag>,
    /// Source address and port.
    pub source: SocketAddrV4,
    /// Destination address and port.
    pub destination: SocketAddrV4,
    /// The datagram's data.
    pub payload: &'a [u8],
}

/// Why a frame holds no UDP datagram over IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The Ethernet header is cut.
    Ethernet(EthernetError),
    /// The frame holds another protocol than IPv4.
    EtherType {
        /// Its number.
        found: u16,
    },
    /// The IPv4 packet is refused.
    Ipv4(Ipv4Error),
    /// The packet holds another protocol than UDP.
    Protocol {
        /// Its number.
        found: u8,
    },
    /// The UDP datagram is refused.
    Udp(UdpError),
}

impl std::fmt::Display for FrameError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            FrameError::Ethernet(error) => error.fmt(f),
            FrameError::EtherType { found } => write!(f, "EtherType 0x{found:04x} is not IPv4"),
            FrameError::Ipv4(error) => error.fmt(f),
            FrameError::Protocol { found } => write!(f, "IP protocol {found} is not UDP"),
            FrameError::Udp(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FrameError {}

impl<'a> Udp4<'a> {
    /// Takes the headers off an Ethernet frame. `checksum` says whether the UDP checksum counts;
    /// the IPv4 header's always does.
    ///
    /// # Errors
    /// When a header is cut or wrong, or the frame carries something else.
    pub fn parse(frame: &'a [u8], checksum: Checksum) -> Result<Self, FrameError> {
        let ethernet = Ethernet::parse(frame).map_err(FrameError::Ethernet)?;
        if ethernet.ether_type != Ethernet::IPV4 {
            return Err(FrameError::EtherType { found: ethernet.ether_type });
        }
        let ipv4 = Ipv4::parse(ethernet.payload, Checksum::Verify).map_err(FrameError::Ipv4)?;
        if ipv4.protocol != Ipv4::UDP {
            return Err(FrameError::Protocol { found: ipv4.protocol });
        }
        let udp = Udp::parse(ipv4.payload, ipv4.source, ipv4.destination, checksum)
            .map_err(FrameError::Udp)?;
        Ok(Udp4 {
            link_destination: ethernet.destination,
            link_source: ethernet.source,
            vlan: ethernet.vlan,
            source: SocketAddrV4::new(ipv4.source, udp.source_port),
            destination: SocketAddrV4::new(ipv4.destination, udp.destination_port),
            payload: udp.payload,
        })
    }
}

/// The headers to send a UDP datagram with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp4Header {
    /// Link-layer destination.
    pub link_destination: [u8; 6],
    /// Link-layer source.
    pub link_source: [u8; 6],
    /// VLAN to tag the frame with.
    pub vlan: Option<VlanTag>,
    /// Source address and port.
    pub source: SocketAddrV4,
    /// Destination address and port.
    pub destination: SocketAddrV4,
    /// Type of service octet.
    pub tos: u8,
    /// Time to live.
    pub ttl: u8,
}

/// A frame whose data are being appended; see [`Udp4Header::begin`].
#[derive(Clone, Copy, Debug)]
#[must_use = "lengths and checksums are filled in by `finish`"]
pub struct OpenFrame {
    /// Where the IPv4 header starts in the buffer.
    ipv4_at: usize,
    source: Ipv4Addr,
    destination: Ipv4Addr,
}

/// The data do not fit into one IPv4 packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameTooLong {
    /// Octets of data.
    pub len: usize,
}

impl std::fmt::Display for FrameTooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} octets of data fit no IPv4 packet", self.len)
    }
}

impl std::error::Error for FrameTooLong {}

impl Udp4Header {
    /// Low delay, as DHCP servers mark their answers (RFC 791).
    pub const DEFAULT_TOS: u8 = 0x10;
    /// The time to live that Kea's raw sockets send.
    pub const DEFAULT_TTL: u8 = 128;

    /// Appends the headers to `buffer`. Next append the data, then call [`OpenFrame::finish`].
    pub fn begin(&self, buffer: &mut Vec<u8>) -> OpenFrame {
        ethernet::emit(buffer, self.link_destination, self.link_source, self.vlan, Ethernet::IPV4);
        let ipv4_at = buffer.len();
        let (source, destination) = (*self.source.ip(), *self.destination.ip());
        ipv4::emit(buffer, source, destination, self.tos, self.ttl);
        udp::emit(buffer, self.source.port(), self.destination.port());
        OpenFrame { ipv4_at, source, destination }
    }

    /// Appends a whole frame around `payload`.
    ///
    /// # Errors
    /// When the payload is too long; nothing is appended then.
    pub fn emit(&self, buffer: &mut Vec<u8>, payload: &[u8]) -> Result<(), FrameTooLong> {
        let start = buffer.len();
        let open = self.begin(buffer);
        buffer.extend_from_slice(payload);
        open.finish(buffer).inspect_err(|_| buffer.truncate(start))
    }
}

impl OpenFrame {
    /// Fills in lengths and checksums; all that follows the headers in `buffer` is the data.
    ///
    /// # Errors
    /// When the data are too long; the frame is of no use then.
    pub fn finish(self, buffer: &mut [u8]) -> Result<(), FrameTooLong> {
        let packet = buffer.get_mut(self.ipv4_at..).unwrap_or(&mut []);
        let len = packet.len().saturating_sub(ipv4::HEADER_LEN + udp::HEADER_LEN);
        let too_long = FrameTooLong { len };
        let total_len = u16::try_from(packet.len()).map_err(|_| too_long)?;
        let (header, datagram) =
            packet.split_first_chunk_mut::<{ ipv4::HEADER_LEN }>().ok_or(too_long)?;
        ipv4::fill(header, total_len);
        udp::fill(datagram, Sum::pseudo_header4(self.source, self.destination));
        Ok(())
    }
}
