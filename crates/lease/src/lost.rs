//! Claims that lost: where several servers keep their leases in one place, another may have been first.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hashbrown::HashMap;
use parking_lot::Mutex;

use crate::journal::Ticket;
use crate::lease::{Lease, LeaseFamily};
use crate::leases::Leases;

/// The addresses of claims that lost, each with the last row that was decided without knowing. Answers
/// that grant one of them after a row up to that one must not leave.
#[derive(Debug)]
pub struct LostClaims<F: LeaseFamily> {
    some: AtomicBool,
    total: AtomicU64,
    claims: Mutex<HashMap<F::Addr, (Ticket, Instant)>>,
}

impl<F: LeaseFamily> Default for LostClaims<F> {
    fn default() -> Self {
        LostClaims {
            some: AtomicBool::new(false),
            total: AtomicU64::new(0),
            claims: Mutex::default(),
        }
    }
}

impl<F: LeaseFamily> LostClaims<F> {
    /// True when there are some. Cheap.
    pub fn any(&self) -> bool {
        self.some.load(Ordering::Acquire)
    }

    /// As many as there have been.
    pub fn total(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }

    /// The claim of an address lost: from now on its lease in memory is what `truth` says, and rows that
    /// were decided before do not count.
    pub fn lose(
        &self,
        leases: &Leases<F>,
        last: &AtomicU64,
        (address, truth): (F::Addr, Option<&Lease<F>>),
        now: Instant,
    ) {
        let mut table = leases.at(address);
        // Rows of the address are appended with its table locked.
        let upto = Ticket(last.load(Ordering::Acquire));
        match truth {
            Some(lease) => drop(table.put(lease)),
            None => drop(table.remove(address)),
        }
        let mut claims = self.claims.lock();
        claims.insert(address, (upto, now));
        self.total.fetch_add(1, Ordering::Relaxed);
        self.some.store(true, Ordering::Release);
    }

    /// Forgets claims of which no row is on its way any more, since all up to `durable` are written, and
    /// no answer waits.
    pub fn forget(&self, durable: Ticket, now: Instant) {
        if !self.any() {
            return;
        }
        let mut claims = self.claims.lock();
        let is_young = |at: Instant| now.saturating_duration_since(at) < ANSWERED;
        claims.retain(|_, (upto, at)| *upto > durable || is_young(*at));
        self.some.store(!claims.is_empty(), Ordering::Release);
    }

    /// True for what was decided without knowing that the claim of this address lost.
    pub fn concerns(&self, address: F::Addr, ticket: Ticket) -> bool {
        self.any() && self.claims.lock().get(&address).is_some_and(|(upto, _)| ticket <= *upto)
    }
}

/// Longer than an answer waits.
const ANSWERED: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;
    use kea_wire::V4;

    #[test]
    fn a_claim_is_forgotten_when_its_rows_are_written_and_its_answers_gone() {
        let (leases, lost) = (Leases::<V4>::new(), LostClaims::default());
        let (last, begin, address) = (AtomicU64::new(5), Instant::now(), [10, 0, 0, 1].into());
        lost.lose(&leases, &last, (address, None), begin);
        let known = || lost.concerns(address, Ticket(5));
        assert!(known() && !lost.concerns(address, Ticket(6)));
        lost.forget(Ticket(4), begin + 2 * ANSWERED);
        assert!(known(), "a row is on its way");
        lost.forget(Ticket(5), begin + ANSWERED / 2);
        assert!(known(), "an answer may wait");
        lost.forget(Ticket(5), begin + ANSWERED);
        assert!(!known() && !lost.any());
        assert_eq!(lost.total(), 1);
    }
}
