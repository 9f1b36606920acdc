//! How urgent a query is, before it is served (RFC 2131 section 4.4.5 on who loses what).

use kea_wire::ClientId;
use kea_wire::v4::{MessageType, View};

use crate::pipeline::{Rank, Urgency};

/// The rank of a datagram.
pub(crate) fn rank(payload: &[u8]) -> Rank {
    let Ok(view) = View::parse(payload) else { return Rank::unreadable(payload) };
    let kind = view.message_type();
    let urgency = match kind {
        Some(MessageType::Release | MessageType::Decline) => Urgency::Renew,
        Some(MessageType::Request) if !view.ciaddr().is_unspecified() => Urgency::Renew,
        Some(MessageType::Request) => Urgency::Request,
        _ => Urgency::Discover,
    };
    let (hw_addr, client_id) = (view.hw_addr(), view.client_id());
    let identity = [
        &view.xid().to_be_bytes()[..],
        &[kind.map_or(0, MessageType::number)],
        hw_addr.octets(),
        client_id.as_ref().map_or(&[], ClientId::octets),
    ];
    Rank::new(urgency, view.giaddr().to_bits().into(), &identity)
}

#[cfg(test)]
mod tests {
    use kea_wire::HwAddr;
    use kea_wire::v4::Builder;

    use super::*;

    #[test]
    fn who_has_something_to_lose_is_more_urgent() {
        let mac = HwAddr::new(1, &[2, 0, 0, 0, 0, 1]).unwrap();
        let ranked = |kind, ciaddr: u8, giaddr: u8| {
            let mut message = Vec::new();
            Builder::request(&mut message, &mac, 7, kind).finish();
            message[15] = ciaddr;
            message[27] = giaddr;
            rank(&message)
        };
        for (kind, ciaddr, urgency) in [
            (MessageType::Discover, 0, Urgency::Discover),
            (MessageType::Inform, 9, Urgency::Discover),
            (MessageType::Request, 0, Urgency::Request),
            (MessageType::Request, 9, Urgency::Renew),
            (MessageType::Release, 9, Urgency::Renew),
            (MessageType::Decline, 0, Urgency::Renew),
        ] {
            assert_eq!(ranked(kind, ciaddr, 0).urgency, urgency, "{kind}");
        }
        let (direct, relayed) =
            (ranked(MessageType::Discover, 0, 0), ranked(MessageType::Discover, 0, 5));
        assert_eq!((direct.source, relayed.source), (0, 5));
        assert_eq!(direct.repetition, relayed.repetition);
        assert_ne!(direct.repetition, ranked(MessageType::Request, 0, 0).repetition);
        assert_eq!(rank(b"").urgency, Urgency::Discover);
    }
}
