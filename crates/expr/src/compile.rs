//! A checked tree to a flat program.
//!
//! The program is in reverse Polish order, as in Kea. Strings are kept on a stack. A test result
//! never needs one: `and`, `or` and `ifelse` decide by a jump as soon as their condition is known,
//! so at most one result is alive at a time.

use std::fmt;
use std::net::IpAddr;

use kea_wire::Family;
use regex::bytes::{Regex, RegexBuilder};

use crate::ast::{
    Conversion, Expr, ExprKind, Field, Literal, OptionKey, OptionRef, Origin, RelayAddress,
    Representation, Source, VendorOption,
};
use crate::class::{ClassId, ClassNames};
use crate::error::{ExprError, Fault, Span, nearest};
use crate::parse::{parse_string, parse_test};
use crate::subject::{Asked, Subjects};

/// Names of option definitions, for `option[name]`.
pub trait OptionNames {
    /// The code of the option with that name among the options found at `place`.
    fn code(&self, place: OptionPlace<'_>, name: &str) -> Option<u16>;
    /// Calls `visit` for each name at `place`, to suggest the nearest one for a misspelt name.
    fn for_each_name(&self, place: OptionPlace<'_>, visit: &mut dyn FnMut(&str));
}

/// Where an option is looked for, which decides the option space of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OptionPlace<'a> {
    /// The outermost container.
    pub origin: Origin,
    /// Codes of the enclosing options inside the container, outermost first.
    pub parents: &'a [u16],
}

/// No names: options are given by code only.
impl OptionNames for () {
    fn code(&self, _: OptionPlace<'_>, _: &str) -> Option<u16> {
        None
    }
    fn for_each_name(&self, _: OptionPlace<'_>, _: &mut dyn FnMut(&str)) {}
}

/// A compiled test.
#[derive(Clone, Debug)]
pub struct Test(pub(crate) Program);

/// A compiled expression that yields a string.
#[derive(Clone, Debug)]
pub struct StringExpr(pub(crate) Program);

impl Test {
    /// Parses and compiles a test. Names of classes are interned in `classes`; whether they are
    /// defined is for the caller to say, who finds them in [`Test::classes`].
    pub fn parse<F: Family>(
        text: &str,
        options: &dyn OptionNames,
        classes: &mut ClassNames,
    ) -> Result<Self, ExprError> {
        Self::compile(&parse_test::<F>(text)?, options, classes)
    }

    /// Compiles a tree that [`parse_test`] gave.
    pub fn compile(
        expr: &Expr,
        options: &dyn OptionNames,
        classes: &mut ClassNames,
    ) -> Result<Self, ExprError> {
        compile(expr, options, classes, None).map(Test)
    }

    /// The same for one of many tests, which share what they compare.
    pub(crate) fn compile_sharing(
        expr: &Expr,
        options: &dyn OptionNames,
        classes: &mut ClassNames,
        subjects: &mut Subjects,
    ) -> Result<Self, ExprError> {
        compile(expr, options, classes, Some(subjects)).map(Test)
    }

    /// The classes whose membership it asks for.
    pub fn classes(&self) -> impl Iterator<Item = ClassId> + '_ {
        self.0.classes()
    }

    /// The comparison that is all of the test.
    pub(crate) fn asked(&self) -> Option<Asked> {
        match self.0.ops.first() {
            Some(Op::Asked(asked, end)) if *end as usize == self.0.ops.len() => Some(*asked),
            _ => None,
        }
    }
}

impl StringExpr {
    /// Parses and compiles a string expression; see [`Test::parse`].
    pub fn parse<F: Family>(
        text: &str,
        options: &dyn OptionNames,
        classes: &mut ClassNames,
    ) -> Result<Self, ExprError> {
        Self::compile(&parse_string::<F>(text)?, options, classes)
    }

    /// Compiles a tree that [`parse_string`] gave.
    pub fn compile(
        expr: &Expr,
        options: &dyn OptionNames,
        classes: &mut ClassNames,
    ) -> Result<Self, ExprError> {
        compile(expr, options, classes, None).map(StringExpr)
    }

    /// The classes whose membership it asks for.
    pub fn classes(&self) -> impl Iterator<Item = ClassId> + '_ {
        self.0.classes()
    }
}

/// The compiled form of an expression.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) ops: Box<[Op]>,
    constants: Box<[u8]>,
    pub(crate) paths: Box<[Path]>,
    pub(crate) patterns: Box<[Regex]>,
    pub(crate) comparisons: Box<[Comparison]>,
}

impl Program {
    pub(crate) fn constant(&self, constant: Constant) -> &[u8] {
        // The compiler made the range from the pool; a foreign one would read as empty.
        let start = constant.start as usize;
        self.constants.get(start..start + constant.len as usize).unwrap_or(&[])
    }

    /// The same for programs that do the same.
    pub(crate) fn key(&self) -> String {
        format!("{:?} {:?} {:?}", self.ops, self.constants, self.paths)
    }

    fn classes(&self) -> impl Iterator<Item = ClassId> + '_ {
        self.ops.iter().filter_map(|op| match op {
            Op::Member(class) | Op::Unknown(class) => Some(*class),
            _ => None,
        })
    }
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(&self.ops).finish()
    }
}

/// One step. Operands are taken from the top of the stack, results are put there; `flag` is the
/// result of the last test.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Op {
    Constant(Constant),
    /// The payload of an option of the client's message: the most frequent operand.
    Option(u16),
    Content(PathIndex, Representation),
    Exists(PathIndex),
    Field(Field),
    RelayAddress(i8, RelayAddress),
    EnterpriseId(VendorOption),
    VendorClassData(Option<u32>, u8),
    Substring(i32, Option<i32>),
    Concat,
    HexString,
    Split(i32),
    Convert(Conversion),
    /// flag = the two topmost strings are equal.
    Equal,
    /// flag = the topmost string equals a constant.
    EqualConstant(Constant),
    /// flag = an option of the client's message, or a part of it, equals a constant. Most tests
    /// of most configurations are of this form, so it gets by without the stack.
    OptionEqual(u16),
    /// flag = the answer, and jump, if what the steps up to the target compare is known already.
    Asked(Asked, u32),
    Match(u16),
    Member(ClassId),
    /// flag = not a member of the class, which is `KNOWN`.
    Unknown(ClassId),
    Not,
    /// Jumps if flag is false; otherwise flag is what the steps up to the target make of it.
    And(u32),
    AndEnd,
    /// Jumps if flag is true.
    Or(u32),
    OrEnd,
    /// Jumps if flag is false.
    If(u32),
    /// Jumps: the end of the first branch of `ifelse`.
    Else(u32),
    /// The end of the second branch.
    IfEnd,
}

/// A range of the constant pool.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Constant {
    start: u32,
    len: u32,
    pub(crate) kind: ConstantKind,
}

/// How a trace shows a constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ConstantKind {
    Text,
    Hex,
    Address,
}

/// The operands of [`Op::OptionEqual`].
#[derive(Clone, Debug)]
pub(crate) struct Comparison {
    pub(crate) code: u16,
    pub(crate) cut: Option<Cut>,
    pub(crate) constant: Constant,
}

/// Start and length of a substring.
pub(crate) type Cut = (i32, Option<i32>);

pub(crate) type PathIndex = u16;

/// A resolved [`Source`].
#[derive(Clone, Debug)]
pub(crate) struct Path {
    pub(crate) origin: Origin,
    pub(crate) codes: Box<[u16]>,
}

fn compile(
    expr: &Expr,
    options: &dyn OptionNames,
    classes: &mut ClassNames,
    subjects: Option<&mut Subjects>,
) -> Result<Program, ExprError> {
    let mut compiler = Compiler {
        options,
        classes,
        subjects,
        ops: Vec::new(),
        constants: Vec::new(),
        paths: Vec::new(),
        patterns: Vec::new(),
        comparisons: Vec::new(),
    };
    compiler.expr(expr)?;
    Ok(Program {
        ops: compiler.ops.into(),
        constants: compiler.constants.into(),
        paths: compiler.paths.into(),
        patterns: compiler.patterns.into(),
        comparisons: compiler.comparisons.into(),
    })
}

struct Compiler<'a> {
    options: &'a dyn OptionNames,
    classes: &'a mut ClassNames,
    subjects: Option<&'a mut Subjects>,
    ops: Vec<Op>,
    constants: Vec<u8>,
    paths: Vec<Path>,
    patterns: Vec<Regex>,
    comparisons: Vec<Comparison>,
}

impl Compiler<'_> {
    fn expr(&mut self, expr: &Expr) -> Result<(), ExprError> {
        let op = match &expr.kind {
            ExprKind::Or(operands) => return self.junction(operands, Op::Or, Op::OrEnd),
            ExprKind::And(operands) => return self.junction(operands, Op::And, Op::AndEnd),
            ExprKind::IfElse { condition, then, otherwise } => {
                return self.branches(condition, then, otherwise);
            }
            ExprKind::Concat(operands) => {
                for (place, operand) in operands.iter().enumerate() {
                    self.expr(operand)?;
                    if place > 0 {
                        self.ops.push(Op::Concat);
                    }
                }
                return Ok(());
            }
            ExprKind::Not(operand) => {
                self.expr(operand)?;
                Op::Not
            }
            ExprKind::Equal(a, b) => return self.comparison(a, b),
            ExprKind::Match { pattern, value } => {
                self.expr(value)?;
                self.pattern(pattern, expr.span)?
            }
            ExprKind::Member(name) => Op::Member(self.classes.intern(name)),
            ExprKind::Known => Op::Member(ClassId::KNOWN),
            ExprKind::Unknown => Op::Unknown(ClassId::KNOWN),
            ExprKind::Literal(literal) => Op::Constant(self.constant(literal)),
            ExprKind::Exists(source) => Op::Exists(self.path(source, expr.span)?),
            ExprKind::Content(source, representation) => {
                let path = self.path(source, expr.span)?;
                match (source.origin, &*self.paths[usize::from(path)].codes, representation) {
                    (Origin::Packet, &[code], Representation::Hex) => Op::Option(code),
                    _ => Op::Content(path, *representation),
                }
            }
            ExprKind::Field(field) => Op::Field(*field),
            ExprKind::RelayAddress { nest, address } => Op::RelayAddress(*nest, *address),
            ExprKind::EnterpriseId(option) => Op::EnterpriseId(*option),
            ExprKind::VendorClassData { enterprise, index } => {
                Op::VendorClassData(*enterprise, *index)
            }
            ExprKind::Substring { value, start, length } => {
                self.expr(value)?;
                Op::Substring(*start, *length)
            }
            ExprKind::HexString { value, separator } => {
                self.expr(value)?;
                self.expr(separator)?;
                Op::HexString
            }
            ExprKind::Split { value, delimiters, field } => {
                self.expr(value)?;
                self.expr(delimiters)?;
                Op::Split(*field)
            }
            ExprKind::Convert(conversion, value) => {
                self.expr(value)?;
                Op::Convert(*conversion)
            }
        };
        self.ops.push(op);
        Ok(())
    }

    fn comparison(&mut self, a: &Expr, b: &Expr) -> Result<(), ExprError> {
        let ExprKind::Literal(literal) = &b.kind else {
            self.expr(a)?;
            self.expr(b)?;
            self.ops.push(Op::Equal);
            return Ok(());
        };
        let constant = self.constant(literal);
        let asked = self.asked(a, constant)?;
        let place = self.ops.len();
        self.ops.extend(asked.map(|asked| Op::Asked(asked, 0)));
        let op = self.comparison_with(constant, a, a.span.to(b.span))?;
        self.ops.push(op);
        if let Some(asked) = asked {
            self.ops[place] = Op::Asked(asked, self.here());
        }
        Ok(())
    }

    fn asked(&mut self, a: &Expr, constant: Constant) -> Result<Option<Asked>, ExprError> {
        let Some(subjects) = &mut self.subjects else { return Ok(None) };
        let program = compile(a, self.options, self.classes, None)?;
        let (start, len) = (constant.start as usize, constant.len as usize);
        let octets = self.constants.get(start..start + len).unwrap_or(&[]);
        Ok(subjects.ask(program, octets))
    }

    fn comparison_with(
        &mut self,
        constant: Constant,
        a: &Expr,
        span: Span,
    ) -> Result<Op, ExprError> {
        let Some((source, cut)) = option_or_part(a) else {
            self.expr(a)?;
            return Ok(Op::EqualConstant(constant));
        };
        // One path leads to one code, since the parser gives a source at least one option.
        let code = self.codes(source)?.first().copied().unwrap_or_default();
        let index = u16::try_from(self.comparisons.len())
            .map_err(|_| ExprError::new(span, Fault::TooComplex))?;
        self.comparisons.push(Comparison { code, cut, constant });
        Ok(Op::OptionEqual(index))
    }

    /// `a and b and c`: a, jump to the end if decided, b, combine, jump to the end, c, combine.
    fn junction(
        &mut self,
        operands: &[Expr],
        jump: fn(u32) -> Op,
        end: Op,
    ) -> Result<(), ExprError> {
        let mut jumps = Vec::new();
        for (place, operand) in operands.iter().enumerate() {
            if place > 0 {
                jumps.push(self.ops.len());
                self.ops.push(jump(0));
            }
            self.expr(operand)?;
            if place > 0 {
                self.ops.push(end);
            }
        }
        let target = self.here();
        for place in jumps {
            self.ops[place] = jump(target);
        }
        Ok(())
    }

    fn branches(
        &mut self,
        condition: &Expr,
        then: &Expr,
        otherwise: &Expr,
    ) -> Result<(), ExprError> {
        self.expr(condition)?;
        let to_otherwise = self.ops.len();
        self.ops.push(Op::If(0));
        self.expr(then)?;
        let to_end = self.ops.len();
        self.ops.push(Op::Else(0));
        self.ops[to_otherwise] = Op::If(self.here());
        self.expr(otherwise)?;
        self.ops.push(Op::IfEnd);
        self.ops[to_end] = Op::Else(self.here());
        Ok(())
    }

    /// A text of at most `MAX_TEXT_LEN` octets yields fewer steps than that.
    fn here(&self) -> u32 {
        self.ops.len() as u32
    }

    fn constant(&mut self, literal: &Literal) -> Constant {
        let start = self.constants.len() as u32;
        let kind = match literal {
            Literal::Text(text) => {
                self.constants.extend_from_slice(text.as_bytes());
                ConstantKind::Text
            }
            Literal::Hex(octets) => {
                self.constants.extend_from_slice(octets);
                ConstantKind::Hex
            }
            Literal::Integer(number) => {
                self.constants.extend_from_slice(&number.to_be_bytes());
                ConstantKind::Hex
            }
            Literal::Address(IpAddr::V4(address)) => {
                self.constants.extend_from_slice(&address.octets());
                ConstantKind::Address
            }
            Literal::Address(IpAddr::V6(address)) => {
                self.constants.extend_from_slice(&address.octets());
                ConstantKind::Address
            }
        };
        Constant { start, len: self.constants.len() as u32 - start, kind }
    }

    fn codes(&self, source: &Source) -> Result<Vec<u16>, ExprError> {
        let mut codes = Vec::with_capacity(source.path.len());
        for option in &source.path {
            let code = match &option.key {
                OptionKey::Code(code) => *code,
                OptionKey::Name(name) => {
                    let place = OptionPlace { origin: source.origin, parents: &codes };
                    self.code_of(place, name, option)?
                }
            };
            codes.push(code);
        }
        Ok(codes)
    }

    fn path(&mut self, source: &Source, span: Span) -> Result<PathIndex, ExprError> {
        let codes = self.codes(source)?;
        let index = PathIndex::try_from(self.paths.len())
            .map_err(|_| ExprError::new(span, Fault::TooComplex))?;
        self.paths.push(Path { origin: source.origin, codes: codes.into() });
        Ok(index)
    }

    fn code_of(
        &self,
        place: OptionPlace<'_>,
        name: &str,
        option: &OptionRef,
    ) -> Result<u16, ExprError> {
        self.options.code(place, name).ok_or_else(|| {
            let mut names = Vec::new();
            self.options.for_each_name(place, &mut |known| names.push(Box::<str>::from(known)));
            let suggestion = nearest(name, names.iter().map(AsRef::as_ref));
            ExprError::new(option.span, Fault::UnknownOption { name: name.into(), suggestion })
        })
    }

    /// The pattern must match the whole value. Matching takes time linear in the value's length.
    fn pattern(&mut self, pattern: &str, span: Span) -> Result<Op, ExprError> {
        let fault = |error: regex::Error| {
            // The last line says what is wrong; those before it show the pattern.
            let text = error.to_string();
            let reason = text.lines().last().unwrap_or_default();
            ExprError::new(span, Fault::Pattern(reason.trim_start_matches("error: ").into()))
        };
        let build = |text: &str| {
            RegexBuilder::new(text)
                .unicode(false)
                .size_limit(PATTERN_SIZE_LIMIT)
                .dfa_size_limit(PATTERN_SIZE_LIMIT)
                .build()
                .map_err(fault)
        };
        // Alone first, so that an unbalanced parenthesis cannot pair with those added below.
        build(pattern)?;
        let compiled = build(&format!(r"\A(?:{pattern})\z"))?;
        let index = u16::try_from(self.patterns.len())
            .map_err(|_| ExprError::new(span, Fault::TooComplex))?;
        self.patterns.push(compiled);
        Ok(Op::Match(index))
    }
}

/// The option whose payload, or the part of its payload, an expression is.
fn option_or_part(expr: &Expr) -> Option<(&Source, Option<Cut>)> {
    let (content, cut) = match &expr.kind {
        ExprKind::Substring { value, start, length } => (&value.kind, Some((*start, *length))),
        kind => (kind, None),
    };
    match content {
        ExprKind::Content(source, Representation::Hex)
            if source.origin == Origin::Packet && source.path.len() == 1 =>
        {
            Some((source, cut))
        }
        _ => None,
    }
}

/// Octets of memory that a compiled pattern may take.
const PATTERN_SIZE_LIMIT: usize = 1 << 20;
