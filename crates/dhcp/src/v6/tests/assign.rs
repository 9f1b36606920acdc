//! SOLICIT and REQUEST.

use kea_lease::{LeaseState, Ticket};

use super::*;

#[test]
fn a_solicit_is_answered_with_offers_and_stores_nothing() {
    let mut lab = Lab::new(SUBNET);
    let answer = lab.ask(MessageType::Solicit, |q| {
        na(q, 1, &[]);
        pd(q, 2, &[]);
    });
    assert_eq!(
        answer,
        "ADVERTISE na 1 1800/2880 [ 2001:db8:1::100 3600/7200 ] \
         pd 2 1800/2880 [ 2001:db8:8000::/56 3600/7200 ]"
    );
    assert!(lab.leases.is_empty());
    assert_eq!(lab.answer.as_ref().unwrap().after, Ticket(0));
    let transmit = &lab.answer.as_ref().unwrap().transmit;
    assert_eq!((transmit.destination, transmit.port), (lab.source, 546));
    assert_eq!(transmit.interface_index, 3);
    assert!(lab.log.ids().contains(&"DHCP6_LEASE_ADVERT"));
    assert!(lab.log.ids().contains(&"DHCP6_PD_LEASE_ADVERT"));
}

#[test]
fn what_was_offered_is_kept_for_its_client_for_a_while() {
    let mut lab = Lab::new(SUBNET);
    let solicit =
        |lab: &mut Lab, client| lab.ask_as(client, MessageType::Solicit, |q| na(q, 1, &[]));
    assert!(solicit(&mut lab, CLIENT).contains("2001:db8:1::100"));
    assert!(solicit(&mut lab, OTHER).contains("2001:db8:1::101"));
    assert!(solicit(&mut lab, CLIENT).contains("2001:db8:1::100"));
}

#[test]
fn a_request_stores_leases() {
    let mut lab = Lab::new(SUBNET);
    let answer = lab.ask(MessageType::Request, |q| {
        na(q, 1, &["2001:db8:1::105"]);
        pd(q, 2, &["2001:db8:8000:500::/56"]);
    });
    assert_eq!(
        answer,
        "REPLY na 1 1800/2880 [ 2001:db8:1::105 3600/7200 ] \
         pd 2 1800/2880 [ 2001:db8:8000:500::/56 3600/7200 ]"
    );
    let lease = lab.lease("2001:db8:1::105").unwrap();
    assert_eq!(lease.owner.duid.octets(), CLIENT);
    assert_eq!((lease.owner.iaid, lease.owner.prefix_len), (Iaid(1), 128));
    assert_eq!(lease.owner.hw_addr.to_string(), "02:00:00:00:00:01");
    assert_eq!((lease.valid_lifetime, lease.owner.preferred_lifetime), (7200, 3600));
    assert_eq!((lease.cltt, lease.state), (NOW, LeaseState::Assigned));
    assert_eq!(lab.lease("2001:db8:8000:500::").unwrap().owner.prefix_len, 56);
    assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(1)");
    assert_eq!(lab.statistic("subnet[1].assigned-pds").unwrap(), "Integer(1)");
    assert_eq!(lab.statistic("cumulative-assigned-nas").unwrap(), "Integer(1)");
    assert!(lab.log.ids().contains(&"DHCP6_LEASE_ALLOC"));
    assert!(lab.log.ids().contains(&"DHCP6_PD_LEASE_ALLOC"));
}

#[test]
fn a_client_keeps_what_it_has_whatever_it_asks_for() {
    let mut lab = Lab::new(SUBNET);
    lab.ask(MessageType::Request, |q| na(q, 1, &["2001:db8:1::105"]));
    let answer = lab.ask(MessageType::Request, |q| na(q, 1, &["2001:db8:1::107"]));
    assert_eq!(answer, "REPLY na 1 1800/2880 [ 2001:db8:1::105 3600/7200 ]");
    assert_eq!(lab.leases.len(), 1);
    assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(1)");
}

#[test]
fn associations_of_one_message_never_share() {
    let mut lab = Lab::new(SUBNET);
    let answer = lab.ask(MessageType::Solicit, |q| {
        pd(q, 5, &[]);
        na(q, 3, &["2001:db8:1::105"]);
        pd(q, 4, &[]);
        na(q, 2, &["2001:db8:1::105"]);
        na(q, 3, &[]);
    });
    assert_eq!(
        answer,
        "ADVERTISE na 3 1800/2880 [ 2001:db8:1::105 3600/7200 ] \
         na 2 1800/2880 [ 2001:db8:1::100 3600/7200 ] \
         na 3 1800/2880 [ 2001:db8:1::101 3600/7200 ] \
         pd 5 1800/2880 [ 2001:db8:8000::/56 3600/7200 ] \
         pd 4 1800/2880 [ 2001:db8:8000:100::/56 3600/7200 ]"
    );
}

#[test]
fn one_lease_for_each_association() {
    let mut lab = Lab::new(SUBNET);
    let answer =
        lab.ask(MessageType::Request, |q| na(q, 1, &["2001:db8:1::10a", "2001:db8:1::10b"]));
    assert_eq!(answer, "REPLY na 1 1800/2880 [ 2001:db8:1::10a 3600/7200 ]");
    assert_eq!(lab.leases.len(), 1);
}

const SMALL: &str = r#""subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
    "pools": [{ "pool": "2001:db8:1::100-2001:db8:1::100" }],
    "pd-pools": [{ "prefix": "2001:db8:8000::", "prefix-len": 56, "delegated-len": 56 }] }]"#;

#[test]
fn what_is_exhausted_says_so_in_its_association() {
    let mut lab = Lab::new(SMALL);
    let both = |q: &mut Builder<'_>| {
        na(q, 1, &[]);
        pd(q, 1, &[]);
    };
    lab.ask(MessageType::Request, both);
    let answer = lab.ask_as(OTHER, MessageType::Request, both);
    assert_eq!(answer, "REPLY na 1 0/0 [ NoAddrsAvail ] pd 1 0/0 [ NoPrefixAvail ]");
    let answer = lab.ask_as(OTHER, MessageType::Solicit, |q| na(q, 1, &["2001:db8:1::100"]));
    assert_eq!(answer, "ADVERTISE na 1 0/0 [ NoAddrsAvail ]");
    for (name, expected) in [
        ("v6-allocation-fail", 3),
        ("v6-allocation-fail-subnet", 3),
        ("v6-allocation-fail-shared-network", 0),
        ("v6-allocation-fail-no-pools", 0),
        ("v6-allocation-fail-classes", 3),
        ("subnet[1].v6-allocation-fail", 3),
        ("subnet[1].v6-allocation-fail-subnet", 3),
    ] {
        assert_eq!(lab.statistic(name).unwrap(), format!("Integer({expected})"), "{name}");
    }
}

#[test]
fn addresses_without_prefixes_and_the_other_way_round() {
    let mut lab = Lab::new(
        r#""subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
            "pools": [{ "pool": "2001:db8:1::/80" }] }]"#,
    );
    let answer = lab.ask(MessageType::Request, |q| {
        na(q, 1, &[]);
        pd(q, 1, &[]);
    });
    assert_eq!(
        answer,
        "REPLY na 1 1800/2880 [ 2001:db8:1:: 3600/7200 ] pd 1 0/0 [ NoPrefixAvail ]"
    );
    assert_eq!(lab.statistic("v6-allocation-fail-no-pools").unwrap(), "Integer(1)");
}

#[test]
fn an_ended_lease_is_given_to_the_next_client_and_counted_as_reclaimed() {
    let mut lab = Lab::new(SMALL);
    lab.ask(MessageType::Request, |q| na(q, 1, &[]));
    lab.now += 7200;
    let answer = lab.ask_as(OTHER, MessageType::Solicit, |q| na(q, 1, &[]));
    assert!(answer.contains("2001:db8:1::100"), "{answer}");
    assert_eq!(lab.lease("2001:db8:1::100").unwrap().owner.duid.octets(), CLIENT);
    lab.ask_as(OTHER, MessageType::Request, |q| na(q, 1, &[]));
    assert_eq!(lab.lease("2001:db8:1::100").unwrap().owner.duid.octets(), OTHER);
    assert_eq!(lab.statistic("reclaimed-leases").unwrap(), "Integer(1)");
    assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(1)");
}

#[test]
fn without_subnet_there_are_options_and_a_status() {
    let mut lab = Lab::new(
        r#""subnet6": [{ "id": 1, "subnet": "2001:db8:77::/64",
            "pools": [{ "pool": "2001:db8:77::/80" }] }],
          "option-data": [{ "name": "dns-servers", "data": "2001:db8::53" }]"#,
    );
    let answer = lab.ask(MessageType::Solicit, |q| {
        q.codes(code::ORO, &[23]);
        na(q, 1, &[]);
        pd(q, 2, &[]);
    });
    assert_eq!(
        answer,
        "ADVERTISE na 1 0/0 [ NoAddrsAvail ] 23=20010db8000000000000000000000053 \
         pd 2 0/0 [ NoPrefixAvail ]"
    );
    assert!(lab.log.ids().contains(&"DHCP6_SUBNET_SELECTION_FAILED"));
}

#[test]
fn rapid_commit_where_the_subnet_permits_it() {
    let rapid = SUBNET.replace("\"id\": 1,", "\"id\": 1, \"rapid-commit\": true,");
    let solicit = |q: &mut Builder<'_>| {
        q.option(code::RAPID_COMMIT, &[]);
        na(q, 1, &[]);
    };
    let mut lab = Lab::new(&rapid);
    let answer = lab.ask(MessageType::Solicit, solicit);
    assert_eq!(answer, "REPLY na 1 1800/2880 [ 2001:db8:1::100 3600/7200 ] 14=");
    assert!(lab.lease("2001:db8:1::100").is_some());
    assert!(lab.log.ids().contains(&"DHCP6_RAPID_COMMIT"));
    let answer = lab.ask_as(OTHER, MessageType::Solicit, |q| na(q, 1, &[]));
    assert_eq!(answer, "ADVERTISE na 1 1800/2880 [ 2001:db8:1::101 3600/7200 ]");
    let mut lab = Lab::new(SUBNET);
    let answer = lab.ask(MessageType::Solicit, solicit);
    assert_eq!(answer, "ADVERTISE na 1 1800/2880 [ 2001:db8:1::100 3600/7200 ]");
}

#[test]
fn lifetimes_follow_hints_within_bounds() {
    let mut lab = Lab::new(&format!(
        r#""preferred-lifetime": 3000, "min-preferred-lifetime": 2000, "max-preferred-lifetime": 4000,
           "valid-lifetime": 4000, "min-valid-lifetime": 3000, "max-valid-lifetime": 5000,
           "renew-timer": 900, "rebind-timer": 1800, {SUBNET}"#
    ));
    for ((preferred, valid), expected) in [
        ((0, 0), "3000/4000"),
        ((1, 1), "2000/3000"),
        ((100_000, 100_000), "4000/5000"),
        ((3500, 3600), "3500/3600"),
        ((3900, 3100), "3100/3100"),
    ] {
        let answer = lab.ask(MessageType::Solicit, |q| {
            q.ia_na(Iaid(1), 0, 0, |ia| {
                ia.ia_address(Ipv6Addr::UNSPECIFIED, preferred, valid, |_| ());
            });
        });
        let expected = format!("ADVERTISE na 1 900/1800 [ 2001:db8:1::100 {expected} ]");
        assert_eq!(answer, expected, "{preferred} {valid}");
    }
}

#[test]
fn all_associations_are_renewed_together() {
    let mut lab = Lab::new(
        r#""shared-networks": [{ "name": "n", "interface": "eth0", "subnet6": [
            { "id": 1, "subnet": "2001:db8:1::/64", "pools": [{ "pool": "2001:db8:1::/80" }],
              "preferred-lifetime": 3000, "valid-lifetime": 4000 },
            { "id": 2, "subnet": "2001:db8:2::/64", "preferred-lifetime": 500, "valid-lifetime": 1000,
              "pd-pools": [{ "prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56 }] }
        ] }]"#,
    );
    let answer = lab.ask(MessageType::Request, |q| {
        na(q, 1, &[]);
        pd(q, 2, &[]);
    });
    assert_eq!(
        answer,
        "REPLY na 1 250/400 [ 2001:db8:1:: 3000/4000 ] \
         pd 2 250/400 [ 2001:db8:8000::/56 500/1000 ]"
    );
}

#[test]
fn a_shared_network_is_walked_from_the_selected_subnet() {
    let mut lab = Lab::new(
        r#""shared-networks": [{ "name": "n", "interface": "eth0", "subnet6": [
            { "id": 1, "subnet": "2001:db8:1::/64",
              "pools": [{ "pool": "2001:db8:1::1-2001:db8:1::1" }],
              "option-data": [{ "name": "dns-servers", "data": "2001:db8::1" }] },
            { "id": 2, "subnet": "2001:db8:2::/64",
              "pools": [{ "pool": "2001:db8:2::1-2001:db8:2::1" }],
              "option-data": [{ "name": "dns-servers", "data": "2001:db8::2" }] }
        ] }]"#,
    );
    let request = |q: &mut Builder<'_>| {
        q.codes(code::ORO, &[23]);
        na(q, 1, &[]);
    };
    let first = lab.ask(MessageType::Request, request);
    assert!(
        first.contains("2001:db8:1::1 ") && first.ends_with("23=20010db8000000000000000000000001")
    );
    let second = lab.ask_as(OTHER, MessageType::Request, request);
    assert!(second.contains("2001:db8:2::1 "), "{second}");
    assert!(second.ends_with("23=20010db8000000000000000000000002"), "{second}");
    let third = lab.ask_as(b"third", MessageType::Request, request);
    assert!(third.contains("NoAddrsAvail"), "{third}");
    assert_eq!(lab.statistic("v6-allocation-fail-shared-network").unwrap(), "Integer(1)");
    assert_eq!(lab.statistic("v6-allocation-fail-subnet").unwrap(), "Integer(0)");
}

#[test]
fn a_prefix_length_is_met_where_it_can_be() {
    let mut lab = Lab::new(
        r#""subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pd-pools": [
            { "prefix": "2001:db8:6000::", "prefix-len": 48, "delegated-len": 64 },
            { "prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56 },
            { "prefix": "2001:db8:9000::", "prefix-len": 48, "delegated-len": 60 }] }]"#,
    );
    for (iaid, hint, expected) in [
        (1, "::/0", "2001:db8:6000::/64"),
        (2, "::/60", "2001:db8:9000::/60"),
        (3, "::/56", "2001:db8:8000::/56"),
        (4, "::/58", "2001:db8:8000:100::/56"),
        (5, "::/52", "2001:db8:8000:200::/56"),
        (6, "2001:db8:9000:500::/64", "2001:db8:9000:500::/60"),
        (7, "2001:db8:9000:611::/60", "2001:db8:9000:610::/60"),
    ] {
        let answer = lab.ask(MessageType::Solicit, |q| pd(q, iaid, &[hint]));
        let expected = format!("ADVERTISE pd {iaid} 1800/2880 [ {expected} 3600/7200 ]");
        assert_eq!(answer, expected, "{hint}");
    }
}

#[test]
fn classes_guard_pools_and_give_lifetimes() {
    let mut lab = Lab::new(
        r#""client-classes": [
              { "name": "asks-15", "test": "option[15].exists", "valid-lifetime": 777,
                "preferred-lifetime": 555 },
              { "name": "never", "test": "option[999].exists" }],
           "subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pools": [
              { "pool": "2001:db8:1::1-2001:db8:1::f", "client-class": "never" },
              { "pool": "2001:db8:1::20-2001:db8:1::2f", "client-class": "asks-15" }] }]"#,
    );
    let answer = lab.ask(MessageType::Solicit, |q| {
        q.option(code::USER_CLASS, &[0, 1, b'a']);
        na(q, 1, &["2001:db8:1::3"]);
    });
    assert_eq!(answer, "ADVERTISE na 1 278/444 [ 2001:db8:1::20 555/777 ]");
    let answer = lab.ask(MessageType::Solicit, |q| na(q, 1, &[]));
    assert_eq!(answer, "ADVERTISE na 1 0/0 [ NoAddrsAvail ]");
    assert_eq!(lab.statistic("v6-allocation-fail-no-pools").unwrap(), "Integer(1)");
}

#[test]
fn why_nothing_was_left_is_logged() {
    let mut lab = Lab::new(SMALL);
    lab.ask(MessageType::Request, |q| na(q, 1, &[]));
    lab.log.take();
    lab.ask_as(OTHER, MessageType::Request, |q| na(q, 1, &[]));
    let logged: Vec<_> = lab.log.ids().into_iter().filter(|id| id.contains("FAIL")).collect();
    assert_eq!(
        logged,
        [
            "ALLOC_ENGINE_V6_ALLOC_FAIL_SUBNET",
            "ALLOC_ENGINE_V6_ALLOC_FAIL",
            "ALLOC_ENGINE_V6_ALLOC_FAIL_CLASSES",
            "DHCP6_LEASE_ALLOC_FAIL"
        ]
    );
}

/// Pools of two subnets that overlap are one pool: what one gave, the other does not give again.
#[test]
fn overlapping_pools_of_different_subnets_are_one() {
    let pool = r#""pools": [{ "pool": "2001:db8:8::1-2001:db8:8::2" }]"#;
    let mut lab = Lab::new(&format!(
        r#""subnet6": [
            {{ "id": 1, "subnet": "2001:db8:8::/64", "interface": "eth0", {pool} }},
            {{ "id": 2, "subnet": "2001:db8:8::/48", "interface": "eth1", {pool} }}]"#
    ));
    let first = lab.ask(MessageType::Request, |q| na(q, 1, &["2001:db8:8::1"]));
    assert!(first.contains("2001:db8:8::1 "), "{first}");
    lab.interface = "eth1";
    let other = lab.ask_as(OTHER, MessageType::Request, |q| na(q, 1, &["2001:db8:8::1"]));
    assert!(other.contains("2001:db8:8::2 "), "{other}");
}

/// A pool of addresses and pools of prefixes begin at the same address, in one subnet and in one around it:
/// each gives its own, and the prefix that all have their addresses on is nobody's.
#[test]
fn pools_of_both_kinds_begin_at_the_same_address() {
    let mut lab = Lab::new(
        r#""subnet6": [
            { "id": 1, "subnet": "2001:db8:8::/64", "interface": "eth0",
              "pools": [{ "pool": "2001:db8:8::-2001:db8:8::1" }] },
            { "id": 2, "subnet": "2001:db8:8::/48", "interface": "eth1",
              "pd-pools": [{ "prefix": "2001:db8:8::", "prefix-len": 56, "delegated-len": 60 }] },
            { "id": 3, "subnet": "2001:db8:9::/64", "interface": "eth2",
              "pd-pools": [{ "prefix": "2001:db8:8::", "prefix-len": 62, "delegated-len": 64 }] }]"#,
    );
    let mut ask = |interface, iaid| {
        lab.interface = interface;
        lab.ask(MessageType::Request, |q| {
            na(q, iaid, &[]);
            pd(q, iaid, &[]);
        })
    };
    for (interface, iaid, expected) in [
        ("eth0", 1, ["[ 2001:db8:8:: 3600/7200 ]", "[ NoPrefixAvail ]"]),
        ("eth0", 2, ["[ 2001:db8:8::1 3600/7200 ]", "[ NoPrefixAvail ]"]),
        ("eth0", 3, ["[ NoAddrsAvail ]", "[ NoPrefixAvail ]"]),
        ("eth2", 1, ["[ NoAddrsAvail ]", "[ 2001:db8:8:1::/64 3600/7200 ]"]),
        ("eth2", 2, ["[ NoAddrsAvail ]", "[ 2001:db8:8:2::/64 3600/7200 ]"]),
        ("eth2", 3, ["[ NoAddrsAvail ]", "[ 2001:db8:8:3::/64 3600/7200 ]"]),
        ("eth2", 4, ["[ NoAddrsAvail ]", "[ NoPrefixAvail ]"]),
        ("eth1", 5, ["[ NoAddrsAvail ]", "[ 2001:db8:8:10::/60 3600/7200 ]"]),
    ] {
        let said = ask(interface, iaid);
        for expected in expected {
            assert!(said.contains(expected), "{iaid} at {interface}: {said}");
        }
    }
}

/// The manual's example of a cable network: two subnets behind one relay.
#[test]
fn modems_and_what_is_behind_them_share_a_relay() {
    let mut lab = Lab::new(
        r#""subnet6": [
            { "id": 1, "subnet": "3000::/64", "client-class": "VENDOR_CLASS_docsis3.0",
              "relay": { "ip-addresses": ["3000::1"] }, "pools": [{ "pool": "3000::2-3000::ffff" }] },
            { "id": 2, "subnet": "2001:db8:1::/64", "relay": { "ip-addresses": ["3000::1"] },
              "pools": [{ "pool": "2001:db8:1::1-2001:db8:1::ffff" }] }]"#,
    );
    let mut relayed = |is_modem: bool| {
        let mut datagram = Vec::new();
        let mut query = Builder::relayed(&mut datagram);
        query.relay(MessageType::RelayForward, 0, at("3000::1"), at("fe80::5"), |_| ());
        query.message(MessageType::Solicit, 1).option(code::CLIENT_ID, CLIENT);
        na(&mut query, 1, &[]);
        if is_modem {
            query.vendor_class(4491, &[b"docsis3.0"]);
        }
        query.finish().unwrap();
        lab.show(&datagram)
    };
    assert_eq!(relayed(true), "ADVERTISE na 1 1800/2880 [ 3000::2 3600/7200 ]");
    assert_eq!(relayed(false), "ADVERTISE na 1 1800/2880 [ 2001:db8:1::1 3600/7200 ]");
}

#[test]
fn leases_are_short_where_pools_fill_up() {
    let mut lab = Lab::new(
        r#""valid-lifetime": 4000, "min-valid-lifetime": 600, "max-valid-lifetime": 5000,
        "preferred-lifetime": 3000, "min-preferred-lifetime": 400, "max-preferred-lifetime": 3500,
        "adaptive-lease-time-threshold": 0.5,
        "subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
            "pools": [{ "pool": "2001:db8:1::10-2001:db8:1::11" }],
            "pd-pools": [{ "prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56 }] }]"#,
    );
    const OTHER: &[u8] = &[0, 3, 0, 1, 2, 0, 0, 0, 0, 0x77];
    let said = lab.ask(MessageType::Request, |q| na(q, 1, &["2001:db8:1::10"]));
    assert!(said.contains("2001:db8:1::10 3000/4000"), "{said}");
    // One of two is taken.
    let said = lab.ask_as(OTHER, MessageType::Solicit, |q| na(q, 1, &[]));
    assert!(said.contains("2001:db8:1::11 400/600"), "{said}");
    // Who has time left loses none of it.
    lab.now += 1000;
    let said = lab.ask(MessageType::Renew, |q| na(q, 1, &["2001:db8:1::10"]));
    assert!(said.contains("2001:db8:1::10 2000/3000"), "{said}");
    let said = lab.ask_as(OTHER, MessageType::Solicit, |q| pd(q, 1, &[]));
    assert!(said.contains("3000/4000"), "{said}");
}

#[test]
fn a_subnet_has_as_many_pools_as_one_likes() {
    let pool = |number| format!("{{ \"pool\": \"2001:db8:1::{number:x}/128\" }}");
    let pools: Vec<String> = (1..=1000).map(pool).collect();
    let mut lab = Lab::new(&format!(
        "\"subnet6\": [{{ \"id\": 1, \"subnet\": \"2001:db8:1::/64\", \"interface\": \"eth0\", \
         \"pools\": [{}] }}]",
        pools.join(", ")
    ));
    for iaid in 1..=1000 {
        let said = lab.ask(MessageType::Request, |q| na(q, iaid, &[]));
        assert!(said.contains("3600/7200"), "{iaid}: {said}");
    }
    assert_eq!(lab.leases.len(), 1000);
    assert!(lab.lease("2001:db8:1::3e8").is_some());
    let said = lab.ask(MessageType::Request, |q| na(q, 1001, &[]));
    assert!(said.contains("NoAddrsAvail"), "{said}");
}
