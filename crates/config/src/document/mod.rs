//! The configuration text as a tree whose every node knows where it was written.
//!
//! The dialect is JSON (RFC 8259) with `#`, `//` and `/* */` comments, `<?include "path"?>`, and trailing
//! commas that only warn (manual, "JSON Syntax"). A name given twice in one map is an error.

mod lex;
mod parse;
mod render;
mod source;
mod value;

use std::sync::Arc;

pub use source::{
    FileId, Files, LoadError, Location, NoIncludes, Record, SourceLoader, Sources, Span,
};
pub use value::{Entry, Map, Node, Value};

use crate::diagnostics::{Diagnostic, Diagnostics};

/// A parsed configuration text.
#[derive(Clone, Debug)]
pub struct Document {
    root: Node,
    sources: Arc<Sources>,
}

impl Document {
    /// Reads and parses the file at `path` and what it includes.
    ///
    /// # Errors
    /// All problems of the text, in one go. On success the diagnostics hold warnings only.
    pub fn load(
        path: &str,
        loader: &dyn SourceLoader,
    ) -> Result<(Document, Diagnostics), Diagnostics> {
        match loader.load(path) {
            Ok(bytes) => Self::parse(path, &bytes, loader),
            Err(error) => {
                let mut diagnostics = Diagnostics::default();
                diagnostics.push(Diagnostic::error(format!("cannot read '{path}': {error}")));
                Err(diagnostics)
            }
        }
    }

    /// Parses `text`; `name` is what diagnostics call it, `<string>` for text from a command.
    ///
    /// # Errors
    /// As [`Document::load`].
    pub fn parse(
        name: &str,
        text: &[u8],
        loader: &dyn SourceLoader,
    ) -> Result<(Document, Diagnostics), Diagnostics> {
        let (root, sources, mut diagnostics) = parse::parse(name, text, loader);
        let sources = Arc::new(sources);
        diagnostics.attach(&sources);
        match root {
            Some(root) if !diagnostics.has_errors() => {
                Ok((Document { root, sources }, diagnostics))
            }
            _ => Err(diagnostics),
        }
    }

    /// A document that was not written as text, such as a command's argument. Its nodes should carry
    /// [`Span::NONE`].
    pub fn from_root(root: Node) -> Self {
        Document { root, sources: Arc::default() }
    }

    pub(crate) fn from_parts(root: Node, sources: Arc<Sources>) -> Self {
        Document { root, sources }
    }

    pub(crate) fn into_root(self) -> Node {
        self.root
    }

    /// The outermost value.
    pub fn root(&self) -> &Node {
        &self.root
    }

    /// The texts it was read from.
    pub fn sources(&self) -> &Arc<Sources> {
        &self.sources
    }
}

#[cfg(test)]
mod tests;
