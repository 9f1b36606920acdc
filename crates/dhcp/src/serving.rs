//! The family that a server serves, as its process sees it.

use kea_config::Snapshot;
use kea_config::snapshot::Dialect;
use kea_wire::{Duid, V4, V6};

use crate::pipeline::{Answer, Arrival, Corridor, Counted, Drop, InFlight, Rank};
use crate::v6::{Origin, server_identity};

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

    /// What is known of a query before it is served.
    fn rank(payload: &[u8], source: Self::Addr) -> Rank;

    /// The file among the server's data that holds its identifier, where it has one of its own.
    const SERVER_ID_FILE: Option<&'static str> = None;

    /// The folder of the server's data, where the configuration names one.
    fn data_directory(_config: &Snapshot<Self>) -> Option<&str> {
        None
    }

    /// The server's identifier, where it has one of its own.
    fn server_id(_config: &Snapshot<Self>) -> Option<&Duid> {
        None
    }

    /// Fills in the server's identifier, given the one in the file. Gives what is to be written
    /// there, if anything.
    fn identify(
        _config: &mut Snapshot<Self>,
        _stored: Option<&Duid>,
        _origin: &Origin<'_>,
    ) -> Option<Duid> {
        None
    }
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

    /// The transactions whose answers wait: to be told by whoever lets them.
    fn in_flight(&mut self) -> &mut InFlight;
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

    fn rank(payload: &[u8], _: Self::Addr) -> Rank {
        crate::v4::rank(payload)
    }
}

impl Serving for V6 {
    type Worker = crate::v6::Worker;
    const EVERY_SERVER: Self::Addr = std::net::Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
    const SERVER_PORT: u16 = 547;
    const SERVER_ID_FILE: Option<&'static str> = Some("kea-dhcp6-serverid");

    fn worker(seed: u64, client_port: Option<u16>) -> Self::Worker {
        let ports = client_port.map_or_else(crate::v6::Ports::default, crate::v6::Ports::fixed);
        crate::v6::Worker::new(seed, ports)
    }

    fn rank(payload: &[u8], source: Self::Addr) -> Rank {
        crate::v6::rank(payload, source)
    }

    fn data_directory(config: &Snapshot<Self>) -> Option<&str> {
        config.specific.data_directory.as_deref()
    }

    fn server_id(config: &Snapshot<Self>) -> Option<&Duid> {
        config.specific.duid.as_ref()
    }

    fn identify(
        config: &mut Snapshot<Self>,
        stored: Option<&Duid>,
        origin: &Origin<'_>,
    ) -> Option<Duid> {
        let settings = config.specific.server_id.as_ref();
        let identity = server_identity(settings, stored, origin);
        config.specific.duid = Some(identity.duid.clone());
        (identity.is_kept && stored != Some(&identity.duid)).then_some(identity.duid)
    }
}
