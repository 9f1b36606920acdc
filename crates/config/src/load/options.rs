//! `option-def` and `option-data`.

use std::sync::Arc;

use hashbrown::HashMap;
use kea_expr::ClassId;
use kea_options::{
    Definition, DefinitionText, EncodedOption, OptionDataError, OptionText, OptionTextError,
    Registry, is_option_name, may_be_class_scoped,
};

use super::section::Section;
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::document::Span;
use crate::schema::Scope;
use crate::snapshot::{ConfiguredOption, Dialect, OptionSet, Sending};

/// Reads option data. Knows the definitions of the whole configuration.
pub(crate) struct OptionReader<F> {
    pub(crate) registry: Arc<Registry<F>>,
    spaces: HashMap<Box<str>, Arc<str>>,
    none: Arc<OptionSet>,
}

impl<F: Dialect> OptionReader<F> {
    /// Reads the global definitions: they hold wherever option data stands.
    pub(crate) fn new(global: Section<'_>, diagnostics: &mut Diagnostics) -> Self {
        let mut registry = Registry::standard();
        for (definition, span) in definitions(global, diagnostics) {
            define(&mut registry, definition, span, diagnostics);
        }
        Self::of(Arc::new(registry))
    }

    /// Reads by definitions that are known.
    pub(crate) fn of(registry: Arc<Registry<F>>) -> Self {
        OptionReader { registry, spaces: HashMap::new(), none: Arc::default() }
    }

    /// The definitions of a class. They hold for its own option data, before the global ones.
    pub(crate) fn of_class(
        &self,
        class: Section<'_>,
        global: Section<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Option<(Self, Box<[Definition<F>]>)> {
        class.node("option-def")?;
        let mut registry = Registry::standard();
        let mut own = Vec::new();
        for (definition, span) in definitions::<F>(class, diagnostics) {
            let code = definition.code();
            if definition.space() != F::OPTION_SPACE || !may_be_class_scoped(code) {
                diagnostics.push(
                    Diagnostic::error(format!("a class cannot define option {code}"))
                        .at(span, "")
                        .hint("classes define option 43 and the private options 224 to 254"),
                );
                continue;
            }
            own.push(definition.clone());
            define(&mut registry, definition, span, diagnostics);
        }
        for (definition, _) in definitions::<F>(global, &mut Diagnostics::default()) {
            // Conflicts among these have been reported; with the class's own, the class wins.
            let _ = registry.define(definition);
        }
        let reader = OptionReader {
            registry: Arc::new(registry),
            spaces: HashMap::new(),
            none: self.none.clone(),
        };
        Some((reader, own.into()))
    }

    /// The options of one scope. `number` gives names of classes their numbers.
    pub(crate) fn read(
        &mut self,
        scope: Section<'_>,
        number: &mut dyn FnMut(&str) -> ClassId,
        diagnostics: &mut Diagnostics,
    ) -> Arc<OptionSet> {
        let mut encoded: Vec<(EncodedOption, Section<'_>, Sending)> = Vec::new();
        for entry in scope.sections("option-data", Scope::OptionData) {
            let Some(option) = self.encode(entry, diagnostics) else { continue };
            let sending = Sending {
                always: entry.boolean_or_default("always-send"),
                never: entry.boolean_or_default("never-send"),
            };
            let twin = encoded.iter_mut().find(|(other, other_entry, _)| {
                (&other.space, other.code) == (&option.space, option.code)
                    && !entry.has("client-classes")
                    && !other_entry.has("client-classes")
                    && !self.registry.may_repeat(&option.space, option.code)
            });
            if let Some(twin) = twin {
                let message =
                    format!("option {} is given twice in this scope; this one counts", option.code);
                let warning = Diagnostic::warning(message).at(entry.head(), "");
                diagnostics.push(warning.also(twin.1.head(), "first given here"));
                // How it is sent holds, as it does between scopes.
                *twin = (option, entry, twin.2 | sending);
                continue;
            }
            encoded.push((option, entry, sending));
        }
        if encoded.is_empty() {
            return self.none.clone();
        }
        let siblings: Vec<_> = encoded.iter().map(|(option, ..)| option.clone()).collect();
        let assembled = encoded.iter().filter_map(|(option, entry, sending)| {
            // What goes into a vendor container depends on the query: only its own data is kept.
            if option.space == F::OPTION_SPACE && option.code == vendor_container::<F>() {
                return Some((option, option.data.clone(), entry, *sending));
            }
            match self.registry.assemble(option, &siblings) {
                Ok(data) => Some((option, data, entry, *sending)),
                Err(error) => {
                    diagnostics.push(Diagnostic::error(error.to_string()).at(entry.head(), ""));
                    None
                }
            }
        });
        let assembled: Vec<_> = assembled.collect();
        let options = assembled.into_iter().map(|(option, data, entry, sending)| {
            let space = match self.spaces.get(option.space.as_str()) {
                Some(space) => space.clone(),
                None => {
                    let space: Arc<str> = option.space.as_str().into();
                    self.spaces.insert(option.space.as_str().into(), space.clone());
                    space
                }
            };
            let mut configured = ConfiguredOption::new(space, option.code, data);
            configured.repeats = self.registry.may_repeat(&option.space, option.code);
            configured.sending = sending;
            configured.classes =
                entry.texts("client-classes").map(|(name, _)| number(name)).collect();
            configured
        });
        Arc::new(OptionSet::new(options.collect()))
    }

    fn encode(&self, entry: Section<'_>, diagnostics: &mut Diagnostics) -> Option<EncodedOption> {
        if let Some(space) = entry.some_text("space").filter(|space| !is_option_name(space)) {
            let message = format!("'{space}' is not a valid option space name");
            diagnostics.push(Diagnostic::error(message).at(entry.span_of("space"), ""));
            return None;
        }
        let text = OptionText {
            space: entry.some_text("space"),
            code: entry.u16("code"),
            name: entry.some_text("name"),
            csv_format: entry.boolean("csv-format"),
            data: entry.text("data").unwrap_or(""),
        };
        match self.registry.encode(&text) {
            Ok(option) => {
                if text.csv_format != Some(false)
                    && let Ok((_, Some(definition))) = self.registry.resolve(&text)
                    && let Some(offset) = definition.surplus_offset(text.data)
                {
                    let span = entry.span_of("data").inside(offset..text.data.len());
                    let message = format!(
                        "option '{}' has no place for this; it is ignored",
                        definition.name()
                    );
                    diagnostics.push(Diagnostic::warning(message).at(span, ""));
                }
                Some(option)
            }
            Err(error) => {
                diagnostics.push(problem(&error, entry, text.data));
                None
            }
        }
    }
}

/// The option that holds vendors' options: 125 (RFC 3925), or 17 (RFC 9915 section 21.17).
fn vendor_container<F: Dialect>() -> u16 {
    if F::VERSION == 4 { 125 } else { 17 }
}

fn problem(error: &OptionDataError, entry: Section<'_>, data: &str) -> Diagnostic {
    let diagnostic = Diagnostic::error(error.to_string());
    match error {
        OptionDataError::Unidentified => diagnostic.at(entry.head(), ""),
        OptionDataError::UnknownName { space, name, nearest } => {
            let plain = Diagnostic::error(format!("space '{space}' has no option '{name}'"))
                .at(entry.span_of("name"), "");
            match nearest {
                Some(near) => plain.hint(format!("did you mean '{near}'?")),
                None => plain.hint("give its 'code', or define it with 'option-def'"),
            }
        }
        OptionDataError::Disagreement { .. } | OptionDataError::CodeOutOfRange { .. } => {
            diagnostic.at(entry.span_of("code"), "")
        }
        OptionDataError::NoDefinition { .. } => diagnostic.at(entry.span_of("csv-format"), ""),
        OptionDataError::Data(error) => {
            let span = entry.span_of("data");
            let place = match error {
                OptionTextError::Field { offset, .. } => {
                    let rest = data.get(*offset..).unwrap_or("");
                    let field = rest.split(',').next().unwrap_or("").trim_end();
                    span.inside(*offset..offset + field.len().max(1))
                }
                OptionTextError::Hex { offset, .. } => span.inside(*offset..offset + 1),
                _ => span,
            };
            let name = entry.text("name").map(ToOwned::to_owned);
            let code = || entry.integer("code").map(|code| code.to_string());
            let option = name.or_else(code).unwrap_or_default();
            Diagnostic::error(format!("option '{option}': {error}")).at(place, "")
        }
    }
}

fn definitions<F: Dialect>(
    section: Section<'_>,
    diagnostics: &mut Diagnostics,
) -> Vec<(Definition<F>, Span)> {
    let mut read = Vec::new();
    for entry in section.sections("option-def", Scope::OptionDef) {
        // What is missing has been reported.
        let (Some(name), Some(code), Some(data_type)) =
            (entry.text("name"), entry.integer("code"), entry.text("type"))
        else {
            continue;
        };
        let text = DefinitionText {
            name,
            code,
            space: entry.some_text("space"),
            data_type,
            array: entry.boolean_or_default("array"),
            record_types: entry.text("record-types").unwrap_or(""),
            encapsulate: entry.text("encapsulate").unwrap_or(""),
        };
        match Definition::custom(&text) {
            Ok(definition) => read.push((definition, entry.head())),
            Err(error) => {
                diagnostics.push(Diagnostic::error(error.to_string()).at(entry.head(), ""));
            }
        }
    }
    read
}

fn define<F: Dialect>(
    registry: &mut Registry<F>,
    definition: Definition<F>,
    span: Span,
    diagnostics: &mut Diagnostics,
) {
    if let Err(error) = registry.define(definition) {
        diagnostics.push(Diagnostic::error(error.to_string()).at(span, ""));
    }
}
