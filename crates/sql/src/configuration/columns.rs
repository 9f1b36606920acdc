//! Which columns say what, and how they are read. All are read as text: so both databases give the same.

use kea_config::document::{Document, Map, NoIncludes, Node, Value};
use kea_config::snapshot::DatabaseKind;

/// One column that is one key of the configuration.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    /// Its name, and that of the key with `-` for `_`.
    name: &'static str,
    /// Its name in PostgreSQL, where that cannot begin with a digit.
    postgresql: Option<&'static str>,
    key: Option<&'static str>,
    kind: Kind,
    /// The family that has it, if it is not both.
    only: Option<u8>,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text, of which the empty one says something.
    Text,
    /// Text, of which the empty one says nothing.
    Name,
    Integer,
    Boolean,
    Real,
    /// An address: a number in MySQL's tables of DHCPv4.
    Address,
    /// Octets that are text.
    Octets,
    /// Any JSON map.
    Json,
    /// A JSON list of texts.
    Texts,
    /// A JSON list of addresses of relays.
    Relays,
    /// One of the words of `ddns-replace-client-name`, by its number.
    Replace,
}

impl Column {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Column { name, postgresql: None, key: None, kind, only: None }
    }

    const fn of(mut self, family: u8) -> Self {
        self.only = Some(family);
        self
    }

    const fn key(mut self, key: &'static str) -> Self {
        self.key = Some(key);
        self
    }

    const fn in_postgresql(mut self, name: &'static str) -> Self {
        self.postgresql = Some(name);
        self
    }

    /// The expression that gives it as text.
    pub(super) fn expression(&self, table: &str, kind: DatabaseKind, family: u8) -> String {
        let name = match (kind, self.postgresql) {
            (DatabaseKind::Postgresql, Some(name)) => name,
            _ => self.name,
        };
        let column = format!("{table}.{name}");
        match (kind, self.kind) {
            (DatabaseKind::Mysql, Address) if family == 4 => format!("INET_NTOA({column})"),
            (DatabaseKind::Postgresql, Address) => format!("HOST({column})"),
            (DatabaseKind::Mysql, Octets) => format!("HEX({column})"),
            (DatabaseKind::Postgresql, Octets) => format!("ENCODE({column}, 'hex')"),
            (DatabaseKind::Mysql, _) => format!("CAST({column} AS CHAR)"),
            (DatabaseKind::Postgresql, _) => format!("CAST({column} AS TEXT)"),
        }
    }

    pub(super) fn key_name(&self) -> String {
        self.key.map_or_else(|| self.name.replace('_', "-"), str::to_owned)
    }

    pub(super) fn name(&self) -> &'static str {
        self.name
    }

    /// What the configuration says where the column says `text`; nothing, when that says nothing.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn value(&self, text: &str) -> Result<Option<Value>, String> {
        value(self.kind, text)
    }
}

pub(super) fn value(kind: Kind, text: &str) -> Result<Option<Value>, String> {
    let is_empty = text.is_empty();
    Ok(Some(match kind {
        Text | Address => Value::string(text),
        Name | Json | Texts | Relays if is_empty => return Ok(None),
        Name => Value::string(text),
        Integer => Value::Integer(text.parse().map_err(|_| format!("'{text}' is no integer"))?),
        Boolean => Value::Boolean(match text {
            "1" | "true" | "t" => true,
            "0" | "false" | "f" => false,
            _ => return Err(format!("'{text}' is neither true nor false")),
        }),
        Real => Value::Float(text.parse().map_err(|_| format!("'{text}' is no number"))?),
        Octets => Value::string(&octets(text)?),
        Json => match json(text)? {
            map @ Value::Map(_) => map,
            Value::Null => return Ok(None),
            other => return Err(format!("it must hold a map, not {}", other.kind())),
        },
        Texts => list(text)?,
        Relays => {
            let mut relay = Map::new();
            relay.set("ip-addresses", Node::unplaced(list(text)?));
            Value::Map(relay)
        }
        Replace => {
            let number: usize = text.parse().map_err(|_| format!("'{text}' is no number"))?;
            let word = REPLACE.get(number).ok_or_else(|| format!("{number} is none of 0 to 3"))?;
            Value::string(word)
        }
    }))
}

/// JSON of a column.
pub(super) fn json(text: &str) -> Result<Value, String> {
    match Document::parse("", text.as_bytes(), &NoIncludes) {
        Ok((document, _)) => Ok(unplaced(document.root())),
        Err(_) => Err(format!("'{text}' is not JSON")),
    }
}

/// The value without the positions that it has in a column.
fn unplaced(node: &Node) -> Value {
    let inner = |node: &Node| Node::unplaced(unplaced(node));
    match &node.value {
        Value::List(list) => Value::List(list.iter().map(inner).collect()),
        Value::Map(map) => {
            let mut out = Map::new();
            map.iter().for_each(|entry| out.set(&entry.name, inner(&entry.node)));
            Value::Map(out)
        }
        scalar => scalar.clone(),
    }
}

fn list(text: &str) -> Result<Value, String> {
    match json(text)? {
        list @ Value::List(_) => Ok(list),
        other => Err(format!("it must hold a list, not {}", other.kind())),
    }
}

fn octets(hex: &str) -> Result<String, String> {
    let pairs = hex.as_bytes().chunks(2).map(|pair| {
        let pair = std::str::from_utf8(pair).ok()?;
        u8::from_str_radix(pair, 16).ok()
    });
    let octets: Option<Vec<u8>> = pairs.collect();
    let text = octets.and_then(|octets| String::from_utf8(octets).ok());
    text.ok_or_else(|| format!("the octets {hex} are not text"))
}

const REPLACE: [&str; 4] = ["never", "always", "when-present", "when-not-present"];

use Kind::{Address, Boolean, Integer, Json, Name, Octets, Real, Relays, Replace, Text, Texts};

/// What networks and subnets have alike.
pub(super) const LINK: &[Column] = &[
    Column::new("client_class", Name),
    Column::new("interface", Name),
    Column::new("interface_id", Octets).of(6),
    Column::new("match_client_id", Boolean).of(4),
    Column::new("authoritative", Boolean).of(4),
    Column::new("boot_file_name", Text).of(4),
    Column::new("next_server", Address).of(4),
    Column::new("server_hostname", Text).of(4),
    Column::new("renew_timer", Integer),
    Column::new("rebind_timer", Integer),
    Column::new("valid_lifetime", Integer),
    Column::new("min_valid_lifetime", Integer),
    Column::new("max_valid_lifetime", Integer),
    Column::new("preferred_lifetime", Integer).of(6),
    Column::new("min_preferred_lifetime", Integer).of(6),
    Column::new("max_preferred_lifetime", Integer).of(6),
    Column::new("rapid_commit", Boolean).of(6),
    Column::new("relay", Relays),
    Column::new("require_client_classes", Texts),
    Column::new("calculate_tee_times", Boolean),
    Column::new("t1_percent", Real),
    Column::new("t2_percent", Real),
    Column::new("ddns_send_updates", Boolean),
    Column::new("ddns_override_no_update", Boolean),
    Column::new("ddns_override_client_update", Boolean),
    Column::new("ddns_replace_client_name", Replace),
    Column::new("ddns_generated_prefix", Text),
    Column::new("ddns_qualifying_suffix", Text),
    Column::new("reservations_global", Boolean),
    Column::new("reservations_in_subnet", Boolean),
    Column::new("reservations_out_of_pool", Boolean),
    Column::new("cache_threshold", Real),
    Column::new("cache_max_age", Integer),
    Column::new("user_context", Json),
];

/// What subnets have alone.
pub(super) const SUBNET: &[Column] = &[
    Column::new("subnet_prefix", Text).key("subnet"),
    Column::new("4o6_interface", Name).of(4).in_postgresql("interface_4o6"),
    Column::new("4o6_interface_id", Name).of(4).in_postgresql("interface_id_4o6"),
    Column::new("4o6_subnet", Name).of(4).in_postgresql("subnet_4o6"),
];

/// What pools of both kinds have.
pub(super) const POOL: &[Column] = &[
    Column::new("client_class", Name),
    Column::new("require_client_classes", Texts),
    Column::new("user_context", Json),
];

pub(super) const RANGE: &[Column] =
    &[Column::new("start_address", Address), Column::new("end_address", Address)];

/// Pools of prefixes; what is excluded is read apart.
pub(super) const PREFIXES: &[Column] = &[
    Column::new("prefix", Name),
    Column::new("prefix_length", Integer).key("prefix-len"),
    Column::new("delegated_prefix_length", Integer).key("delegated-len"),
    Column::new("excluded_prefix", Name),
    Column::new("excluded_prefix_length", Integer).key("excluded-prefix-len"),
];

pub(super) const CLASS: &[Column] = &[
    Column::new("name", Text),
    Column::new("test", Name),
    Column::new("next_server", Address).of(4),
    Column::new("server_hostname", Text).of(4),
    Column::new("boot_file_name", Text).of(4),
    Column::new("only_if_required", Boolean),
    Column::new("valid_lifetime", Integer),
    Column::new("min_valid_lifetime", Integer),
    Column::new("max_valid_lifetime", Integer),
    Column::new("preferred_lifetime", Integer).of(6),
    Column::new("min_preferred_lifetime", Integer).of(6),
    Column::new("max_preferred_lifetime", Integer).of(6),
    Column::new("user_context", Json),
];

pub(super) const DEFINITION: &[Column] = &[
    Column::new("code", Integer),
    Column::new("name", Text),
    Column::new("space", Text),
    Column::new("is_array", Boolean).key("array"),
    Column::new("encapsulate", Name),
    Column::new("user_context", Json),
];

/// Options; the value is read apart.
pub(super) const OPTION: &[Column] = &[
    Column::new("code", Integer),
    Column::new("space", Name),
    Column::new("persistent", Boolean).key("always-send"),
    Column::new("user_context", Json),
];

/// Plain columns, by number or as they are.
pub(super) const fn plain(name: &'static str) -> Column {
    Column::new(name, Text)
}

pub(super) const fn hexadecimal(name: &'static str) -> Column {
    Column::new(name, Octets)
}

/// Those that a family has.
pub(super) fn of_family(columns: &'static [Column], family: u8) -> impl Iterator<Item = Column> {
    columns.iter().copied().filter(move |column| column.only.is_none_or(|only| only == family))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_say_what_keys_hold_or_why_not() {
        let cases = [
            (Text, "", Ok(Some("\"\""))),
            (Name, "", Ok(None)),
            (Integer, "-7", Ok(Some("-7"))),
            (Integer, "7.5", Err("'7.5' is no integer")),
            (Boolean, "t", Ok(Some("true"))),
            (Boolean, "0", Ok(Some("false"))),
            (Boolean, "2", Err("'2' is neither true nor false")),
            (Real, "0.125", Ok(Some("0.125"))),
            (Octets, "69663041", Ok(Some("\"if0A\""))),
            (Octets, "ff", Err("the octets ff are not text")),
            (Json, "", Ok(None)),
            (Json, "null", Ok(None)),
            (Json, "{ \"a\": [1] }", Ok(Some("{ \"a\": [ 1 ] }"))),
            (Json, "[]", Err("it must hold a map, not a list")),
            (Json, "{", Err("'{' is not JSON")),
            (Texts, "[\"a\",\"b\"]", Ok(Some("[ \"a\", \"b\" ]"))),
            (Texts, "\"a\"", Err("it must hold a list, not a string")),
            (Relays, "[\"192.0.2.1\"]", Ok(Some("{ \"ip-addresses\": [ \"192.0.2.1\" ] }"))),
            (Replace, "3", Ok(Some("\"when-not-present\""))),
            (Replace, "4", Err("4 is none of 0 to 3")),
        ];
        for (kind, text, wanted) in cases {
            let found = value(kind, text).map(|value| value.map(|value| value.to_string()));
            let wanted = wanted.map(|value| value.map(str::to_owned)).map_err(str::to_owned);
            assert_eq!(found, wanted, "{kind:?} of {text}");
        }
    }

    #[test]
    fn both_databases_are_asked_in_their_own_words() {
        let all = [LINK, SUBNET, RANGE].into_iter().flatten();
        let of = |name: &str, kind, family| {
            let column = all.clone().find(|column| column.name == name).unwrap();
            column.expression("t", kind, family)
        };
        let cases = [
            ("4o6_subnet", 4, "CAST(t.4o6_subnet AS CHAR)", "CAST(t.subnet_4o6 AS TEXT)"),
            ("next_server", 4, "INET_NTOA(t.next_server)", "HOST(t.next_server)"),
            ("start_address", 6, "CAST(t.start_address AS CHAR)", "HOST(t.start_address)"),
            ("interface_id", 6, "HEX(t.interface_id)", "ENCODE(t.interface_id, 'hex')"),
        ];
        for (name, family, mysql, postgresql) in cases {
            assert_eq!(of(name, DatabaseKind::Mysql, family), mysql);
            assert_eq!(of(name, DatabaseKind::Postgresql, family), postgresql);
        }
    }
}
