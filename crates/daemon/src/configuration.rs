//! The configuration file on its way into the process.

use std::path::Path;
use std::sync::Arc;

use kea_config::Diagnostics;
use kea_config::document::{Document, Files};
use kea_config::snapshot::{Dialect, LogOutput, Logger, Snapshot};
use kea_log::{LoggerConfig, OutputConfig};

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
pub(crate) fn load<F: Dialect>(file: &Path) -> Result<Loaded<F>, String> {
    let (document, warnings) =
        Document::load(&file.to_string_lossy(), &Files).map_err(|problems| problems.render())?;
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

/// The first line that says something: what a log message has room for.
pub(crate) fn first_line(problems: &str) -> &str {
    problems.lines().find(|line| !line.trim().is_empty()).unwrap_or("")
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

/// `expired-leases-processing` as reclamation takes it.
pub(crate) fn expired_leases<F: Dialect>(
    config: &Snapshot<F>,
) -> kea_lease::ExpiredLeasesProcessing {
    let expired = &config.expired_leases;
    kea_lease::ExpiredLeasesProcessing {
        reclaim_timer_wait_time: expired.reclaim_timer_wait_time,
        flush_reclaimed_timer_wait_time: expired.flush_reclaimed_timer_wait_time,
        hold_reclaimed_time: expired.hold_reclaimed_time,
        max_reclaim_leases: expired.max_reclaim_leases,
        max_reclaim_time: expired.max_reclaim_time_ms,
        unwarned_reclaim_cycles: expired.unwarned_reclaim_cycles,
    }
}
