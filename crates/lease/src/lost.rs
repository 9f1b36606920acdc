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
        address: F::Addr,
        truth: Option<&Lease<F>>,
    ) {
        let mut table = leases.at(address);
        // Rows of the address are appended with its table locked.
        let upto = Ticket(last.load(Ordering::Acquire));
        match truth {
            Some(lease) => drop(table.put(lease)),
            None => drop(table.remove(address)),
        }
        let now = Instant::now();
        let mut claims = self.claims.lock();
        claims.retain(|_, (_, at)| now.duration_since(*at) < KEPT);
        claims.insert(address, (upto, now));
        self.total.fetch_add(1, Ordering::Relaxed);
        self.some.store(true, Ordering::Release);
    }

    /// True for what was decided without knowing that the claim of this address lost.
    pub fn concerns(&self, address: F::Addr, ticket: Ticket) -> bool {
        self.any() && self.claims.lock().get(&address).is_some_and(|(upto, _)| ticket <= *upto)
    }
}

/// Longer than an answer waits, or a row is on its way.
const KEPT: Duration = Duration::from_secs(300);
