//! The message catalogue, loggers and their outputs.
//!
//! * A [`Message`] is a row of the catalogue: identifier, severity, debug level, logger, text with `%1`…`%n`.
//!   All rows are statics in [`message`]; rows that DHCPv4 and DHCPv6 share are also in [`message::twin`].
//! * [`Log`] is what code that decides things is given: [`log!`] asks it whether a message is enabled and only
//!   then takes its arguments, as values ([`Argument`]). [`Captured`] records events for tests and simulations, [`Silent`] discards them.
//! * [`Logging`] is the process-wide backend: loggers tree, outputs, a bounded queue and a writer thread. Its
//!   [`Handle`]s are what the servers pass down.
#![forbid(unsafe_code)]

mod argument;
mod backend;
mod catalogue;
mod client_label;
mod config;
mod digits;
mod environment;
mod levels;
mod log;
mod message_row;
mod output;
mod pattern;
mod queue;
mod record;
mod redact;
mod text_buffer;
mod visible;
mod writer;

pub use argument::Argument;
#[doc(hidden)]
pub use argument::{AsText, AsValue, Given};
pub use backend::{Handle, Logging, LoggingOptions, Overload};
pub use catalogue::{CATALOGUE, find_message, message, reference_page};
pub use client_label::ClientLabel;
pub use config::{
    DEFAULT_MAX_SIZE, LoggerConfig, LoggingError, MIN_ROTATED_SIZE, OutputConfig, Program,
};
pub use environment::{Environment, startup_output};
pub use levels::{Severity, Threshold, UnknownSeverity};
pub use log::{Captured, Event, Log, Silent};
pub use message_row::{Component, Message, Twin};
pub use output::{Destination, Facility};
pub use pattern::{Pattern, PatternError};
pub use redact::{REDACTED, is_secret_key, redact_access_string, redact_json};
