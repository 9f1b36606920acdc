use serde_json::json;

use super::*;

fn refusal(name: &str, arguments: &serde_json::Value) -> String {
    let spec = commands().iter().find(|spec| &*spec.name == name).unwrap();
    spec.check(Some(arguments)).unwrap_err().to_string()
}

#[test]
fn the_documented_commands_are_all_there() {
    let documented = include_str!("documented.txt");
    let mut count = 0;
    for line in documented.lines() {
        let [name, daemons, provider, access, since] =
            line.split('|').collect::<Vec<_>>().try_into().unwrap();
        let spec = commands().iter().find(|spec| &*spec.name == name).expect(name);
        let of = spec.daemons.iter().map(|daemon| match daemon {
            Daemon::Dhcp4 => "4",
            Daemon::Dhcp6 => "6",
            Daemon::Ddns => "D2",
            Daemon::ControlAgent => "CA",
        });
        assert_eq!(of.collect::<Vec<_>>().join(" "), daemons, "{name}");
        let by = if let Provider::Library(library) = spec.provider { library } else { "core" };
        let rights = if spec.access == Access::Read { "r" } else { "w" };
        assert_eq!((by, rights), (provider, access), "{name}");
        // One row holds both families; where the versions differ it has the later one.
        assert!(spec.since.len() >= 5 && since.len() >= 5, "{name}");
        count += 1;
    }
    assert_eq!(count, 192);
}

#[test]
fn names_are_unique_and_sorted() {
    assert!(commands().is_sorted_by(|a, b| a.name < b.name));
    assert!(commands().iter().all(|spec| !spec.name.contains('#') && !spec.help.ends_with('.')));
}

#[test]
fn a_command_belongs_to_its_daemons() {
    assert!(find(Daemon::Dhcp4, "lease4-get").is_some());
    assert!(find(Daemon::Dhcp6, "lease4-get").is_none());
    assert!(find(Daemon::ControlAgent, "statistic-get").is_none());
    assert!(find(Daemon::Ddns, "statistic-get").is_some());
}

#[test]
fn refusals_say_what_is_wanted() {
    assert_eq!(refusal("statistic-get", &json!({})), "Missing mandatory 'name' parameter.");
    assert_eq!(
        refusal("statistic-get", &json!({"name": 1})),
        "'name' parameter expected to be a string."
    );
    assert_eq!(
        refusal("leases-reclaim", &json!({"remove": 1})),
        "'remove' parameter expected to be a boolean."
    );
    assert_eq!(refusal("statistic-get", &json!([])), "'arguments' parameter expected to be a map.");
    assert_eq!(
        refusal("lease4-resend-ddns", &json!({"ip_address": "192.0.2.1"})),
        "Missing mandatory 'ip-address' parameter. Is 'ip_address' meant to be it?"
    );
    assert_eq!(
        refusal("lease4-resend-ddns", &json!({"ip-address": "192.0.2"})),
        "'ip-address' parameter expected to be an IP address."
    );
    assert_eq!(
        refusal("lease4-get", &json!({"subnet-id": 1})),
        "Missing mandatory parameters: give 'ip-address', or 'subnet-id' and 'identifier-type' and \
         'identifier'."
    );
    assert_eq!(
        refusal("subnet6-add", &json!({"subnet6": []})),
        "'subnet6' parameter expected to be a list of exactly one element."
    );
    assert_eq!(
        refusal("lease6-get-page", &json!({"from": "start", "limit": 0})),
        "'limit' parameter expected to be an integer from 1 to 4294967295."
    );
    assert_eq!(
        refusal("cache-flush", &json!("all")),
        "'arguments' parameter expected to be an integer from 0 to 4294967295."
    );
}

#[test]
fn what_is_not_known_is_let_pass() {
    let spec = find(Daemon::Dhcp4, "statistic-get").unwrap();
    assert_eq!(spec.check(Some(&json!({"name": "x", "more": 1}))), Ok(()));
    let spec = find(Daemon::Dhcp4, "version-get").unwrap();
    assert_eq!(spec.check(Some(&json!(1))), Ok(()));
    let spec = find(Daemon::Dhcp4, "cache-flush").unwrap();
    assert_eq!(spec.check(None), Err(ArgumentError::Missing));
}

#[test]
fn the_reference_page_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/commands.md");
    let page = reference_page();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(path, &page).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert!(written == page, "run this test once with UPDATE_REFERENCE=1");
}

#[test]
fn the_openapi_document_is_up_to_date() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/openapi.json");
    let document = openapi();
    if std::env::var_os("UPDATE_REFERENCE").is_some() {
        std::fs::write(path, format!("{document:#}\n")).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    // As values: the order of members depends on how serde_json was built.
    let written: serde_json::Value = serde_json::from_str(&written).unwrap_or_default();
    assert!(written == document, "run this test once with UPDATE_REFERENCE=1");
}

#[test]
fn the_openapi_document_has_every_command_with_its_arguments() {
    let document = openapi();
    let schemas = &document["components"]["schemas"];
    for spec in commands() {
        assert_eq!(schemas[&*spec.name]["properties"]["command"]["const"], *spec.name);
    }
    assert_eq!(schemas["command"]["oneOf"].as_array().unwrap().len(), commands().len());
    let lease = &schemas["lease4-get"];
    assert_eq!(lease["required"], json!(["command", "arguments"]));
    assert_eq!(lease["x-library"], "libdhcp_lease_cmds.so");
    assert_eq!(lease["properties"]["service"]["items"]["enum"], json!(["dhcp4"]));
    let arguments = &lease["properties"]["arguments"];
    assert_eq!(arguments["anyOf"][0], json!({ "required": ["ip-address"] }));
    assert_eq!(arguments["properties"]["subnet-id"]["maximum"], u32::MAX);
    let reclaim = &schemas["leases-reclaim"]["properties"]["arguments"];
    assert_eq!(reclaim["required"], json!(["remove"]));
    assert_eq!(reclaim["properties"]["remove"]["type"], "boolean");
    assert!(schemas["version-get"]["properties"].get("arguments").is_none());
}
