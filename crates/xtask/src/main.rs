//! Project tasks: `cargo xtask TASK`; without one, the list of them.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, clippy::print_stderr)] // a command-line tool speaks there

mod bench;
mod budget;
mod end_to_end;
mod floors;
mod fuzz;
mod install;
mod man;
mod manual;
mod messages;
mod sim;
mod sources;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lexopt::prelude::*;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("xtask: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut arguments = lexopt::Parser::from_env();
    let task = match arguments.next().map_err(|e| e.to_string())? {
        Some(Value(task)) => task.to_string_lossy().into_owned(),
        Some(Long("help") | Short('h')) | None => {
            println!("{USAGE}");
            return Ok(());
        }
        Some(other) => return Err(other.unexpected().to_string()),
    };
    match task.as_str() {
        "tidy" => tidy::run(root()),
        "install" => install::run(root(), &install::Arguments::parse(arguments)?),
        "e2e" => end_to_end::run(root(), arguments),
        "sim" => sim::run(root(), arguments),
        "fuzz" => fuzz::run(root(), arguments),
        "man" => man::run(arguments),
        "manual-examples" => manual::run(root(), arguments),
        "bench" => bench::run(root(), arguments),
        "budget" => budget::run(root(), arguments),
        _ => Err(format!("no task '{task}'\n{USAGE}")),
    }
}

/// The folder of the workspace.
fn root() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    here.ancestors().nth(2).unwrap_or(here)
}

/// Where release programs are built: `CARGO_TARGET_DIR` is honoured.
fn release_folder() -> PathBuf {
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| root().join("target")).join("release")
}

const USAGE: &str = "\
cargo xtask TASK

  tidy                     check the rules of the house that the compiler does not
  install --prefix DIR     copy the release programs into the manual's hierarchy
          [--bin-dir DIR]  take them from there instead of target/release
  e2e [ours|debian]        the end-to-end tests, as root (default: ours)
  sim [--seed N | --seeds A..B | --fresh] [--minutes M] [--exchanges K]
                           worlds of clients and failing servers, seed after seed
  fuzz [TARGET...] [--seconds N | --cases N]
                           these fuzz targets, or all, for so long or so many cases each
  fuzz TARGET --case FILE  one case again
  man DIR [--bin-dir DIR]  write the manual pages of the release programs into a folder
  manual-examples DIR [--write]
                           the configurations that a text copy of the manual in DIR prints, and
                           that are not among those of the test kit
  budget [--update]        instructions of an exchange, compared with bench/BUDGET
  bench [servers]          exchanges a second beside other servers, as root; writes bench/RESULTS.md
  bench lease-store        what leases cost, beside Debian's Kea; writes bench/LEASES.md. With arguments
                           only what they ask for: see `cargo xtask bench --help`";
