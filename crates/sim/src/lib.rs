//! The deterministic simulator: clients, relays, links, a server's workers, its journal and a disk
//! that fails, in one process with one virtual clock, all of it following from a seed.
//!
//! The engine, the journal, the loader, the clean-up and the reading of configurations are the real
//! ones. What is simulated is what surrounds them. [`run`] plays a seed and watches what must
//! always hold (see [`Violation`]); a seed that fails is played again by [`story`], which tells what
//! happened to the address and the client concerned.
#![forbid(unsafe_code)]

mod audit;
mod client;
pub mod corpus;
mod disk;
mod judge;
mod link;
mod log;
mod mishap;
mod oracle;
mod plan;
mod profile;
mod protocol;
mod random;
mod room;
mod run;
mod server;
mod silence;
mod storage;
mod v4;
mod v6;
mod world;

pub use oracle::{Rule, Violation};
pub use profile::Profile;
pub use protocol::Protocol;
pub use room::Room;
pub use run::{Report, Settings, Story, Tally, run, story};
