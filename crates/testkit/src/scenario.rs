//! Exchanges written down as text, played against any server, with every answer checked.
//!
//! A file holds one scenario. A step starts in the first column; the indented lines after it belong
//! to it. `#` starts a comment line. Example:
//!
//! ```text
//! title   A client obtains an address in four messages
//! source  RFC 2131 section 3.1
//!
//! config
//!     { "subnet4": [ { "subnet": "192.0.2.0/24", "pools": [ { "pool": "192.0.2.10 - 192.0.2.20" } ] } ] }
//!
//! client A mac 02:00:00:00:00:01
//!
//! send discover A
//!     option parameter-request-list = 1,3,6
//! expect offer
//!     yiaddr 192.0.2.10
//!     no option renewal-time
//! ```
//!
//! The steps and their details are listed in `scenarios/README.md`. The server listens on `eth0` with
//! `192.0.2.1/24`, `2001:db8:1::1/64` and `fe80::1/64`. Both protocols are written down alike; what is
//! different is a [`Dialect`]. A step may begin with `@ours` or `@debian`: it then counts for that subject only,
//! which is how intended differences are written down next to what they differ from.

mod backend;
mod check;
mod dialect;
mod messages;
mod parse;
mod play;
#[cfg(test)]
mod play_tests;
mod process_backend;
mod transcript;

pub use backend::{Backend, Query, Reply, SERVER_ADDRESS, SERVER_LINK_LOCAL, SERVER_MAC};
pub use dialect::Dialect;
pub use messages::{Record, identifiers};
pub use parse::{Detail, ParseError, Scenario, Step, StepKind};
pub use play::{Mismatch, play};
pub use process_backend::ProcessBackend;
pub use transcript::{Answered, Exchange, Transcript, transcript};
