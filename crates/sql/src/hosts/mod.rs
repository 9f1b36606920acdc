//! Reservations in the tables of hosts, as Kea's schema has them.
//!
//! Hosts are read in stretches of their numbers, so that a change of few costs little: [`prints`] tells in
//! one look which stretches are not what they were, and [`read`] reads those. [`write()`] changes one.

mod change;

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

use kea_config::Document;
use kea_config::document::{Map, NoIncludes, Node, Value as Item};
use kea_config::snapshot::{DatabaseKind, IdentifierKind};
use kea_lease::SubnetId;
use kea_wire::Hex;

use crate::database::Database;
use crate::error::Error;
use crate::value::{Row, Value};

pub use self::change::{Taken, Which, Write, Written, write};

/// How many numbers of hosts a stretch has.
pub const STRETCH: i64 = 1024;

/// What tells a stretch of hosts from what it was: rows of each table, and a sum over them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Print(Vec<(i64, i64, String)>);

/// A host as the tables have it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HostRow {
    /// Its number: `host_id`.
    pub id: i64,
    subnet: u32,
    kind: i64,
    identifier: Box<[u8]>,
    hostname: Box<str>,
    classes: Box<str>,
    user_context: Box<str>,
    is_v4: bool,
    only_v4: Option<Box<Only4>>,
    addresses: Box<[Address6]>,
    options: Box<[OptionRow]>,
}

/// What only DHCPv4 has.
#[derive(Clone, Debug, Default, PartialEq)]
struct Only4 {
    address: u32,
    next_server: u32,
    server_hostname: Box<str>,
    boot_file_name: Box<str>,
}

/// A row of `ipv6_reservations`.
#[derive(Clone, Debug, PartialEq)]
struct Address6 {
    address: Box<str>,
    prefix_len: i64,
    kind: i64,
}

/// A row of `dhcp4_options` or `dhcp6_options`.
#[derive(Clone, Debug, PartialEq)]
struct OptionRow {
    code: i64,
    value: Box<[u8]>,
    formatted: Box<str>,
    space: Box<str>,
    always: bool,
    user_context: Box<str>,
}

/// Why a row cannot be a reservation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowFault {
    /// The table.
    pub table: &'static str,
    /// What is wrong.
    pub why: String,
}

impl fmt::Display for RowFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "table {}: {}", self.table, self.why)
    }
}

/// Makes sure that reservations can be written, as Kea does unless `readonly` is set. Of PostgreSQL it does
/// not learn that by preparing its statements, and serves all the same.
///
/// # Errors
/// What the database says, when they cannot.
pub fn check_writable(database: &mut Database) -> Result<(), Error> {
    if database.kind() == DatabaseKind::Postgresql {
        return Ok(());
    }
    let nothing = "INSERT INTO hosts (dhcp_identifier, dhcp_identifier_type) \
                   SELECT dhcp_identifier, dhcp_identifier_type FROM hosts WHERE 1 = 0";
    database.execute(nothing, &[]).map(drop)
}

/// What tells each stretch of a family's hosts from what it was, by its number: all of them, or those with
/// these numbers of hosts.
///
/// # Errors
/// As [`Database::query`].
pub fn prints(
    database: &mut Database,
    version: u8,
    numbers: Option<RangeInclusive<i64>>,
) -> Result<BTreeMap<i64, Print>, Error> {
    let mut prints: BTreeMap<i64, Print> = BTreeMap::new();
    let tables = prints_tables(version);
    let text = prints_text(database.kind(), &tables, numbers.is_some());
    let bounds = numbers.map(|numbers| [*numbers.start(), *numbers.end()].map(Value::Integer));
    let values = bounds.map_or_else(Vec::new, |bounds| vec![bounds; tables.len()].concat());
    for row in database.query(&text, &values)? {
        let Some([table, stretch, rows]) = integers(&row, [0, 1, 2]) else { continue };
        let sum = row.text(3).unwrap_or_default().to_owned();
        prints.entry(stretch).or_default().0.push((table, rows, sum));
    }
    for print in prints.values_mut() {
        print.0.sort();
    }
    Ok(prints)
}

/// The hosts of a family with these numbers, ascending.
///
/// # Errors
/// As [`Database::query`].
pub fn read(
    database: &mut Database,
    version: u8,
    numbers: RangeInclusive<i64>,
) -> Result<Vec<HostRow>, Error> {
    let bounds = [Value::Integer(*numbers.start()), Value::Integer(*numbers.end())];
    let mut options: HashMap<i64, Vec<OptionRow>> = HashMap::new();
    database.query_each(&options_text(version), &bounds, &mut |row| {
        if let (Some(host), Some(option)) = (row.integer(0), option(&row)) {
            options.entry(host).or_default().push(option);
        }
    })?;
    let mut addresses: HashMap<i64, Vec<Address6>> = HashMap::new();
    if version == 6 {
        database.query_each(ADDRESSES, &bounds, &mut |row| {
            if let (Some(host), Some(address)) = (row.integer(0), address(&row)) {
                addresses.entry(host).or_default().push(address);
            }
        })?;
    }
    let mut hosts = Vec::new();
    database.query_each(&hosts_text(version), &bounds, &mut |row| {
        if let Some(mut host) = host(&row, version) {
            host.options = options.remove(&host.id).unwrap_or_default().into();
            host.addresses = addresses.remove(&host.id).unwrap_or_default().into();
            hosts.push(host);
        }
    })?;
    Ok(hosts)
}

impl HostRow {
    /// The subnet; `None` for a global reservation, which has the number 0 in databases.
    pub fn subnet(&self) -> Option<SubnetId> {
        (self.subnet != 0).then_some(SubnetId(self.subnet))
    }

    /// The map that would stand for it in `reservations` of the configuration file.
    ///
    /// # Errors
    /// What of it cannot be said there.
    pub fn map(&self) -> Result<Node, RowFault> {
        let mut map = Map::new();
        let mut set = |name: &str, value: Item| map.set(name, Node::unplaced(value));
        let kind = self.identifier_kind();
        let kind = kind.ok_or_else(|| of_host(format!("no identifier type {}", self.kind)))?;
        set(kind.name(), Item::string(&Hex(&self.identifier).to_string()));
        let texts = [("hostname", &self.hostname)];
        let mut texts: Vec<(&str, &str)> = texts.map(|(name, text)| (name, &**text)).to_vec();
        if let Some(only) = &self.only_v4 {
            texts.push(("server-hostname", &only.server_hostname));
            texts.push(("boot-file-name", &only.boot_file_name));
            for (name, number) in [("ip-address", only.address), ("next-server", only.next_server)]
            {
                if number != 0 {
                    set(name, Item::string(&Ipv4Addr::from_bits(number).to_string()));
                }
            }
        }
        for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
            set(name, Item::string(text));
        }
        let classes = self.classes.split(',').map(str::trim).filter(|name| !name.is_empty());
        let lists = [
            ("client-classes", classes.map(text_node).collect()),
            ("ip-addresses", self.reserved(0)?),
            ("prefixes", self.reserved(2)?),
            ("option-data", self.options()?),
        ];
        for (name, list) in lists.into_iter().filter(|(_, list): &(_, Vec<Node>)| !list.is_empty())
        {
            set(name, Item::List(list));
        }
        if !self.user_context.trim().is_empty() {
            set("user-context", context("hosts", &self.user_context)?);
        }
        Ok(Node::unplaced(Item::Map(map)))
    }

    /// True when it is of this client.
    pub fn is_of(&self, kind: IdentifierKind, identifier: &[u8]) -> bool {
        self.identifier_kind() == Some(kind) && *self.identifier == *identifier
    }

    /// The reserved name; empty if none.
    pub fn hostname(&self) -> &str {
        &self.hostname
    }

    /// True when it sets this address aside, or a prefix that begins with it.
    pub fn reserves(&self, address: IpAddr) -> bool {
        match address {
            IpAddr::V4(address) => {
                self.only_v4.as_ref().is_some_and(|only| only.address == address.to_bits())
            }
            IpAddr::V6(address) => {
                let mut reserved = self.addresses.iter();
                reserved.any(|reserved| reserved.address.trim().parse() == Ok(address))
            }
        }
    }

    fn identifier_kind(&self) -> Option<IdentifierKind> {
        IdentifierKind::ALL.get(usize::try_from(self.kind).ok()?).copied()
    }

    fn options(&self) -> Result<Vec<Node>, RowFault> {
        let table = option_table(self.is_v4);
        let too_long = |option: &OptionRow| {
            let why = format!("option {} has more than {MAX_OPTION} octets", option.code);
            RowFault { table, why }
        };
        let node = |option: &OptionRow| match option.value.len().max(option.formatted.len()) {
            len if len > MAX_OPTION => Err(too_long(option)),
            _ => option.node(table),
        };
        self.options.iter().map(node).collect()
    }

    /// The addresses (0) or prefixes (2) of DHCPv6.
    fn reserved(&self, kind: i64) -> Result<Vec<Node>, RowFault> {
        let fault = |why: String| RowFault { table: "ipv6_reservations", why };
        let mut nodes = Vec::new();
        for reserved in &self.addresses {
            let Address6 { address, prefix_len, kind: own } = reserved;
            let parsed: Result<Ipv6Addr, _> = address.trim().parse();
            let parsed =
                parsed.map_err(|_| fault(format!("'{address}' is not an IPv6 address")))?;
            match own {
                0 if *prefix_len != 128 => {
                    return Err(fault(format!("address {address} has prefix_len {prefix_len}")));
                }
                0 | 2 if *own != kind => {}
                0 => nodes.push(text_node(&parsed.to_string())),
                2 => nodes.push(text_node(&format!("{parsed}/{prefix_len}"))),
                _ => return Err(fault(format!("no reservation type {own}"))),
            }
        }
        Ok(nodes)
    }
}

impl OptionRow {
    fn node(&self, table: &'static str) -> Result<Node, RowFault> {
        let mut map = Map::new();
        let mut set = |name: &str, value: Item| map.set(name, Node::unplaced(value));
        set("code", Item::Integer(self.code));
        if !self.space.is_empty() {
            set("space", Item::string(&self.space));
        }
        let is_formatted = !self.formatted.is_empty();
        set("csv-format", Item::Boolean(is_formatted));
        let data = if is_formatted {
            Item::string(&self.formatted)
        } else {
            Item::string(&Hex(&self.value).to_string())
        };
        set("data", data);
        if self.always {
            set("always-send", Item::Boolean(true));
        }
        if !self.user_context.trim().is_empty() {
            set("user-context", context(table, &self.user_context)?);
        }
        Ok(Node::unplaced(Item::Map(map)))
    }
}

fn option_table(is_v4: bool) -> &'static str {
    if is_v4 { "dhcp4_options" } else { "dhcp6_options" }
}

fn of_host(why: String) -> RowFault {
    RowFault { table: "hosts", why }
}

fn text_node(text: &str) -> Node {
    Node::unplaced(Item::string(text))
}

/// A user context: the text of a JSON map.
fn context(table: &'static str, text: &str) -> Result<Item, RowFault> {
    let fault = |why| RowFault { table, why };
    let parsed = Document::parse("user_context", text.as_bytes(), &NoIncludes);
    match parsed {
        Ok((document, _)) if document.root().as_map().is_some() => {
            Ok(document.root().value.clone())
        }
        Ok(_) => Err(fault("the user context is not a map".to_owned())),
        Err(problems) => {
            let why = problems.first_error().unwrap_or_default();
            Err(fault(format!("the user context cannot be read: {why}")))
        }
    }
}

fn host(row: &Row, version: u8) -> Option<HostRow> {
    let text = |column| row.text(column).unwrap_or_default().into();
    let number = |column| row.number(column).unwrap_or(0);
    let only_v4 = (version == 4).then(|| Only4 {
        address: number(7),
        next_server: number(8),
        server_hostname: text(9),
        boot_file_name: text(10),
    });
    Some(HostRow {
        id: row.integer(0)?,
        identifier: row.octets(1)?.into(),
        kind: row.integer(2)?,
        subnet: row.number(3)?,
        hostname: text(4),
        classes: text(5),
        user_context: text(6),
        is_v4: version == 4,
        only_v4: only_v4.filter(|only| *only != Only4::default()).map(Box::new),
        addresses: Box::default(),
        options: Box::default(),
    })
}

fn option(row: &Row) -> Option<OptionRow> {
    Some(OptionRow {
        code: row.integer(1)?,
        value: row.octets(2).unwrap_or_default().into(),
        formatted: row.text(3).unwrap_or_default().into(),
        space: row.text(4).unwrap_or_default().into(),
        always: row.boolean(5).unwrap_or(false),
        user_context: row.text(6).unwrap_or_default().into(),
    })
}

fn address(row: &Row) -> Option<Address6> {
    Some(Address6 {
        address: row.text(1)?.into(),
        prefix_len: row.integer(2)?,
        kind: row.integer(3)?,
    })
}

fn integers<const N: usize>(row: &Row, columns: [usize; N]) -> Option<[i64; N]> {
    let mut found = [0; N];
    for (found, column) in found.iter_mut().zip(columns) {
        *found = row.integer(column)?;
    }
    Some(found)
}

/// The most that Kea keeps of an option of a host.
const MAX_OPTION: usize = 4096;

/// Columns of `hosts`; those of DHCPv4 alone are the last.
fn host_columns(version: u8) -> Vec<&'static str> {
    let own: &[&str] = if version == 4 {
        &[
            "dhcp4_subnet_id",
            "hostname",
            "dhcp4_client_classes",
            "user_context",
            "ipv4_address",
            "dhcp4_next_server",
            "dhcp4_server_hostname",
            "dhcp4_boot_file_name",
        ]
    } else {
        &["dhcp6_subnet_id", "hostname", "dhcp6_client_classes", "user_context"]
    };
    ["host_id", "dhcp_identifier", "dhcp_identifier_type"].iter().chain(own).copied().collect()
}

const OPTION_COLUMNS: [&str; 7] =
    ["host_id", "code", "value", "formatted_value", "space", "persistent", "user_context"];
const ADDRESS_COLUMNS: [&str; 4] = ["host_id", "address", "prefix_len", "type"];
const ADDRESSES: &str = "SELECT host_id, address, prefix_len, type FROM ipv6_reservations \
                         WHERE host_id BETWEEN ? AND ? ORDER BY reservation_id";

fn hosts_text(version: u8) -> String {
    let columns = host_columns(version).join(", ");
    format!(
        "SELECT {columns} FROM hosts WHERE dhcp{version}_subnet_id IS NOT NULL \
         AND host_id BETWEEN ? AND ? ORDER BY host_id"
    )
}

fn options_text(version: u8) -> String {
    let columns = OPTION_COLUMNS.join(", ");
    format!(
        "SELECT {columns} FROM dhcp{version}_options WHERE host_id BETWEEN ? AND ? \
         ORDER BY option_id"
    )
}

/// The tables of a family, with the columns that count, and the one without which a row is not the family's.
fn prints_tables(version: u8) -> Vec<(&'static str, Vec<&'static str>, &'static str)> {
    let of_hosts = if version == 4 { "dhcp4_subnet_id" } else { "dhcp6_subnet_id" };
    let mut tables = vec![
        ("hosts", host_columns(version), of_hosts),
        (option_table(version == 4), OPTION_COLUMNS.to_vec(), "host_id"),
    ];
    if version == 6 {
        tables.push(("ipv6_reservations", ADDRESS_COLUMNS.to_vec(), "host_id"));
    }
    tables
}

/// Of each table and stretch how many rows it has, and a sum of a hash of each.
fn prints_text(kind: DatabaseKind, tables: &[(&str, Vec<&str>, &str)], of_some: bool) -> String {
    let some = if of_some { " AND host_id BETWEEN ? AND ?" } else { "" };
    let parts = tables.iter().enumerate().map(|(number, (table, columns, needed))| {
        let sum = match kind {
            DatabaseKind::Mysql => {
                let values = columns.iter().map(|column| format!("QUOTE({column})"));
                let row = values.collect::<Vec<_>>().join(", ");
                format!(
                    "CAST(SUM(CAST(CONV(LEFT(MD5(CONCAT_WS(',', {row})), 15), 16, 10) AS UNSIGNED)) \
                     AS CHAR)"
                )
            }
            DatabaseKind::Postgresql => {
                let row = columns.join(", ");
                format!("CAST(SUM(hashtextextended(CAST(ROW({row}) AS TEXT), 0)) AS TEXT)")
            }
        };
        let stretch = match kind {
            DatabaseKind::Mysql => format!("host_id DIV {STRETCH}"),
            DatabaseKind::Postgresql => format!("host_id / {STRETCH}"),
        };
        format!(
            "SELECT {number} AS part, {stretch} AS stretch, COUNT(*) AS number, {sum} AS sum \
             FROM {table} WHERE {needed} IS NOT NULL{some} GROUP BY {stretch}"
        )
    });
    parts.collect::<Vec<_>>().join(" UNION ALL ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(values: &[Value]) -> Row {
        Row::new(values.to_vec())
    }

    fn text(text: &str) -> Value {
        Value::Text(text.to_owned())
    }

    fn shown(host: &HostRow) -> String {
        host.map().unwrap().value.to_string()
    }

    #[test]
    fn a_host_of_dhcpv4_reads_as_in_the_configuration_file() {
        let octets = |octets: &[u8]| Value::Octets(octets.to_vec());
        let values = [
            Value::Integer(7),
            octets(&[2, 0, 0, 0, 0, 1]),
            Value::Integer(0),
            Value::Integer(5),
            text("desk"),
            text("vip, slow"),
            text(r#"{ "floor": 4 }"#),
            Value::Integer(0xc000_0207),
            Value::Integer(0xc000_0201),
            text("boots"),
            text("/file"),
        ];
        let mut read = host(&row(&values), 4).unwrap();
        assert_eq!((read.id, read.subnet()), (7, Some(SubnetId(5))));
        let options = [
            [Value::Integer(7), Value::Integer(3), Value::Null, text("192.0.2.1"), Value::Null]
                .to_vec(),
            [Value::Integer(7), Value::Integer(222), octets(&[1, 2]), text(""), text("dhcp4")]
                .to_vec(),
        ];
        read.options = options
            .into_iter()
            .zip([false, true])
            .map(|(mut values, always)| {
                values.push(Value::Boolean(always));
                values.push(if always { text(r#"{ "why": 7 }"#) } else { Value::Null });
                option(&Row::new(values)).unwrap()
            })
            .collect();
        assert_eq!(
            shown(&read),
            r#"{ "hw-address": "020000000001", "ip-address": "192.0.2.7", "next-server": "192.0.2.1", "hostname": "desk", "server-hostname": "boots", "boot-file-name": "/file", "client-classes": [ "vip", "slow" ], "option-data": [ { "code": 3, "csv-format": true, "data": "192.0.2.1" }, { "code": 222, "space": "dhcp4", "csv-format": false, "data": "0102", "always-send": true, "user-context": { "why": 7 } } ], "user-context": { "floor": 4 } }"#
        );
        let bare = [Value::Integer(8), octets(&[1]), Value::Integer(3), Value::Integer(0)];
        let bare = host(&row(&bare), 4).unwrap();
        assert_eq!((bare.subnet(), &*shown(&bare)), (None, r#"{ "client-id": "01" }"#));
    }

    #[test]
    fn addresses_and_prefixes_of_dhcpv6_are_told_apart() {
        let reserved = |address: &str, prefix_len, kind| Address6 {
            address: address.into(),
            prefix_len,
            kind,
        };
        let host = |addresses: &[Address6]| HostRow {
            kind: 1,
            identifier: [0, 3].into(),
            addresses: addresses.into(),
            ..HostRow::default()
        };
        let both = host(&[reserved("2001:db8:1::1", 128, 0), reserved("2001:db8:2::", 48, 2)]);
        assert_eq!(
            shown(&both),
            r#"{ "duid": "0003", "ip-addresses": [ "2001:db8:1::1" ], "prefixes": [ "2001:db8:2::/48" ] }"#
        );
        for (address, prefix_len, kind, why) in [
            ("2001:db8:1::x", 128, 0, "'2001:db8:1::x' is not an IPv6 address"),
            ("2001:db8:1::1", 64, 0, "address 2001:db8:1::1 has prefix_len 64"),
            ("2001:db8:1::1", 128, 1, "no reservation type 1"),
        ] {
            let fault = host(&[reserved(address, prefix_len, kind)]).map().unwrap_err();
            assert_eq!(fault.to_string(), format!("table ipv6_reservations: {why}"));
        }
    }

    #[test]
    fn what_the_file_could_not_say_is_told() {
        let strange = HostRow { kind: 9, ..HostRow::default() };
        assert_eq!(strange.map().unwrap_err().to_string(), "table hosts: no identifier type 9");
        let long = OptionRow {
            code: 222,
            value: [0; MAX_OPTION + 1].into(),
            formatted: "".into(),
            space: "".into(),
            always: false,
            user_context: "".into(),
        };
        let much = HostRow { options: [long].into(), is_v4: true, ..HostRow::default() };
        assert_eq!(
            much.map().unwrap_err().to_string(),
            "table dhcp4_options: option 222 has more than 4096 octets"
        );
        let broken = HostRow { user_context: "[ 1 ]".into(), ..HostRow::default() };
        assert_eq!(
            broken.map().unwrap_err().to_string(),
            "table hosts: the user context is not a map"
        );
    }
}
