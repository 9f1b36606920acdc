//! The exchanges: what each message of a client leads to (RFC 2131 section 4.3).

use std::fmt::Display as _;
use std::net::Ipv4Addr;

use kea_expr::{ClassId, ClassSet};
use kea_lease::Ticket;
use kea_log::{ClientLabel, log};
use kea_stats::ServerMetric;
use kea_wire::v4::{MessageType, View, code};
use kea_wire::{ClientId, V4};

use super::Ports;
use super::accept::{Kind, Query, accept};
use super::answer::{Reply, Scopes, Terms};
use super::destination::{Recipient, destination};
use super::facts::QueryFacts;
use super::lease::{Leasing, Mismatch, Refusal};
use super::select::select;
use crate::Serve;
use crate::pipeline::{Answer, Arrival, Classifier, Corridor, Drop, Place, Unreadable};

/// Memory that one worker uses for query after query, and its source of unpredictable numbers.
#[derive(Debug)]
pub struct Worker {
    classifier: Classifier,
    /// The ports that answers go to.
    pub ports: Ports,
    random: u64,
}

impl Worker {
    /// A worker whose unpredictable numbers follow from `seed`.
    pub fn new(seed: u64, ports: Ports) -> Self {
        Worker { classifier: Classifier::default(), ports, random: seed }
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
        let query = accept(view)
            .inspect_err(|reason| log_refused(corridor, arrival, label, kind, reason))?;
        let facts = QueryFacts::new(&query, arrival);
        self.classifier.classify(corridor, &facts, query.view.vendor_class_id().as_deref());
        self.classifier.classify_known(corridor, &facts, false);
        self.random = next_random(self.random);
        let exchange = Exchange {
            corridor,
            arrival,
            query: &query,
            label,
            classes: &self.classifier.classes,
            ports: self.ports,
            random: self.random,
        };
        exchange.run(out)
    }
}

/// SplitMix64: every number once, in an order that looks like chance.
fn next_random(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
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

/// A client identifier for the log.
fn shown(client_id: &Option<ClientId>) -> impl std::fmt::Display + '_ {
    std::fmt::from_fn(move |f| match client_id {
        Some(client_id) => client_id.fmt(f),
        None => f.write_str("(no info)"),
    })
}

/// One query on its way through the stages.
struct Exchange<'q> {
    corridor: &'q Corridor<'q, V4>,
    arrival: &'q Arrival<'q, V4>,
    query: &'q Query<'q>,
    label: ClientLabel<'q>,
    classes: &'q ClassSet,
    ports: Ports,
    random: u64,
}

impl<'q> Exchange<'q> {
    fn run(&self, out: &mut Vec<u8>) -> Result<Answer<V4>, Drop<V4>> {
        let log = self.corridor.log;
        let view = &self.query.view;
        log!(
            log,
            DHCP4_PACKET_RECEIVED,
            self.label,
            view.message_type().map_or("", |kind| kind.name().unwrap_or("")),
            view.message_type().map_or(0, MessageType::number),
            self.arrival.source,
            self.arrival.destination,
            self.arrival.interface
        );
        if self.classes.contains(ClassId::DROP) {
            log!(log, DHCP4_PACKET_DROP_0010, self.label);
            return Err(Drop::ClassDrop);
        }
        let subnet = select(self.corridor.config, self.query, self.arrival, self.classes);
        let Some(subnet) = subnet else { return self.without_subnet(out) };
        log!(log, DHCP4_SUBNET_SELECTED, self.label, subnet.id);
        let place = Place::new(self.corridor.config, subnet, self.classes);
        if !self.is_for_this_server(&place) {
            log!(log, DHCP4_PACKET_DROP_0003, self.label, self.arrival.interface);
            return Err(Drop::OtherServer);
        }
        let leasing = Leasing {
            corridor: self.corridor,
            client: &self.query.client,
            place: &place,
            random: self.random,
        };
        match self.query.kind {
            Kind::Discover => self.discover(&leasing, out),
            Kind::Request => self.request(&leasing, out),
            Kind::Release => self.release(&leasing),
            Kind::Decline => self.decline(&leasing),
            Kind::Inform => Ok(self.inform(&place, out)),
        }
    }

    /// A broadcast on a link that is not served is another server's business; a renewing or relayed
    /// client is told that its address is of no use here.
    fn without_subnet(&self, out: &mut Vec<u8>) -> Result<Answer<V4>, Drop<V4>> {
        let log = self.corridor.log;
        let view = &self.query.view;
        if !view.is_relayed() && self.arrival.destination.is_broadcast() {
            log!(log, DHCP4_PACKET_DROP_0002, self.label, self.arrival.interface);
            return Err(Drop::NoSubnetForInterface);
        }
        log!(log, DHCP4_SUBNET_SELECTION_FAILED, self.label);
        if self.query.kind != Kind::Request {
            return Err(Drop::NoSubnet);
        }
        let number = view.message_type().map_or(0, MessageType::number);
        log!(log, DHCP4_PACKET_NAK_0001, self.label, self.arrival.source, number);
        Ok(self.nak(None, out))
    }

    /// Option 54 is absent, or names this server: the interface's address, what is configured for
    /// the place, or what the relay says.
    fn is_for_this_server(&self, place: &Place<'_, V4>) -> bool {
        let Some(server_id) = self.query.view.server_id() else { return true };
        let relay = self.query.relay.as_ref();
        Some(server_id) == self.arrival.interface_address
            || self.corridor.config.compatibility.ignore_dhcp_server_identifier
            || relay.and_then(|relay| relay.server_id_override()) == Some(server_id)
            || place.grounds().any(|ground| {
                let scopes = Scopes::new(self.corridor, Some(ground.subnet), None, self.classes);
                scopes.configured_server_id() == Some(server_id)
            })
    }

    fn discover(
        &self,
        leasing: &Leasing<'_, '_>,
        out: &mut Vec<u8>,
    ) -> Result<Answer<V4>, Drop<V4>> {
        let held = leasing.held();
        let Ok(offer) = leasing.offer(held.as_ref(), self.query.wanted_address()) else {
            self.count_exhausted(leasing.place);
            let (ciaddr, wanted) = self.addresses();
            log!(self.corridor.log, DHCP4_PACKET_NAK_0003, self.label, ciaddr, wanted);
            return Err(Drop::NothingToOffer);
        };
        log!(self.corridor.log, DHCP4_LEASE_ADVERT, self.label, offer.address);
        let lifetime = self.query.lifetime(self.corridor, self.classes, offer.subnet);
        let terms = Terms { address: offer.address, lifetime };
        let reply = self.reply(Some(offer.subnet));
        reply.grant(self.corridor, MessageType::Offer, Some(terms), out);
        Ok(self.answer(MessageType::Offer, offer.address, Ticket(0)))
    }

    fn request(
        &self,
        leasing: &Leasing<'_, '_>,
        out: &mut Vec<u8>,
    ) -> Result<Answer<V4>, Drop<V4>> {
        let held = leasing.held();
        let wanted = self.query.wanted_address();
        let place = leasing.place;
        let authoritative = place.selected().specific.authoritative;
        if self.query.is_init_reboot() {
            let known = held.as_ref().map(|lease| lease.address);
            if known.is_none() && !authoritative {
                let address = wanted.unwrap_or(Ipv4Addr::UNSPECIFIED);
                log!(self.corridor.log, DHCP4_NO_LEASE_INIT_REBOOT, self.label, address);
                return Err(Drop::UnknownAddress { address });
            }
            if known != wanted {
                let address = wanted.unwrap_or(Ipv4Addr::UNSPECIFIED);
                log!(self.corridor.log, DHCP4_PACKET_NAK_0002, self.label, address);
                return Ok(self.nak(Some(place), out));
            }
        }
        let lifetime = |subnet: &_| self.query.lifetime(self.corridor, self.classes, subnet);
        match leasing.grant(held.as_ref(), wanted, lifetime) {
            Ok(grant) => {
                let lease = &grant.lease;
                let log = self.corridor.log;
                log!(log, DHCP4_LEASE_ALLOC, self.label, lease.address, lease.valid_lifetime);
                let terms = Terms { address: lease.address, lifetime: lease.valid_lifetime };
                let reply = self.reply(Some(grant.subnet));
                reply.grant(self.corridor, MessageType::Ack, Some(terms), out);
                Ok(self.answer(MessageType::Ack, lease.address, grant.ticket))
            }
            Err(Refusal::StorageUnavailable) => Err(Drop::StorageUnavailable),
            Err(Refusal::OutOfPool(address)) if !authoritative && held.is_none() => {
                let (ciaddr, wanted) = self.addresses();
                let log = self.corridor.log;
                log!(log, DHCP4_UNKNOWN_ADDRESS_REQUESTED, self.label, ciaddr, wanted);
                Err(Drop::UnknownAddress { address })
            }
            Err(refusal) => {
                if refusal == Refusal::Exhausted {
                    self.count_exhausted(place);
                }
                let (ciaddr, wanted) = self.addresses();
                log!(self.corridor.log, DHCP4_PACKET_NAK_0004, self.label, ciaddr, wanted);
                Ok(self.nak(Some(place), out))
            }
        }
    }

    fn release(&self, leasing: &Leasing<'_, '_>) -> Result<Answer<V4>, Drop<V4>> {
        let address = self.query.view.ciaddr();
        let log = self.corridor.log;
        let expired = &self.corridor.config.expired_leases;
        let remember =
            expired.flush_reclaimed_timer_wait_time != 0 && expired.hold_reclaimed_time != 0;
        match leasing.release(address, remember) {
            Ok(lease) => {
                log!(log, DHCP4_RELEASE, self.label, lease.address);
                if remember {
                    log!(log, DHCP4_RELEASE_EXPIRED, self.label, lease.address);
                } else {
                    log!(log, DHCP4_RELEASE_DELETED, self.label, lease.address);
                }
                Err(Drop::Done)
            }
            Err(mismatch) => {
                match mismatch {
                    Mismatch::NoLease => {
                        log!(log, DHCP4_RELEASE_FAIL_NO_LEASE, self.label, address);
                    }
                    Mismatch::OtherClient(_) => {
                        log!(log, DHCP4_RELEASE_FAIL_WRONG_CLIENT, self.label, address);
                    }
                }
                Err(Drop::NotTheHolder { address })
            }
        }
    }

    fn decline(&self, leasing: &Leasing<'_, '_>) -> Result<Answer<V4>, Drop<V4>> {
        let log = self.corridor.log;
        let address = self.query.view.requested_address().unwrap_or(Ipv4Addr::UNSPECIFIED);
        let probation = self.corridor.config.server.decline_probation_period;
        match leasing.decline(address, probation) {
            Ok(lease) => {
                log!(log, DHCP4_DECLINE_LEASE, lease.address, self.label, probation);
                Err(Drop::Done)
            }
            Err(mismatch) => {
                match mismatch {
                    Mismatch::NoLease => {
                        log!(log, DHCP4_DECLINE_LEASE_NOT_FOUND, address, self.label);
                    }
                    Mismatch::OtherClient(holder) => {
                        log!(
                            log,
                            DHCP4_DECLINE_LEASE_MISMATCH,
                            address,
                            self.label,
                            self.query.client.hw_addr,
                            holder.hw_addr,
                            shown(&self.query.client.client_id),
                            shown(&holder.client_id)
                        );
                    }
                }
                Err(Drop::NotTheHolder { address })
            }
        }
    }

    fn inform(&self, place: &Place<'_, V4>, out: &mut Vec<u8>) -> Answer<V4> {
        self.reply(Some(place.selected())).grant(self.corridor, MessageType::Ack, None, out);
        self.answer(MessageType::Ack, Ipv4Addr::UNSPECIFIED, Ticket(0))
    }

    fn nak(&self, place: Option<&Place<'_, V4>>, out: &mut Vec<u8>) -> Answer<V4> {
        self.reply(place.map(Place::selected)).refuse(self.corridor, out);
        self.answer(MessageType::Nak, Ipv4Addr::UNSPECIFIED, Ticket(0))
    }

    fn reply<'s>(&'s self, subnet: Option<&'s kea_config::snapshot::Subnet<V4>>) -> Reply<'s, 's> {
        Reply { query: self.query, arrival: self.arrival, classes: self.classes, subnet }
    }

    fn answer(&self, kind: MessageType, yiaddr: Ipv4Addr, after: Ticket) -> Answer<V4> {
        let recipient = Recipient { kind, yiaddr, inform: self.query.is_inform() };
        let relay = self.query.relay.as_ref();
        let transmit = destination(&self.query.view, relay, self.arrival, recipient, self.ports);
        Answer { transmit, after, message_type: kind.number() }
    }

    fn addresses(&self) -> (Ipv4Addr, Ipv4Addr) {
        let wanted = self.query.view.requested_address().unwrap_or(Ipv4Addr::UNSPECIFIED);
        (self.query.view.ciaddr(), wanted)
    }

    fn count_exhausted(&self, place: &Place<'_, V4>) {
        let statistics = self.corridor.statistics;
        statistics.count(ServerMetric::AllocationFail);
        statistics.count(match place.network() {
            Some(_) => ServerMetric::AllocationFailSharedNetwork,
            None => ServerMetric::AllocationFailSubnet,
        });
    }
}
