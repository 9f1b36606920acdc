//! The one table of commands (manual chapter 15 and the API reference).

mod backend;
mod core;
mod hooks;
mod leases;
mod openapi;
mod reference;
mod row;
mod shape;
mod subnets;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::sync::LazyLock;

pub use self::openapi::openapi;
pub use self::reference::reference_page;
use self::row::Row;
pub use self::row::{Access, Daemon, Daemons, Provider};
pub use self::shape::{ArgumentError, Field, Kind, Shape};

/// One command of the suite.
#[derive(Clone, Debug)]
pub struct CommandSpec {
    /// `lease4-get`.
    pub name: Box<str>,
    /// Who answers it.
    pub daemons: Daemons,
    /// What offers it.
    pub provider: Provider,
    /// What it does to the server, for role-based access control.
    pub access: Access,
    /// Version of Kea that brought it.
    pub since: &'static str,
    /// What it wants.
    pub shape: Shape,
    /// What it is for, one sentence without a full stop.
    pub help: &'static str,
    family: Option<u8>,
}

/// All commands, by name.
pub fn commands() -> &'static [CommandSpec] {
    static ALL: LazyLock<Vec<CommandSpec>> = LazyLock::new(|| {
        let rows = [core::ROWS, leases::ROWS, subnets::ROWS, hooks::ROWS, backend::ROWS];
        let mut all: Vec<_> = rows.into_iter().flatten().flat_map(expand).collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        all
    });
    &ALL
}

/// The command called `name` in `daemon`.
pub fn find(daemon: Daemon, name: &str) -> Option<&'static CommandSpec> {
    static INDEX: LazyLock<HashMap<&'static str, &'static CommandSpec>> =
        LazyLock::new(|| commands().iter().map(|spec| (&*spec.name, spec)).collect());
    INDEX.get(name).copied().filter(|spec| spec.daemons.contains(daemon))
}

impl CommandSpec {
    /// Checks `arguments` against the shape.
    ///
    /// # Errors
    /// The first thing that does not fit. Members that the shape does not name are let pass, as Kea does.
    pub fn check(&self, arguments: Option<&serde_json::Value>) -> Result<(), ArgumentError> {
        shape::check(&self.shape, self.family, arguments)
    }

    /// The fields of the arguments with their names in this command.
    pub fn fields(&self) -> impl Iterator<Item = (Cow<'static, str>, &'static Field)> {
        let fields = match self.shape {
            Shape::Map(fields, _) | Shape::Unchecked(fields) => fields,
            Shape::Nothing | Shape::Value(_) => &[],
        };
        fields.iter().map(|field| (field.name_in(self.family), field))
    }

    /// The combinations of optional fields of which one must be given.
    pub fn alternatives(&self) -> &'static [&'static [&'static str]] {
        if let Shape::Map(_, alternatives) = self.shape { alternatives } else { &[] }
    }
}

/// A row with `#` in its name is two commands: one of DHCPv4, one of DHCPv6.
fn expand(row: &'static Row) -> impl Iterator<Item = CommandSpec> {
    let families: &[Option<u8>] =
        if row.name.contains('#') { &[Some(4), Some(6)] } else { &[None] };
    families.iter().map(|family| CommandSpec {
        name: with_family(row.name, *family).into(),
        daemons: match family {
            Some(4) => Daemons::DHCP4,
            Some(_) => Daemons::DHCP6,
            None => row.daemons,
        },
        provider: row.provider,
        access: row.access,
        since: row.since,
        shape: row.shape,
        help: row.help,
        family: *family,
    })
}

fn with_family(name: &'static str, family: Option<u8>) -> Cow<'static, str> {
    match family {
        Some(version) => name.replace('#', &version.to_string()).into(),
        None => name.into(),
    }
}

/// `lease4-get ip-address=…`.
impl fmt::Display for CommandSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests;
