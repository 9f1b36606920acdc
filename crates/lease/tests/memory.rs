#![allow(clippy::print_stdout)] // the figures, for who asks
//! What a lease costs in memory, all indexes included. Alone in its process: it counts allocations.

use std::alloc::{GlobalAlloc, Layout, System};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::atomic::{AtomicUsize, Ordering};

use kea_lease::{
    HwAddrSource, Lease, LeaseKind, Leases, PoolSpec, SubnetId, SubnetSpec, V4Owner, V6Owner,
};
use kea_wire::{ClientId, Duid, HwAddr, Iaid, V4, V6};

struct Counting;

static USED: AtomicUsize = AtomicUsize::new(0);

/// As the C library's allocator rounds: eight octets of its own, in steps of sixteen.
fn cost(size: usize) -> usize {
    (size + 8).next_multiple_of(16).max(32)
}

// SAFETY: every call is passed on to the system's allocator unchanged.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        USED.fetch_add(cost(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        USED.fetch_sub(cost(layout.size()), Ordering::Relaxed);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const COUNT: u32 = 50_000;

fn mac(number: u32) -> [u8; 6] {
    let [a, b, c, d] = number.to_be_bytes();
    [2, 0, a, b, c, d]
}

/// Octets for each of the leases that `fill` stores.
fn per_lease(fill: impl FnOnce()) -> usize {
    let before = USED.load(Ordering::Relaxed);
    fill();
    (USED.load(Ordering::Relaxed) - before) / COUNT as usize
}

fn v4(name: bool) -> usize {
    let leases = Leases::<V4>::new();
    let (first, last) = (Ipv4Addr::new(10, 0, 0, 0), Ipv4Addr::new(10, 255, 255, 255));
    let pools = vec![PoolSpec::addresses(first, last)];
    leases.configure(&[SubnetSpec {
        id: SubnetId(1),
        range: (first, last),
        pools,
        reserved: vec![],
    }]);
    per_lease(|| {
        for number in 0..COUNT {
            let mac = mac(number);
            let client_id = ClientId::new(&[&[1], &mac[..]].concat());
            let owner = V4Owner { hw_addr: HwAddr::new(1, &mac).unwrap(), client_id };
            let address = Ipv4Addr::from_bits(first.to_bits() + number);
            let cltt = i64::from(number / 100);
            let mut lease = Lease::new(address, SubnetId(1), owner, 3600, cltt);
            if name {
                lease.hostname = format!("host-{number}").into();
            }
            leases.subnet(SubnetId(1)).unwrap().insert(&lease).unwrap();
        }
    })
}

fn v6(name: bool) -> usize {
    let leases = Leases::<V6>::new();
    let first: Ipv6Addr = "2001:db8::".parse().unwrap();
    let last: Ipv6Addr = "2001:db8::ffff:ffff:ffff:ffff".parse().unwrap();
    let pools = vec![PoolSpec::addresses(first, last)];
    leases.configure(&[SubnetSpec {
        id: SubnetId(1),
        range: (first, last),
        pools,
        reserved: vec![],
    }]);
    per_lease(|| {
        for number in 0..COUNT {
            let mac = mac(number);
            let owner = V6Owner {
                duid: Duid::new(&[&[0, 1, 0, 1, 9, 9, 9, 9], &mac[..]].concat()).unwrap(),
                iaid: Iaid(number),
                kind: LeaseKind::Address,
                prefix_len: 128,
                preferred_lifetime: 1800,
                hw_addr: HwAddr::new(1, &mac).unwrap(),
                hw_source: HwAddrSource(2),
            };
            // Scattered, as a random allocator does.
            let host = u64::from(number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            let address = Ipv6Addr::from_bits(first.to_bits() + u128::from(host));
            let mut lease = Lease::new(address, SubnetId(1), owner, 3600, i64::from(number / 100));
            if name {
                lease.hostname = format!("host-{number}").into();
            }
            leases.subnet(SubnetId(1)).unwrap().insert(&lease).unwrap();
        }
    })
}

#[test]
fn a_lease_is_small() {
    let (plain4, named4, plain6, named6) = (v4(false), v4(true), v6(false), v6(true));
    println!("octets per lease: v4 {plain4}, named {named4}; v6 {plain6}, named {named6}");
    assert!(plain4 <= 200 && named4 <= 200, "v4 {plain4}, named {named4}");
    assert!(plain6 <= 260 && named6 <= 260, "v6 {plain6}, named {named6}");
}
