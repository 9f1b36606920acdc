//! Commands over configuration backends: `cb_cmds`.

use super::row::{Row, may, must, read, write};
use super::shape::{Field, Kind};

const LIBRARY: &str = "cb_cmds";
const REMOTE: Field = may("remote", Kind::Map, "Which backend: 'type', 'host', 'port'");
const TAGS: Field = must("server-tags", Kind::List, "Servers that are meant");
const ONE_TAG: Field = must("server-tags", Kind::One, "The server that is meant, or 'all'");
const CLASSES: Field = must("client-classes", Kind::One, "The class");
const PARAMETERS: Field = must("parameters", Kind::One, "Name of the parameter");
const NETWORKS: Field = must("shared-networks", Kind::One, "The shared network");
const DEFINITIONS: Field = must("option-defs", Kind::One, "The definition");
const OPTIONS: Field = must("options", Kind::One, "The option");
const POOLS: Field = must("pools", Kind::One, "The pool");
const PD_POOLS: Field = must("pd-pools", Kind::One, "The pool of prefixes");
const SUBNETS: Field = must("subnets", Kind::One, "The subnet");
const SERVERS: Field = must("servers", Kind::One, "The server");
const V6: super::Daemons = super::Daemons::DHCP6;

const fn get(name: &'static str, fields: &'static [Field], help: &'static str) -> Row {
    read(name, "1.6.0", help).by(LIBRARY).with(fields)
}

const fn set(name: &'static str, fields: &'static [Field], help: &'static str) -> Row {
    write(name, "1.6.0", help).by(LIBRARY).with(fields)
}

const fn since_1_9_10(row: Row) -> Row {
    Row { since: "1.9.10", ..row }
}

pub(super) static ROWS: &[Row] = &[
    since_1_9_10(set("remote-class#-del", &[REMOTE, CLASSES], "Deletes a class")),
    since_1_9_10(get("remote-class#-get", &[REMOTE, CLASSES], "Gives a class")),
    since_1_9_10(get("remote-class#-get-all", &[REMOTE, TAGS], "Gives all classes")),
    since_1_9_10(set("remote-class#-set", &[REMOTE, TAGS, CLASSES], "Puts a class")),
    set(
        "remote-global-parameter#-del",
        &[REMOTE, ONE_TAG, PARAMETERS],
        "Deletes a global parameter",
    ),
    get("remote-global-parameter#-get", &[REMOTE, ONE_TAG, PARAMETERS], "Gives a global parameter"),
    get("remote-global-parameter#-get-all", &[REMOTE, ONE_TAG], "Gives all global parameters"),
    set(
        "remote-global-parameter#-set",
        &[REMOTE, ONE_TAG, must("parameters", Kind::Map, "Names and values")],
        "Puts global parameters",
    ),
    set(
        "remote-network#-del",
        &[
            REMOTE,
            NETWORKS,
            may("subnets-action", Kind::Word(&["keep", "delete"]), "What becomes of its subnets"),
        ],
        "Deletes a shared network",
    ),
    get(
        "remote-network#-get",
        &[
            REMOTE,
            NETWORKS,
            may("subnets-include", Kind::Word(&["full", "no"]), "With its subnets or without"),
        ],
        "Gives a shared network",
    ),
    get("remote-network#-list", &[REMOTE, TAGS], "Lists the shared networks"),
    set("remote-network#-set", &[REMOTE, TAGS, NETWORKS], "Puts a shared network"),
    set("remote-option-def#-del", &[REMOTE, ONE_TAG, DEFINITIONS], "Deletes an option definition"),
    get("remote-option-def#-get", &[REMOTE, ONE_TAG, DEFINITIONS], "Gives an option definition"),
    get("remote-option-def#-get-all", &[REMOTE, ONE_TAG], "Gives all option definitions"),
    set("remote-option-def#-set", &[REMOTE, ONE_TAG, DEFINITIONS], "Puts an option definition"),
    set("remote-option#-global-del", &[REMOTE, ONE_TAG, OPTIONS], "Deletes a global option"),
    get("remote-option#-global-get", &[REMOTE, ONE_TAG, OPTIONS], "Gives a global option"),
    get("remote-option#-global-get-all", &[REMOTE, ONE_TAG], "Gives all global options"),
    set("remote-option#-global-set", &[REMOTE, ONE_TAG, OPTIONS], "Puts a global option"),
    set("remote-option#-network-del", &[REMOTE, NETWORKS, OPTIONS], "Deletes a network's option"),
    set("remote-option#-network-set", &[REMOTE, NETWORKS, OPTIONS], "Puts a network's option"),
    set(
        "remote-option6-pd-pool-del",
        &[REMOTE, PD_POOLS, OPTIONS],
        "Deletes a prefix pool's option",
    )
    .of(V6),
    set("remote-option6-pd-pool-set", &[REMOTE, PD_POOLS, OPTIONS], "Puts a prefix pool's option")
        .of(V6),
    set("remote-option#-pool-del", &[REMOTE, POOLS, OPTIONS], "Deletes a pool's option"),
    set("remote-option#-pool-set", &[REMOTE, POOLS, OPTIONS], "Puts a pool's option"),
    set("remote-option#-subnet-del", &[REMOTE, SUBNETS, OPTIONS], "Deletes a subnet's option"),
    set("remote-option#-subnet-set", &[REMOTE, SUBNETS, OPTIONS], "Puts a subnet's option"),
    set("remote-server#-del", &[REMOTE, SERVERS], "Deletes a server"),
    get("remote-server#-get", &[REMOTE, SERVERS], "Gives a server"),
    get("remote-server#-get-all", &[REMOTE], "Gives all servers"),
    set("remote-server#-set", &[REMOTE, SERVERS], "Puts a server"),
    set("remote-subnet#-del-by-id", &[REMOTE, SUBNETS], "Deletes a subnet by identifier"),
    set("remote-subnet#-del-by-prefix", &[REMOTE, SUBNETS], "Deletes a subnet by prefix"),
    get("remote-subnet#-get-by-id", &[REMOTE, SUBNETS], "Gives a subnet by identifier"),
    get("remote-subnet#-get-by-prefix", &[REMOTE, SUBNETS], "Gives a subnet by prefix"),
    get("remote-subnet#-list", &[REMOTE, TAGS], "Lists the subnets"),
    set("remote-subnet#-set", &[REMOTE, TAGS, SUBNETS], "Puts a subnet"),
];
