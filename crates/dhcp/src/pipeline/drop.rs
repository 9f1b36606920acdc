//! Why a query ends without an answer.

use std::fmt;

use kea_hooks::Point;
use kea_lease::LeaseFamily;
use kea_options::{ClientFqdnError, DecodeError};
use kea_stats::ServerMetric;
use kea_wire::{Family, v4, v6};

use super::carried::CarrierError;
use super::statistics::Statistics;

/// The reason for silence: a statistic, a log message and the answer to "why did my client get
/// nothing?" in one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Drop<F: Family> {
    /// The datagram is no message of the protocol.
    Unreadable(Unreadable),
    /// A message that only servers send, or a BOOTREPLY.
    ServerMessage(u8),
    /// A message type that does not exist or that this server does not take.
    UnservedType(u8),
    /// A leasequery of whom the configuration does not name.
    UnknownRequester {
        /// Who asks.
        requester: F::Addr,
    },
    /// Neither a hardware address nor a client identifier.
    NoIdentity,
    /// No message type option: a BOOTP client.
    NoMessageType,
    /// A relay counted itself but left no address to answer to.
    HopsWithoutRelay {
        /// The `hops` field.
        hops: u8,
    },
    /// Options that a message of its type must have are missing, or others are too many.
    UnacceptableOptions(&'static str),
    /// A message that is for every server, sent to one.
    Unicast,
    /// The server has no identifier yet.
    NoServerId,
    /// A DHCPv4 message in a DHCPv6 one, where nobody said which server is to answer it.
    NoDhcpv4Server,
    /// Addressed to another server.
    OtherServer,
    /// No subnet for the place the query came from.
    NoSubnet,
    /// A directly connected client on an interface that no subnet belongs to.
    NoSubnetForInterface,
    /// A client that wants to be informed says from which address neither in the message nor around it.
    NoReturnAddress,
    /// The client is in class DROP.
    ClassDrop,
    /// The client is in class REJECT, and an offer cannot say no.
    ClassReject,
    /// Nothing is left to offer.
    NothingToOffer,
    /// Nothing to say to a query that names no address.
    NothingAsked,
    /// An address that cannot be registered by who asks for it.
    NotRegistrable {
        /// The address.
        address: F::Addr,
    },
    /// The answer exceeds what a datagram holds.
    AnswerTooLong,
    /// An address that this server knows nothing about; another server may.
    UnknownAddress {
        /// The address.
        address: F::Addr,
    },
    /// A release or decline for an address that has no lease, or another client's.
    NotTheHolder {
        /// The address.
        address: F::Addr,
    },
    /// A release or decline: done as asked, and by design not answered.
    Done,
    /// The answer to the same transaction is about to leave.
    Duplicate,
    /// A hook wants it dropped at this point.
    Hook(Point),
    /// As many answers wait for hooks as may.
    ParkingLotFull,
    /// Lease storage takes no more changes: a lease that might be lost is not promised.
    StorageUnavailable,
    /// A defect of this server kept it from being decided.
    BrokenOff,
}

/// Why a datagram is no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// As DHCPv4.
    V4(v4::ParseError),
    /// As DHCPv6.
    V6(v6::ParseError),
    /// As what the definition of one of its options says.
    Option {
        /// The option.
        code: u16,
        /// What is wrong.
        error: DecodeError,
    },
    /// As what a client says of its name.
    ClientFqdn(ClientFqdnError),
    /// As what the server of the other protocol sends (RFC 7341).
    Carrier(CarrierError),
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unreadable::V4(error) => error.fmt(f),
            Unreadable::V6(error) => error.fmt(f),
            Unreadable::Option { code, error } => write!(f, "option {code}: {error}"),
            Unreadable::ClientFqdn(error) => write!(f, "client FQDN: {error}"),
            Unreadable::Carrier(error) => error.fmt(f),
        }
    }
}

impl<F: Family> Drop<F> {
    /// Counts the query as what became of it.
    pub(crate) fn count(&self, statistics: &Statistics<F>)
    where
        F: LeaseFamily,
    {
        if matches!(self, Drop::Unreadable(_)) {
            statistics.count(ServerMetric::ParseFailed);
        }
        #[cfg(feature = "deliberate-faults")]
        if kea_lease::Fault::UncountedDrop.is_injected() {
            return;
        }
        if self.is_loss() {
            statistics.count(ServerMetric::ReceiveDrop);
        }
        if let Some(metric) = self.metric() {
            statistics.count(metric);
        }
    }

    /// The statistic of the reason, beside that of all drops.
    fn metric(&self) -> Option<ServerMetric> {
        match self {
            Drop::ServerMessage(_)
            | Drop::UnservedType(_)
            | Drop::NoIdentity
            | Drop::NoMessageType
            | Drop::HopsWithoutRelay { .. }
            | Drop::UnacceptableOptions(_)
            | Drop::Unicast
            | Drop::NoReturnAddress
            | Drop::NotRegistrable { .. } => Some(ServerMetric::RfcViolation),
            Drop::OtherServer
            | Drop::NoSubnet
            | Drop::NoSubnetForInterface
            | Drop::NoDhcpv4Server => Some(ServerMetric::NotForUs),
            Drop::Duplicate => Some(ServerMetric::Duplicate),
            Drop::ParkingLotFull => Some(ServerMetric::QueueFull),
            Drop::ClassDrop | Drop::ClassReject | Drop::Hook(_) | Drop::UnknownRequester { .. } => {
                Some(ServerMetric::AdminFiltered)
            }
            Drop::NoServerId | Drop::AnswerTooLong | Drop::StorageUnavailable | Drop::BrokenOff => {
                Some(ServerMetric::ProcessingFailed)
            }
            // Counted as what cannot be parsed, or no drop at all.
            Drop::Unreadable(_)
            | Drop::NothingToOffer
            | Drop::NothingAsked
            | Drop::UnknownAddress { .. }
            | Drop::NotTheHolder { .. }
            | Drop::Done => None,
        }
    }

    /// True when the query counts as dropped; false for silence that the protocol asks for.
    pub fn is_loss(&self) -> bool {
        !matches!(
            self,
            Drop::Done
                | Drop::NothingToOffer
                | Drop::NothingAsked
                | Drop::UnknownAddress { .. }
                | Drop::NotTheHolder { .. }
        )
    }
}

impl<F: Family> fmt::Display for Drop<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Drop::Unreadable(error) => write!(f, "it cannot be read: {error}"),
            Drop::ServerMessage(kind) => write!(f, "message type {kind} is one that servers send"),
            Drop::UnservedType(kind) => write!(f, "message type {kind} is not served"),
            Drop::UnknownRequester { requester } => {
                write!(f, "{requester} is not among those who may ask about leases")
            }
            Drop::NoIdentity => {
                f.write_str("it carries neither a hardware address nor a client identifier")
            }
            Drop::NoMessageType => f.write_str("it has no message type; a BOOTP client?"),
            Drop::HopsWithoutRelay { hops } => {
                write!(f, "it passed {hops} relays but names none to answer to")
            }
            Drop::UnacceptableOptions(what) => f.write_str(what),
            Drop::Unicast => f.write_str("it must come by multicast"),
            Drop::NoServerId => f.write_str("this server has no identifier yet"),
            Drop::NoDhcpv4Server => {
                f.write_str("no DHCPv4 server is known to pass it on to ('dhcp4o6-port')")
            }
            Drop::OtherServer => f.write_str("it is meant for another server"),
            Drop::NoSubnet => f.write_str("no subnet serves the place it came from"),
            Drop::NoSubnetForInterface => {
                f.write_str("no subnet serves the interface it came in through")
            }
            Drop::NoReturnAddress => f.write_str("it names no address to answer to"),
            Drop::ClassDrop => f.write_str("the client is in class DROP"),
            Drop::ClassReject => f.write_str("the client is in class REJECT"),
            Drop::NothingAsked => f.write_str("it names no address"),
            Drop::NotRegistrable { address } => {
                write!(f, "{address} is not the client's to register")
            }
            Drop::AnswerTooLong => f.write_str("the answer fits no datagram"),
            Drop::NothingToOffer => f.write_str("no address is left to offer"),
            Drop::UnknownAddress { address } => {
                write!(f, "nothing is known here of the address {address} it asks for")
            }
            Drop::NotTheHolder { address } => {
                write!(f, "the client does not hold a lease of {address}")
            }
            Drop::Done => f.write_str("done as asked; the protocol has no answer to it"),
            Drop::Duplicate => f.write_str("the answer to its transaction is about to leave"),
            Drop::Hook(point) => {
                write!(f, "a hook at {} wants it dropped", point.name(F::VERSION))
            }
            Drop::ParkingLotFull => f.write_str("too many answers wait for hooks"),
            Drop::StorageUnavailable => {
                f.write_str("lease storage takes no changes, so nothing can be promised")
            }
            Drop::BrokenOff => f.write_str("the server failed to decide about it, by a defect"),
        }
    }
}
