//! The requests that wait for answers, found by their transaction identifiers.
//!
//! Identifiers are numbers in turn, and those that wait were given one after the other: each request
//! stands at its number modulo the size of the table, which grows when two would stand at one place.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::exchange::Exchange;
use crate::scenario::Share;

/// A request that waits.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) exchange: Exchange,
    pub(crate) client: u32,
    pub(crate) relay: Option<IpAddr>,
    pub(crate) sent: Instant,
    /// False for `-P` exchanges.
    pub(crate) counted: bool,
}

/// Requests that wait, by transaction.
#[derive(Debug)]
pub(crate) struct Transactions {
    share: Share,
    next: u32,
    /// As many places as a power of two has.
    places: Vec<Option<(u32, Waiting)>>,
    waiting: usize,
    /// In the order of sending, and so of giving up, for each drop time.
    queues: [VecDeque<(Instant, u32)>; 2],
}

const PLACES_MIN: usize = 1 << 10;
/// Transaction identifiers have 24 bits in DHCPv6, and no more are used in DHCPv4.
const XID_MAX: u32 = 0x00ff_ffff;

impl Transactions {
    /// For a worker.
    pub(crate) fn new(share: Share) -> Self {
        let places = vec![None; PLACES_MIN];
        Transactions { share, next: 0, places, waiting: 0, queues: Default::default() }
    }

    /// The identifier of the next transaction. Its low octet leads the answers back to this worker
    /// (see [`kea_net::transaction_worker`]).
    pub(crate) fn next_xid(&mut self) -> u32 {
        let Share { worker, workers } = self.share;
        let rounds = 256 / workers;
        let low = (self.next % rounds) * workers + worker;
        let high = self.next / rounds;
        self.next = self.next.wrapping_add(1);
        (high << 8 | low) & XID_MAX
    }

    /// Takes a request in. One that has the identifier of another takes its place.
    pub(crate) fn insert(&mut self, xid: u32, waiting: Waiting) {
        let queue = usize::from(waiting.exchange != Exchange::First);
        self.queues[queue].push_back((waiting.sent, xid));
        // Numbers that differ do so in one of 24 bits.
        while self.places[self.place(xid)].is_some_and(|(other, _)| other != xid) {
            self.grow();
        }
        let place = self.place(xid);
        if self.places[place].replace((xid, waiting)).is_none() {
            self.waiting += 1;
        }
    }

    pub(crate) fn get(&self, xid: u32) -> Option<&Waiting> {
        let (of, waiting) = self.places[self.place(xid)].as_ref()?;
        (*of == xid).then_some(waiting)
    }

    pub(crate) fn remove(&mut self, xid: u32) -> Option<Waiting> {
        let place = self.place(xid);
        let (_, waiting) = self.places[place].take_if(|(of, _)| *of == xid)?;
        self.waiting -= 1;
        Some(waiting)
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting == 0
    }

    /// The next request that has waited longer than its drop time.
    pub(crate) fn expired(&mut self, now: Instant, drop_time: [Duration; 2]) -> Option<Waiting> {
        for (queue, limit) in drop_time.into_iter().enumerate() {
            while let Some((sent, xid)) = self.queues[queue].front().copied() {
                let is_current = self.get(xid).is_some_and(|w| w.sent == sent);
                if is_current && sent + limit > now {
                    break;
                }
                self.queues[queue].pop_front();
                if is_current {
                    return self.remove(xid);
                }
            }
        }
        None
    }

    /// When [`Self::expired`] may find something next.
    pub(crate) fn next_expiry(&self, drop_time: [Duration; 2]) -> Option<Instant> {
        let fronts = self.queues.iter().zip(drop_time);
        fronts.filter_map(|(queue, limit)| Some(queue.front()?.0 + limit)).min()
    }

    /// Where the request with that identifier stands, if it waits.
    fn place(&self, xid: u32) -> usize {
        let Share { workers, .. } = self.share;
        let number = (xid >> 8) * (256 / workers) + (xid & 0xff) / workers;
        // Identifiers of other transactions may come in answers.
        (number & XID_MAX) as usize & (self.places.len() - 1)
    }

    fn grow(&mut self) {
        let larger = vec![None; self.places.len() * 2];
        let places = std::mem::replace(&mut self.places, larger);
        for (xid, waiting) in places.into_iter().flatten() {
            let place = self.place(xid);
            self.places[place] = Some((xid, waiting));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Share = Share { worker: 0, workers: 1 };

    fn waiting(sent: Instant, exchange: Exchange) -> Waiting {
        Waiting { exchange, client: 0, relay: None, sent, counted: true }
    }

    #[test]
    fn requests_expire_after_the_drop_time_of_their_exchange() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let limits = [Duration::from_millis(100), Duration::from_millis(10)];
        let mut transactions = Transactions::new(ALONE);
        transactions.insert(1, waiting(at(0), Exchange::First));
        transactions.insert(2, waiting(at(5), Exchange::First));
        transactions.insert(3, waiting(at(50), Exchange::Second));
        // Answered, and the identifier used again.
        transactions.remove(1);
        transactions.insert(1, waiting(at(60), Exchange::Second));
        assert!(transactions.expired(at(59), limits).is_none());
        assert_eq!(transactions.expired(at(60), limits).unwrap().exchange, Exchange::Second);
        assert_eq!(transactions.expired(at(70), limits).unwrap().sent, at(60));
        assert!(transactions.expired(at(104), limits).is_none());
        assert_eq!(transactions.next_expiry(limits), Some(at(105)));
        assert_eq!(transactions.expired(at(105), limits).unwrap().sent, at(5));
        assert!(transactions.is_empty());
    }

    #[test]
    fn identifiers_lead_back_to_their_worker_and_their_request() {
        let start = Instant::now();
        for workers in [1, 2, 3, 64] {
            let share = Share { worker: workers - 1, workers };
            let mut transactions = Transactions::new(share);
            // More than there are places at first: the table grows.
            let given: Vec<u32> = (0..5000).map(|_| transactions.next_xid()).collect();
            for (client, xid) in given.iter().enumerate() {
                assert_eq!(kea_net::transaction_worker(*xid, workers), share.worker);
                let client = client as u32;
                let request = Waiting { client, ..waiting(start, Exchange::First) };
                transactions.insert(*xid, request);
            }
            for (client, xid) in given.iter().enumerate() {
                assert_eq!(transactions.get(*xid).map(|w| w.client), Some(client as u32));
            }
            // No answer of another server's client is taken for one of these.
            assert!(
                transactions.get(0xffff_ff00).is_none()
                    && transactions.remove(0x1234_5678).is_none()
            );
            assert!(given.iter().all(|xid| transactions.remove(*xid).is_some()));
            assert!(transactions.is_empty());
        }
    }

    #[test]
    fn numbers_begin_anew_after_the_last_one() {
        let mut transactions = Transactions::new(ALONE);
        transactions.next = XID_MAX;
        assert_eq!([transactions.next_xid(), transactions.next_xid()], [XID_MAX, 0]);
        for xid in [XID_MAX, 0] {
            transactions.insert(xid, waiting(Instant::now(), Exchange::First));
        }
        assert!(transactions.get(XID_MAX).is_some() && transactions.get(0).is_some());
    }
}
