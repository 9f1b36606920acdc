//! Interfaces that come and go, and reloads under load. Kea 2.2 needs restarts and loses queries here,
//! so these promises are checked for our server only.

use std::net::Ipv4Addr;
use std::time::Duration;

use kea_testkit::{Client, Lab, Load, RawClient4, ServerSetup, Subject, Udhcpc};
use serde_json::json;

#[test]
fn an_interface_is_served_when_it_comes_and_when_it_returns() {
    if Subject::from_environment() == Subject::Debian {
        return;
    }
    let mut lab = Lab::new().unwrap();
    let (server_ns, _first_client) = lab.pair().unwrap();
    let client_ns = lab.netns("late").unwrap();
    let setup = ServerSetup::new(Subject::Ours, 4).unwrap();
    let config = json!({
        "interfaces-config": { "interfaces": ["eth0", "late0"] },
        "subnet4": [
            { "id": 1, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10 - 192.0.2.20" }] },
            { "id": 2, "subnet": "10.8.0.0/24", "pools": [{ "pool": "10.8.0.10 - 10.8.0.20" }] },
        ],
    });
    let server = setup.start_with(&server_ns, &config).unwrap();
    for round in 0..2 {
        lab.cable((&server_ns, "late0"), (&client_ns, "eth0")).unwrap();
        client_ns.ip(&["link", "set", "eth0", "address", "02:00:00:00:00:0a"]).unwrap();
        server_ns.address("late0", "10.8.0.1/24").unwrap();
        // udhcpc repeats its DISCOVER every second, which is how any client meets a late server.
        let lease = Udhcpc::new(&client_ns, "eth0").unwrap().obtain().unwrap();
        assert_eq!(lease.address, Ipv4Addr::new(10, 8, 0, 10), "round {round}");
        server_ns.ip(&["link", "del", "late0"]).unwrap();
    }
    assert_eq!(server.control().command("version-get", json!(null)).unwrap().result, 0);
}

#[test]
fn an_address_that_comes_late_is_served() {
    if Subject::from_environment() == Subject::Debian {
        return;
    }
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = (lab.netns("server").unwrap(), lab.netns("client").unwrap());
    lab.cable((&server_ns, "eth0"), (&client_ns, "eth0")).unwrap();
    let setup = ServerSetup::new(Subject::Ours, 4).unwrap();
    let config = json!({ "interfaces-config": { "interfaces": ["*"] }, "subnet4": [
        { "id": 1, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10 - 192.0.2.20" }] },
    ] });
    let _server = setup.start_with(&server_ns, &config).unwrap();
    server_ns.address("eth0", "192.0.2.1/24").unwrap();
    let lease = Udhcpc::new(&client_ns, "eth0").unwrap().obtain().unwrap();
    assert_eq!(lease.address, Ipv4Addr::new(192, 0, 2, 10));
}

#[test]
fn reloads_under_load_lose_no_query() {
    if Subject::from_environment() == Subject::Debian {
        return;
    }
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let setup = ServerSetup::new(Subject::Ours, 4).unwrap();
    let config = json!({
        "loggers": setup.quiet_loggers(),
        "subnet4": [{ "id": 1, "subnet": "192.0.0.0/16", "pools": [{ "pool": "192.0.16.0/20" }] }],
    });
    let server = setup.start_with(&server_ns, &config).unwrap();
    let client = RawClient4::open(&client_ns, "eth0").unwrap();
    let load = std::thread::spawn(move || {
        let mut load = Load::new(client, 1, 8);
        load.run(Duration::from_secs(30), |load| load.acknowledged().len() >= 2000).unwrap();
        (load.acknowledged().len(), load.retransmitted(), load.refused())
    });
    let mut reloads = 0;
    while !load.is_finished() {
        let outcome = server.reload().unwrap();
        assert!(outcome.contains("DHCP4_DYNAMIC_RECONFIGURATION_SUCCESS"), "{outcome}");
        reloads += 1;
    }
    let (acknowledged, retransmitted, refused) = load.join().unwrap();
    assert!(reloads >= 2, "the load was over before the reloads");
    assert_eq!((acknowledged >= 2000, retransmitted, refused), (true, 0, 0));
}
