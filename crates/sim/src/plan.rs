//! The network as its operator wants it: the model from which configurations are written, and against
//! which answers are judged. It knows nothing of how the server reads a configuration.

use std::fmt::Write as _;
use std::sync::Arc;

use kea_config::Snapshot;
use kea_config::document::{Document, NoIncludes};
use kea_lease::Durability;
use kea_wire::Address as _;

use crate::link::Inbound;
use crate::profile::Profile;
use crate::protocol::{Protocol, Query};
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
    reserved: Vec<(String, F::Addr)>,
    lifetime: u32,
    min_lifetime: u32,
    max_lifetime: u32,
}

#[derive(Clone, Copy, Debug)]
struct PlannedPool<F: Protocol> {
    first: F::Addr,
    last: F::Addr,
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
            pools: pools(F::prefix(link, place).0, size, random),
            reserved: Vec::new(),
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
                let is_new = subnet.reserved.iter().all(|(other, _)| *other != who);
                if is_new && random.number().is_multiple_of(3) {
                    subnet.reserved.push((who, pool.last));
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
                    let base = F::prefix(subnet.link, subnet.place).0;
                    subnet.pools = pools(base, random.between(2, 40), random);
                    let pools = &subnet.pools;
                    let inside = |address: F::Addr| {
                        pools.iter().any(|pool| pool.first <= address && address <= pool.last)
                    };
                    subnet.reserved.retain(|(_, address)| inside(*address));
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
        if version == 4 {
            let (matching, authoritative) = (self.match_client_id, self.authoritative);
            let _ = writeln!(
                text,
                "  \"match-client-id\": {matching}, \"authoritative\": {authoritative},"
            );
        }
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
            Ok((snapshot, _)) => Configured { plan: self, snapshot },
            Err(problems) => panic!("a planned configuration is refused:\n{problems}\n{text}"),
        }
    }

    /// The address of the relay of a link; of link 0, the server's own.
    pub fn router(&self, link: usize) -> F::Addr {
        F::Addr::from_number(F::prefix(link, 0).0.number() + 1)
    }

    /// The link whose subnets contain an address.
    pub(crate) fn link_of(&self, address: F::Addr) -> Option<usize> {
        let mut found = self.subnets.iter().filter(|subnet| {
            let (first, len) = F::prefix(subnet.link, subnet.place);
            let shift = u32::from(F::Addr::BITS - len);
            (first.number() ^ address.number()) >> shift == 0
        });
        found.next().map(|subnet| subnet.link)
    }

    /// The link that a query's answer must fit.
    pub(crate) fn link_of_query(&self, query: &Query<F>, inbound: &Inbound<F>) -> Option<usize> {
        let named = query.links.first().copied();
        let own = (!inbound.source.is_unspecified()).then_some(inbound.source);
        match named.or(own) {
            Some(address) => self.link_of(address),
            None => Some(0),
        }
    }

    /// The subnet in which a client of a link may have an address.
    pub(crate) fn permits(
        &self,
        link: usize,
        address: F::Addr,
        who: &F::Identity,
        gold: bool,
    ) -> Result<u32, &'static str> {
        let who = F::reserved_by(who);
        for subnet in self.subnets.iter().filter(|subnet| subnet.link == link) {
            if subnet.reserved.iter().any(|(owner, held)| *owner == who && *held == address) {
                return Ok(subnet.id);
            }
            for pool in &subnet.pools {
                if !(pool.first <= address && address <= pool.last) {
                    continue;
                }
                if subnet.reserved.iter().any(|(_, held)| *held == address) {
                    return Err("it is reserved for another client");
                }
                if !subnet.admits(pool, gold) {
                    return Err("its pool is not for clients of that class");
                }
                return Ok(subnet.id);
            }
        }
        match self.link_of(address) {
            Some(other) if other != link => Err("it belongs to another link"),
            _ => Err("it lies in no pool"),
        }
    }

    /// True when an address of the link is set aside for the client.
    pub(crate) fn has_reservation(&self, link: usize, who: &F::Identity) -> bool {
        let who = F::reserved_by(who);
        let mut subnets = self.subnets.iter().filter(|subnet| subnet.link == link);
        subnets.any(|subnet| subnet.reserved.iter().any(|(owner, _)| *owner == who))
    }

    /// Every address that some client of a class may have on a link, but for reserved ones.
    pub(crate) fn open_addresses(&self, link: usize, gold: bool) -> Vec<F::Addr> {
        let mut all = Vec::new();
        for subnet in self.subnets.iter().filter(|subnet| subnet.link == link) {
            for pool in subnet.pools.iter().filter(|pool| subnet.admits(pool, gold)) {
                let range = pool.first.number()..=pool.last.number();
                let open = range.map(F::Addr::from_number);
                all.extend(open.filter(|at| subnet.reserved.iter().all(|(_, held)| held != at)));
            }
        }
        all
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

    /// Some address of some pool.
    pub(crate) fn any_address(&self, random: &mut Random) -> Option<F::Addr> {
        let subnet = random.pick(&self.subnets)?;
        let pool = random.pick(&subnet.pools)?;
        let span = (pool.last.number() - pool.first.number()) as u64;
        Some(F::Addr::from_number(pool.first.number() + u128::from(random.between(0, span))))
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
        let pools: Vec<String> = self.pools.iter().map(PlannedPool::text).collect();
        let _ = write!(text, "\n    \"pools\": [ {} ],", pools.join(", "));
        let by = F::RESERVED_BY;
        let reserved: Vec<String> = self
            .reserved
            .iter()
            .map(|(who, address)| match F::VERSION {
                4 => format!("{{ \"{by}\": \"{who}\", \"ip-address\": \"{address}\" }}"),
                _ => format!("{{ \"{by}\": \"{who}\", \"ip-addresses\": [ \"{address}\" ] }}"),
            })
            .collect();
        let _ = write!(text, "\n    \"reservations\": [ {} ] }}", reserved.join(", "));
        text
    }
}

impl<F: Protocol> PlannedPool<F> {
    fn text(&self) -> String {
        let class = match self.gold {
            Some(true) => ", \"client-class\": \"gold\"",
            Some(false) => ", \"client-class\": \"plain\"",
            None => "",
        };
        format!("{{ \"pool\": \"{} - {}\"{class} }}", self.first, self.last)
    }
}

/// One or two pools with so many addresses in a subnet.
fn pools<F: Protocol>(base: F::Addr, size: u64, random: &mut Random) -> Vec<PlannedPool<F>> {
    let count = if size > 3 { random.between(1, 2) } else { 1 };
    let mut first = random.between(10, 60);
    let mut pools = Vec::new();
    for at in 0..count {
        let last = first + size / count - 1;
        let address = |offset: u64| F::Addr::from_number(base.number() + u128::from(offset));
        // One pool at least is for everybody.
        let guarded = at > 0 && random.permille(400);
        let gold = guarded.then(|| random.permille(500));
        pools.push(PlannedPool { first: address(first), last: address(last), gold });
        first = last + random.between(1, 5);
    }
    pools
}
