//! What the service manager of the system is told, as systemd listens for it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use kea_testkit::{Captured, Lab, ServerSetup, Subject};
use nix::sys::signal::Signal;
use serde_json::json;

use super::{Agent, LIMIT, server};

/// The socket that a service manager listens on.
struct Manager(UnixDatagram);

impl Manager {
    fn at(path: &Path) -> Manager {
        let socket = UnixDatagram::bind(path).unwrap();
        socket.set_read_timeout(Some(LIMIT)).unwrap();
        Manager(socket)
    }

    /// The next thing that it is told.
    fn told(&self) -> String {
        let mut datagram = [0; 4096];
        let len = self.0.recv(&mut datagram).unwrap();
        String::from_utf8(datagram[..len].to_vec()).unwrap()
    }

    /// It is told of a reload, and of what came of it.
    fn is_told_of_a_reload(&self) -> String {
        let reloading = self.told();
        assert!(reloading.starts_with("RELOADING=1\nMONOTONIC_USEC="), "{reloading}");
        self.told()
    }

    fn is_told_of_the_end(&self, process: &Captured) {
        process.signal(Signal::SIGTERM).unwrap();
        assert_eq!(self.told(), "STOPPING=1");
    }
}

#[test]
fn the_service_manager_is_told_what_a_server_does() {
    if Subject::from_environment() == Subject::Debian {
        return; // It says nothing.
    }
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    for (version, prefix) in [(4, "192.0.2.0/24"), (6, "2001:db8:1::/64")] {
        let mut setup = ServerSetup::new(Subject::Ours, version).unwrap();
        let path = setup.folder().join("notify");
        let manager = Manager::at(&path);
        setup.set_environment("NOTIFY_SOCKET", path.to_str().unwrap());
        let file = setup.config_file();
        let subnet = json!({ format!("subnet{version}"): [{ "id": 1, "subnet": prefix }] });
        let server = setup.start_with(&netns, &subnet).unwrap();
        let serving = format!("READY=1\nSTATUS=IPv{version} subnets: 1; DDNS: disabled");
        assert_eq!(manager.told(), serving);
        // Whoever waits for that can send commands.
        assert_eq!(server.control().command("version-get", json!(null)).unwrap().result, 0);

        let config = fs::read_to_string(&file).unwrap();
        fs::write(&file, "{").unwrap();
        server.process().signal(Signal::SIGHUP).unwrap();
        let refused = manager.is_told_of_a_reload();
        let start = format!("{serving}; the newer configuration is refused: ");
        assert!(refused.starts_with(&start), "{refused}");
        fs::write(&file, config).unwrap();
        server.process().signal(Signal::SIGHUP).unwrap();
        assert_eq!(manager.is_told_of_a_reload(), serving);
        manager.is_told_of_the_end(server.process());
    }
}

#[test]
fn the_agent_tells_it_and_reads_nothing_that_anybody_may_write() {
    let Some((_lab, netns, _, setup)) = Lab::ours(4) else { return };
    let (four, six) = (server(Subject::Ours, 4, &netns), server(Subject::Ours, 6, &netns));
    let path = setup.folder().join("notify");
    let manager = Manager::at(&path);
    let environment = [("NOTIFY_SOCKET", path.as_path())];
    let agent = Agent::start_with(Subject::Ours, &netns, &[&four, &six], &json!({}), &environment);
    let serving = "READY=1\nSTATUS=commands are passed on";
    assert_eq!(manager.told(), serving);

    let mode = |mode| fs::set_permissions(&agent.file, fs::Permissions::from_mode(mode)).unwrap();
    mode(0o666);
    agent.process.signal(Signal::SIGHUP).unwrap();
    let refused = manager.is_told_of_a_reload();
    let why = "everybody may write it (mode 0666)";
    assert!(refused.starts_with("READY=1\n") && refused.contains(why), "{refused}");
    let answer = agent.curl(&json!({ "command": "config-reload" }));
    assert_eq!(answer[0]["result"], 1, "{answer}");
    assert!(answer[0]["text"].as_str().unwrap().contains(why), "{answer}");
    let answer = agent.curl(&json!({ "command": "version-get", "service": ["dhcp4"] }));
    assert_eq!(answer[0]["result"], 0, "{answer}");

    mode(0o640);
    let answer = agent.curl(&json!({ "command": "config-reload" }));
    assert_eq!(answer[0]["result"], 0, "{answer}");
    agent.process.signal(Signal::SIGHUP).unwrap();
    assert_eq!(manager.is_told_of_a_reload(), serving);
    manager.is_told_of_the_end(&agent.process);
}

/// As the system sees it, the thread that attends to commands is nicer than the process, and those of
/// packets are not.
#[test]
fn commands_give_way_to_packets() {
    let Some((_lab, netns, _, setup)) = Lab::ours(4) else { return };
    let server = setup.start_with(&netns, &json!({})).unwrap();
    let pid = server.process().pid();
    let mut niceness = BTreeMap::new();
    for task in fs::read_dir(format!("/proc/{pid}/task")).unwrap() {
        let stat = fs::read_to_string(task.unwrap().path().join("stat")).unwrap();
        let (name, rest) = stat.split_once('(').unwrap().1.rsplit_once(')').unwrap();
        // The 19th field (proc_pid_stat(5)); the name is the second.
        let nice: i32 = rest.split_whitespace().nth(16).unwrap().parse().unwrap();
        niceness.insert(name.to_owned(), nice);
    }
    let first = niceness["kea-dhcp4"];
    assert_eq!(niceness["control"], (first + 5).min(19), "{niceness:?}");
    let packets: Vec<_> = niceness.iter().filter(|(name, _)| name.starts_with("dhcp-")).collect();
    assert!(!packets.is_empty(), "{niceness:?}");
    assert!(packets.iter().all(|(_, nice)| **nice == first), "{niceness:?}");
}
