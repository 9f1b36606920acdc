//! From a datagram to a query that is known: who asks, from where, in which classes.

use std::sync::Arc;

use kea_config::snapshot::Snapshot;
use kea_expr::ClassId;
use kea_lease::{LeaseRef, LeaseState};
use kea_log::{ClientLabel, log};
use kea_stats::ServerMetric;
use kea_wire::V4;
use kea_wire::v4::{MessageType, RelayAgentInfo, View, code};

use super::Ports;
use super::accept::{Kind, Query, accept};
use super::exchange::Exchange;
use super::extended_info;
use super::facts::QueryFacts;
use super::name::SentName;
use super::select::select;
use crate::Serve;
use crate::pipeline::explain::Recorder;
use crate::pipeline::{Answer, Arrival, Chance, Classifier, Corridor, Drop, Place, Unreadable};

/// Memory that one worker uses for query after query, and its source of unpredictable numbers.
#[derive(Debug)]
pub struct Worker {
    classifier: Classifier,
    /// The ports that answers go to.
    pub ports: Ports,
    chance: Chance,
}

impl Worker {
    /// A worker whose unpredictable numbers follow from `seed`.
    pub fn new(seed: u64, ports: Ports) -> Self {
        Worker { classifier: Classifier::default(), ports, chance: Chance::new(seed) }
    }
}

impl Serve<V4> for Worker {
    fn decide(
        &mut self,
        corridor: &Corridor<'_, V4>,
        arrival: &Arrival<'_, V4>,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<V4>, Drop<V4>> {
        corridor.statistics.count(ServerMetric::Received);
        let result = match View::parse(payload) {
            Ok(view) => self.serve(corridor, arrival, view, out),
            Err(error) => {
                log!(
                    corridor.log,
                    DHCP4_PACKET_DROP_0001,
                    arrival.source,
                    arrival.destination,
                    arrival.interface,
                    error
                );
                Err(Drop::Unreadable(Unreadable::V4(error)))
            }
        };
        if let Err(reason) = &result {
            reason.count(corridor.statistics);
        }
        result
    }

    fn record(&mut self, recorder: Arc<Recorder>) {
        self.classifier.recorder = Some(recorder);
    }
}

impl Worker {
    fn serve(
        &mut self,
        corridor: &Corridor<'_, V4>,
        arrival: &Arrival<'_, V4>,
        view: View<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Answer<V4>, Drop<V4>> {
        count_received(corridor, &view);
        let (xid, hw_addr, client_id) = (view.xid(), view.hw_addr(), view.option(code::CLIENT_ID));
        let label = ClientLabel::V4 {
            hardware: (!hw_addr.is_empty()).then(|| (hw_addr.htype(), hw_addr.octets())),
            client_id: client_id.as_deref(),
            xid,
        };
        let kind = view.message_type();
        let refused = |reason: &Drop<V4>| log_refused(corridor, arrival, label, kind, reason);
        let mut query = accept(view, serves_bootp(corridor.config)).inspect_err(refused)?;
        let sent_name = SentName::of(&query.view, corridor.log, label).inspect_err(refused)?;
        log!(
            corridor.log,
            DHCP4_PACKET_RECEIVED,
            label,
            kind.map_or("BOOTREQUEST", |kind| kind.name().unwrap_or("")),
            kind.map_or(0, MessageType::number),
            arrival.source,
            arrival.destination,
            arrival.interface
        );
        recall_relay(corridor, &mut query);
        let facts = QueryFacts::new(&query, arrival, corridor.config);
        let joined = query.is_bootp().then_some(ClassId::BOOTP);
        let vendor_class = query.view.vendor_class_id();
        self.classifier.classify(corridor, &facts, vendor_class.as_deref(), joined);
        let located = self.classifier.locate(corridor, &query, &facts, label, |classes| {
            select(corridor.config, &query, arrival, classes)
        })?;
        let place = located
            .subnet
            .map(|subnet| Place::new(corridor.config, subnet, &self.classifier.classes));
        let exchange = Exchange {
            corridor,
            arrival,
            query: &query,
            sent_name: &sent_name,
            label,
            reserved: &located.reserved,
            classifier: &mut self.classifier,
            ports: self.ports,
            random: self.chance.number(),
        };
        exchange.run(place.as_ref(), out)
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
    corridor.statistics.count(match view.message_type() {
        Some(MessageType::Discover) => ServerMetric::DiscoverReceived,
        Some(MessageType::Offer) => ServerMetric::OfferReceived,
        Some(MessageType::Request) => ServerMetric::RequestReceived,
        Some(MessageType::Ack) => ServerMetric::AckReceived,
        Some(MessageType::Nak) => ServerMetric::NakReceived,
        Some(MessageType::Release) => ServerMetric::ReleaseReceived,
        Some(MessageType::Decline) => ServerMetric::DeclineReceived,
        Some(MessageType::Inform) => ServerMetric::InformReceived,
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
