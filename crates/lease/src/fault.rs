//! Defects on purpose. The simulator has to find each of them; that is how it is proven to find
//! anything. Compiled only with the feature `deliberate-faults`, which no program has.

use std::cell::Cell;

/// A defect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// An answer does not wait for its lease to be durable.
    AnswerBeforeCommit,
    /// The rows of some leases are never written.
    ForgottenRow,
    /// What was written counts as durable without a sync.
    SkippedSync,
    /// After a failure the rows behind the last durable one are not written again.
    NoRepair,
    /// Half a row at the end of the file is not cut off when it is read.
    TornRowKept,
    /// A lease that never reaches its end.
    IgnoredExpiry,
    /// Reserved addresses are found free.
    UnreservedAddress,
    /// A lease that is put in place of another is not taken out of the counts.
    WrongCounts,
    /// A clean-up keeps the first row of a lease, not the last.
    StaleCleanUp,
    /// An address is given although another client holds it.
    SkippedConflictCheck,
    /// A prefix is given although another client holds a part of it, or all around it.
    IgnoredOverlap,
    /// A client gets an address of whatever subnet comes first.
    SwappedSubnets,
    /// Pools are open to all classes.
    IgnoredClass,
    /// Anybody may release or decline a lease.
    ForeignRelease,
    /// A declined address is free at once.
    NoProbation,
    /// Leases are counted twice.
    DoubleCount,
    /// A renewal is not recorded.
    UnrecordedRenewal,
    /// A client is told twice the lifetime of its lease.
    WrongLifetime,
    /// A dropped query is not counted.
    UncountedDrop,
    /// Reclaimed leases are not recorded as such.
    UnrecordedReclamation,
}

impl Fault {
    /// All of them.
    pub const ALL: [Fault; 20] = [
        Fault::AnswerBeforeCommit,
        Fault::ForgottenRow,
        Fault::SkippedSync,
        Fault::NoRepair,
        Fault::TornRowKept,
        Fault::IgnoredExpiry,
        Fault::UnreservedAddress,
        Fault::WrongCounts,
        Fault::StaleCleanUp,
        Fault::SkippedConflictCheck,
        Fault::IgnoredOverlap,
        Fault::SwappedSubnets,
        Fault::IgnoredClass,
        Fault::ForeignRelease,
        Fault::NoProbation,
        Fault::DoubleCount,
        Fault::UnrecordedRenewal,
        Fault::WrongLifetime,
        Fault::UncountedDrop,
        Fault::UnrecordedReclamation,
    ];

    /// Makes this thread's decisions wrong in that way; `None` makes them right again.
    pub fn inject(fault: Option<Fault>) {
        INJECTED.set(fault);
    }

    /// True when this thread has that defect.
    pub fn is_injected(self) -> bool {
        INJECTED.get() == Some(self)
    }
}

thread_local! {
    static INJECTED: Cell<Option<Fault>> = const { Cell::new(None) };
}
