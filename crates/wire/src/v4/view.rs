//! The lenient, borrowed form of a DHCPv4 message.

use std::borrow::Cow;
use std::net::Ipv4Addr;

use super::code;
use super::header::{BROADCAST_FLAG, HEADER_LEN, MAGIC_COOKIE, MessageType, Op, field};
use super::options::{Area, Damage, OptionArea, Options, Overload};
use super::relay_agent::RelayAgentInfo;
use crate::{ClientId, HwAddr};

/// A DHCPv4 message in the buffer it was received in.
///
/// Construction checks the fixed header and indexes the options, without allocating; a damaged
/// tail is recorded, not refused. No accessor panics.
#[derive(Clone, Debug)]
pub struct View<'a> {
    bytes: &'a [u8],
    header: &'a [u8; HEADER_LEN],
    /// Offset of the first instance of each option; 0 when absent (no option can stand there).
    first: [u16; 256],
    /// Bit set of the codes that have more than one instance.
    repeated: [u64; 4],
    overload: Overload,
    damage: Option<Damage>,
}

/// Why some bytes are no DHCPv4 message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParseError {
    /// Shorter than the header of [`HEADER_LEN`] octets.
    TooShort {
        /// Octets there are.
        len: usize,
    },
    /// Longer than a UDP datagram can be.
    TooLong {
        /// Octets there are.
        len: usize,
    },
    /// A BOOTP message without DHCP's magic cookie.
    Cookie {
        /// What stands in its place.
        found: [u8; 4],
    },
}

impl std::fmt::Display for ParseError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ParseError::TooShort { len } => {
                write!(f, "message of {len} octets is shorter than its header of {HEADER_LEN}")
            }
            ParseError::TooLong { len } => write!(f, "message of {len} octets fits no datagram"),
            ParseError::Cookie { found: [a, b, c, d] } => {
                write!(f, "magic cookie is {a:02x}{b:02x}{c:02x}{d:02x} instead of 63825363")
            }
        }
    }
}

impl std::error::Error for ParseError {}

impl<'a> View<'a> {
    /// Checks the header and indexes the options of a UDP payload.
    ///
    /// # Errors
    /// When the fixed header is incomplete or lacks the magic cookie. Option damage is no error.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, ParseError> {
        Ok(Self::indexed(bytes, header_of(bytes)?))
    }

    fn indexed(bytes: &'a [u8], header: &'a [u8; HEADER_LEN]) -> Self {
        let mut view = View {
            bytes,
            header,
            first: [0; 256],
            repeated: [0; 4],
            overload: Overload::None,
            damage: None,
        };
        view.index(Area::Options);
        if let Some(data) = view.first_instance(code::OVERLOAD) {
            view.index_overloaded(Overload::from_data(data));
        }
        view
    }

    /// The whole message.
    pub fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The direction.
    pub fn op(&self) -> Op {
        self.header[field::OP].into()
    }

    /// Hardware type (1 is Ethernet).
    pub fn htype(&self) -> u8 {
        self.header[1]
    }

    /// Hardware address length as claimed, which may exceed the 16 octets there are.
    pub fn hlen(&self) -> u8 {
        self.header[2]
    }

    /// Relays passed.
    pub fn hops(&self) -> u8 {
        self.header[3]
    }

    /// Transaction identifier.
    pub fn xid(&self) -> u32 {
        u32::from_be_bytes(self.quad(4))
    }

    /// Seconds since the client began.
    pub fn secs(&self) -> u16 {
        u16::from_be_bytes([self.header[field::SECS], self.header[field::SECS + 1]])
    }

    /// The flags; only [`BROADCAST_FLAG`] is assigned.
    pub fn flags(&self) -> u16 {
        u16::from_be_bytes([self.header[field::FLAGS], self.header[field::FLAGS + 1]])
    }

    /// True when the client asks for a broadcast answer.
    pub fn wants_broadcast(&self) -> bool {
        self.flags() & BROADCAST_FLAG != 0
    }

    /// The client's address, when it is configured.
    pub fn ciaddr(&self) -> Ipv4Addr {
        self.quad(field::CIADDR).into()
    }

    /// "Your" address: the one assigned.
    pub fn yiaddr(&self) -> Ipv4Addr {
        self.quad(field::YIADDR).into()
    }

    /// The next server to boot from.
    pub fn siaddr(&self) -> Ipv4Addr {
        self.quad(field::SIADDR).into()
    }

    /// The relay's address; all zero when not relayed.
    pub fn giaddr(&self) -> Ipv4Addr {
        self.quad(field::GIADDR).into()
    }

    /// True when a relay passed the message on.
    pub fn is_relayed(&self) -> bool {
        !self.giaddr().is_unspecified()
    }

    /// The hardware address: `hlen` octets, at most 16.
    pub fn chaddr(&self) -> &'a [u8] {
        let field = &self.header[28..44];
        field.get(..usize::from(self.hlen())).unwrap_or(field)
    }

    /// The hardware address with its type.
    pub fn hw_addr(&self) -> HwAddr {
        HwAddr::clamped(u16::from(self.htype()), self.chaddr())
    }

    /// The server name up to its NUL; empty when the field holds options.
    pub fn sname(&self) -> &'a [u8] {
        if self.overload.sname() { &[] } else { until_nul(self.sname_field()) }
    }

    /// The boot file name up to its NUL; empty when the field holds options.
    pub fn file(&self) -> &'a [u8] {
        if self.overload.file() { &[] } else { until_nul(self.file_field()) }
    }

    /// The 64 octets of `sname`, whatever they mean.
    pub fn sname_field(&self) -> &'a [u8] {
        &self.header[field::SNAME..field::FILE]
    }

    /// The 128 octets of `file`, whatever they mean.
    pub fn file_field(&self) -> &'a [u8] {
        &self.header[field::FILE..field::COOKIE]
    }

    /// Which header fields hold options. An option 52 inside those fields counts for nothing.
    pub fn overload(&self) -> Overload {
        self.overload
    }

    /// The first place where an options area stops making sense.
    pub fn damage(&self) -> Option<Damage> {
        self.damage
    }

    /// Raw option instances: options field, then `file`, then `sname` where overloaded.
    pub fn options(&self) -> Options<'a> {
        let file = if self.overload.file() { self.file_field() } else { &[] };
        let sname = if self.overload.sname() { self.sname_field() } else { &[] };
        Options::new([self.options_field(), file, sname])
    }

    /// True when the option occurs.
    pub fn has_option(&self, code: u8) -> bool {
        self.offset(code) != 0
    }

    /// The option's data, its instances joined in the order of RFC 3396. Borrowed when there is
    /// one instance.
    pub fn option(&self, code: u8) -> Option<Cow<'a, [u8]>> {
        let data = self.first_instance(code)?;
        if !self.is_repeated(code) {
            return Some(Cow::Borrowed(data));
        }
        let instances = self.options().filter(|&(found, _)| found == code);
        Some(Cow::Owned(instances.flat_map(|(_, data)| data).copied().collect()))
    }

    /// Codes that have more than one instance, ascending.
    pub fn repeated_options(&self) -> impl Iterator<Item = u8> {
        // One step for each code that is there: as a rule there is none.
        (0u8..).zip(self.repeated).flat_map(|(at, word)| {
            let rest = |word: &u64| Some(word & (word - 1)).filter(|rest| *rest != 0);
            let words = std::iter::successors(Some(word).filter(|word| *word != 0), rest);
            words.map(move |word| (at << 6) | word.trailing_zeros() as u8)
        })
    }

    /// The first instance alone, for options that are never split.
    #[inline]
    pub fn first_instance(&self, code: u8) -> Option<&'a [u8]> {
        let offset = self.offset(code);
        if offset == 0 {
            return None;
        }
        let (&len, tail) = self.bytes.get(usize::from(offset) + 1..)?.split_first()?;
        tail.get(..usize::from(len))
    }

    /// DHCP message type (53); `None` for plain BOOTP.
    pub fn message_type(&self) -> Option<MessageType> {
        self.first_instance(code::MESSAGE_TYPE)?.first().map(|&number| number.into())
    }

    /// Client identifier (61); `None` too when empty or longer than [`ClientId::MAX_LEN`].
    pub fn client_id(&self) -> Option<ClientId> {
        ClientId::new(&self.option(code::CLIENT_ID)?)
    }

    /// The address asked for (50).
    pub fn requested_address(&self) -> Option<Ipv4Addr> {
        self.address_option(code::REQUESTED_ADDRESS)
    }

    /// The server the message is for or from (54).
    pub fn server_id(&self) -> Option<Ipv4Addr> {
        self.address_option(code::SERVER_ID)
    }

    /// The subnet to allocate from (118, RFC 3011).
    pub fn subnet_selection(&self) -> Option<Ipv4Addr> {
        self.address_option(code::SUBNET_SELECTION)
    }

    /// Lease time in seconds (51).
    pub fn lease_time(&self) -> Option<u32> {
        Some(u32::from_be_bytes(self.fixed_option(code::LEASE_TIME)?))
    }

    /// Largest message the client takes, in octets of IP datagram (57, RFC 2132 section 9.10).
    pub fn max_message_size(&self) -> Option<u16> {
        Some(u16::from_be_bytes(self.fixed_option(code::MAX_MESSAGE_SIZE)?))
    }

    /// Codes the client asks for (55), in its order.
    pub fn parameter_request_list(&self) -> Option<Cow<'a, [u8]>> {
        self.option(code::PARAMETER_REQUEST_LIST)
    }

    /// Host name (12), as sent.
    pub fn host_name(&self) -> Option<Cow<'a, [u8]>> {
        self.option(code::HOST_NAME)
    }

    /// Client FQDN (81, RFC 4702), as sent.
    pub fn fqdn(&self) -> Option<Cow<'a, [u8]>> {
        self.option(code::FQDN)
    }

    /// Vendor class identifier (60).
    pub fn vendor_class_id(&self) -> Option<Cow<'a, [u8]>> {
        self.option(code::VENDOR_CLASS_ID)
    }

    /// User class (77), as sent: many clients do not follow the structure of RFC 3004.
    pub fn user_class(&self) -> Option<Cow<'a, [u8]>> {
        self.option(code::USER_CLASS)
    }

    /// True when the client offers a two-message exchange (80, RFC 4039).
    pub fn rapid_commit(&self) -> bool {
        self.has_option(code::RAPID_COMMIT)
    }

    /// Relay agent information (82).
    pub fn relay_agent_info(&self) -> Option<RelayAgentInfo<'a>> {
        self.option(code::RELAY_AGENT_INFO).map(RelayAgentInfo::new)
    }

    /// The first four octets of an option that holds one address (or of a list, its first).
    pub fn address_option(&self, code: u8) -> Option<Ipv4Addr> {
        self.first_instance(code)?.first_chunk::<4>().map(|&octets| octets.into())
    }

    /// The data of an option of exactly `N` octets; `None` when its size is another.
    pub fn fixed_option<const N: usize>(&self, code: u8) -> Option<[u8; N]> {
        self.first_instance(code)?.try_into().ok()
    }

    /// The octets of the fixed header and cookie, for [`super::Builder`].
    pub(super) fn header(&self) -> &'a [u8; HEADER_LEN] {
        self.header
    }

    fn options_field(&self) -> &'a [u8] {
        self.bytes.get(HEADER_LEN..).unwrap_or(&[])
    }

    fn quad(&self, offset: usize) -> [u8; 4] {
        let quad = self.header.get(offset..).and_then(<[u8]>::first_chunk::<4>);
        quad.copied().unwrap_or_default()
    }

    #[inline]
    fn offset(&self, code: u8) -> u16 {
        self.first.get(usize::from(code)).copied().unwrap_or(0)
    }

    fn is_repeated(&self, code: u8) -> bool {
        let word = self.repeated.get(usize::from(code >> 6)).copied().unwrap_or(0);
        word >> (code & 63) & 1 != 0
    }

    fn index_overloaded(&mut self, overload: Overload) {
        self.overload = overload;
        if overload.file() {
            self.index(Area::File);
        }
        if overload.sname() {
            self.index(Area::Sname);
        }
    }

    #[inline]
    fn index(&mut self, area: Area) {
        let (bytes, base) = match area {
            Area::Options => (self.options_field(), HEADER_LEN),
            Area::File => (self.file_field(), field::FILE),
            Area::Sname => (self.sname_field(), field::SNAME),
        };
        let mut options = OptionArea::new(bytes);
        while let Some((code, data)) = options.next() {
            let end = base + bytes.len() - options.remaining();
            let offset = end - data.len() - 2;
            let Some(first) = self.first.get_mut(usize::from(code)) else { continue };
            if *first == 0 {
                // `parse` refuses messages in which an offset would not fit 16 bits.
                *first = offset as u16;
            } else if let Some(word) = self.repeated.get_mut(usize::from(code >> 6)) {
                *word |= 1 << (code & 63);
            }
        }
        self.damage = self.damage.or_else(|| options.damage(area, base, bytes.len()));
    }
}

/// The fixed header, checked.
fn header_of(bytes: &[u8]) -> Result<&[u8; HEADER_LEN], ParseError> {
    let len = bytes.len();
    if len > usize::from(u16::MAX) {
        return Err(ParseError::TooLong { len });
    }
    let Some(header) = bytes.first_chunk::<HEADER_LEN>() else {
        return Err(ParseError::TooShort { len });
    };
    let found = [header[236], header[237], header[238], header[239]];
    if found != MAGIC_COOKIE {
        return Err(ParseError::Cookie { found });
    }
    Ok(header)
}

fn until_nul(field: &[u8]) -> &[u8] {
    field.split(|&octet| octet == 0).next().unwrap_or(field)
}
