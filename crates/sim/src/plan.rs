//! The network as its operator wants it: the model from which configurations are written, and against
//! which answers are judged. It knows nothing of how the server reads a configuration.

use std::fmt::Write as _;
use std::sync::Arc;

use kea_config::Snapshot;
use kea_config::document::{Document, NoIncludes};
use kea_dhcp::v6::Origin;
use kea_lease::{Durability, LeaseKind};
use kea_wire::{Address as _, Prefix};

use crate::link::Inbound;
use crate::profile::Profile;
use crate::protocol::{Protocol, Query, Thing};
use crate::random::Random;

/// A configuration, and what it was made from.
pub(crate) struct Configured<F: Protocol> {
    pub(crate) plan: Plan<F>,
    pub(crate) snapshot: Snapshot<F>,
}

/// A planned network.
#[derive(Clone, Debug)]
pub struct Plan<F: Protocol> {
    /// Links there are.
    pub links: usize,
    /// Subnets tell clients apart by client identifier.
    pub match_client_id: bool,
    authoritative: bool,
    durability: Durability,
    probation: u32,
    reclaim_wait: u32,
    flush_wait: u32,
    hold_reclaimed: u32,
    max_reclaim: u32,
    subnets: Vec<Planned<F>>,
    next_id: u32,
}

#[derive(Clone, Debug)]
struct Planned<F: Protocol> {
    id: u32,
    link: usize,
    place: usize,
    gold_only: bool,
    pools: Vec<PlannedPool<F>>,
    reserved: Vec<SetAside<F>>,
    rapid_commit: bool,
    lifetime: u32,
    min_lifetime: u32,
    max_lifetime: u32,
}

/// What is reserved for a client.
#[derive(Clone, Debug)]
struct SetAside<F: Protocol> {
    who: String,
    thing: Thing<F>,
}

#[derive(Clone, Copy, Debug)]
struct PlannedPool<F: Protocol> {
    kind: LeaseKind,
    first: F::Addr,
    /// Of prefixes, the first address of the last one.
    last: F::Addr,
    /// Bits of what is given.
    len: u8,
    /// For clients in the class `gold` only, for all others only, or for all.
    gold: Option<bool>,
}

impl<F: Protocol> Plan<F> {
    /// A plan for a world of that profile.
    pub(crate) fn new(profile: &Profile, random: &mut Random) -> Self {
        let mut plan = Plan {
            links: profile.links,
            match_client_id: profile.match_client_id,
            authoritative: profile.authoritative,
            durability: profile.durability,
            probation: random.between(20, 300) as u32,
            reclaim_wait: random.between(1, 20) as u32,
            flush_wait: if random.permille(700) { random.between(5, 30) as u32 } else { 0 },
            hold_reclaimed: if random.permille(700) { random.between(5, 200) as u32 } else { 0 },
            max_reclaim: if random.permille(500) { random.between(1, 50) as u32 } else { 0 },
            subnets: Vec::new(),
            next_id: 1,
        };
        let addresses = profile.clients as u64 * profile.addresses_for_ten / 10;
        for link in 0..profile.links {
            let share = (addresses / profile.links as u64).max(2);
            let count = random.between(1, 3);
            for place in 0..count as usize {
                plan.add(link, place, (share / count).clamp(1, 120), random);
            }
        }
        plan
    }

    fn add(&mut self, link: usize, place: usize, size: u64, random: &mut Random) {
        let lifetime = random.between(20, 400) as u32;
        let spread = random.permille(300);
        self.subnets.push(Planned {
            id: self.next_id,
            link,
            place,
            // Selection begins at the first subnet, which lets everybody in.
            gold_only: place > 0 && random.permille(150),
            pools: pools((link, place), size, random),
            reserved: Vec::new(),
            rapid_commit: F::delegated(link, place).is_some() && link.is_multiple_of(2),
            lifetime,
            min_lifetime: if spread { lifetime / 2 } else { lifetime },
            max_lifetime: if spread { lifetime * 2 } else { lifetime },
        });
        self.next_id += 1;
    }

    /// Sets addresses aside for some of these clients.
    pub(crate) fn reserve(&mut self, clients: &[F::Identity], random: &mut Random) {
        for subnet in &mut self.subnets {
            subnet.reserved.clear();
            for pool in &subnet.pools {
                let Some(who) = random.pick(clients).filter(|_| pool.last > pool.first) else {
                    continue;
                };
                let who = F::reserved_by(who);
                let is_new = subnet.reserved.iter().all(|other| other.who != who);
                let last = pool.prefix(pool.span()).filter(|_| is_new);
                if let Some(last) = last
                    && random.number().is_multiple_of(3)
                {
                    subnet.reserved.push(SetAside { who, thing: (pool.kind, last) });
                }
            }
        }
    }

    /// The plan after its operator had another idea.
    pub(crate) fn changed(&self, clients: &[F::Identity], random: &mut Random) -> Self {
        let mut plan = self.clone();
        match random.below(7) {
            0 => plan.reserve(clients, random),
            1 => {
                let extra = plan.subnets.iter().position(|subnet| subnet.place > 0);
                match extra {
                    Some(at) => drop(plan.subnets.remove(at)),
                    None => plan.add(random.position(plan.links), 1, 12, random),
                }
            }
            2 => {
                let link = random.position(plan.links);
                let place = plan.subnets.iter().filter(|subnet| subnet.link == link);
                let place = place.map(|subnet| subnet.place + 1).max().unwrap_or(0);
                if place < 6 {
                    plan.add(link, place, random.between(2, 20), random);
                }
            }
            3 | 4 => {
                let at = random.position(plan.subnets.len());
                if let Some(subnet) = plan.subnets.get_mut(at) {
                    let place = (subnet.link, subnet.place);
                    subnet.pools = pools(place, random.between(2, 40), random);
                    let pools = &subnet.pools;
                    subnet
                        .reserved
                        .retain(|set_aside| pools.iter().any(|pool| pool.holds(set_aside.thing)));
                }
            }
            5 => plan.subnets.iter_mut().for_each(|subnet| {
                let lifetime = random.between(20, 400) as u32;
                subnet.lifetime = lifetime;
                (subnet.min_lifetime, subnet.max_lifetime) = (lifetime, lifetime);
            }),
            _ => {
                plan.probation = random.between(20, 300) as u32;
                plan.hold_reclaimed = random.between(0, 100) as u32;
            }
        }
        plan
    }

    /// As the configuration file says it.
    pub(crate) fn text(&self) -> String {
        let version = F::VERSION;
        let mut text = format!(
            "{{ \"Dhcp{version}\": {{ \"interfaces-config\": {{ \"interfaces\": [ ] }},
  \"decline-probation-period\": {}, \"client-classes\": [
    {{ \"name\": \"gold\", \"test\": \"{}\" }},
    {{ \"name\": \"plain\", \"test\": \"not member('gold')\" }} ],
  \"expired-leases-processing\": {{ \"reclaim-timer-wait-time\": {},
    \"flush-reclaimed-timer-wait-time\": {}, \"hold-reclaimed-time\": {},
    \"max-reclaim-leases\": {}, \"max-reclaim-time\": 0 }},
  \"lease-database\": {{ \"type\": \"memfile\", \"persist\": {} }},\n",
            self.probation,
            F::GOLD,
            self.reclaim_wait,
            self.flush_wait,
            self.hold_reclaimed,
            self.max_reclaim,
            self.durability != Durability::None,
        );
        let _ = writeln!(text, "  {}", F::own_keys(self.match_client_id, self.authoritative));
        let networks: Vec<String> = (0..self.links).map(|link| self.network_text(link)).collect();
        let _ = write!(text, "  \"shared-networks\": [ {} ] }} }}", networks.join(",\n"));
        text
    }

    fn network_text(&self, link: usize) -> String {
        let subnets = self.subnets.iter().filter(|subnet| subnet.link == link);
        let subnets: Vec<String> = subnets.map(Planned::text).collect();
        let (version, subnets) = (F::VERSION, subnets.join(",\n"));
        let interface = if link == 0 { "\"interface\": \"eth0\", " } else { "" };
        format!("{{ \"name\": \"link-{link}\", {interface}\"subnet{version}\": [\n{subnets} ] }}")
    }

    /// Reads the text with the server's own code.
    ///
    /// # Panics
    /// When the server refuses it: plans are valid by construction.
    #[allow(clippy::panic)] // a defect of the simulator or the loader, of which there is nothing else to say
    pub(crate) fn configure(self) -> Configured<F> {
        let text = self.text();
        let read = Document::parse("plan", text.as_bytes(), &NoIncludes)
            .and_then(|(document, _)| kea_config::load(&Arc::new(document)));
        match read {
            Ok((mut snapshot, _)) => {
                F::identify(&mut snapshot, None, &Origin { links: &[], now: 0, random: 0 });
                Configured { plan: self, snapshot }
            }
            Err(problems) => panic!("a planned configuration is refused:\n{problems}\n{text}"),
        }
    }

    /// The address of the relay of a link; of link 0, the server's own.
    pub fn router(&self, link: usize) -> F::Addr {
        F::Addr::from_number(F::prefix(link, 0).0.number() + 1)
    }

    /// The link whose subnets contain an address.
    pub(crate) fn link_of(&self, address: F::Addr) -> Option<usize> {
        self.subnet_of(address).map(|subnet| subnet.link)
    }

    fn subnet_of(&self, address: F::Addr) -> Option<&Planned<F>> {
        self.subnets.iter().find(|subnet| {
            let (first, len) = F::prefix(subnet.link, subnet.place);
            let shift = u32::from(F::Addr::BITS - len);
            (first.number() ^ address.number()) >> shift == 0
        })
    }

    /// The link that a query's answer must fit.
    pub(crate) fn link_of_query(&self, query: &Query<F>, inbound: &Inbound<F>) -> Option<usize> {
        let named = query.links.first().copied();
        let source = (inbound.source != F::DIRECT).then_some(inbound.source);
        // Who speaks to all is on the link that it is heard on.
        let own = query.own.or(source).filter(|_| inbound.unicast);
        match named.or(own) {
            Some(address) => {
                let subnet = self.subnet_of(address)?;
                (query.gold || !subnet.gold_only).then_some(subnet.link)
            }
            None => Some(0),
        }
    }

    /// The subnet in which a client of a link may have an address or a prefix.
    pub(crate) fn permits(
        &self,
        link: usize,
        thing: Thing<F>,
        who: &F::Identity,
        gold: bool,
    ) -> Result<u32, &'static str> {
        let is_it = |set_aside: &SetAside<F>| set_aside.thing == thing;
        let is_theirs = |set_aside: &SetAside<F>| set_aside.who == F::reserved_by(who);
        for subnet in self.subnets.iter().filter(|subnet| subnet.link == link) {
            let set_aside = subnet.reserved.iter().find(|set_aside| is_it(set_aside));
            if set_aside.is_some_and(is_theirs) {
                let is_let_in = gold || !subnet.gold_only;
                return if is_let_in { Ok(subnet.id) } else { Err(NOT_FOR_CLASS) };
            }
            let pool = subnet.pools.iter().find(|pool| pool.holds(thing));
            if let Some(pool) = pool {
                return match (set_aside, subnet.admits(pool, gold)) {
                    (Some(_), _) => Err("it is reserved for another client"),
                    (None, false) => Err(NOT_FOR_CLASS),
                    (None, true) => Ok(subnet.id),
                };
            }
        }
        match self.link_of(thing.1.first()) {
            Some(other) if other != link => Err("it belongs to another link"),
            _ => Err("it lies in no pool"),
        }
    }

    /// True when an address of the link is set aside for the client.
    pub(crate) fn has_reservation(&self, link: usize, who: &F::Identity) -> bool {
        let who = F::reserved_by(who);
        let mut subnets = self.subnets.iter().filter(|subnet| subnet.link == link);
        subnets.any(|subnet| subnet.reserved.iter().any(|set_aside| set_aside.who == who))
    }

    /// Every address or prefix that some client of a class may have on a link, but for what shares
    /// addresses with something reserved, and for prefixes in which pools of addresses lie.
    pub(crate) fn open(&self, link: usize, kind: LeaseKind, gold: bool) -> Vec<Prefix<F::Addr>> {
        let subnets = || self.subnets.iter().filter(|subnet| subnet.link == link);
        let is_open = |open: &Prefix<F::Addr>| {
            // Also what is reserved on another link whose addresses lie in prefixes of this one.
            let mut reserved = self.subnets.iter().flat_map(|subnet| &subnet.reserved);
            !reserved.any(|set_aside| set_aside.thing.1.overlaps(*open))
        };
        let mut all = Vec::new();
        for subnet in subnets() {
            let admitted = subnet.pools.iter().filter(|pool| subnet.admits(pool, gold));
            for pool in admitted.filter(|pool| pool.kind == kind) {
                all.extend(self.delegable(pool).into_iter().filter(is_open));
            }
        }
        all
    }

    /// What there is in a pool: of prefixes, those in which no pool of addresses of any link
    /// lies, if there are any.
    fn delegable(&self, pool: &PlannedPool<F>) -> Vec<Prefix<F::Addr>> {
        let all = (0..=pool.span()).filter_map(|offset| pool.prefix(offset));
        let pools = self.subnets.iter().flat_map(|subnet| &subnet.pools);
        let addresses: Vec<_> = pools
            .filter(|other| (pool.kind, other.kind) == (LeaseKind::Prefix, LeaseKind::Address))
            .collect();
        let is_apart = |prefix: &Prefix<F::Addr>| {
            addresses.iter().all(|it| it.last < prefix.first() || prefix.last() < it.first)
        };
        let (apart, links): (Vec<_>, Vec<_>) = all.partition(is_apart);
        if apart.is_empty() { links } else { apart }
    }

    /// The lifetimes that are given in a subnet.
    pub(crate) fn lifetimes(&self, subnet: u32) -> Option<(u32, u32)> {
        let subnet = self.subnets.iter().find(|planned| planned.id == subnet)?;
        Some((subnet.min_lifetime, subnet.max_lifetime))
    }

    /// Seconds of probation.
    pub(crate) fn probation(&self) -> u32 {
        self.probation
    }

    /// Some address or prefix of some pool.
    pub(crate) fn any_thing(&self, random: &mut Random) -> Option<Thing<F>> {
        let subnet = random.pick(&self.subnets)?;
        let pool = random.pick(&subnet.pools)?;
        Some((pool.kind, pool.prefix(random.between(0, pool.span()))?))
    }
}

impl<F: Protocol> Planned<F> {
    fn admits(&self, pool: &PlannedPool<F>, gold: bool) -> bool {
        (gold || !self.gold_only) && pool.gold.is_none_or(|only| only == gold)
    }

    fn text(&self) -> String {
        let (base, len) = F::prefix(self.link, self.place);
        let mut text = format!(
            "  {{ \"id\": {}, \"subnet\": \"{base}/{len}\", \"valid-lifetime\": {},
    \"min-valid-lifetime\": {}, \"max-valid-lifetime\": {},",
            self.id, self.lifetime, self.min_lifetime, self.max_lifetime
        );
        if self.gold_only {
            text.push_str(" \"client-class\": \"gold\",");
        }
        if self.rapid_commit {
            text.push_str(" \"rapid-commit\": true,");
        }
        for (key, kind) in [("pools", LeaseKind::Address), ("pd-pools", LeaseKind::Prefix)] {
            let pools = self.pools.iter().filter(|pool| pool.kind == kind);
            let pools: Vec<String> = pools.map(PlannedPool::text).collect();
            if !pools.is_empty() {
                let _ = write!(text, "\n    \"{key}\": [ {} ],", pools.join(", "));
            }
        }
        let reserved: Vec<String> = self.reserved.iter().map(|it| self.reserved_text(it)).collect();
        let _ = write!(text, "\n    \"reservations\": [ {} ] }}", reserved.join(", "));
        text
    }
}

impl<F: Protocol> Planned<F> {
    fn reserved_text(&self, set_aside: &SetAside<F>) -> String {
        let SetAside { who, thing: (kind, prefix) } = set_aside;
        let address = prefix.address();
        let what = match (F::VERSION, kind) {
            (4, _) => format!("\"ip-address\": \"{address}\""),
            (_, LeaseKind::Prefix) => {
                format!("\"prefixes\": [ \"{address}/{}\" ]", prefix.len())
            }
            _ => format!("\"ip-addresses\": [ \"{address}\" ]"),
        };
        format!("{{ \"{}\": \"{who}\", {what} }}", F::RESERVED_BY)
    }
}

impl<F: Protocol> PlannedPool<F> {
    fn shift(&self) -> u32 {
        u32::from(F::Addr::BITS - self.len)
    }

    /// The last address, counted from 0.
    fn span(&self) -> u64 {
        ((self.last.number() - self.first.number()) >> self.shift()) as u64
    }

    fn prefix(&self, offset: u64) -> Option<Prefix<F::Addr>> {
        let first = self.first.number() + (u128::from(offset) << self.shift());
        Prefix::new(F::Addr::from_number(first), self.len)
    }

    fn holds(&self, (kind, prefix): Thing<F>) -> bool {
        let is_inside = self.first <= prefix.first() && prefix.first() <= self.last;
        is_inside && (kind, prefix.len()) == (self.kind, self.len)
    }

    fn text(&self) -> String {
        let class = match self.gold {
            Some(true) => ", \"client-class\": \"gold\"",
            Some(false) => ", \"client-class\": \"plain\"",
            None => "",
        };
        let PlannedPool { first, last, len, .. } = self;
        if self.kind == LeaseKind::Address {
            return format!("{{ \"pool\": \"{first} - {last}\"{class} }}");
        }
        // As many as a prefix holds, by the planning of it.
        let outer = u32::from(*len) - (self.span() + 1).ilog2();
        format!(
            "{{ \"prefix\": \"{first}\", \"prefix-len\": {outer}, \"delegated-len\": {len}{class} }}"
        )
    }
}

const NOT_FOR_CLASS: &str = "its pool is not for clients of that class";

/// One or two pools with so many addresses in a subnet, and sometimes one of prefixes.
fn pools<F: Protocol>(
    (link, place): (usize, usize),
    size: u64,
    random: &mut Random,
) -> Vec<PlannedPool<F>> {
    let base = F::prefix(link, place).0;
    let count = if size > 3 { random.between(1, 2) } else { 1 };
    let delegated = F::delegated(link, place);
    // With prefixes, some begin where the subnet begins.
    let at_beginning = delegated.is_some() && random.permille(300);
    let mut first = if at_beginning { 0 } else { random.between(10, 60) };
    let mut pools = Vec::new();
    for at in 0..count {
        let last = first + size / count - 1;
        let address = |offset: u64| F::Addr::from_number(base.number() + u128::from(offset));
        // One pool at least is for everybody.
        let guarded = at > 0 && random.permille(400);
        let gold = guarded.then(|| random.permille(500));
        let (kind, len) = (LeaseKind::Address, F::Addr::BITS);
        pools.push(PlannedPool { kind, first: address(first), last: address(last), len, gold });
        first = last + random.between(1, 5);
    }
    if let Some((apart, len)) = delegated.filter(|_| random.permille(800)) {
        // Of one subnet, sometimes where another link's addresses are: pools of one subnet do not overlap.
        let is_among_addresses = place == link % 2 && random.permille(500);
        let base = if is_among_addresses { F::prefix(link ^ 1, 0).0 } else { apart };
        let drawn = random.below(12);
        let (at, shorter) = (drawn / 3, drawn % 3);
        // What was given in another length stays where it is.
        let len = len - 2 * shorter as u8;
        let count = size.div_ceil(2).clamp(1, 64).next_power_of_two();
        let shift = u32::from(F::Addr::BITS - len);
        let first = base.number() + (u128::from(at * count) << shift);
        let last = first + (u128::from(count - 1) << shift);
        let [first, last] = [first, last].map(F::Addr::from_number);
        pools.push(PlannedPool { kind: LeaseKind::Prefix, first, last, len, gold: None });
    }
    pools
}
