//! `bench commands`: what commands cost the clients of a server. Exchanges at half of the highest rate,
//! without commands and beside them, in turns, on one server: how many are completed, and how soon.
//! Half, since the generators of both take their share of the processors.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use kea_testkit::{Captured, Lab, Netns};
use lexopt::prelude::*;
use serde_json::{Value as Json, json};

use crate::{table, value};

/// What is to be measured.
pub(crate) struct Arguments {
    programs: PathBuf,
    seconds: u32,
    rounds: usize,
    /// Commands a second.
    rate: f64,
    command: String,
}

impl Arguments {
    pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Self, String> {
        let text = |error: lexopt::Error| error.to_string();
        let mut parsed = Arguments {
            programs: PathBuf::new(),
            seconds: 3,
            rounds: 3,
            rate: 10_000.0,
            command: "statistic-get-all".to_owned(),
        };
        while let Some(argument) = arguments.next().map_err(text)? {
            match argument {
                Long("programs") => parsed.programs = value(&mut arguments)?,
                Long("seconds") => parsed.seconds = value(&mut arguments)?,
                Long("rounds") => parsed.rounds = value(&mut arguments)?,
                Long("rate") => parsed.rate = value(&mut arguments)?,
                Long("command") => parsed.command = value(&mut arguments)?,
                other => return Err(other.unexpected().to_string()),
            }
        }
        if parsed.programs.as_os_str().is_empty() {
            return Err("bench commands needs --programs DIR".to_owned());
        }
        Ok(parsed)
    }
}

/// Measures, and prints the table.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    measure(arguments).map_err(|error| format!("bench commands: {error}"))
}

/// Connections that send commands, each one command at a time.
const CONNECTIONS: u32 = 4;
const PORT: u16 = 8000;

fn measure(arguments: &Arguments) -> io::Result<()> {
    let mut lab = Lab::new()?;
    let (server, client) = (lab.netns("server")?, lab.netns("client")?);
    lab.cable((&server, "eth0"), (&client, "eth0"))?;
    server.address("eth0", "10.0.0.1/8")?;
    client.address("eth0", "10.255.0.1/8")?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("kea.conf");
    std::fs::write(&config, configuration(folder.path()).to_string())?;
    let mut command = server.command(arguments.programs.join("kea-dhcp4"));
    command.arg("-c").arg(&config).current_dir(folder.path());
    command.env("KEA_PIDFILE_DIR", folder.path()).env("KEA_LOCKFILE_DIR", "none");
    let process = Captured::start(command)?;
    if process.wait_for_line(0, "DHCP4_STARTED", Duration::from_secs(30)).is_none() {
        return Err(io::Error::other(format!("the server does not start: {}", process.text())));
    }
    // Warms up, and tells what can be had.
    let most = exchanges(arguments, &client, &["--in-flight", "128"])?.rate;
    let half = format!("{:.0}", most / 2.0);
    let steady = ["-r", half.as_str()];
    let mut rows = Vec::new();
    for round in 1..=arguments.rounds {
        let alone = exchanges(arguments, &client, &steady)?;
        let (beside, asked) = thread::scope(|scope| {
            let asked = scope.spawn(|| server.enter(|| ask(arguments)));
            let beside = exchanges(arguments, &client, &steady);
            let asked = asked.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (beside, asked)
        });
        let (beside, asked) = (beside?, asked?);
        let ratio = beside.rate / alone.rate.max(1.0);
        rows.push(vec![
            round.to_string(),
            format!("{:.0}", alone.rate),
            format!("{:.0}", beside.rate),
            format!("{ratio:.2}"),
            format!("{:.3} ms", alone.median),
            format!("{:.3} ms", beside.median),
            format!("{asked:.0}"),
        ]);
    }
    let head = [
        "round",
        "exchanges/s",
        "beside commands",
        "ratio",
        "half are answered in",
        "beside commands",
        "commands/s",
    ];
    println!("{}", table::markdown(&head, &rows));
    Ok(())
}

fn configuration(folder: &std::path::Path) -> Json {
    json!({ "Dhcp4": {
        "interfaces-config": { "interfaces": ["eth0"] },
        "lease-database": {
            "type": "memfile", "name": folder.join("leases.csv"), "lfc-interval": 0,
            "durability": "process-crash",
        },
        "valid-lifetime": 4000,
        "multi-threading": { "enable-multi-threading": true, "thread-pool-size": 2 },
        "control-sockets": [
            { "socket-type": "http", "socket-address": "127.0.0.1", "socket-port": PORT },
        ],
        "subnet4": [
            { "id": 1, "subnet": "10.0.0.0/8", "pools": [{ "pool": "10.0.0.10-10.63.255.255" }] },
        ],
        "loggers": [
            { "name": "kea-dhcp4", "severity": "INFO", "output_options": [{ "output": "stdout" }] },
            { "name": "kea-dhcp4.leases", "severity": "WARN",
              "output_options": [{ "output": "stdout" }] },
        ],
    } })
}

/// What a run of the generator saw.
struct Seen {
    /// Four-way exchanges a second.
    rate: f64,
    /// The slower of both answers, median, milliseconds.
    median: f64,
}

fn exchanges(arguments: &Arguments, client: &Netns, pace: &[&str]) -> io::Result<Seen> {
    let mut command = client.command(arguments.programs.join("perfdhcp"));
    command.args(["-4", "--json", "-R", "4000000", "-W", "200000"]).args(pace);
    let output = command.args(["-p", &arguments.seconds.to_string(), "10.0.0.1"]).output()?;
    let report: Json = serde_json::from_slice(&output.stdout).map_err(|error| {
        let said = String::from_utf8_lossy(&output.stderr);
        io::Error::other(format!("perfdhcp: {error}: {said}"))
    })?;
    let rate = report["rate"].as_f64().ok_or_else(|| io::Error::other("perfdhcp tells no rate"))?;
    let kinds = report["exchanges"].as_array().map(Vec::as_slice).unwrap_or_default();
    let median = kinds.iter().filter_map(|kind| kind["delay-ms"]["p50"].as_f64());
    Ok(Seen { rate, median: median.fold(0.0, f64::max) })
}

/// Sends commands at the rate that is wanted, if they are answered as fast. Gives the rate that was.
fn ask(arguments: &Arguments) -> io::Result<f64> {
    let begin = Instant::now();
    let answered: u32 = thread::scope(|scope| {
        let connections: Vec<_> =
            (0..CONNECTIONS).map(|_| scope.spawn(|| ask_on_one(arguments, begin))).collect();
        let answered = connections.into_iter().map(|connection| {
            connection.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        });
        answered.sum::<io::Result<u32>>()
    })?;
    Ok(f64::from(answered) / begin.elapsed().as_secs_f64())
}

fn ask_on_one(arguments: &Arguments, begin: Instant) -> io::Result<u32> {
    let stream = TcpStream::connect(("127.0.0.1", PORT))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    let (mut writer, mut reader) = (stream.try_clone()?, BufReader::new(stream));
    let body = json!({ "command": arguments.command }).to_string();
    let request = format!(
        "POST / HTTP/1.1\r\nHost: server\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let gap = Duration::from_secs_f64(f64::from(CONNECTIONS) / arguments.rate);
    let (mut answered, mut line, mut answer) = (0, String::new(), Vec::new());
    while begin.elapsed() < Duration::from_secs(arguments.seconds.into()) {
        let due = begin + gap * answered;
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            thread::sleep(wait);
        }
        writer.write_all(request.as_bytes())?;
        let mut length = 0;
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if line == "\r\n" {
                break;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        answer.resize(length, 0);
        reader.read_exact(&mut answer)?;
        answered += 1;
    }
    Ok(answered)
}
