//! Where a value comes from: one test for each rule that is easily got wrong (manual, "DHCPv4 Server" and
//! "DHCPv6 Server").

mod support;

use kea_config::snapshot::{
    BootFields, ConflictResolution, Dialect, ReplaceClientName, ReservationSearch, Triplet,
};
use kea_expr::ClassSet;
use kea_wire::{V4, V6};
use support::{errors, snapshot, warnings};

fn dhcp4(body: &str) -> String {
    format!("{{ \"Dhcp4\": {{ {body} }} }}")
}

fn dhcp6(body: &str) -> String {
    format!("{{ \"Dhcp6\": {{ {body} }} }}")
}

/// A network with two subnets around `network`, `first` and `second`, beside the members `global`.
fn nested(global: &str, network: &str, first: &str, second: &str) -> String {
    let comma =
        |members: &str| if members.is_empty() { String::new() } else { format!(", {members}") };
    let (network, first, second) = (comma(network), comma(first), comma(second));
    dhcp4(&format!(
        r#""shared-networks": [ {{ "name": "n" {network}, "subnet4": [
             {{ "id": 1, "subnet": "192.0.2.0/24" {first} }},
             {{ "id": 2, "subnet": "198.51.100.0/24" {second} }} ] }} ],
           {global}"#
    ))
}

#[test]
fn a_parameter_below_in_the_file_is_inherited_above() {
    let config = snapshot::<V6>(&dhcp6(
        r#""subnet6": [ { "id": 1, "subnet": "2001:db8::/64" } ], "valid-lifetime": 900, "preferred-lifetime": 500"#,
    ));
    let subnet = &config.subnets()[0];
    assert_eq!(subnet.valid.default, 900);
    assert_eq!(subnet.specific.preferred.default, 500);
}

#[test]
fn each_bound_of_a_lifetime_is_inherited_on_its_own() {
    let config = snapshot::<V4>(&nested(
        r#""min-valid-lifetime": 100, "valid-lifetime": 200, "max-valid-lifetime": 300"#,
        r#""max-valid-lifetime": 1000"#,
        r#""valid-lifetime": 500"#,
        "",
    ));
    let valid = |n: usize| config.subnets()[n].valid;
    assert_eq!(valid(0), Triplet { min: 100, default: 500, max: 1000 });
    assert_eq!(valid(1), Triplet { min: 100, default: 200, max: 1000 });
}

#[test]
fn a_class_inherits_no_lifetime_and_one_bound_alone_is_its_default() {
    let config = snapshot::<V4>(&dhcp4(
        r#""valid-lifetime": 4000, "client-classes": [
             { "name": "none" }, { "name": "least", "min-valid-lifetime": 60 },
             { "name": "all", "min-valid-lifetime": 60, "valid-lifetime": 70, "max-valid-lifetime": 80 } ]"#,
    ));
    let valid: Vec<_> = config.classes.iter().map(|class| class.valid).collect();
    let same = Triplet { min: 60, default: 60, max: 60 };
    assert_eq!(valid, [None, Some(same), Some(Triplet { min: 60, default: 70, max: 80 })]);
    let said = errors::<V4>(&dhcp4(
        r#""client-classes": [ { "name": "a", "min-valid-lifetime": 1, "max-valid-lifetime": 2 } ]"#,
    ));
    assert!(said[0].starts_with("'min-valid-lifetime' and 'max-valid-lifetime' need"), "{said:?}");
}

#[test]
fn a_timer_given_anywhere_above_goes_before_the_computed_one() {
    let config = snapshot::<V4>(&nested(
        r#""renew-timer": 900"#,
        r#""calculate-tee-times": true"#,
        r#""t1-percent": 0.3, "t2-percent": 0.6"#,
        r#""rebind-timer": 1800, "calculate-tee-times": false"#,
    ));
    let [one, two] = config.subnets() else { panic!() };
    assert_eq!((one.timers.renew, one.timers.rebind), (Some(900), None));
    assert!(one.timers.calculate);
    assert_eq!((one.timers.t1_percent, one.timers.t2_percent), (0.3, 0.6));
    assert_eq!((two.timers.renew, two.timers.rebind), (Some(900), Some(1800)));
    assert!(!two.timers.calculate);
}

#[test]
fn timers_in_the_wrong_order_are_told_where_they_are_used() {
    let in_use = r#""renew-timer": 20, "rebind-timer": 10,
        "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24" }, { "id": 2, "subnet": "198.51.100.0/24" } ]"#;
    assert_eq!(
        warnings::<V4>(&dhcp4(in_use)),
        [
            "'renew-timer' 20 is greater than 'rebind-timer' 10 (kea.conf:1:29); T1 is left to the client"
        ]
    );
    let overridden = in_use.replace("/24\" }", "/24\", \"renew-timer\": 5 }");
    assert_eq!(warnings::<V4>(&dhcp4(&overridden)), [] as [&str; 0]);
}

#[test]
fn an_empty_text_says_nothing_and_the_zero_address_says_none() {
    let config = snapshot::<V4>(&nested(
        r#""next-server": "192.0.2.9", "server-hostname": "boot", "boot-file-name": "pxe""#,
        r#""boot-file-name": "net""#,
        r#""next-server": "", "server-hostname": "", "boot-file-name": """#,
        r#""next-server": "0.0.0.0", "server-hostname": "other""#,
    ));
    let boot = |n: usize| config.subnets()[n].specific.boot.clone();
    let fields = |server: &str, host: &str| BootFields {
        next_server: Some(server.parse().unwrap()),
        server_hostname: Some(host.into()),
        boot_file_name: Some("net".into()),
    };
    assert_eq!(boot(0), fields("192.0.2.9", "boot"));
    assert_eq!(boot(1), fields("0.0.0.0", "other"));
}

#[test]
fn caching_is_inherited_and_zero_switches_it_off_below() {
    let config = snapshot::<V4>(&nested(
        r#""cache-threshold": 0.25, "cache-max-age": 600"#,
        "",
        r#""cache-threshold": 0.0"#,
        r#""cache-max-age": 0"#,
    ));
    let cache = |n: usize| (config.subnets()[n].cache.threshold, config.subnets()[n].cache.max_age);
    assert_eq!(cache(0), (Some(0.0), Some(600)));
    assert_eq!(cache(1), (Some(0.25), Some(0)));
    let off = snapshot::<V4>(&dhcp4(r#""subnet4": [ { "id": 1, "subnet": "192.0.2.0/24" } ]"#));
    assert_eq!((off.subnets()[0].cache.threshold, off.subnets()[0].cache.max_age), (None, None));
}

#[test]
fn reservation_modes_are_what_the_three_flags_were() {
    for (mode, global, in_subnet, out_of_pool) in [
        ("disabled", false, false, false),
        ("global", true, false, false),
        ("out-of-pool", false, true, true),
        // Not the global ones.
        ("all", false, true, false),
    ] {
        let config = snapshot::<V4>(&dhcp4(&format!(
            r#""reservations-global": true, "reservations-out-of-pool": true,
               "subnet4": [ {{ "id": 1, "subnet": "192.0.2.0/24", "reservation-mode": "{mode}" }} ]"#
        )));
        let expected = ReservationSearch { global, in_subnet, out_of_pool };
        assert_eq!(config.subnets()[0].reservation_search, expected, "{mode}");
    }
    let nearest = snapshot::<V4>(&nested(
        r#""reservation-mode": "disabled""#,
        r#""reservations-global": true"#,
        r#""reservations-in-subnet": true"#,
        "",
    ));
    let search = |n: usize| nearest.subnets()[n].reservation_search;
    let both = ReservationSearch { global: true, in_subnet: true, out_of_pool: false };
    assert_eq!(search(0), both);
    assert_eq!(search(1), ReservationSearch { in_subnet: false, ..both });
}

#[test]
fn each_dns_update_parameter_comes_from_the_nearest_scope() {
    let config = snapshot::<V4>(&nested(
        r#""ddns-qualifying-suffix": "example.org", "ddns-generated-prefix": "g", "hostname-char-set": "[^a-z]""#,
        r#""ddns-replace-client-name": "always", "ddns-qualifying-suffix": "net.example.org""#,
        r#""ddns-qualifying-suffix": "", "ddns-send-updates": false, "hostname-char-set": """#,
        r#""ddns-use-conflict-resolution": false, "pools": [ { "pool": "198.51.100.0/28",
            "ddns-generated-prefix": "p" }, { "pool": "198.51.100.32/28" } ]"#,
    ));
    let [one, two] = config.subnets() else { panic!() };
    assert_eq!((&*one.ddns.qualifying_suffix, &*one.ddns.generated_prefix), ("", "g"));
    assert!(!one.ddns.send_updates && one.ddns.invalid_characters.is_none());
    assert_eq!(one.ddns.replace_client_name, ReplaceClientName::Always);
    assert_eq!(one.ddns.conflict_resolution, ConflictResolution::CheckWithDhcid);
    assert_eq!(&*two.ddns.qualifying_suffix, "net.example.org");
    assert_eq!(two.ddns.conflict_resolution, ConflictResolution::NoCheckWithDhcid);
    let pool = two.pools[0].ddns.as_ref().unwrap();
    assert_eq!((&*pool.generated_prefix, &*pool.qualifying_suffix), ("p", "net.example.org"));
    assert!(two.pools[1].ddns.is_none());
}

#[test]
fn what_dhcp_ddns_once_held_gives_way_to_the_global_key() {
    let config = snapshot::<V4>(&dhcp4(
        r#""dhcp-ddns": { "enable-updates": true, "generated-prefix": "old", "qualifying-suffix": "old.example.org" },
           "ddns-generated-prefix": "new", "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24" } ]"#,
    ));
    let ddns = &config.subnets()[0].ddns;
    assert_eq!((&*ddns.generated_prefix, &*ddns.qualifying_suffix), ("new", "old.example.org"));
}

#[test]
fn relays_of_a_network_lead_to_all_its_subnets_and_may_differ_in_them() {
    let config = snapshot::<V4>(&nested(
        "",
        r#""relay": { "ip-addresses": [ "10.0.0.1", "10.0.0.2" ] }"#,
        r#""relay": { "ip-addresses": [ "10.0.0.3" ] }"#,
        r#""relay": { "ip-addresses": [ ] }"#,
    ));
    let reached = |relay: &str| {
        let subnets = config.subnets_of_relay(relay.parse().unwrap());
        subnets.map(|subnet| subnet.id.0).collect::<Vec<_>>()
    };
    assert_eq!(reached("10.0.0.1"), [1, 2]);
    assert_eq!(reached("10.0.0.2"), [1, 2]);
    assert_eq!(reached("10.0.0.3"), [1]);
    assert_eq!(reached("10.0.0.4"), [] as [u32; 0]);
}

#[test]
fn a_definition_holds_for_option_data_anywhere() {
    let config = snapshot::<V4>(&dhcp4(
        r#""client-classes": [ { "name": "c", "option-data": [ { "name": "floor", "data": "1" } ] } ],
           "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24",
             "option-data": [ { "name": "floor", "data": "2" } ],
             "pools": [ { "pool": "192.0.2.0/28", "option-data": [ { "name": "floor", "data": "3" } ] } ],
             "reservations": [ { "duid": "01", "option-data": [ { "name": "floor", "data": "4" } ] } ] } ],
           "option-data": [ { "name": "floor", "data": "5" } ],
           "option-def": [ { "name": "floor", "code": 230, "type": "uint16" } ]"#,
    ));
    let nobody = ClassSet::new();
    let chosen = |set: &kea_config::snapshot::OptionSet| {
        set.get("dhcp4", 230).chosen(&nobody).next().unwrap().data.to_vec()
    };
    let subnet = &config.subnets()[0];
    let host = config.reservations.iter().next().unwrap();
    assert_eq!(chosen(&config.classes.iter().next().unwrap().options), [0, 1]);
    assert_eq!(chosen(&subnet.options), [0, 2]);
    assert_eq!(chosen(&subnet.pools[0].options), [0, 3]);
    assert_eq!(chosen(host.options.as_ref().unwrap()), [0, 4]);
    assert_eq!(chosen(&config.options), [0, 5]);
}

#[test]
fn rapid_commit_is_a_matter_of_networks_and_subnets() {
    let config = snapshot::<V6>(&dhcp6(
        r#""shared-networks": [ { "name": "n", "rapid-commit": true, "subnet6": [
             { "id": 1, "subnet": "2001:db8:1::/64" } ] } ],
           "subnet6": [ { "id": 2, "subnet": "2001:db8:2::/64" } ]"#,
    ));
    let [one, two] = config.subnets() else { panic!() };
    assert!(one.specific.rapid_commit && !two.specific.rapid_commit);
}

#[test]
fn what_belongs_to_subnets_is_refused_in_networks() {
    for (key, value) in
        [("reservations", "[ ]"), ("pools", "[ ]"), ("pd-pools", "[ ]"), ("id", "1")]
    {
        let said = errors::<V6>(&dhcp6(&format!(
            r#""shared-networks": [ {{ "name": "n", "{key}": {value}, "subnet6": [ ] }} ]"#
        )));
        let expected = format!("unknown parameter '{key}' in shared network (kea.conf:1:50); ");
        assert!(said.len() == 1 && said[0].starts_with(&expected), "{said:?}");
        assert!(said[0].contains("subnet"), "{said:?}");
    }
}

#[test]
fn a_prefix_pool_with_bits_beyond_its_length_begins_where_the_prefix_does() {
    let config = snapshot::<V6>(&dhcp6(
        r#""subnet6": [ { "id": 1, "subnet": "2001:db8:1::/64", "pd-pools": [
             { "prefix": "2001:db8:1:8000::", "prefix-len": 48, "delegated-len": 64 } ] } ]"#,
    ));
    let range = config.subnets()[0].pools[0].range;
    assert_eq!(range.first.to_string(), "2001:db8:1::");
    assert_eq!(range.total(), 1 << 16);
}

#[test]
fn overlapping_pools_of_different_subnets_are_one_global_pool() {
    let config = snapshot::<V6>(&dhcp6(
        r#""subnet6": [
             { "id": 1, "subnet": "2001:db8::/32", "pools": [ { "pool": "2001:db8:5::/80" } ] },
             { "id": 2, "subnet": "2001:db8:5::/48", "pools": [ { "pool": "2001:db8:5::/80" } ] } ]"#,
    ));
    let totals: Vec<_> = config.subnets().iter().map(|s| s.pools[0].range.total()).collect();
    assert_eq!(totals, [1 << 48, 1 << 48]);
}

#[test]
fn what_would_work_otherwise_than_meant_is_told_without_being_refused() {
    for (body, expected) in [
        (
            r#""hostname-char-set": "[a""#,
            "'hostname-char-set' is not a regular expression: '[a' (kea.conf:1:35); names are used as clients send them",
        ),
        (
            r#""loggers": [ { "name": "kea-dhcp4", "severity": "WARM" } ]"#,
            "'severity' 'WARM' is not known (kea.conf:1:62); did you mean 'WARN'?",
        ),
        (
            r#""t1-percent": 1.5"#,
            "'t1-percent' must be between 0.0 and 1.0, both excluded (kea.conf:1:28); T1 and T2 are not computed here",
        ),
        (
            r#""comment": "a", "user-context": { "comment": "b" }"#,
            "'user-context' already has a 'comment' (kea.conf:1:14); the one outside 'user-context' is kept",
        ),
        (
            r#""reservations": [ { "duid": "01:02" } ]"#,
            "nothing is reserved for this duid (kea.conf:1:42); give an address, a host name, options or classes",
        ),
    ] {
        assert_eq!(warnings::<V4>(&dhcp4(body)), [expected]);
    }
    let config = snapshot::<V4>(&dhcp4(r#""comment": "a", "user-context": { "comment": "b" }"#));
    let context = config.server.user_context.as_ref().unwrap();
    assert_eq!(context.to_string(), r#"{ "comment": "a" }"#);
    let none = snapshot::<V4>(&dhcp4(r#""client-classes": [ ]"#));
    assert_eq!(none.classes.iter().len(), 0);
}

#[test]
fn words_that_were_once_booleans_are_named() {
    for (flag, word) in [("true", "when-present"), ("false", "never")] {
        let said =
            errors::<V4>(&dhcp4(&format!(r#""dhcp-ddns": {{ "replace-client-name": {flag} }}"#)));
        let expected = format!("not a boolean (kea.conf:1:52); write '{word}'");
        assert!(said[0].contains(&expected), "{said:?}");
    }
}

/// Whether all sockets are needed, how often more they are tried, and after how many milliseconds.
fn sockets<F: Dialect>(interfaces: &str) -> (bool, u32, u32) {
    let object = F::PROTOCOL.object();
    let text = format!("{{ \"{object}\": {{ \"interfaces-config\": {{ {interfaces} }} }} }}");
    let interfaces = snapshot::<F>(&text).interfaces;
    (interfaces.require_all, interfaces.max_retries, interfaces.retry_wait_ms)
}

#[test]
fn sockets_are_tried_once_and_every_five_seconds_where_tries_are_asked_for() {
    for (interfaces, expected) in [
        ("", (false, 0, 5000)),
        (r#""service-sockets-require-all": true"#, (true, 0, 5000)),
        (r#""service-sockets-max-retries": 3"#, (false, 3, 5000)),
        (
            r#""service-sockets-max-retries": 3, "service-sockets-retry-wait-time": 70"#,
            (false, 3, 70),
        ),
    ] {
        assert_eq!(sockets::<V4>(interfaces), expected, "{interfaces}");
        assert_eq!(sockets::<V6>(interfaces), expected, "{interfaces}");
    }
}
