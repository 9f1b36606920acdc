//! Every fuzz target for a while, or at least over its corpus.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use lexopt::prelude::*;

/// Runs each target for `--seconds` (default 30).
pub(crate) fn run(root: &Path, mut arguments: lexopt::Parser) -> Result<(), String> {
    let mut seconds = 30u32;
    while let Some(argument) = arguments.next().map_err(|e| e.to_string())? {
        match argument {
            Long("seconds") => {
                let value = arguments.value().map_err(|e| e.to_string())?;
                seconds = value.parse().map_err(|e| e.to_string())?;
            }
            other => return Err(other.unexpected().to_string()),
        }
    }
    if !can_fuzz() {
        println!("no cargo-fuzz or no nightly compiler: the corpora only");
        let tests = ["test", "--package", "kea-sim", "--test", "corpus"];
        return succeed(Command::new(env!("CARGO")).current_dir(root).args(tests));
    }
    for target in targets(root)? {
        println!("{target}");
        let limit = format!("-max_total_time={seconds}");
        let run = ["+nightly", "fuzz", "run", &target, "--", &limit, "-max_len=4096"];
        // By way of the proxy that knows what `+nightly` means.
        succeed(
            Command::new("cargo").env_remove("CARGO").current_dir(root.join("fuzz")).args(run),
        )?;
    }
    Ok(())
}

/// The names of the targets: one file for each.
fn targets(root: &Path) -> Result<Vec<String>, String> {
    let folder = root.join("fuzz/fuzz_targets");
    let entries = fs::read_dir(&folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(Result::ok)
        .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()))
        .collect();
    names.sort();
    Ok(names)
}

fn can_fuzz() -> bool {
    let mut command = Command::new("cargo");
    command.env_remove("CARGO").env_remove("RUSTUP_TOOLCHAIN").args([
        "+nightly",
        "fuzz",
        "--version",
    ]);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let status =
        command.env_remove("RUSTUP_TOOLCHAIN").status().map_err(|e| format!("cargo: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{status}")) }
}
