//! Configurations from outside: what is accepted and refused, and what `config-get` shows, beside
//! Debian's Kea 2.2; what a start would find out; reloads of a large configuration under load.
//!
//! The cases are data in `configs/`.

use std::fs;
use std::time::Duration;

use kea_testkit::{Case, Lab, Load, Netns, RawClient4, Server, ServerSetup, Subject};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn dhcpv4_verdicts_are_those_of_kea_but_for_written_reasons() {
    compare_verdicts(4, 100);
}

#[test]
fn dhcpv6_verdicts_are_those_of_kea_but_for_written_reasons() {
    compare_verdicts(6, 50);
}

#[test]
fn dhcpv4_config_get_shows_what_kea_shows_but_for_written_reasons() {
    if Subject::from_environment() == Subject::Debian {
        return; // both servers are compared, or only ours can do it
    }
    compare_effective(4, 20);
}

#[test]
fn dhcpv6_config_get_shows_what_kea_shows_but_for_written_reasons() {
    if Subject::from_environment() == Subject::Debian {
        return; // both servers are compared, or only ours can do it
    }
    compare_effective(6, 10);
}

#[test]
fn kea_accepts_what_config_write_wrote() {
    if Subject::from_environment() == Subject::Debian {
        return; // both servers are compared, or only ours can do it
    }
    let mut lab = Lab::new().unwrap();
    for version in [4, 6] {
        let netns = network(&mut lab, &format!("server{version}"));
        let server = start(Subject::Ours, version, &netns);
        let written = server.setup().folder().join("written.conf");
        for case in cases(version).iter().filter(|case| is_for_both_servers(case)) {
            set(&server, version, case);
            let answer = server.control().command("config-write", json!({ "filename": written }));
            assert_eq!(answer.unwrap().result, 0, "{}", case.name);
            let check = ServerSetup::new(Subject::Debian, version).unwrap();
            let mut check = check.launch_with(&netns, &["-t", &written.to_string_lossy()]).unwrap();
            let status = check.wait(LIMIT).unwrap();
            assert!(status.success(), "{}:\n{}", case.name, check.text());
        }
    }
}

/// The manual of the lexer: files are looked for from the working directory of the server.
#[test]
fn an_included_file_is_looked_for_where_the_server_was_started() {
    let mut lab = Lab::new().unwrap();
    let netns = lab.netns("server").unwrap();
    for version in [4, 6] {
        let setup = ServerSetup::new(Subject::from_environment(), version).unwrap();
        let below = setup.folder().join("below");
        fs::create_dir(&below).unwrap();
        let (file, part) = (below.join("main.conf"), setup.folder().join("part.json"));
        let text = format!("{{ \"Dhcp{version}\": {{ <?include \"part.json\"?> }} }}");
        fs::write(&file, text).unwrap();
        fs::write(below.join("part.json"), "\"this-is-not\": \"the one\"").unwrap();
        fs::write(&part, "\"valid-lifetime\": 1234").unwrap();
        let check = || {
            let mut check = setup.launch_with(&netns, &["-t", &file.to_string_lossy()]).unwrap();
            (check.wait(LIMIT).unwrap().code(), check.text())
        };
        let (code, said) = check();
        assert_eq!(code, Some(0), "{said}");
        fs::remove_file(&part).unwrap();
        let (code, said) = check();
        assert!(code == Some(1) && said.contains("part.json"), "{code:?} {said}");
    }
}

#[test]
fn the_deep_check_finds_what_a_start_would_find() {
    if Subject::from_environment() == Subject::Debian {
        return; // both servers are compared, or only ours can do it
    }
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let sound = json!({ "subnet4": [{ "id": 1, "subnet": "192.0.2.0/24" }] });
    let interfaces = |names: Value| json!({ "interfaces-config": { "interfaces": names } });
    let leases = |file: &str| json!({ "lease-database": { "type": "memfile", "name": file } });
    let socket = json!({ "control-socket": {
        "socket-type": "unix", "socket-name": "/nonexistent/control" } });
    let https = json!({ "control-sockets": [{
        "socket-type": "https", "trust-anchor": "/nonexistent/ca.pem",
        "cert-file": "/nonexistent/cert.pem", "key-file": "/nonexistent/key.pem" }] });
    let subnet = json!({ "subnet4": [
        { "id": 1, "subnet": "192.0.2.0/24", "interface": "eth7" } ] });
    let library = json!({ "hooks-libraries": [{
        "library": "libdhcp_flex_id.so", "parameters": { "identifier-expression": "nonsense" } }] });
    for (change, fact) in [
        (sound, None),
        (interfaces(json!(["eth7"])), Some("eth7")),
        (interfaces(json!(["eth0/192.0.2.77"])), Some("192.0.2.77")),
        (subnet, Some("eth7")),
        (leases("/nonexistent/leases.csv"), Some("/nonexistent")),
        (leases("foreign.csv"), Some("foreign.csv")),
        (socket, Some("/nonexistent")),
        (https, Some("cannot use /nonexistent/ca.pem")),
        (library, Some("identifier-expression")),
    ] {
        let setup = ServerSetup::new(Subject::Ours, 4).unwrap();
        fs::write(setup.folder().join("foreign.csv"), "no lease file\n1,2\n").unwrap();
        let mut config = setup.config(&change);
        if change.get("control-sockets").is_some() {
            config["Dhcp4"].as_object_mut().unwrap().remove("control-socket");
        }
        let text = config.to_string();
        let foreign = setup.folder().join("foreign.csv");
        let text = text.replace("\"foreign.csv\"", &json!(foreign).to_string());
        setup.write_config(&text).unwrap();
        for (switch, fact) in [("-t", None), ("-T", fact)] {
            let file = setup.config_file();
            let mut check = setup.launch_with(&netns, &[switch, &file.to_string_lossy()]).unwrap();
            let code = check.wait(LIMIT).unwrap().code();
            let said = check.text();
            assert_eq!(code, Some(i32::from(fact.is_some())), "{switch} {change}:\n{said}");
            assert!(said.contains(fact.unwrap_or("")), "{switch} {change}:\n{said}");
        }
        assert!(!setup.lease_file().exists(), "a check made a lease file");
    }
}

#[test]
fn a_large_configuration_is_replaced_under_load_and_no_query_is_lost() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let subnet = |n: u32| {
        let prefix = format!("10.{}.{}.0/24", n >> 8, n & 0xff);
        let pool = prefix.clone();
        json!({ "id": n + 2, "subnet": prefix, "pools": [{ "pool": pool }] })
    };
    let mut subnets: Vec<Value> = (0..10_000).map(subnet).collect();
    subnets.push(json!({ "id": 1, "subnet": "192.0.0.0/16", "pools": [{ "pool": "192.0.16.0 - 192.0.255.254" }] }));
    let config = json!({ "loggers": setup.quiet_loggers(), "subnet4": subnets });
    let arguments = setup.config(&config);
    let server = setup.start_with(&server_ns, &config).unwrap();

    let client = RawClient4::open(&client_ns, "eth0").unwrap();
    let load = Load::new(client, 1, 4).of_clients(1000).patient().in_background();
    let added = json!({ "id": 20_000, "subnet": "192.1.0.0/16" });
    for (command, arguments) in [
        ("config-test", arguments.clone()),
        ("config-set", arguments),
        ("subnet4-add", json!({ "subnet4": [added] })),
        ("subnet4-del", json!({ "id": 20_000 })),
        ("config-reload", json!(null)),
    ] {
        load.advance().unwrap();
        let answer = server.control().command(command, arguments).unwrap();
        assert_eq!(answer.result, 0, "{command}: {}", answer.text);
    }
    load.advance().unwrap();
    let outcome = server.reload().unwrap();
    assert!(outcome.contains("DHCP4_DYNAMIC_RECONFIGURATION_SUCCESS"), "{outcome}");
    load.advance().unwrap();
    let outcome = load.finish().unwrap();
    assert_eq!((outcome.unanswered, outcome.refused), (0, 0), "{outcome:?}");
}

#[test]
fn what_is_odd_about_sockets_and_identity_is_logged_as_kea_does() {
    let mut lab = Lab::new().unwrap();
    let netns = network(&mut lab, "server");
    for (version, config, expected) in [
        (4, json!({ "interfaces-config": { "interfaces": [] } }), "DHCPSRV_NO_SOCKETS_OPEN"),
        (6, json!({ "interfaces-config": { "interfaces": [] } }), "DHCPSRV_NO_SOCKETS_OPEN"),
        (
            6,
            json!({ "interfaces-config": { "interfaces": ["eth0/fe80::ff:fe00:1"] } }),
            "DHCPSRV_CFGMGR_UNICAST_LINK_LOCAL",
        ),
        (6, json!({ "server-id": { "type": "LLT" } }), "DHCPSRV_CFGMGR_CONFIGURE_SERVERID"),
    ] {
        let setup = ServerSetup::new(Subject::from_environment(), version).unwrap();
        let server = setup.start_with(&netns, &config).unwrap();
        let line = server.logged(0, expected, LIMIT);
        assert!(line.is_some_and(|line| line.contains("WARN")), "{config}");
    }
}

#[test]
fn statistics_keep_as_many_samples_as_configured() {
    if Subject::from_environment() == Subject::Debian {
        return; // the commands that change pools are not in Debian's package
    }
    let mut lab = Lab::new().unwrap();
    let netns = network(&mut lab, "server");
    for (version, prefix, total) in
        [(4, "192.0.2", "total-addresses"), (6, "2001:db8:1:", "total-nas")]
    {
        let list = format!("subnet{version}");
        let dot = if version == 4 { "." } else { ":" };
        let length = if version == 4 { "0/24" } else { "/64" };
        let config = |count: u32| {
            json!({
                "statistic-default-sample-count": count,
                "statistic-default-sample-age": 36000,
                &list: [{ "id": 1, "subnet": format!("{prefix}{dot}{length}") }],
            })
        };
        let setup = ServerSetup::new(Subject::Ours, version).unwrap();
        let (fewer, by_age) = (setup.config(&config(1)), setup.config(&config(0)));
        let server = setup.start_with(&netns, &config(2)).unwrap();
        let control = server.control();
        let name = format!("subnet[1].{total}");
        let samples = || {
            let answer = control.command("statistic-get", json!({ "name": name })).unwrap();
            let samples = answer.arguments[&name].as_array().unwrap().clone();
            samples.iter().map(|sample| sample[0].as_i64().unwrap()).collect::<Vec<_>>()
        };
        let add_pools = || {
            for last in [1, 2, 3] {
                let pool = format!("{prefix}{dot}{last}0-{prefix}{dot}{last}4");
                let parts = json!({ &list: [{ "id": 1, "pools": [{ "pool": pool }] }] });
                let command = format!("{list}-delta-add");
                assert_eq!(control.command(&command, parts).unwrap().result, 0);
            }
        };
        add_pools();
        assert_eq!(samples(), [15, 10], "the newest two");
        assert_eq!(control.command("config-set", fewer).unwrap().result, 0);
        assert_eq!(samples(), [0], "pools are gone again");
        assert_eq!(control.command("config-set", by_age).unwrap().result, 0);
        add_pools();
        assert_eq!(samples(), [15, 10, 5, 0], "those of the last hours");
    }
}

/// Accepted by both, and nothing in it but members that go beside the control socket, and no database.
fn is_for_both_servers(case: &Case) -> bool {
    // Kea looks for databases that do not exist here.
    let own = ["\"control-socket\"", "\"lease-database\"", "\"hosts-database"].iter();
    case.accepted
        && case.kea.is_none()
        && !case.is_whole_file()
        && own.into_iter().all(|key| !case.body.contains(key))
}

fn cases(version: u8) -> Vec<Case> {
    Case::of_server(version).unwrap()
}

/// A namespace with the interface and the addresses that the cases speak of.
fn network(lab: &mut Lab, role: &str) -> Netns {
    let netns = lab.netns(role).unwrap();
    let far = lab.netns(&format!("{role}-far")).unwrap();
    lab.cable((&netns, "eth0"), (&far, "eth0")).unwrap();
    netns.address("eth0", "192.0.2.1/24").unwrap();
    netns.address("eth0", "2001:db8::1/64").unwrap();
    netns.address("eth0", "fe80::ff:fe00:1/64").unwrap();
    netns
}

/// Checks every case with `-t` of the server under test.
fn compare_verdicts(version: u8, least: usize) {
    let mut lab = Lab::new().unwrap();
    let netns = network(&mut lab, &format!("server{version}"));
    let cases = cases(version);
    assert!(cases.len() >= least, "{} cases", cases.len());
    let setup = ServerSetup::new(Subject::from_environment(), version).unwrap();
    let wrong: String =
        cases.iter().filter_map(|case| setup.objection(&netns, case).unwrap()).collect();
    assert!(wrong.is_empty(), "{wrong}");
}

fn start(subject: Subject, version: u8, netns: &Netns) -> Server {
    let setup = ServerSetup::new(subject, version).unwrap();
    setup.start_with(netns, &json!({ "interfaces-config": { "interfaces": [] } })).unwrap()
}

/// Puts a case in force, beside the control socket and the lease file of the server.
fn set(server: &Server, version: u8, case: &Case) {
    let object = format!("Dhcp{version}");
    let own = server.setup().config(&json!({}));
    let own = ["control-socket", "lease-database"]
        .map(|key| format!("\"{key}\": {}, ", own[&object][key]))
        .concat();
    let text = format!("{{ \"{object}\": {{ {own}\n{}\n}} }}\n", case.body);
    server.setup().write_config(&text).unwrap();
    let answer = server.control().command("config-reload", json!(null)).unwrap();
    assert_eq!(answer.result, 0, "{}: {}", case.name, answer.text);
}

/// `config-get` after `config-reload`, of both servers, for every case that both accept.
fn compare_effective(version: u8, least: usize) {
    let mut lab = Lab::new().unwrap();
    let [ours, kea] = [Subject::Ours, Subject::Debian].map(|subject| {
        let netns = network(&mut lab, subject.word());
        start(subject, version, &netns)
    });
    let cases: Vec<Case> = cases(version).into_iter().filter(is_for_both_servers).collect();
    assert!(cases.len() >= least, "{} cases", cases.len());
    let intended = intended();
    let mut wrong = String::new();
    for case in &cases {
        let object = format!("Dhcp{version}");
        let [mut ours, mut kea] = [&ours, &kea].map(|server| {
            set(server, version, case);
            let answer = server.control().command("config-get", json!(null)).unwrap();
            answer.arguments[&object].clone()
        });
        assert!(ours.is_object(), "{}: {ours}", case.name);
        if kea.is_null() {
            // There are prefixes that Kea accepts and then cannot show.
            continue;
        }
        for value in [&mut ours, &mut kea] {
            // Places of this run.
            for key in ["control-socket", "lease-database"] {
                value.as_object_mut().unwrap().remove(key);
            }
            sort(value);
        }
        let mut found = Vec::new();
        differences(&object, &ours, &kea, &mut found);
        found.retain(|(place, what)| !intended.iter().any(|line| line.covers(place, what)));
        for (place, what) in found {
            wrong += &format!("{place}: {what} ({})\n", case.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Sorts lists that mean the same in any order: ours come as in the file, Kea's as it keeps them.
fn sort(value: &mut Value) {
    match value {
        Value::Object(members) => members.values_mut().for_each(sort),
        Value::Array(list) => {
            list.iter_mut().for_each(sort);
            let by = |item: &Value| {
                let named = ["space", "code", "hw-address", "duid", "client-id", "circuit-id"];
                let named = named.iter().chain(&["flex-id", "subnet"]);
                named.map(|key| item[key].to_string()).collect::<String>()
            };
            // A list without any of these keeps its order: the sort is stable.
            list.sort_by_cached_key(by);
        }
        _ => {}
    }
}

/// Where two values differ, as `Dhcp4/subnet4/0/id`.
fn differences(place: &str, ours: &Value, kea: &Value, out: &mut Vec<(String, String)>) {
    match (ours, kea) {
        (Value::Object(a), Value::Object(b)) => {
            for (key, value) in a {
                let place = format!("{place}/{key}");
                match b.get(key) {
                    Some(other) => differences(&place, value, other, out),
                    None => out.push((place, format!("only ours has it: {value}"))),
                }
            }
            for (key, value) in b.iter().filter(|(key, _)| !a.contains_key(*key)) {
                out.push((format!("{place}/{key}"), format!("only Kea has it: {value}")));
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{place}/{i}"), a, b, out);
            }
        }
        _ if ours == kea => {}
        _ => out.push((place.to_owned(), format!("ours {ours}, Kea {kea}"))),
    }
}

/// A line of `config-get.differences`.
struct Intended {
    place: String,
    /// What is said about the two values begins so.
    what: String,
}

fn intended() -> Vec<Intended> {
    let text = fs::read_to_string(Case::folder().join("config-get.differences")).unwrap();
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (place, reason) = line.split_once(char::is_whitespace).expect(line);
            assert!(!reason.trim().is_empty(), "no reason: {line}");
            let (place, ours) = place.split_once('=').unwrap_or((place, ""));
            let what = if ours.is_empty() { String::new() } else { format!("ours {ours},") };
            Intended { place: place.to_owned(), what }
        })
        .collect()
}

impl Intended {
    fn covers(&self, place: &str, what: &str) -> bool {
        let steps: Vec<&str> = place.split('/').collect();
        let (anywhere, pattern) = match self.place.strip_prefix("**/") {
            Some(rest) => (true, rest),
            None => (false, &*self.place),
        };
        let pattern: Vec<&str> = pattern.split('/').collect();
        let above = if anywhere { steps.len().saturating_sub(pattern.len()) } else { 0 };
        let steps = steps.get(above..).unwrap_or_default();
        let fits = pattern.iter().zip(steps).all(|(p, s)| *p == "*" || p == s);
        steps.len() == pattern.len() && fits && what.starts_with(&self.what)
    }
}
