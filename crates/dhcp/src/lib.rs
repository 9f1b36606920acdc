//! The corridor from query to answer, for both protocols.
//!
//! A query walks down one corridor: accepted, identified, classified, placed in a subnet, matched
//! with a reservation, given a lease, answered. Everything here is synchronous and pure: there is no
//! socket, file, clock or thread. `now` comes in as an argument, leases live behind the tables of
//! `kea-lease`, and what must be durable before an answer leaves is named by the ticket that comes
//! with it.
#![forbid(unsafe_code)]

pub mod pipeline;
mod serving;
pub mod v4;
pub mod v6;
mod worker;

pub use serving::Serving;
pub use worker::{Ports, Worker};
