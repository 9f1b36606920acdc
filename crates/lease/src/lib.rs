//! Lease records, tables, pools, expiry and the journal.
//!
//! Nothing here knows of packets. The time is always an argument.
//!
//! A worker locks the subnet of its client with [`Leases::subnet`], finds the client's lease or an
//! address, stores the lease, appends it to the [`Journal`], and unlocks; the answer leaves when the
//! journal's [`Journal::durable`] has reached the ticket it got.
#![forbid(unsafe_code)]

mod bitmap;
mod csv;
mod expiry;
mod extended_info;
#[cfg(feature = "deliberate-faults")]
mod fault;
mod file;
mod free_queue;
mod gathering;
mod index;
mod journal;
mod lease;
mod leases;
pub mod lfc;
mod load;
mod lost;
mod pool;
mod queue;
mod reading;
mod record;
mod subnet;
mod table;

pub use csv::{
    Column, Columns, Fields, Header, HeaderError, Layout, OwnerColumns, Row, RowError, header_line,
    parse_row, write_deletion, write_row,
};
pub use expiry::{CycleReport, ExpiredLeasesProcessing, Reclamation};
#[cfg(feature = "deliberate-faults")]
pub use fault::Fault;
pub use file::{FileDisk, Folder, LeaseFiles, LocalFolder};
pub use gathering::Candidate;
pub use journal::{
    Disk, Durability, EventSink, Journal, JournalEvent, JournalLimits, Nowhere, Progress, Ticket,
    Waker,
};
pub use lease::{
    HwAddrSource, INFINITE, Lease, LeaseFamily, LeaseKind, LeaseState, Preference, SubnetId,
    V4Owner, V6Owner, V6Term, no_duid,
};
pub use leases::{Leases, SubnetSpec};
pub use load::{LoadError, LoadEvent, LoadReport, load, peruse, take_in};
pub use lost::LostClaims;
pub use pool::{Allocator, PoolCounts, PoolSpec};
pub use record::no_hw_addr;
pub use subnet::{LeaseRef, Occupancy, Occupied, SubnetLeases, Vacancy};
pub use table::{LeaseCounts, LeaseKey};
