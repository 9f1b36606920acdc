//! What a database says of the configuration, merged into what the file says (manual chapter 3, "Kea
//! Configuration Backend").
//!
//! The database wins: its parameters, definitions and options take the place of those of the file with
//! the same name or code, its subnets that of those with the same identifier or prefix, its shared networks
//! that of those of the same name, and its classes, when it has any, that of all classes.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use kea_wire::Prefix;

use super::delta::{is_same, spellings};
use super::{Editor, NETWORKS, id_of, list_mut, map_mut};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::document::{Document, FileId, Map, Node, Record, Span};
use crate::load;
use crate::schema::{self, Scope};
use crate::snapshot::{Dialect, Snapshot};

/// What a database says. Nodes stand at the [`Span`] of the row that they come from.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Stored {
    /// What to call the database in messages.
    pub database: Box<str>,
    /// Global parameters.
    pub globals: Vec<(Box<str>, Node)>,
    /// Option definitions.
    pub definitions: Vec<Node>,
    /// Global options.
    pub options: Vec<Node>,
    /// Client classes in their order.
    pub classes: Vec<Node>,
    /// Shared networks, without subnets.
    pub networks: Vec<Node>,
    /// Subnets, with the names of their networks.
    pub subnets: Vec<(Option<Box<str>>, Node)>,
    records: Vec<Record>,
}

impl Stored {
    /// Nothing, of a database of that name.
    pub fn of(database: &str) -> Self {
        Stored { database: database.into(), ..Self::default() }
    }

    /// The place of a row in messages.
    pub fn record(&mut self, table: &str, id: &str) -> Span {
        let at = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        self.records.push(Record { table: table.into(), id: id.into() });
        Span { file: FileId(0), start: at, end: at.saturating_add(1) }
    }

    /// Says which row a message is about.
    pub fn name(&self, span: Span) -> String {
        match self.records.get(span.start as usize) {
            Some(record) => format!("{}, {record}", self.database),
            None => self.database.to_string(),
        }
    }

    fn nodes_mut(&mut self) -> impl Iterator<Item = &mut Node> {
        let globals = self.globals.iter_mut().map(|(_, node)| node);
        let subnets = self.subnets.iter_mut().map(|(_, node)| node);
        let lists =
            [&mut self.definitions, &mut self.options, &mut self.classes, &mut self.networks];
        lists.into_iter().flatten().chain(globals).chain(subnets)
    }
}

impl<F: Dialect> Snapshot<F> {
    /// The configuration that results when `stored` is merged into this one, which is what the file says.
    ///
    /// # Errors
    /// All that is wrong with the result.
    pub fn merged(&self, mut stored: Stored) -> Result<(Snapshot<F>, Diagnostics), Diagnostics> {
        let mut sources = self.document.sources().as_ref().clone();
        let records = std::mem::take(&mut stored.records);
        let file = sources.add_records(&stored.database, records.into());
        stored.nodes_mut().for_each(|node| node.relocate(FileId(0), file));
        let mut editor = Editor { snapshot: self, root: self.document.root().clone() };
        editor.number_all();
        let mut strays = Diagnostics::about(&Arc::new(sources.clone()));
        editor.merge(stored, &mut strays);
        let document = Arc::new(Document::from_parts(editor.root, sources.into()));
        match load::<F>(&document) {
            Ok(loaded) if !strays.has_errors() => Ok(loaded),
            Ok((_, problems)) | Err(problems) => {
                strays.append(problems);
                Err(strays)
            }
        }
    }
}

impl<F: Dialect> Editor<'_, F> {
    fn merge(&mut self, stored: Stored, out: &mut Diagnostics) {
        let snapshot = self.snapshot;
        let Stored { globals, definitions, options, classes, networks, subnets, .. } = stored;
        let registry = &snapshot.definitions;
        let server = self.server();
        for (name, node) in globals {
            take_place::<F>(server, &name, node);
        }
        replace(server, "option-def", definitions, |one, two| {
            definition_key::<F>(one) == definition_key::<F>(two)
        });
        replace(server, "option-data", options, |one, two| {
            is_same::<F>(one, two, Scope::OptionData, registry)
        });
        if !classes.is_empty() {
            *list_mut(server, "client-classes") = classes;
        }
        if !networks.is_empty() {
            self.merge_networks(networks);
        }
        if !subnets.is_empty() {
            self.merge_subnets(subnets, out);
        }
    }

    /// A network of the database takes over the subnets of the file's network of its name.
    fn merge_networks(&mut self, networks: Vec<Node>) {
        let held = list_mut(self.server(), NETWORKS);
        let mut places: HashMap<Box<str>, usize> = HashMap::new();
        for (at, node) in held.iter().enumerate() {
            places.extend(name_of(node).map(|name| (name.into(), at)));
        }
        for mut node in networks {
            let place = name_of(&node).and_then(|name| places.get(name).copied());
            let Some(old) = place.and_then(|at| held.get_mut(at)) else {
                held.push(node);
                continue;
            };
            let members = map_mut(old).and_then(|map| map.remove(F::PROTOCOL.subnets()));
            if let (Some(members), Some(map)) = (members, map_mut(&mut node)) {
                map.set(F::PROTOCOL.subnets(), members);
            }
            *old = node;
        }
    }

    /// Reservations of a subnet that the database has as well stay: the database has no room for them.
    fn merge_subnets(&mut self, subnets: Vec<(Option<Box<str>>, Node)>, out: &mut Diagnostics) {
        let mut ids = HashSet::new();
        let mut prefixes = HashSet::new();
        for map in subnets.iter().filter_map(|(_, node)| node.as_map()) {
            ids.extend(id_of(map));
            prefixes.extend(prefix_of::<F>(map));
        }
        let mut reservations = HashMap::new();
        let networks = list_mut(self.server(), NETWORKS).len();
        for network in (0..networks).map(Some).chain([None]) {
            self.subnets(network).retain_mut(|node| {
                let Some(map) = map_mut(node) else { return true };
                let (id, prefix) = (id_of(map), prefix_of::<F>(map));
                let is_gone = id.is_some_and(|id| ids.contains(&id))
                    || prefix.is_some_and(|prefix| prefixes.contains(&prefix));
                if is_gone && let (Some(id), Some(list)) = (id, map.remove("reservations")) {
                    reservations.insert((id, prefix), list);
                }
                !is_gone
            });
        }
        let names = list_mut(self.server(), NETWORKS).iter().enumerate();
        let names: HashMap<Box<str>, usize> =
            names.filter_map(|(at, node)| Some((name_of(node)?.into(), at))).collect();
        for (network, mut node) in subnets {
            if let Some(map) = map_mut(&mut node)
                && let Some(id) = id_of(map)
                && let Some(list) = reservations.remove(&(id, prefix_of::<F>(map)))
            {
                map.set("reservations", list);
            }
            let place = network.as_ref().map(|name| names.get(name).copied());
            if let (Some(None), Some(name)) = (place, network) {
                let subnet = node.as_map().and_then(|map| map.get("subnet")?.as_str());
                let message = format!(
                    "subnet {} is part of shared network '{name}', which this server does not have",
                    subnet.unwrap_or("")
                );
                let hint = "a network and its subnets need the same server tags";
                out.push(Diagnostic::error(message).at(node.span, "").hint(hint));
                continue;
            }
            self.subnets(place.flatten()).push(node);
        }
    }
}

/// A parameter of the database takes the place of all that says the same or excludes it.
fn take_place<F: Dialect>(server: &mut Map, name: &str, node: Node) {
    const FLAGS: &[&str] =
        &["reservations-global", "reservations-in-subnet", "reservations-out-of-pool"];
    let excluded = match name {
        "reservation-mode" => FLAGS,
        name if FLAGS.contains(&name) => &["reservation-mode"],
        _ => &[],
    };
    let key = schema::find(F::PROTOCOL, Scope::Global, name);
    for other in key.into_iter().flat_map(spellings).chain(excluded.iter().copied()) {
        server.remove(other);
    }
    server.write(name, node);
}

/// New entries take the place of those that are the same, and others follow.
fn replace(server: &mut Map, name: &str, new: Vec<Node>, is_same: impl Fn(&Map, &Map) -> bool) {
    if new.is_empty() {
        return;
    }
    let held = list_mut(server, name);
    held.retain(|old| {
        let Some(old) = old.as_map() else { return true };
        !new.iter().filter_map(Node::as_map).any(|new| is_same(old, new))
    });
    held.extend(new);
}

fn definition_key<F: Dialect>(map: &Map) -> Option<(String, i64)> {
    let space = map.get("space").and_then(Node::as_str).unwrap_or(F::OPTION_SPACE);
    Some((space.to_owned(), map.get("code")?.as_integer()?))
}

fn name_of(node: &Node) -> Option<&str> {
    node.as_map()?.get("name")?.as_str()
}

fn prefix_of<F: Dialect>(map: &Map) -> Option<Prefix<F::Addr>> {
    map.get("subnet")?.as_str()?.parse().ok()
}
