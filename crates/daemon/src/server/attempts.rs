//! Attempts to reach a database: what is told of them, and those that are made at start.

use std::fmt::Display;
use std::thread::sleep;
use std::time::Duration;

use kea_config::snapshot::DatabaseKind::{self, Mysql, Postgresql};
use kea_log::message::{self, twin};
use kea_log::{Handle, Message, log};
use kea_sql::{Access, Error};

/// What is told of attempts to reach a database, by what it is for.
#[derive(Clone, Copy)]
pub(super) struct Attempts {
    failed: &'static Message,
    next: &'static Message,
    exhausted: &'static Message,
}

impl Attempts {
    pub(super) fn for_leases(kind: DatabaseKind) -> Self {
        match kind {
            Mysql => Attempts {
                failed: &message::DHCPSRV_MYSQL_LEASE_DB_RECONNECT_ATTEMPT_FAILED,
                next: &message::DHCPSRV_MYSQL_LEASE_DB_RECONNECT_ATTEMPT_SCHEDULE,
                exhausted: &message::DHCPSRV_MYSQL_LEASE_DB_RECONNECT_FAILED,
            },
            Postgresql => Attempts {
                failed: &message::DHCPSRV_PGSQL_LEASE_DB_RECONNECT_ATTEMPT_FAILED,
                next: &message::DHCPSRV_PGSQL_LEASE_DB_RECONNECT_ATTEMPT_SCHEDULE,
                exhausted: &message::DHCPSRV_PGSQL_LEASE_DB_RECONNECT_FAILED,
            },
        }
    }

    pub(super) fn for_hosts(kind: DatabaseKind) -> Self {
        match kind {
            Mysql => Attempts {
                failed: &message::DHCPSRV_MYSQL_HOST_DB_RECONNECT_ATTEMPT_FAILED,
                next: &message::DHCPSRV_MYSQL_HOST_DB_RECONNECT_ATTEMPT_SCHEDULE,
                exhausted: &message::DHCPSRV_MYSQL_HOST_DB_RECONNECT_FAILED,
            },
            Postgresql => Attempts {
                failed: &message::DHCPSRV_PGSQL_HOST_DB_RECONNECT_ATTEMPT_FAILED,
                next: &message::DHCPSRV_PGSQL_HOST_DB_RECONNECT_ATTEMPT_SCHEDULE,
                exhausted: &message::DHCPSRV_PGSQL_HOST_DB_RECONNECT_FAILED,
            },
        }
    }

    pub(super) fn for_configuration(kind: DatabaseKind, version: u8) -> Self {
        match kind {
            Mysql => Attempts {
                failed: twin::MYSQL_CB_RECONNECT_ATTEMPT_FAILED.of(version),
                next: twin::MYSQL_CB_RECONNECT_ATTEMPT_SCHEDULE.of(version),
                exhausted: twin::MYSQL_CB_RECONNECT_FAILED.of(version),
            },
            Postgresql => Attempts {
                failed: twin::PGSQL_CB_RECONNECT_ATTEMPT_FAILED.of(version),
                next: twin::PGSQL_CB_RECONNECT_ATTEMPT_SCHEDULE.of(version),
                exhausted: twin::PGSQL_CB_RECONNECT_FAILED.of(version),
            },
        }
    }

    pub(super) fn tell_failed(self, logger: &Handle, error: &dyn Display) {
        log!(logger, (self.failed), error);
    }

    /// Which attempt comes after how many milliseconds.
    pub(super) fn tell_next(self, logger: &Handle, attempt: u32, most: u32, wait: impl Display) {
        log!(logger, (self.next), attempt, most, wait);
    }

    /// So many were made in vain.
    pub(super) fn tell_exhausted(self, logger: &Handle, most: u32) {
        log!(logger, (self.exhausted), most);
    }

    /// Opens a database that is needed at start; where that is configured (`retry-on-startup`), tries as
    /// often as after a loss.
    ///
    /// # Errors
    /// That of the last attempt, or of the first that another one could not mend.
    pub(super) fn open<T>(
        self,
        access: &Access,
        logger: &Handle,
        mut open: impl FnMut() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let configured = access.configured();
        let wait = configured.reconnect_wait_ms;
        let is_patient = configured.retry_on_startup && wait > 0;
        let most = if is_patient { configured.max_reconnect_tries } else { 0 };
        for attempt in 1..=most {
            match open() {
                Err(error) if error.is_lost() => {
                    self.tell_failed(logger, &error);
                    self.tell_next(logger, attempt, most, wait);
                    sleep(Duration::from_millis(wait.into()));
                }
                opened => return opened,
            }
        }
        let opened = open();
        if most > 0 && opened.as_ref().is_err_and(Error::is_lost) {
            self.tell_exhausted(logger, most);
        }
        opened
    }
}
