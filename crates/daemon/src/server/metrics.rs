//! `GET /metrics`: statistics and state of the server in Prometheus' text format. The names are data;
//! `docs/metrics.md` describes them.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::sync::atomic::{AtomicUsize, Ordering};

use kea_config::snapshot::Snapshot;
use kea_dhcp::Serving;
use kea_stats::{Metric as _, ServerKind, ServerMetric, SubnetMetric, Value};

use super::measures::{Histogram, Measures, STEPS};
use super::shared::{Shared, unix_micros};
use crate::version;

/// The media type of the page.
pub(super) const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// A family of metrics: name, kind, explanation.
struct Family {
    name: &'static str,
    kind: &'static str,
    help: &'static str,
}

const fn counter(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: "counter", help }
}

const fn gauge(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: "gauge", help }
}

const fn histogram(name: &'static str, help: &'static str) -> Family {
    Family { name, kind: "histogram", help }
}

const RECEIVED: Family =
    counter("kea_packets_received_total", "Packets received, by message type.");
const SENT: Family = counter("kea_packets_sent_total", "Packets sent, by message type.");
const DROPPED: Family =
    counter("kea_packets_dropped_total", "Packets received and not served, by reason.");
const FAILED: Family =
    counter("kea_allocations_failed_total", "Allocations that found no lease, by reason.");

/// Statistics of the whole server that are families of their own.
const SERVER: &[(ServerMetric, Family)] = &[
    (ServerMetric::Received, counter("kea_datagrams_received_total", "All datagrams received.")),
    (ServerMetric::Sent, counter("kea_datagrams_sent_total", "All datagrams sent.")),
    (
        ServerMetric::ReceiveDrop,
        counter("kea_datagrams_dropped_total", "All datagrams received and not served."),
    ),
    (
        ServerMetric::CumulativeAssigned,
        counter("kea_addresses_assigned_total", "Addresses assigned since the start."),
    ),
    (
        ServerMetric::CumulativeAssignedPrefixes,
        counter("kea_prefixes_assigned_total", "Prefixes assigned since the start."),
    ),
    (
        ServerMetric::Reclaimed,
        counter("kea_leases_reclaimed_total", "Leases that ended and were reclaimed."),
    ),
    (
        ServerMetric::ReclaimedDeclined,
        counter("kea_declined_addresses_recovered_total", "Declined addresses back in service."),
    ),
    (
        ServerMetric::ReservationConflicts,
        counter("kea_reservation_conflicts_total", "Reserved addresses that another client held."),
    ),
    (
        ServerMetric::NameChangeDropped,
        counter("kea_name_changes_dropped_total", "Name change requests lost to a full queue."),
    ),
    (ServerMetric::Declined, gauge("kea_declined_addresses", "Addresses in probation.")),
];

/// Drops and failed allocations, by the reason they are labelled with.
const DROPS: &[(ServerMetric, &str)] = &[
    (ServerMetric::ParseFailed, "unreadable"),
    (ServerMetric::QueueFull, "queue-full"),
    (ServerMetric::RfcViolation, "rfc-violation"),
    (ServerMetric::AdminFiltered, "admin-filtered"),
    (ServerMetric::NotForUs, "not-for-us"),
    (ServerMetric::ProcessingFailed, "processing-failed"),
    (ServerMetric::LimitExceeded, "limit-exceeded"),
    (ServerMetric::ServiceDisabled, "service-disabled"),
    (ServerMetric::Duplicate, "duplicate"),
    (ServerMetric::Stale, "stale"),
];
const FAILURES: &[(ServerMetric, &str)] = &[
    (ServerMetric::AllocationFail, "any"),
    (ServerMetric::AllocationFailClasses, "classes"),
    (ServerMetric::AllocationFailNoPools, "no-pools"),
    (ServerMetric::AllocationFailSharedNetwork, "shared-network"),
    (ServerMetric::AllocationFailSubnet, "subnet"),
];

const SUBNET: &[(SubnetMetric, Family)] = &[
    (SubnetMetric::Total, gauge("kea_subnet_addresses", "Addresses in the pools of a subnet.")),
    (SubnetMetric::Assigned, gauge("kea_subnet_addresses_assigned", "Addresses now assigned.")),
    (SubnetMetric::Declined, gauge("kea_subnet_addresses_declined", "Addresses in probation.")),
    (
        SubnetMetric::TotalPrefixes,
        gauge("kea_subnet_prefixes", "Prefixes in the pools of a subnet."),
    ),
    (
        SubnetMetric::AssignedPrefixes,
        gauge("kea_subnet_prefixes_assigned", "Prefixes now assigned."),
    ),
];
const SUBNET_UTILISATION: Family =
    gauge("kea_subnet_utilisation_ratio", "Assigned addresses by all addresses of a subnet.");
const NETWORK_ADDRESSES: Family =
    gauge("kea_shared_network_addresses", "Addresses in the pools of a shared network.");
const NETWORK_ASSIGNED: Family =
    gauge("kea_shared_network_addresses_assigned", "Addresses now assigned.");
const NETWORK_UTILISATION: Family = gauge(
    "kea_shared_network_utilisation_ratio",
    "Assigned addresses by all addresses of a shared network.",
);
const ANSWERS: Family = histogram(
    "kea_answer_duration_seconds",
    "From when the system received a query until its answer was given to it.",
);
const COMMITS: Family = histogram(
    "kea_commit_wait_seconds",
    "How long a decided answer waited for its lease to be durable, or for a hook.",
);
const QUERIES_WAITING: Family =
    gauge("kea_queries_waiting", "Queries that wait to be served, under overload.");
const ANSWERS_WAITING: Family = gauge(
    "kea_answers_waiting",
    "Answers that wait for their leases to be durable, or for a hook.",
);
const LEASES: Family = gauge("kea_leases", "Leases in memory, those that ended included.");
const LEASES_BY_STATE: Family =
    gauge("kea_leases_by_state", "The same by state; 'ended' ones are reclaimed and kept.");
const PENDING: Family =
    gauge("kea_lease_rows_pending", "Lease changes that are not as safe as configured yet.");
const FAILING: Family =
    gauge("kea_lease_storage_failing", "1 while lease changes cannot be kept, else 0.");
const BUILD: Family = gauge("kea_build_info", "1, with the version of the program.");
const STARTED: Family = gauge("kea_start_time_seconds", "When the server started, Unix time.");
const CONFIGURED: Family =
    gauge("kea_configuration_time_seconds", "When the configuration came in force, Unix time.");

/// The page.
pub(super) fn page<F: Serving>(shared: &Shared<F>) -> String {
    let config = shared.config.load_full();
    let mut page = Page { text: String::new(), server: format!("dhcp{}", F::VERSION) };
    page.family(&BUILD, [(format!("version=\"{}\"", version::VERSION), 1.0)]);
    for (family, time) in
        [(&STARTED, shared.times.started()), (&CONFIGURED, shared.times.configured())]
    {
        page.family(family, [(String::new(), time.unix_seconds() as f64)]);
    }
    page.server(shared);
    page.family(&LEASES, [(String::new(), shared.leases.len() as f64)]);
    let journal = &shared.journal;
    let pending = journal.latest().0.saturating_sub(journal.durable().0);
    page.family(&PENDING, [(String::new(), pending as f64)]);
    page.workers(&shared.measures);
    page.family(&FAILING, [(String::new(), f64::from(u8::from(journal.is_failing())))]);
    page.subnets(shared, &config);
    page.text
}

struct Page {
    text: String,
    server: String,
}

impl Page {
    /// Writes a family with its samples, `(labels, value)`; nothing when there are none.
    fn family(&mut self, family: &Family, samples: impl IntoIterator<Item = (String, f64)>) {
        let mut samples = samples.into_iter().peekable();
        if samples.peek().is_none() {
            return;
        }
        let Family { name, kind, help } = family;
        // Writing to a string does not fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            let comma = if labels.is_empty() { "" } else { "," };
            let server = &self.server;
            let _ = writeln!(self.text, "{name}{{server=\"{server}\"{comma}{labels}}} {value}");
        }
    }

    fn workers(&mut self, workers: &[Measures]) {
        self.histogram(&ANSWERS, &Histogram::of(workers.iter().map(|worker| &worker.answers)));
        self.histogram(&COMMITS, &Histogram::of(workers.iter().map(|worker| &worker.commits)));
        let sum = |of: fn(&Measures) -> &AtomicUsize| {
            workers.iter().map(|worker| of(worker).load(Ordering::Relaxed) as f64).sum::<f64>()
        };
        let (queries, answers) = (sum(|it| &it.queries_waiting), sum(|it| &it.answers_waiting));
        self.family(&QUERIES_WAITING, [(String::new(), queries)]);
        self.family(&ANSWERS_WAITING, [(String::new(), answers)]);
    }

    fn histogram(&mut self, family: &Family, histogram: &Histogram) {
        let Family { name, kind, help } = family;
        let (server, Histogram { counts, sum }) = (&self.server, histogram);
        let out = &mut self.text;
        // Writing to a string does not fail.
        let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
        let steps = STEPS.iter().map(f64::to_string).chain(["+Inf".to_owned()]);
        for (step, count) in steps.zip(counts) {
            let _ = writeln!(out, "{name}_bucket{{server=\"{server}\",le=\"{step}\"}} {count}");
        }
        let all = counts.last().copied().unwrap_or_default();
        let _ = writeln!(out, "{name}_sum{{server=\"{server}\"}} {sum}");
        let _ = writeln!(out, "{name}_count{{server=\"{server}\"}} {all}");
    }

    fn server<F: Serving>(&mut self, shared: &Shared<F>) {
        let kind = ServerKind::of_version(F::VERSION);
        let value = |metric: ServerMetric| {
            let name = metric.name(kind)?;
            newest(shared, name).or(Some(0.0))
        };
        for (metric, family) in SERVER {
            self.family(family, value(*metric).map(|value| (String::new(), value)));
        }
        let by_reason = |rows: &[(ServerMetric, &str)]| -> Vec<(String, f64)> {
            let sample = |(metric, reason): &(ServerMetric, &str)| {
                Some((format!("reason=\"{reason}\""), value(*metric)?))
            };
            rows.iter().filter_map(sample).collect()
        };
        self.family(&DROPPED, by_reason(DROPS));
        self.family(&FAILED, by_reason(FAILURES));
        for (family, end) in [(&RECEIVED, "-received"), (&SENT, "-sent")] {
            let of_type = |metric: &ServerMetric| {
                let name = metric.name(kind)?;
                let packet = name.strip_prefix("pkt4-").or(name.strip_prefix("pkt6-"))?;
                let message = packet.strip_suffix(end)?;
                Some((format!("type=\"{message}\""), value(*metric)?))
            };
            let samples: Vec<_> = ServerMetric::ALL.iter().filter_map(of_type).collect();
            self.family(family, samples);
        }
    }

    fn subnets<F: Serving>(&mut self, shared: &Shared<F>, config: &Snapshot<F>) {
        let kind = ServerKind::of_version(F::VERSION);
        let network = |position: Option<u32>| {
            position.and_then(|at| config.networks().get(at as usize)).map(|network| &*network.name)
        };
        let mut values: BTreeMap<SubnetColumn, Vec<(String, f64)>> = BTreeMap::new();
        let mut networks: BTreeMap<&str, [f64; 2]> = BTreeMap::new();
        let mut utilisation = Vec::new();
        let (mut held, mut declined) = (0.0, 0.0);
        for subnet in config.subnets() {
            let name = network(subnet.network);
            let labels = format!(
                "subnet_id=\"{}\",subnet=\"{}\",shared_network=\"{}\"",
                subnet.id,
                subnet.prefix_text,
                Escaped(name.unwrap_or_default())
            );
            let of = |metric: SubnetMetric| {
                newest(shared, &format!("subnet[{}].{}", subnet.id, metric.name(kind)?))
            };
            for (column, (metric, _)) in SUBNET.iter().enumerate() {
                if let Some(value) = of(*metric) {
                    values.entry(column).or_default().push((labels.clone(), value));
                }
            }
            held += [SubnetMetric::Assigned, SubnetMetric::AssignedPrefixes]
                .map(|metric| of(metric).unwrap_or(0.0))
                .iter()
                .sum::<f64>();
            declined += of(SubnetMetric::Declined).unwrap_or(0.0);
            let sizes = [SubnetMetric::Total, SubnetMetric::Assigned].map(|m| of(m).unwrap_or(0.0));
            if let Some(name) = name {
                let sum = networks.entry(name).or_default();
                *sum = [sum[0] + sizes[0], sum[1] + sizes[1]];
            }
            utilisation.extend(ratio(sizes).map(|ratio| (labels, ratio)));
        }
        // Declined addresses are still held; what is in no subnet's numbers is over.
        let ended = (shared.leases.len() as f64 - held).max(0.0);
        let states =
            [("assigned", held - declined), ("declined", declined), ("ended", ended)].map(by_state);
        self.family(&LEASES_BY_STATE, states);
        for (column, samples) in values {
            self.family(&SUBNET[column].1, samples);
        }
        self.family(&SUBNET_UTILISATION, utilisation);
        let of_networks = |value: fn([f64; 2]) -> Option<f64>| -> Vec<(String, f64)> {
            let label = |name: &str| format!("shared_network=\"{}\"", Escaped(name));
            networks
                .iter()
                .filter_map(|(name, sizes)| Some((label(name), value(*sizes)?)))
                .collect()
        };
        self.family(&NETWORK_ADDRESSES, of_networks(|[total, _]| Some(total)));
        self.family(&NETWORK_ASSIGNED, of_networks(|[_, assigned]| Some(assigned)));
        self.family(&NETWORK_UTILISATION, of_networks(ratio));
    }
}

fn by_state((state, leases): (&str, f64)) -> (String, f64) {
    (format!("state=\"{state}\""), leases.max(0.0))
}

/// A row of [`SUBNET`].
type SubnetColumn = usize;

/// Assigned by total; `None` where there is nothing to assign.
fn ratio([total, assigned]: [f64; 2]) -> Option<f64> {
    (total > 0.0).then(|| assigned / total)
}

/// The value that a statistic has now.
fn newest<F: Serving>(shared: &Shared<F>, name: &str) -> Option<f64> {
    match shared.stats.samples(name, unix_micros())?.first()?.value {
        Value::Integer(value) => Some(value as f64),
        Value::Large(value) => Some(value as f64),
        Value::Float(value) => Some(value),
        Value::Duration(_) | Value::Text(_) => None,
    }
}

/// A label's value: the format quotes it.
struct Escaped<'a>(&'a str);

impl fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '\\' => f.write_str("\\\\")?,
                '"' => f.write_str("\\\"")?,
                '\n' => f.write_str("\\n")?,
                other => f.write_char(other)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_quoted_and_families_have_a_head() {
        let mut page = Page { text: String::new(), server: "dhcp4".to_owned() };
        page.family(&LEASES, []);
        assert_eq!(page.text, "");
        let label = format!("shared_network=\"{}\"", Escaped("a\"b\\c\n"));
        page.family(&NETWORK_ASSIGNED, [(label, 3.0)]);
        assert_eq!(
            page.text,
            "# HELP kea_shared_network_addresses_assigned Addresses now assigned.\n\
             # TYPE kea_shared_network_addresses_assigned gauge\n\
             kea_shared_network_addresses_assigned{server=\"dhcp4\",shared_network=\"a\\\"b\\\\c\\n\"} 3\n"
        );
    }
}
