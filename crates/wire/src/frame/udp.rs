//! UDP datagrams (RFC 768).

use std::net::Ipv4Addr;

use super::checksum::{Checksum, Sum};

/// Octets of the header.
pub(super) const HEADER_LEN: usize = 8;

/// A UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Udp<'a> {
    /// Source port.
    pub source_port: u16,
    /// Destination port.
    pub destination_port: u16,
    /// The data.
    pub payload: &'a [u8],
}

/// Why octets are no UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UdpError {
    /// The header is cut.
    TooShort {
        /// Octets there are.
        len: usize,
    },
    /// The length is below the header's, or beyond the packet's end.
    Length {
        /// Octets claimed.
        found: usize,
    },
    /// The checksum is given and does not add up.
    Checksum,
}

impl std::fmt::Display for UdpError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            UdpError::TooShort { len } => write!(f, "UDP header is cut at {len} octets"),
            UdpError::Length { found } => write!(f, "UDP length {found} is wrong"),
            UdpError::Checksum => f.write_str("UDP checksum is wrong"),
        }
    }
}

impl std::error::Error for UdpError {}

impl<'a> Udp<'a> {
    /// Reads what an IPv4 packet between the two addresses carries. A checksum of zero means
    /// that there is none.
    ///
    /// # Errors
    /// When the header is wrong, or the checksum where it counts.
    pub fn parse(
        bytes: &'a [u8],
        source: Ipv4Addr,
        destination: Ipv4Addr,
        checksum: Checksum,
    ) -> Result<Self, UdpError> {
        let too_short = UdpError::TooShort { len: bytes.len() };
        let &[s1, s0, d1, d0, l1, l0, c1, c0] = bytes.first_chunk().ok_or(too_short)?;
        let len = usize::from(u16::from_be_bytes([l1, l0]));
        let datagram = bytes.get(..len).ok_or(UdpError::Length { found: len })?;
        let payload = datagram.get(HEADER_LEN..).ok_or(UdpError::Length { found: len })?;
        if checksum == Checksum::Verify
            && [c1, c0] != [0, 0]
            && checksum_of(datagram, Sum::pseudo_header4(source, destination)) != 0
        {
            return Err(UdpError::Checksum);
        }
        Ok(Udp {
            source_port: u16::from_be_bytes([s1, s0]),
            destination_port: u16::from_be_bytes([d1, d0]),
            payload,
        })
    }
}

/// Appends a header; length and checksum are left to [`fill`].
pub(super) fn emit(buffer: &mut Vec<u8>, source_port: u16, destination_port: u16) {
    buffer.extend_from_slice(&source_port.to_be_bytes());
    buffer.extend_from_slice(&destination_port.to_be_bytes());
    buffer.extend_from_slice(&[0; 4]);
}

/// Fills in length and checksum of a datagram.
pub(super) fn fill(datagram: &mut [u8], pseudo_header: Sum) {
    // The caller has checked that the packet around the datagram is below 65536 octets.
    let len = datagram.len() as u16;
    if let Some(field) = datagram.get_mut(4..6) {
        field.copy_from_slice(&len.to_be_bytes());
    }
    // All zero would mean "no checksum" (RFC 768).
    let checksum = match checksum_of(datagram, pseudo_header) {
        0 => 0xffff,
        checksum => checksum,
    };
    if let Some(field) = datagram.get_mut(6..8) {
        field.copy_from_slice(&u16::to_be_bytes(checksum));
    }
}

fn checksum_of(datagram: &[u8], pseudo_header: Sum) -> u16 {
    // A datagram is no longer than the packet that its length field was checked against.
    pseudo_header.add_u16(datagram.len() as u16).add(datagram).finish()
}
