//! The options of ISC, enterprise 2495: what the two servers tell each other about a DHCPv4 query
//! that came over DHCPv6 (manual, "DHCPv4-over-DHCPv6: DHCPv6 Side").

use super::{Row, row};
use crate::data_type::DataType::{Ipv6Address, String, Uint16};

pub(super) const ROWS: &[Row] = &[
    row(60000, "4o6-interface", String, "manual chapter 9").by_protocol(),
    row(60001, "4o6-source-address", Ipv6Address, "manual chapter 9").by_protocol(),
    row(60002, "4o6-source-port", Uint16, "manual chapter 9").by_protocol(),
];
