//! Playing a scenario: one step after the other, the first mismatch ends it.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;

use crate::control::Answer;
use crate::frame::Frame;
use crate::scenario::backend::{Backend, SERVER_MAC};
use crate::scenario::check::{check_lease, check_reply, field_text};
use crate::scenario::dialect::{Dialect, hex, octets};
use crate::scenario::parse::{Detail, Scenario, Step, StepKind};

/// Where a scenario did not go as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The line in the file, from 1.
    pub line: usize,
    /// What came, and what should have come.
    pub why: String,
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.why)
    }
}

impl std::error::Error for Mismatch {}

/// Plays a scenario of the protocol `D` against a server.
///
/// # Errors
/// At the first step that does not go as written, or that cannot be carried out.
pub fn play<D: Dialect>(scenario: &Scenario, backend: &mut dyn Backend) -> Result<(), Mismatch> {
    let mut player = Player::<D>::new(backend);
    for step in &scenario.steps {
        if step.only.as_ref().is_some_and(|only| only != player.backend.subject_word()) {
            continue;
        }
        player.step(step).map_err(|fault| fault.at_step(step))?;
    }
    let last = scenario.steps.last().map_or(1, |step| step.line);
    player.end().map_err(|fault| Mismatch { line: fault.line_or(last), why: fault.why })
}

/// A mismatch whose line may be that of the whole step.
#[derive(Debug)]
pub(super) struct Fault {
    line: Option<usize>,
    why: String,
}

impl Fault {
    pub(super) fn new(why: impl Into<String>) -> Self {
        Fault { line: None, why: why.into() }
    }

    pub(super) fn at(detail: &Detail, why: impl Into<String>) -> Self {
        Fault { line: Some(detail.line), why: why.into() }
    }

    fn line_or(&self, line: usize) -> usize {
        self.line.unwrap_or(line)
    }

    pub(super) fn at_step(self, step: &Step) -> Mismatch {
        Mismatch { line: self.line_or(step.line), why: self.why }
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::new(error.to_string())
    }
}

pub(super) struct Player<'a, D: Dialect> {
    pub(super) backend: &'a mut dyn Backend,
    clients: BTreeMap<String, D::Client>,
    pub(super) variables: BTreeMap<String, String>,
    started: bool,
    pub(super) refusal: Option<String>,
    pub(super) query: Option<D>,
    pub(super) heard: Option<D>,
    answer: Option<Answer>,
    pub(super) log_mark: usize,
    next_xid: u32,
}

impl<'a, D: Dialect> Player<'a, D> {
    pub(super) fn new(backend: &'a mut dyn Backend) -> Self {
        Player {
            backend,
            clients: BTreeMap::new(),
            variables: BTreeMap::new(),
            started: false,
            refusal: None,
            query: None,
            heard: None,
            answer: None,
            log_mark: 0,
            next_xid: 0x6b65_6101,
        }
    }

    pub(super) fn step(&mut self, step: &Step) -> Result<(), Fault> {
        if let StepKind::Refused(text) = &step.kind {
            let said = self.refusal.take().ok_or_else(|| Fault::new("nothing was refused"))?;
            return if said.contains(text.as_str()) {
                Ok(())
            } else {
                Err(Fault::new(format!("refused without '{text}':\n{said}")))
            };
        }
        if let Some(said) = self.refusal.take() {
            return Err(Fault::new(format!("the configuration was refused:\n{said}")));
        }
        let details = self.details(step);
        match &step.kind {
            StepKind::Config(config) => self.config(config),
            StepKind::Client(words) => self.client(words),
            StepKind::Send { kind, client } => self.send(kind, client, &details),
            StepKind::Expect(kind) => self.expect(kind, &details),
            StepKind::Lease { client, address } => self.lease(client, address, &details),
            StepKind::Advance(seconds) => {
                self.log_mark = self.backend.log_mark();
                Ok(self.backend.advance(*seconds)?)
            }
            StepKind::Restart => {
                self.backend.restart()?;
                self.log_mark = 0;
                Ok(())
            }
            StepKind::Command(command) => {
                self.log_mark = self.backend.log_mark();
                let text = self.substitute(&command.to_string());
                let command = serde_json::from_str(&text).map_err(|e| Fault::new(e.to_string()))?;
                self.answer = Some(self.backend.command(&command)?);
                Ok(())
            }
            other => self.observe(other, &details),
        }
    }

    /// The steps that only look.
    fn observe(&mut self, kind: &StepKind, details: &[Detail]) -> Result<(), Fault> {
        self.backend.settle()?;
        match kind {
            StepKind::ExpectLease { address, present } => {
                let address = self.substitute(address);
                let leases = self.backend.leases()?;
                match (leases.get(&address), present) {
                    (Some(row), true) => check_lease(row, details),
                    (None, false) => Ok(()),
                    (None, true) => Err(Fault::new(format!("no lease of {address}"))),
                    (Some(row), false) => Err(Fault::new(format!("there is a lease: {row:?}"))),
                }
            }
            StepKind::ExpectStatistic { name, value } => {
                let get = serde_json::json!({
                    "command": "statistic-get", "arguments": { "name": name },
                });
                let answer = self.backend.command(&get)?;
                let newest = &answer.arguments[name.as_str()][0][0];
                let is = if newest.is_null() { "absent".to_owned() } else { newest.to_string() };
                same(&format!("statistic {name}"), &is, value)
            }
            StepKind::ExpectLog { identifier, present } => {
                let found = if *present {
                    self.backend.logged(self.log_mark, identifier)
                } else {
                    let wanted = format!("{identifier} ");
                    self.backend.log_since(self.log_mark).iter().any(|l| l.contains(&wanted))
                };
                if found == *present {
                    return Ok(());
                }
                let lines = self.backend.log_since(self.log_mark).join("\n");
                let word = if found { "was" } else { "was not" };
                Err(Fault::new(format!("{identifier} {word} logged:\n{lines}")))
            }
            StepKind::ExpectResult { result, text } => {
                let answer = self.answer.as_ref().ok_or_else(|| Fault::new("no command"))?;
                if answer.result == *result && answer.text.contains(text.as_str()) {
                    return Ok(());
                }
                Err(Fault::new(format!("the answer was {answer:?}")))
            }
            StepKind::ExpectArgument { pointer, value } => {
                let answer = self.answer.as_ref().ok_or_else(|| Fault::new("no command"))?;
                let is = answer.arguments.pointer(pointer).cloned().unwrap_or_default();
                same(pointer, &is.to_string(), &value.to_string())
            }
            acting => Err(Fault::new(format!("{acting:?} is not a look"))),
        }
    }

    fn config(&mut self, config: &serde_json::Value) -> Result<(), Fault> {
        self.log_mark = self.backend.log_mark();
        let outcome = if self.started {
            self.backend.reconfigure(config)?
        } else {
            self.backend.start(config)?
        };
        self.started |= outcome.is_ok();
        self.refusal = outcome.err();
        Ok(())
    }

    fn client(&mut self, words: &[String]) -> Result<(), Fault> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let (name, description) =
            words.split_first().ok_or_else(|| Fault::new("a client has a name"))?;
        let client = D::client(description).map_err(Fault::new)?;
        self.clients.insert((*name).to_owned(), client);
        Ok(())
    }

    /// The whole exchange of a new client, or of one that comes back.
    fn lease(&mut self, client: &str, wanted: &str, details: &[Detail]) -> Result<(), Fault> {
        let wanted = self.substitute(wanted);
        let [ask, offer, take, have] = D::EXCHANGE;
        let mut query = self.packet(ask, client, details)?;
        query.ask();
        self.deliver(query, client, details)?;
        let offer = self.receive_frame(D::kind_named(offer))?.1;
        let offered = offer.leased().unwrap_or_else(|| "nothing".to_owned());
        if wanted != "any" && offered != wanted {
            return Err(Fault::new(format!("offered {offered} instead of {wanted}")));
        }
        let mut request = self.packet(take, client, details)?;
        request.take(&offer);
        self.deliver(request, client, details)?;
        let had = self.receive_frame(D::kind_named(have))?.1.leased().unwrap_or_default();
        self.variables.insert(client.to_owned(), had.clone());
        same("the lease", &had, &offered)
    }

    fn send(&mut self, kind: &str, client: &str, details: &[Detail]) -> Result<(), Fault> {
        let packet = self.packet(kind, client, details)?;
        self.deliver(packet, client, details)
    }

    fn client_named(&self, name: &str) -> Result<&D::Client, Fault> {
        self.clients.get(name).ok_or_else(|| Fault::new(format!("no client {name}")))
    }

    /// The message of a step. Details that concern the frame are left for [`Self::deliver`].
    fn packet(&mut self, kind: &str, client: &str, details: &[Detail]) -> Result<D, Fault> {
        let client = self.client_named(client)?;
        let kind =
            D::kind_named(kind).ok_or_else(|| Fault::new(format!("no message type {kind}")))?;
        let mut packet = D::query(kind, client, self.next_xid, self.heard.as_ref());
        self.next_xid += 1;
        for detail in details {
            apply(&mut packet, detail).map_err(|why| Fault::at(detail, why))?;
        }
        Ok(packet)
    }

    fn deliver(&mut self, packet: D, client: &str, details: &[Detail]) -> Result<(), Fault> {
        let mut frame = packet.frame(self.client_named(client)?);
        for detail in details {
            address_frame(&mut frame, &packet, detail).map_err(|why| Fault::at(detail, why))?;
        }
        self.log_mark = self.backend.log_mark();
        self.query = Some(packet);
        Ok(self.backend.send(&frame)?)
    }

    fn expect(&mut self, kind: &str, details: &[Detail]) -> Result<(), Fault> {
        if kind == "none" {
            return match self.backend.receive()? {
                None => Ok(()),
                Some(frame) => {
                    Err(Fault::new(format!("an answer came: {}", describe::<D>(&frame))))
                }
            };
        }
        let kind = match kind {
            "bootp" => None,
            name => Some(
                D::kind_named(name).ok_or_else(|| Fault::new(format!("no message type {name}")))?,
            ),
        };
        let (frame, reply) = self.receive_frame(kind)?;
        for detail in details {
            if let Some(binding) = detail.text.strip_prefix("let ") {
                let (name, field) = binding.split_once('=').unwrap_or((binding, ""));
                let text =
                    field_text(&reply, field.trim()).map_err(|why| Fault::at(detail, why))?;
                self.variables.insert(name.trim().to_owned(), text);
            } else {
                check_reply(&frame, &reply, &detail.text).map_err(|why| {
                    Fault::at(detail, format!("{why}\nin {}", describe::<D>(&frame)))
                })?;
            }
        }
        Ok(())
    }

    fn receive_frame(&mut self, kind: Option<D::Kind>) -> Result<(Frame, D), Fault> {
        let frame = self.backend.await_answer()?.ok_or_else(|| {
            let lines = self.backend.log_since(self.log_mark).join("\n");
            Fault::new(format!("no answer; the server's log since the query:\n{lines}"))
        })?;
        let reply = D::decode(&frame.payload)
            .map_err(|error| Fault::new(format!("an answer that cannot be read: {error:?}")))?;
        if reply.kind() != kind {
            return Err(Fault::new(format!("another answer: {}", describe::<D>(&frame))));
        }
        let query = self.query.as_ref().ok_or_else(|| Fault::new("nothing was sent"))?;
        if !reply.answers(query) {
            let what = describe::<D>(&frame);
            return Err(Fault::new(format!("not an answer to the query: {what}")));
        }
        self.heard = Some(reply.clone());
        Ok((frame, reply))
    }

    fn end(&mut self) -> Result<(), Fault> {
        if let Some(said) = self.refusal.take() {
            return Err(Fault::new(format!("the configuration was refused:\n{said}")));
        }
        if !self.started {
            return Ok(());
        }
        match self.backend.receive()? {
            None => Ok(()),
            Some(frame) => {
                Err(Fault::new(format!("one answer too many: {}", describe::<D>(&frame))))
            }
        }
    }

    /// The details that count for this subject, with variables filled in.
    pub(super) fn details(&self, step: &Step) -> Vec<Detail> {
        let subject = self.backend.subject_word();
        let counts = |detail: &&Detail| detail.only.as_deref().is_none_or(|only| only == subject);
        let filled = |d: &Detail| Detail { text: self.substitute(&d.text), ..d.clone() };
        step.details.iter().filter(counts).map(filled).collect()
    }

    fn substitute(&self, text: &str) -> String {
        // Longest first, so that $AB is not taken for $A.
        let mut names: Vec<_> = self.variables.iter().collect();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        let fill = |text: String, (name, value): (&String, &String)| {
            text.replace(&format!("${name}"), value)
        };
        names.into_iter().fold(text.to_owned(), fill)
    }
}

/// A detail of `send` that concerns the message.
fn apply<D: Dialect>(packet: &mut D, detail: &Detail) -> Result<(), String> {
    let words: Vec<&str> = detail.text.split_whitespace().collect();
    let code = |name: &str| D::OPTIONS.code(name).map_err(|e| e.to_string());
    match words.as_slice() {
        ["option", name, "=", ..] => {
            let value = detail.text.split_once('=').map_or("", |(_, value)| value.trim());
            let data = D::OPTIONS.value(name, value).map_err(|e| e.to_string())?;
            packet.push_option(code(name)?, &data);
        }
        ["option", name] => packet.push_option(code(name)?, &[]),
        ["no", "option", name] => packet.remove_option(code(name)?),
        ["from" | "to" | "payload" | "cut" | "octet" | "append" | "broadcast", ..] => {}
        words => packet.apply(words)?,
    }
    Ok(())
}

/// A detail of `send` that concerns the frame.
fn address_frame<D: Dialect>(frame: &mut Frame, packet: &D, detail: &Detail) -> Result<(), String> {
    let words: Vec<&str> = detail.text.split_whitespace().collect();
    let place = |text: &str, port: u16| {
        let alone = || text.parse().map(|address| SocketAddr::new(address, port));
        text.parse().or_else(|_| alone()).map_err(|_| format!("no address: {text}"))
    };
    match words.as_slice() {
        ["from", text] => frame.from = place(text, frame.from.port())?,
        ["to", text] => {
            frame.to = place(text, D::SERVER_PORT)?;
            // A frame to all hardware with one IPv6 address in it is passed over.
            if frame.to.is_ipv6() && !frame.to.ip().is_multicast() {
                frame.to_mac = SERVER_MAC;
            }
        }
        ["broadcast"] => {
            let to_all = packet.to_all();
            (frame.to_mac, frame.to) = (to_all.to_mac, to_all.to);
        }
        ["payload", hex] => frame.payload = octets(hex)?,
        ["cut", len] => frame.payload.truncate(len.parse().map_err(|_| "no length".to_owned())?),
        ["octet", at, "=", hex] => {
            let at: usize = at.parse().map_err(|_| "no place".to_owned())?;
            // Beyond the end there is nothing to change.
            for (octet, new) in frame.payload.iter_mut().skip(at).zip(octets(hex)?) {
                *octet = new;
            }
        }
        ["append", hex] => frame.payload.extend(octets(hex)?),
        _ => {}
    }
    Ok(())
}

pub(super) fn same(what: &str, is: &str, wanted: &str) -> Result<(), Fault> {
    if is == wanted {
        return Ok(());
    }
    Err(Fault::new(format!("{what} is {is}, not {wanted}")))
}

/// A server's message for a human.
fn describe<D: Dialect>(frame: &Frame) -> String {
    let Ok(packet) = D::decode(&frame.payload) else {
        return format!("{} → {}: {:02x?}", frame.from, frame.to, frame.payload);
    };
    let values = |code| packet.options_of(code).into_iter().map(move |data| (code, data));
    let mut codes = packet.option_codes();
    codes.dedup();
    let options: Vec<String> = codes
        .into_iter()
        .flat_map(values)
        .map(|(code, data)| format!("{code}={}", hex(&data)))
        .collect();
    let (from, to) = (frame.from, frame.to);
    format!("{from} → {to} {} options: {}", packet.describe(), options.join(" "))
}
