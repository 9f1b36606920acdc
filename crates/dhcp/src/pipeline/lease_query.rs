//! Leasequery, as far as both protocols have it in common (RFC 4388, RFC 5007): who may ask, which
//! leases count, and what is left of their times.

use std::fmt::Display;

use kea_config::snapshot::Dialect;
use kea_hooks::LeaseQueryTerms;
use kea_lease::{INFINITE, Lease, LeaseFamily, LeaseState};
use kea_log::log;
use kea_log::message::twin;

use super::corridor::Corridor;
use super::drop::Drop;

impl<'s, F: Dialect> Corridor<'s, F> {
    /// On which terms leasequeries are answered, if they are.
    pub(crate) fn lease_query_terms(&self) -> Option<&'s LeaseQueryTerms<F>> {
        self.callouts?.hooks.lease_query()
    }

    /// Tells of a leasequery, and refuses those of whom the configuration does not name.
    pub(crate) fn admit_requester(
        &self,
        terms: &LeaseQueryTerms<F>,
        requester: F::Addr,
        interface: &str,
    ) -> Result<(), Drop<F>> {
        log!(self.log, (twin::LEASE_QUERY_RECEIVED.of(F::VERSION)), requester, interface);
        if terms.admit(requester) { Ok(()) } else { Err(Drop::UnknownRequester { requester }) }
    }

    /// Tells why a leasequery gets no answer.
    pub(crate) fn tell_unanswered(&self, requester: F::Addr, reason: &Drop<F>) {
        log!(self.log, (twin::LEASE_QUERY_PROCESS_FAILED.of(F::VERSION)), requester, reason);
    }

    /// Tells what a leasequery is answered.
    pub(crate) fn tell_answered(&self, requester: F::Addr, answer: &dyn Display) {
        log!(self.log, (twin::LEASE_QUERY_RESPONSE_SENT.of(F::VERSION)), requester, answer);
    }
}

/// True for a lease that somebody has.
pub(crate) fn is_active<F: LeaseFamily>(lease: &Lease<F>, now: i64) -> bool {
    lease.state == LeaseState::Assigned && !lease.is_expired(now)
}

/// Seconds since the client of a lease was last heard of; 0 if that lies ahead.
pub(crate) fn elapsed<F: LeaseFamily>(lease: &Lease<F>, now: i64) -> u32 {
    let seconds = now.saturating_sub(lease.cltt).max(0);
    u32::try_from(seconds).unwrap_or(u32::MAX)
}

/// What is left of so many seconds; all of what never ends. `None` when they are over.
pub(crate) fn left(seconds: u32, elapsed: u32) -> Option<u32> {
    if seconds == INFINITE { Some(INFINITE) } else { seconds.checked_sub(elapsed) }
}
