//! What two servers said to the same, side by side.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, Ipv6Addr};

use kea_testkit::LeaseRow;
use kea_testkit::scenario::{Answered, Exchange, Transcript};
use serde_json::Value;

/// Where two servers differ.
#[derive(Clone, Debug)]
pub(crate) struct Difference {
    /// What differs: `kind`, `option 12`, `yiaddr`, `lease hostname`, `verdict`.
    pub(crate) what: String,
    /// The step's place among the queries.
    pub(crate) at: usize,
    /// Ours, and Debian's.
    pub(crate) sides: [String; 2],
}

/// All that a server did in a case.
pub(crate) struct Played {
    pub(crate) transcript: Transcript,
    pub(crate) leases: BTreeMap<String, LeaseRow>,
    /// The newest values.
    pub(crate) statistics: BTreeMap<String, i64>,
    /// In the order sent.
    pub(crate) name_changes: Vec<Value>,
}

impl Played {
    /// What was said, and nothing that stays of it.
    pub(crate) fn of(transcript: Transcript) -> Self {
        let (leases, statistics, name_changes) = Default::default();
        Played { transcript, leases, statistics, name_changes }
    }
}

/// The first difference that is none of the known ones.
pub(crate) fn difference(
    ours: &Played,
    debian: &Played,
    known: impl Fn(&Difference, Option<&Exchange>) -> bool,
) -> Option<Difference> {
    let places = Places;
    let mut parted = false;
    let (ours_said, debian_said) = match (&ours.transcript, &debian.transcript) {
        (Transcript::Exchanges(ours), Transcript::Exchanges(debian)) => (ours, debian),
        (Transcript::Refused(_), Transcript::Refused(_)) => return None,
        (Transcript::Refused(why), _) => return verdict([why, ""], &known),
        (_, Transcript::Refused(why)) => return verdict(["", why], &known),
    };
    for (at, (o, d)) in ours_said.iter().zip(debian_said).enumerate() {
        if let Some(sides) = readings(o, d) {
            // What one reads and the other does not has consequences.
            let difference = Difference { what: "reading".to_owned(), at, sides };
            return (!known(&difference, Some(d))).then_some(difference);
        }
        let differences = places.answers(&o.answers, &d.answers);
        // Each took from another pool, so their ways part.
        if differences.iter().any(|(what, sides)| {
            (what == "yiaddr" || what.ends_with(" leases"))
                && sides.iter().all(|list| is_free_choice(list, &d.details))
        }) {
            return None;
        }
        // Since one was given another address, what is free for the next is not the same.
        parted |= o.details != d.details;
        if parted && differences.iter().any(|(what, _)| what == "kind") {
            return None;
        }
        for (what, sides) in differences {
            let difference = Difference { what, at, sides };
            if !known(&difference, Some(d)) {
                return Some(difference);
            }
            // What one serves and the other does not has consequences.
            let is_bootp = d.details.iter().any(|detail| detail == "no option 53");
            if difference.what == "kind" && (is_bootp || !STATELESS.contains(&&*d.kind)) {
                return None;
            }
        }
    }
    let at = ours_said.len();
    let mut after = places.leases(&ours.leases, &debian.leases);
    after.extend(name_changes(&ours.name_changes, &debian.name_changes));
    let refused = [ours_said, debian_said].map(|said| refusals(said));
    after.extend(statistics(&ours.statistics, &debian.statistics, refused[0] - refused[1]));
    let differences = after.into_iter().map(|(what, sides)| Difference { what, at, sides });
    differences.into_iter().find(|difference| !known(difference, None))
}

/// Queries that change nothing.
const STATELESS: [&str; 4] = ["inform", "discover", "confirm", "information-request"];

/// `read`, and why the query is none, where one server alone finds it unreadable.
fn readings(ours: &Exchange, debian: &Exchange) -> Option<[String; 2]> {
    let [ours, debian] = [ours, debian].map(|exchange| {
        let told = |line: &&String| UNREADABLE.iter().any(|message| line.contains(message));
        exchange.log.iter().find(told)
    });
    let why = |line: &str| line.rsplit(" reason: ").next().unwrap_or_default().to_owned();
    match (ours, debian) {
        (None, Some(debian)) => Some(["read".to_owned(), why(debian)]),
        (Some(ours), None) => Some([why(ours), "read".to_owned()]),
        _ => None,
    }
}

/// What is said of a query that is no message, or none that can be read.
const UNREADABLE: [&str; 3] =
    ["DHCP4_PACKET_DROP_0001", "DHCP4_HOOK_BUFFER_RCVD_DROP", "DHCP6_PACKET_DROP_PARSE_FAIL"];

/// The members of a request that say what is to be done.
fn name_changes(ours: &[Value], debian: &[Value]) -> Vec<(String, [String; 2])> {
    let shown = |all: &[Value]| {
        let shown = all.iter().map(|request| {
            let text = |name: &str| request[name].to_string().replace('"', "");
            let members =
                ["change-type", "forward-change", "reverse-change", "lease-length", "fqdn"];
            let members = members.map(text).join(" ");
            // A name made of the address, and what is made of that, is as free as the address.
            let (address, place) = (text("ip-address"), pool_of(&text("ip-address")));
            let written = address.replace(['.', ':'], "-");
            match members.contains(&written) {
                true => format!("{} {place}", members.replace(&written, &place)),
                false => format!("{members} {place} {}", text("dhcid")),
            }
        });
        let mut shown = Vec::from_iter(shown);
        // What is taken away and put back at once stays as it is.
        while let Some(at) = shown.windows(2).position(|pair| is_undone(&pair[0], &pair[1])) {
            shown.remove(at);
        }
        shown
    };
    let (mut ours, mut debian) = (shown(ours), shown(debian));
    // Of a client that gets another address, the new one is told first here, and the old one there.
    ours.sort_unstable();
    debian.sort_unstable();
    let differ = ours != debian;
    differ
        .then(|| ("name changes".to_owned(), [ours.join("; "), debian.join("; ")]))
        .into_iter()
        .collect()
}

/// True for a removal and an addition (the first number) of the same.
fn is_undone(removal: &str, addition: &str) -> bool {
    let rest = removal.strip_prefix("1 ");
    rest.is_some() && rest == addition.strip_prefix("0 ")
}

/// How many associations were told that there is nothing for them.
fn refusals(said: &[Exchange]) -> i64 {
    let answers = said.iter().flat_map(|exchange| &exchange.answers);
    let facts = answers.flat_map(|answer| &answer.facts);
    let is_refusal = |(what, is): &&(String, String)| {
        let is_nothing = ["NoAddrsAvail", "NoPrefixAvail"].contains(&&**is);
        what.starts_with("ia-") && what.ends_with(" status") && is_nothing
    };
    facts.filter(is_refusal).count().try_into().unwrap_or(i64::MAX)
}

/// Those that both keep. The answers were compared before: of the `excess` associations that were refused here and
/// served there, each counts as a failure here.
fn statistics(
    ours: &BTreeMap<String, i64>,
    debian: &BTreeMap<String, i64>,
    excess: i64,
) -> Vec<(String, [String; 2])> {
    let both = debian.iter().filter_map(|(name, is)| Some((name, *ours.get(name)?, *is)));
    let is_explained = |name: &str, ours: i64, debian: i64| {
        name.contains("v6-allocation-fail") && (1..=excess).contains(&(ours - debian))
    };
    let differ =
        both.filter(|(name, ours, debian)| ours != debian && !is_explained(name, *ours, *debian));
    differ
        .map(|(name, ours, debian)| {
            (format!("statistic {name}"), [ours.to_string(), debian.to_string()])
        })
        .collect()
}

fn verdict(
    said: [&str; 2],
    known: &impl Fn(&Difference, Option<&Exchange>) -> bool,
) -> Option<Difference> {
    let why = |text: &str| {
        let lines = text.lines().filter(|line| line.contains("ERROR"));
        lines.map(|line| line.get(..600).unwrap_or(line)).collect::<Vec<_>>().join("\n")
    };
    let sides = said.map(|text| if text.is_empty() { "accepted".to_owned() } else { why(text) });
    let difference = Difference { what: "verdict".to_owned(), at: 0, sides };
    (!known(&difference, None)).then_some(difference)
}

/// Compares answers and leases. Among the free addresses of a pool a server may take any.
struct Places;

/// An address, or for those of a pool, which servers choose themselves, the pool.
fn pool_of(address: &str) -> String {
    if let Ok(v4) = address.parse::<Ipv4Addr>() {
        let [a, b, c, last] = v4.octets();
        return match last {
            10..=15 | 20..=25 => format!("{a}.{b}.{c}.{}x", last / 10),
            100..=180 => format!("{a}.{b}.{c}.1xx"),
            _ => address.to_owned(),
        };
    }
    let (start, len) = address.split_once('/').unwrap_or((address, "128"));
    let Ok(v6) = start.parse::<Ipv6Addr>() else { return address.to_owned() };
    let [_, _, c, .., last] = v6.segments();
    match (len, last) {
        ("128", 0x10..=0x15 | 0x20..=0x25) => format!("{c:x}::{:x}x", last / 16),
        ("128", 0x1000..=0x1eff) => format!("{c:x}::1xxx"),
        (len, _) if c & 0xf000 == 0xa000 => format!("a...::/{len}"),
        _ => address.to_owned(),
    }
}

impl Places {
    fn answers(&self, ours: &[Answered], debian: &[Answered]) -> Vec<(String, [String; 2])> {
        let kinds = [ours, debian].map(|answers| {
            let kinds: Vec<&str> = answers.iter().map(|answer| &*answer.kind).collect();
            if kinds.is_empty() { "none".to_owned() } else { kinds.join(" ") }
        });
        if kinds[0] != kinds[1] {
            return vec![("kind".to_owned(), kinds)];
        }
        let mut differences = Vec::new();
        for (o, d) in ours.iter().zip(debian) {
            let [o, d] = [o, d].map(|answer| answer.facts.iter().cloned().collect());
            self.facts(&o, &d, &mut differences);
        }
        differences
    }

    fn facts(
        &self,
        ours: &BTreeMap<String, String>,
        debian: &BTreeMap<String, String>,
        into: &mut Vec<(String, [String; 2])>,
    ) {
        let mut names: Vec<&String> = ours.keys().chain(debian.keys()).collect();
        names.sort();
        names.dedup();
        for name in names {
            let absent = "absent".to_owned();
            let sides = [ours, debian].map(|facts| facts.get(name).unwrap_or(&absent).clone());
            let [o, d] = [&sides[0], &sides[1]];
            let is_address = ["yiaddr", "ciaddr"].contains(&&**name)
                || name.ends_with(" leases")
                || name.ends_with(" withdrawn");
            let same = o == d && !is_address
                || is_address && pools_of(o) == pools_of(d)
                || is_time(name) && nearly(o, d)
                || name == "to"
                    && (places_to(o) == places_to(d) || ours.get("yiaddr") != debian.get("yiaddr"));
            if !same {
                into.push((name.clone(), sides));
            }
        }
    }

    fn leases(
        &self,
        ours: &BTreeMap<String, LeaseRow>,
        debian: &BTreeMap<String, LeaseRow>,
    ) -> Vec<(String, [String; 2])> {
        let rows = |leases: &BTreeMap<String, LeaseRow>| {
            // What was given back is remembered here, and forgotten there.
            let rows = leases.values().filter(|row| row.column("state") != "2").map(|row| {
                let columns =
                    row.columns().filter(|(name, _)| !["address", "expire"].contains(name));
                let told = |name: &str, text: &str| match name {
                    "user_context" => relay_information(text),
                    _ => text.to_owned(),
                };
                let columns: BTreeMap<String, String> =
                    columns.map(|(name, text)| (name.to_owned(), told(name, text))).collect();
                let address = match row.column("prefix_len") {
                    "" | "128" => row.column("address").to_owned(),
                    len => format!("{}/{len}", row.column("address")),
                };
                (
                    pool_of(&address),
                    row.column("iaid").to_owned(),
                    row.column("hwaddr").to_owned(),
                    columns,
                )
            });
            let mut rows: Vec<_> = rows.collect();
            rows.sort();
            rows
        };
        let (ours, debian) = (rows(ours), rows(debian));
        if ours.len() != debian.len() {
            return vec![("lease count".to_owned(), [format!("{ours:?}"), format!("{debian:?}")])];
        }
        let mut differences = Vec::new();
        for (o, d) in ours.iter().zip(&debian) {
            if o.0 != d.0 {
                differences.push(("lease pool".to_owned(), [format!("{o:?}"), format!("{d:?}")]));
            }
            for (name, text) in &o.3 {
                let other = d.3.get(name).map_or("", String::as_str);
                // Members may come in any order.
                let parsed = |text: &str| serde_json::from_str::<Value>(text).ok();
                let same = other == text
                    || name == "user_context"
                        && parsed(text).is_some_and(|value| parsed(other) == Some(value));
                if !same {
                    let sides = [format!("{text} in {o:?}"), format!("{other} in {d:?}")];
                    differences.push((format!("lease {name}"), sides));
                }
            }
        }
        differences
    }
}

/// What relays said as a lease keeps it, under one set of names, without the copies of single options that later
/// releases put beside it.
fn relay_information(context: &str) -> String {
    let text = context.replace("&#x2c", ",");
    let Ok(mut context) = serde_json::from_str::<Value>(&text) else { return text };
    if let Some(of_relay) = context.pointer_mut("/ISC/relay-agent-info")
        && let Some(all) = of_relay.get("sub-options").cloned()
    {
        *of_relay = all;
    }
    if let Some(kept) = context.pointer_mut("/ISC").and_then(Value::as_object_mut)
        && let Some(mut relays) = kept.shift_remove("relay-info")
    {
        for relay in relays.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
            relay.retain(|name, _| !["remote-id", "relay-id"].contains(&&**name));
        }
        kept.insert("relays".to_owned(), relays);
    }
    context.to_string()
}

/// True for addresses of pools, but those that clients wish for where this one wished for it.
fn is_free_choice(list: &str, details: &[String]) -> bool {
    list.split(',').all(|address| {
        let pool = pool_of(address);
        let is_wished = details.iter().any(|detail| detail.contains(address));
        pool.contains("x") || pool.contains("...") || address.contains("::1f0") && !is_wished
    })
}

fn pools_of(list: &str) -> Vec<String> {
    list.split(',').map(pool_of).collect()
}

/// Where an answer goes: what the address is one of, and the port.
fn places_to(text: &str) -> Option<(String, &str)> {
    let (address, port) = text.rsplit_once(':')?;
    Some((pool_of(address), port))
}

fn is_time(name: &str) -> bool {
    let last = name.split_whitespace().last().unwrap_or_default();
    ["t1", "t2", "preferred", "valid"].contains(&last)
        || ["option 51", "option 58", "option 59"].contains(&name)
}

/// A second more or less.
fn nearly(ours: &str, debian: &str) -> bool {
    let number = |text: &str| {
        text.parse::<u64>().ok().or_else(|| u64::from_str_radix(&text.replace(':', ""), 16).ok())
    };
    number(ours).zip(number(debian)).is_some_and(|(o, d)| o.abs_diff(d) <= 2)
}
