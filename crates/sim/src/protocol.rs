//! What the simulator needs to know of a protocol: how to read its messages, and how its clients
//! behave. All else is the same for both families.

use std::fmt::{Debug, Display};

use kea_dhcp::Serving;
use kea_lease::{Lease, LeaseFamily, LeaseKind};
use kea_stats::ServerMetric;
use kea_wire::{Family, Iaid, Prefix};

use crate::client::Client;
use crate::link::Sent;
use crate::plan::Plan;
use crate::random::Random;

/// A protocol that can be simulated.
pub trait Protocol: Serving {
    /// By what clients are told apart.
    type Identity: Clone + Debug + Display + PartialEq;
    /// A client.
    type Client: Client<Self>;

    /// What a message to the server says; `None` when it cannot be read at all.
    fn read_query(payload: &[u8]) -> Option<Query<Self>>;
    /// What an answer says.
    fn read_answer(payload: &[u8]) -> Option<Reply<Self>>;
    /// Whether a server takes the two for one client.
    fn is_same(one: &Self::Identity, other: &Self::Identity, match_client_id: bool) -> bool;
    /// Who holds a lease.
    fn holder(lease: &Lease<Self>) -> Self::Identity;
    /// The identifier that a reservation knows the client by, in hexadecimal with colons.
    fn reserved_by(identity: &Self::Identity) -> String;

    /// The first address and the length of the prefix of a subnet of a link.
    fn prefix(link: usize, subnet: usize) -> (Self::Addr, u8);
    /// The same of what a subnet of a link delegates prefixes from, and the greatest length of these;
    /// `None` where the protocol delegates none.
    fn delegated(link: usize, subnet: usize) -> Option<(Self::Addr, u8)>;
    /// Keys of the configuration that only this protocol has, ready to be followed by others.
    fn own_keys(match_client_id: bool, authoritative: bool) -> String;
    /// The expression that tells a client of the class `gold`.
    const GOLD: &'static str;
    /// The name of a reservation's identifier.
    const RESERVED_BY: &'static str;
    /// What is counted when an answer leaves, by kind of message.
    const SENT: &'static [ServerMetric];

    /// A client's population: number `number` of `plan`'s.
    fn client(number: usize, plan: &Plan<Self>, random: &mut Random) -> Self::Client;
    /// What a relay makes of a client's message on `link`.
    fn relay(payload: &mut Vec<u8>, link: usize, random: &mut Random);
    /// A message that claims to be of `who`, about an address that may be somebody else's.
    fn mischief(
        who: &Self::Identity,
        about: Thing<Self>,
        random: &mut Random,
        out: &mut Vec<Sent<Self>>,
    );
}

/// What a client has a lease for, beside itself. A DHCPv4 client has one lease, a DHCPv6 client one for
/// each of its identity associations.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Association {
    /// An address or a prefix.
    pub kind: LeaseKind,
    /// Its number.
    pub iaid: Iaid,
}

impl Association {
    /// That of a DHCPv4 client.
    pub const ONLY: Association = Association { kind: LeaseKind::Address, iaid: Iaid(0) };

    /// What a lease is for.
    pub(crate) fn of<F: LeaseFamily>(lease: &Lease<F>) -> Self {
        let iaid = F::association(&F::term(&lease.owner)).unwrap_or(Association::ONLY.iaid);
        Association { kind: lease.kind(), iaid }
    }
}

/// An association as a message names it.
#[derive(Clone, Debug, PartialEq)]
pub struct Asked<F: Protocol> {
    /// Which.
    pub association: Association,
    /// The addresses or prefixes that it names.
    pub named: Vec<Prefix<F::Addr>>,
}

/// What a message asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Act<F: Protocol> {
    /// An offer.
    Solicit,
    /// Leases, of the addresses that it names if it names some.
    Request(Vec<Asked<F>>),
    /// Whether these addresses belong to its link.
    Confirm(Vec<F::Addr>),
    /// To give addresses back.
    Release(Vec<Asked<F>>),
    /// To take addresses out of use.
    Decline(Vec<Asked<F>>),
    /// Anything else.
    Other,
}

/// A message to the server, as far as the simulator judges it.
#[derive(Clone, Debug)]
pub struct Query<F: Protocol> {
    /// Who asks.
    pub who: F::Identity,
    /// What for.
    pub act: Act<F>,
    /// It is in the class `gold`.
    pub gold: bool,
    /// The link it says it is on, in the order of precedence: named, of the relay.
    pub links: Vec<F::Addr>,
    /// The address that its client says it has (DHCPv4: `ciaddr`).
    pub own: Option<F::Addr>,
    /// The number that its answer repeats.
    pub exchange: u32,
    /// Whom the answer goes to, as in [`Reply::to`].
    pub to: Vec<u8>,
}

/// An address, as the prefix that holds nothing else, or a prefix to delegate.
pub(crate) type Thing<F> = (LeaseKind, Prefix<<F as Family>::Addr>);

/// What an answer gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding<F: Protocol> {
    /// What for.
    pub association: Association,
    /// The address or the prefix.
    pub prefix: Prefix<F::Addr>,
    /// Seconds.
    pub lifetime: u32,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyKind {
    /// An OFFER or ADVERTISE.
    Offer,
    /// An ACK or REPLY that gives something.
    Grant,
    /// A NAK, or a REPLY that says no.
    Refusal,
    /// An ACK or REPLY that neither gives nor refuses anything.
    Done,
}

/// What an answer says of an association that it gives nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Nothing was left.
    NothingLeft,
    /// Something else is in the way.
    No,
    /// All is well.
    Yes,
}

/// An answer, as far as the simulator judges it.
#[derive(Clone, Debug)]
pub struct Reply<F: Protocol> {
    /// What it is.
    pub kind: ReplyKind,
    /// What it gives; nothing in the answer to a request for configuration only.
    pub bindings: Vec<Binding<F>>,
    /// What the client is to stop using, and what for it had it.
    pub withdrawn: Vec<(Association, Prefix<F::Addr>)>,
    /// The other associations that it speaks of.
    pub words: Vec<(Association, Word)>,
    /// The number of the query it answers.
    pub exchange: u32,
    /// To whom it goes: the link-layer address or the identifier.
    pub to: Vec<u8>,
}
