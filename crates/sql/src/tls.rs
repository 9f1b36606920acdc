//! TLS to a database server: what the keys `trust-anchor`, `cert-file` and `key-file` lead to.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use kea_config::snapshot::Tls;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};

use crate::error::Error;

/// True when any of the keys asks for TLS.
pub(crate) fn is_wanted(tls: &Tls) -> bool {
    let keys = [&tls.trust_anchor, &tls.cert_file, &tls.key_file, &tls.cipher_list];
    keys.into_iter().flatten().any(|value| !value.is_empty())
}

/// The files of the trust anchor: itself, or those in its folder.
pub(crate) fn anchor_files(tls: &Tls) -> Result<Vec<PathBuf>, Error> {
    let Some(path) = path(&tls.trust_anchor) else { return Ok(Vec::new()) };
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let entries = std::fs::read_dir(path).map_err(|error| unusable(path, &error))?;
    let files = entries.flatten().map(|entry| entry.path());
    Ok(files.filter(|file| certificates(file).is_ok_and(|found| !found.is_empty())).collect())
}

/// Own certificate and key, when both are given.
pub(crate) fn own_files(tls: &Tls) -> Option<(&Path, &Path)> {
    path(&tls.cert_file).zip(path(&tls.key_file))
}

/// What a connection needs. The server's certificate is to lead to the trust anchor, where there is one;
/// its name counts only where `is_named`.
pub(crate) fn client_config(tls: &Tls, is_named: bool) -> Result<ClientConfig, Error> {
    let wrong = |error: rustls::Error| Error::Unusable(format!("TLS cannot be used: {error}"));
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(wrong)?;
    let anchor = path(&tls.trust_anchor);
    let mut roots = RootCertStore::empty();
    for file in anchor_files(tls)? {
        roots.add_parsable_certificates(certificates(&file)?);
    }
    if let Some(path) = anchor.filter(|_| roots.is_empty()) {
        return Err(unusable(path, &"no certificate of an authority in it"));
    }
    let builder = if is_named {
        builder.with_root_certificates(roots)
    } else {
        let roots = anchor.map(|_| roots);
        let verifier = Arc::new(ChainOnly { roots, provider });
        builder.dangerous().with_custom_certificate_verifier(verifier)
    };
    match own_files(tls) {
        Some((cert, key)) => {
            let file = key;
            let key = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(file, &error))?;
            builder.with_client_auth_cert(certificates(cert)?, key).map_err(wrong)
        }
        None => Ok(builder.with_no_client_auth()),
    }
}

fn path(value: &Option<Box<str>>) -> Option<&Path> {
    value.as_deref().filter(|path| !path.is_empty()).map(Path::new)
}

fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, Error> {
    let read = CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    read.map_err(|error| unusable(path, &error))
}

fn unusable(path: &Path, problem: &dyn fmt::Display) -> Error {
    Error::Unusable(format!("TLS cannot be used: {}: {problem}", path.display()))
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
