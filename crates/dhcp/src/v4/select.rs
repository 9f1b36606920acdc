//! Which subnet a query belongs to (the manual's section on subnet selection; RFC 3527, RFC 3011).

use std::net::Ipv4Addr;

use kea_config::snapshot::{Snapshot, Subnet};
use kea_expr::ClassSet;
use kea_log::{Log, log};
use kea_wire::V4;
use kea_wire::v4::RelayAgentInfo;

use super::accept::Query;
use crate::pipeline::{Arrival, Carrier, Corridor, Whereabouts, is_let_in};

/// The first subnet that fits the query and lets a client of `classes` in.
pub(super) fn select<'s>(
    corridor: &Corridor<'s, V4>,
    query: &Query<'_>,
    arrival: &Arrival<'_, V4>,
    classes: &ClassSet,
) -> Option<&'s Subnet<V4>> {
    if let Some(carrier) = &arrival.carrier {
        return find_over_v6(corridor.config, corridor.log, carrier, classes);
    }
    let view = &query.view;
    // Who speaks to all is on the link, whatever address it says that it has.
    let is_sent_to_this_server = !arrival.destination.is_broadcast();
    let whereabouts = Whereabouts {
        interface: arrival.interface,
        interface_address: arrival.interface_address,
        source: is_sent_to_this_server.then_some(arrival.source),
        address: is_sent_to_this_server.then_some(view.ciaddr()),
        is_relayed: view.is_relayed(),
        relay: Some(view.giaddr()),
        link: query.relay.as_ref().and_then(RelayAgentInfo::link_selection),
        subnet: view.subnet_selection(),
        interface_id: None,
    };
    find(corridor.config, corridor.log, &whereabouts, classes)
}

/// The first subnet for a client whose query came in DHCPv6, and that lets a client of `classes` in.
pub(crate) fn find_over_v6<'s>(
    config: &'s Snapshot<V4>,
    log: &dyn Log,
    carrier: &Carrier<'_>,
    classes: &ClassSet,
) -> Option<&'s Subnet<V4>> {
    let Carrier { origin, interface_id } = *carrier;
    let mut fitting = config.subnets_over_v6(origin.source, interface_id, origin.interface);
    let found = fitting.find(|subnet| is_let_in(config.network_of(subnet), subnet, classes));
    if found.is_none() {
        log!(log, DHCPSRV_SUBNET4O6_SELECT_FAILED);
    }
    found
}

/// The first subnet for a client that is there, and that lets a client of `classes` in.
pub(crate) fn find<'s>(
    config: &'s Snapshot<V4>,
    log: &dyn Log,
    whereabouts: &Whereabouts<'_, Ipv4Addr>,
    classes: &ClassSet,
) -> Option<&'s Subnet<V4>> {
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
    if let Some(link) = named_link(config, whereabouts) {
        return containing(link);
    }
    log!(log, DHCPSRV_SUBNET4_SELECT_NO_RAI_OPTIONS);
    if let Some(giaddr) = whereabouts.relay.filter(|_| whereabouts.is_relayed) {
        let by_relay = config.subnets_of_relay(giaddr).find(admits);
        match by_relay {
            Some(subnet) => log!(log, DHCPSRV_CFGMGR_SUBNET4_RELAY, subnet.prefix_text, giaddr),
            None => log!(log, DHCPSRV_SUBNET4_SELECT_BY_RELAY_ADDRESS_NO_MATCH, giaddr),
        }
        return by_relay.or_else(|| containing(giaddr));
    }
    log!(log, DHCPSRV_SUBNET4_SELECT_NO_RELAY_ADDRESS);
    let mut own = [whereabouts.address, whereabouts.source].into_iter().flatten();
    if let Some(address) = own.find(|address| is_usable(*address)) {
        return containing(address);
    }
    log!(log, DHCPSRV_SUBNET4_SELECT_NO_USABLE_ADDRESS);
    let interface = whereabouts.interface;
    let by_interface = config.subnets_on_interface(interface).find(admits);
    match by_interface {
        Some(subnet) => log!(log, DHCPSRV_CFGMGR_SUBNET4_IFACE, subnet.prefix_text, interface),
        None => log!(log, DHCPSRV_SUBNET4_SELECT_BY_INTERFACE_NO_MATCH, interface),
    }
    by_interface.or_else(|| whereabouts.interface_address.and_then(containing))
}

/// The link that the relay (82/5), else the client (118), names.
fn named_link(config: &Snapshot<V4>, whereabouts: &Whereabouts<'_, Ipv4Addr>) -> Option<Ipv4Addr> {
    let by_relay = whereabouts.link.filter(|_| !config.compatibility.ignore_rai_link_selection);
    by_relay.or(whereabouts.subnet).filter(|link| is_usable(*link))
}

fn is_usable(address: Ipv4Addr) -> bool {
    !address.is_unspecified() && !address.is_broadcast()
}
