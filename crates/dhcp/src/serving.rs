//! The family that a server serves, as its process sees it.

use kea_config::Snapshot;
use kea_config::snapshot::{Dialect, Subnet};
use kea_expr::ClassSet;
use kea_lease::Lease;
use kea_log::Log;
use kea_wire::v6::View;
use kea_wire::{Duid, V4, V6};

use crate::pipeline::{
    Answer, Arrival, Carrier, Corridor, Counted, Drop, Links, Question, Rank, Unaskable,
    Whereabouts,
};
use crate::v6::{Origin, server_identity};
use crate::worker::Worker;

/// A protocol with a corridor.
pub trait Serving: Dialect + Counted {
    /// The address that clients send to when they know no server.
    const EVERY_SERVER: Self::Addr;
    /// The UDP port that servers listen on.
    const SERVER_PORT: u16;
    /// The UDP port that clients send from.
    const CLIENT_PORT: u16;
    /// The address that a client without one of its own sends from.
    const DIRECT: Self::Addr;

    /// Decides about a datagram as hooks leave it; nothing is counted yet. The answer's octets are
    /// appended to `out`.
    ///
    /// # Errors
    /// The reason why there is no answer; it is logged already, unless the octets are unreadable.
    fn serve(
        worker: &mut Worker<Self>,
        corridor: &Corridor<'_, Self>,
        arrival: &Arrival<'_, Self>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<Self>, Drop<Self>>;

    /// Decides about what the server of the other protocol sent over the way between the two
    /// (RFC 7341): to a DHCPv4 server a query, to a DHCPv6 server the response to one. The octets of
    /// what is for the client are appended to `out`.
    ///
    /// # Errors
    /// The reason why nothing is; it is counted and logged already.
    fn serve_carried(
        worker: &mut Worker<Self>,
        corridor: &Corridor<'_, Self>,
        links: &Links<'_, Self>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<Self>, Drop<Self>>;

    /// Takes the address of an offer out of use that a hook found in use ([`kea_hooks::Unparked::Declined`]), as only
    /// those of DHCPv4 look for. `query` is what the offer would have answered.
    fn decline_offer(_corridor: &Corridor<'_, Self>, _query: &[u8], _offered: &Lease<Self>) {}

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

    /// Hands over the addresses, and first addresses of prefixes, that an answer speaks of.
    fn spoken_of(answer: &[u8], take: &mut dyn FnMut(Self::Addr));

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

impl Serving for V4 {
    const EVERY_SERVER: Self::Addr = std::net::Ipv4Addr::BROADCAST;
    const SERVER_PORT: u16 = 67;
    const CLIENT_PORT: u16 = 68;
    const DIRECT: Self::Addr = std::net::Ipv4Addr::UNSPECIFIED;

    fn serve(
        worker: &mut Worker<Self>,
        corridor: &Corridor<'_, Self>,
        arrival: &Arrival<'_, Self>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<Self>, Drop<Self>> {
        worker.serve(corridor, arrival, octets, out)
    }

    fn serve_carried(
        worker: &mut Worker<Self>,
        corridor: &Corridor<'_, Self>,
        links: &Links<'_, Self>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<Self>, Drop<Self>> {
        worker.serve_carried(corridor, links, octets, out)
    }

    fn spoken_of(answer: &[u8], take: &mut dyn FnMut(Self::Addr)) {
        let yiaddr = answer.get(16..).and_then(<[u8]>::first_chunk::<4>);
        if let Some(yiaddr) = yiaddr.filter(|yiaddr| **yiaddr != [0; 4]) {
            take((*yiaddr).into());
        }
    }

    fn decline_offer(corridor: &Corridor<'_, Self>, query: &[u8], offered: &Lease<Self>) {
        crate::v4::decline_offer(corridor, query, offered);
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
    const EVERY_SERVER: Self::Addr = std::net::Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 1, 2);
    const SERVER_PORT: u16 = 547;
    const CLIENT_PORT: u16 = 546;
    const DIRECT: Self::Addr = std::net::Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
    const SERVER_ID_FILE: Option<&'static str> = Some("kea-dhcp6-serverid");

    fn spoken_of(answer: &[u8], take: &mut dyn FnMut(Self::Addr)) {
        let Ok(view) = View::parse(answer) else { return };
        for association in view.associations().flatten() {
            association.addresses().flatten().for_each(|one| take(one.address));
            association.prefixes().flatten().for_each(|one| take(one.prefix.first()));
        }
    }

    fn serve(
        worker: &mut Worker<Self>,
        corridor: &Corridor<'_, Self>,
        arrival: &Arrival<'_, Self>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<Self>, Drop<Self>> {
        worker.serve(corridor, arrival, octets, out)
    }

    fn serve_carried(
        worker: &mut Worker<Self>,
        corridor: &Corridor<'_, Self>,
        links: &Links<'_, Self>,
        octets: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<Answer<Self>, Drop<Self>> {
        worker.serve_response(corridor, links, octets, out)
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
        let view = View::parse(payload).ok()?;
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
