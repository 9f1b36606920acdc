//! All the definitions that a configuration can use.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use bytes::Bytes;
use kea_wire::Family;

use crate::definition::{Definition, Origin, octets_from_hex};
use crate::standard::{option_aliases, space_aliases, spaces};
use crate::text::OptionTextError;

/// Option definitions by space, code and name: the standard ones, and those of the configuration.
#[derive(Clone, Debug)]
pub struct Registry<F> {
    spaces: HashMap<String, Space<F>>,
    /// Codes of the main space whose data has tuples, ascending.
    with_tuples: Vec<u16>,
    /// By code of the main space: how many octets the number has that the option is; 0 for others.
    number_lens: Vec<u8>,
}

/// One `option-data` entry, as written. One of `code` and `name` is enough.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OptionText<'a> {
    /// `space`; `dhcp4` or `dhcp6` when not given.
    pub space: Option<&'a str>,
    /// `code`.
    pub code: Option<u16>,
    /// `name`.
    pub name: Option<&'a str>,
    /// `csv-format`; true when not given and the option has a definition.
    pub csv_format: Option<bool>,
    /// `data`.
    pub data: &'a str,
}

/// One option with its own data encoded; sub-options are not in it yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EncodedOption {
    /// The space the option belongs to, under its proper name.
    pub space: String,
    /// Its code there.
    pub code: u16,
    /// Its own data.
    pub data: Bytes,
}

/// Why an `option-data` entry names no option, or its data cannot be encoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OptionDataError {
    /// Neither code nor name is given.
    Unidentified,
    /// The space has no option of that name.
    UnknownName {
        /// The space.
        space: String,
        /// The name.
        name: String,
        /// What was perhaps meant.
        nearest: Option<String>,
    },
    /// Code and name are those of two different options.
    Disagreement {
        /// The code given.
        code: u16,
        /// The name given.
        name: String,
        /// The code that the name has.
        code_of_name: u16,
    },
    /// The code is 0, or beyond what the family can put into a message.
    CodeOutOfRange {
        /// The code.
        code: u16,
        /// The lowest allowed.
        min: u16,
        /// The highest allowed.
        max: u16,
    },
    /// `csv-format` is true, but no definition says what the fields are.
    NoDefinition {
        /// The space.
        space: String,
        /// The code.
        code: u16,
    },
    /// The data does not fit the definition.
    Data(OptionTextError),
}

/// Why a definition cannot join the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DefineError {
    /// The code has a standard definition, which cannot be replaced.
    Standard {
        /// The code.
        code: u16,
        /// The name of the standard option.
        name: String,
    },
    /// The code has been defined before.
    DuplicateCode {
        /// The code.
        code: u16,
        /// The name it was defined with.
        name: String,
    },
    /// The name has been defined before.
    DuplicateName {
        /// The name.
        name: String,
        /// The code it was defined with.
        code: u16,
    },
}

impl<F: Family> Registry<F> {
    /// The standard definitions alone.
    pub fn standard() -> Self {
        let (with_tuples, number_lens) = (Vec::new(), Vec::new());
        let mut registry = Registry { spaces: HashMap::new(), with_tuples, number_lens };
        for space in spaces(F::VERSION) {
            let entry = registry.spaces.entry(space.name.to_owned()).or_default();
            for row in space.rows.iter().copied().flatten() {
                entry.insert(Definition::from_row(space.name, row));
            }
        }
        registry.note_what_is_checked();
        registry
    }

    /// Adds a definition of the configuration. Standard definitions do not give way to it, but for
    /// the last-resort one of option 43 of DHCPv4, those of vendor spaces, and those that came into
    /// the tables after configurations had learnt to define the option themselves.
    pub fn define(&mut self, definition: Definition<F>) -> Result<(), DefineError> {
        let space = self.spaces.entry(definition.space.to_string()).or_default();
        let (code, name) = (definition.code, definition.name());
        if let Some(known) = space.by_code.get(&code) {
            let name = known.name().to_owned();
            match known.origin {
                Origin::Custom => return Err(DefineError::DuplicateCode { code, name }),
                Origin::Standard { replaceable: false, .. } if known.space == F::OPTION_SPACE => {
                    return Err(DefineError::Standard { code, name });
                }
                Origin::Standard { .. } => {}
            }
        }
        match space.by_name.get(name) {
            Some(&other) if other != code => {
                return Err(DefineError::DuplicateName { name: name.to_owned(), code: other });
            }
            _ => space.insert(definition),
        }
        self.note_what_is_checked();
        Ok(())
    }

    fn note_what_is_checked(&mut self) {
        let main = self.spaces.get(F::OPTION_SPACE).into_iter().flat_map(|s| s.by_code.values());
        self.with_tuples = main.clone().filter(|d| d.has_tuples()).map(|d| d.code).collect();
        self.number_lens.clear();
        let is_final = |d: &&Definition<F>| F::VERSION != 4 || !may_be_class_scoped(d.code);
        for (code, len) in main.filter(is_final).filter_map(|d| Some((d.code, d.number_len()?))) {
            // Definitions come by code, so the last one is the longest list yet.
            self.number_lens.resize(usize::from(code), 0);
            self.number_lens.push(len);
        }
    }

    /// The codes of the options of messages whose data has tuples, ascending
    /// ([`Definition::check_tuples`]).
    pub fn codes_with_tuples(&self) -> &[u16] {
        &self.with_tuples
    }

    /// How many octets an option of a message has that is one number; `None` for other options, and
    /// for those of DHCPv4 that a class may define.
    pub fn number_len(&self, code: u16) -> Option<usize> {
        let len = *self.number_lens.get(usize::from(code))?;
        (len != 0).then_some(usize::from(len))
    }

    /// The definition of a code.
    pub fn by_code(&self, space: &str, code: u16) -> Option<&Definition<F>> {
        self.spaces.get(self.proper_space(space))?.by_code.get(&code)
    }

    /// The definition of a name.
    pub fn by_name(&self, space: &str, name: &str) -> Option<&Definition<F>> {
        let space = self.spaces.get(self.proper_space(space))?;
        let code = space.by_name.get(name).or_else(|| {
            let aliases = option_aliases(F::VERSION).iter();
            let (_, proper) = aliases.copied().find(|&(alias, _)| alias == name)?;
            space.by_name.get(proper)
        })?;
        space.by_code.get(code)
    }

    /// The defined name that is most like `name`, unless all are too different.
    pub fn nearest_name(&self, space: &str, name: &str) -> Option<&str> {
        let names = self.spaces.get(self.proper_space(space))?.by_name.keys();
        let rated = names.map(|known| (strsim::osa_distance(known, name), known.as_str()));
        let limit = name.chars().count().div_ceil(3).max(1);
        rated.filter(|(distance, _)| *distance <= limit).min().map(|(_, known)| known)
    }

    /// All definitions of a space, by code.
    pub fn definitions(&self, space: &str) -> impl Iterator<Item = &Definition<F>> {
        let space = self.spaces.get(self.proper_space(space));
        space.into_iter().flat_map(|space| space.by_code.values())
    }

    /// The spaces that have definitions or are held by an option, in no order.
    pub fn spaces(&self) -> impl Iterator<Item = &str> {
        self.spaces.keys().map(String::as_str)
    }

    /// The name of a space that may be called otherwise.
    pub fn proper_space<'a>(&self, space: &'a str) -> &'a str {
        let aliases = space_aliases(F::VERSION).iter();
        let proper = aliases.copied().find(|&(alias, _)| alias == space).map(|(_, proper)| proper);
        // A space that the configuration itself defines under that name stays what it is.
        proper.filter(|_| !self.spaces.contains_key(space)).unwrap_or(space)
    }

    /// Finds the option that an `option-data` entry means: its code, and its definition if any.
    pub fn resolve(
        &self,
        entry: &OptionText<'_>,
    ) -> Result<(u16, Option<&Definition<F>>), OptionDataError> {
        let space = entry.space.unwrap_or(F::OPTION_SPACE);
        let code = match (entry.code, entry.name) {
            (None, None) => return Err(OptionDataError::Unidentified),
            (Some(code), None) => code,
            (code, Some(name)) => match (code, self.by_name(space, name)) {
                (Some(code), Some(known)) if known.code != code => {
                    let (name, code_of_name) = (name.to_owned(), known.code);
                    return Err(OptionDataError::Disagreement { code, name, code_of_name });
                }
                (_, Some(known)) => known.code,
                // A code without a definition may be given any name.
                (Some(code), None) if self.by_code(space, code).is_none() => code,
                (_, None) => {
                    let nearest = self.nearest_name(space, name).map(str::to_owned);
                    let (space, name) = (space.to_owned(), name.to_owned());
                    return Err(OptionDataError::UnknownName { space, name, nearest });
                }
            },
        };
        let (min, max) = code_bounds::<F>(space);
        if !(min..=max).contains(&code) {
            return Err(OptionDataError::CodeOutOfRange { code, min, max });
        }
        Ok((code, self.by_code(space, code)))
    }

    /// Encodes an `option-data` entry. Without a definition the data is hexadecimal.
    pub fn encode(&self, entry: &OptionText<'_>) -> Result<EncodedOption, OptionDataError> {
        let space = self.proper_space(entry.space.unwrap_or(F::OPTION_SPACE)).to_owned();
        let (code, definition) = self.resolve(entry)?;
        let data = match (definition, entry.csv_format) {
            (Some(definition), Some(true) | None) => definition.encode_csv(entry.data),
            (Some(definition), Some(false)) => definition.encode_hex(entry.data),
            (None, Some(false) | None) => octets_from_hex(entry.data),
            (None, Some(true)) => return Err(OptionDataError::NoDefinition { space, code }),
        };
        Ok(EncodedOption { data: data.map_err(OptionDataError::Data)?, space, code })
    }
}

/// The codes that an option of a space can have. In the DHCPv4 space itself 0 is the pad and 255 the
/// end; the sub-options of other spaces are free to use both.
pub(crate) fn code_bounds<F: Family>(space: &str) -> (u16, u16) {
    match (F::VERSION, space == F::OPTION_SPACE) {
        (4, true) => (1, 254),
        (4, false) => (0, 255),
        (_, true) => (1, u16::MAX),
        _ => (0, u16::MAX),
    }
}

/// True for the codes of DHCPv4 whose definition a client class may give: 43 and the private ones.
/// Their content is not looked at until the classes of the query are known.
pub fn may_be_class_scoped(code: u16) -> bool {
    matches!(code, 43 | 224..=254)
}

#[derive(Clone, Debug)]
struct Space<F> {
    by_code: BTreeMap<u16, Definition<F>>,
    by_name: HashMap<String, u16>,
}

impl<F> Default for Space<F> {
    fn default() -> Self {
        Space { by_code: BTreeMap::new(), by_name: HashMap::new() }
    }
}

impl<F: Family> Space<F> {
    fn insert(&mut self, definition: Definition<F>) {
        let code = definition.code;
        self.by_name.insert(definition.name.to_string(), code);
        let replaced = self.by_code.insert(code, definition);
        if let (Some(old), Some(new)) = (replaced, self.by_code.get(&code))
            && old.name != new.name
        {
            self.by_name.remove(old.name());
        }
    }
}

impl fmt::Display for OptionDataError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OptionDataError::Unidentified => f.write_str("an option needs a 'code' or a 'name'"),
            OptionDataError::UnknownName { space, name, nearest } => {
                write!(f, "space '{space}' has no option '{name}'")?;
                nearest.as_ref().map_or(Ok(()), |n| write!(f, "; did you mean '{n}'?"))
            }
            OptionDataError::Disagreement { code, name, code_of_name } => {
                write!(f, "option '{name}' has code {code_of_name}, not {code}")
            }
            OptionDataError::CodeOutOfRange { code, min, max } => {
                write!(f, "option code {code} is not in {min}..{max}")
            }
            OptionDataError::NoDefinition { space, code } => write!(
                f,
                "option {code} of space '{space}' has no definition, so its data is hexadecimal: \
                 set 'csv-format' to false, or define it"
            ),
            OptionDataError::Data(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OptionDataError {}

impl fmt::Display for DefineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DefineError::Standard { code, name } => {
                write!(f, "option {code} is the standard option '{name}' and cannot be redefined")
            }
            DefineError::DuplicateCode { code, name } => {
                write!(f, "option {code} is already defined, as '{name}'")
            }
            DefineError::DuplicateName { name, code } => {
                write!(f, "option '{name}' is already defined, with code {code}")
            }
        }
    }
}

impl std::error::Error for DefineError {}
