//! Arbitrary bytes and arbitrary messages.

use std::net::{Ipv4Addr, Ipv6Addr};

use kea_wire::frame::{Checksum, Udp4};
use kea_wire::{HwAddr, v4, v6};
use proptest::collection::{hash_map, vec};
use proptest::prelude::*;
use proptest::test_runner::{FileFailurePersistence, RngSeed};

use crate::captures;

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 512,
        rng_seed: RngSeed::Fixed(0x6b65_6136),
        failure_persistence: Some(Box::new(FileFailurePersistence::Off)),
        ..ProptestConfig::default()
    }
}

/// Reads all that a view offers; the sum keeps the calls alive.
fn touch_v4(bytes: &[u8]) -> usize {
    let Ok(view) = v4::View::parse(bytes) else { return 0 };
    let joined = (0..=255).filter_map(|code| view.option(code)).map(|data| data.len());
    let info = view.relay_agent_info().map_or(0, |info| info.sub_options().count());
    let mut buffer = Vec::new();
    let mut answer = v4::Builder::reply(&mut buffer, &view, v4::MessageType::Offer);
    view.options().for_each(|(code, data)| {
        answer.option(code, data);
    });
    let answer = answer.max_len(0).finish().len;
    let _ = (view.client_id(), view.hw_addr(), view.file(), view.sname(), view.damage());
    let total = view.options().map(|(_, data)| data.len()).sum::<usize>();
    assert_eq!(joined.sum::<usize>(), total, "every instance is in exactly one joined option");
    total + info + answer
}

fn touch_v6(bytes: &[u8]) -> usize {
    let Ok(view) = v6::View::parse(bytes) else { return 0 };
    let associations = view.associations().filter_map(Result::ok).map(|ia| {
        ia.addresses().filter_map(Result::ok).count() + ia.prefixes().filter_map(Result::ok).count()
    });
    let relays = view.relays().iter().map(|relay| {
        let _ = (relay.remote_id(), relay.relay_id(), relay.client_link_layer_address());
        relay.echo_request().count() + relay.supplied_options().iter().count()
    });
    let _ = (view.client_id(), view.auth(), view.fqdn(), view.status(), view.damage());
    let vendor = view.vendor_classes().map(|class| class.tuples().count()).sum::<usize>()
        + view.vendor_opts().map(|vendor| vendor.options.iter().count()).sum::<usize>();
    let mut buffer = Vec::new();
    let answer = v6::Builder::reply(&mut buffer, &view, v6::MessageType::Reply).finish();
    associations.sum::<usize>() + relays.sum::<usize>() + vendor + answer.unwrap_or(0)
}

/// A capture with some octets changed and an end cut off: nearer to real trouble than noise is.
fn mutated(captures: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let changes = vec((any::<prop::sample::Index>(), any::<u8>()), 0..12);
    (prop::sample::select(captures), changes, any::<prop::sample::Index>()).prop_map(
        |(mut bytes, changes, cut)| {
            for (at, octet) in changes {
                let at = at.index(bytes.len());
                bytes[at] = octet;
            }
            bytes.truncate(bytes.len() - cut.index(bytes.len()) / 4);
            bytes
        },
    )
}

fn v4_captures() -> Vec<Vec<u8>> {
    vec![captures::kea_offer_to_dhcpcd(), captures::udhcpc_discover()]
}

fn v6_captures() -> Vec<Vec<u8>> {
    vec![captures::kea_advertise(), captures::dhclient_request6()]
}

fn v4_message() -> impl Strategy<Value = v4::Message> {
    let header = (any::<bool>(), any::<u8>(), vec(any::<u8>(), 0..=16), any::<u8>(), any::<u32>());
    let addresses = any::<[u32; 4]>().prop_map(|bits| bits.map(Ipv4Addr::from_bits));
    let text = |max| vec(1u8.., 0..max);
    let codes = (1u8..=254).prop_filter("overload is undone", |&code| code != 52);
    let options = hash_map(codes, vec(any::<u8>(), 0..700), 0..20);
    (header, any::<(u16, u16)>(), addresses, text(64), text(128), options).prop_map(
        |((reply, htype, chaddr, hops, xid), (secs, flags), addresses, sname, file, options)| {
            let [ciaddr, yiaddr, siaddr, giaddr] = addresses;
            v4::Message {
                op: if reply { v4::Op::Reply } else { v4::Op::Request },
                hw_addr: HwAddr::new(u16::from(htype), &chaddr).unwrap(),
                hops,
                xid,
                secs,
                flags,
                ciaddr,
                yiaddr,
                siaddr,
                giaddr,
                sname,
                file,
                options: options.into_iter().collect(),
            }
        },
    )
}

fn v6_message() -> impl Strategy<Value = v6::Message> {
    // Containers have a shape of their own; the codes from 200 on have none.
    let options = || vec((200u16.., vec(any::<u8>(), 0..300)), 0..12);
    let relay = (any::<(bool, u8, u128, u128)>(), options()).prop_map(
        |((reply, hop_count, link, peer), options)| v6::RelayEnvelope {
            message_type: if reply {
                v6::MessageType::RelayReply
            } else {
                v6::MessageType::RelayForward
            },
            hop_count,
            link_address: Ipv6Addr::from_bits(link),
            peer_address: Ipv6Addr::from_bits(peer),
            options,
        },
    );
    let kinds: Vec<_> =
        v6::MessageType::ASSIGNED.iter().copied().filter(|kind| !kind.is_relay()).collect();
    (vec(relay, 0..6), prop::sample::select(kinds), 0u32..1 << 24, options()).prop_map(
        |(relays, message_type, xid, options)| v6::Message { relays, message_type, xid, options },
    )
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn noise_never_panics(bytes in vec(any::<u8>(), 0..600)) {
        touch_v6(&bytes);
        let _ = Udp4::parse(&bytes, Checksum::Verify);
        let _ = (v4::Message::parse(&bytes), v6::Message::parse(&bytes));
    }

    #[test]
    fn noise_after_a_v4_header_never_panics(
        options in vec(any::<u8>(), 0..600),
        overload in 0u8..5,
    ) {
        let mut bytes = captures::dhclient_discover();
        bytes.truncate(240);
        // The same noise serves as `sname` and `file`.
        let len = options.len().min(192);
        bytes[44..44 + len].copy_from_slice(&options[..len]);
        bytes.extend([52, 1, overload]);
        bytes.extend(&options);
        touch_v4(&bytes);
    }

    #[test]
    fn mutated_v4_packets_never_panic(bytes in mutated(v4_captures())) {
        touch_v4(&bytes);
        let _ = v4::Message::parse(&bytes);
    }

    #[test]
    fn mutated_v6_packets_never_panic(bytes in mutated(v6_captures())) {
        touch_v6(&bytes);
        let _ = v6::Message::parse(&bytes);
    }

    #[test]
    fn mutated_frames_never_panic(bytes in mutated(vec![captures::kea_offer_frame()])) {
        let _ = Udp4::parse(&bytes, Checksum::Verify);
        let _ = Udp4::parse(&bytes, Checksum::Offloaded);
    }

    #[test]
    fn v4_messages_read_back(message in v4_message()) {
        let bytes = message.to_bytes();
        prop_assert_eq!(bytes.len(), message.buffer_len());
        prop_assert_eq!(v4::Message::parse(&bytes), Ok(message));
    }

    #[test]
    fn v6_messages_read_back(message in v6_message()) {
        let bytes = message.to_bytes().unwrap();
        prop_assert_eq!(bytes.len(), message.buffer_len());
        prop_assert_eq!(v6::Message::parse(&bytes), Ok(message));
    }

    #[test]
    fn what_is_strictly_read_is_written_the_same(bytes in mutated(v6_captures())) {
        if let Ok(message) = v6::Message::parse(&bytes) && message.relays.is_empty() {
            prop_assert_eq!(message.to_bytes().unwrap(), bytes);
        }
    }

    #[test]
    fn limited_v4_answers_keep_to_the_limit_and_lose_nothing_unsaid(
        lens in vec(0usize..200, 0..12),
        limit in 548usize..900,
    ) {
        let query = captures::dhclient_discover();
        let query = v4::View::parse(&query).unwrap();
        let mut buffer = Vec::new();
        let mut builder = v4::Builder::reply(&mut buffer, &query, v4::MessageType::Ack);
        builder.max_len(limit);
        let options: Vec<_> = (100u8..).zip(lens).map(|(code, len)| (code, vec![code; len])).collect();
        for (code, data) in &options {
            builder.option(*code, data);
        }
        let emitted = builder.finish();
        prop_assert!(buffer.len() <= limit);
        let view = v4::View::parse(&buffer).unwrap();
        prop_assert_eq!(view.damage(), None);
        prop_assert_eq!(view.overload(), emitted.overload);
        for (code, data) in &options {
            let found = view.option(*code);
            prop_assert_eq!(found.is_none(), emitted.omitted.contains(code));
            prop_assert!(found.is_none_or(|found| found == *data));
        }
    }
}
