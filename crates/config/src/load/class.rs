//! Client classes: definitions in order, and the names used elsewhere.

use std::sync::Arc;

use hashbrown::{HashMap, HashSet};
use kea_expr::{
    ClassDefinition, ClassFault, ClassId, ClassListBuilder, OptionNames, OptionPlace, Origin,
    is_builtin,
};
use kea_options::{Definition, Registry};
use kea_wire::Family;

use super::network::class_triplet;
use super::options::OptionReader;
use super::section::Section;
use super::user_context;
use crate::diagnostics::{Diagnostic, Diagnostics, nearest};
use crate::document::Span;
use crate::schema::Scope;
use crate::snapshot::{Class, Classes, Dialect, Guard};

/// The classes so far, and the numbers of names.
pub(crate) struct ClassReader<'o, F: Dialect> {
    builder: ClassListBuilder<'o, F>,
    defined: Vec<Class<F>>,
    by_id: HashMap<ClassId, u32>,
    /// Names that a warning has been given about.
    warned: HashSet<ClassId>,
    /// Classes of which membership has an effect: they are mentioned, or give something.
    used: HashSet<ClassId>,
}

impl<'o, F: Dialect> ClassReader<'o, F> {
    /// Reads `client-classes` of the global scope.
    pub(crate) fn new(
        global: Section<'_>,
        options: &mut OptionReader<F>,
        names: &'o DefinedNames<F>,
        diagnostics: &mut Diagnostics,
    ) -> Self {
        let mut reader = ClassReader {
            builder: ClassListBuilder::new(names),
            defined: Vec::new(),
            by_id: HashMap::new(),
            warned: HashSet::new(),
            used: HashSet::new(),
        };
        let mut places: HashMap<&str, Span> = HashMap::new();
        for section in global.sections("client-classes", Scope::Class) {
            let Some(name) = section.text("name") else { continue };
            let place = section.span_of("name");
            if let Some(first) = places.get(name) {
                diagnostics.push(
                    Diagnostic::error(format!("class '{name}' is defined twice"))
                        .at(place, "")
                        .also(*first, "first defined here"),
                );
                continue;
            }
            places.insert(name, place);
            if let Some(id) = reader.define(section, name, diagnostics) {
                let class = reader.describe(section, global, (id, name), options, diagnostics);
                reader.by_id.insert(id, reader.defined.len() as u32);
                if READ_BY_THE_SERVER.contains(&name) || section.names().any(gives_something) {
                    reader.used.insert(id);
                }
                reader.defined.push(class);
            }
        }
        reader
    }

    /// The number of a name that something is made dependent on.
    pub(crate) fn intern(&mut self, name: &str) -> ClassId {
        let id = self.builder.names_mut().intern(name);
        self.used.insert(id);
        id
    }

    /// All classes. Those that change nothing need not be found, as long as nobody looks at them.
    pub(crate) fn finish(self) -> Classes<F> {
        let mut list = self.builder.finish();
        list.retain_useful(|class| self.used.contains(&class));
        Classes { list, defined: self.defined.into(), by_id: self.by_id }
    }

    fn define(
        &mut self,
        section: Section<'_>,
        name: &str,
        diagnostics: &mut Diagnostics,
    ) -> Option<ClassId> {
        let definition = ClassDefinition {
            name,
            test: section.some_text("test"),
            template_test: section.some_text("template-test"),
            only_if_required: section.boolean_or_default("only-if-required")
                || section.boolean_or_default("only-in-additional-list"),
        };
        match self.builder.add(definition) {
            Ok(id) => Some(id),
            Err(error) => {
                diagnostics.push(problem(&error.fault, name, section));
                // The name exists all the same: what depends on it is not wrong as well.
                let bare = ClassDefinition { name, ..ClassDefinition::default() };
                self.builder.add(bare).ok()
            }
        }
    }

    fn describe(
        &mut self,
        section: Section<'_>,
        global: Section<'_>,
        (id, name): (ClassId, &str),
        options: &mut OptionReader<F>,
        diagnostics: &mut Diagnostics,
    ) -> Class<F> {
        let (own_options, definitions) = match options.of_class(section, global, diagnostics) {
            Some((mut reader, definitions)) => {
                let number = &mut |name: &str| self.intern(name);
                (reader.read(section, number, diagnostics), definitions)
            }
            None => {
                let number = &mut |name: &str| self.intern(name);
                (options.read(section, number, diagnostics), Box::default())
            }
        };
        Class {
            id,
            name: name.into(),
            options: own_options,
            definitions,
            valid: class_triplet(section, "valid-lifetime", diagnostics),
            offer_lifetime: section.u32("offer-lifetime"),
            specific: F::read_class(section, diagnostics),
            user_context: user_context(section, diagnostics),
        }
    }

    /// The classes that may be served in a scope: `client-class`, or the list `client-classes`.
    pub(crate) fn guard(&mut self, section: Section<'_>, diagnostics: &mut Diagnostics) -> Guard {
        only_one(section, "client-class", "client-classes", diagnostics);
        let single = section.some_text("client-class");
        let single = single.map(|name| (name, section.span_of("client-class")));
        let named = single.into_iter().chain(section.texts("client-classes"));
        Guard(self.mentioned(named, diagnostics))
    }

    /// The classes to evaluate once a lease is chosen in a scope.
    pub(crate) fn additional(
        &mut self,
        section: Section<'_>,
        diagnostics: &mut Diagnostics,
    ) -> Box<[ClassId]> {
        let (old, new) = ("require-client-classes", "evaluate-additional-classes");
        only_one(section, old, new, diagnostics);
        self.mentioned(section.texts(old).chain(section.texts(new)), diagnostics)
    }

    /// Numbers for names that a scope mentions; a name that nothing defines is worth a warning.
    pub(crate) fn mentioned<'d>(
        &mut self,
        names: impl Iterator<Item = (&'d str, Span)>,
        diagnostics: &mut Diagnostics,
    ) -> Box<[ClassId]> {
        let mut ids = Vec::new();
        for (name, span) in names {
            let id = self.intern(name);
            if !self.by_id.contains_key(&id) && !is_builtin(name) && self.warned.insert(id) {
                let warning =
                    Diagnostic::warning(format!("class '{name}' is not defined")).at(span, "");
                let defined = self.defined.iter().map(|class| &*class.name);
                diagnostics.push(match nearest(name, defined) {
                    Some(near) => warning.hint(format!("did you mean '{near}'?")),
                    None => warning.hint("only a hook can make a client a member"),
                });
            }
            ids.push(id);
        }
        ids.into()
    }
}

/// Classes that the server itself looks for.
const READ_BY_THE_SERVER: [&str; 3] = ["DROP", "REJECT", "SKIP_DDNS"];

/// False for parameters that say who is a member, or nothing at all. A template also gives the classes
/// that it spawns.
fn gives_something(parameter: &str) -> bool {
    let inert =
        ["name", "test", "only-if-required", "only-in-additional-list", "comment", "user-context"];
    !inert.contains(&parameter)
}

fn problem(fault: &ClassFault, name: &str, section: Section<'_>) -> Diagnostic {
    let key = if section.has("test") { "test" } else { "template-test" };
    let text = section.text(key).unwrap_or("");
    let inside = |span: &kea_expr::Span| {
        let start = (span.start as usize).min(text.len().saturating_sub(1));
        section.span_of(key).inside(start..(span.end as usize).max(start + 1))
    };
    match fault {
        ClassFault::Expression(error) => {
            Diagnostic::error(format!("class '{name}': {}", error.fault))
                .at(inside(&error.span), "")
        }
        ClassFault::Undefined { name: other, span, suggestion } => {
            let message = format!(
                "class '{name}' depends on class '{other}', which is not defined before it"
            );
            let problem = Diagnostic::error(message).at(inside(span), "");
            match suggestion {
                Some(near) => problem.hint(format!("did you mean '{near}'?")),
                None => problem.hint("classes are evaluated in the order of their definitions"),
            }
        }
        ClassFault::OnItself(span) => {
            Diagnostic::error(format!("class '{name}' depends on itself")).at(inside(span), "")
        }
        ClassFault::TwoTests => Diagnostic::error("a class has either 'test' or 'template-test'")
            .at(section.span_of("template-test"), "")
            .also(section.span_of("test"), "the other one"),
        ClassFault::NoName => {
            Diagnostic::error("a class needs a name").at(section.span_of("name"), "")
        }
        ClassFault::Duplicate => Diagnostic::error(format!("class '{name}' is defined twice"))
            .at(section.span_of("name"), ""),
        ClassFault::DropOnRequest => Diagnostic::error(format!(
            "class '{name}' cannot be 'only-if-required': a required class comes too late to drop anything"
        ))
        .at(section.span_of("only-if-required"), ""),
        ClassFault::ServerDecides => Diagnostic::error(format!(
            "class '{name}' is built in: it takes neither a test nor 'only-if-required'"
        ))
        .at(section.span_of(key), ""),
    }
}

/// Reports two names of one thing in one scope.
fn only_one(section: Section<'_>, old: &str, new: &str, diagnostics: &mut Diagnostics) {
    if section.has(old) && section.has(new) {
        diagnostics.push(
            Diagnostic::error(format!("'{old}' and '{new}' are the same thing: give one"))
                .at(section.span_of(new), "")
                .also(section.span_of(old), "the other one"),
        );
    }
}

/// `option[name]` in expressions, by the definitions of the configuration.
pub(crate) struct DefinedNames<F>(pub(crate) Arc<Registry<F>>);

impl<F: Family> DefinedNames<F> {
    fn space(&self, place: OptionPlace<'_>) -> Option<String> {
        let mut space = match place.origin {
            Origin::Packet | Origin::Relay6(_) => F::OPTION_SPACE.to_owned(),
            Origin::Relay4 => self.0.by_code(F::OPTION_SPACE, 82)?.encapsulates()?.to_owned(),
            Origin::Vendor(Some(enterprise)) | Origin::VendorClass(Some(enterprise)) => {
                format!("vendor-{enterprise}")
            }
            Origin::Vendor(None) | Origin::VendorClass(None) => return None,
        };
        for code in place.parents {
            space = self.0.by_code(&space, *code)?.encapsulates()?.to_owned();
        }
        Some(space)
    }
}

impl<F: Family> OptionNames for DefinedNames<F> {
    fn code(&self, place: OptionPlace<'_>, name: &str) -> Option<u16> {
        self.0.by_name(&self.space(place)?, name).map(Definition::code)
    }

    fn for_each_name(&self, place: OptionPlace<'_>, visit: &mut dyn FnMut(&str)) {
        if let Some(space) = self.space(place) {
            self.0.definitions(&space).for_each(|definition| visit(definition.name()));
        }
    }
}
