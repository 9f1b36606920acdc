//! The places on a query's way at which hooks are asked.

use std::borrow::Cow;
use std::sync::Arc;

use kea_config::snapshot::{DdnsParameters, Dialect, Subnet};
use kea_expr::{ClassId, ClassSet, Facts};
use kea_hooks::{
    Addressed, Committed, FlexibleIdentifier, Hooks, LeaseEnd, LeaseOffer, NameUpdate, Next,
    OfferMade, ParkId, ParkOutcome, ParkingLot, ParkingSpace, Point, Query,
};
use kea_lease::Lease;
use kea_log::message::{self, twin};
use kea_log::{ClientLabel, Message, log};

use super::arrival::{Arrival, Transmit};
use super::classify::Classifier;
use super::client_name::LeaseName;
use super::corridor::{Corridor, HookWait};
use super::drop::Drop;
use super::explain::{HookEffect, Step, hex};
use super::locate::PlaceMessages;

/// The hooks of a server, and where answers of one worker wait for them.
#[derive(Debug)]
pub struct Callouts<'a, F: Dialect> {
    /// The hooks.
    pub hooks: &'a Hooks<F>,
    /// The lot; without one, no answer waits.
    pub lot: Option<&'a Arc<ParkingLot>>,
}

impl<F: Dialect> Clone for Callouts<'_, F> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<F: Dialect> Copy for Callouts<'_, F> {}

/// A query as hooks see it.
pub(crate) fn asked<'a, F: Dialect>(arrival: &Arrival<'a, F>, message: &'a [u8]) -> Query<'a, F> {
    Query {
        interface: arrival.interface,
        source: arrival.source,
        destination: arrival.destination,
        message,
    }
}

/// What is said of an answer that hooks may keep.
struct ParkingMessages {
    full: &'static Message,
    parked: &'static Message,
    dropped: &'static Message,
}

impl Classifier {
    /// Forgets the last query: octets of another one arrived. Gives them as hooks leave them, who may
    /// put the client into classes already.
    pub(crate) fn buffer_received<'p, F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        arrival: &Arrival<'_, F>,
        payload: &'p [u8],
    ) -> Result<Cow<'p, [u8]>, Drop<F>> {
        self.classes.clear();
        self.attended(corridor, Point::BufferReceive, |classes| {
            corridor.buffer_received(arrival, payload, classes)
        })
    }

    /// A message was read and classified. Gives the message that takes its place, if hooks have one.
    /// What is dropped for its classes is not shown to them.
    pub(crate) fn packet_received<F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        query: &Query<'_, F>,
        label: ClientLabel<'_>,
    ) -> Result<Option<Vec<u8>>, Drop<F>> {
        if self.classes.contains(ClassId::DROP) {
            return Ok(None);
        }
        self.attended(corridor, Point::PacketReceive, |classes| {
            corridor.packet_received(query, classes, label)
        })
    }

    /// What hooks know the client by, unless its query is dropped for its classes.
    pub(crate) fn flexible_identifier<F: Dialect>(
        &self,
        corridor: &Corridor<'_, F>,
        query: &Query<'_, F>,
        facts: &dyn Facts,
    ) -> Option<FlexibleIdentifier> {
        let hooks = corridor.hooks_at(Point::HostIdentifier)?;
        if self.classes.contains(ClassId::DROP) {
            return None;
        }
        let identifier = hooks.host_identifier(query, facts, &self.classes)?;
        log!(corridor.log, (twin::FLEX_ID.of(F::VERSION)), hex(&identifier.octets));
        let effect = HookEffect::Identifier(hex(&identifier.octets));
        self.note(|_| Step::hooked(hooks, Point::HostIdentifier, effect));
        Some(identifier)
    }

    /// Asks hooks, and tells who wants to know what they made of the client's classes.
    fn attended<F: Dialect, T>(
        &mut self,
        corridor: &Corridor<'_, F>,
        point: Point,
        ask: impl FnOnce(&mut ClassSet) -> T,
    ) -> T {
        let Some(hooks) = corridor.hooks_at(point).filter(|_| self.recorder.is_some()) else {
            return ask(&mut self.classes);
        };
        let names = corridor.config.classes.names();
        let of = |classes: &ClassSet| classes.names(names).map(str::to_owned).collect::<Vec<_>>();
        let before = of(&self.classes);
        let result = ask(&mut self.classes);
        let after = of(&self.classes);
        let lacks = |some: &[String], other: &[String]| {
            some.iter().filter(|name| !other.contains(name)).cloned().collect()
        };
        let (joined, left) = (lacks(&after, &before), lacks(&before, &after));
        self.note(|_| Step::hooked(hooks, point, HookEffect::Classes { joined, left }));
        result
    }
}

impl<'s, F: Dialect> Corridor<'s, F> {
    /// The hooks, when some want to be asked at `point`.
    pub(crate) fn hooks_at(&self, point: Point) -> Option<&'s Hooks<F>> {
        self.callouts.map(|callouts| callouts.hooks).filter(|hooks| hooks.attend(point))
    }

    /// Octets arrived. Gives them as hooks leave them.
    fn buffer_received<'p>(
        &self,
        arrival: &Arrival<'_, F>,
        payload: &'p [u8],
        classes: &mut ClassSet,
    ) -> Result<Cow<'p, [u8]>, Drop<F>> {
        let Some(hooks) = self.hooks_at(Point::BufferReceive) else { return Ok(payload.into()) };
        let mut message = payload.to_vec();
        let names = self.config.classes.names();
        match hooks.buffer_receive(&asked(arrival, payload), &mut message, classes, names) {
            Next::Continue => {}
            Next::Skip => {
                let skipped = twin::HOOK_BUFFER_RCVD_SKIP.of(F::VERSION);
                log!(self.log, (skipped), arrival.source, arrival.destination, arrival.interface);
            }
            Next::Drop => {
                let dropped = twin::HOOK_BUFFER_RCVD_DROP.of(F::VERSION);
                log!(self.log, (dropped), arrival.source, arrival.destination, arrival.interface);
                return Err(Drop::Hook(Point::BufferReceive));
            }
        }
        Ok(message.into())
    }

    /// A message was read and classified. Gives the message that takes its place, if hooks have one.
    fn packet_received(
        &self,
        query: &Query<'_, F>,
        classes: &mut ClassSet,
        label: ClientLabel<'_>,
    ) -> Result<Option<Vec<u8>>, Drop<F>> {
        let Some(hooks) = self.hooks_at(Point::PacketReceive) else { return Ok(None) };
        let mut replacement = None;
        let names = self.config.classes.names();
        match hooks.packet_receive(query, classes, names, &mut replacement) {
            Next::Continue => Ok(replacement),
            Next::Skip | Next::Drop => {
                log!(self.log, (twin::HOOK_PACKET_RCVD_SKIP.of(F::VERSION)), label);
                Err(Drop::Hook(Point::PacketReceive))
            }
        }
    }

    /// A subnet was selected. Gives the one that hooks leave.
    pub(crate) fn subnet_selected(
        &self,
        query: &Query<'_, F>,
        mut selected: Option<&'s Subnet<F>>,
        (label, messages): (ClientLabel<'_>, PlaceMessages),
    ) -> Result<Option<&'s Subnet<F>>, Drop<F>> {
        let Some(hooks) = self.hooks_at(Point::SubnetSelect) else { return Ok(selected) };
        match hooks.subnet_select(query, self.config, &mut selected) {
            Next::Continue => Ok(selected),
            Next::Skip => {
                log!(self.log, (messages.skipped), label);
                Ok(None)
            }
            Next::Drop => {
                log!(self.log, (messages.dropped), label);
                Err(Drop::Hook(Point::SubnetSelect))
            }
        }
    }

    /// A lease is about to be offered, granted or extended, as `point` says. Hooks may change it.
    pub(crate) fn lease_offered(
        &self,
        point: Point,
        query: &Query<'_, F>,
        subnet: &Subnet<F>,
        is_offer: bool,
        lease: &mut Lease<F>,
    ) -> Next {
        let Some(hooks) = self.hooks_at(point) else { return Next::Continue };
        let mut changed = lease.clone();
        let mut offer = LeaseOffer { query: *query, subnet, is_offer, lease: &mut changed };
        let next = hooks.lease_offer(point, &mut offer);
        lease.valid_lifetime = changed.valid_lifetime;
        lease.hostname = changed.hostname;
        (lease.fqdn_fwd, lease.fqdn_rev) = (changed.fqdn_fwd, changed.fqdn_rev);
        lease.user_context = changed.user_context;
        next
    }

    /// An address is about to be offered. Gives how the offer waits, if hooks keep it.
    pub(crate) fn offer_made(
        &self,
        offer: &OfferMade<'_, F>,
        label: ClientLabel<'_>,
    ) -> Result<Option<HookWait<F>>, Drop<F>> {
        let messages = ParkingMessages {
            full: &message::DHCP4_HOOK_LEASE4_OFFER_PARKING_LOT_FULL,
            parked: &message::DHCP4_HOOK_LEASE4_OFFER_PARK,
            dropped: &message::DHCP4_HOOK_LEASE4_OFFER_DROP,
        };
        let ask = |hooks: &Hooks<F>, parking| hooks.offer_made(offer, parking);
        let id = self.answered(Point::OfferMade, &messages, label, ask)?;
        Ok(id.map(|id| HookWait { id, offered: Some(Box::new(offer.lease.clone())) }))
    }

    /// The lease changes of a query are stored. Gives how the answer waits, if hooks keep it.
    pub(crate) fn committed(
        &self,
        query: &Query<'_, F>,
        leases: &[Lease<F>],
        deleted: &[Lease<F>],
        label: ClientLabel<'_>,
    ) -> Result<Option<HookWait<F>>, Drop<F>> {
        let messages = ParkingMessages {
            full: twin::HOOK_LEASES_PARKING_LOT_FULL.of(F::VERSION),
            parked: twin::HOOK_LEASES_COMMITTED_PARK.of(F::VERSION),
            dropped: twin::HOOK_LEASES_COMMITTED_DROP.of(F::VERSION),
        };
        let ask = |hooks: &Hooks<F>, parking| {
            hooks.leases_committed(&Committed { query: *query, leases, deleted }, parking)
        };
        let id = self.answered(Point::LeasesCommitted, &messages, label, ask)?;
        Ok(id.map(|id| HookWait { id, offered: None }))
    }

    /// An answer is known, and hooks may keep it.
    fn answered(
        &self,
        point: Point,
        messages: &ParkingMessages,
        label: ClientLabel<'_>,
        ask: impl FnOnce(&Hooks<F>, ParkingSpace) -> ParkOutcome,
    ) -> Result<Option<ParkId>, Drop<F>> {
        let Some(hooks) = self.hooks_at(point) else { return Ok(None) };
        let Some(lot) = self.callouts.and_then(|callouts| callouts.lot) else { return Ok(None) };
        let limit = self.config.server.parked_packet_limit;
        let Some(parking) = lot.enter(limit) else {
            log!(self.log, (messages.full), limit, label);
            return Err(Drop::ParkingLotFull);
        };
        match ask(hooks, parking) {
            ParkOutcome::Leaves => Ok(None),
            ParkOutcome::Parked(id) => {
                log!(self.log, (messages.parked), label);
                Ok(Some(id))
            }
            ParkOutcome::Dropped => {
                log!(self.log, (messages.dropped), label);
                Err(Drop::Hook(point))
            }
        }
    }

    /// An ended lease is about to be reclaimed, or a declined address to come back. False when hooks
    /// keep it.
    pub(crate) fn may_end(&self, lease: &Lease<F>, is_declined: bool, is_removed: bool) -> bool {
        let next = if is_declined {
            self.hooks_at(Point::LeaseRecover).map(|hooks| hooks.lease_recover(lease))
        } else {
            let end = LeaseEnd { lease, is_removed };
            self.hooks_at(Point::LeaseExpire).map(|hooks| hooks.lease_expire(&end))
        };
        let stays = matches!(next, Some(Next::Skip | Next::Drop));
        if stays && is_declined {
            match F::VERSION {
                4 => log!(self.log, DHCPSRV_HOOK_LEASE4_RECOVER_SKIP, lease.address),
                _ => log!(self.log, DHCPSRV_HOOK_LEASE6_RECOVER_SKIP, lease.address),
            }
        }
        !stays
    }

    /// The client's name is known. Hooks may change it.
    pub(crate) fn name_known(
        &self,
        query: &Query<'_, F>,
        parameters: &DdnsParameters,
        name: &mut LeaseName,
    ) {
        let Some(hooks) = self.hooks_at(Point::DdnsUpdate) else { return };
        let before = name.clone();
        hooks.ddns_update(&mut NameUpdate {
            query: *query,
            parameters,
            hostname: &mut name.hostname,
            forward: &mut name.forward,
            reverse: &mut name.reverse,
        });
        if *name != before {
            let changed = twin::HOOK_DDNS_UPDATE.of(F::VERSION);
            log!(
                self.log,
                (changed),
                before.hostname,
                name.hostname,
                before.forward,
                name.forward,
                before.reverse,
                name.reverse
            );
        }
    }
}

/// An answer is about to leave. False when hooks do not want it to.
pub fn leaves<F: Dialect>(
    hooks: &Hooks<F>,
    log: &dyn kea_log::Log,
    query: &[u8],
    transmit: &Transmit<F>,
    answer: &mut Vec<u8>,
) -> bool {
    let Transmit { destination, port, .. } = *transmit;
    for point in [Point::PacketSend, Point::BufferSend] {
        if !hooks.attend(point) {
            continue;
        }
        let next = hooks.send(point, &mut Addressed { query, destination, port, answer });
        let is_packet = point == Point::PacketSend;
        match next {
            Next::Continue => {}
            Next::Skip if is_packet => {
                log!(log, (twin::HOOK_PACKET_SEND_SKIP.of(F::VERSION)), destination);
                // With DHCPv6 it leaves: the octets are the hook's own.
                if F::VERSION == 4 {
                    return false;
                }
            }
            Next::Drop if is_packet => {
                log!(log, (twin::HOOK_PACKET_SEND_DROP.of(F::VERSION)), destination);
                return false;
            }
            Next::Skip | Next::Drop => {
                log!(log, (twin::HOOK_BUFFER_SEND_SKIP.of(F::VERSION)), destination);
                return false;
            }
        }
    }
    true
}
