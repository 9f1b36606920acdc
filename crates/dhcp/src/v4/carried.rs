//! Queries that come in DHCPv6 messages (RFC 7341 section 9): from the DHCPv6 server of this host, to
//! which their answers go.

use kea_log::{ClientLabel, log};
use kea_stats::ServerMetric;
use kea_wire::V4;
use kea_wire::v6::MessageType;

use super::shown::shown_octets;
use crate::Serving as _;
use crate::Worker;
use crate::pipeline::{
    Answer, Arrival, Carriage, Carrier, Corridor, Drop, Link, Links, Way, carried, interface_id,
    open,
};

impl Worker<V4> {
    /// Takes the DHCPv4 message out, down the same corridor as any other.
    pub(crate) fn serve_carried(
        &mut self,
        corridor: &Corridor<'_, V4>,
        links: &Links<'_, V4>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<V4>, Drop<V4>> {
        let log = corridor.log;
        log!(log, DHCP4_DHCP4O6_RECEIVING);
        let (view, origin) = open(octets, MessageType::Dhcpv4Query).map_err(|error| {
            log!(log, DHCPSRV_DHCP4O6_RECEIVED_BAD_PACKET, error);
            log!(log, DHCP4_DHCP4O6_RECEIVE_FAIL, error);
            corridor.refuse_carrier(error)
        })?;
        let number = view.message_type().number();
        log!(log, DHCP4_DHCP4O6_PACKET_RECEIVED, number, origin.source, origin.interface);
        let query = carried(&view).map_err(|error| {
            log!(log, DHCP4_DHCP4O6_BAD_PACKET, error);
            corridor.refuse_carrier(error)
        })?;
        let link = links(&origin);
        if link.is_none() && !corridor.config.gives_server_ids() {
            let reason = Drop::NoServerId;
            log!(log, DHCP4_DHCP4O6_RECEIVE_FAIL, reason);
            corridor.statistics.count(ServerMetric::Received);
            reason.count(corridor.statistics);
            return Err(reason);
        }
        let arrival = Arrival {
            interface: origin.interface,
            interface_index: link.map_or(0, |Link { index, .. }| index),
            interface_address: link.map(|Link { address, .. }| address),
            source: V4::DIRECT,
            source_port: origin.source_port,
            destination: V4::EVERY_SERVER,
            link_source: None,
            carrier: Some(Carrier { origin, interface_id: interface_id(&view) }),
        };
        let answer = self.decide_or_drop(corridor, &arrival, query, out)?;
        Ok(Answer { way: Way::Carried(Carriage::new(octets)), ..answer })
    }
}

/// Tells of an answer that goes back in a DHCPv6 message.
pub(super) fn tell_answer(
    corridor: &Corridor<'_, V4>,
    carrier: &Carrier<'_>,
    label: ClientLabel<'_>,
    kind: &str,
    (answer, octets): (&Answer<V4>, &[u8]),
) {
    let (log, origin) = (corridor.log, &carrier.origin);
    let (response, number) = (MessageType::Dhcpv4Response, answer.message_type);
    log!(
        log,
        DHCP4_DHCP4O6_PACKET_SEND,
        label,
        response,
        response.number(),
        origin.source,
        origin.source_port,
        origin.interface,
        label,
        kind,
        number
    );
    let content = shown_octets(corridor, octets);
    log!(log, DHCP4_DHCP4O6_RESPONSE_DATA, label, kind, number, content);
}
