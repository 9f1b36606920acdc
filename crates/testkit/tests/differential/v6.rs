//! Random configurations and exchanges of DHCPv6.

mod life;

use kea_testkit::scenario::Exchange;
use serde_json::{Map, Value, json};

use self::life::Life;
use crate::case::{CLIENTS, Case};
use crate::chance::Chance;
use crate::compare::Difference;
use crate::v4::{is_generated, options_of};

/// Differences that are intended; the list with reasons is in `docs/moving-from-kea.md`.
pub(crate) fn is_known(difference: &Difference, query: Option<&Exchange>) -> bool {
    let Difference { what, sides: [ours, debian], .. } = difference;
    let kind = query.map_or("", |query| &*query.kind);
    let associations = |kind: &str| {
        let details = query.map_or(&[][..], |query| &query.details);
        details.iter().filter(|detail| detail.starts_with(kind)).count()
    };
    let is_logged =
        |what: &str| query.is_some_and(|query| query.log.iter().any(|line| line.contains(what)));
    let is_nowhere = is_logged("DHCP6_SUBNET_SELECTION_FAILED");
    let several = query.is_some_and(|query| {
        let words = query.details.iter().filter(|detail| detail.starts_with("ia-"));
        words
            .map(|detail| detail.split(" for ").next().unwrap_or_default())
            .any(|detail| detail.split(' ').count() > 3)
    });
    let count = |side: &str| side.parse::<i64>().unwrap_or_default();
    match &**what {
        "kind" if kind == "confirm" && ours == "none" => true,
        "kind" if kind == "rebind" && ours == "none" => is_nowhere,
        // A name that would be made, and no address to make it of.
        "kind" if debian == "none" && is_logged("empty FQDN used to create DHCID") => true,
        // Its answers to what is not answered here.
        "statistic pkt6-sent" | "statistic pkt6-reply-sent" => count(ours) < count(debian),
        // Reserved leases outside of pools count.
        what if what.contains("assigned-nas") || what.contains("assigned-pds") => {
            count(ours) > count(debian)
        }
        // A wish counts, though there is a lease.
        what if what.ends_with(" valid") && !is_logged("SOLICIT (type 1)") => {
            query.is_some_and(|query| query.details.iter().any(|detail| detail.contains(" for ")))
        }
        // It looks at the first address only.
        what if what.ends_with(" status") && ["release", "decline"].contains(&kind) => {
            ours == "Success" && debian == "NoBinding" && several
        }
        // The same times for all of a client's associations, the soonest.
        what if what.ends_with(" t1") || what.ends_with(" t2") => {
            let number = |text: &str| text.parse().unwrap_or(0_u32);
            associations("ia-") > 1 && number(ours) < number(debian)
        }
        // Both are offered what one will get.
        what if what.starts_with("ia-") && kind == "solicit" && associations(&what[..5]) > 1 => {
            true
        }
        "to-mac" => true,
        // No preferred lifetime beyond the valid one.
        what if what.ends_with(" preferred") => {
            let number = |text: &str| text.parse().unwrap_or(0_u32);
            number(ours) != number(debian) && ["renew", "rebind"].contains(&kind)
                || number(ours) < number(debian)
        }
        // A prefix, and further addresses, are nothing that the DNS knows.
        "lease fqdn_fwd" | "lease fqdn_rev" => ours.starts_with("0 "),
        "status" if kind == "release" => ours == "Success",
        // Without an answer a query was dropped.
        "statistic pkt6-receive-drop" => count(ours) > count(debian),
        // The sum of the reasons has those without any pool in it.
        what if what.ends_with("v6-allocation-fail") => count(ours) > count(debian),
        // Vendor options go to all who ask, and those that are always sent to all.
        "option 17" => debian == "absent" || ours.starts_with(&**debian),
        // Of an address that is only offered no name is made there.
        "option 39" if kind == "solicit" && is_generated(ours) => debian.len() == 2,
        "option 39" | "lease hostname" if is_generated(ours) && is_generated(debian) => true,
        "option 39" => ours == "absent",
        _ => false,
    }
}

/// A random case.
pub(crate) fn case(chance: &mut Chance) -> Case {
    let config = config(chance);
    let mut lives: Vec<Life> = CLIENTS.iter().map(|name| Life::new(name, chance)).collect();
    let clients = lives.iter().map(|life| life.description.clone()).collect();
    let mut steps = Vec::new();
    for _ in 0..10 + chance.below(12) {
        if chance.percent(4) {
            steps.push(vec![format!("advance {}", chance.pick(&[1000, 2500, 5000, 90000]))]);
            continue;
        }
        let at = chance.below(lives.len());
        lives[at].act(chance, &mut steps);
    }
    let from = steps.len() / 3;
    if chance.percent(15) {
        steps.insert(from + chance.below(steps.len() - from), vec!["restart".to_owned()]);
    }
    if chance.percent(30) {
        let reload = format!("reload {}", chance.pick(RELOADS));
        steps.insert(from + chance.below(steps.len() - from), vec![reload]);
    }
    Case { config, clients, steps }
}

/// What changes while leases exist.
const RELOADS: &[&str] = &[
    "/cache-threshold 0.5",
    "/ddns-send-updates false",
    "/ddns-replace-client-name \"always\"",
    "/ddns-qualifying-suffix \"after.example\"",
    "/ddns-override-client-update true",
    "/host-reservation-identifiers [\"hw-address\"]",
    "/mac-sources [\"duid\"]",
    "/relay-supplied-options [\"65\", \"1000\", \"23\"]",
    "/reservations []",
    "/reservations-in-subnet false",
    "/reservations-global true",
    "/client-classes []",
    "/option-data []",
    "/store-extended-info true",
    "/decline-probation-period 100",
    "/subnet6/0/reservations []",
    "/subnet6/0/rapid-commit true",
    "/subnet6/0/pools [{\"pool\": \"2001:db8:1::12-2001:db8:1::13\"}]",
    "/subnet6/0/pd-pools [{\"prefix\": \"2001:db8:a101::\", \"prefix-len\": 54, \"delegated-len\": 56}]",
    "/subnet6/0/client-class \"c0\"",
];

fn config(chance: &mut Chance) -> Value {
    let mut config = Map::new();
    let server_id = json!({ "type": "EN", "enterprise-id": 4491, "identifier": "0102030405" });
    config.insert("server-id".to_owned(), server_id);
    lifetimes(chance, &mut config, 50);
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
        config.insert("option-data".to_owned(), options(chance, 5));
    }
    switches(chance, &mut config, true);
    config.insert("client-classes".to_owned(), Value::Array(classes(chance)));
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
    let mut alone = Vec::new();
    let mut networks = Vec::new();
    let direct = subnet(chance, 1, "2001:db8:1:", true);
    if chance.percent(25) {
        let second = subnet(chance, 4, "2001:db8:4:", false);
        networks.push(network(chance, "direct", vec![direct, second], true));
    } else {
        alone.push(direct);
    }
    let (relayed, other) =
        (subnet(chance, 2, "2001:db8:2:", false), subnet(chance, 3, "2001:db8:3:", false));
    if chance.percent(40) {
        networks.push(network(chance, "cable", vec![relayed, other], false));
    } else {
        alone.extend([relayed, other]);
    }
    config.insert("subnet6".to_owned(), Value::Array(alone));
    if !networks.is_empty() {
        config.insert("shared-networks".to_owned(), Value::Array(networks));
    }
    config.insert("multi-threading".to_owned(), json!({ "enable-multi-threading": false }));
    Value::Object(config)
}

fn network(chance: &mut Chance, name: &str, mut subnets: Vec<Value>, direct: bool) -> Value {
    let mut network = Map::new();
    network.insert("name".to_owned(), json!(name));
    lifetimes(chance, &mut network, 20);
    switches(chance, &mut network, false);
    if chance.percent(30) {
        network.insert("option-data".to_owned(), options(chance, 3));
    }
    guard(chance, &mut network, 8);
    for subnet in &mut subnets {
        for name in ["interface", "interface-id", "rapid-commit"] {
            subnet.as_object_mut().and_then(|members| members.shift_remove(name));
        }
    }
    if direct {
        network.insert("interface".to_owned(), json!("eth0"));
    } else if chance.percent(30) {
        network.insert("interface-id".to_owned(), json!("port1"));
    }
    if chance.percent(20) {
        network.insert("rapid-commit".to_owned(), json!(true));
    }
    network.insert("subnet6".to_owned(), Value::Array(subnets));
    Value::Object(network)
}

fn subnet(chance: &mut Chance, id: u32, start: &str, direct: bool) -> Value {
    let mut subnet = Map::new();
    subnet.insert("id".to_owned(), json!(id));
    subnet.insert("subnet".to_owned(), json!(format!("{start}:/64")));
    if direct && chance.percent(90) {
        subnet.insert("interface".to_owned(), json!("eth0"));
    } else if !direct && chance.percent(20) {
        subnet.insert("interface-id".to_owned(), json!(chance.pick(&["port1", "port2"])));
    }
    if chance.percent(20) {
        subnet.insert("rapid-commit".to_owned(), json!(true));
    }
    lifetimes(chance, &mut subnet, 20);
    switches(chance, &mut subnet, false);
    if chance.percent(40) {
        subnet.insert("option-data".to_owned(), options(chance, 4));
    }
    guard(chance, &mut subnet, 10);
    let mut pools = Vec::new();
    for (low, most) in [(0x10, 4), (0x20, 3)].into_iter().take(*chance.pick(&[0, 1, 1, 1, 2])) {
        let high = low + chance.below(most);
        let mut pool = Map::new();
        pool.insert("pool".to_owned(), json!(format!("{start}:{low:x} - {start}:{high:x}")));
        if chance.percent(20) {
            pool.insert("option-data".to_owned(), options(chance, 2));
        }
        guard(chance, &mut pool, 15);
        pools.push(Value::Object(pool));
    }
    if pools.is_empty() || chance.percent(20) {
        let mut pool = Map::new();
        pool.insert("pool".to_owned(), json!(format!("{start}:1000 - {start}:1fff")));
        guard(chance, &mut pool, 10);
        pools.push(Value::Object(pool));
    }
    subnet.insert("pools".to_owned(), Value::Array(pools));
    let mut delegated = Vec::new();
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
        if chance.percent(20) {
            pool.insert("option-data".to_owned(), options(chance, 2));
        }
        guard(chance, &mut pool, 15);
        delegated.push(Value::Object(pool));
    }
    subnet.insert("pd-pools".to_owned(), Value::Array(delegated));
    if chance.percent(40) {
        subnet.insert("reservations".to_owned(), reservations(chance, Some(start)));
    }
    if chance.percent(10) {
        subnet.insert("relay".to_owned(), json!({ "ip-addresses": ["2001:db8:9::1"] }));
    }
    Value::Object(subnet)
}

fn guard(chance: &mut Chance, scope: &mut Map<String, Value>, share: usize) {
    if chance.percent(share) {
        scope.insert("client-class".to_owned(), json!(chance.pick(CLASS_NAMES)));
    }
    if chance.percent(share) {
        scope.insert("require-client-classes".to_owned(), json!(chance.some(CLASS_NAMES, 3)));
    }
}

const CLASS_NAMES: &[&str] =
    &["c0", "c1", "c2", "c3", "KNOWN", "UNKNOWN", "VENDOR_CLASS_4491", "r1"];

fn lifetimes(chance: &mut Chance, scope: &mut Map<String, Value>, share: usize) {
    if chance.percent(share) {
        let valid = *chance.pick(&[600, 3600, 7200]);
        scope.insert("valid-lifetime".to_owned(), json!(valid));
        if chance.percent(40) {
            scope.insert("min-valid-lifetime".to_owned(), json!(valid / 2));
            scope.insert("max-valid-lifetime".to_owned(), json!(valid * 2));
        }
    }
    if chance.percent(share) {
        let preferred = *chance.pick(&[200, 300]);
        scope.insert("preferred-lifetime".to_owned(), json!(preferred));
        if chance.percent(40) {
            scope.insert("min-preferred-lifetime".to_owned(), json!(preferred / 2));
            scope.insert("max-preferred-lifetime".to_owned(), json!(preferred * 2));
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
        for name in ["ip-reservations-unique", "early-global-reservations-lookup"] {
            if chance.percent(10) {
                scope.insert(name.to_owned(), json!(name.starts_with("early")));
            }
        }
        if chance.percent(10) {
            scope.insert("decline-probation-period".to_owned(), json!(2000));
        }
        if chance.percent(10) {
            scope.insert("compatibility".to_owned(), json!({ "lenient-option-parsing": true }));
        }
    }
}

fn options(chance: &mut Chance, most: usize) -> Value {
    options_of(chance, OPTIONS, most)
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
        classes.push(Value::Object(class));
    }
    // SKIP_DDNS is for a library there.
    if chance.percent(8) {
        classes.push(json!({ "name": "DROP", "test": chance.pick(TESTS) }));
    }
    classes
}

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
    "relay6[0].option[18].text == 'port1'",
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
        if chance.percent(30) {
            host.insert(
                "hostname".to_owned(),
                json!(chance.pick(&["Reserved", "res.example.net", "res.dot."])),
            );
        }
        if chance.percent(30) {
            host.insert("option-data".to_owned(), options(chance, 3));
        }
        if chance.percent(30) {
            host.insert(
                "client-classes".to_owned(),
                json!(chance.some(&["c0", "c3", "extra", "DROP"], 2)),
            );
        }
        host.retain(|_, value| value.as_array().is_none_or(|list| !list.is_empty()));
        if host.len() == 1 {
            host.insert("hostname".to_owned(), json!("only"));
        }
        list.push(Value::Object(host));
    }
    Value::Array(list)
}
