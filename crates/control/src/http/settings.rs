//! What an HTTP socket does, with all its files read.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use hyper::header::{HeaderName, HeaderValue};
use kea_config::snapshot::HttpSocket;

use super::authentication::Users;
use super::tls::{ServerTls, TlsError};

/// The settings of an open HTTP socket. They can be exchanged while it serves.
#[derive(Debug, Default)]
pub(crate) struct Settings {
    pub(crate) users: Users,
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) tls: Option<Arc<ServerTls>>,
}

/// Reads all that an HTTP socket needs, and opens nothing.
///
/// # Errors
/// Why it cannot be served as configured.
pub fn check_http_socket(socket: &HttpSocket) -> Result<(), SettingsError> {
    Settings::load(socket).map(drop)
}

/// The same without certificates and keys, which not everybody who checks a configuration may read: that all
/// three of them are named, or none, and who the users are.
pub(crate) fn check_access(socket: &HttpSocket) -> Result<(), SettingsError> {
    let users = socket.authentication.as_ref().map(Users::load);
    users.transpose()?;
    socket.tls.as_ref().map_or(Ok(()), |tls| ServerTls::check(tls).map_err(SettingsError::Tls))
}

/// Why an HTTP socket cannot be served as configured.
#[derive(Debug)]
pub enum SettingsError {
    /// A file of the authentication cannot be used.
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// Two parameters that exclude each other.
    Both(&'static str, &'static str),
    /// A client without a user.
    NoUser,
    /// A user name that HTTP cannot carry.
    Colon(String),
    /// A header that HTTP cannot carry.
    Header(String),
    /// The certificates.
    Tls(TlsError),
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, problem } => write!(f, "cannot use {}: {problem}", path.display()),
            Self::Both(one, other) => write!(f, "'{one}' and '{other}' exclude each other"),
            Self::NoUser => f.write_str("a client has no 'user'"),
            Self::Colon(user) => write!(f, "the user '{user}' has a colon in its name"),
            Self::Header(name) => write!(f, "'{name}' cannot be sent as an HTTP header"),
            Self::Tls(problem) => problem.fmt(f),
        }
    }
}

impl std::error::Error for SettingsError {}

impl Settings {
    pub(crate) fn load(socket: &HttpSocket) -> Result<Settings, SettingsError> {
        let users = match &socket.authentication {
            Some(authentication) => Users::load(authentication)?,
            None => Users::default(),
        };
        let headers = socket.headers.iter().map(|(name, value)| {
            let header =
                HeaderName::try_from(&**name).ok().zip(HeaderValue::try_from(&**value).ok());
            header.ok_or_else(|| SettingsError::Header(name.to_string()))
        });
        let tls = socket.tls.as_ref().map(|tls| ServerTls::load(tls, socket.cert_required));
        Ok(Settings {
            users,
            headers: headers.collect::<Result<_, _>>()?,
            tls: tls.transpose().map_err(SettingsError::Tls)?.map(Arc::new),
        })
    }
}
