//! The arguments of a command, as a handler reads them.

use serde_json::Value as Json;

/// Arguments that have passed the check against the command's [`Shape`](crate::Shape).
///
/// The accessors answer `None` for what is not there; what the shape calls required is there, in the type it
/// says.
#[derive(Clone, Copy, Debug)]
pub struct Arguments<'a>(pub Option<&'a Json>);

impl<'a> Arguments<'a> {
    /// The whole value.
    pub fn json(self) -> Option<&'a Json> {
        self.0
    }

    /// A member of the map.
    pub fn get(self, name: &str) -> Option<&'a Json> {
        self.0?.get(name).filter(|value| !value.is_null())
    }

    /// A string member.
    pub fn text(self, name: &str) -> Option<&'a str> {
        self.get(name)?.as_str()
    }

    /// An integer member that fits.
    pub fn integer<N: TryFrom<i64>>(self, name: &str) -> Option<N> {
        N::try_from(self.get(name)?.as_i64()?).ok()
    }

    /// A boolean member.
    pub fn boolean(self, name: &str) -> Option<bool> {
        self.get(name)?.as_bool()
    }

    /// A list member.
    pub fn list(self, name: &str) -> Option<&'a [Json]> {
        self.get(name)?.as_array().map(Vec::as_slice)
    }

    /// A map member, as arguments of its own.
    pub fn map(self, name: &str) -> Option<Arguments<'a>> {
        let value = self.get(name)?;
        value.is_object().then_some(Arguments(Some(value)))
    }
}
