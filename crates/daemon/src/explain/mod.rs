//! `--explain` and `client-explain`: what would become of a query, and why. The query goes down the same
//! corridor as any other; leases, statistics and files stay as they are.

mod capture;
mod client;

use std::net::IpAddr;
use std::path::Path;
use std::process::ExitCode;

use kea_config::Snapshot;
use kea_config::snapshot::{LeaseDatabase, Listen};
use kea_dhcp::Serving;
use kea_dhcp::pipeline::Arrival;
use kea_dhcp::pipeline::explain::{Explanation, explain};
use kea_hooks::{Hooks, Library};
use kea_lease::{LeaseFiles, Leases};
use kea_log::Silent;
use kea_net::{Interfaces, Watcher};
use kea_wire::Address;

use crate::arguments::Explain;
use crate::configuration;
use crate::console::{fail, say};
use crate::layout::Layout;
use crate::privileges::Confinement;
use crate::server::{file_path, identify_without_file};

pub(crate) use client::{Query, octets};

/// Most queries of a capture that are explained.
const MAX_QUERIES: usize = 1000;

/// Explains queries to whoever is at the terminal.
pub(crate) fn main<F: Serving>(request: &Explain, libraries: &[Library<F>]) -> ExitCode {
    match explanations::<F>(request, libraries) {
        Ok(text) => say(&text),
        Err(problem) => fail(&problem),
    }
}

fn explanations<F: Serving>(request: &Explain, libraries: &[Library<F>]) -> Result<String, String> {
    let loaded = configuration::load::<F>(&request.file, Confinement::Lifted)?;
    let mut config = loaded.snapshot;
    let layout = Layout::of_this_process();
    identify_without_file(&mut config, &layout);
    let leases = Leases::new();
    leases.configure(&config.lease_specs());
    let hooks = kea_hooks::load(&config, libraries);
    let hooks = Hooks::new(&hooks.map_err(|error| error.to_string())?, Silent);
    let mut text = String::new();
    if let Err(problem) = load_leases(&config, &layout, &leases) {
        text.push_str(&format!("leases are not considered: {problem}\n\n"));
    }
    let octets = read_packet(&request.packet)?;
    let queries = queries::<F>(&octets, request.source)?;
    let now = kea_net::Now::read().unix_seconds();
    let link = link::<F>(&config, request.interface.as_deref(), None)?;
    for (number, query) in queries.iter().enumerate() {
        if queries.len() > 1 {
            text.push_str(&format!("query {}\n", number + 1));
        }
        let explanation = of_query(&config, &leases, &hooks, &link, query, now);
        text.push_str(&explanation.to_string());
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    Ok(text)
}

/// Where a query is received.
pub(crate) struct Link<A> {
    interface: String,
    index: u32,
    address: Option<A>,
}

/// What would become of a query that is received at `link` now.
pub(crate) fn of_query<F: Serving>(
    config: &Snapshot<F>,
    leases: &Leases<F>,
    hooks: &Hooks<F>,
    link: &Link<F::Addr>,
    query: &Query<'_, F>,
    now: i64,
) -> Explanation {
    let arrival = Arrival {
        interface: &link.interface,
        interface_index: link.index,
        interface_address: link.address,
        source: query.source,
        source_port: query.source_port,
        destination: query.destination,
        link_source: None,
        carrier: None,
    };
    // Any number will do, as long as it is always the same one.
    explain(config, leases, hooks, &arrival, &query.payload, (now, 0))
}

/// The interface that is named as `NAME` or `NAME/ADDRESS`; without a name the first one of the
/// configuration. Its address, where none is named, is the one of the configuration or of this machine.
pub(crate) fn link<F: Serving>(
    config: &Snapshot<F>,
    named: Option<&str>,
    present: Option<&Interfaces>,
) -> Result<Link<F::Addr>, String> {
    let mut configured = config.interfaces.interfaces.iter().filter_map(|entry| match entry {
        Listen::All => None,
        Listen::Interface { name, address } => Some((name, *address)),
    });
    let (name, address) = match named {
        None => configured
            .next()
            .map_or((String::new(), None), |(name, address)| (name.to_string(), address)),
        Some(named) => match named.split_once('/') {
            None => (
                named.to_owned(),
                configured.find(|(name, _)| &***name == named).and_then(|(_, address)| address),
            ),
            Some((name, address)) => {
                let address = address
                    .parse()
                    .map_err(|_| format!("'{address}' is no IPv{} address", F::VERSION))?;
                (name.to_owned(), Some(address))
            }
        },
    };
    let watcher;
    let present = match present {
        Some(present) => Some(present),
        None => {
            watcher = Watcher::open().ok();
            watcher.as_ref().map(Watcher::interfaces)
        }
    };
    let found = present.and_then(|present| present.by_name(&name));
    let own = found.and_then(|interface| interface.usable_addresses().find_map(F::Addr::of_ip));
    let index = found.map_or(0, |interface| interface.index);
    Ok(Link { interface: name, index, address: address.or(own) })
}

/// The octets of a file, or of a text in hexadecimal digits.
fn read_packet(packet: &Path) -> Result<Vec<u8>, String> {
    match std::fs::read(packet) {
        Ok(octets) => Ok(octets),
        Err(error) => {
            let text = packet.to_string_lossy();
            let is_hex = text.chars().all(|c| c.is_ascii_hexdigit() || ": ".contains(c));
            if is_hex && !text.is_empty() {
                Ok(text.as_bytes().to_vec())
            } else {
                Err(format!("{text}: {error}"))
            }
        }
    }
}

/// The queries in a capture, or the one in hexadecimal digits.
fn queries<F: Serving>(octets: &[u8], source: Option<IpAddr>) -> Result<Vec<Query<'_, F>>, String> {
    let source = match source {
        None => None,
        Some(source) => Some(
            F::Addr::of_ip(source).ok_or(format!("{source} is no IPv{} address", F::VERSION))?,
        ),
    };
    if capture::is_capture(octets) {
        let found = capture::datagrams(octets).map_err(|error| error.to_string())?;
        let to_server = found.into_iter().filter(|it| it.destination_port == F::SERVER_PORT);
        let queries: Vec<_> = to_server
            .filter_map(|it| {
                Some(Query {
                    source: source.or(F::Addr::of_ip(it.source))?,
                    source_port: it.source_port,
                    destination: F::Addr::of_ip(it.destination)?,
                    payload: it.payload.into(),
                })
            })
            .take(MAX_QUERIES)
            .collect();
        return match queries.is_empty() {
            true => Err(format!("the capture has no datagram to port {}", F::SERVER_PORT)),
            false => Ok(queries),
        };
    }
    let text = String::from_utf8_lossy(octets);
    let payload = client::octets(&text).map_err(|error| error.to_string())?;
    Ok(vec![Query::of_payload(payload, source)])
}

/// Reads the lease files of the configuration, as far as there are any. Nothing is written.
fn load_leases<F: Serving>(
    config: &Snapshot<F>,
    layout: &Layout,
    leases: &Leases<F>,
) -> Result<(), String> {
    let memfile = match &config.lease_database {
        LeaseDatabase::Memfile(memfile) if memfile.persist => memfile,
        LeaseDatabase::Memfile(_) => return Ok(()),
        LeaseDatabase::Sql(database) => {
            return Err(format!("they are in a {:?} database", database.kind));
        }
    };
    let files = LeaseFiles::of(file_path(config, memfile, layout));
    kea_lease::peruse(&files, leases).map(drop).map_err(|error| error.to_string())
}
