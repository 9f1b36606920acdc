//! Cut, nested and oversized DHCPv6 messages.

use std::net::Ipv6Addr;

use kea_wire::v6::{
    Builder, ClientFqdn, Damage, Ia, IaAddress, IaKind, IaPrefix, MAX_RELAYS, Malformed, Message,
    MessageError, MessageType, ParseError, PdExclude, TooLong, View, client_link_layer_address,
    code,
};
use kea_wire::{HwAddr, Iaid};

fn nested(relays: usize) -> Vec<u8> {
    let mut buffer = Vec::new();
    let mut builder = Builder::relayed(&mut buffer);
    for hop in (0..relays).rev() {
        let (link, peer) = (Ipv6Addr::LOCALHOST, Ipv6Addr::from(hop as u128));
        builder.relay(MessageType::RelayForward, hop as u8, link, peer, |_| ());
    }
    builder.message(MessageType::Renew, 5).finish().unwrap();
    buffer
}

#[test]
fn headers_that_are_cut_say_at_which_level() {
    assert_eq!(View::parse(&[]).err(), Some(ParseError::TooShort { level: 0, len: 0 }));
    assert_eq!(View::parse(&[1, 2, 3]).err(), Some(ParseError::TooShort { level: 0, len: 3 }));
    assert!(View::parse(&[1, 2, 3, 4]).is_ok());
    let bytes = nested(2);
    assert_eq!(bytes.len(), 2 * 38 + 4);
    assert_eq!(View::parse(&bytes[..33]).err(), Some(ParseError::TooShort { level: 0, len: 33 }));
    let cut = View::parse(&bytes[..79]).err();
    assert_eq!(cut, Some(ParseError::NoRelayMessage { level: 0 }), "the option overruns");
    let mut empty = nested(2);
    empty.truncate(76);
    // The lengths of the two Relay Message options, less the message.
    empty[37] -= 4;
    empty[75] -= 4;
    assert_eq!(View::parse(&empty).err(), Some(ParseError::TooShort { level: 2, len: 0 }));
    assert_eq!(View::parse(&vec![1; 65536]).err(), Some(ParseError::TooLong { len: 65536 }));
}

#[test]
fn relays_are_bounded() {
    for relays in [0, 1, 4, 5, MAX_RELAYS] {
        let bytes = nested(relays);
        let view = View::parse(&bytes).unwrap();
        assert_eq!(view.relays().len(), relays);
        assert_eq!(view.message_type(), MessageType::Renew);
        let hops: Vec<_> =
            view.relays().iter().map(|relay| usize::from(relay.hop_count())).collect();
        assert_eq!(hops, (0..relays).rev().collect::<Vec<_>>());
        assert_eq!(Message::parse(&bytes).unwrap().to_bytes().unwrap(), bytes);
    }
    assert_eq!(View::parse(&nested(MAX_RELAYS + 1)).err(), Some(ParseError::TooManyRelays));
}

#[test]
fn what_precedes_the_damage_is_used() {
    let bytes = [1, 0, 0, 1, 0, 8, 0, 2, 0, 9, 0, 1, 0, 10, 0xaa];
    let view = View::parse(&bytes).unwrap();
    let damage = Damage { offset: 6, code: Some(1), claimed: Some(10), available: 1 };
    assert_eq!((view.elapsed_time(), view.damage()), (Some(9), Some(damage)));
    assert_eq!(view.client_id(), None);
    assert_eq!(Message::parse(&bytes), Err(MessageError::Options(damage)));
    assert_eq!(damage.to_string(), "option 1 at offset 6 claims 10 octets where 1 are left");
    let cut = |len| View::parse(&bytes[..len]).unwrap().damage();
    assert_eq!(cut(10), None);
    assert_eq!(cut(11), Some(Damage { code: None, claimed: None, available: 0, ..damage }));
    assert_eq!(cut(13), Some(Damage { claimed: None, available: 0, ..damage }));
    assert_eq!(cut(14), Some(Damage { available: 0, ..damage }));
}

#[test]
fn unknown_message_types_are_for_views_only() {
    let view = View::parse(&[200, 0, 0, 0]).unwrap();
    assert_eq!(view.message_type(), MessageType::Unknown(200));
    assert_eq!(view.message_type().to_string(), "unknown(200)");
    assert_eq!(Message::parse(&[200, 0, 0, 0]), Err(MessageError::MessageType { found: 200 }));
}

#[test]
fn short_options_are_malformed() {
    let zeros = [0; 40];
    for len in 0..40 {
        let data = &zeros[..len];
        let malformed = |code, least: usize| (len < least).then_some(Malformed { code, len });
        assert_eq!(Ia::parse(IaKind::Na, data).err(), malformed(code::IA_NA, 12));
        assert_eq!(Ia::parse(IaKind::Pd, data).err(), malformed(code::IA_PD, 12));
        assert_eq!(Ia::parse(IaKind::Ta, data).err(), malformed(code::IA_TA, 4));
        assert_eq!(IaAddress::parse(data).err(), malformed(code::IAADDR, 24));
        assert_eq!(IaPrefix::parse(data).err(), malformed(code::IAPREFIX, 25));
        assert_eq!(ClientFqdn::parse(data).err(), malformed(code::CLIENT_FQDN, 1));
    }
    let mut prefix = [0; 25];
    prefix[8] = 129;
    let malformed = Malformed { code: code::IAPREFIX, len: 25 };
    assert_eq!(IaPrefix::parse(&prefix), Err(malformed));
    assert_eq!(IaPrefix::parse_capped(&prefix).map(|it| it.prefix.len()), Ok(128));
    for data in [&[][..], &[64], &[0, 1], &[129, 1], &[64; 18]] {
        let malformed = Malformed { code: code::PD_EXCLUDE, len: data.len() };
        assert_eq!(PdExclude::parse(data), Err(malformed), "{data:?}");
    }
    assert_eq!(client_link_layer_address(&[0, 32]), Ok(HwAddr::new(32, &[]).unwrap()));
    assert_eq!(
        client_link_layer_address(&[0; 23]),
        Err(Malformed { code: code::CLIENT_LINKLAYER_ADDR, len: 23 })
    );
}

#[test]
fn strictness_reaches_into_associations() {
    let with = |code: u16, data: &[u8]| {
        let mut buffer = Vec::new();
        let mut builder = Builder::new(&mut buffer, MessageType::Reply, 1);
        builder.option(code, data).finish().unwrap();
        Message::parse(&buffer).err()
    };
    let short = Malformed { code: code::IA_NA, len: 11 };
    assert_eq!(with(code::IA_NA, &[0; 11]), Some(MessageError::Container(short)));
    let mut cut = vec![0; 12];
    cut.extend([0, 5, 0, 25]);
    let damage = Damage { offset: 0, code: Some(5), claimed: Some(25), available: 0 };
    assert_eq!(with(code::IA_NA, &cut), Some(MessageError::Options(damage)));
    cut[15] = 0;
    let short = Malformed { code: code::IAADDR, len: 0 };
    assert_eq!(with(code::IA_NA, &cut), Some(MessageError::Container(short)));
    cut[15] = 25;
    cut.extend([0; 25]);
    let damage = Damage { offset: 0, code: None, claimed: None, available: 0 };
    assert_eq!(with(code::IA_NA, &cut), Some(MessageError::Options(damage)));
    assert_eq!(with(code::IA_NA, &[0; 12]), None);
}

#[test]
fn what_fits_no_datagram_is_refused_and_taken_back() {
    let mut buffer = vec![1, 2];
    let mut builder = Builder::new(&mut buffer, MessageType::Reply, 1);
    builder.option(1, &vec![0; 65535 - 8]);
    assert_eq!(builder.finish(), Ok(65535));
    buffer.truncate(2);
    let mut builder = Builder::new(&mut buffer, MessageType::Reply, 1);
    builder.option(1, &vec![0; 65535 - 7]);
    assert_eq!(builder.finish(), Err(TooLong { len: 65536 }));
    assert_eq!(buffer, [1, 2]);
    let mut builder = Builder::new(&mut buffer, MessageType::Reply, 1);
    builder.ia_ta(Iaid(1), |ia| {
        ia.option(1, &[0; 40_000]).option(2, &[0; 40_000]);
    });
    assert!(builder.finish().is_err());
    assert_eq!(buffer, [1, 2]);
}

/// A relay that asks for all its options to be echoed a thousand times over gets them once.
#[test]
fn an_echo_request_is_bounded() {
    let mut buffer = Vec::new();
    let mut builder = Builder::relayed(&mut buffer);
    let (link, peer) = (Ipv6Addr::LOCALHOST, Ipv6Addr::LOCALHOST);
    builder.relay(MessageType::RelayForward, 0, link, peer, |envelope| {
        let wanted: Vec<u16> = (100..1100).collect();
        envelope.codes(code::ERO, &wanted).option(100, &[1]).option(131, &[2]).option(132, &[3]);
    });
    builder.message(MessageType::Solicit, 1).finish().unwrap();
    let query = View::parse(&buffer).unwrap();
    let mut answer = Vec::new();
    Builder::reply(&mut answer, &query, MessageType::Advertise).finish().unwrap();
    let answer = Message::parse(&answer).unwrap();
    assert_eq!(answer.relays[0].options, [(100, vec![1]), (131, vec![2])]);
}
