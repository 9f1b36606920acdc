//! Lease files go from Debian's Kea to the server under test and back.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use kea_testkit::v6::{self, Ia, IaLease, Packet6};
use kea_testkit::{
    Lab, MessageType, Netns, Packet4, RawClient4, RawClient6, Server, ServerSetup, Subject,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const MAC: [u8; 6] = [2, 0, 0, 0, 0, 0x0a];
const CLIENT_ID: &[u8] = &[1, 2, 3, 4];

fn start(subject: Subject, netns: &Netns, leases: Option<&str>) -> Server {
    // A comma is let into host names, since the file has to escape it.
    let config = json!({ "hostname-char-set": "[^A-Za-z0-9.,-]", "subnet4": [{
        "id": 5, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10 - 192.0.2.20" }],
    }] });
    start_with(subject, 4, netns, leases, &config)
}

fn start_with(
    subject: Subject,
    version: u8,
    netns: &Netns,
    leases: Option<&str>,
    config: &Value,
) -> Server {
    let setup = ServerSetup::new(subject, version).unwrap();
    if let Some(text) = leases {
        fs::write(setup.lease_file(), text).unwrap();
    }
    setup.start_with(netns, config).unwrap()
}

fn request(xid: u32, address: Ipv4Addr) -> Packet4 {
    Packet4::query(MessageType::Request, MAC, xid)
        .with_option(61, CLIENT_ID)
        .with_option(50, &address.octets())
        .with_option(12, b"some,host")
}

/// A lease made by one server is the client's at the other, and another client is kept off.
fn moves(from: Subject, to: Subject) {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let mut client = RawClient4::open(&client_ns, "eth0").unwrap();
    let address = Ipv4Addr::new(192, 0, 2, 15);

    let mut first = start(from, &server_ns, None);
    let fresh = request(1, address).with_option(54, &[192, 0, 2, 1]);
    let ack = client.exchange(&fresh, LIMIT).unwrap().unwrap();
    assert_eq!((ack.message_type(), ack.yiaddr), (Some(MessageType::Ack), address));
    let declined = Packet4::query(MessageType::Request, [2, 0, 0, 0, 0, 0x0c], 2)
        .with_option(50, &[192, 0, 2, 16])
        .with_option(54, &[192, 0, 2, 1]);
    client.exchange(&declined, LIMIT).unwrap().unwrap();
    let mut decline = Packet4 { xid: 3, ..declined };
    decline.options[0].1 = vec![MessageType::Decline.code()];
    let mark = first.process().mark();
    client.broadcast(&decline).unwrap();
    first.logged(mark, "DHCP4_DECLINE_LEASE", LIMIT).unwrap();
    assert!(first.stop().unwrap().success());
    let file = fs::read_to_string(first.setup().lease_file()).unwrap();
    drop(first);

    let second = start(to, &server_ns, Some(&file));
    let same = client.exchange(&request(4, address), LIMIT).unwrap().unwrap();
    assert_eq!((same.message_type(), same.yiaddr), (Some(MessageType::Ack), address));
    for (xid, taken) in [(5, address), (6, Ipv4Addr::new(192, 0, 2, 16))] {
        let other = Packet4::query(MessageType::Request, [2, 0, 0, 0, 0, 0x0b], xid)
            .with_option(50, &taken.octets())
            .with_option(54, &[192, 0, 2, 1]);
        let refusal = client.exchange(&other, LIMIT).unwrap().unwrap();
        assert_eq!(refusal.message_type(), Some(MessageType::Nak), "{taken}");
    }
    let leases = second.leases().unwrap();
    let row = &leases["192.0.2.15"];
    assert_eq!(row.column("client_id"), "01:02:03:04");
    assert_eq!(row.column("hostname"), "some&#x2chost");
    assert_eq!(row.column("subnet_id"), "5");
    assert_eq!(leases["192.0.2.16"].column("state"), "1");
    // Columns and their order are the same in both files.
    let rewritten = fs::read_to_string(second.setup().lease_file()).unwrap();
    assert_eq!(rewritten.lines().next(), file.lines().next());
}

#[test]
fn leases_of_kea_are_taken_over() {
    moves(Subject::Debian, Subject::from_environment());
}

#[test]
fn kea_takes_over_our_leases() {
    moves(Subject::from_environment(), Subject::Debian);
}

const DUID: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 0x0a];
const OTHER_DUID: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 0x0b];

/// A query for these addresses and prefixes, association 1 of each.
fn query6(kind: v6::MessageType, duid: &[u8], xid: u32, leases: &[IaLease]) -> Packet6 {
    let of_kind = |prefixes: bool| leases.iter().filter(move |lease| (lease.len < 128) == prefixes);
    let ia_na = of_kind(false).fold(Ia::na(1), Ia::with_lease);
    let ia_pd = of_kind(true).fold(Ia::pd(1), Ia::with_lease);
    let query = Packet6::query(kind, duid, xid).with_ia(&ia_na);
    if of_kind(true).next().is_some() { query.with_ia(&ia_pd) } else { query }
}

fn given(packet: &Packet6) -> Vec<String> {
    let leases = packet.associations().unwrap().into_iter().flat_map(|ia| ia.leases().unwrap());
    leases.filter(|lease| lease.valid > 0).map(|lease| lease.to_string()).collect()
}

/// Address, prefix and declined address made by one server are what they were at the other.
fn moves_v6(from: Subject, to: Subject) {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let mut client = RawClient6::open(&client_ns, "eth0").unwrap();
    let address = |text: &str| IaLease::address(text.parse::<Ipv6Addr>().unwrap());
    let mine =
        [address("2001:db8:1::15"), IaLease::prefix("2001:db8:8:300::".parse().unwrap(), 56)];
    let config = json!({ "subnet6": [{
        "id": 5, "subnet": "2001:db8:1::/64", "interface": "eth0", "rapid-commit": true,
        "pools": [{ "pool": "2001:db8:1::10-2001:db8:1::20" }],
        "pd-pools": [{ "prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56 }],
    }] });

    let mut first = start_with(from, 6, &server_ns, None, &config);
    let solicit = v6::MessageType::SOLICIT;
    let reply = client.exchange(&query6(solicit, DUID, 1, &mine).with_option(14, &[]), LIMIT);
    let reply = reply.unwrap().unwrap();
    assert_eq!(given(&reply), ["2001:db8:1::15", "2001:db8:8:300::/56"]);
    let bad = [address("2001:db8:1::16")];
    let reply = client.exchange(&query6(solicit, OTHER_DUID, 2, &bad).with_option(14, &[]), LIMIT);
    let reply = reply.unwrap().unwrap();
    assert_eq!(given(&reply), ["2001:db8:1::16"]);
    let decline = query6(v6::MessageType::DECLINE, OTHER_DUID, 3, &bad)
        .with_option(v6::SERVER_ID, reply.option(v6::SERVER_ID).unwrap());
    client.exchange(&decline, LIMIT).unwrap().unwrap();
    assert!(first.stop().unwrap().success());
    let file = fs::read_to_string(first.setup().lease_file()).unwrap();
    drop(first);

    let second = start_with(to, 6, &server_ns, Some(&file), &config);
    let same = client.exchange(&query6(v6::MessageType::REBIND, DUID, 4, &mine), LIMIT);
    assert_eq!(given(&same.unwrap().unwrap()), ["2001:db8:1::15", "2001:db8:8:300::/56"]);
    for (xid, taken) in [(5, &mine[0]), (6, &mine[1]), (7, &bad[0])] {
        let other = query6(solicit, OTHER_DUID, xid, std::slice::from_ref(taken));
        let offer = client.exchange(&other, LIMIT).unwrap().unwrap();
        assert!(!given(&offer).contains(&taken.to_string()), "{taken}");
    }
    let leases = second.leases().unwrap();
    let row = &leases["2001:db8:1::15"];
    assert_eq!(row.column("duid"), "00:03:00:01:02:00:00:00:00:0a");
    assert_eq!(row.column("hwaddr"), "02:00:00:00:00:0a");
    assert_eq!((row.column("iaid"), row.column("subnet_id")), ("1", "5"));
    let row = &leases["2001:db8:8:300::"];
    assert_eq!((row.column("lease_type"), row.column("prefix_len")), ("2", "56"));
    assert_eq!(leases["2001:db8:1::16"].column("state"), "1");
    // Columns and their order are the same in both files.
    let rewritten = fs::read_to_string(second.setup().lease_file()).unwrap();
    assert_eq!(rewritten.lines().next(), file.lines().next());
}

#[test]
fn leases_of_kea_dhcp6_are_taken_over() {
    moves_v6(Subject::Debian, Subject::from_environment());
}

#[test]
fn kea_dhcp6_takes_over_our_leases() {
    moves_v6(Subject::from_environment(), Subject::Debian);
}

/// A lease file after a clean-up by a server's `kea-lfc`: its header, and its rows in order. Host names
/// of DHCPv6 are in lower case in our files, and in those of Kea as the client wrote them.
fn cleaned_up(program: &Path, version: u8, file: &Path) -> (String, Vec<String>) {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::copy(file, at("copy")).unwrap();
    let mut lfc = Command::new(program);
    lfc.arg(format!("-{version}")).args(["-c", "none"]);
    for (switch, name) in
        [("-p", "pid"), ("-x", "previous"), ("-i", "copy"), ("-o", "output"), ("-f", "finish")]
    {
        lfc.arg(switch).arg(at(name));
    }
    lfc.env("KEA_LOCKFILE_DIR", folder.path()).env("KEA_LOGGER_DESTINATION", at("log"));
    let done = lfc.status().unwrap();
    assert!(done.success(), "{}: {done}", program.display());
    let text = fs::read_to_string(at("previous")).unwrap();
    let mut lines = text.lines().map(str::to_owned);
    let header = lines.next().unwrap();
    let mut rows: Vec<String> =
        lines.map(|row| row.replace("Host-A.Example.Org", "host-a.example.org")).collect();
    rows.sort_unstable();
    (header, rows)
}

/// Files of every set of columns that there ever was become the same in the hands of both.
#[test]
fn files_of_every_release_are_converted_as_kea_does() {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../lease/tests/fixtures");
    let ours = Subject::Ours.program("kea-lfc");
    let debian = Subject::Debian.program("kea-lfc");
    let files: [(u8, &[&str]); 2] =
        [(4, &["1.0", "2.0", "2.1", "3.0"]), (6, &["1.0", "2.0", "3.0", "3.1", "4.0", "5.0"])];
    for (version, releases) in files {
        for release in releases {
            let file = fixtures.join(format!("leases{version}-{release}.csv"));
            let expected = cleaned_up(&debian, version, &file);
            assert_eq!(expected.1.len(), 3, "{release}");
            assert_eq!(cleaned_up(&ours, version, &file), expected, "DHCPv{version} {release}");
        }
    }
}
