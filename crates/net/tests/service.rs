//! A service on real interfaces, each test in network namespaces of its own.
//!
//! Waits are for events: an answer, an opened socket, a message that was sent after the one that
//! must not come.

mod netns;

use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use kea_net::{
    Datagram, Delivery, Destination, Handler, Listen, Mode, Now, OpenFailure, Outbox, Selection,
    Service, ServiceEvent, ServiceOptions, SocketKind, Waker, Watcher, WorkerId,
};
use kea_wire::{HwAddr, V4, V6};
use netns::{Namespace, pair};

/// What a worker saw of one datagram.
#[derive(Debug, Clone, PartialEq)]
struct Seen {
    worker: usize,
    payload: Vec<u8>,
    interface: String,
    local: IpAddr,
    delivery: Delivery,
    peer: SocketAddr,
    hw_addr: Option<HwAddr>,
}

/// Tells what it sees, and sends it back.
struct Echo {
    worker: usize,
    seen: Sender<Seen>,
    woken: Sender<usize>,
    deadline: Option<Instant>,
    via_routing: bool,
    /// Where to send something when woken.
    stray: Option<Destination>,
    panics: bool,
}

impl Handler for Echo {
    fn on_batch(&mut self, now: Now, batch: &[Datagram<'_>], out: &mut Outbox) {
        assert!(!self.panics, "the test wants it");
        for datagram in batch {
            let arrival = &datagram.arrival;
            // Whatever the socket: the system tells since when the datagram waits.
            let waited = now.since_epoch.checked_sub(arrival.received.unwrap());
            assert!(waited.is_some_and(|waited| waited < PATIENCE), "{waited:?}");
            self.seen
                .send(Seen {
                    worker: self.worker,
                    payload: datagram.payload.to_vec(),
                    interface: arrival.interface_name.to_owned(),
                    local: arrival.local,
                    delivery: arrival.delivery,
                    peer: arrival.peer,
                    hw_addr: arrival.hw_addr,
                })
                .unwrap();
            let mut to = arrival.answer();
            if self.via_routing {
                to = Destination { interface: None, source: None, ..to };
            }
            out.send(&to, datagram.payload);
        }
    }

    fn on_wake(&mut self, _now: Now, out: &mut Outbox) {
        self.deadline = None;
        if let Some(stray) = &self.stray {
            out.send(stray, b"stray");
            out.flush();
        }
        self.woken.send(self.worker).unwrap();
    }

    fn next_deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

struct Subject {
    service: Service<Echo>,
    seen: Receiver<Seen>,
    events: Receiver<ServiceEvent>,
    woken: Receiver<usize>,
}

const PATIENCE: Duration = Duration::from_secs(10);

impl Subject {
    fn start(namespace: &Namespace, listen: Listen, workers: usize) -> Self {
        Self::with(namespace, listen, workers, |_| {})
    }

    fn with(
        namespace: &Namespace,
        listen: Listen,
        workers: usize,
        adjust: impl Fn(&mut Echo) + Send + 'static,
    ) -> Self {
        namespace.run(move || {
            let (seen, seen_end) = channel();
            let (woken, woken_end) = channel();
            let (event, events) = channel();
            let make = |WorkerId(worker), _: Waker| {
                let (seen, woken) = (seen.clone(), woken.clone());
                let mut echo = Echo {
                    worker,
                    seen,
                    woken,
                    deadline: None,
                    via_routing: false,
                    stray: None,
                    panics: false,
                };
                adjust(&mut echo);
                echo
            };
            let workers = NonZeroUsize::new(workers).unwrap();
            let options = ServiceOptions { workers, ..ServiceOptions::default() };
            let on_event = move |e| drop(event.send(e));
            let service = Service::start(&options, listen, make, on_event).unwrap();
            Subject { service, seen: seen_end, events, woken: woken_end }
        })
    }

    fn next(&self) -> Seen {
        self.seen.recv_timeout(PATIENCE).expect("a datagram")
    }

    fn wait_for<R>(&self, mut is_it: impl FnMut(&ServiceEvent) -> Option<R>) -> R {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let event = self.events.recv_timeout(left).expect("the event");
            if let Some(found) = is_it(&event) {
                return found;
            }
        }
    }

    fn wait_opened(&self, interface: &str, kind: SocketKind) {
        self.wait_for(|event| match event {
            ServiceEvent::Opened(key) => {
                (&*key.interface == interface && key.kind == kind).then_some(())
            }
            _ => None,
        });
    }

    fn wait_closed(&self, interface: &str, kind: SocketKind) {
        self.wait_for(|event| match event {
            ServiceEvent::Closed(key) => {
                (&*key.interface == interface && key.kind == kind).then_some(())
            }
            _ => None,
        });
    }
}

fn listen4(mode: Mode, entries: &[&str]) -> Listen {
    Listen { selection: Selection::parse::<V4>(entries).unwrap(), port: 67, mode, channel: None }
}

fn listen6(entries: &[&str]) -> Listen {
    Listen {
        selection: Selection::parse::<V6>(entries).unwrap(),
        port: 547,
        mode: Mode::Udp6,
        channel: None,
    }
}

/// A client socket on the far side.
fn udp(namespace: &Namespace, at: &str) -> UdpSocket {
    let at = at.to_owned();
    namespace.run(move || {
        let socket = UdpSocket::bind(at).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.set_broadcast(true).unwrap();
        socket
    })
}

/// Broadcasts leave by the only interface.
fn broadcaster(client: &Namespace) -> UdpSocket {
    client.ip("route add 255.255.255.255/32 dev cli0");
    udp(client, "0.0.0.0:68")
}

fn index_of(namespace: &Namespace, interface: &'static str) -> u32 {
    let find = move || Watcher::open().unwrap().interfaces().by_name(interface).map(|i| i.index);
    namespace.run(find).unwrap()
}

fn receive(socket: &UdpSocket) -> (Vec<u8>, SocketAddr) {
    let mut buffer = [0; 2000];
    let received = loop {
        match socket.recv_from(&mut buffer) {
            Err(e) if e.kind() == ErrorKind::Interrupted => {}
            other => break other,
        }
    };
    let (len, from) = received.expect("an answer");
    (buffer[..len].to_vec(), from)
}

/// A payload as long as a DHCPv4 message, with a `chaddr`.
fn message4(chaddr_tail: u32) -> Vec<u8> {
    let mut message = vec![0; 240];
    message[28..30].copy_from_slice(&[2, 0]);
    message[30..34].copy_from_slice(&chaddr_tail.to_be_bytes());
    message
}

/// A Solicit with a DUID-LL and a transaction of its own.
fn message6(client: u32, transaction: u8) -> Vec<u8> {
    let mut message = vec![1, 0, 0, transaction, 0, 1, 0, 10, 0, 3, 0, 1, 2, 0];
    message.extend(client.to_be_bytes());
    message
}

#[test]
fn raw_sockets_hear_broadcasts_and_answer_with_frames() {
    let (server, client) = pair();
    let subject = Subject::start(&server, listen4(Mode::Raw4, &["srv0"]), 1);
    let socket = broadcaster(&client);
    socket.send_to(&message4(7), "255.255.255.255:67").unwrap();
    assert_eq!(
        subject.next(),
        Seen {
            worker: 0,
            payload: message4(7),
            interface: "srv0".into(),
            local: Ipv4Addr::new(192, 0, 2, 1).into(),
            delivery: Delivery::Broadcast,
            peer: "192.0.2.2:68".parse().unwrap(),
            hw_addr: Some("02:00:00:00:00:02".parse().unwrap()),
        }
    );
    assert_eq!(receive(&socket), (message4(7), "192.0.2.1:67".parse().unwrap()));
    // An answer is counted after it is sent: let the worker finish its round. The wake that came
    // with the sockets was before.
    subject.woken.try_iter().for_each(drop);
    subject.service.wakers()[0].wake();
    subject.woken.recv_timeout(PATIENCE).unwrap();
    let counters = subject.service.counters();
    assert_eq!((counters.received, counters.sent, counters.receive_overrun), (1, 1, 0));
}

#[test]
fn raw_unicast_is_answered_without_an_icmp_error_of_the_kernel() {
    let (server, client) = pair();
    let subject = Subject::start(&server, listen4(Mode::Raw4, &["*"]), 2);
    let socket = udp(&client, "192.0.2.2:67");
    // A connected socket reports ICMP port unreachable as an error.
    socket.connect("192.0.2.1:67").unwrap();
    for n in 0..3 {
        socket.send(&message4(n)).expect("no port unreachable");
        assert_eq!(subject.next().delivery, Delivery::Unicast);
        assert_eq!(receive(&socket).0.len(), 240);
    }
}

#[test]
fn each_client_has_one_worker_and_each_message_one_reader() {
    let (server, client) = pair();
    let subject = Subject::start(&server, listen4(Mode::Raw4, &["*"]), 3);
    let socket = broadcaster(&client);
    let mut worker_of: HashMap<Vec<u8>, usize> = HashMap::new();
    let mut load = [0; 3];
    for _round in 0..2 {
        for n in 0..60 {
            socket.send_to(&message4(n), "255.255.255.255:67").unwrap();
            let seen = subject.next();
            assert_eq!(seen.payload, message4(n));
            assert_eq!(*worker_of.entry(seen.payload).or_insert(seen.worker), seen.worker);
            load[seen.worker] += 1;
            receive(&socket);
        }
    }
    // A second copy would have come before the next message's.
    assert_eq!(load.iter().sum::<usize>(), 120);
    assert!(load.iter().all(|n| *n >= 10), "{load:?}");
}

#[test]
fn only_the_selected_address_is_served() {
    let (server, client) = pair();
    server.ip("addr add 192.0.2.9/24 dev srv0");
    let subject = Subject::start(&server, listen4(Mode::Raw4, &["srv0/192.0.2.9"]), 1);
    let socket = udp(&client, "192.0.2.2:67");
    socket.send_to(&message4(1), "192.0.2.1:67").unwrap();
    socket.send_to(&message4(2), "192.0.2.9:67").unwrap();
    let seen = subject.next();
    assert_eq!((seen.payload, seen.local), (message4(2), Ipv4Addr::new(192, 0, 2, 9).into()));
    // The other address is served from the moment it is selected.
    assert_eq!(subject.service.listen(listen4(Mode::Raw4, &["srv0"])), []);
    socket.send_to(&message4(3), "192.0.2.1:67").unwrap();
    assert_eq!(subject.next().payload, message4(3));
}

#[test]
fn an_interface_is_served_when_it_comes_and_when_it_comes_back() {
    let (server, client) = (Namespace::new(), Namespace::new());
    let subject = Subject::start(&server, listen4(Mode::Raw4, &["srv0"]), 2);
    assert_eq!(subject.service.open_sockets(), []);
    for _ in 0..2 {
        server.ip("link add srv0 type veth peer name cli0");
        server.ip(&format!("link set cli0 netns {}", client.id));
        client.ip("addr add 192.0.2.2/24 dev cli0\nlink set cli0 up");
        server.ip("addr add 192.0.2.1/24 dev srv0\nlink set srv0 up");
        let holder = SocketKind::PortHolder(Ipv4Addr::new(192, 0, 2, 1));
        subject.wait_opened("srv0", holder);
        subject.wait_opened("srv0", SocketKind::Packet);
        let socket = udp(&client, "192.0.2.2:68");
        server.settle("srv0");
        client.settle("cli0");
        socket.send_to(&message4(1), "192.0.2.1:67").unwrap();
        assert_eq!(receive(&socket).0, message4(1));
        // Down and up again.
        server.ip("link set srv0 down");
        subject.wait_closed("srv0", holder);
        server.ip("link set srv0 up");
        subject.wait_opened("srv0", SocketKind::Packet);
        server.settle("srv0");
        client.settle("cli0");
        socket.send_to(&message4(2), "192.0.2.1:67").unwrap();
        assert_eq!(receive(&socket).0, message4(2));
        server.ip("link del srv0");
        subject.wait_closed("srv0", SocketKind::Packet);
    }
}

#[test]
fn a_new_address_is_served_on_the_sockets_that_are_open() {
    let (server, client) = pair();
    let subject = Subject::start(&server, listen4(Mode::Raw4, &["*"]), 1);
    server.ip("addr add 192.0.2.77/24 dev srv0");
    subject.wait_opened("srv0", SocketKind::PortHolder(Ipv4Addr::new(192, 0, 2, 77)));
    let socket = udp(&client, "192.0.2.2:67");
    socket.send_to(&message4(1), "192.0.2.77:67").unwrap();
    assert_eq!(receive(&socket).1, "192.0.2.77:67".parse().unwrap());
}

#[test]
fn a_taken_port_is_named_and_opened_when_it_is_free() {
    let (server, client) = pair();
    let other = udp(&server, "192.0.2.1:67");
    let subject = Subject::start(&server, listen4(Mode::Udp4, &["srv0"]), 2);
    let failures = subject.service.failures();
    let [failure] = &failures[..] else { panic!("{failures:?}") };
    assert_eq!(failure.cause, OpenFailure::PortInUse);
    assert_eq!(
        failure.to_string(),
        "address 192.0.2.1 port 67 on interface srv0: the port is in use by another process"
    );
    drop(other);
    let address = Ipv4Addr::new(192, 0, 2, 1).into();
    subject.wait_opened("srv0", SocketKind::Unicast(address));
    assert_eq!(subject.service.failures(), []);
    let socket = udp(&client, "192.0.2.2:67");
    socket.send_to(&message4(1), "192.0.2.1:67").unwrap();
    assert_eq!(receive(&socket).0, message4(1));
}

#[test]
fn a_second_service_does_not_share_the_port_by_accident() {
    let (server, _client) = pair();
    let _first = Subject::start(&server, listen4(Mode::Udp4, &["srv0"]), 2);
    let second = Subject::start(&server, listen4(Mode::Udp4, &["srv0"]), 2);
    assert_eq!(second.service.failures()[0].cause, OpenFailure::PortInUse);
}

#[test]
fn udp_sockets_serve_relays_and_spread_one_relays_clients() {
    let (server, client) = pair();
    let subject = Subject::start(&server, listen4(Mode::Udp4, &["srv0"]), 2);
    let relay = udp(&client, "192.0.2.2:67");
    let mut load = [0; 2];
    for n in 0..40 {
        relay.send_to(&message4(n), "192.0.2.1:67").unwrap();
        let seen = subject.next();
        assert_eq!(seen.peer, "192.0.2.2:67".parse().unwrap());
        assert_eq!(seen.hw_addr, None);
        load[seen.worker] += 1;
        assert_eq!(receive(&relay), (message4(n), "192.0.2.1:67".parse().unwrap()));
    }
    assert!(load.iter().all(|n| *n >= 10), "{load:?}");
}

#[test]
fn with_routing_the_table_decides_where_answers_leave() {
    let (server, client) = pair();
    let routed = |echo: &mut Echo| echo.via_routing = true;
    let subject = Subject::with(&server, listen4(Mode::Udp4, &["*"]), 1, routed);
    client.ip("addr add 198.51.100.7/32 dev cli0");
    server.ip("route add 198.51.100.7/32 dev srv0");
    let relay = udp(&client, "198.51.100.7:67");
    relay.send_to(&message4(1), "192.0.2.1:67").unwrap();
    assert_eq!(subject.next().peer, "198.51.100.7:67".parse().unwrap());
    assert_eq!(receive(&relay), (message4(1), "192.0.2.1:67".parse().unwrap()));
}

#[test]
fn six_is_served_by_multicast_and_link_local_and_listed_addresses() {
    let (server, client) = pair();
    let subject = Subject::start(&server, listen6(&["srv0", "srv0/2001:db8::1"]), 2);
    let scope = index_of(&client, "cli0");
    let socket = udp(&client, &format!("[fe80::2%{scope}]:546"));
    let cases = [
        (format!("[ff02::1:2%{scope}]:547"), "fe80::1", Delivery::Multicast),
        (format!("[ff05::1:3%{scope}]:547"), "fe80::1", Delivery::Multicast),
        (format!("[fe80::1%{scope}]:547"), "fe80::1", Delivery::Unicast),
    ];
    for (n, (to, local, delivery)) in cases.iter().enumerate() {
        let message = message6(9, n as u8);
        socket.send_to(&message, to).unwrap();
        let seen = subject.next();
        assert_eq!((seen.payload, seen.delivery), (message.clone(), *delivery));
        assert_eq!(seen.local, local.parse::<IpAddr>().unwrap());
        let (answer, from) = receive(&socket);
        assert_eq!((answer, from.ip()), (message, local.parse::<IpAddr>().unwrap()));
    }
    let global = udp(&client, "[2001:db8::2]:547");
    global.send_to(&message6(1, 1), "[2001:db8::1]:547").unwrap();
    assert_eq!(receive(&global), (message6(1, 1), "[2001:db8::1]:547".parse().unwrap()));
}

#[test]
fn six_multicast_reaches_one_worker_by_duid() {
    let (server, client) = pair();
    let subject = Subject::start(&server, listen6(&["*"]), 2);
    let scope = index_of(&client, "cli0");
    let socket = udp(&client, &format!("[fe80::2%{scope}]:546"));
    let mut load = [0; 2];
    for n in 0..40 {
        let mut workers = Vec::new();
        for transaction in 0..2 {
            let message = message6(n, transaction);
            socket.send_to(&message, format!("[ff02::1:2%{scope}]:547")).unwrap();
            let seen = subject.next();
            assert_eq!(seen.payload, message);
            workers.push(seen.worker);
            assert_eq!(receive(&socket).0, message);
        }
        assert_eq!(workers[0], workers[1]);
        load[workers[0]] += 1;
    }
    assert!(load.iter().all(|n| *n >= 8), "{load:?}");
}

#[test]
fn an_interface_that_goes_takes_nothing_else_with_it() {
    let (server, client) = pair();
    server.ip("link add srv1 type veth peer name far1
         addr add 198.51.100.1/24 dev srv1
         link set far1 up
         link set srv1 up");
    server.settle("srv1");
    let stray = Destination {
        peer: "198.51.100.7:68".parse().unwrap(),
        interface: Some(index_of(&server, "srv1")),
        source: None,
        hw_addr: Some("02:00:00:00:00:07".parse().unwrap()),
    };
    let adjust = move |echo: &mut Echo| echo.stray = Some(stray);
    let subject = Subject::with(&server, listen4(Mode::Raw4, &["*"]), 1, adjust);
    let send_stray = || {
        subject.woken.try_iter().for_each(drop);
        subject.service.wakers()[0].wake();
        subject.woken.recv_timeout(PATIENCE).unwrap();
        let counters = subject.service.counters();
        (counters.sent, counters.send_unreachable)
    };
    // Opening sockets may have woken the worker any number of times.
    let (sent, unreachable) = send_stray();
    assert!(sent > 0 && unreachable == 0, "{sent} {unreachable}");
    server.ip("link del srv1");
    subject.wait_closed("srv1", SocketKind::Packet);
    let before = send_stray();
    assert!(before.1 > 0, "{before:?}");
    // The other interface goes on.
    let socket = udp(&client, "192.0.2.2:68");
    socket.send_to(&message4(1), "192.0.2.1:67").unwrap();
    assert_eq!(receive(&socket).0, message4(1));
    assert_eq!(subject.service.stop().len(), 1);
}

/// A Relay-forward message from a peer that ends in `peer`, with options.
fn relay_forward(hops: u8, peer: u8, options: &[u8]) -> Vec<u8> {
    let mut message = vec![12, hops];
    message.extend([0; 16]);
    message.extend([0xfe, 0x80, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0xff, 0xfe, 0, 0, peer]);
    message.extend(options);
    message
}

/// An option in front of a relayed message.
fn relay_message(before: &[u8], message: &[u8]) -> Vec<u8> {
    let len = (message.len() as u16).to_be_bytes();
    [before, &[0, 9], &len, message].concat()
}

#[test]
fn relayed_clients_are_dealt_by_their_own_address() {
    let (server, client) = pair();
    let subject = Subject::start(&server, listen6(&["srv0/2001:db8::1"]), 2);
    let relay = udp(&client, "[2001:db8::2]:547");
    let interface_id = [0, 18, 0, 3, b'e', b't', b'h'];
    let mut loads = [[0; 2]; 3];
    for n in 0..40u8 {
        let one = relay_forward(0, n, &relay_message(&[], &message6(1, 1)));
        let two = relay_forward(1, 7, &relay_message(&[], &one));
        let two_with_id = relay_forward(1, 7, &relay_message(&interface_id, &one));
        let mut workers = Vec::new();
        for (message, load) in [one, two, two_with_id].into_iter().zip(&mut loads) {
            relay.send_to(&message, "[2001:db8::1]:547").unwrap();
            let seen = subject.next();
            assert_eq!((seen.payload, seen.delivery), (message, Delivery::Unicast));
            load[seen.worker] += 1;
            workers.push(seen.worker);
        }
        // Whatever the way, it is the same client.
        assert_eq!((workers[1], workers[2]), (workers[0], workers[0]));
    }
    assert!(loads.iter().flatten().all(|n| *n >= 10), "{loads:?}");
}

#[test]
fn broken_packets_are_counted_or_not_even_taken() {
    let (server, client) = pair();
    let subject = Subject::start(&server, listen4(Mode::Raw4, &["srv0"]), 1);
    let send = client.run(|| {
        // IPPROTO_RAW: with a header of our own, of which the kernel fills in the checksum.
        socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::RAW, Some(255.into())).unwrap()
    });
    let packet = |fragment: u16, port: u16, checksum: u16| {
        let payload = message4(1);
        let mut packet = vec![0x45, 0, 0, 0, 0, 1, 0, 0, 64, 17, 0, 0, 192, 0, 2, 2, 192, 0, 2, 1];
        packet[6..8].copy_from_slice(&fragment.to_be_bytes());
        packet.extend([0, 68]);
        packet.extend(port.to_be_bytes());
        packet.extend((payload.len() as u16 + 8).to_be_bytes());
        packet.extend(checksum.to_be_bytes());
        packet.extend(payload);
        packet
    };
    let to = socket2::SockAddr::from("192.0.2.1:0".parse::<SocketAddr>().unwrap());
    for broken in [packet(0, 67, 0xbad), packet(0x2000, 67, 0), packet(0, 68, 0)] {
        send.send_to(&broken, &to).unwrap();
    }
    send.send_to(&packet(0, 67, 0), &to).unwrap();
    assert_eq!(subject.next().payload, message4(1));
    let counters = subject.service.counters();
    let seen = (counters.received, counters.bad_checksum, counters.malformed);
    assert_eq!(seen, (1, 1, 0));
}

/// Sends messages of some lengths when told, once, and tells what comes.
struct Burst {
    to: Destination,
    told: Arc<AtomicBool>,
    seen: Sender<Vec<u8>>,
}

impl Handler for Burst {
    fn on_batch(&mut self, _now: Now, batch: &[Datagram<'_>], _out: &mut Outbox) {
        batch.iter().for_each(|datagram| self.seen.send(datagram.payload.to_vec()).unwrap());
    }

    fn on_wake(&mut self, _now: Now, out: &mut Outbox) {
        if self.told.swap(false, Ordering::AcqRel) {
            burst().iter().for_each(|payload| out.send(&self.to, payload));
        }
    }
}

/// More of one length than are joined, a shorter one, a longer one, one that is too long to be joined.
fn burst() -> Vec<Vec<u8>> {
    let same = (0..100u8).map(|n| vec![n; 300]);
    same.chain([vec![100; 200], vec![101; 400], vec![102; 1300], vec![103; 200]]).collect()
}

#[test]
fn with_offload_datagrams_travel_joined_and_arrive_one_by_one() {
    let (server, client) = pair();
    let start = |end: &Namespace, listen: Listen, to: Destination, send: bool| {
        end.run(move || {
            let (seen, seen_end) = channel();
            let options = ServiceOptions { offload: true, ..ServiceOptions::default() };
            let told = Arc::new(AtomicBool::new(false));
            let make = |_, _| Burst { to, told: told.clone(), seen: seen.clone() };
            let service = Service::start(&options, listen, make, |_| {}).unwrap();
            assert!(service.failures().is_empty());
            if send {
                told.store(true, Ordering::Release);
                service.wakers()[0].wake();
            }
            (service, seen_end)
        })
    };
    let to = |peer: &str, source: &str| Destination {
        peer: peer.parse().unwrap(),
        interface: None,
        source: Some(source.parse().unwrap()),
        hw_addr: None,
    };
    // To somebody who asks for it, and to somebody who does not.
    let back = to("192.0.2.2:67", "192.0.2.1");
    let (taker, taken) = start(&server, listen4(Mode::Udp4, &["srv0"]), back, false);
    let plain = udp(&server, "192.0.2.1:6767");
    let packets = |end: &Namespace| -> usize {
        end.run(|| {
            let path = "/proc/thread-self/net/dev";
            let table = std::fs::read_to_string(path).unwrap();
            let line = table.lines().find(|line| line.trim().starts_with("cli0:")).unwrap();
            line.split_whitespace().nth(10).unwrap().parse().unwrap()
        })
    };
    let before = packets(&client);
    for peer in ["192.0.2.1:67", "192.0.2.1:6767"] {
        let client_listen = listen4(Mode::Client, &["cli0/192.0.2.2"]);
        let (sender, _) = start(&client, client_listen, to(peer, "192.0.2.2"), true);
        for expected in burst() {
            let got = match peer.ends_with(":67") {
                true => taken.recv_timeout(PATIENCE).expect("a datagram"),
                false => receive(&plain).0,
            };
            assert_eq!(got, expected);
        }
        drop(sender);
    }
    // 64 together, the other 36 with the shorter one, and three alone: each time. The system may have
    // sent a few of its own.
    assert!(packets(&client) - before < 104);
    assert_eq!(taker.counters().received, 104);
}

#[test]
fn a_worker_that_panics_is_told() {
    let (server, client) = pair();
    let adjust = |echo: &mut Echo| echo.panics = true;
    let subject = Subject::with(&server, listen4(Mode::Raw4, &["srv0"]), 1, adjust);
    udp(&client, "192.0.2.2:68").send_to(&message4(1), "192.0.2.1:67").unwrap();
    let lost = subject.wait_for(|event| match event {
        ServiceEvent::WorkerLost(worker) => Some(*worker),
        _ => None,
    });
    assert_eq!(lost, WorkerId(0));
    assert_eq!(subject.service.stop().len(), 0);
}

#[test]
fn wakers_and_deadlines_wake_their_worker() {
    let (server, _client) = pair();
    let soon = |echo: &mut Echo| {
        if echo.worker == 1 {
            echo.deadline = Some(Instant::now() + Duration::from_millis(5));
        }
    };
    let subject = Subject::with(&server, listen4(Mode::Raw4, &[]), 3, soon);
    // The opening command woke nobody else: an empty selection has none.
    assert_eq!(subject.woken.recv_timeout(PATIENCE), Ok(1));
    subject.service.wakers()[2].wake();
    assert_eq!(subject.woken.recv_timeout(PATIENCE), Ok(2));
}
