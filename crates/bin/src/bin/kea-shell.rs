//! Sends one command to a server or control agent (manual chapter "The Kea Shell").
#![forbid(unsafe_code)]

use std::ffi::OsString;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};
use kea_control::{ClientError, Credentials, HttpClient};

fn main() -> ExitCode {
    let matches = match command_line().try_get_matches_from(std::env::args_os()) {
        Ok(matches) => matches,
        Err(error) => {
            // What cannot be printed cannot be reported either.
            let _ = error.print();
            return if error.use_stderr() { ExitCode::FAILURE } else { ExitCode::SUCCESS };
        }
    };
    match run(&matches) {
        Ok(answer) => match io::stdout().write_all(answer.as_bytes()) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Err(problem) => fail(&problem),
    }
}

#[allow(clippy::print_stdout)] // where scripts have always found it
fn fail(problem: &str) -> ExitCode {
    println!("{problem}");
    ExitCode::FAILURE
}

fn command_line() -> Command {
    let text = |name: &'static str, value: &'static str, help: &'static str| {
        Arg::new(name).long(name).value_name(value).help(help)
    };
    let file = |name, help| text(name, "FILE", help).value_parser(value_parser!(OsString));
    Command::new("kea-shell")
        .version(kea_daemon::VERSION)
        .disable_version_flag(true)
        .about("Sends a command to a Kea server or control agent and prints the answer")
        .after_help(
            "Standard input is read to its end and becomes the inside of the command's arguments: \
             \"name\": \"pkt4-received\"",
        )
        .arg(Arg::new("version").short('v').help("Print the version").action(ArgAction::Version))
        .arg(text("host", "HOST", "Host to connect to").default_value("127.0.0.1"))
        .arg(
            text("port", "PORT", "Port to connect to")
                .default_value("8000")
                .value_parser(value_parser!(u16)),
        )
        .arg(text("path", "PATH", "Path in the URL, without the leading slash").default_value(""))
        .arg(file("ca", "Trust anchor, a file or folder; switches HTTPS on"))
        .arg(file("cert", "Own certificate; together with --key"))
        .arg(file("key", "Own key; together with --cert"))
        .arg(text("auth-user", "USER", "User for basic authentication").default_value(""))
        .arg(text("auth-password", "PASSWORD", "Password; other users of this machine can see it"))
        .arg(file("auth-user-file", "File with the user").conflicts_with("auth-user"))
        .arg(file("auth-password-file", "File with the password").conflicts_with("auth-password"))
        .arg(
            text("timeout", "SECONDS", "How long to wait for the answer")
                .default_value("10")
                .value_parser(value_parser!(u64)),
        )
        .arg(
            text("service", "SERVICE", "Server the agent passes the command to; may be repeated")
                .action(ArgAction::Append),
        )
        .arg(Arg::new("command").help("The command").default_value("list-commands"))
}

fn run(matches: &ArgMatches) -> Result<String, String> {
    let client = client(matches)?;
    let mut arguments = String::new();
    io::stdin()
        .read_to_string(&mut arguments)
        .map_err(|error| format!("Failed to run: standard input: {error}"))?;
    let services = matches.get_many::<String>("service").into_iter().flatten();
    let services: Vec<&str> =
        services.map(String::as_str).filter(|service| !service.is_empty()).collect();
    let body = request(&one(matches, "command"), &services, &arguments);
    let patience = Duration::from_secs(matches.get_one("timeout").copied().unwrap_or(10));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("Failed to run: {error}"))?;
    runtime.block_on(client.post(body, patience)).map_err(|error| match error {
        ClientError::Timeout => "Connection timeout".to_owned(),
        other => format!("Failed to run: {other}"),
    })
}

/// The command as it is sent. What was typed is put in as it is: the server says what is wrong with it.
fn request(command: &str, services: &[&str], arguments: &str) -> String {
    let quoted = |text: &str| serde_json::Value::from(text).to_string();
    let mut body = format!("{{ \"command\": {}", quoted(command));
    if !services.is_empty() {
        let services: Vec<String> = services.iter().map(|service| quoted(service)).collect();
        body += &format!(", \"service\": [ {} ]", services.join(", "));
    }
    // A lone line end is no argument.
    if arguments.len() > 1 {
        body += &format!(", \"arguments\": {{ {} }}", arguments.trim_end());
    }
    body + " }"
}

fn client(matches: &ArgMatches) -> Result<HttpClient, String> {
    let path = |name| matches.get_one::<OsString>(name).map(PathBuf::from);
    let own = match (path("cert"), path("key")) {
        (Some(cert), Some(key)) => Some((cert, key)),
        (None, None) => None,
        _ => return Err("--cert and --key must be used together".into()),
    };
    let own = own.as_ref().map(|(cert, key)| (cert.as_path(), key.as_path()));
    let tls = match path("ca") {
        Some(ca) => Some(kea_control::client_config(&ca, own).map_err(|error| error.to_string())?),
        None if own.is_some() => return Err("--cert and --key need --ca".into()),
        None => None,
    };
    let from = |file: &Path| match std::fs::read_to_string(file) {
        Ok(text) => Ok(text.trim_end_matches(['\r', '\n']).to_owned()),
        Err(error) => Err(format!("cannot read {}: {error}", file.display())),
    };
    let user =
        path("auth-user-file").map_or_else(|| Ok(one(matches, "auth-user")), |file| from(&file))?;
    let password = path("auth-password-file")
        .map_or_else(|| Ok(one(matches, "auth-password")), |file| from(&file))?;
    Ok(HttpClient {
        host: one(matches, "host"),
        port: matches.get_one("port").copied().unwrap_or(8000),
        path: one(matches, "path"),
        tls,
        credentials: (!user.is_empty()).then_some(Credentials { user, password }),
        user_agent: format!("Kea-shell/{}", kea_daemon::VERSION),
    })
}

fn one(matches: &ArgMatches, name: &str) -> String {
    matches.get_one::<String>(name).cloned().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_becomes_the_inside_of_the_arguments() {
        assert_eq!(request("version-get", &[], "\n"), r#"{ "command": "version-get" }"#);
        assert_eq!(
            request("config-write", &["dhcp4", "d2"], "\"filename\": \"x\"\n"),
            r#"{ "command": "config-write", "service": [ "dhcp4", "d2" ], "arguments": { "filename": "x" } }"#
        );
    }

    #[test]
    fn the_command_line_is_sound() {
        command_line().debug_assert();
        let parse = |line: &[&str]| client(&command_line().get_matches_from(line));
        let plain = parse(&["kea-shell"]).unwrap();
        assert_eq!((plain.host.as_str(), plain.port, plain.path.as_str()), ("127.0.0.1", 8000, ""));
        let half = parse(&["kea-shell", "--cert", "x"]).unwrap_err();
        assert_eq!(half, "--cert and --key must be used together");
    }
}
