//! How putting a configuration in force fails.

use std::fmt;

use crate::answer::{Answer, ResultCode};

/// Why a configuration is not in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReconfigurationError {
    /// What is wrong with it. Everything is as it was.
    Refused(String),
    /// What is wrong with it, and why what had been opened for the older one could not be opened again.
    PartlyChanged {
        /// The former.
        problem: String,
        /// The latter.
        remaining: String,
    },
}

impl ReconfigurationError {
    /// What follows from going back to the older configuration.
    pub fn after(problem: String, restored: Result<(), String>) -> Self {
        match restored {
            Ok(()) => Self::Refused(problem),
            Err(remaining) => Self::PartlyChanged { problem, remaining },
        }
    }

    /// The answer to the command that brought it, the text behind `start`.
    pub fn answer(&self, start: &str) -> Answer {
        let result = match self {
            Self::Refused(_) => ResultCode::ERROR,
            Self::PartlyChanged { .. } => ResultCode::PARTLY_CHANGED,
        };
        Answer::with(result, format!("{start}{}", self.to_string().trim()))
    }
}

impl From<String> for ReconfigurationError {
    fn from(problem: String) -> Self {
        Self::Refused(problem)
    }
}

impl fmt::Display for ReconfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(problem) => f.write_str(problem),
            Self::PartlyChanged { problem, remaining } => {
                write!(f, "{problem}; what was in force could not be put back whole: {remaining}")
            }
        }
    }
}

impl std::error::Error for ReconfigurationError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_result_tells_whether_everything_is_as_it_was() {
        let refused = ReconfigurationError::after("no such path\n".into(), Ok(()));
        assert_eq!(
            refused.answer("Reload: ").to_string(),
            r#"{ "result": 1, "text": "Reload: no such path" }"#
        );
        let partly =
            ReconfigurationError::after("no such path".into(), Err("the log is gone".into()));
        assert_eq!(
            partly.answer("").to_string(),
            r#"{ "result": 5, "text": "no such path; what was in force could not be put back whole: the log is gone" }"#
        );
    }
}
