//! From words to options, by a table.

use std::time::Duration;

use super::{
    ArgumentError as Error, Command, ExtraOption, LeaseType, MaxDrop, Mode, Options, Protocol,
    Scenario, Search, Server, check,
};

type Outcome = Result<(), Error>;

/// What the words say, before the rules between them are checked.
#[derive(Default)]
pub(super) struct Draft {
    pub(super) options: Options,
    pub(super) version: Option<Protocol>,
    pub(super) initial: bool,
    pub(super) rapid_commit: bool,
    pub(super) clients_given: bool,
    pub(super) drop_times: usize,
    pub(super) drops: usize,
    pub(super) xids: usize,
    pub(super) randoms: usize,
    pub(super) requests: usize,
    pub(super) server: Option<String>,
}

enum Row {
    Flag(fn(&mut Draft) -> Outcome),
    Value(fn(&mut Draft, &str) -> Outcome),
}

use Row::{Flag, Value};

/// Options with one letter.
const LETTERS: &[(char, Row)] = &[
    ('1', Flag(|d| set(&mut d.options.first_server_id))),
    ('4', Flag(|d| version(d, Protocol::V4))),
    ('6', Flag(|d| version(d, Protocol::V6))),
    ('A', Value(relayed)),
    ('b', Value(base)),
    ('B', Flag(|d| set(&mut d.options.broadcast))),
    ('c', Flag(|d| set(&mut d.rapid_commit))),
    ('C', Value(|d, v| put(&mut d.options.separator, v.to_owned()))),
    ('d', Value(drop_time)),
    ('D', Value(max_drop)),
    ('e', Value(lease_type)),
    ('E', Value(|d, v| offset(&mut d.options.second_offsets.elapsed, v, TIME_OFFSET))),
    ('f', Value(|d, v| positive(&mut d.options.renew_rate, v, RENEW_RATE))),
    ('F', Value(|d, v| positive(&mut d.options.release_rate, v, RELEASE_RATE))),
    ('g', Value(thread_mode)),
    ('i', Flag(|d| set(&mut d.initial))),
    ('I', Value(|d, v| offset(&mut d.options.second_offsets.address, v, IP_OFFSET))),
    ('J', Value(|d, v| put(&mut d.options.relay_list, v.into()))),
    ('l', Value(|d, v| put(&mut d.options.local, v.to_owned()))),
    ('L', Value(|d, v| port(&mut d.options.local_port, v, ("local-port", "-L<value>")))),
    ('M', Value(|d, v| put(&mut d.options.mac_list, v.into()))),
    ('n', Value(requests)),
    ('N', Value(|d, v| port(&mut d.options.remote_port, v, ("remote-port", "-N<value>")))),
    ('o', Value(extra)),
    ('O', Value(random_offset)),
    ('p', Value(|d, v| seconds(&mut d.options.period, v, ("test period", "-p<value>")))),
    ('P', Value(|d, v| whole(&mut d.options.preload, v, PRELOAD))),
    ('r', Value(rate)),
    ('R', Value(clients)),
    ('s', Value(|d, v| whole(&mut d.options.seed, v, ("seed", "-s <seed>")))),
    ('S', Value(|d, v| offset(&mut d.options.second_offsets.server_id, v, SERVER_ID_OFFSET))),
    ('t', Value(|d, v| seconds(&mut d.options.report, v, ("report delay", "-t<value>")))),
    ('T', Value(template)),
    ('u', Flag(|d| set(&mut d.options.unique))),
    ('w', Value(|d, v| put(&mut d.options.script, v.to_owned()))),
    ('W', Value(exit_wait)),
    ('x', Value(|d, v| append(&mut d.options.diagnostics, v))),
    ('X', Value(xid_offset)),
    ('y', Value(|d, v| seconds(&mut d.options.late_period, v, ("late period", "-y<value>")))),
    ('Y', Value(|d, v| seconds(&mut d.options.late_start, v, ("late start", "-Y<value>")))),
];

/// Options with two dashes; all but the first are not perfdhcp's.
const WORDS: &[(&str, Row)] = &[
    ("scenario", Value(scenario)),
    ("in-flight", Value(in_flight)),
    ("search", Value(search)),
    ("max-loss", Value(max_loss)),
    ("threads", Value(threads)),
    ("offload", Flag(|d| set(&mut d.options.offload))),
    ("json", Flag(|d| set(&mut d.options.json))),
];

const RENEW_RATE: Field = ("the renew rate", "-f<renew-rate>");
const RELEASE_RATE: Field = ("the release rate", "-F<release-rate>");
const PRELOAD: Field = ("number of preload packets", "-P<value>");
const TIME_OFFSET: Field = ("time-offset", "-E<value>");
const IP_OFFSET: Field = ("ip offset", "-I<value>");
const SERVER_ID_OFFSET: Field = ("srvid-offset", "-S<value>");

/// A number's name and how it is written.
type Field = (&'static str, &'static str);

pub(super) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Command, Error> {
    let mut draft = Draft::default();
    let mut words = arguments.into_iter();
    let mut only_arguments = false;
    while let Some(word) = words.next() {
        if only_arguments || word == "-" || !word.starts_with('-') {
            if draft.server.replace(word).is_some() {
                return Err(Error::ExtraArguments);
            }
        } else if word == "--" {
            only_arguments = true;
        } else if let Some(name) = word.strip_prefix("--") {
            match name {
                "help" => return Ok(Command::Help),
                "version" => return Ok(Command::Version),
                _ => long(&mut draft, name, &mut words)?,
            }
        } else if let Some(command) = bundle(&mut draft, &word[1..], &mut words)? {
            return Ok(command);
        }
    }
    if let Some(server) = &draft.server {
        draft.options.given.push(server.clone());
    }
    check::check(draft).map(|options| Command::Run(Box::new(options)))
}

fn long(draft: &mut Draft, name: &str, words: &mut impl Iterator<Item = String>) -> Outcome {
    let unknown = || Error::Option { option: format!("--{name}") };
    let (name, attached) = match name.split_once('=') {
        Some((name, value)) => (name, Some(value.to_owned())),
        None => (name, None),
    };
    let (word, row) = WORDS.iter().find(|(word, _)| *word == name).ok_or_else(unknown)?;
    draft.options.given.push(format!("--{word}"));
    match row {
        Flag(_) if attached.is_some() => Err(unknown()),
        Flag(apply) => apply(draft),
        Value(apply) => {
            let value = attached.or_else(|| words.next()).ok_or_else(unknown)?;
            draft.options.given.push(value.clone());
            apply(draft, &value)
        }
    }
}

/// The letters of one word.
fn bundle(
    draft: &mut Draft,
    word: &str,
    words: &mut impl Iterator<Item = String>,
) -> Result<Option<Command>, Error> {
    let mut rest = word.chars();
    while let Some(letter) = rest.next() {
        match letter {
            'h' => return Ok(Some(Command::Help)),
            'v' => return Ok(Some(Command::Version)),
            _ => {}
        }
        let unknown = || Error::Option { option: format!("-{letter}") };
        let (_, row) = LETTERS.iter().find(|(l, _)| *l == letter).ok_or_else(unknown)?;
        draft.options.given.push(format!("-{letter}"));
        match row {
            Flag(apply) => apply(draft)?,
            Value(apply) => {
                let value = match rest.as_str() {
                    "" => words.next().ok_or_else(unknown)?,
                    attached => attached.to_owned(),
                };
                draft.options.given.push(value.clone());
                apply(draft, &value)?;
                return Ok(None);
            }
        }
    }
    Ok(None)
}

#[allow(clippy::unnecessary_wraps)] // rows of the tables have one type
fn set(flag: &mut bool) -> Outcome {
    *flag = true;
    Ok(())
}

#[allow(clippy::unnecessary_wraps)] // rows of the tables have one type
fn put<T>(place: &mut Option<T>, value: T) -> Outcome {
    *place = Some(value);
    Ok(())
}

#[allow(clippy::unnecessary_wraps)] // rows of the tables have one type
fn append(place: &mut String, value: &str) -> Outcome {
    place.push_str(value);
    Ok(())
}

fn number(value: &str, (what, usage): Field, min: u64, max: u64) -> Result<u64, Error> {
    let must = match (min, max) {
        (0, _) => "not be a negative integer",
        (_, u64::MAX) => "be a positive integer",
        _ => "be a positive integer in range",
    };
    let bad = Error::Number { what, usage, must };
    let number: u64 = value.trim().parse().map_err(|_| bad.clone())?;
    if (min..=max).contains(&number) { Ok(number) } else { Err(bad) }
}

fn positive(place: &mut u32, value: &str, field: Field) -> Outcome {
    *place = u32::try_from(number(value, field, 1, u64::MAX)?).unwrap_or(u32::MAX);
    Ok(())
}

fn whole(place: &mut u64, value: &str, field: Field) -> Outcome {
    *place = number(value, field, 0, u64::MAX)?;
    Ok(())
}

fn offset(place: &mut Option<usize>, value: &str, field: Field) -> Outcome {
    let at = number(value, field, 0, u64::MAX)?;
    // More than a datagram holds never fits; 0 disables it.
    *place = Some(usize::try_from(at).unwrap_or(usize::MAX)).filter(|at| *at > 0);
    Ok(())
}

fn port(place: &mut u16, value: &str, (what, usage): Field) -> Outcome {
    let must = "be in 0..65535";
    *place = value.trim().parse().map_err(|_| Error::Number { what, usage, must })?;
    Ok(())
}

fn fraction(value: &str, (what, usage): Field) -> Result<Duration, Error> {
    let bad = || Error::Number { what, usage, must: "be a positive number" };
    let seconds: f64 = value.trim().parse().map_err(|_| bad())?;
    let duration = Duration::try_from_secs_f64(seconds).map_err(|_| bad())?;
    if duration.is_zero() { Err(bad()) } else { Ok(duration) }
}

fn seconds(place: &mut Option<Duration>, value: &str, field: Field) -> Outcome {
    *place = Some(fraction(value, field)?);
    Ok(())
}

fn version(draft: &mut Draft, wanted: Protocol) -> Outcome {
    match draft.version.replace(wanted) {
        Some(set) if set != wanted => {
            Err(Error::VersionTwice { set: if set == Protocol::V4 { 4 } else { 6 } })
        }
        _ => Ok(()),
    }
}

fn relayed(draft: &mut Draft, value: &str) -> Outcome {
    match value {
        "1" => set(&mut draft.options.relayed),
        _ => Err(Error::Choice {
            what: "encapsulation level (-A)",
            value: value.to_owned(),
            known: "1",
        }),
    }
}

fn base(draft: &mut Draft, value: &str) -> Outcome {
    draft.options.bases.push(value.to_owned());
    match value.split_once('=') {
        Some((kind, mac))
            if kind.eq_ignore_ascii_case("mac") || kind.eq_ignore_ascii_case("ether") =>
        {
            draft.options.base_mac = crate::client::parse_mac(mac).ok_or(Error::BaseMac)?;
        }
        Some((kind, duid)) if kind.eq_ignore_ascii_case("duid") => {
            let why = match duid.len() {
                n if n % 2 == 1 => "DUID must have an even number of hexadecimal digits",
                n if n < 12 => "DUID must be at least 6 octets long",
                n if n > 128 => "DUID must be at most 64 octets long",
                _ => "DUID must be a hexadecimal string",
            };
            let bad = Error::BaseDuid { why };
            if !(12..=128).contains(&duid.len()) {
                return Err(bad);
            }
            draft.options.base_duid = Some(hex(duid).ok_or(bad)?);
        }
        _ => return Err(Error::Base),
    }
    Ok(())
}

/// Octets from an even number of hexadecimal digits.
pub(crate) fn hex(digits: &str) -> Option<Vec<u8>> {
    if !digits.len().is_multiple_of(2) || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return None;
    }
    (0..digits.len()).step_by(2).map(|i| u8::from_str_radix(&digits[i..i + 2], 16).ok()).collect()
}

/// Puts a value where the first, then the second of two goes.
fn one_of_two<T>(
    places: &mut [T; 2],
    count: &mut usize,
    value: T,
    option: &'static str,
) -> Outcome {
    let place = places.get_mut(*count).ok_or(Error::TooMany { option, most: 2 })?;
    *place = value;
    *count += 1;
    Ok(())
}

fn drop_time(draft: &mut Draft, value: &str) -> Outcome {
    let time = fraction(value, ("drop-time", "-d<value>"))?;
    if draft.drop_times == 0 {
        // Given once, it holds for both exchanges.
        draft.options.drop_time = [time; 2];
    }
    one_of_two(&mut draft.options.drop_time, &mut draft.drop_times, time, "-d")
}

fn max_drop(draft: &mut Draft, value: &str) -> Outcome {
    let limit = match value.strip_suffix('%') {
        None => MaxDrop::Count(number(value, ("max drops number", "-D<value>"), 0, u64::MAX)?),
        Some(percent) => {
            let field = ("drop percentage", "-D<value%>");
            let bad = Error::Number { what: field.0, usage: field.1, must: "be 0..100" };
            let percent: f64 = percent.trim().parse().map_err(|_| bad.clone())?;
            if !(percent > 0.0 && percent < 100.0) {
                return Err(bad);
            }
            MaxDrop::Percent(percent)
        }
    };
    one_of_two(&mut draft.options.max_drop, &mut draft.drops, Some(limit), "-D")
}

fn lease_type(draft: &mut Draft, value: &str) -> Outcome {
    draft.options.lease_type = match value {
        "address-only" => LeaseType::AddressOnly,
        "prefix-only" => LeaseType::PrefixOnly,
        "address-and-prefix" => LeaseType::AddressAndPrefix,
        _ => {
            return Err(Error::Choice {
                what: "lease type (-e)",
                value: value.to_owned(),
                known: "'address-only', 'prefix-only' or 'address-and-prefix'",
            });
        }
    };
    Ok(())
}

fn thread_mode(draft: &mut Draft, value: &str) -> Outcome {
    draft.options.single_thread = match value {
        "single" => true,
        "multi" => false,
        _ => {
            return Err(Error::Choice {
                what: "thread mode (-g)",
                value: value.to_owned(),
                known: "'-g single' or '-g multi'",
            });
        }
    };
    Ok(())
}

fn requests(draft: &mut Draft, value: &str) -> Outcome {
    let count = number(value, ("num-request", "-n<value>"), 1, u64::MAX)?;
    one_of_two(&mut draft.options.requests, &mut draft.requests, Some(count), "-n")
}

fn extra(draft: &mut Draft, value: &str) -> Outcome {
    let version = draft.version.ok_or(Error::ExtraBeforeVersion)?;
    let (code, data) =
        value.split_once(',').ok_or(Error::Extra { why: "expected code,hexstring" })?;
    let code: u16 =
        code.trim().parse().map_err(|_| Error::Extra { why: "the code is no number" })?;
    let (max_code, max_len) = if version == Protocol::V4 { (254, 255) } else { (u16::MAX, 65_535) };
    if !(1..=max_code).contains(&code) {
        return Err(Error::Extra { why: "the code is out of range" });
    }
    let data =
        hex(data.trim()).ok_or(Error::Extra { why: "the data are no hexadecimal string" })?;
    if data.len() > max_len {
        return Err(Error::Extra { why: "the data are too long" });
    }
    draft.options.extra.push(ExtraOption { code, data });
    Ok(())
}

fn random_offset(draft: &mut Draft, value: &str) -> Outcome {
    let must = "be greater than 3";
    let bad = Error::Number { what: "random random-offset", usage: "-O<value>", must };
    let at: usize = value.trim().parse().map_err(|_| bad.clone())?;
    if at < 3 {
        return Err(bad);
    }
    one_of_two(&mut draft.options.random_offsets, &mut draft.randoms, Some(at), "-O")
}

fn xid_offset(draft: &mut Draft, value: &str) -> Outcome {
    let at = number(value, ("transaction id", "-X<value>"), 1, u64::MAX)?;
    let at = usize::try_from(at).unwrap_or(usize::MAX);
    one_of_two(&mut draft.options.xid_offsets, &mut draft.xids, Some(at), "-X")
}

fn template(draft: &mut Draft, value: &str) -> Outcome {
    if draft.options.templates.len() == 2 {
        return Err(Error::TooMany { option: "-T", most: 2 });
    }
    draft.options.templates.push(value.into());
    Ok(())
}

fn rate(draft: &mut Draft, value: &str) -> Outcome {
    let mut rate = 0;
    positive(&mut rate, value, ("rate", "-r<value>"))?;
    put(&mut draft.options.rate, rate)
}

fn clients(draft: &mut Draft, value: &str) -> Outcome {
    draft.clients_given = true;
    positive(&mut draft.options.clients, value, ("number of clients", "-R<value>"))
}

fn exit_wait(draft: &mut Draft, value: &str) -> Outcome {
    let micros = number(value, ("exit wait time", "-W<value>"), 0, u64::MAX)?;
    put(&mut draft.options.exit_wait, Duration::from_micros(micros))
}

fn scenario(draft: &mut Draft, value: &str) -> Outcome {
    draft.options.scenario = match value {
        "basic" => Scenario::Basic,
        "avalanche" => Scenario::Avalanche,
        _ => {
            let known = "'basic' or 'avalanche'";
            return Err(Error::Choice { what: "scenario", value: value.to_owned(), known });
        }
    };
    Ok(())
}

fn in_flight(draft: &mut Draft, value: &str) -> Outcome {
    let field = ("exchanges in flight", "--in-flight <value>");
    let count = number(value, field, 1, 1 << 20)?;
    put(&mut draft.options.in_flight, count as u32)
}

fn threads(draft: &mut Draft, value: &str) -> Outcome {
    put(&mut draft.options.threads, number(value, ("threads", "--threads <value>"), 1, 64)? as u32)
}

const DEFAULT_MAX_LOSS: f64 = 2.5;

fn search(draft: &mut Draft, value: &str) -> Outcome {
    let attempt = fraction(value, ("search attempt", "--search <seconds>"))?;
    let max_loss = draft.options.search.map_or(DEFAULT_MAX_LOSS, |s| s.max_loss);
    put(&mut draft.options.search, Search { attempt, max_loss })
}

fn max_loss(draft: &mut Draft, value: &str) -> Outcome {
    let bad = Error::Number { what: "loss", usage: "--max-loss <percent>", must: "be 0..100" };
    let max_loss: f64 = value.trim().parse().map_err(|_| bad.clone())?;
    if !(0.0..100.0).contains(&max_loss) {
        return Err(bad);
    }
    let attempt = draft.options.search.map_or(Duration::from_secs(2), |s| s.attempt);
    put(&mut draft.options.search, Search { attempt, max_loss })
}

/// The argument, once the protocol is known.
pub(super) fn server(text: &str, protocol: Protocol) -> Result<Server, Error> {
    let version = if protocol == Protocol::V4 { 4 } else { 6 };
    match text {
        "all" => return Ok(Server::All),
        "servers" if version == 6 => return Ok(Server::Servers),
        _ => {}
    }
    let address: std::net::IpAddr =
        text.parse().map_err(|_| Error::Server { text: text.to_owned() })?;
    if address.is_ipv4() != (version == 4) {
        return Err(Error::ServerVersion { version, text: text.to_owned() });
    }
    Ok(Server::Address(address))
}

/// The mode that `-i` and `-c` make.
pub(super) fn mode(draft: &Draft) -> Mode {
    match (draft.initial, draft.rapid_commit) {
        (false, _) => Mode::FourWay,
        (true, false) => Mode::Initial,
        (true, true) => Mode::RapidCommit,
    }
}
