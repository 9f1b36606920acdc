//! One open connection to a database.

use std::fmt;
use std::future::Future;
use std::io;

use kea_config::snapshot::DatabaseKind;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::access::Access;
use crate::error::Error;
use crate::mysql;
use crate::postgresql;
use crate::value::{Row, Value};

/// One open connection to a database. Calls block.
///
/// Statements are prepared and kept by their text, so texts should not vary: values go in by `?`.
pub struct Database {
    access: Access,
    connection: Connection,
    runtime: OwnRuntime,
}

/// May end where other runtimes do not let one wait for its end.
struct OwnRuntime(Option<Runtime>);

enum Connection {
    Mysql(mysql::Connection),
    Postgresql(postgresql::Connection),
}

/// The version of the tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SchemaVersion {
    /// Major.
    pub major: u32,
    /// Minor.
    pub minor: u32,
}

impl SchemaVersion {
    /// What is served: equality is demanded, as by Kea.
    pub fn needed(kind: DatabaseKind) -> Self {
        match kind {
            DatabaseKind::Mysql => SchemaVersion { major: 14, minor: 0 },
            DatabaseKind::Postgresql => SchemaVersion { major: 13, minor: 0 },
        }
    }
}

impl fmt::Display for SchemaVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}

impl Database {
    /// Connects, and checks the version of the tables. Times of the session are in UTC.
    ///
    /// # Errors
    /// There is no connection within `connect-timeout`, the password is wrong, the schema is another one.
    pub fn open(access: &Access) -> Result<Self, Error> {
        let mut database = Self::connect(access)?;
        let needed = SchemaVersion::needed(access.kind());
        match database.schema_version()? {
            Some(found) if found == needed => Ok(database),
            found => Err(Error::Schema { needed, found }),
        }
    }

    /// Connects, whatever the version of the tables is.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn connect(access: &Access) -> Result<Self, Error> {
        let runtime = Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error: io::Error| Error::Unusable(error.to_string()))?;
        let runtime = OwnRuntime(Some(runtime));
        let connection = async {
            let limit = access.connect_timeout();
            let connecting = tokio::time::timeout(limit, Connection::open(access));
            connecting.await.unwrap_or_else(|_| {
                let why = format!("no answer within {} seconds", limit.as_secs());
                Err(Error::Lost(why))
            })
        };
        let connection = runtime.wait(connection)?;
        Ok(Database { access: access.clone(), connection, runtime })
    }

    /// Whose database it is.
    pub fn kind(&self) -> DatabaseKind {
        self.access.kind()
    }

    /// The way to it.
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// The version that the tables say they have; none when there are none.
    ///
    /// # Errors
    /// The connection is lost, or the table may not be read.
    pub fn schema_version(&mut self) -> Result<Option<SchemaVersion>, Error> {
        let rows = match self.query("SELECT version, minor FROM schema_version", &[]) {
            Err(Error::Refused { code, .. }) if matches!(&*code, "1146" | "42P01") => {
                return Ok(None);
            }
            rows => rows?,
        };
        let version =
            |row: &Row| Some(SchemaVersion { major: row.number(0)?, minor: row.number(1)? });
        Ok(rows.first().and_then(version))
    }

    /// Rows of a result.
    ///
    /// # Errors
    /// The connection is lost, or the statement refused.
    pub fn query(&mut self, sql: &str, values: &[Value]) -> Result<Vec<Row>, Error> {
        let mut rows = Vec::new();
        self.query_each(sql, values, &mut |row| rows.push(row))?;
        Ok(rows)
    }

    /// Rows of a result that may be long, one by one.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub fn query_each(
        &mut self,
        sql: &str,
        values: &[Value],
        take: &mut (dyn FnMut(Row) + Send),
    ) -> Result<(), Error> {
        let Self { access, connection, runtime } = self;
        let work = async {
            match connection {
                Connection::Mysql(connection) => connection.query(sql, values, take).await,
                Connection::Postgresql(connection) => connection.query(sql, values, take).await,
            }
        };
        runtime.wait(within(access, work))
    }

    /// Rows that a statement inserted, deleted, or found to be updated. (An `INSERT ... ON DUPLICATE KEY
    /// UPDATE` of MySQL counts a row twice that was there.)
    ///
    /// # Errors
    /// As [`Self::query`].
    pub fn execute(&mut self, sql: &str, values: &[Value]) -> Result<u64, Error> {
        let Self { access, connection, runtime } = self;
        let work = async {
            match connection {
                Connection::Mysql(connection) => connection.execute(sql, values).await,
                Connection::Postgresql(connection) => connection.execute(sql, values).await,
            }
        };
        runtime.wait(within(access, work))
    }

    /// Does all of it or nothing. After an error of a statement, nothing.
    ///
    /// # Errors
    /// That of the work, or of the commit. With [`Error::Lost`] it may have been done all the same.
    pub fn transaction<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.command("BEGIN")?;
        match work(self) {
            Ok(result) => self.command("COMMIT").map(|()| result),
            Err(error) => {
                if !error.is_lost() {
                    self.command("ROLLBACK")?;
                }
                Err(error)
            }
        }
    }

    /// Does a statement, or several, that nobody prepares: without values and result.
    ///
    /// # Errors
    /// As [`Self::query`].
    pub fn command(&mut self, sql: &str) -> Result<(), Error> {
        let Self { access, connection, runtime } = self;
        let work = async {
            match connection {
                Connection::Mysql(connection) => connection.control(sql).await,
                Connection::Postgresql(connection) => connection.control(sql).await,
            }
        };
        runtime.wait(within(access, work))
    }
}

impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Database {{ {} }}", self.access)
    }
}

impl Connection {
    async fn open(access: &Access) -> Result<Self, Error> {
        match access.kind() {
            DatabaseKind::Mysql => mysql::Connection::open(access).await.map(Connection::Mysql),
            DatabaseKind::Postgresql => {
                postgresql::Connection::open(access).await.map(Connection::Postgresql)
            }
        }
    }
}

/// `read-timeout`, where there is one.
async fn within<T>(
    access: &Access,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some(limit) = access.read_timeout() else { return work.await };
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        Err(Error::Lost(format!("no answer within {} seconds", limit.as_secs())))
    })
}

impl OwnRuntime {
    /// Waits on this thread; on another one where this is a thread of another runtime.
    fn wait<T: Send>(
        &self,
        work: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, Error> {
        let OwnRuntime(Some(runtime)) = self else {
            return Err(Error::Lost("the connection is closed".to_owned()));
        };
        if Handle::try_current().is_err() {
            return runtime.block_on(work);
        }
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| runtime.block_on(work));
            waiting.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
