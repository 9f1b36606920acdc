//! What the DNS update daemon is sent: datagrams on a socket in the server's namespace.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use kea_testkit::v6::{self, Ia, Packet6};
use kea_testkit::{
    Lab, MessageType, Netns, Packet4, RawClient4, RawClient6, Server, ServerSetup, Subject,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const HOST_NAME: u8 = 12;
const CLIENT_ID: u8 = 61;
const FQDN: u8 = 81;

/// What happens, and to which client.
enum Step {
    /// DISCOVER to ACK with these options.
    Lease(u8, &'static [(u8, &'static [u8])]),
    /// A renewal with these options.
    Renew(u8, &'static [(u8, &'static [u8])]),
    Release(u8),
    Decline(u8),
    /// Members of the configuration take other values.
    Configure(fn() -> Value),
    /// Leases that are over are reclaimed; the lifetime is a second by then.
    Reclaim,
}

/// One after the other; what each leads to is compared.
const STEPS: &[(&str, Step)] = &[
    ("the server updates", Step::Lease(1, &[(FQDN, b"\x05\0\0\x05Alice")])),
    ("nothing changes", Step::Renew(1, &[(FQDN, b"\x05\0\0\x05alice")])),
    ("another name", Step::Renew(1, &[(HOST_NAME, b"bob")])),
    ("no name any more", Step::Renew(1, &[])),
    ("a name again", Step::Renew(1, &[(HOST_NAME, b"bob")])),
    ("given back", Step::Release(1)),
    ("by client identifier", Step::Lease(2, &[(HOST_NAME, b"carol"), (CLIENT_ID, b"\x01abc")])),
    ("declined", Step::Decline(2)),
    ("the client updates", Step::Lease(3, &[(FQDN, b"\x04\0\0\x03joe\x07example\x03net\0")])),
    ("the client wants none", Step::Lease(4, &[(FQDN, b"\x0c\0\0\x03sue")])),
    (
        "by DUID",
        Step::Lease(5, &[(HOST_NAME, b"dora"), (CLIENT_ID, b"\xff\0\0\0\x01\0\x03\0\x01ab")]),
    ),
    ("nothing is to be sanitized", Step::Lease(6, &[(HOST_NAME, b"e.f")])),
    ("sanitized", Step::Lease(7, &[(HOST_NAME, b"x_y z")])),
    ("sanitized by labels", Step::Lease(8, &[(FQDN, b"\x05\0\0\x03x_y\x03z$w\0")])),
    ("short lifetime", Step::Configure(|| json!({ "valid-lifetime": 900 }))),
    ("the least TTL", Step::Lease(9, &[(HOST_NAME, b"brief")])),
    ("no check", Step::Configure(|| json!({ "ddns-use-conflict-resolution": false }))),
    ("unchecked", Step::Lease(10, &[(HOST_NAME, b"lax")])),
    ("unchecked removal", Step::Release(10)),
    ("names are given", Step::Configure(|| json!({ "ddns-replace-client-name": "always" }))),
    ("given instead of host name", Step::Lease(11, &[(HOST_NAME, b"mine")])),
    ("given without any", Step::Lease(12, &[])),
    (
        "only where none is",
        Step::Configure(|| {
            json!({
                "ddns-replace-client-name": "when-not-present", "ddns-generated-prefix": "dyn",
            })
        }),
    ),
    ("given where none is", Step::Lease(13, &[])),
    ("kept where one is", Step::Lease(14, &[(HOST_NAME, b"kept")])),
    (
        "overrides",
        Step::Configure(|| {
            json!({
                "ddns-replace-client-name": "never",
                "ddns-override-no-update": true, "ddns-override-client-update": true,
            })
        }),
    ),
    ("although the client wants none", Step::Lease(15, &[(FQDN, b"\x0c\0\0\x03sue")])),
    ("although the client updates", Step::Lease(16, &[(FQDN, b"\x04\0\0\x03jim")])),
    ("for ever", Step::Configure(|| json!({ "valid-lifetime": 4_294_967_295_u32 }))),
    ("without end", Step::Lease(17, &[(HOST_NAME, b"eternal")])),
    ("a second", Step::Configure(|| json!({ "valid-lifetime": 1 }))),
    ("soon over", Step::Lease(18, &[(HOST_NAME, b"gone")])),
    ("over", Step::Reclaim),
];

#[test]
fn the_daemon_is_sent_what_debians_server_sends() {
    let ours = play(Subject::from_environment());
    let reference = play(Subject::Debian);
    let mut number = 0;
    for ((name, ours), (_, reference)) in ours.iter().zip(&reference) {
        assert_eq!(ours, reference, "{name}");
        number += ours.len();
    }
    assert_eq!(number, 25, "{ours:#?}");
}

/// Of a lease of DHCPv6, and of its end: each member, and the digest that Debian's server makes of the same client.
#[test]
fn the_daemon_is_sent_names_of_ipv6_addresses() {
    let ours = of_an_ipv6_address(Subject::from_environment());
    let change = |kind: u8| {
        json!({
            "change-type": kind, "forward-change": true, "reverse-change": true,
            "fqdn": "alice.example.org.", "ip-address": "2001:db8:1::10",
            // A third of the lifetime (RFC 4702 section 5).
            "dhcid": ours[0]["dhcid"], "lease-expires-on": "now", "lease-length": 2000,
            "use-conflict-resolution": true,
        })
    };
    assert_eq!(ours, [change(0), change(1)]);
    assert_eq!(ours, of_an_ipv6_address(Subject::Debian));
}

fn of_an_ipv6_address(subject: Subject) -> [Value; 2] {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let daemon = receiver(&server_ns);
    let mut members = members();
    members.as_object_mut().unwrap().remove("subnet4");
    members["subnet6"] = json!([{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
                                  "pools": [{ "pool": "2001:db8:1::10-2001:db8:1::10" }] }]);
    let server = ServerSetup::new(subject, 6).unwrap().start_with(&server_ns, &members).unwrap();
    let mut client = RawClient6::open(&client_ns, "eth0").unwrap();
    lease_of_dhcpv6(
        &mut client,
        10,
        b"Alice",
        &[v6::MessageType::REQUEST, v6::MessageType::RELEASE],
    );
    let mut requests = [receive(&daemon), receive(&daemon)].map(|(_, request)| request);
    if server.setup().subject() == Subject::Debian {
        // Counted from 1970 there, which no daemon minds.
        assert_eq!(requests[0]["lease-expires-on"], json!("another time"));
        requests[0]["lease-expires-on"] = json!("now");
    }
    requests
}

/// What a client of this name asks for after the address that it is offered.
fn lease_of_dhcpv6(client: &mut RawClient6, number: u8, name: &[u8], kinds: &[v6::MessageType]) {
    let duid = [0, 3, 0, 1, 2, 0, 0, 0, 0, number];
    let xid = u32::from(number) << 8;
    let solicit = Packet6::query(v6::MessageType::SOLICIT, &duid, xid).with_ia(&Ia::na(1));
    let advertise = client.exchange(&solicit, LIMIT).unwrap().unwrap();
    let server_id = advertise.option(2).unwrap();
    let na = Ia::na(1).with_lease(&advertise.leased().unwrap());
    let name = [&[1, name.len() as u8], name].concat();
    for (kind, xid) in kinds.iter().zip(xid + 1..) {
        let query = Packet6::query(*kind, &duid, xid).with_ia(&na).with_option(2, server_id);
        client.exchange(&query.with_option(39, &name), LIMIT).unwrap().unwrap();
    }
}

/// Plays all steps; the requests of each.
fn play(subject: Subject) -> Vec<(&'static str, Vec<Value>)> {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let mut scene = Scene {
        daemon: receiver(&server_ns),
        client: RawClient4::open(&client_ns, "eth0").unwrap(),
        members: members(),
        server: ServerSetup::new(subject, 4).unwrap().start_with(&server_ns, &members()).unwrap(),
        addresses: [Ipv4Addr::UNSPECIFIED; 32],
        xid: 100,
    };
    STEPS.iter().map(|(name, step)| (*name, scene.take(step))).collect()
}

/// Each client has an address of its own, so that generated names are the same everywhere.
fn members() -> Value {
    let reserved = |client: u8| {
        json!({
            "hw-address": format!("02:00:00:00:00:{client:02x}"),
            "ip-address": format!("192.0.2.{}", client + 9),
        })
    };
    let reservations: Vec<Value> = (1..32).map(reserved).collect();
    json!({
        "dhcp-ddns": {
            "enable-updates": true, "server-ip": "127.0.0.1", "server-port": 53001,
            "sender-ip": "127.0.0.2", "sender-port": 53900, "max-queue-size": 64,
            "ncr-protocol": "UDP", "ncr-format": "JSON",
        },
        "ddns-qualifying-suffix": "Example.org",
        "hostname-char-replacement": "-",
        "valid-lifetime": 6000,
        "expired-leases-processing": { "reclaim-timer-wait-time": 0 },
        "subnet4": [{ "id": 1, "subnet": "192.0.2.0/24",
                      "pools": [{ "pool": "192.0.2.10 - 192.0.2.99" }],
                      "reservations": reservations }],
    })
}

fn receiver(netns: &Netns) -> UdpSocket {
    let socket = netns.enter(|| UdpSocket::bind("127.0.0.1:53001")).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket
}

struct Scene {
    server: Server,
    client: RawClient4,
    daemon: UdpSocket,
    members: Value,
    /// Of each client.
    addresses: [Ipv4Addr; 32],
    xid: u32,
}

impl Scene {
    fn take(&mut self, step: &Step) -> Vec<Value> {
        match step {
            Step::Lease(client, options) => {
                self.addresses[usize::from(*client)] = self.lease(*client, options);
            }
            Step::Renew(client, options) => {
                let renewal = self.query(MessageType::Request, *client, options);
                self.ask(&renewal).expect("a renewal is answered");
            }
            Step::Release(client) => {
                let release = self.query(MessageType::Release, *client, &[]);
                let release = release.with_option(54, &[192, 0, 2, 1]);
                self.client.broadcast(&release).unwrap();
            }
            Step::Decline(client) => {
                let mut decline =
                    self.query(MessageType::Decline, *client, &[(CLIENT_ID, b"\x01abc")]);
                let address = std::mem::replace(&mut decline.ciaddr, Ipv4Addr::UNSPECIFIED);
                let decline = decline.with_option(50, &address.octets());
                self.client.broadcast(&decline.with_option(54, &[192, 0, 2, 1])).unwrap();
            }
            Step::Configure(change) => {
                for (key, value) in change().as_object().unwrap() {
                    self.members[key] = value.clone();
                }
                self.reload();
                return Vec::new();
            }
            Step::Reclaim => self.reclaim(),
        }
        self.requests()
    }

    fn reload(&self) {
        let setup = self.server.setup();
        setup.write_config(&setup.config(&self.members).to_string()).unwrap();
        let outcome = self.server.reload().unwrap();
        assert!(outcome.contains("RECONFIGURATION_SUCCESS"), "{outcome}");
    }

    /// Until the lease of a second is over and reclaimed.
    fn reclaim(&self) {
        let control = self.server.control();
        while control.statistic("reclaimed-leases").unwrap() == Some(0) {
            control.command("leases-reclaim", json!({ "remove": true })).unwrap();
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn query(&mut self, kind: MessageType, client: u8, options: &[(u8, &[u8])]) -> Packet4 {
        self.xid += 1;
        let mut query = Packet4::query(kind, [2, 0, 0, 0, 0, client], self.xid);
        query.ciaddr = self.addresses[usize::from(client)];
        options.iter().for_each(|(code, data)| query.push_option(*code, data));
        query
    }

    fn ask(&mut self, query: &Packet4) -> Option<Packet4> {
        self.client.exchange(query, LIMIT).unwrap()
    }

    fn lease(&mut self, client: u8, options: &[(u8, &[u8])]) -> Ipv4Addr {
        let discover = self.query(MessageType::Discover, client, options);
        let offer = self.ask(&discover).expect("an offer");
        let request = self.query(MessageType::Request, client, options);
        let request = request.with_option(54, &[192, 0, 2, 1]);
        let ack = self.ask(&request.with_option(50, &offer.yiaddr.octets())).expect("an answer");
        assert_eq!(ack.message_type(), Some(MessageType::Ack));
        ack.yiaddr
    }

    /// What was sent so far. Requests come in their order, so one more client marks the end.
    fn requests(&mut self) -> Vec<Value> {
        const MARKER: u8 = 31;
        self.addresses[usize::from(MARKER)] = Ipv4Addr::UNSPECIFIED;
        let address = self.lease(MARKER, &[(HOST_NAME, b"marker")]);
        self.addresses[usize::from(MARKER)] = address;
        let release = self.query(MessageType::Release, MARKER, &[]);
        self.client.broadcast(&release.with_option(54, &[192, 0, 2, 1])).unwrap();
        let mut requests = Vec::new();
        loop {
            let (from, request) = receive(&self.daemon);
            assert_eq!(from, "127.0.0.2:53900".parse().unwrap());
            let is_marker = request["ip-address"] == json!(address);
            match request["change-type"].as_u64() {
                Some(1) if is_marker => return requests,
                _ if is_marker => {}
                _ => requests.push(request),
            }
        }
    }
}

/// The next request, its time of expiry as the moment at which its time began: `now`, or not.
fn receive(daemon: &UdpSocket) -> (SocketAddr, Value) {
    let mut datagram = [0; 2048];
    let (length, from) = daemon.recv_from(&mut datagram).unwrap();
    let (prefix, text) = datagram[..length].split_first_chunk::<2>().unwrap();
    assert_eq!(usize::from(u16::from_be_bytes(*prefix)), text.len());
    assert!(!text.iter().any(u8::is_ascii_whitespace), "{}", String::from_utf8_lossy(text));
    let mut request: Value = serde_json::from_slice(text).unwrap();
    let keys: Vec<&str> = request.as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(
        keys,
        [
            "change-type",
            "forward-change",
            "reverse-change",
            "fqdn",
            "ip-address",
            "dhcid",
            "lease-expires-on",
            "lease-length",
            "use-conflict-resolution"
        ]
    );
    let name = request["fqdn"].as_str().unwrap().to_ascii_lowercase();
    request["fqdn"] = json!(name);
    let expires = unix_seconds(request["lease-expires-on"].as_str().unwrap());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let age = now.cast_signed() - (expires - request["lease-length"].as_i64().unwrap());
    request["lease-expires-on"] =
        json!(if (-1..60).contains(&age) { "now" } else { "another time" });
    (from, request)
}

/// Of `YYYYMMDDHHMMSS` in UTC.
fn unix_seconds(text: &str) -> i64 {
    let part = |range: std::ops::Range<usize>| text[range].parse::<i64>().unwrap();
    let (year, month, day) = (part(0..4), part(4..6), part(6..8));
    // Days since 1 March of the year 0, and those until 1970.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 1;
    (days - 719_468) * 86400 + part(8..10) * 3600 + part(10..12) * 60 + part(12..14)
}

/// A daemon that cannot be reached stops nothing: requests wait up to the bound, the rest is
/// counted, and they leave when there is a way. Debian's server gives up until it is reconfigured.
#[test]
fn requests_wait_for_an_unreachable_daemon() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let mut members = members();
    // There is no route to it.
    members["dhcp-ddns"] =
        json!({ "enable-updates": true, "server-ip": "203.0.113.1", "max-queue-size": 2 });
    let mut scene = Scene {
        daemon: receiver(&server_ns),
        client: RawClient4::open(&client_ns, "eth0").unwrap(),
        server: setup.start_with(&server_ns, &members).unwrap(),
        members,
        addresses: [Ipv4Addr::UNSPECIFIED; 32],
        xid: 100,
    };
    for client in 1..=4 {
        scene.lease(client, &[(HOST_NAME, format!("host-{client}").as_bytes())]);
    }
    for identifier in ["DHCP_DDNS_NCR_UDP_SEND_ERROR", "DHCPSRV_DHCP_DDNS_SUSPEND_UPDATES"] {
        scene.server.logged(0, identifier, LIMIT).unwrap();
    }
    let rejected = scene.server.logged(0, "DHCPSRV_DHCP_DDNS_NCR_REJECTED", LIMIT).unwrap();
    assert!(rejected.contains("add 192.0.2.12"), "{rejected}");
    assert_eq!(scene.server.control().statistic("ncr-dropped").unwrap(), Some(2));
    // An own end that is another machine's is refused, and nothing changes.
    scene.members["dhcp-ddns"]["sender-ip"] = json!("198.51.100.1");
    let setup = scene.server.setup();
    setup.write_config(&setup.config(&scene.members).to_string()).unwrap();
    let outcome = scene.server.reload().unwrap();
    assert!(outcome.contains("RECONFIGURATION_FAIL"), "{outcome}");
    scene.members["dhcp-ddns"] = json!({ "enable-updates": true });
    scene.reload();
    let names = [receive(&scene.daemon), receive(&scene.daemon)];
    let names = names.map(|(_, request)| request["fqdn"].as_str().unwrap().to_owned());
    assert_eq!(names, ["host-1.example.org.", "host-2.example.org."]);
    // What is asked for at the last moment still leaves.
    scene.lease(5, &[(HOST_NAME, b"last")]);
    assert!(scene.server.stop().unwrap().success());
    assert_eq!(receive(&scene.daemon).1["fqdn"], json!("last.example.org."));
}

#[test]
fn requests_of_dhcpv6_wait_for_an_unreachable_daemon() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(6) else { return };
    let daemon = receiver(&server_ns);
    let mut members = json!({
        "dhcp-ddns": { "enable-updates": true, "server-ip": "203.0.113.1", "max-queue-size": 2 },
        "ddns-qualifying-suffix": "example.org",
        "subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
                      "pools": [{ "pool": "2001:db8:1::10-2001:db8:1::1f" }] }],
    });
    let server = setup.start_with(&server_ns, &members).unwrap();
    let mut client = RawClient6::open(&client_ns, "eth0").unwrap();
    for number in 1..=4 {
        let name = format!("host-{number}");
        lease_of_dhcpv6(&mut client, number, name.as_bytes(), &[v6::MessageType::REQUEST]);
    }
    for identifier in [
        "DHCP_DDNS_NCR_UDP_SEND_ERROR",
        "DHCPSRV_DHCP_DDNS_SUSPEND_UPDATES",
        "DHCPSRV_DHCP_DDNS_NCR_REJECTED",
    ] {
        server.logged(0, identifier, LIMIT).unwrap_or_else(|| panic!("{identifier}"));
    }
    assert_eq!(server.control().statistic("ncr-dropped").unwrap(), Some(2));
    members["dhcp-ddns"] = json!({ "enable-updates": true });
    server.setup().write_config(&server.setup().config(&members).to_string()).unwrap();
    let outcome = server.reload().unwrap();
    assert!(outcome.contains("RECONFIGURATION_SUCCESS"), "{outcome}");
    let names = [receive(&daemon), receive(&daemon)].map(|(_, request)| request["fqdn"].clone());
    assert_eq!(names, ["host-1.example.org.", "host-2.example.org."]);
}
