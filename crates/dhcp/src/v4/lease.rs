//! Which address a client gets (RFC 2131 sections 4.3.1 and 4.3.2).

use std::hash::{BuildHasher as _, Hasher as _};
use std::net::Ipv4Addr;

use foldhash::fast::FixedState;
use kea_config::snapshot::Subnet;
use kea_lease::{Lease, LeaseKind, LeaseRef, LeaseState, Occupancy, SubnetLeases, Ticket, V4Owner};
use kea_wire::{ClientId, V4};

use super::accept::Client;
use crate::pipeline::{Corridor, Place};

/// How long an offered address is kept for its client, in seconds.
const OFFER_HOLD: i64 = 60;

/// The lease stage: finds, offers, grants and takes back the leases of one client at one place.
pub(super) struct Leasing<'q, 's> {
    pub(super) corridor: &'q Corridor<'q, V4>,
    pub(super) client: &'q Client,
    pub(super) place: &'q Place<'s, V4>,
    /// Anything hard to foresee.
    pub(super) random: u64,
}

/// An address for the client, and the subnet it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offer<'s> {
    pub(super) address: Ipv4Addr,
    pub(super) subnet: &'s Subnet<V4>,
}

/// A lease that was stored.
#[derive(Debug)]
pub(super) struct Grant<'s> {
    pub(super) lease: Lease<V4>,
    pub(super) subnet: &'s Subnet<V4>,
    /// What must be durable before the client is told.
    pub(super) ticket: Ticket,
}

/// Why nothing is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The address is another client's, or kept for one.
    InUse(Ipv4Addr),
    /// The address lies in no pool that the client may use.
    OutOfPool(Ipv4Addr),
    /// No address is left.
    Exhausted,
    /// Lease storage takes no changes.
    StorageUnavailable,
}

impl<'q, 's> Leasing<'q, 's> {
    /// The lease that this client holds here or held last: by client identifier, then by hardware
    /// address, in any subnet of the link.
    pub(super) fn held(&self) -> Option<Lease<V4>> {
        self.held_by_client_id().or_else(|| self.held_by_hw_addr())
    }

    fn held_by_client_id(&self) -> Option<Lease<V4>> {
        let client_id = self.client.client_id.as_ref()?;
        self.place.grounds().filter(|ground| ground.subnet.specific.match_client_id).find_map(
            |ground| {
                let leases = self.lock(ground.subnet)?;
                leases.by_client_id(client_id).next().map(LeaseRef::to_lease)
            },
        )
    }

    fn held_by_hw_addr(&self) -> Option<Lease<V4>> {
        if self.client.hw_addr.is_empty() {
            return None;
        }
        self.place.grounds().find_map(|ground| {
            let leases = self.lock(ground.subnet)?;
            let mine = |lease: &LeaseRef<'_, V4>| {
                !ground.subnet.specific.match_client_id || self.may_be_mine(lease.identifier())
            };
            leases.by_hw_addr(&self.client.hw_addr).find(mine).map(LeaseRef::to_lease)
        })
    }

    /// True unless both sides name a client identifier, and not the same one.
    fn may_be_mine(&self, recorded: &[u8]) -> bool {
        match &self.client.client_id {
            Some(client_id) => recorded.is_empty() || recorded == client_id.octets(),
            None => true,
        }
    }

    /// True when the lease is this client's as its subnet tells clients apart.
    pub(super) fn is_mine(&self, lease: &Lease<V4>) -> bool {
        let match_client_id = self
            .place
            .ground(lease.subnet)
            .is_none_or(|ground| ground.subnet.specific.match_client_id);
        let V4Owner { hw_addr, client_id } = &lease.owner;
        if match_client_id && client_id.is_some() && *client_id == self.client.client_id {
            return true;
        }
        let may_be_mine =
            !match_client_id || self.may_be_mine(client_id.as_ref().map_or(&[], ClientId::octets));
        may_be_mine && !hw_addr.is_empty() && *hw_addr == self.client.hw_addr
    }

    /// An address to offer: the one the client has, the one it wants, the one it was offered
    /// before, or any. Stores nothing, but keeps the address for the client for a while.
    pub(super) fn offer(
        &self,
        held: Option<&Lease<V4>>,
        wanted: Option<Ipv4Addr>,
    ) -> Result<Offer<'s>, Refusal> {
        if let Some(lease) = held
            && let Some(ground) = self.place.ground_of_pool(lease.address)
        {
            return Ok(Offer { address: lease.address, subnet: ground.subnet });
        }
        if let Some(address) = wanted
            && let Some(offer) = self.offer_wanted(address)
        {
            return Ok(offer);
        }
        let now = self.corridor.now;
        let holder = self.holder();
        for ground in self.place.grounds() {
            let Some(mut leases) = self.lock(ground.subnet) else { continue };
            let address = leases.offered_to(&ground.pools, holder, now).or_else(|| {
                let allocator = ground.subnet.allocator;
                let found = leases.vacancy(&ground.pools, allocator, self.random, now);
                found.map(|vacancy| vacancy.address())
            });
            if let Some(address) = address {
                leases.offer(address, LeaseKind::Address, holder, now + OFFER_HOLD);
                return Ok(Offer { address, subnet: ground.subnet });
            }
        }
        Err(Refusal::Exhausted)
    }

    fn offer_wanted(&self, address: Ipv4Addr) -> Option<Offer<'s>> {
        let ground = self.place.ground_of_pool(address)?;
        let mut leases = self.lock(ground.subnet)?;
        let now = self.corridor.now;
        let holder = self.holder();
        let available = match leases.occupancy(address, LeaseKind::Address, now) {
            Occupancy::Free => true,
            Occupancy::Offered(to) => to == holder,
            Occupancy::Leased(lease) => self.is_available(&lease),
            Occupancy::NotAllocatable => false,
        };
        available.then(|| {
            leases.offer(address, LeaseKind::Address, holder, now + OFFER_HOLD);
            Offer { address, subnet: ground.subnet }
        })
    }

    fn is_available(&self, lease: &Lease<V4>) -> bool {
        lease.state.is_vacant() || lease.is_expired(self.corridor.now) || self.is_mine(lease)
    }

    /// Grants the address that the client wants; the one it has, when it wants none; or any.
    /// `terms` gives the lifetime in the subnet that the lease will be in.
    pub(super) fn grant(
        &self,
        held: Option<&Lease<V4>>,
        wanted: Option<Ipv4Addr>,
        terms: impl Fn(&Subnet<V4>) -> u32,
    ) -> Result<Grant<'s>, Refusal> {
        if !self.corridor.journal.accepting() {
            return Err(Refusal::StorageUnavailable);
        }
        let held_here =
            held.map(|lease| lease.address).filter(|at| self.place.ground_of_pool(*at).is_some());
        let mut grant = match wanted.or(held_here) {
            Some(address) => self.claim(address, &terms)?,
            None => self.claim_any(&terms)?,
        };
        if let Some(before) = held.filter(|before| before.address != grant.lease.address) {
            // Not before the new one is stored: a client never loses both.
            if let Some(ticket) = self.remove(before) {
                grant.ticket = grant.ticket.max(ticket);
            }
        }
        Ok(grant)
    }

    fn claim_any(&self, terms: &impl Fn(&Subnet<V4>) -> u32) -> Result<Grant<'s>, Refusal> {
        let offer = self.offer(None, None)?;
        self.claim(offer.address, terms)
    }

    fn claim(
        &self,
        address: Ipv4Addr,
        terms: &impl Fn(&Subnet<V4>) -> u32,
    ) -> Result<Grant<'s>, Refusal> {
        let ground = self.place.ground_of_pool(address).ok_or(Refusal::OutOfPool(address))?;
        let subnet = ground.subnet;
        let mut leases = self.lock(subnet).ok_or(Refusal::OutOfPool(address))?;
        let before = match leases.occupancy(address, LeaseKind::Address, self.corridor.now) {
            Occupancy::Free | Occupancy::Offered(_) => None,
            Occupancy::Leased(lease) if self.is_available(&lease) => Some(lease),
            Occupancy::Leased(_) | Occupancy::NotAllocatable => {
                return Err(Refusal::InUse(address));
            }
        };
        let lease = self.renewed(address, subnet, before.as_ref(), terms(subnet));
        self.corridor.statistics.granted(&lease, before.as_ref(), self.corridor.now);
        leases.put(&lease);
        let ticket = self.corridor.journal.append(&lease);
        Ok(Grant { lease, subnet, ticket })
    }

    /// The lease as it is from now on. What the server keeps about it is the client's own only.
    fn renewed(
        &self,
        address: Ipv4Addr,
        subnet: &Subnet<V4>,
        before: Option<&Lease<V4>>,
        valid_lifetime: u32,
    ) -> Lease<V4> {
        let Client { hw_addr, client_id } = self.client;
        let client_id = client_id.clone().filter(|_| subnet.specific.match_client_id);
        let owner = V4Owner { hw_addr: *hw_addr, client_id };
        let mut lease = Lease::new(address, subnet.id, owner, valid_lifetime, self.corridor.now);
        if let Some(before) = before.filter(|before| self.is_mine(before)) {
            lease.user_context = before.user_context.clone();
        }
        lease
    }

    /// Removes a lease of this client, if it still is one.
    fn remove(&self, lease: &Lease<V4>) -> Option<Ticket> {
        let mut leases = self.corridor.leases.at(lease.address);
        let there = leases.get(lease.address)?.to_lease();
        if !self.is_mine(&there) {
            return None;
        }
        leases.remove(lease.address);
        self.corridor.statistics.removed(&there);
        Some(self.corridor.journal.append_deletion(&there))
    }

    /// Gives back the lease of `address`: kept for the client's return when `remember`, else
    /// removed (RFC 2131 section 4.3.4).
    pub(super) fn release(&self, address: Ipv4Addr, remember: bool) -> Result<Lease<V4>, Mismatch> {
        let mut leases = self.corridor.leases.at(address);
        let mut lease = self.own(&leases, address)?;
        self.corridor.statistics.removed(&lease);
        if remember {
            lease.state = LeaseState::ExpiredReclaimed;
            lease.valid_lifetime = 0;
            lease.cltt = self.corridor.now;
            leases.put(&lease);
        } else {
            leases.remove(address);
        }
        self.corridor.journal.append_deletion(&lease);
        Ok(lease)
    }

    /// Takes `address` out of use for `probation` seconds: its client found it used by somebody
    /// else (RFC 2131 section 4.3.3). Nothing of the client stays in the lease.
    pub(super) fn decline(&self, address: Ipv4Addr, probation: u32) -> Result<Lease<V4>, Mismatch> {
        let mut leases = self.corridor.leases.at(address);
        let before = self.own(&leases, address)?;
        let nobody = V4Owner { hw_addr: kea_lease::no_hw_addr(), client_id: None };
        let mut lease = Lease::new(address, before.subnet, nobody, probation, self.corridor.now);
        lease.state = LeaseState::Declined;
        lease.pool_id = before.pool_id;
        leases.put(&lease);
        self.corridor.journal.append(&lease);
        self.corridor.statistics.declined(&lease);
        Ok(lease)
    }

    fn own(&self, leases: &SubnetLeases<V4>, address: Ipv4Addr) -> Result<Lease<V4>, Mismatch> {
        let lease = leases.get(address).map(LeaseRef::to_lease).ok_or(Mismatch::NoLease)?;
        match lease.state == LeaseState::Assigned && self.is_mine(&lease) {
            true => Ok(lease),
            false => Err(Mismatch::OtherClient(Box::new(lease.owner))),
        }
    }

    fn lock(&self, subnet: &Subnet<V4>) -> Option<SubnetLeases<V4>> {
        self.corridor.leases.subnet(subnet.id)
    }

    /// The number under which addresses are kept for this client.
    fn holder(&self) -> u64 {
        let mut hasher = FixedState::default().build_hasher();
        match &self.client.client_id {
            Some(client_id) => hasher.write(client_id.octets()),
            None => hasher.write(self.client.hw_addr.octets()),
        }
        hasher.finish()
    }
}

/// Why a client cannot give an address back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mismatch {
    /// It has no lease.
    NoLease,
    /// Its lease is this other client's, or nobody's any more.
    OtherClient(Box<V4Owner>),
}
