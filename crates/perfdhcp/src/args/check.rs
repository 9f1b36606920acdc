//! The rules between options.

use super::parse::{Draft, mode, server};
use super::{ArgumentError as Error, LeaseType, Options, Protocol, Scenario, Server};

/// Options that another one excludes, or that need another one, each with the test for its presence.
struct Rule {
    broken: fn(&Draft) -> bool,
    error: Error,
}

const fn incompatible(
    option: &'static str,
    with: &'static str,
    broken: fn(&Draft) -> bool,
) -> Rule {
    Rule { broken, error: Error::Incompatible { option, with } }
}

const fn requires(option: &'static str, needs: &'static str, broken: fn(&Draft) -> bool) -> Rule {
    Rule { broken, error: Error::Requires { option, needs } }
}

fn v6(draft: &Draft) -> bool {
    draft.version == Some(Protocol::V6)
}

const INITIAL: &str = "-i";

static RULES: &[Rule] = &[
    incompatible("-B", "IPv6 (-6)", |d| v6(d) && d.options.broadcast),
    requires("-c", "-6 (IPv6)", |d| !v6(d) && d.rapid_commit),
    requires("-A", "-6 (IPv6)", |d| !v6(d) && d.options.relayed),
    requires("-c", INITIAL, |d| d.rapid_commit && !d.initial),
    requires("a lease type other than '-e address-only'", "-6 (IPv6)", |d| {
        !v6(d) && d.options.lease_type != LeaseType::AddressOnly
    }),
    incompatible("-T", "a lease type other than '-e address-only'", |d| {
        !d.options.templates.is_empty() && d.options.lease_type != LeaseType::AddressOnly
    }),
    incompatible("second -n<num-request>", INITIAL, |d| d.initial && d.requests > 1),
    incompatible("second -d<drop-time>", INITIAL, |d| d.initial && d.drop_times > 1),
    incompatible("second -D<max-drop>", INITIAL, |d| d.initial && d.drops > 1),
    incompatible("second -T<template-file>", INITIAL, |d| {
        d.initial && d.options.templates.len() > 1
    }),
    incompatible("second -X<xid-offset>", INITIAL, |d| d.initial && d.xids > 1),
    incompatible("second -O<random-offset>", INITIAL, |d| d.initial && d.randoms > 1),
    incompatible("-1", INITIAL, |d| d.initial && d.options.first_server_id),
    incompatible("-E<time-offset>", INITIAL, |d| {
        d.initial && d.options.second_offsets.elapsed.is_some()
    }),
    incompatible("-S<srvid-offset>", INITIAL, |d| {
        d.initial && d.options.second_offsets.server_id.is_some()
    }),
    incompatible("-I<ip-offset>", INITIAL, |d| {
        d.initial && d.options.second_offsets.address.is_some()
    }),
    incompatible("-f<renew-rate>", INITIAL, |d| d.initial && d.options.renew_rate > 0),
    incompatible("-F<release-rate>", INITIAL, |d| d.initial && d.options.release_rate > 0),
    requires("-f<renew-rate>", "-r<rate>", |d| {
        d.options.rate.is_none() && d.options.renew_rate > 0
    }),
    requires("-F<release-rate>", "-r<rate>", |d| {
        d.options.rate.is_none() && d.options.release_rate > 0
    }),
    requires("-X<xid-offset>", "-T<template-file>", |d| d.xids > d.options.templates.len()),
    requires("-O<random-offset>", "-T<template-file>", |d| d.randoms > d.options.templates.len()),
    requires("-E<time-offset>", "second -T<template-file>", |d| {
        d.options.templates.len() < 2 && d.options.second_offsets.elapsed.is_some()
    }),
    requires("-S<srvid-offset>", "second -T<template-file>", |d| {
        d.options.templates.len() < 2 && d.options.second_offsets.server_id.is_some()
    }),
    requires("-I<ip-offset>", "second -T<template-file>", |d| {
        d.options.templates.len() < 2 && d.options.second_offsets.address.is_some()
    }),
    incompatible("-M<mac-list-file>", "-b<base>", |d| {
        !d.options.bases.is_empty() && d.options.mac_list.is_some()
    }),
    requires("-y", "-Y", |d| d.options.late_period.is_some() && d.options.late_start.is_none()),
    requires("-Y", "-y", |d| d.options.late_start.is_some() && d.options.late_period.is_none()),
    incompatible("--in-flight", "-r<rate>", |d| {
        d.options.in_flight.is_some() && d.options.rate.is_some()
    }),
    incompatible("--offload", "--threads <value>", |d| {
        d.options.offload && d.options.threads.is_some_and(|threads| threads > 1)
    }),
    incompatible("--search", "--scenario avalanche", |d| {
        d.options.search.is_some() && d.options.scenario == Scenario::Avalanche
    }),
    Rule {
        broken: |d| {
            let parts = u64::from(d.options.renew_rate) + u64::from(d.options.release_rate);
            d.options.rate.is_some_and(|rate| parts > u64::from(rate))
        },
        error: Error::Rates,
    },
    Rule {
        broken: |d| d.options.scenario == Scenario::Avalanche && !d.clients_given,
        error: Error::Clients,
    },
    Rule { broken: |d| d.server.is_none() && d.options.local.is_none(), error: Error::NoServer },
];

pub(super) fn check(draft: Draft) -> Result<Options, Error> {
    if let Some(rule) = RULES.iter().find(|rule| (rule.broken)(&draft)) {
        return Err(rule.error.clone());
    }
    let protocol = draft.version.unwrap_or_default();
    let mode = mode(&draft);
    let mut options = draft.options;
    options.protocol = protocol;
    options.mode = mode;
    options.server = Some(match &draft.server {
        None => Server::All,
        Some(text) => server(text, protocol)?,
    });
    Ok(options)
}
