//! Identity associations and what they hold (RFC 9915 sections 21.4 to 21.6, 21.21, 21.22).

use std::net::Ipv6Addr;

use super::code;
use super::option_data::Status;
use super::options::{Malformed, Options, split};
use crate::{Iaid, Prefix};

/// The three kinds of identity association.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IaKind {
    /// Non-temporary addresses (`IA_NA`).
    Na,
    /// Temporary addresses (`IA_TA`).
    Ta,
    /// Delegated prefixes (`IA_PD`).
    Pd,
}

impl IaKind {
    /// The option code.
    pub fn code(self) -> u16 {
        match self {
            IaKind::Na => code::IA_NA,
            IaKind::Ta => code::IA_TA,
            IaKind::Pd => code::IA_PD,
        }
    }

    /// The kind that an option code stands for.
    pub fn from_code(code: u16) -> Option<Self> {
        match code {
            code::IA_NA => Some(IaKind::Na),
            code::IA_TA => Some(IaKind::Ta),
            code::IA_PD => Some(IaKind::Pd),
            _ => None,
        }
    }
}

/// An identity association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ia<'a> {
    /// What it holds.
    pub kind: IaKind,
    /// Its identity.
    pub iaid: Iaid,
    /// Seconds until renewal; 0 in an `IA_TA`.
    pub t1: u32,
    /// Seconds until rebinding; 0 in an `IA_TA`.
    pub t2: u32,
    /// Addresses or prefixes, status.
    pub options: Options<'a>,
}

impl<'a> Ia<'a> {
    /// Reads the data of an `IA_NA`, `IA_TA` or `IA_PD`.
    ///
    /// # Errors
    /// When the fixed fields are incomplete.
    pub fn parse(kind: IaKind, data: &'a [u8]) -> Result<Self, Malformed> {
        let (&iaid, rest) = split::<4>(kind.code(), data)?;
        let iaid = Iaid(u32::from_be_bytes(iaid));
        if kind == IaKind::Ta {
            return Ok(Ia { kind, iaid, t1: 0, t2: 0, options: Options::new(rest) });
        }
        let malformed = Malformed { code: kind.code(), len: data.len() };
        let (&t1, rest) = rest.split_first_chunk().ok_or(malformed)?;
        let (&t2, rest) = rest.split_first_chunk().ok_or(malformed)?;
        let (t1, t2) = (u32::from_be_bytes(t1), u32::from_be_bytes(t2));
        Ok(Ia { kind, iaid, t1, t2, options: Options::new(rest) })
    }

    /// The addresses in it, malformed ones included.
    pub fn addresses(&self) -> impl Iterator<Item = Result<IaAddress<'a>, Malformed>> + Clone {
        self.options.all(code::IAADDR).map(IaAddress::parse)
    }

    /// The prefixes in it, malformed ones included.
    pub fn prefixes(&self) -> impl Iterator<Item = Result<IaPrefix<'a>, Malformed>> + Clone {
        self.options.all(code::IAPREFIX).map(IaPrefix::parse)
    }

    /// Its status, when given and well formed.
    pub fn status(&self) -> Option<Status<'a>> {
        Status::parse(self.options.get(code::STATUS_CODE)?).ok()
    }
}

/// An address in an `IA_NA` or `IA_TA`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IaAddress<'a> {
    /// The address.
    pub address: Ipv6Addr,
    /// Preferred lifetime in seconds.
    pub preferred: u32,
    /// Valid lifetime in seconds.
    pub valid: u32,
    /// Options about the address.
    pub options: Options<'a>,
}

impl<'a> IaAddress<'a> {
    /// Reads the data of an `IAADDR`.
    ///
    /// # Errors
    /// When shorter than 24 octets.
    pub fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        let malformed = Malformed { code: code::IAADDR, len: data.len() };
        let (&address, rest) = split::<16>(code::IAADDR, data)?;
        let (&preferred, rest) = rest.split_first_chunk().ok_or(malformed)?;
        let (&valid, rest) = rest.split_first_chunk().ok_or(malformed)?;
        Ok(IaAddress {
            address: address.into(),
            preferred: u32::from_be_bytes(preferred),
            valid: u32::from_be_bytes(valid),
            options: Options::new(rest),
        })
    }

    /// Its status, when given and well formed.
    pub fn status(&self) -> Option<Status<'a>> {
        Status::parse(self.options.get(code::STATUS_CODE)?).ok()
    }
}

/// A prefix in an `IA_PD`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IaPrefix<'a> {
    /// The prefix; `::/0` when the client leaves the choice to the server, `::/56` when it only
    /// names a length.
    pub prefix: Prefix<Ipv6Addr>,
    /// Preferred lifetime in seconds.
    pub preferred: u32,
    /// Valid lifetime in seconds.
    pub valid: u32,
    /// Options about the prefix.
    pub options: Options<'a>,
}

impl<'a> IaPrefix<'a> {
    /// Reads the data of an `IAPREFIX`.
    ///
    /// # Errors
    /// When shorter than 25 octets, or when the length exceeds 128 bits.
    pub fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        Self::parse_with(data, |len| len)
    }

    /// Reads the same; a length that exceeds 128 bits is taken for 128.
    ///
    /// # Errors
    /// When shorter than 25 octets.
    pub fn parse_capped(data: &'a [u8]) -> Result<Self, Malformed> {
        Self::parse_with(data, |len| len.min(128))
    }

    fn parse_with(data: &'a [u8], length: impl Fn(u8) -> u8) -> Result<Self, Malformed> {
        let malformed = Malformed { code: code::IAPREFIX, len: data.len() };
        let (&preferred, rest) = split::<4>(code::IAPREFIX, data)?;
        let (&valid, rest) = rest.split_first_chunk().ok_or(malformed)?;
        let (&len, rest) = rest.split_first().ok_or(malformed)?;
        let (&address, rest) = rest.split_first_chunk::<16>().ok_or(malformed)?;
        Ok(IaPrefix {
            prefix: Prefix::new(address.into(), length(len)).ok_or(malformed)?,
            preferred: u32::from_be_bytes(preferred),
            valid: u32::from_be_bytes(valid),
            options: Options::new(rest),
        })
    }

    /// Its status, when given and well formed.
    pub fn status(&self) -> Option<Status<'a>> {
        Status::parse(self.options.get(code::STATUS_CODE)?).ok()
    }
}
