//! `bench lease-store`: what leases cost, in time and in memory, from an empty pool to a full one, and
//! at start; beside Debian's Kea on the same files.

mod engine;
mod exchanges;
mod files;
mod programs;

use std::path::PathBuf;

use lexopt::prelude::*;

use crate::value;

/// What is to be measured.
pub(crate) struct Arguments {
    leases: u32,
    rounds: usize,
    programs: Option<PathBuf>,
    debian: bool,
    output: Option<PathBuf>,
    /// The child of this program that loads a file and tells what that cost.
    load: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Self, String> {
        let mut parsed = Arguments {
            leases: 1_000_000,
            rounds: 3,
            programs: None,
            debian: false,
            output: None,
            load: None,
        };
        let text = |error: lexopt::Error| error.to_string();
        while let Some(argument) = arguments.next().map_err(text)? {
            match argument {
                Long("leases") => parsed.leases = value(&mut arguments)?,
                Long("rounds") => parsed.rounds = value(&mut arguments)?,
                Long("programs") => parsed.programs = Some(value(&mut arguments)?),
                Long("debian") => parsed.debian = true,
                Long("output") => parsed.output = Some(value(&mut arguments)?),
                Long("load") => parsed.load = Some(value(&mut arguments)?),
                other => return Err(other.unexpected().to_string()),
            }
        }
        Ok(parsed)
    }
}

/// Measures, and prints the tables.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    if let Some(path) = &arguments.load {
        return files::load_as_child(path);
    }
    let io_error = |error: std::io::Error| error.to_string();
    let mut text = String::from(HEAD);
    let mut section = |title: &str, table: String| {
        let part = format!("\n## {title}\n\n{table}");
        print!("{part}");
        text += &part;
    };
    section("The tables in memory, a pool of 65,536", engine::operations(arguments.rounds));
    section("Filling a /16 to the last address", exchanges::fill_up(arguments.rounds)?);
    section("Two threads at one pool", engine::fairness()?);
    let folder = tempfile::tempdir().map_err(io_error)?;
    let title = format!("Files of {} leases, in this process", arguments.leases);
    section(&title, files::measure(folder.path(), arguments).map_err(io_error)?);
    let beside = files::beside_clean_up(folder.path(), arguments).map_err(io_error)?;
    section("Renewals during a clean-up", beside);
    if let Some(programs) = &arguments.programs {
        let title = format!("The programs, files of {} leases", arguments.leases);
        let compared = programs::Compared {
            folder: folder.path(),
            ours: programs,
            debian: arguments.debian,
            leases: arguments.leases,
            rounds: arguments.rounds,
        };
        section(&title, compared.measure().map_err(io_error)?);
    }
    if let Some(output) = &arguments.output {
        std::fs::write(output, &text).map_err(io_error)?;
    }
    Ok(())
}

const HEAD: &str = "\
# What leases cost

Written by `cargo xtask bench lease-store`. *Processor* is the time that processors worked, which a busy
machine hardly changes; *clock* is what passed. Each figure is the median of the rounds.
";

/// The middle one.
fn median<T: Copy + PartialOrd>(mut values: Vec<T>) -> Option<T> {
    values.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    values.get(values.len() / 2).copied()
}
