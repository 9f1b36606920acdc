//! Reservations that do not stand in the configuration file.

mod support;

use std::net::Ipv4Addr;
use std::sync::Arc;

use kea_config::document::{NoIncludes, Node};
use kea_config::snapshot::{IdentifierKind, ReservationTable, Snapshot};
use kea_config::{Document, UnreadReservation};
use kea_lease::SubnetId;
use kea_wire::V4;
use support::snapshot;

const CONFIG: &str = r#"{ "Dhcp4": {
    "option-def": [ { "name": "floor", "code": 222, "type": "uint8" } ],
    "client-classes": [ { "name": "vip" } ],
    "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "reservations": [
        { "hw-address": "01", "ip-address": "192.0.2.1", "hostname": "file" } ] } ] } }"#;
const ONE: Option<SubnetId> = Some(SubnetId(1));

fn map(text: &str) -> Node {
    Document::parse("row", text.as_bytes(), &NoIncludes).unwrap().0.root().clone()
}

/// A table of reservations in subnet 1, added to the configuration as that of one more database.
fn add(config: &mut Snapshot<V4>, rows: &[&str]) {
    let mut table = ReservationTable::default();
    let mut reader = config.reservation_reader();
    for row in rows {
        assert!(table.insert(reader.read(ONE, &map(row)).unwrap()), "{row}");
    }
    let tables = config.reservations.databases().to_vec();
    config.reservations.set_databases(tables.into_iter().chain([Arc::new(table)]));
}

#[test]
fn the_file_is_asked_first_and_databases_in_their_order() {
    let file = snapshot::<V4>(CONFIG);
    let mut config = file.clone();
    add(
        &mut config,
        &[
            r#"{ "hw-address": "01", "ip-address": "192.0.2.11" }"#,
            r#"{ "hw-address": "02", "ip-address": "192.0.2.12", "hostname": "first" }"#,
        ],
    );
    add(
        &mut config,
        &[
            r#"{ "hw-address": "02", "hostname": "second" }"#,
            r#"{ "hw-address": "03", "ip-address": "192.0.2.12", "hostname": "second" }"#,
        ],
    );
    let name = |identifier: u8| {
        let found = config.reservations.find(ONE, IdentifierKind::HwAddress, &[identifier]);
        found.map(|host| &*host.hostname)
    };
    assert_eq!([1, 2, 3, 4].map(name), [Some("file"), Some("first"), Some("second"), None]);
    let holders = config.reservations.of_address(ONE, Ipv4Addr::new(192, 0, 2, 12));
    let holders: Vec<_> = holders.map(|host| host.identifier[0]).collect();
    assert_eq!(holders, [2, 3]);
    // Where leases are looked for, all of them count.
    let last: Vec<_> = config.lease_specs()[0].reserved.iter().map(|ip| ip.octets()[3]).collect();
    assert_eq!(last, [1, 11, 12, 12]);
    assert!(config.shares_subnets(&file));
    assert!(!config.shares_subnets(&snapshot::<V4>(CONFIG)));
    assert!(file.reservations.databases().is_empty());
}

#[test]
fn a_row_means_what_the_configuration_defines() {
    let mut config = snapshot::<V4>(CONFIG);
    add(
        &mut config,
        &[
            r#"{ "hw-address": "02", "client-classes": [ "vip", "guest" ],
             "option-data": [ { "code": 222, "csv-format": true, "data": "7" } ] }"#,
            r#"{ "hw-address": "03", "client-classes": [ "guest" ] }"#,
        ],
    );
    let names = |identifier: u8| {
        let host = config.reservations.find(ONE, IdentifierKind::HwAddress, &[identifier]).unwrap();
        host.classes.iter().map(|class| config.classes.names().name(*class)).collect::<Vec<_>>()
    };
    assert_eq!((names(2), names(3)), (vec!["vip", "guest"], vec!["guest"]));
    let host = config.reservations.find(ONE, IdentifierKind::HwAddress, &[2]).unwrap();
    assert_eq!(host.options.as_ref().unwrap().get("dhcp4", 222).as_slice()[0].data[..], [7]);
}

#[test]
fn what_is_wrong_with_a_row_is_told() {
    let mut config = snapshot::<V4>(CONFIG);
    let mut reader = config.reservation_reader();
    let row = map(r#"{ "hw-address": "02" }"#);
    let elsewhere = reader.read(Some(SubnetId(9)), &row).unwrap_err();
    assert!(matches!(elsewhere, UnreadReservation::UnknownSubnet(SubnetId(9))));
    for (row, why) in [
        (r#"{ "hostname": "x" }"#, "a reservation needs an identifier"),
        (
            r#"{ "hw-address": "02", "ip-address": "198.51.100.1" }"#,
            "reserved address 198.51.100.1 is not inside subnet 192.0.2.0/24",
        ),
        (
            r#"{ "hw-address": "02", "option-data": [ { "code": 222, "data": "many", "csv-format": true } ] }"#,
            "option '222': ",
        ),
        (r#"{ "hw-address": "02", "ip-address": "nowhere" }"#, "'ip-address'"),
    ] {
        let UnreadReservation::Faulty(problems) = reader.read(ONE, &map(row)).unwrap_err() else {
            panic!("{row}")
        };
        let first = problems.first_error().unwrap();
        assert!(first.contains(why), "{first}");
    }
}
