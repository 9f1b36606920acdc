//! The class definitions of a configuration, and which of them a packet satisfies.
//!
//! Definitions are evaluated in configuration order, in two passes (chapter "Classification
//! Steps"): first those that depend on the packet alone, later, when reservations have been looked
//! up, those that depend on the class `KNOWN` or `UNKNOWN`, directly or through other classes. Those
//! marked for evaluation on request belong to neither pass.

use std::collections::HashMap;
use std::fmt::{self, Display};
use std::marker::PhantomData;

use kea_wire::Family;

use super::name::{ClassId, ClassNames, is_builtin};
use super::set::ClassSet;
use crate::ast::Expr;
use crate::compile::{OptionNames, StringExpr, Test};
use crate::error::{ExprError, Span, nearest};
use crate::eval::{EvalError, Scratch};
use crate::facts::Facts;
use crate::parse::{parse_string, parse_test};
use crate::subject::{Asked, Subjects};
use crate::trace::{NoTrace, Step, Trace, Tracer};

/// What a configuration says about a class, as far as membership is concerned.
#[derive(Clone, Copy, Debug, Default)]
pub struct ClassDefinition<'a> {
    /// `name`.
    pub name: &'a str,
    /// `test`.
    pub test: Option<&'a str>,
    /// `template-test`.
    pub template_test: Option<&'a str>,
    /// `only-if-required`, newer name `only-in-additional-list`.
    pub only_if_required: bool,
}

/// A definition that cannot be accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClassError {
    /// The name of the class.
    pub class: Box<str>,
    /// What is wrong.
    pub fault: ClassFault,
}

/// What can be wrong with a class definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ClassFault {
    /// The name is empty.
    NoName,
    /// An earlier definition has the same name.
    Duplicate,
    /// Both `test` and `template-test` are given.
    TwoTests,
    /// The expression is wrong.
    Expression(ExprError),
    /// The expression depends on a class that is neither built-in nor defined earlier.
    Undefined {
        /// That class.
        name: Box<str>,
        /// Where the expression names it.
        span: Span,
        /// The nearest name of an earlier definition.
        suggestion: Option<Box<str>>,
    },
    /// The expression depends on the class itself.
    OnItself(Span),
    /// The server alone decides who is in `ALL`, `KNOWN`, `UNKNOWN` or `BOOTP`: a test or
    /// `only-if-required` has no place there.
    ServerDecides,
    /// Classes that are required come too late for `DROP`.
    DropOnRequest,
}

impl Display for ClassError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "class '{}': ", self.class)?;
        match &self.fault {
            ClassFault::NoName => f.write_str("the name is empty"),
            ClassFault::Duplicate => f.write_str("the name is defined twice"),
            ClassFault::TwoTests => f.write_str("'test' and 'template-test' exclude each other"),
            ClassFault::Expression(error) => error.fmt(f),
            ClassFault::Undefined { name, span, suggestion } => {
                write!(
                    f,
                    "position {}: class '{name}' is not defined before this one",
                    span.start + 1
                )?;
                match suggestion {
                    Some(near) => write!(f, "; did you mean '{near}'?"),
                    None => Ok(()),
                }
            }
            ClassFault::OnItself(span) => {
                write!(f, "position {}: a class cannot depend on itself", span.start + 1)
            }
            ClassFault::DropOnRequest => {
                f.write_str("this class is not evaluated on request: it would come too late")
            }
            ClassFault::ServerDecides => {
                f.write_str("this class is built in: it takes neither a test nor only-if-required")
            }
        }
    }
}

impl std::error::Error for ClassError {}

/// How a class gets members.
#[derive(Clone, Debug)]
pub enum TestKind {
    /// By reservation, hook or server only.
    None,
    /// By a test that is true.
    Test(Test),
    /// By a string that is not empty, which also names the spawned class.
    Template(StringExpr),
}

/// A checked definition.
#[derive(Clone, Debug)]
pub struct Class {
    /// Its number.
    pub id: ClassId,
    /// How it gets members.
    pub test: TestKind,
    /// Its `test` or `template-test` as written; empty without one.
    pub expression: Box<str>,
    /// Evaluated only on request.
    pub only_if_required: bool,
    /// Depends on `KNOWN` or `UNKNOWN`, directly or through others.
    pub depends_on_known: bool,
    dependencies: Box<[ClassId]>,
}

impl Class {
    /// True when the test names that class.
    pub fn depends_on(&self, other: ClassId) -> bool {
        self.dependencies.contains(&other)
    }
}

/// Collects definitions in configuration order.
pub struct ClassListBuilder<'a, F> {
    options: &'a dyn OptionNames,
    names: ClassNames,
    classes: Vec<Class>,
    /// Places in `classes`.
    places: HashMap<ClassId, usize>,
    subjects: Subjects,
    family: PhantomData<F>,
}

impl<'a, F: Family> ClassListBuilder<'a, F> {
    /// No definitions yet.
    pub fn new(options: &'a dyn OptionNames) -> Self {
        ClassListBuilder {
            options,
            names: ClassNames::new(),
            classes: Vec::new(),
            places: HashMap::new(),
            subjects: Subjects::default(),
            family: PhantomData,
        }
    }

    /// Checks and compiles the next definition.
    pub fn add(&mut self, definition: ClassDefinition<'_>) -> Result<ClassId, ClassError> {
        let name = definition.name;
        self.checked(definition).map_err(|fault| ClassError { class: name.into(), fault })
    }

    /// The names so far; others that the configuration mentions may be added.
    pub fn names_mut(&mut self) -> &mut ClassNames {
        &mut self.names
    }

    /// The finished list.
    pub fn finish(self) -> ClassList {
        let mut list = ClassList {
            names: self.names,
            places: Vec::new(),
            classes: self.classes.into(),
            subjects: self.subjects,
            first_pass: Pass::default(),
            second_pass: Pass::default(),
        };
        list.places = vec![None; list.names.len()];
        for (place, class) in list.classes.iter().enumerate() {
            list.places[class.id.index()] = Some(place as u32);
        }
        list.plan(|_| true);
        list
    }

    fn checked(&mut self, definition: ClassDefinition<'_>) -> Result<ClassId, ClassFault> {
        let ClassDefinition { name, only_if_required, .. } = definition;
        if name.is_empty() {
            return Err(ClassFault::NoName);
        }
        if self.defined(name).is_some() {
            return Err(ClassFault::Duplicate);
        }
        let ClassDefinition { test, template_test, .. } = definition;
        let has_test = test.is_some() || template_test.is_some() || only_if_required;
        if has_test && SERVER_DECIDES.contains(&name) {
            return Err(ClassFault::ServerDecides);
        }
        if only_if_required && name == "DROP" {
            return Err(ClassFault::DropOnRequest);
        }
        let (test, dependencies) = match (test, template_test) {
            (Some(_), Some(_)) => return Err(ClassFault::TwoTests),
            (None, None) => (TestKind::None, Vec::new()),
            (Some(text), None) => {
                let expr = parse_test::<F>(text).map_err(ClassFault::Expression)?;
                let dependencies = self.dependencies(definition, &expr)?;
                let (names, subjects) = (&mut self.names, &mut self.subjects);
                let test = Test::compile_sharing(&expr, self.options, names, subjects);
                (TestKind::Test(test.map_err(ClassFault::Expression)?), dependencies)
            }
            (None, Some(text)) => {
                let expr = parse_string::<F>(text).map_err(ClassFault::Expression)?;
                let dependencies = self.dependencies(definition, &expr)?;
                let template = StringExpr::compile(&expr, self.options, &mut self.names);
                (TestKind::Template(template.map_err(ClassFault::Expression)?), dependencies)
            }
        };
        let depends_on_known = dependencies.iter().any(|&class| {
            class == ClassId::KNOWN
                || class == ClassId::UNKNOWN
                || self.class(class).is_some_and(|class| class.depends_on_known)
        });
        let id = self.names.intern(name);
        let dependencies = dependencies.into();
        self.places.insert(id, self.classes.len());
        let expression = definition.test.or(definition.template_test).unwrap_or_default().into();
        self.classes.push(Class {
            id,
            test,
            expression,
            only_if_required,
            depends_on_known,
            dependencies,
        });
        Ok(id)
    }

    fn dependencies(
        &mut self,
        definition: ClassDefinition<'_>,
        expr: &Expr,
    ) -> Result<Vec<ClassId>, ClassFault> {
        let mut dependencies = Vec::new();
        let mut fault = None;
        expr.for_each_class(&mut |name, span| {
            let checked = self.dependency(definition, name, span);
            match checked {
                Ok(class) => dependencies.push(class),
                Err(error) => fault = fault.take().or(Some(error)),
            }
        });
        fault.map_or(Ok(dependencies), Err)
    }

    fn dependency(
        &mut self,
        definition: ClassDefinition<'_>,
        name: &str,
        span: Span,
    ) -> Result<ClassId, ClassFault> {
        if let Some(class) = self.defined(name) {
            return Ok(class.id);
        }
        if is_builtin(name) {
            return Ok(self.names.intern(name));
        }
        if name == definition.name {
            return Err(ClassFault::OnItself(span));
        }
        let earlier = self.classes.iter().map(|class| self.names.name(class.id));
        let suggestion = nearest(name, earlier);
        Err(ClassFault::Undefined { name: name.into(), span, suggestion })
    }

    fn defined(&self, name: &str) -> Option<&Class> {
        self.class(self.names.id(name)?)
    }

    fn class(&self, id: ClassId) -> Option<&Class> {
        self.classes.get(*self.places.get(&id)?)
    }
}

/// The class definitions of a configuration, ready for packets. The default has none.
#[derive(Clone, Debug, Default)]
pub struct ClassList {
    names: ClassNames,
    /// By number of the class: its place in `classes`.
    places: Vec<Option<u32>>,
    classes: Box<[Class]>,
    /// What the tests share.
    subjects: Subjects,
    first_pass: Pass,
    second_pass: Pass,
}

/// Classes to be evaluated one after the other.
#[derive(Clone, Debug, Default)]
struct Pass {
    all: Box<[Planned]>,
    /// Those of which membership has an effect.
    useful: Box<[Planned]>,
}

/// A class of a pass. As a rule this is all of it that is read.
#[derive(Clone, Copy, Debug)]
struct Planned {
    id: ClassId,
    /// Its place in the list.
    place: u32,
    /// The comparison that is all of its test.
    asked: Option<Asked>,
}

/// What became of an evaluated class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Membership {
    /// The packet joined.
    Joined,
    /// The packet was a member before.
    Already,
    /// The test is false, or the template gave an empty string.
    NotMatched,
    /// The evaluation failed, which counts as not matched.
    Failed(EvalError),
    /// The class is defined without a test and so cannot be required (`DHCP4_CLASS_UNTESTABLE`).
    Untestable,
    /// The class is not defined (`DHCP4_CLASS_UNDEFINED`).
    Undefined,
}

/// How much an [`Observer`] wants to know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Interest {
    /// Nothing: classes without any effect need not be evaluated.
    Effects,
    /// In which classes the packet is, whether that has an effect or not.
    Memberships,
    /// Also the steps that led to each result.
    Steps,
}

/// Who learns what became of each evaluated class, for logs.
pub trait Observer {
    /// Asked once for each pass.
    fn interest(&self) -> Interest;

    /// Called once for each class, in order of evaluation. Without interest in steps there are none.
    fn evaluated(&mut self, class: ClassId, membership: Membership, steps: Vec<Step>);
}

/// Nobody.
impl Observer for () {
    fn interest(&self) -> Interest {
        Interest::Effects
    }

    fn evaluated(&mut self, _: ClassId, _: Membership, _: Vec<Step>) {}
}

/// Who wants to know all memberships.
impl<T: FnMut(ClassId, Membership)> Observer for T {
    fn interest(&self) -> Interest {
        Interest::Memberships
    }

    fn evaluated(&mut self, class: ClassId, membership: Membership, _: Vec<Step>) {
        self(class, membership);
    }
}

impl ClassList {
    /// The names that its classes, and those they depend on, are numbered with.
    pub fn names(&self) -> &ClassNames {
        &self.names
    }

    /// The names, to add those that guards, reservations and hook parameters mention.
    pub fn names_mut(&mut self) -> &mut ClassNames {
        &mut self.names
    }

    /// The definitions in configuration order.
    pub fn classes(&self) -> &[Class] {
        &self.classes
    }

    /// The definition of a class.
    pub fn class(&self, id: ClassId) -> Option<&Class> {
        let place = self.places.get(id.index()).copied().flatten()?;
        self.classes.get(place as usize)
    }

    /// First pass: joins the classes whose tests depend on the packet alone.
    pub fn classify<F: Facts + ?Sized>(
        &self,
        facts: &F,
        set: &mut ClassSet,
        scratch: &mut Scratch,
        observer: &mut impl Observer,
    ) {
        self.pass(&self.first_pass, facts, set, scratch, observer);
    }

    /// Second pass, once it is known whether there is a reservation.
    pub fn classify_known<F: Facts + ?Sized>(
        &self,
        facts: &F,
        set: &mut ClassSet,
        scratch: &mut Scratch,
        observer: &mut impl Observer,
    ) {
        self.pass(&self.second_pass, facts, set, scratch, observer);
    }

    /// Evaluates the classes that the chosen network, subnet and pools require, in that order
    /// (`require-client-classes`, newer name `evaluate-additional-classes`).
    pub fn classify_required<F: Facts + ?Sized>(
        &self,
        required: impl IntoIterator<Item = ClassId>,
        facts: &F,
        set: &mut ClassSet,
        scratch: &mut Scratch,
        observer: &mut impl Observer,
    ) {
        scratch.forget();
        for id in required {
            match self.class(id) {
                _ if set.contains(id) => observer.evaluated(id, Membership::Already, Vec::new()),
                None => observer.evaluated(id, Membership::Undefined, Vec::new()),
                Some(class) => self.join(class, facts, set, scratch, observer),
            }
        }
    }

    /// Leaves the classes that a test decided on in either pass, so that it can run again with the
    /// classes of a reservation in the set.
    pub fn forget_tested(&self, set: &mut ClassSet, reserved: impl Fn(ClassId) -> bool) {
        for planned in self.first_pass.all.iter().chain(&self.second_pass.all) {
            if let Some(class) = self.classes.get(planned.place as usize)
                && !reserved(class.id)
            {
                set.remove(class.id);
                if matches!(class.test, TestKind::Template(_)) {
                    set.remove_spawned(&self.names, self.names.name(class.id));
                }
            }
        }
    }

    /// The classes that `used` needs: itself and, transitively, what its tests depend on.
    ///
    /// `used` says for which classes membership has an effect by itself: it guards something, adds
    /// options or lifetimes, or is read by the server or a hook.
    pub fn useful(&self, used: impl Fn(ClassId) -> bool) -> ClassSet {
        let mut useful = ClassSet::new();
        // Dependencies point backwards, so one pass from the end sees each class after its users.
        for class in self.classes.iter().rev() {
            if useful.contains(class.id) || used(class.id) {
                useful.insert(class.id);
                for &dependency in &class.dependencies {
                    useful.insert(dependency);
                }
            }
        }
        useful
    }

    /// Leaves out of both passes what is not [useful](Self::useful), as long as nobody wants to know
    /// of memberships without effect.
    pub fn retain_useful(&mut self, used: impl Fn(ClassId) -> bool) {
        let useful = self.useful(used);
        self.plan(|class| useful.contains(class));
    }

    fn plan(&mut self, is_useful: impl Fn(ClassId) -> bool) {
        let pass = |known: bool| {
            let members = self.classes.iter().enumerate().filter(|(_, class)| {
                !matches!(class.test, TestKind::None)
                    && !class.only_if_required
                    && class.depends_on_known == known
            });
            let planned = |(place, class): (usize, &Class)| {
                let asked = match &class.test {
                    TestKind::Test(test) => test.asked(),
                    TestKind::None | TestKind::Template(_) => None,
                };
                Planned { id: class.id, place: place as u32, asked }
            };
            let useful = members.clone().filter(|(_, class)| is_useful(class.id));
            Pass { useful: useful.map(planned).collect(), all: members.map(planned).collect() }
        };
        (self.first_pass, self.second_pass) = (pass(false), pass(true));
    }

    fn pass<F: Facts + ?Sized>(
        &self,
        pass: &Pass,
        facts: &F,
        set: &mut ClassSet,
        scratch: &mut Scratch,
        observer: &mut impl Observer,
    ) {
        let places = match observer.interest() {
            Interest::Effects => &pass.useful,
            Interest::Memberships | Interest::Steps => &pass.all,
        };
        scratch.forget();
        let wants_steps = observer.interest() == Interest::Steps;
        for &Planned { id, place, asked } in places {
            let known = if wants_steps { None } else { asked.and_then(|it| scratch.known(it)) };
            let membership = match known {
                _ if set.contains(id) => Membership::Already,
                Some(false) => Membership::NotMatched,
                Some(true) => {
                    set.insert(id);
                    Membership::Joined
                }
                None => {
                    if let Some(class) = self.classes.get(place as usize) {
                        self.join(class, facts, set, scratch, observer);
                    }
                    continue;
                }
            };
            observer.evaluated(id, membership, Vec::new());
        }
    }

    fn join<F: Facts + ?Sized>(
        &self,
        class: &Class,
        facts: &F,
        set: &mut ClassSet,
        scratch: &mut Scratch,
        observer: &mut impl Observer,
    ) {
        if observer.interest() < Interest::Steps {
            let membership = self.joined(class, facts, set, scratch, &mut NoTrace);
            observer.evaluated(class.id, membership, Vec::new());
        } else {
            let mut trace = Trace::new(&self.names);
            let membership = self.joined(class, facts, set, scratch, &mut trace);
            observer.evaluated(class.id, membership, trace.into_steps());
        }
    }

    fn joined<F: Facts + ?Sized>(
        &self,
        class: &Class,
        facts: &F,
        set: &mut ClassSet,
        scratch: &mut Scratch,
        trace: &mut impl Tracer,
    ) -> Membership {
        match &class.test {
            TestKind::None => Membership::Untestable,
            TestKind::Test(test) => {
                match test.run(facts, set, scratch, trace, Some(&self.subjects)) {
                    Ok(false) => Membership::NotMatched,
                    Ok(true) => {
                        set.insert(class.id);
                        Membership::Joined
                    }
                    Err(error) => Membership::Failed(error),
                }
            }
            TestKind::Template(template) => match template.run(facts, set, scratch, trace) {
                Ok([]) => Membership::NotMatched,
                Ok(value) => {
                    // First the spawned class, so that its options win over the template's.
                    set.insert_spawned(&self.names, self.names.name(class.id), value);
                    set.insert(class.id);
                    Membership::Joined
                }
                Err(error) => Membership::Failed(error),
            },
        }
    }
}

const SERVER_DECIDES: [&str; 4] = ["ALL", "KNOWN", "UNKNOWN", "BOOTP"];
