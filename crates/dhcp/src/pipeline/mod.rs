//! What the corridor shares between the protocols.

mod arrival;
mod chance;
mod classify;
mod client_name;
mod corridor;
mod drop;
mod exhausted;
pub mod explain;
mod locate;
mod name_change;
mod option_text;
mod place;
mod question;
mod reclaim;
mod reserve;
mod scopes;
mod statistics;

pub use arrival::{Arrival, Transmit};
pub use chance::Chance;
pub use classify::Classifier;
pub use client_name::{ContradictoryFlags, FinalDot, LeaseName, NamePolicy};
pub use corridor::{Answer, Corridor, MAX_ANSWER_WAIT};
pub use drop::{Drop, Unreadable};
pub use locate::Located;
pub use name_change::{NameChanges, QueueFull};
pub(crate) use option_text::write_option_text;
pub use place::{Ground, Place, is_let_in};
pub use question::{Question, Unaskable};
pub use reclaim::{flush_reclaimed, reclaim};
pub(crate) use reclaim::{give_up, remembered};
pub use reserve::{Identified, Reserved};
pub use scopes::Scopes;
pub use statistics::{Counted, Statistics, recount};
