//! What an option is called, and what its data is made of.

use std::borrow::Cow;
use std::marker::PhantomData;

use bytes::Bytes;
use kea_wire::Family;

use crate::data_type::DataType;
use crate::decode::{DecodeError, Parsing, decode};
use crate::dnr::{Resolver, ResolverError, split_unescaped};
use crate::fqdn::Compression;
use crate::standard::Row;
use crate::sub_option::write_sub_option;
use crate::text::{FieldError, OptionTextError, Token, parse_field, parse_hex, split_csv};
use crate::value::{Datum, Value};
use crate::vendor::{Enterprise, VendorBlocks, VendorClassData, write_vendor_block};

/// The definition of one option of family `F`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition<F> {
    pub(crate) code: u16,
    pub(crate) name: Cow<'static, str>,
    pub(crate) space: Cow<'static, str>,
    pub(crate) data_type: DataType,
    pub(crate) array: bool,
    pub(crate) record: Cow<'static, [DataType]>,
    pub(crate) encapsulates: Option<Cow<'static, str>>,
    pub(crate) origin: Origin,
    pub(crate) family: PhantomData<F>,
}

/// Where a definition comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// One of the tables of this crate.
    Standard {
        /// The section that defines the option.
        source: &'static str,
        /// Who sets it.
        supplier: Supplier,
        /// The server returns it even to clients that did not ask for it.
        unasked: bool,
        /// An `option-def` of the configuration may replace it.
        replaceable: bool,
    },
    /// An `option-def` of the configuration.
    Custom,
}

/// Who puts a standard option into a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supplier {
    /// The operator, with `option-data`.
    Operator,
    /// The protocol: the server works it out or echoes it, or only clients and relays send it.
    Protocol,
}

/// How an option's text and data are laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notation {
    Fields,
    Routes,
    Resolvers,
    /// Option 125: an enterprise number, and sub-options in a counted block (RFC 3925).
    VendorBlocks,
    /// Options 124 and 16: the second field is itself made of counted parts.
    VendorClass,
}

impl<F: Family> Definition<F> {
    /// The option's code in its space.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The option's name in its space.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The space that the option belongs to.
    pub fn space(&self) -> &str {
        &self.space
    }

    /// The type; of an array, that of its elements.
    pub fn data_type(&self) -> DataType {
        self.data_type
    }

    /// Whether the type, or the last field of the record, repeats.
    pub fn is_array(&self) -> bool {
        self.array
    }

    /// The types of a record's fields; empty for other types.
    pub fn record_types(&self) -> &[DataType] {
        &self.record
    }

    /// The space whose options follow the option's own data.
    pub fn encapsulates(&self) -> Option<&str> {
        self.encapsulates.as_deref()
    }

    /// Where the definition comes from.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// True for an option that the server returns even to clients that did not ask for it.
    pub fn is_returned_unasked(&self) -> bool {
        matches!(self.origin, Origin::Standard { unasked: true, .. })
    }

    /// True for a standard option that is not meant to be set with `option-data`.
    pub fn is_set_by_protocol(&self) -> bool {
        matches!(self.origin, Origin::Standard { supplier: Supplier::Protocol, .. })
    }

    /// The octets of the option whose fields `text` gives (`csv-format` true).
    ///
    /// Fields that the definition does not have are ignored, as Kea does;
    /// [`Self::surplus_offset`] says that there are some.
    pub fn encode_csv(&self, text: &str) -> Result<Bytes, OptionTextError> {
        let octets = self.write(&self.parse_csv(text)?);
        self.check_vendor_class(&octets)?;
        Ok(octets)
    }

    /// The octets that `text` gives (`csv-format` false): `AB:CD`, `ab cd`, `0xabcd`, `abcd` or
    /// `'text'`. They must be readable with this definition.
    pub fn encode_hex(&self, text: &str) -> Result<Bytes, OptionTextError> {
        let octets = octets_from_hex(text)?;
        // An option without data of its own keeps what is given, since that is its sub-options.
        if self.data_type == DataType::Empty {
            return Ok(if self.encapsulates.is_some() { octets } else { Bytes::new() });
        }
        let value = match decode(self, &octets, Parsing::Strict) {
            // What follows the last field is cut off.
            Err(DecodeError::Trailing { offset }) => {
                decode(self, octets.get(..offset).unwrap_or(&octets), Parsing::Strict)
            }
            read => read,
        };
        let value = value.map_err(OptionTextError::Content)?;
        if self.data_type == DataType::String
            && matches!(value.fields.as_slice(), [Datum::String(text)] if text.is_empty())
        {
            let (index, expected) = (0, DataType::String);
            return Err(OptionTextError::MissingField { index, expected });
        }
        if self.notation() == Notation::VendorBlocks && octets.len() > 4 {
            return Ok(octets); // perhaps of several enterprises, of which a value knows one
        }
        let octets = self.write(&value);
        self.check_vendor_class(&octets)?;
        Ok(octets)
    }

    /// The typed value of the option whose fields `text` gives.
    pub fn parse_csv(&self, text: &str) -> Result<Value, OptionTextError> {
        let fields = match self.notation() {
            Notation::Fields | Notation::VendorBlocks | Notation::VendorClass => {
                self.parse_fields(&split_csv(text))?
            }
            Notation::Routes => parse_items(text, ',', |item| {
                item.parse().map(Datum::Route).map_err(FieldError::Route)
            })?,
            Notation::Resolvers => {
                let fields = parse_items(text, '|', |item| {
                    Resolver::parse::<F>(item).map(Datum::Resolver).map_err(FieldError::Resolver)
                })?;
                if F::VERSION == 6 && fields.len() > 1 {
                    let reason = FieldError::Resolver(ResolverError::SecondResolver);
                    return Err(internal_error(1, text.len(), reason));
                }
                fields
            }
        };
        Ok(Value { fields, sub_options: Vec::new() })
    }

    /// Where in `text` the first field begins that the definition has no place for.
    pub fn surplus_offset(&self, text: &str) -> Option<usize> {
        if self.array || matches!(self.notation(), Notation::Routes | Notation::Resolvers) {
            return None;
        }
        split_csv(text).get(self.field_types().len()).map(|token| token.offset)
    }

    /// Reads the data of the option.
    pub fn decode(&self, octets: &[u8], parsing: Parsing) -> Result<Value, DecodeError> {
        decode(self, octets, parsing)
    }

    /// True when the data ends with a text, after which NUL octets of a message do not count.
    pub fn ends_with_text(&self) -> bool {
        self.field_types().last() == Some(&DataType::String)
    }

    /// How many octets the data has, when it is one number and nothing else. Sub-options may follow the
    /// number of an option that holds some.
    pub(crate) fn number_len(&self) -> Option<u8> {
        let is_one = !self.array && self.encapsulates.is_none();
        let len = match self.data_type {
            DataType::Int8 | DataType::Uint8 => 1,
            DataType::Int16 | DataType::Uint16 => 2,
            DataType::Int32 | DataType::Uint32 => 4,
            _ => return None,
        };
        (is_one && self.notation() == Notation::Fields).then_some(len)
    }

    /// True when lengths inside the data say where its parts end.
    pub(crate) fn has_tuples(&self) -> bool {
        self.notation() == Notation::VendorClass || self.field_types().contains(&DataType::Tuple)
    }

    /// Whether the lengths of the tuples in a received option agree with where it ends. What else may
    /// be wrong with it is not looked at.
    pub fn check_tuples(&self, octets: &[u8]) -> Result<(), DecodeError> {
        let error = match self.notation() {
            // In DHCPv6 an option belongs to one enterprise, which has to be named.
            Notation::VendorClass if F::VERSION == 6 && octets.is_empty() => {
                Some(DecodeError::Truncated { index: 0, expected: DataType::Uint32, offset: 0 })
            }
            Notation::VendorClass => first_open_tuple::<F>(octets),
            _ => match decode(self, octets, Parsing::Strict) {
                Err(error @ DecodeError::Truncated { expected: DataType::Tuple, .. }) => {
                    Some(error)
                }
                _ => None,
            },
        };
        error.map_or(Ok(()), Err)
    }

    pub(crate) fn from_row(space: &'static str, row: &Row) -> Self {
        Definition {
            code: row.code,
            name: Cow::Borrowed(row.name),
            space: Cow::Borrowed(space),
            data_type: row.data_type,
            array: row.array,
            record: Cow::Borrowed(row.record),
            encapsulates: row.encapsulates.map(Cow::Borrowed),
            origin: Origin::Standard {
                source: row.source,
                supplier: row.supplier,
                unasked: row.unasked,
                replaceable: row.replaceable,
            },
            family: PhantomData,
        }
    }

    /// The types of the fields, in order; none for an option without data of its own.
    pub(crate) fn field_types(&self) -> &[DataType] {
        match self.data_type {
            DataType::Record => &self.record,
            DataType::Empty => &[],
            _ => std::slice::from_ref(&self.data_type),
        }
    }

    pub(crate) fn notation(&self) -> Notation {
        if self.origin == Origin::Custom || self.space != F::OPTION_SPACE {
            return Notation::Fields;
        }
        match (F::VERSION, self.code) {
            (4, 121) => Notation::Routes,
            (4, 162) | (6, 144) => Notation::Resolvers,
            (4, 125) => Notation::VendorBlocks,
            (4, 124) | (6, 16) => Notation::VendorClass,
            _ => Notation::Fields,
        }
    }

    /// RFC 3397 section 2 compresses lists of names in DHCPv4; DHCPv6 never does.
    pub(crate) fn compression(&self) -> Compression {
        let is_list = self.data_type == DataType::Fqdn && self.array;
        if F::VERSION == 4 && is_list { Compression::Allowed } else { Compression::Refused }
    }

    fn write(&self, value: &Value) -> Bytes {
        let mut out = Vec::new();
        match (self.notation(), value.fields.first()) {
            (Notation::VendorBlocks, Some(Datum::Uint32(enterprise))) => {
                let mut inside = Vec::new();
                for sub_option in &value.sub_options {
                    write_sub_option::<F>(&mut inside, sub_option.code, &sub_option.data);
                }
                write_vendor_block::<F>(&mut out, Enterprise(*enterprise), &inside);
            }
            _ => value.write::<F>(&mut out),
        }
        out.into()
    }

    /// An enterprise number may stand alone; what follows it must be counted rightly.
    fn check_vendor_class(&self, octets: &[u8]) -> Result<(), OptionTextError> {
        if self.notation() != Notation::VendorClass || octets.len() == 4 {
            return Ok(());
        }
        first_open_tuple::<F>(octets).map_or(Ok(()), |error| Err(OptionTextError::Content(error)))
    }

    /// Whether a list of these may have nothing in it. Kea has it so.
    fn may_be_empty_list(&self) -> bool {
        self.array
            && match self.data_type {
                DataType::Ipv4Address | DataType::Ipv6Address => true,
                DataType::Fqdn | DataType::Tuple => F::VERSION == 6,
                _ => false,
            }
    }

    fn parse_fields(&self, tokens: &[Token]) -> Result<Vec<Datum>, OptionTextError> {
        let types = self.field_types();
        if let ([], Some(token)) = (types, tokens.first()) {
            return Err(OptionTextError::Unexpected { offset: token.offset });
        }
        if tokens.is_empty() && self.may_be_empty_list() {
            return Ok(Vec::new());
        }
        let mut fields = Vec::with_capacity(types.len().max(tokens.len()));
        for (index, &data_type) in types.iter().enumerate() {
            let repeats = self.array && index + 1 == types.len();
            let own = if repeats { tokens.get(index..) } else { tokens.get(index..=index) };
            match own {
                Some(own) if !own.is_empty() => {
                    for (i, token) in own.iter().enumerate() {
                        fields.push(read_token::<F>(data_type, index + i, token)?);
                    }
                }
                _ => return Err(OptionTextError::MissingField { index, expected: data_type }),
            }
        }
        Ok(fields)
    }
}

/// The octets of an option that has no definition.
pub fn octets_from_hex(text: &str) -> Result<Bytes, OptionTextError> {
    parse_hex(text).map_err(|(offset, reason)| OptionTextError::Hex { offset, reason })
}

fn read_token<F: Family>(
    expected: DataType,
    index: usize,
    token: &Token,
) -> Result<Datum, OptionTextError> {
    let offset = token.offset;
    parse_field::<F>(expected, &token.text).map_err(|reason| OptionTextError::Field {
        index,
        offset,
        expected,
        reason,
    })
}

/// The first tuple of vendor class data that runs over the end.
fn first_open_tuple<F: Family>(octets: &[u8]) -> Option<DecodeError> {
    let open = |offset| {
        let (index, expected) = (1, DataType::Tuple);
        Some(DecodeError::Truncated { index, expected, offset })
    };
    VendorBlocks::<F>::new(octets).find_map(|block| match block {
        Err(error) => open(error.offset),
        Ok((_, data)) if F::VERSION == 6 => {
            VendorClassData::new(data).find_map(Result::err).and_then(|e| open(4 + e.offset))
        }
        Ok(_) => None,
    })
}

/// Reads the items between the separators, each in a notation of its own.
fn parse_items(
    text: &str,
    separator: char,
    read: impl Fn(&str) -> Result<Datum, FieldError>,
) -> Result<Vec<Datum>, OptionTextError> {
    let (mut items, mut offset) = (Vec::new(), 0);
    for (index, item) in split_unescaped(text, separator).into_iter().enumerate() {
        let blank = item.len() - item.trim_start().len();
        items.push(read(item.trim()).map_err(|e| internal_error(index, offset + blank, e))?);
        offset += item.len() + separator.len_utf8();
    }
    Ok(items)
}

fn internal_error(index: usize, offset: usize, reason: FieldError) -> OptionTextError {
    OptionTextError::Field { index, offset, expected: DataType::Internal, reason }
}
