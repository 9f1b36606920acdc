use std::fmt::Display;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;

use super::*;
use crate::{Captured, log};

fn options(dir: &Path) -> LoggingOptions {
    LoggingOptions {
        environment: Environment {
            destination: Some(path(dir, "startup.log")),
            lockfile_dir: Some("none".into()),
            overload: None,
        },
        syslog_socket: dir.join("syslog"),
        journal_socket: dir.join("journal"),
        time_zone: TimeZone::UTC,
        ..LoggingOptions::new("kea-dhcp4")
    }
}

fn path(dir: &Path, name: &str) -> String {
    dir.join(name).display().to_string()
}

fn output(output: String, pattern: &str) -> OutputConfig {
    OutputConfig { pattern: pattern.into(), ..OutputConfig::to(output) }
}

fn root(severity: &str, outputs: Vec<OutputConfig>) -> LoggerConfig {
    LoggerConfig {
        name: "kea-dhcp4".into(),
        severity: Some(severity.into()),
        debuglevel: Some(99),
        outputs,
    }
}

fn read(dir: &Path, name: &str) -> String {
    fs::read_to_string(dir.join(name)).expect("a log file")
}

#[test]
fn start_up_messages_are_written_at_once() {
    let dir = tempfile::tempdir().expect("a folder");
    let logging = Logging::start(options(dir.path())).expect("starts");
    let log = logging.handle();
    log!(log, DHCP4_STARTING, "1.0", "stable");
    log!(log, DHCP4_SHUTDOWN_REQUEST);
    let written = read(dir.path(), "startup.log");
    let (_, line) = written.split_once(" INFO  [kea-dhcp4.dhcp4/").expect("a line");
    let process = std::process::id();
    assert!(line.starts_with(&format!("{process}.")), "{line}");
    assert!(line.ends_with("] DHCP4_STARTING server version 1.0 (stable) starting\n"), "{line}");
}

#[test]
fn configuring_moves_lines_to_the_new_outputs_without_losing_one() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut logging = Logging::start(options(dir.path())).expect("starts");
    logging.start_writer().expect("a thread");
    let log = logging.handle();
    for round in 0..20 {
        let name = path(dir.path(), &format!("{round}.log"));
        log.configure(&[root("INFO", vec![output(name, "%m\n")])]).expect("configures");
        for line in 0..50 {
            log!(log, DHCP4_CONFIG_COMPLETE, line);
        }
    }
    drop(logging);
    let expected: String = (0..50)
        .map(|line| format!("DHCP4_CONFIG_COMPLETE configuration applied: {line}\n"))
        .collect();
    for round in 0..20 {
        assert_eq!(read(dir.path(), &format!("{round}.log")), expected);
    }
}

#[test]
fn a_configuration_that_cannot_be_opened_changes_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    let logging = Logging::start(options(dir.path())).expect("starts");
    let log = logging.handle();
    let missing = path(dir.path(), "missing/x.log");
    let result = log.configure(&[root("DEBUG", vec![OutputConfig::to(missing.clone())])]);
    assert!(matches!(result, Err(LoggingError::Open { path, .. }) if path == missing));
    let result = log.configure(&[root("DEBUG", vec![output("stdout".into(), "%y")])]);
    assert!(matches!(result, Err(LoggingError::Pattern { .. })));
    assert_eq!(log.threshold(Component::Root), Threshold::INFO);
    log!(log, DHCP4_SHUTDOWN);
    assert!(read(dir.path(), "startup.log").ends_with("DHCP4_SHUTDOWN shut down\n"));
}

#[test]
fn children_have_their_own_threshold_and_outputs() {
    let dir = tempfile::tempdir().expect("a folder");
    let logging = Logging::start(options(dir.path())).expect("starts");
    let log = logging.handle();
    let child = LoggerConfig {
        name: "kea-dhcp4.packets".into(),
        severity: Some("debug".into()),
        debuglevel: Some(45),
        outputs: vec![output(path(dir.path(), "packets.log"), "%c %m\n")],
    };
    log.configure(&[root("WARN", vec![output(path(dir.path(), "root.log"), "%m\n")]), child])
        .expect("configures");
    log!(log, DHCP4_SUBNET_SELECTED, "client", 7);
    log!(log, DHCP4_QUERY_DATA, "client", "too detailed");
    log!(log, DHCP4_LEASE_ADVERT, "client", "192.0.2.1");
    log!(log, DHCP4_NO_SOCKETS_OPEN);
    assert_eq!(
        read(dir.path(), "packets.log"),
        "kea-dhcp4.packets DHCP4_SUBNET_SELECTED client: subnet id 7 was chosen\n"
    );
    assert_eq!(
        read(dir.path(), "root.log"),
        "DHCP4_NO_SOCKETS_OPEN no interface to receive packets on is configured\n"
    );
}

#[test]
fn loggers_share_a_file_and_each_keeps_its_pattern() {
    let dir = tempfile::tempdir().expect("a folder");
    let logging = Logging::start(options(dir.path())).expect("starts");
    let log = logging.handle();
    let name = path(dir.path(), "all.log");
    let child = LoggerConfig {
        name: "leases".into(),
        outputs: vec![output(name.clone(), "json")],
        ..LoggerConfig::default()
    };
    log.configure(&[root("INFO", vec![output(name, "%p %m\n")]), child]).expect("configures");
    log!(log, DHCP4_SHUTDOWN);
    log!(log, DHCP4_LEASE_ADVERT, "client", "192.0.2.1");
    let written = read(dir.path(), "all.log");
    let (first, second) = written.split_once('\n').expect("two lines");
    assert_eq!(first, "INFO DHCP4_SHUTDOWN shut down");
    let object: serde_json::Value = serde_json::from_str(second).expect("JSON");
    assert_eq!(object["id"], "DHCP4_LEASE_ADVERT");
    assert_eq!(object["arguments"], serde_json::json!(["client", "192.0.2.1"]));
    assert_eq!(object["message"], "client: lease 192.0.2.1 is offered");
}

#[test]
fn a_full_queue_drops_and_reports_how_many() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = LoggingOptions { queue_bytes: 150, ..options(dir.path()) };
    let logging = Logging::start(options).expect("starts");
    let log = logging.handle();
    log.configure(&[root("INFO", vec![output(path(dir.path(), "a.log"), "%m\n")])])
        .expect("configures");
    // Neither a writer nor the caller empties the queue.
    log.0.synchronous.store(false, Ordering::Relaxed);
    let long = "x".repeat(150);
    for _ in 0..4 {
        log!(log, DHCP4_CONFIG_COMPLETE, long);
    }
    assert_eq!(log.dropped(), 3);
    log.flush();
    assert_eq!(log.dropped(), 0);
    assert_eq!(
        read(dir.path(), "a.log"),
        format!(
            "DHCP4_CONFIG_COMPLETE configuration applied: {long}\n\
             LOG_MESSAGES_DROPPED 3 log messages were dropped because the outputs did not keep up\n"
        )
    );
}

#[test]
fn waiting_instead_of_dropping_keeps_every_line_of_every_thread() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut options = LoggingOptions { queue_bytes: 500, ..options(dir.path()) };
    options.environment.overload = Some("wait".into());
    let mut logging = Logging::start(options).expect("starts");
    let log = logging.handle();
    log.configure(&[root("INFO", vec![output(path(dir.path(), "a.log"), "%m\n")])])
        .expect("configures");
    logging.start_writer().expect("a thread");
    std::thread::scope(|scope| {
        for thread in 0..3 {
            let log = logging.handle();
            scope.spawn(move || {
                for line in 0..100 {
                    log!(log, DHCP4_CONFIG_COMPLETE, format_args!("{thread}-{line}"));
                }
            });
        }
    });
    drop(logging);
    let written = read(dir.path(), "a.log");
    for thread in 0..3 {
        let own = format!(": {thread}-");
        let lines: Vec<String> = written
            .lines()
            .filter_map(|line| line.split_once(&own))
            .map(|(_, n)| n.into())
            .collect();
        let expected: Vec<String> = (0..100).map(|line| line.to_string()).collect();
        assert_eq!(lines, expected);
    }
}

#[test]
fn what_is_to_happen_in_overload_is_one_of_two_words() {
    let of = |word: Option<&str>| {
        Overload::of(&Environment { overload: word.map(str::to_owned), ..Environment::default() })
    };
    assert_eq!(of(None).ok(), Some(Overload::Drop));
    assert_eq!(of(Some("drop")).ok(), Some(Overload::Drop));
    let error = of(Some("block")).expect_err("not a word for it").to_string();
    assert_eq!(error, "KEA_LOGGER_OVERLOAD is 'block', which is neither 'drop' nor 'wait'");
}

#[test]
fn fatal_messages_are_written_before_the_call_returns() {
    let dir = tempfile::tempdir().expect("a folder");
    let logging = Logging::start(options(dir.path())).expect("starts");
    let log = logging.handle();
    log.configure(&[root("INFO", vec![output(path(dir.path(), "a.log"), "%p %m\n")])])
        .expect("configures");
    log.0.synchronous.store(false, Ordering::Relaxed);
    log!(log, DHCP4_SHUTDOWN);
    assert_eq!(read(dir.path(), "a.log"), "");
    log!(log, DHCP4_SERVER_FAILED, "no memory");
    assert_eq!(
        read(dir.path(), "a.log"),
        "INFO DHCP4_SHUTDOWN shut down\nFATAL DHCP4_SERVER_FAILED the server gives up: no memory\n"
    );
}

#[test]
fn a_file_moved_by_log_rotation_is_opened_again() {
    let dir = tempfile::tempdir().expect("a folder");
    let logging = Logging::start(options(dir.path())).expect("starts");
    let log = logging.handle();
    log.configure(&[root("INFO", vec![output(path(dir.path(), "a.log"), "%m\n")])])
        .expect("configures");
    log!(log, DHCP4_CONFIG_COMPLETE, 1);
    fs::rename(dir.path().join("a.log"), dir.path().join("a.log.old")).expect("renamed");
    log.reopen();
    log!(log, DHCP4_CONFIG_COMPLETE, 2);
    assert_eq!(read(dir.path(), "a.log.old"), "DHCP4_CONFIG_COMPLETE configuration applied: 1\n");
    assert_eq!(read(dir.path(), "a.log"), "DHCP4_CONFIG_COMPLETE configuration applied: 2\n");
}

#[test]
fn syslog_gets_datagrams_with_priority_and_tag() {
    let dir = tempfile::tempdir().expect("a folder");
    let syslog = UnixDatagram::bind(dir.path().join("syslog")).expect("a socket");
    let logging = Logging::start(options(dir.path())).expect("starts");
    let log = logging.handle();
    log.configure(&[root("INFO", vec![output("syslog:local3".into(), "")])]).expect("configures");
    log!(log, DHCP4_NO_SOCKETS_OPEN);
    let mut buffer = [0; 1024];
    let length = syslog.recv(&mut buffer).expect("a datagram");
    let datagram = std::str::from_utf8(&buffer[..length]).expect("UTF-8");
    // local3 is 19, WARN is 4.
    assert!(datagram.starts_with("<156>"), "{datagram}");
    let tag = format!(" kea-dhcp4[{}]: WARN  [kea-dhcp4.dhcp4.", std::process::id());
    assert_eq!(datagram.find(&tag), Some("<156>Nov 22 02:39:34".len()), "{datagram}");
    assert!(
        datagram
            .ends_with("] DHCP4_NO_SOCKETS_OPEN no interface to receive packets on is configured")
    );
}

#[test]
fn the_journal_gets_fields() {
    let dir = tempfile::tempdir().expect("a folder");
    let journal = UnixDatagram::bind(dir.path().join("journal")).expect("a socket");
    let logging = Logging::start(options(dir.path())).expect("starts");
    let log = logging.handle();
    log.configure(&[root("INFO", vec![output("journald".into(), "%m")])]).expect("configures");
    log!(log, DHCP4_LEASE_ADVERT, "client", "192.0.2.1");
    let mut buffer = [0; 1024];
    let length = journal.recv(&mut buffer).expect("a datagram");
    let datagram = std::str::from_utf8(&buffer[..length]).expect("UTF-8");
    assert_eq!(
        datagram,
        format!(
            "MESSAGE=DHCP4_LEASE_ADVERT client: lease 192.0.2.1 is offered\nPRIORITY=6\n\
             SYSLOG_IDENTIFIER=kea-dhcp4\nKEA_LOGGER=kea-dhcp4.leases\nKEA_ID=DHCP4_LEASE_ADVERT\n\
             TID={}\nKEA_ARGUMENT_1=client\nKEA_ARGUMENT_2=192.0.2.1\n",
            thread_id()
        )
    );
}

#[test]
fn unknown_severities_are_reported() {
    let dir = tempfile::tempdir().expect("a folder");
    let logging = Logging::start(options(dir.path())).expect("starts");
    let log = logging.handle();
    log.configure(&[root("LOUD", vec![output(path(dir.path(), "a.log"), "%m\n")])])
        .expect("configures");
    assert_eq!(
        read(dir.path(), "a.log"),
        "LOG_BAD_SEVERITY 'LOUD' is not a severity, INFO is used\n"
    );
}

#[test]
fn unknown_facilities_are_reported_and_local0_is_used() {
    let dir = tempfile::tempdir().expect("a folder");
    let syslog = UnixDatagram::bind(dir.path().join("syslog")).expect("a socket");
    let logging = Logging::start(options(dir.path())).expect("starts");
    let log = logging.handle();
    log.configure(&[root("INFO", vec![output("syslog:local9".into(), "%m")])]).expect("configures");
    let mut buffer = [0; 1024];
    let length = syslog.recv(&mut buffer).expect("a datagram");
    let datagram = std::str::from_utf8(&buffer[..length]).expect("UTF-8");
    // local0 is 16, ERROR is 3.
    assert!(datagram.starts_with("<131>"), "{datagram}");
    assert!(
        datagram.ends_with(
            ": LOG_BAD_DESTINATION 'syslog:local9' is not a destination of log messages"
        ),
        "{datagram}"
    );
}

#[test]
fn an_argument_may_log_while_it_is_formatted() {
    struct Chatty<'a>(&'a Handle, &'a Captured);
    impl Display for Chatty<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            log!(self.0, DHCP4_SHUTDOWN);
            log!(self.1, DHCP4_SHUTDOWN);
            f.write_str("said")
        }
    }
    let dir = tempfile::tempdir().expect("a folder");
    let logging = Logging::start(options(dir.path())).expect("starts");
    let log = logging.handle();
    let captured = Captured::default();
    log.configure(&[root("INFO", vec![output(path(dir.path(), "a.log"), "%m\n")])])
        .expect("configures");
    log!(log, DHCP4_CONFIG_COMPLETE, Chatty(&log, &captured));
    assert_eq!(
        read(dir.path(), "a.log"),
        "DHCP4_SHUTDOWN shut down\nDHCP4_CONFIG_COMPLETE configuration applied: said\n"
    );
    assert_eq!(captured.ids(), ["DHCP4_SHUTDOWN"]);
}

#[test]
fn what_clients_choose_neither_breaks_lines_nor_steers_terminals() {
    let dir = tempfile::tempdir().expect("a folder");
    let syslog = UnixDatagram::bind(dir.path().join("syslog")).expect("a socket");
    let logging = Logging::start(options(dir.path())).expect("starts");
    let log = logging.handle();
    let outputs = [("a.log", "%m\n"), ("a.json", "json"), ("wide.log", "[%60.50m]\n")]
        .map(|(name, pattern)| output(path(dir.path(), name), pattern));
    let outputs = [&outputs[..], &[output("syslog".into(), "%m\n")]].concat();
    log.configure(&[root("DEBUG", outputs)]).expect("configures");
    let name = "pc\r\n2026-11-22 FATAL forged\x1b[2J\u{9b}31m";
    log!(log, DHCP4_CLIENT_HOSTNAME_DATA, "client", name);

    let shown = r"pc\r\n2026-11-22 FATAL forged\x1b[2J\u{9b}31m";
    let text = read(dir.path(), "a.log");
    assert_eq!(text.lines().count(), 1, "{text}");
    assert!(text.contains(shown), "{text}");
    let wide = read(dir.path(), "wide.log");
    assert!(wide.contains(r"FATAL forged\x1b[2J\u{9b}31m"), "{wide}");
    assert_eq!(wide.lines().count(), 1, "{wide}");
    let json = read(dir.path(), "a.json");
    assert_eq!(json.lines().count(), 1, "{json}");
    assert!(!json.trim_end().contains(char::is_control), "{json}");
    let object: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(object["arguments"], serde_json::json!(["client", name]));
    let mut buffer = [0; 1024];
    let length = syslog.recv(&mut buffer).expect("a datagram");
    let datagram = std::str::from_utf8(&buffer[..length]).expect("UTF-8");
    assert!(datagram.contains(shown) && !datagram.contains(char::is_control), "{datagram}");
}
