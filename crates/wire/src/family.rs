//! The two protocol families, and what differs between them at the level of types.
//!
//! Everything that exists for both protocols (subnets, pools, leases, reservations, classes,
//! statistics) is written once, generic over [`Family`].

use std::fmt::{Debug, Display};
use std::hash::Hash;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::V4 {}
    impl Sealed for super::V6 {}
}

/// An IP version together with the DHCP protocol that serves it.
pub trait Family: sealed::Sealed + Copy + Debug + Eq + Hash + Send + Sync + 'static {
    /// An address of this family.
    type Addr: Address;
    /// 4 or 6, as in `Dhcp4`, `subnet4`, `DHCP4_…`.
    const VERSION: u8;
    /// The standard option space: `dhcp4` or `dhcp6`.
    const OPTION_SPACE: &'static str;
    /// Octets of an option code (and of an option length) on the wire.
    const OPTION_CODE_LEN: usize;
}

/// DHCPv4 (RFC 2131).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum V4 {}

/// DHCPv6 (RFC 9915, formerly RFC 8415).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum V6 {}

impl Family for V4 {
    type Addr = Ipv4Addr;
    const VERSION: u8 = 4;
    const OPTION_SPACE: &'static str = "dhcp4";
    const OPTION_CODE_LEN: usize = 1;
}

impl Family for V6 {
    type Addr = Ipv6Addr;
    const VERSION: u8 = 6;
    const OPTION_SPACE: &'static str = "dhcp6";
    const OPTION_CODE_LEN: usize = 2;
}

/// An address seen as a number, so that pools and prefixes are arithmetic in one place.
pub trait Address:
    Copy + Ord + Hash + Debug + Display + FromStr + Send + Sync + Unpin + 'static
{
    /// Width in bits: 32 or 128.
    const BITS: u8;
    /// The all-zero address.
    const UNSPECIFIED: Self;
    /// The address as an unsigned number, in the low bits.
    fn number(self) -> u128;
    /// The address of that number. Bits above [`Self::BITS`] are ignored.
    fn from_number(number: u128) -> Self;
    /// The address of either family.
    fn ip(self) -> IpAddr;
    /// `None` when the address is of the other family.
    fn of_ip(ip: IpAddr) -> Option<Self>;
    /// True for the all-zero address.
    fn is_unspecified(self) -> bool {
        self == Self::UNSPECIFIED
    }
}

impl Address for Ipv4Addr {
    const BITS: u8 = 32;
    const UNSPECIFIED: Self = Ipv4Addr::UNSPECIFIED;
    fn number(self) -> u128 {
        u128::from(self.to_bits())
    }
    fn from_number(number: u128) -> Self {
        Ipv4Addr::from_bits(number as u32)
    }
    fn ip(self) -> IpAddr {
        self.into()
    }
    fn of_ip(ip: IpAddr) -> Option<Self> {
        match ip {
            IpAddr::V4(address) => Some(address),
            IpAddr::V6(_) => None,
        }
    }
}

impl Address for Ipv6Addr {
    const BITS: u8 = 128;
    const UNSPECIFIED: Self = Ipv6Addr::UNSPECIFIED;
    fn number(self) -> u128 {
        self.to_bits()
    }
    fn from_number(number: u128) -> Self {
        Ipv6Addr::from_bits(number)
    }
    fn ip(self) -> IpAddr {
        self.into()
    }
    fn of_ip(ip: IpAddr) -> Option<Self> {
        match ip {
            IpAddr::V4(_) => None,
            IpAddr::V6(address) => Some(address),
        }
    }
}

/// An address prefix. The host bits are kept as given: `192.0.2.1/24` stays what the operator wrote.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Prefix<A> {
    address: A,
    len: u8,
}

/// Why a text is not a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PrefixError {
    /// There is no `/`.
    NoLength,
    /// The part before the `/` is not an address of the family.
    Address,
    /// The part after the `/` is not a number in `0..=BITS`.
    Length,
}

impl Display for PrefixError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            PrefixError::NoLength => "a prefix is written ADDRESS/LENGTH",
            PrefixError::Address => "the part before '/' is not an address",
            PrefixError::Length => "the part after '/' is not a valid prefix length",
        })
    }
}

impl std::error::Error for PrefixError {}

impl<A: Address> Prefix<A> {
    /// `None` when `len` exceeds the width of the address.
    pub fn new(address: A, len: u8) -> Option<Self> {
        (len <= A::BITS).then_some(Prefix { address, len })
    }

    /// The address as written, host bits included.
    pub fn address(self) -> A {
        self.address
    }

    /// The prefix length in bits.
    #[allow(clippy::len_without_is_empty)] // a prefix is a range, never empty
    pub fn len(self) -> u8 {
        self.len
    }

    fn host_mask(self) -> u128 {
        let host_bits = u32::from(A::BITS - self.len);
        if host_bits == 128 { u128::MAX } else { (1 << host_bits) - 1 }
    }

    /// The lowest address inside.
    pub fn first(self) -> A {
        A::from_number(self.address.number() & !self.host_mask())
    }

    /// The highest address inside.
    pub fn last(self) -> A {
        A::from_number(self.address.number() | self.host_mask())
    }

    /// True when `address` lies inside.
    pub fn contains(self, address: A) -> bool {
        (address.number() ^ self.address.number()) & !self.host_mask() == 0
    }

    /// True when some address lies in both: one of them lies in the other.
    pub fn overlaps(self, other: Self) -> bool {
        self.contains(other.address) || other.contains(self.address)
    }
}

impl<A: Address> FromStr for Prefix<A> {
    type Err = PrefixError;
    fn from_str(text: &str) -> Result<Self, PrefixError> {
        let (address, len) = text.split_once('/').ok_or(PrefixError::NoLength)?;
        let address = address.trim().parse().map_err(|_| PrefixError::Address)?;
        let len = len.trim().parse().map_err(|_| PrefixError::Length)?;
        Prefix::new(address, len).ok_or(PrefixError::Length)
    }
}

impl<A: Address> Display for Prefix<A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.address, self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_bounds_follow_its_length() {
        let p: Prefix<Ipv4Addr> = "192.0.2.1/24".parse().unwrap();
        assert_eq!(p.first(), Ipv4Addr::new(192, 0, 2, 0));
        assert_eq!(p.last(), Ipv4Addr::new(192, 0, 2, 255));
        assert_eq!(p.to_string(), "192.0.2.1/24");
        assert!(p.contains(Ipv4Addr::new(192, 0, 2, 77)));
        assert!(!p.contains(Ipv4Addr::new(192, 0, 3, 77)));
        for (other, expected) in [
            ("192.0.2.77/32", true),
            ("192.0.2.128/25", true),
            ("192.0.0.0/16", true),
            ("192.0.3.0/24", false),
            ("192.0.1.255/32", false),
        ] {
            let other: Prefix<Ipv4Addr> = other.parse().unwrap();
            assert_eq!((p.overlaps(other), other.overlaps(p)), (expected, expected), "{other}");
        }
        let all: Prefix<Ipv6Addr> = "::/0".parse().unwrap();
        assert_eq!(all.last().number(), u128::MAX);
    }

    #[test]
    fn what_is_no_prefix_says_why() {
        type P = Prefix<Ipv4Addr>;
        assert_eq!("10.0.0.0".parse::<P>(), Err(PrefixError::NoLength));
        assert_eq!("10.0.0/8".parse::<P>(), Err(PrefixError::Address));
        assert_eq!("10.0.0.0/33".parse::<P>(), Err(PrefixError::Length));
    }
}
