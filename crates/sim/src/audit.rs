//! What is looked at from time to time, since it takes a look at everything.

use std::collections::BTreeMap;

use kea_config::snapshot::{Pool, Subnet};
use kea_lease::{LeaseCounts, LeaseKind, LeaseState, SubnetId};
use kea_stats::{PoolMetric, PrefixPoolMetric, ServerMetric, SubnetMetric, UnixMicros};
use kea_wire::Prefix;

use crate::client::Client as _;
use crate::oracle::{Rule, Violation};
use crate::profile::SECOND;
use crate::protocol::{Association, Protocol};
use crate::server::INBOX;
use crate::world::World;

/// Parked answers of a worker at most: with a disk that stands still, what one batch of clients may
/// ask for while it does.
const MAX_PARKED: usize = 1 << 16;

/// Offers that a pool remembers at most.
const MAX_OFFERS: usize = 4096;

/// Clients that get nothing ask again after two minutes at most.
const PATIENCE: u64 = 130 * SECOND;

/// Octets of a row at most, as the clients here are called.
const MAX_ROW: usize = 400;

impl<F: Protocol> World<F> {
    /// Looks at everything.
    pub(crate) fn audit(&mut self) -> Result<(), Violation> {
        self.tally.audits += 1;
        self.oracle.check(&self.server.leases, self.unix())?;
        self.audit_counts()?;
        if self.is_settled() {
            self.audit_statistics()?;
        }
        self.audit_bounds()
    }

    /// As [`Self::audit`], and a violation names the client that was served last.
    pub(crate) fn audit_pointing(&mut self) -> Result<(), Violation> {
        let served = self.last_served.clone();
        self.audit().map_err(|violation| violation.about(&served))
    }

    /// The tables' own counts against the leases one by one.
    fn audit_counts(&self) -> Result<(), Violation> {
        const KINDS: [LeaseKind; 2] = [LeaseKind::Address, LeaseKind::Prefix];
        let mut found: BTreeMap<(SubnetId, LeaseKind), [u64; LeaseState::ALL.len()]> =
            BTreeMap::new();
        let mut pools = Vec::new();
        for table in self.server.leases.tables() {
            for lease in table.page(None) {
                let key = (lease.subnet(), lease.kind());
                found.entry(key).or_default()[lease.state() as usize] += 1;
            }
            for pool in table.pools() {
                let inside = |address: F::Addr| pool.contains(address);
                let leases = table.page(None).filter(|lease| lease.kind() == pool.kind);
                let leases = leases.filter(|lease| inside(lease.address()));
                let held = leases.filter(|lease| !lease.state().is_vacant()).count() as u64;
                pools.push((pool.first, held, table.pool_counts(pool)));
            }
        }
        for (first, held, counted) in pools {
            let counted = counted.unwrap_or_default().assigned;
            if counted != held {
                let text = format!("the pool from {first} counts {counted} leases and has {held}");
                return Err(Violation::new(Rule::Counted, text));
            }
        }
        for (subnet, counts) in self.server.leases.counts() {
            for kind in KINDS {
                let there = found.remove(&(subnet, kind)).unwrap_or_default();
                let of = |state| counts.of(kind, state);
                if LeaseState::ALL.iter().any(|state| of(*state) != there[*state as usize]) {
                    let text =
                        format!("subnet {subnet} has {there:?} by state and counts {counts:?}");
                    return Err(Violation::new(Rule::Counted, text));
                }
            }
        }
        match found.into_iter().next() {
            Some(((subnet, _), _)) => {
                let text = format!("subnet {subnet} has leases and counts none");
                Err(Violation::new(Rule::Counted, text))
            }
            None => Ok(()),
        }
    }

    /// Statistics against the tables, and against the traffic.
    fn audit_statistics(&self) -> Result<(), Violation> {
        let counts = self.server.leases.counts();
        let of_all = counts.values().map(|of| of.of(LeaseKind::Address, LeaseState::Declined));
        let declined: u64 = of_all.sum();
        for subnet in self.plan.snapshot.subnets() {
            let leases: LeaseCounts = counts.get(&subnet.id).copied().unwrap_or_default();
            let counters = self.server.stats.subnet(subnet.id.0, UnixMicros(0));
            let in_table = leases.of(LeaseKind::Address, LeaseState::Declined);
            for (metric, expected) in [
                (SubnetMetric::Assigned, leases.assigned(LeaseKind::Address)),
                (SubnetMetric::AssignedPrefixes, leases.assigned(LeaseKind::Prefix)),
                (SubnetMetric::Declined, in_table),
            ] {
                let id = subnet.id;
                equal(&format!("{metric:?} of subnet {id}"), counters.value(metric), expected)?;
            }
            self.audit_pools(subnet)?;
        }
        let counters = &self.server.counters;
        equal("Declined of the server", counters.value(ServerMetric::Declined), declined)?;
        let sent: i64 = F::SENT.iter().map(|metric| counters.value(*metric)).sum();
        let all = counters.value(ServerMetric::Sent);
        if sent != all {
            let text = format!("{all} packets were sent, and {sent} by kind");
            return Err(Violation::new(Rule::Counted, text));
        }
        Ok(())
    }

    /// Statistics of a subnet's pools of either kind, which all have the same number, against the leases
    /// that lie in them.
    fn audit_pools(&self, subnet: &Subnet<F>) -> Result<(), Violation> {
        const NUMBER: u32 = 0;
        let mut held = [[0u64; 2]; 2];
        let mut is_there = [false; 2];
        let Some(table) = self.server.leases.subnet(subnet.id) else { return Ok(()) };
        for lease in table.page(None).filter(|lease| !lease.state().is_vacant()) {
            let inside = |pool: &Pool<F>| {
                pool.range.kind == lease.kind() && pool.range.contains(lease.address())
            };
            if subnet.pools.iter().any(inside) {
                let of_kind = &mut held[usize::from(lease.kind() == LeaseKind::Prefix)];
                of_kind[0] += 1;
                of_kind[1] += u64::from(lease.state() == LeaseState::Declined);
            }
        }
        for pool in &subnet.pools {
            is_there[usize::from(pool.range.kind == LeaseKind::Prefix)] = true;
        }
        let (id, stats) = (subnet.id.0, &self.server.stats);
        let [[addresses, declined], [prefixes, _]] = held;
        if is_there[0] {
            let of_pools = stats.pool(id, NUMBER, UnixMicros(0));
            for (metric, expected) in
                [(PoolMetric::Assigned, addresses), (PoolMetric::Declined, declined)]
            {
                let what = format!("{metric:?} of the pools of subnet {id}");
                equal(&what, of_pools.value(metric), expected)?;
            }
        }
        if is_there[1] {
            let of_pools = stats.prefix_pool(id, NUMBER, UnixMicros(0));
            let what = format!("Assigned of the prefix pools of subnet {id}");
            equal(&what, of_pools.value(PrefixPoolMetric::Assigned), prefixes)?;
        }
        Ok(())
    }

    fn audit_bounds(&self) -> Result<(), Violation> {
        let grown = |what: &str, len: usize| {
            let text = format!("{what}: {len}");
            Err(Violation::new(Rule::Bounded, text))
        };
        let leases = self.server.leases.len();
        // Six subnets for a link, 200 addresses at most in each, and prefixes.
        if leases > self.links.len() * 8 * 512 {
            return grown("leases", leases);
        }
        for worker in &self.server.workers {
            if worker.parked.len() > MAX_PARKED {
                return grown("answers that wait", worker.parked.len());
            }
            if worker.inbox.len() > INBOX {
                return grown("queries that wait", worker.inbox.len());
            }
        }
        for table in self.server.leases.tables() {
            for pool in table.pools() {
                let offers = table.offers_kept(pool);
                if offers > MAX_OFFERS {
                    return grown("offers of a pool", offers);
                }
            }
        }
        // Nothing is promised beyond the limit; what ends or is given back is noted all the same, some
        // times for each lease.
        let pending = self.server.journal.pending();
        let last = (leases * 3 + self.server.workers.len()) * MAX_ROW;
        if pending > self.profile.max_pending + last {
            return grown("octets that are not durable", pending);
        }
        Ok(())
    }

    /// After a time without trouble: who has no lease, although there is one?
    pub(crate) fn audit_recovery(&mut self) -> Result<(), Violation> {
        self.audit()?;
        if self.server.journal.is_failing() || !self.server.journal.accepting() {
            let text = "the journal still fails after its disk was repaired";
            return Err(Violation::new(Rule::Recovers, text));
        }
        let unserved = self.unserved();
        if unserved.is_empty() {
            return Ok(());
        }
        // What is free may have become so since they asked last.
        self.play_until(self.now + PATIENCE)?;
        let now = self.unix();
        for (number, association, free) in unserved {
            let client = &self.clients[number];
            let is_wanted = |(wanted, until)| wanted == association && until <= self.now;
            if client.wants().into_iter().any(is_wanted)
                && self.first_free(std::iter::once(free), now).is_some()
            {
                let (link, who) = (client.link(), client.identity());
                let text = format!("{who} has no lease on link {link}; {free} is free");
                let violation = Violation::new(Rule::Recovers, text).about(&who);
                return Err(violation.about(&free.first()));
            }
        }
        Ok(())
    }

    /// Clients by number, what they have no lease for, and what is free for that.
    fn unserved(&self) -> Vec<(usize, Association, Prefix<F::Addr>)> {
        let mut unserved = Vec::new();
        for (number, client) in self.clients.iter().enumerate() {
            let wants = client.wants().into_iter().filter(|(_, until)| *until <= self.now);
            for (association, _) in wants {
                let open = self.plan.plan.open(client.link(), association.kind, client.gold());
                let free = self.first_free(open.into_iter(), self.unix());
                unserved.extend(free.map(|free| (number, association, free)));
            }
        }
        unserved
    }
}

fn equal(what: &str, counted: i64, there: u64) -> Result<(), Violation> {
    if counted == there as i64 {
        return Ok(());
    }
    Err(Violation::new(Rule::Counted, format!("{what} is {counted}; there are {there}")))
}
