//! Signals that come before a program serves. It is held in its start by a pipe in the place of its
//! configuration file, which is fed after the signal.

use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use kea_testkit::{Captured, Lab, Netns, ServerSetup, Subject};
use nix::errno::Errno;
use nix::libc::O_NONBLOCK;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::mkfifo;
use serde_json::{Value, json};

use super::{LIMIT, curl};

/// A program that waits for its configuration.
struct Held {
    process: Captured,
    pipe: File,
}

impl Held {
    /// Starts it with a pipe at `file`.
    fn start(file: &Path, launch: impl FnOnce() -> Captured) -> Held {
        mkfifo(file, Mode::S_IRUSR | Mode::S_IWUSR).unwrap();
        let process = launch();
        let deadline = Instant::now() + LIMIT;
        loop {
            // It can be opened as soon as the program has opened it.
            match File::options().write(true).custom_flags(O_NONBLOCK).open(file) {
                Ok(pipe) => return Held { process, pipe },
                Err(error) if error.raw_os_error() == Some(Errno::ENXIO as i32) => {
                    assert!(Instant::now() < deadline, "{}", process.text());
                    thread::sleep(Duration::from_millis(5));
                }
                Err(error) => panic!("{error}: {}", process.text()),
            }
        }
    }

    /// Sends the signal, and then the configuration.
    fn signalled(mut self, signal: Signal, config: &Value) -> Captured {
        self.process.signal(signal).unwrap();
        self.pipe.write_all(config.to_string().as_bytes()).unwrap();
        self.process
    }
}

/// Configures a program, starts it, and says what it serves.
trait Program {
    /// A configuration that another can be told from by this number.
    fn config(&self, number: u16) -> Value;
    fn launch(&self, file: &Path) -> Captured;
    /// Waits for the end of a reload, and gives the number of the configuration in force.
    fn number_after_reload(&self, process: &Captured) -> Option<u64>;
}

struct DhcpServer<'a> {
    version: u8,
    setup: &'a ServerSetup,
    netns: &'a Netns,
}

impl Program for DhcpServer<'_> {
    fn config(&self, number: u16) -> Value {
        self.setup.config(&json!({ "valid-lifetime": number }))
    }

    fn launch(&self, _file: &Path) -> Captured {
        self.setup.launch(self.netns).unwrap()
    }

    fn number_after_reload(&self, process: &Captured) -> Option<u64> {
        let line = format!("DHCP{}_DYNAMIC_RECONFIGURATION_SUCCESS ", self.version);
        process.wait_for_line(0, &line, LIMIT)?;
        let answer = self.setup.control_socket().command("config-get", json!(null)).unwrap();
        answer.arguments[format!("Dhcp{}", self.version)]["valid-lifetime"].as_u64()
    }
}

struct ControlAgent<'a> {
    folder: &'a Path,
    netns: &'a Netns,
}

impl Program for ControlAgent<'_> {
    fn config(&self, number: u16) -> Value {
        let output = json!([{ "output": "stdout", "flush": true }]);
        json!({ "Control-agent": {
            "http-host": "127.0.0.1", "http-port": 8000, "user-context": { "number": number },
            "loggers": [{
                "name": "kea-ctrl-agent", "severity": "INFO", "output_options": output,
            }],
        } })
    }

    fn launch(&self, file: &Path) -> Captured {
        let mut command = self.netns.command(Subject::Ours.program("kea-ctrl-agent"));
        command.arg("-c").arg(file).current_dir(self.folder);
        command.env("KEA_PIDFILE_DIR", self.folder).env("KEA_LOCKFILE_DIR", self.folder);
        Captured::start(command).unwrap()
    }

    fn number_after_reload(&self, process: &Captured) -> Option<u64> {
        // It reloads before it answers anybody.
        process.wait_for_line(0, "DCTL_CFG_FILE_RELOAD_SIGNAL_RECVD ", LIMIT)?;
        let answer = curl(self.netns, &json!({ "command": "config-get" }));
        answer[0]["arguments"]["Control-agent"]["user-context"]["number"].as_u64()
    }
}

fn folder_is_tidy(folder: &Path) {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let left: Vec<_> = names.filter(|name| name.to_string_lossy().ends_with(".pid")).collect();
    assert!(left.is_empty(), "{left:?}");
}

fn every_signal_is_heard(program: &dyn Program, folder: &Path, ended: &str) {
    let file = folder.join("kea.conf");
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let held = Held::start(&file, || program.launch(&file));
        let mut process = held.signalled(signal, &program.config(1001));
        let status = process.wait(LIMIT).unwrap();
        let text = process.text();
        assert_eq!(status.code(), Some(0), "{signal}: {status}: {text}");
        assert!(text.contains(ended), "{signal}: {text}");
        folder_is_tidy(folder);
        fs::remove_file(&file).unwrap();
    }

    let held = Held::start(&file, || program.launch(&file));
    // In the place of the pipe, which the program has open: what it reads when it reads again.
    let next = folder.join("next");
    fs::write(&next, program.config(1002).to_string()).unwrap();
    fs::rename(&next, &file).unwrap();
    let mut process = held.signalled(Signal::SIGHUP, &program.config(1001));
    let number = program.number_after_reload(&process);
    assert_eq!(number, Some(1002), "{}", process.text());
    process.signal(Signal::SIGTERM).unwrap();
    assert_eq!(process.wait(LIMIT).unwrap().code(), Some(0), "{}", process.text());
}

#[test]
fn signals_before_a_server_serves_are_heard_when_it_does() {
    if Subject::from_environment() == Subject::Debian {
        return; // It hears none before it serves, and is ended by them.
    }
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    for version in [4, 6] {
        let setup = ServerSetup::new(Subject::Ours, version).unwrap();
        let server = DhcpServer { version, setup: &setup, netns: &netns };
        every_signal_is_heard(&server, setup.folder(), &format!("DHCP{version}_SHUTDOWN "));
    }
}

#[test]
fn signals_before_the_agent_serves_are_heard_when_it_does() {
    let Some((_lab, netns, _, setup)) = Lab::ours(4) else { return };
    let agent = ControlAgent { folder: setup.folder(), netns: &netns };
    every_signal_is_heard(&agent, setup.folder(), "DCTL_SHUTDOWN ");
}
