//! Random configurations of DHCPv4.

use serde_json::{Map, Value, json};

use crate::chance::Chance;
use crate::vocabulary::{Places, Vocabulary};

/// The members of `Dhcp4`.
pub(super) fn config(chance: &mut Chance) -> Value {
    let mut config = Map::new();
    WORDS.lifetimes(chance, &mut config, 50);
    if chance.percent(60) {
        config.insert("option-data".to_owned(), WORDS.option_data(chance, 5));
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
    WORDS.server_switches(chance, &mut config);
    if chance.percent(10) {
        let lenient = *chance.pick(&[true, false]);
        config.insert("compatibility".to_owned(), json!({ "lenient-option-parsing": lenient }));
    }
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
        config.insert("reservations".to_owned(), reservations(chance, None));
        config.insert("reservations-global".to_owned(), json!(chance.percent(80)));
    }
    reservation_mode(chance, &mut config);
    WORDS.places(chance, &mut config, &PlacesOfV4);
    if chance.percent(20) {
        let library = json!({ "library": "/usr/lib/x86_64-linux-gnu/kea/hooks/libdhcp_bootp.so" });
        config.insert("hooks-libraries".to_owned(), json!([library]));
    }
    config.insert("multi-threading".to_owned(), json!({ "enable-multi-threading": false }));
    Value::Object(config)
}

const WORDS: Vocabulary = Vocabulary {
    version: 4,
    classes: &["c0", "c1", "c2", "c3", "KNOWN", "UNKNOWN", "VENDOR_CLASS_docsis3.0", "r1"],
    tests: TESTS,
    options: OPTIONS,
    lifetimes: &[("valid", &[600, 3600, 7200])],
    switches: &[
        ("match-client-id", "[false, true]"),
        ("authoritative", "[true, false]"),
        ("next-server", r#"["192.0.2.8", "10.2.0.8"]"#),
        ("server-hostname", r#"["boot.example", "b2"]"#),
        ("boot-file-name", r#"["/tftp/a", "/b"]"#),
        ("cache-threshold", "[0.9]"),
    ],
    server_switches: &[
        ("echo-client-id", false),
        ("ip-reservations-unique", false),
        ("early-global-reservations-lookup", true),
    ],
    address: |start, number| format!("{start}.{number}"),
    small_pools: [(10, 4), (20, 3)],
    large_pool: (100, 199),
    subnets: ["192.0.2", "10.2.0", "10.3.0", "192.0.3"],
};

/// What the three switches of reservations were before, where none of them is.
fn reservation_mode(chance: &mut Chance, scope: &mut Map<String, Value>) {
    let is_told = scope.keys().any(|name| name.starts_with("reservations-"));
    if chance.percent(8) && !is_told {
        let modes = ["disabled", "out-of-pool", "global", "all"];
        scope.insert("reservation-mode".to_owned(), json!(chance.pick(&modes)));
    }
}

struct PlacesOfV4;

impl Places for PlacesOfV4 {
    fn network(&self, chance: &mut Chance, name: &str, subnets: Vec<Value>) -> Map<String, Value> {
        let mut network = WORDS.network(chance, name);
        reservation_mode(chance, &mut network);
        if chance.percent(10) {
            network.insert("relay".to_owned(), json!({ "ip-addresses": ["10.9.0.1", "10.2.0.1"] }));
        }
        if chance.percent(8) && name == "direct" {
            network.insert("interface".to_owned(), json!("eth0"));
        }
        network.insert(WORDS.subnets_key(), Value::Array(subnets));
        network
    }

    fn subnet(&self, chance: &mut Chance, id: u32, start: &str) -> Map<String, Value> {
        let mut subnet = Map::new();
        subnet.insert("id".to_owned(), json!(id));
        subnet.insert("subnet".to_owned(), json!(format!("{start}.0/24")));
        WORDS.subnet(chance, &mut subnet);
        reservation_mode(chance, &mut subnet);
        if chance.percent(5) {
            subnet.insert("interface".to_owned(), json!("eth0"));
        }
        subnet.insert("pools".to_owned(), WORDS.pools(chance, start));
        if chance.percent(40) {
            subnet.insert("reservations".to_owned(), reservations(chance, Some(start)));
        }
        if chance.percent(10) {
            subnet.insert("relay".to_owned(), json!({ "ip-addresses": ["10.9.0.1"] }));
        }
        subnet
    }
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
    let mut classes = WORDS.client_classes(chance, |chance, class, name| {
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
            let valid = *chance.pick(&[1234, 5678]);
            class.insert("valid-lifetime".to_owned(), json!(valid));
            if chance.percent(40) {
                class.insert("min-valid-lifetime".to_owned(), json!(valid / 2));
                class.insert("max-valid-lifetime".to_owned(), json!(valid * 2));
            }
        }
        if chance.percent(8) {
            let (definition, data) = chance.pick(&own_definitions()).clone();
            class.insert("option-def".to_owned(), json!([definition]));
            class.insert("option-data".to_owned(), json!([data]));
        }
    });
    WORDS.built_in_class(chance, "DROP", &mut classes);
    if chance.percent(8) {
        let options = WORDS.option_data(chance, 2);
        classes.push(json!({ "name": "VENDOR_CLASS_docsis3.0", "option-data": options }));
    }
    WORDS.built_in_class(chance, "SKIP_DDNS", &mut classes);
    classes
}

/// Definitions that a class may have for itself, each with a value.
fn own_definitions() -> [(Value, Value); 3] {
    let vendor = |kind: &str, inside: &str| {
        json!({ "name": "vendor-encapsulated-options", "code": 43, "type": kind,
                "encapsulate": inside })
    };
    [
        (
            vendor("binary", ""),
            json!({ "code": 43, "csv-format": false, "data": "0102", "always-send": true }),
        ),
        (vendor("empty", "inner"), json!({ "name": "sub", "space": "inner", "data": "66" })),
        (
            json!({ "name": "private", "code": 230, "type": "uint16" }),
            json!({ "name": "private", "data": "300" }),
        ),
    ]
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
        let address = match (start, chance.below(4)) {
            (Some(start), 0) => Some(format!("{start}.{}", 10 + at)),
            (Some(start), 1) => Some(format!("{start}.{}", 50 + at)),
            (None, 0) => Some(format!("192.0.2.{}", 60 + at)),
            _ => None,
        };
        host.extend(address.map(|address| ("ip-address".to_owned(), json!(address))));
        WORDS.traits_of_host(chance, &mut host);
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
