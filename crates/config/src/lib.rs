//! The configuration language: document, schema, diagnostics and snapshot.
//!
//! Text becomes a [`Document`] with positions; the schema says what may stand where; the snapshot is the
//! immutable value the servers work from. Nothing here touches a file, a socket or a clock, except
//! [`document::Files`], which reads files.
#![forbid(unsafe_code)]

mod change;
mod diagnostics;
pub mod document;
mod load;
mod render;
pub mod schema;
pub mod snapshot;

pub use change::{Change, ChangeError, Changed, DeltaError, Members, Stored};
pub use diagnostics::{Diagnostic, Diagnostics, Severity};
pub use document::Document;
pub use load::{IdentifierFault, ReservationReader, UnreadReservation, load};
pub use snapshot::Snapshot;
