//! A DHCPv6 message with the relays around it (RFC 9915 sections 8, 9 and 21).

use std::fmt;
use std::net::{Ipv6Addr, SocketAddrV6};

use crate::frame::Frame;
use crate::option_text::OptionNames;
use crate::packet::{Message, PacketError};

/// The type of a message (RFC 9915 section 7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct MessageType(pub u8);

impl MessageType {
    /// 1
    pub const SOLICIT: Self = MessageType(1);
    /// 2
    pub const ADVERTISE: Self = MessageType(2);
    /// 3
    pub const REQUEST: Self = MessageType(3);
    /// 5
    pub const RENEW: Self = MessageType(5);
    /// 6
    pub const REBIND: Self = MessageType(6);
    /// 7
    pub const REPLY: Self = MessageType(7);
    /// 8
    pub const RELEASE: Self = MessageType(8);
    /// 9
    pub const DECLINE: Self = MessageType(9);

    /// The type of this lower-case name, or number.
    pub fn from_name(name: &str) -> Option<Self> {
        let named = NAMES.iter().find(|(_, known)| *known == name).map(|(code, _)| *code);
        named.or_else(|| name.parse().ok()).map(MessageType)
    }
}

impl fmt::Display for MessageType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match NAMES.iter().find(|(code, _)| *code == self.0) {
            Some((_, name)) => f.write_str(name),
            None => write!(f, "type {}", self.0),
        }
    }
}

/// Options in order, each as it stood on the wire.
pub type Options = Vec<(u16, Vec<u8>)>;

/// A client's or server's message, and the envelopes it travels in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packet6 {
    /// The envelopes, that of the relay nearest to the server first.
    pub relays: Vec<RelayHop>,
    /// The type.
    pub kind: MessageType,
    /// The transaction: 24 bits.
    pub xid: u32,
    /// The options.
    pub options: Options,
}

/// One relay's envelope without the message in it (RFC 9915 section 9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayHop {
    /// 12 towards the server, 13 towards the client.
    pub kind: u8,
    /// How many relays were passed before.
    pub hops: u8,
    /// An address that tells the link of the client.
    pub link: Ipv6Addr,
    /// From where the relay has the message.
    pub peer: Ipv6Addr,
    /// Its options except the message.
    pub options: Options,
}

/// An identity association (RFC 9915 sections 21.4, 21.5 and 21.21).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ia {
    /// The option: [`IA_NA`], [`IA_TA`] or [`IA_PD`].
    pub code: u16,
    /// Which of the client's associations it is.
    pub iaid: u32,
    /// Renewal time in seconds; 0 in an IA_TA.
    pub t1: u32,
    /// Rebinding time in seconds; 0 in an IA_TA.
    pub t2: u32,
    /// What is in it.
    pub options: Options,
}

/// An address or prefix in an association.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IaLease {
    /// The address, or the first of the prefix.
    pub address: Ipv6Addr,
    /// 128 for an address.
    pub len: u8,
    /// Preferred lifetime in seconds.
    pub preferred: u32,
    /// Valid lifetime in seconds.
    pub valid: u32,
    /// What is in it.
    pub options: Options,
}

impl Packet6 {
    /// A client's message with its identifier and an elapsed time of zero.
    pub fn query(kind: MessageType, duid: &[u8], xid: u32) -> Self {
        let options = vec![(CLIENT_ID, duid.to_vec()), (ELAPSED_TIME, vec![0, 0])];
        Packet6 { relays: Vec::new(), kind, xid: xid & 0x00ff_ffff, options }
    }

    /// Adds an option.
    #[must_use]
    pub fn with_option(mut self, code: u16, data: &[u8]) -> Self {
        self.options.push((code, data.to_vec()));
        self
    }

    /// Adds an association.
    #[must_use]
    pub fn with_ia(mut self, ia: &Ia) -> Self {
        self.options.push((ia.code, ia.encode()));
        self
    }

    /// The first option of this code.
    pub fn option(&self, code: u16) -> Option<&[u8]> {
        first(&self.options, code)
    }

    /// The associations.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn associations(&self) -> Result<Vec<Ia>, PacketError> {
        let ias = self.options.iter().filter(|(code, _)| [IA_NA, IA_TA, IA_PD].contains(code));
        ias.map(|(code, data)| Ia::decode(*code, data)).collect()
    }

    /// The first address or prefix with a lifetime, of all associations.
    pub fn leased(&self) -> Option<IaLease> {
        let ias = self.associations().ok()?;
        ias.iter().find_map(|ia| ia.leases().ok()?.into_iter().find(|lease| lease.valid > 0))
    }
}

impl Ia {
    /// An association of addresses that names nothing.
    pub fn na(iaid: u32) -> Self {
        Ia { code: IA_NA, iaid, t1: 0, t2: 0, options: Vec::new() }
    }

    /// An association of prefixes that names nothing.
    pub fn pd(iaid: u32) -> Self {
        Ia { code: IA_PD, ..Ia::na(iaid) }
    }

    /// Adds an address, or a prefix where the association is of prefixes.
    #[must_use]
    pub fn with_lease(mut self, lease: &IaLease) -> Self {
        let code = if self.code == IA_PD { IAPREFIX } else { IAADDR };
        self.options.push((code, lease.encode(code)));
        self
    }

    /// The addresses or prefixes.
    ///
    /// # Errors
    /// When one cannot be read.
    pub fn leases(&self) -> Result<Vec<IaLease>, PacketError> {
        let found = self.options.iter().filter(|(code, _)| [IAADDR, IAPREFIX].contains(code));
        found.map(|(code, data)| IaLease::decode(*code, data)).collect()
    }

    /// The option's data.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = self.iaid.to_be_bytes().to_vec();
        if self.code != IA_TA {
            out.extend(self.t1.to_be_bytes());
            out.extend(self.t2.to_be_bytes());
        }
        encode_options(&self.options, &mut out);
        out
    }

    fn decode(code: u16, data: &[u8]) -> Result<Self, PacketError> {
        let fixed_len = if code == IA_TA { 4 } else { 12 };
        let split = data.split_at_checked(fixed_len).ok_or(PacketError::Option(code))?;
        let number = |at: usize| split.0.get(at..at + 4).map_or(0, big_endian);
        let options = decode_options(split.1)?;
        Ok(Ia { code, iaid: number(0), t1: number(4), t2: number(8), options })
    }
}

impl IaLease {
    /// An address without lifetimes.
    pub fn address(address: Ipv6Addr) -> Self {
        IaLease { address, len: 128, preferred: 0, valid: 0, options: Vec::new() }
    }

    /// A prefix without lifetimes.
    pub fn prefix(address: Ipv6Addr, len: u8) -> Self {
        IaLease { len, ..IaLease::address(address) }
    }

    fn encode(&self, code: u16) -> Vec<u8> {
        let lifetimes = [self.preferred.to_be_bytes(), self.valid.to_be_bytes()].concat();
        let mut out = match code {
            IAPREFIX => [&lifetimes[..], &[self.len], &self.address.octets()].concat(),
            _ => [&self.address.octets()[..], &lifetimes].concat(),
        };
        encode_options(&self.options, &mut out);
        out
    }

    fn decode(code: u16, data: &[u8]) -> Result<Self, PacketError> {
        let is_prefix = code == IAPREFIX;
        let fixed_len = if is_prefix { 25 } else { 24 };
        let split = data.split_at_checked(fixed_len).ok_or(PacketError::Option(code))?;
        let (at_address, at_times) = if is_prefix { (9, 0) } else { (0, 16) };
        let octets: [u8; 16] = std::array::from_fn(|i| split.0[at_address + i]);
        Ok(IaLease {
            address: octets.into(),
            len: if is_prefix { split.0[8] } else { 128 },
            preferred: big_endian(&split.0[at_times..at_times + 4]),
            valid: big_endian(&split.0[at_times + 4..at_times + 8]),
            options: decode_options(split.1)?,
        })
    }
}

impl fmt::Display for IaLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.len {
            128 => write!(f, "{}", self.address),
            len => write!(f, "{}/{len}", self.address),
        }
    }
}

/// The first option of this code.
pub fn first(options: &Options, code: u16) -> Option<&[u8]> {
    options.iter().find(|(present, _)| *present == code).map(|(_, data)| data.as_slice())
}

/// Code and text of a status option (RFC 9915 section 21.13).
pub fn status(options: &Options) -> Option<(u16, String)> {
    let (code, text) = first(options, STATUS_CODE)?.split_at_checked(2)?;
    Some((u16::from_be_bytes([code[0], code[1]]), String::from_utf8_lossy(text).into_owned()))
}

impl Message for Packet6 {
    const VERSION: u8 = 6;
    const SERVER_PORT: u16 = 547;
    const OPTIONS: OptionNames = OptionNames::V6;

    type Kind = MessageType;

    fn kind_named(name: &str) -> Option<MessageType> {
        MessageType::from_name(name)
    }

    fn kind(&self) -> Option<MessageType> {
        Some(self.kind)
    }

    fn xid(&self) -> u32 {
        self.xid
    }

    fn encode(&self) -> Vec<u8> {
        let [_, xid @ ..] = self.xid.to_be_bytes();
        let mut message = vec![self.kind.0];
        message.extend(xid);
        encode_options(&self.options, &mut message);
        self.relays.iter().rev().fold(message, |inner, relay| {
            let mut out = vec![relay.kind, relay.hops];
            out.extend(relay.link.octets());
            out.extend(relay.peer.octets());
            encode_options(&relay.options, &mut out);
            encode_options(&vec![(RELAY_MSG, inner)], &mut out);
            out
        })
    }

    fn decode(bytes: &[u8]) -> Result<Self, PacketError> {
        let mut relays = Vec::new();
        let mut bytes = bytes.to_vec();
        while matches!(bytes.first(), Some(12 | 13)) {
            let (fixed, options) = bytes.split_at_checked(34).ok_or(PacketError::Short)?;
            let address = |at: usize| Ipv6Addr::from(std::array::from_fn(|i| fixed[at + i]));
            let mut options = decode_options(options)?;
            let inner = options.iter().position(|(code, _)| *code == RELAY_MSG);
            let (_, inner) = options.remove(inner.ok_or(PacketError::Envelope)?);
            relays.push(RelayHop {
                kind: fixed[0],
                hops: fixed[1],
                link: address(2),
                peer: address(18),
                options,
            });
            bytes = inner;
        }
        let (fixed, options) = bytes.split_at_checked(4).ok_or(PacketError::Short)?;
        let xid = u32::from_be_bytes([0, fixed[1], fixed[2], fixed[3]]);
        let options = decode_options(options)?;
        Ok(Packet6 { relays, kind: MessageType(fixed[0]), xid, options })
    }

    fn options_of(&self, code: u16) -> Vec<Vec<u8>> {
        let all = self.options.iter().filter(|(present, _)| *present == code);
        all.map(|(_, data)| data.clone()).collect()
    }

    fn option_codes(&self) -> Vec<u16> {
        self.options.iter().map(|(code, _)| *code).collect()
    }

    fn push_option(&mut self, code: u16, data: &[u8]) {
        self.options.push((code, data.to_vec()));
    }

    fn remove_option(&mut self, code: u16) {
        self.options.retain(|(present, _)| *present != code);
    }

    /// From the link-local address of the hardware address, which is the end of the DUID, to all
    /// servers and relays of the link.
    fn to_all(&self) -> Frame {
        let duid = self.option(CLIENT_ID).unwrap_or_default();
        let mac = duid.last_chunk::<6>().copied().unwrap_or([0x02, 0, 0, 0, 0, 0xfd]);
        Frame {
            to_mac: [0x33, 0x33, 0, 1, 0, 2],
            from_mac: mac,
            from: SocketAddrV6::new(link_local(mac), 546, 0, 0).into(),
            to: SocketAddrV6::new(ALL_SERVERS_AND_RELAYS, 547, 0, 0).into(),
            payload: self.encode(),
        }
    }

    fn answer_in(frame: &Frame) -> Option<Self> {
        let to_multicast = frame.to.ip().is_multicast();
        if frame.from.is_ipv4() || frame.from.port() != 547 || to_multicast {
            return None;
        }
        Packet6::decode(&frame.payload).ok()
    }
}

/// The link-local address of a hardware address (RFC 4291 appendix A).
pub fn link_local([a, b, c, d, e, f]: [u8; 6]) -> Ipv6Addr {
    let identifier = [a ^ 2, b, c, 0xff, 0xfe, d, e, f];
    let mut octets = [0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    octets[8..].copy_from_slice(&identifier);
    octets.into()
}

fn big_endian(octets: &[u8]) -> u32 {
    octets.iter().fold(0, |number, octet| number << 8 | u32::from(*octet))
}

fn encode_options(options: &Options, out: &mut Vec<u8>) {
    for (code, data) in options {
        out.extend(code.to_be_bytes());
        out.extend((data.len() as u16).to_be_bytes());
        out.extend(data);
    }
}

fn decode_options(mut rest: &[u8]) -> Result<Options, PacketError> {
    let mut options = Vec::new();
    while !rest.is_empty() {
        let (head, after) = rest.split_at_checked(4).ok_or(PacketError::Short)?;
        let code = u16::from_be_bytes([head[0], head[1]]);
        let len = usize::from(u16::from_be_bytes([head[2], head[3]]));
        let (data, after) = after.split_at_checked(len).ok_or(PacketError::Option(code))?;
        options.push((code, data.to_vec()));
        rest = after;
    }
    Ok(options)
}

const NAMES: [(u8, &str); 16] = [
    (1, "solicit"),
    (2, "advertise"),
    (3, "request"),
    (4, "confirm"),
    (5, "renew"),
    (6, "rebind"),
    (7, "reply"),
    (8, "release"),
    (9, "decline"),
    (10, "reconfigure"),
    (11, "information-request"),
    (14, "leasequery"),
    (15, "leasequery-reply"),
    (20, "dhcpv4-query"),
    (21, "dhcpv4-response"),
    (36, "addr-reg-inform"),
];

/// The client's identifier.
pub const CLIENT_ID: u16 = 1;
/// The server's identifier.
pub const SERVER_ID: u16 = 2;
/// An association of addresses.
pub const IA_NA: u16 = 3;
/// An association of temporary addresses.
pub const IA_TA: u16 = 4;
/// An association of prefixes.
pub const IA_PD: u16 = 25;
const IAADDR: u16 = 5;
const IAPREFIX: u16 = 26;
const ELAPSED_TIME: u16 = 8;
const RELAY_MSG: u16 = 9;
const STATUS_CODE: u16 = 13;
const ALL_SERVERS_AND_RELAYS: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);

#[cfg(test)]
mod tests {
    use super::*;

    const DUID: [u8; 10] = [0, 3, 0, 1, 2, 0, 0, 0, 0, 0x0a];

    fn address(text: &str) -> Ipv6Addr {
        text.parse().unwrap()
    }

    #[test]
    fn a_relayed_message_reads_back() {
        let prefix =
            IaLease { preferred: 3, valid: 4, ..IaLease::prefix(address("2001:db8::"), 56) };
        let mut packet = Packet6::query(MessageType::SOLICIT, &DUID, 0x0012_3456)
            .with_ia(&Ia::na(7).with_lease(&IaLease::address(address("2001:db8::9"))))
            .with_ia(&Ia::pd(8).with_lease(&prefix))
            .with_option(14, &[]);
        assert_eq!(packet.encode()[..8], [1, 0x12, 0x34, 0x56, 0, 1, 0, 10]);
        let hop = |hops, link: &str| RelayHop {
            kind: 12,
            hops,
            link: address(link),
            peer: address("fe80::2"),
            options: vec![(18, b"eth".to_vec())],
        };
        packet.relays = vec![hop(1, "::"), hop(0, "2001:db8::1")];
        let bytes = packet.encode();
        assert_eq!(bytes[..3], [12, 1, 0]);
        let read = Packet6::decode(&bytes).unwrap();
        assert_eq!(read, packet);
        let ias = read.associations().unwrap();
        assert_eq!((ias[0].code, ias[0].iaid, ias[1].code), (IA_NA, 7, IA_PD));
        assert_eq!(ias[1].leases().unwrap(), [prefix]);
        assert_eq!(read.leased().unwrap().to_string(), "2001:db8::/56");
        assert_eq!(read.option(14), Some(&[][..]));
    }

    #[test]
    fn damage_is_named() {
        let good = Packet6::query(MessageType::SOLICIT, &DUID, 1).encode();
        assert_eq!(Packet6::decode(&good[..3]), Err(PacketError::Short));
        assert_eq!(Packet6::decode(&good[..10]), Err(PacketError::Option(1)));
        let mut envelope = vec![12, 0];
        envelope.resize(34, 0);
        assert_eq!(Packet6::decode(&envelope), Err(PacketError::Envelope));
    }

    #[test]
    fn it_is_sent_from_the_address_of_the_duid() {
        let frame = Packet6::query(MessageType::SOLICIT, &DUID, 1).to_all();
        assert_eq!(frame.from.to_string(), "[fe80::ff:fe00:a]:546");
        assert_eq!(frame.to.to_string(), "[ff02::1:2]:547");
    }

    #[test]
    fn every_type_has_its_code_and_name() {
        assert_eq!(MessageType::from_name("information-request"), Some(MessageType(11)));
        assert_eq!(MessageType::from_name("7"), Some(MessageType::REPLY));
        assert_eq!(MessageType(99).to_string(), "type 99");
    }
}
