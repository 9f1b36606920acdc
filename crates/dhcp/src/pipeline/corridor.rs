//! What every stage of the corridor can reach.

use kea_config::snapshot::{Dialect, Snapshot};
use kea_hooks::ParkId;
use kea_lease::{Journal, Lease, Leases, Ticket};
use kea_log::Log;

use super::arrival::Transmit;
use super::callouts::Callouts;
use super::carried::Way;
use super::in_flight::Transaction;
use super::name_change::NameChanges;
use super::statistics::Statistics;

/// The world as one query sees it: one configuration, one moment.
pub struct Corridor<'a, F: Dialect> {
    /// The configuration in force.
    pub config: &'a Snapshot<F>,
    /// The lease tables.
    pub leases: &'a Leases<F>,
    /// Where lease changes are made durable.
    pub journal: &'a Journal,
    /// What is counted.
    pub statistics: &'a Statistics<F>,
    /// Where messages go.
    pub log: &'a dyn Log,
    /// Who tells the DNS; `&()` tells nobody.
    pub name_changes: &'a dyn NameChanges,
    /// Who is asked on the way; none costs nothing.
    pub callouts: Option<Callouts<'a, F>>,
    /// Unix seconds.
    pub now: i64,
}

/// The longest that an answer may wait for its lease to be durable. Its client has asked again by
/// then, and the lease may be over, or be another client's, before a late answer promises it.
pub const MAX_ANSWER_WAIT: std::time::Duration = std::time::Duration::from_secs(8);

/// How an answer waits for hooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HookWait<F: Dialect> {
    /// Under which number.
    pub id: ParkId,
    /// The lease that it offers, where hooks may find the address in use.
    pub offered: Option<Box<Lease<F>>>,
}

/// An answer: its octets are in the buffer that the corridor was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer<F: Dialect> {
    /// Whom it is for.
    pub way: Way,
    /// Where it goes, if it is for a client.
    pub transmit: Transmit<F>,
    /// The lease change that must be durable before it leaves; ticket 0 when there is none.
    pub after: Ticket,
    /// The message type, for statistics when it leaves.
    pub message_type: u8,
    /// How it waits for hooks, if it does.
    pub parked: Option<HookWait<F>>,
    /// The transaction that it ends.
    pub transaction: Transaction,
}
