//! Commands of the remaining hook libraries.

use super::core::UNSIGNED;
use super::row::{Daemons, Row, may, must, read, write};
use super::shape::{Field, Kind};

const CACHE: &str = "host_cache";
const CLASSES: &str = "class_cmds";
const GSS: &str = "gss_tsig";
const HA: &str = "high_availability";
const HOSTS: &str = "host_cmds";
const PERFORMANCE: &str = "perfmon";
const NAME: &[Field] = &[must("name", Kind::Text, "Name of the class")];
const CLASS: &[Field] = &[must("client-classes", Kind::One, "The class, as in the configuration")];
const SERVER: &[Field] = &[must("server-id", Kind::Text, "Identifier of the DNS server")];
const KEY: &[Field] = &[must("key-name", Kind::Text, "Name of the key")];
const SERVER_NAME: Field = may("server-name", Kind::Text, "The relationship this server is in");
const SUBNET: Field = must("subnet-id", UNSIGNED, "Identifier of the subnet; 0 is global");
const MAY_SUBNET: Field = may("subnet-id", UNSIGNED, "Identifier of the subnet");
const TARGET: Field = may(
    "operation-target",
    Kind::Word(&["memory", "primary", "database", "alternate", "all", "default"]),
    "Which reservations are meant: those in force of the file ('memory', 'primary'), those of databases",
);
const ADDRESS: Field = may("ip-address", Kind::Address, "Reserved address");
const IDENTIFIER_TYPE: Field = may("identifier-type", Kind::Text, "Kind of 'identifier'");
const IDENTIFIER: Field = may("identifier", Kind::Text, "What identifies the client");
const RESERVATION: &[Field] = &[must("reservation", Kind::Map, "The reservation"), TARGET];
const WHICH: &[Field] = &[SUBNET, ADDRESS, IDENTIFIER_TYPE, IDENTIFIER, TARGET];
const WAYS: &[&[&str]] = &[&["ip-address"], &["identifier-type", "identifier"]];

pub(super) static ROWS: &[Row] = &[
    write("cache-clear", "1.4.0", "Empties the host cache").by(CACHE),
    write("cache-flush", "1.4.0", "Drops the oldest entries of the host cache")
        .by(CACHE)
        .value(UNSIGNED),
    read("cache-get", "1.4.0", "Gives the host cache").by(CACHE),
    read("cache-get-by-id", "1.6.0", "Gives cached hosts by an identifier").by(CACHE).with_one_of(
        &[
            may("hw-address", Kind::Text, "Hardware address"),
            may("duid", Kind::Text, "DUID"),
            may("circuit-id", Kind::Text, "Circuit identifier"),
            may("client-id", Kind::Text, "Client identifier"),
            may("flex-id", Kind::Text, "Flexible identifier"),
        ],
        &[&["hw-address"], &["duid"], &["circuit-id"], &["client-id"], &["flex-id"]],
    ),
    write("cache-insert", "1.4.0", "Puts a host into the host cache").by(CACHE).value(Kind::Any),
    write("cache-load", "1.4.0", "Loads the host cache from a file").by(CACHE).value(Kind::Text),
    write("cache-remove", "1.4.0", "Removes a host from the host cache").by(CACHE).with(&[
        MAY_SUBNET,
        may("subnet-id4", UNSIGNED, "Identifier of the IPv4 subnet"),
        may("subnet-id6", UNSIGNED, "Identifier of the IPv6 subnet"),
        ADDRESS,
    ]),
    read("cache-size", "1.6.0", "Counts the host cache").by(CACHE),
    write("cache-write", "1.4.0", "Writes the host cache to a file").by(CACHE).value(Kind::Text),
    write("class-add", "1.5.0", "Adds a client class").by(CLASSES).with(CLASS),
    write("class-del", "1.5.0", "Deletes a client class").by(CLASSES).with(NAME),
    read("class-get", "1.5.0", "Gives a client class").by(CLASSES).with(NAME),
    read("class-list", "1.5.0", "Lists the client classes").by(CLASSES),
    write("class-update", "1.5.0", "Replaces a client class").by(CLASSES).with(CLASS),
    read("gss-tsig-get", "2.0.0", "Gives a DNS server and its keys")
        .of(Daemons::DDNS)
        .by(GSS)
        .with(SERVER),
    read("gss-tsig-get-all", "2.0.0", "Gives all DNS servers and keys").of(Daemons::DDNS).by(GSS),
    write("gss-tsig-key-del", "2.0.0", "Deletes a key").of(Daemons::DDNS).by(GSS).with(KEY),
    write("gss-tsig-key-expire", "2.0.0", "Expires a key").of(Daemons::DDNS).by(GSS).with(KEY),
    read("gss-tsig-key-get", "2.0.0", "Gives a key").of(Daemons::DDNS).by(GSS).with(KEY),
    read("gss-tsig-list", "2.0.0", "Lists DNS servers and keys").of(Daemons::DDNS).by(GSS),
    write("gss-tsig-purge", "2.0.0", "Removes unusable keys of a server")
        .of(Daemons::DDNS)
        .by(GSS)
        .with(SERVER),
    write("gss-tsig-purge-all", "2.0.0", "Removes all unusable keys").of(Daemons::DDNS).by(GSS),
    write("gss-tsig-rekey", "2.0.0", "Negotiates new keys with a server")
        .of(Daemons::DDNS)
        .by(GSS)
        .with(SERVER),
    write("gss-tsig-rekey-all", "2.0.0", "Negotiates new keys with all").of(Daemons::DDNS).by(GSS),
    write("ha-continue", "1.4.0", "Lets a paused server go on").by(HA).with(&[SERVER_NAME]),
    write("ha-heartbeat", "1.4.0", "Tells the partner the state").by(HA).with(&[SERVER_NAME]),
    write("ha-maintenance-cancel", "1.7.4", "Leaves maintenance").by(HA).with(&[SERVER_NAME]),
    write("ha-maintenance-notify", "1.7.4", "Between partners: asks for maintenance")
        .by(HA)
        .with(&[must("cancel", Kind::Boolean, "Leave it instead"), SERVER_NAME]),
    write("ha-maintenance-start", "1.7.4", "Takes over from the partner for maintenance")
        .by(HA)
        .with(&[SERVER_NAME]),
    write("ha-reset", "1.9.4", "Starts the state machine again").by(HA).with(&[SERVER_NAME]),
    write("ha-scopes", "1.4.0", "Sets the scopes that are served").by(HA).with(&[
        must("scopes", Kind::List, "Names of servers whose clients are served"),
        SERVER_NAME,
    ]),
    write("ha-sync", "1.4.0", "Fetches all leases from the partner").by(HA).with(&[
        must("server-name", Kind::Text, "The partner"),
        may("max-period", UNSIGNED, "Seconds the partner is disabled at most"),
    ]),
    write("ha-sync-complete-notify", "1.9.11", "Between partners: synchronisation is done")
        .by(HA)
        .with(&[SERVER_NAME]),
    write("reservation-add", "1.2.0", "Adds a reservation").by(HOSTS).with(RESERVATION),
    write("reservation-del", "1.2.0", "Deletes a reservation").by(HOSTS).with_one_of(WHICH, WAYS),
    read("reservation-get", "1.2.0", "Gives a reservation").by(HOSTS).with_one_of(WHICH, WAYS),
    read("reservation-get-all", "1.6.0", "Gives the reservations of a subnet")
        .by(HOSTS)
        .with(&[SUBNET, TARGET]),
    read("reservation-get-by-address", "2.4.0", "Gives the reservations of an address")
        .by(HOSTS)
        .with(&[must("ip-address", Kind::Address, "Reserved address"), MAY_SUBNET, TARGET]),
    read("reservation-get-by-hostname", "1.7.1", "Gives the reservations of a name")
        .by(HOSTS)
        .with(&[must("hostname", Kind::Text, "Reserved name"), MAY_SUBNET, TARGET]),
    read("reservation-get-by-id", "1.9.0", "Gives the reservations of an identifier")
        .by(HOSTS)
        .with(&[
            must("identifier-type", Kind::Text, "Kind of 'identifier'"),
            must("identifier", Kind::Text, "What identifies the client"),
            TARGET,
        ]),
    read("reservation-get-page", "1.6.0", "Gives the reservations page by page").by(HOSTS).with(&[
        must("limit", super::core::POSITIVE, "Reservations on a page"),
        MAY_SUBNET,
        may("source-index", UNSIGNED, "Source to go on from"),
        may("from", UNSIGNED, "Reservation to go on from"),
        TARGET,
    ]),
    write("reservation-update", "2.4.0", "Replaces a reservation").by(HOSTS).with(RESERVATION),
    write("perfmon-control", "2.5.6", "Switches performance monitoring").by(PERFORMANCE).with(&[
        may("enable-monitoring", Kind::Boolean, "Measure"),
        may("stats-mgr-reporting", Kind::Boolean, "Report as statistics"),
    ]),
    read("perfmon-get-all-durations", "2.5.6", "Gives the measured durations")
        .by(PERFORMANCE)
        .with(&[may("result-set-format", Kind::Boolean, "As a table")]),
];
