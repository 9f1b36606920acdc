//! What messages say, and how loud. At debug level 99: the same identifiers with the same facts in them as those
//! of Debian's Kea, whose sentences are others; and at each debug level, of either server, the messages that the
//! catalogue says, with its severities and loggers. `scenarios/facts/dhcp4.scn` and `dhcp6.scn` are played;
//! `dhcp4.facts` and `dhcp6.facts` list each message with its facts. What this server said in the last run is
//! in `<target>/tmp/dhcp4.facts.new` for comparison.

mod grade;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use kea_log::find_message;
use kea_testkit::scenario::{Dialect, ProcessBackend, Scenario, play};
use kea_testkit::v6::Packet6;
use kea_testkit::{LogLine, Packet4, Subject};
use serde_json::Value;

#[test]
fn messages_of_dhcpv4_have_the_facts_of_kea() {
    compare::<Packet4>();
}

#[test]
fn messages_of_dhcpv6_have_the_facts_of_kea() {
    compare::<Packet6>();
}

#[test]
fn messages_of_dhcpv4_are_as_loud_as_those_of_kea() {
    compare_levels::<Packet4>();
}

#[test]
fn messages_of_dhcpv6_are_as_loud_as_those_of_kea() {
    compare_levels::<Packet6>();
}

/// What the subject says when the scenario is played at this debug level.
fn lines_at<D: Dialect>(subject: Subject, level: u8) -> Vec<String> {
    let scenario = fs::read_to_string(file::<D>("scn")).unwrap();
    let scenario = scenario.replace("\"debuglevel\": 99", &format!("\"debuglevel\": {level}"));
    let scenario = Scenario::parse(&scenario).unwrap();
    let mut backend = ProcessBackend::<D>::new(subject, &scenario).unwrap();
    play::<D>(&scenario, &mut backend).unwrap();
    backend.into_log().unwrap()
}

/// At every level there is, the server says the messages of the catalogue up to this level, under the
/// severities and loggers that stand there.
fn compare_levels<D: Dialect>() {
    let subject = Subject::from_environment();
    let mut odd = BTreeSet::new();
    let all = identifiers_at::<D>(subject, 99, &mut odd);
    for level in [0, 10, 15, 40, 45, 50] {
        let said = identifiers_at::<D>(subject, level, &mut odd);
        for message in all.iter().filter_map(|id| find_message(id)) {
            let is_due = message.debug_level <= level;
            if said.contains(message.id) != is_due {
                let word = if is_due { "not said" } else { "said" };
                let (id, own) = (message.id, message.debug_level);
                odd.insert(format!("{id} of level {own} is {word} at {level}"));
            }
        }
    }
    assert!(odd.is_empty(), "{}", Vec::from_iter(odd).join("\n"));
}

/// What is said at a level; `odd` takes what is not as the catalogue says.
fn identifiers_at<D: Dialect>(
    subject: Subject,
    level: u8,
    odd: &mut BTreeSet<String>,
) -> BTreeSet<String> {
    let lines = lines_at::<D>(subject, level);
    odd.extend(grade::unlike_catalogue(&lines));
    let lines = lines.iter().filter_map(|line| LogLine::parse(line));
    lines.map(|line| line.identifier.to_owned()).collect()
}

fn compare<D: Dialect>() {
    let subject = Subject::from_environment();
    let lines = lines_at::<D>(subject, 99);
    let record = Record::parse(&fs::read_to_string(file::<D>("facts")).unwrap());
    match subject {
        Subject::Ours => {
            record.compare_ours(&ours(&lines), &format!("dhcp{}.facts.new", D::VERSION));
        }
        Subject::Debian => record.compare_debian(&debian(&lines)),
    }
}

fn file<D: Dialect>(extension: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../scenarios/facts");
    folder.join(format!("dhcp{}.{extension}", D::VERSION))
}

/// A message: its identifier and its arguments; [`ANYTHING`] is an argument that is not compared.
type Said = (String, Vec<String>);

/// Stands for texts that are put differently, and for what differs from run to run.
const ANYTHING: &str = "*";

/// What this server said between its start and its end, from JSON lines.
fn ours(lines: &[String]) -> Vec<Said> {
    let objects = lines.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let said = objects.filter_map(|object| {
        let arguments = object["arguments"].as_array()?.iter();
        let arguments = arguments.map(|value| value.as_str().unwrap_or_default().to_owned());
        Some((object["id"].as_str()?.to_owned(), arguments.collect()))
    });
    let said: Vec<Said> = said.collect();
    between(said, |(id, _)| id)
}

/// What Kea said: identifiers, and the text behind each, of several lines perhaps.
fn debian(lines: &[String]) -> Vec<(String, String)> {
    let mut said: Vec<(String, String)> = Vec::new();
    for line in lines {
        match (LogLine::parse(line), said.last_mut()) {
            (Some(line), _) => said.push((line.identifier.to_owned(), line.text.to_owned())),
            (None, Some((_, text))) => {
                text.push('\n');
                text.push_str(line);
            }
            (None, None) => {}
        }
    }
    between(said, |(id, _)| id)
}

fn between<T>(said: Vec<T>, id: impl Fn(&T) -> &str) -> Vec<T> {
    let is_outside = |said: &T| {
        ["_STARTED", "_SHUTDOWN_REQUEST", "_SHUTDOWN"].iter().any(|end| id(said).ends_with(end))
    };
    let mut inside =
        said.into_iter().skip_while(|said| !is_outside(said)).skip(1).collect::<Vec<_>>();
    let end = inside.iter().position(is_outside).unwrap_or(inside.len());
    inside.truncate(end);
    inside
}

/// The messages that both servers are to say, and those of one of them with the reason.
#[derive(Default)]
struct Record {
    both: BTreeSet<Said>,
    /// Occurrences of identifiers in `only_ours`.
    ours: BTreeSet<Said>,
    only_ours: BTreeMap<String, String>,
    only_debian: BTreeMap<String, String>,
}

impl Record {
    /// A message is an identifier, and its facts in indented lines below it; `@ours` goes before what only this
    /// server says. `because @debian IDENTIFIER` has a reason below it.
    fn parse(text: &str) -> Self {
        let mut record = Record::default();
        let mut blocks: Vec<Vec<&str>> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.strip_prefix("    ") {
                Some(fact) => blocks.last_mut().expect("a fact of something").push(fact),
                None => blocks.push(vec![line]),
            }
        }
        for block in blocks {
            let text = block[1..].join(" ");
            if let Some(id) = block[0].strip_prefix("because @ours ") {
                record.only_ours.insert(id.to_owned(), text);
            } else if let Some(id) = block[0].strip_prefix("because @debian ") {
                record.only_debian.insert(id.to_owned(), text);
            } else {
                let facts = block[1..].iter().map(|fact| (*fact).to_owned()).collect();
                match block[0].strip_prefix("@ours ") {
                    Some(id) => record.ours.insert((id.to_owned(), facts)),
                    None => record.both.insert((block[0].to_owned(), facts)),
                };
            }
        }
        assert!(
            record.only_ours.values().chain(record.only_debian.values()).all(|why| !why.is_empty())
        );
        record
    }

    fn compare_ours(&self, said: &[Said], new: &str) {
        // Of an identifier that only this server says, occurrences are listed where both say others.
        let is_listed =
            |id: &str| self.both.iter().chain(&self.ours).any(|(listed, _)| listed == id);
        let mut text = String::new();
        let mut odd = Vec::new();
        let mut used = BTreeSet::new();
        for one in said.iter().collect::<BTreeSet<_>>() {
            if self.only_ours.contains_key(&one.0) && !is_listed(&one.0) {
                continue;
            }
            text.push_str(&format!("{}\n", one.0));
            one.1.iter().for_each(|fact| text.push_str(&format!("    {fact}\n")));
            match self.both.iter().chain(&self.ours).find(|expected| matches(expected, one)) {
                Some(expected) => drop(used.insert(expected)),
                None => odd.push(format!("not expected: {one:?}")),
            }
        }
        fs::write(Path::new(env!("CARGO_TARGET_TMPDIR")).join(new), text).unwrap();
        let expected = self.both.iter().chain(&self.ours);
        odd.extend(
            expected.filter(|one| !used.contains(one)).map(|one| format!("not said: {one:?}")),
        );
        let ids: BTreeSet<&str> = said.iter().map(|(id, _)| &**id).collect();
        let unused = self.only_ours.keys().filter(|id| !ids.contains(&***id));
        odd.extend(unused.map(|id| format!("a reason without use: {id}")));
        let missing = self.ours.iter().filter(|(id, _)| !self.only_ours.contains_key(id));
        odd.extend(missing.map(|one| format!("without reason: {one:?}")));
        let theirs = self.only_debian.keys().filter(|id| ids.contains(&***id));
        odd.extend(theirs.map(|id| format!("not Debian's alone: {id}")));
        assert!(odd.is_empty(), "{}", odd.join("\n"));
    }

    fn compare_debian(&self, said: &[(String, String)]) {
        let mut odd = Vec::new();
        for (id, facts) in &self.both {
            let texts = || said.iter().filter(|one| one.0 == *id).map(|one| &one.1);
            let is_in = |text: &str, fact: &str| fact == ANYTHING || text.contains(fact);
            let has = |text: &String| facts.iter().all(|fact| is_in(text, &without_hardware(fact)));
            if !texts().any(has) {
                let texts: Vec<&String> = texts().collect();
                odd.push(format!("{id} with {facts:?} is not said, but {texts:#?}"));
            }
        }
        let known: BTreeSet<&str> = self
            .both
            .iter()
            .map(|(id, _)| &**id)
            .chain(self.only_debian.keys().map(|id| &**id))
            .collect();
        let ids: BTreeSet<&str> = said.iter().map(|(id, _)| &**id).collect();
        odd.extend(ids.difference(&known).map(|id| {
            let text = said.iter().find(|one| one.0 == *id).map_or("", |one| &one.1);
            format!("only Debian says {id} {text}")
        }));
        let unused = self.only_debian.keys().filter(|id| !ids.contains(&***id));
        odd.extend(unused.map(|id| format!("a reason without use: {id}")));
        assert!(odd.is_empty(), "{}", odd.join("\n"));
    }
}

/// Kea leaves out the hardware address of a DHCPv6 client, even where it is known.
fn without_hardware(fact: &str) -> String {
    match fact.split_once("], [hwtype=") {
        Some((duid, rest)) if duid.starts_with("duid=[") => rest
            .split_once(']')
            .map_or_else(|| fact.to_owned(), |(_, rest)| format!("{duid}]{rest}")),
        _ => fact.to_owned(),
    }
}

fn matches(expected: &Said, said: &Said) -> bool {
    let (facts, arguments) = (&expected.1, &said.1);
    expected.0 == said.0
        && facts.len() == arguments.len()
        && facts.iter().zip(arguments).all(|(fact, argument)| fact == ANYTHING || fact == argument)
}
