//! `Control-agent`: what may stand in it, and what it means.

use std::collections::BTreeMap;
use std::net::IpAddr;

use kea_config::document::{Document, Map, Node, SourceLoader, Value};
use kea_config::snapshot::{Authentication, ControlSocket, Credentials, HttpSocket, Secret, Tls};
use kea_config::{Diagnostic, Diagnostics};
use kea_log::{LoggerConfig, OutputConfig};
use serde_json::{Value as Json, json};

use crate::http::check_access;

/// A control agent's configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct AgentConfig {
    /// Where it listens.
    pub socket: ControlSocket,
    /// UNIX sockets of the servers, by the name that `service` uses.
    pub services: BTreeMap<String, String>,
    /// What is logged.
    pub loggers: Vec<LoggerConfig>,
    /// As `config-get` gives it, `Control-agent` included.
    pub effective: Json,
}

impl AgentConfig {
    /// Reads the file at `path` through `loader`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn load(path: &str, loader: &dyn SourceLoader) -> Result<Self, Diagnostics> {
        let (document, warnings) = Document::load(path, loader)?;
        Self::read(&document, warnings)
    }

    /// Reads the arguments of `config-set`.
    ///
    /// # Errors
    /// As [`Self::load`].
    pub fn from_text(text: &str) -> Result<Self, Diagnostics> {
        let loader = &kea_config::document::NoIncludes;
        let (document, warnings) = Document::parse("<string>", text.as_bytes(), loader)?;
        Self::read(&document, warnings)
    }

    fn read(document: &Document, warnings: Diagnostics) -> Result<Self, Diagnostics> {
        let mut problems = Diagnostics::about(document.sources());
        problems.append(warnings);
        let empty = Map::new();
        let top = document.root();
        check(top, "the configuration", TOP, &mut problems);
        let section = top.as_map().and_then(|map| map.get("Control-agent"));
        let given = section.and_then(Node::as_map);
        if given.is_none() {
            problems.push(Diagnostic::error("'Control-agent' is missing").at(top.span, ""));
        }
        let given = given.unwrap_or(&empty);
        let config = AgentConfig {
            socket: socket(given, &mut problems),
            services: services(given),
            loggers: loggers(given),
            effective: effective(given),
        };
        refuse_libraries(given, &mut problems);
        if let ControlSocket::Http(socket) = &config.socket
            && let Err(problem) = check_access(socket)
        {
            let place = section.map_or(top.span, |node| node.span);
            problems.push(Diagnostic::error(problem.to_string()).at(place, ""));
        }
        if problems.has_errors() { Err(problems) } else { Ok(config) }
    }
}

/// What may be the value of a key.
enum Kind {
    Text,
    /// Of a UNIX socket.
    SocketPath,
    Integer(i64, i64),
    Boolean,
    Word(&'static [&'static str]),
    Any,
    Section(&'static [Key]),
    Sections(&'static [Key]),
}

type Key = (&'static str, Kind);

const TOP: &[Key] = &[("Control-agent", Kind::Section(AGENT))];
const AGENT: &[Key] = &[
    ("http-host", Kind::Text),
    ("http-port", Kind::Integer(0, 65535)),
    ("http-headers", Kind::Sections(&[("name", Kind::Text), ("value", Kind::Text)])),
    ("trust-anchor", Kind::Text),
    ("cert-file", Kind::Text),
    ("key-file", Kind::Text),
    ("cert-required", Kind::Boolean),
    ("authentication", Kind::Section(AUTHENTICATION)),
    ("control-sockets", Kind::Section(SERVICES)),
    ("hooks-libraries", Kind::Sections(&[("library", Kind::Text), ("parameters", Kind::Any)])),
    ("loggers", Kind::Sections(LOGGER)),
];
const AUTHENTICATION: &[Key] = &[
    ("type", Kind::Word(&["basic"])),
    ("realm", Kind::Text),
    ("directory", Kind::Text),
    ("clients", Kind::Sections(CLIENT)),
];
const CLIENT: &[Key] = &[
    ("user", Kind::Text),
    ("user-file", Kind::Text),
    ("password", Kind::Text),
    ("password-file", Kind::Text),
];
const SERVICES: &[Key] = &[
    ("dhcp4", Kind::Section(SOCKET)),
    ("dhcp6", Kind::Section(SOCKET)),
    ("d2", Kind::Section(SOCKET)),
];
const SOCKET: &[Key] = &[("socket-type", Kind::Word(&["unix"])), ("socket-name", Kind::SocketPath)];
const LOGGER: &[Key] = &[
    ("name", Kind::Text),
    ("severity", Kind::Text),
    ("debuglevel", Kind::Integer(0, 99)),
    ("output_options", Kind::Sections(OUTPUT)),
    ("output-options", Kind::Sections(OUTPUT)),
];
const OUTPUT: &[Key] = &[
    ("output", Kind::Text),
    ("flush", Kind::Boolean),
    ("maxsize", Kind::Integer(0, i64::MAX)),
    ("maxver", Kind::Integer(1, i32::MAX as i64)),
    ("pattern", Kind::Text),
];

fn check(node: &Node, name: &str, keys: &'static [Key], problems: &mut Diagnostics) {
    let Some(map) = node.as_map() else {
        let message = format!("{name} has to be a map and is {}", node.value.kind());
        return problems.push(Diagnostic::error(message).at(node.span, ""));
    };
    for entry in map {
        let name = &*entry.name;
        let node = &entry.node;
        let wrong = match keys.iter().find(|(key, _)| *key == name).map(|(_, kind)| kind) {
            None if ["user-context", "comment"].contains(&name) => None,
            None => {
                let known: Vec<_> = keys.iter().map(|(key, _)| *key).collect();
                let message = format!("unsupported parameter: {name}");
                problems.push(
                    Diagnostic::error(message)
                        .at(entry.name_span, "")
                        .hint(format!("known here: {}", known.join(", "))),
                );
                None
            }
            Some(Kind::Any) => None,
            Some(Kind::Text) => node.as_str().is_none().then(|| "a string".to_owned()),
            Some(Kind::SocketPath) => match node.as_str() {
                None => Some("a string".to_owned()),
                Some(path) => {
                    path_fits(name, path, node, problems);
                    None
                }
            },
            Some(Kind::Boolean) => {
                (!matches!(node.value, Value::Boolean(_))).then(|| "a boolean".into())
            }
            Some(Kind::Integer(least, most)) => {
                let fits = node.as_integer().is_some_and(|n| (*least..=*most).contains(&n));
                (!fits).then(|| format!("an integer from {least} to {most}"))
            }
            Some(Kind::Word(words)) => {
                let fits = node.as_str().is_some_and(|text| words.contains(&text));
                (!fits).then(|| format!("'{}'", words.join("' or '")))
            }
            Some(Kind::Section(keys)) => {
                check(node, name, keys, problems);
                None
            }
            Some(Kind::Sections(keys)) => match node.as_list() {
                None => Some("a list".to_owned()),
                Some(list) => {
                    list.iter().for_each(|item| check(item, name, keys, problems));
                    None
                }
            },
        };
        if let Some(wanted) = wrong {
            let message = format!("{name} has to be {wanted} and is {}", node.value.kind());
            problems.push(Diagnostic::error(message).at(node.span, ""));
        }
    }
}

/// The system takes no longer paths for sockets (unix(7)).
const SOCKET_PATH_OCTETS: usize = 107;

fn path_fits(name: &str, path: &str, node: &Node, problems: &mut Diagnostics) {
    if path.len() > SOCKET_PATH_OCTETS {
        let len = path.len();
        let message = format!("{name} is {len} octets long; {SOCKET_PATH_OCTETS} fit: {path}");
        problems.push(Diagnostic::error(message).at(node.span, ""));
    }
}

/// Who names a library relies on what it does, access control above all, and must not go without it unawares.
fn refuse_libraries(given: &Map, problems: &mut Diagnostics) {
    let libraries = given.get("hooks-libraries").and_then(Node::as_list).unwrap_or_default();
    for node in libraries {
        let message = match node.as_map().and_then(|map| text(map, "library")) {
            None => "'library' is missing".to_owned(),
            Some(library) => {
                format!("hook library {library}: the control agent has no library of this name")
            }
        };
        problems.push(Diagnostic::error(message).at(node.span, ""));
    }
}

fn text<'m>(map: &'m Map, name: &str) -> Option<&'m str> {
    map.get(name).and_then(Node::as_str)
}

fn maps<'m>(map: &'m Map, name: &str) -> impl Iterator<Item = &'m Map> {
    map.get(name).and_then(Node::as_list).unwrap_or_default().iter().filter_map(Node::as_map)
}

fn boolean(map: &Map, name: &str, default: bool) -> bool {
    match map.get(name).map(|node| &node.value) {
        Some(Value::Boolean(flag)) => *flag,
        _ => default,
    }
}

fn socket(given: &Map, problems: &mut Diagnostics) -> ControlSocket {
    let host = text(given, "http-host").unwrap_or("127.0.0.1");
    let address: IpAddr = host.parse().unwrap_or_else(|_| {
        let place = given.get("http-host").map_or(kea_config::document::Span::NONE, |n| n.span);
        let message = format!("http-host has to be an IP address and is '{host}'");
        problems.push(Diagnostic::error(message).at(place, "names are not looked up"));
        IpAddr::from([127, 0, 0, 1])
    });
    let file = |name| text(given, name).filter(|path| !path.is_empty()).map(Into::into);
    let tls = Tls {
        trust_anchor: file("trust-anchor"),
        cert_file: file("cert-file"),
        key_file: file("key-file"),
        cipher_list: None,
    };
    let port = given.get("http-port").and_then(Node::as_integer).unwrap_or(8000);
    ControlSocket::Http(HttpSocket {
        address,
        port: u16::try_from(port).unwrap_or_default(),
        tls: (tls != Tls::default()).then_some(tls),
        cert_required: boolean(given, "cert-required", true),
        authentication: given.get("authentication").and_then(Node::as_map).map(authentication),
        headers: maps(given, "http-headers")
            .filter_map(|header| {
                Some((text(header, "name")?.into(), text(header, "value")?.into()))
            })
            .collect(),
    })
}

fn authentication(map: &Map) -> Authentication {
    let clients = maps(map, "clients").map(|client| Credentials {
        user: text(client, "user").map(Into::into),
        user_file: text(client, "user-file").map(Into::into),
        password: text(client, "password").map(|password| Secret(password.into())),
        password_file: text(client, "password-file").map(Into::into),
    });
    Authentication {
        realm: text(map, "realm").unwrap_or("kea-control-agent").into(),
        directory: text(map, "directory").unwrap_or("").into(),
        clients: clients.collect(),
    }
}

fn services(given: &Map) -> BTreeMap<String, String> {
    let sockets = given.get("control-sockets").and_then(Node::as_map);
    let sockets = sockets.into_iter().flatten();
    let named = sockets.filter_map(|entry| {
        let path = text(entry.node.as_map()?, "socket-name")?;
        Some((entry.name.to_string(), path.to_owned()))
    });
    named.collect()
}

fn loggers(given: &Map) -> Vec<LoggerConfig> {
    let output = |map: &Map| OutputConfig {
        output: text(map, "output").unwrap_or("stdout").to_owned(),
        flush: boolean(map, "flush", true),
        maxsize: map
            .get("maxsize")
            .and_then(Node::as_integer)
            .map_or(10_240_000, i64::cast_unsigned),
        maxver: map
            .get("maxver")
            .and_then(Node::as_integer)
            .and_then(|number| u32::try_from(number).ok())
            .unwrap_or(1),
        pattern: text(map, "pattern").unwrap_or("").to_owned(),
    };
    let logger = |map: &Map| LoggerConfig {
        name: text(map, "name").unwrap_or("kea-ctrl-agent").to_owned(),
        severity: Some(text(map, "severity").unwrap_or("INFO").to_owned()),
        debuglevel: map
            .get("debuglevel")
            .and_then(Node::as_integer)
            .and_then(|level| u8::try_from(level).ok()),
        outputs: maps(map, "output_options")
            .chain(maps(map, "output-options"))
            .map(output)
            .collect(),
    };
    maps(given, "loggers").map(logger).collect()
}

/// What was given and the defaults of what was not.
fn effective(given: &Map) -> Json {
    // The document's rendering is plain JSON.
    let text = Value::Map(given.clone()).to_string();
    let mut agent: Json = serde_json::from_str(&text).unwrap_or_default();
    if let Json::Object(members) = &mut agent {
        for (name, default) in [
            ("http-host", json!("127.0.0.1")),
            ("http-port", json!(8000)),
            ("hooks-libraries", json!([])),
        ] {
            members.entry(name).or_insert(default);
        }
        let services = members.get_mut("control-sockets").and_then(Json::as_object_mut);
        for (_, service) in services.into_iter().flatten() {
            if let Json::Object(service) = service {
                service.entry("socket-type").or_insert(json!("unix"));
            }
        }
    }
    json!({ "Control-agent": agent })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_socket(path: &str) -> Result<AgentConfig, String> {
        let socket = json!({ "socket-type": "unix", "socket-name": path });
        let config = json!({ "Control-agent": { "control-sockets": { "dhcp4": socket } } });
        AgentConfig::from_text(&config.to_string()).map_err(|it| it.first_error().unwrap())
    }

    #[test]
    fn access_is_checked_before_anything_is_opened() {
        let refused = |further: Json| {
            let config = json!({ "Control-agent": further }).to_string();
            AgentConfig::from_text(&config).unwrap_err().first_error().unwrap()
        };
        let half = refused(json!({ "trust-anchor": "/ca.pem", "cert-file": "/cert.pem" }));
        assert!(half.contains("'key-file' is missing"), "{half}");
        let clients = json!([{ "user": "admin", "password-file": "/nonexistent" }]);
        let unread = refused(json!({ "authentication": { "type": "basic", "clients": clients } }));
        assert!(unread.contains("cannot use /nonexistent"), "{unread}");
    }

    #[test]
    fn libraries_that_are_not_there_are_refused() {
        let refused = |library: Json| {
            let config = json!({ "Control-agent": { "hooks-libraries": [library] } }).to_string();
            AgentConfig::from_text(&config).unwrap_err().first_error().unwrap()
        };
        let library = refused(json!({ "library": "/usr/lib/libca_rbac.so" }));
        let expected = "hook library /usr/lib/libca_rbac.so: the control agent has no library";
        assert!(library.contains(expected), "{library}");
        let nameless = refused(json!({ "parameters": {} }));
        assert!(nameless.contains("'library' is missing"), "{nameless}");
        let none = json!({ "Control-agent": { "hooks-libraries": [] } }).to_string();
        assert!(AgentConfig::from_text(&none).is_ok());
    }

    #[test]
    fn a_socket_path_is_as_long_as_the_system_allows() {
        let longest = format!("/run/{}", "a".repeat(102));
        assert_eq!(with_socket(&longest).unwrap().services["dhcp4"], longest);
        let longer = format!("{longest}b");
        let problem = with_socket(&longer).unwrap_err();
        let expected = format!("socket-name is 108 octets long; 107 fit: {longer}");
        assert!(problem.contains(&expected), "{problem}");
    }
}
