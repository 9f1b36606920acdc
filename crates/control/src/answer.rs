//! Answers, written the way Kea writes them (manual section 15.3).

use std::fmt::{self, Write};

use serde_json::Value as Json;

/// The answer to one command.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// How it went.
    pub result: ResultCode,
    /// What to tell a person; present whenever `result` is not success.
    pub text: Option<String>,
    /// What was asked for.
    pub arguments: Option<Payload>,
}

/// The number in `result`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ResultCode(pub u16);

/// The value of `arguments` in an answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Payload {
    /// A value.
    Json(Json),
    /// Text that already is one JSON value: what is large is better written once than built as a tree.
    Rendered(String),
}

impl ResultCode {
    /// Done.
    pub const SUCCESS: Self = Self(0);
    /// Not done.
    pub const ERROR: Self = Self(1);
    /// This server has no such command.
    pub const UNSUPPORTED: Self = Self(2);
    /// Done, and nothing was found or changed.
    pub const EMPTY: Self = Self(3);
    /// A sound command that contradicts the state of the server.
    pub const CONFLICT: Self = Self(4);
    /// Not done, and what had been changed could not be put back.
    pub const PARTLY_CHANGED: Self = Self(5);
}

impl Answer {
    /// Success, with a text.
    pub fn success(text: impl Into<String>) -> Self {
        Self::with(ResultCode::SUCCESS, text)
    }

    /// Success, with arguments and no text.
    pub fn arguments(arguments: impl Into<Payload>) -> Self {
        Self { result: ResultCode::SUCCESS, text: None, arguments: Some(arguments.into()) }
    }

    /// Result 1.
    pub fn error(text: impl Into<String>) -> Self {
        Self::with(ResultCode::ERROR, text)
    }

    /// Result 3.
    pub fn empty(text: impl Into<String>) -> Self {
        Self::with(ResultCode::EMPTY, text)
    }

    /// Result 4.
    pub fn conflict(text: impl Into<String>) -> Self {
        Self::with(ResultCode::CONFLICT, text)
    }

    /// Result 2, in the words that clients look for.
    pub fn unsupported(command: &str) -> Self {
        Self::with(ResultCode::UNSUPPORTED, format!("'{command}' command not supported."))
    }

    /// Any result, with a text.
    pub fn with(result: ResultCode, text: impl Into<String>) -> Self {
        Self { result, text: Some(text.into()), arguments: None }
    }

    /// Adds arguments.
    #[must_use]
    pub fn and(mut self, arguments: impl Into<Payload>) -> Self {
        self.arguments = Some(arguments.into());
        self
    }

    /// Reads an answer that another server gave.
    ///
    /// # Errors
    /// What is wrong with it, when it is not an answer.
    pub fn from_json(json: Json) -> Result<Self, NotAnAnswer> {
        let Json::Object(mut members) = json else { return Err(NotAnAnswer("it is not a map")) };
        let result = members.get("result").and_then(Json::as_u64);
        let result = result
            .and_then(|code| u16::try_from(code).ok())
            .ok_or(NotAnAnswer("it has no number 'result'"))?;
        let text = match members.remove("text") {
            None => None,
            Some(Json::String(text)) => Some(text),
            Some(_) => return Err(NotAnAnswer("its 'text' is not a string")),
        };
        let arguments = members.remove("arguments").map(Payload::Json);
        Ok(Self { result: ResultCode(result), text, arguments })
    }
}

/// Why a value is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAnAnswer(pub &'static str);

impl fmt::Display for NotAnAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "not an answer: {}", self.0)
    }
}

impl std::error::Error for NotAnAnswer {}

impl From<Json> for Payload {
    fn from(json: Json) -> Self {
        Self::Json(json)
    }
}

/// One line: names in alphabetical order, blanks inside the brackets. Scripts search for this text.
impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{ ")?;
        match &self.arguments {
            None => {}
            Some(Payload::Json(json)) => {
                f.write_str("\"arguments\": ")?;
                write_json(f, json)?;
                f.write_str(", ")?;
            }
            Some(Payload::Rendered(text)) => write!(f, "\"arguments\": {text}, ")?,
        }
        write!(f, "\"result\": {}", self.result.0)?;
        if let Some(text) = &self.text {
            f.write_str(", \"text\": ")?;
            write_string(f, text)?;
        }
        f.write_str(" }")
    }
}

/// Any value in Kea's form: `{ "a": [ 1, 2 ], "b": {  } }`.
pub(crate) fn write_json(out: &mut impl Write, json: &Json) -> fmt::Result {
    match json {
        Json::Null => out.write_str("null"),
        Json::Bool(flag) => write!(out, "{flag}"),
        Json::Number(number) => write!(out, "{number}"),
        Json::String(text) => write_string(out, text),
        Json::Array(list) => {
            out.write_str("[ ")?;
            for (i, value) in list.iter().enumerate() {
                if i > 0 {
                    out.write_str(", ")?;
                }
                write_json(out, value)?;
            }
            out.write_str(" ]")
        }
        Json::Object(map) => {
            out.write_str("{ ")?;
            // A feature of serde_json that some other crate turns on would keep another order.
            let mut members: Vec<_> = map.iter().collect();
            if !members.is_sorted_by_key(|(name, _)| *name) {
                members.sort_by_key(|(name, _)| *name);
            }
            for (i, (name, value)) in members.into_iter().enumerate() {
                if i > 0 {
                    out.write_str(", ")?;
                }
                write_string(out, name)?;
                out.write_str(": ")?;
                write_json(out, value)?;
            }
            out.write_str(" }")
        }
    }
}

fn write_string(out: &mut impl Write, text: &str) -> fmt::Result {
    out.write_char('"')?;
    let mut plain = 0;
    for (i, byte) in text.bytes().enumerate() {
        if byte >= b' ' && byte != b'"' && byte != b'\\' {
            continue;
        }
        out.write_str(&text[plain..i])?;
        plain = i + 1;
        match byte {
            b'"' => out.write_str("\\\"")?,
            b'\\' => out.write_str("\\\\")?,
            b'\n' => out.write_str("\\n")?,
            b'\r' => out.write_str("\\r")?,
            b'\t' => out.write_str("\\t")?,
            0x08 => out.write_str("\\b")?,
            0x0c => out.write_str("\\f")?,
            control => write!(out, "\\u{control:04x}")?,
        }
    }
    out.write_str(&text[plain..])?;
    out.write_char('"')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn written_as_kea_writes_it() {
        let answer = Answer::success("done");
        assert_eq!(answer.to_string(), r#"{ "result": 0, "text": "done" }"#);
        let answer = Answer::arguments(json!({"z": {}, "a": [], "m": [1, "x", null, 1.0, true]}));
        assert_eq!(
            answer.to_string(),
            r#"{ "arguments": { "a": [  ], "m": [ 1, "x", null, 1.0, true ], "z": {  } }, "result": 0 }"#
        );
        let rendered = Answer::empty("0 leases").and(Payload::Rendered("[ 7 ]".into()));
        assert_eq!(
            rendered.to_string(),
            r#"{ "arguments": [ 7 ], "result": 3, "text": "0 leases" }"#
        );
        assert_eq!(
            Answer::unsupported("nope").to_string(),
            r#"{ "result": 2, "text": "'nope' command not supported." }"#
        );
    }

    #[test]
    fn strings_are_escaped_and_letters_kept() {
        let text = "a\"b\\c\n\t\u{7}/é";
        let answer = Answer::error(text);
        assert_eq!(
            answer.to_string(),
            "{ \"result\": 1, \"text\": \"a\\\"b\\\\c\\n\\t\\u0007/é\" }"
        );
        let back = Answer::from_json(serde_json::from_str(&answer.to_string()).unwrap()).unwrap();
        assert_eq!(back, answer);
    }

    #[test]
    fn what_is_no_answer() {
        for (json, why) in [
            (json!([]), "it is not a map"),
            (json!({"text": "x"}), "it has no number 'result'"),
            (json!({"result": -1}), "it has no number 'result'"),
            (json!({"result": 0, "text": 1}), "its 'text' is not a string"),
        ] {
            assert_eq!(Answer::from_json(json), Err(NotAnAnswer(why)));
        }
    }
}
