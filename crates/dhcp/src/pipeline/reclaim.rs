//! Leases whose time is over, and what becomes of them.

use std::time::Duration;

use kea_config::snapshot::Dialect;
use kea_lease::{CycleReport, Lease, LeaseState, Reclamation, SubnetLeases};
use kea_log::log;

use super::corridor::Corridor;

/// Reclaims leases that have ended, a bounded number at a time. `elapsed` tells for how long the
/// cycle has been running.
pub fn reclaim<F: Dialect>(
    corridor: &Corridor<'_, F>,
    reclamation: &mut Reclamation,
    elapsed: impl Fn() -> Duration,
) -> CycleReport {
    let settings = reclamation.settings;
    reclamation.cycle(corridor.leases, corridor.now, elapsed, |table, lease| {
        end(corridor, table, &lease, settings.reclaimed(&lease));
    })
}

/// Forgets reclaimed leases that were remembered for their clients long enough, up to `max`.
pub fn flush_reclaimed<F: Dialect>(
    corridor: &Corridor<'_, F>,
    reclamation: &Reclamation,
    max: usize,
) -> usize {
    reclamation.flush(corridor.leases, corridor.now, max, |table, lease| {
        table.remove(lease.address);
        corridor.journal.append_deletion(&lease);
    })
}

fn end<F: Dialect>(
    corridor: &Corridor<'_, F>,
    table: &mut SubnetLeases<F>,
    lease: &Lease<F>,
    remembered: Option<Lease<F>>,
) {
    match remembered {
        Some(remembered) => {
            corridor.journal.append(&remembered);
            table.put(&remembered);
        }
        None => {
            corridor.journal.append_deletion(lease);
            table.remove(lease.address);
        }
    }
    if lease.state == LeaseState::Declined {
        corridor.statistics.recovered(lease);
        if F::VERSION == 4 {
            log!(
                corridor.log,
                ALLOC_ENGINE_V4_DECLINED_RECOVERED,
                lease.address,
                lease.valid_lifetime
            );
        }
    } else {
        corridor.statistics.reclaimed(lease);
    }
}
