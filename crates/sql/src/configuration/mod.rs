//! The configuration backend: what the tables `dhcp4_*` or `dhcp6_*` say to a server, as parts of its
//! configuration (manual chapter 3, "Kea Configuration Backend").
//!
//! Everything is read in one transaction, so what comes out is the configuration as it was at one moment.

mod columns;

use std::collections::HashMap;
use std::fmt;

use kea_config::Stored;
use kea_config::document::{Map, Node, Span, Value};
use kea_config::snapshot::DatabaseKind;

use self::columns::{Column, Kind, json};
use crate::{Database, Error, Value as SqlValue};

/// How the tables are, told by their audit: while it stays the same, nothing was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    entries: i64,
    newest: i64,
}

/// What a server finds in a database.
#[derive(Clone, Debug)]
pub struct Fetched {
    /// What is to be merged into the configuration of the file.
    pub stored: Stored,
    /// Where the audit stood at that moment.
    pub revision: Revision,
}

/// Why there is nothing to be merged.
#[derive(Debug)]
pub enum FetchError {
    /// The database, or the way to it.
    Database(Error),
    /// What a row says is no configuration.
    Row {
        /// Database, table and row.
        place: String,
        /// The column.
        column: &'static str,
        /// What is wrong with it.
        problem: String,
    },
}

/// Looks at the audit.
///
/// # Errors
/// What the database says.
pub fn revision(database: &mut Database, family: u8) -> Result<Revision, Error> {
    // Numbers are dealt before they are committed, so a lower one can come later: they are counted, too.
    let sql = format!("SELECT COUNT(*), COALESCE(MAX(id), 0) FROM dhcp{family}_audit_revision");
    let rows = database.query(&sql, &[])?;
    let number = |column| rows.first().and_then(|row| row.integer(column));
    Ok(Revision { entries: number(0).unwrap_or_default(), newest: number(1).unwrap_or_default() })
}

/// Reads what is meant for the server of that tag, and for all. The database goes by `name` in messages.
///
/// # Errors
/// What the database says, or the first row that cannot be read.
pub fn fetch(
    database: &mut Database,
    family: u8,
    tag: &str,
    name: &str,
) -> Result<Fetched, FetchError> {
    const AT_ONE_MOMENT: &str = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ";
    // MySQL takes it before the transaction, PostgreSQL in it.
    let is_mysql = database.kind() == DatabaseKind::Mysql;
    if is_mysql {
        database.execute(AT_ONE_MOMENT, &[])?;
    }
    let outcome = database.transaction(|database| {
        if !is_mysql {
            database.execute(AT_ONE_MOMENT, &[])?;
        }
        let revision = revision(database, family)?;
        let tag = tag.trim().to_lowercase();
        let mut reader = Reader { database, family, tag, stored: Stored::of(name) };
        match reader.read() {
            Err(FetchError::Database(error)) => Err(error),
            Err(error) => Ok(Err(error)),
            Ok(()) => Ok(Ok(Fetched { stored: reader.stored, revision })),
        }
    });
    outcome?
}

struct Reader<'d> {
    database: &'d mut Database,
    family: u8,
    tag: String,
    stored: Stored,
}

/// One row: what it is known by, and its columns as text.
struct Line {
    id: String,
    texts: Texts,
}

type Texts = Vec<Option<String>>;

/// Nodes by what they belong to.
type Owned<K> = HashMap<K, Vec<Node>>;

/// Scope of an option, by the numbers of the table `dhcp_option_scope`, and its owner's name or number.
type Owner = (u8, String);

const OF_SUBNET: u8 = 1;
const OF_CLASS: u8 = 2;
const OF_NETWORK: u8 = 4;
const OF_POOL: u8 = 5;
const OF_PD_POOL: u8 = 6;

impl Reader<'_> {
    fn read(&mut self) -> Result<(), FetchError> {
        self.globals()?;
        self.global_definitions()?;
        self.global_options()?;
        let mut options = self.owned_options()?;
        self.classes(&mut options)?;
        self.networks(&mut options)?;
        let of_range = (columns::RANGE, range as fn(&mut Map));
        let mut pools = self.pools("dhcp#_pool", of_range, OF_POOL, &mut options)?;
        let mut pd_pools = Owned::new();
        if self.family == 6 {
            let of_prefix = (columns::PREFIXES, prefixes as fn(&mut Map));
            pd_pools = self.pools("dhcp#_pd_pool", of_prefix, OF_PD_POOL, &mut options)?;
        }
        self.subnets(&mut options, &mut pools, &mut pd_pools)
    }

    fn globals(&mut self) -> Result<(), FetchError> {
        const TABLE: &str = "dhcp#_global_parameter";
        let columns = ["name", "value", "parameter_type"].map(columns::plain);
        let rest = own_last(TABLE, "id", "parameter_id", "");
        let mut globals: Vec<(Box<str>, Node)> = Vec::new();
        for line in self.select(TABLE, "id", &columns, &rest, true)? {
            let span = self.record(TABLE, &line.id);
            let [Some(name), Some(text), Some(number)] = &line.texts[..] else { continue };
            let kind = match &**number {
                "0" => Kind::Integer,
                "1" => Kind::Real,
                "2" => Kind::Boolean,
                _ => Kind::Text,
            };
            let value =
                columns::value(kind, text).map_err(|error| self.bad(span, "value", error))?;
            let node = Node { value: value.unwrap_or(Value::Null), span };
            match globals.iter_mut().find(|(held, _)| **held == **name) {
                Some((_, held)) => *held = node,
                None => globals.push((name.as_str().into(), node)),
            }
        }
        self.stored.globals = globals;
        Ok(())
    }

    fn global_definitions(&mut self) -> Result<(), FetchError> {
        let rest = own_last("dhcp#_option_def", "id", "option_def_id", "t.class_id IS NULL AND");
        for (_, node) in self.definitions(&rest, true)? {
            keep_one(&mut self.stored.definitions, node);
        }
        Ok(())
    }

    /// Definitions with the class that they belong to.
    fn definitions(&mut self, rest: &str, tagged: bool) -> Result<Vec<(String, Node)>, FetchError> {
        const TABLE: &str = "dhcp#_option_def";
        let own: Vec<Column> = columns::of_family(columns::DEFINITION, self.family).collect();
        let apart = ["class_id", "type", "record_types"].map(columns::plain);
        let mut found = Vec::new();
        for mut line in self.select(TABLE, "id", &[&apart[..], &own].concat(), rest, tagged)? {
            let span = self.record(TABLE, &line.id);
            let texts = line.texts.split_off(apart.len());
            let mut map = self.map(span, &own, &texts)?;
            let [class, kind, record] = &line.texts[..] else { continue };
            let word = data_type(kind.as_deref().unwrap_or_default())
                .map_err(|error| self.bad(span, "type", error))?;
            map.set("type", Node::unplaced(Value::string(word)));
            let fields = record_types(record.as_deref().unwrap_or_default())
                .map_err(|error| self.bad(span, "record_types", error))?;
            if !fields.is_empty() {
                map.set("record-types", Node::unplaced(Value::string(&fields)));
            }
            found.push((class.clone().unwrap_or_default(), placed(map, span)));
        }
        Ok(found)
    }

    fn global_options(&mut self) -> Result<(), FetchError> {
        let rest = own_last("dhcp#_options", "option_id", "option_id", "t.scope_id = 0 AND");
        for (_, node) in self.options(&[], &rest, true)? {
            keep_one(&mut self.stored.options, node);
        }
        Ok(())
    }

    /// Options of all but hosts and the server as a whole.
    fn owned_options(&mut self) -> Result<Owned<Owner>, FetchError> {
        let subnet = if self.family == 4 { "dhcp4_subnet_id" } else { "dhcp6_subnet_id" };
        let mut owners =
            vec!["scope_id", subnet, "dhcp_client_class", "shared_network_name", "pool_id"];
        owners.extend((self.family == 6).then_some("pd_pool_id"));
        let rest = "WHERE t.scope_id NOT IN (0, 3) ORDER BY t.option_id";
        let mut options: Owned<Owner> = Owned::new();
        for (owners, node) in self.options(&owners, rest, false)? {
            let owner = |at: usize| owners.get(at).cloned().flatten();
            let Some(scope) = owner(0).and_then(|scope| scope.parse().ok()) else { continue };
            let owner = match scope {
                OF_SUBNET => owner(1),
                OF_CLASS => owner(2),
                OF_NETWORK => owner(3),
                OF_POOL => owner(4),
                OF_PD_POOL => owner(5),
                _ => None,
            };
            if let Some(owner) = owner {
                options.entry((scope, owner)).or_default().push(node);
            }
        }
        Ok(options)
    }

    /// Options with the columns that tell whose they are.
    fn options(
        &mut self,
        owners: &[&'static str],
        rest: &str,
        tagged: bool,
    ) -> Result<Vec<(Texts, Node)>, FetchError> {
        const TABLE: &str = "dhcp#_options";
        let own: Vec<Column> = columns::of_family(columns::OPTION, self.family).collect();
        let mut all = vec![columns::plain("formatted_value"), columns::hexadecimal("value")];
        all.extend(&own);
        all.extend(owners.iter().copied().map(columns::plain));
        let mut found = Vec::new();
        for mut line in self.select(TABLE, "option_id", &all, rest, tagged)? {
            let span = self.record(TABLE, &line.id);
            let owners = line.texts.split_off(2 + own.len());
            let texts = line.texts.split_off(2);
            let mut map = self.map(span, &own, &texts)?;
            let [formatted, octets] = &line.texts[..] else { continue };
            let formatted = formatted.as_deref().filter(|text| !text.is_empty());
            let data = formatted.or(octets.as_deref()).unwrap_or_default();
            map.set("csv-format", Node::unplaced(Value::Boolean(formatted.is_some())));
            map.set("data", Node::unplaced(Value::string(data)));
            found.push((owners, placed(map, span)));
        }
        Ok(found)
    }

    fn classes(&mut self, options: &mut Owned<Owner>) -> Result<(), FetchError> {
        const TABLE: &str = "dhcp#_client_class";
        let columns: Vec<Column> = columns::of_family(columns::CLASS, self.family).collect();
        let rest = format!(
            "JOIN dhcp#_client_class_order o ON o.class_id = t.id WHERE t.id IN {} \
             ORDER BY o.order_index",
            shared(TABLE, "class_id")
        );
        let lines = self.select(TABLE, "id", &columns, &rest, true)?;
        let mut definitions: Owned<String> = Owned::new();
        if !lines.is_empty() {
            let of_classes = "WHERE t.class_id IS NOT NULL ORDER BY t.id";
            for (class, node) in self.definitions(of_classes, false)? {
                definitions.entry(class).or_default().push(node);
            }
        }
        for line in lines {
            let span = self.record(TABLE, &line.id);
            let mut map = self.map(span, &columns, &line.texts)?;
            let own = definitions.remove(&line.id).unwrap_or_default();
            if self.family == 4 {
                set_list(&mut map, "option-def", Some(own));
            } else {
                // Classes of DHCPv6 cannot hold them.
                own.into_iter().for_each(|node| keep_one(&mut self.stored.definitions, node));
            }
            let owner = (OF_CLASS, name_of(&map));
            set_list(&mut map, "option-data", options.remove(&owner));
            self.stored.classes.push(placed(map, span));
        }
        Ok(())
    }

    fn networks(&mut self, options: &mut Owned<Owner>) -> Result<(), FetchError> {
        const TABLE: &str = "dhcp#_shared_network";
        let mut columns = vec![columns::plain("name")];
        columns.extend(columns::of_family(columns::LINK, self.family));
        let rest = format!("WHERE t.id IN {} ORDER BY t.id", shared(TABLE, "shared_network_id"));
        for line in self.select(TABLE, "id", &columns, &rest, true)? {
            let span = self.record(TABLE, &line.id);
            let mut map = self.map(span, &columns, &line.texts)?;
            let owner = (OF_NETWORK, name_of(&map));
            set_list(&mut map, "option-data", options.remove(&owner));
            self.stored.networks.push(placed(map, span));
        }
        Ok(())
    }

    /// Pools of one kind by the subnets that they are in.
    fn pools(
        &mut self,
        table: &'static str,
        (columns, finish): (&'static [Column], fn(&mut Map)),
        scope: u8,
        options: &mut Owned<Owner>,
    ) -> Result<Owned<String>, FetchError> {
        let mut columns: Vec<Column> = columns::of_family(columns, self.family).collect();
        columns.extend(columns::of_family(columns::POOL, self.family));
        let mut all = vec![columns::plain("subnet_id")];
        all.extend(&columns);
        let of_subnets = shared("dhcp#_subnet", "subnet_id");
        let rest = format!("WHERE t.subnet_id IN {of_subnets} ORDER BY t.id");
        let mut pools: Owned<String> = Owned::new();
        for mut line in self.select(table, "id", &all, &rest, true)? {
            let span = self.record(table, &line.id);
            let own = line.texts.split_off(1);
            let mut map = self.map(span, &columns, &own)?;
            finish(&mut map);
            set_list(&mut map, "option-data", options.remove(&(scope, line.id)));
            let subnet = line.texts.pop().flatten().unwrap_or_default();
            pools.entry(subnet).or_default().push(placed(map, span));
        }
        Ok(pools)
    }

    fn subnets(
        &mut self,
        options: &mut Owned<Owner>,
        pools: &mut Owned<String>,
        pd_pools: &mut Owned<String>,
    ) -> Result<(), FetchError> {
        const TABLE: &str = "dhcp#_subnet";
        let mut columns: Vec<Column> = columns::of_family(columns::SUBNET, self.family).collect();
        columns.extend(columns::of_family(columns::LINK, self.family));
        let mut all = vec![columns::plain("shared_network_name")];
        all.extend(&columns);
        let rest =
            format!("WHERE t.subnet_id IN {} ORDER BY t.subnet_id", shared(TABLE, "subnet_id"));
        for mut line in self.select(TABLE, "subnet_id", &all, &rest, true)? {
            let span = self.record(TABLE, &line.id);
            let own = line.texts.split_off(1);
            let mut map = self.map(span, &columns, &own)?;
            let id = line.id.parse().map_err(|_| self.bad(span, "subnet_id", line.id.clone()))?;
            map.set("id", Node::unplaced(Value::Integer(id)));
            set_list(&mut map, "pools", pools.remove(&line.id));
            set_list(&mut map, "pd-pools", pd_pools.remove(&line.id));
            set_list(&mut map, "option-data", options.remove(&(OF_SUBNET, line.id)));
            let network = line.texts.pop().flatten().filter(|name| !name.is_empty());
            self.stored.subnets.push((network.map(String::into), placed(map, span)));
        }
        Ok(())
    }

    /// Rows of a table; `#` is the family. When `tagged`, `rest` has a place for the server's tag.
    fn select(
        &mut self,
        table: &str,
        id: &'static str,
        columns: &[Column],
        rest: &str,
        tagged: bool,
    ) -> Result<Vec<Line>, FetchError> {
        let (kind, family) = (self.database.kind(), self.family);
        let id = columns::plain(id);
        let all = std::iter::once(&id).chain(columns);
        let expressions: Vec<String> =
            all.map(|column| column.expression("t", kind, family)).collect();
        let sql = format!("SELECT {} FROM {table} t {rest}", expressions.join(", "));
        let sql = sql.replace('#', &family.to_string());
        let tag = tagged.then(|| SqlValue::Text(self.tag.clone()));
        let mut lines = Vec::new();
        self.database.query_each(&sql, tag.as_slice(), &mut |row| {
            let text = |column| row.text(column).map(str::to_owned);
            let id = text(0).unwrap_or_default();
            lines.push(Line { id, texts: (1..=columns.len()).map(text).collect() });
        })?;
        Ok(lines)
    }

    fn record(&mut self, table: &str, id: &str) -> Span {
        self.stored.record(&table.replace('#', &self.family.to_string()), id)
    }

    fn bad(&self, span: Span, column: &'static str, problem: String) -> FetchError {
        FetchError::Row { place: self.stored.name(span), column, problem }
    }

    fn map(
        &self,
        span: Span,
        columns: &[Column],
        texts: &[Option<String>],
    ) -> Result<Map, FetchError> {
        let mut map = Map::new();
        for (column, text) in columns.iter().zip(texts) {
            let Some(text) = text else { continue };
            let value =
                column.value(text).map_err(|problem| self.bad(span, column.name(), problem))?;
            if let Some(value) = value {
                map.set(&column.key_name(), Node::unplaced(value));
            }
        }
        Ok(map)
    }
}

/// What carries one tag of those that are asked for, that of all servers first.
fn own_last(table: &str, id: &str, key: &str, condition: &str) -> String {
    format!(
        "JOIN {table}_server a ON a.{key} = t.{id} JOIN dhcp#_server v ON v.id = a.server_id \
         WHERE {condition} LOWER(v.tag) IN ('all', ?) \
         ORDER BY CASE WHEN LOWER(v.tag) = 'all' THEN 0 ELSE 1 END, t.{id}"
    )
}

/// The numbers of what may carry several tags.
fn shared(table: &str, key: &str) -> String {
    format!(
        "(SELECT a.{key} FROM {table}_server a JOIN dhcp#_server v ON v.id = a.server_id \
         WHERE LOWER(v.tag) IN ('all', ?))"
    )
}

/// Adds an option or a definition of one, which takes the place of one with the same code.
fn keep_one(list: &mut Vec<Node>, new: Node) {
    let key = |node: &Node| {
        let map = node.as_map()?;
        let space = map.get("space").and_then(Node::as_str).unwrap_or_default();
        Some((space.to_owned(), map.get("code")?.as_integer()?))
    };
    let place = list.iter().position(|old| key(old) == key(&new));
    match place.and_then(|at| list.get_mut(at)) {
        Some(old) => *old = new,
        None => list.push(new),
    }
}

fn range(pool: &mut Map) {
    let ends = ["start-address", "end-address"].map(|name| pool.remove(name));
    if let [Some(start), Some(end)] = &ends {
        let text = [start, end].map(|node| node.as_str().unwrap_or_default()).join("-");
        pool.set("pool", Node::unplaced(Value::string(&text)));
    }
}

/// Without an excluded prefix its length is zero.
fn prefixes(pool: &mut Map) {
    let length = pool.get("excluded-prefix-len").and_then(Node::as_integer);
    if length.unwrap_or(0) == 0 {
        pool.remove("excluded-prefix");
        pool.remove("excluded-prefix-len");
    }
}

fn name_of(map: &Map) -> String {
    map.get("name").and_then(Node::as_str).unwrap_or_default().to_owned()
}

fn set_list(map: &mut Map, name: &str, list: Option<Vec<Node>>) {
    if let Some(list) = list.filter(|list| !list.is_empty()) {
        map.set(name, Node::unplaced(Value::List(list)));
    }
}

/// A map that stands where its row stands, but for what has its place already.
fn placed(map: Map, span: Span) -> Node {
    let mut node = Node::unplaced(Value::Map(map));
    node.place_rest(span);
    node
}

/// The word for a type of option data.
fn data_type(number: &str) -> Result<&'static str, String> {
    let at = number.parse().ok();
    let word = at.and_then(|at: usize| DATA_TYPES.get(at)).filter(|word| !word.is_empty());
    word.copied().ok_or_else(|| format!("'{number}' is no type of option data"))
}

/// Types of the fields of a record, as the configuration has them: `[ 2, 10 ]` is `boolean, ipv4-address`.
fn record_types(text: &str) -> Result<String, String> {
    if text.is_empty() {
        return Ok(String::new());
    }
    let Value::List(list) = json(text)? else { return Err(format!("'{text}' is no list")) };
    let words = list.iter().map(|node| data_type(&node.value.to_string()));
    Ok(words.collect::<Result<Vec<_>, _>>()?.join(", "))
}

/// Types by their numbers; a number without word is no type of an option.
const DATA_TYPES: [&str; 18] = [
    "empty",
    "binary",
    "boolean",
    "int8",
    "int16",
    "int32",
    "uint8",
    "uint16",
    "uint32",
    "",
    "ipv4-address",
    "ipv6-address",
    "ipv6-prefix",
    "psid",
    "string",
    "tuple",
    "fqdn",
    "record",
];

impl From<Error> for FetchError {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

/// The problem in one line.
impl fmt::Display for FetchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(f),
            Self::Row { place, column, problem } => {
                write!(f, "{place}: column '{column}': {problem}")
            }
        }
    }
}

impl std::error::Error for FetchError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_types_are_words() {
        let no = |number| Err(format!("'{number}' is no type of option data"));
        let cases = [("0", Ok("empty")), ("12", Ok("ipv6-prefix")), ("17", Ok("record"))];
        for (number, word) in cases.into_iter().chain(["9", "18", "-1", ""].map(|n| (n, no(n)))) {
            assert_eq!(data_type(number), word);
        }
        assert_eq!(record_types("").as_deref(), Ok(""));
        assert_eq!(record_types("[2, 10]").as_deref(), Ok("boolean, ipv4-address"));
        assert_eq!(record_types("7"), Err("'7' is no list".to_owned()));
        assert_eq!(record_types("[99]").map_err(|_| ()), Err(()));
    }
}
