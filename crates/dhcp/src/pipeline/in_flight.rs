//! Transactions whose answers are made but have not left: a repetition meanwhile gets no second one.

use std::hash::{BuildHasher as _, Hasher as _};

use foldhash::fast::FixedState;
use hashbrown::HashMap;

/// A client's transaction, by which a repetition is known from a new query.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Transaction(u64);

/// The transactions of one worker whose answers wait, for the disk or for hooks. One client's
/// queries come to one worker.
#[derive(Debug, Default)]
pub struct InFlight {
    /// How many answers of each wait.
    waiting: HashMap<Transaction, u32, FixedState>,
}

impl Transaction {
    /// Of its number, and what its client is known by.
    pub(crate) fn new(xid: u32, identifier: &[u8], hw_addr: &[u8]) -> Self {
        let mut hasher = FixedState::default().build_hasher();
        hasher.write_u32(xid);
        hasher.write(identifier);
        hasher.write(hw_addr);
        Transaction(hasher.finish())
    }
}

impl InFlight {
    /// An answer waits.
    pub fn begin(&mut self, transaction: Transaction) {
        *self.waiting.entry(transaction).or_insert(0) += 1;
    }

    /// An answer has left, or never will.
    pub fn end(&mut self, transaction: Transaction) {
        if let Some(count) = self.waiting.get_mut(&transaction) {
            *count -= 1;
            if *count == 0 {
                self.waiting.remove(&transaction);
            }
        }
    }

    /// The thread that serves a client and all its repetitions, for the log.
    pub(crate) fn thread() -> impl std::fmt::Display {
        std::fmt::from_fn(|f| f.write_str(std::thread::current().name().unwrap_or("unnamed")))
    }

    /// True while an answer waits.
    pub(crate) fn contains(&self, transaction: Transaction) -> bool {
        !self.waiting.is_empty() && self.waiting.contains_key(&transaction)
    }
}
