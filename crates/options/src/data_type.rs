//! The types that an option's data is made of.

use std::fmt;
use std::str::FromStr;

/// The type of an option, or of one field of a record (manual, "List of standard DHCP option
/// types").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DataType {
    /// Any octets, written in hexadecimal.
    Binary,
    /// One octet, 0 or 1.
    Boolean,
    /// No data of its own, at most sub-options.
    Empty,
    /// A domain name in DNS wire form (RFC 1035 section 3.1).
    Fqdn,
    /// A signed octet.
    Int8,
    /// Two octets, signed.
    Int16,
    /// Four octets, signed.
    Int32,
    /// A format of its own, with a text notation of its own.
    Internal,
    /// Four octets.
    Ipv4Address,
    /// Sixteen octets.
    Ipv6Address,
    /// A length octet and as many octets as the length needs.
    Ipv6Prefix,
    /// A port-set identifier: a length octet and a left-aligned 16-bit value (RFC 7598).
    Psid,
    /// A fixed sequence of other types.
    Record,
    /// Text without a terminator.
    String,
    /// Text after its length, which takes as many octets as an option length of the family.
    Tuple,
    /// An octet.
    Uint8,
    /// Two octets.
    Uint16,
    /// Four octets.
    Uint32,
}

/// The text names no data type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownDataType;

impl DataType {
    /// All types, in the order of their names.
    pub const ALL: [DataType; 18] = [
        DataType::Binary,
        DataType::Boolean,
        DataType::Empty,
        DataType::Fqdn,
        DataType::Int8,
        DataType::Int16,
        DataType::Int32,
        DataType::Internal,
        DataType::Ipv4Address,
        DataType::Ipv6Address,
        DataType::Ipv6Prefix,
        DataType::Psid,
        DataType::Record,
        DataType::String,
        DataType::Tuple,
        DataType::Uint8,
        DataType::Uint16,
        DataType::Uint32,
    ];

    /// The name used in `option-def`.
    pub const fn name(self) -> &'static str {
        match self {
            DataType::Binary => "binary",
            DataType::Boolean => "boolean",
            DataType::Empty => "empty",
            DataType::Fqdn => "fqdn",
            DataType::Int8 => "int8",
            DataType::Int16 => "int16",
            DataType::Int32 => "int32",
            DataType::Internal => "internal",
            DataType::Ipv4Address => "ipv4-address",
            DataType::Ipv6Address => "ipv6-address",
            DataType::Ipv6Prefix => "ipv6-prefix",
            DataType::Psid => "psid",
            DataType::Record => "record",
            DataType::String => "string",
            DataType::Tuple => "tuple",
            DataType::Uint8 => "uint8",
            DataType::Uint16 => "uint16",
            DataType::Uint32 => "uint32",
        }
    }

    /// Octets on the wire, for the types that always take the same number.
    pub const fn fixed_len(self) -> Option<usize> {
        match self {
            DataType::Boolean | DataType::Int8 | DataType::Uint8 => Some(1),
            DataType::Int16 | DataType::Uint16 => Some(2),
            DataType::Int32 | DataType::Uint32 | DataType::Ipv4Address => Some(4),
            DataType::Ipv6Address => Some(16),
            DataType::Psid => Some(3),
            DataType::Empty => Some(0),
            _ => None,
        }
    }

    /// True for the types that have no end of their own: they take all that follows.
    pub const fn takes_rest(self) -> bool {
        matches!(self, DataType::Binary | DataType::String)
    }

    /// The bounds of the integer types.
    pub(crate) const fn integer_bounds(self) -> Option<(i64, i64)> {
        match self {
            DataType::Int8 => Some((i8::MIN as i64, i8::MAX as i64)),
            DataType::Int16 => Some((i16::MIN as i64, i16::MAX as i64)),
            DataType::Int32 => Some((i32::MIN as i64, i32::MAX as i64)),
            DataType::Uint8 => Some((0, u8::MAX as i64)),
            DataType::Uint16 => Some((0, u16::MAX as i64)),
            DataType::Uint32 => Some((0, u32::MAX as i64)),
            _ => None,
        }
    }
}

impl fmt::Display for DataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DataType {
    type Err = UnknownDataType;
    fn from_str(text: &str) -> Result<Self, UnknownDataType> {
        DataType::ALL.into_iter().find(|t| t.name() == text).ok_or(UnknownDataType)
    }
}

impl fmt::Display for UnknownDataType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown option data type, expected one of")?;
        for (i, data_type) in DataType::ALL.into_iter().enumerate() {
            write!(f, "{} {data_type}", if i == 0 { "" } else { "," })?;
        }
        Ok(())
    }
}

impl std::error::Error for UnknownDataType {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_reads_back() {
        for data_type in DataType::ALL {
            assert_eq!(data_type.name().parse(), Ok(data_type));
        }
        assert_eq!("uint64".parse::<DataType>(), Err(UnknownDataType));
        let message = UnknownDataType.to_string();
        assert!(message.contains("one of binary, boolean, empty"), "{message}");
    }
}
