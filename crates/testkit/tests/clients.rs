//! Real clients and a real relay, from DISCOVER to RELEASE.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use kea_testkit::{
    Capture, Client, Dhclient, Dhcpcd, Dhcrelay, Lab, Message as _, MessageType, Netns, Packet4,
    RawClient4, RawClient6, Server, ServerSetup, Subject, Udhcpc, lossless_perfdhcp, v6,
};
use serde_json::{Value, json};

/// For an answer that comes.
const LIMIT: Duration = Duration::from_secs(60);
const POOL_START: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 10);

fn subnet() -> Value {
    json!([{
        "id": 1, "subnet": "192.0.2.0/24",
        "pools": [{ "pool": "192.0.2.10 - 192.0.2.20" }],
        "option-data": [
            { "name": "routers", "data": "192.0.2.1" },
            { "name": "domain-name-servers", "data": "192.0.2.53, 192.0.2.54" },
            { "name": "ntp-servers", "data": "192.0.2.123" },
        ],
    }])
}

/// Short timers, since dhclient renews on its own clock. Released leases are deleted.
fn config() -> Value {
    json!({
        "valid-lifetime": 60, "renew-timer": 2, "rebind-timer": 50,
        "expired-leases-processing": { "hold-reclaimed-time": 0 },
        "subnet4": subnet(),
    })
}

fn start(netns: &Netns, config: &Value) -> io::Result<Server> {
    ServerSetup::new(Subject::from_environment(), 4)?.start_with(netns, config)
}

/// Obtain, renew, release; the lease file and the wire tell the same.
fn whole_life(client: &mut dyn Client, server: &Server, router: &str) {
    let lease = client.obtain().unwrap();
    assert_eq!(lease.address, POOL_START);
    assert_eq!(lease.variable(router), "192.0.2.1", "{lease:?}");
    let row = server.leases().unwrap().remove("192.0.2.10").unwrap();
    assert_eq!((row.column("state"), row.column("valid_lifetime")), ("0", "60"));

    let mark = server.process().mark();
    assert_eq!(client.renew().unwrap().address, POOL_START);
    let limit = Duration::from_secs(10);
    let renewed = server.logged(mark, "DHCP4_LEASE_ALLOC", limit).unwrap();
    assert!(renewed.contains("192.0.2.10"), "{renewed}");

    let mark = server.process().mark();
    client.release().unwrap();
    assert!(server.logged(mark, "DHCP4_RELEASE", limit).is_some(), "{}", server.process().text());
    let released = server.control().statistic("pkt4-release-received").unwrap();
    assert_eq!(released, Some(1));
    assert_eq!(server.leases().unwrap().len(), 0);
}

#[test]
fn udhcpc_obtains_renews_and_releases() {
    let mut lab = Lab::new().unwrap();
    let (server, client) = lab.pair().unwrap();
    let server = start(&server, &config()).unwrap();
    whole_life(&mut Udhcpc::new(&client, "eth0").unwrap(), &server, "router");
}

#[test]
fn dhclient_obtains_renews_and_releases() {
    let mut lab = Lab::new().unwrap();
    let (server, client) = lab.pair().unwrap();
    let server = start(&server, &config()).unwrap();
    whole_life(&mut Dhclient::new(&client, "eth0").unwrap(), &server, "new_routers");
}

#[test]
fn dhcpcd_obtains_renews_and_releases() {
    let mut lab = Lab::new().unwrap();
    let (server, client) = lab.pair().unwrap();
    let server = start(&server, &config()).unwrap();
    whole_life(&mut Dhcpcd::new(&client, "eth0").unwrap(), &server, "new_routers");
}

#[test]
fn a_client_behind_dhcrelay_gets_an_address_of_its_link() {
    let mut lab = Lab::new().unwrap();
    let server_ns = lab.netns("server").unwrap();
    let relay_ns = lab.netns("relay").unwrap();
    let client_ns = lab.netns("client").unwrap();
    lab.cable((&server_ns, "eth0"), (&relay_ns, "uplink")).unwrap();
    lab.cable((&relay_ns, "downlink"), (&client_ns, "eth0")).unwrap();
    server_ns.address("eth0", "192.0.2.1/24").unwrap();
    server_ns.ip(&["route", "add", "10.7.0.0/24", "via", "192.0.2.2"]).unwrap();
    relay_ns.address("uplink", "192.0.2.2/24").unwrap();
    relay_ns.address("downlink", "10.7.0.1/24").unwrap();
    let mut subnets = subnet();
    subnets.as_array_mut().unwrap().push(json!({
        "id": 7, "subnet": "10.7.0.0/24", "pools": [{ "pool": "10.7.0.50 - 10.7.0.60" }],
        "option-data": [{ "name": "routers", "data": "10.7.0.1" }],
    }));
    let server = start(&server_ns, &json!({ "subnet4": subnets })).unwrap();
    let address = Ipv4Addr::new(192, 0, 2, 1);
    let _relay = Dhcrelay::start(&relay_ns, &["-a"], ("downlink", "uplink"), address).unwrap();

    let file = server.setup().folder().join("relay.pcap");
    let capture = Capture::start(&server_ns, "eth0", &file).unwrap();
    let mut client = Udhcpc::new(&client_ns, "eth0").unwrap();
    let lease = client.obtain().unwrap();
    assert_eq!(lease.address, Ipv4Addr::new(10, 7, 0, 50));
    assert_eq!(lease.variable("router"), "10.7.0.1");
    assert_eq!(server.leases().unwrap()["10.7.0.50"].column("subnet_id"), "7");

    // The relay's circuit identifier is the name of its interface towards the client.
    let capture = capture.stop().unwrap();
    let circuits = capture
        .fields("dhcp.option.dhcp == 5", &["dhcp.option.agent_information_option.agent_circuit_id"])
        .unwrap();
    assert_eq!(circuits, ["646f776e6c696e6b"]);
    assert_eq!(capture.malformed().unwrap(), Vec::<String>::new());
}

#[test]
fn tshark_finds_nothing_malformed() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let server = start(&server_ns, &config()).unwrap();
    let file = server.setup().folder().join("exchange.pcap");
    let capture = Capture::start(&client_ns, "eth0", &file).unwrap();
    let mut client = Udhcpc::new(&client_ns, "eth0").unwrap();
    client.obtain().unwrap();
    client.release().unwrap();
    let capture = capture.stop().unwrap();
    assert!(capture.frames() >= 5, "{} frames", capture.frames());
    let kinds = capture.fields("dhcp", &["dhcp.option.dhcp"]).unwrap();
    assert_eq!(kinds[..4], ["1", "2", "3", "5"], "{kinds:?}");
    let ntp = capture.fields("dhcp.option.dhcp == 5", &["dhcp.option.ntp_server"]).unwrap();
    assert_eq!(ntp, ["192.0.2.123"]);
    assert_eq!(capture.malformed().unwrap(), Vec::<String>::new());
}

#[test]
fn tshark_reads_options_of_every_format_as_they_were_configured() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let option =
        |name: &str, data: &str| json!({ "name": name, "data": data, "always-send": true });
    let mut config = config();
    config["option-data"] = json!([
        option("time-offset", "-3600"),
        option("domain-name", "lab.example.org"),
        option("ip-forwarding", "true"),
        option("interface-mtu", "1400"),
        option("path-mtu-plateau-table", "68, 296, 1500"),
        option("static-routes", "10.0.0.1, 192.0.2.254"),
        option("vendor-class-identifier", "acme"),
        option("tftp-server-name", "tftp.example.org"),
        option("domain-search", "example.org, lab.example.org"),
        option("slp-directory-agent", "true, 10.0.0.3"),
        option("v6-only-preferred", "1800"),
    ]);
    let server = start(&server_ns, &config).unwrap();
    let file = server.setup().folder().join("options.pcap");
    let capture = Capture::start(&client_ns, "eth0", &file).unwrap();
    let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
    let discover = Packet4::query(MessageType::Discover, [2, 0, 0, 0, 0, 10], 1)
        .with_option(61, &[1, 2, 0, 0, 0, 0, 10])
        .with_option(82, &[1, 4, b'p', b'o', b'r', b't']);
    let offer = client.exchange(&discover, Duration::from_secs(20)).unwrap().unwrap();
    assert_eq!(offer.message_type(), Some(MessageType::Offer));
    let capture = capture.stop().unwrap();
    assert_eq!(capture.malformed().unwrap(), Vec::<String>::new());
    let fields = [
        "dhcp.option.subnet_mask",
        "dhcp.option.interface_mtu",
        "dhcp.option.domain_name",
        "dhcp.option.tftp_server_name",
        "dhcp.option.ip_address_lease_time",
        "dhcp.option.renewal_time_value",
    ];
    let read = capture.fields("dhcp.option.dhcp == 2", &fields).unwrap();
    assert_eq!(read, ["255.255.255.0\t1400\tlab.example.org\ttftp.example.org\t60\t2"]);
}

/// `parameters` of the leasequery library, under which all of this prefix may ask.
fn lease_query(requesters: &str) -> Value {
    let parameters = json!({ "requesters": [requesters] });
    json!([{ "library": "libdhcp_lease_query.so", "parameters": parameters }])
}

#[test]
fn tshark_reads_an_answer_to_a_leasequery() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let mut config = config();
    config["valid-lifetime"] = json!(4000);
    config["store-extended-info"] = json!(true);
    config["hooks-libraries"] = lease_query("192.0.2.2");
    let server = setup.start_with(&server_ns, &config).unwrap();
    let file = server.setup().folder().join("leasequery.pcap");
    let capture = Capture::start(&client_ns, "eth0", &file).unwrap();
    let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
    let relay_info = [1, 4, b'p', b'o', b'r', b't'];
    let query =
        |kind, xid| Packet4::query(kind, [2, 0, 0, 0, 0, 10], xid).with_option(82, &relay_info);
    client.exchange(&query(MessageType::Discover, 1), LIMIT).unwrap().unwrap();
    let request = query(MessageType::Request, 2)
        .with_option(50, &POOL_START.octets())
        .with_option(54, &[192, 0, 2, 1]);
    let ack = client.exchange(&request, LIMIT).unwrap().unwrap();
    assert_eq!((ack.message_type(), ack.yiaddr), (Some(MessageType::Ack), POOL_START));
    let requester = Ipv4Addr::new(192, 0, 2, 2);
    let question = Packet4::query(MessageType::Other(10), [0; 6], 3);
    let question = Packet4 { htype: 0, hlen: 0, ciaddr: POOL_START, giaddr: requester, ..question };
    let mut frame = question.to_all();
    frame.from = SocketAddr::from((requester, 67));
    client.send(&frame).unwrap();
    client.answer(3, LIMIT).unwrap().unwrap();

    let capture = capture.stop().unwrap();
    assert_eq!(capture.malformed().unwrap(), Vec::<String>::new());
    let fields = [
        "dhcp.ip.client",
        "dhcp.hw.mac_addr",
        "dhcp.option.agent_information_option.agent_circuit_id",
    ];
    let read = capture.fields("dhcp.option.dhcp == 13", &fields).unwrap();
    assert_eq!(read, ["192.0.2.10\t02:00:00:00:00:0a\t706f7274"]);
}

#[test]
fn tshark_reads_an_answer_to_a_leasequery_of_dhcpv6() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(6) else { return };
    let config = json!({
        "hooks-libraries": lease_query("fe80::/10"),
        "subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
                      "pools": [{ "pool": "2001:db8:1::10 - 2001:db8:1::1f" }] }],
    });
    let server = setup.start_with(&server_ns, &config).unwrap();
    let file = server.setup().folder().join("leasequery.pcap");
    let capture = Capture::start(&client_ns, "eth0", &file).unwrap();
    let mut client = RawClient6::open(&client_ns, "eth0").unwrap();
    let duid = [0, 3, 0, 1, 2, 0, 0, 0, 0, 10];
    let solicit = v6::Packet6::query(v6::MessageType::SOLICIT, &duid, 1).with_ia(&v6::Ia::na(1));
    let advertise = client.exchange(&solicit, LIMIT).unwrap().unwrap();
    let request = v6::Packet6::query(v6::MessageType::REQUEST, &duid, 2)
        .with_option(2, advertise.option(2).unwrap())
        .with_ia(&advertise.associations().unwrap()[0]);
    client.exchange(&request, LIMIT).unwrap().unwrap();
    // By client identifier (2), on whatever link.
    let mut question = vec![2];
    question.extend([0; 16]);
    question.extend([0, 1, 0, 10]);
    question.extend(duid);
    let kind = v6::MessageType::from_name("14").unwrap();
    let question = v6::Packet6::query(kind, &[0, 3, 0, 1, 9], 3).with_option(44, &question);
    client.exchange(&question, LIMIT).unwrap().unwrap();

    let capture = capture.stop().unwrap();
    assert_eq!(capture.malformed().unwrap(), Vec::<String>::new());
    let read = capture.fields("dhcpv6.msgtype == 15", &["dhcpv6.iaaddr.ip"]).unwrap();
    assert_eq!(read, ["2001:db8:1::10"]);
}

#[test]
fn two_clients_on_one_link_hold_two_addresses() {
    let mut lab = Lab::new().unwrap();
    let server_ns = lab.netns("server").unwrap();
    let (one, two) = (lab.netns("one").unwrap(), lab.netns("two").unwrap());
    let ends = [(&server_ns, "eth0"), (&one, "eth0"), (&two, "eth0")];
    lab.switch("switch", &ends).unwrap();
    server_ns.address("eth0", "192.0.2.1/24").unwrap();
    let mut config = config();
    config["subnet4"][0]["pools"][0]["pool"] = json!("192.0.2.10 - 192.0.2.11");
    let server = start(&server_ns, &config).unwrap();
    let first = Udhcpc::new(&one, "eth0").unwrap().obtain().unwrap().address;
    let mut client = Udhcpc::new(&two, "eth0").unwrap();
    let second = client.obtain().unwrap().address;
    assert_ne!(first, second);
    // The first client is gone without a word; its address stays its own.
    assert_eq!(client.renew().unwrap().address, second);
    assert_eq!(server.leases().unwrap().len(), 2);
}

#[test]
fn perfdhcp_loses_nothing_at_a_modest_rate() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    client_ns.address("eth0", "192.0.2.2/24").unwrap();
    let config = json!({ "subnet4": [{
        "id": 1, "subnet": "192.0.2.0/16", "pools": [{ "pool": "192.0.128.0/18" }],
    }] });
    let server = start(&server_ns, &config).unwrap();
    let arguments = ["-4", "-l", "eth0", "-r", "100", "-n", "200", "-R", "200", "-W", "1000000"];
    let counted = || Ok(server.control().statistic("pkt4-ack-sent")?.unwrap_or(0));
    let (received, sent) = lossless_perfdhcp(&client_ns, &arguments, counted).unwrap();
    // A generator that was held up may send one more than it was told to.
    assert!(received >= 200 && received == sent, "{received} received, {sent} sent");
}
