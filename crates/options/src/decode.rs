//! Option data as it stands in a message.

use std::fmt;
use std::marker::PhantomData;
use std::net::{Ipv4Addr, Ipv6Addr};

use bytes::Bytes;
use kea_wire::{Family, Prefix};

use crate::data_type::DataType;
use crate::definition::{Definition, Notation};
use crate::dnr::Resolver;
use crate::fqdn::{Compression, DomainName, NameError};
use crate::route::Route;
use crate::sub_option::{SubOption, SubOptions};
use crate::value::{Datum, Psid, Value};
use crate::vendor::VendorBlocks;

/// How much is forgiven (`compatibility`, `lenient-option-parsing`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Parsing {
    /// The data must be what the definition says.
    #[default]
    Strict,
    /// A tuple that runs over the end takes what there is; what follows the last field is ignored;
    /// damaged sub-options end the list of them.
    Lenient,
}

/// Why octets are not the data of an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecodeError {
    /// The octets end inside a field.
    Truncated {
        /// Which field, counting from 0.
        index: usize,
        /// What the definition has there.
        expected: DataType,
        /// Where the field begins.
        offset: usize,
    },
    /// A field has octets that its type does not allow.
    Malformed {
        /// Which field, counting from 0.
        index: usize,
        /// What the definition has there.
        expected: DataType,
        /// Where the field begins.
        offset: usize,
    },
    /// A field is not a domain name.
    Name {
        /// Which field, counting from 0.
        index: usize,
        /// Where the field begins.
        offset: usize,
        /// What is wrong.
        reason: NameError,
    },
    /// Octets follow the last field.
    Trailing {
        /// Where they begin.
        offset: usize,
    },
    /// A sub-option runs over the end.
    SubOption {
        /// Where it begins.
        offset: usize,
    },
}

/// Reads the data of one option.
pub(crate) fn decode<F: Family>(
    definition: &Definition<F>,
    octets: &[u8],
    parsing: Parsing,
) -> Result<Value, DecodeError> {
    let compression = definition.compression();
    let mut reader =
        Reader::<F> { octets, at: 0, index: 0, parsing, compression, family: PhantomData };
    let mut fields = Vec::new();
    match definition.notation() {
        Notation::Routes => reader.repeat(&mut fields, Reader::route)?,
        Notation::Resolvers => reader.repeat(&mut fields, Reader::resolver)?,
        Notation::VendorBlocks => return decode_vendor_blocks::<F>(octets, parsing),
        Notation::Fields | Notation::VendorClass => {
            let types = definition.field_types();
            for (i, &data_type) in types.iter().enumerate() {
                if definition.is_array() && i + 1 == types.len() {
                    reader.repeat(&mut fields, |r| r.field(data_type))?;
                } else {
                    fields.push(reader.field(data_type)?);
                }
            }
        }
    }
    let sub_options = if definition.encapsulates().is_some() {
        reader.sub_options()?
    } else if reader.at < octets.len() && parsing == Parsing::Strict {
        return Err(DecodeError::Trailing { offset: reader.at });
    } else {
        Vec::new()
    };
    Ok(Value { fields, sub_options })
}

/// Reads option 125: the enterprise of each block is a field. A number without a block is what the
/// operator writes, and what is sent before any sub-option is known.
fn decode_vendor_blocks<F: Family>(octets: &[u8], parsing: Parsing) -> Result<Value, DecodeError> {
    let mut value = Value::default();
    if let Ok(number) = <[u8; 4]>::try_from(octets) {
        value.fields.push(Datum::Uint32(u32::from_be_bytes(number)));
        return Ok(value);
    }
    for block in VendorBlocks::<F>::new(octets) {
        let (enterprise, data) = match block {
            Ok(block) => block,
            Err(_) if parsing == Parsing::Lenient => break,
            Err(error) => return Err(DecodeError::SubOption { offset: error.offset }),
        };
        value.fields.push(Datum::Uint32(enterprise.0));
        for sub_option in SubOptions::<F>::new(data) {
            match sub_option {
                Ok((code, data)) => {
                    value.sub_options.push(SubOption { code, data: Bytes::copy_from_slice(data) });
                }
                Err(_) if parsing == Parsing::Lenient => break,
                Err(error) => return Err(DecodeError::SubOption { offset: error.offset }),
            }
        }
    }
    Ok(value)
}

struct Reader<'a, F> {
    octets: &'a [u8],
    at: usize,
    index: usize,
    parsing: Parsing,
    compression: Compression,
    family: PhantomData<F>,
}

impl<'a, F: Family> Reader<'a, F> {
    /// Reads until the end; nothing at all is allowed.
    fn repeat(
        &mut self,
        fields: &mut Vec<Datum>,
        mut read: impl FnMut(&mut Self) -> Result<Datum, DecodeError>,
    ) -> Result<(), DecodeError> {
        while self.at < self.octets.len() {
            let before = self.at;
            fields.push(read(self)?);
            if self.at == before {
                break; // a type that takes nothing would repeat for ever
            }
        }
        Ok(())
    }

    fn field(&mut self, data_type: DataType) -> Result<Datum, DecodeError> {
        let (index, offset) = (self.index, self.at);
        self.index += 1;
        let malformed = DecodeError::Malformed { index, expected: data_type, offset };
        Ok(match data_type {
            DataType::Boolean => match self.array::<1>(data_type)? {
                [0] => Datum::Boolean(false),
                [1] => Datum::Boolean(true),
                [_] if self.parsing == Parsing::Lenient => Datum::Boolean(true),
                [_] => return Err(malformed),
            },
            DataType::Fqdn => {
                let read = DomainName::from_wire(self.octets, self.at, self.compression);
                let (name, end) =
                    read.map_err(|reason| DecodeError::Name { index, offset, reason })?;
                self.at = end;
                Datum::Fqdn(name)
            }
            DataType::Int8 => Datum::Int8(i8::from_be_bytes(self.array(data_type)?)),
            DataType::Int16 => Datum::Int16(i16::from_be_bytes(self.array(data_type)?)),
            DataType::Int32 => Datum::Int32(i32::from_be_bytes(self.array(data_type)?)),
            DataType::Uint8 => Datum::Uint8(u8::from_be_bytes(self.array(data_type)?)),
            DataType::Uint16 => Datum::Uint16(u16::from_be_bytes(self.array(data_type)?)),
            DataType::Uint32 => Datum::Uint32(u32::from_be_bytes(self.array(data_type)?)),
            DataType::Ipv4Address => {
                Datum::Ipv4Address(Ipv4Addr::from(self.array::<4>(data_type)?))
            }
            DataType::Ipv6Address => {
                Datum::Ipv6Address(Ipv6Addr::from(self.array::<16>(data_type)?))
            }
            DataType::Ipv6Prefix => self.prefix(malformed)?,
            DataType::Psid => {
                let [len, high, low] = self.array(data_type)?;
                let shift = 16u32.checked_sub(u32::from(len)).ok_or(malformed)?;
                let value = u16::from_be_bytes([high, low]).checked_shr(shift).unwrap_or(0);
                Datum::Psid(Psid::new(value, len).ok_or(malformed)?)
            }
            DataType::Tuple => self.tuple()?,
            DataType::String => {
                let text = self.rest();
                let end = text.iter().rposition(|&octet| octet != 0).map_or(0, |last| last + 1);
                Datum::String(Bytes::copy_from_slice(text.get(..end).unwrap_or(text)))
            }
            DataType::Binary | DataType::Internal | DataType::Record | DataType::Empty => {
                Datum::Binary(Bytes::copy_from_slice(self.rest()))
            }
        })
    }

    fn prefix(&mut self, malformed: DecodeError) -> Result<Datum, DecodeError> {
        let [len] = self.array::<1>(DataType::Ipv6Prefix)?;
        let significant = self.take(usize::from(len.div_ceil(8)), DataType::Ipv6Prefix)?;
        let mut address = [0; 16];
        address.get_mut(..significant.len()).ok_or(malformed)?.copy_from_slice(significant);
        let given = Prefix::new(Ipv6Addr::from(address), len).ok_or(malformed)?;
        Ok(Datum::Ipv6Prefix(Prefix::new(given.first(), len).ok_or(malformed)?))
    }

    fn tuple(&mut self) -> Result<Datum, DecodeError> {
        let width = self.take(F::OPTION_CODE_LEN, DataType::Tuple)?;
        let mut len = width.iter().fold(0, |len, &octet| len << 8 | usize::from(octet));
        if self.parsing == Parsing::Lenient {
            len = len.min(self.octets.len() - self.at);
        }
        Ok(Datum::Tuple(Bytes::copy_from_slice(self.take(len, DataType::Tuple)?)))
    }

    fn route(&mut self) -> Result<Datum, DecodeError> {
        let (index, offset) = (self.index, self.at);
        self.index += 1;
        let rest = self.octets.get(self.at..).unwrap_or(&[]);
        let malformed = DecodeError::Malformed { index, expected: DataType::Internal, offset };
        let (route, taken) = Route::read(rest).ok_or(malformed)?;
        self.at += taken;
        Ok(Datum::Route(route))
    }

    fn resolver(&mut self) -> Result<Datum, DecodeError> {
        let (index, offset) = (self.index, self.at);
        self.index += 1;
        let rest = self.octets.get(self.at..).unwrap_or(&[]);
        let malformed = DecodeError::Malformed { index, expected: DataType::Internal, offset };
        let (resolver, taken) = Resolver::read::<F>(rest).ok_or(malformed)?;
        self.at += taken;
        Ok(Datum::Resolver(resolver))
    }

    fn sub_options(&mut self) -> Result<Vec<SubOption>, DecodeError> {
        let start = self.at;
        let mut found = Vec::new();
        for sub_option in SubOptions::<F>::new(self.rest()) {
            match sub_option {
                Ok((code, data)) => {
                    found.push(SubOption { code, data: Bytes::copy_from_slice(data) });
                }
                Err(_) if self.parsing == Parsing::Lenient => break,
                Err(error) => {
                    return Err(DecodeError::SubOption { offset: start + error.offset });
                }
            }
        }
        Ok(found)
    }

    fn rest(&mut self) -> &'a [u8] {
        let rest = self.octets.get(self.at..).unwrap_or(&[]);
        self.at = self.octets.len();
        rest
    }

    /// The next octets of the field whose index was just counted.
    fn take(&mut self, len: usize, expected: DataType) -> Result<&'a [u8], DecodeError> {
        let (index, offset) = (self.index.saturating_sub(1), self.at);
        let taken = self.octets.get(self.at..self.at + len);
        let taken = taken.ok_or(DecodeError::Truncated { index, expected, offset })?;
        self.at += len;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self, expected: DataType) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N, expected)?);
        Ok(array)
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Truncated { index, expected, offset } => {
                write!(f, "the data ends inside field {} ({expected}) at octet {offset}", index + 1)
            }
            DecodeError::Malformed { index, expected, offset } => {
                write!(f, "field {} at octet {offset} is not a valid {expected}", index + 1)
            }
            DecodeError::Name { index, offset, reason } => {
                write!(f, "field {} at octet {offset} is not a valid fqdn: {reason}", index + 1)
            }
            DecodeError::Trailing { offset } => {
                write!(f, "more data than the definition has, from octet {offset}")
            }
            DecodeError::SubOption { offset } => {
                write!(f, "the sub-option at octet {offset} is truncated")
            }
        }
    }
}

impl std::error::Error for DecodeError {}
