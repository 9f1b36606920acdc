//! What reading a query and writing its answer cost. To stay below, on two cores of a small server: 150 ns
//! for a DISCOVER that is read and for an OFFER with ten encoded options that is written, 400 ns for a relayed
//! SOLICIT with an address and a prefix association that is read.

use std::hint::black_box;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV4};

use divan::Bencher;
use kea_wire::frame::{Checksum, Udp4, Udp4Header};
use kea_wire::v4::{self, Builder, Message, MessageType, View, code};
use kea_wire::{Iaid, v6};

fn main() {
    divan::main();
}

fn discover() -> Vec<u8> {
    let hw_addr = "08:00:27:1e:36:4a".parse().expect("a hardware address");
    let mut message = Message::request(hw_addr, 0x1234_5678, MessageType::Discover);
    message
        .set_option(code::CLIENT_ID, [1, 8, 0, 0x27, 0x1e, 0x36, 0x4a])
        .set_option(code::HOST_NAME, *b"workstation-17")
        .set_option(code::VENDOR_CLASS_ID, *b"MSFT 5.0")
        .set_option(code::MAX_MESSAGE_SIZE, [5, 0xdc])
        .set_option(
            code::PARAMETER_REQUEST_LIST,
            [1, 3, 6, 15, 31, 33, 43, 44, 46, 47, 119, 121, 249, 252],
        )
        .set_option(code::RELAY_AGENT_INFO, *b"\x01\x08ge-0/0/1\x02\x06\0\x01\x02\x03\x04\x05");
    message.to_bytes()
}

#[divan::bench]
fn v4_parse_discover(bencher: Bencher<'_, '_>) {
    let bytes = discover();
    bencher.bench_local(|| View::parse(black_box(&bytes)).map(|view| black_box(&view).xid()));
}

#[divan::bench]
fn v4_look_up_ten_options(bencher: Bencher<'_, '_>) {
    let bytes = discover();
    let view = View::parse(&bytes).expect("well formed");
    bencher.bench_local(|| {
        let view = black_box(&view);
        let codes = [53u8, 61, 12, 60, 57, 55, 82, 50, 54, 118];
        codes.iter().filter(|&&code| view.option(code).is_some()).count()
    });
}

#[divan::bench]
fn v4_build_offer(bencher: Bencher<'_, '_>) {
    let bytes = discover();
    let view = View::parse(&bytes).expect("well formed");
    let mut buffer = Vec::with_capacity(1500);
    bencher.bench_local(|| {
        buffer.clear();
        let mut offer = Builder::reply(&mut buffer, black_box(&view), MessageType::Offer);
        offer.yiaddr(Ipv4Addr::new(192, 0, 2, 100));
        offer
            .option(code::SUBNET_MASK, &[255, 255, 255, 0])
            .option(code::ROUTERS, &[192, 0, 2, 1])
            .option(code::DOMAIN_NAME_SERVERS, &[192, 0, 2, 1, 192, 0, 2, 2])
            .option(code::DOMAIN_NAME, b"example.org")
            .option(code::LEASE_TIME, &[0, 0, 0x0e, 0x10])
            .option(code::SERVER_ID, &[192, 0, 2, 1])
            .option(code::RENEWAL_TIME, &[0, 0, 7, 8])
            .option(code::REBINDING_TIME, &[0, 0, 0x0c, 0x4e])
            .option(code::NTP_SERVERS, &[192, 0, 2, 3])
            .option(code::CLIENT_ID, &[1, 8, 0, 0x27, 0x1e, 0x36, 0x4a]);
        black_box(offer.finish().len)
    });
    assert!(buffer.len() > v4::HEADER_LEN);
}

/// A solicit for one address and one prefix, that passed one relay.
fn solicit() -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut builder = v6::Builder::relayed(&mut bytes);
    let (link, peer) = (Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
    builder.relay(v6::MessageType::RelayForward, 0, link, peer, |envelope| {
        envelope.option(v6::code::INTERFACE_ID, b"ge-0/0/1");
    });
    builder
        .message(v6::MessageType::Solicit, 0x12_3456)
        .option(v6::code::CLIENT_ID, &[0, 1, 0, 1, 1, 2, 3, 4, 8, 0, 0x27, 0x1e, 0x36, 0x4a])
        .codes(v6::code::ORO, &[23, 24, 39, 31])
        .option(v6::code::ELAPSED_TIME, &[0, 0])
        .ia_na(Iaid(1), 0, 0, |_| ())
        .ia_pd(Iaid(1), 0, 0, |_| ());
    builder.finish().expect("fits");
    bytes
}

#[divan::bench]
fn v6_parse_relayed_solicit(bencher: Bencher<'_, '_>) {
    let bytes = solicit();
    bencher.bench_local(|| {
        let view = v6::View::parse(black_box(&bytes)).expect("well formed");
        let view = black_box(&view);
        let asked: u32 = view.option_request().map(u32::from).sum();
        let named: u32 = view.associations().flatten().map(|ia| ia.iaid.0).sum();
        (view.xid(), asked, named, view.client_id().is_some(), view.relays().len())
    });
}

#[divan::bench]
fn v6_build_relayed_advertise(bencher: Bencher<'_, '_>) {
    let bytes = solicit();
    let view = v6::View::parse(&bytes).expect("well formed");
    let prefix = "2001:db8::/56".parse().expect("a prefix");
    let mut buffer = Vec::with_capacity(1500);
    bencher.bench_local(|| {
        buffer.clear();
        let message_type = v6::MessageType::Advertise;
        let mut advertise = v6::Builder::reply(&mut buffer, black_box(&view), message_type);
        advertise
            .option(v6::code::CLIENT_ID, &[0, 1, 0, 1, 1, 2, 3, 4, 8, 0, 0x27, 0x1e, 0x36, 0x4a])
            .option(v6::code::SERVER_ID, &[0, 1, 0, 1, 1, 2, 3, 4, 8, 0, 0x27, 0x1e, 0x36, 0x4b])
            .ia_na(Iaid(1), 1000, 2000, |ia| {
                ia.ia_address(Ipv6Addr::LOCALHOST, 3000, 4000, |_| ());
            })
            .ia_pd(Iaid(1), 1000, 2000, |ia| {
                ia.ia_prefix(prefix, 3000, 4000, |_| ());
            })
            .option(v6::code::DNS_SERVERS, &[0; 32]);
        black_box(advertise.finish().is_ok())
    });
}

fn header() -> Udp4Header {
    Udp4Header {
        link_destination: [0xff; 6],
        link_source: [2, 0, 0, 0, 0, 1],
        vlan: None,
        source: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68),
        destination: SocketAddrV4::new(Ipv4Addr::BROADCAST, 67),
        tos: Udp4Header::DEFAULT_TOS,
        ttl: Udp4Header::DEFAULT_TTL,
    }
}

#[divan::bench]
fn frame_parse(bencher: Bencher<'_, '_>) {
    let mut frame = Vec::new();
    header().emit(&mut frame, &discover()).expect("fits");
    bencher.bench_local(|| Udp4::parse(black_box(&frame), Checksum::Verify).is_ok());
}

#[divan::bench]
fn frame_emit(bencher: Bencher<'_, '_>) {
    let (header, payload) = (header(), discover());
    let mut frame = Vec::with_capacity(1500);
    bencher.bench_local(|| {
        frame.clear();
        black_box(header.emit(&mut frame, black_box(&payload)).is_ok())
    });
}
