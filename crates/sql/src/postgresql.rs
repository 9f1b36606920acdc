//! PostgreSQL.

use std::collections::HashMap;
use std::error::Error as _;
use std::time::Duration;

use bytes::{BufMut as _, BytesMut};
use tokio_postgres::config::SslMode;
use tokio_postgres::error::SqlState;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};
use tokio_postgres::{Client, Config, NoTls, RowStream, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::access::{Access, Place};
use crate::error::Error;
use crate::tls;
use crate::value::{Row, Value};

pub(crate) struct Connection {
    client: Client,
    statements: HashMap<Box<str>, Statement>,
}

impl Connection {
    pub(crate) async fn open(access: &Access) -> Result<Self, Error> {
        let mut lost = None;
        for place in access.places() {
            match connect(access, &place).await {
                Ok(client) => {
                    let mut connection = Connection { client, statements: HashMap::new() };
                    connection.control("SET TIME ZONE 'UTC'").await?;
                    return Ok(connection);
                }
                Err(Error::Lost(why)) => drop(lost.get_or_insert(why)),
                Err(refused) => return Err(refused),
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
        let statement = self.statement(sql).await?;
        let rows = self.client.query_raw(&statement, values).await.map_err(failure)?;
        let mut rows = Box::pin(rows);
        while let Some(row) = next(&mut rows).await {
            let row = row.map_err(failure)?;
            let value = |column| row.try_get::<_, Value>(column).map_err(failure);
            take(Row((0..row.len()).map(value).collect::<Result<_, _>>()?));
        }
        Ok(())
    }

    pub(crate) async fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        let statement = self.statement(sql).await?;
        let done = self.client.execute_raw(&statement, values).await;
        done.map_err(|error| failure(sql, &error))
    }

    pub(crate) async fn control(&mut self, sql: &str) -> Result<(), Error> {
        self.client.batch_execute(sql).await.map_err(|error| failure(sql, &error))
    }

    async fn statement(&mut self, sql: &str) -> Result<Statement, Error> {
        if let Some(statement) = self.statements.get(sql) {
            return Ok(statement.clone());
        }
        let prepared = self.client.prepare(&numbered(sql)).await;
        let statement = prepared.map_err(|error| failure(sql, &error))?;
        if self.statements.len() >= STATEMENTS {
            self.statements.clear();
        }
        self.statements.insert(sql.into(), statement.clone());
        Ok(statement)
    }
}

async fn next(
    rows: &mut std::pin::Pin<Box<RowStream>>,
) -> Option<Result<tokio_postgres::Row, tokio_postgres::Error>> {
    std::future::poll_fn(|context| futures_core::Stream::poll_next(rows.as_mut(), context)).await
}

async fn connect(access: &Access, place: &Place) -> Result<Client, Error> {
    let configured = access.configured();
    let mut config = Config::new();
    config
        .user(&*configured.user)
        .password(access.password()?)
        .dbname(&*configured.name)
        .application_name("kea-rs")
        .keepalives_idle(KEEPALIVE);
    if let Some(seconds) = configured.tcp_user_timeout.filter(|seconds| *seconds > 0) {
        config.tcp_user_timeout(Duration::from_secs(seconds.into()));
    }
    match place {
        Place::Socket(folder) => {
            config.host_path(folder).port(access.port().unwrap_or(5432));
        }
        Place::Machine(machine, port) => {
            config.host(machine).port(*port);
        }
    }
    let mode = configured.ssl_mode.as_deref().unwrap_or_default();
    let is_wanted =
        tls::is_wanted(&configured.tls) || matches!(mode, "require" | "verify-ca" | "verify-full");
    if !is_wanted || mode == "disable" || matches!(place, Place::Socket(_)) {
        config.ssl_mode(SslMode::Disable);
        let (client, connection) =
            config.connect(NoTls).await.map_err(|error| failure("connecting", &error))?;
        tokio::spawn(connection);
        return Ok(client);
    }
    config.ssl_mode(SslMode::Require);
    let tls = MakeRustlsConnect::new(tls::client_config(&configured.tls, mode == "verify-full")?);
    let (client, connection) =
        config.connect(tls).await.map_err(|error| failure("connecting", &error))?;
    tokio::spawn(connection);
    Ok(client)
}

/// `$1`, `$2`, ... for `?`, but not inside quotes.
fn numbered(sql: &str) -> String {
    let (mut text, mut number, mut in_quotes) = (String::with_capacity(sql.len() + 16), 0, false);
    for letter in sql.chars() {
        match letter {
            '?' if !in_quotes => {
                number += 1;
                text.push_str(&format!("${number}"));
            }
            _ => {
                in_quotes ^= letter == '\'';
                text.push(letter);
            }
        }
    }
    text
}

type Conversion<T> = Result<T, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for Value {
    fn to_sql(&self, wanted: &Type, out: &mut BytesMut) -> Conversion<IsNull> {
        match self {
            Value::Null => return Ok(IsNull::Yes),
            Value::Integer(number) => return whole_number(*number, wanted, out),
            Value::Boolean(value) if *wanted == Type::BOOL => out.put_u8((*value).into()),
            Value::Boolean(value) => return whole_number((*value).into(), wanted, out),
            Value::Real(number) if *wanted == Type::FLOAT4 => out.put_f32(*number as f32),
            Value::Real(number) => out.put_f64(*number),
            Value::Text(text) => out.put_slice(text.as_bytes()),
            Value::Octets(octets) => out.put_slice(octets),
        }
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

fn whole_number(number: i64, wanted: &Type, out: &mut BytesMut) -> Conversion<IsNull> {
    match *wanted {
        Type::BOOL => out.put_u8((number != 0).into()),
        Type::INT2 => out.put_i16(number.try_into()?),
        Type::INT4 => out.put_i32(number.try_into()?),
        Type::OID => out.put_u32(number.try_into()?),
        Type::FLOAT4 => out.put_f32(number as f32),
        Type::FLOAT8 => out.put_f64(number as f64),
        Type::TEXT | Type::VARCHAR => out.put_slice(number.to_string().as_bytes()),
        _ => out.put_i64(number),
    }
    Ok(IsNull::No)
}

impl<'a> FromSql<'a> for Value {
    fn from_sql(found: &Type, raw: &'a [u8]) -> Conversion<Self> {
        Ok(match *found {
            Type::BOOL => Value::Boolean(bool::from_sql(found, raw)?),
            Type::INT2 => Value::Integer(i16::from_sql(found, raw)?.into()),
            Type::INT4 => Value::Integer(i32::from_sql(found, raw)?.into()),
            Type::INT8 => Value::Integer(i64::from_sql(found, raw)?),
            Type::OID => Value::Integer(u32::from_sql(found, raw)?.into()),
            Type::FLOAT4 => Value::Real(f32::from_sql(found, raw)?.into()),
            Type::FLOAT8 => Value::Real(f64::from_sql(found, raw)?),
            Type::TEXT | Type::VARCHAR | Type::BPCHAR | Type::NAME | Type::JSON => {
                Value::Text(std::str::from_utf8(raw)?.to_owned())
            }
            _ => Value::Octets(raw.to_vec()),
        })
    }

    fn from_sql_null(_: &Type) -> Conversion<Self> {
        Ok(Value::Null)
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

fn failure(statement: &str, error: &tokio_postgres::Error) -> Error {
    if let Some(server) = error.as_db_error() {
        let (code, message) = (server.code(), server.message());
        return match *code {
            SqlState::T_R_SERIALIZATION_FAILURE
            | SqlState::T_R_DEADLOCK_DETECTED
            | SqlState::LOCK_NOT_AVAILABLE => Error::InTheWay(message.to_owned()),
            SqlState::TOO_MANY_CONNECTIONS => Error::Lost(message.to_owned()),
            _ if code.code().starts_with("08") || code.code().starts_with("57P") => {
                Error::Lost(message.to_owned())
            }
            _ => Error::refused(statement, message, code.code()),
        };
    }
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<std::io::Error>() {
            return Error::Lost(cause.to_string());
        }
        source = cause.source();
    }
    if error.is_closed() {
        return Error::Lost(error.to_string());
    }
    let why = error.source().map_or(String::new(), |cause| format!(": {cause}"));
    Error::refused(statement, format_args!("{error}{why}"), "")
}

/// Prepared statements that are kept.
const STATEMENTS: usize = 256;
/// After so long without a word the system asks whether the other end is there.
const KEEPALIVE: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::numbered;

    #[test]
    fn placeholders_are_numbered_but_not_in_quotes() {
        assert_eq!(numbered("a = ? AND b = '?' AND c = ?"), "a = $1 AND b = '?' AND c = $2");
    }
}
