//! Real DHCPv6 clients and a real relay, from SOLICIT to RELEASE.

use std::fs;
use std::io;
use std::net::Ipv6Addr;
use std::thread;
use std::time::{Duration, Instant};

use kea_testkit::v6::{MessageType, Packet6};
use kea_testkit::{
    Capture, Client6, Dhcrelay, Frame, Lab, LeaseRow, Message as _, Netns, Program6, RawClient6,
    Server, ServerSetup, Subject, Wants, lossless_perfdhcp,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
/// dhcp6c has T1 and T2 at 18 and 30 seconds at least, whatever it is told.
const PATIENCE: Duration = Duration::from_secs(60);

/// Short timers, since clients renew on their own clocks. Released leases are deleted.
fn config() -> Value {
    json!({
        "renew-timer": 1, "rebind-timer": 4, "preferred-lifetime": 30, "valid-lifetime": 60,
        "expired-leases-processing": { "hold-reclaimed-time": 0 },
        "subnet6": [{
            "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
            "pools": [{ "pool": "2001:db8:1::10-2001:db8:1::20" }],
            "pd-pools": [{ "prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56 }],
            "option-data": [{ "name": "dns-servers", "data": "2001:db8::53" }],
        }],
    })
}

fn start(netns: &Netns, config: &Value) -> io::Result<Server> {
    ServerSetup::new(Subject::from_environment(), 6)?.start_with(netns, config)
}

/// The usual pair. The client has an interface `lan` for a prefix, too.
fn network(lab: &mut Lab) -> (Netns, Netns) {
    let (server, client) = lab.pair().unwrap();
    lab.cable((&client, "lan"), (&client, "hosts")).unwrap();
    link_local(&client, "eth0", "fe80::c/64");
    (server, client)
}

/// Gives an interface one link-local address that serves at once; the kernel's own takes a moment.
fn link_local(netns: &Netns, interface: &str, address: &str) {
    netns.ip(&["link", "set", interface, "addrgenmode", "none"]).unwrap();
    netns.ip(&["-6", "addr", "flush", "dev", interface]).unwrap();
    netns.address(interface, address).unwrap();
}

fn of_type(server: &Server, lease_type: &str) -> Vec<LeaseRow> {
    let leases = server.leases().unwrap().into_values();
    leases.filter(|row| row.column("lease_type") == lease_type).collect()
}

/// The row of this address as soon as it is as wanted. It may be written after what is logged of it.
fn row(server: &Server, address: Ipv6Addr, wanted: impl Fn(&LeaseRow) -> bool) -> LeaseRow {
    let deadline = Instant::now() + LIMIT;
    loop {
        let row = server.leases().unwrap().remove(&address.to_string());
        if let Some(row) = row.filter(&wanted) {
            return row;
        }
        assert!(Instant::now() < deadline, "{:?}\n{}", server.leases(), server.process().text());
        thread::sleep(Duration::from_millis(20));
    }
}

fn expiry(row: &LeaseRow) -> i64 {
    row.column("expire").parse().unwrap()
}

/// Obtain, renew, rebind after the server was killed, release.
fn whole_life(program: Program6) {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = network(&mut lab);
    let mut server = start(&server_ns, &config()).unwrap();
    let file = server.setup().folder().join("life.pcap");
    let capture = Capture::start(&client_ns, "eth0", &file).unwrap();
    let mut wire = RawClient6::open(&client_ns, "eth0").unwrap();
    let mut client = Client6::new(program, &client_ns, "eth0").unwrap();

    client.start(Wants::AddressAndPrefix).unwrap();
    let told = client.told().unwrap();
    assert_eq!(Client6::name_servers(&told), "2001:db8::53", "{told:?}");
    let [address] = of_type(&server, "0").try_into().unwrap();
    let [prefix] = of_type(&server, "2").try_into().unwrap();
    let leased: Ipv6Addr = address.column("address").parse().unwrap();
    client.has(leased).unwrap();
    assert_eq!((address.column("state"), address.column("valid_lifetime")), ("0", "60"));
    assert!(prefix.column("address").starts_with("2001:db8:8:"), "{prefix:?}");
    assert_eq!(prefix.column("prefix_len"), "56");
    assert_eq!(address.column("duid"), prefix.column("duid"));

    let mark = server.process().mark();
    let said = server.process().wait_for_line(mark, "RENEW (type 5)", PATIENCE);
    assert!(said.is_some(), "{}", client.text());
    let renewed = server.logged(mark, "DHCP6_LEASE_RENEW", LIMIT).unwrap();
    assert!(renewed.contains(&leased.to_string()), "{renewed}");
    let renewed = row(&server, leased, |row| expiry(row) > expiry(&address));

    rebinds_after_restart(&mut server, &client, &mut wire, &renewed);
    gives_back(&mut client, &server, &mut wire);

    let capture = capture.stop().unwrap();
    assert_eq!(capture.malformed().unwrap(), Vec::<String>::new());
    let kinds = capture.fields("dhcpv6", &["dhcpv6.msgtype"]).unwrap();
    assert_eq!(kinds[..4], ["1", "2", "3", "7"], "{kinds:?}");
    for kind in ["5", "6", "8"] {
        assert!(kinds.iter().any(|found| found == kind), "no {kind} in {kinds:?}");
    }
}

fn gives_back(client: &mut Client6, server: &Server, wire: &mut RawClient6) {
    client.release().unwrap();
    assert!(server.logged(0, "DHCP6_RELEASE_NA", LIMIT).is_some(), "{}", client.text());
    assert!(server.logged(0, "DHCP6_RELEASE_PD", LIMIT).is_some(), "{}", client.text());
    // The answer to any query after these has the rows of these behind it.
    wire.exchange(&Packet6::query(MessageType::SOLICIT, &[0, 3, 0, 1, 9], 9), LIMIT).unwrap();
    assert_eq!(server.leases().unwrap().len(), 0);
}

/// The server is gone until its client asks every server, and extends the lease when it is back.
fn rebinds_after_restart(
    server: &mut Server,
    client: &Client6,
    wire: &mut RawClient6,
    renewed: &LeaseRow,
) {
    server.kill().unwrap();
    let rebinds = |frame: &Frame| frame.payload.first() == Some(&MessageType::REBIND.0);
    let asked = wire.receive(Instant::now() + PATIENCE, rebinds).unwrap();
    assert!(asked.is_some(), "{}", client.text());
    // From then on the client has time: dhcpcd hangs when it is to give back what it just renews.
    let mut config = config();
    config["rebind-timer"] = json!(2000);
    config["renew-timer"] = json!(1000);
    let setup = server.setup();
    setup.write_config(&setup.config(&config).to_string()).unwrap();
    server.start_again().unwrap();
    let rebound = server.process().wait_for_line(0, "REBIND (type 6)", PATIENCE);
    assert!(rebound.is_some(), "{}", server.process().text());
    let leased = renewed.column("address");
    let extended = server.logged(0, "DHCP6_LEASE_RENEW", LIMIT).unwrap();
    assert!(extended.contains(leased), "{extended}");
    row(server, leased.parse().unwrap(), |row| expiry(row) > expiry(renewed));
    client.rebound().unwrap();
}

#[test]
fn dhclient_obtains_renews_rebinds_and_releases() {
    whole_life(Program6::Dhclient);
}

#[test]
fn dhcpcd_obtains_renews_rebinds_and_releases() {
    whole_life(Program6::Dhcpcd);
}

#[test]
fn dibbler_obtains_renews_rebinds_and_releases() {
    whole_life(Program6::Dibbler);
}

#[test]
fn dhcp6c_obtains_renews_rebinds_and_releases() {
    whole_life(Program6::Dhcp6c);
}

/// A client that ended without a word asks whether its address is still good, and goes on with the lease it has.
fn confirms(program: Program6) {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = network(&mut lab);
    let server = start(&server_ns, &config()).unwrap();
    let mut client = Client6::new(program, &client_ns, "eth0").unwrap();
    client.start(Wants::Address).unwrap();
    client.told().unwrap();
    let [before] = of_type(&server, "0").try_into().unwrap();
    // With the second renewal it has the answer to the first behind it, and has written down what it has.
    for _ in 0..2 {
        let mark = server.process().mark();
        assert!(server.logged(mark, "DHCP6_LEASE_RENEW", LIMIT).is_some(), "{}", client.text());
    }
    client.kill();
    let mut wire = RawClient6::open(&client_ns, "eth0").unwrap();
    client.start(Wants::Address).unwrap();
    let confirms = |frame: &Frame| frame.payload.first() == Some(&4);
    let confirm = wire.receive(Instant::now() + LIMIT, confirms).unwrap();
    let confirm = confirm.unwrap_or_else(|| panic!("{}", client.text()));
    let confirm = Packet6::decode(&confirm.payload).unwrap();
    let (_, reply) = wire.answer(confirm.xid(), LIMIT).unwrap().unwrap();
    assert_eq!(reply.option(13).unwrap()[..2], [0, 0]);
    assert_eq!(server.control().statistic("pkt6-confirm-received").unwrap(), Some(1));
    client.has(before.column("address").parse().unwrap()).unwrap();
    let [after] = of_type(&server, "0").try_into().unwrap();
    let kept = |row: &LeaseRow| ["address", "duid", "iaid"].map(|name| row.column(name).to_owned());
    assert_eq!(kept(&after), kept(&before));
}

#[test]
fn dhclient_confirms_its_address_when_it_starts_again() {
    confirms(Program6::Dhclient);
}

#[test]
fn dhcpcd_confirms_its_address_when_it_starts_again() {
    confirms(Program6::Dhcpcd);
}

#[test]
fn dibbler_confirms_its_address_when_it_starts_again() {
    confirms(Program6::Dibbler);
}

/// The first address of the pool is in use by another host: its client says so.
fn declines(program: Program6) {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = network(&mut lab);
    let mut config = config();
    if program == Program6::Dibbler {
        // Of an address that ends some day, the kernel removes what it finds in use, and says no more of it.
        for lifetime in ["preferred-lifetime", "valid-lifetime"] {
            config[lifetime] = json!(u32::MAX);
        }
        config["rebind-timer"] = json!(2000);
        config["renew-timer"] = json!(1000);
    }
    let server = start(&server_ns, &config).unwrap();
    let mut client = Client6::new(program, &client_ns, "eth0").unwrap();
    let taken: Ipv6Addr = "2001:db8:1::10".parse().unwrap();
    if program == Program6::Dibbler {
        server_ns.address("eth0", &format!("{taken}/128")).unwrap();
        // The kernel asks on the link before an address serves, unlike elsewhere in these tests.
        let asks = "/proc/sys/net/ipv6/conf/eth0/accept_dad";
        client_ns.enter(|| fs::write(asks, "1")).unwrap();
    } else {
        client.refuse_addresses().unwrap();
    }
    client.start(Wants::Address).unwrap();
    let said = server.logged(0, "DHCP6_DECLINE_LEASE", LIMIT);
    assert!(said.is_some_and(|said| said.contains(&taken.to_string())), "{}", client.text());
    row(&server, taken, |row| (row.column("state"), row.column("duid")) == ("1", "00"));
    for name in ["pkt6-decline-received", "subnet[1].declined-addresses"] {
        let count = server.control().statistic(name).unwrap();
        assert!(count >= Some(1), "{name} {count:?}");
    }
}

#[test]
fn dhclient_declines_what_another_host_has() {
    declines(Program6::Dhclient);
}

#[test]
fn dibbler_declines_what_another_host_has() {
    declines(Program6::Dibbler);
}

#[test]
fn clients_without_addresses_get_options() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = network(&mut lab);
    let server = start(&server_ns, &config()).unwrap();
    for (served, program) in
        [Program6::Dhclient, Program6::Dhcp6c, Program6::Dibbler, Program6::Dhcpcd]
            .into_iter()
            .enumerate()
    {
        let mut client = Client6::new(program, &client_ns, "eth0").unwrap();
        client.start(Wants::Options).unwrap();
        let told = client.told().unwrap();
        assert_eq!(Client6::name_servers(&told), "2001:db8::53", "{program:?} {told:?}");
        let requests = server.control().statistic("pkt6-infrequest-received").unwrap();
        assert!(requests > Some(served as i64), "{program:?} {requests:?}");
    }
    assert_eq!(server.leases().unwrap().len(), 0);
}

#[test]
fn a_client_behind_two_relays_gets_an_address_of_its_link() {
    let mut lab = Lab::new().unwrap();
    let server_ns = lab.netns("server").unwrap();
    let (far, near) = (lab.netns("far").unwrap(), lab.netns("near").unwrap());
    let client_ns = lab.netns("client").unwrap();
    lab.cable((&server_ns, "eth0"), (&far, "uplink")).unwrap();
    lab.cable((&far, "downlink"), (&near, "uplink")).unwrap();
    lab.cable((&near, "downlink"), (&client_ns, "eth0")).unwrap();
    for (netns, interface, own, global) in [
        (&server_ns, "eth0", "fe80::1/64", Some("2001:db8:1::1/64")),
        (&far, "uplink", "fe80::2/64", Some("2001:db8:1::2/64")),
        (&far, "downlink", "fe80::3/64", Some("2001:db8:2::1/64")),
        (&near, "uplink", "fe80::4/64", Some("2001:db8:2::2/64")),
        (&near, "downlink", "fe80::5/64", Some("2001:db8:3::1/64")),
        (&client_ns, "eth0", "fe80::c/64", None),
    ] {
        link_local(netns, interface, own);
        if let Some(global) = global {
            netns.address(interface, global).unwrap();
        }
    }
    let subnet = |n: u32| {
        json!({
            "id": n, "subnet": format!("2001:db8:{n}::/64"),
            "pools": [{ "pool": format!("2001:db8:{n}::50-2001:db8:{n}::60") }],
        })
    };
    let server = start(&server_ns, &json!({ "subnet6": [subnet(2), subnet(3)] })).unwrap();
    // Kea 2.2 does not listen to the address of all servers of a site.
    let debian = server.setup().subject() == Subject::Debian;
    let up = if debian { "fe80::1%uplink" } else { "uplink" };
    let _far = Dhcrelay::start_v6(&far, &["-I"], ("downlink", up)).unwrap();
    let next = "2001:db8:2::1%uplink";
    let _near = Dhcrelay::start_v6(&near, &["-I"], ("downlink", next)).unwrap();
    let file = server.setup().folder().join("relay.pcap");
    let capture = Capture::start(&server_ns, "eth0", &file).unwrap();
    let mut client = Client6::new(Program6::Dhcpcd, &client_ns, "eth0").unwrap();
    client.start(Wants::Address).unwrap();
    client.told().unwrap();
    client.has("2001:db8:3::50".parse().unwrap()).unwrap();
    assert_eq!(server.leases().unwrap()["2001:db8:3::50"].column("subnet_id"), "3");
    let capture = capture.stop().unwrap();
    assert_eq!(capture.malformed().unwrap(), Vec::<String>::new());
    // Envelope in envelope, there and back.
    let kinds = capture.fields("dhcpv6", &["dhcpv6.msgtype"]).unwrap();
    assert_eq!(kinds[..4], ["12,12,1", "13,13,2", "12,12,3", "13,13,7"], "{kinds:?}");
}

#[test]
fn perfdhcp_loses_nothing_at_a_modest_rate() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = network(&mut lab);
    let mut config = config();
    config["subnet6"][0]["pools"][0]["pool"] = json!("2001:db8:1::/80");
    let server = start(&server_ns, &config).unwrap();
    let arguments = ["-6", "-l", "eth0", "-r", "100", "-n", "200", "-R", "200", "-W", "1000000"];
    let counted = || Ok(server.control().statistic("pkt6-reply-sent")?.unwrap_or(0));
    let (received, sent) = lossless_perfdhcp(&client_ns, &arguments, counted).unwrap();
    // A generator that was held up may send one more than it was told to.
    assert!(received >= 200 && received == sent, "{received} received, {sent} sent");
}
