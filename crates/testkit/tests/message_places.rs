//! Messages of situations that no exchange brings about, and of the other programs: each stands in the log when
//! what it tells of happens, under the severity and the logger of the catalogue. Debian's programs, in the same
//! situations, say the same of what is told by both.

mod grade;

use std::fs;
use std::net::UdpSocket;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use kea_testkit::{Captured, Lab, LogLine, Netns, ServerSetup, Subject};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

/// The identifiers that were said, in order, after their grades were compared.
fn said(lines: &[String]) -> Vec<String> {
    let odd = grade::unlike_catalogue(lines);
    assert!(odd.is_empty(), "{odd:#?}");
    let lines = lines.iter().filter_map(|line| LogLine::parse(line));
    lines.map(|line| line.identifier.to_owned()).collect()
}

fn text_of<'a>(lines: &'a [String], identifier: &str) -> &'a str {
    let mut lines = lines.iter().filter_map(|line| LogLine::parse(line));
    lines.find(|line| line.identifier == identifier).map_or("", |line| line.text)
}

fn assert_said(said: &[String], expected: &[&str]) {
    for identifier in expected {
        assert!(said.iter().any(|id| id == identifier), "{identifier} is missing: {said:#?}");
    }
}

/// A program at a place where Debian does not confine it to its own folders.
fn program(subject: Subject, name: &str, folder: &Path) -> PathBuf {
    let program = subject.program(name);
    if subject == Subject::Ours {
        return program;
    }
    let copy = folder.join(name);
    if !copy.exists() {
        fs::copy(program, &copy).unwrap();
    }
    copy
}

fn launch_agent(subject: Subject, netns: &Netns, folder: &Path, config: &str) -> Captured {
    let file = folder.join("agent.conf");
    fs::write(&file, config).unwrap();
    let mut command = netns.command(program(subject, "kea-ctrl-agent", folder));
    command.arg("-c").arg(&file).current_dir(folder);
    command.env("KEA_PIDFILE_DIR", folder).env("KEA_LOCKFILE_DIR", folder);
    Captured::start(command).unwrap()
}

fn ask(netns: &Netns, user: &str, request: &Value) -> String {
    let mut curl = netns.command("curl");
    curl.args(["--silent", "--max-time", "60", "--header", "Content-Type: application/json"]);
    curl.args(["--write-out", " %{http_code}"]);
    if user.contains(':') {
        curl.args(["--user", user]);
    } else {
        curl.arg("--header").arg(format!("Authorization: {user}"));
    }
    curl.args(["--data", &request.to_string(), "http://127.0.0.1:8000/"]);
    String::from_utf8(curl.output().unwrap().stdout).unwrap()
}

#[test]
fn the_control_agent_tells_of_its_life_of_users_and_of_what_it_forwards() {
    let subject = Subject::from_environment();
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let setup = ServerSetup::new(subject, 4).unwrap();
    let folder = setup.folder().to_owned();
    let server = setup.start_with(&netns, &json!({})).unwrap();
    let socket = |name: &str| json!({ "socket-type": "unix", "socket-name": folder.join(name) });
    let config = json!({ "Control-agent": {
        "http-host": "127.0.0.1", "http-port": 8000,
        "control-sockets": { "dhcp4": socket("control"), "dhcp6": socket("nobody") },
        "authentication": { "type": "basic", "realm": "kea", "clients": [
            { "user": "admin", "password": "s3cret-agent" } ] },
        "loggers": [{ "name": "kea-ctrl-agent", "severity": "DEBUG", "debuglevel": 99,
            "output_options": [{ "output": "stdout", "flush": true }] }],
    } });
    let mut agent = launch_agent(subject, &netns, &folder, &config.to_string());
    assert!(agent.wait_for_line(0, "HTTP_SERVICE_STARTED", LIMIT).is_some(), "{}", agent.text());

    let mut again = launch_agent(subject, &netns, &folder, &config.to_string());
    assert!(!again.wait(LIMIT).unwrap().success());
    assert_said(&said(&again.lines_from(0)), &["DCTL_ALREADY_RUNNING"]);

    let to = |service: &str| json!({ "command": "version-get", "service": [service] });
    assert!(ask(&netns, "admin:s3cret-agent", &to("dhcp4")).ends_with(" 200"));
    assert!(ask(&netns, "admin:s3cret-agent", &to("dhcp6")).ends_with(" 200"));
    assert!(ask(&netns, "admin:s3cret-wrong", &to("dhcp4")).ends_with(" 401"));
    assert!(ask(&netns, "Bearer s3cret-token", &to("dhcp4")).ends_with(" 401"));
    let database = json!({ "type": "memfile", "password": "s3cret-forwarded" });
    let arguments = json!({ "Dhcp4": { "lease-database": database } });
    let test = json!({ "command": "config-test", "service": ["dhcp4"], "arguments": arguments });
    assert!(ask(&netns, "admin:s3cret-agent", &test).ends_with(" 200"));
    let stop = json!({ "command": "shutdown" });
    assert!(ask(&netns, "admin:s3cret-agent", &stop).ends_with(" 200"));
    assert!(agent.wait(LIMIT).unwrap().success());
    let lines = agent.lines_from(0);
    let said = said(&lines);
    assert_said(
        &said,
        &[
            "DCTL_STARTING",
            "CTRL_AGENT_HTTP_SERVICE_STARTED",
            "HTTP_CLIENT_REQUEST_AUTHORIZED",
            "HTTP_CLIENT_REQUEST_NOT_AUTHORIZED",
            "HTTP_CLIENT_REQUEST_BAD_AUTH_HEADER",
            "CTRL_AGENT_COMMAND_RECEIVED",
            "CTRL_AGENT_COMMAND_FORWARDED",
            "CTRL_AGENT_COMMAND_FORWARD_FAILED",
            "DCTL_SHUTDOWN",
        ],
    );
    // Who asked stands with the command.
    assert!(text_of(&lines, "HTTP_CLIENT_REQUEST_AUTHORIZED").contains("admin"));
    assert!(text_of(&lines, "CTRL_AGENT_COMMAND_FORWARD_FAILED").contains("version-get"));
    if subject == Subject::Ours {
        // Also as the header of HTTP has them, at debug level 99.
        let secrets = ["s3cret", "YWRtaW46czNjcmV0LWFnZW50", "YWRtaW46czNjcmV0LXdyb25n"];
        let is_told = |line: &&String| secrets.iter().any(|secret| line.contains(secret));
        assert_eq!(lines.iter().find(is_told), None);
    }
    drop(server);
}

#[test]
fn a_configuration_that_the_control_agent_cannot_load_is_told() {
    let subject = Subject::from_environment();
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut agent = launch_agent(subject, &netns, folder.path(), "{ \"Control-agent\": { x } }");
    assert!(!agent.wait(LIMIT).unwrap().success());
    assert_said(&said(&agent.lines_from(0)), &["DCTL_STARTING", "DCTL_CONFIG_FILE_LOAD_FAIL"]);
}

#[test]
fn a_configuration_that_a_server_cannot_load_is_told() {
    let subject = Subject::from_environment();
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    for version in [4, 6] {
        let setup = ServerSetup::new(subject, version).unwrap();
        setup.write_config(&format!("{{ \"Dhcp{version}\": {{ \"no-such-key\": 1 }} }}")).unwrap();
        let mut server = setup.launch(&netns).unwrap();
        assert!(!server.wait(LIMIT).unwrap().success());
        let lines = server.lines_from(0);
        let (failed, given_up) =
            (format!("DHCP{version}_CONFIG_LOAD_FAIL"), format!("DHCP{version}_INIT_FAIL"));
        assert_said(&said(&lines), &[&failed, &given_up]);
        assert!(text_of(&lines, &failed).contains("no-such-key"));
    }
}

#[test]
fn the_clean_up_of_lease_files_tells_what_it_read_and_wrote() {
    let subject = Subject::from_environment();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let header = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n";
    let row =
        |address: u8| format!("192.0.2.{address},02:00:00:00:00:01,,3600,4000000000,1,0,0,,0,\n");
    // One lease twice, another once, and what is no lease.
    let rows = format!("{header}{}{}{}192.0.2.x,,,,,,,,,,\n", row(1), row(1), row(2));
    fs::write(at("copy"), rows).unwrap();
    let mut lfc = Command::new(program(subject, "kea-lfc", folder.path()));
    lfc.args(["-4", "-c", "none", "-d"]);
    for (switch, name) in
        [("-p", "pid"), ("-x", "previous"), ("-i", "copy"), ("-o", "output"), ("-f", "finish")]
    {
        lfc.arg(switch).arg(at(name));
    }
    lfc.env("KEA_LOCKFILE_DIR", folder.path());
    let mut lfc = Captured::start(lfc).unwrap();
    assert!(lfc.wait(LIMIT).unwrap().success());
    let lines = lfc.lines_from(0);
    let said = said(&lines);
    let own: Vec<&str> =
        said.iter().map(String::as_str).filter(|id| id.starts_with("LFC_")).collect();
    assert_eq!(
        own,
        [
            "LFC_START",
            "LFC_PROCESSING",
            "LFC_READ_STATS",
            "LFC_WRITE_STATS",
            "LFC_ROTATING",
            "LFC_TERMINATE"
        ]
    );
    // Leases, attempts and errors of both files.
    let numbers = |id: &str| -> Vec<u64> {
        let words = text_of(&lines, id).split(|letter: char| !letter.is_ascii_digit());
        words.filter_map(|word| word.parse().ok()).collect()
    };
    // To Kea, reading the end of the file is an attempt too.
    let attempts = if subject == Subject::Ours { 4 } else { 5 };
    assert_eq!(numbers("LFC_READ_STATS"), [3, attempts, 1]);
    assert_eq!(numbers("LFC_WRITE_STATS"), [2, 2, 0]);
}

#[test]
fn rows_that_are_no_leases_are_told_with_their_place() {
    let subject = Subject::from_environment();
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let setup = ServerSetup::new(subject, 4).unwrap();
    let header = "address,hwaddr,client_id,valid_lifetime,expire,subnet_id,fqdn_fwd,fqdn_rev,hostname,state,user_context\n";
    fs::write(setup.lease_file(), format!("{header}192.0.2.x,,,,,,,,,,\n")).unwrap();
    let mut server = setup.start_with(&netns, &json!({})).unwrap();
    server.stop().unwrap();
    let lines = server.process().lines_from(0);
    assert_said(&said(&lines), &["DHCPSRV_MEMFILE_LEASE_LOAD_ROW_ERROR"]);
    // To Kea, the header is no row.
    let text = text_of(&lines, "DHCPSRV_MEMFILE_LEASE_LOAD_ROW_ERROR");
    let place = if subject == Subject::Ours { "row 2" } else { "row 1" };
    assert!(text.contains(place), "{text}");
}

#[test]
fn addresses_to_serve_are_told_and_sockets_that_cannot_be_opened() {
    let subject = Subject::from_environment();
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    // Somebody else has the port.
    let _taken = netns.enter(|| UdpSocket::bind("192.0.2.1:67")).unwrap();
    let setup = ServerSetup::new(subject, 4).unwrap();
    let interfaces = json!({ "interfaces": ["eth0/192.0.2.1"], "dhcp-socket-type": "udp" });
    let config = setup.config(&json!({ "interfaces-config": interfaces }));
    setup.write_config(&config.to_string()).unwrap();
    let server = setup.launch(&netns).unwrap();
    assert!(server.wait_for_line(0, "DHCPSRV_OPEN_SOCKET_FAIL", LIMIT).is_some());
    let lines = server.lines_from(0);
    assert_said(&said(&lines), &["DHCPSRV_CFGMGR_USE_ADDRESS", "DHCPSRV_OPEN_SOCKET_FAIL"]);
    assert!(text_of(&lines, "DHCPSRV_CFGMGR_USE_ADDRESS").contains("192.0.2.1"));
    assert!(text_of(&lines, "DHCPSRV_OPEN_SOCKET_FAIL").contains("192.0.2.1"));
}

/// New loggers are in use from the beginning of a reconfiguration; if it fails, those before are again.
#[test]
fn loggers_change_with_the_configuration_and_go_back_when_it_fails() {
    let subject = Subject::from_environment();
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let setup = ServerSetup::new(subject, 4).unwrap();
    let folder = setup.folder().to_owned();
    let at = |name: &str| folder.join(name);
    let loggers = |name: &str| {
        json!([{ "name": "kea-dhcp4", "severity": "INFO", "output_options": [
            { "output": at(name), "maxsize": 1_000_000, "maxver": 3, "pattern": "%p %c %m\n" },
            { "output": "stdout" },
        ] }])
    };
    let subnet = json!([{ "id": 1, "subnet": "192.0.2.0/24" }]);
    let good = |name: &str| json!({ "loggers": loggers(name), "subnet4": subnet });
    let mut server = setup.start_with(&netns, &good("first.log")).unwrap();
    let set = |config: Value| {
        let config = server.setup().config(&config);
        server.control().command("config-set", config).unwrap().result
    };
    // It cannot be applied: the folder of the lease file is missing.
    let mut bad = good("second.log");
    bad["lease-database"] = json!({ "type": "memfile", "name": at("no/such/folder/leases.csv") });
    assert_ne!(set(bad), 0);
    assert_eq!(set(good("third.log")), 0);
    let answer = server.control().command("config-get", Value::Null).unwrap();
    assert_eq!(
        answer.arguments["Dhcp4"]["loggers"],
        json!([{ "name": "kea-dhcp4", "severity": "INFO", "debuglevel": 0, "output_options": [
            { "flush": true, "maxsize": 1_000_000, "maxver": 3, "output": at("third.log"),
              "pattern": "%p %c %m\n" },
            { "flush": true, "output": "stdout", "pattern": "" },
        ] }])
    );
    server.stop().unwrap();

    let text = |name: &str| fs::read_to_string(at(name)).unwrap_or_default();
    let commands = |name: &str| text(name).matches("COMMAND_RECEIVED").count();
    // Both `config-set`; what came between them went back to the first file.
    assert_eq!(commands("first.log"), 2, "{}", text("first.log"));
    assert_eq!(commands("second.log"), 0, "{}", text("second.log"));
    for told in
        ["kea-dhcp4.dhcpsrv DHCPSRV_CFGMGR_NEW_SUBNET4", "kea-dhcp4.dhcp4 DHCP4_CONFIG_COMPLETE"]
    {
        assert!(text("third.log").contains(told), "{}", text("third.log"));
        assert!(!text("first.log").split_once("COMMAND_RECEIVED").unwrap().1.contains(told));
    }
}
