//! A DHCPv4 or DHCPv6 server process in a namespace, with all its files in a folder of its own.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use nix::sys::signal::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::case::Case;
use crate::control::ControlSocket;
use crate::lab::{self, Netns};
use crate::lease_file::{LeaseRow, read_lease_file};
use crate::process::Captured;
use crate::subject::Subject;

/// What is needed to start a server; files live in the folder until it is dropped.
#[derive(Debug)]
pub struct ServerSetup {
    subject: Subject,
    version: u8,
    folder: TempDir,
    environment: BTreeMap<String, String>,
    arguments: Vec<String>,
    program: Option<PathBuf>,
}

impl ServerSetup {
    /// Setup of `kea-dhcp4` (`version` 4) or `kea-dhcp6` (6).
    pub fn new(subject: Subject, version: u8) -> io::Result<Self> {
        let folder = lab::folder()?;
        let (environment, arguments) = (BTreeMap::new(), Vec::new());
        Ok(ServerSetup { subject, version, folder, environment, arguments, program: None })
    }

    /// The folder of configuration, leases, PID file and control socket.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Which server this is.
    pub fn subject(&self) -> Subject {
        self.subject
    }

    /// The configuration file.
    pub fn config_file(&self) -> PathBuf {
        self.folder().join("kea.conf")
    }

    /// The lease file.
    pub fn lease_file(&self) -> PathBuf {
        self.folder().join("leases.csv")
    }

    /// The control socket.
    pub fn control_socket(&self) -> ControlSocket {
        ControlSocket::new(self.folder().join("control"))
    }

    /// Sets an environment variable of the server.
    pub fn set_environment(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Starts the server with these arguments, too.
    pub fn add_arguments(&mut self, arguments: &[&str]) {
        self.arguments.extend(arguments.iter().map(|argument| (*argument).to_owned()));
    }

    /// Starts this program in place of the subject's.
    pub fn set_program(&mut self, program: PathBuf) {
        self.program = Some(program);
    }

    /// A configuration that listens on `eth0`, keeps leases in the folder, opens the control socket
    /// and logs everything to standard output, with the members of `server` put over it.
    pub fn config(&self, server: &Value) -> Value {
        let mut base = json!({
            "interfaces-config": { "interfaces": ["eth0"] },
            "lease-database": {
                "type": "memfile", "persist": true, "lfc-interval": 0,
                "name": self.lease_file(),
            },
            "control-socket": {
                "socket-type": "unix", "socket-name": self.folder().join("control"),
            },
            "loggers": [{
                "name": format!("kea-dhcp{}", self.version),
                "severity": "DEBUG", "debuglevel": 55,
                "output_options": [{ "output": "stdout", "flush": true }],
            }],
        });
        for (key, value) in server.as_object().into_iter().flatten() {
            base[key] = value.clone();
        }
        json!({ format!("Dhcp{}", self.version): base })
    }

    /// A `loggers` list for load: the start is reported, single leases are not.
    pub fn quiet_loggers(&self) -> Value {
        let name = format!("kea-dhcp{}", self.version);
        let output = json!([{ "output": "stdout", "flush": true }]);
        let quiet = ["leases", "packets", "alloc-engine", "bad-packets"].map(|child| {
            json!({ "name": format!("{name}.{child}"), "severity": "ERROR", "output_options": output })
        });
        let mut loggers =
            vec![json!({ "name": name, "severity": "INFO", "output_options": output })];
        loggers.extend(quiet);
        Value::Array(loggers)
    }

    /// Writes the configuration file as it is given.
    pub fn write_config(&self, text: &str) -> io::Result<()> {
        fs::write(self.config_file(), text)
    }

    /// Starts the program with `-c` and does not wait. For starts that are meant to fail.
    pub fn launch(&self, netns: &Netns) -> io::Result<Captured> {
        let file = self.config_file();
        let file = file.to_string_lossy();
        let further = self.arguments.iter().map(|argument| &**argument);
        let arguments: Vec<&str> = ["-c", &file].into_iter().chain(further).collect();
        self.launch_with(netns, &arguments)
    }

    /// Starts the program with these arguments and does not wait.
    pub fn launch_with(&self, netns: &Netns, arguments: &[&str]) -> io::Result<Captured> {
        let name = format!("kea-dhcp{}", self.version);
        let mut command = netns.command(self.program(&name)?);
        command
            .args(arguments)
            .current_dir(self.folder())
            .env("KEA_PIDFILE_DIR", self.folder())
            .env("KEA_LOCKFILE_DIR", self.folder())
            .env("KEA_DHCP_DATA_DIR", self.folder())
            .envs(&self.environment);
        Captured::start(command)
    }

    /// Checks a configuration with `-t`: nothing when it gets its verdict, and for the reason that it
    /// names; otherwise what was said.
    ///
    /// # Errors
    /// The program cannot be started, or does not end.
    pub fn objection(&self, netns: &Netns, case: &Case) -> io::Result<Option<String>> {
        self.write_config(&case.text(self.version))?;
        let file = self.config_file();
        let mut check = self.launch_with(netns, &["-t", &file.to_string_lossy()])?;
        let (status, said) = (check.wait(LIMIT)?, check.text());
        let expected = if case.verdict(self.subject) { 0..=0 } else { 1..=255 };
        let reason = case.because.as_deref().filter(|_| self.subject == Subject::Ours);
        // A check that a signal ended has no code.
        let right = status.code().is_some_and(|code| expected.contains(&code))
            && reason.is_none_or(|reason| said.contains(reason));
        let subject = self.subject.word();
        Ok((!right).then(|| format!("{subject}: {}: {status}\n{said}\n", case.name)))
    }

    /// Debian confines its Kea to Debian's folders by the path of the program. Where that is enforced, a
    /// copy at another path runs unconfined.
    fn program(&self, name: &str) -> io::Result<PathBuf> {
        if let Some(program) = &self.program {
            return Ok(program.clone());
        }
        let program = self.subject.program(name);
        let enforced = fs::read_to_string("/sys/module/apparmor/parameters/enabled");
        if self.subject == Subject::Ours || !enforced.is_ok_and(|word| word.starts_with('Y')) {
            return Ok(program);
        }
        let copy = self.folder().join(name);
        if !copy.exists() {
            fs::copy(program, &copy)?;
        }
        Ok(copy)
    }

    /// Starts the server and waits until it says that it serves.
    pub fn start(self, netns: &Netns) -> io::Result<Server> {
        self.try_start(netns)?.map_err(|refusal| {
            io::Error::other(format!("the server did not start:\n{}", refusal.text))
        })
    }

    /// As [`Self::start`]; a server that ends instead gives back the setup and what it said.
    pub fn try_start(self, netns: &Netns) -> io::Result<Result<Server, Box<Refusal>>> {
        let mut process = self.launch(netns)?;
        if process.wait_for_line(0, &self.started_line(), LIMIT).is_some() {
            return Ok(Ok(Server { setup: self, netns: netns.clone(), process }));
        }
        let status = process.wait(LIMIT)?;
        Ok(Err(Box::new(Refusal { setup: self, status, text: process.text() })))
    }

    fn started_line(&self) -> String {
        format!("DHCP{}_STARTED", self.version)
    }

    /// Writes `server` put over the base configuration and starts.
    pub fn start_with(self, netns: &Netns, server: &Value) -> io::Result<Server> {
        self.write_config(&self.config(server).to_string())?;
        self.start(netns)
    }
}

/// A server that ended before it served.
#[derive(Debug)]
pub struct Refusal {
    /// Its files.
    pub setup: ServerSetup,
    /// How it ended.
    pub status: ExitStatus,
    /// What it printed.
    pub text: String,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    setup: ServerSetup,
    netns: Netns,
    process: Captured,
}

impl Server {
    /// Its files.
    pub fn setup(&self) -> &ServerSetup {
        &self.setup
    }

    /// Its process and log.
    pub fn process(&self) -> &Captured {
        &self.process
    }

    /// Its control socket.
    pub fn control(&self) -> ControlSocket {
        self.setup.control_socket()
    }

    /// The leases in its file, by address.
    pub fn leases(&self) -> io::Result<BTreeMap<String, LeaseRow>> {
        read_lease_file(&self.setup.lease_file())
    }

    /// Waits for a log line with this message identifier, from `mark` on.
    pub fn logged(&self, mark: usize, identifier: &str, limit: Duration) -> Option<String> {
        // With the blank after it: DHCP4_LEASE is no match for DHCP4_LEASE_ALLOC.
        self.process.wait_for_line(mark, &format!("{identifier} "), limit)
    }

    /// Reloads the configuration file by SIGHUP; the log line that tells how it went.
    pub fn reload(&self) -> io::Result<String> {
        let mark = self.process.mark();
        self.process.signal(Signal::SIGHUP)?;
        let family = format!("DHCP{}_DYNAMIC_RECONFIGURATION_", self.setup.version);
        let line = self.process.wait_for_line(mark, &family, LIMIT);
        line.ok_or_else(|| self.failure("the reload was not reported"))
    }

    /// SIGTERM, and the exit status.
    pub fn stop(&mut self) -> io::Result<ExitStatus> {
        self.process.signal(Signal::SIGTERM)?;
        self.process.wait(LIMIT)
    }

    /// Waits for the server to end by itself; `None` when it goes on.
    pub fn ends_within(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        self.process.ends_within(limit)
    }

    /// SIGKILL.
    pub fn kill(&mut self) -> io::Result<()> {
        self.process.kill()
    }

    /// Starts again with the same files after [`Self::stop`] or [`Self::kill`].
    pub fn start_again(&mut self) -> io::Result<()> {
        self.process = self.setup.launch(&self.netns)?;
        match self.process.wait_for_line(0, &self.setup.started_line(), LIMIT) {
            Some(_) => Ok(()),
            None => Err(self.failure("the server did not start")),
        }
    }

    /// Stops and hands the files back, for another server to start with.
    pub fn into_setup(mut self) -> io::Result<ServerSetup> {
        self.stop()?;
        Ok(self.setup)
    }

    fn failure(&self, what: &str) -> io::Error {
        io::Error::other(format!("{what}:\n{}", self.process.text()))
    }
}

/// A server that takes longer for anything is broken, not slow.
const LIMIT: Duration = Duration::from_secs(60);
