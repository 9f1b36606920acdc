//! Lease files: rows of `kea-leases4.csv` and `kea-leases6.csv`, read and written.
//!
//! Written are the columns of Kea 2.2. Read are the files of every release: columns are found by
//! their names in the header, missing ones get their defaults, unknown ones are passed over.

use std::borrow::Cow;
use std::fmt;
use std::io::Write;
use std::str::FromStr;

use kea_wire::{ClientId, Duid, HwAddr, Iaid, V4, V6, parse_colon_hex};
use smallvec::SmallVec;

use crate::lease::{
    HwAddrSource, Lease, LeaseFamily, LeaseKind, LeaseState, SubnetId, V4Owner, V6Owner,
};
use crate::record::no_hw_addr;

/// A column of a lease file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Column {
    /// The address, or the first address of the prefix.
    Address,
    /// Colon-separated octets, without the type.
    HwAddr,
    /// Colon-separated octets.
    ClientId,
    /// Colon-separated octets.
    Duid,
    /// Seconds; 0 says that the lease is deleted.
    ValidLifetime,
    /// Unix second of the end: client last transmission time plus valid lifetime.
    Expire,
    /// Number of the subnet.
    SubnetId,
    /// Preferred lifetime in seconds.
    PrefLifetime,
    /// 0 address, 1 temporary address, 2 prefix.
    LeaseType,
    /// Number of the association.
    Iaid,
    /// 128 for addresses.
    PrefixLen,
    /// 1 when the server updates the address record.
    FqdnFwd,
    /// 1 when the server updates the pointer record.
    FqdnRev,
    /// Name, with commas escaped.
    Hostname,
    /// See [`LeaseState`].
    State,
    /// JSON, with commas escaped.
    UserContext,
    /// Hardware type; empty when there is no hardware address.
    HwType,
    /// Where the hardware address was learnt; not kept, and written as unknown.
    HwAddrSource,
    /// Number of the pool, in files newer than the written ones.
    PoolId,
}

const NAMES: [(&str, Column); COLUMNS] = [
    ("address", Column::Address),
    ("hwaddr", Column::HwAddr),
    ("client_id", Column::ClientId),
    ("duid", Column::Duid),
    ("valid_lifetime", Column::ValidLifetime),
    ("expire", Column::Expire),
    ("subnet_id", Column::SubnetId),
    ("pref_lifetime", Column::PrefLifetime),
    ("lease_type", Column::LeaseType),
    ("iaid", Column::Iaid),
    ("prefix_len", Column::PrefixLen),
    ("fqdn_fwd", Column::FqdnFwd),
    ("fqdn_rev", Column::FqdnRev),
    ("hostname", Column::Hostname),
    ("state", Column::State),
    ("user_context", Column::UserContext),
    ("hwtype", Column::HwType),
    ("hwaddr_source", Column::HwAddrSource),
    ("pool_id", Column::PoolId),
];
const COLUMNS: usize = 19;

impl Column {
    /// As in the header.
    pub fn name(self) -> &'static str {
        NAMES.iter().find(|(_, column)| *column == self).map_or("", |(name, _)| name)
    }
}

/// The columns of a family's lease file.
pub trait Columns: Sized {
    /// Those written, in order.
    const COLUMNS: &'static [Column];
    /// Those without which a file cannot be read.
    const REQUIRED: &'static [Column];
}

/// How a family's owners are read from a row, and written.
pub trait OwnerColumns: Columns {
    /// Who a lease belongs to.
    type Owner: Clone + fmt::Debug + PartialEq + Eq + Send + Sync + 'static;
    /// Who the row says has the lease.
    fn read_owner(fields: &Fields<'_>, state: LeaseState) -> Result<Self::Owner, RowError>;
    /// Writes a column that says something of the owner.
    fn write_owner(out: &mut Vec<u8>, owner: &Self::Owner, column: Column);
}

impl Columns for V4 {
    const COLUMNS: &'static [Column] = &[
        Column::Address,
        Column::HwAddr,
        Column::ClientId,
        Column::ValidLifetime,
        Column::Expire,
        Column::SubnetId,
        Column::FqdnFwd,
        Column::FqdnRev,
        Column::Hostname,
        Column::State,
        Column::UserContext,
    ];
    const REQUIRED: &'static [Column] = &[
        Column::Address,
        Column::HwAddr,
        Column::ClientId,
        Column::ValidLifetime,
        Column::Expire,
        Column::SubnetId,
    ];
}

impl Columns for V6 {
    const COLUMNS: &'static [Column] = &[
        Column::Address,
        Column::Duid,
        Column::ValidLifetime,
        Column::Expire,
        Column::SubnetId,
        Column::PrefLifetime,
        Column::LeaseType,
        Column::Iaid,
        Column::PrefixLen,
        Column::FqdnFwd,
        Column::FqdnRev,
        Column::Hostname,
        Column::HwAddr,
        Column::State,
        Column::UserContext,
        Column::HwType,
        Column::HwAddrSource,
    ];
    const REQUIRED: &'static [Column] = &[
        Column::Address,
        Column::Duid,
        Column::ValidLifetime,
        Column::Expire,
        Column::SubnetId,
        Column::LeaseType,
        Column::Iaid,
    ];
}

/// The first line of a file: which column is where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    columns: Vec<Option<Column>>,
    layout: Layout,
}

/// How a file's columns compare to those written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// The same.
    Current,
    /// Columns are missing: the file is from an older release, and read with defaults.
    Older,
    /// Columns are there that are not written: the file is from a newer release.
    Newer,
}

/// Why a line is no header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderError {
    /// This column is needed and not there.
    Missing(Column),
    /// The line is no text.
    NotText,
}

impl fmt::Display for HeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HeaderError::Missing(column) => write!(f, "the header has no column {}", column.name()),
            HeaderError::NotText => f.write_str("the header is not text"),
        }
    }
}

impl std::error::Error for HeaderError {}

impl Header {
    /// Reads the first line of a file, without its end.
    pub fn parse<F: Columns>(line: &[u8]) -> Result<Self, HeaderError> {
        let line = std::str::from_utf8(line).map_err(|_| HeaderError::NotText)?;
        let names = line.trim_end_matches('\r').split(',').map(str::trim);
        // A column of the other family's files is none of these: what it says could not be written back.
        let is_known = |column: &Column| F::COLUMNS.contains(column) || *column == Column::PoolId;
        let column = |name: &str| {
            let (_, column) = NAMES.iter().find(|(known, _)| *known == name)?;
            Some(*column).filter(is_known)
        };
        let columns: Vec<Option<Column>> = names.map(column).collect();
        let missing = |column: &&Column| !columns.contains(&Some(**column));
        if let Some(column) = F::REQUIRED.iter().find(missing) {
            return Err(HeaderError::Missing(*column));
        }
        let layout = if F::COLUMNS.iter().copied().map(Some).eq(columns.iter().copied()) {
            Layout::Current
        } else if F::COLUMNS.iter().any(|column| missing(&column)) {
            Layout::Older
        } else {
            Layout::Newer
        };
        Ok(Header { columns, layout })
    }

    /// The header of what is written.
    pub fn current<F: Columns>() -> Self {
        let columns = F::COLUMNS.iter().copied().map(Some).collect();
        Header { columns, layout: Layout::Current }
    }

    /// How the columns compare to those written.
    pub fn layout(&self) -> Layout {
        self.layout
    }
}

/// The header line of what is written, with its end.
pub fn header_line<F: Columns>() -> String {
    let names: Vec<&str> = F::COLUMNS.iter().map(|column| column.name()).collect();
    names.join(",") + "\n"
}

/// What a row says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row<F: LeaseFamily> {
    /// The lease of its address is this one now.
    Lease(Lease<F>),
    /// The address has no lease any more.
    Deleted(F::Addr),
}

/// Why a row is passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowError {
    /// It has fewer fields than the header.
    TooFewFields {
        /// As many as the header has.
        expected: usize,
        /// As many as the row has.
        found: usize,
    },
    /// This field cannot be read.
    Field(Column),
    /// It names neither hardware address nor client identifier, and is not declined.
    NoOwner,
    /// It is not text.
    NotText,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RowError::TooFewFields { expected, found } => {
                write!(f, "the row has {found} fields, the header has {expected}")
            }
            RowError::Field(column) => write!(f, "the field {} cannot be read", column.name()),
            RowError::NoOwner => f.write_str("the lease has neither hwaddr nor client_id"),
            RowError::NotText => f.write_str("the row is not text"),
        }
    }
}

impl std::error::Error for RowError {}

/// Reads a row, without its end.
pub fn parse_row<F: LeaseFamily>(header: &Header, line: &[u8]) -> Result<Row<F>, RowError> {
    let line = std::str::from_utf8(line).map_err(|_| RowError::NotText)?;
    let fields = Fields::split(header, line.trim_end_matches('\r'))?;
    let address: F::Addr = fields.parse(Column::Address)?;
    let valid_lifetime: u32 = fields.parse(Column::ValidLifetime)?;
    if valid_lifetime == 0 {
        return Ok(Row::Deleted(address));
    }
    let expire: i64 = fields.parse(Column::Expire)?;
    let state: u8 = fields.parse_or(Column::State, 0)?;
    let state = LeaseState::from_number(state).ok_or(RowError::Field(Column::State))?;
    let hostname = unescape(fields.text(Column::Hostname));
    let user_context = unescape(fields.text(Column::UserContext));
    if !user_context.is_empty() && !is_json_map(&user_context) {
        return Err(RowError::Field(Column::UserContext));
    }
    Ok(Row::Lease(Lease {
        address,
        subnet: SubnetId(fields.parse(Column::SubnetId)?),
        pool_id: fields.parse_or(Column::PoolId, 0)?,
        valid_lifetime,
        cltt: expire.saturating_sub(i64::from(valid_lifetime)),
        state,
        fqdn_fwd: fields.flag(Column::FqdnFwd)?,
        fqdn_rev: fields.flag(Column::FqdnRev)?,
        hostname: lower_case(hostname).into(),
        user_context: user_context.into(),
        owner: F::read_owner(&fields, state)?,
    }))
}

/// True when the row of a lease has text for a hardware address, and it is none.
pub(crate) fn lost_hw_addr<F: LeaseFamily>(header: &Header, line: &[u8], lease: &Lease<F>) -> bool {
    F::hw_addr(&lease.owner).is_empty()
        && std::str::from_utf8(line).is_ok_and(|line| {
            Fields::split(header, line).is_ok_and(|fields| !fields.text(Column::HwAddr).is_empty())
        })
}

/// Writes a lease as a row, with its end.
pub fn write_row<F: LeaseFamily>(out: &mut Vec<u8>, lease: &Lease<F>) {
    write_fields(out, lease, lease.valid_lifetime);
}

/// Writes the row that deletes a lease, with its end.
pub fn write_deletion<F: LeaseFamily>(out: &mut Vec<u8>, lease: &Lease<F>) {
    write_fields(out, lease, 0);
}

/// The fields of a row by column.
pub struct Fields<'a>([&'a str; COLUMNS]);

impl<'a> Fields<'a> {
    fn split(header: &Header, line: &'a str) -> Result<Self, RowError> {
        let mut fields = [""; COLUMNS];
        let (mut found, mut begin) = (0, 0);
        let mut columns = header.columns.iter();
        // Fields are short: going octet by octet is faster than looking for each comma.
        for end in (0..=line.len()).filter(|at| line.as_bytes().get(*at).is_none_or(|b| *b == b','))
        {
            let Some(column) = columns.next() else { break };
            found += 1;
            if let Some(column) = column {
                fields[*column as usize] = line.get(begin..end).unwrap_or("");
            }
            begin = end + 1;
        }
        let expected = header.columns.len();
        if found < expected {
            return Err(RowError::TooFewFields { expected, found });
        }
        Ok(Fields(fields))
    }

    /// As written; empty when there is no such column.
    pub fn text(&self, column: Column) -> &'a str {
        self.0[column as usize]
    }

    fn parse<T: FromStr>(&self, column: Column) -> Result<T, RowError> {
        self.text(column).parse().map_err(|_| RowError::Field(column))
    }

    fn parse_or<T: FromStr>(&self, column: Column, default: T) -> Result<T, RowError> {
        if self.text(column).is_empty() { Ok(default) } else { self.parse(column) }
    }

    fn flag(&self, column: Column) -> Result<bool, RowError> {
        match self.text(column) {
            "0" | "" | "false" => Ok(false),
            "1" | "true" => Ok(true),
            _ => Err(RowError::Field(column)),
        }
    }

    fn octets(&self, column: Column) -> Result<Octets, RowError> {
        let text = self.text(column);
        let octets = plain_octets(text.as_bytes()).map(Ok);
        octets.unwrap_or_else(|| parse_colon_hex(text)).map_err(|_| RowError::Field(column))
    }

    /// Text that is no hardware address leaves the lease without one.
    fn hw_addr(&self) -> Result<HwAddr, RowError> {
        let htype = self.parse_or(Column::HwType, HwAddr::ETHERNET)?;
        let octets = self.octets(Column::HwAddr).unwrap_or_default();
        // Without an address its type is not written, and must not come back as another one.
        let hw_addr = (!octets.is_empty()).then(|| HwAddr::new(htype, &octets)).flatten();
        Ok(hw_addr.unwrap_or_else(no_hw_addr))
    }
}

impl OwnerColumns for V4 {
    type Owner = V4Owner;

    fn read_owner(fields: &Fields<'_>, state: LeaseState) -> Result<V4Owner, RowError> {
        let hw_addr = fields.hw_addr()?;
        let octets = fields.octets(Column::ClientId)?;
        let client_id = ClientId::new(&octets);
        if client_id.is_none() && !octets.is_empty() {
            return Err(RowError::Field(Column::ClientId));
        }
        if hw_addr.is_empty() && client_id.is_none() && state != LeaseState::Declined {
            return Err(RowError::NoOwner);
        }
        Ok(V4Owner { hw_addr, client_id })
    }

    fn write_owner(out: &mut Vec<u8>, owner: &V4Owner, column: Column) {
        match column {
            Column::HwAddr => colon_hex(out, owner.hw_addr.octets()),
            Column::ClientId => colon_hex(out, Self::identifier(owner)),
            _ => {}
        }
    }
}

impl OwnerColumns for V6 {
    type Owner = V6Owner;

    fn read_owner(fields: &Fields<'_>, _: LeaseState) -> Result<V6Owner, RowError> {
        let kind = match fields.text(Column::LeaseType) {
            "0" => LeaseKind::Address,
            "1" => LeaseKind::TemporaryAddress,
            "2" => LeaseKind::Prefix,
            _ => return Err(RowError::Field(Column::LeaseType)),
        };
        let prefix_len: u8 = match kind {
            LeaseKind::Prefix => fields.parse(Column::PrefixLen)?,
            LeaseKind::Address | LeaseKind::TemporaryAddress => 128,
        };
        if prefix_len > 128 {
            return Err(RowError::Field(Column::PrefixLen));
        }
        let duid = Duid::new(&fields.octets(Column::Duid)?);
        let hw_addr = fields.hw_addr()?;
        // Without an address there is nothing that was learned anywhere.
        let source = if hw_addr.is_empty() { "" } else { fields.text(Column::HwAddrSource) };
        Ok(V6Owner {
            duid: duid.ok_or(RowError::Field(Column::Duid))?,
            iaid: Iaid(fields.parse(Column::Iaid)?),
            kind,
            prefix_len,
            preferred_lifetime: fields.parse_or(Column::PrefLifetime, 0)?,
            hw_addr,
            hw_source: HwAddrSource(source.parse().unwrap_or(0)),
        })
    }

    fn write_owner(out: &mut Vec<u8>, owner: &V6Owner, column: Column) {
        match column {
            Column::HwAddr => colon_hex(out, owner.hw_addr.octets()),
            Column::Duid => colon_hex(out, owner.duid.octets()),
            Column::PrefLifetime => decimal(out, owner.preferred_lifetime.into()),
            Column::LeaseType => decimal(out, owner.kind as u64),
            Column::Iaid => decimal(out, owner.iaid.0.into()),
            Column::PrefixLen => decimal(out, owner.prefix_len.into()),
            Column::HwType if !owner.hw_addr.is_empty() => {
                decimal(out, owner.hw_addr.htype().into());
            }
            Column::HwAddrSource if !owner.hw_addr.is_empty() => {
                decimal(out, owner.hw_source.0.into());
            }
            _ => {}
        }
    }
}

type Octets = SmallVec<[u8; 22]>;

/// Octets of two digits each, as we write them; other forms are left to [`parse_colon_hex`].
fn plain_octets(text: &[u8]) -> Option<Octets> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    };
    let mut octets = Octets::new();
    for triple in text.chunks(3) {
        let ([high, low] | [high, low, b':']) = triple else { return None };
        octets.push(digit(*high)? << 4 | digit(*low)?);
    }
    // What ends with a colon is no such text.
    (!text.len().is_multiple_of(3) || text.is_empty()).then_some(octets)
}

fn write_fields<F: LeaseFamily>(out: &mut Vec<u8>, lease: &Lease<F>, valid_lifetime: u32) {
    for (at, column) in F::COLUMNS.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        match column {
            // Writing to a vector does not fail.
            Column::Address => drop(write!(out, "{}", lease.address)),
            Column::ValidLifetime => decimal(out, valid_lifetime.into()),
            Column::PrefLifetime if valid_lifetime == 0 => out.push(b'0'),
            Column::Expire => {
                let expire = lease.cltt.saturating_add(valid_lifetime.into());
                decimal(out, u64::try_from(expire).unwrap_or(0));
            }
            Column::SubnetId => decimal(out, lease.subnet.0.into()),
            Column::PoolId => decimal(out, lease.pool_id.into()),
            Column::FqdnFwd => out.push(b'0' + u8::from(lease.fqdn_fwd)),
            Column::FqdnRev => out.push(b'0' + u8::from(lease.fqdn_rev)),
            Column::Hostname => escape(out, &lease.hostname),
            Column::State => decimal(out, lease.state as u64),
            Column::UserContext => escape(out, &lease.user_context),
            _ => F::write_owner(out, &lease.owner, *column),
        }
    }
    out.push(b'\n');
}

fn decimal(out: &mut Vec<u8>, number: u64) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    let mut rest = number;
    for digit in digits.iter_mut().rev() {
        *digit = b'0' + (rest % 10) as u8;
        rest /= 10;
        at -= 1;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(digits.get(at..).unwrap_or(&[]));
}

fn colon_hex(out: &mut Vec<u8>, octets: &[u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (at, octet) in octets.iter().enumerate() {
        if at > 0 {
            out.push(b':');
        }
        out.push(DIGITS[usize::from(octet >> 4)]);
        out.push(DIGITS[usize::from(octet & 15)]);
    }
}

/// Commas and ends of lines become `&#x` and two digits. So does the `&` of text that looks like it.
fn escape(out: &mut Vec<u8>, text: &str) {
    for (at, byte) in text.bytes().enumerate() {
        let lookalike = byte == b'&' && text.as_bytes().get(at + 1..at + 3) == Some(b"#x");
        if matches!(byte, b',' | b'\n' | b'\r' | 0) || lookalike {
            drop(write!(out, "&#x{byte:02x}"));
        } else {
            out.push(byte);
        }
    }
}

fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains("&#x") {
        return Cow::Borrowed(text);
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("&#x") {
        plain.push_str(before);
        let code = after.get(..2).filter(|code| code.bytes().all(|b| b.is_ascii_hexdigit()));
        let code = code.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        match code.filter(u8::is_ascii) {
            Some(code) => {
                plain.push(char::from(code));
                rest = after.get(2..).unwrap_or("");
            }
            None => {
                plain.push_str("&#x");
                rest = after;
            }
        }
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Enough of JSON's grammar to tell a whole map from the beginning of one.
fn is_json_map(text: &str) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0u32, false, false);
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_string => escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return bytes.all(|byte| byte.is_ascii_whitespace()),
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth == 0 {
            return false;
        }
    }
    false
}

fn lower_case(text: Cow<'_, str>) -> Cow<'_, str> {
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Cow::Owned(text.to_ascii_lowercase());
    }
    text
}
