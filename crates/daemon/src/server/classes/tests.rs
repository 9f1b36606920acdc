use std::sync::Arc;

use kea_config::document::{Document, NoIncludes};
use kea_config::snapshot::{Dialect, Snapshot};
use kea_control::{Answer, Arguments, Daemon, Payload};
use kea_wire::{V4, V6};
use serde_json::{Value as Json, json};

use super::{COMMANDS, answer};

/// A configuration that commands work on.
struct Bench<F: Dialect>(Snapshot<F>);

impl<F: Dialect> Bench<F> {
    fn new(classes: &Json) -> Self {
        let mut server = json!({ format!("subnet{}", F::VERSION): [] });
        if !classes.is_null() {
            server["client-classes"] = classes.clone();
        }
        let text = json!({ F::PROTOCOL.object(): server }).to_string();
        let (document, _) = Document::parse("kea.conf", text.as_bytes(), &NoIncludes).unwrap();
        let loaded = kea_config::load(&Arc::new(document)).map_err(|problems| problems.render());
        Bench(loaded.unwrap().0)
    }

    /// Result, text and arguments of a command, as the server answers it.
    fn run(&mut self, name: &str, arguments: &Json) -> (u16, String, Json) {
        let (_, command) = COMMANDS.iter().find(|(known, _)| *known == name).unwrap();
        let daemon = if F::VERSION == 4 { Daemon::Dhcp4 } else { Daemon::Dhcp6 };
        let arguments = (!arguments.is_null()).then_some(arguments);
        let spec = kea_control::find(daemon, name).unwrap();
        let answer = match spec.check(arguments) {
            Err(error) => Answer::error(error.to_string()),
            Ok(()) => {
                let (next, answer) = answer(&self.0, *command, Arguments(arguments));
                self.0 = next.unwrap_or_else(|| self.0.clone());
                answer
            }
        };
        let arguments = match answer.arguments {
            Some(Payload::Json(json)) => json,
            _ => Json::Null,
        };
        (answer.result.0, answer.text.unwrap_or_default(), arguments)
    }

    /// Result and text.
    fn told(&mut self, name: &str, arguments: &Json) -> (u16, String) {
        let (result, text, _) = self.run(name, arguments);
        (result, text)
    }

    fn names(&self) -> Vec<&str> {
        self.0.classes.iter().map(|class| &*class.name).collect()
    }
}

fn one(class: &Json) -> Json {
    json!({ "client-classes": [class] })
}

fn named(name: &str) -> Json {
    json!({ "name": name })
}

/// The manual's commands and what it says they answer.
#[test]
fn the_examples_of_the_manual() {
    let mut bench = Bench::<V4>::new(&json!([{
        "name": "pxeclient", "only-if-required": true,
        "test": "option[vendor-class-identifier].text == 'PXEClient'",
        "option-def": [{ "name": "configfile", "code": 224, "type": "string" }],
        "server-hostname": "xfce", "boot-file-name": "/dev/null" }]));
    let mut ipxe = json!({
        "name": "ipxe_efi_x64", "test": "option[93].hex == 0x0009", "next-server": "192.0.2.254",
        "server-hostname": "hal9000", "boot-file-name": "/dev/null" });
    let added = bench.told("class-add", &one(&ipxe));
    assert_eq!(added, (0, "Class 'ipxe_efi_x64' added.".into()));
    let listed = bench.run("class-list", &Json::Null);
    let both = json!({ "client-classes": [{ "name": "pxeclient" }, { "name": "ipxe_efi_x64" }] });
    assert_eq!(listed, (0, "2 classes found".into(), both));
    let (result, text, got) = bench.run("class-get", &named("pxeclient"));
    assert_eq!((result, &*text), (0, "Class 'pxeclient' definition returned"));
    let class = &got["client-classes"][0];
    assert_eq!(got["client-classes"].as_array().unwrap().len(), 1);
    assert_eq!(class["name"], "pxeclient");
    assert_eq!(class["only-if-required"], true);
    assert_eq!(class["test"], "option[vendor-class-identifier].text == 'PXEClient'");
    assert_eq!(class["option-def"][0]["name"], "configfile");
    assert_eq!(class["option-data"], json!([]));
    assert_eq!(class["next-server"], "0.0.0.0");
    assert_eq!(class["server-hostname"], "xfce");
    assert_eq!(class["boot-file-name"], "/dev/null");
    ipxe["test"] = "option[93].hex == 0x0017".into();
    let updated = bench.told("class-update", &one(&ipxe));
    assert_eq!(updated, (0, "Class 'ipxe_efi_x64' updated.".into()));
    let (_, _, got) = bench.run("class-get", &named("ipxe_efi_x64"));
    let class = &got["client-classes"][0];
    assert_eq!(class["test"], "option[93].hex == 0x0017");
    for absent in ["only-if-required", "option-def"] {
        assert!(class.get(absent).is_none(), "{absent} was not given: {class}");
    }
    let deleted = bench.told("class-del", &named("ipxe_efi_x64"));
    assert_eq!(deleted, (0, "Class 'ipxe_efi_x64' deleted.".into()));
    assert_eq!(bench.names(), ["pxeclient"]);
}

fn order_and_dependence<F: Dialect>() {
    let mut bench = Bench::<F>::new(&Json::Null);
    let none = json!({ "client-classes": [] });
    assert_eq!(bench.run("class-list", &Json::Null), (3, "0 classes found".into(), none));
    for name in ["a", "b"] {
        let class = json!({ "name": name, "test": "member('ALL')" });
        assert_eq!(bench.told("class-add", &one(&class)).0, 0);
    }
    let dependent = json!({ "name": "c", "test": "member('a') and not member('KNOWN')" });
    assert_eq!(bench.told("class-add", &one(&dependent)).0, 0);
    // A new definition keeps the place, and what depends on the class goes on to.
    let changed = json!({ "name": "a", "valid-lifetime": 77 });
    assert_eq!(bench.told("class-update", &one(&changed)).0, 0);
    assert_eq!(bench.names(), ["a", "b", "c"]);
    let in_use = "Class 'a' cannot be deleted: class 'c' depends on it";
    assert_eq!(bench.told("class-del", &named("a")), (1, in_use.into()));
    assert_eq!(bench.told("class-del", &named("c")).0, 0);
    assert_eq!(bench.told("class-del", &named("a")).0, 0);
    assert_eq!(bench.names(), ["b"]);
    assert_eq!(bench.told("class-del", &named("b")).0, 0);
    let shown = bench.0.render().to_string();
    assert!(!shown.contains("client-classes"), "{shown}");
}

#[test]
fn new_classes_come_last_and_needed_ones_stay() {
    order_and_dependence::<V4>();
    order_and_dependence::<V6>();
}

fn refusals<F: Dialect>() {
    let classes =
        json!([{ "name": "a", "test": "member('ALL')" }, { "name": "b", "test": "member('a')" }]);
    let mut bench = Bench::<F>::new(&classes);
    let before = bench.0.render().to_string();
    for (command, arguments, result, says) in [
        ("class-add", one(&json!({ "name": "a" })), 1, "Class 'a' already exists"),
        ("class-add", one(&json!({ "test": "known" })), 1, "name"),
        ("class-add", one(&json!({ "name": "" })), 1, "name"),
        ("class-add", one(&json!({ "name": "x", "test": "member('later')" })), 1, "'later'"),
        ("class-add", one(&json!({ "name": "x", "test": "member('x')" })), 1, "depends on itself"),
        ("class-add", one(&json!({ "name": "x", "test": "option[1].hex" })), 1, "true or false"),
        ("class-add", one(&json!({ "name": "x", "tset": "known" })), 1, "tset"),
        ("class-add", one(&json!("x")), 1, ""),
        ("class-add", json!({ "client-classes": [] }), 1, "client-classes"),
        (
            "class-add",
            json!({ "client-classes": [{ "name": "x" }, { "name": "y" }] }),
            1,
            "client-classes",
        ),
        ("class-add", Json::Null, 1, "client-classes"),
        ("class-update", one(&json!({ "name": "x" })), 3, "Class 'x' not found"),
        ("class-update", one(&json!({ "name": "a", "test": "member('b')" })), 1, "'b'"),
        ("class-get", named("x"), 3, "Class 'x' not found"),
        ("class-get", json!({}), 1, "name"),
        ("class-get", json!({ "name": 7 }), 1, "name"),
        ("class-del", named("x"), 3, "Class 'x' not found"),
    ] {
        let (got, text) = bench.told(command, &arguments);
        assert_eq!(got, result, "{command} {arguments}: {text}");
        assert!(text.contains(says), "{command} {arguments}: '{says}' is not in '{text}'");
        assert_eq!(bench.0.render().to_string(), before, "{command} {arguments}");
    }
}

#[test]
fn what_is_refused_changes_nothing() {
    refusals::<V4>();
    refusals::<V6>();
}

/// Parameters of DHCPv4 are none of DHCPv6.
#[test]
fn definitions_are_of_the_protocol() {
    let fixed = one(&json!({ "name": "x", "next-server": "192.0.2.1" }));
    assert_eq!(Bench::<V4>::new(&Json::Null).told("class-add", &fixed).0, 0);
    let (result, text) = Bench::<V6>::new(&Json::Null).told("class-add", &fixed);
    assert!(result == 1 && text.contains("next-server"), "{text}");
    let preferred = one(&json!({ "name": "x", "preferred-lifetime": 7 }));
    let mut bench = Bench::<V6>::new(&Json::Null);
    assert_eq!(bench.told("class-add", &preferred).0, 0);
    let (_, _, got) = bench.run("class-get", &named("x"));
    assert_eq!(got["client-classes"][0]["preferred-lifetime"], 7);
    assert!(got["client-classes"][0].get("next-server").is_none(), "{got}");
}
