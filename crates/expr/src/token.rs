//! Text to tokens, with positions.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::error::{ExprError, Fault, Span};

/// The smallest pieces of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'t> {
    Word(&'t str),
    /// Decimal digits, perhaps after a `-`.
    Integer(i64),
    /// The digits after `0x`.
    Hex(&'t str),
    /// What stands between the quotes.
    Text(&'t str),
    Address(IpAddr),
    Equal,
    Open,
    Close,
    OpenBracket,
    CloseBracket,
    Comma,
    Dot,
    Plus,
    Star,
    End,
}

impl Token<'_> {
    /// How a message calls the token.
    pub(crate) fn describe(&self) -> Box<str> {
        match self {
            Token::Word(word) => format!("'{word}'").into(),
            Token::Integer(number) => format!("the number {number}").into(),
            Token::Hex(digits) => format!("0x{digits}").into(),
            Token::Text(text) => format!("the text '{text}'").into(),
            Token::Address(address) => format!("the address {address}").into(),
            Token::Equal => "'=='".into(),
            Token::Open => "'('".into(),
            Token::Close => "')'".into(),
            Token::OpenBracket => "'['".into(),
            Token::CloseBracket => "']'".into(),
            Token::Comma => "','".into(),
            Token::Dot => "'.'".into(),
            Token::Plus => "'+'".into(),
            Token::Star => "'*'".into(),
            Token::End => "the end of the expression".into(),
        }
    }
}

/// The first token at or after `at`, with its place. At the end: [`Token::End`].
pub(crate) fn next_token(text: &str, at: usize) -> Result<(Token<'_>, Span), ExprError> {
    let rest = text.get(at..).unwrap_or("");
    let start = at + (rest.len() - rest.trim_start_matches([' ', '\t', '\r', '\n']).len());
    let Some(rest) = text.get(start..).filter(|rest| !rest.is_empty()) else {
        return Ok((Token::End, Span::new(text.len(), text.len())));
    };
    let punctuation = match rest.as_bytes() {
        [b'=', b'=', ..] => Some((Token::Equal, 2)),
        [b'(', ..] => Some((Token::Open, 1)),
        [b')', ..] => Some((Token::Close, 1)),
        [b'[', ..] => Some((Token::OpenBracket, 1)),
        [b']', ..] => Some((Token::CloseBracket, 1)),
        [b',', ..] => Some((Token::Comma, 1)),
        [b'.', ..] => Some((Token::Dot, 1)),
        [b'+', ..] => Some((Token::Plus, 1)),
        [b'*', ..] => Some((Token::Star, 1)),
        _ => None,
    };
    if let Some((token, len)) = punctuation {
        return Ok((token, Span::new(start, start + len)));
    }
    let (token, len) = longer_token(rest)
        .map_err(|(fault, len)| ExprError { span: Span::new(start, start + len), fault })?;
    Ok((token, Span::new(start, start + len)))
}

type Faulty = (Fault, usize);

fn longer_token(rest: &str) -> Result<(Token<'_>, usize), Faulty> {
    if let Some(quoted) = rest.strip_prefix('\'') {
        let len = quoted.find('\'').ok_or((Fault::UnterminatedText, rest.len()))?;
        return Ok((Token::Text(&quoted[..len]), len + 2));
    }
    if let Some(digits) = rest.strip_prefix("0x").or_else(|| rest.strip_prefix("0X")) {
        let len = run(digits, |c| c.is_ascii_hexdigit());
        if len == 0 {
            return Err((Fault::HexDigits, 2));
        }
        return Ok((Token::Hex(&digits[..len]), len + 2));
    }
    if let Some(found) = address(rest) {
        return found;
    }
    let sign = usize::from(rest.starts_with('-'));
    let digits = run(&rest[sign..], |c| c.is_ascii_digit());
    if digits > 0 {
        let len = sign + digits;
        // Saturation keeps absurd numbers out of every range.
        let number = rest[..len].parse().unwrap_or(if sign == 1 { i64::MIN } else { i64::MAX });
        return Ok((Token::Integer(number), len));
    }
    if rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
        let len = run(rest, |c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
        return Ok((Token::Word(&rest[..len]), len));
    }
    let c = rest.chars().next().unwrap_or(' ');
    let advice = match c {
        '"' => Some("texts stand in single quotes"),
        '=' => Some("equality is written '=='"),
        '!' => Some("inequality is written not (a == b)"),
        '&' => Some("conjunction is written 'and'"),
        '|' => Some("disjunction is written 'or'"),
        _ => None,
    };
    Err((Fault::Character(c, advice), c.len_utf8()))
}

/// An address literal, if the text starts like one: two colons, or a dot between digits.
fn address(rest: &str) -> Option<Result<(Token<'_>, usize), Faulty>> {
    let len = run(rest, |c| c.is_ascii_hexdigit() || c == ':' || c == '.');
    let candidate = &rest[..len];
    if candidate.bytes().filter(|&b| b == b':').count() >= 2 {
        return Some(match candidate.parse::<Ipv6Addr>() {
            Ok(address) => Ok((Token::Address(address.into()), len)),
            Err(_) => Err((Fault::Address(candidate.into()), len)),
        });
    }
    let len = run(rest, |c| c.is_ascii_digit() || c == '.');
    let candidate = &rest[..len];
    if !candidate.starts_with('.') && candidate.contains('.') {
        return Some(match candidate.parse::<Ipv4Addr>() {
            Ok(address) => Ok((Token::Address(address.into()), len)),
            Err(_) => Err((Fault::Address(candidate.into()), len)),
        });
    }
    None
}

fn run(text: &str, accept: impl Fn(char) -> bool) -> usize {
    text.find(|c| !accept(c)).unwrap_or(text.len())
}
