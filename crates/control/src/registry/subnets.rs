//! Commands over subnets and shared networks: `subnet_cmds`.

use super::core::UNSIGNED;
use super::row::{Row, may, must, read, write};
use super::shape::{Field, Kind};

const LIBRARY: &str = "subnet_cmds";
const NAME: Field = must("name", Kind::Text, "Name of the shared network");
const ID: Field = must("id", UNSIGNED, "Identifier of the subnet");
const SUBNET: &[Field] = &[must("subnet#", Kind::One, "The subnet, as in the configuration")];
const WHICH: &[Field] = &[
    may("id", UNSIGNED, "Identifier of the subnet"),
    may("subnet", Kind::Text, "Prefix of the subnet"),
];
const ACTION: Field =
    may("subnets-action", Kind::Word(&["keep", "delete"]), "What becomes of its subnets");

pub(super) static ROWS: &[Row] = &[
    write("network#-add", "1.3.0", "Adds a shared network").by(LIBRARY).with(&[must(
        "shared-networks",
        Kind::One,
        "The network, as in the configuration",
    )]),
    write("network#-del", "1.3.0", "Deletes a shared network").by(LIBRARY).with(&[NAME, ACTION]),
    read("network#-get", "1.3.0", "Gives a shared network").by(LIBRARY).with(&[NAME]),
    read("network#-list", "1.3.0", "Lists the shared networks").by(LIBRARY),
    write("network#-subnet-add", "1.3.0", "Puts a subnet into a shared network")
        .by(LIBRARY)
        .with(&[NAME, ID]),
    write("network#-subnet-del", "1.3.0", "Takes a subnet out of a shared network")
        .by(LIBRARY)
        .with(&[NAME, ID]),
    write("subnet#-add", "1.3.0", "Adds a subnet").by(LIBRARY).with(SUBNET),
    write("subnet#-del", "1.3.0", "Deletes a subnet").by(LIBRARY).with(&[ID]),
    write("subnet#-delta-add", "2.1.7", "Adds to a subnet, or changes parts of it")
        .by(LIBRARY)
        .with(SUBNET),
    write("subnet#-delta-del", "2.1.7", "Takes parts out of a subnet").by(LIBRARY).with(SUBNET),
    read("subnet#-get", "1.3.0", "Gives a subnet")
        .by(LIBRARY)
        .with_one_of(WHICH, &[&["id"], &["subnet"]]),
    read("subnet#-list", "1.3.0", "Lists the subnets").by(LIBRARY),
    write("subnet#-update", "1.6.0", "Replaces a subnet").by(LIBRARY).with(SUBNET),
];
