//! What large configurations cost, in steps and octets: times are the business of the benchmark `load`.

mod support;

use std::net::Ipv4Addr;

use allocation_counter::measure;
use kea_config::Snapshot;
use kea_config::snapshot::IdentifierKind;
use kea_lease::SubnetId;
use kea_wire::V4;
use support::large::large;

/// The most that loading may hold at a time, the text included.
const MAX_OCTETS: u64 = 300 << 20;

/// The snapshot, the most octets held at a time while it was made, and the allocations it took.
fn load(subnets: u32, hosts_each: u32, classes: u32) -> (Snapshot<V4>, u64, u64) {
    let mut config = None;
    let cost = measure(|| {
        let text = large(subnets, hosts_each, classes);
        config = Some(support::snapshot::<V4>(&text));
    });
    (config.unwrap(), cost.bytes_max, cost.count_total)
}

#[test]
fn ten_thousand_subnets_and_a_hundred_thousand_reservations() {
    let (config, octets, _) = load(10_000, 10, 1000);
    assert_eq!((config.subnets().len(), config.reservations.file().len()), (10_000, 100_000));
    assert_eq!(config.classes.iter().len(), 1000);
    assert!(octets <= MAX_OCTETS, "{octets} octets");
    let address = Ipv4Addr::new(10, 39, 15, 7);
    assert_eq!(config.subnets_containing(address).next().unwrap().id, SubnetId(10_000));
    let relayed: Vec<_> = config.subnets_of_relay(Ipv4Addr::new(172, 16, 39, 15)).collect();
    assert_eq!(relayed.len(), 1);
    assert_eq!(relayed[0].id, SubnetId(10_000));
    let mac = [2, 0, 39, 15, 0, 9];
    let host = config.reservations.find(Some(SubnetId(10_000)), IdentifierKind::HwAddress, &mac);
    assert_eq!(host.unwrap().addresses[0], Ipv4Addr::new(10, 39, 15, 11));
}

#[test]
fn work_and_memory_grow_no_faster_than_the_configuration() {
    let (_, small_octets, small_count) = load(200, 10, 20);
    let (_, octets, count) = load(2000, 10, 200);
    // Ten times the configuration; a tenth more for what doubles as it grows.
    assert!(count <= 11 * small_count, "{count} allocations, {small_count} for a tenth");
    // Tables are up to twice as large as what is in them.
    assert!(octets <= 20 * small_octets, "{octets} octets, {small_octets} for a tenth");
}

#[test]
fn finding_a_subnet_takes_logarithmic_steps() {
    for (subnets, limit) in [(1, 3), (100, 8), (10_000, 15)] {
        let (config, ..) = load(subnets, 0, 0);
        let every = (0..=subnets).map(|i| Ipv4Addr::from_bits(0x0a00_0000 | i << 8 | 77));
        let deepest = every.map(|address| config.lookup_steps(address)).max();
        assert!(deepest.is_some_and(|steps| steps <= limit), "{subnets} subnets: {deepest:?}");
    }
}
