//! Who may send commands: certificates and passwords, as `curl` and both shells show them to the control agent
//! of either and to a server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use kea_testkit::{Lab, Netns, Subject};
use serde_json::{Value, json};

use super::{Agent, run, server};

/// Whoever issues certificates, with its own in `ca.pem`.
struct Authority {
    folder: tempfile::TempDir,
    issuer: rcgen::Issuer<'static, rcgen::KeyPair>,
}

/// A certificate and its key, as files.
struct Identity {
    cert: PathBuf,
    key: PathBuf,
}

impl Authority {
    fn new(name: &str) -> Authority {
        let mut parameters = rcgen::CertificateParams::default();
        parameters.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        let key = rcgen::KeyPair::generate().unwrap();
        let own = parameters.self_signed(&key).unwrap();
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ca.pem"), own.pem()).unwrap();
        Authority { folder, issuer: rcgen::Issuer::new(parameters, key) }
    }

    fn anchor(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    fn issue(&self, name: &str) -> Identity {
        self.issue_for(name, &[name])
    }

    /// For these names and addresses.
    fn issue_for(&self, name: &str, places: &[&str]) -> Identity {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut parameters = rcgen::CertificateParams::new(
            places.iter().map(ToString::to_string).collect::<Vec<_>>(),
        )
        .unwrap();
        parameters.distinguished_name.push(rcgen::DnType::CommonName, name);
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        let file = |extension: &str| self.folder.path().join(format!("{name}.{extension}"));
        let identity = Identity { cert: file("crt"), key: file("key") };
        fs::write(&identity.cert, certificate.pem()).unwrap();
        fs::write(&identity.key, key.serialize_pem()).unwrap();
        identity
    }
}

/// What one tries to be let in with.
#[derive(Clone, Copy)]
struct Visitor<'a> {
    netns: &'a Netns,
    port: u16,
    /// Whom it trusts.
    anchor: &'a Path,
    identity: Option<&'a Identity>,
    password: Option<&'a str>,
}

impl Visitor<'_> {
    /// What `curl` gets for `version-get`: the HTTP status and the body, or its exit status.
    fn curl(&self) -> Result<(u16, Value), i32> {
        let mut curl = self.netns.command("curl");
        curl.args(["--silent", "--max-time", "60", "--write-out", "\n%{http_code}"]);
        curl.arg("--resolve").arg(format!("server:{}:127.0.0.1", self.port));
        curl.arg("--cacert").arg(self.anchor);
        if let Some(Identity { cert, key }) = self.identity {
            curl.arg("--cert").arg(cert).arg("--key").arg(key);
        }
        if let Some(password) = self.password {
            curl.args(["--user", &format!("admin:{password}")]);
        }
        curl.args(["--header", "Content-Type: application/json", "--data", "@-"]);
        let output = run(curl.arg(format!("https://server:{}/", self.port)), ASKED);
        if !output.status.success() {
            return Err(output.status.code().unwrap());
        }
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        Ok((status.parse().unwrap(), serde_json::from_str(body).unwrap()))
    }

    /// What a shell prints for `version-get`, and whether it is content.
    fn shell(&self, subject: Subject) -> Output {
        let mut shell = self.netns.command(subject.program("kea-shell"));
        // Debian's compares the name with those of the certificate; ours looks at who issued it.
        let host = if subject == Subject::Ours { "localhost" } else { "127.0.0.1" };
        shell.args(["--host", host, "--port", &self.port.to_string()]);
        shell.arg("--ca").arg(self.anchor);
        if let Some(Identity { cert, key }) = self.identity {
            shell.arg("--cert").arg(cert).arg("--key").arg(key);
        }
        if let Some(password) = self.password {
            shell.args(["--auth-user", "admin", "--auth-password", password]);
        }
        run(shell.arg("version-get"), "")
    }

    #[track_caller]
    fn is_let_in(&self, shell: Subject) {
        let (status, answer) = self.curl().unwrap();
        assert_eq!((status, &answer[0]["result"]), (200, &json!(0)), "{answer}");
        let output = self.shell(shell);
        let answer: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{shell:?}: {error}: {output:?}"));
        assert_eq!(answer[0]["result"], 0, "{shell:?}: {answer}");
    }

    /// There is no connection for it, for the reason that curl has a number for.
    #[track_caller]
    fn is_not_connected(&self, shell: Subject, reasons: &[i32]) {
        let reason = self.curl().unwrap_err();
        assert!(reasons.contains(&reason), "curl says {reason}");
        let output = self.shell(shell);
        assert!(!output.status.success(), "{shell:?}: {output:?}");
        assert!(serde_json::from_slice::<Value>(&output.stdout).is_err(), "{output:?}");
    }

    #[track_caller]
    fn is_asked_for_a_password(&self, shell: Subject) {
        let (status, answer) = self.curl().unwrap();
        assert_eq!(status, 401, "{answer}");
        assert_eq!(answer, json!({ "result": 401, "text": "Unauthorized" }));
        let output = self.shell(shell);
        assert!(!output.status.success(), "{shell:?}: {output:?}");
        let said = [output.stdout, output.stderr].concat();
        assert!(String::from_utf8_lossy(&said).contains("401"), "{shell:?}");
    }
}

const ASKED: &str = r#"{ "command": "version-get" }"#;
/// `curl` does not get what it expects of TLS, or what it sent is not taken.
const TURNED_AWAY: &[i32] = &[35, 52, 55, 56];
/// `curl` does not trust the server.
const NOT_TRUSTED: &[i32] = &[60];

fn guarded(authority: &Authority, is_required: bool) -> Value {
    let Identity { cert, key } = authority.issue_for("server", &["server", "127.0.0.1"]);
    json!({
        "trust-anchor": authority.anchor(), "cert-file": cert, "key-file": key,
        "cert-required": is_required,
        "authentication": {
            "type": "basic", "realm": "site",
            "clients": [{ "user": "admin", "password": "1234" }],
        },
    })
}

/// One door and all who come to it; `is_required` says whether they have to show certificates.
#[track_caller]
fn visits(netns: &Netns, port: u16, authority: &Authority, is_required: bool, shell: Subject) {
    let stranger = Authority::new("stranger");
    let (client, false_client) = (authority.issue("client"), stranger.issue("client"));
    let (anchor, false_anchor) = (authority.anchor(), stranger.anchor());
    let right =
        Visitor { netns, port, anchor: &anchor, identity: Some(&client), password: Some("1234") };
    right.is_let_in(shell);
    Visitor { password: Some("1235"), ..right }.is_asked_for_a_password(shell);
    Visitor { password: None, ..right }.is_asked_for_a_password(shell);
    Visitor { anchor: &false_anchor, ..right }.is_not_connected(shell, NOT_TRUSTED);
    let nameless = Visitor { identity: None, ..right };
    if is_required {
        nameless.is_not_connected(shell, TURNED_AWAY);
        Visitor { identity: Some(&false_client), ..right }.is_not_connected(shell, TURNED_AWAY);
    } else {
        nameless.is_let_in(shell);
        Visitor { password: None, ..nameless }.is_asked_for_a_password(shell);
    }
    let mut plain = netns.command("curl");
    plain.args(["--silent", "--max-time", "60", "--data", ASKED]);
    let plain = plain.arg(format!("http://127.0.0.1:{port}/")).output().unwrap();
    let said = String::from_utf8_lossy(&plain.stdout);
    assert!(!said.contains("\"result\": 0"), "{said}");
}

#[test]
fn the_agent_lets_in_who_shows_certificate_and_password() {
    let subject = Subject::from_environment();
    let mut lab = Lab::new().unwrap();
    let (netns, _client) = lab.pair().unwrap();
    let (four, six) = (server(subject, 4, &netns), server(subject, 6, &netns));
    let authority = Authority::new("authority");
    let mut shells = vec![subject];
    if subject == Subject::Ours {
        shells.push(Subject::Debian);
    }
    for is_required in [true, false] {
        let guarded = guarded(&authority, is_required);
        let _agent = Agent::start_with(subject, &netns, &[&four, &six], &guarded, &[]);
        for shell in &shells {
            visits(&netns, 8000, &authority, is_required, *shell);
        }
    }
}

#[test]
fn a_server_lets_in_who_shows_certificate_and_password() {
    let Some((_lab, netns, _, setup)) = Lab::ours(4) else { return };
    let (first, second) = (Authority::new("first"), Authority::new("second"));
    let base = setup.config(&json!({}));
    let config = |authority: &Authority| {
        let mut https = guarded(authority, true);
        https["socket-type"] = json!("https");
        https["socket-address"] = json!("127.0.0.1");
        https["socket-port"] = json!(8443);
        let mut config = base.clone();
        let unix = config["Dhcp4"].as_object_mut().unwrap().remove("control-socket");
        config["Dhcp4"]["control-sockets"] = json!([unix, https]);
        config
    };
    setup.write_config(&config(&first).to_string()).unwrap();
    let renewed = config(&second);
    let server = setup.start(&netns).unwrap();
    for shell in [Subject::Ours, Subject::Debian] {
        visits(&netns, 8443, &first, true, shell);
    }
    // Other certificates, by another configuration.
    let answer = server.control().command("config-set", renewed).unwrap();
    assert_eq!(answer.result, 0, "{}", answer.text);
    visits(&netns, 8443, &second, true, Subject::Ours);
    let (anchor, client) = (first.anchor(), first.issue("client"));
    let late = Visitor {
        netns: &netns,
        port: 8443,
        anchor: &anchor,
        identity: Some(&client),
        password: Some("1234"),
    };
    late.is_not_connected(Subject::Ours, NOT_TRUSTED);
    // The key does not belong to the certificate: what was in force stays.
    let mut broken = config(&second);
    broken["Dhcp4"]["control-sockets"][1]["key-file"] = json!(second.issue("other").key);
    let answer = server.control().command("config-set", broken).unwrap();
    assert_eq!(answer.result, 1, "{}", answer.text);
    visits(&netns, 8443, &second, true, Subject::Ours);
}

/// What the command line shows to everybody can stand in files.
#[test]
fn user_and_password_come_from_files() {
    let Some((_lab, netns, _, setup)) = Lab::ours(4) else { return };
    let (four, six) = (server(Subject::Ours, 4, &netns), server(Subject::Ours, 6, &netns));
    for (name, text) in [("user", "admin\n"), ("password", "1234\n"), ("wrong", "1235\n")] {
        fs::write(setup.folder().join(name), text).unwrap();
    }
    let further = json!({ "authentication": {
        "type": "basic", "directory": setup.folder(),
        "clients": [{ "user-file": "user", "password-file": "password" }],
    } });
    let agent = Agent::start_with(Subject::Ours, &netns, &[&four, &six], &further, &[]);
    let shell = |password: &str| {
        let mut shell = agent.netns.command(Subject::Ours.program("kea-shell"));
        shell.arg("--auth-user-file").arg(setup.folder().join("user"));
        shell.arg("--auth-password-file").arg(setup.folder().join(password));
        // As a proxy in front of it would be asked.
        run(shell.args(["--path", "kea", "--service", "dhcp4", "version-get"]), "")
    };
    let answer: Value = serde_json::from_slice(&shell("password").stdout).unwrap();
    assert_eq!(answer[0]["result"], 0, "{answer}");
    let refused = shell("wrong");
    assert!(!refused.status.success());
    assert_eq!(refused.stdout, b"Failed to run: HTTP error 401: Unauthorized\n");
}
