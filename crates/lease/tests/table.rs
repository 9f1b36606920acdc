//! Lease tables against a naive model, and what each operation promises.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use kea_lease::{
    Allocator, INFINITE, Lease, LeaseKey, LeaseKind, LeaseState, Leases, Occupancy, Occupied,
    PoolSpec, SubnetId, SubnetSpec, V4Owner, V6Owner, Vacancy,
};
use kea_wire::{ClientId, Duid, HwAddr, Iaid, Prefix, V4, V6};
use proptest::prelude::*;

const NET: SubnetId = SubnetId(1);

fn v4(last: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0xc000_0200 + last)
}

fn owner(client: u8) -> V4Owner {
    V4Owner {
        hw_addr: HwAddr::new(1, &[2, 0, 0, 0, 0, client / 2]).unwrap(),
        client_id: ClientId::new(&[1, client]),
    }
}

fn lease(last: u32, client: u8, cltt: i64) -> Lease<V4> {
    Lease::new(v4(last), NET, owner(client), 100, cltt)
}

fn spec(id: u32, first: u32, last: u32) -> SubnetSpec<V4> {
    SubnetSpec {
        id: SubnetId(id),
        range: (v4(first), v4(last)),
        pools: vec![pool(first, last)],
        reserved: vec![],
    }
}

fn pool(first: u32, last: u32) -> PoolSpec<V4> {
    PoolSpec::addresses(v4(first), v4(last))
}

fn leases(first: u32, last: u32) -> Leases<V4> {
    let leases = Leases::new();
    leases.configure(&[spec(1, first, last)]);
    leases
}

#[derive(Clone, Debug)]
enum Step {
    Put { last: u32, client: u8, cltt: i64, state: LeaseState, name: bool },
    Remove { last: u32 },
    Reconfigure { first: u32, last: u32, reserved: u32 },
    Offer { last: u32, client: u8 },
}

fn step() -> impl Strategy<Value = Step> {
    let state = prop::sample::select(vec![
        LeaseState::Assigned,
        LeaseState::Assigned,
        LeaseState::Declined,
        LeaseState::ExpiredReclaimed,
    ]);
    prop_oneof![
        8 => (0..80u32, 0..20u8, 0..50i64, state, any::<bool>()).prop_map(
            |(last, client, cltt, state, name)| Step::Put { last, client, cltt, state, name }
        ),
        4 => (0..80u32).prop_map(|last| Step::Remove { last }),
        1 => (0..70u32, 0..70u32, 0..80u32)
            .prop_map(|(a, b, reserved)| Step::Reconfigure { first: a.min(b), last: a.max(b), reserved }),
        2 => (0..80u32, 0..20u8).prop_map(|(last, client)| Step::Offer { last, client }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]
    #[test]
    fn agrees_with_a_plain_map(steps in prop::collection::vec(step(), 1..150)) {
        let leases = leases(10, 60);
        let (mut first, mut last, mut reserved) = (10, 60, None);
        let mut model: BTreeMap<Ipv4Addr, Lease<V4>> = BTreeMap::new();
        for step in steps {
            match step {
                Step::Put { last, client, cltt, state, name } => {
                    let mut new = lease(last, client, cltt);
                    new.state = state;
                    if client % 3 == 0 {
                        let context = r#"{"ISC":{"relay-agent-info":{"relay-id":"0A01"}}}"#;
                        new.user_context = context.into();
                    }
                    if name {
                        new.hostname = format!("host-{client}.a-rather-long-name.example.org").into();
                    }
                    let before = leases.at(new.address).put(&new);
                    prop_assert_eq!(before, model.insert(new.address, new));
                }
                Step::Remove { last } => {
                    prop_assert_eq!(leases.at(v4(last)).remove(v4(last)), model.remove(&v4(last)));
                }
                Step::Reconfigure { first: f, last: l, reserved: r } => {
                    (first, last, reserved) = (f, l, Some(v4(r)));
                    let mut spec = spec(1, f, l);
                    spec.range = (v4(0), v4(f.max(40)));
                    spec.reserved = vec![v4(r)];
                    leases.configure(&[spec]);
                }
                Step::Offer { last, client } => {
                    leases.subnet(NET).unwrap().offer(v4(last), LeaseKind::Address, 32, client.into(), 1000);
                }
            }
            check(&leases, &model, v4(first), v4(last), reserved)?;
        }
    }
}

fn check(
    leases: &Leases<V4>,
    model: &BTreeMap<Ipv4Addr, Lease<V4>>,
    first: Ipv4Addr,
    last: Ipv4Addr,
    reserved: Option<Ipv4Addr>,
) -> Result<(), TestCaseError> {
    let now = 120;
    prop_assert_eq!(leases.page(None, 1000), model.values().cloned().collect::<Vec<_>>());
    let after = v4(33);
    let page: Vec<_> = model.range(after..).filter(|(a, _)| **a > after).take(7).collect();
    prop_assert!(leases.page(Some(after), 7).iter().eq(page.iter().map(|(_, lease)| *lease)));
    for client in [0, 7, 13] {
        let by = |f: &dyn Fn(&Lease<V4>) -> bool| {
            model.values().filter(|lease| f(lease)).cloned().collect::<Vec<_>>()
        };
        let who = owner(client);
        let id = who.client_id.clone().unwrap();
        prop_assert_eq!(
            leases.find(LeaseKey::Identifier(id.octets())),
            by(&|lease| lease.owner.client_id == who.client_id)
        );
        prop_assert_eq!(
            leases.find(LeaseKey::HwAddr(who.hw_addr.octets())),
            by(&|lease| lease.owner.hw_addr == who.hw_addr)
        );
        let name = format!("host-{client}.a-rather-long-name.example.org");
        prop_assert_eq!(
            leases.find(LeaseKey::Hostname(&name)),
            by(&|lease| *lease.hostname == *name)
        );
    }
    let count = |state| model.values().filter(|lease| lease.state == state).count() as u64;
    let counts = leases.counts().get(&NET).copied().unwrap_or_default();
    for state in LeaseState::ALL {
        prop_assert_eq!(counts.of(LeaseKind::Address, state), count(state));
        let expected: Vec<_> = model.values().filter(|l| l.state == state).cloned().collect();
        prop_assert_eq!(leases.in_state(state), expected);
    }
    let relay = |lease: &Lease<V4>| lease.user_context.contains("0A01");
    let behind: Vec<_> = model.values().filter(|lease| relay(lease)).cloned().collect();
    prop_assert_eq!(leases.find(LeaseKey::RelayId(&[10, 1])), behind);
    prop_assert!(leases.find(LeaseKey::RemoteId(&[10, 1])).is_empty());
    let page = leases.page_of(NET, Some(after), 5);
    prop_assert!(
        page.iter().eq(model.range(after..).map(|(_, l)| l).filter(|l| l.address > after).take(5))
    );
    prop_assert!(leases.page_of(SubnetId(2), None, 5).is_empty());
    let mut expired: Vec<_> = leases.tables().flat_map(|t| t.expired(now, 1000)).collect();
    expired.sort_by_key(|lease| lease.address);
    let expected: Vec<_> = model
        .values()
        .filter(|lease| !lease.state.is_vacant() && lease.cltt + 100 <= now)
        .cloned()
        .collect();
    prop_assert_eq!(expired, expected);

    let mut subnet = leases.subnet(NET).unwrap();
    let spec = PoolSpec::addresses(first, last);
    let pool = subnet.pool_counts(&spec).unwrap();
    let inside = |lease: &&Lease<V4>| first <= lease.address && lease.address <= last;
    let used = model.values().filter(inside).filter(|lease| !lease.state.is_vacant());
    prop_assert_eq!(pool.assigned, used.count() as u64);
    match subnet.vacancy(&[spec], Allocator::Iterative, 0, now) {
        Some(Vacancy::Free(address)) => {
            prop_assert!(first <= address && address <= last);
            prop_assert!(!model.contains_key(&address), "{} is leased", address);
            prop_assert_ne!(Some(address), reserved);
        }
        Some(Vacancy::Over(lease)) => {
            prop_assert_eq!(model.get(&lease.address), Some(&lease));
            prop_assert!(lease.state.is_vacant() || lease.is_expired(now));
        }
        Some(Vacancy::Offered(address)) => prop_assert!(!model.contains_key(&address)),
        None => {
            for address in (first.to_bits()..=last.to_bits()).map(Ipv4Addr::from_bits) {
                let lease = model.get(&address);
                let kept = lease.is_some_and(|l| !l.state.is_vacant() && !l.is_expired(now));
                prop_assert!(kept || reserved == Some(address), "{} was left", address);
            }
        }
    }
    Ok(())
}

#[test]
fn an_address_has_one_lease_whichever_subnet_asks() {
    let leases = Leases::<V4>::new();
    leases.configure(&[spec(1, 0, 99), spec(2, 50, 149), spec(3, 200, 250)]);
    let mut first = lease(60, 1, 0);
    leases.subnet(SubnetId(1)).unwrap().insert(&first).unwrap();
    let mut second = lease(60, 2, 0);
    second.subnet = SubnetId(2);
    let refused = leases.subnet(SubnetId(2)).unwrap().insert(&second);
    assert_eq!(refused, Err(Occupied(first.clone())));
    // A subnet that is renumbered finds the leases of the old number at its addresses.
    leases.configure(&[spec(7, 0, 99)]);
    assert!(leases.subnet(SubnetId(1)).is_none());
    first.subnet = SubnetId(7);
    let before = leases.subnet(SubnetId(7)).unwrap().put(&first).unwrap();
    assert_eq!(before.subnet, NET);
    assert_eq!(leases.len(), 1);
}

#[test]
fn iterative_goes_on_after_the_last_and_comes_back() {
    let leases = leases(10, 13);
    let mut subnet = leases.subnet(NET).unwrap();
    let pools = [pool(10, 13)];
    let mut next = |client| {
        let found = subnet.vacancy(&pools, Allocator::Iterative, 0, 0)?;
        subnet.insert(&Lease { address: found.address(), ..lease(0, client, 0) }).unwrap();
        if client == 1 {
            subnet.remove(v4(10)).unwrap();
        }
        Some(found)
    };
    let free = |last| Some(Vacancy::Free(v4(last)));
    let given: Vec<_> = (0..6).map(&mut next).collect();
    assert_eq!(given, [free(10), free(11), free(12), free(13), free(10), None]);
}

#[test]
fn what_ended_first_is_given_when_nothing_is_free() {
    let leases = leases(10, 12);
    let mut subnet = leases.subnet(NET).unwrap();
    subnet.put(&lease(10, 1, 50));
    subnet.put(&lease(11, 2, 20));
    let mut remembered = lease(12, 3, 30);
    remembered.state = LeaseState::ExpiredReclaimed;
    subnet.put(&remembered);
    let mut at = |now| subnet.vacancy(&[pool(10, 12)], Allocator::Random, 5, now);
    assert_eq!(at(60), Some(Vacancy::Over(remembered.clone())), "kept only for its client");
    // Of a pool, what is remembered goes before what must be reclaimed first.
    assert_eq!(at(125), Some(Vacancy::Over(remembered)));
    subnet.put(&lease(12, 3, 60));
    let mut at = |now| subnet.vacancy(&[pool(10, 12)], Allocator::Random, 5, now);
    assert_eq!(at(119), None);
    assert_eq!(at(120), Some(Vacancy::Over(lease(11, 2, 20))));
    let mut endless = lease(11, 2, 20);
    endless.valid_lifetime = INFINITE;
    subnet.put(&endless);
    assert_eq!(subnet.vacancy(&[pool(10, 12)], Allocator::Random, 5, 149), None);
}

#[test]
fn offers_are_kept_apart_until_nothing_else_is_left() {
    let leases = leases(10, 11);
    let mut subnet = leases.subnet(NET).unwrap();
    let pools = [pool(10, 11)];
    for (client, last) in [(1, 10), (2, 11)] {
        let found = subnet.vacancy(&pools, Allocator::Iterative, 0, 0).unwrap();
        assert_eq!(found, Vacancy::Free(v4(last)));
        subnet.offer(found.address(), LeaseKind::Address, 32, client, 60);
    }
    assert_eq!(subnet.offered_to(&pools, 2, 59), Some(v4(11)));
    assert_eq!(subnet.offered_to(&pools, 2, 60), None);
    assert_eq!(subnet.occupancy(v4(10), LeaseKind::Address, 32, 0), Occupancy::Offered(1));
    let third = subnet.vacancy(&pools, Allocator::Iterative, 0, 0);
    assert_eq!(third, Some(Vacancy::Offered(v4(10))));
    // The other hold lapses.
    subnet.put(&lease(10, 3, 0));
    assert_eq!(subnet.vacancy(&pools, Allocator::Iterative, 0, 60), Some(Vacancy::Free(v4(11))));
}

#[test]
fn an_offer_that_is_to_be_kept_is_passed_over_for_the_next() {
    let leases = leases(10, 12);
    let mut subnet = leases.subnet(NET).unwrap();
    let pools = [pool(10, 12)];
    for (client, last) in [(1, 10), (2, 11), (3, 12)] {
        subnet.offer(v4(last), LeaseKind::Address, 32, client, 60);
    }
    for kept in [vec![v4(10)], vec![v4(10), v4(12)]] {
        let keep = |address| kept.contains(&address);
        let found = subnet.vacancy_unless(&pools, Allocator::Iterative, 0, 0, keep);
        assert_eq!(found, Some(Vacancy::Offered(v4(11))));
        subnet.offer(v4(11), LeaseKind::Address, 32, 4, 60);
    }
    assert_eq!(subnet.offered_to(&pools, 1, 0), Some(v4(10)));
    assert_eq!(subnet.offered_to(&pools, 4, 0), Some(v4(11)));
    let all = subnet.vacancy_unless(&pools, Allocator::Iterative, 0, 0, |_| true);
    assert_eq!(all, None);
}

#[test]
fn reserved_addresses_are_not_allocated_before_or_after_their_lease() {
    let leases = Leases::<V4>::new();
    leases.configure(&[SubnetSpec { reserved: vec![v4(10)], ..spec(1, 10, 11) }]);
    let mut subnet = leases.subnet(NET).unwrap();
    assert_eq!(subnet.occupancy(v4(10), LeaseKind::Address, 32, 0), Occupancy::NotAllocatable);
    subnet.put(&lease(10, 1, 0));
    subnet.remove(v4(10));
    for _ in 0..3 {
        let found = subnet.vacancy(&[pool(10, 11)], Allocator::Iterative, 0, 0);
        assert_eq!(found, Some(Vacancy::Free(v4(11))));
    }
}

#[test]
fn a_reserved_address_outside_the_range_is_the_subnets_all_the_same() {
    let leases = Leases::<V4>::new();
    let spec = |reserved| SubnetSpec { reserved, ..spec(1, 10, 11) };
    leases.configure(&[spec(vec![v4(77)])]);
    leases.subnet(NET).unwrap().put(&lease(77, 1, 0));
    assert_eq!(leases.at(v4(77)).get(v4(77)).unwrap().to_lease(), lease(77, 1, 0));
    assert_eq!(leases.page(Some(v4(11)), 5), [lease(77, 1, 0)]);
    leases.configure(&[spec(vec![])]);
    assert_eq!(leases.at(v4(77)).get(v4(77)).unwrap().to_lease(), lease(77, 1, 0));
    assert_eq!(leases.subnet(NET).unwrap().page(None).count(), 0);
}

#[test]
fn of_a_client_s_leases_the_newest_in_use_is_preferred() {
    let lease = |number, cltt, state| {
        let mut lease = prefix(number, 64, 1);
        (lease.cltt, lease.state) = (cltt, state);
        lease
    };
    let in_order = [
        lease(3, 20, LeaseState::Assigned),
        lease(1, 10, LeaseState::Assigned),
        lease(2, 10, LeaseState::Assigned),
        lease(0, 90, LeaseState::ExpiredReclaimed),
    ];
    assert!(in_order.is_sorted_by(|a, b| a.preference() < b.preference()));
}

fn prefix(number: u64, len: u8, iaid: u32) -> Lease<V6> {
    let owner = V6Owner {
        duid: Duid::new(&[0, 1, 2, 3]).unwrap(),
        iaid: Iaid(iaid),
        kind: LeaseKind::Prefix,
        prefix_len: len,
        preferred_lifetime: 50,
        hw_addr: kea_lease::no_hw_addr(),
        hw_source: kea_lease::HwAddrSource::default(),
    };
    let base: Ipv6Addr = "3001:db8::".parse().unwrap();
    let address = Ipv6Addr::from_bits(base.to_bits() + (u128::from(number) << 64));
    Lease::new(address, NET, owner, 100, 0)
}

#[test]
fn prefixes_are_delegated_from_pools_outside_the_subnet() {
    let pool = PoolSpec::<V6> {
        kind: LeaseKind::Prefix,
        first: "3001:db8::".parse().unwrap(),
        last: "3001:db8:0:3:ffff:ffff:ffff:ffff".parse().unwrap(),
        delegated_len: 64,
    };
    let range = ("2001:db8::".parse().unwrap(), "2001:db8::ffff".parse().unwrap());
    let leases = Leases::<V6>::new();
    leases.configure(&[SubnetSpec { id: NET, range, pools: vec![pool], reserved: vec![] }]);
    let mut subnet = leases.subnet(NET).unwrap();
    assert_eq!(subnet.pool_counts(&pool).unwrap().total, 4);
    for number in 0..4 {
        let found = subnet.vacancy(&[pool], Allocator::Iterative, 0, 0).unwrap();
        assert_eq!(found, Vacancy::Free(prefix(number, 64, 0).address));
        subnet.insert(&prefix(number, 64, number as u32)).unwrap();
    }
    assert_eq!(subnet.vacancy(&[pool], Allocator::Iterative, 0, 0), None);
    let duid = Duid::new(&[0, 1, 2, 3]).unwrap();
    let of_two = subnet.by_association(&duid, Iaid(2), LeaseKind::Prefix);
    assert_eq!(of_two.map(kea_lease::LeaseRef::to_lease).collect::<Vec<_>>(), [prefix(2, 64, 2)]);
    assert_eq!(subnet.by_association(&duid, Iaid(2), LeaseKind::Address).count(), 0);
    assert_eq!(subnet.by_duid(&duid).count(), 4);
    subnet.remove(prefix(2, 64, 0).address).unwrap();
    let found = subnet.vacancy(&[pool], Allocator::Iterative, 0, 0);
    assert_eq!(found, Some(Vacancy::Free(prefix(2, 64, 0).address)));
}

#[test]
fn a_wider_prefix_keeps_all_it_covers() {
    let pool = PoolSpec::<V6> {
        kind: LeaseKind::Prefix,
        first: "3001:db8::".parse().unwrap(),
        last: "3001:db8:0:7:ffff:ffff:ffff:ffff".parse().unwrap(),
        delegated_len: 64,
    };
    let leases = Leases::<V6>::new();
    let range = (pool.first, pool.last);
    leases.configure(&[SubnetSpec { id: NET, range, pools: vec![pool], reserved: vec![] }]);
    let mut subnet = leases.subnet(NET).unwrap();
    subnet.put(&prefix(0, 62, 1));
    let found = subnet.vacancy(&[pool], Allocator::Iterative, 0, 0);
    assert_eq!(found, Some(Vacancy::Free(prefix(4, 64, 0).address)));
    subnet.remove(prefix(0, 62, 1).address);
    let found = subnet.occupancy(prefix(3, 64, 0).address, LeaseKind::Prefix, 64, 0);
    assert_eq!(found, Occupancy::Free);
}

/// The pool gives prefixes of one length, then of another: what somebody has of a prefix keeps all of it,
/// and what is over in it does not.
#[test]
fn prefixes_of_another_length_keep_what_they_share() {
    const NOW: i64 = 200;
    let leases = Leases::<V6>::new();
    let range = (prefix(0, 64, 0).address, "3001:db8:0:7:ffff:ffff:ffff:ffff".parse().unwrap());
    let configure = |first: u64, delegated_len| {
        let first = prefix(first, 64, 0).address;
        let pool = PoolSpec { kind: LeaseKind::Prefix, first, last: range.1, delegated_len };
        leases.configure(&[SubnetSpec { id: NET, range, pools: vec![pool], reserved: vec![] }]);
        first
    };
    let put = |lease: Lease<V6>, cltt| {
        leases.subnet(NET).unwrap().put(&Lease { cltt, ..lease });
    };
    let vacancy = |first| {
        let mut subnet = leases.subnet(NET).unwrap();
        let pool = *subnet.pools().find(|pool| pool.first == first).unwrap();
        let found = subnet.vacancy(&[pool], Allocator::Iterative, 0, NOW)?;
        Some(Prefix::new(found.address(), pool.delegated_len).unwrap().first())
    };
    let remove = |lease: Lease<V6>| leases.subnet(NET).unwrap().remove(lease.address).unwrap();
    configure(0, 64);
    put(prefix(0, 64, 1), 0);
    put(prefix(1, 64, 2), NOW);
    // The first wider one is over at its first address, and in use behind it.
    let first = configure(0, 62);
    assert_eq!(vacancy(first), Some(prefix(4, 62, 0).address));
    put(prefix(4, 62, 3), NOW);
    assert_eq!(vacancy(first), None);
    let subnet = leases.subnet(NET).unwrap();
    let part = subnet.overlapping(first, 62, NOW).next().unwrap();
    assert_eq!((part.address(), part.prefix_len()), (prefix(1, 64, 2).address, 64));
    drop(subnet);
    put(prefix(1, 64, 2), 0);
    assert_eq!(vacancy(first), Some(first));
    put(prefix(0, 62, 4), NOW);
    // What is over within a prefix that is in use is not given, whether it is remembered or gone.
    let first = configure(0, 64);
    assert_eq!(vacancy(first), None);
    remove(prefix(1, 64, 2));
    assert_eq!(vacancy(first), None);
    let subnet = leases.subnet(NET).unwrap();
    let inside = subnet.occupancy(prefix(1, 64, 0).address, LeaseKind::Prefix, 64, NOW);
    assert_eq!(inside, Occupancy::NotAllocatable);
    // So is an address in it.
    let address = Ipv6Addr::from_bits(prefix(1, 64, 0).address.to_bits() + 1);
    assert!(subnet.overlapping(address, 128, NOW).next().is_some());
    drop(subnet);
    // A pool that begins in the middle of it.
    let first = configure(2, 64);
    assert_eq!(vacancy(first), None);
    remove(prefix(0, 62, 4));
    assert_eq!(vacancy(first), Some(prefix(2, 64, 0).address));
}

/// A prefix of a pool that is gone begins outside of all that is configured now, and reaches into it.
#[test]
fn a_prefix_that_reaches_into_a_pool_from_outside_keeps_what_it_shares() {
    const NOW: i64 = 200;
    let range = (prefix(8, 64, 0).address, "3001:db8:0:f:ffff:ffff:ffff:ffff".parse().unwrap());
    let link = ("3001:db9::".parse().unwrap(), "3001:db9::ffff".parse().unwrap());
    let (first, last) = range;
    let pool = PoolSpec { kind: LeaseKind::Prefix, first, last, delegated_len: 64 };
    let configure = |leases: &Leases<V6>| {
        let spec = SubnetSpec { id: NET, range: link, pools: vec![pool], reserved: vec![] };
        leases.configure(&[spec]);
    };
    // Of 16 prefixes, 8 of them the pool's.
    let wide = Lease { cltt: NOW, ..prefix(0, 60, 1) };
    let vacancy = |leases: &Leases<V6>| {
        let mut subnet = leases.subnet(NET).unwrap();
        subnet.vacancy(&[pool], Allocator::Iterative, 0, NOW).map(|found| found.address())
    };
    let leases = Leases::<V6>::new();
    leases.at(wide.address).put(&wide);
    configure(&leases);
    assert_eq!(vacancy(&leases), None);
    assert_eq!(leases.at(range.0).overlapping(range.0, 64, NOW).count(), 1);
    assert_eq!(leases.len(), 1);
    // What is over of it keeps nothing, but for what is another's by now.
    leases.at(wide.address).put(&Lease { cltt: 0, ..wide.clone() });
    assert_eq!(vacancy(&leases), Some(range.0));
    leases.at(range.0).put(&Lease { cltt: NOW, ..prefix(8, 64, 2) });
    assert_eq!(vacancy(&leases), Some(prefix(9, 64, 0).address));
    // Nor for what is offered, until that is all there is.
    let ninth = prefix(9, 64, 0).address;
    leases.at(ninth).offer(ninth, LeaseKind::Prefix, 64, 7, NOW + 60);
    for next in 10..16 {
        let next = prefix(next, 64, 2);
        assert_eq!(vacancy(&leases), Some(next.address));
        leases.at(next.address).put(&Lease { cltt: NOW, ..next });
    }
    let found = leases.subnet(NET).unwrap().vacancy(&[pool], Allocator::Iterative, 0, NOW);
    assert_eq!(found, Some(Vacancy::Offered(ninth)));
    (8..16).for_each(|at| drop(leases.at(range.0).remove(prefix(at, 64, 2).address)));
    leases.at(wide.address).put(&wide);
    assert_eq!(vacancy(&leases), None);
    // It stays so, and what follows frees the pool.
    configure(&leases);
    assert_eq!(vacancy(&leases), None);
    assert_eq!(leases.at(wide.address).remove(wide.address).unwrap(), wide);
    assert_eq!(vacancy(&leases), Some(range.0));
    configure(&leases);
    assert_eq!(vacancy(&leases), Some(range.0));
}

/// A pool of addresses and two of prefixes, of one length each, which all begin at the same address.
#[test]
fn pools_that_begin_at_the_same_address_are_told_apart() {
    let at = |text: &str| text.parse::<Ipv6Addr>().unwrap();
    let first = at("3001:db8::");
    let prefixes = |last: &str, delegated_len| {
        let last = at(last);
        PoolSpec { kind: LeaseKind::Prefix, first, last, delegated_len }
    };
    let addresses = PoolSpec::<V6>::addresses(first, at("3001:db8::3"));
    let narrow = prefixes("3001:db8:0:7:ffff:ffff:ffff:ffff", 64);
    let wide = prefixes("3001:db8:0:ff:ffff:ffff:ffff:ffff", 60);
    let spec = |id, pools: Vec<PoolSpec<V6>>| {
        let range = (first, at("3001:db8:0:ff:ffff:ffff:ffff:ffff"));
        SubnetSpec { id: SubnetId(id), range, pools, reserved: vec![] }
    };
    for subnets in [
        vec![spec(1, vec![addresses, narrow]), spec(2, vec![wide])],
        vec![spec(1, vec![wide, addresses]), spec(2, vec![narrow])],
        vec![spec(1, vec![narrow]), spec(2, vec![wide]), spec(3, vec![addresses])],
    ] {
        let leases = Leases::<V6>::new();
        leases.configure(&subnets);
        let mut table = leases.subnet(NET).unwrap();
        let totals = [addresses, narrow, wide].map(|pool| table.pool_counts(&pool).unwrap().total);
        assert_eq!(totals, [4, 8, 16]);
        // The prefixes that hold the pool of addresses are nobody's.
        for (pool, expected) in [
            (addresses, "3001:db8::"),
            (narrow, "3001:db8:0:1::"),
            (wide, "3001:db8:0:10::"),
            (addresses, "3001:db8::1"),
            (narrow, "3001:db8:0:2::"),
        ] {
            let found = table.vacancy(&[pool], Allocator::Iterative, 0, 0);
            assert_eq!(found, Some(Vacancy::Free(at(expected))), "{pool:?}");
            let state = table.occupancy(at(expected), pool.kind, pool.delegated_len, 0);
            assert_eq!(state, Occupancy::Free, "{pool:?}");
            table.offer(at(expected), pool.kind, pool.delegated_len, 7, 60);
            assert_eq!(table.offered_to(&[pool], 7, 0), Some(at(expected)), "{pool:?}");
        }
        let kept = [addresses, narrow, wide].map(|pool| table.offered_to(&[pool], 7, 0).unwrap());
        assert_eq!(kept, ["3001:db8::1", "3001:db8:0:2::", "3001:db8:0:10::"].map(at));
        // Who does not know yet that a pool became larger is served all the same.
        let before = PoolSpec { last: at("3001:db8::1"), ..addresses };
        let found = table.vacancy(&[before], Allocator::Iterative, 0, 0);
        assert_eq!(found, Some(Vacancy::Free(at("3001:db8::2"))));
    }
}

/// Another subnet has the addresses now, with leases that were given in the one before.
#[test]
fn what_another_subnet_gave_is_told_apart_from_what_a_pool_gave() {
    let leases = leases(10, 19);
    leases.at(v4(10)).put(&lease(10, 1, 0));
    leases.at(v4(11)).put(&Lease { state: LeaseState::Declined, ..lease(11, 2, 0) });
    let counts = |id| {
        let table = leases.subnet(SubnetId(id)).unwrap();
        let [all, own] = [table.pool_counts(&pool(10, 19)), table.own_pool_counts(&pool(10, 19))]
            .map(|counts| counts.map(|it| (it.total, it.assigned, it.declined)).unwrap());
        (all, own)
    };
    assert_eq!(counts(1), ((10, 2, 1), (10, 2, 1)));
    leases.configure(&[spec(2, 10, 19)]);
    assert_eq!(counts(2), ((10, 2, 1), (10, 0, 0)));
    leases.at(v4(12)).put(&Lease { subnet: SubnetId(2), ..lease(12, 3, 0) });
    assert_eq!(counts(2), ((10, 3, 1), (10, 1, 0)));
}

/// Of two pools of subnets that overlap, each keeps what is offered from the other.
#[test]
fn an_offer_is_kept_by_every_pool_that_it_lies_in() {
    let leases = Leases::<V4>::new();
    leases.configure(&[spec(1, 10, 11), spec(2, 10, 12)]);
    let mut table = leases.subnet(NET).unwrap();
    table.offer(v4(10), LeaseKind::Address, 32, 7, 60);
    for pool in [pool(10, 11), pool(10, 12)] {
        assert_eq!(table.offered_to(&[pool], 7, 0), Some(v4(10)));
        let found = table.vacancy(&[pool], Allocator::Random, 0, 0);
        assert_ne!(found, Some(Vacancy::Free(v4(10))));
    }
}

/// When nothing else is left in one of them, it is taken from whom it was offered to in all of them.
#[test]
fn an_offer_that_is_taken_back_is_kept_by_no_pool() {
    for narrow_first in [true, false] {
        let leases = Leases::<V4>::new();
        let specs = [spec(1, 10, 10), spec(2, 10, 12)];
        leases.configure(&specs);
        let taking = if narrow_first { pool(10, 10) } else { pool(10, 12) };
        let mut table = leases.subnet(NET).unwrap();
        for taken in [11, 12] {
            table.put(&Lease::new(v4(taken), SubnetId(2), owner(taken as u8), 100, 0));
        }
        table.offer(v4(10), LeaseKind::Address, 32, 7, 60);
        let found = table.vacancy(&[taking], Allocator::Iterative, 0, 0);
        assert_eq!(found, Some(Vacancy::Offered(v4(10))));
        assert_eq!(table.occupancy(v4(10), LeaseKind::Address, 32, 0), Occupancy::Free);
        assert_eq!(table.offered_to(&[pool(10, 10), pool(10, 12)], 7, 0), None);
    }
}

/// A pool of addresses in the first prefix of those that are delegated.
#[test]
fn the_link_of_addresses_is_not_delegated() {
    let leases = Leases::<V6>::new();
    let address = |text: &str| text.parse::<Ipv6Addr>().unwrap();
    let configure = |last: &str| {
        let addresses = PoolSpec::addresses(address("3001:db8::10"), address("3001:db8::1f"));
        let (first, last) = (address("3001:db8::"), address(last));
        let prefixes = PoolSpec { kind: LeaseKind::Prefix, first, last, delegated_len: 64 };
        let pools = vec![addresses, prefixes];
        leases.configure(&[SubnetSpec { id: NET, range: (first, last), pools, reserved: vec![] }]);
        let mut subnet = leases.subnet(NET).unwrap();
        subnet.vacancy(&[prefixes], Allocator::Iterative, 0, 0)
    };
    let found = configure("3001:db8:0:3:ffff:ffff:ffff:ffff");
    assert_eq!(found, Some(Vacancy::Free(address("3001:db8:0:1::"))));
    // There is no other.
    let found = configure("3001:db8::ffff:ffff:ffff:ffff");
    assert_eq!(found, Some(Vacancy::Free(address("3001:db8::"))));
}

#[test]
fn the_free_lease_queue_gives_what_was_freed_last_at_last() {
    let leases = leases(0, 99);
    let mut subnet = leases.subnet(NET).unwrap();
    let next = |subnet: &mut kea_lease::SubnetLeases<V4>, client| {
        let found = subnet.vacancy(&[pool(0, 99)], Allocator::FreeLeaseQueue, 77, 0);
        let Some(Vacancy::Free(address)) = found else { panic!("{found:?}") };
        subnet.put(&Lease::new(address, NET, owner(client), 100, 0));
        address
    };
    let first: Vec<_> = (0..50).map(|client| next(&mut subnet, client)).collect();
    assert!(first.windows(2).filter(|pair| pair[0].to_bits() + 1 == pair[1].to_bits()).count() < 5);
    // An address freed now is behind all that nobody has had.
    for address in [first[10], first[3]] {
        subnet.remove(address).unwrap();
    }
    let second: Vec<_> = (50..100).map(|client| next(&mut subnet, client)).collect();
    let mut all = [&first[..], &second[..]].concat();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all.len(), 100, "each address once");
    assert_eq!([next(&mut subnet, 100), next(&mut subnet, 101)], [first[10], first[3]]);
    // What was offered and not taken up comes last too.
    subnet.remove(second[0]).unwrap();
    subnet.remove(second[1]).unwrap();
    subnet.offer(second[0], LeaseKind::Address, 32, 9, 5);
    subnet.offer(second[0], LeaseKind::Address, 32, 9, 6);
    let found = subnet.vacancy(&[pool(0, 99)], Allocator::FreeLeaseQueue, 77, 10);
    assert_eq!(found, Some(Vacancy::Free(second[1])));
}

#[test]
fn workers_of_many_threads_never_share_an_address() {
    let leases = Leases::<V4>::new();
    leases.configure(&[spec(1, 0, 99), spec(2, 50, 149)]);
    let given = std::sync::Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for thread in 0..4u8 {
            let (leases, given) = (&leases, &given);
            scope.spawn(move || {
                let subnet_id = SubnetId(1 + u32::from(thread % 2));
                let first = if thread % 2 == 0 { 0 } else { 50 };
                let pool = [pool(first, first + 99)];
                for client in 0..100 {
                    let mut subnet = leases.subnet(subnet_id).unwrap();
                    let Some(Vacancy::Free(address)) =
                        subnet.vacancy(&pool, Allocator::Iterative, 0, 0)
                    else {
                        break;
                    };
                    let owner = owner(client);
                    subnet.insert(&Lease::new(address, subnet_id, owner, 100, 0)).unwrap();
                    drop(subnet);
                    given.lock().unwrap().push(address);
                    if client == 20 && thread == 0 {
                        leases.configure(&[spec(1, 0, 99), spec(2, 50, 149), spec(3, 200, 210)]);
                    }
                    if client == 40 && thread == 1 {
                        leases.configure(&[spec(1, 0, 99), spec(2, 50, 160)]);
                    }
                }
            });
        }
    });
    let mut given = given.into_inner().unwrap();
    let all = given.len();
    given.sort_unstable();
    given.dedup();
    assert_eq!(given.len(), all, "an address was given twice");
    assert_eq!(leases.len(), all);
    assert!(all >= 150, "{all}");
}

#[test]
fn a_preview_changes_nothing() {
    for allocator in [Allocator::Iterative, Allocator::Random, Allocator::FreeLeaseQueue] {
        let leases = leases(10, 13);
        leases.at(v4(10)).put(&lease(10, 2, 0));
        let free = |leases: &Leases<V4>| {
            let mut table = leases.subnet(NET).unwrap();
            table.vacancy(&[pool(10, 13)], allocator, 7, 50).map(|vacancy| vacancy.address())
        };
        let preview = leases.preview();
        let mut foreseen = Vec::new();
        for client in 4..7 {
            let address = free(&preview).unwrap();
            let mut table = preview.at(address);
            match client {
                4 => table.offer(address, LeaseKind::Address, 32, 1, 99),
                _ => drop(table.put(&Lease::new(address, NET, owner(client), 100, 50))),
            }
            foreseen.push(address);
        }
        // No address is foreseen twice, and a lease stays although it is removed.
        foreseen.sort_unstable();
        assert_eq!(foreseen, [v4(11), v4(12), v4(13)], "{allocator:?}");
        assert_eq!(free(&preview), None, "{allocator:?}");
        let there = preview.at(v4(10)).remove(v4(10));
        assert_eq!(there, Some(lease(10, 2, 0)));
        assert_eq!(leases.page(None, 10), [lease(10, 2, 0)], "{allocator:?}");
        assert_eq!(free(&leases.preview()), free(&leases), "{allocator:?}");
    }
}
