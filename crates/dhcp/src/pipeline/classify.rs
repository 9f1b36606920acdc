//! Which classes a client is in.

use kea_config::snapshot::Dialect;
use kea_expr::{ClassId, ClassSet, Facts, Scratch};

use super::corridor::Corridor;

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
        let classes = &corridor.config.classes;
        self.classes.clear();
        self.classes.insert(ClassId::ALL);
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
}
