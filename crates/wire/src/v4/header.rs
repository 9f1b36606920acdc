//! The fixed part of a message (RFC 2131 section 2) and the enumerations found in it.

use crate::wire_enum::wire_enum;

wire_enum! {
    /// Direction of a message, the `op` field (RFC 2131 section 2).
    Op: u8 {
        Request = 1 => "BOOTREQUEST",
        Reply = 2 => "BOOTREPLY",
    }
}

wire_enum! {
    /// DHCP message type, option 53 (RFC 2132 section 9.6 and the IANA registry).
    MessageType: u8 {
        Discover = 1 => "DHCPDISCOVER",
        Offer = 2 => "DHCPOFFER",
        Request = 3 => "DHCPREQUEST",
        Decline = 4 => "DHCPDECLINE",
        Ack = 5 => "DHCPACK",
        Nak = 6 => "DHCPNAK",
        Release = 7 => "DHCPRELEASE",
        Inform = 8 => "DHCPINFORM",
        ForceRenew = 9 => "DHCPFORCERENEW",
        LeaseQuery = 10 => "DHCPLEASEQUERY",
        LeaseUnassigned = 11 => "DHCPLEASEUNASSIGNED",
        LeaseUnknown = 12 => "DHCPLEASEUNKNOWN",
        LeaseActive = 13 => "DHCPLEASEACTIVE",
        BulkLeaseQuery = 14 => "DHCPBULKLEASEQUERY",
        LeaseQueryDone = 15 => "DHCPLEASEQUERYDONE",
        ActiveLeaseQuery = 16 => "DHCPACTIVELEASEQUERY",
        LeaseQueryStatus = 17 => "DHCPLEASEQUERYSTATUS",
        Tls = 18 => "DHCPTLS",
    }
}

/// Octets before the options: the BOOTP header of 236 and the magic cookie.
pub const HEADER_LEN: usize = 240;
/// What marks the vendor area as DHCP options (RFC 2131 section 3).
pub const MAGIC_COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
/// The smallest message a BOOTP client or relay accepts, in octets (RFC 951, RFC 1542 section 2.1).
pub const MIN_BOOTP_LEN: usize = 300;
/// The bit of `flags` by which a client asks for a broadcast answer (RFC 2131 section 2).
pub const BROADCAST_FLAG: u16 = 0x8000;

/// Offsets of the header fields.
pub(super) mod field {
    pub(in crate::v4) const OP: usize = 0;
    pub(in crate::v4) const HTYPE: usize = 1;
    pub(in crate::v4) const HOPS: usize = 3;
    pub(in crate::v4) const SECS: usize = 8;
    pub(in crate::v4) const FLAGS: usize = 10;
    pub(in crate::v4) const CIADDR: usize = 12;
    pub(in crate::v4) const YIADDR: usize = 16;
    pub(in crate::v4) const SIADDR: usize = 20;
    pub(in crate::v4) const GIADDR: usize = 24;
    pub(in crate::v4) const CHADDR: usize = 28;
    pub(in crate::v4) const SNAME: usize = 44;
    pub(in crate::v4) const FILE: usize = 108;
    pub(in crate::v4) const COOKIE: usize = 236;
}
