//! The ports and rights that servers take, and what becomes of sockets that cannot be opened.

use std::net::{Ipv6Addr, SocketAddrV6, UdpSocket};
use std::os::unix::fs::chown;
use std::time::{Duration, Instant};

use kea_testkit::scenario::Dialect;
use kea_testkit::v6::{Ia, MessageType as MessageType6, Packet6};
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
    let mut frame = D::seek(7).to_all();
    frame.to.set_port(1067);
    client.send(&frame).unwrap();
    let end = Instant::now() + LIMIT;
    let is_answer = |frame: &Frame| frame.from.port() == 1067;
    let answer = client.receive(end, is_answer).unwrap().expect("an answer from the port");
    assert_eq!((answer.to.port(), D::decode(&answer.payload).unwrap().xid()), (1068, 7));
}

/// A server that listens on two interfaces, and somebody else has its port on the first one.
fn crowded<D: Family>(lab: &mut Lab, interfaces: &Value) -> (Server, UdpSocket, [RawClient<D>; 2]) {
    let (server_ns, client_ns) = lab.pair().unwrap();
    lab.cable((&server_ns, "eth1"), (&client_ns, "eth1")).unwrap();
    server_ns.ip(&["link", "set", "eth1", "addrgenmode", "none"]).unwrap();
    server_ns.ip(&["addr", "flush", "dev", "eth1"]).unwrap();
    for address in ["203.0.113.1/24", "fe80::2/64"] {
        server_ns.address("eth1", address).unwrap();
    }
    let occupant = D::occupy(&server_ns);
    let server = setup::<D>().start_with(&server_ns, &config::<D>(interfaces)).unwrap();
    let open = |name| RawClient::open(&client_ns, name).unwrap();
    (server, occupant, [open("eth0"), open("eth1")])
}

fn a_busy_port_costs_one_interface<D: Family>() {
    let mut lab = Lab::new().unwrap();
    let interfaces = json!({ "interfaces": ["eth0", "eth1"] });
    let (server, occupant, [mut near, mut far]) = crowded::<D>(&mut lab, &interfaces);
    let line = server.logged(0, "DHCPSRV_OPEN_SOCKET_FAIL", LIMIT).expect("it is told");
    assert!(line.contains("eth0"), "{line}");
    assert!(is_served(&mut far), "{}", server.process().text());
    // Whoever has the port serves there; two servers would confuse each other's clients.
    near.broadcast(&D::seek(99)).unwrap();
    assert!(is_served(&mut far));
    assert!(near.answer(99, Duration::from_millis(200)).unwrap().is_none());
    if Subject::from_environment() == Subject::Ours {
        drop(occupant);
        assert!(is_served(&mut near), "{}", server.process().text());
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

/// Starts beside an occupant of the port where every socket is required.
fn required<D: Family>(netns: &Netns, retries: u32) -> (ServerSetup, Captured, UdpSocket) {
    let occupant = D::occupy(netns);
    let setup = setup::<D>();
    let interfaces = json!({
        "interfaces": ["eth0"], "service-sockets-require-all": true,
        "service-sockets-max-retries": retries, "service-sockets-retry-wait-time": 100,
    });
    setup.write_config(&setup.config(&config::<D>(&interfaces)).to_string()).unwrap();
    let process = setup.launch(netns).unwrap();
    (setup, process, occupant)
}

fn required_sockets_are_tried_again<D: Family>() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, _client) = lab.pair().unwrap();
    let (_setup, mut process, occupant) = required::<D>(&server_ns, 2);
    let status = process.wait(LIMIT).unwrap();
    let said = process.text();
    assert!(!status.success() && status.code().is_some(), "{status}\n{said}");
    let exhausted = format!("DHCP{}_OPEN_SOCKETS_FAILED", D::VERSION);
    assert!(said.contains(&exhausted) && said.contains("eth0"), "{said}");
    drop(occupant);
    let (_setup, process, occupant) = required::<D>(&server_ns, 1_000_000);
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
