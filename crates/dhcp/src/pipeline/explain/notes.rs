//! What is written down where a client is placed.

use kea_config::snapshot::{Dialect, Guard, Reservation, Snapshot, Subnet};
use kea_expr::{ClassNames, ClassSet};
use kea_hooks::{Hooks, Point};
use kea_wire::write_colon_hex;

use super::render::range;
use super::step::{HookEffect, PoolStep, ReservationStep, Step, SubnetStep};
use crate::pipeline::{Ground, Place, Reserved, is_let_in};

impl SubnetStep {
    pub(crate) fn of<F: Dialect>(config: &Snapshot<F>, subnet: &Subnet<F>) -> Self {
        let network = config.network_of(subnet).map(|network| network.name.to_string());
        SubnetStep { id: subnet.id.0, prefix: subnet.prefix_text.to_string(), network }
    }
}

impl Step {
    /// The subnet that `select` finds for a client that every guard lets in, if it does not find it
    /// for one of `classes`.
    pub(crate) fn not_let_in<'s, F: Dialect>(
        config: &'s Snapshot<F>,
        classes: &ClassSet,
        select: impl Fn(&ClassSet) -> Option<&'s Subnet<F>>,
    ) -> Option<Step> {
        let mut all = ClassSet::new();
        let names = config.classes.names();
        let networks = config.networks().iter().map(|network| &network.guard);
        let guards = config.subnets().iter().map(|subnet| &subnet.guard).chain(networks);
        for class in guards.flat_map(Guard::classes) {
            all.insert(*class);
        }
        let subnet = select(&all)?;
        let network = config.network_of(subnet);
        if is_let_in(network, subnet, classes) {
            return None;
        }
        let of_network = network.map(|network| &network.guard);
        let refusing = of_network.filter(|guard| !guard.admits(classes)).unwrap_or(&subnet.guard);
        Some(Step::NotLetIn {
            subnet: SubnetStep::of(config, subnet),
            guard: named(names, refusing),
        })
    }

    /// What the hooks at `point` did.
    pub(crate) fn hooked<F: Dialect>(hooks: &Hooks<F>, point: Point, effect: HookEffect) -> Step {
        let hooks = hooks.names_at(point).map(str::to_owned).collect();
        Step::Hooked { hooks, point: point.name(F::VERSION), effect }
    }

    /// The hooks that would be asked on the way of a query, and cannot be for an explanation.
    pub(super) fn not_asked<'h, F: Dialect>(
        hooks: &'h Hooks<F>,
        asked: &'h Hooks<F>,
    ) -> impl Iterator<Item = Step> + 'h {
        Point::of_queries().filter_map(|point| {
            let is_asked = |name: &&str| asked.names_at(point).any(|other| other == *name);
            let left_out = hooks.names_at(point).filter(|name| !is_asked(name));
            let names: Vec<String> = left_out.map(str::to_owned).collect();
            let (hooks, point) = (names, point.name(F::VERSION));
            let effect = HookEffect::NotAsked;
            (!hooks.is_empty()).then_some(Step::Hooked { hooks, point, effect })
        })
    }

    /// The reservations of a client.
    pub(crate) fn reserved<F: Dialect>(config: &Snapshot<F>, reserved: &Reserved<'_, F>) -> Step {
        let names = config.classes.names();
        Step::Reserved(reserved.hosts().map(|host| ReservationStep::of(names, host)).collect())
    }

    /// The pools of a client's place.
    pub(crate) fn pools<F: Dialect>(
        config: &Snapshot<F>,
        place: &Place<'_, F>,
        classes: &ClassSet,
    ) -> Step {
        let names = config.classes.names();
        let network = place.network();
        let pools = place.grounds().flat_map(|ground| {
            let is_subnet_closed = !is_let_in(network, ground.subnet, classes);
            pools(names, ground, is_subnet_closed)
        });
        Step::Pools(pools.collect())
    }
}

fn pools<F: Dialect>(
    names: &ClassNames,
    ground: &Ground<'_, F>,
    is_subnet_closed: bool,
) -> Vec<PoolStep> {
    let pools = ground.subnet.pools.iter();
    let step = |pool: &kea_config::snapshot::Pool<F>| PoolStep {
        subnet: ground.subnet.id.0,
        range: range(&pool.range),
        guard: named(names, &pool.guard),
        is_subnet_closed,
        is_open: ground.pools_of(pool.range.kind).contains(&pool.range),
    };
    pools.map(step).collect()
}

impl ReservationStep {
    fn of<F: Dialect>(names: &ClassNames, host: &Reservation<F>) -> Self {
        let addresses = host.addresses.iter().map(ToString::to_string);
        let prefixes = F::reserved_prefixes(&host.specific).iter();
        let mut identifier = String::new();
        // Writing to a String cannot fail.
        let _ = write_colon_hex(&mut identifier, &host.identifier);
        ReservationStep {
            subnet: host.subnet.map(|id| id.0),
            identifier_type: host.kind.name(),
            identifier,
            addresses: addresses.chain(prefixes.map(ToString::to_string)).collect(),
            hostname: host.hostname.to_string(),
            classes: host.classes.iter().map(|class| names.name(*class).to_owned()).collect(),
        }
    }
}

fn named(names: &ClassNames, guard: &Guard) -> Vec<String> {
    guard.classes().iter().map(|class| names.name(*class).to_owned()).collect()
}
