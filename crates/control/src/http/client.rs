//! Sending commands to servers, over HTTP(S) or a UNIX socket.

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

/// User and password for basic authentication.
#[derive(Clone)]
pub struct Credentials {
    /// User.
    pub user: String,
    /// Password; may be empty.
    pub password: String,
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}

/// Where commands go.
#[derive(Clone, Debug)]
pub struct HttpClient {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Path, without the leading slash.
    pub path: String,
    /// For HTTPS: see [`client_config`](crate::client_config).
    pub tls: Option<Arc<ClientConfig>>,
    /// For basic authentication.
    pub credentials: Option<Credentials>,
    /// `User-Agent`.
    pub user_agent: String,
}

/// Why there is no answer.
#[derive(Debug)]
pub enum ClientError {
    /// No answer in time.
    Timeout,
    /// The connection could not be made, or broke.
    Io(io::Error),
    /// HTTP was not spoken as it should be.
    Http(hyper::Error),
    /// The request cannot be sent: a host, path or header with characters HTTP does not have.
    Request(String),
    /// The server answered with an HTTP error, this its body.
    Status(u16, String),
    /// The answer is too long, or not text.
    Answer(String),
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Timeout => f.write_str("no answer in time"),
            Self::Io(error) => error.fmt(f),
            Self::Http(error) => error.fmt(f),
            Self::Request(problem) => write!(f, "the request cannot be sent: {problem}"),
            Self::Status(status, _) => {
                let reason = StatusCode::from_u16(*status).ok();
                let reason = reason.and_then(|code| code.canonical_reason()).unwrap_or_default();
                write!(f, "HTTP error {status}: {reason}")
            }
            Self::Answer(problem) => write!(f, "the answer cannot be used: {problem}"),
        }
    }
}

impl std::error::Error for ClientError {}

/// An answer that is longer is not taken.
const ANSWER_BYTES: usize = 1024 * 1024 * 1024;

impl HttpClient {
    /// Posts `body`, gives the body of the answer.
    ///
    /// # Errors
    /// Why there is none; an HTTP status of 400 or more is an error.
    pub async fn post(&self, body: String, patience: Duration) -> Result<String, ClientError> {
        timeout(patience, self.post_slowly(body)).await.unwrap_or(Err(ClientError::Timeout))
    }

    async fn post_slowly(&self, body: String) -> Result<String, ClientError> {
        let host = self.host.trim_matches(['[', ']']);
        let stream = TcpStream::connect((host, self.port)).await.map_err(ClientError::Io)?;
        let Some(tls) = &self.tls else { return self.exchange(stream, body).await };
        // The name is not compared with the certificate; it only has to be one.
        let name = ServerName::try_from(host.to_owned())
            .map_err(|error| ClientError::Request(error.to_string()))?;
        let stream = TlsConnector::from(Arc::clone(tls)).connect(name, stream).await;
        self.exchange(stream.map_err(ClientError::Io)?, body).await
    }

    async fn exchange<S>(&self, stream: S, body: String) -> Result<String, ClientError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(ClientError::Http)?;
        let exchange = async {
            let response = sender.send_request(self.request(body)?).await;
            let response = response.map_err(ClientError::Http)?;
            let status = response.status();
            let body = Limited::new(response.into_body(), ANSWER_BYTES).collect().await;
            let bytes = body.map_err(|error| ClientError::Answer(error.to_string()))?.to_bytes();
            let text = String::from_utf8_lossy(&bytes).into_owned();
            if status.is_client_error() || status.is_server_error() {
                return Err(ClientError::Status(status.as_u16(), text));
            }
            Ok(text)
        };
        let mut connection = std::pin::pin!(connection);
        let mut exchange = std::pin::pin!(exchange);
        tokio::select! {
            result = &mut exchange => result,
            // The connection may end before the answer has been looked at.
            ended = &mut connection => match ended {
                Ok(()) => exchange.await,
                Err(error) => Err(ClientError::Http(error)),
            },
        }
    }

    fn request(&self, body: String) -> Result<Request<Full<Bytes>>, ClientError> {
        let host = match self.host.parse::<IpAddr>() {
            Ok(IpAddr::V6(address)) => format!("[{address}]:{}", self.port),
            _ => format!("{}:{}", self.host, self.port),
        };
        let mut request = Request::post(format!("/{}", self.path.trim_start_matches('/')))
            .header(HOST, host)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, &self.user_agent)
            .header(ACCEPT, "*/*");
        if let Some(Credentials { user, password }) = &self.credentials {
            let token = STANDARD.encode(format!("{user}:{password}"));
            request = request.header(AUTHORIZATION, format!("Basic {token}"));
        }
        let request = request.body(Full::new(Bytes::from(body)));
        request.map_err(|error| ClientError::Request(error.to_string()))
    }
}

/// Sends `text` to the UNIX socket at `path` and reads the answer to its end.
///
/// # Errors
/// Why there is none.
pub async fn unix_request(
    path: &Path,
    text: &str,
    patience: Duration,
) -> Result<String, ClientError> {
    let exchange = async {
        let mut stream = UnixStream::connect(path).await?;
        stream.write_all(text.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(ANSWER_BYTES as u64).read_to_end(&mut answer).await?;
        Ok(answer)
    };
    let answer = timeout(patience, exchange).await.map_err(|_| ClientError::Timeout)?;
    let answer = answer.map_err(ClientError::Io)?;
    String::from_utf8(answer).map_err(|_| ClientError::Answer("it is not UTF-8".into()))
}
