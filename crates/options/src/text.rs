//! Option data as an operator writes it: comma-separated fields, or hexadecimal octets.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use kea_wire::{Family, Prefix, PrefixError};

use crate::data_type::DataType;
use crate::decode::DecodeError;
use crate::dnr::ResolverError;
use crate::fqdn::NameError;
use crate::route::RouteError;
use crate::value::{Datum, Psid, max_counted};

/// Why a text is not the data of an option.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionTextError {
    /// A field does not fit its type.
    Field {
        /// Which field, counting from 0.
        index: usize,
        /// Where it begins in the text, in octets.
        offset: usize,
        /// What the definition has there.
        expected: DataType,
        /// What is wrong with it.
        reason: FieldError,
    },
    /// The text ends before the definition does.
    MissingField {
        /// The first field that is missing, counting from 0.
        index: usize,
        /// What the definition has there.
        expected: DataType,
    },
    /// The option has no data of its own, and the text is not empty.
    Unexpected {
        /// Where the text begins.
        offset: usize,
    },
    /// The hexadecimal octets are not valid.
    Hex {
        /// Where, in octets of the text.
        offset: usize,
        /// What is wrong.
        reason: HexError,
    },
    /// The hexadecimal octets do not fit the definition.
    Content(DecodeError),
}

/// Why a text is not a value of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FieldError {
    /// Neither `true`, `false`, `1` nor `0`.
    Boolean,
    /// Not a number.
    Number,
    /// A number out of the type's bounds.
    OutOfRange {
        /// The lowest allowed.
        min: i64,
        /// The highest allowed.
        max: i64,
    },
    /// Not an address of the family that the type has.
    Address,
    /// Not an IPv6 prefix.
    Prefix(PrefixError),
    /// Not written `PSID/LENGTH`.
    PsidForm,
    /// The length exceeds 16, or the identifier has more bits than its length.
    PsidRange,
    /// Nothing, where something is needed.
    Empty,
    /// Longer than its length field can say.
    TooLong {
        /// The most octets allowed.
        max: usize,
    },
    /// Not a domain name.
    Name(NameError),
    /// Not hexadecimal octets.
    Hex(HexError),
    /// Not a classless static route.
    Route(RouteError),
    /// Not an encrypted DNS resolver.
    Resolver(ResolverError),
}

/// Why a text is not hexadecimal octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HexError {
    /// A character is no hexadecimal digit.
    Digit(char),
    /// Between two separators stand no digits, or more than two.
    OctetLen,
    /// A quoted text has no closing quote.
    Unterminated,
}

/// A field of a text, its escapes resolved, with the place where it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    pub(crate) text: String,
    pub(crate) offset: usize,
}

/// Splits at the commas that have no backslash before them, and trims blanks. `\,` and `\\` lose
/// their backslash, others keep it. A text that is all blank has no fields, and between two commas
/// without a blank there is none either.
pub(crate) fn split_csv(text: &str) -> Vec<Token> {
    if text.trim().is_empty() {
        return Vec::new();
    }
    let mut tokens = Vec::new();
    let (mut field, mut start) = (String::new(), 0);
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        match (c, chars.peek()) {
            ('\\', Some(&(_, next @ (',' | '\\')))) => {
                field.push(next);
                chars.next();
            }
            (',', _) => {
                tokens.extend(trimmed(&field, start));
                field.clear();
                start = at + 1;
            }
            _ => field.push(c),
        }
    }
    tokens.extend(trimmed(&field, start));
    tokens
}

fn trimmed(field: &str, start: usize) -> Option<Token> {
    let blank = field.len() - field.trim_start().len();
    let token = Token { text: field.trim().to_owned(), offset: start + blank };
    (!field.is_empty()).then_some(token)
}

/// Reads one field.
pub(crate) fn parse_field<F: Family>(data_type: DataType, text: &str) -> Result<Datum, FieldError> {
    if let Some((min, max)) = data_type.integer_bounds() {
        return parse_integer(data_type, text, min, max);
    }
    Ok(match data_type {
        DataType::Boolean => Datum::Boolean(parse_boolean(text)?),
        DataType::Fqdn => Datum::Fqdn(text.parse().map_err(FieldError::Name)?),
        DataType::Ipv4Address => {
            Datum::Ipv4Address(text.parse::<Ipv4Addr>().map_err(|_| FieldError::Address)?)
        }
        DataType::Ipv6Address => {
            Datum::Ipv6Address(text.parse::<Ipv6Addr>().map_err(|_| FieldError::Address)?)
        }
        DataType::Ipv6Prefix => {
            let given: Prefix<Ipv6Addr> = text.parse().map_err(FieldError::Prefix)?;
            Datum::Ipv6Prefix(Prefix::new(given.first(), given.len()).unwrap_or(given))
        }
        DataType::Psid => Datum::Psid(parse_psid(text)?),
        DataType::String if text.is_empty() => return Err(FieldError::Empty),
        DataType::String => Datum::String(Bytes::copy_from_slice(text.as_bytes())),
        DataType::Tuple => {
            let max = max_counted::<F>();
            if text.len() > max {
                return Err(FieldError::TooLong { max });
            }
            Datum::Tuple(Bytes::copy_from_slice(text.as_bytes()))
        }
        // Binary; the others have no fields of their own.
        _ => Datum::Binary(parse_binary(text)?),
    })
}

fn parse_boolean(text: &str) -> Result<bool, FieldError> {
    let word = |word: &str| text.eq_ignore_ascii_case(word);
    match text.parse::<i64>() {
        Ok(1) => Ok(true),
        Ok(0) => Ok(false),
        Err(_) if word("true") => Ok(true),
        Err(_) if word("false") => Ok(false),
        _ => Err(FieldError::Boolean),
    }
}

fn parse_integer(data_type: DataType, text: &str, min: i64, max: i64) -> Result<Datum, FieldError> {
    integer(data_type, parse_number(text)?, min, max)
}

/// Decimal; else hexadecimal, with or without `0x`. A number beyond 64 bits becomes the greatest or
/// the least of them, which is out of every type's bounds.
fn parse_number(text: &str) -> Result<i64, FieldError> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let hex = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X"));
    let is_decimal = hex.is_none() && digits.bytes().all(|b| b.is_ascii_digit());
    let (digits, radix) = if is_decimal { (digits, 10) } else { (hex.unwrap_or(digits), 16) };
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(FieldError::Number);
    }
    let number = i64::from_str_radix(digits, radix).unwrap_or(i64::MAX);
    Ok(if negative { -number } else { number })
}

fn integer(data_type: DataType, number: i64, min: i64, max: i64) -> Result<Datum, FieldError> {
    let out_of_range = |_| FieldError::OutOfRange { min, max };
    Ok(match data_type {
        DataType::Int8 => Datum::Int8(number.try_into().map_err(out_of_range)?),
        DataType::Int16 => Datum::Int16(number.try_into().map_err(out_of_range)?),
        DataType::Int32 => Datum::Int32(number.try_into().map_err(out_of_range)?),
        DataType::Uint8 => Datum::Uint8(number.try_into().map_err(out_of_range)?),
        DataType::Uint16 => Datum::Uint16(number.try_into().map_err(out_of_range)?),
        _ => Datum::Uint32(number.try_into().map_err(out_of_range)?),
    })
}

fn parse_psid(text: &str) -> Result<Psid, FieldError> {
    let (value, len) = text.split_once('/').ok_or(FieldError::PsidForm)?;
    let number = |text: &str| parse_number(text.trim()).map_err(|_| FieldError::PsidForm);
    let value = u16::try_from(number(value)?).map_err(|_| FieldError::PsidRange)?;
    let len = u8::try_from(number(len)?).map_err(|_| FieldError::PsidRange)?;
    Psid::new(value, len).ok_or(FieldError::PsidRange)
}

/// A binary field: digits in which blanks may stand anywhere, or any form of [`parse_hex`].
fn parse_binary(text: &str) -> Result<Bytes, FieldError> {
    let digits: String = text.split(' ').collect();
    let read = parse_digits(&digits, 0).ok().filter(|_| digits.len().is_multiple_of(2));
    match read {
        Some(octets) => Ok(octets.into()),
        None => parse_hex(text).map_err(|(_, reason)| FieldError::Hex(reason)),
    }
}

/// Reads octets: `AB:CD`, `ab cd`, `0xabcd`, `abc` (which is `0abc`), or `'text'` for the octets of
/// the text. An error says where.
pub(crate) fn parse_hex(text: &str) -> Result<Bytes, (usize, HexError)> {
    let start = text.len() - text.trim_start().len();
    let text = text.trim();
    if let Some(quoted) = text.strip_prefix('\'') {
        let inner = quoted.strip_suffix('\'').ok_or((start, HexError::Unterminated))?;
        return Ok(Bytes::copy_from_slice(inner.as_bytes()));
    }
    for separator in [':', ' '] {
        if text.contains(separator) {
            return parse_separated(text, separator, start);
        }
    }
    let prefix = if text.starts_with("0x") || text.starts_with("0X") { 2 } else { 0 };
    let digits = text.get(prefix..).unwrap_or("");
    parse_digits(digits, start + prefix).map(Bytes::from)
}

fn parse_separated(text: &str, separator: char, start: usize) -> Result<Bytes, (usize, HexError)> {
    let (mut octets, mut offset) = (Vec::new(), start);
    for part in text.split(separator) {
        if !(1..=2).contains(&part.chars().count()) {
            return Err((offset, HexError::OctetLen));
        }
        octets.extend(parse_digits(part, offset)?);
        offset += part.len() + 1;
    }
    Ok(octets.into())
}

/// An odd run of digits has a zero before it.
fn parse_digits(digits: &str, start: usize) -> Result<Vec<u8>, (usize, HexError)> {
    let count = digits.len();
    let mut octets = Vec::with_capacity(count.div_ceil(2));
    let mut high = None;
    for (at, c) in digits.char_indices() {
        let digit = c.to_digit(16).ok_or((start + at, HexError::Digit(c)))? as u8;
        match high.take() {
            None if at == 0 && !count.is_multiple_of(2) => octets.push(digit),
            None => high = Some(digit),
            Some(high) => octets.push(high << 4 | digit),
        }
    }
    Ok(octets)
}

impl fmt::Display for OptionTextError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionTextError::Field { index, expected, reason, .. } => {
                write!(f, "field {} is not a valid {expected}: {reason}", index + 1)
            }
            OptionTextError::MissingField { index, expected } => {
                write!(f, "field {} is missing: expected {expected}", index + 1)
            }
            OptionTextError::Unexpected { .. } => f.write_str("the option has no data of its own"),
            OptionTextError::Hex { offset, reason } => {
                write!(f, "invalid hexadecimal data at character {}: {reason}", offset + 1)
            }
            OptionTextError::Content(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OptionTextError {}

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FieldError::Boolean => f.write_str("expected true, false, 1 or 0"),
            FieldError::Number => f.write_str("expected a decimal or hexadecimal number"),
            FieldError::OutOfRange { min, max } => write!(f, "expected a number in {min}..{max}"),
            FieldError::Address => f.write_str("expected an address"),
            FieldError::Prefix(error) => error.fmt(f),
            FieldError::PsidForm => f.write_str("a PSID is written PSID/LENGTH"),
            FieldError::PsidRange => {
                f.write_str("the length is at most 16, and the PSID has at most that many bits")
            }
            FieldError::Empty => f.write_str("expected at least one character"),
            FieldError::TooLong { max } => write!(f, "longer than {max} octets"),
            FieldError::Name(error) => error.fmt(f),
            FieldError::Hex(error) => error.fmt(f),
            FieldError::Route(error) => error.fmt(f),
            FieldError::Resolver(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for FieldError {}

impl fmt::Display for HexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HexError::Digit(c) => write!(f, "'{}' is not a hexadecimal digit", c.escape_default()),
            HexError::OctetLen => f.write_str("an octet has one or two digits"),
            HexError::Unterminated => f.write_str("the closing quote is missing"),
        }
    }
}

impl std::error::Error for HexError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_know_where_they_begin() {
        let token = |text: &str, offset| Token { text: text.to_owned(), offset };
        assert_eq!(
            split_csv(r"a\,b,  c , \\,d\e"),
            [token("a,b", 0), token("c", 7), token(r"\", 11), token(r"d\e", 14),]
        );
        assert_eq!(split_csv("1,,2,"), [token("1", 0), token("2", 3)]);
        assert_eq!(split_csv("1, ,2"), [token("1", 0), token("", 3), token("2", 4)]);
        assert_eq!(split_csv("  "), []);
    }

    #[test]
    fn octets_are_written_in_many_ways() {
        for (text, octets) in [
            ("AB:CD", &b"\xab\xcd"[..]),
            ("ab cd", b"\xab\xcd"),
            ("1:2", b"\x01\x02"),
            ("0xabcd", b"\xab\xcd"),
            ("abc", b"\x0a\xbc"),
            ("'a, b'", b"a, b"),
            ("", b""),
        ] {
            assert_eq!(parse_hex(text).as_deref(), Ok(octets), "{text}");
        }
        assert_eq!(parse_hex("01::02"), Err((3, HexError::OctetLen)));
        assert_eq!(parse_hex("01: 02"), Err((3, HexError::OctetLen)));
        assert_eq!(parse_hex("0x0g"), Err((3, HexError::Digit('g'))));
        assert_eq!(parse_hex("'abc"), Err((0, HexError::Unterminated)));
    }
}
