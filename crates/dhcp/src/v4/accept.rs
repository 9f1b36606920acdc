//! Which datagrams are queries that this server takes (RFC 2131 section 4.3).

use std::net::Ipv4Addr;

use kea_config::snapshot::IdentifierKind;
use kea_hooks::FlexibleIdentifier;
use kea_wire::v4::{MessageType, Op, RelayAgentInfo, View, code};
use kea_wire::{ClientId, HwAddr, V4};

use crate::pipeline::{Drop, Identified, Transaction};

/// A query of a kind that is served, and what every later stage asks of it.
#[derive(Debug)]
pub(super) struct Query<'p> {
    /// The message. Not in here: what it knows of its options is large, and a query goes through many hands.
    pub(super) view: &'p View<'p>,
    /// What it asks for.
    pub(super) kind: Kind,
    /// Who asks.
    pub(super) client: Client,
    /// What its relay said.
    pub(super) relay: Option<RelayAgentInfo<'p>>,
    /// True when the relay said so at an earlier exchange.
    pub(super) is_relay_recalled: bool,
    /// What hooks know the client by.
    flexible: Option<Vec<u8>>,
    /// The client identifier that was sent, where that of the client is another.
    replaced: Option<Option<ClientId>>,
}

/// The messages that clients send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Discover,
    Request,
    Decline,
    Release,
    Inform,
    /// No message type at all: a BOOTREQUEST (RFC 951), served like a REQUEST.
    Bootp,
}

/// Who asks: at least one of the two is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// The hardware address; may be empty.
    pub(super) hw_addr: HwAddr,
    /// The client identifier, if sent.
    pub(super) client_id: Option<ClientId>,
}

/// Takes a readable packet as a query, or says why not.
pub(super) fn accept<'p>(view: &'p View<'p>, serves_bootp: bool) -> Result<Query<'p>, Drop<V4>> {
    let kind = match view.message_type() {
        None if serves_bootp => Kind::Bootp,
        None => return Err(Drop::NoMessageType),
        Some(message_type) => kind_of(message_type)?,
    };
    if view.op() != Op::Request {
        let number = view.message_type().map_or(0, MessageType::number);
        return Err(Drop::ServerMessage(number));
    }
    let client = Client { hw_addr: view.hw_addr(), client_id: view.client_id() };
    if client.hw_addr.is_empty() && client.client_id.is_none() {
        return Err(Drop::NoIdentity);
    }
    if view.hops() != 0 && !view.is_relayed() {
        return Err(Drop::HopsWithoutRelay { hops: view.hops() });
    }
    // An empty option 82 says nothing and is not returned.
    let relay = view.relay_agent_info().filter(|relay| !relay.data().is_empty());
    let (flexible, replaced) = (None, None);
    Ok(Query { view, kind, client, relay, is_relay_recalled: false, flexible, replaced })
}

fn kind_of(message_type: MessageType) -> Result<Kind, Drop<V4>> {
    Ok(match message_type {
        MessageType::Discover => Kind::Discover,
        MessageType::Request => Kind::Request,
        MessageType::Decline => Kind::Decline,
        MessageType::Release => Kind::Release,
        MessageType::Inform => Kind::Inform,
        MessageType::Offer | MessageType::Ack | MessageType::Nak => {
            return Err(Drop::ServerMessage(message_type.number()));
        }
        _ => return Err(Drop::UnservedType(message_type.number())),
    })
}

impl Query<'_> {
    /// The address the client wants: option 50, or the one it has.
    pub(super) fn wanted_address(&self) -> Option<Ipv4Addr> {
        let ciaddr = Some(self.view.ciaddr());
        self.view.requested_address().or(ciaddr).filter(|address| !address.is_unspecified())
    }

    /// From now on the client is known by what hooks know it by (the manual's chapter on the flexible
    /// identifier library).
    pub(super) fn know_as(&mut self, identifier: FlexibleIdentifier) {
        let FlexibleIdentifier { octets, replaces_client_id, ignores_iaid: _ } = identifier;
        let in_place = replaces_client_id.then(|| [&[0], &octets[..]].concat());
        if let Some(client_id) = in_place.and_then(|octets| ClientId::new(&octets)) {
            self.replaced = Some(self.client.client_id.replace(client_id));
        }
        self.flexible = Some(octets);
    }

    /// The client identifier that was sent.
    pub(super) fn sent_client_id(&self) -> Option<&ClientId> {
        self.replaced.as_ref().unwrap_or(&self.client.client_id).as_ref()
    }

    /// The client identifier that goes into answers (RFC 6842): the one that was sent, where
    /// `echo_client_id` wants it. It always does for a client that is known by another one.
    pub(super) fn echoed_client_id(&self, echo_client_id: bool) -> Option<&ClientId> {
        self.sent_client_id().filter(|_| echo_client_id || self.replaced.is_some())
    }

    /// What a repetition of this query is known by.
    pub(super) fn transaction(&self) -> Transaction {
        let client_id = self.sent_client_id().map_or(&[][..], ClientId::octets);
        Transaction::new(self.view.xid(), client_id, self.client.hw_addr.octets())
    }

    /// True for messages that clients send again when they get no answer. DISCOVER and REQUEST of
    /// one transaction follow each other: nobody asks for what has been answered.
    pub(super) fn is_repeatable(&self) -> bool {
        !matches!(self.kind, Kind::Release | Kind::Decline)
    }

    /// True for a client that speaks BOOTP.
    pub(super) fn is_bootp(&self) -> bool {
        self.kind == Kind::Bootp
    }

    /// A restarted client that remembers its address: option 50 without a server identifier
    /// (RFC 2131 section 4.3.2).
    pub(super) fn is_init_reboot(&self) -> bool {
        self.kind == Kind::Request
            && self.view.has_option(code::REQUESTED_ADDRESS)
            && !self.view.has_option(code::SERVER_ID)
    }
}

impl Identified for Query<'_> {
    fn identifier(&self, kind: IdentifierKind) -> Option<&[u8]> {
        let client_id = || self.client.client_id.as_ref().map(ClientId::octets);
        match kind {
            IdentifierKind::HwAddress => Some(self.client.hw_addr.octets()),
            IdentifierKind::ClientId => client_id(),
            // A DUID comes in a client identifier of type 255, after an IAID (RFC 4361 section 6.1).
            IdentifierKind::Duid => match client_id()? {
                [255, _, _, _, _, duid @ ..] => Some(duid),
                _ => None,
            },
            IdentifierKind::CircuitId => self.relay.as_ref()?.circuit_id(),
            IdentifierKind::FlexId => self.flexible.as_deref(),
        }
    }
}

#[cfg(test)]
mod tests {
    use kea_wire::v4::Builder;

    use super::*;

    fn judged(edit: impl FnOnce(&mut Vec<u8>), mac: &[u8], kind: MessageType) -> Option<Drop<V4>> {
        let mut buffer = Vec::new();
        let mac = HwAddr::new(1, mac).unwrap();
        Builder::request(&mut buffer, &mac, 7, kind).finish();
        edit(&mut buffer);
        accept(&View::parse(&buffer).unwrap(), false).err()
    }

    #[test]
    fn only_client_messages_with_an_identity_are_taken() {
        let mac = &[2, 0, 0, 0, 0, 1][..];
        let same = |_: &mut Vec<u8>| {};
        for (kind, refused) in [
            (MessageType::Discover, None),
            (MessageType::Request, None),
            (MessageType::Release, None),
            (MessageType::Decline, None),
            (MessageType::Inform, None),
            (MessageType::Ack, Some(Drop::ServerMessage(5))),
            (MessageType::Unknown(77), Some(Drop::UnservedType(77))),
        ] {
            assert_eq!(judged(same, mac, kind), refused, "{kind}");
        }
        assert_eq!(judged(same, &[], MessageType::Discover), Some(Drop::NoIdentity));
        assert_eq!(
            judged(|b| b[3] = 4, mac, MessageType::Discover),
            Some(Drop::HopsWithoutRelay { hops: 4 })
        );
        assert_eq!(judged(|b| b[0] = 2, mac, MessageType::Discover), Some(Drop::ServerMessage(1)));
        assert_eq!(
            judged(|b| b.truncate(240), mac, MessageType::Discover),
            Some(Drop::NoMessageType)
        );
    }
}
