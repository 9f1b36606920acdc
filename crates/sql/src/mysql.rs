//! MySQL and MariaDB.

use std::time::Duration;

use mysql_async::prelude::Queryable as _;
use mysql_async::{ClientIdentity, Conn, OptsBuilder, Params, SslOpts};

use crate::access::{Access, Place};
use crate::error::Error;
use crate::tls;
use crate::value::{Row, Value};

pub(crate) struct Connection(Conn);

impl Connection {
    pub(crate) async fn open(access: &Access) -> Result<Self, Error> {
        let mut lost = None;
        for place in access.places() {
            match Conn::new(options(access, &place)?).await {
                Ok(connection) => return Ok(Connection(connection)),
                Err(error) => match failure("connecting", &error) {
                    Error::Lost(why) => drop(lost.get_or_insert(why)),
                    refused => return Err(refused),
                },
            }
        }
        Err(Error::Lost(lost.unwrap_or_default()))
    }

    pub(crate) async fn query(
        &mut self,
        sql: &str,
        values: &[Value],
        take: &mut (dyn FnMut(Row) + Send),
    ) -> Result<(), Error> {
        let failure = |error| failure(sql, &error);
        let mut rows = self.0.exec_iter(sql, parameters(values)).await.map_err(failure)?;
        while let Some(row) = rows.next().await.map_err(failure)? {
            take(Row(row.unwrap().into_iter().map(value).collect()));
        }
        rows.drop_result().await.map_err(failure)
    }

    pub(crate) async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        let done = self.0.exec_drop(sql, parameters(values)).await;
        done.map_err(|error| failure(sql, &error))?;
        Ok(self.0.affected_rows())
    }

    pub(crate) async fn control(&mut self, sql: &str) -> Result<(), Error> {
        self.0.query_drop(sql).await.map_err(|error| failure(sql, &error))
    }
}

fn options(access: &Access, place: &Place) -> Result<OptsBuilder, Error> {
    let configured = access.configured();
    let mut options = OptsBuilder::default()
        .user(Some(&*configured.user))
        .pass(Some(access.password()?))
        .db_name(Some(&*configured.name))
        .client_found_rows(true)
        .stmt_cache_size(STATEMENTS)
        .tcp_keepalive(Some(KEEPALIVE))
        // The socket that the server names may be another server's here.
        .prefer_socket(false)
        .init(vec!["SET time_zone = '+00:00', sql_mode = 'STRICT_ALL_TABLES'"]);
    options = match place {
        Place::Socket(path) => options.socket(Some(path)),
        Place::Machine(machine, port) => options.ip_or_hostname(machine).tcp_port(*port),
    };
    if tls::is_wanted(&configured.tls) && matches!(place, Place::Machine(..)) {
        // Says which file is wrong, if one is; the client would say only what.
        tls::client_config(&configured.tls, true)?;
        let anchors = tls::anchor_files(&configured.tls)?;
        let own = tls::own_files(&configured.tls)
            .map(|(cert, key)| ClientIdentity::new(cert.to_owned().into(), key.to_owned().into()));
        options = options.ssl_opts(
            SslOpts::default()
                .with_danger_accept_invalid_certs(anchors.is_empty())
                .with_danger_skip_domain_validation(true)
                .with_disable_built_in_roots(true)
                .with_root_certs(anchors.into_iter().map(Into::into).collect())
                .with_client_identity(own),
        );
    }
    Ok(options)
}

fn parameters(values: &[Value]) -> Params {
    if values.is_empty() {
        return Params::Empty;
    }
    let value = |value: &Value| match value {
        Value::Null => mysql_async::Value::NULL,
        Value::Integer(number) => mysql_async::Value::Int(*number),
        Value::Text(text) => mysql_async::Value::Bytes(text.as_bytes().to_vec()),
        Value::Octets(octets) => mysql_async::Value::Bytes(octets.clone()),
        Value::Boolean(value) => mysql_async::Value::Int((*value).into()),
        Value::Real(number) => mysql_async::Value::Double(*number),
    };
    Params::Positional(values.iter().map(value).collect())
}

fn value(found: mysql_async::Value) -> Value {
    match found {
        mysql_async::Value::NULL => Value::Null,
        mysql_async::Value::Bytes(octets) => Value::Octets(octets),
        mysql_async::Value::Int(number) => Value::Integer(number),
        mysql_async::Value::UInt(number) => {
            i64::try_from(number).map_or(Value::Real(number as f64), Value::Integer)
        }
        mysql_async::Value::Float(number) => Value::Real(number.into()),
        mysql_async::Value::Double(number) => Value::Real(number),
        other => Value::Text(other.as_sql(true).trim_matches('\'').to_owned()),
    }
}

fn failure(statement: &str, error: &mysql_async::Error) -> Error {
    match error {
        mysql_async::Error::Server(server) => match server.code {
            // Too many connections, shutting down, gone away, killed.
            1040 | 1053 | 1077 | 1079 | 1927 | 2006 | 2013 => Error::Lost(server.message.clone()),
            // Waited too long for a lock, deadlock, changed meanwhile.
            1205 | 1213 | 1020 => Error::InTheWay(server.message.clone()),
            code => Error::refused(statement, &server.message, code),
        },
        mysql_async::Error::Io(error) => Error::Lost(error.to_string()),
        mysql_async::Error::Driver(error) => match error {
            mysql_async::DriverError::ConnectionClosed
            | mysql_async::DriverError::PacketOutOfOrder
            | mysql_async::DriverError::PoolDisconnected => Error::Lost(error.to_string()),
            error => Error::refused(statement, error, ""),
        },
        error => Error::refused(statement, error, ""),
    }
}

/// Prepared statements that are kept.
const STATEMENTS: usize = 256;
/// After so long without a word the system asks whether the other end is there.
const KEEPALIVE: Duration = Duration::from_secs(30);
