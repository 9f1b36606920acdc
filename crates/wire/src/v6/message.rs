//! The strict, owned form of a DHCPv6 datagram.

use std::net::Ipv6Addr;

use super::association::{Ia, IaAddress, IaKind, IaPrefix};
use super::builder::{Builder, TooLong};
use super::code;
use super::header::MessageType;
use super::options::{Damage, Malformed, Options};
use super::view::{HEADER_LEN, ParseError, RELAY_HEADER_LEN, Relay, View};

/// A whole DHCPv6 datagram as values, for clients and tests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Envelopes, outermost first.
    pub relays: Vec<RelayEnvelope>,
    /// Type of the message inside.
    pub message_type: MessageType,
    /// Transaction identifier, 24 bits.
    pub xid: u32,
    /// Options in wire order.
    pub options: Vec<(u16, Vec<u8>)>,
}

/// One relay envelope.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelayEnvelope {
    /// Relay-forward or relay-reply.
    pub message_type: MessageType,
    /// Relays that the message passed before this one.
    pub hop_count: u8,
    /// An address of the client's link.
    pub link_address: Ipv6Addr,
    /// Where the message came from.
    pub peer_address: Ipv6Addr,
    /// The relay's options in wire order, without the relayed message.
    pub options: Vec<(u16, Vec<u8>)>,
}

/// Why a DHCPv6 datagram is not strictly well formed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageError {
    /// A fixed header is wrong, or an envelope is empty.
    Header(ParseError),
    /// The type of the message is not assigned.
    MessageType {
        /// Its number.
        found: u8,
    },
    /// A run of options is cut; offsets count from the start of that run.
    Options(Damage),
    /// An option that holds other options lacks its fixed fields.
    Container(Malformed),
}

impl std::fmt::Display for MessageError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MessageError::Header(error) => error.fmt(f),
            MessageError::MessageType { found } => write!(f, "message type {found} is unassigned"),
            MessageError::Options(damage) => damage.fmt(f),
            MessageError::Container(malformed) => malformed.fmt(f),
        }
    }
}

impl std::error::Error for MessageError {}

impl Message {
    /// A message with nothing in it.
    pub fn new(message_type: MessageType, xid: u32) -> Self {
        Message { relays: Vec::new(), message_type, xid, options: Vec::new() }
    }

    /// Reads a UDP payload.
    ///
    /// # Errors
    /// When anything in it is malformed: headers, options, options in identity associations.
    pub fn parse(bytes: &[u8]) -> Result<Self, MessageError> {
        let view = View::parse(bytes).map_err(MessageError::Header)?;
        if let MessageType::Unknown(found) = view.message_type() {
            return Err(MessageError::MessageType { found });
        }
        for options in view.relays().iter().map(Relay::options).chain([view.options()]) {
            check(options)?;
        }
        Ok(Self::from(&view))
    }

    /// The data of the first option of that code.
    pub fn option(&self, code: u16) -> Option<&[u8]> {
        self.options.iter().find_map(|(found, data)| (*found == code).then_some(&**data))
    }

    /// Appends an option.
    pub fn push_option(&mut self, code: u16, data: impl Into<Vec<u8>>) -> &mut Self {
        self.options.push((code, data.into()));
        self
    }

    /// Octets that [`Self::emit`] appends.
    pub fn buffer_len(&self) -> usize {
        let envelopes = self.relays.iter();
        HEADER_LEN
            + encoded_len(&self.options)
            + envelopes
                .map(|relay| RELAY_HEADER_LEN + 4 + encoded_len(&relay.options))
                .sum::<usize>()
    }

    /// Appends the datagram to `buffer`; an envelope's options precede the relayed message.
    ///
    /// # Errors
    /// When it exceeds what a datagram holds; nothing is appended then.
    pub fn emit(&self, buffer: &mut Vec<u8>) -> Result<usize, TooLong> {
        let mut builder = Builder::relayed(buffer);
        for relay in &self.relays {
            builder.relay(
                relay.message_type,
                relay.hop_count,
                relay.link_address,
                relay.peer_address,
                |envelope| push_all(envelope, &relay.options),
            );
        }
        builder.message(self.message_type, self.xid);
        push_all(&mut builder, &self.options);
        builder.finish()
    }

    /// The datagram in a buffer of its own.
    ///
    /// # Errors
    /// When it exceeds what a datagram holds.
    pub fn to_bytes(&self) -> Result<Vec<u8>, TooLong> {
        let mut buffer = Vec::with_capacity(self.buffer_len());
        self.emit(&mut buffer)?;
        Ok(buffer)
    }
}

/// Whatever the view found, damage left aside.
impl From<&View<'_>> for Message {
    fn from(view: &View<'_>) -> Self {
        let relays = view.relays().iter().map(|relay| RelayEnvelope {
            message_type: relay.message_type(),
            hop_count: relay.hop_count(),
            link_address: relay.link_address(),
            peer_address: relay.peer_address(),
            options: owned(relay.options().iter().filter(|&(code, _)| code != code::RELAY_MSG)),
        });
        Message {
            relays: relays.collect(),
            message_type: view.message_type(),
            xid: view.xid(),
            options: owned(view.options().iter()),
        }
    }
}

fn owned<'a>(options: impl Iterator<Item = (u16, &'a [u8])>) -> Vec<(u16, Vec<u8>)> {
    options.map(|(code, data)| (code, data.to_vec())).collect()
}

fn push_all(builder: &mut Builder<'_>, options: &[(u16, Vec<u8>)]) {
    for (code, data) in options {
        builder.option(*code, data);
    }
}

fn encoded_len(options: &[(u16, Vec<u8>)]) -> usize {
    options.iter().map(|(_, data)| 4 + data.len()).sum()
}

/// Checks a run of options and those that its associations hold: three levels at most, since no
/// address or prefix holds an association.
fn check(options: Options<'_>) -> Result<(), MessageError> {
    if let Some(damage) = options.damage() {
        return Err(MessageError::Options(damage));
    }
    for (code, data) in options {
        let Some(kind) = IaKind::from_code(code) else { continue };
        let association = Ia::parse(kind, data).map_err(MessageError::Container)?;
        if let Some(damage) = association.options.damage() {
            return Err(MessageError::Options(damage));
        }
        let addresses =
            association.addresses().map(|address| address.map(|it: IaAddress<'_>| it.options));
        let prefixes =
            association.prefixes().map(|prefix| prefix.map(|it: IaPrefix<'_>| it.options));
        for leaf in addresses.chain(prefixes) {
            if let Some(damage) = leaf.map_err(MessageError::Container)?.damage() {
                return Err(MessageError::Options(damage));
            }
        }
    }
    Ok(())
}
