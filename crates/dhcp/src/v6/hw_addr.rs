//! Where a client's hardware address is learned, which no DHCPv6 field holds (the manual's section
//! on MAC addresses in DHCPv6).

use std::net::Ipv6Addr;

use kea_config::snapshot::MacSource;
use kea_wire::v6::{Options, Relay, VendorOpts, View, code};
use kea_wire::{Duid, HwAddr};

/// The first address that one of these sources gives, and which of them it is.
pub(super) fn hw_addr(
    sources: &[MacSource],
    view: &View<'_>,
    duid: Option<&Duid>,
    source: Ipv6Addr,
) -> Option<(HwAddr, MacSource)> {
    let by = |method: &MacSource| Some((by(*method, view, duid, source)?, *method));
    sources.iter().find_map(|method| match method {
        MacSource::Any => ANY.iter().find_map(by),
        method => by(method),
    })
}

/// Sources in the order of the trust they deserve: what the nearest relay saw comes first.
const ANY: [MacSource; 6] = [
    MacSource::ClientLinkAddrOption,
    MacSource::Duid,
    MacSource::Ipv6LinkLocal,
    MacSource::RemoteId,
    MacSource::DocsisCmts,
    MacSource::DocsisModem,
];

/// The enterprise number of CableLabs.
const CABLELABS: u32 = 4491;
/// A cable modem's own address, among its vendor options.
const DEVICE_ID: u16 = 36;
/// The modem's address, among the vendor options of a CMTS.
const CM_MAC_ADDRESS: u16 = 1026;

fn by(method: MacSource, view: &View<'_>, duid: Option<&Duid>, source: Ipv6Addr) -> Option<HwAddr> {
    let nearest_relay = view.relays().last();
    match method {
        // A frame tells the sender, which may be a relay; and nothing here knows subscribers.
        MacSource::Any | MacSource::Raw | MacSource::SubscriberId => None,
        MacSource::Duid => duid?.kind().hw_addr(),
        MacSource::Ipv6LinkLocal => {
            of_link_local(nearest_relay.map_or(source, Relay::peer_address))
        }
        MacSource::ClientLinkAddrOption => nearest_relay?.client_link_layer_address(),
        MacSource::RemoteId => ethernet(nearest_relay?.remote_id()?.identifier),
        MacSource::DocsisCmts => {
            let mut options = view.relays().iter().rev().map(Relay::options);
            options.find_map(|options| cablelabs(options, CM_MAC_ADDRESS))
        }
        MacSource::DocsisModem => cablelabs(view.options(), DEVICE_ID),
    }
}

fn cablelabs(options: Options<'_>, code: u16) -> Option<HwAddr> {
    let vendors = options.all(code::VENDOR_OPTS).filter_map(|data| VendorOpts::parse(data).ok());
    let mut of_cablelabs = vendors.filter(|vendor| vendor.enterprise == CABLELABS);
    ethernet(of_cablelabs.find_map(|vendor| vendor.options.get(code))?)
}

fn ethernet(octets: &[u8]) -> Option<HwAddr> {
    HwAddr::new(HwAddr::ETHERNET, octets).filter(|hw_addr| !hw_addr.is_empty())
}

/// The address that a link-local one was made of: modified EUI-64 with the universal bit set and the
/// group bit clear (RFC 4291 appendix A).
fn of_link_local(address: Ipv6Addr) -> Option<HwAddr> {
    let octets = address.octets();
    let [_, _, _, _, _, _, _, _, a, b, c, 0xff, 0xfe, d, e, f] = octets else { return None };
    let is_universal = a & 0b11 == 0b10;
    (address.is_unicast_link_local() && is_universal)
        .then(|| ethernet(&[a ^ 0b10, b, c, d, e, f]))
        .flatten()
}

#[cfg(test)]
mod tests {
    use kea_wire::v6::{Builder, MessageType};

    use super::*;

    const LINK_LOCAL: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0x0202, 0x03ff, 0xfe04, 0x0506);

    /// The address that is found; its source is one of those that were asked.
    fn found(sources: &[MacSource], relay: bool, duid: &str) -> Option<String> {
        let vendor = |code: u16, octets: [u8; 6]| {
            move |options: &mut Builder<'_>| {
                options.option(code, &octets);
            }
        };
        let mut buffer = Vec::new();
        let mut builder = Builder::relayed(&mut buffer);
        if relay {
            let link = Ipv6Addr::UNSPECIFIED;
            builder.relay(MessageType::RelayForward, 0, link, LINK_LOCAL, |options| {
                options.option(code::CLIENT_LINKLAYER_ADDR, &[0, 1, 2, 0, 0, 0, 0, 79]);
                options.option(code::REMOTE_ID, &[0, 0, 0, 9, 2, 0, 0, 0, 0, 37]);
                options.vendor_opts(CABLELABS, vendor(CM_MAC_ADDRESS, [2, 0, 0, 0, 0, 26]));
            });
        }
        builder.message(MessageType::Solicit, 1);
        builder.vendor_opts(CABLELABS, vendor(DEVICE_ID, [2, 0, 0, 0, 0, 36]));
        builder.finish().unwrap();
        let view = View::parse(&buffer).unwrap();
        let duid: Duid = duid.parse().unwrap();
        let (address, source) = hw_addr(sources, &view, Some(&duid), LINK_LOCAL)?;
        assert!(sources.contains(&source) || sources.contains(&MacSource::Any), "{source:?}");
        Some(address.to_string())
    }

    #[test]
    fn each_source_gives_its_address() {
        const LL: &str = "00:03:00:01:02:00:00:00:00:01";
        for (source, relay, expected) in [
            (MacSource::Duid, false, Some("02:00:00:00:00:01")),
            (MacSource::Ipv6LinkLocal, false, Some("00:02:03:04:05:06")),
            (MacSource::Ipv6LinkLocal, true, Some("00:02:03:04:05:06")),
            (MacSource::ClientLinkAddrOption, false, None),
            (MacSource::ClientLinkAddrOption, true, Some("02:00:00:00:00:4f")),
            (MacSource::RemoteId, false, None),
            (MacSource::RemoteId, true, Some("02:00:00:00:00:25")),
            (MacSource::DocsisCmts, false, None),
            (MacSource::DocsisCmts, true, Some("02:00:00:00:00:1a")),
            (MacSource::DocsisModem, false, Some("02:00:00:00:00:24")),
            (MacSource::Raw, true, None),
            (MacSource::SubscriberId, true, None),
        ] {
            assert_eq!(found(&[source], relay, LL).as_deref(), expected, "{source:?} {relay}");
        }
    }

    #[test]
    fn the_first_source_in_order_wins() {
        const LLT: &str = "00:01:00:01:11:22:33:44:02:00:00:00:00:01";
        const EN: &str = "00:02:00:00:00:09:01";
        let any = [MacSource::Any];
        assert_eq!(found(&any, true, LLT).as_deref(), Some("02:00:00:00:00:4f"));
        assert_eq!(found(&any, false, LLT).as_deref(), Some("02:00:00:00:00:01"));
        assert_eq!(found(&any, false, EN).as_deref(), Some("00:02:03:04:05:06"));
        let chosen = [MacSource::Duid, MacSource::DocsisModem, MacSource::Ipv6LinkLocal];
        assert_eq!(found(&chosen, false, EN).as_deref(), Some("02:00:00:00:00:24"));
    }

    #[test]
    fn only_universal_unicast_interface_identifiers_are_hardware_addresses() {
        for (address, expected) in [
            ("fe80::202:3ff:fe04:506", true),
            ("fe80::2:3ff:fe04:506", false),
            ("fe80::302:3ff:fe04:506", false),
            ("fe80::202:304:5:6", false),
            ("2001:db8::202:3ff:fe04:506", false),
        ] {
            assert_eq!(of_link_local(address.parse().unwrap()).is_some(), expected, "{address}");
        }
    }
}
