//! What is done with leases while a subnet is locked: find the client, find an address, store.

use std::ops::Bound;

use kea_wire::{ClientId, Duid, HwAddr, Iaid, V4, V6};
use parking_lot::{ArcMutexGuard, RawMutex};

use crate::lease::{Lease, LeaseFamily, LeaseKind, LeaseState, Preference, SubnetId};
use crate::leases::Preview;
use crate::pool::{Allocator, Pool, PoolCounts, PoolSpec};
use crate::record::Record;
use crate::table::{LeaseCounts, LeaseKey, Places, Table};

/// The leases of a subnet, locked. Dropping it unlocks.
///
/// Subnets whose ranges overlap share one table and one lock, so that an address has one lease
/// whichever of them asks. A thread must hold no more than one of these.
pub struct SubnetLeases<F: LeaseFamily> {
    pub(crate) table: ArcMutexGuard<RawMutex, Table<F>>,
    /// `None` when locked by address: then nothing is filtered by subnet.
    pub(crate) subnet: Option<SubnetId>,
    /// Set where nothing is to change.
    pub(crate) preview: Option<Preview<F>>,
}

/// A lease where it lies. Accessors cost nothing; [`Self::to_lease`] copies it out.
#[derive(Clone, Copy, Debug)]
pub struct LeaseRef<'a, F: LeaseFamily>(pub(crate) &'a Record<F>);

/// The address is someone's: its lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occupied<F: LeaseFamily>(pub Lease<F>);

/// An address to give, best first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Vacancy<F: LeaseFamily> {
    /// Nobody's.
    Free(F::Addr),
    /// This lease is over and its address may go to another client: the one that ended first. When
    /// its state still says [`LeaseState::Assigned`] or [`LeaseState::Declined`], it must be
    /// reclaimed on the way (names removed, statistics counted).
    Over(Lease<F>),
    /// Nothing else is left than what was offered to another client, longest ago.
    Offered(F::Addr),
}

impl<F: LeaseFamily> Vacancy<F> {
    /// The address to give.
    pub fn address(&self) -> F::Addr {
        match self {
            Vacancy::Free(address) | Vacancy::Offered(address) => *address,
            Vacancy::Over(lease) => lease.address,
        }
    }
}

/// What stands at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Occupancy<F: LeaseFamily> {
    /// No lease, reservation or offer.
    Free,
    /// Nobody's, but kept for the client with that number. See [`SubnetLeases::offer`].
    Offered(u64),
    /// A lease, in whatever state.
    Leased(Lease<F>),
    /// No lease, but kept out of what is allocated, or in no pool.
    NotAllocatable,
}

impl<F: LeaseFamily> SubnetLeases<F> {
    /// The lease of an address, whichever subnet it was given in.
    pub fn get(&self, address: F::Addr) -> Option<LeaseRef<'_, F>> {
        self.table.get(address).map(LeaseRef)
    }

    /// Leases by client or name, in no order.
    pub fn find<'a>(&'a self, key: LeaseKey<'a>) -> impl Iterator<Item = LeaseRef<'a, F>> {
        let subnet = self.subnet;
        let found = self.table.find(key);
        found.filter(move |record| subnet.is_none_or(|id| id == record.subnet)).map(LeaseRef)
    }

    /// Leases above `after`, in order of address.
    pub fn page(&self, after: Option<F::Addr>) -> impl Iterator<Item = LeaseRef<'_, F>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let subnet = self.subnet;
        let found = self.table.range(from, Bound::Unbounded);
        found.filter(move |record| subnet.is_none_or(|id| id == record.subnet)).map(LeaseRef)
    }

    /// Leases in a state above `after`, in order of address.
    pub fn in_state(
        &self,
        state: LeaseState,
        after: Option<F::Addr>,
    ) -> impl Iterator<Item = LeaseRef<'_, F>> {
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let subnet = self.subnet;
        let found = self.table.in_state(state, from);
        found.filter(move |record| subnet.is_none_or(|id| id == record.subnet)).map(LeaseRef)
    }

    /// Stores a lease at an address that has none.
    pub fn insert(&mut self, lease: &Lease<F>) -> Result<(), Occupied<F>> {
        match self.get(lease.address) {
            Some(there) => Err(Occupied(there.to_lease())),
            None => {
                self.put(lease);
                Ok(())
            }
        }
    }

    /// Stores a lease in place of what was at its address, and gives that back.
    ///
    /// The address must be the locked subnet's: in its range, in its pools, or reserved in it. For any
    /// other, lock [`Leases::at`](crate::Leases::at) the address.
    pub fn put(&mut self, lease: &Lease<F>) -> Option<Lease<F>> {
        match &self.preview {
            None => self.table.put(lease),
            Some(taken) => {
                taken.lock().insert(lease.address);
                self.get(lease.address).map(LeaseRef::to_lease)
            }
        }
    }

    /// Removes the lease of an address, and gives it back.
    pub fn remove(&mut self, address: F::Addr) -> Option<Lease<F>> {
        match &self.preview {
            None => self.table.remove(address),
            Some(_) => self.get(address).map(LeaseRef::to_lease),
        }
    }

    /// An address from one of these pools, in their order.
    ///
    /// What is free goes first, then what was another client's and is over, then what is only
    /// offered. Of a pool not among the configured ones there is nothing. Any number will do for
    /// `random`, as long as it is hard to foresee.
    pub fn vacancy(
        &mut self,
        pools: &[PoolSpec<F>],
        allocator: Allocator,
        random: u64,
        now: i64,
    ) -> Option<Vacancy<F>> {
        self.vacancy_unless(pools, allocator, random, now, |_| false)
    }

    /// As [`Self::vacancy`], passing over ended leases and offers at addresses of which `keep` is true.
    pub fn vacancy_unless(
        &mut self,
        pools: &[PoolSpec<F>],
        allocator: Allocator,
        random: u64,
        now: i64,
        keep: impl Fn(F::Addr) -> bool,
    ) -> Option<Vacancy<F>> {
        if let Some(address) = self.find_free(pools, allocator, random, now) {
            return Some(Vacancy::Free(address));
        }
        let table = &*self.table;
        let indices = || pools.iter().filter_map(|spec| table.pool_index(spec));
        let is_kept = |record: &Record<F>| keep(record.address);
        let over = indices().filter_map(|pool| table.longest_ended(pool, now, is_kept));
        if let Some(record) = over.min_by_key(|record| (record.expires(), record.address)) {
            return Some(Vacancy::Over(record.lease()));
        }
        let is_preview = self.preview.is_some();
        let left = |pool| Some((pool, table.left_from_outside(pool, now, &keep)?));
        if let Some((pool, part)) = indices().find_map(left) {
            if let Some(pool) = self.table.pools.get_mut(pool).filter(|_| !is_preview) {
                // So that it can be kept for whom it is offered to.
                pool.uncover(part);
            }
            return Some(Vacancy::Free(part));
        }
        let pools = indices().filter_map(|pool| table.pools.get(pool));
        let mut offered = pools.filter_map(|pool| Some((pool.first_offer(&keep)?, pool.spec)));
        let (address, PoolSpec { kind, delegated_len, .. }) = offered.next()?;
        if !is_preview {
            self.in_pools_at(address, kind, delegated_len, |pool| pool.lapse_offer(address));
        }
        Some(Vacancy::Offered(address))
    }

    fn find_free(
        &mut self,
        pools: &[PoolSpec<F>],
        allocator: Allocator,
        random: u64,
        now: i64,
    ) -> Option<F::Addr> {
        let table = &mut *self.table;
        let first = table.pool_mut(pools.first()?)?;
        let turn = (self.subnet.unwrap_or_default(), first.spec.kind);
        // Nothing to remember where there is no choice.
        let has_choice = pools.len() > 1;
        let last = table.last_pool.get(&turn).copied().filter(|_| has_choice);
        // Where the last search ended, the next begins; its pool's beginning comes last of all.
        let at = pools.iter().position(|spec| table.pool_index(spec) == last).unwrap_or(0);
        let begin = if allocator == Allocator::Random && !pools.is_empty() {
            (random >> 32) as usize % pools.len()
        } else {
            at
        };
        let turns = pools.iter().cycle().skip(begin).take(pools.len() + 1).enumerate();
        for (step, spec) in turns {
            let Some(index) = table.pool_index(spec) else { continue };
            let Some(pool) = table.pools.get_mut(index) else { continue };
            pool.lapse_offers(now);
            if let Some(taken) = &self.preview {
                let taken = taken.lock();
                let is_taken = |address| taken.contains(&address);
                if let Some(address) = pool.foresee_free(allocator, random, step > 0, is_taken) {
                    return Some(address);
                }
            } else if let Some(address) = pool.find_free(allocator, random, step > 0) {
                if has_choice {
                    table.last_pool.insert(turn, index);
                }
                return Some(address);
            }
        }
        None
    }

    /// What stands at an address that a client asks for, of `len` bits: as many as an address has, or as a
    /// pool gives of prefixes.
    pub fn occupancy(&self, address: F::Addr, kind: LeaseKind, len: u8, now: i64) -> Occupancy<F> {
        if let Some(record) = self.table.get(address) {
            return Occupancy::Leased(record.lease());
        }
        let mut pools =
            self.table.pools_at(address, kind).filter_map(|at| self.table.pools.get(at));
        let Some(pool) = pools.find(|pool| pool.spec.delegated_len == len) else {
            return Occupancy::NotAllocatable;
        };
        match pool.offer_holder(address, now) {
            Some(holder) => Occupancy::Offered(holder),
            None if pool.is_free(address) || pool.is_only_offered(address) => Occupancy::Free,
            None if pool.is_reserved(address) => Occupancy::NotAllocatable,
            // Prefixes of another length lie here.
            None if self.overlapping(address, len, now).next().is_some() => {
                Occupancy::NotAllocatable
            }
            None => Occupancy::Free,
        }
    }

    /// Leases that are somebody's and share addresses with the `len` bits from `address`, but are not at
    /// `address` itself: of a prefix around them, of a part of them.
    pub fn overlapping(
        &self,
        address: F::Addr,
        len: u8,
        now: i64,
    ) -> impl Iterator<Item = LeaseRef<'_, F>> {
        let others = self.table.overlapping(address, len).map(LeaseRef);
        others.filter(move |other| !other.is_reusable(now))
    }

    /// The lengths of prefixes that there are leases of.
    pub(crate) fn prefix_lens(&self) -> Vec<u8> {
        self.table.prefix_lens().collect()
    }

    /// Keeps a free address (or prefix of `len` bits) of a pool for a client until then, so that no other client is offered it
    /// while there are others. A client keeps one address of a pool. Holds are in memory only, and
    /// bounded: of too many, the oldest lapse.
    pub fn offer(&mut self, address: F::Addr, kind: LeaseKind, len: u8, holder: u64, until: i64) {
        if let Some(taken) = &self.preview {
            taken.lock().insert(address);
            return;
        }
        self.in_pools_at(address, kind, len, |pool| pool.offer(address, holder, until));
    }

    /// Pools of subnets that overlap keep an offer, each of them.
    fn in_pools_at(
        &mut self,
        address: F::Addr,
        kind: LeaseKind,
        len: u8,
        mut change: impl FnMut(&mut Pool<F>),
    ) {
        let pools: Places = self.table.pools_at(address, kind).collect();
        for at in pools {
            let pool = self.table.pools.get_mut(at);
            if let Some(pool) = pool.filter(|pool| pool.spec.delegated_len == len) {
                change(pool);
            }
        }
    }

    /// The address of one of these pools that is kept for a client.
    pub fn offered_to(&self, pools: &[PoolSpec<F>], holder: u64, now: i64) -> Option<F::Addr> {
        let pools = pools.iter().filter_map(|spec| self.table.pool_index(spec));
        pools
            .filter_map(|at| self.table.pools.get(at))
            .find_map(|pool| pool.offered_to(holder, now))
    }

    /// Up to `max` leases of this table whose lifetime is over and which are not reclaimed yet,
    /// whichever subnet they are of.
    pub fn expired(&self, now: i64, max: usize) -> Vec<Lease<F>> {
        self.table.ended(false, now).take(max).map(Record::lease).collect()
    }

    /// As [`Self::expired`], behind as many of them.
    pub(crate) fn expired_behind(&self, passed: usize, now: i64, max: usize) -> Vec<Lease<F>> {
        self.table.ended(false, now).skip(passed).take(max).map(Record::lease).collect()
    }

    /// True of a lease that [`Self::expired`] gives.
    pub(crate) fn is_to_be_reclaimed(&self, address: F::Addr, now: i64) -> bool {
        self.get(address).is_some_and(|lease| lease.is_expired(now) && !lease.state().is_vacant())
    }

    /// Unlocks; whoever waits goes before this thread.
    pub(crate) fn give_way(self) {
        ArcMutexGuard::unlock_fair(self.table);
    }

    #[cfg(test)]
    pub(crate) fn mutex(&self) -> &std::sync::Arc<parking_lot::Mutex<Table<F>>> {
        ArcMutexGuard::mutex(&self.table)
    }

    /// Up to `max` leases that are only remembered and ended at `until` or before.
    pub fn remembered(&self, until: i64, max: usize) -> Vec<Lease<F>> {
        self.table.ended(true, until).take(max).map(Record::lease).collect()
    }

    /// Leases of a subnet by kind and state.
    pub fn counts(&self) -> LeaseCounts {
        match self.subnet {
            Some(subnet) => self.table.counts.of(subnet),
            None => {
                self.table.counts.iter().fold(LeaseCounts::default(), |mut sum, (_, counts)| {
                    sum += *counts;
                    sum
                })
            }
        }
    }

    /// Addresses of a pool by what became of them.
    pub fn pool_counts(&self, spec: &PoolSpec<F>) -> Option<PoolCounts> {
        self.table.pools.get(self.table.pool_index(spec)?).map(Pool::counts)
    }

    /// As [`Self::pool_counts`], without what was given in other subnets, such as one that had the pool
    /// before. Looks at each lease where there are some of others.
    pub fn own_pool_counts(&self, spec: &PoolSpec<F>) -> Option<PoolCounts> {
        let counts = self.pool_counts(spec)?;
        let own = self.subnet?;
        let mut by_subnet = self.table.counts.iter();
        if by_subnet.all(|(subnet, counts)| subnet == own || counts.total() == 0) {
            return Some(counts);
        }
        let all = self.table.range(Bound::Included(spec.first), Bound::Included(spec.last));
        let is_own = |record: &&Record<F>| {
            let is_alike = (record.kind() == LeaseKind::Prefix) == (spec.kind == LeaseKind::Prefix);
            record.subnet == own && is_alike && !record.state.is_vacant()
        };
        let none = PoolCounts { assigned: 0, declined: 0, ..counts };
        Some(all.filter(is_own).fold(none, |counts, record| PoolCounts {
            assigned: counts.assigned + 1,
            declined: counts.declined + u64::from(record.state == LeaseState::Declined),
            ..counts
        }))
    }

    /// Offers that are remembered for a pool, those withdrawn since among them.
    pub fn offers_kept(&self, spec: &PoolSpec<F>) -> usize {
        let pool = self.table.pool_index(spec).and_then(|at| self.table.pools.get(at));
        pool.map_or(0, Pool::offers_kept)
    }

    /// The configured pools of this table, in order of address.
    pub fn pools(&self) -> impl Iterator<Item = &PoolSpec<F>> {
        self.table.pools.iter().map(|pool| &pool.spec)
    }
}

impl SubnetLeases<V4> {
    /// Leases of a client by its client identifier.
    pub fn by_client_id<'a>(&'a self, id: &'a ClientId) -> impl Iterator<Item = LeaseRef<'a, V4>> {
        self.find(LeaseKey::Identifier(id.octets()))
    }

    /// Leases of a client by its hardware address; the type is not compared.
    pub fn by_hw_addr<'a>(&'a self, hw: &'a HwAddr) -> impl Iterator<Item = LeaseRef<'a, V4>> {
        self.find(LeaseKey::HwAddr(hw.octets()))
    }
}

impl SubnetLeases<V6> {
    /// Leases of one association.
    pub fn by_association<'a>(
        &'a self,
        duid: &'a Duid,
        iaid: Iaid,
        kind: LeaseKind,
    ) -> impl Iterator<Item = LeaseRef<'a, V6>> {
        let found = self.find(LeaseKey::Association(duid.octets(), iaid));
        found.filter(move |lease| lease.kind() == kind)
    }

    /// Leases of a client.
    pub fn by_duid<'a>(&'a self, duid: &'a Duid) -> impl Iterator<Item = LeaseRef<'a, V6>> {
        self.find(LeaseKey::Identifier(duid.octets()))
    }
}

impl<'a, F: LeaseFamily> LeaseRef<'a, F> {
    /// The address, or the first address of the prefix.
    pub fn address(self) -> F::Addr {
        self.0.address
    }

    /// The subnet it was given in.
    pub fn subnet(self) -> SubnetId {
        self.0.subnet
    }

    /// What it stands for.
    pub fn state(self) -> LeaseState {
        self.0.state
    }

    /// What it is of.
    pub fn kind(self) -> LeaseKind {
        self.0.kind()
    }

    /// Unix second of its end; `None` for never.
    pub fn expires(self) -> Option<i64> {
        self.0.expires()
    }

    /// Its place among the leases of one client.
    pub fn preference(self) -> Preference<F::Addr> {
        Preference::new(self.0.state, self.0.cltt, self.0.address)
    }

    /// Bits that the lease covers: 32 or 128 for an address.
    pub fn prefix_len(self) -> u8 {
        F::prefix_len(&self.0.term)
    }

    /// True from the second in which the lifetime has elapsed.
    pub fn is_expired(self, now: i64) -> bool {
        self.expires().is_some_and(|at| at <= now)
    }

    /// True when another client may have the address: only remembered, or over and not declined.
    pub fn is_reusable(self, now: i64) -> bool {
        self.state().is_vacant() || self.is_expired(now)
    }

    /// The hardware address; empty when unknown.
    pub fn hw_octets(self) -> &'a [u8] {
        self.0.parts().hw
    }

    /// The client identifier or DUID; empty when there is none.
    pub fn identifier(self) -> &'a [u8] {
        self.0.parts().identifier
    }

    /// The host name as octets; empty when there is none.
    pub fn hostname(self) -> &'a [u8] {
        self.0.parts().hostname
    }

    /// The user context as JSON text; empty when there is none.
    pub fn user_context(self) -> &'a [u8] {
        self.0.parts().user_context
    }

    /// The lease, copied out.
    pub fn to_lease(self) -> Lease<F> {
        self.0.lease()
    }
}
