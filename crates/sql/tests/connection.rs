//! Connections to real database servers.

mod way;

use std::time::Instant;

use kea_config::snapshot::{Database as Configured, DatabaseKind, Secret, Tls};
use kea_sql::{Access, Database, Error, SchemaVersion, Value};
use kea_testkit::{DatabaseProduct, DatabaseServer};

use way::configured;

fn open(configured: &Configured) -> Result<Database, Error> {
    Database::open(&Access::from(configured))
}

#[test]
fn values_go_in_and_come_out_as_they_were() {
    for product in DatabaseProduct::ALL {
        let server = DatabaseServer::start(product).unwrap();
        server.administer(&in_a_zone_with_summer_time(product)).unwrap();
        let mut database = open(&configured(&server)).unwrap();
        let (from, to) = match product {
            DatabaseProduct::Mysql => ("FROM_UNIXTIME(?)", "UNIX_TIMESTAMP(expire)"),
            DatabaseProduct::Postgresql => {
                ("TO_TIMESTAMP(?)", "EXTRACT(EPOCH FROM expire)::bigint")
            }
        };
        let insert = format!(
            "INSERT INTO lease4 (address, hwaddr, client_id, valid_lifetime, expire, subnet_id, \
             fqdn_fwd, fqdn_rev, hostname, state, user_context) VALUES \
             (?, ?, ?, ?, {from}, ?, ?, ?, ?, ?, ?), (?, ?, ?, ?, {from}, ?, ?, ?, ?, ?, ?)"
        );
        let row = |address: i64, client_id: Value| {
            vec![
                Value::Integer(address),
                Value::Octets(vec![0, 255, 39, 92]),
                client_id,
                Value::Integer(0xffff_ffff),
                Value::Integer(SECOND_TIME),
                Value::Integer(7),
                Value::Boolean(true),
                Value::Boolean(false),
                Value::Text("grün.example.org".to_owned()),
                Value::Integer(0),
                Value::Null,
            ]
        };
        let mut values = row(0xc000_0201, Value::Null);
        values.extend(row(0xc000_0202, Value::Octets(vec![1])));
        assert_eq!(database.execute(&insert, &values).unwrap(), 2, "{product:?}");
        let select = format!(
            "SELECT address, hwaddr, client_id, valid_lifetime, {to}, fqdn_fwd, fqdn_rev, hostname, \
             user_context FROM lease4 WHERE subnet_id = ? ORDER BY address"
        );
        let rows = database.query(&select, &[Value::Integer(7)]).unwrap();
        let [first, second] = &*rows else { panic!("{product:?}: {rows:?}") };
        assert_eq!(first.integer(0), Some(0xc000_0201));
        assert_eq!(first.octets(1), Some(&[0, 255, 39, 92][..]));
        assert!(first.is_null(2) && first.is_null(8));
        assert_eq!(second.octets(2), Some(&[1][..]));
        assert_eq!(first.number::<u32>(3), Some(0xffff_ffff));
        assert_eq!(first.integer(4), Some(SECOND_TIME), "{product:?}");
        assert_eq!((first.boolean(5), first.boolean(6)), (Some(true), Some(false)));
        assert_eq!(first.text(7), Some("grün.example.org"));
        let update = "UPDATE lease4 SET subnet_id = 7 WHERE address = ?";
        let found = database.execute(update, &[Value::Integer(0xc000_0201)]).unwrap();
        assert_eq!(found, 1, "{product:?}: it is counted although nothing changed");

        // Nothing of it happens when a part fails.
        let undone = database.transaction(|database| {
            database.execute("DELETE FROM lease4", &[])?;
            database.execute(&insert, &values)?;
            database.execute(&insert, &values)
        });
        assert!(matches!(undone, Err(Error::Refused { .. })), "{product:?}: {undone:?}");
        let count = database.query("SELECT COUNT(*) FROM lease4", &[]).unwrap();
        assert_eq!(count[0].integer(0), Some(2));
        database.transaction(|database| database.execute("DELETE FROM lease4", &[])).unwrap();
        assert_eq!(server.run("SELECT address FROM lease4").unwrap(), Vec::<Vec<String>>::new());
    }
}

/// A moment in the hour that clocks have twice, when it is there for the second time.
const SECOND_TIME: i64 = 1_793_495_000;

/// Gives the database server a zone of time where an hour comes twice.
fn in_a_zone_with_summer_time(product: DatabaseProduct) -> String {
    match product {
        DatabaseProduct::Mysql => format!(
            "INSERT INTO mysql.time_zone (Use_leap_seconds) VALUES ('N'); \
             SET @zone = LAST_INSERT_ID(); \
             INSERT INTO mysql.time_zone_name VALUES ('Twice', @zone); \
             INSERT INTO mysql.time_zone_transition_type VALUES \
             (@zone, 0, 7200, 1, 'CEST'), (@zone, 1, 3600, 0, 'CET'); \
             INSERT INTO mysql.time_zone_transition VALUES (@zone, 0, 0), (@zone, {}, 1); \
             SET GLOBAL time_zone = 'Twice';",
            SECOND_TIME - 1000
        ),
        DatabaseProduct::Postgresql => {
            "ALTER DATABASE keatest SET timezone = 'CET-1CEST,M3.5.0,M11.1.0/2'".to_owned()
        }
    }
}

#[test]
fn what_stands_in_the_way_of_a_connection_is_said() {
    for product in DatabaseProduct::ALL {
        let mut server = DatabaseServer::start(product).unwrap();
        let right = configured(&server);

        let wrong = Configured { password: Secret("wrong".into()), ..right.clone() };
        let refused = open(&wrong).unwrap_err();
        let expected = match product {
            DatabaseProduct::Mysql => "1045",
            DatabaseProduct::Postgresql => "28P01",
        };
        assert!(
            matches!(&refused, Error::Refused { code, .. } if &**code == expected),
            "{refused}"
        );

        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "keatest\n").unwrap();
        let path = Some(file.path().display().to_string().into());
        open(&Configured { password_file: path, ..wrong.clone() }).unwrap();
        let missing = Configured { password_file: Some("/nowhere".into()), ..wrong };
        let missing = open(&missing).unwrap_err().to_string();
        assert!(missing.starts_with("the password-file /nowhere cannot be read"), "{missing}");

        let mut database = open(&right).unwrap();
        assert_eq!(server.end_connections().unwrap(), 1, "{product:?}");
        let lost = database.query("SELECT 1", &[]).unwrap_err();
        assert!(lost.is_lost(), "{product:?}: {lost:?}");

        server.run("UPDATE schema_version SET version = 99").unwrap();
        let needed = SchemaVersion::needed(right.kind);
        let found = Some(SchemaVersion { major: 99, minor: 0 });
        assert_eq!(open(&right).unwrap_err(), Error::Schema { needed, found });
        server.run("DROP TABLE schema_version").unwrap();
        assert_eq!(open(&right).unwrap_err(), Error::Schema { needed, found: None });

        server.stop().unwrap();
        let unreachable = open(&right).unwrap_err();
        assert!(unreachable.is_lost(), "{product:?}: {unreachable:?}");
    }
}

/// A certificate authority.
struct Authority {
    certificate: rcgen::Certificate,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        Authority { certificate, issuer: rcgen::Issuer::new(parameters, key) }
    }

    /// Certificate and key of a server.
    fn issue(&self, name: &str) -> (String, String) {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        (parameters.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

#[test]
fn a_connection_is_encrypted_where_a_trust_anchor_asks_for_it() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let folder = tempfile::tempdir().unwrap();
    let anchored = |configured: &Configured, authority: &Authority, file: &str| {
        let path = folder.path().join(file);
        std::fs::write(&path, authority.certificate.pem()).unwrap();
        let trust_anchor = Some(path.to_string_lossy().into());
        let tls = Tls { trust_anchor, ..Tls::default() };
        Configured { tls, ..configured.clone() }
    };
    for product in DatabaseProduct::ALL {
        let mut server = DatabaseServer::start(product).unwrap();
        let plain = configured(&server);
        let encrypted = anchored(&plain, &authority, "anchor.pem");
        let without = open(&encrypted).unwrap_err().to_string();
        assert!(["TLS", "SSL"].iter().any(|word| without.contains(word)), "{product:?}: {without}");

        let (certificate, key) = authority.issue("127.0.0.1");
        server.offer_tls(&certificate, &key).unwrap();
        let version = |configured: &Configured| {
            let rows = open(configured).unwrap().query(
                match product {
                    DatabaseProduct::Mysql => {
                        "SELECT variable_value FROM information_schema.session_status \
                         WHERE variable_name = 'Ssl_version'"
                    }
                    DatabaseProduct::Postgresql => {
                        "SELECT COALESCE(version, '') FROM pg_stat_ssl \
                         WHERE pid = pg_backend_pid()"
                    }
                },
                &[],
            );
            rows.unwrap()[0].text(0).unwrap().to_owned()
        };
        assert_eq!(version(&plain), "", "{product:?}");
        assert!(version(&encrypted).starts_with("TLSv1."), "{product:?}: {}", version(&encrypted));

        let unknown = open(&anchored(&plain, &stranger, "stranger.pem")).unwrap_err().to_string();
        assert!(unknown.contains("certificate"), "{product:?}: {unknown}");
        let named = Configured { ssl_mode: Some("verify-full".into()), ..encrypted.clone() };
        open(&named).unwrap();

        let (certificate, key) = authority.issue("db.example");
        server.offer_tls(&certificate, &key).unwrap();
        let is_compared = product == DatabaseProduct::Mysql;
        assert_eq!(open(&encrypted).is_err(), is_compared, "{product:?}: the name is another one");
        let other = open(&named).unwrap_err().to_string();
        assert!(other.contains("db.example"), "{product:?}: {other}");
        let missing = Tls { trust_anchor: Some("/nowhere.pem".into()), ..Tls::default() };
        let missing = open(&Configured { tls: missing, ..plain }).unwrap_err().to_string();
        assert!(missing.contains("/nowhere.pem"), "{product:?}: {missing}");
    }
}

#[test]
fn a_server_that_says_nothing_is_waited_for_as_long_as_configured() {
    let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let server = DatabaseServer::start(DatabaseProduct::Postgresql).unwrap();
    for kind in [DatabaseKind::Mysql, DatabaseKind::Postgresql] {
        let port = Some(silent.local_addr().unwrap().port());
        let silent = Configured { kind, port, connect_timeout: 1, ..configured(&server) };
        let begin = Instant::now();
        let lost = open(&silent).unwrap_err();
        assert_eq!(lost, Error::Lost("no answer within 1 seconds".to_owned()));
        assert!((900..5000).contains(&begin.elapsed().as_millis()));
    }
}

/// Some callers are threads of another runtime.
#[test]
fn a_thread_of_another_runtime_may_wait_too() {
    let server = DatabaseServer::start(DatabaseProduct::Postgresql).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let mut database = open(&configured(&server)).unwrap();
        let rows = database.query("SELECT 41 + ?::int", &[Value::Integer(1)]).unwrap();
        assert_eq!(rows[0].integer(0), Some(42));
    });
}
