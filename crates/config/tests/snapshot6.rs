//! DHCPv6 configurations, from text to snapshot.

mod support;

use kea_config::snapshot::{IdentifierKind, MacSource, Triplet};
use kea_lease::{LeaseKind, SubnetId};
use kea_wire::V6;
use support::{errors, snapshot};

fn dhcp6(body: &str) -> String {
    format!("{{ \"Dhcp6\": {{ {body} }} }}")
}

#[test]
fn defaults_differ_from_those_of_dhcpv4() {
    let config = snapshot::<V6>(&dhcp6(r#""subnet6": [ { "id": 1, "subnet": "2001:db8::/32" } ]"#));
    let subnet = &config.subnets()[0];
    assert!(subnet.timers.calculate && !subnet.specific.rapid_commit);
    assert_eq!((subnet.timers.t1_percent, subnet.timers.t2_percent), (0.5, 0.8));
    assert_eq!(subnet.specific.preferred, Triplet { min: 3600, default: 3600, max: 3600 });
    assert_eq!(
        *config.server.reservation_identifiers,
        [IdentifierKind::HwAddress, IdentifierKind::Duid]
    );
    assert_eq!(*config.specific.mac_sources, [MacSource::Any]);
    assert_eq!(*config.specific.relay_supplied_options, [65]);
}

#[test]
fn prefix_pools_are_ranges_of_prefixes() {
    let config = snapshot::<V6>(&dhcp6(
        r#""subnet6": [ { "id": 1, "subnet": "2001:db8:1::/64",
             "pools": [ { "pool": "2001:db8:1::/80" } ],
             "pd-pools": [ { "prefix": "3000::", "prefix-len": 56, "delegated-len": 64,
                             "excluded-prefix": "3000:0:0:0:8000::", "excluded-prefix-len": 72 } ] } ]"#,
    ));
    let pools = &config.subnets()[0].pools;
    assert_eq!(pools[0].range.total(), 1 << 48);
    assert_eq!(pools[1].range.kind, LeaseKind::Prefix);
    assert_eq!(pools[1].range.total(), 256);
    assert_eq!(pools[1].specific.excluded.unwrap().to_string(), "3000::8000:0:0:0/72");
}

#[test]
fn relays_are_known_by_interface_id() {
    let config = snapshot::<V6>(&dhcp6(
        r#""subnet6": [ { "id": 1, "subnet": "2001:db8:1::/64", "interface-id": "vlan7" } ],
           "relay-supplied-options": [ "110", "dns-servers" ]"#,
    ));
    let ids: Vec<_> = config.subnets_of_interface_id(b"vlan7").map(|subnet| subnet.id).collect();
    assert_eq!(ids, [SubnetId(1)]);
    assert_eq!(*config.specific.relay_supplied_options, [23, 65, 110]);
}

#[test]
fn reservations_hold_addresses_and_prefixes() {
    let config = snapshot::<V6>(&dhcp6(
        r#""subnet6": [ { "id": 1, "subnet": "2001:db8:1::/64", "reservations": [
             { "duid": "01:02", "ip-addresses": [ "2001:db8:1::5", "2001:db8:1::6" ], "prefixes": [ "3000::/56" ] } ] } ]"#,
    ));
    let address = "2001:db8:1::6".parse().unwrap();
    let host = config.reservations.of_address(Some(SubnetId(1)), address).next().unwrap();
    assert_eq!(host.identifier[..], [1, 2]);
    assert_eq!(host.specific.prefixes[0].to_string(), "3000::/56");
}

#[test]
fn what_contradicts_itself_is_refused() {
    let text = r#"{ "Dhcp6": { "mac-sources": [], "server-id": { "type": "UUID" }, "rapid-commit": true,
  "subnet6": [ { "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0", "interface-id": "x",
    "pd-pools": [ { "prefix": "3000::", "prefix-len": 64, "delegated-len": 56 } ],
    "reservations": [ { "duid": "01", "ip-address": "2001:db8:1::1" },
                      { "duid": "02", "hw-address": "1:2:3:4:5:6" },
                      { "duid": "03", "ip-addresses": [ "2001:db8:2::1" ] } ] } ] } }"#;
    assert_eq!(
        errors::<V6>(text),
        [
            "'mac-sources' must not be empty (kea.conf:1:29)",
            "'type' cannot be 'UUID' (kea.conf:1:56); it is one of 'LLT', 'EN', 'LL'",
            "unknown parameter 'rapid-commit' in global (kea.conf:1:66); 'rapid-commit' is set per subnet or shared network",
            "unknown parameter 'ip-address' in reservation (kea.conf:4:39); DHCPv6 reservations take a list: 'ip-addresses'",
            "'delegated-len' 56 is less than 'prefix-len' 64 (kea.conf:3:76)",
            "'interface' and 'interface-id' exclude each other (kea.conf:2:93)",
            "a reservation has exactly one identifier (kea.conf:5:33)",
            "reserved address 2001:db8:2::1 is not inside subnet 2001:db8:1::/64 (kea.conf:6:57)",
        ]
    );
}
