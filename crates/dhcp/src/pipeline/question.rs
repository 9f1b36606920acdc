//! A query made up from what is known of a client, to ask what would become of it.

use std::fmt;

use kea_wire::{Family, HwAddr};

/// A client, and where it is.
#[derive(Clone, Debug)]
pub struct Question<F: Family> {
    /// The name of the message that it sends; its first one if `None`.
    pub message_type: Option<String>,
    /// Its hardware address.
    pub hw_addr: Option<HwAddr>,
    /// Client identifier (DHCPv4) or DUID (DHCPv6).
    pub client_id: Option<Vec<u8>>,
    /// The address of its relay; its link address in DHCPv6.
    pub relay: Option<F::Addr>,
    /// What the relay says about where the client is: circuit identifier (DHCPv4) or interface
    /// identifier (DHCPv6).
    pub port: Option<Vec<u8>>,
    /// What the relay says about who the client is: its remote identifier.
    pub remote_id: Option<Vec<u8>>,
    /// More options of the client, in place of those it would have otherwise.
    pub options: Vec<(u16, Vec<u8>)>,
}

impl<F: Family> Default for Question<F> {
    fn default() -> Self {
        Question {
            message_type: None,
            hw_addr: None,
            client_id: None,
            relay: None,
            port: None,
            remote_id: None,
            options: Vec::new(),
        }
    }
}

/// Why no query can be made of a [`Question`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unaskable {
    /// Nothing says who the client is.
    NoClient {
        /// What would.
        needed: &'static str,
    },
    /// Clients send no message of that name.
    MessageType(String),
    /// The protocol has no option of that code.
    OptionCode(u16),
    /// The options do not fit into a message.
    TooLong,
}

impl fmt::Display for Unaskable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unaskable::NoClient { needed } => write!(f, "who is the client? give {needed}"),
            Unaskable::MessageType(name) => write!(f, "no message of clients is called '{name}'"),
            Unaskable::OptionCode(code) => write!(f, "there is no option {code}"),
            Unaskable::TooLong => f.write_str("the options do not fit into a message"),
        }
    }
}

impl std::error::Error for Unaskable {}

impl<F: Family> Question<F> {
    /// True when the question itself gives that option.
    pub(crate) fn gives(&self, code: u16) -> bool {
        self.options.iter().any(|(given, _)| *given == code)
    }

    /// The first of the message types that has the wanted name, without regard to case.
    pub(crate) fn find_type<T: Copy>(&self, known: &[(&str, T)], first: T) -> Result<T, Unaskable> {
        let Some(wanted) = &self.message_type else { return Ok(first) };
        let found = known.iter().find(|(name, _)| name.eq_ignore_ascii_case(wanted));
        found.map(|(_, kind)| *kind).ok_or_else(|| Unaskable::MessageType(wanted.clone()))
    }
}
