//! Real clients and a real relay, each run in the foreground with a script that prints what the client
//! was told.

mod v6;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use nix::sys::signal::Signal;
use tempfile::TempDir;

use crate::lab::{self, Netns};
use crate::process::Captured;

pub use v6::{Client6, Program6, Wants};

/// What a client was given, and the variables its script saw.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientLease {
    /// The address.
    pub address: Ipv4Addr,
    /// The script's environment: `router`, `new_routers`, … as each client names them.
    pub variables: BTreeMap<String, String>,
}

impl ClientLease {
    /// A variable's text; empty when it was not set.
    pub fn variable(&self, name: &str) -> &str {
        self.variables.get(name).map_or("", String::as_str)
    }
}

/// A client that keeps running between its steps.
pub trait Client {
    /// Starts and waits for a lease.
    fn obtain(&mut self) -> io::Result<ClientLease>;
    /// Renews the lease and waits for that.
    fn renew(&mut self) -> io::Result<ClientLease>;
    /// Gives the lease back and ends.
    fn release(&mut self) -> io::Result<()>;
}

/// Busybox's udhcpc.
#[derive(Debug)]
pub struct Udhcpc(Runner);

impl Udhcpc {
    /// A client on this interface.
    pub fn new(netns: &Netns, interface: &str) -> io::Result<Self> {
        Runner::new(netns, interface).map(Udhcpc)
    }
}

impl Client for Udhcpc {
    fn obtain(&mut self) -> io::Result<ClientLease> {
        let mut command = self.0.netns.command("udhcpc");
        command.args(["-f", "-t", "10", "-T", "1", "-O", "42", "-i", &self.0.interface, "-s"]);
        command.arg(self.0.script());
        self.0.start(command)?;
        self.0.lease(0, &["bound"])
    }

    fn renew(&mut self) -> io::Result<ClientLease> {
        let mark = self.0.process()?.mark();
        self.0.process()?.signal(Signal::SIGUSR1)?;
        self.0.lease(mark, &["renew", "bound"])
    }

    fn release(&mut self) -> io::Result<()> {
        let mark = self.0.process()?.mark();
        self.0.process()?.signal(Signal::SIGUSR2)?;
        self.0.event(mark, &["deconfig"])?;
        self.0.process = None;
        Ok(())
    }
}

/// ISC's dhclient.
#[derive(Debug)]
pub struct Dhclient(Runner);

impl Dhclient {
    /// A client on this interface.
    pub fn new(netns: &Netns, interface: &str) -> io::Result<Self> {
        Runner::new(netns, interface).map(Dhclient)
    }

    fn command(&self) -> io::Result<Command> {
        let runner = &self.0;
        let config = runner.folder.path().join("dhclient.conf");
        // Two messages at once a second: the script has no reason to wait for a slow start.
        fs::write(&config, "initial-interval 1; backoff-cutoff 2;\nsend host-name \"lab\";\n")?;
        let mut command = runner.netns.command("dhclient");
        command.args(["-4", "-sf"]).arg(runner.script());
        command.arg("-cf").arg(config);
        command.arg("-lf").arg(runner.folder.path().join("leases"));
        command.arg("-pf").arg(runner.folder.path().join("pid"));
        Ok(command)
    }
}

impl Client for Dhclient {
    fn obtain(&mut self) -> io::Result<ClientLease> {
        let mut command = self.command()?;
        command.args(["-d", &self.0.interface]);
        self.0.start(command)?;
        self.0.lease(0, &["BOUND", "REBOOT"])
    }

    /// dhclient renews on its own clock only: the server has to send a renewal time of seconds.
    fn renew(&mut self) -> io::Result<ClientLease> {
        let mark = self.0.process()?.mark();
        self.0.lease(mark, &["RENEW"])
    }

    fn release(&mut self) -> io::Result<()> {
        self.0.process = None;
        let mut command = self.command()?;
        command.args(["-d", "-r", &self.0.interface]);
        self.0.start(command)?;
        self.0.event(0, &["RELEASE"])?;
        let ended = self.0.process_mut()?.wait(LIMIT).map(drop);
        self.0.process = None;
        ended
    }
}

/// Roy Marples' dhcpcd.
#[derive(Debug)]
pub struct Dhcpcd(Runner);

impl Dhcpcd {
    /// A client on this interface.
    pub fn new(netns: &Netns, interface: &str) -> io::Result<Self> {
        Runner::new(netns, interface).map(Dhcpcd)
    }

    /// dhcpcd keeps its state in fixed places; its own mount namespace gives it others.
    fn command(&self, arguments: &[&str]) -> io::Result<Command> {
        let folder = self.0.folder.path();
        let config = folder.join("dhcpcd.conf");
        fs::write(&config, "noarp\nnoipv4ll\nclientid\noption routers, domain_name_servers\n")?;
        for place in ["run", "lib"] {
            fs::create_dir_all(folder.join(place))?;
        }
        let mut command = self.0.netns.command("sh");
        let setup = "mkdir -p /run/dhcpcd /var/lib/dhcpcd
            mount --bind \"$0/run\" /run/dhcpcd && mount --bind \"$0/lib\" /var/lib/dhcpcd &&
            exec dhcpcd -4 -f \"$0/dhcpcd.conf\" -c \"$0/script\" \"$@\"";
        command.args(["-c", setup]).arg(folder).args(arguments);
        Ok(command)
    }
}

impl Client for Dhcpcd {
    fn obtain(&mut self) -> io::Result<ClientLease> {
        self.0.script();
        let command = self.command(&["-B", "-d", &self.0.interface])?;
        self.0.start(command)?;
        self.0.lease(0, &["BOUND", "REBOOT"])
    }

    fn renew(&mut self) -> io::Result<ClientLease> {
        let mark = self.0.process()?.mark();
        let mut renew = Captured::start(self.command(&["-N", &self.0.interface])?)?;
        renew.wait(LIMIT)?;
        self.0.lease(mark, &["RENEW"])
    }

    fn release(&mut self) -> io::Result<()> {
        let mark = self.0.process()?.mark();
        let mut release = Captured::start(self.command(&["-k", &self.0.interface])?)?;
        release.wait(LIMIT)?;
        self.0.event(mark, &["RELEASE", "STOP", "STOPPED"])?;
        self.0.process = None;
        Ok(())
    }
}

/// ISC's dhcrelay between clients on `down` and a server behind `up`.
#[derive(Debug)]
pub struct Dhcrelay {
    process: Captured,
}

impl Dhcrelay {
    /// Starts the relay; `arguments` such as `-a` (add option 82) come before the interfaces.
    pub fn start(
        netns: &Netns,
        arguments: &[&str],
        (down, up): (&str, &str),
        server: Ipv4Addr,
    ) -> io::Result<Self> {
        let mut command = netns.command("dhcrelay");
        command.args(["-4", "-d", "--no-pid"]).args(arguments);
        command.args(["-id", down, "-iu", up, &server.to_string()]);
        Self::run(command)
    }

    /// Starts a relay of DHCPv6 to all servers behind `up`, or to the one that `ADDRESS%up` names; `arguments` such as `-I` (add the interface's
    /// identifier) come before the interfaces.
    pub fn start_v6(
        netns: &Netns,
        arguments: &[&str],
        (down, up): (&str, &str),
    ) -> io::Result<Self> {
        let mut command = netns.command("dhcrelay");
        command.args(["-6", "-d", "--no-pid"]).args(arguments);
        command.args(["-l", down, "-u", up]);
        Self::run(command)
    }

    fn run(command: Command) -> io::Result<Self> {
        let process = Captured::start(command)?;
        match process.wait_for_line(0, "Sending on   Socket", LIMIT) {
            Some(_) => Ok(Dhcrelay { process }),
            None => Err(io::Error::other(format!("dhcrelay:\n{}", process.text()))),
        }
    }

    /// What it printed.
    pub fn text(&self) -> String {
        self.process.text()
    }
}

/// Exchanges that Debian's perfdhcp completed in a run that lost no packet, and what the server `counted`
/// in that time. A machine that stands still for longer than perfdhcp waits loses packets for it, so
/// there are a few tries.
///
/// # Errors
/// What perfdhcp printed in the last try, when each lost something or failed.
pub fn lossless_perfdhcp(
    netns: &Netns,
    arguments: &[&str],
    counted: impl Fn() -> io::Result<i64>,
) -> io::Result<(i64, i64)> {
    let mut said = String::new();
    for _ in 0..TRIES {
        let before = counted()?;
        let output = netns.command("/usr/sbin/perfdhcp").args(arguments).output()?;
        said = String::from_utf8_lossy(&output.stdout).into_owned();
        let value = |line: &str, name: &str| line.trim().strip_prefix(name)?.parse::<i64>().ok();
        let values = |name| said.lines().filter_map(move |line| value(line, name));
        // Both exchanges, the offer and the lease, are reported.
        if let Some(received) = values("received packets: ").next_back()
            && output.status.success()
            && values("drops: ").eq([0, 0])
        {
            return Ok((received, counted()? - before));
        }
    }
    Err(io::Error::other(said))
}

/// One client program: its folder, its script, its process.
#[derive(Debug)]
struct Runner {
    netns: Netns,
    interface: String,
    folder: TempDir,
    process: Option<Captured>,
}

impl Runner {
    fn new(netns: &Netns, interface: &str) -> io::Result<Self> {
        let folder = lab::folder()?;
        let script = folder.path().join("script");
        fs::write(&script, SCRIPT)?;
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
        Ok(Runner { netns: netns.clone(), interface: interface.to_owned(), folder, process: None })
    }

    fn script(&self) -> PathBuf {
        Path::new(self.folder.path()).join("script")
    }

    fn start(&mut self, command: Command) -> io::Result<()> {
        self.process = Some(Captured::start(command)?);
        Ok(())
    }

    fn process(&self) -> io::Result<&Captured> {
        self.process.as_ref().ok_or_else(|| io::Error::other("the client has no lease"))
    }

    fn process_mut(&mut self) -> io::Result<&mut Captured> {
        self.process.as_mut().ok_or_else(|| io::Error::other("the client has no lease"))
    }

    /// Waits for one of these events after `mark`; the script's variables of it.
    fn event(&self, mark: usize, names: &[&str]) -> io::Result<BTreeMap<String, String>> {
        let process = self.process()?;
        let mut from = mark;
        while process.wait_for_line(from, "KEA-EVENT-END ", LIMIT).is_some() {
            let lines = process.lines_from(from);
            let Some(end) = lines.iter().position(|line| line.starts_with("KEA-EVENT-END ")) else {
                break;
            };
            let name = lines.get(end).and_then(|line| line.split(' ').nth(1)).unwrap_or_default();
            if names.contains(&name) {
                let pairs = lines.iter().take(end).filter_map(|line| line.strip_prefix("KEA-SET "));
                let pairs = pairs.filter_map(|pair| pair.split_once('='));
                return Ok(pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect());
            }
            from += end + 1;
        }
        let text = process.text();
        Err(io::Error::other(format!("no event of {names:?}; the client said:\n{text}")))
    }

    fn lease(&self, mark: usize, names: &[&str]) -> io::Result<ClientLease> {
        let variables = self.event(mark, names)?;
        let address = variables.get("ip").or_else(|| variables.get("new_ip_address"));
        let address = address.and_then(|text| text.parse().ok());
        let address = address.ok_or_else(|| io::Error::other("the client was told no address"))?;
        Ok(ClientLease { address, variables })
    }
}

/// The script of all three clients. dhcpcd sets addresses itself; doing so twice harms nobody.
const SCRIPT: &str = r#"#!/bin/sh
event=${reason:-$1}
dev=$interface
case $event in
bound | renew) ip addr replace "$ip/${mask:-24}" dev "$dev" ;;
BOUND | RENEW | REBIND | REBOOT)
    ip addr replace "$new_ip_address/${new_subnet_mask:-24}" dev "$dev" ;;
deconfig | EXPIRE | FAIL | RELEASE) ip -4 addr flush dev "$dev" ;;
PREINIT) ip link set "$dev" up ;;
esac
env | sed 's/^/KEA-SET /'
echo "KEA-EVENT-END $event"
"#;

/// A client that takes longer has met no server.
const LIMIT: Duration = Duration::from_secs(30);
/// How often a load is tried that must not lose anything.
const TRIES: u32 = 4;
