//! What was acknowledged is kept, and kept apart.

use std::collections::HashMap;
use std::time::Duration;

use kea_testkit::scenario::Dialect;
use kea_testkit::v6::Packet6;
use kea_testkit::{
    Lab, Load, Netns, Packet4, RawClient, Server, ServerSetup, Subject, first_query,
};
use serde_json::json;

/// A server whose only pool is this one.
fn start<D: Dialect>(netns: &Netns, pool: &str) -> Server {
    let setup = ServerSetup::new(Subject::from_environment(), D::VERSION).unwrap();
    let prefix = if D::VERSION == 4 { "192.0.0.0/16" } else { "2001:db8:1::/64" };
    let subnets = format!("subnet{}", D::VERSION);
    let mut config = json!({ "loggers": setup.quiet_loggers() });
    config[&subnets] = json!([{ "id": 1, "subnet": prefix, "pools": [{ "pool": pool }] }]);
    if D::VERSION == 6 {
        config[&subnets][0]["interface"] = json!("eth0");
    }
    setup.start_with(netns, &config).unwrap()
}

fn a_kill_in_the_middle_of_load_loses_no_acknowledged_lease<D: Dialect>(pool: &str) {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let mut server = start::<D>(&server_ns, pool);
    let client = RawClient::<D>::open(&client_ns, "eth0").unwrap();
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
    let mut client = RawClient::<D>::open(&client_ns, "eth0").unwrap();
    for (i, promise) in promises.iter().enumerate() {
        let query: D = first_query(promise.mac, 0x0070_0000 + i as u32).unwrap();
        let offer = client.exchange(&query, Duration::from_secs(20)).unwrap().unwrap();
        assert_eq!(offer.leased(), Some(promise.address.to_string()), "{promise:?}");
    }
}

#[test]
fn a_kill_in_the_middle_of_load_loses_no_acknowledged_lease_of_dhcpv4() {
    a_kill_in_the_middle_of_load_loses_no_acknowledged_lease::<Packet4>("192.0.16.0/20");
}

#[test]
fn a_kill_in_the_middle_of_load_loses_no_acknowledged_lease_of_dhcpv6() {
    a_kill_in_the_middle_of_load_loses_no_acknowledged_lease::<Packet6>("2001:db8:1::/80");
}

fn a_full_pool_is_dealt_out_once<D: Dialect>(pool: &str, statistic: &str) {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let server = start::<D>(&server_ns, pool);
    let mut load = Load::new(RawClient::<D>::open(&client_ns, "eth0").unwrap(), 1, 8);
    load.run(Duration::from_secs(30), |load| load.acknowledged().len() >= 128).unwrap();
    let mut addresses: Vec<_> = load.acknowledged().iter().map(|a| a.address).collect();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(addresses.len(), 128);
    // Nobody is left an address, whoever asks.
    load.run(Duration::from_millis(300), |_| false).unwrap();
    assert_eq!(load.acknowledged().len(), 128);
    assert_eq!(server.control().statistic(statistic).unwrap(), Some(128));
}

#[test]
fn a_full_pool_of_dhcpv4_is_dealt_out_once() {
    a_full_pool_is_dealt_out_once::<Packet4>("192.0.16.0/25", "subnet[1].assigned-addresses");
}

#[test]
fn a_full_pool_of_dhcpv6_is_dealt_out_once() {
    let pool = "2001:db8:1::100-2001:db8:1::17f";
    a_full_pool_is_dealt_out_once::<Packet6>(pool, "subnet[1].assigned-nas");
}
