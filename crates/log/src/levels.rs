//! Severities of messages and thresholds of loggers (manual chapter 16.1.4).

use std::fmt;
use std::str::FromStr;

/// How serious a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// The program cannot go on.
    Fatal,
    /// The program goes on, but a result may be wrong.
    Error,
    /// Worth an operator's look.
    Warn,
    /// Normal events.
    Info,
    /// Details, graded by a debug level.
    Debug,
}

impl Severity {
    /// Upper-case name as it appears in log lines.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fatal => "FATAL",
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
        }
    }

    /// Syslog priority (RFC 3164 section 4.1.1), also used by the journal.
    pub const fn syslog_priority(self) -> u8 {
        match self {
            Self::Fatal => 2,
            Self::Error => 3,
            Self::Warn => 4,
            Self::Info => 6,
            Self::Debug => 7,
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What a logger lets through.
///
/// One byte, so that a logger's threshold is one atomic: a message passes when its own [rank](Self::rank) is not
/// above the threshold's. `NONE` is 0, FATAL to INFO are 1 to 4, DEBUG with level n is 5 + n.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Threshold(u8);

impl Threshold {
    /// Lets nothing through.
    pub const NONE: Self = Self(0);
    /// INFO and above.
    pub const INFO: Self = Self::of(Severity::Info, 0);
    /// Everything.
    pub const ALL: Self = Self::of(Severity::Debug, Self::MAX_DEBUG_LEVEL);
    /// Highest debug level.
    pub const MAX_DEBUG_LEVEL: u8 = 99;

    /// Lets `severity` and everything above through; `debug_level` (0–99, larger values count as 99) only matters
    /// for DEBUG.
    pub const fn of(severity: Severity, debug_level: u8) -> Self {
        let level =
            if debug_level > Self::MAX_DEBUG_LEVEL { Self::MAX_DEBUG_LEVEL } else { debug_level };
        match severity {
            Severity::Fatal => Self(1),
            Severity::Error => Self(2),
            Severity::Warn => Self(3),
            Severity::Info => Self(4),
            Severity::Debug => Self(5 + level),
        }
    }

    /// The byte kept in a logger's atomic.
    pub const fn rank(self) -> u8 {
        self.0
    }

    pub(crate) const fn from_rank(rank: u8) -> Self {
        Self(rank)
    }

    /// Parses a `severity` of the configuration, in any case, `NONE` included; `debug_level` as in [`of`](Self::of).
    pub fn parse(severity: &str, debug_level: u8) -> Result<Self, UnknownSeverity> {
        if severity.eq_ignore_ascii_case("NONE") {
            return Ok(Self::NONE);
        }
        severity.parse().map(|severity| Self::of(severity, debug_level))
    }
}

impl FromStr for Severity {
    type Err = UnknownSeverity;

    fn from_str(text: &str) -> Result<Self, UnknownSeverity> {
        [Self::Fatal, Self::Error, Self::Warn, Self::Info, Self::Debug]
            .into_iter()
            .find(|severity| severity.name().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownSeverity(text.to_owned()))
    }
}

/// A word that is no severity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownSeverity(pub String);

impl fmt::Display for UnknownSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown severity '{}', expected FATAL, ERROR, WARN, INFO, DEBUG or NONE", self.0)
    }
}

impl std::error::Error for UnknownSeverity {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_level_counts_only_for_debug() {
        assert_eq!(Threshold::of(Severity::Info, 99), Threshold::INFO);
        assert!(Threshold::of(Severity::Debug, 0) > Threshold::INFO);
        assert!(
            Threshold::of(Severity::Debug, 40).rank() < Threshold::of(Severity::Debug, 45).rank()
        );
        assert_eq!(Threshold::of(Severity::Debug, 200), Threshold::ALL);
    }

    #[test]
    fn severity_words_come_in_any_case() {
        assert_eq!(Threshold::parse("debug", 7), Ok(Threshold::of(Severity::Debug, 7)));
        assert_eq!(Threshold::parse("None", 7), Ok(Threshold::NONE));
        assert_eq!(Threshold::parse("LOUD", 0), Err(UnknownSeverity("LOUD".into())));
    }
}
