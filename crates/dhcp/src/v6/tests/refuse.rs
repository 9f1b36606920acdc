//! What is dropped, and how it is counted; addresses that clients register.

use kea_lease::LeaseState;
use kea_log::{Argument, Log, Message};

use super::*;

/// What a bare message of a kind with these options leads to, as text.
fn bare(lab: &mut Lab, kind: u8, options: impl FnOnce(&mut Builder<'_>)) -> String {
    let mut datagram = Vec::new();
    let mut query = Builder::new(&mut datagram, MessageType::from(kind), 1);
    options(&mut query);
    query.finish().unwrap();
    match lab.decide(&datagram) {
        Ok(answer) => shown(&View::parse(&answer).unwrap()),
        Err(reason) => format!("{reason:?}"),
    }
}

#[test]
fn identifiers_are_as_the_message_wants_them() {
    let mut lab = Lab::new(SUBNET);
    let refused = |what: &str| format!("UnacceptableOptions({what:?})");
    for (kind, clients, servers, expected) in [
        (1, 0, 0, refused("the client identifier is missing")),
        (1, 2, 0, refused("there are several client identifiers")),
        (1, 1, 1, refused("a server identifier is not for this message")),
        (3, 1, 0, refused("the server identifier is missing")),
        (3, 1, 2, refused("there are several server identifiers")),
        (4, 1, 1, refused("a server identifier is not for this message")),
        (5, 1, 0, refused("the server identifier is missing")),
        (6, 1, 1, refused("a server identifier is not for this message")),
        (8, 0, 1, refused("the client identifier is missing")),
        (9, 1, 0, refused("the server identifier is missing")),
        (11, 2, 0, refused("there are several client identifiers")),
        (11, 0, 1, "REPLY".to_owned()),
        (1, 1, 0, "ADVERTISE".to_owned()),
        (3, 1, 1, "REPLY".to_owned()),
    ] {
        let outcome = bare(&mut lab, kind, |q| {
            (0..clients).for_each(|_| {
                q.option(code::CLIENT_ID, CLIENT);
            });
            (0..servers).for_each(|_| {
                q.option(code::SERVER_ID, SERVER);
            });
        });
        assert_eq!(outcome, expected, "{kind} {clients} {servers}");
    }
    assert!(lab.log.ids().contains(&"DHCP6_REQUIRED_OPTIONS_CHECK_FAIL"));
    assert_eq!(lab.statistic("pkt6-receive-drop").unwrap(), "Integer(11)");
    assert_eq!(lab.statistic("pkt6-received").unwrap(), "Integer(14)");
}

#[test]
fn identifiers_have_bounds() {
    let mut lab = Lab::new(SUBNET);
    for (len, fits) in [(2, false), (3, true), (130, true), (131, false)] {
        let outcome = bare(&mut lab, 1, |q| {
            q.option(code::CLIENT_ID, &vec![7; len]);
        });
        assert_eq!(outcome == "ADVERTISE", fits, "{len}: {outcome}");
    }
}

#[test]
fn queries_for_other_servers_are_theirs() {
    let mut lab = Lab::new(SUBNET);
    let outcome = bare(&mut lab, 3, |q| {
        q.option(code::CLIENT_ID, CLIENT).option(code::SERVER_ID, b"other");
        na(q, 1, &[]);
    });
    assert_eq!(outcome, "OtherServer");
    assert!(lab.log.ids().contains(&"DHCP6_PACKET_DROP_SERVERID_MISMATCH"));
    assert_eq!(lab.statistic("pkt6-receive-drop").unwrap(), "Integer(1)");
}

#[test]
fn messages_for_every_server_come_by_multicast() {
    let mut lab = Lab::new(SUBNET);
    lab.destination = at("2001:db8:1::ff");
    for (kind, refused) in [
        (MessageType::Solicit, true),
        (MessageType::Confirm, true),
        (MessageType::Rebind, true),
        (MessageType::InformationRequest, true),
        (MessageType::Request, false),
        (MessageType::Renew, false),
        (MessageType::Release, false),
        (MessageType::Decline, false),
    ] {
        assert_eq!(lab.ask(kind, |_| ()) == "Unicast", refused, "{kind}");
    }
    assert!(lab.log.ids().contains(&"DHCP6_PACKET_DROP_UNICAST"));
}

#[test]
fn an_information_request_with_an_association_is_no_such_thing() {
    let mut lab = Lab::new(SUBNET);
    let outcome = lab.ask(MessageType::InformationRequest, |q| na(q, 1, &[]));
    assert!(outcome.starts_with("UnacceptableOptions"), "{outcome}");
}

#[test]
fn each_type_of_message_is_counted() {
    let mut lab = Lab::new(SUBNET);
    for kind in [2, 7, 10, 20, 21, 77, 4] {
        bare(&mut lab, kind, |q| {
            q.option(code::CLIENT_ID, CLIENT);
        });
    }
    for (name, expected) in [
        ("pkt6-advertise-received", 1),
        ("pkt6-reply-received", 1),
        ("pkt6-dhcpv4-query-received", 1),
        ("pkt6-dhcpv4-response-received", 1),
        ("pkt6-confirm-received", 1),
        // A RECONFIGURE, and type 77.
        ("pkt6-unknown-received", 2),
        ("pkt6-received", 7),
        ("pkt6-receive-drop", 6),
    ] {
        assert_eq!(lab.statistic(name).unwrap(), format!("Integer({expected})"), "{name}");
    }
    assert!(lab.log.ids().contains(&"DHCP6_UNKNOWN_MSG_RECEIVED"));
}

#[test]
fn what_cannot_be_read_is_counted_twice() {
    let mut lab = Lab::new(SUBNET);
    assert!(matches!(lab.decide(&[1, 2]), Err(Drop::Unreadable(_))));
    assert_eq!(lab.statistic("pkt6-parse-failed").unwrap(), "Integer(1)");
    assert_eq!(lab.statistic("pkt6-receive-drop").unwrap(), "Integer(1)");
    assert!(lab.log.ids().contains(&"DHCP6_PACKET_DROP_PARSE_FAIL"));
}

#[test]
fn what_stands_before_a_broken_option_is_served() {
    let mut lab = Lab::new(SUBNET);
    let mut datagram = Vec::new();
    let mut query = Builder::new(&mut datagram, MessageType::Solicit, 1);
    query.option(code::CLIENT_ID, CLIENT);
    na(&mut query, 1, &[]);
    query.option(code::USER_CLASS, &[0, 9, 1]);
    query.finish().unwrap();
    datagram.truncate(datagram.len() - 1);
    let answer = lab.show(&datagram);
    assert_eq!(answer, "ADVERTISE na 1 1800/2880 [ 2001:db8:1::100 3600/7200 ]");
    assert!(lab.log.ids().contains(&"DHCP6_PACKET_OPTIONS_SKIPPED"));
}

#[test]
fn temporary_addresses_are_passed_over() {
    let mut lab = Lab::new(SUBNET);
    let answer = lab.ask(MessageType::Request, |q| {
        q.ia_ta(Iaid(5), |_| ());
        na(q, 1, &[]);
    });
    assert_eq!(answer, "REPLY na 1 1800/2880 [ 2001:db8:1::100 3600/7200 ]");
}

#[test]
fn class_drop_is_checked_before_and_after_the_reservation() {
    let mut lab = Lab::new(&format!(
        r#""client-classes": [{{ "name": "DROP", "test": "option[15].exists" }}], {SUBNET}"#
    ));
    let outcome = lab.ask(MessageType::Solicit, |q| {
        q.option(code::USER_CLASS, &[0, 0]);
    });
    assert_eq!(outcome, "ClassDrop");
    assert!(lab.log.ids().contains(&"DHCP6_PACKET_DROP_DROP_CLASS"));
    let reserved = SUBNET.replace(
        "\"id\": 1,",
        r#""id": 1, "reservations": [{ "duid": "00:03:00:01:02:00:00:00:00:01",
            "client-classes": ["DROP"] }],"#,
    );
    let mut lab = Lab::new(&reserved);
    assert_eq!(lab.ask(MessageType::Solicit, |_| ()), "ClassDrop");
    assert!(lab.log.ids().contains(&"DHCP6_PACKET_DROP_DROP_CLASS2"));
}

#[test]
fn nothing_is_served_before_the_server_has_an_identifier() {
    let mut lab = Lab::new(SUBNET);
    lab.config.specific.duid = None;
    assert_eq!(lab.ask(MessageType::Solicit, |q| na(q, 1, &[])), "NoServerId");
    assert!(lab.log.ids().contains(&"DHCP6_PACKET_PROCESS_FAIL"));
}

fn registering(lab: &mut Lab, address: &str) -> String {
    lab.source = at(address);
    lab.ask(MessageType::AddrRegInform, |q| {
        q.ia_address(at(address), 600, 1200, |_| ());
    })
}

#[test]
fn a_client_registers_an_address_it_chose() {
    let mut lab = Lab::new(SUBNET);
    lab.destination = at("2001:db8:1::ff");
    let answer = registering(&mut lab, "2001:db8:1::abcd");
    assert_eq!(answer, "ADDR-REG-REPLY 5=20010db800010000000000000000abcd00000258000004b0");
    let lease = lab.lease("2001:db8:1::abcd").unwrap();
    assert_eq!((lease.state, lease.valid_lifetime), (LeaseState::Registered, 1200));
    assert_eq!(lease.owner.duid.octets(), CLIENT);
    assert_eq!(lab.answer.as_ref().unwrap().transmit.destination, at("2001:db8:1::abcd"));
    assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(0)");
}

#[test]
fn a_registered_address_is_leased_to_nobody() {
    let mut lab = Lab::new(SUBNET);
    registering(&mut lab, "2001:db8:1::100");
    lab.source = at("fe80::1");
    let answer = lab.ask_as(OTHER, MessageType::Request, |q| na(q, 1, &["2001:db8:1::100"]));
    assert_eq!(answer, "REPLY na 1 1800/2880 [ 2001:db8:1::101 3600/7200 ]");
}

#[test]
fn only_an_address_of_the_link_and_of_the_sender_is_registered() {
    let mut lab = Lab::new(SUBNET);
    let refused = |address: &str| format!("NotRegistrable {{ address: {address} }}");
    assert_eq!(registering(&mut lab, "2001:db8:9::1"), refused("2001:db8:9::1"));
    lab.source = at("2001:db8:1::2");
    let foreign = lab.ask(MessageType::AddrRegInform, |q| {
        q.ia_address(at("2001:db8:1::1"), 600, 1200, |_| ());
    });
    assert_eq!(foreign, refused("2001:db8:1::1"));
    lab.source = at("fe80::1");
    lab.ask_as(OTHER, MessageType::Request, |q| na(q, 1, &["2001:db8:1::105"]));
    assert_eq!(registering(&mut lab, "2001:db8:1::105"), refused("2001:db8:1::105"));
    assert_eq!(lab.lease("2001:db8:1::105").unwrap().owner.duid.octets(), OTHER);
    let mut closed = Lab::new(&format!("\"allow-address-registration\": false, {SUBNET}"));
    assert_eq!(registering(&mut closed, "2001:db8:1::abcd"), "UnservedType(36)");
}

/// A log with a defect that one client hits upon.
struct Defective<'a>(&'a Captured);

impl Log for Defective<'_> {
    fn enabled(&self, message: &'static Message) -> bool {
        self.0.enabled(message)
    }

    fn emit(&self, message: &'static Message, arguments: &[Argument<'_>]) {
        let is_hit = std::ptr::eq(message, &kea_log::message::DHCP6_PACKET_RECEIVED)
            && arguments[0].to_string().contains("02:00:00:00:00:02");
        assert!(!is_hit, "no such client");
        self.0.emit(message, arguments);
    }
}

#[test]
fn a_defect_costs_the_query_that_hits_upon_it() {
    let lab = Lab::new(SUBNET);
    let mut worker = Worker::new(7, None);
    for (client, expected) in [(CLIENT, None), (OTHER, Some(Drop::BrokenOff)), (CLIENT, None)] {
        let mut datagram = Vec::new();
        let mut query = Builder::new(&mut datagram, MessageType::Solicit, 1);
        identify(&mut query, MessageType::Solicit, client);
        na(&mut query, 1, &[]);
        query.finish().unwrap();
        let outcome = lab.at(|corridor, arrival| {
            let corridor = Corridor { log: &Defective(&lab.log), ..*corridor };
            worker.decide_or_drop(&corridor, arrival, &datagram, &mut Vec::new()).err()
        });
        assert_eq!(outcome, expected);
    }
    assert_eq!(lab.statistic("pkt6-processing-failed").unwrap(), "Integer(1)");
    assert_eq!(lab.statistic("pkt6-receive-drop").unwrap(), "Integer(1)");
    let told = lab.log.of(&kea_log::message::DHCP6_PACKET_PROCESS_STD_EXCEPTION);
    assert_eq!(told.len(), 1);
    assert_eq!(told[0].arguments, ["no such client"]);
}
