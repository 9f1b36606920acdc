//! The corpora of the fuzz targets, through the same functions as in fuzzing.

use std::fs;
use std::path::Path;

use fastrand::Rng;
use kea_sim::corpus::DOORS;

/// The committed cases of a door, in the order of their names.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(name);
    let entries = fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).unwrap()).collect()
}

#[test]
fn every_door_bears_its_corpus() {
    for (name, door) in DOORS {
        let cases = corpus(name);
        assert!(cases.len() >= 2, "{name} has {} cases", cases.len());
        for octets in cases {
            door(&octets);
            // What almost arrives is no better than what does.
            for len in (0..octets.len()).step_by(octets.len() / 20 + 1) {
                door(&octets[..len]);
                let mut altered = octets.clone();
                altered[len] ^= 0x55;
                door(&altered);
            }
        }
    }
}

/// Fuzzing without a fuzzer: the same thousands of altered cases in every run. `cargo xtask fuzz` looks
/// for new ones.
#[test]
fn every_door_bears_altered_cases() {
    for (name, door) in DOORS {
        let cases = corpus(name);
        let mut random = Rng::with_seed(0x006b_6561);
        let rounds = if name == "configuration" { 300 } else { 6000 };
        for round in 0..rounds {
            let octets = altered(&mut random, &cases);
            let result = std::panic::catch_unwind(|| door(&octets));
            assert!(result.is_ok(), "{name}, round {round}: {octets:02x?}");
        }
    }
}

/// A case with a few things changed, among them what lengths and counts are fond of.
fn altered(random: &mut Rng, cases: &[Vec<u8>]) -> Vec<u8> {
    const TELLING: [u8; 8] = [0, 1, 2, 4, 0x7f, 0x80, 0xfe, 0xff];
    let mut octets = cases[random.usize(..cases.len())].clone();
    for _ in 0..random.usize(1..=5) {
        let at = random.usize(..=octets.len());
        let end = at + random.usize(..=(octets.len() - at).min(24));
        match random.u8(..7) {
            0 => octets.truncate(at),
            1 => drop(octets.drain(at..end)),
            2 => octets.insert(at, random.u8(..)),
            3 => {
                let part = octets[at..end].to_vec();
                octets.splice(at..at, part).for_each(drop);
            }
            4 => {
                let other = &cases[random.usize(..cases.len())];
                let from = random.usize(..=other.len());
                let part = &other[from..(from + 24).min(other.len())];
                octets.splice(at..end, part.iter().copied()).for_each(drop);
            }
            5 if at < octets.len() => octets[at] = TELLING[random.usize(..TELLING.len())],
            _ if at < octets.len() => octets[at] ^= 1 << random.u8(..8),
            _ => {}
        }
    }
    octets
}

#[test]
fn every_door_has_its_fuzz_target() {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/fuzz_targets");
    for (name, _) in DOORS {
        let text = fs::read_to_string(targets.join(format!("{name}.rs"))).unwrap();
        assert!(text.contains(&format!("kea_sim::corpus::{name}(")), "{name}");
    }
}
