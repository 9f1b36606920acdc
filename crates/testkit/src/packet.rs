//! Messages of both protocols, built and read without the server's codec.

pub(crate) mod v4;
pub mod v6;

use std::fmt;

use crate::frame::Frame;
use crate::option_text::OptionNames;

/// A message of one of the two protocols: what clients, scenarios and loads need to know of it.
pub trait Message: Clone + fmt::Debug + Sized + Send + 'static {
    /// 4 or 6, as in the names of programs, log messages and statistics.
    const VERSION: u8;
    /// The UDP port of servers.
    const SERVER_PORT: u16;
    /// Names and formats of options.
    const OPTIONS: OptionNames;

    /// The type of a message.
    type Kind: Copy + PartialEq + fmt::Debug + fmt::Display;

    /// The type of this lower-case name: `discover`, or a number.
    fn kind_named(name: &str) -> Option<Self::Kind>;

    /// The type of this message; `None` for BOOTP.
    fn kind(&self) -> Option<Self::Kind>;

    /// The transaction.
    fn xid(&self) -> u32;

    /// The bytes.
    fn encode(&self) -> Vec<u8>;

    /// Reads a message strictly.
    fn decode(bytes: &[u8]) -> Result<Self, PacketError>;

    /// Every value of an option, pieces of one value joined.
    fn options_of(&self, code: u16) -> Vec<Vec<u8>>;

    /// The codes of all options, in order.
    fn option_codes(&self) -> Vec<u16>;

    /// Adds an option.
    fn push_option(&mut self, code: u16, data: &[u8]);

    /// Removes every option of this code.
    fn remove_option(&mut self, code: u16);

    /// How a client without an address sends it: to all servers on its link.
    fn to_all(&self) -> Frame;

    /// The server's message in a frame, if it is one.
    fn answer_in(frame: &Frame) -> Option<Self>;
}

/// Why bytes are not a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PacketError {
    /// Shorter than the fixed part.
    Short,
    /// The magic cookie is not 0x63825363.
    Cookie,
    /// This option runs beyond the end.
    Option(u16),
    /// There is no END option.
    NoEnd,
    /// A relay's envelope has no message in it.
    Envelope,
}
