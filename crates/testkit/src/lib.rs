//! The test network, clients, the side-by-side server and the scenario runner.
//!
//! Everything here runs against whole processes in network namespaces of its own, so it needs root
//! and Linux. Nothing of the server's code is used: packets are built and read by a second, small
//! codec, so that a mistake in the server's own cannot hide itself.
//!
//! Which server is tested is chosen by `KEA_UNDER_TEST`: `ours` (the default; programs are taken
//! from `KEA_BIN_DIR`, or the target directory the test was built in) or `debian` (`/usr/sbin`).
#![forbid(unsafe_code)]

mod capture;
mod case;
mod clients;
mod clock;
mod control;
mod database;
mod frame;
mod lab;
mod lease_file;
mod load;
mod log_line;
mod neighbour;
mod option_text;
mod packet;
mod process;
mod raw_client;
pub mod scenario;
mod server;
mod small_disk;
mod subject;

pub use capture::{Capture, CapturedFrames};
pub use case::Case;
pub use clients::{
    Client, Client6, ClientLease, Dhclient, Dhcpcd, Dhcrelay, Program6, Udhcpc, Wants,
    lossless_perfdhcp,
};
pub use clock::FakeClock;
pub use control::{Answer, ControlSocket};
pub use database::{DatabaseProduct, DatabaseRow, DatabaseServer};
pub use frame::{Frame, FrameError};
pub use lab::{Lab, Netns};
pub use lease_file::{LeaseRow, read_lease_file};
pub use load::{Acknowledged, Load, LoadInBackground, Outcome, first_query};
pub use log_line::LogLine;
pub use option_text::{OptionNames, OptionTextError};
pub use packet::v4::{MessageType, Packet4};
pub use packet::{Message, PacketError, v6};
pub use process::Captured;
pub use raw_client::{RawClient, RawClient4, RawClient6};
pub use server::{Refusal, Server, ServerSetup};
pub use small_disk::SmallDisk;
pub use subject::Subject;
