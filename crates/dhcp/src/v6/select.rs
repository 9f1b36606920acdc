//! Which subnet a query belongs to (the manual's section on subnet selection).

use std::net::Ipv6Addr;

use kea_config::snapshot::{Snapshot, Subnet};
use kea_expr::ClassSet;
use kea_log::{Log, log};
use kea_wire::V6;
use kea_wire::v6::{Relay, View};

use crate::pipeline::explain::hex;
use crate::pipeline::{Arrival, Corridor, Whereabouts, is_let_in};

/// The first subnet that fits the query and lets a client of `classes` in.
pub(super) fn select<'s>(
    corridor: &Corridor<'s, V6>,
    view: &View<'_>,
    arrival: &Arrival<'_, V6>,
    classes: &ClassSet,
) -> Option<&'s Subnet<V6>> {
    // What the relay nearest to the client says comes first.
    let nearest_first = || view.relays().iter().rev();
    let whereabouts = Whereabouts {
        interface: arrival.interface,
        source: Some(arrival.source),
        is_relayed: view.is_relayed(),
        relay: nearest_first().map(Relay::link_address).find(|link| names_link(*link)),
        // Those of relays further on name ports to other relays.
        interface_id: view.relays().last().and_then(Relay::interface_id),
        ..Whereabouts::default()
    };
    find(corridor.config, corridor.log, &whereabouts, classes)
}

/// The first subnet for a client that is there, and that lets a client of `classes` in.
pub(crate) fn find<'s>(
    config: &'s Snapshot<V6>,
    log: &dyn Log,
    whereabouts: &Whereabouts<'_, Ipv6Addr>,
    classes: &ClassSet,
) -> Option<&'s Subnet<V6>> {
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
    let on_link = || {
        let interface = whereabouts.interface;
        let by_interface = config.subnets_on_interface(interface).find(admits);
        match by_interface {
            Some(subnet) => log!(log, DHCPSRV_CFGMGR_SUBNET6_IFACE, subnet.prefix_text, interface),
            None => log!(log, DHCPSRV_SUBNET6_SELECT_BY_INTERFACE_NO_MATCH, interface),
        }
        let global = whereabouts.source.filter(|source| names_link(*source));
        by_interface.or_else(|| containing(global?))
    };
    if !whereabouts.is_relayed {
        return on_link();
    }
    let by_interface_id = whereabouts.interface_id.and_then(|id| {
        let found = config.subnets_of_interface_id(id).find(admits);
        match found {
            Some(subnet) => log!(log, DHCPSRV_CFGMGR_SUBNET6_IFACE_ID, subnet.prefix_text),
            None => log!(log, DHCPSRV_SUBNET6_SELECT_BY_INTERFACE_ID_NO_MATCH, hex(id)),
        }
        found
    });
    by_interface_id.or_else(|| {
        let Some(link) = whereabouts.relay.filter(|link| names_link(*link)) else {
            // Lightweight relays name no link: they are on the one of the server (RFC 6221).
            return on_link();
        };
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
