//! MySQL, MariaDB and PostgreSQL: connections, and what is kept there.
//!
//! Calls block. Each use of a database has a thread of its own; no thread that answers queries comes
//! here.
#![forbid(unsafe_code)]

mod access;
pub mod configuration;
mod database;
mod error;
pub mod hosts;
mod leases;
mod mysql;
mod postgresql;
mod tls;
mod value;

pub use access::Access;
pub use database::{Database, SchemaVersion};
pub use error::Error;
pub use leases::{LeaseEvent, LeaseEventSink, LeaseRows, LeaseTable, Unreadable};
pub use value::{Row, Value};
