//! perfdhcp, the load generator for DHCP servers: the same options and reports, and besides that
//! latency percentiles, JSON, several threads, a number of exchanges kept in flight, and a search
//! for the highest rate that a server sustains.
//!
//! [`parse`] reads the command line, [`run`] does the rest. The scenarios are deterministic machines
//! that are told the time; sockets are those of `kea-net`.
#![forbid(unsafe_code)]

mod args;
mod client;
mod exchange;
mod message;
mod report;
mod run;
mod scenario;
mod search;
mod template;
mod transactions;
mod transport;

pub use args::{
    ArgumentError, Command, ExtraOption, LeaseType, MaxDrop, Mode, Options, Protocol, Scenario,
    Search, SecondOffsets, Server, USAGE, parse,
};
pub use client::{Clients, ListError};
pub use exchange::{Delays, Exchange, LeaseRow, Leased, Tally};
pub use report::{as_json, exchanges, header, last};
pub use run::{RunError, Status, run, status};
pub use scenario::{ExitReason, Results};
pub use search::{Attempt, search};
pub use template::{Template, TemplateError};
pub use transport::{Path, TransportError};
