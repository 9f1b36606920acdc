//! What a client holds: given back, declined (RFC 2131 sections 4.3.3 and 4.3.4).

use std::net::Ipv4Addr;

use kea_hooks::Point;
use kea_lease::{INFINITE, Lease, LeaseRef, LeaseState, SubnetLeases, V4Owner};
use kea_log::{ClientLabel, log};
use kea_wire::v4::View;
use kea_wire::{ClientId, V4};

use super::accept::Client;
use crate::pipeline::{Corridor, give_up};

/// Leases that their clients give back. They are found by address alone, so that the subnet may be
/// gone from the configuration.
pub(super) struct Holdings<'q, 's> {
    pub(super) corridor: &'q Corridor<'s, V4>,
    pub(super) client: &'q Client,
}

/// Why a client cannot give an address back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// It has no lease.
    NoLease,
    /// Its lease is this other client's, or nobody's any more.
    OtherClient(Box<V4Owner>),
}

impl Holdings<'_, '_> {
    /// Gives back the lease of `address`: kept for the client's return when `remember`, else
    /// removed (RFC 2131 section 4.3.4).
    pub(super) fn release(&self, address: Ipv4Addr, remember: bool) -> Result<Lease<V4>, Mismatch> {
        log!(self.corridor.log, DHCPSRV_MEMFILE_GET_ADDR4, address);
        let mut leases = self.corridor.leases.at(address);
        let mut lease = self.own(&leases, address)?;
        self.corridor.statistics.removed(&lease);
        self.corridor.names_end(&lease);
        if remember {
            lease.state = LeaseState::ExpiredReclaimed;
            // It ends now, and a row that ends nothing has a lifetime.
            lease.valid_lifetime = match lease.valid_lifetime {
                0 | INFINITE => 1,
                lifetime => lifetime,
            };
            lease.cltt = self.corridor.now - i64::from(lease.valid_lifetime);
            (lease.fqdn_fwd, lease.fqdn_rev) = (false, false);
            lease.hostname = Box::default();
            log!(self.corridor.log, DHCPSRV_MEMFILE_UPDATE_ADDR4, address);
            leases.put(&lease);
            self.corridor.journal.append(&lease);
        } else {
            log!(self.corridor.log, DHCPSRV_MEMFILE_DELETE_ADDR, address);
            leases.remove(address);
            self.corridor.journal.append_deletion(&lease);
        }
        Ok(lease)
    }

    /// Takes `address` out of use for `probation` seconds: its client found it used by somebody
    /// else (RFC 2131 section 4.3.3). Nothing of the client stays in the lease.
    pub(super) fn decline(&self, address: Ipv4Addr, probation: u32) -> Result<Lease<V4>, Mismatch> {
        let mut leases = self.corridor.leases.at(address);
        let before = self.own(&leases, address)?;
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::NoProbation.is_injected() {
            leases.remove(address);
            self.corridor.journal.append_deletion(&before);
            self.corridor.statistics.removed(&before);
            return Ok(before);
        }
        self.corridor.names_end(&before);
        let lease = declined(&before, probation, self.corridor.now);
        leases.put(&lease);
        self.corridor.journal.append(&lease);
        self.corridor.statistics.declined(&lease);
        Ok(lease)
    }

    /// The client's lease of `address`.
    pub(super) fn lease(&self, address: Ipv4Addr) -> Result<Lease<V4>, Mismatch> {
        self.own(&self.corridor.leases.at(address), address)
    }

    fn own(&self, leases: &SubnetLeases<V4>, address: Ipv4Addr) -> Result<Lease<V4>, Mismatch> {
        let lease = leases.get(address).map(LeaseRef::to_lease).ok_or(Mismatch::NoLease)?;
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::ForeignRelease.is_injected() {
            return Ok(lease);
        }
        let subnet = self.corridor.config.subnet(lease.subnet);
        let match_client_id = subnet.is_none_or(|subnet| subnet.specific.match_client_id);
        match lease.state == LeaseState::Assigned && self.client.owns(&lease.owner, match_client_id)
        {
            true => Ok(lease),
            false => Err(Mismatch::OtherClient(Box::new(lease.owner))),
        }
    }
}

/// Takes the address of an offer out of use that was found in use by somebody else, unless it has become
/// somebody's lease meanwhile. `query` is what the offer would have answered.
pub(crate) fn decline_offer(corridor: &Corridor<'_, V4>, query: &[u8], offered: &Lease<V4>) {
    let (address, now) = (offered.address, corridor.now);
    let probation = corridor.config.server.decline_probation_period;
    let lease = declined(offered, probation, now);
    {
        let mut leases = corridor.leases.at(address);
        let before = leases.get(address).map(LeaseRef::to_lease);
        let is_taken =
            |before: &Lease<V4>| !before.is_reusable(now) && before.owner != offered.owner;
        if before.as_ref().is_some_and(is_taken) {
            return;
        }
        if let Some(before) = &before {
            give_up(corridor, before);
        }
        // As that of a client, a declined address counts as assigned.
        corridor.statistics.granted(&lease, before.as_ref(), now);
        corridor.statistics.declined(&lease);
        leases.put(&lease);
        corridor.journal.append(&lease);
    }
    let owner = &offered.owner;
    let label = ClientLabel::V4 {
        hardware: Some((owner.hw_addr.htype(), owner.hw_addr.octets())),
        client_id: owner.client_id.as_ref().map(ClientId::octets),
        xid: View::parse(query).map_or(0, |view| view.xid()),
    };
    log!(corridor.log, DHCP4_SERVER_INITIATED_DECLINE, address, label, probation);
    if let Some(hooks) = corridor.hooks_at(Point::ServerDeclined) {
        hooks.server_declined(query, &lease);
    }
}

/// What stays of a lease whose address is out of use: nothing of its client.
fn declined(before: &Lease<V4>, probation: u32, now: i64) -> Lease<V4> {
    let nobody = V4Owner { hw_addr: kea_lease::no_hw_addr(), client_id: None };
    Lease {
        state: LeaseState::Declined,
        pool_id: before.pool_id,
        ..Lease::new(before.address, before.subnet, nobody, probation, now)
    }
}

impl Client {
    /// True when a lease of this owner is this client's.
    pub(super) fn owns(&self, owner: &V4Owner, match_client_id: bool) -> bool {
        let V4Owner { hw_addr, client_id } = owner;
        if match_client_id && client_id.is_some() && *client_id == self.client_id {
            return true;
        }
        let recorded = client_id.as_ref().map(ClientId::octets);
        let is_other = match_client_id
            && recorded
                .zip(self.client_id.as_ref().map(ClientId::octets))
                .is_some_and(|(recorded, sent)| recorded != sent);
        // Lease files do not keep the type of a hardware address.
        let octets = hw_addr.octets();
        !is_other && !octets.is_empty() && octets == self.hw_addr.octets()
    }
}
