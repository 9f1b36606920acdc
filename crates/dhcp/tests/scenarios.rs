//! Every file under `scenarios/dhcp4`, played against the corridor inside this process: virtual
//! time, real lease files, no sockets.

mod in_process;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kea_testkit::Packet4;
use kea_testkit::scenario::{Scenario, play};
use libtest_mimic::{Arguments, Failed, Trial};

use self::in_process::InProcess;

/// What these show is done by the process around the corridor: its commands, its reloads and its timers.
const NEED_A_PROCESS: [&str; 13] = [
    "command-config-test",
    "command-dhcp-disable",
    "command-list",
    "command-status-get",
    "ddns-outdated-parameters",
    "expiry-cycles-fall-behind",
    "flexible-identifier-refused",
    "hook-library-unknown",
    "leases-in-memory-only",
    "reconfigure-refused-keeps-old",
    "relay-address-beside-prefix",
    "statistics-service-disabled",
    "subnets-are-logged",
];

fn main() -> ExitCode {
    let mut trials: Vec<Trial> = files().into_iter().filter_map(trial).collect();
    trials.extend(in_process::name_changes::trials());
    trials.extend(in_process::hooks::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial(path: PathBuf) -> Option<Trial> {
    let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    let scenario = fs::read_to_string(&path).map_err(|e| e.to_string()).and_then(|text| {
        Scenario::parse(&text).map_err(|e| format!("{}:{}: {}", path.display(), e.line, e.why))
    });
    let only = scenario.as_ref().ok().and_then(|scenario| scenario.only.as_deref());
    if only.is_some_and(|only| only != "ours") || NEED_A_PROCESS.contains(&name.as_str()) {
        return None;
    }
    Some(Trial::test(name, move || run(&path, &scenario?)))
}

fn run(path: &Path, scenario: &Scenario) -> Result<(), Failed> {
    let mut backend = InProcess::new()?;
    let played = play::<Packet4>(scenario, &mut backend);
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
