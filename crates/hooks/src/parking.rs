//! Answers that wait until hooks let them go.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The number of a waiting answer at its worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ParkId(pub u64);

/// What became of a waiting answer. Of what several hooks say, the last in this order counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unparked {
    /// It may leave.
    #[default]
    Leaves,
    /// A hook does not want it to.
    Discarded,
    /// A hook found the offered address in use: the server takes it out of use, and does not offer it.
    Declined,
}

/// How many answers wait, of all workers of a server.
#[derive(Clone, Debug, Default)]
pub struct ParkedLimit(Arc<AtomicUsize>);

/// Where the answers of one worker wait.
pub struct ParkingLot {
    state: Mutex<State>,
    parked: ParkedLimit,
    wake: Box<dyn Fn() + Send + Sync>,
}

/// A place for one answer, before it is known whether a hook wants it to wait.
#[derive(Debug)]
pub struct ParkingSpace {
    id: ParkId,
    answer: Arc<Waiting>,
}

/// Keeps an answer waiting. The answer leaves when every hook has released its hold; a hold that is
/// lost without that discards it.
#[derive(Debug)]
#[must_use]
pub struct Hold {
    answer: Arc<Waiting>,
    says: Unparked,
}

impl ParkingLot {
    /// A lot of a worker that `wake` calls back to when there is something to [`Self::take`].
    pub fn new(parked: ParkedLimit, wake: impl Fn() + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(ParkingLot { state: Mutex::default(), parked, wake: Box::new(wake) })
    }

    /// A place for an answer; none when as many wait as may (`parked-packet-limit`; 0 is no limit).
    pub fn enter(self: &Arc<Self>, limit: u32) -> Option<ParkingSpace> {
        let parked = self.parked.0.load(Ordering::Relaxed);
        if limit != 0 && parked >= limit as usize {
            return None;
        }
        let mut state = self.lock();
        state.last += 1;
        let id = ParkId(state.last);
        drop(state);
        let holds = Mutex::new(Holds::default());
        Some(ParkingSpace { id, answer: Arc::new(Waiting { id, lot: Arc::clone(self), holds }) })
    }

    /// The answers that need not wait any more.
    pub fn take(&self) -> Vec<(ParkId, Unparked)> {
        let decided = std::mem::take(&mut self.lock().decided);
        self.parked.0.fetch_sub(decided.len(), Ordering::Relaxed);
        decided
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for ParkingLot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParkingLot").field("state", &self.state).finish_non_exhaustive()
    }
}

impl ParkingSpace {
    /// Keeps the answer waiting.
    pub fn hold(&self) -> Hold {
        self.answer.lock().begun += 1;
        Hold { answer: Arc::clone(&self.answer), says: Unparked::Discarded }
    }

    /// The number under which the answer waits; none when no hook wants it to. To be called once, when
    /// all hooks have been asked.
    pub fn close(self) -> Option<ParkId> {
        let mut holds = self.answer.lock();
        if holds.begun == 0 {
            return None;
        }
        holds.is_closed = true;
        self.answer.lot.parked.0.fetch_add(1, Ordering::Relaxed);
        let outcome = holds.outcome();
        drop(holds);
        self.answer.tell(outcome);
        Some(self.id)
    }
}

impl Hold {
    /// Lets the answer leave, as far as this hook goes.
    pub fn release(mut self) {
        self.says = Unparked::Leaves;
    }

    /// Discards the answer.
    pub fn discard(self) {}

    /// Discards the offer of an address that somebody else uses, and has the server take that out of
    /// use. Of an answer that is no offer, no more than [`Self::discard`].
    pub fn decline(mut self) {
        self.says = Unparked::Declined;
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut holds = self.answer.lock();
        holds.ended += 1;
        holds.said = holds.said.max(self.says);
        let outcome = holds.outcome();
        drop(holds);
        self.answer.tell(outcome);
    }
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    decided: Vec<(ParkId, Unparked)>,
}

#[derive(Debug)]
struct Waiting {
    id: ParkId,
    lot: Arc<ParkingLot>,
    holds: Mutex<Holds>,
}

#[derive(Debug, Default)]
struct Holds {
    begun: usize,
    ended: usize,
    said: Unparked,
    /// All hooks have been asked.
    is_closed: bool,
}

impl Holds {
    fn outcome(&self) -> Option<Unparked> {
        let is_over = self.is_closed && self.begun == self.ended;
        is_over.then_some(self.said)
    }
}

impl Waiting {
    fn lock(&self) -> MutexGuard<'_, Holds> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, outcome: Option<Unparked>) {
        if let Some(outcome) = outcome {
            self.lot.lock().decided.push((self.id, outcome));
            (self.lot.wake)();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lot() -> (Arc<ParkingLot>, Arc<AtomicUsize>) {
        let woken = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&woken);
        let wake = move || {
            count.fetch_add(1, Ordering::Relaxed);
        };
        (ParkingLot::new(ParkedLimit::default(), wake), woken)
    }

    #[test]
    fn an_answer_leaves_when_the_last_hook_lets_go() {
        let (lot, woken) = lot();
        let space = lot.enter(0).unwrap();
        let (first, second) = (space.hold(), space.hold());
        let id = space.close().unwrap();
        first.release();
        assert_eq!(lot.take(), []);
        second.release();
        assert_eq!(lot.take(), [(id, Unparked::Leaves)]);
        assert_eq!(woken.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn one_hook_can_discard_and_a_lost_hold_does() {
        let (lot, _) = lot();
        for lose in [Hold::discard, drop::<Hold>] {
            let space = lot.enter(0).unwrap();
            let (first, second) = (space.hold(), space.hold());
            let id = space.close().unwrap();
            lose(first);
            second.release();
            assert_eq!(lot.take(), [(id, Unparked::Discarded)]);
        }
    }

    #[test]
    fn one_hook_can_decline_whatever_the_others_say() {
        let (lot, _) = lot();
        for other in [Hold::release, Hold::discard] {
            let space = lot.enter(0).unwrap();
            let (first, second) = (space.hold(), space.hold());
            let id = space.close().unwrap();
            first.decline();
            assert_eq!(lot.take(), []);
            other(second);
            assert_eq!(lot.take(), [(id, Unparked::Declined)]);
        }
    }

    #[test]
    fn nothing_waits_unasked_and_a_quick_hook_is_not_forgotten() {
        let (lot, woken) = lot();
        assert_eq!(lot.enter(0).unwrap().close(), None);
        assert_eq!(woken.load(Ordering::Relaxed), 0);
        let space = lot.enter(0).unwrap();
        space.hold().release();
        let id = space.close().unwrap();
        assert_eq!(lot.take(), [(id, Unparked::Leaves)]);
    }

    #[test]
    fn as_many_wait_as_may() {
        let (lot, _) = lot();
        let hold = || {
            let space = lot.enter(2)?;
            let hold = space.hold();
            space.close();
            Some(hold)
        };
        let (first, second) = (hold().unwrap(), hold().unwrap());
        assert!(hold().is_none());
        first.release();
        // The answer is on the lot until its worker takes it.
        assert!(hold().is_none());
        assert_eq!(lot.take().len(), 1);
        assert!(hold().is_some());
        second.discard();
    }
}
