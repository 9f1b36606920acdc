//! Class names: interned, and which ones need no definition.

use std::collections::HashMap;

use foldhash::fast::FixedState;

/// A class by number: the place of its name in a [`ClassNames`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(u32);

impl ClassId {
    /// Every packet is in it.
    pub const ALL: ClassId = ClassId(0);
    /// A reservation exists.
    pub const KNOWN: ClassId = ClassId(1);
    /// No reservation exists.
    pub const UNKNOWN: ClassId = ClassId(2);
    /// The packet is discarded.
    pub const DROP: ClassId = ClassId(3);
    /// The client is refused without an allocation.
    pub const REJECT: ClassId = ClassId(4);
    /// A BOOTP query.
    pub const BOOTP: ClassId = ClassId(5);
    /// No DNS updates for this client.
    pub const SKIP_DDNS: ClassId = ClassId(6);

    pub(super) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The names of the classes that a configuration mentions anywhere.
#[derive(Clone, Debug)]
pub struct ClassNames {
    /// Clients look names up and never add any, so that the hash needs no secret.
    ids: HashMap<Box<str>, ClassId, FixedState>,
    names: Vec<Box<str>>,
}

impl ClassNames {
    /// The names that have constants in [`ClassId`].
    pub fn new() -> Self {
        let mut names = ClassNames { ids: HashMap::default(), names: Vec::new() };
        for name in FIXED {
            names.intern(name);
        }
        names
    }

    /// The number of a name, new if it has none yet.
    pub fn intern(&mut self, name: &str) -> ClassId {
        if let Some(id) = self.id(name) {
            return id;
        }
        // A configuration with 2³² class names does not fit into memory.
        let id = ClassId(self.names.len() as u32);
        self.names.push(name.into());
        self.ids.insert(name.into(), id);
        id
    }

    /// The number of a name, if the configuration mentions it.
    pub fn id(&self, name: &str) -> Option<ClassId> {
        self.ids.get(name).copied()
    }

    /// The name of a class; empty for a number of another `ClassNames`.
    pub fn name(&self, class: ClassId) -> &str {
        self.names.get(class.index()).map_or("", AsRef::as_ref)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Never: some names are always there.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }
}

impl Default for ClassNames {
    fn default() -> Self {
        Self::new()
    }
}

/// True for classes that servers and hooks assign, and that expressions may therefore name without
/// a definition (chapter "Built-in Client Classes").
pub fn is_builtin(name: &str) -> bool {
    BUILTIN.contains(&name)
        || BUILTIN_PREFIXES
            .iter()
            .any(|prefix| name.len() > prefix.len() && name.starts_with(prefix))
}

/// True for classes that templates make from the values of their expressions.
pub fn is_spawned(name: &str) -> bool {
    name.starts_with(SPAWN_PREFIX)
}

/// Appends `octets` from a packet as part of a class name: what is not printable ASCII becomes
/// `%` and two hexadecimal digits.
pub(super) fn push_octets(name: &mut String, octets: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    for &octet in octets {
        if matches!(octet, b' '..=b'~') {
            name.push(char::from(octet));
        } else {
            name.push('%');
            name.push(char::from(DIGITS[usize::from(octet >> 4)]));
            name.push(char::from(DIGITS[usize::from(octet & 0xf)]));
        }
    }
}

/// In the order of the constants of [`ClassId`].
const FIXED: [&str; 7] = ["ALL", "KNOWN", "UNKNOWN", "DROP", "REJECT", "BOOTP", "SKIP_DDNS"];

/// `DROP` and `REJECT` are not among them: someone must define what is dropped.
const BUILTIN: [&str; 5] = ["ALL", "KNOWN", "UNKNOWN", "BOOTP", "SKIP_DDNS"];

pub(super) const VENDOR_CLASS_PREFIX: &str = "VENDOR_CLASS_";
pub(super) const SPAWN_PREFIX: &str = "SPAWN_";

const BUILTIN_PREFIXES: [&str; 5] =
    [VENDOR_CLASS_PREFIX, "HA_", "AFTER_", "EXTERNAL_", SPAWN_PREFIX];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_and_names_agree() {
        let names = ClassNames::new();
        for (id, name) in [
            (ClassId::ALL, "ALL"),
            (ClassId::KNOWN, "KNOWN"),
            (ClassId::UNKNOWN, "UNKNOWN"),
            (ClassId::DROP, "DROP"),
            (ClassId::REJECT, "REJECT"),
            (ClassId::BOOTP, "BOOTP"),
            (ClassId::SKIP_DDNS, "SKIP_DDNS"),
        ] {
            assert_eq!(names.name(id), name);
            assert_eq!(names.id(name), Some(id));
        }
    }

    #[test]
    fn a_prefix_alone_is_not_builtin() {
        for name in ["HA_server1", "VENDOR_CLASS_docsis3.0", "EXTERNAL_x", "AFTER_y", "SPAWN_a_b"] {
            assert!(is_builtin(name), "{name}");
        }
        for name in ["HA_", "EXTERNAL_", "DROP", "REJECT", "known", "foo"] {
            assert!(!is_builtin(name), "{name}");
        }
    }
}
