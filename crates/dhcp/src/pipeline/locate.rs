//! Where a client is, and what is set aside for it: what its classes depend on, and what depends on
//! them (the manual's section on classification steps).

use kea_config::snapshot::{Dialect, Subnet};
use kea_expr::{ClassId, ClassSet, Facts};
use kea_hooks::{Point, Query};
use kea_log::message::{self, twin};
use kea_log::{ClientLabel, Message, log};

use super::classify::Classifier;
use super::corridor::Corridor;
use super::drop::Drop;
use super::explain::{HookEffect, Step, SubnetStep};
use super::place::Place;
use super::reserve::{Identified, Reserved};

/// What is known of a client's place before it gets a lease there.
#[derive(Debug)]
pub struct Located<'s, F: Dialect> {
    /// The selected subnet.
    pub subnet: Option<&'s Subnet<F>>,
    /// The client's reservations there, and global ones.
    pub reserved: Reserved<'s, F>,
}

/// What tells of the subnet of a query.
#[derive(Clone, Copy, Debug)]
pub struct PlaceMessages {
    /// One was selected.
    pub selected: &'static Message,
    /// Which.
    pub data: &'static Message,
    /// Hooks want none.
    pub skipped: &'static Message,
    /// Hooks want the query dropped.
    pub dropped: &'static Message,
}

impl PlaceMessages {
    /// For queries that come by themselves.
    pub fn of_version(version: u8) -> Self {
        PlaceMessages {
            selected: twin::SUBNET_SELECTED.of(version),
            data: twin::SUBNET_DATA.of(version),
            skipped: twin::HOOK_SUBNET_SELECT_SKIP.of(version),
            dropped: twin::HOOK_SUBNET_SELECT_DROP.of(version),
        }
    }

    /// For DHCPv4 over DHCPv6.
    pub fn over_v6() -> Self {
        PlaceMessages {
            selected: &message::DHCP4_DHCP4O6_SUBNET_SELECTED,
            data: &message::DHCP4_DHCP4O6_SUBNET_DATA,
            skipped: &message::DHCP4_DHCP4O6_HOOK_SUBNET4_SELECT_SKIP,
            dropped: &message::DHCP4_DHCP4O6_HOOK_SUBNET4_SELECT_DROP,
        }
    }
}

impl Classifier {
    /// Finds the subnet of a client that has been classified by its packet, its reservations, and
    /// the classes that those bring. `select` finds a subnet for a member of classes.
    ///
    /// # Errors
    /// When the client turns out to be in class DROP.
    pub fn locate<'s, F: Dialect>(
        &mut self,
        corridor: &Corridor<'s, F>,
        client: &impl Identified,
        facts: &impl Facts,
        (label, messages): (ClientLabel<'_>, PlaceMessages),
        query: &Query<'_, F>,
        select: impl Fn(&ClassSet) -> Option<&'s Subnet<F>>,
    ) -> Result<Located<'s, F>, Drop<F>> {
        let (config, log, version) = (corridor.config, corridor.log, F::VERSION);
        if self.classes.contains(ClassId::DROP) {
            log!(log, (twin::PACKET_DROP_DROP_CLASS.of(version)), label);
            return Err(Drop::ClassDrop);
        }
        let mut reserved = Reserved::none();
        if config.server.early_global_reservations_lookup {
            reserved = Reserved::early(corridor, client);
            if let Some(host) = reserved.host() {
                self.join_reserved(corridor, facts, host, None);
                self.classify_known(corridor, facts, true);
            }
            if self.classes.contains(ClassId::DROP) {
                log!(log, (twin::PACKET_DROP_DROP_CLASS_EARLY.of(version)), label);
                return Err(Drop::ClassDrop);
            }
        }
        let early = reserved.host();
        let found = select(&self.classes);
        let subnet = corridor.subnet_selected(query, found, (label, messages))?;
        self.note_place(corridor, (found, subnet), &select);
        if let Some(subnet) = subnet {
            log!(log, (messages.selected), label, subnet.id);
            log!(log, (messages.data), label, subnet.prefix_text);
            let network = config.network_of(subnet);
            let siblings = network.into_iter().flat_map(|network| config.members(network));
            let siblings = siblings.filter(|sibling| sibling.id != subnet.id);
            reserved = Reserved::find(corridor, std::iter::once(subnet).chain(siblings), client);
        }
        self.note(|_| Step::reserved(config, &reserved));
        if let Some(host) = subnet.and_then(|subnet| reserved.before_lease(config, subnet, early)) {
            self.join_reserved(corridor, facts, host, early);
        }
        let is_known = reserved.host().is_some() || self.classes.contains(ClassId::KNOWN);
        self.classify_known(corridor, facts, is_known);
        self.report(corridor, label);
        if self.classes.contains(ClassId::DROP) {
            log!(log, (twin::PACKET_DROP_DROP_CLASS2.of(version)), label);
            return Err(Drop::ClassDrop);
        }
        if let Some(subnet) = subnet {
            self.note(|Classifier { classes, .. }| {
                Step::pools(config, &Place::new(config, subnet, classes), classes)
            });
        }
        Ok(Located { subnet, reserved })
    }

    fn note_place<'s, F: Dialect>(
        &self,
        corridor: &Corridor<'s, F>,
        (found, left): (Option<&Subnet<F>>, Option<&Subnet<F>>),
        select: impl Fn(&ClassSet) -> Option<&'s Subnet<F>>,
    ) {
        let (config, Some(recorder)) = (corridor.config, &self.recorder) else { return };
        let passed_over = Step::not_let_in(config, &self.classes, select);
        passed_over.into_iter().for_each(|step| recorder.note(step));
        let placed = |subnet: &Subnet<F>| SubnetStep::of(config, subnet);
        recorder.note(Step::Placed(found.map(placed)));
        if let Some(hooks) = corridor.hooks_at(Point::SubnetSelect) {
            let is_same = found.map(|subnet| subnet.id) == left.map(|subnet| subnet.id);
            let effect = match is_same {
                true => HookEffect::None,
                false => HookEffect::Subnet(left.map(placed)),
            };
            recorder.note(Step::hooked(hooks, Point::SubnetSelect, effect));
        }
    }
}
