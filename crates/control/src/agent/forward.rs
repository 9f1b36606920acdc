//! Passing commands on.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kea_log::{Log, log};
use serde::de::IgnoredAny;
use serde_json::Value as Json;

use crate::answer::{Answer, write_json};
use crate::calls::{Call, Origin};
use crate::http::{ClientError, unix_request};

/// A server may take so long to answer.
const PATIENCE: Duration = Duration::from_secs(60);

/// Sends `call` to each of its services in order and answers with what they say.
pub(super) async fn forward(
    call: Call,
    services: Vec<String>,
    sockets: Arc<BTreeMap<String, String>>,
    log: Arc<dyn Log>,
) {
    let (mut command, origin, replier) = call.split();
    let peer = match origin {
        Origin::Http { peer, .. } => peer.ip().to_string(),
        Origin::Unix => "UNIX socket".to_owned(),
    };
    log!(log, CTRL_AGENT_COMMAND_RECEIVED, command.name, peer);
    command.remote_address = Some(peer.clone());
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_json(&mut text, &command.to_json());
    let mut answers = Vec::with_capacity(services.len());
    for service in services {
        log!(log, CTRL_AGENT_COMMAND_FORWARD_BEGIN, command.name, service);
        let answer = match sockets.get(&service) {
            None => {
                Err(format!("forwarding socket is not configured for the server type {service}"))
            }
            Some(socket) => ask(Path::new(socket), &text).await.map_err(|why| {
                format!(
                    "unable to forward command to the {service} service: {why}. The server is \
                     likely to be offline"
                )
            }),
        };
        answers.push(match answer {
            Ok(answer) => {
                log!(log, CTRL_AGENT_COMMAND_FORWARDED, command.name, service, peer);
                answer
            }
            Err(why) => {
                log!(log, CTRL_AGENT_COMMAND_FORWARD_FAILED, command.name, why);
                Answer::error(why).to_string()
            }
        });
    }
    replier.answers(answers);
}

/// The names in `service`; `None` when there is none, so that the agent itself is meant.
pub(super) fn services(service: Option<&Json>) -> Result<Vec<String>, &'static str> {
    let Some(service) = service else { return Ok(Vec::new()) };
    let list = service.as_array().ok_or("service value must be a list")?;
    let names = list.iter().map(|name| name.as_str().map(str::to_owned));
    names.collect::<Option<_>>().ok_or("service value must be a list of strings")
}

async fn ask(socket: &Path, text: &str) -> Result<String, String> {
    let answer = unix_request(socket, text, PATIENCE).await.map_err(|error| match error {
        ClientError::Io(error) => {
            let text = error.to_string();
            // As the system says it, without Rust's addition.
            text.split(" (os error").next().unwrap_or_default().to_owned()
        }
        other => other.to_string(),
    })?;
    match serde_json::from_str::<IgnoredAny>(&answer) {
        Ok(_) => Ok(answer),
        Err(_) => Err("internal server error: no response was received".into()),
    }
}
