//! Clients that mean harm, against a whole server: on each of its sockets more connections than there is
//! room for, silent, half said, oversized and full of garbage. Whoever behaves is answered meanwhile.

use std::fs;
use std::io;
use std::net::TcpStream;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use kea_testkit::{Client as _, Lab, Netns, Udhcpc};
use serde_json::{Value, json};

/// More than the server has seats of a kind.
const CONNECTIONS: usize = 300;
/// Seats of UNIX and of HTTP connections, and files of the server's own.
const MOST_FILES: usize = 64 + 256 + 64;

/// What they send, and nothing after it.
fn openings() -> Vec<Vec<u8>> {
    let head = |more: &str| format!("POST / HTTP/1.1\r\nHost: x\r\n{more}").into_bytes();
    let json = "Content-Type: application/json\r\n";
    vec![
        Vec::new(),
        b"{ \"command\": ".to_vec(),
        b"{ \"command\": \"version-get\", \"arguments\": [ \"".repeat(2000),
        vec![0xff; 70_000],
        head("X-Name: "),
        head(&format!("{json}Content-Length: 99999999999\r\n\r\n")),
        head(&format!("{json}Content-Length: 100\r\n\r\n{{")),
        head(&"X-Name: value\r\n".repeat(9000)),
        // Half of a TLS client's first message.
        vec![0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3],
    ]
}

/// Sends what the system takes at once; what the server refuses it refuses.
fn begin(stream: &mut impl io::Write, number: usize) {
    let openings = openings();
    let _ = stream.write(&openings[number % openings.len()]);
}

fn unix(path: &Path) -> io::Result<Vec<UnixStream>> {
    let connect = |number| {
        let mut stream = UnixStream::connect(path)?;
        stream.set_nonblocking(true)?;
        begin(&mut stream, number);
        Ok(stream)
    };
    (0..CONNECTIONS).map(connect).collect()
}

fn tcp(netns: &Netns, port: u16) -> io::Result<Vec<TcpStream>> {
    netns.enter(|| {
        let connect = |number| {
            let mut stream = TcpStream::connect(("127.0.0.1", port))?;
            stream.set_nonblocking(true)?;
            begin(&mut stream, number);
            Ok(stream)
        };
        (0..CONNECTIONS).map(connect).collect()
    })
}

/// A certificate that signs itself, with its key.
fn certificate(folder: &Path) -> [String; 2] {
    let [cert, key] = ["cert.pem", "key.pem"].map(|name| folder.join(name).display().to_string());
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    openssl.args(["-nodes", "-subj", "/CN=server", "-days", "3650"]);
    let made = openssl.args(["-out", &cert, "-keyout", &key]).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    [cert, key]
}

fn asks(netns: &Netns, url: &str) -> Value {
    let mut curl = netns.command("curl");
    curl.args(["--silent", "--fail", "--insecure", "--max-time", "60"]);
    curl.args(["--header", "Content-Type: application/json"]);
    let output = curl.args(["--data", r#"{ "command": "version-get" }"#, url]).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{url}: {e}: {output:?}"))
}

#[test]
fn hostile_clients_keep_nobody_out() {
    let Some((_lab, netns, client, setup)) = Lab::ours(4) else { return };
    let [cert, key] = certificate(setup.folder());
    let path = setup.folder().join("control");
    let http = |port: u16| json!({ "socket-type": "http", "socket-address": "127.0.0.1", "socket-port": port });
    let mut https = http(8443);
    https["socket-type"] = json!("https");
    for (name, value) in [("trust-anchor", &cert), ("cert-file", &cert), ("key-file", &key)] {
        https[name] = json!(value);
    }
    https["cert-required"] = json!(false);
    let mut config = setup.config(&json!({
        "control-sockets": [{ "socket-type": "unix", "socket-name": path }, http(8080), https],
        "subnet4": [{
            "id": 1, "subnet": "192.0.2.0/24", "interface": "eth0",
            "pools": [{ "pool": "192.0.2.10-192.0.2.19" }],
        }],
    }));
    config["Dhcp4"].as_object_mut().unwrap().remove("control-socket");
    setup.write_config(&config.to_string()).unwrap();
    let server = setup.start(&netns).unwrap();

    let _unix = unix(&path).unwrap();
    let _http = tcp(&netns, 8080).unwrap();
    let answer = server.setup().control_socket().command("version-get", Value::Null).unwrap();
    assert_eq!(answer.result, 0, "{answer:?}");
    let answer = asks(&netns, "http://127.0.0.1:8080/");
    assert_eq!(answer[0]["result"], 0, "{answer}");
    let _https = tcp(&netns, 8443).unwrap();
    let answer = asks(&netns, "https://127.0.0.1:8443/");
    assert_eq!(answer[0]["result"], 0, "{answer}");
    Udhcpc::new(&client, "eth0").unwrap().obtain().unwrap();

    let files = || fs::read_dir(format!("/proc/{}/fd", server.process().pid())).unwrap().count();
    let end = Instant::now() + Duration::from_secs(60);
    while files() > MOST_FILES {
        assert!(Instant::now() < end, "the server holds {} files", files());
        std::thread::sleep(Duration::from_millis(20));
    }
}
