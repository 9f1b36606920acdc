//! The management API (manual chapter 15): which commands there are, how they arrive, how they are answered.
//!
//! * [`COMMANDS`](commands) is the one table of all commands of the suite; `list-commands`, the check of
//!   arguments and the reference pages are read off it.
//! * A daemon fills a [`Handlers`] table, opens [`Listeners`] from its `control-sockets`, and gives every
//!   [`Call`] that comes out of [`Calls`] to the table. Calls are answered one after another, or later.
//! * Nothing here knows DHCP, and nothing touches a socket outside a tokio runtime.
#![forbid(unsafe_code)]

mod agent;
mod answer;
mod arguments;
mod calls;
mod command;
mod frame;
mod handlers;
mod http;
mod listeners;
mod reconfiguration;
mod registry;
mod seats;
mod unix;
mod whole_file;

pub use agent::{Agent, AgentConfig, Identity, Stop};
pub use answer::{Answer, NotAnAnswer, Payload, ResultCode};
pub use arguments::Arguments;
pub use calls::{Call, Calls, Origin, Replier};
pub use command::{Command, CommandError};
pub use frame::{Frame, FrameError, Framing};
pub use handlers::Handlers;
pub use http::{
    ClientError, Credentials, HttpClient, SettingsError, TlsError, check_http_socket,
    client_config, unix_request,
};
pub use listeners::{ListenError, ListenFailure, Listeners};
pub use reconfiguration::ReconfigurationError;
pub use registry::{
    Access, ArgumentError, CommandSpec, Daemon, Daemons, Field, Kind, Provider, Shape, commands,
    find, openapi, reference_page,
};
pub use whole_file::write_whole;
