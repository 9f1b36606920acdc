//! Changes of single classes (manual chapter 21, `class_cmds`).

use super::{ChangeError, Editor, Subject, list_mut};
use crate::document::{Node, Value};
use crate::snapshot::Dialect;

impl<F: Dialect> Editor<'_, F> {
    /// Puts a class behind all others.
    pub(super) fn add_class(&mut self, given: Option<Node>) -> Result<Subject, ChangeError> {
        let (name, node) = named(given)?;
        if self.class(&name).is_some() {
            return Err(ChangeError::ClassExists(name));
        }
        self.classes().push(node);
        Ok(Subject::Class(name))
    }

    /// Replaces the definition of a class, which keeps its place.
    pub(super) fn replace_class(&mut self, given: Option<Node>) -> Result<Subject, ChangeError> {
        let (name, node) = named(given)?;
        let place = self.class(&name).ok_or_else(|| ChangeError::NoClass(name.clone()))?;
        if let Some(held) = self.classes().get_mut(place) {
            *held = node;
        }
        Ok(Subject::Class(name))
    }

    /// Removes a class on which no other depends.
    pub(super) fn remove_class(&mut self, name: &str) -> Result<Subject, ChangeError> {
        let place = self.class(name).ok_or_else(|| ChangeError::NoClass(name.into()))?;
        let classes = &self.snapshot.classes;
        let id = classes.names().id(name);
        let depends = |other: &&kea_expr::Class| id.is_some_and(|id| other.depends_on(id));
        if let Some(dependent) = classes.list.classes().iter().find(depends) {
            let dependent = classes.names().name(dependent.id).into();
            return Err(ChangeError::ClassInUse(name.into(), dependent));
        }
        self.classes().remove(place);
        if self.classes().is_empty() {
            self.server().remove(CLASSES);
        }
        Ok(Subject::Class(name.into()))
    }

    /// The place of a class in the list.
    fn class(&mut self, name: &str) -> Option<usize> {
        let is_it = |node: &Node| {
            node.as_map().and_then(|map| map.get("name")?.as_str()).is_some_and(|it| it == name)
        };
        let server = self.root.as_map()?.get(F::PROTOCOL.object())?.as_map()?;
        server.get(CLASSES)?.as_list()?.iter().position(is_it)
    }

    fn classes(&mut self) -> &mut Vec<Node> {
        list_mut(self.server(), CLASSES)
    }
}

/// A definition and its name; one without a name is refused in a moment.
fn named(given: Option<Node>) -> Result<(Box<str>, Node), ChangeError> {
    let node = given.ok_or(ChangeError::NotAMap)?;
    let Value::Map(map) = &node.value else { return Err(ChangeError::NotAMap) };
    Ok((map.get("name").and_then(Node::as_str).unwrap_or("").into(), node))
}

const CLASSES: &str = "client-classes";
