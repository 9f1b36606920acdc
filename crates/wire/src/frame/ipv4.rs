//! IPv4 packets (RFC 791), as far as a DHCP server meets them.

use std::net::Ipv4Addr;

use super::checksum::{Checksum, Sum};

/// Octets of a header without options.
pub(super) const HEADER_LEN: usize = 20;

/// A whole IPv4 packet. Header options are skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ipv4<'a> {
    /// Source.
    pub source: Ipv4Addr,
    /// Destination.
    pub destination: Ipv4Addr,
    /// Number of the protocol in it.
    pub protocol: u8,
    /// Type of service.
    pub tos: u8,
    /// Time to live.
    pub ttl: u8,
    /// What it carries, without link padding.
    pub payload: &'a [u8],
}

/// Why octets are no packet for a DHCP server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ipv4Error {
    /// The header is cut.
    TooShort {
        /// Octets there are.
        len: usize,
    },
    /// The version is not 4.
    Version {
        /// What it is.
        found: u8,
    },
    /// The header length is below 20 octets, or beyond the packet's end.
    HeaderLength {
        /// Octets claimed.
        found: usize,
    },
    /// The total length is below the header's, or beyond the frame's end.
    TotalLength {
        /// Octets claimed.
        found: usize,
    },
    /// The packet is a fragment; DHCP relies on whole ones on the local link.
    Fragment,
    /// The header checksum does not add up.
    Checksum,
}

impl std::fmt::Display for Ipv4Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ipv4Error::TooShort { len } => write!(f, "IPv4 header is cut at {len} octets"),
            Ipv4Error::Version { found } => write!(f, "IP version is {found}"),
            Ipv4Error::HeaderLength { found } => write!(f, "IPv4 header length {found} is wrong"),
            Ipv4Error::TotalLength { found } => write!(f, "IPv4 total length {found} is wrong"),
            Ipv4Error::Fragment => f.write_str("IPv4 packet is a fragment"),
            Ipv4Error::Checksum => f.write_str("IPv4 header checksum is wrong"),
        }
    }
}

impl std::error::Error for Ipv4Error {}

impl<'a> Ipv4<'a> {
    /// Protocol number of UDP.
    pub const UDP: u8 = 17;

    /// Reads a packet; octets after its total length are left out.
    ///
    /// # Errors
    /// When the header is wrong or the packet is not whole.
    pub fn parse(bytes: &'a [u8], checksum: Checksum) -> Result<Self, Ipv4Error> {
        let header: &[u8; HEADER_LEN] =
            bytes.first_chunk().ok_or(Ipv4Error::TooShort { len: bytes.len() })?;
        if header[0] >> 4 != 4 {
            return Err(Ipv4Error::Version { found: header[0] >> 4 });
        }
        let header_len = usize::from(header[0] & 0x0f) * 4;
        let total_len = usize::from(u16::from_be_bytes([header[2], header[3]]));
        if header_len < HEADER_LEN || header_len > bytes.len() {
            return Err(Ipv4Error::HeaderLength { found: header_len });
        }
        let packet = bytes.get(..total_len).ok_or(Ipv4Error::TotalLength { found: total_len })?;
        let (all_of_header, payload) = packet
            .split_at_checked(header_len)
            .ok_or(Ipv4Error::TotalLength { found: total_len })?;
        if checksum == Checksum::Verify && Sum::default().add(all_of_header).finish() != 0 {
            return Err(Ipv4Error::Checksum);
        }
        // More-fragments flag and fragment offset, without the reserved bit and don't-fragment.
        if u16::from_be_bytes([header[6], header[7]]) & 0x3fff != 0 {
            return Err(Ipv4Error::Fragment);
        }
        Ok(Ipv4 {
            source: Ipv4Addr::new(header[12], header[13], header[14], header[15]),
            destination: Ipv4Addr::new(header[16], header[17], header[18], header[19]),
            protocol: header[9],
            tos: header[1],
            ttl: header[8],
            payload,
        })
    }
}

/// Appends a header for UDP, not to be fragmented; length and checksum are left to [`fill`].
pub(super) fn emit(
    buffer: &mut Vec<u8>,
    source: Ipv4Addr,
    destination: Ipv4Addr,
    tos: u8,
    ttl: u8,
) {
    buffer.extend_from_slice(&[0x45, tos, 0, 0, 0, 0, 0x40, 0, ttl, Ipv4::UDP, 0, 0]);
    buffer.extend_from_slice(&source.octets());
    buffer.extend_from_slice(&destination.octets());
}

/// Fills in length and checksum.
pub(super) fn fill(header: &mut [u8; HEADER_LEN], total_len: u16) {
    header[2..4].copy_from_slice(&total_len.to_be_bytes());
    let checksum = Sum::default().add(header).finish();
    header[10..12].copy_from_slice(&checksum.to_be_bytes());
}
