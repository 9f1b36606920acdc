//! Configurations and what becomes of them, as data. The form of the files is in the README of `configs`.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::subject::Subject;

/// A configuration and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The file's topic and the title.
    pub name: String,
    /// Our verdict.
    pub accepted: bool,
    /// Kea 2.2's verdict where it differs on purpose.
    pub kea: Option<bool>,
    /// What our refusal says.
    pub because: Option<String>,
    /// The members of the server's map, or a whole file.
    pub body: String,
}

impl Case {
    /// The cases of all files of a folder inside `configs`, in the order of the files' names.
    ///
    /// # Errors
    /// A file cannot be read, or is not in the form.
    pub fn of_folder(name: &str) -> io::Result<Vec<Case>> {
        let folder = Case::folder().join(name);
        let mut files: Vec<PathBuf> = fs::read_dir(&folder)?
            .map(|entry| entry.map(|entry| entry.path()))
            .collect::<io::Result<_>>()?;
        files.sort();
        let mut cases = Vec::new();
        for file in files.iter().filter(|file| file.extension().is_some_and(|e| e == "cases")) {
            let topic = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            let text = fs::read_to_string(file)?;
            let parsed = parse(&topic, &text);
            cases.extend(parsed.map_err(|line| malformed(file, line))?);
        }
        Ok(cases)
    }

    /// The cases of `kea-dhcp4` (`version` 4) or `kea-dhcp6` (6): those of both servers, then its own.
    ///
    /// # Errors
    /// As [`Self::of_folder`].
    pub fn of_server(version: u8) -> io::Result<Vec<Case>> {
        let mut cases = Case::of_folder("both")?;
        for case in &mut cases {
            case.body = of_protocol(version, &case.body);
        }
        cases.extend(Case::of_folder(&format!("dhcp{version}"))?);
        Ok(cases)
    }

    /// Where the cases are.
    pub fn folder() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("configs")
    }

    /// True when the body is a file, not the members of a server's map.
    pub fn is_whole_file(&self) -> bool {
        self.body.trim_start().starts_with(['{', '<'])
    }

    /// The configuration file of `kea-dhcp4` (`version` 4) or `kea-dhcp6` (6).
    pub fn text(&self, version: u8) -> String {
        if self.is_whole_file() {
            return self.body.clone();
        }
        format!("{{ \"Dhcp{version}\": {{\n{}\n}} }}\n", self.body)
    }

    /// What `subject` says to it.
    pub fn verdict(&self, subject: Subject) -> bool {
        match subject {
            Subject::Ours => self.accepted,
            Subject::Debian => self.kea.unwrap_or(self.accepted),
        }
    }
}

/// Fills in what a text for both protocols leaves open.
fn of_protocol(version: u8, text: &str) -> String {
    let number = version.to_string();
    let [prefix, pool, address] = match version {
        4 => ["192.0.2.0/24", "192.0.2.10 - 192.0.2.20", "192.0.2.9"],
        _ => ["2001:db8::/64", "2001:db8::10 - 2001:db8::20", "2001:db8::9"],
    };
    let words = [("@", &*number), ("PREFIX", prefix), ("POOL", pool), ("ADDRESS", address)];
    words.into_iter().fold(text.to_owned(), |text, (word, meaning)| text.replace(word, meaning))
}

fn malformed(file: &Path, line: usize) -> io::Error {
    io::Error::other(format!("{}:{line}: not in the form of a case", file.display()))
}

/// # Errors
/// The number of the line that is not in the form.
fn parse(topic: &str, text: &str) -> Result<Vec<Case>, usize> {
    let verdict = |word: &str| match word {
        "accepted" => Some(true),
        "refused" => Some(false),
        _ => None,
    };
    let mut cases: Vec<Case> = Vec::new();
    for (number, line) in (1usize..).zip(text.lines()) {
        if line.is_empty() || line.starts_with("    ") {
            if let Some(case) = cases.last_mut() {
                case.body += line;
                case.body.push('\n');
            }
            continue;
        }
        let (word, rest) = line.split_once(' ').ok_or(number)?;
        match (word, cases.last_mut()) {
            ("kea-2.2", Some(case)) => {
                let (word, reason) = rest.split_once(": ").ok_or(number)?;
                let other = verdict(word).filter(|kea| !reason.is_empty() && *kea != case.accepted);
                case.kea = Some(other.ok_or(number)?);
            }
            ("because", Some(case)) if !case.accepted => case.because = Some(rest.to_owned()),
            _ => cases.push(Case {
                name: format!("{topic}: {rest}"),
                accepted: verdict(word).ok_or(number)?,
                kea: None,
                because: None,
                body: String::new(),
            }),
        }
    }
    Ok(cases)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_cases_is_read() {
        let text = "accepted One\nkea-2.2 refused: it is older\n    \"a\": 1\n\nrefused Two\n\
            because there is no b\n    { \"b\": 2 }\n";
        let cases = parse("topic", text).unwrap();
        assert_eq!((&*cases[0].name, cases[0].accepted), ("topic: One", true));
        assert_eq!(
            [Subject::Ours, Subject::Debian].map(|subject| cases[0].verdict(subject)),
            [true, false]
        );
        assert_eq!(cases[0].text(6), "{ \"Dhcp6\": {\n    \"a\": 1\n\n\n} }\n");
        assert_eq!(cases[1].because.as_deref(), Some("there is no b"));
        assert!(cases[1].is_whole_file() && cases[1].text(4).starts_with("    { \"b\""));
    }

    #[test]
    fn a_difference_needs_a_reason_and_a_refusal_can_have_one() {
        for (text, line) in [
            ("maybe One\n", 1),
            ("accepted One\nkea-2.2 accepted: the same\n", 2),
            ("accepted One\nkea-2.2 refused: \n", 2),
            ("accepted One\nbecause it is\n", 2),
        ] {
            assert_eq!(parse("topic", text), Err(line), "{text}");
        }
    }
}
