//! Commands of the servers themselves.

use super::row::{Daemons, Row, may, must, read, write};
use super::shape::Kind;

pub(super) const UNSIGNED: Kind = Kind::Integer(0, u32::MAX as i64);
pub(super) const POSITIVE: Kind = Kind::Integer(1, u32::MAX as i64);
const STATISTIC: super::Field = must("name", Kind::Text, "Name of the statistic");
const DURATION: super::Field = must("duration", UNSIGNED, "Seconds that samples are kept");
const SAMPLES: super::Field = must("max-samples", UNSIGNED, "Samples that are kept");

pub(super) static ROWS: &[Row] = &[
    read("build-report", "1.2.0", "Tells how the program was built").of(Daemons::ALL),
    read("client-explain", "", "Tells what would become of a client's query, and why").with(&[
        may("packet", Kind::Text, "The whole query, in hexadecimal digits"),
        may("message-type", Kind::Text, "What the client sends; DISCOVER or SOLICIT without it"),
        may("hw-address", Kind::Text, "The client's hardware address"),
        may("client-id", Kind::Text, "The client identifier (DHCPv4), in hexadecimal digits"),
        may("duid", Kind::Text, "The client's DUID (DHCPv6), in hexadecimal digits"),
        may("options", Kind::List, "More options: maps of 'code' and 'data' in hexadecimal digits"),
        may("relay", Kind::Address, "The relay's address; its link address in DHCPv6"),
        may("circuit-id", Kind::Text, "The relay's circuit identifier (DHCPv4), hexadecimal"),
        may("interface-id", Kind::Text, "The relay's interface identifier (DHCPv6), hexadecimal"),
        may("remote-id", Kind::Text, "The relay's remote identifier, in hexadecimal digits"),
        may("interface", Kind::Text, "Where the query is received, as NAME or NAME/ADDRESS"),
        may("source", Kind::Address, "The address that the query came from"),
        may("format", Kind::Word(&["json", "text"]), "Steps as maps (default) or as lines"),
    ]),
    write("config-backend-pull", "1.7.1", "Fetches changes from the configuration backends now"),
    read("config-get", "1.2.0", "Gives the configuration in force").of(Daemons::ALL),
    read("config-hash-get", "2.4.0", "Gives a hash of the configuration in force").of(Daemons::ALL),
    write("config-reload", "1.2.0", "Reads the configuration file again").of(Daemons::ALL),
    // The member is named after the daemon, whose handler checks it.
    write("config-set", "1.2.0", "Replaces the configuration").of(Daemons::ALL),
    write("config-test", "1.2.0", "Checks a configuration without using it").of(Daemons::ALL),
    write("config-write", "1.2.0", "Writes the configuration in force to a file")
        .of(Daemons::ALL)
        .with(&[may("filename", Kind::Text, "The file; by default the one of -c")]),
    write("dhcp-disable", "1.4.0", "Stops answering clients").with(&[
        may("max-period", Kind::Integer(i64::MIN, i64::MAX), "Seconds after which it is enabled"),
        may("origin", Kind::Text, "On whose behalf: 'user' (default) or 'ha-partner'"),
    ]),
    write("dhcp-enable", "1.4.0", "Answers clients again").with(&[may(
        "origin",
        Kind::Text,
        "On whose behalf it was disabled",
    )]),
    write("interface-add", "3.2.0", "Listens on further interfaces").with(&[must(
        "interfaces",
        Kind::List,
        "The interfaces, as in interfaces-config",
    )]),
    read("interface-list", "3.2.0", "Lists the interfaces and the sockets open on them"),
    write("interface-redetect", "3.2.0", "Looks for interfaces again"),
    write("kea-lfc-start", "2.6.0", "Cleans up the lease file now"),
    write("leases-reclaim", "1.0.0", "Reclaims all expired leases now").with(&[must(
        "remove",
        Kind::Boolean,
        "Delete them, or keep them as reclaimed",
    )]),
    write("libreload", "1.2.0", "Unloads and loads all hook libraries"),
    read("list-commands", "1.0.0", "Lists the commands of the server").of(Daemons::ALL),
    read("server-tag-get", "1.6.0", "Gives the server's tag in configuration backends"),
    write("shutdown", "1.0.0", "Stops the server").of(Daemons::ALL).with(&[
        may("exit-value", Kind::Integer(i64::MIN, i64::MAX), "Exit status of the process"),
        may("type", Kind::Word(&["normal", "drain_first", "now"]), "How kea-dhcp-ddns stops"),
    ]),
    read("statistic-get", "1.0.0", "Gives the samples of one statistic")
        .of(Daemons::SERVERS)
        .with(&[STATISTIC]),
    read("statistic-get-all", "1.0.0", "Gives the samples of all statistics").of(Daemons::SERVERS),
    read("statistic-global-get-all", "3.1.2", "Gives the statistics that belong to no subnet"),
    write("statistic-remove", "1.0.0", "Removes one statistic").with(&[STATISTIC]),
    write("statistic-remove-all", "1.0.0", "Removes all statistics (deprecated)"),
    write("statistic-reset", "1.0.0", "Sets one statistic to its neutral value")
        .of(Daemons::SERVERS)
        .with(&[STATISTIC]),
    write("statistic-reset-all", "1.0.0", "Sets all statistics to their neutral values")
        .of(Daemons::SERVERS),
    write("statistic-sample-age-set", "1.6.0", "Limits the samples of one statistic by age")
        .with(&[STATISTIC, DURATION]),
    write("statistic-sample-age-set-all", "1.6.0", "Limits the samples of all by age")
        .with(&[DURATION]),
    write("statistic-sample-count-set", "1.6.0", "Limits the samples of one by number")
        .with(&[STATISTIC, SAMPLES]),
    write("statistic-sample-count-set-all", "1.6.0", "Limits the samples of all by number")
        .with(&[SAMPLES]),
    read("status-get", "1.7.3", "Tells how the server is").of(Daemons::ALL),
    read("subnet#-select-test", "2.7.5", "Tells which subnet a client would be placed in")
        .checked_by_server(SELECT),
    read("subnet4o6-select-test", "2.7.5", "The same for DHCPv4 over DHCPv6")
        .of(Daemons::DHCP4)
        .checked_by_server(SELECT),
    read("version-get", "1.2.0", "Gives the version").of(Daemons::ALL),
];

const SELECT: &[super::Field] = &[
    may("interface", Kind::Text, "Where the query was received"),
    may("address", Kind::Address, "The client's address"),
    may("relay", Kind::Address, "The relay's address"),
    may("local", Kind::Address, "The address the query was sent to"),
    may("remote", Kind::Address, "The address the query came from"),
    may("link", Kind::Address, "The address a link-selection option names"),
    may(
        "interface-id",
        Kind::Text,
        "The relay's interface identifier: 'text' or hexadecimal digits",
    ),
    may("subnet", Kind::Address, "The address a subnet-selection option names"),
    may("classes", Kind::List, "Classes the client is in"),
];
