//! The options of DHCPv6 (RFC 9915 and later; manual, "List of standard DHCPv6 options").

use super::{Row, record, row};
use crate::data_type::DataType::{
    Binary, Empty, Fqdn, Internal, Ipv6Address, Ipv6Prefix, String, Tuple, Uint8, Uint16, Uint32,
};

/// The manual writes the two identifiers with a hyphen, the configuration knows them without.
pub(super) const ALIASES: &[(&str, &str)] = &[("client-id", "clientid"), ("server-id", "serverid")];

pub(super) const ROWS: &[Row] = &[
    row(1, "clientid", Binary, "RFC 9915 section 21.2").by_protocol(),
    row(2, "serverid", Binary, "RFC 9915 section 21.3").by_protocol(),
    record(3, "ia-na", &[Uint32, Uint32, Uint32], "RFC 9915 section 21.4")
        .holds("dhcp6")
        .by_protocol(),
    row(4, "ia-ta", Uint32, "RFC 8415 section 21.5").holds("dhcp6").by_protocol(),
    record(5, "iaaddr", &[Ipv6Address, Uint32, Uint32], "RFC 9915 section 21.6")
        .holds("dhcp6")
        .by_protocol(),
    row(6, "oro", Uint16, "RFC 9915 section 21.7").array().by_protocol(),
    row(7, "preference", Uint8, "RFC 9915 section 21.8"),
    row(8, "elapsed-time", Uint16, "RFC 9915 section 21.9").by_protocol(),
    row(9, "relay-msg", Binary, "RFC 9915 section 21.10").by_protocol(),
    row(11, "auth", Binary, "RFC 9915 section 21.11").by_protocol(),
    row(12, "unicast", Ipv6Address, "RFC 8415 section 21.12"),
    record(13, "status-code", &[Uint16, String], "RFC 9915 section 21.13").by_protocol(),
    row(14, "rapid-commit", Empty, "RFC 9915 section 21.14").by_protocol(),
    row(15, "user-class", Binary, "RFC 9915 section 21.15").by_protocol(),
    record(16, "vendor-class", &[Uint32, Binary], "RFC 9915 section 21.16").by_protocol(),
    row(17, "vendor-opts", Uint32, "RFC 9915 section 21.17").holds("vendor-opts-space"),
    row(18, "interface-id", Binary, "RFC 9915 section 21.18").by_protocol(),
    row(19, "reconf-msg", Uint8, "RFC 9915 section 21.19").by_protocol(),
    row(20, "reconf-accept", Empty, "RFC 9915 section 21.20").by_protocol(),
    row(21, "sip-server-dns", Fqdn, "RFC 3319 section 3.1").array(),
    row(22, "sip-server-addr", Ipv6Address, "RFC 3319 section 3.2").array(),
    row(23, "dns-servers", Ipv6Address, "RFC 3646 section 3").array(),
    row(24, "domain-search", Fqdn, "RFC 3646 section 4").array(),
    record(25, "ia-pd", &[Uint32, Uint32, Uint32], "RFC 9915 section 21.21")
        .holds("dhcp6")
        .by_protocol(),
    record(26, "iaprefix", &[Uint32, Uint32, Uint8, Ipv6Address], "RFC 9915 section 21.22")
        .holds("dhcp6")
        .by_protocol(),
    row(27, "nis-servers", Ipv6Address, "RFC 3898 section 3").array(),
    row(28, "nisp-servers", Ipv6Address, "RFC 3898 section 4").array(),
    row(29, "nis-domain-name", Fqdn, "RFC 3898 section 5").array(),
    row(30, "nisp-domain-name", Fqdn, "RFC 3898 section 6").array(),
    row(31, "sntp-servers", Ipv6Address, "RFC 4075 section 4").array(),
    row(32, "information-refresh-time", Uint32, "RFC 9915 section 21.23"),
    row(33, "bcmcs-server-dns", Fqdn, "RFC 4280 section 4.2").array(),
    row(34, "bcmcs-server-addr", Ipv6Address, "RFC 4280 section 4.4").array(),
    record(36, "geoconf-civic", &[Uint8, Uint16, Binary], "RFC 4776 section 3.2"),
    record(37, "remote-id", &[Uint32, Binary], "RFC 4649 section 3"),
    row(38, "subscriber-id", Binary, "RFC 4580 section 2"),
    record(39, "client-fqdn", &[Uint8, Fqdn], "RFC 4704 section 4"),
    row(40, "pana-agent", Ipv6Address, "RFC 5192 section 5").array(),
    row(41, "new-posix-timezone", String, "RFC 4833 section 3"),
    row(42, "new-tzdb-timezone", String, "RFC 4833 section 3"),
    row(43, "ero", Uint16, "RFC 4994 section 4").array(),
    record(44, "lq-query", &[Uint8, Ipv6Address], "RFC 5007 section 4.1.2.1").holds("dhcp6"),
    row(45, "client-data", Empty, "RFC 5007 section 4.1.2.2").holds("dhcp6"),
    row(46, "clt-time", Uint32, "RFC 5007 section 4.1.2.3"),
    record(47, "lq-relay-data", &[Ipv6Address, Binary], "RFC 5007 section 4.1.2.4"),
    row(48, "lq-client-link", Ipv6Address, "RFC 5007 section 4.1.2.5").array(),
    row(51, "v6-lost", Fqdn, "RFC 5223 section 4"),
    row(52, "capwap-ac-v6", Ipv6Address, "RFC 5417 section 3").array(),
    row(53, "relay-id", Binary, "RFC 5460 section 5.4.1"),
    row(56, "ntp-server", Empty, "RFC 5908 section 4")
        .holds("v6-ntp-server-suboptions")
        .replaceable(),
    row(57, "v6-access-domain", Fqdn, "RFC 5986 section 3.3"),
    row(58, "sip-ua-cs-list", Fqdn, "RFC 6011 section 4.2").array(),
    row(59, "bootfile-url", String, "RFC 5970 section 3.1"),
    row(60, "bootfile-param", Tuple, "RFC 5970 section 3.2").array(),
    row(61, "client-arch-type", Uint16, "RFC 5970 section 3.3").array(),
    record(62, "nii", &[Uint8, Uint8, Uint8], "RFC 5970 section 3.4"),
    row(64, "aftr-name", Fqdn, "RFC 6334 section 3"),
    row(65, "erp-local-domain-name", Fqdn, "RFC 6440 section 4"),
    row(66, "rsoo", Empty, "RFC 6422 section 4").holds("rsoo-opts"),
    row(67, "pd-exclude", Ipv6Prefix, "RFC 6603 section 4.2"),
    record(74, "rdnss-selection", &[Ipv6Address, Uint8, Fqdn], "RFC 6731 section 4.2").array(),
    row(79, "client-linklayer-addr", Binary, "RFC 6939 section 4"),
    row(80, "link-address", Ipv6Address, "RFC 6977 section 5.4.1"),
    row(82, "solmax-rt", Uint32, "RFC 9915 section 21.24"),
    row(83, "inf-max-rt", Uint32, "RFC 9915 section 21.25"),
    row(87, "dhcpv4-message", Binary, "RFC 7341 section 7.1").by_protocol(),
    row(88, "dhcp4o6-server-addr", Ipv6Address, "RFC 7341 section 7.2").array(),
    row(103, "v6-captive-portal", String, "RFC 8910 section 2.2"),
    row(135, "relay-source-port", Uint16, "RFC 8357 section 4.2").by_protocol(),
    row(136, "v6-sztp-redirect", Tuple, "RFC 8572 section 8.2").array().replaceable(),
    row(143, "ipv6-address-andsf", Ipv6Address, "RFC 6153 section 3").array(),
    row(144, "v6-dnr", Internal, "RFC 9463 section 4.1").replaceable(),
];
