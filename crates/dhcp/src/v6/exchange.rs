//! The exchanges: what each message of a client leads to (RFC 9915 section 18.3).

use std::net::Ipv6Addr;

use kea_config::snapshot::Subnet;
use kea_expr::ClassId;
use kea_lease::{LeaseKind, Ticket};
use kea_log::{ClientLabel, log};
use kea_stats::ServerMetric;
use kea_wire::v6::{IaKind, MessageType, StatusCode, View};
use kea_wire::{Duid, Prefix, V6};
use smallvec::SmallVec;

use super::Ports;
use super::accept::{Kind, Query, accept};
use super::answer::{Outcome, Reply};
use super::association::{Association, Note, Wish};
use super::extended_info;
use super::facts::QueryFacts;
use super::holdings::{Holdings, Mismatch};
use super::lease::{Leasing, Refusal, Step};
use super::register::register;
use super::select::select;
use crate::Serve;
use crate::pipeline::{
    Answer, Arrival, Classifier, Corridor, Drop, Place, Reserved, Transmit, Unreadable,
};

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

impl Serve<V6> for Worker {
    fn decide(
        &mut self,
        corridor: &Corridor<'_, V6>,
        arrival: &Arrival<'_, V6>,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<V6>, Drop<V6>> {
        corridor.statistics.count(ServerMetric::Received);
        let result = match View::parse(payload) {
            Ok(view) => self.serve(corridor, arrival, view, out),
            Err(error) => {
                log!(
                    corridor.log,
                    DHCP6_PACKET_DROP_PARSE_FAIL,
                    arrival.source,
                    arrival.destination,
                    arrival.interface,
                    error
                );
                Err(Drop::Unreadable(Unreadable::V6(error)))
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
        corridor: &Corridor<'_, V6>,
        arrival: &Arrival<'_, V6>,
        view: View<'_>,
        out: &mut Vec<u8>,
    ) -> Result<Answer<V6>, Drop<V6>> {
        count_received(corridor, view.message_type());
        if let Some(damage) = view.damage() {
            log!(corridor.log, DHCP6_PACKET_OPTIONS_SKIPPED, damage);
        }
        let config = corridor.config;
        let Some(server_id) = &config.specific.duid else { return Err(Drop::NoServerId) };
        let refused =
            Refused { kind: view.message_type(), duid: view.client_id(), xid: view.xid() };
        let query = accept(view, arrival, server_id, &config.specific.mac_sources)
            .inspect_err(|reason| refused.log(corridor, arrival, server_id, reason))?;
        let label = ClientLabel::V6 {
            duid: query.duid.as_ref().map(Duid::octets),
            hardware: query.hw_addr.as_ref().map(|hw_addr| (hw_addr.htype(), hw_addr.octets())),
            xid: query.view.xid(),
        };
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
        let (place, reserved) = self.locate(corridor, arrival, &query, label)?;
        self.random = next_random(self.random);
        let exchange = Exchange {
            corridor,
            arrival,
            query: &query,
            label,
            place: place.as_ref(),
            reserved: &reserved,
            classifier: &self.classifier,
            random: self.random,
        };
        let outcome = exchange.run()?;
        self.require_classes(corridor, arrival, &query, place.as_ref(), &outcome);
        let reply = Reply {
            corridor,
            query: &query,
            server_id,
            place: place.as_ref(),
            reserved: &reserved,
            classes: &self.classifier.classes,
            outcome: &outcome,
        };
        reply.write(out)?;
        Ok(Answer {
            transmit: self.transmit(&query, arrival),
            after: outcome.after,
            message_type: outcome.message_type.number(),
        })
    }

    /// Finds out where the client is and what is set aside for it there, which its classes depend on
    /// and which depends on its classes (the manual's section on classification steps).
    fn locate<'s>(
        &mut self,
        corridor: &Corridor<'s, V6>,
        arrival: &Arrival<'_, V6>,
        query: &Query<'_>,
        label: ClientLabel<'_>,
    ) -> Result<(Option<Place<'s, V6>>, Reserved<'s, V6>), Drop<V6>> {
        let (config, log) = (corridor.config, corridor.log);
        let facts = QueryFacts { query, arrival };
        let vendor_classes: SmallVec<[_; 1]> = query.view.vendor_classes().collect();
        let vendor_classes = vendor_classes.iter().filter_map(|class| class.tuples().next());
        self.classifier.classify(corridor, &facts, vendor_classes);
        if self.classifier.classes.contains(ClassId::DROP) {
            log!(log, DHCP6_PACKET_DROP_DROP_CLASS, label);
            return Err(Drop::ClassDrop);
        }
        let mut reserved = Reserved::none();
        if config.server.early_global_reservations_lookup {
            reserved = Reserved::early(config, query);
            if reserved.host().is_some() {
                self.classifier.join_reserved(&reserved);
                self.classifier.classify_known(corridor, &facts, true);
            }
            if self.classifier.classes.contains(ClassId::DROP) {
                log!(log, DHCP6_PACKET_DROP_DROP_CLASS_EARLY, label);
                return Err(Drop::ClassDrop);
            }
        }
        let subnet = select(config, &query.view, arrival, &self.classifier.classes);
        match subnet {
            Some(subnet) => {
                log!(log, DHCP6_SUBNET_SELECTED, label, subnet.id);
                let network = config.network_of(subnet);
                let siblings = network.into_iter().flat_map(|network| config.members(network));
                let siblings = siblings.filter(|sibling| sibling.id != subnet.id);
                reserved = Reserved::find(config, std::iter::once(subnet).chain(siblings), query);
            }
            None => log!(log, DHCP6_SUBNET_SELECTION_FAILED, label),
        }
        self.classifier.join_reserved(&reserved);
        self.classifier.classify_known(corridor, &facts, reserved.host().is_some());
        if self.classifier.classes.contains(ClassId::DROP) {
            log!(log, DHCP6_PACKET_DROP_DROP_CLASS2, label);
            return Err(Drop::ClassDrop);
        }
        log!(log, DHCP6_CLASS_ASSIGNED, label, self.classifier.shown(corridor));
        let place = subnet.map(|subnet| Place::new(config, subnet, &self.classifier.classes));
        Ok((place, reserved))
    }

    /// Evaluates the classes that network, subnet and pools of the leases require.
    fn require_classes(
        &mut self,
        corridor: &Corridor<'_, V6>,
        arrival: &Arrival<'_, V6>,
        query: &Query<'_>,
        place: Option<&Place<'_, V6>>,
        outcome: &Outcome<'_>,
    ) {
        let Some(place) = place else { return };
        let network = place.network().map_or(&[][..], |network| &network.additional_classes);
        let subnet = outcome.bindings().last().map_or(place.selected(), |binding| binding.subnet);
        let pools = outcome.pools();
        let of_pools = pools.iter().flat_map(|(_, pool)| &pool.additional_classes);
        let required = network.iter().chain(&subnet.additional_classes).chain(of_pools).copied();
        self.classifier.require(corridor, &QueryFacts { query, arrival }, required);
    }

    /// To where the query came from: the client's port, or the relay's, or the one that the nearest
    /// relay listens on (RFC 9915 section 18.3.10, RFC 8357).
    fn transmit(&self, query: &Query<'_>, arrival: &Arrival<'_, V6>) -> Transmit<V6> {
        let relay = query.view.relays().first();
        let port = match relay {
            None => self.ports.client,
            Some(relay) if !self.ports.is_fixed && relay.source_port().is_some() => {
                arrival.source_port
            }
            Some(_) => self.ports.relay,
        };
        Transmit {
            interface_index: arrival.interface_index,
            source: arrival.interface_address.unwrap_or(Ipv6Addr::UNSPECIFIED),
            destination: arrival.source,
            port,
            link_destination: None,
        }
    }
}

/// SplitMix64: every number once, in an order that looks like chance.
fn next_random(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

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
        // There is no statistic of its own, and it is not unknown.
        MessageType::Confirm | MessageType::AddrRegInform => return,
        _ => ServerMetric::UnknownReceived,
    });
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

/// One query on its way through the stages.
struct Exchange<'q, 'p, 's> {
    corridor: &'q Corridor<'s, V6>,
    arrival: &'q Arrival<'q, V6>,
    query: &'q Query<'p>,
    label: ClientLabel<'q>,
    place: Option<&'q Place<'s, V6>>,
    reserved: &'q Reserved<'s, V6>,
    classifier: &'q Classifier,
    random: u64,
}

impl<'s> Exchange<'_, '_, 's> {
    fn run(&self) -> Result<Outcome<'s>, Drop<V6>> {
        let Some(duid) = &self.query.duid else {
            // What else has no client identifier was refused.
            return Ok(Outcome::of(MessageType::Reply));
        };
        match self.query.kind {
            Kind::Solicit => self.solicit(duid),
            Kind::Request => self.assign(duid, MessageType::Reply, Step::Grant),
            Kind::Renew | Kind::Rebind => self.extend(duid),
            Kind::Confirm => self.confirm(),
            Kind::Release => Ok(self.release(duid)),
            Kind::Decline => Ok(self.decline(duid)),
            Kind::InformationRequest => Ok(Outcome::of(MessageType::Reply)),
            Kind::Register => register(self.corridor, self.query, self.arrival, self.place, duid),
        }
    }

    fn wishes(&self) -> impl Iterator<Item = Wish> + '_ {
        let associations = self.query.view.associations().filter_map(Result::ok);
        associations.filter_map(|ia| Wish::of(&ia)).take(MAX_ASSOCIATIONS)
    }

    fn solicit(&self, duid: &Duid) -> Result<Outcome<'s>, Drop<V6>> {
        let permitted = self.place.is_some_and(|place| place.selected().specific.rapid_commit);
        if !permitted || !self.query.view.rapid_commit() {
            return self.assign(duid, MessageType::Advertise, Step::Offer);
        }
        log!(self.corridor.log, DHCP6_RAPID_COMMIT, self.label);
        let outcome = self.assign(duid, MessageType::Reply, Step::Grant)?;
        Ok(Outcome { rapid_commit: true, ..outcome })
    }

    /// Offers or grants something for each association.
    fn assign(
        &self,
        duid: &Duid,
        message_type: MessageType,
        step: Step,
    ) -> Result<Outcome<'s>, Drop<V6>> {
        let mut outcome = Outcome::of(message_type);
        let Some(place) = self.place else {
            outcome.associations =
                self.wishes().map(|wish| Association::noted(&wish, no_subnet(wish.kind))).collect();
            return Ok(outcome);
        };
        self.with_leasing(duid, place, |leasing| {
            for wish in self.wishes() {
                self.log_processing(&wish, false);
                let association = match leasing.bind(&wish, step) {
                    Ok((binding, _)) => Association::bound(&wish, binding),
                    Err(Refusal::StorageUnavailable) => return Err(Drop::StorageUnavailable),
                    Err(Refusal::Exhausted) => self.exhausted(place, &wish),
                };
                self.log_assigned(step, &association);
                outcome.push(association);
            }
            Ok(outcome)
        })
    }

    /// Extends each association's lease, or finds another one; and tells what of that which the
    /// client names is not for it (RFC 9915 sections 18.3.4 and 18.3.5).
    fn extend(&self, duid: &Duid) -> Result<Outcome<'s>, Drop<V6>> {
        let mut outcome = Outcome::of(MessageType::Reply);
        let Some(place) = self.place else {
            if self.query.kind == Kind::Rebind {
                // Another server may know the client.
                return Err(Drop::NoSubnet);
            }
            outcome.associations =
                self.wishes().map(|wish| Association::noted(&wish, NO_BINDING)).collect();
            return Ok(outcome);
        };
        self.with_leasing(duid, place, |leasing| {
            for wish in self.wishes() {
                self.log_processing(&wish, true);
                let mut association = match leasing.bind(&wish, Step::Grant) {
                    Ok((binding, revoked)) => {
                        let mut association = Association::bound(&wish, binding);
                        association.withdraw(revoked);
                        association
                    }
                    Err(Refusal::StorageUnavailable) => return Err(Drop::StorageUnavailable),
                    Err(Refusal::Exhausted) => self.exhausted(place, &wish),
                };
                association.withdraw(wish.named());
                self.log_extended(&association);
                outcome.push(association);
            }
            Ok(outcome)
        })
    }

    fn with_leasing<T>(
        &self,
        duid: &Duid,
        place: &Place<'s, V6>,
        work: impl FnOnce(&mut Leasing<'_, 's>) -> T,
    ) -> T {
        let user_context = |subnet: &Subnet<V6>, before: &str| {
            extended_info::user_context(&self.query.view, subnet.store_extended_info, before)
        };
        work(&mut Leasing {
            corridor: self.corridor,
            label: self.label,
            duid,
            hw_addr: self.query.hw_addr,
            place,
            reserved: self.reserved,
            classes: &self.classifier.classes,
            user_context: &user_context,
            random: self.random,
            given: SmallVec::new(),
        })
    }

    fn exhausted(&self, place: &Place<'_, V6>, wish: &Wish) -> Association<'s> {
        let log = self.corridor.log;
        let kind = wish.lease_kind();
        let in_classes = self.classifier.is_classified();
        self.corridor.statistics.nothing_left(place, kind, in_classes);
        let subnet = place.selected();
        match place.network() {
            Some(network) => {
                let (full, closed): (Vec<_>, Vec<_>) =
                    place.grounds().partition(|ground| !ground.pools_of(kind).is_empty());
                log!(
                    log,
                    ALLOC_ENGINE_V6_ALLOC_FAIL_SHARED_NETWORK,
                    self.label,
                    network.name,
                    full.len(),
                    closed.len()
                );
            }
            None => log!(
                log,
                ALLOC_ENGINE_V6_ALLOC_FAIL_SUBNET,
                self.label,
                subnet.prefix,
                subnet.id,
                "(none)"
            ),
        }
        if place.grounds().all(|ground| ground.pools_of(kind).is_empty()) {
            log!(log, ALLOC_ENGINE_V6_ALLOC_FAIL_NO_POOLS, self.label);
        }
        if in_classes {
            let classes = self.classifier.shown(self.corridor);
            log!(log, ALLOC_ENGINE_V6_ALLOC_FAIL_CLASSES, self.label, classes);
        }
        Association::noted(wish, nothing_left(wish.kind))
    }

    /// Tells whether addresses are right for the link (RFC 9915 section 18.3.3).
    fn confirm(&self) -> Result<Outcome<'s>, Drop<V6>> {
        let Some(place) = self.place else { return Err(Drop::NoSubnet) };
        let mut named = self
            .wishes()
            .filter(|wish| wish.kind == IaKind::Na)
            .flat_map(|wish| wish.named().collect::<SmallVec<[_; 1]>>())
            .peekable();
        if named.peek().is_none() {
            return Err(Drop::NothingAsked);
        }
        let on_link = named.all(|named| {
            place.grounds().any(|ground| ground.subnet.prefix.contains(named.address()))
        });
        let mut outcome = Outcome::of(MessageType::Reply);
        let status = if on_link { ALL_ON_LINK } else { NOT_ON_LINK };
        log!(self.corridor.log, DHCP6_ADD_GLOBAL_STATUS_CODE, self.label, status.1);
        outcome.status = Some(status);
        Ok(outcome)
    }

    fn release(&self, duid: &Duid) -> Outcome<'s> {
        let expired = &self.corridor.config.expired_leases;
        let remember =
            expired.flush_reclaimed_timer_wait_time != 0 && expired.hold_reclaimed_time != 0;
        let holdings = Holdings { corridor: self.corridor, duid };
        let mut outcome = self.give_back(|wish, named| {
            let kind = wish.lease_kind();
            let result = holdings.release(named, kind, wish.iaid, remember);
            self.log_released(wish, named, remember, &result);
            result
        });
        for association in &mut outcome.associations {
            association.status.get_or_insert(RELEASED);
        }
        outcome.status = Some(RELEASE_DONE);
        outcome
    }

    fn decline(&self, duid: &Duid) -> Outcome<'s> {
        let probation = self.corridor.config.server.decline_probation_period;
        let holdings = Holdings { corridor: self.corridor, duid };
        let mut outcome = self.give_back(|wish, named| {
            log!(self.corridor.log, DHCP6_DECLINE_PROCESS_IA, wish.iaid.0, self.label);
            let result = holdings.decline(named, wish.iaid, probation);
            self.log_declined(wish, named, probation, &result);
            result
        });
        outcome.associations.retain(|association| association.kind == IaKind::Na);
        for association in &mut outcome.associations {
            association.status.get_or_insert(DECLINED);
        }
        outcome
    }

    /// Does something with everything that each association names. An association of which anything
    /// cannot be done says so.
    fn give_back(
        &self,
        act: impl Fn(&Wish, Prefix<Ipv6Addr>) -> Result<Ticket, Mismatch>,
    ) -> Outcome<'s> {
        let mut outcome = Outcome::of(MessageType::Reply);
        outcome.is_configuring = false;
        let declining = self.query.kind == Kind::Decline;
        for wish in self.wishes().filter(|wish| !declining || wish.kind == IaKind::Na) {
            let mut association = Association::noted(&wish, NOTHING_NAMED);
            if wish.named().next().is_some() {
                association.status = None;
            }
            for named in wish.named() {
                match act(&wish, named) {
                    Ok(ticket) => outcome.after = outcome.after.max(ticket),
                    Err(mismatch) => association.status = Some(not_yours(&mismatch)),
                }
            }
            if let Some((_, text)) = association.status {
                let log = self.corridor.log;
                log!(log, DHCP6_ADD_STATUS_CODE_FOR_IA, self.label, wish.iaid.0, text);
            }
            outcome.push(association);
        }
        outcome
    }
}

/// Associations of one message that are served.
const MAX_ASSOCIATIONS: usize = 64;

const NO_BINDING: Note = (StatusCode::NoBinding, "No lease is known for this association.");
const NOTHING_NAMED: Note = (StatusCode::NoBinding, "The association names nothing.");
const ALL_ON_LINK: Note = (StatusCode::Success, "All addresses are right for this link.");
const NOT_ON_LINK: Note = (StatusCode::NotOnLink, "An address is not right for this link.");
const RELEASED: Note = (StatusCode::Success, "Released.");
const RELEASE_DONE: Note = (StatusCode::Success, "Release processed.");
const DECLINED: Note = (StatusCode::Success, "Declined.");

fn no_subnet(kind: IaKind) -> Note {
    match kind {
        IaKind::Pd => (StatusCode::NoPrefixAvail, "No subnet is configured for this link."),
        IaKind::Na | IaKind::Ta => {
            (StatusCode::NoAddrsAvail, "No subnet is configured for this link.")
        }
    }
}

fn nothing_left(kind: IaKind) -> Note {
    match kind {
        IaKind::Pd => (StatusCode::NoPrefixAvail, "No prefix is available."),
        IaKind::Na | IaKind::Ta => (StatusCode::NoAddrsAvail, "No address is available."),
    }
}

fn not_yours(mismatch: &Mismatch) -> Note {
    match mismatch {
        Mismatch::NoLease => NO_BINDING,
        Mismatch::OtherClient(_) => (StatusCode::NoBinding, "It is leased to another client."),
        Mismatch::OtherAssociation(_) => {
            (StatusCode::NoBinding, "It is leased for another association.")
        }
    }
}

/// What is logged about associations.
impl Exchange<'_, '_, '_> {
    fn log_processing(&self, wish: &Wish, extending: bool) {
        let (log, label, iaid) = (self.corridor.log, self.label, wish.iaid.0);
        let hint = std::fmt::from_fn(|f| match wish.named().next() {
            Some(hint) => write!(f, "{hint}"),
            None => f.write_str("(none)"),
        });
        match (wish.kind, extending) {
            (IaKind::Pd, true) => log!(log, DHCP6_PROCESS_IA_PD_EXTEND, label, iaid),
            (_, true) => log!(log, DHCP6_PROCESS_IA_NA_EXTEND, label, iaid),
            (IaKind::Pd, false) => log!(log, DHCP6_PROCESS_IA_PD_REQUEST, label, iaid, hint),
            (_, false) => log!(log, DHCP6_PROCESS_IA_NA_REQUEST, label, iaid, hint),
        }
    }

    fn log_assigned(&self, step: Step, association: &Association<'_>) {
        let (log, label, iaid) = (self.corridor.log, self.label, association.iaid.0);
        let is_prefix = association.kind == IaKind::Pd;
        let Some(binding) = &association.bound else {
            match (step, is_prefix) {
                (Step::Offer, false) => log!(log, DHCP6_LEASE_ADVERT_FAIL, label, iaid),
                (Step::Offer, true) => log!(log, DHCP6_PD_LEASE_ADVERT_FAIL, label, iaid),
                (Step::Grant, false) => log!(log, DHCP6_LEASE_ALLOC_FAIL, label, iaid),
                (Step::Grant, true) => log!(log, DHCP6_PD_LEASE_ALLOC_FAIL, label, iaid),
            }
            return;
        };
        let (address, len) = (binding.prefix.address(), binding.prefix.len());
        let valid = binding.lifetimes.valid;
        match (step, is_prefix) {
            (Step::Offer, false) => log!(log, DHCP6_LEASE_ADVERT, label, address, iaid),
            (Step::Offer, true) => log!(log, DHCP6_PD_LEASE_ADVERT, label, address, len, iaid),
            (Step::Grant, false) if binding.is_reused => {
                log!(log, DHCP6_LEASE_REUSE, label, address, iaid, valid);
            }
            (Step::Grant, true) if binding.is_reused => {
                log!(log, DHCP6_PD_LEASE_REUSE, label, address, len, iaid, valid);
            }
            (Step::Grant, false) => log!(log, DHCP6_LEASE_ALLOC, label, address, iaid, valid),
            (Step::Grant, true) => {
                log!(log, DHCP6_PD_LEASE_ALLOC, label, address, len, iaid, valid);
            }
        }
    }

    fn log_extended(&self, association: &Association<'_>) {
        let Some(binding) = &association.bound else {
            return self.log_assigned(Step::Grant, association);
        };
        if binding.is_reused {
            return self.log_assigned(Step::Grant, association);
        }
        let (log, label, iaid) = (self.corridor.log, self.label, association.iaid.0);
        let (address, len) = (binding.prefix.address(), binding.prefix.len());
        match association.kind {
            IaKind::Pd => log!(log, DHCP6_PD_LEASE_RENEW, label, address, len, iaid),
            IaKind::Na | IaKind::Ta => log!(log, DHCP6_LEASE_RENEW, label, address, iaid),
        }
    }

    fn log_released(
        &self,
        wish: &Wish,
        named: Prefix<Ipv6Addr>,
        remember: bool,
        result: &Result<Ticket, Mismatch>,
    ) {
        let (log, label, iaid) = (self.corridor.log, self.label, wish.iaid.0);
        let (address, len) = (named.address(), named.len());
        match (wish.lease_kind(), result) {
            (_, Err(Mismatch::NoLease)) => {}
            (LeaseKind::Prefix, Ok(_)) => {
                log!(log, DHCP6_RELEASE_PD, label, address, len, iaid);
                if remember {
                    log!(log, DHCP6_RELEASE_PD_EXPIRED, label, address, len, iaid);
                } else {
                    log!(log, DHCP6_RELEASE_PD_DELETED, label, address, len, iaid);
                }
            }
            (_, Ok(_)) => {
                log!(log, DHCP6_RELEASE_NA, label, address, iaid);
                if remember {
                    log!(log, DHCP6_RELEASE_NA_EXPIRED, label, address, iaid);
                } else {
                    log!(log, DHCP6_RELEASE_NA_DELETED, label, address, iaid);
                }
            }
            (LeaseKind::Prefix, Err(Mismatch::OtherClient(duid))) => {
                log!(log, DHCP6_RELEASE_PD_FAIL_WRONG_DUID, label, address, len, duid);
            }
            (_, Err(Mismatch::OtherClient(duid))) => {
                log!(log, DHCP6_RELEASE_NA_FAIL_WRONG_DUID, label, address, duid);
            }
            (LeaseKind::Prefix, Err(Mismatch::OtherAssociation(held))) => {
                log!(log, DHCP6_RELEASE_PD_FAIL_WRONG_IAID, label, address, len, held.0, iaid);
            }
            (_, Err(Mismatch::OtherAssociation(held))) => {
                log!(log, DHCP6_RELEASE_NA_FAIL_WRONG_IAID, label, address, held.0, iaid);
            }
        }
    }

    fn log_declined(
        &self,
        wish: &Wish,
        named: Prefix<Ipv6Addr>,
        probation: u32,
        result: &Result<Ticket, Mismatch>,
    ) {
        let (log, label, iaid) = (self.corridor.log, self.label, wish.iaid.0);
        let address = named.address();
        match result {
            Ok(_) => log!(log, DHCP6_DECLINE_LEASE, label, address, probation),
            Err(Mismatch::NoLease) => log!(log, DHCP6_DECLINE_FAIL_NO_LEASE, label, address),
            Err(Mismatch::OtherClient(duid)) => {
                log!(log, DHCP6_DECLINE_FAIL_DUID_MISMATCH, label, address, duid);
            }
            Err(Mismatch::OtherAssociation(held)) => {
                log!(log, DHCP6_DECLINE_FAIL_IAID_MISMATCH, label, address, iaid, held.0);
            }
        }
    }
}
