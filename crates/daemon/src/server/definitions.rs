//! Definitions in commands that change a part of the configuration, and what is answered when nothing
//! comes of them.

use kea_config::document::{NoIncludes, Value};
use kea_config::{ChangeError, Document};
use kea_control::{Answer, Arguments};
use serde_json::Value as Json;

/// The one definition of a command, in a list as in the configuration.
///
/// # Errors
/// The answer: it is not of the configuration's language.
pub(super) fn definition(arguments: Arguments<'_>, list: &str) -> Result<Document, Answer> {
    let given = arguments.list(list).unwrap_or_default();
    parsed(given.first().unwrap_or(&Json::Null)).map_err(Answer::error)
}

/// A part of a command as a part of the configuration.
///
/// # Errors
/// It is not of the configuration's language.
pub(super) fn parsed(given: &Json) -> Result<Document, String> {
    let parsed = Document::parse("<string>", given.to_string().as_bytes(), &NoIncludes);
    parsed.map(|(document, _)| document).map_err(|problems| problems.render())
}

/// What is not there is result 3, as the manual has it; anything else is an error.
pub(super) fn refusal(error: &ChangeError) -> Answer {
    let text = error.to_string();
    match error {
        ChangeError::NoSubnet(_)
        | ChangeError::NoPrefix(_)
        | ChangeError::NoNetwork(_)
        | ChangeError::NothingToTake(..)
        | ChangeError::NoClass(_)
        | ChangeError::NoReservation => Answer::empty(text),
        _ => Answer::error(text),
    }
}

/// What is rendered is JSON.
pub(super) fn to_json(value: &Value) -> Json {
    serde_json::from_str(&value.to_string()).unwrap_or(Json::Null)
}
