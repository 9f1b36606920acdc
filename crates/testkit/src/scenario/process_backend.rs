//! A scenario's server as a process of its own, at the other end of a cable.

use std::collections::BTreeMap;
use std::io;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::clock::FakeClock;
use crate::control::Answer;
use crate::lab::{Lab, Netns};
use crate::lease_file::LeaseRow;
use crate::packet::Message;
use crate::raw_client::RawClient;
use crate::scenario::backend::{Backend, Query, Reply, SERVER_MAC};
use crate::scenario::parse::{Scenario, StepKind};
use crate::server::{Server, ServerSetup};
use crate::subject::Subject;

/// A `kea-dhcp4` or `kea-dhcp6` in a lab of its own.
pub struct ProcessBackend<M> {
    client: RawClient<M>,
    server_netns: Netns,
    state: State,
    subject: Subject,
    sent: i64,
    offset: u32,
    clock: Option<FakeClock>,
    /// Log lines of processes that have ended.
    past: Vec<String>,
    // Dropped last: the namespaces go when nothing runs in them.
    _lab: Lab,
}

enum State {
    Stopped(Option<ServerSetup>),
    Running(Box<Server>),
}

impl<M: Message> ProcessBackend<M> {
    /// Builds the lab and prepares the server for this scenario.
    ///
    /// When the scenario moves the clock, the process sees its time through libfaketime.
    pub fn new(subject: Subject, scenario: &Scenario) -> io::Result<Self> {
        let mut lab = Lab::new()?;
        let (server_netns, client_netns) = lab.pair()?;
        let mac = SERVER_MAC.map(|octet| format!("{octet:02x}")).join(":");
        server_netns.ip(&["link", "set", "eth0", "address", &mac])?;
        let client = RawClient::open(&client_netns, "eth0")?;
        let mut setup = ServerSetup::new(subject, M::VERSION)?;
        let moves = scenario.steps.iter().any(|step| matches!(step.kind, StepKind::Advance(_)));
        let clock = moves.then(|| FakeClock::of(&mut setup)).transpose()?;
        let state = State::Stopped(Some(setup));
        Ok(ProcessBackend {
            client,
            server_netns,
            state,
            subject,
            sent: 0,
            offset: 0,
            clock,
            past: Vec::new(),
            _lab: lab,
        })
    }

    /// Stops the server by SIGTERM; every line that it, and those before it, logged.
    pub fn into_log(mut self) -> io::Result<Vec<String>> {
        if let State::Running(server) = &mut self.state {
            server.stop()?;
            self.past.extend(server.process().lines_from(0));
        }
        Ok(self.past)
    }

    /// The namespace that the server runs in.
    pub fn server_netns(&self) -> &Netns {
        &self.server_netns
    }

    fn server(&mut self) -> io::Result<&mut Server> {
        match &mut self.state {
            State::Running(server) => Ok(server),
            State::Stopped(_) => Err(io::Error::other("the server does not run")),
        }
    }
}

impl<M: Message> Backend for ProcessBackend<M> {
    fn subject_word(&self) -> &'static str {
        self.subject.word()
    }

    fn start(&mut self, config: &Value) -> io::Result<Result<(), String>> {
        let State::Stopped(setup) = &mut self.state else { return self.reconfigure(config) };
        let setup = setup.take().ok_or_else(|| io::Error::other("the start failed before"))?;
        setup.write_config(&text_of(&setup, config))?;
        match setup.try_start(&self.server_netns)? {
            Ok(server) => {
                self.state = State::Running(Box::new(server));
                Ok(Ok(()))
            }
            Err(refusal) if refusal.status.success() => {
                let said = &refusal.text;
                Err(io::Error::other(format!("refused, yet it ended with success:\n{said}")))
            }
            Err(refusal) => {
                self.past.extend(refusal.text.lines().map(str::to_owned));
                self.state = State::Stopped(Some(refusal.setup));
                Ok(Err(refusal.text))
            }
        }
    }

    fn reconfigure(&mut self, config: &Value) -> io::Result<Result<(), String>> {
        let server = self.server()?;
        let setup = server.setup();
        setup.write_config(&text_of(setup, config))?;
        let mark = server.process().mark();
        let outcome = server.reload()?;
        if outcome.contains("_SUCCESS") {
            return Ok(Ok(()));
        }
        Ok(Err(server.process().lines_from(mark).join("\n")))
    }

    fn restart(&mut self) -> io::Result<()> {
        self.sent = 0;
        let server = self.server()?;
        // What a process has to say when it is killed is lost: it must have been said before. The log
        // keeps the order, so it is when this question stands there.
        let mark = server.process().mark();
        if server.control().statistic("any").is_ok() {
            server.logged(mark, "COMMAND_RECEIVED", PATIENCE);
        }
        server.kill()?;
        let lines = server.process().lines_from(0);
        server.start_again()?;
        self.past.extend(lines);
        Ok(())
    }

    fn send(&mut self, query: &Query) -> io::Result<()> {
        self.sent += 1;
        self.client.send(query)
    }

    fn receive(&mut self) -> io::Result<Option<Reply>> {
        let prompt = self.client.receive(Instant::now() + PROMPT, |f| M::answer_in(f).is_some())?;
        if prompt.is_some() {
            return Ok(prompt);
        }
        self.settle()?;
        self.client.receive(Instant::now() + SILENCE, |f| M::answer_in(f).is_some())
    }

    fn await_answer(&mut self) -> io::Result<Option<Reply>> {
        self.client.receive(Instant::now() + LONGEST, |f| M::answer_in(f).is_some())
    }

    fn settle(&mut self) -> io::Result<()> {
        // The server counts a query when it takes it up. A query that its socket filter refuses is
        // never counted; the limit is for those.
        let deadline = Instant::now() + UNCOUNTED;
        let sent = self.sent;
        let counter = format!("pkt{}-received", M::VERSION);
        let control = self.server()?.control();
        while Instant::now() < deadline {
            match control.statistic(&counter) {
                Ok(Some(received)) if received >= sent => break,
                Ok(_) => {}
                Err(_no_control_socket) => break,
            }
        }
        Ok(())
    }

    fn advance(&mut self, seconds: u32) -> io::Result<()> {
        self.offset += seconds;
        self.clock.as_ref().map_or(Ok(()), |clock| clock.set(self.offset.into()))
    }

    fn command(&mut self, command: &Value) -> io::Result<Answer> {
        self.server()?.control().send(&command.to_string())
    }

    fn leases(&mut self) -> io::Result<BTreeMap<String, LeaseRow>> {
        self.server()?.leases()
    }

    fn log_mark(&mut self) -> usize {
        self.server().map_or(0, |server| server.process().mark())
    }

    fn log_since(&mut self, mark: usize) -> Vec<String> {
        self.server().map_or_else(|_| Vec::new(), |server| server.process().lines_from(mark))
    }

    fn logged(&mut self, mark: usize, identifier: &str) -> bool {
        self.server().is_ok_and(|server| server.logged(mark, identifier, PATIENCE).is_some())
    }
}

fn text_of(setup: &ServerSetup, config: &Value) -> String {
    let mut whole = setup.config(config);
    if setup.subject() == Subject::Debian
        && let Some(Value::Object(server)) = whole.get_mut("Dhcp6")
    {
        // Kea knows no other way to keep the server's identifier in a folder of its own.
        server.entry("data-directory").or_insert(json!("@DIR@"));
    }
    whole.to_string().replace("@DIR@", &setup.folder().to_string_lossy())
}

/// An answer that comes within this time is not worth asking the statistics for.
const PROMPT: Duration = Duration::from_millis(150);
/// After a query was counted, an answer takes no longer than this.
const SILENCE: Duration = Duration::from_millis(50);
/// An answer that must come and has not come by then does not come.
const LONGEST: Duration = Duration::from_secs(10);
/// For a query that is never counted.
const UNCOUNTED: Duration = Duration::from_secs(3);
/// The longest way of a message into the log.
const PATIENCE: Duration = Duration::from_secs(20);
