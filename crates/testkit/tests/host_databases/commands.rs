//! The commands of `host_cmds`: what they answer, which rows come of it, and what clients get at once.

use kea_testkit::{DatabaseProduct, DatabaseServer, Lab, Server, Subject};
use serde_json::{Value, json};

use super::{Client, HOST, Host, LIMIT, each, insert, members, start, with};

/// A command and its arguments; result and text, where `*` is anything; a query and its rows, unless empty;
/// a client, and how what it is offered begins, unless empty.
pub(super) type Step =
    (&'static str, &'static str, i64, &'static str, [&'static str; 2], (u8, &'static str));

pub(super) const NO_ROWS: [&str; 2] = ["", ""];
pub(super) const NOBODY: (u8, &str) = (0, "");

/// What is left of everything.
pub(super) const ROWS4: &str =
    "SELECT (SELECT COUNT(*) FROM hosts), (SELECT COUNT(*) FROM dhcp4_options)";
const ROWS6: &str = "SELECT (SELECT COUNT(*) FROM hosts), (SELECT COUNT(*) FROM dhcp6_options), \
                     (SELECT COUNT(*) FROM ipv6_reservations)";

const STEPS4: &[Step] = &[
    (
        "reservation-get",
        r#"{ "subnet-id": 1, "ip-address": "192.0.2.77" }"#,
        0,
        "Host not found.",
        NO_ROWS,
        (1, "192.0.2.1"),
    ),
    (
        "reservation-add",
        r#"{ "reservation": { "subnet-id": 1, "hw-address": "02:00:00:00:00:01", "ip-address": "192.0.2.77",
             "hostname": "desk.example.org", "client-classes": [ "vip", "other" ], "next-server": "192.0.2.9",
             "server-hostname": "boots", "boot-file-name": "/a/file", "comment": "a desk", "option-data": [
                { "name": "domain-name-servers", "data": "192.0.2.53, 192.0.2.54" },
                { "code": 222, "csv-format": false, "data": "01ff00", "always-send": true } ] } }"#,
        0,
        "Host added.",
        [
            "SELECT dhcp_identifier_type, dhcp4_subnet_id, dhcp6_subnet_id, ipv4_address, hostname, \
             dhcp4_client_classes, dhcp4_next_server, dhcp4_server_hostname, dhcp4_boot_file_name, \
             user_context FROM hosts",
            "0|1|NULL|3221226061|desk.example.org|vip,other|3221225993|boots|/a/file|{ \"comment\": \"a desk\" }",
        ],
        (1, "192.0.2.77, next 192.0.2.9, server 'boots', file '/a/file'"),
    ),
    (
        "reservation-get",
        r#"{ "subnet-id": 1, "identifier-type": "hw-address", "identifier": "020000000001" }"#,
        0,
        "Host found.",
        [
            "SELECT code, value IS NULL, formatted_value, space, scope_id FROM dhcp4_options ORDER BY code",
            "6|1|192.0.2.53, 192.0.2.54|dhcp4|3\n222|0|NULL|dhcp4|3",
        ],
        NOBODY,
    ),
    (
        "reservation-add",
        r#"{ "reservation": { "subnet-id": 1, "hw-address": "020000000001", "hostname": "again" } }"#,
        1,
        "the client has a reservation there already (host_id 1)",
        NO_ROWS,
        NOBODY,
    ),
    (
        "reservation-add",
        r#"{ "reservation": { "subnet-id": 1, "hw-address": "020000000002", "ip-address": "192.0.2.77" } }"#,
        1,
        "address 192.0.2.77 is reserved for another client there (host_id 1); set \
         'ip-reservations-unique' to false if that is intended",
        NO_ROWS,
        NOBODY,
    ),
    (
        "reservation-add",
        r#"{ "reservation": { "subnet-id": 1, "hw-address": "020000000002", "ip-address": "198.51.100.1" } }"#,
        1,
        "error: reserved address 198.51.100.1 is not inside subnet 192.0.2.0/24*",
        NO_ROWS,
        NOBODY,
    ),
    (
        "reservation-add",
        r#"{ "reservation": { "subnet-id": 1, "hw-adress": "020000000002" } }"#,
        1,
        "error: unknown *",
        NO_ROWS,
        NOBODY,
    ),
    (
        "reservation-add",
        r#"{ "reservation": { "subnet-id": 9, "hw-address": "020000000002" } }"#,
        1,
        "no subnet with id 9 found",
        [ROWS4, "1|2"],
        NOBODY,
    ),
    (
        "reservation-add",
        r#"{ "reservation": { "subnet-id": 0, "hw-address": "020000000003", "hostname": "anywhere" } }"#,
        0,
        "Host added.",
        ["SELECT dhcp4_subnet_id, ipv4_address FROM hosts WHERE hostname = 'anywhere'", "0|NULL"],
        NOBODY,
    ),
    (
        "reservation-update",
        r#"{ "reservation": { "subnet-id": 1, "hw-address": "020000000001", "ip-address": "192.0.2.78" } }"#,
        0,
        "Host updated.",
        [
            "SELECT host_id, ipv4_address, hostname, user_context FROM hosts WHERE dhcp4_subnet_id = 1",
            "1|3221226062||NULL",
        ],
        (1, "192.0.2.78, next 0.0.0.0, server '', file ''"),
    ),
    (
        "reservation-update",
        r#"{ "reservation": { "subnet-id": 1, "hw-address": "020000000002" } }"#,
        1,
        "Host not updated (not found).",
        [ROWS4, "2|0"],
        NOBODY,
    ),
    (
        "reservation-del",
        r#"{ "subnet-id": 1, "ip-address": "192.0.2.78" }"#,
        0,
        "Host deleted.",
        [ROWS4, "1|0"],
        (1, "192.0.2.1"),
    ),
    (
        "reservation-del",
        r#"{ "subnet-id": 1, "ip-address": "192.0.2.78" }"#,
        1,
        "Host not deleted (not found).",
        NO_ROWS,
        NOBODY,
    ),
    (
        "reservation-del",
        r#"{ "subnet-id": 0, "identifier-type": "hw-address", "identifier": "02:00:00:00:00:03" }"#,
        0,
        "Host deleted.",
        [ROWS4, "0|0"],
        NOBODY,
    ),
];

const STEPS6: &[Step] = &[
    (
        "reservation-add",
        r#"{ "reservation": { "subnet-id": 1, "duid": "00:03:00:01:02:00:00:00:00:01",
             "ip-addresses": [ "2001:DB8:1::77" ], "prefixes": [ "2001:db8:77::/48" ],
             "hostname": "desk.example.org", "client-classes": [ "vip" ], "option-data": [
                { "name": "dns-servers", "data": "2001:db8::53" },
                { "name": "tftp-servers", "space": "vendor-4491", "data": "3000:1::234" } ] } }"#,
        0,
        "Host added.",
        [
            "SELECT address, prefix_len, type, dhcp6_iaid, dhcp6_subnet_id, dhcp4_subnet_id, hostname, \
             dhcp6_client_classes FROM ipv6_reservations r JOIN hosts h ON h.host_id = r.host_id \
             ORDER BY type",
            "2001:db8:1::77|128|0|NULL|1|NULL|desk.example.org|vip\n\
             2001:db8:77::|48|2|NULL|1|NULL|desk.example.org|vip",
        ],
        (1, "association 1: 2001:db8:1::77 for 7200; association 2: 2001:db8:77::/48 for 7200"),
    ),
    (
        "reservation-get",
        r#"{ "subnet-id": 1, "ip-address": "2001:db8:77::" }"#,
        0,
        "Host found.",
        [
            "SELECT code, value IS NULL, formatted_value, space, scope_id FROM dhcp6_options ORDER BY code",
            "23|1|2001:db8::53|dhcp6|3\n32|1|3000:1::234|vendor-4491|3",
        ],
        NOBODY,
    ),
    (
        "reservation-add",
        r#"{ "reservation": { "subnet-id": 1, "duid": "0002", "prefixes": [ "2001:db8:77::/48" ] } }"#,
        1,
        "prefix 2001:db8:77::/48 is reserved for another client there (host_id 1); set \
         'ip-reservations-unique' to false if that is intended",
        NO_ROWS,
        NOBODY,
    ),
    (
        "reservation-add",
        r#"{ "reservation": { "subnet-id": 1, "client-id": "0002" } }"#,
        1,
        "error: *",
        [ROWS6, "1|2|2"],
        NOBODY,
    ),
    (
        "reservation-update",
        r#"{ "reservation": { "subnet-id": 1, "duid": "00030001020000000001",
             "ip-addresses": [ "2001:db8:1::78" ] } }"#,
        0,
        "Host updated.",
        [ROWS6, "1|0|1"],
        (1, "association 1: 2001:db8:1::78 for"),
    ),
    (
        "reservation-del",
        r#"{ "subnet-id": 1, "identifier-type": "duid", "identifier": "00030001020000000001" }"#,
        0,
        "Host deleted.",
        [ROWS6, "0|0|0"],
        (1, "association 1: 2001:db8:1::1"),
    ),
];

/// True when `text` is `pattern`, in which a final `*` is anything.
fn fits(pattern: &str, text: &str) -> bool {
    pattern.strip_suffix('*').map_or(text == pattern, |start| text.starts_with(start))
}

fn rows(database: &DatabaseServer, query: &str) -> String {
    let rows = database.run(query).unwrap();
    // PostgreSQL writes truth as t.
    let field = |field: &String| match field.as_str() {
        "t" => "1".to_owned(),
        "f" => "0".to_owned(),
        other => other.to_owned(),
    };
    let lines = rows.iter().map(|row| row.iter().map(field).collect::<Vec<_>>().join("|"));
    lines.collect::<Vec<_>>().join("\n")
}

pub(super) fn play(
    server: &Server,
    database: &DatabaseServer,
    client: &mut Client,
    steps: &[Step],
) {
    for (command, arguments, result, text, [query, expected], (number, offered)) in steps {
        let arguments: Value = serde_json::from_str(arguments).unwrap();
        let answer = server.control().command(command, arguments.clone()).unwrap();
        let told = format!("{:?} {command} {arguments}: {}", database.product(), answer.text);
        assert_eq!(answer.result, *result, "{told}");
        assert!(fits(text, &answer.text), "{told}");
        if !query.is_empty() {
            assert_eq!(rows(database, query), *expected, "{told}");
        }
        if !offered.is_empty() {
            let offer = client.offer(*number);
            assert!(offer.starts_with(offered), "{told}: {offer}");
        }
    }
}

/// Each answer comes when the next query meets the change.
#[test]
fn commands_write_rows_that_are_served_at_once() {
    for (product, version) in each() {
        let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(version) else { return };
        let database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let members = members(version, &[database.access()]);
        let server = setup.start_with(&server_ns, &members).unwrap();
        let mut client = Client::open(version, &client_ns);
        let steps = if version == 4 { STEPS4 } else { STEPS6 };
        play(&server, &database, &mut client, steps);
    }
}

/// What commands wrote, Debian's server serves as this one does.
#[test]
fn written_rows_are_served_by_debians_server() {
    const HOSTS4: &str = r#"[
        { "subnet-id": 1, "hw-address": "02:00:00:00:00:01", "ip-address": "192.0.2.77",
          "hostname": "desk.example.org", "client-classes": [ "vip" ], "next-server": "192.0.2.9",
          "server-hostname": "boots", "boot-file-name": "/a/file", "user-context": { "floor": 4 },
          "option-data": [
            { "name": "domain-name-servers", "data": "192.0.2.53,192.0.2.54" },
            { "code": 222, "csv-format": false, "data": "01ff00" },
            { "space": "vendor-encapsulated-options-space", "name": "answer", "data": "42" },
            { "code": 42, "csv-format": false, "data": "c0000207" } ] },
        { "subnet-id": 0, "hw-address": "02:00:00:00:00:02", "hostname": "anywhere" },
        { "subnet-id": 1, "client-id": "01:ab:05", "ip-address": "192.0.2.61" },
        { "subnet-id": 1, "hw-address": "02:00:00:00:00:07", "ip-address": "192.0.2.10" } ]"#;
    const HOSTS6: &str = r#"[
        { "subnet-id": 1, "duid": "00:03:00:01:02:00:00:00:00:01", "ip-addresses": [ "2001:db8:1::77" ],
          "prefixes": [ "2001:db8:77::/48" ], "hostname": "desk.example.org", "client-classes": [ "vip" ],
          "option-data": [
            { "name": "dns-servers", "data": "2001:db8::53" },
            { "code": 31, "csv-format": false, "data": "20010db8000000000000000000000007",
              "always-send": true },
            { "code": 1234, "data": "01ff", "always-send": true } ] },
        { "subnet-id": 0, "duid": "00:03:00:01:02:00:00:00:00:02", "client-classes": [ "vip" ] },
        { "subnet-id": 1, "hw-address": "02:00:00:00:00:05", "ip-addresses": [ "2001:db8:1::61" ] } ]"#;
    for (product, version) in each() {
        let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(version) else { return };
        let database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let members = members(version, &[database.access()]);
        let server = setup.start_with(&server_ns, &members).unwrap();
        let hosts: Vec<Value> =
            serde_json::from_str(if version == 4 { HOSTS4 } else { HOSTS6 }).unwrap();
        for host in &hosts {
            let added = json!({ "reservation": host });
            let answer = server.control().command("reservation-add", added).unwrap();
            assert_eq!((answer.result, &*answer.text), (0, "Host added."), "{host}");
        }
        let mut client = Client::open(version, &client_ns);
        let ours: Vec<String> = (1..=8).map(|number| client.offer(number)).collect();
        drop(server);
        let _debian = start(Subject::Debian, version, &server_ns, &[database.access()]);
        for (number, ours) in (1..).zip(&ours) {
            assert_eq!(client.offer(number), *ours, "{product:?}, DHCPv{version}, client {number}");
        }
        let begins = if version == 4 {
            "192.0.2.77, next 192.0.2.9"
        } else {
            "association 1: 2001:db8:1::77"
        };
        assert!(ours[0].starts_with(begins), "{}", ours[0]);
    }
}

fn names(answer: &kea_testkit::Answer) -> Vec<&str> {
    let hosts = answer.arguments["hosts"].as_array().unwrap().iter();
    hosts.map(|host| host["hostname"].as_str().unwrap()).collect()
}

/// The file is the first source, databases follow in their order; pages go through all of them.
#[test]
fn reservations_are_found_in_the_file_and_in_databases() {
    let Some((_lab, server_ns, _, setup)) = Lab::ours(4) else { return };
    let databases = DatabaseProduct::ALL.map(|product| {
        let database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let of = |id, identifier, subnet, hostname| Host {
            id,
            client: (0, identifier),
            subnet,
            address: "192.0.2.60",
            hostname,
            ..HOST
        };
        let hosts = match product {
            DatabaseProduct::Mysql => vec![
                of(3, "020000000004", 1, "First"),
                of(7, "020000000005", 1, "second"),
                of(2000, "020000000006", 0, "global"),
            ],
            DatabaseProduct::Postgresql => vec![of(5, "020000000004", 1, "first")],
        };
        database.run(&insert(product, 4, &hosts)).unwrap();
        database
    });
    let members = members(4, &databases.each_ref().map(DatabaseServer::access));
    let server = setup.start_with(&server_ns, &members).unwrap();
    let ask =
        |command: &str, arguments: Value| server.control().command(command, arguments).unwrap();
    let client = json!({ "identifier-type": "hw-address", "identifier": "02:00:00:00:00:04" });
    for (command, arguments, found) in [
        (
            "reservation-get-all",
            json!({ "subnet-id": 1 }),
            &["file", "First", "second", "first"][..],
        ),
        ("reservation-get-all", json!({ "subnet-id": 0 }), &["global"]),
        ("reservation-get-all", json!({ "subnet-id": 1, "operation-target": "memory" }), &["file"]),
        (
            "reservation-get-all",
            json!({ "subnet-id": 1, "operation-target": "database" }),
            &["First", "second", "first"],
        ),
        ("reservation-get-all", json!({ "subnet-id": 9 }), &[]),
        ("reservation-get-by-hostname", json!({ "hostname": "FIRST" }), &["First", "first"]),
        ("reservation-get-by-hostname", json!({ "hostname": "first", "subnet-id": 0 }), &[]),
        ("reservation-get-by-id", client.clone(), &["file", "First", "first"]),
        (
            "reservation-get-by-address",
            json!({ "ip-address": "192.0.2.60" }),
            &["First", "second", "global", "first"],
        ),
        (
            "reservation-get-by-address",
            json!({ "ip-address": "192.0.2.60", "subnet-id": 0 }),
            &["global"],
        ),
    ] {
        let answer = ask(command, arguments.clone());
        assert_eq!(names(&answer), found, "{command} {arguments}");
        assert_eq!(answer.text, format!("{} IPv4 host(s) found.", found.len()));
        assert_eq!(answer.result, if found.is_empty() { 3 } else { 0 });
    }
    let answer = ask("reservation-get", with(&client, &json!({ "subnet-id": 1 })));
    assert_eq!((answer.result, &*answer.text), (0, "Host found."));
    assert_eq!(
        answer.arguments,
        json!({ "boot-file-name": "", "client-classes": [], "hostname": "file",
                "hw-address": "02:00:00:00:00:04", "ip-address": "192.0.2.50", "next-server": "0.0.0.0",
                "option-data": [], "server-hostname": "", "subnet-id": 1 })
    );

    let mut pages = Vec::new();
    let mut next = json!({});
    loop {
        let answer = ask("reservation-get-page", with(&json!({ "limit": 2 }), &next));
        pages.push((
            names(&answer).join(" "),
            answer.result,
            answer.arguments["count"].clone(),
            answer.arguments.get("next").cloned(),
        ));
        match answer.arguments.get("next") {
            Some(given) => next = given.clone(),
            None => break,
        }
    }
    let page = |names: &str, count: i64, from: i64, source: i64| {
        let next = json!({ "from": from, "source-index": source });
        (names.to_owned(), 0, json!(count), Some(next))
    };
    assert_eq!(
        pages,
        [
            page("file", 1, 1, 0),
            page("First second", 2, 7, 1),
            page("global", 1, 2000, 1),
            page("first", 1, 5, 2),
            (String::new(), 3, json!(0), None),
        ]
    );
}

/// Without a database that may be written to, the configuration in force can be changed all the same, until
/// the file is read again.
#[test]
fn memory_is_changed_until_the_file_is_read_again() {
    for version in [4, 6] {
        let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(version) else { return };
        let server = setup.start_with(&server_ns, &members(version, &[])).unwrap();
        let mut client = Client::open(version, &client_ns);
        let (host, subnet, reserved) = match version {
            4 => (
                json!({ "subnet-id": 1, "hw-address": "02:00:00:00:00:01", "ip-address": "192.0.2.77" }),
                "subnet4",
                "192.0.2.77,",
            ),
            _ => (
                json!({ "subnet-id": 1, "duid": "00:03:00:01:02:00:00:00:00:01",
                        "ip-addresses": ["2001:db8:1::77"] }),
                "subnet6",
                "association 1: 2001:db8:1::77 ",
            ),
        };
        let ask = |command: &str, arguments: &Value| {
            let answer = server.control().command(command, arguments.clone()).unwrap();
            (answer.result, answer.text)
        };
        let shown = || {
            let config = server.control().command("config-get", Value::Null).unwrap().arguments;
            let list = &config[format!("Dhcp{version}")][subnet][0]["reservations"];
            list.as_array().unwrap().len()
        };
        let add = json!({ "reservation": host });
        let (kind, identifier) = match version {
            4 => ("hw-address", "020000000001"),
            _ => ("duid", "00030001020000000001"),
        };
        let which = json!({ "subnet-id": 1, "identifier-type": kind, "identifier": identifier });
        let memory = json!({ "operation-target": "memory" });
        for (command, arguments, what) in [
            ("reservation-add", &add, "add new host"),
            ("reservation-update", &add, "update existing host"),
            ("reservation-del", &which, "delete a host"),
        ] {
            let text = format!("Unable to {what} because there is no hosts-database configured.");
            assert_eq!(ask(command, arguments), (1, text));
        }
        assert_eq!(shown(), 1);
        let in_memory = with(&add, &memory);
        assert_eq!(ask("reservation-add", &in_memory), (0, "Host added.".to_owned()));
        assert!(client.offer(1).starts_with(reserved), "DHCPv{version}: {}", client.offer(1));
        assert_eq!(shown(), 2);
        let (result, told) = ask("reservation-add", &in_memory);
        assert!(result == 1 && told.contains(" is reserved twice"), "{told}");
        let mut named = in_memory.clone();
        named["reservation"]["hostname"] = json!("named");
        assert_eq!(ask("reservation-update", &named), (0, "Host updated.".to_owned()));
        let found = server.control().command("reservation-get", which.clone()).unwrap();
        assert_eq!(found.arguments["hostname"], "named");
        let gone = with(&which, &memory);
        assert_eq!(ask("reservation-del", &gone), (0, "Host deleted.".to_owned()));
        assert!(!client.offer(1).starts_with(reserved));
        assert_eq!(ask("reservation-del", &gone).1, "Host not deleted (not found).");
        assert_eq!(ask("reservation-add", &in_memory).0, 0);
        server.reload().unwrap();
        assert!(!client.offer(1).starts_with(reserved));
        assert_eq!(shown(), 1);
        // What is written to the file lasts.
        assert_eq!(ask("reservation-add", &in_memory).0, 0);
        assert_eq!(ask("config-write", &Value::Null).0, 0);
        server.reload().unwrap();
        assert!(client.offer(1).starts_with(reserved), "DHCPv{version}: {}", client.offer(1));
    }
}

/// A database that may only be read is not written to; the first one that may be gets what is new; both
/// are looked through for what is deleted.
#[test]
fn the_first_database_that_may_be_written_to_gets_what_is_new() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let [mysql, postgresql] =
        DatabaseProduct::ALL.map(|product| DatabaseServer::start_in(product, &server_ns).unwrap());
    let fixed = Host { id: 9, client: (0, "020000000009"), address: "192.0.2.79", ..HOST };
    mysql.run(&insert(DatabaseProduct::Mysql, 4, &[fixed])).unwrap();
    // A row of both protocols loses only what is of the one.
    postgresql
        .run(&insert(
            DatabaseProduct::Postgresql,
            4,
            &[Host { id: 5, client: (0, "020000000005"), address: "192.0.2.65", ..HOST }],
        ))
        .unwrap();
    postgresql.run("UPDATE hosts SET dhcp6_subnet_id = 1 WHERE host_id = 5").unwrap();
    let readonly = with(&mysql.access(), &json!({ "readonly": true }));
    let members = members(4, &[readonly.clone(), postgresql.access()]);
    let server = setup.start_with(&server_ns, &members).unwrap();
    let mut client = Client::open(4, &client_ns);
    let ask = |command: &str, arguments: Value| {
        let answer = server.control().command(command, arguments).unwrap();
        (answer.result, answer.text)
    };
    let done = |text: &str| (0, text.to_owned());
    let added = json!({ "reservation": {
        "subnet-id": 1, "hw-address": "020000000001", "ip-address": "192.0.2.77" } });
    assert_eq!(ask("reservation-add", added), done("Host added."));
    assert_eq!(
        rows(&postgresql, "SELECT ipv4_address FROM hosts ORDER BY 1"),
        "3221226049\n3221226061"
    );
    assert!(client.offer(1).starts_with("192.0.2.77,"));
    let del = |address: &str| json!({ "subnet-id": 1, "ip-address": address });
    assert_eq!(ask("reservation-del", del("192.0.2.77")), done("Host deleted."));
    assert_eq!(
        ask("reservation-del", del("192.0.2.79")),
        (
            1,
            "MySQL database keatest on 127.0.0.1 has the reservation, and is 'readonly'."
                .to_owned()
        )
    );
    assert_eq!(ask("reservation-del", del("192.0.2.65")), done("Host deleted."));
    assert_eq!(
        rows(
            &postgresql,
            "SELECT host_id, dhcp4_subnet_id, ipv4_address, dhcp6_subnet_id FROM hosts"
        ),
        "5|NULL|NULL|1"
    );
    let setup = server.setup();
    setup.write_config(&setup.config(&super::members(4, &[readonly])).to_string()).unwrap();
    server.reload().unwrap();
    let refused = ask("reservation-del", del("192.0.2.79"));
    let text = "Unable to delete a host because every hosts-database is 'readonly'.";
    assert_eq!(refused, (1, text.to_owned()));
}

/// One address for several clients, where that is wanted; told of, once, where it is not wanted any more.
#[test]
fn addresses_of_several_clients_are_told_of_where_they_are_to_be_unique() {
    for (product, version) in each() {
        let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(version) else { return };
        let database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let shared = with(
            &members(version, &[database.access()]),
            &json!({ "ip-reservations-unique": false }),
        );
        let server = setup.start_with(&server_ns, &shared).unwrap();
        let (kind, address) = match version {
            4 => ("hw-address", json!({ "ip-address": "192.0.2.77" })),
            _ => ("duid", json!({ "ip-addresses": ["2001:db8:1::77"] })),
        };
        let identifier = |n| match version {
            4 => format!("02000000000{n}"),
            _ => format!("0003000102000000000{n}"),
        };
        for number in [1, 2] {
            let host = with(&address, &json!({ "subnet-id": 1, kind: identifier(number) }));
            let added = json!({ "reservation": host });
            let answer = server.control().command("reservation-add", added).unwrap();
            assert_eq!((answer.result, &*answer.text), (0, "Host added."));
        }
        let text = server.process().text();
        assert!(!text.contains("HOSTS_ADDRESS_REPEATED"), "{text}");
        let setup = server.setup();
        let unique = setup.config(&members(version, &[database.access()]));
        setup.write_config(&unique.to_string()).unwrap();
        let mark = server.process().mark();
        server.reload().unwrap();
        let shown = if version == 4 { "192.0.2.77" } else { "2001:db8:1::77" };
        let name = if product == DatabaseProduct::Mysql { "MySQL" } else { "PostgreSQL" };
        let told = format!(
            "{name} database keatest on 127.0.0.1: address {shown} is reserved for several clients in \
             subnet 1: {kind} {}, {kind} {}",
            identifier(1),
            identifier(2)
        );
        let lines = || {
            let lines = server.process().lines_from(mark);
            lines
                .into_iter()
                .filter(|line| line.contains("HOSTS_ADDRESS_REPEATED"))
                .collect::<Vec<_>>()
        };
        assert_eq!(lines().len(), 1, "{:?}", lines());
        assert!(lines()[0].contains(&told), "{:?}", lines());
        // Whoever comes first has it, and another change does not tell it again.
        let mut client = Client::open(version, &client_ns);
        assert!(client.offer(2).contains(shown), "{}", client.offer(2));
        let other =
            json!({ "reservation": { "subnet-id": 1, kind: identifier(3), "hostname": "other" } });
        assert_eq!(server.control().command("reservation-add", other).unwrap().result, 0);
        assert_eq!(lines().len(), 1, "{:?}", lines());
    }
}

/// Without its database a change is refused, and nothing is lost of what is in force.
#[test]
fn a_database_that_is_away_is_said_to_be() {
    for product in DatabaseProduct::ALL {
        let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
        let mut database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let policy = json!({
            "on-fail": "serve-retry-continue", "max-reconnect-tries": 3, "reconnect-wait-time": 100,
        });
        let members = members(4, &[with(&database.access(), &policy)]);
        let server = setup.start_with(&server_ns, &members).unwrap();
        let add = |number: u8| {
            let host = json!({ "subnet-id": 1, "hw-address": format!("02000000000{number}"),
                               "ip-address": format!("192.0.2.7{number}") });
            let added = json!({ "reservation": host });
            let answer = server.control().command("reservation-add", added).unwrap();
            (answer.result, answer.text)
        };
        let done = (0, "Host added.".to_owned());
        assert_eq!(add(1), done);
        // A connection that was ended meanwhile is no obstacle.
        assert_eq!(database.end_connections().unwrap(), 1);
        assert_eq!(add(2), done);
        database.stop().unwrap();
        let name = if product == DatabaseProduct::Mysql { "MySQL" } else { "PostgreSQL" };
        let away = format!("nothing is changed: {name} database keatest on 127.0.0.1 is away: ");
        for _ in 0..2 {
            let (result, text) = add(3);
            assert!(result == 1 && text.starts_with(&away), "{result} {text}");
        }
        let found =
            server.control().command("reservation-get-all", json!({ "subnet-id": 1 })).unwrap();
        assert_eq!(found.text, "3 IPv4 host(s) found.");
        let mark = server.process().mark();
        database.start_again().unwrap();
        assert!(server.logged(mark, "DHCP4_DB_RECONNECT_SUCCEEDED", LIMIT).is_some());
        assert_eq!(add(3), done);
        let mut client = Client::open(4, &client_ns);
        for number in 1..=3 {
            let offer = client.offer(number);
            assert!(offer.starts_with(&format!("192.0.2.7{number},")), "{product:?}: {offer}");
        }
    }
}
