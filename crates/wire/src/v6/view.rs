//! The lenient, borrowed form of a DHCPv6 datagram: relay envelopes around one message.

use std::net::Ipv6Addr;

use smallvec::SmallVec;

use super::association::{Ia, IaKind};
use super::code;
use super::header::{MessageType, StatusCode};
use super::leasequery::{ClientData, LqQuery};
use super::option_data::{
    Auth, ClientFqdn, Codes, RemoteId, Status, VendorClass, VendorOpts, client_link_layer_address,
};
use super::options::{Damage, Malformed, Options};
use crate::{Duid, HwAddr};

/// Octets before the options of a client's or server's message.
pub const HEADER_LEN: usize = 4;
/// Octets before the options of a relay envelope.
pub const RELAY_HEADER_LEN: usize = 34;
/// Envelopes that are opened at most (HOP_COUNT_LIMIT of RFC 3315 section 5.5).
pub const MAX_RELAYS: usize = 32;

/// A DHCPv6 datagram in the buffer it was received in.
///
/// Construction opens the relay envelopes; up to four of them without allocating. Damaged options
/// are recorded, not refused. No accessor panics. The options are those of the innermost message.
#[derive(Clone, Debug)]
pub struct View<'a> {
    bytes: &'a [u8],
    relays: SmallVec<[Relay<'a>; 4]>,
    header: [u8; HEADER_LEN],
    options: Options<'a>,
}

/// Why some bytes are no DHCPv6 datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// A message or envelope is shorter than its fixed header.
    TooShort {
        /// Envelopes opened before.
        level: usize,
        /// Octets there are.
        len: usize,
    },
    /// Longer than a UDP datagram can be.
    TooLong {
        /// Octets there are.
        len: usize,
    },
    /// An envelope has no Relay Message option.
    NoRelayMessage {
        /// Envelopes opened before.
        level: usize,
    },
    /// More than [`MAX_RELAYS`] envelopes.
    TooManyRelays,
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ParseError::TooShort { level, len } => {
                write!(f, "message of {len} octets at relay level {level} has no complete header")
            }
            ParseError::TooLong { len } => write!(f, "message of {len} octets fits no datagram"),
            ParseError::NoRelayMessage { level } => {
                write!(f, "no relay message option at relay level {level}")
            }
            ParseError::TooManyRelays => write!(f, "more than {MAX_RELAYS} relay levels"),
        }
    }
}

impl std::error::Error for ParseError {}

impl<'a> View<'a> {
    /// Opens the envelopes of a UDP payload and finds the message inside.
    ///
    /// # Errors
    /// When a fixed header is incomplete, an envelope is empty, or there are too many of them.
    /// Option damage is no error, unless it hides the relayed message.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        let len = bytes.len();
        if len > usize::from(u16::MAX) {
            return Err(ParseError::TooLong { len });
        }
        let mut relays = SmallVec::new();
        let mut message = bytes;
        while message.first().is_some_and(|&number| MessageType::from(number).is_relay()) {
            let level = relays.len();
            if level == MAX_RELAYS {
                return Err(ParseError::TooManyRelays);
            }
            let relay =
                Relay::parse(message).ok_or(ParseError::TooShort { level, len: message.len() })?;
            message = relay.message().ok_or(ParseError::NoRelayMessage { level })?;
            relays.push(relay);
        }
        let Some((&header, options)) = message.split_first_chunk() else {
            return Err(ParseError::TooShort { level: relays.len(), len: message.len() });
        };
        Ok(View { bytes, relays, header, options: Options::new(options) })
    }

    /// The whole datagram, envelopes included.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// Type of the innermost message.
    pub fn message_type(&self) -> MessageType {
        self.header[0].into()
    }

    /// Transaction identifier, 24 bits. In a DHCPv4-query and -response: the flags.
    pub fn xid(&self) -> u32 {
        let [_, high, mid, low] = self.header;
        u32::from_be_bytes([0, high, mid, low])
    }

    /// True when a relay passed the message on.
    pub fn is_relayed(&self) -> bool {
        !self.relays.is_empty()
    }

    /// The envelopes, outermost (nearest to the server) first.
    pub fn relays(&self) -> &[Relay<'a>] {
        &self.relays
    }

    /// The options of the innermost message.
    pub fn options(&self) -> Options<'a> {
        self.options
    }

    /// Where the options of the innermost message stop making sense.
    pub fn damage(&self) -> Option<Damage> {
        self.options.damage()
    }

    /// The first option of that code.
    pub fn option(&self, code: u16) -> Option<&'a [u8]> {
        self.options.get(code)
    }

    /// True when the option occurs.
    pub fn has_option(&self, code: u16) -> bool {
        self.options.contains(code)
    }

    /// The client's DUID (1); `None` too when empty or longer than [`Duid::MAX_LEN`].
    pub fn client_id(&self) -> Option<Duid> {
        Duid::new(self.option(code::CLIENT_ID)?)
    }

    /// The server's DUID (2); `None` too when empty or longer than [`Duid::MAX_LEN`].
    pub fn server_id(&self) -> Option<Duid> {
        Duid::new(self.option(code::SERVER_ID)?)
    }

    /// The identity associations in the order of the packet, malformed ones included.
    pub fn associations(&self) -> impl Iterator<Item = Result<Ia<'a>, Malformed>> + Clone {
        self.options
            .iter()
            .filter_map(|(code, data)| IaKind::from_code(code).map(|kind| Ia::parse(kind, data)))
    }

    /// Codes the client asks for (6), in its order; of all such options.
    pub fn option_request(&self) -> impl Iterator<Item = u16> + Clone {
        self.options.all(code::ORO).flat_map(Codes::new)
    }

    /// Hundredths of a second since the client began (8).
    pub fn elapsed_time(&self) -> Option<u16> {
        self.fixed_option(code::ELAPSED_TIME).map(u16::from_be_bytes)
    }

    /// Preference of the server (7).
    pub fn preference(&self) -> Option<u8> {
        self.fixed_option(code::PREFERENCE).map(u8::from_be_bytes)
    }

    /// True when the client offers a two-message exchange (14).
    pub fn rapid_commit(&self) -> bool {
        self.has_option(code::RAPID_COMMIT)
    }

    /// True when the client accepts Reconfigure (20).
    pub fn reconfigure_accept(&self) -> bool {
        self.has_option(code::RECONF_ACCEPT)
    }

    /// What a Reconfigure asks the client to send (19).
    pub fn reconfigure_message(&self) -> Option<MessageType> {
        self.fixed_option::<1>(code::RECONF_MSG).map(|[number]| number.into())
    }

    /// Status of the whole message (13), when given and well formed.
    pub fn status(&self) -> Option<Status<'a>> {
        Status::parse(self.option(code::STATUS_CODE)?).ok()
    }

    /// Status code of the whole message; absence means success (RFC 9915 section 21.13).
    pub fn status_code(&self) -> StatusCode {
        self.status().map_or(StatusCode::Success, |status| status.code)
    }

    /// Client FQDN (39), when given and well formed.
    pub fn fqdn(&self) -> Option<ClientFqdn<'a>> {
        ClientFqdn::parse(self.option(code::CLIENT_FQDN)?).ok()
    }

    /// Authentication (11), when given and well formed.
    pub fn auth(&self) -> Option<Auth<'a>> {
        Auth::parse(self.option(code::AUTH)?).ok()
    }

    /// The vendor classes (16) that are well formed.
    pub fn vendor_classes(&self) -> impl Iterator<Item = VendorClass<'a>> + Clone {
        self.options.all(code::VENDOR_CLASS).filter_map(|data| VendorClass::parse(data).ok())
    }

    /// The vendor-specific information options (17) that are well formed.
    pub fn vendor_opts(&self) -> impl Iterator<Item = VendorOpts<'a>> + Clone {
        self.options.all(code::VENDOR_OPTS).filter_map(|data| VendorOpts::parse(data).ok())
    }

    /// What a leasequery asks (44, RFC 5007), when given and well formed.
    pub fn lq_query(&self) -> Option<LqQuery<'a>> {
        LqQuery::parse(self.option(code::LQ_QUERY)?).ok()
    }

    /// The clients that an answer to a leasequery tells of (45, RFC 5007).
    pub fn client_data(&self) -> impl Iterator<Item = ClientData<'a>> + Clone {
        self.options.all(code::CLIENT_DATA).map(|data| ClientData { options: Options::new(data) })
    }

    /// An address of each link on which the client of a leasequery has something (48, RFC 5007).
    pub fn client_links(&self) -> impl Iterator<Item = Ipv6Addr> + Clone {
        addresses(self.option(code::LQ_CLIENT_LINK))
    }

    /// The DHCPv4 message of a DHCPv4-query or -response (87, RFC 7341).
    pub fn dhcpv4_message(&self) -> Option<&'a [u8]> {
        self.option(code::DHCPV4_MSG)
    }

    /// The U flag of a DHCPv4-query: the client would have sent by unicast (RFC 7341 section 6.1).
    pub fn is_dhcpv4_unicast(&self) -> bool {
        self.xid() & 0x0080_0000 != 0
    }

    /// The servers of DHCPv4 over DHCPv6 (88, RFC 7341): `None` when the client is to do without, no
    /// address when it is to ask all servers.
    pub fn dhcp4o6_servers(&self) -> Option<impl Iterator<Item = Ipv6Addr> + Clone> {
        let data = self.option(code::DHCP4_O_DHCP6_SERVER)?;
        Some(addresses(Some(data)))
    }

    /// The data of an option of exactly `N` octets; `None` when its size is another.
    pub fn fixed_option<const N: usize>(&self, code: u16) -> Option<[u8; N]> {
        self.option(code)?.try_into().ok()
    }
}

/// The addresses in an option. Octets at the end that make none are left out.
fn addresses(data: Option<&[u8]>) -> impl Iterator<Item = Ipv6Addr> + Clone {
    data.unwrap_or(&[]).as_chunks::<16>().0.iter().map(|&octets| octets.into())
}

/// One relay envelope (RFC 9915 section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relay<'a> {
    header: &'a [u8; RELAY_HEADER_LEN],
    options: Options<'a>,
}

impl<'a> Relay<'a> {
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (header, options) = bytes.split_first_chunk()?;
        Some(Relay { header, options: Options::new(options) })
    }

    /// Relay-forward or relay-reply.
    pub fn message_type(&self) -> MessageType {
        self.header[0].into()
    }

    /// Relays that the message passed before this one.
    pub fn hop_count(&self) -> u8 {
        self.header[1]
    }

    /// An address of the link the client is on; may be unspecified.
    pub fn link_address(&self) -> Ipv6Addr {
        self.address(2)
    }

    /// The client or relay that the message came from.
    pub fn peer_address(&self) -> Ipv6Addr {
        self.address(18)
    }

    /// The relay's own options, the relayed message (9) among them.
    pub fn options(&self) -> Options<'a> {
        self.options
    }

    /// The relayed message (9).
    pub fn message(&self) -> Option<&'a [u8]> {
        self.options.get(code::RELAY_MSG)
    }

    /// Interface of the relay (18).
    pub fn interface_id(&self) -> Option<&'a [u8]> {
        self.options.get(code::INTERFACE_ID)
    }

    /// Remote identifier (37), when given and well formed.
    pub fn remote_id(&self) -> Option<RemoteId<'a>> {
        RemoteId::parse(self.options.get(code::REMOTE_ID)?).ok()
    }

    /// Subscriber identifier (38).
    pub fn subscriber_id(&self) -> Option<&'a [u8]> {
        self.options.get(code::SUBSCRIBER_ID)
    }

    /// Identity of the relay (53).
    pub fn relay_id(&self) -> Option<Duid> {
        Duid::new(self.options.get(code::RELAY_ID)?)
    }

    /// The client's hardware address (79), when given and well formed.
    pub fn client_link_layer_address(&self) -> Option<HwAddr> {
        client_link_layer_address(self.options.get(code::CLIENT_LINKLAYER_ADDR)?).ok()
    }

    /// Codes of the options that the relay wants echoed (43, RFC 4994).
    pub fn echo_request(&self) -> impl Iterator<Item = u16> + Clone {
        self.options.all(code::ERO).flat_map(Codes::new)
    }

    /// Options that the relay supplies to the client (66, RFC 6422).
    pub fn supplied_options(&self) -> Options<'a> {
        Options::new(self.options.get(code::RSOO).unwrap_or(&[]))
    }

    /// The port that the relay listens on (135, RFC 8357): 0 stands for the one it sent from.
    pub fn source_port(&self) -> Option<u16> {
        self.options.get(code::RELAY_PORT)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn address(&self, offset: usize) -> Ipv6Addr {
        let octets = self.header.get(offset..).and_then(<[u8]>::first_chunk::<16>);
        octets.copied().unwrap_or_default().into()
    }
}
