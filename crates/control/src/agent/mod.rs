//! The control agent: one HTTP(S) socket in front of the UNIX sockets of several servers (manual chapter
//! "Control Agent").

mod configuration;
mod forward;
mod own;

pub use configuration::AgentConfig;
pub use own::{Agent, Identity, Stop};
