//! Environment variables that steer logging before the configuration is read.

use std::path::PathBuf;

use crate::config::OutputConfig;

/// What the environment says about logging.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Environment {
    /// `KEA_LOGGER_DESTINATION`: the output until, and unless, the configuration names loggers.
    pub destination: Option<String>,
    /// `KEA_LOCKFILE_DIR`: where the lock file shared by processes that write the same files lies.
    pub lockfile_dir: Option<String>,
    /// `KEA_LOGGER_OVERLOAD`, an addition to those of Kea: `drop` or `wait`, see [`Overload`](crate::Overload).
    pub overload: Option<String>,
}

impl Environment {
    /// Reads the variables of this process; empty ones count as unset.
    pub fn of_process() -> Self {
        let read = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self {
            destination: read("KEA_LOGGER_DESTINATION"),
            lockfile_dir: read("KEA_LOCKFILE_DIR"),
            overload: read("KEA_LOGGER_OVERLOAD"),
        }
    }

    /// The lock file, in `default_dir` unless the environment says otherwise; `None` when it says `none`.
    pub fn lock_file(&self, default_dir: &str) -> Option<PathBuf> {
        match self.lockfile_dir.as_deref() {
            Some("none") => None,
            dir => Some(PathBuf::from(dir.unwrap_or(default_dir)).join("logger_lockfile")),
        }
    }
}

/// The output before the configuration is read, and when it has no loggers.
pub fn startup_output(environment: &Environment) -> OutputConfig {
    OutputConfig::to(environment.destination.as_deref().unwrap_or("stdout"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unset_variables_mean_stdout_and_the_default_lock_file() {
        let environment = Environment::default();
        assert_eq!(startup_output(&environment).output, "stdout");
        assert_eq!(
            environment.lock_file("/run/kea"),
            Some(PathBuf::from("/run/kea/logger_lockfile"))
        );
    }

    #[test]
    fn set_variables_win() {
        let environment = Environment {
            destination: Some("syslog:local3".into()),
            lockfile_dir: Some("none".into()),
            overload: None,
        };
        assert_eq!(startup_output(&environment).output, "syslog:local3");
        assert_eq!(environment.lock_file("/run/kea"), None);
    }
}
