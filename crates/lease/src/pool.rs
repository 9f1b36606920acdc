//! Pools: ranges of addresses, or of prefixes to delegate, and what is free in them.

use std::collections::VecDeque;

use hashbrown::{HashMap, HashSet};
use kea_wire::Address;

use crate::bitmap::Bitmap;
use crate::free_queue::FreeQueue;
use crate::lease::{LeaseFamily, LeaseKind, LeaseState};
use crate::queue::Queue;
use crate::table::last_of;

/// A range to allocate from. A pool is known by all of this: others, of another kind or of subnets that
/// overlap, may begin at the same address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PoolSpec<F: LeaseFamily> {
    /// What is allocated.
    pub kind: LeaseKind,
    /// The lowest address.
    pub first: F::Addr,
    /// The highest address inside, of the last prefix when prefixes are delegated.
    pub last: F::Addr,
    /// Bits of each allocated prefix; 32 or 128 for addresses.
    pub delegated_len: u8,
}

impl<F: LeaseFamily> PoolSpec<F> {
    /// A pool of single addresses. Bounds in the wrong order give an empty pool.
    pub fn addresses(first: F::Addr, last: F::Addr) -> Self {
        PoolSpec { kind: LeaseKind::Address, first, last, delegated_len: F::Addr::BITS }
    }

    /// The addresses (or prefixes) inside.
    pub fn total(&self) -> u128 {
        let (first, last) = (self.first.number(), self.last.number());
        match last.checked_sub(first) {
            Some(span) => (span >> self.shift()).saturating_add(1),
            None => 0,
        }
    }

    /// True when the address lies in the range.
    pub fn contains(&self, address: F::Addr) -> bool {
        (self.first.number()..=self.last.number()).contains(&address.number())
    }

    fn shift(&self) -> u32 {
        u32::from(F::Addr::BITS.saturating_sub(self.delegated_len)).min(127)
    }

    fn offset(&self, address: F::Addr) -> Option<u64> {
        let span = address.number().checked_sub(self.first.number())?;
        u64::try_from(span >> self.shift()).ok()
    }

    fn address(&self, offset: u64) -> F::Addr {
        F::Addr::from_number(self.first.number() + (u128::from(offset) << self.shift()))
    }
}

/// How the next free address is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Allocator {
    /// In order, going on after the last one given.
    #[default]
    Iterative,
    /// Anywhere.
    Random,
    /// From a queue of the free addresses that begins in an unpredictable order: what was freed last
    /// comes last.
    FreeLeaseQueue,
}

/// Addresses of a pool by what became of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolCounts {
    /// Addresses in the pool.
    pub total: u128,
    /// Given to clients, declined ones included.
    pub assigned: u64,
    /// Declined.
    pub declined: u64,
}

#[derive(Debug)]
pub(crate) struct Pool<F: LeaseFamily> {
    pub(crate) spec: PoolSpec<F>,
    /// The highest `last` of this and all pools before it.
    pub(crate) reach: F::Addr,
    /// Leases of this pool by when they end.
    pub(crate) waiting: Queue,
    /// Leases that are only remembered, by when they ended.
    pub(crate) remembered: Queue,
    taken: Bitmap,
    reserved: HashSet<u64>,
    /// Where the next search begins; `None` before the first.
    cursor: Option<u64>,
    /// While addresses are given from it.
    queue: Option<Box<FreeQueue>>,
    offers: Offers,
    counts: PoolCounts,
}

/// A search looks at no more than this many addresses of a pool.
const SEARCHED: u64 = 1 << 63;

impl<F: LeaseFamily> Pool<F> {
    pub(crate) fn new(spec: PoolSpec<F>) -> Self {
        let total = spec.total();
        let size = u64::try_from(total).unwrap_or(SEARCHED).min(SEARCHED);
        Pool {
            spec,
            reach: spec.last,
            waiting: Queue::default(),
            remembered: Queue::default(),
            taken: Bitmap::new(size),
            reserved: HashSet::new(),
            cursor: None,
            queue: None,
            offers: Offers::default(),
            counts: PoolCounts { total, assigned: 0, declined: 0 },
        }
    }

    pub(crate) fn counts(&self) -> PoolCounts {
        self.counts
    }

    /// Keeps an address out of what is found free.
    pub(crate) fn reserve(&mut self, address: F::Addr) {
        #[cfg(feature = "deliberate-faults")]
        if crate::Fault::UnreservedAddress.is_injected() {
            return;
        }
        if let Some(offset) = self.spec.offset(address) {
            self.reserved.insert(offset);
            self.taken.insert(offset);
        }
    }

    /// Keeps the prefixes that these pools lie in out of what is found free, unless that are all.
    pub(crate) fn set_aside<'a>(&mut self, others: impl Iterator<Item = &'a PoolSpec<F>>) {
        let covered: HashSet<u64> =
            others.flat_map(|other| self.between(other.first, other.last)).collect();
        if (covered.len() as u128) < self.spec.total() {
            for offset in covered {
                self.reserved.insert(offset);
                self.taken.insert(offset);
            }
        }
    }

    /// Notes a lease that covers `len` bits from `address`.
    pub(crate) fn occupy(&mut self, address: F::Addr, len: u8) {
        for offset in self.covered(address, len) {
            self.offers.withdraw(offset);
            self.take(offset);
        }
    }

    /// False when it was not free.
    fn take(&mut self, offset: u64) -> bool {
        if let Some(queue) = &mut self.queue {
            queue.take(offset);
        }
        self.taken.insert(offset)
    }

    fn free(&mut self, offset: u64) {
        if self.taken.remove(offset)
            && let Some(queue) = &mut self.queue
        {
            queue.put_last(offset);
        }
    }

    /// Forgets a lease. `still_held` tells whether another one has some of a prefix, given by its first
    /// address and its length, which can happen only where prefixes of several lengths meet.
    pub(crate) fn vacate(
        &mut self,
        address: F::Addr,
        len: u8,
        still_held: impl Fn(F::Addr, u8) -> bool,
    ) {
        for offset in self.covered(address, len) {
            let held = self.spec.kind == LeaseKind::Prefix
                && still_held(self.spec.address(offset), self.spec.delegated_len);
            if !held {
                self.let_go(offset);
            }
        }
    }

    /// Nobody has it any more, nor anything around it.
    fn let_go(&mut self, offset: u64) {
        if !self.reserved.contains(&offset) && !self.offers.by_offset.contains_key(&offset) {
            self.free(offset);
        }
    }

    /// Finds free from now on what only the remains of something wider took.
    pub(crate) fn uncover(&mut self, address: F::Addr) {
        if let Some(offset) = self.spec.offset(address) {
            self.let_go(offset);
        }
    }

    /// Counts a lease whose first address lies in the pool.
    pub(crate) fn count(&mut self, state: LeaseState, by: i64) {
        if !state.is_vacant() {
            self.counts.assigned = self.counts.assigned.saturating_add_signed(by);
        }
        if state == LeaseState::Declined {
            self.counts.declined = self.counts.declined.saturating_add_signed(by);
        }
    }

    /// What of the pool lies in those `len` bits from `address`.
    pub(crate) fn parts_of(&self, address: F::Addr, len: u8) -> impl Iterator<Item = F::Addr> {
        self.covered(address, len).map(|offset| self.spec.address(offset))
    }

    fn covered(&self, address: F::Addr, len: u8) -> std::ops::Range<u64> {
        self.between(address, last_of(address, len))
    }

    /// What of the pool a range shares addresses with; bounded, since ranges much wider than the pool's own
    /// prefixes are rare.
    fn between(&self, first: F::Addr, last: F::Addr) -> std::ops::Range<u64> {
        let (first, last) = (first.max(self.spec.first), last.min(self.spec.last));
        match (self.spec.offset(first), self.spec.offset(last)) {
            (Some(from), Some(to)) if first <= last => {
                from..to.saturating_add(1).min(from.saturating_add(WIDER))
            }
            _ => 0..0,
        }
    }

    /// A free address, and moves on; looks from the cursor to the end, or all of it with `wrap`.
    pub(crate) fn find_free(
        &mut self,
        allocator: Allocator,
        random: u64,
        wrap: bool,
    ) -> Option<F::Addr> {
        let size = u64::try_from(self.counts.total).unwrap_or(SEARCHED).min(SEARCHED);
        if allocator == Allocator::FreeLeaseQueue {
            let new = || Box::new(FreeQueue::new(size, random));
            let found = self.queue.get_or_insert_with(new).next(&self.taken)?;
            return Some(self.spec.address(found));
        }
        self.queue = None;
        let start = match allocator {
            Allocator::Random => random % size.max(1),
            _ => self.cursor.unwrap_or(0),
        };
        let wrap = wrap || allocator != Allocator::Iterative;
        let found = self.taken.next_absent(start);
        let found = if wrap { found.or_else(|| self.taken.next_absent(0)) } else { found }?;
        self.cursor = Some(found + 1);
        Some(self.spec.address(found))
    }

    /// What [`Self::find_free`] would find, passing over some; the next search begins where it would
    /// have.
    pub(crate) fn foresee_free(
        &mut self,
        allocator: Allocator,
        random: u64,
        wrap: bool,
        is_passed_over: impl Fn(F::Addr) -> bool,
    ) -> Option<F::Addr> {
        let (cursor, queue) = (self.cursor, self.queue.clone());
        let found = (0..FORESEEN)
            .map_while(|at| self.find_free(allocator, random.wrapping_add(at), wrap))
            .find(|address| !is_passed_over(*address));
        (self.cursor, self.queue) = (cursor, queue);
        found
    }

    pub(crate) fn is_free(&self, address: F::Addr) -> bool {
        self.spec.offset(address).is_some_and(|offset| !self.taken.contains(offset))
    }

    pub(crate) fn is_reserved(&self, address: F::Addr) -> bool {
        self.spec.offset(address).is_some_and(|offset| self.reserved.contains(&offset))
    }

    /// True when the address is kept for a client and for nothing else, lapsed or not.
    pub(crate) fn is_only_offered(&self, address: F::Addr) -> bool {
        let offset = self.spec.offset(address);
        offset.is_some_and(|offset| self.offers.by_offset.contains_key(&offset))
    }

    /// Holds a free address for a while, so that it is found free by nobody else.
    pub(crate) fn offer(&mut self, address: F::Addr, holder: u64, until: i64) {
        let Some(offset) = self.spec.offset(address) else { return };
        if self.offers.order.len() >= OFFERS {
            self.lapse_oldest();
        }
        match self.offers.by_holder.get(&holder).copied() {
            Some(before) if before == offset => return self.offers.add(offset, holder, until),
            Some(before) => self.lapse(before),
            None => {}
        }
        if self.take(offset) {
            self.offers.add(offset, holder, until);
        }
    }

    /// Entries that offers take up.
    pub(crate) fn offers_kept(&self) -> usize {
        self.offers.order.len().max(self.offers.by_offset.len()).max(self.offers.by_holder.len())
    }

    /// What is held for a client.
    pub(crate) fn offered_to(&self, holder: u64, now: i64) -> Option<F::Addr> {
        let offset = self.offers.by_holder.get(&holder)?;
        let (_, until) = self.offers.by_offset.get(offset)?;
        (*until > now).then(|| self.spec.address(*offset))
    }

    /// Whom an address is held for.
    pub(crate) fn offer_holder(&self, address: F::Addr, now: i64) -> Option<u64> {
        let (holder, until) = self.offers.by_offset.get(&self.spec.offset(address)?)?;
        (*until > now).then_some(*holder)
    }

    /// Frees what was held for too long.
    pub(crate) fn lapse_offers(&mut self, now: i64) {
        while self.offers.order.front().is_some_and(|(until, _)| *until <= now) {
            self.lapse_oldest();
        }
    }

    /// The address that has been held longest, but for those that are passed over.
    pub(crate) fn first_offer(&self, is_passed_over: impl Fn(F::Addr) -> bool) -> Option<F::Addr> {
        let held = self.offers.order.iter().filter(|entry| self.offers.is_held(entry));
        let mut addresses = held.map(|(_, offset)| self.spec.address(*offset));
        addresses.find(|address| !is_passed_over(*address))
    }

    /// Frees an address that is only held.
    pub(crate) fn lapse_offer(&mut self, address: F::Addr) {
        if let Some(offset) = self.spec.offset(address) {
            self.lapse(offset);
        }
    }

    /// Frees the address that has been held longest.
    fn lapse_oldest(&mut self) {
        while let Some(entry) = self.offers.order.pop_front() {
            if self.offers.is_held(&entry) {
                return self.lapse(entry.1);
            }
        }
    }

    fn lapse(&mut self, offset: u64) {
        if self.offers.withdraw(offset) {
            self.let_go(offset);
        }
    }
}

/// Addresses held for clients that were offered them. None of them has a lease.
#[derive(Debug, Default)]
struct Offers {
    by_offset: HashMap<u64, (u64, i64)>,
    by_holder: HashMap<u64, u64>,
    /// In the order of offering; entries of offers withdrawn or renewed since are skipped.
    order: VecDeque<(i64, u64)>,
}

/// How many free addresses are looked at to find one that was not passed over: more than one query
/// can ask for.
const FORESEEN: u64 = 256;
/// How many offers are remembered for a pool.
const OFFERS: usize = 4096;
/// A lease is taken to cover at most so many of the pool's prefixes.
const WIDER: u64 = 1 << 16;

impl Offers {
    fn add(&mut self, offset: u64, holder: u64, until: i64) {
        self.by_offset.insert(offset, (holder, until));
        self.by_holder.insert(holder, offset);
        self.order.push_back((until, offset));
    }

    /// False for an entry of `order` whose offer was withdrawn or renewed since.
    fn is_held(&self, (until, offset): &(i64, u64)) -> bool {
        self.by_offset.get(offset).is_some_and(|offer| offer.1 == *until)
    }

    fn withdraw(&mut self, offset: u64) -> bool {
        let Some((holder, _)) = self.by_offset.remove(&offset) else { return false };
        self.by_holder.remove(&holder);
        // Not to be looked at again by everybody who comes while the pool is full.
        while self.order.front().is_some_and(|entry| !self.is_held(entry)) {
            self.order.pop_front();
        }
        true
    }
}
