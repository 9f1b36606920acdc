//! TLS to a database server: what the keys `trust-anchor`, `cert-file` and `key-file` lead to.

use std::path::{Path, PathBuf};

use kea_config::snapshot::Tls;
use kea_tls::Trust;
use rustls::ClientConfig;

use crate::error::Error;

/// True when any of the keys asks for TLS.
pub(crate) fn is_wanted(tls: &Tls) -> bool {
    let keys = [&tls.trust_anchor, &tls.cert_file, &tls.key_file, &tls.cipher_list];
    keys.into_iter().flatten().any(|value| !value.is_empty())
}

/// The files of the trust anchor.
pub(crate) fn anchor_files(tls: &Tls) -> Result<Vec<PathBuf>, Error> {
    path(&tls.trust_anchor)
        .map_or(Ok(Vec::new()), kea_tls::anchor_files)
        .map_err(|error| unusable(&error))
}

/// Own certificate and key, when both are given.
pub(crate) fn own_files(tls: &Tls) -> Option<(&Path, &Path)> {
    path(&tls.cert_file).zip(path(&tls.key_file))
}

/// What a connection needs. The server's certificate is to lead to the trust anchor, where there is one;
/// its name counts only where `is_named`.
pub(crate) fn client_config(tls: &Tls, is_named: bool) -> Result<ClientConfig, Error> {
    let trust = match path(&tls.trust_anchor) {
        Some(anchor) if is_named => Trust::AnchorAndName(anchor),
        Some(anchor) => Trust::Anchor(anchor),
        None => Trust::Anybody,
    };
    kea_tls::client_config(trust, own_files(tls)).map_err(|error| unusable(&error))
}

fn path(value: &Option<Box<str>>) -> Option<&Path> {
    value.as_deref().filter(|path| !path.is_empty()).map(Path::new)
}

fn unusable(error: &kea_tls::Error) -> Error {
    Error::Unusable(format!("TLS cannot be used: {error}"))
}
