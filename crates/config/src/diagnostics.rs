//! What is wrong with a configuration, all of it at once, each with its place and a way out.

use std::fmt;
use std::sync::Arc;

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Origin, Renderer, Snippet};

use crate::document::{Location, Sources, Span};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The configuration is accepted.
    Warning,
    /// The configuration is refused.
    Error,
}

/// One problem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad.
    pub severity: Severity,
    /// What is wrong, without the place.
    pub message: String,
    /// Where, and what to write beside the excerpt.
    pub place: Option<(Span, String)>,
    /// Other places that belong to the problem.
    pub related: Vec<(Span, String)>,
    /// A way out.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// A reason to refuse the configuration.
    pub fn error(message: impl Into<String>) -> Self {
        Self::new(Severity::Error, message.into())
    }

    /// Something the operator should know.
    pub fn warning(message: impl Into<String>) -> Self {
        Self::new(Severity::Warning, message.into())
    }

    fn new(severity: Severity, message: String) -> Self {
        Diagnostic { severity, message, place: None, related: Vec::new(), hint: None }
    }

    /// Sets the place.
    #[must_use]
    pub fn at(mut self, span: Span, label: impl Into<String>) -> Self {
        self.place = (span != Span::NONE).then(|| (span, label.into()));
        self
    }

    /// Adds a related place.
    #[must_use]
    pub fn also(mut self, span: Span, label: impl Into<String>) -> Self {
        if span != Span::NONE {
            self.related.push((span, label.into()));
        }
        self
    }

    /// Sets the way out.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

/// All problems of one configuration, in the order they were met.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics {
    items: Vec<Diagnostic>,
    omitted: usize,
    errors: usize,
    sources: Arc<Sources>,
}

impl Diagnostics {
    /// More than this many are only counted.
    pub const LIMIT: usize = 200;

    /// None yet, about a document read from `sources`.
    pub fn about(sources: &Arc<Sources>) -> Self {
        Diagnostics { sources: sources.clone(), ..Self::default() }
    }

    pub(crate) fn attach(&mut self, sources: &Arc<Sources>) {
        self.sources = sources.clone();
    }

    /// Adds a problem.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.errors += usize::from(diagnostic.severity == Severity::Error);
        if self.items.len() < Self::LIMIT {
            self.items.push(diagnostic);
        } else {
            self.omitted += 1;
        }
    }

    /// Adds a problem that several scopes inherit, unless it is there already.
    pub(crate) fn push_once(&mut self, diagnostic: Diagnostic) {
        if !self.items.contains(&diagnostic) {
            self.push(diagnostic);
        }
    }

    pub(crate) fn explain_last(&mut self, span: Span, label: &str) {
        if let Some(last) = self.items.last_mut() {
            last.related.push((span, label.into()));
        }
    }

    /// Adds all problems of `other`, which must be about the same sources.
    pub fn append(&mut self, other: Diagnostics) {
        let errors = other.errors;
        let kept = other.items.iter().filter(|d| d.severity == Severity::Error).count();
        other.items.into_iter().for_each(|diagnostic| self.push(diagnostic));
        self.omitted += other.omitted;
        self.errors += errors - kept;
    }

    /// Those that the configuration is refused for.
    #[must_use]
    pub fn into_errors(mut self) -> Self {
        self.items.retain(|diagnostic| diagnostic.severity == Severity::Error);
        self.omitted = self.errors - self.items.len();
        self
    }

    /// True when the configuration must be refused.
    pub fn has_errors(&self) -> bool {
        self.errors > 0
    }

    /// True when there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The problems, up to [`Self::LIMIT`].
    pub fn iter(&self) -> std::slice::Iter<'_, Diagnostic> {
        self.items.iter()
    }

    /// Where a problem is.
    pub fn location(&self, diagnostic: &Diagnostic) -> Option<Location> {
        self.sources.location(diagnostic.place.as_ref()?.0)
    }

    /// One line, the form of log messages and command answers: `message (file:line:column)`.
    pub fn one_line(&self, diagnostic: &Diagnostic) -> String {
        let mut line = diagnostic.message.clone();
        if let Some(location) = self.location(diagnostic) {
            line = format!("{line} ({location})");
        }
        match &diagnostic.hint {
            Some(hint) => format!("{line}; {hint}"),
            None => line,
        }
    }

    /// The first error in one line: what `config-test` answers and `-t` prints first.
    pub fn first_error(&self) -> Option<String> {
        let first = self.iter().find(|diagnostic| diagnostic.severity == Severity::Error)?;
        Some(self.one_line(first))
    }

    /// All problems with excerpts of the text, plain ASCII.
    pub fn render(&self) -> String {
        self.to_string()
    }

    fn render_one(&self, renderer: &Renderer, diagnostic: &Diagnostic) -> String {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
        };
        let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()));
        let primary = diagnostic.place.iter().map(|place| (AnnotationKind::Primary, place));
        let related = diagnostic.related.iter().map(|place| (AnnotationKind::Context, place));
        for (kind, (span, label)) in primary.chain(related) {
            let Some((line, offset, text)) = self.sources.lines_around(*span) else {
                let place = self.sources.location(*span).map(|location| location.to_string());
                group = group.elements(place.map(Origin::path));
                continue;
            };
            let start = (span.start as usize - offset).min(text.len());
            // A problem that spans many lines is shown where it begins.
            let first_line = text.split('\n').next().unwrap_or_default();
            let end = (span.end as usize).saturating_sub(offset).clamp(start, text.len());
            let end = if first_line.len() >= start { end.min(first_line.len()) } else { end };
            let path = self.sources.name(span.file).map(ToString::to_string);
            let mut annotation = kind.span(start..end.max(start));
            if !label.is_empty() {
                annotation = annotation.label(label.as_str());
            }
            group = group.element(
                Snippet::source(first_line).line_start(line).path(path).annotation(annotation),
            );
        }
        let mut report: Vec<Group<'_>> = vec![group];
        if let Some(hint) = &diagnostic.hint {
            report.push(Group::with_title(Level::HELP.secondary_title(hint.as_str())));
        }
        renderer.render(&report)
    }
}

/// All problems with excerpts, in the manner of a compiler.
impl fmt::Display for Diagnostics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let renderer = Renderer::plain().decor_style(DecorStyle::Ascii);
        for diagnostic in &self.items {
            writeln!(f, "{}\n", self.render_one(&renderer, diagnostic))?;
        }
        if self.omitted > 0 {
            writeln!(f, "and {} more", self.omitted)?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostics {}

/// The candidate nearest to `word`, if it is near enough to be meant.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl Iterator<Item = &'a str>,
) -> Option<&'a str> {
    // Long inputs are no misspelling, and the distance is quadratic.
    if word.len() > 64 {
        return None;
    }
    let limit = (word.chars().count() / 3).max(1);
    candidates
        .map(|candidate| (distance(word, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits (insert, delete, replace, swap of neighbours) between two words, case ignored.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().map(|c| c.to_ascii_lowercase()).collect();
    let b: Vec<char> = b.chars().map(|c| c.to_ascii_lowercase()).collect();
    let width = b.len() + 1;
    let mut table = vec![0usize; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            let cell = if i == 0 || j == 0 {
                i + j
            } else {
                let same = a[i - 1] == b[j - 1];
                let mut best = (table[(i - 1) * width + j] + 1)
                    .min(table[i * width + j - 1] + 1)
                    .min(table[(i - 1) * width + j - 1] + usize::from(!same));
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(table[(i - 2) * width + j - 2] + 1);
                }
                best
            };
            table[i * width + j] = cell;
        }
    }
    table[a.len() * width + b.len()]
}
