//! How a row of the table is written.

use super::shape::{Field, Kind, Shape};

/// A server that answers commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Daemon {
    /// kea-dhcp4.
    Dhcp4,
    /// kea-dhcp6.
    Dhcp6,
    /// kea-dhcp-ddns.
    Ddns,
    /// kea-ctrl-agent.
    ControlAgent,
}

/// A set of servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Daemons(u8);

/// What offers a command: the server itself, or a hook library by its short name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Provider {
    /// The server.
    Core,
    /// `libdhcp_NAME.so`.
    Library(&'static str),
}

/// What a command does to the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// It only looks.
    Read,
    /// It changes something.
    Write,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) name: &'static str,
    pub(super) daemons: Daemons,
    pub(super) provider: Provider,
    pub(super) access: Access,
    pub(super) since: &'static str,
    pub(super) shape: Shape,
    pub(super) help: &'static str,
}

impl Daemons {
    /// Both DHCP servers.
    pub const DHCP: Daemons = Daemons(0b0011);
    /// kea-dhcp4 alone.
    pub const DHCP4: Daemons = Daemons(0b0001);
    /// kea-dhcp6 alone.
    pub const DHCP6: Daemons = Daemons(0b0010);
    /// kea-dhcp-ddns alone.
    pub const DDNS: Daemons = Daemons(0b0100);
    /// The DHCP servers and kea-dhcp-ddns.
    pub const SERVERS: Daemons = Daemons(0b0111);
    /// Every one.
    pub const ALL: Daemons = Daemons(0b1111);

    /// True when `daemon` is in the set.
    pub const fn contains(self, daemon: Daemon) -> bool {
        self.0 & (1 << daemon as u8) != 0
    }

    /// The servers of the set.
    pub fn iter(self) -> impl Iterator<Item = Daemon> {
        Daemon::ALL.into_iter().filter(move |daemon| self.contains(*daemon))
    }
}

impl Daemon {
    /// All of them.
    pub const ALL: [Daemon; 4] = [Daemon::Dhcp4, Daemon::Dhcp6, Daemon::Ddns, Daemon::ControlAgent];

    /// The program.
    pub const fn program(self) -> &'static str {
        match self {
            Daemon::Dhcp4 => "kea-dhcp4",
            Daemon::Dhcp6 => "kea-dhcp6",
            Daemon::Ddns => "kea-dhcp-ddns",
            Daemon::ControlAgent => "kea-ctrl-agent",
        }
    }

    /// What `service` calls it; the control agent is called by naming nobody.
    pub const fn service(self) -> Option<&'static str> {
        match self {
            Daemon::Dhcp4 => Some("dhcp4"),
            Daemon::Dhcp6 => Some("dhcp6"),
            Daemon::Ddns => Some("d2"),
            Daemon::ControlAgent => None,
        }
    }

    /// The object that holds its configuration.
    pub const fn configuration(self) -> &'static str {
        match self {
            Daemon::Dhcp4 => "Dhcp4",
            Daemon::Dhcp6 => "Dhcp6",
            Daemon::Ddns => "DhcpDdns",
            Daemon::ControlAgent => "Control-agent",
        }
    }
}

/// A command that only looks, without arguments.
pub(super) const fn read(name: &'static str, since: &'static str, help: &'static str) -> Row {
    Row {
        name,
        daemons: Daemons::DHCP,
        provider: Provider::Core,
        access: Access::Read,
        since,
        shape: Shape::Nothing,
        help,
    }
}

/// A command that changes something, without arguments.
pub(super) const fn write(name: &'static str, since: &'static str, help: &'static str) -> Row {
    Row { access: Access::Write, ..read(name, since, help) }
}

impl Row {
    pub(super) const fn of(self, daemons: Daemons) -> Row {
        Row { daemons, ..self }
    }

    pub(super) const fn by(self, library: &'static str) -> Row {
        Row { provider: Provider::Library(library), ..self }
    }

    pub(super) const fn with(self, fields: &'static [Field]) -> Row {
        Row { shape: Shape::Map(fields, &[]), ..self }
    }

    pub(super) const fn with_one_of(
        self,
        fields: &'static [Field],
        alternatives: &'static [&'static [&'static str]],
    ) -> Row {
        Row { shape: Shape::Map(fields, alternatives), ..self }
    }

    /// The fields, of which the server itself says what is wrong with them.
    pub(super) const fn checked_by_server(self, fields: &'static [Field]) -> Row {
        Row { shape: Shape::Unchecked(fields), ..self }
    }

    pub(super) const fn value(self, kind: Kind) -> Row {
        Row { shape: Shape::Value(kind), ..self }
    }
}

/// A field that must be given.
pub(super) const fn must(name: &'static str, kind: Kind, help: &'static str) -> Field {
    Field { name, kind, required: true, help }
}

/// A field that may be given.
pub(super) const fn may(name: &'static str, kind: Kind, help: &'static str) -> Field {
    Field { name, kind, required: false, help }
}
