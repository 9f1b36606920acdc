//! Every file under `scenarios/dhcp4` and `scenarios/dhcp6`, as a test of its own, against the server
//! that `KEA_UNDER_TEST` names. What the server logs meanwhile at INFO and above is compared with
//! `scenarios/dhcp4.messages` and `scenarios/dhcp6.messages`, and every message with the severity and the logger
//! that the catalogue gives it. To put down there what that server says now:
//! `KEA_RECORD_MESSAGES=1 cargo test -p kea-testkit --test scenarios`.

mod grade;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use kea_testkit::scenario::{
    Dialect, ProcessBackend, Record, Scenario, Step, StepKind, identifiers, play,
};
use kea_testkit::v6::Packet6;
use kea_testkit::{Packet4, Subject};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> ExitCode {
    let subject = Subject::from_environment();
    let records = [4, 6].map(|version| Arc::new(Messages::read(version)));
    let mut trials = trials::<Packet4>(subject, &records[0]);
    trials.extend(self::trials::<Packet6>(subject, &records[1]));
    for record in &records {
        let name = format!("dhcp{}::differences_in_what_is_logged_have_reasons", record.version);
        let record = Arc::clone(record);
        trials.push(Trial::test(name, move || record.check()));
    }
    let conclusion = libtest_mimic::run(&Arguments::from_args(), trials);
    if is_recording() {
        records.iter().for_each(|record| record.write());
    }
    conclusion.exit_code()
}

fn trials<D: Dialect>(subject: Subject, messages: &Arc<Messages>) -> Vec<Trial> {
    let trial = |path| trial::<D>(path, subject, messages);
    files(D::VERSION).into_iter().filter_map(trial).collect()
}

/// The test of a file; none when the file is for the other subject.
fn trial<D: Dialect>(path: PathBuf, subject: Subject, messages: &Arc<Messages>) -> Option<Trial> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let scenario = fs::read_to_string(&path).map_err(|e| e.to_string()).and_then(|text| {
        Scenario::parse(&text).map_err(|e| format!("{}:{}: {}", path.display(), e.line, e.why))
    });
    let only = scenario.as_ref().ok().and_then(|scenario| scenario.only.as_deref());
    if only.is_some_and(|only| only != subject.word()) {
        return None;
    }
    let messages = Arc::clone(messages);
    Some(Trial::test(format!("dhcp{}::{name}", D::VERSION), move || {
        let scenario = scenario?;
        let said = run::<D>(&path, &scenario, subject)?;
        messages.compare(&name, &scenario, subject, &said)
    }))
}

/// Plays it; what the server logged.
fn run<D: Dialect>(
    path: &Path,
    scenario: &Scenario,
    subject: Subject,
) -> Result<Vec<String>, Failed> {
    let mut backend = ProcessBackend::<D>::new(subject, scenario)?;
    let played = play::<D>(scenario, &mut backend);
    played.map_err(|e| format!("{}:{}: {}", path.display(), e.line, e.why))?;
    let log = backend.into_log()?;
    let odd = grade::unlike_catalogue(&log);
    if !odd.is_empty() {
        return Err(Vec::from_iter(odd).join("\n").into());
    }
    Ok(identifiers(&log))
}

/// The record of what both servers log.
struct Messages {
    version: u8,
    record: Mutex<Record>,
}

impl Messages {
    /// # Panics
    /// When there is no such file, or a line of it cannot be read.
    fn read(version: u8) -> Self {
        let file = Self::file(version);
        let text =
            fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let record = Record::parse(&text)
            .unwrap_or_else(|line| panic!("{}:{line}: cannot be read", file.display()));
        Messages { version, record: Mutex::new(record) }
    }

    fn write(&self) {
        let text = self.lock().text();
        fs::write(Self::file(self.version), text).expect("the record can be written");
    }

    fn compare(
        &self,
        name: &str,
        scenario: &Scenario,
        subject: Subject,
        said: &[String],
    ) -> Result<(), Failed> {
        let mut record = self.lock();
        if is_recording() {
            record.note(name, subject, said);
            return Ok(());
        }
        let file = Self::file(self.version);
        let Some(expected) = record.expected(name, subject) else {
            let is_refused = |step: &Step| matches!(step.kind, StepKind::Refused(_));
            // What one server alone is asked is compared with nothing.
            if scenario.only.is_some() || scenario.steps.iter().any(is_refused) {
                return Ok(());
            }
            return Err(format!("no record in {}: add its name, and record", file.display()).into());
        };
        if expected == said {
            return Ok(());
        }
        let (expected, said) = (expected.join("\n    "), said.join("\n    "));
        Err(format!(
            "the log is not as in {} (how to renew that stands in this test's source)\n\
             expected:\n    {expected}\nlogged:\n    {said}",
            file.display()
        )
        .into())
    }

    /// Each difference has a reason, and each scenario with a record is there.
    fn check(&self) -> Result<(), Failed> {
        let record = self.lock();
        let folder = scenarios().join(format!("dhcp{}", self.version));
        let is_gone = |name: &&str| !folder.join(format!("{name}.scn")).exists();
        if let Some(gone) = record.scenarios().find(is_gone) {
            return Err(format!("a record of {gone}, which is no scenario").into());
        }
        let odd = record.unjustified();
        match odd.is_empty() {
            true => Ok(()),
            false => Err(format!("without reason, or reason without use: {odd:?}").into()),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Record> {
        self.record.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn file(version: u8) -> PathBuf {
        scenarios().join(format!("dhcp{version}.messages"))
    }
}

fn is_recording() -> bool {
    std::env::var_os("KEA_RECORD_MESSAGES").is_some()
}

fn files(version: u8) -> Vec<PathBuf> {
    let folder = scenarios().join(format!("dhcp{version}"));
    let entries = fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "scn"));
    assert!(!files.is_empty(), "no scenarios in {}", folder.display());
    files.sort();
    files
}

fn scenarios() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios")
}
