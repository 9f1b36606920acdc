//! The configuration file on its way into the process.

use std::path::Path;
use std::sync::Arc;

use kea_config::Diagnostics;
use kea_config::document::Document;
use kea_config::snapshot::{Dialect, LogOutput, Logger, Snapshot};
use kea_log::{LoggerConfig, OutputConfig};

use crate::privileges::Confinement;

/// A configuration without errors.
pub(crate) struct Loaded<F: Dialect> {
    pub(crate) snapshot: Snapshot<F>,
    diagnostics: Diagnostics,
}

impl<F: Dialect> Loaded<F> {
    /// What is odd but accepted, one line each.
    pub(crate) fn warning_lines(&self) -> impl Iterator<Item = String> + '_ {
        self.diagnostics.iter().map(|warning| self.diagnostics.one_line(warning))
    }

    /// The same with excerpts; empty when there is nothing to say.
    pub(crate) fn warnings(&self) -> String {
        if self.diagnostics.is_empty() { String::new() } else { self.diagnostics.render() }
    }
}

/// Reads and checks a configuration file.
///
/// # Errors
/// All problems, each with its place, an excerpt and advice, as text for a terminal.
pub(crate) fn load<F: Dialect>(file: &Path, confinement: Confinement) -> Result<Loaded<F>, String> {
    let document = Document::load(&file.to_string_lossy(), &confinement);
    let (document, warnings) = document.map_err(|problems| problems.render())?;
    check(&Arc::new(document), warnings)
}

/// Checks a document; `diagnostics` are those of its text.
///
/// # Errors
/// As [`load`].
pub(crate) fn check<F: Dialect>(
    document: &Arc<Document>,
    mut diagnostics: Diagnostics,
) -> Result<Loaded<F>, String> {
    match kea_config::load::<F>(document) {
        Ok((snapshot, more)) => {
            diagnostics.append(more);
            Ok(Loaded { snapshot, diagnostics })
        }
        Err(problems) => {
            diagnostics.append(problems);
            Err(diagnostics.render())
        }
    }
}

/// The first problem and its place: what a log message has room for.
pub(crate) fn first_line(problems: &str) -> String {
    let mut lines = problems.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or("");
    let first = first.strip_prefix("error: ").unwrap_or(first);
    match lines.next().and_then(|line| line.strip_prefix("--> ")) {
        Some(place) => format!("{first} ({place})"),
        None => first.to_owned(),
    }
}

/// `DHCP4_CONFIG_COMPLETE` in one line.
pub(crate) fn summary<F: Dialect>(config: &Snapshot<F>) -> String {
    let ddns = if config.dhcp_ddns.enable_updates { "enabled" } else { "disabled" };
    format!("IPv{} subnets: {}; DDNS: {ddns}", F::VERSION, config.subnets().len())
}

/// `loggers` as the logging system takes them.
pub(crate) fn loggers<F: Dialect>(config: &Snapshot<F>) -> Vec<LoggerConfig> {
    config.loggers.iter().map(logger).collect()
}

fn logger(logger: &Logger) -> LoggerConfig {
    LoggerConfig {
        name: logger.name.to_string(),
        severity: logger.severity.as_ref().map(ToString::to_string),
        debuglevel: Some(logger.debug_level),
        outputs: logger.outputs.iter().map(output).collect(),
    }
}

fn output(output: &LogOutput) -> OutputConfig {
    OutputConfig {
        output: output.output.to_string(),
        flush: output.flush,
        maxsize: output.max_size,
        maxver: output.max_version,
        pattern: output.pattern.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_problem_is_told_with_its_place() {
        let text = b"{ \"Dhcp4\": {\n  \"valid-lifetime\": \"60\" } }";
        let sources = kea_config::document::NoIncludes;
        let (document, warnings) = Document::parse("kea.conf", text, &sources).unwrap();
        let problems = check::<kea_wire::V4>(&Arc::new(document), warnings).err().unwrap();
        assert_eq!(
            first_line(&problems),
            "'valid-lifetime' must be an integer, not a string (kea.conf:2:21)"
        );
        assert_eq!(first_line("\nno place\nnext"), "no place");
    }

    fn loaded(loggers: &str) -> Result<Vec<LoggerConfig>, String> {
        let text = format!("{{ \"Dhcp4\": {{ \"loggers\": [ {loggers} ] }} }}");
        let sources = kea_config::document::NoIncludes;
        let document = Document::parse("kea.conf", text.as_bytes(), &sources);
        let (document, warnings) = document.map_err(|problems| problems.render())?;
        let loaded = check::<kea_wire::V4>(&Arc::new(document), warnings)?;
        Ok(super::loggers(&loaded.snapshot))
    }

    #[test]
    fn loggers_are_taken_with_their_defaults() {
        let loggers = r#"{ "name": "*", "user-context": { "a": 1 } },
            { "name": "kea-dhcp4.leases", "severity": "debug", "debuglevel": 99, "comment": "all",
              "output_options": [ { "output": "syslog:local3", "flush": false, "pattern": "%m" },
                                  { "output": "/x", "maxsize": 0, "maxver": 7 } ] }"#;
        let output = |to: &str| OutputConfig::to(to);
        assert_eq!(
            loaded(loggers).unwrap(),
            [
                LoggerConfig { name: "*".into(), debuglevel: Some(0), ..LoggerConfig::default() },
                LoggerConfig {
                    name: "kea-dhcp4.leases".into(),
                    severity: Some("DEBUG".into()),
                    debuglevel: Some(99),
                    outputs: vec![
                        OutputConfig {
                            flush: false,
                            pattern: "%m".into(),
                            ..output("syslog:local3")
                        },
                        OutputConfig { maxsize: 0, maxver: 7, ..output("/x") },
                    ],
                },
            ]
        );
    }

    #[test]
    fn bad_loggers_are_refused_with_their_place() {
        for loggers in [
            "",
            "{}",
            r#"{ "name": "a", "debuglevel": 100 }"#,
            r#"{ "name": "a", "debuglevel": -1 }"#,
            r#"{ "name": "a", "output_options": [] }"#,
            r#"{ "name": "a", "output_options": [ {} ] }"#,
            r#"{ "name": "a", "output_options": [ { "output": "x", "user-context": {} } ] }"#,
        ] {
            let problems = loaded(loggers).err().unwrap_or_else(|| panic!("{loggers} is taken"));
            assert!(first_line(&problems).contains("(kea.conf:1:"), "{loggers}: {problems}");
        }
    }
}
