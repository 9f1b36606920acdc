//! Why something in a database could not be done.

use std::fmt;

use crate::database::SchemaVersion;

/// Why something in a database could not be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Error {
    /// There is no connection: the database server does not answer, has ended it, or takes too long. To
    /// be opened again.
    Lost(String),
    /// The database server does not do what it was asked for.
    Refused {
        /// The statement, or what was tried.
        statement: Box<str>,
        /// Why, as the database server says.
        why: Box<str>,
        /// Its number for that (MySQL) or its five letters (PostgreSQL); empty where there is none.
        code: Box<str>,
    },
    /// Others were in the way: the transaction is undone, and can be tried again.
    InTheWay(String),
    /// The tables are those of another release.
    Schema {
        /// The version that is served.
        needed: SchemaVersion,
        /// The version of the tables; none when there are none.
        found: Option<SchemaVersion>,
    },
    /// Something that is needed before there can be a connection: a file, a parameter.
    Unusable(String),
}

impl Error {
    /// True when the connection is to be opened again.
    pub fn is_lost(&self) -> bool {
        matches!(self, Error::Lost(_))
    }

    pub(crate) fn refused(
        statement: &str,
        why: impl fmt::Display,
        code: impl fmt::Display,
    ) -> Self {
        let (why, code) = (why.to_string().into(), code.to_string().into());
        Error::Refused { statement: statement.into(), why, code }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Lost(why) | Error::InTheWay(why) | Error::Unusable(why) => f.write_str(why),
            Error::Refused { statement, why, code } => {
                let code = if code.is_empty() { String::new() } else { format!(" (code {code})") };
                write!(f, "{why}{code} in <{}>", shortened(statement))
            }
            Error::Schema { needed, found: Some(found) } => {
                let how =
                    if found < needed { "upgrade it with kea-admin db-upgrade" } else { NEWER };
                write!(f, "the schema has version {found}, but {needed} is needed: {how}")
            }
            Error::Schema { needed, found: None } => write!(
                f,
                "there are no tables of Kea, but those of version {needed} are needed: \
                 make them with kea-admin db-init"
            ),
        }
    }
}

impl std::error::Error for Error {}

const NEWER: &str = "it is of another release";

fn shortened(statement: &str) -> std::borrow::Cow<'_, str> {
    const SHOWN: usize = 200;
    match statement.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", statement.get(..end).unwrap_or_default()).into(),
        None => statement.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_to_do() {
        let needed = SchemaVersion { major: 14, minor: 0 };
        let of = |found| Error::Schema { needed, found }.to_string();
        assert_eq!(
            of(Some(SchemaVersion { major: 9, minor: 6 })),
            "the schema has version 9.6, but 14.0 is needed: upgrade it with kea-admin db-upgrade"
        );
        assert_eq!(
            of(Some(SchemaVersion { major: 15, minor: 0 })),
            "the schema has version 15.0, but 14.0 is needed: it is of another release"
        );
        assert!(of(None).ends_with("make them with kea-admin db-init"));
        let refused = Error::refused("SELECT 1", "no such thing", 1146);
        assert_eq!(refused.to_string(), "no such thing (code 1146) in <SELECT 1>");
    }
}
