//! Domain names: RFC 1035 section 3.1, compressed as section 4.1.4 where RFC 3397 allows it.

use std::fmt;
use std::str::FromStr;

/// A complete domain name, kept in its uncompressed wire form.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct DomainName(Vec<u8>);

/// Why a text or octets are not a domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// There is nothing.
    Empty,
    /// Two dots follow each other, or the name begins with one.
    EmptyLabel,
    /// A label is longer than 63 octets.
    LabelTooLong,
    /// The wire form is longer than 255 octets.
    TooLong,
    /// A backslash is not followed by a character or by three digits up to 255.
    Escape,
    /// The octets end inside the name.
    Truncated,
    /// A compression pointer does not point back, or compression is not allowed here.
    Pointer,
    /// A label begins with the reserved bits 01 or 10.
    LabelType,
}

impl DomainName {
    /// The longest wire form.
    pub const MAX_LEN: usize = 255;
    const MAX_LABEL_LEN: usize = 63;

    /// The uncompressed wire form, with its terminating zero.
    pub fn wire(&self) -> &[u8] {
        &self.0
    }

    /// True for the name of the root, `.`.
    pub fn is_root(&self) -> bool {
        self.0.len() == 1
    }

    /// The labels, from the leftmost; the root is not among them.
    pub fn labels(&self) -> impl Iterator<Item = &[u8]> {
        let mut rest = self.0.as_slice();
        std::iter::from_fn(move || {
            let (&len, tail) = rest.split_first()?;
            let label = tail.get(..usize::from(len)).filter(|label| !label.is_empty())?;
            rest = tail.get(usize::from(len)..)?;
            Some(label)
        })
    }

    /// Reads the name that begins at `start`, and says where the octets after it begin.
    ///
    /// Pointers count from the beginning of `octets`. Each must lead further back than everything
    /// read before it, so that no chain of pointers is a loop.
    pub fn from_wire(
        octets: &[u8],
        start: usize,
        compression: Compression,
    ) -> Result<(Self, usize), NameError> {
        let mut wire = Vec::new();
        let mut at = start;
        let mut after = None;
        let mut limit = start;
        loop {
            let len = *octets.get(at).ok_or(NameError::Truncated)?;
            match len & 0xc0 {
                0x00 => {
                    let end = at + 1 + usize::from(len);
                    wire.extend_from_slice(octets.get(at..end).ok_or(NameError::Truncated)?);
                    if wire.len() > Self::MAX_LEN {
                        return Err(NameError::TooLong);
                    }
                    at = end;
                    if len == 0 {
                        return Ok((DomainName(wire), after.unwrap_or(at)));
                    }
                }
                0xc0 => {
                    let low = *octets.get(at + 1).ok_or(NameError::Truncated)?;
                    let target = usize::from(len & 0x3f) << 8 | usize::from(low);
                    if compression == Compression::Refused || target >= limit {
                        return Err(NameError::Pointer);
                    }
                    after.get_or_insert(at + 2);
                    limit = target;
                    at = target;
                }
                _ => return Err(NameError::LabelType),
            }
        }
    }

    fn push_label(wire: &mut Vec<u8>, label: &mut Vec<u8>) -> Result<(), NameError> {
        if label.is_empty() {
            return Err(NameError::EmptyLabel);
        }
        let len = u8::try_from(label.len()).map_err(|_| NameError::LabelTooLong)?;
        if label.len() > Self::MAX_LABEL_LEN {
            return Err(NameError::LabelTooLong);
        }
        wire.push(len);
        wire.append(label);
        if wire.len() >= Self::MAX_LEN { Err(NameError::TooLong) } else { Ok(()) }
    }
}

/// Whether pointers to earlier names may stand in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As RFC 3397 has it for domain-search.
    Allowed,
    /// As RFC 9915 section 10 has it for all of DHCPv6.
    Refused,
}

/// Dotted text, with or without the final dot. `\.` and `\DDD` stand for one octet of a label.
impl FromStr for DomainName {
    type Err = NameError;
    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.is_empty() {
            return Err(NameError::Empty);
        }
        if text == "." {
            return Ok(DomainName(vec![0]));
        }
        let (mut wire, mut label) = (Vec::new(), Vec::new());
        let mut octets = text.bytes();
        while let Some(octet) = octets.next() {
            match octet {
                b'.' => Self::push_label(&mut wire, &mut label)?,
                b'\\' => label.push(escaped(&mut octets)?),
                _ => label.push(octet),
            }
        }
        if !label.is_empty() {
            Self::push_label(&mut wire, &mut label)?;
        }
        wire.push(0);
        Ok(DomainName(wire))
    }
}

/// The octet that an escape stands for; the backslash has been read.
fn escaped(octets: &mut std::str::Bytes<'_>) -> Result<u8, NameError> {
    let first = octets.next().ok_or(NameError::Escape)?;
    if !first.is_ascii_digit() {
        return Ok(first);
    }
    let mut number = u16::from(first - b'0');
    for _ in 0..2 {
        let digit = octets.next().filter(u8::is_ascii_digit).ok_or(NameError::Escape)?;
        number = number * 10 + u16::from(digit - b'0');
    }
    u8::try_from(number).map_err(|_| NameError::Escape)
}

/// Dotted text with the final dot.
impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_root() {
            return f.write_str(".");
        }
        for label in self.labels() {
            for &octet in label {
                match octet {
                    b'.' | b'\\' => write!(f, "\\{}", char::from(octet))?,
                    b'!'..=b'~' => write!(f, "{}", char::from(octet))?,
                    _ => write!(f, "\\{octet:03}")?,
                }
            }
            f.write_str(".")?;
        }
        Ok(())
    }
}

impl fmt::Debug for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DomainName({self})")
    }
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            NameError::Empty => "the domain name is empty",
            NameError::EmptyLabel => "a label of the domain name is empty",
            NameError::LabelTooLong => "a label of the domain name is longer than 63 octets",
            NameError::TooLong => "the domain name is longer than 255 octets",
            NameError::Escape => {
                "'\\' in a domain name wants a character or three digits up to 255"
            }
            NameError::Truncated => "the data ends inside a domain name",
            NameError::Pointer => "a compression pointer of a domain name is not allowed here",
            NameError::LabelType => "a label of the domain name has a reserved type",
        })
    }
}

impl std::error::Error for NameError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_wire_and_back() {
        let name: DomainName = "www.Example.com".parse().unwrap();
        assert_eq!(name.wire(), b"\x03www\x07Example\x03com\x00");
        assert_eq!(name.to_string(), "www.Example.com.");
        let name: DomainName = r"a\.b.\007\\.".parse().unwrap();
        assert_eq!(name.wire(), b"\x03a.b\x02\x07\\\x00");
        assert_eq!(name.to_string(), r"a\.b.\007\\.");
        assert_eq!(".".parse::<DomainName>().unwrap().wire(), [0]);
    }

    #[test]
    fn what_is_no_name_says_why() {
        let long = "a".repeat(64);
        for (text, error) in [
            ("", NameError::Empty),
            ("a..b", NameError::EmptyLabel),
            (".a", NameError::EmptyLabel),
            (long.as_str(), NameError::LabelTooLong),
            (r"a\25", NameError::Escape),
            (r"a\256", NameError::Escape),
            ("a\\", NameError::Escape),
        ] {
            assert_eq!(text.parse::<DomainName>(), Err(error), "{text}");
        }
        let label = "a".repeat(63);
        let fits = format!("{label}.{label}.{label}.{}", "a".repeat(61));
        assert_eq!(fits.parse::<DomainName>().unwrap().wire().len(), 255);
        assert_eq!(format!("{fits}a").parse::<DomainName>(), Err(NameError::TooLong));
    }

    #[test]
    fn pointers_lead_back_only() {
        // RFC 3397 section 2: "eng.apple.com." and "marketing.apple.com."
        let search = b"\x03eng\x05apple\x03com\x00\x09marketing\xc0\x04";
        let (first, at) = DomainName::from_wire(search, 0, Compression::Allowed).unwrap();
        let (second, end) = DomainName::from_wire(search, at, Compression::Allowed).unwrap();
        assert_eq!(first.to_string(), "eng.apple.com.");
        assert_eq!(second.to_string(), "marketing.apple.com.");
        assert_eq!(end, search.len());
        let refused = DomainName::from_wire(search, at, Compression::Refused);
        assert_eq!(refused, Err(NameError::Pointer));
        for looping in [&b"\xc0\x00"[..], b"\x01a\xc0\x00", b"\x01a\xc0\x02", b"\xc0\x02\xc0\x00"] {
            let read = DomainName::from_wire(looping, 0, Compression::Allowed);
            assert_eq!(read, Err(NameError::Pointer), "{looping:x?}");
        }
        let cut = DomainName::from_wire(b"\x03ab", 0, Compression::Allowed);
        assert_eq!(cut, Err(NameError::Truncated));
        let reserved = DomainName::from_wire(b"\x41a\x00", 0, Compression::Allowed);
        assert_eq!(reserved, Err(NameError::LabelType));
    }
}
