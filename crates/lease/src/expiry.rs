//! Reclaiming leases whose time is over, a bounded number at a time
//! (the manual's chapter "Lease Expiration").

use std::time::Duration;

use crate::lease::{Lease, LeaseFamily, LeaseState};
use crate::leases::Leases;
use crate::subnet::SubnetLeases;

/// `expired-leases-processing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExpiredLeasesProcessing {
    /// Seconds from the end of a cycle to the next one; 0 for no cycles.
    pub reclaim_timer_wait_time: u32,
    /// Seconds between removals of what is only remembered; 0 for remembering nothing.
    pub flush_reclaimed_timer_wait_time: u32,
    /// Seconds after its end for which a lease is remembered; 0 for not at all.
    pub hold_reclaimed_time: u32,
    /// Leases of one cycle; 0 for no limit.
    pub max_reclaim_leases: u32,
    /// Milliseconds of one cycle; 0 for no limit.
    pub max_reclaim_time: u32,
    /// Cycles in a row that may leave something over before a warning.
    pub unwarned_reclaim_cycles: u32,
}

impl Default for ExpiredLeasesProcessing {
    fn default() -> Self {
        ExpiredLeasesProcessing {
            reclaim_timer_wait_time: 10,
            flush_reclaimed_timer_wait_time: 25,
            hold_reclaimed_time: 3600,
            max_reclaim_leases: 100,
            max_reclaim_time: 250,
            unwarned_reclaim_cycles: 5,
        }
    }
}

impl ExpiredLeasesProcessing {
    /// True when a lease that is over or released stays remembered for its client.
    pub fn has_affinity(&self) -> bool {
        self.flush_reclaimed_timer_wait_time > 0 && self.hold_reclaimed_time > 0
    }

    /// What becomes of a lease when it is reclaimed: `None` when it is to be removed. A declined
    /// lease's probation leaves nothing to remember.
    pub fn reclaimed<F: LeaseFamily>(&self, lease: &Lease<F>) -> Option<Lease<F>> {
        let remember = self.has_affinity() && lease.state != LeaseState::Declined;
        remember.then(|| Lease {
            state: LeaseState::ExpiredReclaimed,
            fqdn_fwd: false,
            fqdn_rev: false,
            hostname: Box::default(),
            ..lease.clone()
        })
    }
}

/// When the next cycle is due, and how the ones before went.
#[derive(Clone, Debug, Default)]
pub struct Reclamation {
    /// The parameters; may be changed at any time.
    pub settings: ExpiredLeasesProcessing,
    unfinished: u32,
    /// Table at which the next cycle begins, so that none is always last.
    next_table: usize,
}

/// What a cycle did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CycleReport {
    /// Leases handed over.
    pub leases: usize,
    /// Some are left for the next cycle.
    pub has_more: bool,
    /// This many cycles in a row have left some, and it is time to warn of it.
    pub slow_cycles: Option<u32>,
}

impl Reclamation {
    /// With these parameters.
    pub fn new(settings: ExpiredLeasesProcessing) -> Self {
        Reclamation { settings, ..Reclamation::default() }
    }

    /// One cycle: hands each ended lease to `reclaim`, its table locked, until a limit is reached.
    ///
    /// `reclaim` puts what the lease becomes, or removes it, and appends that to the journal. A lease
    /// it leaves as it is comes again in the next cycle. `elapsed` tells how long the cycle has taken.
    /// After a few leases the table is unlocked for a moment: queries that wait for it go first.
    pub fn cycle<F: LeaseFamily>(
        &mut self,
        leases: &Leases<F>,
        now: i64,
        elapsed: impl Fn() -> Duration,
        mut reclaim: impl FnMut(&mut SubnetLeases<F>, Lease<F>),
    ) -> CycleReport {
        let max = limit(self.settings.max_reclaim_leases);
        let time = match self.settings.max_reclaim_time {
            0 => Duration::MAX,
            ms => Duration::from_millis(ms.into()),
        };
        let mut report = CycleReport::default();
        let count = leases.table_count();
        let begin = self.next_table % count;
        'tables: for step in 0..count {
            let at = (begin + step) % count;
            let mut left_as_they_are = 0;
            loop {
                let is_over = report.leases == max || elapsed() >= time;
                let Some(mut table) = leases.table(at) else { break };
                let batch = table.expired_behind(left_as_they_are, now, at_once(left_as_they_are));
                if batch.is_empty() {
                    break;
                }
                for lease in batch {
                    if is_over || report.leases == max || elapsed() >= time {
                        report.has_more = true;
                        self.next_table = at;
                        break 'tables;
                    }
                    report.leases += 1;
                    let address = lease.address;
                    reclaim(&mut table, lease);
                    left_as_they_are += usize::from(table.is_to_be_reclaimed(address, now));
                }
                table.give_way();
            }
        }
        self.judge(&mut report);
        report
    }

    fn judge(&mut self, report: &mut CycleReport) {
        if !report.has_more {
            self.unfinished = 0;
            return;
        }
        self.unfinished += 1;
        let unwarned = self.settings.unwarned_reclaim_cycles;
        if unwarned > 0 && self.unfinished > unwarned {
            report.slow_cycles = Some(self.unfinished);
            self.unfinished = 0;
        }
    }

    /// Hands over up to `max` leases that have been remembered for long enough, and `remove` removes them.
    /// Queries that wait for a table go first, as in [`Self::cycle`].
    pub fn flush<F: LeaseFamily>(
        &self,
        leases: &Leases<F>,
        now: i64,
        max: usize,
        mut remove: impl FnMut(&mut SubnetLeases<F>, Lease<F>),
    ) -> usize {
        let until = now.saturating_sub(self.settings.hold_reclaimed_time.into());
        let mut done = 0;
        for at in 0..leases.table_count() {
            while done < max {
                let Some(mut table) = leases.table(at) else { break };
                let batch = table.remembered(until, AT_ONCE.min(max - done));
                if batch.is_empty() {
                    break;
                }
                for lease in batch {
                    remove(&mut table, lease);
                    done += 1;
                }
                table.give_way();
            }
        }
        done
    }
}

/// Leases of which a table is locked without a pause: some hundredths of a millisecond.
const AT_ONCE: usize = 32;

/// As many, or more where that many more have to be passed over each time.
fn at_once(passed_over: usize) -> usize {
    AT_ONCE.max(passed_over / 8)
}

fn limit(max: u32) -> usize {
    if max == 0 { usize::MAX } else { max as usize }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::net::Ipv4Addr;

    use kea_wire::{ClientId, V4};

    use super::*;
    use crate::lease::{SubnetId, V4Owner};
    use crate::record::no_hw_addr;

    /// So many leases that ended at 100, in no subnet.
    fn leases(count: u32) -> Leases<V4> {
        let leases = Leases::new();
        for number in 0..count {
            let client_id = ClientId::new(&number.to_be_bytes());
            let owner = V4Owner { hw_addr: no_hw_addr(), client_id };
            let address = Ipv4Addr::from_bits(number);
            leases.at(address).put(&Lease::new(address, SubnetId(1), owner, 100, 0));
        }
        leases
    }

    const UNLIMITED: ExpiredLeasesProcessing = ExpiredLeasesProcessing {
        reclaim_timer_wait_time: 10,
        flush_reclaimed_timer_wait_time: 25,
        hold_reclaimed_time: 3600,
        max_reclaim_leases: 0,
        max_reclaim_time: 250,
        unwarned_reclaim_cycles: 5,
    };

    #[test]
    fn a_table_is_given_free_after_a_few_leases_however_many_there_are() {
        let leases = leases(1000);
        let table = leases.table(0).map(|table| std::sync::Arc::clone(table.mutex()));
        let is_locked = || table.as_ref().is_some_and(|table| table.is_locked());
        let mut reclamation = Reclamation::new(UNLIMITED);
        let (longest, since) = (Cell::new(0), Cell::new(0));
        let elapsed = || {
            since.set(if is_locked() { since.get() + 1 } else { 0 });
            longest.set(longest.get().max(since.get()));
            Duration::ZERO
        };
        let report = reclamation.cycle(&leases, 200, elapsed, |table, lease| {
            table.put(&Lease { state: LeaseState::ExpiredReclaimed, ..lease });
        });
        assert_eq!((report.leases, longest.get()), (1000, AT_ONCE));

        let now = 100 + i64::from(UNLIMITED.hold_reclaimed_time);
        let flushed = reclamation.flush(&leases, now, usize::MAX, |table, lease| {
            table.remove(lease.address);
        });
        assert_eq!((flushed, leases.len()), (1000, 0));
    }

    #[test]
    fn what_a_hook_keeps_is_handed_over_once_in_a_cycle() {
        let leases = leases(1000);
        let mut reclamation = Reclamation::new(UNLIMITED);
        let mut seen = Vec::new();
        let report = reclamation.cycle(
            &leases,
            200,
            || Duration::ZERO,
            |table, lease| {
                seen.push(lease.address);
                if !lease.address.to_bits().is_multiple_of(3) {
                    table.remove(lease.address);
                }
            },
        );
        seen.sort_unstable();
        let count = seen.len();
        seen.dedup();
        assert_eq!((report.leases, count, seen.len(), leases.len()), (1000, 1000, 1000, 334));
        assert!(!report.has_more);
    }
}
