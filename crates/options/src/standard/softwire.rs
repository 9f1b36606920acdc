//! Softwire46: MAP-E, MAP-T and lightweight 4over6 (RFC 7598). Containers hold rules, rules hold
//! port parameters.

use super::{Row, record, row};
use crate::data_type::DataType::{Empty, Ipv4Address, Ipv6Address, Ipv6Prefix, Psid, Uint8};

/// Names that the manual's samples use for two of the spaces.
pub(super) const SPACE_ALIASES: &[(&str, &str)] =
    &[("s46-cont-lw", "s46-cont-lw-options"), ("s46-v4v6bind", "s46-v4v6bind-options")];

pub(super) const CONTAINERS: &[Row] = &[
    row(94, "s46-cont-mape", Empty, "RFC 7598 section 5.1").holds("s46-cont-mape-options"),
    row(95, "s46-cont-mapt", Empty, "RFC 7598 section 5.2").holds("s46-cont-mapt-options"),
    row(96, "s46-cont-lw", Empty, "RFC 7598 section 5.3").holds("s46-cont-lw-options"),
];

pub(super) const MAPE: &[Row] = &[RULE, BR];
pub(super) const MAPT: &[Row] = &[RULE, DMR];
pub(super) const LW: &[Row] = &[BR, BIND];
pub(super) const PORTS: &[Row] = &[PORT_PARAMS];

const RULE: Row =
    record(89, "s46-rule", &[Uint8, Uint8, Uint8, Ipv4Address, Ipv6Prefix], "RFC 7598 section 4.1")
        .holds("s46-rule-options");
const BR: Row = row(90, "s46-br", Ipv6Address, "RFC 7598 section 4.2");
const DMR: Row = row(91, "s46-dmr", Ipv6Prefix, "RFC 7598 section 4.3");
const BIND: Row = record(92, "s46-v4v6bind", &[Ipv4Address, Ipv6Prefix], "RFC 7598 section 4.4")
    .holds("s46-v4v6bind-options");
const PORT_PARAMS: Row = record(93, "s46-portparams", &[Uint8, Psid], "RFC 7598 section 4.5");
