//! What `cargo xtask install` lays out is an installation that works where it lies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use kea_testkit::{ControlSocket, Lab, Netns, Subject};
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(60);

struct Installation {
    prefix: PathBuf,
    netns: Netns,
}

impl Installation {
    fn keactrl(&self, arguments: &[&str]) -> Output {
        let mut command = self.netns.command(self.prefix.join("sbin/keactrl"));
        // Output goes to a file of its own: the servers that it starts would keep a pipe open, and go on
        // writing.
        let said = tempfile::NamedTempFile::new().unwrap();
        let file = said.reopen().unwrap();
        command.args(arguments).stdout(file.try_clone().unwrap()).stderr(file);
        let status = command.status().unwrap();
        Output { status, stdout: fs::read(said.path()).unwrap(), stderr: Vec::new() }
    }

    fn said(&self, arguments: &[&str]) -> String {
        String::from_utf8(self.keactrl(arguments).stdout).unwrap()
    }

    fn pid_file(&self) -> PathBuf {
        self.prefix.join("var/run/kea/kea-dhcp4.kea-dhcp4.pid")
    }
}

fn wait_until(what: &str, mut is_true: impl FnMut() -> bool) {
    let end = Instant::now() + LIMIT;
    while !is_true() {
        assert!(Instant::now() < end, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn install(prefix: &Path) {
    let programs = Subject::Ours.program("kea-dhcp4");
    let output = Command::new(env!("CARGO"))
        .args(["xtask", "install", "--prefix"])
        .arg(prefix)
        .arg("--bin-dir")
        .arg(programs.parent().unwrap())
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn an_installation_runs_where_it_lies() {
    if Subject::from_environment() == Subject::Debian {
        return; // What is installed is ours.
    }
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("kea");
    install(&prefix);
    for file in [
        "etc/kea/kea-dhcp4.conf",
        "etc/kea/kea-dhcp6.conf",
        "etc/kea/kea-ctrl-agent.conf",
        "etc/kea/keactrl.conf",
        "sbin/kea-dhcp4",
        "sbin/kea-dhcp6",
        "sbin/kea-lfc",
        "sbin/kea-ctrl-agent",
        "sbin/kea-shell",
        "sbin/keactrl",
        "sbin/perfdhcp",
        "share/doc/kea/examples/kea4/options.json",
    ] {
        assert!(prefix.join(file).is_file(), "{file} is not installed");
    }
    for folder in ["lib/kea/hooks", "share/kea", "share/man", "var/lib/kea", "var/log"] {
        assert!(prefix.join(folder).is_dir(), "{folder} is not made");
    }

    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let here = Installation { prefix, netns };
    assert_eq!(
        here.said(&["status", "-s", "dhcp4"]).lines().next(),
        Some("DHCPv4 server: inactive")
    );
    let start = here.keactrl(&["start", "-s", "dhcp4"]);
    assert!(start.status.success());
    let socket = ControlSocket::new(here.prefix.join("var/run/kea/kea4-ctrl-socket"));
    wait_until("the start", || {
        here.pid_file().exists() && socket.command("version-get", json!({})).is_ok()
    });
    assert_eq!(here.said(&["status", "-s", "dhcp4"]).lines().next(), Some("DHCPv4 server: active"));
    assert!(here.prefix.join("var/lib/kea/kea-leases4.csv").is_file());
    // What is said before the configuration is read.
    let early = fs::read_to_string(here.prefix.join("var/log/kea.log")).unwrap();
    assert!(early.contains("DHCP4_STARTING"), "{early}");

    let config = here.prefix.join("etc/kea/kea-dhcp4.conf");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("3600", "7200")).unwrap();
    assert!(here.keactrl(&["reload", "-s", "dhcp4"]).status.success());
    wait_until("the reload", || {
        let answer = socket.command("config-get", json!({})).unwrap();
        answer.arguments["Dhcp4"]["valid-lifetime"] == 7200
    });

    // A second installation keeps the operator's file and replaces the running program.
    install(&here.prefix);
    assert!(fs::read_to_string(&config).unwrap().contains("7200"));
    assert!(here.keactrl(&["stop", "-s", "dhcp4"]).status.success());
    wait_until("the stop", || !here.pid_file().exists());
    assert_eq!(
        here.said(&["status", "-s", "dhcp4"]).lines().next(),
        Some("DHCPv4 server: inactive")
    );
}

/// An installation in a network of its own; nothing when another server is under test.
fn installation() -> Option<(tempfile::TempDir, Lab, Installation)> {
    if Subject::from_environment() == Subject::Debian {
        return None; // Debian ships no keactrl.
    }
    let folder = tempfile::tempdir().unwrap();
    let prefix = folder.path().join("kea");
    install(&prefix);
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    Some((folder, lab, Installation { prefix, netns }))
}

#[test]
fn keactrl_minds_several_servers_at_once() {
    let Some((_folder, _lab, here)) = installation() else { return };
    let prefix = here.prefix.display().to_string();
    let programs = ["kea-dhcp4", "kea-dhcp6", "kea-ctrl-agent"];
    let told = |what: &str| programs.map(|it| format!("INFO/keactrl: {what} {it}...\n")).concat();
    let asleep = programs.map(|it| format!("INFO/keactrl: {it} isn't running.\n")).concat();

    // Without -s, those that the file enables.
    let starting = programs.map(|it| {
        format!("INFO/keactrl: Starting {prefix}/sbin/{it} -c {prefix}/etc/kea/{it}.conf\n")
    });
    let said = here.said(&["start"]);
    for line in starting {
        assert!(said.contains(&line), "{line} is not in\n{said}");
    }
    let both = r#"{ "command": "version-get", "service": ["dhcp4", "dhcp6"] }"#;
    wait_until("the start", || {
        let mut curl = here.netns.command("curl");
        curl.args(["--silent", "--max-time", "60", "--header", "Content-Type: application/json"]);
        let output = curl.args(["--data", both, "http://127.0.0.1:8000/"]).output().unwrap();
        String::from_utf8_lossy(&output.stdout).matches("\"result\": 0").count() == 2
    });
    let status = format!(
        "DHCPv4 server: active\nDHCPv6 server: active\nControl Agent: active\n\
         Kea DHCPv4 configuration file: {prefix}/etc/kea/kea-dhcp4.conf\n\
         Kea DHCPv6 configuration file: {prefix}/etc/kea/kea-dhcp6.conf\n\
         Kea Control Agent configuration file: {prefix}/etc/kea/kea-ctrl-agent.conf\n\
         keactrl configuration file: {prefix}/etc/kea/keactrl.conf\n"
    );
    assert_eq!(here.said(&["status"]), status);
    let pid_file = |it: &str| format!("{prefix}/var/run/kea/{it}.{it}.pid");
    let running = programs.map(|it| {
        let pid = fs::read_to_string(pid_file(it)).unwrap();
        let (pid, file) = (pid.trim(), pid_file(it));
        format!("INFO/keactrl: {it} appears to be running, see: PID {pid}, PID file: {file}.\n")
    });
    assert_eq!(here.said(&["start", "-s", "all"]), running.concat());

    let version = here.said(&["version"]);
    let number = version.lines().next().unwrap().strip_prefix("keactrl: ").unwrap();
    assert!(number.starts_with(|c: char| c.is_ascii_digit()), "{version}");
    let versions = programs.map(|it| format!("{it}: {number}\n")).concat();
    assert_eq!(version, format!("keactrl: {number}\n{versions}"));
    assert_eq!(here.said(&["-v"]), format!("{number}\n"));

    assert_eq!(here.said(&["reload"]), told("Reloading"));
    // Only those that are named; the others go on.
    let two = "INFO/keactrl: Stopping kea-dhcp4...\nINFO/keactrl: Stopping kea-dhcp6...\n";
    assert_eq!(here.said(&["stop", "--server", "dhcp4,dhcp6"]), two);
    wait_until("the stop of two", || {
        !Path::new(&pid_file("kea-dhcp4")).exists() && !Path::new(&pid_file("kea-dhcp6")).exists()
    });
    let status = here.said(&["status"]);
    let expected = "DHCPv4 server: inactive\nDHCPv6 server: inactive\nControl Agent: active\n";
    assert!(status.starts_with(expected), "{status}");
    assert!(here.said(&["stop"]).ends_with("INFO/keactrl: Stopping kea-ctrl-agent...\n"));
    wait_until("the stop of all", || !Path::new(&pid_file("kea-ctrl-agent")).exists());
    assert_eq!(here.said(&["stop"]), asleep);
    assert_eq!(here.said(&["reload"]), asleep);
}

#[test]
fn keactrl_says_what_it_does_not_understand() {
    let Some((_folder, _lab, here)) = installation() else { return };
    let own = here.prefix.join("etc/kea/keactrl.conf");
    let text = fs::read_to_string(&own).unwrap();
    let other = |name: &str, from: &str, to: &str| {
        assert!(text.contains(from), "{from}");
        let file = here.prefix.join(name);
        // The prefix is that of the script, wherever its file lies.
        fs::write(&file, text.replace(from, to)).unwrap();
        file.display().to_string()
    };
    let none = other("none", "dhcp4=yes", "dhcp4=No");
    let gone = other("gone", "/sbin/kea-dhcp4", "/sbin/gone");
    let lost = other("lost", "/etc/kea/kea-dhcp4.conf", "/etc/kea/lost.conf");
    let verbose = other("verbose", "kea_verbose=no", "kea_verbose=YES");
    let bin = here.prefix.join("sbin").display().to_string();
    let etc = here.prefix.join("etc/kea").display().to_string();
    for (line, code, says) in [
        ("", 1, "ERROR/keactrl: missing command\nusage: "),
        ("restart", 1, "ERROR/keactrl: unknown command: restart\nusage: "),
        ("start now", 1, "ERROR/keactrl: unexpected argument: now\nusage: "),
        ("stop -s", 1, "ERROR/keactrl: -s needs a value\n"),
        ("stop -s dhcp5", 1, "ERROR/keactrl: invalid server name: dhcp5\n"),
        ("stop -s dhcp4,dhcp5", 1, "ERROR/keactrl: invalid server name: dhcp5\n"),
        ("status -c /none", 1, "ERROR/keactrl: keactrl configuration file doesn't exist: /none.\n"),
        ("-h", 0, "usage: keactrl start|stop|reload|status|version "),
        ("reload -s netconf", 0, "WARNING/keactrl: netconf cannot be reloaded.\n"),
        // What is not enabled is not started, even when it is named.
        (&format!("start -s dhcp4 -c {none}"), 0, ""),
        (
            &format!("start -s dhcp4 -c {gone}"),
            0,
            &format!("ERROR/keactrl: {bin}/gone cannot be executed.\n"),
        ),
        (
            &format!("version -s dhcp4 --ctrl-config {gone}"),
            0,
            &format!("\ngone: unknown, {bin}/gone missing\n"),
        ),
        (
            &format!("status -s dhcp4 -c {lost}"),
            1,
            &format!("ERROR/keactrl: configuration file doesn't exist: {etc}/lost.conf.\n"),
        ),
        (
            &format!("start -s dhcp4 -c {verbose}"),
            0,
            &format!("Starting {bin}/kea-dhcp4 -c {etc}/kea-dhcp4.conf -d\n"),
        ),
    ] {
        let output = here.keactrl(&line.split_whitespace().collect::<Vec<_>>());
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(output.status.code(), Some(code), "{line}: {said}");
        assert!(said.contains(says) && (!says.is_empty() || said.is_empty()), "{line}: {said}");
    }
}

#[test]
fn units_and_manual_pages_are_those_of_the_programs() {
    let Some((_folder, _lab, here)) = installation() else { return };
    let mut units: Vec<_> = fs::read_dir(here.prefix.join("lib/systemd/system"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    units.sort();
    assert_eq!(units.len(), 3, "{units:?}");
    // The programs exist where the units say, and systemd knows every word.
    let verified = Command::new("systemd-analyze").arg("verify").args(&units).output().unwrap();
    // It may find fault with other units of this machine.
    let said = String::from_utf8([verified.stdout, verified.stderr].concat()).unwrap();
    assert!(verified.status.success() && !said.contains("kea-"), "{said}");
    for unit in &units {
        let text = fs::read_to_string(unit).unwrap();
        assert!(text.contains("\nType=notify\n"), "{text}");
        // How exposed systemd finds it: 0 is not at all, 100 is without any confinement.
        let security = Command::new("systemd-analyze")
            .args(["security", "--offline=true", "--threshold=22", "--no-pager"])
            .arg(unit)
            .output()
            .unwrap();
        assert!(security.status.success(), "{}", String::from_utf8_lossy(&security.stdout));
    }

    for entry in fs::read_dir(here.prefix.join("sbin")).unwrap() {
        let program = entry.unwrap().path();
        let name = program.file_name().unwrap().to_str().unwrap();
        let page = here.prefix.join(format!("share/man/man8/{name}.8"));
        let page = fs::read_to_string(&page).unwrap_or_else(|error| panic!("{name}: {error}"));
        let page = page.replace("\\-", "-").replace("\\e", "\\");
        let help = here.netns.command(&program).arg("-h").output().unwrap();
        let help = String::from_utf8(help.stdout).unwrap();
        assert!(help.contains("-h") || help.contains("--help"), "{name}: {help}");
        let words = help.split(|c: char| c.is_whitespace() || "[](){},|.:;".contains(c));
        for switch in words.filter(|word| word.starts_with('-')) {
            assert!(page.contains(switch), "{name}: {switch} is not in its page");
        }
    }
}
