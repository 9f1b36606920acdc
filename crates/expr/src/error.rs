//! Why a text is not an expression, and where.

use std::fmt::{self, Display};

/// A range of octets of the expression text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    /// First octet.
    pub start: u32,
    /// One past the last octet.
    pub end: u32,
}

impl Span {
    pub(crate) fn new(start: usize, end: usize) -> Self {
        // Texts are limited to `MAX_TEXT_LEN`, far below `u32::MAX`.
        Span { start: start as u32, end: end as u32 }
    }

    /// The smallest span that covers both.
    #[must_use]
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }

    /// The column of the first character in `text`, counted from 1 in characters.
    pub fn column(self, text: &str) -> usize {
        text.char_indices().take_while(|&(at, _)| at < self.start as usize).count() + 1
    }
}

/// What an expression yields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Type {
    /// True or false.
    Test,
    /// A string of octets.
    String,
}

impl Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Type::Test => "a test (true or false)",
            Type::String => "a string",
        })
    }
}

/// A text that is not an expression: where and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExprError {
    /// The part of the text that is wrong. Empty at the end of the text.
    pub span: Span,
    /// What is wrong with it.
    pub fault: Fault,
}

impl ExprError {
    pub(crate) fn new(span: Span, fault: Fault) -> Self {
        ExprError { span, fault }
    }

    /// The message, the text and a line of carets under the faulty part.
    pub fn render(&self, text: &str) -> String {
        let column = self.span.column(text);
        let end = (self.span.end as usize).min(text.len());
        let marked = text.get(self.span.start as usize..end).map_or(1, |part| part.chars().count());
        let blank: String =
            text.chars().take(column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        format!("column {column}: {}\n  {text}\n  {blank}{}", self.fault, "^".repeat(marked.max(1)))
    }
}

impl Display for ExprError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "position {}: {}", self.span.start + 1, self.fault)
    }
}

impl std::error::Error for ExprError {}

/// What can be wrong with an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// There is nothing but white space.
    Empty,
    /// The text is longer than the given number of octets.
    TooLong(usize),
    /// Parentheses or functions are nested deeper than the given number of levels.
    TooDeep(usize),
    /// A `'` without its partner.
    UnterminatedText,
    /// A character that starts no token; with advice when the intention is known.
    Character(char, Option<&'static str>),
    /// Something else belongs here.
    Expected {
        /// What the grammar allows.
        expected: &'static str,
        /// What stands there.
        found: Box<str>,
    },
    /// A word that the language does not have.
    UnknownWord {
        /// The word.
        word: Box<str>,
        /// The nearest word that would be right here.
        suggestion: Option<Box<str>>,
    },
    /// An operand of the wrong type.
    Type {
        /// Which operand, e.g. `the right side of '=='`.
        operand: &'static str,
        /// What the operator needs.
        needed: Type,
        /// What the operand is.
        found: Type,
    },
    /// An operand of the other protocol.
    Family {
        /// The word.
        word: &'static str,
        /// The protocol version that has it: 4 or 6.
        version: u8,
    },
    /// A number outside its range.
    Range {
        /// What the number is, e.g. `an option code`.
        what: &'static str,
        /// Smallest legal number.
        min: i64,
        /// Largest legal number.
        max: i64,
    },
    /// Not an IPv4 or IPv6 address.
    Address(Box<str>),
    /// `0x` without digits.
    HexDigits,
    /// An option name that no definition has.
    UnknownOption {
        /// The name.
        name: Box<str>,
        /// The nearest defined name.
        suggestion: Option<Box<str>>,
    },
    /// A pattern of `match` that does not compile.
    Pattern(Box<str>),
    /// The compiled form would exceed a limit.
    TooComplex,
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Empty => f.write_str("the expression is empty"),
            Fault::TooLong(max) => write!(f, "the expression is longer than {max} octets"),
            Fault::TooDeep(max) => write!(f, "the expression is nested deeper than {max} levels"),
            Fault::UnterminatedText => f.write_str("this text is not closed by a single quote"),
            Fault::Character(c, None) => write!(f, "the character {c:?} has no meaning here"),
            Fault::Character(c, Some(advice)) => {
                write!(f, "the character {c:?} has no meaning here; {advice}")
            }
            Fault::Expected { expected, found } => write!(f, "expected {expected}, found {found}"),
            Fault::UnknownWord { word, suggestion } => {
                write!(f, "unknown word '{word}'")?;
                suggest(f, suggestion.as_deref())
            }
            Fault::Type { operand, needed, found } => {
                write!(f, "{operand} must be {needed}, but this is {found}")?;
                f.write_str(match needed {
                    Type::Test => "; compare it with '==' or ask '.exists'",
                    Type::String => "",
                })
            }
            Fault::Family { word, version } => {
                write!(f, "'{word}' exists in DHCPv{version} expressions only")
            }
            Fault::Range { what, min, max } => write!(f, "{what} must be from {min} to {max}"),
            Fault::Address(text) => write!(f, "'{text}' is not an IPv4 or IPv6 address"),
            Fault::HexDigits => f.write_str("0x must be followed by hexadecimal digits"),
            Fault::UnknownOption { name, suggestion } => {
                write!(f, "no option is named '{name}'")?;
                suggest(f, suggestion.as_deref())
            }
            Fault::Pattern(why) => write!(f, "the pattern is not a regular expression: {why}"),
            Fault::TooComplex => f.write_str("the expression is too complex"),
        }
    }
}

fn suggest(f: &mut fmt::Formatter<'_>, suggestion: Option<&str>) -> fmt::Result {
    suggestion.map_or(Ok(()), |near| write!(f, "; did you mean '{near}'?"))
}

/// The candidate nearest to `word`, if one is near enough to be a slip.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<Box<str>> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(word, candidate), candidate))
        .filter(|&(distance, candidate)| distance <= 1 + candidate.len() / 4)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate.into())
}
