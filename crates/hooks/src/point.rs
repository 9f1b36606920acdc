//! Where hooks are asked.

/// A callout point. Its documented name follows from the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Point {
    /// A configuration is in force.
    Configured,
    /// Changes of the configuration database are in force.
    BackendUpdated,
    /// Octets arrived.
    BufferReceive,
    /// A message was read and classified.
    PacketReceive,
    /// A client's flexible identifier is wanted.
    HostIdentifier,
    /// A subnet was selected.
    SubnetSelect,
    /// A new lease is about to be offered or granted.
    LeaseSelect,
    /// An address was chosen for a DISCOVER, and is about to be offered (DHCPv4).
    OfferMade,
    /// The server took an address out of use that a hook found in use before its offer (DHCPv4).
    ServerDeclined,
    /// A lease is about to be extended at its server's request: RENEW, or any renewal of DHCPv4.
    LeaseRenew,
    /// A lease is about to be extended at REBIND (DHCPv6).
    LeaseRebind,
    /// A lease is about to be given back.
    LeaseRelease,
    /// An address is about to be declined.
    LeaseDecline,
    /// The lease changes of a query are stored.
    LeasesCommitted,
    /// A lease is about to be reclaimed.
    LeaseExpire,
    /// A declined address is about to come back into use.
    LeaseRecover,
    /// The client's name for the DNS is known.
    DdnsUpdate,
    /// An answer is about to leave.
    PacketSend,
    /// Its octets are about to leave.
    BufferSend,
    /// A control command was answered.
    CommandProcessed,
}

impl Point {
    /// Every point, in the order of a query's way.
    pub const ALL: [Point; 20] = [
        Point::Configured,
        Point::BackendUpdated,
        Point::BufferReceive,
        Point::PacketReceive,
        Point::HostIdentifier,
        Point::SubnetSelect,
        Point::LeaseSelect,
        Point::OfferMade,
        Point::ServerDeclined,
        Point::LeaseRenew,
        Point::LeaseRebind,
        Point::LeaseRelease,
        Point::LeaseDecline,
        Point::LeasesCommitted,
        Point::LeaseExpire,
        Point::LeaseRecover,
        Point::DdnsUpdate,
        Point::PacketSend,
        Point::BufferSend,
        Point::CommandProcessed,
    ];

    /// Those on the way of a query to its subnet, where nothing is granted yet.
    pub const EXPLAINED: [Point; 4] =
        [Point::BufferReceive, Point::PacketReceive, Point::HostIdentifier, Point::SubnetSelect];

    /// Those that a query passes on its way.
    pub fn of_queries() -> impl Iterator<Item = Point> {
        Point::ALL.into_iter().filter(|point| {
            !matches!(
                point,
                Point::Configured
                    | Point::BackendUpdated
                    | Point::ServerDeclined
                    | Point::LeaseExpire
                    | Point::LeaseRecover
                    | Point::CommandProcessed
            )
        })
    }

    /// The documented name: of IP version 4, or of any other. Those that DHCPv4 alone has have one name.
    pub fn name(self, version: u8) -> &'static str {
        let (four, six) = match self {
            Point::Configured => ("dhcp4_srv_configured", "dhcp6_srv_configured"),
            Point::BackendUpdated => ("cb4_updated", "cb6_updated"),
            Point::BufferReceive => ("buffer4_receive", "buffer6_receive"),
            Point::PacketReceive => ("pkt4_receive", "pkt6_receive"),
            Point::HostIdentifier => ("host4_identifier", "host6_identifier"),
            Point::SubnetSelect => ("subnet4_select", "subnet6_select"),
            Point::LeaseSelect => ("lease4_select", "lease6_select"),
            Point::OfferMade => ("lease4_offer", "lease4_offer"),
            Point::ServerDeclined => ("lease4_server_decline", "lease4_server_decline"),
            Point::LeaseRenew => ("lease4_renew", "lease6_renew"),
            Point::LeaseRebind => ("lease4_rebind", "lease6_rebind"),
            Point::LeaseRelease => ("lease4_release", "lease6_release"),
            Point::LeaseDecline => ("lease4_decline", "lease6_decline"),
            Point::LeasesCommitted => ("leases4_committed", "leases6_committed"),
            Point::LeaseExpire => ("lease4_expire", "lease6_expire"),
            Point::LeaseRecover => ("lease4_recover", "lease6_recover"),
            Point::DdnsUpdate => ("ddns4_update", "ddns6_update"),
            Point::PacketSend => ("pkt4_send", "pkt6_send"),
            Point::BufferSend => ("buffer4_send", "buffer6_send"),
            Point::CommandProcessed => ("command_processed", "command_processed"),
        };
        if version == 4 { four } else { six }
    }
}
