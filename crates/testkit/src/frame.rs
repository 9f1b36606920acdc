//! Ethernet, IP and UDP around a DHCP payload, in either version of IP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// One UDP datagram in an Ethernet frame. Source and destination are of one version of IP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Ethernet destination.
    pub to_mac: [u8; 6],
    /// Ethernet source.
    pub from_mac: [u8; 6],
    /// IP and UDP source.
    pub from: SocketAddr,
    /// IP and UDP destination.
    pub to: SocketAddr,
    /// The UDP payload.
    pub payload: Vec<u8>,
}

/// Why a frame holds no whole UDP datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameError {
    /// The EtherType is of neither version of IP, or not that of the header after it.
    NotIp,
    /// The protocol is not UDP, or this is not a first fragment.
    NotUdp,
    /// A length points beyond the frame.
    Short,
    /// The IP header's checksum is wrong.
    IpChecksum,
    /// The UDP checksum is wrong, or is not there in IPv6.
    UdpChecksum,
}

impl Frame {
    /// The frame's bytes, with all checksums.
    pub fn encode(&self) -> Vec<u8> {
        let udp_len = 8 + self.payload.len();
        let mut out = Vec::with_capacity(62 + self.payload.len());
        out.extend(self.to_mac);
        out.extend(self.from_mac);
        match (self.from.ip(), self.to.ip()) {
            (IpAddr::V4(from), IpAddr::V4(to)) => out.extend(ipv4_header(from, to, udp_len)),
            (from, to) => out.extend(ipv6_header(in_ipv6(from), in_ipv6(to), udp_len)),
        }
        let mut udp = [0u8; 8];
        udp[0..2].copy_from_slice(&self.from.port().to_be_bytes());
        udp[2..4].copy_from_slice(&self.to.port().to_be_bytes());
        udp[4..6].copy_from_slice(&(udp_len as u16).to_be_bytes());
        let pseudo = pseudo_header(self.from.ip(), self.to.ip(), PROTOCOL_UDP, udp_len as u32);
        let sum = match checksum(&[&pseudo, &udp, &self.payload]) {
            0 => 0xffff,
            sum => sum,
        };
        udp[6..8].copy_from_slice(&sum.to_be_bytes());
        out.extend(udp);
        out.extend(&self.payload);
        out
    }

    /// Reads a frame. An absent UDP checksum (zero) is accepted in IPv4, a wrong one is not, unless
    /// the kernel left it to the hardware that a virtual cable does not have.
    pub fn decode(bytes: &[u8]) -> Result<Self, FrameError> {
        let (header, packet) = bytes.split_at_checked(14).ok_or(FrameError::Short)?;
        let version = packet.first().map_or(0, |b| b >> 4);
        let (from, to, udp) = match ([header[12], header[13]], version) {
            (ETHERTYPE_IPV4, 4) => ipv4_payload(packet)?,
            (ETHERTYPE_IPV6, 6) => ipv6_payload(packet)?,
            _ => return Err(FrameError::NotIp),
        };
        let udp_len = u16::from_be_bytes([udp[4], udp[5]]);
        let whole = udp.get(..usize::from(udp_len)).ok_or(FrameError::Short)?;
        let payload = whole.get(8..).ok_or(FrameError::Short)?;
        let port = |at: usize| u16::from_be_bytes([udp[at], udp[at + 1]]);
        let pseudo = pseudo_header(from, to, PROTOCOL_UDP, u32::from(udp_len));
        let sum = u16::from_be_bytes([udp[6], udp[7]]);
        let left_out = sum == 0 && from.is_ipv4();
        let left_to_hardware = sum == !checksum(&[&pseudo]);
        if !left_out && !left_to_hardware && checksum(&[&pseudo, whole]) != 0 {
            return Err(FrameError::UdpChecksum);
        }
        let mac = |at: usize| std::array::from_fn(|i| header[at + i]);
        Ok(Frame {
            to_mac: mac(0),
            from_mac: mac(6),
            from: SocketAddr::new(from, port(0)),
            to: SocketAddr::new(to, port(2)),
            payload: payload.to_vec(),
        })
    }
}

fn ipv4_header(from: Ipv4Addr, to: Ipv4Addr, payload_len: usize) -> Vec<u8> {
    let mut ip = [0u8; 20];
    ip[0] = 0x45;
    ip[2..4].copy_from_slice(&((20 + payload_len) as u16).to_be_bytes());
    ip[8] = 64;
    ip[9] = PROTOCOL_UDP;
    ip[12..16].copy_from_slice(&from.octets());
    ip[16..20].copy_from_slice(&to.octets());
    let sum = checksum(&[&ip]);
    ip[10..12].copy_from_slice(&sum.to_be_bytes());
    [&ETHERTYPE_IPV4[..], &ip].concat()
}

fn ipv6_header(from: Ipv6Addr, to: Ipv6Addr, payload_len: usize) -> Vec<u8> {
    let [hi, lo] = (payload_len as u16).to_be_bytes();
    let fixed = [0x60, 0, 0, 0, hi, lo, PROTOCOL_UDP, 64];
    [&ETHERTYPE_IPV6[..], &fixed, &from.octets(), &to.octets()].concat()
}

type Payload<'a> = (IpAddr, IpAddr, &'a [u8]);

/// Both addresses and what is in a packet: a UDP header at least.
fn ipv4_payload(ip: &[u8]) -> Result<Payload<'_>, FrameError> {
    let header_len = usize::from(ip[0] & 0x0f) * 4;
    if header_len < 20 || ip.len() < header_len + 8 {
        return Err(FrameError::Short);
    }
    let total = usize::from(u16::from_be_bytes([ip[2], ip[3]]));
    let fragment = u16::from_be_bytes([ip[6], ip[7]]) & 0x1fff;
    if ip[9] != PROTOCOL_UDP || fragment != 0 {
        return Err(FrameError::NotUdp);
    }
    if checksum(&[&ip[..header_len]]) != 0 {
        return Err(FrameError::IpChecksum);
    }
    let udp = ip.get(header_len..total).filter(|udp| udp.len() >= 8).ok_or(FrameError::Short)?;
    let address = |at: usize| IpAddr::from([ip[at], ip[at + 1], ip[at + 2], ip[at + 3]]);
    Ok((address(12), address(16), udp))
}

/// As [`ipv4_payload`]. Extension headers are not looked behind: no DHCP message needs one.
fn ipv6_payload(ip: &[u8]) -> Result<Payload<'_>, FrameError> {
    let (header, rest) = ip.split_at_checked(40).ok_or(FrameError::Short)?;
    if header[6] != PROTOCOL_UDP {
        return Err(FrameError::NotUdp);
    }
    let len = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let udp = rest.get(..len).filter(|udp| udp.len() >= 8).ok_or(FrameError::Short)?;
    let address = |at: usize| IpAddr::from(std::array::from_fn::<u8, 16, _>(|i| header[at + i]));
    Ok((address(8), address(24), udp))
}

/// What a checksum covers of the IP header (RFC 768, RFC 8200 section 8.1).
pub(crate) fn pseudo_header(from: IpAddr, to: IpAddr, protocol: u8, len: u32) -> Vec<u8> {
    let octets = |address: IpAddr| match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    };
    let tail = [&len.to_be_bytes()[..], &[0, 0, 0, protocol]].concat();
    [octets(from), octets(to), tail].concat()
}

fn in_ipv6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// The Internet checksum (RFC 1071) over parts; all but the last have an even length.
pub(crate) fn checksum(parts: &[&[u8]]) -> u16 {
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
pub(crate) const ETHERTYPE_IPV6: [u8; 2] = [0x86, 0xdd];
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

    fn sample_v6(payload: &[u8]) -> Frame {
        Frame {
            from: "[fe80::1]:546".parse().unwrap(),
            to: "[ff02::1:2]:547".parse().unwrap(),
            ..sample(payload)
        }
    }

    #[test]
    fn a_frame_reads_back_with_valid_checksums() {
        let bytes = sample(&[1, 2, 3]).encode();
        assert_eq!(bytes.len(), 14 + 20 + 8 + 3);
        assert_eq!(bytes[12..24], [8, 0, 0x45, 0, 0, 31, 0, 0, 0, 0, 64, 17]);
        assert_eq!(Frame::decode(&bytes), Ok(sample(&[1, 2, 3])));
        let bytes = sample_v6(&[1, 2, 3]).encode();
        assert_eq!(bytes.len(), 14 + 40 + 8 + 3);
        assert_eq!(bytes[12..22], [0x86, 0xdd, 0x60, 0, 0, 0, 0, 11, 17, 64]);
        assert_eq!(Frame::decode(&bytes), Ok(sample_v6(&[1, 2, 3])));
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
        assert_eq!(Frame::decode(&arp), Err(FrameError::NotIp));

        let good = sample_v6(b"payload").encode();
        let mut bad = good.clone();
        *bad.last_mut().unwrap() ^= 1;
        assert_eq!(Frame::decode(&bad), Err(FrameError::UdpChecksum));
        assert_eq!(Frame::decode(&good[..60]), Err(FrameError::Short));
        let mut icmp = good;
        icmp[20] = 58;
        assert_eq!(Frame::decode(&icmp), Err(FrameError::NotUdp));
    }
}
