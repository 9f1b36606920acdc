//! The effective configuration: what was given, in today's names, and the defaults that hold.

use std::collections::BTreeMap;

use hashbrown::HashMap;
use kea_options::OptionText;
use kea_wire::{Address, Hex};

use crate::document::{Map, Node, Value};
use crate::load::octets;
use crate::schema::{self, Default, Kind, Scope};
use crate::snapshot::{Dialect, IdentifierKind, SharedNetwork, Snapshot, Subnet};

type Members = BTreeMap<String, Value>;

/// The answer to `config-get`: members sorted by name, as Kea gives them.
pub(crate) fn effective<F: Dialect>(snapshot: &Snapshot<F>) -> Value {
    let ids = snapshot.subnets.iter().map(|subnet| (&*subnet.prefix_text, subnet.id.0)).collect();
    let renderer = Renderer { snapshot, ids };
    let server = renderer.section(Given::of(snapshot).server, Scope::Global, None);
    to_map(BTreeMap::from([(F::PROTOCOL.object().to_owned(), to_map(server))]))
}

/// One subnet as [`effective`] shows it.
pub(crate) fn subnet<F: Dialect>(snapshot: &Snapshot<F>, subnet: &Subnet<F>) -> Value {
    let given = Given::of(snapshot);
    let network = subnet.network.and_then(|at| given.networks().nth(at as usize));
    let found = subnets::<F>(network.unwrap_or(given.server))
        .find(|map| map.get("subnet").and_then(Node::as_str) == Some(&*subnet.prefix_text));
    let renderer =
        Renderer { snapshot, ids: HashMap::from_iter([(&*subnet.prefix_text, subnet.id.0)]) };
    let mut around = renderer.section(&inherited_of(given.server), Scope::Global, None);
    if let Some(network) = network {
        around = renderer.section(&inherited_of(network), Scope::SharedNetwork, Some(&around));
    }
    to_map(renderer.section(found.unwrap_or(&EMPTY), Scope::Subnet, Some(&around)))
}

/// The class of that name as [`effective`] shows it.
pub(crate) fn class<F: Dialect>(snapshot: &Snapshot<F>, name: &str) -> Option<Value> {
    let named = |map: &&Map| map.get("name").and_then(Node::as_str) == Some(name);
    let found = maps(Given::of(snapshot).server, "client-classes").find(named)?;
    let renderer = Renderer { snapshot, ids: HashMap::new() };
    Some(to_map(renderer.section(found, Scope::Class, None)))
}

/// A reservation as [`effective`] shows it.
pub(crate) fn reservation_of<F: Dialect>(snapshot: &Snapshot<F>, given: &Map) -> Value {
    let renderer = Renderer { snapshot, ids: HashMap::new() };
    to_map(renderer.section(given, Scope::Reservation, None))
}

/// The reservations of the configuration, as they were given, in the order in which they are loaded.
pub(crate) fn given_reservations<F: Dialect>(snapshot: &Snapshot<F>) -> impl Iterator<Item = &Map> {
    let given = Given::of(snapshot);
    let members = given.networks().flat_map(subnets::<F>);
    let all = std::iter::once(given.server).chain(members).chain(subnets::<F>(given.server));
    all.flat_map(|holder| maps(holder, "reservations"))
}

/// One shared network with its subnets as [`effective`] shows it.
pub(crate) fn network<F: Dialect>(snapshot: &Snapshot<F>, network: &SharedNetwork<F>) -> Value {
    let given = Given::of(snapshot);
    let named = |map: &&Map| map.get("name").and_then(Node::as_str) == Some(&*network.name);
    let found = given.networks().find(named).unwrap_or(&EMPTY);
    let members = snapshot.members(network);
    let ids = members.map(|subnet| (&*subnet.prefix_text, subnet.id.0)).collect();
    let renderer = Renderer { snapshot, ids };
    let around = renderer.section(&inherited_of(given.server), Scope::Global, None);
    to_map(renderer.section(found, Scope::SharedNetwork, Some(&around)))
}

/// The server's object as it was given.
struct Given<'s> {
    server: &'s Map,
}

impl<'s> Given<'s> {
    fn of<F: Dialect>(snapshot: &'s Snapshot<F>) -> Self {
        let top = snapshot.document.root().as_map();
        let server = top.and_then(|top| top.get(F::PROTOCOL.object())).and_then(Node::as_map);
        Given { server: server.unwrap_or(&EMPTY) }
    }

    fn networks(&self) -> impl Iterator<Item = &'s Map> + use<'s> {
        maps(self.server, "shared-networks")
    }
}

fn subnets<F: Dialect>(holder: &Map) -> impl Iterator<Item = &Map> {
    maps(holder, F::PROTOCOL.subnets())
}

fn maps<'m>(holder: &'m Map, name: &str) -> impl Iterator<Item = &'m Map> + use<'m> {
    let list = holder.get(name).and_then(Node::as_list).unwrap_or_default();
    list.iter().filter_map(Node::as_map)
}

/// What a scope hands down to the subnets in it.
fn inherited_of(scope: &Map) -> Map {
    let mut inherited = Map::new();
    let handed_down = |name: &str| INHERITED.contains(&name) || name == "rapid-commit";
    for entry in scope.iter().filter(|entry| handed_down(&entry.name)) {
        inherited.append(&entry.name, entry.node.clone());
    }
    inherited
}

static EMPTY: Map = Map::new();

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
            // In a network it is the network that shows it.
            if F::VERSION == 6 && scope == Scope::Subnet && !around.contains_key("rapid-commit") {
                out.entry("rapid-commit".into()).or_insert(Value::Boolean(false));
            }
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
            Scope::Global if F::VERSION == 6 => {
                if !out.contains_key("server-id") {
                    let identifier = self.default(Kind::Map(Scope::ServerId), Default::Map);
                    out.extend(identifier.map(|identifier| ("server-id".to_owned(), identifier)));
                }
                mac_sources(out);
            }
            Scope::SharedNetwork => bounds(out),
            Scope::Pool => {
                let tight = text(out, "pool")
                    .and_then(|text| text.split_once('-'))
                    .map(|(first, last)| range::<F::Addr>(first.trim(), last.trim()));
                if let Some(tight) = tight {
                    out.insert("pool".into(), Value::string(&tight));
                }
            }
            Scope::OptionData => self.option(out),
            Scope::Class => lone_bounds(out),
            Scope::Reservation => reservation(out, F::VERSION),
            Scope::DhcpDdns => sender(out),
            Scope::ServerId => {
                let octets = text(out, "identifier").and_then(octets);
                let octets = octets.filter(|octets| !octets.is_empty());
                out.extend(octets.map(|octets| {
                    ("identifier".to_owned(), Value::string(&Hex(&octets).to_string()))
                }));
            }
            _ => {}
        }
    }

    /// Code and name both, where a definition gives the other one; octets in one run of digits.
    fn option(&self, out: &mut Members) {
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
        let is_text = !matches!(out.get("csv-format"), Some(Value::Boolean(false)));
        let data = text(out, "data").unwrap_or("");
        if name.is_none() || !is_text || data.is_empty() {
            let raw = OptionText { csv_format: Some(false), data, ..option };
            let octets = self.snapshot.definitions.encode(&raw).ok();
            let digits = octets.filter(|octets| !octets.data.is_empty());
            let digits = digits.map(|octets| Value::string(&Hex(&octets.data).to_string()));
            out.extend(digits.map(|digits| ("data".into(), digits)));
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
        let in_subnet = matches!(&*mode, "all" | "out-of-pool");
        let mut flag = |name: &str, flag| out.insert(name.to_owned(), Value::Boolean(flag));
        flag("reservations-global", mode == "global");
        flag("reservations-in-subnet", in_subnet);
        if in_subnet {
            flag("reservations-out-of-pool", mode == "out-of-pool");
        }
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

/// One bound of a class alone is the default itself.
fn lone_bounds(out: &mut Members) {
    for key in ["valid-lifetime", "preferred-lifetime"] {
        let bounds = [format!("min-{key}"), format!("max-{key}")];
        let [min, max] = bounds.each_ref().map(|bound| out.contains_key(bound));
        if !out.contains_key(key) && min != max {
            let bound = bounds.iter().find_map(|bound| out.remove(bound));
            out.extend(bound.map(|bound| (key.to_owned(), bound)));
        }
    }
}

/// Identifiers in one notation; in DHCPv4 the fixed fields whether given or not.
fn reservation(out: &mut Members, version: u8) {
    for kind in IdentifierKind::ALL {
        let octets = text(out, kind.name()).and_then(octets);
        let Some(octets) = octets else { continue };
        let notation = match kind {
            IdentifierKind::HwAddress | IdentifierKind::Duid => {
                let pairs: Vec<_> = octets.iter().map(|octet| format!("{octet:02x}")).collect();
                pairs.join(":")
            }
            _ => Hex(&octets).to_string(),
        };
        out.insert(kind.name().to_owned(), Value::string(&notation));
    }
    if version == 4 {
        let unset = [("next-server", "0.0.0.0"), ("server-hostname", ""), ("boot-file-name", "")];
        for (key, value) in unset {
            out.entry(key.to_owned()).or_insert_with(|| Value::string(value));
        }
    }
}

/// Sources that are named after their RFC by what they are.
fn mac_sources(out: &mut Members) {
    let Some(Value::List(sources)) = out.get_mut("mac-sources") else { return };
    for node in sources {
        let today = match node.as_str() {
            Some("rfc6939") => "client-link-addr-option",
            Some("rfc4649") => "remote-id",
            Some("rfc4580") => "subscriber-id",
            _ => continue,
        };
        node.value = Value::string(today);
    }
}

/// Without an address of its own, the sender has any of the receiver's family.
fn sender(out: &mut Members) {
    if text(out, "sender-ip").unwrap_or("").is_empty() {
        let is_v6 = text(out, "server-ip").is_some_and(|address| address.contains(':'));
        out.insert("sender-ip".into(), Value::string(if is_v6 { "::" } else { "0.0.0.0" }));
    }
}

/// A range without blanks; as a prefix where it is one.
fn range<A: Address>(first: &str, last: &str) -> String {
    if let (Ok(low), Ok(high)) = (first.parse::<A>(), last.parse::<A>()) {
        let (low, high) = (low.number(), high.number());
        let varying = low ^ high;
        if varying & varying.wrapping_add(1) == 0 && low & varying == 0 {
            return format!("{first}/{}", u32::from(A::BITS) - varying.count_ones());
        }
    }
    format!("{first}-{last}")
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
