//! The way to a database, as configured.

use std::fmt;
use std::path::Path;
use std::time::Duration;

use kea_config::snapshot::{Database as Configured, DatabaseKind};

use crate::error::Error;

/// The way to a database. Shown as Kea shows it, with a starred password.
#[derive(Clone, PartialEq, Eq)]
pub struct Access {
    configured: Configured,
}

/// Where a database server listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// A UNIX socket; of PostgreSQL, the folder that it is in.
    Socket(String),
    /// A machine and port.
    Machine(String, u16),
}

impl From<&Configured> for Access {
    fn from(configured: &Configured) -> Self {
        Access { configured: configured.clone() }
    }
}

impl Access {
    /// Whose database it is.
    pub fn kind(&self) -> DatabaseKind {
        self.configured.kind
    }

    /// All that is configured of it.
    pub fn configured(&self) -> &Configured {
        &self.configured
    }

    /// `DATABASE on MACHINE`, for messages.
    pub fn place(&self) -> String {
        let Configured { kind, name, host, .. } = &self.configured;
        let product = match kind {
            DatabaseKind::Mysql => "MySQL",
            DatabaseKind::Postgresql => "PostgreSQL",
        };
        let machine = if host.is_empty() { "localhost" } else { host };
        format!("{product} database {name} on {machine}")
    }

    /// Where to try, one after the other.
    pub(crate) fn places(&self) -> Vec<Place> {
        let Configured { kind, host, port, .. } = &self.configured;
        match kind {
            DatabaseKind::Mysql => {
                let port = port.unwrap_or(3306);
                if host.starts_with('/') {
                    return vec![Place::Socket(host.to_string())];
                }
                if !matches!(&**host, "" | "localhost") {
                    return vec![Place::Machine(host.to_string(), port)];
                }
                // As the client library of MySQL and MariaDB does.
                let named = std::env::var("MYSQL_UNIX_PORT").ok();
                let usual = MYSQL_SOCKETS.iter().map(|path| (*path).to_owned());
                let mut sockets: Vec<String> = named.into_iter().chain(usual).collect();
                sockets.retain(|path| Path::new(path).exists());
                let socket = sockets.into_iter().next().map(Place::Socket);
                let machine = Place::Machine("127.0.0.1".to_owned(), port);
                socket.into_iter().chain([machine]).collect()
            }
            DatabaseKind::Postgresql => {
                let port = port.unwrap_or(5432);
                if host.starts_with('/') {
                    return vec![Place::Socket(host.to_string())];
                }
                if !host.is_empty() {
                    return vec![Place::Machine(host.to_string(), port)];
                }
                let machine = Place::Machine("localhost".to_owned(), port);
                vec![machine, Place::Socket(POSTGRESQL_SOCKETS.to_owned())]
            }
        }
    }

    /// The port, where that is part of a socket's name.
    pub(crate) fn port(&self) -> Option<u16> {
        self.configured.port
    }

    pub(crate) fn password(&self) -> Result<String, Error> {
        match self.configured.password_file.as_deref().filter(|path| !path.is_empty()) {
            None => Ok(self.configured.password.0.to_string()),
            Some(path) => match std::fs::read_to_string(path) {
                Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
                Err(error) => Err(Error::Unusable(format!(
                    "the password-file {path} cannot be read: {error}"
                ))),
            },
        }
    }

    pub(crate) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.configured.connect_timeout.max(1).into())
    }

    /// How long an answer is waited for.
    pub(crate) fn read_timeout(&self) -> Option<Duration> {
        let seconds = self.configured.read_timeout.filter(|seconds| *seconds > 0);
        seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Configured { kind, name, host, port, user, .. } = &self.configured;
        let quoted = |text: &str| match text.contains(char::is_whitespace) || text.is_empty() {
            true => format!("'{text}'"),
            false => text.to_owned(),
        };
        if !host.is_empty() {
            write!(f, "host={} ", quoted(host))?;
        }
        write!(f, "name={} ", quoted(name))?;
        if !self.configured.password.0.is_empty() || self.configured.password_file.is_some() {
            f.write_str("password=***** ")?;
        }
        if let Some(port) = port {
            write!(f, "port={port} ")?;
        }
        write!(f, "type={}", kind.word())?;
        if !user.is_empty() {
            write!(f, " user={}", quoted(user))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Access {{ {self} }}")
    }
}

const MYSQL_SOCKETS: &[&str] =
    &["/run/mysqld/mysqld.sock", "/var/lib/mysql/mysql.sock", "/tmp/mysql.sock"];
const POSTGRESQL_SOCKETS: &str = "/var/run/postgresql";
