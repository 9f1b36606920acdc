//! A hash index from octets to slots that grows in small steps.
//!
//! Extendible hashing: a directory of small tables, of which one is split in two when it is full, so
//! that no insertion ever rehashes more than [`SPLIT_AT`] entries, however many leases there are.
//! Entries are four octets; the octets compared are those of the records themselves.

use hashbrown::HashTable;

use crate::record::Slot;

/// Slots by hash. Several slots may have the same key.
#[derive(Debug, Default)]
pub(crate) struct Index {
    tables: Vec<Part>,
    /// Table of each value of the low `depth` bits of the hash.
    directory: Vec<u32>,
    depth: u32,
}

#[derive(Debug)]
struct Part {
    slots: HashTable<Slot>,
    depth: u32,
    /// Entries at which to split. Doubled when they all hash alike and cannot be split.
    split_at: usize,
}

/// Seven eighths of 4096, where the hash table would double by itself.
const SPLIT_AT: usize = 3584;
/// Beyond this depth tables grow instead.
const MAX_DEPTH: u32 = 20;

impl Part {
    fn new(slots: HashTable<Slot>, depth: u32) -> Self {
        Part { slots, depth, split_at: SPLIT_AT }
    }

    fn is_full(&self) -> bool {
        self.slots.len() >= self.split_at && self.depth < MAX_DEPTH
    }
}

impl Index {
    /// `hash_of` gives the hash of the key of a slot that is already there.
    pub(crate) fn insert(&mut self, hash: u64, slot: Slot, hash_of: impl Fn(Slot) -> u64) {
        if self.tables.is_empty() {
            self.tables.push(Part::new(HashTable::new(), 0));
            self.directory.push(0);
        }
        while self.part(hash).is_some_and(Part::is_full) && self.split(hash, &hash_of) {}
        if let Some(part) = self.part_mut(hash) {
            part.slots.insert_unique(rehash(hash), slot, |slot| rehash(hash_of(*slot)));
        }
    }

    pub(crate) fn remove(&mut self, hash: u64, slot: Slot) {
        if let Some(part) = self.part_mut(hash)
            && let Ok(entry) = part.slots.find_entry(rehash(hash), |there| *there == slot)
        {
            entry.remove();
        }
    }

    /// Slots whose keys have that hash, and perhaps others: the caller compares keys.
    pub(crate) fn find(&self, hash: u64) -> impl Iterator<Item = Slot> {
        self.part(hash)
            .into_iter()
            .flat_map(move |part| part.slots.iter_hash(rehash(hash)))
            .copied()
    }

    fn position(&self, hash: u64) -> Option<usize> {
        let low = hash & ((1 << self.depth) - 1);
        self.directory.get(low as usize).map(|at| *at as usize)
    }

    fn part(&self, hash: u64) -> Option<&Part> {
        self.tables.get(self.position(hash)?)
    }

    fn part_mut(&mut self, hash: u64) -> Option<&mut Part> {
        let at = self.position(hash)?;
        self.tables.get_mut(at)
    }

    /// Moves half of one table into a new one. False when all its keys hash alike.
    fn split(&mut self, hash: u64, hash_of: &impl Fn(Slot) -> u64) -> bool {
        let Some(at) = self.position(hash) else { return false };
        let new = self.tables.len() as u32;
        let Some(part) = self.tables.get_mut(at) else { return false };
        let mut alike = part.slots.iter().map(|slot| hash_of(*slot));
        let first = alike.next();
        if alike.all(|hash| Some(hash) == first) {
            part.split_at *= 2;
            return false;
        }
        let bit = 1u64 << part.depth;
        part.depth += 1;
        part.split_at = SPLIT_AT;
        let depth = part.depth;
        let mut moved = HashTable::new();
        let mut kept = HashTable::new();
        for slot in part.slots.drain() {
            let hash = hash_of(slot);
            let half = if hash & bit == 0 { &mut kept } else { &mut moved };
            half.insert_unique(rehash(hash), slot, |slot| rehash(hash_of(*slot)));
        }
        part.slots = kept;
        self.tables.push(Part::new(moved, depth));
        if depth > self.depth {
            self.directory.extend_from_within(..);
            self.depth = depth;
        }
        for (low, table) in self.directory.iter_mut().enumerate() {
            if *table as usize == at && low as u64 & bit != 0 {
                *table = new;
            }
        }
        true
    }
}

/// The low bits choose the table, so the table itself is given the others first.
fn rehash(hash: u64) -> u64 {
    hash.rotate_right(MAX_DEPTH)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn hash(slot: Slot) -> u64 {
        u64::from(slot / 2).wrapping_mul(0x9e37_79b9_7f4a_7c15)
    }

    #[test]
    fn finds_all_of_a_key_through_splits() {
        let mut index = Index::default();
        for slot in 0..40_000 {
            index.insert(hash(slot), slot, hash);
        }
        assert!(index.tables.len() > 8, "{} tables", index.tables.len());
        assert!(index.tables.iter().all(|part| part.slots.len() <= SPLIT_AT));
        for slot in 0..40_000u32 {
            let found: BTreeSet<Slot> =
                index.find(hash(slot)).filter(|s| s / 2 == slot / 2).collect();
            assert_eq!(found, BTreeSet::from([slot & !1, slot | 1]));
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
            index.insert(42, slot, |_| 42);
        }
        assert_eq!(index.find(42).count(), 10_000);
        assert_eq!(index.tables.len(), 1);
    }
}
