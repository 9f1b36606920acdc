//! `-x a`: the options as they were understood.

use std::net::IpAddr;

use super::{general, hex};
use crate::args::{LeaseType, MaxDrop, Mode, Options, Protocol};
use crate::client::Clients;

/// What `-x a` shows before the run.
pub(crate) fn arguments(options: &Options, clients: &Clients, server: IpAddr) -> String {
    let mac = clients.base_mac().map(|octet| format!("{octet:02x}")).join("::");
    let parts = [
        exchange(options),
        load(options),
        limits(options),
        endpoints(options, server),
        templates(options),
        surroundings(options, server),
        vec![format!("Set MAC to {mac}"), format!("Set DUID to {}", hex(clients.base_duid()))],
    ];
    parts.concat().into_iter().map(|line| line + "\n").collect()
}

/// `name=value`, unless the value is none.
fn line<T: ToString>(name: &str, value: Option<T>) -> Option<String> {
    value.map(|value| format!("{name}={}", value.to_string()))
}

/// `name[0]=value`, `name[1]=value`, without those that are none.
fn numbered<T: ToString>(name: &str, values: impl IntoIterator<Item = Option<T>>) -> Vec<String> {
    let each = values.into_iter().enumerate();
    each.filter_map(|(i, value)| line(&format!("{name}[{i}]"), value)).collect()
}

fn positive<T: PartialOrd + Default>(number: T) -> Option<T> {
    (number > T::default()).then_some(number)
}

fn flag(name: &str, set: bool) -> Option<String> {
    set.then(|| name.to_owned())
}

fn exchange(options: &Options) -> Vec<String> {
    let protocol = if options.protocol == Protocol::V4 { "IPv4" } else { "IPv6" };
    let mode = match options.mode {
        Mode::FourWay => None,
        Mode::Initial => Some("DO/SA exchange only".to_owned()),
        Mode::RapidCommit => Some("Solicit/Reply exchange only".to_owned()),
    };
    let lease_type = match options.lease_type {
        LeaseType::AddressOnly => "address-only (IA_NA option added to the client's request)",
        LeaseType::PrefixOnly => "prefix-only (IA_PD option added to the client's request)",
        LeaseType::AddressAndPrefix => {
            "address-and-prefix (Both IA_NA and IA_PD options added to the client's request)"
        }
    };
    let lines = [Some(protocol.to_owned()), mode, line("lease-type", Some(lease_type))];
    lines.into_iter().flatten().collect()
}

fn load(options: &Options) -> Vec<String> {
    let lines = [
        line("rate[1/s]", options.rate),
        line("renew-rate[1/s]", positive(options.renew_rate)),
        line("release-rate[1/s]", positive(options.release_rate)),
        line("in-flight", options.in_flight),
        line("report[s]", options.report.map(|time| general(time.as_secs_f64()))),
        line("clients", Some(options.clients).filter(|clients| *clients > 1)),
    ];
    let bases = numbered("base", options.bases.iter().map(Some));
    lines.into_iter().flatten().chain(bases).collect()
}

fn limits(options: &Options) -> Vec<String> {
    let period = line("test-period", options.period.map(|time| general(time.as_secs_f64())));
    let drop_times = options.drop_time.map(|time| Some(general(time.as_secs_f64())));
    let counts = options.max_drop.map(|limit| match limit {
        Some(MaxDrop::Count(count)) => Some(count),
        _ => None,
    });
    let percents = options.max_drop.map(|limit| match limit {
        Some(MaxDrop::Percent(percent)) => Some(general(percent)),
        _ => None,
    });
    let mut lines = numbered("num-request", options.requests);
    lines.extend(period);
    lines.extend(numbered("drop-time", drop_times));
    // Each is numbered among its own, and the brackets are those of perfdhcp.
    let limits = [
        numbered("max-drop", counts.into_iter().flatten().map(Some)),
        numbered("max-pdrop", percents.into_iter().flatten().map(Some)),
    ];
    lines.extend(limits.concat().into_iter().map(|line| line.replacen('[', "{", 1)));
    lines.extend(line("preload", positive(options.preload)));
    lines
}

fn endpoints(options: &Options, server: IpAddr) -> Vec<String> {
    let file = |path: &Option<std::path::PathBuf>| path.as_ref().map(|p| p.display().to_string());
    let lines = [
        line("local-port", positive(options.local_port)),
        line("remote-port", positive(options.remote_port)),
        line("seed", positive(options.seed)),
        flag("broadcast", options.broadcast || server == IpAddr::from([255; 4])),
        flag("rapid-commit", options.mode == Mode::RapidCommit),
        flag("use-first", options.first_server_id),
        line("mac-list-file", file(&options.mac_list)),
    ];
    lines.into_iter().flatten().collect()
}

fn templates(options: &Options) -> Vec<String> {
    let offset = |at: Option<usize>| at.map_or("-1".to_owned(), |at| at.to_string());
    let files = options.templates.iter().map(|file| Some(file.display()));
    let mut lines = numbered("template-file", files);
    lines.extend(numbered("xid-offset", options.xid_offsets));
    let second = options.second_offsets;
    lines.push(format!("elp-offset={}", offset(second.elapsed)));
    lines.extend(numbered("rnd-offset", options.random_offsets));
    lines.push(format!("sid-offset={}", offset(second.server_id)));
    lines.push(format!("rip-offset={}", offset(second.address)));
    lines
}

fn surroundings(options: &Options, server: IpAddr) -> Vec<String> {
    let threads = if options.single_thread { "single-thread-mode" } else { "multi-thread-mode" };
    let diagnostics = Some(&options.diagnostics).filter(|selectors| !selectors.is_empty());
    let lines = [
        line("diagnostic-selectors", diagnostics),
        line("wrapped", options.script.as_ref()),
        line("interface", options.local.as_ref()),
        line("server", Some(server)),
        Some(threads.to_owned()),
    ];
    lines.into_iter().flatten().collect()
}
