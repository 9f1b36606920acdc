//! The functions of the language on plain octets.

use std::fmt::Write;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use crate::ast::Conversion;

/// The part that `substring(value, start, length)` means of a value of `whole` octets; `None` if
/// `start` is outside.
pub(crate) fn substring(whole: usize, start: i32, length: Option<i32>) -> Option<Range<usize>> {
    let whole = whole as i64;
    let start = if start < 0 { i64::from(start) + whole } else { i64::from(start) };
    if !(0..whole).contains(&start) {
        return None;
    }
    let (from, to) = match length.map(i64::from) {
        None => (start, whole),
        Some(length) if length < 0 => ((start + length).max(0), start),
        Some(length) => (start, (start + length).min(whole)),
    };
    // Both are in 0..=whole by now.
    Some(from as usize..to as usize)
}

/// What `split` finds, as a range of the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Split {
    EmptyValue,
    /// No delimiters: the value as it is.
    NoDelimiters(Range<usize>),
    OutOfRange,
    Field(Range<usize>),
}

impl Split {
    pub(crate) fn of(value: &[u8], delimiters: &[u8], field: i32) -> Self {
        if value.is_empty() {
            return Split::EmptyValue;
        }
        if delimiters.is_empty() {
            return Split::NoDelimiters(0..value.len());
        }
        let mut start = 0;
        for number in 1..=field {
            let rest = value.get(start..).unwrap_or(&[]);
            let len = rest.iter().position(|octet| delimiters.contains(octet));
            let end = start + len.unwrap_or(rest.len());
            if number == field {
                return Split::Field(start..end);
            }
            if len.is_none() {
                break;
            }
            start = end + 1;
        }
        Split::OutOfRange
    }

    pub(crate) fn range(&self) -> Range<usize> {
        match self {
            Split::EmptyValue | Split::OutOfRange => 0..0,
            Split::NoDelimiters(range) | Split::Field(range) => range.clone(),
        }
    }
}

/// Appends pairs of lower-case digits with `separator` between them.
pub(crate) fn hexstring(value: &[u8], separator: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for (place, octet) in value.iter().enumerate() {
        if place > 0 {
            out.extend_from_slice(separator);
        }
        out.push(DIGITS[usize::from(octet >> 4)]);
        out.push(DIGITS[usize::from(octet & 0xf)]);
    }
}

/// Appends the converted value. Fails when the value has a length that the conversion does not
/// take; an empty value gives an empty text.
pub(crate) fn convert(
    conversion: Conversion,
    value: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), WrongLength> {
    if value.is_empty() {
        return Ok(());
    }
    let mut text = Appender(out);
    let written = match (conversion, value) {
        (Conversion::AddrToText, &[a, b, c, d]) => {
            write!(text, "{}", Ipv4Addr::new(a, b, c, d))
        }
        (Conversion::AddrToText, _) => {
            let octets: [u8; 16] = value.try_into().map_err(|_| WrongLength)?;
            write!(text, "{}", Ipv6Addr::from(octets))
        }
        (Conversion::Int8ToText, &[a]) => write!(text, "{}", a as i8),
        (Conversion::Int16ToText, &[a, b]) => write!(text, "{}", i16::from_be_bytes([a, b])),
        (Conversion::Int32ToText, &[a, b, c, d]) => {
            write!(text, "{}", i32::from_be_bytes([a, b, c, d]))
        }
        (Conversion::Uint8ToText, &[a]) => write!(text, "{a}"),
        (Conversion::Uint16ToText, &[a, b]) => write!(text, "{}", u16::from_be_bytes([a, b])),
        (Conversion::Uint32ToText, &[a, b, c, d]) => {
            write!(text, "{}", u32::from_be_bytes([a, b, c, d]))
        }
        (Conversion::Lcase, _) => {
            out.extend(value.iter().map(u8::to_ascii_lowercase));
            Ok(())
        }
        (Conversion::Ucase, _) => {
            out.extend(value.iter().map(u8::to_ascii_uppercase));
            Ok(())
        }
        _ => return Err(WrongLength),
    };
    debug_assert!(written.is_ok(), "appending to memory cannot fail");
    Ok(())
}

/// The value has a length that the conversion does not take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrongLength;

struct Appender<'a>(&'a mut Vec<u8>);

impl Write for Appender<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn substring_follows_the_examples_of_the_manual() {
        for (start, length, expected) in [
            (0, Some(6), "foobar"),
            (3, Some(3), "bar"),
            (3, None, "bar"),
            (1, Some(4), "ooba"),
            (-5, Some(4), "ooba"),
            (-1, Some(-3), "oba"),
            (4, Some(-2), "ob"),
            (4, Some(6), "ar"),
            (-6, Some(1), "f"),
            (2, Some(-5), "fo"),
            (0, Some(-1), ""),
            (0, Some(i32::MAX), "foobar"),
            (5, Some(i32::MIN), "fooba"),
        ] {
            let part = substring(6, start, length).map(|range| &"foobar"[range]);
            assert_eq!(part, Some(expected), "{start}");
        }
        for start in [6, 10, -7, i32::MIN, i32::MAX] {
            assert_eq!(substring(6, start, Some(2)), None);
        }
        assert_eq!(substring(0, 0, None), None);
    }

    #[test]
    fn split_keeps_empty_fields() {
        for (field, range) in [(1, 0..3), (2, 4..7), (3, 8..8), (4, 9..13)] {
            assert_eq!(Split::of(b"one.two..four", b".", field), Split::Field(range));
        }
        for field in [5, 0, -1, i32::MAX, i32::MIN] {
            assert_eq!(Split::of(b"one.two..four", b".", field), Split::OutOfRange);
        }
        assert_eq!(Split::of(b"a.b-c", b".-", 3), Split::Field(4..5));
        assert_eq!(Split::of(b"a.b", b"", 7), Split::NoDelimiters(0..3));
        assert_eq!(Split::of(b".a.", b".", 3), Split::Field(3..3));
        assert_eq!(Split::of(b"", b".", 1), Split::EmptyValue);
    }

    #[test]
    fn conversions_demand_their_length() {
        let text = |conversion, value: &[u8]| {
            let mut out = Vec::new();
            convert(conversion, value, &mut out).map(|()| String::from_utf8(out).unwrap())
        };
        for (conversion, value, expected) in [
            (Conversion::AddrToText, &[192, 10, 0, 1][..], "192.10.0.1"),
            (Conversion::Int8ToText, &[0xff], "-1"),
            (Conversion::Uint8ToText, &[0xff], "255"),
            (Conversion::Int16ToText, &[0xff, 0xff], "-1"),
            (Conversion::Uint16ToText, &[0xff, 0xff], "65535"),
            (Conversion::Int32ToText, &[0xff; 4], "-1"),
            (Conversion::Uint32ToText, &[0xff; 4], "4294967295"),
            (Conversion::Lcase, b"LOwer-1", "lower-1"),
            (Conversion::Ucase, b"upPEr-1", "UPPER-1"),
        ] {
            assert_eq!(text(conversion, value).as_deref(), Ok(expected));
            assert_eq!(text(conversion, b"").as_deref(), Ok(""));
        }
        for &conversion in &Conversion::ALL[..7] {
            assert_eq!(text(conversion, b"12345"), Err(WrongLength), "{}", conversion.word());
        }
    }
}
