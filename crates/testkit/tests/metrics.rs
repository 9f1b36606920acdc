//! `/metrics`, as Prometheus reads it.

use std::io::Write as _;
use std::process::{Command, Stdio};

use kea_testkit::{Client as _, Lab, Netns, Udhcpc};
use serde_json::json;

fn scrape(netns: &Netns) -> String {
    let mut curl = netns.command("curl");
    curl.args(["--silent", "--fail", "--max-time", "10", "http://127.0.0.1:8080/metrics"]);
    let output = curl.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What Prometheus' own checker has to say; nothing if all is well.
fn complaints(page: &str) -> String {
    let mut promtool = Command::new("promtool");
    promtool.args(["check", "metrics"]).stdin(Stdio::piped());
    let mut promtool = promtool.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    promtool.stdin.take().unwrap().write_all(page.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[test]
fn a_lease_shows_in_the_metrics() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let mut config = setup.config(&json!({
        "control-sockets": [
            { "socket-type": "unix", "socket-name": setup.folder().join("control") },
            { "socket-type": "http", "socket-address": "127.0.0.1", "socket-port": 8080 },
        ],
        "shared-networks": [{ "name": "floor \"1\"", "interface": "eth0", "subnet4": [
            { "id": 1, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10-192.0.2.19" }] },
            { "id": 2, "subnet": "198.51.100.0/24", "pools": [{ "pool": "198.51.100.10-198.51.100.39" }] },
        ] }],
    }));
    config["Dhcp4"].as_object_mut().unwrap().remove("control-socket");
    setup.write_config(&config.to_string()).unwrap();
    let _server = setup.start(&server_ns).unwrap();
    Udhcpc::new(&client_ns, "eth0").unwrap().obtain().unwrap();

    let page = scrape(&server_ns);
    let first = r#"subnet_id="1",subnet="192.0.2.0/24",shared_network="floor \"1\"""#;
    for line in [
        r#"kea_packets_received_total{server="dhcp4",type="discover"} 1"#.to_owned(),
        r#"kea_packets_sent_total{server="dhcp4",type="ack"} 1"#.to_owned(),
        r#"kea_datagrams_received_total{server="dhcp4"} 2"#.to_owned(),
        r#"kea_packets_dropped_total{server="dhcp4",reason="queue-full"} 0"#.to_owned(),
        r#"kea_leases{server="dhcp4"} 1"#.to_owned(),
        r#"kea_lease_storage_failing{server="dhcp4"} 0"#.to_owned(),
        r#"kea_answer_duration_seconds_count{server="dhcp4"} 2"#.to_owned(),
        r#"kea_answer_duration_seconds_bucket{server="dhcp4",le="+Inf"} 2"#.to_owned(),
        r#"kea_queries_waiting{server="dhcp4"} 0"#.to_owned(),
        r#"kea_answers_waiting{server="dhcp4"} 0"#.to_owned(),
        format!(r#"kea_subnet_addresses{{server="dhcp4",{first}}} 10"#),
        format!(r#"kea_subnet_addresses_assigned{{server="dhcp4",{first}}} 1"#),
        format!(r#"kea_subnet_utilisation_ratio{{server="dhcp4",{first}}} 0.1"#),
        r#"kea_shared_network_utilisation_ratio{server="dhcp4",shared_network="floor \"1\""} 0.025"#
            .to_owned(),
    ] {
        assert!(page.lines().any(|found| found == line), "{line} is not in\n{page}");
    }
    assert_eq!(complaints(&page), "");
}

#[test]
fn alerts_and_dashboard_know_the_names() {
    let project = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
    let documented = std::fs::read_to_string(format!("{project}/docs/metrics.md")).unwrap();
    let rules = format!("{project}/examples/monitoring/alerts.yml");
    let checked = Command::new("promtool").args(["check", "rules", &rules]).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    // Each of them silent, and firing.
    let seen = format!("{project}/examples/monitoring/alerts-test.yml");
    let tested = Command::new("promtool").args(["test", "rules", &seen]).output().unwrap();
    assert!(tested.status.success(), "{}", String::from_utf8_lossy(&tested.stderr));
    let (rules_text, seen) =
        (std::fs::read_to_string(&rules).unwrap(), std::fs::read_to_string(seen).unwrap());
    for alert in rules_text.lines().filter_map(|line| line.trim().strip_prefix("- alert: ")) {
        let fires = seen
            .split("- alertname: ")
            .any(|test| test.starts_with(&format!("{alert}\n")) && test.contains("exp_labels"));
        assert!(fires, "{alert} is never seen to fire");
    }
    let dashboard = format!("{project}/examples/monitoring/grafana-dashboard.json");
    for file in [rules, dashboard] {
        let text = std::fs::read_to_string(&file).unwrap();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        let names: Vec<&str> = words.filter(|word| word.starts_with("kea_")).collect();
        assert!(names.len() >= 7, "{file} names {names:?}");
        for name in names.iter().map(|name| name.trim_end_matches("_bucket")) {
            assert!(documented.contains(&format!("`{name}`")), "{file}: {name} is not documented");
        }
    }
}
