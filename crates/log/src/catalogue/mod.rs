//! The message catalogue: tables as data, one file per group of identifiers.
//!
//! A table lists rows under headings of severity (with the debug level, for DEBUG) and child logger. Texts and
//! explanations are the project's own; identifiers, severities and the order of arguments are those of the
//! messages manual, since operators search logs for them.

use std::fmt::Write as _;

use crate::levels::Severity;
use crate::message_row::Message;

mod alloc;
mod alloc_engine;
mod command;
mod dctl;
mod ddns;
mod dhcp;
mod dhcp4;
mod dhcp6;
mod dhcpsrv;
mod eval;
mod hooks;
mod hosts;
mod http;
mod lfc;
mod log;
mod sql;

/// Every message as a static named like its identifier.
pub mod message {
    pub use super::alloc::rows::*;
    pub use super::alloc_engine::rows::*;
    pub use super::command::rows::*;
    pub use super::dctl::rows::*;
    pub use super::ddns::rows::*;
    pub use super::dhcp::rows::*;
    pub use super::dhcp4::rows::*;
    pub use super::dhcp6::rows::*;
    pub use super::dhcpsrv::rows::*;
    pub use super::eval::rows::*;
    pub use super::hooks::rows::*;
    pub use super::hosts::rows::*;
    pub use super::http::rows::*;
    pub use super::lfc::rows::*;
    pub use super::log::rows::*;
    pub use super::sql::rows::*;

    /// Pairs of messages that differ in the IP version only.
    pub mod twin {
        pub use crate::catalogue::alloc::pairs::*;
        pub use crate::catalogue::dhcp::pairs::*;
    }
}

/// All tables; [`find_message`] searches them.
pub static CATALOGUE: &[&[&Message]] = &[
    alloc::ROWS,
    alloc_engine::ROWS,
    command::ROWS,
    dctl::ROWS,
    ddns::ROWS,
    dhcp::ROWS,
    dhcp4::ROWS,
    dhcp6::ROWS,
    dhcpsrv::ROWS,
    eval::ROWS,
    hooks::ROWS,
    hosts::ROWS,
    http::ROWS,
    lfc::ROWS,
    log::ROWS,
    sql::ROWS,
];

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

    /// `KEA_UPDATE_REFERENCE=1 cargo test -p kea-log` writes the page.
    #[test]
    fn the_reference_page_is_up_to_date() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/reference/messages.md");
        if std::env::var_os("KEA_UPDATE_REFERENCE").is_some() {
            std::fs::write(path, reference_page()).expect("written");
        }
        let page = std::fs::read_to_string(path).expect("a page");
        assert!(page == reference_page(), "docs/reference/messages.md is out of date");
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
