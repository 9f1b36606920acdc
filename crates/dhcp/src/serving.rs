//! The family that a server serves, as its process sees it.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use kea_config::Snapshot;
use kea_config::snapshot::{Dialect, Subnet};
use kea_expr::ClassSet;
use kea_log::message::twin;
use kea_log::{Log, log};
use kea_stats::ServerMetric;
use kea_wire::{Duid, V4, V6};

use crate::pipeline::explain::Recorder;
use crate::pipeline::{
    Answer, Arrival, Carrier, Classifier, Corridor, Counted, Drop, InFlight, Links, Question, Rank,
    Unaskable, Whereabouts,
};
use crate::v6::{Origin, server_identity};

/// A protocol with a corridor.
pub trait Serving: Dialect + Counted {
    /// What each worker thread owns.
    type Worker: Serve<Self> + Send;
    /// The address that clients send to when they know no server.
    const EVERY_SERVER: Self::Addr;
    /// The UDP port that servers listen on.
    const SERVER_PORT: u16;
    /// The UDP port that clients send from.
    const CLIENT_PORT: u16;
    /// The address that a client without one of its own sends from.
    const DIRECT: Self::Addr;

    /// A worker. Answers go to `client_port` where it is given; unpredictable numbers follow from
    /// `seed`.
    fn worker(seed: u64, client_port: Option<u16>) -> Self::Worker;

    /// What is known of a query before it is served.
    fn rank(payload: &[u8], source: Self::Addr) -> Rank;

    /// The query that a client sends.
    ///
    /// # Errors
    /// When the question makes no query.
    fn ask(question: &Question<Self>) -> Result<Vec<u8>, Unaskable>;

    /// The address that the relay of a query sends from, if it came by way of one: as the query itself
    /// tells.
    fn relay_of(payload: &[u8]) -> Option<Self::Addr>;

    /// The subnet of a client that is there and in these classes: the first that fits and lets it in.
    fn place<'s>(
        config: &'s Snapshot<Self>,
        log: &dyn Log,
        whereabouts: &Whereabouts<'_, Self::Addr>,
        classes: &ClassSet,
    ) -> Option<&'s Subnet<Self>>;

    /// The same for a client whose query came in a DHCPv6 message, as only those of DHCPv4 do.
    fn place_carried<'s>(
        _config: &'s Snapshot<Self>,
        _log: &dyn Log,
        _carrier: &Carrier<'_>,
        _classes: &ClassSet,
    ) -> Option<&'s Subnet<Self>> {
        None
    }

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
pub trait Serve<F: Serving> {
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
    ) -> Result<Answer<F>, Drop<F>> {
        corridor.statistics.count(ServerMetric::Received);
        corridor.tell_arrival(arrival);
        let result = self
            .classifier()
            .buffer_received(corridor, arrival, payload)
            .and_then(|octets| self.serve(corridor, arrival, &octets, out));
        if let Err(reason) = &result {
            if let Drop::Unreadable(error) = reason {
                corridor.tell_unreadable(arrival, error);
            }
            reason.count(corridor.statistics);
        }
        result
    }

    /// [Decides](Self::decide), and if that breaks off for a defect of this server, drops the query: the
    /// clients after it are served all the same.
    ///
    /// # Errors
    /// As of `decide`, and [`Drop::BrokenOff`].
    fn decide_or_drop(
        &mut self,
        corridor: &Corridor<'_, F>,
        arrival: &Arrival<'_, F>,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<F>, Drop<F>> {
        // What the worker keeps of a query is set anew by the next one. A change of a lease that broke off half
        // way would be a lesser evil than a packet that stops the server whenever it is sent.
        let decided =
            catch_unwind(AssertUnwindSafe(|| self.decide(corridor, arrival, payload, out)));
        decided.unwrap_or_else(|cause| {
            let (message, why) =
                (twin::PACKET_PROCESS_STD_EXCEPTION.of(F::VERSION), complaint(&*cause));
            log!(corridor.log, (message), why);
            Drop::BrokenOff.count(corridor.statistics);
            Err(Drop::BrokenOff)
        })
    }

    /// Decides about what the server of the other protocol sent over the way between the two
    /// (RFC 7341): to a DHCPv4 server a query, to a DHCPv6 server the response to one. The octets of
    /// what is for the client are appended to `out`.
    ///
    /// # Errors
    /// The reason why nothing is; it is counted and logged already.
    fn decide_carried(
        &mut self,
        corridor: &Corridor<'_, F>,
        links: &Links<'_, F>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<F>, Drop<F>>;

    /// What `decide` does, for octets as hooks leave them; nothing is counted yet.
    ///
    /// # Errors
    /// The reason why there is no answer; it is logged already, unless the octets are unreadable.
    fn serve(
        &mut self,
        corridor: &Corridor<'_, F>,
        arrival: &Arrival<'_, F>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<F>, Drop<F>>;

    /// The transactions whose answers wait: to be told by whoever lets them.
    fn in_flight(&mut self) -> &mut InFlight;

    /// The classes of the query at hand.
    fn classifier(&mut self) -> &mut Classifier;

    /// From now on writes down what is decided, and why.
    fn record(&mut self, recorder: Arc<Recorder>) {
        self.classifier().recorder = Some(recorder);
    }
}

/// What a panic says.
fn complaint(cause: &(dyn Any + Send)) -> &str {
    let text = cause.downcast_ref::<&str>().copied();
    text.or_else(|| cause.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason told")
}

impl Serving for V4 {
    type Worker = crate::v4::Worker;
    const EVERY_SERVER: Self::Addr = std::net::Ipv4Addr::BROADCAST;
    const SERVER_PORT: u16 = 67;
    const CLIENT_PORT: u16 = 68;
    const DIRECT: Self::Addr = std::net::Ipv4Addr::UNSPECIFIED;

    fn worker(seed: u64, client_port: Option<u16>) -> Self::Worker {
        let usual = crate::v4::Ports::default();
        let ports =
            client_port.map_or(usual, |port| crate::v4::Ports { client: port, relay: port });
        crate::v4::Worker::new(seed, ports)
    }

    fn rank(payload: &[u8], _: Self::Addr) -> Rank {
        crate::v4::rank(payload)
    }

    fn ask(question: &Question<Self>) -> Result<Vec<u8>, Unaskable> {
        crate::v4::ask(question)
    }

    fn place<'s>(
        config: &'s Snapshot<Self>,
        log: &dyn Log,
        whereabouts: &Whereabouts<'_, Self::Addr>,
        classes: &ClassSet,
    ) -> Option<&'s Subnet<Self>> {
        crate::v4::find(config, log, whereabouts, classes)
    }

    fn place_carried<'s>(
        config: &'s Snapshot<Self>,
        log: &dyn Log,
        carrier: &Carrier<'_>,
        classes: &ClassSet,
    ) -> Option<&'s Subnet<Self>> {
        crate::v4::find_over_v6(config, log, carrier, classes)
    }

    fn relay_of(payload: &[u8]) -> Option<Self::Addr> {
        let view = kea_wire::v4::View::parse(payload).ok()?;
        view.is_relayed().then(|| view.giaddr())
    }
}

impl Serving for V6 {
    type Worker = crate::v6::Worker;
    const EVERY_SERVER: Self::Addr = std::net::Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
    const SERVER_PORT: u16 = 547;
    const CLIENT_PORT: u16 = 546;
    const DIRECT: Self::Addr = std::net::Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    const SERVER_ID_FILE: Option<&'static str> = Some("kea-dhcp6-serverid");

    fn worker(seed: u64, client_port: Option<u16>) -> Self::Worker {
        let ports = client_port.map_or_else(crate::v6::Ports::default, crate::v6::Ports::fixed);
        crate::v6::Worker::new(seed, ports)
    }

    fn rank(payload: &[u8], source: Self::Addr) -> Rank {
        crate::v6::rank(payload, source)
    }

    fn ask(question: &Question<Self>) -> Result<Vec<u8>, Unaskable> {
        crate::v6::ask(question)
    }

    fn place<'s>(
        config: &'s Snapshot<Self>,
        log: &dyn Log,
        whereabouts: &Whereabouts<'_, Self::Addr>,
        classes: &ClassSet,
    ) -> Option<&'s Subnet<Self>> {
        crate::v6::find(config, log, whereabouts, classes)
    }

    fn relay_of(payload: &[u8]) -> Option<Self::Addr> {
        let view = kea_wire::v6::View::parse(payload).ok()?;
        view.relays().first().map(kea_wire::v6::Relay::link_address)
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
