//! Loggers and outputs as configured (manual chapter 16.1), and the loggers tree they make.

use std::fmt;
use std::io;

use crate::levels::Threshold;
use crate::message_row::Component;
use crate::pattern::PatternError;

/// Default `maxsize`, bytes.
pub const DEFAULT_MAX_SIZE: u64 = 10_240_000;

/// Files whose `maxsize` is below this number of bytes are not rotated.
pub const MIN_ROTATED_SIZE: u64 = 204_800;

/// An entry of `loggers`, as plain data.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoggerConfig {
    /// `<root>`, `<root>.<component>`, or a component alone. Names that no logger has never match.
    pub name: String,
    /// Severity word in any case. `None` and `DEFAULT` inherit severity and debug level; an unknown word counts as
    /// INFO and is reported.
    pub severity: Option<String>,
    /// 0–99; `None` is 0 when a severity is given.
    pub debuglevel: Option<u8>,
    /// `output_options`; empty inherits the outputs of the root.
    pub outputs: Vec<OutputConfig>,
}

/// An entry of `output_options`, as plain data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutputConfig {
    /// `stdout`, `stderr`, `syslog`, `syslog:<facility>`, `journald`, or a file name.
    pub output: String,
    /// Write out after every batch of messages rather than when no more are waiting.
    pub flush: bool,
    /// Bytes at which a file is rotated, see [`MIN_ROTATED_SIZE`].
    pub maxsize: u64,
    /// Number of rotated files to keep, at least 1.
    pub maxver: u32,
    /// Layout of a line, empty for the default of the kind of output, `json` for JSON lines.
    pub pattern: String,
}

impl OutputConfig {
    /// An output with default options.
    pub fn to(output: impl Into<String>) -> Self {
        Self {
            output: output.into(),
            flush: true,
            maxsize: DEFAULT_MAX_SIZE,
            maxver: 1,
            pattern: String::new(),
        }
    }
}

/// The program that logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Program {
    /// Name of the root logger, e.g. `kea-dhcp4`.
    pub root: String,
    /// `-d` was given: every logger is at DEBUG 99, whatever the configuration says.
    pub verbose: bool,
}

/// Why logging cannot be set up as configured.
#[derive(Debug)]
pub enum LoggingError {
    /// An output's file cannot be opened.
    Open {
        /// The file.
        path: String,
        /// The system's reason.
        error: io::Error,
    },
    /// An output's pattern is malformed.
    Pattern {
        /// The output it belongs to.
        output: String,
        /// What is wrong.
        error: PatternError,
    },
    /// The environment asks for a treatment of overload that does not exist.
    Overload {
        /// What it says.
        word: String,
    },
}

impl fmt::Display for LoggingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Open { path, error } => write!(f, "cannot open log file {path}: {error}"),
            Self::Pattern { output, error } => {
                write!(f, "pattern of log output {output}: {error}")
            }
            Self::Overload { word } => {
                write!(f, "KEA_LOGGER_OVERLOAD is '{word}', which is neither 'drop' nor 'wait'")
            }
        }
    }
}

impl std::error::Error for LoggingError {}

/// One logger of the tree, with everything inherited filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Effective {
    pub(crate) threshold: Threshold,
    pub(crate) outputs: Vec<OutputConfig>,
}

/// The tree for a configuration: one entry per component, and the severity words that do not exist.
pub(crate) fn resolve(
    program: &Program,
    loggers: &[LoggerConfig],
    default_output: &OutputConfig,
) -> (Vec<Effective>, Vec<String>) {
    let mut unknown = Vec::new();
    let mut own_threshold = |logger: &LoggerConfig| {
        let given = logger.severity.as_deref();
        let word = given.filter(|word| !word.eq_ignore_ascii_case("DEFAULT"))?;
        let threshold = Threshold::parse(word, logger.debuglevel.unwrap_or(0));
        Some(threshold.unwrap_or_else(|error| {
            unknown.push(error.0);
            Threshold::INFO
        }))
    };
    let configured = |component| {
        let matches =
            |logger: &&LoggerConfig| component_of(program, &logger.name) == Some(component);
        loggers.iter().rev().find(matches)
    };

    let root_entry = configured(Component::Root);
    let root = Effective {
        threshold: root_entry.and_then(&mut own_threshold).unwrap_or(Threshold::INFO),
        outputs: root_entry
            .map(|logger| logger.outputs.clone())
            .filter(|outputs| !outputs.is_empty())
            .unwrap_or_else(|| vec![default_output.clone()]),
    };
    let mut tree: Vec<Effective> = Component::ALL
        .iter()
        .map(|&component| {
            let entry = configured(component).filter(|_| component != Component::Root);
            Effective {
                threshold: entry.and_then(&mut own_threshold).unwrap_or(root.threshold),
                outputs: entry
                    .map(|logger| logger.outputs.clone())
                    .filter(|outputs| !outputs.is_empty())
                    .unwrap_or_else(|| root.outputs.clone()),
            }
        })
        .collect();
    if program.verbose {
        tree.iter_mut().for_each(|logger| logger.threshold = Threshold::ALL);
    }
    (tree, unknown)
}

/// Which logger a configured name means.
fn component_of(program: &Program, name: &str) -> Option<Component> {
    let below_root = match name.strip_prefix(&program.root) {
        Some("") => return Some(Component::Root),
        Some(rest) => rest.strip_prefix('.').unwrap_or(name),
        None => name,
    };
    let named =
        |component: &&Component| !component.name().is_empty() && component.name() == below_root;
    Component::ALL.iter().find(named).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::levels::Severity;

    fn entry(
        name: &str,
        severity: Option<&str>,
        debuglevel: Option<u8>,
        outputs: &[&str],
    ) -> LoggerConfig {
        LoggerConfig {
            name: name.into(),
            severity: severity.map(Into::into),
            debuglevel,
            outputs: outputs.iter().copied().map(OutputConfig::to).collect(),
        }
    }

    fn tree(verbose: bool, loggers: &[LoggerConfig]) -> Vec<Effective> {
        let program = Program { root: "kea-dhcp4".into(), verbose };
        resolve(&program, loggers, &OutputConfig::to("stdout")).0
    }

    fn of(tree: &[Effective], component: Component) -> (Threshold, Vec<&str>) {
        let logger = &tree[component.index()];
        (logger.threshold, logger.outputs.iter().map(|output| output.output.as_str()).collect())
    }

    #[test]
    fn without_loggers_info_goes_to_the_default_output() {
        assert_eq!(of(&tree(false, &[]), Component::Leases), (Threshold::INFO, vec!["stdout"]));
    }

    #[test]
    fn debug_level_is_inherited_only_together_with_the_severity() {
        let tree = tree(
            false,
            &[
                entry("kea-dhcp4", Some("DEBUG"), Some(99), &["a"]),
                entry("kea-dhcp4.leases", Some("DEBUG"), None, &[]),
                entry("kea-dhcp4.hosts", None, Some(3), &[]),
                entry("kea-dhcp4.eval", Some("default"), Some(3), &[]),
            ],
        );
        let debug = |level| Threshold::of(Severity::Debug, level);
        assert_eq!(of(&tree, Component::Leases), (debug(0), vec!["a"]));
        assert_eq!(of(&tree, Component::Hosts), (debug(99), vec!["a"]));
        assert_eq!(of(&tree, Component::Eval), (debug(99), vec!["a"]));
        assert_eq!(of(&tree, Component::Packets), (debug(99), vec!["a"]));
    }

    #[test]
    fn own_outputs_replace_those_of_the_root() {
        let tree = tree(
            false,
            &[
                entry("kea-dhcp4", Some("WARN"), None, &["a", "b"]),
                entry("kea-dhcp4.leases", None, None, &["c"]),
            ],
        );
        let warn = Threshold::of(Severity::Warn, 0);
        assert_eq!(of(&tree, Component::Leases), (warn, vec!["c"]));
        assert_eq!(of(&tree, Component::Root), (warn, vec!["a", "b"]));
    }

    #[test]
    fn names_without_root_are_children_and_others_never_match() {
        let tree = tree(
            false,
            &[
                entry("commands", Some("NONE"), None, &[]),
                entry("*", Some("FATAL"), None, &["x"]),
                entry("kea-dhcp6.hosts", Some("FATAL"), None, &["x"]),
                entry("kea-dhcp42", Some("FATAL"), None, &["x"]),
            ],
        );
        assert_eq!(of(&tree, Component::Commands).0, Threshold::NONE);
        assert_eq!(of(&tree, Component::Hosts), (Threshold::INFO, vec!["stdout"]));
        assert_eq!(of(&tree, Component::Root), (Threshold::INFO, vec!["stdout"]));
    }

    #[test]
    fn verbose_overrides_every_logger() {
        let tree = tree(true, &[entry("kea-dhcp4", Some("FATAL"), None, &["a"])]);
        assert_eq!(of(&tree, Component::Eval), (Threshold::ALL, vec!["a"]));
    }

    #[test]
    fn unknown_severity_is_info_and_reported() {
        let program = Program { root: "kea-dhcp4".into(), verbose: false };
        let loggers = [entry("kea-dhcp4", Some("LOUD"), Some(9), &[])];
        let (tree, unknown) = resolve(&program, &loggers, &OutputConfig::to("stdout"));
        assert_eq!(of(&tree, Component::Root).0, Threshold::INFO);
        assert_eq!(unknown, ["LOUD"]);
    }
}
