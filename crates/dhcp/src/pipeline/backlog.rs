//! Which queries are served first, and which are let go, when more come than can be served.

use std::collections::VecDeque;
use std::hash::{BuildHasher as _, Hasher as _};
use std::time::Duration;

use foldhash::fast::FixedState;
use hashbrown::{HashMap, HashSet};

/// How much depends on a query being answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// A client that wants to join; it will ask again, and may ask another server.
    Discover,
    /// A client that was offered something.
    Request,
    /// A client that has something: it loses it if nobody answers, or gives it back.
    Renew,
}

/// What is known of a query before it is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rank {
    /// How urgent it is.
    pub urgency: Urgency,
    /// Whom it came from: each relay takes its turn, and so do all clients without one together.
    pub source: u64,
    /// By what a repetition is known.
    pub repetition: u64,
}

impl Rank {
    /// Of a query from `source` that `identity` tells from all others.
    pub(crate) fn new(urgency: Urgency, source: u64, identity: &[&[u8]]) -> Self {
        Rank { urgency, source, repetition: fingerprint(identity) }
    }

    /// Of what cannot be read: it is served last, and soon done with.
    pub(crate) fn unreadable(payload: &[u8]) -> Self {
        Rank::new(Urgency::Discover, 0, &[payload])
    }
}

/// A number for octets, as good as always another one for others.
pub(crate) fn fingerprint(parts: &[&[u8]]) -> u64 {
    let mut hasher = FixedState::default().build_hasher();
    parts.iter().for_each(|part| hasher.write(part));
    hasher.finish()
}

/// Queries that wait to be served: a bounded number, the most urgent first, sources in turn.
#[derive(Debug)]
pub struct Backlog<T> {
    /// By urgency, in rising order.
    lanes: [Lane<T>; 3],
    /// What a repetition would be of.
    waiting: HashSet<u64, FixedState>,
    capacity: usize,
    /// How many were taken since the least urgent had its turn.
    taken: u32,
}

/// Why a query is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LetGo {
    /// Too many wait, and it is the one that matters least.
    Full,
    /// It waited for so long that its client has asked again.
    Stale,
    /// It repeats one that waits.
    Repeated,
}

impl<T> Backlog<T> {
    /// Room for so many.
    pub fn new(capacity: usize) -> Self {
        Backlog {
            lanes: [Lane::new(), Lane::new(), Lane::new()],
            waiting: HashSet::default(),
            capacity,
            taken: 0,
        }
    }

    /// Room for so many from now on; what waits stays.
    pub fn resize(&mut self, capacity: usize) {
        self.capacity = capacity;
    }

    /// How many wait.
    pub fn len(&self) -> usize {
        self.lanes.iter().map(|lane| lane.len).sum()
    }

    /// True when none waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// True when another one drives one out.
    pub fn is_full(&self) -> bool {
        self.len() >= self.capacity
    }

    /// Lets a query wait that came at `now`. Gives the one that is let go for it, which may be itself.
    pub fn push(&mut self, rank: Rank, now: Duration, item: T) -> Option<(LetGo, T)> {
        if self.waiting.contains(&rank.repetition) {
            return Some((LetGo::Repeated, item));
        }
        let mut gone = None;
        if self.is_full() {
            match self.displace(rank.urgency, now) {
                Some(displaced) => gone = Some(displaced),
                None => return Some((LetGo::Full, item)),
            }
        }
        self.waiting.insert(rank.repetition);
        let lane = &mut self.lanes[rank.urgency as usize];
        lane.push(rank.source, Waiting { since: now, repetition: rank.repetition, item });
        gone
    }

    /// The next query to serve at `now`; those that are too old to be served go to `stale`.
    pub fn pop(&mut self, now: Duration, mut stale: impl FnMut(T)) -> Option<T> {
        loop {
            let lane = self.next_lane()?;
            let Some(waiting) = lane.pop() else { continue };
            self.waiting.remove(&waiting.repetition);
            if waiting.is_stale(now) {
                stale(waiting.item);
            } else {
                return Some(waiting.item);
            }
        }
    }

    /// The most urgent lane that is not empty; now and then the least urgent one, so that its clients
    /// are not shut out for good.
    fn next_lane(&mut self) -> Option<&mut Lane<T>> {
        self.taken += 1;
        if self.taken >= TURN {
            self.taken = 0;
            return self.lanes.iter_mut().find(|lane| lane.len > 0);
        }
        self.lanes.iter_mut().rev().find(|lane| lane.len > 0)
    }

    /// Makes room for a query of this urgency: a stale one goes first, then the oldest of the source
    /// that has most among the least urgent.
    fn displace(&mut self, urgency: Urgency, now: Duration) -> Option<(LetGo, T)> {
        let stale = self.lanes.iter_mut().find_map(|lane| lane.take_stale(now));
        let (why, waiting) = match stale {
            Some(waiting) => (LetGo::Stale, waiting),
            None => {
                let mut lanes = self.lanes[..=urgency as usize].iter_mut();
                (LetGo::Full, lanes.find_map(Lane::take_from_largest)?)
            }
        };
        self.waiting.remove(&waiting.repetition);
        Some((why, waiting.item))
    }
}

/// Queries of one urgency.
#[derive(Debug)]
struct Lane<T> {
    by_source: HashMap<u64, VecDeque<Waiting<T>>, FixedState>,
    /// Sources that have something waiting, the next one first.
    turns: VecDeque<u64>,
    len: usize,
}

#[derive(Debug)]
struct Waiting<T> {
    since: Duration,
    repetition: u64,
    item: T,
}

impl<T> Waiting<T> {
    fn is_stale(&self, now: Duration) -> bool {
        now.saturating_sub(self.since) > STALE
    }
}

impl<T> Lane<T> {
    fn new() -> Self {
        Lane { by_source: HashMap::default(), turns: VecDeque::new(), len: 0 }
    }

    fn push(&mut self, source: u64, waiting: Waiting<T>) {
        let queue = self.by_source.entry(source).or_default();
        if queue.is_empty() {
            self.turns.push_back(source);
        }
        queue.push_back(waiting);
        self.len += 1;
    }

    fn pop(&mut self) -> Option<Waiting<T>> {
        let source = self.turns.pop_front()?;
        let (waiting, is_left) = self.take_oldest(source)?;
        if is_left {
            self.turns.push_back(source);
        }
        Some(waiting)
    }

    fn take_stale(&mut self, now: Duration) -> Option<Waiting<T>> {
        let is_stale = |source: &&u64| {
            let oldest = self.by_source.get(*source).and_then(VecDeque::front);
            oldest.is_some_and(|oldest| oldest.is_stale(now))
        };
        let source = *self.turns.iter().find(is_stale)?;
        self.take(source)
    }

    fn take_from_largest(&mut self) -> Option<Waiting<T>> {
        let waiting = |source: &&u64| self.by_source.get(*source).map_or(0, VecDeque::len);
        let source = *self.turns.iter().max_by_key(waiting)?;
        self.take(source)
    }

    fn take(&mut self, source: u64) -> Option<Waiting<T>> {
        let (waiting, is_left) = self.take_oldest(source)?;
        if !is_left {
            self.turns.retain(|turn| *turn != source);
        }
        Some(waiting)
    }

    /// The oldest of a source, and whether more of it are left.
    fn take_oldest(&mut self, source: u64) -> Option<(Waiting<T>, bool)> {
        let queue = self.by_source.get_mut(&source)?;
        let waiting = queue.pop_front()?;
        self.len -= 1;
        let is_left = !queue.is_empty();
        if !is_left {
            self.by_source.remove(&source);
        }
        Some((waiting, is_left))
    }
}

/// Clients ask again after about four seconds (RFC 2131 section 4.1), or one (RFC 9915 section 7.6).
const STALE: Duration = Duration::from_secs(2);
/// One in so many queries is of the least urgent.
const TURN: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;

    const AT: Duration = Duration::from_secs(100);

    fn rank(urgency: Urgency, source: u64, repetition: u64) -> Rank {
        Rank { urgency, source, repetition }
    }

    fn drain(backlog: &mut Backlog<u64>) -> Vec<u64> {
        std::iter::from_fn(|| backlog.pop(AT, |_| panic!("none is stale"))).collect()
    }

    #[test]
    fn renewals_come_before_requests_and_those_before_discovers() {
        let mut backlog = Backlog::new(10);
        for (at, urgency) in
            [Urgency::Discover, Urgency::Renew, Urgency::Request, Urgency::Renew].iter().enumerate()
        {
            assert_eq!(backlog.push(rank(*urgency, 1, at as u64), AT, at as u64), None);
        }
        assert_eq!(drain(&mut backlog), [1, 3, 2, 0]);
    }

    #[test]
    fn discovers_are_not_shut_out_for_good() {
        let mut backlog = Backlog::new(100);
        for at in 0..50 {
            backlog.push(rank(Urgency::Renew, 1, at), AT, at);
            backlog.push(rank(Urgency::Discover, 1, 100 + at), AT, 100 + at);
        }
        let first: Vec<u64> = (0..16).filter_map(|_| backlog.pop(AT, drop)).collect();
        assert_eq!(first.iter().filter(|item| **item >= 100).count(), 2);
    }

    #[test]
    fn relays_take_turns() {
        let mut backlog = Backlog::new(100);
        for at in 0..6 {
            backlog.push(rank(Urgency::Discover, 1, at), AT, at);
        }
        backlog.push(rank(Urgency::Discover, 2, 10), AT, 10);
        backlog.push(rank(Urgency::Discover, 3, 20), AT, 20);
        assert_eq!(drain(&mut backlog), [0, 10, 20, 1, 2, 3, 4, 5]);
    }

    #[test]
    fn the_loudest_of_the_least_urgent_gives_way() {
        let mut backlog = Backlog::new(4);
        for at in 0..3 {
            backlog.push(rank(Urgency::Discover, 1, at), AT, at);
        }
        backlog.push(rank(Urgency::Discover, 2, 10), AT, 10);
        let gone = backlog.push(rank(Urgency::Renew, 2, 11), AT, 11);
        assert_eq!(gone, Some((LetGo::Full, 0)));
        let gone = backlog.push(rank(Urgency::Discover, 3, 12), AT, 12);
        assert_eq!(gone, Some((LetGo::Full, 1)));
        // Nothing that matters less than a discover waits when renewals fill it all.
        let mut backlog = Backlog::new(1);
        backlog.push(rank(Urgency::Renew, 1, 1), AT, 1);
        let gone = backlog.push(rank(Urgency::Discover, 1, 2), AT, 2);
        assert_eq!(gone, Some((LetGo::Full, 2)));
        assert_eq!(drain(&mut backlog), [1]);
    }

    #[test]
    fn what_is_stale_goes_first_and_is_never_served() {
        let late = AT + STALE + Duration::from_millis(1);
        let mut backlog = Backlog::new(2);
        backlog.push(rank(Urgency::Renew, 1, 1), AT, 1);
        backlog.push(rank(Urgency::Discover, 1, 2), late, 2);
        let gone = backlog.push(rank(Urgency::Discover, 1, 3), late, 3);
        assert_eq!(gone, Some((LetGo::Stale, 1)));
        let mut stale = Vec::new();
        assert_eq!(backlog.pop(late + STALE * 2, |item| stale.push(item)), None);
        assert_eq!((stale.len(), backlog.is_empty()), (2, true));
    }

    #[test]
    fn a_repetition_does_not_wait_beside_what_it_repeats() {
        let mut backlog = Backlog::new(10);
        backlog.push(rank(Urgency::Discover, 1, 7), AT, 1);
        let gone = backlog.push(rank(Urgency::Discover, 2, 7), AT, 2);
        assert_eq!(gone, Some((LetGo::Repeated, 2)));
        assert_eq!(drain(&mut backlog), [1]);
        assert_eq!(backlog.push(rank(Urgency::Discover, 1, 7), AT, 3), None);
    }
}
