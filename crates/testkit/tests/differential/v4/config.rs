//! Random configurations of DHCPv4.

use serde_json::{Map, Value, json};

use crate::chance::Chance;

/// The members of `Dhcp4`.
pub(super) fn config(chance: &mut Chance) -> Value {
    let mut config = Map::new();
    lifetimes(chance, &mut config, 50);
    if chance.percent(60) {
        config.insert("option-data".to_owned(), options(chance, 5));
    }
    if chance.percent(30) {
        config.insert("option-def".to_owned(), json!([]));
    }
    config.insert("option-def".to_owned(), json!([
        { "name": "foo", "code": 222, "type": "uint16" },
        { "name": "bar", "code": 223, "type": "record", "record-types": "ipv4-address, uint8, string" },
        { "name": "sub", "code": 1, "space": "inner", "type": "uint32" },
        { "name": "holder", "code": 224, "type": "empty", "encapsulate": "inner" },
        { "name": "acs", "code": 1, "space": "vendor-4491", "type": "ipv4-address", "array": true },
        { "name": "model", "code": 2, "space": "vendor-4491", "type": "string" },
    ]));
    switches(chance, &mut config, true);
    let classes = classes(chance);
    if !classes.is_empty() {
        config.insert("client-classes".to_owned(), Value::Array(classes));
    }
    if chance.percent(15) {
        let orders = [
            json!(["client-id", "hw-address"]),
            json!(["circuit-id", "hw-address", "duid"]),
            json!(["duid"]),
        ];
        config.insert("host-reservation-identifiers".to_owned(), chance.pick(&orders).clone());
    }
    if chance.percent(25) {
        let reservations = reservations(chance, None);
        config.insert("reservations".to_owned(), reservations);
        config.insert("reservations-global".to_owned(), json!(chance.percent(80)));
    }
    let mut alone = Vec::new();
    let mut networks = Vec::new();
    let direct = subnet(chance, 1, "192.0.2");
    if chance.percent(25) {
        let second = subnet(chance, 4, "192.0.3");
        networks.push(network(chance, "direct", vec![direct, second]));
    } else {
        alone.push(direct);
    }
    let (relayed, other) = (subnet(chance, 2, "10.2.0"), subnet(chance, 3, "10.3.0"));
    if chance.percent(40) {
        networks.push(network(chance, "cable", vec![relayed, other]));
    } else {
        alone.extend([relayed, other]);
    }
    config.insert("subnet4".to_owned(), Value::Array(alone));
    if !networks.is_empty() {
        config.insert("shared-networks".to_owned(), Value::Array(networks));
    }
    if chance.percent(10) {
        let library = json!({ "library": "/usr/lib/x86_64-linux-gnu/kea/hooks/libdhcp_bootp.so" });
        config.insert("hooks-libraries".to_owned(), json!([library]));
    }
    config.insert("multi-threading".to_owned(), json!({ "enable-multi-threading": false }));
    Value::Object(config)
}

fn network(chance: &mut Chance, name: &str, subnets: Vec<Value>) -> Value {
    let mut network = Map::new();
    network.insert("name".to_owned(), json!(name));
    lifetimes(chance, &mut network, 20);
    switches(chance, &mut network, false);
    if chance.percent(30) {
        network.insert("option-data".to_owned(), options(chance, 3));
    }
    guard(chance, &mut network, 8);
    if chance.percent(10) {
        network.insert("relay".to_owned(), json!({ "ip-addresses": ["10.9.0.1", "10.2.0.1"] }));
    }
    if chance.percent(8) && name == "direct" {
        network.insert("interface".to_owned(), json!("eth0"));
    }
    network.insert("subnet4".to_owned(), Value::Array(subnets));
    Value::Object(network)
}

fn subnet(chance: &mut Chance, id: u32, start: &str) -> Value {
    let mut subnet = Map::new();
    subnet.insert("id".to_owned(), json!(id));
    subnet.insert("subnet".to_owned(), json!(format!("{start}.0/24")));
    lifetimes(chance, &mut subnet, 20);
    switches(chance, &mut subnet, false);
    if chance.percent(40) {
        subnet.insert("option-data".to_owned(), options(chance, 4));
    }
    guard(chance, &mut subnet, 10);
    if chance.percent(5) {
        subnet.insert("interface".to_owned(), json!("eth0"));
    }
    let mut pools = Vec::new();
    for (low, most) in [(10, 4), (20, 3)].into_iter().take(*chance.pick(&[0, 1, 1, 1, 2])) {
        let high = low + chance.below(most);
        let mut pool = Map::new();
        pool.insert("pool".to_owned(), json!(format!("{start}.{low} - {start}.{high}")));
        if chance.percent(20) {
            pool.insert("option-data".to_owned(), options(chance, 2));
        }
        guard(chance, &mut pool, 15);
        pools.push(Value::Object(pool));
    }
    if pools.is_empty() || chance.percent(20) {
        let mut pool = Map::new();
        pool.insert("pool".to_owned(), json!(format!("{start}.100 - {start}.199")));
        guard(chance, &mut pool, 10);
        pools.push(Value::Object(pool));
    }
    subnet.insert("pools".to_owned(), Value::Array(pools));
    if chance.percent(40) {
        subnet.insert("reservations".to_owned(), reservations(chance, Some(start)));
    }
    if chance.percent(10) {
        subnet.insert("relay".to_owned(), json!({ "ip-addresses": ["10.9.0.1"] }));
    }
    Value::Object(subnet)
}

fn guard(chance: &mut Chance, scope: &mut Map<String, Value>, share: usize) {
    if chance.percent(share) {
        scope.insert("client-class".to_owned(), json!(chance.pick(CLASS_NAMES)));
    }
    if chance.percent(share) {
        let names: Vec<_> = chance.some(CLASS_NAMES, 3);
        scope.insert("require-client-classes".to_owned(), json!(names));
    }
}

const CLASS_NAMES: &[&str] =
    &["c0", "c1", "c2", "c3", "KNOWN", "UNKNOWN", "VENDOR_CLASS_docsis3.0", "r1"];

fn lifetimes(chance: &mut Chance, scope: &mut Map<String, Value>, share: usize) {
    if chance.percent(share) {
        let valid = *chance.pick(&[600, 3600, 7200]);
        scope.insert("valid-lifetime".to_owned(), json!(valid));
        if chance.percent(40) {
            scope.insert("min-valid-lifetime".to_owned(), json!(valid / 2));
            scope.insert("max-valid-lifetime".to_owned(), json!(valid * 2));
        }
    }
    if chance.percent(share / 3) {
        scope.insert("renew-timer".to_owned(), json!(chance.pick(&[100, 900, 3600])));
    }
    if chance.percent(share / 3) {
        scope.insert("rebind-timer".to_owned(), json!(chance.pick(&[3600, 5000])));
    }
    if chance.percent(share / 3) {
        scope.insert("calculate-tee-times".to_owned(), json!(chance.percent(70)));
        if chance.percent(50) {
            scope.insert("t1-percent".to_owned(), json!(0.4));
            scope.insert("t2-percent".to_owned(), json!(0.75));
        }
    }
}

fn switches(chance: &mut Chance, scope: &mut Map<String, Value>, is_global: bool) {
    let share = if is_global { 15 } else { 5 };
    for (name, values) in [
        ("match-client-id", json!([false, true])),
        ("authoritative", json!([true, false])),
        ("next-server", json!(["192.0.2.8", "10.2.0.8"])),
        ("server-hostname", json!(["boot.example", "b2"])),
        ("boot-file-name", json!(["/tftp/a", "/b"])),
        ("reservations-in-subnet", json!([true, false])),
        ("reservations-out-of-pool", json!([true, false])),
        ("ddns-send-updates", json!([true, false])),
        ("ddns-override-no-update", json!([true, false])),
        ("ddns-override-client-update", json!([true, false])),
        (
            "ddns-replace-client-name",
            json!(["always", "never", "when-present", "when-not-present"]),
        ),
        ("ddns-generated-prefix", json!(["gen"])),
        ("ddns-qualifying-suffix", json!(["suffix.example", "suffix.example."])),
        ("ddns-update-on-renew", json!([true])),
        ("hostname-char-set", json!(["[^A-Za-z0-9.-]"])),
        ("hostname-char-replacement", json!(["x", ""])),
        ("store-extended-info", json!([true])),
        ("cache-threshold", json!([0.25])),
        ("cache-max-age", json!([600])),
    ] {
        if chance.percent(share) {
            let values = values.as_array().map_or(&[][..], Vec::as_slice);
            scope.insert(name.to_owned(), chance.pick(values).clone());
        }
    }
    if !is_global && chance.percent(share) {
        scope.insert("reservations-global".to_owned(), json!(true));
    }
    if is_global {
        if chance.percent(30) {
            scope.insert("dhcp-ddns".to_owned(), json!({ "enable-updates": true }));
        }
        for name in ["echo-client-id", "ip-reservations-unique", "early-global-reservations-lookup"]
        {
            if chance.percent(10) {
                scope.insert(name.to_owned(), json!(name.starts_with("early")));
            }
        }
        if chance.percent(10) {
            scope.insert("decline-probation-period".to_owned(), json!(2000));
        }
        if chance.percent(10) {
            scope.insert(
                "compatibility".to_owned(),
                chance
                    .pick(&[
                        json!({ "lenient-option-parsing": true }),
                        json!({ "lenient-option-parsing": false }),
                    ])
                    .clone(),
            );
        }
    }
}

fn options(chance: &mut Chance, most: usize) -> Value {
    options_of(chance, OPTIONS, most)
}

/// Up to so many of these options: name or code, value, and `space=…` or `hex`.
pub(crate) fn options_of(chance: &mut Chance, table: &[(&str, &str, &str)], most: usize) -> Value {
    let mut list = Vec::new();
    for (name, data, extra) in chance.some(table, most) {
        let mut option = json!({ "name": name, "data": data });
        if let Some((key, value)) = extra.split_once('=') {
            option[key] = json!(value);
        }
        if *extra == "hex" {
            option["csv-format"] = json!(false);
        }
        if let Ok(code) = name.parse::<u32>() {
            option["code"] = json!(code);
            if let Some(members) = option.as_object_mut() {
                members.shift_remove("name");
            }
        }
        if chance.percent(25) {
            option["always-send"] = json!(true);
        }
        list.push(option);
    }
    Value::Array(list)
}

const OPTIONS: &[(&str, &str, &str)] = &[
    ("routers", "192.0.2.1", ""),
    ("routers", "10.2.0.1, 10.2.0.2", ""),
    ("domain-name-servers", "192.0.2.5, 192.0.2.6", ""),
    ("domain-name-servers", "10.0.0.5", ""),
    ("domain-name", "example.org", ""),
    ("domain-name", "other.example", ""),
    ("ntp-servers", "192.0.2.7", ""),
    ("host-name", "given", ""),
    ("boot-file-name", "bootfile", ""),
    ("tftp-server-name", "tftp.example", ""),
    ("subnet-mask", "255.255.0.0", ""),
    ("broadcast-address", "192.0.2.255", ""),
    ("domain-search", "a.example, b.example", ""),
    ("v4-captive-portal", "https://x.example/", ""),
    ("foo", "7", ""),
    ("foo", "9", ""),
    ("bar", "10.0.0.1, 3, text", ""),
    ("sub", "66", "space=inner"),
    ("holder", "", ""),
    ("acs", "10.0.0.9, 10.0.0.10", "space=vendor-4491"),
    ("model", "x1", "space=vendor-4491"),
    ("vivso-suboptions", "4491", ""),
    ("vendor-encapsulated-options", "", ""),
    ("vendor-class-identifier", "srv", ""),
    ("150", "C0000209", "hex"),
    ("230", "AABBCC", "hex"),
    ("dhcp-server-identifier", "192.0.2.1", ""),
    ("time-offset", "-3600", ""),
    ("ip-forwarding", "true", ""),
    ("static-routes", "10.5.0.0, 10.2.0.1", ""),
    ("dhcp-message", "hello", ""),
    ("dhcp-max-message-size", "600", ""),
    ("dhcp-renewal-time", "77", ""),
    ("v6-only-preferred", "300", ""),
    ("default-ip-ttl", "9", ""),
    ("dhcp-client-identifier", "AABB", "hex"),
];

fn classes(chance: &mut Chance) -> Vec<Value> {
    let mut classes = Vec::new();
    for name in ["c0", "c1", "c2", "c3", "r1"] {
        let mut class = Map::new();
        class.insert("name".to_owned(), json!(name));
        if chance.percent(85) {
            class.insert("test".to_owned(), json!(chance.pick(TESTS)));
        }
        if chance.percent(20) {
            class.insert("only-if-required".to_owned(), json!(true));
        }
        if chance.percent(50) {
            class.insert("option-data".to_owned(), options(chance, 3));
        }
        if chance.percent(15) {
            class.insert("next-server".to_owned(), json!("192.0.2.44"));
        }
        if chance.percent(15) {
            class.insert("boot-file-name".to_owned(), json!(format!("/{name}")));
        }
        if chance.percent(15) {
            class.insert("server-hostname".to_owned(), json!(format!("s{name}")));
        }
        if chance.percent(15) {
            class.insert("valid-lifetime".to_owned(), json!(chance.pick(&[1234, 5678])));
        }
        classes.push(Value::Object(class));
    }
    if chance.percent(8) {
        classes.push(json!({ "name": "DROP", "test": chance.pick(TESTS) }));
    }
    if chance.percent(8) {
        classes
            .push(json!({ "name": "VENDOR_CLASS_docsis3.0", "option-data": options(chance, 2) }));
    }
    if chance.percent(8) {
        classes.push(json!({ "name": "SKIP_DDNS", "test": chance.pick(TESTS) }));
    }
    classes
}

const TESTS: &[&str] = &[
    "option[60].text == 'docsis3.0'",
    "substring(option[60].hex, 0, 9) == 'PXEClient'",
    "substring(option[60].text, -4, all) == ' 5.0'",
    "option[93].hex == 0x0007",
    "pkt4.mac == 0x02000000000a",
    "relay4[1].hex == 'c1'",
    "relay4[2].exists",
    "relay4.hex == 0x01026331",
    "option[77].exists",
    "option[77].hex == 'usr' or option[77].hex == 0x03757372",
    "hexstring(pkt4.mac, ':') == '02:00:00:00:00:0b'",
    "substring(option[61].hex, 0, 1) == 0x01",
    "pkt4.msgtype == 1",
    "not (pkt4.msgtype == 3)",
    "option[43].option[1].exists",
    "vendor[4491].exists",
    "vendor.enterprise == 4491",
    "vendor[4491].option[1].hex == 0x00010002",
    "vendor-class[4491].exists",
    "vendor-class[4491].data == 'abc'",
    "vendor-class[*].exists",
    "pkt4.giaddr == 10.2.0.1",
    "pkt4.ciaddr == 0.0.0.0",
    "member('c0')",
    "not member('KNOWN')",
    "member('ALL')",
    "concat(option[12].hex, 'x') == 'host-ax'",
    "ifelse(option[12].exists, option[12].hex, 'none') == 'none'",
    "split(option[12].text, '.', 2) == 'example'",
    "option[222].hex == 0x0005",
    "uint16totext(option[222].hex) == '5'",
    "option[55].hex == 0x0103060f",
    "pkt4.hlen == 6 and pkt.iface == 'eth0'",
    "pkt.dst == 255.255.255.255",
    "pkt.src == 0.0.0.0",
    "option[81].exists and option[50].exists",
    "addrtotext(pkt4.giaddr) == '10.2.0.1'",
    "pkt4.transid == 0",
    "option[82].option[1].hex == 'c2'",
    "pkt4.htype == 1",
    "option[15].exists",
    "option[50].hex == 10.2.0.190",
];

fn reservations(chance: &mut Chance, start: Option<&str>) -> Value {
    let mut list = Vec::new();
    let identifiers = [
        ("hw-address", "02:00:00:00:00:0a"),
        ("hw-address", "02:00:00:00:00:0b"),
        ("client-id", "01:02:00:00:00:00:0a"),
        ("client-id", "00:73:61:6d:65"),
        ("duid", "00:03:00:01:02:00:00:00:00:0b"),
        ("circuit-id", "63:31"),
        ("hw-address", "02:00:00:00:00:0c"),
    ];
    for (at, (kind, value)) in chance.some(&identifiers, 3).into_iter().enumerate() {
        let mut host = Map::new();
        host.insert((*kind).to_owned(), json!(value));
        match (start, chance.below(4)) {
            (Some(start), 0) => {
                drop(host.insert("ip-address".to_owned(), json!(format!("{start}.{}", 10 + at))));
            }
            (Some(start), 1) => {
                drop(host.insert("ip-address".to_owned(), json!(format!("{start}.{}", 50 + at))));
            }
            (None, 0) => {
                drop(host.insert("ip-address".to_owned(), json!(format!("192.0.2.{}", 60 + at))));
            }
            _ => {}
        }
        if chance.percent(30) {
            host.insert(
                "hostname".to_owned(),
                json!(chance.pick(&["Reserved", "res.example.net", "res.dot."])),
            );
        }
        if chance.percent(30) {
            host.insert("option-data".to_owned(), options(chance, 3));
        }
        host.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
        if chance.percent(30) {
            host.insert(
                "client-classes".to_owned(),
                json!(chance.some(&["c0", "c3", "extra", "DROP"], 2)),
            );
        }
        if chance.percent(15) {
            host.insert("next-server".to_owned(), json!("192.0.2.66"));
        }
        if chance.percent(15) {
            host.insert("boot-file-name".to_owned(), json!("/host"));
        }
        if host.len() == 1 && chance.percent(95) {
            host.insert("hostname".to_owned(), json!("only"));
        }
        list.push(Value::Object(host));
    }
    Value::Array(list)
}
