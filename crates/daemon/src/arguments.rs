//! The command line that all servers share (manual pages, section "Arguments").

use std::ffi::OsString;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::privileges::Confinement;

/// What distinguishes one server's command line from another's.
#[derive(Clone, Copy, Debug)]
pub struct Program {
    /// Name of the binary, of the PID file's suffix and of the root logger: `kea-dhcp4`.
    pub name: &'static str,
    /// What usage calls it: `Kea DHCPv4 server`.
    pub title: &'static str,
    /// True when `-p` and `-P` exist (the DHCP servers).
    pub has_ports: bool,
}

/// The program called `kea-dhcp4`.
pub const DHCP4: Program =
    Program { name: "kea-dhcp4", title: "Kea DHCPv4 server", has_ports: true };

/// The program called `kea-dhcp6`.
pub const DHCP6: Program =
    Program { name: "kea-dhcp6", title: "Kea DHCPv6 server", has_ports: true };

/// What the command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// `-c`: serve.
    Run(Run),
    /// `-t` or `-T`: check a configuration and exit.
    Check {
        /// The file to check.
        file: PathBuf,
        /// `-T`: also what only a start would find out (interfaces, lease files).
        deep: bool,
    },
    /// `--explain`: tell what would become of a query, and exit.
    Explain(Explain),
    /// `-v`.
    Version,
    /// `-V`.
    ExtendedVersion,
    /// `-W`.
    BuildReport,
    /// `-h`: the text to print.
    Help(String),
}

/// What to explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explain {
    /// `-c`: the configuration file.
    pub file: PathBuf,
    /// `--explain`: a capture file, a file with hexadecimal digits, or such digits themselves.
    pub packet: PathBuf,
    /// `--interface`: where the query is received, `NAME` or `NAME/ADDRESS`.
    pub interface: Option<String>,
    /// `--source`: the address that the query came from, in place of what the capture says.
    pub source: Option<IpAddr>,
}

/// How to serve.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// `-c`: the configuration file.
    pub file: PathBuf,
    /// `-d`: every logger at DEBUG, level 99.
    pub verbose: bool,
    /// `-p`: the UDP port to listen on, in place of the standard one.
    pub server_port: Option<u16>,
    /// `-P`: the UDP port that answers go to, in place of the standard ones.
    pub client_port: Option<u16>,
    /// `-X` lifts it.
    pub confinement: Confinement,
}

/// Why a command line was refused: the text for standard error, usage included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UsageError(pub(crate) String);

/// Reads a command line, the program's own name first.
pub(crate) fn parse(
    program: Program,
    arguments: impl IntoIterator<Item = OsString>,
) -> Result<Request, UsageError> {
    match command(program).try_get_matches_from(arguments) {
        Ok(matches) => request(program, &matches),
        Err(error) if error.kind() == ErrorKind::DisplayHelp => {
            Ok(Request::Help(error.to_string()))
        }
        Err(error) => {
            let mut text = error.to_string();
            if !text.contains("Usage:") {
                text = format!("{}\n\n{}", text.trim_end(), command(program).render_usage());
            }
            Err(UsageError(text))
        }
    }
}

fn command(program: Program) -> Command {
    let flag = |name, short, help| {
        Arg::new(name).short(short).help(help).action(ArgAction::SetTrue).exclusive(true)
    };
    let file = |name, short, help| {
        Arg::new(name)
            .short(short)
            .value_name("FILE")
            .help(help)
            .value_parser(value_parser!(PathBuf))
    };
    let port = |name, short, help| {
        Arg::new(name)
            .short(short)
            .value_name("PORT")
            .help(help)
            .value_parser(value_parser!(u16).range(1..))
    };
    let mut command = Command::new(program.name)
        .about(program.title)
        .disable_version_flag(true)
        .arg(file("config", 'c', "Serve with this configuration file"))
        .arg(file("check", 't', "Check this configuration file and exit").exclusive(true))
        .arg(
            file("deep-check", 'T', "Check as -t does, and also interfaces and lease files")
                .exclusive(true),
        )
        .arg(flag("version", 'v', "Print the version and exit"))
        .arg(flag("extended", 'V', "Print the version with build details and exit"))
        .arg(flag("report", 'W', "Print the build report and exit"))
        .arg(
            Arg::new("debug")
                .short('d')
                .help("Log everything: every logger at DEBUG, debug level 99")
                .action(ArgAction::SetTrue),
        )
        .arg(
            Arg::new("lift")
                .short('X')
                .help("Keep all privileges, and read files that anybody may write")
                .action(ArgAction::SetTrue),
        );
    if program.has_ports {
        command = command.arg(
            Arg::new("limit")
                .long("limit-paths")
                .help("Refuse files, sockets and libraries outside the folders of the installation")
                .action(ArgAction::SetTrue)
                .conflicts_with("lift"),
        );
    }
    if program.has_ports {
        let of_explain = |name: &'static str| Arg::new(name).long(name).requires("explain");
        command = command
            .arg(
                Arg::new("explain")
                    .long("explain")
                    .value_name("PACKET")
                    .help("Tell what would become of a query and why, and exit: a capture file, or hexadecimal digits")
                    .value_parser(value_parser!(PathBuf)),
            )
            .arg(
                of_explain("interface")
                    .value_name("NAME[/ADDRESS]")
                    .help("With --explain: where the query is received"),
            )
            .arg(
                of_explain("source")
                    .value_name("ADDRESS")
                    .help("With --explain: where the query came from")
                    .value_parser(value_parser!(IpAddr)),
            )
            .arg(port("server-port", 'p', "Listen on this UDP port (for testing)"))
            .arg(port("client-port", 'P', "Send answers to this UDP port (for testing)"));
    }
    command
}

fn request(program: Program, matches: &ArgMatches) -> Result<Request, UsageError> {
    let path = |name| matches.get_one::<PathBuf>(name).cloned();
    if matches.get_flag("version") {
        return Ok(Request::Version);
    }
    if matches.get_flag("extended") {
        return Ok(Request::ExtendedVersion);
    }
    if matches.get_flag("report") {
        return Ok(Request::BuildReport);
    }
    if let Some(file) = path("check") {
        return Ok(Request::Check { file, deep: false });
    }
    if let Some(file) = path("deep-check") {
        return Ok(Request::Check { file, deep: true });
    }
    let Some(file) = path("config") else {
        return Err(UsageError(format!(
            "error: no configuration file was given; say which with -c FILE\n\n{}",
            command(program).render_help()
        )));
    };
    if program.has_ports
        && let Some(packet) = path("explain")
    {
        let interface = matches.get_one::<String>("interface").cloned();
        let source = matches.get_one::<IpAddr>("source").copied();
        return Ok(Request::Explain(Explain { file, packet, interface, source }));
    }
    let port = |name| program.has_ports.then(|| matches.get_one::<u16>(name).copied()).flatten();
    Ok(Request::Run(Run {
        file,
        verbose: matches.get_flag("debug"),
        server_port: port("server-port"),
        client_port: port("client-port"),
        confinement: match matches.get_flag("lift") {
            true => Confinement::Lifted,
            false if program.has_ports && matches.get_flag("limit") => Confinement::Limited,
            false => Confinement::Confined,
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Request, UsageError> {
        parse(
            DHCP4,
            std::iter::once("kea-dhcp4").chain(line.split_whitespace()).map(OsString::from),
        )
    }

    #[test]
    fn every_documented_switch_is_read() {
        let run = Run {
            file: "/etc/kea/kea-dhcp4.conf".into(),
            verbose: true,
            server_port: Some(1067),
            client_port: Some(1068),
            confinement: Confinement::Lifted,
        };
        assert_eq!(read("-d -X -c /etc/kea/kea-dhcp4.conf -p 1067 -P 1068"), Ok(Request::Run(run)));
        let Ok(Request::Run(run)) = read("--limit-paths -c x.json") else { panic!("no run") };
        assert_eq!(run.confinement, Confinement::Limited);
        assert_eq!(read("-t x.json"), Ok(Request::Check { file: "x.json".into(), deep: false }));
        assert_eq!(read("-T x.json"), Ok(Request::Check { file: "x.json".into(), deep: true }));
        let explain = Explain {
            file: "x.json".into(),
            packet: "0101".into(),
            interface: Some("eth0/192.0.2.1".into()),
            source: Some("192.0.2.7".parse().unwrap()),
        };
        let line = "-c x.json --explain 0101 --interface eth0/192.0.2.1 --source 192.0.2.7";
        assert_eq!(read(line), Ok(Request::Explain(explain)));
        assert_eq!(read("-v"), Ok(Request::Version));
        assert_eq!(read("-V"), Ok(Request::ExtendedVersion));
        assert_eq!(read("-W"), Ok(Request::BuildReport));
    }

    #[test]
    fn bad_lines_say_what_and_show_usage() {
        for (line, says) in [
            ("", "no configuration file"),
            ("-d", "no configuration file"),
            ("-c x -p 0", "0 is not in 1..=65535"),
            ("-c x -p 70000", "70000 is not in 1..=65535"),
            ("-c x -Z", "'-Z'"),
            ("-c x stray", "'stray'"),
            ("-c x -X --limit-paths", "cannot be used with"),
            ("--explain 01", "no configuration file"),
            ("-c x --interface eth0", "--explain"),
            ("-c x --explain 01 --source y", "'y'"),
        ] {
            let UsageError(text) = read(line).unwrap_err();
            assert!(text.contains(says) && text.contains("Usage: kea-dhcp4"), "{line}: {text}");
        }
    }
}
