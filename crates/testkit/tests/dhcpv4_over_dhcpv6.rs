//! DHCPv4 over DHCPv6 (RFC 7341): the two servers of a host answer together, each of them also with
//! Debian's Kea for the other one.

use std::fs;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6, UdpSocket};
use std::time::{Duration, Instant};

use kea_testkit::v6::{MessageType as Type6, Packet6, RelayHop, link_local};
use kea_testkit::{
    Frame, Lab, Message as _, MessageType, Netns, Packet4, RawClient6, Server, ServerSetup, Subject,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);
const MAC: [u8; 6] = [2, 0, 0, 0, 0, 0x0a];
const RELAY_MAC: [u8; 6] = [2, 0, 0, 0, 0, 0x07];
const QUERY: Type6 = Type6(20);
const RESPONSE: Type6 = Type6(21);
const DHCPV4_MESSAGE: u16 = 87;
const INTERFACE_ID: u16 = 18;
const PORT: u16 = 6767;
/// An address of the client.
const GLOBAL: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0x99);

/// How a client's message travels.
type Way = fn(&Packet4) -> Frame;

/// One subnet for each way to be selected, and before them one that never is.
fn subnets() -> Value {
    let subnet = |id: u32, key: &str, value: &str| {
        let prefix = format!("10.0.{id}.0/24");
        let pool = format!("10.0.{id}.10 - 10.0.{id}.19");
        json!({ "id": id, "subnet": prefix, "pools": [{ "pool": pool }], key: value })
    };
    json!([
        subnet(1, "interface", "eth0"),
        subnet(2, "4o6-interface-id", "port7"),
        subnet(3, "4o6-subnet", "2001:db8:1::/64"),
        subnet(4, "4o6-interface", "eth0"),
    ])
}

fn config4(port: u16) -> Value {
    let domain = json!([{ "name": "domain-name", "data": "example.org" }]);
    json!({
        "dhcp4o6-port": port, "valid-lifetime": 3600, "option-data": domain,
        "subnet4": subnets(),
    })
}

fn start4(subject: Subject, netns: &Netns, port: u16) -> Server {
    ServerSetup::new(subject, 4).unwrap().start_with(netns, &config4(port)).unwrap()
}

fn start6(subject: Subject, netns: &Netns, port: u16) -> Server {
    let config = json!({ "dhcp4o6-port": port });
    ServerSetup::new(subject, 6).unwrap().start_with(netns, &config).unwrap()
}

/// A DHCPV4-QUERY without flags.
fn query(message: &Packet4) -> Packet6 {
    let options = vec![(DHCPV4_MESSAGE, message.encode())];
    Packet6 { relays: Vec::new(), kind: QUERY, xid: 0, options }
}

/// A datagram to all servers of the link.
fn frame(mac: [u8; 6], from: Ipv6Addr, port: u16, message: &Packet6) -> Frame {
    let to: Ipv6Addr = "ff02::1:2".parse().unwrap();
    Frame {
        to_mac: [0x33, 0x33, 0, 1, 0, 2],
        from_mac: mac,
        from: SocketAddrV6::new(from, port, 0, 0).into(),
        to: SocketAddrV6::new(to, 547, 0, 0).into(),
        payload: message.encode(),
    }
}

fn direct(from: Ipv6Addr, message: &Packet4) -> Frame {
    frame(MAC, from, 546, &query(message))
}

/// The same by way of a relay that tells `interface_id`.
fn relayed(interface_id: &[u8], message: &Packet4) -> Frame {
    let hop = RelayHop {
        kind: 12,
        hops: 0,
        link: "2001:db8:7::1".parse().unwrap(),
        peer: link_local(MAC),
        options: vec![(INTERFACE_ID, interface_id.to_vec())],
    };
    let message = Packet6 { relays: vec![hop], ..query(message) };
    frame(RELAY_MAC, link_local(RELAY_MAC), 547, &message)
}

/// The next DHCPV4-RESPONSE.
fn response(client: &mut RawClient6) -> (Frame, Packet6) {
    let mut found = None;
    let frame = client.receive(Instant::now() + LIMIT, |frame| {
        found = Packet6::answer_in(frame).filter(|message| message.kind == RESPONSE);
        found.is_some()
    });
    (frame.unwrap().expect("a response"), found.unwrap())
}

/// The DHCPv4 message, which is all that is in a response.
fn carried(message: &Packet6) -> Packet4 {
    assert_eq!(message.option_codes(), [DHCPV4_MESSAGE]);
    Packet4::decode(message.option(DHCPV4_MESSAGE).unwrap()).unwrap()
}

fn exchange(client: &mut RawClient6, query: &Frame) -> Packet4 {
    client.send(query).unwrap();
    carried(&response(client).1)
}

fn discover(xid: u32) -> Packet4 {
    Packet4::query(MessageType::Discover, MAC, xid)
}

/// For an address that was offered.
fn request(xid: u32, address: Ipv4Addr) -> Packet4 {
    Packet4::query(MessageType::Request, MAC, xid)
        .with_option(50, &address.octets())
        .with_option(54, &[192, 0, 2, 1])
}

/// Four-way exchanges, direct and relayed, with `of6` between the client and `of4`.
fn serves(of6: Subject, of4: Subject) {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let server4 = start4(of4, &server_ns, PORT);
    let server6 = start6(of6, &server_ns, PORT);
    let mut client = RawClient6::open(&client_ns, "eth0").unwrap();

    let ways: [(Way, u8); 4] = [
        (|message| direct(link_local(MAC), message), 4),
        (|message| direct(GLOBAL, message), 3),
        (|message| relayed(b"port7", message), 2),
        (|message| relayed(b"port8", message), 4),
    ];
    for (way, subnet) in ways {
        let xid = 0x100 + u32::from(subnet);
        let first = Ipv4Addr::new(10, 0, subnet, 10);
        let offer = exchange(&mut client, &way(&discover(xid)));
        assert_eq!((offer.message_type(), offer.yiaddr), (Some(MessageType::Offer), first));
        assert_eq!((offer.op, offer.xid, offer.hardware_address()), (2, xid, &MAC[..]));
        assert_eq!(offer.option_address(54), Some(Ipv4Addr::new(192, 0, 2, 1)));
        let query = way(&request(xid + 1, first));
        client.send(&query).unwrap();
        let (frame, message) = response(&mut client);
        assert_eq!(frame.to, query.from);
        assert_eq!(message.xid, 0);
        let sent = Packet6::decode(&query.payload).unwrap();
        let back = sent.relays.into_iter().map(|hop| RelayHop { kind: 13, ..hop });
        assert_eq!(message.relays, back.collect::<Vec<_>>());
        let ack = carried(&message);
        assert_eq!((ack.message_type(), ack.yiaddr), (Some(MessageType::Ack), first));
        assert_eq!(ack.option(1).unwrap(), [255, 255, 255, 0]);
        assert_eq!(ack.option(15).unwrap(), b"example.org");
        assert_eq!(ack.option(51).unwrap(), 3600u32.to_be_bytes());
    }

    let rows = server4.leases().unwrap();
    for subnet in ["2", "3", "4"] {
        let row = &rows[&format!("10.0.{subnet}.10")];
        assert_eq!(row.column("hwaddr"), "02:00:00:00:00:0a");
        assert_eq!((row.column("subnet_id"), row.column("valid_lifetime")), (subnet, "3600"));
    }
    assert_eq!(rows.len(), 3);
    for told in ["RECEIVING", "PACKET_SEND", "RESPONSE_DATA"] {
        server4.logged(0, &format!("DHCP4_DHCP4O6_{told}"), LIMIT).expect(told);
    }
    let received = server4.logged(0, "DHCP4_DHCP4O6_PACKET_RECEIVED", LIMIT).unwrap();
    assert!(received.contains(&format!("(type 20) for {} on", link_local(MAC))), "{received}");
    if of4 == Subject::Ours {
        // Kea 2.2 keeps these to itself.
        let selected = server4.logged(0, "DHCP4_DHCP4O6_SUBNET_SELECTED", LIMIT).unwrap();
        assert!(selected.contains(" 4 "), "{selected}");
        let data = server4.logged(0, "DHCP4_DHCP4O6_SUBNET_DATA", LIMIT).unwrap();
        assert!(data.contains("10.0.4.0/24"), "{data}");
    }
    server6.logged(0, "DHCP6_DHCP4O6_RECEIVING", LIMIT).unwrap();
    let received = server6.logged(0, "DHCP6_DHCP4O6_PACKET_RECEIVED", LIMIT).unwrap();
    assert!(received.contains("(type 21)"), "{received}");
    for (server, name) in [
        (&server6, "pkt6-dhcpv4-query-received"),
        (&server6, "pkt6-received"),
        (&server6, "pkt6-sent"),
        (&server4, "pkt4-received"),
        (&server4, "pkt4-sent"),
    ] {
        let subject = server.setup().subject();
        if subject == Subject::Ours {
            assert_eq!(server.control().statistic(name).unwrap(), Some(8), "{name}");
        }
    }
    for (name, count) in [
        ("pkt6-dhcpv4-response-sent", 8),
        ("pkt6-dhcpv4-response-received", 0),
        ("pkt6-receive-drop", 0),
    ] {
        if of6 == Subject::Ours {
            assert_eq!(server6.control().statistic(name).unwrap(), Some(count), "{name}");
        }
    }
}

#[test]
fn both_servers_answer_together() {
    let subject = Subject::from_environment();
    serves(subject, subject);
}

#[test]
fn our_dhcpv6_server_passes_queries_to_kea() {
    serves(Subject::from_environment(), Subject::Debian);
}

#[test]
fn our_dhcpv4_server_answers_what_kea_passes_on() {
    serves(Subject::Debian, Subject::from_environment());
}

/// A DISCOVER gets no answer, a REQUEST is told no.
#[test]
fn nobody_is_served_in_subnets_that_are_not_for_it() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let subject = Subject::from_environment();
    let mut config = config4(PORT);
    config["subnet4"].as_array_mut().unwrap().truncate(3);
    let setup = ServerSetup::new(subject, 4).unwrap();
    let server4 = setup.start_with(&server_ns, &config).unwrap();
    let _server6 = start6(subject, &server_ns, PORT);
    let mut client = RawClient6::open(&client_ns, "eth0").unwrap();
    client.send(&direct(link_local(MAC), &discover(1))).unwrap();
    if subject == Subject::Ours {
        // Kea 2.2 tells this as of other queries.
        server4.logged(0, "DHCP4_DHCP4O6_SUBNET_SELECTION_FAILED", LIMIT).unwrap();
    }
    server4.logged(0, "DHCPSRV_SUBNET4O6_SELECT_FAILED", LIMIT).unwrap();
    // The answer that comes is that to the second query.
    let wanted = request(2, Ipv4Addr::new(10, 0, 1, 10));
    let nak = exchange(&mut client, &direct(link_local(MAC), &wanted));
    assert_eq!((nak.message_type(), nak.xid), (Some(MessageType::Nak), 2));
    assert_eq!(server4.leases().unwrap().len(), 0);
}

/// A socket of one end of the channel.
fn channel(netns: &Netns, port: u16) -> UdpSocket {
    let socket = netns.enter(|| UdpSocket::bind((Ipv6Addr::LOCALHOST, port))).unwrap();
    socket.set_read_timeout(Some(LIMIT)).unwrap();
    socket
}

/// The vendor option by which the servers tell each other where the client is.
fn origin(interface: &str, source: Ipv6Addr, port: u16) -> Vec<u8> {
    let options: [(u16, &[u8]); 3] =
        [(60000, interface.as_bytes()), (60001, &source.octets()), (60002, &port.to_be_bytes())];
    let mut data = 2495u32.to_be_bytes().to_vec();
    for (code, value) in options {
        data.extend(code.to_be_bytes());
        data.extend((value.len() as u16).to_be_bytes());
        data.extend(value);
    }
    [&[0, 17, 0, data.len() as u8][..], &data].concat()
}

/// What the DHCPv4 server gets is a query with where it came from, and so it comes back.
#[test]
fn messages_between_the_servers_tell_where_the_client_is() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let at6 = channel(&server_ns, PORT);
    let server4 = setup.start_with(&server_ns, &config4(PORT)).unwrap();
    let to = SocketAddr::from((Ipv6Addr::LOCALHOST, PORT + 1));
    let at_client = origin("eth0", link_local(MAC), 546);
    let message = query(&discover(7)).encode();
    at6.send_to(&[&message[..], &at_client].concat(), to).unwrap();
    let mut buffer = [0; 2048];
    let (len, from) = at6.recv_from(&mut buffer).unwrap();
    assert_eq!(from, to);
    let answer = &buffer[..len];
    assert!(answer.ends_with(&at_client), "{answer:02x?}");
    let answer = Packet6::decode(&answer[..len - at_client.len()]).unwrap();
    assert_eq!((answer.kind, answer.xid, answer.relays.len()), (RESPONSE, 0, 0));
    assert_eq!(carried(&answer).yiaddr, Ipv4Addr::new(10, 0, 4, 10));
    drop((server4, at6));

    let at4 = channel(&server_ns, PORT + 1);
    let _server6 = start6(Subject::Ours, &server_ns, PORT);
    let mut client = RawClient6::open(&client_ns, "eth0").unwrap();
    // The U flag is the client's business; an origin of its own making is not.
    let mut query = query(&discover(8));
    query.xid = 0x80_0000;
    let honest = query.encode();
    let mut forged = frame(MAC, link_local(MAC), 546, &query);
    forged.payload.extend(origin("eth9", Ipv6Addr::LOCALHOST, 1));
    client.send(&forged).unwrap();
    let (len, from) = at4.recv_from(&mut buffer).unwrap();
    assert_eq!(from, SocketAddr::from((Ipv6Addr::LOCALHOST, PORT)));
    assert_eq!(buffer[..len], [&honest[..], &at_client].concat());
    at4.send_to(&[&[21, 0, 0, 0, 0, 87, 0, 2, 8, 9][..], &at_client].concat(), from).unwrap();
    let (frame, message) = response(&mut client);
    assert_eq!(frame.payload, [21, 0, 0, 0, 0, 87, 0, 2, 8, 9]);
    assert_eq!(frame.to, SocketAddrV6::new(link_local(MAC), 546, 0, 0).into());
    assert_eq!(message.kind, RESPONSE);
}

/// What is of no use is dropped under a name, and counted; what comes after it is served.
#[test]
fn bad_messages_between_the_servers_are_counted_and_named() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let at6 = channel(&server_ns, PORT);
    let server4 = setup.start_with(&server_ns, &config4(PORT)).unwrap();
    let to = SocketAddr::from((Ipv6Addr::LOCALHOST, PORT + 1));
    let at_client = origin("eth0", link_local(MAC), 546);
    let message = query(&discover(7)).encode();
    let bad = "DHCPSRV_DHCP4O6_RECEIVED_BAD_PACKET";
    let with = |message: &[u8]| [message, &at_client].concat();
    let empty = [20, 0, 0, 0];
    let cases: [(Vec<u8>, &str, &str); 7] = [
        (vec![20, 0], bad, "no complete header"),
        (with(&[1, 0, 0, 0]), bad, "it is a SOLICIT"),
        (message.clone(), bad, "no vendor option of enterprise 2495"),
        ([&message[..], &[0, 17, 0, 4, 0, 0, 9, 0xbf]].concat(), bad, "names no interface"),
        (with(&empty), "DHCP4_DHCP4O6_BAD_PACKET", "it carries no DHCPv4 message"),
        (
            with(&[&message[..], &message[4..]].concat()),
            "DHCP4_DHCP4O6_BAD_PACKET",
            "it carries 2 DHCPv4 messages",
        ),
        (with(&[20, 0, 0, 0, 0, 87, 0, 1, 1]), "DHCP4_PACKET_DROP_0001", "1"),
    ];
    for (octets, identifier, reason) in &cases {
        let mark = server4.process().mark();
        at6.send_to(octets, to).unwrap();
        let line = server4.logged(mark, identifier, LIMIT).expect(reason);
        assert!(line.contains(reason), "{line}");
    }
    at6.send_to(&with(&message), to).unwrap();
    let (len, _) = at6.recv_from(&mut [0; 2048]).unwrap();
    assert!(len > 300);
    for (name, count) in
        [("pkt4-received", 8), ("pkt4-parse-failed", 7), ("pkt4-receive-drop", 7), ("pkt4-sent", 1)]
    {
        assert_eq!(server4.control().statistic(name).unwrap(), Some(count), "{name}");
    }
    drop((server4, at6));

    let at4 = channel(&server_ns, PORT + 1);
    let server6 = start6(Subject::Ours, &server_ns, PORT);
    let mut client = RawClient6::open(&client_ns, "eth0").unwrap();
    let to = SocketAddr::from((Ipv6Addr::LOCALHOST, PORT));
    let answer = [21, 0, 0, 0, 0, 87, 0, 2, 8, 9];
    let elsewhere = [&answer[..], &origin("eth9", link_local(MAC), 546)].concat();
    for (octets, reason) in [
        (vec![13], "no complete header"),
        (with(&message), "it is a DHCPV4-QUERY"),
        (answer.to_vec(), "no vendor option of enterprise 2495"),
        (with(&[21, 0, 0, 0]), "it carries no DHCPv4 message"),
        (elsewhere, "names an interface that is not served"),
    ] {
        let mark = server6.process().mark();
        at4.send_to(&octets, to).unwrap();
        for identifier in [bad, "DHCP6_DHCP4O6_RECEIVE_FAIL"] {
            let line = server6.logged(mark, identifier, LIMIT).expect(reason);
            assert!(line.contains(reason), "{line}");
        }
    }
    // A client's message is judged before it is passed on.
    let mark = server6.process().mark();
    let empty = Packet6 { options: Vec::new(), ..query(&discover(1)) };
    client.send(&frame(MAC, link_local(MAC), 546, &empty)).unwrap();
    let line = server6.logged(mark, "DHCP6_DHCP4O6_SEND_FAIL", LIMIT).unwrap();
    assert!(line.contains("exactly one DHCPv4 message"), "{line}");
    at4.send_to(&with(&answer), to).unwrap();
    assert_eq!(response(&mut client).0.payload, answer);
    for (name, count) in
        [("pkt6-parse-failed", 5), ("pkt6-receive-drop", 6), ("pkt6-dhcpv4-response-sent", 1)]
    {
        assert_eq!(server6.control().statistic(name).unwrap(), Some(count), "{name}");
    }
}

/// Rewrites the file of a server with another port and has it read again.
fn change_port(server: &Server, config: &Value, port: u16) {
    let mut config = config.clone();
    config["dhcp4o6-port"] = port.into();
    let setup = server.setup();
    setup.write_config(&setup.config(&config).to_string()).unwrap();
    let line = server.reload().unwrap();
    assert!(line.contains("_RECONFIGURATION_SUCCESS"), "{line}");
}

#[test]
fn the_port_is_followed_and_a_missing_server_is_told() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(6) else { return };
    // Losses are told whenever leases are reclaimed.
    let config6 = json!({ "expired-leases-processing": { "reclaim-timer-wait-time": 1 } });
    let server6 = setup.start_with(&server_ns, &config6).unwrap();
    let mut client = RawClient6::open(&client_ns, "eth0").unwrap();
    let query = direct(link_local(MAC), &discover(1));
    client.send(&query).unwrap();
    let line = server6.logged(0, "DHCP6_DHCP4O6_SEND_FAIL", LIMIT).unwrap();
    assert!(line.contains("('dhcp4o6-port')"), "{line}");

    change_port(&server6, &config6, PORT);
    let mark = server6.process().mark();
    client.send(&query).unwrap();
    let line = server6.logged(mark, "DHCP6_DHCP4O6_SEND_FAIL", LIMIT).unwrap();
    assert!(line.contains("the other server does not listen on its port"), "{line}");

    let server4 = start4(Subject::Ours, &server_ns, 0);
    change_port(&server4, &config4(0), PORT);
    assert_eq!(exchange(&mut client, &query).yiaddr, Ipv4Addr::new(10, 0, 4, 10));
    change_port(&server4, &config4(0), PORT + 10);
    change_port(&server6, &config6, PORT + 10);
    assert_eq!(exchange(&mut client, &query).yiaddr, Ipv4Addr::new(10, 0, 4, 10));

    // Nobody shares the port.
    let other = start4(Subject::Ours, &server_ns, PORT + 10);
    let line = other.logged(0, "DHCPSRV_OPEN_SOCKET_FAIL", LIMIT).unwrap();
    assert!(line.contains("channel to port 6777 from port 6778"), "{line}");
    assert!(line.contains("the port is in use by another process"), "{line}");
}

#[test]
fn the_example_works_as_it_stands() {
    let Some((_lab, server_ns, client_ns, setup6)) = Lab::ours(6) else { return };
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    let setup4 = ServerSetup::new(Subject::Ours, 4).unwrap();
    for (setup, version) in [(&setup4, 4), (&setup6, 6)] {
        let file = format!("{examples}/kea{version}/dhcpv4-over-dhcpv6.json");
        let text = fs::read_to_string(file).unwrap();
        setup.write_config(&text).unwrap();
    }
    let _server4 = setup4.start(&server_ns).unwrap();
    let _server6 = setup6.start(&server_ns).unwrap();
    let mut client = RawClient6::open(&client_ns, "eth0").unwrap();
    // The client learns by DHCPv6 which server to ask.
    let ask =
        Packet6::query(Type6(11), &[0, 3, 0, 1, 2, 0, 0, 0, 0, 0x0a], 9).with_option(6, &[0, 88]);
    let reply = client.exchange(&ask, LIMIT).unwrap().unwrap();
    let server: Ipv6Addr = "2001:db8:1::1".parse().unwrap();
    assert_eq!(reply.option(88), Some(&server.octets()[..]));
    let mut query = direct(GLOBAL, &discover(1));
    query.to = SocketAddrV6::new(server, 547, 0, 0).into();
    query.to_mac = [0xff; 6];
    client.send(&query).unwrap();
    let (frame, message) = response(&mut client);
    assert_eq!(frame.from, SocketAddrV6::new(server, 547, 0, 0).into());
    assert_eq!(carried(&message).yiaddr, Ipv4Addr::new(10, 10, 10, 100));
}
