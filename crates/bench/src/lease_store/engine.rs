//! The tables in memory, without files or packets.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kea_lease::{
    Allocator, Durability, ExpiredLeasesProcessing, Journal, JournalLimits, Lease, LeaseKind,
    LeaseRef, Leases, Nowhere, PoolSpec, Reclamation, SubnetId, SubnetLeases, SubnetSpec, V4Owner,
    Vacancy, no_hw_addr,
};
use kea_wire::{ClientId, HwAddr, V4};

use super::median;
use crate::clock;
use crate::table::markdown;

const SUBNET: SubnetId = SubnetId(1);
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 0);
const BITS: u32 = 16;
const POOL: u32 = 1 << BITS;
/// Operations of one measurement.
const STEPS: u32 = 4096;
/// When leases are given, and for how long.
const BEGIN: i64 = 1_000_000;
const LIFETIME: u32 = 3600;

/// The lease of a client, at an address.
pub(super) fn lease(client: u32, address: Ipv4Addr, cltt: i64) -> Lease<V4> {
    let [a, b, c, d] = client.to_be_bytes();
    let mac = [2, 0, a, b, c, d];
    let client_id = ClientId::new(&[&[1], &mac[..]].concat());
    let hw_addr = HwAddr::new(HwAddr::ETHERNET, &mac).unwrap_or_else(no_hw_addr);
    Lease::new(address, SUBNET, V4Owner { hw_addr, client_id }, LIFETIME, cltt)
}

/// A subnet with one pool of two to the power of `bits`.
pub(super) fn leases(bits: u32) -> Leases<V4> {
    let leases = Leases::new();
    let pool = pool(bits);
    let range = (pool.first, pool.last);
    leases.configure(&[SubnetSpec { id: SUBNET, range, pools: vec![pool], reserved: vec![] }]);
    leases
}

fn pool(bits: u32) -> PoolSpec<V4> {
    PoolSpec::addresses(FIRST, Ipv4Addr::from_bits(FIRST.to_bits() + (1 << bits) - 1))
}

/// A store as a server has it, but for the disk.
struct Store {
    leases: Leases<V4>,
    journal: Journal,
}

impl Store {
    /// Clients from number 0 on have addresses.
    fn with(held: u32) -> Self {
        let journal = Journal::new(
            Box::new(Nowhere),
            0,
            Durability::ProcessCrash,
            JournalLimits::default(),
            Box::new(|_| {}),
            Box::new(|_| {}),
        );
        let store = Store { leases: leases(BITS), journal };
        (0..held).for_each(|client| store.acquire(client, BEGIN));
        store
    }

    fn subnet(&self) -> SubnetLeases<V4> {
        // Configured by `leases`.
        self.leases.subnet(SUBNET).unwrap_or_else(|| unreachable!())
    }

    /// DISCOVER: the client is not known, gets an address kept for it.
    fn discover(&self, client: u32, now: i64) -> Option<Ipv4Addr> {
        let unknown = lease(client, FIRST, now);
        let mut subnet = self.subnet();
        if knows(&subnet, &unknown) {
            return None;
        }
        let random = u64::from(client).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        match subnet.vacancy(&[pool(BITS)], Allocator::Iterative, random, now) {
            Some(Vacancy::Free(address)) => {
                subnet.offer(address, LeaseKind::Address, 32, client.into(), now + 60);
                Some(address)
            }
            _ => None,
        }
    }

    /// REQUEST of what was offered.
    fn request(&self, client: u32, address: Ipv4Addr, now: i64) {
        let lease = lease(client, address, now);
        let mut subnet = self.subnet();
        if !knows(&subnet, &lease) {
            subnet.put(&lease);
            self.journal.append(&lease);
        }
        drop(subnet);
        if client.is_multiple_of(32) {
            self.journal.write_step();
        }
    }

    fn acquire(&self, client: u32, now: i64) {
        if let Some(address) = self.discover(client, now) {
            self.request(client, address, now);
        }
    }

    fn renew(&self, client: u32, now: i64) {
        let known = lease(client, FIRST, now);
        let mut subnet = self.subnet();
        let Some(id) = &known.owner.client_id else { return };
        let Some(address) = subnet.by_client_id(id).next().map(LeaseRef::address) else {
            return;
        };
        let renewed = Lease { address, ..known.clone() };
        subnet.put(&renewed);
        self.journal.append(&renewed);
        drop(subnet);
        if client.is_multiple_of(32) {
            self.journal.write_step();
        }
    }

    fn look_up(&self, client: u32) -> bool {
        knows(&self.subnet(), &lease(client, FIRST, BEGIN))
    }

    /// Cycles until all that has ended is reclaimed.
    fn expire(&self, now: i64) -> usize {
        let mut reclamation = Reclamation::new(ExpiredLeasesProcessing::default());
        let settings = reclamation.settings;
        let mut reclaimed = 0;
        loop {
            let report = reclamation.cycle(
                &self.leases,
                now,
                || Duration::ZERO,
                |table, lease| {
                    if let Some(remembered) = settings.reclaimed(&lease) {
                        table.put(&remembered);
                        self.journal.append(&remembered);
                    }
                },
            );
            self.journal.write_step();
            reclaimed += report.leases;
            if !report.has_more {
                return reclaimed;
            }
        }
    }
}

fn knows(subnet: &SubnetLeases<V4>, lease: &Lease<V4>) -> bool {
    let id = lease.owner.client_id.as_ref();
    id.is_some_and(|id| subnet.by_client_id(id).next().is_some())
        || subnet.by_hw_addr(&lease.owner.hw_addr).next().is_some()
}

/// Numbers in an order that no cache foresees.
fn scattered(below: u32) -> impl Iterator<Item = u32> {
    (0..STEPS).map(move |step| step.wrapping_mul(2_654_435_761) % below.max(1))
}

/// Insertion, renewal, look-up and expiry by how full the pool is.
pub(super) fn operations(rounds: usize) -> String {
    let fills = [0u32, 25, 50, 75, 90, 99, 100];
    let rows = fills.map(|percent| {
        let held = (u64::from(POOL) * u64::from(percent) / 100) as u32;
        // Of a full pool, the last addresses are given within the measurement.
        let held = held.min(POOL - STEPS);
        let figures: Vec<[f64; 4]> = (0..rounds).map(|_| operations_at(held)).collect();
        let figure = |at: usize| {
            let figures = figures.iter().map(|figures| figures[at]).collect();
            let figure = median(figures).filter(|figure: &f64| figure.is_finite());
            figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.0}"))
        };
        let mut row = vec![format!("{percent} %")];
        row.extend((0..4).map(figure));
        row
    });
    let head =
        ["full", "insert (two exchanges), ns", "renew, ns", "look up, ns", "expire (reclaim), ns"];
    markdown(&head, &rows)
}

fn operations_at(held: u32) -> [f64; 4] {
    let store = Store::with(held);
    let each = |cost: clock::Cost, steps: usize| cost.processor.as_nanos() as f64 / steps as f64;
    let (cost, found) = clock::of_thread(|| scattered(held).filter(|n| store.look_up(*n)).count());
    assert!(held == 0 || found == STEPS as usize, "{found} of {STEPS} clients found");
    let look_up = each(cost, STEPS as usize);
    let (cost, ()) = clock::of_thread(|| scattered(held).for_each(|n| store.renew(n, BEGIN + 5)));
    let renew = if held == 0 { f64::NAN } else { each(cost, STEPS as usize) };
    let new = held..held + STEPS;
    let (cost, ()) = clock::of_thread(|| new.for_each(|n| store.acquire(n, BEGIN)));
    let insert = each(cost, STEPS as usize);
    assert_eq!(store.leases.len(), (held + STEPS) as usize, "leases after insertion");
    let end = BEGIN + i64::from(LIFETIME);
    let (cost, reclaimed) = clock::of_thread(|| store.expire(end));
    let expire = each(cost, reclaimed);
    [insert, renew, look_up, expire]
}

/// What each of two threads gets of a pool that both want all of.
pub(super) fn fairness() -> Result<String, String> {
    let store = Store::with(0);
    let taken = AtomicUsize::new(0);
    let work = |thread: u32| {
        let mut own = 0u32;
        while taken.load(Ordering::Relaxed) < POOL as usize {
            let client = thread << 24 | own;
            let Some(address) = store.discover(client, BEGIN) else { break };
            store.request(client, address, BEGIN);
            taken.fetch_add(1, Ordering::Relaxed);
            own += 1;
        }
        own
    };
    let shares = std::thread::scope(|scope| {
        let threads = [scope.spawn(|| work(1)), scope.spawn(|| work(2))];
        threads.map(std::thread::ScopedJoinHandle::join)
    });
    let mut rows = Vec::new();
    for (at, share) in shares.into_iter().enumerate() {
        let share = share.map_err(|_| "a thread has failed")?;
        let percent = f64::from(share) / f64::from(POOL) * 100.0;
        rows.push(vec![format!("thread {}", at + 1), share.to_string(), format!("{percent:.0} %")]);
    }
    assert_eq!(store.leases.len(), POOL as usize, "no address was given twice");
    Ok(markdown(&["", "addresses", "of the pool"], &rows))
}
