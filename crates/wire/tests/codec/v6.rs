use std::net::Ipv6Addr;

use kea_wire::v6::{
    Auth, Builder, DuidKind, IaKind, LqQuery, LqRelayData, Message, MessageType, PdExclude,
    QueryType, RelayEnvelope, RemoteId, StatusCode, Tuples, View, code,
};
use kea_wire::{Duid, HwAddr, Iaid, Prefix};

use crate::captures;

const IAID: Iaid = Iaid(0xcb6d_99be);

fn address(text: &str) -> Ipv6Addr {
    text.parse().unwrap()
}

fn prefix(text: &str) -> Prefix<Ipv6Addr> {
    text.parse().unwrap()
}

#[test]
fn view_reads_a_solicit_of_dhclient() {
    let bytes = captures::dhclient_solicit();
    let view = View::parse(&bytes).unwrap();
    assert_eq!((view.message_type(), view.xid()), (MessageType::Solicit, 0x77_1155));
    assert!(!view.is_relayed());
    let duid = view.client_id().unwrap();
    assert_eq!(duid.to_string(), "00:01:00:01:32:95:16:ef:4a:4f:cb:6d:99:be");
    let mac = [0x4a, 0x4f, 0xcb, 0x6d, 0x99, 0xbe];
    assert_eq!(duid.kind(), DuidKind::Llt { htype: 1, time: 0x3295_16ef, address: &mac });
    assert_eq!(duid.kind().hw_addr(), HwAddr::new(1, &mac));
    assert_eq!(view.option_request().collect::<Vec<_>>(), [23, 24, 39, 31]);
    assert_eq!((view.elapsed_time(), view.server_id(), view.damage()), (Some(0), None, None));
    let associations: Vec<_> = view.associations().map(Result::unwrap).collect();
    let found: Vec<_> = associations.iter().map(|ia| (ia.kind, ia.iaid, ia.t1, ia.t2)).collect();
    assert_eq!(found, [(IaKind::Na, IAID, 3600, 5400), (IaKind::Pd, IAID, 3600, 5400)]);
    assert!(associations.iter().all(|ia| ia.options.is_empty()));
}

#[test]
fn view_reads_an_advertise_of_kea() {
    let bytes = captures::kea_advertise();
    let view = View::parse(&bytes).unwrap();
    assert_eq!(view.message_type(), MessageType::Advertise);
    let associations: Vec<_> = view.associations().map(Result::unwrap).collect();
    let given = associations[0].addresses().next().unwrap().unwrap();
    assert_eq!((associations[0].t1, associations[0].t2), (1500, 2400));
    assert_eq!(given.address, address("2001:db8:1::100"));
    assert_eq!((given.preferred, given.valid), (3000, 4000));
    let given = associations[1].prefixes().next().unwrap().unwrap();
    assert_eq!(given.prefix, prefix("2001:db8:8::/56"));
    assert_eq!((given.preferred, given.valid), (3000, 4000));
    assert_eq!(view.status_code(), StatusCode::Success);
}

/// The builder writes what Kea wrote to the same client, octet by octet.
#[test]
fn builder_writes_the_advertise_and_the_reply_of_kea() {
    for (query, answer, message_type) in [
        (captures::dhclient_solicit(), captures::kea_advertise(), MessageType::Advertise),
        (captures::dhclient_request6(), captures::kea_reply(), MessageType::Reply),
    ] {
        let query = View::parse(&query).unwrap();
        let server_id: Duid = "00:01:00:01:32:95:16:e4:f2:ea:f6:cb:eb:68".parse().unwrap();
        let mut buffer = b"kept".to_vec();
        let mut builder = Builder::reply(&mut buffer, &query, message_type);
        builder
            .option(code::CLIENT_ID, query.client_id().unwrap().octets())
            .option(code::SERVER_ID, server_id.octets())
            .ia_na(IAID, 1500, 2400, |ia| {
                ia.ia_address(address("2001:db8:1::100"), 3000, 4000, |_| ());
            })
            .option(code::DNS_SERVERS, &address("2001:db8:1::2").octets())
            .ia_pd(IAID, 1500, 2400, |ia| {
                ia.ia_prefix(prefix("2001:db8:8::/56"), 3000, 4000, |_| ());
            });
        let len = builder.finish().unwrap();
        assert_eq!(&buffer[..4], b"kept");
        let written = Message::parse(&buffer[4..]).unwrap();
        // Kea sorts options by code.
        let mut sorted = written.clone();
        sorted.options.sort();
        assert_eq!(sorted.to_bytes().unwrap(), answer);
        assert_eq!((len, written.buffer_len()), (answer.len(), answer.len()));
    }
}

#[test]
fn message_reads_and_writes_every_capture() {
    for bytes in [
        captures::dhclient_request6(),
        captures::dhclient_solicit(),
        captures::kea_advertise(),
        captures::kea_reply(),
    ] {
        let message = Message::parse(&bytes).unwrap();
        assert_eq!(message.to_bytes().unwrap(), bytes);
        assert_eq!(message.buffer_len(), bytes.len());
    }
}

/// A solicit that passed two relays; the outer one is nearest to the server.
fn relayed_solicit() -> Vec<u8> {
    let mut buffer = Vec::new();
    let mut builder = Builder::relayed(&mut buffer);
    builder.relay(
        MessageType::RelayForward,
        1,
        address("2001:db8::1"),
        address("2001:db8::2"),
        |envelope| {
            envelope.option(code::RELAY_ID, &[0, 3, 0, 1, 2, 3, 4, 5, 6, 7]);
            envelope.option(code::RELAY_PORT, &[0x12, 0x34]);
        },
    );
    builder.relay(
        MessageType::RelayForward,
        0,
        address("2001:db8:1::1"),
        address("fe80::99"),
        |envelope| {
            envelope
                .option(code::INTERFACE_ID, b"ge-0/0/7")
                .option(code::REMOTE_ID, &[0, 0, 0, 9, 0xab])
                .option(code::SUBSCRIBER_ID, b"subscriber")
                .client_link_layer_address(&"02:00:00:00:00:08".parse().unwrap())
                .codes(code::ERO, &[code::SUBSCRIBER_ID, code::RELAY_MSG, code::INTERFACE_ID])
                .container(code::RSOO, &[], |options| {
                    options.option(code::ERP_LOCAL_DOMAIN_NAME, b"\x03isc\0");
                });
        },
    );
    builder.message(MessageType::Solicit, 0xff12_3456);
    builder.option(code::CLIENT_ID, &[0, 3, 0, 1, 9]).finish().unwrap();
    buffer
}

#[test]
fn relay_envelopes_are_opened_from_the_outside() {
    let bytes = relayed_solicit();
    let view = View::parse(&bytes).unwrap();
    assert_eq!((view.message_type(), view.xid()), (MessageType::Solicit, 0x12_3456));
    let [outer, inner] = view.relays() else { panic!("{:?}", view.relays()) };
    assert_eq!((outer.message_type(), outer.hop_count()), (MessageType::RelayForward, 1));
    assert_eq!(outer.link_address(), address("2001:db8::1"));
    assert_eq!(outer.peer_address(), address("2001:db8::2"));
    let relay_id = outer.relay_id().unwrap();
    let link_layer = DuidKind::Ll { htype: 1, address: &[2, 3, 4, 5, 6, 7] };
    assert_eq!((relay_id.kind(), outer.source_port()), (link_layer, Some(0x1234)));
    assert_eq!(outer.interface_id(), None);
    assert_eq!((inner.hop_count(), inner.peer_address()), (0, address("fe80::99")));
    assert_eq!(inner.interface_id(), Some(&b"ge-0/0/7"[..]));
    assert_eq!(inner.remote_id(), Some(RemoteId { enterprise: 9, identifier: &[0xab] }));
    assert_eq!(inner.subscriber_id(), Some(&b"subscriber"[..]));
    assert_eq!(inner.client_link_layer_address(), "02:00:00:00:00:08".parse().ok());
    assert_eq!(inner.echo_request().collect::<Vec<_>>(), [38, 9, 18]);
    let supplied: Vec<_> = inner.supplied_options().iter().collect();
    assert_eq!(supplied, [(code::ERP_LOCAL_DOMAIN_NAME, &b"\x03isc\0"[..])]);
}

#[test]
fn a_reply_travels_back_through_the_relays() {
    let query = relayed_solicit();
    let query = View::parse(&query).unwrap();
    let mut buffer = Vec::new();
    let mut builder = Builder::reply(&mut buffer, &query, MessageType::Advertise);
    builder.option(code::PREFERENCE, &[255]).finish().unwrap();
    let envelope = |hop_count, link: &str, peer: &str, options| RelayEnvelope {
        message_type: MessageType::RelayReply,
        hop_count,
        link_address: address(link),
        peer_address: address(peer),
        options,
    };
    let expected = Message {
        relays: vec![
            envelope(1, "2001:db8::1", "2001:db8::2", vec![(code::RELAY_PORT, vec![0x12, 0x34])]),
            envelope(
                0,
                "2001:db8:1::1",
                "fe80::99",
                vec![
                    (code::INTERFACE_ID, b"ge-0/0/7".to_vec()),
                    (code::SUBSCRIBER_ID, b"subscriber".to_vec()),
                ],
            ),
        ],
        message_type: MessageType::Advertise,
        xid: 0x12_3456,
        options: vec![(code::PREFERENCE, vec![255])],
    };
    assert_eq!(Message::parse(&buffer).unwrap(), expected);
    assert_eq!(expected.to_bytes().unwrap(), buffer);
    assert_eq!(View::parse(&buffer).unwrap().preference(), Some(255));
}

#[test]
fn containers_nest_and_their_lengths_are_filled_in() {
    let mut buffer = Vec::new();
    let mut builder = Builder::new(&mut buffer, MessageType::Reply, 1);
    builder
        .ia_ta(Iaid(7), |ia| {
            ia.ia_address(address("2001:db8::7"), 1, 2, |it| {
                it.status(StatusCode::NotOnLink, "no");
            })
            .status(StatusCode::NoBinding, "");
        })
        .vendor_opts(4491, |vendor| {
            vendor.option(32, &[1, 2]);
        })
        .vendor_class(311, &[b"MSFT", b"5.0"]);
    builder.finish().unwrap();
    #[rustfmt::skip]
    let expected = [
        7, 0, 0, 1,
        0, 4, 0, 46, 0, 0, 0, 7,
        0, 5, 0, 32, 0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7,
        0, 0, 0, 1, 0, 0, 0, 2,
        0, 13, 0, 4, 0, 4, b'n', b'o',
        0, 13, 0, 2, 0, 3,
        0, 17, 0, 10, 0, 0, 0x11, 0x8b, 0, 32, 0, 2, 1, 2,
        0, 16, 0, 15, 0, 0, 1, 0x37, 0, 4, b'M', b'S', b'F', b'T', 0, 3, b'5', b'.', b'0',
    ];
    assert_eq!(buffer, expected);

    let view = View::parse(&buffer).unwrap();
    let ia = view.associations().next().unwrap().unwrap();
    assert_eq!((ia.kind, ia.iaid, ia.t1, ia.t2), (IaKind::Ta, Iaid(7), 0, 0));
    assert_eq!(ia.status().unwrap().code, StatusCode::NoBinding);
    let status = ia.addresses().next().unwrap().unwrap().status().unwrap();
    assert_eq!((status.code, status.message), (StatusCode::NotOnLink, &b"no"[..]));
    let vendor = view.vendor_opts().next().unwrap();
    assert_eq!((vendor.enterprise, vendor.options.get(32)), (4491, Some(&[1, 2][..])));
    let class = view.vendor_classes().next().unwrap();
    assert_eq!(class.enterprise, 311);
    assert_eq!(class.tuples().collect::<Vec<_>>(), [&b"MSFT"[..], b"5.0"]);
}

#[test]
fn single_options_are_read() {
    let mut message = Message::new(MessageType::Reconfigure, 0);
    message
        .push_option(code::RECONF_MSG, [5])
        .push_option(code::RECONF_ACCEPT, [])
        .push_option(code::RAPID_COMMIT, [])
        .push_option(code::CLIENT_FQDN, *b"\x05\x01a\0")
        .push_option(code::STATUS_CODE, *b"\0\x06none")
        .push_option(code::AUTH, [3, 1, 0, 0, 0, 0, 0, 0, 0, 0, 42, 2, 0xfe]);
    let bytes = message.to_bytes().unwrap();
    let view = View::parse(&bytes).unwrap();
    assert_eq!(view.reconfigure_message(), Some(MessageType::Renew));
    assert!(view.reconfigure_accept() && view.rapid_commit());
    let fqdn = view.fqdn().unwrap();
    assert_eq!((fqdn.flags, fqdn.name), (5, &b"\x01a\0"[..]));
    assert_eq!(view.status_code(), StatusCode::NoPrefixAvail);
    let auth = Auth {
        protocol: 3,
        algorithm: 1,
        replay_method: 0,
        replay_value: 42,
        information: &[2, 0xfe],
    };
    assert_eq!(view.auth(), Some(auth));
}

#[test]
fn dhcpv4_messages_travel_inside() {
    let discover = captures::dhclient_discover();
    let mut buffer = Vec::new();
    let mut builder = Builder::new(&mut buffer, MessageType::Dhcpv4Query, 0x80_0000);
    builder.option(code::DHCPV4_MSG, &discover).finish().unwrap();
    assert_eq!(buffer[..4], [20, 0x80, 0, 0]);
    let view = View::parse(&buffer).unwrap();
    assert_eq!(view.dhcpv4_message(), Some(&discover[..]));
    assert!(view.is_dhcpv4_unicast());
}

#[test]
fn leasequery_options_are_read() {
    let mut data = vec![1];
    data.extend(address("2001:db8::").octets());
    data.extend([0, 5, 0, 0]);
    let query = LqQuery::parse(&data).unwrap();
    assert_eq!(query.query_type, QueryType::Address);
    assert_eq!(query.link_address, address("2001:db8::"));
    assert!(query.options.contains(code::IAADDR));
    let relay = LqRelayData::parse(&data[1..]).unwrap();
    assert_eq!((relay.peer_address, relay.message), (address("2001:db8::"), &[0, 5, 0, 0][..]));
}

#[test]
fn duids_are_taken_apart_and_put_together() {
    let uuid = [7; 16];
    let cases: [(&[u8], DuidKind<'_>); 7] = [
        (&[0, 1, 0, 6, 0, 0, 1, 0, 0xaa], DuidKind::Llt { htype: 6, time: 256, address: &[0xaa] }),
        (&[0, 2, 0, 0, 9, 0xbf, 1], DuidKind::En { enterprise: 2495, identifier: &[1] }),
        (&[0, 3, 0, 1, 1, 2], DuidKind::Ll { htype: 1, address: &[1, 2] }),
        (&[[0, 4].as_slice(), &uuid].concat(), DuidKind::Uuid(uuid)),
        (&[0, 4, 1], DuidKind::Other(&[0, 4, 1])),
        (&[0, 1, 0], DuidKind::Other(&[0, 1, 0])),
        (&[9, 9, 9], DuidKind::Other(&[9, 9, 9])),
    ];
    for (octets, kind) in cases {
        assert_eq!(DuidKind::parse(octets), kind);
        assert_eq!(Duid::from_kind(kind).unwrap().octets(), octets);
    }
    assert_eq!(DuidKind::parse(&[0, 3, 0, 1]).hw_addr(), None);
}

/// The example of RFC 6603 section 4.2, and the edges of the arithmetic.
#[test]
fn excluded_prefixes_are_the_bits_after_the_delegated() {
    for (delegated, excluded, data) in [
        ("2001:db8:dead:bee0::/59", "2001:db8:dead:beef::/64", &[64, 0x78][..]),
        ("2001:db8::/48", "2001:db8:0:ff00::/56", &[56, 0xff]),
        ("2001:db8::/48", "2001:db8:0:8000::/49", &[49, 0x80]),
        ("::/0", "8000::1/128", &[128, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ("2001:db8::/127", "2001:db8::1/128", &[128, 0x80]),
    ] {
        let (delegated, excluded) = (prefix(delegated), prefix(excluded));
        assert_eq!(PdExclude::encode(delegated, excluded).as_deref(), Some(data));
        assert_eq!(PdExclude::parse(data).unwrap().prefix(delegated), Some(excluded));
    }
    assert_eq!(PdExclude::encode(prefix("2001:db8::/48"), prefix("2001:db9::/56")), None);
    assert_eq!(PdExclude::encode(prefix("2001:db8::/48"), prefix("2001:db8::/48")), None);
    let exclude = PdExclude::parse(&[64, 1]).unwrap();
    assert_eq!(exclude.prefix(prefix("2001:db8::/48")), None, "16 bits need two octets");
    assert_eq!(exclude.prefix(prefix("2001:db8::/64")), None);
}

#[test]
fn a_cut_tuple_is_kept_only_when_lenient() {
    let data = [0, 1, b'a', 0, 9, b'b', b'c'];
    let mut strict = Tuples::new(&data);
    assert_eq!(strict.by_ref().collect::<Vec<_>>(), [b"a"]);
    assert_eq!(strict.rest(), [0, 9, b'b', b'c']);
    let mut lenient = Tuples::lenient(&data);
    assert_eq!(lenient.by_ref().collect::<Vec<_>>(), [&b"a"[..], b"bc"]);
    assert!(lenient.rest().is_empty());
    assert_eq!(Tuples::lenient(&[0]).count(), 0);
}
