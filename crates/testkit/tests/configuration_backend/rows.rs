//! Rows of the configuration tables, written the same for both products.

use std::io;

use kea_testkit::{DatabaseProduct, DatabaseServer};
use serde_json::{Value, json};

/// A row of `dhcp4_TABLE` or `dhcp6_TABLE`, with the tags of the servers that it is meant for.
///
/// Values are those of JSON; besides, `{ "ip": TEXT }` is an address and `{ "octets": HEX }` are octets.
pub(crate) struct Row {
    table: &'static str,
    tags: String,
    columns: Value,
}

/// A row for the servers with these tags, which have blanks between them.
pub(crate) fn row(table: &'static str, tags: &str, columns: Value) -> Row {
    Row { table, tags: tags.to_owned(), columns }
}

/// Changes that are made at once.
#[derive(Default)]
pub(crate) struct Tables {
    steps: Vec<Step>,
}

enum Step {
    Insert(Row),
    Server(String),
    Sql(String),
}

impl Tables {
    pub(crate) fn new() -> Self {
        Tables::default()
    }

    pub(crate) fn insert(mut self, row: Row) -> Self {
        self.steps.push(Step::Insert(row));
        self
    }

    /// A server that things can be meant for.
    pub(crate) fn server(mut self, tag: &str) -> Self {
        self.steps.push(Step::Server(tag.to_owned()));
        self
    }

    /// A statement; `#` is the protocol.
    pub(crate) fn sql(mut self, sql: &str) -> Self {
        self.steps.push(Step::Sql(sql.to_owned()));
        self
    }

    /// Makes the changes as one revision of the configuration.
    pub(crate) fn write(self, database: &DatabaseServer, version: u8) -> io::Result<()> {
        let product = database.product();
        let revision = match product {
            DatabaseProduct::Mysql => "CALL createAuditRevisionDHCP#(NOW(), 'all', 'a test', 0);",
            DatabaseProduct::Postgresql => {
                "SELECT createAuditRevisionDHCP#(CURRENT_TIMESTAMP, 'all', 'a test', false);"
            }
        };
        let mut sql = format!("BEGIN; {revision}\n");
        for step in self.steps {
            sql += &match step {
                Step::Insert(row) => row.sql(product, version),
                Step::Server(tag) => format!(
                    "INSERT INTO dhcp#_server (tag, description, modification_ts) \
                     VALUES ('{tag}', 'a test', CURRENT_TIMESTAMP);\n"
                ),
                Step::Sql(sql) => format!("{sql};\n"),
            };
        }
        sql += "COMMIT;\n";
        database.run(&sql.replace('#', &version.to_string())).map(drop)
    }
}

impl Row {
    fn sql(&self, product: DatabaseProduct, version: u8) -> String {
        let Row { table, tags, columns } = self;
        let columns = columns.as_object().unwrap();
        let name = |name: &str| match (product, name) {
            (DatabaseProduct::Postgresql, "4o6_interface") => "interface_4o6".to_owned(),
            (DatabaseProduct::Postgresql, "4o6_interface_id") => "interface_id_4o6".to_owned(),
            (DatabaseProduct::Postgresql, "4o6_subnet") => "subnet_4o6".to_owned(),
            (_, name) => name.to_owned(),
        };
        let mut names: Vec<String> = columns.keys().map(|key| name(key)).collect();
        let mut values: Vec<String> =
            columns.values().map(|value| literal(value, product, version)).collect();
        names.push("modification_ts".to_owned());
        values.push("CURRENT_TIMESTAMP".to_owned());
        let (names, values) = (names.join(", "), values.join(", "));
        let mut sql = format!("INSERT INTO dhcp#_{table} ({names}) VALUES ({values});\n");
        let Some((key, id)) = association(table) else { return sql };
        let id = &columns[id];
        for tag in tags.split_whitespace() {
            sql += &format!(
                "INSERT INTO dhcp#_{table}_server ({key}, server_id, modification_ts) \
                 SELECT {id}, id, CURRENT_TIMESTAMP FROM dhcp#_server WHERE tag = '{tag}';\n"
            );
        }
        sql
    }
}

/// The columns that a table and its table of servers meet at.
fn association(table: &str) -> Option<(&'static str, &'static str)> {
    Some(match table {
        "global_parameter" => ("parameter_id", "id"),
        "option_def" => ("option_def_id", "id"),
        "options" => ("option_id", "option_id"),
        "client_class" => ("class_id", "id"),
        "shared_network" => ("shared_network_id", "id"),
        "subnet" => ("subnet_id", "subnet_id"),
        _ => return None,
    })
}

fn literal(value: &Value, product: DatabaseProduct, version: u8) -> String {
    let is_mysql = product == DatabaseProduct::Mysql;
    let text = |text: &str| format!("'{}'", text.replace('\'', "''"));
    match value {
        Value::Null => "NULL".to_owned(),
        Value::Bool(flag) if is_mysql => u8::from(*flag).to_string(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(string) => text(string),
        Value::Object(map) => match (map.get("ip"), map.get("octets")) {
            (Some(Value::String(address)), _) if is_mysql && version == 4 => {
                format!("INET_ATON('{address}')")
            }
            (Some(Value::String(address)), _) => text(address),
            (_, Some(Value::String(hex))) if is_mysql => format!("UNHEX('{hex}')"),
            (_, Some(Value::String(hex))) => format!("DECODE('{hex}', 'hex')"),
            _ => text(&value.to_string()),
        },
        Value::Array(_) => text(&value.to_string()),
    }
}

/// A database in which every column says something, and what `config-get` shows of it.
pub(crate) fn everything(version: u8) -> (Tables, Value) {
    if version == 4 { everything4() } else { everything6() }
}

/// What networks and subnets have alike in both protocols: columns, and what they are shown as.
fn link(first: bool) -> (Value, Value) {
    let columns = json!({
        "client_class": "first", "renew_timer": 20, "rebind_timer": 40, "valid_lifetime": 80,
        "min_valid_lifetime": 70, "max_valid_lifetime": 90,
        "require_client_classes": ["first", "third"], "calculate_tee_times": first,
        "t1_percent": 0.25, "t2_percent": 0.75, "ddns_send_updates": first,
        "ddns_override_no_update": !first, "ddns_override_client_update": first,
        "ddns_replace_client_name": if first { 2 } else { 3 }, "ddns_generated_prefix": "made",
        "ddns_qualifying_suffix": "example.org", "reservations_global": !first,
        "reservations_in_subnet": true, "reservations_out_of_pool": first,
        "cache_threshold": 0.125, "cache_max_age": 10, "user_context": { "of": { "it": [1] } },
    });
    let shown = json!({
        "client-class": "first", "renew-timer": 20, "rebind-timer": 40, "valid-lifetime": 80,
        "min-valid-lifetime": 70, "max-valid-lifetime": 90,
        "require-client-classes": ["first", "third"], "calculate-tee-times": first,
        "t1-percent": 0.25, "t2-percent": 0.75, "ddns-send-updates": first,
        "ddns-override-no-update": !first, "ddns-override-client-update": first,
        "ddns-replace-client-name": if first { "when-present" } else { "when-not-present" },
        "ddns-generated-prefix": "made", "ddns-qualifying-suffix": "example.org",
        "reservations-global": !first, "reservations-in-subnet": true,
        "reservations-out-of-pool": first, "cache-threshold": 0.125, "cache-max-age": 10,
        "user-context": { "of": { "it": [1] } },
    });
    (columns, shown)
}

fn with(mut map: Value, more: &Value) -> Value {
    map.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    map
}

/// Classes of both protocols: `third` stands behind `first`.
fn classes(tables: Tables) -> Tables {
    let class = |id: u32, name: &str, more: Value| {
        let class = json!({ "id": id, "name": name, "only_if_required": false });
        row("client_class", "all", with(class, &more))
    };
    let first = json!({ "test": "substring(option[60].hex,0,1) == 'a'", "only_if_required": true,
        "valid_lifetime": 60, "min_valid_lifetime": 50, "max_valid_lifetime": 70,
        "user_context": { "c": 3 } });
    tables
        .insert(class(1, "first", first))
        .insert(class(2, "second", json!({ "test": "member('first')" })))
        .insert(class(3, "third", json!({ "follow_class_name": "first" })))
}

fn globals(tables: Tables) -> Tables {
    let globals = [
        ("valid-lifetime", "3333", 0),
        ("t1-percent", "0.25", 1),
        ("calculate-tee-times", "1", 2),
        ("ddns-qualifying-suffix", "global.example.org", 4),
    ];
    (1..).zip(globals).fold(tables, |tables, (id, (name, value, kind))| {
        let global = json!({ "id": id, "name": name, "value": value, "parameter_type": kind });
        tables.insert(row("global_parameter", "all", global))
    })
}

fn global_values() -> Value {
    json!({ "valid-lifetime": 3333, "t1-percent": 0.25, "calculate-tee-times": true,
            "ddns-qualifying-suffix": "global.example.org", "server-tag": "one" })
}

/// Definitions of options, and options of every scope. The owner of an option is named by `owners`.
fn options(tables: Tables, space: &str, code: u16, owners: &[(u8, Value)]) -> Tables {
    let definition = |id: u32, code: u16, name: &str, more: Value| {
        let definition = json!({ "id": id, "code": code, "name": name, "space": space,
                                 "is_array": false, "encapsulate": "" });
        row("option_def", "all", with(definition, &more))
    };
    let record = json!({ "type": 17, "record_types": [2, 6], "encapsulate": "inner",
                         "user_context": { "d": 1 } });
    let mut tables = tables
        .insert(definition(1, code + 1, "numbers", json!({ "type": 7, "is_array": true })))
        .insert(definition(2, code + 2, "both", record));
    let hexadecimal = json!({ "option_id": 1, "code": code + 1, "space": space, "scope_id": 0,
        "persistent": false, "value": { "octets": "00010002" }, "user_context": "{ \"o\": 2 }" });
    tables = tables.insert(row("options", "all", hexadecimal));
    for (id, (scope, owner)) in (2..).zip(owners) {
        let option = json!({ "option_id": id, "code": code + 1, "space": space, "scope_id": scope,
                             "persistent": scope.is_multiple_of(2), "formatted_value": format!("{scope}, 7") });
        tables = tables.insert(row("options", "all", with(option, owner)));
    }
    tables
}

fn definitions(space: &str, code: u16) -> Value {
    json!([
        { "code": code + 1, "name": "numbers", "space": space, "type": "uint16", "array": true },
        { "code": code + 2, "name": "both", "space": space, "type": "record", "array": false,
          "record-types": "boolean, uint8", "encapsulate": "inner" },
    ])
}

fn option(space: &str, code: u16, scope: u8) -> Value {
    json!([{ "code": code + 1, "space": space, "csv-format": true, "always-send": scope.is_multiple_of(2),
             "data": format!("{scope}, 7") }])
}

fn global_option(space: &str, code: u16) -> Value {
    json!([{ "code": code + 1, "space": space, "csv-format": false, "always-send": false,
             "data": "00010002" }])
}

fn everything4() -> (Tables, Value) {
    let only4 = json!({ "match_client_id": false, "authoritative": true, "boot_file_name": "boot",
        "next_server": { "ip": "192.0.2.9" }, "server_hostname": "host", "interface": "eth0",
        "relay": ["192.0.2.201", "192.0.2.202"] });
    let shown4 = json!({ "match-client-id": false, "authoritative": true, "boot-file-name": "boot",
        "next-server": "192.0.2.9", "server-hostname": "host", "interface": "eth0",
        "relay": { "ip-addresses": ["192.0.2.201", "192.0.2.202"] } });
    let (network, shown_network) = link(true);
    let (subnet, shown_subnet) = link(false);
    let (network, subnet) = (with(network, &only4), with(subnet, &only4));
    let (shown_network, shown_subnet) = (with(shown_network, &shown4), with(shown_subnet, &shown4));
    let of_subnet = json!({ "subnet_id": 11, "subnet_prefix": "10.1.0.0/24",
        "shared_network_name": "net", "4o6_interface": "eth9", "4o6_interface_id": "ifid",
        "4o6_subnet": "2001:db8::/64" });
    let owners = [
        (1, json!({ "dhcp4_subnet_id": 11 })),
        (2, json!({ "dhcp_client_class": "first" })),
        (4, json!({ "shared_network_name": "net" })),
        (5, json!({ "pool_id": 1 })),
    ];
    let tables = classes(globals(Tables::new().server("one")))
        .sql(
            "UPDATE dhcp#_client_class SET next_server = NULL, server_hostname = 'sh', \
             boot_file_name = 'bf' WHERE name = 'first'",
        )
        .insert(row("shared_network", "all", with(network, &json!({ "id": 1, "name": "net" }))))
        .insert(row("subnet", "one", with(subnet, &of_subnet)))
        .insert(row("subnet", "all", json!({ "subnet_id": 12, "subnet_prefix": "10.2.0.0/24" })))
        .insert(row(
            "pool",
            "",
            json!({ "id": 1, "subnet_id": 11, "start_address": { "ip": "10.1.0.10" },
                    "end_address": { "ip": "10.1.0.20" }, "client_class": "first",
                    "require_client_classes": ["third"], "user_context": { "p": 1 } }),
        ));
    let tables = options(tables, "dhcp4", 230, &owners);
    let pools = json!([{ "pool": "10.1.0.10-10.1.0.20", "client-class": "first",
        "require-client-classes": ["third"], "user-context": { "p": 1 },
        "option-data": option("dhcp4", 230, 5) }]);
    let shown_subnet = with(
        shown_subnet,
        &json!({ "id": 11, "subnet": "10.1.0.0/24", "4o6-interface": "eth9",
                 "4o6-interface-id": "ifid", "4o6-subnet": "2001:db8::/64", "pools": pools,
                 "option-data": option("dhcp4", 230, 1) }),
    );
    let shown_network = with(
        shown_network,
        &json!({ "name": "net", "subnet4": [shown_subnet],
                 "option-data": option("dhcp4", 230, 4) }),
    );
    let shown = json!({
        "client-classes": [
            { "name": "first", "test": "substring(option[60].hex,0,1) == 'a'",
              "only-if-required": true, "valid-lifetime": 60, "min-valid-lifetime": 50,
              "max-valid-lifetime": 70, "user-context": { "c": 3 }, "server-hostname": "sh",
              "boot-file-name": "bf", "option-data": option("dhcp4", 230, 2) },
            { "name": "third" }, { "name": "second", "test": "member('first')" },
        ],
        "option-def": definitions("dhcp4", 230), "option-data": global_option("dhcp4", 230),
        "shared-networks": [shown_network],
        "subnet4": [{ "id": 12, "subnet": "10.2.0.0/24", "pools": [] }],
    });
    (tables, with(shown, &global_values()))
}

fn everything6() -> (Tables, Value) {
    let only6 = json!({ "preferred_lifetime": 50, "min_preferred_lifetime": 45,
        "max_preferred_lifetime": 55, "rapid_commit": true, "relay": ["2001:db8::201"] });
    let shown6 = json!({ "preferred-lifetime": 50, "min-preferred-lifetime": 45,
        "max-preferred-lifetime": 55, "rapid-commit": true,
        "relay": { "ip-addresses": ["2001:db8::201"] } });
    let (network, shown_network) = link(true);
    let (subnet, shown_subnet) = link(false);
    let (network, subnet) = (with(network, &only6), with(subnet, &only6));
    let (shown_network, shown_subnet) = (with(shown_network, &shown6), with(shown_subnet, &shown6));
    let by_id = json!({ "interface_id": { "octets": "6966303031" } });
    let network = with(network, &by_id);
    let of_subnet = json!({ "subnet_id": 11, "subnet_prefix": "2001:db8:1::/64",
        "shared_network_name": "net", "interface_id": { "octets": "6966303031" } });
    let owners = [
        (1, json!({ "dhcp6_subnet_id": 11 })),
        (2, json!({ "dhcp_client_class": "first" })),
        (4, json!({ "shared_network_name": "net" })),
        (5, json!({ "pool_id": 1 })),
        (6, json!({ "pd_pool_id": 1 })),
    ];
    let scoped = json!({ "client_class": "first", "require_client_classes": ["third"],
                         "user_context": { "p": 1 }, "subnet_id": 11 });
    let pool = json!({ "id": 1, "start_address": { "ip": "2001:db8:1::10" },
                       "end_address": { "ip": "2001:db8:1::20" } });
    let prefixes = json!({ "id": 1, "prefix": "2001:db8:8::", "prefix_length": 48,
        "delegated_prefix_length": 56, "excluded_prefix": "2001:db8:8:0:8000::",
        "excluded_prefix_length": 72 });
    let others = json!({ "id": 2, "prefix": "2001:db8:9::", "prefix_length": 48,
        "delegated_prefix_length": 64, "excluded_prefix_length": 0, "subnet_id": 11 });
    let tables = classes(globals(Tables::new().server("one")))
        .sql(
            "UPDATE dhcp#_client_class SET preferred_lifetime = 40, min_preferred_lifetime = 35, \
             max_preferred_lifetime = 45 WHERE name = 'first'",
        )
        .insert(row("shared_network", "all", with(network, &json!({ "id": 1, "name": "net" }))))
        .insert(row("subnet", "one", with(subnet, &of_subnet)))
        .insert(row(
            "subnet",
            "all",
            json!({ "subnet_id": 12, "subnet_prefix": "2001:db8:2::/64" }),
        ))
        .insert(row("pool", "", with(pool, &scoped)))
        .insert(row("pd_pool", "", with(prefixes, &scoped)))
        .insert(row("pd_pool", "", others));
    let tables = options(tables, "dhcp6", 1230, &owners);
    let scoped = json!({ "client-class": "first", "require-client-classes": ["third"],
                         "user-context": { "p": 1 } });
    let pool = json!({ "pool": "2001:db8:1::10-2001:db8:1::20",
                       "option-data": option("dhcp6", 1230, 5) });
    let prefixes = json!({ "prefix": "2001:db8:8::", "prefix-len": 48, "delegated-len": 56,
        "excluded-prefix": "2001:db8:8:0:8000::", "excluded-prefix-len": 72,
        "option-data": option("dhcp6", 1230, 6) });
    let others = json!({ "prefix": "2001:db8:9::", "prefix-len": 48, "delegated-len": 64,
                         "excluded-prefix": null });
    let shown_subnet = with(
        shown_subnet,
        &json!({ "id": 11, "subnet": "2001:db8:1::/64", "interface-id": "if001",
                 "pools": [with(pool, &scoped)], "pd-pools": [with(prefixes, &scoped), others],
                 "option-data": option("dhcp6", 1230, 1) }),
    );
    let shown_network = with(
        shown_network,
        &json!({ "name": "net", "subnet6": [shown_subnet], "interface-id": "if001",
                 "option-data": option("dhcp6", 1230, 4) }),
    );
    let shown = json!({
        "client-classes": [
            { "name": "first", "test": "substring(option[60].hex,0,1) == 'a'",
              "only-if-required": true, "valid-lifetime": 60, "min-valid-lifetime": 50,
              "max-valid-lifetime": 70, "preferred-lifetime": 40, "min-preferred-lifetime": 35,
              "max-preferred-lifetime": 45, "user-context": { "c": 3 },
              "option-data": option("dhcp6", 1230, 2) },
            { "name": "third" }, { "name": "second", "test": "member('first')" },
        ],
        "option-def": definitions("dhcp6", 1230), "option-data": global_option("dhcp6", 1230),
        "shared-networks": [shown_network],
        "subnet6": [{ "id": 12, "subnet": "2001:db8:2::/64", "pools": [] }],
    });
    (tables, with(shown, &global_values()))
}
