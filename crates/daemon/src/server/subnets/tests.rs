use std::sync::Arc;

use kea_config::document::{Document, NoIncludes};
use kea_config::snapshot::{Dialect, Snapshot};
use kea_control::{Answer, Arguments, Daemon, Payload};
use kea_wire::{V4, V6};
use serde_json::{Value as Json, json};

use super::{COMMANDS, Command, alter, look};

/// A configuration that commands work on. In texts, `#` stands for the version of the protocol, and
/// `{n}` for the beginning of an address of network n.
struct Bench<F: Dialect> {
    config: Snapshot<F>,
}

impl<F: Dialect> Bench<F> {
    fn new(global: &str) -> Self {
        let text = format!("{{ \"{}\": {} }}", F::PROTOCOL.object(), of_family::<F>(global));
        let (document, _) = Document::parse("kea.conf", text.as_bytes(), &NoIncludes).unwrap();
        let (config, _) = kea_config::load(&Arc::new(document)).unwrap();
        Bench { config }
    }

    /// Runs a command as the server does, and gives result, text and arguments.
    fn run(&mut self, name: &str, arguments: &str) -> (u16, String, Json) {
        let (pattern, command) = COMMANDS.iter().find(|(pattern, _)| *pattern == name).unwrap();
        let name = pattern.replace('#', &F::VERSION.to_string());
        let daemon = if F::VERSION == 4 { Daemon::Dhcp4 } else { Daemon::Dhcp6 };
        let arguments: Option<Json> = (!arguments.is_empty())
            .then(|| serde_json::from_str(&of_family::<F>(arguments)).unwrap());
        let spec = kea_control::find(daemon, &name).unwrap();
        let answer = match spec.check(arguments.as_ref()) {
            Err(error) => Answer::error(error.to_string()),
            Ok(()) => self.answer(*command, Arguments(arguments.as_ref())),
        };
        let arguments = match answer.arguments {
            Some(Payload::Json(json)) => json,
            _ => Json::Null,
        };
        (answer.result.0, answer.text.unwrap_or_default(), arguments)
    }

    fn answer(&mut self, command: Command, arguments: Arguments<'_>) -> Answer {
        match command {
            Command::Look(what) => look(&self.config, what, arguments),
            Command::Alter(how) => match alter(&self.config, how, arguments) {
                Err(answer) => answer,
                Ok((config, answer)) => {
                    self.config = config;
                    answer
                }
            },
        }
    }

    /// A command that is done, with that text and these arguments.
    #[track_caller]
    fn done(&mut self, name: &str, arguments: &str, text: &str, expected: &str) {
        let (result, said, given) = self.run(name, arguments);
        assert_eq!((result, &*said), (0, &*of_family::<F>(text)), "{name} {arguments}");
        let expected = of_family::<F>(expected);
        let expected: Json = serde_json::from_str(&expected).unwrap_or(Json::Null);
        assert_eq!(given, expected, "{name} {arguments}");
    }

    /// A command that is refused with that result and a text that holds `fact`; nothing is changed.
    #[track_caller]
    fn refused(&mut self, name: &str, arguments: &str, code: u16, fact: &str) {
        let before = self.rendered();
        let (result, said, _) = self.run(name, arguments);
        let fact = of_family::<F>(fact);
        assert!(result == code && said.contains(&*fact), "{name} {arguments}: {result} {said}");
        assert_eq!(self.rendered(), before, "{name} {arguments}");
    }

    fn rendered(&self) -> Json {
        serde_json::from_str(&self.config.render().to_string()).unwrap()
    }

    /// What the configuration has at `pointer` below the server's object.
    fn at(&self, pointer: &str) -> Json {
        let pointer = format!("/{}{}", F::PROTOCOL.object(), of_family::<F>(pointer));
        self.rendered().pointer(&pointer).cloned().unwrap_or(Json::Null)
    }
}

/// `{3}1` is 10.0.3.1 or 2001:db8:3::1, and `{3}/net` the prefix of that network.
fn of_family<F: Dialect>(text: &str) -> String {
    let mut text = text.replace('#', &F::VERSION.to_string());
    for n in 0..10 {
        let (start, net) = match F::VERSION {
            4 => (format!("10.0.{n}."), format!("10.0.{n}.0/24")),
            _ => (format!("2001:db8:{n}::"), format!("2001:db8:{n}::/64")),
        };
        text = text.replace(&format!("{{{n}}}/net"), &net).replace(&format!("{{{n}}}"), &start);
    }
    text
}

const TWO: &str = r##"{
    "valid-lifetime": 4000,
    "subnet#": [
        { "id": 1, "subnet": "{1}/net", "pools": [ { "pool": "{1}10 - {1}20" } ] },
        { "id": 7, "subnet": "{7}/net", "renew-timer": 900, "valid-lifetime": 2000 }
    ],
    "shared-networks": [
        { "name": "floor1", "rebind-timer": 1500,
          "subnet#": [ { "id": 3, "subnet": "{3}/net" } ] },
        { "name": "office" }
    ]
}"##;

/// Runs the same for both protocols.
macro_rules! for_both {
    ($name:ident, $body:ident) => {
        #[test]
        fn $name() {
            $body::<V4>();
            $body::<V6>();
        }
    };
}

for_both!(lists_and_details_are_shaped_as_in_the_manual, lists_and_details);
fn lists_and_details<F: Dialect>() {
    let mut bench = Bench::<F>::new(TWO);
    bench.done(
        "subnet#-list",
        "",
        "3 IPv# subnets found",
        r##"{ "subnets": [ { "id": 1, "subnet": "{1}/net" }, { "id": 3, "subnet": "{3}/net" },
                          { "id": 7, "subnet": "{7}/net" } ] }"##,
    );
    bench.done(
        "network#-list",
        "",
        "2 IPv# network(s) found",
        r##"{ "shared-networks": [ { "name": "floor1" }, { "name": "office" } ] }"##,
    );
    let list = of_family::<F>("subnet#");
    let whole = bench.at("/subnet#/1");
    for which in [r##"{ "id": 7 }"##, r##"{ "subnet": "{7}/net" }"##] {
        let (result, text, arguments) = bench.run("subnet#-get", which);
        let said = of_family::<F>("Info about IPv# subnet {7}/net (id 7) returned");
        assert_eq!((result, text), (0, said));
        let lists = json!({ "subnets": [whole], list.as_str(): [whole] });
        assert_eq!(arguments, lists, "as config-get shows it");
    }
    assert_eq!((&whole["valid-lifetime"], &whole["renew-timer"]), (&json!(2000), &json!(900)));
    // What is inherited from the network and from the global scope is there as well.
    let whole = bench.at("/shared-networks/0/subnet#/0");
    let (_, _, arguments) = bench.run("subnet#-get", r##"{ "id": 3 }"##);
    assert_eq!(arguments, json!({ "subnets": [whole], list: [whole] }));
    assert_eq!((&whole["valid-lifetime"], &whole["rebind-timer"]), (&json!(4000), &json!(1500)));
    let whole = bench.at("/shared-networks/0");
    let (result, text, arguments) = bench.run("network#-get", r##"{ "name": "floor1" }"##);
    let said = of_family::<F>("Info about IPv# shared network 'floor1' returned");
    assert_eq!((result, text), (0, said));
    assert_eq!(arguments, json!({ "shared-networks": [whole] }));

    bench.refused("subnet#-get", r##"{ "id": 2 }"##, 3, "no subnet with id 2 found");
    bench.refused("subnet#-get", r##"{ "subnet": "{2}/net" }"##, 3, "no subnet {2}/net found");
    bench.refused("subnet#-get", "", 1, "give 'id', or 'subnet'");
    bench.refused("subnet#-get", r##"{ "id": "7" }"##, 1, "'id' parameter expected to be");
    bench.refused("network#-get", r##"{ "name": "x" }"##, 3, "no shared network 'x' found");
    bench.refused("network#-get", "{}", 1, "Missing mandatory 'name' parameter.");

    let mut none = Bench::<F>::new("{}");
    none.refused("subnet#-list", "", 3, "0 IPv# subnets found");
    none.refused("network#-list", "", 3, "0 IPv# network(s) found");
}

for_both!(a_subnet_is_added_and_removed, add_and_remove);
fn add_and_remove<F: Dialect>() {
    let mut bench = Bench::<F>::new(TWO);
    let before = bench.rendered();
    let pools = r##""pools": [ { "pool": "{2}10 - {2}20" } ]"##;
    bench.done(
        "subnet#-add",
        &format!(r##"{{ "subnet#": [ {{ "id": 2, "subnet": "{{2}}/net", {pools} }} ] }}"##),
        "IPv# subnet added",
        r##"{ "subnets": [ { "id": 2, "subnet": "{2}/net" } ] }"##,
    );
    assert_eq!(bench.config.subnet(kea_lease::SubnetId(2)).unwrap().pools.len(), 1);
    assert_eq!(bench.at("/subnet#/2/valid-lifetime"), 4000, "inherited, and in config-get");
    // Without an identifier it gets one that nobody has had.
    bench.done(
        "subnet#-add",
        r##"{ "subnet#": [ { "subnet": "{4}/net" } ] }"##,
        "IPv# subnet added",
        r##"{ "subnets": [ { "id": 8, "subnet": "{4}/net" } ] }"##,
    );
    for (definition, fact) in [
        (r##"{ "id": 2, "subnet": "{5}/net" }"##, "subnet identifier 2 is used by both"),
        (r##"{ "id": 9, "subnet": "{1}/net" }"##, "subnet {1}/net is defined twice"),
        (r##"{ "id": 9, "subnet": "{3}/net" }"##, "subnet {3}/net is defined twice"),
        (r##"{ "id": 9 }"##, "'subnet'"),
        (r##"{ "id": 9, "subnet": "{5}/net", "pool": [] }"##, "did you mean 'pools'"),
        (r##"{ "id": 9, "subnet": "nowhere" }"##, "'nowhere' is not a prefix"),
        (r##""{5}/net""##, "the definition must be a map"),
    ] {
        let arguments = format!(r##"{{ "subnet#": [ {definition} ] }}"##);
        bench.refused("subnet#-add", &arguments, 1, fact);
    }
    bench.refused("subnet#-add", r##"{ "subnet#": [] }"##, 1, "a list of exactly one element");
    bench.refused("subnet#-add", "{}", 1, "Missing mandatory 'subnet#' parameter.");
    for (id, prefix) in [(8, 4), (2, 2)] {
        bench.done(
            "subnet#-del",
            &format!(r##"{{ "id": {id} }}"##),
            &format!("IPv# subnet {{{prefix}}}/net (id {id}) deleted"),
            &format!(r##"{{ "subnets": [ {{ "id": {id}, "subnet": "{{{prefix}}}/net" }} ] }}"##),
        );
    }
    assert_eq!(bench.rendered(), before);
    bench.refused("subnet#-del", r##"{ "id": 2 }"##, 3, "no subnet with id 2 found");
    // One in a network goes from there.
    bench.done(
        "subnet#-del",
        r##"{ "id": 3 }"##,
        "IPv# subnet {3}/net (id 3) deleted",
        r##"{ "subnets": [ { "id": 3, "subnet": "{3}/net" } ] }"##,
    );
    assert_eq!(bench.at("/shared-networks/0/subnet#"), json!([]));
}

for_both!(problems_of_a_command_have_their_place_in_it, places);
fn places<F: Dialect>() {
    let mut bench = Bench::<F>::new(TWO);
    let (_, text, _) = bench.run(
        "subnet#-add",
        r##"{ "subnet#": [ { "id": 1, "subnet": "{5}/net",
             "pools": [ { "pool": "{6}1 - {6}2" } ], "user-context": 5 } ] }"##,
    );
    // All at once: each with the text of the command, the other place with that of the file.
    for fact in [
        of_family::<F>("pool {6}1 - {6}2 is not inside subnet {5}/net"),
        "--> <string>:1:".into(),
        "'user-context' must be a map".into(),
        "subnet identifier 1 is used by both".into(),
        "::: kea.conf:4:".into(),
    ] {
        assert!(text.contains(&*fact), "{fact}:\n{text}");
    }
    // What was given is not kept as a text.
    for _ in 0..3 {
        bench.run("subnet#-add", r##"{ "subnet#": [ { "id": 2, "subnet": "{2}/net" } ] }"##);
        bench.run("subnet#-del", r##"{ "id": 2 }"##);
    }
    let sources = bench.config.document().sources();
    assert!(sources.name(kea_config::document::FileId(1)).is_none());
}

for_both!(numbers_that_the_server_chose_stay, chosen_numbers);
fn chosen_numbers<F: Dialect>() {
    let mut bench = Bench::<F>::new(
        r##"{ "subnet#": [ { "subnet": "{1}/net" }, { "subnet": "{2}/net" }, { "subnet": "{3}/net" } ] }"##,
    );
    bench.done(
        "subnet#-del",
        r##"{ "id": 1 }"##,
        "IPv# subnet {1}/net (id 1) deleted",
        r##"{ "subnets": [ { "id": 1, "subnet": "{1}/net" } ] }"##,
    );
    let (_, _, list) = bench.run("subnet#-list", "");
    let expected = r##"{ "subnets": [ { "id": 2, "subnet": "{2}/net" }, { "id": 3, "subnet": "{3}/net" } ] }"##;
    assert_eq!(list, serde_json::from_str::<Json>(&of_family::<F>(expected)).unwrap());
}

for_both!(an_update_replaces_the_definition_and_a_delta_only_parts, update_and_delta);
fn update_and_delta<F: Dialect>() {
    let mut bench = Bench::<F>::new(TWO);
    let updated = r##"{ "subnets": [ { "id": 7, "subnet": "{7}/net" } ] }"##;
    let said = "IPv# subnet updated";
    let delta = |name: &str, parts: &str, bench: &mut Bench<F>| {
        let arguments = format!(r##"{{ "subnet#": [ {{ "id": 7, {parts} }} ] }}"##);
        bench.done(name, &arguments, said, updated);
    };
    let get = |bench: &mut Bench<F>| {
        let (_, _, mut arguments) = bench.run("subnet#-get", r##"{ "id": 7 }"##);
        arguments["subnets"][0].take()
    };
    // Scalars, lists of plain values, pools by range, and an option inside of one of them.
    let pool = r##""pools": [ { "pool": "{7}10-{7}19", "option-data": [ { "name": "bootfile-name", "space": "own", "code": 1, "data": "AA", "csv-format": false } ] } ]"##;
    delta("subnet#-delta-add", &format!(r##""rebind-timer": 1200, {pool}"##), &mut bench);
    let relay = r##""relay": { "ip-addresses": [ "{8}1" ] }"##;
    delta("subnet#-delta-add", relay, &mut bench);
    let more = r##""relay": { "ip-addresses": [ "{8}2", "{8}1" ] }, "user-context": { "b": 2 },
        "pools": [ { "pool": "{7}10 - {7}19", "user-context": { "a": 1 } }, { "pool": "{7}30 - {7}39" } ]"##;
    delta("subnet#-delta-add", more, &mut bench);
    let subnet = get(&mut bench);
    let relays = serde_json::from_str::<Json>(&of_family::<F>(r##"[ "{8}1", "{8}2" ]"##)).unwrap();
    assert_eq!(subnet["relay"]["ip-addresses"], relays);
    assert_eq!((&subnet["renew-timer"], &subnet["rebind-timer"]), (&json!(900), &json!(1200)));
    let pools = &subnet["pools"];
    assert_eq!(pools.as_array().map(Vec::len), Some(2), "{pools}");
    assert_eq!(pools[0]["user-context"], json!({ "a": 1 }));
    assert_eq!(pools[0]["option-data"][0]["data"], "AA");

    // Named alone, a pool goes; with something in it, that goes.
    let less = r##""renew-timer": 0, "relay": { "ip-addresses": [ "{8}1" ] }, "pools": [ { "pool": "{7}30-{7}39" },
        { "pool": "{7}10-{7}19", "option-data": [ { "code": 1, "space": "own" } ] } ]"##;
    delta("subnet#-delta-del", less, &mut bench);
    let subnet = get(&mut bench);
    let relays = serde_json::from_str::<Json>(&of_family::<F>(r##"[ "{8}2" ]"##)).unwrap();
    assert_eq!((&subnet["relay"]["ip-addresses"], &subnet["renew-timer"]), (&relays, &Json::Null));
    assert_eq!(subnet["pools"].as_array().map(Vec::len), Some(1));
    assert_eq!(subnet["pools"][0]["option-data"], json!([]));
    assert_eq!(subnet["user-context"], json!({ "b": 2 }));
    assert_eq!(subnet["valid-lifetime"], 2000);

    // A new definition keeps nothing.
    delta("subnet#-update", r##""subnet": "{7}/net", "max-valid-lifetime": 5000"##, &mut bench);
    let subnet = get(&mut bench);
    assert_eq!((&subnet["valid-lifetime"], &subnet["pools"]), (&json!(4000), &json!([])));
    assert_eq!(subnet["max-valid-lifetime"], 5000);

    for name in ["subnet#-update", "subnet#-delta-add", "subnet#-delta-del"] {
        for (definition, code, fact) in [
            (r##"{ "id": 9, "subnet": "{7}/net" }"##, 3, "no subnet with id 9 found"),
            (r##"{ "subnet": "{9}/net" }"##, 3, "no subnet {9}/net found"),
            (r##"{ "id": 7, "subnet": "{9}/net" }"##, 1, "is {7}/net, not {9}/net"),
            (r##"{ "valid-lifetime": 1 }"##, 1, "must be named by its 'id' or 'subnet'"),
            (r##"{ "id": 7, "pols": [] }"##, 1, "'pools'"),
        ] {
            let arguments = format!(r##"{{ "subnet#": [ {definition} ] }}"##);
            bench.refused(name, &arguments, code, fact);
        }
    }
    let bad = r##"{ "subnet#": [ { "id": 7, "pools": [ { "pool": "{9}1 - {9}2" } ] } ] }"##;
    bench.refused("subnet#-delta-add", bad, 1, "is not inside subnet {7}/net");
    bench.refused("subnet#-delta-del", bad, 3, "subnet {7}/net (id 7) has nothing of this");
    let absent =
        r##"{ "subnet#": [ { "id": 7, "reservations": [ { "hw-address": "1:2:3:4:5:6" } ] } ] }"##;
    bench.refused("subnet#-delta-del", absent, 3, "has nothing of this");
}

for_both!(reservations_options_and_classes_are_parts, parts_of_subnets);
fn parts_of_subnets<F: Dialect>() {
    let mut bench = Bench::<F>::new(TWO);
    let delta = |name: &str, parts: &str, bench: &mut Bench<F>| {
        let arguments =
            format!(r##"{{ "subnet#": [ {{ "id": 1, "subnet": "{{1}}/net", {parts} }} ] }}"##);
        let (result, text, _) = bench.run(name, &arguments);
        assert_eq!((result, &*text), (0, &*of_family::<F>("IPv# subnet updated")), "{parts}");
        bench.at("/subnet#/0")
    };
    let option = if F::VERSION == 4 { ("domain-name-servers", 6) } else { ("dns-servers", 23) };
    let (name, code) = option;
    let one = format!(r##""option-data": [ {{ "name": "{name}", "data": "{{1}}1" }} ]"##);
    let two = format!(
        r##""option-data": [ {{ "code": {code}, "data": "{{1}}2", "always-send": true }} ]"##
    );
    delta("subnet#-delta-add", &one, &mut bench);
    let subnet = delta("subnet#-delta-add", &two, &mut bench);
    // The same option by its code: it is overwritten, not there twice.
    assert_eq!(subnet["option-data"].as_array().map(Vec::len), Some(1));
    assert_eq!(subnet["option-data"][0]["data"], of_family::<F>("{1}2"));
    assert_eq!(subnet["option-data"][0]["always-send"], true);
    let flag = format!(r##""option-data": [ {{ "name": "{name}", "always-send": true }} ]"##);
    let subnet = delta("subnet#-delta-del", &flag, &mut bench);
    assert_eq!(subnet["option-data"][0]["always-send"], false);
    let subnet = delta("subnet#-delta-del", &one, &mut bench);
    assert_eq!(subnet["option-data"], json!([]));

    let host = r##""reservations": [ { "hw-address": "02:00:00:00:00:01", "hostname": "a" } ]"##;
    delta("subnet#-delta-add", host, &mut bench);
    let host = r##""reservations": [ { "hw-address": "2:0:0:0:0:1", "hostname": "b" }, { "hw-address": "02:00:00:00:00:02" } ]"##;
    let subnet = delta("subnet#-delta-add", host, &mut bench);
    assert_eq!(subnet["reservations"].as_array().map(Vec::len), Some(2));
    assert_eq!(subnet["reservations"][0]["hostname"], "b");
    let host = r##""reservations": [ { "hw-address": "02:00:00:00:00:01" } ]"##;
    let subnet = delta("subnet#-delta-del", host, &mut bench);
    assert_eq!(subnet["reservations"][0]["hw-address"], "02:00:00:00:00:02");
    assert_eq!(subnet["reservations"].as_array().map(Vec::len), Some(1));

    // Either name of a key means what the other one set.
    let classes = r##""require-client-classes": [ "KNOWN" ]"##;
    delta("subnet#-delta-add", classes, &mut bench);
    let classes = r##""evaluate-additional-classes": [ "UNKNOWN" ]"##;
    let subnet = delta("subnet#-delta-add", classes, &mut bench);
    assert_eq!(subnet["require-client-classes"], json!(["KNOWN", "UNKNOWN"]));
    let classes = r##""evaluate-additional-classes": [ "KNOWN" ]"##;
    let subnet = delta("subnet#-delta-del", classes, &mut bench);
    assert_eq!(subnet["require-client-classes"], json!(["UNKNOWN"]));
    // What has become a list takes the place of the single value.
    delta("subnet#-delta-add", r##""client-class": "KNOWN""##, &mut bench);
    let subnet = delta("subnet#-delta-add", r##""client-classes": [ "UNKNOWN" ]"##, &mut bench);
    assert_eq!(
        (&subnet["client-class"], &subnet["client-classes"]),
        (&Json::Null, &json!(["UNKNOWN"]))
    );
}

#[test]
fn prefix_pools_are_known_by_prefix_and_length() {
    let mut bench = Bench::<V6>::new(TWO);
    let subnet =
        |pool: &str| format!(r##"{{ "subnet6": [ {{ "id": 1, "pd-pools": [ {pool} ] }} ] }}"##);
    let add = r##"{ "prefix": "2001:db8:ff::", "prefix-len": 48, "delegated-len": 56 }"##;
    assert_eq!(bench.run("subnet#-delta-add", &subnet(add)).0, 0);
    let same = r##"{ "prefix": "2001:DB8:ff:0::", "prefix-len": 48, "delegated-len": 60 }"##;
    assert_eq!(bench.run("subnet#-delta-add", &subnet(same)).0, 0);
    assert_eq!(bench.at("/subnet6/0/pd-pools").as_array().map(Vec::len), Some(1));
    assert_eq!(bench.at("/subnet6/0/pd-pools/0/delegated-len"), 60);
    assert_eq!(bench.run("subnet#-delta-del", &subnet(add)).0, 0);
    assert_eq!(bench.at("/subnet6/0/pd-pools"), json!([]));
}

for_both!(networks_come_and_go_and_subnets_move, networks);
fn networks<F: Dialect>() {
    let mut bench = Bench::<F>::new(TWO);
    let floor = r##"{ "shared-networks": [ { "name": "floor13", "renew-timer": 60, "subnet#": [
        { "id": 100, "subnet": "{2}/net", "pools": [ { "pool": "{2}2-{2}99" } ] },
        { "subnet": "{4}/net" } ] } ] }"##;
    let named = r##"{ "shared-networks": [ { "name": "floor13" } ] }"##;
    bench.done("network#-add", floor, "A new IPv# shared network 'floor13' added", named);
    assert_eq!(bench.at("/shared-networks/2/subnet#/1/id"), 8, "numbered, as no one had been");
    assert_eq!(bench.at("/shared-networks/2/subnet#/0/renew-timer"), 60);
    bench.refused("network#-add", floor, 1, "shared network 'floor13' is defined twice");
    let nameless = r##"{ "shared-networks": [ {} ] }"##;
    bench.refused("network#-add", nameless, 1, "'name'");

    bench.done(
        "network#-subnet-add",
        r##"{ "name": "floor13", "id": 7 }"##,
        "IPv# subnet {7}/net (id 7) is now part of shared network 'floor13'",
        "",
    );
    assert_eq!(bench.at("/shared-networks/2/subnet#/2/id"), 7);
    assert_eq!(bench.at("/subnet#/1"), Json::Null);
    for (name, arguments, code, fact) in [
        (
            "add",
            r##"{ "name": "office", "id": 7 }"##,
            1,
            "is part of shared network 'floor13' already",
        ),
        ("add", r##"{ "name": "x", "id": 1 }"##, 3, "no shared network 'x' found"),
        ("add", r##"{ "name": "office", "id": 9 }"##, 3, "no subnet with id 9 found"),
        ("add", r##"{ "name": "office" }"##, 1, "Missing mandatory 'id' parameter."),
        ("del", r##"{ "name": "office", "id": 7 }"##, 1, "is not part of shared network 'office'"),
        ("del", r##"{ "name": "floor13", "id": 1 }"##, 1, "is not part of shared network"),
    ] {
        bench.refused(&format!("network#-subnet-{name}"), arguments, code, fact);
    }
    bench.done(
        "network#-subnet-del",
        r##"{ "name": "floor13", "id": 7 }"##,
        "IPv# subnet {7}/net (id 7) is now removed from shared network 'floor13'",
        "",
    );
    assert_eq!(bench.at("/subnet#/1/id"), 7);
    // What the subnets of a network must agree on is checked again.
    let other = r##"{ "subnet#": [ { "id": 5, "subnet": "{5}/net", "interface": "eth5" } ] }"##;
    assert_eq!(bench.run("subnet#-add", other).0, 0);
    let other = r##"{ "subnet#": [ { "id": 3, "interface": "eth3" } ] }"##;
    assert_eq!(bench.run("subnet#-delta-add", other).0, 0);
    let join = r##"{ "name": "floor1", "id": 5 }"##;
    bench.refused("network#-subnet-add", join, 1, "are on different interfaces");

    // Its subnets stay when the network goes, unless told otherwise.
    let deleted = "IPv# shared network 'floor13' deleted";
    bench.done("network#-del", r##"{ "name": "floor13" }"##, deleted, named);
    assert!(bench.config.subnet(kea_lease::SubnetId(100)).unwrap().network.is_none());
    bench.done(
        "network#-del",
        r##"{ "name": "floor1", "subnets-action": "delete" }"##,
        "IPv# shared network 'floor1' deleted",
        r##"{ "shared-networks": [ { "name": "floor1" } ] }"##,
    );
    assert!(bench.config.subnet(kea_lease::SubnetId(3)).is_none());
    bench.refused("network#-del", r##"{ "name": "floor1" }"##, 3, "no shared network 'floor1'");
    let action = r##"{ "name": "office", "subnets-action": "x" }"##;
    bench.refused("network#-del", action, 1, "'subnets-action' parameter expected to be one of");
}
