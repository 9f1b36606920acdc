//! Leases whose time is over, and what becomes of them.

use std::time::Duration;

use kea_config::Snapshot;
use kea_config::snapshot::Dialect;
use kea_lease::{
    CycleReport, ExpiredLeasesProcessing, INFINITE, Lease, LeaseState, Reclamation, SubnetLeases,
};
use kea_log::log;
use kea_log::message::twin;

use super::corridor::Corridor;
use super::lease_text::owner_text;

/// `expired-leases-processing` of the configuration, as reclamation takes it.
pub fn reclamation_settings<F: Dialect>(config: &Snapshot<F>) -> ExpiredLeasesProcessing {
    let expired = &config.expired_leases;
    ExpiredLeasesProcessing {
        reclaim_timer_wait_time: expired.reclaim_timer_wait_time,
        flush_reclaimed_timer_wait_time: expired.flush_reclaimed_timer_wait_time,
        hold_reclaimed_time: expired.hold_reclaimed_time,
        max_reclaim_leases: expired.max_reclaim_leases,
        max_reclaim_time: expired.max_reclaim_time_ms,
        unwarned_reclaim_cycles: expired.unwarned_reclaim_cycles,
    }
}

/// Reclaims leases that have ended, a bounded number at a time. `elapsed` tells for how long the
/// cycle has been running.
pub fn reclaim<F: Dialect>(
    corridor: &Corridor<'_, F>,
    reclamation: &mut Reclamation,
    elapsed: impl Fn() -> Duration,
) -> CycleReport {
    let (log, settings) = (corridor.log, reclamation.settings);
    let (most, time) = (settings.max_reclaim_leases, settings.max_reclaim_time);
    log!(log, (twin::LEASES_RECLAMATION_START.of(F::VERSION)), most, time);
    let report = reclamation.cycle(corridor.leases, corridor.now, &elapsed, |table, lease| {
        end(corridor, table, &lease, settings.reclaimed(&lease));
    });
    let taken = elapsed();
    log!(
        log,
        (twin::LEASES_RECLAMATION_COMPLETE.of(F::VERSION)),
        report.leases,
        format_args!("{taken:?}")
    );
    let is_late = time > 0 && taken >= Duration::from_millis(time.into());
    match report.has_more {
        true if is_late => log!(log, (twin::LEASES_RECLAMATION_TIMEOUT.of(F::VERSION)), time),
        true => {}
        false => log!(log, (twin::NO_MORE_EXPIRED_LEASES.of(F::VERSION))),
    }
    if report.slow_cycles.is_some() {
        let borne = settings.unwarned_reclaim_cycles;
        log!(log, (twin::LEASES_RECLAMATION_SLOW.of(F::VERSION)), borne);
    }
    report
}

/// Forgets reclaimed leases that were remembered for their clients long enough, up to `max`.
pub fn flush_reclaimed<F: Dialect>(
    corridor: &Corridor<'_, F>,
    reclamation: &Reclamation,
    max: usize,
) -> usize {
    let (log, held) = (corridor.log, reclamation.settings.hold_reclaimed_time);
    log!(log, (twin::RECLAIMED_LEASES_DELETE.of(F::VERSION)), held);
    log!(log, (twin::DELETE_EXPIRED_RECLAIMED.of(F::VERSION)), held);
    let count = reclamation.flush(corridor.leases, corridor.now, max, |table, lease| {
        table.remove(lease.address);
        corridor.journal.append_deletion(&lease);
    });
    if count > 0 {
        log!(log, DHCPSRV_MEMFILE_DELETE_EXPIRED_RECLAIMED_START, count);
    }
    log!(log, (twin::RECLAIMED_LEASES_DELETE_COMPLETE.of(F::VERSION)), count);
    count
}

fn end<F: Dialect>(
    corridor: &Corridor<'_, F>,
    table: &mut SubnetLeases<F>,
    lease: &Lease<F>,
    remembered: Option<Lease<F>>,
) {
    let is_declined = lease.state == LeaseState::Declined;
    if !corridor.may_end(lease, is_declined, remembered.is_none()) {
        return;
    }
    tell_of_end(corridor, lease);
    match remembered {
        #[cfg(feature = "deliberate-faults")]
        Some(remembered) if kea_lease::Fault::UnrecordedReclamation.is_injected() => {
            table.put(&remembered);
        }
        Some(remembered) => {
            corridor.journal.append(&remembered);
            table.put(&remembered);
        }
        None => {
            corridor.journal.append_deletion(lease);
            table.remove(lease.address);
        }
    }
    give_up(corridor, lease);
    if lease.state == LeaseState::Declined {
        corridor.statistics.recovered(lease);
    } else {
        corridor.statistics.reclaimed(lease);
    }
    log!(corridor.log, ALLOC_ENGINE_LEASE_RECLAIMED, lease.address);
}

fn tell_of_end<F: Dialect>(corridor: &Corridor<'_, F>, lease: &Lease<F>) {
    let (log, address) = (corridor.log, lease.address);
    let owner = owner_text::<F>(&lease.owner);
    match F::VERSION {
        4 => log!(log, ALLOC_ENGINE_V4_LEASE_RECLAIM, owner, address),
        _ => log!(
            log,
            ALLOC_ENGINE_V6_LEASE_RECLAIM,
            owner,
            address,
            F::prefix_len(&F::term(&lease.owner))
        ),
    }
}

/// What is done about a lease that ended without its client's doing, besides counting it: its names
/// go, and who reads the log is told.
pub(crate) fn give_up<F: Dialect>(corridor: &Corridor<'_, F>, lease: &Lease<F>) {
    match lease.state {
        LeaseState::Declined => {
            let recovered = twin::DECLINED_RECOVERED.of(F::VERSION);
            log!(corridor.log, (recovered), lease.address, lease.valid_lifetime);
        }
        LeaseState::Assigned => corridor.names_end(lease),
        _ => {}
    }
}

/// What stays of a lease that its client gave back, for its return: it has ended now.
pub(crate) fn remembered<F: Dialect>(lease: &Lease<F>, now: i64) -> Lease<F> {
    // A row that ends nothing has a lifetime.
    let valid_lifetime = match lease.valid_lifetime {
        0 | INFINITE => 1,
        lifetime => lifetime,
    };
    Lease {
        state: LeaseState::ExpiredReclaimed,
        valid_lifetime,
        cltt: now - i64::from(valid_lifetime),
        fqdn_fwd: false,
        fqdn_rev: false,
        hostname: Box::default(),
        ..lease.clone()
    }
}
