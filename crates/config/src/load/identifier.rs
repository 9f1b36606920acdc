//! Octets as a configuration writes them.

use std::fmt;
use std::net::Ipv6Addr;

use kea_wire::{HwAddr, Prefix};
use smallvec::SmallVec;

use crate::snapshot::IdentifierKind;

/// The longest identifier that is not a hardware address.
const MAX_IDENTIFIER: usize = 128;

/// Why a text is no identifier of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdentifierFault {
    /// It has that many octets; so many are possible at most.
    Length(IdentifierKind, usize, usize),
    /// It is none of the notations of octets.
    Notation(IdentifierKind, Box<str>),
}

impl IdentifierFault {
    /// What to do instead.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::Length(..) => None,
            Self::Notation(..) => Some("write hexadecimal octets, separated by ':' or not"),
        }
    }
}

impl fmt::Display for IdentifierFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(kind, len, max) => {
                write!(f, "'{kind}' has {len} octets; 1 to {max} are possible")
            }
            Self::Notation(kind, text) => write!(f, "'{text}' is not a valid '{kind}'"),
        }
    }
}

impl std::error::Error for IdentifierFault {}

impl IdentifierKind {
    /// The octets of an identifier of this kind.
    ///
    /// # Errors
    /// Why it is none.
    pub fn octets(self, text: &str) -> Result<SmallVec<[u8; 16]>, IdentifierFault> {
        let is_hw_address = self == IdentifierKind::HwAddress;
        let max = if is_hw_address { HwAddr::MAX_LEN } else { MAX_IDENTIFIER };
        let quoted = text.trim_start().starts_with('\'');
        match octets(text).filter(|_| !(quoted && is_hw_address)) {
            Some(octets) if (1..=max).contains(&octets.len()) => Ok(octets),
            Some(octets) => Err(IdentifierFault::Length(self, octets.len(), max)),
            None => Err(IdentifierFault::Notation(self, text.into())),
        }
    }
}

/// Reads `'text'`, `0xabcd`, `abcd`, `a:bc:d` or `ab cd`.
pub(crate) fn octets(text: &str) -> Option<SmallVec<[u8; 16]>> {
    let text = text.trim();
    if let Some(quoted) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Some(quoted.as_bytes().into());
    }
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let pair = |digits: &str| {
        let hex = (1..=2).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        hex.then(|| u8::from_str_radix(digits, 16).ok()).flatten()
    };
    if digits.contains([':', ' ']) {
        return digits.split([':', ' ']).map(pair).collect();
    }
    if !digits.is_ascii() {
        return None;
    }
    // An odd number of digits leaves the first octet with one.
    let (head, rest) = digits.split_at(digits.len() % 2);
    let head = (!head.is_empty()).then_some(head);
    let pairs = (0..rest.len()).step_by(2).map(|at| rest.get(at..at + 2).unwrap_or(""));
    head.into_iter().chain(pairs).map(pair).collect()
}

/// Whether `excluded` can be left out of the delegated `prefix` (RFC 6603 section 4.2).
pub(crate) fn excludes(prefix: Prefix<Ipv6Addr>, excluded: Prefix<Ipv6Addr>) -> bool {
    excluded.len() > prefix.len() && prefix.contains(excluded.address())
}

#[cfg(test)]
mod tests {
    use super::octets;

    #[test]
    fn all_notations_of_octets_are_read() {
        let read = |text| octets(text).map(|octets| octets.to_vec());
        assert_eq!(read("01:2:ff"), Some(vec![1, 2, 255]));
        assert_eq!(read("0x0aFF"), Some(vec![10, 255]));
        assert_eq!(read("abc"), Some(vec![0x0a, 0xbc]));
        assert_eq!(read("'s0mE'"), Some(b"s0mE".to_vec()));
        assert_eq!(read(""), Some(vec![]));
        for bad in ["01:", "xyz", "1:234", "é"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
