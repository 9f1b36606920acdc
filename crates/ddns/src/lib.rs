//! Name change requests: what DHCP servers ask the DNS update daemon for.
//!
//! No sockets and no clock: requests are values, and octets of a datagram.
#![forbid(unsafe_code)]

mod dhcid;
mod name_change;
mod name_change_datagram;

pub use dhcid::{Dhcid, DhcidError, Identity};
pub use name_change::{ConflictResolution, NameChange, NameChangeRequest};
pub use name_change_datagram::DatagramError;
