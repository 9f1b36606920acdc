//! Commands over HTTP and HTTPS, as clients send them.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kea_config::snapshot::{Authentication, ControlSocket, Credentials, HttpSocket, Secret, Tls};
use kea_control::{Answer, Calls, ClientError, Daemon, Handlers, HttpClient, Listeners, Origin};
use kea_log::{Captured, message};
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const PATIENCE: Duration = Duration::from_secs(20);

struct Server {
    listeners: Listeners,
    log: Captured,
}

impl Server {
    fn start(socket: HttpSocket) -> Server {
        let log = Captured::default();
        let (mut listeners, calls) = Listeners::new(Arc::new(log.clone()));
        listeners.page("/metrics", "application/openmetrics-text", || "# EOF\n".into());
        listeners.apply(&[ControlSocket::Http(socket)]).unwrap();
        tokio::spawn(answer(calls, log.clone()));
        Server { listeners, log }
    }

    fn address(&self) -> SocketAddr {
        self.listeners.http_addresses().next().unwrap()
    }

    fn client(&self) -> HttpClient {
        HttpClient {
            host: "127.0.0.1".into(),
            port: self.address().port(),
            path: String::new(),
            tls: None,
            credentials: None,
            user_agent: "test".into(),
        }
    }

    async fn exchange(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).await.unwrap();
        // Whoever is refused may be cut off before it has said everything.
        let _ = stream.write_all(request.as_bytes()).await;
        read(&mut stream).await
    }
}

async fn read(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    // A connection that is closed with unread input may end in a reset.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

async fn answer(mut calls: Calls, log: Captured) {
    let mut handlers = Handlers::new(Daemon::Dhcp4);
    handlers.on("version-get", |(), _| Answer::success("1.2.3"));
    handlers.on_later("leases-reclaim", |(), call| {
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(45)).await;
            call.answer(Answer::success("at last"));
        });
    });
    handlers.on_later("status-get", |(), call| {
        let (_, origin, replier) = call.split();
        let Origin::Http { user, tls, certificate, .. } = origin else { return };
        let shown = certificate.is_some();
        replier.answer(Answer::arguments(json!({ "user": user, "tls": tls, "shown": shown })));
    });
    handlers.on_later("config-get", |(), call| {
        call.split().2.answers(vec!["{ \"result\": 0 }".into(), "[  ]".into()]);
    });
    while let Some(call) = calls.next().await {
        handlers.call(&mut (), call, &log);
    }
}

fn socket() -> HttpSocket {
    HttpSocket {
        address: "127.0.0.1".parse().unwrap(),
        port: 0,
        tls: None,
        cert_required: true,
        authentication: None,
        headers: [("X-Site".into(), "lab".into())].into(),
    }
}

fn post(body: &str) -> String {
    format!(
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

fn body(response: &str) -> &str {
    response.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[tokio::test]
async fn a_command_is_answered_by_a_list() {
    let server = Server::start(socket());
    let response = server.exchange(&post("{\"command\": \"version-get\"}")).await;
    assert_eq!(body(&response), r#"[ { "result": 0, "text": "1.2.3" } ]"#);
    let lower = response.to_ascii_lowercase();
    for header in ["http/1.1 200 ok", "content-type: application/json\r\n", "x-site: lab", "date: "]
    {
        assert!(lower.contains(header), "{header}: {response}");
    }
    let failed = server.exchange(&post("{\"command\": \"nope\"}")).await;
    assert!(failed.starts_with("HTTP/1.1 200 OK"), "{failed}");
    assert_eq!(body(&failed), r#"[ { "result": 2, "text": "'nope' command not supported." } ]"#);
    let nameless = server.exchange(&post("{\"command\": 1}")).await;
    assert!(nameless.starts_with("HTTP/1.1 200 OK"), "{nameless}");
    assert!(body(&nameless).contains("'command' element in command message is not a string"));
    let several = server.exchange(&post("{\"command\": \"config-get\"}")).await;
    assert_eq!(body(&several), r#"[ { "result": 0 }, [  ] ]"#);
}

#[tokio::test]
async fn bad_requests_get_a_map_and_a_status() {
    let server = Server::start(socket());
    let json = "Content-Type: application/json\r\n";
    for (request, status, says) in [
        (post("{\"command\": 1,}"), 400, "trailing comma at line 1 column 15"),
        (post("{\"command\": "), 400, "the command is not complete"),
        (post("xx"), 400, "invalid first character x"),
        (
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}".into(),
            400,
            "the Content-Type is not application/json",
        ),
        (
            format!("POST / HTTP/1.1\r\nHost: x\r\n{json}Transfer-Encoding: chunked\r\n\r\n"),
            400,
            "the Content-Length is missing",
        ),
        ("PUT / HTTP/1.1\r\nHost: x\r\n\r\n".into(), 400, "the method PUT is not POST"),
        ("GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n".into(), 404, "Not Found"),
        (
            format!("POST / HTTP/1.1\r\nHost: x\r\n{json}Content-Length: 999999999999\r\n\r\n"),
            413,
            "Payload Too Large",
        ),
    ] {
        let response = server.exchange(&request).await;
        assert!(response.starts_with(&format!("HTTP/1.1 {status} ")), "{request}: {response}");
        let body: serde_json::Value = serde_json::from_str(body(&response)).unwrap();
        assert_eq!(body["result"], status, "{request}");
        assert!(body["text"].as_str().unwrap().contains(says), "{request}: {body}");
    }
}

/// What stands between a proxy and a server must not be able to tell them different things.
#[tokio::test]
async fn a_request_has_one_end_and_one_only() {
    let server = Server::start(socket());
    let command = "{\"command\": \"version-get\"}";
    let length = format!("Content-Length: {}\r\n", command.len());
    let chunked = "Transfer-Encoding: chunked\r\n";
    let smuggled = post(command);
    for headers in [
        format!("{length}Content-Length: 2\r\n"),
        format!("Content-Length: {0}, 2\r\n", command.len()),
        "Content-Length: -1\r\n".to_owned(),
        "Content-Length: +30\r\n".to_owned(),
        "Content-Length: 0x1e\r\n".to_owned(),
        format!("{length}{chunked}"),
        format!("{chunked}{length}"),
        "Transfer-Encoding: chunked, identity\r\n".to_owned(),
        format!("{length}Transfer-Encoding: xchunked\r\n"),
        format!("Content-Length : {}\r\n", command.len()),
        format!(" folded\r\n{length}"),
    ] {
        let request = format!(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n{headers}\r\n\
             {command}{smuggled}"
        );
        let response = server.exchange(&request).await;
        assert!(response.starts_with("HTTP/1.1 400 "), "{headers}: {response}");
        assert_eq!(response.matches("HTTP/1.1").count(), 1, "{headers}: {response}");
        assert!(!response.contains("1.2.3"), "{headers}: {response}");
    }
}

#[tokio::test]
async fn requests_that_follow_each_other_are_answered_in_order() {
    let server = Server::start(socket());
    let kept = |body| post(body).replace("Connection: close\r\n", "");
    let (good, unknown) = ("{\"command\": \"version-get\"}", "{\"command\": \"nope\"}");
    let response = server.exchange(&format!("{}{}{}", kept(good), kept(unknown), post(good))).await;
    let answers: Vec<&str> = response.split("HTTP/1.1 200 OK").skip(1).map(body).collect();
    let done = r#"[ { "result": 0, "text": "1.2.3" } ]"#;
    let refused = r#"[ { "result": 2, "text": "'nope' command not supported." } ]"#;
    assert_eq!(answers, [done, refused, done]);
    // What is left after a refusal is no request.
    let response = server.exchange(&format!("{}{}", kept("xx"), post(good))).await;
    assert!(response.starts_with("HTTP/1.1 400 ") && !response.contains("1.2.3"), "{response}");
}

#[tokio::test]
async fn older_and_careful_clients_are_served() {
    let server = Server::start(socket());
    let command = "{\"command\": \"version-get\"}";
    let old = post(command).replace("HTTP/1.1", "HTTP/1.0").replace("Connection: close\r\n", "");
    let response = server.exchange(&old).await;
    assert!(response.starts_with("HTTP/1.0 200 OK\r\n"), "{response}");
    assert_eq!(body(&response), r#"[ { "result": 0, "text": "1.2.3" } ]"#);
    let careful = |body| post(body).replace("Host: x", "Host: x\r\nExpect: 100-continue");
    let response = server.exchange(&careful(command)).await;
    let go_on = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n";
    assert!(response.starts_with(go_on), "{response}");
    // Whoever is refused need not send the rest.
    let response = server.exchange(&careful(command).replace("/json", "/xml")).await;
    assert!(response.starts_with("HTTP/1.1 400 "), "{response}");
}

#[tokio::test]
async fn other_methods_get_an_answer() {
    let server = Server::start(socket());
    let ask = |line: &str| format!("{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let head = server.exchange(&ask("HEAD /metrics")).await;
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.to_ascii_lowercase().contains("content-length: 6\r\n"), "{head}");
    assert_eq!(body(&head), "");
    let nothing = server.exchange(&ask("HEAD /")).await;
    assert!(nothing.starts_with("HTTP/1.1 404 ") && body(&nothing).is_empty(), "{nothing}");
    for method in ["OPTIONS *", "DELETE /", "TRACE /", "PATCH /", "QUERY /", "CONNECT x:1"] {
        let response = server.exchange(&ask(method)).await;
        assert!(response.starts_with("HTTP/1.1 400 "), "{method}: {response}");
        assert!(body(&response).contains(" is not POST"), "{method}: {response}");
    }
}

#[tokio::test]
async fn headers_are_bounded() {
    let server = Server::start(socket());
    let many: String = (0..1000).map(|n| format!("X-{n}: y\r\n")).collect();
    let long = format!("X: {}\r\n", "y".repeat(1_000_000));
    for flood in [many, long] {
        let request = post("{\"command\": \"version-get\"}");
        let request = request.replace("Host: x\r\n", &format!("Host: x\r\n{flood}"));
        let response = server.exchange(&request).await;
        let is_refused = response.is_empty() || response.starts_with("HTTP/1.1 431 ");
        assert!(is_refused, "{response}");
    }
    let response = server.exchange(&post("{\"command\": \"version-get\"}")).await;
    assert!(response.contains("1.2.3"), "{response}");
}

#[tokio::test]
async fn garbage_does_no_harm() {
    let server = Server::start(socket());
    for garbage in ["\0\u{1}\u{2}\r\n\r\n", "\u{16}\u{3}\u{1}\0\u{5}hello", "GET\r\n\r\n"] {
        let response = server.exchange(garbage).await;
        assert!(response.is_empty() || response.starts_with("HTTP/1.1 400"), "{response}");
    }
    let long = format!("POST /{} HTTP/1.1\r\n", "x".repeat(1_000_000));
    server.exchange(&long).await;
    let answer = server.client().post("{\"command\": \"version-get\"}".into(), PATIENCE).await;
    assert_eq!(answer.unwrap(), r#"[ { "result": 0, "text": "1.2.3" } ]"#);
}

#[tokio::test(start_paused = true)]
async fn slow_requests_time_out_and_silent_connections_are_closed() {
    let server = Server::start(socket());
    let mut loris = TcpStream::connect(server.address()).await.unwrap();
    loris.write_all(b"POST / HTTP/1.1\r\nHost").await.unwrap();
    let response = read(&mut loris).await;
    assert!(response.starts_with("HTTP/1.1 408 Request Timeout\r\n"), "{response}");
    assert_eq!(body(&response), r#"{ "result": 408, "text": "Request Timeout" }"#);

    let mut half = TcpStream::connect(server.address()).await.unwrap();
    let request = post("{\"command\": \"version-get\"}");
    half.write_all(&request.as_bytes()[..request.len() - 3]).await.unwrap();
    assert!(read(&mut half).await.starts_with("HTTP/1.1 408 "));

    let mut kept = TcpStream::connect(server.address()).await.unwrap();
    kept.write_all(request.replace("Connection: close\r\n", "").as_bytes()).await.unwrap();
    let begin = tokio::time::Instant::now();
    assert!(read(&mut kept).await.contains("1.2.3"));
    let silent = begin.elapsed().as_secs();
    assert!((30..=32).contains(&silent), "closed after {silent} s");
    assert_eq!(server.log.of(&message::HTTP_IDLE_CONNECTION_TIMEOUT_OCCURRED).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_command_may_take_longer_than_a_request() {
    let server = Server::start(socket());
    let command = "{\"command\": \"leases-reclaim\", \"arguments\": {\"remove\": true}}";
    let answer = server.client().post(command.into(), Duration::from_secs(60)).await.unwrap();
    assert_eq!(answer, r#"[ { "result": 0, "text": "at last" } ]"#);
}

#[tokio::test(start_paused = true)]
async fn silent_connections_give_way() {
    let server = Server::start(socket());
    let mut silent = Vec::new();
    for _ in 0..400 {
        silent.push(TcpStream::connect(server.address()).await.unwrap());
    }
    let begin = tokio::time::Instant::now();
    let command = "{\"command\": \"version-get\"}";
    let answer = server.client().post(command.into(), Duration::from_secs(60)).await.unwrap();
    assert_eq!(begin.elapsed(), Duration::ZERO, "the oldest of them have lost their seats");
    assert!(answer.contains("1.2.3"));
}

#[tokio::test]
async fn pages_are_served_to_who_may_send_commands() {
    let server = Server::start(HttpSocket { authentication: Some(admin()), ..socket() });
    let get = "GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n";
    let refused = server.exchange(&format!("{get}\r\n")).await;
    assert!(refused.starts_with("HTTP/1.1 401 "), "{refused}");
    let page =
        server.exchange(&format!("{get}Authorization: Basic YWRtaW46MTIzNA==\r\n\r\n")).await;
    assert!(page.starts_with("HTTP/1.1 200 OK"), "{page}");
    assert_eq!(body(&page), "# EOF\n");
}

fn admin() -> Authentication {
    Authentication {
        realm: "site".into(),
        directory: "".into(),
        clients: [Credentials {
            user: Some("admin".into()),
            user_file: None,
            password: Some(Secret("1234".into())),
            password_file: None,
        }]
        .into(),
    }
}

#[tokio::test]
async fn passwords_are_asked_for() {
    let server = Server::start(HttpSocket { authentication: Some(admin()), ..socket() });
    let refused = server.exchange(&post("{\"command\": \"status-get\"}")).await;
    assert!(refused.starts_with("HTTP/1.1 401 Unauthorized"), "{refused}");
    assert!(refused.to_ascii_lowercase().contains("www-authenticate: basic realm=\"site\"\r\n"));
    assert_eq!(body(&refused), r#"{ "result": 401, "text": "Unauthorized" }"#);
    let mut client = server.client();
    let credentials = |password: &str| kea_control::Credentials {
        user: "admin".into(),
        password: password.into(),
    };
    client.credentials = Some(credentials("wrong"));
    let command = || "{\"command\": \"status-get\"}".to_owned();
    let wrong = client.post(command(), PATIENCE).await.unwrap_err();
    assert!(matches!(wrong, ClientError::Status(401, _)), "{wrong}");
    client.credentials = Some(credentials("1234"));
    let right = client.post(command(), PATIENCE).await.unwrap();
    assert!(right.contains("\"user\": \"admin\""), "{right}");
    assert_eq!(server.log.of(&message::HTTP_CLIENT_REQUEST_NOT_AUTHORIZED).len(), 2);
}

#[tokio::test]
async fn settings_are_exchanged_while_the_socket_stays_open() {
    let mut server = Server::start(socket());
    let mut kept = TcpStream::connect(server.address()).await.unwrap();
    let before = server.address();
    let guarded = HttpSocket { authentication: Some(admin()), ..socket() };
    server.listeners.apply(&[ControlSocket::Http(guarded)]).unwrap();
    assert_eq!(server.address(), before);
    kept.write_all(post("{\"command\": \"version-get\"}").as_bytes()).await.unwrap();
    assert!(read(&mut kept).await.starts_with("HTTP/1.1 401 "));
    server.listeners.apply(&[]).unwrap();
    assert_eq!(server.listeners.http_addresses().count(), 0);
    // The task that accepts ends when the runtime comes to it.
    while TcpStream::connect(before).await.is_ok() {
        tokio::task::yield_now().await;
    }
}

struct Authority {
    directory: tempfile::TempDir,
    certificate: rcgen::Certificate,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap();
        let authority = Authority {
            directory: tempfile::tempdir().unwrap(),
            certificate,
            issuer: rcgen::Issuer::new(parameters, key),
        };
        std::fs::write(authority.path("ca.pem"), authority.certificate.pem()).unwrap();
        authority
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn issue(&self, name: &str) -> (PathBuf, PathBuf) {
        let key = rcgen::KeyPair::generate().unwrap();
        let parameters = rcgen::CertificateParams::new(vec![format!("{name}.example")]).unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let (cert, key_file) =
            (self.path(&format!("{name}.crt")), self.path(&format!("{name}.key")));
        std::fs::write(&cert, certificate.pem()).unwrap();
        std::fs::write(&key_file, key.serialize_pem()).unwrap();
        (cert, key_file)
    }

    fn tls(&self, anchor: &Path) -> Tls {
        let (cert, key) = self.issue("server");
        let text = |path: &Path| Some(path.to_str().unwrap().into());
        Tls {
            trust_anchor: text(anchor),
            cert_file: text(&cert),
            key_file: text(&key),
            cipher_list: None,
        }
    }
}

async fn status(server: &Server, config: Arc<rustls::ClientConfig>) -> Result<String, ClientError> {
    let client = HttpClient { tls: Some(config), ..server.client() };
    client.post("{\"command\": \"status-get\"}".into(), PATIENCE).await
}

#[tokio::test]
async fn both_sides_show_certificates() {
    let authority = Authority::new();
    // The anchor as a folder; what else lies in it does not matter.
    let anchor = authority.directory.path();
    let server = Server::start(HttpSocket { tls: Some(authority.tls(anchor)), ..socket() });
    let (cert, key) = authority.issue("client");
    let ca = authority.path("ca.pem");
    let with = kea_control::client_config(&ca, Some((&cert, &key))).unwrap();
    let answer = status(&server, with).await.unwrap();
    assert!(answer.contains(r#""shown": true, "tls": true"#), "{answer}");

    let without = kea_control::client_config(&ca, None).unwrap();
    status(&server, without).await.unwrap_err();
    let stranger = Authority::new();
    let (cert, key) = stranger.issue("client");
    let strange = kea_control::client_config(&ca, Some((&cert, &key))).unwrap();
    status(&server, strange).await.unwrap_err();
    let distrustful = kea_control::client_config(&stranger.path("ca.pem"), None).unwrap();
    status(&server, distrustful).await.unwrap_err();
    // Plain HTTP gets no HTTP answer.
    let plain = server.exchange(&post("{\"command\": \"status-get\"}")).await;
    assert!(!plain.contains("HTTP/1.1"), "{plain}");
    assert!(server.log.of(&message::HTTP_CONNECTION_HANDSHAKE_FAILED).len() >= 3);
}

/// A server that shows a certificate, and wants none.
fn encrypted(authority: &Authority) -> Server {
    let tls = Some(authority.tls(&authority.path("ca.pem")));
    Server::start(HttpSocket { tls, cert_required: false, ..socket() })
}

#[tokio::test]
async fn clients_need_no_certificate_when_none_is_required() {
    let authority = Authority::new();
    let ca = authority.path("ca.pem");
    let server = encrypted(&authority);
    let without = kea_control::client_config(&ca, None).unwrap();
    let answer = status(&server, without).await.unwrap();
    assert!(answer.contains(r#""shown": false, "tls": true"#), "{answer}");
}

#[tokio::test]
async fn changed_certificates_are_used_and_broken_ones_are_not() {
    let authority = Authority::new();
    let server = encrypted(&authority);
    let trusting = |authority: &Authority| {
        kea_control::client_config(&authority.path("ca.pem"), None).unwrap()
    };
    let touch = |path: &Path, seconds| {
        let file = std::fs::File::options().write(true).open(path).unwrap();
        file.set_modified(std::time::SystemTime::now() + Duration::from_secs(seconds)).unwrap();
    };
    std::fs::write(authority.path("server.crt"), "broken").unwrap();
    touch(&authority.path("server.crt"), 10);
    status(&server, trusting(&authority)).await.unwrap();
    let [event] = &server.log.of(&message::HTTP_CONNECTION_HANDSHAKE_FAILED)[..] else {
        panic!("one event expected")
    };
    assert!(event.arguments[1].starts_with("changed certificates are not used"), "{event:?}");

    let other = Authority::new();
    let (cert, key) = other.issue("server");
    std::fs::copy(cert, authority.path("server.crt")).unwrap();
    std::fs::copy(key, authority.path("server.key")).unwrap();
    touch(&authority.path("server.crt"), 20);
    status(&server, trusting(&authority)).await.unwrap_err();
    status(&server, trusting(&other)).await.unwrap();
}

#[tokio::test]
async fn incomplete_tls_is_refused() {
    let authority = Authority::new();
    let complete = authority.tls(&authority.path("ca.pem"));
    let refused = |tls: Tls| {
        let (mut listeners, _calls) = Listeners::new(Arc::new(Captured::default()));
        let socket = ControlSocket::Http(HttpSocket { tls: Some(tls), ..socket() });
        listeners.apply(&[socket]).unwrap_err().to_string()
    };
    assert!(
        refused(Tls { key_file: None, ..complete.clone() }).contains("'key-file' is missing"),
        "the missing one is named"
    );
    assert!(
        refused(Tls { cert_file: Some("/nonexistent".into()), ..complete.clone() })
            .contains("cannot use /nonexistent")
    );
    let key_as_anchor = Tls { trust_anchor: complete.key_file.clone(), ..complete };
    assert!(refused(key_as_anchor).contains("server.key: no certificate in PEM form"));
}

#[tokio::test]
async fn an_orderly_end_waits_for_answers() {
    let server = Server::start(socket());
    let mut stream = TcpStream::connect(server.address()).await.unwrap();
    stream.write_all(post("{\"command\": \"version-get\"}").as_bytes()).await.unwrap();
    while server.log.of(&message::COMMAND_RECEIVED).is_empty() {
        tokio::task::yield_now().await;
    }
    server.listeners.close(PATIENCE).await;
    let mut part = [0; 15];
    assert_eq!(stream.try_read(&mut part).unwrap(), 15, "the answer is out");
    assert_eq!(&part, b"HTTP/1.1 200 OK");
}

/// Connections that never begin to speak TLS, half a handshake, and garbage.
#[tokio::test(start_paused = true)]
async fn handshakes_that_do_not_happen_give_way() {
    let authority = Authority::new();
    let ca = authority.path("ca.pem");
    let server = encrypted(&authority);
    let mut hostile = Vec::new();
    for round in 0..300 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        match round % 3 {
            0 => {}
            1 => stream.write_all(&[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3]).await.unwrap(),
            _ => drop(stream.write_all(&[0x55; 4000]).await),
        }
        hostile.push(stream);
    }
    let config = kea_control::client_config(&ca, None).unwrap();
    let answer = status(&server, config).await.unwrap();
    assert!(answer.contains(r#""tls": true"#), "{answer}");
}

/// Two requests that announce 128 MiB each take all the room that there is for what arrives: on other
/// sockets too nothing gets in, until they have run out of time.
#[tokio::test(start_paused = true)]
async fn what_arrives_is_bounded_all_together() {
    let mut server = Server::start(socket());
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("control");
    let unix = ControlSocket::Unix { path: path.to_str().unwrap().into() };
    server.listeners.apply(&[ControlSocket::Http(socket()), unix]).unwrap();
    let ask = async || {
        let mut stream = tokio::net::UnixStream::connect(&path).await.unwrap();
        stream.write_all(b"{\"command\": \"version-get\"}").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    };
    assert_eq!(ask().await, r#"{ "result": 0, "text": "1.2.3" }"#);
    let mut big = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let head = post("").replace("Content-Length: 0", "Content-Length: 134217728");
        stream.write_all(head.as_bytes()).await.unwrap();
        big.push(stream);
    }
    while server.log.of(&message::HTTP_CLIENT_REQUEST_RECEIVED).len() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(
        ask().await,
        r#"{ "result": 1, "text": "too much is arriving at once; try again" }"#
    );
    let refused = server.exchange(&post("{\"command\": \"version-get\"}")).await;
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    for stream in &mut big {
        assert!(read(stream).await.starts_with("HTTP/1.1 408 "));
    }
    assert_eq!(ask().await, r#"{ "result": 0, "text": "1.2.3" }"#);
}
