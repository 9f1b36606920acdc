use super::*;
use crate::metrics::{PrefixPoolMetric, ServerMetric};

const SECOND: i64 = 1_000_000;

fn at(second: i64) -> UnixMicros {
    UnixMicros(second * SECOND)
}

fn stats(server: ServerKind) -> Stats {
    Stats::new(server, 4, TimeZone::UTC)
}

fn history(stats: &Stats, name: &str, now: UnixMicros) -> Vec<(i64, i64)> {
    let integer = |sample: &Sample| match sample.value {
        Value::Integer(value) => (value, sample.at.0 / SECOND),
        ref other => panic!("{other:?} is no integer"),
    };
    stats.samples(name, now).unwrap_or_default().iter().map(integer).collect()
}

#[test]
fn workers_count_apart_and_are_summed() {
    let stats = stats(ServerKind::Dhcp4);
    std::thread::scope(|scope| {
        for worker in 0..6 {
            let counters = stats.server(worker, at(0));
            scope.spawn(move || (0..1000).for_each(|_| counters.increment(ServerMetric::Received)));
        }
    });
    assert_eq!(stats.server(0, at(1)).value(ServerMetric::Received), 6000);
    assert_eq!(history(&stats, "pkt4-received", at(2)), [(6000, 2), (0, 0)]);
}

#[test]
fn samples_are_taken_when_looked_at_and_only_of_changes() {
    let stats = stats(ServerKind::Dhcp4);
    let subnet = stats.subnet(7, at(0));
    subnet.set(SubnetMetric::Total, 191);
    subnet.increment(SubnetMetric::Assigned);
    stats.observe(at(1));
    stats.observe(at(2));
    subnet.increment(SubnetMetric::Assigned);
    subnet.decrement(SubnetMetric::Assigned);
    stats.observe(at(3));
    subnet.decrement(SubnetMetric::Assigned);
    assert_eq!(history(&stats, "subnet[7].assigned-addresses", at(4)), [(0, 4), (1, 1), (0, 0)]);
    assert_eq!(history(&stats, "subnet[7].total-addresses", at(4)), [(191, 1), (0, 0)]);
}

#[test]
fn twenty_samples_are_kept_unless_limited_otherwise() {
    let stats = stats(ServerKind::Dhcp4);
    let counters = stats.server(0, at(0));
    let name = "pkt4-sent";
    for second in 1..=30 {
        counters.increment(ServerMetric::Sent);
        stats.observe(at(second));
    }
    assert_eq!(history(&stats, name, at(30)).len(), 20);
    assert_eq!(stats.set_limit(name, Limit::Count(2), at(30)), Ok(()));
    assert_eq!(history(&stats, name, at(30)), [(30, 30), (29, 29)]);
    assert_eq!(stats.set_limit(name, Limit::Age(1), at(30)), Ok(()));
    counters.increment(ServerMetric::Sent);
    assert_eq!(history(&stats, name, at(31)), [(31, 31), (30, 30)]);
    assert_eq!(history(&stats, name, at(100)), [(31, 31)]);
    assert_eq!(stats.set_limit_all(Limit::Count(1), at(100)), Ok(()));
    counters.increment(ServerMetric::Sent);
    assert_eq!(history(&stats, name, at(101)), [(32, 101)]);
    assert_eq!(stats.set_limit_all(Limit::Count(0), at(101)), Err(StatisticError::NoSamples));
}

#[test]
fn removed_statistics_come_back_with_their_next_change() {
    let stats = stats(ServerKind::Dhcp4);
    let counters = stats.server(0, at(0));
    counters.add(ServerMetric::Sent, 9);
    assert_eq!(stats.remove("pkt4-sent"), Ok(()));
    assert_eq!(stats.samples("pkt4-sent", at(2)), None);
    assert_eq!(stats.remove("pkt4-sent"), Err(StatisticError::Unknown("pkt4-sent".into())));
    counters.increment(ServerMetric::Sent);
    assert_eq!(history(&stats, "pkt4-sent", at(3)), [(1, 3)]);
}

#[test]
fn statistics_of_a_new_server_are_those_of_the_manual() {
    let stats = stats(ServerKind::Dhcp4);
    stats.server::<ServerMetric>(0, at(0));
    stats.subnet(1, at(0));
    let mut names = Vec::new();
    stats.for_each(at(1), |prefix, name, samples| {
        assert!(samples.eq(&[Sample { value: Value::Integer(0), at: at(0) }]));
        names.push(format!("{prefix}{name}"));
    });
    assert_eq!(names, DHCP4_NAMES);
}

#[test]
fn all_statistics_are_in_the_order_of_their_names() {
    let stats = stats(ServerKind::Dhcp4);
    let shown = || {
        let mut names = Vec::new();
        stats.for_each(at(1), |prefix, name, _| names.push(format!("{prefix}{name}")));
        names
    };
    assert!(shown().is_empty());
    for subnet in [10, 2, 1] {
        stats.subnet(subnet, at(0));
        stats.pool(subnet, 0, at(0));
        assert!(shown().is_sorted(), "{:?}", shown());
    }
    stats.server::<ServerMetric>(0, at(0));
    for name in ["a", "m", "subnet[1].x", "subnet[1].total-addresses", "z"] {
        stats.set(name, Value::Text(name.to_owned()), at(1)).unwrap();
    }
    let names = shown();
    assert!(names.is_sorted(), "{names:?}");
    assert!(["a", "m", "subnet[1].x", "z"].iter().all(|name| names.contains(&(*name).to_owned())));
    // A statistic of a free name stands in place of the counter.
    let mut total = Vec::new();
    stats.for_each(at(1), |prefix, name, samples| {
        if format!("{prefix}{name}") == "subnet[1].total-addresses" {
            total.extend(samples.cloned());
        }
    });
    let text = Value::Text("subnet[1].total-addresses".into());
    assert_eq!(total, [Sample { value: text, at: at(1) }]);
    stats.retain(|scope| *scope == Scope::Subnet(2));
    assert!(shown().is_sorted());
    assert!(!shown().contains(&"subnet[10].total-addresses".to_owned()));
}

#[test]
fn failures_per_subnet_appear_when_counted() {
    let stats = stats(ServerKind::Dhcp6);
    let subnet = stats.subnet(1, at(0));
    let name = "subnet[1].v6-allocation-fail";
    assert_eq!(stats.samples(name, at(1)), None);
    subnet.increment(SubnetMetric::AllocationFail);
    assert_eq!(history(&stats, name, at(1)), [(1, 1)]);
}

#[test]
fn removed_subnets_lose_their_statistics() {
    let stats = stats(ServerKind::Dhcp4);
    stats.server::<ServerMetric>(0, at(0));
    stats.subnet(1, at(0)).increment(SubnetMetric::Assigned);
    stats.subnet(2, at(0)).increment(SubnetMetric::Assigned);
    stats.observe(at(1));
    stats.retain(|scope| *scope != Scope::Subnet(1));
    assert_eq!(stats.samples("subnet[1].assigned-addresses", at(2)), None);
    assert_eq!(history(&stats, "subnet[2].assigned-addresses", at(2)), [(1, 1), (0, 0)]);
    assert_eq!(history(&stats, "pkt4-received", at(2)), [(0, 0)]);
    stats.subnet(1, at(3));
    assert_eq!(history(&stats, "subnet[1].assigned-addresses", at(4)), [(0, 3)]);
}

#[test]
fn totals_beyond_64_bits_saturate_in_answers_only() {
    let stats = stats(ServerKind::Dhcp6);
    stats.subnet(1, at(0));
    stats.set_large(&Scope::Subnet(1), SubnetMetric::Total, 1 << 64, at(1));
    let samples = stats.samples("subnet[1].total-nas", at(2)).expect("a statistic");
    assert_eq!(samples[0], Sample { value: Value::Large(1 << 64), at: at(1) });
    assert_eq!(samples[0].value.json(), serde_json::json!(i64::MAX));
    assert_eq!(stats.reset("subnet[1].total-nas", at(3)), Ok(()));
    assert_eq!(history(&stats, "subnet[1].total-nas", at(3)), [(0, 3)]);
}

#[test]
fn pools_have_names_below_their_subnet() {
    let stats = stats(ServerKind::Dhcp6);
    stats.pool(1, 0, at(0)).set(PoolMetric::Total, 256);
    stats.prefix_pool(1, 3, at(0)).set(PrefixPoolMetric::Total, 16);
    assert_eq!(stats.samples("subnet[1].pd-pool[3].total-nas", at(0)), None);
    assert_eq!(history(&stats, "subnet[1].pool[0].total-nas", at(0))[0].0, 256);
    assert_eq!(history(&stats, "subnet[1].pd-pool[3].total-pds", at(0))[0].0, 16);
    assert_eq!(stats.samples("subnet[01].pool[0].total-nas", at(0)), None);
    assert_eq!(stats.samples("subnet[1].pool[0]", at(0)), None);
    assert_eq!(stats.samples("subnet[99999999999].total-nas", at(0)), None);
}

#[test]
fn free_names_keep_their_first_type() {
    let stats = stats(ServerKind::Dhcp4);
    assert_eq!(stats.add("my-hook.events", 2, at(1)), Ok(()));
    assert_eq!(stats.add("my-hook.events", 3, at(2)), Ok(()));
    assert_eq!(history(&stats, "my-hook.events", at(3)), [(5, 2), (2, 1)]);
    assert_eq!(
        stats.set("my-hook.events", Value::Text("x".into()), at(3)),
        Err(StatisticError::OtherType("my-hook.events".into()))
    );
    assert_eq!(stats.set("load", Value::Float(1.5), at(1)), Ok(()));
    assert_eq!(stats.add("load", 1, at(1)), Err(StatisticError::OtherType("load".into())));
    assert_eq!(stats.reset("load", at(2)), Ok(()));
    assert_eq!(
        stats.samples("load", at(3)),
        Some(vec![Sample { value: Value::Float(0.0), at: at(2) }])
    );
    assert_eq!(stats.remove("load"), Ok(()));
    assert_eq!(stats.samples("load", at(3)), None);
}

/// As the Debian server of the 2.2 generation answers `statistic-get-all` after starting with one subnet.
const DHCP4_NAMES: &[&str] = &[
    "cumulative-assigned-addresses",
    "declined-addresses",
    "pkt4-ack-received",
    "pkt4-ack-sent",
    "pkt4-decline-received",
    "pkt4-discover-received",
    "pkt4-inform-received",
    "pkt4-nak-received",
    "pkt4-nak-sent",
    "pkt4-offer-received",
    "pkt4-offer-sent",
    "pkt4-parse-failed",
    "pkt4-receive-drop",
    "pkt4-received",
    "pkt4-release-received",
    "pkt4-request-received",
    "pkt4-sent",
    "pkt4-unknown-received",
    "reclaimed-declined-addresses",
    "reclaimed-leases",
    "subnet[1].assigned-addresses",
    "subnet[1].cumulative-assigned-addresses",
    "subnet[1].declined-addresses",
    "subnet[1].reclaimed-declined-addresses",
    "subnet[1].reclaimed-leases",
    "subnet[1].total-addresses",
    "subnet[1].v4-reservation-conflicts",
    "v4-allocation-fail",
    "v4-allocation-fail-classes",
    "v4-allocation-fail-no-pools",
    "v4-allocation-fail-shared-network",
    "v4-allocation-fail-subnet",
    "v4-reservation-conflicts",
];
