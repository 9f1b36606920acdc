//! Reading one map of the document, or a chain of maps that inherit from each other.
//!
//! The schema check has reported what has the wrong type or bounds, so reading treats such a value as
//! absent.

use kea_wire::Address;

use crate::document::{Entry, Map, Node, Span, Value};
use crate::schema::{self, Default, Protocol, Scope};

static EMPTY: Map = Map::new();

/// One map of the document.
#[derive(Clone, Copy, Debug)]
pub struct Section<'d> {
    map: &'d Map,
    span: Span,
    scope: Scope,
    protocol: Protocol,
}

impl<'d> Section<'d> {
    pub(crate) fn new(node: &'d Node, scope: Scope, protocol: Protocol) -> Self {
        Section { map: node.as_map().unwrap_or(&EMPTY), span: node.span, scope, protocol }
    }

    /// Where the map begins.
    pub(crate) fn head(&self) -> Span {
        if self.span == Span::NONE {
            self.span
        } else {
            Span { end: self.span.start + 1, ..self.span }
        }
    }

    /// The names of everything in the map.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'d str> + use<'d> {
        self.map.iter().map(|entry| &*entry.name)
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.node(name).is_some()
    }

    pub(crate) fn node(&self, name: &str) -> Option<&'d Node> {
        self.map.get(name)
    }

    pub(crate) fn entry(&self, name: &str) -> Option<&'d Entry> {
        self.map.entry(name)
    }

    /// Where the value of `name` stands; the map itself without it.
    pub(crate) fn span_of(&self, name: &str) -> Span {
        self.node(name).map_or(self.head(), |node| node.span)
    }

    pub(crate) fn boolean(&self, name: &str) -> Option<bool> {
        match self.node(name)?.value {
            Value::Boolean(flag) => Some(flag),
            _ => None,
        }
    }

    pub(crate) fn integer(&self, name: &str) -> Option<i64> {
        self.node(name)?.as_integer()
    }

    pub(crate) fn u32(&self, name: &str) -> Option<u32> {
        self.integer(name).and_then(|number| u32::try_from(number).ok())
    }

    pub(crate) fn u16(&self, name: &str) -> Option<u16> {
        self.integer(name).and_then(|number| u16::try_from(number).ok())
    }

    pub(crate) fn float(&self, name: &str) -> Option<f64> {
        match self.node(name)?.value {
            Value::Float(number) => Some(number),
            _ => None,
        }
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'d str> {
        self.node(name)?.as_str()
    }

    /// The text, unless empty.
    pub(crate) fn some_text(&self, name: &str) -> Option<&'d str> {
        self.text(name).filter(|text| !text.is_empty())
    }

    pub(crate) fn boxed(&self, name: &str) -> Option<Box<str>> {
        self.some_text(name).map(Into::into)
    }

    pub(crate) fn address<A: Address>(&self, name: &str) -> Option<A> {
        self.some_text(name)?.parse().ok()
    }

    /// The texts of a list, each with its place.
    pub(crate) fn texts(&self, name: &str) -> impl Iterator<Item = (&'d str, Span)> + use<'d> {
        let list = self.node(name).and_then(Node::as_list).unwrap_or(&[]);
        list.iter().filter_map(|node| Some((node.as_str()?, node.span)))
    }

    /// The maps of a list.
    pub(crate) fn sections(
        &self,
        name: &str,
        scope: Scope,
    ) -> impl Iterator<Item = Section<'d>> + Clone + use<'d> {
        let list = self.node(name).and_then(Node::as_list).unwrap_or(&[]);
        let protocol = self.protocol;
        list.iter().map(move |node| Section::new(node, scope, protocol))
    }

    /// The map of that name; an empty one without it.
    pub(crate) fn section(&self, name: &str, scope: Scope) -> Section<'d> {
        match self.node(name) {
            Some(node) => Section::new(node, scope, self.protocol),
            None => Section { map: &EMPTY, span: self.span, scope, protocol: self.protocol },
        }
    }

    /// The value, or the schema's default.
    pub(crate) fn boolean_or_default(&self, name: &str) -> bool {
        let default = || matches!(self.default(name), Default::Boolean(true));
        self.boolean(name).unwrap_or_else(default)
    }

    /// The value, or the schema's default.
    pub(crate) fn u32_or_default(&self, name: &str) -> u32 {
        self.u32(name).unwrap_or_else(|| match self.default(name) {
            Default::Integer(number) => u32::try_from(number).unwrap_or(0),
            _ => 0,
        })
    }

    /// The value, or the schema's default.
    pub(crate) fn u16_or_default(&self, name: &str) -> u16 {
        u16::try_from(self.u32_or_default(name)).unwrap_or(0)
    }

    /// The value, or the schema's default.
    pub(crate) fn float_or_default(&self, name: &str) -> f64 {
        self.float(name).unwrap_or_else(|| match self.default(name) {
            Default::Float(number) => number,
            _ => 0.0,
        })
    }

    /// The value, or the schema's default.
    pub(crate) fn text_or_default(&self, name: &str) -> &'d str {
        self.text(name).unwrap_or_else(|| match self.default(name) {
            Default::Text(text) => text,
            _ => "",
        })
    }

    /// The value or default as one of `words`, which the schema allows exactly.
    pub(crate) fn word<T: Copy>(&self, name: &str, words: &[(&str, T)], otherwise: T) -> T {
        let text = self.text_or_default(name);
        let found = words.iter().find(|(word, _)| word.eq_ignore_ascii_case(text));
        found.map_or(otherwise, |(_, value)| *value)
    }

    fn default(&self, name: &str) -> Default {
        schema::find(self.protocol, self.scope, name).map_or(Default::Unset, |key| key.default)
    }
}

/// A map and those it inherits from, nearest first. The last one is the global scope.
#[derive(Clone, Copy, Debug)]
pub struct Chain<'c, 'd>(pub(crate) &'c [Section<'d>]);

impl<'d> Chain<'_, 'd> {
    /// The nearest section that has `name`; the outermost one otherwise, for its default.
    pub(crate) fn holder(&self, name: &str) -> Section<'d> {
        let found = self.0.iter().find(|section| section.has(name)).or(self.0.last());
        // A chain is never empty; an empty section stands in for the impossible.
        found.copied().unwrap_or(Section {
            map: &EMPTY,
            span: Span::NONE,
            scope: Scope::Global,
            protocol: Protocol::Dhcp4,
        })
    }

    /// True when a scope inside the global one has any of `names`.
    pub(crate) fn any_inside(&self, names: &[&str]) -> bool {
        let inside = self.0.split_last().map_or(&[][..], |(_, inside)| inside);
        inside.iter().any(|section| names.iter().any(|name| section.has(name)))
    }

    pub(crate) fn boolean(&self, name: &str) -> bool {
        self.holder(name).boolean_or_default(name)
    }

    pub(crate) fn u32(&self, name: &str) -> Option<u32> {
        self.holder(name).u32(name)
    }

    pub(crate) fn float(&self, name: &str) -> Option<f64> {
        self.holder(name).float(name)
    }

    pub(crate) fn text(&self, name: &str) -> Option<&'d str> {
        self.holder(name).text(name)
    }
}
