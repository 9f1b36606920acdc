//! The rules of the house that neither the compiler nor clippy checks.
//!
//! A justified exception is a line `RULE PATH REASON` in `crates/xtask/tidy-allow.txt`; one that is
//! no longer needed is a finding too.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::{floors, messages, sources};

/// Checks every tracked file.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let files = sources::tracked(root)?;
    let allowed = fs::read_to_string(root.join(ALLOW_LIST)).unwrap_or_default();
    let findings = apply_allow_list(check(root, &files), &allowed);
    for finding in &findings {
        println!("{}:{}: {}: {}", finding.path, finding.line, finding.rule, finding.why);
    }
    match findings.len() {
        0 => Ok(()),
        n => Err(format!("{n} findings")),
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Finding {
    rule: &'static str,
    path: String,
    line: usize,
    why: String,
}

fn check(root: &Path, files: &[String]) -> Vec<Finding> {
    let mut findings = missing_files(files);
    findings.extend(twins(files));
    findings.extend(silent_messages(root, files));
    for path in files {
        findings.extend(module_name(path));
        let Ok(text) = fs::read_to_string(root.join(path)) else { continue };
        findings.extend(foreign_words(path, &text));
        if path.ends_with(".rs") {
            findings.extend(rust_file(path, &text));
        }
        if let Some(name) = path.strip_prefix("crates/").and_then(|p| p.strip_suffix("/Cargo.toml"))
        {
            let wrong = floors::check(name, &text).into_iter();
            findings.extend(wrong.map(|(line, why)| finding("floors", path, line, why)));
        }
    }
    findings
}

fn finding(rule: &'static str, path: &str, line: usize, why: impl Into<String>) -> Finding {
    Finding { rule, path: path.to_owned(), line, why: why.into() }
}

fn missing_files(files: &[String]) -> Vec<Finding> {
    let missing = REQUIRED_FILES.iter().filter(|name| !files.iter().any(|file| file == *name));
    missing.map(|name| finding("required-file", name, 1, "is not there")).collect()
}

/// `lease4.rs` beside `lease6.rs`: what both families have is written once. The two protocol rooms,
/// `v4` and `v6`, are what differs.
fn twins(files: &[String]) -> Vec<Finding> {
    let names: BTreeSet<&str> = files.iter().map(String::as_str).collect();
    let twin_of = |path: &str| {
        let stem = path.strip_suffix("4.rs").filter(|stem| !stem.ends_with("/v"))?;
        names.get(format!("{stem}6.rs").as_str()).copied()
    };
    let pairs = files.iter().filter_map(|path| twin_of(path).map(|twin| (path, twin)));
    pairs.map(|(path, twin)| finding("twin", path, 1, format!("has a twin: {twin}"))).collect()
}

fn silent_messages(root: &Path, files: &[String]) -> Vec<Finding> {
    let Ok(list) = fs::read_to_string(root.join(messages::LIST)) else { return Vec::new() };
    let rust = files.iter().filter(|path| path.starts_with("crates/") && path.ends_with(".rs"));
    let read = |path: &String| Some((path.clone(), fs::read_to_string(root.join(path)).ok()?));
    let sources: Vec<(String, String)> = rust.filter_map(read).collect();
    let sources: Vec<_> = sources.iter().map(|(path, text)| (&**path, &**text)).collect();
    let wrong = messages::check(&sources, &list).into_iter();
    wrong.map(|(line, why)| finding("silent-message", messages::LIST, line, why)).collect()
}

fn module_name(path: &str) -> Option<Finding> {
    let rust = path.strip_suffix(".rs")?;
    let empty = rust.split('/').find(|part| EMPTY_NAMES.contains(part))?;
    Some(finding("module-name", path, 1, format!("'{empty}' names nothing")))
}

fn foreign_words(path: &str, text: &str) -> Vec<Finding> {
    // This file has to spell them.
    if path.starts_with("crates/xtask/") || path == "Cargo.lock" {
        return Vec::new();
    }
    let mut findings = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let word = FOREIGN_WORDS.iter().find(|word| line.contains(*word));
        if let Some(word) = word {
            findings.push(finding("foreign-word", path, i + 1, format!("'{word}'")));
        }
    }
    findings
}

fn rust_file(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let lines = text.lines().count();
    if lines > FILE_LINES {
        let why = format!("{lines} lines; more than {FILE_LINES} are two ideas");
        findings.push(finding("file-length", path, lines, why));
    }
    for function in sources::functions(text) {
        if function.len > FUNCTION_LINES {
            let why = format!("{} has {} lines", function.name, function.len);
            findings.push(finding("function-length", path, function.line, why));
        }
    }
    if is_crate_root(path) && !may_be_unsafe(path) && !text.contains("#![forbid(unsafe_code)]") {
        findings.push(finding("unsafe", path, 1, "#![forbid(unsafe_code)] is missing"));
    }
    if path == "crates/wire/src/lib.rs" {
        let absent = WIRE_LINTS.iter().filter(|lint| !text.contains(*lint));
        let why = |lint: &&str| format!("the lint {lint} is not switched on");
        findings.extend(absent.map(|lint| finding("wire-lints", path, 1, why(lint))));
    }
    if !path.starts_with("crates/xtask/") {
        for (i, line) in text.lines().enumerate() {
            if UNFINISHED.iter().any(|word| line.contains(word)) {
                findings.push(finding("unfinished", path, i + 1, line.trim()));
            }
        }
    }
    findings
}

fn is_crate_root(path: &str) -> bool {
    let root = path.ends_with("/src/lib.rs") || path.ends_with("/src/main.rs");
    path.starts_with("crates/") && (root || path.contains("/src/bin/"))
}

fn may_be_unsafe(path: &str) -> bool {
    UNSAFE_CRATES.iter().any(|name| path.starts_with(name))
}

fn apply_allow_list(findings: Vec<Finding>, allowed: &str) -> Vec<Finding> {
    let entries: Vec<(usize, &str, &str)> = allowed
        .lines()
        .enumerate()
        .filter(|(_, line)| !line.trim().is_empty() && !line.starts_with('#'))
        .filter_map(|(i, line)| {
            let mut words = line.split_whitespace();
            Some((i + 1, words.next()?, words.next()?)).filter(|_| words.next().is_some())
        })
        .collect();
    let covers = |entry: &(usize, &str, &str), f: &Finding| entry.1 == f.rule && entry.2 == f.path;
    let unused = entries.iter().filter(|entry| !findings.iter().any(|f| covers(entry, f)));
    let stale: Vec<Finding> = unused
        .map(|(line, rule, path)| {
            finding("allow-list", ALLOW_LIST, *line, format!("{rule} {path} is not needed"))
        })
        .collect();
    let kept = findings.into_iter().filter(|f| !entries.iter().any(|entry| covers(entry, f)));
    kept.chain(stale).collect()
}

const ALLOW_LIST: &str = "crates/xtask/tidy-allow.txt";
const FILE_LINES: usize = 800;
const FUNCTION_LINES: usize = 100;
const REQUIRED_FILES: &[&str] = &[
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "test.sh",
];
const EMPTY_NAMES: &[&str] =
    &["common", "helper", "helpers", "manager", "misc", "types", "util", "utils"];
const FOREIGN_WORDS: &[&str] =
    &["/work/", "/farm/", "farm-studio", "farm-bench", "subagent", "issue #", "/tmp/target"];
const UNFINISHED: &[&str] = &["todo!(", "unimplemented!(", "#[ignore", "FIXME", "XXX:", "HACK"];
const UNSAFE_CRATES: &[&str] = &["crates/net/", "crates/hooks/"];
const WIRE_LINTS: &[&str] =
    &["clippy::unwrap_used", "clippy::expect_used", "clippy::indexing_slicing", "clippy::panic"];

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(findings: &[Finding]) -> Vec<&str> {
        findings.iter().map(|f| f.rule).collect()
    }

    #[test]
    fn each_rule_finds_its_fault() {
        let long = "x\n".repeat(801);
        assert_eq!(rules(&rust_file("crates/dhcp/src/a.rs", &long)), ["file-length"]);
        let function = format!("fn f() {{\n{}}}\n", "    x();\n".repeat(99));
        assert_eq!(rules(&rust_file("crates/dhcp/src/a.rs", &function)), ["function-length"]);
        assert_eq!(rules(&rust_file("crates/dhcp/src/lib.rs", "")), ["unsafe"]);
        assert_eq!(rust_file("crates/net/src/lib.rs", ""), []);
        assert_eq!(rules(&rust_file("crates/a/src/b.rs", "    todo!()\n")), ["unfinished"]);
        let wire = rust_file("crates/wire/src/lib.rs", "#![forbid(unsafe_code)]\n");
        assert_eq!(rules(&wire), ["wire-lints"; 4]);
        assert_eq!(rules(&foreign_words("docs/a.md", "see /work/main\n")), ["foreign-word"]);
        assert!(module_name("crates/a/src/utils.rs").is_some());
        assert!(module_name("crates/a/src/misc/x.rs").is_some());
        assert!(module_name("crates/a/src/relay.rs").is_none());
    }

    #[test]
    fn twins_are_seen_and_rooms_are_not() {
        let files = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(twins(&files(&["a/lease4.rs", "a/lease6.rs"])).len(), 1);
        assert_eq!(twins(&files(&["a/v4.rs", "a/v6.rs", "b/dhcp4.rs"])), []);
    }

    #[test]
    fn an_exception_needs_a_reason_and_a_use() {
        let fault = || vec![finding("twin", "a4.rs", 1, "")];
        assert_eq!(apply_allow_list(fault(), "twin a4.rs the formats share nothing\n"), []);
        assert_eq!(rules(&apply_allow_list(fault(), "twin a4.rs\n")), ["twin"]);
        assert_eq!(rules(&apply_allow_list(Vec::new(), "twin b4.rs reason\n")), ["allow-list"]);
    }
}
