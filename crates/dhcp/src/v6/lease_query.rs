//! Leasequery (RFC 5007, the manual's section on the leasequery library): who has an address, or what a
//! client has.

use std::cmp::Reverse;
use std::net::Ipv6Addr;

use kea_config::snapshot::Subnet;
use kea_hooks::LeaseQueryTerms;
use kea_lease::{Lease, LeaseKey, LeaseKind, LeaseRef, SubnetId, Ticket, no_duid};
use kea_log::log;
use kea_stats::ServerMetric;
use kea_wire::v6::{
    Builder, IaAddress, LqQuery, LqRelayData, MessageType, QueryType, StatusCode, View, code,
};
use kea_wire::{Duid, Prefix, V6};

use super::association::Note;
use super::extended_info;
use crate::Worker;
use crate::pipeline::{
    Answer, Arrival, Corridor, Drop, Transaction, Transmit, Way, elapsed, is_active, left,
};

impl Worker<V6> {
    /// The terms on which the message is answered, if it is a leasequery and those are answered.
    pub(super) fn lease_query_terms<'s>(
        corridor: &Corridor<'s, V6>,
        view: &View<'_>,
    ) -> Option<&'s LeaseQueryTerms<V6>> {
        let is_query = view.message_type() == MessageType::LeaseQuery;
        corridor.lease_query_terms().filter(|_| is_query)
    }

    /// Answers a leasequery.
    pub(super) fn answer_lease_query(
        &self,
        corridor: &Corridor<'_, V6>,
        arrival: &Arrival<'_, V6>,
        (view, server_id): (&View<'_>, &Duid),
        terms: &LeaseQueryTerms<V6>,
        out: &mut Vec<u8>,
    ) -> Result<Answer<V6>, Drop<V6>> {
        corridor.statistics.count(ServerMetric::LeaseQueryReceived);
        let requester = arrival.source;
        let answered =
            corridor.admit_requester(terms, requester, arrival.interface).and_then(|()| {
                let (client_id, query) = asked(view, server_id)?;
                let outcome = decide(corridor, terms, &query);
                let mut reply = Builder::reply(out, view, MessageType::LeaseQueryReply);
                reply.option(code::CLIENT_ID, client_id);
                reply.option(code::SERVER_ID, server_id.octets());
                outcome.write(corridor, &mut reply);
                reply.finish().map_err(|_| Drop::AnswerTooLong)?;
                Ok(outcome.status.1)
            });
        match &answered {
            Ok(said) => corridor.tell_answered(requester, said),
            Err(reason) => corridor.tell_unanswered(requester, reason),
        }
        answered.map(|_| Answer {
            way: Way::Client,
            transmit: Transmit {
                interface_index: arrival.interface_index,
                source: arrival.interface_address.unwrap_or(Ipv6Addr::UNSPECIFIED),
                destination: requester,
                port: self.port_of_requester(view, arrival.source_port),
                link_destination: None,
            },
            after: Ticket(0),
            message_type: MessageType::LeaseQueryReply.number(),
            parked: None,
            transaction: Transaction::new(view.xid(), &[], &[]),
        })
    }

    /// A requester is no client: it listens where it sends from.
    fn port_of_requester(&self, view: &View<'_>, source_port: u16) -> u16 {
        let is_direct = !view.is_relayed() && !self.ports.is_fixed;
        if is_direct { source_port } else { self.port_of(view, source_port) }
    }
}

/// Who asks what, unless nobody is to be told anything (RFC 5007 section 4.3.1).
fn asked<'a>(view: &View<'a>, server_id: &Duid) -> Result<(&'a [u8], LqQuery<'a>), Drop<V6>> {
    let missing = |what| Drop::UnacceptableOptions(what);
    let client_id = view.option(code::CLIENT_ID).filter(|_| view.client_id().is_some());
    let client_id = client_id.ok_or_else(|| missing("the client identifier is missing"))?;
    if view.option(code::SERVER_ID).is_some_and(|octets| octets != server_id.octets()) {
        return Err(Drop::OtherServer);
    }
    let query = view.lq_query().ok_or_else(|| missing("it says not what it asks"))?;
    Ok((client_id, query))
}

/// What a leasequery leads to.
struct Outcome {
    status: Note,
    /// Active leases of one client, newest first.
    leases: Vec<Lease<V6>>,
    /// An address of each link, where the leases are on several and none was named.
    links: Vec<Ipv6Addr>,
}

impl Outcome {
    fn nothing(code: StatusCode, text: &'static str) -> Self {
        Outcome { status: (code, text), leases: Vec::new(), links: Vec::new() }
    }

    fn write(&self, corridor: &Corridor<'_, V6>, reply: &mut Builder<'_>) {
        reply.status(self.status.0, self.status.1);
        if !self.links.is_empty() {
            reply.addresses(code::LQ_CLIENT_LINK, &self.links);
        } else if let Some(newest) = self.leases.first() {
            reply.client_data(|data| self.write_client(corridor, newest, data));
        }
    }

    fn write_client(
        &self,
        corridor: &Corridor<'_, V6>,
        newest: &Lease<V6>,
        data: &mut Builder<'_>,
    ) {
        let now = corridor.now;
        if newest.owner.duid != no_duid() {
            data.option(code::CLIENT_ID, newest.owner.duid.octets());
        }
        for lease in &self.leases {
            let since = elapsed(lease, now);
            let preferred = left(lease.owner.preferred_lifetime, since).unwrap_or(0);
            let valid = left(lease.valid_lifetime, since).unwrap_or(0);
            match lease.owner.kind {
                LeaseKind::Address | LeaseKind::TemporaryAddress => {
                    data.ia_address(lease.address, preferred, valid, |_| ());
                }
                LeaseKind::Prefix => {
                    if let Some(prefix) = Prefix::new(lease.address, lease.owner.prefix_len) {
                        data.ia_prefix(prefix, preferred, valid, |_| ());
                    }
                }
            }
        }
        data.last_transaction(elapsed(newest, now));
        match extended_info::recall(&newest.user_context) {
            Ok(None) => {}
            Ok(Some((peer_address, message))) => {
                data.lq_relay_data(&LqRelayData { peer_address, message: &message });
            }
            Err(why) => {
                let address = newest.address;
                log!(corridor.log, DHCP6_LEASE_QUERY_ERROR_GETTING_RELAY_INFO, address, why);
            }
        }
    }
}

fn decide(
    corridor: &Corridor<'_, V6>,
    terms: &LeaseQueryTerms<V6>,
    query: &LqQuery<'_>,
) -> Outcome {
    let link = Some(query.link_address).filter(|link| !link.is_unspecified());
    let by_address = match query.query_type {
        QueryType::Address => true,
        QueryType::ClientId => false,
        // The others are for bulk leasequery (RFC 5460).
        _ => return Outcome::nothing(StatusCode::UnknownQueryType, "unknown query-type"),
    };
    let subnets = link.map(|link| corridor.config.subnets_containing(link).collect::<Vec<_>>());
    if subnets.as_ref().is_some_and(Vec::is_empty) {
        return Outcome::nothing(StatusCode::NotConfigured, "not a configured link");
    }
    if by_address {
        let mut addresses = query.options.all(code::IAADDR).map(IaAddress::parse);
        match (addresses.next(), addresses.next()) {
            (Some(Ok(named)), None) => {
                of_address(corridor, terms, subnets.as_deref(), named.address)
            }
            _ => Outcome::nothing(StatusCode::MalformedQuery, "missing D6O_IAADDR"),
        }
    } else {
        let mut clients = query.options.all(code::CLIENT_ID).map(Duid::new);
        match (clients.next(), clients.next()) {
            (Some(Some(duid)), None) => of_client(corridor, subnets.as_deref(), &duid),
            _ => Outcome::nothing(StatusCode::MalformedQuery, "missing D6O_CLIENTID"),
        }
    }
}

/// The lease of an address; or of a delegated prefix of one of the lengths that are looked for.
fn of_address(
    corridor: &Corridor<'_, V6>,
    terms: &LeaseQueryTerms<V6>,
    subnets: Option<&[&Subnet<V6>]>,
    address: Ipv6Addr,
) -> Outcome {
    let is_meant =
        |id: SubnetId| subnets.is_none_or(|subnets| subnets.iter().any(|subnet| subnet.id == id));
    let at = |address: Ipv6Addr| {
        let lease = corridor.leases.at(address).get(address).map(LeaseRef::to_lease);
        lease.filter(|lease| is_meant(lease.subnet))
    };
    let lease = at(address).filter(|lease| lease.owner.kind != LeaseKind::Prefix);
    let mut lengths = terms.prefix_lengths.iter();
    let delegated = || {
        lengths.find_map(|length| {
            let prefix = Prefix::new(address, *length)?;
            at(prefix.first()).filter(|lease| {
                (lease.owner.kind, lease.owner.prefix_len) == (LeaseKind::Prefix, *length)
            })
        })
    };
    match lease.or_else(delegated) {
        Some(lease) if is_active(&lease, corridor.now) => Outcome {
            leases: vec![lease],
            ..Outcome::nothing(StatusCode::Success, "active lease found")
        },
        Some(_) => Outcome::nothing(StatusCode::Success, "inactive lease exists"),
        None if is_configured(corridor, terms, is_meant, address) => {
            Outcome::nothing(StatusCode::Success, "no active lease")
        }
        None => Outcome::nothing(StatusCode::NotConfigured, "address not in a configured pool"),
    }
}

/// True for an address that pools of the subnets that are meant may give; of prefixes, only where they are
/// looked for.
fn is_configured(
    corridor: &Corridor<'_, V6>,
    terms: &LeaseQueryTerms<V6>,
    is_meant: impl Fn(SubnetId) -> bool,
    address: Ipv6Addr,
) -> bool {
    let counts = |kind| kind != LeaseKind::Prefix || !terms.prefix_lengths.is_empty();
    let mut meant = corridor.config.subnets().iter().filter(|subnet| is_meant(subnet.id));
    meant.any(|subnet| {
        let mut pools = subnet.pools.iter().map(|pool| &pool.range);
        pools.any(|range| counts(range.kind) && (range.first..=range.last).contains(&address))
    })
}

/// The leases of a client, on one link or on any.
fn of_client(corridor: &Corridor<'_, V6>, subnets: Option<&[&Subnet<V6>]>, duid: &Duid) -> Outcome {
    let mut leases = corridor.leases.find(LeaseKey::Identifier(duid.octets()));
    leases.retain(|lease| {
        let is_meant =
            subnets.is_none_or(|subnets| subnets.iter().any(|subnet| subnet.id == lease.subnet));
        is_meant && is_active(lease, corridor.now)
    });
    if leases.is_empty() {
        return Outcome::nothing(StatusCode::Success, "no active leases");
    }
    leases.sort_by_key(|lease| (Reverse(lease.cltt), lease.address));
    let mut outcome = Outcome::nothing(StatusCode::Success, "active lease(s) found");
    if subnets.is_none() {
        outcome.links = links(corridor, &leases);
    }
    outcome.leases = leases;
    outcome
}

/// An address of each subnet of the leases; none where that is a single one.
fn links(corridor: &Corridor<'_, V6>, leases: &[Lease<V6>]) -> Vec<Ipv6Addr> {
    let mut ids: Vec<SubnetId> = leases.iter().map(|lease| lease.subnet).collect();
    ids.sort_unstable();
    ids.dedup();
    if ids.len() < 2 {
        return Vec::new();
    }
    let of = |id: &SubnetId| Some(corridor.config.subnet(*id)?.prefix.first());
    ids.iter().filter_map(of).collect()
}
