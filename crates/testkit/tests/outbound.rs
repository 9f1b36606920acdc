//! The way that answers leave by: the routing table's, the query's, or back to the sender.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use kea_testkit::{Capture, Frame, Lab, MessageType, Packet4, RawClient4, ServerSetup, Subject};
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(20);
const RELAY: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
const NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);

/// A DISCOVER of a relay that sends it from another of its addresses.
fn discover(xid: u32) -> Frame {
    let mut discover = Packet4::query(MessageType::Discover, [2, 0, 0, 0, 0, 0x0a], xid);
    (discover.giaddr, discover.hops) = (RELAY, 1);
    Frame {
        to_mac: [0xff; 6],
        from_mac: [2, 0, 0, 0, 0, 7],
        from: SocketAddr::from((NEIGHBOUR, 67)),
        to: SocketAddr::from((Ipv4Addr::new(192, 0, 2, 1), 67)),
        payload: discover.encode(),
    }
}

#[test]
fn answers_leave_as_the_routing_table_says() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, near_ns) = lab.pair().unwrap();
    let far_ns = lab.netns("far").unwrap();
    lab.cable((&server_ns, "eth1"), (&far_ns, "eth0")).unwrap();
    server_ns.address("eth1", "203.0.113.1/24").unwrap();
    far_ns.address("eth0", "203.0.113.2/24").unwrap();
    server_ns.ip(&["route", "add", "198.51.100.0/24", "via", "203.0.113.2"]).unwrap();
    let interfaces = json!({
        "interfaces": ["eth0", "eth1"], "dhcp-socket-type": "udp",
        "outbound-interface": "use-routing",
    });
    let config = json!({ "interfaces-config": interfaces, "subnet4": [
        { "id": 1, "subnet": "198.51.100.0/24", "pools": [{ "pool": "198.51.100.10/31" }] },
        { "id": 2, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10/31" }] },
    ] });
    let setup = ServerSetup::new(Subject::from_environment(), 4).unwrap();
    let server = setup.start_with(&server_ns, &config).unwrap();
    let chosen = server.logged(0, "DHCPSRV_CFGMGR_SOCKET_TYPE_SELECT", LIMIT).unwrap();
    assert!(chosen.contains("udp"), "{chosen}");
    let mut near = RawClient4::open(&near_ns, "eth0").unwrap();
    let mut far = RawClient4::open(&far_ns, "eth0").unwrap();
    // Clients that have no address are not heard by sockets of this type.
    near.broadcast(&Packet4::query(MessageType::Discover, [2, 0, 0, 0, 0, 6], 6)).unwrap();
    near.send(&discover(7)).unwrap();
    let (frame, offer) = far.answer(7, LIMIT).unwrap().expect("the answer on the other cable");
    assert_eq!(offer.message_type(), Some(MessageType::Offer));
    assert_eq!(frame.to, SocketAddr::from((RELAY, 67)));
    // The source address is the routing table's, too.
    assert_eq!(frame.from, SocketAddr::from((Ipv4Addr::new(203, 0, 113, 1), 67)));
    assert_eq!(server.control().statistic("pkt4-received").unwrap(), Some(1));
    assert!(near.answer(6, Duration::from_millis(100)).unwrap().is_none());
}

/// What is known of the path, which anybody can pretend to tell, makes no fragments. Kea 2.2 leaves that
/// to the system.
#[test]
fn answers_leave_whole_whatever_the_path_is_said_to_take() {
    for kind in ["udp", "raw"] {
        let mut lab = Lab::new().unwrap();
        let (server_ns, relay_ns) = lab.pair().unwrap();
        relay_ns.address("eth0", "192.0.2.7/24").unwrap();
        // What an ICMP message of a router on the way leaves behind.
        server_ns
            .ip(&["route", "add", "198.51.100.0/24", "via", "192.0.2.7", "mtu", "600"])
            .unwrap();
        let text = |code: u8| json!({ "code": code, "data": "x".repeat(250), "always-send": true });
        let config = json!({
            "interfaces-config": { "interfaces": ["eth0"], "dhcp-socket-type": kind },
            "option-data": [text(15), text(17), text(40)],
            "subnet4": [
                { "id": 1, "subnet": "198.51.100.0/24", "pools": [{ "pool": "198.51.100.10/31" }] },
            ],
        });
        let subject = Subject::from_environment();
        let setup = ServerSetup::new(subject, 4).unwrap();
        let _server = setup.start_with(&server_ns, &config).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let capture = Capture::start(&relay_ns, "eth0", &folder.path().join("pcap")).unwrap();
        let mut relay = RawClient4::open(&relay_ns, "eth0").unwrap();
        relay.send(&discover(9)).unwrap();
        // The end of what Kea 2.2 sends in pieces is no answer.
        let is_cut = (subject, kind) == (Subject::Debian, "udp");
        let limit = if is_cut { Duration::from_secs(1) } else { LIMIT };
        let answer = relay.answer(9, limit).unwrap();
        let frames = capture.stop().unwrap();
        let fields = ["ip.flags.df", "ip.flags.mf", "ip.frag_offset", "udp.length"];
        let seen = frames.fields("ip.src == 192.0.2.1 and udp", &fields).unwrap();
        let [flags] = &seen[..] else { panic!("{kind}: {seen:?}") };
        let Some((_, offer)) = answer else {
            assert!(is_cut && flags.starts_with("0\t0\t72"), "{kind}: {flags}");
            continue;
        };
        assert_eq!(offer.option(17).map(|path| path.len()), Some(250));
        // As both write it into frames themselves, and as routers can still cut it.
        let is_uncuttable = if kind == "raw" { "1" } else { "0" };
        assert!(flags.starts_with(&format!("{is_uncuttable}\t0\t0\t")), "{kind}: {flags}");
    }
}

#[test]
fn tests_can_have_answers_sent_back_to_the_sender() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let mut setup = ServerSetup::new(Subject::from_environment(), 4).unwrap();
    setup.set_environment("KEA_TEST_SEND_RESPONSES_TO_SOURCE", "ENABLED");
    let config = json!({ "subnet4": [
        { "id": 1, "subnet": "198.51.100.0/24", "pools": [{ "pool": "198.51.100.10/31" }] },
    ] });
    let server = setup.start_with(&server_ns, &config).unwrap();
    server.logged(0, "DHCP4_TESTING_MODE_SEND_TO_SOURCE_ENABLED", LIMIT).unwrap();
    let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
    client.send(&discover(8)).unwrap();
    let (frame, _) = client.answer(8, LIMIT).unwrap().expect("an answer");
    assert_eq!(frame.to, SocketAddr::from((NEIGHBOUR, 67)));
}
