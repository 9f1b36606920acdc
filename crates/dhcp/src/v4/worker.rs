//! From a datagram to a query that is known: who asks, from where, in which classes.

use kea_config::snapshot::Snapshot;
use kea_expr::{ClassId, Facts as _};
use kea_hooks::Point;
use kea_lease::{LeaseRef, LeaseState};
use kea_log::{ClientLabel, log};
use kea_stats::ServerMetric;
use kea_wire::v4::{MessageType, Op, ParseError, RelayAgentInfo, View, code};
use kea_wire::{Family as _, V4};

use super::accept::{Kind, Query, accept};
use super::carried::tell_answer;
use super::exchange::Exchange;
use super::extended_info;
use super::facts::QueryFacts;
use super::name::SentName;
use super::select::select;
use super::shown::{kind_name, shown, shown_octets};
use crate::Worker;
use crate::pipeline::{
    Answer, Arrival, Corridor, Drop, Place, PlaceMessages, Unreadable, asked, check_options,
};

/// What makes the message unreadable, where the configuration wants its options to be well-formed.
fn check_message(corridor: &Corridor<'_, V4>, view: &View<'_>) -> Result<(), Drop<V4>> {
    let is_number = |code: &u8| corridor.config.definitions.number_len((*code).into()).is_some();
    let joined_len = |code| (u16::from(code), view.option(code).map_or(0, |data| data.len()));
    let lengths = view.options().map(|(code, data)| (u16::from(code), data.len()));
    let lengths = lengths.chain(view.repeated_options().filter(is_number).map(joined_len));
    check_options(corridor.config, lengths, |code| view.option(u8::try_from(code).ok()?))
        .map_err(Drop::Unreadable)
}

/// Of a message that is none.
fn unreadable(error: &ParseError) -> Drop<V4> {
    Drop::Unreadable(Unreadable::V4(*error))
}

impl Worker<V4> {
    /// Decides about a datagram as hooks leave it.
    pub(crate) fn serve(
        &mut self,
        corridor: &Corridor<'_, V4>,
        arrival: &Arrival<'_, V4>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<V4>, Drop<V4>> {
        // Looked at where it stands: the view is large, for what it knows of all options.
        let view = View::parse(octets);
        let view = view.as_ref().map_err(unreadable)?;
        check_message(corridor, view)?;
        self.serve_message(corridor, arrival, view, out)
    }

    fn serve_message(
        &mut self,
        corridor: &Corridor<'_, V4>,
        arrival: &Arrival<'_, V4>,
        view: &View<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Answer<V4>, Drop<V4>> {
        if let Some(terms) = Self::lease_query_terms(corridor, arrival, view) {
            return self.answer_lease_query(corridor, arrival, view, terms, out);
        }
        count_received(corridor, view);
        let (xid, hw_addr, client_id) = (view.xid(), view.hw_addr(), view.option(code::CLIENT_ID));
        let label = ClientLabel::V4 {
            hardware: (!hw_addr.is_empty()).then(|| (hw_addr.htype(), hw_addr.octets())),
            client_id: client_id.as_deref(),
            xid,
        };
        let kind = view.message_type();
        let refused = |reason: &Drop<V4>| log_refused(corridor, arrival, label, kind, reason);
        let mut query = accept(view, serves_bootp(corridor.config)).inspect_err(refused)?;
        let sent_name = SentName::of(query.view, corridor, label).inspect_err(refused)?;
        log!(
            corridor.log,
            DHCP4_PACKET_RECEIVED,
            label,
            kind_name(kind),
            kind.map_or(0, MessageType::number),
            arrival.sender(),
            arrival.destination,
            arrival.interface
        );
        log!(corridor.log, DHCP4_QUERY_DATA, label, shown(corridor, query.view));
        if query.is_repeatable() && self.in_flight.contains(query.transaction()) {
            corridor.tell_duplicate(label);
            return Err(Drop::Duplicate);
        }
        recall_relay(corridor, &mut query);
        let facts = QueryFacts::new(&query, arrival, corridor.config);
        let joined = query.is_bootp().then_some(ClassId::BOOTP);
        let vendor_class = facts.option(code::VENDOR_CLASS_ID.into());
        self.classifier.classify(corridor, &facts, vendor_class, joined);
        let seen = asked(arrival, query.view.bytes());
        let Some(octets) = self.classifier.packet_received(corridor, &seen, label)? else {
            return self.answer(corridor, arrival, query, (&sent_name, label), out);
        };
        let view = View::parse(&octets);
        let view = view.as_ref().map_err(unreadable)?;
        check_message(corridor, view)?;
        let mut query = accept(view, serves_bootp(corridor.config)).inspect_err(refused)?;
        let sent_name = SentName::of(query.view, corridor, label).inspect_err(refused)?;
        recall_relay(corridor, &mut query);
        self.answer(corridor, arrival, query, (&sent_name, label), out)
    }

    /// From a query whose client is classified to its answer.
    fn answer(
        &mut self,
        corridor: &Corridor<'_, V4>,
        arrival: &Arrival<'_, V4>,
        mut query: Query<'_>,
        (sent_name, label): (&SentName, ClientLabel<'_>),
        out: &mut Vec<u8>,
    ) -> Result<Answer<V4>, Drop<V4>> {
        if corridor.hooks_at(Point::HostIdentifier).is_some() {
            let facts = QueryFacts::new(&query, arrival, corridor.config);
            let asked = asked(arrival, query.view.bytes());
            let identifier = self.classifier.flexible_identifier(corridor, &asked, &facts);
            identifier.into_iter().for_each(|identifier| query.know_as(identifier));
        }
        let query = &query;
        let classes = &self.classifier.classes;
        let facts = QueryFacts::of_classes(query, arrival, corridor.config, classes);
        facts.tell_malformed(corridor.log);
        let asked = asked(arrival, query.view.bytes());
        let messages = match &arrival.carrier {
            None => PlaceMessages::of_version(V4::VERSION),
            Some(_) => PlaceMessages::over_v6(),
        };
        let told = (label, messages);
        let located = self.classifier.locate(corridor, query, &facts, told, &asked, |classes| {
            select(corridor, query, arrival, classes)
        })?;
        let place = located
            .subnet
            .map(|subnet| Place::new(corridor.config, subnet, &self.classifier.classes));
        let exchange = Exchange {
            corridor,
            arrival,
            query,
            sent_name,
            label,
            reserved: &located.reserved,
            classifier: &mut self.classifier,
            ports: self.ports,
            random: self.chance.number(),
        };
        let answer = exchange.run(place.as_ref(), out).inspect_err(|reason| {
            // All other reasons are told of where they are found.
            if matches!(
                reason,
                Drop::UnacceptableOptions(_) | Drop::ClassReject | Drop::StorageUnavailable
            ) {
                log_refused(corridor, arrival, label, query.view.message_type(), reason);
            }
        })?;
        let kind = match query.is_bootp() {
            true => "BOOTREPLY",
            false => kind_name(Some(answer.message_type.into())),
        };
        match &arrival.carrier {
            None => {
                let content = shown_octets(corridor, out);
                corridor.tell_answer(label, kind, &answer, arrival.interface, &content);
            }
            Some(carrier) => tell_answer(corridor, carrier, label, kind, (&answer, out)),
        }
        Ok(answer)
    }
}

/// BOOTP clients are served where the library for them is loaded.
fn serves_bootp(config: &Snapshot<V4>) -> bool {
    config.hooks_libraries.iter().any(|hook| hook.library.ends_with("libdhcp_bootp.so"))
}

/// A client that renews past its relay is treated as if the relay had said again what it said when
/// the lease was granted (`stash-agent-options`).
fn recall_relay(corridor: &Corridor<'_, V4>, query: &mut Query<'_>) {
    let ciaddr = query.view.ciaddr();
    let is_direct_renewal = query.kind == Kind::Request
        && !query.view.is_relayed()
        && query.relay.is_none()
        && !ciaddr.is_unspecified();
    if !corridor.config.specific.stash_agent_options || !is_direct_renewal {
        return;
    }
    let leases = corridor.leases.at(ciaddr);
    let Some(lease) = leases.get(ciaddr).map(LeaseRef::to_lease) else { return };
    let subnet = corridor.config.subnet(lease.subnet);
    let match_client_id = subnet.is_none_or(|subnet| subnet.specific.match_client_id);
    if lease.state == LeaseState::Assigned && query.client.owns(&lease.owner, match_client_id) {
        query.relay = extended_info::recall(&lease.user_context).map(RelayAgentInfo::new);
        query.is_relay_recalled = query.relay.is_some();
    }
}

fn count_received(corridor: &Corridor<'_, V4>, view: &View<'_>) {
    let asks_like_request = view.op() == Op::Request && serves_bootp(corridor.config);
    corridor.statistics.count(match view.message_type() {
        Some(MessageType::Discover) => ServerMetric::DiscoverReceived,
        Some(MessageType::Offer) => ServerMetric::OfferReceived,
        Some(MessageType::Request) => ServerMetric::RequestReceived,
        Some(MessageType::Ack) => ServerMetric::AckReceived,
        Some(MessageType::Nak) => ServerMetric::NakReceived,
        Some(MessageType::Release) => ServerMetric::ReleaseReceived,
        Some(MessageType::Decline) => ServerMetric::DeclineReceived,
        Some(MessageType::Inform) => ServerMetric::InformReceived,
        None if asks_like_request => ServerMetric::RequestReceived,
        _ => ServerMetric::UnknownReceived,
    });
}

fn log_refused(
    corridor: &Corridor<'_, V4>,
    arrival: &Arrival<'_, V4>,
    label: ClientLabel<'_>,
    kind: Option<MessageType>,
    reason: &Drop<V4>,
) {
    let log = corridor.log;
    let number = kind.map_or(0, MessageType::number);
    match reason {
        Drop::NoMessageType => log!(log, DHCP4_PACKET_DROP_0009, label),
        Drop::UnservedType(_) if kind.is_some_and(|kind| kind.name().is_none()) => {
            log!(log, DHCP4_PACKET_DROP_0005, label, number);
        }
        Drop::UnservedType(_) | Drop::ServerMessage(_) => {
            log!(log, DHCP4_PACKET_DROP_0006, label, number);
        }
        _ => log!(
            log,
            DHCP4_PACKET_DROP_0007,
            label,
            format_args!("{reason} ({})", arrival.interface)
        ),
    }
}
