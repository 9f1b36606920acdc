//! Interfaces that come and go, and reloads under load. Kea 2.2 needs restarts and loses queries here,
//! so these promises are checked for our server only.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::mpsc::Receiver;

use kea_testkit::scenario::Dialect;
use kea_testkit::v6::Packet6;
use kea_testkit::{
    Client, Lab, Load, LoadInBackground, Packet4, RawClient, RawClient4, ServerSetup, Subject,
    Udhcpc,
};
use serde_json::{Value, json};

#[test]
fn an_interface_is_served_when_it_comes_and_when_it_returns() {
    let Some((mut lab, server_ns, _, setup)) = Lab::ours(4) else { return };
    let client_ns = lab.netns("late").unwrap();
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

/// A load that is the same however fast the machine is: no pool is too small, no query impatient.
fn in_background<D: Dialect + Send + 'static>(load: Load<D>) -> LoadInBackground {
    load.of_clients(1000).patient().in_background()
}

/// No query was lost, and nobody was refused.
#[track_caller]
fn assert_unharmed(load: LoadInBackground) {
    let outcome = load.finish().unwrap();
    assert_eq!((outcome.unanswered, outcome.refused), (0, 0), "{outcome:?}");
}

#[test]
fn reloads_under_load_lose_no_query() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let config = json!({
        "loggers": setup.quiet_loggers(),
        "subnet4": [{ "id": 1, "subnet": "192.0.0.0/16", "pools": [{ "pool": "192.0.16.0/20" }] }],
    });
    let server = setup.start_with(&server_ns, &config).unwrap();
    let client = RawClient4::open(&client_ns, "eth0").unwrap();
    let load = in_background(Load::new(client, 1, 8));
    for _ in 0..10 {
        load.advance().unwrap();
        let outcome = server.reload().unwrap();
        assert!(outcome.contains("DHCP4_DYNAMIC_RECONFIGURATION_SUCCESS"), "{outcome}");
    }
    assert_unharmed(load);
}

/// What an answer shows of the configuration it is made from, as that configuration's number: options
/// of the pool, of the subnet twice, and the lifetime.
fn numbers_in(answer: &Packet4) -> [u8; 4] {
    let last = |code| answer.option(code).unwrap().pop().unwrap();
    // 1001 and 1002 seconds end in the octets 0xe9 and 0xea.
    [last(3), last(6), last(15) - b'0', last(51) - 0xe8]
}

/// The subnet with which answers show number `n`.
fn numbered(n: u32) -> Value {
    let address = format!("192.0.0.{n}");
    json!({
        "id": 1, "subnet": "192.0.0.0/16", "valid-lifetime": 1000 + n,
        "option-data": [
            { "name": "domain-name-servers", "data": address },
            { "name": "domain-name", "data": format!("d{n}") },
        ],
        "pools": [{
            "pool": "192.0.16.0/20",
            "option-data": [{ "name": "routers", "data": address }],
        }],
    })
}

/// A load whose answers tell what they are made from.
fn witnessed_load(client: RawClient4) -> (LoadInBackground, Receiver<[u8; 4]>) {
    let (saw, seen) = std::sync::mpsc::channel();
    let witness = move |answer: &Packet4| {
        // Nobody listens to the last ones of a test that failed.
        let _ = saw.send(numbers_in(answer));
    };
    (in_background(Load::new(client, 1, 8).witnessed_by(witness)), seen)
}

#[test]
fn each_answer_is_of_one_configuration_while_it_changes() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let quiet = setup.quiet_loggers();
    // In this test the lifetime and one of the options are global.
    let of_number = |n: u32| {
        let mut subnet = numbered(n);
        let lifetime = subnet["valid-lifetime"].take();
        let name = subnet["option-data"].as_array_mut().unwrap().pop();
        subnet.as_object_mut().unwrap().remove("valid-lifetime");
        json!({
            "loggers": quiet, "valid-lifetime": lifetime, "option-data": [name], "subnet4": [subnet],
        })
    };
    let first = of_number(1);
    let [one, two] = [1, 2].map(|n| setup.config(&of_number(n)));
    let broken = setup.config(&json!({ "subnet4": [{ "id": 1, "subnet": "192.0.0.0" }] }));
    let server = setup.start_with(&server_ns, &first).unwrap();
    let client = RawClient4::open(&client_ns, "eth0").unwrap();
    let (load, seen) = witnessed_load(client);
    let command = |name: &str, arguments: &Value| {
        server.control().command(name, arguments.clone()).unwrap().result
    };
    for _ in 0..5 {
        for next in [&two, &one] {
            load.advance().unwrap();
            assert_eq!(command("config-test", next), 0);
            assert_eq!(command("config-set", &broken), 1);
            assert_eq!(command("config-set", next), 0);
        }
    }
    assert_unharmed(load);
    // Both, and nothing between them.
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([[1; 4], [2; 4]]));
}

#[test]
fn a_change_that_fails_late_leaves_nothing_behind() {
    let Some((_lab, netns, _, setup)) = Lab::ours(6) else { return };
    let folder = setup.folder().to_owned();
    let first = json!({ "data-directory": folder });
    let socket = |name: &str| json!({ "socket-type": "unix", "socket-name": folder.join(name) });
    let identifier = json!({ "type": "LL", "htype": 1, "identifier": "020304050607" });
    // Logs and updates are done when the socket cannot be opened; the socket too when the identifier
    // cannot be written.
    let late = json!({
        "data-directory": folder, "server-id": identifier, "dhcp-ddns": { "enable-updates": true },
        "loggers": [{ "name": "kea-dhcp6", "output_options": [{ "output": folder.join("log") }] }],
        "control-socket": socket("no/socket"),
    });
    let later = json!({
        "data-directory": folder.join("no"), "server-id": identifier,
        "control-socket": socket("other-socket"),
    });
    let refused = [(setup.config(&late), "no/socket"), (setup.config(&later), "serverid")];
    let server = setup.start_with(&netns, &first).unwrap();
    let effective = || server.control().command("config-get", json!(null)).unwrap().arguments;
    let file = folder.join("kea-dhcp6-serverid");
    let (before, identity) = (effective(), std::fs::read_to_string(&file).unwrap());
    for (config, fact) in refused {
        let answer = server.control().command("config-set", config).unwrap();
        assert!(answer.result == 1 && answer.text.contains(fact), "{}", answer.text);
        assert_eq!(effective(), before, "by the socket that was there before");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), identity);
        // The reload is told where the log was before.
        let outcome = server.reload().unwrap();
        assert!(outcome.contains("DHCP6_DYNAMIC_RECONFIGURATION_SUCCESS"), "{outcome}");
    }
    assert!(std::os::unix::net::UnixStream::connect(folder.join("other-socket")).is_err());
}

#[test]
fn single_changes_under_load_lose_no_query_and_mix_nothing() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let config = json!({
        "loggers": setup.quiet_loggers(), "subnet4": [numbered(1)],
        "hooks-libraries": [{ "library": "libdhcp_subnet_cmds.so" }],
    });
    let server = setup.start_with(&server_ns, &config).unwrap();
    let client = RawClient4::open(&client_ns, "eth0").unwrap();
    let (load, seen) = witnessed_load(client);
    for n in [2, 1, 2, 1] {
        for (command, arguments, result) in [
            ("subnet4-update", json!({ "subnet4": [numbered(n)] }), 0),
            ("subnet4-add", json!({ "subnet4": [{ "id": 2, "subnet": "10.2.0.0/16" }] }), 0),
            ("subnet4-add", json!({ "subnet4": [{ "id": 3, "subnet": "10.2.0.0/16" }] }), 1),
            ("network4-add", json!({ "shared-networks": [{ "name": "floor" }] }), 0),
            ("network4-subnet-add", json!({ "name": "floor", "id": 1 }), 0),
            ("network4-subnet-add", json!({ "name": "floor", "id": 2 }), 0),
            ("subnet4-delta-add", json!({ "subnet4": [{ "id": 2, "renew-timer": 5 }] }), 0),
            ("subnet4-delta-del", json!({ "subnet4": [{ "id": 2, "renew-timer": 5 }] }), 0),
            ("network4-subnet-del", json!({ "name": "floor", "id": 1 }), 0),
            ("network4-del", json!({ "name": "floor", "subnets-action": "delete" }), 0),
        ] {
            load.advance().unwrap();
            let answer = server.control().command(command, arguments).unwrap();
            assert_eq!(answer.result, result, "{command}: {}", answer.text);
        }
    }
    assert_unharmed(load);
    assert_eq!(seen.into_iter().collect::<BTreeSet<_>>(), BTreeSet::from([[1; 4], [2; 4]]));
}

fn a_subnet_comes_and_goes_while_others_are_served<D: Dialect + Send + 'static>() {
    if Subject::from_environment() == Subject::Debian {
        return;
    }
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let version = D::VERSION;
    let [prefix, pool, other, others] = match version {
        4 => ["192.0.0.0/16", "192.0.16.0/20", "10.2.0.0/16", "10.2.0.1-10.2.0.9"],
        _ => {
            ["2001:db8:1::/64", "2001:db8:1::/80", "2001:db8:2::/64", "2001:db8:2::1-2001:db8:2::9"]
        }
    };
    let [total, assigned, cumulative] = match version {
        4 => ["total-addresses", "assigned-addresses", "cumulative-assigned-addresses"],
        _ => ["total-nas", "assigned-nas", "cumulative-assigned-nas"],
    };
    let subnet =
        json!({ "id": 1, "subnet": prefix, "interface": "eth0", "pools": [{ "pool": pool }] });
    let list = format!("subnet{version}");
    let setup = ServerSetup::new(Subject::Ours, version).unwrap();
    let config = json!({ "loggers": setup.quiet_loggers(), &list: [subnet] });
    let server = setup.start_with(&server_ns, &config).unwrap();
    let run = |command: &str, arguments: Value| {
        let command = format!("subnet{version}-{command}");
        let answer = server.control().command(&command, arguments).unwrap();
        assert_eq!(answer.result, 0, "{command}: {}", answer.text);
    };
    let statistic = |subnet: u32, name: &str| {
        server.control().statistic(&format!("subnet[{subnet}].{name}")).unwrap()
    };
    let client = RawClient::<D>::open(&client_ns, "eth0").unwrap();
    let load = in_background(Load::new(client, 1, 8));
    for _ in 0..3 {
        load.advance().unwrap();
        assert_eq!(statistic(2, total), None);
        run("add", json!({ &list: [{ "id": 2, "subnet": other, "pools": [{ "pool": others }] }] }));
        assert_eq!(statistic(2, total), Some(9));
        load.advance().unwrap();
        run("del", json!({ "id": 2 }));
    }
    assert_unharmed(load);
    let [held, ever] = [assigned, cumulative].map(|name| statistic(1, name).unwrap());
    let rows = i64::try_from(server.leases().unwrap().len()).unwrap();
    // Counted once each, as if nothing had happened meanwhile.
    assert_eq!((held, ever), (rows, rows));

    // Leases of a subnet that goes are kept, and are there when it comes back.
    run("del", json!({ "id": 1 }));
    assert_eq!(statistic(1, assigned), None);
    assert_eq!(i64::try_from(server.leases().unwrap().len()).unwrap(), rows);
    run("add", json!({ &list: [subnet] }));
    assert_eq!(statistic(1, assigned), Some(held));
    // What is written is what is in force, a restart included.
    run("add", json!({ &list: [{ "id": 2, "subnet": other }] }));
    assert_eq!(server.control().command("config-write", json!(null)).unwrap().result, 0);
    let outcome = server.reload().unwrap();
    assert!(outcome.contains("_DYNAMIC_RECONFIGURATION_SUCCESS"), "{outcome}");
    let list = server.control().command(&format!("subnet{version}-list"), json!(null)).unwrap();
    assert_eq!(
        list.arguments["subnets"],
        json!([{ "id": 1, "subnet": prefix }, { "id": 2, "subnet": other }])
    );
}

#[test]
fn a_subnet_of_dhcpv4_comes_and_goes_while_others_are_served() {
    a_subnet_comes_and_goes_while_others_are_served::<Packet4>();
}

#[test]
fn a_subnet_of_dhcpv6_comes_and_goes_while_others_are_served() {
    a_subnet_comes_and_goes_while_others_are_served::<Packet6>();
}
