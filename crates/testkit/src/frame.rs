//! Ethernet, IPv4 and UDP around a DHCPv4 payload.

use std::net::{Ipv4Addr, SocketAddrV4};

/// One UDP datagram in an Ethernet frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Ethernet destination.
    pub to_mac: [u8; 6],
    /// Ethernet source.
    pub from_mac: [u8; 6],
    /// IP and UDP source.
    pub from: SocketAddrV4,
    /// IP and UDP destination.
    pub to: SocketAddrV4,
    /// The UDP payload.
    pub payload: Vec<u8>,
}

/// Why a frame holds no whole UDP datagram over IPv4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The EtherType is not IPv4.
    NotIpv4,
    /// The protocol is not UDP, or this is not a first fragment.
    NotUdp,
    /// A length points beyond the frame.
    Short,
    /// The IP header's checksum is wrong.
    IpChecksum,
    /// The UDP checksum is wrong.
    UdpChecksum,
}

impl Frame {
    /// The frame's bytes, with both checksums.
    pub fn encode(&self) -> Vec<u8> {
        let udp_len = 8 + self.payload.len();
        let mut out = Vec::with_capacity(42 + self.payload.len());
        out.extend(self.to_mac);
        out.extend(self.from_mac);
        out.extend(ETHERTYPE_IPV4);
        let mut ip = [0u8; 20];
        ip[0] = 0x45;
        ip[2..4].copy_from_slice(&((20 + udp_len) as u16).to_be_bytes());
        ip[8] = 64;
        ip[9] = PROTOCOL_UDP;
        ip[12..16].copy_from_slice(&self.from.ip().octets());
        ip[16..20].copy_from_slice(&self.to.ip().octets());
        let sum = checksum(&[&ip]);
        ip[10..12].copy_from_slice(&sum.to_be_bytes());
        out.extend(ip);
        let mut udp = [0u8; 8];
        udp[0..2].copy_from_slice(&self.from.port().to_be_bytes());
        udp[2..4].copy_from_slice(&self.to.port().to_be_bytes());
        udp[4..6].copy_from_slice(&(udp_len as u16).to_be_bytes());
        let pseudo = pseudo_header(*self.from.ip(), *self.to.ip(), udp_len as u16);
        let sum = match checksum(&[&pseudo, &udp, &self.payload]) {
            0 => 0xffff,
            sum => sum,
        };
        udp[6..8].copy_from_slice(&sum.to_be_bytes());
        out.extend(udp);
        out.extend(&self.payload);
        out
    }

    /// Reads a frame. An absent UDP checksum (zero) is accepted, a wrong one is not, unless the
    /// kernel left it to the hardware that a virtual cable does not have.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        let (header, ip) = bytes.split_at_checked(14).ok_or(FrameError::Short)?;
        if header[12..14] != ETHERTYPE_IPV4 || ip.first().is_none_or(|b| b >> 4 != 4) {
            return Err(FrameError::NotIpv4);
        }
        let ip_header_len = usize::from(ip[0] & 0x0f) * 4;
        if ip_header_len < 20 || ip.len() < ip_header_len + 8 {
            return Err(FrameError::Short);
        }
        let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
        let fragment = u16::from_be_bytes([ip[6], ip[7]]) & 0x1fff;
        if ip[9] != PROTOCOL_UDP || fragment != 0 {
            return Err(FrameError::NotUdp);
        }
        if checksum(&[&ip[..ip_header_len]]) != 0 {
            return Err(FrameError::IpChecksum);
        }
        let udp = ip.get(ip_header_len..total).ok_or(FrameError::Short)?;
        let udp_len = u16::from_be_bytes([udp[4], udp[5]]);
        let payload = udp.get(8..usize::from(udp_len)).ok_or(FrameError::Short)?;
        let address = |at: usize| Ipv4Addr::new(ip[at], ip[at + 1], ip[at + 2], ip[at + 3]);
        let port = |at: usize| u16::from_be_bytes([udp[at], udp[at + 1]]);
        let (from, to) = (address(12), address(16));
        let pseudo = pseudo_header(from, to, udp_len);
        let sum = u16::from_be_bytes([udp[6], udp[7]]);
        let left_to_hardware = sum == !checksum(&[&pseudo]);
        if sum != 0 && !left_to_hardware && checksum(&[&pseudo, &udp[..usize::from(udp_len)]]) != 0
        {
            return Err(FrameError::UdpChecksum);
        }
        let mac = |at: usize| std::array::from_fn(|i| header[at + i]);
        Ok(Frame {
            to_mac: mac(0),
            from_mac: mac(6),
            from: SocketAddrV4::new(from, port(0)),
            to: SocketAddrV4::new(to, port(2)),
            payload: payload.to_vec(),
        })
    }
}

fn pseudo_header(from: Ipv4Addr, to: Ipv4Addr, udp_len: u16) -> [u8; 12] {
    let ([a, b, c, d], [e, f, g, h]) = (from.octets(), to.octets());
    let [hi, lo] = udp_len.to_be_bytes();
    [a, b, c, d, e, f, g, h, 0, PROTOCOL_UDP, hi, lo]
}

/// The Internet checksum (RFC 1071) over parts; all but the last have an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0u32;
    for pair in parts.iter().flat_map(|part| part.chunks(2)) {
        let low = pair.get(1).copied().unwrap_or(0);
        sum += u32::from(u16::from_be_bytes([pair[0], low]));
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

const ETHERTYPE_IPV4: [u8; 2] = [0x08, 0x00];
const PROTOCOL_UDP: u8 = 17;

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(payload: &[u8]) -> Frame {
        Frame {
            to_mac: [0xff; 6],
            from_mac: [2, 0, 0, 0, 0, 1],
            from: "0.0.0.0:68".parse().unwrap(),
            to: "255.255.255.255:67".parse().unwrap(),
            payload: payload.to_vec(),
        }
    }

    #[test]
    fn a_frame_reads_back_with_valid_checksums() {
        let bytes = sample(&[1, 2, 3]).encode();
        assert_eq!(bytes.len(), 14 + 20 + 8 + 3);
        assert_eq!(bytes[12..24], [8, 0, 0x45, 0, 0, 31, 0, 0, 0, 0, 64, 17]);
        assert_eq!(Frame::decode(&bytes), Ok(sample(&[1, 2, 3])));
    }

    #[test]
    fn damage_is_named() {
        let good = sample(b"payload").encode();
        let mut bad = good.clone();
        bad[22] ^= 1;
        assert_eq!(Frame::decode(&bad), Err(FrameError::IpChecksum));
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        assert_eq!(Frame::decode(&bad), Err(FrameError::UdpChecksum));
        assert_eq!(Frame::decode(&good[..30]), Err(FrameError::Short));
        let mut arp = good;
        arp[13] = 6;
        assert_eq!(Frame::decode(&arp), Err(FrameError::NotIpv4));
    }
}
