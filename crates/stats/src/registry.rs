//! The registry: scopes with their counters, history, and statistics of free names.

use std::any::TypeId;
use std::cmp::Ordering;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::iter::Chain;
use std::slice;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::tz::TimeZone;

use crate::counters::{Counters, Group, Row, rows};
use crate::metrics::{
    KeyMetric, Metric, PoolMetric, PrefixPoolMetric, Presence, ServerKind, SubnetMetric,
};
use crate::sample::{Limit, Sample, StatisticError, UnixMicros, Value};

/// What a set of counters is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// The whole server.
    Server,
    /// A subnet.
    Subnet(u32),
    /// An address pool of a subnet.
    Pool {
        /// The subnet.
        subnet: u32,
        /// The pool.
        pool: u32,
    },
    /// A prefix pool of a subnet.
    PrefixPool {
        /// The subnet.
        subnet: u32,
        /// The pool.
        pool: u32,
    },
    /// A TSIG key, by its DNS name.
    Key(String),
}

impl fmt::Display for Scope {
    /// The prefix of names: nothing, `subnet[1].`, `subnet[1].pool[0].`, …
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => Ok(()),
            Self::Subnet(subnet) => write!(f, "subnet[{subnet}]."),
            Self::Pool { subnet, pool } => write!(f, "subnet[{subnet}].pool[{pool}]."),
            Self::PrefixPool { subnet, pool } => write!(f, "subnet[{subnet}].pd-pool[{pool}]."),
            Self::Key(name) => write!(f, "key[{name}]."),
        }
    }
}

impl Scope {
    /// The scope and the name below it of a full name. `subnet[01]` is not a way to write `subnet[1]`.
    fn split(name: &str) -> (Self, &str) {
        let parsed = name.strip_prefix("subnet[").and_then(Self::split_subnet).or_else(|| {
            let (key, rest) = name.strip_prefix("key[")?.rsplit_once("].")?;
            Some((Self::Key(key.to_owned()), rest))
        });
        match parsed {
            Some((scope, rest)) if name.starts_with(&scope.to_string()) => (scope, rest),
            _ => (Self::Server, name),
        }
    }

    fn split_subnet(text: &str) -> Option<(Self, &str)> {
        let (subnet, rest) = index(text)?;
        if let Some((pool, rest)) = rest.strip_prefix("pool[").and_then(index) {
            return Some((Self::Pool { subnet, pool }, rest));
        }
        if let Some((pool, rest)) = rest.strip_prefix("pd-pool[").and_then(index) {
            return Some((Self::PrefixPool { subnet, pool }, rest));
        }
        Some((Self::Subnet(subnet), rest))
    }
}

/// All statistics of a server. Shared between threads behind an `Arc`.
#[derive(Debug)]
pub struct Stats {
    server: ServerKind,
    workers: usize,
    zone: TimeZone,
    state: Mutex<State>,
}

impl Stats {
    /// An empty registry for a server with so many worker threads; timestamps of answers are in `zone`.
    pub fn new(server: ServerKind, workers: usize, zone: TimeZone) -> Self {
        Self { server, workers: workers.max(1), zone, state: Mutex::default() }
    }

    /// The server's own counters as worker number `worker` should use them; registers them at the first call.
    pub fn server<M: Metric>(&self, worker: usize, now: UnixMicros) -> Counters<M> {
        self.counters(&Scope::Server, self.workers, worker, now)
    }

    /// The counters of a subnet; registers them with value 0 at the first call.
    pub fn subnet(&self, subnet: u32, now: UnixMicros) -> Counters<SubnetMetric> {
        self.counters(&Scope::Subnet(subnet), 1, 0, now)
    }

    /// The counters of a pool; registers them with value 0 at the first call.
    pub fn pool(&self, subnet: u32, pool: u32, now: UnixMicros) -> Counters<PoolMetric> {
        self.counters(&Scope::Pool { subnet, pool }, 1, 0, now)
    }

    /// The counters of a prefix pool; registers them with value 0 at the first call.
    pub fn prefix_pool(
        &self,
        subnet: u32,
        pool: u32,
        now: UnixMicros,
    ) -> Counters<PrefixPoolMetric> {
        self.counters(&Scope::PrefixPool { subnet, pool }, 1, 0, now)
    }

    /// The counters of a TSIG key, by its fully qualified DNS name; registers them at the first call.
    pub fn key(&self, name: &str, now: UnixMicros) -> Counters<KeyMetric> {
        self.counters(&Scope::Key(name.to_owned()), 1, 0, now)
    }

    /// Forgets every scope that `keep` refuses, for reconfiguring. Counters handed out before go on counting, unseen.
    pub fn retain(&self, mut keep: impl FnMut(&Scope) -> bool) {
        let mut state = self.lock();
        state.groups.retain(|group| keep(&group.scope));
        let groups = state.groups.iter().enumerate();
        state.places = groups.map(|(place, group)| (group.scope.clone(), place)).collect();
        state.order = None;
    }

    /// Makes a statistic part of the answers although nothing was counted: what it is about has begun.
    pub fn show<M: Metric>(&self, scope: &Scope, metric: M, now: UnixMicros) {
        let mut state = self.lock();
        let limit = state.default_limit;
        let Some(group) = state.group(scope) else { return };
        let kept = group.kept(metric.index());
        if kept.samples.is_empty() && !kept.removed {
            kept.push(Value::Integer(0), now, limit);
        }
    }

    /// Sets a total that may exceed 64 bits; it stands in place of the counter.
    pub fn set_large<M: Metric>(&self, scope: &Scope, metric: M, value: i128, now: UnixMicros) {
        let mut state = self.lock();
        let limit = state.default_limit;
        let Some(group) = state.group(scope) else { return };
        let saturated = i64::try_from(value).unwrap_or(i64::MAX);
        group.counters.set(metric.index(), saturated);
        let kept = group.kept(metric.index());
        kept.large = i64::try_from(value).is_err().then_some(value);
        kept.removed = false;
        kept.record(Value::of_integer(value), now, limit);
    }

    /// Sets a statistic of a free name, creating it. The first value decides the type.
    pub fn set(&self, name: &str, value: Value, now: UnixMicros) -> Result<(), StatisticError> {
        self.lock().set_free(name, value, now)
    }

    /// Adds to an integer statistic of a free name, creating it.
    pub fn add(&self, name: &str, amount: i64, now: UnixMicros) -> Result<(), StatisticError> {
        let mut state = self.lock();
        let current = match state.free.get(name).and_then(|kept| kept.samples.front()) {
            Some(Sample { value: Value::Integer(value), .. }) => *value,
            Some(_) => return Err(StatisticError::OtherType(name.to_owned())),
            None => 0,
        };
        state.set_free(name, Value::Integer(current.saturating_add(amount)), now)
    }

    /// Takes a sample of every counter that changed since the last one. Commands do so for what they show; calling
    /// it at intervals gives the history a finer grain.
    pub fn observe(&self, now: UnixMicros) {
        let mut state = self.lock();
        let limit = state.default_limit;
        for group in &mut state.groups {
            for index in 0..group.counters.rows.len() {
                group.observe_one(index, limit, now);
            }
        }
    }

    /// The samples of a statistic, newest first; `None` when there is none of this name.
    pub fn samples(&self, name: &str, now: UnixMicros) -> Option<Vec<Sample>> {
        self.lock().samples(name, now)
    }

    /// Shows every statistic, in the order of their names: the prefix of its scope, its name below that, and its
    /// samples, newest first.
    pub(crate) fn for_each(&self, now: UnixMicros, mut show: impl FnMut(&str, &str, History<'_>)) {
        let mut state = self.lock();
        let limit = state.default_limit;
        let State { groups, order, free, .. } = &mut *state;
        let order = order.get_or_insert_with(|| order_of(groups));
        let mut free = free.iter().peekable();
        for &(place, index) in order.iter() {
            let Some(group) = groups.get_mut(place as usize) else { continue };
            let index = usize::from(index);
            let Some(name) = group.counters.rows[index].name else { continue };
            if !group.is_present(index) {
                continue;
            }
            let mut is_hidden = false;
            while let Some((other, kept)) = free.peek() {
                match compare(("", other), (&group.prefix, name)) {
                    Ordering::Less => show("", other, history(&kept.samples)),
                    Ordering::Equal => {
                        is_hidden = true;
                        break;
                    }
                    Ordering::Greater => break,
                }
                free.next();
            }
            if is_hidden {
                continue;
            }
            group.observe_one(index, limit, now);
            match group.kept.get(index).and_then(Option::as_deref) {
                Some(kept) => show(&group.prefix, name, history(&kept.samples)),
                None => {
                    let first = [group.first_sample()];
                    show(&group.prefix, name, first.iter().chain(&[]));
                }
            }
        }
        for (name, kept) in free {
            show("", name, history(&kept.samples));
        }
    }

    /// Sets a statistic to the neutral value of its type, as its only sample.
    pub fn reset(&self, name: &str, now: UnixMicros) -> Result<(), StatisticError> {
        self.lock().reset(name, now)
    }

    /// [Resets](Self::reset) every statistic.
    pub fn reset_all(&self, now: UnixMicros) {
        let mut state = self.lock();
        for name in state.names() {
            // A statistic not shown before its first change is unknown to the command, and 0 already.
            let _ = state.reset(&name, now);
        }
    }

    /// Makes a statistic vanish until its next change.
    pub fn remove(&self, name: &str) -> Result<(), StatisticError> {
        self.lock().remove(name)
    }

    /// [Removes](Self::remove) every statistic.
    pub fn remove_all(&self) {
        let mut state = self.lock();
        for name in state.names() {
            let _ = state.remove(&name);
        }
    }

    /// Sets how much history a statistic keeps, replacing a limit of either kind.
    pub fn set_limit(
        &self,
        name: &str,
        limit: Limit,
        now: UnixMicros,
    ) -> Result<(), StatisticError> {
        if limit == Limit::Count(0) {
            return Err(StatisticError::NoSamples);
        }
        self.lock().set_limit(name, limit, now)
    }

    /// Sets how much history all statistics keep, present and future.
    pub fn set_limit_all(&self, limit: Limit, now: UnixMicros) -> Result<(), StatisticError> {
        if limit == Limit::Count(0) {
            return Err(StatisticError::NoSamples);
        }
        let mut state = self.lock();
        state.default_limit = limit;
        let State { groups, free, .. } = &mut *state;
        let counted = groups.iter_mut().flat_map(|group| group.kept.iter_mut().flatten());
        for kept in counted.map(|kept| &mut **kept).chain(free.values_mut()) {
            kept.limit = None;
            limit.apply(&mut kept.samples, now);
        }
        Ok(())
    }

    /// The zone of timestamps.
    pub(crate) fn zone(&self) -> &TimeZone {
        &self.zone
    }

    pub(crate) fn server_kind(&self) -> ServerKind {
        self.server
    }

    fn counters<M: Metric>(
        &self,
        scope: &Scope,
        shards: usize,
        worker: usize,
        now: UnixMicros,
    ) -> Counters<M> {
        let mut state = self.lock();
        let rows = Arc::clone(
            state.tables.entry(TypeId::of::<M>()).or_insert_with(|| rows::<M>(self.server)),
        );
        let counters = match state.group(scope) {
            Some(group) => Arc::clone(&group.counters),
            None => state.enter(scope, Arc::new(Group::new(rows, shards, now))),
        };
        Counters::new(counters, worker)
    }

    /// No code that holds the lock can panic half-way, so a poisoned state is a consistent one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The samples of a statistic, newest first.
pub(crate) type History<'a> = Chain<slice::Iter<'a, Sample>, slice::Iter<'a, Sample>>;

fn history(samples: &VecDeque<Sample>) -> History<'_> {
    let (newest, oldest) = samples.as_slices();
    newest.iter().chain(oldest)
}

#[derive(Debug)]
struct State {
    tables: HashMap<TypeId, Arc<[Row]>>,
    groups: Vec<Counted>,
    /// Where in `groups` a scope is.
    places: HashMap<Scope, usize>,
    /// All counters in the order of their full names; made when it is asked for.
    order: Option<Vec<(u32, u16)>>,
    free: BTreeMap<String, Kept>,
    default_limit: Limit,
}

impl Default for State {
    fn default() -> Self {
        Self {
            tables: HashMap::new(),
            groups: Vec::new(),
            places: HashMap::new(),
            order: None,
            free: BTreeMap::new(),
            default_limit: Limit::DEFAULT,
        }
    }
}

/// The counters of a scope, with their history.
#[derive(Debug)]
struct Counted {
    scope: Scope,
    /// The scope as names begin with it.
    prefix: String,
    counters: Arc<Group>,
    /// Empty as long as none has changed: most of a hundred thousand subnets' never do.
    kept: Vec<Option<Box<Kept>>>,
}

impl Counted {
    fn is_present(&self, index: usize) -> bool {
        let Some(row) = self.counters.rows.get(index).filter(|row| row.name.is_some()) else {
            return false;
        };
        match self.kept.get(index).and_then(Option::as_deref) {
            Some(kept) if kept.removed => self.counters.value(index) != 0,
            Some(_) => true,
            None => row.presence == Presence::Always || self.counters.value(index) != 0,
        }
    }

    fn kept(&mut self, index: usize) -> &mut Kept {
        let rows = &self.counters.rows;
        if self.kept.is_empty() {
            self.kept.resize_with(rows.len(), || None);
        }
        let first = (rows[index].presence == Presence::Always).then(|| self.first_sample());
        self.kept[index].get_or_insert_with(|| {
            Box::new(Kept { samples: first.into_iter().collect(), ..Kept::default() })
        })
    }

    /// What a counter that never changed has to show.
    fn first_sample(&self) -> Sample {
        Sample { value: Value::Integer(0), at: self.counters.created }
    }

    /// Takes a sample of a counter if it changed.
    fn observe_one(&mut self, index: usize, limit: Limit, now: UnixMicros) {
        let value = self.counters.value(index);
        if value == 0 && self.kept.get(index).is_none_or(Option::is_none) {
            return;
        }
        let kept = self.kept(index);
        if kept.removed && value == 0 {
            return;
        }
        kept.removed = false;
        let value = match kept.large {
            Some(large) if value == i64::MAX => Value::Large(large),
            _ => Value::Integer(value),
        };
        kept.record(value, now, limit);
        kept.limit.unwrap_or(limit).apply(&mut kept.samples, now);
    }

    fn samples(&mut self, index: usize, limit: Limit, now: UnixMicros) -> Vec<Sample> {
        self.observe_one(index, limit, now);
        match self.kept.get(index).and_then(Option::as_deref) {
            Some(kept) => kept.samples.iter().cloned().collect(),
            None => vec![self.first_sample()],
        }
    }
}

/// The counters of all groups, by their full names.
fn order_of(groups: &[Counted]) -> Vec<(u32, u16)> {
    let mut order: Vec<(u32, u16)> = Vec::new();
    for (place, group) in (0..).zip(groups) {
        let rows = (0..).zip(&*group.counters.rows);
        order.extend(rows.filter(|(_, row)| row.name.is_some()).map(|(index, _)| (place, index)));
    }
    let name = |&(place, index): &(u32, u16)| {
        let group = &groups[place as usize];
        (&*group.prefix, group.counters.rows[usize::from(index)].name.unwrap_or_default())
    };
    order.sort_unstable_by(|a, b| compare(name(a), name(b)));
    order
}

/// Compares names that are in two parts each.
fn compare(a: (&str, &str), b: (&str, &str)) -> Ordering {
    a.0.bytes().chain(a.1.bytes()).cmp(b.0.bytes().chain(b.1.bytes()))
}

/// What a statistic has besides its counter.
#[derive(Debug, Default)]
struct Kept {
    /// Newest first.
    samples: VecDeque<Sample>,
    /// Its own limit.
    limit: Option<Limit>,
    /// Stands in place of the counter.
    large: Option<i128>,
    /// Not shown until it changes.
    removed: bool,
}

impl Kept {
    fn push(&mut self, value: Value, at: UnixMicros, default: Limit) {
        self.samples.push_front(Sample { value, at });
        self.limit.unwrap_or(default).apply(&mut self.samples, at);
    }

    /// Adds a sample unless the newest one says the same.
    fn record(&mut self, value: Value, at: UnixMicros, default: Limit) {
        if self.samples.front().is_none_or(|newest| newest.value != value) {
            self.push(value, at, default);
        }
    }
}

/// Where a name leads.
enum Found {
    /// In [`State::groups`], and which of its counters.
    Counter(usize, usize),
    Free(String),
}

impl State {
    fn group(&mut self, scope: &Scope) -> Option<&mut Counted> {
        let place = *self.places.get(scope)?;
        self.groups.get_mut(place)
    }

    fn enter(&mut self, scope: &Scope, counters: Arc<Group>) -> Arc<Group> {
        self.places.insert(scope.clone(), self.groups.len());
        self.order = None;
        let (scope, prefix) = (scope.clone(), scope.to_string());
        let group = Counted { scope, prefix, counters: Arc::clone(&counters), kept: Vec::new() };
        self.groups.push(group);
        counters
    }

    fn find(&self, name: &str) -> Option<Found> {
        if self.free.contains_key(name) {
            return Some(Found::Free(name.to_owned()));
        }
        let (scope, below) = Scope::split(name);
        let place = *self.places.get(&scope)?;
        let group = self.groups.get(place)?;
        let index = group.counters.rows.iter().position(|row| row.name == Some(below))?;
        group.is_present(index).then_some(Found::Counter(place, index))
    }

    /// Names of everything that is present, as in answers.
    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.free.keys().cloned().collect();
        for group in &self.groups {
            let rows = group.counters.rows.iter().enumerate();
            let present = rows.filter(|(index, _)| group.is_present(*index));
            let below = present.filter_map(|(_, row)| row.name);
            names.extend(below.map(|name| format!("{}{name}", group.prefix)));
        }
        names
    }

    fn samples(&mut self, name: &str, now: UnixMicros) -> Option<Vec<Sample>> {
        match self.find(name)? {
            Found::Free(name) => {
                self.free.get(&name).map(|kept| kept.samples.iter().cloned().collect())
            }
            Found::Counter(place, index) => {
                Some(self.groups[place].samples(index, self.default_limit, now))
            }
        }
    }

    fn reset(&mut self, name: &str, now: UnixMicros) -> Result<(), StatisticError> {
        let limit = self.default_limit;
        let kept = match self.find_or_fail(name)? {
            Found::Free(name) => self.free.entry(name).or_default(),
            Found::Counter(place, index) => {
                let group = &mut self.groups[place];
                group.counters.reset(index);
                let kept = group.kept(index);
                kept.large = None;
                kept.removed = false;
                kept
            }
        };
        let neutral = match kept.samples.front() {
            Some(Sample { value: Value::Large(_), .. }) | None => Value::Integer(0),
            Some(newest) => newest.value.neutral(),
        };
        kept.samples.clear();
        kept.push(neutral, now, limit);
        Ok(())
    }

    fn remove(&mut self, name: &str) -> Result<(), StatisticError> {
        match self.find_or_fail(name)? {
            Found::Free(name) => {
                self.free.remove(&name);
            }
            Found::Counter(place, index) => {
                let group = &mut self.groups[place];
                group.counters.reset(index);
                let kept = group.kept(index);
                *kept = Kept { removed: true, ..Kept::default() };
            }
        }
        Ok(())
    }

    fn set_limit(
        &mut self,
        name: &str,
        limit: Limit,
        now: UnixMicros,
    ) -> Result<(), StatisticError> {
        let kept = match self.find_or_fail(name)? {
            Found::Free(name) => self.free.entry(name).or_default(),
            Found::Counter(place, index) => {
                let group = &mut self.groups[place];
                group.observe_one(index, self.default_limit, now);
                group.kept(index)
            }
        };
        kept.limit = Some(limit);
        limit.apply(&mut kept.samples, now);
        Ok(())
    }

    fn set_free(
        &mut self,
        name: &str,
        value: Value,
        now: UnixMicros,
    ) -> Result<(), StatisticError> {
        let limit = self.default_limit;
        let kept = self.free.entry(name.to_owned()).or_default();
        if kept.samples.front().is_some_and(|newest| !newest.value.same_type(&value)) {
            return Err(StatisticError::OtherType(name.to_owned()));
        }
        kept.push(value, now, limit);
        Ok(())
    }

    fn find_or_fail(&self, name: &str) -> Result<Found, StatisticError> {
        self.find(name).ok_or_else(|| StatisticError::Unknown(name.to_owned()))
    }
}

/// Reads `<number>].` and returns what follows.
fn index(text: &str) -> Option<(u32, &str)> {
    let (number, rest) = text.split_once("].")?;
    Some((number.parse().ok()?, rest))
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
