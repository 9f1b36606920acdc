//! Sub-options of the NTP server option of DHCPv6, 56 (RFC 5908).

use super::{Row, row};
use crate::data_type::DataType::{Fqdn, Ipv6Address};

pub(super) const ROWS: &[Row] = &[
    row(1, "ntp-server-address", Ipv6Address, "RFC 5908 section 4.1"),
    row(2, "ntp-server-multicast", Ipv6Address, "RFC 5908 section 4.2"),
    row(3, "ntp-server-fqdn", Fqdn, "RFC 5908 section 4.3"),
];
