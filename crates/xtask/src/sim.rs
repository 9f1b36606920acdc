//! The simulator, built for speed and without deliberate faults.

use std::path::Path;
use std::process::Command;

use lexopt::prelude::*;

/// Runs it with the arguments given; `--help` tells which there are.
pub(crate) fn run(root: &Path, mut arguments: lexopt::Parser) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO"));
    command.current_dir(root).args(["run", "--quiet", "--release", "--package", "kea-sim", "--"]);
    while let Some(argument) = arguments.next().map_err(|e| e.to_string())? {
        match argument {
            Long(name) => command.arg(format!("--{name}")),
            Short(name) => command.arg(format!("-{name}")),
            Value(value) => command.arg(value),
        };
    }
    let status = command.status().map_err(|e| format!("cargo: {e}"))?;
    if status.success() { Ok(()) } else { Err("a rule was broken; see the story above".into()) }
}
