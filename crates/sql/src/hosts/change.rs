//! Single reservations added, replaced and removed.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};

use kea_config::document::{Map, Node, Value as Item};
use kea_config::snapshot::{DatabaseKind, Dialect, IdentifierKind, Reservation};
use kea_lease::SubnetId;
use kea_options::{OptionText, Registry};
use kea_wire::Address as _;

use super::{Address6, HostRow, MAX_OPTION, Only4, OptionRow, RowFault, of_host, option_table};
use crate::database::Database;
use crate::error::Error;
use crate::value::Value;

/// A change of one reservation.
#[derive(Clone, Debug, PartialEq)]
pub enum Write {
    /// A new one, whose number is the database's to choose.
    Add(HostRow),
    /// Another one for a client that has one in its subnet.
    Replace(HostRow),
    /// It goes, from a subnet or from among the global ones.
    Remove(Option<SubnetId>, Which),
}

/// What a reservation is known by in its subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// Whose it is.
    Client(IdentifierKind, Box<[u8]>),
    /// An address that it sets aside, or a prefix that begins with it.
    Address(IpAddr),
}

/// What came of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Written {
    /// It is done; numbers of the hosts that changed.
    Done(Vec<i64>),
    /// There is no such reservation.
    NotFound,
    /// Nothing is changed, since something is reserved already.
    Taken(Taken),
}

/// What is reserved already, in the subnet, by the host of that number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// Something for the same client.
    Client(i64),
    /// An address or prefix.
    Address(Box<str>, i64),
    /// What, the database did not say: somebody else was faster.
    Meanwhile,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Client(host) => {
                write!(f, "the client has a reservation there already (host_id {host})")
            }
            Self::Address(address, host) => write!(
                f,
                "{address} is reserved for another client there (host_id {host}); set \
                 'ip-reservations-unique' to false if that is intended"
            ),
            Self::Meanwhile => f.write_str("somebody else added a reservation for the client"),
        }
    }
}

impl Write {
    /// True when it would replace or remove that row.
    pub fn means(&self, row: &HostRow) -> bool {
        match self {
            Write::Add(_) => false,
            Write::Replace(new) => {
                (new.subnet, new.kind, &new.identifier) == (row.subnet, row.kind, &row.identifier)
            }
            Write::Remove(subnet, which) => {
                *subnet == row.subnet()
                    && match which {
                        Which::Client(kind, identifier) => row.is_of(*kind, identifier),
                        Which::Address(address) => row.reserves(*address),
                    }
            }
        }
    }
}

/// Changes a reservation in one transaction. Where addresses are `unique` in their subnets, one that is set
/// aside for another client there is not set aside again.
///
/// # Errors
/// As [`Database::transaction`].
pub fn write(
    database: &mut Database,
    version: u8,
    unique: bool,
    change: &Write,
) -> Result<Written, Error> {
    let mut attempts = 1;
    loop {
        let tables = Tables { version, other: if version == 4 { 6 } else { 4 } };
        let done = database.transaction(|database| match change {
            Write::Add(row) => tables.add(database, row, unique),
            Write::Replace(row) => tables.replace(database, row, unique),
            Write::Remove(subnet, which) => tables.remove(database, *subnet, which),
        });
        match done {
            Err(Error::InTheWay(_)) if attempts < ATTEMPTS => attempts += 1,
            Err(Error::Refused { code, .. }) if matches!(&*code, "1062" | "23505") => {
                return Ok(Written::Taken(Taken::Meanwhile));
            }
            done => return done,
        }
    }
}

impl HostRow {
    /// The row of a reservation that was read from `map`.
    ///
    /// # Errors
    /// What of it the tables have no room for.
    pub fn of<F: Dialect>(
        host: &Reservation<F>,
        map: &Map,
        definitions: &Registry<F>,
    ) -> Result<Self, RowFault> {
        let is_v4 = F::VERSION == 4;
        if map.get("excluded-prefixes").is_some() {
            let why = "there is no column for 'excluded-prefixes'".to_owned();
            return Err(RowFault { table: "ipv6_reservations", why });
        }
        let text = |name: &str| map.get(name).and_then(Node::as_str).unwrap_or_default();
        let number = |address: Option<IpAddr>| match address {
            Some(IpAddr::V4(address)) => address.to_bits(),
            _ => 0,
        };
        let only_v4 = is_v4.then(|| Only4 {
            address: number(host.addresses.first().map(|address| address.ip())),
            next_server: number(text("next-server").parse().ok()),
            server_hostname: text("server-hostname").into(),
            boot_file_name: text("boot-file-name").into(),
        });
        let row = HostRow {
            id: 0,
            subnet: host.subnet.map_or(0, |subnet| subnet.0),
            kind: IdentifierKind::ALL.iter().position(|kind| *kind == host.kind).unwrap_or(0)
                as i64,
            identifier: host.identifier[..].into(),
            hostname: host.hostname.clone(),
            classes: texts(map, "client-classes").collect::<Vec<_>>().join(",").into(),
            user_context: host
                .user_context
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default()
                .into(),
            is_v4,
            only_v4: only_v4.map(Box::new),
            addresses: if is_v4 { Box::default() } else { reserved::<F>(host) },
            options: options(map, definitions)?,
        };
        row.check_lengths()?;
        Ok(row)
    }

    fn check_lengths(&self) -> Result<(), RowFault> {
        for (name, text) in [("hostname", &self.hostname), ("client-classes", &self.classes)] {
            let len = text.chars().count();
            if len > MAX_TEXT {
                let why = format!("'{name}' has {len} characters; there is room for {MAX_TEXT}");
                return Err(of_host(why));
            }
        }
        Ok(())
    }

    /// What is reserved, in words, with the condition that finds who has it.
    fn conditions(&self) -> Vec<(Box<str>, &'static str, Vec<Value>)> {
        let subnet = Value::from(self.subnet);
        let of_v4 = self.only_v4.iter().filter(|only| only.address != 0).map(|only| {
            let shown = format!("address {}", std::net::Ipv4Addr::from_bits(only.address));
            (shown.into(), BY_ADDRESS4, vec![subnet.clone(), only.address.into()])
        });
        let of_v6 = self.addresses.iter().map(|reserved| {
            let Address6 { address, prefix_len, kind } = reserved;
            let shown = match kind {
                0 => format!("address {address}"),
                _ => format!("prefix {address}/{prefix_len}"),
            };
            let address = Value::from(address.clone());
            let values = vec![subnet.clone(), address, (*prefix_len).into(), (*kind).into()];
            (shown.into(), BY_RESERVED6, values)
        });
        of_v4.chain(of_v6).collect()
    }
}

fn texts<'m>(map: &'m Map, name: &str) -> impl Iterator<Item = &'m str> {
    map.get(name).and_then(Node::as_list).unwrap_or_default().iter().filter_map(Node::as_str)
}

fn reserved<F: Dialect>(host: &Reservation<F>) -> Box<[Address6]> {
    let row = |address: IpAddr, prefix_len: u8, kind| Address6 {
        address: address.to_string().into(),
        prefix_len: prefix_len.into(),
        kind,
    };
    let addresses = host.addresses.iter().map(|address| row(address.ip(), 128, 0));
    let prefixes = F::reserved_prefixes(&host.specific).iter();
    let prefixes = prefixes.map(|prefix| row(Ipv6Addr::into(prefix.first()), prefix.len(), 2));
    addresses.chain(prefixes).collect()
}

fn options<F: Dialect>(map: &Map, definitions: &Registry<F>) -> Result<Box<[OptionRow]>, RowFault> {
    let table = option_table(F::VERSION == 4);
    let fault = |why: String| RowFault { table, why };
    let given = map.get("option-data").and_then(Node::as_list).unwrap_or_default();
    let row = |option: &Map| {
        let text = |name: &str| option.get(name).and_then(Node::as_str);
        let flag = |name: &str| match option.get(name).map(|node| &node.value) {
            Some(Item::Boolean(flag)) => Some(*flag),
            _ => None,
        };
        let some = |name: &str| text(name).filter(|text| !text.is_empty());
        let data = text("data").unwrap_or_default();
        let entry = OptionText {
            space: some("space"),
            code: option.get("code").and_then(Node::as_integer).and_then(|it| it.try_into().ok()),
            name: some("name"),
            csv_format: flag("csv-format"),
            data,
        };
        let encoded = definitions.encode(&entry).map_err(|error| fault(error.to_string()))?;
        let (code, definition) = definitions.resolve(&entry).map_err(|e| fault(e.to_string()))?;
        for key in ["never-send", "client-classes"] {
            let is_set = flag(key) == Some(true) || texts(option, key).next().is_some();
            if is_set {
                return Err(fault(format!("there is no column for '{key}' of option {code}")));
            }
        }
        let is_formatted = definition.is_some() && entry.csv_format != Some(false);
        let (value, formatted): (Box<[u8]>, Box<str>) = match is_formatted {
            true => (Box::default(), data.into()),
            false => (encoded.data[..].into(), Box::default()),
        };
        if value.len().max(formatted.len()) > MAX_OPTION {
            return Err(fault(format!("option {code} has more than {MAX_OPTION} octets")));
        }
        let context = option.get("user-context").map(|node| node.value.to_string());
        Ok(OptionRow {
            code: code.into(),
            value,
            formatted,
            space: encoded.space.into(),
            always: flag("always-send") == Some(true),
            user_context: commented(context, text("comment")),
        })
    };
    given.iter().filter_map(Node::as_map).map(row).collect()
}

/// A user context with the comment beside it in it.
fn commented(context: Option<String>, comment: Option<&str>) -> Box<str> {
    match (context, comment) {
        (None, None) => Box::default(),
        (Some(context), None) => context.into(),
        (context, Some(comment)) => {
            let read = |text: String| match super::context("", &text) {
                Ok(Item::Map(map)) => map,
                _ => Map::new(),
            };
            let mut map = context.map(read).unwrap_or_default();
            map.set("comment", Node::unplaced(Item::string(comment)));
            Item::Map(map).to_string().into()
        }
    }
}

/// The tables of a family.
struct Tables {
    version: u8,
    other: u8,
}

impl Tables {
    fn add(&self, database: &mut Database, row: &HostRow, unique: bool) -> Result<Written, Error> {
        if let Some(taken) = self.taken(database, row, unique, None)? {
            return Ok(Written::Taken(taken));
        }
        let Self { version, other } = self;
        let columns = self.columns();
        let fixed: &[(&str, &str)] = match version {
            4 => &[],
            _ => &[
                ("dhcp4_next_server", "0"),
                ("dhcp4_server_hostname", "''"),
                ("dhcp4_boot_file_name", "''"),
            ],
        };
        let names: Vec<&str> =
            columns.iter().map(|name| &**name).chain(fixed.iter().map(|(name, _)| *name)).collect();
        let marks = columns.iter().map(|_| "?").chain(fixed.iter().map(|(_, value)| *value));
        let (names, marks) = (names.join(", "), marks.collect::<Vec<_>>().join(", "));
        let insert = format!(
            "INSERT INTO hosts (dhcp_identifier, dhcp_identifier_type, dhcp{version}_subnet_id, \
             dhcp{other}_client_classes, {names}) VALUES (?, ?, ?, '', {marks})"
        );
        let mut values =
            vec![Value::Octets(row.identifier.to_vec()), row.kind.into(), row.subnet.into()];
        values.extend(self.values(row));
        let id = match database.kind() {
            DatabaseKind::Postgresql => {
                database.query(&format!("{insert} RETURNING host_id"), &values)?
            }
            DatabaseKind::Mysql => {
                database.execute(&insert, &values)?;
                database.query("SELECT LAST_INSERT_ID()", &[])?
            }
        };
        let id = id.first().and_then(|row| row.integer(0)).unwrap_or(0);
        self.add_parts(database, id, row)?;
        Ok(Written::Done(vec![id]))
    }

    fn replace(
        &self,
        database: &mut Database,
        row: &HostRow,
        unique: bool,
    ) -> Result<Written, Error> {
        let Some(id) = self.of_client(database, row)?.first().copied() else {
            return Ok(Written::NotFound);
        };
        if let Some(taken) = self.taken(database, row, unique, Some(id))? {
            return Ok(Written::Taken(taken));
        }
        let columns =
            self.columns().iter().map(|name| format!("{name} = ?")).collect::<Vec<_>>().join(", ");
        let mut values = self.values(row);
        values.push(id.into());
        database.execute(&format!("UPDATE hosts SET {columns} WHERE host_id = ?"), &values)?;
        self.remove_parts(database, id)?;
        self.add_parts(database, id, row)?;
        Ok(Written::Done(vec![id]))
    }

    fn remove(
        &self,
        database: &mut Database,
        subnet: Option<SubnetId>,
        which: &Which,
    ) -> Result<Written, Error> {
        let Self { version, other } = self;
        let number = Value::from(subnet.map_or(0, |subnet| subnet.0));
        let hosts = match which {
            Which::Client(kind, identifier) => {
                let row = HostRow {
                    subnet: subnet.map_or(0, |subnet| subnet.0),
                    kind: *kind as i64,
                    identifier: identifier.clone(),
                    ..HostRow::default()
                };
                self.of_client(database, &row)?
            }
            Which::Address(IpAddr::V4(address)) => {
                ids(database, BY_ADDRESS4, &[number, address.to_bits().into()])?
            }
            Which::Address(IpAddr::V6(address)) => {
                ids(database, BY_ADDRESS6, &[number, address.to_string().into()])?
            }
        };
        for host in &hosts {
            self.remove_parts(database, *host)?;
            let shared = format!(
                "SELECT host_id FROM hosts WHERE host_id = ? AND dhcp{other}_subnet_id IS NOT NULL"
            );
            if ids(database, &shared, &[(*host).into()])?.is_empty() {
                database.execute("DELETE FROM hosts WHERE host_id = ?", &[(*host).into()])?;
                continue;
            }
            // What the row says for the other protocol stays.
            let address = if *version == 4 { "ipv4_address = NULL, " } else { "" };
            let trim = format!(
                "UPDATE hosts SET {address}dhcp{version}_subnet_id = NULL, \
                 dhcp{version}_client_classes = '' WHERE host_id = ?"
            );
            database.execute(&trim, &[(*host).into()])?;
        }
        Ok(if hosts.is_empty() { Written::NotFound } else { Written::Done(hosts) })
    }

    /// What another host than `own` has already.
    fn taken(
        &self,
        database: &mut Database,
        row: &HostRow,
        unique: bool,
        own: Option<i64>,
    ) -> Result<Option<Taken>, Error> {
        if own.is_none()
            && let Some(host) = self.of_client(database, row)?.first()
        {
            return Ok(Some(Taken::Client(*host)));
        }
        // As in the configuration file, where global reservations may share an address.
        if !unique || row.subnet == 0 {
            return Ok(None);
        }
        for (shown, statement, values) in row.conditions() {
            let hosts = ids(database, statement, &values)?;
            if let Some(host) = hosts.into_iter().find(|host| Some(*host) != own) {
                return Ok(Some(Taken::Address(shown, host)));
            }
        }
        Ok(None)
    }

    /// Numbers of the hosts of the row's client in its subnet, ascending.
    fn of_client(&self, database: &mut Database, row: &HostRow) -> Result<Vec<i64>, Error> {
        let version = self.version;
        let statement = format!(
            "SELECT host_id FROM hosts WHERE dhcp{version}_subnet_id = ? AND dhcp_identifier_type = ? \
             AND dhcp_identifier = ? ORDER BY host_id"
        );
        let identifier = Value::Octets(row.identifier.to_vec());
        ids(database, &statement, &[row.subnet.into(), row.kind.into(), identifier])
    }

    /// The columns that a reservation of the family fills, besides those that say whose it is.
    fn columns(&self) -> Vec<String> {
        let version = self.version;
        let mut columns = vec!["hostname".to_owned(), "user_context".to_owned()];
        columns.push(format!("dhcp{version}_client_classes"));
        if version == 4 {
            let own = [
                "ipv4_address",
                "dhcp4_next_server",
                "dhcp4_server_hostname",
                "dhcp4_boot_file_name",
            ];
            columns.extend(own.map(str::to_owned));
        }
        columns
    }

    /// What goes there: texts that are not given are empty, as Kea has it.
    fn values(&self, row: &HostRow) -> Vec<Value> {
        let mut values =
            vec![row.hostname.clone().into(), some(&row.user_context), row.classes.clone().into()];
        if let Some(only) = &row.only_v4 {
            let address = Some(only.address).filter(|address| *address != 0);
            values.extend([
                address.into(),
                only.next_server.into(),
                only.server_hostname.clone().into(),
                only.boot_file_name.clone().into(),
            ]);
        }
        values
    }

    fn remove_parts(&self, database: &mut Database, host: i64) -> Result<(), Error> {
        let mut tables = vec![option_table(self.version == 4)];
        if self.version == 6 {
            tables.push("ipv6_reservations");
        }
        for table in tables {
            let delete = format!("DELETE FROM {table} WHERE host_id = ?");
            database.execute(&delete, &[host.into()])?;
        }
        Ok(())
    }

    fn add_parts(&self, database: &mut Database, host: i64, row: &HostRow) -> Result<(), Error> {
        for Address6 { address, prefix_len, kind } in &row.addresses {
            let insert = "INSERT INTO ipv6_reservations (address, prefix_len, type, host_id) \
                          VALUES (?, ?, ?, ?)";
            let address = Value::from(address.clone());
            let values = [address, (*prefix_len).into(), (*kind).into(), host.into()];
            database.execute(insert, &values)?;
        }
        let insert = format!(
            "INSERT INTO {} (code, value, formatted_value, space, persistent, user_context, \
             host_id, scope_id) VALUES (?, ?, ?, ?, ?, ?, ?, {HOST_SCOPE})",
            option_table(self.version == 4)
        );
        for option in &row.options {
            let value = Some(&option.value[..]).filter(|value| !value.is_empty());
            let values = [
                option.code.into(),
                value.into(),
                some(&option.formatted),
                some(&option.space),
                option.always.into(),
                some(&option.user_context),
                host.into(),
            ];
            database.execute(&insert, &values)?;
        }
        Ok(())
    }
}

fn ids(database: &mut Database, statement: &str, values: &[Value]) -> Result<Vec<i64>, Error> {
    let rows = database.query(statement, values)?;
    Ok(rows.iter().filter_map(|row| row.integer(0)).collect())
}

fn some(text: &str) -> Value {
    Some(text).filter(|text| !text.is_empty()).into()
}

const BY_ADDRESS4: &str =
    "SELECT host_id FROM hosts WHERE dhcp4_subnet_id = ? AND ipv4_address = ? ORDER BY host_id";
const BY_ADDRESS6: &str = "SELECT DISTINCT h.host_id FROM hosts h \
                           JOIN ipv6_reservations r ON r.host_id = h.host_id \
                           WHERE h.dhcp6_subnet_id = ? AND r.address = ? ORDER BY h.host_id";
const BY_RESERVED6: &str = "SELECT h.host_id FROM hosts h \
                            JOIN ipv6_reservations r ON r.host_id = h.host_id \
                            WHERE h.dhcp6_subnet_id = ? AND r.address = ? AND r.prefix_len = ? \
                            AND r.type = ? ORDER BY h.host_id";
/// What says that an option is of a host.
const HOST_SCOPE: u8 = 3;
/// What names and lists of classes have room for.
const MAX_TEXT: usize = 255;
/// How often others may be in the way.
const ATTEMPTS: u32 = 5;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kea_config::Document;
    use kea_config::document::NoIncludes;
    use kea_config::snapshot::Snapshot;
    use kea_wire::{V4, V6};

    use super::*;

    /// The row of a reservation in subnet 1, or why there is none.
    fn row<F: Dialect>(text: &str) -> Result<HostRow, String> {
        let prefix = if F::VERSION == 4 { "192.0.2.0/24" } else { "2001:db8::/32" };
        let config = format!(
            r#"{{ "Dhcp{0}": {{ "subnet{0}": [ {{ "id": 1, "subnet": "{prefix}" }} ] }} }}"#,
            F::VERSION
        );
        let document = |text: &str| Document::parse("", text.as_bytes(), &NoIncludes).unwrap().0;
        let mut config: Snapshot<F> = kea_config::load(&Arc::new(document(&config))).unwrap().0;
        let given = document(text);
        let host = config.reservation_reader().read(Some(SubnetId(1)), given.root()).unwrap();
        HostRow::of(&host, given.root().as_map().unwrap(), &config.definitions)
            .map_err(|fault| fault.to_string())
    }

    #[test]
    fn a_row_says_what_the_reservation_says() {
        for (v4, given, back) in [
            (
                true,
                r#"{ "hw-address": "02:00:00:00:00:01", "ip-address": "192.0.2.7",
                     "next-server": "192.0.2.1", "hostname": "Desk", "server-hostname": "boots",
                     "boot-file-name": "/file", "client-classes": [ "vip", "slow" ], "comment": "why",
                     "option-data": [
                        { "name": "routers", "data": "192.0.2.1", "always-send": true },
                        { "code": 6, "csv-format": false, "data": "c0:00:02:35" },
                        { "code": 222, "data": "01ff", "comment": "own", "user-context": { "a": 1 } } ] }"#,
                r#"{ "hw-address": "020000000001", "ip-address": "192.0.2.7", "next-server": "192.0.2.1", "hostname": "Desk", "server-hostname": "boots", "boot-file-name": "/file", "client-classes": [ "vip", "slow" ], "option-data": [ { "code": 3, "space": "dhcp4", "csv-format": true, "data": "192.0.2.1", "always-send": true }, { "code": 6, "space": "dhcp4", "csv-format": false, "data": "C0000235" }, { "code": 222, "space": "dhcp4", "csv-format": false, "data": "01FF", "user-context": { "a": 1, "comment": "own" } } ], "user-context": { "comment": "why" } }"#,
            ),
            (
                false,
                r#"{ "duid": "00:03", "ip-addresses": [ "2001:DB8:1::0:1" ], "prefixes": [ "2001:db8:2::/48" ],
                     "option-data": [ { "space": "vendor-4491", "name": "tftp-servers", "data": "3000:1::234" } ] }"#,
                r#"{ "duid": "0003", "ip-addresses": [ "2001:db8:1::1" ], "prefixes": [ "2001:db8:2::/48" ], "option-data": [ { "code": 32, "space": "vendor-4491", "csv-format": true, "data": "3000:1::234" } ] }"#,
            ),
            (true, r#"{ "flex-id": "'port'" }"#, r#"{ "flex-id": "706F7274" }"#),
        ] {
            let row = if v4 { row::<V4>(given) } else { row::<V6>(given) }.unwrap();
            assert_eq!(row.subnet(), Some(SubnetId(1)));
            assert_eq!(row.map().unwrap().value.to_string(), back);
        }
    }

    #[test]
    fn what_the_tables_have_no_room_for_is_told() {
        let long = format!(r#"{{ "hw-address": "01", "hostname": "{}" }}"#, "a".repeat(256));
        let data = "00".repeat(4097);
        let option = format!(
            r#"{{ "hw-address": "01", "option-data": [ {{ "code": 222, "data": "{data}" }} ] }}"#
        );
        for (given, why) in [
            (&*long, "table hosts: 'hostname' has 256 characters; there is room for 255"),
            (&*option, "table dhcp4_options: option 222 has more than 4096 octets"),
            (
                r#"{ "hw-address": "01", "option-data": [ { "name": "routers", "never-send": true } ] }"#,
                "table dhcp4_options: there is no column for 'never-send' of option 3",
            ),
        ] {
            assert_eq!(row::<V4>(given).unwrap_err(), why);
        }
        let excluded = r#"{ "duid": "0003", "prefixes": [ "2001:db8:2::/48" ],
                            "excluded-prefixes": [ "2001:db8:2:1::/64" ] }"#;
        assert_eq!(
            row::<V6>(excluded).unwrap_err(),
            "table ipv6_reservations: there is no column for 'excluded-prefixes'"
        );
    }
}
