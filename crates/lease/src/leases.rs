//! All leases of a server: which table an address belongs to, and who locks it.
//!
//! Address space is cut into territories: the ranges of one subnet, or of several that overlap. Each
//! territory has one table behind one lock; what lies in none is in a table of its own. So an address
//! is in exactly one table, whatever subnet its lease names, and clients of subnets that have nothing
//! in common never meet at a lock. Tables outlive reconfiguration: only territories whose ranges
//! change are rebuilt, and only their clients wait.
//!
//! Lock order: a worker holds one table at a time. [`Leases::configure`] alone holds several, and
//! publishes the new map before it lets go of any; who has waited for a table looks at the map again.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use arc_swap::ArcSwap;
use hashbrown::{HashMap, HashSet};
use kea_wire::{Address, Family};
use parking_lot::{ArcMutexGuard, Mutex, RawMutex};

use crate::gathering::Gathering;
use crate::lease::{Lease, LeaseFamily, LeaseState, SubnetId};
use crate::pool::PoolSpec;
use crate::subnet::{LeaseRef, SubnetLeases};
use crate::table::{LeaseCounts, LeaseKey, Table, first_of};

/// What leases need to know of a configured subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetSpec<F: LeaseFamily> {
    /// The subnet.
    pub id: SubnetId,
    /// First and last address of the subnet's prefix. The pools' ranges count without being named.
    pub range: (F::Addr, F::Addr),
    /// Its pools.
    pub pools: Vec<PoolSpec<F>>,
    /// Addresses never found free: those of reservations. They count as the subnet's wherever they lie.
    pub reserved: Vec<F::Addr>,
}

/// The leases of every subnet. Shared by all workers.
#[derive(Debug)]
pub struct Leases<F: LeaseFamily> {
    map: ArcSwap<Map<F>>,
    /// Counts the maps: a look at it tells whether the map is still the same.
    generation: AtomicU64,
    /// What is configured. Held while the map is being replaced.
    configured: Mutex<Vec<SubnetSpec<F>>>,
    preview: Option<Preview<F>>,
}

/// Addresses that were stored or offered where that changes nothing.
pub(crate) type Preview<F> = Arc<Mutex<HashSet<<F as Family>::Addr>>>;

type Shared<F> = Arc<Mutex<Table<F>>>;
type Guard<F> = ArcMutexGuard<RawMutex, Table<F>>;

#[derive(Debug)]
struct Map<F: LeaseFamily> {
    /// Ranges that do not overlap, in order, with the territory of each.
    ranges: Vec<(F::Addr, F::Addr, usize)>,
    territories: Vec<Territory<F>>,
    by_subnet: HashMap<SubnetId, usize>,
    elsewhere: Shared<F>,
}

#[derive(Debug)]
struct Territory<F: LeaseFamily> {
    ranges: Vec<(F::Addr, F::Addr)>,
    table: Shared<F>,
}

impl<F: LeaseFamily> Default for Leases<F> {
    fn default() -> Self {
        let map = Map {
            ranges: Vec::new(),
            territories: Vec::new(),
            by_subnet: HashMap::new(),
            elsewhere: Shared::default(),
        };
        let (map, generation) = (ArcSwap::from_pointee(map), AtomicU64::new(0));
        Leases { map, generation, configured: Mutex::default(), preview: None }
    }
}

impl<F: LeaseFamily> Default for Territory<F> {
    fn default() -> Self {
        Territory { ranges: Vec::new(), table: Shared::default() }
    }
}

impl<F: LeaseFamily> Leases<F> {
    /// No leases and no subnets.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same leases, to try what would be: what is stored, removed or offered by way of the preview
    /// changes nothing, but is not found free there a second time. Meant for one query: of
    /// reconfigurations it learns nothing.
    #[must_use]
    pub fn preview(&self) -> Self {
        Leases {
            map: ArcSwap::new(self.map.load_full()),
            generation: AtomicU64::new(0),
            configured: Mutex::default(),
            preview: Some(Preview::<F>::default()),
        }
    }

    /// Locks the leases of a subnet. `None` when it is not configured.
    pub fn subnet(&self, id: SubnetId) -> Option<SubnetLeases<F>> {
        let table = self.lock(|map| {
            let at = map.by_subnet.get(&id)?;
            map.territories.get(*at).map(|territory| &territory.table)
        })?;
        Some(self.locked(table, Some(id)))
    }

    /// Locks the table that an address belongs to, whether a subnet contains it or not.
    pub fn at(&self, address: F::Addr) -> SubnetLeases<F> {
        loop {
            if let Some(table) = self.lock(|map| Some(map.of(address))) {
                return self.locked(table, None);
            }
        }
    }

    /// Tables there are: one for each territory, and one for what lies elsewhere.
    pub fn table_count(&self) -> usize {
        self.map.load().territories.len() + 1
    }

    /// Locks a table by its number, without regard to subnets. Numbers change with the configuration.
    pub fn table(&self, number: usize) -> Option<SubnetLeases<F>> {
        let table = self.lock(|map| match map.territories.get(number) {
            Some(territory) => Some(&territory.table),
            None => (number == map.territories.len()).then_some(&map.elsewhere),
        })?;
        Some(self.locked(table, None))
    }

    /// Locks one table after the other, each once.
    pub fn tables(&self) -> impl Iterator<Item = SubnetLeases<F>> {
        (0..self.table_count()).filter_map(|number| self.table(number))
    }

    /// Up to `limit` leases above `after` in order of address, over all subnets.
    pub fn page(&self, after: Option<F::Addr>, limit: usize) -> Vec<Lease<F>> {
        let map = self.map.load_full();
        let from = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut found = BTreeMap::new();
        let mut take = |table: &Table<F>, from, to| {
            let leases = table.range(from, to).take(limit);
            let before = found.len();
            found.extend(leases.map(|record| (record.address, record.lease())));
            found.len() - before
        };
        take(&map.elsewhere.lock(), from, Bound::Unbounded);
        let mut inside = 0;
        let begin = map.ranges.partition_point(|(_, last, _)| after.is_some_and(|a| *last <= a));
        for (first, last, at) in map.ranges.iter().skip(begin) {
            if inside >= limit {
                break;
            }
            if let Some(territory) = map.territories.get(*at) {
                let from = match after {
                    Some(after) if after >= *first => Bound::Excluded(after),
                    _ => Bound::Included(*first),
                };
                inside += take(&territory.table.lock(), from, Bound::Included(*last));
            }
        }
        found.into_values().take(limit).collect()
    }

    /// Leases of a client or name over all subnets, in order of address.
    pub fn find(&self, key: LeaseKey<'_>) -> Vec<Lease<F>> {
        self.filtered(|table| table.find(key).map(LeaseRef::to_lease).collect())
    }

    /// Leases in a state over all subnets, in order of address. Looks at every lease for those that are
    /// simply assigned, one table at a time; for any other state, at those that are in it.
    pub fn in_state(&self, state: LeaseState) -> Vec<Lease<F>> {
        self.filtered(|table| table.in_state(state, None).map(LeaseRef::to_lease).collect())
    }

    /// Up to `limit` leases of a subnet above `after`, in order of address, wherever they lie.
    pub fn page_of(&self, subnet: SubnetId, after: Option<F::Addr>, limit: usize) -> Vec<Lease<F>> {
        let mut found = self.filtered(|table| {
            if table.table.counts.of(subnet).total() == 0 {
                return Vec::new();
            }
            let leases = table.page(after).filter(|lease| lease.subnet() == subnet);
            leases.take(limit).map(LeaseRef::to_lease).collect()
        });
        found.truncate(limit);
        found
    }

    fn filtered(&self, leases: impl Fn(&SubnetLeases<F>) -> Vec<Lease<F>>) -> Vec<Lease<F>> {
        let mut found: Vec<_> = self.tables().flat_map(|table| leases(&table)).collect();
        found.sort_by_key(|lease| lease.address);
        found
    }

    /// Leases of each subnet that has had any, configured or not.
    pub fn counts(&self) -> BTreeMap<SubnetId, LeaseCounts> {
        let mut counts: BTreeMap<SubnetId, LeaseCounts> = BTreeMap::new();
        for table in self.tables() {
            for (subnet, of_table) in table.table.counts.iter() {
                *counts.entry(subnet).or_default() += *of_table;
            }
        }
        counts
    }

    /// All leases.
    pub fn len(&self) -> usize {
        self.tables().map(|table| table.table.len()).sum()
    }

    /// True when there are no leases.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Begins to take in many leases at once. Reconfiguration waits until that is finished.
    pub(crate) fn gather(&self) -> Gathering<'_, F> {
        let configured = self.configured.lock();
        let map = self.map.load_full();
        let ranges = map.ranges.clone();
        let tables = map.territories.iter().map(|territory| &territory.table);
        let tables = tables.chain([&map.elsewhere]).map(Arc::clone).collect();
        Gathering::new(self, configured, ranges, tables)
    }

    /// Moves the borders of territories until no prefix that somebody has begins outside of one and
    /// reaches into a pool of it. `known` are those by which the map was drawn.
    pub(crate) fn draw_in(&self, subnets: &[SubnetSpec<F>], mut known: Vec<Reach<F>>) {
        loop {
            let found = self.reaching_in(subnets);
            let before = known.len();
            known.extend(
                found.into_iter().filter(|reach| !known.contains(reach)).collect::<Vec<_>>(),
            );
            if known.len() == before {
                return;
            }
            self.draw(subnets, &known);
        }
    }

    /// Prefixes that begin before a pool and reach into it: what pools of other lengths left behind.
    fn reaching_in(&self, subnets: &[SubnetSpec<F>]) -> Vec<Reach<F>> {
        let lengths: BTreeSet<u8> = self.tables().flat_map(|table| table.prefix_lens()).collect();
        let mut found = Vec::new();
        for (at, subnet) in subnets.iter().enumerate().filter(|_| !lengths.is_empty()) {
            for (pool, len) in
                subnet.pools.iter().flat_map(|pool| lengths.iter().map(move |len| (pool, *len)))
            {
                let from = first_of(pool.first, len);
                let is_it = |lease: LeaseRef<'_, F>| {
                    lease.prefix_len() == len && !lease.state().is_vacant()
                };
                if from != pool.first && self.at(from).get(from).is_some_and(is_it) {
                    found.push((from, pool.first, at));
                }
            }
        }
        found
    }

    fn locked(&self, table: Guard<F>, subnet: Option<SubnetId>) -> SubnetLeases<F> {
        SubnetLeases { table, subnet, preview: self.preview.clone() }
    }

    /// Locks the table chosen from the map, and makes sure that it still is the one.
    fn lock(&self, choose: impl Fn(&Map<F>) -> Option<&Shared<F>>) -> Option<Guard<F>> {
        loop {
            let generation = self.generation.load(Ordering::Acquire);
            let guard = choose(&self.map.load())?.lock_arc();
            // Who replaces the map counts before letting go of tables that are in it no more.
            if self.generation.load(Ordering::Acquire) == generation {
                return Some(guard);
            }
        }
    }

    /// Takes a new set of subnets, pools and reserved addresses. No lease is lost: those of subnets that are gone
    /// stay, found by address.
    pub fn configure(&self, subnets: &[SubnetSpec<F>]) {
        let mut configured = self.configured.lock();
        *configured = subnets.to_vec();
        let reaching = self.reaching_in(subnets);
        self.draw(subnets, &reaching);
        // Of the pools as they were, something more may have been given meanwhile.
        self.draw_in(subnets, reaching);
    }

    /// Replaces the map.
    fn draw(&self, subnets: &[SubnetSpec<F>], reaching: &[Reach<F>]) {
        let old = self.map.load_full();
        let (mut territories, by_subnet) = territories(subnets, reaching);
        reuse_tables(&old, &mut territories);
        let kept: HashSet<_> = territories.iter().map(|new| Arc::as_ptr(&new.table)).collect();
        let ranges = ranges_of(&territories);
        let new = Map { ranges, territories, by_subnet, elsewhere: Arc::clone(&old.elsewhere) };

        // From here on, who wants a lease that may move waits.
        let gone = old.territories.iter().map(|territory| &territory.table);
        let gone = gone.filter(|table| !kept.contains(&Arc::as_ptr(table)));
        let mut moving: Vec<Guard<F>> =
            [&old.elsewhere].into_iter().chain(gone).map(Mutex::lock_arc).collect();
        let leases: Vec<Lease<F>> = moving.iter_mut().flat_map(|table| table.drain()).collect();
        let old_tables: HashSet<_> =
            old.territories.iter().map(|t| Arc::as_ptr(&t.table)).collect();
        let specs = specs_of(&new, subnets);
        let mut fresh: HashMap<usize, Guard<F>> = HashMap::new();
        for (at, (pools, reserved)) in specs.into_iter().enumerate() {
            let Some(territory) = new.territories.get(at) else { continue };
            let mut table = territory.table.lock_arc();
            table.set_pools(pools, reserved);
            if !old_tables.contains(&Arc::as_ptr(&territory.table)) {
                fresh.insert(at, table);
            }
        }
        for lease in leases {
            match new.at(lease.address).map(|at| (fresh.get_mut(&at), new.territories.get(at))) {
                Some((Some(table), _)) => drop(table.put(&lease)),
                Some((None, Some(territory))) => drop(territory.table.lock().put(&lease)),
                Some((None, None)) | None => {
                    // The first of the locked tables is the one of what lies elsewhere.
                    moving.first_mut().map(|table| table.put(&lease));
                }
            }
        }
        self.map.store(Arc::new(new));
        self.generation.fetch_add(1, Ordering::Release);
    }
}

impl<F: LeaseFamily> Map<F> {
    fn at(&self, address: F::Addr) -> Option<usize> {
        let number = address.number();
        let end = self.ranges.partition_point(|(first, ..)| first.number() <= number);
        let (_, last, at) = self.ranges.get(end.checked_sub(1)?)?;
        (address <= *last).then_some(*at)
    }

    fn of(&self, address: F::Addr) -> &Shared<F> {
        let territory = self.at(address).and_then(|at| self.territories.get(at));
        territory.map_or(&self.elsewhere, |territory| &territory.table)
    }
}

/// The first address of a prefix that somebody has, that of a pool which it reaches into, and the
/// number of the pool's subnet.
pub(crate) type Reach<F> = (<F as Family>::Addr, <F as Family>::Addr, usize);

/// Puts subnets whose ranges overlap into one territory, or that a prefix belongs to which reaches from
/// one into the other. The tables are new ones.
fn territories<F: LeaseFamily>(
    subnets: &[SubnetSpec<F>],
    reaching: &[Reach<F>],
) -> (Vec<Territory<F>>, HashMap<SubnetId, usize>) {
    let mut ranges: Vec<(F::Addr, F::Addr, usize)> = reaching.to_vec();
    for (at, subnet) in subnets.iter().enumerate() {
        let pools = subnet.pools.iter().map(|pool| (pool.first, pool.last, at));
        ranges.extend(pools.chain([(subnet.range.0, subnet.range.1, at)]));
        let inside = |address| subnet.range.0 <= address && address <= subnet.range.1;
        let reserved = subnet.reserved.iter().filter(|address| !inside(**address));
        ranges.extend(reserved.map(|address| (*address, *address, at)));
    }
    ranges.retain(|(first, last, _)| first <= last);
    ranges.sort_unstable();

    let mut leader: Vec<usize> = (0..subnets.len()).collect();
    let mut merged: Vec<(F::Addr, F::Addr, usize)> = Vec::new();
    for (first, last, at) in ranges {
        match merged.last_mut() {
            Some(there) if first <= there.1 => {
                there.1 = there.1.max(last);
                unite(&mut leader, there.2, at);
            }
            _ => merged.push((first, last, at)),
        }
    }
    let mut numbers: HashMap<usize, usize> = HashMap::new();
    let mut territories: Vec<Territory<F>> = Vec::new();
    let mut by_subnet = HashMap::new();
    for (at, subnet) in subnets.iter().enumerate() {
        let number = *numbers.entry(lead(&mut leader, at)).or_insert_with(|| {
            territories.push(Territory::default());
            territories.len() - 1
        });
        by_subnet.insert(subnet.id, number);
    }
    for (first, last, at) in merged {
        let number = numbers.get(&lead(&mut leader, at));
        if let Some(territory) = number.and_then(|number| territories.get_mut(*number)) {
            territory.ranges.push((first, last));
        }
    }
    (territories, by_subnet)
}

fn lead(leader: &mut [usize], mut at: usize) -> usize {
    while let Some(next) = leader.get(at).copied().filter(|next| *next != at) {
        let after = leader.get(next).copied().unwrap_or(next);
        if let Some(place) = leader.get_mut(at) {
            *place = after;
        }
        at = next;
    }
    at
}

fn unite(leader: &mut [usize], a: usize, b: usize) {
    let (a, b) = (lead(leader, a), lead(leader, b));
    if let Some(place) = leader.get_mut(a.max(b)) {
        *place = a.min(b);
    }
}

/// Gives territories with the same ranges as before their tables back.
fn reuse_tables<F: LeaseFamily>(old: &Map<F>, territories: &mut [Territory<F>]) {
    let old: HashMap<_, _> = old.territories.iter().map(|old| (&old.ranges, &old.table)).collect();
    for territory in territories {
        if let Some(table) = old.get(&territory.ranges)
            && !territory.ranges.is_empty()
        {
            territory.table = Arc::clone(table);
        }
    }
}

fn ranges_of<F: LeaseFamily>(territories: &[Territory<F>]) -> Vec<(F::Addr, F::Addr, usize)> {
    let numbered = territories.iter().enumerate();
    let mut ranges: Vec<_> = numbered
        .flat_map(|(at, territory)| territory.ranges.iter().map(move |r| (r.0, r.1, at)))
        .collect();
    ranges.sort_unstable();
    ranges
}

type PoolsAndReserved<F> = (Vec<PoolSpec<F>>, Vec<<F as Family>::Addr>);

/// Pools and reserved addresses of each territory.
fn specs_of<F: LeaseFamily>(map: &Map<F>, subnets: &[SubnetSpec<F>]) -> Vec<PoolsAndReserved<F>> {
    let mut specs: Vec<PoolsAndReserved<F>> = Vec::new();
    specs.resize_with(map.territories.len(), Default::default);
    for subnet in subnets {
        let spec = map.by_subnet.get(&subnet.id).and_then(|at| specs.get_mut(*at));
        if let Some((pools, reserved)) = spec {
            pools.extend(&subnet.pools);
            reserved.extend(&subnet.reserved);
        }
    }
    specs
}
