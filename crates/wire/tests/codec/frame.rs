use std::net::{Ipv4Addr, SocketAddrV4};

use kea_wire::frame::{
    Checksum, EthernetError, FrameError, Ipv4Error, Udp4, Udp4Header, UdpError, VlanTag,
};

use crate::captures;

/// The headers of the recorded offer.
fn kea_header() -> Udp4Header {
    Udp4Header {
        link_destination: [0x4a, 0x4f, 0xcb, 0x6d, 0x99, 0xbe],
        link_source: [0xf2, 0xea, 0xf6, 0xcb, 0xeb, 0x68],
        vlan: None,
        source: SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 1), 67),
        destination: SocketAddrV4::new(Ipv4Addr::new(192, 0, 2, 100), 68),
        tos: Udp4Header::DEFAULT_TOS,
        ttl: Udp4Header::DEFAULT_TTL,
    }
}

fn parse(frame: &[u8]) -> Result<Udp4<'_>, FrameError> {
    Udp4::parse(frame, Checksum::Verify)
}

#[test]
fn the_frame_around_an_offer_is_the_one_of_kea() {
    let mut buffer = vec![9];
    kea_header().emit(&mut buffer, &captures::kea_offer()).unwrap();
    assert_eq!(buffer[1..], captures::kea_offer_frame());
}

#[test]
fn a_recorded_frame_is_taken_apart() {
    let frame = captures::dhclient_discover_frame();
    let datagram = parse(&frame).unwrap();
    assert_eq!(datagram.link_destination, [0xff; 6]);
    assert_eq!(datagram.link_source, [0x4a, 0x4f, 0xcb, 0x6d, 0x99, 0xbe]);
    assert_eq!(datagram.source.to_string(), "0.0.0.0:68");
    assert_eq!(datagram.destination.to_string(), "255.255.255.255:67");
    assert_eq!(datagram.payload, captures::dhclient_discover());
    assert_eq!(datagram.vlan, None);
}

#[test]
fn a_damaged_datagram_counts_only_when_it_is_verified() {
    let mut frame = captures::kea_offer_frame();
    *frame.last_mut().unwrap() ^= 1;
    assert_eq!(parse(&frame), Err(FrameError::Udp(UdpError::Checksum)));
    assert!(Udp4::parse(&frame, Checksum::Offloaded).is_ok());
    frame[40..42].fill(0);
    assert!(parse(&frame).is_ok(), "a checksum of zero is none");
    frame[22] ^= 1;
    assert_eq!(parse(&frame), Err(FrameError::Ipv4(Ipv4Error::Checksum)));
}

#[test]
fn vlan_tags_are_taken_off() {
    let header = Udp4Header { vlan: Some(VlanTag(0xa00c)), ..kea_header() };
    let mut buffer = Vec::new();
    header.emit(&mut buffer, b"payload").unwrap();
    assert_eq!(buffer[12..18], [0x81, 0, 0xa0, 0x0c, 0x08, 0]);
    let datagram = parse(&buffer).unwrap();
    let tag = datagram.vlan.unwrap();
    assert_eq!((tag.id(), tag.priority(), datagram.payload), (12, 5, &b"payload"[..]));

    buffer.splice(12..12, [0x88, 0xa8, 0, 99]);
    let datagram = parse(&buffer).unwrap();
    assert_eq!((datagram.vlan, datagram.payload), (Some(VlanTag(99)), &b"payload"[..]));
    buffer.splice(12..12, [0x88, 0xa8, 0, 98]);
    assert_eq!(parse(&buffer), Err(FrameError::Ethernet(EthernetError::TooManyTags)));
}

/// Puts the right IPv4 header checksum into an untagged frame.
fn with_checksum(mut frame: Vec<u8>) -> Vec<u8> {
    let header_len = usize::from(frame[14] & 0x0f) * 4;
    frame[24..26].fill(0);
    let header = frame[14..14 + header_len].chunks(2);
    let mut sum: u32 = header.map(|pair| u32::from(pair[0]) << 8 | u32::from(pair[1])).sum();
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    frame[24..26].copy_from_slice(&(!(sum as u16)).to_be_bytes());
    frame
}

#[test]
fn ipv4_options_are_skipped_and_link_padding_is_cut() {
    let mut frame = captures::kea_offer_frame();
    frame.splice(34..34, [7, 3, 4, 0]);
    frame[14] = 0x46;
    let total_len = (frame.len() - 14) as u16;
    frame[16..18].copy_from_slice(&total_len.to_be_bytes());
    frame.extend_from_slice(&[0xee; 11]);
    assert_eq!(parse(&with_checksum(frame)).unwrap().payload, captures::kea_offer());
}

#[test]
fn other_packets_are_refused_by_name() {
    let frame = captures::kea_offer_frame();
    let changed = |at: usize, octet: u8| {
        let mut frame = frame.clone();
        frame[at] = octet;
        parse(&with_checksum(frame)).unwrap_err()
    };
    assert_eq!(changed(13, 6), FrameError::EtherType { found: 0x0806 });
    assert_eq!(changed(14, 0x65), FrameError::Ipv4(Ipv4Error::Version { found: 6 }));
    assert_eq!(changed(14, 0x44), FrameError::Ipv4(Ipv4Error::HeaderLength { found: 16 }));
    assert_eq!(changed(16, 0x02), FrameError::Ipv4(Ipv4Error::TotalLength { found: 0x243 }));
    assert_eq!(changed(20, 0x20), FrameError::Ipv4(Ipv4Error::Fragment));
    assert_eq!(changed(21, 0x01), FrameError::Ipv4(Ipv4Error::Fragment));
    assert_eq!(changed(23, 6), FrameError::Protocol { found: 6 });
    assert_eq!(changed(38, 0x02), FrameError::Udp(UdpError::Length { found: 0x22f }));
    for len in 0..frame.len() {
        let error = parse(&frame[..len]).unwrap_err();
        match len {
            0..14 => assert_eq!(error, FrameError::Ethernet(EthernetError::TooShort { len })),
            14..34 => assert_eq!(error, FrameError::Ipv4(Ipv4Error::TooShort { len: len - 14 })),
            _ => assert_eq!(error, FrameError::Ipv4(Ipv4Error::TotalLength { found: 0x143 })),
        }
    }
}

#[test]
fn a_checksum_that_adds_up_to_zero_is_sent_as_all_ones() {
    // The one's complement sum of everything but these two octets is found by sending zeros.
    let mut buffer = Vec::new();
    kea_header().emit(&mut buffer, &[0, 0]).unwrap();
    let checksum = [buffer[40], buffer[41]];
    buffer.clear();
    kea_header().emit(&mut buffer, &checksum).unwrap();
    assert_eq!(buffer[40..42], [0xff, 0xff]);
    assert!(parse(&buffer).is_ok());
}

#[test]
fn what_fits_no_packet_is_refused() {
    let mut buffer = vec![1];
    let longest = vec![0; 65535 - 28];
    kea_header().emit(&mut buffer, &longest).unwrap();
    assert_eq!(parse(&buffer[1..]).unwrap().payload.len(), longest.len());
    let error = kea_header().emit(&mut buffer, &vec![0; 65536 - 28]).unwrap_err();
    assert_eq!((error.len, buffer.len()), (65508, 1 + 14 + 65535));
}
