//! The options of Cable Television Laboratories, enterprise 4491 (CL-SP-CANN-DHCP-Reg; manual,
//! "DHCPv4 Vendor-Specific Options" and "DHCPv6 Vendor-Specific Options").

use super::{Row, row};
use crate::data_type::DataType::{Binary, Int32, Ipv4Address, Ipv6Address, String, Uint8, Uint16};

/// An example of the manual has this name for the DHCPv4 space.
pub(super) const SPACE_ALIASES4: &[(&str, &str)] = &[("docsis3-v4", "vendor-4491")];

pub(super) const ROWS4: &[Row] = &[
    row(1, "oro", Uint8, "CL-SP-CANN-DHCP-Reg section 6.1").array(),
    row(2, "tftp-servers", Ipv4Address, "CL-SP-CANN-DHCP-Reg section 6.1").array(),
];

pub(super) const ROWS6: &[Row] = &[
    row(1, "oro", Uint16, "CL-SP-CANN-DHCP-Reg section 7.1").array(),
    row(2, "device-type", String, "CL-SP-CANN-DHCP-Reg section 7.1"),
    row(32, "tftp-servers", Ipv6Address, "CL-SP-CANN-DHCP-Reg section 7.1").array(),
    row(33, "config-file", String, "CL-SP-CANN-DHCP-Reg section 7.1"),
    row(34, "syslog-servers", Ipv6Address, "CL-SP-CANN-DHCP-Reg section 7.1").array(),
    row(36, "device-id", Binary, "CL-SP-CANN-DHCP-Reg section 7.1"),
    row(37, "time-servers", Ipv6Address, "CL-SP-CANN-DHCP-Reg section 7.1").array(),
    row(38, "time-offset", Int32, "CL-SP-CANN-DHCP-Reg section 7.1"),
    row(1026, "cmts-cm-mac", Binary, "CL-SP-CANN-DHCP-Reg section 7.1"),
];
