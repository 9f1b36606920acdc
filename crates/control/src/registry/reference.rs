//! The page of all commands.

use std::fmt::Write as _;

use super::{Access, Daemon, Provider, Shape, commands};

/// The reference page of all commands, in Markdown.
pub fn reference_page() -> String {
    let mut page = String::from(
        "# Commands\n\nWritten from the table in `crates/control`; a test fails when they differ.\n",
    );
    for spec in commands() {
        let programs: Vec<_> = spec.daemons.iter().map(Daemon::program).collect();
        let provider = match spec.provider {
            Provider::Core => String::new(),
            Provider::Library(library) => format!(" Offered by `libdhcp_{library}.so`."),
        };
        let access = if spec.access == Access::Read { "read" } else { "write" };
        let since = match spec.since {
            "" => "Kea has no such command".to_owned(),
            version => format!("since Kea {version}"),
        };
        // Writing to a String cannot fail.
        let _ = write!(
            page,
            "\n## {}\n\n{}. For {}; access: {access}; {since}.{provider}\n",
            spec.name,
            spec.help,
            programs.join(", "),
        );
        if let Shape::Value(kind) = spec.shape {
            let _ = write!(page, "\n`arguments` is {} itself.\n", kind.describe());
        }
        for (i, (name, field)) in spec.fields().enumerate() {
            let gap = if i == 0 { "\n" } else { "" };
            let must = if field.required { ", required" } else { "" };
            let _ =
                writeln!(page, "{gap}- `{name}` ({}{must}): {}", field.kind.describe(), field.help);
        }
    }
    page
}
