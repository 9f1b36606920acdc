//! DHCPv4 over DHCPv6 (RFC 7341): what the two servers of a host tell each other.

use std::fmt;

use kea_config::snapshot::Dialect;
use kea_log::{ClientLabel, Log, log};
use kea_stats::ServerMetric;
use kea_wire::v6::dhcp4o6::{Origin, OriginError};
use kea_wire::v6::{MessageType, ParseError, Relay, TooLong, View, code};
use kea_wire::{Family, v4};

use super::corridor::Corridor;
use super::drop::{Drop, Unreadable};

/// The DHCPv6 message that a DHCPv4 query came in, as the DHCPv6 server passed it on.
#[derive(Clone, Copy, Debug)]
pub struct Carrier<'a> {
    /// Where the DHCPv6 server received it.
    pub origin: Origin<'a>,
    /// What the relay nearest to the client says of its own interface (DHCPv6 option 18).
    pub interface_id: Option<&'a [u8]>,
}

/// Whom an answer is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// The client, or its relay.
    Client,
    /// The DHCPv4 server of this host: a query, with its origin.
    PassedOn,
    /// The DHCPv6 server of this host, in the message that the query came in.
    Carried(Carriage),
}

/// The message that a query came in, kept for its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carriage {
    octets: Box<[u8]>,
}

/// An interface that the server has open sockets on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Link<F: Family> {
    /// Its index.
    pub index: u32,
    /// The address on it that answers come from.
    pub address: F::Addr,
}

/// Finds where a message came in, or is to go out. `None` when the server serves nothing there.
pub type Links<'a, F> = dyn Fn(&Origin<'_>) -> Option<Link<F>> + 'a;

/// Why a message of the other server is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CarrierError {
    /// It is no DHCPv6 message.
    Message(ParseError),
    /// It is of this type.
    MessageType(MessageType),
    /// It does not tell where its client is.
    Origin(OriginError),
    /// It carries so many DHCPv4 messages, which should be one.
    Messages(usize),
    /// The client is on an interface that this server does not serve.
    Interface,
    /// The answer does not fit into it.
    TooLong(TooLong),
}

impl fmt::Display for CarrierError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CarrierError::Message(error) => error.fmt(f),
            CarrierError::MessageType(kind) => write!(f, "it is a {kind}"),
            CarrierError::Origin(error) => error.fmt(f),
            CarrierError::Messages(0) => f.write_str("it carries no DHCPv4 message"),
            CarrierError::Messages(count) => write!(f, "it carries {count} DHCPv4 messages"),
            CarrierError::Interface => {
                f.write_str("its vendor option names an interface that is not served")
            }
            CarrierError::TooLong(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for CarrierError {}

impl Carriage {
    pub(crate) fn new(octets: &[u8]) -> Self {
        Carriage { octets: octets.into() }
    }

    /// The DHCPv4 message in it.
    pub fn query(&self) -> &[u8] {
        let view = View::parse(&self.octets).ok();
        view.and_then(|view| view.dhcpv4_message()).unwrap_or_default()
    }

    /// Appends the message that brings `answer` to the DHCPv6 server.
    ///
    /// # Errors
    /// When the answer does not fit.
    pub fn carry(&self, answer: &[u8], out: &mut Vec<u8>) -> Result<(), CarrierError> {
        let (view, origin) = open(&self.octets, MessageType::Dhcpv4Query)?;
        origin.respond(&view, answer, out).map_err(CarrierError::TooLong)?;
        Ok(())
    }
}

/// Tells that an answer found no way to the DHCPv6 server.
pub fn tell_not_carried(log: &dyn Log, answer: &[u8], reason: &dyn fmt::Display) {
    let Ok(view) = v4::View::parse(answer) else { return };
    let (hw_addr, client_id) = (view.hw_addr(), view.option(v4::code::CLIENT_ID));
    let label = ClientLabel::V4 {
        hardware: (!hw_addr.is_empty()).then(|| (hw_addr.htype(), hw_addr.octets())),
        client_id: client_id.as_deref(),
        xid: view.xid(),
    };
    log!(log, DHCP4_DHCP4O6_PACKET_SEND_FAIL, label, reason);
}

/// Reads a message of the other server.
pub(crate) fn open(
    octets: &[u8],
    kind: MessageType,
) -> Result<(View<'_>, Origin<'_>), CarrierError> {
    let view = View::parse(octets).map_err(CarrierError::Message)?;
    if view.message_type() != kind {
        return Err(CarrierError::MessageType(view.message_type()));
    }
    let origin = Origin::of(&view).map_err(CarrierError::Origin)?;
    Ok((view, origin))
}

/// The one DHCPv4 message that `view` carries.
pub(crate) fn carried<'a>(view: &View<'a>) -> Result<&'a [u8], CarrierError> {
    match view.options().all(code::DHCPV4_MSG).count() {
        1 => Ok(view.dhcpv4_message().unwrap_or_default()),
        count => Err(CarrierError::Messages(count)),
    }
}

/// What the relay nearest to the client that says anything says of its own interface.
pub(crate) fn interface_id<'a>(view: &View<'a>) -> Option<&'a [u8]> {
    view.relays().iter().rev().find_map(Relay::interface_id)
}

impl<F: Dialect> Corridor<'_, F> {
    /// Counts a message of the other server that is of no use.
    pub(crate) fn refuse_carrier(&self, error: CarrierError) -> Drop<F> {
        self.statistics.count(ServerMetric::Received);
        let reason = Drop::Unreadable(Unreadable::Carrier(error));
        reason.count(self.statistics);
        reason
    }
}
