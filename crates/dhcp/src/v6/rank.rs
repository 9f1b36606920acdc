//! How urgent a query is, before it is served (RFC 9915 section 18.2).

use std::net::Ipv6Addr;

use kea_wire::Duid;
use kea_wire::v6::{MessageType, View};

use crate::pipeline::{Rank, Urgency, fingerprint};

/// The rank of a datagram from `source`.
pub(crate) fn rank(payload: &[u8], source: Ipv6Addr) -> Rank {
    let Ok(view) = View::parse(payload) else { return Rank::unreadable(payload) };
    let kind = view.message_type();
    let urgency = match kind {
        MessageType::Renew
        | MessageType::Rebind
        | MessageType::Confirm
        | MessageType::Release
        | MessageType::Decline => Urgency::Renew,
        MessageType::Request => Urgency::Request,
        _ => Urgency::Discover,
    };
    let source = if view.is_relayed() { fingerprint(&[&source.octets()]) } else { 0 };
    let client_id = view.client_id();
    let identity = [
        &view.xid().to_be_bytes()[..],
        &[kind.number()],
        client_id.as_ref().map_or(&[], Duid::octets),
    ];
    Rank::new(urgency, source, &identity)
}

#[cfg(test)]
mod tests {
    use kea_wire::v6::{Builder, code};

    use super::*;

    #[test]
    fn who_has_something_to_lose_is_more_urgent() {
        let source: Ipv6Addr = "fe80::1".parse().unwrap();
        let ranked = |kind, duid: &[u8]| {
            let mut message = Vec::new();
            let mut builder = Builder::new(&mut message, kind, 7);
            builder.option(code::CLIENT_ID, duid);
            builder.finish().unwrap();
            rank(&message, source)
        };
        for (kind, urgency) in [
            (MessageType::Solicit, Urgency::Discover),
            (MessageType::InformationRequest, Urgency::Discover),
            (MessageType::Request, Urgency::Request),
            (MessageType::Renew, Urgency::Renew),
            (MessageType::Rebind, Urgency::Renew),
            (MessageType::Release, Urgency::Renew),
        ] {
            let rank = ranked(kind, &[0, 3, 0, 1, 2]);
            assert_eq!((rank.urgency, rank.source), (urgency, 0), "{kind:?}");
        }
        let (one, other) =
            (ranked(MessageType::Renew, &[0, 3, 1]), ranked(MessageType::Renew, &[0, 3, 2]));
        assert_ne!(one.repetition, other.repetition);
    }
}
