//! Parts of a subnet: what is added to it, and what is taken out.
//!
//! Maps of a list are the same when what they are known by is the same ([`is_same`]); then they are
//! changed in turn, part by part.

use std::fmt;

use kea_options::{OptionText, Registry};

use crate::diagnostics::nearest;
use crate::document::{Map, Node, Value};
use crate::load::{octets, pool_bounds};
use crate::schema::{self, Key, Kind, Scope};
use crate::snapshot::{Dialect, IdentifierKind};

/// Why nothing can be taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DeltaError {
    /// The scope has no such key; perhaps another one is meant.
    UnknownKey(Scope, Box<str>, Option<&'static str>),
}

/// Sets or adds what `given` holds.
pub(super) fn add<F: Dialect>(held: &mut Map, given: &Map, scope: Scope, names: &Registry<F>) {
    for entry in given {
        let Some(key) = schema::find(F::PROTOCOL, scope, &entry.name) else {
            // It is refused with the configuration, and told where it stands.
            held.set(&entry.name, entry.node.clone());
            continue;
        };
        let spelling = spelling(key, held);
        let node = spelling.and_then(|name| held.get_mut(name));
        if !node.is_some_and(|node| merge::<F>(node, &entry.node, key.kind, names)) {
            for other in spelling.into_iter().filter(|other| **other != *entry.name) {
                held.remove(other);
            }
            held.set(&entry.name, entry.node.clone());
        }
    }
}

/// Takes out what `given` names; values of single parameters do not matter. Tells whether anything
/// was there.
///
/// # Errors
/// A name that nothing in the scope has.
pub(super) fn take<F: Dialect>(
    held: &mut Map,
    given: &Map,
    scope: Scope,
    names: &Registry<F>,
) -> Result<bool, DeltaError> {
    let mut taken = false;
    for entry in given.iter().filter(|entry| !selectors(scope).contains(&&*entry.name)) {
        let Some(key) = schema::find(F::PROTOCOL, scope, &entry.name) else {
            let known = schema::keys(F::PROTOCOL, scope).map(|key| key.name);
            let near = nearest(&entry.name, known);
            return Err(DeltaError::UnknownKey(scope, entry.name.clone(), near));
        };
        let spelling = spelling(key, held);
        let Some(node) = spelling.and_then(|name| held.get_mut(name)) else { continue };
        let (some, nothing_left) = subtract::<F>(node, &entry.node, key.kind, names)?;
        taken |= some;
        if let (true, Some(name)) = (nothing_left, spelling) {
            held.remove(name);
        }
    }
    Ok(taken)
}

/// False when `given` takes the place of what is there.
fn merge<F: Dialect>(held: &mut Node, given: &Node, kind: Kind, names: &Registry<F>) -> bool {
    match (kind, &mut held.value, &given.value) {
        (Kind::Map(scope), Value::Map(held), Value::Map(given)) => {
            add::<F>(held, given, scope, names);
        }
        (Kind::AnyMap, Value::Map(held), Value::Map(given)) => {
            given.iter().for_each(|entry| held.set(&entry.name, entry.node.clone()));
        }
        (Kind::Maps(scope) | Kind::SomeMaps(scope), Value::List(held), Value::List(given)) => {
            for new in given {
                match held.iter_mut().find_map(|old| same_mut::<F>(old, new, scope, names)) {
                    Some((old, new)) => add::<F>(old, new, scope, names),
                    None => held.push(new.clone()),
                }
            }
        }
        (kind, Value::List(held), Value::List(given)) if is_plain_list(kind) => {
            for new in given {
                if !held.iter().any(|old| old.value == new.value) {
                    held.push(new.clone());
                }
            }
        }
        _ => return false,
    }
    true
}

/// Whether anything was taken out, and whether the key can go with it.
fn subtract<F: Dialect>(
    held: &mut Node,
    given: &Node,
    kind: Kind,
    names: &Registry<F>,
) -> Result<(bool, bool), DeltaError> {
    match (kind, &mut held.value, &given.value) {
        (Kind::Map(scope), Value::Map(held), Value::Map(given)) if !given.is_empty() => {
            let taken = take::<F>(held, given, scope, names)?;
            Ok((taken, held.is_empty()))
        }
        (Kind::AnyMap, Value::Map(held), Value::Map(given)) if !given.is_empty() => {
            let before = held.len();
            given.iter().for_each(|entry| drop(held.remove(&entry.name)));
            Ok((held.len() < before, held.is_empty()))
        }
        (Kind::Maps(scope) | Kind::SomeMaps(scope), Value::List(held), Value::List(given)) => {
            let mut taken = false;
            for old in given {
                let found = held
                    .iter_mut()
                    .position(|candidate| same_mut::<F>(candidate, old, scope, names).is_some());
                let Some(position) = found else { continue };
                let whole =
                    |map: &Map| map.iter().all(|entry| selectors(scope).contains(&&*entry.name));
                match (&mut held[position].value, &old.value) {
                    (Value::Map(held), Value::Map(given)) if !whole(given) => {
                        taken |= take::<F>(held, given, scope, names)?;
                    }
                    _ => {
                        held.remove(position);
                        taken = true;
                    }
                }
            }
            Ok((taken, held.is_empty()))
        }
        (kind, Value::List(held), Value::List(given))
            if is_plain_list(kind) && !given.is_empty() =>
        {
            let before = held.len();
            held.retain(|old| !given.iter().any(|new| new.value == old.value));
            Ok((held.len() < before, held.is_empty()))
        }
        _ => Ok((true, true)),
    }
}

/// Both maps, when they are the same thing.
fn same_mut<'o, 'n, F: Dialect>(
    old: &'o mut Node,
    new: &'n Node,
    scope: Scope,
    names: &Registry<F>,
) -> Option<(&'o mut Map, &'n Map)> {
    let Value::Map(old) = &mut old.value else { return None };
    let new = new.as_map()?;
    is_same::<F>(old, new, scope, names).then_some((old, new))
}

/// Pools are known by their range, pools of prefixes by prefix and length, options by code and space,
/// reservations by any identifier.
pub(super) fn is_same<F: Dialect>(one: &Map, two: &Map, scope: Scope, names: &Registry<F>) -> bool {
    let text = |map: &Map, name: &str| map.get(name).and_then(Node::as_str).map(str::to_owned);
    let both = [one, two];
    match scope {
        Scope::Pool => {
            let [one, two] = both.map(|map| pool_bounds::<F::Addr>(&text(map, "pool")?));
            one.is_some() && one == two
        }
        Scope::PdPool => {
            let [one, two] = both.map(|map| {
                let prefix: F::Addr = text(map, "prefix")?.parse().ok()?;
                Some((prefix, map.get("prefix-len")?.as_integer()?))
            });
            one.is_some() && one == two
        }
        Scope::OptionData => {
            let [one, two] = both.map(|map| {
                let (space, name) = (text(map, "space"), text(map, "name"));
                let code = map.get("code").and_then(Node::as_integer);
                let option = OptionText {
                    space: space.as_deref(),
                    code: code.and_then(|code| u16::try_from(code).ok()),
                    name: name.as_deref(),
                    ..OptionText::default()
                };
                let (code, _) = names.resolve(&option).ok()?;
                Some((code, space.unwrap_or_else(|| F::OPTION_SPACE.to_owned())))
            });
            one.is_some() && one == two
        }
        Scope::Reservation => IdentifierKind::ALL.into_iter().any(|kind| {
            let [one, two] = both.map(|map| octets(&text(map, kind.name())?));
            one.is_some() && one == two
        }),
        _ => false,
    }
}

/// The name under which `held` has the key.
fn spelling(key: &'static Key, held: &Map) -> Option<&'static str> {
    spellings(key).find(|name| held.get(name).is_some())
}

/// All names that the key goes or went by.
pub(super) fn spellings(key: &'static Key) -> impl Iterator<Item = &'static str> {
    let renamed = RENAMED.iter().filter_map(move |(old, new)| match key.name {
        name if name == *old => Some(*new),
        name if name == *new => Some(*old),
        _ => None,
    });
    std::iter::once(key.name).chain(key.aliases.iter().copied()).chain(renamed)
}

/// Keys that became others, of the same or another kind; only one of each pair can be given.
const RENAMED: &[(&str, &str)] = &[
    ("client-class", "client-classes"),
    ("ddns-use-conflict-resolution", "ddns-conflict-resolution-mode"),
    ("ip-address", "ip-addresses"),
    ("require-client-classes", "evaluate-additional-classes"),
];

fn is_plain_list(kind: Kind) -> bool {
    matches!(kind, Kind::Texts | Kind::SomeTexts | Kind::Addresses | Kind::Prefixes | Kind::Codes)
}

/// What says which one is meant. Given alone, all of it is meant.
fn selectors(scope: Scope) -> &'static [&'static str] {
    match scope {
        Scope::Subnet => &["id", "subnet"],
        Scope::Pool => &["pool"],
        Scope::PdPool => &["prefix", "prefix-len", "delegated-len"],
        Scope::OptionData => &["code", "name", "space", "csv-format", "data"],
        Scope::Reservation => &["hw-address", "duid", "circuit-id", "client-id", "flex-id"],
        _ => &[],
    }
}

impl fmt::Display for DeltaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::UnknownKey(scope, name, near) = self;
        write!(f, "unknown parameter '{name}' in {}", scope.title())?;
        match near {
            Some(near) => write!(f, "; did you mean '{near}'?"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for DeltaError {}
