//! Every file under `scenarios/dhcp4`, as a test of its own, against the server that
//! `KEA_UNDER_TEST` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kea_testkit::Subject;
use kea_testkit::scenario::{ProcessBackend, Scenario, play};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let subject = Subject::from_environment();
    let trials = files().into_iter().map(|path| {
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(name, move || run(&path, subject))
    });
    libtest_mimic::run(&Arguments::from_args(), trials.collect()).exit_code()
}

fn run(path: &Path, subject: Subject) -> Result<(), Failed> {
    let text = fs::read_to_string(path)?;
    let place = |line: usize| format!("{}:{line}", path.display());
    let scenario = Scenario::parse(&text).map_err(|e| format!("{}: {}", place(e.line), e.why))?;
    let mut backend = ProcessBackend::new(subject, &scenario)?;
    play(&scenario, &mut backend).map_err(|e| format!("{}: {}", place(e.line), e.why))?;
    Ok(())
}

fn files() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/dhcp4");
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "scn"));
    assert!(!files.is_empty(), "no scenarios in {}", folder.display());
    files.sort();
    files
}
