//! Tokens to the tree.

use std::collections::HashMap;

use super::lex::{Lexer, Token};
use super::source::{SourceLoader, Sources, Span};
use super::value::{Entry, Map, Node, Value};
use crate::diagnostics::{Diagnostic, Diagnostics};

/// Maps and lists inside each other. The deepest documented structure needs about ten.
const MAX_DEPTH: usize = 100;

/// The tree as far as it could be read, with everything that is wrong.
pub(super) fn parse(
    name: &str,
    text: &[u8],
    loader: &dyn SourceLoader,
) -> (Option<Node>, Sources, Diagnostics) {
    let mut lexer = Lexer::new(name, text, loader);
    let token = lexer.next();
    let mut parser = Parser { lexer, token, depth: 0 };
    let root = parser.document();
    (root.ok(), parser.lexer.sources, parser.lexer.diagnostics)
}

/// The rest of the text cannot be understood; what is wrong has been reported.
struct Lost;

struct Parser<'l> {
    lexer: Lexer<'l>,
    token: (Token, Span),
    depth: usize,
}

impl Parser<'_> {
    fn document(&mut self) -> Result<Node, Lost> {
        while self.token.0 == Token::Comma {
            self.extra_comma();
        }
        let root = self.value()?;
        while self.token.0 == Token::Comma {
            self.extra_comma();
        }
        if self.token.0 != Token::End {
            return Err(self.unexpected("the end of the text"));
        }
        Ok(root)
    }

    fn advance(&mut self) -> (Token, Span) {
        let next = self.lexer.next();
        std::mem::replace(&mut self.token, next)
    }

    fn value(&mut self) -> Result<Node, Lost> {
        let (token, span) = self.advance();
        let value = match token {
            Token::String(text) => Value::String(text),
            Token::Integer(number) => Value::Integer(number),
            Token::Float(number) => Value::Float(number),
            Token::Boolean(flag) => Value::Boolean(flag),
            // Reported by the lexer; going on finds what else is wrong.
            Token::Null | Token::Garbage => Value::Null,
            Token::OpenMap | Token::OpenList => {
                if self.depth == MAX_DEPTH {
                    self.lexer.diagnostics.push(
                        Diagnostic::error(format!("nested deeper than {MAX_DEPTH} levels"))
                            .at(span, ""),
                    );
                    return Err(Lost);
                }
                self.depth += 1;
                let (value, end) =
                    if token == Token::OpenMap { self.map(span)? } else { self.list(span)? };
                self.depth -= 1;
                return Ok(Node { value, span: span.to(end) });
            }
            other => {
                self.token = (other, span);
                return Err(self.unexpected("a value"));
            }
        };
        Ok(Node { value, span })
    }

    fn list(&mut self, open: Span) -> Result<(Value, Span), Lost> {
        let mut list = Vec::new();
        loop {
            if self.token.0 == Token::CloseList {
                list.shrink_to_fit();
                return Ok((Value::List(list), self.advance().1));
            }
            list.push(self.value()?);
            self.separator(&Token::CloseList, open)?;
        }
    }

    fn map(&mut self, open: Span) -> Result<(Value, Span), Lost> {
        let mut map = Map::default();
        let mut names = Names::default();
        loop {
            if self.token.0 == Token::CloseMap {
                map.shrink();
                return Ok((Value::Map(map), self.advance().1));
            }
            let Token::String(_) = self.token.0 else {
                return Err(self.unexpected("a name in double quotes"));
            };
            let (Token::String(name), name_span) = self.advance() else { return Err(Lost) };
            if self.token.0 != Token::Colon {
                return Err(self.unexpected(&format!("':' after \"{name}\"")));
            }
            self.advance();
            let node = self.value()?;
            match names.first(&map, &name) {
                Some(first) => self.duplicate(&name, name_span, first),
                None => {
                    names.add(&map, &name, name_span);
                    map.push_new(Entry { name, name_span, node });
                }
            }
            self.separator(&Token::CloseMap, open)?;
        }
    }

    /// Takes the comma after an element, or sees that the container ends here.
    fn separator(&mut self, close: &Token, open: Span) -> Result<(), Lost> {
        match &self.token.0 {
            Token::Comma => {
                let (_, comma) = self.advance();
                while self.token.0 == Token::Comma {
                    self.extra_comma();
                }
                if self.token.0 == *close {
                    self.warn_comma(comma);
                }
                Ok(())
            }
            token if token == close => Ok(()),
            // The usual slip: a forgotten comma at the end of a line. What follows can still be read.
            Token::String(_) | Token::OpenMap | Token::OpenList => {
                let span = self.token.1;
                self.lexer.diagnostics.push(
                    Diagnostic::error("missing ',' between elements")
                        .at(span, "expected ',' before this"),
                );
                Ok(())
            }
            _ => {
                let expected = format!("',' or {}", close.describe());
                let lost = self.unexpected(&expected);
                self.lexer.diagnostics.explain_last(open, "to match this");
                Err(lost)
            }
        }
    }

    fn unexpected(&mut self, expected: &str) -> Lost {
        let (token, span) = &self.token;
        // Garbage has been reported in its own words.
        if *token != Token::Garbage || !self.lexer.diagnostics.has_errors() {
            self.lexer.diagnostics.push(
                Diagnostic::error(format!("expected {expected}, found {}", token.describe()))
                    .at(*span, ""),
            );
        }
        Lost
    }

    fn extra_comma(&mut self) {
        let (_, span) = self.advance();
        self.warn_comma(span);
    }

    fn warn_comma(&mut self, span: Span) {
        self.lexer.diagnostics.push(Diagnostic::warning("extra comma").at(span, ""));
    }

    fn duplicate(&mut self, name: &str, span: Span, first: Span) {
        self.lexer.diagnostics.push(
            Diagnostic::error(format!("duplicate name \"{name}\" in a map"))
                .at(span, "given again here")
                .also(first, "first given here"),
        );
    }
}

/// Finds the first occurrence of a name without comparing each with all once a map is large.
#[derive(Default)]
struct Names {
    index: HashMap<Box<str>, Span>,
}

impl Names {
    const SMALL: usize = 16;

    fn first(&self, map: &Map, name: &str) -> Option<Span> {
        if map.len() < Self::SMALL {
            return map.entry(name).map(|entry| entry.name_span);
        }
        self.index.get(name).copied()
    }

    /// Called before the entry joins `map`.
    fn add(&mut self, map: &Map, name: &str, span: Span) {
        if map.len() + 1 < Self::SMALL {
            return;
        }
        if self.index.is_empty() {
            self.index.extend(map.iter().map(|entry| (entry.name.clone(), entry.name_span)));
        }
        self.index.insert(name.into(), span);
    }
}
