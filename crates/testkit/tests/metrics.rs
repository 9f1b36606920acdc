//! `/metrics`, as Prometheus reads it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kea_testkit::{Captured, Client as _, Lab, Netns, ServerSetup, Udhcpc};
use serde_json::{Value, json};

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
        r#"kea_leases_by_state{server="dhcp4",state="assigned"} 1"#.to_owned(),
        r#"kea_leases_by_state{server="dhcp4",state="declined"} 0"#.to_owned(),
        r#"kea_leases_by_state{server="dhcp4",state="ended"} 0"#.to_owned(),
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

/// Debian's Prometheus, at 127.0.0.1 port 9090 of a namespace.
struct Prometheus {
    netns: Netns,
    process: Captured,
}

const LIMIT: Duration = Duration::from_secs(60);

impl Prometheus {
    /// Scrapes port 8080 every second, and watches the example's alerts.
    fn start(netns: &Netns, folder: &Path) -> Prometheus {
        let rules = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/monitoring/alerts.yml");
        let config = folder.join("prometheus.yml");
        // JSON is YAML.
        let text = json!({
            "global": { "scrape_interval": "1s", "evaluation_interval": "1s" },
            "rule_files": [rules],
            "scrape_configs": [{
                "job_name": "kea", "static_configs": [{ "targets": ["127.0.0.1:8080"] }],
            }],
        });
        std::fs::write(&config, text.to_string()).unwrap();
        let mut command = netns.command("prometheus");
        command.arg(format!("--config.file={}", config.display()));
        command.arg(format!("--storage.tsdb.path={}", folder.join("prometheus").display()));
        command.arg("--web.listen-address=127.0.0.1:9090").current_dir(folder);
        let process = Captured::start(command).unwrap();
        let ready = process.wait_for_line(0, "Server is ready to receive web requests", LIMIT);
        assert!(ready.is_some(), "{}", process.text());
        Prometheus { netns: netns.clone(), process }
    }

    fn get(&self, path: &str, query: Option<&str>) -> Value {
        let mut curl = self.netns.command("curl");
        curl.args(["--silent", "--fail", "--max-time", "60", "--get"]);
        if let Some(query) = query {
            curl.args(["--data-urlencode", &format!("query={query}")]);
        }
        let output = curl.arg(format!("http://127.0.0.1:9090/api/v1/{path}")).output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {output:?}\n{}", self.process.text()))
    }

    /// Waits until a metric has a value, given as Prometheus writes it.
    #[track_caller]
    fn sees(&self, metric: &str, value: &str) {
        let end = Instant::now() + LIMIT;
        loop {
            let answer = self.get("query", Some(metric));
            if answer["data"]["result"][0]["value"][1] == value {
                return;
            }
            assert!(Instant::now() < end, "{metric} is not {value}: {answer}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

fn with_http(setup: &ServerSetup) -> Value {
    let mut config = setup.config(&json!({
        "control-sockets": [
            { "socket-type": "http", "socket-address": "127.0.0.1", "socket-port": 8080 },
        ],
        "subnet4": [{
            "id": 1, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10-192.0.2.19" }],
        }],
    }));
    config["Dhcp4"].as_object_mut().unwrap().remove("control-socket");
    config
}

#[test]
fn prometheus_scrapes_a_running_server() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    setup.write_config(&with_http(&setup).to_string()).unwrap();
    let server = setup.start(&server_ns).unwrap();
    let prometheus = Prometheus::start(&server_ns, server.setup().folder());
    prometheus.sees(r#"up{job="kea"}"#, "1");
    let discovers = r#"kea_packets_received_total{type="discover"}"#;
    prometheus.sees(discovers, "0");
    Udhcpc::new(&client_ns, "eth0").unwrap().obtain().unwrap();
    for (metric, value) in [
        (discovers, "1"),
        (r#"kea_packets_sent_total{type="ack"}"#, "1"),
        (r#"kea_leases{server="dhcp4"}"#, "1"),
        (r#"kea_subnet_utilisation_ratio{subnet_id="1"}"#, "0.1"),
        (r#"kea_answer_duration_seconds_count{server="dhcp4"}"#, "2"),
        ("histogram_quantile(1, kea_answer_duration_seconds_bucket) < bool 60", "1"),
    ] {
        prometheus.sees(metric, value);
    }
    let targets = prometheus.get("targets", None);
    let target = &targets["data"]["activeTargets"][0];
    assert_eq!((&target["health"], &target["lastError"]), (&json!("up"), &json!("")), "{targets}");
    let rules = prometheus.get("rules", None);
    let rules = rules["data"]["groups"][0]["rules"].as_array().unwrap().clone();
    assert!(rules.len() >= 5, "{rules:?}");
    for rule in rules {
        assert_eq!(rule["lastError"].as_str().unwrap_or_default(), "", "{rule}");
    }
}
