//! UDP datagrams in capture files: pcap, and pcapng (draft-ietf-opsawg-pcap, draft-ietf-opsawg-pcapng).

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kea_wire::frame::{Checksum, Ethernet, Ipv4, Udp};

/// A UDP datagram of a capture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Captured<'c> {
    pub(super) source: IpAddr,
    pub(super) source_port: u16,
    pub(super) destination: IpAddr,
    pub(super) destination_port: u16,
    pub(super) payload: &'c [u8],
}

/// Why a file is no capture that can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CaptureError {
    /// It begins like a capture and ends before its header does.
    Cut,
    /// Its packets are of a link type that is not known here.
    LinkType(u32),
}

impl fmt::Display for CaptureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CaptureError::Cut => f.write_str("the capture is cut"),
            CaptureError::LinkType(number) => {
                write!(f, "packets of link type {number} cannot be read")
            }
        }
    }
}

/// True for octets that begin like a capture file.
pub(super) fn is_capture(octets: &[u8]) -> bool {
    octets.first_chunk().is_some_and(|magic| {
        *magic == SECTION.to_be_bytes() || order_of(magic, &[MICROSECONDS, NANOSECONDS]).is_some()
    })
}

/// The UDP datagrams of a capture; other packets are passed over. What comes after a damaged record is
/// left out.
///
/// # Errors
/// When there is nothing to be read.
pub(super) fn datagrams(octets: &[u8]) -> Result<Vec<Captured<'_>>, CaptureError> {
    let magic = octets.first_chunk().ok_or(CaptureError::Cut)?;
    match order_of(magic, &[MICROSECONDS, NANOSECONDS]) {
        Some(order) => classic(octets, order),
        None => next_generation(octets),
    }
}

fn classic(octets: &[u8], order: Order) -> Result<Vec<Captured<'_>>, CaptureError> {
    let link = order.number(octets, 20).ok_or(CaptureError::Cut)? & 0xffff;
    let link = Link::of(link)?;
    let mut rest = octets.get(24..).ok_or(CaptureError::Cut)?;
    let mut found = Vec::new();
    while let Some(len) = order.number(rest, 8) {
        let Some(packet) = rest.get(16..).and_then(|rest| rest.get(..len as usize)) else { break };
        found.extend(link.datagram(packet));
        rest = rest.get(16 + len as usize..).unwrap_or_default();
    }
    Ok(found)
}

fn next_generation(octets: &[u8]) -> Result<Vec<Captured<'_>>, CaptureError> {
    let (mut order, mut links, mut found) = (Order::Big, Vec::new(), Vec::new());
    let mut rest = octets;
    while let Some(kind) = order.number(rest, 0) {
        if kind == SECTION {
            let magic = rest.get(8..).and_then(|rest| rest.first_chunk());
            order = magic.and_then(|it| order_of(it, &[BYTE_ORDER])).ok_or(CaptureError::Cut)?;
            links.clear();
        }
        let Some(len) = order.number(rest, 4).map(|len| len as usize) else { break };
        let Some(body) = len.checked_sub(4).and_then(|end| rest.get(8..end)) else { break };
        match kind {
            INTERFACE => {
                let link = order.number(body, 0).map(|word| match order {
                    Order::Big => word >> 16,
                    Order::Little => word & 0xffff,
                });
                links.push(Link::of(link.ok_or(CaptureError::Cut)?)?);
            }
            PACKET => {
                let link = order.number(body, 0).and_then(|number| links.get(number as usize));
                let len = order.number(body, 12).unwrap_or(0) as usize;
                let packet = body.get(20..).and_then(|rest| rest.get(..len));
                found.extend(link.zip(packet).and_then(|(link, packet)| link.datagram(packet)));
            }
            _ => {}
        }
        rest = rest.get(len..).unwrap_or_default();
    }
    Ok(found)
}

/// What stands before the IP header.
#[derive(Clone, Copy)]
enum Link {
    Ethernet,
    /// A header of so many octets, with the EtherType at an offset.
    Cooked {
        len: usize,
        ether_type: usize,
    },
    Ip,
}

impl Link {
    fn of(number: u32) -> Result<Self, CaptureError> {
        match number {
            1 => Ok(Link::Ethernet),
            113 => Ok(Link::Cooked { len: 16, ether_type: 14 }),
            276 => Ok(Link::Cooked { len: 20, ether_type: 0 }),
            12 | 101 | 228 | 229 => Ok(Link::Ip),
            other => Err(CaptureError::LinkType(other)),
        }
    }

    fn datagram(self, packet: &[u8]) -> Option<Captured<'_>> {
        match self {
            Link::Ethernet => {
                let frame = Ethernet::parse(packet).ok()?;
                is_ip(frame.ether_type).then(|| of_ip(frame.payload))?
            }
            Link::Cooked { len, ether_type } => {
                let number = packet.get(ether_type..)?.first_chunk()?;
                is_ip(u16::from_be_bytes(*number)).then(|| of_ip(packet.get(len..)?))?
            }
            Link::Ip => of_ip(packet),
        }
    }
}

fn is_ip(ether_type: u16) -> bool {
    const IPV6: u16 = 0x86dd;
    [Ethernet::IPV4, IPV6].contains(&ether_type)
}

/// Checksums do not matter: whoever captures on the sending machine sees them unfinished.
fn of_ip(packet: &[u8]) -> Option<Captured<'_>> {
    const UDP: u8 = 17;
    let (source, destination, protocol, payload): (IpAddr, IpAddr, u8, &[u8]) =
        match packet.first()? >> 4 {
            4 => {
                let ip = Ipv4::parse(packet, Checksum::Offloaded).ok()?;
                (ip.source.into(), ip.destination.into(), ip.protocol, ip.payload)
            }
            6 => {
                // Clients and relays send no extension headers.
                let (header, payload) = packet.split_first_chunk::<40>()?;
                let address =
                    |at: usize| Some(Ipv6Addr::from(*header.get(at..)?.first_chunk::<16>()?));
                (address(8)?.into(), address(24)?.into(), header[6], payload)
            }
            _ => return None,
        };
    if protocol != UDP {
        return None;
    }
    let any = Ipv4Addr::UNSPECIFIED;
    let udp = Udp::parse(payload, any, any, Checksum::Offloaded).ok()?;
    Some(Captured {
        source,
        source_port: udp.source_port,
        destination,
        destination_port: udp.destination_port,
        payload: udp.payload,
    })
}

/// In which order the octets of numbers come.
#[derive(Clone, Copy)]
enum Order {
    Big,
    Little,
}

impl Order {
    fn number(self, octets: &[u8], at: usize) -> Option<u32> {
        let octets = octets.get(at..)?.first_chunk()?;
        Some(match self {
            Order::Big => u32::from_be_bytes(*octets),
            Order::Little => u32::from_le_bytes(*octets),
        })
    }
}

/// The order in which the octets are one of these numbers.
fn order_of(octets: &[u8; 4], numbers: &[u32]) -> Option<Order> {
    if numbers.contains(&u32::from_be_bytes(*octets)) {
        Some(Order::Big)
    } else {
        numbers.contains(&u32::from_le_bytes(*octets)).then_some(Order::Little)
    }
}

const MICROSECONDS: u32 = 0xa1b2_c3d4;
const NANOSECONDS: u32 = 0xa1b2_3c4d;
const SECTION: u32 = 0x0a0d_0d0a;
const BYTE_ORDER: u32 = 0x1a2b_3c4d;
const INTERFACE: u32 = 1;
const PACKET: u32 = 6;

#[cfg(test)]
mod tests {
    use super::*;

    fn frame4(payload: &[u8]) -> Vec<u8> {
        let mut octets = vec![0xff; 6];
        octets.extend([2, 0, 0, 0, 0, 1, 0x08, 0x00, 0x45, 0]);
        octets.extend((28 + payload.len() as u16).to_be_bytes());
        octets.extend([0, 0, 0, 0, 64, 17, 0, 0, 192, 0, 2, 7, 255, 255, 255, 255, 0, 68, 0, 67]);
        octets.extend((8 + payload.len() as u16).to_be_bytes());
        octets.extend([0, 0]);
        octets.extend(payload);
        octets
    }

    fn packet6(payload: &[u8]) -> Vec<u8> {
        let mut octets = vec![0x60, 0, 0, 0];
        octets.extend((8 + payload.len() as u16).to_be_bytes());
        octets.extend([17, 1]);
        octets.extend("fe80::7".parse::<Ipv6Addr>().unwrap().octets());
        octets.extend("ff02::1:2".parse::<Ipv6Addr>().unwrap().octets());
        octets.extend([0x02, 0x22, 0x02, 0x23]);
        octets.extend((8 + payload.len() as u16).to_be_bytes());
        octets.extend([0, 0]);
        octets.extend(payload);
        octets
    }

    fn pcap(link: u32, packets: &[Vec<u8>], number: fn(u32) -> [u8; 4]) -> Vec<u8> {
        let mut file = number(MICROSECONDS).to_vec();
        file.extend([0; 16]);
        file.extend(number(link));
        for packet in packets {
            file.extend([0; 8]);
            file.extend(number(packet.len() as u32));
            file.extend(number(packet.len() as u32));
            file.extend(packet);
        }
        file
    }

    #[test]
    fn datagrams_of_both_families_and_octet_orders_are_found() {
        for number in [u32::to_be_bytes, u32::to_le_bytes] {
            let other = vec![0xff; 60];
            let file = pcap(1, &[other, frame4(b"query")], number);
            let [found] = &datagrams(&file).unwrap()[..] else { panic!("one datagram") };
            assert_eq!(found.source, "192.0.2.7".parse::<IpAddr>().unwrap());
            assert_eq!((found.source_port, found.destination_port), (68, 67));
            assert_eq!(found.payload, b"query");
            let file = pcap(101, &[packet6(b"solicit")], number);
            let [found] = &datagrams(&file).unwrap()[..] else { panic!("one datagram") };
            assert_eq!(found.destination, "ff02::1:2".parse::<IpAddr>().unwrap());
            assert_eq!((found.destination_port, found.payload), (547, &b"solicit"[..]));
        }
    }

    #[test]
    fn blocks_of_the_next_generation_are_read() {
        let block = |kind: u32, body: &[u8]| {
            let len = (12 + body.len() as u32).to_le_bytes();
            [&kind.to_le_bytes()[..], &len, body, &len].concat()
        };
        let mut section = BYTE_ORDER.to_le_bytes().to_vec();
        section.extend([1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        let mut packet = frame4(b"next");
        let len = (packet.len() as u32).to_le_bytes();
        packet.resize(packet.len().next_multiple_of(4), 0);
        let body = [&[0; 12][..], &len, &len, &packet].concat();
        let file = [
            block(SECTION, &section),
            block(INTERFACE, &[1, 0, 0, 0, 0, 0, 4, 0]),
            block(0x5, &[0; 8]),
            block(PACKET, &body),
        ]
        .concat();
        assert!(is_capture(&file));
        let found = datagrams(&file).unwrap();
        assert_eq!(found.iter().map(|it| it.payload).collect::<Vec<_>>(), [b"next"]);
        for len in 0..file.len() {
            let _ = datagrams(&file[..len]);
        }
    }

    #[test]
    fn what_cannot_be_read_is_told() {
        assert_eq!(datagrams(&pcap(147, &[], u32::to_be_bytes)), Err(CaptureError::LinkType(147)));
        assert_eq!(datagrams(&MICROSECONDS.to_be_bytes()), Err(CaptureError::Cut));
        assert!(!is_capture(b"0101"));
    }
}
