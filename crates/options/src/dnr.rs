//! Discovery of network-designated resolvers: options 162 and 144 (RFC 9463).
//!
//! The text of a resolver is `PRIORITY, NAME[, ADDRESS ADDRESS…[, KEY=VALUE KEY=VALUE…]]`. Several
//! are separated by `|`. A `,` or `|` inside a value is written `\,` or `\|`.

use std::fmt;
use std::net::IpAddr;

use kea_wire::{Address, Family};

use crate::fqdn::{Compression, DomainName, NameError};
use crate::value::{max_counted, write_counted};

/// One encrypted DNS resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolver {
    /// The lower, the more preferred (RFC 9463 section 3.1.1).
    pub priority: u16,
    /// The authentication domain name.
    pub name: DomainName,
    /// Where it is reached. Without any, the option is in "ADN-only mode".
    pub addresses: Vec<IpAddr>,
    /// Service parameters, ascending by key.
    pub params: Vec<ServiceParam>,
}

/// A service parameter (RFC 9460 section 2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceParam {
    /// The key's number.
    pub key: u16,
    /// The value's wire form.
    pub value: Vec<u8>,
}

/// Why a text does not describe a resolver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolverError {
    /// The priority is not a number up to 65535.
    Priority,
    /// There is no authentication domain name.
    NoName,
    /// The authentication domain name is not one.
    Name(NameError),
    /// The third field holds something that is not an address of the family.
    Address(String),
    /// A parameter is not written `KEY=VALUE`.
    Param(String),
    /// The key is unknown; `keyNNNNN` names any by its number.
    Key(String),
    /// The key has no place in this option (RFC 9463 section 3.1.5).
    ForbiddenKey(String),
    /// The key stands there twice.
    DuplicateKey(String),
    /// The value does not fit its key.
    ParamValue(String),
    /// A second resolver in DHCPv6, where an option describes one (RFC 9463 section 4.1).
    SecondResolver,
    /// There are more than four fields.
    ExtraField,
    /// Encoded, it is longer than its length fields can say.
    TooLong,
}

impl Resolver {
    pub(crate) fn parse<F: Family>(text: &str) -> Result<Self, ResolverError> {
        let fields = split_unescaped(text, ',');
        let field = |i: usize| fields.get(i).map(|f| f.trim()).filter(|f| !f.is_empty());
        if fields.len() > 4 {
            return Err(ResolverError::ExtraField);
        }
        let priority = field(0).and_then(|f| f.parse().ok()).ok_or(ResolverError::Priority)?;
        let name = field(1).ok_or(ResolverError::NoName)?;
        let name = name.parse().map_err(ResolverError::Name)?;
        let addresses: Vec<IpAddr> = field(2)
            .unwrap_or("")
            .split_whitespace()
            .map(|a| parse_address::<F>(a).ok_or_else(|| ResolverError::Address(a.to_owned())))
            .collect::<Result<_, _>>()?;
        let mut params: Vec<ServiceParam> = Vec::new();
        for pair in field(3).unwrap_or("").split_whitespace() {
            let param = ServiceParam::parse(pair)?;
            if params.iter().any(|p| p.key == param.key) {
                return Err(ResolverError::DuplicateKey(key_name(param.key)));
            }
            params.push(param);
        }
        params.sort_by_key(|p| p.key);
        let resolver = Resolver { priority, name, addresses, params };
        let address_octets = resolver.addresses.len() * usize::from(F::Addr::BITS / 8);
        if address_octets > max_counted::<F>() || resolver.body::<F>().len() > max_body() {
            return Err(ResolverError::TooLong);
        }
        Ok(resolver)
    }

    /// In DHCPv4 each instance has its length before it; in DHCPv6 the option is the instance.
    pub(crate) fn write<F: Family>(&self, out: &mut Vec<u8>) {
        let body = self.body::<F>();
        if F::VERSION == 4 {
            out.extend_from_slice(&(body.len() as u16).to_be_bytes());
        }
        out.extend_from_slice(&body);
    }

    fn body<F: Family>(&self) -> Vec<u8> {
        let mut out = self.priority.to_be_bytes().to_vec();
        write_counted::<F>(&mut out, self.name.wire());
        if self.addresses.is_empty() && self.params.is_empty() {
            return out;
        }
        let mut addresses = Vec::new();
        for address in &self.addresses {
            match address {
                IpAddr::V4(a) => addresses.extend_from_slice(&a.octets()),
                IpAddr::V6(a) => addresses.extend_from_slice(&a.octets()),
            }
        }
        write_counted::<F>(&mut out, &addresses);
        for param in &self.params {
            out.extend_from_slice(&param.key.to_be_bytes());
            out.extend_from_slice(&(param.value.len() as u16).to_be_bytes());
            out.extend_from_slice(&param.value);
        }
        out
    }

    /// The resolver at the beginning of `octets`, and the number of octets it takes. `None` when
    /// any of its lengths is wrong.
    pub(crate) fn read<F: Family>(octets: &[u8]) -> Option<(Self, usize)> {
        let (body, taken) = if F::VERSION == 4 {
            let (len, rest) = octets.split_first_chunk::<2>()?;
            let len = usize::from(u16::from_be_bytes(*len));
            (rest.get(..len)?, 2 + len)
        } else {
            (octets, octets.len())
        };
        let (priority, rest) = body.split_first_chunk::<2>()?;
        let (name_wire, mut rest) = read_counted::<F>(rest)?;
        let (name, end) = DomainName::from_wire(name_wire, 0, Compression::Refused).ok()?;
        if end != name_wire.len() {
            return None;
        }
        let mut resolver = Resolver {
            priority: u16::from_be_bytes(*priority),
            name,
            addresses: Vec::new(),
            params: Vec::new(),
        };
        if rest.is_empty() {
            return Some((resolver, taken));
        }
        let (addresses, params) = read_counted::<F>(rest)?;
        let width = usize::from(F::Addr::BITS / 8);
        if !addresses.len().is_multiple_of(width) {
            return None;
        }
        resolver.addresses = addresses.chunks_exact(width).filter_map(address_of).collect();
        rest = params;
        while !rest.is_empty() {
            let (key, tail) = rest.split_first_chunk::<2>()?;
            let (len, tail) = tail.split_first_chunk::<2>()?;
            let len = usize::from(u16::from_be_bytes(*len));
            let value = tail.get(..len)?.to_vec();
            resolver.params.push(ServiceParam { key: u16::from_be_bytes(*key), value });
            rest = tail.get(len..)?;
        }
        Some((resolver, taken))
    }
}

impl ServiceParam {
    fn parse(pair: &str) -> Result<Self, ResolverError> {
        let (name, value) = match pair.split_once('=') {
            Some((_, value)) if value.contains('=') && !pair.starts_with("dohpath=") => {
                return Err(ResolverError::Param(pair.to_owned()));
            }
            Some((name, value)) => (name, value),
            None if pair == "ohttp" => (pair, ""),
            None => return Err(ResolverError::Param(pair.to_owned())),
        };
        let key = key_number(name).ok_or_else(|| ResolverError::Key(name.to_owned()))?;
        if FORBIDDEN_KEYS.contains(&key) {
            return Err(ResolverError::ForbiddenKey(key_name(key)));
        }
        let wrong = || ResolverError::ParamValue(pair.to_owned());
        let value = match key {
            KEY_ALPN => {
                let mut wire = Vec::new();
                for id in split_unescaped(value, ',').iter().flat_map(|v| split_escaped_commas(v)) {
                    let id_len =
                        u8::try_from(id.len()).ok().filter(|&l| l > 0).ok_or_else(wrong)?;
                    wire.push(id_len);
                    wire.extend_from_slice(id.as_bytes());
                }
                wire
            }
            KEY_PORT => value.parse::<u16>().map_err(|_| wrong())?.to_be_bytes().to_vec(),
            KEY_OHTTP if value.is_empty() => Vec::new(),
            KEY_OHTTP => return Err(wrong()),
            _ if value.is_empty() => return Err(wrong()),
            _ => unescape(value).into_bytes(),
        };
        if value.len() > usize::from(u16::MAX) {
            return Err(wrong());
        }
        Ok(ServiceParam { key, value })
    }
}

impl fmt::Display for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, {}", self.priority, self.name)?;
        if self.addresses.is_empty() && self.params.is_empty() {
            return Ok(());
        }
        f.write_str(", ")?;
        for (i, address) in self.addresses.iter().enumerate() {
            write!(f, "{}{address}", if i == 0 { "" } else { " " })?;
        }
        for (i, param) in self.params.iter().enumerate() {
            write!(f, "{}{param}", if i == 0 { ", " } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Display for ServiceParam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&key_name(self.key))?;
        match (self.key, self.value.as_slice()) {
            (KEY_OHTTP, []) => Ok(()),
            (KEY_PORT, &[high, low]) => write!(f, "={}", u16::from_be_bytes([high, low])),
            (KEY_ALPN, ids) => {
                let mut rest = ids;
                let mut separator = "=";
                while let Some((&len, tail)) = rest.split_first() {
                    let (id, more) = tail.split_at(tail.len().min(usize::from(len)));
                    write!(f, "{separator}")?;
                    write_escaped(f, &String::from_utf8_lossy(id))?;
                    (rest, separator) = (more, "\\,");
                }
                Ok(())
            }
            (_, value) => {
                f.write_str("=")?;
                write_escaped(f, &String::from_utf8_lossy(value))
            }
        }
    }
}

fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    text.chars().try_for_each(|c| match c {
        ',' | '|' | '\\' => write!(f, "\\{c}"),
        _ => write!(f, "{c}"),
    })
}

/// The texts between the separators that have no backslash before them; escapes stay as they are.
pub(crate) fn split_unescaped(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, c) in text.char_indices() {
        if c == separator && !escaped {
            parts.push(text.get(start..at).unwrap_or(""));
            start = at + c.len_utf8();
        }
        escaped = c == '\\' && !escaped;
    }
    parts.push(text.get(start..).unwrap_or(""));
    parts
}

/// The protocol identifiers of an `alpn` value: between them stand escaped commas.
fn split_escaped_commas(value: &str) -> Vec<String> {
    value.split("\\,").map(unescape).collect()
}

fn unescape(value: &str) -> String {
    let (mut out, mut chars) = (String::with_capacity(value.len()), value.chars().peekable());
    while let Some(c) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(&next @ (',' | '|' | '\\'))) => {
                out.push(next);
                chars.next();
            }
            _ => out.push(c),
        }
    }
    out
}

fn parse_address<F: Family>(text: &str) -> Option<IpAddr> {
    let address: F::Addr = text.parse().ok()?;
    Some(if F::VERSION == 4 {
        IpAddr::V4(Address::from_number(address.number()))
    } else {
        IpAddr::V6(Address::from_number(address.number()))
    })
}

fn address_of(octets: &[u8]) -> Option<IpAddr> {
    match octets.len() {
        4 => <[u8; 4]>::try_from(octets).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(octets).ok().map(IpAddr::from),
        _ => None,
    }
}

/// Octets after their number, and the octets after those.
fn read_counted<F: Family>(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (len, rest) = octets.split_at_checked(F::OPTION_CODE_LEN)?;
    let len = len.iter().fold(0, |len, &octet| len << 8 | usize::from(octet));
    rest.split_at_checked(len)
}

/// An instance of DHCPv4 has 16 bits of length; that of DHCPv6 is bounded by the option's.
const fn max_body() -> usize {
    u16::MAX as usize
}

fn key_number(name: &str) -> Option<u16> {
    let known = KEYS.iter().find(|(_, known)| *known == name).map(|(key, _)| *key);
    known.or_else(|| name.strip_prefix("key")?.parse().ok())
}

fn key_name(key: u16) -> String {
    let known = KEYS.iter().find(|(known, _)| *known == key);
    known.map_or_else(|| format!("key{key}"), |(_, name)| (*name).to_owned())
}

const KEY_ALPN: u16 = 1;
const KEY_PORT: u16 = 3;
const KEY_OHTTP: u16 = 8;

/// Service parameter keys (RFC 9460 section 14.3.2, RFC 9461, RFC 9540).
const KEYS: [(u16, &str); 9] = [
    (0, "mandatory"),
    (KEY_ALPN, "alpn"),
    (2, "no-default-alpn"),
    (KEY_PORT, "port"),
    (4, "ipv4hint"),
    (5, "ech"),
    (6, "ipv6hint"),
    (7, "dohpath"),
    (KEY_OHTTP, "ohttp"),
];

/// What the addresses of the option replace, and what has no use in it.
const FORBIDDEN_KEYS: [u16; 4] = [0, 2, 4, 6];

impl fmt::Display for ResolverError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ResolverError::Priority => f.write_str("the priority is not a number up to 65535"),
            ResolverError::NoName => f.write_str("the authentication domain name is missing"),
            ResolverError::Name(error) => error.fmt(f),
            ResolverError::Address(text) => write!(f, "'{text}' is not an address of the family"),
            ResolverError::Param(text) => write!(f, "'{text}' is not KEY=VALUE"),
            ResolverError::Key(text) => write!(f, "unknown service parameter '{text}'"),
            ResolverError::ForbiddenKey(text) => {
                write!(f, "service parameter '{text}' is not allowed here")
            }
            ResolverError::DuplicateKey(text) => {
                write!(f, "service parameter '{text}' stands there twice")
            }
            ResolverError::ParamValue(text) => write!(f, "the value of '{text}' is not valid"),
            ResolverError::SecondResolver => f.write_str("the option describes one resolver"),
            ResolverError::ExtraField => f.write_str("a resolver has at most four fields"),
            ResolverError::TooLong => f.write_str("the resolver is too long"),
        }
    }
}

impl std::error::Error for ResolverError {}
