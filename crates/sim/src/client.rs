//! What every simulated client can do.

use crate::link::Sent;
use crate::plan::Plan;
use crate::protocol::{Association, Protocol};
use crate::random::Random;

/// What surrounds a client when something happens to it.
pub struct Moment<'m, F: Protocol> {
    /// Microseconds since the beginning; the client's own clock never jumps.
    pub now: u64,
    /// Chance.
    pub random: &'m mut Random,
    /// The network as it is configured.
    pub plan: &'m Plan<F>,
    /// No more adventures: the client only wants its lease, and keeps it.
    pub calm: bool,
    /// What it sends.
    pub out: &'m mut Vec<Sent<F>>,
}

/// A client: a state machine of its own, driven by its timer and by answers.
pub trait Client<F: Protocol> {
    /// Its timer went off.
    fn wake(&mut self, moment: Moment<'_, F>);
    /// An answer arrived on its link.
    fn receive(&mut self, moment: Moment<'_, F>, payload: &[u8]);
    /// When its timer goes off, in microseconds.
    fn next(&self) -> u64;
    /// The link it is on.
    fn link(&self) -> usize;
    /// Who it is now.
    fn identity(&self) -> F::Identity;
    /// True when an answer to `to` is for it.
    fn is(&self, to: &[u8]) -> bool;
    /// What it wants leases for, and when what it has for that ends; 0 where it has nothing.
    fn wants(&self) -> Vec<(Association, u64)>;
    /// It is in the class `gold`.
    fn gold(&self) -> bool;
}
