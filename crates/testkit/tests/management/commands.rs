//! Every command of the servers, as the rows in `commands/` have it: what it answers, what it refuses and
//! in which words, here and by Debian's Kea.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use kea_testkit::{Answer, ControlSocket, Lab, ServerSetup, Subject};
use serde_json::{Value, json};

use super::Agent;

/// How far this server and Kea 2.2 agree.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Agreement {
    /// They answer the same.
    Same,
    /// They answer differently.
    Different,
    /// Kea 2.2 has no such command.
    Newer,
    /// Kea 2.2 has it in a library that Debian does not ship.
    Library,
}

/// One line of the table.
struct Row {
    agreement: Agreement,
    command: String,
    arguments: Option<Value>,
    /// Result and text by this server, and by Kea where that differs.
    answers: Vec<(i64, String)>,
    /// What is in the arguments of the answer: pointer, and value unless it is any.
    has: Vec<(String, Option<Value>)>,
}

/// What stands for something in the table.
struct Words {
    version: u8,
    config: Value,
    folder: String,
}

impl Words {
    fn put_in(&self, text: &str) -> String {
        let mut text = text.replace('#', &self.version.to_string());
        for n in 0..10 {
            let (start, net) = match self.version {
                4 => (format!("10.0.{n}."), format!("10.0.{n}.0/24")),
                _ => (format!("2001:db8:{n}::"), format!("2001:db8:{n}::/64")),
            };
            text = text.replace(&format!("{{{n}}}/net"), &net).replace(&format!("{{{n}}}"), &start);
        }
        text.replace("$CONFIG", &self.config.to_string()).replace("$FOLDER", &self.folder)
    }

    fn rows(&self, table: &str) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        for line in table.lines().filter(|line| !line.is_empty() && !line.starts_with("# ")) {
            let line = self.put_in(line);
            let (mark, rest) = line.split_at(2);
            if mark == "  " {
                let (pointer, value) =
                    rest.strip_prefix("has ").and_then(|rest| rest.split_once(" = ")).unwrap();
                let value = (value != "*").then(|| serde_json::from_str(value).unwrap());
                rows.last_mut().unwrap().has.push((pointer.to_owned(), value));
                continue;
            }
            if mark == "< " {
                rows.last_mut().unwrap().answers.push(answer(rest));
                continue;
            }
            let agreement = match mark {
                "= " => Agreement::Same,
                "~ " => Agreement::Different,
                "+ " => Agreement::Newer,
                ". " => Agreement::Library,
                _ => panic!("no mark: {line}"),
            };
            let (asked, answered) = rest.split_once(" => ").unwrap();
            let (command, arguments) = asked.split_once(' ').unwrap();
            let arguments = (arguments != "-").then(|| {
                serde_json::from_str(arguments).unwrap_or_else(|error| panic!("{line}: {error}"))
            });
            let command = command.to_owned();
            let answers = vec![answer(answered)];
            rows.push(Row { agreement, command, arguments, answers, has: Vec::new() });
        }
        rows
    }
}

fn answer(text: &str) -> (i64, String) {
    let (result, text) = text.split_once(' ').unwrap();
    (result.parse().unwrap(), if text == "-" { String::new() } else { text.to_owned() })
}

/// True when `text` is `pattern`, in which a `*` is anything.
fn fits(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => text
            .strip_prefix(start)
            .is_some_and(|rest| rest.len() >= end.len() && rest.ends_with(end)),
    }
}

impl Row {
    /// What is wrong with an answer to this row.
    fn objection(&self, subject: Subject, given: &Answer) -> Option<String> {
        let unsupported = (2, format!("'{}' command not supported.*", self.command));
        let ours = subject == Subject::Ours;
        let (result, text) = match self.agreement {
            _ if ours => &self.answers[0],
            Agreement::Newer | Agreement::Library => &unsupported,
            Agreement::Same | Agreement::Different => self.answers.last()?,
        };
        if given.result != *result || !fits(text, &given.text) {
            return Some(format!("{result} {text}"));
        }
        // What a command does not have it does not give.
        let has = if given.result == 2 { &[][..] } else { &self.has };
        has.iter()
            .find(|(pointer, value)| {
                let found = given.arguments.pointer(pointer);
                found.is_none() || value.as_ref().is_some_and(|value| found != Some(value))
            })
            .map(|(pointer, value)| format!("{pointer} = {value:?} in {}", given.arguments))
    }

    fn asked(&self) -> String {
        let arguments = self.arguments.as_ref().map_or("-".to_owned(), Value::to_string);
        format!("{} {arguments}", self.command)
    }
}

/// Asks a server: a command, its arguments, and a member that no command has.
type Ask<'a> = &'a dyn Fn(&str, Option<&Value>, Option<&str>) -> Answer;

/// Plays the rows, and sends each of the program's commands with a member that no command has, and with
/// each of its arguments of a wrong type.
fn play(subject: Subject, program: &str, rows: &[Row], send: Ask<'_>) {
    let mut wrong = String::new();
    let listed = send("list-commands", None, None).arguments;
    let listed: Vec<&str> = listed.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    for command in &listed {
        let given = send(command, None, Some("bogus"));
        let text = "Error during command processing: Received command contains unsupported \
                    parameter 'bogus'";
        if (given.result, given.text.as_str()) != (1, text) {
            let _ =
                writeln!(wrong, "{command} with a member 'bogus': {} {}", given.result, given.text);
        }
    }
    if subject == Subject::Ours {
        let registry = Registry::new();
        wrong.push_str(&registry.gaps(program, &listed, rows));
        wrong.push_str(&registry.mistyped(&listed, rows, send));
    }
    for row in rows {
        let given = send(&row.command, row.arguments.as_ref(), None);
        if let Some(expected) = row.objection(subject, &given) {
            let (asked, result, text) = (row.asked(), given.result, given.text);
            let _ = writeln!(wrong, "{asked}\n   not: {expected}\n   but: {result} {text}");
        }
    }
    assert!(wrong.is_empty(), "{subject:?}:\n{wrong}");
}

/// The table of all commands, as it is published.
struct Registry(Value);

impl Registry {
    fn new() -> Self {
        let openapi = include_str!("../../../../docs/reference/openapi.json");
        let openapi: Value = serde_json::from_str(openapi).unwrap();
        Registry(openapi["components"]["schemas"].clone())
    }

    /// Commands with their entries.
    fn commands(&self) -> impl Iterator<Item = (&str, &Value)> {
        let schemas = self.0.as_object().unwrap().iter();
        schemas
            .filter(|(_, schema)| schema["x-programs"].is_array())
            .map(|(name, schema)| (name.as_str(), schema))
    }

    /// The arguments of a command: their names and schemas, and those that have to be there.
    fn arguments(&self, command: &str) -> (Vec<(&str, &Value)>, Vec<&str>) {
        let arguments = &self.0[command]["properties"]["arguments"];
        let properties = arguments["properties"].as_object().into_iter().flatten();
        let required = arguments["required"].as_array().into_iter().flatten();
        (
            properties.map(|(name, schema)| (name.as_str(), schema)).collect(),
            required.filter_map(Value::as_str).collect(),
        )
    }

    /// Commands of the program that it does not offer, or that the rows do not show succeeding, or do not
    /// show refusing each argument that has to be there: left out, and of a wrong type.
    fn gaps(&self, program: &str, listed: &[&str], rows: &[Row]) -> String {
        let mut gaps = String::new();
        for (name, schema) in self.commands() {
            let programs = schema["x-programs"].as_array().unwrap();
            let library = schema["x-library"].as_str();
            let has_it =
                library.is_none_or(|library| LIBRARIES.iter().any(|it| library == file(it)));
            // The agent loads none.
            let has_it = has_it && (library.is_none() || program != "kea-ctrl-agent");
            if has_it && programs.contains(&json!(program)) && !listed.contains(&name) {
                let _ = writeln!(gaps, "{name}: in the table, not offered");
            }
        }
        for name in listed {
            let of_it = || rows.iter().filter(|row| row.command == *name);
            // No configuration backend is configured, which is result 3.
            if !of_it().any(|row| row.answers[0].0 == 0 || *name == "config-backend-pull") {
                let _ = writeln!(gaps, "{name}: no row of success");
            }
            let (arguments, required) = self.arguments(name);
            for must in required {
                let refused = |is_there: bool| {
                    of_it().any(|row| {
                        let there =
                            row.arguments.as_ref().is_some_and(|map| map.get(must).is_some());
                        there == is_there && row.answers[0].0 == 1
                    })
                };
                if !refused(false) || !refused(true) {
                    let _ = writeln!(gaps, "{name}: '{must}' left out or wrong has no row");
                }
            }
            if !arguments.is_empty() && !of_it().any(|row| ![0, 3].contains(&row.answers[0].0)) {
                let _ = writeln!(gaps, "{name}: no row of an error");
            }
        }
        let known: BTreeSet<&str> = listed.iter().copied().collect();
        for row in rows.iter().filter(|row| !known.contains(row.command.as_str())) {
            let _ = writeln!(gaps, "{}: a row, but no command", row.command);
        }
        gaps
    }

    /// Sends each command with each of its arguments of a wrong type, the others as in its row of success.
    /// What is not refused with the argument's name is wrong.
    fn mistyped(&self, listed: &[&str], rows: &[Row], send: Ask<'_>) -> String {
        let mut wrong = String::new();
        for name in listed {
            let success = rows.iter().find(|row| row.command == *name && row.answers[0].0 == 0);
            let base = success.and_then(|row| row.arguments.clone()).unwrap_or(json!({}));
            for (argument, schema) in self.arguments(name).0 {
                let is_typed = schema.get("type").is_some() || schema.get("enum").is_some();
                if !is_typed {
                    continue;
                }
                let mut arguments = base.clone();
                let is_boolean = schema["type"] == "boolean";
                arguments[argument] = if is_boolean { json!("x") } else { json!(true) };
                let given = send(name, Some(&arguments), None);
                if given.result != 1 || !given.text.contains(&format!("'{argument}'")) {
                    let (result, text) = (given.result, given.text);
                    let _ = writeln!(wrong, "{name} {arguments}: {result} {text}");
                }
            }
        }
        wrong
    }
}

/// The libraries of commands that are part of the servers, by their short names.
const LIBRARIES: [&str; 3] = ["subnet", "class", "host"];

fn file(library: &str) -> String {
    format!("libdhcp_{library}_cmds.so")
}

fn request(command: &str, arguments: Option<&Value>, other: Option<&str>) -> Value {
    let mut members = BTreeMap::from([("command", json!(command))]);
    members.extend(arguments.map(|arguments| ("arguments", arguments.clone())));
    members.extend(other.map(|other| (other, json!(1))));
    json!(members)
}

fn server_config(subject: Subject, setup: &ServerSetup, words: &Words) -> Value {
    let config = words.put_in(
        r##"{
            "server-tag": "here",
            "client-classes": [{ "name": "printers" }],
            "subnet#": [{ "id": 7, "subnet": "{7}/net", "pools": [{ "pool": "{7}10 - {7}19" }] }],
            "shared-networks": [{ "name": "floor", "subnet#": [{ "id": 8, "subnet": "{8}/net" }] }]
        }"##,
    );
    let mut config: Value = serde_json::from_str(&config).unwrap();
    let network = &mut config["shared-networks"][0][format!("subnet{}", words.version)];
    let (key, address) = match words.version {
        4 => ("ip-address", json!("10.0.8.9")),
        _ => ("ip-addresses", json!(["2001:db8:8::9"])),
    };
    network[0]["reservations"] = json!([{ "flex-id": "08", "hostname": "eight", key: address }]);
    if words.version == 4 {
        config["subnet4"][0]["4o6-subnet"] = json!("2001:db8:7::/64");
        config["shared-networks"][0]["subnet4"][0]["4o6-interface-id"] = json!("port 8");
    }
    if subject == Subject::Ours {
        config["hooks-libraries"] = LIBRARIES.map(|it| json!({ "library": file(it) })).into();
    }
    setup.config(&config)
}

fn every_command_of_a_server(version: u8) {
    let subject = Subject::from_environment();
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let setup = ServerSetup::new(subject, version).unwrap();
    let folder = setup.folder().display().to_string();
    let mut words = Words { version, config: Value::Null, folder };
    words.config = server_config(subject, &setup, &words);
    setup.write_config(&words.config.to_string()).unwrap();
    let server = setup.start(&netns).unwrap();
    let socket: ControlSocket = server.setup().control_socket();
    let own = if version == 4 { include_str!("../../commands/dhcp4.rows") } else { "" };
    let rows = words.rows(&[own, include_str!("../../commands/dhcp.rows")].concat());
    play(subject, &format!("kea-dhcp{version}"), &rows, &|command, arguments, other| {
        socket.send(&request(command, arguments, other).to_string()).unwrap()
    });
}

#[test]
fn every_command_of_the_dhcp4_server_answers_and_refuses_as_documented() {
    every_command_of_a_server(4);
}

#[test]
fn every_command_of_the_dhcp6_server_answers_and_refuses_as_documented() {
    every_command_of_a_server(6);
}

#[test]
fn every_command_of_the_agent_answers_and_refuses_as_documented() {
    let subject = Subject::from_environment();
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let (four, six) = (super::server(subject, 4, &netns), super::server(subject, 6, &netns));
    let agent = Agent::start(subject, &netns, &[&four, &six]);
    let file = Path::new(four.setup().folder()).join("agent.conf");
    let config = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let folder = four.setup().folder().display().to_string();
    let rows = Words { version: 0, config, folder }.rows(include_str!("../../commands/agent.rows"));
    play(subject, "kea-ctrl-agent", &rows, &|command, arguments, other| {
        let mut answers = agent.curl(&request(command, arguments, other));
        let answer = answers[0].take();
        Answer {
            result: answer["result"].as_i64().unwrap_or(-1),
            text: answer["text"].as_str().unwrap_or_default().to_owned(),
            arguments: answer["arguments"].clone(),
        }
    });
}

#[test]
fn what_the_servers_do_not_have_is_refused_by_name() {
    let Some((_lab, netns, _, setup)) = Lab::ours(4) else { return };
    let server = setup.start_with(&netns, &json!({})).unwrap();
    let socket = server.setup().control_socket();
    let listed = socket.command("list-commands", Value::Null).unwrap().arguments;
    let listed = listed.as_array().unwrap();
    let registry = Registry::new();
    let mut refused = 0;
    for (name, _) in registry.commands().filter(|(name, _)| !listed.contains(&json!(name))) {
        let given = socket.command(name, Value::Null).unwrap();
        let text = format!("'{name}' command not supported.");
        assert_eq!((given.result, given.text), (2, text));
        refused += 1;
    }
    assert!(refused > 0 && !listed.is_empty());
}

/// A change that fails late is taken back. Where that fails too, the answer says so with a number of its own.
#[test]
fn what_cannot_be_put_back_is_told_with_result_5() {
    let Some((_lab, netns, _, setup)) = Lab::ours(4) else { return };
    let logs = setup.folder().join("logs");
    std::fs::create_dir(&logs).unwrap();
    let base = setup.config(&json!({}));
    let config = |log: &Path, control: &Path| {
        let output = json!([{ "output": log, "flush": true }]);
        let stdout = json!([{ "output": "stdout", "flush": true }]);
        let mut config = base.clone();
        config["Dhcp4"]["control-socket"]["socket-name"] = json!(control);
        config["Dhcp4"]["loggers"] = json!([
            { "name": "kea-dhcp4", "severity": "INFO", "output_options": stdout },
            { "name": "kea-dhcp4.leases", "severity": "INFO", "output_options": output },
        ]);
        config
    };
    let control = setup.folder().join("control");
    let first = config(&logs.join("leases.log"), &control);
    let elsewhere = setup.folder().join("leases.log");
    let impossible = config(&elsewhere, &setup.folder().join("no/such/folder"));
    setup.write_config(&first.to_string()).unwrap();
    let server = setup.start(&netns).unwrap();
    let socket = server.control();
    let refused = socket.command("config-set", impossible.clone()).unwrap();
    assert_eq!(refused.result, 1, "{}", refused.text);
    assert!(refused.text.contains("no/such/folder"), "{}", refused.text);

    std::fs::remove_dir_all(&logs).unwrap();
    let partly = socket.command("config-set", impossible).unwrap();
    assert_eq!(partly.result, 5, "{}", partly.text);
    for part in ["no/such/folder", "could not be put back whole", "logs/leases.log"] {
        assert!(partly.text.contains(part), "{part}: {}", partly.text);
    }
    // It serves on, and a sound configuration mends it.
    let sound = config(&elsewhere, &control);
    let mended = socket.command("config-set", sound).unwrap();
    assert_eq!((mended.result, &*mended.text), (0, "Configuration successful."));
}
