//! Keys of networks, subnets, pools and reservations.

use super::super::key::{Default::*, Key, Kind, Scope};
use super::{ANY_TEXT, D, FRACTION, G, GNS, GNSC, H, N, NS, NSPD, S, U32, key};

const REPLACE: Kind = Kind::Word(&["never", "always", "when-present", "when-not-present"]);
const ALLOCATOR: Kind = Kind::Word(&["iterative", "random", "flq", "shared-flq"]);
const CONFLICTS: Kind = Kind::Word(&[
    "check-with-dhcid",
    "no-check-with-dhcid",
    "check-exists-with-dhcid",
    "no-check-without-dhcid",
]);
const GNSPD: &[Scope] =
    &[Scope::Global, Scope::SharedNetwork, Scope::Subnet, Scope::Pool, Scope::PdPool];
const GC: &[Scope] = &[Scope::Global, Scope::Class];
const NSH: &[Scope] = &[Scope::SharedNetwork, Scope::Subnet, Scope::Reservation];
const CH: &[Scope] = &[Scope::Class, Scope::Reservation];

pub(super) static PARAMETERS: &[Key] = &[
    key("valid-lifetime", G, U32, "Lease lifetime in seconds; 4294967295 never expires")
        .shows(Integer(7200)),
    key(
        "valid-lifetime",
        &[Scope::SharedNetwork, Scope::Subnet, Scope::Class],
        U32,
        "Lease lifetime in seconds; 4294967295 never expires",
    ),
    key(
        "min-valid-lifetime",
        GNSC,
        U32,
        "Shortest lease lifetime a client may ask for, in seconds",
    ),
    key("max-valid-lifetime", GNSC, U32, "Longest lease lifetime a client may ask for, in seconds"),
    key(
        "offer-lifetime",
        GNSC,
        U32,
        "How long an offered address is set aside, in seconds; 0 does not",
    )
    .v4()
    .since("2.4"),
    key("preferred-lifetime", G, U32, "Preferred lifetime in seconds").v6().shows(Integer(3600)),
    key(
        "preferred-lifetime",
        &[Scope::SharedNetwork, Scope::Subnet, Scope::Class],
        U32,
        "Preferred lifetime in seconds",
    )
    .v6(),
    key(
        "min-preferred-lifetime",
        GNSC,
        U32,
        "Shortest preferred lifetime a client may ask for, in seconds",
    )
    .v6(),
    key(
        "max-preferred-lifetime",
        GNSC,
        U32,
        "Longest preferred lifetime a client may ask for, in seconds",
    )
    .v6(),
    key("renew-timer", GNS, U32, "T1 in seconds; takes precedence over the computed one"),
    key("rebind-timer", GNS, U32, "T2 in seconds; takes precedence over the computed one"),
    key("calculate-tee-times", G, Kind::Boolean, "Compute T1 and T2 as fractions of the lifetime")
        .v4()
        .shows(Boolean(false)),
    key("calculate-tee-times", G, Kind::Boolean, "Compute T1 and T2 as fractions of the lifetime")
        .v6()
        .shows(Boolean(true)),
    key("calculate-tee-times", NS, Kind::Boolean, "Compute T1 and T2 as fractions of the lifetime"),
    key("t1-percent", G, Kind::Share, "T1 as a fraction of the lifetime").shows(Float(0.5)),
    key("t1-percent", NS, Kind::Share, "T1 as a fraction of the lifetime"),
    key("t2-percent", G, Kind::Share, "T2 as a fraction of the lifetime").v4().shows(Float(0.875)),
    key("t2-percent", G, Kind::Share, "T2 as a fraction of the lifetime").v6().shows(Float(0.8)),
    key("t2-percent", NS, Kind::Share, "T2 as a fraction of the lifetime"),
    key(
        "cache-threshold",
        GNS,
        FRACTION,
        "A lease younger than this fraction of its lifetime is answered without being extended; 0.0 is off",
    ),
    key("cache-max-age", GNS, U32, "A lease older than this many seconds is extended in any case"),
    key(
        "adaptive-lease-time-threshold",
        GNS,
        FRACTION,
        "Pool usage from which lifetimes are shortened",
    )
    .since("3.2"),
    key("match-client-id", G, Kind::Boolean, "Know clients by their client identifier first")
        .v4()
        .shows(Boolean(true)),
    key("match-client-id", NS, Kind::Boolean, "Know clients by their client identifier first").v4(),
    key("authoritative", G, Kind::Boolean, "Refuse addresses this server knows nothing of")
        .v4()
        .shows(Boolean(false)),
    key("authoritative", NS, Kind::Boolean, "Refuse addresses this server knows nothing of").v4(),
    key("next-server", GC, Kind::Ipv4, "The 'siaddr' field of answers").v4().shows(Text("0.0.0.0")),
    key("next-server", NSH, Kind::Ipv4, "The 'siaddr' field of answers").v4(),
    key("server-hostname", GC, Kind::Text(64), "The 'sname' field of answers").v4().shows(Text("")),
    key("server-hostname", NSH, Kind::Text(64), "The 'sname' field of answers").v4(),
    key("boot-file-name", GC, Kind::Text(128), "The 'file' field of answers").v4().shows(Text("")),
    key("boot-file-name", NSH, Kind::Text(128), "The 'file' field of answers").v4(),
    key("store-extended-info", G, Kind::Boolean, "Keep what the relays said with the lease")
        .shows(Boolean(false)),
    key("store-extended-info", NS, Kind::Boolean, "Keep what the relays said with the lease"),
    key("rapid-commit", N, Kind::Boolean, "Answer a Solicit that asks for it with a Reply at once")
        .v6()
        .shows(Boolean(false)),
    key("rapid-commit", S, Kind::Boolean, "Answer a Solicit that asks for it with a Reply at once")
        .v6(),
    key("reservations-global", G, Kind::Boolean, "Look for global reservations")
        .shows(Boolean(false)),
    key("reservations-in-subnet", G, Kind::Boolean, "Look for reservations of the subnet")
        .shows(Boolean(true)),
    key(
        "reservations-out-of-pool",
        G,
        Kind::Boolean,
        "Reserved addresses lie outside the pools: skip the check inside",
    )
    .shows(Boolean(false)),
    key("reservations-global", NS, Kind::Boolean, "Look for global reservations"),
    key("reservations-in-subnet", NS, Kind::Boolean, "Look for reservations of the subnet"),
    key(
        "reservations-out-of-pool",
        NS,
        Kind::Boolean,
        "Reserved addresses lie outside the pools: skip the check inside",
    ),
    key(
        "reservation-mode",
        GNS,
        Kind::Word(&["disabled", "out-of-pool", "global", "all"]),
        "Where reservations are looked for",
    )
    .deprecated(
        "use 'reservations-global', 'reservations-in-subnet' and 'reservations-out-of-pool'",
    ),
    key("allocator", GNS, ALLOCATOR, "How the next address is picked")
        .default(Text("iterative"))
        .since("2.4"),
    key("pd-allocator", GNS, ALLOCATOR, "How the next prefix is picked")
        .v6()
        .default(Text("iterative"))
        .since("2.4"),
    key("interface", NS, ANY_TEXT, "The network is directly on this interface"),
    key(
        "interface-id",
        NS,
        ANY_TEXT,
        "The relay's Interface-Id option (18) that means this network",
    )
    .v6(),
    key("relay", NS, Kind::Map(Scope::Relay), "Relays that mean this network").shows(Map),
    key("client-class", NSPD, ANY_TEXT, "Only members of this class are served here"),
    key(
        "client-classes",
        NSPD,
        Kind::Texts,
        "Only members of one of these classes are served here",
    )
    .since("3.0"),
    key(
        "require-client-classes",
        NSPD,
        Kind::Texts,
        "Classes to evaluate once a lease is chosen here",
    ),
    key(
        "evaluate-additional-classes",
        NSPD,
        Kind::Texts,
        "Classes to evaluate once a lease is chosen here",
    )
    .since("3.0"),
];

pub(super) static DDNS: &[Key] = &[
    key("ddns-send-updates", G, Kind::Boolean, "Ask for DNS updates").shows(Boolean(true)),
    key("ddns-send-updates", NSPD, Kind::Boolean, "Ask for DNS updates"),
    key("ddns-override-no-update", G, Kind::Boolean, "Update although the client asked not to")
        .shows(Boolean(false)),
    key("ddns-override-no-update", NSPD, Kind::Boolean, "Update although the client asked not to"),
    key(
        "ddns-override-client-update",
        G,
        Kind::Boolean,
        "Update although the client wants to do it itself",
    )
    .shows(Boolean(false)),
    key(
        "ddns-override-client-update",
        NSPD,
        Kind::Boolean,
        "Update although the client wants to do it itself",
    ),
    key(
        "ddns-replace-client-name",
        G,
        REPLACE,
        "When the client's name gives way to a generated one",
    )
    .shows(Text("never")),
    key(
        "ddns-replace-client-name",
        NSPD,
        REPLACE,
        "When the client's name gives way to a generated one",
    ),
    key("ddns-generated-prefix", G, ANY_TEXT, "How generated names begin").shows(Text("myhost")),
    key("ddns-generated-prefix", NSPD, ANY_TEXT, "How generated names begin"),
    key("ddns-qualifying-suffix", G, ANY_TEXT, "Appended to partial names").shows(Text("")),
    key("ddns-qualifying-suffix", NSPD, ANY_TEXT, "Appended to partial names"),
    key("ddns-update-on-renew", G, Kind::Boolean, "Update at every renewal").shows(Boolean(false)),
    key("ddns-update-on-renew", NSPD, Kind::Boolean, "Update at every renewal"),
    key(
        "ddns-use-conflict-resolution",
        G,
        Kind::Boolean,
        "Check who owns a name before it is updated (RFC 4703)",
    )
    .shows(Boolean(true)),
    key(
        "ddns-use-conflict-resolution",
        NS,
        Kind::Boolean,
        "Check who owns a name before it is updated (RFC 4703)",
    ),
    key(
        "ddns-conflict-resolution-mode",
        GNSPD,
        CONFLICTS,
        "How it is checked who owns a name before it is updated",
    )
    .since("2.4"),
    key("ddns-ttl-percent", GNSPD, FRACTION, "TTL of DNS records as a fraction of the lifetime")
        .since("2.4"),
    key("ddns-ttl", GNSPD, U32, "TTL of DNS records in seconds").since("3.0"),
    key("ddns-ttl-min", GNSPD, U32, "Least TTL of DNS records in seconds").since("3.0"),
    key("ddns-ttl-max", GNSPD, U32, "Greatest TTL of DNS records in seconds").since("3.0"),
    key(
        "hostname-char-set",
        G,
        ANY_TEXT,
        "Regular expression of characters that names may not have",
    )
    .shows(Text("[^A-Za-z0-9.-]")),
    key(
        "hostname-char-set",
        NS,
        ANY_TEXT,
        "Regular expression of characters that names may not have",
    ),
    key("hostname-char-replacement", G, ANY_TEXT, "What replaces such characters").shows(Text("")),
    key("hostname-char-replacement", NS, ANY_TEXT, "What replaces such characters"),
];

pub(super) static STRUCTURE: &[Key] = &[
    key("subnet4", G, Kind::Maps(Scope::Subnet), "Subnets").v4().shows(EmptyList),
    key("subnet4", N, Kind::Maps(Scope::Subnet), "Subnets of the network").v4().shows(EmptyList),
    key("subnet6", G, Kind::Maps(Scope::Subnet), "Subnets").v6().shows(EmptyList),
    key("subnet6", N, Kind::Maps(Scope::Subnet), "Subnets of the network").v6().shows(EmptyList),
    key("shared-networks", G, Kind::Maps(Scope::SharedNetwork), "Groups of subnets on one link")
        .shows(EmptyList),
    key("name", N, ANY_TEXT, "Name of the network, unique").mandatory(),
    key("subnet", S, ANY_TEXT, "The prefix: ADDRESS/LENGTH").mandatory(),
    key(
        "id",
        S,
        Kind::Integer(0, u32::MAX as i64 - 1),
        "Identifier that leases are stored with; 0 numbers automatically",
    )
    .shows(Integer(0)),
    key("pools", S, Kind::Maps(Scope::Pool), "Ranges of addresses to lease").shows(EmptyList),
    key("pd-pools", S, Kind::Maps(Scope::PdPool), "Prefixes to delegate from")
        .v6()
        .shows(EmptyList),
    key("pool", &[Scope::Pool], ANY_TEXT, "FIRST - LAST, or ADDRESS/LENGTH").mandatory(),
    key("pool-id", &[Scope::Pool, Scope::PdPool], U32, "Identifier that statistics are kept under")
        .alias(&["id"])
        .since("2.4"),
    key("prefix", D, Kind::Ipv6, "Prefix to delegate from").v6().mandatory(),
    key("prefix-len", D, Kind::Integer(1, 128), "Its length").v6().mandatory(),
    key("delegated-len", D, Kind::Integer(1, 128), "Length of the delegated prefixes")
        .v6()
        .mandatory(),
    key(
        "excluded-prefix",
        D,
        Kind::Ipv6,
        "Part of each delegated prefix that the client must not use (RFC 6603)",
    )
    .v6(),
    key("excluded-prefix-len", D, Kind::Integer(0, 128), "Its length").v6(),
    key("ip-addresses", &[Scope::Relay], Kind::Addresses, "Addresses of the relays")
        .shows(EmptyList),
    key("ip-address", &[Scope::Relay], ANY_TEXT, "Address of the relay")
        .deprecated("use the list 'ip-addresses'"),
    key("4o6-interface", S, ANY_TEXT, "Interface that DHCPv4-over-DHCPv6 queries arrive on")
        .v4()
        .shows(Text("")),
    key("4o6-interface-id", S, ANY_TEXT, "Interface-Id of the relay of such queries")
        .v4()
        .shows(Text("")),
    key("4o6-subnet", S, ANY_TEXT, "IPv6 prefix that such queries come from").v4().shows(Text("")),
];

pub(super) static RESERVATION: &[Key] = &[
    key(
        "reservations",
        G,
        Kind::Maps(Scope::Reservation),
        "Reservations of clients wherever they are",
    ),
    key(
        "reservations",
        S,
        Kind::Maps(Scope::Reservation),
        "Reservations of clients in this subnet",
    )
    .shows(EmptyList),
    key("hw-address", H, ANY_TEXT, "The client's hardware address"),
    key("duid", H, ANY_TEXT, "The client's DUID"),
    key("client-id", H, ANY_TEXT, "The client's identifier (option 61)").v4(),
    key("circuit-id", H, ANY_TEXT, "The relay's circuit identifier (option 82, 1)").v4(),
    key("flex-id", H, ANY_TEXT, "The identifier that the flexible-identifier hook computes"),
    key("ip-address", H, Kind::Ipv4, "The reserved address").v4(),
    key("ip-addresses", H, Kind::Addresses, "The reserved addresses").v6().shows(EmptyList),
    key("prefixes", H, Kind::Prefixes, "The reserved prefixes").v6().shows(EmptyList),
    key("excluded-prefixes", H, Kind::Texts, "Excluded part of each reserved prefix")
        .v6()
        .since("3.0"),
    key("hostname", H, ANY_TEXT, "The reserved name").shows(Text("")),
    key("client-classes", H, Kind::Texts, "Classes of the client").shows(EmptyList),
    key("user-context", CH, Kind::AnyMap, "Anything; hooks read it"),
    key("comment", CH, ANY_TEXT, "A remark; kept in 'user-context'"),
];
