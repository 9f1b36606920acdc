//! Reservations that do not stand in the configuration file.

mod support;

use std::net::Ipv4Addr;
use std::sync::Arc;

use kea_config::document::{NoIncludes, Node};
use kea_config::snapshot::{IdentifierKind, ReservationTable, Snapshot};
use kea_config::{Change, Document, UnreadReservation};
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

/// What the loader reads and what the document holds are the same reservations in the same order.
#[test]
fn reservations_of_the_file_stand_beside_their_definitions() {
    let config = snapshot::<V4>(
        r#"{ "Dhcp4": {
        "subnet4": [ { "id": 1, "subnet": "192.0.2.0/24", "reservations": [
            { "hw-address": "01", "hostname": "one" }, { "duid": "02:03", "hostname": "two" } ] } ],
        "shared-networks": [ { "name": "floor", "subnet4": [
            { "id": 5, "subnet": "198.51.100.0/24", "reservations": [
                { "flex-id": "'port'", "hostname": "three" } ] } ] } ],
        "reservations": [ { "client-id": "04", "hostname": "four" } ] } }"#,
    );
    let found: Vec<_> = config
        .file_reservations()
        .map(|(host, map)| {
            assert_eq!(map.get("hostname").and_then(Node::as_str), Some(&*host.hostname));
            (host.subnet.map(|id| id.0), &*host.hostname)
        })
        .collect();
    assert_eq!(found, [(None, "four"), (Some(5), "three"), (Some(1), "one"), (Some(1), "two")]);
    let (_, map) = config.file_reservations().nth(1).unwrap();
    assert_eq!(
        config.render_reservation(map).to_string(),
        r#"{ "boot-file-name": "", "client-classes": [ ], "flex-id": "706F7274", "hostname": "three", "next-server": "0.0.0.0", "option-data": [ ], "server-hostname": "" }"#
    );
}

#[test]
fn single_reservations_are_added_replaced_and_removed() {
    let whole = |text: &str| Document::parse("<string>", text.as_bytes(), &NoIncludes).unwrap().0;
    let config = snapshot::<V4>(CONFIG);
    let names = |config: &Snapshot<V4>| -> Vec<_> {
        let hosts = config.file_reservations();
        hosts.map(|(host, _)| (host.subnet.map(|id| id.0), host.hostname.to_string())).collect()
    };
    let named = |subnet, name: &str| (subnet, name.to_owned());
    let add = |subnet, text| Change::AddReservation(subnet, whole(text));
    let refused = |change: &Change| config.with(change).unwrap_err().to_string();

    let more = config.with(&add(ONE, r#"{ "duid": "0a", "hostname": "more" }"#)).unwrap().snapshot;
    assert_eq!(names(&more), [named(Some(1), "file"), named(Some(1), "more")]);
    let global =
        config.with(&add(None, r#"{ "duid": "0a", "hostname": "far" }"#)).unwrap().snapshot;
    assert_eq!(names(&global), [named(None, "far"), named(Some(1), "file")]);
    let other = whole(r#"{ "hw-address": "01", "hostname": "other" }"#);
    let other = config.with(&Change::ReplaceReservation(ONE, other)).unwrap().snapshot;
    assert_eq!(names(&other), [named(Some(1), "other")]);
    let gone = Change::RemoveReservation(ONE, IdentifierKind::HwAddress, [1].into());
    assert_eq!(names(&config.with(&gone).unwrap().snapshot), []);

    for (change, why) in [
        (add(ONE, r#"{ "hw-address": "01" }"#), "hw-address 01 is reserved twice"),
        (
            add(ONE, r#"{ "hw-address": "02", "ip-address": "192.0.2.1" }"#),
            "address 192.0.2.1 is reserved for two clients",
        ),
        (
            add(ONE, r#"{ "hw-address": "02", "ip-address": "192.0.3.1" }"#),
            "reserved address 192.0.3.1 is not inside subnet 192.0.2.0/24",
        ),
        (add(Some(SubnetId(9)), "{}"), "no subnet with id 9 found"),
        (add(ONE, "[]"), "the definition must be a map"),
        (
            Change::ReplaceReservation(ONE, whole(r#"{ "hw-address": "02" }"#)),
            "the client has no reservation there",
        ),
        (
            Change::RemoveReservation(None, IdentifierKind::HwAddress, [1].into()),
            "the client has no reservation there",
        ),
    ] {
        let told = refused(&change);
        assert!(told.contains(why), "{why}: {told}");
    }
    assert_eq!(names(&config), [named(Some(1), "file")]);
}
