//! What may stand where: one table of keys, and what is read off it.
//!
//! Source: the manual's keyword matrices and grammar appendix; keys marked with a version come from the
//! notes of that later release.

mod check;
mod json_schema;
mod key;
mod keys;
mod reference;

pub(crate) use check::check_part;
pub use check::{Protocol, check};
pub(crate) use json_schema::default_value;
pub use json_schema::json_schema;
pub use key::{Default, Key, Kind, Protocols, Scope, Status};
pub use keys::{KEYS, LEGACY, Legacy};
pub use reference::reference_page;

use std::sync::LazyLock;

use hashbrown::HashMap;

/// The row of `name`, or of the name it is an alias of.
pub fn find(protocol: Protocol, scope: Scope, name: &str) -> Option<&'static Key> {
    static INDEX: LazyLock<HashMap<(Protocol, Scope, &'static str), &'static Key>> =
        LazyLock::new(|| {
            let mut index = HashMap::new();
            for key in KEYS.iter().flat_map(|group| group.iter()) {
                for protocol in [Protocol::Dhcp4, Protocol::Dhcp6] {
                    if !key.protocols.include(protocol) {
                        continue;
                    }
                    for (scope, name) in key.scopes.iter().flat_map(|scope| {
                        let names = std::iter::once(&key.name).chain(key.aliases);
                        names.map(move |name| (*scope, *name))
                    }) {
                        index.insert((protocol, scope, name), key);
                    }
                }
            }
            index
        });
    INDEX.get(&(protocol, scope, name)).copied()
}

/// The rows of a scope that must be given. Ready made: it is asked for every map of a document.
pub(crate) fn mandatory(protocol: Protocol, scope: Scope) -> &'static [&'static Key] {
    static INDEX: LazyLock<HashMap<(Protocol, Scope), Vec<&'static Key>>> = LazyLock::new(|| {
        let maps = Scope::ALL.iter().flat_map(|scope| {
            [Protocol::Dhcp4, Protocol::Dhcp6].map(|protocol| (protocol, *scope))
        });
        maps.map(|(protocol, scope)| {
            ((protocol, scope), keys(protocol, scope).filter(|key| key.mandatory).collect())
        })
        .collect()
    });
    INDEX.get(&(protocol, scope)).map_or(&[], Vec::as_slice)
}

/// All rows of a scope, in table order.
pub fn keys(protocol: Protocol, scope: Scope) -> impl Iterator<Item = &'static Key> {
    KEYS.iter()
        .flat_map(|group| group.iter())
        .filter(move |key| key.protocols.include(protocol) && key.scopes.contains(&scope))
}
