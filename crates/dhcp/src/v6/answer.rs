//! What an answer carries: options in ascending order of their codes.

use kea_config::snapshot::{ConfiguredOption, Pool, Reservation, Subnet};
use kea_expr::ClassSet;
use kea_lease::Ticket;
use kea_options::Enterprise;
use kea_wire::v6::{Builder, IaKind, MessageType, code};
use kea_wire::{Duid, V6};
use smallvec::SmallVec;

use super::accept::Query;
use super::association::{Association, Binding, Note};
use super::explain::answer_step;
use super::terms::TeeTimes;
use crate::pipeline::explain::{Sources, Step};
use crate::pipeline::{Corridor, Drop, HookWait, Place, Reserved, Scopes};

/// What an exchange led to.
#[derive(Debug)]
pub(super) struct Outcome<'s> {
    /// The message that says so.
    pub(super) message_type: MessageType,
    pub(super) associations: SmallVec<[Association<'s>; 2]>,
    /// Of the whole message.
    pub(super) status: Option<Note>,
    /// True for the answer to a Solicit that skips the Request.
    pub(super) rapid_commit: bool,
    /// True when options of the configuration go with it.
    pub(super) is_configuring: bool,
    /// The data of the client FQDN option.
    pub(super) fqdn: Option<Vec<u8>>,
    /// What must be durable before it leaves.
    pub(super) after: Ticket,
    /// How it waits for hooks, if it does.
    pub(super) parked: Option<HookWait<V6>>,
}

impl<'s> Outcome<'s> {
    /// Nothing but the message.
    pub(super) fn of(message_type: MessageType) -> Self {
        Outcome {
            message_type,
            associations: SmallVec::new(),
            status: None,
            rapid_commit: false,
            is_configuring: true,
            fqdn: None,
            after: Ticket(0),
            parked: None,
        }
    }

    /// Adds what became of an association.
    pub(super) fn push(&mut self, association: Association<'s>) {
        if let Some(binding) = &association.bound {
            self.after = self.after.max(binding.ticket);
        }
        self.associations.push(association);
    }

    /// What was offered or granted.
    pub(super) fn bindings(&self) -> impl Iterator<Item = &Binding<'s>> {
        self.associations.iter().filter_map(|association| association.bound.as_ref())
    }

    /// The subnet of what is bound last or, without anything, the one that was selected.
    pub(super) fn subnet(&self, place: &Place<'s, V6>) -> &'s Subnet<V6> {
        self.bindings().last().map_or(place.selected(), |binding| binding.subnet)
    }

    /// The pools that supplied something, each once, with their subnets.
    pub(super) fn pools(&self) -> SmallVec<[(&Subnet<V6>, &Pool<V6>); 2]> {
        let mut pools: SmallVec<[(&Subnet<V6>, &Pool<V6>); 2]> = SmallVec::new();
        for binding in self.bindings() {
            let Some(pool) = binding.pool else { continue };
            if !pools.iter().any(|(_, known)| std::ptr::eq(*known, pool)) {
                pools.push((binding.subnet, pool));
            }
        }
        pools
    }
}

/// Everything an answer is made from.
pub(super) struct Reply<'q, 'p, 's> {
    pub(super) corridor: &'q Corridor<'s, V6>,
    pub(super) query: &'q Query<'p>,
    pub(super) server_id: &'q Duid,
    pub(super) place: Option<&'q Place<'s, V6>>,
    pub(super) reserved: &'q Reserved<'s, V6>,
    pub(super) classes: &'q ClassSet,
    pub(super) outcome: &'q Outcome<'s>,
}

/// One option of an answer.
#[derive(Debug)]
enum Item<'a, 's> {
    Data(&'a [u8]),
    Association(&'a Association<'s>),
    Status(Note),
    Vendor { enterprise: u32, options: SmallVec<[(u16, &'a [u8]); 4]> },
}

/// Options with their codes.
type Items<'a, 's> = SmallVec<[(u16, Item<'a, 's>); 16]>;

/// Options that exchanges alone decide about.
const OWN: [u16; 10] = [
    code::CLIENT_ID,
    code::SERVER_ID,
    code::IA_NA,
    code::IA_TA,
    code::IAADDR,
    code::STATUS_CODE,
    code::RAPID_COMMIT,
    code::VENDOR_OPTS,
    code::IA_PD,
    code::IAPREFIX,
];

/// Codes of an option request that are heeded.
const MAX_REQUESTED: usize = 256;

/// Vendor option of CableLabs that asks for others.
const CABLELABS_ORO: u16 = 1;

impl<'p, 's> Reply<'_, 'p, 's> {
    /// Appends the answer to `out`.
    pub(super) fn write(&self, out: &mut Vec<u8>) -> Result<(), Drop<V6>> {
        let outcome = self.outcome;
        if outcome.message_type == MessageType::AddrRegReply {
            return self.write_registered(out);
        }
        let mut requested: SmallVec<[u16; 16]> = SmallVec::new();
        self.query.view.option_request().take(MAX_REQUESTED).for_each(|code| requested.push(code));
        let pools = outcome.pools();
        let (config, subnet, host) = (self.corridor.config, self.subnet(), self.host());
        let is_here = |of: &Subnet<V6>| subnet.is_some_and(|subnet| subnet.id == of.id);
        let here = pools.iter().filter(|(of, _)| is_here(of)).map(|(_, pool)| *pool);
        let mut scopes = Scopes::new(config, host, subnet, here, self.classes);
        for (of, pool) in pools.iter().filter(|(of, _)| !is_here(of)) {
            scopes.add_pool_elsewhere(of, pool);
        }

        let mut items: Items<'_, 's> = SmallVec::new();
        if let Some(duid) = self.query.sent_duid() {
            items.push((code::CLIENT_ID, Item::Data(duid.octets())));
        }
        items.push((code::SERVER_ID, Item::Data(self.server_id.octets())));
        for ia in &outcome.associations {
            items.push((ia.kind.code(), Item::Association(ia)));
        }
        if let Some(note) = outcome.status {
            items.push((code::STATUS_CODE, Item::Status(note)));
        }
        if outcome.rapid_commit {
            items.push((code::RAPID_COMMIT, Item::Data(&[])));
        }
        if let Some(fqdn) = &outcome.fqdn {
            items.push((code::CLIENT_FQDN, Item::Data(fqdn)));
        }
        if outcome.is_configuring {
            let wanted = scopes.wanted("dhcp6", |code| requested.contains(&code));
            self.add_configured(&mut items, &wanted, &requested);
            let asked = wanted.iter().any(|option| option.code == code::VENDOR_OPTS);
            self.add_vendor_options(&mut items, &scopes, asked);
        }
        self.add_relay_supplied(&mut items);
        // A stable sort: what has the same code keeps its order.
        items.sort_by_key(|(code, _)| *code);

        let tee_times = self.tee_times();
        let excludes = requested.contains(&code::PD_EXCLUDE);
        let mut reply = Builder::reply(out, &self.query.view, outcome.message_type);
        for (code, item) in &items {
            match item {
                Item::Data(data) => drop(reply.option(*code, data)),
                Item::Association(ia) => write_association(&mut reply, ia, tee_times, excludes),
                Item::Status((status, text)) => drop(reply.status(*status, text)),
                Item::Vendor { enterprise, options } => {
                    reply.vendor_opts(*enterprise, |vendor| {
                        for (code, data) in options {
                            vendor.option(*code, data);
                        }
                    });
                }
            }
        }
        reply.finish().map_err(|_| Drop::AnswerTooLong)?;
        Ok(())
    }

    /// The subnet of what is bound last or, without anything, of the client's place.
    fn subnet(&self) -> Option<&'s Subnet<V6>> {
        self.place.map(|place| self.outcome.subnet(place))
    }

    /// The reservation that counts there.
    fn host(&self) -> Option<&'s Reservation<V6>> {
        match self.subnet() {
            Some(subnet) => self.reserved.in_subnet(subnet),
            None => self.reserved.host(),
        }
    }

    /// What was written, to be told to who asks why.
    pub(super) fn step(&self, written: &[u8]) -> Step {
        let sources = Sources {
            corridor: self.corridor,
            host: self.host(),
            subnet: self.subnet(),
            pools: self.outcome.bindings().filter_map(|binding| binding.pool).collect(),
            classes: self.classes,
        };
        answer_step(&sources, written)
    }

    /// The address as the client named it, and nothing else (RFC 9686 section 4.3).
    fn write_registered(&self, out: &mut Vec<u8>) -> Result<(), Drop<V6>> {
        let view = &self.query.view;
        let mut reply = Builder::reply(out, view, MessageType::AddrRegReply);
        if let Some(address) = view.option(code::IAADDR) {
            reply.option(code::IAADDR, address);
        }
        reply.finish().map_err(|_| Drop::AnswerTooLong)?;
        Ok(())
    }

    fn tee_times(&self) -> TeeTimes {
        let each = self
            .outcome
            .bindings()
            .map(|binding| TeeTimes::of(&binding.subnet.timers, binding.lifetimes.preferred));
        each.reduce(TeeTimes::soonest).unwrap_or_default()
    }

    fn add_configured<'a>(
        &self,
        items: &mut Items<'a, 's>,
        wanted: &[&'a ConfiguredOption],
        requested: &[u16],
    ) {
        // A name that was worked out stands in place of one that is configured.
        let has_name = has(items, code::CLIENT_FQDN);
        let is_own = |code: u16| OWN.contains(&code) || (has_name && code == code::CLIENT_FQDN);
        for option in wanted.iter().filter(|option| !is_own(option.code)) {
            items.push((option.code, Item::Data(&option.data)));
        }
        // RFC 9686 section 4.1.
        let registers = self.corridor.config.specific.allow_address_registration;
        if registers
            && requested.contains(&code::ADDR_REG_ENABLE)
            && !has(items, code::ADDR_REG_ENABLE)
        {
            items.push((code::ADDR_REG_ENABLE, Item::Data(&[])));
        }
    }

    /// Vendor options, by enterprise: of those that the client names, and of those that have
    /// options which are always sent; the container itself where it is asked for.
    fn add_vendor_options<'a>(&self, items: &mut Items<'a, 's>, scopes: &Scopes<'a>, asked: bool) {
        let configured: SmallVec<[u32; 2]> = scopes
            .chosen("dhcp6", code::VENDOR_OPTS)
            .filter_map(|option| option.data.first_chunk().map(|e| u32::from_be_bytes(*e)))
            .collect();
        let view = &self.query.view;
        let mut enterprises: SmallVec<[u32; 4]> = SmallVec::new();
        if asked {
            enterprises.extend_from_slice(&configured);
        }
        let of_spaces = scopes.spaces("vendor-");
        enterprises
            .extend(of_spaces.iter().filter_map(|space| Some(Enterprise::from_space(space)?.0)));
        enterprises.sort_unstable();
        enterprises.dedup();
        for enterprise in enterprises {
            let from_client = view.vendor_opts().filter(|vendor| vendor.enterprise == enterprise);
            let requested: SmallVec<[u16; 16]> = from_client
                .filter(|_| enterprise == Enterprise::CABLELABS.0)
                .flat_map(|vendor| vendor.options.all(CABLELABS_ORO))
                .flat_map(kea_wire::v6::Codes::new)
                .take(MAX_REQUESTED)
                .collect();
            let space = Enterprise(enterprise).space();
            let wanted = scopes.wanted(&space, |code| requested.contains(&code));
            let options: SmallVec<[(u16, &[u8]); 4]> =
                wanted.into_iter().map(|option| (option.code, &option.data[..])).collect();
            if !options.is_empty() || (asked && configured.contains(&enterprise)) {
                items.push((code::VENDOR_OPTS, Item::Vendor { enterprise, options }));
            }
        }
    }

    /// What relays supply (RFC 6422): the relay nearest to the client first, and nothing that is
    /// there already.
    fn add_relay_supplied<'a>(&self, items: &mut Items<'a, 's>)
    where
        'p: 'a,
    {
        let permitted = &self.corridor.config.specific.relay_supplied_options;
        for relay in self.query.view.relays().iter().rev() {
            let supplied = relay.supplied_options().iter();
            let fresh: SmallVec<[_; 4]> = supplied
                .filter(|(code, _)| permitted.contains(code) && !has(items, *code))
                .map(|(code, data)| (code, Item::Data(data)))
                .collect();
            items.extend(fresh);
        }
    }
}

fn has(items: &[(u16, Item<'_, '_>)], code: u16) -> bool {
    items.iter().any(|(present, _)| *present == code)
}

fn write_association(
    reply: &mut Builder<'_>,
    ia: &Association<'_>,
    tee_times: TeeTimes,
    excludes: bool,
) {
    let TeeTimes { t1, t2 } = if ia.bound.is_some() { tee_times } else { TeeTimes::default() };
    let contents = |inner: &mut Builder<'_>| {
        let note = |inner: &mut Builder<'_>| {
            if let Some((status, text)) = ia.status {
                inner.status(status, text);
            }
        };
        if ia.kind == IaKind::Pd {
            // A status has a lower code than a prefix.
            note(inner);
        }
        if let Some(binding) = &ia.bound {
            write_binding(inner, ia.kind, binding, excludes);
        }
        for gone in &ia.withdrawn {
            match ia.kind {
                IaKind::Pd => inner.ia_prefix(*gone, 0, 0, |_| ()),
                IaKind::Na | IaKind::Ta => inner.ia_address(gone.address(), 0, 0, |_| ()),
            };
        }
        if ia.kind != IaKind::Pd {
            note(inner);
        }
    };
    match ia.kind {
        IaKind::Na => reply.ia_na(ia.iaid, t1, t2, contents),
        IaKind::Ta => reply.ia_ta(ia.iaid, contents),
        IaKind::Pd => reply.ia_pd(ia.iaid, t1, t2, contents),
    };
}

fn write_binding(inner: &mut Builder<'_>, kind: IaKind, binding: &Binding<'_>, excludes: bool) {
    let Binding { prefix, lifetimes, .. } = *binding;
    if kind != IaKind::Pd {
        inner.ia_address(prefix.address(), lifetimes.preferred, lifetimes.valid, |_| ());
        return;
    }
    let excluded = binding.excluded.filter(|_| excludes);
    let excluded = excluded.and_then(|part| kea_wire::v6::PdExclude::encode(prefix, part));
    inner.ia_prefix(prefix, lifetimes.preferred, lifetimes.valid, |options| {
        if let Some(excluded) = &excluded {
            options.option(code::PD_EXCLUDE, excluded);
        }
    });
}
