//! More queries than can be served: who has something to lose comes first, whatever another relay sends.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use kea_testkit::{Frame, Lab, MessageType, Packet4, RawClient4, ServerSetup, Subject};
use serde_json::json;

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

#[test]
fn renewals_of_one_relay_survive_a_flood_of_another() {
    if Subject::from_environment() == Subject::Debian {
        return;
    }
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    server_ns.ip(&["route", "add", "10.0.0.0/8", "dev", "eth0"]).unwrap();
    let setup = ServerSetup::new(Subject::Ours, 4).unwrap();
    let config = json!({
        "loggers": setup.quiet_loggers(),
        "multi-threading": {
            "enable-multi-threading": true, "thread-pool-size": 1, "packet-queue-size": 64,
        },
        "subnet4": [
            { "id": 1, "subnet": "10.1.0.0/16", "pools": [{ "pool": "10.1.128.0/17" }] },
            { "id": 2, "subnet": "10.2.0.0/16", "pools": [{ "pool": "10.2.0.10 - 10.2.0.10" }] },
        ],
    });
    let server = setup.start_with(&server_ns, &config).unwrap();
    let mut quiet = RawClient4::open(&client_ns, "eth0").unwrap();
    let mac = [2, 0, 0, 0, 0, 0x0a];
    let address = Ipv4Addr::new(10, 2, 0, 10);
    let mut renew = |xid: u32, limit: Duration| {
        let mut renewal = Packet4::query(MessageType::Request, mac, xid);
        renewal.ciaddr = address;
        quiet.send(&relayed(QUIET, &renewal)).unwrap();
        let answer = quiet.answer(xid, limit).unwrap();
        answer.map(|(_, packet)| (packet.message_type(), packet.yiaddr))
    };
    let served = Some((Some(MessageType::Ack), address));
    assert_eq!(renew(1, Duration::from_secs(5)), served);

    let is_over = AtomicBool::new(false);
    let mut loud = RawClient4::open(&client_ns, "eth0").unwrap();
    let full = || server.control().statistic("pkt4-queue-full").unwrap().unwrap_or(0);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for number in (0_u32..).take_while(|_| !is_over.load(Ordering::Relaxed)) {
                let [_, b, c, d] = number.to_be_bytes();
                let discover =
                    Packet4::query(MessageType::Discover, [2, 1, 0, b, c, d], 0x100_0000 + number);
                // A full send buffer loses a query of the flood.
                let _ = loud.send(&relayed(LOUD, &discover));
            }
        });
        let deadline = Instant::now() + Duration::from_secs(20);
        while full() == 0 {
            assert!(Instant::now() < deadline, "the flood does not fill the queue");
        }
        // Some are lost before the server sees them, and a client asks again.
        let answered = (2..202).filter(|xid| renew(*xid, Duration::from_millis(500)) == served);
        assert_eq!(answered.take(10).count(), 10);
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(renew(300, Duration::from_secs(20)), served);
    // Every renewal that arrived was answered, and every query is accounted for.
    let count = |name| server.control().statistic(name).unwrap().unwrap_or(0);
    assert_eq!(count("pkt4-request-received"), count("pkt4-ack-sent"));
    assert_eq!(count("pkt4-received"), count("pkt4-sent") + count("pkt4-receive-drop"));
    let reasons = ["pkt4-queue-full", "pkt4-duplicate", "pkt4-stale"];
    assert_eq!(count("pkt4-receive-drop"), reasons.map(count).iter().sum::<i64>());
}
