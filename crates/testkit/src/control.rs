//! The control socket: one JSON command, one JSON answer (the manual's management API chapter).

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

/// A server's UNIX control socket. Each command is a connection of its own.
#[derive(Clone, Debug)]
pub struct ControlSocket {
    path: PathBuf,
}

/// What a command gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// 0 success, 1 error, 2 unsupported, 3 empty, 4 conflict.
    pub result: i64,
    /// The text, or nothing.
    pub text: String,
    /// The arguments, or null.
    pub arguments: Value,
}

impl ControlSocket {
    /// The socket at this path.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        ControlSocket { path: path.into() }
    }

    /// Sends `command` with `arguments` (null for none).
    pub fn command(&self, command: &str, arguments: Value) -> io::Result<Answer> {
        let mut query = json!({ "command": command });
        if !arguments.is_null() {
            query["arguments"] = arguments;
        }
        self.send(&query.to_string())
    }

    /// Sends any text and reads the answer.
    pub fn send(&self, text: &str) -> io::Result<Answer> {
        let mut stream = UnixStream::connect(&self.path)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        stream.write_all(text.as_bytes())?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        let value: Value = serde_json::from_str(&answer).map_err(io::Error::other)?;
        Ok(Answer {
            result: value["result"].as_i64().unwrap_or(-1),
            text: value["text"].as_str().unwrap_or_default().to_owned(),
            arguments: value["arguments"].clone(),
        })
    }

    /// The newest value of a statistic; `None` when there is none of this name.
    pub fn statistic(&self, name: &str) -> io::Result<Option<i64>> {
        let answer = self.command("statistic-get", json!({ "name": name }))?;
        Ok(answer.arguments[name][0][0].as_i64())
    }
}
