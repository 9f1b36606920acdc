//! Reading a query and writing an answer into a buffer that is large enough allocate nothing.

use std::net::{Ipv4Addr, Ipv6Addr};

use allocation_counter::measure;
use kea_wire::{Iaid, v4, v6};

#[test]
fn the_counter_counts() {
    assert_eq!(measure(|| drop(std::hint::black_box(vec![1u8; 10]))).count_total, 1);
}

#[test]
fn a_v4_exchange_allocates_nothing() {
    let mut discover =
        v4::Message::request("02:00:00:00:00:01".parse().unwrap(), 1, v4::MessageType::Discover);
    discover
        .set_option(v4::code::CLIENT_ID, [1, 2, 0, 0, 0, 0, 1])
        .set_option(v4::code::HOST_NAME, *b"workstation")
        .set_option(v4::code::PARAMETER_REQUEST_LIST, [1, 3, 6, 15])
        .set_option(v4::code::RELAY_AGENT_INFO, [1, 2, 9, 9]);
    let bytes = discover.to_bytes();
    let mut buffer = Vec::with_capacity(1500);
    let mut facts = None;
    let info = measure(|| {
        let view = v4::View::parse(&bytes).unwrap();
        let relay_agent_info = view.relay_agent_info().unwrap();
        let mut offer = v4::Builder::reply(&mut buffer, &view, v4::MessageType::Offer);
        offer
            .yiaddr(Ipv4Addr::new(192, 0, 2, 7))
            .option(v4::code::CLIENT_ID, view.client_id().unwrap().octets())
            .option(v4::code::HOST_NAME, &view.host_name().unwrap())
            .relay_agent_info(relay_agent_info.data());
        facts = Some((view.options().count(), offer.finish().len));
    });
    assert_eq!(info.count_total, 0);
    assert_eq!(facts, Some((5, 240 + 3 + 9 + 13 + 6 + 1)));
}

#[test]
fn a_v6_exchange_allocates_nothing() {
    let mut bytes = Vec::new();
    let mut solicit = v6::Builder::relayed(&mut bytes);
    for hop in 0..4 {
        let address = Ipv6Addr::LOCALHOST;
        solicit.relay(v6::MessageType::RelayForward, hop, address, address, |envelope| {
            envelope.option(v6::code::INTERFACE_ID, &[hop]);
        });
    }
    solicit.message(v6::MessageType::Solicit, 1).option(v6::code::CLIENT_ID, &[0, 3, 0, 1, 7]);
    solicit.ia_na(Iaid(1), 0, 0, |_| ()).finish().unwrap();
    let mut buffer = Vec::with_capacity(1500);
    let mut written = None;
    let info = measure(|| {
        let view = v6::View::parse(&bytes).unwrap();
        let mut advertise = v6::Builder::reply(&mut buffer, &view, v6::MessageType::Advertise);
        for ia in view.associations().flatten() {
            advertise.ia_na(ia.iaid, 1, 2, |ia| {
                ia.ia_address(Ipv6Addr::LOCALHOST, 3, 4, |_| ());
            });
        }
        advertise.option(v6::code::CLIENT_ID, view.client_id().unwrap().octets());
        written = advertise.finish().ok();
    });
    assert_eq!(info.count_total, 0);
    assert_eq!(written, Some(4 * (34 + 5 + 4) + 4 + 16 + 28 + 9));
}
