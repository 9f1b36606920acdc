//! What must stay constant: finding a free address however full a pool is, the four steps of an
//! exchange, and the speed of loading.

use std::net::Ipv4Addr;

use divan::{Bencher, counter::ItemsCount};
use kea_lease::{
    Allocator, Journal, Lease, LeaseFiles, LeaseKind, Leases, PoolSpec, SubnetId, SubnetLeases,
    SubnetSpec, V4Owner, Vacancy, header_line, load, write_row,
};
use kea_wire::{ClientId, HwAddr, V4};

fn main() {
    divan::main();
}

const NET: SubnetId = SubnetId(1);
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 0, 0, 0);

fn lease(number: u32, cltt: i64) -> Lease<V4> {
    let [a, b, c, d] = number.to_be_bytes();
    let mac = [2, 0, a, b, c, d];
    let client_id = ClientId::new(&[&[1], &mac[..]].concat());
    let hw_addr = HwAddr::new(1, &mac).unwrap_or_else(kea_lease::no_hw_addr);
    let address = Ipv4Addr::from_bits(FIRST.to_bits() + number);
    Lease::new(address, NET, V4Owner { hw_addr, client_id }, 3600, cltt)
}

/// A pool of two to the power of `bits`, of which one in `free` addresses is free (0: all are).
fn leases(bits: u32, free: u32) -> Leases<V4> {
    let leases = Leases::new();
    let pool = pool(bits);
    let mut reserved = Vec::new();
    if free > 0 {
        let taken = (0..1u32 << bits).filter(|number| number % free != free / 2);
        reserved.extend(taken.map(|number| Ipv4Addr::from_bits(FIRST.to_bits() + number)));
    }
    let range = (pool.first, pool.last);
    leases.configure(&[SubnetSpec { id: NET, range, pools: vec![pool], reserved }]);
    leases
}

fn pool(bits: u32) -> PoolSpec<V4> {
    PoolSpec::addresses(FIRST, Ipv4Addr::from_bits(FIRST.to_bits() + (1 << bits) - 1))
}

/// Size of the pool in bits, and one in how many is free.
#[divan::bench(args = [(16, 0), (16, 1000), (24, 0), (24, 1000), (24, 1 << 24)])]
fn find_free(bencher: Bencher<'_, '_>, (bits, free): (u32, u32)) {
    let leases = leases(bits, free);
    let mut subnet = leases.subnet(NET).unwrap_or_else(|| unreachable!());
    let pools = [pool(bits)];
    let mut random = 1u64;
    bencher.bench_local(|| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        subnet.vacancy(&pools, Allocator::Random, random, 0)
    });
}

/// DISCOVER and REQUEST of a new client each time: look it up, find an address, keep it, look it up
/// again, store it, append it.
#[divan::bench(sample_count = 20, sample_size = 5000)]
fn exchange(bencher: Bencher<'_, '_>) {
    let leases = leases(24, 0);
    let pools = [pool(24)];
    let journal = Journal::none();
    let mut number = 0;
    bencher.counter(ItemsCount::new(1u32)).bench_local(|| {
        number += 1;
        let mut new = lease(number, 1000);
        let holder = u64::from(number);
        let mut subnet = leases.subnet(NET).unwrap_or_else(|| unreachable!());
        assert!(!knows(&subnet, &new));
        let Some(Vacancy::Free(address)) = subnet.vacancy(&pools, Allocator::Iterative, 0, 0)
        else {
            unreachable!()
        };
        subnet.offer(address, LeaseKind::Address, 32, holder, 1060);
        drop(subnet);
        let mut subnet = leases.subnet(NET).unwrap_or_else(|| unreachable!());
        assert!(!knows(&subnet, &new));
        new.address = subnet.offered_to(&pools, holder, 1001).unwrap_or(address);
        subnet.put(&new);
        journal.append(&new)
    });
}

fn knows(subnet: &SubnetLeases<V4>, lease: &Lease<V4>) -> bool {
    let id = lease.owner.client_id.as_ref();
    id.is_some_and(|id| subnet.by_client_id(id).next().is_some())
        || subnet.by_hw_addr(&lease.owner.hw_addr).next().is_some()
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn load_a_million(bencher: Bencher<'_, '_>) {
    let Ok(dir) = tempfile::tempdir() else { return };
    let files = LeaseFiles::of(dir.path().join("leases4.csv"));
    let mut text = header_line::<V4>().into_bytes();
    for number in 0..1_000_000 {
        // In the order in which a random allocator gives addresses.
        write_row(&mut text, &lease(number * 7_654_321 % (1 << 24), number.into()));
    }
    if std::fs::write(&files.current, text).is_err() {
        return;
    }
    bencher.counter(ItemsCount::new(1_000_000u32)).bench_local(|| {
        let leases = leases(24, 0);
        load(&files, &leases, 0, |_| true, &mut |_| {}).map(|report| report.rows).unwrap_or(0)
    });
}
