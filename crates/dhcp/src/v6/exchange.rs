//! The exchanges: what each message of a client leads to (RFC 9915 section 18.3).

use std::net::Ipv6Addr;

use kea_config::snapshot::Subnet;
use kea_expr::ClassId;
use kea_hooks::Point;
use kea_lease::Ticket;
use kea_log::{ClientLabel, log};
use kea_wire::v6::{IaKind, MessageType, StatusCode};
use kea_wire::{Duid, Iaid, Prefix, V6};
use smallvec::SmallVec;

use super::accept::{Kind, Query};
use super::answer::Outcome;
use super::association::{Association, Note, Wish};
use super::extended_info;
use super::hearing::Hearing;
use super::holdings::{Holdings, Mismatch};
use super::lease::{Leasing, Refusal, Step};
use super::name::Naming;
use super::register::register;
use crate::pipeline::{Arrival, Classifier, Corridor, Drop, Place, Reserved, parsing};

/// One query on its way through the stages.
pub(super) struct Exchange<'q, 'p, 's> {
    pub(super) corridor: &'q Corridor<'s, V6>,
    pub(super) arrival: &'q Arrival<'q, V6>,
    pub(super) query: &'q Query<'p>,
    pub(super) naming: Naming,
    pub(super) label: ClientLabel<'q>,
    pub(super) place: Option<&'q Place<'s, V6>>,
    pub(super) reserved: &'q Reserved<'s, V6>,
    pub(super) classifier: &'q Classifier,
    pub(super) random: u64,
    pub(super) hearing: &'q Hearing<'q>,
}

impl<'s> Exchange<'_, '_, 's> {
    pub(super) fn run(&self) -> Result<Outcome<'s>, Drop<V6>> {
        let outcome = self.decide()?;
        let parked = self.hearing.commit()?;
        Ok(Outcome { parked, ..outcome })
    }

    fn decide(&self) -> Result<Outcome<'s>, Drop<V6>> {
        let Some(duid) = &self.query.duid else {
            // What else has no client identifier was refused.
            return Ok(Outcome::of(MessageType::Reply));
        };
        match self.query.kind {
            Kind::Solicit => self.solicit(duid),
            Kind::Request => self.assign(duid, MessageType::Reply, Step::Grant),
            Kind::Renew | Kind::Rebind => self.extend(duid),
            Kind::Confirm => self.confirm(),
            Kind::Release => self.release(duid),
            Kind::Decline => self.decline(duid),
            Kind::InformationRequest => Ok(Outcome::of(MessageType::Reply)),
            Kind::Register => register(self.corridor, self.query, self.arrival, self.place, duid),
            // Is passed on before anything is looked for here.
            Kind::Dhcpv4Query => Err(Drop::NoDhcpv4Server),
        }
    }

    fn wishes(&self) -> impl Iterator<Item = Wish> + '_ {
        let associations = || self.query.view.associations().filter_map(Result::ok);
        let is_alone = move |kind| associations().filter(|ia| ia.kind == kind).count() == 1;
        let ignored = move |kind| self.query.ignores_iaid && is_alone(kind);
        let parsing = parsing(self.corridor.config);
        let wishes = associations().filter_map(move |ia| Wish::of(&ia, parsing));
        wishes.take(MAX_ASSOCIATIONS).map(move |mut wish| {
            if ignored(wish.kind) {
                wish.leased_as = Iaid(0);
            }
            wish
        })
    }

    fn solicit(&self, duid: &Duid) -> Result<Outcome<'s>, Drop<V6>> {
        let permitted = self.place.is_some_and(|place| place.selected().specific.rapid_commit);
        if !permitted || !self.query.view.rapid_commit() {
            return self.assign(duid, MessageType::Advertise, Step::Offer);
        }
        log!(self.corridor.log, DHCP6_RAPID_COMMIT, self.label);
        let outcome = self.assign(duid, MessageType::Reply, Step::Grant)?;
        Ok(Outcome { rapid_commit: true, ..outcome })
    }

    /// Offers or grants something for each association.
    fn assign(
        &self,
        duid: &Duid,
        message_type: MessageType,
        step: Step,
    ) -> Result<Outcome<'s>, Drop<V6>> {
        let mut outcome = Outcome::of(message_type);
        let Some(place) = self.place else {
            outcome.associations =
                self.wishes().map(|wish| Association::noted(&wish, no_subnet(wish.kind))).collect();
            return Ok(outcome);
        };
        self.each_wish(duid, place, outcome, |leasing, wish| {
            self.log_processing(wish, false);
            let association = match leasing.bind(wish, step) {
                Ok((binding, _)) => Association::bound(wish, binding),
                Err(refusal) => self.refused(place, wish, refusal)?,
            };
            self.log_assigned(step, &association);
            Ok(association)
        })
    }

    /// Extends each association's lease, or finds another one; and tells what of that which the
    /// client names is not for it (RFC 9915 sections 18.3.4 and 18.3.5).
    fn extend(&self, duid: &Duid) -> Result<Outcome<'s>, Drop<V6>> {
        let mut outcome = Outcome::of(MessageType::Reply);
        let Some(place) = self.place else {
            if self.query.kind == Kind::Rebind {
                // Another server may know the client.
                return Err(Drop::NoSubnet);
            }
            outcome.associations =
                self.wishes().map(|wish| Association::noted(&wish, NO_BINDING)).collect();
            return Ok(outcome);
        };
        self.each_wish(duid, place, outcome, |leasing, wish| {
            self.log_processing(wish, true);
            leasing.is_extending = true;
            let mut association = match leasing.bind(wish, Step::Grant) {
                Ok((binding, revoked)) => {
                    let mut association = Association::bound(wish, binding);
                    association.withdraw(revoked);
                    association
                }
                Err(refusal) => self.refused(place, wish, refusal)?,
            };
            association.withdraw(wish.named());
            self.log_extended(&association);
            Ok(association)
        })
    }

    /// Puts into the outcome what `bind` makes of each association, unless the client is in class
    /// REJECT; and the client's name.
    fn each_wish(
        &self,
        duid: &Duid,
        place: &Place<'s, V6>,
        mut outcome: Outcome<'s>,
        mut bind: impl FnMut(&mut Leasing<'_, 's>, &Wish) -> Result<Association<'s>, Drop<V6>>,
    ) -> Result<Outcome<'s>, Drop<V6>> {
        if self.classifier.classes.contains(ClassId::REJECT) {
            outcome.associations = self.wishes().map(|wish| rejected(&wish)).collect();
            return Ok(outcome);
        }
        self.with_leasing(duid, place, |leasing| {
            for wish in self.wishes() {
                outcome.push(bind(leasing, &wish)?);
            }
            leasing.naming.log(self.corridor.log, self.label);
            outcome.fqdn = leasing.naming.option.take();
            Ok(outcome)
        })
    }

    fn refused(
        &self,
        place: &Place<'_, V6>,
        wish: &Wish,
        refusal: Refusal,
    ) -> Result<Association<'s>, Drop<V6>> {
        match refusal {
            Refusal::StorageUnavailable => Err(Drop::StorageUnavailable),
            Refusal::Exhausted => Ok(self.exhausted(place, wish)),
        }
    }

    fn with_leasing<T>(
        &self,
        duid: &Duid,
        place: &Place<'s, V6>,
        work: impl FnOnce(&mut Leasing<'_, 's>) -> T,
    ) -> T {
        let user_context = |subnet: &Subnet<V6>, before: &str| {
            extended_info::user_context(&self.query.view, subnet.store_extended_info, before)
        };
        work(&mut Leasing {
            corridor: self.corridor,
            label: self.label,
            duid,
            hw_addr: self.query.hw_addr,
            hw_source: self.query.hw_source,
            place,
            reserved: self.reserved,
            classes: &self.classifier.classes,
            naming: self.naming.clone(),
            user_context: &user_context,
            random: self.random,
            settled: SmallVec::new(),
            hearing: self.hearing,
            is_vetoed: false,
            is_extending: false,
        })
    }

    fn exhausted(&self, place: &Place<'_, V6>, wish: &Wish) -> Association<'s> {
        let classes = self.classifier.shown(self.corridor);
        self.corridor.exhausted(self.label, place, wish.lease_kind(), Some(&classes));
        Association::noted(wish, nothing_left(wish.kind))
    }

    /// Tells whether addresses are right for the link (RFC 9915 section 18.3.3).
    fn confirm(&self) -> Result<Outcome<'s>, Drop<V6>> {
        let Some(place) = self.place else { return Err(Drop::NoSubnet) };
        let mut named = self
            .wishes()
            .filter(|wish| wish.kind == IaKind::Na)
            .flat_map(|wish| wish.hints)
            .peekable();
        if named.peek().is_none() {
            return Err(Drop::NothingAsked);
        }
        let on_link = named.all(|named| {
            place.grounds().any(|ground| ground.subnet.prefix.contains(named.prefix.address()))
        });
        let mut outcome = Outcome::of(MessageType::Reply);
        let status = if on_link { ALL_ON_LINK } else { NOT_ON_LINK };
        log!(self.corridor.log, DHCP6_ADD_GLOBAL_STATUS_CODE, self.label, status.1);
        outcome.status = Some(status);
        Ok(outcome)
    }

    fn release(&self, duid: &Duid) -> Result<Outcome<'s>, Drop<V6>> {
        let expired = &self.corridor.config.expired_leases;
        let remember =
            expired.flush_reclaimed_timer_wait_time != 0 && expired.hold_reclaimed_time != 0;
        let holdings = Holdings { corridor: self.corridor, duid, hearing: self.hearing };
        for wish in self.wishes().filter(|wish| wish.kind == IaKind::Na) {
            log!(self.corridor.log, DHCP6_PROCESS_IA_NA_RELEASE, self.label, wish.iaid.0);
        }
        let mut outcome = self.give_back(|wish, named| {
            let kind = wish.lease_kind();
            let result = holdings.release(named, kind, wish.leased_as, remember);
            self.log_released(wish, named, remember, &result);
            result
        })?;
        for association in &mut outcome.associations {
            association.status.get_or_insert(RELEASED);
        }
        outcome.status = Some(RELEASE_DONE);
        Ok(outcome)
    }

    fn decline(&self, duid: &Duid) -> Result<Outcome<'s>, Drop<V6>> {
        let probation = self.corridor.config.server.decline_probation_period;
        let holdings = Holdings { corridor: self.corridor, duid, hearing: self.hearing };
        let mut outcome = self.give_back(|wish, named| {
            log!(self.corridor.log, DHCP6_DECLINE_PROCESS_IA, wish.iaid.0, self.label);
            let result = holdings.decline(named, wish.leased_as, probation);
            self.log_declined(wish, named, probation, &result);
            result
        })?;
        outcome.associations.retain(|association| association.kind == IaKind::Na);
        for association in &mut outcome.associations {
            association.status.get_or_insert(DECLINED);
        }
        Ok(outcome)
    }

    /// Does something with everything that each association names. An association of which nothing
    /// can be done says so; what else it names is ignored (RFC 9915 section 18.3.7).
    fn give_back(
        &self,
        act: impl Fn(&Wish, Prefix<Ipv6Addr>) -> Result<Ticket, Mismatch>,
    ) -> Result<Outcome<'s>, Drop<V6>> {
        let mut outcome = Outcome::of(MessageType::Reply);
        outcome.is_configuring = false;
        let declining = self.query.kind == Kind::Decline;
        for wish in self.wishes().filter(|wish| !declining || wish.kind == IaKind::Na) {
            let mut association = Association::noted(&wish, NOTHING_NAMED);
            if wish.named().next().is_some() {
                association.status = None;
            }
            let mut is_done = false;
            for named in wish.named() {
                match act(&wish, named) {
                    Ok(ticket) => {
                        outcome.after = outcome.after.max(ticket);
                        is_done = true;
                    }
                    // The answer looks as if it had been done.
                    Err(Mismatch::Kept) => is_done = true,
                    Err(Mismatch::Dropped) => return Err(Drop::Hook(Point::LeaseDecline)),
                    Err(mismatch) => association.status = Some(not_yours(&mismatch)),
                }
            }
            if is_done {
                association.status = None;
            }
            if let Some((_, text)) = association.status {
                let log = self.corridor.log;
                log!(log, DHCP6_ADD_STATUS_CODE_FOR_IA, self.label, wish.iaid.0, text);
            }
            outcome.push(association);
        }
        Ok(outcome)
    }
}

/// Associations of one message that are served.
const MAX_ASSOCIATIONS: usize = 64;

const NO_BINDING: Note = (StatusCode::NoBinding, "No lease is known for this association.");
const NOTHING_NAMED: Note = (StatusCode::NoBinding, "The association names nothing.");
const ALL_ON_LINK: Note = (StatusCode::Success, "All addresses are right for this link.");
const NOT_ON_LINK: Note = (StatusCode::NotOnLink, "An address is not right for this link.");
const RELEASED: Note = (StatusCode::Success, "Released.");
const RELEASE_DONE: Note = (StatusCode::Success, "Release processed.");
const DECLINED: Note = (StatusCode::Success, "Declined.");

/// Of a client in class REJECT, which is to stop using what it names.
fn rejected<'s>(wish: &Wish) -> Association<'s> {
    let note = match wish.kind {
        IaKind::Pd => (StatusCode::NoPrefixAvail, "This client gets no prefixes."),
        IaKind::Na | IaKind::Ta => (StatusCode::NoAddrsAvail, "This client gets no addresses."),
    };
    let mut association = Association::noted(wish, note);
    association.withdraw(wish.named());
    association
}

fn no_subnet(kind: IaKind) -> Note {
    match kind {
        IaKind::Pd => (StatusCode::NoPrefixAvail, "No subnet is configured for this link."),
        IaKind::Na | IaKind::Ta => {
            (StatusCode::NoAddrsAvail, "No subnet is configured for this link.")
        }
    }
}

fn nothing_left(kind: IaKind) -> Note {
    match kind {
        IaKind::Pd => (StatusCode::NoPrefixAvail, "No prefix is available."),
        IaKind::Na | IaKind::Ta => (StatusCode::NoAddrsAvail, "No address is available."),
    }
}

fn not_yours(mismatch: &Mismatch) -> Note {
    match mismatch {
        Mismatch::NoLease | Mismatch::Kept | Mismatch::Dropped => NO_BINDING,
        Mismatch::OtherClient(_) => (StatusCode::NoBinding, "It is leased to another client."),
        Mismatch::OtherAssociation(_) => {
            (StatusCode::NoBinding, "It is leased for another association.")
        }
    }
}
