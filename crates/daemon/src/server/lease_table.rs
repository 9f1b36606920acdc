//! Leases in a database of MySQL or PostgreSQL.

use std::sync::Arc;
use std::time::{Duration, Instant};

use kea_config::Snapshot;
use kea_config::snapshot::{Database, DatabaseKind};
use kea_dhcp::Serving;
use kea_lease::{
    Candidate, Durability, EventSink, Journal, JournalEvent, JournalLimits, Leases, LostClaims,
    Waker,
};
use kea_log::message::twin;
use kea_log::{Handle, log};
use kea_sql::{Access, LeaseEvent, LeaseRows, LeaseTable};

use super::attempts::Attempts;
use super::outage::Outage;
use super::sanity;

/// Opens the database and loads its leases.
///
/// # Errors
/// A text for the operator: which database, and what is wrong with it.
pub(super) fn open<F: Serving + LeaseRows>(
    config: &Snapshot<F>,
    database: &Database,
    leases: &Arc<Leases<F>>,
    lost: &Arc<LostClaims<F>>,
    waker: Waker,
    outage: &Arc<Outage>,
    logger: &Handle,
) -> Result<Journal, String> {
    let access = Access::from(database);
    let shown = format_args!("{access} universe={}", F::VERSION);
    match access.kind() {
        DatabaseKind::Mysql => log!(logger, DHCPSRV_MYSQL_DB, shown),
        DatabaseKind::Postgresql => log!(logger, DHCPSRV_PGSQL_DB, shown),
    }
    let attempts = Attempts::for_leases(access.kind());
    let table = attempts.open(&access, logger, || {
        let admit = |lease: &mut Candidate<'_, F>| sanity::admit(config, logger, lease);
        LeaseTable::open(&access, leases, lost, admit, lease_events(logger.clone()))
    });
    let table = table.map_err(|error| {
        format!("the lease database cannot be opened: {}: {error}", access.place())
    })?;
    let mut limits = JournalLimits::default();
    if database.reconnect_wait_ms > 0 {
        limits.retry_after = Duration::from_millis(database.reconnect_wait_ms.into());
    }
    let events = journal_events::<F>(logger.clone(), attempts, Arc::clone(outage), limits);
    Ok(Journal::new(Box::new(table), 0, Durability::PowerLoss, limits, waker, events))
}

fn lease_events<F: Serving + LeaseRows>(logger: Handle) -> kea_sql::LeaseEventSink<F> {
    Box::new(move |event| match event {
        LeaseEvent::Unreadable(address, error) => {
            log!(logger, DHCPSRV_SQL_LEASE_UNREADABLE, address, F::TABLE, error);
        }
        LeaseEvent::Lost(address) => {
            log!(logger, DHCPSRV_SQL_LEASE_CHANGED_BY_OTHERS, address, F::TABLE);
        }
        LeaseEvent::Refused(address, why) => {
            log!(logger, DHCPSRV_SQL_LEASE_REFUSED, address, F::TABLE, why);
        }
        LeaseEvent::Reopened => {
            log!(logger, (twin::DB_RECONNECT_LOST_CONNECTION.of(F::VERSION)));
            log!(logger, (twin::DB_RECONNECT_SUCCEEDED.of(F::VERSION)));
        }
    })
}

fn journal_events<F: Serving>(
    logger: Handle,
    attempts: Attempts,
    outage: Arc<Outage>,
    limits: JournalLimits,
) -> EventSink {
    let wait = limits.retry_after.as_millis();
    Box::new(move |event| match event {
        JournalEvent::WriteFailed(error)
        | JournalEvent::SyncFailed(error)
        | JournalEvent::TruncateFailed(error) => {
            let (limit, before) = (outage.attempts(), outage.failures());
            if before == 0 {
                log!(logger, (twin::DB_RECONNECT_LOST_CONNECTION.of(F::VERSION)));
            }
            // Each attempt that is counted is told; of those without end, what is new.
            let is_news = outage.failed(&error.to_string(), Instant::now());
            if limit.is_some() || is_news {
                attempts.tell_failed(&logger, &error);
            }
            match limit {
                Some(0) => log!(logger, (twin::DB_RECONNECT_DISABLED.of(F::VERSION)), 0, wait),
                Some(most) if before >= most => attempts.tell_exhausted(&logger, most),
                Some(most) => attempts.tell_next(&logger, before + 1, most, wait),
                None => {}
            }
        }
        JournalEvent::Recovered => {
            outage.ended();
            log!(logger, (twin::DB_RECONNECT_SUCCEEDED.of(F::VERSION)));
        }
        // Nothing is put aside.
        JournalEvent::Rotated | JournalEvent::RotateFailed(_) => {}
    })
}
