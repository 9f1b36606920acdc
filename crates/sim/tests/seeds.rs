//! A few worlds, in which every rule must hold. `cargo xtask sim` plays any number of them with the program that is
//! built for speed.

use kea_sim::{Protocol, Settings, Tally, run, story};
use kea_wire::{V4, V6};

fn play<F: Protocol>(seeds: impl IntoIterator<Item = u64>, exchanges: u64) -> Tally {
    let settings = Settings { exchanges };
    let mut sum = Tally::default();
    for seed in seeds {
        let report = run::<F>(seed, settings);
        if let Some(violation) = report.violation {
            match story::<F>(seed, settings) {
                Some(story) => panic!("{story}"),
                None => panic!("seed {seed} fails once only: {violation}"),
            }
        }
        sum.add(&report.tally);
    }
    sum
}

/// The rules hold, and all kinds of trouble were there.
fn every_rule_holds<F: Protocol>() {
    let sum = play::<F>(1..6, 1_500);
    assert!(sum.queries >= 5 * 1_500, "{sum:?}");
    assert!(sum.grants > 1_000 && sum.refusals > 10 && sum.exhausted > 10, "{sum:?}");
    assert!(sum.crashes > 0 && sum.restarts > sum.crashes && sum.disk_failures > 0, "{sum:?}");
}

#[test]
fn every_rule_holds_with_dhcpv4_clients() {
    every_rule_holds::<V4>();
}

#[test]
fn every_rule_holds_with_dhcpv6_clients() {
    every_rule_holds::<V6>();
}

fn a_seed_gives_the_same_world_again<F: Protocol>() {
    let settings = Settings { exchanges: 500 };
    for seed in [3, 7] {
        let [first, again] = [(); 2].map(|()| run::<F>(seed, settings).tally);
        assert_eq!(first, again, "seed {seed}");
        assert_ne!(first.fingerprint, 0);
    }
}

#[test]
fn a_seed_gives_the_same_world_again_with_both_protocols() {
    a_seed_gives_the_same_world_again::<V4>();
    a_seed_gives_the_same_world_again::<V6>();
}
