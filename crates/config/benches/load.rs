//! How long it takes to load a large configuration, and the memory of the process at its peak.
//!
//! `cargo bench -p kea-config`: 10,000 subnets with pools, options and relays, 100,000 reservations, 1,000
//! classes, from the text to the snapshot, eleven times.
#![allow(clippy::print_stdout)] // figures go there

#[path = "../tests/support/large.rs"]
mod large;

use std::fs;
use std::sync::Arc;
use std::time::Instant;

use kea_config::document::{Document, NoIncludes};
use kea_wire::V4;

fn main() {
    let text = large::large(10_000, 10, 1000);
    let mut times: Vec<_> = (0..11).map(|_| load(&text)).collect();
    times.sort();
    let [fastest, .., slowest] = &times[..] else { return };
    println!(
        "{} bytes of text: median {:?}, {fastest:?} to {slowest:?}",
        text.len(),
        times[times.len() / 2]
    );
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or("no /proc"));
}

fn load(text: &str) -> std::time::Duration {
    let begun = Instant::now();
    let snapshot = Document::parse("large.json", text.as_bytes(), &NoIncludes)
        .and_then(|(document, _)| kea_config::load::<V4>(&Arc::new(document)));
    let took = begun.elapsed();
    assert!(snapshot.is_ok_and(|(snapshot, _)| snapshot.subnets().len() == 10_000));
    took
}
