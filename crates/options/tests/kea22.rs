//! Every option of the standard tables, every data type, and the rules of definitions, against what
//! Kea 2.2 put on the wire or refused for the same configuration (`data/capture.py`).

use std::collections::BTreeMap;

use kea_options::{
    Definition, DefinitionText, EncodedOption, OptionText, Registry, SubOptions, octets_from_hex,
};
use kea_wire::{Family, V4, V6};
use serde_json::Value;

#[test]
fn dhcp4_options_are_those_of_kea() {
    compare::<V4>(include_str!("data/kea22-options4.json"));
}

#[test]
fn dhcp6_options_are_those_of_kea() {
    compare::<V6>(include_str!("data/kea22-options6.json"));
}

fn compare<F: Family>(recorded: &str) {
    let cases: Vec<Value> = serde_json::from_str(recorded).unwrap();
    assert!(cases.len() > 380, "{}", cases.len());
    let mut used = vec![false; DIFFERENCES.len()];
    let mut wrong = Vec::new();
    for case in &cases {
        let ours = encode::<F>(case);
        let theirs = recorded_octets(case);
        if same::<F>(case, ours.as_deref().ok(), theirs.as_deref()) {
            continue;
        }
        let known =
            DIFFERENCES.iter().position(|d| d.is::<F>(case) && d.ours == hex_of(&ours).as_deref());
        match known {
            Some(known) => used[known] = true,
            None => wrong.push(format!("{case}\n  ours {ours:02x?}\n")),
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.concat());
    for (difference, used) in DIFFERENCES.iter().zip(used) {
        assert!(used || !difference.version.contains(&F::VERSION), "{}", difference.data);
    }
}

/// A long option of DHCPv4 is divided where a server likes (RFC 3396), and so are its sub-options.
fn same<F: Family>(case: &Value, ours: Option<&[u8]>, theirs: Option<&[u8]>) -> bool {
    let (Some(ours), Some(theirs)) = (ours, theirs) else {
        return ours.is_none() && theirs.is_none();
    };
    if case.get("instances").is_none() || case.get("sub-options").is_none() {
        return ours == theirs;
    }
    let joined = |octets| {
        let mut parts = BTreeMap::<u16, Vec<u8>>::new();
        for part in SubOptions::<F>::new(octets) {
            let (code, data) = part.unwrap();
            parts.entry(code).or_default().extend(data);
        }
        parts
    };
    joined(ours) == joined(theirs)
}

/// A case in which we do otherwise.
struct Difference {
    version: &'static [u8],
    /// The option's name, or the type of the definition that the case brings.
    what: &'static str,
    data: &'static str,
    /// What we put out, or nothing where we refuse.
    ours: Option<&'static str>,
}

impl Difference {
    fn is<F: Family>(&self, case: &Value) -> bool {
        let what = match case["defs"][0]["type"].as_str() {
            Some(data_type) => data_type,
            None => case["name"].as_str().unwrap_or(""),
        };
        self.version.contains(&F::VERSION)
            && what == self.what
            && case["data"].as_str().unwrap_or("") == self.data
    }
}

const fn accept(
    version: &'static [u8],
    what: &'static str,
    data: &'static str,
    ours: &'static str,
) -> Difference {
    Difference { version, what, data, ours: Some(ours) }
}

const fn refuse(version: &'static [u8], what: &'static str, data: &'static str) -> Difference {
    Difference { version, what, data, ours: None }
}

const BOTH: &[u8] = &[4, 6];

const DIFFERENCES: &[Difference] = &[
    // Set by the server whatever the configuration says; this crate only encodes.
    accept(&[4], "subnet-mask", "192.0.2.1", "c0000201"),
    accept(&[4], "dhcp-lease-time", "4000000000", "ee6b2800"),
    accept(&[4], "dhcp-message-type", "200", "c8"),
    // Options that later versions of Kea define.
    accept(&[4], "cablelabs-client-conf", "", ""),
    accept(
        &[4],
        "v4-sztp-redirect",
        "first item, x, first item",
        "0a6669727374206974656d01780a6669727374206974656d",
    ),
    refuse(&[4], "v4-sztp-redirect", "01"),
    accept(&[4], "status-code", "200, some text", "c8736f6d652074657874"),
    accept(&[4], "base-time", "4000000000", "ee6b2800"),
    accept(&[4], "start-time-of-state", "4000000000", "ee6b2800"),
    accept(&[4], "query-start-time", "4000000000", "ee6b2800"),
    accept(&[4], "query-end-time", "4000000000", "ee6b2800"),
    accept(&[4], "dhcp-state", "200", "c8"),
    accept(&[4], "data-source", "200", "c8"),
    refuse(&[4], "v4-dnr", "01"),
    refuse(&[4], "classless-static-route", "01"),
    accept(&[4], "dhcp-agent-options", "", "010101"),
    accept(&[6], "ntp-server", "", ""),
    accept(
        &[6],
        "v6-sztp-redirect",
        "first item, x, first item",
        "000a6669727374206974656d000178000a6669727374206974656d",
    ),
    refuse(&[6], "v6-sztp-redirect", "01"),
    refuse(&[6], "v6-dnr", "01"),
    // Names that the manual uses and Kea 2.2 does not know.
    accept(&[4], "nds-server", "192.0.2.1", "c0000201"),
    accept(&[6], "s46-cont-lw", "", "005c000cc00002073820010db8000300"),
    accept(&[6], "s46-cont-lw", "", "005c0014c00002073820010db8000300005d000402043000"),
    // Without a definition, `csv-format` need not be written: the data is hexadecimal.
    accept(BOTH, "nosuch", "01", "01"),
    accept(&[6], "", "01", "01"),
    accept(&[4], "vendor-encapsulated-options", "", "01020102"),
    accept(&[6], "rsoo", "", "004100020102"),
    // Hexadecimal octets are what is sent, also for a container.
    accept(&[4], "vendor-encapsulated-options", "010203", "010203"),
    accept(&[4], "vivso-suboptions", "0000118b0402020102", "0000118b0402020102"),
    // Every notation of octets is good for a binary field, with `0X` and blanks around it too.
    accept(BOTH, "binary", "0x0102", "0102"),
    accept(BOTH, "binary", "01:02", "0102"),
    accept(BOTH, "binary", "1:2", "0102"),
    accept(BOTH, "binary", "01:2", "0102"),
    accept(BOTH, "binary", "abc", "0abc"),
    accept(BOTH, "binary", "0xabc", "0abc"),
    accept(BOTH, "binary", "0x", ""),
    accept(BOTH, "binary", "'text'", "74657874"),
    accept(BOTH, "", " 0102 ", "0102"),
    accept(BOTH, "", "0X01", "01"),
    // Text is UTF-8; Kea's reader makes Latin-1 of a JSON escape.
    accept(BOTH, "string", "caf\u{e9}", "636166c3a9"),
    // A name may be the root's, and its labels may have any octets.
    accept(BOTH, "fqdn", ".", "00"),
    accept(BOTH, "fqdn", "a b.c", "03612062016300"),
    accept(BOTH, "fqdn", "a\\.b.c", "03612e62016300"),
    accept(BOTH, "fqdn", "a\\\\.b", "03612e6200"),
    // Kea sends what no client can read.
    refuse(BOTH, "ipv4-address", "2001:db8::1"),
    refuse(BOTH, "ipv6-address", "fe80::1%eth0"),
    refuse(BOTH, "ipv6-prefix", "2001:db8::/129"),
    refuse(BOTH, "boolean", "02"),
];

fn hex_of(octets: &Result<Vec<u8>, String>) -> Option<String> {
    octets.as_ref().ok().map(|octets| octets.iter().map(|o| format!("{o:02x}")).collect())
}

/// The octets of all instances, or nothing when Kea refused.
fn recorded_octets(case: &Value) -> Option<Vec<u8>> {
    let octets = |text: &Value| octets_from_hex(text.as_str().unwrap()).unwrap().to_vec();
    match (case.get("hex"), case.get("instances")) {
        (Some(hex), _) => Some(octets(hex)),
        (None, Some(instances)) => {
            Some(instances.as_array().unwrap().iter().flat_map(octets).collect())
        }
        (None, None) => {
            assert!(case.get("refused").is_some(), "{case}");
            None
        }
    }
}

fn encode<F: Family>(case: &Value) -> Result<Vec<u8>, String> {
    let text = |map: &'_ Value, key: &str| map[key].as_str().unwrap_or("").to_owned();
    let mut registry = Registry::<F>::standard();
    for def in case["defs"].as_array().into_iter().flatten() {
        let (name, data_type) = (text(def, "name"), text(def, "type"));
        let (record_types, encapsulate) = (text(def, "record-types"), text(def, "encapsulate"));
        let made = Definition::custom(&DefinitionText {
            name: &name,
            code: def["code"].as_i64().unwrap(),
            space: def["space"].as_str(),
            data_type: &data_type,
            array: def["array"].as_bool().unwrap_or(false),
            record_types: &record_types,
            encapsulate: &encapsulate,
        });
        registry.define(made.map_err(|e| e.to_string())?).map_err(|e| e.to_string())?;
    }
    let one = |option: &Value| -> Result<EncodedOption, String> {
        let entry = OptionText {
            space: option["space"].as_str(),
            code: option["code"].as_u64().map(|code| code.try_into().unwrap()),
            name: option["name"].as_str(),
            csv_format: option["csv-format"].as_bool(),
            data: option["data"].as_str().unwrap_or(""),
        };
        registry.encode(&entry).map_err(|e| e.to_string())
    };
    let option = one(case)?;
    let siblings = case["sub-options"].as_array().into_iter().flatten().map(one);
    let siblings: Vec<_> = siblings.collect::<Result<_, _>>()?;
    registry.assemble(&option, &siblings).map(|o| o.to_vec()).map_err(|e| e.to_string())
}
