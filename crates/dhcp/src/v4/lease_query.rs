//! Leasequery (RFC 4388, the manual's section on the leasequery library): who has an address, or what a
//! client has.

use std::cmp::Reverse;
use std::net::Ipv4Addr;

use kea_expr::ClassSet;
use kea_hooks::LeaseQueryTerms;
use kea_lease::{Lease, LeaseKey, LeaseRef, Ticket};
use kea_stats::ServerMetric;
use kea_wire::v4::{Builder, MessageType, Op, View, code};
use kea_wire::{ClientId, HwAddr, V4};

use super::answer::{configured_server_id, tee_times};
use super::destination::{Recipient, destination};
use super::extended_info;
use crate::pipeline::{
    Answer, Arrival, Corridor, Drop, Scopes, Transaction, Way, elapsed, is_active, left,
};
use crate::{Ports, Worker};

impl Worker<V4> {
    /// The terms on which the message is answered, if it is a leasequery and those are answered. One that
    /// comes in DHCPv6 is not: nobody told who asks.
    pub(super) fn lease_query_terms<'s>(
        corridor: &Corridor<'s, V4>,
        arrival: &Arrival<'_, V4>,
        view: &View<'_>,
    ) -> Option<&'s LeaseQueryTerms<V4>> {
        let is_query = view.message_type() == Some(MessageType::LeaseQuery)
            && view.op() == Op::Request
            && arrival.carrier.is_none();
        corridor.lease_query_terms().filter(|_| is_query)
    }

    /// Answers a leasequery.
    pub(super) fn answer_lease_query(
        &self,
        corridor: &Corridor<'_, V4>,
        arrival: &Arrival<'_, V4>,
        view: &View<'_>,
        terms: &LeaseQueryTerms<V4>,
        out: &mut Vec<u8>,
    ) -> Result<Answer<V4>, Drop<V4>> {
        corridor.statistics.count(ServerMetric::LeaseQueryReceived);
        let requester = view.giaddr();
        let result = corridor
            .admit_requester(terms, requester, arrival.interface)
            .and_then(|()| answered(corridor, arrival, view, self.ports, out));
        match &result {
            Ok(answer) => {
                let kind = MessageType::from(answer.message_type);
                corridor.tell_answered(requester, &kind);
            }
            Err(reason) => corridor.tell_unanswered(requester, reason),
        }
        result
    }
}

fn answered(
    corridor: &Corridor<'_, V4>,
    arrival: &Arrival<'_, V4>,
    view: &View<'_>,
    ports: Ports,
    out: &mut Vec<u8>,
) -> Result<Answer<V4>, Drop<V4>> {
    if !view.is_relayed() {
        return Err(Drop::UnacceptableOptions("it does not say who asks ('giaddr')"));
    }
    let key = Key::of(view).map_err(Drop::UnacceptableOptions)?;
    let (kind, found) = find(corridor, &key);
    write(corridor, arrival, view, (kind, found.as_ref()), out);
    let recipient = Recipient { kind, yiaddr: Ipv4Addr::UNSPECIFIED, inform: false };
    Ok(Answer {
        way: Way::Client,
        transmit: destination(view, None, arrival, recipient, ports),
        after: Ticket(0),
        message_type: kind.number(),
        parked: None,
        transaction: Transaction::new(view.xid(), &[], &[]),
    })
}

/// What a leasequery asks by.
enum Key {
    Address(Ipv4Addr),
    HwAddr(HwAddr),
    ClientId(ClientId),
}

impl Key {
    /// The one key of a query (RFC 4388 section 6.2).
    fn of(view: &View<'_>) -> Result<Self, &'static str> {
        let address = Some(view.ciaddr()).filter(|address| !address.is_unspecified());
        let hw_addr = Some(view.hw_addr()).filter(|hw_addr| !hw_addr.is_empty());
        match (address, hw_addr, view.client_id()) {
            (Some(address), None, None) => Ok(Key::Address(address)),
            (None, Some(hw_addr), None) => Ok(Key::HwAddr(hw_addr)),
            (None, None, Some(client_id)) => Ok(Key::ClientId(client_id)),
            (None, None, None) => Err("it asks by nothing"),
            _ => Err("it asks by more than one of address, hardware address, client identifier"),
        }
    }
}

/// An active lease, and the other addresses of its client.
struct Found {
    lease: Lease<V4>,
    others: Vec<Ipv4Addr>,
}

/// What is known of a key.
fn find(corridor: &Corridor<'_, V4>, key: &Key) -> (MessageType, Option<Found>) {
    let now = corridor.now;
    let key = match key {
        Key::Address(address) => {
            let lease = corridor.leases.at(*address).get(*address).map(LeaseRef::to_lease);
            let lease = lease.filter(|lease| is_active(lease, now));
            let is_managed = corridor.config.subnets_containing(*address).next().is_some();
            return match lease {
                Some(lease) => {
                    (MessageType::LeaseActive, Some(Found { lease, others: Vec::new() }))
                }
                None if is_managed => (MessageType::LeaseUnassigned, None),
                None => (MessageType::LeaseUnknown, None),
            };
        }
        Key::HwAddr(hw_addr) => LeaseKey::HwAddr(hw_addr.octets()),
        Key::ClientId(client_id) => LeaseKey::Identifier(client_id.octets()),
    };
    let mut leases = corridor.leases.find(key);
    leases.retain(|lease| is_active(lease, now));
    let newest = leases.iter().max_by_key(|lease| (lease.cltt, Reverse(lease.address))).cloned();
    let Some(lease) = newest else { return (MessageType::LeaseUnknown, None) };
    let addresses = leases.iter().map(|lease| lease.address);
    let others = addresses.filter(|address| *address != lease.address).collect();
    (MessageType::LeaseActive, Some(Found { lease, others }))
}

/// Writes the answer: without a lease, nothing but what was asked by, and who answers.
fn write(
    corridor: &Corridor<'_, V4>,
    arrival: &Arrival<'_, V4>,
    view: &View<'_>,
    (kind, found): (MessageType, Option<&Found>),
    out: &mut Vec<u8>,
) {
    let lease = found.map(|found| &found.lease);
    let subnet = lease.and_then(|lease| corridor.config.subnet(lease.subnet));
    let classes = ClassSet::default();
    let scopes = Scopes::new(corridor.config, None, subnet, None, &classes);
    let server_id = configured_server_id(&scopes).or(arrival.interface_address);
    let server_id = server_id.unwrap_or(Ipv4Addr::UNSPECIFIED).octets();
    let relay = lease.and_then(|lease| extended_info::recall(&lease.user_context));

    let mut reply = Builder::reply(out, view, kind);
    reply.max_len(view.max_message_size().map_or(MOST, usize::from).saturating_sub(IP_AND_UDP));
    let Some(Found { lease, others }) = found else {
        reply.ciaddr(view.ciaddr()).option(code::SERVER_ID, &server_id);
        if let Some(client_id) = view.client_id() {
            reply.option(code::CLIENT_ID, client_id.octets());
        }
        reply.finish();
        return;
    };
    reply.ciaddr(lease.address).hw_addr(&lease.owner.hw_addr);
    let since = elapsed(lease, corridor.now);
    // One that is over is left out: there is no time before now.
    let remaining = |seconds: Option<u32>| left(seconds?, since).map(u32::to_be_bytes);
    let tee_times = subnet.map(|subnet| tee_times(&subnet.timers, lease.valid_lifetime));
    let (renewal, rebinding) = tee_times.unwrap_or_default();
    let times = [
        (code::LEASE_TIME, remaining(Some(lease.valid_lifetime))),
        (code::SERVER_ID, Some(server_id)),
        (code::RENEWAL_TIME, remaining(renewal)),
        (code::REBINDING_TIME, remaining(rebinding)),
    ];
    for (code, octets) in times {
        if let Some(octets) = octets {
            reply.option(code, &octets);
        }
    }
    if let Some(client_id) = &lease.owner.client_id {
        reply.option(code::CLIENT_ID, client_id.octets());
    }
    reply.option(code::CLIENT_LAST_TRANSACTION_TIME, &since.to_be_bytes());
    if !others.is_empty() {
        let octets: Vec<u8> = others.iter().flat_map(Ipv4Addr::octets).collect();
        reply.option(code::ASSOCIATED_ADDRESS, &octets);
    }
    if let Some(relay) = &relay {
        reply.relay_agent_info(relay);
    }
    reply.finish();
}

/// Octets of a datagram.
const MOST: usize = 65_535;
/// Octets of its headers.
const IP_AND_UDP: usize = 28;
