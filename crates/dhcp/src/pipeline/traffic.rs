//! Messages as they come and go, told to who reads the log at debug levels.

use std::fmt::{self, Display};

use kea_config::snapshot::Dialect;
use kea_log::message::twin;
use kea_log::{ClientLabel, log};
use kea_options::Parsing;
use kea_wire::Address as _;

use super::arrival::Arrival;
use super::corridor::{Answer, Corridor};
use super::drop::Unreadable;
use super::in_flight::InFlight;

impl<F: Dialect> Corridor<'_, F> {
    /// Tells of a datagram that is about to be read.
    pub fn tell_arrival(&self, arrival: &Arrival<'_, F>) {
        let Arrival { source_port, interface, .. } = arrival;
        let (source, destination) = (arrival.sender(), arrival.destination.ip());
        let received = twin::BUFFER_RECEIVED.of(F::VERSION);
        log!(self.log, (received), source, source_port, destination, interface);
        let unpack = twin::BUFFER_UNPACK.of(F::VERSION);
        log!(self.log, (unpack), source, destination, interface);
    }

    /// Tells of octets that are no message of the protocol.
    pub fn tell_unreadable(&self, arrival: &Arrival<'_, F>, error: &Unreadable) {
        let Arrival { destination, interface, .. } = arrival;
        let source = arrival.sender();
        let dropped = twin::PACKET_DROP_PARSE_FAIL.of(F::VERSION);
        log!(self.log, (dropped), source, destination, interface, error);
    }

    /// Tells of a query whose like is being answered.
    pub fn tell_duplicate(&self, label: ClientLabel<'_>) {
        let thread = InFlight::thread();
        let dropped = twin::PACKET_DROP_DUPLICATE.of(F::VERSION);
        log!(self.log, (dropped), label, thread, label, thread);
    }

    /// Tells of an answer of type `kind` that leaves as soon as its lease is durable. `content`
    /// shows it.
    pub fn tell_answer(
        &self,
        label: ClientLabel<'_>,
        kind: &str,
        answer: &Answer<F>,
        interface: &str,
        content: &dyn Display,
    ) {
        log!(self.log, (twin::PACKET_PACK.of(F::VERSION)), label);
        let (number, to) = (answer.message_type, &answer.transmit);
        let (source, destination) = (to.source.ip(), to.destination.ip());
        let send = twin::PACKET_SEND.of(F::VERSION);
        log!(self.log, (send), label, kind, number, source, destination, to.port, interface);
        log!(self.log, (twin::RESPONSE_DATA.of(F::VERSION)), label, kind, number, content);
    }

    /// An option as an operator would write it, or its octets where that cannot be told.
    pub fn show_option(&self, f: &mut fmt::Formatter<'_>, code: u16, data: &[u8]) -> fmt::Result {
        let definition = self.config.definitions.by_code(F::OPTION_SPACE, code);
        let value = definition.and_then(|known| known.decode(data, Parsing::Lenient).ok());
        match (definition, value) {
            (Some(definition), Some(value)) => {
                write!(f, ", {} ({code}): {value}", definition.name())
            }
            _ => {
                write!(f, ", option {code}: ")?;
                data.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
            }
        }
    }
}
