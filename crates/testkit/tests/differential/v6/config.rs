//! Random configurations of DHCPv6.

use serde_json::{Map, Value, json};

use crate::chance::Chance;
use crate::vocabulary::{Places, Vocabulary};

/// The members of `Dhcp6`.
pub(super) fn config(chance: &mut Chance) -> Value {
    let mut config = Map::new();
    let server_id = json!({ "type": "EN", "enterprise-id": 4491, "identifier": "0102030405" });
    config.insert("server-id".to_owned(), server_id);
    WORDS.lifetimes(chance, &mut config, 50);
    config.entry("preferred-lifetime").or_insert(json!(300));
    config.insert("option-def".to_owned(), json!([
        { "name": "foo", "code": 1000, "type": "uint16" },
        { "name": "bar", "code": 1001, "type": "record", "record-types": "ipv6-address, uint8, string" },
        { "name": "sub", "code": 1, "space": "inner", "type": "uint32" },
        { "name": "holder", "code": 1002, "type": "empty", "encapsulate": "inner" },
        { "name": "acs", "code": 33, "space": "vendor-4491", "type": "ipv6-address", "array": true },
        { "name": "model", "code": 34, "space": "vendor-4491", "type": "string" },
    ]));
    if chance.percent(60) {
        config.insert("option-data".to_owned(), WORDS.option_data(chance, 5));
    }
    WORDS.server_switches(chance, &mut config);
    if chance.percent(10) {
        config.insert("compatibility".to_owned(), json!({ "lenient-option-parsing": true }));
    }
    let mut classes = WORDS.client_classes(chance, |_, _, _| {});
    // SKIP_DDNS is for a library there.
    WORDS.built_in_class(chance, "DROP", &mut classes);
    config.insert("client-classes".to_owned(), Value::Array(classes));
    if chance.percent(15) {
        let orders = [json!(["hw-address", "duid"]), json!(["duid"])];
        config.insert("host-reservation-identifiers".to_owned(), chance.pick(&orders).clone());
    }
    if chance.percent(15) {
        let sources = [
            json!(["duid"]),
            json!(["ipv6-link-local"]),
            json!(["client-link-addr-option"]),
            json!(["docsis-cmts", "any"]),
            json!(["remote-id"]),
            json!(["docsis-modem", "remote-id", "client-link-addr-option"]),
            json!(["any"]),
            json!([]),
        ];
        config.insert("mac-sources".to_owned(), chance.pick(&sources).clone());
    }
    if chance.percent(20) {
        config.insert(
            "relay-supplied-options".to_owned(),
            json!(chance.some(&["65", "1000", "23"], 2)),
        );
    }
    if chance.percent(25) {
        config.insert("reservations".to_owned(), reservations(chance, None));
        config.insert("reservations-global".to_owned(), json!(chance.percent(80)));
    }
    WORDS.places(chance, &mut config, &PlacesOfV6);
    config.insert("multi-threading".to_owned(), json!({ "enable-multi-threading": false }));
    Value::Object(config)
}

const WORDS: Vocabulary = Vocabulary {
    version: 6,
    classes: &["c0", "c1", "c2", "c3", "KNOWN", "UNKNOWN", "VENDOR_CLASS_4491", "r1"],
    tests: TESTS,
    options: OPTIONS,
    lifetimes: &[("valid", &[600, 3600, 7200]), ("preferred", &[200, 300])],
    switches: &[],
    server_switches: &[
        ("ip-reservations-unique", false),
        ("early-global-reservations-lookup", true),
    ],
    address: |start, number| format!("{start}:{number:x}"),
    small_pools: [(0x10, 4), (0x20, 3)],
    large_pool: (0x1000, 0x1fff),
    subnets: ["2001:db8:1:", "2001:db8:2:", "2001:db8:3:", "2001:db8:4:"],
};

struct PlacesOfV6;

impl Places for PlacesOfV6 {
    fn network(
        &self,
        chance: &mut Chance,
        name: &str,
        mut subnets: Vec<Value>,
    ) -> Map<String, Value> {
        let mut network = WORDS.network(chance, name);
        for subnet in &mut subnets {
            for name in ["interface", "interface-id", "rapid-commit"] {
                subnet.as_object_mut().and_then(|members| members.shift_remove(name));
            }
        }
        if name == "direct" {
            network.insert("interface".to_owned(), json!("eth0"));
        } else if chance.percent(30) {
            network.insert("interface-id".to_owned(), json!("port1"));
        }
        if chance.percent(20) {
            network.insert("rapid-commit".to_owned(), json!(true));
        }
        network.insert(WORDS.subnets_key(), Value::Array(subnets));
        network
    }

    fn subnet(&self, chance: &mut Chance, id: u32, start: &str) -> Map<String, Value> {
        let mut subnet = Map::new();
        subnet.insert("id".to_owned(), json!(id));
        subnet.insert("subnet".to_owned(), json!(format!("{start}:/64")));
        let is_direct = id == 1;
        if is_direct && chance.percent(90) {
            subnet.insert("interface".to_owned(), json!("eth0"));
        } else if !is_direct && chance.percent(20) {
            subnet.insert("interface-id".to_owned(), json!(chance.pick(&["port1", "port2"])));
        }
        if chance.percent(20) {
            subnet.insert("rapid-commit".to_owned(), json!(true));
        }
        WORDS.subnet(chance, &mut subnet);
        subnet.insert("pools".to_owned(), WORDS.pools(chance, start));
        subnet.insert("pd-pools".to_owned(), delegated(chance, id));
        if chance.percent(40) {
            subnet.insert("reservations".to_owned(), reservations(chance, Some(start)));
        }
        if chance.percent(10) {
            subnet.insert("relay".to_owned(), json!({ "ip-addresses": ["2001:db8:9::1"] }));
        }
        subnet
    }
}

fn delegated(chance: &mut Chance, id: u32) -> Value {
    let mut pools = Vec::new();
    for at in 0..*chance.pick(&[0, 1, 1, 1, 2]) {
        let mut pool = Map::new();
        let prefix = format!("2001:db8:a{id}0{at}::");
        let (len, delegated_len) =
            *chance.pick(&[(54, 56), (55, 56), (56, 56), (58, 60), (48, 56)]);
        pool.insert("prefix".to_owned(), json!(prefix));
        pool.insert("prefix-len".to_owned(), json!(len));
        pool.insert("delegated-len".to_owned(), json!(delegated_len));
        if chance.percent(20) && len == delegated_len {
            pool.insert("excluded-prefix".to_owned(), json!(format!("2001:db8:a{id}0{at}:80::")));
            pool.insert("excluded-prefix-len".to_owned(), json!(64));
        }
        WORDS.pool(chance, &mut pool);
        pools.push(Value::Object(pool));
    }
    Value::Array(pools)
}

const OPTIONS: &[(&str, &str, &str)] = &[
    ("dns-servers", "2001:db8::5, 2001:db8::6", ""),
    ("dns-servers", "2001:db8::7", ""),
    ("domain-search", "a.example, b.example", ""),
    ("sip-server-dns", "sip.example", ""),
    ("sntp-servers", "2001:db8::9", ""),
    ("information-refresh-time", "777", ""),
    ("bootfile-url", "https://x.example/b", ""),
    ("preference", "9", ""),
    ("unicast", "2001:db8:1::1", ""),
    ("foo", "7", ""),
    ("foo", "9", ""),
    ("bar", "2001:db8::1, 3, text", ""),
    ("sub", "66", "space=inner"),
    ("holder", "", ""),
    ("acs", "2001:db8::10", "space=vendor-4491"),
    ("model", "x1", "space=vendor-4491"),
    ("vendor-opts", "4491", ""),
    ("1003", "AABBCC", "hex"),
    ("new-posix-timezone", "EST5", ""),
    ("59", "AABB", "hex"),
    ("reconf-accept", "", ""),
];

const TESTS: &[&str] = &[
    "option[16].exists",
    "vendor-class[4491].exists",
    "vendor-class[4491].data == 'abc'",
    "vendor-class[*].enterprise == 4491",
    "vendor[4491].option[1].exists",
    "vendor[*].exists",
    "option[15].hex == 0x0003757372",
    "option[15].exists",
    "pkt6.msgtype == 1",
    "pkt6.msgtype == 3 or pkt6.msgtype == 5",
    "option[61].hex == 0x0007",
    "option[1000].hex == 0x0005",
    "uint16totext(option[1000].hex) == '5'",
    "relay6[0].option[18].hex == 'port1'",
    "relay6[-1].option[18].exists",
    "relay6[0].linkaddr == 2001:db8:2::1",
    "relay6[0].peeraddr == fe80::1",
    "relay6[1].option[18].hex == 'port2'",
    "relay6[0].option[37].exists",
    "option[1].hex == 0x0003000102000000000a",
    "substring(option[1].hex, 0, 2) == 0x0001",
    "option[39].exists and option[6].exists",
    "option[3].exists",
    "option[25].exists",
    "not option[25].exists",
    "option[3].option[5].exists",
    "option[14].exists",
    "member('c0')",
    "not member('KNOWN')",
    "member('ALL')",
    "pkt.iface == 'eth0'",
    "pkt.dst == ff02::1:2",
    "pkt.src == fe80::ff:fe00:a",
    "ifelse(option[61].exists, 'a', 'b') == 'b'",
    "pkt6.transid == 0",
    "option[8].exists",
    "option[6].hex == 0x00170018",
    "split(option[59].text, '/', 1) == 'x'",
];

fn reservations(chance: &mut Chance, start: Option<&str>) -> Value {
    let mut list = Vec::new();
    let identifiers = [
        ("duid", "00:03:00:01:02:00:00:00:00:0a"),
        ("duid", "00:03:00:01:02:00:00:00:00:0b"),
        ("duid", "00:02:00:00:11:8b:02:05"),
        ("hw-address", "02:00:00:00:00:0c"),
        ("hw-address", "02:00:00:00:00:0d"),
    ];
    for (at, (kind, value)) in chance.some(&identifiers, 3).into_iter().enumerate() {
        let mut host = Map::new();
        host.insert((*kind).to_owned(), json!(value));
        let start_or = start.unwrap_or("2001:db8:1:");
        let share = if start.is_some() { 60 } else { 25 };
        if chance.percent(share) {
            let low = *chance.pick(&[0x10, 0x50]) + at;
            let mut addresses = vec![format!("{start_or}:{low:x}")];
            if chance.percent(20) {
                addresses.push(format!("{start_or}:6{at}"));
            }
            host.insert("ip-addresses".to_owned(), json!(addresses));
        }
        if chance.percent(share / 2) {
            let mut prefixes = vec![format!("2001:db8:b00{at}::/56")];
            if chance.percent(25) {
                prefixes.push(format!("2001:db8:a{}00:{at}00::/56", chance.below(3) + 1));
            }
            host.insert("prefixes".to_owned(), json!(prefixes));
        }
        WORDS.traits_of_host(chance, &mut host);
        if host.len() == 1 {
            host.insert("hostname".to_owned(), json!("only"));
        }
        list.push(Value::Object(host));
    }
    Value::Array(list)
}
