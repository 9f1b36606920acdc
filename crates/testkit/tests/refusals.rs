//! Starts that must fail: one clear message, an exit status that is not zero, nothing overwritten.

use std::fs;
use std::time::Duration;

use kea_testkit::{Lab, Netns, ServerSetup, Subject};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

/// Both servers.
const VERSIONS: [u8; 2] = [4, 6];

fn setup(version: u8) -> ServerSetup {
    ServerSetup::new(Subject::from_environment(), version).unwrap()
}

fn subnet() -> Value {
    json!([{ "id": 1, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10 - 192.0.2.20" }] }])
}

/// A configuration with one subnet.
fn config(version: u8) -> Value {
    match version {
        4 => json!({ "subnet4": subnet() }),
        _ => json!({ "subnet6": [{ "id": 1, "subnet": "2001:db8::/64" }] }),
    }
}

/// What is written for DHCPv4, as DHCPv6 has it.
fn of(version: u8, text: &str) -> String {
    if version == 4 {
        return text.to_owned();
    }
    let changes = [("hcp4", "hcp6"), ("HCP4", "HCP6"), ("net4", "net6"), ("bet4", "bet6")];
    let changes = changes.into_iter().chain([("192.0.2.0/33", "2001:db8::/129")]);
    changes.fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Starts with this configuration file; what was said before the end.
fn refused(setup: &ServerSetup, netns: &Netns, text: &str) -> String {
    setup.write_config(text).unwrap();
    let mut process = setup.launch(netns).unwrap();
    let status = process.wait(LIMIT).unwrap();
    let said = process.text();
    assert!(!status.success(), "{said}");
    assert!(status.code().is_some(), "it ended by a signal: {status}\n{said}");
    said
}

#[test]
fn mistakes_in_the_file_are_told_with_their_place() {
    let mut lab = Lab::new().unwrap();
    let netns = lab.netns("server").unwrap();
    let cases = [
        ("{ \"Dhcp4\": {\n  \"valid-lifetime\": 60,\n  \"subnet4\" [] } }", "kea.conf:3"),
        ("{ \"Dhcp4\": {\n  \"valid-lifetime\": 60,\n  \"sunbet4\": [] } }", "sunbet4"),
        ("{ \"Dhcp4\": {\n  \"valid-lifetime\": \"60\" } }", "kea.conf:2"),
        ("{ \"Dhcp4\": { \"subnet4\": [ { \"subnet\": \"192.0.2.0/33\" } ] } }", "kea.conf:1"),
        (
            "{ \"Dhcp4\": { \"hooks-libraries\": [ { \"library\": \"libdhcp_flex_id.so\" } ] } }",
            "libdhcp_flex_id.so",
        ),
    ];
    let of_both = cases.iter().flat_map(|case| VERSIONS.map(|version| (version, case)));
    for (version, (text, fact)) in of_both {
        let (setup, fact) = (setup(version), &of(version, fact));
        let said = refused(&setup, &netns, &of(version, text));
        assert!(said.contains(fact), "'{fact}' is not in:\n{said}");
        if setup.subject() == Subject::Ours {
            let failed = &of(version, "DHCP4_INIT_FAIL");
            let logged = said.lines().filter(|line| line.contains(failed));
            let [line] = logged.collect::<Vec<_>>()[..] else { panic!("not told once:\n{said}") };
            assert!(line.contains(fact), "'{fact}' is not in: {line}");
        }
        assert!(!setup.lease_file().exists(), "a refused start made a lease file");
    }
}

#[test]
fn a_missing_file_is_named() {
    let mut lab = Lab::new().unwrap();
    let netns = lab.netns("server").unwrap();
    for setup in VERSIONS.map(setup) {
        let mut process = setup.launch_with(&netns, &["-c", "/nonexistent/kea.conf"]).unwrap();
        assert!(!process.wait(LIMIT).unwrap().success());
        assert!(process.text().contains("/nonexistent/kea.conf"), "{}", process.text());
    }
}

#[test]
fn the_check_mode_says_by_its_exit_status() {
    let mut lab = Lab::new().unwrap();
    let netns = lab.netns("server").unwrap();
    for version in VERSIONS {
        let setup = setup(version);
        let path = setup.config_file().to_string_lossy().into_owned();
        for (change, code) in [(json!(null), 0), (json!([{ "subnet": "nonsense" }]), 1)] {
            let mut config = config(version);
            config["interfaces-config"] = json!({ "interfaces": [] });
            if !change.is_null() {
                config[format!("subnet{version}")] = change;
            }
            setup.write_config(&setup.config(&config).to_string()).unwrap();
            let mut process = setup.launch_with(&netns, &["-t", &path]).unwrap();
            assert_eq!(process.wait(LIMIT).unwrap().code(), Some(code), "{}", process.text());
        }
        assert!(!setup.lease_file().exists(), "a check made a lease file");
    }
}

#[test]
fn a_lease_file_that_cannot_be_read_stays_as_it_is() {
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    for version in VERSIONS {
        let setup = setup(version);
        let foreign = "this is,no lease,file\n1,2,3\n";
        fs::write(setup.lease_file(), foreign).unwrap();
        let said = refused(&setup, &netns, &setup.config(&config(version)).to_string());
        assert!(said.contains("leases.csv"), "{said}");
        assert_eq!(fs::read_to_string(setup.lease_file()).unwrap(), foreign);
    }
}

#[test]
fn a_lease_file_that_cannot_be_made_is_named() {
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    for version in VERSIONS {
        let setup = setup(version);
        let place = setup.folder().join("absent/leases.csv");
        let mut config = config(version);
        config["lease-database"] = json!({ "type": "memfile", "name": place });
        let said = refused(&setup, &netns, &setup.config(&config).to_string());
        assert!(said.contains("absent/leases.csv"), "{said}");
    }
}

#[test]
fn a_busy_port_is_named_when_all_sockets_are_required() {
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let _occupant = netns.enter(|| std::net::UdpSocket::bind("192.0.2.1:67")).unwrap();
    let setup = setup(4);
    let interfaces = json!({
        "interfaces": ["eth0"], "dhcp-socket-type": "udp", "service-sockets-require-all": true,
    });
    let config = json!({ "interfaces-config": interfaces, "subnet4": subnet() });
    let said = refused(&setup, &netns, &setup.config(&config).to_string());
    assert!(said.contains("eth0") && said.contains("67"), "{said}");
}

#[test]
fn a_second_server_of_the_same_name_does_not_start() {
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    for version in VERSIONS {
        let server = setup(version).start_with(&netns, &config(version)).unwrap();
        let mut second = server.setup().launch(&netns).unwrap();
        assert!(!second.wait(LIMIT).unwrap().success());
        let refusal = of(version, "DHCP4_ALREADY_RUNNING");
        assert!(second.text().contains(&refusal), "{}", second.text());
        // The first one is not disturbed.
        assert_eq!(server.control().command("version-get", json!(null)).unwrap().result, 0);
    }
}

#[test]
fn a_stale_pid_file_does_not_block_the_start() {
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    for version in VERSIONS {
        let mut server = setup(version).start_with(&netns, &config(version)).unwrap();
        let pid_file = server.setup().folder().join(of(version, "kea.kea-dhcp4.pid"));
        let pid = fs::read_to_string(&pid_file).unwrap();
        assert_eq!(pid.trim(), server.process().pid().to_string());
        server.kill().unwrap();
        assert!(pid_file.exists());
        server.start_again().unwrap();
        let pid = fs::read_to_string(&pid_file).unwrap();
        assert_eq!(pid.trim(), server.process().pid().to_string());
        assert_eq!(server.stop().unwrap().code(), Some(0));
        assert!(!pid_file.exists(), "a clean stop removes the PID file");
    }
}
