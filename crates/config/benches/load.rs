//! How long it takes to load a large configuration, and the memory of the process at its peak.
//!
//! `cargo bench -p kea-config`: 10,000 subnets with pools, options and relays, 100,000 reservations, 1,000
//! classes, from the text to the snapshot, eleven times. Besides the time by the clock it tells the time on
//! a processor, which other programs of a busy machine hardly change.
#![allow(clippy::print_stdout)] // figures go there

#[path = "../tests/support/large.rs"]
mod large;

use std::fs;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kea_config::document::{Document, NoIncludes};
use kea_wire::V4;

fn main() {
    let text = large::large(10_000, 10, 1000);
    let costs: Vec<_> = (0..11).map(|_| load(&text)).collect();
    println!("{} bytes of text", text.len());
    for (what, mut times) in [
        ("by the clock", costs.iter().map(|cost| cost.0).collect::<Vec<_>>()),
        ("on a processor", costs.iter().map(|cost| cost.1).collect()),
    ] {
        times.sort();
        let [fastest, .., slowest] = &times[..] else { return };
        println!("{what}: median {:?}, {fastest:?} to {slowest:?}", times[times.len() / 2]);
    }
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("no /proc"));
}

/// Time by the clock and on a processor.
fn load(text: &str) -> (Duration, Duration) {
    let (begun, spent) = (Instant::now(), on_processor());
    let snapshot = Document::parse("large.json", text.as_bytes(), &NoIncludes)
        .and_then(|(document, _)| kea_config::load::<V4>(&Arc::new(document)));
    let took = (begun.elapsed(), on_processor().saturating_sub(spent));
    assert!(snapshot.is_ok_and(|(snapshot, _)| snapshot.subnets().len() == 10_000));
    took
}

/// What this thread has had of the processors so far; nothing where the system does not tell.
fn on_processor() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split(' ').next().and_then(|number| number.parse().ok());
    Duration::from_nanos(nanoseconds.unwrap_or(0))
}
