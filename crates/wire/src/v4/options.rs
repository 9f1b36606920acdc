//! The options areas of a message: code, length, data; PAD and END (RFC 2132 section 2).

use std::iter::FusedIterator;

use super::code;

/// Raw option instances of a message, in the order in which RFC 3396 section 7 joins them:
/// options field, then `file`, then `sname` where overloaded.
///
/// PAD and END are not reported. An area ends at its END, at its last octet, or where its
/// bytes stop making sense ([`Damage`]).
#[derive(Clone, Debug)]
pub struct Options<'a> {
    areas: [OptionArea<'a>; 3],
}

impl<'a> Options<'a> {
    pub(super) fn new(areas: [&'a [u8]; 3]) -> Self {
        Options { areas: areas.map(OptionArea::new) }
    }
}

impl<'a> Iterator for Options<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        self.areas.iter_mut().find_map(Iterator::next)
    }
}

impl FusedIterator for Options<'_> {}

/// Sub-options inside an option (RFC 3046 section 2.0, RFC 2132 section 8.4): code, length, data,
/// where, unlike in a message, neither 0 nor 255 ends or fills the area.
#[derive(Clone, Debug)]
pub struct SubOptions<'a> {
    rest: &'a [u8],
}

impl<'a> SubOptions<'a> {
    /// The sub-options in the data of one option.
    pub fn new(data: &'a [u8]) -> Self {
        SubOptions { rest: data }
    }

    /// The octets that are not read yet. After the iteration: what did not make a sub-option,
    /// empty when the data was well formed.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for SubOptions<'a> {
    type Item = (u8, &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (&[code, len], tail) = self.rest.split_first_chunk()?;
        let (data, rest) = tail.split_at_checked(usize::from(len))?;
        self.rest = rest;
        Some((code, data))
    }
}

impl FusedIterator for SubOptions<'_> {}

/// Which codes among sub-options stand alone, without length and data, as they do in the options
/// field of a message. In most containers none does; in option 43 both do, unless its vendor uses the
/// codes for options of its own (RFC 2132 section 8.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    /// 0 is a pad octet.
    pub pad: bool,
    /// 255 ends the sub-options.
    pub end: bool,
}

/// A part of a message that can hold options.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Area {
    /// What follows the magic cookie.
    Options,
    /// The `file` field, when overloaded.
    File,
    /// The `sname` field, when overloaded.
    Sname,
}

/// Which header fields hold options, the value of option 52 (RFC 2132 section 9.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Overload {
    /// Neither; the option is absent or its value is none of the three.
    #[default]
    None,
    /// `file` (1).
    File,
    /// `sname` (2).
    Sname,
    /// Both (3).
    Both,
}

impl Overload {
    /// The meaning of the option's data.
    pub(super) fn from_data(data: &[u8]) -> Self {
        match data {
            [1] => Overload::File,
            [2] => Overload::Sname,
            [3] => Overload::Both,
            _ => Overload::None,
        }
    }

    /// The value of the option; `None` when there is nothing to say.
    pub fn value(self) -> Option<u8> {
        match self {
            Overload::None => None,
            Overload::File => Some(1),
            Overload::Sname => Some(2),
            Overload::Both => Some(3),
        }
    }

    /// True when `file` holds options.
    pub fn file(self) -> bool {
        matches!(self, Overload::File | Overload::Both)
    }

    /// True when `sname` holds options.
    pub fn sname(self) -> bool {
        matches!(self, Overload::Sname | Overload::Both)
    }
}

/// Where an options area stops making sense. What stands before it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Damage {
    /// The area concerned.
    pub area: Area,
    /// Offset of the option's code, in octets from the start of the message.
    pub offset: usize,
    /// The option that is cut.
    pub code: u8,
    /// Its length octet; `None` when the area ends before it.
    pub claimed: Option<u8>,
    /// Octets that follow the length octet.
    pub available: usize,
}

impl std::fmt::Display for Damage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Damage { offset, code, available, .. } = self;
        match self.claimed {
            None => write!(f, "option {code} at offset {offset} has no length"),
            Some(claimed) => write!(
                f,
                "option {code} at offset {offset} claims {claimed} octets where {available} are left"
            ),
        }
    }
}

/// One options area.
#[derive(Clone, Debug)]
pub(super) struct OptionArea<'a> {
    rest: &'a [u8],
}

impl<'a> OptionArea<'a> {
    pub(super) fn new(area: &'a [u8]) -> Self {
        OptionArea { rest: area }
    }

    /// Octets that are not read yet. After the iteration: 0, or those from the damage on.
    pub(super) fn remaining(&self) -> usize {
        self.rest.len()
    }

    /// What stopped the iteration early, in the area of `len` octets that starts at `base`.
    pub(super) fn damage(&self, area: Area, base: usize, len: usize) -> Option<Damage> {
        let (&code, tail) = self.rest.split_first()?;
        Some(Damage {
            area,
            offset: base + len - self.rest.len(),
            code,
            claimed: tail.first().copied(),
            available: tail.len().saturating_sub(1),
        })
    }
}

impl<'a> Iterator for OptionArea<'a> {
    type Item = (u8, &'a [u8]);

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (&code, tail) = self.rest.split_first()?;
            match code {
                code::PAD => self.rest = tail,
                code::END => {
                    self.rest = &[];
                    return None;
                }
                _ => {
                    let (&len, tail) = tail.split_first()?;
                    let (data, tail) = tail.split_at_checked(usize::from(len))?;
                    self.rest = tail;
                    return Some((code, data));
                }
            }
        }
    }
}
