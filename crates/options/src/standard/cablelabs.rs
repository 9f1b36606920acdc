//! Sub-options of the CableLabs client configuration option, 122 (RFC 3495, 3594, 3634).
//!
//! Sub-option 3 is a name or an address depending on its first octet, so there is no row for it: the
//! operator defines the form in use.

use super::{Row, record, row};
use crate::data_type::DataType::{Boolean, Fqdn, Ipv4Address, Uint8, Uint16, Uint32};

pub(super) const ROWS: &[Row] = &[
    row(1, "tsp-primary-server", Ipv4Address, "RFC 3495 section 5.1"),
    row(2, "tsp-secondary-server", Ipv4Address, "RFC 3495 section 5.1"),
    record(4, "tsp-as-parameters", &[Uint32, Uint32, Uint32], "RFC 3495 section 8.3"),
    record(5, "tsp-ap-parameters", &[Uint32, Uint32, Uint32], "RFC 3495 section 8.4"),
    row(6, "tsp-realm", Fqdn, "RFC 3495 section 8.5"),
    row(7, "tsp-use-tgt", Boolean, "RFC 3495 section 8.6"),
    row(8, "tsp-provisioning-timer", Uint8, "RFC 3495 section 8.7"),
    row(9, "tsp-security-ticket-control", Uint16, "RFC 3594 section 5"),
    row(10, "kdc-server", Ipv4Address, "RFC 3634 section 3").array(),
];
