//! A private MariaDB or PostgreSQL server with the schema of Debian's Kea.

use std::env;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::TcpListener;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::unistd::User;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::lab::{self, Netns};
use crate::process::Captured;

/// Whose database server it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DatabaseProduct {
    /// MariaDB, which speaks as MySQL.
    Mysql,
    /// PostgreSQL.
    Postgresql,
}

impl DatabaseProduct {
    /// Both of them.
    pub const ALL: [DatabaseProduct; 2] = [DatabaseProduct::Mysql, DatabaseProduct::Postgresql];

    /// As the configuration of Kea names it (`type`).
    pub fn word(self) -> &'static str {
        match self {
            DatabaseProduct::Mysql => "mysql",
            DatabaseProduct::Postgresql => "postgresql",
        }
    }

    /// The account that its programs run as.
    fn account(self) -> &'static str {
        match self {
            DatabaseProduct::Mysql => "mysql",
            DatabaseProduct::Postgresql => "postgres",
        }
    }
}

/// A running database server; stopped, and its files removed, when dropped.
///
/// Clients reach it by TCP, with a password, and this test kit by its socket.
#[derive(Debug)]
pub struct DatabaseServer {
    product: DatabaseProduct,
    folder: TempDir,
    netns: Option<Netns>,
    port: u16,
    options: Vec<String>,
    process: Option<Captured>,
}

/// A row of a result, each field as text; `NULL` for none.
pub type DatabaseRow = Vec<String>;

impl DatabaseServer {
    /// Starts one on the loopback interface of this machine.
    ///
    /// # Errors
    /// The programs are not installed, or it does not start.
    pub fn start(product: DatabaseProduct) -> io::Result<Self> {
        Self::begin(product, None, &[])
    }

    /// Starts one that is reached at 127.0.0.1 inside a network namespace.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_in(product: DatabaseProduct, netns: &Netns) -> io::Result<Self> {
        Self::begin(product, Some(netns), &[])
    }

    /// As [`Self::start_in`], with further options of the server. Without any, it does without the disk's
    /// confirmations, which no test waits for.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub fn start_with(
        product: DatabaseProduct,
        netns: Option<&Netns>,
        options: &[&str],
    ) -> io::Result<Self> {
        Self::begin(product, netns, options)
    }

    /// Its folder, port and settings, without data yet.
    fn empty(
        product: DatabaseProduct,
        netns: Option<&Netns>,
        options: &[&str],
    ) -> io::Result<Self> {
        let folder = lab::folder()?;
        let user = User::from_name(product.account())?.ok_or_else(|| {
            let account = product.account();
            io::Error::other(format!("there is no account {account}: is the server installed?"))
        })?;
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755))?;
        chown(folder.path(), Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
        let free = || TcpListener::bind(("127.0.0.1", 0))?.local_addr();
        let port = netns.map_or_else(free, |netns| netns.enter(free))?.port();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let netns = netns.cloned();
        Ok(DatabaseServer { product, folder, netns, port, options, process: None })
    }

    fn begin(
        product: DatabaseProduct,
        netns: Option<&Netns>,
        options: &[&str],
    ) -> io::Result<Self> {
        let mut server = Self::empty(product, netns, options)?;
        match env::var_os(TEMPLATES) {
            Some(templates) => {
                copied(&template(product, Path::new(&templates))?, &server.data())?;
                server.start_again()?;
            }
            None => server.make()?,
        }
        Ok(server)
    }

    /// Makes everything, and starts it.
    fn make(&mut self) -> io::Result<()> {
        self.initialise()?;
        self.start_again()?;
        self.create()
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Whose it is.
    pub fn product(&self) -> DatabaseProduct {
        self.product
    }

    /// The map of a configuration that leads to the database: `type`, `name`, `host`, `port`, `user` and
    /// `password`.
    pub fn access(&self) -> Value {
        json!({
            "type": self.product.word(), "name": NAME, "user": NAME, "password": NAME,
            "host": "127.0.0.1", "port": self.port,
        })
    }

    /// Runs statements as the user of the database; gives the rows of their results.
    ///
    /// # Errors
    /// What the client program said.
    pub fn run(&self, sql: &str) -> io::Result<Vec<DatabaseRow>> {
        self.run_in(NAME, NAME, sql)
    }

    /// Runs statements as the administrator of the database server.
    ///
    /// # Errors
    /// What the client program said.
    pub fn administer(&self, sql: &str) -> io::Result<Vec<DatabaseRow>> {
        let (user, database) = match self.product {
            DatabaseProduct::Mysql => ("root", "mysql"),
            DatabaseProduct::Postgresql => ("postgres", "postgres"),
        };
        self.run_in(user, database, sql)
    }

    /// Ends all connections of the database's user.
    ///
    /// # Errors
    /// What the client program said.
    pub fn end_connections(&self) -> io::Result<usize> {
        let list = match self.product {
            DatabaseProduct::Mysql => {
                format!("SELECT id FROM information_schema.processlist WHERE user = '{NAME}'")
            }
            DatabaseProduct::Postgresql => format!(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{NAME}'"
            ),
        };
        let found = self.administer(&list)?;
        if self.product == DatabaseProduct::Mysql {
            for id in found.iter().flatten() {
                self.administer(&format!("KILL {id}"))?;
            }
        }
        Ok(found.len())
    }

    /// Stops it, as at an outage. Data stay.
    ///
    /// # Errors
    /// When it does not end.
    pub fn stop(&mut self) -> io::Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.signal(match self.product {
            DatabaseProduct::Mysql => Signal::SIGTERM,
            // Does not wait for clients to go.
            DatabaseProduct::Postgresql => Signal::SIGINT,
        })?;
        process.wait(LIMIT).map(drop)
    }

    /// Has it offer TLS from now on, with this certificate and key (PEM). Connections end.
    ///
    /// # Errors
    /// As [`Self::start_again`].
    pub fn offer_tls(&mut self, certificate: &str, key: &str) -> io::Result<()> {
        let user = User::from_name(self.product.account())?;
        let place = |name: &str, pem: &str| {
            let path = self.folder.path().join(name);
            fs::write(&path, pem)?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
            chown(&path, user.as_ref().map(|user| user.uid.as_raw()), None)?;
            io::Result::Ok(path.display().to_string())
        };
        let (certificate, key) = (place("tls.crt", certificate)?, place("tls.key", key)?);
        self.options = match self.product {
            DatabaseProduct::Mysql => {
                vec![format!("--ssl-cert={certificate}"), format!("--ssl-key={key}")]
            }
            DatabaseProduct::Postgresql => vec![
                "-cssl=on".to_owned(),
                format!("-cssl_cert_file={certificate}"),
                format!("-cssl_key_file={key}"),
            ],
        };
        self.stop()?;
        self.start_again()
    }

    /// Starts it again after [`Self::stop`].
    ///
    /// # Errors
    /// What it said.
    pub fn start_again(&mut self) -> io::Result<()> {
        let folder = self.folder.path().display().to_string();
        let (program, mut arguments) = match self.product {
            DatabaseProduct::Mysql => (
                PathBuf::from("/usr/sbin/mariadbd"),
                vec![
                    "--no-defaults".to_owned(),
                    format!("--datadir={folder}/data"),
                    format!("--socket={folder}/socket"),
                    format!("--port={}", self.port),
                    // Each removes what is left in it by others.
                    format!("--tmpdir={folder}"),
                    "--bind-address=127.0.0.1".to_owned(),
                    "--innodb-log-file-size=16M".to_owned(),
                    "--skip-name-resolve".to_owned(),
                ],
            ),
            DatabaseProduct::Postgresql => (
                postgresql_program("postgres")?,
                vec![
                    format!("-D{folder}/data"),
                    format!("-k{folder}"),
                    format!("-p{}", self.port),
                    "-clisten_addresses=127.0.0.1".to_owned(),
                ],
            ),
        };
        let hurried: &[&str] = match self.product {
            DatabaseProduct::Mysql => {
                &["--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite"]
            }
            DatabaseProduct::Postgresql => &["-cfsync=off", "-csynchronous_commit=off"],
        };
        match &*self.options {
            [] => arguments.extend(hurried.iter().map(|option| (*option).to_owned())),
            options => arguments.extend_from_slice(options),
        }
        let process = Captured::start(self.as_account(&program, &arguments))?;
        let deadline = Instant::now() + LIMIT;
        while self.administer("SELECT 1").is_err() {
            if Instant::now() >= deadline {
                let why = process.text();
                return Err(io::Error::other(format!("the database did not start:\n{why}")));
            }
            sleep(Duration::from_millis(20));
        }
        self.process = Some(process);
        Ok(())
    }

    /// Makes the folder of data.
    fn initialise(&self) -> io::Result<()> {
        let data = self.data().display().to_string();
        let (program, arguments) = match self.product {
            DatabaseProduct::Mysql => (
                PathBuf::from("/usr/bin/mariadb-install-db"),
                vec![
                    "--no-defaults".to_owned(),
                    format!("--datadir={data}"),
                    format!("--tmpdir={}", self.folder.path().display()),
                    "--skip-test-db".to_owned(),
                    "--innodb-log-file-size=16M".to_owned(),
                    "--innodb-flush-log-at-trx-commit=0".to_owned(),
                ],
            ),
            DatabaseProduct::Postgresql => (
                postgresql_program("initdb")?,
                ["-N", "-D", &data, "--auth-local=trust", "--auth-host=scram-sha-256", "-EUTF8"]
                    .map(str::to_owned)
                    .to_vec(),
            ),
        };
        checked(&self.as_account(&program, &arguments).output()?).map(drop)
    }

    /// Makes the database, its user and its tables.
    fn create(&self) -> io::Result<()> {
        self.administer(&match self.product {
            DatabaseProduct::Mysql => format!(
                "CREATE DATABASE {NAME}; CREATE USER {NAME}@'%' IDENTIFIED BY '{NAME}'; \
                 GRANT ALL ON {NAME}.* TO {NAME}@'%';"
            ),
            DatabaseProduct::Postgresql => format!("CREATE USER {NAME} PASSWORD '{NAME}'"),
        })?;
        if self.product == DatabaseProduct::Postgresql {
            self.administer(&format!("CREATE DATABASE {NAME} OWNER {NAME}"))?;
        }
        self.run(&fs::read_to_string(match self.product {
            DatabaseProduct::Mysql => "/usr/share/kea/scripts/mysql/dhcpdb_create.mysql",
            DatabaseProduct::Postgresql => "/usr/share/kea/scripts/pgsql/dhcpdb_create.pgsql",
        })?)
        .map(drop)
    }

    fn run_in(&self, user: &str, database: &str, sql: &str) -> io::Result<Vec<DatabaseRow>> {
        let folder = self.folder.path();
        let mut client = match self.product {
            DatabaseProduct::Mysql => {
                let mut client = Command::new("mariadb");
                client.args(["--no-defaults", "--batch", "--skip-column-names", "--raw"]);
                client.arg(format!("--socket={}", folder.join("socket").display()));
                client.arg(format!("--user={user}")).env("MYSQL_PWD", user);
                client
            }
            DatabaseProduct::Postgresql => {
                let mut client = Command::new("psql");
                client.args(["-X", "-q", "-A", "-t", "-F\t", "-Pnull=NULL", "-vON_ERROR_STOP=1"]);
                client.arg("-h").arg(folder).arg(format!("-p{}", self.port)).args(["-U", user]);
                client
            }
        };
        client.arg(database);
        let output = with_input(client, sql)?;
        let text = checked(&output)?;
        Ok(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }

    /// A program that runs as the account of the database server, and ends with this process.
    fn as_account(&self, program: &Path, arguments: &[String]) -> Command {
        let mut command = match &self.netns {
            Some(netns) => netns.command("setpriv"),
            None => Command::new("setpriv"),
        };
        let account = self.product.account();
        command
            .args([&format!("--reuid={account}"), &format!("--regid={account}")])
            .args(["--clear-groups", "--pdeathsig=KILL"])
            .arg(program)
            .args(arguments)
            .current_dir(self.folder.path());
        command
    }
}

impl Drop for DatabaseServer {
    fn drop(&mut self) {
        // PostgreSQL's helpers end with it, and it has shared memory to give back.
        let _killed_otherwise = self.stop();
    }
}

/// The data of a database server as all tests begin with it: made by the first that needs it, while others
/// wait.
fn template(product: DatabaseProduct, folder: &Path) -> io::Result<PathBuf> {
    let path = folder.join(product.word());
    let lock = File::create(folder.join(format!("{}.lock", product.word())))?;
    lock.lock()?;
    if !path.exists() {
        let mut server = DatabaseServer::empty(product, None, &[])?;
        server.make()?;
        server.stop()?;
        let copying = folder.join(format!("{}.new", product.word()));
        copied(&server.data(), &copying)?;
        fs::rename(copying, &path)?;
    }
    Ok(path)
}

/// Copies a folder, with the accounts that its files belong to.
fn copied(from: &Path, to: &Path) -> io::Result<()> {
    let mut copy = Command::new("cp");
    copy.args(["--archive", "--reflink=auto"]).args([from, to]);
    checked(&copy.output()?).map(drop)
}

/// A program of the newest PostgreSQL there is.
fn postgresql_program(name: &str) -> io::Result<PathBuf> {
    let mut releases: Vec<PathBuf> = fs::read_dir("/usr/lib/postgresql")?
        .map(|entry| entry.map(|entry| entry.path().join("bin").join(name)))
        .collect::<io::Result<_>>()?;
    releases.retain(|program| program.exists());
    releases.sort();
    releases.pop().ok_or_else(|| io::Error::other(format!("PostgreSQL's {name} is not installed")))
}

fn with_input(mut command: Command, input: &str) -> io::Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let stdin = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // One that ended early says why.
            stdin.map(|mut stdin| stdin.write_all(input.as_bytes()))
        });
        child.wait_with_output()
    })
}

fn checked(output: &Output) -> io::Result<String> {
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    Err(io::Error::other(format!("{}: {}", output.status, said.join("").trim())))
}

/// Names a folder for what all database servers of a run begin with. Without it each makes its own, which
/// takes most of a short test.
const TEMPLATES: &str = "KEA_DATABASE_TEMPLATES";
/// Of the database, its user and its password.
const NAME: &str = "keatest";
/// A server that takes longer is broken.
const LIMIT: Duration = Duration::from_secs(60);
