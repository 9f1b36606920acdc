//! How urgent a query is, before it is served (RFC 2131 section 4.4.5 on who loses what).

use std::hash::{BuildHasher as _, Hasher as _};

use foldhash::fast::FixedState;
use kea_wire::ClientId;
use kea_wire::v4::{MessageType, View};

use crate::pipeline::{Rank, Urgency};

/// The rank of a datagram. What cannot be read is served last: it is soon done with.
pub(crate) fn rank(payload: &[u8]) -> Rank {
    let mut hasher = FixedState::default().build_hasher();
    let Ok(view) = View::parse(payload) else {
        hasher.write(payload);
        return Rank { urgency: Urgency::Discover, source: 0, repetition: hasher.finish() };
    };
    let kind = view.message_type();
    let urgency = match kind {
        Some(MessageType::Release | MessageType::Decline) => Urgency::Renew,
        Some(MessageType::Request) if !view.ciaddr().is_unspecified() => Urgency::Renew,
        Some(MessageType::Request) => Urgency::Request,
        _ => Urgency::Discover,
    };
    hasher.write_u32(view.xid());
    hasher.write(view.hw_addr().octets());
    hasher.write(view.client_id().as_ref().map_or(&[][..], ClientId::octets));
    hasher.write_u8(kind.map_or(0, MessageType::number));
    Rank { urgency, source: view.giaddr().to_bits().into(), repetition: hasher.finish() }
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
