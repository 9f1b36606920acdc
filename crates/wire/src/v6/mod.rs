//! DHCPv6 messages (RFC 9915), relay envelopes and nested options.
//!
//! [`View`] reads any datagram without copying; [`Builder`] writes an answer into the caller's
//! buffer; [`Message`] is the strict, owned form for clients and tests.

mod association;
mod builder;
pub mod code;
pub mod dhcp4o6;
mod duid;
mod header;
mod leasequery;
mod message;
mod option_data;
mod options;
mod prefix_exclude;
mod view;

pub use association::{Ia, IaAddress, IaKind, IaPrefix};
pub use builder::{Builder, TooLong};
pub use duid::DuidKind;
pub use header::{MessageType, StatusCode};
pub use leasequery::{ClientData, LqQuery, LqRelayData, QueryType};
pub use message::{Message, MessageError, RelayEnvelope};
pub use option_data::{
    Auth, ClientFqdn, Codes, RemoteId, Status, Tuples, VendorClass, VendorOpts,
    client_link_layer_address,
};
pub use options::{Damage, Malformed, Options, OptionsIter};
pub use prefix_exclude::PdExclude;
pub use view::{HEADER_LEN, MAX_RELAYS, ParseError, RELAY_HEADER_LEN, Relay, View};
