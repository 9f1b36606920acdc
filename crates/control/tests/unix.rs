//! Commands over a UNIX socket, as clients send them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kea_config::snapshot::ControlSocket;
use kea_control::{Answer, Calls, Daemon, Handlers, Listeners, ResultCode};
use kea_log::{Captured, message};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

struct Server {
    directory: tempfile::TempDir,
    listeners: Listeners,
    log: Captured,
}

impl Server {
    fn start() -> Server {
        let log = Captured::default();
        let (listeners, calls) = Listeners::new(Arc::new(log.clone()));
        let mut server = Server { directory: tempfile::tempdir().unwrap(), listeners, log };
        server.listen(&["a"]).unwrap();
        tokio::spawn(answer(calls, server.log.clone()));
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn listen(&mut self, names: &[&str]) -> Result<(), kea_control::ListenError> {
        let sockets: Vec<_> = names
            .iter()
            .map(|name| ControlSocket::Unix { path: self.path(name).to_str().unwrap().into() })
            .collect();
        self.listeners.apply(&sockets)
    }
}

async fn answer(mut calls: Calls, log: Captured) {
    let mut handlers = Handlers::new(Daemon::Dhcp4);
    handlers.on("version-get", |count: &mut i64, _| {
        *count += 1;
        Answer::success("1.2.3").and(json!({ "calls": *count }))
    });
    handlers.on("statistic-get", |_, arguments| {
        Answer::arguments(json!({ arguments.text("name").unwrap(): [] }))
    });
    handlers.on("config-get", |_, _| {
        Answer::arguments(json!({ "Dhcp4": { "big": "x".repeat(3_000_000) } }))
    });
    handlers.on_later("leases-reclaim", |_, call| {
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            call.answer(Answer::success("at last"));
        });
    });
    handlers.on("outside-library", |_, arguments| {
        let result = ResultCode(arguments.integer("result").unwrap());
        Answer::with(result, format!("result {}", result.0))
    });
    // Never answered.
    handlers.on_later("libreload", |_, call| drop(call));
    let mut count = 0;
    while let Some(call) = calls.next().await {
        handlers.call(&mut count, call, &log);
    }
}

async fn send(path: &Path, text: &[u8]) -> String {
    let mut stream = UnixStream::connect(path).await.unwrap();
    stream.write_all(text).await.unwrap();
    read(&mut stream).await
}

async fn read(stream: &mut UnixStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn commands_are_answered_as_kea_answers_them() {
    let server = Server::start();
    let path = server.path("a");
    for (sent, answered) in [
        (
            &b"{\"command\":\"version-get\"}"[..],
            r#"{ "arguments": { "calls": 1 }, "result": 0, "text": "1.2.3" }"#,
        ),
        (
            b" // why\n # and\n /* more } */ { \"command\": \"version-get\", \"arguments\": null }  junk",
            r#"{ "arguments": { "calls": 2 }, "result": 0, "text": "1.2.3" }"#,
        ),
        (
            b"{\"command\":\"list-commands\",\"service\":\"dhcp4\",\"remote-address\":\"::1\"}",
            r#"{ "arguments": [ "config-get", "leases-reclaim", "libreload", "list-commands", "outside-library", "statistic-get", "version-get" ], "result": 0 }"#,
        ),
        (
            b"{\"command\":\"statistic-get\",\"arguments\":{\"name\":\"a}]\\\"\"}}",
            r#"{ "arguments": { "a}]\"": [  ] }, "result": 0 }"#,
        ),
        (
            b"{\"command\":\"statistic-get\"}",
            r#"{ "result": 1, "text": "Missing mandatory 'name' parameter." }"#,
        ),
        (b"{\"command\":\"nope\"}", r#"{ "result": 2, "text": "'nope' command not supported." }"#),
        (
            b"{\"command\":\"x\xff\x07\"}",
            "{ \"result\": 2, \"text\": \"'xÿ\\u0007' command not supported.\" }",
        ),
        (
            b"{\"command\":1}",
            r#"{ "result": 1, "text": "Error during command processing: 'command' element in command message is not a string" }"#,
        ),
        (
            b"{}",
            r#"{ "result": 1, "text": "Error during command processing: Invalid answer specified, does not contain mandatory 'command'" }"#,
        ),
        (
            b"[\"a\"]",
            r#"{ "result": 1, "text": "Error during command processing: Invalid command Element specified, expected map" }"#,
        ),
        (
            b"{\"command\":\"list-commands\",\"bogus\":1}",
            r#"{ "result": 1, "text": "Error during command processing: Received command contains unsupported parameter 'bogus'" }"#,
        ),
        (b"xx", r#"{ "result": 1, "text": "invalid first character x" }"#),
        (b"\"abc\"", r#"{ "result": 1, "text": "invalid first character \"" }"#),
        (b"}", r#"{ "result": 1, "text": "invalid first character }" }"#),
        (
            b"{\"command\":\"libreload\"}",
            r#"{ "result": 1, "text": "the command could not be processed: the server is stopping" }"#,
        ),
    ] {
        let got = send(&path, sent).await;
        assert_eq!(got, answered, "{}", String::from_utf8_lossy(sent));
    }
    let got = send(&path, b"{\"command\":\"x\",}").await;
    assert_eq!(
        got,
        r#"{ "result": 1, "text": "trailing comma at line 1 column 16 in the command" }"#
    );
}

#[tokio::test]
async fn every_result_is_told() {
    let server = Server::start();
    for result in 0..=5 {
        let command =
            json!({ "command": "outside-library", "arguments": { "result": result } }).to_string();
        let answer = send(&server.path("a"), command.as_bytes()).await;
        let expected = format!("{{ \"result\": {result}, \"text\": \"result {result}\" }}");
        assert_eq!(answer, expected);
    }
    let codes = [
        ResultCode::SUCCESS,
        ResultCode::ERROR,
        ResultCode::UNSUPPORTED,
        ResultCode::EMPTY,
        ResultCode::CONFLICT,
        ResultCode::PARTLY_CHANGED,
    ];
    assert_eq!(codes.map(|code| code.0), [0, 1, 2, 3, 4, 5]);
}

#[tokio::test]
async fn nesting_is_bounded() {
    let server = Server::start();
    let deep = format!("{{\"command\":{}1{}}}", "[".repeat(5000), "]".repeat(5000));
    let got = send(&server.path("a"), deep.as_bytes()).await;
    assert!(got.contains("recursion limit exceeded"), "{got}");
}

#[tokio::test]
async fn a_command_may_come_in_pieces_and_others_overtake_it() {
    let server = Server::start();
    let path = server.path("a");
    let mut slow = UnixStream::connect(&path).await.unwrap();
    for byte in b"{\"command\":\"version-" {
        slow.write_all(&[*byte]).await.unwrap();
        tokio::task::yield_now().await;
    }
    assert!(send(&path, b"{\"command\":\"version-get\"}").await.contains("\"calls\": 1"));
    slow.write_all(b"get\"}").await.unwrap();
    assert!(read(&mut slow).await.contains("\"calls\": 2"));
}

#[tokio::test]
async fn an_answer_of_any_size_arrives_whole() {
    let server = Server::start();
    let got = send(&server.path("a"), b"{\"command\":\"config-get\"}").await;
    assert_eq!(
        got.len(),
        3_000_000 + r#"{ "arguments": { "Dhcp4": { "big": "" } }, "result": 0 }"#.len()
    );
}

#[tokio::test(start_paused = true)]
async fn no_progress_for_ten_seconds_ends_a_connection() {
    let server = Server::start();
    let mut stream = UnixStream::connect(server.path("a")).await.unwrap();
    stream.write_all(b"{\"command\": \"list-commands\" ").await.unwrap();
    assert_eq!(
        read(&mut stream).await,
        r#"{ "result": 1, "text": "Connection over control channel timed out, discarded partial command of 28 bytes" }"#
    );
    let mut silent = UnixStream::connect(server.path("a")).await.unwrap();
    assert_eq!(
        read(&mut silent).await,
        r#"{ "result": 1, "text": "Connection over control channel timed out" }"#
    );
    assert_eq!(server.log.of(&message::COMMAND_SOCKET_CONNECTION_TIMEOUT).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_command_may_take_longer_than_ten_seconds() {
    let server = Server::start();
    let command = b"{\"command\":\"leases-reclaim\",\"arguments\":{\"remove\":true}}";
    assert_eq!(send(&server.path("a"), command).await, r#"{ "result": 0, "text": "at last" }"#);
}

#[tokio::test(start_paused = true)]
async fn idle_connections_give_way() {
    let server = Server::start();
    let path = server.path("a");
    let mut idle = Vec::new();
    for _ in 0..200 {
        idle.push(UnixStream::connect(&path).await.unwrap());
    }
    assert!(send(&path, b"{\"command\":\"version-get\"}").await.contains("1.2.3"));
}

#[tokio::test]
async fn sockets_follow_the_configuration() {
    let mut server = Server::start();
    let (a, b) = (server.path("a"), server.path("b"));
    let mut under_way = UnixStream::connect(&a).await.unwrap();
    under_way.write_all(b"{\"command\":").await.unwrap();
    // The connection has to be accepted before its socket goes.
    while server.log.of(&message::COMMAND_SOCKET_CONNECTION_OPENED).is_empty() {
        tokio::task::yield_now().await;
    }
    server.listen(&["a", "b"]).unwrap();
    assert_eq!(server.log.of(&message::COMMAND_ACCEPTOR_START).len(), 2, "a was kept");
    server.listen(&["b"]).unwrap();
    assert!(!a.exists());
    assert!(send(&b, b"{\"command\":\"version-get\"}").await.contains("1.2.3"));
    under_way.write_all(b"\"version-get\"}").await.unwrap();
    assert!(read(&mut under_way).await.contains("1.2.3"));
}

#[tokio::test]
async fn a_socket_that_cannot_be_opened_changes_nothing() {
    let mut server = Server::start();
    let problem = server.listen(&["b", "missing/c"]).unwrap_err();
    assert!(problem.to_string().contains("missing/c"), "{problem}");
    assert!(server.path("a").exists() && !server.path("b").exists());
    assert!(send(&server.path("a"), b"{\"command\":\"version-get\"}").await.contains("1.2.3"));
}

#[tokio::test]
async fn stale_sockets_are_replaced_and_served_ones_are_not() {
    use std::os::unix::fs::PermissionsExt as _;
    let mut server = Server::start();
    drop(std::os::unix::net::UnixListener::bind(server.path("stale")).unwrap());
    std::fs::write(server.path("stale.lock"), "").unwrap();
    server.listen(&["a", "stale"]).unwrap();
    let mode = std::fs::metadata(server.path("stale")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o660);

    let (mut other, _calls) = Listeners::new(Arc::new(Captured::default()));
    let socket = ControlSocket::Unix { path: server.path("a").to_str().unwrap().into() };
    let problem = other.apply(std::slice::from_ref(&socket)).unwrap_err();
    assert!(problem.to_string().ends_with("another process serves this socket"), "{problem}");
    server.listeners.close(Duration::from_secs(5)).await;
    other.apply(&[socket]).unwrap();
}

#[tokio::test]
async fn a_file_that_is_no_socket_is_not_removed() {
    let mut server = Server::start();
    std::fs::write(server.path("precious"), "data").unwrap();
    assert!(server.listen(&["precious"]).is_err());
    assert_eq!(std::fs::read_to_string(server.path("precious")).unwrap(), "data");
}

/// Half a command each, and more of them than there is room for: who comes later is answered at once.
#[tokio::test(start_paused = true)]
async fn clients_that_wait_give_way_to_those_that_ask() {
    let server = Server::start();
    let path = server.path("a");
    let begin = tokio::time::Instant::now();
    let mut slow = Vec::new();
    for _ in 0..100 {
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(b"{\"command\": ").await.unwrap();
        slow.push(stream);
    }
    assert!(send(&path, b"{\"command\":\"version-get\"}").await.contains("1.2.3"));
    assert_eq!(begin.elapsed(), Duration::ZERO);
    assert_eq!(
        read(&mut slow[0]).await,
        r#"{ "result": 1, "text": "Connection over control channel gave way to another: too many are open" }"#
    );
    // The last of them still have their seats.
    let last = slow.last_mut().unwrap();
    last.write_all(b"\"version-get\" }").await.unwrap();
    assert!(read(last).await.contains("1.2.3"));
}
