//! Certificates and keys (manual, chapter on security).
//!
//! A partner is trusted because its certificate leads to the trust anchor. Its name is not compared: the
//! manual's set-ups address servers by number.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use kea_config::snapshot::Tls;
use kea_tls::Trust;
use rustls::{ClientConfig, ServerConfig};

/// Why TLS cannot be used.
#[derive(Debug)]
pub enum TlsError {
    /// One of the three parameters is missing while others are given.
    Missing(&'static str),
    /// A file cannot be used, or they do not go together.
    Files(kea_tls::Error),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => {
                write!(f, "'{name}' is missing: TLS needs trust-anchor, cert-file and key-file")
            }
            Self::Files(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TlsError {}

impl From<kea_tls::Error> for TlsError {
    fn from(error: kea_tls::Error) -> Self {
        TlsError::Files(error)
    }
}

/// The server's side. Files that change are read again.
#[derive(Debug)]
pub(crate) struct ServerTls {
    files: Files,
    cert_required: bool,
    current: Mutex<(Stamps, Arc<ServerConfig>)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Files {
    trust_anchor: PathBuf,
    cert: PathBuf,
    key: PathBuf,
}

type Stamps = [Option<SystemTime>; 3];

impl ServerTls {
    pub(crate) fn load(tls: &Tls, cert_required: bool) -> Result<ServerTls, TlsError> {
        let files = Files::of(tls)?;
        let stamps = files.stamps();
        let config = server_config(&files, cert_required)?;
        Ok(ServerTls { files, cert_required, current: Mutex::new((stamps, Arc::new(config))) })
    }

    /// That all files are named.
    pub(crate) fn check(tls: &Tls) -> Result<(), TlsError> {
        Files::of(tls).map(drop)
    }

    /// The configuration for the next connection; with it, why changed files are not used.
    pub(crate) fn current(&self) -> (Arc<ServerConfig>, Option<TlsError>) {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let stamps = self.files.stamps();
        let mut problem = None;
        if stamps != current.0 {
            current.0 = stamps;
            match server_config(&self.files, self.cert_required) {
                Ok(config) => current.1 = Arc::new(config),
                Err(error) => problem = Some(error),
            }
        }
        (Arc::clone(&current.1), problem)
    }
}

impl Files {
    fn of(tls: &Tls) -> Result<Files, TlsError> {
        let path = |value: &Option<Box<str>>, name| match value.as_deref() {
            None | Some("") => Err(TlsError::Missing(name)),
            Some(path) => Ok(PathBuf::from(path)),
        };
        Ok(Files {
            trust_anchor: path(&tls.trust_anchor, "trust-anchor")?,
            cert: path(&tls.cert_file, "cert-file")?,
            key: path(&tls.key_file, "key-file")?,
        })
    }

    fn stamps(&self) -> Stamps {
        [&self.trust_anchor, &self.cert, &self.key]
            .map(|path| std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok())
    }
}

fn server_config(files: &Files, cert_required: bool) -> Result<ServerConfig, TlsError> {
    let Files { trust_anchor, cert, key } = files;
    Ok(kea_tls::server_config(trust_anchor, (cert, key), cert_required)?)
}

/// The client's side: trusts servers whose certificate leads to `trust_anchor` (file or folder), and shows
/// `own` (certificate file and key file) when asked.
///
/// # Errors
/// Which file cannot be used.
pub fn client_config(
    trust_anchor: &Path,
    own: Option<(&Path, &Path)>,
) -> Result<Arc<ClientConfig>, TlsError> {
    Ok(Arc::new(kea_tls::client_config(Trust::Anchor(trust_anchor), own)?))
}
