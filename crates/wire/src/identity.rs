//! Who a client is: hardware address, client identifier, DUID, IAID.

use std::fmt;
use std::str::FromStr;

use smallvec::SmallVec;

/// A link-layer address with its hardware type (`htype`, RFC 1700; 1 is Ethernet).
///
/// Holds up to [`HwAddr::MAX_LEN`] octets inline.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct HwAddr {
    htype: u16,
    len: u8,
    octets: [u8; HwAddr::MAX_LEN],
}

impl HwAddr {
    /// The longest address that is kept (InfiniBand's).
    pub const MAX_LEN: usize = 20;
    /// Hardware type of Ethernet.
    pub const ETHERNET: u16 = 1;

    /// `None` when `octets` is longer than [`Self::MAX_LEN`].
    pub fn new(htype: u16, octets: &[u8]) -> Option<Self> {
        let mut kept = [0; Self::MAX_LEN];
        kept.get_mut(..octets.len())?.copy_from_slice(octets);
        Some(HwAddr { htype, len: octets.len() as u8, octets: kept })
    }

    /// The first [`Self::MAX_LEN`] of `octets`, for fields whose size is known to be smaller.
    pub fn clamped(htype: u16, octets: &[u8]) -> Self {
        let mut kept = [0; Self::MAX_LEN];
        let len = octets.len().min(Self::MAX_LEN);
        kept.iter_mut().zip(octets).for_each(|(to, &from)| *to = from);
        HwAddr { htype, len: len as u8, octets: kept }
    }

    /// The hardware type.
    pub fn htype(&self) -> u16 {
        self.htype
    }

    /// The address itself; empty when the client gave none.
    pub fn octets(&self) -> &[u8] {
        self.octets.get(..usize::from(self.len)).unwrap_or(&[])
    }

    /// True when there is no address.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
}

/// `aa:bb:cc:dd:ee:ff`, without the hardware type.
impl fmt::Display for HwAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_colon_hex(f, self.octets())
    }
}

impl fmt::Debug for HwAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "hwtype={} {self}", self.htype)
    }
}

/// Colon-separated hexadecimal octets; the hardware type becomes Ethernet.
impl FromStr for HwAddr {
    type Err = ColonHexError;
    fn from_str(text: &str) -> Result<Self, ColonHexError> {
        let octets = parse_colon_hex(text)?;
        HwAddr::new(Self::ETHERNET, &octets).ok_or(ColonHexError)
    }
}

macro_rules! octet_identity {
    ($(#[$doc:meta])* $name:ident, $max:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(SmallVec<[u8; 22]>);

        impl $name {
            /// The longest that the wire format can carry.
            pub const MAX_LEN: usize = $max;

            /// `None` when `octets` is empty or longer than [`Self::MAX_LEN`].
            pub fn new(octets: &[u8]) -> Option<Self> {
                (1..=Self::MAX_LEN).contains(&octets.len()).then(|| Self(SmallVec::from_slice(octets)))
            }

            /// The octets, as on the wire.
            pub fn octets(&self) -> &[u8] {
                &self.0
            }
        }

        /// Colon-separated hexadecimal octets.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_colon_hex(f, self.octets())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = ColonHexError;
            fn from_str(text: &str) -> Result<Self, ColonHexError> {
                Self::new(&parse_colon_hex(text)?).ok_or(ColonHexError)
            }
        }
    };
}

octet_identity!(
    /// A DHCPv4 client identifier (option 61, RFC 2132 section 9.14; RFC 4361).
    ClientId,
    255
);
octet_identity!(
    /// A DHCP unique identifier (RFC 9915 section 11).
    Duid,
    130
);

/// The identity of one association of a DHCPv6 client (RFC 9915 section 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Iaid(pub u32);

/// The text is not colon-separated hexadecimal octets, or their number is out of range.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ColonHexError;

impl fmt::Display for ColonHexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected hexadecimal octets separated by ':'")
    }
}

impl std::error::Error for ColonHexError {}

/// Octets as capital digits: `01AB…`.
#[derive(Clone, Copy)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
    }
}

/// Writes octets as `01:ab:…`.
pub fn write_colon_hex(out: &mut impl fmt::Write, octets: &[u8]) -> fmt::Result {
    for (i, octet) in octets.iter().enumerate() {
        write!(out, "{}{octet:02x}", if i == 0 { "" } else { ":" })?;
    }
    Ok(())
}

/// Reads `1:ab:…` (one or two digits an octet) or an even run of digits without colons.
/// An empty text gives no octets.
pub fn parse_colon_hex(text: &str) -> Result<SmallVec<[u8; 22]>, ColonHexError> {
    let text = text.trim();
    let octet = |digits: &str| {
        let plain = digits.bytes().all(|b| b.is_ascii_hexdigit());
        (plain && (1..=2).contains(&digits.len()))
            .then(|| u8::from_str_radix(digits, 16).ok())
            .flatten()
            .ok_or(ColonHexError)
    };
    if text.is_empty() {
        return Ok(SmallVec::new());
    }
    if text.contains(':') {
        return text.split(':').map(octet).collect();
    }
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return Err(ColonHexError);
    }
    (0..text.len()).step_by(2).map(|i| octet(text.get(i..i + 2).unwrap_or(""))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colon_hex_reads_back() {
        let id: ClientId = "01:0a:0B:c".parse().unwrap();
        assert_eq!(id.octets(), [1, 0x0a, 0x0b, 0x0c]);
        assert_eq!(id.to_string(), "01:0a:0b:0c");
        assert_eq!("0102ff".parse::<Duid>().unwrap().octets(), [1, 2, 0xff]);
        for bad in ["", "1:", "xx", "+1:02", "123"] {
            assert_eq!(bad.parse::<Duid>(), Err(ColonHexError), "{bad}");
        }
    }

    #[test]
    fn hardware_address_is_bounded() {
        assert!(HwAddr::new(1, &[0; 21]).is_none());
        let hw: HwAddr = "08:00:2b:02:3f:4e".parse().unwrap();
        assert_eq!(format!("{hw:?}"), "hwtype=1 08:00:2b:02:3f:4e");
    }
}
