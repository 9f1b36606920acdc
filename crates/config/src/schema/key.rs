//! The shape of a row.

use super::check::Protocol;

/// One key at the scopes where it means the same.
#[derive(Debug)]
pub struct Key {
    /// The name, as written in a configuration.
    pub name: &'static str,
    /// Other spellings that are accepted.
    pub aliases: &'static [&'static str],
    /// In which maps it may stand.
    pub scopes: &'static [Scope],
    /// Of which servers.
    pub protocols: Protocols,
    /// What its value may be.
    pub kind: Kind,
    /// What holds when it is absent.
    pub default: Default,
    /// True when an answer to `config-get` spells the default out.
    pub shown: bool,
    /// True when the map is refused without it.
    pub mandatory: bool,
    /// Its place in the history of names.
    pub status: Status,
    /// One line for the reference.
    pub doc: &'static str,
}

/// A map of the configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // each is the map of that name
pub enum Scope {
    Global,
    SharedNetwork,
    Subnet,
    Pool,
    PdPool,
    Class,
    Reservation,
    OptionData,
    OptionDef,
    InterfacesConfig,
    Relay,
    LeaseDatabase,
    HostsDatabase,
    ConfigDatabase,
    ConfigControl,
    ControlSocket,
    HttpHeader,
    Authentication,
    Credentials,
    DhcpDdns,
    QueueControl,
    MultiThreading,
    SanityChecks,
    Compatibility,
    ExpiredLeases,
    HooksLibrary,
    Logger,
    LogOutput,
    ServerId,
}

impl Scope {
    /// All of them, outermost first.
    pub const ALL: &'static [Scope] = &[
        Scope::Global,
        Scope::SharedNetwork,
        Scope::Subnet,
        Scope::Pool,
        Scope::PdPool,
        Scope::Class,
        Scope::Reservation,
        Scope::OptionData,
        Scope::OptionDef,
        Scope::InterfacesConfig,
        Scope::Relay,
        Scope::LeaseDatabase,
        Scope::HostsDatabase,
        Scope::ConfigControl,
        Scope::ConfigDatabase,
        Scope::ControlSocket,
        Scope::HttpHeader,
        Scope::Authentication,
        Scope::Credentials,
        Scope::DhcpDdns,
        Scope::QueueControl,
        Scope::MultiThreading,
        Scope::SanityChecks,
        Scope::Compatibility,
        Scope::ExpiredLeases,
        Scope::HooksLibrary,
        Scope::Logger,
        Scope::LogOutput,
        Scope::ServerId,
    ];

    /// What an operator calls it.
    pub fn title(self) -> &'static str {
        match self {
            Scope::Global => "global",
            Scope::SharedNetwork => "shared network",
            Scope::Subnet => "subnet",
            Scope::Pool => "pool",
            Scope::PdPool => "pd-pool",
            Scope::Class => "client class",
            Scope::Reservation => "reservation",
            Scope::OptionData => "option-data",
            Scope::OptionDef => "option-def",
            Scope::InterfacesConfig => "interfaces-config",
            Scope::Relay => "relay",
            Scope::LeaseDatabase => "lease-database",
            Scope::HostsDatabase => "hosts-database",
            Scope::ConfigDatabase => "config-databases",
            Scope::ConfigControl => "config-control",
            Scope::ControlSocket => "control-socket",
            Scope::HttpHeader => "http-headers",
            Scope::Authentication => "authentication",
            Scope::Credentials => "clients",
            Scope::DhcpDdns => "dhcp-ddns",
            Scope::QueueControl => "dhcp-queue-control",
            Scope::MultiThreading => "multi-threading",
            Scope::SanityChecks => "sanity-checks",
            Scope::Compatibility => "compatibility",
            Scope::ExpiredLeases => "expired-leases-processing",
            Scope::HooksLibrary => "hooks-libraries",
            Scope::Logger => "loggers",
            Scope::LogOutput => "output-options",
            Scope::ServerId => "server-id",
        }
    }

    /// True where members that no table knows are kept as they are.
    pub fn is_open(self) -> bool {
        self == Scope::QueueControl
    }
}

/// Which servers know a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Protocols {
    Both,
    Only(Protocol),
}

impl Protocols {
    /// True when `protocol` is among them.
    pub fn include(self, protocol: Protocol) -> bool {
        match self {
            Protocols::Both => true,
            Protocols::Only(only) => only == protocol,
        }
    }
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// An integer within bounds, both included.
    Integer(i64, i64),
    /// A floating point number within thousandths, both included.
    Fraction(i64, i64),
    /// Text of at most so many octets.
    Text(usize),
    /// A floating point number that must be between 0 and 1, both excluded, where anything uses it.
    Share,
    /// One of these words, case ignored.
    Word(&'static [&'static str]),
    /// One of these words, case ignored; any other is worth a warning.
    LikelyWord(&'static [&'static str]),
    /// An IPv4 address; empty means unset.
    Ipv4,
    /// An IPv6 address.
    Ipv6,
    /// An address of either family; empty means unset.
    Ip,
    /// A list of texts.
    Texts,
    /// A list of texts, at least one.
    SomeTexts,
    /// A list of addresses of the server's family.
    Addresses,
    /// A list of prefixes of the server's family.
    Prefixes,
    /// A list of texts or numbers.
    Codes,
    /// A map of that scope.
    Map(Scope),
    /// A list of such maps.
    Maps(Scope),
    /// A list of such maps, at least one.
    SomeMaps(Scope),
    /// A map that nobody here interprets.
    AnyMap,
}

/// What holds without the key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Default {
    /// Nothing: inherited, computed, or off.
    Unset,
    /// A boolean.
    Boolean(bool),
    /// An integer.
    Integer(i64),
    /// A floating point number.
    Float(f64),
    /// Text.
    Text(&'static str),
    /// A list of texts.
    Texts(&'static [&'static str]),
    /// An empty list.
    EmptyList,
    /// The map with its own defaults.
    Map,
}

/// Where a key stands in the history of names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// In the base manual.
    Current,
    /// Added by that later release.
    Since(&'static str),
    /// Still read; the text says what to write instead.
    Deprecated(&'static str),
    /// This project's own.
    Own,
}

impl Key {
    pub(super) const fn new(
        name: &'static str,
        scopes: &'static [Scope],
        kind: Kind,
        doc: &'static str,
    ) -> Self {
        Key {
            name,
            aliases: &[],
            scopes,
            protocols: Protocols::Both,
            kind,
            default: Default::Unset,
            shown: false,
            mandatory: false,
            status: Status::Current,
            doc,
        }
    }

    pub(super) const fn v4(mut self) -> Self {
        self.protocols = Protocols::Only(Protocol::Dhcp4);
        self
    }

    pub(super) const fn v6(mut self) -> Self {
        self.protocols = Protocols::Only(Protocol::Dhcp6);
        self
    }

    /// Sets a default that `config-get` spells out.
    pub(super) const fn shows(mut self, default: Default) -> Self {
        self.default = default;
        self.shown = true;
        self
    }

    /// Sets a default that stays unspoken.
    pub(super) const fn default(mut self, default: Default) -> Self {
        self.default = default;
        self
    }

    pub(super) const fn mandatory(mut self) -> Self {
        self.mandatory = true;
        self
    }

    pub(super) const fn since(mut self, version: &'static str) -> Self {
        self.status = Status::Since(version);
        self
    }

    pub(super) const fn deprecated(mut self, instead: &'static str) -> Self {
        self.status = Status::Deprecated(instead);
        self
    }

    pub(super) const fn own(mut self) -> Self {
        self.status = Status::Own;
        self
    }

    pub(super) const fn alias(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }
}
