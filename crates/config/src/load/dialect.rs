//! Reading what only one protocol has.

use std::net::{Ipv4Addr, Ipv6Addr};

use kea_lease::{LeaseKind, PoolSpec};
use kea_options::{OptionText, Registry};
use kea_wire::{Prefix, V4, V6};

use super::identifier::{excludes, octets};
use super::network::{class_triplet, triplet};
use super::section::{Chain, Section};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::document::{Node, Span, Value};
use crate::schema::Scope;
use crate::snapshot::{
    BootFields, Dialect, DuidKind, IdentifierKind, MacSource, OverV6, Preferred, ServerId,
    V4Server, V4Subnet, V6Pool, V6Reservation, V6Server, V6Subnet,
};

/// How each protocol reads its own keys.
pub trait Read: Sized {
    /// Identifiers of its reservations.
    fn identifiers() -> &'static [IdentifierKind];
    /// Global keys.
    fn read_server(
        global: Section<'_>,
        registry: &Registry<Self>,
        out: &mut Diagnostics,
    ) -> Self::Server
    where
        Self: Dialect;
    /// Keys of a subnet, inheritance done.
    fn read_subnet(chain: Chain<'_, '_>, out: &mut Diagnostics) -> Self::Subnet
    where
        Self: Dialect;
    /// A pool of prefixes.
    fn read_prefix_pool(
        section: Section<'_>,
        out: &mut Diagnostics,
    ) -> Option<(PoolSpec<Self>, Self::Pool)>
    where
        Self: Dialect;
    /// Keys of a class.
    fn read_class(section: Section<'_>, out: &mut Diagnostics) -> Self::Class
    where
        Self: Dialect;
    /// Keys of a reservation.
    fn read_reservation(section: Section<'_>, out: &mut Diagnostics) -> Self::Reservation
    where
        Self: Dialect;
    /// Addresses of a reservation, with their places.
    fn reserved_addresses(section: Section<'_>) -> Vec<(Self::Addr, Span)>
    where
        Self: Dialect;
    /// Prefixes of a reservation.
    fn reserved_prefixes(reservation: &Self::Reservation) -> &[Prefix<Ipv6Addr>]
    where
        Self: Dialect;
}

impl Read for V4 {
    fn identifiers() -> &'static [IdentifierKind] {
        &IdentifierKind::ALL
    }

    fn read_server(global: Section<'_>, _: &Registry<V4>, _: &mut Diagnostics) -> V4Server {
        V4Server {
            echo_client_id: global.boolean_or_default("echo-client-id"),
            stash_agent_options: global.boolean_or_default("stash-agent-options"),
            match_client_id: global.boolean_or_default("match-client-id"),
            authoritative: global.boolean_or_default("authoritative"),
            boot: boot_fields(&[global]),
        }
    }

    fn read_subnet(chain: Chain<'_, '_>, out: &mut Diagnostics) -> V4Subnet {
        let over_v6 =
            chain.0.first().map_or_else(OverV6::default, |section| over_v6(*section, out));
        V4Subnet {
            match_client_id: chain.boolean("match-client-id"),
            authoritative: chain.boolean("authoritative"),
            offer_lifetime: chain.u32("offer-lifetime").unwrap_or(0),
            boot: boot_fields(chain.0),
            over_v6,
        }
    }

    fn read_prefix_pool(_: Section<'_>, _: &mut Diagnostics) -> Option<(PoolSpec<V4>, ())> {
        None
    }

    fn read_class(section: Section<'_>, _: &mut Diagnostics) -> BootFields {
        boot_fields(&[section])
    }

    fn read_reservation(section: Section<'_>, _: &mut Diagnostics) -> BootFields {
        boot_fields(&[section])
    }

    fn reserved_addresses(section: Section<'_>) -> Vec<(Ipv4Addr, Span)> {
        let address: Option<Ipv4Addr> = section.address("ip-address");
        address.map(|address| (address, section.span_of("ip-address"))).into_iter().collect()
    }

    fn reserved_prefixes(_: &BootFields) -> &[Prefix<Ipv6Addr>] {
        &[]
    }
}

/// The nearest scope that gives a field decides. An empty text says nothing, and inherits;
/// 0.0.0.0 says "none".
fn boot_fields(chain: &[Section<'_>]) -> BootFields {
    BootFields {
        next_server: chain.iter().find_map(|section| section.address("next-server")),
        server_hostname: chain.iter().find_map(|section| section.boxed("server-hostname")),
        boot_file_name: chain.iter().find_map(|section| section.boxed("boot-file-name")),
    }
}

fn over_v6(section: Section<'_>, out: &mut Diagnostics) -> OverV6 {
    let subnet = section.some_text("4o6-subnet").and_then(|text| match text.parse() {
        Ok(prefix) => Some(prefix),
        Err(_) => {
            let message = format!("'4o6-subnet' is not an IPv6 prefix: '{text}'");
            out.push(Diagnostic::error(message).at(section.span_of("4o6-subnet"), ""));
            None
        }
    });
    OverV6 {
        subnet,
        interface_id: section.some_text("4o6-interface-id").map(|text| text.as_bytes().into()),
        interface: section.boxed("4o6-interface"),
    }
}

impl Read for V6 {
    fn identifiers() -> &'static [IdentifierKind] {
        &[IdentifierKind::HwAddress, IdentifierKind::Duid, IdentifierKind::FlexId]
    }

    fn read_server(
        global: Section<'_>,
        registry: &Registry<V6>,
        out: &mut Diagnostics,
    ) -> V6Server {
        let mac_sources = mac_sources(global, out);
        V6Server {
            data_directory: global.boxed("data-directory"),
            mac_sources: if mac_sources.is_empty() {
                [MacSource::Any].into()
            } else {
                mac_sources.into()
            },
            relay_supplied_options: relay_supplied(global, registry, out),
            server_id: global
                .has("server-id")
                .then(|| server_id(global.section("server-id", Scope::ServerId), out)),
            duid: None,
            allow_address_registration: global.boolean_or_default("allow-address-registration"),
            preferred: triplet(Chain(&[global]), "preferred-lifetime", out),
        }
    }

    fn read_subnet(chain: Chain<'_, '_>, out: &mut Diagnostics) -> V6Subnet {
        // Not a global key: the schema's default is at the network.
        let rapid_commit = chain.0.iter().find_map(|section| section.boolean("rapid-commit"));
        let interface_id = chain.0.first().and_then(|section| section.some_text("interface-id"));
        V6Subnet {
            preferred: triplet(chain, "preferred-lifetime", out),
            rapid_commit: rapid_commit.unwrap_or(false),
            interface_id: interface_id.map(|text| text.as_bytes().into()),
        }
    }

    fn read_prefix_pool(
        section: Section<'_>,
        out: &mut Diagnostics,
    ) -> Option<(PoolSpec<V6>, V6Pool)> {
        let prefix: Ipv6Addr = section.address("prefix")?;
        let len = u8::try_from(section.integer("prefix-len")?).ok()?;
        let delegated_len = u8::try_from(section.integer("delegated-len")?).ok()?;
        let prefix = Prefix::new(prefix, len)?;
        if delegated_len < len {
            let message =
                format!("'delegated-len' {delegated_len} is less than 'prefix-len' {len}");
            out.push(Diagnostic::error(message).at(section.span_of("delegated-len"), ""));
            return None;
        }
        let range = PoolSpec {
            kind: LeaseKind::Prefix,
            first: prefix.first(),
            last: prefix.last(),
            delegated_len,
        };
        Some((range, V6Pool { excluded: excluded(section, prefix, delegated_len, out) }))
    }

    fn read_class(section: Section<'_>, out: &mut Diagnostics) -> Preferred {
        Preferred { preferred: class_triplet(section, "preferred-lifetime", out) }
    }

    fn read_reservation(section: Section<'_>, out: &mut Diagnostics) -> V6Reservation {
        let mut read = |key: &str| {
            let texts = section.texts(key).map(|(text, span)| {
                let prefix = text.parse().ok();
                if prefix.is_none() && !(text.is_empty() && key == "excluded-prefixes") {
                    let message = format!("'{text}' is not a prefix");
                    out.push(
                        Diagnostic::error(message)
                            .at(span, "")
                            .hint("a prefix is written ADDRESS/LENGTH"),
                    );
                }
                prefix
            });
            texts.collect::<Vec<Option<Prefix<Ipv6Addr>>>>()
        };
        let (prefixes, excluded) = (read("prefixes"), read("excluded-prefixes"));
        for (excluded, prefix) in excluded.iter().zip(&prefixes) {
            if let (Some(excluded), Some(prefix)) = (excluded, prefix)
                && !excludes(*prefix, *excluded)
            {
                let message = format!("excluded prefix {excluded} is not a part of {prefix}");
                out.push(Diagnostic::error(message).at(section.span_of("excluded-prefixes"), ""));
            }
        }
        V6Reservation {
            prefixes: prefixes.into_iter().flatten().collect(),
            excluded: excluded.into(),
        }
    }

    fn reserved_addresses(section: Section<'_>) -> Vec<(Ipv6Addr, Span)> {
        let texts = section.texts("ip-addresses");
        texts.filter_map(|(text, span)| Some((text.parse().ok()?, span))).collect()
    }

    fn reserved_prefixes(reservation: &V6Reservation) -> &[Prefix<Ipv6Addr>] {
        &reservation.prefixes
    }
}

fn excluded(
    section: Section<'_>,
    pool: Prefix<Ipv6Addr>,
    delegated_len: u8,
    out: &mut Diagnostics,
) -> Option<Prefix<Ipv6Addr>> {
    let address: Option<Ipv6Addr> =
        section.address("excluded-prefix").filter(|a: &Ipv6Addr| !a.is_unspecified());
    let len = section.integer("excluded-prefix-len").filter(|len| *len != 0);
    let (address, len) = match (address, len) {
        (None, None) => return None,
        (Some(address), Some(len)) => (address, u8::try_from(len).ok()?),
        (Some(_), None) | (None, Some(_)) => {
            let message = "'excluded-prefix' and 'excluded-prefix-len' belong together";
            let key = if address.is_some() { "excluded-prefix" } else { "excluded-prefix-len" };
            out.push(Diagnostic::error(message).at(section.span_of(key), ""));
            return None;
        }
    };
    let excluded = Prefix::new(address, len)?;
    if len <= delegated_len {
        let message = format!(
            "'excluded-prefix-len' {len} is not greater than 'delegated-len' {delegated_len}"
        );
        out.push(Diagnostic::error(message).at(section.span_of("excluded-prefix-len"), ""));
        return None;
    }
    if !pool.contains(address) {
        let message = format!("excluded prefix {excluded} is not inside {pool}");
        out.push(Diagnostic::error(message).at(section.span_of("excluded-prefix"), ""));
        return None;
    }
    Some(excluded)
}

fn server_id(section: Section<'_>, out: &mut Diagnostics) -> ServerId {
    let text = section.text_or_default("identifier");
    let identifier = octets(text).unwrap_or_else(|| {
        let message = format!("'identifier' is not hexadecimal octets: '{text}'");
        out.push(Diagnostic::error(message).at(section.span_of("identifier"), ""));
        Default::default()
    });
    ServerId {
        kind: section.word(
            "type",
            &[("LLT", DuidKind::Llt), ("EN", DuidKind::En), ("LL", DuidKind::Ll)],
            DuidKind::Llt,
        ),
        htype: section.u16_or_default("htype"),
        time: section.u32_or_default("time"),
        enterprise_id: section.u32_or_default("enterprise-id"),
        identifier: identifier.to_vec().into(),
        persist: section.boolean_or_default("persist"),
    }
}

/// Where hardware addresses come from. A source that is named again, by whichever of its names, would not be
/// asked again.
fn mac_sources(global: Section<'_>, out: &mut Diagnostics) -> Vec<MacSource> {
    let mut sources = Vec::new();
    for (word, span) in global.texts("mac-sources") {
        match MAC_SOURCES.iter().find(|(name, _)| *name == word) {
            None => {
                let message = format!("'mac-sources' cannot have '{word}'");
                out.push(Diagnostic::error(message).at(span, ""));
            }
            Some((_, source)) if sources.contains(source) => {
                let message = format!("'mac-sources' names the source '{word}' again");
                out.push(Diagnostic::error(message).at(span, ""));
            }
            Some((_, source)) => sources.push(*source),
        }
    }
    sources
}

fn relay_supplied(
    global: Section<'_>,
    registry: &Registry<V6>,
    out: &mut Diagnostics,
) -> Box<[u16]> {
    let list = global.node("relay-supplied-options").and_then(Node::as_list).unwrap_or(&[]);
    let mut codes: Vec<u16> = list
        .iter()
        .filter_map(|node| {
            let code = match &node.value {
                Value::Integer(code) => u16::try_from(*code).ok(),
                Value::String(text) => text.parse().ok().or_else(|| {
                    let option = OptionText { name: Some(text), ..OptionText::default() };
                    registry.resolve(&option).ok().map(|(code, _)| code)
                }),
                _ => return None,
            };
            if code.is_none() {
                let message = format!("{} is not an option", node.value);
                out.push(Diagnostic::error(message).at(node.span, ""));
            }
            code
        })
        .collect();
    // RFC 6422 section 8: option 65 always is.
    codes.push(65);
    codes.sort_unstable();
    codes.dedup();
    codes.into()
}

const MAC_SOURCES: &[(&str, MacSource)] = &[
    ("any", MacSource::Any),
    ("raw", MacSource::Raw),
    ("duid", MacSource::Duid),
    ("ipv6-link-local", MacSource::Ipv6LinkLocal),
    ("client-link-addr-option", MacSource::ClientLinkAddrOption),
    ("rfc6939", MacSource::ClientLinkAddrOption),
    ("remote-id", MacSource::RemoteId),
    ("rfc4649", MacSource::RemoteId),
    ("subscriber-id", MacSource::SubscriberId),
    ("rfc4580", MacSource::SubscriberId),
    ("docsis-cmts", MacSource::DocsisCmts),
    ("docsis-modem", MacSource::DocsisModem),
];
