//! The client classification language: parse, check, compile, evaluate.
//!
//! An expression such as `substring(option[61].hex, 0, 3) == 'foo'` is parsed into a checked tree
//! ([`Expr`]), compiled into a flat program ([`Test`] or [`StringExpr`]) and evaluated over what a
//! packet says ([`Facts`]) and the classes it is in ([`ClassSet`]). A [`ClassList`] holds the class
//! definitions of a configuration and finds those that a packet satisfies. No I/O, no clock, no state
//! but what the caller passes in.
#![forbid(unsafe_code)]

mod ast;
mod class;
mod compile;
mod error;
mod eval;
mod facts;
mod function;
mod parse;
mod token;
mod trace;

pub use ast::{
    Conversion, Expr, ExprKind, Field, Literal, OptionKey, OptionRef, Origin, RelayAddress,
    Representation, Source, VendorOption,
};
pub use class::{
    Class, ClassDefinition, ClassError, ClassFault, ClassId, ClassList, ClassListBuilder,
    ClassNames, ClassSet, Membership, Observer, TestKind, is_builtin,
};
pub use compile::{OptionNames, OptionPlace, StringExpr, Test};
pub use error::{ExprError, Fault, Span, Type};
pub use eval::{EvalError, MAX_PRODUCED, Scratch};
pub use facts::{Facts, FieldValue, Layout, RelayAddresses};
pub use parse::{MAX_DEPTH, MAX_OPTION_DEPTH, MAX_TEXT_LEN, parse_string, parse_test};
pub use trace::{Step, Trace};
