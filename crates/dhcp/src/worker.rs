//! What a worker thread keeps from query to query, and the outline of serving one.

use std::any::Any;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use kea_log::log;
use kea_log::message::twin;
use kea_stats::ServerMetric;

use crate::Serving;
use crate::pipeline::explain::Recorder;
use crate::pipeline::{Answer, Arrival, Chance, Classifier, Corridor, Drop, InFlight, Links};

/// The UDP ports that answers go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ports {
    /// A client's.
    pub client: u16,
    /// A relay's.
    pub relay: u16,
    /// True when the ports were set by hand: then nothing that a query says changes them.
    pub is_fixed: bool,
}

impl Ports {
    /// Those of the protocol, or one port for every answer.
    pub fn new<F: Serving>(fixed: Option<u16>) -> Self {
        Ports {
            client: fixed.unwrap_or(F::CLIENT_PORT),
            relay: fixed.unwrap_or(F::SERVER_PORT),
            is_fixed: fixed.is_some(),
        }
    }
}

/// Memory that one worker uses for query after query, and its source of unpredictable numbers.
#[derive(Debug)]
pub struct Worker<F> {
    /// The classes of the query at hand.
    pub(crate) classifier: Classifier,
    /// Where answers go.
    pub(crate) ports: Ports,
    pub(crate) chance: Chance,
    /// The transactions whose answers wait: to be told by whoever lets them.
    pub in_flight: InFlight,
    family: PhantomData<fn() -> F>,
}

impl<F: Serving> Worker<F> {
    /// A worker whose unpredictable numbers follow from `seed`. Answers go to `port` where it is given.
    pub fn new(seed: u64, port: Option<u16>) -> Self {
        Worker {
            classifier: Classifier::default(),
            ports: Ports::new::<F>(port),
            chance: Chance::new(seed),
            in_flight: InFlight::default(),
            family: PhantomData,
        }
    }

    /// Decides about a datagram. The answer's octets are appended to `out`.
    ///
    /// # Errors
    /// The reason why there is no answer; it is counted and logged already.
    pub fn decide(
        &mut self,
        corridor: &Corridor<'_, F>,
        arrival: &Arrival<'_, F>,
        payload: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<F>, Drop<F>> {
        corridor.statistics.count(ServerMetric::Received);
        corridor.tell_arrival(arrival);
        let result = self
            .classifier
            .buffer_received(corridor, arrival, payload)
            .and_then(|octets| F::serve(self, corridor, arrival, &octets, out));
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
    pub fn decide_or_drop(
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

    /// Decides about what the server of the other protocol sent (RFC 7341), as [`Serving::serve_carried`]
    /// says.
    ///
    /// # Errors
    /// The reason why nothing is for the client; it is counted and logged already.
    pub fn decide_carried(
        &mut self,
        corridor: &Corridor<'_, F>,
        links: &Links<'_, F>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<F>, Drop<F>> {
        F::serve_carried(self, corridor, links, octets, out)
    }

    /// From now on writes down what is decided, and why.
    pub(crate) fn record(&mut self, recorder: Arc<Recorder>) {
        self.classifier.recorder = Some(recorder);
    }
}

/// What a panic says.
fn complaint(cause: &(dyn Any + Send)) -> &str {
    let text = cause.downcast_ref::<&str>().copied();
    text.or_else(|| cause.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason told")
}
