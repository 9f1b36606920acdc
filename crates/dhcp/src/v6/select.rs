//! Which subnet a query belongs to (the manual's section on subnet selection).

use std::net::Ipv6Addr;

use kea_config::snapshot::{Snapshot, Subnet};
use kea_expr::ClassSet;
use kea_wire::V6;
use kea_wire::v6::{Relay, View};

use crate::pipeline::{Arrival, is_let_in};

/// The first subnet that fits the query and lets a client of `classes` in.
pub(super) fn select<'s>(
    config: &'s Snapshot<V6>,
    view: &View<'_>,
    arrival: &Arrival<'_, V6>,
    classes: &ClassSet,
) -> Option<&'s Subnet<V6>> {
    let admits = |subnet: &&Subnet<V6>| is_let_in(config.network_of(subnet), subnet, classes);
    let containing = |address| config.subnets_containing(address).find(admits);

    if !view.is_relayed() {
        let by_interface = config.subnets_on_interface(arrival.interface).find(admits);
        let global = Some(arrival.source).filter(|source| names_link(*source));
        return by_interface.or_else(|| containing(global?));
    }
    // What the relay nearest to the client says comes first.
    let mut nearest_first = view.relays().iter().rev();
    let by_interface_id = nearest_first
        .find_map(Relay::interface_id)
        .and_then(|id| config.subnets_of_interface_id(id).find(admits));
    by_interface_id.or_else(|| {
        let links = view.relays().iter().rev().map(Relay::link_address);
        let link = links.into_iter().find(|link| names_link(*link))?;
        config.subnets_of_relay(link).find(admits).or_else(|| containing(link))
    })
}

/// False for addresses that every link has.
fn names_link(address: Ipv6Addr) -> bool {
    !address.is_unspecified() && !address.is_unicast_link_local() && !address.is_loopback()
}
