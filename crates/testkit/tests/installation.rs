//! What `cargo xtask install` lays out is an installation that works where it lies.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use kea_testkit::{ControlSocket, Lab, Netns, Subject};
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(20);

struct Installation {
    prefix: PathBuf,
    netns: Netns,
}

impl Installation {
    fn keactrl(&self, arguments: &[&str]) -> Output {
        let mut command = self.netns.command(self.prefix.join("sbin/keactrl"));
        // Output goes to a file: the servers that it starts would keep a pipe open.
        let said = self.prefix.join("said");
        let file = fs::File::create(&said).unwrap();
        command.args(arguments).stdout(file.try_clone().unwrap()).stderr(file);
        let status = command.status().unwrap();
        Output { status, stdout: fs::read(said).unwrap(), stderr: Vec::new() }
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
