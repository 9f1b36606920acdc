//! What a scenario needs of a server, whether it is a process or an engine in this one.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use serde_json::Value;

use crate::control::Answer;
use crate::frame::Frame;
use crate::lease_file::LeaseRow;

/// The hardware address of the server's interface.
pub const SERVER_MAC: [u8; 6] = [0x02, 0, 0, 0, 0xfe, 0x01];
/// The IPv4 address of the server's interface.
pub const SERVER_ADDRESS: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
/// The link-local address of the server's interface.
pub const SERVER_LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

/// What a client or relay sends.
pub type Query = Frame;
/// What the server sends.
pub type Reply = Frame;

/// A server that scenarios are played against.
///
/// The server's interface is `eth0` with `192.0.2.1/24`, `2001:db8:1::1/64` and `fe80::1/64`. Time stands still between steps as far as
/// leases are concerned, and moves by [`Self::advance`].
///
/// [`ProcessBackend`](crate::scenario::ProcessBackend) is a whole process. An engine that runs inside the
/// test implements this in its own crate, with the test kit as a dev-dependency.
pub trait Backend {
    /// `ours` or `debian`: which `@` steps count.
    fn subject_word(&self) -> &'static str;

    /// Starts with these members of the server's configuration object put over the base one.
    /// The inner error is the text with which the server refused them.
    fn start(&mut self, config: &Value) -> io::Result<Result<(), String>>;

    /// Replaces the configuration of the running server. The inner error as in [`Self::start`].
    fn reconfigure(&mut self, config: &Value) -> io::Result<Result<(), String>>;

    /// Ends the server without warning and starts it with the same files.
    fn restart(&mut self) -> io::Result<()>;

    /// Delivers a frame to the server's interface.
    fn send(&mut self, query: &Query) -> io::Result<()>;

    /// The next frame the server sent; `None` when it is through with all queries and sent no more.
    fn receive(&mut self) -> io::Result<Option<Reply>>;

    /// The next frame the server sends, when one must come: its lease may have a long way to the disk.
    fn await_answer(&mut self) -> io::Result<Option<Reply>> {
        self.receive()
    }

    /// Returns when every query sent so far has been dealt with.
    fn settle(&mut self) -> io::Result<()>;

    /// Moves the server's clock forward.
    fn advance(&mut self, seconds: u32) -> io::Result<()>;

    /// A command of the management API, as JSON text.
    fn command(&mut self, command: &Value) -> io::Result<Answer>;

    /// The leases that a restart would find, by address.
    fn leases(&mut self) -> io::Result<BTreeMap<String, LeaseRow>>;

    /// A place in the log.
    fn log_mark(&mut self) -> usize;

    /// The log lines since that place.
    fn log_since(&mut self, mark: usize) -> Vec<String>;

    /// Whether a message with this identifier is in the log since that place, or comes at once.
    fn logged(&mut self, mark: usize, identifier: &str) -> bool {
        let wanted = format!("{identifier} ");
        self.log_since(mark).iter().any(|line| line.contains(&wanted))
    }
}
