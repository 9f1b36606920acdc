//! What configured options answers carry, and of which scope.

use super::*;

fn asking(codes: &[u16]) -> impl Fn(&mut Builder<'_>) + '_ {
    move |q| {
        q.codes(code::ORO, codes);
        na(q, 1, &[]);
    }
}

/// The options of an answer, without the associations.
fn tail(answer: &str) -> &str {
    answer.rsplit_once(']').map_or(answer, |(_, tail)| tail.trim())
}

const DNS: &str = r#""option-data": [{ "name": "dns-servers", "data": "2001:db8::53" },
    { "name": "domain-search", "data": "example.org" }], "#;

#[test]
fn options_are_sent_when_asked_for_and_in_order() {
    let mut lab = Lab::new(&format!("{DNS}{SUBNET}"));
    let answer = lab.ask(MessageType::Solicit, asking(&[24, 31, 23]));
    assert_eq!(tail(&answer), "23=20010db8000000000000000000000053 24=076578616d706c65036f726700");
    assert_eq!(tail(&lab.ask(MessageType::Solicit, asking(&[]))), "");
    let protocol = asking(&[1, 2, 3, 13, 14, 25]);
    assert_eq!(tail(&lab.ask(MessageType::Solicit, protocol)), "");
}

#[test]
fn always_send_holds_though_another_scope_gives_the_value() {
    let members = SUBNET.replace(
        "\"id\": 1,",
        r#""id": 1, "option-data": [{ "name": "preference", "data": "20" }],"#,
    );
    let mut lab = Lab::new(&format!(
        r#""option-data": [{{ "name": "preference", "data": "10", "always-send": true }}], {members}"#
    ));
    assert_eq!(tail(&lab.ask(MessageType::Solicit, asking(&[]))), "7=14");
}

#[test]
fn the_nearest_scope_decides() {
    let option = |n: u32| {
        format!(r#""option-data": [{{ "name": "information-refresh-time", "data": "{n}" }}]"#)
    };
    // Scopes from the nearest to the farthest; each test leaves one more out.
    let scopes = [6, 5, 4, 3, 2, 1];
    for skipped in 0..scopes.len() {
        let part = |at: usize| {
            if at < skipped { String::new() } else { format!("{},", option(scopes[at])) }
        };
        let (host, pool, subnet) = (part(0), part(1), part(2));
        let (network, class, global) = (part(3), part(4), part(5));
        let mut lab = Lab::new(&format!(
            r#"{global}
            "client-classes": [{{ {class} "name": "all", "test": "member('ALL')" }}],
            "shared-networks": [{{ {network} "name": "n", "interface": "eth0", "subnet6": [{{ {subnet}
              "id": 1, "subnet": "2001:db8:1::/64",
              "pools": [{{ {pool} "pool": "2001:db8:1::/80" }}],
              "reservations": [{{ {host} "hostname": "h", "duid": "00:03:00:01:02:00:00:00:00:01" }}] }}] }}]"#
        ));
        let answer = lab.ask(MessageType::Solicit, asking(&[32]));
        assert_eq!(tail(&answer), format!("32=0000000{}", scopes[skipped]), "{skipped}");
    }
}

#[test]
fn every_pool_that_gives_a_lease_gives_its_options() {
    let mut lab = Lab::new(
        r#""subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
            "option-data": [{ "name": "sntp-servers", "data": "2001:db8::1" },
                            { "name": "dns-servers", "data": "2001:db8::1" }],
            "pools": [{ "pool": "2001:db8:1::/80",
                "option-data": [{ "name": "dns-servers", "data": "2001:db8::2" }] }],
            "pd-pools": [{ "prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56,
                "option-data": [{ "name": "sntp-servers", "data": "2001:db8::3" }] }] }]"#,
    );
    let both = lab.ask(MessageType::Solicit, |q| {
        q.codes(code::ORO, &[23, 31]);
        na(q, 1, &[]);
        pd(q, 1, &[]);
    });
    assert!(both.contains(" 23=20010db8000000000000000000000002 "), "{both}");
    assert!(both.ends_with(" 31=20010db8000000000000000000000003"), "{both}");
    let addresses = lab.ask(MessageType::Solicit, asking(&[23, 31]));
    assert_eq!(
        tail(&addresses),
        "23=20010db8000000000000000000000002 31=20010db8000000000000000000000001"
    );
}

#[test]
fn on_a_shared_network_the_last_subnet_decides() {
    let mut lab = Lab::new(
        r#""shared-networks": [{ "name": "n", "interface": "eth0", "subnet6": [
            { "id": 1, "subnet": "2001:db8:1::/64", "pools": [{ "pool": "2001:db8:1::/80",
                "option-data": [{ "name": "sntp-servers", "data": "2001:db8::7" }] }],
              "option-data": [{ "name": "dns-servers", "data": "2001:db8::1" }] },
            { "id": 2, "subnet": "2001:db8:2::/64",
              "pd-pools": [{ "prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56 }],
              "option-data": [{ "name": "dns-servers", "data": "2001:db8::2" }] }] }]"#,
    );
    let answer = lab.ask(MessageType::Request, |q| {
        q.codes(code::ORO, &[23, 31]);
        na(q, 1, &[]);
        pd(q, 1, &[]);
    });
    assert!(answer.contains(" 23=20010db8000000000000000000000002 "), "{answer}");
    assert!(answer.ends_with(" 31=20010db8000000000000000000000007"), "{answer}");
}

#[test]
fn a_part_of_each_prefix_is_excluded_for_those_who_ask() {
    let mut lab = Lab::new(
        r#""subnet6": [{ "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
            "pd-pools": [{ "prefix": "2001:db8:8000::", "prefix-len": 48, "delegated-len": 56,
                "excluded-prefix": "2001:db8:8000:0:ff00::", "excluded-prefix-len": 72 }] }]"#,
    );
    for prefix in ["2001:db8:8000::/56", "2001:db8:8000:300::/56"] {
        let answer = lab.ask(MessageType::Request, |q| {
            q.codes(code::ORO, &[67]);
            pd(q, u32::from(prefix.len() > 18), &[prefix]);
        });
        assert!(answer.ends_with(&format!("[ {prefix} 3600/7200 67=4800ff ]")), "{answer}");
    }
    let unasked = lab.ask(MessageType::Request, |q| pd(q, 0, &[]));
    assert!(unasked.ends_with("[ 2001:db8:8000::/56 3600/7200 ]"), "{unasked}");
}

#[test]
fn information_requests_need_no_identity_and_no_subnet() {
    let mut lab = Lab::new(DNS.trim_end().trim_end_matches(','));
    let mut datagram = Vec::new();
    Builder::new(&mut datagram, MessageType::InformationRequest, 5)
        .codes(code::ORO, &[23])
        .finish()
        .unwrap();
    let answer = lab.decide(&datagram).unwrap();
    let answer = View::parse(&answer).unwrap();
    let options: Vec<u16> = answer.options().iter().map(|(code, _)| code).collect();
    assert_eq!((answer.message_type(), options), (MessageType::Reply, vec![2, 23]));
    let named = lab.ask(MessageType::InformationRequest, |q| {
        q.codes(code::ORO, &[23]);
    });
    assert_eq!(named, "REPLY 23=20010db8000000000000000000000053");
    assert_eq!(lab.statistic("pkt6-infrequest-received").unwrap(), "Integer(2)");
}

#[test]
fn an_information_request_gets_the_options_of_its_subnet() {
    let subnet = SUBNET.replace(
        "\"id\": 1,",
        r#""id": 1, "option-data": [{ "name": "dns-servers", "data": "2001:db8:1::53" }],"#,
    );
    let mut lab = Lab::new(&format!("{DNS}{subnet}"));
    let answer = lab.ask(MessageType::InformationRequest, |q| {
        q.codes(code::ORO, &[23]);
    });
    assert_eq!(answer, "REPLY 23=20010db8000100000000000000000053");
}

const CABLE: &str = r#""option-data": [{ "name": "vendor-opts", "data": "4491" },
    { "name": "tftp-servers", "space": "vendor-4491", "data": "2001:db8::69" },
    { "code": 7, "space": "vendor-999", "csv-format": false, "data": "0a", "always-send": true }], "#;

#[test]
fn vendor_options_go_by_enterprise() {
    let mut lab = Lab::new(&format!("{CABLE}{SUBNET}"));
    const ALWAYS: &str = "vendor 999 [ 7=0a ]";
    const TFTP: &str = "32=20010db8000000000000000000000069";
    let class_only = lab.ask(MessageType::Solicit, |q| {
        q.vendor_class(4491, &[b"docsis3.0"]);
    });
    assert_eq!(class_only, format!("ADVERTISE {ALWAYS}"));
    let container = lab.ask(MessageType::Solicit, |q| {
        q.codes(code::ORO, &[17]);
    });
    assert_eq!(container, format!("ADVERTISE {ALWAYS} vendor 4491 [ ]"));
    let requested = lab.ask(MessageType::Solicit, |q| {
        q.vendor_opts(4491, |vendor| {
            vendor.codes(1, &[32, 2]);
        });
    });
    assert_eq!(requested, format!("ADVERTISE {ALWAYS} vendor 4491 [ {TFTP} ]"));
}

#[test]
fn required_classes_are_evaluated_once_the_subnet_is_known() {
    let subnet = SUBNET.replace("\"id\": 1,", r#""id": 1, "require-client-classes": ["late"],"#);
    let mut lab = Lab::new(&format!(
        r#""client-classes": [{{ "name": "late", "test": "member('ALL')", "only-if-required": true,
            "option-data": [{{ "name": "dns-servers", "data": "2001:db8::99" }}] }}], {subnet}"#
    ));
    let answer = lab.ask(MessageType::Solicit, asking(&[23]));
    assert_eq!(tail(&answer), "23=20010db8000000000000000000000099");
}

#[test]
fn address_registration_is_announced_to_those_who_ask() {
    let mut lab = Lab::new(SUBNET);
    let enabled = lab.config.specific.allow_address_registration;
    assert!(enabled);
    let answer = lab.ask(MessageType::InformationRequest, |q| {
        q.codes(code::ORO, &[code::ADDR_REG_ENABLE]);
    });
    assert_eq!(answer, "REPLY 148=");
}
