//! A run of DHCPv6 options: 16-bit code, 16-bit length, data (RFC 9915 section 21.1).

use std::iter::FusedIterator;

/// Options as they stand in a message, or inside an option that holds others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options<'a> {
    bytes: &'a [u8],
}

impl<'a> Options<'a> {
    /// Reads `bytes` as options; nothing is refused (see [`Self::damage`]).
    pub fn new(bytes: &'a [u8]) -> Self {
        Options { bytes }
    }

    /// The octets.
    pub fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// True when there is no octet at all.
    pub fn is_empty(self) -> bool {
        self.bytes.is_empty()
    }

    /// Each option, up to the first damage.
    pub fn iter(self) -> OptionsIter<'a> {
        OptionsIter { rest: self.bytes }
    }

    /// The data of the first option of that code.
    #[inline]
    pub fn get(self, code: u16) -> Option<&'a [u8]> {
        self.iter().find_map(|(found, data)| (found == code).then_some(data))
    }

    /// The data of all options of that code.
    pub fn all(self, code: u16) -> impl Iterator<Item = &'a [u8]> + Clone {
        self.iter().filter_map(move |(found, data)| (found == code).then_some(data))
    }

    /// True when the option occurs.
    pub fn contains(self, code: u16) -> bool {
        self.get(code).is_some()
    }

    /// Where the octets stop making sense.
    pub fn damage(self) -> Option<Damage> {
        let mut options = self.iter();
        options.by_ref().for_each(drop);
        let rest = options.rest;
        if rest.is_empty() {
            return None;
        }
        let header = rest.first_chunk::<4>();
        Some(Damage {
            offset: self.bytes.len() - rest.len(),
            code: rest.first_chunk().map(|&code| u16::from_be_bytes(code)),
            claimed: header.map(|&[_, _, high, low]| u16::from_be_bytes([high, low])),
            available: rest.len().saturating_sub(4),
        })
    }
}

impl<'a> IntoIterator for Options<'a> {
    type Item = (u16, &'a [u8]);
    type IntoIter = OptionsIter<'a>;

    fn into_iter(self) -> OptionsIter<'a> {
        self.iter()
    }
}

/// Iterator over options as code and data.
#[derive(Clone, Debug)]
pub struct OptionsIter<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for OptionsIter<'a> {
    type Item = (u16, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        let (&[c1, c0, l1, l0], tail) = self.rest.split_first_chunk::<4>()?;
        let (data, tail) = tail.split_at_checked(usize::from(u16::from_be_bytes([l1, l0])))?;
        self.rest = tail;
        Some((u16::from_be_bytes([c1, c0]), data))
    }
}

impl FusedIterator for OptionsIter<'_> {}

/// Where a run of options stops making sense. What stands before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Damage {
    /// Octets from the start of the run to the option that is cut.
    pub offset: usize,
    /// Its code, when that much is there.
    pub code: Option<u16>,
    /// Its length field, when that much is there.
    pub claimed: Option<u16>,
    /// Octets that follow the length field.
    pub available: usize,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Damage { offset, available, .. } = self;
        match (self.code, self.claimed) {
            (Some(code), Some(claimed)) => write!(
                f,
                "option {code} at offset {offset} claims {claimed} octets where {available} are left"
            ),
            (Some(code), None) => write!(f, "option {code} at offset {offset} has no length"),
            (None, _) => write!(f, "a single octet is left at offset {offset}"),
        }
    }
}

/// The data of an option have not the shape that its code demands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Malformed {
    /// The option.
    pub code: u16,
    /// Octets of its data.
    pub len: usize,
}

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "option {} is malformed in its {} octets", self.code, self.len)
    }
}

impl std::error::Error for Malformed {}

/// Splits fixed fields off the front of an option's data.
#[inline]
pub(super) fn split<const N: usize>(
    code: u16,
    data: &[u8],
) -> Result<(&[u8; N], &[u8]), Malformed> {
    data.split_first_chunk().ok_or(Malformed { code, len: data.len() })
}
