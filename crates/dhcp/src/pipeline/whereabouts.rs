//! What tells where a client is (the manual's sections on subnet selection).

/// Where a client is, as far as its query tells. Addresses are of the protocol's family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts<'a, A> {
    /// Name of the interface that received the query.
    pub interface: &'a str,
    /// That interface's own address (DHCPv4).
    pub interface_address: Option<A>,
    /// Where the datagram came from.
    pub source: Option<A>,
    /// The address that the client has (DHCPv4: `ciaddr`).
    pub address: Option<A>,
    /// True for a query that came through a relay.
    pub is_relayed: bool,
    /// The relay's address: `giaddr`, or the link address that names a link and is nearest to the client.
    pub relay: Option<A>,
    /// The link that the relay names (DHCPv4: RFC 3527).
    pub link: Option<A>,
    /// The subnet that is asked for (DHCPv4: RFC 3011).
    pub subnet: Option<A>,
    /// The relay's Interface-Id that is nearest to the client (DHCPv6).
    pub interface_id: Option<&'a [u8]>,
}

/// Nothing is known.
impl<A> Default for Whereabouts<'_, A> {
    fn default() -> Self {
        Whereabouts {
            interface: "",
            interface_address: None,
            source: None,
            address: None,
            is_relayed: false,
            relay: None,
            link: None,
            subnet: None,
            interface_id: None,
        }
    }
}
