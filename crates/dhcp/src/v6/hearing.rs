//! Hooks on the way of one query: asked about its leases, and told of them when they are stored.

use std::cell::RefCell;

use kea_config::snapshot::Subnet;
use kea_hooks::{Next, Point, Query};
use kea_lease::{Lease, LeaseKind, LeaseState};
use kea_log::{ClientLabel, log};
use kea_wire::V6;

use super::accept::Kind;
use crate::pipeline::{Corridor, Drop, HookWait};

/// Asks and tells the hooks of one query.
pub(super) struct Hearing<'q> {
    pub(super) corridor: &'q Corridor<'q, V6>,
    pub(super) query: Query<'q, V6>,
    pub(super) kind: Kind,
    pub(super) label: ClientLabel<'q>,
    changes: RefCell<Changes>,
}

/// What hooks make of a lease that is about to be granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It is granted, perhaps changed.
    Granted,
    /// What the client has stays as it is.
    Kept,
    /// It is not granted.
    Vetoed,
}

#[derive(Default)]
struct Changes {
    leases: Vec<Lease<V6>>,
    deleted: Vec<Lease<V6>>,
}

impl<'q> Hearing<'q> {
    pub(super) fn new(
        corridor: &'q Corridor<'q, V6>,
        query: Query<'q, V6>,
        kind: Kind,
        label: ClientLabel<'q>,
    ) -> Self {
        Hearing { corridor, query, kind, label, changes: RefCell::default() }
    }

    /// Where hooks are asked about a lease, when there are some; `is_extended` for one that the
    /// client has.
    pub(super) fn lease_point(&self, is_extended: bool) -> Option<Point> {
        let point = match self.kind {
            Kind::Renew if is_extended => Point::LeaseRenew,
            Kind::Rebind if is_extended => Point::LeaseRebind,
            _ => Point::LeaseSelect,
        };
        self.corridor.hooks_at(point).map(|_| point)
    }

    /// Asks about a lease as it is planned.
    pub(super) fn offered(
        &self,
        point: Point,
        subnet: &Subnet<V6>,
        is_offer: bool,
        lease: &mut Lease<V6>,
    ) -> Verdict {
        let log = self.corridor.log;
        match self.corridor.lease_offered(point, &self.query, subnet, is_offer, lease) {
            Next::Continue => Verdict::Granted,
            Next::Skip | Next::Drop if point == Point::LeaseSelect => {
                log!(log, DHCPSRV_HOOK_LEASE6_SELECT_SKIP);
                Verdict::Vetoed
            }
            Next::Skip | Next::Drop => {
                log!(log, DHCPSRV_HOOK_LEASE6_EXTEND_SKIP, self.label);
                Verdict::Kept
            }
        }
    }

    /// False when a hook keeps a lease from being given back.
    pub(super) fn may_release(&self, lease: &Lease<V6>) -> bool {
        let Some(hooks) = self.corridor.hooks_at(Point::LeaseRelease) else { return true };
        let is_kept = hooks.lease_release(&self.query, lease) != Next::Continue;
        if is_kept {
            match lease.kind() {
                LeaseKind::Prefix => {
                    log!(self.corridor.log, DHCP6_HOOK_LEASE6_RELEASE_PD_SKIP, self.label);
                }
                _ => log!(self.corridor.log, DHCP6_HOOK_LEASE6_RELEASE_NA_SKIP, self.label),
            }
        }
        !is_kept
    }

    /// What hooks want done with an address that is about to be declined.
    pub(super) fn declined(&self, lease: &Lease<V6>) -> Next {
        let Some(hooks) = self.corridor.hooks_at(Point::LeaseDecline) else {
            return Next::Continue;
        };
        let next = hooks.lease_decline(&self.query, lease);
        let log = self.corridor.log;
        let Query { source, interface, .. } = self.query;
        match next {
            Next::Continue => {}
            Next::Skip => {
                log!(log, DHCP6_HOOK_DECLINE_SKIP, self.label, interface, source);
            }
            Next::Drop => log!(log, DHCP6_HOOK_DECLINE_DROP, self.label, interface, source),
        }
        next
    }

    /// A lease was stored, or is gone.
    pub(super) fn note(&self, lease: &Lease<V6>, is_gone: bool) {
        if self.corridor.hooks_at(Point::LeasesCommitted).is_none() {
            return;
        }
        let mut changes = self.changes.borrow_mut();
        let Changes { leases, deleted } = &mut *changes;
        if is_gone { deleted.push(lease.clone()) } else { leases.push(lease.clone()) }
    }

    /// Tells hooks of the changes. Gives the number under which the answer waits, if they keep it.
    pub(super) fn commit(&self) -> Result<Option<HookWait<V6>>, Drop<V6>> {
        let changes = self.changes.take();
        let stores = !matches!(self.kind, Kind::Solicit | Kind::Confirm | Kind::InformationRequest);
        if !stores && changes.leases.is_empty() {
            return Ok(None);
        }
        self.corridor.committed(&self.query, &changes.leases, &changes.deleted, self.label)
    }
}

/// True for a lease that its client still has.
pub(super) fn is_current(lease: &Lease<V6>, now: i64) -> bool {
    lease.state == LeaseState::Assigned && !lease.is_expired(now)
}
