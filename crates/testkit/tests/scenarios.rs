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
    let trials = files().into_iter().filter_map(|path| trial(path, subject)).collect();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

/// The test of a file; none when the file is for the other subject.
fn trial(path: PathBuf, subject: Subject) -> Option<Trial> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let scenario = fs::read_to_string(&path).map_err(|e| e.to_string()).and_then(|text| {
        Scenario::parse(&text).map_err(|e| format!("{}:{}: {}", path.display(), e.line, e.why))
    });
    let only = scenario.as_ref().ok().and_then(|scenario| scenario.only.as_deref());
    if only.is_some_and(|only| only != subject.word()) {
        return None;
    }
    Some(Trial::test(name, move || run(&path, &scenario?, subject)))
}

fn run(path: &Path, scenario: &Scenario, subject: Subject) -> Result<(), Failed> {
    let mut backend = ProcessBackend::new(subject, scenario)?;
    let played = play(scenario, &mut backend);
    played.map_err(|e| format!("{}:{}: {}", path.display(), e.line, e.why))?;
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
