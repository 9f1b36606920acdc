//! Commands over HTTP and HTTPS (manual section 15.1, and the control agent's chapter).

mod authentication;
mod client;
mod listener;
mod service;
mod settings;
mod tls;
mod watched;

pub use client::{ClientError, Credentials, HttpClient, unix_request};
pub(crate) use listener::{HttpAcceptor, serve_stream};
pub(crate) use settings::{Settings, check_access};
pub use settings::{SettingsError, check_http_socket};
pub use tls::{TlsError, client_config};
