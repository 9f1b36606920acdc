//! Keys of the server itself and of what surrounds it.

use super::super::key::{Default::*, Key, Kind, Scope};
use super::{ANY_TEXT, G, U16, U32, key};

const INTERFACES: &[Scope] = &[Scope::InterfacesConfig];
const DATABASE: &[Scope] = &[Scope::LeaseDatabase, Scope::HostsDatabase, Scope::ConfigDatabase];
const LEASES: &[Scope] = &[Scope::LeaseDatabase];
const SOCKET: &[Scope] = &[Scope::ControlSocket];
const TO_D2: &[Scope] = &[Scope::DhcpDdns];
const QUEUE: &[Scope] = &[Scope::QueueControl];
const THREADS: &[Scope] = &[Scope::MultiThreading];
const SANITY: &[Scope] = &[Scope::SanityChecks];
const COMPATIBILITY: &[Scope] = &[Scope::Compatibility];
const EXPIRED: &[Scope] = &[Scope::ExpiredLeases];
const LOGGER: &[Scope] = &[Scope::Logger];
const OUTPUT: &[Scope] = &[Scope::LogOutput];
const DUID: &[Scope] = &[Scope::ServerId];
const I31: Kind = Kind::Integer(0, i32::MAX as i64);
const MOVED: &str = "write it in the global scope, with 'ddns-' before it";

pub(super) static GLOBAL: &[Key] = &[
    key("decline-probation-period", G, U32, "How long a declined address rests, in seconds")
        .shows(Integer(86400)),
    key("echo-client-id", G, Kind::Boolean, "Return the client identifier (RFC 6842)")
        .v4()
        .shows(Boolean(true)),
    key(
        "host-reservation-identifiers",
        G,
        Kind::SomeTexts,
        "Identifiers by which reservations are looked for, in that order",
    )
    .v4()
    .shows(Texts(&["hw-address", "duid", "circuit-id", "client-id"])),
    key(
        "host-reservation-identifiers",
        G,
        Kind::SomeTexts,
        "Identifiers by which reservations are looked for, in that order",
    )
    .v6()
    .shows(Texts(&["hw-address", "duid"])),
    key(
        "early-global-reservations-lookup",
        G,
        Kind::Boolean,
        "Look for global reservations before the subnet is selected",
    )
    .shows(Boolean(false)),
    key(
        "ip-reservations-unique",
        G,
        Kind::Boolean,
        "Refuse two reservations of one address in a subnet",
    )
    .shows(Boolean(true)),
    key("reservations-lookup-first", G, Kind::Boolean, "Look for reservations before leases")
        .shows(Boolean(false)),
    key("statistic-default-sample-count", G, I31, "Samples kept of each statistic")
        .shows(Integer(20)),
    key("statistic-default-sample-age", G, I31, "Age in seconds up to which samples are kept")
        .shows(Integer(0)),
    key(
        "dhcp4o6-port",
        G,
        U16,
        "First of two UDP ports between the DHCPv4 and DHCPv6 servers; 0 is off",
    )
    .shows(Integer(0)),
    key("parked-packet-limit", G, U32, "Queries that hooks may hold at a time; 0 is no limit")
        .shows(Integer(256)),
    key(
        "server-tag",
        G,
        Kind::Text(64),
        "Which rows of the configuration database are this server's",
    )
    .shows(Text("")),
    key(
        "stash-agent-options",
        G,
        Kind::Boolean,
        "Remember the relay's options for queries that come directly",
    )
    .v4()
    .default(Boolean(false))
    .since("2.6"),
    key(
        "allow-address-registration",
        G,
        Kind::Boolean,
        "Accept the registration of self-assigned addresses (RFC 9686)",
    )
    .v6()
    .default(Boolean(true))
    .since("3.2"),
    key("data-directory", G, ANY_TEXT, "Folder of files that the server keeps").v6(),
    key("mac-sources", G, Kind::SomeTexts, "Where hardware addresses come from, in that order")
        .v6()
        .shows(Texts(&["any"])),
    key("relay-supplied-options", G, Kind::Codes, "Options that relays may supply (RFC 6422)")
        .v6()
        .shows(Texts(&["65"])),
    key("server-id", G, Kind::Map(Scope::ServerId), "The server's DUID").v6(),
    key("type", DUID, Kind::Word(&["LLT", "EN", "LL"]), "Form of the DUID").v6().shows(Text("LLT")),
    key("htype", DUID, U16, "Hardware type").v6().shows(Integer(0)),
    key("identifier", DUID, ANY_TEXT, "Hexadecimal octets of the identifier").v6().shows(Text("")),
    key("time", DUID, U32, "Seconds since 2000-01-01").v6().shows(Integer(0)),
    key("enterprise-id", DUID, U32, "Enterprise number").v6().shows(Integer(0)),
    key("persist", DUID, Kind::Boolean, "Keep the DUID in a file").v6().shows(Boolean(true)),
];

pub(super) static CONTEXT: &[Key] = &[
    key("user-context", CONTEXTS, Kind::AnyMap, "Anything; hooks read it"),
    key("comment", CONTEXTS, ANY_TEXT, "A remark; kept in 'user-context'"),
];
const CONTEXTS: &[Scope] = &[
    Scope::Global,
    Scope::SharedNetwork,
    Scope::Subnet,
    Scope::Pool,
    Scope::PdPool,
    Scope::OptionData,
    Scope::OptionDef,
    Scope::InterfacesConfig,
    Scope::MultiThreading,
    Scope::ControlSocket,
    Scope::Authentication,
    Scope::Credentials,
    Scope::HttpHeader,
    Scope::QueueControl,
    Scope::DhcpDdns,
    Scope::Logger,
    Scope::ServerId,
];

pub(super) static SERVICES: &[Key] = &[
    key("interfaces-config", G, Kind::Map(Scope::InterfacesConfig), "Where the server listens")
        .shows(Map),
    key("interfaces", INTERFACES, Kind::Texts, "Interfaces: NAME, NAME/ADDRESS or *")
        .shows(EmptyList),
    key("dhcp-socket-type", INTERFACES, Kind::Word(&["raw", "udp"]), "Kind of socket")
        .v4()
        .default(Text("raw")),
    key(
        "outbound-interface",
        INTERFACES,
        Kind::Word(&["same-as-inbound", "use-routing"]),
        "How answers leave; only with UDP sockets",
    )
    .v4()
    .default(Text("same-as-inbound")),
    key("re-detect", INTERFACES, Kind::Boolean, "Look for interfaces at every reconfiguration")
        .shows(Boolean(true)),
    key(
        "service-sockets-require-all",
        INTERFACES,
        Kind::Boolean,
        "Do not start unless every socket opens",
    )
    .default(Boolean(false)),
    key("service-sockets-max-retries", INTERFACES, U32, "How often opening is tried again")
        .default(Integer(0)),
    key("service-sockets-retry-wait-time", INTERFACES, U32, "Milliseconds between tries")
        .default(Integer(5000)),
    key("multi-threading", G, Kind::Map(Scope::MultiThreading), "Worker threads").shows(Map),
    key("enable-multi-threading", THREADS, Kind::Boolean, "Serve with several threads")
        .shows(Boolean(false)),
    key("thread-pool-size", THREADS, U16, "Number of threads; 0 follows the machine")
        .shows(Integer(0)),
    key("packet-queue-size", THREADS, U16, "Queries waiting for each thread; 0 is no limit")
        .shows(Integer(64)),
    key("dhcp-queue-control", G, Kind::Map(Scope::QueueControl), "The queue of received packets")
        .shows(Map),
    key("enable-queue", QUEUE, Kind::Boolean, "Receive through a queue").shows(Boolean(false)),
    key("queue-type", QUEUE, Kind::Word(&["kea-ring4"]), "Kind of queue")
        .v4()
        .shows(Text("kea-ring4")),
    key("queue-type", QUEUE, Kind::Word(&["kea-ring6"]), "Kind of queue")
        .v6()
        .shows(Text("kea-ring6")),
    key("capacity", QUEUE, U32, "Packets that the queue holds").shows(Integer(64)),
    key(
        "sanity-checks",
        G,
        Kind::Map(Scope::SanityChecks),
        "What to do about leases that contradict the configuration",
    )
    .shows(Map),
    key(
        "lease-checks",
        SANITY,
        Kind::Word(&["none", "warn", "fix", "fix-del", "del"]),
        "Leases outside their subnet",
    )
    .shows(Text("warn")),
    key(
        "extended-info-checks",
        SANITY,
        Kind::Word(&["none", "fix", "strict", "pedantic"]),
        "Malformed extended information",
    )
    .default(Text("fix")),
    key("compatibility", G, Kind::Map(Scope::Compatibility), "Concessions to clients and relays"),
    key(
        "lenient-option-parsing",
        COMPATIBILITY,
        Kind::Boolean,
        "Read what can be read of malformed options",
    )
    .default(Boolean(false)),
    key(
        "ignore-rai-link-selection",
        COMPATIBILITY,
        Kind::Boolean,
        "Do not select subnets by relay sub-option 5",
    )
    .v4()
    .default(Boolean(false)),
    key(
        "ignore-dhcp-server-identifier",
        COMPATIBILITY,
        Kind::Boolean,
        "Serve requests meant for other servers",
    )
    .v4()
    .default(Boolean(false))
    .since("2.4"),
    key(
        "exclude-first-last-24",
        COMPATIBILITY,
        Kind::Boolean,
        "Never lease .0 and .255 of subnets of /24 and larger",
    )
    .v4()
    .default(Boolean(false))
    .since("2.4"),
    key(
        "expired-leases-processing",
        G,
        Kind::Map(Scope::ExpiredLeases),
        "Reclamation of expired leases",
    )
    .shows(Map),
    key("reclaim-timer-wait-time", EXPIRED, U16, "Seconds between reclamation cycles; 0 is off")
        .shows(Integer(10)),
    key(
        "flush-reclaimed-timer-wait-time",
        EXPIRED,
        U16,
        "Seconds between removals of reclaimed leases; 0 is off",
    )
    .shows(Integer(25)),
    key("hold-reclaimed-time", EXPIRED, U32, "Seconds for which a reclaimed lease is remembered")
        .shows(Integer(3600)),
    key("max-reclaim-leases", EXPIRED, U32, "Leases of one cycle; 0 is no limit")
        .shows(Integer(100)),
    key("max-reclaim-time", EXPIRED, U16, "Milliseconds of one cycle; 0 is no limit")
        .shows(Integer(250)),
    key("unwarned-reclaim-cycles", EXPIRED, U16, "Unfinished cycles before a warning")
        .shows(Integer(5)),
    key("dhcp-ddns", G, Kind::Map(Scope::DhcpDdns), "The way to the DNS update daemon").shows(Map),
    key("enable-updates", TO_D2, Kind::Boolean, "Send name change requests").shows(Boolean(false)),
    key("server-ip", TO_D2, Kind::Ip, "Where the daemon listens").shows(Text("127.0.0.1")),
    key("server-port", TO_D2, U16, "Its port").shows(Integer(53001)),
    key("sender-ip", TO_D2, Kind::Ip, "Own address; empty is any").default(Text("")),
    key("sender-port", TO_D2, U16, "Own port; 0 is any").shows(Integer(0)),
    key("max-queue-size", TO_D2, U32, "Requests waiting to be sent").shows(Integer(1024)),
    key("ncr-protocol", TO_D2, Kind::Word(&["UDP", "TCP"]), "Protocol; only UDP is supported")
        .shows(Text("UDP")),
    key("ncr-format", TO_D2, Kind::Word(&["JSON"]), "Format of requests").shows(Text("JSON")),
    key("override-no-update", TO_D2, Kind::Boolean, "See 'ddns-override-no-update'")
        .deprecated(MOVED),
    key("override-client-update", TO_D2, Kind::Boolean, "See 'ddns-override-client-update'")
        .deprecated(MOVED),
    key(
        "replace-client-name",
        TO_D2,
        Kind::Word(&["never", "always", "when-present", "when-not-present"]),
        "See 'ddns-replace-client-name'",
    )
    .deprecated(MOVED),
    key("generated-prefix", TO_D2, ANY_TEXT, "See 'ddns-generated-prefix'").deprecated(MOVED),
    key("qualifying-suffix", TO_D2, ANY_TEXT, "See 'ddns-qualifying-suffix'").deprecated(MOVED),
    key("hostname-char-set", TO_D2, ANY_TEXT, "See the global key")
        .deprecated("write it in the global scope"),
    key("hostname-char-replacement", TO_D2, ANY_TEXT, "See the global key")
        .deprecated("write it in the global scope"),
    key("hooks-libraries", G, Kind::Maps(Scope::HooksLibrary), "Extensions, in calling order")
        .shows(EmptyList),
    key("library", &[Scope::HooksLibrary], ANY_TEXT, "Path, or file name of a built-in one")
        .mandatory(),
    key("parameters", &[Scope::HooksLibrary], Kind::AnyMap, "What the library is told"),
];

pub(super) static DATABASES: &[Key] = &[
    key("lease-database", G, Kind::Map(Scope::LeaseDatabase), "Where leases are kept").default(Map),
    key("hosts-database", G, Kind::Map(Scope::HostsDatabase), "Database of reservations"),
    key(
        "hosts-databases",
        G,
        Kind::Maps(Scope::HostsDatabase),
        "Databases of reservations, in lookup order",
    ),
    key("config-control", G, Kind::Map(Scope::ConfigControl), "Configuration from a database"),
    key(
        "config-databases",
        &[Scope::ConfigControl],
        Kind::Maps(Scope::ConfigDatabase),
        "The database",
    )
    .shows(EmptyList),
    key(
        "config-fetch-wait-time",
        &[Scope::ConfigControl],
        U16,
        "Seconds between looks for changes; 0 is off",
    )
    .shows(Integer(30)),
    key("type", LEASES, Kind::Word(&["memfile", "mysql", "postgresql"]), "Kind of database")
        .mandatory(),
    key(
        "type",
        &[Scope::HostsDatabase, Scope::ConfigDatabase],
        Kind::Word(&["mysql", "postgresql"]),
        "Kind of database",
    )
    .mandatory(),
    key("name", DATABASE, ANY_TEXT, "Name of the database, or path of the lease file"),
    key("persist", DATABASE, Kind::Boolean, "Keep leases in a file").default(Boolean(true)),
    key("lfc-interval", DATABASE, U32, "Seconds between clean-ups of the lease file; 0 is off")
        .default(Integer(3600)),
    key(
        "max-row-errors",
        DATABASE,
        U32,
        "Bad rows of the lease file that are put up with; 0 is any number",
    )
    .default(Integer(0)),
    key(
        "durability",
        LEASES,
        Kind::Word(&["power-loss", "process-crash"]),
        "What an answered lease survives: 'power-loss' waits for the disk before answering",
    )
    .default(Text("power-loss"))
    .own(),
    key("host", DATABASE, ANY_TEXT, "Where the database server is; empty is this machine"),
    key("port", DATABASE, U16, "Its port"),
    key("user", DATABASE, ANY_TEXT, "User"),
    key("password", DATABASE, ANY_TEXT, "Password"),
    key("password-file", DATABASE, ANY_TEXT, "File with the password").since("3.3"),
    key(
        "connect-timeout",
        DATABASE,
        Kind::Integer(1, u32::MAX as i64),
        "Seconds to wait for a connection",
    )
    .default(Integer(5)),
    key("read-timeout", DATABASE, U32, "Seconds to wait for an answer").since("2.4"),
    key("write-timeout", DATABASE, U32, "Seconds to wait for a request to leave").since("2.4"),
    key("tcp-user-timeout", DATABASE, U32, "Seconds that sent data may stay unacknowledged")
        .since("2.4"),
    key(
        "reconnect-wait-time",
        DATABASE,
        U32,
        "Milliseconds between reconnection attempts; 0 is off",
    )
    .default(Integer(0)),
    key("max-reconnect-tries", DATABASE, U32, "Reconnection attempts; 0 is off")
        .default(Integer(0)),
    key(
        "on-fail",
        DATABASE,
        Kind::Word(&["stop-retry-exit", "serve-retry-exit", "serve-retry-continue"]),
        "What happens while the database is lost",
    )
    .default(Text("stop-retry-exit")),
    key("retry-on-startup", DATABASE, Kind::Boolean, "Reconnect at start-up too")
        .default(Boolean(false))
        .since("2.6"),
    key("readonly", DATABASE, Kind::Boolean, "Never write").default(Boolean(false)),
    key("trust-anchor", DATABASE, ANY_TEXT, "Certificate authority: file or folder"),
    key("cert-file", DATABASE, ANY_TEXT, "Own certificate"),
    key("key-file", DATABASE, ANY_TEXT, "Own key"),
    key("cipher-list", DATABASE, ANY_TEXT, "Ciphers, in OpenSSL's notation"),
    key(
        "ssl-mode",
        DATABASE,
        Kind::Word(&["disable", "prefer", "require", "verify-ca", "verify-full"]),
        "How strictly PostgreSQL's certificate is checked",
    )
    .since("3.0"),
];

pub(super) static CONTROL: &[Key] = &[
    key("control-socket", G, Kind::Map(Scope::ControlSocket), "Where commands arrive"),
    key("control-sockets", G, Kind::Maps(Scope::ControlSocket), "Where commands arrive")
        .since("3.0"),
    key("socket-type", SOCKET, Kind::Word(&["unix", "http", "https"]), "Kind of socket")
        .mandatory(),
    key("socket-name", SOCKET, Kind::Text(107), "Path of the UNIX socket"),
    key("socket-address", SOCKET, Kind::Ip, "Address of the HTTP socket").since("3.0"),
    key("socket-port", SOCKET, U16, "Port of the HTTP socket").since("3.0"),
    key("trust-anchor", SOCKET, ANY_TEXT, "Certificate authority: file or folder").since("3.0"),
    key("cert-file", SOCKET, ANY_TEXT, "Own certificate").since("3.0"),
    key("key-file", SOCKET, ANY_TEXT, "Own key").since("3.0"),
    key("cert-required", SOCKET, Kind::Boolean, "Ask clients for a certificate")
        .default(Boolean(true))
        .since("3.0"),
    key("authentication", SOCKET, Kind::Map(Scope::Authentication), "Who may send commands")
        .since("3.0"),
    key("http-headers", SOCKET, Kind::Maps(Scope::HttpHeader), "Headers added to answers")
        .since("3.0"),
    key("name", &[Scope::HttpHeader], ANY_TEXT, "Name of the header").mandatory(),
    key("value", &[Scope::HttpHeader], ANY_TEXT, "Its value").mandatory(),
    key("type", &[Scope::Authentication], Kind::Word(&["basic"]), "Scheme").mandatory(),
    key("realm", &[Scope::Authentication], ANY_TEXT, "Realm").default(Text("")),
    key("directory", &[Scope::Authentication], ANY_TEXT, "Folder of the files below")
        .default(Text("")),
    key("clients", &[Scope::Authentication], Kind::Maps(Scope::Credentials), "Who")
        .shows(EmptyList),
    key("user", &[Scope::Credentials], ANY_TEXT, "Name"),
    key("user-file", &[Scope::Credentials], ANY_TEXT, "File with the name"),
    key("password", &[Scope::Credentials], ANY_TEXT, "Password"),
    key("password-file", &[Scope::Credentials], ANY_TEXT, "File with the password"),
];

pub(super) static LOGGING: &[Key] = &[
    key("loggers", G, Kind::SomeMaps(Scope::Logger), "What is logged, and where"),
    key("name", LOGGER, ANY_TEXT, "Logger: the program, or PROGRAM.PART").mandatory(),
    key(
        "severity",
        LOGGER,
        Kind::LikelyWord(&["DEFAULT", "DEBUG", "INFO", "WARN", "ERROR", "FATAL", "NONE"]),
        "Least severity; a word that is not known counts as INFO",
    )
    .shows(Text("INFO")),
    key("debuglevel", LOGGER, Kind::Integer(0, 99), "How much detail DEBUG gives")
        .shows(Integer(0)),
    key("output_options", LOGGER, Kind::SomeMaps(Scope::LogOutput), "Where messages go")
        .alias(&["output-options"]),
    key("output", OUTPUT, ANY_TEXT, "stdout, stderr, syslog, syslog:FACILITY or a path")
        .mandatory(),
    key("flush", OUTPUT, Kind::Boolean, "Write each message at once").shows(Boolean(true)),
    key(
        "maxsize",
        OUTPUT,
        Kind::Integer(0, i64::MAX),
        "Bytes at which the file is rotated; below 204800 never",
    )
    .default(Integer(10_240_000)),
    key("maxver", OUTPUT, Kind::Integer(1, i32::MAX as i64), "Rotated files that are kept")
        .default(Integer(1)),
    key("pattern", OUTPUT, ANY_TEXT, "Layout of a message; empty is the default").shows(Text("")),
];
