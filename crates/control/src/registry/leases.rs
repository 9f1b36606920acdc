//! Commands over leases: `lease_cmds` and `stat_cmds`.

use super::core::UNSIGNED;
use super::row::{Daemons, Row, may, must, read, write};
use super::shape::{Field, Kind};

const LIBRARY: &str = "lease_cmds";
const V4: Daemons = Daemons::DHCP4;
const V6: Daemons = Daemons::DHCP6;
const ADDRESS: Field = must("ip-address", Kind::Address, "The leased address or prefix");
const MAY_ADDRESS: Field = may("ip-address", Kind::Address, "The leased address or prefix");
const SUBNET: Field = may("subnet-id", UNSIGNED, "Identifier of the subnet");
const TYPE: Field = may("type", Kind::Text, "Kind of lease: 'IA_NA' (default) or 'IA_PD'");
const IAID: Field = may("iaid", UNSIGNED, "The client's IAID");
const UPDATE_DDNS: Field = may("update-ddns", Kind::Boolean, "Also remove its DNS records");
const FORCE_CREATE: Field = may("force-create", Kind::Boolean, "Create it if it is not there");
const HOSTNAME: Field = must("hostname", Kind::Text, "The client's name");
const HW_ADDRESS: Field = must("hw-address", Kind::Text, "The client's hardware address");
const WAYS4: &[&[&str]] = &[&["ip-address"], &["subnet-id", "identifier-type", "identifier"]];
const WAYS6: &[&[&str]] =
    &[&["ip-address"], &["subnet-id", "identifier-type", "identifier", "iaid"]];
const IDENTIFIER: Field = may("identifier", Kind::Text, "The client's identifier");
const IDENTIFIER4: Field =
    may("identifier-type", Kind::Word(&["hw-address", "client-id"]), "Kind of 'identifier'");
const IDENTIFIER6: Field =
    may("identifier-type", Kind::Word(&["duid", "hw-address"]), "Kind of 'identifier'");

macro_rules! lease {
    ($($own:expr),* $(,)?) => {
        &[
            $($own,)*
            SUBNET,
            may("valid-lft", UNSIGNED, "Valid lifetime, in seconds"),
            may("expire", Kind::Integer(0, i64::MAX), "When it expires, in seconds since 1970"),
            may("fqdn-fwd", Kind::Boolean, "Its forward DNS record was updated"),
            may("fqdn-rev", Kind::Boolean, "Its reverse DNS record was updated"),
            may("hostname", Kind::Text, "The client's name"),
            may("state", Kind::Integer(0, 4), "0 default, 1 declined, 2 expired-reclaimed"),
            may("user-context", Kind::Map, "Anything"),
            may("comment", Kind::Text, "Put into the user context"),
            FORCE_CREATE,
        ]
    };
}

const LEASE4: &[Field] =
    lease![ADDRESS, HW_ADDRESS, may("client-id", Kind::Text, "The client identifier")];
const UPDATE4: &[Field] = lease![
    ADDRESS,
    may("hw-address", Kind::Text, "The client's hardware address"),
    may("client-id", Kind::Text, "The client identifier"),
];
const LEASE6: &[Field] = lease![
    ADDRESS,
    must("duid", Kind::Text, "The client's DUID"),
    must("iaid", UNSIGNED, "The client's IAID"),
    TYPE,
    may("prefix-len", Kind::Integer(0, 128), "Length of a prefix"),
    may("preferred-lft", UNSIGNED, "Preferred lifetime, in seconds"),
    may("hw-address", Kind::Text, "The client's hardware address"),
];
const PAGE: &[Field] = &[
    must("from", Kind::Text, "'start', or the last address of the page before"),
    must("limit", super::core::POSITIVE, "Leases on a page"),
];
const STATISTICS: &[Field] =
    &[SUBNET, may("subnet-range", Kind::Map, "'first-subnet-id' and 'last-subnet-id'")];
const BY_STATE: &[Field] = &[
    must("state", Kind::Any, "The state, as a name or number"),
    may("subnet-id", UNSIGNED, "Only in this subnet"),
];

pub(super) static ROWS: &[Row] = &[
    write("lease4-add", "1.3.0", "Adds a lease").of(V4).by(LIBRARY).with(LEASE4),
    write("lease6-add", "1.3.0", "Adds a lease").of(V6).by(LIBRARY).with(LEASE6),
    write("lease6-bulk-apply", "1.6.0", "Adds, changes and deletes many leases at once")
        .of(V6)
        .by(LIBRARY)
        .with_one_of(
            &[
                may("deleted-leases", Kind::List, "Leases to delete"),
                may("leases", Kind::List, "Leases to add or change"),
            ],
            &[&["deleted-leases"], &["leases"]],
        ),
    write("lease4-del", "1.3.0", "Deletes a lease")
        .of(V4)
        .by(LIBRARY)
        .with_one_of(&[MAY_ADDRESS, SUBNET, IDENTIFIER4, IDENTIFIER, UPDATE_DDNS], WAYS4),
    write("lease6-del", "1.3.0", "Deletes a lease").of(V6).by(LIBRARY).with_one_of(
        &[MAY_ADDRESS, TYPE, SUBNET, IDENTIFIER6, IDENTIFIER, IAID, UPDATE_DDNS],
        WAYS6,
    ),
    read("lease4-get", "1.3.0", "Gives a lease")
        .of(V4)
        .by(LIBRARY)
        .with_one_of(&[MAY_ADDRESS, SUBNET, IDENTIFIER4, IDENTIFIER], WAYS4),
    read("lease6-get", "1.3.0", "Gives a lease")
        .of(V6)
        .by(LIBRARY)
        .with_one_of(&[MAY_ADDRESS, TYPE, SUBNET, IDENTIFIER6, IDENTIFIER, IAID], WAYS6),
    read("lease#-get-all", "1.4.0", "Gives all leases, or those of some subnets")
        .by(LIBRARY)
        .with(&[may("subnets", Kind::List, "Identifiers of subnets")]),
    read("lease4-get-by-client-id", "1.7.1", "Gives the leases of a client identifier")
        .of(V4)
        .by(LIBRARY)
        .with(&[must("client-id", Kind::Text, "The client identifier")]),
    read("lease6-get-by-duid", "1.7.1", "Gives the leases of a DUID")
        .of(V6)
        .by(LIBRARY)
        .with(&[must("duid", Kind::Text, "The DUID")]),
    read("lease#-get-by-hostname", "1.7.1", "Gives the leases of a name")
        .by(LIBRARY)
        .with(&[HOSTNAME]),
    read("lease#-get-by-hw-address", "1.7.1", "Gives the leases of a hardware address")
        .by(LIBRARY)
        .with(&[HW_ADDRESS]),
    read("lease#-get-by-state", "3.1.5", "Gives the leases in a state").by(LIBRARY).with(BY_STATE),
    read("lease#-get-page", "1.5.0", "Gives the leases page by page").by(LIBRARY).with(PAGE),
    write("lease#-resend-ddns", "1.7.6", "Sends a lease's DNS update again")
        .by(LIBRARY)
        .with(&[ADDRESS]),
    write("lease4-update", "1.3.0", "Changes a lease").of(V4).by(LIBRARY).with(UPDATE4),
    write("lease6-update", "1.3.0", "Changes a lease").of(V6).by(LIBRARY).with(LEASE6),
    write("lease#-wipe", "1.3.0", "Deletes the leases of a subnet, or all")
        .by(LIBRARY)
        .with(&[may("subnet-id", UNSIGNED, "The subnet; 0 is all")]),
    write("lease#-write", "2.3.1", "Writes the leases to a file").by(LIBRARY).with(&[must(
        "filename",
        Kind::Text,
        "The file",
    )]),
    write("extended-info#-upgrade", "2.4.0", "Brings extended info of leases up to date")
        .by(LIBRARY),
    read("stat-lease#-get", "1.4.0", "Counts the leases of subnets")
        .by("stat_cmds")
        .with(STATISTICS),
];
