//! The ports and rights that servers take, and what becomes of sockets that cannot be opened.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::os::unix::fs::chown;
use std::time::{Duration, Instant};

use kea_testkit::scenario::Dialect;
use kea_testkit::v6::{Ia, MessageType as MessageType6, Packet6, RelayHop};
use kea_testkit::{
    Captured, Frame, Lab, Message as _, MessageType, Netns, Packet4, RawClient, Server,
    ServerSetup, Subject,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(60);
const DUID: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 0x0a];

/// What differs between the protocols.
trait Family: Dialect {
    /// The rights that a server needs, as `setpriv` names them.
    const CAPABILITIES: &str;

    /// A query for an address.
    fn seek(xid: u32) -> Self;
    /// A subnet on an interface; `number` is 1 for that of [`Lab::pair`].
    fn subnet(number: u8, interface: &str) -> Value;
    /// The same by way of a relay on the cable of [`Lab::pair`].
    fn relayed(xid: u32) -> Frame;
    /// What an answer names as the server.
    fn server_identifier(&self) -> Option<Vec<u8>>;
    /// Takes the server's port on `eth0` away.
    fn occupy(netns: &Netns) -> UdpSocket;
}

impl Family for Packet4 {
    const CAPABILITIES: &str = ",+net_raw,+net_bind_service";

    fn seek(xid: u32) -> Self {
        Packet4::query(MessageType::Discover, [2, 0, 0, 0, 0, 0x0a], xid)
    }

    fn subnet(number: u8, interface: &str) -> Value {
        let net = if number == 1 { "192.0.2" } else { "203.0.113" };
        json!({ "id": number, "subnet": format!("{net}.0/24"), "interface": interface,
                "pools": [{ "pool": format!("{net}.10 - {net}.20") }] })
    }

    fn relayed(xid: u32) -> Frame {
        let relay = Ipv4Addr::new(192, 0, 2, 7);
        let query = Packet4 { giaddr: relay, hops: 1, ..Self::seek(xid) };
        Frame { from: SocketAddr::from((relay, 67)), ..query.to_all() }
    }

    fn server_identifier(&self) -> Option<Vec<u8>> {
        self.option(54)
    }

    fn occupy(netns: &Netns) -> UdpSocket {
        netns.enter(|| UdpSocket::bind("192.0.2.1:67")).unwrap()
    }
}

impl Family for Packet6 {
    const CAPABILITIES: &str = ",+net_bind_service";

    fn seek(xid: u32) -> Self {
        Packet6::query(MessageType6::SOLICIT, DUID, xid).with_ia(&Ia::na(1))
    }

    fn subnet(number: u8, interface: &str) -> Value {
        let net = format!("2001:db8:{number}:");
        json!({ "id": number, "subnet": format!("{net}:/64"), "interface": interface,
                "pools": [{ "pool": format!("{net}:10 - {net}:20") }] })
    }

    fn relayed(xid: u32) -> Frame {
        let query = Self::seek(xid);
        let mut frame = query.to_all();
        let peer = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 9);
        let options = vec![(18, b"port 1".to_vec())];
        let link = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 7);
        let relay = RelayHop { kind: 12, hops: 0, link, peer, options };
        frame.payload = Packet6 { relays: vec![relay], ..query }.encode();
        frame.from.set_port(547);
        frame
    }

    fn server_identifier(&self) -> Option<Vec<u8>> {
        self.option(2).map(<[u8]>::to_vec)
    }

    fn occupy(netns: &Netns) -> UdpSocket {
        let link_local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        let bind = || {
            let index = nix::net::if_::if_nametoindex("eth0")?;
            UdpSocket::bind(SocketAddrV6::new(link_local, 547, 0, index))
        };
        netns.enter(bind).unwrap()
    }
}

fn setup<D: Dialect>() -> ServerSetup {
    ServerSetup::new(Subject::from_environment(), D::VERSION).unwrap()
}

/// A subnet on each of the interfaces.
fn config<D: Family>(interfaces: &Value) -> Value {
    let names = interfaces["interfaces"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let subnets: Vec<Value> = (1..).zip(names).map(|(id, name)| D::subnet(id, name)).collect();
    json!({ "interfaces-config": interfaces, format!("subnet{}", D::VERSION): subnets })
}

/// Asks, and again as clients do, until there is an answer.
fn is_served<D: Family>(client: &mut RawClient<D>) -> bool {
    let end = Instant::now() + LIMIT;
    let second = Duration::from_secs(1);
    let mut answers = (1..).map_while(|xid| {
        let asked = (Instant::now() < end).then(|| D::seek(xid))?;
        Some(client.exchange(&asked, second).unwrap())
    });
    answers.any(|answer| answer.is_some())
}

#[test]
fn frames_of_dhcpv4_with_a_priority_are_answered() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let interfaces = json!({ "interfaces": ["eth0"] });
    let server =
        setup::<Packet4>().start_with(&server_ns, &config::<Packet4>(&interfaces)).unwrap();
    let mut client = RawClient::<Packet4>::open(&client_ns, "eth0").unwrap();
    // What is of a VLAN is not of the interface, which would answer to somebody else. Kea 2.2 does.
    client.send_tagged(&Packet4::seek(1).to_all(), 7).unwrap();
    // The tag is that of a VLAN, and names none.
    client.send_tagged(&Packet4::seek(2).to_all(), 0xe000).unwrap();
    let (_, offer) = client.answer(2, LIMIT).unwrap().expect("an offer");
    assert_eq!(offer.message_type(), Some(MessageType::Offer));
    let heard = match Subject::from_environment() {
        Subject::Ours => 1,
        Subject::Debian => 2,
    };
    assert_eq!(server.control().statistic("pkt4-discover-received").unwrap(), Some(heard));
}

#[test]
fn ports_of_dhcpv4_are_those_of_the_command_line() {
    ports_are_those_of_the_command_line::<Packet4>();
}

#[test]
fn ports_of_dhcpv6_are_those_of_the_command_line() {
    ports_are_those_of_the_command_line::<Packet6>();
}

fn ports_are_those_of_the_command_line<D: Family>() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let mut setup = setup::<D>();
    setup.add_arguments(&["-d", "-p", "1067", "-P", "1068"]);
    let interfaces = json!({ "interfaces": ["eth0"] });
    let server = setup.start_with(&server_ns, &config::<D>(&interfaces)).unwrap();
    let line = server.logged(0, &format!("DHCP{}_START_INFO", D::VERSION), LIMIT).unwrap();
    let pid = server.process().pid().to_string();
    assert!([&pid, "1067", "1068"].iter().all(|fact| line.contains(fact)), "{line}");
    let mut client = RawClient::<D>::open(&client_ns, "eth0").unwrap();
    // Those of relays, too, though relays send from another.
    for (xid, mut frame) in [(7, D::seek(7).to_all()), (8, D::relayed(8))] {
        frame.to.set_port(1067);
        client.send(&frame).unwrap();
        let end = Instant::now() + LIMIT;
        let is_answer = |frame: &Frame| frame.from.port() == 1067;
        let answer = client.receive(end, is_answer).unwrap().expect("an answer from the port");
        assert_eq!((answer.to.port(), D::decode(&answer.payload).unwrap().xid()), (1068, xid));
    }
}

/// What answers on each of two interfaces name as the server.
fn identifiers<D: Family>() -> [Option<Vec<u8>>; 2] {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = two_cables(&mut lab);
    let interfaces = json!({ "interfaces": ["eth0", "eth1"] });
    let server = setup::<D>().start_with(&server_ns, &config::<D>(&interfaces)).unwrap();
    ["eth0", "eth1"].map(|name| {
        let mut client = RawClient::<D>::open(&client_ns, name).unwrap();
        let answer = client.exchange(&D::seek(1), LIMIT).unwrap();
        answer.unwrap_or_else(|| panic!("{}", server.process().text())).server_identifier()
    })
}

#[test]
fn a_dhcpv4_server_is_named_by_the_address_of_each_interface() {
    let expected = [[192, 0, 2, 1], [203, 0, 113, 1]];
    assert_eq!(identifiers::<Packet4>(), expected.map(|address| Some(address.to_vec())));
}

#[test]
fn a_dhcpv6_server_is_named_alike_on_every_interface() {
    let [near, far] = identifiers::<Packet6>();
    assert!(near.is_some() && near == far, "{near:?} {far:?}");
}

/// [`Lab::pair`] with a second cable between them: server first.
fn two_cables(lab: &mut Lab) -> (Netns, Netns) {
    let (server_ns, client_ns) = lab.pair().unwrap();
    lab.cable((&server_ns, "eth1"), (&client_ns, "eth1")).unwrap();
    server_ns.ip(&["link", "set", "eth1", "addrgenmode", "none"]).unwrap();
    server_ns.ip(&["addr", "flush", "dev", "eth1"]).unwrap();
    for address in ["203.0.113.1/24", "fe80::2/64"] {
        server_ns.address("eth1", address).unwrap();
    }
    (server_ns, client_ns)
}

/// The errors of `sockets` in what the server says of itself, when that is its `status`.
fn socket_errors(server: &Server, status: &str) -> Vec<String> {
    let answer = server.control().command("status-get", Value::Null).unwrap();
    let sockets = &answer.arguments["sockets"];
    assert_eq!(sockets["status"], status, "{}", answer.arguments);
    let errors = sockets["errors"].as_array().into_iter().flatten();
    errors.map(|error| error.as_str().unwrap().to_owned()).collect()
}

fn a_busy_port_costs_one_interface<D: Family>() {
    let mut lab = Lab::new().unwrap();
    // A server that listens on two interfaces, and somebody else has its port on the first one.
    let (server_ns, client_ns) = two_cables(&mut lab);
    // Kea tries so often; here it is tried as long as the server runs, whatever the number is.
    let tries = match Subject::from_environment() {
        Subject::Ours => 1,
        Subject::Debian => 1_000_000,
    };
    let interfaces = json!({
        "interfaces": ["eth0", "eth1"],
        "service-sockets-max-retries": tries, "service-sockets-retry-wait-time": 100,
    });
    let occupant = D::occupy(&server_ns);
    let server = setup::<D>().start_with(&server_ns, &config::<D>(&interfaces)).unwrap();
    let [mut near, mut far] =
        ["eth0", "eth1"].map(|name| RawClient::<D>::open(&client_ns, name).unwrap());
    let line = server.logged(0, "DHCPSRV_OPEN_SOCKET_FAIL", LIMIT).expect("it is told");
    assert!(line.contains("eth0"), "{line}");
    assert!(is_served(&mut far), "{}", server.process().text());
    let errors = socket_errors(&server, "retrying");
    assert!(
        matches!(&errors[..], [error] if error.contains("eth0") && error.contains("in use")),
        "{errors:?}"
    );
    // Whoever has the port serves there; two servers would confuse each other's clients.
    near.broadcast(&D::seek(99)).unwrap();
    assert!(is_served(&mut far));
    assert!(near.answer(99, Duration::from_millis(200)).unwrap().is_none());
    drop(occupant);
    assert!(is_served(&mut near), "{}", server.process().text());
    assert_eq!(socket_errors(&server, "ready"), Vec::<String>::new());
    if Subject::from_environment() == Subject::Ours {
        server_ns.ip(&["link", "del", "eth1"]).unwrap();
        let told = format!("DHCP{}_DEACTIVATE_INTERFACE", D::VERSION);
        let line = server.logged(0, &told, LIMIT).expect("it is told");
        assert!(line.contains("eth1"), "{line}");
    }
}

#[test]
fn a_busy_port_of_dhcpv4_costs_one_interface() {
    a_busy_port_costs_one_interface::<Packet4>();
}

#[test]
fn a_busy_port_of_dhcpv6_costs_one_interface() {
    a_busy_port_costs_one_interface::<Packet6>();
}

/// Starts beside an occupant of the port where every socket is required. Tries again so often, if that is
/// said, after so many milliseconds.
fn required<D: Family>(
    netns: &Netns,
    retries: Option<u32>,
    wait: u32,
) -> (ServerSetup, Captured, UdpSocket) {
    let occupant = D::occupy(netns);
    let setup = setup::<D>();
    let mut interfaces = json!({
        "interfaces": ["eth0"], "service-sockets-require-all": true,
        "service-sockets-retry-wait-time": wait,
    });
    if let Some(retries) = retries {
        interfaces["service-sockets-max-retries"] = json!(retries);
    }
    setup.write_config(&setup.config(&config::<D>(&interfaces)).to_string()).unwrap();
    let process = setup.launch(netns).unwrap();
    (setup, process, occupant)
}

fn required_sockets_are_tried_again<D: Family>() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, _client) = lab.pair().unwrap();
    let exhausted = format!("DHCP{}_OPEN_SOCKETS_FAILED", D::VERSION);
    const HOUR: u32 = 3_600_000;
    for (retries, wait, number) in [(None, HOUR, "0"), (Some(2), 700, "2")] {
        let begin = Instant::now();
        let (_setup, mut process, _occupant) = required::<D>(&server_ns, retries, wait);
        let status = process.wait(LIMIT).unwrap();
        // An hour is never waited for where nothing is tried again.
        let waited = Duration::from_millis((retries.unwrap_or_default() * wait).into());
        assert!(begin.elapsed() >= waited, "{:?}", begin.elapsed());
        let said = process.text();
        assert!(!status.success() && status.code().is_some(), "{status}\n{said}");
        assert!(said.contains("eth0"), "{said}");
        let told = said.lines().find_map(|line| line.split_once(&exhausted)).expect(&said).1;
        let numbers: Vec<&str> = told.split(|c: char| !c.is_ascii_digit()).collect();
        assert!(numbers.contains(&number), "{told}");
    }
    let (_setup, process, occupant) = required::<D>(&server_ns, Some(1_000_000), 100);
    let busy = process.wait_for_line(0, "DHCPSRV_OPEN_SOCKET_FAIL", LIMIT);
    assert!(busy.is_some(), "{}", process.text());
    drop(occupant);
    let started = process.wait_for_line(0, &format!("DHCP{}_STARTED", D::VERSION), LIMIT);
    assert!(started.is_some(), "{}", process.text());
}

#[test]
fn required_sockets_of_dhcpv4_are_tried_again() {
    required_sockets_are_tried_again::<Packet4>();
}

#[test]
fn required_sockets_of_dhcpv6_are_tried_again() {
    required_sockets_are_tried_again::<Packet6>();
}

/// Starts as a user without rights, but for these capabilities.
fn unprivileged<D: Family>(setup: &ServerSetup, netns: &Netns, capabilities: &str) -> Captured {
    let name = format!("kea-dhcp{}", D::VERSION);
    let program = setup.folder().join(&name);
    // Where it was built, others need not be let in.
    std::fs::copy(setup.subject().program(&name), &program).unwrap();
    let mut config = config::<D>(&json!({ "interfaces": ["eth0"] }));
    if D::VERSION == 6 {
        config["data-directory"] = json!(setup.folder());
    }
    setup.write_config(&setup.config(&config).to_string()).unwrap();
    chown(setup.folder(), Some(NOBODY), Some(NOBODY)).unwrap();
    let mut command = netns.command("setpriv");
    command.args([format!("--reuid={NOBODY}"), format!("--regid={NOBODY}")]);
    let kept = format!("-all{capabilities}");
    command.args(["--clear-groups", "--inh-caps", &kept, "--ambient-caps", &kept]);
    command.arg(&program).arg("-c").arg(setup.config_file()).current_dir(setup.folder());
    for variable in ["KEA_PIDFILE_DIR", "KEA_LOCKFILE_DIR", "KEA_DHCP_DATA_DIR"] {
        command.env(variable, setup.folder());
    }
    Captured::start(command).unwrap()
}

const NOBODY: u32 = 65534;

fn few_capabilities_are_enough<D: Family>() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let setup = setup::<D>();
    let process = unprivileged::<D>(&setup, &server_ns, D::CAPABILITIES);
    let started = process.wait_for_line(0, &format!("DHCP{}_STARTED", D::VERSION), LIMIT);
    assert!(started.is_some(), "{}", process.text());
    let mut client = RawClient::<D>::open(&client_ns, "eth0").unwrap();
    assert!(is_served(&mut client), "{}", process.text());
    drop(process);
    let setup = self::setup::<D>();
    let process = unprivileged::<D>(&setup, &server_ns, "");
    let refused = process.wait_for_line(0, "OPEN_SOCKET_FAIL", LIMIT).unwrap_or_default();
    assert!(refused.to_lowercase().contains("permi"), "{}", process.text());
}

#[test]
fn two_capabilities_are_enough_for_dhcpv4() {
    few_capabilities_are_enough::<Packet4>();
}

#[test]
fn one_capability_is_enough_for_dhcpv6() {
    few_capabilities_are_enough::<Packet6>();
}
