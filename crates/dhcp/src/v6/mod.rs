//! DHCPv6 exchanges (RFC 9915).

mod accept;
mod answer;
mod association;
mod carrier;
mod exchange;
mod explain;
pub(crate) mod extended_info;
mod facts;
mod hearing;
mod holdings;
mod hw_addr;
mod lease;
mod lease_query;
mod name;
mod question;
mod rank;
mod register;
mod select;
mod server_id;
mod shown;
mod terms;
#[cfg(test)]
mod tests;
mod told;
mod worker;

pub use question::ask;
pub(crate) use rank::rank;
pub(crate) use select::find;
pub use server_id::{Origin, ServerIdentity, server_identity};
pub use worker::Worker;

/// The UDP ports that answers go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// A client's: 546.
    pub client: u16,
    /// A relay's: 547.
    pub relay: u16,
    /// True when the ports were set by hand: then nothing that a query says changes them.
    pub is_fixed: bool,
}

impl Default for Ports {
    fn default() -> Self {
        Ports { client: 546, relay: 547, is_fixed: false }
    }
}

impl Ports {
    /// One port for every answer.
    pub fn fixed(port: u16) -> Self {
        Ports { client: port, relay: port, is_fixed: true }
    }
}
