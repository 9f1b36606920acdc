//! The hooks of a server, in their order, at each point.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Instant;

use kea_config::Snapshot;
use kea_config::snapshot::{Dialect, Subnet};
use kea_expr::{ClassNames, ClassSet, Facts};
use kea_lease::Lease;
use kea_log::{Log, log};
use serde_json::Value;

use crate::hook::{
    Addressed, Committed, FlexibleIdentifier, Hook, LeaseEnd, LeaseOffer, NameUpdate, Next,
    OfferMade, Query,
};
use crate::lease_query::LeaseQueryTerms;
use crate::parking::{ParkId, ParkingSpace};
use crate::point::Point;

/// The hooks of a server. Each point asks those that want it, in the order of the configuration:
/// all of them, unless one drops the query.
pub struct Hooks<F: Dialect> {
    at: [Box<[Arc<dyn Hook<F>>]>; Point::ALL.len()],
    lease_query: Option<Arc<LeaseQueryTerms<F>>>,
    log: Box<dyn Log>,
}

/// What hooks want done with an answer that may wait for them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParkOutcome {
    /// It leaves.
    Leaves,
    /// It waits under this number.
    Parked(ParkId),
    /// It does not leave.
    Dropped,
}

impl<F: Dialect> Hooks<F> {
    /// These, in this order. Their failures go to `log`.
    pub fn new(hooks: &[Arc<dyn Hook<F>>], log: impl Log + 'static) -> Self {
        let at = Point::ALL.map(|point| {
            hooks.iter().filter(|hook| hook.points().contains(&point)).cloned().collect()
        });
        let lease_query = hooks.iter().find_map(|hook| hook.lease_query());
        Hooks { at, lease_query, log: Box::new(log) }
    }

    /// True when no hook wants to be asked anywhere, or anything answered.
    pub fn is_empty(&self) -> bool {
        self.lease_query.is_none() && self.at.iter().all(|hooks| hooks.is_empty())
    }

    /// On which terms leasequeries are answered; none are where no hook wants it.
    pub fn lease_query(&self) -> Option<&LeaseQueryTerms<F>> {
        self.lease_query.as_deref()
    }

    /// True when a hook wants to be asked there.
    pub fn attend(&self, point: Point) -> bool {
        !self.at[point as usize].is_empty()
    }

    /// The names of the hooks that want to be asked there.
    pub fn names_at(&self, point: Point) -> impl Iterator<Item = &str> {
        self.at[point as usize].iter().map(|hook| hook.name())
    }

    /// Those that an explanation may ask, at the points up to the selection of a subnet. Their
    /// failures go to `log`.
    pub fn explaining(&self, log: impl Log + 'static) -> Self {
        let at = Point::ALL.map(|point| {
            let hooks = self.at[point as usize].iter();
            let may_ask = Point::EXPLAINED.contains(&point);
            hooks.filter(|hook| may_ask && hook.may_explain()).cloned().collect()
        });
        Hooks { at, lease_query: self.lease_query.clone(), log: Box::new(log) }
    }

    /// See [`Hook::configured`].
    pub fn configured(&self, config: &Arc<Snapshot<F>>) {
        self.tell(Point::Configured, |hook| hook.configured(config));
    }

    /// See [`Hook::backend_updated`].
    pub fn backend_updated(&self, config: &Arc<Snapshot<F>>) {
        self.tell(Point::BackendUpdated, |hook| hook.backend_updated(config));
    }

    /// See [`Hook::buffer_receive`].
    pub fn buffer_receive(
        &self,
        query: &Query<'_, F>,
        message: &mut Vec<u8>,
        classes: &mut ClassSet,
        names: &ClassNames,
    ) -> Next {
        self.ask(Point::BufferReceive, |hook| hook.buffer_receive(query, message, classes, names))
    }

    /// See [`Hook::packet_receive`].
    pub fn packet_receive(
        &self,
        query: &Query<'_, F>,
        classes: &mut ClassSet,
        names: &ClassNames,
        replacement: &mut Option<Vec<u8>>,
    ) -> Next {
        self.ask(Point::PacketReceive, |hook| {
            hook.packet_receive(query, classes, names, replacement)
        })
    }

    /// See [`Hook::host_identifier`]; the first that knows one decides.
    pub fn host_identifier(
        &self,
        query: &Query<'_, F>,
        facts: &dyn Facts,
        classes: &ClassSet,
    ) -> Option<FlexibleIdentifier> {
        let mut identifier = None;
        self.tell(Point::HostIdentifier, |hook| {
            if identifier.is_none() {
                let known = hook.host_identifier(query, facts, classes);
                identifier = known.filter(|identifier| !identifier.octets.is_empty());
            }
        });
        identifier
    }

    /// See [`Hook::subnet_select`].
    pub fn subnet_select<'s>(
        &self,
        query: &Query<'_, F>,
        config: &'s Snapshot<F>,
        selected: &mut Option<&'s Subnet<F>>,
    ) -> Next {
        self.ask(Point::SubnetSelect, |hook| hook.subnet_select(query, config, selected))
    }

    /// The hooks at `point`, one of `LeaseSelect`, `LeaseRenew` and `LeaseRebind`.
    pub fn lease_offer(&self, point: Point, offer: &mut LeaseOffer<'_, F>) -> Next {
        self.ask(point, |hook| match point {
            Point::LeaseRenew => hook.lease_renew(offer),
            Point::LeaseRebind => hook.lease_rebind(offer),
            _ => hook.lease_select(offer),
        })
    }

    /// See [`Hook::offer_made`].
    pub fn offer_made(&self, offer: &OfferMade<'_, F>, parking: ParkingSpace) -> ParkOutcome {
        let next = self.ask(Point::OfferMade, |hook| hook.offer_made(offer, &parking));
        ParkOutcome::of(next, parking)
    }

    /// See [`Hook::server_declined`].
    pub fn server_declined(&self, query: &[u8], lease: &Lease<F>) {
        self.tell(Point::ServerDeclined, |hook| hook.server_declined(query, lease));
    }

    /// See [`Hook::lease_release`].
    pub fn lease_release(&self, query: &Query<'_, F>, lease: &Lease<F>) -> Next {
        self.ask(Point::LeaseRelease, |hook| hook.lease_release(query, lease))
    }

    /// See [`Hook::lease_decline`].
    pub fn lease_decline(&self, query: &Query<'_, F>, lease: &Lease<F>) -> Next {
        self.ask(Point::LeaseDecline, |hook| hook.lease_decline(query, lease))
    }

    /// See [`Hook::leases_committed`].
    pub fn leases_committed(
        &self,
        committed: &Committed<'_, F>,
        parking: ParkingSpace,
    ) -> ParkOutcome {
        let next =
            self.ask(Point::LeasesCommitted, |hook| hook.leases_committed(committed, &parking));
        ParkOutcome::of(next, parking)
    }

    /// See [`Hook::lease_expire`].
    pub fn lease_expire(&self, end: &LeaseEnd<'_, F>) -> Next {
        self.ask(Point::LeaseExpire, |hook| hook.lease_expire(end))
    }

    /// See [`Hook::lease_recover`].
    pub fn lease_recover(&self, lease: &Lease<F>) -> Next {
        self.ask(Point::LeaseRecover, |hook| hook.lease_recover(lease))
    }

    /// See [`Hook::ddns_update`].
    pub fn ddns_update(&self, update: &mut NameUpdate<'_, F>) -> Next {
        self.ask(Point::DdnsUpdate, |hook| hook.ddns_update(update))
    }

    /// The hooks at `point`, `PacketSend` or `BufferSend`.
    pub fn send(&self, point: Point, sent: &mut Addressed<'_, F>) -> Next {
        self.ask(point, |hook| match point {
            Point::PacketSend => hook.packet_send(sent),
            _ => hook.buffer_send(sent),
        })
    }

    /// See [`Hook::command_processed`].
    pub fn command_processed(&self, name: &str, arguments: Option<&Value>, answer: &mut Value) {
        self.tell(Point::CommandProcessed, |hook| hook.command_processed(name, arguments, answer));
    }

    fn ask(&self, point: Point, mut call: impl FnMut(&dyn Hook<F>) -> Next) -> Next {
        let mut next = Next::Continue;
        for hook in &self.at[point as usize] {
            match self.guarded(point, &**hook, &mut call) {
                Next::Continue => {}
                Next::Skip => next = Next::Skip,
                Next::Drop => return Next::Drop,
            }
        }
        next
    }

    fn tell(&self, point: Point, mut call: impl FnMut(&dyn Hook<F>)) {
        for hook in &self.at[point as usize] {
            self.guarded(point, &**hook, |hook| {
                call(hook);
                Next::Continue
            });
        }
    }

    /// A hook that breaks off is told of, and does not count.
    fn guarded(
        &self,
        point: Point,
        hook: &dyn Hook<F>,
        mut call: impl FnMut(&dyn Hook<F>) -> Next,
    ) -> Next {
        let (begin, name) = (Instant::now(), point.name(F::VERSION));
        // What a hook was changing when it broke off is whole: every change is one assignment.
        match catch_unwind(AssertUnwindSafe(|| call(hook))) {
            Ok(next) => {
                let took = format_args!("{:?}", begin.elapsed());
                log!(*self.log, HOOKS_CALLOUT_CALLED, hook.name(), name, name, took);
                next
            }
            Err(panic) => {
                let text = panic.downcast_ref::<&str>().copied();
                let text = text.or(panic.downcast_ref::<String>().map(String::as_str));
                let text = text.unwrap_or("no reason given");
                let took = format_args!("{:?}", begin.elapsed());
                log!(*self.log, HOOKS_CALLOUT_EXCEPTION, name, hook.name(), name, text, took);
                Next::Continue
            }
        }
    }
}

impl ParkOutcome {
    fn of(next: Next, parking: ParkingSpace) -> Self {
        match next {
            // Who holds it lets go of nothing any more.
            Next::Drop => ParkOutcome::Dropped,
            Next::Continue | Next::Skip => match parking.close() {
                Some(id) => ParkOutcome::Parked(id),
                None => ParkOutcome::Leaves,
            },
        }
    }
}

impl<F: Dialect> std::fmt::Debug for Hooks<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let attended = Point::ALL.into_iter().filter(|point| self.attend(*point));
        f.debug_list().entries(attended.map(|point| point.name(F::VERSION))).finish()
    }
}
