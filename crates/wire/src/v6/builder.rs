//! Writes a message into the caller's buffer, options in options.

use std::net::Ipv6Addr;

use smallvec::SmallVec;

use super::code;
use super::header::{MessageType, StatusCode};
use super::leasequery::{LqRelayData, QueryType};
use super::option_data::{Auth, RemoteId};
use super::view::{Relay, View};
use crate::{HwAddr, Iaid, Prefix};

/// Appends one DHCPv6 datagram to a buffer.
///
/// Options stand in the order of the calls. Lengths of containers and envelopes are filled in when
/// they are closed. What stands in the buffer already is kept.
#[derive(Debug)]
pub struct Builder<'b> {
    buffer: &'b mut Vec<u8>,
    /// Where the datagram starts in `buffer`.
    start: usize,
    /// Positions of the length fields of the Relay Message options around the message.
    envelopes: SmallVec<[usize; 4]>,
    /// Some option's data exceed what its length field can say.
    too_long: bool,
}

/// The datagram, or one of its options, exceeds 65535 octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLong {
    /// Octets of the datagram.
    pub len: usize,
}

impl std::fmt::Display for TooLong {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "message of {} octets fits no datagram", self.len)
    }
}

impl std::error::Error for TooLong {}

impl<'b> Builder<'b> {
    /// Begins a message that is not relayed. Bits of `xid` above the lowest 24 are left out.
    pub fn new(buffer: &'b mut Vec<u8>, message_type: MessageType, xid: u32) -> Self {
        let start = buffer.len();
        let mut builder = Builder { buffer, start, envelopes: SmallVec::new(), too_long: false };
        builder.message(message_type, xid);
        builder
    }

    /// Begins the answer to `query`: its transaction, inside a relay-reply for each of its
    /// relay-forwards. An envelope has hop count and addresses of the query's, and returns
    /// Interface-Id, Relay-Source-Port and what the relay wants echoed
    /// (RFC 9915 section 19.3, RFC 4994, RFC 8357).
    pub fn reply(buffer: &'b mut Vec<u8>, query: &View<'_>, message_type: MessageType) -> Self {
        Self::reply_as(buffer, query, message_type, query.xid())
    }

    /// The same with another transaction, or with flags where a message has those in its place.
    pub(super) fn reply_as(
        buffer: &'b mut Vec<u8>,
        query: &View<'_>,
        message_type: MessageType,
        xid: u32,
    ) -> Self {
        let start = buffer.len();
        let mut builder = Builder { buffer, start, envelopes: SmallVec::new(), too_long: false };
        for relay in query.relays() {
            builder.relay(
                MessageType::RelayReply,
                relay.hop_count(),
                relay.link_address(),
                relay.peer_address(),
                |envelope| envelope.echo(relay),
            );
        }
        builder.message(message_type, xid);
        builder
    }

    /// Begins a datagram with its outermost envelope; more may follow by [`Self::relay`], and
    /// then the message, by [`Self::message`].
    pub fn relayed(buffer: &'b mut Vec<u8>) -> Self {
        let start = buffer.len();
        Builder { buffer, start, envelopes: SmallVec::new(), too_long: false }
    }

    /// Opens an envelope with the options that `options` writes; all that follows goes into it.
    pub fn relay(
        &mut self,
        message_type: MessageType,
        hop_count: u8,
        link_address: Ipv6Addr,
        peer_address: Ipv6Addr,
        options: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.buffer.extend_from_slice(&[message_type.number(), hop_count]);
        self.buffer.extend_from_slice(&link_address.octets());
        self.buffer.extend_from_slice(&peer_address.octets());
        options(self);
        let length_at = self.open(code::RELAY_MSG);
        self.envelopes.push(length_at);
        self
    }

    /// Writes the fixed header of the message itself.
    pub fn message(&mut self, message_type: MessageType, xid: u32) -> &mut Self {
        let [_, high, mid, low] = xid.to_be_bytes();
        self.buffer.extend_from_slice(&[message_type.number(), high, mid, low]);
        self
    }

    /// Appends an option.
    #[inline]
    pub fn option(&mut self, code: u16, data: &[u8]) -> &mut Self {
        self.too_long |= data.len() > usize::from(u16::MAX);
        let [c1, c0] = code.to_be_bytes();
        let [l1, l0] = (data.len() as u16).to_be_bytes();
        self.buffer.reserve(data.len() + 4);
        self.buffer.extend_from_slice(&[c1, c0, l1, l0]);
        self.buffer.extend_from_slice(data);
        self
    }

    /// Appends an option that holds `fields` and the options that `options` writes.
    pub fn container(
        &mut self,
        code: u16,
        fields: &[u8],
        options: impl FnOnce(&mut Self),
    ) -> &mut Self {
        let length_at = self.open(code);
        self.buffer.extend_from_slice(fields);
        options(self);
        self.close(length_at);
        self
    }

    /// Appends an `IA_NA` (3); times in seconds.
    pub fn ia_na(
        &mut self,
        iaid: Iaid,
        t1: u32,
        t2: u32,
        options: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.container(code::IA_NA, &association_fields(iaid, t1, t2), options)
    }

    /// Appends an `IA_TA` (4).
    pub fn ia_ta(&mut self, iaid: Iaid, options: impl FnOnce(&mut Self)) -> &mut Self {
        self.container(code::IA_TA, &iaid.0.to_be_bytes(), options)
    }

    /// Appends an `IA_PD` (25); times in seconds.
    pub fn ia_pd(
        &mut self,
        iaid: Iaid,
        t1: u32,
        t2: u32,
        options: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.container(code::IA_PD, &association_fields(iaid, t1, t2), options)
    }

    /// Appends an address of an association (5); lifetimes in seconds.
    pub fn ia_address(
        &mut self,
        address: Ipv6Addr,
        preferred: u32,
        valid: u32,
        options: impl FnOnce(&mut Self),
    ) -> &mut Self {
        let mut fields = [0; 24];
        fields[..16].copy_from_slice(&address.octets());
        fields[16..20].copy_from_slice(&preferred.to_be_bytes());
        fields[20..].copy_from_slice(&valid.to_be_bytes());
        self.container(code::IAADDR, &fields, options)
    }

    /// Appends a prefix of an association (26); lifetimes in seconds.
    pub fn ia_prefix(
        &mut self,
        prefix: Prefix<Ipv6Addr>,
        preferred: u32,
        valid: u32,
        options: impl FnOnce(&mut Self),
    ) -> &mut Self {
        let mut fields = [0; 25];
        fields[..4].copy_from_slice(&preferred.to_be_bytes());
        fields[4..8].copy_from_slice(&valid.to_be_bytes());
        fields[8] = prefix.len();
        fields[9..].copy_from_slice(&prefix.address().octets());
        self.container(code::IAPREFIX, &fields, options)
    }

    /// Appends a status (13).
    pub fn status(&mut self, code: StatusCode, message: &str) -> &mut Self {
        let length_at = self.open(code::STATUS_CODE);
        self.buffer.extend_from_slice(&code.number().to_be_bytes());
        self.buffer.extend_from_slice(message.as_bytes());
        self.close(length_at);
        self
    }

    /// Appends a list of option codes (6 or 43).
    pub fn codes(&mut self, code: u16, codes: &[u16]) -> &mut Self {
        let length_at = self.open(code);
        codes.iter().for_each(|code| self.buffer.extend_from_slice(&code.to_be_bytes()));
        self.close(length_at);
        self
    }

    /// Appends vendor-specific information (17).
    pub fn vendor_opts(&mut self, enterprise: u32, options: impl FnOnce(&mut Self)) -> &mut Self {
        self.container(code::VENDOR_OPTS, &enterprise.to_be_bytes(), options)
    }

    /// Appends a vendor class (16).
    pub fn vendor_class(&mut self, enterprise: u32, tuples: &[&[u8]]) -> &mut Self {
        let length_at = self.open(code::VENDOR_CLASS);
        self.buffer.extend_from_slice(&enterprise.to_be_bytes());
        for tuple in tuples {
            self.too_long |= tuple.len() > usize::from(u16::MAX);
            self.buffer.extend_from_slice(&(tuple.len() as u16).to_be_bytes());
            self.buffer.extend_from_slice(tuple);
        }
        self.close(length_at);
        self
    }

    /// Appends a client link-layer address (79, RFC 6939).
    pub fn client_link_layer_address(&mut self, hw_addr: &HwAddr) -> &mut Self {
        let htype = hw_addr.htype().to_be_bytes();
        self.container(code::CLIENT_LINKLAYER_ADDR, &htype, |address| {
            address.buffer.extend_from_slice(hw_addr.octets());
        })
    }

    /// Appends the remote identifier of a relay (37, RFC 4649).
    pub fn remote_id(&mut self, remote_id: &RemoteId<'_>) -> &mut Self {
        let RemoteId { enterprise, identifier } = remote_id;
        self.parts(code::REMOTE_ID, &[&enterprise.to_be_bytes(), identifier])
    }

    /// Appends authentication (11).
    pub fn auth(&mut self, auth: &Auth<'_>) -> &mut Self {
        let kind = [auth.protocol, auth.algorithm, auth.replay_method];
        self.parts(code::AUTH, &[&kind, &auth.replay_value.to_be_bytes(), auth.information])
    }

    /// Appends a leasequery's question (44, RFC 5007) with the options that `options` writes.
    pub fn lq_query(
        &mut self,
        query_type: QueryType,
        link_address: Ipv6Addr,
        options: impl FnOnce(&mut Self),
    ) -> &mut Self {
        let mut fields = [query_type.number(); 17];
        fields[1..].copy_from_slice(&link_address.octets());
        self.container(code::LQ_QUERY, &fields, options)
    }

    /// Appends what is known of one client (45, RFC 5007).
    pub fn client_data(&mut self, options: impl FnOnce(&mut Self)) -> &mut Self {
        self.container(code::CLIENT_DATA, &[], options)
    }

    /// Appends the seconds since the client was last heard of (46, RFC 5007).
    pub fn last_transaction(&mut self, seconds: u32) -> &mut Self {
        self.option(code::CLT_TIME, &seconds.to_be_bytes())
    }

    /// Appends how a client's last message came (47, RFC 5007).
    pub fn lq_relay_data(&mut self, data: &LqRelayData<'_>) -> &mut Self {
        self.parts(code::LQ_RELAY_DATA, &[&data.peer_address.octets(), data.message])
    }

    /// Appends a list of addresses (48, 88, and many others).
    pub fn addresses(&mut self, code: u16, addresses: &[Ipv6Addr]) -> &mut Self {
        let length_at = self.open(code);
        addresses.iter().for_each(|address| self.buffer.extend_from_slice(&address.octets()));
        self.close(length_at);
        self
    }

    /// Octets written so far.
    pub fn written(&self) -> usize {
        self.buffer.len() - self.start
    }

    /// Closes the envelopes and tells the octets of the datagram.
    ///
    /// # Errors
    /// When it, or an option in it, exceeds 65535 octets. The buffer is then as it was before.
    pub fn finish(&mut self) -> Result<usize, TooLong> {
        while let Some(length_at) = self.envelopes.pop() {
            self.close(length_at);
        }
        let len = self.written();
        if self.too_long || len > usize::from(u16::MAX) {
            self.buffer.truncate(self.start);
            return Err(TooLong { len });
        }
        Ok(len)
    }

    fn echo(&mut self, relay: &Relay<'_>) {
        let always = [code::INTERFACE_ID, code::RELAY_PORT];
        let wanted = |code| {
            always.contains(&code)
                || (code != code::RELAY_MSG
                    && relay.echo_request().take(MAX_ECHOED).any(|wanted| wanted == code))
        };
        for (code, data) in relay.options().iter().filter(|&(code, _)| wanted(code)) {
            self.option(code, data);
        }
    }

    /// Appends an option whose data are these parts.
    fn parts(&mut self, code: u16, parts: &[&[u8]]) -> &mut Self {
        let length_at = self.open(code);
        parts.iter().for_each(|part| self.buffer.extend_from_slice(part));
        self.close(length_at);
        self
    }

    /// Writes code and a length to be filled in; gives the position of the latter.
    #[inline]
    fn open(&mut self, code: u16) -> usize {
        let [c1, c0] = code.to_be_bytes();
        self.buffer.extend_from_slice(&[c1, c0, 0, 0]);
        self.buffer.len() - 2
    }

    #[inline]
    fn close(&mut self, length_at: usize) {
        let len = self.buffer.len() - length_at - 2;
        self.too_long |= len > usize::from(u16::MAX);
        let field = self.buffer.get_mut(length_at..).and_then(<[u8]>::first_chunk_mut);
        if let Some(field) = field {
            *field = (len as u16).to_be_bytes();
        }
    }
}

/// Codes of an echo request that are heeded, so that a forged one costs no more than a real one.
const MAX_ECHOED: usize = 32;

fn association_fields(iaid: Iaid, t1: u32, t2: u32) -> [u8; 12] {
    let mut fields = [0; 12];
    fields[..4].copy_from_slice(&iaid.0.to_be_bytes());
    fields[4..8].copy_from_slice(&t1.to_be_bytes());
    fields[8..].copy_from_slice(&t2.to_be_bytes());
    fields
}
