//! Client classes: who is a member is for `kea-expr`; what membership gives is here.

use std::sync::Arc;

use hashbrown::HashMap;
use kea_expr::{ClassId, ClassList, ClassNames, ClassSet};
use kea_options::Definition;

use super::dialect::Dialect;
use super::network::Triplet;
use super::options::OptionSet;
use crate::document::Value;

/// What members of a class get.
#[derive(Clone, Debug)]
pub struct Class<F: Dialect> {
    /// Its number.
    pub id: ClassId,
    /// Its name.
    pub name: Box<str>,
    /// Its options.
    pub options: Arc<OptionSet>,
    /// Its own option definitions: option 43 and private options of DHCPv4.
    pub definitions: Box<[Definition<F>]>,
    /// Valid lifetime of members, in seconds.
    pub valid: Option<Triplet>,
    /// How long an offer to members is held, in seconds.
    pub offer_lifetime: Option<u32>,
    /// What only one protocol has.
    pub specific: F::Class,
    /// `user-context`, the comment included.
    pub user_context: Option<Arc<Value>>,
}

/// All classes, in evaluation order.
#[derive(Clone, Debug)]
pub struct Classes<F: Dialect> {
    /// The tests, and the numbers of all names that the configuration mentions.
    pub list: ClassList,
    pub(crate) defined: Box<[Class<F>]>,
    pub(crate) by_id: HashMap<ClassId, u32>,
}

impl<F: Dialect> Classes<F> {
    /// All, in the order of the configuration.
    pub fn iter(&self) -> std::slice::Iter<'_, Class<F>> {
        self.defined.iter()
    }

    /// Numbers of all names that the configuration mentions.
    pub fn names(&self) -> &ClassNames {
        self.list.names()
    }

    /// What a class gives; `None` for one that is only mentioned.
    pub fn get(&self, id: ClassId) -> Option<&Class<F>> {
        self.defined.get(*self.by_id.get(&id)? as usize)
    }
}

/// Who is let in: members of any of the classes, everyone if there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard(pub(crate) Box<[ClassId]>);

impl Guard {
    /// True when a client of these classes may pass.
    pub fn admits(&self, classes: &ClassSet) -> bool {
        self.0.is_empty() || self.0.iter().any(|class| classes.contains(*class))
    }

    /// The classes.
    pub fn classes(&self) -> &[ClassId] {
        &self.0
    }
}
