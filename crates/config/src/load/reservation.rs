//! Reservations.

use std::collections::HashSet;
use std::net::Ipv6Addr;
use std::sync::Arc;

use kea_expr::{ClassId, ClassList};
use kea_lease::SubnetId;
use kea_options::Registry;
use kea_wire::{Address as _, Prefix};
use smallvec::SmallVec;

use super::options::OptionReader;
use super::section::Section;
use super::{Loader, user_context};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::document::{Node, Span};
use crate::schema::{self, Scope};
use crate::snapshot::{Dialect, IdentifierKind, OptionSet, Reservation, ReservationTable, Subnet};

/// Reads the reservations of a subnet, or the global ones.
pub(crate) fn read<F: Dialect>(
    loader: &mut Loader<'_, '_, F>,
    scope: Section<'_>,
    subnet: Option<(SubnetId, Prefix<F::Addr>)>,
    unique: bool,
    into: &mut ReservationTable<F>,
) {
    let id = subnet.map(|(id, _)| id);
    let mut places: Vec<Span> = Vec::new();
    let start = into.len();
    let mut prefixes: HashSet<Prefix<Ipv6Addr>> = HashSet::new();
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
        let addresses =
            addresses::<F>(section, subnet.map(|(_, prefix)| prefix), loader.diagnostics);
        for (address, span) in &addresses {
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
        for prefix in own_prefixes::<F>(section, &specific, loader.diagnostics) {
            if !prefixes.insert(prefix) && unique && id.is_some() {
                let message = format!("prefix {prefix} is reserved for two clients");
                loader.error(message, section.span_of("prefixes"));
            }
        }
        let options = loader.options_of(section);
        let classes = loader.classes.mentioned(section.texts("client-classes"), loader.diagnostics);
        let parts = Parts { addresses, specific, options, classes };
        let host = parts.reservation(section, id, (kind, identifier), loader.diagnostics);
        // An entry with mistakes has had its say.
        let mistaken = section.texts("prefixes").next().is_some()
            || section.some_text("ip-address").is_some()
            || section.texts("ip-addresses").next().is_some()
            || section.sections("option-data", Scope::OptionData).next().is_some();
        if host.is_empty() && !mistaken {
            let message = format!("nothing is reserved for this {kind}");
            let hint = "give an address, a host name, options or classes";
            loader.diagnostics.push(Diagnostic::warning(message).at(place, "").hint(hint));
        }
        places.push(place);
        into.push(host);
    }
}

/// Reads reservations that stand outside the configuration file, one after the other.
pub struct ReservationReader<'s, F: Dialect> {
    options: OptionReader<F>,
    subnets: &'s [Subnet<F>],
    /// Gets the names of classes that the configuration does not mention.
    classes: &'s mut ClassList,
}

/// Why a reservation cannot be used.
#[derive(Clone, Debug)]
pub enum UnreadReservation {
    /// There is no such subnet.
    UnknownSubnet(SubnetId),
    /// What is wrong with it.
    Faulty(Diagnostics),
}

impl<'s, F: Dialect> ReservationReader<'s, F> {
    pub(crate) fn new(
        definitions: &Arc<Registry<F>>,
        subnets: &'s [Subnet<F>],
        classes: &'s mut ClassList,
    ) -> Self {
        ReservationReader { options: OptionReader::of(definitions.clone()), subnets, classes }
    }

    /// Reads one of a subnet, or a global one (`None`): a map as it would stand in `reservations`.
    ///
    /// # Errors
    /// Why it cannot be one.
    pub fn read(
        &mut self,
        subnet: Option<SubnetId>,
        map: &Node,
    ) -> Result<Reservation<F>, UnreadReservation> {
        let prefix = match subnet {
            Some(id) => {
                let position = self.subnets.binary_search_by_key(&id, |subnet| subnet.id);
                let found = position.ok().and_then(|position| self.subnets.get(position));
                Some(found.ok_or(UnreadReservation::UnknownSubnet(id))?.prefix)
            }
            None => None,
        };
        let mut diagnostics = Diagnostics::default();
        let out = &mut diagnostics;
        schema::check_part(F::PROTOCOL, Scope::Reservation, map, out);
        let section = Section::new(map, Scope::Reservation, F::PROTOCOL);
        let client = identifier::<F>(section, out);
        let addresses = addresses::<F>(section, prefix, out);
        let specific = F::read_reservation(section, out);
        own_prefixes::<F>(section, &specific, out);
        let classes = &mut *self.classes;
        let number = &mut |name: &str| classes.names_mut().intern(name);
        let options = self.options.read(section, number, out);
        let classes = section.texts("client-classes").map(|(name, _)| number(name)).collect();
        let parts = Parts { addresses, specific, options, classes };
        let host = client.map(|client| parts.reservation(section, subnet, client, out));
        match host.filter(|_| !diagnostics.has_errors()) {
            Some(host) => Ok(host),
            None => Err(UnreadReservation::Faulty(diagnostics)),
        }
    }
}

/// What is read and checked of a reservation, wherever it stands.
struct Parts<F: Dialect> {
    addresses: Vec<(F::Addr, Span)>,
    specific: F::Reservation,
    options: Arc<OptionSet>,
    classes: Box<[ClassId]>,
}

impl<F: Dialect> Parts<F> {
    fn reservation(
        self,
        section: Section<'_>,
        subnet: Option<SubnetId>,
        (kind, identifier): (IdentifierKind, SmallVec<[u8; 16]>),
        diagnostics: &mut Diagnostics,
    ) -> Reservation<F> {
        Reservation {
            subnet,
            kind,
            identifier,
            addresses: self.addresses.into_iter().map(|(address, _)| address).collect(),
            hostname: section.text("hostname").unwrap_or("").into(),
            classes: self.classes,
            options: Some(self.options).filter(|options| !options.is_empty()),
            specific: self.specific,
            user_context: user_context(section, diagnostics),
        }
    }
}

/// The addresses of a reservation, if they can be its subnet's.
fn addresses<F: Dialect>(
    section: Section<'_>,
    prefix: Option<Prefix<F::Addr>>,
    diagnostics: &mut Diagnostics,
) -> Vec<(F::Addr, Span)> {
    let addresses = F::reserved_addresses(section);
    for (address, span) in &addresses {
        let number = address.number();
        if number == 0 || (F::VERSION == 4 && number == u128::from(u32::MAX)) {
            let message = format!("address {address} is nobody's to reserve");
            diagnostics.push(Diagnostic::error(message).at(*span, ""));
        } else if let Some(prefix) = prefix.filter(|prefix| !prefix.contains(*address)) {
            let message = format!("reserved address {address} is not inside subnet {prefix}");
            diagnostics.push(Diagnostic::error(message).at(*span, ""));
        }
    }
    addresses
}

/// The prefixes of a reservation. None is there twice.
fn own_prefixes<F: Dialect>(
    section: Section<'_>,
    specific: &F::Reservation,
    diagnostics: &mut Diagnostics,
) -> Vec<Prefix<Ipv6Addr>> {
    let mut own = Vec::new();
    for prefix in F::reserved_prefixes(specific) {
        if own.contains(prefix) {
            let message = format!("prefix {prefix} is reserved twice");
            diagnostics.push(Diagnostic::error(message).at(section.span_of("prefixes"), ""));
        } else {
            own.push(*prefix);
        }
    }
    own
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
    match kind.octets(section.text(kind.name())?) {
        Ok(octets) => Some((kind, octets)),
        Err(fault) => {
            let problem = Diagnostic::error(fault.to_string());
            let problem = problem.at(section.span_of(kind.name()), "");
            diagnostics.push(match fault.hint() {
                Some(hint) => problem.hint(hint),
                None => problem,
            });
            None
        }
    }
}
