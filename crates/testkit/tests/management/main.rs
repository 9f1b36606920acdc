//! The management API as its clients see it: Debian's control agent and shell against our servers, ours
//! against Debian's, what people pipe into sockets by hand, and programs from PyPI.

mod access;
mod commands;
mod hostile;
mod process;
mod results;
mod service_manager;
mod starting;

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use kea_testkit::{Captured, Lab, Netns, Server, ServerSetup, Subject};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);

fn server(subject: Subject, version: u8, netns: &Netns) -> Server {
    let setup = ServerSetup::new(subject, version).unwrap();
    let (prefix, pool) = match version {
        4 => ("192.0.2.0/24", "192.0.2.10 - 192.0.2.19"),
        _ => ("2001:db8:1::/64", "2001:db8:1::10 - 2001:db8:1::19"),
    };
    let list = format!("subnet{version}");
    let mut config = json!({ list: [{ "id": 7, "subnet": prefix, "pools": [{ "pool": pool }] }] });
    if subject == Subject::Ours {
        // Debian has them not; clients look for them before they use commands.
        let library = |name: &str| json!({ "library": format!("libdhcp_{name}_cmds.so") });
        config["hooks-libraries"] = json!([library("subnet"), library("class")]);
    }
    setup.start_with(netns, &config).unwrap()
}

/// A control agent for a DHCPv4 and a DHCPv6 server, at 127.0.0.1 port 8000 of their namespace.
struct Agent {
    netns: Netns,
    file: PathBuf,
    process: Captured,
}

impl Agent {
    fn start(subject: Subject, netns: &Netns, servers: &[&Server; 2]) -> Agent {
        Agent::start_with(subject, netns, servers, &json!({}), &[])
    }

    /// With further members of its configuration, and of its environment.
    fn start_with(
        subject: Subject,
        netns: &Netns,
        servers: &[&Server; 2],
        further: &Value,
        environment: &[(&str, &Path)],
    ) -> Agent {
        let folder = servers[0].setup().folder();
        let socket = |server: &Server| {
            let socket = server.setup().folder().join("control");
            json!({ "socket-type": "unix", "socket-name": socket })
        };
        let sockets = json!({ "dhcp4": socket(servers[0]), "dhcp6": socket(servers[1]) });
        Agent::before(subject, netns, (folder, &sockets), further, environment)
    }

    /// In front of sockets, with its files in a folder.
    fn before(
        subject: Subject,
        netns: &Netns,
        (folder, sockets): (&Path, &Value),
        further: &Value,
        environment: &[(&str, &Path)],
    ) -> Agent {
        let mut config = json!({ "Control-agent": {
            "http-host": "127.0.0.1", "http-port": 8000, "control-sockets": sockets,
            "loggers": [{
                "name": "kea-ctrl-agent", "severity": "INFO",
                "output_options": [{ "output": "stdout", "flush": true }],
            }],
        } });
        for (name, value) in further.as_object().into_iter().flatten() {
            config["Control-agent"][name] = value.clone();
        }
        let file = folder.join("agent.conf");
        std::fs::write(&file, config.to_string()).unwrap();
        // At another path than the one that Debian confines to its own folders.
        let mut program = subject.program("kea-ctrl-agent");
        if subject == Subject::Debian {
            let copy = folder.join("kea-ctrl-agent");
            std::fs::copy(&program, &copy).unwrap();
            program = copy;
        }
        let mut command = netns.command(program);
        command.arg("-c").arg(&file).current_dir(folder);
        command.env("KEA_PIDFILE_DIR", folder).env("KEA_LOCKFILE_DIR", folder);
        command.envs(environment.iter().copied());
        let process = Captured::start(command).unwrap();
        // HTTP or HTTPS.
        let started = process.wait_for_line(0, "_SERVICE_STARTED", LIMIT);
        assert!(started.is_some(), "{}", process.text());
        Agent { netns: netns.clone(), file, process }
    }

    /// What a shell prints for a command whose arguments come from its standard input.
    fn shell(&self, subject: Subject, arguments: &[&str], input: &str) -> Value {
        let mut command = self.netns.command(subject.program("kea-shell"));
        command.args(["--host", "127.0.0.1", "--port", "8000"]).args(arguments);
        let output = run(&mut command, input);
        let text = String::from_utf8_lossy(&output.stdout);
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {output:?}"))
    }

    fn curl(&self, request: &Value) -> Value {
        curl(&self.netns, request)
    }
}

/// What the agent of a namespace answers.
fn curl(netns: &Netns, request: &Value) -> Value {
    let mut command = netns.command("curl");
    command.args(["--silent", "--fail", "--max-time", "60"]);
    command.args(["--header", "Content-Type: application/json", "--data", "@-"]);
    let output = run(command.arg("http://127.0.0.1:8000/"), &request.to_string());
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {output:?}"))
}

fn run(command: &mut Command, input: &str) -> Output {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    process.wait_with_output().unwrap()
}

/// One conversation, whoever plays which part.
fn converse(servers: Subject, agent: Subject, shell: Subject) {
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let (four, six) = (server(servers, 4, &netns), server(servers, 6, &netns));
    let agent = Agent::start(agent, &netns, &[&four, &six]);
    let version = agent.shell(shell, &["--service", "dhcp4", "version-get"], "");
    assert_eq!(version[0]["result"], 0, "{version}");
    let config = agent.shell(shell, &["--service", "dhcp4", "config-get"], "");
    assert_eq!(config[0]["arguments"]["Dhcp4"]["subnet4"][0]["id"], 7, "{config}");
    let both = agent.shell(shell, &["--service", "dhcp4", "--service", "dhcp6", "config-get"], "");
    assert_eq!(both[1]["arguments"]["Dhcp6"]["subnet6"][0]["id"], 7, "{both}");
    let named = "\"name\": \"pkt4-received\"";
    let statistic = agent.shell(shell, &["--service", "dhcp4", "statistic-get"], named);
    assert_eq!(statistic[0]["arguments"]["pkt4-received"][0][0], 0, "{statistic}");
    let own = agent.shell(shell, &["config-get"], "");
    assert_eq!(own[0]["arguments"]["Control-agent"]["http-port"], 8000, "{own}");
    let unknown = agent.shell(shell, &["--service", "dhcp4", "no-such-command"], "");
    assert_eq!(unknown[0]["result"], 2, "{unknown}");
    let elsewhere = agent.shell(shell, &["--service", "d2", "version-get"], "");
    assert_eq!(elsewhere[0]["result"], 1, "{elsewhere}");

    let answer = agent.curl(&json!({ "command": "list-commands", "service": ["dhcp4", "dhcp6"] }));
    for at in 0..2 {
        let commands = answer[at]["arguments"].as_array().unwrap();
        assert!(commands.contains(&json!("config-reload")), "{answer}");
    }
}

#[test]
fn agents_and_shells_of_both_drive_servers_of_both() {
    use Subject::{Debian, Ours};
    match Subject::from_environment() {
        Debian => converse(Debian, Debian, Debian),
        Ours => {
            converse(Ours, Ours, Ours);
            converse(Ours, Debian, Debian);
            converse(Ours, Ours, Debian);
            converse(Debian, Ours, Ours);
        }
    }
}

#[test]
fn what_is_piped_into_the_socket_is_answered() {
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let server = server(Subject::from_environment(), 4, &netns);
    let socket = format!("UNIX-CONNECT:{}", server.setup().folder().join("control").display());
    let mut command = netns.command("socat");
    let output = run(command.args(["-t", "60", "-", &socket]), r#"{ "command": "version-get" }"#);
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["result"], 0, "{answer}");
}

/// At a terminal the shell takes arguments until the end of the file is typed.
#[test]
fn arguments_are_typed_at_a_terminal() {
    let subject = Subject::from_environment();
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let (four, six) = (server(subject, 4, &netns), server(subject, 6, &netns));
    let _agent = Agent::start(subject, &netns, &[&four, &six]);
    let shell = subject.program("kea-shell").display().to_string();
    let typed = four.setup().folder().join("typed");
    // script(1) is the terminal.
    let mut script = netns.command("script");
    script.args(["--quiet", "--return", "--flush", "--command"]);
    script.arg(format!("{shell} --service dhcp4 statistic-get")).arg(&typed);
    let output = run(&mut script, "\"name\":\n\"pkt4-received\"\n\u{4}");
    assert!(output.status.success(), "{output:?}");
    let said = std::fs::read_to_string(typed).unwrap();
    let answer =
        said.lines().find(|line| line.starts_with("[ {")).unwrap_or_else(|| panic!("{said}"));
    let answer: Value = serde_json::from_str(answer).unwrap();
    assert_eq!(answer[0]["arguments"]["pkt4-received"][0][0], 0, "{answer}");
}

/// Where `test.sh` puts the programs from PyPI: beside the programs under test, or where a variable says.
fn python(program: &str) -> PathBuf {
    let folder = std::env::var_os("KEA_PYTHON_DIR").map(PathBuf::from).unwrap_or_else(|| {
        // <target>/<profile>/deps/<test>
        let test = std::env::current_exe().unwrap();
        test.ancestors().nth(3).map(Path::to_owned).unwrap_or_default().join("python")
    });
    let program = folder.join("bin").join(program);
    assert!(program.is_file(), "{program:?} is missing: './test.sh packages' installs it");
    program
}

#[test]
fn the_exporter_for_kea_reads_our_statistics() {
    let Some((_lab, netns, _, _)) = Lab::ours(4) else { return };
    let (four, six) = (server(Subject::Ours, 4, &netns), server(Subject::Ours, 6, &netns));
    let _agent = Agent::start(Subject::Ours, &netns, &[&four, &six]);
    let socket = four.setup().folder().join("control");
    for targets in [vec!["http://127.0.0.1:8000"], vec![socket.to_str().unwrap()]] {
        let mut command = netns.command(python("kea-exporter"));
        command.args(["--address", "127.0.0.1", "--port", "9547"]).args(&targets);
        command.env("PYTHONUNBUFFERED", "1");
        let exporter = Captured::start(command).unwrap();
        let listens = exporter.wait_for_line(0, "Listening on", LIMIT);
        assert!(listens.is_some(), "{}", exporter.text());
        let mut curl = netns.command("curl");
        curl.args(["--silent", "--fail", "--max-time", "60", "http://127.0.0.1:9547/metrics"]);
        let page = String::from_utf8(curl.output().unwrap().stdout).unwrap();
        for (start, end) in [
            ("kea_dhcp4_addresses_total{", "subnet=\"192.0.2.0/24\",subnet_id=\"7\"} 10.0"),
            ("kea_dhcp4_packets_received_total{operation=\"discover\"}", " 0.0"),
        ] {
            let is_there = |line: &str| line.starts_with(start) && line.ends_with(end);
            assert!(page.lines().any(is_there), "{start}…{end} is not in\n{page}");
        }
    }
}

#[test]
fn the_python_client_for_kea_understands_our_answers() {
    let Some((_lab, netns, _, _)) = Lab::ours(4) else { return };
    let (four, six) = (server(Subject::Ours, 4, &netns), server(Subject::Ours, 6, &netns));
    let _agent = Agent::start(Subject::Ours, &netns, &[&four, &six]);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/pykeadhcp_client.py");
    let mut command = netns.command(python("python3"));
    let output = command.arg(script).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.ends_with("understood\n"), "{said}\n{errors}");
}
