//! Which subnet a query belongs to (the manual's section on subnet selection).

use std::net::Ipv6Addr;

use kea_config::snapshot::Subnet;
use kea_expr::ClassSet;
use kea_log::log;
use kea_wire::V6;
use kea_wire::v6::{Relay, View};

use crate::pipeline::explain::hex;
use crate::pipeline::{Arrival, Corridor, is_let_in};

/// The first subnet that fits the query and lets a client of `classes` in.
pub(super) fn select<'s>(
    corridor: &Corridor<'s, V6>,
    view: &View<'_>,
    arrival: &Arrival<'_, V6>,
    classes: &ClassSet,
) -> Option<&'s Subnet<V6>> {
    let (config, log) = (corridor.config, corridor.log);
    let admits = |subnet: &&Subnet<V6>| is_let_in(config.network_of(subnet), subnet, classes);
    let containing = |address| {
        let found = config.subnets_containing(address).find(admits);
        match found {
            Some(subnet) => log!(log, DHCPSRV_CFGMGR_SUBNET6, subnet.prefix_text, address),
            None => log!(log, DHCPSRV_SUBNET6_SELECT_BY_ADDRESS_NO_MATCH, address),
        }
        found
    };

    #[cfg(feature = "deliberate-faults")]
    if kea_lease::Fault::SwappedSubnets.is_injected() {
        return config.subnets().iter().find(admits);
    }
    if !view.is_relayed() {
        let interface = arrival.interface;
        let by_interface = config.subnets_on_interface(interface).find(admits);
        match by_interface {
            Some(subnet) => log!(log, DHCPSRV_CFGMGR_SUBNET6_IFACE, subnet.prefix_text, interface),
            None => log!(log, DHCPSRV_SUBNET6_SELECT_BY_INTERFACE_NO_MATCH, interface),
        }
        let global = Some(arrival.source).filter(|source| names_link(*source));
        return by_interface.or_else(|| containing(global?));
    }
    // What the relay nearest to the client says comes first.
    let mut nearest_first = view.relays().iter().rev();
    let by_interface_id = nearest_first.find_map(Relay::interface_id).and_then(|id| {
        let found = config.subnets_of_interface_id(id).find(admits);
        match found {
            Some(subnet) => log!(log, DHCPSRV_CFGMGR_SUBNET6_IFACE_ID, subnet.prefix_text),
            None => log!(log, DHCPSRV_SUBNET6_SELECT_BY_INTERFACE_ID_NO_MATCH, hex(id)),
        }
        found
    });
    by_interface_id.or_else(|| {
        let links = view.relays().iter().rev().map(Relay::link_address);
        let link = links.into_iter().find(|link| names_link(*link))?;
        let by_relay = config.subnets_of_relay(link).find(admits);
        if let Some(subnet) = by_relay {
            log!(log, DHCPSRV_CFGMGR_SUBNET6_RELAY, subnet.prefix_text, link);
        }
        by_relay.or_else(|| containing(link))
    })
}

/// False for addresses that every link has.
fn names_link(address: Ipv6Addr) -> bool {
    !address.is_unspecified() && !address.is_unicast_link_local() && !address.is_loopback()
}
