//! What the corridor shares between the protocols.

mod arrival;
mod backlog;
mod callouts;
mod chance;
mod classify;
mod client_name;
mod corridor;
mod drop;
mod exhausted;
mod in_flight;
mod locate;
mod name_change;
mod place;
mod reclaim;
mod reserve;
mod scopes;
mod statistics;
mod traffic;

pub use arrival::{Arrival, Transmit};
pub use backlog::{Backlog, LetGo, Rank, Urgency};
pub(crate) use callouts::asked;
pub use callouts::{Callouts, leaves};
pub use chance::Chance;
pub use classify::Classifier;
pub use client_name::{ContradictoryFlags, FinalDot, LeaseName, NamePolicy};
pub use corridor::{Answer, Corridor, MAX_ANSWER_WAIT};
pub use drop::{Drop, Unreadable};
pub use in_flight::{InFlight, Transaction};
pub use locate::Located;
pub use name_change::{NameChanges, QueueFull};
pub use place::{Ground, Place, is_let_in};
pub use reclaim::{flush_reclaimed, reclaim};
pub(crate) use reclaim::{give_up, remembered};
pub use reserve::{Identified, Reserved};
pub use scopes::Scopes;
pub use statistics::{Counted, Statistics, recount};
