//! Option definitions and spaces; typed option data as text and as bytes.
//!
//! A [`Registry`] holds the [`Definition`]s of one family: the standard ones, and those that the
//! configuration adds. A definition turns an operator's text into the octets of a message, and
//! octets into a typed [`Value`] that is displayed as that text. No I/O, no clock.
#![forbid(unsafe_code)]

mod client_fqdn;
mod container;
mod custom;
mod data_type;
mod decode;
mod definition;
mod dnr;
mod fqdn;
mod in_scope;
mod registry;
mod route;
mod standard;
mod sub_option;
mod text;
mod value;
mod vendor;

pub use client_fqdn::{ClientFqdn, ClientFqdnError, ClientName, NameEncoding, ServerUpdates};
pub use container::{MAX_DEPTH, TooDeep};
pub use custom::{DefinitionError, DefinitionText, is_option_name};
pub use data_type::{DataType, UnknownDataType};
pub use decode::{DecodeError, Parsing};
pub use definition::{Definition, Origin, Supplier, octets_from_hex};
pub use dnr::{Resolver, ResolverError, ServiceParam};
pub use fqdn::{Compression, DomainName, NameError};
pub use in_scope::InScope;
pub use registry::{
    DefineError, EncodedOption, OptionDataError, OptionText, Registry, may_be_class_scoped,
};
pub use route::{Route, RouteError};
pub use sub_option::{SubOption, SubOptions, TruncatedSubOption, write_sub_option};
pub use text::{FieldError, HexError, OptionTextError};
pub use value::{Datum, Psid, Value};
pub use vendor::{
    Enterprise, TruncatedVendorData, VendorBlocks, VendorClassData, write_vendor_block,
};
