//! One HTTP request to one HTTP answer.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{
    AUTHORIZATION, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, WWW_AUTHENTICATE,
};
use hyper::{Method, Request, Response, StatusCode};
use kea_log::{Message, log, message, redact_json};

use super::authentication::Verdict;
use super::settings::Settings;
use super::watched::Progress;
use crate::answer::Answer;
use crate::answer::ResultCode;
use crate::calls::Origin;
use crate::command::{Command, CommandError};
use crate::frame::{Frame, Framing};
use crate::listeners::Shared;

/// What is known of the client.
#[derive(Clone, Debug)]
pub(super) struct Client {
    pub(super) peer: SocketAddr,
    pub(super) tls: bool,
    pub(super) certificate: Option<Vec<u8>>,
}

pub(super) async fn respond(
    request: Request<Incoming>,
    client: &Client,
    settings: &Settings,
    shared: &Arc<Shared>,
    progress: &Progress,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let mut response = match handle(request, client, settings, shared, progress).await {
        Ok(response) => response,
        Err(refusal) => refusal.response(settings),
    };
    response.headers_mut().extend(settings.headers.iter().cloned());
    log!(shared.log, HTTP_SERVER_RESPONSE_SEND, response.status(), client.peer);
    progress.answered();
    Ok(response)
}

/// Why a request gets no answer of a daemon.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    Status(StatusCode),
    /// The request is wrong in this way.
    Bad(String),
}

impl Refusal {
    fn response(self, settings: &Settings) -> Response<Full<Bytes>> {
        let (status, text) = match self {
            Refusal::Bad(text) => (StatusCode::BAD_REQUEST, format!("Bad Request: {text}")),
            Refusal::Status(status) => {
                (status, status.canonical_reason().unwrap_or("Error").to_owned())
            }
        };
        // A single map, not a list: this is not the answer of a server to a command.
        let body = Answer::with(ResultCode(status.as_u16()), text).to_string();
        let mut response = json(body);
        *response.status_mut() = status;
        let headers = response.headers_mut();
        if status == StatusCode::UNAUTHORIZED {
            let realm = settings.users.realm().replace(['"', '\\'], "'");
            let value = HeaderValue::try_from(format!("Basic realm=\"{realm}\""));
            let value = value.unwrap_or(HeaderValue::from_static("Basic realm=\"\""));
            headers.insert(WWW_AUTHENTICATE, value);
        }
        // What is left of the request is not read.
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        response
    }
}

async fn handle(
    request: Request<Incoming>,
    client: &Client,
    settings: &Settings,
    shared: &Arc<Shared>,
    progress: &Progress,
) -> Result<Response<Full<Bytes>>, Refusal> {
    log!(shared.log, HTTP_CLIENT_REQUEST_RECEIVED, client.peer);
    // First of all: nobody unknown makes the server read or do anything.
    let user = authorise(&request, settings, shared)?;
    // Of what HEAD asks for, the head is sent alone.
    if matches!(*request.method(), Method::GET | Method::HEAD) {
        let page = shared.page(request.uri().path());
        let (content_type, text) = page.ok_or(Refusal::Status(StatusCode::NOT_FOUND))?;
        return Ok(with_type(text, content_type));
    }
    if request.method() != Method::POST {
        return Err(Refusal::Bad(format!("the method {} is not POST", request.method())));
    }
    let text = body(request, shared).await?;
    log!(shared.log, HTTP_DATA_RECEIVED, text.len(), client.peer);
    let command = match Command::parse(&text) {
        Ok(command) => {
            let details = &message::HTTP_CLIENT_REQUEST_RECEIVED_DETAILS;
            show(shared, details, client.peer, &text);
            command
        }
        Err(problem) => {
            log!(shared.log, HTTP_BAD_CLIENT_REQUEST_RECEIVED, client.peer, problem);
            let details = &message::HTTP_BAD_CLIENT_REQUEST_RECEIVED_DETAILS;
            show(shared, details, client.peer, &text);
            // What is JSON but no command is answered as a command.
            return match problem {
                CommandError::Syntax(_) => Err(Refusal::Bad(problem.to_string())),
                _ => Ok(json(format!("[ {} ]", Answer::error(problem.to_string())))),
            };
        }
    };
    progress.work(shared.begin());
    let origin = Origin::Http {
        peer: client.peer,
        user,
        tls: client.tls,
        certificate: client.certificate.clone(),
    };
    Ok(json(shared.ask(command, origin).await.into_list()))
}

/// Shows what a client sent, without the secrets in it. What cannot be read may hold some, and is not shown.
fn show(shared: &Shared, message: &'static Message, peer: SocketAddr, text: &str) {
    if shared.log.enabled(message) {
        let json = serde_json::from_str(text).map(|json| redact_json(&json).to_string());
        let shown = json.unwrap_or_else(|_| format!("{} octets that are no JSON", text.len()));
        log!(shared.log, (message), peer, shown);
    }
}

fn authorise(
    request: &Request<Incoming>,
    settings: &Settings,
    shared: &Shared,
) -> Result<Option<String>, Refusal> {
    let header = request.headers().get(AUTHORIZATION).map(HeaderValue::as_bytes);
    match settings.users.check(header) {
        Verdict::Open => return Ok(None),
        Verdict::User(user) => {
            log!(shared.log, HTTP_CLIENT_REQUEST_AUTHORIZED, user);
            return Ok(Some(user.to_owned()));
        }
        Verdict::Unknown => log!(shared.log, HTTP_CLIENT_REQUEST_NOT_AUTHORIZED),
        Verdict::Malformed(why) => log!(shared.log, HTTP_CLIENT_REQUEST_BAD_AUTH_HEADER, why),
    }
    Err(Refusal::Status(StatusCode::UNAUTHORIZED))
}

/// The command's text, within the bounds of one request and of all together.
async fn body(request: Request<Incoming>, shared: &Shared) -> Result<String, Refusal> {
    let header = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let kind = header.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::Bad("the Content-Type is not application/json".into()));
    }
    if !request.headers().contains_key(CONTENT_LENGTH) {
        return Err(Refusal::Bad("the Content-Length is missing".into()));
    }
    let length = request.body().size_hint().upper().unwrap_or(u64::MAX);
    let limit = shared.limits.command_bytes;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > limit {
        return Err(Refusal::Status(StatusCode::PAYLOAD_TOO_LARGE));
    }
    let _room = shared.room(length).ok_or(Refusal::Status(StatusCode::SERVICE_UNAVAILABLE))?;
    let collected = Limited::new(request.into_body(), length).collect().await;
    let bytes = collected.map_err(|error| Refusal::Bad(error.to_string()))?.to_bytes();
    let mut frame = Frame::new(limit);
    match frame.push(&bytes) {
        Ok(Framing::Complete) => Ok(frame.into_json_text()),
        Ok(Framing::Partial) => Err(Refusal::Bad("the command is not complete".into())),
        Err(problem) => Err(Refusal::Bad(problem.to_string())),
    }
}

fn json(body: String) -> Response<Full<Bytes>> {
    with_type(body, "application/json")
}

fn with_type(body: String, content_type: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}
