//! Which messages are queries that this server takes (RFC 9915 sections 16 and 18.3).

use std::net::Ipv6Addr;

use kea_config::snapshot::{IdentifierKind, MacSource};
use kea_hooks::FlexibleIdentifier;
use kea_lease::HwAddrSource;
use kea_wire::v6::{MessageType, Relay, View, code};
use kea_wire::{Duid, HwAddr, V6};

use super::hw_addr::hw_addr;
use crate::pipeline::{Arrival, Drop, Identified};

/// A query of a kind that is served, and what every later stage asks of it.
#[derive(Debug)]
pub(super) struct Query<'p> {
    /// The message.
    pub(super) view: View<'p>,
    /// What it asks for.
    pub(super) kind: Kind,
    /// Who asks; absent only in an Information-request.
    pub(super) duid: Option<Duid>,
    /// The client's hardware address, where one can be had.
    pub(super) hw_addr: Option<HwAddr>,
    /// Where that was learned.
    pub(super) hw_source: HwAddrSource,
    /// The numbers of associations do not count, where there is one of a kind.
    pub(super) ignores_iaid: bool,
    /// What hooks know the client by.
    flexible: Option<Vec<u8>>,
    /// The DUID that was sent, where that of the client is another.
    replaced: Option<Duid>,
}

/// The messages that clients send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Solicit,
    Request,
    Confirm,
    Renew,
    Rebind,
    Release,
    Decline,
    InformationRequest,
    /// ADDR-REG-INFORM (RFC 9686).
    Register,
    /// A DHCPv4 message, for the DHCPv4 server (RFC 7341).
    Dhcpv4Query,
}

/// How often an option may occur in a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Count {
    Never,
    AtMostOnce,
    Once,
}

/// Kinds of message, with the rules for client and server identifiers, and whether a message sent
/// to a single server's address is one that is for it (RFC 9915 section 16, RFC 9686 section 4.2.1, RFC 7341 section 5).
const RULES: [(MessageType, Kind, Count, Count, bool); 10] = {
    use Count::{AtMostOnce, Never, Once};
    [
        (MessageType::Solicit, Kind::Solicit, Once, Never, false),
        (MessageType::Request, Kind::Request, Once, Once, true),
        (MessageType::Confirm, Kind::Confirm, Once, Never, false),
        (MessageType::Renew, Kind::Renew, Once, Once, true),
        (MessageType::Rebind, Kind::Rebind, Once, Never, false),
        (MessageType::Release, Kind::Release, Once, Once, true),
        (MessageType::Decline, Kind::Decline, Once, Once, true),
        (MessageType::InformationRequest, Kind::InformationRequest, AtMostOnce, AtMostOnce, false),
        (MessageType::AddrRegInform, Kind::Register, Once, Never, true),
        (MessageType::Dhcpv4Query, Kind::Dhcpv4Query, AtMostOnce, AtMostOnce, true),
    ]
};

/// Shortest and longest DUID (RFC 9915 section 11.1), type included.
const DUID_LEN: std::ops::RangeInclusive<usize> = 3..=130;

/// Takes a readable message as a query, or says why not. `server_id` is this server's.
pub(super) fn accept<'p>(
    view: View<'p>,
    arrival: &Arrival<'_, V6>,
    server_id: &Duid,
    mac_sources: &[MacSource],
) -> Result<Query<'p>, Drop<V6>> {
    let message_type = view.message_type();
    let Some(rule) = RULES.iter().find(|(known, ..)| *known == message_type) else {
        return Err(match message_type {
            MessageType::Advertise | MessageType::Reply | MessageType::Reconfigure => {
                Drop::ServerMessage(message_type.number())
            }
            _ => Drop::UnservedType(message_type.number()),
        });
    };
    let (_, kind, client_ids, server_ids, unicast) = *rule;
    // What is for another server, or came the wrong way, is told as that, whatever else is wrong.
    if view.option(code::SERVER_ID).is_some_and(|octets| octets != server_id.octets()) {
        return Err(Drop::OtherServer);
    }
    if !unicast && !view.is_relayed() && !arrival.destination.is_multicast() {
        return Err(Drop::Unicast);
    }
    check(&view, code::CLIENT_ID, client_ids, CLIENT_ID_BREACHES)?;
    check(&view, code::SERVER_ID, server_ids, SERVER_ID_BREACHES)?;
    let holds_association = view
        .options()
        .iter()
        .any(|(code, _)| matches!(code, code::IA_NA | code::IA_TA | code::IA_PD));
    if kind == Kind::InformationRequest && holds_association {
        return Err(Drop::UnacceptableOptions("an identity association is not for this message"));
    }
    let duid = match view.option(code::CLIENT_ID) {
        None => None,
        Some(octets) => {
            let fitting = Some(octets).filter(|octets| DUID_LEN.contains(&octets.len()));
            let malformed = Drop::UnacceptableOptions("the client identifier is no DUID");
            Some(fitting.and_then(Duid::new).ok_or(malformed)?)
        }
    };
    let learned = hw_addr(mac_sources, &view, duid.as_ref(), arrival.source);
    Ok(Query {
        view,
        kind,
        duid,
        hw_addr: learned.map(|(hw_addr, _)| hw_addr),
        hw_source: learned.map_or_else(HwAddrSource::default, |(_, source)| source.number()),
        ignores_iaid: false,
        flexible: None,
        replaced: None,
    })
}

impl Query<'_> {
    /// From now on the client is known by what hooks know it by (the manual's chapter on the flexible
    /// identifier library). One that sends no DUID has nothing that could be replaced.
    pub(super) fn know_as(&mut self, identifier: FlexibleIdentifier) {
        let FlexibleIdentifier { octets, replaces_client_id, ignores_iaid } = identifier;
        let in_place = replaces_client_id.then(|| [&[0, 0], &octets[..]].concat());
        let duid = in_place.and_then(|octets| Duid::new(&octets));
        if let Some(duid) = duid.filter(|_| self.duid.is_some()) {
            self.replaced = self.duid.replace(duid);
        }
        self.ignores_iaid = ignores_iaid;
        self.flexible = Some(octets);
    }

    /// The DUID that was sent, and goes into answers.
    pub(super) fn sent_duid(&self) -> Option<&Duid> {
        self.replaced.as_ref().or(self.duid.as_ref())
    }

    /// Where the client sent the message from, as far as it can be told.
    pub(super) fn client_address(&self, source: Ipv6Addr) -> Ipv6Addr {
        self.view.relays().last().map_or(source, Relay::peer_address)
    }
}

impl Identified for Query<'_> {
    fn identifier(&self, kind: IdentifierKind) -> Option<&[u8]> {
        match kind {
            IdentifierKind::Duid => self.duid.as_ref().map(Duid::octets),
            IdentifierKind::HwAddress => self.hw_addr.as_ref().map(HwAddr::octets),
            IdentifierKind::FlexId => self.flexible.as_deref(),
            IdentifierKind::CircuitId | IdentifierKind::ClientId => None,
        }
    }
}

/// What is said when an option is missing, or not allowed, or too many.
type Breaches = [&'static str; 3];

const CLIENT_ID_BREACHES: Breaches = [
    "the client identifier is missing",
    "a client identifier is not for this message",
    "there are several client identifiers",
];

const SERVER_ID_BREACHES: Breaches = [
    "the server identifier is missing",
    "a server identifier is not for this message",
    "there are several server identifiers",
];

fn check(view: &View<'_>, code: u16, rule: Count, breaches: Breaches) -> Result<(), Drop<V6>> {
    let [missing, forbidden, several] = breaches;
    let breach = match (rule, view.options().all(code).count()) {
        (Count::Once, 0) => missing,
        (Count::Never, 1..) => forbidden,
        (Count::Once | Count::AtMostOnce, 2..) => several,
        _ => return Ok(()),
    };
    Err(Drop::UnacceptableOptions(breach))
}
