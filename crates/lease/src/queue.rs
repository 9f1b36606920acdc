//! Leases in the order in which they end: one list for each second, linked through the records.

use std::collections::BTreeMap;

use crate::lease::LeaseFamily;
use crate::record::{NIL, Slab, Slot};

/// First lease of each second that has any.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    heads: BTreeMap<i64, Slot>,
}

/// The second of leases that never end.
pub(crate) const NEVER: i64 = i64::MAX;

impl Queue {
    pub(crate) fn link<F: LeaseFamily>(&mut self, records: &mut Slab<F>, slot: Slot, at: i64) {
        let next = self.heads.insert(at, slot).unwrap_or(NIL);
        if let Some(record) = records.get_mut(slot) {
            record.prev = NIL;
            record.next = next;
        }
        if let Some(record) = records.get_mut(next) {
            record.prev = slot;
        }
    }

    pub(crate) fn unlink<F: LeaseFamily>(&mut self, records: &mut Slab<F>, slot: Slot, at: i64) {
        let Some(record) = records.get_mut(slot) else { return };
        let (prev, next) = (record.prev, record.next);
        (record.prev, record.next) = (NIL, NIL);
        if let Some(record) = records.get_mut(next) {
            record.prev = prev;
        }
        if let Some(record) = records.get_mut(prev) {
            record.next = next;
        } else if next == NIL {
            self.heads.remove(&at);
        } else {
            self.heads.insert(at, next);
        }
    }

    /// Leases that ended at `now` or before, earliest second first.
    pub(crate) fn ended<F: LeaseFamily>(
        &self,
        records: &Slab<F>,
        now: i64,
    ) -> impl Iterator<Item = Slot> {
        self.heads.range(..=now).filter(|(at, _)| **at != NEVER).flat_map(move |(_, head)| {
            std::iter::successors(Some(*head), move |slot| {
                records.get(*slot).map(|record| record.next).filter(|next| *next != NIL)
            })
        })
    }
}
