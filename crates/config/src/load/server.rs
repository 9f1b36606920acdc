//! What surrounds the networks.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use kea_wire::Address;

use super::section::Section;
use super::user_context;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::schema::Scope;
use crate::snapshot::*;

pub(crate) fn parameters<F: Dialect>(
    global: Section<'_>,
    out: &mut Diagnostics,
) -> ServerParameters {
    ServerParameters {
        decline_probation_period: global.u32_or_default("decline-probation-period"),
        reservation_identifiers: reservation_identifiers::<F>(global, out),
        early_global_reservations_lookup: global
            .boolean_or_default("early-global-reservations-lookup"),
        ip_reservations_unique: global.boolean_or_default("ip-reservations-unique"),
        reservations_lookup_first: global.boolean_or_default("reservations-lookup-first"),
        statistic_sample_count: global.u32_or_default("statistic-default-sample-count"),
        statistic_sample_age: global.u32_or_default("statistic-default-sample-age"),
        dhcp4o6_port: dhcp4o6_port(global, out),
        parked_packet_limit: global.u32_or_default("parked-packet-limit"),
        server_tag: global.text_or_default("server-tag").into(),
        user_context: user_context(global, out),
    }
}

/// The first of two ports.
fn dhcp4o6_port(global: Section<'_>, out: &mut Diagnostics) -> u16 {
    let key = "dhcp4o6-port";
    let port = global.u16_or_default(key);
    if port == u16::MAX {
        let message =
            format!("'{key}' {port} leaves no port for the DHCPv4 server, which has the next");
        out.push(Diagnostic::error(message).at(global.span_of(key), ""));
    }
    port
}

fn reservation_identifiers<F: Dialect>(
    global: Section<'_>,
    out: &mut Diagnostics,
) -> Box<[IdentifierKind]> {
    let key = "host-reservation-identifiers";
    if !global.has(key) {
        return F::identifiers()
            .iter()
            .copied()
            .filter(|kind| *kind != IdentifierKind::FlexId)
            .collect();
    }
    let known = |word: &str| F::identifiers().iter().copied().find(|kind| kind.name() == word);
    let mut kinds = Vec::new();
    for (word, span) in global.texts(key) {
        match known(word) {
            Some(kind) if kinds.contains(&kind) => {
                out.push(Diagnostic::error(format!("'{word}' is given twice")).at(span, ""));
            }
            Some(kind) => kinds.push(kind),
            None => {
                let message = format!("'{key}' cannot have '{word}'");
                out.push(Diagnostic::error(message).at(span, ""));
            }
        }
    }
    kinds.into()
}

pub(crate) fn interfaces<A: Address>(
    global: Section<'_>,
    out: &mut Diagnostics,
) -> InterfacesConfig<A> {
    let section = global.section("interfaces-config", Scope::InterfacesConfig);
    let mut interfaces: Vec<Listen<A>> = Vec::new();
    for (text, span) in section.texts("interfaces") {
        let entry = match text.split_once('/') {
            _ if text == "*" => Some(Listen::All),
            Some((name, address)) => address
                .parse()
                .ok()
                .filter(|_| !name.is_empty())
                .map(|address| Listen::Interface { name: name.into(), address: Some(address) }),
            None => {
                (!text.is_empty()).then(|| Listen::Interface { name: text.into(), address: None })
            }
        };
        match entry {
            Some(entry) if interfaces.iter().any(|other| is_taken(other, &entry)) => {
                out.push(
                    Diagnostic::error(format!("interface '{text}' is given twice")).at(span, ""),
                );
            }
            Some(entry) => interfaces.push(entry),
            None => out.push(
                Diagnostic::error(format!("'{text}' is not an interface"))
                    .at(span, "")
                    .hint("an interface is written NAME, NAME/ADDRESS or *"),
            ),
        }
    }
    let udp = [("udp", SocketType::Udp)];
    let socket_type = section.word("dhcp-socket-type", &udp, SocketType::Raw);
    let routed = [("use-routing", Outbound::UseRouting)];
    InterfacesConfig {
        interfaces: interfaces.into(),
        socket_type,
        names_socket_type: section.text("dhcp-socket-type").is_some(),
        // Raw sockets send by the interface they are of.
        outbound: match socket_type {
            SocketType::Udp => section.word("outbound-interface", &routed, Outbound::SameAsInbound),
            SocketType::Raw => Outbound::SameAsInbound,
        },
        re_detect: section.boolean_or_default("re-detect"),
        require_all: section.boolean_or_default("service-sockets-require-all"),
        max_retries: section.u32_or_default("service-sockets-max-retries"),
        retry_wait_ms: section.u32_or_default("service-sockets-retry-wait-time"),
    }
}

/// Whether an entry leaves nothing for the other: the same, or in DHCPv4 an interface with all its
/// addresses and one of them, or in DHCPv6, which has one unicast address, a second one.
fn is_taken<A: Address>(entry: &Listen<A>, other: &Listen<A>) -> bool {
    match (entry, other) {
        (Listen::All, Listen::All) => true,
        (
            Listen::Interface { name: one, address: first },
            Listen::Interface { name: two, address: second },
        ) => {
            let both = match (first, second) {
                (Some(first), Some(second)) => A::BITS == 128 || first == second,
                (None, None) => true,
                _ => A::BITS == 32,
            };
            one == two && both
        }
        _ => false,
    }
}

pub(crate) fn lease_database(global: Section<'_>) -> LeaseDatabase {
    let section = global.section("lease-database", Scope::LeaseDatabase);
    match section.text("type").map(str::to_ascii_lowercase).as_deref() {
        Some("mysql") => LeaseDatabase::Sql(database(section, DatabaseKind::Mysql)),
        Some("postgresql") => LeaseDatabase::Sql(database(section, DatabaseKind::Postgresql)),
        _ => LeaseDatabase::Memfile(Memfile {
            path: section.boxed("name"),
            persist: section.boolean_or_default("persist"),
            lfc_interval: section.u32_or_default("lfc-interval"),
            max_row_errors: section.u32_or_default("max-row-errors"),
            durability: section.word(
                "durability",
                &[("process-crash", Durability::ProcessCrash)],
                Durability::PowerLoss,
            ),
            on_fail: on_fail(section, OnFail::ServeRetryContinue),
            max_reconnect_tries: section.u32_or_default("max-reconnect-tries"),
            reconnect_wait_ms: section.u32_or_default("reconnect-wait-time"),
        }),
    }
}

pub(crate) fn hosts_databases(global: Section<'_>, out: &mut Diagnostics) -> Box<[Database]> {
    if global.has("hosts-database") && global.has("hosts-databases") {
        out.push(
            Diagnostic::warning("'hosts-database' and 'hosts-databases' are both given")
                .at(global.span_of("hosts-databases"), "")
                .also(global.span_of("hosts-database"), "this one is looked at first")
                .hint("put all of them into 'hosts-databases'"),
        );
    }
    let single = global.has("hosts-database");
    let single = single.then(|| global.section("hosts-database", Scope::HostsDatabase));
    let list = global.sections("hosts-databases", Scope::HostsDatabase);
    single.into_iter().chain(list).map(any_database).collect()
}

pub(crate) fn config_control(global: Section<'_>) -> Option<ConfigControl> {
    global.node("config-control")?;
    let section = global.section("config-control", Scope::ConfigControl);
    let databases = section.sections("config-databases", Scope::ConfigDatabase);
    Some(ConfigControl {
        databases: databases.map(any_database).collect(),
        fetch_wait_time: section.u32_or_default("config-fetch-wait-time"),
    })
}

fn any_database(section: Section<'_>) -> Database {
    let kinds = [("postgresql", DatabaseKind::Postgresql)];
    database(section, section.word("type", &kinds, DatabaseKind::Mysql))
}

fn database(section: Section<'_>, kind: DatabaseKind) -> Database {
    let text = |key| section.text(key).unwrap_or("").into();
    Database {
        kind,
        name: text("name"),
        host: text("host"),
        port: section.u16("port").filter(|port| *port != 0),
        user: text("user"),
        password: Secret(text("password")),
        password_file: section.boxed("password-file"),
        connect_timeout: section.u32_or_default("connect-timeout"),
        read_timeout: section.u32("read-timeout"),
        write_timeout: section.u32("write-timeout"),
        tcp_user_timeout: section.u32("tcp-user-timeout"),
        max_reconnect_tries: section.u32_or_default("max-reconnect-tries"),
        reconnect_wait_ms: section.u32_or_default("reconnect-wait-time"),
        on_fail: on_fail(section, OnFail::StopRetryExit),
        retry_on_startup: section.boolean_or_default("retry-on-startup"),
        readonly: section.boolean_or_default("readonly"),
        tls: tls(section),
        ssl_mode: section.boxed("ssl-mode"),
    }
}

/// `on-fail`, where its default is `unset`: a lost database keeps leases for others too, a lost disk
/// does not.
fn on_fail(section: Section<'_>, unset: OnFail) -> OnFail {
    if !section.has("on-fail") {
        return unset;
    }
    let words = [
        ("serve-retry-exit", OnFail::ServeRetryExit),
        ("serve-retry-continue", OnFail::ServeRetryContinue),
    ];
    section.word("on-fail", &words, OnFail::StopRetryExit)
}

fn tls(section: Section<'_>) -> Tls {
    Tls {
        trust_anchor: section.boxed("trust-anchor"),
        cert_file: section.boxed("cert-file"),
        key_file: section.boxed("key-file"),
        cipher_list: section.boxed("cipher-list"),
    }
}

pub(crate) fn expired_leases(global: Section<'_>) -> ExpiredLeases {
    let section = global.section("expired-leases-processing", Scope::ExpiredLeases);
    ExpiredLeases {
        reclaim_timer_wait_time: section.u32_or_default("reclaim-timer-wait-time"),
        flush_reclaimed_timer_wait_time: section.u32_or_default("flush-reclaimed-timer-wait-time"),
        hold_reclaimed_time: section.u32_or_default("hold-reclaimed-time"),
        max_reclaim_leases: section.u32_or_default("max-reclaim-leases"),
        max_reclaim_time_ms: section.u32_or_default("max-reclaim-time"),
        unwarned_reclaim_cycles: section.u32_or_default("unwarned-reclaim-cycles"),
    }
}

pub(crate) fn multi_threading(global: Section<'_>) -> MultiThreading {
    let section = global.section("multi-threading", Scope::MultiThreading);
    MultiThreading {
        enabled: section.boolean_or_default("enable-multi-threading"),
        thread_pool_size: section.u32_or_default("thread-pool-size"),
        packet_queue_size: section.u32_or_default("packet-queue-size"),
    }
}

pub(crate) fn queue_control(global: Section<'_>) -> QueueControl {
    let section = global.section("dhcp-queue-control", Scope::QueueControl);
    QueueControl {
        enabled: section.boolean_or_default("enable-queue"),
        queue_type: section.text_or_default("queue-type").into(),
        capacity: section.u32_or_default("capacity"),
    }
}

pub(crate) fn sanity_checks(global: Section<'_>) -> SanityChecks {
    let section = global.section("sanity-checks", Scope::SanityChecks);
    SanityChecks {
        lease_checks: section.word(
            "lease-checks",
            &[
                ("none", LeaseChecks::None),
                ("fix", LeaseChecks::Fix),
                ("fix-del", LeaseChecks::FixDel),
                ("del", LeaseChecks::Del),
            ],
            LeaseChecks::Warn,
        ),
        extended_info_checks: section.word(
            "extended-info-checks",
            &[
                ("none", ExtendedInfoChecks::None),
                ("strict", ExtendedInfoChecks::Strict),
                ("pedantic", ExtendedInfoChecks::Pedantic),
            ],
            ExtendedInfoChecks::Fix,
        ),
    }
}

pub(crate) fn compatibility(global: Section<'_>) -> Compatibility {
    let section = global.section("compatibility", Scope::Compatibility);
    Compatibility {
        lenient_option_parsing: section.boolean_or_default("lenient-option-parsing"),
        ignore_rai_link_selection: section.boolean_or_default("ignore-rai-link-selection"),
        ignore_dhcp_server_identifier: section.boolean_or_default("ignore-dhcp-server-identifier"),
        exclude_first_last_24: section.boolean_or_default("exclude-first-last-24"),
    }
}

pub(crate) fn dhcp_ddns(global: Section<'_>, out: &mut Diagnostics) -> DhcpDdns {
    let section = global.section("dhcp-ddns", Scope::DhcpDdns);
    if section.text("ncr-protocol").is_some_and(|word| word.eq_ignore_ascii_case("tcp")) {
        let message = "'ncr-protocol' TCP is not supported; use UDP";
        out.push(Diagnostic::error(message).at(section.span_of("ncr-protocol"), ""));
    }
    let any = IpAddr::V4(Ipv4Addr::UNSPECIFIED);
    let server: IpAddr = section.text_or_default("server-ip").parse().unwrap_or(any);
    let unspecified =
        if server.is_ipv4() { any } else { IpAddr::V6(std::net::Ipv6Addr::UNSPECIFIED) };
    let sender: IpAddr = section.text_or_default("sender-ip").parse().unwrap_or(unspecified);
    if sender.is_ipv4() != server.is_ipv4() {
        let message = "'sender-ip' and 'server-ip' are of different families";
        out.push(Diagnostic::error(message).at(section.span_of("sender-ip"), ""));
    }
    let ends = (
        (server, section.u16_or_default("server-port")),
        (sender, section.u16_or_default("sender-port")),
    );
    if ends.0 == ends.1 {
        let message = "the server and the sender cannot be the same address and port";
        out.push(Diagnostic::error(message).at(section.span_of("server-port"), ""));
    }
    DhcpDdns {
        enable_updates: section.boolean_or_default("enable-updates"),
        server: ends.0,
        sender: ends.1,
        max_queue_size: section.u32_or_default("max-queue-size"),
    }
}

pub(crate) fn control_sockets(global: Section<'_>, out: &mut Diagnostics) -> Box<[ControlSocket]> {
    if global.has("control-socket") && global.has("control-sockets") {
        out.push(
            Diagnostic::error(
                "'control-socket' and 'control-sockets' are the same thing: give one",
            )
            .at(global.span_of("control-sockets"), "")
            .also(global.span_of("control-socket"), "the other one"),
        );
    }
    let single = global.has("control-socket");
    let single = single.then(|| global.section("control-socket", Scope::ControlSocket));
    let list = global.sections("control-sockets", Scope::ControlSocket);
    single.into_iter().chain(list).filter_map(|section| control_socket(section, out)).collect()
}

fn control_socket(section: Section<'_>, out: &mut Diagnostics) -> Option<ControlSocket> {
    let kind = section.text("socket-type")?.to_ascii_lowercase();
    if kind == "unix" {
        let Some(path) = section.boxed("socket-name") else {
            let message = "a UNIX socket needs a 'socket-name'";
            out.push(Diagnostic::error(message).at(section.head(), ""));
            return None;
        };
        return Some(ControlSocket::Unix { path });
    }
    if kind == "https" {
        let names = ["trust-anchor", "cert-file", "key-file"];
        for name in names.into_iter().filter(|name| section.some_text(name).is_none()) {
            let message = format!("an HTTPS socket needs a '{name}'");
            out.push(Diagnostic::error(message).at(section.head(), ""));
        }
    }
    let authentication = section.has("authentication");
    let address = section.some_text("socket-address").unwrap_or("127.0.0.1");
    Some(ControlSocket::Http(HttpSocket {
        address: address.parse().unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        port: section.u16("socket-port").unwrap_or(8000),
        tls: (kind == "https").then(|| tls(section)),
        cert_required: section.boolean_or_default("cert-required"),
        authentication: authentication
            .then(|| read_authentication(section.section("authentication", Scope::Authentication))),
        headers: section
            .sections("http-headers", Scope::HttpHeader)
            .filter_map(|header| Some((header.text("name")?.into(), header.text("value")?.into())))
            .collect(),
    }))
}

fn read_authentication(section: Section<'_>) -> Authentication {
    let clients = section.sections("clients", Scope::Credentials).map(|client| Credentials {
        user: client.text("user").map(Into::into),
        user_file: client.boxed("user-file"),
        password: client.text("password").map(|password| Secret(password.into())),
        password_file: client.boxed("password-file"),
    });
    Authentication {
        realm: section.text_or_default("realm").into(),
        directory: section.text_or_default("directory").into(),
        clients: clients.collect(),
    }
}

pub(crate) fn hooks_libraries(global: Section<'_>) -> Box<[HooksLibrary]> {
    let libraries =
        global.sections("hooks-libraries", Scope::HooksLibrary).map(|section| HooksLibrary {
            library: section.text("library").unwrap_or("").into(),
            parameters: section.node("parameters").map(|node| Arc::new(node.value.clone())),
        });
    libraries.collect()
}

pub(crate) fn loggers(global: Section<'_>) -> Box<[Logger]> {
    let loggers = global.sections("loggers", Scope::Logger).map(|section| {
        let older = section.sections("output_options", Scope::LogOutput);
        let outputs = older.chain(section.sections("output-options", Scope::LogOutput));
        Logger {
            name: section.text("name").unwrap_or("").into(),
            severity: section.some_text("severity").map(|word| word.to_ascii_uppercase().into()),
            debug_level: u8::try_from(section.u32_or_default("debuglevel")).unwrap_or(99),
            outputs: outputs.map(log_output).collect(),
        }
    });
    loggers.collect()
}

fn log_output(section: Section<'_>) -> LogOutput {
    let size = section.integer("maxsize").and_then(|size| u64::try_from(size).ok());
    LogOutput {
        output: section.text("output").unwrap_or("").into(),
        flush: section.boolean_or_default("flush"),
        max_size: size.unwrap_or_else(|| u64::from(section.u32_or_default("maxsize"))),
        max_version: section.u32_or_default("maxver"),
        pattern: section.text_or_default("pattern").into(),
    }
}
