//! Network namespaces, the cables between them, and their removal.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;

use nix::sched::{CloneFlags, setns};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::server::ServerSetup;
use crate::subject::Subject;

/// A set of network namespaces that belong to one test and disappear with it.
///
/// Names start with `kt<pid>x<n>-`; a new lab first removes what labs of dead processes left.
#[derive(Debug)]
pub struct Lab {
    prefix: String,
    namespaces: Vec<Netns>,
}

impl Lab {
    /// An empty lab.
    ///
    /// # Errors
    /// Without root, or when `ip` is missing.
    pub fn new() -> io::Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        if !nix::unistd::geteuid().is_root() {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "network namespaces need root: run the end-to-end tests with sudo",
            ));
        }
        remove_leftovers()?;
        let n = NEXT.fetch_add(1, Ordering::Relaxed);
        let prefix = format!("{PREFIX}{}x{n}-", std::process::id());
        Ok(Lab { prefix, namespaces: Vec::new() })
    }

    /// A new namespace with its loopback up.
    pub fn netns(&mut self, role: &str) -> io::Result<Netns> {
        let ns = Netns { name: format!("{}{role}", self.prefix) };
        ip(&["netns", "add", &ns.name])?;
        self.namespaces.push(ns.clone());
        // Link-local addresses serve at once instead of after a second of asking who else has them.
        ns.enter(|| {
            let settings = ["all", "default"].map(|of| format!("{IPV6_SETTINGS}/{of}/accept_dad"));
            settings.iter().try_for_each(|setting| fs::write(setting, "0"))
        })?;
        ns.ip(&["link", "set", "lo", "up"])?;
        Ok(ns)
    }

    /// A cable: `(namespace, interface)` at both ends, both up.
    pub fn cable(&self, a: (&Netns, &str), b: (&Netns, &str)) -> io::Result<()> {
        ip(&[
            "link", "add", "name", a.1, "netns", &a.0.name, "type", "veth", "peer", "name", b.1,
            "netns", &b.0.name,
        ])?;
        a.0.ip(&["link", "set", "dev", a.1, "up"])?;
        b.0.ip(&["link", "set", "dev", b.1, "up"])
    }

    /// A switch: a namespace with a bridge, and a cable to each of the given interfaces.
    pub fn switch(&mut self, role: &str, ends: &[(&Netns, &str)]) -> io::Result<Netns> {
        let hub = self.netns(role)?;
        hub.ip(&["link", "add", "br0", "type", "bridge", "forward_delay", "0"])?;
        hub.ip(&["link", "set", "br0", "up"])?;
        for (i, end) in ends.iter().enumerate() {
            let port = format!("port{i}");
            self.cable((&hub, &port), *end)?;
            hub.ip(&["link", "set", &port, "master", "br0"])?;
        }
        Ok(hub)
    }

    /// The smallest useful network: server `eth0` with `192.0.2.1/24`, `2001:db8:1::1/64` and
    /// `fe80::1/64`, and a client `eth0`.
    pub fn pair(&mut self) -> io::Result<(Netns, Netns)> {
        let (server, client) = (self.netns("server")?, self.netns("client")?);
        self.cable((&server, "eth0"), (&client, "eth0"))?;
        server.ip(&["link", "set", "eth0", "addrgenmode", "none"])?;
        server.ip(&["addr", "flush", "dev", "eth0"])?;
        for address in ["192.0.2.1/24", "fe80::1/64", "2001:db8:1::1/64"] {
            server.address("eth0", address)?;
        }
        Ok((server, client))
    }

    /// For what only our server promises: a lab, the ends of its [`pair`](Self::pair), server first, and
    /// the setup of our `kea-dhcp4` (`version` 4) or `kea-dhcp6` (6). Nothing when another is under test.
    ///
    /// # Panics
    /// When the lab cannot be built.
    pub fn ours(version: u8) -> Option<(Lab, Netns, Netns, ServerSetup)> {
        let subject = Subject::from_environment();
        (subject == Subject::Ours).then(|| {
            let mut lab = Lab::new().expect("a lab is made by root");
            let (server, client) = lab.pair().expect("namespaces are tied");
            let setup = ServerSetup::new(subject, version).expect("a folder is made");
            (lab, server, client, setup)
        })
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        for ns in &self.namespaces {
            ns.remove();
        }
    }
}

/// A network namespace by name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Netns {
    name: String,
}

impl Netns {
    /// The name, as `ip netns` knows it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs `ip` with these arguments inside.
    pub fn ip(&self, args: &[&str]) -> io::Result<()> {
        ip(&[&["-n", &self.name], args].concat())
    }

    /// Gives an interface an address, `192.0.2.1/24`.
    pub fn address(&self, interface: &str, prefix: &str) -> io::Result<()> {
        let nodad: &[&str] = if prefix.contains(':') { &["nodad"] } else { &[] };
        self.ip(&[&["addr", "add", prefix, "dev", interface], nodad].concat())
    }

    /// A command that will run inside. The program replaces `ip netns exec`, so the child's process
    /// number is the program's own.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new("ip");
        command.args(["netns", "exec", &self.name]).arg(program);
        command
    }

    /// Runs `body` on a thread that is inside this namespace. Sockets made there stay there.
    pub fn enter<T: Send>(&self, body: impl FnOnce() -> io::Result<T> + Send) -> io::Result<T> {
        let file = File::open(Path::new(NAMESPACES).join(&self.name))?;
        thread::scope(|scope| {
            scope
                .spawn(move || {
                    setns(file, CloneFlags::CLONE_NEWNET)?;
                    body()
                })
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Ends what still runs inside, then deletes the namespace with its interfaces.
    fn remove(&self) {
        for pid in self.processes() {
            let _gone_is_fine = kill(pid, Signal::SIGKILL);
        }
        let _leftovers_are_removed_by_the_next_lab = ip(&["netns", "del", &self.name]);
    }

    fn processes(&self) -> Vec<Pid> {
        let output = Command::new("ip").args(["netns", "pids", &self.name]).output();
        let text = output.map(|o| String::from_utf8_lossy(&o.stdout).into_owned());
        let lines = text.unwrap_or_default();
        lines.lines().filter_map(|line| line.trim().parse().ok()).map(Pid::from_raw).collect()
    }
}

fn ip(args: &[&str]) -> io::Result<()> {
    let output = Command::new("ip").args(args).output()?;
    if output.status.success() {
        return Ok(());
    }
    let why = String::from_utf8_lossy(&output.stderr);
    Err(io::Error::other(format!("ip {}: {}", args.join(" "), why.trim())))
}

/// A temporary folder that is removed with the test, or by the next lab.
///
/// It is in `/tmp` for a short path: that of a UNIX socket has 107 octets at most.
pub(crate) fn folder() -> io::Result<TempDir> {
    let prefix = format!("{PREFIX}{}x", std::process::id());
    tempfile::Builder::new().prefix(&prefix).tempdir_in(FOLDERS)
}

/// Removes the namespaces and folders of labs whose process is gone.
fn remove_leftovers() -> io::Result<()> {
    for name in orphans(NAMESPACES)? {
        Netns { name }.remove();
    }
    for name in orphans(FOLDERS)? {
        let _another_lab_may_be_faster = fs::remove_dir_all(Path::new(FOLDERS).join(name));
    }
    Ok(())
}

/// The entries of a folder that belonged to labs of dead processes.
fn orphans(folder: &str) -> io::Result<Vec<String>> {
    let Ok(entries) = fs::read_dir(folder) else { return Ok(Vec::new()) };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let dead = |pid: u32| !Path::new("/proc").join(pid.to_string()).exists();
    let names: io::Result<Vec<String>> = names.collect();
    Ok(names?.into_iter().filter(|name| owner(name).is_some_and(dead)).collect())
}

/// The process that made a namespace or folder of this name, if a lab did.
fn owner(name: &str) -> Option<u32> {
    name.strip_prefix(PREFIX)?.split_once('x')?.0.parse().ok()
}

const PREFIX: &str = "kt";
const IPV6_SETTINGS: &str = "/proc/sys/net/ipv6/conf";
const NAMESPACES: &str = "/run/netns";
const FOLDERS: &str = "/tmp";

#[cfg(test)]
mod tests {
    use super::owner;

    #[test]
    fn a_namespace_names_its_owner() {
        assert_eq!(owner("kt4711x0-server"), Some(4711));
        assert_eq!(owner("kthings"), None);
        assert_eq!(owner("other"), None);
    }
}
