use std::sync::Arc;

use kea_config::document::{Document, NoIncludes};
use kea_wire::{V4, V6};
use serde_json::json;

use super::*;

fn load<F: Dialect>(config: &Json) -> Snapshot<F> {
    let text = json!({ F::PROTOCOL.object(): config }).to_string();
    let (document, _) = Document::parse("kea.conf", text.as_bytes(), &NoIncludes).unwrap();
    kea_config::load(&Arc::new(document)).unwrap().0
}

fn dhcp4() -> Snapshot<V4> {
    load(&json!({
        "interfaces-config": { "interfaces": ["*"] },
        "client-classes": [{ "name": "foobar" }],
        "subnet4": [
            { "id": 1, "subnet": "192.168.50.0/24", "interface": "eth0" },
            { "id": 2, "subnet": "192.168.51.0/24", "client-class": "foobar" },
            { "id": 3, "subnet": "192.168.52.0/24", "relay": { "ip-addresses": ["10.0.0.1"] } },
        ],
        "shared-networks": [{ "name": "foo", "subnet4": [{ "id": 4, "subnet": "192.0.2.0/24" }] }],
    }))
}

fn dhcp6() -> Snapshot<V6> {
    load(&json!({
        "interfaces-config": { "interfaces": ["*"] },
        "client-classes": [{ "name": "foobar" }],
        "subnet6": [
            { "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0" },
            { "id": 2, "subnet": "2001:db8:2::/64", "client-class": "foobar" },
            { "id": 3, "subnet": "2001:db8:3::/64", "interface-id": "port 1" },
        ],
        "shared-networks": [
            { "name": "foo", "subnet6": [{ "id": 4, "subnet": "2001:db8:4::/64" }] }
        ],
    }))
}

/// Result code and text of the command, on a host with the interfaces `lo` (without an address) and
/// `wire`.
fn run<F: Serving>(config: &Snapshot<F>, arguments: Option<&Json>) -> (u16, String) {
    run_by(Transport::Native, config, arguments)
}

fn run_by<F: Serving>(
    transport: Transport,
    config: &Snapshot<F>,
    arguments: Option<&Json>,
) -> (u16, String) {
    let answer = match Told::read::<F>(transport, Arguments(arguments)) {
        Err(error) => Answer::error(error.to_string()),
        Ok(told) => {
            let wire = ["192.168.52.1", "2001:db8:3::1"];
            let own = wire.iter().find_map(|text| F::Addr::of_ip(text.parse().unwrap()));
            let interface = match told.interface.as_deref() {
                Some("lo") => Some(None),
                Some("wire") => Some(own),
                _ => None,
            };
            told.answer(config, interface)
        }
    };
    (answer.result.0, answer.text.unwrap_or_default())
}

#[track_caller]
fn says<F: Serving>(config: &Snapshot<F>, rows: &[(Json, u16, &str)]) {
    for (arguments, result, text) in rows {
        let got = run(config, Some(arguments));
        assert_eq!((got.0, &*got.1), (*result, *text), "{arguments}");
    }
}

#[test]
fn wrong_arguments_are_named() {
    assert_eq!(run(&dhcp4(), None), (1, "empty arguments".into()));
    assert_eq!(run(&dhcp6(), None), (1, "empty arguments".into()));
    for name in ["address", "relay", "local", "remote", "link", "subnet"] {
        let rows = [
            (json!({ name: 1 }), 1, format!("'{name}' entry must be a string")),
            (json!({ name: "2001:db8::1" }), 1, format!("bad '{name}' entry: not IPv4")),
            (
                json!({ name: "foobar" }),
                1,
                format!(
                    "bad '{name}' entry: Failed to convert string to address 'foobar': Invalid \
                     argument"
                ),
            ),
        ];
        says(&dhcp4(), &rows.each_ref().map(|(json, code, text)| (json.clone(), *code, &**text)));
    }
    let both = [
        (json!([]), 1, "arguments must be a map"),
        (json!({ "foo": "bar" }), 1, "unknown entry 'foo'"),
        (json!({ "interface": 1 }), 1, "'interface' entry must be a string"),
        (json!({ "classes": 1 }), 1, "'classes' entry must be a list"),
        (json!({ "classes": "foo" }), 1, "'classes' entry must be a list"),
        (json!({ "classes": [1] }), 1, "'classes' entry must be a list of strings"),
        (json!({ "remote": 1, "classes": 1 }), 1, "'classes' entry must be a list"),
        (json!({}), 3, "no subnet selected"),
    ];
    says(&dhcp4(), &both);
    says(&dhcp6(), &both);
    says(
        &dhcp6(),
        &[
            (json!({ "remote": "192.0.2.1" }), 1, "bad 'remote' entry: not IPv6"),
            (json!({ "link": "192.0.2.1" }), 1, "bad 'link' entry: not IPv6"),
            (json!({ "address": "2001:db8::1" }), 1, "unknown entry 'address'"),
            (json!({ "interface-id": 1 }), 1, "'interface-id' entry must be a string"),
            (json!({ "interface-id": "" }), 1, "'interface-id' must be not empty"),
            (json!({ "interface-id": "''" }), 1, "'interface-id' must be not empty"),
            (json!({ "interface-id": "foo" }), 1, "value of 'interface-id' was not recognized"),
        ],
    );
}

#[test]
fn a_subnet_is_selected_as_for_a_dhcpv4_client() {
    let first = "selected subnet '192.168.50.0/24' id 1";
    let second = "selected subnet '192.168.51.0/24' id 2";
    let third = "selected subnet '192.168.52.0/24' id 3";
    let network = "selected shared network 'foo' starting with subnet '192.0.2.0/24' id 4";
    says(
        &dhcp4(),
        &[
            (json!({ "interface": "eth0" }), 0, first),
            (json!({ "interface": "wire" }), 0, third),
            (json!({ "interface": "lo" }), 3, "no subnet selected"),
            (
                json!({ "interface": "foo" }),
                1,
                "Error during command processing: interface foo doesn't exist and therefore it is \
                 impossible to find a suitable subnet for its IPv4 address",
            ),
            (json!({ "address": "192.168.50.1" }), 0, first),
            (json!({ "address": "192.168.51.1" }), 3, "no subnet selected"),
            (json!({ "address": "192.168.51.1", "classes": ["foobar"] }), 0, second),
            (json!({ "address": "192.168.51.1", "classes": ["other"] }), 3, "no subnet selected"),
            (json!({ "remote": "192.0.2.9" }), 0, network),
            (json!({ "relay": "10.0.0.1" }), 0, third),
            (json!({ "relay": "192.168.50.9", "remote": "192.0.2.1" }), 0, first),
            (json!({ "relay": "10.0.0.1", "link": "192.168.50.9" }), 0, first),
            (json!({ "subnet": "192.0.2.0", "relay": "10.0.0.1" }), 0, network),
        ],
    );
    let mut config = dhcp4();
    config.compatibility.ignore_rai_link_selection = true;
    let ignored = json!({ "relay": "10.0.0.1", "link": "192.168.50.9" });
    says(&config, &[(ignored, 0, third)]);
}

#[test]
fn a_subnet_is_selected_as_for_a_dhcpv6_client() {
    let third = "selected subnet '2001:db8:3::/64' id 3";
    let network = "selected shared network 'foo' starting with subnet '2001:db8:4::/64' id 4";
    let first = "selected subnet '2001:db8:1::/64' id 1";
    says(
        &dhcp6(),
        &[
            (json!({ "interface": "eth0" }), 0, first),
            (json!({ "interface": "foo" }), 3, "no subnet selected"),
            (json!({ "remote": "fe80::abcd" }), 3, "no subnet selected"),
            (json!({ "remote": "2001:db8:4::1" }), 0, network),
            (json!({ "link": "2001:db8:1::1" }), 0, first),
            (json!({ "link": "2001:db8:2::2" }), 3, "no subnet selected"),
            (
                json!({ "link": "2001:db8:2::2", "classes": ["foobar"] }),
                0,
                "selected subnet '2001:db8:2::/64' id 2",
            ),
            (json!({ "interface-id": "'port 1'" }), 0, third),
            (json!({ "interface-id": "70:6f:72:74:20:31", "link": "2001:db8:1::1" }), 0, third),
            (json!({ "interface-id": "'port 2'", "link": "2001:db8:1::1" }), 0, first),
        ],
    );
}

#[test]
fn a_subnet_is_selected_as_for_a_dhcpv4_client_over_dhcpv6() {
    let config: Snapshot<V4> = load(&json!({
        "interfaces-config": { "interfaces": ["*"] },
        "client-classes": [{ "name": "foobar" }],
        "subnet4": [
            { "id": 1, "subnet": "192.168.50.0/24", "4o6-subnet": "2001:db8:1::/64",
              "interface": "eth0", "4o6-interface": "eth0" },
            { "id": 2, "subnet": "192.168.51.0/24", "interface": "eth1" },
            { "id": 3, "subnet": "192.168.52.0/24", "4o6-interface-id": "port 1" },
            { "id": 4, "subnet": "192.168.53.0/24", "4o6-subnet": "2001:db8:4::/64",
              "client-class": "foobar" },
        ],
        "shared-networks": [{ "name": "foo", "subnet4": [
            { "id": 5, "subnet": "192.0.2.0/24", "4o6-subnet": "2001:db8:5::/64" },
        ] }],
    }));
    let none = "no subnet selected";
    let first = "selected subnet '192.168.50.0/24' id 1";
    for (arguments, result, text) in [
        (json!({}), 3, none),
        (json!([]), 1, "arguments must be a map"),
        (json!({ "foo": "bar" }), 1, "unknown entry 'foo'"),
        (json!({ "interface": "foo" }), 3, none),
        (json!({ "interface": "eth0" }), 0, first),
        // Where queries of DHCPv4 itself come from says nothing.
        (json!({ "interface": "eth1" }), 3, none),
        (json!({ "address": "192.168.50.1", "relay": "192.168.50.1" }), 3, none),
        (json!({ "remote": "2001:db8:1::1" }), 0, first),
        (json!({ "remote": "2001:db8:2::2" }), 3, none),
        (json!({ "interface-id": "'port 1'" }), 0, "selected subnet '192.168.52.0/24' id 3"),
        (json!({ "remote": "2001:db8:4::1" }), 3, none),
        (
            json!({ "remote": "2001:db8:4::1", "classes": ["foobar"] }),
            0,
            "selected subnet '192.168.53.0/24' id 4",
        ),
        (
            json!({ "remote": "2001:db8:5::1", "link": "2001:db8::1", "local": "2001:db8::2" }),
            0,
            "selected shared network 'foo' starting with subnet '192.0.2.0/24' id 5",
        ),
        (json!({ "address": "2001:db8::1" }), 1, "bad 'address' entry: not IPv4"),
        (json!({ "relay": "2001:db8::1" }), 1, "bad 'relay' entry: not IPv4"),
        (json!({ "subnet": "2001:db8::1" }), 1, "bad 'subnet' entry: not IPv4"),
        (json!({ "local": "192.168.1.2" }), 1, "bad 'local' entry: not IPv6"),
        (json!({ "remote": "192.168.1.2" }), 1, "bad 'remote' entry: not IPv6"),
        (json!({ "link": "192.168.1.2" }), 1, "bad 'link' entry: not IPv6"),
        (json!({ "remote": 1 }), 1, "'remote' entry must be a string"),
        (json!({ "interface-id": "" }), 1, "'interface-id' must be not empty"),
    ] {
        let got = run_by(Transport::OverV6, &config, Some(&arguments));
        assert_eq!((got.0, &*got.1), (result, text), "{arguments}");
    }
    assert_eq!(run_by(Transport::OverV6, &config, None), (1, "empty arguments".into()));
}
