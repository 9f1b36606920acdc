//! The values of the tree.

use super::source::{FileId, Span};

/// A value and where it was written.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where.
    pub span: Span,
}

/// A JSON value. Integers and floats are distinct, as the manual's grammar wants.
#[derive(Clone, Debug, PartialEq)]
#[allow(missing_docs)] // the variants are JSON's own
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    String(Box<str>),
    List(Vec<Node>),
    Map(Map),
}

/// A map in the order it was written; each name occurs once.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Map {
    entries: Vec<Entry>,
}

/// One `"name": value`.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// The name.
    pub name: Box<str>,
    /// Where the name was written.
    pub name_span: Span,
    /// The value.
    pub node: Node,
}

impl Node {
    /// A value nobody wrote.
    pub fn unplaced(value: Value) -> Self {
        Node { value, span: Span::NONE }
    }

    /// Says that it stands in another text; without one, that nobody wrote it.
    pub(crate) fn relocate(&mut self, from: FileId, to: Option<FileId>) {
        let moved = |span: Span| match to {
            _ if span.file != from => span,
            Some(file) => Span { file, ..span },
            None => Span::NONE,
        };
        self.span = moved(self.span);
        match &mut self.value {
            Value::List(list) => list.iter_mut().for_each(|node| node.relocate(from, to)),
            Value::Map(map) => {
                for entry in &mut map.entries {
                    entry.name_span = moved(entry.name_span);
                    entry.node.relocate(from, to);
                }
            }
            _ => {}
        }
    }

    /// Says that what stands nowhere yet stands at `span`, with all that is in it.
    pub fn place_rest(&mut self, span: Span) {
        if self.span != Span::NONE {
            return;
        }
        self.span = span;
        match &mut self.value {
            Value::List(list) => list.iter_mut().for_each(|node| node.place_rest(span)),
            Value::Map(map) => {
                for entry in &mut map.entries {
                    entry.name_span = span;
                    entry.node.place_rest(span);
                }
            }
            _ => {}
        }
    }

    /// The map, if it is one.
    pub fn as_map(&self) -> Option<&Map> {
        if let Value::Map(map) = &self.value { Some(map) } else { None }
    }

    /// The list, if it is one.
    pub fn as_list(&self) -> Option<&[Node]> {
        if let Value::List(list) = &self.value { Some(list) } else { None }
    }

    /// The string, if it is one.
    pub fn as_str(&self) -> Option<&str> {
        if let Value::String(text) = &self.value { Some(text) } else { None }
    }

    /// The integer, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        if let Value::Integer(number) = self.value { Some(number) } else { None }
    }
}

impl Value {
    /// A string value.
    pub fn string(text: &str) -> Self {
        Value::String(text.into())
    }

    /// What to call it in a message: "an integer".
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Boolean(_) => "a boolean",
            Value::Integer(_) => "an integer",
            Value::Float(_) => "a floating point number",
            Value::String(_) => "a string",
            Value::List(_) => "a list",
            Value::Map(_) => "a map",
        }
    }
}

impl Map {
    /// No entries.
    pub const fn new() -> Self {
        Map { entries: Vec::new() }
    }

    /// The entry of that name.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| &*entry.name == name)
    }

    /// The value of that name.
    pub fn get(&self, name: &str) -> Option<&Node> {
        self.entry(name).map(|entry| &entry.node)
    }

    /// All entries, as written.
    pub fn iter(&self) -> std::slice::Iter<'_, Entry> {
        self.entries.iter()
    }

    /// Number of entries.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// True without entries.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Sets `name`, replacing the value it had.
    pub fn set(&mut self, name: &str, node: Node) {
        match self.entries.iter_mut().find(|entry| &*entry.name == name) {
            Some(entry) => entry.node = node,
            None => self.push_new(Entry { name: name.into(), name_span: Span::NONE, node }),
        }
    }

    /// Sets `name`, which stands where the value stands.
    pub(crate) fn write(&mut self, name: &str, node: Node) {
        self.remove(name);
        self.push_new(Entry { name: name.into(), name_span: node.span, node });
    }

    /// The value of that name, to be changed.
    pub(crate) fn get_mut(&mut self, name: &str) -> Option<&mut Node> {
        let entry = self.entries.iter_mut().find(|entry| &*entry.name == name)?;
        Some(&mut entry.node)
    }

    /// The value of that name, which becomes `value` if there is none.
    pub(crate) fn entry_or(&mut self, name: &str, value: impl FnOnce() -> Value) -> &mut Node {
        let at = self.entries.iter().position(|entry| &*entry.name == name);
        let at = at.unwrap_or_else(|| {
            self.append(name, Node::unplaced(value()));
            self.entries.len() - 1
        });
        &mut self.entries[at].node
    }

    /// Adds an entry whose name is known to be new.
    pub(crate) fn append(&mut self, name: &str, node: Node) {
        self.push_new(Entry { name: name.into(), name_span: Span::NONE, node });
    }

    /// Takes `name` out.
    pub fn remove(&mut self, name: &str) -> Option<Node> {
        let index = self.entries.iter().position(|entry| &*entry.name == name)?;
        Some(self.entries.remove(index).node)
    }

    /// The caller knows that the name is new.
    pub(crate) fn push_new(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    pub(crate) fn shrink(&mut self) {
        self.entries.shrink_to_fit();
    }
}

impl<'a> IntoIterator for &'a Map {
    type Item = &'a Entry;
    type IntoIter = std::slice::Iter<'a, Entry>;
    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
