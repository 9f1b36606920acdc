//! What we emit, the `dhcproto` crate decodes to the same facts.

use std::net::{Ipv4Addr, Ipv6Addr};

use dhcproto::{Decodable, Decoder, Encodable, Encoder};
use kea_wire::{HwAddr, Iaid, Prefix, v4, v6};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 256,
        rng_seed: RngSeed::Fixed(0x6b65_6134),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

fn encoded(value: &impl Encodable) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.encode(&mut Encoder::new(&mut bytes)).unwrap();
    bytes
}

/// Options with data in the form that their definition wants; none empty, as dhcproto writes such
/// options back as nothing.
fn v4_options() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    let addresses = || vec(any::<[u8; 4]>(), 1..8).prop_map(|list| list.concat());
    let number = || any::<[u8; 4]>().prop_map(|octets| octets.to_vec());
    let text = || "[a-z0-9.-]{1,60}".prop_map(String::into_bytes);
    (
        (number(), addresses(), addresses(), text(), text()),
        (number(), number(), number(), number(), any::<[u8; 2]>()),
        (vec(1u8..100, 1..30), vec(any::<u8>(), 2..40), vec(any::<u8>(), 1..=255)),
    )
        .prop_map(
            |((mask, routers, dns, host, domain), (lease, server, t1, t2, size), rest)| {
                vec![
                    (v4::code::SUBNET_MASK, mask),
                    (v4::code::ROUTERS, routers),
                    (v4::code::DOMAIN_NAME_SERVERS, dns),
                    (v4::code::HOST_NAME, host),
                    (v4::code::DOMAIN_NAME, domain),
                    (v4::code::LEASE_TIME, lease),
                    (v4::code::SERVER_ID, server),
                    (v4::code::PARAMETER_REQUEST_LIST, rest.0),
                    (v4::code::MAX_MESSAGE_SIZE, size.to_vec()),
                    (v4::code::RENEWAL_TIME, t1),
                    (v4::code::REBINDING_TIME, t2),
                    (v4::code::CLIENT_ID, rest.1),
                    (230, rest.2),
                ]
            },
        )
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn v4_answers(
        (xid, flags, giaddr, yiaddr, siaddr) in any::<(u32, u16, u32, u32, u32)>(),
        mac in any::<[u8; 6]>(),
        options in v4_options(),
        file in "[a-z/]{1,100}",
        circuit in vec(any::<u8>(), 1..60),
    ) {
        let hw_addr = HwAddr::new(HwAddr::ETHERNET, &mac).unwrap();
        let mut query = v4::Message::request(hw_addr, xid, v4::MessageType::Discover);
        query.flags = flags;
        query.giaddr = Ipv4Addr::from_bits(giaddr);
        let query = query.to_bytes();
        let query = v4::View::parse(&query).unwrap();
        let info = [&[1, circuit.len() as u8], &circuit[..]].concat();
        let mut buffer = Vec::new();
        let mut builder = v4::Builder::reply(&mut buffer, &query, v4::MessageType::Offer);
        builder.yiaddr(Ipv4Addr::from_bits(yiaddr)).siaddr(Ipv4Addr::from_bits(siaddr));
        builder.file(file.as_bytes()).relay_agent_info(&info);
        for (code, data) in &options {
            builder.option(*code, data);
        }
        builder.finish();

        let decoded = dhcproto::v4::Message::decode(&mut Decoder::new(&buffer)).unwrap();
        prop_assert_eq!(decoded.opcode(), dhcproto::v4::Opcode::BootReply);
        prop_assert_eq!((decoded.xid(), u16::from(decoded.flags())), (xid, flags));
        prop_assert_eq!(decoded.chaddr(), &mac);
        prop_assert_eq!(decoded.giaddr().to_bits(), giaddr);
        prop_assert_eq!(decoded.yiaddr().to_bits(), yiaddr);
        prop_assert_eq!(decoded.siaddr().to_bits(), siaddr);
        // dhcproto keeps the NUL.
        prop_assert_eq!(decoded.fname_str().unwrap().unwrap().trim_end_matches('\0'), &file);
        prop_assert_eq!(decoded.opts().msg_type(), Some(dhcproto::v4::MessageType::Offer));
        let mut expected = options;
        expected.push((v4::code::MESSAGE_TYPE, vec![2]));
        expected.push((v4::code::RELAY_AGENT_INFO, info));
        expected.sort();
        let found: Vec<_> = decoded.opts().iter().map(|(_, option)| encoded(option)).collect();
        let expected: Vec<_> = expected
            .iter()
            .map(|(code, data)| [&[*code, data.len() as u8], &data[..]].concat())
            .collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn v6_answers(
        xid in 0u32..1 << 24,
        (iaid, t1, t2, preferred, valid) in any::<(u32, u32, u32, u32, u32)>(),
        addresses in vec(any::<u128>(), 1..4),
        (delegated, len) in (any::<u128>(), 0u8..=128),
        duid in vec(any::<u8>(), 3..40),
        (status, text) in (0u16..30, "[ -~]{0,40}"),
        tuple in vec(any::<u8>(), 0..40),
        vendor in vec(any::<u8>(), 0..40),
    ) {
        let delegated = Prefix::new(Ipv6Addr::from_bits(delegated), len).unwrap();
        let mut buffer = Vec::new();
        let mut builder = v6::Builder::new(&mut buffer, v6::MessageType::Reply, xid);
        builder
            .option(v6::code::CLIENT_ID, &duid)
            .ia_na(Iaid(iaid), t1, t2, |ia| {
                for &address in &addresses {
                    ia.ia_address(Ipv6Addr::from_bits(address), preferred, valid, |_| ());
                }
            })
            .status(status.into(), &text)
            .vendor_class(77, &[&tuple, b"x"])
            .vendor_opts(78, |options| {
                options.option(9999, &vendor);
            })
            .ia_pd(Iaid(iaid), t2, t1, |ia| {
                ia.ia_prefix(delegated, valid, preferred, |_| ());
            });
        builder.finish().unwrap();

        let decoded = dhcproto::v6::Message::decode(&mut Decoder::new(&buffer)).unwrap();
        prop_assert_eq!(decoded.msg_type(), dhcproto::v6::MessageType::Reply);
        prop_assert_eq!(decoded.xid_num(), xid);
        use dhcproto::v6::DhcpOption as O;
        let found: Vec<_> = decoded.opts().iter().cloned().collect();
        prop_assert_eq!(found.len(), 6);
        for option in found {
            match option {
                O::ClientId(found) => prop_assert_eq!(&found, &duid),
                O::IANA(ia) => {
                    prop_assert_eq!((ia.id, ia.t1, ia.t2), (iaid, t1, t2));
                    let mut found: Vec<_> = ia.opts.iter().map(|option| match option {
                        O::IAAddr(it) => (it.addr.to_bits(), it.preferred_life, it.valid_life),
                        other => panic!("{other:?}"),
                    }).collect();
                    found.sort_unstable();
                    let mut expected: Vec<_> =
                        addresses.iter().map(|&address| (address, preferred, valid)).collect();
                    expected.sort_unstable();
                    prop_assert_eq!(found, expected);
                }
                O::StatusCode(found) => {
                    prop_assert_eq!(u16::from(found.status), status);
                    prop_assert_eq!(&found.msg, &text);
                }
                O::VendorClass(found) => {
                    prop_assert_eq!((found.num, found.data), (77, vec![tuple.clone(), b"x".to_vec()]));
                }
                O::VendorOpts(found) => {
                    let options: Vec<_> = found.opts.iter().map(encoded).collect();
                    let header = [0x27, 0x0f, 0, vendor.len() as u8];
                    prop_assert_eq!((found.num, options), (78, vec![[&header, &vendor[..]].concat()]));
                }
                O::IAPD(ia) => {
                    prop_assert_eq!((ia.id, ia.t1, ia.t2), (iaid, t2, t1));
                    let it = match ia.opts.iter().next() {
                        Some(O::IAPrefix(it)) => it,
                        other => panic!("{other:?}"),
                    };
                    prop_assert_eq!((it.prefix_ip, it.prefix_len), (delegated.address(), len));
                    prop_assert_eq!((it.preferred_lifetime, it.valid_lifetime), (valid, preferred));
                }
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn v6_envelopes(
        (hop_count, link, peer) in any::<(u8, u128, u128)>(),
        interface in vec(any::<u8>(), 0..30),
        xid in 0u32..1 << 24,
    ) {
        let (link, peer) = (Ipv6Addr::from_bits(link), Ipv6Addr::from_bits(peer));
        let mut buffer = Vec::new();
        let mut builder = v6::Builder::relayed(&mut buffer);
        for _ in 0..2 {
            builder.relay(v6::MessageType::RelayForward, hop_count, link, peer, |envelope| {
                envelope.option(v6::code::INTERFACE_ID, &interface);
            });
        }
        // Long enough for dhcproto, which takes every relayed message for an envelope.
        builder.message(v6::MessageType::Solicit, xid).option(200, &[0; 40]).finish().unwrap();

        let outer = dhcproto::v6::RelayMessage::decode(&mut Decoder::new(&buffer)).unwrap();
        let inner = match outer.opts().get(dhcproto::v6::OptionCode::RelayMsg) {
            Some(dhcproto::v6::DhcpOption::RelayMsg(inner)) => inner.clone(),
            other => panic!("{other:?}"),
        };
        for envelope in [outer, inner] {
            prop_assert_eq!(envelope.msg_type(), dhcproto::v6::MessageType::RelayForw);
            prop_assert_eq!(envelope.hop_count(), hop_count);
            prop_assert_eq!((envelope.link_addr(), envelope.peer_addr()), (link, peer));
            let expected = dhcproto::v6::DhcpOption::InterfaceId(interface.clone());
            let found = envelope.opts().get(dhcproto::v6::OptionCode::InterfaceId);
            prop_assert_eq!(found, Some(&expected));
        }
    }
}
