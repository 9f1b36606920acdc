//! `kea-sim [-4 | -6] [--seed N | --seeds A..B | --fresh] [--minutes M] [--exchanges K]`: plays seeds until
//! one fails.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr)] // a command-line tool speaks there

use std::ops::Range;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kea_sim::{Protocol, Report, Settings, Tally, run, story};
use kea_wire::{V4, V6};
use lexopt::prelude::*;

struct Arguments {
    seeds: Range<u64>,
    until: Option<Duration>,
    settings: Settings,
    tell: bool,
    families: Vec<Family>,
}

/// The protocols that can be played.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
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
    let mut families = vec![Family::V4, Family::V6];
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
            Long("fresh") => {
                first = fresh();
                println!("the first seed is {first}");
            }
            Long("minutes") => {
                let minutes: f64 = parser.value()?.parse()?;
                until = Some(Duration::from_secs_f64(minutes * 60.0));
            }
            Long("exchanges") => settings.exchanges = parser.value()?.parse()?,
            Long("tell") => tell = true,
            Short('4') => families = vec![Family::V4],
            Short('6') => families = vec![Family::V6],
            Long("help") | Short('h') => return Ok(None),
            other => return Err(other.unexpected()),
        }
    }
    // One seed, unless there is time for more.
    let last = if until.is_some() { u64::MAX } else { first.saturating_add(1) };
    Ok(Some(Arguments { seeds: seeds.unwrap_or(first..last), until, settings, tell, families }))
}

/// A seed that was hardly ever tried before.
fn fresh() -> u64 {
    // A clock before 1970 is no reason not to play.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs())
}

fn play(arguments: &Arguments) -> ExitCode {
    let begin = Instant::now();
    let mut sum = Tally::default();
    let (mut worlds, mut seconds) = (0u64, 0);
    for seed in arguments.seeds.clone() {
        for family in &arguments.families {
            let report = match family {
                Family::V4 => play_one::<V4>(seed, arguments),
                Family::V6 => play_one::<V6>(seed, arguments),
            };
            let Some(report) = report else { return ExitCode::FAILURE };
            sum.add(&report.tally);
            worlds += 1;
            seconds += report.seconds;
        }
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

/// Plays a seed; tells its story if it fails, and gives nothing then.
fn play_one<F: Protocol>(seed: u64, arguments: &Arguments) -> Option<Report> {
    let report = run::<F>(seed, arguments.settings);
    let version = F::VERSION;
    if let Some(violation) = &report.violation {
        println!("DHCPv{version}, seed {seed}: {violation}");
        match story::<F>(seed, arguments.settings) {
            Some(story) => println!("{story}"),
            None => {
                println!("seed {seed} does not fail when played again: it is not deterministic");
            }
        }
        return None;
    }
    if arguments.tell {
        println!("DHCPv{version}, seed {seed}: {:?}", report.tally);
    }
    Some(report)
}

const USAGE: &str = "\
kea-sim [OPTIONS]

  -4, -6          DHCPv4 or DHCPv6 only (each seed as both)
  --seed N        the seed, or the first one with --minutes (1)
  --fresh         the first one is the time, and is printed
  --seeds A..B    these seeds, B not among them
  --minutes M     seed after seed for so long
  --exchanges K   queries that each server decides (20000)
  --tell          numbers of every seed";
