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

/// A place as a person says it: both numbers count from 1; the column counts characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Location {
    /// Name of the text.
    pub file: Arc<str>,
    /// Line.
    pub line: u32,
    /// Column, in characters.
    pub column: u32,
}

/// `file:line:column`.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file, self.line, self.column)
    }
}

/// The texts of a document.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

#[derive(Clone, Debug)]
struct Source {
    name: Arc<str>,
    text: Arc<str>,
    line_starts: Vec<u32>,
}

impl Sources {
    /// `None` when there are too many texts, or the text is too long for a [`Span`].
    pub(crate) fn add(&mut self, name: &str, text: &str) -> Option<FileId> {
        let id = u16::try_from(self.files.len()).ok().filter(|id| *id != u16::MAX)?;
        u32::try_from(text.len()).ok()?;
        let breaks = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let line_starts =
            std::iter::once(0).chain(breaks.map(|(offset, _)| offset as u32 + 1)).collect();
        self.files.push(Source { name: name.into(), text: text.into(), line_starts });
        Some(FileId(id))
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
        let line = source.line_starts.partition_point(|start| *start <= span.start);
        let line_start = *source.line_starts.get(line.checked_sub(1)?)?;
        let before = source.text.get(line_start as usize..span.start as usize)?;
        Some(Location {
            file: source.name.clone(),
            line: line as u32,
            column: before.chars().count() as u32 + 1,
        })
    }

    /// The whole lines around `span`: number of the first, and its offset and text.
    pub(crate) fn lines_around(&self, span: Span) -> Option<(usize, usize, &str)> {
        let source = self.files.get(usize::from(span.file.0))?;
        let first = source.line_starts.partition_point(|start| *start <= span.start);
        let last =
            source.line_starts.partition_point(|start| *start < span.end.max(span.start + 1));
        let start = *source.line_starts.get(first.checked_sub(1)?)? as usize;
        let end = source.line_starts.get(last).map_or(source.text.len(), |next| *next as usize);
        let text = source.text.get(start..end)?;
        Some((first, start, text.strip_suffix('\n').unwrap_or(text)))
    }
}
