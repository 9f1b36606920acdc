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
        for step in 0..count {
            let at = (begin + step) % count;
            let Some(mut table) = leases.table(at) else { continue };
            // One more than allowed, to know whether some are left.
            let room = (max - report.leases).saturating_add(1);
            for lease in table.expired(now, room) {
                if report.leases == max || elapsed() >= time {
                    report.has_more = true;
                    break;
                }
                report.leases += 1;
                reclaim(&mut table, lease);
            }
            if report.has_more {
                self.next_table = at;
                break;
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

    /// Hands over up to `max` leases that have been remembered for long enough, to be removed.
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
            let Some(mut table) = leases.table(at) else { continue };
            for lease in table.remembered(until, max - done) {
                remove(&mut table, lease);
                done += 1;
            }
            if done == max {
                break;
            }
        }
        done
    }
}

fn limit(max: u32) -> usize {
    if max == 0 { usize::MAX } else { max as usize }
}
