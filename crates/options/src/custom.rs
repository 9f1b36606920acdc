//! Definitions of the configuration: `option-def` (manual, "Custom DHCPv4 Options").

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use kea_wire::Family;

use crate::data_type::DataType;
use crate::definition::{Definition, Origin};
use crate::registry::code_bounds;

/// One `option-def` entry, as written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DefinitionText<'a> {
    /// `name`.
    pub name: &'a str,
    /// `code`.
    pub code: i64,
    /// `space`; `dhcp4` or `dhcp6` when not given.
    pub space: Option<&'a str>,
    /// `type`.
    pub data_type: &'a str,
    /// `array`.
    pub array: bool,
    /// `record-types`, separated by commas.
    pub record_types: &'a str,
    /// `encapsulate`.
    pub encapsulate: &'a str,
}

/// Why an `option-def` entry is no definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefinitionError {
    /// The name is empty, or has other characters than letters, digits, `-` and `_`, or begins or
    /// ends with one of those two.
    Name(String),
    /// The space's name is not valid, by the same rule.
    Space(String),
    /// The code is not one that an option of the space can have.
    Code {
        /// The code.
        code: i64,
        /// The lowest allowed.
        min: u16,
        /// The highest allowed.
        max: u16,
    },
    /// `type` names no type.
    UnknownType(String),
    /// `record-types` has something that is no type, or that cannot be in a record.
    RecordType {
        /// Which field, counting from 0.
        index: usize,
        /// What stands there.
        text: String,
    },
    /// The type is `record`, and there are fewer than two fields.
    RecordTooShort {
        /// How many there are.
        fields: usize,
    },
    /// There are fields, and the type is not `record`.
    FieldsWithoutRecord(DataType),
    /// A field that takes all that follows is not the last one.
    OpenField {
        /// Which field, counting from 0.
        index: usize,
        /// Its type.
        data_type: DataType,
    },
    /// An array of a type that takes all that follows, or of nothing.
    Array(DataType),
    /// An array cannot be followed by sub-options: nothing says where it ends.
    ArrayWithSubOptions,
    /// `encapsulate` names the space of the option itself.
    OwnSpace(String),
    /// `encapsulate` is not a valid name.
    Encapsulate(String),
}

impl<F: Family> Definition<F> {
    /// The definition that an `option-def` entry makes.
    pub fn custom(entry: &DefinitionText<'_>) -> Result<Self, DefinitionError> {
        let space = entry.space.unwrap_or(F::OPTION_SPACE);
        if !is_option_name(entry.name) {
            return Err(DefinitionError::Name(entry.name.to_owned()));
        }
        if !is_option_name(space) {
            return Err(DefinitionError::Space(space.to_owned()));
        }
        let (min, max) = code_bounds::<F>(space);
        let code = u16::try_from(entry.code).ok().filter(|code| (min..=max).contains(code));
        let code = code.ok_or(DefinitionError::Code { code: entry.code, min, max })?;
        let data_type = entry.data_type.parse();
        let data_type: DataType = data_type
            .ok()
            .filter(|t| *t != DataType::Internal)
            .ok_or_else(|| DefinitionError::UnknownType(entry.data_type.to_owned()))?;
        let record = record_fields(data_type, entry.record_types)?;
        let last = record.last().copied().unwrap_or(data_type);
        if entry.array && (last.takes_rest() || last == DataType::Empty) {
            return Err(DefinitionError::Array(last));
        }
        let encapsulates = match entry.encapsulate {
            "" => None,
            own if own == space => return Err(DefinitionError::OwnSpace(own.to_owned())),
            other if !is_option_name(other) => {
                return Err(DefinitionError::Encapsulate(other.to_owned()));
            }
            _ if entry.array => return Err(DefinitionError::ArrayWithSubOptions),
            other => Some(Cow::Owned(other.to_owned())),
        };
        Ok(Definition {
            code,
            name: Cow::Owned(entry.name.to_owned()),
            space: Cow::Owned(space.to_owned()),
            data_type,
            array: entry.array,
            record: Cow::Owned(record),
            encapsulates,
            origin: Origin::Custom,
            family: PhantomData,
        })
    }
}

fn record_fields(data_type: DataType, text: &str) -> Result<Vec<DataType>, DefinitionError> {
    let is_record = data_type == DataType::Record;
    match (is_record, text.trim().is_empty()) {
        (true, true) => return Err(DefinitionError::RecordTooShort { fields: 0 }),
        (false, false) => return Err(DefinitionError::FieldsWithoutRecord(data_type)),
        (false, true) => return Ok(Vec::new()),
        (true, false) => {}
    }
    let mut fields = Vec::new();
    let given = text.split(',').filter(|field| !field.is_empty()).map(str::trim);
    for (index, field) in given.enumerate() {
        let refused = [DataType::Record, DataType::Empty, DataType::Internal];
        match field.parse() {
            Ok(data_type) if !refused.contains(&data_type) => fields.push(data_type),
            _ => return Err(DefinitionError::RecordType { index, text: field.to_owned() }),
        }
    }
    if fields.len() < 2 {
        return Err(DefinitionError::RecordTooShort { fields: fields.len() });
    }
    let open = fields.iter().position(|t| t.takes_rest()).filter(|i| i + 1 < fields.len());
    match open.and_then(|index| Some((index, *fields.get(index)?))) {
        Some((index, data_type)) => Err(DefinitionError::OpenField { index, data_type }),
        None => Ok(fields),
    }
}

/// Whether a text may be the name of an option or of a space.
pub fn is_option_name(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    let outer = |b: Option<&u8>| b.is_some_and(u8::is_ascii_alphanumeric);
    let octets = text.as_bytes();
    octets.iter().copied().all(inner) && outer(octets.first()) && outer(octets.last())
}

impl fmt::Display for DefinitionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DefinitionError::Name(name) => write!(f, "'{name}' is not a valid option name"),
            DefinitionError::Space(name) => write!(f, "'{name}' is not a valid option space name"),
            DefinitionError::Code { code, min, max } => {
                write!(f, "option code {code} is not in {min}..{max}")
            }
            DefinitionError::UnknownType(name) => write!(f, "unknown option type '{name}'"),
            DefinitionError::RecordType { index, text } => {
                write!(f, "field {} of the record cannot be '{text}'", index + 1)
            }
            DefinitionError::RecordTooShort { fields } => {
                write!(f, "a record has at least two fields; 'record-types' has {fields}")
            }
            DefinitionError::FieldsWithoutRecord(data_type) => {
                write!(f, "'record-types' must be empty for the type {data_type}")
            }
            DefinitionError::OpenField { index, data_type } => {
                write!(f, "field {} of the record, a {data_type}, must be the last", index + 1)
            }
            DefinitionError::Array(data_type) => write!(f, "there are no arrays of {data_type}"),
            DefinitionError::ArrayWithSubOptions => {
                f.write_str("an array cannot be followed by sub-options")
            }
            DefinitionError::OwnSpace(space) => {
                write!(f, "an option of space '{space}' cannot encapsulate that space")
            }
            DefinitionError::Encapsulate(name) => {
                write!(f, "'{name}' is not a valid name of a space to encapsulate")
            }
        }
    }
}

impl std::error::Error for DefinitionError {}

#[cfg(test)]
mod tests {
    use kea_wire::{V4, V6};

    use super::*;

    const GOOD: DefinitionText<'_> = DefinitionText {
        name: "foo",
        code: 222,
        space: None,
        data_type: "uint32",
        array: false,
        record_types: "",
        encapsulate: "",
    };

    #[test]
    fn an_entry_makes_a_definition() {
        let text = DefinitionText {
            data_type: "record",
            record_types: "uint16, ipv6-address, string",
            encapsulate: "bar",
            ..GOOD
        };
        let made = Definition::<V6>::custom(&text).unwrap();
        assert_eq!((made.code(), made.name(), made.space()), (222, "foo", "dhcp6"));
        assert_eq!(
            made.record_types(),
            [DataType::Uint16, DataType::Ipv6Address, DataType::String]
        );
        assert_eq!(made.encapsulates(), Some("bar"));
        assert_eq!(made.origin(), Origin::Custom);
    }

    #[test]
    fn each_rule_has_its_error() {
        use DefinitionError as E;
        let cases = [
            (DefinitionText { name: "", ..GOOD }, E::Name("".into())),
            (DefinitionText { name: "a b", ..GOOD }, E::Name("a b".into())),
            (DefinitionText { name: "-a", ..GOOD }, E::Name("-a".into())),
            (DefinitionText { space: Some("x."), ..GOOD }, E::Space("x.".into())),
            (DefinitionText { code: 255, ..GOOD }, E::Code { code: 255, min: 1, max: 254 }),
            (DefinitionText { code: -1, ..GOOD }, E::Code { code: -1, min: 1, max: 254 }),
            (DefinitionText { data_type: "uint64", ..GOOD }, E::UnknownType("uint64".into())),
            (DefinitionText { data_type: "internal", ..GOOD }, E::UnknownType("internal".into())),
            (DefinitionText { data_type: "record", ..GOOD }, E::RecordTooShort { fields: 0 }),
            (
                DefinitionText { record_types: "uint8", ..GOOD },
                E::FieldsWithoutRecord(DataType::Uint32),
            ),
            (
                DefinitionText { data_type: "record", record_types: "uint8,empty", ..GOOD },
                E::RecordType { index: 1, text: "empty".into() },
            ),
            (
                DefinitionText { data_type: "record", record_types: "string, uint8", ..GOOD },
                E::OpenField { index: 0, data_type: DataType::String },
            ),
            (
                DefinitionText { data_type: "string", array: true, ..GOOD },
                E::Array(DataType::String),
            ),
            (
                DefinitionText { data_type: "record", record_types: "uint8", ..GOOD },
                E::RecordTooShort { fields: 1 },
            ),
            (DefinitionText { array: true, encapsulate: "x", ..GOOD }, E::ArrayWithSubOptions),
            (DefinitionText { encapsulate: "dhcp4", ..GOOD }, E::OwnSpace("dhcp4".into())),
            (DefinitionText { encapsulate: "a b", ..GOOD }, E::Encapsulate("a b".into())),
        ];
        for (text, error) in cases {
            assert_eq!(Definition::<V4>::custom(&text), Err(error), "{text:?}");
        }
        let edge = DefinitionText { space: Some("isc"), code: 255, ..GOOD };
        assert_eq!(Definition::<V4>::custom(&edge).map(|d| d.code()), Ok(255));
    }
}
