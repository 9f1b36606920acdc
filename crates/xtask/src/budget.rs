//! What a four-way exchange may cost: instructions from octets to octets, in memory. They are counted, not
//! timed, so that a busy machine changes nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use lexopt::prelude::*;

use crate::release_folder;

/// Counts, and compares with `bench/BUDGET`; with `--update` writes it instead.
pub(crate) fn run(root: &Path, mut arguments: lexopt::Parser) -> Result<(), String> {
    let update = match arguments.next().map_err(|e| e.to_string())? {
        None => false,
        Some(Long("update")) => true,
        Some(other) => return Err(other.unexpected().to_string()),
    };
    let file = root.join("bench/BUDGET");
    let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
    let mut written = String::new();
    let mut overruns = Vec::new();
    for line in text.lines() {
        let Some((protocol, budget)) = line.split_once(' ').filter(|_| !line.starts_with('#'))
        else {
            written += &format!("{line}\n");
            continue;
        };
        let budget: u64 = budget.parse().map_err(|_| format!("BUDGET: '{line}' is no number"))?;
        let count = instructions(protocol)?;
        written += &format!("{protocol} {count}\n");
        println!("{protocol}: {count} instructions an exchange, budget {budget}");
        if count * 100 > budget * (100 + TOLERANCE) {
            overruns.push(format!("{protocol} takes {count} instead of {budget} instructions"));
        }
    }
    if update {
        return fs::write(&file, written).map_err(|e| format!("{}: {e}", file.display()));
    }
    if overruns.is_empty() { Ok(()) } else { Err(overruns.join("; ")) }
}

/// Of one exchange of the protocol `4` or `6`. What the start costs is in both runs, and goes.
fn instructions(protocol: &str) -> Result<u64, String> {
    let [few, many] = [1000, 3000];
    Ok(total(protocol, many)?.saturating_sub(total(protocol, few)?) / (many - few))
}

fn total(protocol: &str, exchanges: u64) -> Result<u64, String> {
    let program = release_folder().join("bench");
    let profile = std::env::temp_dir().join(format!("callgrind-{}", std::process::id()));
    let mut command = Command::new("valgrind");
    command.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", profile.display()));
    command.arg(program).args(["hot-path", &format!("-{protocol}"), "--exchanges"]);
    let output = command.arg(exchanges.to_string()).output();
    let output = output.map_err(|e| format!("valgrind: {e}"))?;
    // Only the sum is of interest, which is printed as well.
    let _ = fs::remove_file(profile);
    let said = String::from_utf8_lossy(&output.stderr);
    let sum = said.lines().find_map(|line| line.split_once("Collected : "));
    let count = sum.and_then(|(_, count)| count.trim().parse().ok());
    count.filter(|_| output.status.success()).ok_or_else(|| format!("valgrind: {said}"))
}

/// Per cent by which the budget may be overrun: hash seeds, and versions of the compiler.
const TOLERANCE: u64 = 5;
