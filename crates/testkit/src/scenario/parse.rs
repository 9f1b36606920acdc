//! The text of a scenario as steps.

use std::fmt;

use serde_json::Value;

/// A scenario file.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What it shows, in one line.
    pub title: String,
    /// The RFC section or the manual's chapter it follows.
    pub source: String,
    /// `ours` or `debian` when the other subject cannot play it at all.
    pub only: Option<String>,
    /// What happens, in order.
    pub steps: Vec<Step>,
}

/// One step and its details.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// Its line in the file, from 1.
    pub line: usize,
    /// `ours` or `debian` when it is for one subject only.
    pub only: Option<String>,
    /// What to do.
    pub kind: StepKind,
    /// The indented lines.
    pub details: Vec<Detail>,
}

/// What a step does.
#[derive(Clone, Debug, PartialEq)]
pub enum StepKind {
    /// Start with this configuration, or replace the running one.
    Config(Value),
    /// The configuration just given must be refused, with this text in the log.
    Refused(String),
    /// Name a client.
    Client(Vec<String>),
    /// Send a message of this kind as this client.
    Send {
        /// `discover`, or a number.
        kind: String,
        /// The client's name.
        client: String,
    },
    /// An answer of this kind comes, or `none`.
    Expect(String),
    /// The client gets this address by DISCOVER and REQUEST.
    Lease {
        /// The client's name.
        client: String,
        /// The address, or `any`.
        address: String,
    },
    /// The clock moves.
    Advance(u32),
    /// A row for this address is (or is not) in the lease file.
    ExpectLease {
        /// The address.
        address: String,
        /// False for `expect no lease`.
        present: bool,
    },
    /// A statistic has this value.
    ExpectStatistic {
        /// Its name.
        name: String,
        /// Its newest value, or `absent`.
        value: String,
    },
    /// A message identifier was (or was not) logged since the last action.
    ExpectLog {
        /// The identifier.
        identifier: String,
        /// False for `expect no log`.
        present: bool,
    },
    /// A command of the management API; the next steps may look at its answer.
    Command(Value),
    /// The last command's result code, and a part of its text.
    ExpectResult {
        /// The code.
        result: i64,
        /// Text that the answer contains.
        text: String,
    },
    /// The last command's arguments have this value at this JSON pointer.
    ExpectArgument {
        /// A JSON pointer, `/leases/0/ip-address`.
        pointer: String,
        /// The value, or null for absence.
        value: Value,
    },
    /// The server is killed and started again.
    Restart,
}

/// An indented line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Detail {
    /// Its line in the file, from 1.
    pub line: usize,
    /// `ours` or `debian` when it is for one subject only.
    pub only: Option<String>,
    /// The line without indentation.
    pub text: String,
}

/// Where a scenario's text is wrong, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The line, from 1.
    pub line: usize,
    /// Why.
    pub why: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for ParseError {}

impl Scenario {
    /// Reads a scenario.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let mut scenario =
            Scenario { title: String::new(), source: String::new(), only: None, steps: Vec::new() };
        for block in blocks(text) {
            let (only, head) = subject_of(&block.head);
            let error = |why: String| ParseError { line: block.line, why };
            if let Some(title) = head.strip_prefix("title ") {
                scenario.title = title.trim().to_owned();
            } else if let Some(source) = head.strip_prefix("source ") {
                scenario.source = source.trim().to_owned();
            } else if let Some(subject) = head.strip_prefix("subject ") {
                scenario.only = Some(subject.trim().to_owned());
            } else {
                let (kind, takes_details) = step_kind(head, &block).map_err(error)?;
                let details = if takes_details { block.details } else { Vec::new() };
                scenario.steps.push(Step { line: block.line, only, kind, details });
            }
        }
        if scenario.title.is_empty() || scenario.steps.is_empty() {
            return Err(ParseError { line: 1, why: "a scenario has a title and steps".to_owned() });
        }
        Ok(scenario)
    }
}

struct Block {
    line: usize,
    head: String,
    details: Vec<Detail>,
}

fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    for (i, raw) in text.lines().enumerate() {
        let line = i + 1;
        let trimmed = raw.trim();
        if trimmed.is_empty() || trimmed.starts_with('#') {
            continue;
        }
        match blocks.last_mut().filter(|_| raw.starts_with([' ', '\t'])) {
            Some(block) => {
                let (only, text) = subject_of(trimmed);
                block.details.push(Detail { line, only, text: text.to_owned() });
            }
            None => blocks.push(Block { line, head: trimmed.to_owned(), details: Vec::new() }),
        }
    }
    blocks
}

/// Splits `@ours rest` into the subject and the rest.
fn subject_of(text: &str) -> (Option<String>, &str) {
    match text.strip_prefix('@').and_then(|rest| rest.split_once(' ')) {
        Some((subject, rest)) => (Some(subject.to_owned()), rest.trim()),
        None => (None, text),
    }
}

/// The step of a head line, and whether indented lines are its details (and not its JSON).
fn step_kind(head: &str, block: &Block) -> Result<(StepKind, bool), String> {
    let words: Vec<&str> = head.split_whitespace().collect();
    let own = |word: &str| word.to_owned();
    let kind = match words.as_slice() {
        ["config"] => return json_of("", block).map(|v| (StepKind::Config(v), false)),
        ["command", ..] => {
            let inline = head.strip_prefix("command").unwrap_or_default();
            return json_of(inline, block).map(|v| (StepKind::Command(v), false));
        }
        ["refused", ..] => StepKind::Refused(rest_of(head, 1)),
        ["client", description @ ..] => {
            StepKind::Client(description.iter().map(|word| own(word)).collect())
        }
        ["send", kind, client] => StepKind::Send { kind: own(kind), client: own(client) },
        ["lease", client, address] => {
            StepKind::Lease { client: own(client), address: own(address) }
        }
        ["advance", seconds] => {
            let seconds = seconds.parse().map_err(|_| "seconds are a number".to_owned())?;
            StepKind::Advance(seconds)
        }
        ["restart"] => StepKind::Restart,
        ["expect", expectation @ ..] => expectation_of(expectation, head)?,
        _ => return Err(format!("no such step: {head}")),
    };
    Ok((kind, true))
}

fn expectation_of(words: &[&str], head: &str) -> Result<StepKind, String> {
    let own = |word: &str| word.to_owned();
    Ok(match words {
        ["lease", address] => StepKind::ExpectLease { address: own(address), present: true },
        ["no", "lease", address] => StepKind::ExpectLease { address: own(address), present: false },
        ["log", identifier] => StepKind::ExpectLog { identifier: own(identifier), present: true },
        ["no", "log", id] => StepKind::ExpectLog { identifier: own(id), present: false },
        ["statistic", name, "=", value] => {
            StepKind::ExpectStatistic { name: own(name), value: own(value) }
        }
        ["result", code, ..] => {
            let result = code.parse().map_err(|_| "a result is a number".to_owned())?;
            StepKind::ExpectResult { result, text: rest_of(head, 3) }
        }
        ["argument", pointer, "=", ..] => {
            let value = serde_json::from_str(&rest_of(head, 4)).map_err(|e| e.to_string())?;
            StepKind::ExpectArgument { pointer: own(pointer), value }
        }
        [kind] => StepKind::Expect(own(kind)),
        _ => return Err(format!("no such expectation: {head}")),
    })
}

/// The line after its first `count` words.
fn rest_of(line: &str, count: usize) -> String {
    let rest = (0..count).fold(line.trim(), |rest, _| {
        rest.split_once(char::is_whitespace).map_or("", |(_, rest)| rest.trim_start())
    });
    rest.to_owned()
}

fn json_of(inline: &str, block: &Block) -> Result<Value, String> {
    let lines: Vec<&str> = block.details.iter().map(|detail| detail.text.as_str()).collect();
    let text = format!("{inline}\n{}", lines.join("\n"));
    serde_json::from_str(&text).map_err(|e| format!("JSON: {e}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_have_their_details() {
        let text = concat!(
            "title  An offer\nsource RFC 2131\n\nconfig\n    { \"valid-lifetime\": 60,\n",
            "      \"subnet4\": [] }\n# a remark\nsend discover A\n    option 55 = 1,3\n",
            "@ours expect offer\n    @debian yiaddr 10.0.0.1\nexpect no lease 10.0.0.1\n",
            "command { \"command\": \"status-get\" }\nexpect result 0 all is well\n",
        );
        let scenario = Scenario::parse(text).unwrap();
        assert_eq!((scenario.title.as_str(), scenario.source.as_str()), ("An offer", "RFC 2131"));
        let StepKind::Config(config) = &scenario.steps[0].kind else { panic!("no config") };
        assert_eq!(config["valid-lifetime"], 60);
        assert_eq!(scenario.steps[1].line, 8);
        assert_eq!(scenario.steps[1].details[0].text, "option 55 = 1,3");
        assert_eq!(scenario.steps[2].only.as_deref(), Some("ours"));
        assert_eq!(scenario.steps[2].details[0].only.as_deref(), Some("debian"));
        let none = StepKind::ExpectLease { address: "10.0.0.1".to_owned(), present: false };
        assert_eq!(scenario.steps[3].kind, none);
        let result = StepKind::ExpectResult { result: 0, text: "all is well".to_owned() };
        assert_eq!(scenario.steps[5].kind, result);
    }

    #[test]
    fn mistakes_have_their_line() {
        let wrong = Scenario::parse("title x\n\nfetch A\n").unwrap_err();
        assert_eq!(wrong, ParseError { line: 3, why: "no such step: fetch A".to_owned() });
        let json = Scenario::parse("title x\nconfig\n  { \"a\" 1 }\n").unwrap_err();
        assert_eq!(json.line, 2);
        assert!(Scenario::parse("# nothing\n").is_err());
    }
}
