//! A fixed set of worlds, in which every rule must hold.

use kea_sim::{Settings, Tally, run, story};
use kea_wire::V4;

fn play(seeds: std::ops::Range<u64>, exchanges: u64) -> Tally {
    let settings = Settings { exchanges };
    let mut sum = Tally::default();
    for seed in seeds {
        let report = run::<V4>(seed, settings);
        if let Some(violation) = report.violation {
            match story::<V4>(seed, settings) {
                Some(story) => panic!("{story}"),
                None => panic!("seed {seed} fails once only: {violation}"),
            }
        }
        sum.add(&report.tally);
    }
    sum
}

#[test]
fn every_rule_holds() {
    let sum = play(1..30, 3_000);
    // All kinds of trouble were there.
    assert!(sum.queries >= 29 * 3_000, "{sum:?}");
    assert!(sum.grants > 5_000 && sum.refusals > 50 && sum.exhausted > 50, "{sum:?}");
    assert!(sum.crashes > 20 && sum.restarts > sum.crashes && sum.disk_failures > 20, "{sum:?}");
}

#[test]
fn a_seed_gives_the_same_world_again() {
    let settings = Settings { exchanges: 2_000 };
    for seed in [3, 7, 12] {
        let [first, again] = [(); 2].map(|()| run::<V4>(seed, settings).tally);
        assert_eq!(first, again, "seed {seed}");
        assert_ne!(first.fingerprint, 0);
    }
}
