//! Where text comes from, and positions in it.

use std::fmt;
use std::sync::Arc;

/// Gives the bytes of a named text. The only way the configuration language reaches a file system.
pub trait SourceLoader {
    /// The bytes at `path`: absolute, or relative to the working directory.
    ///
    /// # Errors
    /// Why there are none.
    fn load(&self, path: &str) -> Result<Vec<u8>, LoadError>;
}

/// Why a text could not be read, in the words of whoever tried.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LoadError(pub String);

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for LoadError {}

/// The file system.
#[derive(Clone, Copy, Debug)]
pub struct Files;

impl SourceLoader for Files {
    fn load(&self, path: &str) -> Result<Vec<u8>, LoadError> {
        std::fs::read(path).map_err(|error| LoadError(error.to_string()))
    }
}

/// Refuses everything: for text that comes from a command.
#[derive(Clone, Copy, Debug)]
pub struct NoIncludes;

impl SourceLoader for NoIncludes {
    fn load(&self, _: &str) -> Result<Vec<u8>, LoadError> {
        Err(LoadError("files cannot be included here".into()))
    }
}

/// One of the texts a document was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileId(pub u16);

/// A range of bytes in one text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Span {
    /// The text.
    pub file: FileId,
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// Nowhere: the value was not written by anyone.
    pub const NONE: Span = Span { file: FileId(u16::MAX), start: 0, end: 0 };

    /// From the start of `self` to the end of `other`, when both lie in one text.
    pub fn to(self, other: Span) -> Span {
        if self.file == other.file { Span { end: other.end, ..self } } else { self }
    }

    /// The part of a string literal's span that `range` of its content takes, seen past the opening quote.
    /// Exact as long as the literal has no escapes before it.
    pub fn inside(self, range: std::ops::Range<usize>) -> Span {
        let at = |offset: usize| {
            self.start.saturating_add(1).saturating_add(u32::try_from(offset).unwrap_or(u32::MAX))
        };
        let last = self.end.saturating_sub(1).max(self.start);
        let (start, end) = (at(range.start).min(last), at(range.end).min(last));
        Span { start, end: end.max(start), ..self }
    }
}

/// A place as a person says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// In a text: both numbers count from 1; the column counts characters.
    Text {
        /// Name of the text.
        file: Arc<str>,
        /// Line.
        line: u32,
        /// Column, in characters.
        column: u32,
    },
    /// In a database.
    Record {
        /// Name of the database.
        database: Arc<str>,
        /// Which row of it.
        record: Record,
    },
}

/// `file:line:column`, or `database, table id`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Text { file, line, column } => write!(f, "{file}:{line}:{column}"),
            Self::Record { database, record } => write!(f, "{database}, {record}"),
        }
    }
}

/// A row of a database that says something about the configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The table.
    pub table: Box<str>,
    /// What the row is known by.
    pub id: Box<str>,
}

/// `table id`.
impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.table, self.id)
    }
}

/// The texts of a document, and the databases that parts of it come from. What comes from a database has
/// the number of its row for a position.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

#[derive(Clone, Debug)]
struct Source {
    name: Arc<str>,
    text: Arc<str>,
    line_starts: Vec<u32>,
    records: Arc<[Record]>,
}

impl Sources {
    /// `None` when there are too many texts, or the text is too long for a [`Span`].
    pub(crate) fn add(&mut self, name: &str, text: &str) -> Option<FileId> {
        let id = u16::try_from(self.files.len()).ok().filter(|id| *id != u16::MAX)?;
        u32::try_from(text.len()).ok()?;
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts =
            std::iter::once(0).chain(breaks.map(|(offset, _)| offset as u32 + 1)).collect();
        let (name, text, records) = (name.into(), text.into(), Arc::default());
        self.files.push(Source { name, text, line_starts, records });
        Some(FileId(id))
    }

    /// Adds a database.
    pub(crate) fn add_records(&mut self, name: &str, records: Arc<[Record]>) -> Option<FileId> {
        let id = self.add(name, "")?;
        self.files.last_mut()?.records = records;
        Some(id)
    }

    /// Adds the first text of `other`, if there is one and room for it.
    pub(crate) fn adopt(&mut self, other: &Sources) -> Option<FileId> {
        let source = other.files.first()?;
        self.add(&source.name, &source.text)
    }

    pub(crate) fn text(&self, file: FileId) -> Option<&Arc<str>> {
        self.files.get(usize::from(file.0)).map(|source| &source.text)
    }

    /// Name of a text.
    pub fn name(&self, file: FileId) -> Option<&Arc<str>> {
        self.files.get(usize::from(file.0)).map(|source| &source.name)
    }

    /// Where `span` begins.
    pub fn location(&self, span: Span) -> Option<Location> {
        let source = self.files.get(usize::from(span.file.0))?;
        if let Some(record) = source.records.get(span.start as usize) {
            return Some(Location::Record {
                database: source.name.clone(),
                record: record.clone(),
            });
        }
        let line = source.line_starts.partition_point(|start| *start <= span.start);
        let line_start = *source.line_starts.get(line.checked_sub(1)?)?;
        let before = source.text.get(line_start as usize..span.start as usize)?;
        Some(Location::Text {
            file: source.name.clone(),
            line: line as u32,
            column: before.chars().count() as u32 + 1,
        })
    }

    /// The whole lines around `span`: number of the first, and its offset and text.
    pub(crate) fn lines_around(&self, span: Span) -> Option<(usize, usize, &str)> {
        let source = self.files.get(usize::from(span.file.0))?;
        if !source.records.is_empty() {
            return None;
        }
        let first = source.line_starts.partition_point(|start| *start <= span.start);
        let last =
            source.line_starts.partition_point(|start| *start < span.end.max(span.start + 1));
        let start = *source.line_starts.get(first.checked_sub(1)?)? as usize;
        let end = source.line_starts.get(last).map_or(source.text.len(), |next| *next as usize);
        let text = source.text.get(start..end)?;
        Some((first, start, text.strip_suffix('\n').unwrap_or(text)))
    }
}
