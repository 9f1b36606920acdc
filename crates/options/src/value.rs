//! Option data as typed values, and their text and wire forms.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use kea_wire::{Family, Hex, Prefix};

use crate::dnr::Resolver;
use crate::fqdn::DomainName;
use crate::route::Route;
use crate::sub_option::{SubOption, write_sub_option};

/// The data of one option: its fields, and the sub-options after them.
///
/// Displayed as the CSV text that [`crate::Definition::encode_csv`] reads; sub-options, which have
/// no place in that text, are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Value {
    /// The option's own data.
    pub fields: Vec<Datum>,
    /// What follows it, in the space that the definition names.
    pub sub_options: Vec<SubOption>,
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Datum {
    /// Any octets.
    Binary(Bytes),
    /// 0 or 1.
    Boolean(bool),
    /// A domain name.
    Fqdn(DomainName),
    /// A signed octet.
    Int8(i8),
    /// Two octets, signed.
    Int16(i16),
    /// Four octets, signed.
    Int32(i32),
    /// An IPv4 address.
    Ipv4Address(Ipv4Addr),
    /// An IPv6 address.
    Ipv6Address(Ipv6Addr),
    /// An IPv6 prefix.
    Ipv6Prefix(Prefix<Ipv6Addr>),
    /// A port-set identifier.
    Psid(Psid),
    /// An encrypted DNS resolver (RFC 9463).
    Resolver(Resolver),
    /// A classless static route (RFC 3442).
    Route(Route),
    /// Text; nothing promises that it is UTF-8.
    String(Bytes),
    /// Text with a length before it.
    Tuple(Bytes),
    /// An octet.
    Uint8(u8),
    /// Two octets.
    Uint16(u16),
    /// Four octets.
    Uint32(u32),
}

/// A port-set identifier of `len` bits (RFC 7597 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Psid {
    value: u16,
    len: u8,
}

impl Psid {
    /// The most bits that a port-set identifier has.
    pub const MAX_LEN: u8 = 16;

    /// `None` when `len` exceeds 16, or `value` has more than `len` bits. A length of zero makes
    /// the value meaningless; it becomes zero.
    pub fn new(value: u16, len: u8) -> Option<Self> {
        match len {
            0 => Some(Psid { value: 0, len }),
            1..=Self::MAX_LEN => (u32::from(value) >> len == 0).then_some(Psid { value, len }),
            _ => None,
        }
    }

    /// The identifier.
    pub fn value(self) -> u16 {
        self.value
    }

    /// Its length in bits.
    #[allow(clippy::len_without_is_empty)] // a number of bits, not a collection
    pub fn len(self) -> u8 {
        self.len
    }

    /// The 16-bit field, in which the identifier stands at the left (RFC 7598 section 4.5).
    pub fn left_aligned(self) -> u16 {
        let shift = u32::from(Self::MAX_LEN - self.len);
        self.value.checked_shl(shift).unwrap_or(0)
    }
}

impl fmt::Display for Psid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.value, self.len)
    }
}

impl Value {
    /// The wire form in family `F`: the fields, then the sub-options.
    pub(crate) fn write<F: Family>(&self, out: &mut Vec<u8>) {
        for field in &self.fields {
            field.write::<F>(out);
        }
        for sub_option in &self.sub_options {
            write_sub_option::<F>(out, sub_option.code, &sub_option.data);
        }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, field) in self.fields.iter().enumerate() {
            let separator = match (i, field) {
                // Before the first comma, nothing at all would be no field; a blank is an empty one.
                (0, Datum::Binary(o) | Datum::String(o) | Datum::Tuple(o)) if o.is_empty() => " ",
                (0, _) => "",
                (_, Datum::Resolver(_)) => " | ",
                _ => ", ",
            };
            write!(f, "{separator}{field}")?;
        }
        Ok(())
    }
}

impl Datum {
    fn write<F: Family>(&self, out: &mut Vec<u8>) {
        match self {
            Datum::Binary(octets) | Datum::String(octets) => out.extend_from_slice(octets),
            Datum::Boolean(value) => out.push(u8::from(*value)),
            Datum::Fqdn(name) => out.extend_from_slice(name.wire()),
            Datum::Int8(value) => out.extend_from_slice(&value.to_be_bytes()),
            Datum::Int16(value) => out.extend_from_slice(&value.to_be_bytes()),
            Datum::Int32(value) => out.extend_from_slice(&value.to_be_bytes()),
            Datum::Ipv4Address(address) => out.extend_from_slice(&address.octets()),
            Datum::Ipv6Address(address) => out.extend_from_slice(&address.octets()),
            Datum::Ipv6Prefix(prefix) => {
                let octets = prefix.first().octets();
                out.push(prefix.len());
                out.extend(octets.iter().take(usize::from(prefix.len().div_ceil(8))));
            }
            Datum::Psid(psid) => {
                out.push(psid.len);
                out.extend_from_slice(&psid.left_aligned().to_be_bytes());
            }
            Datum::Resolver(resolver) => resolver.write::<F>(out),
            Datum::Route(route) => route.write(out),
            Datum::Tuple(octets) => write_counted::<F>(out, octets),
            Datum::Uint8(value) => out.push(*value),
            Datum::Uint16(value) => out.extend_from_slice(&value.to_be_bytes()),
            Datum::Uint32(value) => out.extend_from_slice(&value.to_be_bytes()),
        }
    }
}

impl fmt::Display for Datum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Datum::Binary(octets) => Hex(octets).fmt(f),
            Datum::Boolean(value) => value.fmt(f),
            Datum::Fqdn(name) => write_escaped(f, &name.to_string()),
            Datum::Int8(value) => value.fmt(f),
            Datum::Int16(value) => value.fmt(f),
            Datum::Int32(value) => value.fmt(f),
            Datum::Ipv4Address(address) => address.fmt(f),
            Datum::Ipv6Address(address) => address.fmt(f),
            Datum::Ipv6Prefix(prefix) => prefix.fmt(f),
            Datum::Psid(psid) => psid.fmt(f),
            Datum::Resolver(resolver) => resolver.fmt(f),
            Datum::Route(route) => route.fmt(f),
            Datum::String(octets) | Datum::Tuple(octets) => {
                write_escaped(f, &String::from_utf8_lossy(octets))
            }
            Datum::Uint8(value) => value.fmt(f),
            Datum::Uint16(value) => value.fmt(f),
            Datum::Uint32(value) => value.fmt(f),
        }
    }
}

/// Octets after their number, which takes one octet in DHCPv4 and two in DHCPv6.
///
/// What the length cannot say is cut off; readers of text and wire refuse it before.
pub(crate) fn write_counted<F: Family>(out: &mut Vec<u8>, octets: &[u8]) {
    let kept = octets.get(..max_counted::<F>()).unwrap_or(octets);
    if F::OPTION_CODE_LEN == 1 {
        out.push(kept.len() as u8);
    } else {
        out.extend_from_slice(&(kept.len() as u16).to_be_bytes());
    }
    out.extend_from_slice(kept);
}

/// The largest length that a length field of the family can say.
pub(crate) const fn max_counted<F: Family>() -> usize {
    if F::OPTION_CODE_LEN == 1 { u8::MAX as usize } else { u16::MAX as usize }
}

/// Text as one CSV field: a comma or a backslash gets a backslash before it.
fn write_escaped(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    for c in text.chars() {
        if matches!(c, ',' | '\\') {
            f.write_str("\\")?;
        }
        write!(f, "{c}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn psid_stands_at_the_left() {
        assert_eq!(Psid::new(3, 4).map(Psid::left_aligned), Some(0x3000));
        assert_eq!(Psid::new(0xffff, 16).map(Psid::left_aligned), Some(0xffff));
        assert_eq!(Psid::new(7, 0).map(Psid::left_aligned), Some(0));
        assert_eq!(Psid::new(16, 4), None);
        assert_eq!(Psid::new(0, 17), None);
    }

    #[test]
    fn a_comma_of_the_text_is_escaped() {
        let text = Datum::String(Bytes::from_static(b"a,b\\c"));
        assert_eq!(text.to_string(), r"a\,b\\c");
    }

    #[test]
    fn an_empty_first_field_keeps_its_place() {
        let tuple = |text: &'static str| Datum::Tuple(Bytes::from_static(text.as_bytes()));
        let value = Value { fields: vec![tuple(""), tuple("a"), tuple("")], sub_options: vec![] };
        assert_eq!(value.to_string(), " , a, ");
    }
}
