//! RENEW, REBIND and CONFIRM.

use super::*;

fn request(lab: &mut Lab) {
    lab.ask(MessageType::Request, |q| {
        na(q, 1, &["2001:db8:1::105"]);
        pd(q, 2, &[]);
    });
}

#[test]
fn leases_are_extended_from_now() {
    for kind in [MessageType::Renew, MessageType::Rebind] {
        let mut lab = Lab::new(SUBNET);
        request(&mut lab);
        lab.now += 1800;
        let answer = lab.ask(kind, |q| {
            na(q, 1, &["2001:db8:1::105"]);
            pd(q, 2, &["2001:db8:8000::/56"]);
        });
        assert_eq!(
            answer,
            "REPLY na 1 1800/2880 [ 2001:db8:1::105 3600/7200 ] \
             pd 2 1800/2880 [ 2001:db8:8000::/56 3600/7200 ]"
        );
        assert_eq!(lab.lease("2001:db8:1::105").unwrap().cltt, NOW + 1800);
        assert_eq!(lab.lease("2001:db8:8000::").unwrap().cltt, NOW + 1800);
        assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(1)");
        assert_eq!(lab.statistic("cumulative-assigned-nas").unwrap(), "Integer(1)");
        assert!(lab.log.ids().contains(&"DHCP6_LEASE_RENEW"));
        assert!(lab.log.ids().contains(&"DHCP6_PD_LEASE_RENEW"));
    }
}

#[test]
fn what_is_not_the_clients_gets_no_lifetime() {
    let mut lab = Lab::new(SUBNET);
    request(&mut lab);
    let answer = lab.ask(MessageType::Renew, |q| {
        na(q, 1, &["2001:db8:1::105", "2001:db8:9::109", "2001:db8:9::109"]);
        pd(q, 2, &["2001:db8:77::/56"]);
    });
    assert_eq!(
        answer,
        "REPLY na 1 1800/2880 [ 2001:db8:1::105 3600/7200 2001:db8:9::109 0/0 ] \
         pd 2 1800/2880 [ 2001:db8:8000::/56 3600/7200 2001:db8:77::/56 0/0 ]"
    );
}

/// The pool gave prefixes of 64 bits, and now gives one, of 60: what its holder has is all that is in its way.
#[test]
fn a_prefix_of_the_old_length_makes_room_for_its_holder() {
    let lab = |len| {
        Lab::new(&format!(
            r#""subnet6": [{{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "pd-pools": [
                {{ "prefix": "2001:db8:8000::", "prefix-len": 60, "delegated-len": {len} }}] }}]"#
        ))
    };
    let mut before = lab(64);
    before.ask(MessageType::Request, |q| pd(q, 2, &["2001:db8:8000:5::/64"]));
    let held = before.lease("2001:db8:8000:5::").unwrap();
    let mut lab = lab(60);
    lab.leases.at(held.address).put(&held);
    let said = lab.ask_as(OTHER, MessageType::Solicit, |q| pd(q, 1, &[]));
    assert!(said.contains("NoPrefixAvail"), "{said}");
    assert_eq!(
        lab.ask(MessageType::Renew, |q| pd(q, 2, &["2001:db8:8000:5::/64"])),
        "REPLY pd 2 1800/2880 [ 2001:db8:8000::/60 3600/7200 2001:db8:8000:5::/64 0/0 ]"
    );
    assert_eq!(lab.lease("2001:db8:8000:5::"), None);
    assert_eq!(lab.lease("2001:db8:8000::").unwrap().owner.prefix_len, 60);
}

#[test]
fn an_unknown_association_is_given_a_lease() {
    for kind in [MessageType::Renew, MessageType::Rebind] {
        let mut lab = Lab::new(SUBNET);
        let answer = lab.ask(kind, |q| {
            na(q, 99, &["2001:db8:1::10e"]);
            na(q, 98, &["2001:db8:99::10e"]);
            pd(q, 97, &[]);
        });
        assert_eq!(
            answer,
            "REPLY na 99 1800/2880 [ 2001:db8:1::10e 3600/7200 ] \
             na 98 1800/2880 [ 2001:db8:1::100 3600/7200 2001:db8:99::10e 0/0 ] \
             pd 97 1800/2880 [ 2001:db8:8000::/56 3600/7200 ]"
        );
        assert_eq!(lab.leases.len(), 3);
    }
}

#[test]
fn nothing_left_for_an_unknown_association() {
    let mut lab = Lab::new(
        r#""subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
            "pools": [{ "pool": "2001:db8:1::1-2001:db8:1::1" }] }]"#,
    );
    lab.ask_as(OTHER, MessageType::Request, |q| na(q, 1, &[]));
    let answer = lab.ask(MessageType::Renew, |q| {
        na(q, 1, &["2001:db8:1::1"]);
        pd(q, 1, &["2001:db8:8::/56"]);
    });
    assert_eq!(
        answer,
        "REPLY na 1 0/0 [ 2001:db8:1::1 0/0 NoAddrsAvail ] \
         pd 1 0/0 [ 2001:db8:8::/56 0/0 NoPrefixAvail ]"
    );
}

#[test]
fn a_lease_outside_of_the_pools_is_replaced() {
    let mut lab = Lab::new(SUBNET);
    lab.ask(MessageType::Request, |q| na(q, 1, &["2001:db8:1::10e"]));
    let smaller =
        SUBNET.replace("2001:db8:1::100-2001:db8:1::10f", "2001:db8:1::200-2001:db8:1::20f");
    let fresh = Lab::new(&smaller);
    lab.config = fresh.config;
    lab.leases.configure(&lab.config.lease_specs());
    let answer = lab.ask(MessageType::Renew, |q| na(q, 1, &["2001:db8:1::10e"]));
    assert_eq!(answer, "REPLY na 1 1800/2880 [ 2001:db8:1::200 3600/7200 2001:db8:1::10e 0/0 ]");
    assert_eq!(lab.lease("2001:db8:1::10e"), None);
    assert_eq!(lab.statistic("subnet[1].assigned-nas").unwrap(), "Integer(1)");
}

#[test]
fn without_subnet_a_renewal_is_refused_and_a_rebinding_left_to_others() {
    let mut lab = Lab::new("");
    let both = |q: &mut Builder<'_>| {
        na(q, 1, &["2001:db8:1::1"]);
        pd(q, 2, &[]);
    };
    let answer = lab.ask(MessageType::Renew, both);
    assert_eq!(answer, "REPLY na 1 0/0 [ NoBinding ] pd 2 0/0 [ NoBinding ]");
    assert_eq!(lab.ask(MessageType::Rebind, both), "NoSubnet");
}

#[test]
fn a_young_lease_is_answered_as_it_is() {
    let caching = SUBNET.replace("\"id\": 1,", "\"id\": 1, \"cache-threshold\": 0.25,");
    let mut lab = Lab::new(&caching);
    request(&mut lab);
    lab.now += 2;
    let renew = |q: &mut Builder<'_>| {
        na(q, 1, &["2001:db8:1::105"]);
        pd(q, 2, &[]);
    };
    let answer = lab.ask(MessageType::Renew, renew);
    assert_eq!(
        answer,
        "REPLY na 1 1799/2878 [ 2001:db8:1::105 3598/7198 ] \
         pd 2 1799/2878 [ 2001:db8:8000::/56 3598/7198 ]"
    );
    assert_eq!(lab.lease("2001:db8:1::105").unwrap().cltt, NOW);
    assert!(lab.log.ids().contains(&"DHCP6_LEASE_REUSE"));
    assert!(lab.log.ids().contains(&"DHCP6_PD_LEASE_REUSE"));
    lab.now = NOW + 1800;
    let answer = lab.ask(MessageType::Renew, renew);
    assert!(answer.contains("2001:db8:1::105 3600/7200"), "{answer}");
    assert_eq!(lab.lease("2001:db8:1::105").unwrap().cltt, NOW + 1800);
}

#[test]
fn the_age_of_cached_leases_is_bounded() {
    for (members, age, remaining) in [
        ("\"cache-max-age\": 600", 600, "3000/6600"),
        ("\"cache-max-age\": 600", 601, "3600/7200"),
        ("\"cache-max-age\": 0, \"cache-threshold\": 0.5", 0, "3600/7200"),
        ("\"cache-max-age\": 0, \"cache-threshold\": 0.5", 100, "3600/7200"),
        ("\"cache-max-age\": 600, \"cache-threshold\": 0.0", 100, "3600/7200"),
    ] {
        let caching = SUBNET.replace("\"id\": 1,", &format!("\"id\": 1, {members},"));
        let mut lab = Lab::new(&caching);
        request(&mut lab);
        lab.now = NOW + age;
        let answer = lab.ask(MessageType::Request, |q| na(q, 1, &[]));
        assert!(answer.contains(remaining), "{members} {age}: {answer}");
    }
}

#[test]
fn confirm_tells_whether_addresses_are_on_the_link() {
    let mut lab = Lab::new(
        r#""shared-networks": [{ "name": "n", "interface": "eth0", "subnet6": [
            { "id": 1, "subnet": "2001:db8:1::/64" }, { "id": 2, "subnet": "2001:db8:2::/64" }] }]"#,
    );
    for (named, expected) in [
        (&["2001:db8:1::5"][..], "REPLY status Success"),
        (&["2001:db8:1::5", "2001:db8:2::5"], "REPLY status Success"),
        (&["2001:db8:1::5", "2001:db8:3::5"], "REPLY status NotOnLink"),
        (&[], "NothingAsked"),
    ] {
        assert_eq!(lab.ask(MessageType::Confirm, |q| na(q, 1, named)), expected, "{named:?}");
    }
    let prefix_only = lab.ask(MessageType::Confirm, |q| pd(q, 1, &["2001:db8:8000::/56"]));
    assert_eq!(prefix_only, "NothingAsked");
    assert_eq!(lab.statistic("pkt6-receive-drop").unwrap(), "Integer(0)");
    assert_eq!(
        Lab::new("").ask(MessageType::Confirm, |q| na(q, 1, &["2001:db8:1::5"])),
        "NoSubnet"
    );
}
