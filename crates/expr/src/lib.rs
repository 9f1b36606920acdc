//! The client classification language: parse, check, compile, evaluate.
//!
//! An expression such as `substring(option[61].hex, 0, 3) == 'foo'` is parsed into a checked tree
//! ([`Expr`]), compiled into a flat program ([`Test`] or [`StringExpr`]) and evaluated over what a
//! packet says ([`Facts`]) and the classes it is in ([`ClassSet`]). A [`ClassList`] holds the class
//! definitions of a configuration and finds those that a packet satisfies. No I/O, no clock, no state
//! but what the caller passes in.
//!
//! # Differences from Kea 2.2
//!
//! The tests compare results and debug messages with those of Kea 2.2. By intention:
//!
//! - `and`, `or` and `ifelse` evaluate only what they need, as later versions do: a conversion that
//!   would fail where nobody asks for its result does no harm. A trace says what was not needed.
//! - `match`, `lcase`, `ucase`, options nested deeper than one level, the lone words `known` and
//!   `unknown`, `template-test`, and the built-in names `SKIP_DDNS` and `SPAWN_…` are accepted. A
//!   pattern of `match` must match the whole value and is of the syntax of the [`regex`] crate on
//!   octets, without back-references, so that matching takes linear time.
//! - Inner options, too, can be given by name. Function names may be written in mixed case.
//! - Octets of a packet that become part of a class name are printable ASCII, the rest is shown as
//!   `%` and two digits.
//! - A trace shows numbers in hexadecimal digits, where Kea logs the raw octets as text.
//! - `.text` of an option whose definition is not a text gives its values alone, where Kea 2.2 gives a
//!   line that also tells code, length and type.
#![forbid(unsafe_code)]

mod ast;
mod class;
mod compile;
mod error;
mod eval;
mod facts;
mod function;
mod parse;
mod subject;
mod token;
mod trace;

pub use ast::{
    Conversion, Expr, ExprKind, Field, Literal, OptionKey, OptionRef, Origin, RelayAddress,
    Representation, Source, VendorOption,
};
pub use class::{
    Class, ClassDefinition, ClassError, ClassFault, ClassId, ClassList, ClassListBuilder,
    ClassNames, ClassSet, Interest, Membership, Observer, TestKind, is_builtin, is_spawned,
};
pub use compile::{OptionNames, OptionPlace, StringExpr, Test};
pub use error::{ExprError, Fault, Span, Type};
pub use eval::{EvalError, MAX_PRODUCED, Scratch};
pub use facts::{Facts, FieldValue, Layout, RelayAddresses};
pub use parse::{MAX_DEPTH, MAX_OPTION_DEPTH, MAX_TEXT_LEN, parse_string, parse_test};
pub use trace::{Step, Trace};
