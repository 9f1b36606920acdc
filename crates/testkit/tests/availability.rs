//! Interfaces that come and go, and reloads under load. Kea 2.2 needs restarts and loses queries here,
//! so these promises are checked for our server only.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::time::Duration;

use kea_testkit::{Client, Lab, Load, Packet4, RawClient4, ServerSetup, Subject, Udhcpc};
use serde_json::{Value, json};

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

#[test]
fn each_answer_is_of_one_configuration_while_it_changes() {
    if Subject::from_environment() == Subject::Debian {
        return;
    }
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let setup = ServerSetup::new(Subject::Ours, 4).unwrap();
    let quiet = setup.quiet_loggers();
    let of_number = |n: u32| {
        let address = format!("192.0.0.{n}");
        json!({
            "loggers": quiet,
            "valid-lifetime": 1000 + n,
            "option-data": [{ "name": "domain-name", "data": format!("d{n}") }],
            "subnet4": [{
                "id": 1, "subnet": "192.0.0.0/16",
                "option-data": [{ "name": "domain-name-servers", "data": address }],
                "pools": [{
                    "pool": "192.0.16.0/20",
                    "option-data": [{ "name": "routers", "data": address }],
                }],
            }],
        })
    };
    let first = of_number(1);
    let [one, two] = [1, 2].map(|n| setup.config(&of_number(n)));
    let broken = setup.config(&json!({ "subnet4": [{ "id": 1, "subnet": "192.0.0.0" }] }));
    let server = setup.start_with(&server_ns, &first).unwrap();
    let client = RawClient4::open(&client_ns, "eth0").unwrap();
    let load = std::thread::spawn(move || {
        let (saw, seen) = std::sync::mpsc::channel();
        let mut load = Load::new(client, 1, 8).witnessed_by(move |answer: &Packet4| {
            let last = |code| answer.option(code).unwrap().pop().unwrap();
            // 1001 and 1002 seconds end in the octets 0xe9 and 0xea.
            saw.send([last(3), last(6), last(15) - b'0', last(51) - 0xe8]).unwrap();
        });
        load.run(Duration::from_secs(30), |load| load.acknowledged().len() >= 1500).unwrap();
        let facts = (load.acknowledged().len(), load.retransmitted(), load.refused());
        (facts, seen.try_iter().collect::<BTreeSet<_>>())
    });
    let command = |name: &str, arguments: &Value| {
        server.control().command(name, arguments.clone()).unwrap().result
    };
    let mut changes = 0;
    while !load.is_finished() {
        for next in [&two, &one] {
            assert_eq!(command("config-test", next), 0);
            assert_eq!(command("config-set", &broken), 1);
            assert_eq!(command("config-set", next), 0);
            changes += 1;
        }
    }
    let ((acknowledged, retransmitted, refused), seen) = load.join().unwrap();
    assert_eq!((acknowledged >= 1500, retransmitted, refused), (true, 0, 0), "{changes} changes");
    // Both, and nothing between them.
    assert_eq!(seen.into_iter().collect::<Vec<_>>(), [[1; 4], [2; 4]], "{changes} changes");
}
