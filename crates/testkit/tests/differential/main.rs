//! Random configurations and exchanges, played against this server and Debian's Kea: both say the same.
//!
//! Each test run plays a few cases, always the same ones. To look further, `KEA_SEARCH=4:1000-2000` plays the cases
//! of these seeds (`6:…` for DHCPv6), and writes each difference, reduced to what it needs, into the folder that
//! `KEA_SEARCH_FOLDER` names, as the text of a scenario below what both servers said and logged. Reducing takes
//! its time: with `KEA_SEARCH_WHOLE` set, the cases are written as they are.

mod case;
mod chance;
mod compare;
mod name_changes;
mod search;
mod v4;
mod v6;
mod vocabulary;

use std::collections::BTreeMap;
use std::env;
use std::io;
use std::process::ExitCode;

use case::Case;
use chance::Chance;
use compare::{Difference, Played, difference};
use kea_testkit::scenario::{
    Backend as _, Dialect, Exchange, ProcessBackend, Scenario, Transcript, transcript,
};
use kea_testkit::v6::Packet6;
use kea_testkit::{Packet4, Subject};
use libtest_mimic::{Arguments, Failed, Trial};
use name_changes::NameChanges;
use serde_json::{Value, json};

/// How cases of a protocol are made, and what is expected to differ.
#[derive(Clone, Copy)]
pub(crate) struct Protocol {
    case: fn(&mut Chance) -> Case,
    is_known: fn(&Difference, Option<&Exchange>) -> bool,
}

fn main() -> ExitCode {
    let v4 = Protocol { case: v4::case, is_known: v4::is_known };
    let v6 = Protocol { case: v6::case, is_known: v6::is_known };
    if let Ok(wanted) = env::var("KEA_SEARCH") {
        let (version, seeds) = wanted.split_once(':').expect("VERSION:FIRST-LAST");
        match version {
            "4" => search::search::<Packet4>(seeds, v4),
            "6" => search::search::<Packet6>(seeds, v6),
            _ => panic!("KEA_SEARCH begins with 4: or 6:"),
        }
        return ExitCode::SUCCESS;
    }
    // One run plays both servers, so it is made once.
    let trials = match Subject::from_environment() {
        Subject::Debian => Vec::new(),
        Subject::Ours => {
            let v4_trials = SEEDS_4.map(|seed| trial::<Packet4>(seed, v4));
            v4_trials.into_iter().chain(SEEDS_6.map(|seed| trial::<Packet6>(seed, v6))).collect()
        }
    };
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}

fn trial<D: Dialect>(seed: u64, protocol: Protocol) -> Trial {
    Trial::test(format!("dhcp{}::seed_{seed}", D::VERSION), move || {
        let mut case = (protocol.case)(&mut Chance::of(seed));
        // What ends meanwhile is taken back by a timer, sooner or later.
        case.steps.retain(|step| !step[0].starts_with("advance"));
        let (found, _) = lasting::<D>(&case, protocol)?;
        match found {
            None => Ok(()),
            Some(found) => Err(Failed::from(format!("{found:?}\n{}", case.text()))),
        }
    })
}

/// The difference that a case shows however often it is played, and what was played last. A server that had no time
/// to answer says the same as the other when it has.
pub(crate) fn lasting<D: Dialect>(
    case: &Case,
    protocol: Protocol,
) -> io::Result<(Option<Difference>, [Played; 2])> {
    let mut attempts = 1;
    loop {
        let played = both::<D>(case)?;
        let found = difference(&played[0], &played[1], protocol.is_known);
        if found.is_none() || attempts == ATTEMPTS {
            return Ok((found, played));
        }
        attempts += 1;
    }
}

/// Plays a case against both servers, ours first.
pub(crate) fn both<D: Dialect>(case: &Case) -> io::Result<[Played; 2]> {
    Ok([played::<D>(case, Subject::Ours)?, played::<D>(case, Subject::Debian)?])
}

fn played<D: Dialect>(case: &Case, subject: Subject) -> io::Result<Played> {
    let failed = |why: String| io::Error::other(format!("{}: {why}", subject.word()));
    let scenario = Scenario::parse(&case.text()).map_err(|e| failed(e.to_string()))?;
    let mut backend = ProcessBackend::<D>::new(subject, &scenario)?;
    let heard = NameChanges::listen(backend.server_netns())?;
    let transcript = transcript::<D>(&scenario, &mut backend, &case::never_given());
    let transcript = transcript.map_err(|e| failed(e.to_string()))?;
    if let Transcript::Refused(_) = transcript {
        return Ok(Played::of(transcript));
    }
    backend.settle()?;
    let statistics = backend.command(&json!({ "command": "statistic-get-all" }))?.arguments;
    let leases = backend.leases()?;
    let name_changes = if case.sends_name_changes() { heard.all()? } else { Vec::new() };
    let statistics = newest(&statistics);
    Ok(Played { leases, statistics, name_changes, ..Played::of(transcript) })
}

/// The newest value of each statistic.
fn newest(all: &Value) -> BTreeMap<String, i64> {
    let all = all.as_object().into_iter().flatten();
    all.filter_map(|(name, history)| Some((name.clone(), history[0][0].as_i64()?))).collect()
}

const SEEDS_4: [u64; 3] = [2003, 2005, 2010];
const SEEDS_6: [u64; 3] = [1, 2, 4];
const ATTEMPTS: usize = 3;
