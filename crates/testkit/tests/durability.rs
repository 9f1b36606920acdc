//! What was acknowledged is kept, and kept apart.

use std::collections::HashMap;
use std::time::Duration;

use kea_testkit::{Lab, Load, MessageType, Packet4, RawClient4, ServerSetup, Subject};
use serde_json::json;

#[test]
fn a_kill_in_the_middle_of_load_loses_no_acknowledged_lease() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let setup = ServerSetup::new(Subject::from_environment(), 4).unwrap();
    let config = json!({
        "loggers": setup.quiet_loggers(),
        "subnet4": [{ "id": 1, "subnet": "192.0.0.0/16", "pools": [{ "pool": "192.0.16.0/20" }] }],
    });
    let mut server = setup.start_with(&server_ns, &config).unwrap();
    let client = RawClient4::open(&client_ns, "eth0").unwrap();
    let mut load = Load::new(client, 1, 32);

    for round in 1..=3 {
        load.run(Duration::from_secs(30), |load| load.acknowledged().len() >= round * 300).unwrap();
        // 32 clients are under way: some answers are being made right now.
        server.kill().unwrap();
        // What the server sent before it died still counts.
        load.run(Duration::from_millis(100), |_| false).unwrap();
        assert!(load.acknowledged().len() >= round * 300, "the load stalled");

        server.start_again().unwrap();
        let leases = server.leases().unwrap();
        let mut holders = HashMap::new();
        for promise in load.acknowledged() {
            let row = leases.get(&promise.address.to_string());
            let holder = row.map(|row| row.column("hwaddr").replace(':', ""));
            let mac: String = promise.mac.iter().map(|octet| format!("{octet:02x}")).collect();
            assert_eq!(holder.as_deref(), Some(mac.as_str()), "round {round}: {promise:?}");
            let other = holders.insert(promise.address, promise.mac);
            assert!(other.is_none_or(|other| other == promise.mac), "{promise:?} and {other:?}");
        }
    }

    // The restarted server stands by its word on the wire too.
    let promises: Vec<_> = load.acknowledged().iter().step_by(50).copied().collect();
    let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
    for (i, promise) in promises.iter().enumerate() {
        let reboot = Packet4::query(MessageType::Request, promise.mac, 0x7000_0000 + i as u32)
            .with_option(50, &promise.address.octets());
        let answer = client.exchange(&reboot, Duration::from_secs(5)).unwrap().unwrap();
        assert_eq!(answer.message_type(), Some(MessageType::Ack), "{promise:?}");
        assert_eq!(answer.yiaddr, promise.address);
    }
}

#[test]
fn a_full_pool_is_dealt_out_once() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let setup = ServerSetup::new(Subject::from_environment(), 4).unwrap();
    let config = json!({
        "loggers": setup.quiet_loggers(),
        "subnet4": [{ "id": 1, "subnet": "192.0.0.0/16", "pools": [{ "pool": "192.0.16.0/25" }] }],
    });
    let server = setup.start_with(&server_ns, &config).unwrap();
    let mut load = Load::new(RawClient4::open(&client_ns, "eth0").unwrap(), 1, 8);
    load.run(Duration::from_secs(30), |load| load.acknowledged().len() >= 128).unwrap();
    let mut addresses: Vec<_> = load.acknowledged().iter().map(|a| a.address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 128);
    // Nobody is left an address, whoever asks.
    load.run(Duration::from_millis(300), |_| false).unwrap();
    assert_eq!(load.acknowledged().len(), 128);
    assert_eq!(server.control().statistic("subnet[1].assigned-addresses").unwrap(), Some(128));
}
