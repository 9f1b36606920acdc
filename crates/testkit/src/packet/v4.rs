//! A DHCPv4 message, built and read without the server's codec (RFC 2131 section 2, RFC 3396).

use std::fmt;
use std::net::{Ipv4Addr, SocketAddrV4};

use crate::frame::Frame;
use crate::option_text::OptionNames;
use crate::packet::{Message, PacketError};

/// The value of option 53 (RFC 2132 section 9.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MessageType {
    /// 1
    Discover,
    /// 2
    Offer,
    /// 3
    Request,
    /// 4
    Decline,
    /// 5
    Ack,
    /// 6
    Nak,
    /// 7
    Release,
    /// 8
    Inform,
    /// Any other.
    Other(u8),
}

impl MessageType {
    /// The code on the wire.
    pub fn code(self) -> u8 {
        match self {
            MessageType::Other(code) => code,
            known => NAMES.iter().position(|(kind, _)| *kind == known).map_or(0, |i| i as u8 + 1),
        }
    }

    /// The type of this code.
    pub fn from_code(code: u8) -> Self {
        let index = usize::from(code).wrapping_sub(1);
        NAMES.get(index).map_or(MessageType::Other(code), |(kind, _)| *kind)
    }

    /// The type of this lower-case name: `discover`, or a number.
    pub fn from_name(name: &str) -> Option<Self> {
        let named = NAMES.iter().find(|(_, known)| *known == name).map(|(kind, _)| *kind);
        named.or_else(|| name.parse().ok().map(MessageType::from_code))
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(kind, _)| kind == self) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "type {}", self.code()),
        }
    }
}

/// A message: the fixed fields, and the options in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet4 {
    /// 1 from clients, 2 from servers.
    pub op: u8,
    /// Hardware type.
    pub htype: u8,
    /// Length of the hardware address.
    pub hlen: u8,
    /// Relay hops.
    pub hops: u8,
    /// Transaction.
    pub xid: u32,
    /// Seconds since the client began.
    pub secs: u16,
    /// 0x8000 is the broadcast flag.
    pub flags: u16,
    /// The client's address.
    pub ciaddr: Ipv4Addr,
    /// The address given.
    pub yiaddr: Ipv4Addr,
    /// The next server.
    pub siaddr: Ipv4Addr,
    /// The relay.
    pub giaddr: Ipv4Addr,
    /// Hardware address field.
    pub chaddr: [u8; 16],
    /// Server host name field.
    pub sname: [u8; 64],
    /// Boot file field.
    pub file: [u8; 128],
    /// Options in order, each as it stood on the wire.
    pub options: Vec<(u8, Vec<u8>)>,
}

impl Packet4 {
    /// A client's message with nothing but its type, hardware address and transaction.
    pub fn query(kind: MessageType, mac: [u8; 6], xid: u32) -> Self {
        let mut chaddr = [0; 16];
        chaddr[..6].copy_from_slice(&mac);
        Packet4 {
            op: 1,
            htype: 1,
            hlen: 6,
            hops: 0,
            xid,
            secs: 0,
            flags: 0,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            siaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: Ipv4Addr::UNSPECIFIED,
            chaddr,
            sname: [0; 64],
            file: [0; 128],
            options: vec![(MESSAGE_TYPE, vec![kind.code()])],
        }
    }

    /// Adds an option, split into pieces of 255 octets when it is longer (RFC 3396).
    #[must_use]
    pub fn with_option(mut self, code: u8, data: &[u8]) -> Self {
        self.push_option(code, data);
        self
    }

    /// As [`Self::with_option`], in place.
    pub fn push_option(&mut self, code: u8, data: &[u8]) {
        if data.is_empty() {
            self.options.push((code, Vec::new()));
        }
        self.options.extend(data.chunks(255).map(|piece| (code, piece.to_vec())));
    }

    /// The data of an option, its pieces joined.
    pub fn option(&self, code: u8) -> Option<Vec<u8>> {
        let mut pieces = self.options.iter().filter(|(c, _)| *c == code).peekable();
        pieces.peek()?;
        Some(pieces.flat_map(|(_, data)| data.iter().copied()).collect())
    }

    /// An option that is one IPv4 address.
    pub fn option_address(&self, code: u8) -> Option<Ipv4Addr> {
        let octets: [u8; 4] = self.option(code)?.try_into().ok()?;
        Some(octets.into())
    }

    /// The message type, from option 53.
    pub fn message_type(&self) -> Option<MessageType> {
        self.option(MESSAGE_TYPE)?.first().copied().map(MessageType::from_code)
    }

    /// The hardware address of `hlen` octets.
    pub fn hardware_address(&self) -> &[u8] {
        self.chaddr.get(..usize::from(self.hlen)).unwrap_or(&self.chaddr)
    }

    /// The bytes, ended by END and padded to the 300 octets of a BOOTP message.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = vec![self.op, self.htype, self.hlen, self.hops];
        out.extend(self.xid.to_be_bytes());
        out.extend(self.secs.to_be_bytes());
        out.extend(self.flags.to_be_bytes());
        for address in [self.ciaddr, self.yiaddr, self.siaddr, self.giaddr] {
            out.extend(address.octets());
        }
        out.extend(self.chaddr);
        out.extend(self.sname);
        out.extend(self.file);
        out.extend(COOKIE);
        for (code, data) in &self.options {
            out.push(*code);
            out.push(data.len() as u8);
            out.extend(data);
        }
        out.push(END);
        out.resize(out.len().max(BOOTP_LEN), 0);
        out
    }

    /// Reads a message strictly: what a server sends has a cookie, whole options and an END.
    pub fn decode(bytes: &[u8]) -> Result<Self, PacketError> {
        let (fixed, options) = bytes.split_at_checked(FIXED_LEN).ok_or(PacketError::Short)?;
        if fixed[236..] != COOKIE {
            return Err(PacketError::Cookie);
        }
        let octets = |at: usize| -> [u8; 4] { std::array::from_fn(|i| fixed[at + i]) };
        Ok(Packet4 {
            op: fixed[0],
            htype: fixed[1],
            hlen: fixed[2],
            hops: fixed[3],
            xid: u32::from_be_bytes(octets(4)),
            secs: u16::from_be_bytes([fixed[8], fixed[9]]),
            flags: u16::from_be_bytes([fixed[10], fixed[11]]),
            ciaddr: octets(12).into(),
            yiaddr: octets(16).into(),
            siaddr: octets(20).into(),
            giaddr: octets(24).into(),
            chaddr: std::array::from_fn(|i| fixed[28 + i]),
            sname: std::array::from_fn(|i| fixed[44 + i]),
            file: std::array::from_fn(|i| fixed[108 + i]),
            options: decode_options(options)?,
        })
    }
}

impl Message for Packet4 {
    const VERSION: u8 = 4;
    const SERVER_PORT: u16 = 67;
    const OPTIONS: OptionNames = OptionNames::V4;

    type Kind = MessageType;

    fn kind_named(name: &str) -> Option<MessageType> {
        MessageType::from_name(name)
    }

    fn kind(&self) -> Option<MessageType> {
        self.message_type()
    }

    fn xid(&self) -> u32 {
        self.xid
    }

    fn encode(&self) -> Vec<u8> {
        Packet4::encode(self)
    }

    fn decode(bytes: &[u8]) -> Result<Self, PacketError> {
        Packet4::decode(bytes)
    }

    fn options_of(&self, code: u16) -> Vec<Vec<u8>> {
        let code = u8::try_from(code).ok();
        code.and_then(|code| self.option(code)).into_iter().collect()
    }

    fn option_codes(&self) -> Vec<u16> {
        self.options.iter().map(|(code, _)| u16::from(*code)).collect()
    }

    fn push_option(&mut self, code: u16, data: &[u8]) {
        // The names of options have no wider codes; a number that has is the test's mistake.
        let code = u8::try_from(code).unwrap_or(END);
        Packet4::push_option(self, code, data);
    }

    fn remove_option(&mut self, code: u16) {
        self.options.retain(|(present, _)| u16::from(*present) != code);
    }

    /// From `0.0.0.0:68` to all, port 67.
    fn to_all(&self) -> Frame {
        Frame {
            to_mac: [0xff; 6],
            from_mac: std::array::from_fn(|i| self.chaddr[i]),
            from: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68).into(),
            to: SocketAddrV4::new(Ipv4Addr::BROADCAST, 67).into(),
            payload: self.encode(),
        }
    }

    fn answer_in(frame: &Frame) -> Option<Self> {
        let is_v4 = frame.from.is_ipv4();
        let from_server = matches!(frame.from.port(), 67) || matches!(frame.to.port(), 67 | 68);
        if !is_v4 || !from_server {
            return None;
        }
        Packet4::decode(&frame.payload).ok().filter(|packet| packet.op == 2)
    }
}

fn decode_options(mut rest: &[u8]) -> Result<Vec<(u8, Vec<u8>)>, PacketError> {
    let mut options = Vec::new();
    while let Some((&code, after)) = rest.split_first() {
        match code {
            END => return Ok(options),
            PAD => rest = after,
            _ => {
                let (&len, after) =
                    after.split_first().ok_or(PacketError::Option(u16::from(code)))?;
                let split = after.split_at_checked(usize::from(len));
                let (data, after) = split.ok_or(PacketError::Option(u16::from(code)))?;
                options.push((code, data.to_vec()));
                rest = after;
            }
        }
    }
    Err(PacketError::NoEnd)
}

const NAMES: [(MessageType, &str); 8] = [
    (MessageType::Discover, "discover"),
    (MessageType::Offer, "offer"),
    (MessageType::Request, "request"),
    (MessageType::Decline, "decline"),
    (MessageType::Ack, "ack"),
    (MessageType::Nak, "nak"),
    (MessageType::Release, "release"),
    (MessageType::Inform, "inform"),
];
const PAD: u8 = 0;
const END: u8 = 255;
const MESSAGE_TYPE: u8 = 53;
const COOKIE: [u8; 4] = [0x63, 0x82, 0x53, 0x63];
const FIXED_LEN: usize = 240;
const BOOTP_LEN: usize = 300;

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [2, 0, 0, 0, 0, 1];

    #[test]
    fn a_message_reads_back() {
        let long: Vec<u8> = (0..=255).chain(0..10).collect();
        let mut packet = Packet4::query(MessageType::Request, MAC, 0x1234_5678)
            .with_option(12, b"host")
            .with_option(43, &long);
        packet.giaddr = Ipv4Addr::new(10, 0, 0, 1);
        let bytes = packet.encode();
        assert_eq!(bytes[..8], [1, 1, 6, 0, 0x12, 0x34, 0x56, 0x78]);
        assert_eq!(bytes[24..28], [10, 0, 0, 1]);
        assert_eq!(bytes[236..243], [0x63, 0x82, 0x53, 0x63, 53, 1, 3]);
        let read = Packet4::decode(&bytes).unwrap();
        assert_eq!(read, packet);
        assert_eq!(read.option(43), Some(long));
        assert_eq!(read.message_type(), Some(MessageType::Request));
        assert_eq!(read.option(99), None);
    }

    #[test]
    fn damage_is_named() {
        let good = Packet4::query(MessageType::Discover, MAC, 1).encode();
        assert_eq!(Packet4::decode(&good[..239]), Err(PacketError::Short));
        assert_eq!(Packet4::decode(&good[..242]), Err(PacketError::Option(53)));
        assert_eq!(Packet4::decode(&good[..243]), Err(PacketError::NoEnd));
        let mut bad = good;
        bad[236] = 0;
        assert_eq!(Packet4::decode(&bad), Err(PacketError::Cookie));
    }

    #[test]
    fn every_type_has_its_code_and_name() {
        assert_eq!(MessageType::Inform.code(), 8);
        assert_eq!(MessageType::from_code(6), MessageType::Nak);
        assert_eq!(MessageType::from_name("decline"), Some(MessageType::Decline));
        assert_eq!(MessageType::from_name("9"), Some(MessageType::Other(9)));
        assert_eq!(MessageType::Other(9).to_string(), "type 9");
    }
}
