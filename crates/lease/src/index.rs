//! A hash index from octets to slots that grows in small steps.
//!
//! Extendible hashing: a directory of small tables, of which one is split in two when it is full, so
//! that no insertion ever moves more than [`SPLIT_AT`] entries, however many leases there are.
//! Half the hash is kept with each slot, so that neither growing nor a vain search looks at records.

use hashbrown::HashTable;
use smallvec::SmallVec;

use crate::record::Slot;

/// Slots by hash. Several slots may have the same key.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Most subnets have few leases: one table, without a detour over the directory.
    tables: SmallVec<[Part; 1]>,
    /// Table of each value of the low `depth` bits of the hash, where there are several.
    directory: Vec<u32>,
    depth: u32,
}

#[derive(Debug)]
struct Part {
    entries: HashTable<Entry>,
    depth: u32,
    /// Entries at which to split. Doubled when they all hash alike and cannot be split.
    split_at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Entry {
    hash: u32,
    slot: Slot,
}

/// Seven eighths of 4096, where the hash table would double by itself.
const SPLIT_AT: usize = 3584;
/// Beyond this depth tables grow instead.
const MAX_DEPTH: u32 = 20;

impl Part {
    fn new(entries: HashTable<Entry>, depth: u32) -> Self {
        Part { entries, depth, split_at: SPLIT_AT }
    }

    fn is_full(&self) -> bool {
        self.entries.len() >= self.split_at && self.depth < MAX_DEPTH
    }
}

impl Index {
    pub(crate) fn insert(&mut self, hash: u64, slot: Slot) {
        let hash = hash as u32;
        if self.tables.is_empty() {
            self.tables.push(Part::new(HashTable::new(), 0));
        }
        while self.part(hash).is_some_and(Part::is_full) && self.split(hash) {}
        if let Some(part) = self.part_mut(hash) {
            part.entries.insert_unique(spread(hash), Entry { hash, slot }, |e| spread(e.hash));
        }
    }

    pub(crate) fn remove(&mut self, hash: u64, slot: Slot) {
        let hash = hash as u32;
        let gone = Entry { hash, slot };
        if let Some(part) = self.part_mut(hash)
            && let Ok(entry) = part.entries.find_entry(spread(hash), |entry| *entry == gone)
        {
            entry.remove();
        }
    }

    /// Slots whose keys have that hash, and perhaps others: the caller compares keys.
    pub(crate) fn find(&self, hash: u64) -> impl Iterator<Item = Slot> {
        let hash = hash as u32;
        let alike = self.part(hash).into_iter();
        let alike = alike.flat_map(move |part| part.entries.iter_hash(spread(hash)));
        alike.filter(move |entry| entry.hash == hash).map(|entry| entry.slot)
    }

    fn position(&self, hash: u32) -> Option<usize> {
        if self.depth == 0 {
            return Some(0);
        }
        let low = hash & ((1 << self.depth) - 1);
        self.directory.get(low as usize).map(|at| *at as usize)
    }

    fn part(&self, hash: u32) -> Option<&Part> {
        self.tables.get(self.position(hash)?)
    }

    fn part_mut(&mut self, hash: u32) -> Option<&mut Part> {
        let at = self.position(hash)?;
        self.tables.get_mut(at)
    }

    /// Moves half of one table into a new one. False when all its keys hash alike.
    fn split(&mut self, hash: u32) -> bool {
        let Some(at) = self.position(hash) else { return false };
        let new = self.tables.len() as u32;
        let Some(part) = self.tables.get_mut(at) else { return false };
        if part.entries.iter().all(|entry| entry.hash == hash) {
            part.split_at *= 2;
            return false;
        }
        let bit = 1u32 << part.depth;
        part.depth += 1;
        part.split_at = SPLIT_AT;
        let depth = part.depth;
        let half = part.entries.len() / 2;
        let (mut kept, mut moved) =
            (HashTable::with_capacity(half), HashTable::with_capacity(half));
        for entry in part.entries.drain() {
            let half = if entry.hash & bit == 0 { &mut kept } else { &mut moved };
            half.insert_unique(spread(entry.hash), entry, |entry| spread(entry.hash));
        }
        part.entries = kept;
        self.tables.push(Part::new(moved, depth));
        if self.depth == 0 {
            self.directory.push(0);
        }
        if depth > self.depth {
            self.directory.extend_from_within(..);
            self.depth = depth;
        }
        for (low, table) in self.directory.iter_mut().enumerate() {
            if *table as usize == at && low as u32 & bit != 0 {
                *table = new;
            }
        }
        true
    }
}

/// Entries of one table share low bits, and a table looks at the low and the highest ones.
fn spread(hash: u32) -> u64 {
    u64::from(hash).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_right(32)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn hash(slot: Slot) -> u64 {
        u64::from(slot / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 16
    }

    #[test]
    fn finds_all_of_a_key_through_splits() {
        let mut index = Index::default();
        for slot in 0..40_000 {
            index.insert(hash(slot), slot);
        }
        assert!(index.tables.len() > 8, "{} tables", index.tables.len());
        assert!(index.tables.iter().all(|part| part.entries.len() <= SPLIT_AT));
        for slot in 0..40_000u32 {
            let found = index.find(hash(slot)).filter(|s| s / 2 == slot / 2);
            assert_eq!(found.collect::<BTreeSet<_>>(), BTreeSet::from([slot & !1, slot | 1]));
        }
        for slot in (0..40_000).step_by(2) {
            index.remove(hash(slot), slot);
        }
        assert_eq!(index.find(hash(7)).filter(|s| s / 2 == 3).collect::<Vec<_>>(), [7]);
    }

    #[test]
    fn equal_keys_do_not_split_for_ever() {
        let mut index = Index::default();
        for slot in 0..10_000 {
            index.insert(42, slot);
        }
        assert_eq!(index.find(42).count(), 10_000);
        assert_eq!(index.tables.len(), 1);
    }
}
