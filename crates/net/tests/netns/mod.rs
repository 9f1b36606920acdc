//! Network namespaces of a test's own. Needs root.
#![allow(unsafe_code)]

use std::any::Any;
use std::process::Command;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

type Job = Box<dyn FnOnce() + Send>;

/// A thread that lives in a new network namespace and runs what it is given. The namespace ends with
/// the last thread and socket in it.
pub(crate) struct Namespace {
    jobs: Sender<Job>,
    /// The thread's number, by which `ip link set … netns` finds the namespace.
    pub(crate) id: i32,
}

impl Namespace {
    pub(crate) fn new() -> Self {
        let (jobs, inbox) = channel::<Job>();
        let (ready, is_ready) = channel();
        std::thread::spawn(move || {
            // SAFETY: unsharing the network namespace changes no descriptor of other threads.
            unsafe { rustix::thread::unshare_unsafe(rustix::thread::UnshareFlags::NEWNET) }
                .expect("a network namespace (needs root)");
            // Addresses are used at once, and no neighbour or router is looked for.
            for knob in ["all/accept_dad", "default/accept_dad", "default/addr_gen_mode"] {
                let value = if knob.ends_with("mode") { "1" } else { "0" };
                std::fs::write(format!("/proc/sys/net/ipv6/conf/{knob}"), value).unwrap();
            }
            ready.send(rustix::thread::gettid().as_raw_nonzero().get()).unwrap();
            inbox.into_iter().for_each(|job| job());
        });
        let id = is_ready.recv().expect("a network namespace (needs root)");
        Namespace { jobs, id }
    }

    /// Runs `job` inside, and passes its panic on.
    pub(crate) fn run<R: Send + 'static>(&self, job: impl FnOnce() -> R + Send + 'static) -> R {
        let (reply, answer) = channel::<Result<R, Box<dyn Any + Send>>>();
        let job = std::panic::AssertUnwindSafe(job);
        let guarded = move || {
            let _ = reply.send(std::panic::catch_unwind(job));
        };
        self.jobs.send(Box::new(guarded)).unwrap();
        match answer.recv().unwrap() {
            Ok(result) => result,
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }

    /// Runs `ip` with each line of arguments.
    pub(crate) fn ip(&self, lines: &str) {
        let lines = lines.to_owned();
        self.run(move || {
            for line in lines.lines().map(str::trim).filter(|l| !l.is_empty()) {
                let output = Command::new("ip").args(line.split_whitespace()).output().unwrap();
                assert!(output.status.success(), "ip {line}: {output:?}");
            }
        });
    }
}

impl Namespace {
    /// Waits until an interface that was set up can send: the kernel notices the carrier some time
    /// after the command, and makes the multicast route when it is done with that.
    pub(crate) fn settle(&self, interface: &str) {
        self.settle_with(interface, vec!["multicast ff00::/8".to_owned()]);
    }

    /// Waits until an interface has all these routes. Those of addresses come later still.
    fn settle_with(&self, interface: &str, routes: Vec<String>) {
        let arguments = format!("-6 route show table all dev {interface}");
        self.run(move || {
            let deadline = Instant::now() + Duration::from_secs(10);
            loop {
                let words = arguments.split_whitespace();
                let output = Command::new("ip").args(words).output().unwrap();
                let table = String::from_utf8_lossy(&output.stdout);
                if routes.iter().all(|route| table.contains(route)) {
                    return;
                }
                assert!(Instant::now() < deadline, "{arguments}: no carrier");
                std::thread::yield_now();
            }
        });
    }
}

/// Two namespaces with an Ethernet cable between them: `srv0`, 192.0.2.1/24, fe80::1 and
/// 2001:db8::1/64 here, `cli0`, 192.0.2.2, fe80::2, 2001:db8::2 there.
pub(crate) fn pair() -> (Namespace, Namespace) {
    let (server, client) = (Namespace::new(), Namespace::new());
    server.ip("link set lo up\nlink add srv0 address 02:00:00:00:00:01 type veth peer name cli0 address 02:00:00:00:00:02");
    server.ip(&format!("link set cli0 netns {}", client.id));
    for (end, name, n) in [(&server, "srv0", 1), (&client, "cli0", 2)] {
        end.ip(&format!(
            "addr add 192.0.2.{n}/24 dev {name}
             addr add 2001:db8::{n}/64 dev {name} nodad
             addr add fe80::{n}/64 dev {name} nodad
             link set {name} up"
        ));
    }
    for (end, name, n) in [(&server, "srv0", 1), (&client, "cli0", 2)] {
        let addresses = [format!("local fe80::{n} "), format!("local 2001:db8::{n} ")];
        end.settle(name);
        end.settle_with(name, addresses.to_vec());
    }
    // Nothing is to wait for, or be lost by, address resolution.
    for (end, name, n) in [(&server, "srv0", 2), (&client, "cli0", 1)] {
        for address in [format!("192.0.2.{n}"), format!("fe80::{n}"), format!("2001:db8::{n}")] {
            end.ip(&format!(
                "neigh replace {address} lladdr 02:00:00:00:00:0{n} dev {name} nud permanent"
            ));
        }
    }
    (server, client)
}
