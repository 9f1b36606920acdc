//! Every decision of the engine is judged where it is made.

use std::sync::Arc;

use kea_dhcp::pipeline::{Answer, Drop};
use kea_lease::{Durability, LeaseKind, LeaseRef, LeaseState};
use kea_stats::ServerMetric;
use kea_wire::Prefix;

use crate::link::Inbound;
use crate::oracle::{Granted, Rule, Violation};
use crate::protocol::{Act, Asked, Association, Binding, Protocol, Query, Reply, ReplyKind, Word};
use crate::server::{Parked, Server};
use crate::silence::Silence;
use crate::world::{Event, World};

/// A query on its way, with what the judge knows of it.
struct Case<'c, F: Protocol> {
    inbound: &'c Inbound<F>,
    query: &'c Query<F>,
    worker: usize,
    /// The server's Unix seconds.
    now: i64,
}

/// The counters that every query moves.
#[derive(Clone, Copy, Debug)]
struct Totals {
    received: i64,
    dropped: i64,
    /// Of [`Silence::COUNTED`].
    reasons: [i64; Silence::COUNTED.len()],
}

impl Totals {
    fn of<F: Protocol>(server: &Server<F>) -> Self {
        let value = |metric| server.counters.value(metric);
        Totals {
            received: value(ServerMetric::Received),
            dropped: value(ServerMetric::ReceiveDrop),
            reasons: Silence::COUNTED.map(value),
        }
    }
}

impl<F: Protocol> World<F> {
    /// One query, decided and judged.
    pub(crate) fn decide(&mut self, worker: usize, inbound: &Inbound<F>) -> Result<(), Violation> {
        let query = F::read_query(&inbound.payload);
        let now = self.unix();
        let before = Totals::of(&self.server);
        let mut octets = std::mem::take(&mut self.buffer);
        octets.clear();
        let result = self.server.decide(worker, inbound, now, &mut octets);
        self.tally.queries += 1;
        self.narrate(worker, inbound, query.as_ref(), &result, &octets);
        self.account(before, query.as_ref(), result.as_ref().err())?;
        let judged = match (&query, result) {
            (None, Ok(_)) => Err(Violation::new(Rule::Accounted, "garbage was answered")),
            (None, Err(_)) => Ok(()),
            (Some(query), Ok(answer)) => {
                let case = Case { inbound, query, worker, now };
                self.judge_answer(&case, answer, &octets)
            }
            (Some(query), Err(drop)) => {
                let case = Case { inbound, query, worker, now };
                self.judge_silence(&case, &drop)
            }
        };
        self.buffer = octets;
        judged
    }

    /// Every query is counted, and silence is explained by a message that names its reason and, where
    /// it is a loss, counted as one and as what it is for.
    fn account(
        &mut self,
        before: Totals,
        query: Option<&Query<F>>,
        silence: Option<&Drop<F>>,
    ) -> Result<(), Violation> {
        let after = Totals::of(&self.server);
        let who = query.map_or("somebody".to_owned(), |query| query.who.to_string());
        let broken = |text: String| Violation::new(Rule::Accounted, text).about(&who);
        if after.received != before.received + 1 {
            return Err(broken(format!("a query of {who} was not counted once as received")));
        }
        let dropped = after.dropped - before.dropped;
        let expected = i64::from(silence.is_some_and(Drop::is_loss));
        if dropped != expected {
            let text = format!("a query of {who} counted {dropped} times as dropped: {silence:?}");
            return Err(broken(text));
        }
        let wanted = silence.map(Silence::of);
        for (at, metric) in Silence::COUNTED.into_iter().enumerate() {
            let counted = after.reasons[at] - before.reasons[at];
            let is_it = wanted.is_some_and(|wanted| wanted.counted == Some(metric));
            if counted != i64::from(is_it) {
                let text =
                    format!("{metric:?} rose by {counted} for a query of {who}: {silence:?}");
                return Err(broken(text));
            }
        }
        let Some((silence, wanted)) = silence.zip(wanted) else { return Ok(()) };
        self.tally.silences += 1;
        self.server.log.look(|logged| match wanted.is_told(logged) {
            true => Ok(()),
            false => Err(broken(format!("{who} is told '{silence}' by none of {logged:?}"))),
        })
    }

    fn judge_answer(
        &mut self,
        case: &Case<'_, F>,
        answer: Answer<F>,
        octets: &[u8],
    ) -> Result<(), Violation> {
        let Case { query, inbound, .. } = case;
        let broken = |text: &str| {
            let text = format!("the answer to {} {text}", query.who);
            Violation::new(Rule::Truthful, text).about(&query.who)
        };
        let reply = F::read_answer(octets).ok_or_else(|| broken("cannot be read"))?;
        if reply.exchange != query.exchange || reply.to != query.to {
            return Err(broken("is an answer to somebody else"));
        }
        let mut grants = Vec::new();
        match &query.act {
            Act::Release(asked) => self.judge_given_back(case, &reply, asked, None)?,
            Act::Decline(asked) => {
                let probation = self.probation_of(case);
                self.judge_given_back(case, &reply, asked, Some(probation))?;
            }
            Act::Confirm(addresses) => self.judge_confirmation(case, &reply, addresses)?,
            Act::Solicit | Act::Request(_) | Act::Other => {
                for binding in &reply.bindings {
                    grants.push(self.judge_binding(case, *binding, reply.kind)?);
                }
                self.judge_denials(case, &reply)?;
            }
        }
        self.tally.count(&reply);
        if reply.kind == ReplyKind::Grant {
            grants.iter().for_each(|granted| self.oracle.decided(granted));
            let matching = self.profile.match_client_id;
            self.void_parked(|older| {
                grants.iter().any(|new| {
                    (new.link, new.association) == (older.link, older.association)
                        && F::is_same(&new.who, &older.who, matching)
                })
            });
        } else {
            grants.clear();
        }
        let link = inbound.link;
        let since = self.now;
        let parked = Parked { since, answer, octets: octets.to_vec(), link, grants };
        if parked.answer.after <= self.server.journal.durable() {
            return self.leave(case.worker, parked);
        }
        self.server.park(case.worker, parked);
        Ok(())
    }

    /// An address is offered or given: may this client have it here, and does the table say so?
    fn judge_binding(
        &mut self,
        case: &Case<'_, F>,
        binding: Binding<F>,
        kind: ReplyKind,
    ) -> Result<Granted<F>, Violation> {
        let Case { query, inbound, worker, now } = case;
        let Binding { association, prefix, lifetime } = binding;
        let address = prefix.address();
        let who = &query.who;
        let config = &self.server.workers[*worker].config;
        let broken = |rule, text: String| {
            Violation::new(rule, format!("{address} for {who}: {text}")).about(&address).about(who)
        };
        let link = config.plan.link_of_query(query, inbound);
        let Some(link) = link else {
            return Err(broken(Rule::InPlace, "the client is on no link".into()));
        };
        let thing = (association.kind, prefix);
        let subnet = config.plan.permits(link, thing, who, query.gold).map_err(|why| {
            let rule = if why.contains("reserved") { Rule::Reserved } else { Rule::InPlace };
            broken(rule, format!("{why} ({kind:?} on link {link})"))
        })?;
        let until = now + i64::from(lifetime);
        let granted = Granted { who: who.clone(), association, prefix, link, until };
        self.oracle.may_grant(&granted, *now)?;
        let lifetimes = config.plan.lifetimes(subnet).unwrap_or_default();
        if lifetime < lifetimes.0 || lifetime > lifetimes.1 {
            let text = format!("a lifetime of {lifetime} s, which is not within {lifetimes:?}");
            return Err(broken(Rule::Truthful, text));
        }
        if kind == ReplyKind::Offer {
            return Ok(granted);
        }
        let lease = self.server.leases.at(address).get(address).map(LeaseRef::to_lease);
        let Some(lease) = lease else {
            return Err(broken(Rule::Truthful, "the table has no such lease".into()));
        };
        let matching = config.plan.match_client_id;
        let is_true = F::is_same(&F::holder(&lease), who, matching)
            && Association::of(&lease) == association
            && F::prefix_len(&F::term(&lease.owner)) == prefix.len()
            && lease.expires() == Some(granted.until)
            && lease.state == LeaseState::Assigned
            && lease.subnet.0 == subnet;
        if !is_true {
            let text = format!("{lifetime} s in subnet {subnet}; the table has {lease:?}");
            return Err(broken(Rule::Truthful, text));
        }
        Ok(granted)
    }

    /// A client that was promised what it asks for must get it, and nobody is turned away from what
    /// is free.
    fn judge_denials(&mut self, case: &Case<'_, F>, reply: &Reply<F>) -> Result<(), Violation> {
        for (association, word) in &reply.words {
            if *word == Word::NothingLeft {
                let given = reply.bindings.iter().map(|binding| binding.prefix);
                // What the answer takes from one association is for no other until the next one.
                let taken = reply.withdrawn.iter().filter(|(from, _)| from != association);
                let settled: Vec<_> = given.chain(taken.map(|(_, prefix)| *prefix)).collect();
                self.judge_exhaustion(case, *association, &settled)?;
            }
            if reply.kind != ReplyKind::Offer && *word != Word::Yes {
                self.forget_lost(case, *association);
            }
        }
        let Act::Request(asked) = &case.query.act else { return Ok(()) };
        for asked in asked {
            let [prefix] = asked.named[..] else { continue };
            let gets = |binding: &Binding<F>| {
                binding.association == asked.association && binding.prefix == prefix
            };
            if !reply.bindings.iter().any(gets) {
                self.judge_refusal(case, asked.association, prefix)?;
            }
        }
        Ok(())
    }

    /// Who is given nothing loses what is not for it any more, such as what it had as a member of a
    /// class.
    fn forget_lost(&mut self, case: &Case<'_, F>, association: Association) {
        let Case { query, inbound, worker, .. } = case;
        let config = &self.server.workers[*worker].config;
        let Some(link) = config.plan.link_of_query(query, inbound) else { return };
        let (config, matching) = (Arc::clone(config), self.profile.match_client_id);
        let is_lost = |promise: &Granted<F>| {
            let (who, holder) = (&query.who, &promise.who);
            (promise.link, promise.association) == (link, association)
                && F::is_same(holder, who, matching)
                && config.plan.permits(link, promise.thing(), who, query.gold).is_err()
        };
        self.oracle.lost(is_lost);
        self.void_parked(is_lost);
    }

    fn judge_refusal(
        &self,
        case: &Case<'_, F>,
        association: Association,
        prefix: Prefix<F::Addr>,
    ) -> Result<(), Violation> {
        let Case { query, inbound, worker, now } = case;
        let (who, plan) = (&query.who, &self.server.workers[*worker].config.plan);
        if !self.oracle.holds((who, association), prefix, *now) || !self.is_settled() {
            return Ok(());
        }
        let link = plan.link_of_query(query, inbound);
        let permitted = link.is_some_and(|link| {
            plan.permits(link, (association.kind, prefix), who, query.gold).is_ok()
                && !plan.has_reservation(link, who)
                // Who sends no identifier may be either of two, and is told of one.
                && !self.oracle.holds_another((who, association), prefix, link, *now)
        });
        if !permitted {
            return Ok(());
        }
        let text = format!("{who} was promised {prefix}, and is refused it");
        Err(Violation::new(Rule::Renewable, text).about(&prefix.first()).about(who))
    }

    fn judge_silence(&mut self, case: &Case<'_, F>, drop: &Drop<F>) -> Result<(), Violation> {
        match (drop, &case.query.act) {
            (Drop::Done, Act::Release(asked)) => {
                asked.iter().try_for_each(|asked| self.given_back(case, asked, None))
            }
            (Drop::Done, Act::Decline(asked)) => {
                let end = Some(self.probation_of(case));
                asked.iter().try_for_each(|asked| self.given_back(case, asked, end))
            }
            (Drop::NotTheHolder { .. }, Act::Release(asked) | Act::Decline(asked)) => {
                asked.iter().try_for_each(|asked| self.judge_kept(case, asked))
            }
            (Drop::NothingToOffer, _) => self.judge_exhaustion(case, Association::ONLY, &[]),
            _ => Ok(()),
        }
    }

    /// What is said of each association that gives something back, those of a kind in their order.
    fn judge_given_back(
        &mut self,
        case: &Case<'_, F>,
        reply: &Reply<F>,
        asked: &[Asked<F>],
        probation: Option<i64>,
    ) -> Result<(), Violation> {
        for kind in [LeaseKind::Address, LeaseKind::Prefix] {
            let asked = asked.iter().filter(|asked| asked.association.kind == kind);
            let words = reply.words.iter().filter(|(association, _)| association.kind == kind);
            for (asked, (association, word)) in asked.zip(words) {
                if asked.association != *association {
                    let who = &case.query.who;
                    let text = format!("the answer to {who} is not about {asked:?}");
                    return Err(Violation::new(Rule::Truthful, text).about(who));
                }
                match word {
                    Word::Yes => self.given_back(case, asked, probation)?,
                    Word::No | Word::NothingLeft => self.judge_kept(case, asked)?,
                }
            }
        }
        Ok(())
    }

    fn given_back(
        &mut self,
        case: &Case<'_, F>,
        asked: &Asked<F>,
        probation: Option<i64>,
    ) -> Result<(), Violation> {
        let who = &case.query.who;
        for prefix in &asked.named {
            let holder = (who, asked.association);
            self.oracle.given_back(holder, prefix.first(), probation, case.now)?;
        }
        let matching = self.profile.match_client_id;
        self.void_parked(|older| {
            asked.named.iter().any(|prefix| prefix.first() == older.prefix.first())
                && F::is_same(&older.who, who, matching)
        });
        Ok(())
    }

    /// A client is told that something is not its own.
    fn judge_kept(&self, case: &Case<'_, F>, asked: &Asked<F>) -> Result<(), Violation> {
        let who = &case.query.who;
        match asked.named[..] {
            [prefix] if self.oracle.holds((who, asked.association), prefix, case.now) => {
                let text = format!("{who} was promised {prefix}, and may not give it back");
                Err(Violation::new(Rule::OwnLease, text).about(&prefix.first()).about(who))
            }
            _ => Ok(()),
        }
    }

    /// Whether addresses belong to a link is a matter of the plan.
    fn judge_confirmation(
        &self,
        case: &Case<'_, F>,
        reply: &Reply<F>,
        addresses: &[F::Addr],
    ) -> Result<(), Violation> {
        let Case { query, inbound, worker, .. } = case;
        let plan = &self.server.workers[*worker].config.plan;
        let link = plan.link_of_query(query, inbound);
        let expected = addresses.iter().all(|at| link.is_some() && plan.link_of(*at) == link);
        if expected == (reply.kind == ReplyKind::Done) {
            return Ok(());
        }
        let who = &query.who;
        let text = format!("{who} on link {link:?} hears {:?} about {addresses:?}", reply.kind);
        Err(Violation::new(Rule::Truthful, text).about(who))
    }

    fn probation_of(&self, case: &Case<'_, F>) -> i64 {
        case.now + i64::from(self.server.workers[case.worker].config.plan.probation())
    }

    /// Nothing was left: then everything must be somebody's, except what the same answer is about.
    fn judge_exhaustion(
        &mut self,
        case: &Case<'_, F>,
        association: Association,
        settled: &[Prefix<F::Addr>],
    ) -> Result<(), Violation> {
        let Case { query, inbound, worker, now } = case;
        self.tally.exhausted += 1;
        let plan = &self.server.workers[*worker].config.plan;
        let Some(link) = plan.link_of_query(query, inbound).filter(|_| self.is_settled()) else {
            return Ok(());
        };
        let kind = association.kind;
        let is_open = |open: &Prefix<F::Addr>| !settled.iter().any(|it| it.overlaps(*open));
        let open = plan.open(link, kind, query.gold).into_iter().filter(is_open);
        if let Some(free) = self.first_free(open, *now) {
            let who = &query.who;
            let text = format!("{who} was turned away while {free} was free");
            return Err(Violation::new(Rule::Available, text).about(&free.first()).about(who));
        }
        Ok(())
    }

    /// Of these, the first that nobody has, nor a part of it, nor one around it.
    pub(crate) fn first_free(
        &self,
        mut open: impl Iterator<Item = Prefix<F::Addr>>,
        now: i64,
    ) -> Option<Prefix<F::Addr>> {
        // Not what the table says of it: that may be what is wrong.
        let is_over = |lease: LeaseRef<'_, F>| {
            lease.state().is_vacant() || lease.to_lease().expires().is_some_and(|end| end <= now)
        };
        let all_held = || {
            let mut held = Vec::new();
            for table in self.server.leases.tables() {
                let current = table.page(None).filter(|lease| !is_over(*lease));
                held.extend(current.filter_map(|it| Prefix::new(it.address(), it.prefix_len())));
            }
            held
        };
        // Seldom needed: most of what is not free is somebody's as it is.
        let mut held = None;
        open.find(|open| {
            let at = open.first();
            self.server.leases.at(at).get(at).is_none_or(is_over)
                && !held.get_or_insert_with(all_held).iter().any(|held| held.overlaps(*open))
        })
    }

    /// An answer leaves, and what it says is promised from now on.
    pub(crate) fn leave(&mut self, worker: usize, parked: Parked<F>) -> Result<(), Violation> {
        let now = self.unix();
        if u128::from(self.now - parked.since) > kea_dhcp::pipeline::MAX_ANSWER_WAIT.as_micros() {
            self.tally.stale += 1;
            return Ok(());
        }
        self.server.sent(worker, parked.answer.message_type);
        self.tally.sent += 1;
        for granted in parked.grants {
            self.tell(|| {
                let Granted { who, prefix, until, .. } = &granted;
                format!("the server promises {prefix} to {who} until {until}")
            });
            self.oracle.promise(granted, now)?;
        }
        let transmit = &parked.answer.transmit;
        let to_link = self.plan.plan.link_of(transmit.destination);
        let link = to_link.unwrap_or(parked.link).min(self.links.len() - 1);
        let arrivals = self.weather.arrivals(self.now, &self.links[link], &mut self.random);
        for at in arrivals.into_iter().flatten() {
            self.after(at - self.now, Event::Deliver(link, parked.octets.clone()));
        }
        Ok(())
    }

    /// A newer decision about a client makes older ones, whose answers have not left yet, worthless: it
    /// has asked something else meanwhile, and passes them over.
    pub(crate) fn void_parked(&mut self, is_void: impl Fn(&Granted<F>) -> bool) {
        for parked in self.server.workers.iter_mut().flat_map(|worker| &mut worker.parked) {
            parked.grants.retain(|granted| !is_void(granted));
        }
    }

    /// True when no change of configuration is under way.
    pub(crate) fn is_settled(&self) -> bool {
        Arc::ptr_eq(&self.plan, &self.server.config)
            && self.server.is_settled()
            && !self.is_reconfiguring
    }

    /// True while acknowledged leases may be lost by a loss of power.
    pub(crate) fn forgives(&self, power: bool) -> bool {
        match self.profile.durability {
            Durability::PowerLoss => false,
            Durability::ProcessCrash => power,
            Durability::None => true,
        }
    }

    fn narrate(
        &mut self,
        worker: usize,
        inbound: &Inbound<F>,
        query: Option<&Query<F>>,
        result: &Result<Answer<F>, Drop<F>>,
        octets: &[u8],
    ) {
        if self.story.is_none() {
            return;
        }
        if let Some(query) = query {
            self.last_served = query.who.to_string();
        }
        let asked = match query {
            Some(query) => {
                format!("{} sends {:?} from link {}", query.who, query.act, inbound.link)
            }
            None => {
                format!("{} octets of garbage from link {}", inbound.payload.len(), inbound.link)
            }
        };
        let answered = match (result, F::read_answer(octets)) {
            (Ok(answer), Some(Reply { kind, bindings, .. })) => {
                let bindings: Vec<String> = bindings
                    .iter()
                    .map(|binding| format!("{} for {} s", binding.prefix, binding.lifetime))
                    .collect();
                format!("{kind:?} {} after {:?}", bindings.join(", "), answer.after)
            }
            (Ok(_), None) => "something unreadable".to_owned(),
            (Err(drop), _) => format!("nothing: {drop}"),
        };
        let source = inbound.source;
        let from = if source == F::DIRECT { String::new() } else { format!(" (by {source})") };
        self.tell(|| format!("{asked}{from} to worker {worker}, who answers {answered}"));
        for text in self.server.log.take() {
            self.tell(|| format!("    {text}"));
        }
    }
}
