//! Addresses that clients chose themselves and register (RFC 9686).

use kea_lease::{Lease, LeaseKind, LeaseState, V6Owner, no_hw_addr};
use kea_log::{ClientLabel, log};
use kea_wire::v6::{IaAddress, MessageType, code};
use kea_wire::{Duid, Iaid, V6};

use super::accept::Query;
use super::answer::Outcome;
use crate::pipeline::{Arrival, Corridor, Drop, Place};

/// Records the address that an ADDR-REG-INFORM is about as taken, and as the client's.
pub(super) fn register<'s>(
    corridor: &Corridor<'_, V6>,
    query: &Query<'_>,
    arrival: &Arrival<'_, V6>,
    place: Option<&Place<'s, V6>>,
    duid: &Duid,
) -> Result<Outcome<'s>, Drop<V6>> {
    if !corridor.config.specific.allow_address_registration {
        return Err(Drop::UnservedType(MessageType::AddrRegInform.number()));
    }
    let registered = named_address(query)?;
    let address = registered.address;
    let refused = Drop::NotRegistrable { address };
    // Only the owner of an address can send from it.
    if address != query.client_address(arrival.source) || query.view.has_option(code::ORO) {
        return Err(refused);
    }
    let Some(place) = place else { return Err(Drop::NoSubnet) };
    let ground = place.grounds().find(|ground| ground.subnet.prefix.contains(address));
    let subnet = ground.ok_or(refused.clone())?.subnet;
    if !corridor.journal.accepting() {
        return Err(Drop::StorageUnavailable);
    }
    let mut leases = corridor.leases.at(address);
    let before = leases.get(address).map(kea_lease::LeaseRef::to_lease);
    if let Some(before) = before.filter(|before| !may_be_replaced(before, corridor.now)) {
        let owner = ClientLabel::V6 {
            duid: Some(before.owner.duid.octets()),
            hardware: None,
            xid: query.view.xid(),
        };
        log!(corridor.log, DHCP6_PACKET_PROCESS_FAIL, "ADDR-REG-INFORM", owner, refused);
        return Err(refused);
    }
    let owner = V6Owner {
        duid: duid.clone(),
        iaid: Iaid(0),
        kind: LeaseKind::Address,
        prefix_len: 128,
        preferred_lifetime: registered.preferred,
        hw_addr: query.hw_addr.unwrap_or_else(no_hw_addr),
        hw_source: query.hw_source,
    };
    let mut lease = Lease::new(address, subnet.id, owner, registered.valid, corridor.now);
    lease.state = LeaseState::Registered;
    leases.put(&lease);
    let mut outcome = Outcome::of(MessageType::AddrRegReply);
    outcome.is_configuring = false;
    outcome.after = corridor.journal.append(&lease);
    Ok(outcome)
}

fn named_address<'p>(query: &Query<'p>) -> Result<IaAddress<'p>, Drop<V6>> {
    let mut named = query.view.options().all(code::IAADDR);
    let (Some(first), None) = (named.next(), named.next()) else {
        return Err(Drop::UnacceptableOptions("it must name one address"));
    };
    IaAddress::parse(first).map_err(|_| Drop::UnacceptableOptions("its address is malformed"))
}

/// What this server leased is not the client's to register; what was registered before is, by
/// whoever has the address now.
fn may_be_replaced(lease: &Lease<V6>, now: i64) -> bool {
    lease.state == LeaseState::Registered || lease.is_reusable(now)
}
