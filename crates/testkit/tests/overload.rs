//! More queries than can be served: who has something to lose comes first, whatever another relay sends.
#![allow(clippy::print_stdout)] // figures, for whoever asks for them

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use kea_testkit::v6::{self, Ia, Packet6};
use kea_testkit::{Frame, Lab, Message as _, MessageType, Packet4, RawClient4, RawClient6, Server};
use serde_json::{Value, json};

/// More than may wait, less than the receive buffer holds.
const FLOOD: u32 = 1600;
/// What a query is to cost: two full batches are done long before queries have waited for too long, and the
/// flood takes far longer than queries may wait before the server takes it for overload.
const COST: Duration = Duration::from_millis(3);
/// How many classes find out what one costs, and how many there may be.
const CLASSES: (u32, u32) = (10, 400);
/// Octets that each class spells out for every query.
const OCTETS: usize = 10_000;
/// Often enough that the machine stands still in one or the other at most.
const ROUNDS: u32 = 5;
/// What takes longer does not happen.
const PATIENCE: Duration = Duration::from_secs(60);
const LOUD: Ipv4Addr = Ipv4Addr::new(10, 1, 0, 1);
const QUIET: Ipv4Addr = Ipv4Addr::new(10, 2, 0, 1);

/// A query through a relay.
fn relayed(relay: Ipv4Addr, query: &Packet4) -> Frame {
    let query = Packet4 { giaddr: relay, hops: 1, ..query.clone() };
    Frame {
        to_mac: [0xff; 6],
        from_mac: [2, 0, 0, 0, 1, relay.octets()[1]],
        from: SocketAddr::from((relay, 67)),
        to: SocketAddr::from((Ipv4Addr::BROADCAST, 67)),
        payload: query.encode(),
    }
}

/// A class that nobody is in, which takes long to find out.
fn slow_class(number: u32) -> Value {
    slow_class_by("pkt4.mac", number)
}

/// The same by this value of a query.
fn slow_class_by(value: &str, number: u32) -> Value {
    let text = format!("{number:010}").repeat(OCTETS / 10);
    // Of no use without an option, and so not looked at.
    json!({
        "name": format!("slow-{number}"), "test": format!("hexstring('{text}' + {value}, ':') == ''"),
        "option-data": [{ "code": 250, "data": "736c6f77", "csv-format": false }],
    })
}

/// A server that some queries a millisecond are too many for, and clients of two relays.
struct Trial {
    server: Server,
    client: RawClient4,
    loggers: Value,
    /// How many queries may wait.
    waiting: u32,
    subnets: Value,
    sent: u32,
    next_xid: u32,
    _lab: Lab,
}

impl Trial {
    fn begin(waiting: u32, loggers: impl FnOnce(Value) -> Value) -> Option<Self> {
        let (lab, server_ns, client_ns, setup) = Lab::ours(4)?;
        server_ns.ip(&["route", "add", "10.0.0.0/8", "dev", "eth0"]).unwrap();
        let subnets = json!([
            // Nothing to offer: answers to the flood would only fill the client's buffer.
            { "id": 1, "subnet": "10.1.0.0/16" },
            { "id": 2, "subnet": "10.2.0.0/16", "pools": [{ "pool": "10.2.0.10 - 10.2.0.10" }] },
        ]);
        let loggers = loggers(setup.quiet_loggers());
        let server = setup.start_with(&server_ns, &slowed(&loggers, waiting, &subnets, 0)).unwrap();
        let client = RawClient4::open(&client_ns, "eth0").unwrap();
        let (sent, next_xid) = (0, 1);
        Some(Trial { server, client, loggers, waiting, subnets, sent, next_xid, _lab: lab })
    }

    fn slow_down(&self, classes: u32) {
        let config = slowed(&self.loggers, self.waiting, &self.subnets, classes);
        let config = self.server.setup().config(&config);
        let answer = self.server.control().command("config-set", config).unwrap();
        assert_eq!(answer.result, 0, "{}", answer.text);
    }

    /// Makes a query cost about [`COST`], on this machine and as busy as it is now.
    fn set_pace(&mut self) {
        let mut costs = [0, CLASSES.0].map(|classes| {
            self.slow_down(classes);
            let mut taken: Vec<Duration> = (0..9).map(|_| self.time_of_renewal()).collect();
            taken.sort();
            taken[4]
        });
        costs[1] = costs[1].saturating_sub(costs[0]).max(Duration::from_micros(1));
        let classes = f64::from(CLASSES.0) * COST.as_secs_f64() / costs[1].as_secs_f64();
        self.slow_down((classes as u32).clamp(1, CLASSES.1));
    }

    fn time_of_renewal(&mut self) -> Duration {
        let begin = Instant::now();
        self.renew_until_answered();
        begin.elapsed()
    }

    /// Sends a renewal of the only lease; gives its transaction.
    fn renew(&mut self) -> u32 {
        let (mac, xid) = ([2, 0, 0, 0, 0, 0x0a], self.next_xid);
        let query = Packet4::query(MessageType::Request, mac, xid);
        let query = Packet4 { ciaddr: Ipv4Addr::new(10, 2, 0, 10), ..query };
        self.client.send(&relayed(QUIET, &query)).unwrap();
        self.sent += 1;
        self.next_xid += 1;
        xid
    }

    /// Renews every second until one that was sent by this is answered; gives what was answered meanwhile.
    fn renew_until_answered(&mut self) -> Vec<u32> {
        let (begin, first) = (Instant::now(), self.next_xid);
        let mut answered = Vec::new();
        while answered.last().is_none_or(|xid| *xid < first) {
            assert!(begin.elapsed() < PATIENCE, "no renewal is answered");
            self.renew();
            let deadline = Instant::now() + Duration::from_secs(1);
            while let Some(xid) = next_answer(&mut self.client, deadline) {
                answered.push(xid);
                if xid >= first {
                    break;
                }
            }
        }
        answered
    }

    /// Far more than the server can do at once.
    fn flood(&mut self) {
        for number in self.sent..self.sent + FLOOD {
            let [_, b, c, d] = number.to_be_bytes();
            let mac = [2, 1, 0, b, c, d];
            let discover = Packet4::query(MessageType::Discover, mac, 0x100_0000 + number);
            self.client.send(&relayed(LOUD, &discover)).unwrap();
        }
        self.sent += FLOOD;
    }

    fn count(&self, name: &str) -> i64 {
        self.server.control().statistic(name).unwrap().unwrap_or(0)
    }

    /// Waits until every query was answered, let go or found wanting.
    fn settle(&self) {
        let begin = Instant::now();
        while self.count("pkt4-received") < i64::from(self.sent) || !self.is_accounted_for() {
            assert!(begin.elapsed() < PATIENCE, "{} of {}", self.count("pkt4-received"), self.sent);
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// True when each query that was received is answered, refused or dropped: the last one is counted
    /// before it is decided.
    fn is_accounted_for(&self) -> bool {
        let received = self.count("pkt4-received");
        let answered = self.count("pkt4-ack-sent") + self.count("v4-allocation-fail");
        received == answered + self.count("pkt4-receive-drop")
    }
}

/// One thread, so many queries that may wait for it, and so many classes to look at.
fn slowed(loggers: &Value, waiting: u32, subnets: &Value, classes: u32) -> Value {
    json!({
        "loggers": loggers,
        "client-classes": (0..classes).map(slow_class).collect::<Vec<_>>(),
        "multi-threading": {
            "enable-multi-threading": true, "thread-pool-size": 1, "packet-queue-size": waiting,
        },
        "subnet4": subnets,
    })
}

#[test]
fn renewals_of_one_relay_survive_a_flood_of_another() {
    let Some(mut trial) = Trial::begin(64, |loggers| loggers) else { return };
    let is_shown = |trial: &mut Trial| {
        trial.set_pace();
        trial.settle();
        let [full, stale] = ["pkt4-queue-full", "pkt4-stale"].map(|name| trial.count(name));
        trial.flood();
        let renewals: Vec<u32> = (0..10).map(|_| trial.renew()).collect();
        let answered = trial.renew_until_answered();
        trial.settle();
        let is_overloaded = trial.count("pkt4-queue-full") > full;
        let lost = renewals.iter().filter(|xid| !answered.contains(xid)).count();
        // What waits for two seconds is let go whatever it is: then the machine stood still.
        let stood_still = trial.count("pkt4-stale") > stale;
        assert!(lost == 0 || stood_still, "{lost} renewals are not answered");
        is_overloaded && lost == 0
    };
    assert!((0..ROUNDS).any(|_| is_shown(&mut trial)), "{ROUNDS} rounds show nothing");

    // Every query is accounted for.
    let count = |name| trial.count(name);
    assert_eq!(count("pkt4-received"), i64::from(trial.sent));
    assert!(trial.is_accounted_for());
    let reasons = ["pkt4-queue-full", "pkt4-duplicate", "pkt4-stale"];
    assert_eq!(count("pkt4-receive-drop"), reasons.map(count).iter().sum::<i64>());
}

#[test]
fn a_query_that_finds_no_room_is_told() {
    let trial = Trial::begin(1, |loggers| telling(4, loggers));
    let Some(mut trial) = trial else { return };
    let is_full = |trial: &mut Trial| {
        trial.set_pace();
        trial.flood();
        trial.settle();
        trial.count("pkt4-queue-full") > 0
    };
    assert!((0..ROUNDS).any(|_| is_full(&mut trial)), "{ROUNDS} floods find room");
    let told = trial.server.logged(0, "DHCP4_PACKET_QUEUE_FULL", PATIENCE).unwrap();
    assert!(told.contains(" DEBUG [kea-dhcp4.dhcp4/"), "{told}");
}

#[test]
fn a_query_of_dhcpv6_that_finds_no_room_is_told() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(6) else { return };
    let config = json!({
        "loggers": telling(6, setup.quiet_loggers()),
        "client-classes": (0..40).map(|n| slow_class_by("option[1].hex", n)).collect::<Vec<_>>(),
        "multi-threading": {
            "enable-multi-threading": true, "thread-pool-size": 1, "packet-queue-size": 1,
        },
        "subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0" }],
    });
    let server = setup.start_with(&server_ns, &config).unwrap();
    let mut client = RawClient6::open(&client_ns, "eth0").unwrap();
    let is_full = |round: u32| {
        for number in round * FLOOD..(round + 1) * FLOOD {
            let duid = [&[0, 3, 0, 1, 2, 1][..], &number.to_be_bytes()].concat();
            let solicit = Packet6::query(v6::MessageType::SOLICIT, &duid, number);
            let frame = solicit.with_ia(&Ia::na(1)).to_all();
            // One relay of hardware addresses: nobody has to look for so many.
            let from = "[fe80::9]:546".parse().unwrap();
            client.send(&Frame { from_mac: [2, 0, 0, 0, 1, 9], from, ..frame }).unwrap();
        }
        let received = || server.control().statistic("pkt6-received").unwrap().unwrap_or(0);
        let begin = Instant::now();
        while received() < i64::from((round + 1) * FLOOD) {
            assert!(begin.elapsed() < PATIENCE, "{} queries are heard", received());
            std::thread::sleep(Duration::from_millis(20));
        }
        server.control().statistic("pkt6-queue-full").unwrap() > Some(0)
    };
    assert!((0..ROUNDS).any(is_full), "{ROUNDS} floods find room");
    let told = server.logged(0, "DHCP6_PACKET_QUEUE_FULL", PATIENCE).unwrap();
    assert!(told.contains(" DEBUG [kea-dhcp6.dhcp6/"), "{told}");
}

/// These loggers, and one that tells of queries that find no room.
fn telling(version: u8, mut loggers: Value) -> Value {
    let mut own = loggers[0].clone();
    own["name"] = json!(format!("kea-dhcp{version}.dhcp{version}"));
    own["severity"] = json!("DEBUG");
    own["debuglevel"] = json!(40);
    loggers.as_array_mut().unwrap().push(own);
    loggers
}

/// Of ten queries one is a renewal, the others are of clients that want to join.
const JOINING: u32 = 9;
/// Classes that each query of the crowd is looked at for.
const SLOW_CLASSES: u32 = 24;
/// Clients that renew, one after the other.
const RENEWING: u32 = 200;
/// Relays of the clients that join.
const RELAYS: u32 = 4;
/// An answer is of use while its client waits for it.
const USEFUL: Duration = Duration::from_secs(1);

/// Query number `xid` of a crowd.
fn query_of_crowd(xid: u32) -> Frame {
    let [_, b, c, d] = xid.to_be_bytes();
    if is_renewal(xid) {
        let client = xid / (JOINING + 1) % RENEWING;
        let mac = [2, 0, 0, 0, 1, client as u8];
        let query = Packet4::query(MessageType::Request, mac, xid);
        let ciaddr = Ipv4Addr::new(10, 2, 1, client as u8);
        return relayed(QUIET, &Packet4 { ciaddr, ..query });
    }
    let relay = Ipv4Addr::new(10, 64, (xid % RELAYS) as u8, 1);
    relayed(relay, &Packet4::query(MessageType::Discover, [2, 1, 0, b, c, d], xid))
}

fn is_renewal(xid: u32) -> bool {
    xid.is_multiple_of(JOINING + 1)
}

/// How many of the joining and of the renewing.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    joining: u32,
    renewing: u32,
}

impl Counts {
    fn add(&mut self, xid: u32) {
        *(if is_renewal(xid) { &mut self.renewing } else { &mut self.joining }) += 1;
    }

    fn total(self) -> u32 {
        self.joining + self.renewing
    }

    fn shares(self, of: Counts) -> [f64; 2] {
        [(self.joining, of.joining), (self.renewing, of.renewing)]
            .map(|(some, all)| f64::from(some) / f64::from(all.max(1)))
    }
}

/// The transaction of the next answer.
fn next_answer(client: &mut RawClient4, deadline: Instant) -> Option<u32> {
    let mut xid = None;
    let seen = client.receive(deadline, |frame| {
        let answer = Packet4::answer_in(frame).filter(|answer| {
            matches!(answer.message_type(), Some(MessageType::Offer | MessageType::Ack))
        });
        xid = answer.map(|answer| answer.xid());
        xid.is_some()
    });
    seen.unwrap();
    xid
}

/// Answers a second while clients ask as soon as others are answered: what the server can do.
fn sustainable_rate(client: &mut RawClient4, next: &mut u32, time: Duration) -> f64 {
    const IN_FLIGHT: u32 = 48;
    let begin = Instant::now();
    let mut answers = 0;
    while begin.elapsed() < time {
        for _ in 0..IN_FLIGHT {
            client.send(&query_of_crowd(*next)).unwrap();
            *next += 1;
        }
        // Of each set one after the other, and what comes late with the next.
        for _ in 0..IN_FLIGHT {
            if next_answer(client, Instant::now() + Duration::from_secs(2)).is_none() {
                break;
            }
            answers += 1;
        }
    }
    f64::from(answers) / begin.elapsed().as_secs_f64()
}

/// Queries at a rate, whatever becomes of them. Each is written down with its time.
fn flood(
    client: &mut RawClient4,
    first: u32,
    rate: f64,
    time: Duration,
    sent: &Mutex<Vec<Instant>>,
) {
    let begin = Instant::now();
    let mut xid = first;
    while begin.elapsed() < time {
        let due = first + (begin.elapsed().as_secs_f64() * rate) as u32;
        while xid < due {
            let query = query_of_crowd(xid);
            sent.lock().unwrap().push(Instant::now());
            client.send(&query).unwrap();
            xid += 1;
        }
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Kilobytes of a process, as the system calls them.
fn kilobytes(pid: u32, name: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// With `KEA_OVERLOAD_SECONDS` for so long, and what depends on how fast and how quiet the machine is
/// must hold as well; without, memory is bounded and clients are served afterwards.
#[test]
fn useful_answers_hold_at_three_times_the_sustainable_rate() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    server_ns.ip(&["route", "add", "10.0.0.0/8", "dev", "eth0"]).unwrap();
    let config = json!({
        "loggers": setup.quiet_loggers(),
        // So that it is the server that sets the pace, not who sends.
        "client-classes": (0..SLOW_CLASSES).map(slow_class).collect::<Vec<_>>(),
        "multi-threading": { "enable-multi-threading": true, "thread-pool-size": 1 },
        "subnet4": [
            { "id": 1, "subnet": "10.64.0.0/10", "pools": [{ "pool": "10.96.0.0/11" }] },
            { "id": 2, "subnet": "10.2.0.0/16", "pools": [{ "pool": "10.2.1.0/24" }] },
        ],
    });
    let server = setup.start_with(&server_ns, &config).unwrap();
    let given = std::env::var("KEA_OVERLOAD_SECONDS").ok();
    let seconds = given.as_ref().map_or(2, |seconds| seconds.parse().unwrap());
    let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
    let mut next = 10;
    let peak = sustainable_rate(&mut client, &mut next, Duration::from_secs(2 + seconds / 12));
    let pid = server.process().pid();
    let before = kilobytes(pid, "VmRSS");

    let (first, time) = (next, Duration::from_secs(seconds));
    let sent = Mutex::new(Vec::<Instant>::new());
    let mut sender = RawClient4::open(&client_ns, "eth0").unwrap();
    let (mut answered, mut useful) = (Counts::default(), Counts::default());
    let begin = Instant::now();
    std::thread::scope(|scope| {
        let flooding = scope.spawn(|| flood(&mut sender, first, 3.0 * peak, time, &sent));
        while !flooding.is_finished() {
            let deadline = Instant::now() + Duration::from_millis(100);
            let Some(xid) = next_answer(&mut client, deadline) else { continue };
            let Some(at) = xid.checked_sub(first) else { continue };
            answered.add(xid);
            if sent.lock().unwrap()[at as usize].elapsed() <= USEFUL {
                useful.add(xid);
            }
        }
    });
    let took = begin.elapsed().as_secs_f64();
    let mut asked = Counts::default();
    let sent = sent.into_inner().unwrap();
    (first..).zip(&sent).for_each(|(xid, _)| asked.add(xid));

    // Who asks now is answered soon.
    let after = Instant::now();
    let mut xid = first + sent.len() as u32;
    let last = xid;
    client.send(&query_of_crowd(xid)).unwrap();
    while next_answer(&mut client, Instant::now() + Duration::from_millis(100))
        .is_none_or(|xid| xid < last)
    {
        assert!(after.elapsed() < Duration::from_secs(60), "nobody is answered any more");
        xid += 1;
        client.send(&query_of_crowd(xid)).unwrap();
    }
    let recovery = after.elapsed();
    let grown = kilobytes(pid, "VmHWM").saturating_sub(before);
    let share = f64::from(useful.total()) / took / peak;
    let [joining, renewing] = answered.shares(asked);
    println!(
        "sustainable: {peak:.0} answers/s; offered: {:.0} queries/s for {took:.1} s\n\
         useful answers: {:.0} % of the sustainable rate\n\
         answered: {:.1} % of renewals, {:.1} % of those who join\n\
         memory: {before} kB before, {grown} kB more at most; recovery: {} ms",
        f64::from(asked.total()) / took,
        share * 100.0,
        renewing * 100.0,
        joining * 100.0,
        recovery.as_millis(),
    );
    assert!(grown < 64 << 10, "{grown} kB more");
    if given.is_some() {
        assert!(renewing >= 0.95, "renewals come first: {asked:?}, {answered:?}");
        assert!(share >= 0.8, "useful answers: {share:.2} of the sustainable rate");
        assert!(recovery <= Duration::from_secs(1), "answered again after {recovery:?}");
    }
}
