//! Every configuration that the manual prints loads, or is refused for the reason that is written down.
//!
//! They are data in `configs/manual`, one file for each chapter; `cargo xtask manual-examples` compares
//! them with a text copy of the manual.

use std::fs;
use std::time::Duration;

use kea_testkit::{Captured, Case, Lab, ServerSetup, Subject};

#[test]
fn dhcpv4_examples() {
    try_examples(4, 120);
}

#[test]
fn dhcpv6_examples() {
    try_examples(6, 120);
}

#[test]
fn control_agent_examples() {
    if Subject::from_environment() == Subject::Debian {
        return; // the cases have no verdicts of its agent
    }
    let mut lab = Lab::new().unwrap();
    let netns = lab.netns("agent").unwrap();
    let folder = ServerSetup::new(Subject::Ours, 4).unwrap();
    let file = folder.config_file();
    let examples = examples_of("Control-agent", 5);
    let mut wrong = String::new();
    for case in &examples {
        fs::write(&file, &case.body).unwrap();
        let mut command = netns.command(Subject::Ours.program("kea-ctrl-agent"));
        command.arg("-t").arg(&file);
        let mut check = Captured::start(command).unwrap();
        let status = check.wait(Duration::from_secs(20)).unwrap();
        let said = check.text();
        let reason = case.because.as_deref().unwrap_or("");
        if status.success() != case.accepted || !said.contains(reason) {
            wrong += &format!("{}: {status}\n{said}\n", case.name);
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// The examples whose outermost object is `object`.
fn examples_of(object: &str, least: usize) -> Vec<Case> {
    let mut cases = Case::of_folder("manual").unwrap();
    cases.retain(|case| case.name.contains(&format!(": {object}, ")));
    assert!(cases.len() >= least, "{} examples", cases.len());
    for case in &cases {
        assert!(case.accepted || case.because.is_some(), "{} is refused: why?", case.name);
    }
    cases
}

fn try_examples(version: u8, least: usize) {
    let mut lab = Lab::new().unwrap();
    let netns = lab.netns("server").unwrap();
    let setup = ServerSetup::new(Subject::from_environment(), version).unwrap();
    let examples = examples_of(&format!("Dhcp{version}"), least);
    let wrong: String =
        examples.iter().filter_map(|case| setup.objection(&netns, case).unwrap()).collect();
    assert!(wrong.is_empty(), "{wrong}");
}
