//! The end-to-end tests: release programs, then the test kit's tests against them.

use std::path::Path;
use std::process::Command;

/// Builds the release programs and runs the tests against the named subject.
pub(crate) fn run(root: &Path, mut arguments: lexopt::Parser) -> Result<(), String> {
    let subject = match arguments.next().map_err(|e| e.to_string())? {
        None => "ours".to_owned(),
        Some(lexopt::Arg::Value(word)) => word.to_string_lossy().into_owned(),
        Some(other) => return Err(other.unexpected().to_string()),
    };
    if subject == "ours" {
        cargo(root, &["build", "--release", "--bins"], &subject)?;
    }
    cargo(root, &["test", "--package", "kea-testkit", "--tests", "--no-fail-fast"], &subject)
}

fn cargo(root: &Path, arguments: &[&str], subject: &str) -> Result<(), String> {
    let mut command = Command::new(env!("CARGO"));
    command.args(arguments).current_dir(root);
    command.env("KEA_UNDER_TEST", subject).env("KEA_BIN_DIR", crate::release_folder());
    let status = command.status().map_err(|e| format!("cargo: {e}"))?;
    if status.success() { Ok(()) } else { Err(format!("cargo {}: {status}", arguments.join(" "))) }
}
