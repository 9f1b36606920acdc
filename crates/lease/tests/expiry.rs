//! Reclaiming ended leases within the limits of `expired-leases-processing`.

use std::cell::Cell;
use std::net::Ipv4Addr;
use std::time::Duration;

use kea_lease::{
    CycleReport, ExpiredLeasesProcessing, Lease, LeaseState, Leases, PoolSpec, Reclamation,
    SubnetId, SubnetLeases, SubnetSpec, V4Owner, no_hw_addr,
};
use kea_wire::{ClientId, V4};

fn lease(number: u32, cltt: i64) -> Lease<V4> {
    let client_id = ClientId::new(&number.to_be_bytes());
    let owner = V4Owner { hw_addr: no_hw_addr(), client_id };
    let mut lease =
        Lease::new(Ipv4Addr::from_bits(number), SubnetId(number >> 8), owner, 100, cltt);
    lease.hostname = "host.example.org".into();
    lease.fqdn_fwd = true;
    lease
}

/// Two subnets, with `count` leases each that end at 100, 101, ….
fn leases(count: u32) -> Leases<V4> {
    let leases = Leases::new();
    let spec = |id: u32| {
        let (first, last) = (Ipv4Addr::from_bits(id << 8), Ipv4Addr::from_bits(id << 8 | 255));
        let pools = vec![PoolSpec::addresses(first, last)];
        SubnetSpec { id: SubnetId(id), range: (first, last), pools, reserved: vec![] }
    };
    leases.configure(&[spec(1), spec(2)]);
    for number in 0..count {
        for net in [1, 2] {
            leases.subnet(SubnetId(net)).unwrap().put(&lease(net << 8 | number, number.into()));
        }
    }
    leases
}

fn settings() -> ExpiredLeasesProcessing {
    ExpiredLeasesProcessing { max_reclaim_leases: 6, ..Default::default() }
}

fn remember(table: &mut SubnetLeases<V4>, lease: Lease<V4>) {
    let after = settings().reclaimed(&lease).unwrap();
    assert_eq!(table.put(&after), Some(lease));
}

#[test]
fn a_cycle_is_bounded_by_leases_and_the_next_goes_on() {
    let leases = leases(10);
    let mut reclamation = Reclamation::new(settings());
    let mut cycle = |now| reclamation.cycle(&leases, now, || Duration::ZERO, remember);
    assert_eq!(cycle(99), CycleReport::default());
    let more = CycleReport { leases: 6, has_more: true, slow_cycles: None };
    // Of each subnet, those that ended at 100 to 104.
    assert_eq!(cycle(104), more);
    assert_eq!(cycle(104), CycleReport { leases: 4, ..Default::default() });
    let state = |number| {
        leases.at(Ipv4Addr::from_bits(number)).get(Ipv4Addr::from_bits(number)).unwrap().state()
    };
    assert_eq!(state(0x104), LeaseState::ExpiredReclaimed);
    assert_eq!(state(0x204), LeaseState::ExpiredReclaimed);
    assert_eq!(state(0x105), LeaseState::Assigned);
}

#[test]
fn a_cycle_is_bounded_by_time() {
    let leases = leases(10);
    let mut reclamation = Reclamation::new(ExpiredLeasesProcessing {
        max_reclaim_leases: 0,
        max_reclaim_time: 250,
        ..settings()
    });
    let spent = Cell::new(0);
    let elapsed = || Duration::from_millis(spent.get());
    let report = reclamation.cycle(&leases, 1000, elapsed, |table, lease| {
        spent.set(spent.get() + 100);
        remember(table, lease);
    });
    assert_eq!(report, CycleReport { leases: 3, has_more: true, slow_cycles: None });
}

#[test]
fn a_cycle_without_limits_takes_all_however_long_that_is() {
    const COUNT: u32 = 200;
    let leases = leases(COUNT);
    let mut reclamation = Reclamation::new(ExpiredLeasesProcessing {
        max_reclaim_leases: 0,
        max_reclaim_time: 0,
        ..settings()
    });
    let hours = || Duration::from_secs(36_000);
    let report = reclamation.cycle(&leases, 1000, hours, remember);
    let all = CycleReport { leases: 2 * COUNT as usize, has_more: false, slow_cycles: None };
    assert_eq!(report, all);
}

#[test]
fn cycles_that_never_finish_are_warned_of() {
    let leases = leases(50);
    let mut reclamation = Reclamation::new(ExpiredLeasesProcessing {
        unwarned_reclaim_cycles: 2,
        max_reclaim_leases: 3,
        ..settings()
    });
    let warned: Vec<_> = (0..7)
        .map(|_| reclamation.cycle(&leases, 1000, || Duration::ZERO, remember).slow_cycles)
        .collect();
    assert_eq!(warned, [None, None, Some(3), None, None, Some(3), None]);
}

#[test]
fn what_is_remembered_is_flushed_after_its_time_and_not_reclaimed_again() {
    let leases = leases(3);
    let mut reclamation =
        Reclamation::new(ExpiredLeasesProcessing { hold_reclaimed_time: 50, ..settings() });
    assert_eq!(reclamation.cycle(&leases, 200, || Duration::ZERO, remember).leases, 6);
    assert_eq!(reclamation.cycle(&leases, 200, || Duration::ZERO, remember).leases, 0);
    let remove = |table: &mut SubnetLeases<V4>, lease: Lease<V4>| {
        assert_eq!(lease.state, LeaseState::ExpiredReclaimed);
        table.remove(lease.address).unwrap();
    };
    assert_eq!(reclamation.flush(&leases, 149, 100, remove), 0);
    // Ended at 100 and 101, in both subnets.
    assert_eq!(reclamation.flush(&leases, 151, 100, remove), 4);
    assert_eq!(leases.len(), 2);
    assert_eq!(reclamation.flush(&leases, 1000, 1, remove), 1);
}

#[test]
fn affinity_decides_what_a_reclaimed_lease_becomes() {
    let before = lease(0x101, 0);
    let after = settings().reclaimed(&before).unwrap();
    assert_eq!(
        (after.state, after.fqdn_fwd, &*after.hostname),
        (LeaseState::ExpiredReclaimed, false, "")
    );
    assert_eq!(after.expires(), Some(100));
    let declined = Lease { state: LeaseState::Declined, ..before.clone() };
    assert_eq!(settings().reclaimed(&declined), None);
    for off in [
        ExpiredLeasesProcessing { hold_reclaimed_time: 0, ..settings() },
        ExpiredLeasesProcessing { flush_reclaimed_timer_wait_time: 0, ..settings() },
    ] {
        assert_eq!(off.reclaimed(&before), None);
    }
}
