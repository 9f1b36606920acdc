//! What is in the log when files are rotated, outputs are slow, and clients write what they like.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use kea_testkit::{
    Acknowledged, Lab, Load, MessageType, Packet4, RawClient, RawClient4, Server, ServerSetup,
    Subject,
};
use nix::fcntl::{FcntlArg, OFlag, fcntl};
use serde_json::{Value, json};

/// A server that tells of leases in `kea.log` and of itself on standard output too.
fn start(lab: &mut Lab, output: Value) -> (Server, RawClient4) {
    let (server_ns, client_ns) = lab.pair().unwrap();
    let setup = ServerSetup::new(Subject::Ours, 4).unwrap();
    let mut file = output;
    file["output"] = json!(setup.folder().join("kea.log"));
    let loggers = json!([
        { "name": "kea-dhcp4", "output_options": [{ "output": "stdout" }, file] },
        { "name": "leases", "output_options": [file] },
    ]);
    let config = json!({ "loggers": loggers, "subnet4": subnet() });
    let server = setup.start_with(&server_ns, &config).unwrap();
    (server, RawClient::open(&client_ns, "eth0").unwrap())
}

fn subnet() -> Value {
    json!([{ "id": 1, "subnet": "192.0.0.0/16", "pools": [{ "pool": "192.0.16.0/20" }] }])
}

/// So many clients get an address; `at` is called whenever another `step` of them have theirs.
fn serve(load: &mut Load, clients: usize, step: usize, mut at: impl FnMut()) {
    let mut next = step;
    let done = |load: &Load| {
        let count = load.acknowledged().len();
        if count >= next {
            next += step;
            at();
        }
        count >= clients
    };
    load.run(Duration::from_secs(180), done).unwrap();
    assert!(load.acknowledged().len() >= clients, "the load stalled");
}

/// A line without its first two words, date and time, and without the numbers of process and thread;
/// `None` for what is no whole line.
fn said(line: &str) -> Option<String> {
    let mut words = line.splitn(4, ' ');
    let (date, time, severity) = (words.next()?, words.next()?, words.next()?);
    let rest = words.next()?.trim_start();
    let (logger, text) = rest.strip_prefix('[')?.split_once("] ")?;
    let (logger, numbers) = logger.split_once('/')?;
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_whole = date.len() == 10
        && time.len() == 12
        && numbers.split('.').all(is_number)
        && text.split(' ').next().is_some_and(|id| id.contains('_'));
    is_whole.then(|| format!("{severity} {logger} {text}"))
}

/// All lines of the file and of those it was moved to, oldest first.
fn lines_of(log: &Path) -> Vec<String> {
    let name = |number: usize| log.with_file_name(format!("kea.log.{number}"));
    let moved = (1..).map(name).take_while(|path| path.exists()).collect::<Vec<_>>();
    let files = moved.iter().map(|path| &**path).rev().chain([log]);
    let text: String = files.map(|file| fs::read_to_string(file).unwrap()).collect();
    assert!(text.ends_with('\n'));
    let whole = |line| said(line).unwrap_or_else(|| panic!("not a whole line: {line:?}"));
    text.lines().map(whole).collect()
}

/// What is to be told of an exchange.
fn told_of(promise: &Acknowledged) -> [String; 2] {
    let mac = promise.mac.map(|octet| format!("{octet:02x}")).join(":");
    // The transaction is the client's number, which is its hardware address.
    let [_, _, number @ ..] = promise.mac;
    let tid = u32::from_be_bytes(number);
    let client = format!("[hwtype=1 {mac}], cid=[no info], tid=0x{tid:x}");
    let address = promise.address;
    [
        format!("INFO kea-dhcp4.leases DHCP4_LEASE_ADVERT {client}: lease {address} is offered"),
        format!(
            "INFO kea-dhcp4.leases DHCP4_LEASE_ALLOC {client}: lease {address} granted for 7200 seconds"
        ),
    ]
}

/// Every exchange is told of, in whole lines, each as often as it happened.
fn assert_complete(load: &Load, lines: &[String]) {
    let mut seen = std::collections::HashMap::<&str, u32>::new();
    for line in lines {
        *seen.entry(line).or_default() += 1;
    }
    let mut again = 0;
    for line in load.acknowledged().iter().flat_map(told_of) {
        let count = seen.get(&*line).copied().unwrap_or(0);
        assert!(count > 0, "lost: {line}");
        again += count - 1;
    }
    assert!(again <= load.retransmitted(), "{again} lines stand twice");
}

/// Runs Debian's logrotate on the server's log, whatever its size.
fn logrotate(folder: &Path, directives: &str) {
    let rules = folder.join("logrotate.conf");
    let log = folder.join("kea.log");
    fs::write(&rules, format!("{} {{\n{directives}\n}}\n", log.display())).unwrap();
    fs::set_permissions(&rules, fs::Permissions::from_mode(0o644)).unwrap();
    let mut command = Command::new("/usr/sbin/logrotate");
    command.args(["--force", "--state"]).arg(folder.join("logrotate.state")).arg(&rules);
    let output = command.output().unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && complaints.is_empty(), "{complaints}");
}

#[test]
fn logrotate_moves_the_file_under_load_and_no_line_is_lost() {
    if Subject::from_environment() == Subject::Debian {
        return;
    }
    let mut lab = Lab::new().unwrap();
    let (mut server, client) = start(&mut lab, json!({}));
    let folder = server.setup().folder().to_owned();
    let rules =
        format!("rotate 20\ncreate\npostrotate\nkill -HUP {}\nendscript", server.process().pid());
    let mut load = Load::new(client, 1, 16);
    serve(&mut load, 1000, 200, || logrotate(&folder, &rules));
    assert!(server.stop().unwrap().success());
    assert!(folder.join("kea.log.5").exists(), "not rotated five times");
    assert_complete(&load, &lines_of(&folder.join("kea.log")));
}

/// Between copying and cutting a line can get lost, which lies in this way of rotating; what is there is whole.
#[test]
fn logrotate_cuts_the_file_under_load_and_lines_stay_whole() {
    if Subject::from_environment() == Subject::Debian {
        return;
    }
    let mut lab = Lab::new().unwrap();
    let (mut server, client) = start(&mut lab, json!({}));
    let folder = server.setup().folder().to_owned();
    let log = folder.join("kea.log");
    let mut load = Load::new(client, 1, 16);
    serve(&mut load, 600, 200, || logrotate(&folder, "rotate 20\ncopytruncate"));
    let before = load.acknowledged().len();
    serve(&mut load, before + 200, usize::MAX / 2, || {});
    assert!(server.stop().unwrap().success());
    for number in 1..=3 {
        // The copy may end within a line that was being written.
        let copy = log.with_file_name(format!("kea.log.{number}"));
        let text = fs::read_to_string(&copy).unwrap();
        let (whole, _) = text.rsplit_once('\n').unwrap();
        whole.lines().for_each(|line| assert!(said(line).is_some(), "{number}: {line:?}"));
        fs::remove_file(&copy).unwrap();
    }
    // No hole where the cut-off text was. Of those who came after the last cut everybody is there: 16 were
    // under way then.
    let lines = lines_of(&log);
    for [_, line] in load.acknowledged()[before + 16..].iter().map(told_of) {
        assert!(lines.contains(&line), "lost: {line}");
    }
}

#[test]
fn files_that_are_full_are_moved_by_the_server_and_no_line_is_lost() {
    if Subject::from_environment() == Subject::Debian {
        return;
    }
    let mut lab = Lab::new().unwrap();
    let (mut server, client) = start(&mut lab, json!({ "maxsize": 204_800, "maxver": 9 }));
    let log = server.setup().folder().join("kea.log");
    let mut load = Load::new(client, 1, 16);
    serve(&mut load, 1500, usize::MAX / 2, || {});
    assert!(server.stop().unwrap().success());
    let size =
        |number| fs::metadata(log.with_file_name(format!("kea.log.{number}"))).unwrap().len();
    for number in 1..=2 {
        // Full, and not by more than the line that filled it.
        assert!((204_800..205_800).contains(&size(number)), "{}", size(number));
    }
    assert_complete(&load, &lines_of(&log));
    // Against other processes with the same file, in the folder that the environment names.
    assert!(log.with_file_name("logger_lockfile").exists());
}

/// Everything is told, and nobody reads it.
#[test]
fn debug_level_99_into_a_blocked_output_keeps_serving_and_reports_what_was_dropped() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let pipe = setup.folder().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    // Opened without waiting for the writer, then read as any file.
    let reader =
        OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&pipe).unwrap();
    fcntl(&reader, FcntlArg::F_SETFL(OFlag::empty())).unwrap();
    let config = json!({ "subnet4": subnet(), "loggers": [
        { "name": "kea-dhcp4", "severity": "DEBUG", "debuglevel": 99,
          "output_options": [{ "output": pipe }] },
        { "name": "kea-dhcp4.dhcp4", "severity": "INFO", "output_options": [{ "output": "stdout" }] },
    ]});
    let mut server = setup.start_with(&server_ns, &config).unwrap();
    let mut load = Load::new(RawClient::open(&client_ns, "eth0").unwrap(), 1, 16);
    serve(&mut load, 3000, usize::MAX / 2, || {});

    let reading = std::thread::spawn(move || read_lines(reader));
    // Commands are answered too.
    assert_eq!(server.control().command("version-get", Value::Null).unwrap().result, 0);
    assert!(server.stop().unwrap().success());
    let lines = reading.join().unwrap();
    for line in &lines {
        assert!(said(line).is_some(), "not a whole line: {line:?}");
    }
    let reports = lines
        .iter()
        .filter_map(|line| line.split_once("LOG_MESSAGES_DROPPED ")?.1.split(' ').next());
    let dropped: u64 = reports.map(|number| number.parse::<u64>().unwrap()).sum();
    assert!(dropped > 0, "{} lines and no report", lines.len());
    // What was not dropped is there: the first exchange from its query to its answer.
    let of_first =
        |id: &str| lines.iter().any(|line| line.contains(id) && line.contains("tid=0x1:"));
    for id in [
        "DHCP4_PACKET_RECEIVED ",
        "DHCP4_QUERY_DATA ",
        "DHCP4_LEASE_ALLOC ",
        "DHCP4_RESPONSE_DATA ",
    ] {
        assert!(of_first(id), "{id} of the first client");
    }
}

fn read_lines(file: File) -> Vec<String> {
    BufReader::new(file).lines().map(Result::unwrap).collect()
}

#[test]
fn texts_of_clients_stay_within_their_line() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    const FORGED: &[u8] =
        b"pc\r\n2026-11-22 10:00:00.000 FATAL [kea-dhcp4/1.1] FORGED_LINE \x1b[2J\xff\x00\x07";
    let outputs = ["text.log", "json.log"].map(|name| {
        let pattern = if name == "json.log" { "json" } else { "" };
        json!({ "output": setup.folder().join(name), "pattern": pattern })
    });
    let config = json!({ "subnet4": subnet(), "loggers": [
        { "name": "kea-dhcp4", "severity": "DEBUG", "debuglevel": 99,
          "output_options": [outputs[0], outputs[1], { "output": "stdout" }] },
    ]});
    let mut server = setup.start_with(&server_ns, &config).unwrap();
    let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
    let fqdn = [&[1, 0, 0], FORGED].concat();
    for (xid, code, data) in [
        (1, 12, FORGED),
        (2, 60, FORGED),
        (3, 61, FORGED),
        (4, 81, &fqdn),
        (5, 77, FORGED),
        (6, 15, FORGED),
    ] {
        let query = Packet4::query(MessageType::Discover, [2, 0, 0, 0, 0, xid], xid.into());
        // Without an answer there is nothing to wait for: the next one has to be answered.
        client.broadcast(&query.with_option(code, data)).unwrap();
    }
    let last = Packet4::query(MessageType::Discover, [2, 0, 0, 0, 0, 9], 9);
    client.exchange(&last, Duration::from_secs(20)).unwrap().unwrap();
    let name = String::from_utf8_lossy(FORGED).into_owned();
    assert_ne!(server.control().command(&name, Value::Null).unwrap().result, 0);
    assert_ne!(server.control().send(&format!("x {name}\n")).unwrap().result, 0);
    assert!(server.stop().unwrap().success());

    let text = fs::read_to_string(server.setup().folder().join("text.log")).unwrap();
    let is_harmless = |line: &str| !line.contains(char::is_control);
    for line in text.lines() {
        assert!(is_harmless(line) && said(line).is_some(), "{line:?}");
        assert!(!said(line).unwrap().contains("FATAL kea-dhcp4 "), "{line:?}");
    }
    for spelt in [r"pc\r\n2026-11-22", r"FORGED_LINE \x1b[2J"] {
        assert!(text.contains(spelt), "{spelt} is not told at all");
    }
    let objects = fs::read_to_string(server.setup().folder().join("json.log")).unwrap();
    assert_eq!(objects.lines().count(), text.lines().count());
    for line in objects.lines() {
        assert!(is_harmless(line), "{line:?}");
        let object: Value = serde_json::from_str(line).unwrap();
        assert!(object["id"].is_string() && object["arguments"].is_array(), "{line}");
    }
}

#[test]
fn secrets_are_in_no_message() {
    let Some((_lab, server_ns, _, setup)) = Lab::ours(4) else { return };
    let log = setup.folder().join("kea.log");
    let config = |password: &str| {
        let mut config = setup.config(&json!({
            "subnet4": subnet(),
            "lease-database": {
                "type": "memfile", "lfc-interval": 0, "name": setup.lease_file(),
                "user": "kea", "password": format!("s3cret-{password}"),
            },
            "control-sockets": [
                { "socket-type": "unix", "socket-name": setup.folder().join("control") },
                { "socket-type": "http", "socket-address": "127.0.0.1", "socket-port": 8080,
                  "authentication": { "type": "basic", "realm": "kea", "clients": [
                      { "user": "admin", "password": "s3cret-http" }
                  ] } },
            ],
            "loggers": [{
                "name": "kea-dhcp4", "severity": "DEBUG", "debuglevel": 99,
                "output_options": [{ "output": log }, { "output": "stdout" }, { "output": log, "pattern": "json" }],
            }],
        }));
        config["Dhcp4"].as_object_mut().unwrap().remove("control-socket");
        config
    };
    setup.write_config(&config("file").to_string()).unwrap();
    let (set, bad, log) = (config("set"), config("bad"), log.clone());
    let mut server = setup.start(&server_ns).unwrap();
    let control = server.control();
    assert_eq!(control.command("config-get", Value::Null).unwrap().result, 0);
    assert_eq!(control.command("config-test", set.clone()).unwrap().result, 0);
    assert_eq!(control.command("config-set", set).unwrap().result, 0);
    let mut wrong = bad.clone();
    wrong["Dhcp4"]["lease-database"]["passwort"] = json!("s3cret-typo");
    assert_ne!(control.command("config-set", wrong).unwrap().result, 0);
    assert_ne!(
        control
            .send(&format!("{{ \"command\": \"config-set\", \"arguments\": {bad} x }}"))
            .unwrap()
            .result,
        0
    );
    for (user, code) in [("admin:s3cret-http", "200"), ("admin:s3cret-wrong", "401")] {
        let mut curl = server_ns.command("curl");
        curl.args(["--silent", "--output", "-", "--write-out", "%{http_code}", "--max-time", "10"]);
        curl.args([
            "--user",
            user,
            "--json",
            r#"{ "command": "config-get" }"#,
            "http://127.0.0.1:8080/",
        ]);
        let said = String::from_utf8(curl.output().unwrap().stdout).unwrap();
        assert!(said.ends_with(code), "{said}");
    }
    assert!(server.stop().unwrap().success());

    let text = fs::read_to_string(&log).unwrap();
    for told in [
        "DHCP4_CONFIG_RECEIVED",
        r#""password":"*****""#,
        "HTTP_CLIENT_REQUEST_NOT_AUTHORIZED",
        "COMMAND_PROCESS_ERROR1",
    ] {
        assert!(text.contains(told), "{told} is not told");
    }
    // Also as the header of HTTP has them: admin:s3cret-http and admin:s3cret-wrong.
    for secret in ["s3cret", "YWRtaW46czNjcmV0LWh0dHA", "YWRtaW46czNjcmV0LXdyb25n"] {
        let found: Vec<&str> = text.lines().filter(|line| line.contains(secret)).collect();
        assert!(found.is_empty(), "{secret} is told: {found:#?}");
    }
}

#[test]
fn the_environment_says_where_messages_go_without_a_configuration() {
    if Subject::from_environment() == Subject::Debian {
        return;
    }
    let mut lab = Lab::new().unwrap();
    let (server_ns, _) = lab.pair().unwrap();
    let mut setup = ServerSetup::new(Subject::Ours, 4).unwrap();
    let (early, late) = (setup.folder().join("early.log"), setup.folder().join("late.log"));
    setup.set_environment("KEA_LOGGER_DESTINATION", &early.to_string_lossy());
    let loggers = json!([{ "name": "kea-dhcp4", "output_options": [
        { "output": late, "pattern": "%p %c %m\n" }, { "output": "stdout" },
    ] }]);
    let mut server =
        setup.start_with(&server_ns, &json!({ "subnet4": subnet(), "loggers": loggers })).unwrap();
    // Without loggers from now on.
    let mut config = server.setup().config(&json!({ "subnet4": subnet() }));
    config["Dhcp4"].as_object_mut().unwrap().remove("loggers");
    assert_eq!(server.control().command("config-set", config).unwrap().result, 0);
    assert!(server.stop().unwrap().success());

    let ids = |path: &Path| -> Vec<String> {
        let text = fs::read_to_string(path).unwrap();
        let words = text.lines().flat_map(str::split_whitespace);
        words.filter(|word| word.starts_with("DHCP4_")).map(str::to_owned).collect()
    };
    let (early, late) = (ids(&early), ids(&late));
    assert_eq!(early.first().map(String::as_str), Some("DHCP4_STARTING"));
    assert_eq!(early.last().map(String::as_str), Some("DHCP4_SHUTDOWN"));
    assert!(!early.iter().any(|id| id == "DHCP4_STARTED"), "{early:?}");
    assert!(late.iter().any(|id| id == "DHCP4_STARTED"), "{late:?}");
    assert!(!late.iter().any(|id| id == "DHCP4_STARTING" || id == "DHCP4_SHUTDOWN"), "{late:?}");
}
