//! The prefix that a delegating router keeps out of a delegation (67, RFC 6603 section 4.2).

use std::net::Ipv6Addr;

use super::code;
use super::options::Malformed;
use crate::{Address, Prefix};

/// An excluded prefix, as the bits that follow the delegated one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PdExclude<'a> {
    /// Length of the excluded prefix in bits.
    pub prefix_len: u8,
    /// The bits between the two lengths, left-aligned.
    pub subnet_id: &'a [u8],
}

impl<'a> PdExclude<'a> {
    /// Reads the option's data.
    ///
    /// # Errors
    /// When shorter than 2 octets, longer than 17, or with a length outside 1 to 128.
    pub fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        match data {
            [prefix_len @ 1..=128, subnet_id @ ..] if (1..=16).contains(&subnet_id.len()) => {
                Ok(PdExclude { prefix_len: *prefix_len, subnet_id })
            }
            _ => Err(Malformed { code: code::PD_EXCLUDE, len: data.len() }),
        }
    }

    /// The excluded prefix within `delegated`; `None` when it would not be longer than that, or
    /// when the bits given are too few or too many.
    pub fn prefix(&self, delegated: Prefix<Ipv6Addr>) -> Option<Prefix<Ipv6Addr>> {
        let bits = subnet_id_bits(delegated, self.prefix_len)?;
        if self.subnet_id.len() != usize::from(bits).div_ceil(8) {
            return None;
        }
        let octets = self.subnet_id.iter().fold(0, |id, &octet| id << 8 | u128::from(octet));
        // Left-aligned bits lose the padding of their last octet.
        let id = octets >> (self.subnet_id.len() * 8 - usize::from(bits));
        // The delegated prefix is at least one bit shorter, so no shift reaches 128 with bits left.
        let shifted = id.checked_shl(u32::from(128 - self.prefix_len))?;
        Prefix::new(Ipv6Addr::from_number(delegated.first().number() | shifted), self.prefix_len)
    }

    /// The option's data for `excluded`; `None` when that is no longer prefix inside `delegated`.
    pub fn encode(delegated: Prefix<Ipv6Addr>, excluded: Prefix<Ipv6Addr>) -> Option<Vec<u8>> {
        let bits = subnet_id_bits(delegated, excluded.len())?;
        if !delegated.contains(excluded.address()) {
            return None;
        }
        let id = excluded.first().number() << delegated.len();
        let octets = id.to_be_bytes();
        let subnet_id = octets.get(..usize::from(bits).div_ceil(8))?;
        Some([&[excluded.len()], subnet_id].concat())
    }
}

/// How many bits `len` adds to the delegated prefix: 1 to 128.
fn subnet_id_bits(delegated: Prefix<Ipv6Addr>, len: u8) -> Option<u8> {
    len.checked_sub(delegated.len()).filter(|&bits| bits > 0)
}
