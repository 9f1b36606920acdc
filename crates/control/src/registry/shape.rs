//! What arguments a command wants, and the check of what it gets.

use std::borrow::Cow;
use std::fmt;
use std::net::IpAddr;

use serde_json::Value as Json;

/// The arguments of a command.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Shape {
    /// None; what is given is not looked at.
    Nothing,
    /// A map of these fields. If combinations follow, at least one of them must be given.
    Map(&'static [Field], &'static [&'static [&'static str]]),
    /// A map of these fields, whose check the server answers in words of its own.
    Unchecked(&'static [Field]),
    /// A bare value.
    Value(Kind),
}

/// One member of the arguments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Its name; `#` stands for the version of the protocol.
    pub(super) name: &'static str,
    /// What it holds.
    pub kind: Kind,
    /// True when it cannot be left out.
    pub required: bool,
    /// What it means.
    pub help: &'static str,
}

/// What a value is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// `true` or `false`.
    Boolean,
    /// An integer from the first to the second.
    Integer(i64, i64),
    /// A string.
    Text,
    /// One of these strings.
    Word(&'static [&'static str]),
    /// An IPv4 or IPv6 address in a string.
    Address,
    /// A map.
    Map,
    /// A list.
    List,
    /// A list of exactly one element.
    One,
    /// Anything.
    Any,
}

/// Why arguments were refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArgumentError {
    /// No `arguments` at all.
    Missing,
    /// They are of the wrong type.
    Mistyped(&'static str),
    /// A field that must be there is not; perhaps it is there under a similar name.
    NoField(String, Option<String>),
    /// A field is of the wrong type.
    MistypedField(String, String),
    /// None of the combinations is complete.
    NoAlternative(Vec<String>),
}

impl fmt::Display for ArgumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("Missing mandatory 'arguments' parameter."),
            Self::Mistyped(kind) => write!(f, "'arguments' parameter expected to be {kind}."),
            Self::NoField(field, None) => write!(f, "Missing mandatory '{field}' parameter."),
            Self::NoField(field, Some(near)) => {
                write!(f, "Missing mandatory '{field}' parameter. Is '{near}' meant to be it?")
            }
            Self::MistypedField(field, kind) => {
                write!(f, "'{field}' parameter expected to be {kind}.")
            }
            Self::NoAlternative(ways) => {
                write!(f, "Missing mandatory parameters: give {}.", ways.join(", or "))
            }
        }
    }
}

impl std::error::Error for ArgumentError {}

impl Field {
    /// Its name in a command of that protocol version.
    pub fn name_in(&self, family: Option<u8>) -> Cow<'static, str> {
        if self.name.contains('#') {
            super::with_family(self.name, family)
        } else {
            self.name.into()
        }
    }
}

impl Kind {
    /// What to call it in a message: `a string`.
    pub fn describe(self) -> String {
        match self {
            Kind::Boolean => "a boolean".into(),
            Kind::Integer(i64::MIN, i64::MAX) => "an integer".into(),
            Kind::Integer(least, i64::MAX) => format!("an integer of at least {least}"),
            Kind::Integer(least, most) => format!("an integer from {least} to {most}"),
            Kind::Text => "a string".into(),
            Kind::Word(words) => format!("one of '{}'", words.join("', '")),
            Kind::Address => "an IP address".into(),
            Kind::Map => "a map".into(),
            Kind::List => "a list".into(),
            Kind::One => "a list of exactly one element".into(),
            Kind::Any => "a value".into(),
        }
    }

    fn fits(self, value: &Json) -> bool {
        match self {
            Kind::Boolean => value.is_boolean(),
            Kind::Integer(least, most) => {
                value.as_i64().is_some_and(|number| (least..=most).contains(&number))
            }
            Kind::Text => value.is_string(),
            Kind::Word(words) => value.as_str().is_some_and(|text| words.contains(&text)),
            Kind::Address => value.as_str().is_some_and(|text| text.parse::<IpAddr>().is_ok()),
            Kind::Map => value.is_object(),
            Kind::List => value.is_array(),
            Kind::One => value.as_array().is_some_and(|list| list.len() == 1),
            Kind::Any => true,
        }
    }
}

pub(super) fn check(
    shape: &Shape,
    family: Option<u8>,
    arguments: Option<&Json>,
) -> Result<(), ArgumentError> {
    match shape {
        Shape::Nothing | Shape::Unchecked(_) => Ok(()),
        Shape::Value(kind) => match arguments {
            None => Err(ArgumentError::Missing),
            Some(value) if kind.fits(value) => Ok(()),
            Some(_) => Err(ArgumentError::MistypedField("arguments".into(), kind.describe())),
        },
        Shape::Map(fields, alternatives) => {
            let empty = serde_json::Map::new();
            let map = match arguments {
                None => &empty,
                Some(Json::Object(map)) => map,
                Some(_) => return Err(ArgumentError::Mistyped("a map")),
            };
            for field in *fields {
                check_field(field, family, map)?;
            }
            let given = |field: &&str| map.get(*field).is_some_and(|value| !value.is_null());
            if alternatives.is_empty() || alternatives.iter().any(|way| way.iter().all(given)) {
                return Ok(());
            }
            let ways = alternatives.iter().map(|way| match way {
                [] => "nothing".to_owned(),
                way => format!("'{}'", way.join("' and '")),
            });
            Err(ArgumentError::NoAlternative(ways.collect()))
        }
    }
}

fn check_field(
    field: &Field,
    family: Option<u8>,
    map: &serde_json::Map<String, Json>,
) -> Result<(), ArgumentError> {
    let name = field.name_in(family);
    match map.get(&*name) {
        Some(value) if field.kind.fits(value) => Ok(()),
        Some(_) => Err(ArgumentError::MistypedField(name.into(), field.kind.describe())),
        None if field.required => {
            let near = map.keys().find(|other| similar(other, &name)).cloned();
            Err(ArgumentError::NoField(name.into(), near))
        }
        None => Ok(()),
    }
}

/// The slips that are made: another case, `_` for `-`, a missing or doubled `-`.
fn similar(given: &str, wanted: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|char| char.to_ascii_lowercase()).collect()
    };
    plain(given) == plain(wanted) || plain(given) == plain(wanted) + "s"
}
