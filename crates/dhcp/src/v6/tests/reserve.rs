//! Reservations of addresses and prefixes.

use super::*;

/// One subnet with these reservations and members.
fn subnet(members: &str, reservations: &str) -> String {
    format!(
        r#"{members} "subnet6": [{{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
            "pools": [{{ "pool": "2001:db8:1::100-2001:db8:1::10f" }}],
            "pd-pools": [{{ "prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56 }}],
            "reservations": [{reservations}] }}]"#
    )
}

const MINE: &str = r#"{ "duid": "00:03:00:01:02:00:00:00:00:01",
    "ip-addresses": ["2001:db8:1::10c", "2001:db8:1::abc"], "prefixes": ["2001:db8:9000:100::/56"],
    "hostname": "Host1", "option-data": [{ "name": "dns-servers", "data": "2001:db8::77" }] }"#;

#[test]
fn reserved_leases_go_one_to_each_association() {
    let mut lab = Lab::new(&subnet("", MINE));
    let answer = lab.ask(MessageType::Request, |q| {
        q.codes(code::ORO, &[23]);
        (1..=3).for_each(|iaid| na(q, iaid, &[]));
        (4..=5).for_each(|iaid| pd(q, iaid, &[]));
    });
    assert_eq!(
        answer,
        "REPLY na 1 1800/2880 [ 2001:db8:1::10c 3600/7200 ] \
         na 2 1800/2880 [ 2001:db8:1::abc 3600/7200 ] \
         na 3 1800/2880 [ 2001:db8:1::100 3600/7200 ] \
         23=20010db8000000000000000000000077 \
         pd 4 1800/2880 [ 2001:db8:9000:100::/56 3600/7200 ] \
         pd 5 1800/2880 [ 2001:db8:8000::/56 3600/7200 ]"
    );
    assert_eq!(&*lab.lease("2001:db8:1::10c").unwrap().hostname, "host1");
    let again = lab.ask(MessageType::Renew, |q| na(q, 2, &["2001:db8:1::abc"]));
    assert_eq!(again, "REPLY na 2 1800/2880 [ 2001:db8:1::abc 3600/7200 ]");
}

#[test]
fn what_is_reserved_goes_to_nobody_else() {
    let reserved = r#"{ "duid": "00:03:00:01:02:00:00:00:00:01",
        "ip-addresses": ["2001:db8:1::100"], "prefixes": ["2001:db8:8000::/56"] }"#;
    let mut lab = Lab::new(&subnet("", reserved));
    let answer = lab.ask_as(OTHER, MessageType::Request, |q| {
        na(q, 1, &["2001:db8:1::100"]);
        pd(q, 2, &["2001:db8:8000::/56"]);
    });
    assert_eq!(
        answer,
        "REPLY na 1 1800/2880 [ 2001:db8:1::101 3600/7200 ] \
         pd 2 1800/2880 [ 2001:db8:8000:100::/56 3600/7200 ]"
    );
    assert!(lab.log.ids().contains(&"ALLOC_ENGINE_V6_HINT_RESERVED"));
}

#[test]
fn a_reservation_beats_a_hint() {
    let mut lab = Lab::new(&subnet("", MINE));
    let answer = lab.ask(MessageType::Solicit, |q| na(q, 1, &["2001:db8:1::105"]));
    assert_eq!(answer, "ADVERTISE na 1 1800/2880 [ 2001:db8:1::10c 3600/7200 ]");
}

#[test]
fn identifiers_are_tried_in_the_configured_order() {
    let both = r#"{ "duid": "00:03:00:01:02:00:00:00:00:01", "ip-addresses": ["2001:db8:1::d"] },
        { "hw-address": "02:00:00:00:00:01", "ip-addresses": ["2001:db8:1::e"] }"#;
    for (order, expected) in [
        ("", "2001:db8:1::e"),
        (r#""host-reservation-identifiers": ["duid", "hw-address"],"#, "2001:db8:1::d"),
        (r#""host-reservation-identifiers": ["flex-id"],"#, "2001:db8:1::100"),
    ] {
        let mut lab = Lab::new(&subnet(order, both));
        let answer = lab.ask(MessageType::Solicit, |q| na(q, 1, &[]));
        let expected = format!("ADVERTISE na 1 1800/2880 [ {expected} 3600/7200 ]");
        assert_eq!(answer, expected, "{order}");
    }
}

/// The manual's example of conflict resolution: A holds what is then reserved for B.
#[test]
fn a_conflict_is_resolved_as_both_renew() {
    let mut lab = Lab::new(&subnet("", ""));
    lab.ask_as(OTHER, MessageType::Request, |q| na(q, 1, &["2001:db8:1::100"]));
    let reserved =
        r#"{ "duid": "00:03:00:01:02:00:00:00:00:01", "ip-addresses": ["2001:db8:1::100"] }"#;
    lab.config = Lab::new(&subnet("", reserved)).config;
    lab.leases.configure(&lab.config.lease_specs());

    let temporary = lab.ask(MessageType::Request, |q| na(q, 1, &[]));
    assert_eq!(temporary, "REPLY na 1 1800/2880 [ 2001:db8:1::101 3600/7200 ]");
    let moved = lab.ask_as(OTHER, MessageType::Renew, |q| na(q, 1, &["2001:db8:1::100"]));
    assert_eq!(moved, "REPLY na 1 1800/2880 [ 2001:db8:1::102 3600/7200 2001:db8:1::100 0/0 ]");
    assert!(lab.log.ids().contains(&"ALLOC_ENGINE_V6_REVOKED_ADDR_LEASE"));
    let given = lab.ask(MessageType::Renew, |q| na(q, 1, &["2001:db8:1::101"]));
    assert_eq!(given, "REPLY na 1 1800/2880 [ 2001:db8:1::100 3600/7200 2001:db8:1::101 0/0 ]");
    assert!(lab.log.ids().contains(&"ALLOC_ENGINE_V6_HR_ADDR_GRANTED"));
    lab.ask(MessageType::Renew, |q| na(q, 1, &["2001:db8:1::100"]));
    assert!(lab.log.ids().contains(&"ALLOC_ENGINE_V6_ALLOC_HR_LEASE_EXISTS"));
    assert_eq!(lab.leases.len(), 2);
    assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(2)");
}

#[test]
fn global_reservations_need_no_subnet_of_their_own() {
    let host = r#""reservations": [{ "duid": "00:03:00:01:02:00:00:00:00:01",
        "ip-addresses": ["2001:db8:77::5"] }],"#;
    for (search, expected) in [
        (r#""reservations-global": true, "reservations-in-subnet": false,"#, "2001:db8:77::5"),
        ("", "2001:db8:1::100"),
    ] {
        let mut lab = Lab::new(&subnet(&format!("{host} {search}"), ""));
        let answer = lab.ask(MessageType::Request, |q| na(q, 1, &[]));
        assert_eq!(answer, format!("REPLY na 1 1800/2880 [ {expected} 3600/7200 ]"));
        let renewed = lab.ask(MessageType::Renew, |q| na(q, 1, &[expected]));
        assert_eq!(renewed, answer);
    }
}

#[test]
fn the_subnets_reservation_comes_before_the_global_one() {
    let members = r#""reservations-global": true, "reservations": [{
        "duid": "00:03:00:01:02:00:00:00:00:01", "ip-addresses": ["2001:db8:77::5"] }],"#;
    let mut lab = Lab::new(&subnet(members, MINE));
    let answer = lab.ask(MessageType::Request, |q| na(q, 1, &[]));
    assert_eq!(answer, "REPLY na 1 1800/2880 [ 2001:db8:1::10c 3600/7200 ]");
}

#[test]
fn out_of_pool_means_that_pools_are_not_checked() {
    let reserved = r#"{ "duid": "00:03:00:01:02:00:00:00:00:01",
        "ip-addresses": ["2001:db8:1::100", "2001:db8:1::abc"] }"#;
    let mut lab = Lab::new(&subnet(r#""reservations-out-of-pool": true,"#, reserved));
    let answer = lab.ask_as(OTHER, MessageType::Request, |q| na(q, 1, &[]));
    assert_eq!(answer, "REPLY na 1 1800/2880 [ 2001:db8:1::100 3600/7200 ]");
    let answer = lab.ask(MessageType::Request, |q| na(q, 1, &[]));
    assert_eq!(answer, "REPLY na 1 1800/2880 [ 2001:db8:1::abc 3600/7200 ]");
}

#[test]
fn a_reservation_in_a_sibling_moves_the_client_there() {
    let mut lab = Lab::new(
        r#""shared-networks": [{ "name": "n", "interface": "eth0", "subnet6": [
            { "id": 1, "subnet": "2001:db8:1::/64", "pools": [{ "pool": "2001:db8:1::/80" }] },
            { "id": 2, "subnet": "2001:db8:2::/64", "pools": [{ "pool": "2001:db8:2::/80" }],
              "reservations": [{ "duid": "00:03:00:01:02:00:00:00:00:01",
                  "ip-addresses": ["2001:db8:2::5"] }] }] }]"#,
    );
    let answer = lab.ask(MessageType::Request, |q| na(q, 1, &[]));
    assert_eq!(answer, "REPLY na 1 1800/2880 [ 2001:db8:2::5 3600/7200 ]");
    assert_eq!(lab.lease("2001:db8:2::5").unwrap().subnet.0, 2);
}

#[test]
fn who_has_a_reservation_is_known() {
    let members = r#""client-classes": [{ "name": "guest", "test": "member('UNKNOWN')" }],"#;
    let known = r#"{ "duid": "00:03:00:01:02:00:00:00:00:01", "client-classes": ["vip"] }"#;
    let guarded = subnet(members, known).replace(
        "10f\" }",
        "10f\", \"client-class\": \"guest\" }, \
                  { \"pool\": \"2001:db8:1::200-2001:db8:1::20f\", \"client-class\": \"vip\" }",
    );
    let mut lab = Lab::new(&guarded);
    let answer = lab.ask(MessageType::Solicit, |q| na(q, 1, &[]));
    assert!(answer.contains("2001:db8:1::200"), "{answer}");
    let answer = lab.ask_as(OTHER, MessageType::Solicit, |q| na(q, 1, &[]));
    assert!(answer.contains("2001:db8:1::100"), "{answer}");
}

#[test]
fn a_global_reservation_can_be_looked_up_early() {
    let members = r#""early-global-reservations-lookup": true, "reservations-global": true,
        "reservations": [{ "duid": "00:03:00:01:02:00:00:00:00:01", "client-classes": ["second"] }],
        "subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
            "client-class": "first", "pools": [{ "pool": "2001:db8:1::/80" }] },
          { "id": 2, "subnet": "2001:db8:2::/64", "interface": "eth0",
            "client-class": "second", "pools": [{ "pool": "2001:db8:2::/80" }] }]"#;
    let mut lab = Lab::new(members);
    let answer = lab.ask(MessageType::Solicit, |q| na(q, 1, &[]));
    assert_eq!(answer, "ADVERTISE na 1 1800/2880 [ 2001:db8:2:: 3600/7200 ]");
    let answer = lab.ask_as(OTHER, MessageType::Solicit, |q| na(q, 1, &[]));
    assert_eq!(answer, "ADVERTISE na 1 0/0 [ NoAddrsAvail ]");
}

#[test]
fn a_prefix_reserved_outside_of_the_subnet_is_found_again_when_it_is_not_reserved_any_more() {
    let mut lab = Lab::new(&subnet("", MINE));
    lab.ask(MessageType::Request, |q| pd(q, 1, &[]));
    assert!(lab.lease("2001:db8:9000:100::").is_some());
    lab.config = Lab::new(&subnet("", "")).config;
    let answer = lab.ask(MessageType::Renew, |q| pd(q, 1, &["2001:db8:9000:100::/56"]));
    assert_eq!(
        answer,
        "REPLY pd 1 1800/2880 [ 2001:db8:8000::/56 3600/7200 2001:db8:9000:100::/56 0/0 ]"
    );
    assert_eq!(lab.lease("2001:db8:9000:100::"), None);
    assert_eq!(lab.statistic("subnet[1].assigned-pds").unwrap(), "Integer(1)");
}

#[test]
fn a_reservation_can_exclude_a_part_of_its_prefix() {
    let reserved = r#"{ "duid": "00:03:00:01:02:00:00:00:00:01", "prefixes": ["2001:db8:9000::/56"],
        "excluded-prefixes": ["2001:db8:9000:1::/64"] }"#;
    let mut lab = Lab::new(&subnet("", reserved));
    let answer = lab.ask(MessageType::Solicit, |q| {
        q.codes(code::ORO, &[67]);
        pd(q, 1, &[]);
    });
    assert_eq!(answer, "ADVERTISE pd 1 1800/2880 [ 2001:db8:9000::/56 3600/7200 67=4001 ]");
}

#[test]
fn vendor_options_of_a_reservation() {
    let reserved = r#"{ "duid": "00:03:00:01:02:00:00:00:00:01", "option-data": [
        { "name": "vendor-opts", "data": "4491" },
        { "name": "tftp-servers", "space": "vendor-4491", "data": "3000::1" }] }"#;
    let mut lab = Lab::new(&subnet("", reserved));
    let ask = |q: &mut Builder<'_>| {
        q.vendor_opts(4491, |vendor| {
            vendor.codes(1, &[32]);
        });
    };
    let tftp = "32=30000000000000000000000000000001";
    assert_eq!(lab.ask(MessageType::Solicit, ask), format!("ADVERTISE vendor 4491 [ {tftp} ]"));
    assert_eq!(lab.ask_as(OTHER, MessageType::Solicit, ask), "ADVERTISE");
}
