//! DHCPv4 exchanges (RFC 2131).

mod accept;
mod answer;
mod carried;
mod destination;
mod exchange;
mod explain;
pub(crate) mod extended_info;
mod facts;
mod lease;
mod lease_query;
mod name;
mod question;
mod rank;
mod select;
mod shown;
mod worker;

pub use question::ask;
pub(crate) use rank::rank;
pub(crate) use select::{find, find_over_v6};
pub use worker::Worker;

/// The UDP ports that answers go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// A client's: 68.
    pub client: u16,
    /// A relay's: 67.
    pub relay: u16,
}

impl Default for Ports {
    fn default() -> Self {
        Ports { client: 68, relay: 67 }
    }
}
