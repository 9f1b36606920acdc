//! The configurations that a text copy of the manual prints, beside those that are checked in.
//!
//! The manual is not part of the project. What is kept of it are the configurations themselves, without
//! their remarks and with what is left out as `...` taken away, in `crates/testkit/configs/manual`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use lexopt::prelude::*;

/// Reports the examples of the chapters in a folder that are not checked in. With `--write`, adds them as
/// accepted ones: the tests say which of them are not.
pub(crate) fn run(root: &Path, mut arguments: lexopt::Parser) -> Result<(), String> {
    let (mut folder, mut write) = (None, false);
    while let Some(argument) = arguments.next().map_err(|e| e.to_string())? {
        match argument {
            Long("write") => write = true,
            Value(value) if folder.is_none() => folder = Some(PathBuf::from(value)),
            other => return Err(other.unexpected().to_string()),
        }
    }
    let folder = folder.ok_or("which folder holds the chapters of the manual?")?;
    let checked_in = root.join("crates/testkit/configs/manual");
    let mut known: BTreeSet<String> = BTreeSet::new();
    for file in files(&checked_in, "cases").unwrap_or_default() {
        known.extend(bodies(&read(&file)?).iter().map(|body| essence(body)));
    }
    let (mut total, mut new) = (0, 0);
    for file in files(&folder, "txt")? {
        let chapter = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let mut added = String::new();
        for example in examples(&without_line_numbers(&read(&file)?)) {
            total += 1;
            if known.insert(essence(&example.text)) {
                new += 1;
                let title = format!("{}, example {}", example.server, example.number);
                added += &format!("accepted {title}\n\n{}\n", example.text);
                println!("{chapter}: {title} is not checked in");
            }
        }
        if write && !added.is_empty() {
            let path = checked_in.join(chapter).with_extension("cases");
            let before = if path.exists() { read(&path)? } else { String::new() };
            fs::create_dir_all(&checked_in).map_err(|e| e.to_string())?;
            fs::write(&path, before + &added).map_err(|e| format!("{}: {e}", path.display()))?;
        }
    }
    println!("{total} examples, {new} of them not checked in");
    if new == 0 || write { Ok(()) } else { Err("add them with --write".into()) }
}

struct Example {
    server: &'static str,
    /// Counted per chapter and server.
    number: usize,
    /// Indented for a file of cases.
    text: String,
}

/// The objects that configure a server of the project.
const SERVERS: [&str; 3] = ["Dhcp4", "Dhcp6", "Control-agent"];

fn examples(text: &str) -> Vec<Example> {
    let mut found = Vec::new();
    for server in SERVERS {
        let name = format!("\"{server}\"");
        let mut number = 0;
        let mut at = 0;
        while let Some(start) = text[at..].find(&name).map(|offset| at + offset) {
            let after = start + name.len();
            at = after;
            let Some(object) = opening_brace(&text[after..]).map(|offset| after + offset) else {
                continue;
            };
            number += 1;
            // What the manual breaks off in the middle is no configuration.
            let Some(end) = closing(&text[object..]).map(|length| object + length) else {
                continue;
            };
            at = end;
            let members = written_out(&text[object..end]);
            found.push(Example {
                server,
                number,
                text: indented(&format!("{{\n{name}: {members}\n}}\n")),
            });
        }
    }
    found
}

/// The offset of the brace in ` : {`.
fn opening_brace(text: &str) -> Option<usize> {
    let rest = text.trim_start().strip_prefix(':')?.trim_start();
    rest.starts_with('{').then(|| text.len() - rest.len())
}

/// A piece of a configuration's text.
enum Piece<'t> {
    Text(&'t str),
    Remark,
    Ellipsis,
    Other(char),
}

/// The first piece and its length; `None` where a string does not end in its line.
fn piece(text: &str) -> Option<(Piece<'_>, usize)> {
    let first = text.chars().next()?;
    if first == '"' {
        let mut escaped = false;
        for (at, c) in text.char_indices().skip(1) {
            match c {
                '\n' => return None,
                '"' if !escaped => return Some((Piece::Text(&text[..=at]), at + 1)),
                _ => escaped = c == '\\' && !escaped,
            }
        }
        return None;
    }
    if first == '#' || text.starts_with("//") {
        return Some((Piece::Remark, text.find('\n').unwrap_or(text.len())));
    }
    if text.starts_with("/*") {
        return Some((Piece::Remark, text.find("*/")? + 2));
    }
    if text.starts_with("...") {
        let rest = text.trim_start_matches('.');
        return Some((Piece::Ellipsis, text.len() - rest.len()));
    }
    Some((Piece::Other(first), first.len_utf8()))
}

/// The length of the map or list at the beginning, up to its closing bracket.
fn closing(text: &str) -> Option<usize> {
    let (mut at, mut depth) = (0, 0u32);
    loop {
        let (piece, length) = piece(&text[at..])?;
        at += length;
        match piece {
            Piece::Other('{' | '[') => depth += 1,
            Piece::Other('}' | ']') => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
}

/// The text without remarks and without what stands for something left out.
fn written_out(text: &str) -> String {
    let (mut at, mut out) = (0, String::new());
    while let Some((piece, length)) = piece(&text[at..]) {
        at += length;
        let bare = out.trim_end();
        match piece {
            Piece::Remark | Piece::Ellipsis => {}
            Piece::Text(text) => out += text,
            // The comma of what was left out.
            Piece::Other(',') if bare.ends_with(['{', '[', ',']) => {}
            Piece::Other(c @ ('}' | ']')) if bare.ends_with(',') => {
                out.truncate(bare.len() - 1);
                out.push('\n');
                out.push(c);
            }
            Piece::Other(c) => out.push(c),
        }
    }
    out
}

/// Each line as deep as it belongs, within a case.
fn indented(text: &str) -> String {
    let mut depth = 0usize;
    let mut out = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (mut at, mut opened, mut closed_first) = (0, 0usize, 0usize);
        while let Some((piece, length)) = piece(&line[at..]) {
            at += length;
            match piece {
                Piece::Other('{' | '[') => opened += 1,
                Piece::Other('}' | ']') if opened > 0 => opened -= 1,
                Piece::Other('}' | ']') => closed_first += 1,
                _ => {}
            }
        }
        depth = depth.saturating_sub(closed_first);
        out += &format!("{:1$}{line}\n", "", 4 + 2 * depth);
        depth += opened;
    }
    out
}

/// What two spellings of one configuration have in common.
fn essence(text: &str) -> String {
    text.split_whitespace().collect()
}

/// The indented parts of a file of cases.
fn bodies(cases: &str) -> Vec<String> {
    let mut bodies: Vec<String> = vec![];
    for line in cases.lines() {
        match bodies.last_mut() {
            Some(body) if line.starts_with("    ") => *body += line,
            _ if line.starts_with("accepted ") || line.starts_with("refused ") => {
                bodies.push(String::new());
            }
            _ => {}
        }
    }
    bodies
}

/// Printed listings number their lines; a line with the next number loses it.
fn without_line_numbers(text: &str) -> String {
    let mut expected = 1usize;
    let mut out = String::new();
    for line in text.lines() {
        let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let (number, rest) = line.split_at(digits);
        match number.parse::<usize>() {
            Ok(number) if number == expected => {
                expected += 1;
                out += rest;
            }
            Ok(1) => {
                expected = 2;
                out += rest;
            }
            _ => out += line,
        }
        out.push('\n');
    }
    out
}

fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    let mut files = Vec::new();
    for path in entries.filter_map(Result::ok).map(|entry| entry.path()) {
        if path.is_dir() {
            files.extend(self::files(&path, extension)?);
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_are_taken_out_of_their_text() {
        let chapter = "Some words.\n1{\n2\"Dhcp4\": { // remark\n3\"a\": 1,\n4...\n5}\n6}\nMore.\n\
            \"Dhcp4\": {\n\"b\": [ { ... }, \"...\" ],\n# remark }\n...\n}\n\"Dhcp4\": { broken\n";
        let found = examples(&without_line_numbers(chapter));
        let texts: Vec<_> = found.iter().map(|example| essence(&example.text)).collect();
        assert_eq!(texts, [r#"{"Dhcp4":{"a":1}}"#, r#"{"Dhcp4":{"b":[{},"..."]}}"#]);
        assert_eq!(
            found[1].text,
            "    {\n      \"Dhcp4\": {\n        \"b\": [ {  }, \"...\" ]\n      }\n    }\n"
        );
        let case = format!("accepted Dhcp4, example 2\n\n{}\n", found[1].text);
        assert_eq!(bodies(&case).iter().map(|b| essence(b)).collect::<Vec<_>>(), texts[1..]);
    }
}
