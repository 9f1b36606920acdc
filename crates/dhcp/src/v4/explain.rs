//! What a DHCPv4 exchange came to, for explanations.

use std::borrow::Cow;

use kea_wire::V4;
use kea_wire::v4::{MessageType, View};

use super::lease::Spot;
use crate::pipeline::explain::{AnswerField, LeaseStep, Sources, Step, range};

/// The lease that is offered or granted, for `lifetime` seconds.
pub(super) fn spot_step(spot: &Spot<'_>, lifetime: u32) -> Step {
    Step::Lease(LeaseStep {
        address: spot.address.to_string(),
        subnet: spot.subnet.id.0,
        pool: spot.pool.map(|pool| range(&pool.range)),
        valid_lifetime: lifetime,
        preferred_lifetime: None,
    })
}

/// The answer that was written.
pub(super) fn answer_step(sources: &Sources<'_, '_, V4>, written: &[u8]) -> Step {
    let Ok(view) = View::parse(written) else {
        return Step::Silence { reason: "what was written is no message".to_owned() };
    };
    let addresses = [("ciaddr", view.ciaddr()), ("yiaddr", view.yiaddr())]
        .into_iter()
        .chain([("siaddr", view.siaddr()), ("giaddr", view.giaddr())])
        .filter(|(_, address)| !address.is_unspecified())
        .map(|(name, address)| AnswerField { name, value: address.to_string() });
    let names = [("sname", view.sname()), ("file", view.file())]
        .into_iter()
        .map(|(name, octets)| (name, text(octets)))
        .filter(|(_, text)| !text.is_empty())
        .map(|(name, text)| AnswerField { name, value: text.into_owned() });
    let mut options: Vec<(u8, Cow<'_, [u8]>)> = Vec::new();
    for (code, _) in view.options() {
        if options.iter().all(|(known, _)| *known != code) {
            options.extend(view.option(code).map(|data| (code, data)));
        }
    }
    let message_type = view.message_type().and_then(MessageType::name).unwrap_or("BOOTREPLY");
    Step::Answered {
        message_type: message_type.to_owned(),
        fields: addresses.chain(names).collect(),
        options: sources.options(options.iter().map(|(code, data)| (u16::from(*code), &**data))),
    }
}

/// The octets before the first zero.
fn text(octets: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(octets.split(|octet| *octet == 0).next().unwrap_or_default())
}
