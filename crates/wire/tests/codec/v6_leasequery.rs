//! Leasequery, DHCPv4 over DHCPv6, authentication: written, compared octet by octet, and read again.

use std::net::Ipv6Addr;

use dhcproto::{Decodable, Decoder};
use kea_wire::v6::{
    Auth, Builder, LqRelayData, MessageType, QueryType, RemoteId, StatusCode, View, code,
};
use kea_wire::{Duid, Prefix};

const CLIENT: [u8; 10] = [0, 3, 0, 1, 2, 0, 0, 0, 0, 0x0a];
/// 2001:db8::1
const FIRST: [u8; 16] = [0x20, 1, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const FE80: [u8; 16] = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9];

fn written(message_type: MessageType, options: impl FnOnce(&mut Builder<'_>)) -> Vec<u8> {
    let mut buffer = Vec::new();
    let mut builder = Builder::new(&mut buffer, message_type, 0x01_0203);
    options(&mut builder);
    builder.finish().unwrap();
    buffer
}

/// What dhcproto makes of it: the type, and the octets of each option by its code.
fn second_opinion(bytes: &[u8]) -> (dhcproto::v6::MessageType, Vec<(u16, Vec<u8>)>) {
    use dhcproto::v6::{DhcpOption, Message, OptionCode};
    let message = Message::decode(&mut Decoder::new(bytes)).unwrap();
    let options = message.opts().iter().map(|option| match option {
        DhcpOption::Unknown(unknown) => (u16::from(unknown.code()), unknown.data().to_vec()),
        other => (u16::from(OptionCode::from(other)), Vec::new()),
    });
    (message.msg_type(), options.collect())
}

/// RFC 5007 section 4.1.2.1: by address, with an option request in it.
#[test]
fn a_leasequery_asks() {
    for (query_type, number) in [
        (QueryType::Address, 1),
        (QueryType::ClientId, 2),
        (QueryType::RelayId, 3),
        (QueryType::LinkAddress, 4),
        (QueryType::RemoteId, 5),
    ] {
        let bytes = written(MessageType::LeaseQuery, |message| {
            message.option(code::CLIENT_ID, &CLIENT).lq_query(
                query_type,
                FIRST.into(),
                |question| {
                    question.ia_address(FIRST.into(), 0, 0, |_| ());
                    question.codes(code::ORO, &[code::LQ_RELAY_DATA]);
                },
            );
        });
        let expected = [
            &[14, 1, 2, 3, 0, 1, 0, 10][..],
            &CLIENT,
            &[0, 44, 0, 51, number],
            &FIRST,
            &[0, 5, 0, 24],
            &FIRST,
            &[0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 2, 0, 47],
        ];
        assert_eq!(bytes, expected.concat());

        let view = View::parse(&bytes).unwrap();
        assert_eq!(view.message_type(), MessageType::LeaseQuery);
        let question = view.lq_query().unwrap();
        assert_eq!((question.query_type, question.link_address), (query_type, FIRST.into()));
        assert_eq!(question.options.get(code::ORO), Some(&[0, 47][..]));
        let (kind, options) = second_opinion(&bytes);
        assert_eq!(kind, dhcproto::v6::MessageType::LeaseQuery);
        assert_eq!(options[1], (44, bytes[22..].to_vec()));
    }
    assert_eq!(QueryType::from(9), QueryType::Unknown(9));
}

#[test]
fn a_leasequery_is_answered() {
    let relayed = [12, 0, 1];
    let relay = LqRelayData { peer_address: FE80.into(), message: &relayed };
    let delegated: Prefix<Ipv6Addr> = "2001:db8:8::/56".parse().unwrap();
    let bytes = written(MessageType::LeaseQueryReply, |message| {
        message
            .client_data(|client| {
                client
                    .option(code::CLIENT_ID, &CLIENT)
                    .ia_address(FIRST.into(), 1, 2, |_| ())
                    .ia_prefix(delegated, 3, 4, |_| ())
                    .last_transaction(300)
                    .lq_relay_data(&relay);
            })
            .addresses(code::LQ_CLIENT_LINK, &[FIRST.into(), FE80.into()]);
    });
    let expected = [
        &[15, 1, 2, 3, 0, 45, 0, 102, 0, 1, 0, 10][..],
        &CLIENT,
        &[0, 5, 0, 24],
        &FIRST,
        &[0, 0, 0, 1, 0, 0, 0, 2],
        &[0, 26, 0, 25, 0, 0, 0, 3, 0, 0, 0, 4, 56, 0x20, 1, 0x0d, 0xb8, 0, 8],
        &[0; 10],
        &[0, 46, 0, 4, 0, 0, 1, 44],
        &[0, 47, 0, 19],
        &FE80,
        &relayed,
        &[0, 48, 0, 32],
        &FIRST,
        &FE80,
    ];
    assert_eq!(bytes, expected.concat());

    let view = View::parse(&bytes).unwrap();
    let client = view.client_data().next().unwrap();
    assert_eq!(client.client_id(), Duid::new(&CLIENT));
    let address = client.addresses().next().unwrap().unwrap();
    assert_eq!((address.address, address.preferred, address.valid), (FIRST.into(), 1, 2));
    let prefix = client.prefixes().next().unwrap().unwrap();
    assert_eq!((prefix.prefix, prefix.preferred, prefix.valid), (delegated, 3, 4));
    assert_eq!((client.last_transaction(), client.relay_data()), (Some(300), Some(relay)));
    let links: Vec<_> = view.client_links().map(|link| link.octets()).collect();
    assert_eq!((links, view.client_data().count()), (vec![FIRST, FE80], 1));
    let (kind, options) = second_opinion(&bytes);
    assert_eq!(kind, dhcproto::v6::MessageType::LeaseQueryReply);
    assert_eq!(options, [(45, bytes[8..110].to_vec()), (48, bytes[114..].to_vec())]);
}

/// RFC 5460: data and end of a bulk leasequery; RFC 7653: its times.
#[test]
fn a_bulk_leasequery_comes_in_pieces() {
    for (message_type, number, theirs) in [
        (MessageType::LeaseQueryDone, 16, dhcproto::v6::MessageType::LeaseQueryDone),
        (MessageType::LeaseQueryData, 17, dhcproto::v6::MessageType::LeaseQueryData),
        (MessageType::ActiveLeaseQuery, 22, dhcproto::v6::MessageType::Unknown(22)),
        (MessageType::StartTls, 23, dhcproto::v6::MessageType::Unknown(23)),
    ] {
        let bytes = written(message_type, |message| {
            message.option(code::LQ_BASE_TIME, &7u32.to_be_bytes());
            message.status(StatusCode::QueryTerminated, "");
        });
        assert_eq!(bytes, [number, 1, 2, 3, 0, 100, 0, 4, 0, 0, 0, 7, 0, 13, 0, 2, 0, 11]);
        let view = View::parse(&bytes).unwrap();
        assert_eq!(view.message_type(), message_type);
        assert_eq!(view.fixed_option(code::LQ_BASE_TIME).map(u32::from_be_bytes), Some(7));
        assert_eq!(view.status_code(), StatusCode::QueryTerminated);
        assert_eq!(second_opinion(&bytes).0, theirs);
    }
}

/// RFC 7341 sections 7 and 8.
#[test]
fn dhcpv4_goes_over_dhcpv6() {
    use dhcproto::v6::MessageType as Theirs;
    for (message_type, number, theirs) in [
        (MessageType::Dhcpv4Query, 20, Theirs::DHCPv4Query),
        (MessageType::Dhcpv4Response, 21, Theirs::DHCPv4Response),
    ] {
        let bytes = written(message_type, |message| {
            message.option(code::DHCPV4_MSG, &[1, 1, 6, 0]);
        });
        assert_eq!(bytes, [number, 1, 2, 3, 0, 87, 0, 4, 1, 1, 6, 0]);
        let view = View::parse(&bytes).unwrap();
        assert_eq!((view.message_type(), view.xid()), (message_type, 0x01_0203));
        assert_eq!(view.dhcpv4_message(), Some(&[1, 1, 6, 0][..]));
        assert!(!view.is_dhcpv4_unicast());
        assert_eq!(second_opinion(&bytes), (theirs, vec![(87, vec![1, 1, 6, 0])]));
    }
    for addresses in [&[][..], &[FIRST], &[FIRST, FE80]] {
        let list: Vec<Ipv6Addr> = addresses.iter().map(|octets| (*octets).into()).collect();
        let bytes = written(MessageType::Reply, |message| {
            message.addresses(code::DHCP4_O_DHCP6_SERVER, &list);
        });
        let len = addresses.len() as u8 * 16;
        let expected = [&[7, 1, 2, 3, 0, 88, 0, len], &*addresses.concat()].concat();
        assert_eq!(bytes, expected);
        let read: Vec<_> = View::parse(&bytes).unwrap().dhcp4o6_servers().unwrap().collect();
        assert_eq!(read, list);
        assert_eq!(second_opinion(&bytes).1, [(88, addresses.concat())]);
    }
    let without = written(MessageType::Reply, |_| ());
    assert!(View::parse(&without).unwrap().dhcp4o6_servers().is_none());
}

/// RFC 9915 section 21.11, with the key of section 20.4.1 in it.
#[test]
fn a_message_is_authenticated() {
    let mut information = vec![1];
    information.extend([0xab; 16]);
    let auth = Auth {
        protocol: 3,
        algorithm: 1,
        replay_method: 0,
        replay_value: 0x0102_0304_0506_0708,
        information: &information,
    };
    let bytes = written(MessageType::Reply, |message| {
        message.auth(&auth).option(code::RECONF_ACCEPT, &[]);
    });
    let expected = [
        &[7, 1, 2, 3, 0, 11, 0, 28, 3, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8][..],
        &information,
        &[0, 20, 0, 0],
    ];
    assert_eq!(bytes, expected.concat());
    let view = View::parse(&bytes).unwrap();
    assert_eq!((view.auth(), view.reconfigure_accept()), (Some(auth), true));
    assert_eq!(Auth::parse(&bytes[8..18]).ok(), None, "ten octets are one too few");

    let message = dhcproto::v6::Message::decode(&mut Decoder::new(&bytes)).unwrap();
    let theirs = message.opts().get(dhcproto::v6::OptionCode::Authentication);
    let Some(dhcproto::v6::DhcpOption::Authentication(theirs)) = theirs else {
        panic!("{theirs:?}")
    };
    assert_eq!((theirs.proto, theirs.algo, theirs.rdm), (3, 1, 0));
    assert_eq!((theirs.replay_detection, &theirs.info), (0x0102_0304_0506_0708, &information));
}

#[test]
fn a_relay_names_the_remote_end() {
    let remote_id = RemoteId { enterprise: 9, identifier: b"port" };
    let bytes = written(MessageType::Solicit, |message| {
        message.remote_id(&remote_id);
    });
    assert_eq!(bytes[4..], *b"\0\x25\0\x08\0\0\0\x09port");
    assert_eq!(RemoteId::parse(&bytes[8..]), Ok(remote_id));
}
