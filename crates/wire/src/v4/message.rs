//! The strict, owned form of a DHCPv4 message.

use std::net::Ipv4Addr;

use super::builder::{Builder, encoded_len};
use super::code;
use super::header::{HEADER_LEN, MAGIC_COOKIE, MessageType, Op, field};
use super::options::Damage;
use super::view::{ParseError, View};
use crate::HwAddr;

/// A whole DHCPv4 message as values, for clients and tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Direction.
    pub op: Op,
    /// Hardware address and type; at most 16 octets and a type below 256 on the wire.
    pub hw_addr: HwAddr,
    /// Relays passed.
    pub hops: u8,
    /// Transaction identifier.
    pub xid: u32,
    /// Seconds since the client began.
    pub secs: u16,
    /// Flags.
    pub flags: u16,
    /// The client's address.
    pub ciaddr: Ipv4Addr,
    /// "Your" address.
    pub yiaddr: Ipv4Addr,
    /// Next server.
    pub siaddr: Ipv4Addr,
    /// Relay.
    pub giaddr: Ipv4Addr,
    /// Server name without its NUL, at most 64 octets.
    pub sname: Vec<u8>,
    /// Boot file name without its NUL, at most 128 octets.
    pub file: Vec<u8>,
    /// Options in wire order, one entry per code; message type and overload stand here like any
    /// other, except that overload is undone on reading.
    pub options: Vec<(u8, Vec<u8>)>,
}

/// Why a DHCPv4 message is not strictly well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageError {
    /// The fixed header is wrong.
    Header(ParseError),
    /// `op` is neither request nor reply.
    Op {
        /// Its value.
        found: u8,
    },
    /// `hlen` exceeds the 16 octets of `chaddr`.
    HardwareLength {
        /// Its value.
        found: u8,
    },
    /// An options area is cut.
    Options(Damage),
}

impl std::fmt::Display for MessageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MessageError::Header(error) => error.fmt(f),
            MessageError::Op { found } => write!(f, "op is {found}, neither request nor reply"),
            MessageError::HardwareLength { found } => {
                write!(f, "hardware address length {found} exceeds 16")
            }
            MessageError::Options(damage) => damage.fmt(f),
        }
    }
}

impl std::error::Error for MessageError {}

impl Message {
    /// A client's message with nothing in it but its type.
    pub fn request(hw_addr: HwAddr, xid: u32, message_type: MessageType) -> Self {
        Message {
            op: Op::Request,
            hw_addr,
            hops: 0,
            xid,
            secs: 0,
            flags: 0,
            ciaddr: Ipv4Addr::UNSPECIFIED,
            yiaddr: Ipv4Addr::UNSPECIFIED,
            siaddr: Ipv4Addr::UNSPECIFIED,
            giaddr: Ipv4Addr::UNSPECIFIED,
            sname: Vec::new(),
            file: Vec::new(),
            options: vec![(code::MESSAGE_TYPE, vec![message_type.number()])],
        }
    }

    /// Reads a UDP payload.
    ///
    /// # Errors
    /// When anything in it is malformed. A missing END or message type is not.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        let view = View::parse(bytes).map_err(MessageError::Header)?;
        if let Op::Unknown(found) = view.op() {
            return Err(MessageError::Op { found });
        }
        if view.hlen() > 16 {
            return Err(MessageError::HardwareLength { found: view.hlen() });
        }
        if let Some(damage) = view.damage() {
            return Err(MessageError::Options(damage));
        }
        Ok(Self::from(&view))
    }

    /// The data of an option.
    pub fn option(&self, code: u8) -> Option<&[u8]> {
        self.options.iter().find_map(|(found, data)| (*found == code).then_some(&**data))
    }

    /// Sets an option, in place when it exists.
    pub fn set_option(&mut self, code: u8, data: impl Into<Vec<u8>>) -> &mut Self {
        let data = data.into();
        match self.options.iter_mut().find(|(found, _)| *found == code) {
            Some((_, old)) => *old = data,
            None => self.options.push((code, data)),
        }
        self
    }

    /// The message type.
    pub fn message_type(&self) -> Option<MessageType> {
        self.option(code::MESSAGE_TYPE)?.first().map(|&number| number.into())
    }

    /// Octets that [`Self::emit`] appends.
    pub fn buffer_len(&self) -> usize {
        let options = self.options.iter().map(|(_, data)| encoded_len(data));
        HEADER_LEN + options.sum::<usize>() + 1
    }

    /// Appends the message to `buffer`: options in their order, then END.
    pub fn emit(&self, buffer: &mut Vec<u8>) {
        let mut header = [0; HEADER_LEN];
        let chaddr = self.hw_addr.octets();
        header[field::OP] = self.op.number();
        header[1] = self.hw_addr.htype() as u8;
        header[2] = chaddr.len().min(16) as u8;
        header[3] = self.hops;
        header[4..8].copy_from_slice(&self.xid.to_be_bytes());
        header[28..44].iter_mut().zip(chaddr).for_each(|(to, &from)| *to = from);
        header[field::COOKIE..].copy_from_slice(&MAGIC_COOKIE);
        let mut builder = Builder::from_header(buffer, &header);
        builder.secs(self.secs).flags(self.flags);
        builder.ciaddr(self.ciaddr).yiaddr(self.yiaddr).siaddr(self.siaddr).giaddr(self.giaddr);
        builder.sname(&self.sname).file(&self.file);
        for (code, data) in &self.options {
            builder.option(*code, data);
        }
        builder.finish();
    }

    /// The message in a buffer of its own.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut buffer = Vec::with_capacity(self.buffer_len());
        self.emit(&mut buffer);
        buffer
    }
}

/// Whatever the view found, damage left aside.
impl From<&View<'_>> for Message {
    fn from(view: &View<'_>) -> Self {
        let mut options: Vec<(u8, Vec<u8>)> = Vec::new();
        for (code, data) in view.options().filter(|&(code, _)| code != code::OVERLOAD) {
            match options.iter_mut().find(|(found, _)| *found == code) {
                Some((_, joined)) => joined.extend_from_slice(data),
                None => options.push((code, data.to_vec())),
            }
        }
        Message {
            op: view.op(),
            hw_addr: view.hw_addr(),
            hops: view.hops(),
            xid: view.xid(),
            secs: view.secs(),
            flags: view.flags(),
            ciaddr: view.ciaddr(),
            yiaddr: view.yiaddr(),
            siaddr: view.siaddr(),
            giaddr: view.giaddr(),
            sname: view.sname().to_vec(),
            file: view.file().to_vec(),
            options,
        }
    }
}
