//! Which subnet a query belongs to (the manual's section on subnet selection; RFC 3527, RFC 3011).

use std::net::Ipv4Addr;

use kea_config::snapshot::{Snapshot, Subnet};
use kea_expr::ClassSet;
use kea_log::log;
use kea_wire::V4;
use kea_wire::v4::RelayAgentInfo;

use super::accept::Query;
use crate::pipeline::{Arrival, Carrier, Corridor, is_let_in};

/// The first subnet that fits the query and lets a client of `classes` in.
pub(super) fn select<'s>(
    corridor: &Corridor<'s, V4>,
    query: &Query<'_>,
    arrival: &Arrival<'_, V4>,
    classes: &ClassSet,
) -> Option<&'s Subnet<V4>> {
    let (config, log) = (corridor.config, corridor.log);
    let admits = |subnet: &&Subnet<V4>| is_let_in(config.network_of(subnet), subnet, classes);
    let containing = |address| {
        let found = config.subnets_containing(address).find(admits);
        match found {
            Some(subnet) => log!(log, DHCPSRV_CFGMGR_SUBNET4_ADDR, subnet.prefix_text, address),
            None => log!(log, DHCPSRV_SUBNET4_SELECT_BY_ADDRESS_NO_MATCH, address),
        }
        found
    };

    #[cfg(feature = "deliberate-faults")]
    if kea_lease::Fault::SwappedSubnets.is_injected() {
        return config.subnets().iter().find(admits);
    }
    if let Some(Carrier { origin, interface_id }) = arrival.carrier {
        let mut fitting = config.subnets_over_v6(origin.source, interface_id, origin.interface);
        let found = fitting.find(admits);
        if found.is_none() {
            log!(log, DHCPSRV_SUBNET4O6_SELECT_FAILED);
        }
        return found;
    }
    if let Some(link) = named_link(config, query) {
        return containing(link);
    }
    log!(log, DHCPSRV_SUBNET4_SELECT_NO_RAI_OPTIONS);
    let view = &query.view;
    if view.is_relayed() {
        let giaddr = view.giaddr();
        let by_relay = config.subnets_of_relay(giaddr).find(admits);
        match by_relay {
            Some(subnet) => log!(log, DHCPSRV_CFGMGR_SUBNET4_RELAY, subnet.prefix_text, giaddr),
            None => log!(log, DHCPSRV_SUBNET4_SELECT_BY_RELAY_ADDRESS_NO_MATCH, giaddr),
        }
        return by_relay.or_else(|| containing(giaddr));
    }
    log!(log, DHCPSRV_SUBNET4_SELECT_NO_RELAY_ADDRESS);
    let own = [view.ciaddr(), arrival.source];
    if let Some(address) = own.into_iter().find(|address| is_usable(*address)) {
        return containing(address);
    }
    log!(log, DHCPSRV_SUBNET4_SELECT_NO_USABLE_ADDRESS);
    let interface = arrival.interface;
    let by_interface = config.subnets_on_interface(interface).find(admits);
    match by_interface {
        Some(subnet) => log!(log, DHCPSRV_CFGMGR_SUBNET4_IFACE, subnet.prefix_text, interface),
        None => log!(log, DHCPSRV_SUBNET4_SELECT_BY_INTERFACE_NO_MATCH, interface),
    }
    by_interface.or_else(|| arrival.interface_address.and_then(containing))
}

/// The link that the relay (82/5), else the client (118), names.
fn named_link(config: &Snapshot<V4>, query: &Query<'_>) -> Option<Ipv4Addr> {
    let by_relay = query
        .relay
        .as_ref()
        .filter(|_| !config.compatibility.ignore_rai_link_selection)
        .and_then(RelayAgentInfo::link_selection);
    by_relay.or_else(|| query.view.subnet_selection()).filter(|link| is_usable(*link))
}

fn is_usable(address: Ipv4Addr) -> bool {
    !address.is_unspecified() && !address.is_broadcast()
}
