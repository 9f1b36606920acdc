//! Many leases at once: rows are gathered by address, the last of each counts, and tables are filled
//! when all are known.

use std::sync::Arc;

use hashbrown::HashMap;
use parking_lot::{Mutex, MutexGuard};

use crate::lease::{Lease, LeaseFamily, LeaseKind, SubnetId};
use crate::leases::{Leases, SubnetSpec};
use crate::record::{Record, Slab, Slot};
use crate::table::Table;

/// A lease that was read, before it is taken in.
#[derive(Debug)]
pub struct Candidate<'a, F: LeaseFamily>(&'a mut Record<F>);

impl<F: LeaseFamily> Candidate<'_, F> {
    /// What it is of.
    pub fn kind(&self) -> LeaseKind {
        self.0.kind()
    }

    /// The address, or the first address of the prefix.
    pub fn address(&self) -> F::Addr {
        self.0.address
    }

    /// The subnet that it names.
    pub fn subnet(&self) -> SubnetId {
        self.0.subnet
    }

    /// Has it name another subnet.
    pub fn set_subnet(&mut self, subnet: SubnetId) {
        self.0.subnet = subnet;
    }

    /// The user context as JSON text; empty when there is none.
    pub fn user_context(&self) -> &[u8] {
        self.0.parts().user_context
    }

    /// Gives it another user context.
    pub fn set_user_context(&mut self, context: &str) {
        *self.0 = Record::new(&Lease { user_context: context.into(), ..self.0.lease() });
    }
}

/// Says whether a lease is taken in; may correct it.
pub(crate) type Admit<'a, F> = dyn FnMut(&mut Candidate<'_, F>) -> bool + 'a;

type Shared<F> = Arc<Mutex<Table<F>>>;

/// What is to come into the tables.
pub(crate) struct Gathering<'a, F: LeaseFamily> {
    leases: &'a Leases<F>,
    /// Which table an address belongs to does not change meanwhile.
    configured: MutexGuard<'a, Vec<SubnetSpec<F>>>,
    /// Ranges that do not overlap, in order, with the table of each.
    ranges: Vec<(F::Addr, F::Addr, usize)>,
    /// The last one is of what lies in no range.
    tables: Vec<(Shared<F>, Heap<F>)>,
}

/// Leases of one table in order of address.
pub(crate) struct Gathered<F: LeaseFamily> {
    pub(crate) records: Slab<F>,
    pub(crate) by_address: Vec<(F::Addr, Slot)>,
}

impl<'a, F: LeaseFamily> Gathering<'a, F> {
    pub(crate) fn new(
        leases: &'a Leases<F>,
        configured: MutexGuard<'a, Vec<SubnetSpec<F>>>,
        ranges: Vec<(F::Addr, F::Addr, usize)>,
        tables: Vec<Shared<F>>,
    ) -> Self {
        let tables = tables.into_iter().map(|table| (table, Heap::default())).collect();
        Gathering { leases, configured, ranges, tables }
    }

    /// The lease of this address is this one now.
    pub(crate) fn put(&mut self, record: Record<F>) {
        if let Some(heap) = self.heap(record.address) {
            heap.put(record);
        }
    }

    /// The address has no lease any more.
    pub(crate) fn remove(&mut self, address: F::Addr) {
        if let Some(heap) = self.heap(address) {
            heap.remove(address);
        }
    }

    /// Fills the tables with what is admitted; how many leases were not.
    pub(crate) fn finish(self, admit: &mut Admit<'_, F>) -> u64 {
        let mut refused = 0;
        for (table, heap) in self.tables {
            let gathered = heap.gathered(admit, &mut refused);
            table.lock().fill(gathered);
        }
        self.leases.draw_in(&self.configured, Vec::new());
        refused
    }

    fn heap(&mut self, address: F::Addr) -> Option<&mut Heap<F>> {
        let end = self.ranges.partition_point(|(first, ..)| *first <= address);
        let range = end.checked_sub(1).and_then(|at| self.ranges.get(at));
        let inside = range.filter(|(_, last, _)| address <= *last).map(|(.., table)| *table);
        let at = inside.unwrap_or(self.tables.len().saturating_sub(1));
        self.tables.get_mut(at).map(|(_, heap)| heap)
    }
}

/// Leases of one table in no order.
struct Heap<F: LeaseFamily> {
    records: Slab<F>,
    by_address: HashMap<F::Addr, Slot>,
}

impl<F: LeaseFamily> Default for Heap<F> {
    fn default() -> Self {
        Heap { records: Slab::default(), by_address: HashMap::new() }
    }
}

impl<F: LeaseFamily> Heap<F> {
    fn put(&mut self, record: Record<F>) {
        let there = self.by_address.get(&record.address);
        match there.and_then(|slot| self.records.get_mut(*slot)) {
            Some(place) => *place = record,
            None => {
                let address = record.address;
                let slot = self.records.add(record);
                self.by_address.insert(address, slot);
            }
        }
    }

    fn remove(&mut self, address: F::Addr) {
        if let Some(slot) = self.by_address.remove(&address) {
            self.records.take(slot);
        }
    }

    fn gathered(mut self, admit: &mut Admit<'_, F>, refused: &mut u64) -> Gathered<F> {
        let mut by_address: Vec<(F::Addr, Slot)> = self.by_address.into_iter().collect();
        by_address.sort_unstable();
        let records = &mut self.records;
        by_address.retain(|(_, slot)| {
            let Some(record) = records.get_mut(*slot) else { return false };
            let admitted = admit(&mut Candidate(record));
            if !admitted {
                records.take(*slot);
                *refused += 1;
            }
            admitted
        });
        Gathered { records: self.records, by_address }
    }
}
