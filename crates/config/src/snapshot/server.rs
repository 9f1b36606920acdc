//! What surrounds the networks: sockets, databases, commands, logs.

use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use super::reservation::IdentifierKind;
use crate::document::Value;

/// Parameters of the server as a whole.
#[derive(Clone, Debug, PartialEq)]
pub struct ServerParameters {
    /// How long a declined address rests, in seconds.
    pub decline_probation_period: u32,
    /// Identifiers by which reservations are looked for, in that order.
    pub reservation_identifiers: Box<[IdentifierKind]>,
    /// Look for global reservations before the subnet is selected.
    pub early_global_reservations_lookup: bool,
    /// Refuse two reservations of one address in a subnet.
    pub ip_reservations_unique: bool,
    /// Look for reservations before leases.
    pub reservations_lookup_first: bool,
    /// Samples kept of each statistic; 0 keeps by age.
    pub statistic_sample_count: u32,
    /// Age in seconds up to which samples are kept.
    pub statistic_sample_age: u32,
    /// First of two UDP ports between the two servers; 0 is off.
    pub dhcp4o6_port: u16,
    /// Queries that hooks may hold at a time; 0 is no limit.
    pub parked_packet_limit: u32,
    /// Which rows of the configuration database are this server's.
    pub server_tag: Box<str>,
    /// `user-context`, the comment included.
    pub user_context: Option<Arc<Value>>,
}

/// `interfaces-config`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfacesConfig<A> {
    /// Where to listen; nowhere if empty.
    pub interfaces: Box<[Listen<A>]>,
    /// Kind of socket (DHCPv4).
    pub socket_type: SocketType,
    /// Whether that was configured.
    pub names_socket_type: bool,
    /// How answers leave (DHCPv4).
    pub outbound: Outbound,
    /// Look for interfaces at every reconfiguration.
    pub re_detect: bool,
    /// Do not start unless every socket opens.
    pub require_all: bool,
    /// How often opening is tried again.
    pub max_retries: u32,
    /// Milliseconds between tries.
    pub retry_wait_ms: u32,
}

/// One entry of `interfaces`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Listen<A> {
    /// `*`: every interface but loopback.
    All,
    /// A named one; with an address, only that address (DHCPv4) or that address too (DHCPv6).
    Interface {
        /// Its name.
        name: Box<str>,
        /// The address.
        address: Option<A>,
    },
}

/// `dhcp-socket-type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum SocketType {
    Raw,
    Udp,
}

/// `outbound-interface`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Outbound {
    SameAsInbound,
    UseRouting,
}

/// `lease-database`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LeaseDatabase {
    /// Memory and a file.
    Memfile(Memfile),
    /// A database server.
    Sql(Database),
}

/// The lease file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memfile {
    /// `name`: path of the file; `None` is the default one.
    pub path: Option<Box<str>>,
    /// Keep leases in the file.
    pub persist: bool,
    /// Seconds between clean-ups; 0 is off.
    pub lfc_interval: u32,
    /// Bad rows that are put up with; 0 is any number.
    pub max_row_errors: u32,
    /// What an answered lease survives.
    pub durability: Durability,
    /// What happens while the disk fails.
    pub on_fail: OnFail,
    /// Attempts to write again before the server ends, where `on_fail` says so; 0 is none.
    pub max_reconnect_tries: u32,
    /// Milliseconds between them; 0 is no attempts.
    pub reconnect_wait_ms: u32,
}

/// What an answered lease survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The machine losing power: the answer waits for the disk.
    #[default]
    PowerLoss,
    /// The process being killed: the answer waits for the operating system.
    ProcessCrash,
}

/// Access to a database server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Database {
    /// Kind.
    pub kind: DatabaseKind,
    /// Name of the database.
    pub name: Box<str>,
    /// Machine; empty is this one.
    pub host: Box<str>,
    /// Port; `None` is the usual one.
    pub port: Option<u16>,
    /// User.
    pub user: Box<str>,
    /// Password.
    pub password: Secret,
    /// File with the password.
    pub password_file: Option<Box<str>>,
    /// Seconds to wait for a connection.
    pub connect_timeout: u32,
    /// Seconds to wait for an answer.
    pub read_timeout: Option<u32>,
    /// Seconds to wait for a request to leave.
    pub write_timeout: Option<u32>,
    /// Seconds that sent data may stay unacknowledged.
    pub tcp_user_timeout: Option<u32>,
    /// Reconnection attempts; 0 is off.
    pub max_reconnect_tries: u32,
    /// Milliseconds between them; 0 is off.
    pub reconnect_wait_ms: u32,
    /// What happens while the database is lost.
    pub on_fail: OnFail,
    /// Reconnect at start-up too.
    pub retry_on_startup: bool,
    /// Never write.
    pub readonly: bool,
    /// Certificates.
    pub tls: Tls,
    /// How strictly PostgreSQL's certificate is checked.
    pub ssl_mode: Option<Box<str>>,
}

/// Kind of database server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum DatabaseKind {
    Mysql,
    Postgresql,
}

impl DatabaseKind {
    /// As `type` of a configuration has it.
    pub fn word(self) -> &'static str {
        match self {
            DatabaseKind::Mysql => "mysql",
            DatabaseKind::Postgresql => "postgresql",
        }
    }
}

/// `on-fail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum OnFail {
    StopRetryExit,
    ServeRetryExit,
    ServeRetryContinue,
}

/// Files of a TLS end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    /// Certificate authority: file or folder.
    pub trust_anchor: Option<Box<str>>,
    /// Own certificate.
    pub cert_file: Option<Box<str>>,
    /// Own key.
    pub key_file: Option<Box<str>>,
    /// Ciphers, in OpenSSL's notation.
    pub cipher_list: Option<Box<str>>,
}

/// Text that is not shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secret(pub Box<str>);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("*****")
    }
}

/// `config-control`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigControl {
    /// The databases; one is usable.
    pub databases: Box<[Database]>,
    /// Seconds between looks for changes; 0 is off.
    pub fetch_wait_time: u32,
}

/// `expired-leases-processing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiredLeases {
    /// Seconds between reclamation cycles; 0 is off.
    pub reclaim_timer_wait_time: u32,
    /// Seconds between removals of reclaimed leases; 0 is off.
    pub flush_reclaimed_timer_wait_time: u32,
    /// Seconds for which a reclaimed lease is remembered.
    pub hold_reclaimed_time: u32,
    /// Leases of one cycle; 0 is no limit.
    pub max_reclaim_leases: u32,
    /// Milliseconds of one cycle; 0 is no limit.
    pub max_reclaim_time_ms: u32,
    /// Unfinished cycles before a warning.
    pub unwarned_reclaim_cycles: u32,
}

/// `multi-threading`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MultiThreading {
    /// Serve with several threads.
    pub enabled: bool,
    /// Number of threads; 0 follows the machine.
    pub thread_pool_size: u32,
    /// Queries waiting for each; 0 is no limit.
    pub packet_queue_size: u32,
}

/// `dhcp-queue-control`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueControl {
    /// Receive through a queue.
    pub enabled: bool,
    /// Kind of queue.
    pub queue_type: Box<str>,
    /// Packets that it holds.
    pub capacity: u32,
}

/// `sanity-checks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SanityChecks {
    /// Leases outside their subnet.
    pub lease_checks: LeaseChecks,
    /// Malformed extended information.
    pub extended_info_checks: ExtendedInfoChecks,
}

/// `lease-checks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum LeaseChecks {
    None,
    Warn,
    Fix,
    FixDel,
    Del,
}

/// `extended-info-checks`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ExtendedInfoChecks {
    None,
    Fix,
    Strict,
    Pedantic,
}

/// `compatibility`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Compatibility {
    /// Read what can be read of malformed options.
    pub lenient_option_parsing: bool,
    /// Do not select subnets by relay sub-option 5.
    pub ignore_rai_link_selection: bool,
    /// Serve requests meant for other servers.
    pub ignore_dhcp_server_identifier: bool,
    /// Never lease .0 and .255 of subnets of /24 and larger.
    pub exclude_first_last_24: bool,
}

/// `dhcp-ddns`: the way to the DNS update daemon.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DhcpDdns {
    /// Send name change requests.
    pub enable_updates: bool,
    /// Where the daemon listens.
    pub server: (IpAddr, u16),
    /// Own end; unspecified and 0 are any.
    pub sender: (IpAddr, u16),
    /// Requests waiting to be sent.
    pub max_queue_size: u32,
}

/// One end where commands arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ControlSocket {
    /// A UNIX socket.
    Unix {
        /// Its path.
        path: Box<str>,
    },
    /// An HTTP or HTTPS socket.
    Http(HttpSocket),
}

/// An HTTP or HTTPS socket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpSocket {
    /// Address.
    pub address: IpAddr,
    /// Port.
    pub port: u16,
    /// Certificates, for HTTPS.
    pub tls: Option<Tls>,
    /// Ask clients for a certificate.
    pub cert_required: bool,
    /// Who may send commands; everyone without it.
    pub authentication: Option<Authentication>,
    /// Headers added to answers.
    pub headers: Box<[(Box<str>, Box<str>)]>,
}

/// Basic HTTP authentication.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authentication {
    /// Realm.
    pub realm: Box<str>,
    /// Folder of the files.
    pub directory: Box<str>,
    /// Who.
    pub clients: Box<[Credentials]>,
}

/// One who may send commands: each part given, or in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    /// Name.
    pub user: Option<Box<str>>,
    /// File with the name.
    pub user_file: Option<Box<str>>,
    /// Password.
    pub password: Option<Secret>,
    /// File with the password.
    pub password_file: Option<Box<str>>,
}

/// One of `hooks-libraries`.
#[derive(Clone, Debug, PartialEq)]
pub struct HooksLibrary {
    /// Path, or file name of a built-in one.
    pub library: Box<str>,
    /// What it is told.
    pub parameters: Option<Arc<Value>>,
}

/// One of `loggers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logger {
    /// The program, or PROGRAM.PART.
    pub name: Box<str>,
    /// Least severity, in capitals; that of the program's logger when not given.
    pub severity: Option<Box<str>>,
    /// How much detail DEBUG gives, 0 to 99.
    pub debug_level: u8,
    /// Where messages go.
    pub outputs: Box<[LogOutput]>,
}

/// One of `output-options`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogOutput {
    /// `stdout`, `stderr`, `syslog`, `syslog:FACILITY` or a path.
    pub output: Box<str>,
    /// Write each message at once.
    pub flush: bool,
    /// Bytes at which the file is rotated; below 204800 never.
    pub max_size: u64,
    /// Rotated files that are kept.
    pub max_version: u32,
    /// Layout of a message; empty is the default.
    pub pattern: Box<str>,
}
