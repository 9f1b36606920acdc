//! Certificates and keys (manual, chapter on security).
//!
//! A partner is trusted because its certificate leads to the trust anchor. Its name is not compared: the
//! manual's set-ups address servers by number.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use kea_config::snapshot::Tls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};

/// Why TLS cannot be used.
#[derive(Debug)]
pub enum TlsError {
    /// One of the three parameters is missing while others are given.
    Missing(&'static str),
    /// A file or folder cannot be used.
    File {
        /// It.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The parts do not go together.
    Unusable(String),
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(name) => {
                write!(f, "'{name}' is missing: TLS needs trust-anchor, cert-file and key-file")
            }
            Self::File { path, problem } => write!(f, "cannot use {}: {problem}", path.display()),
            Self::Unusable(problem) => write!(f, "certificate and key cannot be used: {problem}"),
        }
    }
}

impl std::error::Error for TlsError {}

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
    let unusable = |error: &dyn fmt::Display| TlsError::Unusable(error.to_string());
    let provider = Arc::new(ring::default_provider());
    let roots = Arc::new(anchors(&files.trust_anchor)?);
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| unusable(&error))?;
    let builder = if cert_required {
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
        builder.with_client_cert_verifier(verifier.map_err(|error| unusable(&error))?)
    } else {
        builder.with_no_client_auth()
    };
    builder
        .with_single_cert(certificates(&files.cert)?, key(&files.key)?)
        .map_err(|error| unusable(&error))
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
    let unusable = |error: rustls::Error| TlsError::Unusable(error.to_string());
    let provider = Arc::new(ring::default_provider());
    let verifier = ChainOnly { roots: anchors(trust_anchor)?, provider: Arc::clone(&provider) };
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(unusable)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let config = match own {
        Some((cert, key_file)) => {
            builder.with_client_auth_cert(certificates(cert)?, key(key_file)?).map_err(unusable)?
        }
        None => builder.with_no_client_auth(),
    };
    Ok(Arc::new(config))
}

fn anchors(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    if path.is_dir() {
        let unreadable = |error: std::io::Error| file_error(path, &error);
        for entry in std::fs::read_dir(path).map_err(unreadable)? {
            // A folder of anchors may hold other things too.
            let path = entry.map_err(unreadable)?.path();
            roots.add_parsable_certificates(certificates(&path).unwrap_or_default());
        }
    } else {
        roots.add_parsable_certificates(certificates(path)?);
    }
    if roots.is_empty() {
        return Err(file_error(path, &"no certificate of an authority in it"));
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let certificates: Vec<_> = CertificateDer::pem_file_iter(path)
        .map_err(|error| file_error(path, &error))?
        .collect::<Result<_, _>>()
        .map_err(|error| file_error(path, &error))?;
    if certificates.is_empty() {
        return Err(file_error(path, &"no certificate in PEM form in it"));
    }
    Ok(certificates)
}

fn key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| file_error(path, &error))
}

fn file_error(path: &Path, problem: &dyn fmt::Display) -> TlsError {
    TlsError::File { path: path.to_owned(), problem: problem.to_string() }
}

/// Checks the chain of a server's certificate and not its name.
#[derive(Debug)]
struct ChainOnly {
    roots: RootCertStore,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for ChainOnly {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            algorithms,
        )?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, cert, dss, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, cert, dss, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
