//! What the server has promised to whom, as its clients know it, and what must always hold.

use std::fmt;

use foldhash::fast::FixedState;
use hashbrown::HashMap;
use kea_lease::{Lease, LeaseRef, LeaseState, Leases};
use kea_wire::Prefix;

use crate::protocol::{Association, Protocol, Thing};

/// A rule that must always hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Rule {
    /// An address is bound to two clients at once.
    OneHolder,
    /// An acknowledged lease survives what its durability says.
    Durable,
    /// A lease lies in a pool of its client's link that its client's classes let it into.
    InPlace,
    /// An address goes to the client that it is reserved for, and to no other.
    Reserved,
    /// Only its holder gives a lease back or declines it.
    OwnLease,
    /// A declined address is not given away during its probation.
    Probation,
    /// Who holds a lease can renew it.
    Renewable,
    /// While an address is free, a client that may have it is not turned away.
    Available,
    /// What the client is told is what the table says, and what the network's plan says.
    Truthful,
    /// Statistics equal the table and the traffic.
    Counted,
    /// Every query is answered, or dropped for a reason that is counted and logged.
    Accounted,
    /// Nothing grows without bound.
    Bounded,
    /// A restart in good order finds the leases as they were.
    Restartable,
    /// When all trouble is over, every client gets its lease.
    Recovers,
}

/// A rule that was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which.
    pub rule: Rule,
    /// How, in a sentence.
    pub text: String,
    /// The addresses and clients concerned, as stories name them.
    pub about: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.text)
    }
}

impl Violation {
    pub(crate) fn new(rule: Rule, text: impl Into<String>) -> Self {
        Violation { rule, text: text.into(), about: Vec::new() }
    }

    pub(crate) fn about(mut self, what: &impl fmt::Display) -> Self {
        self.about.push(what.to_string());
        self
    }
}

/// A lease that was decided, whether its client has been told or not.
#[derive(Clone, Debug)]
pub(crate) struct Granted<F: Protocol> {
    pub(crate) who: F::Identity,
    pub(crate) association: Association,
    pub(crate) prefix: Prefix<F::Addr>,
    pub(crate) link: usize,
    /// The server's Unix second in which it ends.
    pub(crate) until: i64,
}

/// A client and what it has a lease for.
pub(crate) type Holder<'h, F> = (&'h <F as Protocol>::Identity, Association);

impl<F: Protocol> Granted<F> {
    pub(crate) fn holder(&self) -> Holder<'_, F> {
        (&self.who, self.association)
    }

    pub(crate) fn thing(&self) -> Thing<F> {
        (self.association.kind, self.prefix)
    }
}

/// Promises made and not over.
pub(crate) struct Oracle<F: Protocol> {
    /// By the first address.
    promises: HashMap<F::Addr, Granted<F>, FixedState>,
    /// Ends of probation.
    declined: HashMap<F::Addr, i64, FixedState>,
    match_client_id: bool,
}

impl<F: Protocol> Oracle<F> {
    pub(crate) fn new(match_client_id: bool) -> Self {
        Oracle { promises: HashMap::default(), declined: HashMap::default(), match_client_id }
    }

    fn is_same(&self, one: Holder<'_, F>, other: Holder<'_, F>) -> bool {
        F::is_same(one.0, other.0, self.match_client_id) && one.1 == other.1
    }

    /// Who was promised an address, for longer than until now.
    pub(crate) fn holder(&self, address: F::Addr, now: i64) -> Option<&Granted<F>> {
        self.promises.get(&address).filter(|promise| promise.until > now)
    }

    /// True when `who` was promised the address or prefix.
    pub(crate) fn holds(&self, who: Holder<'_, F>, prefix: Prefix<F::Addr>, now: i64) -> bool {
        let promise = self.holder(prefix.first(), now);
        promise.is_some_and(|it| it.prefix == prefix && self.is_same(it.holder(), who))
    }

    /// True when `who` was promised another address or prefix of the link, too.
    pub(crate) fn holds_another(
        &self,
        who: Holder<'_, F>,
        prefix: Prefix<F::Addr>,
        link: usize,
        now: i64,
    ) -> bool {
        let mut others = self.promises.values().filter(|it| it.until > now && it.prefix != prefix);
        others.any(|it| it.link == link && self.is_same(it.holder(), who))
    }

    /// A promise of the same, or one to another client of something that shares addresses with what is
    /// granted: an address that is reserved for a client may lie in a prefix of its own.
    fn conflict(&self, granted: &Granted<F>, now: i64) -> Option<&Granted<F>> {
        let is_in_conflict = |promise: &&Granted<F>| {
            let is_own = match promise.prefix == granted.prefix {
                true => self.is_same(promise.holder(), granted.holder()),
                false => F::is_same(&promise.who, &granted.who, self.match_client_id),
            };
            !is_own && promise.until > now && promise.prefix.overlaps(granted.prefix)
        };
        let own = self.promises.get(&granted.prefix.first()).filter(is_in_conflict);
        // Only where the protocol has prefixes can there be others.
        let prefixes = F::delegated(0, 0).map(|_| self.promises.values());
        own.or_else(|| prefixes.into_iter().flatten().find(is_in_conflict))
    }

    /// Looks whether an address may be given to a client.
    pub(crate) fn may_grant(&self, granted: &Granted<F>, now: i64) -> Result<(), Violation> {
        let Granted { who, prefix, .. } = granted;
        let address = &prefix.first();
        if let Some(promise) = self.conflict(granted, now) {
            let Granted { who: other, prefix: theirs, until, .. } = promise;
            let left = until - now;
            let text = format!(
                "{prefix} is given to {who} while {theirs} is promised to {other} for {left} s more"
            );
            let violation = Violation::new(Rule::OneHolder, text).about(address);
            return Err(violation.about(&theirs.first()).about(who).about(other));
        }
        match self.declined.get(address) {
            Some(end) if *end > now => {
                let left = end - now;
                let text = format!("{address} was declined, and is given to {who} {left} s early");
                Err(Violation::new(Rule::Probation, text).about(address).about(who))
            }
            _ => Ok(()),
        }
    }

    /// A lease was decided: from now on its client can rely on no more than it, and on no other
    /// lease of the link.
    pub(crate) fn decided(&mut self, granted: &Granted<F>) {
        let match_client_id = self.match_client_id;
        let same = |promise: &Granted<F>| {
            promise.association == granted.association
                && F::is_same(&promise.who, &granted.who, match_client_id)
        };
        self.promises.retain(|address, promise| {
            *address == granted.prefix.first() || promise.link != granted.link || !same(promise)
        });
        if let Some(promise) = self.promises.get_mut(&granted.prefix.first()) {
            promise.until = promise.until.min(granted.until);
            // What its client is known by from now on.
            promise.who = granted.who.clone();
            promise.association = granted.association;
            promise.prefix = granted.prefix;
        }
        self.declined.remove(&granted.prefix.first());
    }

    /// The answer has left.
    pub(crate) fn promise(&mut self, granted: Granted<F>, now: i64) -> Result<(), Violation> {
        self.may_grant(&granted, now)?;
        self.promises.insert(granted.prefix.first(), granted);
        Ok(())
    }

    /// A message of `who` gave an address back, or took it out of use until `probation`.
    pub(crate) fn given_back(
        &mut self,
        holder: Holder<'_, F>,
        address: F::Addr,
        probation: Option<i64>,
        now: i64,
    ) -> Result<(), Violation> {
        let (who, _) = holder;
        if let Some(promise) = self.holder(address, now)
            && !self.is_same(promise.holder(), holder)
        {
            let text = format!("{who} gave {address} back, which is promised to {}", promise.who);
            let violation = Violation::new(Rule::OwnLease, text).about(&address);
            return Err(violation.about(who).about(&promise.who));
        }
        self.promises.remove(&address);
        if let Some(end) = probation {
            self.declined.insert(address, end);
        }
        Ok(())
    }

    /// A client learns that it has not any more what it was promised.
    pub(crate) fn lost(&mut self, is_lost: impl Fn(&Granted<F>) -> bool) {
        self.promises.retain(|_, promise| !is_lost(promise));
    }

    /// Forgets what is over: a clock that is set back brings nothing back.
    pub(crate) fn forget_ended(&mut self, now: i64) {
        self.promises.retain(|_, promise| promise.until > now);
        self.declined.retain(|_, end| *end > now);
    }

    /// Looks for every promise in the table.
    pub(crate) fn check(&self, leases: &Leases<F>, now: i64) -> Result<(), Violation> {
        for promise in self.promises.values().filter(|promise| promise.until > now) {
            let Granted { who, prefix, until, .. } = promise;
            let address = &prefix.first();
            let there = leases.at(*address).get(*address).map(LeaseRef::to_lease);
            if there.as_ref().is_some_and(|lease| self.keeps(promise, lease)) {
                continue;
            }
            let left = until - now;
            let found = there.map_or("no lease".to_owned(), |lease| format!("{lease:?}"));
            let text = format!("{who} was promised {prefix} for {left} s more; there is {found}");
            return Err(Violation::new(Rule::Durable, text).about(address).about(who));
        }
        Ok(())
    }

    fn keeps(&self, promise: &Granted<F>, lease: &Lease<F>) -> bool {
        let lasts = lease.expires().is_none_or(|end| end >= promise.until);
        let state = lease.state == LeaseState::Assigned;
        let who = F::holder(lease);
        let len = F::prefix_len(&F::term(&lease.owner)) == promise.prefix.len();
        lasts && state && len && self.is_same((&who, Association::of(lease)), promise.holder())
    }

    /// After a restart: what nobody was told may be lost, a decline among it. With `excused`, so may
    /// promises.
    pub(crate) fn restarted(&mut self, leases: &Leases<F>, excused: bool) {
        self.declined.retain(|address, end| {
            let lease = leases.at(*address).get(*address).map(LeaseRef::to_lease);
            // What came back may be an older decline of the address.
            let there = lease.filter(|lease| lease.state == LeaseState::Declined);
            *end = there.as_ref().and_then(Lease::expires).map_or(*end, |kept| kept.min(*end));
            there.is_some()
        });
        if excused {
            let mut promises = std::mem::take(&mut self.promises);
            promises.retain(|address, promise| {
                let lease = leases.at(*address).get(*address).map(LeaseRef::to_lease);
                lease.is_some_and(|lease| self.keeps(promise, &lease))
            });
            self.promises = promises;
        }
    }
}
