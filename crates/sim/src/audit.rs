//! What is looked at from time to time, since it takes a look at everything.

use std::collections::BTreeMap;

use kea_lease::{LeaseCounts, LeaseKind, LeaseState, SubnetId};
use kea_stats::{ServerMetric, SubnetMetric, UnixMicros};

use crate::client::Client as _;
use crate::oracle::{Rule, Violation};
use crate::protocol::Protocol;
use crate::world::World;

/// Parked answers of a worker at most: with a disk that stands still, what one batch of clients may
/// ask for while it does.
const MAX_PARKED: usize = 1 << 16;

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
                pools.push((pool.first, held, table.pool_counts(pool.first)));
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
                let counted = counters.value(metric);
                if counted != expected as i64 {
                    let id = subnet.id;
                    let text =
                        format!("{metric:?} of subnet {id} is {counted}; there are {expected}");
                    return Err(Violation::new(Rule::Counted, text));
                }
            }
        }
        let counters = &self.server.counters;
        let expected = [(ServerMetric::Declined, declined as i64)];
        for (metric, expected) in expected {
            let counted = counters.value(metric);
            if counted != expected {
                let text = format!("{metric:?} is {counted}; there are {expected}");
                return Err(Violation::new(Rule::Counted, text));
            }
        }
        let sent: i64 = F::SENT.iter().map(|metric| counters.value(*metric)).sum();
        let all = counters.value(ServerMetric::Sent);
        if sent != all {
            let text = format!("{all} packets were sent, and {sent} by kind");
            return Err(Violation::new(Rule::Counted, text));
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
        for client in &self.clients {
            for (association, until) in client.wants() {
                let is_free = |at: &F::Addr| {
                    let table = self.server.leases.at(*at);
                    // Not what the lease says of itself: that may be what is wrong.
                    table.get(*at).is_none_or(|lease| {
                        lease.state().is_vacant()
                            || lease.expires().is_some_and(|end| end <= self.unix())
                    })
                };
                let (link, who) = (client.link(), client.identity());
                let open = || self.plan.plan.open_addresses(link, association.kind, client.gold());
                if until <= self.now
                    && let Some(free) = open().into_iter().find(is_free)
                {
                    let text = format!("{who} has no lease on link {link}; {free} is free");
                    return Err(Violation::new(Rule::Recovers, text).about(&who).about(&free));
                }
            }
        }
        Ok(())
    }
}
