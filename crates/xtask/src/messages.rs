//! Which messages of the catalogue no code emits.
//!
//! `crates/log/not-emitted.txt` lists them under the reason why: a reason in the first column, the
//! identifiers indented below it. A silent message that is not listed is a finding, and so is one
//! that is listed and emitted, or listed and unknown.

use std::collections::{BTreeMap, BTreeSet};

/// The list.
pub(crate) const LIST: &str = "crates/log/not-emitted.txt";

/// What is wrong with the list, by line of it; `sources` are the Rust files by path.
pub(crate) fn check(sources: &[(&str, &str)], list: &str) -> Vec<(usize, String)> {
    let (ids, pairs) = catalogue(sources);
    let emitted = emitted(sources, &pairs);
    let mut listed = BTreeSet::new();
    let mut findings = Vec::new();
    let mut has_reason = false;
    for (at, line) in list.lines().enumerate() {
        let Some(id) = line.strip_prefix("    ") else {
            has_reason |= !line.is_empty() && !line.starts_with('#');
            continue;
        };
        let why = match (ids.contains(id), emitted.contains(id)) {
            (false, _) => format!("{id} is not in the catalogue"),
            (true, true) => format!("{id} is emitted: take it off the list"),
            (true, false) if !has_reason => format!("{id} has no reason above it"),
            (true, false) if !listed.insert(id) => format!("{id} is listed twice"),
            (true, false) => continue,
        };
        findings.push((at + 1, why));
    }
    let silent = ids.iter().filter(|id| !emitted.contains(**id) && !listed.contains(*id));
    findings.extend(silent.map(|id| (1, format!("{id} is emitted nowhere, and not listed"))));
    findings
}

/// The identifiers of all tables, and the names of those that are pairs.
fn catalogue<'s>(
    sources: &[(&str, &'s str)],
) -> (BTreeSet<&'s str>, BTreeMap<&'s str, [&'s str; 2]>) {
    let mut ids = BTreeSet::new();
    let mut pairs = BTreeMap::new();
    let tables = sources.iter().filter(|(path, _)| path.starts_with(CATALOGUE));
    for line in tables.flat_map(|(_, text)| text.lines()) {
        // A row begins `ID:` or `PAIR = ID4, ID6:`.
        let Some((row, _)) = line.trim_start().split_once(':') else { continue };
        let names: Vec<&str> = row.split([' ', '=', ',']).filter(|word| !word.is_empty()).collect();
        if !names.iter().all(|name| is_identifier(name)) {
            continue;
        }
        match names.as_slice() {
            [id] => drop(ids.insert(*id)),
            [pair, v4, v6] => {
                ids.extend([*v4, *v6]);
                pairs.insert(*pair, [*v4, *v6]);
            }
            _ => {}
        }
    }
    (ids, pairs)
}

/// What the code outside of tests names, pairs taken apart.
fn emitted<'s>(
    sources: &[(&str, &'s str)],
    pairs: &BTreeMap<&'s str, [&'s str; 2]>,
) -> BTreeSet<&'s str> {
    let mut names = BTreeSet::new();
    for (path, text) in sources.iter().filter(|(path, _)| is_product(path)) {
        let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
        let is_name_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
        for word in text.split(|c| !is_name_part(c)).filter(|word| is_identifier(word)) {
            names.insert(word);
        }
        // A pair that a `use` brings in is named without its module.
        if text.contains("twin") && !path.starts_with(CATALOGUE) {
            for (pair, both) in pairs {
                if text.contains(&format!("twin::{pair}."))
                    || text.contains(&format!(" {pair}.of("))
                {
                    names.extend(both);
                }
            }
        }
    }
    names
}

fn is_product(path: &str) -> bool {
    let is_source = path.starts_with("crates/") && path.contains("/src/");
    let aside = ["crates/sim/", "crates/testkit/", "crates/xtask/", CATALOGUE];
    let is_test = path.ends_with("tests.rs") || path.contains("/tests/");
    is_source && !is_test && !aside.iter().any(|prefix| path.starts_with(prefix))
}

fn is_identifier(word: &str) -> bool {
    let may_stand = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    word.len() > 3
        && word.starts_with(|c: char| c.is_ascii_uppercase())
        && word.chars().all(may_stand)
}

const CATALOGUE: &str = "crates/log/src/catalogue/";

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: &[(&str, &str)] = &[
        (
            "crates/log/src/catalogue/a.rs",
            "    [Info] Dhcp4 {\n        LONE_SAID: \"x\";\n        LONE_SILENT:\n            \"x\";\n\
             \x20       PAIR = PAIR4_SAID, PAIR6_SAID:\n            \"x\";\n    }\n",
        ),
        (
            "crates/dhcp/src/b.rs",
            "log!(l, LONE_SAID); log!(l, (twin::PAIR.of(4)));\n#[cfg(test)]\nmod tests {\nLONE_SILENT",
        ),
        ("crates/dhcp/src/b_tests.rs", "LONE_SILENT"),
    ];

    #[test]
    fn a_silent_message_is_listed_under_a_reason() {
        assert_eq!(check(SOURCES, "not built\n    LONE_SILENT\n"), []);
        let missing = "LONE_SILENT is emitted nowhere, and not listed";
        assert_eq!(check(SOURCES, "# Head\n"), [(1, missing.to_owned())]);
        let reason = "LONE_SILENT has no reason above it";
        assert_eq!(check(SOURCES, "    LONE_SILENT\n")[0], (1, reason.to_owned()));
    }

    #[test]
    fn what_is_emitted_or_unknown_is_not_listed() {
        let list = "why\n    LONE_SILENT\n    PAIR6_SAID\n    GONE\n";
        let expected = [
            (3, "PAIR6_SAID is emitted: take it off the list".to_owned()),
            (4, "GONE is not in the catalogue".to_owned()),
        ];
        assert_eq!(check(SOURCES, list), expected);
    }
}
