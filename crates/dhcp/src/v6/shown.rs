//! A message in one line of text, for logs.

use std::fmt::{self, Display};

use kea_wire::V6;
use kea_wire::v6::View;

use crate::pipeline::Corridor;

/// Shows what the relays and the options of a message say.
pub(super) fn shown<'a>(corridor: &'a Corridor<'_, V6>, view: &'a View<'_>) -> impl Display + 'a {
    fmt::from_fn(move |f| {
        let kind = view.message_type();
        write!(f, "{kind} (type {}), tid=0x{:x}", kind.number(), view.xid())?;
        for relay in view.relays() {
            let (hops, link, peer) =
                (relay.hop_count(), relay.link_address(), relay.peer_address());
            write!(f, ", relayed at hop {hops}, link address {link}, peer address {peer}")?;
        }
        view.options().iter().try_for_each(|(code, data)| corridor.show_option(f, code, data))
    })
}

/// The same of an answer's octets.
pub(super) fn shown_octets<'a>(
    corridor: &'a Corridor<'_, V6>,
    octets: &'a [u8],
) -> impl Display + 'a {
    fmt::from_fn(move |f| match View::parse(octets) {
        Ok(view) => shown(corridor, &view).fmt(f),
        Err(error) => error.fmt(f),
    })
}
