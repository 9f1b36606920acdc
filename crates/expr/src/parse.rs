//! Tokens to a checked tree.

use std::marker::PhantomData;

use kea_wire::Family;

use crate::ast::{
    Conversion, Expr, ExprKind, Field, Literal, OptionKey, OptionRef, Origin, RelayAddress,
    Representation, Source, VendorOption,
};
use crate::error::{ExprError, Fault, Span, Type, nearest};
use crate::token::{Token, next_token};

/// Longest accepted expression, in octets.
pub const MAX_TEXT_LEN: usize = 65_536;
/// Deepest accepted nesting of parentheses, functions and `not`.
pub const MAX_DEPTH: usize = 100;
/// Longest accepted chain of nested options.
pub const MAX_OPTION_DEPTH: usize = 16;
/// Most relays a DHCPv6 message passes (HOP_COUNT_LIMIT, RFC 9915 section 7.6).
const MAX_RELAYS: i64 = 32;

/// Parses a test, the kind of expression that decides on membership.
pub fn parse_test<F: Family>(text: &str) -> Result<Expr, ExprError> {
    parse::<F>(text, Type::Test)
}

/// Parses an expression that yields a string, as in `template-test` and in hook parameters.
pub fn parse_string<F: Family>(text: &str) -> Result<Expr, ExprError> {
    parse::<F>(text, Type::String)
}

fn parse<F: Family>(text: &str, wanted: Type) -> Result<Expr, ExprError> {
    if text.len() > MAX_TEXT_LEN {
        return Err(ExprError::new(Span::new(0, text.len()), Fault::TooLong(MAX_TEXT_LEN)));
    }
    let (token, span) = next_token(text, 0)?;
    if token == Token::End {
        return Err(ExprError::new(span, Fault::Empty));
    }
    let mut parser = Parser::<F> { text, token, span, last: span, depth: 0, family: PhantomData };
    let expr = parser.disjunction()?;
    if parser.token != Token::End {
        return Err(parser.unexpected("an operator or the end of the expression"));
    }
    check(&expr, wanted, "the whole expression")?;
    Ok(expr)
}

struct Parser<'t, F> {
    text: &'t str,
    /// The token not yet consumed, and its place.
    token: Token<'t>,
    span: Span,
    /// Place of the token consumed last.
    last: Span,
    depth: usize,
    family: PhantomData<F>,
}

type Parsed<T> = Result<T, ExprError>;

impl<'t, F: Family> Parser<'t, F> {
    fn disjunction(&mut self) -> Parsed<Expr> {
        self.chain("or", "an operand of 'or'", ExprKind::Or, Self::conjunction)
    }

    fn conjunction(&mut self) -> Parsed<Expr> {
        self.chain("and", "an operand of 'and'", ExprKind::And, Self::negation)
    }

    fn chain(
        &mut self,
        word: &str,
        operand: &'static str,
        kind: fn(Vec<Expr>) -> ExprKind,
        next: fn(&mut Self) -> Parsed<Expr>,
    ) -> Parsed<Expr> {
        let first = next(self)?;
        if self.token != Token::Word(word) {
            return Ok(first);
        }
        check(&first, Type::Test, operand)?;
        let start = first.span;
        let mut operands = vec![first];
        while self.token == Token::Word(word) {
            self.advance()?;
            let following = next(self)?;
            check(&following, Type::Test, operand)?;
            operands.push(following);
        }
        Ok(Expr { span: start.to(self.last), kind: kind(operands) })
    }

    fn negation(&mut self) -> Parsed<Expr> {
        if self.token != Token::Word("not") {
            return self.comparison();
        }
        let start = self.span;
        self.advance()?;
        let operand = self.nested(Self::negation)?;
        check(&operand, Type::Test, "the operand of 'not'")?;
        Ok(Expr { span: start.to(operand.span), kind: ExprKind::Not(Box::new(operand)) })
    }

    fn comparison(&mut self) -> Parsed<Expr> {
        let left = self.concatenation()?;
        if self.token != Token::Equal {
            return Ok(left);
        }
        check(&left, Type::String, "the left side of '=='")?;
        self.advance()?;
        let right = self.concatenation()?;
        check(&right, Type::String, "the right side of '=='")?;
        if self.token == Token::Equal {
            return Err(self.unexpected("'and', 'or' or the end, since '==' does not chain"));
        }
        Ok(Expr {
            span: left.span.to(right.span),
            kind: ExprKind::Equal(Box::new(left), Box::new(right)),
        })
    }

    fn concatenation(&mut self) -> Parsed<Expr> {
        let first = self.operand()?;
        if self.token != Token::Plus {
            return Ok(first);
        }
        check(&first, Type::String, "an operand of '+'")?;
        let start = first.span;
        let mut operands = vec![first];
        while self.token == Token::Plus {
            self.advance()?;
            let following = self.operand()?;
            check(&following, Type::String, "an operand of '+'")?;
            operands.push(following);
        }
        Ok(Expr { span: start.to(self.last), kind: ExprKind::Concat(operands) })
    }

    fn operand(&mut self) -> Parsed<Expr> {
        let start = self.span;
        let kind = match self.token {
            Token::Text(text) => self.literal(Literal::Text(text.into()))?,
            Token::Hex(digits) => self.literal(Literal::Hex(octets(digits)))?,
            Token::Address(address) => self.literal(Literal::Address(address))?,
            Token::Integer(_) => {
                let number = self.number("a number", 0, i64::from(u32::MAX))?;
                ExprKind::Literal(Literal::Integer(number as u32))
            }
            Token::Open => {
                self.advance()?;
                let inner = self.nested(Self::disjunction)?;
                self.take(Token::Close, "')'")?;
                return Ok(Expr { span: start.to(self.last), ..inner });
            }
            Token::Word(word) => self.named(word)?,
            _ => return Err(self.unexpected("an operand")),
        };
        Ok(Expr { span: start.to(self.last), kind })
    }

    fn literal(&mut self, literal: Literal) -> Parsed<ExprKind> {
        self.advance()?;
        Ok(ExprKind::Literal(literal))
    }

    /// An operand that starts with a word.
    fn named(&mut self, word: &'t str) -> Parsed<ExprKind> {
        match word {
            "known" | "unknown" => {
                self.advance()?;
                Ok(if word == "known" { ExprKind::Known } else { ExprKind::Unknown })
            }
            "member" => self.member(),
            "option" => self.source(Origin::Packet),
            "relay4" => self.relay4(),
            "relay6" => self.relay6(),
            "vendor" => self.vendor(VendorOption::Information),
            "vendor-class" => self.vendor(VendorOption::Class),
            "pkt" | "pkt4" | "pkt6" => self.field(word),
            _ => self.function(word),
        }
    }

    fn member(&mut self) -> Parsed<ExprKind> {
        self.advance()?;
        self.take(Token::Open, "'(' and a class name in single quotes")?;
        let name = self.text_constant("a class name in single quotes")?;
        self.take(Token::Close, "')'")?;
        Ok(ExprKind::Member(name))
    }

    fn relay4(&mut self) -> Parsed<ExprKind> {
        self.only_in(4, "relay4")?;
        self.source(Origin::Relay4)
    }

    fn relay6(&mut self) -> Parsed<ExprKind> {
        self.only_in(6, "relay6")?;
        self.advance()?;
        self.take(Token::OpenBracket, "'[' and the number of a relay")?;
        let nest = self.number("the number of a relay", -MAX_RELAYS, MAX_RELAYS - 1)? as i8;
        self.take(Token::CloseBracket, "']'")?;
        self.take(Token::Dot, "'.'")?;
        let address = match self.token {
            Token::Word("peeraddr") => RelayAddress::Peer,
            Token::Word("linkaddr") => RelayAddress::Link,
            Token::Word("option") => return self.options(Origin::Relay6(nest), Vec::new()),
            _ => return Err(self.unexpected_word(&["peeraddr", "linkaddr", "option"])),
        };
        self.advance()?;
        Ok(ExprKind::RelayAddress { nest, address })
    }

    fn vendor(&mut self, option: VendorOption) -> Parsed<ExprKind> {
        self.advance()?;
        if self.token == Token::Dot {
            self.advance()?;
            if self.token != Token::Word("enterprise") {
                return Err(self.unexpected_word(&["enterprise"]));
            }
            self.advance()?;
            return Ok(ExprKind::EnterpriseId(option));
        }
        self.take(Token::OpenBracket, "'.enterprise', or '[' and an enterprise number")?;
        let enterprise = if self.token == Token::Star {
            self.advance()?;
            None
        } else {
            let number = self.number("an enterprise number", 0, i64::from(u32::MAX))?;
            Some(number as u32).filter(|&number| number != 0)
        };
        self.take(Token::CloseBracket, "']'")?;
        self.take(Token::Dot, "'.'")?;
        match (option, self.token) {
            (VendorOption::Information, Token::Word("exists" | "option")) => {
                self.options(Origin::Vendor(enterprise), Vec::new())
            }
            (VendorOption::Class, Token::Word("exists")) => {
                self.options(Origin::VendorClass(enterprise), Vec::new())
            }
            (VendorOption::Class, Token::Word("data")) => self.vendor_class_data(enterprise),
            (VendorOption::Information, _) => Err(self.unexpected_word(&["exists", "option"])),
            (VendorOption::Class, _) => Err(self.unexpected_word(&["exists", "data"])),
        }
    }

    fn vendor_class_data(&mut self, enterprise: Option<u32>) -> Parsed<ExprKind> {
        self.advance()?;
        let mut index = 0;
        if self.token == Token::OpenBracket {
            self.advance()?;
            index = self.number("the index of a data chunk", 0, 255)? as u8;
            self.take(Token::CloseBracket, "']'")?;
        }
        Ok(ExprKind::VendorClassData { enterprise, index })
    }

    /// `option[code]…` or `relay4[code]…`, from the first word on.
    fn source(&mut self, origin: Origin) -> Parsed<ExprKind> {
        self.advance()?;
        let first = self.option_key()?;
        self.take(Token::Dot, "'.hex', '.text', '.exists' or '.option[…]'")?;
        self.options(origin, vec![first])
    }

    /// `option[code].option[code]….hex`, from the first word on.
    fn options(&mut self, origin: Origin, mut path: Vec<OptionRef>) -> Parsed<ExprKind> {
        while self.token == Token::Word("option") {
            if path.len() == MAX_OPTION_DEPTH {
                return Err(ExprError::new(self.span, Fault::TooDeep(MAX_OPTION_DEPTH)));
            }
            self.advance()?;
            path.push(self.option_key()?);
            self.take(Token::Dot, "'.hex', '.text', '.exists' or '.option[…]'")?;
        }
        let source = Source { origin, path };
        let kind = match self.token {
            Token::Word("exists") => ExprKind::Exists(source),
            Token::Word("hex") => ExprKind::Content(source, Representation::Hex),
            Token::Word("text") => ExprKind::Content(source, Representation::Text),
            _ => return Err(self.unexpected_word(&["hex", "text", "exists", "option"])),
        };
        self.advance()?;
        Ok(kind)
    }

    fn option_key(&mut self) -> Parsed<OptionRef> {
        self.take(Token::OpenBracket, "'[' and the code or name of an option")?;
        let span = self.span;
        let key = if let Token::Word(name) = self.token {
            self.advance()?;
            OptionKey::Name(name.into())
        } else {
            let max = if F::OPTION_CODE_LEN == 1 { 255 } else { 65_535 };
            OptionKey::Code(self.number("an option code", 0, max)? as u16)
        };
        self.take(Token::CloseBracket, "']'")?;
        Ok(OptionRef { span, key })
    }

    fn field(&mut self, group: &'t str) -> Parsed<ExprKind> {
        match group {
            "pkt4" => self.only_in(4, "pkt4")?,
            "pkt6" => self.only_in(6, "pkt6")?,
            _ => {}
        }
        self.advance()?;
        self.take(Token::Dot, "'.' and the name of a field")?;
        let in_group = |field: &Field| field.word().strip_prefix(group)?.strip_prefix('.');
        let found = match self.token {
            Token::Word(name) => Field::ALL.iter().find(|field| in_group(field) == Some(name)),
            _ => None,
        };
        let Some(&field) = found else {
            let names: Vec<&str> = Field::ALL.iter().filter_map(in_group).collect();
            return Err(self.unexpected_word(&names));
        };
        self.advance()?;
        Ok(ExprKind::Field(field))
    }

    fn function(&mut self, word: &'t str) -> Parsed<ExprKind> {
        // The manual writes some function names in mixed case.
        let name = word.to_ascii_lowercase();
        if !FUNCTIONS.contains(&name.as_str()) {
            let known = OPERANDS.iter().chain(FUNCTIONS).copied();
            let suggestion = nearest(&name, known);
            let fault = Fault::UnknownWord { word: word.into(), suggestion };
            return Err(ExprError::new(self.span, fault));
        }
        self.advance()?;
        self.take(Token::Open, "'(' and the arguments of the function")?;
        let kind = self.arguments(&name)?;
        if self.token == Token::Comma {
            return Err(self.unexpected("')', since there are no more arguments"));
        }
        self.take(Token::Close, "')'")?;
        Ok(kind)
    }

    fn arguments(&mut self, name: &str) -> Parsed<ExprKind> {
        Ok(match name {
            "substring" => {
                let value = self.string_argument("the first argument of 'substring'")?;
                self.comma()?;
                let start = self.signed("the start of a substring")?;
                self.comma()?;
                let length = if self.token == Token::Word("all") {
                    self.advance()?;
                    None
                } else {
                    Some(self.signed("the length of a substring ('all' for the rest)")?)
                };
                ExprKind::Substring { value, start, length }
            }
            "concat" => {
                let first = self.string_argument("the first argument of 'concat'")?;
                self.comma()?;
                let second = self.string_argument("the second argument of 'concat'")?;
                ExprKind::Concat(vec![*first, *second])
            }
            "ifelse" => {
                let condition = Box::new(self.nested(Self::disjunction)?);
                check(&condition, Type::Test, "the first argument of 'ifelse'")?;
                self.comma()?;
                let then = self.string_argument("the second argument of 'ifelse'")?;
                self.comma()?;
                let otherwise = self.string_argument("the third argument of 'ifelse'")?;
                ExprKind::IfElse { condition, then, otherwise }
            }
            "hexstring" => {
                let value = self.string_argument("the first argument of 'hexstring'")?;
                self.comma()?;
                let separator = self.string_argument("the second argument of 'hexstring'")?;
                ExprKind::HexString { value, separator }
            }
            "split" => {
                let value = self.string_argument("the first argument of 'split'")?;
                self.comma()?;
                let delimiters = self.string_argument("the second argument of 'split'")?;
                self.comma()?;
                let field = self.signed("the field number of 'split'")?;
                ExprKind::Split { value, delimiters, field }
            }
            "match" => {
                let pattern = self.text_constant("a regular expression in single quotes")?;
                self.comma()?;
                let value = self.string_argument("the second argument of 'match'")?;
                ExprKind::Match { pattern, value }
            }
            _ => {
                let Some(&conversion) = Conversion::ALL.iter().find(|it| it.word() == name) else {
                    return Err(self.unexpected("a function"));
                };
                let value = self.string_argument("the argument of a conversion")?;
                ExprKind::Convert(conversion, value)
            }
        })
    }

    fn string_argument(&mut self, operand: &'static str) -> Parsed<Box<Expr>> {
        let argument = self.nested(Self::disjunction)?;
        check(&argument, Type::String, operand)?;
        Ok(Box::new(argument))
    }

    fn comma(&mut self) -> Parsed<()> {
        self.take(Token::Comma, "',' and the next argument")
    }

    fn signed(&mut self, what: &'static str) -> Parsed<i32> {
        // The range check makes the cast lossless.
        Ok(self.number(what, i64::from(i32::MIN), i64::from(i32::MAX))? as i32)
    }

    fn number(&mut self, what: &'static str, min: i64, max: i64) -> Parsed<i64> {
        let Token::Integer(number) = self.token else { return Err(self.unexpected(what)) };
        if !(min..=max).contains(&number) {
            return Err(ExprError::new(self.span, Fault::Range { what, min, max }));
        }
        self.advance()?;
        Ok(number)
    }

    fn text_constant(&mut self, what: &'static str) -> Parsed<Box<str>> {
        let Token::Text(text) = self.token else { return Err(self.unexpected(what)) };
        self.advance()?;
        Ok(text.into())
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Parsed<Expr>) -> Parsed<Expr> {
        if self.depth == MAX_DEPTH {
            return Err(ExprError::new(self.span, Fault::TooDeep(MAX_DEPTH)));
        }
        self.depth += 1;
        let parsed = inner(self)?;
        self.depth -= 1;
        Ok(parsed)
    }

    fn only_in(&self, version: u8, word: &'static str) -> Parsed<()> {
        if F::VERSION == version {
            return Ok(());
        }
        Err(ExprError::new(self.span, Fault::Family { word, version }))
    }

    fn take(&mut self, token: Token<'_>, expected: &'static str) -> Parsed<()> {
        if self.token == token { self.advance() } else { Err(self.unexpected(expected)) }
    }

    fn advance(&mut self) -> Parsed<()> {
        self.last = self.span;
        (self.token, self.span) = next_token(self.text, self.span.end as usize)?;
        Ok(())
    }

    fn unexpected(&self, expected: &'static str) -> ExprError {
        ExprError::new(self.span, Fault::Expected { expected, found: self.token.describe() })
    }

    /// The error for a word that is none of `words`.
    fn unexpected_word(&self, words: &[&str]) -> ExprError {
        let Token::Word(word) = self.token else { return self.unexpected("a word after '.'") };
        let suggestion = match words {
            [only] => Some((*only).into()),
            _ => nearest(word, words.iter().copied()),
        };
        ExprError::new(self.span, Fault::UnknownWord { word: word.into(), suggestion })
    }
}

fn check(expr: &Expr, needed: Type, operand: &'static str) -> Parsed<()> {
    let found = expr.result_type();
    if found == needed {
        return Ok(());
    }
    Err(ExprError::new(expr.span, Fault::Type { operand, needed, found }))
}

/// An odd number of digits gets a zero in front.
fn octets(digits: &str) -> Box<[u8]> {
    let value = |digit: u8| char::from(digit).to_digit(16).unwrap_or(0) as u8;
    let digits = digits.as_bytes();
    let (odd, pairs) = digits.split_at(digits.len() % 2);
    let pairs = pairs.chunks_exact(2).map(|pair| value(pair[0]) << 4 | value(pair[1]));
    odd.iter().map(|&digit| value(digit)).chain(pairs).collect()
}

const OPERANDS: &[&str] = &[
    "option",
    "relay4",
    "relay6",
    "vendor",
    "vendor-class",
    "pkt",
    "pkt4",
    "pkt6",
    "member",
    "known",
    "unknown",
    "not",
];

const FUNCTIONS: &[&str] = &[
    "substring",
    "concat",
    "ifelse",
    "hexstring",
    "split",
    "match",
    "addrtotext",
    "int8totext",
    "int16totext",
    "int32totext",
    "uint8totext",
    "uint16totext",
    "uint32totext",
    "lcase",
    "ucase",
];
