//! A record of an evaluation, step by step, in the words of Kea's debug messages.

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

/// One step: an identifier of the message catalogue (`EVAL_DEBUG_…`) and its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The message identifier.
    pub id: &'static str,
    /// The message text.
    pub text: String,
}

impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.id, self.text)
    }
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

    fn push(&mut self, id: &'static str, text: String) {
        self.steps.push(Step { id, text });
    }
}

/// Who learns of the steps of a run. The event is made only if someone does.
pub(crate) trait Tracer {
    fn event<'e>(&mut self, event: impl FnOnce() -> Event<'e>);
}

/// Nobody.
pub(crate) struct NoTrace;

impl Tracer for NoTrace {
    #[inline(always)]
    fn event<'e>(&mut self, _: impl FnOnce() -> Event<'e>) {}
}

impl Tracer for Trace<'_> {
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
                self.push(
                    "EVAL_DEBUG_OPTION",
                    format!("Pushing option {code} with value {}", Hex(value)),
                );
            }
            Event::Exists { path, found: Ok(()), enterprise: Some(number) }
                if path.codes.is_empty() =>
            {
                let id = ["EVAL_DEBUG_VENDOR_EXISTS", "EVAL_DEBUG_VENDOR_CLASS_EXISTS"];
                let text =
                    format!("Option with enterprise-id {number} found, pushing result 'true'");
                self.push(id[vendor_kind(path.origin)], text);
            }
            Event::Exists { path, found, .. } => {
                let result = if found.is_ok() { "true" } else { "false" };
                self.option(path, found, &Quoted(result.as_bytes()), &Quoted(b"false"));
            }
            Event::Content { path, representation, found } => {
                let value = found.unwrap_or(&[]);
                let found = found.map(|_| ());
                match representation {
                    Representation::Hex => self.option(path, found, &Hex(value), &Quoted(b"")),
                    Representation::Text => {
                        self.option(path, found, &Quoted(value), &Quoted(b""));
                    }
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
                let value = Hex(value);
                self.push(
                    id,
                    format!("Pushing PKT6 relay field {field} nest {nest} with value {value}"),
                );
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
                let text =
                    format!("Popping {} and {} pushing result '{flag}'", Hex(right), Hex(left));
                self.push("EVAL_DEBUG_EQUAL", text);
            }
            Event::Match { value, flag } => {
                let text = format!("Popping {} matching pattern, pushing '{flag}'", Hex(value));
                self.push("EVAL_DEBUG_MATCH", text);
            }
            Event::Member { class, flag } => {
                let name = self.names.name(class);
                let text = format!("Checking membership of '{name}', pushing result '{flag}'");
                self.push("EVAL_DEBUG_MEMBER", text);
            }
            Event::Not { flag } => {
                self.push("EVAL_DEBUG_NOT", format!("Popping '{}' pushing '{flag}'", !flag));
            }
            Event::Combined { and, flag } => {
                // The first operand left the decision to the second one.
                self.push(junction(and), format!("Popping '{flag}' and '{and}' pushing '{flag}'"));
            }
            Event::Decided { and } => {
                let text =
                    format!("Popping '{}' without need of the rest, pushing '{}'", !and, !and);
                self.push(junction(and), text);
            }
            Event::Branch { condition, value } => {
                let id =
                    if condition { "EVAL_DEBUG_IFELSE_TRUE" } else { "EVAL_DEBUG_IFELSE_FALSE" };
                let text = format!(
                    "Popping '{condition}' ({condition}) without need of the other branch, leaving {}",
                    Hex(value)
                );
                self.push(id, text);
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
                let (whole, result) = (Hex(whole), Hex(result));
                let text = format!(
                    "Popping length {length}, start {start}, string {whole} pushing result {result}"
                );
                self.push(id, text);
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
                let (whole, delimiters) = (Text(whole), Text(delimiters));
                let text = format!(
                    "Popping field {field}, delimiters {delimiters}, string {whole}, pushing result {result}"
                );
                self.push(id, text);
            }
            Event::Concat { right, left, result } => {
                let (right, left, result) = (Hex(right), Hex(left), Hex(result));
                let text = format!("Popping {right} and {left} pushing {result}");
                self.push("EVAL_DEBUG_CONCAT", text);
            }
            Event::ToHexString { separator, value, result } => {
                let (value, separator) = (Hex(value), Text(separator));
                let result = Text(result);
                let text = format!(
                    "Popping binary value {value} and separator {separator}, pushing result {result}"
                );
                self.push("EVAL_DEBUG_TOHEXSTRING", text);
            }
            // Kea is silent about the conversion of an absent value.
            Event::Convert { value: [], .. } => {}
            Event::Convert { conversion, value, result } => self.convert(conversion, value, result),
            _ => {}
        }
    }

    fn constant(&mut self, kind: ConstantKind, value: &[u8]) {
        let hex = Hex(value);
        match kind {
            ConstantKind::Text => {
                self.push("EVAL_DEBUG_STRING", format!("Pushing text string {}", Quoted(value)));
            }
            ConstantKind::Hex => {
                self.push("EVAL_DEBUG_HEXSTRING", format!("Pushing hex string {hex}"));
            }
            ConstantKind::Address => {
                self.push("EVAL_DEBUG_IPADDRESS", format!("Pushing IPAddress {hex}"));
            }
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
        missing_value: &dyn Display,
    ) {
        match found {
            Err(Missing::Vendor { code }) => {
                let kind = vendor_kind(path.origin);
                let id = ["EVAL_DEBUG_VENDOR_NO_OPTION", "EVAL_DEBUG_VENDOR_CLASS_NO_OPTION"][kind];
                self.push(
                    id,
                    format!("Option with code {code} missing, pushing result {missing_value}"),
                );
                return;
            }
            Err(Missing::Enterprise { wanted, found }) => {
                let kind = vendor_kind(path.origin);
                self.mismatch(kind, wanted, found, missing_value);
                return;
            }
            Ok(()) | Err(Missing::Option | Missing::Parent | Missing::Relay) => {}
        }
        match (path.origin, &*path.codes) {
            (Origin::Packet, [code]) | (Origin::Relay4, [code]) => {
                let text = format!("Pushing option {code} with value {value}");
                self.push("EVAL_DEBUG_OPTION", text);
            }
            (Origin::Packet, [outer @ .., code]) if found == Err(Missing::Parent) => {
                let outer = Codes(outer);
                let text = format!(
                    "Requested option {outer} sub-option {code}, but the parent option is not present, pushing result {value}"
                );
                self.push("EVAL_DEBUG_SUB_OPTION_NO_OPTION", text);
            }
            (Origin::Packet | Origin::Relay4, [outer @ .., code]) => {
                let outer = Codes(outer);
                let text = format!("Pushing option {outer} sub-option {code} with value {value}");
                self.push("EVAL_DEBUG_SUB_OPTION", text);
            }
            (_, codes) => {
                let codes = Codes(codes);
                self.push(
                    "EVAL_DEBUG_OPTION",
                    format!("Pushing option {codes} with value {value}"),
                );
            }
        }
    }

    fn field(&mut self, field: Field, value: &[u8]) {
        let (group, name) = field.word().split_once('.').unwrap_or_default();
        let (id, what) = match group {
            "pkt4" => ("EVAL_DEBUG_PKT4", "PKT4 field"),
            "pkt6" => ("EVAL_DEBUG_PKT6", "PKT6 field"),
            _ => ("EVAL_DEBUG_PKT", "PKT meta data"),
        };
        let (hex, text) = (Hex(value), Text(value));
        let value: &dyn Display = if field == Field::Iface { &text } else { &hex };
        self.push(id, format!("Pushing {what} {name} with value {value}"));
    }

    fn enterprise_id(&mut self, option: VendorOption, code: u16, found: Result<u32, Missing>) {
        let kind = usize::from(option == VendorOption::Class);
        match found {
            Ok(number) => {
                let id =
                    ["EVAL_DEBUG_VENDOR_ENTERPRISE_ID", "EVAL_DEBUG_VENDOR_CLASS_ENTERPRISE_ID"];
                let text = format!("Pushing enterprise-id {number} as result 0x{number:08X}");
                self.push(id[kind], text);
            }
            Err(_) => {
                let id = ["EVAL_DEBUG_VENDOR_NO_OPTION", "EVAL_DEBUG_VENDOR_CLASS_NO_OPTION"];
                let text = format!("Option with code {code} missing, pushing result ''");
                self.push(id[kind], text);
            }
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
                let chunk = Text(chunk);
                let text = format!(
                    "Data {index} (out of {count} received) in vendor class found, pushing result '{chunk}'"
                );
                self.push("EVAL_DEBUG_VENDOR_CLASS_DATA", text);
            }
            Ok((enterprise, None, count)) => {
                let text = format!(
                    "Requested data index {index}, but option with enterprise-id {enterprise} has only {count} data tuple(s), pushing result ''"
                );
                self.push("EVAL_DEBUG_VENDOR_CLASS_DATA_NOT_FOUND", text);
            }
            Err(Missing::Enterprise { wanted, found }) => {
                self.mismatch(1, wanted, found, &Quoted(b""));
            }
            Err(_) => {
                let text = format!("Option with code {code} missing, pushing result ''");
                self.push("EVAL_DEBUG_VENDOR_CLASS_NO_OPTION", text);
            }
        }
    }

    fn mismatch(&mut self, kind: usize, wanted: u32, found: u32, value: &dyn Display) {
        let id = [
            "EVAL_DEBUG_VENDOR_ENTERPRISE_ID_MISMATCH",
            "EVAL_DEBUG_VENDOR_CLASS_ENTERPRISE_ID_MISMATCH",
        ];
        let text = format!("Was looking for {wanted}, option had {found}, pushing result {value}");
        self.push(id[kind], text);
    }

    fn convert(&mut self, conversion: Conversion, value: &[u8], result: &[u8]) {
        let (id, what) = match conversion {
            Conversion::AddrToText => ("EVAL_DEBUG_IPADDRESSTOTEXT", "IPAddress"),
            Conversion::Int8ToText => ("EVAL_DEBUG_INT8TOTEXT", "Int8"),
            Conversion::Int16ToText => ("EVAL_DEBUG_INT16TOTEXT", "Int16"),
            Conversion::Int32ToText => ("EVAL_DEBUG_INT32TOTEXT", "Int32"),
            Conversion::Uint8ToText => ("EVAL_DEBUG_UINT8TOTEXT", "UInt8"),
            Conversion::Uint16ToText => ("EVAL_DEBUG_UINT16TOTEXT", "UInt16"),
            Conversion::Uint32ToText => ("EVAL_DEBUG_UINT32TOTEXT", "UInt32"),
            Conversion::Lcase | Conversion::Ucase => {
                let id = ["EVAL_DEBUG_LCASE", "EVAL_DEBUG_UCASE"];
                let id = id[usize::from(conversion == Conversion::Ucase)];
                let (value, result) = (Text(value), Text(result));
                self.push(id, format!("Popping {value} pushing {result}"));
                return;
            }
        };
        self.push(id, format!("Pushing {what} {}", Text(result)));
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
        f.write_str("0x")?;
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02X}"))
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
