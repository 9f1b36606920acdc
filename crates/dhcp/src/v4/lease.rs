//! Which address a client gets (RFC 2131 sections 4.3.1 and 4.3.2; the manual's section on how
//! addresses are allocated).

use std::hash::{BuildHasher as _, Hasher as _};
use std::net::Ipv4Addr;

use foldhash::fast::FixedState;
use kea_config::snapshot::{Pool, Subnet};
use kea_hooks::{Next, Point, Query};
use kea_lease::{
    INFINITE, Lease, LeaseKind, LeaseRef, LeaseState, Occupancy, SubnetLeases, Ticket, V4Owner,
};
use kea_log::{ClientLabel, log};
use kea_stats::{ServerMetric, SubnetMetric};
use kea_wire::V4;

use super::accept::Client;
use crate::pipeline::{
    Corridor, Ground, LeaseName, Lifetime, Place, Reserved, give_up, is_crowded, lease_text,
    seconds_left,
};

/// How long an offered address is kept for its client, in seconds.
const OFFER_HOLD: i64 = 60;

/// The lease stage: finds, offers, grants and takes back the leases of one client at one place.
pub(super) struct Leasing<'q, 's> {
    pub(super) corridor: &'q Corridor<'s, V4>,
    pub(super) client: &'q Client,
    pub(super) place: &'q Place<'s, V4>,
    pub(super) reserved: &'q Reserved<'s, V4>,
    pub(super) label: ClientLabel<'q>,
    /// Anything hard to foresee.
    pub(super) random: u64,
    /// The query as hooks see it.
    pub(super) asked: Query<'q, V4>,
}

/// An address that the client may have, and where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spot<'s> {
    pub(super) address: Ipv4Addr,
    pub(super) subnet: &'s Subnet<V4>,
    /// None for a reserved address outside the pools.
    pub(super) pool: Option<&'s Pool<V4>>,
}

/// What the client is told about its lease, and what the lease keeps.
#[derive(Clone, Debug, Default)]
pub(super) struct Particulars {
    /// Seconds.
    pub(super) lifetime: Lifetime,
    pub(super) name: LeaseName,
    /// A JSON map as text, or empty.
    pub(super) user_context: Box<str>,
}

/// A lease that was stored, or was found good enough.
#[derive(Debug)]
pub(super) struct Grant<'s> {
    pub(super) lease: Lease<V4>,
    pub(super) spot: Spot<'s>,
    /// Seconds that the client is told: what is left of a lease that is granted again unchanged.
    pub(super) lifetime: u32,
    /// True for such a lease.
    pub(super) is_reused: bool,
    /// What must be durable before the client is told.
    pub(super) ticket: Ticket,
    /// The lease that the client had before, and has no more.
    pub(super) given_up: Option<Lease<V4>>,
}

/// What hooks make of a lease that is about to be granted.
#[derive(Debug)]
pub(super) enum Offered {
    /// It is granted, perhaps changed.
    Granted(Particulars),
    /// What the client has stays as it is.
    Kept(Lease<V4>),
    /// It is not granted.
    Vetoed,
    /// The query is dropped at this point.
    Dropped(Point),
}

/// Why nothing is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// The address is another client's, or set aside for one.
    InUse(Ipv4Addr),
    /// The client asks for another address than the one that is set aside for it, and is free.
    ReservedElsewhere(Ipv4Addr),
    /// The address lies in no pool that the client may use.
    OutOfPool(Ipv4Addr),
    /// No address is left.
    Exhausted,
    /// Lease storage takes no changes.
    StorageUnavailable,
    /// A hook does not want the lease.
    Vetoed,
    /// A hook wants the query dropped at this point.
    Hook(Point),
}

impl<'q, 's> Leasing<'q, 's> {
    /// The lease that this client holds here or held last: by client identifier, then by hardware
    /// address, in any subnet of the link.
    pub(super) fn held(&self) -> Option<Lease<V4>> {
        self.held_by_client_id().or_else(|| self.held_by_hw_addr())
    }

    fn held_by_client_id(&self) -> Option<Lease<V4>> {
        let client_id = self.client.client_id.as_ref()?;
        log!(self.corridor.log, DHCPSRV_MEMFILE_GET_CLIENTID, client_id);
        self.first_in_use(|ground| {
            if !ground.subnet.specific.match_client_id {
                return None;
            }
            let leases = self.lock(ground.subnet)?;
            let held = leases.by_client_id(client_id).min_by_key(|lease| lease.preference());
            held.map(LeaseRef::to_lease)
        })
    }

    fn held_by_hw_addr(&self) -> Option<Lease<V4>> {
        if self.client.hw_addr.is_empty() {
            return None;
        }
        log!(self.corridor.log, DHCPSRV_MEMFILE_GET_HWADDR, self.client.hw_addr);
        self.first_in_use(|ground| {
            let leases = self.lock(ground.subnet)?;
            let mine = |lease: &LeaseRef<'_, V4>| {
                !ground.subnet.specific.match_client_id || self.may_be_mine(lease.identifier())
            };
            let held = leases.by_hw_addr(&self.client.hw_addr).filter(mine);
            held.min_by_key(|lease| lease.preference()).map(LeaseRef::to_lease)
        })
    }

    /// Of what the subnets of the link have, the first that is in use, or else the first: what is over in
    /// one of them says nothing against what another one promised.
    fn first_in_use(
        &self,
        of_ground: impl Fn(&Ground<'s, V4>) -> Option<Lease<V4>>,
    ) -> Option<Lease<V4>> {
        let mut over = None;
        for lease in self.place.grounds().filter_map(of_ground) {
            if !lease.is_reusable(self.corridor.now) {
                return Some(lease);
            }
            over.get_or_insert(lease);
        }
        over
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
        self.client.owns(&lease.owner, match_client_id)
    }

    /// The address that is set aside for this client: of the selected subnet, of a sibling that lets
    /// it in, or global. Where reserved addresses lie outside the pools, one inside is not.
    pub(super) fn own_reservation(&self) -> Option<Spot<'s>> {
        let selected = self.place.selected().id;
        let mut grounds = self.place.grounds();
        grounds.find_map(|ground| {
            let subnet = ground.subnet;
            if !ground.is_open && subnet.id != selected {
                return None;
            }
            let host = self.reserved.in_subnet(subnet)?;
            let address = *host.addresses.first().filter(|address| !address.is_unspecified())?;
            let pool = subnet.pools.iter().find(|pool| pool.range.contains(address));
            let is_counted = !subnet.reservation_search.out_of_pool || pool.is_none();
            is_counted.then_some(Spot { address, subnet, pool })
        })
    }

    /// Where `address` is, if it lies in a pool that the client may use and is set aside for nobody
    /// else.
    fn allowed(&self, address: Ipv4Addr) -> Option<Spot<'s>> {
        let ground = self.place.ground_of_pool(address)?;
        let is_free = !self.reserved.is_for_another(self.corridor.config, ground.subnet, address);
        is_free.then(|| self.spot(ground, address))
    }

    fn spot(&self, ground: &Ground<'s, V4>, address: Ipv4Addr) -> Spot<'s> {
        let pool = ground.pool_of(LeaseKind::Address, address);
        Spot { address, subnet: ground.subnet, pool }
    }

    fn is_for_another(&self, address: Ipv4Addr) -> bool {
        let config = self.corridor.config;
        self.place.grounds().any(|ground| {
            let subnet = ground.subnet;
            subnet.prefix.contains(address) && self.reserved.is_for_another(config, subnet, address)
        })
    }

    /// An address to offer: the one set aside for the client, the one it has, the one it wants, the
    /// one it was offered before, or any. Stores nothing, but keeps the address for the client for a
    /// while.
    pub(super) fn offer(
        &self,
        held: Option<&Lease<V4>>,
        wanted: Option<Ipv4Addr>,
    ) -> Result<Spot<'s>, Refusal> {
        if let Some(own) = self.own_reservation()
            && self.is_reservation_free(own)
        {
            log!(self.corridor.log, ALLOC_ENGINE_V4_DISCOVER_HR, self.label, own.address);
            return Ok(own);
        }
        let has = held.and_then(|lease| self.allowed(lease.address));
        if has.is_some() {
            log!(self.corridor.log, ALLOC_ENGINE_V4_OFFER_EXISTING_LEASE, self.label);
        }
        has.or_else(|| wanted.and_then(|address| self.offer_wanted(address)))
            .or_else(|| self.offer_any())
            .ok_or(Refusal::Exhausted)
    }

    /// True when the client can have its reserved address now. Otherwise it gets another, and the
    /// conflict ends with the lease of who has it (the manual's section on conflicts).
    fn is_reservation_free(&self, own: Spot<'s>) -> bool {
        let holder = {
            let leases = self.corridor.leases.at(own.address);
            leases.get(own.address).map(LeaseRef::to_lease)
        };
        let Some(holder) = holder.filter(|holder| !self.is_available(holder)) else { return true };
        let statistics = self.corridor.statistics;
        statistics.count(ServerMetric::ReservationConflicts);
        statistics.count_subnet(own.subnet.id, SubnetMetric::ReservationConflicts, 1);
        let log = self.corridor.log;
        let owner = holder.owner.hw_addr;
        log!(log, ALLOC_ENGINE_V4_DISCOVER_ADDRESS_CONFLICT, self.label, own.address, owner);
        false
    }

    fn offer_wanted(&self, address: Ipv4Addr) -> Option<Spot<'s>> {
        let spot = self.allowed(address)?;
        log!(self.corridor.log, ALLOC_ENGINE_V4_OFFER_REQUESTED_LEASE, address, self.label);
        let mut leases = self.lock(spot.subnet)?;
        let now = self.corridor.now;
        let holder = self.holder();
        let available = match leases.occupancy(address, LeaseKind::Address, 32, now) {
            Occupancy::Free => true,
            Occupancy::Offered(to) => to == holder,
            Occupancy::Leased(lease) => self.is_available(&lease),
            Occupancy::NotAllocatable => false,
        };
        available.then(|| {
            leases.offer(address, LeaseKind::Address, 32, holder, now + OFFER_HOLD);
            spot
        })
    }

    fn offer_any(&self) -> Option<Spot<'s>> {
        log!(self.corridor.log, ALLOC_ENGINE_V4_OFFER_NEW_LEASE, self.label);
        let now = self.corridor.now;
        let holder = self.holder();
        self.place.grounds().find_map(|ground| {
            let subnet = ground.subnet;
            let is_for_another =
                |at| self.reserved.is_for_another(self.corridor.config, subnet, at);
            let mut leases = self.lock(subnet)?;
            let offered = leases.offered_to(&ground.pools, holder, now);
            let address = offered.filter(|at| !is_for_another(*at)).or_else(|| {
                let (pools, allocator) = (&ground.pools, subnet.allocator);
                let found =
                    leases.vacancy_unless(pools, allocator, self.random, now, is_for_another);
                found.map(|vacancy| vacancy.address())
            })?;
            leases.offer(address, LeaseKind::Address, 32, holder, now + OFFER_HOLD);
            Some(self.spot(ground, address))
        })
    }

    fn is_available(&self, lease: &Lease<V4>) -> bool {
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::SkippedConflictCheck.is_injected() {
            return lease.state != LeaseState::Declined;
        }
        lease.is_reusable(self.corridor.now) || self.is_mine(lease)
    }

    /// Grants the address that the client wants; the one set aside for it or that it has, when it
    /// wants none; or any. `particulars` tells what the lease will be, given where it is and what it
    /// was for the same client.
    pub(super) fn grant(
        &self,
        held: Option<&Lease<V4>>,
        wanted: Option<Ipv4Addr>,
        particulars: impl Fn(&Spot<'s>, Option<&Lease<V4>>) -> Particulars,
    ) -> Result<Grant<'s>, Refusal> {
        if !self.corridor.journal.accepting() {
            return Err(Refusal::StorageUnavailable);
        }
        let spot = self.spot_to_grant(held, wanted)?;
        let mut grant = self.grant_there(spot, &particulars)?;
        if let Some(before) = held.filter(|before| before.address != grant.lease.address) {
            // Not before the new one is stored: a client never loses both.
            if let Some(ticket) = self.remove(before) {
                grant.ticket = grant.ticket.max(ticket);
                grant.given_up = Some(before.clone());
            }
        }
        Ok(grant)
    }

    /// Grants an address, if hooks agree.
    fn grant_there(
        &self,
        spot: Spot<'s>,
        particulars: &impl Fn(&Spot<'s>, Option<&Lease<V4>>) -> Particulars,
    ) -> Result<Grant<'s>, Refusal> {
        let asks = |point| self.corridor.hooks_at(point).is_some();
        if !asks(Point::LeaseSelect) && !asks(Point::LeaseRenew) {
            return self.claim(spot, particulars);
        }
        // They are asked while no lease is locked; claiming sees whether anything changed meanwhile.
        let before =
            self.corridor.leases.at(spot.address).get(spot.address).map(LeaseRef::to_lease);
        let mine = before.filter(|before| self.is_mine(before));
        let planned = particulars(&spot, mine.as_ref());
        match self.offered(&spot, mine, false, planned) {
            Offered::Granted(planned) => self.claim(spot, &|_, _| planned.clone()),
            Offered::Kept(lease) => {
                let end = lease.expires();
                let left = end.map_or(INFINITE, |end| (end - self.corridor.now) as u32);
                let ticket = self.corridor.journal.latest();
                Ok(Grant { lease, spot, lifetime: left, is_reused: true, ticket, given_up: None })
            }
            Offered::Vetoed => Err(Refusal::Vetoed),
            Offered::Dropped(point) => Err(Refusal::Hook(point)),
        }
    }

    /// Asks hooks about a lease as it is planned; `mine` is what the client has there.
    pub(super) fn offered(
        &self,
        spot: &Spot<'s>,
        mine: Option<Lease<V4>>,
        is_offer: bool,
        planned: Particulars,
    ) -> Offered {
        let is_current = |lease: &Lease<V4>| {
            lease.state == LeaseState::Assigned && !lease.is_expired(self.corridor.now)
        };
        let current = mine.filter(is_current);
        let point = if current.is_some() { Point::LeaseRenew } else { Point::LeaseSelect };
        if self.corridor.hooks_at(point).is_none() {
            return Offered::Granted(planned);
        }
        let least = planned.lifetime.least;
        let mut lease = self.renewed(spot, planned);
        let next =
            self.corridor.lease_offered(point, &self.asked, spot.subnet, is_offer, &mut lease);
        match (next, current) {
            (Next::Continue, _) => Offered::Granted(Particulars {
                lifetime: Lifetime { granted: lease.valid_lifetime, least },
                name: LeaseName {
                    hostname: lease.hostname.into(),
                    forward: lease.fqdn_fwd,
                    reverse: lease.fqdn_rev,
                },
                user_context: lease.user_context,
            }),
            (Next::Skip, Some(current)) => {
                log!(self.corridor.log, DHCPSRV_HOOK_LEASE4_RENEW_SKIP);
                Offered::Kept(current)
            }
            (Next::Skip, None) => Offered::Vetoed,
            (Next::Drop, _) => Offered::Dropped(point),
        }
    }

    fn spot_to_grant(
        &self,
        held: Option<&Lease<V4>>,
        wanted: Option<Ipv4Addr>,
    ) -> Result<Spot<'s>, Refusal> {
        let log = self.corridor.log;
        let own = self.own_reservation();
        if let Some(own) = own.filter(|_| wanted.is_none()) {
            log!(log, ALLOC_ENGINE_V4_REQUEST_USE_HR, self.label, own.address);
        }
        let Some(address) = wanted.or(own.map(|own| own.address)) else {
            log!(log, ALLOC_ENGINE_V4_REQUEST_PICK_ADDRESS, self.label);
            let has = held.and_then(|lease| self.allowed(lease.address));
            return has.or_else(|| self.offer_any()).ok_or(Refusal::Exhausted);
        };
        if self.is_for_another(address) {
            log!(log, ALLOC_ENGINE_V4_REQUEST_ADDRESS_RESERVED, self.label, address);
            return Err(Refusal::InUse(address));
        }
        if !self.is_vacant_for_me(address) {
            return Err(Refusal::InUse(address));
        }
        match own {
            Some(own) if own.address == address => Ok(own),
            // The client goes back to DHCPDISCOVER, and is offered what is set aside for it.
            Some(own) if self.is_vacant_for_me(own.address) => {
                Err(Refusal::ReservedElsewhere(address))
            }
            _ => self.allowed(address).ok_or_else(|| {
                log!(log, ALLOC_ENGINE_V4_REQUEST_OUT_OF_POOL, self.label, address);
                Refusal::OutOfPool(address)
            }),
        }
    }

    fn is_vacant_for_me(&self, address: Ipv4Addr) -> bool {
        let leases = self.corridor.leases.at(address);
        leases.get(address).is_none_or(|lease| self.is_available(&lease.to_lease()))
    }

    fn claim(
        &self,
        spot: Spot<'s>,
        particulars: &impl Fn(&Spot<'s>, Option<&Lease<V4>>) -> Particulars,
    ) -> Result<Grant<'s>, Refusal> {
        log!(self.corridor.log, DHCPSRV_MEMFILE_GET_ADDR4, spot.address);
        let mut leases = self.corridor.leases.at(spot.address);
        let before = leases.get(spot.address).map(LeaseRef::to_lease);
        if before.as_ref().is_some_and(|lease| !self.is_available(lease)) {
            return Err(Refusal::InUse(spot.address));
        }
        let mine = before.as_ref().filter(|before| self.is_mine(before));
        let log = self.corridor.log;
        match mine {
            Some(_) => {
                log!(log, ALLOC_ENGINE_V4_REQUEST_EXTEND_LEASE, self.label, spot.address);
            }
            None => {
                log!(log, ALLOC_ENGINE_V4_REQUEST_ALLOC_REQUESTED, self.label, spot.address);
            }
        }
        let mut planned = particulars(&spot, mine);
        planned.lifetime = self.adapted_in(&leases, &spot, planned.lifetime, mine);
        let lease = self.renewed(&spot, planned);
        if let Some(left) = mine.and_then(|before| self.reusable(&spot, before, &lease)) {
            // Whoever asks again must not hear of a lease before it is as safe as at first.
            let ticket = self.corridor.journal.latest();
            return Ok(Grant {
                lease,
                spot,
                lifetime: left,
                is_reused: true,
                ticket,
                given_up: None,
            });
        }
        if let Some(before) = before.as_ref().filter(|_| mine.is_none()) {
            log!(log, ALLOC_ENGINE_V4_REUSE_EXPIRED_LEASE_DATA, self.label, lease_text(before));
            give_up(self.corridor, before);
        }
        self.corridor.statistics.granted(&lease, before.as_ref(), self.corridor.now);
        match before {
            Some(_) => log!(log, DHCPSRV_MEMFILE_UPDATE_ADDR4, lease.address),
            None => log!(log, DHCPSRV_MEMFILE_ADD_ADDR4, lease.address),
        }
        leases.put(&lease);
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::UnrecordedRenewal.is_injected() && mine.is_some() {
            let (lifetime, ticket) = (lease.valid_lifetime, Ticket(0));
            return Ok(Grant { lease, spot, lifetime, is_reused: false, ticket, given_up: None });
        }
        let ticket = self.corridor.journal.append(&lease);
        #[cfg(feature = "deliberate-faults")]
        let ticket = match kea_lease::Fault::AnswerBeforeCommit.is_injected() {
            true => Ticket(0),
            false => ticket,
        };
        let of_pool = spot.pool.and_then(|pool| pool.ddns.as_deref());
        self.corridor.names_begin(&lease, mine, of_pool.unwrap_or(&spot.subnet.ddns));
        let lifetime = lease.valid_lifetime;
        #[cfg(feature = "deliberate-faults")]
        let lifetime = lifetime << u32::from(kea_lease::Fault::WrongLifetime.is_injected());
        Ok(Grant { lease, spot, lifetime, is_reused: false, ticket, given_up: None })
    }

    /// The lease as it is from now on. What the server keeps about it is the client's own only.
    pub(super) fn renewed(&self, spot: &Spot<'s>, particulars: Particulars) -> Lease<V4> {
        let Client { hw_addr, client_id } = self.client;
        let match_client_id = spot.subnet.specific.match_client_id;
        let client_id = client_id.clone().filter(|_| match_client_id);
        let owner = V4Owner { hw_addr: *hw_addr, client_id };
        let Particulars { lifetime, name, user_context } = particulars;
        Lease {
            pool_id: spot.pool.map_or(0, |pool| pool.id),
            hostname: name.hostname.into(),
            fqdn_fwd: name.forward,
            fqdn_rev: name.reverse,
            user_context,
            ..Lease::new(spot.address, spot.subnet.id, owner, lifetime.granted, self.corridor.now)
        }
    }

    /// What is left of a lease that can be granted again without being written: it is young enough,
    /// and nothing about it changes (the manual's section on lease caching). In seconds.
    fn reusable(&self, spot: &Spot<'s>, before: &Lease<V4>, lease: &Lease<V4>) -> Option<u32> {
        let is_same = before.state == LeaseState::Assigned
            && before.subnet == lease.subnet
            && before.owner == lease.owner
            && before.hostname == lease.hostname
            && (before.fqdn_fwd, before.fqdn_rev) == (lease.fqdn_fwd, lease.fqdn_rev)
            && before.user_context == lease.user_context
            && before.valid_lifetime <= lease.valid_lifetime;
        let left = spot.subnet.cache.remaining(before, self.corridor.now);
        left.filter(|_| is_same)
    }

    /// What a client is told at DHCPDISCOVER of a lease it has, if a request for the same would be
    /// granted it again as it is. In seconds.
    pub(super) fn left_of(
        &self,
        spot: &Spot<'s>,
        before: &Lease<V4>,
        planned: &Particulars,
    ) -> Option<u32> {
        self.reusable(spot, before, &self.renewed(spot, planned.clone()))
    }

    /// The lifetime to offer: a short one where pools fill up.
    pub(super) fn adapted(
        &self,
        spot: &Spot<'s>,
        lifetime: Lifetime,
        held: Option<&Lease<V4>>,
    ) -> Lifetime {
        if spot.subnet.adaptive_lease_time_threshold.is_none() {
            return lifetime;
        }
        let mine = held.filter(|lease| lease.address == spot.address);
        self.adapted_in(&self.corridor.leases.at(spot.address), spot, lifetime, mine)
    }

    fn adapted_in(
        &self,
        leases: &SubnetLeases<V4>,
        spot: &Spot<'s>,
        lifetime: Lifetime,
        mine: Option<&Lease<V4>>,
    ) -> Lifetime {
        let ground = self.place.ground(spot.subnet.id).filter(|_| spot.pool.is_some());
        if !ground.is_some_and(|ground| is_crowded(ground, LeaseKind::Address, leases)) {
            return lifetime;
        }
        let granted = lifetime.shortened(seconds_left(mine, self.corridor.now));
        Lifetime { granted, ..lifetime }
    }

    /// Stores an offered address for as long as the client has to accept it, where the configuration
    /// says so.
    pub(super) fn reserve_offer(&self, spot: Spot<'s>, lifetime: u32) -> Result<Ticket, Refusal> {
        if !self.corridor.journal.accepting() {
            return Err(Refusal::StorageUnavailable);
        }
        let mut leases = self.corridor.leases.at(spot.address);
        let before = leases.get(spot.address).map(LeaseRef::to_lease);
        if let Some(before) = &before {
            if !self.is_available(before) {
                return Err(Refusal::InUse(spot.address));
            }
            let is_active =
                before.state == LeaseState::Assigned && !before.is_expired(self.corridor.now);
            if is_active && self.is_mine(before) {
                return Ok(Ticket(0));
            }
            give_up(self.corridor, before);
        }
        let lifetime = Lifetime { granted: lifetime, least: lifetime };
        let lease = self.renewed(&spot, Particulars { lifetime, ..Particulars::default() });
        self.corridor.statistics.granted(&lease, before.as_ref(), self.corridor.now);
        leases.put(&lease);
        Ok(self.corridor.journal.append(&lease))
    }

    /// Removes a lease of this client, if it still is one.
    fn remove(&self, lease: &Lease<V4>) -> Option<Ticket> {
        let mut leases = self.corridor.leases.at(lease.address);
        let there = leases.get(lease.address)?.to_lease();
        if !self.is_mine(&there) {
            return None;
        }
        log!(self.corridor.log, ALLOC_ENGINE_V4_REQUEST_REMOVE_LEASE, self.label, lease.address);
        log!(self.corridor.log, DHCPSRV_MEMFILE_DELETE_ADDR, lease.address);
        leases.remove(lease.address);
        if there.state == LeaseState::Assigned {
            self.corridor.statistics.removed(&there);
            self.corridor.names_end(&there);
        }
        Some(self.corridor.journal.append_deletion(&there))
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
