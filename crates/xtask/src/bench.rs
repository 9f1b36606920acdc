//! The benchmark programs, built as what is shipped.

use std::path::Path;
use std::process::Command;

use crate::release_folder;

/// Runs one with the arguments given, beside the programs of this project and of Debian.
pub(crate) fn run(root: &Path, mut arguments: lexopt::Parser) -> Result<(), String> {
    let mut words: Vec<_> = arguments.raw_args().map_err(|e| e.to_string())?.collect();
    if words.is_empty() {
        words.push("servers".into());
    }
    if words.first().is_some_and(|name| name == "lease-store") && words.len() == 1 {
        words.push("--programs".into());
        words.push(release_folder().into());
        words.push("--output".into());
        words.push(root.join("bench/LEASES.md").into());
        if Path::new("/usr/sbin/kea-dhcp4").exists() {
            words.push("--debian".into());
        }
        let build = ["build", "--quiet", "--release", "--package", "kea-bin"];
        succeed(Command::new(env!("CARGO")).current_dir(root).args(build))?;
    }
    if words.first().is_some_and(|name| name == "servers" || name == "commands") {
        // As they are shipped: optimised across crates.
        let programs = release_folder().with_file_name("dist");
        words.splice(1..1, ["--programs".into(), programs.into()]);
        if words[0] == "servers" && !words.iter().any(|word| word == "--output") {
            words.extend(["--output".into(), root.join("bench").into()]);
        }
        let build =
            ["build", "--profile", "dist", "--package", "kea-bin", "--package", "kea-perfdhcp"];
        succeed(Command::new(env!("CARGO")).current_dir(root).args(build))?;
    }
    let run = ["run", "--quiet", "--release", "--package", "kea-bench", "--"];
    succeed(Command::new(env!("CARGO")).current_dir(root).args(run).args(words))
}

fn succeed(command: &mut Command) -> Result<(), String> {
    let status = command.status().map_err(|e| format!("cargo: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("{status}")) }
}
