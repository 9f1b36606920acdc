//! The relay agent information option, 82 (RFC 3046).

use std::borrow::Cow;
use std::net::Ipv4Addr;

use super::code::relay_agent as code;
use super::options::SubOptions;

/// The data of option 82, joined from all its instances.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayAgentInfo<'a> {
    data: Cow<'a, [u8]>,
}

impl<'a> RelayAgentInfo<'a> {
    /// Reads the option's data; nothing is refused (see [`Self::is_damaged`]).
    pub fn new(data: impl Into<Cow<'a, [u8]>>) -> Self {
        RelayAgentInfo { data: data.into() }
    }

    /// The whole option, as the answer has to echo it (RFC 3046 section 2.2).
    pub fn data(&self) -> &[u8] {
        &self.data
    }

    /// The whole option, borrowed from the packet where it was in one piece.
    pub fn into_data(self) -> Cow<'a, [u8]> {
        self.data
    }

    /// Sub-options in the order of the packet.
    pub fn sub_options(&self) -> SubOptions<'_> {
        SubOptions::new(&self.data)
    }

    /// The first sub-option of that code.
    pub fn sub_option(&self, code: u8) -> Option<&[u8]> {
        self.sub_options().find_map(|(found, data)| (found == code).then_some(data))
    }

    /// True when the last octets do not make a sub-option. Those before them are usable.
    pub fn is_damaged(&self) -> bool {
        let mut sub_options = self.sub_options();
        sub_options.by_ref().for_each(drop);
        !sub_options.rest().is_empty()
    }

    /// Agent circuit identifier (RFC 3046 section 3.1).
    pub fn circuit_id(&self) -> Option<&[u8]> {
        self.sub_option(code::CIRCUIT_ID)
    }

    /// Agent remote identifier (RFC 3046 section 3.2).
    pub fn remote_id(&self) -> Option<&[u8]> {
        self.sub_option(code::REMOTE_ID)
    }

    /// The subnet to allocate from (RFC 3527); `None` too when it is not four octets.
    pub fn link_selection(&self) -> Option<Ipv4Addr> {
        self.address(code::LINK_SELECTION)
    }

    /// Subscriber identifier (RFC 3993).
    pub fn subscriber_id(&self) -> Option<&[u8]> {
        self.sub_option(code::SUBSCRIBER_ID)
    }

    /// What the answer has to give as server identifier (RFC 5107); `None` too when it is not four
    /// octets.
    pub fn server_id_override(&self) -> Option<Ipv4Addr> {
        self.address(code::SERVER_ID_OVERRIDE)
    }

    /// Identity of the relay (RFC 6925).
    pub fn relay_id(&self) -> Option<&[u8]> {
        self.sub_option(code::RELAY_ID)
    }

    /// True when the relay was reached by unicast from the client (RFC 5010, bit U).
    pub fn is_unicast(&self) -> bool {
        self.sub_option(code::FLAGS).and_then(<[u8]>::first).is_some_and(|flags| flags & 0x80 != 0)
    }

    /// True when the answer goes to the UDP port that the query came from (RFC 8357).
    pub fn has_source_port(&self) -> bool {
        self.sub_option(code::RELAY_SOURCE_PORT).is_some()
    }

    fn address(&self, code: u8) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.sub_option(code)?.try_into().ok()?;
        Some(octets.into())
    }
}
