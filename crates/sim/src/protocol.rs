//! What the simulator needs to know of a protocol: how to read its messages, and how its clients
//! behave. All else is the same for both families.

use std::fmt::{Debug, Display};

use kea_dhcp::Serving;
use kea_lease::Lease;
use kea_stats::ServerMetric;

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
    /// The expression that tells a client of the class `gold`.
    const GOLD: &'static str;
    /// The name of a reservation's identifier.
    const RESERVED_BY: &'static str;
    /// What is counted when an offer, a grant and a refusal leave.
    const SENT: [ServerMetric; 3];

    /// A client's population: number `number` of `plan`'s.
    fn client(number: usize, plan: &Plan<Self>, random: &mut Random) -> Self::Client;
    /// What a relay makes of a client's message on `link`.
    fn relay(payload: &mut Vec<u8>, link: usize, random: &mut Random);
    /// A message that claims to be of `who`, about an address that may be somebody else's.
    fn mischief(
        who: &Self::Identity,
        address: Self::Addr,
        random: &mut Random,
        out: &mut Vec<Sent<Self>>,
    );
}

/// What a message asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Act<F: Protocol> {
    /// An offer.
    Solicit,
    /// A lease: of that address, if it names one.
    Request(Option<F::Addr>),
    /// To give addresses back.
    Release(Vec<F::Addr>),
    /// To take addresses out of use.
    Decline(Vec<F::Addr>),
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
    /// The link it says it is on, in the order of precedence: named, of the relay, its own address.
    pub links: Vec<F::Addr>,
    /// The number that its answer repeats.
    pub exchange: u32,
    /// Whom the answer goes to, as in [`Reply::to`].
    pub to: Vec<u8>,
}

/// An address with its lifetime in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Binding<F: Protocol> {
    /// The address.
    pub address: F::Addr,
    /// Seconds.
    pub lifetime: u32,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyKind {
    /// An OFFER or ADVERTISE.
    Offer,
    /// An ACK or REPLY.
    Grant,
    /// A NAK, or a REPLY without addresses.
    Refusal,
}

/// An answer, as far as the simulator judges it.
#[derive(Clone, Debug)]
pub struct Reply<F: Protocol> {
    /// What it is.
    pub kind: ReplyKind,
    /// The addresses it gives; none in the answer to a request for configuration only.
    pub bindings: Vec<Binding<F>>,
    /// The number of the query it answers.
    pub exchange: u32,
    /// To whom it goes: the link-layer address or the identifier.
    pub to: Vec<u8>,
}
