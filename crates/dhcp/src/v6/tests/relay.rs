//! Relays: selection of subnets, answers on the same way back, what relays add.

use super::*;

/// A relay: its link address, and the options that it adds.
struct Hop<'a>(&'a str, &'a [(u16, &'a [u8])]);

/// A SOLICIT with one association that passed these relays, the nearest to the client first.
fn relayed(hops: &[Hop<'_>]) -> Vec<u8> {
    passed(hops, MessageType::Solicit, |query| na(query, 1, &[]))
}

/// A message of a kind that passed these relays.
fn passed(hops: &[Hop<'_>], kind: MessageType, options: impl FnOnce(&mut Builder<'_>)) -> Vec<u8> {
    let mut datagram = Vec::new();
    let mut query = Builder::relayed(&mut datagram);
    for (count, Hop(link, options)) in hops.iter().enumerate().rev() {
        // The tests stay below the limit of 32 relays, or just above.
        let count = count as u8;
        let peer = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, u16::from(count) + 1);
        query.relay(MessageType::RelayForward, count, at(link), peer, |envelope| {
            options.iter().for_each(|(code, data)| {
                envelope.option(*code, data);
            });
        });
    }
    query.message(kind, 0x00ab_cdef);
    query.option(code::CLIENT_ID, CLIENT);
    options(&mut query);
    query.finish().unwrap();
    datagram
}

const SUBNETS: &str = r#""subnet6": [
    { "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
      "pools": [{ "pool": "2001:db8:1::/80" }] },
    { "id": 2, "subnet": "2001:db8:2::/64", "interface-id": "if2",
      "pools": [{ "pool": "2001:db8:2::/80" }] },
    { "id": 3, "subnet": "2001:db8:3::/64", "relay": { "ip-addresses": ["2001:db8:99::1"] },
      "pools": [{ "pool": "2001:db8:3::/80" }] }]"#;

const IF2: &[(u16, &[u8])] = &[(18, b"if2")];
const IF_UNKNOWN: &[(u16, &[u8])] = &[(18, b"zz")];
const PLAIN: &[(u16, &[u8])] = &[];

#[test]
fn the_relay_nearest_to_the_client_tells_the_link() {
    for (hops, subnet) in [
        (&[Hop("2001:db8:3::9", PLAIN)][..], Some(3)),
        (&[Hop("2001:db8:3::9", IF2)], Some(2)),
        (&[Hop("2001:db8:99::1", PLAIN)], Some(3)),
        (&[Hop("2001:db8:55::1", PLAIN)], None),
        (&[Hop("::", PLAIN), Hop("2001:db8:3::1", PLAIN)], Some(3)),
        (&[Hop("fe80::77", PLAIN), Hop("2001:db8:3::1", PLAIN)], Some(3)),
        (&[Hop("2001:db8:3::1", PLAIN), Hop("2001:db8:2::1", PLAIN)], Some(3)),
        (&[Hop("2001:db8:55::1", PLAIN), Hop("2001:db8:2::1", PLAIN)], None),
        (&[Hop("::", IF_UNKNOWN), Hop("2001:db8:3::1", IF2)], Some(3)),
        (&[Hop("::", IF2), Hop("2001:db8:3::1", IF_UNKNOWN)], Some(2)),
        (&[Hop("::", PLAIN), Hop("2001:db8:3::1", IF2)], Some(3)),
    ] {
        let mut lab = Lab::new(SUBNETS);
        let answer = lab.show(&relayed(hops));
        let expected = match subnet {
            Some(id) => format!("ADVERTISE na 1 1800/2880 [ 2001:db8:{id}:: 3600/7200 ]"),
            None => "ADVERTISE na 1 0/0 [ NoAddrsAvail ]".to_owned(),
        };
        let links: Vec<_> = hops.iter().map(|Hop(link, options)| (link, options)).collect();
        assert_eq!(answer, expected, "{links:?}");
    }
}

#[test]
fn a_direct_client_is_placed_by_interface_and_then_by_address() {
    let mut lab = Lab::new(SUBNETS);
    lab.source = at("2001:db8:3::77");
    let answer = lab.ask(MessageType::Solicit, |q| na(q, 1, &[]));
    assert!(answer.contains("2001:db8:1:: "), "{answer}");
    let mut lab = Lab::new(&SUBNETS.replace("\"interface\": \"eth0\",", ""));
    lab.source = at("2001:db8:3::77");
    let answer = lab.ask(MessageType::Solicit, |q| na(q, 1, &[]));
    assert!(answer.contains("2001:db8:3:: "), "{answer}");
    lab.source = at("fe80::1");
    let answer = lab.ask(MessageType::Solicit, |q| na(q, 1, &[]));
    assert!(answer.contains("NoAddrsAvail"), "{answer}");
}

#[test]
fn answers_go_back_through_the_same_relays() {
    let mut lab = Lab::new(SUBNETS);
    lab.source = at("2001:db8:aa::1");
    let outer: &[(u16, &[u8])] = &[(18, b"outer"), (37, b"\0\0\0\x09r"), (43, &[0, 37])];
    let query = relayed(&[Hop("2001:db8:2::1", IF2), Hop("2001:db8:aa::2", outer)]);
    let answer = lab.decide(&query).unwrap();
    let answer = View::parse(&answer).unwrap();
    let [outer, inner] = answer.relays() else { panic!("{answer:?}") };
    assert_eq!(outer.message_type(), MessageType::RelayReply);
    assert_eq!((outer.hop_count(), outer.link_address()), (1, at("2001:db8:aa::2")));
    assert_eq!((inner.hop_count(), inner.link_address()), (0, at("2001:db8:2::1")));
    assert_eq!((outer.peer_address(), inner.peer_address()), (at("fe80::2"), at("fe80::1")));
    assert_eq!(
        (outer.interface_id(), inner.interface_id()),
        (Some(&b"outer"[..]), Some(&b"if2"[..]))
    );
    // Echoed as option 43 wants it.
    assert_eq!(outer.options().get(37), Some(&b"\0\0\0\x09r"[..]));
    let transmit = &lab.answer.as_ref().unwrap().transmit;
    assert_eq!((transmit.destination, transmit.port), (at("2001:db8:aa::1"), 547));
}

#[test]
fn a_relay_may_listen_on_another_port_and_ports_may_be_fixed() {
    let mut lab = Lab::new(SUBNETS);
    let query = relayed(&[Hop("2001:db8:2::1", &[(135, &[0, 0])])]);
    let answer = lab.decide(&query).unwrap();
    assert_eq!(View::parse(&answer).unwrap().relays()[0].source_port(), Some(0));
    assert_eq!(lab.answer.as_ref().unwrap().transmit.port, 1546);
    lab.worker.ports = Ports::new::<V6>(Some(1600));
    lab.decide(&query).unwrap();
    assert_eq!(lab.answer.as_ref().unwrap().transmit.port, 1600);
    lab.ask(MessageType::Solicit, |_| ());
    assert_eq!(lab.answer.as_ref().unwrap().transmit.port, 1600);
}

#[test]
fn messages_for_every_server_may_be_relayed_to_one() {
    let mut lab = Lab::new(SUBNETS);
    lab.destination = at("2001:db8:1::ff");
    let answer = lab.show(&relayed(&[Hop("2001:db8:2::1", PLAIN)]));
    assert!(answer.starts_with("ADVERTISE"), "{answer}");
}

#[test]
fn too_many_relays_are_refused() {
    let mut lab = Lab::new(SUBNETS);
    let hops = |count: usize| {
        relayed(&(0..count).map(|_| Hop("2001:db8:2::1", PLAIN)).collect::<Vec<_>>())
    };
    assert!(lab.decide(&hops(32)).is_ok());
    assert!(matches!(lab.decide(&hops(33)), Err(Drop::Unreadable(_))));
}

/// These options in the data of an option 66.
fn supplied(options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut data = Vec::new();
    for (code, octets) in options {
        data.extend_from_slice(&code.to_be_bytes());
        data.extend_from_slice(&(octets.len() as u16).to_be_bytes());
        data.extend_from_slice(octets);
    }
    data
}

#[test]
fn relays_supply_options_that_the_server_does_not() {
    let mut lab = Lab::new(&format!(
        r#""relay-supplied-options": ["110", "dns-servers"],
           "option-data": [{{ "name": "dns-servers", "data": "2001:db8::53" }}], {SUBNETS}"#
    ));
    let inner = supplied(&[(110, b"in"), (111, b"no"), (65, b"\x03foo\0")]);
    let outer = supplied(&[(110, b"out"), (23, &[9; 16])]);
    let query = relayed(&[Hop("2001:db8:2::1", &[(66, &inner)]), Hop("::", &[(66, &outer)])]);
    let answer = lab.show(&query);
    let nines = "09".repeat(16);
    assert!(answer.ends_with(&format!("] 23={nines} 65=03666f6f00 110=696e")), "{answer}");
    let asking = passed(&[Hop("2001:db8:2::1", &[(66, &outer)])], MessageType::Solicit, |query| {
        query.codes(code::ORO, &[23]);
    });
    let answer = lab.show(&asking);
    assert_eq!(answer, "ADVERTISE 23=20010db8000000000000000000000053 110=6f7574");
}

#[test]
fn what_relays_said_is_kept_with_the_lease() {
    let kept = SUBNETS.replace("\"id\": 2,", "\"id\": 2, \"store-extended-info\": true,");
    let mut lab = Lab::new(&kept);
    let inner: &[(u16, &[u8])] = &[(37, &[0, 0, 0, 9, 0x37]), (18, b"if")];
    let hops = [Hop("2001:db8:2::1", inner), Hop("2001:db8:5::", &[(53, b"relay")])];
    assert!(lab.show(&relayed(&hops)).starts_with("ADVERTISE"));
    assert_eq!(lab.lease("2001:db8:2::"), None);
    let request = passed(&hops, MessageType::Request, |query| {
        query.option(code::SERVER_ID, SERVER);
        na(query, 1, &[]);
    });
    assert!(lab.show(&request).starts_with("REPLY na 1"));
    let lease = lab.lease("2001:db8:2::").unwrap();
    assert_eq!(
        &*lease.user_context,
        "{ \"ISC\": { \"relay-info\": [ \
         { \"hop\": 1, \"link\": \"2001:db8:5::\", \"options\": \"0x0035000572656C6179\", \
         \"peer\": \"fe80::2\", \"relay-id\": \"72656C6179\" }, \
         { \"hop\": 0, \"link\": \"2001:db8:2::1\", \
         \"options\": \"0x0025000500000009370012000\
         26966\", \"peer\": \"fe80::1\", \"remote-id\": \"0000000937\" } ] } }"
    );
    let mut lab = Lab::new(SUBNETS);
    assert!(lab.show(&request).starts_with("REPLY na 1"));
    assert_eq!(&*lab.lease("2001:db8:2::").unwrap().user_context, "");
}

#[test]
fn a_context_keeps_what_is_not_the_servers() {
    let kept = SUBNETS.replace("\"id\": 1,", "\"id\": 1, \"store-extended-info\": true,");
    let mut lab = Lab::new(&kept);
    let request = |lab: &mut Lab| lab.ask(MessageType::Request, |q| na(q, 1, &[]));
    request(&mut lab);
    let mut lease = lab.lease("2001:db8:1::").unwrap();
    assert_eq!(&*lease.user_context, "");
    lease.user_context = r#"{ "note": "mine", "ISC": { "relays": [] } }"#.into();
    lab.leases.at(lease.address).put(&lease);
    request(&mut lab);
    assert_eq!(lab.lease("2001:db8:1::").unwrap().user_context, lease.user_context);
    let hops = [Hop("2001:db8:1::", PLAIN)];
    let renewal = passed(&hops, MessageType::Renew, |query| {
        query.option(code::SERVER_ID, SERVER);
        na(query, 1, &["2001:db8:1::"]);
    });
    assert!(lab.show(&renewal).starts_with("REPLY na 1"));
    assert_eq!(
        &*lab.lease("2001:db8:1::").unwrap().user_context,
        "{ \"note\": \"mine\", \"ISC\": { \"relay-info\": [ \
         { \"hop\": 0, \"link\": \"2001:db8:1::\", \"peer\": \"fe80::1\" } ] } }"
    );
}
