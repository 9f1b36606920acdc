//! Commands that look at reservations, in the configuration in force and in what databases hold.

use kea_config::document::{Node, Value};
use kea_config::snapshot::{Dialect, Reservation, Snapshot};
use kea_control::{Answer, Arguments, Payload};
use kea_dhcp::Serving;
use kea_lease::SubnetId;
use kea_sql::hosts::{HostRow, Which};
use serde_json::{Value as Json, json};

use super::wanted::{Target, address, client, subnet_of, which};
use super::{reserves, shown};
use crate::server::hosts::Hosts;

/// A command that looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    One,
    All,
    Page,
    ByAddress,
    ByHostname,
    ByIdentifier,
}

/// The commands.
pub(super) const LOOKS: &[(&str, Look)] = &[
    ("reservation-get", Look::One),
    ("reservation-get-all", Look::All),
    ("reservation-get-page", Look::Page),
    ("reservation-get-by-address", Look::ByAddress),
    ("reservation-get-by-hostname", Look::ByHostname),
    ("reservation-get-by-id", Look::ByIdentifier),
];

/// What is looked for.
struct Wanted {
    target: Target,
    /// One subnet, or the global ones; everything where nothing is said.
    subnet: Option<Option<SubnetId>>,
    of: Of,
}

enum Of {
    Anybody,
    One(Which),
    Name(Box<str>),
}

/// A reservation in a source, with its number there.
struct Found {
    source: usize,
    number: i64,
    shown: Json,
}

/// What a command answers.
///
/// # Errors
/// What is wrong with the arguments.
pub(super) fn answer<F: Serving>(
    config: &Snapshot<F>,
    hosts: &Hosts<F>,
    look: Look,
    arguments: Arguments<'_>,
) -> Result<Answer, String> {
    let wanted = Wanted::read::<F>(look, arguments)?;
    if look == Look::Page {
        return Ok(page(config, hosts, &wanted, arguments));
    }
    let mut found = wanted.everywhere(config, hosts);
    if look == Look::One {
        // Not found is result 0, as the manual has it.
        return Ok(match found.next() {
            Some(host) => Answer::success("Host found.").and(host.shown),
            None => Answer::success("Host not found."),
        });
    }
    let (_, answer) = list::<F>(found);
    Ok(answer)
}

impl Wanted {
    fn read<F: Dialect>(look: Look, arguments: Arguments<'_>) -> Result<Self, String> {
        let is_given = arguments.get("subnet-id").is_some();
        let subnet = match look {
            Look::One | Look::All => Some(subnet_of(arguments)?),
            Look::ByIdentifier if is_given => {
                return Err("'subnet-id' has no place here: reservation-get looks in one subnet."
                    .to_owned());
            }
            _ if is_given => Some(subnet_of(arguments)?),
            _ => None,
        };
        let of = match look {
            Look::One => Of::One(which::<F>(arguments)?),
            Look::ByIdentifier => Of::One(client::<F>(arguments)?),
            Look::ByAddress => {
                let text = arguments.text("ip-address").unwrap_or_default();
                Of::One(Which::Address(address::<F>(text)?))
            }
            Look::ByHostname => Of::Name(arguments.text("hostname").unwrap_or_default().into()),
            Look::All | Look::Page => Of::Anybody,
        };
        Ok(Wanted { target: Target::of_look(arguments), subnet, of })
    }

    /// All that there is, source by source.
    fn everywhere<'w, F: Serving>(
        &'w self,
        config: &'w Snapshot<F>,
        hosts: &'w Hosts<F>,
    ) -> impl Iterator<Item = Found> + 'w {
        (0..=hosts.len()).flat_map(move |source| self.in_source(config, hosts, source, 0))
    }

    /// What there is in the file (0) or a database, whose number is greater than `after`.
    fn in_source<'w, F: Serving>(
        &'w self,
        config: &'w Snapshot<F>,
        hosts: &'w Hosts<F>,
        source: usize,
        after: i64,
    ) -> Box<dyn Iterator<Item = Found> + 'w> {
        if source == 0 {
            if !self.target.memory {
                return Box::new(std::iter::empty());
            }
            let all = (1_i64..).zip(config.file_reservations());
            let meant = all.filter(move |(number, (host, _))| {
                *number > after && self.admits(host.subnet) && self.is_host(host)
            });
            return Box::new(meant.map(move |(number, (host, map))| {
                let node = Node::unplaced(Value::Map(map.clone()));
                Found { source, number, shown: shown(config, host.subnet, &node) }
            }));
        }
        if !self.target.databases {
            return Box::new(std::iter::empty());
        }
        let meant = hosts
            .rows(source - 1)
            .filter(move |row| row.id > after && self.admits(row.subnet()) && self.is_row(row));
        // What the configuration could not say is told of in the log.
        Box::new(meant.filter_map(move |row| {
            let map = row.map().ok()?;
            Some(Found { source, number: row.id, shown: shown(config, row.subnet(), &map) })
        }))
    }

    fn admits(&self, subnet: Option<SubnetId>) -> bool {
        self.subnet.is_none_or(|wanted| wanted == subnet)
    }

    fn is_host<F: Serving>(&self, host: &Reservation<F>) -> bool {
        match &self.of {
            Of::Anybody => true,
            Of::One(Which::Client(kind, identifier)) => {
                host.kind == *kind && host.identifier[..] == **identifier
            }
            Of::One(Which::Address(address)) => reserves(host, *address),
            Of::Name(name) => is_named(name, &host.hostname),
        }
    }

    fn is_row(&self, row: &HostRow) -> bool {
        match &self.of {
            Of::Anybody => true,
            Of::One(Which::Client(kind, identifier)) => row.is_of(*kind, identifier),
            Of::One(Which::Address(address)) => row.reserves(*address),
            Of::Name(name) => is_named(name, row.hostname()),
        }
    }
}

fn is_named(wanted: &str, name: &str) -> bool {
    !wanted.is_empty() && wanted.eq_ignore_ascii_case(name)
}

/// The first hosts of one source: of the one that is asked for, or of the next one that has any.
fn page<F: Serving>(
    config: &Snapshot<F>,
    hosts: &Hosts<F>,
    wanted: &Wanted,
    arguments: Arguments<'_>,
) -> Answer {
    let limit = arguments.integer("limit").unwrap_or(usize::MAX);
    let start: usize = arguments.integer("source-index").unwrap_or(0);
    let mut after: i64 = arguments.integer("from").unwrap_or(0);
    for source in start..=hosts.len() {
        let found = wanted.in_source(config, hosts, source, after).take(limit);
        let (last, answer) = list::<F>(found);
        if let Some((source, from)) = last {
            return counted(answer, Some(json!({ "from": from, "source-index": source })));
        }
        after = 0;
    }
    counted(list::<F>(std::iter::empty()).1, None)
}

/// A list of hosts, and the source and number of the last one.
fn list<F: Dialect>(found: impl Iterator<Item = Found>) -> (Option<(usize, i64)>, Answer) {
    let mut last = None;
    let hosts: Vec<Json> = found
        .map(|host| {
            last = Some((host.source, host.number));
            host.shown
        })
        .collect();
    let text = format!("{} IPv{} host(s) found.", hosts.len(), F::VERSION);
    let answer = if hosts.is_empty() { Answer::empty(text) } else { Answer::success(text) };
    (last, answer.and(json!({ "hosts": hosts })))
}

/// A list as a page: how many, and where to go on.
fn counted(mut answer: Answer, next: Option<Json>) -> Answer {
    if let Some(Payload::Json(arguments)) = &mut answer.arguments {
        let hosts = arguments["hosts"].as_array().map_or(0, Vec::len);
        arguments["count"] = hosts.into();
        if let Some(next) = next {
            arguments["next"] = next;
        }
    }
    answer
}
