//! Text to tokens, across included texts.

use std::collections::HashMap;
use std::sync::Arc;

use super::source::{FileId, SourceLoader, Sources, Span};
use crate::diagnostics::{Diagnostic, Diagnostics};

/// Includes inside includes (manual: "up to ten nesting levels").
const MAX_INCLUDE_DEPTH: usize = 10;
/// Includes in all: ten levels of a file that includes the next one twice are already a thousand.
const MAX_INCLUDES: usize = 1000;
/// Bytes of text, included ones counted each time.
const MAX_BYTES: usize = 512 << 20;

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Token {
    OpenMap,
    CloseMap,
    OpenList,
    CloseList,
    Colon,
    Comma,
    String(Box<str>),
    Integer(i64),
    Float(f64),
    Boolean(bool),
    Null,
    /// Something that is no token; reported where it was met.
    Garbage,
    End,
}

impl Token {
    pub(super) fn describe(&self) -> &'static str {
        match self {
            Token::OpenMap => "'{'",
            Token::CloseMap => "'}'",
            Token::OpenList => "'['",
            Token::CloseList => "']'",
            Token::Colon => "':'",
            Token::Comma => "','",
            Token::String(_) => "a string",
            Token::Integer(_) => "an integer",
            Token::Float(_) => "a floating point number",
            Token::Boolean(_) => "a boolean",
            Token::Null => "null",
            Token::Garbage => "this",
            Token::End => "the end of the text",
        }
    }
}

pub(super) struct Lexer<'l> {
    loader: &'l dyn SourceLoader,
    pub(super) sources: Sources,
    pub(super) diagnostics: Diagnostics,
    frames: Vec<Frame>,
    known: HashMap<String, FileId>,
    includes: usize,
    bytes: usize,
}

/// One text being read.
struct Frame {
    file: FileId,
    text: Arc<str>,
    at: usize,
}

impl Frame {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.as_bytes().get(self.at + ahead).copied()
    }

    fn rest(&self) -> &[u8] {
        self.text.as_bytes().get(self.at..).unwrap_or(&[])
    }

    fn span(&self, start: usize, end: usize) -> Span {
        // The texts are checked to fit when they are added.
        Span { file: self.file, start: start as u32, end: end as u32 }
    }

    fn skip_while(&mut self, keep: impl Fn(u8) -> bool) {
        self.at += self.rest().iter().take_while(|byte| keep(**byte)).count();
    }
}

impl<'l> Lexer<'l> {
    pub(super) fn new(name: &str, text: &[u8], loader: &'l dyn SourceLoader) -> Self {
        let mut lexer = Lexer {
            loader,
            sources: Sources::default(),
            diagnostics: Diagnostics::default(),
            frames: Vec::new(),
            known: HashMap::new(),
            includes: 0,
            bytes: 0,
        };
        if let Some(file) = lexer.add(name, text) {
            lexer.enter(file);
        }
        lexer
    }

    /// The next token. After the last one, [`Token::End`] for ever.
    pub(super) fn next(&mut self) -> (Token, Span) {
        loop {
            let Some(frame) = self.frames.last_mut() else { return (Token::End, Span::NONE) };
            frame.skip_while(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'));
            let start = frame.at;
            let Some(byte) = frame.peek(0) else {
                let end = frame.span(start, start);
                if self.frames.len() == 1 {
                    return (Token::End, end);
                }
                self.frames.pop();
                continue;
            };
            match (byte, frame.peek(1)) {
                (b'#', _) | (b'/', Some(b'/')) => frame.skip_while(|byte| byte != b'\n'),
                (b'/', Some(b'*')) => self.block_comment(start),
                (b'<', Some(b'?')) => self.include(start),
                _ => return self.token(byte, start),
            }
        }
    }

    fn token(&mut self, byte: u8, start: usize) -> (Token, Span) {
        let single = match byte {
            b'{' => Token::OpenMap,
            b'}' => Token::CloseMap,
            b'[' => Token::OpenList,
            b']' => Token::CloseList,
            b':' => Token::Colon,
            b',' => Token::Comma,
            b'"' => return self.string(start),
            _ => return self.word(start),
        };
        let Some(frame) = self.frames.last_mut() else { return (Token::End, Span::NONE) };
        frame.at += 1;
        (single, frame.span(start, start + 1))
    }

    fn add(&mut self, name: &str, bytes: &[u8]) -> Option<FileId> {
        let text = String::from_utf8_lossy(bytes);
        let file = self.sources.add(name, &text);
        let Some(file) = file else {
            self.diagnostics.push(Diagnostic::error(format!("'{name}' is too large")));
            return None;
        };
        if let Err(error) = std::str::from_utf8(bytes) {
            let at = error.valid_up_to() as u32;
            let span = Span { file, start: at, end: at };
            self.diagnostics.push(Diagnostic::warning("the text is not valid UTF-8").at(span, ""));
        }
        Some(file)
    }

    fn enter(&mut self, file: FileId) {
        if let Some(text) = self.sources.text(file) {
            self.bytes += text.len();
            self.frames.push(Frame { file, text: text.clone(), at: 0 });
        }
    }

    fn block_comment(&mut self, start: usize) {
        let Some(frame) = self.frames.last_mut() else { return };
        let close = frame.text.get(start + 2..).and_then(|rest| rest.find("*/"));
        match close {
            Some(length) => frame.at = start + 2 + length + 2,
            None => {
                frame.at = frame.text.len();
                let opening = frame.span(start, start + 2);
                self.diagnostics.push(
                    Diagnostic::error("comment is not closed")
                        .at(opening, "it begins here")
                        .hint("end it with '*/'"),
                );
            }
        }
    }

    /// `<?include "path"?>`
    fn include(&mut self, start: usize) {
        let Some(frame) = self.frames.last_mut() else { return };
        let directive = frame.text.get(start + 2..).and_then(|rest| {
            let line = rest.split('\n').next()?;
            let (inner, _) = line.split_once("?>")?;
            let path = inner.trim_start().strip_prefix("include")?.trim();
            let path = path.strip_prefix('"')?.strip_suffix('"')?;
            (!path.contains('"')).then(|| (path.to_owned(), start + 2 + inner.len() + 2))
        });
        let Some((path, end)) = directive else {
            frame.skip_while(|byte| byte != b'\n');
            let span = frame.span(start, frame.at);
            self.diagnostics.push(
                Diagnostic::error("malformed directive")
                    .at(span, "")
                    .hint("the form is <?include \"path\"?>"),
            );
            return;
        };
        frame.at = end;
        let span = frame.span(start, end);
        if let Err(reason) = self.enter_include(&path) {
            self.diagnostics
                .push(Diagnostic::error(format!("cannot include '{path}': {reason}")).at(span, ""));
        }
    }

    fn enter_include(&mut self, path: &str) -> Result<(), String> {
        self.includes += 1;
        if self.frames.len() > MAX_INCLUDE_DEPTH {
            return Err(format!("includes are nested deeper than {MAX_INCLUDE_DEPTH} levels"));
        }
        if self.includes > MAX_INCLUDES {
            return Err(format!("there are more than {MAX_INCLUDES} includes"));
        }
        let file = match self.known.get(path) {
            Some(file) => *file,
            None => {
                let bytes = self.loader.load(path).map_err(|error| error.to_string())?;
                let file = self.add(path, &bytes).ok_or("it is too large")?;
                self.known.insert(path.to_owned(), file);
                file
            }
        };
        let length = self.sources.text(file).map_or(0, |text| text.len());
        if self.bytes + length > MAX_BYTES {
            return Err(format!("the configuration is larger than {MAX_BYTES} bytes"));
        }
        self.enter(file);
        Ok(())
    }

    fn string(&mut self, start: usize) -> (Token, Span) {
        let Some(frame) = self.frames.last_mut() else { return (Token::End, Span::NONE) };
        frame.at = start + 1;
        let mut text = String::new();
        loop {
            let run = frame.at;
            frame.skip_while(|byte| !matches!(byte, b'"' | b'\\' | 0..=0x1f));
            // Every stop is an ASCII octet, hence a character boundary.
            let plain = frame.text.get(run..frame.at).unwrap_or_default();
            match frame.peek(0) {
                Some(b'"') => {
                    let token = if text.is_empty() { plain.into() } else { (text + plain).into() };
                    frame.at += 1;
                    return (Token::String(token), frame.span(start, frame.at));
                }
                Some(b'\\') => {
                    text.push_str(plain);
                    let escape = frame.at;
                    match unescape(frame.text.get(escape + 1..).unwrap_or_default()) {
                        Some((char, length)) => {
                            text.push(char);
                            frame.at = escape + 1 + length;
                        }
                        None => {
                            frame.at = escape + 1;
                            let after = frame.text.get(frame.at..).and_then(|t| t.chars().next());
                            frame.at += after.filter(|c| *c >= ' ').map_or(0, char::len_utf8);
                            let span = frame.span(escape, frame.at);
                            self.diagnostics.push(
                                Diagnostic::error("unknown escape in string")
                                    .at(span, "")
                                    .hint("a backslash itself is written '\\\\'"),
                            );
                        }
                    }
                }
                _ => return self.unterminated(start),
            }
        }
    }

    fn unterminated(&mut self, start: usize) -> (Token, Span) {
        let Some(frame) = self.frames.last_mut() else { return (Token::End, Span::NONE) };
        frame.skip_while(|byte| byte != b'\n');
        let span = frame.span(start, frame.at);
        self.diagnostics.push(
            Diagnostic::error("string is not closed")
                .at(span, "")
                .hint("a string ends on its line; control characters are written as escapes"),
        );
        (Token::Garbage, span)
    }

    /// A number, a literal, or something that is neither.
    fn word(&mut self, start: usize) -> (Token, Span) {
        let Some(frame) = self.frames.last_mut() else { return (Token::End, Span::NONE) };
        let part = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.' | b'_');
        frame.skip_while(part);
        if frame.at == start {
            frame.at +=
                frame.text.get(start..).and_then(|t| t.chars().next()).map_or(1, char::len_utf8);
        }
        let span = frame.span(start, frame.at);
        let text = frame.text.get(start..frame.at).unwrap_or_default();
        let token = match text {
            "true" => Token::Boolean(true),
            "false" => Token::Boolean(false),
            "null" => Token::Null,
            _ => match number(text) {
                Some((token, plain)) => {
                    if !plain {
                        self.diagnostics.push(
                            Diagnostic::warning(format!("'{text}' is not a number in plain JSON"))
                                .at(span, ""),
                        );
                    }
                    token
                }
                None => {
                    let problem = Diagnostic::error(format!("unexpected '{text}'")).at(span, "");
                    let hint = match text.to_ascii_lowercase().as_str() {
                        "true" | "false" => "booleans are written in lower case",
                        "none" | "nil" | "null" => "there is only 'null', in lower case",
                        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                            "the number is too large"
                        }
                        _ => "strings and names are written in double quotes",
                    };
                    self.diagnostics.push(problem.hint(hint));
                    Token::Garbage
                }
            },
        };
        (token, span)
    }
}

/// The number, and whether JSON proper would spell it so.
fn number(text: &str) -> Option<(Token, bool)> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    let first = digits.bytes().next()?;
    if !(first.is_ascii_digit() || first == b'.') || !digits.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let whole = digits.bytes().take_while(u8::is_ascii_digit).count();
    let plain = !text.starts_with('+')
        && whole > 0
        && (whole == 1 || first != b'0')
        && !digits.ends_with('.');
    if whole == digits.len() {
        return text.parse().ok().map(|number| (Token::Integer(number), plain));
    }
    let number: f64 = text.parse().ok()?;
    number.is_finite().then_some((Token::Float(number), plain))
}

/// The character after a backslash, and how many bytes spell it.
fn unescape(rest: &str) -> Option<(char, usize)> {
    let char = match rest.bytes().next()? {
        b'"' => '"',
        b'\\' => '\\',
        b'/' => '/',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'n' => '\n',
        b'r' => '\r',
        b't' => '\t',
        b'u' => return unescape_unicode(rest),
        _ => return None,
    };
    Some((char, 1))
}

fn unescape_unicode(rest: &str) -> Option<(char, usize)> {
    let unit = |at: usize| {
        let digits = rest.get(at..at + 4)?;
        let hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        hex.then(|| u32::from_str_radix(digits, 16).ok()).flatten()
    };
    let high = unit(1)?;
    if let Some(char) = char::from_u32(high) {
        return Some((char, 5));
    }
    let low = rest.get(5..)?.strip_prefix("\\u").and_then(|_| unit(7))?;
    let pair = (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low);
    let code = pair.then(|| 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00))?;
    Some((char::from_u32(code)?, 11))
}
