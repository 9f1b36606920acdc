//! Where the options of an answer come from: what is nearest to the client decides (the manual's
//! section on option precedence).

use kea_config::snapshot::{
    Candidates, ConfiguredOption, Dialect, OptionSet, Pool, Reservation, Snapshot, Subnet,
};
use kea_expr::ClassSet;
use smallvec::SmallVec;

/// The scopes of one answer.
pub struct Scopes<'s> {
    /// Nearest first: reservation; pools, each with its subnet and network behind it, or the subnet;
    /// classes in the order of their assignment; the global ones.
    sets: SmallVec<[&'s OptionSet; 6]>,
    /// Which of the sets are those of pools.
    pools: std::ops::Range<usize>,
    subnet: Option<&'s OptionSet>,
    /// Of pools of other subnets: with the options of their subnets, which do not count.
    elsewhere: SmallVec<[(&'s OptionSet, &'s OptionSet); 0]>,
    classes: &'s ClassSet,
}

impl<'s> Scopes<'s> {
    /// The scopes of a client with this reservation and these classes, whose leases are from these
    /// pools of that subnet.
    pub fn new<F: Dialect>(
        config: &'s Snapshot<F>,
        host: Option<&'s Reservation<F>>,
        subnet: Option<&'s Subnet<F>>,
        pools: impl IntoIterator<Item = &'s Pool<F>>,
        classes: &'s ClassSet,
    ) -> Self {
        let mut sets: SmallVec<[&OptionSet; 6]> = SmallVec::new();
        let mut add = |set: Option<&'s OptionSet>| {
            if let Some(set) = set.filter(|set| !set.is_empty()) {
                sets.push(set);
            }
            sets.len()
        };
        let first_pool = add(host.and_then(|host| host.options.as_deref()));
        let mut behind_pools = first_pool;
        for pool in pools {
            behind_pools = add(Some(&pool.options));
        }
        let subnet = subnet.map(|subnet| &*subnet.options);
        if behind_pools == first_pool {
            add(subnet);
        }
        for class in classes.ids().filter_map(|id| config.classes.get(id)) {
            add(Some(&class.options));
        }
        add(Some(&config.options));
        let elsewhere = SmallVec::new();
        Scopes { sets, pools: first_pool..behind_pools, subnet, elsewhere, classes }
    }

    /// Adds what a pool of another subnet than that of the answer says by itself.
    pub fn add_pool_elsewhere<F: Dialect>(&mut self, subnet: &'s Subnet<F>, pool: &'s Pool<F>) {
        self.elsewhere.push((&pool.options, &subnet.options));
    }

    /// The value of an option: of the nearest scope that has it. Several only where that scope
    /// gives it several times.
    pub fn chosen(&self, space: &str, code: u16) -> impl Iterator<Item = &'s ConfiguredOption> {
        let classes = self.classes;
        let has = |candidates: &Candidates<'s>| candidates.chosen(classes).next().is_some();
        let mut candidates =
            self.sets.iter().enumerate().map(|(at, set)| (at, set.get(space, code)));
        let mut found = candidates.find(|(_, candidates)| has(candidates));
        let behind_host = found.as_ref().is_none_or(|(at, _)| *at >= self.pools.start);
        if behind_host && self.has_several_pools() {
            // Behind the first pool is the subnet, which must not hide what another pool says.
            let here = self.sets.get(self.pools.clone()).unwrap_or_default().iter();
            let here = here.filter_map(|pool| Some((*pool, self.subnet?)));
            let own = here.chain(self.elsewhere.iter().copied()).find_map(|(pool, subnet)| {
                let (of_pool, of_subnet) = (pool.get(space, code), subnet.get(space, code));
                let value =
                    |candidates: Candidates<'s>| candidates.chosen(classes).map(|o| &o.data);
                let is_own = has(&of_pool) && value(of_pool).ne(value(of_subnet));
                is_own.then_some((0, of_pool))
            });
            found = own.or(found);
        }
        found.into_iter().flat_map(move |(_, candidates)| candidates.chosen(classes))
    }

    /// The options of a space to send, ascending by code: those asked for and those that any scope always
    /// sends, and nothing that a scope never sends.
    pub fn wanted(
        &self,
        space: &str,
        is_requested: impl Fn(u16) -> bool,
    ) -> SmallVec<[&'s ConfiguredOption; 16]> {
        let mut found: SmallVec<[Found<'s>; 16]> = SmallVec::new();
        for set in self.sets.iter().chain(self.elsewhere.iter().map(|(pool, _)| pool)) {
            for (code, candidates) in set.in_space(space).by_code() {
                let Some(sending) = candidates.sending(self.classes) else { continue };
                let is_meant = sending.always || is_requested(code);
                found.push(Found { code, candidates, is_meant, is_forbidden: sending.never });
            }
        }
        // A stable sort: of each code, the nearest scope stays first.
        found.sort_by_key(|found| found.code);
        let mut wanted = SmallVec::new();
        for of_code in found.chunk_by(|a, b| a.code == b.code) {
            let Some(nearest) = of_code.first().filter(|_| {
                of_code.iter().any(|found| found.is_meant)
                    && !of_code.iter().any(|found| found.is_forbidden)
            }) else {
                continue;
            };
            match self.has_several_pools() {
                false => nearest.candidates.chosen(self.classes).for_each(|o| wanted.push(o)),
                true => wanted.extend(self.chosen(space, nearest.code)),
            }
        }
        wanted
    }

    /// True when there may be more to a code than what the nearest scope says.
    fn has_several_pools(&self) -> bool {
        self.pools.len() + self.elsewhere.len() > 1
    }

    /// The spaces that have options, of which the name begins with `prefix`; each once.
    pub fn spaces(&self, prefix: &str) -> SmallVec<[&'s str; 2]> {
        let spaces = self.sets.iter().flat_map(|set| set.spaces());
        let mut found: SmallVec<[&str; 2]> =
            spaces.filter(|space| space.starts_with(prefix)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// What one scope says of a code.
struct Found<'s> {
    code: u16,
    candidates: Candidates<'s>,
    /// The client asks for it, or gets it unasked.
    is_meant: bool,
    is_forbidden: bool,
}
