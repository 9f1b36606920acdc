//! DHCPv4 configurations, from text to snapshot.

mod support;

use std::net::Ipv4Addr;

use kea_config::snapshot::{Durability, IdentifierKind, LeaseDatabase, Triplet};
use kea_expr::{ClassId, ClassSet};
use kea_lease::SubnetId;
use kea_wire::V4;
use support::{errors, snapshot};

fn ip(text: &str) -> Ipv4Addr {
    text.parse().unwrap()
}

fn dhcp4(body: &str) -> String {
    format!("{{ \"Dhcp4\": {{ {body} }} }}")
}

#[test]
fn the_nearest_scope_decides_each_parameter() {
    let config = snapshot::<V4>(&dhcp4(
        r#""subnet4": [ { "id": 3, "subnet": "192.0.2.0/24", "max-valid-lifetime": 900 } ],
           "shared-networks": [ { "name": "n", "renew-timer": 50, "match-client-id": false,
             "subnet4": [ { "id": 2, "subnet": "198.51.100.0/24", "renew-timer": 70 },
                          { "id": 1, "subnet": "203.0.113.0/24", "next-server": "0.0.0.0" } ] } ],
           "valid-lifetime": 600, "next-server": "192.0.2.9", "renew-timer": 100, "boot-file-name": "f""#,
    ));
    let ids: Vec<_> = config.subnets().iter().map(|subnet| subnet.id.0).collect();
    assert_eq!(ids, [1, 2, 3]);
    let [one, two, three] = config.subnets() else { panic!() };
    assert_eq!(three.valid, Triplet { min: 600, default: 600, max: 900 });
    assert_eq!(two.valid, Triplet { min: 600, default: 600, max: 600 });
    let renew = [one, two, three].map(|subnet| subnet.timers.renew);
    assert_eq!(renew, [Some(50), Some(70), Some(100)]);
    assert_eq!([one, two, three].map(|s| s.specific.match_client_id), [false, false, true]);
    let next = [one, two, three].map(|subnet| subnet.specific.boot.next_server.unwrap());
    assert_eq!(next, [ip("0.0.0.0"), ip("192.0.2.9"), ip("192.0.2.9")]);
    assert_eq!(one.specific.boot.boot_file_name.as_deref(), Some("f"));
    assert_eq!((one.timers.t1_percent, one.timers.t2_percent), (0.5, 0.875));
    assert_eq!(config.network_of(one).unwrap().name.as_ref(), "n");
    assert!(config.network_of(three).is_none());
}

#[test]
fn defaults_are_those_of_the_manual() {
    let config = snapshot::<V4>(&dhcp4(""));
    assert_eq!(config.valid, Triplet { min: 7200, default: 7200, max: 7200 });
    assert_eq!(config.server.decline_probation_period, 86400);
    assert_eq!(config.server.parked_packet_limit, 256);
    let kinds = config.server.reservation_identifiers.iter().map(|kind| kind.name());
    assert_eq!(kinds.collect::<Vec<_>>(), ["hw-address", "duid", "circuit-id", "client-id"]);
    assert!(config.specific.echo_client_id && config.specific.match_client_id);
    assert!(!config.timers.calculate && !config.specific.authoritative);
    let LeaseDatabase::Memfile(memfile) = &config.lease_database else { panic!() };
    assert!(memfile.persist);
    assert_eq!((memfile.lfc_interval, memfile.max_row_errors), (3600, 0));
    assert_eq!(memfile.durability, Durability::PowerLoss);
    assert_eq!(config.dhcp_ddns.server, ("127.0.0.1".parse().unwrap(), 53001));
    assert_eq!(&*config.ddns.generated_prefix, "myhost");
    assert_eq!(config.ddns.invalid_characters.as_ref().unwrap().as_str(), "[^A-Za-z0-9.-]");
    assert!(config.interfaces.interfaces.is_empty() && config.interfaces.re_detect);
    let expired = &config.expired_leases;
    let waits = (expired.reclaim_timer_wait_time, expired.flush_reclaimed_timer_wait_time);
    assert_eq!((waits, expired.hold_reclaimed_time), ((10, 25), 3600));
    let limits = (expired.max_reclaim_leases, expired.max_reclaim_time_ms);
    assert_eq!((limits, expired.unwarned_reclaim_cycles), ((100, 250), 5));
}

#[test]
fn queries_find_their_subnets() {
    let config = snapshot::<V4>(&dhcp4(
        r#""subnet4": [
             { "id": 9, "subnet": "10.0.0.0/8" },
             { "id": 4, "subnet": "10.1.0.0/16", "relay": { "ip-addresses": [ "192.0.2.7" ] } },
             { "id": 5, "subnet": "192.0.2.0/24", "interface": "eth1" } ],
           "shared-networks": [ { "name": "n", "relay": { "ip-address": "192.0.2.7" }, "interface": "eth1",
             "subnet4": [ { "id": 1, "subnet": "198.51.100.0/24" } ] } ]"#,
    ));
    let ids = |found: &mut dyn Iterator<Item = u32>| found.collect::<Vec<_>>();
    assert_eq!(ids(&mut config.subnets_containing(ip("10.1.2.3")).map(|s| s.id.0)), [4, 9]);
    assert_eq!(ids(&mut config.subnets_containing(ip("11.0.0.1")).map(|s| s.id.0)), []);
    assert_eq!(ids(&mut config.subnets_of_relay(ip("192.0.2.7")).map(|s| s.id.0)), [4, 1]);
    assert_eq!(ids(&mut config.subnets_on_interface("eth1").map(|s| s.id.0)), [5, 1]);
    assert_eq!(config.subnet(SubnetId(5)).unwrap().prefix.to_string(), "192.0.2.0/24");
    assert!(config.subnet(SubnetId(6)).is_none());
}

#[test]
fn options_are_bytes_in_order_of_precedence() {
    let config = snapshot::<V4>(&dhcp4(
        r#""option-def": [ { "name": "blob", "code": 222, "type": "record", "record-types": "uint16, string" } ],
           "option-data": [ { "name": "routers", "data": "192.0.2.254" } ],
           "shared-networks": [ { "name": "n",
             "option-data": [ { "name": "routers", "data": "192.0.2.3", "always-send": true },
                              { "code": 222, "data": "513, a\\,b" } ],
             "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24",
               "option-data": [ { "name": "routers", "data": "192.0.2.2" } ],
               "pools": [ { "pool": "192.0.2.10-192.0.2.20",
                 "option-data": [ { "code": 3, "data": "C0 00 02 01", "csv-format": false } ] },
                 { "pool": "192.0.2.64/28" } ] } ] } ]"#,
    ));
    let subnet = &config.subnets()[0];
    let nobody = ClassSet::new();
    let routers = subnet.pools[0].options.get("dhcp4", 3);
    let values: Vec<_> = routers.as_slice().iter().map(|option| option.data.to_vec()).collect();
    assert_eq!(values, [[192, 0, 2, 1], [192, 0, 2, 2], [192, 0, 2, 3]]);
    let chosen: Vec<_> = routers.chosen(&nobody).map(|option| option.data.to_vec()).collect();
    assert_eq!(chosen, [[192, 0, 2, 1]]);
    // The flag holds although another scope supplies the value.
    assert!(routers.sending(&nobody).is_some_and(|sending| sending.always));
    let blob = subnet.options.get("dhcp4", 222);
    assert_eq!(blob.as_slice()[0].data.as_ref(), [2, 1, b'a', b',', b'b']);
    assert!(std::sync::Arc::ptr_eq(&subnet.pools[1].options, &subnet.options));
    assert_eq!(config.options.get("dhcp4", 3).as_slice()[0].data.as_ref(), [192, 0, 2, 254]);
}

#[test]
fn sub_options_join_the_container_of_their_scope() {
    let config = snapshot::<V4>(&dhcp4(
        r#""option-data": [ { "name": "vendor-encapsulated-options" },
                            { "name": "foo", "space": "vendor-encapsulated-options-space", "data": "258" } ],
           "option-def": [ { "name": "foo", "code": 7, "type": "uint16", "space": "vendor-encapsulated-options-space" } ],
           "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "option-data": [ { "code": 43 } ] } ]"#,
    ));
    assert_eq!(config.options.get("dhcp4", 43).as_slice()[0].data.as_ref(), [7, 2, 1, 2]);
    assert!(config.subnets()[0].options.get("dhcp4", 43).as_slice()[0].data.is_empty());
}

#[test]
fn class_tags_and_the_flags_choose_among_options() {
    let config = snapshot::<V4>(&dhcp4(
        r#""client-classes": [ { "name": "gold", "test": "option[60].hex == 'gold'" } ],
           "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "client-class": "gold",
             "option-data": [ { "name": "domain-name", "data": "gold.example", "client-classes": [ "gold" ] },
                              { "name": "domain-name", "data": "plain.example" },
                              { "name": "log-servers", "data": "192.0.2.1", "never-send": true } ] } ]"#,
    ));
    let gold = config.classes.names().id("gold").unwrap();
    let subnet = &config.subnets()[0];
    let mut classes = ClassSet::new();
    classes.insert(ClassId::ALL);
    assert!(!subnet.guard.admits(&classes));
    let names = subnet.options.get("dhcp4", 15);
    let first = |classes: &ClassSet| names.chosen(classes).next().unwrap().data[0..6].to_vec();
    assert_eq!(first(&classes), b"plain.");
    classes.insert(gold);
    assert_eq!(first(&classes), b"gold.e");
    assert!(subnet.guard.admits(&classes));
    let forbidden = subnet.options.get("dhcp4", 7).sending(&classes);
    assert!(forbidden.is_some_and(|sending| sending.never));
}

#[test]
fn reservations_are_found_by_identifier_and_address() {
    let config = snapshot::<V4>(&dhcp4(
        r#""reservations": [ { "client-id": "01:0a", "hostname": "anywhere" } ],
           "subnet4": [ { "id": 7, "subnet": "192.0.2.0/24",
             "pools": [ { "pool": "192.0.2.10 - 192.0.2.20" } ],
             "reservations": [
               { "hw-address": "1a:1b:1c:1d:1e:1f", "ip-address": "192.0.2.201", "next-server": "192.0.2.1" },
               { "duid": "010203", "ip-address": "192.0.2.11", "client-classes": [ "KNOWN" ] },
               { "circuit-id": "'port 1'", "option-data": [ { "name": "routers", "data": "192.0.2.4" } ] } ] } ]"#,
    ));
    let seven = Some(SubnetId(7));
    let hosts = &config.reservations;
    let mac = [0x1a, 0x1b, 0x1c, 0x1d, 0x1e, 0x1f];
    let host = hosts.find(seven, IdentifierKind::HwAddress, &mac).unwrap();
    assert_eq!(host.addresses[0], ip("192.0.2.201"));
    assert_eq!(host.specific.next_server, Some(ip("192.0.2.1")));
    assert!(hosts.find(None, IdentifierKind::HwAddress, &mac).is_none());
    assert!(hosts.find(seven, IdentifierKind::ClientId, &mac).is_none());
    let port = hosts.find(seven, IdentifierKind::CircuitId, b"port 1").unwrap();
    let routers = port.options.as_ref().unwrap().get("dhcp4", 3);
    assert_eq!(routers.as_slice()[0].data.as_ref(), [192, 0, 2, 4]);
    assert_eq!(
        &*hosts.find(None, IdentifierKind::ClientId, &[1, 10]).unwrap().hostname,
        "anywhere"
    );
    let holders: Vec<_> = hosts.of_address(seven, ip("192.0.2.11")).map(|host| host.kind).collect();
    assert_eq!(holders, [IdentifierKind::Duid]);
    let specs = config.lease_specs();
    // Inside the pools or not: what is reserved for one client is not given to another.
    assert_eq!(specs[0].reserved, [ip("192.0.2.201"), ip("192.0.2.11")]);
}

#[test]
fn malformed_and_contradictory_values_are_reported_together() {
    let text = r#"{ "Dhcp4": {
  "valid-lifetime": "3600",
  "subnets4": [],
  "lease-database": { "type": "memfil" },
  "subnet4": [
    { "id": 1, "subnet": "192.0.2.0/24",
      "pools": [ { "pool": "192.0.2.10 - 192.0.2.20" }, { "pool": "192.0.2.16/28" }, { "pool": "192.0.3.0/28" } ],
      "option-data": [ { "name": "routers", "data": "192.0.2.1, 192.0.2.999" } ] },
    { "id": 1, "subnet": "192.0.2.0/24" },
    { "subnet": "192.0.2.0" } ] } }"#;
    let expected = [
        "'valid-lifetime' must be an integer, not a string (kea.conf:2:21)",
        "unknown parameter 'subnets4' in global (kea.conf:3:3); did you mean 'subnet4'?",
        "'type' cannot be 'memfil' (kea.conf:4:31); did you mean 'memfile'?",
        "option 'routers': field 2 is not a valid ipv4-address: expected an address (kea.conf:8:65)",
        "pool 192.0.3.0/28 is not inside subnet 192.0.2.0/24 (kea.conf:7:96)",
        "pool 192.0.2.16 - 192.0.2.31 overlaps pool 192.0.2.10 - 192.0.2.20 of the same subnet (kea.conf:7:67)",
        "'192.0.2.0' is not a prefix: there is no '/' and length (kea.conf:10:17); a prefix is written ADDRESS/LENGTH",
        "subnet 192.0.2.0/24 is defined twice (kea.conf:9:26)",
        "subnet identifier 1 is used by both 192.0.2.0/24 and 192.0.2.0/24 (kea.conf:9:13)",
    ];
    assert_eq!(errors::<V4>(text), expected);
}

#[test]
fn config_get_shows_what_holds_in_todays_names() {
    let config = snapshot::<V4>(&dhcp4(
        r#""comment": "hello", "reservation-mode": "global", "valid-lifetime": 300, "max-valid-lifetime": 400,
           "dhcp-ddns": { "enable-updates": false, "generated-prefix": "q" },
           "subnet4": [ { "subnet": "192.0.2.1/24", "relay": { "ip-address": "1.1.1.1" },
             "pools": [ { "pool": "192.0.2.32 - 192.0.2.40" } ],
             "option-data": [ { "code": 222, "data": "0102" }, { "code": 3, "data": "1.2.3.4" } ] } ]"#,
    ));
    let rendered = config.render();
    let kea_config::document::Value::Map(top) = &rendered else { panic!() };
    let server = top.get("Dhcp4").unwrap().as_map().unwrap();
    let show = |name: &str| server.get(name).map_or("absent".into(), ToString::to_string);
    assert_eq!(show("user-context"), r#"{ "comment": "hello" }"#);
    assert_eq!(show("reservations-global"), "true");
    assert_eq!(show("reservations-in-subnet"), "false");
    assert_eq!(show("ddns-generated-prefix"), "\"q\"");
    assert_eq!(show("reservation-mode"), "absent");
    assert_eq!(
        show("expired-leases-processing"),
        r#"{ "flush-reclaimed-timer-wait-time": 25, "hold-reclaimed-time": 3600, "max-reclaim-leases": 100, "max-reclaim-time": 250, "reclaim-timer-wait-time": 10, "unwarned-reclaim-cycles": 5 }"#
    );
    assert_eq!(
        show("subnet4"),
        r#"[ { "4o6-interface": "", "4o6-interface-id": "", "4o6-subnet": "", "calculate-tee-times": false, "id": 1, "max-valid-lifetime": 400, "min-valid-lifetime": 300, "option-data": [ { "always-send": false, "code": 222, "csv-format": false, "data": "0102", "space": "dhcp4" }, { "always-send": false, "code": 3, "csv-format": true, "data": "1.2.3.4", "name": "routers", "space": "dhcp4" } ], "pools": [ { "option-data": [ ], "pool": "192.0.2.32-192.0.2.40" } ], "relay": { "ip-addresses": [ "1.1.1.1" ] }, "reservations": [ ], "store-extended-info": false, "subnet": "192.0.2.1/24", "t1-percent": 0.5, "t2-percent": 0.875, "valid-lifetime": 300 } ]"#
    );
    // What is rendered can be loaded again, and renders the same.
    let again = snapshot::<V4>(&rendered.to_pretty());
    assert_eq!(again.render().to_string(), rendered.to_string());
}

/// One configuration error each, and the beginning of what is said about it.
const REFUSED: &[(&str, &str)] = &[
    (r#""t1-percent": 1"#, "'t1-percent' must be a floating point number"),
    (
        r#""calculate-tee-times": true, "t1-percent": 0.9, "subnet4": [ { "subnet": "192.0.2.0/24" } ]"#,
        "'t1-percent' 0.9 is not less than 't2-percent' 0.875",
    ),
    (r#""min-valid-lifetime": 8000"#, "'valid-lifetime' 7200 is not between its least 8000"),
    (
        r#""max-valid-lifetime": 9000, "shared-networks": [ { "name": "n", "valid-lifetime": 9001 } ]"#,
        "'valid-lifetime' 9001 is not between its least 9001 and its greatest 9000",
    ),
    (r#""loggers": []"#, "'loggers' must not be empty"),
    (r#""sanity-checks": { "comment": "x" }"#, "unknown parameter 'comment' in sanity-checks"),
    (r#""boot-file-name": 1"#, "'boot-file-name' must be a string, not an integer"),
    (r#""dhcp-ddns": { "ncr-protocol": "TCP" }"#, "'ncr-protocol' TCP is not supported"),
    (
        r#""reservation-mode": "all", "reservations-global": true"#,
        "'reservation-mode' and 'reservations-global' exclude",
    ),
    (
        r#""interfaces-config": { "interfaces": [ "eth0", "eth0" ] }"#,
        "interface 'eth0' is given twice",
    ),
    (
        r#""option-data": [ { "name": "routers", "code": 6, "data": "192.0.2.1" } ]"#,
        "option 'routers' has code 3, not 6",
    ),
    (
        r#""option-data": [ { "code": 231, "csv-format": true, "data": "1" } ]"#,
        "option 231 of space 'dhcp4' has no definition",
    ),
    (
        r#""option-def": [ { "name": "x", "code": 3, "type": "uint8" } ]"#,
        "option 3 is the standard option 'routers'",
    ),
    (
        r#""client-classes": [ { "name": "a", "option-def": [ { "name": "x", "code": 209, "type": "uint8" } ] } ]"#,
        "a class cannot define option 209",
    ),
    (
        r#""client-classes": [ { "name": "a", "test": "member('b')" }, { "name": "b" } ]"#,
        "class 'a' depends on class 'b', which is not defined before it",
    ),
    (
        r#""client-classes": [ { "name": "a", "test": "member('KNOWN')", "template-test": "'x'" } ]"#,
        "a class has either 'test' or 'template-test'",
    ),
    (
        r#""shared-networks": [ { "name": "n", "subnet4": [
             { "id": 1, "subnet": "192.0.2.0/24", "authoritative": true }, { "id": 2, "subnet": "198.51.100.0/24" } ] } ]"#,
        "subnets of shared network 'n' differ in 'authoritative'",
    ),
    (
        r#""calculate-tee-times": true, "t2-percent": 1.5, "subnet4": [ { "subnet": "192.0.2.0/24" } ]"#,
        "'t2-percent' must be between 0.0 and 1.0, both excluded",
    ),
    (
        r#""subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "relay": {} } ]"#,
        "'relay' needs exactly one of 'ip-addresses' and the older 'ip-address'",
    ),
    (
        r#""subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "reservations": [
             { "hw-address": "1:2:3:4:5:6", "ip-address": "192.0.2.5" },
             { "hw-address": "01:02:03:04:05:06" } ] } ]"#,
        "hw-address 01:02:03:04:05:06 is reserved twice",
    ),
    (
        r#""subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "reservations": [
             { "hw-address": "1:2:3:4:5:6", "ip-address": "192.0.2.5" },
             { "hw-address": "1:2:3:4:5:7", "ip-address": "192.0.2.5" } ] } ]"#,
        "address 192.0.2.5 is reserved for two clients",
    ),
];

#[test]
fn each_documented_mistake_is_refused_in_its_own_words() {
    for (body, expected) in REFUSED {
        let said = errors::<V4>(&dhcp4(body));
        assert!(said.len() == 1 && said[0].starts_with(expected), "{body}: {said:?}");
    }
    let said = errors::<V4>(r#"{ "Dhcp4": {}, "Logging": {} }"#);
    assert!(said[0].starts_with("unsupported object 'Logging' (kea.conf:1:16)"), "{said:?}");
}

#[test]
fn prefixes_are_compared_as_written_and_overlaps_of_subnets_are_fine() {
    let config = snapshot::<V4>(&dhcp4(
        r#""ip-reservations-unique": false, "subnet4": [
             { "id": 1, "subnet": "192.0.2.0/24", "pools": [ { "pool": "192.0.2.0/28" } ] },
             { "id": 2, "subnet": "192.0.2.1/24", "pools": [ { "pool": "192.0.2.0/28" } ], "reservations": [
               { "hw-address": "1:2:3:4:5:6", "ip-address": "192.0.2.5" },
               { "hw-address": "1:2:3:4:5:7", "ip-address": "192.0.2.5" } ] } ]"#,
    ));
    assert_eq!(&*config.subnets()[1].prefix_text, "192.0.2.1/24");
    assert_eq!(config.subnets()[0].pools[0].range.total(), 16);
    assert_eq!(config.reservations.of_address(Some(SubnetId(2)), ip("192.0.2.5")).count(), 2);
}

#[test]
fn subnets_of_networks_are_numbered_first_as_kea_does() {
    let config = snapshot::<V4>(&dhcp4(
        r#""subnet4": [ { "subnet": "192.0.2.0/24" } ],
           "shared-networks": [ { "name": "n", "subnet4": [ { "subnet": "198.51.100.0/24" } ] } ]"#,
    ));
    let texts: Vec<_> = config.subnets().iter().map(|s| (s.id.0, &*s.prefix_text)).collect();
    assert_eq!(texts, [(1, "198.51.100.0/24"), (2, "192.0.2.0/24")]);
}
