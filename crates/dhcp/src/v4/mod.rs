//! DHCPv4 exchanges (RFC 2131).

mod accept;
mod answer;
mod carried;
mod destination;
mod exchange;
mod explain;
pub(crate) mod extended_info;
mod facts;
mod holdings;
mod lease;
mod lease_query;
mod name;
mod question;
mod rank;
mod select;
mod shown;
mod worker;

pub(crate) use holdings::decline_offer;
pub use question::ask;
pub(crate) use rank::rank;
pub(crate) use select::{find, find_over_v6};
