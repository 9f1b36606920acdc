//! DHCPv4 over DHCPv6 (RFC 7341) in both servers, without processes: classes, hooks, ways.

mod server;

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;

use kea_config::Snapshot;
use kea_config::snapshot::Subnet;
use kea_dhcp::Serving;
use kea_dhcp::pipeline::{Answer, Arrival, CarrierError, Drop, Link, Way};
use kea_hooks::{Hook, Next, Point, Query};
use kea_wire::v6::dhcp4o6::Origin;
use kea_wire::v6::{Builder, MessageType, View, code};
use kea_wire::{V4, V6, v4};

use self::server::Server;

const INSIDE: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 1, 0, 0, 0, 0, 0x99);
const OUTSIDE: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 2, 0, 0, 0, 0, 0x99);

/// Says one thing wherever a subnet was selected.
struct Selector(Next);

impl Hook<V4> for Selector {
    fn name(&self) -> &str {
        "selector"
    }

    fn points(&self) -> &[Point] {
        &[Point::SubnetSelect]
    }

    fn subnet_select<'s>(
        &self,
        query: &Query<'_, V4>,
        _: &'s Snapshot<V4>,
        _: &mut Option<&'s Subnet<V4>>,
    ) -> Next {
        assert_eq!(query.interface, "eth0");
        self.0
    }
}

/// What comes from the other server.
fn carried<F: Serving>(
    server: &mut Server<F>,
    octets: &[u8],
    link: Option<Link<F>>,
) -> Result<(Answer<F>, Vec<u8>), Drop<F>> {
    server.serve(|worker, corridor, out| worker.decide_carried(corridor, &|_| link, octets, out))
}

/// A DHCPV4-QUERY as the DHCPv6 server passes it on.
fn passed_on(source: Ipv6Addr) -> Vec<u8> {
    let (mut message, mut query, mut out) = (Vec::new(), Vec::new(), Vec::new());
    let hw_addr = "02:00:00:00:00:0a".parse().unwrap();
    v4::Builder::request(&mut message, &hw_addr, 7, v4::MessageType::Discover).finish();
    let mut builder = Builder::new(&mut query, MessageType::Dhcpv4Query, 0);
    builder.option(code::DHCPV4_MSG, &message).finish().unwrap();
    let origin = Origin { interface: "eth0", source, source_port: 546 };
    origin.attach(&View::parse(&query).unwrap(), &mut out).unwrap();
    out
}

const HERE: Option<Link<V4>> = Some(Link { index: 3, address: Ipv4Addr::new(192, 0, 2, 1) });

const SUBNETS: &str = r#"
    "client-classes": [
        { "name": "inside", "test": "pkt.src == 2001:db8:1::99 and pkt.iface == 'eth0'" } ],
    "subnet4": [
        { "id": 1, "subnet": "10.0.1.0/24", "pools": [ { "pool": "10.0.1.10 - 10.0.1.19" } ],
          "4o6-interface": "eth0", "client-class": "inside" },
        { "id": 2, "subnet": "10.0.2.0/24", "pools": [ { "pool": "10.0.2.10 - 10.0.2.19" } ],
          "4o6-interface": "eth0" } ]"#;

#[test]
fn subnets_are_selected_by_classes_as_well() {
    for (source, subnet) in [(INSIDE, 1), (OUTSIDE, 2)] {
        let mut server = Server::<V4>::new(SUBNETS, &[]);
        let (answer, octets) = carried(&mut server, &passed_on(source), HERE).unwrap();
        let view = v4::View::parse(&octets).unwrap();
        assert_eq!(view.message_type(), Some(v4::MessageType::Offer));
        assert_eq!(view.yiaddr(), Ipv4Addr::new(10, 0, subnet, 10));
        // It goes back to where the query came from.
        let Way::Carried(carriage) = &answer.way else { panic!("{:?}", answer.way) };
        let mut message = Vec::new();
        carriage.carry(&octets, &mut message).unwrap();
        let response = View::parse(&message).unwrap();
        assert_eq!(response.message_type(), MessageType::Dhcpv4Response);
        assert_eq!(response.dhcpv4_message(), Some(&octets[..]));
        let origin = Origin { interface: "eth0", source, source_port: 546 };
        assert_eq!(Origin::of(&response), Ok(origin));
        let too_long = carriage.carry(&vec![0; 65_500], &mut Vec::new());
        assert!(matches!(too_long, Err(CarrierError::TooLong(_))), "{too_long:?}");
    }
}

#[test]
fn hooks_are_asked_and_told_of_by_names_of_their_own() {
    for (next, reason, identifiers) in [
        (
            Next::Skip,
            Drop::NoSubnet,
            ["DHCP4_DHCP4O6_HOOK_SUBNET4_SELECT_SKIP", "DHCP4_DHCP4O6_SUBNET_SELECTION_FAILED"],
        ),
        (
            Next::Drop,
            Drop::Hook(Point::SubnetSelect),
            ["DHCP4_DHCP4O6_RECEIVING", "DHCP4_DHCP4O6_HOOK_SUBNET4_SELECT_DROP"],
        ),
    ] {
        let mut server = Server::<V4>::new(SUBNETS, &[Arc::new(Selector(next))]);
        let refused = carried(&mut server, &passed_on(INSIDE), HERE).map(drop);
        assert_eq!(refused, Err(reason));
        let told = server.log.ids();
        for identifier in identifiers {
            assert!(told.contains(&identifier), "{identifier}: {told:?}");
        }
    }
}

#[test]
fn the_server_is_known_by_an_address_or_not_at_all() {
    let server_id = |server: &mut Server<V4>, link| {
        let (_, octets) = carried(server, &passed_on(OUTSIDE), link)?;
        Ok(v4::View::parse(&octets).unwrap().server_id())
    };
    let mut server = Server::<V4>::new(SUBNETS, &[]);
    assert_eq!(server_id(&mut server, HERE), Ok(Some(Ipv4Addr::new(192, 0, 2, 1))));
    assert_eq!(server_id(&mut server, None), Err(Drop::NoServerId));
    let own = r#""option-data": [ { "name": "dhcp-server-identifier", "data": "192.0.2.9" } ],"#;
    let mut server = Server::<V4>::new(&format!("{own}{SUBNETS}"), &[]);
    assert_eq!(server_id(&mut server, None), Ok(Some(Ipv4Addr::new(192, 0, 2, 9))));
}

/// A client's query at the DHCPv6 server.
fn query_v6(server: &mut Server<V6>, octets: &[u8]) -> Result<(Answer<V6>, Vec<u8>), Drop<V6>> {
    let arrival = Arrival {
        interface: "eth0",
        interface_index: 3,
        interface_address: Some("fe80::1".parse().unwrap()),
        source: INSIDE,
        source_port: 1547,
        destination: "2001:db8:1::1".parse().unwrap(),
        link_source: None,
        carrier: None,
    };
    server.serve(|worker, corridor, out| worker.decide(corridor, &arrival, octets, out))
}

#[test]
fn queries_are_judged_before_they_are_passed_on() {
    let query = [20, 0, 0, 0, 0, 87, 0, 1, 1];
    let twice = [&query[..], &query[4..]].concat();
    let mut off = Server::<V6>::new("", &[]);
    assert_eq!(query_v6(&mut off, &query).map(drop), Err(Drop::NoDhcpv4Server));
    assert_eq!(off.log.ids().last(), Some(&"DHCP6_DHCP4O6_SEND_FAIL"));
    let dropping = r#""dhcp4o6-port": 6767,
        "client-classes": [ { "name": "DROP", "test": "pkt6.msgtype == 20" } ]"#;
    let mut dropping = Server::<V6>::new(dropping, &[]);
    assert_eq!(query_v6(&mut dropping, &query).map(drop), Err(Drop::ClassDrop));
    let mut server = Server::<V6>::new(r#""dhcp4o6-port": 6767"#, &[]);
    let refused = query_v6(&mut server, &twice).map(drop);
    assert!(matches!(refused, Err(Drop::UnacceptableOptions(_))), "{refused:?}");
    let (answer, octets) = query_v6(&mut server, &query).unwrap();
    assert_eq!(answer.way, Way::PassedOn);
    let origin = Origin { interface: "eth0", source: INSIDE, source_port: 1547 };
    assert_eq!(Origin::of(&View::parse(&octets).unwrap()), Ok(origin));
}

/// To the client's port, or the relay's, or the one that the relay sent from (RFC 8357).
#[test]
fn responses_go_to_the_port_of_the_nearest() {
    let link = Some(Link { index: 3, address: "2001:db8:1::1".parse().unwrap() });
    let relayed = |options: &[(u16, &[u8])]| {
        let mut query = Vec::new();
        let mut builder = Builder::relayed(&mut query);
        builder.relay(MessageType::RelayForward, 0, INSIDE, OUTSIDE, |envelope| {
            for (code, data) in options {
                envelope.option(*code, data);
            }
        });
        builder.message(MessageType::Dhcpv4Query, 0).option(code::DHCPV4_MSG, &[1]);
        builder.finish().unwrap();
        query
    };
    for (query, port, envelope) in [
        (vec![20, 0, 0, 0, 0, 87, 0, 1, 1], 546, 0),
        (relayed(&[]), 547, 13),
        (relayed(&[(code::RELAY_PORT, &[0, 0])]), 1547, 13),
    ] {
        let mut server = Server::<V6>::new(r#""dhcp4o6-port": 6767"#, &[]);
        let (_, octets) = query_v6(&mut server, &query).unwrap();
        let passed_on = View::parse(&octets).unwrap();
        let mut response = Vec::new();
        Origin::of(&passed_on).unwrap().respond(&passed_on, &[2, 3], &mut response).unwrap();
        let (answer, octets) = carried(&mut server, &response, link).unwrap();
        assert_eq!((answer.way, answer.message_type), (Way::Client, 21));
        let transmit = answer.transmit;
        assert_eq!((transmit.destination, transmit.port), (INSIDE, port));
        assert_eq!((transmit.interface_index, Some(transmit.source)), (3, link.map(|l| l.address)));
        let view = View::parse(&octets).unwrap();
        assert_eq!(view.relays().first().map_or(0, |r| r.message_type().number()), envelope);
        assert_eq!(view.dhcpv4_message(), Some(&[2, 3][..]));
        assert!(!view.has_option(code::VENDOR_OPTS));
        let refused = carried(&mut server, &response, None).map(drop);
        let expected = kea_dhcp::pipeline::Unreadable::Carrier(CarrierError::Interface);
        assert_eq!(refused, Err(Drop::Unreadable(expected)));
    }
}
