//! The message catalogue: tables as data, one file per group of identifiers.
//!
//! A table lists rows under headings of severity (with the debug level, for DEBUG) and child logger. Texts and
//! explanations are the project's own; identifiers, severities and the order of arguments are those of the
//! messages manual, since operators search logs for them.

use std::fmt::Write as _;

use crate::levels::Severity;
use crate::message_row::Message;

mod dhcp;
mod dhcp4;
mod dhcp6;
mod log;

/// Every message as a static named like its identifier.
pub mod message {
    pub use super::dhcp::rows::*;
    pub use super::dhcp4::rows::*;
    pub use super::dhcp6::rows::*;
    pub use super::log::rows::*;

    /// Pairs of messages that differ in the IP version only.
    pub mod twin {
        pub use crate::catalogue::dhcp::pairs::*;
    }
}

/// All tables; [`find_message`] searches them.
pub static CATALOGUE: &[&[&Message]] = &[dhcp::ROWS, dhcp4::ROWS, dhcp6::ROWS, log::ROWS];

/// The message with this identifier.
pub fn find_message(id: &str) -> Option<&'static Message> {
    CATALOGUE.iter().copied().flatten().copied().find(|message| message.id == id)
}

/// The catalogue as a page of the reference documentation (Markdown), sorted by identifier.
pub fn reference_page() -> String {
    let mut rows: Vec<&Message> = CATALOGUE.iter().copied().flatten().copied().collect();
    rows.sort_by_key(|message| message.id);
    let mut page = String::from(
        "# Log messages\n\n\
         Generated from the message catalogue; do not edit. DEBUG messages show their debug level; `%1` and so on \
         stand for arguments.\n\n\
         | Identifier | Severity | Logger | Text | Explanation |\n| --- | --- | --- | --- | --- |\n",
    );
    for row in rows {
        let level = match row.severity {
            Severity::Debug => format!("DEBUG {}", row.debug_level),
            severity => severity.name().to_owned(),
        };
        let text = row.text.replace('|', "\\|");
        // Writing to a String cannot fail.
        let _ = writeln!(
            page,
            "| `{}` | {level} | {} | {text} | {} |",
            row.id,
            if row.component.name().is_empty() { "(root)" } else { row.component.name() },
            row.explanation.replace('|', "\\|"),
        );
    }
    page
}

macro_rules! severity {
    ([Debug $level:literal]) => {
        ($crate::Severity::Debug, $level)
    };
    ([$severity:ident]) => {
        ($crate::Severity::$severity, 0)
    };
}

macro_rules! row {
    ($id:ident, $severity:expr, $component:ident, $text:literal, $explanation:expr) => {
        #[doc = concat!("`", $text, "`")]
        pub static $id: $crate::Message = {
            const GRADE: ($crate::Severity, u8) = $severity;
            $crate::Message::new(
                stringify!($id),
                GRADE.0,
                GRADE.1,
                $crate::Component::$component,
                $text,
                $explanation,
            )
        };
    };
}

macro_rules! explanation {
    () => {
        ""
    };
    ($text:literal) => {
        $text
    };
}

/// A table of messages.
macro_rules! catalogue {
    ($($grade:tt $component:ident {
        $($id:ident: $text:literal $(, $explanation:literal)?;)*
    })*) => {
        pub(super) mod rows {
            $($($crate::catalogue::row!(
                $id,
                $crate::catalogue::severity!($grade),
                $component,
                $text,
                $crate::catalogue::explanation!($($explanation)?)
            );)*)*
        }

        pub(super) static ROWS: &[&$crate::Message] = &[$($(&rows::$id,)*)*];
    };
}

/// A table of message pairs, the DHCPv4 identifier first.
macro_rules! twins {
    ($($grade:tt $component4:ident $component6:ident {
        $($pair:ident = $id4:ident, $id6:ident: $text:literal $(, $explanation:literal)?;)*
    })*) => {
        pub(super) mod rows {
            $($(
                $crate::catalogue::row!(
                    $id4,
                    $crate::catalogue::severity!($grade),
                    $component4,
                    $text,
                    $crate::catalogue::explanation!($($explanation)?)
                );
                $crate::catalogue::row!(
                    $id6,
                    $crate::catalogue::severity!($grade),
                    $component6,
                    $text,
                    $crate::catalogue::explanation!($($explanation)?)
                );
            )*)*
        }

        pub(super) mod pairs {
            $($(
                #[doc = concat!("`", $text, "`")]
                pub static $pair: $crate::Twin = $crate::Twin {
                    v4: &super::rows::$id4,
                    v6: &super::rows::$id6,
                };
            )*)*
        }

        pub(super) static ROWS: &[&$crate::Message] = &[$($(&rows::$id4, &rows::$id6,)*)*];
    };
}

use {catalogue, explanation, row, severity, twins};

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::Component;

    #[test]
    fn identifiers_are_unique_and_arguments_have_no_gaps() {
        let mut seen = HashSet::new();
        for message in CATALOGUE.iter().copied().flatten() {
            assert!(seen.insert(message.id), "{} is defined twice", message.id);
            assert!(message.severity == Severity::Debug || message.debug_level == 0);
            for number in 1..=message.arguments() {
                assert!(
                    message.text.contains(&format!("%{number}")),
                    "{} does not use %{number}",
                    message.id
                );
            }
        }
    }

    #[test]
    fn messages_are_found_by_identifier() {
        let message = find_message("DHCP4_PACKET_RECEIVED").expect("a row of the catalogue");
        assert_eq!(message.severity, Severity::Debug);
        assert_eq!(message.debug_level, 45);
        assert_eq!(message.component, Component::Packets);
        assert_eq!(message.arguments(), 6);
        assert_eq!(find_message("DHCP4_NO_SUCH_THING"), None);
    }
}
