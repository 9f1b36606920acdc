//! Severities and loggers of what a server logs, against the catalogue. What Debian's Kea logs is compared in the
//! same way, so that the catalogue's are Kea's.

use std::collections::BTreeSet;

use kea_log::find_message;
use kea_testkit::LogLine;

/// Messages of Kea that the catalogue does not have, by the beginning of their identifiers.
const FOREIGN: &[&str] = &[
    // The library for BOOTP, which is part of the server here.
    "BOOTP_",
    // Not in the manual of later releases.
    "CTRL_AGENT_STARTED",
    "HTTP_SERVER_RESPONSE_SEND_DETAILS",
];

/// Messages with other grades than in Kea 2.2.
const REGRADED: &[&str] = &[
    // One identifier at several places of Kea: INFO where an expression is true, and what it costs depends on
    // the packets that come.
    "EVAL_RESULT",
];

/// What is not as in the catalogue.
pub(crate) fn unlike_catalogue(lines: &[String]) -> BTreeSet<String> {
    lines.iter().filter_map(|line| LogLine::parse(line)).filter_map(|line| unlike(&line)).collect()
}

fn unlike(line: &LogLine<'_>) -> Option<String> {
    let id = line.identifier;
    let Some(message) = find_message(id) else {
        let is_foreign = FOREIGN.iter().any(|start| id.starts_with(start));
        return (!is_foreign).then(|| format!("{id} is not in the catalogue: {line:?}"));
    };
    let expected = (message.severity.name(), message.component.name());
    let found = (line.severity, line.component());
    (expected != found && !REGRADED.contains(&id))
        .then(|| format!("{id} is {found:?}, in the catalogue {expected:?}"))
}
