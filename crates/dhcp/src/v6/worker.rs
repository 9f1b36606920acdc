//! From a datagram to a query that is known, and from what it led to, to its answer.

use std::borrow::Cow;
use std::net::Ipv6Addr;

use kea_hooks::Point;
use kea_log::{ClientLabel, log};
use kea_options::ClientFqdn;
use kea_stats::ServerMetric;
use kea_wire::v6::{MessageType, View};
use kea_wire::{Duid, Family as _, V6};
use smallvec::SmallVec;

use super::accept::{Kind, Query, accept};
use super::answer::{Outcome, Reply};
use super::exchange::Exchange;
use super::explain::binding_step;
use super::facts::QueryFacts;
use super::hearing::Hearing;
use super::name::{Naming, asked_name};
use super::select::select;
use super::shown::{shown, shown_octets};
use crate::Worker;
use crate::pipeline::{
    Answer, Arrival, Corridor, Drop, Located, Place, PlaceMessages, Transaction, Transmit,
    Unreadable, Way, asked, check_options, parsing,
};

/// The message and what it says of the client's name, unless options of it cannot be read where the
/// configuration wants that.
fn readable<'a>(
    corridor: &Corridor<'_, V6>,
    octets: &'a [u8],
) -> Result<(View<'a>, Option<ClientFqdn>), Unreadable> {
    let view = View::parse(octets).map_err(Unreadable::V6)?;
    let lengths = view.options().iter().map(|(code, data)| (code, data.len()));
    let instances = |code| view.options().all(code).map(Cow::Borrowed);
    check_options(corridor.config, lengths, instances)?;
    let name = asked_name(&view, parsing(corridor.config)).map_err(Unreadable::ClientFqdn)?;
    Ok((view, name))
}

impl Worker<V6> {
    /// Decides about a datagram as hooks leave it.
    pub(crate) fn serve(
        &mut self,
        corridor: &Corridor<'_, V6>,
        arrival: &Arrival<'_, V6>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<V6>, Drop<V6>> {
        let (view, name) = readable(corridor, octets).map_err(Drop::Unreadable)?;
        self.serve_message(corridor, arrival, (view, name), out)
    }

    fn serve_message(
        &mut self,
        corridor: &Corridor<'_, V6>,
        arrival: &Arrival<'_, V6>,
        (view, name): (View<'_>, Option<ClientFqdn>),
        out: &mut Vec<u8>,
    ) -> Result<Answer<V6>, Drop<V6>> {
        let lease_query = Self::lease_query_terms(corridor, &view);
        if lease_query.is_none() {
            count_received(corridor, view.message_type());
        }
        if let Some(damage) = view.damage() {
            log!(corridor.log, DHCP6_PACKET_OPTIONS_SKIPPED, damage);
        }
        let config = corridor.config;
        let Some(server_id) = &config.specific.duid else {
            let reason = Drop::NoServerId;
            let kind = view.message_type();
            log!(corridor.log, DHCP6_PACKET_PROCESS_FAIL, kind, arrival.source, reason);
            return Err(reason);
        };
        if let Some(terms) = lease_query {
            return self.answer_lease_query(corridor, arrival, (&view, server_id), terms, out);
        }
        let refused =
            Refused { kind: view.message_type(), duid: view.client_id(), xid: view.xid() };
        let query = accept(view, arrival, server_id, &config.specific.mac_sources)
            .inspect_err(|reason| refused.log(corridor, arrival, server_id, reason))?;
        let label = label(&query);
        log!(
            corridor.log,
            DHCP6_PACKET_RECEIVED,
            label,
            refused.kind,
            refused.kind.number(),
            arrival.source,
            arrival.destination,
            arrival.interface
        );
        log!(corridor.log, DHCP6_QUERY_DATA, label, shown(corridor, &query.view));
        let sent_name = Naming::of(name, corridor.log, label);
        if self.is_in_flight(&query) {
            corridor.tell_duplicate(label);
            return Err(Drop::Duplicate);
        }
        self.classify(corridor, arrival, &query);
        let seen = asked(arrival, query.view.bytes());
        let Some(octets) = self.classifier.packet_received(corridor, &seen, label)? else {
            if query.kind == Kind::Dhcpv4Query {
                return self.pass_on(corridor, arrival, &query, out);
            }
            return self.answer(corridor, arrival, query, (server_id, sent_name), out);
        };
        let (view, name) = readable(corridor, &octets).map_err(Drop::Unreadable)?;
        let query = accept(view, arrival, server_id, &config.specific.mac_sources)
            .inspect_err(|reason| refused.log(corridor, arrival, server_id, reason))?;
        if query.kind == Kind::Dhcpv4Query {
            return self.pass_on(corridor, arrival, &query, out);
        }
        let sent_name = Naming::of(name, corridor.log, label);
        self.answer(corridor, arrival, query, (server_id, sent_name), out)
    }

    /// From a query whose client is classified to its answer.
    fn answer(
        &mut self,
        corridor: &Corridor<'_, V6>,
        arrival: &Arrival<'_, V6>,
        mut query: Query<'_>,
        (server_id, naming): (&Duid, Naming),
        out: &mut Vec<u8>,
    ) -> Result<Answer<V6>, Drop<V6>> {
        if corridor.hooks_at(Point::HostIdentifier).is_some() {
            let facts = QueryFacts { query: &query, arrival, config: corridor.config };
            let asked = asked(arrival, query.view.bytes());
            let identifier = self.classifier.flexible_identifier(corridor, &asked, &facts);
            identifier.into_iter().for_each(|identifier| query.know_as(identifier));
        }
        let query = &query;
        let label = label(query);
        let located = self.locate(corridor, arrival, query, label)?;
        let classes = &self.classifier.classes;
        let place = located.subnet.map(|subnet| Place::new(corridor.config, subnet, classes));
        let asked = asked(arrival, query.view.bytes());
        let hearing = Hearing::new(corridor, asked, query.kind, label);
        let exchange = Exchange {
            corridor,
            arrival,
            query,
            naming,
            label,
            place: place.as_ref(),
            reserved: &located.reserved,
            classifier: &self.classifier,
            random: self.chance.number(),
            hearing: &hearing,
        };
        let silent = |reason: &Drop<V6>| tell_silence(corridor, arrival, query, reason);
        let outcome = exchange.run().inspect_err(silent)?;
        for binding in outcome.bindings() {
            self.classifier.note(|_| binding_step(binding));
        }
        if let Some(place) = &place {
            let subnet = outcome.subnet(place);
            self.classifier.join_reserved_here(corridor, &located.reserved, subnet);
            self.require_classes(corridor, arrival, query, place, &outcome);
        }
        let reply = Reply {
            corridor,
            query,
            server_id,
            place: place.as_ref(),
            reserved: &located.reserved,
            classes: &self.classifier.classes,
            outcome: &outcome,
        };
        reply.write(out).inspect_err(silent)?;
        self.classifier.note(|_| reply.step(out));
        let kind = outcome.message_type;
        let answer = Answer {
            way: Way::Client,
            transmit: self.transmit(query, arrival),
            after: outcome.after,
            message_type: kind.number(),
            parked: outcome.parked,
            transaction: transaction(query),
        };
        let content = shown_octets(corridor, out);
        let name = kind.name().unwrap_or_default();
        corridor.tell_answer(label, name, &answer, arrival.interface, &content);
        Ok(answer)
    }

    /// True while an answer to the same transaction waits to leave. Messages that give something
    /// back are no repetition of others.
    fn is_in_flight(&self, query: &Query<'_>) -> bool {
        !matches!(query.kind, Kind::Release | Kind::Decline)
            && self.in_flight.contains(transaction(query))
    }

    fn classify(
        &mut self,
        corridor: &Corridor<'_, V6>,
        arrival: &Arrival<'_, V6>,
        query: &Query<'_>,
    ) {
        let facts = QueryFacts { query, arrival, config: corridor.config };
        let vendor_classes: SmallVec<[_; 1]> = query.view.vendor_classes().collect();
        let vendor_classes = vendor_classes.iter().filter_map(|class| class.tuples().next());
        self.classifier.classify(corridor, &facts, vendor_classes, None);
    }

    fn locate<'s>(
        &mut self,
        corridor: &Corridor<'s, V6>,
        arrival: &Arrival<'_, V6>,
        query: &Query<'_>,
        label: ClientLabel<'_>,
    ) -> Result<Located<'s, V6>, Drop<V6>> {
        let facts = QueryFacts { query, arrival, config: corridor.config };
        let asked = asked(arrival, query.view.bytes());
        let told = (label, PlaceMessages::of_version(V6::VERSION));
        let located = self.classifier.locate(corridor, query, &facts, told, &asked, |classes| {
            select(corridor, &query.view, arrival, classes)
        })?;
        if located.subnet.is_none() {
            log!(corridor.log, DHCP6_SUBNET_SELECTION_FAILED, label);
        }
        Ok(located)
    }

    /// Evaluates the classes that network, subnet and pools of the leases require.
    fn require_classes<'s>(
        &mut self,
        corridor: &Corridor<'_, V6>,
        arrival: &Arrival<'_, V6>,
        query: &Query<'_>,
        place: &Place<'s, V6>,
        outcome: &Outcome<'s>,
    ) {
        let network = place.network().map_or(&[][..], |network| &network.additional_classes);
        let subnet = outcome.subnet(place);
        let pools = outcome.pools();
        let of_pools = pools.iter().flat_map(|(_, pool)| &pool.additional_classes);
        let required = network.iter().chain(&subnet.additional_classes).chain(of_pools).copied();
        let facts = QueryFacts { query, arrival, config: corridor.config };
        self.classifier.require(corridor, &facts, required);
    }

    /// To where the query came from: the client's port, or the relay's, or the one that the nearest
    /// relay listens on (RFC 9915 section 18.3.10, RFC 8357).
    pub(super) fn transmit(&self, query: &Query<'_>, arrival: &Arrival<'_, V6>) -> Transmit<V6> {
        Transmit {
            interface_index: arrival.interface_index,
            source: arrival.interface_address.unwrap_or(Ipv6Addr::UNSPECIFIED),
            destination: arrival.source,
            port: self.port_of(&query.view, arrival.source_port),
            link_destination: None,
        }
    }

    /// The port of the client or of the nearest relay, of which a datagram came from `source_port`.
    pub(super) fn port_of(&self, view: &View<'_>, source_port: u16) -> u16 {
        match view.relays().first() {
            None => self.ports.client,
            Some(relay) if !self.ports.is_fixed && relay.source_port().is_some() => source_port,
            Some(_) => self.ports.relay,
        }
    }
}

pub(super) fn label<'q>(query: &'q Query<'_>) -> ClientLabel<'q> {
    ClientLabel::V6 {
        duid: query.sent_duid().map(Duid::octets),
        hardware: query.hw_addr.as_ref().map(|hw_addr| (hw_addr.htype(), hw_addr.octets())),
        xid: query.view.xid(),
    }
}

pub(super) fn transaction(query: &Query<'_>) -> Transaction {
    let duid = query.sent_duid().map_or(&[][..], Duid::octets);
    Transaction::new(query.view.xid(), duid, &[])
}

/// How strictly options are read.
fn count_received(corridor: &Corridor<'_, V6>, kind: MessageType) {
    corridor.statistics.count(match kind {
        MessageType::Solicit => ServerMetric::SolicitReceived,
        MessageType::Advertise => ServerMetric::AdvertiseReceived,
        MessageType::Request => ServerMetric::RequestReceived,
        MessageType::Renew => ServerMetric::RenewReceived,
        MessageType::Rebind => ServerMetric::RebindReceived,
        MessageType::Reply => ServerMetric::ReplyReceived,
        MessageType::Release => ServerMetric::ReleaseReceived,
        MessageType::Decline => ServerMetric::DeclineReceived,
        MessageType::InformationRequest => ServerMetric::InfrequestReceived,
        MessageType::Dhcpv4Query => ServerMetric::Dhcpv4QueryReceived,
        MessageType::Dhcpv4Response => ServerMetric::Dhcpv4ResponseReceived,
        MessageType::Confirm => ServerMetric::ConfirmReceived,
        // There is no statistic of its own, and it is not unknown.
        MessageType::AddrRegInform => return,
        _ => ServerMetric::UnknownReceived,
    });
}

/// Tells why a query that was taken gets no answer; what hooks want is told of where they are asked.
fn tell_silence(
    corridor: &Corridor<'_, V6>,
    arrival: &Arrival<'_, V6>,
    query: &Query<'_>,
    reason: &Drop<V6>,
) {
    if !matches!(reason, Drop::Hook(_) | Drop::ParkingLotFull) {
        let kind = query.view.message_type();
        log!(corridor.log, DHCP6_PACKET_PROCESS_FAIL, kind, arrival.source, reason);
    }
}

/// What is known of a message that is not taken as a query.
struct Refused {
    kind: MessageType,
    duid: Option<Duid>,
    xid: u32,
}

impl Refused {
    fn log(
        &self,
        corridor: &Corridor<'_, V6>,
        arrival: &Arrival<'_, V6>,
        server_id: &Duid,
        reason: &Drop<V6>,
    ) {
        let duid = self.duid.as_ref().map(Duid::octets);
        let label = ClientLabel::V6 { duid, hardware: None, xid: self.xid };
        let log = corridor.log;
        match reason {
            Drop::OtherServer => {
                log!(log, DHCP6_PACKET_DROP_SERVERID_MISMATCH, label, "another", server_id);
            }
            Drop::Unicast => log!(log, DHCP6_PACKET_DROP_UNICAST, label, self.kind),
            Drop::UnservedType(number) => {
                log!(log, DHCP6_UNKNOWN_MSG_RECEIVED, number, arrival.interface);
            }
            Drop::UnacceptableOptions(_) => {
                log!(log, DHCP6_REQUIRED_OPTIONS_CHECK_FAIL, self.kind, arrival.source, reason);
            }
            _ => log!(log, DHCP6_PACKET_PROCESS_FAIL, self.kind, arrival.source, reason),
        }
    }
}
