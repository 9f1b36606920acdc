//! Options inside options: code, length, data, with the widths of the family.

use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use kea_wire::Family;
use kea_wire::v4::Padding;

use crate::value::max_counted;

/// A sub-option with its encoded data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubOption {
    /// Its code in its space.
    pub code: u16,
    /// Its data, sub-options of its own included.
    pub data: Bytes,
}

/// A sub-option runs over the end of what holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TruncatedSubOption {
    /// Where it begins.
    pub offset: usize,
}

/// Iterates over the sub-options in `octets` as code and data; ends after the first error.
#[derive(Clone, Debug)]
pub struct SubOptions<'a, F> {
    octets: &'a [u8],
    offset: usize,
    padding: Padding,
    family: PhantomData<F>,
}

impl<'a, F: Family> SubOptions<'a, F> {
    /// Sub-options from the beginning of `octets`.
    pub fn new(octets: &'a [u8]) -> Self {
        Self::padded(octets, Padding::default())
    }

    /// The same, with the pad and end octets that option 43 may have
    /// ([`crate::InScope::padding`]).
    pub fn padded(octets: &'a [u8], padding: Padding) -> Self {
        SubOptions { octets, offset: 0, padding, family: PhantomData }
    }

    fn number(&self, at: usize) -> Option<u16> {
        let high = *self.octets.get(at)?;
        if F::OPTION_CODE_LEN == 1 {
            return Some(u16::from(high));
        }
        Some(u16::from_be_bytes([high, *self.octets.get(at + 1)?]))
    }

    fn read(&self) -> Option<(u16, &'a [u8])> {
        let code = self.number(self.offset)?;
        let len = self.number(self.offset + F::OPTION_CODE_LEN)?;
        let start = self.offset + 2 * F::OPTION_CODE_LEN;
        Some((code, self.octets.get(start..start + usize::from(len))?))
    }
}

impl<'a, F: Family> Iterator for SubOptions<'a, F> {
    type Item = Result<(u16, &'a [u8]), TruncatedSubOption>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.padding.pad && self.octets.get(self.offset) == Some(&0) {
            self.offset += 1;
        }
        if self.padding.end && self.octets.get(self.offset) == Some(&255) {
            self.offset = self.octets.len();
        }
        if self.offset >= self.octets.len() {
            return None;
        }
        let Some((code, data)) = self.read() else {
            let offset = self.offset;
            self.offset = self.octets.len();
            return Some(Err(TruncatedSubOption { offset }));
        };
        self.offset += 2 * F::OPTION_CODE_LEN + data.len();
        Some(Ok((code, data)))
    }
}

/// Appends a sub-option. Data longer than a length field can say is split into several instances
/// of the code, as RFC 3396 does with options.
pub fn write_sub_option<F: Family>(out: &mut Vec<u8>, code: u16, data: &[u8]) {
    let mut rest = data;
    loop {
        let (part, more) = rest.split_at(rest.len().min(max_counted::<F>()));
        if F::OPTION_CODE_LEN == 1 {
            out.extend_from_slice(&[code as u8, part.len() as u8]);
        } else {
            out.extend_from_slice(&code.to_be_bytes());
            out.extend_from_slice(&(part.len() as u16).to_be_bytes());
        }
        out.extend_from_slice(part);
        rest = more;
        if rest.is_empty() {
            return;
        }
    }
}

impl fmt::Display for TruncatedSubOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the sub-option at octet {} is truncated", self.offset)
    }
}

impl std::error::Error for TruncatedSubOption {}

#[cfg(test)]
mod tests {
    use kea_wire::{V4, V6};

    use super::*;

    #[test]
    fn widths_are_those_of_the_family() {
        let mut v4 = Vec::new();
        write_sub_option::<V4>(&mut v4, 1, b"ab");
        assert_eq!(v4, b"\x01\x02ab");
        let mut v6 = Vec::new();
        write_sub_option::<V6>(&mut v6, 1026, b"ab");
        assert_eq!(v6, b"\x04\x02\x00\x02ab");
        assert_eq!(SubOptions::<V6>::new(&v6).collect::<Vec<_>>(), [Ok((1026, &b"ab"[..]))]);
    }

    #[test]
    fn long_data_is_split() {
        let mut out = Vec::new();
        write_sub_option::<V4>(&mut out, 9, &[7; 300]);
        let parts: Vec<_> = SubOptions::<V4>::new(&out).map(Result::unwrap).collect();
        assert_eq!(parts, [(9, &[7; 255][..]), (9, &[7; 45][..])]);
    }

    #[test]
    fn pad_and_end_are_octets_or_options() {
        let octets = b"\x00\x01\x01a\x00\x00\xff\x01b";
        let padding = Padding { pad: true, end: true };
        let padded: Vec<_> = SubOptions::<V4>::padded(octets, padding).collect();
        assert_eq!(padded, [Ok((1, &b"a"[..]))]);
        let octets = b"\x00\x01a\xff\x01b";
        let plain: Vec<_> = SubOptions::<V4>::new(octets).collect();
        assert_eq!(plain, [Ok((0, &b"a"[..])), Ok((255, b"b"))]);
    }

    #[test]
    fn a_truncated_one_is_reported_once() {
        let read: Vec<_> = SubOptions::<V4>::new(b"\x01\x01a\x02\x05b").collect();
        assert_eq!(read, [Ok((1, &b"a"[..])), Err(TruncatedSubOption { offset: 3 })]);
        let read: Vec<_> = SubOptions::<V6>::new(b"\x00").collect();
        assert_eq!(read, [Err(TruncatedSubOption { offset: 0 })]);
    }
}
