//! What the tests of configurations share.
#![allow(dead_code)] // each test program uses a part

pub(crate) mod large;

use std::sync::Arc;

use kea_config::document::NoIncludes;
use kea_config::snapshot::Dialect;
use kea_config::{Diagnostics, Document, Severity, Snapshot, load};

pub(crate) fn loaded<F: Dialect>(text: &str) -> Result<(Snapshot<F>, Diagnostics), Diagnostics> {
    let (document, _) = Document::parse("kea.conf", text.as_bytes(), &NoIncludes)?;
    load(&Arc::new(document))
}

pub(crate) fn snapshot<F: Dialect>(text: &str) -> Snapshot<F> {
    loaded(text).map_or_else(|problems| panic!("{problems}"), |(snapshot, _)| snapshot)
}

pub(crate) fn errors<F: Dialect>(text: &str) -> Vec<String> {
    let problems = loaded::<F>(text).err().unwrap_or_else(|| panic!("accepted: {text}"));
    lines(&problems, Severity::Error)
}

pub(crate) fn warnings<F: Dialect>(text: &str) -> Vec<String> {
    let (_, problems) = loaded::<F>(text).unwrap_or_else(|problems| panic!("{problems}"));
    lines(&problems, Severity::Warning)
}

fn lines(problems: &Diagnostics, severity: Severity) -> Vec<String> {
    let wanted = problems.iter().filter(|problem| problem.severity == severity);
    wanted.map(|problem| problems.one_line(problem)).collect()
}
