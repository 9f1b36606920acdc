//! What befalls a server that runs for years: it is stopped and goes on, interfaces and addresses go and
//! return, its clock is set back, file descriptors run out, the log's disk is full, everybody reloads
//! it. Each time the same holds: no address has two holders, every promise is in the lease file and
//! survives a restart, and new clients are served.

use std::collections::HashMap;
use std::fs;
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::process::Command;
use std::time::{Duration, Instant};

use kea_testkit::scenario::Dialect;
use kea_testkit::v6::Packet6;
use kea_testkit::{
    FakeClock, Lab, Load, Netns, Packet4, RawClient, Server, ServerSetup, SmallDisk, Subject,
};
use nix::sys::signal::Signal;
use serde_json::{Value, json};

/// What takes longer does not happen.
const PATIENCE: Duration = Duration::from_secs(60);
/// Clients under way at once.
const AT_ONCE: usize = 16;

/// A server, clients, and what these were promised.
struct Trial<D: Dialect> {
    lab: Lab,
    server_ns: Netns,
    client_ns: Netns,
    server: Server,
    holders: HashMap<IpAddr, [u8; 6]>,
    next_client: u32,
    messages: std::marker::PhantomData<D>,
}

impl<D: Dialect> Trial<D> {
    /// A server with these settings beside its subnet; nothing when another server is under test.
    fn begin(settings: &Value) -> Option<Self> {
        Self::prepare(|_| settings.clone())
    }

    fn prepare(settings: impl FnOnce(&mut ServerSetup) -> Value) -> Option<Self> {
        if Subject::from_environment() == Subject::Debian {
            return None;
        }
        let mut lab = Lab::new().unwrap();
        let (server_ns, client_ns) = lab.pair().unwrap();
        let mut setup = ServerSetup::new(Subject::Ours, D::VERSION).unwrap();
        let mut config = json!({ "loggers": setup.quiet_loggers() });
        // However fast the machine is, no pool is too small.
        let subnet = match D::VERSION {
            4 => {
                json!({ "id": 1, "subnet": "192.0.0.0/8", "pools": [{ "pool": "192.64.0.0/10" }] })
            }
            _ => json!({ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
                         "pools": [{ "pool": "2001:db8:1::/80" }] }),
        };
        config[format!("subnet{}", D::VERSION)] = json!([subnet]);
        let settings = settings(&mut setup);
        config.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let server = setup.start_with(&server_ns, &config).unwrap();
        Some(Trial {
            lab,
            server_ns,
            client_ns,
            server,
            holders: HashMap::new(),
            next_client: 1,
            messages: std::marker::PhantomData,
        })
    }

    fn load(&mut self) -> Load<D> {
        let client = RawClient::<D>::open(&self.client_ns, "eth0").unwrap();
        let first = self.next_client;
        self.next_client += 100_000;
        Load::new(client, first, AT_ONCE)
    }

    /// New clients until `more` of them have leases, however long that takes, if not for ever.
    fn serve(&mut self, more: usize) {
        let mut load = self.load();
        load.run(PATIENCE, |load| load.acknowledged().len() >= more).unwrap();
        let served = load.acknowledged().len();
        assert!(served >= more, "{served} leases:\n{}", self.server.process().text());
        self.remember(&load);
    }

    /// New clients before a fault, while it lasts, and afterwards.
    fn serve_through(&mut self, begin: impl FnOnce(&Server), end: impl FnOnce(&Server)) {
        let mut load = self.load();
        load.run(PATIENCE, |load| load.acknowledged().len() >= 32).unwrap();
        begin(&self.server);
        // Queries gather, and their clients ask again.
        load.run(Duration::from_millis(600), |_| false).unwrap();
        end(&self.server);
        let before = load.acknowledged().len();
        load.run(PATIENCE, |load| load.acknowledged().len() >= before + 64).unwrap();
        let more = load.acknowledged().len() - before;
        assert!(more >= 64, "{more} leases afterwards:\n{}", self.server.process().text());
        self.remember(&load);
    }

    fn remember(&mut self, load: &Load<D>) {
        for promise in load.acknowledged() {
            let other = self.holders.insert(promise.address, promise.mac);
            assert_eq!(other, None, "{promise:?} was promised before");
        }
    }

    /// Every promise is in the lease file, before and after a restart without warning.
    fn judge(&mut self) {
        self.judge_file();
        self.server.kill().unwrap();
        self.server.start_again().unwrap();
        self.judge_file();
        self.serve(AT_ONCE);
    }

    fn judge_file(&self) {
        let leases = self.server.leases().unwrap();
        for (address, mac) in &self.holders {
            let holder =
                leases.get(&address.to_string()).map(|row| row.column("hwaddr").to_owned());
            let mac = mac.map(|octet| format!("{octet:02x}")).join(":");
            assert_eq!(holder, Some(mac), "{address}");
        }
    }
}

/// Waits for something that the server does by itself.
#[track_caller]
fn comes(what: &str, mut is_there: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_there() {
        assert!(Instant::now() < deadline, "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn a_server_that_stood_still_goes_on<D: Dialect>() {
    let Some(mut trial) = Trial::<D>::begin(&json!({})) else { return };
    for _ in 0..4 {
        let signal = |signal| move |server: &Server| server.process().signal(signal).unwrap();
        trial.serve_through(signal(Signal::SIGSTOP), signal(Signal::SIGCONT));
    }
    trial.judge();
}

#[test]
fn a_dhcpv4_server_that_stood_still_goes_on() {
    a_server_that_stood_still_goes_on::<Packet4>();
}

#[test]
fn a_dhcpv6_server_that_stood_still_goes_on() {
    a_server_that_stood_still_goes_on::<Packet6>();
}

#[test]
fn an_interface_that_was_down_is_served_again() {
    let Some(mut trial) = Trial::<Packet4>::begin(&json!({})) else { return };
    for _ in 0..3 {
        trial.serve(32);
        trial.server_ns.ip(&["link", "set", "eth0", "down"]).unwrap();
        trial.server_ns.ip(&["link", "set", "eth0", "up"]).unwrap();
    }
    trial.serve(32);
    trial.judge();
}

#[test]
fn an_interface_with_another_address_is_served() {
    let Some(mut trial) = Trial::<Packet4>::begin(&json!({})) else { return };
    for (gone, new) in [("192.0.2.1/24", "192.0.2.2/24"), ("192.0.2.2/24", "192.0.2.1/24")] {
        trial.serve(32);
        trial.server_ns.ip(&["addr", "del", gone, "dev", "eth0"]).unwrap();
        trial.server_ns.address("eth0", new).unwrap();
    }
    trial.serve(32);
    trial.judge();
}

#[test]
fn a_renamed_interface_is_served_where_all_are_and_when_it_has_its_name_again() {
    for listed in ["*", "eth0"] {
        let settings = json!({ "interfaces-config": { "interfaces": [listed] } });
        let Some(mut trial) = Trial::<Packet4>::begin(&settings) else { return };
        let rename = |netns: &Netns, before: &str, after: &str| {
            netns.ip(&["link", "set", before, "down"]).unwrap();
            netns.ip(&["link", "set", before, "name", after]).unwrap();
            netns.ip(&["link", "set", after, "up"]).unwrap();
        };
        trial.serve(32);
        rename(&trial.server_ns, "eth0", "lan0");
        if listed == "*" {
            trial.serve(32);
        }
        rename(&trial.server_ns, "lan0", "eth0");
        trial.serve(32);
        trial.judge();
    }
}

#[test]
fn an_interface_that_was_in_another_namespace_is_served_again() {
    let Some(mut trial) = Trial::<Packet4>::begin(&json!({})) else { return };
    let elsewhere = trial.lab.netns("elsewhere").unwrap();
    for _ in 0..2 {
        trial.serve(32);
        let (here, there) = (trial.server_ns.clone(), elsewhere.clone());
        here.ip(&["link", "set", "eth0", "netns", there.name()]).unwrap();
        there.ip(&["link", "set", "eth0", "netns", here.name()]).unwrap();
        here.address("eth0", "192.0.2.1/24").unwrap();
        here.ip(&["link", "set", "eth0", "up"]).unwrap();
    }
    trial.serve(32);
    trial.judge();
}

fn a_clock_set_back_takes_nothing_from_anybody<D: Dialect>() {
    let mut clock = None;
    let trial = Trial::<D>::prepare(|setup| {
        clock = Some(FakeClock::of(setup).unwrap());
        json!({})
    });
    let (Some(mut trial), Some(clock)) = (trial, clock) else { return };
    for offset in [0, -3_600, 600, -86_400, 0] {
        clock.set(offset).unwrap();
        trial.serve(48);
        trial.judge_file();
    }
    trial.judge();
}

#[test]
fn a_clock_set_back_takes_nothing_from_dhcpv4_clients() {
    a_clock_set_back_takes_nothing_from_anybody::<Packet4>();
}

#[test]
fn a_clock_set_back_takes_nothing_from_dhcpv6_clients() {
    a_clock_set_back_takes_nothing_from_anybody::<Packet6>();
}

#[test]
fn file_descriptors_that_run_out_cost_no_lease_and_come_back() {
    let Some(mut trial) = Trial::<Packet4>::begin(&json!({})) else { return };
    trial.serve(32);
    let pid = trial.server.process().pid().to_string();
    let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
    // Room for a few connections more.
    let limit = format!("--nofile={}", open + 4);
    let done = Command::new("prlimit").args(["--pid", &pid, &limit]).status().unwrap();
    assert!(done.success(), "prlimit: {done}");
    let path = trial.server.setup().folder().join("control");
    let mut idle = Vec::new();
    // The queue of the socket is full at some time, too.
    for _ in 0..64 {
        let Ok(connection) = UnixStream::connect(&path) else { break };
        idle.push(connection);
    }
    assert!(idle.len() > 4, "{}", idle.len());
    let fds = || fs::read_dir(format!("/proc/{pid}/fd")).map_or(0, Iterator::count);
    comes("all descriptors are in use", || fds() >= open + 4);
    trial.serve(64);
    let outcome = trial.server.reload().unwrap();
    assert!(outcome.contains("DHCP4_DYNAMIC_RECONFIGURATION_"), "{outcome}");
    trial.serve(64);
    drop(idle);
    let control = trial.server.control();
    comes("commands are answered again", || {
        control.command("version-get", json!(null)).is_ok_and(|answer| answer.result == 0)
    });
    trial.judge();
}

#[test]
fn a_full_disk_of_the_log_stops_nothing_but_the_log() {
    let mut disk = None;
    let trial = Trial::<Packet4>::prepare(|setup| {
        let small = SmallDisk::mount(&setup.folder().join("small"), 32).unwrap();
        let log = small.folder().join("kea.log");
        disk = Some(small);
        let mut loggers = setup.quiet_loggers();
        // Every lease is a line.
        loggers.as_array_mut().unwrap().push(json!({
            "name": "kea-dhcp4.leases", "severity": "INFO",
            "output_options": [{ "output": log, "maxver": 1, "flush": true }],
        }));
        let distinct = loggers.as_array_mut().unwrap();
        let doubled = distinct.iter().position(|one| one["name"] == "kea-dhcp4.leases").unwrap();
        distinct.remove(doubled);
        json!({ "loggers": loggers })
    });
    let (Some(mut trial), Some(disk)) = (trial, disk) else { return };
    let log = disk.folder().join("kea.log");
    trial.serve(32);
    comes("the log is written", || fs::metadata(&log).is_ok_and(|file| file.len() > 0));
    let filler = disk.fill().unwrap();
    trial.serve(400);
    fs::remove_file(filler).unwrap();
    let len = || fs::metadata(&log).map_or(0, |file| file.len());
    let before = len();
    trial.serve(32);
    comes("the log goes on", || len() > before);
    trial.judge();
    // What is mounted goes before the folder that it is in.
    drop(disk);
}

fn a_storm_of_reloads_is_weathered<D: Dialect>() {
    let Some(mut trial) = Trial::<D>::begin(&json!({})) else { return };
    for _ in 0..3 {
        let storm = |server: &Server| {
            (0..50).for_each(|_| server.process().signal(Signal::SIGHUP).unwrap());
        };
        trial.serve_through(storm, storm);
    }
    let outcome = trial.server.reload().unwrap();
    assert!(outcome.contains("_DYNAMIC_RECONFIGURATION_"), "{outcome}");
    assert_eq!(trial.server.control().command("config-get", json!(null)).unwrap().result, 0);
    assert!(!trial.server.process().text().contains("RECONFIGURATION_FAIL"));
    trial.judge();
}

#[test]
fn a_storm_of_reloads_is_weathered_by_dhcpv4() {
    a_storm_of_reloads_is_weathered::<Packet4>();
}

#[test]
fn a_storm_of_reloads_is_weathered_by_dhcpv6() {
    a_storm_of_reloads_is_weathered::<Packet6>();
}
