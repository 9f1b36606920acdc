//! `bench commands`: what commands cost the clients of a server. Exchanges at half of the highest rate, on
//! one server, three times a round: without commands; beside commands that another program answers with
//! octets it has ready, which is what those who command take themselves; and beside commands to the
//! server. How many exchanges are completed, and how soon. Half of the highest rate, since the generators
//! take their share of the processors. Several builds are measured in turns.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use kea_testkit::{Captured, Lab, Netns};
use lexopt::prelude::*;
use serde_json::{Value as Json, json};

use crate::{clock, table, value};

/// What is to be measured.
pub(crate) struct Arguments {
    /// Folders with the programs, one for each build.
    programs: Vec<PathBuf>,
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
            programs: Vec::new(),
            seconds: 3,
            rounds: 3,
            rate: 10_000.0,
            command: "statistic-get-all".to_owned(),
        };
        while let Some(argument) = arguments.next().map_err(text)? {
            match argument {
                Long("programs") => parsed.programs.push(value(&mut arguments)?),
                Long("seconds") => parsed.seconds = value(&mut arguments)?,
                Long("rounds") => parsed.rounds = value(&mut arguments)?,
                Long("rate") => parsed.rate = value(&mut arguments)?,
                Long("command") => parsed.command = value(&mut arguments)?,
                other => return Err(other.unexpected().to_string()),
            }
        }
        if parsed.programs.is_empty() {
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
    let mut rows = Vec::new();
    for round in 1..=arguments.rounds {
        for programs in &arguments.programs {
            let mut row = vec![round.to_string(), programs.display().to_string()];
            row.extend(of_build(arguments, programs)?);
            rows.push(row);
        }
    }
    let head = [
        "round",
        "programs",
        "exchanges/s",
        "beside ready answers",
        "beside commands",
        "half are answered in",
        "beside ready answers",
        "beside commands",
        "99 % in",
        "beside ready answers",
        "beside commands",
        "commands/s",
        "processor: those who command",
        "processor: the server's commands",
    ];
    println!("{}", table::markdown(&head, &rows));
    Ok(())
}

/// A round of one build, as cells of the table.
fn of_build(arguments: &Arguments, programs: &Path) -> io::Result<Vec<String>> {
    let mut lab = Lab::new()?;
    let (server, client) = (lab.netns("server")?, lab.netns("client")?);
    lab.cable((&server, "eth0"), (&client, "eth0"))?;
    server.address("eth0", "10.0.0.1/8")?;
    client.address("eth0", "10.255.0.1/8")?;
    let folder = tempfile::tempdir()?;
    let config = folder.path().join("kea.conf");
    std::fs::write(&config, configuration(folder.path()).to_string())?;
    let mut command = server.command(programs.join("kea-dhcp4"));
    command.arg("-c").arg(&config).current_dir(folder.path());
    command.env("KEA_PIDFILE_DIR", folder.path()).env("KEA_LOCKFILE_DIR", "none");
    let process = Captured::start(command)?;
    if process.wait_for_line(0, "DHCP4_STARTED", Duration::from_secs(30)).is_none() {
        return Err(io::Error::other(format!("the server does not start: {}", process.text())));
    }
    let generator = Generator { arguments, programs, client: &client };
    // Warms up, and tells what can be had.
    let most = generator.exchanges(&["--in-flight", "128"])?.rate;
    let half = format!("{:.0}", most / 2.0);
    let steady = ["-r", half.as_str()];
    let alone = generator.exchanges(&steady)?;
    let answer = server.enter(|| Connection::open(PORT, arguments)?.ask())?;
    let (ready, _) = server.enter(|| {
        let port = answer_at_once(answer)?;
        beside(arguments, port, || generator.exchanges(&steady))
    })?;
    let before = control_time(process.pid());
    let (busy, asked) = server.enter(|| {
        // Threads stay where they are started; the generator enters its own network.
        beside(arguments, PORT, || generator.exchanges(&steady))
    })?;
    let control = control_time(process.pid()).saturating_sub(before);
    let share =
        |time: Duration| format!("{:.2}", time.as_secs_f64() / f64::from(arguments.seconds));
    let mut cells = vec![format!("{:.0}", alone.rate)];
    cells.extend([&ready, &busy].map(|seen| format!("{:.2}", seen.rate / alone.rate.max(1.0))));
    cells.extend([&alone, &ready, &busy].map(|seen| format!("{:.3} ms", seen.median)));
    cells.extend([&alone, &ready, &busy].map(|seen| format!("{:.3} ms", seen.slow)));
    let rate = f64::from(asked.answered) / f64::from(arguments.seconds);
    cells.extend([format!("{rate:.0}"), share(asked.processor), share(control)]);
    Ok(cells)
}

/// Processor time of the thread of a server that attends to commands: the one of that name, or the first.
fn control_time(pid: u32) -> Duration {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let is_wanted = |task: &std::fs::DirEntry| {
        let name = std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
        name.trim_end() == "control" || *task.file_name() == *pid.to_string()
    };
    let tasks = tasks.filter(is_wanted).map(|task| task.file_name());
    let times = tasks.filter_map(|task| {
        Some(clock::of_pid(&format!("{pid}/task/{}", task.to_string_lossy()))?.0)
    });
    times.sum()
}

fn configuration(folder: &Path) -> Json {
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
            { "name": "kea-dhcp4", "severity": "INFO",
              "output_options": [{ "output": folder.join("kea.log") }] },
            { "name": "kea-dhcp4.leases", "severity": "WARN",
              "output_options": [{ "output": folder.join("kea.log") }] },
            { "name": "kea-dhcp4.dhcp4", "severity": "INFO",
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
    /// The slower of both answers, 99 of 100, milliseconds.
    slow: f64,
}

/// Who asks for leases.
struct Generator<'a> {
    arguments: &'a Arguments,
    programs: &'a Path,
    client: &'a Netns,
}

impl Generator<'_> {
    fn exchanges(&self, pace: &[&str]) -> io::Result<Seen> {
        let mut command = self.client.command(self.programs.join("perfdhcp"));
        command.args(["-4", "--json", "-R", "4000000", "-W", "200000"]).args(pace);
        let seconds = self.arguments.seconds.to_string();
        let output = command.args(["-p", &seconds, "10.0.0.1"]).output()?;
        let report: Json = serde_json::from_slice(&output.stdout).map_err(|error| {
            let said = String::from_utf8_lossy(&output.stderr);
            io::Error::other(format!("perfdhcp: {error}: {said}"))
        })?;
        let rate = report["rate"].as_f64();
        let rate = rate.ok_or_else(|| io::Error::other("perfdhcp tells no rate"))?;
        let kinds = report["exchanges"].as_array().map(Vec::as_slice).unwrap_or_default();
        let slower = |part: &str| {
            let delays = kinds.iter().filter_map(|kind| kind["delay-ms"][part].as_f64());
            delays.fold(0.0, f64::max)
        };
        Ok(Seen { rate, median: slower("p50"), slow: slower("p99") })
    }
}

/// What became of commands.
#[derive(Default)]
struct Asked {
    answered: u32,
    /// Processor time of those who asked.
    processor: Duration,
}

/// Sends commands to a port at the rate that is wanted, if they are answered as fast, while `work` is done.
fn beside<T>(
    arguments: &Arguments,
    port: u16,
    work: impl FnOnce() -> io::Result<T>,
) -> io::Result<(T, Asked)> {
    let begin = Instant::now();
    thread::scope(|scope| {
        let connections: Vec<_> = (0..CONNECTIONS)
            .map(|_| scope.spawn(|| clock::of_thread(|| ask_on_one(arguments, port, begin))))
            .collect();
        let done = work();
        let mut all = Asked::default();
        for connection in connections {
            let (cost, answered) =
                connection.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            all.answered += answered?;
            all.processor += cost.processor;
        }
        Ok((done?, all))
    })
}

fn ask_on_one(arguments: &Arguments, port: u16, begin: Instant) -> io::Result<u32> {
    let mut connection = Connection::open(port, arguments)?;
    let gap = Duration::from_secs_f64(f64::from(CONNECTIONS) / arguments.rate);
    let mut answered = 0;
    while begin.elapsed() < Duration::from_secs(arguments.seconds.into()) {
        let due = begin + gap * answered;
        if let Some(wait) = due.checked_duration_since(Instant::now()) {
            thread::sleep(wait);
        }
        connection.ask()?;
        answered += 1;
    }
    Ok(answered)
}

/// A connection that stays open, and the request that is sent over it.
struct Connection {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
    answer: Vec<u8>,
}

impl Connection {
    fn open(port: u16, arguments: &Arguments) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(30)))?;
        let body = json!({ "command": arguments.command }).to_string();
        let request = format!(
            "POST / HTTP/1.1\r\nHost: server\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let stream = BufReader::with_capacity(64 * 1024, stream);
        Ok(Connection { stream, request: request.into_bytes(), answer: Vec::new() })
    }

    /// Sends the request and gives the whole answer, head included.
    fn ask(&mut self) -> io::Result<Vec<u8>> {
        self.stream.get_mut().write_all(&self.request)?;
        self.answer.clear();
        let mut length = 0;
        loop {
            let begin = self.answer.len();
            if self.stream.read_until(b'\n', &mut self.answer)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            let line = self.answer[begin..].to_ascii_lowercase();
            if line == b"\r\n" {
                break;
            }
            if let Some(value) = line.strip_prefix(b"content-length:") {
                let value = String::from_utf8_lossy(value);
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let head = self.answer.len();
        self.answer.resize(head + length, 0);
        self.stream.read_exact(&mut self.answer[head..])?;
        Ok(std::mem::take(&mut self.answer))
    }
}

/// A port where whatever arrives is answered by `answer`, for as long as the program runs.
fn answer_at_once(answer: Vec<u8>) -> io::Result<u16> {
    let listener = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0)))?;
    let port = listener.local_addr()?.port();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || {
                let mut request = [0; 4096];
                // A request is small, and the next one comes after the answer.
                while matches!(stream.read(&mut request), Ok(1..)) {
                    if stream.write_all(&answer).is_err() {
                        return;
                    }
                }
            });
        }
    });
    Ok(port)
}
