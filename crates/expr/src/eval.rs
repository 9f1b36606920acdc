//! Running a program.

use std::fmt::{self, Display};
use std::net::IpAddr;
use std::ops::Range;

use smallvec::SmallVec;

use crate::ast::{Conversion, Origin, RelayAddress, Representation, VendorOption};
use crate::class::ClassSet;
use crate::compile::{Comparison, Op, Path, Program, StringExpr, Test};
use crate::facts::{Facts, FieldValue};
use crate::function::{Split, convert, hexstring, substring};
use crate::subject::{Answers, Asked, Subjects};
use crate::trace::{Event, NoTrace, Trace, Tracer};

/// Most octets that one evaluation may produce.
pub const MAX_PRODUCED: usize = 1 << 20;

/// Memory that evaluations use one after the other, so that they need not allocate.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    produced: Vec<u8>,
    draft: Vec<u8>,
    answers: Answers,
}

impl Scratch {
    /// Empty; grows to what the expressions need.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what is known of the last packet.
    pub(crate) fn forget(&mut self) {
        self.answers.forget();
    }

    /// The answer of a test that is one comparison, if it is known of this packet.
    #[inline]
    pub(crate) fn known(&self, asked: Asked) -> Option<bool> {
        self.answers.known(asked)
    }
}

/// Why an evaluation has no result. The packet counts as not matching.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EvalError {
    /// A conversion got a string of a length it does not take.
    Length {
        /// The conversion.
        conversion: Conversion,
        /// Octets of the string.
        length: usize,
    },
    /// The strings made exceed [`MAX_PRODUCED`].
    TooLong,
}

impl Display for EvalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvalError::Length { conversion, length } => {
                write!(f, "{} does not take a value of {length} octets", conversion.word())
            }
            EvalError::TooLong => write!(f, "the strings made exceed {MAX_PRODUCED} octets"),
        }
    }
}

impl std::error::Error for EvalError {}

impl Test {
    /// True if the packet with these facts and classes satisfies the test.
    pub fn evaluate<F: Facts + ?Sized>(
        &self,
        facts: &F,
        classes: &ClassSet,
        scratch: &mut Scratch,
    ) -> Result<bool, EvalError> {
        self.run(facts, classes, scratch, &mut NoTrace, None)
    }

    /// Like [`evaluate`](Self::evaluate), and records each step.
    pub fn explain<F: Facts + ?Sized>(
        &self,
        facts: &F,
        classes: &ClassSet,
        scratch: &mut Scratch,
        trace: &mut Trace<'_>,
    ) -> Result<bool, EvalError> {
        self.run(facts, classes, scratch, trace, None)
    }

    /// `subjects` are those that the tests of a list share.
    pub(crate) fn run<F: Facts + ?Sized, T: Tracer>(
        &self,
        facts: &F,
        classes: &ClassSet,
        scratch: &mut Scratch,
        trace: &mut T,
        subjects: Option<&Subjects>,
    ) -> Result<bool, EvalError> {
        let mut run = Run::new(&self.0, facts, scratch, subjects);
        run.execute(classes, trace)?;
        Ok(run.flag)
    }
}

impl StringExpr {
    /// The string that the expression yields for a packet with these facts and classes.
    pub fn evaluate<'s, F: Facts + ?Sized>(
        &self,
        facts: &F,
        classes: &ClassSet,
        scratch: &'s mut Scratch,
    ) -> Result<&'s [u8], EvalError> {
        self.run(facts, classes, scratch, &mut NoTrace)
    }

    /// Like [`evaluate`](Self::evaluate), and records each step.
    pub fn explain<'s, F: Facts + ?Sized>(
        &self,
        facts: &F,
        classes: &ClassSet,
        scratch: &'s mut Scratch,
        trace: &mut Trace<'_>,
    ) -> Result<&'s [u8], EvalError> {
        self.run(facts, classes, scratch, trace)
    }

    pub(crate) fn run<'s, F: Facts + ?Sized, T: Tracer>(
        &self,
        facts: &F,
        classes: &ClassSet,
        scratch: &'s mut Scratch,
        trace: &mut T,
    ) -> Result<&'s [u8], EvalError> {
        let mut run = Run::new(&self.0, facts, scratch, None);
        run.execute(classes, trace)?;
        let value = run.pop();
        run.draft.clear();
        run.draft.extend_from_slice(value.octets(run.produced));
        Ok(&scratch.draft)
    }
}

/// A string on the stack. What exists already is borrowed; what is made lies in the arena.
#[derive(Clone, Copy)]
enum Value<'p> {
    Borrowed(&'p [u8]),
    Produced { start: u32, end: u32 },
}

impl<'p> Value<'p> {
    const EMPTY: Self = Value::Borrowed(&[]);

    fn octets<'a>(&self, produced: &'a [u8]) -> &'a [u8]
    where
        'p: 'a,
    {
        match *self {
            Value::Borrowed(octets) => octets,
            Value::Produced { start, end } => {
                produced.get(start as usize..end as usize).unwrap_or(&[])
            }
        }
    }
}

/// The state of a run. Once it is over, `flag` or the top of the stack is the result.
struct Run<'p, 'a, F: ?Sized> {
    program: &'p Program,
    facts: &'p F,
    /// The arena.
    produced: &'a mut Vec<u8>,
    /// Where a string is made before it goes to the arena.
    draft: &'a mut Vec<u8>,
    stack: SmallVec<[Value<'p>; 8]>,
    flag: bool,
    shared: Option<(&'p Subjects, &'a mut Answers)>,
}

impl<'p, 'a, F: Facts + ?Sized> Run<'p, 'a, F> {
    fn new(
        program: &'p Program,
        facts: &'p F,
        scratch: &'a mut Scratch,
        subjects: Option<&'p Subjects>,
    ) -> Self {
        let Scratch { produced, draft, answers } = scratch;
        produced.clear();
        let shared = subjects.map(|subjects| (subjects, answers));
        Run { program, facts, produced, draft, stack: SmallVec::new(), flag: false, shared }
    }

    /// Each step moves forward, so a run takes at most as many steps as the program has.
    fn execute<T: Tracer>(&mut self, classes: &ClassSet, trace: &mut T) -> Result<(), EvalError> {
        let mut at = 0;
        while let Some(&op) = self.program.ops.get(at) {
            at += 1;
            match op {
                Op::And(target) if !self.flag => {
                    at = target as usize;
                    trace.event(|| Event::Decided { and: true });
                }
                Op::Or(target) if self.flag => {
                    at = target as usize;
                    trace.event(|| Event::Decided { and: false });
                }
                Op::If(target) if !self.flag => at = target as usize,
                Op::Else(target) => {
                    at = target as usize;
                    let value = self.peek();
                    trace.event(|| Event::Branch { condition: true, value });
                }
                Op::And(_) | Op::Or(_) | Op::If(_) => {}
                Op::IfEnd => {
                    let value = self.peek();
                    trace.event(|| Event::Branch { condition: false, value });
                }
                Op::AndEnd => {
                    let flag = self.flag;
                    trace.event(|| Event::Combined { and: true, flag });
                }
                Op::OrEnd => {
                    let flag = self.flag;
                    trace.event(|| Event::Combined { and: false, flag });
                }
                Op::Not => {
                    self.flag = !self.flag;
                    let flag = self.flag;
                    trace.event(|| Event::Not { flag });
                }
                Op::Member(class) => {
                    self.flag = classes.contains(class);
                    let flag = self.flag;
                    trace.event(|| Event::Member { class, flag });
                }
                Op::Unknown(class) => {
                    let member = classes.contains(class);
                    self.flag = !member;
                    trace.event(|| Event::Member { class, flag: member });
                    trace.event(|| Event::Not { flag: !member });
                }
                Op::Asked(asked, target) => {
                    if !T::TRACES
                        && let Some(flag) = self.answer(asked)
                    {
                        self.flag = flag;
                        at = target as usize;
                    }
                }
                Op::OptionEqual(index) => {
                    if let Some(comparison) = self.program.comparisons.get(usize::from(index)) {
                        self.compare(comparison, trace);
                    }
                }
                _ => self.strings(op, trace)?,
            }
        }
        Ok(())
    }

    fn answer(&mut self, asked: Asked) -> Option<bool> {
        let (subjects, answers) = self.shared.as_mut()?;
        let facts = self.facts;
        answers.of(subjects, asked, |answers, program, found| {
            let Answers { produced, draft, .. } = answers;
            produced.clear();
            let stack = SmallVec::new();
            let mut run = Run { program, facts, produced, draft, stack, flag: false, shared: None };
            // It depends on no class.
            if run.execute(&ClassSet::new(), &mut NoTrace).is_ok() {
                let value = run.pop();
                found(value.octets(run.produced));
            }
        })
    }

    fn compare<T: Tracer>(&mut self, comparison: &'p Comparison, trace: &mut T) {
        let Comparison { code, cut, constant } = *comparison;
        let whole = self.facts.option(code).unwrap_or(&[]);
        trace.event(|| Event::Option { code, value: whole });
        let mut left = whole;
        if let Some((start, length)) = cut {
            let part = substring(whole.len(), start, length);
            left = part.clone().and_then(|range| whole.get(range)).unwrap_or(&[]);
            trace.event(|| Event::Substring { whole, start, length, part });
        }
        let right = self.program.constant(constant);
        self.flag = left == right;
        let flag = self.flag;
        trace.event(|| Event::Constant { kind: constant.kind, value: right });
        trace.event(|| Event::Equal { right, left, flag });
    }
}

impl<'p, F: Facts + ?Sized> Run<'p, '_, F> {
    /// The steps that work on strings.
    fn strings<T: Tracer>(&mut self, op: Op, trace: &mut T) -> Result<(), EvalError> {
        match op {
            Op::Constant(constant) => {
                let value = self.program.constant(constant);
                self.stack.push(Value::Borrowed(value));
                trace.event(|| Event::Constant { kind: constant.kind, value });
            }
            Op::Option(code) => {
                let value = self.facts.option(code).unwrap_or(&[]);
                self.stack.push(Value::Borrowed(value));
                trace.event(|| Event::Option { code, value });
            }
            Op::Equal => {
                let (right, left) = (self.pop(), self.pop());
                let (right, left) = (right.octets(self.produced), left.octets(self.produced));
                self.flag = left == right;
                let flag = self.flag;
                trace.event(|| Event::Equal { right, left, flag });
            }
            Op::EqualConstant(constant) => {
                let right = self.program.constant(constant);
                let left = self.pop();
                let left = left.octets(self.produced);
                self.flag = left == right;
                let flag = self.flag;
                trace.event(|| Event::Constant { kind: constant.kind, value: right });
                trace.event(|| Event::Equal { right, left, flag });
            }
            Op::Match(index) => {
                let value = self.pop();
                let value = value.octets(self.produced);
                let pattern = self.program.patterns.get(usize::from(index));
                self.flag = pattern.is_some_and(|pattern| pattern.is_match(value));
                let flag = self.flag;
                trace.event(|| Event::Match { value, flag });
            }
            Op::Exists(index) => {
                if let Some(path) = self.program.paths.get(usize::from(index)) {
                    self.exists(path, trace);
                }
            }
            Op::Content(index, representation) => {
                if let Some(path) = self.program.paths.get(usize::from(index)) {
                    self.content(path, representation, trace)?;
                }
            }
            Op::Field(field) => {
                match self.facts.field(field) {
                    FieldValue::Octets(value) => self.stack.push(Value::Borrowed(value)),
                    FieldValue::Number(number) => self.produce(&number.to_be_bytes())?,
                    FieldValue::Address(IpAddr::V4(address)) => self.produce(&address.octets())?,
                    FieldValue::Address(IpAddr::V6(address)) => self.produce(&address.octets())?,
                }
                let value = self.peek();
                trace.event(|| Event::Field { field, value });
            }
            Op::RelayAddress(nest, address) => self.relay_address(nest, address, trace)?,
            Op::EnterpriseId(option) => self.enterprise_id(option, trace)?,
            Op::VendorClassData(enterprise, index) => {
                self.vendor_class_data(enterprise, usize::from(index), trace);
            }
            _ => self.function(op, trace)?,
        }
        Ok(())
    }

    /// The functions from strings to a string.
    fn function<T: Tracer>(&mut self, op: Op, trace: &mut T) -> Result<(), EvalError> {
        match op {
            Op::Substring(start, length) => {
                let whole = self.pop();
                let octets = whole.octets(self.produced);
                let part = substring(octets.len(), start, length);
                let range = part.clone().unwrap_or(0..0);
                trace.event(|| Event::Substring { whole: octets, start, length, part });
                self.stack.push(Self::part_of(whole, range));
            }
            Op::Split(field) => {
                let (delimiters, whole) = (self.pop(), self.pop());
                let octets = whole.octets(self.produced);
                let delimiters = delimiters.octets(self.produced);
                let split = Split::of(octets, delimiters, field);
                let range = split.range();
                trace.event(|| Event::Split { whole: octets, delimiters, field, split });
                self.stack.push(Self::part_of(whole, range));
            }
            Op::Concat => {
                let (right, left) = (self.pop(), self.pop());
                let start = self.produced.len();
                self.append(left)?;
                self.append(right)?;
                self.push_produced(start);
                let (left, right) = (left.octets(self.produced), right.octets(self.produced));
                let result = self.peek();
                trace.event(|| Event::Concat { right, left, result });
            }
            Op::HexString => {
                let (separator, value) = (self.pop(), self.pop());
                let octets = value.octets(self.produced);
                let separator = separator.octets(self.produced);
                let size = octets.len().saturating_mul(2 + separator.len());
                ensure(size)?;
                self.draft.clear();
                hexstring(octets, separator, self.draft);
                let result = &*self.draft;
                trace.event(|| Event::ToHexString { separator, value: octets, result });
                self.push_draft()?;
            }
            Op::Convert(conversion) => {
                let value = self.pop();
                let octets = value.octets(self.produced);
                self.draft.clear();
                if convert(conversion, octets, self.draft).is_err() {
                    return Err(EvalError::Length { conversion, length: octets.len() });
                }
                let result = &*self.draft;
                trace.event(|| Event::Convert { conversion, value: octets, result });
                self.push_draft()?;
            }
            _ => debug_assert!(false, "every step is handled by one of the three functions"),
        }
        Ok(())
    }

    fn exists<T: Tracer>(&mut self, path: &'p Path, trace: &mut T) {
        let found = self.find(path);
        self.flag = found.is_ok();
        trace.event(|| {
            let option = match path.origin {
                Origin::Vendor(_) => Some(VendorOption::Information),
                Origin::VendorClass(_) => Some(VendorOption::Class),
                _ => None,
            };
            let enterprise = option.and_then(|option| self.vendor(option, None).ok());
            let enterprise = enterprise.map(|(number, _)| number);
            Event::Exists { path, found: found.map(|_| ()), enterprise }
        });
    }

    fn content<T: Tracer>(
        &mut self,
        path: &'p Path,
        representation: Representation,
        trace: &mut T,
    ) -> Result<(), EvalError> {
        let found = self.find(path);
        match (found, representation) {
            (Ok(payload), Representation::Text) => {
                self.draft.clear();
                self.facts.option_text(path.origin, &path.codes, payload, self.draft);
                self.push_draft()?;
            }
            (found, _) => self.stack.push(found.map_or(Value::EMPTY, Value::Borrowed)),
        }
        let value = self.peek();
        trace.event(|| Event::Content { path, representation, found: found.map(|_| value) });
        Ok(())
    }

    fn relay_address<T: Tracer>(
        &mut self,
        nest: i8,
        which: RelayAddress,
        trace: &mut T,
    ) -> Result<(), EvalError> {
        let addresses =
            self.relay(nest).and_then(|relay| self.facts.relay_addresses(relay)).map(|both| {
                match which {
                    RelayAddress::Peer => both.peer.octets(),
                    RelayAddress::Link => both.link.octets(),
                }
            });
        match addresses {
            Some(octets) => self.produce(&octets)?,
            None => self.stack.push(Value::EMPTY),
        }
        let value = self.peek();
        trace.event(|| Event::RelayAddress { nest, which, value });
        Ok(())
    }

    fn enterprise_id<T: Tracer>(
        &mut self,
        option: VendorOption,
        trace: &mut T,
    ) -> Result<(), EvalError> {
        let code = self.facts.layout().vendor_code(option);
        let found = self.vendor(option, None).map(|(enterprise, _)| enterprise);
        match found {
            Ok(enterprise) => self.produce(&enterprise.to_be_bytes())?,
            Err(_) => self.stack.push(Value::EMPTY),
        }
        trace.event(|| Event::EnterpriseId { option, code, found });
        Ok(())
    }

    fn vendor_class_data<T: Tracer>(&mut self, wanted: Option<u32>, index: usize, trace: &mut T) {
        let layout = self.facts.layout();
        let code = layout.vendor_code(VendorOption::Class);
        let found = self.vendor(VendorOption::Class, wanted).map(|(enterprise, _)| {
            let payload = self.facts.option(code).unwrap_or(&[]);
            let (chunk, count) = layout.vendor_chunk(payload, index);
            (enterprise, chunk, count)
        });
        let value = found.ok().and_then(|(_, chunk, _)| chunk);
        self.stack.push(value.map_or(Value::EMPTY, Value::Borrowed));
        trace.event(|| Event::VendorClassData { code, index, found });
    }

    /// The payload of the option that a path leads to.
    fn find(&self, path: &'p Path) -> Result<&'p [u8], Missing> {
        let codes = &*path.codes;
        let (first, rest) = match (path.origin, codes.split_first()) {
            (Origin::Packet, Some((&first, rest))) => (self.facts.option(first), rest),
            (Origin::Relay6(nest), Some((&first, rest))) => {
                let relay = self.relay(nest).ok_or(Missing::Relay)?;
                (self.facts.relay_option(relay, first), rest)
            }
            (Origin::Relay4, _) => return self.below(&[RELAY_AGENT_INFORMATION], codes),
            (Origin::Vendor(wanted), _) => return self.find_in_vendor(wanted, codes),
            (Origin::VendorClass(wanted), _) => {
                return self.vendor(VendorOption::Class, wanted).map(|(_, payload)| payload);
            }
            // The parser gives these origins at least one option.
            (Origin::Packet | Origin::Relay6(_), None) => return Err(Missing::Option),
        };
        let missing = if rest.is_empty() { Missing::Option } else { Missing::Parent };
        self.descend(first.ok_or(missing)?, codes, 1)
    }

    fn find_in_vendor(&self, wanted: Option<u32>, codes: &[u16]) -> Result<&'p [u8], Missing> {
        let layout = self.facts.layout();
        let (_, payload) = self.vendor(VendorOption::Information, wanted)?;
        let Some((&first, rest)) = codes.split_first() else { return Ok(payload) };
        let payload = layout.find(layout.vendor_options(payload), first).ok_or(Missing::Option)?;
        if rest.is_empty() {
            return Ok(payload);
        }
        let mut path: SmallVec<[u16; 20]> = SmallVec::new();
        path.push(layout.vendor_code(VendorOption::Information));
        path.extend_from_slice(codes);
        self.descend(payload, &path, 2)
    }

    /// The option at `codes` inside the option of the client's message at `parents`.
    fn below(&self, parents: &[u16; 1], codes: &[u16]) -> Result<&'p [u8], Missing> {
        let payload = self.facts.option(parents[0]).ok_or(Missing::Parent)?;
        let mut path: SmallVec<[u16; 20]> = SmallVec::from_slice(parents);
        path.extend_from_slice(codes);
        self.descend(payload, &path, 1)
    }

    /// Follows `path` from its member number `depth` on; `payload` is that of the one before.
    fn descend(
        &self,
        mut payload: &'p [u8],
        path: &[u16],
        depth: usize,
    ) -> Result<&'p [u8], Missing> {
        for depth in depth..path.len() {
            let (parents, code) = (&path[..depth], path[depth]);
            let at = self.facts.sub_options_at(parents).ok_or(Missing::Option)?;
            let options = payload.get(at..).ok_or(Missing::Option)?;
            let found = self.facts.layout().find_padded(options, code, self.facts.padding(parents));
            payload = found.ok_or(Missing::Option)?;
        }
        Ok(payload)
    }

    /// Enterprise and the octets after it of the first vendor option, if the enterprise is wanted.
    fn vendor(
        &self,
        option: VendorOption,
        wanted: Option<u32>,
    ) -> Result<(u32, &'p [u8]), Missing> {
        let code = self.facts.layout().vendor_code(option);
        let (enterprise, payload) = self
            .facts
            .option(code)
            .and_then(|payload| payload.split_first_chunk::<4>())
            .ok_or(Missing::Vendor { code })?;
        let found = u32::from_be_bytes(*enterprise);
        match wanted {
            Some(wanted) if wanted != found => Err(Missing::Enterprise { wanted, found }),
            _ => Ok((found, payload)),
        }
    }

    /// The place of a relay, counted from the server.
    fn relay(&self, nest: i8) -> Option<usize> {
        let count = self.facts.relay_count();
        let relay = match usize::try_from(nest) {
            Ok(relay) => relay,
            Err(_) => count.checked_sub(usize::from(nest.unsigned_abs()))?,
        };
        (relay < count).then_some(relay)
    }

    /// The octets of `whole` in `range`.
    fn part_of(whole: Value<'p>, range: Range<usize>) -> Value<'p> {
        match whole {
            Value::Borrowed(octets) => Value::Borrowed(octets.get(range).unwrap_or(&[])),
            Value::Produced { start, .. } => {
                Value::Produced { start: start + range.start as u32, end: start + range.end as u32 }
            }
        }
    }

    fn produce(&mut self, octets: &[u8]) -> Result<(), EvalError> {
        let start = self.produced.len();
        ensure(start + octets.len())?;
        self.produced.extend_from_slice(octets);
        self.push_produced(start);
        Ok(())
    }

    fn append(&mut self, value: Value<'p>) -> Result<(), EvalError> {
        match value {
            Value::Borrowed(octets) => {
                ensure(self.produced.len() + octets.len())?;
                self.produced.extend_from_slice(octets);
            }
            Value::Produced { start, end } => {
                let (start, end) = (start as usize, end as usize);
                ensure(self.produced.len() + (end - start))?;
                self.produced.extend_from_within(start..end);
            }
        }
        Ok(())
    }

    fn push_draft(&mut self) -> Result<(), EvalError> {
        let start = self.produced.len();
        ensure(start + self.draft.len())?;
        self.produced.extend_from_slice(self.draft);
        self.push_produced(start);
        Ok(())
    }

    /// Pushes what was produced since `start`. `MAX_PRODUCED` keeps both numbers small.
    fn push_produced(&mut self, start: usize) {
        let (start, end) = (start as u32, self.produced.len() as u32);
        self.stack.push(Value::Produced { start, end });
    }

    /// The types of the expression ensure that there is a value.
    fn pop(&mut self) -> Value<'p> {
        self.stack.pop().unwrap_or(Value::EMPTY)
    }

    fn peek(&self) -> &[u8] {
        self.stack.last().map_or(&[], |value| value.octets(self.produced))
    }
}

/// What was not there on the way to an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// The option itself.
    Option,
    /// The option around it.
    Parent,
    /// The relay.
    Relay,
    /// The vendor option with that code.
    Vendor { code: u16 },
    /// The vendor option is of another enterprise.
    Enterprise { wanted: u32, found: u32 },
}

fn ensure(size: usize) -> Result<(), EvalError> {
    if size <= MAX_PRODUCED { Ok(()) } else { Err(EvalError::TooLong) }
}

/// RFC 3046.
const RELAY_AGENT_INFORMATION: u16 = 82;
