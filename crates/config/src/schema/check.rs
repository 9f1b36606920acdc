//! A document against the table.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::key::{Key, Kind, Scope, Status};
use super::keys::LEGACY;
use crate::diagnostics::{Diagnostic, Diagnostics, nearest};
use crate::document::{Entry, Map, Node, Span, Value};

/// Whose configuration it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[allow(missing_docs)]
pub enum Protocol {
    Dhcp4,
    Dhcp6,
}

impl Protocol {
    /// The name of the top-level object.
    pub fn object(self) -> &'static str {
        match self {
            Protocol::Dhcp4 => "Dhcp4",
            Protocol::Dhcp6 => "Dhcp6",
        }
    }

    /// The key of a list of subnets.
    pub fn subnets(self) -> &'static str {
        match self {
            Protocol::Dhcp4 => "subnet4",
            Protocol::Dhcp6 => "subnet6",
        }
    }
}

/// Checks the server's object: names, types, bounds, words, what is mandatory, at every level.
pub fn check(protocol: Protocol, object: &Node, diagnostics: &mut Diagnostics) {
    Checker { protocol, diagnostics }.node(object, Kind::Map(Scope::Global), protocol.object());
}

/// Checks one map of a scope by itself.
pub(crate) fn check_part(
    protocol: Protocol,
    scope: Scope,
    part: &Node,
    diagnostics: &mut Diagnostics,
) {
    Checker { protocol, diagnostics }.node(part, Kind::Map(scope), scope.title());
}

struct Checker<'d> {
    protocol: Protocol,
    diagnostics: &'d mut Diagnostics,
}

impl Checker<'_> {
    fn map(&mut self, map: &Map, span: Span, scope: Scope) {
        for entry in map {
            match super::find(self.protocol, scope, &entry.name) {
                Some(key) => self.entry(entry, key),
                None if scope.is_open() => {}
                None => self.unknown(entry, scope),
            }
        }
        for key in super::mandatory(self.protocol, scope) {
            let given = std::iter::once(&key.name).chain(key.aliases).any(|n| map.get(n).is_some());
            if !given {
                let message = format!("missing parameter '{}' in {}", key.name, scope.title());
                self.diagnostics.push(Diagnostic::error(message).at(head(span), ""));
            }
        }
    }

    fn entry(&mut self, entry: &Entry, key: &'static Key) {
        if let Status::Deprecated(instead) = key.status {
            let warning = Diagnostic::warning(format!("'{}' is deprecated", entry.name));
            self.diagnostics.push(warning.at(entry.name_span, "").hint(instead));
        }
        self.node(&entry.node, key.kind, key.name);
    }

    fn unknown(&mut self, entry: &Entry, scope: Scope) {
        let name: &str = &entry.name;
        let place = scope.title();
        let mut problem = Diagnostic::error(format!("unknown parameter '{name}' in {place}"))
            .at(entry.name_span, "");
        let legacy = LEGACY.iter().find(|legacy| {
            legacy.name == name && (legacy.scopes.is_empty() || legacy.scopes.contains(&scope))
        });
        let candidates = super::keys(self.protocol, scope).map(|key| key.name);
        if let Some(legacy) = legacy {
            problem = problem.hint(legacy.explanation);
        } else if let Some(near) = nearest(name, candidates) {
            problem = problem.hint(format!("did you mean '{near}'?"));
        } else if let Some(home) = Scope::ALL
            .iter()
            .find(|other| super::find(self.protocol, **other, name).is_some() && **other != scope)
        {
            problem = problem.hint(format!("'{name}' belongs in {}", home.title()));
        }
        self.diagnostics.push(problem);
    }

    fn node(&mut self, node: &Node, kind: Kind, name: &str) {
        match (kind, &node.value) {
            (Kind::Boolean, Value::Boolean(_))
            | (Kind::AnyMap, Value::Map(_))
            | (Kind::Share, Value::Float(_)) => {}
            (Kind::Map(scope), Value::Map(map)) => self.map(map, node.span, scope),
            (Kind::Maps(scope) | Kind::SomeMaps(scope), Value::List(list)) => {
                if list.is_empty() && matches!(kind, Kind::SomeMaps(_)) {
                    self.refuse(node, format!("'{name}' must not be empty"));
                }
                list.iter().for_each(|item| self.node(item, Kind::Map(scope), name));
            }
            (Kind::SomeTexts, Value::List(list)) if list.is_empty() => {
                self.refuse(node, format!("'{name}' must not be empty"));
            }
            (
                Kind::Texts | Kind::SomeTexts | Kind::Addresses | Kind::Prefixes | Kind::Codes,
                Value::List(list),
            ) => list.iter().for_each(|item| self.item(item, kind, name)),
            (Kind::Integer(min, max), Value::Integer(number)) => {
                if !(min..=max).contains(number) {
                    let message = format!("'{name}' must be in {min}..{max}, not {number}");
                    self.refuse(node, message);
                }
            }
            (Kind::Fraction(min, max), Value::Float(number)) => {
                let (min, max) = (min as f64 / 1000.0, max as f64 / 1000.0);
                if !(min..=max).contains(number) {
                    self.refuse(
                        node,
                        format!("'{name}' must be in {min:?}..{max:?}, not {number:?}"),
                    );
                }
            }
            (Kind::Fraction(..) | Kind::Share, Value::Integer(number)) => {
                let message = format!("'{name}' must be a floating point number");
                let hint = format!("write {number}.0");
                self.diagnostics.push(Diagnostic::error(message).at(node.span, "").hint(hint));
            }
            (_, Value::String(text)) if is_textual(kind) => self.text(node, text, kind, name),
            _ => {
                let message =
                    format!("'{name}' must be {}, not {}", describe(kind), node.value.kind());
                let mut problem = Diagnostic::error(message).at(node.span, "");
                if let (Some((no, yes)), Value::Boolean(flag)) = (once_boolean(name), &node.value) {
                    problem = problem.hint(format!("write '{}'", if *flag { yes } else { no }));
                }
                self.diagnostics.push(problem);
            }
        }
    }

    fn item(&mut self, node: &Node, kind: Kind, name: &str) {
        match (kind, &node.value) {
            (Kind::Codes, Value::Integer(_)) => {}
            (Kind::Addresses, Value::String(text)) => {
                let kind = match self.protocol {
                    Protocol::Dhcp4 => Kind::Ipv4,
                    Protocol::Dhcp6 => Kind::Ipv6,
                };
                if text.is_empty() {
                    return self.refuse(node, format!("'{name}' has an empty address"));
                }
                self.text(node, text, kind, name);
            }
            (_, Value::String(_)) => {}
            (_, other) => {
                let message =
                    format!("'{name}' must be a list of strings; this is {}", other.kind());
                self.refuse(node, message);
            }
        }
    }

    fn text(&mut self, node: &Node, text: &str, kind: Kind, name: &str) {
        match kind {
            Kind::Text(max) if text.len() > max => {
                let message =
                    format!("'{name}' is {} octets long; {max} fit: {text:.200}", text.len());
                self.refuse(node, message);
            }
            Kind::Word(words) | Kind::LikelyWord(words)
                if !words.iter().any(|word| word.eq_ignore_ascii_case(text)) =>
            {
                let problem = match kind {
                    Kind::Word(_) => Diagnostic::error(format!("'{name}' cannot be '{text}'")),
                    _ => Diagnostic::warning(format!("'{name}' '{text}' is not known")),
                };
                let mut problem = problem.at(node.span, "");
                let list = words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>();
                problem = problem.hint(match nearest(text, words.iter().copied()) {
                    Some(near) => format!("did you mean '{near}'?"),
                    None if text == "cql" => {
                        "the Cassandra backend was removed; export the leases with the old release"
                            .into()
                    }
                    None => format!("it is one of {}", list.join(", ")),
                });
                self.diagnostics.push(problem);
            }
            Kind::Ipv4 if !text.is_empty() && text.parse::<Ipv4Addr>().is_err() => {
                self.refuse(node, format!("'{name}' is not an IPv4 address: '{text}'"));
            }
            Kind::Ipv6 if text.parse::<Ipv6Addr>().is_err() => {
                self.refuse(node, format!("'{name}' is not an IPv6 address: '{text}'"));
            }
            Kind::Ip if !text.is_empty() && text.parse::<IpAddr>().is_err() => {
                self.refuse(node, format!("'{name}' is not an address: '{text}'"));
            }
            _ => {}
        }
    }

    fn refuse(&mut self, node: &Node, message: String) {
        self.diagnostics.push(Diagnostic::error(message).at(node.span, ""));
    }
}

/// A map's opening brace: enough to say where it is.
fn head(span: Span) -> Span {
    if span == Span::NONE { span } else { Span { end: (span.start + 1).min(span.end), ..span } }
}

/// What `false` and `true` meant where a word stands today.
fn once_boolean(name: &str) -> Option<(&'static str, &'static str)> {
    matches!(name, "ddns-replace-client-name" | "replace-client-name")
        .then_some(("never", "when-present"))
}

fn is_textual(kind: Kind) -> bool {
    matches!(
        kind,
        Kind::Text(_) | Kind::Word(_) | Kind::LikelyWord(_) | Kind::Ipv4 | Kind::Ipv6 | Kind::Ip
    )
}

pub(super) fn describe(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "a boolean",
        Kind::Integer(..) => "an integer",
        Kind::Fraction(..) | Kind::Share => "a floating point number",
        Kind::Text(_)
        | Kind::Word(_)
        | Kind::LikelyWord(_)
        | Kind::Ipv4
        | Kind::Ipv6
        | Kind::Ip => "a string",
        Kind::Texts | Kind::SomeTexts | Kind::Codes => "a list of strings",
        Kind::Addresses => "a list of addresses",
        Kind::Prefixes => "a list of prefixes",
        Kind::Map(_) | Kind::AnyMap => "a map",
        Kind::Maps(_) | Kind::SomeMaps(_) => "a list of maps",
    }
}
