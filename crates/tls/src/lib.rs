//! Certificates, keys and trust anchors, as everything that speaks TLS reads and checks them (manual,
//! chapter on security).

#![forbid(unsafe_code)]

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, ServerConfig, SignatureScheme};

/// Why TLS cannot be used.
#[derive(Debug)]
pub enum Error {
    /// A file or folder cannot be used.
    File {
        /// It.
        path: PathBuf,
        /// Why.
        problem: String,
    },
    /// The parts do not go together.
    Parts(String),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File { path, problem } => write!(f, "cannot use {}: {problem}", path.display()),
            Self::Parts(problem) => write!(f, "certificate and key cannot be used: {problem}"),
        }
    }
}

impl std::error::Error for Error {}

/// What a client looks at in the certificate that a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust<'a> {
    /// That it leads to this trust anchor, a file or folder; not its name, since servers are addressed by
    /// number in the manual's set-ups.
    Anchor(&'a Path),
    /// Its name, too.
    AnchorAndName(&'a Path),
    /// Nothing: what is sent is hidden from others, and that is all.
    Anybody,
}

/// A client's side. `own` are the files of a certificate and its key, to be shown when asked.
///
/// # Errors
/// Which file cannot be used, or that they do not go together.
pub fn client_config(trust: Trust<'_>, own: Option<(&Path, &Path)>) -> Result<ClientConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(apart)?;
    let by_chain = |roots| Arc::new(ChainOnly { roots, provider });
    let builder = match trust {
        Trust::AnchorAndName(path) => builder.with_root_certificates(anchors(path)?),
        Trust::Anchor(path) => {
            let verifier = by_chain(Some(anchors(path)?));
            builder.dangerous().with_custom_certificate_verifier(verifier)
        }
        Trust::Anybody => builder.dangerous().with_custom_certificate_verifier(by_chain(None)),
    };
    match own {
        Some((cert, key)) => {
            builder.with_client_auth_cert(certificates(cert)?, private_key(key)?).map_err(apart)
        }
        None => Ok(builder.with_no_client_auth()),
    }
}

/// A server's side. Clients are to show a certificate that leads to the trust anchor, where
/// `is_asking`.
///
/// # Errors
/// Which file cannot be used, or that they do not go together.
pub fn server_config(
    trust_anchor: &Path,
    (cert, key): (&Path, &Path),
    is_asking: bool,
) -> Result<ServerConfig, Error> {
    let provider = Arc::new(ring::default_provider());
    let roots = Arc::new(anchors(trust_anchor)?);
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(apart)?;
    let builder = if is_asking {
        let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider).build();
        builder.with_client_cert_verifier(verifier.map_err(apart)?)
    } else {
        builder.with_no_client_auth()
    };
    builder.with_single_cert(certificates(cert)?, private_key(key)?).map_err(apart)
}

/// The files of a trust anchor: itself, or those in its folder that hold certificates.
///
/// # Errors
/// That the folder cannot be read.
pub fn anchor_files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable = |error: std::io::Error| unusable(path, &error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        // It may hold other things, too.
        if certificates(&file).is_ok() {
            files.push(file);
        }
    }
    Ok(files)
}

fn anchors(path: &Path) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for file in anchor_files(path)? {
        roots.add_parsable_certificates(certificates(&file)?);
    }
    if roots.is_empty() {
        return Err(unusable(path, &"no certificate of an authority in it"));
    }
    Ok(roots)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certificates: Vec<_> = read.map_err(|error| unusable(path, &error))?;
    if certificates.is_empty() {
        return Err(unusable(path, &"no certificate in PEM form in it"));
    }
    Ok(certificates)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    PrivateKeyDer::from_pem_file(path).map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, problem: &dyn fmt::Display) -> Error {
    Error::File { path: path.to_owned(), problem: problem.to_string() }
}

fn apart(error: impl fmt::Display) -> Error {
    Error::Parts(error.to_string())
}

/// Checks the chain of a server's certificate, where there is something to check it by, and not its name.
#[derive(Debug)]
struct ChainOnly {
    roots: Option<RootCertStore>,
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
        if let Some(roots) = &self.roots {
            let certificate = ParsedCertificate::try_from(end_entity)?;
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(
                &certificate,
                roots,
                intermediates,
                now,
                algorithms,
            )?;
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_cannot_be_used_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let made = |name: &str| rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
        let (one, other) = (made("one"), made("other"));
        let cert = file("one.pem", &one.cert.pem());
        let key = file("one.key", &one.signing_key.serialize_pem());
        let foreign = file("other.key", &other.signing_key.serialize_pem());
        let (words, gone) = (file("words", "hello"), folder.path().join("gone"));
        let empty = folder.path().join("empty");
        std::fs::create_dir(&empty).unwrap();
        let problem = |trust: Trust<'_>, own| match client_config(trust, own) {
            Ok(_) => String::new(),
            Err(error) => error.to_string().replace(&*folder.path().to_string_lossy(), "F"),
        };
        let own = |cert, key| problem(Trust::Anybody, Some((cert, key)));
        assert_eq!(own(&cert, &key), "");
        assert!(own(&cert, &foreign).starts_with("certificate and key cannot be used: "));
        assert_eq!(own(&words, &key), "cannot use F/words: no certificate in PEM form in it");
        assert!(own(&cert, &gone).starts_with("cannot use F/gone: "));
        let named = |path| problem(Trust::AnchorAndName(path), None);
        let anchored = |path| problem(Trust::Anchor(path), None);
        let none = "cannot use F/empty: no certificate of an authority in it";
        assert_eq!([named(&empty), anchored(&empty)], [none, none]);
        assert_eq!([named(&cert), anchored(&cert)], ["", ""]);
        // Of a folder, what holds certificates.
        assert_eq!(anchor_files(folder.path()).unwrap(), [&*cert]);
        assert_eq!(anchored(folder.path()), "");
        assert!(server_config(&empty, (&cert, &key), true).is_err());
        assert!(server_config(&cert, (&cert, &key), true).is_ok());
    }
}
