//! What the tests of this crate have in common.

use kea_config::snapshot::{Database as Configured, DatabaseKind, OnFail, Secret, Tls};
use kea_testkit::{DatabaseProduct, DatabaseServer};

/// The way to a database of a test.
pub(crate) fn configured(server: &DatabaseServer) -> Configured {
    let access = server.access();
    let text = |key: &str| access[key].as_str().unwrap().into();
    Configured {
        kind: match server.product() {
            DatabaseProduct::Mysql => DatabaseKind::Mysql,
            DatabaseProduct::Postgresql => DatabaseKind::Postgresql,
        },
        name: text("name"),
        host: text("host"),
        port: access["port"].as_u64().and_then(|port| port.try_into().ok()),
        user: text("user"),
        password: Secret(text("password")),
        password_file: None,
        connect_timeout: 5,
        read_timeout: None,
        write_timeout: None,
        tcp_user_timeout: None,
        max_reconnect_tries: 0,
        reconnect_wait_ms: 0,
        on_fail: OnFail::StopRetryExit,
        retry_on_startup: false,
        readonly: false,
        tls: Tls::default(),
        ssl_mode: None,
    }
}
