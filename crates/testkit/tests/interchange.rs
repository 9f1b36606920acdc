//! Lease files go from Debian's Kea to the server under test and back.

use std::fs;
use std::net::Ipv4Addr;
use std::time::Duration;

use kea_testkit::{Lab, MessageType, Netns, Packet4, RawClient4, Server, ServerSetup, Subject};
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(5);
const MAC: [u8; 6] = [2, 0, 0, 0, 0, 0x0a];
const CLIENT_ID: &[u8] = &[1, 2, 3, 4];

fn start(subject: Subject, netns: &Netns, leases: Option<&str>) -> Server {
    let setup = ServerSetup::new(subject, 4).unwrap();
    if let Some(text) = leases {
        fs::write(setup.lease_file(), text).unwrap();
    }
    // A comma is let into host names, since the file has to escape it.
    let config = json!({ "hostname-char-set": "[^A-Za-z0-9.,-]", "subnet4": [{
        "id": 5, "subnet": "192.0.2.0/24", "pools": [{ "pool": "192.0.2.10 - 192.0.2.20" }],
    }] });
    setup.start_with(netns, &config).unwrap()
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
