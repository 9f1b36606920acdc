//! The family that a server serves, as its process sees it.

use kea_config::snapshot::Dialect;
use kea_wire::V4;

use crate::pipeline::{Answer, Arrival, Corridor, Counted, Drop};

/// A protocol with a corridor.
pub trait Serving: Dialect + Counted {
    /// What each worker thread owns.
    type Worker: Serve<Self> + Send;
    /// The address that clients send to when they know no server.
    const EVERY_SERVER: Self::Addr;
    /// The UDP port that servers listen on.
    const SERVER_PORT: u16;

    /// A worker. Answers go to `client_port` where it is given; unpredictable numbers follow from
    /// `seed`.
    fn worker(seed: u64, client_port: Option<u16>) -> Self::Worker;
}

/// Takes datagrams down the corridor.
pub trait Serve<F: Dialect> {
    /// Decides about a datagram. The answer's octets are appended to `out`.
    ///
    /// # Errors
    /// The reason why there is no answer; it is counted and logged already.
    fn decide(
        &mut self,
        corridor: &Corridor<'_, F>,
        arrival: &Arrival<'_, F>,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<F>, Drop<F>>;
}

impl Serving for V4 {
    type Worker = crate::v4::Worker;
    const EVERY_SERVER: Self::Addr = std::net::Ipv4Addr::BROADCAST;
    const SERVER_PORT: u16 = 67;

    fn worker(seed: u64, client_port: Option<u16>) -> Self::Worker {
        let usual = crate::v4::Ports::default();
        let ports =
            client_port.map_or(usual, |port| crate::v4::Ports { client: port, relay: port });
        crate::v4::Worker::new(seed, ports)
    }
}
