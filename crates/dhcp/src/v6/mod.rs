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
