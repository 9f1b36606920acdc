//! What a client holds: given back, declined, taken away.

use std::net::Ipv6Addr;

use kea_hooks::Next;
use kea_lease::{
    HwAddrSource, Lease, LeaseKind, LeaseRef, LeaseState, SubnetLeases, Ticket, V6Owner, no_duid,
    no_hw_addr,
};
use kea_log::log;
use kea_wire::{Duid, Iaid, Prefix, V6};

use super::hearing::Hearing;
use crate::pipeline::{Corridor, association_text, remembered};

/// The leases of one client, wherever they are.
#[derive(Clone, Copy)]
pub(super) struct Holdings<'q> {
    pub(super) corridor: &'q Corridor<'q, V6>,
    pub(super) duid: &'q Duid,
    pub(super) hearing: &'q Hearing<'q>,
}

/// Why a client cannot give something back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// It is not leased.
    NoLease,
    /// It is another client's.
    OtherClient(Duid),
    /// It is another association's.
    OtherAssociation(Iaid),
    /// A hook keeps it as it is; the client is told nothing of that.
    Kept,
    /// A hook wants the query dropped.
    Dropped,
}

impl Holdings<'_> {
    /// Gives back a lease: kept for the client's return when `remember`, else removed (RFC 9915
    /// section 18.3.7).
    pub(super) fn release(
        &self,
        prefix: Prefix<Ipv6Addr>,
        kind: LeaseKind,
        iaid: Iaid,
        remember: bool,
    ) -> Result<Ticket, Mismatch> {
        self.asked(prefix, kind, iaid, |lease| match self.hearing.may_release(lease) {
            true => Next::Continue,
            false => Next::Skip,
        })?;
        let mut leases = self.corridor.leases.at(prefix.first());
        let lease = self.own(&leases, prefix, kind, iaid)?;
        self.hearing.note(&lease, true);
        self.corridor.statistics.removed(&lease);
        self.corridor.names_end(&lease);
        if remember {
            let kept = remembered(&lease, self.corridor.now);
            log!(self.corridor.log, DHCPSRV_MEMFILE_UPDATE_ADDR6, kept.address);
            leases.put(&kept);
            return Ok(self.corridor.journal.append(&kept));
        }
        log!(self.corridor.log, DHCPSRV_MEMFILE_DELETE_ADDR, lease.address);
        leases.remove(lease.address);
        Ok(self.corridor.journal.append_deletion(&lease))
    }

    /// Takes an address out of use for `probation` seconds: its client found it used by somebody
    /// else (RFC 9915 section 18.3.8). Nothing of the client stays in the lease.
    pub(super) fn decline(
        &self,
        address: Prefix<Ipv6Addr>,
        iaid: Iaid,
        probation: u32,
    ) -> Result<Ticket, Mismatch> {
        self.asked(address, LeaseKind::Address, iaid, |lease| self.hearing.declined(lease))?;
        let mut leases = self.corridor.leases.at(address.first());
        let before = self.own(&leases, address, LeaseKind::Address, iaid)?;
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::NoProbation.is_injected() {
            leases.remove(before.address);
            self.corridor.statistics.removed(&before);
            return Ok(self.corridor.journal.append_deletion(&before));
        }
        self.corridor.names_end(&before);
        let nobody = V6Owner {
            duid: no_duid(),
            hw_addr: no_hw_addr(),
            hw_source: HwAddrSource::default(),
            preferred_lifetime: 0,
            ..before.owner
        };
        let mut lease =
            Lease::new(before.address, before.subnet, nobody, probation, self.corridor.now);
        lease.state = LeaseState::Declined;
        lease.pool_id = before.pool_id;
        log!(self.corridor.log, DHCPSRV_MEMFILE_UPDATE_ADDR6, lease.address);
        leases.put(&lease);
        self.hearing.note(&lease, false);
        self.corridor.statistics.declined(&lease);
        Ok(self.corridor.journal.append(&lease))
    }

    /// Removes a lease that the client is not to have any longer, if it still has it.
    pub(super) fn revoke(&self, lease: &Lease<V6>) -> Ticket {
        let mut leases = self.corridor.leases.at(lease.address);
        let there = leases.get(lease.address).map(LeaseRef::to_lease);
        let Some(there) = there.filter(|there| there.owner.duid == *self.duid) else {
            return Ticket(0);
        };
        log!(self.corridor.log, DHCPSRV_MEMFILE_DELETE_ADDR, there.address);
        leases.remove(there.address);
        self.hearing.note(&there, true);
        if there.state == LeaseState::Assigned {
            self.corridor.statistics.removed(&there);
            self.corridor.names_end(&there);
        }
        self.corridor.journal.append_deletion(&there)
    }

    /// Asks hooks, if there are some, while no lease is locked.
    fn asked(
        &self,
        prefix: Prefix<Ipv6Addr>,
        kind: LeaseKind,
        iaid: Iaid,
        ask: impl FnOnce(&Lease<V6>) -> Next,
    ) -> Result<(), Mismatch> {
        if self.corridor.callouts.is_none() {
            return Ok(());
        }
        let lease = self.own(&self.corridor.leases.at(prefix.first()), prefix, kind, iaid)?;
        match ask(&lease) {
            Next::Continue => Ok(()),
            Next::Skip => Err(Mismatch::Kept),
            Next::Drop => Err(Mismatch::Dropped),
        }
    }

    fn own(
        &self,
        leases: &SubnetLeases<V6>,
        prefix: Prefix<Ipv6Addr>,
        kind: LeaseKind,
        iaid: Iaid,
    ) -> Result<Lease<V6>, Mismatch> {
        let (log, address) = (self.corridor.log, prefix.first());
        log!(log, DHCPSRV_MEMFILE_GET_ADDR6, address, association_text(kind));
        let lease = leases.get(address).map(LeaseRef::to_lease);
        let lease = lease.filter(|lease| {
            lease.owner.kind == kind
                && lease.owner.prefix_len == prefix.len()
                && lease.state == LeaseState::Assigned
        });
        let lease = lease.ok_or(Mismatch::NoLease)?;
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::ForeignRelease.is_injected() {
            return Ok(lease);
        }
        if lease.owner.duid != *self.duid {
            return Err(Mismatch::OtherClient(lease.owner.duid));
        }
        if lease.owner.iaid != iaid {
            return Err(Mismatch::OtherAssociation(lease.owner.iaid));
        }
        Ok(lease)
    }
}
