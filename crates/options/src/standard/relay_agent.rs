//! Sub-options of the relay agent information option, 82 (RFC 3046 and later).

use super::{Row, record, row};
use crate::data_type::DataType::{Binary, Empty, Ipv4Address, String, Uint8, Uint32};

pub(super) const ROWS: &[Row] = &[
    row(1, "circuit-id", Binary, "RFC 3046 section 3.1").by_protocol(),
    row(2, "remote-id", Binary, "RFC 3046 section 3.2").by_protocol(),
    row(4, "docsis-device-class", Uint32, "RFC 3256 section 2").by_protocol(),
    row(5, "link-selection", Ipv4Address, "RFC 3527 section 3").by_protocol(),
    row(6, "subscriber-id", String, "RFC 3993 section 3").by_protocol(),
    row(7, "radius", Binary, "RFC 4014 section 4").by_protocol(),
    row(8, "auth", Binary, "RFC 4030 section 4").by_protocol(),
    record(9, "vendor-specific-info", &[Uint32, Binary], "RFC 4243 section 3").by_protocol(),
    row(10, "relay-flags", Uint8, "RFC 5010 section 3").by_protocol(),
    row(11, "server-id-override", Ipv4Address, "RFC 5107 section 4").by_protocol(),
    row(12, "relay-id", Binary, "RFC 6925 section 4").by_protocol(),
    row(13, "access-techno-type", Binary, "RFC 7839 section 4").by_protocol(),
    row(14, "access-network-name", String, "RFC 7839 section 5").by_protocol(),
    row(15, "access-point-name", String, "RFC 7839 section 5").by_protocol(),
    row(16, "access-point-bssid", Binary, "RFC 7839 section 5").by_protocol(),
    row(17, "operator-id", Uint32, "RFC 7839 section 6").by_protocol(),
    row(18, "operator-realm", String, "RFC 7839 section 6").by_protocol(),
    row(19, "relay-port", Empty, "RFC 8357 section 4.1").by_protocol(),
    row(151, "virtual-subnet-select", Binary, "RFC 6607 section 3.3").by_protocol(),
    row(152, "virtual-subnet-select-ctrl", Empty, "RFC 6607 section 3.3").by_protocol(),
];
