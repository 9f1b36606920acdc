//! A server whose configuration is in a database (manual chapter 3, "Kea Configuration Backend"), with both
//! products and both protocols. What is written is written as Kea writes it, so Debian's Kea can be put to most
//! of the tests.

mod rows;

use std::time::{Duration, Instant};

use kea_testkit::scenario::Dialect;
use kea_testkit::v6::Packet6;
use kea_testkit::{
    DatabaseProduct, DatabaseServer, Lab, Load, Netns, Packet4, RawClient, Server, ServerSetup,
    Subject,
};
use serde_json::{Value, json};

use self::rows::{Tables, row};

/// What takes longer does not happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A database server beside a DHCP server, and a machine with clients.
struct Bench {
    _lab: Lab,
    subject: Subject,
    version: u8,
    server_ns: Netns,
    client_ns: Netns,
    database: DatabaseServer,
    clients: u32,
}

impl Bench {
    fn new(product: DatabaseProduct, version: u8) -> Self {
        let mut lab = Lab::new().unwrap();
        let (server_ns, client_ns) = lab.pair().unwrap();
        server_ns.ip(&["link", "set", "lo", "up"]).unwrap();
        let database = DatabaseServer::start_in(product, &server_ns).unwrap();
        let subject = Subject::from_environment();
        Bench { _lab: lab, subject, version, server_ns, client_ns, database, clients: 1 }
    }

    /// A server of each product and protocol. The statements of Kea 2.2 for DHCPv6 are none to
    /// PostgreSQL 15 (`$33WHERE`), so that it does not start with them.
    fn each(test: impl Fn(Bench)) {
        let subject = Subject::from_environment();
        for product in DatabaseProduct::ALL {
            let fails = subject == Subject::Debian && product == DatabaseProduct::Postgresql;
            let versions: &[u8] = if fails { &[4] } else { &[4, 6] };
            versions.iter().for_each(|version| test(Bench::new(product, *version)));
        }
    }

    /// The same of this project's server alone: what Kea does otherwise.
    fn each_of_ours(test: impl Fn(Bench)) {
        if Subject::from_environment() == Subject::Ours {
            Self::each(test);
        }
    }

    fn name(&self) -> String {
        format!("{} DHCPv{}", self.database.product().word(), self.version)
    }

    fn change(&self, tables: Tables) {
        tables.write(&self.database, self.version).unwrap();
    }

    /// The server's settings: nothing but the way to the database, and what `more` has.
    fn settings(&self, wait: u32, more: &Value) -> Value {
        let library = match self.database.product() {
            DatabaseProduct::Mysql => "libdhcp_mysql_cb.so",
            DatabaseProduct::Postgresql => "libdhcp_pgsql_cb.so",
        };
        let library = format!("/usr/lib/x86_64-linux-gnu/kea/hooks/{library}");
        let mut settings = json!({
            "config-control": {
                "config-databases": [self.database.access()], "config-fetch-wait-time": wait,
            },
            "hooks-libraries": [{ "library": library }],
        });
        settings.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        settings
    }

    fn start(&self, wait: u32, more: &Value) -> Server {
        let setup = ServerSetup::new(self.subject, self.version).unwrap();
        setup.start_with(&self.server_ns, &self.settings(wait, more)).unwrap()
    }

    /// A prefix that the clients are in, and a pool of it, by number.
    fn subnet(&self, number: u8) -> (String, [String; 2]) {
        let bounds = match self.version {
            4 => (1..3).map(|end| format!("192.0.2.{number}{end}")).collect::<Vec<_>>(),
            _ => (1..3).map(|end| format!("2001:db8:1::{number}{end}")).collect(),
        };
        let prefix = if self.version == 4 { "192.0.2.0/24" } else { "2001:db8:1::/64" };
        (prefix.to_owned(), [bounds[0].clone(), bounds[1].clone()])
    }

    /// A prefix that no client is in, by number.
    fn elsewhere(&self, number: u8) -> String {
        match self.version {
            4 => format!("10.0.{number}.0/24"),
            _ => format!("2001:db8:{number}::/64"),
        }
    }

    /// Subnet 1, where the clients are, with a pool of two addresses that has this number.
    fn served(&self, tables: Tables, number: u8) -> Tables {
        let (prefix, pool) = self.subnet(number);
        let subnet = json!({ "subnet_id": 1, "subnet_prefix": prefix, "interface": "eth0" });
        tables.insert(row("subnet", "all", subnet)).insert(self.pool(1, number, &pool))
    }

    fn pool(&self, subnet: u32, id: u8, [start, end]: &[String; 2]) -> rows::Row {
        let ends = json!({ "id": id, "subnet_id": subnet,
                           "start_address": { "ip": start }, "end_address": { "ip": end } });
        row("pool", "", ends)
    }

    /// The address that a new client is given, or nothing.
    fn address(&mut self) -> Option<String> {
        match self.version {
            4 => self.address_of::<Packet4>(),
            _ => self.address_of::<Packet6>(),
        }
    }

    fn address_of<D: Dialect>(&mut self) -> Option<String> {
        let client = RawClient::<D>::open(&self.client_ns, "eth0").unwrap();
        self.clients += 1;
        let mut load = Load::new(client, self.clients, 1).of_clients(1);
        load.run(Duration::from_secs(3), |load| !load.acknowledged().is_empty()).unwrap();
        load.acknowledged().first().map(|promise| promise.address.to_string())
    }

    /// Asserts that a new client is given an address of the pool with that number.
    #[track_caller]
    fn gives(&mut self, number: u8) {
        let (_, pool) = self.subnet(number);
        let address = self.address();
        let is_in = address.as_ref().is_some_and(|address| pool.contains(address));
        assert!(is_in, "{}: {address:?} is not of {pool:?}", self.name());
    }
}

/// The server's part of what `config-get` gives.
fn configuration(server: &Server) -> Value {
    let answer = server.control().command("config-get", Value::Null).unwrap();
    let mut arguments = answer.arguments;
    let object = if arguments.get("Dhcp4").is_some() { "Dhcp4" } else { "Dhcp6" };
    arguments[object].take()
}

fn pull(server: &Server) -> (i64, String) {
    let answer = server.control().command("config-backend-pull", Value::Null).unwrap();
    (answer.result, answer.text)
}

/// The first place where `found` does not have what `wanted` has. Maps may have more; lists may not.
fn lacks(found: &Value, wanted: &Value, path: &str) -> Option<String> {
    match (found, wanted) {
        (Value::Object(held), Value::Object(members)) => members.iter().find_map(|(key, value)| {
            let path = format!("{path}/{key}");
            match held.get(key) {
                Some(found) => lacks(found, value, &path),
                None if value.is_null() => None,
                None => Some(format!("{path} is not there")),
            }
        }),
        (Value::Array(held), Value::Array(items)) if held.len() == items.len() => {
            let pairs = held.iter().zip(items).enumerate();
            pairs
                .into_iter()
                .find_map(|(at, (found, value))| lacks(found, value, &format!("{path}/{at}")))
        }
        _ if found == wanted => None,
        _ => Some(format!("{path} is {found}, not {wanted}")),
    }
}

/// Asserts that `config-get` shows this, now.
#[track_caller]
fn shows(bench: &Bench, server: &Server, wanted: &Value) {
    let lack = lacks(&configuration(server), wanted, "");
    assert_eq!(lack, None, "{}", bench.name());
}

/// Waits until `config-get` shows this.
#[track_caller]
fn comes_to_show(bench: &Bench, server: &Server, wanted: &Value) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let Some(lack) = lacks(&configuration(server), wanted, "") else { return };
        assert!(Instant::now() < deadline, "{}: {lack}", bench.name());
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn subnets(version: u8) -> String {
    format!("subnet{version}")
}

#[test]
fn a_subnet_that_is_in_the_database_alone_is_served_and_follows_it() {
    Bench::each(|mut bench| {
        let list = subnets(bench.version);
        bench.change(bench.served(Tables::new(), 1));
        let server = bench.start(1, &json!({}));
        bench.gives(1);
        let (_, pool) = bench.subnet(2);
        // Each comes into force by itself.
        let moved = bench.pool(1, 2, &pool);
        bench.change(Tables::new().sql("DELETE FROM dhcp#_pool WHERE id = 1").insert(moved).sql(
            "UPDATE dhcp#_subnet SET valid_lifetime = 4321, \
                 modification_ts = CURRENT_TIMESTAMP WHERE subnet_id = 1",
        ));
        comes_to_show(&bench, &server, &json!({ &list: [{ "id": 1, "valid-lifetime": 4321 }] }));
        bench.gives(2);
        bench.change(Tables::new().sql("DELETE FROM dhcp#_subnet WHERE subnet_id = 1"));
        comes_to_show(&bench, &server, &json!({ &list: [] }));
        assert_eq!(bench.address(), None, "{}", bench.name());
    });
}

#[test]
fn every_column_is_a_part_of_the_configuration() {
    Bench::each(|bench| {
        let (tables, wanted) = rows::everything(bench.version);
        bench.change(tables);
        let server = bench.start(0, &json!({ "server-tag": "one" }));
        shows(&bench, &server, &wanted);
    });
}

#[test]
fn tags_say_whose_an_object_is_and_the_own_one_wins() {
    let global = |id: u32, tag: &str, value: &str| {
        let global = json!({ "id": id, "name": "valid-lifetime", "value": value,
                             "parameter_type": 0 });
        row("global_parameter", tag, global)
    };
    Bench::each(|bench| {
        let list = subnets(bench.version);
        let prefix = |number: u8| match bench.version {
            4 => format!("10.0.{number}.0/24"),
            _ => format!("2001:db8:{number}::/64"),
        };
        let subnet = |id: u8, tag: &str| {
            row("subnet", tag, json!({ "subnet_id": id, "subnet_prefix": prefix(id) }))
        };
        bench.change(
            Tables::new()
                .server("one")
                .server("two")
                .insert(global(1, "one", "100"))
                .insert(global(2, "all", "200"))
                .insert(global(3, "two", "300"))
                .insert(subnet(1, "all"))
                .insert(subnet(2, "one"))
                .insert(subnet(3, "two"))
                .insert(subnet(4, ""))
                .insert(subnet(5, "one two")),
        );
        let cases: [(&str, u32, &[u8]); 4] = [
            ("one", 100, &[1, 2, 5]),
            ("two", 300, &[1, 3, 5]),
            ("three", 200, &[1]),
            ("", 200, &[1]),
        ];
        for (tag, lifetime, ids) in cases {
            let tagged = if tag.is_empty() { json!({}) } else { json!({ "server-tag": tag }) };
            let mut server = bench.start(0, &tagged);
            let ids: Vec<Value> = ids.iter().map(|id| json!({ "id": id })).collect();
            shows(&bench, &server, &json!({ "valid-lifetime": lifetime, &list: ids }));
            server.stop().unwrap();
        }
    });
}

/// A file, and a database that has other opinions.
struct Rivals {
    file: Value,
    stored: Tables,
    reservation: Value,
    /// The option that both have, as the database has it.
    address: &'static str,
}

fn rivals(bench: &Bench) -> Rivals {
    let v4 = bench.version == 4;
    let list = subnets(bench.version);
    let prefix = |number: u8| bench.elsewhere(number);
    let subnet = |id: u8, number: u8| json!({ "subnet_id": id, "subnet_prefix": prefix(number) });
    let (code, space, address) =
        if v4 { (6, "dhcp4", "192.0.2.77") } else { (23, "dhcp6", "2001:db8::77") };
    let renew = json!({ "id": 1, "name": "renew-timer", "value": "77", "parameter_type": 0 });
    let servers = json!({ "option_id": 1, "code": code, "formatted_value": address, "space": space,
                          "scope_id": 0, "persistent": true });
    let stored = Tables::new()
        .insert(row("global_parameter", "all", renew))
        .insert(row("options", "all", servers))
        // Of the same identifier, of the same prefix, and a new one.
        .insert(row("subnet", "all", subnet(1, 1)))
        .insert(row("subnet", "all", subnet(12, 2)))
        .insert(row("subnet", "all", subnet(13, 13)))
        .insert(row("shared_network", "all", json!({ "id": 1, "name": "net" })))
        .insert(row("client_class", "all", json!({ "id": 1, "name": "stored" })));
    let mut reservation = json!({ "hw-address": "00:01:02:03:04:05" });
    if v4 {
        reservation["ip-address"] = json!("10.0.1.9");
    } else {
        reservation["ip-addresses"] = json!(["2001:db8:1::9"]);
    }
    let (name_servers, other) =
        if v4 { ("domain-name-servers", "domain-name") } else { ("dns-servers", "bootfile-url") };
    let own = if v4 { "192.0.2.1" } else { "2001:db8::1" };
    let file = json!({
        "renew-timer": 11, "rebind-timer": 500,
        "option-data": [
            { "name": name_servers, "data": own }, { "name": other, "data": "kept.example" },
        ],
        "client-classes": [{ "name": "in-file" }],
        &list: [
            { "id": 1, "subnet": prefix(1), "reservations": [reservation.clone()] },
            { "id": 2, "subnet": prefix(2) },
            { "id": 3, "subnet": prefix(3) },
        ],
        "shared-networks": [
            { "name": "net", &list: [{ "id": 5, "subnet": prefix(5) }] },
            { "name": "other", &list: [{ "id": 6, "subnet": prefix(6) }] },
        ],
    });
    Rivals { file, stored, reservation, address }
}

#[test]
fn the_database_wins_over_the_file() {
    Bench::each(|bench| {
        let list = subnets(bench.version);
        let Rivals { file, stored, reservation, address } = rivals(&bench);
        bench.change(stored);
        let server = bench.start(0, &file);
        let found = configuration(&server);
        let ids = |list: &Value| {
            let list = list.as_array().unwrap().iter();
            let mut ids: Vec<i64> = list.filter_map(|subnet| subnet["id"].as_i64()).collect();
            ids.sort_unstable();
            ids
        };
        assert_eq!(ids(&found[&list]), [1, 3, 12, 13], "{}", bench.name());
        let networks = found["shared-networks"].as_array().unwrap();
        let of = |name: &str| networks.iter().find(|network| network["name"] == name).unwrap();
        assert_eq!(ids(&of("net")[&list]), [5], "{}", bench.name());
        assert_eq!(ids(&of("other")[&list]), [6], "{}", bench.name());
        let mut all = found[&list].as_array().unwrap().iter();
        let first = all.find(|subnet| subnet["id"] == 1).unwrap();
        let lack = lacks(&first["reservations"], &json!([reservation]), "");
        assert_eq!(lack, None, "{}", bench.name());
        let wanted = json!({ "renew-timer": 77, "rebind-timer": 500,
                             "client-classes": [{ "name": "stored" }] });
        assert_eq!(lacks(&found, &wanted, ""), None, "{}", bench.name());
        let options = found["option-data"].as_array().unwrap().iter();
        let mut options: Vec<&str> = options.filter_map(|option| option["data"].as_str()).collect();
        options.sort_unstable();
        assert_eq!(options, [address, "kept.example"], "{}", bench.name());
        // What goes from the database is as the file has it.
        let gone = ["DELETE FROM dhcp#_global_parameter", "DELETE FROM dhcp#_client_class"];
        bench.change(gone.iter().fold(Tables::new(), |tables, sql| tables.sql(sql)));
        assert_eq!(pull(&server).0, 0, "{}", bench.name());
        if bench.subject == Subject::Ours {
            let inherited = &of("other")[&list][0]["renew-timer"];
            assert_eq!(inherited, 77, "{}: subnets of the file follow", bench.name());
            let wanted = json!({ "renew-timer": 11, "client-classes": [{ "name": "in-file" }] });
            shows(&bench, &server, &wanted);
        }
    });
}

#[test]
fn a_row_that_is_no_configuration_leaves_everything_as_it_is() {
    Bench::each_of_ours(|mut bench| {
        bench.change(bench.served(Tables::new(), 1));
        let server = bench.start(1, &json!({}));
        let database = match bench.database.product() {
            DatabaseProduct::Mysql => "MySQL database keatest on 127.0.0.1",
            DatabaseProduct::Postgresql => "PostgreSQL database keatest on 127.0.0.1",
        };
        let prefix = if bench.version == 4 { "10.9.0.0/99" } else { "2001:db8:9::/999" };
        let version = bench.version;
        let network = row("shared_network", "two", json!({ "id": 7, "name": "elsewhere" }));
        let member = json!({ "subnet_id": 9, "shared_network_name": "elsewhere",
            "subnet_prefix": if version == 4 { "10.9.0.0/24" } else { "2001:db8:9::/64" } });
        let bad = [
            (
                row("subnet", "all", json!({ "subnet_id": 9, "subnet_prefix": prefix })),
                "subnet",
                "subnet_id",
                9,
                vec!["the length is not valid"],
            ),
            (
                row("subnet", "all", member),
                "subnet",
                "subnet_id",
                9,
                vec!["which this server does not have"],
            ),
            (
                row(
                    "global_parameter",
                    "all",
                    json!({ "id": 8, "name": "no-such", "value": "1",
                 "parameter_type": 0 }),
                ),
                "global_parameter",
                "id",
                8,
                vec!["'no-such'"],
            ),
            (
                row(
                    "global_parameter",
                    "all",
                    json!({ "id": 8, "name": "renew-timer", "value": "soon",
                 "parameter_type": 0 }),
                ),
                "global_parameter",
                "id",
                8,
                vec!["'value'", "'soon' is no integer"],
            ),
            (
                row(
                    "option_def",
                    "all",
                    json!({ "id": 5, "name": "odd", "code": 250, "type": 9,
                 "space": "own", "is_array": false, "encapsulate": "" }),
                ),
                "option_def",
                "id",
                5,
                vec!["'9' is no type"],
            ),
            (
                row("client_class", "all", json!({ "id": 4, "name": "odd", "test": "1 + 'a" })),
                "client_class",
                "id",
                4,
                vec![],
            ),
        ];
        bench.change(Tables::new().server("two").insert(network));
        for (wrong, table, key, id, facts) in bad {
            let before = configuration(&server);
            let mark = server.process().mark();
            bench.change(Tables::new().insert(wrong));
            let (result, text) = pull(&server);
            assert_eq!(result, 1, "{}: {text}", bench.name());
            let place = format!("{database}, dhcp{version}_{table} {id}");
            for fact in facts.into_iter().chain([&*place]) {
                assert!(text.contains(fact), "{}: '{fact}' is not in: {text}", bench.name());
            }
            let message = format!("DHCP{version}_CB_PERIODIC_FETCH_UPDATES_FAIL");
            let line = server.logged(mark, &message, PATIENCE).unwrap();
            assert!(line.contains(&place), "{line}");
            assert_eq!(configuration(&server), before, "{}", bench.name());
            bench.change(
                Tables::new().sql(&format!("DELETE FROM dhcp#_{table} WHERE {key} = {id}")),
            );
            assert_eq!(pull(&server).0, 0, "{}", bench.name());
        }
        bench.gives(1);
    });
}

#[test]
fn after_ten_failures_in_a_row_it_is_not_looked_again_until_it_is_configured() {
    Bench::each_of_ours(|bench| {
        bench.change(bench.served(Tables::new(), 1));
        let server = bench.start(1, &json!({}));
        let mark = server.process().mark();
        let odd = json!({ "id": 8, "name": "no-such", "value": "1", "parameter_type": 0 });
        bench.change(Tables::new().insert(row("global_parameter", "all", odd)));
        let exhausted =
            format!("DHCP{}_CB_PERIODIC_FETCH_UPDATES_RETRIES_EXHAUSTED", bench.version);
        server.logged(mark, &exhausted, PATIENCE).unwrap();
        let failed = format!("DHCP{}_CB_PERIODIC_FETCH_UPDATES_FAIL", bench.version);
        let lines = server.process().lines_from(mark);
        assert_eq!(lines.iter().filter(|line| line.contains(&failed)).count(), 10);
        bench.change(Tables::new().sql("DELETE FROM dhcp#_global_parameter"));
        server.reload().unwrap();
        let renew = json!({ "id": 9, "name": "renew-timer", "value": "123", "parameter_type": 0 });
        bench.change(Tables::new().insert(row("global_parameter", "all", renew)));
        comes_to_show(&bench, &server, &json!({ "renew-timer": 123 }));
    });
}

#[test]
fn a_server_lives_through_an_outage_of_its_configuration_database() {
    Bench::each_of_ours(|mut bench| {
        bench.change(bench.served(Tables::new(), 1));
        let server = bench.start(1, &json!({}));
        let mark = server.process().mark();
        bench.database.stop().unwrap();
        let failed = format!("DHCP{}_CB_PERIODIC_FETCH_UPDATES_FAIL", bench.version);
        server.logged(mark, &failed, PATIENCE).unwrap();
        assert_eq!(pull(&server).0, 1);
        assert!(server.reload().unwrap().contains("_RECONFIGURATION_FAIL"), "{}", bench.name());
        bench.gives(1);
        bench.database.start_again().unwrap();
        let renew = json!({ "id": 9, "name": "renew-timer", "value": "123", "parameter_type": 0 });
        bench.change(Tables::new().insert(row("global_parameter", "all", renew)));
        comes_to_show(&bench, &server, &json!({ "renew-timer": 123 }));
        // Connections that the database server ends are opened again without a word.
        let mark = server.process().mark();
        bench.database.end_connections().unwrap();
        assert_eq!(pull(&server), (0, "On demand configuration update successful.".to_owned()));
        assert!(!server.process().lines_from(mark).iter().any(|line| line.contains(&failed)));
        bench.database.stop().unwrap();
        let setup = server.into_setup().unwrap();
        let mut process = setup.launch(&bench.server_ns).unwrap();
        assert!(!process.wait(PATIENCE).unwrap().success(), "{}", bench.name());
        let said = process.text();
        let place = "database keatest on 127.0.0.1: ";
        assert!(said.contains(place) && said.contains("_INIT_FAIL"), "{said}");
        let mut settings = bench.settings(0, &json!({}));
        let access = &mut settings["config-control"]["config-databases"][0];
        access["retry-on-startup"] = json!(true);
        access["max-reconnect-tries"] = json!(2);
        access["reconnect-wait-time"] = json!(10);
        setup.write_config(&setup.config(&settings).to_string()).unwrap();
        let mut process = setup.launch(&bench.server_ns).unwrap();
        assert!(!process.wait(PATIENCE).unwrap().success(), "{}", bench.name());
        let said = process.text();
        let told = |what: &str| said.matches(&format!("_CB_RECONNECT_{what}")).count();
        let told = ["ATTEMPT_FAILED", "ATTEMPT_SCHEDULE", "FAILED"].map(told);
        assert_eq!(told, [2, 2, 1], "{said}");
    });
}

#[test]
fn it_is_looked_when_asked_for_and_not_otherwise() {
    Bench::each(|bench| {
        let without = ServerSetup::new(bench.subject, bench.version).unwrap();
        let mut server = without.start_with(&bench.server_ns, &json!({})).unwrap();
        assert_eq!(pull(&server), (3, "No config backend.".to_owned()));
        server.stop().unwrap();
        // Zero is never.
        let server = bench.start(0, &json!({}));
        let renew = json!({ "id": 9, "name": "renew-timer", "value": "123", "parameter_type": 0 });
        bench.change(Tables::new().insert(row("global_parameter", "all", renew)));
        std::thread::sleep(Duration::from_millis(1500));
        shows(&bench, &server, &json!({ "renew-timer": null }));
        assert_eq!(pull(&server), (0, "On demand configuration update successful.".to_owned()));
        shows(&bench, &server, &json!({ "renew-timer": 123 }));
    });
}
