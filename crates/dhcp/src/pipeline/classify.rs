//! Which classes a client is in.

use std::fmt::Display;
use std::sync::Arc;

use kea_config::snapshot::{Dialect, Reservation, Subnet};
use kea_expr::{
    ClassId, ClassList, ClassSet, EvalError, Facts, Interest, Membership, Observer, Scratch,
};
use kea_hooks::Point;
use kea_log::message::{self, twin};
use kea_log::{Argument, ClientLabel, find_message, log};

use super::corridor::Corridor;
use super::explain::{Cause, Evaluated, Recorder, Step};
use super::reserve::Reserved;

/// Evaluates classes, query after query, without allocating anew.
#[derive(Debug, Default)]
pub struct Classifier {
    /// The classes of the current query.
    pub classes: ClassSet,
    scratch: Scratch,
    /// Who writes down what is decided, if anybody does.
    pub(crate) recorder: Option<Arc<Recorder>>,
}

impl Classifier {
    /// Evaluates the classes that depend on the packet alone, after those that hooks have put the
    /// client into. `joined` is a class that the server itself puts the client into beforehand.
    pub fn classify<'v, F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        facts: &impl Facts,
        vendor_classes: impl IntoIterator<Item = &'v [u8]>,
        joined: Option<ClassId>,
    ) {
        let classes = &corridor.config.classes;
        self.join(corridor, ClassId::ALL, Cause::Everyone);
        if let Some(class) = joined {
            self.join(corridor, class, Cause::Bootp);
        }
        for vendor_class in vendor_classes {
            self.classes.insert_vendor_class(classes.names(), vendor_class);
            self.note(|classifier| {
                let class = classifier.classes.names(classes.names()).last().unwrap_or_default();
                Step::Joined { class: class.to_owned(), cause: Cause::VendorClass }
            });
        }
        self.evaluate(corridor, |list, set, scratch, reporter| {
            list.classify(facts, set, scratch, reporter);
        });
    }

    /// Evaluates the classes that depend on whether the client has a reservation.
    pub fn classify_known<F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        facts: &impl Facts,
        is_known: bool,
    ) {
        if is_known {
            self.join(corridor, ClassId::KNOWN, Cause::Known);
        } else {
            self.join(corridor, ClassId::UNKNOWN, Cause::Unknown);
        }
        self.evaluate(corridor, |list, set, scratch, reporter| {
            list.classify_known(facts, set, scratch, reporter);
        });
    }

    /// Joins the classes that a reservation gives its client before a lease is chosen. What was
    /// evaluated without them is evaluated again: a class of clients that are not in a reserved one
    /// must not keep this client. `before` is the reservation whose classes the client has already.
    pub fn join_reserved<F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        facts: &impl Facts,
        host: &Reservation<F>,
        before: Option<&Reservation<F>>,
    ) {
        if host.classes.iter().all(|class| self.classes.contains(*class)) {
            return;
        }
        let hosts = [Some(host), before];
        let is_reserved = |class| hosts.iter().flatten().any(|host| host.classes.contains(&class));
        corridor.config.classes.list.forget_tested(&mut self.classes, is_reserved);
        for class in &host.classes {
            self.join(corridor, *class, Cause::Reservation);
        }
        self.note(|_| Step::StartedOver);
        self.evaluate(corridor, |list, set, scratch, reporter| {
            list.classify(facts, set, scratch, reporter);
        });
    }

    /// Joins the classes of the client's reservation in `subnet`, where it has its lease now. Nothing
    /// but what is required is evaluated with them.
    pub fn join_reserved_here<F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        reserved: &Reserved<'_, F>,
        subnet: &Subnet<F>,
    ) {
        let host = reserved.in_subnet(subnet).filter(|host| host.subnet.is_some());
        for class in host.map_or(&[][..], |host| &host.classes) {
            self.join(corridor, *class, Cause::Reservation);
        }
    }

    /// Evaluates classes that the place of a lease requires.
    pub fn require<F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        facts: &impl Facts,
        required: impl IntoIterator<Item = ClassId>,
    ) {
        self.evaluate(corridor, |list, set, scratch, reporter| {
            list.classify_required(required, facts, set, scratch, reporter);
        });
    }

    /// The classes by name, for messages.
    pub fn shown<'c, F: Dialect>(&'c self, corridor: &Corridor<'c, F>) -> impl Display + 'c {
        let names = corridor.config.classes.names();
        std::fmt::from_fn(move |f| {
            for (at, name) in self.classes.names(names).enumerate() {
                write!(f, "{}{name}", if at == 0 { "" } else { ", " })?;
            }
            Ok(())
        })
    }

    /// Tells who reads the log in which classes the client is, and in which of them nothing is
    /// configured.
    pub(crate) fn report<F: Dialect>(&self, corridor: &Corridor<'_, F>, label: ClientLabel<'_>) {
        let (log, version) = (corridor.log, F::VERSION);
        log!(log, (twin::CLASS_ASSIGNED.of(version)), label, self.shown(corridor));
        let unconfigured = twin::CLASS_UNCONFIGURED.of(version);
        if !log.enabled(unconfigured) {
            return;
        }
        let classes = &corridor.config.classes;
        for name in self.classes.names(classes.names()) {
            let is_configured =
                classes.names().id(name).is_some_and(|id| classes.get(id).is_some());
            if !is_configured && !kea_expr::is_builtin(name) {
                log!(log, (unconfigured), label, name);
            }
        }
    }

    /// Writes down a step, if anybody does.
    pub(crate) fn note(&self, step: impl FnOnce(&Self) -> Step) {
        if let Some(recorder) = &self.recorder {
            recorder.note(step(self));
        }
    }

    fn join<F: Dialect>(&mut self, corridor: &Corridor<'_, F>, class: ClassId, cause: Cause) {
        if self.classes.insert(class) {
            self.note(|_| {
                let class = corridor.config.classes.names().name(class).to_owned();
                Step::Joined { class, cause }
            });
        }
    }

    fn evaluate<F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        pass: impl FnOnce(&ClassList, &mut ClassSet, &mut Scratch, &mut Reporter<'_, '_, F>),
    ) {
        let list = &corridor.config.classes.list;
        let recorder = self.recorder.as_deref();
        let mut reporter = Reporter { corridor, recorder, interest: interest(corridor, recorder) };
        let before = self.classes.len();
        pass(list, &mut self.classes, &mut self.scratch, &mut reporter);
        if let Some(recorder) = recorder {
            let joined = self.classes.names(list.names()).skip(before);
            for class in joined.filter(|name| kea_expr::is_spawned(name)) {
                recorder.note(Step::Joined { class: class.to_owned(), cause: Cause::Template });
            }
        }
    }
}

/// What who reads the log, asked for an explanation, or is shown the classes as a hook wants to know of
/// evaluations.
fn interest<F: Dialect>(corridor: &Corridor<'_, F>, recorder: Option<&Recorder>) -> Interest {
    let log = corridor.log;
    let is_shown = corridor.hooks_at(Point::PacketReceive).is_some();
    // All messages of steps are of one level.
    if recorder.is_some() || log.enabled(&message::EVAL_DEBUG_EQUAL) {
        Interest::Steps
    } else if is_shown || log.enabled(twin::CLASS_ASSIGNED.of(F::VERSION)) {
        Interest::Memberships
    } else {
        Interest::Effects
    }
}

/// Tells what became of each class that was evaluated.
struct Reporter<'r, 's, F: Dialect> {
    corridor: &'r Corridor<'s, F>,
    recorder: Option<&'r Recorder>,
    interest: Interest,
}

impl<F: Dialect> Observer for Reporter<'_, '_, F> {
    fn interest(&self) -> Interest {
        self.interest
    }

    fn evaluated(&mut self, class: ClassId, membership: Membership, steps: Vec<kea_expr::Step>) {
        let log = self.corridor.log;
        for step in &steps {
            if let Some(message) = find_message(step.id)
                && log.enabled(message)
            {
                log.emit(message, &arguments(step));
            }
        }
        let name = self.corridor.config.classes.names().name(class);
        match membership {
            Membership::Undefined => log!(log, (twin::CLASS_UNDEFINED.of(F::VERSION)), name),
            Membership::Untestable => log!(log, (twin::CLASS_UNTESTABLE.of(F::VERSION)), name),
            Membership::Already => {}
            Membership::Joined | Membership::NotMatched | Membership::Failed(_) => {
                log!(log, EVAL_RESULT, name, Verdict(membership));
            }
        }
        if let Some(recorder) = self.recorder {
            self.note(recorder, class, membership, &steps);
        }
    }
}

impl<F: Dialect> Reporter<'_, '_, F> {
    fn note(
        &self,
        recorder: &Recorder,
        id: ClassId,
        membership: Membership,
        steps: &[kea_expr::Step],
    ) {
        let classes = &self.corridor.config.classes;
        let class = classes.names().name(id).to_owned();
        let unevaluated = |reason| Step::NotTestable { class: class.clone(), reason };
        let definition = classes.list.class(id);
        recorder.note(match membership {
            Membership::Undefined => unevaluated("not evaluated, it is not defined"),
            Membership::Untestable => unevaluated("not evaluated, it has no test"),
            Membership::Already => unevaluated("not evaluated, the client is in it already"),
            Membership::Joined | Membership::NotMatched | Membership::Failed(_) => Step::Tested {
                class,
                expression: definition.map_or("", |class| &class.expression).to_owned(),
                result: Verdict(membership).to_string(),
                is_member: membership == Membership::Joined,
                because: steps.iter().map(shown).collect(),
            },
        });
    }
}

/// A step in the words of its message.
fn shown(step: &kea_expr::Step) -> Evaluated {
    let message = find_message(step.id);
    let text = message.map(|message| message.render(&arguments(step))).unwrap_or_default();
    Evaluated { id: step.id, text }
}

fn arguments(step: &kea_expr::Step) -> Vec<Argument<'_>> {
    step.arguments.iter().map(|text| Argument::Text(text)).collect()
}

/// What became of a class, in words.
struct Verdict(Membership);

impl Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Membership::Joined => f.write_str("joined, its test is true"),
            Membership::NotMatched => f.write_str("not joined, its test is false"),
            Membership::Failed(error @ (EvalError::Length { .. } | EvalError::TooLong)) => {
                write!(f, "not joined, its test failed: {error}")
            }
            Membership::Already => f.write_str("joined before"),
            Membership::Untestable => f.write_str("without a test"),
            Membership::Undefined => f.write_str("not defined"),
        }
    }
}
