//! A database beside the file: what wins, what stays, and how a wrong row is named.

use std::sync::Arc;

use kea_config::document::{Document, NoIncludes, Node, Value};
use kea_config::{Diagnostics, Snapshot, Stored};
use kea_wire::V4;

fn base(server: &str) -> Snapshot<V4> {
    let text = format!("{{ \"Dhcp4\": {server} }}");
    let (document, _) = Document::parse("kea.conf", text.as_bytes(), &NoIncludes).unwrap();
    kea_config::load::<V4>(&Arc::new(document)).unwrap().0
}

/// A value as a row has it.
fn node(stored: &mut Stored, table: &str, id: &str, text: &str) -> Node {
    fn unplaced(node: &Node) -> Node {
        Node::unplaced(match &node.value {
            Value::List(list) => Value::List(list.iter().map(unplaced).collect()),
            Value::Map(map) => {
                let mut out = kea_config::document::Map::new();
                map.iter().for_each(|entry| out.set(&entry.name, unplaced(&entry.node)));
                Value::Map(out)
            }
            scalar => scalar.clone(),
        })
    }
    let span = stored.record(table, id);
    let (document, _) = Document::parse("", text.as_bytes(), &NoIncludes).unwrap();
    let mut node = unplaced(document.root());
    node.place_rest(span);
    node
}

fn subnet(stored: &mut Stored, network: Option<&str>, text: &str) {
    let id = stored.subnets.len() + 1;
    let node = node(stored, "dhcp4_subnet", &id.to_string(), text);
    stored.subnets.push((network.map(Into::into), node));
}

fn first_error(problems: &Diagnostics) -> String {
    problems.first_error().unwrap()
}

#[test]
fn subnets_of_the_database_take_the_place_of_those_with_their_number_or_prefix() {
    let base = base(
        r#"{ "valid-lifetime": 100,
             "subnet4": [
                { "subnet": "10.0.1.0/24", "id": 1,
                  "reservations": [ { "hw-address": "00:01:02:03:04:05", "ip-address": "10.0.1.9" } ] },
                { "subnet": "10.0.2.0/24" } ],
             "shared-networks": [ { "name": "net", "subnet4": [ { "subnet": "10.0.3.0/24", "id": 3 } ] } ] }"#,
    );
    // The server numbers 10.0.2.0/24 itself; the number is taken although it is not written.
    let numbered = base.subnets().iter().find(|subnet| subnet.prefix_text.starts_with("10.0.2."));
    let numbered = numbered.unwrap().id;
    let mut stored = Stored::of("a database");
    subnet(&mut stored, None, r#"{ "subnet": "10.0.1.0/24", "id": 1 }"#);
    let other = format!(r#"{{ "subnet": "10.0.4.0/24", "id": {numbered} }}"#);
    subnet(&mut stored, Some("net"), &other);
    let lifetime = node(&mut stored, "dhcp4_global_parameter", "1", "300");
    stored.globals.push(("valid-lifetime".into(), lifetime));
    let (merged, _) = base.merged(stored).unwrap();
    let found: Vec<(u32, &str, Option<u32>)> = merged
        .subnets()
        .iter()
        .map(|subnet| (subnet.id.0, &*subnet.prefix_text, subnet.network))
        .collect();
    let mut wanted = [
        (1, "10.0.1.0/24", None),
        (3, "10.0.3.0/24", Some(0)),
        (numbered.0, "10.0.4.0/24", Some(0)),
    ];
    wanted.sort_unstable();
    assert_eq!(found, wanted);
    assert_eq!(merged.reservations.iter().count(), 1);
    assert!(merged.subnets().iter().all(|subnet| subnet.valid.default == 300));
    // What the file says is still there for the next time.
    assert_eq!(base.subnets().len(), 3);
}

#[test]
fn what_excludes_a_parameter_of_the_database_gives_way() {
    let base = base(r#"{ "reservation-mode": "all", "client-classes": [ { "name": "a" } ] }"#);
    let mut stored = Stored::of("a database");
    let flag = node(&mut stored, "dhcp4_global_parameter", "1", "true");
    stored.globals.push(("reservations-global".into(), flag));
    let (merged, _) = base.merged(stored).unwrap();
    assert!(merged.reservation_search.global);
    assert_eq!(merged.classes.iter().count(), 1, "classes of the file, as there are no others");
}

#[test]
fn a_problem_is_told_with_the_database_the_table_and_the_row() {
    let base = base("{}");
    let mut stored = Stored::of("MySQL database kea on localhost");
    subnet(&mut stored, None, r#"{ "subnet": "10.0.1.0/24", "id": 1 }"#);
    subnet(
        &mut stored,
        None,
        r#"{ "subnet": "10.0.2.0/24", "id": 2, "pools": [ { "pool": "10.9.0.1-10.9.0.2" } ] }"#,
    );
    let problems = base.merged(stored).unwrap_err();
    let line = first_error(&problems);
    assert!(line.contains("(MySQL database kea on localhost, dhcp4_subnet 2)"), "{line}");
    let text = problems.render();
    assert!(text.contains("--> MySQL database kea on localhost, dhcp4_subnet 2\n"), "{text}");

    let mut stored = Stored::of("MySQL database kea on localhost");
    let unknown = node(&mut stored, "dhcp4_global_parameter", "7", "1");
    stored.globals.push(("no-such".into(), unknown));
    let line = first_error(&base.merged(stored).unwrap_err());
    assert!(line.contains("'no-such'") && line.contains("dhcp4_global_parameter 7)"), "{line}");

    let mut stored = Stored::of("MySQL database kea on localhost");
    subnet(&mut stored, Some("net"), r#"{ "subnet": "10.0.1.0/24", "id": 1 }"#);
    let line = first_error(&base.merged(stored).unwrap_err());
    assert!(line.contains("shared network 'net', which this server does not have"), "{line}");
    assert!(line.contains("dhcp4_subnet 1)"), "{line}");
}
