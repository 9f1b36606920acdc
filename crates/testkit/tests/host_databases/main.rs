//! Reservations in databases, served as Debian's server serves the same rows, and changed by commands.

mod commands;
mod examples;

use std::fmt::Write as _;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use kea_testkit::v6::{self, Ia, Packet6};
use kea_testkit::{
    DatabaseProduct, DatabaseServer, Lab, MessageType, Netns, Packet4, RawClient4, RawClient6,
    Server, ServerSetup, Subject,
};
use serde_json::{Value, json};

const LIMIT: Duration = Duration::from_secs(20);

/// A host as a row of each table: what is empty is NULL.
#[derive(Clone, Copy)]
struct Host {
    id: u32,
    /// Type and identifier in hexadecimal.
    client: (u8, &'static str),
    subnet: u32,
    /// Of DHCPv4, or rows of `ipv6_reservations`: address, length, type.
    address: &'static str,
    reserved: &'static [(&'static str, u8, u8)],
    hostname: &'static str,
    classes: &'static str,
    /// Next server, server name, boot file.
    boot: (&'static str, &'static str, &'static str),
    /// Code, octets in hexadecimal, text, space, whether it is sent always.
    options: &'static [(u16, &'static str, &'static str, &'static str, bool)],
}

const HOST: Host = Host {
    id: 0,
    client: (0, ""),
    subnet: 1,
    address: "",
    reserved: &[],
    hostname: "",
    classes: "",
    boot: ("", "", ""),
    options: &[],
};

/// What DHCPv4 clients 1 to 9 have.
const HOSTS4: &[Host] = &[
    Host {
        id: 1,
        client: (0, "020000000001"),
        address: "192.0.2.77",
        hostname: "desk.example.org",
        classes: "vip, other",
        boot: ("192.0.2.9", "boots", "/a/file"),
        options: &[
            (6, "", "192.0.2.53,192.0.2.54", "", false),
            (222, "01ff00", "", "dhcp4", false),
            (223, "aabb", "", "", true),
            (1, "", "42", "vendor-encapsulated-options-space", false),
            (42, "c0000207", "", "dhcp4", false),
        ],
        ..HOST
    },
    Host {
        id: 2,
        client: (0, "020000000002"),
        subnet: 0,
        hostname: "anywhere",
        classes: "vip",
        ..HOST
    },
    Host { id: 3, client: (0, "020000000003"), hostname: "name-only", ..HOST },
    // The file has one for this client, too.
    Host { id: 4, client: (0, "020000000004"), address: "192.0.2.60", hostname: "later", ..HOST },
    Host { id: 5, client: (3, "01ab05"), address: "192.0.2.61", ..HOST },
    // Of a subnet that is not configured.
    Host { id: 6, client: (0, "020000000006"), subnet: 9, address: "192.0.9.6", ..HOST },
    // In the pool.
    Host { id: 2000, client: (0, "020000000007"), address: "192.0.2.10", ..HOST },
    Host { id: 2001, client: (0, "020000000008"), subnet: 0, address: "192.0.2.68", ..HOST },
    // Both subnet and global.
    Host { id: 2002, client: (0, "020000000009"), hostname: "near", ..HOST },
    Host { id: 2003, client: (0, "020000000009"), subnet: 0, hostname: "far", ..HOST },
];

const HOSTS6: &[Host] = &[
    Host {
        id: 1,
        client: (1, "00030001020000000001"),
        reserved: &[("2001:db8:1::77", 128, 0), ("2001:db8:77::", 48, 2)],
        hostname: "desk.example.org",
        classes: "vip",
        options: &[
            (23, "", "2001:db8::53", "", false),
            (31, "20010db8000000000000000000000007", "", "dhcp6", true),
            (1234, "01ff", "", "dhcp6", true),
        ],
        ..HOST
    },
    Host { id: 2, client: (1, "00030001020000000002"), subnet: 0, classes: "vip", ..HOST },
    // The file has one for this client, too.
    Host {
        id: 4,
        client: (1, "00030001020000000004"),
        reserved: &[("2001:db8:1::60", 128, 0)],
        ..HOST
    },
    Host { id: 5, client: (0, "020000000005"), reserved: &[("2001:db8:1::61", 128, 0)], ..HOST },
    Host { id: 6, client: (1, "00030001020000000006"), subnet: 9, hostname: "nowhere", ..HOST },
    // The only address of the pool besides the last one.
    Host {
        id: 3000,
        client: (1, "00030001020000000007"),
        reserved: &[("2001:db8:1::10", 128, 0)],
        ..HOST
    },
];

fn hosts(version: u8) -> &'static [Host] {
    if version == 4 { HOSTS4 } else { HOSTS6 }
}

/// Statements that insert hosts, as the configuration of both servers would be told to.
fn insert(product: DatabaseProduct, version: u8, hosts: &[Host]) -> String {
    let octets = |hex: &str| match product {
        _ if hex.is_empty() => "NULL".to_owned(),
        DatabaseProduct::Mysql => format!("x'{hex}'"),
        DatabaseProduct::Postgresql => format!("decode('{hex}', 'hex')"),
    };
    let text = |text: &str| match text {
        "" => "NULL".to_owned(),
        text => format!("'{text}'"),
    };
    let address = |text: &str| match text {
        "" => "NULL".to_owned(),
        text => text.parse::<Ipv4Addr>().unwrap().to_bits().to_string(),
    };
    let mut sql = String::new();
    for host in hosts {
        let Host { id, client: (kind, identifier), subnet, .. } = host;
        let (hostname, classes) = (text(host.hostname), text(host.classes));
        let identifier = octets(identifier);
        let (mut own, mut values) = (String::new(), String::new());
        if version == 4 {
            own = ", ipv4_address, dhcp4_next_server, dhcp4_server_hostname, dhcp4_boot_file_name"
                .to_owned();
            let (next, name, file) = host.boot;
            values = format!(
                ", {}, {}, {}, {}",
                address(host.address),
                address(next),
                text(name),
                text(file)
            );
        }
        writeln!(
            sql,
            "INSERT INTO hosts (host_id, dhcp_identifier, dhcp_identifier_type, \
             dhcp{version}_subnet_id, hostname, dhcp{version}_client_classes{own}) \
             VALUES ({id}, {identifier}, {kind}, {subnet}, {hostname}, {classes}{values});"
        )
        .unwrap();
        for (address, len, kind) in host.reserved {
            writeln!(
                sql,
                "INSERT INTO ipv6_reservations (address, prefix_len, type, host_id) \
                 VALUES ('{address}', {len}, {kind}, {id});"
            )
            .unwrap();
        }
        for (code, value, formatted, space, always) in host.options {
            let (value, formatted, space) = (octets(value), text(formatted), text(space));
            writeln!(
                sql,
                "INSERT INTO dhcp{version}_options (code, value, formatted_value, space, \
                 persistent, host_id, scope_id) \
                 VALUES ({code}, {value}, {formatted}, {space}, {always}, {id}, 3);"
            )
            .unwrap();
        }
    }
    sql
}

fn members(version: u8, databases: &[Value]) -> Value {
    let mut members = if version == 4 {
        json!({
            "client-classes": [
                { "name": "vip", "option-data": [{ "name": "log-servers", "data": "192.0.2.99" }] },
            ],
            "host-reservation-identifiers": ["hw-address", "client-id"],
            "subnet4": [{
                "id": 1, "subnet": "192.0.2.0/24",
                "reservations-global": true, "reservations-in-subnet": true,
                "pools": [{ "pool": "192.0.2.10 - 192.0.2.30" }],
                "reservations": [
                    { "hw-address": "02:00:00:00:00:04", "ip-address": "192.0.2.50", "hostname": "file" },
                ],
            }],
            "option-def": [{ "space": "vendor-encapsulated-options-space", "name": "answer",
                             "code": 1, "type": "uint32" }],
        })
    } else {
        json!({
            "client-classes": [
                { "name": "vip", "option-data": [
                    { "name": "sntp-servers", "data": "2001:db8::99", "always-send": true }] },
            ],
            "host-reservation-identifiers": ["duid", "hw-address"],
            "subnet6": [{
                "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
                "reservations-global": true, "reservations-in-subnet": true,
                "pools": [{ "pool": "2001:db8:1::10 - 2001:db8:1::30" }],
                "reservations": [
                    { "duid": "00:03:00:01:02:00:00:00:00:04", "ip-addresses": ["2001:db8:1::50"] },
                ],
            }],
        })
    };
    match databases {
        [one] => members["hosts-database"] = one.clone(),
        all => members["hosts-databases"] = json!(all),
    }
    members
}

/// A client of either family.
struct Client {
    version: u8,
    v4: Option<RawClient4>,
    v6: Option<RawClient6>,
    xid: u32,
}

impl Client {
    fn open(version: u8, netns: &Netns) -> Self {
        let (v4, v6) = if version == 4 {
            (Some(RawClient4::open(netns, "eth0").unwrap()), None)
        } else {
            (None, Some(RawClient6::open(netns, "eth0").unwrap()))
        };
        Client { version, v4, v6, xid: 0 }
    }

    /// What a client is offered: addresses, fixed fields, and options.
    fn offer(&mut self, client: u8) -> String {
        self.xid += 1;
        if self.version == 4 { self.offer4(client) } else { self.offer6(client) }
    }

    fn offer4(&mut self, client: u8) -> String {
        let mac = [2, 0, 0, 0, 0, client];
        let mut query = Packet4::query(MessageType::Discover, mac, self.xid);
        query.push_option(55, &[3, 6, 7, 12, 15, 42, 43, 66, 67, 222]);
        if client == 5 {
            query.push_option(61, &[1, 0xab, 5]);
        }
        let Some(answer) = self.v4.as_mut().unwrap().exchange(&query, LIMIT).unwrap() else {
            return "nothing".to_owned();
        };
        let field = |field: &[u8]| String::from_utf8_lossy(field).trim_end_matches('\0').to_owned();
        let mut options = answer.options.clone();
        options.sort();
        let mut shown = format!("{}, next {}", answer.yiaddr, answer.siaddr);
        write!(shown, ", server '{}', file '{}'", field(&answer.sname), field(&answer.file))
            .unwrap();
        options.iter().for_each(|(code, data)| write!(shown, ", {code}={data:02x?}").unwrap());
        shown
    }

    fn offer6(&mut self, client: u8) -> String {
        let duid = [0, 3, 0, 1, 2, 0, 0, 0, 0, client];
        let query = Packet6::query(v6::MessageType::SOLICIT, &duid, self.xid)
            .with_ia(&Ia::na(1))
            .with_ia(&Ia::pd(2))
            .with_option(6, &[0, 23, 0, 31, 0, 39])
            .with_option(39, b"\x01\x05Alice");
        let Some(answer) = self.v6.as_mut().unwrap().exchange(&query, LIMIT).unwrap() else {
            return "nothing".to_owned();
        };
        let mut shown = String::new();
        for ia in answer.associations().unwrap() {
            write!(shown, "association {}:", ia.iaid).unwrap();
            for lease in ia.leases().unwrap() {
                write!(shown, " {lease} for {}", lease.valid).unwrap();
            }
            if let Some((code, _)) = v6::status(&ia.options) {
                write!(shown, " status {code}").unwrap();
            }
            shown.push_str("; ");
        }
        // The server's identifier is its own.
        let mut options = answer.options.clone();
        options.retain(|(code, _)| ![2, 3, 25].contains(code));
        options.sort();
        options.iter().for_each(|(code, data)| write!(shown, "{code}={data:02x?}, ").unwrap());
        shown
    }
}

#[test]
fn rows_are_served_as_debians_server_serves_them() {
    for (product, version) in each() {
        let mut lab = Lab::new().unwrap();
        let (server_ns, client_ns) = lab.pair().unwrap();
        let database = DatabaseServer::start_in(product, &server_ns).unwrap();
        database.run(&insert(product, version, hosts(version))).unwrap();
        let mut client = Client::open(version, &client_ns);
        let [ours, reference] = [Subject::from_environment(), Subject::Debian].map(|subject| {
            let server = start(subject, version, &server_ns, &[database.access()]);
            let offers: Vec<String> = (1..=11).map(|number| client.offer(number)).collect();
            drop(server);
            offers
        });
        for (number, (ours, reference)) in (1..).zip(ours.iter().zip(&reference)) {
            assert_eq!(ours, reference, "{product:?}, DHCPv{version}, client {number}");
        }
        let expected: &[(usize, &str)] = if version == 4 {
            &[
                (1, "192.0.2.77, next 192.0.2.9, server 'boots', file '/a/file'"),
                (4, "192.0.2.50,"),
                (5, "192.0.2.61,"),
                (7, "192.0.2.10,"),
                (8, "192.0.2.68,"),
            ]
        } else {
            &[
                (
                    1,
                    "association 1: 2001:db8:1::77 for 7200; association 2: 2001:db8:77::/48 for 7200",
                ),
                (4, "association 1: 2001:db8:1::50 for"),
                (5, "association 1: 2001:db8:1::61 for"),
                (7, "association 1: 2001:db8:1::10 for"),
            ]
        };
        for (number, begin) in expected {
            assert!(
                ours[number - 1].starts_with(begin),
                "{product:?} {number}: {}",
                ours[number - 1]
            );
        }
    }
}

fn each() -> impl Iterator<Item = (DatabaseProduct, u8)> {
    DatabaseProduct::ALL.into_iter().flat_map(|product| [(product, 4), (product, 6)])
}

fn start(subject: Subject, version: u8, netns: &Netns, databases: &[Value]) -> Server {
    let setup = ServerSetup::new(subject, version).unwrap();
    setup.start_with(netns, &members(version, databases)).unwrap()
}

/// Rows that come, change and go while the server serves.
#[test]
fn changes_come_into_force_while_serving() {
    for (product, version) in each() {
        let mut lab = Lab::new().unwrap();
        let (server_ns, client_ns) = lab.pair().unwrap();
        let database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let mut client = Client::open(version, &client_ns);
        let server = start(Subject::from_environment(), version, &server_ns, &[database.access()]);
        let mut wait_for = |what: &str| {
            let deadline = Instant::now() + LIMIT;
            loop {
                let offer = client.offer(1);
                if offer.contains(what) {
                    return;
                }
                assert!(Instant::now() < deadline, "{product:?}, DHCPv{version}: {what}: {offer}");
                std::thread::sleep(Duration::from_millis(100));
            }
        };
        let (dynamic, reserved, option, other) = if version == 4 {
            ("192.0.2.1", "192.0.2.77,", "6=[c0, 00, 02, 35, c0, 00, 02, 36]", "6=[c0, 00, 02, 08]")
        } else {
            ("2001:db8:1::1", "2001:db8:1::77 ", "23=[20, 01, 0d, b8, 00, 00", "00, 00, 00, 08]")
        };
        wait_for(dynamic);
        database.run(&insert(product, version, &hosts(version)[..1])).unwrap();
        wait_for(reserved);
        wait_for(option);
        let text = if version == 4 { "192.0.2.8" } else { "2001:db8::8" };
        let code = if version == 4 { 6 } else { 23 };
        database
            .run(&format!(
                "UPDATE dhcp{version}_options SET formatted_value = '{text}' WHERE code = {code}"
            ))
            .unwrap();
        wait_for(other);
        database.run("DELETE FROM hosts WHERE host_id = 1").unwrap();
        wait_for(dynamic);
        assert!(!server.process().text().contains("_RECONNECT_"), "no connection was lost");
    }
}

/// Starts with these members of the access to the database, too.
fn with(access: &Value, further: &Value) -> Value {
    let mut access = access.clone();
    for (key, value) in further.as_object().unwrap() {
        access[key] = value.clone();
    }
    access
}

#[test]
fn a_database_that_is_away_at_the_start_is_an_error() {
    for product in DatabaseProduct::ALL {
        let Some((_lab, server_ns, _, setup)) = Lab::ours(4) else { return };
        let mut database = DatabaseServer::start_in(product, &server_ns).unwrap();
        database.stop().unwrap();
        let members = members(4, &[database.access()]);
        setup.write_config(&setup.config(&members).to_string()).unwrap();
        let refusal = setup.try_start(&server_ns).unwrap().expect_err("nothing to read from");
        assert_eq!(refusal.status.code(), Some(1), "{}", refusal.text);
        let line = refusal.text.lines().find(|line| line.contains("DHCP4_INIT_FAIL")).unwrap();
        let name = if product == DatabaseProduct::Mysql { "MySQL" } else { "PostgreSQL" };
        let place = format!("reservations in {name} database keatest on 127.0.0.1: ");
        assert!(line.contains(&place), "{line}");
        let file = refusal.setup.config_file();
        let mut check =
            refusal.setup.launch_with(&server_ns, &["-T", &file.to_string_lossy()]).unwrap();
        assert_eq!(check.wait(LIMIT).unwrap().code(), Some(1));
        assert!(check.text().contains(&place), "{}", check.text());
    }
}

/// A reload opens databases that are new to the configuration, or leaves all as it was.
#[test]
fn a_reload_opens_other_databases() {
    let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
    let databases = DatabaseProduct::ALL.map(|product| {
        let database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let name = product.word();
        let host = Host { id: 1, client: (0, "020000000001"), hostname: name, ..HOST };
        database.run(&insert(product, 4, &[host])).unwrap();
        database
    });
    let server = setup.start_with(&server_ns, &members(4, &[])).unwrap();
    let mut client = Client::open(4, &client_ns);
    let named = |name: &str| format!("12={:02x?}", name.as_bytes());
    assert!(!client.offer(1).contains(", 12="));
    let reload = |databases: &[Value]| {
        let setup = server.setup();
        setup.write_config(&setup.config(&members(4, databases)).to_string()).unwrap();
        server.reload().unwrap()
    };
    let [mysql, postgresql] = databases.each_ref().map(DatabaseServer::access);
    let nobody = with(&mysql, &json!({ "password": "wrong" }));
    for (access, outcome, name) in [
        (vec![mysql.clone()], "SUCCESS", "mysql"),
        (vec![postgresql.clone()], "SUCCESS", "postgresql"),
        (vec![nobody, postgresql.clone()], "FAIL", "postgresql"),
        (vec![mysql, postgresql], "SUCCESS", "mysql"),
    ] {
        let told = reload(&access);
        assert!(told.contains(&format!("DHCP4_DYNAMIC_RECONFIGURATION_{outcome}")), "{told}");
        let offer = client.offer(1);
        assert!(offer.contains(&named(name)), "{name}: {offer}");
    }
    reload(&[]);
    assert!(!client.offer(1).contains(", 12="));
}

/// What was read stays in force while the database is away, and what changes meanwhile comes into force
/// when it is back.
#[test]
fn a_lost_database_is_opened_again() {
    for product in DatabaseProduct::ALL {
        let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
        let mut database = DatabaseServer::start_in(product, &server_ns).unwrap();
        database.run(&insert(product, 4, &HOSTS4[..1])).unwrap();
        let policy = json!({
            "on-fail": "serve-retry-continue", "max-reconnect-tries": 3, "reconnect-wait-time": 100,
        });
        let members = members(4, &[with(&database.access(), &policy)]);
        let server = setup.start_with(&server_ns, &members).unwrap();
        let mut client = Client::open(4, &client_ns);
        assert!(client.offer(1).starts_with("192.0.2.77,"));

        // An ended connection alone is no outage.
        let mark = server.process().mark();
        assert_eq!(database.end_connections().unwrap(), 1);
        database.run(&insert(product, 4, &HOSTS4[4..5])).unwrap();
        let deadline = Instant::now() + LIMIT;
        while !client.offer(5).starts_with("192.0.2.61,") {
            assert!(Instant::now() < deadline, "{product:?}: the reservation of client 5");
            std::thread::sleep(Duration::from_millis(100));
        }
        let text = server.process().lines_from(mark).join("\n");
        assert!(!text.contains("DHCP4_DB_RECONNECT_LOST_CONNECTION"), "{text}");

        database.stop().unwrap();
        let logged = |identifier: &str| {
            let line = server.logged(mark, identifier, LIMIT);
            line.unwrap_or_else(|| panic!("{identifier}: {}", server.process().text()))
        };
        logged("DHCP4_DB_RECONNECT_LOST_CONNECTION");
        let prefix = if product == DatabaseProduct::Mysql { "MYSQL" } else { "PGSQL" };
        let schedule = logged(&format!("DHCPSRV_{prefix}_HOST_DB_RECONNECT_ATTEMPT_SCHEDULE"));
        assert!(schedule.contains("attempt 1 of 3 in 100 milliseconds"), "{schedule}");
        logged(&format!("DHCPSRV_{prefix}_HOST_DB_RECONNECT_ATTEMPT_FAILED"));
        logged(&format!("DHCPSRV_{prefix}_HOST_DB_RECONNECT_FAILED"));
        assert!(client.offer(1).starts_with("192.0.2.77,"), "what was read is in force");

        database.start_again().unwrap();
        database.run("DELETE FROM hosts WHERE host_id = 1").unwrap();
        logged("DHCP4_DB_RECONNECT_SUCCEEDED");
        let deadline = Instant::now() + LIMIT;
        while client.offer(1).starts_with("192.0.2.77,") {
            assert!(Instant::now() < deadline, "{product:?}: the reservation is gone");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A database that takes connections and answers nothing is told of, once, and is used when it answers.
#[test]
fn a_database_that_is_lost_whenever_it_is_read_is_told_of() {
    for product in DatabaseProduct::ALL {
        let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
        let database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let members = members(4, &[with(&database.access(), &json!({ "read-timeout": 1 }))]);
        let server = setup.start_with(&server_ns, &members).unwrap();
        let mut client = Client::open(4, &client_ns);
        let hold = match product {
            DatabaseProduct::Mysql => "LOCK TABLES hosts WRITE; SELECT SLEEP(600);",
            DatabaseProduct::Postgresql => {
                "BEGIN; LOCK TABLE hosts IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(600);"
            }
        };
        std::thread::scope(|scope| {
            let holder = scope.spawn(|| database.run(hold));
            let line = server.logged(0, "HOSTS_NOT_READ", LIMIT);
            // Whoever holds the table is ended in any case, so that this test ends.
            database.end_connections().unwrap();
            assert!(holder.join().unwrap().is_err(), "{product:?}: the table was not held");
            let line = line.unwrap_or_else(|| panic!("{product:?}: {}", server.process().text()));
            assert!(line.contains("no answer within 1 seconds"), "{line}");
        });
        let host =
            json!({ "subnet-id": 1, "hw-address": "020000000001", "ip-address": "192.0.2.77" });
        let added = server.control().command("reservation-add", json!({ "reservation": host }));
        assert_eq!(added.unwrap().text, "Host added.", "{product:?}");
        assert!(client.offer(1).starts_with("192.0.2.77,"), "{product:?}");
        let text = server.process().text();
        let told = text.lines().filter(|line| line.contains("no answer within")).count();
        assert_eq!(told, 1, "{product:?}: {text}");
        assert!(!text.contains("DHCP4_DB_RECONNECT_LOST_CONNECTION"), "{text}");
    }
}

#[test]
fn a_lost_database_ends_service_where_that_is_wanted() {
    for product in DatabaseProduct::ALL {
        let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
        let mut database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let policy = json!({
            "on-fail": "stop-retry-exit", "max-reconnect-tries": 4, "reconnect-wait-time": 500,
        });
        let members = members(4, &[with(&database.access(), &policy)]);
        let mut server = setup.start_with(&server_ns, &members).unwrap();
        let mut client = Client::open(4, &client_ns);
        assert_ne!(client.offer(3), "nothing");
        database.stop().unwrap();
        let kind = if product == DatabaseProduct::Mysql { "MYSQL" } else { "PGSQL" };
        let schedule = format!("DHCPSRV_{kind}_HOST_DB_RECONNECT_ATTEMPT_SCHEDULE");
        assert!(server.logged(0, &schedule, LIMIT).is_some());
        let mark = server.process().mark();
        let query = Packet4::query(MessageType::Discover, [2, 0, 0, 0, 0, 3], 900);
        client.v4.as_mut().unwrap().broadcast(&query).unwrap();
        assert!(server.logged(mark, "DHCP4_PACKET_DROP_0008", LIMIT).is_some());
        let status = server.ends_within(LIMIT).unwrap().expect("it gives up");
        assert_eq!(status.code(), Some(1));
        let text = server.process().text();
        assert!(text.contains("DHCP4_DB_RECONNECT_FAILED"), "{text}");
    }
}

/// Rows that cannot be reservations are passed over and told of; the others are served.
#[test]
fn bad_rows_are_passed_over() {
    const BAD: &[Host] = &[
        Host { id: 11, client: (0, "020000000011"), address: "198.51.100.1", ..HOST },
        Host {
            id: 12,
            client: (0, "020000000012"),
            options: &[(6, "", "no address", "", false)],
            ..HOST
        },
        Host { id: 13, client: (0, "020000000013"), subnet: 99, ..HOST },
        Host { id: 14, client: (0, "020000000014"), subnet: 99, ..HOST },
        Host { id: 15, client: (0, "020000000001"), address: "192.0.2.77", ..HOST },
    ];
    for product in DatabaseProduct::ALL {
        let Some((_lab, server_ns, client_ns, setup)) = Lab::ours(4) else { return };
        let database = DatabaseServer::start_in(product, &server_ns).unwrap();
        database.run(&insert(product, 4, BAD)).unwrap();
        let server = setup.start_with(&server_ns, &members(4, &[database.access()])).unwrap();
        let text = server.process().text();
        let name = if product == DatabaseProduct::Mysql { "MySQL" } else { "PostgreSQL" };
        let place = format!("{name} database keatest on 127.0.0.1: ");
        for told in [
            "table hosts: the reservation of host_id 11 is passed over: reserved address \
             198.51.100.1 is not inside subnet 192.0.2.0/24",
            "table hosts: the reservation of host_id 12 is passed over: option '6': ",
            "2 reservations are of subnets that are not configured, such as 99 (host_id 13)",
        ] {
            assert!(text.contains(&format!("{place}{told}")), "{told}: {text}");
        }
        assert!(Client::open(4, &client_ns).offer(1).starts_with("192.0.2.77,"));
    }
}

/// Accounts that may read only, and tables that are views, need `readonly`.
#[test]
fn views_are_read_by_accounts_that_cannot_write() {
    for product in DatabaseProduct::ALL {
        let mut lab = Lab::new().unwrap();
        let (server_ns, client_ns) = lab.pair().unwrap();
        let database = DatabaseServer::start_in(product, &server_ns).unwrap();
        database.run(&insert(product, 4, &HOSTS4[..2])).unwrap();
        database.run("ALTER TABLE hosts RENAME TO inventory").unwrap();
        database.run("CREATE VIEW hosts AS SELECT * FROM inventory WHERE host_id < 2").unwrap();
        database
            .administer(match product {
                DatabaseProduct::Mysql => {
                    "CREATE USER reader@'%' IDENTIFIED BY 'reader'; GRANT SELECT ON keatest.* TO reader@'%'"
                }
                DatabaseProduct::Postgresql => "CREATE USER reader PASSWORD 'reader'",
            })
            .unwrap();
        if product == DatabaseProduct::Postgresql {
            database.run("GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader").unwrap();
        }
        let reader = with(&database.access(), &json!({ "user": "reader", "password": "reader" }));
        for (readonly, subject) in [
            (false, Subject::Debian),
            (false, Subject::Ours),
            (true, Subject::Debian),
            (true, Subject::Ours),
        ] {
            let setup = ServerSetup::new(subject, 4).unwrap();
            let members = members(4, &[with(&reader, &json!({ "readonly": readonly }))]);
            setup.write_config(&setup.config(&members).to_string()).unwrap();
            let started = setup.try_start(&server_ns).unwrap();
            let serves = readonly || product == DatabaseProduct::Postgresql;
            match started {
                Ok(_server) => {
                    assert!(serves, "{product:?} {subject:?} {readonly}");
                    let offer = Client::open(4, &client_ns).offer(1);
                    assert!(offer.starts_with("192.0.2.77,"), "{subject:?}: {offer}");
                }
                Err(refusal) => {
                    assert!(!serves, "{product:?} {subject:?}: {}", refusal.text);
                    if subject == Subject::Ours {
                        assert!(refusal.text.contains("set 'readonly'"), "{}", refusal.text);
                    }
                }
            }
        }
    }
}

#[test]
fn databases_are_asked_in_their_order() {
    let mut lab = Lab::new().unwrap();
    let (server_ns, client_ns) = lab.pair().unwrap();
    let databases = DatabaseProduct::ALL.map(|product| {
        let database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let hostname = if product == DatabaseProduct::Mysql { "first" } else { "second" };
        let of = |id, identifier| Host { id, client: (0, identifier), hostname, ..HOST };
        let mut hosts = vec![of(1, "020000000001"), of(2, "020000000004")];
        if product == DatabaseProduct::Postgresql {
            hosts.push(of(3, "020000000003"));
        }
        database.run(&insert(product, 4, &hosts)).unwrap();
        database
    });
    let access = databases.each_ref().map(DatabaseServer::access);
    let mut client = Client::open(4, &client_ns);
    for subject in [Subject::from_environment(), Subject::Debian] {
        let _server = start(subject, 4, &server_ns, &access);
        for (number, name) in [(1, "first"), (3, "second"), (4, "file")] {
            let offer = client.offer(number);
            let option = format!("12={:02x?}", name.as_bytes());
            assert!(offer.contains(&option), "{subject:?} {number}: {offer}");
        }
    }
}
