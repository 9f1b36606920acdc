//! The corpora of the fuzz targets, through the same functions as in fuzzing.

use std::fs;
use std::path::Path;

use kea_sim::corpus::{DOORS, variant};

#[test]
fn every_door_bears_its_corpus() {
    let corpora = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus");
    for (name, door) in DOORS {
        let folder = corpora.join(name);
        let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let mut played = 0;
        for entry in entries {
            let octets = fs::read(entry.unwrap().path()).unwrap();
            door(&octets);
            played += 1;
            // What almost arrives is no better than what does.
            for len in (0..octets.len()).step_by(octets.len() / 20 + 1) {
                door(&octets[..len]);
                let mut altered = octets.clone();
                altered[len] ^= 0x55;
                door(&altered);
            }
            for seed in 0..VARIANTS {
                door(&variant(&octets, seed));
            }
        }
        assert!(played >= 3, "{name} has {played} cases");
    }
}

/// How many random variants of each case are tried.
const VARIANTS: u64 = 40;

#[test]
fn every_door_has_its_fuzz_target() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    for (name, _) in DOORS {
        let text = fs::read_to_string(targets.join(format!("{name}.rs"))).unwrap();
        assert!(text.contains(&format!("kea_sim::corpus::{name}(")), "{name}");
    }
}
