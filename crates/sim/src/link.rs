//! Datagrams on their way.

use crate::protocol::Protocol;
use crate::random::Random;

/// A datagram as a client sends it.
#[derive(Clone, Debug)]
pub struct Sent<F: Protocol> {
    /// The UDP payload.
    pub payload: Vec<u8>,
    /// The client's own address, when it writes to the server directly; else it is sent to all.
    pub from: Option<F::Addr>,
}

/// A datagram as the server receives it.
#[derive(Clone, Debug)]
pub(crate) struct Inbound<F: Protocol> {
    pub(crate) payload: Vec<u8>,
    /// The link it was sent on.
    pub(crate) link: usize,
    pub(crate) source: F::Addr,
    /// To the server alone: through a relay, or from a client that knows it.
    pub(crate) unicast: bool,
}

/// What a link does to datagrams.
#[derive(Clone, Debug, Default)]
pub(crate) struct Link {
    /// Nothing passes until then, in microseconds.
    pub(crate) partitioned_until: u64,
}

/// How links are in general.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    pub(crate) loss: u32,
    pub(crate) duplicates: u32,
    pub(crate) delay: u64,
}

impl Weather {
    /// When a datagram sent now arrives: never, once or twice.
    pub(crate) fn arrivals(self, now: u64, link: &Link, random: &mut Random) -> [Option<u64>; 2] {
        if link.partitioned_until > now || random.permille(self.loss) {
            return [None; 2];
        }
        let mut arrival = || now + 100 + random.below(self.delay.max(1));
        let first = arrival();
        let again = arrival();
        [Some(first), Some(again).filter(|_| random.permille(self.duplicates))]
    }
}
