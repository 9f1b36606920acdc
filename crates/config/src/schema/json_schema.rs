//! The table as a JSON Schema (draft 2020-12), for editors.

use super::check::Protocol;
use super::key::{Default, Key, Kind, Scope, Status};
use crate::document::{Map, Node, Value};

/// The schema of a server's configuration file.
pub fn json_schema(protocol: Protocol) -> Value {
    let scopes = Scope::ALL.iter().filter(|scope| super::keys(protocol, **scope).next().is_some());
    let definitions = scopes.map(|scope| (name_of(*scope), scope_schema(protocol, *scope)));
    let reference = map([("$ref", text(&pointer(Scope::Global)))]);
    map([
        ("$schema", text("https://json-schema.org/draft/2020-12/schema")),
        ("title", text(&format!("{} configuration", protocol.object()))),
        ("type", text("object")),
        ("properties", map([(protocol.object(), reference)])),
        ("required", list([text(protocol.object())])),
        ("additionalProperties", Value::Boolean(false)),
        ("$defs", owned_map(definitions)),
    ])
}

fn scope_schema(protocol: Protocol, scope: Scope) -> Value {
    let properties = super::keys(protocol, scope).flat_map(|key| {
        let names = std::iter::once(&key.name).chain(key.aliases);
        names.map(move |name| ((*name).to_owned(), key_schema(protocol, key)))
    });
    let required = super::keys(protocol, scope).filter(|key| key.mandatory);
    map([
        ("title", text(scope.title())),
        ("type", text("object")),
        ("properties", owned_map(properties)),
        ("required", list(required.map(|key| text(key.name)))),
        ("additionalProperties", Value::Boolean(scope.is_open())),
    ])
}

fn key_schema(protocol: Protocol, key: &Key) -> Value {
    let mut schema = kind_schema(protocol, key.kind);
    schema.set("description", Node::unplaced(text(key.doc)));
    if matches!(key.status, Status::Deprecated(_)) {
        schema.set("deprecated", Node::unplaced(Value::Boolean(true)));
    }
    if let Some(default) = default_value(key.default) {
        schema.set("default", Node::unplaced(default));
    }
    Value::Map(schema)
}

/// The default as a value; `None` where there is none, or it is that of a map.
pub(crate) fn default_value(default: Default) -> Option<Value> {
    Some(match default {
        Default::Unset | Default::Map => return None,
        Default::Boolean(flag) => Value::Boolean(flag),
        Default::Integer(number) => Value::Integer(number),
        Default::Float(number) => Value::Float(number),
        Default::Text(word) => text(word),
        Default::Texts(words) => list(words.iter().map(|word| text(word))),
        Default::EmptyList => list([]),
    })
}

fn kind_schema(protocol: Protocol, kind: Kind) -> Map {
    let typed = |name: &str| vec![("type", text(name))];
    let list_of = |item: Value, min: i64| {
        let mut entries = vec![("type", text("array")), ("items", item)];
        if min > 0 {
            entries.push(("minItems", Value::Integer(min)));
        }
        entries
    };
    let string = || map([("type", text("string"))]);
    let address = |version| map([("type", text("string")), ("format", text(version))]);
    let entries = match kind {
        Kind::Boolean => typed("boolean"),
        Kind::Integer(min, max) => vec![
            ("type", text("integer")),
            ("minimum", Value::Integer(min)),
            ("maximum", Value::Integer(max)),
        ],
        Kind::Fraction(min, max) => vec![
            ("type", text("number")),
            ("minimum", Value::Float(min as f64 / 1000.0)),
            ("maximum", Value::Float(max as f64 / 1000.0)),
        ],
        Kind::Share => vec![
            ("type", text("number")),
            ("exclusiveMinimum", Value::Float(0.0)),
            ("exclusiveMaximum", Value::Float(1.0)),
        ],
        Kind::Text(usize::MAX) | Kind::Ip | Kind::Ipv4 => typed("string"),
        Kind::Text(max) => vec![
            ("type", text("string")),
            ("maxLength", Value::Integer(i64::try_from(max).unwrap_or(i64::MAX))),
        ],
        Kind::Word(words) | Kind::LikelyWord(words) => {
            vec![("type", text("string")), ("enum", list(words.iter().map(|word| text(word))))]
        }
        Kind::Ipv6 => vec![("type", text("string")), ("format", text("ipv6"))],
        Kind::Texts | Kind::Prefixes => list_of(string(), 0),
        Kind::SomeTexts => list_of(string(), 1),
        Kind::Addresses => {
            list_of(address(if protocol == Protocol::Dhcp4 { "ipv4" } else { "ipv6" }), 0)
        }
        Kind::Codes => list_of(map([("type", list([text("string"), text("integer")]))]), 0),
        Kind::Map(scope) => vec![("$ref", text(&pointer(scope)))],
        Kind::Maps(scope) => list_of(map([("$ref", text(&pointer(scope)))]), 0),
        Kind::SomeMaps(scope) => list_of(map([("$ref", text(&pointer(scope)))]), 1),
        Kind::AnyMap => typed("object"),
    };
    let mut schema = Map::default();
    entries.into_iter().for_each(|(name, value)| schema.set(name, Node::unplaced(value)));
    schema
}

fn name_of(scope: Scope) -> String {
    scope.title().replace(' ', "-")
}

fn pointer(scope: Scope) -> String {
    format!("#/$defs/{}", name_of(scope))
}

fn text(text: &str) -> Value {
    Value::string(text)
}

fn list(items: impl IntoIterator<Item = Value>) -> Value {
    Value::List(items.into_iter().map(Node::unplaced).collect())
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    owned_map(entries.into_iter().map(|(name, value)| (name.to_owned(), value)))
}

fn owned_map(entries: impl Iterator<Item = (String, Value)>) -> Value {
    let mut map = Map::default();
    entries.for_each(|(name, value)| map.set(&name, Node::unplaced(value)));
    Value::Map(map)
}
