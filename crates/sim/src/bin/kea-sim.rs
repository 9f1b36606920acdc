//! `kea-sim [--seed N | --seeds A..B] [--minutes M] [--exchanges K]`: plays seeds until one fails.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr)] // a command-line tool speaks there

use std::ops::Range;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use kea_sim::{Settings, Tally, run, story};
use kea_wire::V4;
use lexopt::prelude::*;

struct Arguments {
    seeds: Range<u64>,
    until: Option<Duration>,
    settings: Settings,
    tell: bool,
}

fn main() -> ExitCode {
    match parse() {
        Ok(Some(arguments)) => play(&arguments),
        Ok(None) => {
            println!("{USAGE}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("kea-sim: {error}\n{USAGE}");
            ExitCode::FAILURE
        }
    }
}

fn parse() -> Result<Option<Arguments>, lexopt::Error> {
    let mut first: u64 = 1;
    let mut seeds = None;
    let mut until = None;
    let mut settings = Settings::default();
    let mut tell = false;
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("seed") => first = parser.value()?.parse()?,
            Long("seeds") => {
                let text = parser.value()?.string()?;
                let (from, to) = text.split_once("..").ok_or("--seeds takes A..B")?;
                let number = |text: &str| text.parse().map_err(|_| "--seeds takes numbers");
                seeds = Some(number(from)?..number(to)?);
            }
            Long("minutes") => {
                let minutes: f64 = parser.value()?.parse()?;
                until = Some(Duration::from_secs_f64(minutes * 60.0));
            }
            Long("exchanges") => settings.exchanges = parser.value()?.parse()?,
            Long("tell") => tell = true,
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    // One seed, unless there is time for more.
    let last = if until.is_some() { u64::MAX } else { first.saturating_add(1) };
    Ok(Some(Arguments { seeds: seeds.unwrap_or(first..last), until, settings, tell }))
}

fn play(arguments: &Arguments) -> ExitCode {
    let begin = Instant::now();
    let mut sum = Tally::default();
    let (mut worlds, mut seconds) = (0u64, 0);
    for seed in arguments.seeds.clone() {
        let report = run::<V4>(seed, arguments.settings);
        if let Some(violation) = &report.violation {
            println!("seed {seed}: {violation}");
            match story::<V4>(seed, arguments.settings) {
                Some(story) => println!("{story}"),
                None => {
                    println!(
                        "seed {seed} does not fail when played again: it is not deterministic"
                    );
                }
            }
            return ExitCode::FAILURE;
        }
        if arguments.tell {
            println!("seed {seed}: {:?}", report.tally);
        }
        sum.add(&report.tally);
        worlds += 1;
        seconds += report.seconds;
        if arguments.until.is_some_and(|until| begin.elapsed() >= until) {
            break;
        }
    }
    let elapsed = begin.elapsed().as_secs_f64();
    let rate = sum.queries as f64 / elapsed * 60.0;
    println!("{sum:#?}");
    println!(
        "{worlds} worlds, {} virtual hours, {elapsed:.1} s: {rate:.0} exchanges a minute; all rules held",
        seconds / 3600
    );
    ExitCode::SUCCESS
}

const USAGE: &str = "\
kea-sim [OPTIONS]

  --seed N        the seed, or the first one with --minutes (1)
  --seeds A..B    these seeds, B not among them
  --minutes M     seed after seed for so long
  --exchanges K   queries that each server decides (20000)
  --tell          numbers of every seed";
