//! More queries than can be served: who has something to lose comes first, whatever another relay sends.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use kea_testkit::{Frame, Lab, MessageType, Packet4, RawClient4};
use serde_json::{Value, json};

/// More than may wait, less than the receive buffer holds.
const FLOOD: u32 = 1600;
/// Classes that make the server slow, and octets that each of them spells out for every query. All of the
/// flood then takes far longer than queries may wait before the server takes it for overload.
const CLASSES: u32 = 20;
const OCTETS: usize = 60_000;
const LOUD: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);
const QUIET: Ipv4Addr = Ipv4Addr::new(10, 2, 0, 1);

/// A query through a relay.
fn relayed(relay: Ipv4Addr, query: &Packet4) -> Frame {
    let query = Packet4 { giaddr: relay, hops: 1, ..query.clone() };
    Frame {
        to_mac: [0xff; 6],
        from_mac: [2, 0, 0, 0, 1, relay.octets()[1]],
        from: SocketAddr::from((relay, 67)),
        to: SocketAddr::from((Ipv4Addr::BROADCAST, 67)),
        payload: query.encode(),
    }
}

/// A class that nobody is in, which takes long to find out.
fn slow_class(number: u32) -> Value {
    let text = format!("{number:010}").repeat(OCTETS / 10);
    // Of no use without an option, and so not looked at.
    json!({
        "name": format!("slow-{number}"), "test": format!("hexstring('{text}' + pkt4.mac, ':') == ''"),
        "option-data": [{ "name": "host-name", "data": "slow" }],
    })
}

/// One thread that cannot keep up with the flood, and so many queries that may wait for it.
fn overwhelmed(loggers: &Value, waiting: u32) -> Value {
    json!({
        "loggers": loggers,
        "client-classes": (0..CLASSES).map(slow_class).collect::<Vec<_>>(),
        "multi-threading": {
            "enable-multi-threading": true, "thread-pool-size": 1, "packet-queue-size": waiting,
        },
        "subnet4": [
            // Nothing to offer: answers to the flood would only fill the client's buffer.
            { "id": 1, "subnet": "10.1.0.0/16" },
            { "id": 2, "subnet": "10.2.0.0/16", "pools": [{ "pool": "10.2.0.10 - 10.2.0.10" }] },
        ],
    })
}

/// Far more than the server can do at once.
fn flood(client: &mut RawClient4) {
    for number in 0..FLOOD {
        let [_, b, c, d] = number.to_be_bytes();
        let mac = [2, 1, 0, b, c, d];
        let discover = Packet4::query(MessageType::Discover, mac, 0x100_0000 + number);
        client.send(&relayed(LOUD, &discover)).unwrap();
    }
}

#[test]
fn renewals_of_one_relay_survive_a_flood_of_another() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    server_ns.ip(&["route", "add", "10.0.0.0/8", "dev", "eth0"]).unwrap();
    let config = overwhelmed(&setup.quiet_loggers(), 64);
    let server = setup.start_with(&server_ns, &config).unwrap();
    let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
    let (mac, address) = ([2, 0, 0, 0, 0, 0x0a], Ipv4Addr::new(10, 2, 0, 10));
    let renewal = |xid: u32| {
        let query = Packet4::query(MessageType::Request, mac, xid);
        relayed(QUIET, &Packet4 { ciaddr: address, ..query })
    };
    let acknowledged = |client: &mut RawClient4, xid: u32| {
        let answer = client.answer(xid, Duration::from_secs(60)).unwrap();
        let (_, packet) = answer.unwrap_or_else(|| panic!("renewal {xid} is not answered"));
        assert_eq!((packet.message_type(), packet.yiaddr), (Some(MessageType::Ack), address));
    };
    client.send(&renewal(1)).unwrap();
    acknowledged(&mut client, 1);

    flood(&mut client);
    let renewals = 2..12;
    for xid in renewals.clone() {
        client.send(&renewal(xid)).unwrap();
    }
    for xid in renewals {
        acknowledged(&mut client, xid);
    }

    // One more, so that all before it are done with.
    client.send(&renewal(300)).unwrap();
    acknowledged(&mut client, 300);
    let count = |name| server.control().statistic(name).unwrap().unwrap_or(0);
    assert_eq!(count("pkt4-received"), i64::from(FLOOD) + 12);
    assert_eq!(count("pkt4-ack-sent"), 12);
    assert!(count("pkt4-queue-full") > 0, "nothing was let go");
    // Every query is accounted for.
    let looked_at = count("pkt4-ack-sent") + count("v4-allocation-fail");
    assert_eq!(count("pkt4-received"), looked_at + count("pkt4-receive-drop"));
    let reasons = ["pkt4-queue-full", "pkt4-duplicate", "pkt4-stale"];
    assert_eq!(count("pkt4-receive-drop"), reasons.map(count).iter().sum::<i64>());
}

#[test]
fn a_query_that_finds_no_room_is_told() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    server_ns.ip(&["route", "add", "10.0.0.0/8", "dev", "eth0"]).unwrap();
    let mut loggers = setup.quiet_loggers();
    let mut own = loggers[0].clone();
    own["name"] = json!("kea-dhcp4.dhcp4");
    own["severity"] = json!("DEBUG");
    own["debuglevel"] = json!(40);
    loggers.as_array_mut().unwrap().push(own);
    let server = setup.start_with(&server_ns, &overwhelmed(&loggers, 1)).unwrap();
    flood(&mut RawClient4::open(&client_ns, "eth0").unwrap());
    let told = server.logged(0, "DHCP4_PACKET_QUEUE_FULL", Duration::from_secs(120)).unwrap();
    assert!(told.contains(" DEBUG [kea-dhcp4.dhcp4/"), "{told}");
    assert!(server.control().statistic("pkt4-queue-full").unwrap().unwrap() > 0);
}
