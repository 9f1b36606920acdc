//! A message in one line of text, for logs.

use std::fmt::{self, Display};

use kea_wire::V4;
use kea_wire::v4::{MessageType, View};

use crate::pipeline::Corridor;

/// Shows what the header and the options of a message say.
pub(super) fn shown<'a>(corridor: &'a Corridor<'_, V4>, view: &'a View<'_>) -> impl Display + 'a {
    fmt::from_fn(move |f| {
        let kind = view.message_type();
        write!(
            f,
            "{} (type {}), tid=0x{:x}, hops={}, secs={}, flags=0x{:04x}, ciaddr={}, yiaddr={}, \
             siaddr={}, giaddr={}",
            kind_name(kind),
            kind.map_or(0, MessageType::number),
            view.xid(),
            view.hops(),
            view.secs(),
            view.flags(),
            view.ciaddr(),
            view.yiaddr(),
            view.siaddr(),
            view.giaddr()
        )?;
        view.options().try_for_each(|(code, data)| corridor.show_option(f, code.into(), data))
    })
}

/// The same of an answer's octets.
pub(super) fn shown_octets<'a>(
    corridor: &'a Corridor<'_, V4>,
    octets: &'a [u8],
) -> impl Display + 'a {
    fmt::from_fn(move |f| match View::parse(octets) {
        Ok(view) => shown(corridor, &view).fmt(f),
        Err(error) => error.fmt(f),
    })
}

/// The name of a message type, `BOOTREQUEST` for a message without one.
pub(super) fn kind_name(kind: Option<MessageType>) -> &'static str {
    kind.map_or("BOOTREQUEST", |kind| kind.name().unwrap_or(""))
}
