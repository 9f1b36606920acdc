//! Interfaces, sockets and worker loops.
//!
//! A [`Service`] follows the host's interfaces, keeps the sockets open that a [`Listen`] asks for,
//! and gives what they receive to one [`Handler`] per worker thread, in batches. It knows nothing
//! of DHCP but where in a message the client's identity stands, by which the kernel deals
//! datagrams to workers.
//!
//! This is the only crate of the project, besides the loader of hook libraries, with `unsafe` code.

mod bpf;
mod counters;
mod datagram;
mod interface;
mod netlink;
mod outbox;
mod plan;
mod selection;
mod service;
mod socket;
mod sys;
mod system_calls;
mod waker;
mod worker;

pub use counters::Counters;
pub use datagram::{Arrival, Datagram, Delivery, Destination, Now};
pub use interface::{Interface, InterfaceAddress, InterfaceEvent, Interfaces};
pub use netlink::Watcher;
pub use outbox::Outbox;
pub use plan::{
    ALL_DHCP_RELAY_AGENTS_AND_SERVERS, ALL_DHCP_SERVERS, Channel, Difference, Listen, Mode, Plan,
    SocketKey, SocketKind, plan, transaction_worker,
};
pub use selection::{Entry, Selection, SelectionError};
pub use service::{Service, ServiceEvent, ServiceOptions, WorkerId};
pub use socket::{OpenError, OpenFailure};
pub use system_calls::forbid_system_calls;
pub use waker::Waker;
pub use worker::Handler;

/// The most datagrams that are received, or sent, with one system call.
pub const BATCH: usize = 32;
