//! What is generated from the table of keys, and checked in.

use std::path::Path;

use kea_config::schema::{KEYS, Protocol, Scope, find, json_schema, reference_page};

/// With `UPDATE_GENERATED` set, writes the file instead.
fn assert_checked_in(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_GENERATED").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, expected).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(found == expected, "{} is out of date: run with UPDATE_GENERATED=1", path.display());
}

#[test]
fn json_schemas_are_those_of_the_table() {
    for (protocol, file) in [(Protocol::Dhcp4, "dhcp4"), (Protocol::Dhcp6, "dhcp6")] {
        let schema = json_schema(protocol).to_pretty() + "\n";
        assert_checked_in(&format!("schema/{file}.json"), &schema);
    }
}

#[test]
fn reference_pages_are_those_of_the_table() {
    for (protocol, file) in [(Protocol::Dhcp4, "dhcp4"), (Protocol::Dhcp6, "dhcp6")] {
        let page = reference_page(protocol);
        assert_checked_in(&format!("../../docs/reference/config-{file}.md"), &page);
    }
}

#[test]
fn every_key_of_the_grammar_is_known_where_the_grammar_has_it() {
    for (protocol, grammar, least) in [
        (Protocol::Dhcp4, include_str!("grammar/dhcp4.txt"), 318),
        (Protocol::Dhcp6, include_str!("grammar/dhcp6.txt"), 325),
    ] {
        let (mut scope, mut seen) = (Scope::Global, 0);
        for line in grammar.lines().filter(|line| !line.starts_with('#')) {
            if let Some(title) = line.strip_suffix(':') {
                scope = *Scope::ALL.iter().find(|scope| scope.title() == title).expect(title);
                continue;
            }
            for name in line.split_whitespace() {
                assert!(find(protocol, scope, name).is_some(), "'{name}' in {}", scope.title());
                seen += 1;
            }
        }
        assert!(seen >= least, "{seen} keys");
    }
}

#[test]
fn no_name_stands_twice_in_a_scope() {
    for protocol in [Protocol::Dhcp4, Protocol::Dhcp6] {
        for key in KEYS.iter().copied().flatten().filter(|key| key.protocols.include(protocol)) {
            for scope in key.scopes {
                let found = find(protocol, *scope, key.name).unwrap();
                assert!(std::ptr::eq(found, key), "{} in {scope:?}", key.name);
            }
        }
    }
}

#[test]
fn keys_of_one_protocol_are_unknown_to_the_other() {
    assert!(find(Protocol::Dhcp4, Scope::Subnet, "pd-pools").is_none());
    assert!(find(Protocol::Dhcp6, Scope::InterfacesConfig, "dhcp-socket-type").is_none());
    assert!(find(Protocol::Dhcp6, Scope::Global, "rapid-commit").is_none());
    assert!(find(Protocol::Dhcp6, Scope::Class, "option-def").is_none());
    let alias = find(Protocol::Dhcp4, Scope::Logger, "output-options").unwrap();
    assert_eq!(alias.name, "output_options");
}
