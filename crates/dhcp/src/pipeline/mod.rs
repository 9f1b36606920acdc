//! What the corridor shares between the protocols.

mod arrival;
mod classify;
mod code_set;
mod corridor;
mod drop;
mod place;
mod reclaim;
mod reserve;
mod scopes;
mod statistics;

pub use arrival::{Arrival, Transmit};
pub use classify::Classifier;
pub use code_set::CodeSet;
pub use corridor::{Answer, Corridor};
pub use drop::{Drop, Unreadable};
pub use place::{Ground, Place, is_let_in};
pub use reclaim::{flush_reclaimed, reclaim};
pub use reserve::{Identified, Reserved};
pub use scopes::Scopes;
pub use statistics::{Counted, Statistics, recount};
