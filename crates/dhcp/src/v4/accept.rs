//! Which datagrams are queries that this server takes (RFC 2131 section 4.3).

use std::net::Ipv4Addr;

use kea_wire::v4::{MessageType, Op, RelayAgentInfo, View, code};
use kea_wire::{ClientId, HwAddr, V4};

use crate::pipeline::Drop;

/// A query of a kind that is served, and what every later stage asks of it.
#[derive(Debug)]
pub(super) struct Query<'p> {
    /// The message.
    pub(super) view: View<'p>,
    /// What it asks for.
    pub(super) kind: Kind,
    /// Who asks.
    pub(super) client: Client,
    /// What its relay said.
    pub(super) relay: Option<RelayAgentInfo<'p>>,
}

/// The messages that clients send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Discover,
    Request,
    Decline,
    Release,
    Inform,
}

/// Who asks: at least one of the two is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Client {
    /// The hardware address; may be empty.
    pub(super) hw_addr: HwAddr,
    /// The client identifier, if sent.
    pub(super) client_id: Option<ClientId>,
}

/// The message type of a readable packet, served or not, for statistics.
pub(super) fn message_type(view: &View<'_>) -> Option<MessageType> {
    view.message_type()
}

/// Takes a readable packet as a query, or says why not.
pub(super) fn accept(view: View<'_>) -> Result<Query<'_>, Drop<V4>> {
    let Some(message_type) = message_type(&view) else { return Err(Drop::NoMessageType) };
    let kind = match message_type {
        MessageType::Discover => Kind::Discover,
        MessageType::Request => Kind::Request,
        MessageType::Decline => Kind::Decline,
        MessageType::Release => Kind::Release,
        MessageType::Inform => Kind::Inform,
        MessageType::Offer | MessageType::Ack | MessageType::Nak => {
            return Err(Drop::ServerMessage(message_type.number()));
        }
        _ => return Err(Drop::UnservedType(message_type.number())),
    };
    if view.op() != Op::Request {
        return Err(Drop::ServerMessage(message_type.number()));
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
    Ok(Query { view, kind, client, relay })
}

impl Query<'_> {
    /// The address the client wants: option 50, or the one it has.
    pub(super) fn wanted_address(&self) -> Option<Ipv4Addr> {
        let ciaddr = Some(self.view.ciaddr());
        self.view.requested_address().or(ciaddr).filter(|address| !address.is_unspecified())
    }

    /// A restarted client that remembers its address: option 50 without a server identifier
    /// (RFC 2131 section 4.3.2).
    pub(super) fn is_init_reboot(&self) -> bool {
        self.kind == Kind::Request
            && self.view.has_option(code::REQUESTED_ADDRESS)
            && !self.view.has_option(code::SERVER_ID)
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
        accept(View::parse(&buffer).unwrap()).err()
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
