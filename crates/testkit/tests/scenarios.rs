//! Every file under `scenarios/dhcp4` and `scenarios/dhcp6`, as a test of its own, against the server
//! that `KEA_UNDER_TEST` names.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kea_testkit::scenario::{Dialect, ProcessBackend, Scenario, play};
use kea_testkit::v6::Packet6;
use kea_testkit::{Packet4, Subject};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let subject = Subject::from_environment();
    let mut trials = trials::<Packet4>(subject);
    trials.extend(self::trials::<Packet6>(subject));
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trials<D: Dialect>(subject: Subject) -> Vec<Trial> {
    files(D::VERSION).into_iter().filter_map(|path| trial::<D>(path, subject)).collect()
}

/// The test of a file; none when the file is for the other subject.
fn trial<D: Dialect>(path: PathBuf, subject: Subject) -> Option<Trial> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let scenario = fs::read_to_string(&path).map_err(|e| e.to_string()).and_then(|text| {
        Scenario::parse(&text).map_err(|e| format!("{}:{}: {}", path.display(), e.line, e.why))
    });
    let only = scenario.as_ref().ok().and_then(|scenario| scenario.only.as_deref());
    if only.is_some_and(|only| only != subject.word()) {
        return None;
    }
    let name = format!("dhcp{}::{name}", D::VERSION);
    Some(Trial::test(name, move || run::<D>(&path, &scenario?, subject)))
}

fn run<D: Dialect>(path: &Path, scenario: &Scenario, subject: Subject) -> Result<(), Failed> {
    let mut backend = ProcessBackend::<D>::new(subject, scenario)?;
    let played = play::<D>(scenario, &mut backend);
    played.map_err(|e| format!("{}:{}: {}", path.display(), e.line, e.why))?;
    Ok(())
}

fn files(version: u8) -> Vec<PathBuf> {
    let folder =
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../scenarios/dhcp{version}"));
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "scn"));
    assert!(!files.is_empty(), "no scenarios in {}", folder.display());
    files.sort();
    files
}
