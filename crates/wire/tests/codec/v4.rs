use std::borrow::Cow;
use std::net::Ipv4Addr;

use kea_wire::HwAddr;
use kea_wire::v4::{Builder, Message, MessageType, Op, Overload, View, code};

use crate::captures;

const SERVER: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const CLIENT: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 100);

#[test]
fn view_reads_a_discover_of_dhclient() {
    let bytes = captures::dhclient_discover();
    let view = View::parse(&bytes).unwrap();
    assert_eq!(view.op(), Op::Request);
    assert_eq!((view.htype(), view.hlen(), view.hops()), (1, 6, 0));
    assert_eq!(view.xid(), 0xbe29_fd6d);
    assert_eq!((view.secs(), view.flags(), view.wants_broadcast()), (0, 0, false));
    assert_eq!(view.hw_addr(), "4a:4f:cb:6d:99:be".parse::<HwAddr>().unwrap());
    assert_eq!(view.chaddr(), [0x4a, 0x4f, 0xcb, 0x6d, 0x99, 0xbe]);
    assert!(!view.is_relayed());
    assert_eq!(view.message_type(), Some(MessageType::Discover));
    assert_eq!(view.host_name().as_deref(), Some(&b"vm"[..]));
    let wanted = [1, 28, 2, 3, 15, 6, 119, 12, 44, 47, 26, 121, 42];
    assert_eq!(view.parameter_request_list().as_deref(), Some(&wanted[..]));
    assert_eq!(view.client_id(), None);
    assert_eq!(view.damage(), None);
    assert_eq!(view.options().map(|(code, _)| code).collect::<Vec<_>>(), [53, 12, 55]);
}

#[test]
fn view_reads_a_request_of_dhclient() {
    let bytes = captures::dhclient_request();
    let view = View::parse(&bytes).unwrap();
    assert_eq!(view.message_type(), Some(MessageType::Request));
    assert_eq!(view.server_id(), Some(SERVER));
    assert_eq!(view.requested_address(), Some(CLIENT));
}

#[test]
fn view_reads_a_discover_of_udhcpc() {
    let bytes = captures::udhcpc_discover();
    let view = View::parse(&bytes).unwrap();
    assert_eq!(view.max_message_size(), Some(576));
    assert_eq!(view.vendor_class_id().as_deref(), Some(&b"udhcp 1.35.0"[..]));
    assert_eq!(view.client_id().unwrap().to_string(), "01:4a:4f:cb:6d:99:be");
    assert!(matches!(view.option(code::CLIENT_ID), Some(Cow::Borrowed(_))));
}

#[test]
fn view_reads_an_offer_of_kea() {
    let bytes = captures::kea_offer_to_dhcpcd();
    let view = View::parse(&bytes).unwrap();
    assert_eq!(view.op(), Op::Reply);
    assert_eq!(view.yiaddr(), Ipv4Addr::new(192, 0, 2, 101));
    assert_eq!(view.lease_time(), Some(3600));
    assert_eq!(view.address_option(code::DOMAIN_NAME_SERVERS), Some(Ipv4Addr::new(192, 0, 2, 2)));
    assert_eq!(view.fixed_option::<4>(code::DOMAIN_NAME_SERVERS), None);
    assert_eq!(
        view.client_id().unwrap().to_string(),
        "ff:cb:6d:99:be:00:01:00:01:32:95:16:f7:4a:4f:cb:6d:99:be"
    );
}

/// The builder writes what Kea wrote to the same client, octet by octet and without padding.
#[test]
fn builder_writes_the_offer_and_the_ack_of_kea() {
    for (query, answer, message_type) in [
        (captures::dhclient_discover(), captures::kea_offer(), MessageType::Offer),
        (captures::dhclient_request(), captures::kea_ack(), MessageType::Ack),
    ] {
        let query = View::parse(&query).unwrap();
        let mut buffer = b"kept".to_vec();
        let mut builder = Builder::reply(&mut buffer, &query, message_type);
        builder
            .yiaddr(CLIENT)
            .option(code::SUBNET_MASK, &[255, 255, 255, 0])
            .option(code::ROUTERS, &SERVER.octets())
            .option(code::DOMAIN_NAME_SERVERS, &[192, 0, 2, 2, 192, 0, 2, 3])
            .option(code::HOST_NAME, b"vm")
            .option(code::DOMAIN_NAME, b"example.org")
            .option(code::LEASE_TIME, &3600u32.to_be_bytes())
            .option(code::SERVER_ID, &SERVER.octets());
        assert!(builder.has_option(code::HOST_NAME));
        assert!(!builder.has_option(code::RELAY_AGENT_INFO));
        let emitted = builder.finish();
        assert_eq!(emitted.len, answer.len());
        assert_eq!((emitted.overload, emitted.omitted), (Overload::None, vec![]));
        assert_eq!(&buffer[..4], b"kept");
        assert_eq!(buffer[4..], answer);
    }
}

#[test]
fn message_reads_and_writes_every_capture() {
    for bytes in [
        captures::dhclient_discover(),
        captures::dhclient_request(),
        captures::kea_ack(),
        captures::kea_offer(),
        captures::kea_offer_to_dhcpcd(),
        captures::udhcpc_discover(),
    ] {
        let message = Message::parse(&bytes).unwrap();
        let emitted = message.to_bytes();
        assert_eq!(emitted.len(), message.buffer_len());
        // Clients pad after END; the rest is the same.
        let (same, padding) = bytes.split_at(emitted.len());
        assert_eq!(emitted, same);
        assert!(padding.iter().all(|&octet| octet == 0));
    }
}

#[test]
fn a_reply_keeps_what_the_relay_needs_and_nothing_else() {
    let mut query =
        Message::request("02:00:00:00:00:07".parse().unwrap(), 7, MessageType::Discover);
    query.hops = 3;
    query.secs = 9;
    query.flags = 0x8000;
    query.ciaddr = Ipv4Addr::new(10, 0, 0, 1);
    query.yiaddr = Ipv4Addr::new(10, 0, 0, 2);
    query.siaddr = Ipv4Addr::new(10, 0, 0, 3);
    query.giaddr = Ipv4Addr::new(10, 0, 0, 4);
    query.sname = b"sname".to_vec();
    query.file = b"file".to_vec();
    query.set_option(code::RELAY_AGENT_INFO, [1, 2, 0xaa, 0xbb]);
    let query = query.to_bytes();
    let query = View::parse(&query).unwrap();
    let relay_agent_info = query.relay_agent_info().unwrap().into_data();

    let mut buffer = Vec::new();
    let mut builder = Builder::reply(&mut buffer, &query, MessageType::Nak);
    builder.relay_agent_info(&relay_agent_info).option(code::SERVER_ID, &SERVER.octets());
    builder.finish();

    let mut expected = Message::request("02:00:00:00:00:07".parse().unwrap(), 7, MessageType::Nak);
    expected.op = Op::Reply;
    expected.hops = 3;
    expected.flags = 0x8000;
    expected.giaddr = Ipv4Addr::new(10, 0, 0, 4);
    expected.set_option(code::SERVER_ID, SERVER.octets());
    expected.set_option(code::RELAY_AGENT_INFO, [1, 2, 0xaa, 0xbb]);
    assert_eq!(Message::parse(&buffer).unwrap(), expected);
    assert_eq!(buffer[243..], [54, 4, 192, 0, 2, 1, 82, 4, 1, 2, 0xaa, 0xbb, 255]);
}

#[test]
fn a_bootp_reply_has_no_type_and_is_padded_on_demand() {
    let query = captures::dhclient_discover();
    let query = View::parse(&query).unwrap();
    let mut buffer = vec![7];
    let mut builder = Builder::bootp_reply(&mut buffer, &query);
    builder.sname(&[b'n'; 70]).file(b"boot/pxe").min_len(kea_wire::v4::MIN_BOOTP_LEN);
    assert_eq!(builder.finish().len, 300);
    assert_eq!(buffer.len(), 301);
    let view = View::parse(&buffer[1..]).unwrap();
    assert_eq!(view.message_type(), None);
    assert_eq!(view.sname(), [b'n'; 64]);
    assert_eq!(view.file(), b"boot/pxe");
    assert_eq!(view.options().count(), 0);
    assert!(buffer[242..].iter().all(|&octet| octet == 0));
}

#[test]
fn relay_agent_sub_options_are_read() {
    let data: &[u8] = &[
        1, 3, b'e', b't', b'h', 2, 2, 0xca, 0xfe, 5, 4, 192, 0, 2, 0, 6, 1, b's', 10, 1, 0x80, 11,
        4, 192, 0, 2, 254, 12, 1, 0x77, 19, 0,
    ];
    let info = kea_wire::v4::RelayAgentInfo::new(data);
    assert_eq!(info.circuit_id(), Some(&b"eth"[..]));
    assert_eq!(info.remote_id(), Some(&[0xca, 0xfe][..]));
    assert_eq!(info.link_selection(), Some(Ipv4Addr::new(192, 0, 2, 0)));
    assert_eq!(info.subscriber_id(), Some(&b"s"[..]));
    assert!(info.is_unicast());
    assert_eq!(info.server_id_override(), Some(Ipv4Addr::new(192, 0, 2, 254)));
    assert_eq!(info.relay_id(), Some(&[0x77][..]));
    assert!(info.has_source_port());
    assert!(!info.is_damaged());
    assert_eq!(info.data(), data);
}
