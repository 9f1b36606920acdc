//! The table as a page of the reference.

use std::fmt::Write;

use super::check::{Protocol, describe};
use super::json_schema::default_value;
use super::key::{Key, Kind, Scope, Status};

/// Every key of every scope, in Markdown.
pub fn reference_page(protocol: Protocol) -> String {
    let mut page = format!(
        "# {} configuration keys\n\nGenerated from the schema; `cargo test -p kea-config` says when it is out of date.\n",
        protocol.object()
    );
    for scope in Scope::ALL {
        if super::keys(protocol, *scope).next().is_none() {
            continue;
        }
        page += &format!(
            "\n## {}\n\n| key | value | default | meaning |\n| --- | --- | --- | --- |\n",
            scope.title()
        );
        for key in super::keys(protocol, *scope) {
            // Writing to a String cannot fail.
            let _ = writeln!(
                page,
                "| `{}` | {} | {} | {} |",
                key.name,
                value(key.kind),
                default_value(key.default).map_or(String::new(), |value| format!("`{value}`")),
                meaning(key)
            );
        }
    }
    page
}

fn value(kind: Kind) -> String {
    match kind {
        Kind::Integer(min, max) => format!("integer, {min} to {max}"),
        Kind::Fraction(min, max) => {
            format!("float, {:?} to {:?}", min as f64 / 1000.0, max as f64 / 1000.0)
        }
        Kind::Text(max) if max != usize::MAX => format!("string, at most {max} octets"),
        Kind::Share => "float, between 0.0 and 1.0, both excluded".into(),
        Kind::Word(words) | Kind::LikelyWord(words) => {
            words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
        }
        Kind::Ipv4 => "IPv4 address".into(),
        Kind::Ipv6 => "IPv6 address".into(),
        Kind::Ip => "address".into(),
        Kind::Map(scope) => format!("map: {}", scope.title()),
        Kind::Maps(scope) | Kind::SomeMaps(scope) => format!("list of maps: {}", scope.title()),
        other => describe(other).trim_start_matches("a ").into(),
    }
}

fn meaning(key: &Key) -> String {
    let mut text = key.doc.replace('|', "\\|");
    if key.mandatory {
        text += "; mandatory";
    }
    match key.status {
        Status::Current => {}
        Status::Since(version) => text += &format!(" (Kea {version} and later)"),
        Status::Deprecated(instead) => text += &format!(" (deprecated: {instead})"),
        Status::Own => text += " (kea-rs only)",
    }
    if !key.aliases.is_empty() {
        text += &format!("; also written `{}`", key.aliases.join("`, `"));
    }
    text
}
