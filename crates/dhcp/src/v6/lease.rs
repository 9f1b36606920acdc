//! Which address or prefix an association gets (RFC 9915 section 18.3, the manual's sections on
//! allocation and reservations).

use std::hash::{BuildHasher as _, Hasher as _};
use std::net::Ipv6Addr;

use foldhash::fast::FixedState;
use kea_config::snapshot::{Reservation, Subnet};
use kea_expr::ClassSet;
use kea_lease::{
    HwAddrSource, INFINITE, Lease, LeaseKind, LeaseRef, LeaseState, Occupancy, PoolSpec,
    SubnetLeases, Ticket, V6Owner, no_hw_addr,
};
use kea_log::{ClientLabel, log};
use kea_wire::v6::IaKind;
use kea_wire::{Duid, HwAddr, Iaid, Prefix, V6};
use smallvec::SmallVec;

use super::association::{Binding, Wish};
use super::hearing::{Hearing, Verdict, is_current};
use super::holdings::Holdings;
use super::name::Naming;
use super::terms::Lifetimes;
use crate::pipeline::{
    Corridor, Ground, LeaseName, NamePolicy, Place, Reserved, association_text, give_up,
    is_crowded, is_let_in,
};

/// How long what was offered is kept for its client, in seconds.
const OFFER_HOLD: i64 = 60;

/// The lease stage: offers and grants to one client at one place.
pub(super) struct Leasing<'q, 's> {
    pub(super) corridor: &'q Corridor<'q, V6>,
    pub(super) label: ClientLabel<'q>,
    pub(super) duid: &'q Duid,
    pub(super) hw_addr: Option<HwAddr>,
    /// Where that was learned.
    pub(super) hw_source: HwAddrSource,
    pub(super) place: &'q Place<'s, V6>,
    pub(super) reserved: &'q Reserved<'s, V6>,
    pub(super) classes: &'q ClassSet,
    /// The client's name.
    pub(super) naming: Naming,
    /// What is kept with a lease in `subnet` in place of that text: see `extended_info`.
    pub(super) user_context: &'q dyn Fn(&Subnet<V6>, &str) -> Box<str>,
    /// Anything hard to foresee.
    pub(super) random: u64,
    /// What other associations of the same message got, and what they lost: nobody is told in one answer
    /// to use an address and to stop using it.
    pub(super) settled: SmallVec<[Ipv6Addr; 2]>,
    /// Hooks.
    pub(super) hearing: &'q Hearing<'q>,
    /// A hook does not want the association to get anything.
    pub(super) is_vetoed: bool,
    /// The client has leases, and wants to keep them.
    pub(super) is_extending: bool,
}

/// Whether the client is only told, or gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Nothing is stored, but what is offered is kept for the client for a while.
    Offer,
    /// The lease is stored.
    Grant,
}

/// Why an association gets nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Nothing is left.
    Exhausted,
    /// Lease storage takes no changes.
    StorageUnavailable,
}

/// Leases of an association that it does not keep.
pub(super) type Revoked = SmallVec<[Prefix<Ipv6Addr>; 1]>;

/// Something that the association may have, if nobody else has it.
#[derive(Clone, Copy)]
pub(super) struct Target<'s> {
    prefix: Prefix<Ipv6Addr>,
    subnet: &'s Subnet<V6>,
    reservation: Option<&'s Reservation<V6>>,
}

impl<'q, 's> Leasing<'q, 's> {
    /// What an association gets: what it has, if that is still for it; what is reserved; what it
    /// asks for; what it was offered; anything. What it had beside that is taken from it.
    pub(super) fn bind(
        &mut self,
        wish: &Wish,
        step: Step,
    ) -> Result<(Binding<'s>, Revoked), Refusal> {
        if step == Step::Grant && !self.corridor.journal.accepting() {
            return Err(Refusal::StorageUnavailable);
        }
        self.is_vetoed = false;
        let held = self.held(wish);
        self.log_beginning(&held);
        let mut binding = self.find(wish, step, &held);
        if let Some(binding) = &binding {
            self.settled.push(binding.prefix.first());
        }
        let mut revoked = Revoked::new();
        let mut ticket = Ticket(0);
        for lease in held.iter().filter(|lease| !self.settled.contains(&lease.address)) {
            if step == Step::Grant && !lease.state.is_vacant() && self.is_lost(lease, &binding) {
                ticket = ticket.max(self.revoke(lease));
                revoked.extend(Prefix::new(lease.address, lease.owner.prefix_len));
            }
        }
        if binding.is_none() && !revoked.is_empty() {
            // What it had may be all that was in the way, where the length of prefixes has changed.
            binding = self.find_vacant(wish, step);
            self.settled.extend(binding.iter().map(|binding| binding.prefix.first()));
        }
        self.settled.extend(revoked.iter().map(|prefix| prefix.first()));
        let mut binding = binding.ok_or(Refusal::Exhausted)?;
        binding.ticket = binding.ticket.max(ticket);
        Ok((binding, revoked))
    }

    fn find(&mut self, wish: &Wish, step: Step, held: &[Lease<V6>]) -> Option<Binding<'s>> {
        let own = held.iter().find_map(|lease| {
            let target = self.reserved_targets(wish).find(|t| t.prefix.first() == lease.address);
            self.take(wish, step, target?)
        });
        own.or_else(|| self.reserved_targets(wish).find_map(|t| self.take(wish, step, t)))
            .or_else(|| {
                held.iter().find_map(|lease| self.take(wish, step, self.still_fitting(lease)?))
            })
            .or_else(|| {
                self.log_unreserved();
                wish.named().find_map(|named| self.take(wish, step, self.named(wish, named)?))
            })
            .or_else(|| self.find_vacant(wish, step))
    }

    /// The leases of the association on this link, the latest first.
    fn held(&self, wish: &Wish) -> SmallVec<[Lease<V6>; 1]> {
        let mut held = SmallVec::new();
        for ground in self.place.grounds() {
            let (kind, id) = (association_text(wish.lease_kind()), ground.subnet.id);
            let log = self.corridor.log;
            log!(log, DHCPSRV_MEMFILE_GET_IAID_SUBID_DUID, wish.leased_as.0, id, self.duid, kind);
            let Some(leases) = self.corridor.leases.subnet(id) else { continue };
            let found = leases.by_association(self.duid, wish.leased_as, wish.lease_kind());
            held.extend(found.map(LeaseRef::to_lease));
        }
        held.sort_by_key(Lease::preference);
        held
    }

    /// What is reserved for the client, of the kind, where it is let in.
    pub(super) fn reserved_targets(
        &self,
        wish: &Wish,
    ) -> impl Iterator<Item = Target<'s>> + use<'q, 's> {
        let kind = wish.lease_kind();
        let place = self.place;
        let classes = self.classes;
        let hosts = self.reserved.hosts().filter_map(move |host| {
            let subnet = match host.subnet {
                Some(id) => place.ground(id)?.subnet,
                None => place.selected(),
            };
            is_let_in(place.network(), subnet, classes).then_some((host, subnet))
        });
        hosts.flat_map(move |(host, subnet)| {
            let addresses = host.addresses.iter().filter_map(|at| Prefix::new(*at, 128));
            let addresses = addresses.filter(move |_| kind == LeaseKind::Address);
            let prefixes = host.specific.prefixes.iter().copied();
            let prefixes = prefixes.filter(move |_| kind == LeaseKind::Prefix);
            let pools_are_separate = host.subnet.is_some() && subnet.reservation_search.out_of_pool;
            let in_pool = move |prefix: &Prefix<Ipv6Addr>| {
                let mut pools = subnet.pools.iter().map(|pool| pool.range);
                pools.any(|range| range.kind == kind && range.contains(prefix.first()))
            };
            addresses
                .chain(prefixes)
                .filter(move |prefix| !(pools_are_separate && in_pool(prefix)))
                .map(move |prefix| Target { prefix, subnet, reservation: Some(host) })
        })
    }

    /// A lease of the association that it would get from a pool now, too.
    fn still_fitting(&self, lease: &Lease<V6>) -> Option<Target<'s>> {
        let kind = lease.owner.kind;
        let ground = self.place.grounds().find(|ground| {
            let pool = ground.pool_of(kind, lease.address);
            pool.is_some_and(|pool| pool.range.delegated_len == lease.owner.prefix_len)
        })?;
        let prefix = Prefix::new(lease.address, lease.owner.prefix_len)?;
        self.is_free_for_me(ground.subnet, kind, prefix).then_some(Target {
            prefix,
            subnet: ground.subnet,
            reservation: None,
        })
    }

    /// What the client names, as it would come from a pool.
    fn named(&self, wish: &Wish, named: Prefix<Ipv6Addr>) -> Option<Target<'s>> {
        let kind = wish.lease_kind();
        let (ground, pool) = self
            .place
            .grounds()
            .find_map(|ground| Some((ground, ground.pool_of(kind, named.address())?)))?;
        let prefix = Prefix::new(named.address(), pool.range.delegated_len)?;
        let prefix = Prefix::new(prefix.first(), prefix.len())?;
        if !self.is_free_for_me(ground.subnet, kind, prefix) {
            log!(self.corridor.log, ALLOC_ENGINE_V6_HINT_RESERVED, self.label, prefix.first());
            return None;
        }
        Some(Target { prefix, subnet: ground.subnet, reservation: None })
    }

    fn find_vacant(&mut self, wish: &Wish, step: Step) -> Option<Binding<'s>> {
        let place = self.place;
        place.grounds().find_map(|ground| {
            // Another worker may be quicker, but not every time.
            (0..ATTEMPTS).find_map(|_| {
                let target = self.vacant(wish, ground)?;
                self.take(wish, step, target)
            })
        })
    }

    fn vacant(&self, wish: &Wish, ground: &Ground<'s, V6>) -> Option<Target<'s>> {
        let (subnet, now) = (ground.subnet, self.corridor.now);
        let kind = wish.lease_kind();
        let mut leases = self.corridor.leases.subnet(subnet.id)?;
        let allocator = match kind {
            LeaseKind::Prefix => subnet.pd_allocator,
            LeaseKind::Address | LeaseKind::TemporaryAddress => subnet.allocator,
        };
        // Not what the same message gives or offers to another association.
        let keep = |address| {
            let prefix = self.pool_prefix(ground, kind, address);
            self.settled.contains(&address)
                || prefix.is_none_or(|prefix| !self.is_free_for_me(subnet, kind, prefix))
        };
        for pools in by_length(wish, ground) {
            let offered = leases.offered_to(&pools, self.holder(wish), now);
            let address = offered.filter(|address| !self.settled.contains(address)).or_else(|| {
                let vacancy = leases.vacancy_unless(&pools, allocator, self.random, now, keep)?;
                Some(vacancy.address())
            });
            if let Some(address) = address {
                let prefix = self.pool_prefix(ground, kind, address)?;
                return Some(Target { prefix, subnet, reservation: None });
            }
        }
        None
    }

    fn pool_prefix(
        &self,
        ground: &Ground<'s, V6>,
        kind: LeaseKind,
        address: Ipv6Addr,
    ) -> Option<Prefix<Ipv6Addr>> {
        let len = ground.pool_of(kind, address)?.range.delegated_len;
        // What ended there may be a part of what the pool gives now.
        Prefix::new(Prefix::new(address, len)?.first(), len)
    }

    /// False when it is reserved, but not for this client.
    fn is_free_for_me(
        &self,
        subnet: &Subnet<V6>,
        kind: LeaseKind,
        prefix: Prefix<Ipv6Addr>,
    ) -> bool {
        let config = self.corridor.config;
        match kind {
            LeaseKind::Prefix => !self.reserved.is_prefix_for_another(config, subnet, prefix),
            _ => !self.reserved.is_for_another(config, subnet, prefix.first()),
        }
    }

    /// Offers or grants `target`, unless it is somebody's.
    fn take(&mut self, wish: &Wish, step: Step, target: Target<'s>) -> Option<Binding<'s>> {
        let (address, kind) = (target.prefix.first(), wish.lease_kind());
        if self.is_vetoed || self.settled.contains(&address) {
            return None;
        }
        let now = self.corridor.now;
        log!(self.corridor.log, DHCPSRV_MEMFILE_GET_ADDR6, address, association_text(kind));
        let mut leases = self.corridor.leases.at(address);
        if self.is_overlapped(&leases, target) {
            return None;
        }
        let before = match leases.occupancy(address, kind, target.prefix.len(), now) {
            Occupancy::Free => None,
            Occupancy::Offered(to) if to == self.holder(wish) => None,
            Occupancy::NotAllocatable if target.reservation.is_some() => None,
            Occupancy::Leased(lease) if self.is_available(wish, target, &lease) => {
                if target.reservation.is_some() && self.is_mine(wish, &lease) {
                    self.log_reserved_held(&lease);
                }
                Some(lease)
            }
            Occupancy::Offered(_) | Occupancy::NotAllocatable | Occupancy::Leased(_) => {
                return None;
            }
        };
        let config = self.corridor.config;
        let lifetimes =
            Lifetimes::granted(config, self.classes, target.subnet, wish.lifetimes(address));
        let mine = before.as_ref().filter(|before| self.is_mine(wish, before));
        let lifetimes = match self.is_crowded(&leases, target, kind) {
            true => lifetimes.shortened(config, self.classes, target.subnet, mine, now),
            false => lifetimes,
        };
        let mut binding = self.binding(target, kind, lifetimes);
        let name = self.name(wish, &binding);
        let point = self.hearing.lease_point(mine.is_some_and(|mine| is_current(mine, now)));
        let mut lease = (step == Step::Grant || point.is_some())
            .then(|| self.renewed(wish, &binding, name, mine));
        if let (Some(point), Some(lease)) = (point, &mut lease) {
            drop(leases);
            let is_offer = step == Step::Offer;
            match self.hearing.offered(point, target.subnet, is_offer, lease) {
                Verdict::Granted => binding.lifetimes.valid = lease.valid_lifetime,
                Verdict::Kept => return Some(self.kept(binding, mine?)),
                Verdict::Vetoed => {
                    self.is_vetoed = true;
                    return None;
                }
            }
            leases = self.corridor.leases.at(address);
            let there = leases.get(address).map(LeaseRef::to_lease);
            if self.is_overlapped(&leases, target) || there != before {
                // Somebody was quicker while the hooks were asked.
                return None;
            }
        }
        if target.reservation.is_some() && mine.is_none() {
            self.log_reserved(kind, target.prefix);
        }
        match step {
            Step::Offer => {
                if before.is_none() {
                    let (len, until) = (target.prefix.len(), now + OFFER_HOLD);
                    leases.offer(address, kind, len, self.holder(wish), until);
                }
                Some(binding)
            }
            Step::Grant => Some(self.store(&mut leases, wish, binding, &lease?, before.as_ref())),
        }
    }

    /// True where somebody has a part of it, or it is a part of what somebody has: of another length, from
    /// before a change of the configuration, or an address in a prefix. What is reserved for a client may
    /// lie in what is its own.
    fn is_overlapped(&self, leases: &SubnetLeases<V6>, target: Target<'s>) -> bool {
        let len = target.prefix.len();
        let mut others = leases.overlapping(target.prefix.first(), len, self.corridor.now);
        others.any(|it| target.reservation.is_none() || it.to_lease().owner.duid != *self.duid)
    }

    /// True where leases from pools are to be short, since the pools fill up.
    fn is_crowded(&self, leases: &SubnetLeases<V6>, target: Target<'s>, kind: LeaseKind) -> bool {
        let ground = self.place.ground(target.subnet.id);
        let from_pool =
            |ground: &&Ground<'_, V6>| ground.pool_of(kind, target.prefix.first()).is_some();
        ground.filter(from_pool).is_some_and(|ground| is_crowded(ground, kind, leases))
    }

    fn is_available(&self, wish: &Wish, target: Target<'_>, lease: &Lease<V6>) -> bool {
        if self.is_mine(wish, lease) {
            return lease.owner.prefix_len == target.prefix.len()
                || lease.is_expired(self.corridor.now);
        }
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::SkippedConflictCheck.is_injected() {
            return lease.state != LeaseState::Declined;
        }
        lease.is_reusable(self.corridor.now)
    }

    fn is_mine(&self, wish: &Wish, lease: &Lease<V6>) -> bool {
        let owner = &lease.owner;
        owner.duid == *self.duid && owner.iaid == wish.leased_as && owner.kind == wish.lease_kind()
    }

    fn binding(&self, target: Target<'s>, kind: LeaseKind, lifetimes: Lifetimes) -> Binding<'s> {
        let Target { prefix, subnet, reservation } = target;
        let pool = subnet
            .pools
            .iter()
            .find(|pool| pool.range.kind == kind && pool.range.contains(prefix.first()));
        let excluded = match reservation {
            Some(host) => {
                let at = host.specific.prefixes.iter().position(|reserved| *reserved == prefix);
                at.and_then(|at| host.specific.excluded.get(at).copied().flatten())
            }
            None => pool.and_then(|pool| excluded_from(prefix, pool.specific.excluded?)),
        };
        Binding { prefix, lifetimes, subnet, pool, excluded, ticket: Ticket(0), is_reused: false }
    }

    /// What the lease keeps of the client's name.
    fn name(&mut self, wish: &Wish, binding: &Binding<'_>) -> LeaseName {
        let config = self.corridor.config;
        let policy = NamePolicy::new(config, binding.subnet, binding.pool, self.classes);
        let host = self.reserved.in_subnet(binding.subnet);
        let is_prefix = wish.kind == IaKind::Pd;
        let asked = |name: &mut LeaseName| {
            let parameters = policy.parameters;
            self.corridor.name_known(&self.hearing.query, parameters, name);
        };
        self.naming.of_lease(&policy, host, binding.prefix.first(), is_prefix, asked)
    }

    fn store(
        &self,
        leases: &mut SubnetLeases<V6>,
        wish: &Wish,
        mut binding: Binding<'s>,
        lease: &Lease<V6>,
        before: Option<&Lease<V6>>,
    ) -> Binding<'s> {
        let mine = before.filter(|before| self.is_mine(wish, before));
        let (corridor, now) = (self.corridor, self.corridor.now);
        if let Some(remaining) = mine.and_then(|mine| reusable(&binding, mine, lease, now)) {
            binding.lifetimes = remaining;
            binding.is_reused = true;
            // Whoever asks again must not hear of a lease before it is as safe as at first.
            binding.ticket = corridor.journal.latest();
            return binding;
        }
        self.log_storing(wish, lease, before, mine);
        if let Some(before) = before.filter(|_| mine.is_none()) {
            give_up(corridor, before);
        }
        corridor.statistics.granted(lease, before, now);
        leases.put(lease);
        self.hearing.note(lease, false);
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::UnrecordedRenewal.is_injected() && mine.is_some() {
            return binding;
        }
        binding.ticket = corridor.journal.append(lease);
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::AnswerBeforeCommit.is_injected() {
            binding.ticket = Ticket(0);
        }
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::WrongLifetime.is_injected() {
            binding.lifetimes.valid <<= 1;
        }
        if wish.kind == IaKind::Na {
            let of_pool = binding.pool.and_then(|pool| pool.ddns.as_deref());
            corridor.names_begin(lease, mine, of_pool.unwrap_or(&binding.subnet.ddns));
        }
        binding
    }

    /// What the client has stays as it is: it is told what is left.
    fn kept(&self, mut binding: Binding<'s>, mine: &Lease<V6>) -> Binding<'s> {
        let age = u32::try_from(self.corridor.now - mine.cltt).unwrap_or(0);
        let left = |lifetime: u32| match lifetime {
            INFINITE => INFINITE,
            lifetime => lifetime.saturating_sub(age),
        };
        binding.lifetimes = Lifetimes {
            preferred: left(mine.owner.preferred_lifetime),
            valid: left(mine.valid_lifetime),
        };
        binding.is_reused = true;
        binding.ticket = self.corridor.journal.latest();
        binding
    }

    /// The lease as it is from now on. What the server keeps about it is the client's own only.
    fn renewed(
        &self,
        wish: &Wish,
        binding: &Binding<'_>,
        name: LeaseName,
        mine: Option<&Lease<V6>>,
    ) -> Lease<V6> {
        let owner = V6Owner {
            duid: self.duid.clone(),
            iaid: wish.leased_as,
            kind: wish.lease_kind(),
            prefix_len: binding.prefix.len(),
            preferred_lifetime: binding.lifetimes.preferred,
            hw_addr: self.hw_addr.unwrap_or_else(no_hw_addr),
            hw_source: self.hw_source,
        };
        let (address, valid) = (binding.prefix.first(), binding.lifetimes.valid);
        let subnet = binding.subnet;
        let context = mine.map_or("", |mine| &*mine.user_context);
        Lease {
            pool_id: binding.pool.map_or(0, |pool| pool.id),
            fqdn_fwd: name.forward,
            fqdn_rev: name.reverse,
            hostname: name.hostname.into(),
            user_context: (self.user_context)(subnet, context),
            ..Lease::new(address, subnet.id, owner, valid, self.corridor.now)
        }
    }

    /// True when the association does not keep `lease`: it got another one, or the lease is reserved
    /// for another client.
    fn is_lost(&self, lease: &Lease<V6>, binding: &Option<Binding<'s>>) -> bool {
        binding.is_some() || self.still_fitting(lease).is_none()
    }

    fn revoke(&self, lease: &Lease<V6>) -> Ticket {
        let reserved_for_another = Prefix::new(lease.address, lease.owner.prefix_len)
            .zip(self.corridor.config.subnet(lease.subnet))
            .is_some_and(|(prefix, subnet)| !self.is_free_for_me(subnet, lease.owner.kind, prefix));
        if reserved_for_another {
            self.log_revoked(lease);
        }
        let (corridor, duid, hearing) = (self.corridor, self.duid, self.hearing);
        let holdings = Holdings { corridor, duid, hearing };
        holdings.revoke(lease)
    }

    /// The number under which things are kept for this association.
    fn holder(&self, wish: &Wish) -> u64 {
        let mut hasher = FixedState::default().build_hasher();
        hasher.write(self.duid.octets());
        let Iaid(iaid) = wish.leased_as;
        hasher.write_u32(iaid);
        hasher.write_u8(wish.lease_kind() as u8);
        hasher.finish()
    }
}

/// What is left of a lease that is young enough to be answered unchanged (the manual's section on
/// lease caching), when nothing about it would change but its end.
fn reusable(
    binding: &Binding<'_>,
    before: &Lease<V6>,
    lease: &Lease<V6>,
    now: i64,
) -> Option<Lifetimes> {
    let is_same = before.state == LeaseState::Assigned
        && before.subnet == lease.subnet
        && before.owner.hw_addr == lease.owner.hw_addr
        && before.hostname == lease.hostname
        && (before.fqdn_fwd, before.fqdn_rev) == (lease.fqdn_fwd, lease.fqdn_rev)
        && before.user_context == lease.user_context
        && before.valid_lifetime <= lease.valid_lifetime
        && before.owner.preferred_lifetime <= lease.owner.preferred_lifetime;
    let valid = binding.subnet.cache.remaining(before, now).filter(|_| is_same)?;
    let age = u32::try_from(now - before.cltt).unwrap_or(0);
    let preferred = match before.owner.preferred_lifetime {
        INFINITE => INFINITE,
        preferred => preferred.saturating_sub(age),
    };
    Some(Lifetimes { preferred, valid })
}

/// How often a vacancy is looked for in a subnet when others take it first.
const ATTEMPTS: usize = 4;

/// The pools of a subnet in groups, best first: pools of prefixes of the wished length; of shorter
/// ones, which hold more; of longer ones.
fn by_length(wish: &Wish, ground: &Ground<'_, V6>) -> SmallVec<[SmallVec<[PoolSpec<V6>; 2]>; 1]> {
    let all = ground.pools_of(wish.lease_kind());
    if all.is_empty() {
        return SmallVec::new();
    }
    let Some(wished) = wish.prefix_len() else {
        return [SmallVec::from_slice(all)].into_iter().collect();
    };
    let rank = |len: u8| (len > wished, len.abs_diff(wished));
    let mut pools: SmallVec<[PoolSpec<V6>; 2]> = SmallVec::from_slice(all);
    pools.sort_by_key(|pool| rank(pool.delegated_len));
    pools.chunk_by(|a, b| a.delegated_len == b.delegated_len).map(SmallVec::from_slice).collect()
}

/// The part of `delegated` that has the same bits after the delegated length as `excluded`.
fn excluded_from(
    delegated: Prefix<Ipv6Addr>,
    excluded: Prefix<Ipv6Addr>,
) -> Option<Prefix<Ipv6Addr>> {
    let host_bits = u128::MAX.checked_shr(delegated.len().into()).unwrap_or(0);
    let bits = excluded.first().to_bits() & host_bits;
    Prefix::new(Ipv6Addr::from_bits(delegated.first().to_bits() | bits), excluded.len())
}
