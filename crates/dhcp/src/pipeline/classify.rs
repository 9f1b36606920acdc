//! Which classes a client is in.

use std::fmt::Display;

use kea_config::snapshot::Dialect;
use kea_expr::{ClassId, ClassSet, Facts, Scratch};

use super::corridor::Corridor;
use super::reserve::Reserved;

/// Evaluates classes, query after query, without allocating anew.
#[derive(Debug, Default)]
pub struct Classifier {
    /// The classes of the current query.
    pub classes: ClassSet,
    scratch: Scratch,
}

impl Classifier {
    /// Forgets the last query and evaluates the classes that depend on the packet alone.
    pub fn classify<'v, F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        facts: &impl Facts,
        vendor_classes: impl IntoIterator<Item = &'v [u8]>,
    ) {
        self.classify_member(corridor, facts, vendor_classes, None);
    }

    /// The same for a client that the server itself puts into a class beforehand.
    pub fn classify_member<'v, F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        facts: &impl Facts,
        vendor_classes: impl IntoIterator<Item = &'v [u8]>,
        joined: Option<ClassId>,
    ) {
        let classes = &corridor.config.classes;
        self.classes.clear();
        self.classes.insert(ClassId::ALL);
        if let Some(class) = joined {
            self.classes.insert(class);
        }
        for vendor_class in vendor_classes {
            self.classes.insert_vendor_class(classes.names(), vendor_class);
        }
        classes.list.classify(facts, &mut self.classes, &mut self.scratch, &mut ());
    }

    /// Evaluates the classes that depend on whether the client has a reservation.
    pub fn classify_known<F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        facts: &impl Facts,
        is_known: bool,
    ) {
        self.classes.insert(if is_known { ClassId::KNOWN } else { ClassId::UNKNOWN });
        let list = &corridor.config.classes.list;
        list.classify_known(facts, &mut self.classes, &mut self.scratch, &mut ());
    }

    /// Joins the classes that a reservation gives its client.
    pub fn join_reserved<F: Dialect>(&mut self, reserved: &Reserved<'_, F>) {
        for class in reserved.host().into_iter().flat_map(|host| &host.classes) {
            self.classes.insert(*class);
        }
    }

    /// Evaluates again what depends on the packet, now with the classes of a reservation that was
    /// found early, and then what depends on there being one.
    pub fn reclassify<F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        facts: &impl Facts,
        reserved: &Reserved<'_, F>,
    ) {
        let list = &corridor.config.classes.list;
        let is_reserved = |class| reserved.host().is_some_and(|host| host.classes.contains(&class));
        list.forget_tested(&mut self.classes, is_reserved);
        self.join_reserved(reserved);
        list.classify(facts, &mut self.classes, &mut self.scratch, &mut ());
        self.classify_known(corridor, facts, true);
    }

    /// Evaluates classes that the place of a lease requires.
    pub fn require<F: Dialect>(
        &mut self,
        corridor: &Corridor<'_, F>,
        facts: &impl Facts,
        required: impl IntoIterator<Item = ClassId>,
    ) {
        let list = &corridor.config.classes.list;
        list.classify_required(required, facts, &mut self.classes, &mut self.scratch, &mut ());
    }

    /// True when the client is in a class beside those that every client is in.
    pub fn is_classified(&self) -> bool {
        let common = [ClassId::ALL, ClassId::KNOWN, ClassId::UNKNOWN];
        self.classes.len() > common.iter().filter(|class| self.classes.contains(**class)).count()
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
}
