//! What servers say while scenarios are played: identifiers of log messages at INFO and above, in order.
//!
//! A [`Record`] holds, for each scenario, what both servers said. A line that begins with `@ours` or `@debian`
//! was said by that one only, and needs a reason at the head of the record:
//!
//! ```text
//! because @debian DHCPSRV_CFGMGR_SOCKET_TYPE_DEFAULT
//!     the reason, in a line of its own
//!
//! four-way-exchange
//!     DHCP4_STARTING
//!     @debian DHCPSRV_CFGMGR_SOCKET_TYPE_DEFAULT
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use crate::log_line::LogLine;
use crate::subject::Subject;

/// Identifiers by scenario, and the reasons for what differs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What stands before the first reason or scenario.
    head: String,
    reasons: BTreeMap<Said, String>,
    scenarios: BTreeMap<String, Vec<Said>>,
}

/// An identifier, and who said it: both, if nobody is named.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    only: Option<&'static str>,
    identifier: String,
}

impl Record {
    /// Reads a record.
    ///
    /// # Errors
    /// The number of a line that cannot be read.
    pub fn parse(text: &str) -> Result<Self, usize> {
        let mut record = Record::default();
        let mut place = Place::Head;
        for (at, line) in text.lines().enumerate() {
            let indented = line.trim();
            match (&place, line.starts_with(' ')) {
                (Place::Head, _) if line.is_empty() || line.starts_with('#') => {
                    record.head.push_str(line);
                    record.head.push('\n');
                }
                _ if line.is_empty() => {}
                (Place::Scenario(name), true) => {
                    let said = Said::parse(indented).ok_or(at + 1)?;
                    record.scenarios.entry(name.clone()).or_default().push(said);
                }
                (Place::Reason(said), true) => {
                    record.reasons.insert(said.clone(), indented.to_owned());
                }
                (_, false) => {
                    place = match line.strip_prefix("because ") {
                        Some(said) => Place::Reason(Said::parse(said).ok_or(at + 1)?),
                        None => {
                            record.scenarios.entry(line.to_owned()).or_default();
                            Place::Scenario(line.to_owned())
                        }
                    };
                }
                (Place::Head, true) => return Err(at + 1),
            }
        }
        Ok(record)
    }

    /// The record as text, which [`Self::parse`] reads back.
    pub fn text(&self) -> String {
        let mut text = self.head.clone();
        // Writing to a String cannot fail.
        for (said, reason) in &self.reasons {
            let _ = writeln!(text, "because {}\n    {reason}", said.text());
        }
        for (name, sequence) in &self.scenarios {
            let _ = writeln!(text, "\n{name}");
            for said in sequence {
                let _ = writeln!(text, "    {}", said.text());
            }
        }
        text
    }

    /// What a server says in this scenario; `None` when that is not recorded.
    pub fn expected(&self, scenario: &str, subject: Subject) -> Option<Vec<&str>> {
        let sequence = self.scenarios.get(scenario)?;
        let by = |said: &&Said| said.only.is_none_or(|only| only == subject.word());
        Some(sequence.iter().filter(by).map(|said| said.identifier.as_str()).collect())
    }

    /// Puts down what a server said in a scenario that is recorded.
    pub fn note(&mut self, scenario: &str, subject: Subject, identifiers: &[String]) {
        let other = match subject {
            Subject::Ours => Subject::Debian,
            Subject::Debian => Subject::Ours,
        };
        let Some(theirs) = self.expected(scenario, other) else { return };
        let mine: Vec<&str> = identifiers.iter().map(String::as_str).collect();
        let merged = match subject {
            Subject::Ours => merge(&mine, &theirs),
            Subject::Debian => merge(&theirs, &mine),
        };
        self.scenarios.insert(scenario.to_owned(), merged);
    }

    /// The names of the recorded scenarios.
    pub fn scenarios(&self) -> impl Iterator<Item = &str> {
        self.scenarios.keys().map(String::as_str)
    }

    /// Differences without a reason, and reasons without a difference.
    pub fn unjustified(&self) -> Vec<String> {
        let all = self.scenarios.values().flatten();
        let differences: BTreeSet<&Said> = all.filter(|said| said.only.is_some()).collect();
        let reasons: BTreeSet<&Said> = self.reasons.keys().collect();
        let odd = differences.symmetric_difference(&reasons);
        odd.map(|said| said.text()).collect()
    }
}

/// The identifiers at INFO and above among log lines, without the questions of the test itself.
pub fn identifiers(lines: &[String]) -> Vec<String> {
    lines.iter().filter_map(|line| identifier(line)).map(str::to_owned).collect()
}

fn identifier(line: &str) -> Option<&str> {
    let LogLine { severity, identifier, .. } = LogLine::parse(line)?;
    let is_own = identifier == "COMMAND_RECEIVED" && line.contains("'statistic-get'");
    // Kea opens its packet socket before it filters it: what the link sends by itself may get in.
    let is_chance = identifier == "DHCP4_BUFFER_RECEIVE_FAIL";
    (severity != "DEBUG" && !is_own && !is_chance).then_some(identifier)
}

enum Place {
    Head,
    Reason(Said),
    Scenario(String),
}

impl Said {
    fn parse(text: &str) -> Option<Self> {
        let Some(marked) = text.strip_prefix('@') else {
            return Some(Said { only: None, identifier: text.to_owned() });
        };
        let (word, identifier) = marked.split_once(' ')?;
        let subject = [Subject::Ours, Subject::Debian].into_iter().find(|s| s.word() == word)?;
        Some(Said { only: Some(subject.word()), identifier: identifier.to_owned() })
    }

    fn text(&self) -> String {
        match self.only {
            Some(only) => format!("@{only} {}", self.identifier),
            None => self.identifier.clone(),
        }
    }
}

/// Both sequences in one, with as much in common as they have (longest common subsequence).
fn merge(ours: &[&str], debian: &[&str]) -> Vec<Said> {
    let mut common = vec![vec![0_usize; debian.len() + 1]; ours.len() + 1];
    for i in (0..ours.len()).rev() {
        for j in (0..debian.len()).rev() {
            common[i][j] = if ours[i] == debian[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let said = |only, identifier: &str| Said { only, identifier: identifier.to_owned() };
    let (mut i, mut j) = (0, 0);
    let mut merged = Vec::new();
    while i < ours.len() || j < debian.len() {
        if i < ours.len() && j < debian.len() && ours[i] == debian[j] {
            merged.push(said(None, ours[i]));
            (i, j) = (i + 1, j + 1);
        } else if j == debian.len() || (i < ours.len() && common[i + 1][j] >= common[i][j + 1]) {
            merged.push(said(Some(Subject::Ours.word()), ours[i]));
            i += 1;
        } else {
            merged.push(said(Some(Subject::Debian.word()), debian[j]));
            j += 1;
        }
    }
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str =
        "# Head.\n\nbecause @debian B\n    has no B\n\none\n    A\n    @debian B\n    C\n";

    #[test]
    fn a_record_is_read_and_printed_alike() {
        let record = Record::parse(TEXT).unwrap();
        assert_eq!(record.text(), TEXT);
        assert_eq!(record.expected("one", Subject::Ours).unwrap(), ["A", "C"]);
        assert_eq!(record.expected("one", Subject::Debian).unwrap(), ["A", "B", "C"]);
        assert_eq!(record.expected("two", Subject::Ours), None);
        assert_eq!(record.unjustified(), Vec::<String>::new());
        assert_eq!(Record::parse("one\n    @nobody A\n"), Err(2));
    }

    #[test]
    fn what_one_server_says_leaves_what_the_other_says() {
        let mut record = Record::parse(TEXT).unwrap();
        record.note("one", Subject::Ours, &["C".into(), "D".into()]);
        assert_eq!(record.expected("one", Subject::Ours).unwrap(), ["C", "D"]);
        assert_eq!(record.expected("one", Subject::Debian).unwrap(), ["A", "B", "C"]);
        assert_eq!(record.unjustified(), ["@debian A", "@ours D"]);
    }

    #[test]
    fn identifiers_are_those_of_lines_at_info_and_above() {
        let lines = [
            "2026-11-22 05:36:01.123 INFO  [kea-dhcp4.leases/17.17] DHCP4_LEASE_ALLOC [hwtype=1 …]",
            "2026-11-22 05:36:01.124 DEBUG [kea-dhcp4.packets/17.17] DHCP4_PACKET_SEND x",
            "2026-11-22 05:36:01.125 INFO  [kea-dhcp4.commands/17.17] COMMAND_RECEIVED Received command 'statistic-get'",
            "2026-11-22 05:36:01.126 WARN  [kea-dhcp4.bad-packets/17.17] DHCP4_BUFFER_RECEIVE_FAIL x",
            "Syntax check failed with: INFO",
        ];
        assert_eq!(identifiers(&lines.map(str::to_owned)), ["DHCP4_LEASE_ALLOC"]);
    }
}
