//! Where an answer goes (RFC 2131 section 4.1, RFC 8357).

use std::net::Ipv4Addr;

use kea_wire::V4;
use kea_wire::v4::{MessageType, RelayAgentInfo, View};

use crate::Ports;
use crate::pipeline::{Arrival, Transmit};

/// The addresses that decide about an answer's way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Recipient {
    /// What the answer is.
    pub(super) kind: MessageType,
    /// The address given to the client, or unspecified.
    pub(super) yiaddr: Ipv4Addr,
    /// True when the query was a DHCPINFORM, which is answered to its `ciaddr` past any relay.
    pub(super) inform: bool,
}

/// The way of the answer to `query`.
pub(super) fn destination(
    query: &View<'_>,
    relay: Option<&RelayAgentInfo<'_>>,
    arrival: &Arrival<'_, V4>,
    recipient: Recipient,
    ports: Ports,
) -> Transmit<V4> {
    let (destination, port) = address(query, relay, arrival, recipient, ports);
    Transmit {
        interface_index: arrival.interface_index,
        source: arrival.interface_address.unwrap_or(Ipv4Addr::UNSPECIFIED),
        destination,
        port,
        link_destination: arrival.link_source.filter(|_| !destination.is_broadcast()),
    }
}

fn address(
    query: &View<'_>,
    relay: Option<&RelayAgentInfo<'_>>,
    arrival: &Arrival<'_, V4>,
    recipient: Recipient,
    ports: Ports,
) -> (Ipv4Addr, u16) {
    let ciaddr = query.ciaddr();
    if recipient.inform && !ciaddr.is_unspecified() {
        return (ciaddr, ports.client);
    }
    if query.is_relayed() {
        // A relay that listens elsewhere says so in sub-option 19 (RFC 8357 section 5.4).
        let own_port = relay.is_some_and(RelayAgentInfo::has_source_port);
        return (query.giaddr(), if own_port { arrival.source_port } else { ports.relay });
    }
    if recipient.inform && !arrival.source.is_unspecified() {
        return (arrival.source, ports.client);
    }
    if recipient.kind == MessageType::Nak {
        return (Ipv4Addr::BROADCAST, ports.client);
    }
    if !ciaddr.is_unspecified() {
        return (ciaddr, ports.client);
    }
    if query.wants_broadcast() || recipient.yiaddr.is_unspecified() || arrival.link_source.is_none()
    {
        return (Ipv4Addr::BROADCAST, ports.client);
    }
    (recipient.yiaddr, ports.client)
}

#[cfg(test)]
mod tests {
    use kea_wire::HwAddr;
    use kea_wire::v4::Builder;

    use super::*;

    const GIADDR: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
    const CIADDR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 7);
    const YIADDR: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 8);
    const NONE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

    fn route(
        source: Ipv4Addr,
        giaddr: Ipv4Addr,
        ciaddr: Ipv4Addr,
        flags: u16,
        rai: &[u8],
        recipient: Recipient,
    ) -> (Ipv4Addr, u16, bool) {
        let mac = HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).unwrap();
        let mut buffer = Vec::new();
        Builder::request(&mut buffer, &mac, 1, MessageType::Request)
            .giaddr(giaddr)
            .ciaddr(ciaddr)
            .flags(flags)
            .relay_agent_info(rai)
            .finish();
        let query = View::parse(&buffer).unwrap();
        let arrival = Arrival {
            interface: "eth0",
            interface_index: 2,
            interface_address: Some(Ipv4Addr::new(192, 0, 2, 1)),
            source,
            source_port: 1067,
            destination: Ipv4Addr::BROADCAST,
            link_source: Some(mac),
            carrier: None,
        };
        let relay = query.relay_agent_info();
        let way = destination(&query, relay.as_ref(), &arrival, recipient, Ports::new::<V4>(None));
        assert_eq!(way.source, Ipv4Addr::new(192, 0, 2, 1));
        (way.destination, way.port, way.link_destination.is_some())
    }

    #[test]
    fn answers_go_where_rfc_2131_sends_them() {
        let ack = Recipient { kind: MessageType::Ack, yiaddr: YIADDR, inform: false };
        let nak = Recipient { kind: MessageType::Nak, yiaddr: NONE, inform: false };
        let inform = Recipient { kind: MessageType::Ack, yiaddr: NONE, inform: true };
        let everybody = Ipv4Addr::BROADCAST;
        // giaddr, ciaddr, flags, option 82, answer => address, port, to a given link address
        for (giaddr, ciaddr, flags, rai, answer, expected) in [
            (NONE, NONE, 0, &[][..], ack, (YIADDR, 68, true)),
            (NONE, NONE, 0x8000, &[], ack, (everybody, 68, false)),
            (NONE, CIADDR, 0, &[], ack, (CIADDR, 68, true)),
            (NONE, CIADDR, 0, &[], nak, (everybody, 68, false)),
            (GIADDR, NONE, 0, &[], ack, (GIADDR, 67, true)),
            (GIADDR, NONE, 0, &[], nak, (GIADDR, 67, true)),
            (GIADDR, NONE, 0, &[19, 0], ack, (GIADDR, 1067, true)),
            (GIADDR, CIADDR, 0, &[], inform, (CIADDR, 68, true)),
            (GIADDR, NONE, 0, &[], inform, (GIADDR, 67, true)),
            (NONE, NONE, 0, &[], inform, (everybody, 68, false)),
        ] {
            assert_eq!(
                route(NONE, giaddr, ciaddr, flags, rai, answer),
                expected,
                "{giaddr} {ciaddr} {flags} {answer:?}"
            );
        }
        // A client that does not write its address into its message still sends from it.
        assert_eq!(route(CIADDR, NONE, NONE, 0, &[], inform), (CIADDR, 68, true));
    }
}
