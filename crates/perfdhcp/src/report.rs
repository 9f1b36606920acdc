//! Reports in the layout of perfdhcp, and as JSON.

mod arguments;

use std::fmt::Write;
use std::time::Duration;

use serde_json::{Value, json};

use crate::args::{Mode, Options, Protocol, Scenario};
use crate::exchange::{Exchange, LeaseRow, Leased, Tally};
use crate::scenario::{ExitReason, Numbers, Results};
use crate::template::Template;

pub(crate) use arguments::arguments;

/// The exchanges that a run has, in the order of the reports.
pub fn exchanges(options: &Options) -> Vec<Exchange> {
    let wanted = |exchange: &Exchange| match exchange {
        Exchange::First => true,
        Exchange::Second => options.mode == Mode::FourWay,
        Exchange::Renewal => options.renew_rate > 0,
        Exchange::Release => options.release_rate > 0,
    };
    Exchange::ALL.into_iter().filter(wanted).collect()
}

/// The lines before the run; empty with `-C` and `--json`.
pub fn header(options: &Options) -> String {
    if options.separator.is_some() || options.json {
        return String::new();
    }
    let scenario = match options.scenario {
        Scenario::Basic => "basic",
        Scenario::Avalanche => "avalanche",
    };
    let mut text =
        format!("Running: perfdhcp {}\nScenario: {scenario}.\n", options.given.join(" "));
    if !options.single_thread {
        text.push_str("Multi-thread mode enabled.\n");
    }
    text
}

/// An interim report.
pub(crate) fn interim(options: &Options, numbers: &Numbers) -> String {
    let column = |which: usize, separator: &str| {
        let of = |exchange: &Exchange| numbers[*exchange as usize][which].to_string();
        exchanges(options).iter().map(of).collect::<Vec<_>>().join(separator)
    };
    match &options.separator {
        Some(separator) => [0, 1, 2, 3].map(|which| column(which, separator)).join(separator),
        None => format!(
            "sent: {}; received: {}; drops: {}; rejected: {}",
            column(0, "/"),
            column(1, "/"),
            column(2, "/"),
            column(3, "/")
        ),
    }
}

/// Exchanges completed per second.
pub(crate) fn rate(options: &Options, results: &Results) -> f64 {
    let last = if options.mode == Mode::FourWay { Exchange::Second } else { Exchange::First };
    let seconds = results.elapsed.as_secs_f64();
    if seconds > 0.0 { results.of(last).received as f64 / seconds } else { 0.0 }
}

/// The final report.
pub fn last(options: &Options, results: &Results, reason: ExitReason) -> String {
    let mut text = String::new();
    if options.diagnostic('e') {
        push(&mut text, format_args!("{}", reason.text()));
    }
    rate_part(&mut text, options, results);
    push(
        &mut text,
        format_args!("***Malformed Packets***\nMalformed packets: {}", results.malformed),
    );
    // perfdhcp switches to three decimals with the first delay that it prints.
    let mut fixed = false;
    for exchange in exchanges(options) {
        let name = exchange.name(options.protocol, options.mode);
        let tally = results.of(exchange);
        tally_part(&mut text, name, tally, fixed);
        fixed |= tally.delays().is_some();
    }
    if options.scenario == Scenario::Avalanche {
        avalanche_part(&mut text, options, results);
    }
    diagnostics(&mut text, options, results);
    percentiles(&mut text, options, results);
    text
}

/// The same as JSON.
pub fn as_json(options: &Options, results: &Results, reason: ExitReason) -> Value {
    let exchange = |exchange: Exchange| {
        let tally = results.of(exchange);
        let delays = tally.delays().map(|d| {
            let percentile = |p| tally.percentile(p);
            json!({
                "min": d.min, "avg": d.avg, "max": d.max, "std-deviation": d.deviation,
                "p50": percentile(50.0), "p90": percentile(90.0), "p99": percentile(99.0),
                "p99.9": percentile(99.9),
            })
        });
        json!({
            "name": exchange.name(options.protocol, options.mode),
            "sent": tally.sent,
            "received": tally.received,
            "drops": tally.drops(),
            "drops-ratio": tally.drop_percent(),
            "orphans": tally.orphans,
            "rejected": tally.rejected,
            "non-unique": tally.non_unique,
            "delay-ms": delays,
        })
    };
    json!({
        "scenario": if options.scenario == Scenario::Basic { "basic" } else { "avalanche" },
        "exit-reason": reason.text(),
        "elapsed-seconds": results.elapsed.as_secs_f64(),
        "rate": rate(options, results),
        "expected-rate": options.rate,
        "malformed": results.malformed,
        "resent": results.resent,
        "exchanges": exchanges(options).into_iter().map(exchange).collect::<Vec<_>>(),
    })
}

fn rate_part(text: &mut String, options: &Options, results: &Results) {
    let unit = match (options.mode, options.protocol) {
        (Mode::FourWay, _) => "4-way exchanges",
        (Mode::Initial, Protocol::V4) => "DISCOVER-OFFER",
        (Mode::Initial, Protocol::V6) => "Solicit-Advertise",
        (Mode::RapidCommit, _) => "Solicit-Reply",
    };
    let rate = general(rate(options, results));
    let expected = match options.rate {
        Some(expected) => format!(", expected rate: {expected}\n"),
        None => String::new(),
    };
    push(text, format_args!("***Rate statistics***\nRate: {rate} {unit}/second{expected}"));
}

fn tally_part(text: &mut String, name: &str, tally: &Tally, fixed: bool) {
    let percent = tally.drop_percent();
    let ratio = if fixed { format!("{percent:.3}") } else { general(percent) };
    push(
        text,
        format_args!(
            "***Statistics for: {name}***\nsent packets: {}\nreceived packets: {}\ndrops: {}\n\
             drops ratio: {ratio} %\norphans: {}\nrejected leases: {}\nnon unique addresses: {}\n",
            tally.sent,
            tally.received,
            tally.drops(),
            tally.orphans,
            tally.rejected,
            tally.non_unique,
        ),
    );
    match tally.delays() {
        Some(d) => push(
            text,
            format_args!(
                "min delay: {:.3} ms\navg delay: {:.3} ms\nmax delay: {:.3} ms\n\
                 std deviation: {:.3} ms",
                d.min, d.avg, d.max, d.deviation
            ),
        ),
        None => {
            text.push_str("min delay: n/a\navg delay: n/a\nmax delay: n/a\nstd deviation: n/a\n");
        }
    }
    // Requests that have waited for longer than the drop time.
    push(text, format_args!("collected packets: {}\n", tally.dropped));
}

fn avalanche_part(text: &mut String, options: &Options, results: &Results) {
    let sent: u64 = results.tallies.iter().map(|tally| tally.sent).sum();
    let received: u64 = results.tallies.iter().map(|tally| tally.received).sum();
    let elapsed = results.elapsed;
    let (seconds, micros) = (elapsed.as_secs(), elapsed.subsec_micros());
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    push(
        text,
        format_args!(
            "It took {hours:02}:{minutes:02}:{seconds:02}.{micros:06} to provision {} clients. \n\
             Requests sent + resent: {}\nRequests resent: {}\nResponses received: {received}",
            options.clients,
            sent + results.resent,
            results.resent,
        ),
    );
}

fn diagnostics(text: &mut String, options: &Options, results: &Results) {
    if options.diagnostic('i') {
        push(text, format_args!("Short waits for packets: {}", results.rounds));
    }
    let named = exchanges(options).into_iter();
    let named = named.map(|e| (e.name(options.protocol, options.mode), results.of(e)));
    if options.diagnostic('t') {
        named.clone().for_each(|(name, tally)| timestamps(text, name, &tally.timestamps));
    }
    if options.diagnostic('s') && !results.server_id.is_empty() {
        push(text, format_args!("Server id: {}", hex(&results.server_id)));
    }
    if options.diagnostic('T') {
        let sent = results.samples.iter().enumerate().filter(|(_, sample)| !sample.is_empty());
        for (which, sample) in sent {
            let template = Template::of(options, which, sample.clone());
            push(text, format_args!("{}", template.dump(which > 0)));
        }
    }
    if options.diagnostic('l') {
        named.for_each(|(name, tally)| leases(text, options.protocol, name, &tally.leases));
    }
}

fn timestamps(text: &mut String, name: &str, times: &[(Duration, Duration)]) {
    push(text, format_args!("***Timestamps for packets: {name}***"));
    if times.is_empty() {
        text.push_str("Unavailable! No packets received.\n");
    }
    for (sent, received) in times {
        let time = |d: &Duration| format!("{:06}.{:06}", d.as_secs(), d.subsec_micros());
        push(text, format_args!("sent / received: {} / {}", time(sent), time(received)));
    }
    text.push('\n');
}

/// The title's spelling is that of perfdhcp, which scripts know; so is how identifiers are written, and
/// that prefixes lack their length.
fn leases(text: &mut String, protocol: Protocol, name: &str, rows: &[LeaseRow]) {
    let separator = if protocol == Protocol::V4 { "" } else { ":" };
    push(text, format_args!("***Leases for {name}***\nclient_id,adrress,prefix"));
    for row in rows {
        let find = |prefix: bool| {
            row.leased.iter().find_map(|leased| match leased {
                Leased::Address(address) if !prefix => Some(address.to_string()),
                Leased::Prefix(address, _) if prefix => Some(address.to_string()),
                _ => None,
            })
        };
        let (address, prefix) = (find(false).unwrap_or_default(), find(true).unwrap_or_default());
        let octets: Vec<String> = row.client_id.iter().map(|o| format!("{o:02x}")).collect();
        push(text, format_args!("{},{address},{prefix}", octets.join(separator)));
    }
    text.push_str("\n\n");
}

/// A part that perfdhcp does not have, behind all that it has.
fn percentiles(text: &mut String, options: &Options, results: &Results) {
    if options.separator.is_some() {
        return;
    }
    push(text, format_args!("***Delay percentiles***"));
    for exchange in exchanges(options) {
        let name = exchange.name(options.protocol, options.mode);
        let tally = results.of(exchange);
        let value =
            |p: f64| tally.percentile(p).map_or("n/a".to_owned(), |ms| format!("{ms:.3} ms"));
        push(
            text,
            format_args!(
                "{name}: 50%: {}, 90%: {}, 99%: {}, 99.9%: {}",
                value(50.0),
                value(90.0),
                value(99.0),
                value(99.9)
            ),
        );
    }
}

/// Adds a line. Writing to a string cannot fail.
fn push(text: &mut String, line: std::fmt::Arguments<'_>) {
    let _ = writeln!(text, "{line}");
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect()
}

/// Six significant digits without trailing zeros, as C++ streams and `%g` print numbers.
pub(crate) fn general(number: f64) -> String {
    if number == 0.0 || !number.is_finite() {
        return "0".to_owned();
    }
    let exponent = format!("{number:.5e}");
    let power: i32 = exponent.split_once('e').and_then(|(_, p)| p.parse().ok()).unwrap_or(0);
    let trim = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    if !(-4..6).contains(&power) {
        let (mantissa, _) = exponent.split_once('e').unwrap_or((&exponent, ""));
        let sign = if power < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", trim(mantissa), power.abs());
    }
    trim(&format!("{number:.*}", usize::try_from(5 - power).unwrap_or(0)))
}

#[cfg(test)]
mod tests;
