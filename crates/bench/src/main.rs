//! Benchmark programs: `bench servers`, `bench commands`, `bench hot-path`, `bench lease-store`. Times are of
//! processors, not of clocks, where a busy machine would make them wrong; what is compared is measured in
//! turns, in one run.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr)] // a command-line tool speaks there

mod clock;
mod commands;
mod hot_path;
mod lease_store;
mod relayed;
mod servers;
mod table;

use std::process::ExitCode;
use std::str::FromStr;

use lexopt::prelude::*;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error}");
            ExitCode::FAILURE
        }
    }
}

/// What follows an option, as what it should be.
fn value<T: FromStr>(arguments: &mut lexopt::Parser) -> Result<T, String>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    arguments.value().and_then(|value| value.parse()).map_err(|error| error.to_string())
}

fn run() -> Result<(), String> {
    let mut arguments = lexopt::Parser::from_env();
    match arguments.next().map_err(|e| e.to_string())? {
        Some(Value(name)) if name == "servers" => {
            servers::run(&servers::Arguments::parse(arguments)?)
        }
        Some(Value(name)) if name == "commands" => {
            commands::run(&commands::Arguments::parse(arguments)?)
        }
        Some(Value(name)) if name == "hot-path" => {
            hot_path::run(&hot_path::Arguments::parse(arguments)?)
        }
        Some(Value(name)) if name == "lease-store" => {
            lease_store::run(&lease_store::Arguments::parse(arguments)?)
        }
        Some(Long("help") | Short('h')) => {
            println!("{USAGE}");
            Ok(())
        }
        _ => Err(USAGE.into()),
    }
}

const USAGE: &str = "\
bench servers --programs DIR [--seconds S] [--rounds R] [--only PART] [--output DIR]

  Exchanges a second of this server and of others that are installed, in turns, as root.
  --programs DIR  this project's kea-dhcp4, kea-dhcp6 and perfdhcp
  --seconds S     length of a run (default 5)
  --rounds R      runs of each server in each situation (default 3)
  --only PART     only situations whose name contains that
  --output DIR    write RESULTS.md and RESULTS.svg there

bench commands --programs DIR [--seconds S] [--rounds R] [--rate N] [--command NAME]

  Exchanges a second without commands and beside them, in turns, as root.
  --rate N        commands a second, over HTTP (default 10000)
  --command NAME  the command (default statistic-get-all)

bench hot-path [-4 | -6] [--exchanges N]

  Exchanges in memory, from octets to octets: for callgrind and profilers.

bench lease-store [--leases N] [--rounds R] [--programs DIR] [--debian] [--output FILE]

  --leases N      leases in the files (default 1000000)
  --rounds R      how often what is compared is measured, in turns (default 3)
  --programs DIR  measure kea-dhcp4 and kea-lfc of that folder too
  --debian        and those of Debian, on the same files
  --output FILE   write the tables there, besides standard output";
