//! A command as it is sent (manual section 15.2).

use std::fmt;

use serde_json::{Map, Value as Json};

/// A command somebody sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Command {
    /// `command`.
    pub name: String,
    /// `arguments`, of any type; `null` is as good as none.
    pub arguments: Option<Json>,
    /// `service`: for whom. Only the control agent looks at it.
    pub service: Option<Json>,
    /// `remote-address`: from where, as the control agent says.
    pub remote_address: Option<String>,
}

/// Why a text is no command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandError {
    /// Not JSON, in the parser's words.
    Syntax(String),
    /// JSON, but not a map.
    NotAMap,
    /// No `command`.
    NoName,
    /// `command` is not a string.
    NameNotAString,
    /// A member no command has.
    Unsupported(String),
}

impl fmt::Display for CommandError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // From the second on the texts are those Kea 2.2 was seen to give; clients match them.
        match self {
            Self::Syntax(problem) => f.write_str(problem),
            Self::NotAMap => f.write_str(
                "Error during command processing: Invalid command Element specified, expected map",
            ),
            Self::NoName => f.write_str(
                "Error during command processing: Invalid answer specified, does not contain \
                 mandatory 'command'",
            ),
            Self::NameNotAString => f.write_str(
                "Error during command processing: 'command' element in command message is not a \
                 string",
            ),
            Self::Unsupported(member) => write!(
                f,
                "Error during command processing: Received command contains unsupported parameter \
                 '{member}'"
            ),
        }
    }
}

impl std::error::Error for CommandError {}

impl Command {
    /// A command without arguments.
    pub fn new(name: impl Into<String>) -> Self {
        Command { name: name.into(), ..Command::default() }
    }

    /// Adds arguments.
    #[must_use]
    pub fn with(mut self, arguments: Json) -> Self {
        self.arguments = Some(arguments);
        self
    }

    /// Reads strict JSON; nesting is limited by the parser to 128 levels.
    ///
    /// # Errors
    /// Why it is no command.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        let json: Json = serde_json::from_str(text)
            .map_err(|error| CommandError::Syntax(format!("{error} in the command")))?;
        Self::from_json(json)
    }

    /// Reads a value.
    ///
    /// # Errors
    /// Why it is no command.
    pub fn from_json(json: Json) -> Result<Self, CommandError> {
        let Json::Object(members) = json else { return Err(CommandError::NotAMap) };
        let mut command = Command::default();
        let mut name = None;
        let mut unsupported = None;
        for (member, value) in members {
            match member.as_str() {
                "command" => name = Some(value),
                "arguments" => command.arguments = Some(value).filter(|value| !value.is_null()),
                "service" => command.service = Some(value),
                "remote-address" => command.remote_address = value.as_str().map(str::to_owned),
                _ => unsupported = Some(member),
            }
        }
        command.name = match name {
            None => return Err(CommandError::NoName),
            Some(Json::String(name)) => name,
            Some(_) => return Err(CommandError::NameNotAString),
        };
        match unsupported {
            Some(member) => Err(CommandError::Unsupported(member)),
            None => Ok(command),
        }
    }

    /// The command as it is sent.
    pub fn to_json(&self) -> Json {
        let mut members = Map::new();
        members.insert("command".into(), self.name.clone().into());
        let mut put = |name: &str, value: &Option<Json>| {
            members.extend(value.clone().map(|value| (name.to_owned(), value)));
        };
        put("arguments", &self.arguments);
        put("service", &self.service);
        put("remote-address", &self.remote_address.clone().map(Json::String));
        Json::Object(members)
    }
}
