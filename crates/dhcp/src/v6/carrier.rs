//! DHCPv4 messages in DHCPv6 ones (RFC 7341 section 9): queries are passed on to the DHCPv4 server of
//! this host, and what it makes of them to the clients.

use kea_expr::ClassId;
use kea_lease::Ticket;
use kea_log::log;
use kea_wire::V6;
use kea_wire::v6::dhcp4o6::{Origin, detach};
use kea_wire::v6::{MessageType, View};

use super::accept::Query;
use super::worker::{label, transaction};
use crate::Worker;
use crate::pipeline::{
    Answer, Arrival, CarrierError, Corridor, Drop, Link, Links, Transaction, Transmit, Way,
    carried, open,
};

impl Worker<V6> {
    /// Writes a query as the DHCPv4 server gets it.
    pub(super) fn pass_on(
        &mut self,
        corridor: &Corridor<'_, V6>,
        arrival: &Arrival<'_, V6>,
        query: &Query<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Answer<V6>, Drop<V6>> {
        let log = corridor.log;
        if self.classifier.classes.contains(ClassId::DROP) {
            log!(log, DHCP6_PACKET_DROP_DROP_CLASS, label(query));
            return Err(Drop::ClassDrop);
        }
        let (view, source_port) = (&query.view, arrival.source_port);
        let written = match (corridor.config.server.dhcp4o6_port, carried(view)) {
            (0, _) => Err(Drop::NoDhcpv4Server),
            (_, Err(_)) => {
                Err(Drop::UnacceptableOptions("it must carry exactly one DHCPv4 message"))
            }
            (_, Ok(_)) => {
                let (interface, source) = (arrival.interface, arrival.source);
                let origin = Origin { interface, source, source_port };
                origin.attach(view, out).map_err(|_| Drop::AnswerTooLong)
            }
        };
        written.inspect_err(|reason| log!(log, DHCP6_DHCP4O6_SEND_FAIL, reason))?;
        Ok(Answer {
            way: Way::PassedOn,
            transmit: self.transmit(query, arrival),
            after: Ticket(0),
            message_type: view.message_type().number(),
            parked: None,
            transaction: transaction(query),
        })
    }

    /// Writes a response as the client gets it.
    pub(crate) fn serve_response(
        &mut self,
        corridor: &Corridor<'_, V6>,
        links: &Links<'_, V6>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<V6>, Drop<V6>> {
        let log = corridor.log;
        log!(log, DHCP6_DHCP4O6_RECEIVING);
        let read = read(links, octets, out);
        let Response { view, origin, link } = read.map_err(|error| {
            log!(log, DHCPSRV_DHCP4O6_RECEIVED_BAD_PACKET, error);
            log!(log, DHCP6_DHCP4O6_RECEIVE_FAIL, error);
            corridor.refuse_carrier(error)
        })?;
        let Origin { interface, source, source_port } = origin;
        let number = view.message_type().number();
        log!(log, DHCP6_DHCP4O6_PACKET_RECEIVED, number, source, source_port, interface);
        Ok(Answer {
            way: Way::Client,
            transmit: Transmit {
                interface_index: link.index,
                source: link.address,
                destination: source,
                port: self.port_of(&view, source_port),
                link_destination: None,
            },
            after: Ticket(0),
            message_type: number,
            parked: None,
            transaction: Transaction::new(view.xid(), &[], &[]),
        })
    }
}

/// A response that has been written for its client.
struct Response<'a> {
    view: View<'a>,
    origin: Origin<'a>,
    link: Link<V6>,
}

fn read<'a>(
    links: &Links<'_, V6>,
    octets: &'a [u8],
    out: &mut Vec<u8>,
) -> Result<Response<'a>, CarrierError> {
    let (view, origin) = open(octets, MessageType::Dhcpv4Response)?;
    carried(&view)?;
    let link = links(&origin).ok_or(CarrierError::Interface)?;
    detach(&view, out).map_err(CarrierError::TooLong)?;
    Ok(Response { view, origin, link })
}
