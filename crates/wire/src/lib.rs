//! DHCPv4 and DHCPv6 messages, options, relay envelopes and link framing.
//!
//! Two levels: a lenient, borrowed *view* of any packet ever seen, after whose checked construction
//! no accessor panics, and a strict, owned *message* to build answers from. No I/O, no clock.
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(clippy::indexing_slicing, clippy::unwrap_used, clippy::expect_used, clippy::panic)
)]

mod family;
pub mod frame;
mod identity;
pub mod v4;
pub mod v6;
mod wire_enum;

pub use family::{Address, Family, Prefix, PrefixError, V4, V6};
pub use identity::{
    ClientId, ColonHexError, Duid, Hex, HwAddr, Iaid, parse_colon_hex, write_colon_hex,
};
