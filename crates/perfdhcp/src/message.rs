//! The messages of simulated clients, and what matters of the answers.

mod four;
mod six;

use std::net::IpAddr;

use smallvec::SmallVec;

use crate::args::{Options, Protocol};
use crate::client::Clients;
use crate::exchange::Leased;
use crate::template::Template;

pub(crate) use four::Messages4;
pub(crate) use six::Messages6;

/// For whom a message is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    pub(crate) client: u32,
    pub(crate) xid: u32,
    /// How long the client claims to have waited, in seconds.
    pub(crate) waited_secs: u16,
    /// The relay in between, when it is one of a list.
    pub(crate) relay: Option<IpAddr>,
}

/// What an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AnswerKind {
    /// OFFER, Advertise.
    Offer,
    /// ACK, Reply.
    Acknowledgement,
    /// NAK.
    Refusal,
}

/// An answer of a server.
#[derive(Clone, Debug)]
pub(crate) struct Answer<'a> {
    pub(crate) kind: AnswerKind,
    pub(crate) xid: u32,
    /// What it leases; empty when it leases nothing.
    pub(crate) leased: SmallVec<[Leased; 2]>,
    /// The message itself, taken out of relay envelopes.
    pub(crate) message: &'a [u8],
}

/// Why octets are no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unreadable {
    /// Shorter than a message, or not one of a server.
    Malformed,
}

/// A lease that can be renewed or released.
#[derive(Clone, Debug)]
pub(crate) struct Held {
    pub(crate) client: u32,
    pub(crate) relay: Option<IpAddr>,
    pub(crate) leased: SmallVec<[Leased; 2]>,
    /// The acknowledgement, for what later messages repeat of it.
    pub(crate) message: Box<[u8]>,
}

/// Writes the messages of one protocol, and reads the answers.
pub(crate) trait Messages: Send {
    /// DISCOVER, Solicit.
    fn first(&mut self, out: &mut Vec<u8>, sender: &Sender);
    /// REQUEST, Request, for what `offer` offers.
    fn second(&mut self, out: &mut Vec<u8>, sender: &Sender, offer: &[u8]);
    /// REQUEST of a bound client, Renew.
    fn renewal(&mut self, out: &mut Vec<u8>, sender: &Sender, held: &Held);
    /// RELEASE, Release.
    fn release(&mut self, out: &mut Vec<u8>, sender: &Sender, held: &Held);
    /// Reads a datagram.
    fn read<'a>(&self, datagram: &'a [u8]) -> Result<Answer<'a>, Unreadable>;
    /// Client identifier or DUID that an answer is for.
    fn client_id(&self, message: &[u8]) -> Vec<u8>;
    /// Server identifier of an answer.
    fn server_id(&self, message: &[u8]) -> Vec<u8>;
}

/// The messages of the run's protocol, from the local address.
pub(crate) fn messages(
    options: &Options,
    clients: &Clients,
    templates: &[Template],
    local: IpAddr,
) -> Box<dyn Messages> {
    match options.protocol {
        Protocol::V4 => Box::new(Messages4::new(options, clients, templates, local)),
        Protocol::V6 => Box::new(Messages6::new(options, clients, templates, local)),
    }
}
