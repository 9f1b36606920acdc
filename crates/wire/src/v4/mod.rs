//! DHCPv4 messages (RFC 2131) and their options area (RFC 2132, RFC 3396).
//!
//! [`View`] reads any packet without copying; [`Builder`] writes an answer into the caller's
//! buffer; [`Message`] is the strict, owned form for clients and tests.

mod builder;
pub mod code;
mod header;
mod message;
mod options;
mod relay_agent;
mod view;

pub use builder::{Builder, Emitted};
pub use header::{BROADCAST_FLAG, HEADER_LEN, MAGIC_COOKIE, MIN_BOOTP_LEN, MessageType, Op};
pub use message::{Message, MessageError};
pub use options::{Area, Damage, Options, Overload, Padding, SubOptions};
pub use relay_agent::RelayAgentInfo;
pub use view::{ParseError, View};
