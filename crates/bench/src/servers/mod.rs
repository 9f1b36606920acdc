//! `bench servers`: four-way exchanges a second of this server and of others, on one cable, with one
//! generator, in turns; and the ceiling that the machine's packets set.

mod buffers;
mod echo;
mod generator;
mod peer;
mod profile;
mod results;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use kea_testkit::{Captured, DatabaseProduct, DatabaseServer, Lab, Netns};
use lexopt::prelude::*;

use crate::value;

use self::buffers::ReceiveBuffers;
use self::echo::Echo;
use self::generator::{Generator, Seen};
use self::peer::Peer;
use self::profile::{PROFILES, Profile};
use self::results::{Figure, Results, Row};

/// What is to be measured.
pub(crate) struct Arguments {
    programs: PathBuf,
    seconds: u32,
    rounds: usize,
    /// Only profiles whose name contains this.
    only: Option<String>,
    output: Option<PathBuf>,
}

impl Arguments {
    pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Self, String> {
        let text = |error: lexopt::Error| error.to_string();
        let mut parsed =
            Arguments { programs: PathBuf::new(), seconds: 5, rounds: 3, only: None, output: None };
        while let Some(argument) = arguments.next().map_err(text)? {
            match argument {
                Long("programs") => parsed.programs = value(&mut arguments)?,
                Long("seconds") => parsed.seconds = value(&mut arguments)?,
                Long("rounds") => parsed.rounds = value(&mut arguments)?,
                Long("only") => parsed.only = Some(value(&mut arguments)?),
                Long("output") => parsed.output = Some(value(&mut arguments)?),
                other => return Err(other.unexpected().to_string()),
            }
        }
        if parsed.programs.as_os_str().is_empty() {
            return Err("bench servers needs --programs DIR".to_owned());
        }
        Ok(parsed)
    }
}

/// Measures, prints the table, and writes it and its plot to the folder that was asked for.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let results = Bench::new(arguments)
        .and_then(|bench| bench.run())
        .map_err(|error| format!("bench servers: {error}"))?;
    println!("{}", results.markdown());
    let Some(folder) = &arguments.output else { return Ok(()) };
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(folder.join("RESULTS.md"), results.markdown()))
        .and_then(|()| fs::write(folder.join("RESULTS.svg"), results.plot()))
        .map_err(|error| format!("{}: {error}", folder.display()))
}

/// Two namespaces and a cable: the server has 10.0.0.1/8 and 2001:db8:1::1/64, the generator 10.255.0.n.
struct Bench<'a> {
    arguments: &'a Arguments,
    _lab: Lab,
    _buffers: ReceiveBuffers,
    server: Netns,
    client: Netns,
}

/// The processor of whatever serves, and that of whatever asks: neither takes from the other.
const SERVER: usize = 0;
const GENERATOR: usize = 1;

/// A program in a namespace, on one processor.
fn placed(netns: &Netns, processor: usize, program: &Path) -> Command {
    let mut command = netns.command("taskset");
    command.arg("--cpu-list").arg(processor.to_string()).arg(program);
    command
}

/// Instances of Debian's generator: one alone saturates below what this server does.
const INSTANCES: u32 = 4;

impl<'a> Bench<'a> {
    fn new(arguments: &'a Arguments) -> io::Result<Self> {
        let buffers = ReceiveBuffers::enlarge()?;
        let mut lab = Lab::new()?;
        let (server, client) = (lab.netns("server")?, lab.netns("client")?);
        lab.cable((&server, "eth0"), (&client, "eth0"))?;
        server.address("eth0", "10.0.0.1/8")?;
        server.address("eth0", "2001:db8:1::1/64")?;
        for instance in 1..=INSTANCES {
            client.address("eth0", &format!("10.255.0.{instance}/8"))?;
        }
        // The relays of many subnets lie behind the generator.
        server.ip(&["route", "add", "default", "via", "10.255.0.1"])?;
        server.ip(&["link", "set", "lo", "up"])?;
        Ok(Bench { arguments, _lab: lab, _buffers: buffers, server, client })
    }

    fn run(&self) -> io::Result<Results> {
        let mut rows = Vec::new();
        rows.push(Row {
            name: "echo ceiling".to_owned(),
            about: "a responder that decides nothing".to_owned(),
            figures: vec![self.echo(None)?],
        });
        let wanted = |profile: &&Profile| {
            self.arguments.only.as_deref().is_none_or(|part| profile.name.contains(part))
        };
        for profile in PROFILES.iter().filter(wanted) {
            rows.push(self.measure(profile)?);
        }
        if let Some(plain) = PROFILES.first().filter(wanted) {
            rows.push(self.with_debians_generator(plain)?);
            rows.push(self.at_half_load(plain, &rows)?);
        }
        let peers = [Peer::Ours, Peer::Kea];
        let versions = peers.map(|peer| {
            let program = peer.program(4, &self.arguments.programs);
            (peer.name(), generator::version(&program, "-v"))
        });
        Ok(Results {
            rows,
            versions: versions.to_vec(),
            seconds: self.arguments.seconds,
            rounds: self.arguments.rounds,
        })
    }

    /// Each installed peer, in turns.
    fn measure(&self, profile: &Profile) -> io::Result<Row> {
        let row = self.in_turns(profile, |generator, profile, _| generator.closed_loop(profile))?;
        Ok(Row { name: profile.name.to_owned(), about: profile.about.to_owned(), figures: row })
    }

    /// Four of Debian's generator need more than a processor, so all share all.
    fn with_debians_generator(&self, profile: &Profile) -> io::Result<Row> {
        let shared = Profile { peers: &[Peer::Ours, Peer::Kea], crowded: true, ..*profile };
        let figures = self.in_turns(&shared, |generator, profile, _| {
            let most = generator.closed_loop(profile)?;
            generator.debian(INSTANCES, most.rate)
        })?;
        Ok(Row {
            name: format!("{}, Debian's perfdhcp", profile.name),
            about: format!(
                "{INSTANCES} instances as relays, sharing the processors with the server: the highest \
                 rate that loses ≤ 2.5 %"
            ),
            figures,
        })
    }

    /// Answer times where the server is half busy.
    fn at_half_load(&self, profile: &Profile, rows: &[Row]) -> io::Result<Row> {
        let most = |peer: Peer| {
            let row = rows.iter().find(|row| row.name == profile.name);
            let figure = row.and_then(|row| row.figures.iter().find(|f| f.who == peer.name()));
            figure.map_or(1.0, Figure::median_rate)
        };
        let plain = Profile { peers: &[Peer::Ours, Peer::Kea], ..*profile };
        let mut figures = self.in_turns(&plain, |generator, plain, peer| {
            generator.at_rate(plain, most(peer) / 2.0)
        })?;
        let rate = most(Peer::Ours) / 2.0;
        figures.push(self.echo(Some(rate))?);
        Ok(Row {
            name: format!("{}, half load", profile.name),
            about: "answer times at half of the rate above; echo at that of kea-rs: what is the machine's"
                .to_owned(),
            figures,
        })
    }

    fn in_turns(
        &self,
        profile: &Profile,
        load: impl Fn(&Generator<'_>, &Profile, Peer) -> io::Result<Seen>,
    ) -> io::Result<Vec<Figure>> {
        let installed =
            |peer: &&Peer| peer.program(profile.version, &self.arguments.programs).is_file();
        let peers: Vec<Peer> = profile.peers.iter().filter(installed).copied().collect();
        let beside = profile.beside.map(|other| (Peer::Ours, other));
        let turns: Vec<_> = peers.iter().map(|peer| (*peer, profile)).chain(beside).collect();
        let mut figures: Vec<Figure> = peers.iter().map(|peer| Figure::of(peer.name())).collect();
        figures.extend(profile.beside.map(|other| Figure::of(format!("kea-rs, {}", other.name))));
        for _ in 0..self.arguments.rounds {
            for ((peer, profile), figure) in turns.iter().zip(&mut figures) {
                let seen = self.once(profile, *peer, &load)?;
                figure.add(seen);
                let (rate, cost) = (seen.rate, seen.cost());
                eprintln!("{}: {}: {rate:.0}/s, {cost:.1} µs", profile.name, figure.who);
            }
        }
        Ok(figures)
    }

    /// A fresh server, warmed up, under load.
    fn once(
        &self,
        profile: &Profile,
        peer: Peer,
        load: &impl Fn(&Generator<'_>, &Profile, Peer) -> io::Result<Seen>,
    ) -> io::Result<Seen> {
        let folder = tempfile::tempdir()?;
        let program = peer.program(profile.version, &self.arguments.programs);
        let database = profile.database.map(|product| self.database(product)).transpose()?;
        let command =
            peer.command(profile, folder.path(), &program, &self.server, database.as_ref())?;
        let process = Captured::start(command)?;
        let generator_program = self.arguments.programs.join("perfdhcp");
        let generator = Generator {
            server: Some(process.pid().to_string()),
            ..self.generator(&generator_program, folder.path())
        };
        let end = Instant::now() + Duration::from_secs(30);
        while !generator.reaches(profile)? {
            if Instant::now() > end {
                let said = process.text();
                return Err(io::Error::other(format!("{} does not answer: {said}", peer.name())));
            }
            thread::sleep(Duration::from_millis(50));
        }
        load(&generator, profile, peer)
    }

    /// An empty database that confirms what is on the disk.
    fn database(&self, product: DatabaseProduct) -> io::Result<DatabaseServer> {
        let confirming = match product {
            DatabaseProduct::Mysql => "--innodb-flush-log-at-trx-commit=1",
            DatabaseProduct::Postgresql => "-csynchronous_commit=on",
        };
        DatabaseServer::start_with(product, Some(&self.server), &[confirming])
    }

    /// A responder that decides nothing, at this rate or as fast as it answers.
    fn echo(&self, rate: Option<f64>) -> io::Result<Figure> {
        let program = self.arguments.programs.join("perfdhcp");
        let folder = tempfile::tempdir()?;
        let generator = self.generator(&program, folder.path());
        let mut figure = Figure::of("echo");
        let _echo = Echo::start(&self.server)?;
        for _ in 0..self.arguments.rounds {
            let Some(plain) = PROFILES.first() else { break };
            figure.add(match rate {
                Some(rate) => generator.at_rate(plain, rate)?,
                None => generator.closed_loop(plain)?,
            });
        }
        Ok(figure)
    }

    fn generator<'g>(&'g self, program: &'g Path, folder: &'g Path) -> Generator<'g> {
        let seconds = self.arguments.seconds;
        Generator { netns: &self.client, program, folder, seconds, server: None }
    }
}
