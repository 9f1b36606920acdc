//! The `parameters` of a library.

use kea_config::document::{Map, Node, Value};

/// Members of the map, each asked for by its name and kind.
pub(crate) struct Parameters<'a>(Option<&'a Map>);

impl<'a> Parameters<'a> {
    /// Those of a library that has none but `known` ones.
    ///
    /// # Errors
    /// When they are no map, or have another member.
    pub(crate) fn new(value: Option<&'a Value>, known: &[&str]) -> Result<Self, String> {
        let map = match value {
            None => return Ok(Parameters(None)),
            Some(Value::Map(map)) => map,
            Some(_) => return Err("its parameters must be a map".to_owned()),
        };
        match map.iter().find(|entry| !known.contains(&entry.name.as_ref())) {
            Some(entry) => Err(format!("'{}' is not among its parameters", entry.name)),
            None => Ok(Parameters(Some(map))),
        }
    }

    /// A text.
    ///
    /// # Errors
    /// When it is something else.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&'a str>, String> {
        self.node(name)
            .map(|node| node.as_str().ok_or(format!("'{name}' must be a string")))
            .transpose()
    }

    /// A truth value; false where it is not given.
    ///
    /// # Errors
    /// When it is something else.
    pub(crate) fn boolean(&self, name: &str) -> Result<bool, String> {
        match self.node(name).map(|node| &node.value) {
            None => Ok(false),
            Some(Value::Boolean(value)) => Ok(*value),
            Some(_) => Err(format!("'{name}' must be true or false")),
        }
    }

    /// The members of a list; `what` says what each is to be, and `read` what one says.
    ///
    /// # Errors
    /// When it is no list, or `read` makes nothing of a member.
    pub(crate) fn list<T>(
        &self,
        name: &str,
        what: &str,
        read: impl Fn(&Node) -> Option<T>,
    ) -> Result<Option<Box<[T]>>, String> {
        let wrong = || format!("'{name}' must be a list of {what}");
        let Some(node) = self.node(name) else { return Ok(None) };
        let Value::List(members) = &node.value else { return Err(wrong()) };
        let members = members.iter().map(|member| read(member).ok_or_else(wrong));
        members.collect::<Result<_, _>>().map(Some)
    }

    fn node(&self, name: &str) -> Option<&'a Node> {
        self.0?.get(name)
    }
}
