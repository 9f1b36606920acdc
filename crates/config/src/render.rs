//! The effective configuration: what was given, in today's names, and the defaults that hold.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use kea_options::OptionText;

use crate::document::{Map, Node, Value};
use crate::schema::{self, Default, Kind, Scope};
use crate::snapshot::{Dialect, Snapshot};

type Members = BTreeMap<String, Value>;

/// The answer to `config-get`: members sorted by name, as Kea gives them.
pub(crate) fn effective<F: Dialect>(snapshot: &Snapshot<F>) -> Value {
    let name = F::PROTOCOL.object();
    let ids = snapshot.subnets.iter().map(|subnet| (&*subnet.prefix_text, subnet.id.0)).collect();
    let renderer = Renderer { snapshot, ids };
    let top = snapshot.document.root().as_map();
    let empty = Map::new();
    let given = top.and_then(|top| top.get(name)).and_then(Node::as_map).unwrap_or(&empty);
    let server = renderer.section(given, Scope::Global, None);
    to_map(BTreeMap::from([(name.to_owned(), to_map(server))]))
}

struct Renderer<'s, F: Dialect> {
    snapshot: &'s Snapshot<F>,
    ids: HashMap<&'s str, u32>,
}

impl<F: Dialect> Renderer<'_, F> {
    /// `around` is the scope that a network or subnet inherits from, already rendered.
    fn section(&self, given: &Map, scope: Scope, around: Option<&Members>) -> Members {
        let mut out = Members::new();
        // Networks and subnets show what they inherit, so they come after what they inherit from.
        let (late, early): (Vec<_>, Vec<_>) =
            given.iter().partition(|entry| is_structure(scope, &entry.name));
        for entry in early {
            let key = schema::find(F::PROTOCOL, scope, &entry.name);
            let value = match key {
                Some(key) => self.value(&entry.node, key.kind, None),
                None => entry.node.value.clone(),
            };
            out.insert(key.map_or(&*entry.name, |key| key.name).to_owned(), value);
        }
        modernise(&mut out, scope);
        if let Some(around) = around {
            inherit(&mut out, around);
        }
        for key in schema::keys(F::PROTOCOL, scope).filter(|key| key.shown) {
            if !out.contains_key(key.name) && !given.iter().any(|e| *e.name == *key.name) {
                out.extend(self.default(key.kind, key.default).map(|v| (key.name.to_owned(), v)));
            }
        }
        self.complete(&mut out, scope);
        for entry in late {
            if let Some(key) = schema::find(F::PROTOCOL, scope, &entry.name) {
                let value = self.value(&entry.node, key.kind, Some(&out));
                out.insert(key.name.to_owned(), value);
            }
        }
        out
    }

    fn value(&self, node: &Node, kind: Kind, around: Option<&Members>) -> Value {
        match (kind, &node.value) {
            (Kind::Map(scope), Value::Map(map)) => to_map(self.section(map, scope, None)),
            (Kind::Maps(scope) | Kind::SomeMaps(scope), Value::List(list)) => {
                let items = list.iter().filter_map(Node::as_map);
                let items =
                    items.map(|map| Node::unplaced(to_map(self.section(map, scope, around))));
                Value::List(items.collect())
            }
            (_, value) => value.clone(),
        }
    }

    fn default(&self, kind: Kind, default: Default) -> Option<Value> {
        match (kind, default) {
            (Kind::Map(scope), Default::Map) => {
                Some(to_map(self.section(&Map::new(), scope, None)))
            }
            _ => schema::default_value(default),
        }
    }

    /// What follows from the rest of the configuration.
    fn complete(&self, out: &mut Members, scope: Scope) {
        match scope {
            Scope::Subnet => {
                let id = text(out, "subnet").and_then(|text| self.ids.get(text));
                if let Some(id) = id {
                    out.insert("id".into(), Value::Integer(i64::from(*id)));
                }
                bounds(out);
            }
            Scope::SharedNetwork => bounds(out),
            Scope::Pool => {
                // Ranges lose their blanks.
                let tight = text(out, "pool")
                    .and_then(|text| text.split_once('-'))
                    .map(|(first, last)| format!("{}-{}", first.trim(), last.trim()));
                if let Some(tight) = tight {
                    out.insert("pool".into(), Value::string(&tight));
                }
            }
            Scope::OptionData => self.name_option(out),
            _ => {}
        }
    }

    /// Code and name both, where a definition gives the other one.
    fn name_option(&self, out: &mut Members) {
        let integer = |name: &str| match out.get(name) {
            Some(Value::Integer(number)) => u16::try_from(*number).ok(),
            _ => None,
        };
        let option = OptionText {
            space: text(out, "space"),
            code: integer("code"),
            name: text(out, "name"),
            ..OptionText::default()
        };
        let Ok((code, definition)) = self.snapshot.definitions.resolve(&option) else { return };
        let name = definition.map(|definition| definition.name().to_owned());
        if name.is_none() {
            out.insert("csv-format".into(), Value::Boolean(false));
        }
        out.insert("code".into(), Value::Integer(i64::from(code)));
        out.extend(name.map(|name| ("name".into(), Value::string(&name))));
    }
}

fn is_structure(scope: Scope, name: &str) -> bool {
    matches!(
        (scope, name),
        (Scope::Global, "shared-networks" | "subnet4" | "subnet6")
            | (Scope::SharedNetwork, "subnet4" | "subnet6")
    )
}

/// Older names of things become today's.
fn modernise(out: &mut Members, scope: Scope) {
    if let Some(comment) = out.remove("comment") {
        let mut context = match out.remove("user-context") {
            Some(Value::Map(map)) => map,
            _ => Map::new(),
        };
        context.set("comment", Node::unplaced(comment));
        out.insert("user-context".into(), Value::Map(context));
    }
    if let Some(Value::String(mode)) = out.remove("reservation-mode") {
        let mode = mode.to_ascii_lowercase();
        let flags = [
            ("reservations-global", mode == "global"),
            ("reservations-in-subnet", matches!(&*mode, "all" | "out-of-pool")),
            ("reservations-out-of-pool", mode == "out-of-pool"),
        ];
        out.extend(flags.map(|(name, flag)| (name.to_owned(), Value::Boolean(flag))));
    }
    if scope == Scope::Relay
        && let Some(address) = out.remove("ip-address")
    {
        out.insert("ip-addresses".into(), Value::List(vec![Node::unplaced(address)]));
    }
    if scope == Scope::Global
        && let Some(Value::Map(to_d2)) = out.get_mut("dhcp-ddns")
    {
        let moved = MOVED.iter().filter_map(|(old, new)| Some((*new, to_d2.remove(old)?.value)));
        let moved: Vec<_> = moved.collect();
        for (name, value) in moved {
            out.entry(name.to_owned()).or_insert(value);
        }
    }
}

/// A bound that nobody gave is the default itself.
fn bounds(out: &mut Members) {
    for key in ["valid-lifetime", "preferred-lifetime"] {
        if let Some(default) = out.get(key).cloned() {
            for bound in ["min", "max"] {
                out.entry(format!("{bound}-{key}")).or_insert_with(|| default.clone());
            }
        }
    }
}

fn inherit(out: &mut Members, around: &Members) {
    for name in INHERITED {
        if let (false, Some(value)) = (out.contains_key(*name), around.get(*name)) {
            out.insert((*name).to_owned(), value.clone());
        }
    }
}

fn text<'m>(members: &'m Members, name: &str) -> Option<&'m str> {
    match members.get(name) {
        Some(Value::String(text)) => Some(text),
        _ => None,
    }
}

fn to_map(members: Members) -> Value {
    let mut map = Map::new();
    members.into_iter().for_each(|(name, value)| map.append(&name, Node::unplaced(value)));
    Value::Map(map)
}

/// Parameters that networks and subnets show although they inherit them.
const INHERITED: &[&str] = &[
    "cache-max-age",
    "cache-threshold",
    "calculate-tee-times",
    "max-preferred-lifetime",
    "max-valid-lifetime",
    "min-preferred-lifetime",
    "min-valid-lifetime",
    "preferred-lifetime",
    "rebind-timer",
    "renew-timer",
    "store-extended-info",
    "t1-percent",
    "t2-percent",
    "valid-lifetime",
];

/// What `dhcp-ddns` once held, and where it stands now.
const MOVED: &[(&str, &str)] = &[
    ("generated-prefix", "ddns-generated-prefix"),
    ("hostname-char-replacement", "hostname-char-replacement"),
    ("hostname-char-set", "hostname-char-set"),
    ("override-client-update", "ddns-override-client-update"),
    ("override-no-update", "ddns-override-no-update"),
    ("qualifying-suffix", "ddns-qualifying-suffix"),
    ("replace-client-name", "ddns-replace-client-name"),
];
