//! A record of an evaluation, step by step, as Kea's debug messages have it.

use std::fmt::{self, Display, Write};
use std::ops::Range;

use crate::ast::{Conversion, Field, Origin, RelayAddress, Representation, VendorOption};
use crate::class::{ClassId, ClassNames};
use crate::compile::{ConstantKind, Path};
use crate::eval::Missing;
use crate::function::Split;

/// The steps of evaluations. A skipped operand leaves no step: what is not listed was not needed.
#[derive(Clone, Debug)]
pub struct Trace<'n> {
    names: &'n ClassNames,
    steps: Vec<Step>,
}

/// One step: a message of the catalogue (`EVAL_DEBUG_…`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its identifier.
    pub id: &'static str,
    /// Its arguments, in the order of the messages manual.
    pub arguments: Vec<String>,
}

impl<'n> Trace<'n> {
    /// No steps yet; `names` are those that the expressions were compiled with.
    pub fn new(names: &'n ClassNames) -> Self {
        Trace { names, steps: Vec::new() }
    }

    /// The steps so far, first one first.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Forgets the steps.
    pub fn clear(&mut self) {
        self.steps.clear();
    }

    /// The steps, to be kept longer than the names.
    pub fn into_steps(self) -> Vec<Step> {
        self.steps
    }

    fn push(&mut self, id: &'static str, arguments: &[&dyn Display]) {
        let arguments = arguments.iter().map(ToString::to_string).collect();
        self.steps.push(Step { id, arguments });
    }
}

/// Who learns of the steps of a run. The event is made only if someone does.
pub(crate) trait Tracer {
    /// False when no step need be taken for somebody to learn of it.
    const TRACES: bool;

    fn event<'e>(&mut self, event: impl FnOnce() -> Event<'e>);
}

/// Nobody.
pub(crate) struct NoTrace;

impl Tracer for NoTrace {
    const TRACES: bool = false;

    #[inline(always)]
    fn event<'e>(&mut self, _: impl FnOnce() -> Event<'e>) {}
}

impl Tracer for Trace<'_> {
    const TRACES: bool = true;

    fn event<'e>(&mut self, event: impl FnOnce() -> Event<'e>) {
        self.record(event());
    }
}

/// A step that was taken.
pub(crate) enum Event<'e> {
    Constant { kind: ConstantKind, value: &'e [u8] },
    Option { code: u16, value: &'e [u8] },
    Exists { path: &'e Path, found: Result<(), Missing>, enterprise: Option<u32> },
    Content { path: &'e Path, representation: Representation, found: Result<&'e [u8], Missing> },
    Field { field: Field, value: &'e [u8] },
    RelayAddress { nest: i8, which: RelayAddress, value: &'e [u8] },
    EnterpriseId { option: VendorOption, code: u16, found: Result<u32, Missing> },
    VendorClassData { code: u16, index: usize, found: Result<ChunkFound<'e>, Missing> },
    Substring { whole: &'e [u8], start: i32, length: Option<i32>, part: Option<Range<usize>> },
    Split { whole: &'e [u8], delimiters: &'e [u8], field: i32, split: Split },
    Concat { right: &'e [u8], left: &'e [u8], result: &'e [u8] },
    ToHexString { separator: &'e [u8], value: &'e [u8], result: &'e [u8] },
    Convert { conversion: Conversion, value: &'e [u8], result: &'e [u8] },
    Equal { right: &'e [u8], left: &'e [u8], flag: bool },
    Match { value: &'e [u8], flag: bool },
    Member { class: ClassId, flag: bool },
    Not { flag: bool },
    Combined { and: bool, flag: bool },
    Decided { and: bool },
    Branch { condition: bool, value: &'e [u8] },
}

/// Enterprise, the chunk, and how many chunks there are.
type ChunkFound<'e> = (u32, Option<&'e [u8]>, usize);

impl Trace<'_> {
    fn record(&mut self, event: Event<'_>) {
        match event {
            Event::Constant { kind, value } => self.constant(kind, value),
            Event::Option { code, value } => {
                self.push("EVAL_DEBUG_OPTION", &[&code, &Hex(value)]);
            }
            Event::Exists { path, found: Ok(()), enterprise: Some(number) }
                if path.codes.is_empty() =>
            {
                let id = ["EVAL_DEBUG_VENDOR_EXISTS", "EVAL_DEBUG_VENDOR_CLASS_EXISTS"];
                self.push(id[vendor_kind(path.origin)], &[&number, &"true"]);
            }
            Event::Exists { path, found, .. } => {
                let result = if found.is_ok() { "true" } else { "false" };
                self.option(path, found, &Quoted(result.as_bytes()), "false");
            }
            Event::Content { path, representation, found } => {
                let value = found.unwrap_or(&[]);
                let found = found.map(|_| ());
                match representation {
                    Representation::Hex => self.option(path, found, &Hex(value), ""),
                    Representation::Text => self.option(path, found, &Quoted(value), ""),
                }
            }
            Event::Field { field, value } => self.field(field, value),
            Event::RelayAddress { nest, which, value } => {
                let field = match which {
                    RelayAddress::Peer => "peeraddr",
                    RelayAddress::Link => "linkaddr",
                };
                let id =
                    if value.is_empty() { "EVAL_DEBUG_RELAY6_RANGE" } else { "EVAL_DEBUG_RELAY6" };
                self.push(id, &[&field, &nest, &Hex(value)]);
            }
            Event::EnterpriseId { option, code, found } => self.enterprise_id(option, code, found),
            Event::VendorClassData { code, index, found } => {
                self.vendor_class_data(code, index, found);
            }
            event => self.test(event),
        }
    }

    fn test(&mut self, event: Event<'_>) {
        match event {
            Event::Equal { right, left, flag } => {
                self.push("EVAL_DEBUG_EQUAL", &[&Hex(right), &Hex(left), &Truth(flag)]);
            }
            Event::Match { value, flag } => {
                self.push("EVAL_DEBUG_MATCH", &[&Hex(value), &Truth(flag)]);
            }
            Event::Member { class, flag } => {
                let name = self.names.name(class);
                self.push("EVAL_DEBUG_MEMBER", &[&name, &Truth(flag)]);
            }
            Event::Not { flag } => {
                self.push("EVAL_DEBUG_NOT", &[&Truth(!flag), &Truth(flag)]);
            }
            Event::Combined { and, flag } => {
                // The first operand left the decision to the second one.
                self.push(junction(and), &[&Truth(flag), &Truth(and), &Truth(flag)]);
            }
            Event::Decided { and } => {
                self.push(junction(and), &[&Truth(!and), &NOT_NEEDED, &Truth(!and)]);
            }
            Event::Branch { condition, value } => {
                let id =
                    if condition { "EVAL_DEBUG_IFELSE_TRUE" } else { "EVAL_DEBUG_IFELSE_FALSE" };
                self.push(id, &[&Truth(condition), &NOT_NEEDED, &Hex(value)]);
            }
            event => self.function(event),
        }
    }

    fn function(&mut self, event: Event<'_>) {
        match event {
            Event::Substring { whole, start, length, part } => {
                let length = length.map_or_else(|| "all".to_owned(), |length| length.to_string());
                self.text_pushed(&start.to_string());
                self.text_pushed(&length);
                let id = match part {
                    _ if whole.is_empty() => "EVAL_DEBUG_SUBSTRING_EMPTY",
                    None => "EVAL_DEBUG_SUBSTRING_RANGE",
                    Some(_) => "EVAL_DEBUG_SUBSTRING",
                };
                let result = whole.get(part.unwrap_or(0..0)).unwrap_or(&[]);
                self.push(id, &[&length, &start, &Hex(whole), &Hex(result)]);
            }
            Event::Split { whole, delimiters, field, split } => {
                self.text_pushed(&field.to_string());
                let id = match split {
                    Split::EmptyValue => "EVAL_DEBUG_SPLIT_EMPTY",
                    Split::NoDelimiters(_) => "EVAL_DEBUG_SPLIT_DELIM_EMPTY",
                    Split::OutOfRange => "EVAL_DEBUG_SPLIT_FIELD_OUT_OF_RANGE",
                    Split::Field(_) => "EVAL_DEBUG_SPLIT",
                };
                let result = Hex(whole.get(split.range()).unwrap_or(&[]));
                self.push(id, &[&field, &Text(delimiters), &Text(whole), &result]);
            }
            Event::Concat { right, left, result } => {
                self.push("EVAL_DEBUG_CONCAT", &[&Hex(right), &Hex(left), &Hex(result)]);
            }
            Event::ToHexString { separator, value, result } => {
                let arguments: [&dyn Display; 3] = [&Hex(value), &Text(separator), &Text(result)];
                self.push("EVAL_DEBUG_TOHEXSTRING", &arguments);
            }
            // Kea is silent about the conversion of an absent value.
            Event::Convert { value: [], .. } => {}
            Event::Convert { conversion, value, result } => self.convert(conversion, value, result),
            _ => {}
        }
    }

    fn constant(&mut self, kind: ConstantKind, value: &[u8]) {
        match kind {
            ConstantKind::Text => self.push("EVAL_DEBUG_STRING", &[&Quoted(value)]),
            ConstantKind::Hex => self.push("EVAL_DEBUG_HEXSTRING", &[&Hex(value)]),
            ConstantKind::Address => self.push("EVAL_DEBUG_IPADDRESS", &[&Hex(value)]),
        }
    }

    /// The numbers of `substring` and `split` count as texts of their own.
    fn text_pushed(&mut self, text: &str) {
        self.constant(ConstantKind::Text, text.as_bytes());
    }

    fn option(
        &mut self,
        path: &Path,
        found: Result<(), Missing>,
        value: &dyn Display,
        if_missing: &str,
    ) {
        match found {
            Err(Missing::Vendor { code }) => {
                let kind = vendor_kind(path.origin);
                let id = ["EVAL_DEBUG_VENDOR_NO_OPTION", "EVAL_DEBUG_VENDOR_CLASS_NO_OPTION"][kind];
                self.push(id, &[&code, &if_missing]);
                return;
            }
            Err(Missing::Enterprise { wanted, found }) => {
                let kind = vendor_kind(path.origin);
                self.mismatch(kind, wanted, found, if_missing);
                return;
            }
            Ok(()) | Err(Missing::Option | Missing::Parent | Missing::Relay) => {}
        }
        match (path.origin, &*path.codes) {
            (Origin::Packet, [code]) | (Origin::Relay4, [code]) => {
                self.push("EVAL_DEBUG_OPTION", &[code, value]);
            }
            (Origin::Packet, [outer @ .., code]) if found == Err(Missing::Parent) => {
                self.push("EVAL_DEBUG_SUB_OPTION_NO_OPTION", &[&Codes(outer), code, value]);
            }
            (Origin::Packet | Origin::Relay4, [outer @ .., code]) => {
                self.push("EVAL_DEBUG_SUB_OPTION", &[&Codes(outer), code, value]);
            }
            (_, codes) => self.push("EVAL_DEBUG_OPTION", &[&Codes(codes), value]),
        }
    }

    fn field(&mut self, field: Field, value: &[u8]) {
        let (group, name) = field.word().split_once('.').unwrap_or_default();
        let id = match group {
            "pkt4" => "EVAL_DEBUG_PKT4",
            "pkt6" => "EVAL_DEBUG_PKT6",
            _ => "EVAL_DEBUG_PKT",
        };
        let (hex, text) = (Hex(value), Text(value));
        let value: &dyn Display = if field == Field::Iface { &text } else { &hex };
        self.push(id, &[&name, value]);
    }

    fn enterprise_id(&mut self, option: VendorOption, code: u16, found: Result<u32, Missing>) {
        let kind = usize::from(option == VendorOption::Class);
        if let Ok(number) = found {
            let id = ["EVAL_DEBUG_VENDOR_ENTERPRISE_ID", "EVAL_DEBUG_VENDOR_CLASS_ENTERPRISE_ID"];
            self.push(id[kind], &[&number, &format_args!("{number:08X}")]);
        } else {
            let id = ["EVAL_DEBUG_VENDOR_NO_OPTION", "EVAL_DEBUG_VENDOR_CLASS_NO_OPTION"];
            self.push(id[kind], &[&code, &""]);
        }
    }

    fn vendor_class_data(
        &mut self,
        code: u16,
        index: usize,
        found: Result<ChunkFound<'_>, Missing>,
    ) {
        match found {
            Ok((_, Some(chunk), count)) => {
                self.push("EVAL_DEBUG_VENDOR_CLASS_DATA", &[&index, &count, &Text(chunk)]);
            }
            Ok((enterprise, None, count)) => {
                let arguments: [&dyn Display; 4] = [&index, &enterprise, &count, &""];
                self.push("EVAL_DEBUG_VENDOR_CLASS_DATA_NOT_FOUND", &arguments);
            }
            Err(Missing::Enterprise { wanted, found }) => self.mismatch(1, wanted, found, ""),
            Err(_) => self.push("EVAL_DEBUG_VENDOR_CLASS_NO_OPTION", &[&code, &""]),
        }
    }

    fn mismatch(&mut self, kind: usize, wanted: u32, found: u32, value: &str) {
        let id = [
            "EVAL_DEBUG_VENDOR_ENTERPRISE_ID_MISMATCH",
            "EVAL_DEBUG_VENDOR_CLASS_ENTERPRISE_ID_MISMATCH",
        ];
        self.push(id[kind], &[&wanted, &found, &value]);
    }

    fn convert(&mut self, conversion: Conversion, value: &[u8], result: &[u8]) {
        let id = match conversion {
            Conversion::AddrToText => "EVAL_DEBUG_IPADDRESSTOTEXT",
            Conversion::Int8ToText => "EVAL_DEBUG_INT8TOTEXT",
            Conversion::Int16ToText => "EVAL_DEBUG_INT16TOTEXT",
            Conversion::Int32ToText => "EVAL_DEBUG_INT32TOTEXT",
            Conversion::Uint8ToText => "EVAL_DEBUG_UINT8TOTEXT",
            Conversion::Uint16ToText => "EVAL_DEBUG_UINT16TOTEXT",
            Conversion::Uint32ToText => "EVAL_DEBUG_UINT32TOTEXT",
            Conversion::Lcase | Conversion::Ucase => {
                let id = ["EVAL_DEBUG_LCASE", "EVAL_DEBUG_UCASE"];
                let id = id[usize::from(conversion == Conversion::Ucase)];
                self.push(id, &[&Text(value), &Text(result)]);
                return;
            }
        };
        self.push(id, &[&Text(result)]);
    }
}

/// What stands for an operand that did not matter.
const NOT_NEEDED: &str = "(not needed)";

/// `'true'` or `'false'`.
struct Truth(bool);

impl Display for Truth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", self.0)
    }
}

fn junction(and: bool) -> &'static str {
    if and { "EVAL_DEBUG_AND" } else { "EVAL_DEBUG_OR" }
}

fn vendor_kind(origin: Origin) -> usize {
    usize::from(matches!(origin, Origin::VendorClass(_)))
}

/// `0x` and upper-case digits.
struct Hex<'a>(&'a [u8]);

impl Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", kea_wire::Hex(self.0))
    }
}

struct Text<'a>(&'a [u8]);

impl Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(self.0))
    }
}

struct Quoted<'a>(&'a [u8]);

impl Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}'", Text(self.0))
    }
}

/// Codes from the outside inwards.
struct Codes<'a>(&'a [u16]);

impl Display for Codes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, code) in self.0.iter().enumerate() {
            if place > 0 {
                f.write_char('.')?;
            }
            write!(f, "{code}")?;
        }
        Ok(())
    }
}
