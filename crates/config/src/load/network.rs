//! Shared networks, subnets and pools.

use std::sync::Arc;

use hashbrown::HashMap;
use kea_lease::{Allocator, PoolSpec, SubnetId};
use kea_wire::{Address, Prefix, PrefixError};
use regex::bytes::RegexBuilder;

use super::section::{Chain, Section};
use super::{Loader, user_context};
use crate::diagnostics::{Diagnostic, Diagnostics};
use crate::document::Span;
use crate::schema::Scope;
use crate::snapshot::{
    ConflictResolution, DdnsParameters, Dialect, LeaseCache, OptionSet, Pool, Reach,
    ReplaceClientName, ReservationSearch, SharedNetwork, Subnet, Timers, Triplet,
};

/// A subnet, with what only loading needs to know.
pub(crate) struct Draft<'d, F: Dialect> {
    pub(crate) subnet: Subnet<F>,
    pub(crate) section: Section<'d>,
}

/// Reads all networks and subnets, those in networks first, as identifiers are numbered.
pub(crate) fn read<'d, F: Dialect>(
    loader: &mut Loader<'_, '_, F>,
    global: Section<'d>,
) -> (Vec<Draft<'d, F>>, Vec<SharedNetwork<F>>) {
    let list = F::PROTOCOL.subnets();
    let mut drafts = Vec::new();
    let mut networks: Vec<SharedNetwork<F>> = Vec::new();
    let mut names: HashMap<&str, Span> = HashMap::new();
    for section in global.sections("shared-networks", Scope::SharedNetwork) {
        let name = section.text("name").unwrap_or("");
        if section.text("name") == Some("") {
            loader.error("a shared network needs a name", section.span_of("name"));
        } else if let Some(first) = names.insert(name, section.span_of("name")) {
            loader.diagnostics.push(
                Diagnostic::error(format!("shared network '{name}' is defined twice"))
                    .at(section.span_of("name"), "")
                    .also(first, "first defined here"),
            );
        }
        let options = loader.options_of(section);
        let position = networks.len() as u32;
        let chain = [section, global];
        for subnet in section.sections(list, Scope::Subnet) {
            drafts.extend(read_subnet(
                loader,
                &[subnet, section, global],
                Some(position),
                &options,
            ));
        }
        check_timers(Chain(&chain), loader.diagnostics);
        // Subnets without their own have these, and nobody would look at them there.
        triplet(Chain(&chain), "valid-lifetime", loader.diagnostics);
        if F::VERSION == 6 {
            triplet(Chain(&chain), "preferred-lifetime", loader.diagnostics);
        }
        let members = section.sections(list, Scope::Subnet);
        members_agree(name, section, &members, loader.diagnostics);
        networks.push(SharedNetwork {
            name: name.into(),
            subnets: Box::default(),
            guard: loader.classes.guard(section, loader.diagnostics),
            additional_classes: loader.classes.additional(section, loader.diagnostics),
            reach: reach(section, loader.diagnostics),
            user_context: user_context(section, loader.diagnostics),
        });
    }
    let none = Arc::default();
    for subnet in global.sections(list, Scope::Subnet) {
        drafts.extend(read_subnet(loader, &[subnet, global], None, &none));
    }
    number(&mut drafts, loader.diagnostics);
    (drafts, networks)
}

fn read_subnet<'d, F: Dialect>(
    loader: &mut Loader<'_, '_, F>,
    levels: &[Section<'d>],
    network: Option<u32>,
    network_options: &Arc<OptionSet>,
) -> Option<Draft<'d, F>> {
    let section = *levels.first()?;
    let text = section.text("subnet")?;
    let prefix = prefix::<F>(section, "subnet", text, loader.diagnostics)?;
    let chain = Chain(levels);
    let own = loader.options_of(section);
    let options = OptionSet::merge(&own, network_options);
    let ddns = loader.ddns(chain);
    let pools = read_pools(loader, levels, prefix, &options);
    check_timers(chain, loader.diagnostics);
    let subnet = Subnet {
        id: SubnetId(section.u32("id").unwrap_or(0)),
        prefix,
        prefix_text: text.into(),
        network,
        pools,
        guard: loader.classes.guard(section, loader.diagnostics),
        additional_classes: loader.classes.additional(section, loader.diagnostics),
        reach: reach(section, loader.diagnostics),
        valid: triplet(chain, "valid-lifetime", loader.diagnostics),
        timers: timers(chain),
        cache: LeaseCache {
            threshold: chain.float("cache-threshold"),
            max_age: chain.u32("cache-max-age"),
        },
        reservation_search: reservation_search(chain),
        store_extended_info: chain.boolean("store-extended-info"),
        allocator: allocator(chain, "allocator"),
        pd_allocator: allocator(chain, "pd-allocator"),
        adaptive_lease_time_threshold: chain.float("adaptive-lease-time-threshold"),
        ddns,
        options,
        specific: F::read_subnet(chain, loader.diagnostics),
        user_context: user_context(section, loader.diagnostics),
    };
    Some(Draft { subnet, section })
}

fn prefix<F: Dialect>(
    section: Section<'_>,
    key: &str,
    text: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Prefix<F::Addr>> {
    match text.parse() {
        Ok(prefix) => Some(prefix),
        Err(error) => {
            let reason = match error {
                PrefixError::NoLength => "there is no '/' and length",
                PrefixError::Address => "this is not an address of the family",
                PrefixError::Length => "the length is not valid",
            };
            diagnostics.push(
                Diagnostic::error(format!("'{text}' is not a prefix: {reason}"))
                    .at(section.span_of(key), "")
                    .hint("a prefix is written ADDRESS/LENGTH"),
            );
            None
        }
    }
}

/// Subnets without identifier are numbered from 1, around those that others claim.
fn number<F: Dialect>(drafts: &mut [Draft<'_, F>], diagnostics: &mut Diagnostics) {
    let mut by_id: HashMap<u32, usize> = HashMap::new();
    let mut by_text: HashMap<&str, Span> = HashMap::new();
    for (position, draft) in drafts.iter().enumerate() {
        let (id, text) = (draft.subnet.id.0, draft.section.text("subnet").unwrap_or(""));
        // The text is compared: 192.0.2.1/24 beside 192.0.2.0/24 is accepted.
        if let Some(first) = by_text.insert(text, draft.section.span_of("subnet")) {
            diagnostics.push(
                Diagnostic::error(format!("subnet {text} is defined twice"))
                    .at(draft.section.span_of("subnet"), "")
                    .also(first, "first defined here"),
            );
        }
        if id == 0 {
            continue;
        }
        if let Some(first) = by_id.insert(id, position).and_then(|first| drafts.get(first)) {
            let message = format!(
                "subnet identifier {id} is used by both {} and {text}",
                first.subnet.prefix_text
            );
            diagnostics.push(
                Diagnostic::error(message)
                    .at(draft.section.span_of("id"), "")
                    .also(first.section.span_of("id"), "first used here"),
            );
        }
    }
    let mut next = 1;
    let mut unnumbered = drafts.iter_mut().filter(|draft| draft.subnet.id.0 == 0).peekable();
    if let Some(first) = unnumbered.peek() {
        diagnostics.push(
            Diagnostic::warning("subnets without 'id' are numbered automatically")
                .at(first.section.head(), "this is the first one")
                .hint("leases are stored with the identifier: write it down, or removing a subnet renumbers the others"),
        );
    }
    for draft in unnumbered {
        while by_id.contains_key(&next) {
            next += 1;
        }
        draft.subnet.id = SubnetId(next);
        next += 1;
    }
}

fn read_pools<F: Dialect>(
    loader: &mut Loader<'_, '_, F>,
    levels: &[Section<'_>],
    prefix: Prefix<F::Addr>,
    options: &Arc<OptionSet>,
) -> Box<[Pool<F>]> {
    let Some(subnet) = levels.first().copied() else { return Box::default() };
    let mut pools: Vec<(Pool<F>, Span)> = Vec::new();
    for section in subnet.sections("pools", Scope::Pool) {
        let Some(text) = section.text("pool") else { continue };
        let span = section.span_of("pool");
        let Some((first, last)) = pool_bounds::<F::Addr>(text) else {
            loader.diagnostics.push(
                Diagnostic::error(format!("'{text}' is not a pool"))
                    .at(span, "")
                    .hint("a pool is written FIRST - LAST or ADDRESS/LENGTH"),
            );
            continue;
        };
        if first > last {
            loader.error(format!("pool {text} ends before it begins"), span);
            continue;
        }
        if !prefix.contains(first) || !prefix.contains(last) {
            loader.diagnostics.push(
                Diagnostic::error(format!("pool {text} is not inside subnet {prefix}"))
                    .at(span, "")
                    .also(subnet.span_of("subnet"), "the subnet"),
            );
            continue;
        }
        let range = PoolSpec::addresses(first, last);
        let pool = pool(loader, section, levels, (range, <F::Pool>::default()), options);
        pools.push((pool, span));
    }
    for section in subnet.sections("pd-pools", Scope::PdPool) {
        let Some(range) = F::read_prefix_pool(section, loader.diagnostics) else { continue };
        let pool = pool(loader, section, levels, range, options);
        pools.push((pool, section.span_of("prefix")));
    }
    check_overlaps(&pools, loader.diagnostics);
    pools.into_iter().map(|(pool, _)| pool).collect()
}

fn pool<F: Dialect>(
    loader: &mut Loader<'_, '_, F>,
    section: Section<'_>,
    levels: &[Section<'_>],
    (range, specific): (PoolSpec<F>, F::Pool),
    options: &Arc<OptionSet>,
) -> Pool<F> {
    let own = loader.options_of(section);
    let chain: Vec<_> = std::iter::once(section).chain(levels.iter().copied()).collect();
    let ddns = DDNS_KEYS.iter().any(|key| section.has(key)).then(|| loader.ddns(Chain(&chain)));
    Pool {
        range,
        id: section.u32("pool-id").or_else(|| section.u32("id")).unwrap_or(0),
        guard: loader.classes.guard(section, loader.diagnostics),
        additional_classes: loader.classes.additional(section, loader.diagnostics),
        options: OptionSet::merge(&own, options),
        ddns,
        specific,
        user_context: user_context(section, loader.diagnostics),
    }
}

/// `A - B`, blanks optional, or `A/LENGTH`.
pub(crate) fn pool_bounds<A: Address>(text: &str) -> Option<(A, A)> {
    if let Some((first, last)) = text.split_once('-') {
        return Some((first.trim().parse().ok()?, last.trim().parse().ok()?));
    }
    let prefix: Prefix<A> = text.trim().parse().ok()?;
    Some((prefix.first(), prefix.last()))
}

fn check_overlaps<F: Dialect>(pools: &[(Pool<F>, Span)], diagnostics: &mut Diagnostics) {
    let mut sorted: Vec<_> = pools.iter().collect();
    sorted.sort_by_key(|(pool, _)| pool.range.first);
    // The pool reaching farthest among those before; prefixes that have addresses of another pool in
    // them are two lives of one address.
    let mut farthest: Option<&(Pool<F>, Span)> = None;
    for pool in sorted {
        if let Some(before) = farthest
            && pool.0.range.first <= before.0.range.last
        {
            let text = |pool: &Pool<F>| format!("{} - {}", pool.range.first, pool.range.last);
            diagnostics.push(
                Diagnostic::error(format!(
                    "pool {} overlaps pool {} of the same subnet",
                    text(&pool.0),
                    text(&before.0)
                ))
                .at(pool.1, "")
                .also(before.1, "the other pool"),
            );
        }
        if farthest.is_none_or(|before| pool.0.range.last > before.0.range.last) {
            farthest = Some(pool);
        }
    }
}

pub(crate) fn reach<F: Dialect>(section: Section<'_>, diagnostics: &mut Diagnostics) -> Reach<F> {
    let relay = section.section("relay", Scope::Relay);
    let mut relays: Vec<F::Addr> =
        relay.texts("ip-addresses").filter_map(|(text, _)| text.parse().ok()).collect();
    if section.has("relay") && relay.has("ip-address") == relay.has("ip-addresses") {
        let message = "'relay' needs exactly one of 'ip-addresses' and the older 'ip-address'";
        diagnostics.push(Diagnostic::error(message).at(section.span_of("relay"), ""));
    }
    if let Some(text) = relay.text("ip-address") {
        match text.parse() {
            Ok(address) => relays.push(address),
            Err(_) => {
                let message = format!("'ip-address' is not an address of the family: '{text}'");
                diagnostics.push(Diagnostic::error(message).at(relay.span_of("ip-address"), ""));
            }
        }
    }
    let interface = section.boxed("interface");
    let interface_id = section.some_text("interface-id").map(|text| text.as_bytes().into());
    if interface.is_some() && interface_id.is_some() {
        diagnostics.push(
            Diagnostic::error("'interface' and 'interface-id' exclude each other")
                .at(section.span_of("interface-id"), "")
                .also(section.span_of("interface"), "the other one"),
        );
    }
    Reach { interface, relays: relays.into(), interface_id }
}

/// What all subnets of a network must agree on.
fn members_agree<'d>(
    name: &str,
    network: Section<'d>,
    members: &(impl Iterator<Item = Section<'d>> + Clone),
    diagnostics: &mut Diagnostics,
) {
    let everyone = || std::iter::once(network).chain(members.clone());
    let mut given = everyone().filter(|section| section.some_text("interface").is_some());
    if let Some(first) = given.next() {
        for other in given.filter(|other| other.text("interface") != first.text("interface")) {
            diagnostics.push(
                Diagnostic::error(format!(
                    "subnets of shared network '{name}' are on different interfaces"
                ))
                .at(other.span_of("interface"), "")
                .also(first.span_of("interface"), "another one here"),
            );
        }
    }
    for key in ["authoritative", "rapid-commit"] {
        let inherited = network.boolean(key).unwrap_or(false);
        let value = |section: &Section<'d>| section.boolean(key).unwrap_or(inherited);
        let Some(first) = members.clone().next() else { continue };
        for other in members.clone().filter(|other| value(other) != value(&first)) {
            diagnostics.push(
                Diagnostic::error(format!("subnets of shared network '{name}' differ in '{key}'"))
                    .at(other.span_of(key), "")
                    .also(first.span_of(key), "different here"),
            );
        }
        // What all of them say is to be said of the network, which is selected as one.
        if key == "authoritative" && members.clone().all(|member| value(&member) != inherited) {
            let message = format!("shared network '{name}' and its subnets differ in '{key}'");
            diagnostics.push(Diagnostic::error(message).at(first.span_of(key), ""));
        }
    }
}

/// Lifetimes of a scope: each of the three is inherited on its own.
pub(crate) fn triplet(chain: Chain<'_, '_>, key: &str, diagnostics: &mut Diagnostics) -> Triplet {
    let (min_key, max_key) = (format!("min-{key}"), format!("max-{key}"));
    let default = chain.holder(key).u32_or_default(key);
    let (min, max) = (chain.u32(&min_key), chain.u32(&max_key));
    let nearest = chain.0.first().copied();
    let own = nearest.is_some_and(|s| [key, &min_key, &max_key].iter().any(|key| s.has(key)));
    let triplet = Triplet { min: min.unwrap_or(default), default, max: max.unwrap_or(default) };
    if own && let Some(section) = nearest {
        check_order(section, key, triplet, diagnostics);
    }
    triplet
}

/// Lifetimes of a class, which inherits nothing: one bound alone is the default as well.
pub(crate) fn class_triplet(
    section: Section<'_>,
    key: &str,
    diagnostics: &mut Diagnostics,
) -> Option<Triplet> {
    let (min_key, max_key) = (format!("min-{key}"), format!("max-{key}"));
    let (min, max) = (section.u32(&min_key), section.u32(&max_key));
    let default = match (section.u32(key), min, max) {
        (Some(default), ..) => default,
        (None, Some(_), Some(_)) => {
            let message = format!("'{min_key}' and '{max_key}' need '{key}' beside them");
            diagnostics.push(Diagnostic::error(message).at(section.span_of(&min_key), ""));
            return None;
        }
        (None, min, max) => min.or(max)?,
    };
    let triplet = Triplet { min: min.unwrap_or(default), default, max: max.unwrap_or(default) };
    check_order(section, key, triplet, diagnostics);
    Some(triplet)
}

fn check_order(section: Section<'_>, key: &str, triplet: Triplet, diagnostics: &mut Diagnostics) {
    let Triplet { min, default, max } = triplet;
    let given = [format!("min-{key}"), key.to_owned(), format!("max-{key}")];
    let place = given
        .iter()
        .find(|key| section.has(key))
        .map_or(section.head(), |key| section.span_of(key));
    if min > default || default > max {
        let message =
            format!("'{key}' {default} is not between its least {min} and its greatest {max}");
        diagnostics.push(Diagnostic::error(message).at(place, ""));
    }
}

pub(crate) fn timers(chain: Chain<'_, '_>) -> Timers {
    let percent = |key| chain.holder(key).float_or_default(key);
    let outermost = |key| chain.0.last().map_or(0.0, |global| global.float_or_default(key));
    let or_global = |key| Some(percent(key)).filter(|p| *p > 0.0).unwrap_or_else(|| outermost(key));
    Timers {
        renew: chain.u32("renew-timer"),
        rebind: chain.u32("rebind-timer"),
        calculate: chain.boolean("calculate-tee-times"),
        t1_percent: or_global("t1-percent"),
        t2_percent: or_global("t2-percent"),
    }
}

/// Reports timers in the wrong order, where a network or subnet would use them: what is inherited
/// from the global scope does not matter there where it is overridden.
pub(crate) fn check_timers(chain: Chain<'_, '_>, diagnostics: &mut Diagnostics) {
    let Some(section) = chain.0.first().copied() else { return };
    let is_global = chain.0.len() == 1;
    let place = |keys: [&str; 2]| {
        let holder = |key| chain.0.iter().find(|section| section.has(key));
        let found = keys.into_iter().find_map(|key| Some(holder(key)?.span_of(key)));
        found.unwrap_or(section.head())
    };
    let (renew, rebind) = (chain.u32("renew-timer"), chain.u32("rebind-timer"));
    if let (false, Some(renew), Some(rebind)) = (is_global, renew, rebind)
        && renew > rebind
    {
        let message = format!("'renew-timer' {renew} is greater than 'rebind-timer' {rebind}");
        let place = place(["renew-timer", "rebind-timer"]);
        let hint = "T1 is left to the client";
        diagnostics.push_once(Diagnostic::warning(message).at(place, "").hint(hint));
    }
    let timers = timers(chain);
    for key in ["t1-percent", "t2-percent"] {
        let holder = chain.holder(key);
        if holder.float(key).is_none_or(|share| 0.0 < share && share < 1.0) {
            continue;
        }
        let message = format!("'{key}' must be between 0.0 and 1.0, both excluded");
        if timers.calculate && !is_global {
            let problem = Diagnostic::error(message).at(holder.span_of(key), "");
            diagnostics.push_once(problem);
        } else if section.has(key) {
            let problem = Diagnostic::warning(message).at(section.span_of(key), "");
            diagnostics.push(problem.hint("T1 and T2 are not computed here"));
        }
    }
    if !is_global && timers.calculate && timers.t1_percent >= timers.t2_percent {
        let message = format!(
            "'t1-percent' {:?} is not less than 't2-percent' {:?}",
            timers.t1_percent, timers.t2_percent
        );
        let place = place(["t1-percent", "t2-percent"]);
        diagnostics.push_once(Diagnostic::error(message).at(place, ""));
    }
}

pub(crate) fn reservation_search(chain: Chain<'_, '_>) -> ReservationSearch {
    let flag = |key: &str, of_mode: fn(&str) -> bool| {
        for section in chain.0 {
            if let Some(flag) = section.boolean(key) {
                return flag;
            }
            if let Some(mode) = section.text("reservation-mode") {
                return of_mode(&mode.to_ascii_lowercase());
            }
        }
        chain.boolean(key)
    };
    ReservationSearch {
        global: flag("reservations-global", |mode| mode == "global"),
        in_subnet: flag("reservations-in-subnet", |mode| matches!(mode, "all" | "out-of-pool")),
        out_of_pool: flag("reservations-out-of-pool", |mode| mode == "out-of-pool"),
    }
}

fn allocator(chain: Chain<'_, '_>, key: &str) -> Allocator {
    match chain.text(key).map(str::to_ascii_lowercase).as_deref() {
        Some("random") => Allocator::Random,
        Some("flq" | "shared-flq") => Allocator::FreeLeaseQueue,
        _ => Allocator::Iterative,
    }
}

pub(crate) const DDNS_KEYS: &[&str] = &[
    "ddns-send-updates",
    "ddns-override-no-update",
    "ddns-override-client-update",
    "ddns-replace-client-name",
    "ddns-generated-prefix",
    "ddns-qualifying-suffix",
    "ddns-update-on-renew",
    "ddns-use-conflict-resolution",
    "ddns-conflict-resolution-mode",
    "ddns-ttl-percent",
    "ddns-ttl",
    "ddns-ttl-min",
    "ddns-ttl-max",
    "hostname-char-set",
    "hostname-char-replacement",
];

/// DNS update parameters of a scope. The older home of some global ones is `dhcp-ddns`.
pub(crate) fn ddns(chain: Chain<'_, '_>, diagnostics: &mut Diagnostics) -> DdnsParameters {
    let moved = |key: &str| {
        let holder = chain.holder(key);
        let global = chain.0.last().copied().unwrap_or(holder);
        let older = global.section("dhcp-ddns", Scope::DhcpDdns);
        let old_key = key.strip_prefix("ddns-").unwrap_or(key);
        if !holder.has(key) && older.has(old_key) {
            (older, old_key.to_owned())
        } else {
            (holder, key.to_owned())
        }
    };
    let text = |key: &str| {
        let (section, key) = moved(key);
        section.text_or_default(&key)
    };
    let boolean = |key: &str| {
        let (section, key) = moved(key);
        section.boolean_or_default(&key)
    };
    let characters = text("hostname-char-set");
    let expression =
        |of_text: bool| RegexBuilder::new(characters).unicode(of_text).size_limit(1 << 20).build();
    // Names are octets, and those that are no text at all must not slip through. Only a set of wide
    // characters is one of text.
    let invalid_characters = expression(false).or_else(|_| expression(true));
    if invalid_characters.is_err() {
        let (section, key) = moved("hostname-char-set");
        let message = format!("'hostname-char-set' is not a regular expression: '{characters}'");
        let problem = Diagnostic::warning(message).at(section.span_of(&key), "");
        diagnostics.push_once(problem.hint("names are used as clients send them"));
    }
    DdnsParameters {
        send_updates: boolean("ddns-send-updates"),
        override_no_update: boolean("ddns-override-no-update"),
        override_client_update: boolean("ddns-override-client-update"),
        replace_client_name: match text("ddns-replace-client-name").to_ascii_lowercase().as_str() {
            "always" => ReplaceClientName::Always,
            "when-present" => ReplaceClientName::WhenPresent,
            "when-not-present" => ReplaceClientName::WhenNotPresent,
            _ => ReplaceClientName::Never,
        },
        generated_prefix: text("ddns-generated-prefix").into(),
        qualifying_suffix: text("ddns-qualifying-suffix").into(),
        update_on_renew: boolean("ddns-update-on-renew"),
        conflict_resolution: conflict_resolution(chain),
        ttl_percent: chain.float("ddns-ttl-percent"),
        ttl: chain.u32("ddns-ttl"),
        ttl_min: chain.u32("ddns-ttl-min"),
        ttl_max: chain.u32("ddns-ttl-max"),
        invalid_characters: invalid_characters.ok().filter(|_| !characters.is_empty()),
        replacement: text("hostname-char-replacement").into(),
    }
}

/// The nearest scope that says anything decides, by either key.
fn conflict_resolution(chain: Chain<'_, '_>) -> ConflictResolution {
    for section in chain.0 {
        match section.text("ddns-conflict-resolution-mode").map(str::to_ascii_lowercase).as_deref()
        {
            Some("no-check-with-dhcid") => return ConflictResolution::NoCheckWithDhcid,
            Some("check-exists-with-dhcid") => return ConflictResolution::CheckExistsWithDhcid,
            Some("no-check-without-dhcid") => return ConflictResolution::NoCheckWithoutDhcid,
            Some(_) => return ConflictResolution::CheckWithDhcid,
            None => {}
        }
        match section.boolean("ddns-use-conflict-resolution") {
            Some(true) => return ConflictResolution::CheckWithDhcid,
            Some(false) => return ConflictResolution::NoCheckWithDhcid,
            None => {}
        }
    }
    ConflictResolution::CheckWithDhcid
}
