//! From the document to the snapshot: all checks, all at once.

mod class;
mod dialect;
mod identifier;
mod network;
mod options;
mod reservation;
mod section;
mod server;

use std::sync::Arc;

use bytes::Bytes;
use hashbrown::{HashMap, HashSet};

pub(crate) use dialect::Read;
pub use identifier::IdentifierFault;
pub(crate) use identifier::octets;
pub(crate) use network::pool_bounds;
pub use reservation::{ReservationReader, UnreadReservation};
pub(crate) use section::{Chain, Section};

use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::document::{Document, Node, Span, Value};
use crate::schema::{self, Scope};
use crate::snapshot::{
    Classes, DdnsParameters, Dialect, OptionSet, OverV6Index, PrefixIndex, ReservationTable,
    Reservations, SharedNetwork, Snapshot, Subnet,
};

use class::ClassReader;
pub(crate) use class::DefinedNames;
use network::Draft;
use options::OptionReader;

/// Makes the snapshot of a document.
///
/// # Errors
/// All problems, when one of them is an error. Otherwise the snapshot comes with the warnings.
pub fn load<F: Dialect>(
    document: &Arc<Document>,
) -> Result<(Snapshot<F>, Diagnostics), Diagnostics> {
    let mut diagnostics = Diagnostics::about(document.sources());
    let Some(object) = server_object::<F>(document, &mut diagnostics) else {
        return Err(diagnostics);
    };
    schema::check(F::PROTOCOL, object, &mut diagnostics);
    let global = Section::new(object, Scope::Global, F::PROTOCOL);
    let options = OptionReader::new(global, &mut diagnostics);
    let names = DefinedNames(options.registry.clone());
    let snapshot = build(document, global, options, &names, &mut diagnostics);
    if diagnostics.has_errors() { Err(diagnostics) } else { Ok((snapshot, diagnostics)) }
}

/// What reading needs everywhere.
pub(crate) struct Loader<'o, 'g, F: Dialect> {
    pub(crate) diagnostics: &'g mut Diagnostics,
    pub(crate) options: OptionReader<F>,
    pub(crate) classes: ClassReader<'o, F>,
    global_ddns: Arc<DdnsParameters>,
}

impl<F: Dialect> Loader<'_, '_, F> {
    pub(crate) fn error(&mut self, message: impl Into<String>, span: Span) {
        self.diagnostics.push(Diagnostic::error(message).at(span, ""));
    }

    /// The options of a scope.
    pub(crate) fn options_of(&mut self, section: Section<'_>) -> Arc<OptionSet> {
        let number = &mut |name: &str| self.classes.intern(name);
        self.options.read(section, number, self.diagnostics)
    }

    /// The DNS update parameters of a scope, shared where it adds nothing to the global ones.
    pub(crate) fn ddns(&mut self, chain: Chain<'_, '_>) -> Arc<DdnsParameters> {
        if chain.any_inside(network::DDNS_KEYS) {
            Arc::new(network::ddns(chain, self.diagnostics))
        } else {
            self.global_ddns.clone()
        }
    }
}

/// The server's object at the top level, which holds nothing else.
fn server_object<'d, F: Dialect>(
    document: &'d Document,
    diagnostics: &mut Diagnostics,
) -> Option<&'d Node> {
    let name = F::PROTOCOL.object();
    let Some(top) = document.root().as_map() else {
        let message =
            format!("the configuration must be a map, not {}", document.root().value.kind());
        diagnostics.push(Diagnostic::error(message).at(document.root().span, ""));
        return None;
    };
    for entry in top.iter().filter(|entry| &*entry.name != name) {
        let hint = match &*entry.name {
            "Logging" => format!("'Logging' was split up: move its 'loggers' into '{name}'"),
            "Dhcp4" | "Dhcp6" | "DhcpDdns" | "Control-agent" | "Netconf" => {
                "each server has its own configuration file".into()
            }
            _ => format!("only '{name}' stands at the top"),
        };
        let message = format!("unsupported object '{}'", entry.name);
        diagnostics.push(Diagnostic::error(message).at(entry.name_span, "").hint(hint));
    }
    let object = top.get(name);
    match object {
        None => {
            let message = format!("there is no '{name}' object");
            diagnostics.push(Diagnostic::error(message).at(document.root().span, ""));
        }
        Some(node) if node.as_map().is_none() => {
            let message = format!("'{name}' must be a map, not {}", node.value.kind());
            diagnostics.push(Diagnostic::error(message).at(node.span, ""));
            return None;
        }
        Some(_) => {}
    }
    object
}

fn build<F: Dialect>(
    document: &Arc<Document>,
    global: Section<'_>,
    mut options: OptionReader<F>,
    names: &DefinedNames<F>,
    diagnostics: &mut Diagnostics,
) -> Snapshot<F> {
    let levels = [global];
    let chain = Chain(&levels);
    let mut classes = ClassReader::new(global, &mut options, names, diagnostics);
    let global_options = options.read(global, &mut |name| classes.intern(name), diagnostics);
    let ddns = Arc::new(network::ddns(chain, diagnostics));
    let server = server::parameters::<F>(global, diagnostics);
    let specific = F::read_server(global, &options.registry, diagnostics);
    let valid = network::triplet(chain, "valid-lifetime", diagnostics);
    network::check_timers(chain, diagnostics);
    conflicting_keys(global, diagnostics);

    let mut loader = Loader { diagnostics, options, classes, global_ddns: ddns.clone() };
    let (drafts, mut networks) = network::read(&mut loader, global);
    let unique = server.ip_reservations_unique;
    let mut reservations = ReservationTable::default();
    reservation::read(&mut loader, global, None, unique, &mut reservations);
    for Draft { subnet, section } in &drafts {
        conflicting_keys(*section, loader.diagnostics);
        let scope = Some((subnet.id, subnet.prefix));
        reservation::read(&mut loader, *section, scope, unique, &mut reservations);
    }
    reservations.shrink();
    let mut subnets: Vec<Subnet<F>> = drafts.into_iter().map(|draft| draft.subnet).collect();
    subnets.sort_by_key(|subnet| subnet.id);
    join_networks(&subnets, &mut networks);
    let Loader { options, classes, diagnostics, .. } = loader;
    let ways = |keys: fn(&crate::snapshot::Reach<F>) -> Option<Box<str>>| {
        ways_to(&subnets, &networks, |reach| keys(reach).into_iter().collect())
    };
    let hooks_libraries = server::hooks_libraries(global);
    let classes = classes.finish();
    let server_ids = server_ids(&subnets, &classes, &global_options);
    Snapshot {
        document: document.clone(),
        server_ids: Arc::new(server_ids),
        over_v6: Arc::new(OverV6Index::new((0..).zip(&subnets).filter_map(
            |(position, subnet)| F::over_v6(&subnet.specific).map(|keys| (position, keys)),
        ))),
        by_prefix: Arc::new(PrefixIndex::new(subnets.iter().map(|subnet| subnet.prefix))),
        by_relay: Arc::new(ways_to(&subnets, &networks, |reach| reach.relays.to_vec())),
        by_interface: Arc::new(ways(|reach| reach.interface.clone())),
        by_interface_id: Arc::new(ways_to(&subnets, &networks, |reach| {
            reach.interface_id.iter().cloned().collect()
        })),
        definitions: options.registry,
        classes,
        options: global_options,
        reservations: Reservations::of_file(reservations),
        valid,
        timers: network::timers(chain),
        ddns,
        reservation_search: network::reservation_search(chain),
        server,
        specific,
        interfaces: server::interfaces(global, diagnostics),
        lease_database: server::lease_database(global),
        hosts_databases: server::hosts_databases(global, diagnostics),
        config_control: server::config_control(global),
        expired_leases: server::expired_leases(global),
        multi_threading: server::multi_threading(global),
        queue_control: server::queue_control(global),
        sanity_checks: server::sanity_checks(global),
        compatibility: server::compatibility(global),
        dhcp_ddns: server::dhcp_ddns(global, diagnostics),
        control_sockets: server::control_sockets(global, diagnostics),
        hooks_libraries,
        loggers: server::loggers(global),
        subnets: subnets.into(),
        networks: networks.into(),
    }
}

/// The values of option 54 that any scope gives (DHCPv4).
fn server_ids<F: Dialect>(
    subnets: &[Subnet<F>],
    classes: &Classes<F>,
    global: &OptionSet,
) -> HashSet<Bytes> {
    const SERVER_ID: u16 = 54;
    let of_subnets = subnets.iter().map(|subnet| &*subnet.options);
    let of_classes = classes.iter().map(|class| &*class.options);
    of_subnets
        .chain(of_classes)
        .chain([global])
        .filter(|_| F::VERSION == 4)
        .flat_map(|set| set.get(F::OPTION_SPACE, SERVER_ID).as_slice())
        .map(|option| option.data.clone())
        .collect()
}

fn join_networks<F: Dialect>(subnets: &[Subnet<F>], networks: &mut [SharedNetwork<F>]) {
    let mut members: Vec<Vec<u32>> = vec![Vec::new(); networks.len()];
    for (position, subnet) in (0u32..).zip(subnets) {
        if let Some(list) = subnet.network.and_then(|network| members.get_mut(network as usize)) {
            list.push(position);
        }
    }
    for (network, members) in networks.iter_mut().zip(members) {
        network.subnets = members.into();
    }
}

/// Positions of subnets by one of the ways that queries get to them: subnets' own ways first, by
/// ascending identifier, then those of networks.
fn ways_to<F: Dialect, K: std::hash::Hash + Eq>(
    subnets: &[Subnet<F>],
    networks: &[SharedNetwork<F>],
    keys: impl Fn(&crate::snapshot::Reach<F>) -> Vec<K>,
) -> HashMap<K, Box<[u32]>> {
    let mut ways: HashMap<K, Vec<u32>> = HashMap::new();
    for (position, subnet) in (0u32..).zip(subnets) {
        keys(&subnet.reach).into_iter().for_each(|key| ways.entry(key).or_default().push(position));
    }
    for network in networks {
        for key in keys(&network.reach) {
            let positions = ways.entry(key).or_default();
            let new = network.subnets.iter().filter(|p| !positions.contains(p)).copied();
            let new: Vec<_> = new.collect();
            positions.extend(new);
        }
    }
    ways.into_iter().map(|(key, positions)| (key, positions.into())).collect()
}

/// Old and new names of one thing in one scope.
fn conflicting_keys(section: Section<'_>, diagnostics: &mut Diagnostics) {
    let flags = ["reservations-global", "reservations-in-subnet", "reservations-out-of-pool"];
    let pairs = flags
        .iter()
        .map(|flag| ("reservation-mode", *flag))
        .chain([("ddns-use-conflict-resolution", "ddns-conflict-resolution-mode")]);
    for (old, new) in pairs.filter(|(old, new)| section.has(old) && section.has(new)) {
        diagnostics.push(
            Diagnostic::error(format!("'{old}' and '{new}' exclude each other"))
                .at(section.span_of(new), "")
                .also(section.span_of(old), "the other one"),
        );
    }
}

/// `user-context` with `comment` folded into it.
pub(crate) fn user_context(
    section: Section<'_>,
    diagnostics: &mut Diagnostics,
) -> Option<Arc<Value>> {
    let context = section.node("user-context");
    let Some(comment) = section.node("comment").filter(|node| node.as_str().is_some()) else {
        return context.map(|node| Arc::new(node.value.clone()));
    };
    let mut map = context.and_then(Node::as_map).cloned().unwrap_or_default();
    if map.get("comment").is_some() {
        let message = "'user-context' already has a 'comment'";
        let place = section.entry("comment").map_or(section.head(), |entry| entry.name_span);
        let problem = Diagnostic::warning(message).at(place, "");
        diagnostics.push(problem.hint("the one outside 'user-context' is kept"));
    }
    map.set("comment", comment.clone());
    Some(Arc::new(Value::Map(map)))
}
