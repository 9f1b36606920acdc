//! The leases of one stretch of address space, found by address, by client and by end.

use std::cmp::Ordering;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::BuildHasher;
use std::ops::Bound;

use hashbrown::{DefaultHashBuilder, HashMap};
use kea_wire::{Address, Iaid, Prefix};

use crate::extended_info::identifiers;
use crate::gathering::Gathered;
use crate::index::Index;
use crate::lease::{Lease, LeaseFamily, LeaseKind, LeaseState, SubnetId};
use crate::pool::{Pool, PoolSpec};
use crate::queue::{NEVER, Queue};
use crate::record::{Record, Slab, Slot};
use crate::subnet::LeaseRef;

/// Leases of a subnet by kind and state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeaseCounts([[u64; LeaseState::ALL.len()]; 3]);

impl LeaseCounts {
    /// Leases of that kind in that state.
    pub fn of(&self, kind: LeaseKind, state: LeaseState) -> u64 {
        self.0[kind as usize][state as usize]
    }

    /// What the statistics call assigned: leases that keep an address from others.
    pub fn assigned(&self, kind: LeaseKind) -> u64 {
        self.of(kind, LeaseState::Assigned) + self.of(kind, LeaseState::Declined)
    }

    /// All leases.
    pub fn total(&self) -> u64 {
        self.0.iter().flatten().sum()
    }

    fn add(&mut self, kind: LeaseKind, state: LeaseState, by: i64) {
        let count = &mut self.0[kind as usize][state as usize];
        *count = count.saturating_add_signed(by);
    }
}

impl std::ops::AddAssign for LeaseCounts {
    fn add_assign(&mut self, other: Self) {
        for (sum, count) in self.0.iter_mut().flatten().zip(other.0.iter().flatten()) {
            *sum += count;
        }
    }
}

/// Leases of each subnet that has had any in a table. Nearly all tables are of one subnet.
#[derive(Debug, Default)]
pub(crate) struct CountsBySubnet {
    first: Option<(SubnetId, LeaseCounts)>,
    others: HashMap<SubnetId, LeaseCounts>,
}

impl CountsBySubnet {
    pub(crate) fn of(&self, subnet: SubnetId) -> LeaseCounts {
        match self.first {
            Some((first, counts)) if first == subnet => counts,
            _ => self.others.get(&subnet).copied().unwrap_or_default(),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (SubnetId, &LeaseCounts)> {
        let first = self.first.iter().map(|(subnet, counts)| (*subnet, counts));
        first.chain(self.others.iter().map(|(subnet, counts)| (*subnet, counts)))
    }

    fn entry(&mut self, subnet: SubnetId) -> &mut LeaseCounts {
        match self.first.get_or_insert((subnet, LeaseCounts::default())) {
            (first, counts) if *first == subnet => counts,
            _ => self.others.entry(subnet).or_default(),
        }
    }
}

/// By what a lease is looked for besides its address.
#[derive(Clone, Copy, Debug)]
pub enum LeaseKey<'a> {
    /// The hardware address, without its type.
    HwAddr(&'a [u8]),
    /// The client identifier or DUID.
    Identifier(&'a [u8]),
    /// The DUID and the association.
    Association(&'a [u8], Iaid),
    /// The host name, in lower case.
    Hostname(&'a str),
    /// The identifier of a relay that the user context keeps (`relay-id`).
    RelayId(&'a [u8]),
    /// What a relay calls the client's end of its line, where the user context keeps it (`remote-id`).
    RemoteId(&'a [u8]),
}

impl LeaseKey<'_> {
    fn index(self) -> usize {
        match self {
            LeaseKey::HwAddr(_) => HW_ADDR,
            LeaseKey::Identifier(_) => IDENTIFIER,
            LeaseKey::Association(..) => ASSOCIATION,
            LeaseKey::Hostname(_) => HOSTNAME,
            LeaseKey::RelayId(_) => RELAY_ID,
            LeaseKey::RemoteId(_) => REMOTE_ID,
        }
    }
}

const HW_ADDR: usize = 0;
const IDENTIFIER: usize = 1;
const ASSOCIATION: usize = 2;
const HOSTNAME: usize = 3;
const RELAY_ID: usize = 4;
const REMOTE_ID: usize = 5;

#[derive(Debug, Default)]
struct Ends {
    waiting: Queue,
    remembered: Queue,
}

#[derive(Debug)]
pub(crate) struct Table<F: LeaseFamily> {
    pub(crate) pools: Vec<Pool<F>>,
    pub(crate) counts: CountsBySubnet,
    pub(crate) reserved: Vec<F::Addr>,
    /// Index in `pools` of the one that each subnet was last given an address from.
    pub(crate) last_pool: HashMap<(SubnetId, LeaseKind), usize>,
    records: Slab<F>,
    by_address: BTreeMap<ByNumber<F::Addr>, Slot>,
    /// One for each kind of [`LeaseKey`].
    by_key: [Index; 6],
    /// Leases that are not simply assigned. Few, or on the way out.
    by_state: [BTreeSet<ByNumber<F::Addr>>; LeaseState::ALL.len()],
    /// Leases of prefixes by their length: where to look for what is around an address.
    lengths: BTreeMap<u8, usize>,
    /// Of leases that lie in no pool.
    outside: Ends,
    hasher: DefaultHashBuilder,
}

impl<F: LeaseFamily> Default for Table<F> {
    fn default() -> Self {
        Table {
            pools: Vec::new(),
            counts: CountsBySubnet::default(),
            reserved: Vec::new(),
            last_pool: HashMap::new(),
            records: Slab::default(),
            by_address: BTreeMap::new(),
            by_key: Default::default(),
            by_state: Default::default(),
            lengths: BTreeMap::new(),
            outside: Ends::default(),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl<F: LeaseFamily> Table<F> {
    pub(crate) fn len(&self) -> usize {
        self.by_address.len()
    }

    pub(crate) fn get(&self, address: F::Addr) -> Option<&Record<F>> {
        self.records.get(*self.by_address.get(&ByNumber(address))?)
    }

    pub(crate) fn find<'a>(&'a self, key: LeaseKey<'a>) -> impl Iterator<Item = &'a Record<F>> {
        let index = self.by_key.get(key.index());
        let slots = index.into_iter().flat_map(move |index| index.find(hash(&self.hasher, key)));
        let found = slots.filter_map(|slot| self.records.get(slot));
        found.filter(move |record| matches(record, key))
    }

    /// Leases in a state above an address, in order of address.
    pub(crate) fn in_state(
        &self,
        state: LeaseState,
        from: Bound<F::Addr>,
    ) -> impl Iterator<Item = &Record<F>> {
        let assigned = state == LeaseState::Assigned;
        let all = assigned.then(|| self.range(from, Bound::Unbounded));
        let all = all.into_iter().flatten().filter(move |record| record.state == state);
        let listed = self.by_state.get(state as usize).filter(|_| !assigned);
        let listed = listed
            .into_iter()
            .flat_map(move |set| set.range((from.map(ByNumber), Bound::Unbounded)));
        all.chain(listed.filter_map(|listed| self.get(listed.0)))
    }

    pub(crate) fn all(&self) -> impl Iterator<Item = &Record<F>> {
        self.by_address.values().filter_map(|slot| self.records.get(*slot))
    }

    /// Records in order of address.
    pub(crate) fn range(
        &self,
        from: Bound<F::Addr>,
        to: Bound<F::Addr>,
    ) -> impl Iterator<Item = &Record<F>> {
        let range = (from.map(ByNumber), to.map(ByNumber));
        self.by_address.range(range).filter_map(|(_, slot)| self.records.get(*slot))
    }

    /// The lengths of prefixes that there are leases of.
    pub(crate) fn prefix_lens(&self) -> impl Iterator<Item = u8> {
        self.lengths.keys().copied()
    }

    /// The leases that share addresses with the `len` bits from `first`, but for the one at `first` itself.
    /// There can be some only where prefixes of several lengths meet, or prefixes and addresses.
    pub(crate) fn overlapping(&self, first: F::Addr, len: u8) -> impl Iterator<Item = &Record<F>> {
        let inside = (len < F::Addr::BITS)
            .then(|| self.range(Bound::Excluded(first), Bound::Included(last_of(first, len))));
        let around = self.lengths.keys().take_while(move |wider| **wider < len);
        let around = around.filter_map(move |wider| {
            let from = first_of(first, *wider);
            self.get(from).filter(|record| from != first && F::prefix_len(&record.term) == *wider)
        });
        let found = inside.into_iter().flatten().chain(around);
        #[cfg(feature = "deliberate-faults")]
        let found = found.filter(|_| !crate::Fault::IgnoredOverlap.is_injected());
        found
    }

    /// Stores a lease in place of what was there, and tells what that was.
    pub(crate) fn put(&mut self, lease: &Lease<F>) -> Option<Lease<F>> {
        let mut new = Record::new(lease);
        let slot = match self.by_address.entry(ByNumber(lease.address)) {
            Entry::Occupied(there) => *there.get(),
            Entry::Vacant(place) => {
                let slot = *place.insert(self.records.add(new));
                self.index(slot, true);
                self.enter(slot);
                return None;
            }
        };
        self.leave(slot);
        let old = self.records.get(slot)?;
        let same_keys = keys(old) == keys(&new);
        let before = old.lease();
        if !same_keys {
            self.index(slot, false);
        }
        if let Some(record) = self.records.get_mut(slot) {
            std::mem::swap(record, &mut new);
        }
        if !same_keys {
            self.index(slot, true);
        }
        self.enter(slot);
        Some(before)
    }

    /// Puts many leases at once, in place of what is at their addresses.
    pub(crate) fn fill(&mut self, gathered: Gathered<F>) {
        if self.len() > 0 {
            for (_, slot) in gathered.by_address {
                if let Some(record) = gathered.records.get(slot) {
                    self.put(&record.lease());
                }
            }
            return;
        }
        self.records = gathered.records;
        let mut slots: Vec<Slot> = gathered.by_address.iter().map(|(_, slot)| *slot).collect();
        // In the order in which they lie in memory.
        slots.sort_unstable();
        let by_address = gathered.by_address.into_iter();
        self.by_address = by_address.map(|(address, slot)| (ByNumber(address), slot)).collect();
        self.index_all(&slots);
        for slot in slots {
            self.enter(slot);
        }
    }

    /// Builds the indexes, some of them beside the others when that is worth a thread.
    fn index_all(&mut self, slots: &[Slot]) {
        let Self { records, hasher, by_key, .. } = self;
        let (records, hasher) = (&*records, &*hasher);
        let build = |mut indexes: [Option<&mut Index>; 6]| {
            for record in slots.iter().map(|slot| (*slot, records.get(*slot))) {
                let (slot, Some(record)) = record else { continue };
                each_key(record, |key| {
                    if let Some(Some(index)) = indexes.get_mut(key.index()) {
                        index.insert(hash(hasher, key), slot);
                    }
                });
            }
        };
        let [hw, identifier, association, hostname, relay, remote] = by_key.each_mut().map(Some);
        if slots.len() < WORTH_A_THREAD {
            build([hw, identifier, association, hostname, relay, remote]);
        } else {
            std::thread::scope(|scope| {
                scope.spawn(|| build([None, identifier, None, None, relay, remote]));
                build([hw, None, association, hostname, None, None]);
            });
        }
    }

    pub(crate) fn remove(&mut self, address: F::Addr) -> Option<Lease<F>> {
        let slot = self.by_address.get(&ByNumber(address)).copied()?;
        self.leave(slot);
        self.index(slot, false);
        self.by_address.remove(&ByNumber(address));
        self.records.take(slot).map(|record| record.lease())
    }

    /// Replaces the pools and reserved addresses. Costs a pass over the leases when they differ.
    pub(crate) fn set_pools(&mut self, mut specs: Vec<PoolSpec<F>>, mut reserved: Vec<F::Addr>) {
        specs.sort_by_key(|spec| (spec.first, spec.last, spec.kind, spec.delegated_len));
        specs.dedup();
        reserved.sort_unstable();
        reserved.dedup();
        let same_pools = self.pools.iter().map(|pool| &pool.spec).eq(specs.iter());
        if same_pools && reserved == self.reserved {
            return;
        }
        let slots: Vec<Slot> = self.by_address.values().copied().collect();
        for slot in &slots {
            self.leave(*slot);
        }
        let mut reach = None;
        self.pools = specs.into_iter().map(Pool::new).collect();
        for pool in &mut self.pools {
            pool.reach = reach.map_or(pool.spec.last, |reach| pool.spec.last.max(reach));
            reach = Some(pool.reach);
        }
        self.last_pool.clear();
        for address in &reserved {
            self.pools.iter_mut().filter(|pool| pool.spec.contains(*address)).for_each(|pool| {
                pool.reserve(*address);
            });
        }
        self.keep_links_apart();
        self.reserved = reserved;
        for slot in slots {
            self.enter(slot);
        }
    }

    /// Keeps what pools of addresses lie in out of the prefixes that are delegated, so that a router does
    /// not get the link that all others have their addresses on. Where nothing would be left to delegate, it
    /// is decided by who comes first.
    fn keep_links_apart(&mut self) {
        let specs: Vec<PoolSpec<F>> = self.pools.iter().map(|pool| pool.spec).collect();
        let links = || specs.iter().filter(|spec| spec.kind != LeaseKind::Prefix);
        for pool in self.pools.iter_mut().filter(|pool| pool.spec.kind == LeaseKind::Prefix) {
            pool.set_aside(links());
        }
    }

    /// Takes everything out.
    pub(crate) fn drain(&mut self) -> Vec<Lease<F>> {
        let leases = self.all().map(Record::lease).collect();
        *self = Table::default();
        leases
    }

    pub(crate) fn pool_mut(&mut self, spec: &PoolSpec<F>) -> Option<&mut Pool<F>> {
        let at = self.pool_index(spec)?;
        self.pools.get_mut(at)
    }

    /// The pool that is described so; where there is none, one of its kind that begins there: its end may
    /// just have been moved, of which who asks does not know yet.
    pub(crate) fn pool_index(&self, spec: &PoolSpec<F>) -> Option<usize> {
        let first = spec.first.number();
        let begin = self.pools.partition_point(|pool| pool.spec.first.number() < first);
        let mut found = None;
        for (at, pool) in self.pools.iter().enumerate().skip(begin) {
            if pool.spec == *spec {
                return Some(at);
            }
            if pool.spec.first.number() != first {
                break;
            }
            if pool.spec.kind == spec.kind {
                found = Some(at);
            }
        }
        found
    }

    pub(crate) fn pools_at(
        &self,
        address: F::Addr,
        kind: LeaseKind,
    ) -> impl Iterator<Item = usize> {
        pools_at(&self.pools, address, kind)
    }

    /// Leases whose time is over, the earliest first: those in use, or those only remembered.
    pub(crate) fn ended(&self, remembered: bool, now: i64) -> impl Iterator<Item = &Record<F>> {
        let queues = self
            .pools
            .iter()
            .map(move |pool| if remembered { &pool.remembered } else { &pool.waiting });
        let outside = if remembered { &self.outside.remembered } else { &self.outside.waiting };
        queues
            .chain([outside])
            .flat_map(move |queue| queue.ended(&self.records, now))
            .filter_map(|slot| self.records.get(slot))
    }

    /// The lease of a pool that ended first, whether reclaimed yet or not, and is not to be kept.
    /// Where somebody has another part of what would be given in its place, it is passed over. Looks at
    /// no more than [`LOOKED_AT`] of either.
    pub(crate) fn longest_ended(
        &self,
        pool: usize,
        now: i64,
        keep: impl Fn(&Record<F>) -> bool,
    ) -> Option<&Record<F>> {
        let pool = self.pools.get(pool)?;
        // What is only remembered is over, even where the clock was set back since.
        let remembered = pool.remembered.ended(&self.records, NEVER - 1).take(LOOKED_AT);
        let over = pool.waiting.ended(&self.records, now).take(LOOKED_AT);
        remembered.chain(over).filter_map(|slot| self.records.get(slot)).find(|record| {
            let first = first_of(record.address, pool.spec.delegated_len);
            let is_held = |other: &Record<F>| !LeaseRef(other).is_reusable(now);
            !keep(record)
                && !pool.is_reserved(first)
                && (first == record.address || !self.get(first).is_some_and(is_held))
                && !self.overlapping(first, pool.spec.delegated_len).any(is_held)
        })
    }

    /// The first prefix of a pool that is taken only by what is over of a wider one, which begins before the
    /// pool and so is in none of its queues. Looks at no more than [`LOOKED_AT`] parts of each.
    pub(crate) fn left_from_outside(
        &self,
        pool: usize,
        now: i64,
        keep: impl Fn(F::Addr) -> bool,
    ) -> Option<F::Addr> {
        let pool = self.pools.get(pool)?;
        let PoolSpec { first, delegated_len, .. } = pool.spec;
        let is_held = |other: &Record<F>| !LeaseRef(other).is_reusable(now);
        let is_left = |part: &F::Addr| {
            !keep(*part)
                && !pool.is_reserved(*part)
                && !pool.is_only_offered(*part)
                && !self.get(*part).is_some_and(is_held)
                && !self.overlapping(*part, delegated_len).any(is_held)
        };
        let wider = self.lengths.keys().take_while(|len| **len < delegated_len);
        let mut reaching = wider.filter_map(|len| {
            let record = self.get(first_of(first, *len))?;
            let is_it = record.address != first && F::prefix_len(&record.term) == *len;
            (is_it && !is_held(record)).then_some((record.address, *len))
        });
        reaching
            .find_map(|(address, len)| pool.parts_of(address, len).take(LOOKED_AT).find(is_left))
    }

    /// Enters a record into what depends on its state: queue, pools, counts.
    fn enter(&mut self, slot: Slot) {
        let Some(record) = self.records.get(slot) else { return };
        let (address, kind, state) = (record.address, record.kind(), record.state);
        let (subnet, at) = (record.subnet, record.expires().unwrap_or(NEVER));
        let len = F::prefix_len(&record.term);
        let places: Places = pools_at(&self.pools, address, kind).collect();
        for place in &places {
            if let Some(pool) = self.pools.get_mut(*place) {
                pool.count(state, 1);
                pool.occupy(address, len);
            }
        }
        for pool in begun_in(&mut self.pools, address, len) {
            pool.occupy(address, len);
        }
        if len < F::Addr::BITS {
            *self.lengths.entry(len).or_default() += 1;
        }
        self.counts.entry(subnet).add(kind, state, 1);
        if let Some(set) = by_state(&mut self.by_state, state) {
            set.insert(ByNumber(address));
        }
        queue(&mut self.pools, &mut self.outside, &places, state).link(&mut self.records, slot, at);
    }

    /// Undoes [`Self::enter`].
    fn leave(&mut self, slot: Slot) {
        let Some(record) = self.records.get(slot) else { return };
        let (address, kind, state) = (record.address, record.kind(), record.state);
        let (subnet, at) = (record.subnet, record.expires().unwrap_or(NEVER));
        let len = F::prefix_len(&record.term);
        let places: Places = pools_at(&self.pools, address, kind).collect();
        if let Some(count) = self.lengths.get_mut(&len) {
            *count -= 1;
            if *count == 0 {
                self.lengths.remove(&len);
            }
        }
        let mut pools = std::mem::take(&mut self.pools);
        let still_held = |first, len| {
            let there = self.get(first).into_iter().chain(self.overlapping(first, len));
            // What lies in pools of addresses is not noted here.
            let is_other = |other: &Record<F>| other.address != address && other.kind() == kind;
            there.into_iter().any(is_other)
        };
        for place in &places {
            if let Some(pool) = pools.get_mut(*place) {
                pool.count(state, -1);
                pool.vacate(address, len, still_held);
            }
        }
        for pool in begun_in(&mut pools, address, len) {
            pool.vacate(address, len, still_held);
        }
        self.pools = pools;
        #[cfg(feature = "deliberate-faults")]
        if crate::Fault::WrongCounts.is_injected() {
            self.counts.entry(subnet).add(kind, state, 1);
        }
        self.counts.entry(subnet).add(kind, state, -1);
        if let Some(set) = by_state(&mut self.by_state, state) {
            set.remove(&ByNumber(address));
        }
        queue(&mut self.pools, &mut self.outside, &places, state).unlink(
            &mut self.records,
            slot,
            at,
        );
    }

    fn index(&mut self, slot: Slot, add: bool) {
        let Self { records, hasher, by_key, .. } = self;
        let Some(record) = records.get(slot) else { return };
        each_key(record, |key| {
            let Some(index) = by_key.get_mut(key.index()) else { return };
            let key = hash(hasher, key);
            if add {
                index.insert(key, slot);
            } else {
                index.remove(key, slot);
            }
        });
    }
}

/// An address in an ordered map: compared as a number, which is a fraction of the work of comparing octets.
#[derive(Clone, Copy, Debug)]
struct ByNumber<A>(A);

impl<A: Address> Ord for ByNumber<A> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.number().cmp(&other.0.number())
    }
}

impl<A: Address> PartialOrd for ByNumber<A> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<A: Address> PartialEq for ByNumber<A> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<A: Address> Eq for ByNumber<A> {}

/// The list of leases in a state, for all states but that of nearly all leases.
fn by_state<A>(
    lists: &mut [BTreeSet<ByNumber<A>>; LeaseState::ALL.len()],
    state: LeaseState,
) -> Option<&mut BTreeSet<ByNumber<A>>> {
    lists.get_mut(state as usize).filter(|_| state != LeaseState::Assigned)
}

/// Leases from which on two indexes are built at the same time.
const WORTH_A_THREAD: usize = 50_000;

pub(crate) type Places = smallvec::SmallVec<[usize; 4]>;

/// How many ended leases are passed over, because they are kept for somebody, before a pool counts as
/// used up: a search must not grow with the number of reservations.
const LOOKED_AT: usize = 64;

/// Pools that an address of that kind lies in.
fn pools_at<F: LeaseFamily>(
    pools: &[Pool<F>],
    address: F::Addr,
    kind: LeaseKind,
) -> impl Iterator<Item = usize> {
    let number = address.number();
    let end = pools.partition_point(|pool| pool.spec.first.number() <= number);
    let before = pools.get(..end).unwrap_or(&[]).iter().enumerate().rev();
    before
        .take_while(move |(_, pool)| pool.reach.number() >= number)
        .filter(move |(_, pool)| {
            let alike = (pool.spec.kind == LeaseKind::Prefix) == (kind == LeaseKind::Prefix);
            alike && pool.spec.contains(address)
        })
        .map(|(at, _)| at)
}

/// Pools of prefixes that begin behind the first address of a lease of `len` bits, but within it.
fn begun_in<F: LeaseFamily>(
    pools: &mut [Pool<F>],
    address: F::Addr,
    len: u8,
) -> impl Iterator<Item = &mut Pool<F>> {
    let (first, last) = (address.number(), last_of(address, len).number());
    let begin = match len < F::Addr::BITS {
        true => pools.partition_point(|pool| pool.spec.first.number() <= first),
        false => pools.len(),
    };
    let pools = pools.get_mut(begin..).unwrap_or_default().iter_mut();
    pools
        .take_while(move |pool| pool.spec.first.number() <= last)
        .filter(|pool| pool.spec.kind == LeaseKind::Prefix)
}

/// The first address of the prefix of `len` bits that an address lies in.
pub(crate) fn first_of<A: Address>(address: A, len: u8) -> A {
    Prefix::new(address, len).map_or(address, Prefix::first)
}

/// The last address of that prefix.
pub(crate) fn last_of<A: Address>(address: A, len: u8) -> A {
    Prefix::new(address, len).map_or(address, Prefix::last)
}

fn queue<'a, F: LeaseFamily>(
    pools: &'a mut [Pool<F>],
    outside: &'a mut Ends,
    places: &Places,
    state: LeaseState,
) -> &'a mut Queue {
    let pool = places.first().and_then(|place| pools.get_mut(*place));
    match (pool, state.is_vacant()) {
        (Some(pool), false) => &mut pool.waiting,
        (Some(pool), true) => &mut pool.remembered,
        (None, false) => &mut outside.waiting,
        (None, true) => &mut outside.remembered,
    }
}

/// What a record is indexed by.
fn each_key<F: LeaseFamily>(record: &Record<F>, mut each: impl FnMut(LeaseKey<'_>)) {
    let parts = record.parts();
    if !parts.hw.is_empty() {
        each(LeaseKey::HwAddr(parts.hw));
    }
    if !parts.identifier.is_empty() {
        each(LeaseKey::Identifier(parts.identifier));
    }
    if let Some(iaid) = record.association() {
        each(LeaseKey::Association(parts.identifier, iaid));
    }
    if let Ok(name) = std::str::from_utf8(parts.hostname)
        && !name.is_empty()
    {
        each(LeaseKey::Hostname(name));
    }
    if !parts.user_context.is_empty() {
        // Several relays may have the same one.
        let unique = |name| identifiers(parts.user_context, name).collect::<BTreeSet<_>>();
        unique("relay-id").iter().for_each(|id| each(LeaseKey::RelayId(id)));
        unique("remote-id").iter().for_each(|id| each(LeaseKey::RemoteId(id)));
    }
}

fn keys<F: LeaseFamily>(record: &Record<F>) -> impl PartialEq + '_ {
    let parts = record.parts();
    let texts = [parts.hw, parts.identifier, parts.hostname, parts.user_context];
    (texts, record.association())
}

fn matches<F: LeaseFamily>(record: &Record<F>, key: LeaseKey<'_>) -> bool {
    let parts = record.parts();
    match key {
        LeaseKey::HwAddr(octets) => parts.hw == octets,
        LeaseKey::Identifier(octets) => parts.identifier == octets,
        LeaseKey::Association(octets, iaid) => {
            parts.identifier == octets && record.association() == Some(iaid)
        }
        LeaseKey::Hostname(name) => parts.hostname == name.as_bytes(),
        LeaseKey::RelayId(id) => identifiers(parts.user_context, "relay-id").any(|own| own == id),
        LeaseKey::RemoteId(id) => identifiers(parts.user_context, "remote-id").any(|own| own == id),
    }
}

fn hash(hasher: &DefaultHashBuilder, key: LeaseKey<'_>) -> u64 {
    match key {
        LeaseKey::HwAddr(octets)
        | LeaseKey::Identifier(octets)
        | LeaseKey::RelayId(octets)
        | LeaseKey::RemoteId(octets) => hasher.hash_one(octets),
        LeaseKey::Association(octets, iaid) => hasher.hash_one((octets, iaid)),
        LeaseKey::Hostname(name) => hasher.hash_one(name.as_bytes()),
    }
}
