//! Configured options, encoded ahead.

use std::ops::BitOr;
use std::sync::Arc;

use bytes::Bytes;
use kea_expr::{ClassId, ClassSet};

/// One configured option, ready for a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfiguredOption {
    /// The option space.
    pub space: Arc<str>,
    /// The code in it.
    pub code: u16,
    /// The data, sub-options included, without code and length. May exceed what one instance holds
    /// (RFC 3396). Options 125 (DHCPv4) and 17 (DHCPv6) stand here without sub-options, the enterprise
    /// number first: which options of the space `vendor-<number>` go in depends on the query.
    pub data: Bytes,
    /// Whether the code goes out whatever the client asks for.
    pub sending: Sending,
    /// Only members of one of these are meant; everyone if empty.
    pub classes: Box<[ClassId]>,
    /// One scope may give several of the code, and a message has them all.
    pub repeats: bool,
    /// How far the scope it comes from is from the scope of the set; 0 is the set's own.
    distance: u8,
}

impl ConfiguredOption {
    pub(crate) fn new(space: Arc<str>, code: u16, data: Bytes) -> Self {
        ConfiguredOption {
            space,
            code,
            data,
            sending: Sending::default(),
            classes: Box::default(),
            repeats: false,
            distance: 0,
        }
    }

    /// True in a set of several scopes, when a farther one says so.
    pub fn is_inherited(&self) -> bool {
        self.distance > 0
    }

    /// True when it is meant for a member of `classes`.
    pub fn admits(&self, classes: &ClassSet) -> bool {
        self.classes.is_empty() || self.classes.iter().any(|class| classes.contains(*class))
    }
}

/// The options of one scope, or of a scope and those around it, nearest first.
///
/// Sorted by space and code. Everything of one code stands together, from the nearest scope to the
/// farthest; inside a scope, what is for some classes before what is for everyone, and otherwise in the
/// order of the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OptionSet {
    entries: Box<[ConfiguredOption]>,
    /// Each space, and where its entries end. Few: looked through for every answer.
    spaces: Box<[(Arc<str>, usize)]>,
    codes: CodesModulo256,
}

/// Which codes there may be, of any space. Most scopes lack most codes, and are asked for all of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct CodesModulo256([u64; 4]);

impl CodesModulo256 {
    fn insert(&mut self, code: u16) {
        if let Some(word) = self.0.get_mut(usize::from(code >> 6 & 3)) {
            *word |= 1 << (code & 63);
        }
    }

    fn may_contain(self, code: u16) -> bool {
        self.0.get(usize::from(code >> 6 & 3)).is_some_and(|word| word >> (code & 63) & 1 != 0)
    }
}

impl OptionSet {
    pub(crate) fn new(mut entries: Vec<ConfiguredOption>) -> Self {
        fn key(entry: &ConfiguredOption) -> (&str, u16, u8, bool) {
            (&entry.space, entry.code, entry.distance, entry.classes.is_empty())
        }
        entries.sort_by(|a, b| key(a).cmp(&key(b)));
        let mut codes = CodesModulo256::default();
        entries.iter().for_each(|entry| codes.insert(entry.code));
        let spaces = entries.chunk_by(|a, b| a.space == b.space);
        let mut end = 0;
        let spaces = spaces.filter_map(|entries| {
            end += entries.len();
            Some((entries.first()?.space.clone(), end))
        });
        OptionSet { spaces: spaces.collect(), entries: entries.into(), codes }
    }

    /// What `near` and `far` say together; `near` goes first.
    pub(crate) fn merge(near: &Arc<OptionSet>, far: &Arc<OptionSet>) -> Arc<OptionSet> {
        match (near.is_empty(), far.is_empty()) {
            (_, true) => near.clone(),
            (true, _) => far.clone(),
            _ => {
                let step = 1 + near.entries.iter().map(|entry| entry.distance).max().unwrap_or(0);
                let mut entries = near.entries.to_vec();
                entries.extend(far.entries.iter().cloned().map(|mut entry| {
                    entry.distance = entry.distance.saturating_add(step);
                    entry
                }));
                Arc::new(OptionSet::new(entries))
            }
        }
    }

    /// True without options.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Everything.
    pub fn iter(&self) -> std::slice::Iter<'_, ConfiguredOption> {
        self.entries.iter()
    }

    /// The spaces of the options, each once.
    pub fn spaces(&self) -> impl Iterator<Item = &str> {
        self.spaces.iter().map(|(space, _)| &**space)
    }

    /// All options of a space, by code.
    pub fn in_space(&self, space: &str) -> Candidates<'_> {
        let mut start = 0;
        for (known, end) in &self.spaces {
            if **known == *space {
                return Candidates(&self.entries[start..*end]);
            }
            start = *end;
        }
        Candidates(&[])
    }

    /// What is configured for one code.
    pub fn get(&self, space: &str, code: u16) -> Candidates<'_> {
        if !self.codes.may_contain(code) {
            return Candidates(&[]);
        }
        self.in_space(space).of_code(code)
    }
}

/// Options of one space, or of one code, nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Candidates<'o>(&'o [ConfiguredOption]);

impl<'o> Candidates<'o> {
    /// Those of one code.
    pub fn of_code(self, code: u16) -> Candidates<'o> {
        let start = self.0.partition_point(|entry| entry.code < code);
        let rest = &self.0[start..];
        // One or two, nearly always.
        let count = rest.iter().take_while(|entry| entry.code == code).count();
        Candidates(&rest[..count])
    }

    /// Each code once, with what is configured for it.
    pub fn by_code(self) -> impl Iterator<Item = (u16, Candidates<'o>)> {
        self.0
            .chunk_by(|a, b| a.code == b.code)
            .filter_map(|chunk| Some((chunk.first()?.code, Candidates(chunk))))
    }

    /// As written.
    pub fn as_slice(self) -> &'o [ConfiguredOption] {
        self.0
    }

    /// True when nothing is configured.
    pub fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// What a member of `classes` gets of one code: the first option of the nearest scope that has any
    /// for them, or all of that scope where the code may repeat.
    pub fn chosen(self, classes: &ClassSet) -> impl Iterator<Item = &'o ConfiguredOption> {
        let mut mine = self.0.iter().filter(move |entry| entry.admits(classes));
        // The nearest scope stands first.
        let first = mine.next();
        let repeats = self.0.len() > 1 && self.0.iter().any(|entry| entry.repeats);
        let distance = first.filter(|_| repeats).map(|entry| entry.distance);
        first.into_iter().chain(mine.take_while(move |entry| Some(entry.distance) == distance))
    }

    /// How a member of `classes` gets this code; `None` when none of it is meant for them.
    pub fn sending(self, classes: &ClassSet) -> Option<Sending> {
        let mine = self.0.iter().filter(|entry| entry.admits(classes));
        mine.map(|entry| entry.sending).reduce(BitOr::bitor)
    }
}

/// Whether a code goes out whatever the client asks for. A flag of a far scope holds although a nearer
/// scope without it supplies the value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sending {
    /// Sent although nobody asks.
    pub always: bool,
    /// Not sent at all.
    pub never: bool,
}

impl BitOr for Sending {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Sending { always: self.always | other.always, never: self.never | other.never }
    }
}
