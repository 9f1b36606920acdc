//! Reservations.

use std::collections::HashSet;

use kea_lease::SubnetId;
use kea_wire::{Address as _, HwAddr, Prefix};
use smallvec::SmallVec;

use super::identifier::octets;
use super::section::Section;
use super::{Loader, user_context};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::document::Span;
use crate::schema::Scope;
use crate::snapshot::{Dialect, IdentifierKind, Reservation, Reservations};

/// The longest identifier that is not a hardware address.
const MAX_IDENTIFIER: usize = 128;

/// Reads the reservations of a subnet, or the global ones.
pub(crate) fn read<F: Dialect>(
    loader: &mut Loader<'_, '_, F>,
    scope: Section<'_>,
    subnet: Option<(SubnetId, Prefix<F::Addr>)>,
    unique: bool,
    into: &mut Reservations<F>,
) {
    let id = subnet.map(|(id, _)| id);
    let mut places: Vec<Span> = Vec::new();
    let start = into.len();
    let mut prefixes: HashSet<Prefix<std::net::Ipv6Addr>> = HashSet::new();
    for section in scope.sections("reservations", Scope::Reservation) {
        let Some((kind, identifier)) = identifier::<F>(section, loader.diagnostics) else {
            continue;
        };
        let place = section.span_of(kind.name());
        let first_place = |at: usize| places.get(at - start).copied().unwrap_or(Span::NONE);
        if let Some(at) = into.position(id, kind, &identifier) {
            let shown = section.text(kind.name()).unwrap_or("");
            loader.diagnostics.push(
                Diagnostic::error(format!("{kind} {shown} is reserved twice"))
                    .at(place, "")
                    .also(first_place(at), "first reserved here"),
            );
            continue;
        }
        let addresses = F::reserved_addresses(section);
        for (address, span) in &addresses {
            let number = address.number();
            if number == 0 || (F::VERSION == 4 && number == u128::from(u32::MAX)) {
                loader.error(format!("address {address} is nobody's to reserve"), *span);
                continue;
            }
            if let Some((_, prefix)) = subnet
                && !prefix.contains(*address)
            {
                let message = format!("reserved address {address} is not inside subnet {prefix}");
                loader.error(message, *span);
            }
            if let Some(at) =
                into.position_of_address(id, *address).filter(|_| unique && id.is_some())
            {
                loader.diagnostics.push(
                    Diagnostic::error(format!("address {address} is reserved for two clients"))
                        .at(*span, "")
                        .also(first_place(at), "the other one")
                        .hint("set 'ip-reservations-unique' to false if that is intended"),
                );
            }
        }
        let specific = F::read_reservation(section, loader.diagnostics);
        let mut own = HashSet::new();
        for prefix in F::reserved_prefixes(&specific) {
            if !own.insert(*prefix) {
                let message = format!("prefix {prefix} is reserved twice");
                loader.error(message, section.span_of("prefixes"));
            } else if !prefixes.insert(*prefix) && unique && id.is_some() {
                let message = format!("prefix {prefix} is reserved for two clients");
                loader.error(message, section.span_of("prefixes"));
            }
        }
        let options = loader.options.read(section, &mut loader.classes, loader.diagnostics);
        let classes = loader.classes.mentioned(section.texts("client-classes"), loader.diagnostics);
        let hostname = section.text("hostname").unwrap_or("");
        let is_empty = addresses.is_empty()
            && hostname.is_empty()
            && classes.is_empty()
            && options.is_empty()
            && specific == <F::Reservation>::default();
        // An entry with mistakes has had its say.
        let mistaken = section.texts("prefixes").next().is_some()
            || section.some_text("ip-address").is_some()
            || section.texts("ip-addresses").next().is_some()
            || section.sections("option-data", Scope::OptionData).next().is_some();
        if is_empty && !mistaken {
            let message = format!("nothing is reserved for this {kind}");
            let hint = "give an address, a host name, options or classes";
            loader.diagnostics.push(Diagnostic::warning(message).at(place, "").hint(hint));
        }
        places.push(place);
        into.push(Reservation {
            subnet: id,
            kind,
            identifier,
            addresses: addresses.into_iter().map(|(address, _)| address).collect(),
            hostname: hostname.into(),
            classes,
            options: Some(options).filter(|options| !options.is_empty()),
            specific,
            user_context: user_context(section, loader.diagnostics),
        });
    }
}

fn identifier<F: Dialect>(
    section: Section<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<(IdentifierKind, SmallVec<[u8; 16]>)> {
    let given: Vec<_> =
        IdentifierKind::ALL.into_iter().filter(|kind| section.has(kind.name())).collect();
    let kind = match given[..] {
        [kind] => kind,
        [] => {
            let kinds: Vec<_> = F::identifiers().iter().map(|kind| format!("'{kind}'")).collect();
            diagnostics.push(
                Diagnostic::error("a reservation needs an identifier")
                    .at(section.head(), "")
                    .hint(format!("one of {}", kinds.join(", "))),
            );
            return None;
        }
        [first, second, ..] => {
            diagnostics.push(
                Diagnostic::error("a reservation has exactly one identifier")
                    .at(section.span_of(second.name()), "")
                    .also(section.span_of(first.name()), "the other one"),
            );
            return None;
        }
    };
    let text = section.text(kind.name())?;
    let max = if kind == IdentifierKind::HwAddress { HwAddr::MAX_LEN } else { MAX_IDENTIFIER };
    let quoted = text.trim_start().starts_with('\'');
    let octets = octets(text).filter(|_| !(quoted && kind == IdentifierKind::HwAddress));
    match octets {
        Some(octets) if (1..=max).contains(&octets.len()) => Some((kind, octets)),
        Some(octets) => {
            let message = format!("'{kind}' has {} octets; 1 to {max} are possible", octets.len());
            diagnostics.push(Diagnostic::error(message).at(section.span_of(kind.name()), ""));
            None
        }
        None => {
            diagnostics.push(
                Diagnostic::error(format!("'{text}' is not a valid '{kind}'"))
                    .at(section.span_of(kind.name()), "")
                    .hint("write hexadecimal octets, separated by ':' or not"),
            );
            None
        }
    }
}
