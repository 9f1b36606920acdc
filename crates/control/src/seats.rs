//! Room for connections: how many there may be at once, and who gives way when there are more.

use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The seats of one kind of connection. A connection whose command is being answered keeps its seat.
/// Of those that wait for their client, the one that has done so for longest gives way to a new one, so
/// that clients that send nothing, or send it slowly, cannot keep others out.
#[derive(Clone, Debug)]
pub(crate) struct Seats(Arc<Room>);

/// The seat of one connection, until dropped.
#[derive(Debug)]
pub(crate) struct Seat {
    room: Arc<Room>,
    id: u64,
    give_way: Arc<Notify>,
}

/// Why there is no seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Full {
    /// All are taken by connections that are being answered.
    All,
    /// So are those that one address may have.
    OfPeer,
}

#[derive(Debug)]
struct Room {
    limit: usize,
    per_peer: usize,
    taken: Mutex<Taken>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Taken {
    seats: Vec<Held>,
    /// What happens is numbered: the lowest number has waited for longest.
    turn: u64,
}

#[derive(Debug)]
struct Held {
    id: u64,
    peer: Option<IpAddr>,
    /// Since when it waits for its client; `None` while it is being answered.
    waits_since: Option<u64>,
    give_way: Arc<Notify>,
}

impl Seats {
    /// So many, of which one address may have `per_peer`.
    pub(crate) fn new(limit: usize, per_peer: usize) -> Self {
        let (taken, changed) = (Mutex::default(), Notify::new());
        Seats(Arc::new(Room { limit, per_peer, taken, changed }))
    }

    /// Waits until a new connection would get a seat.
    pub(crate) async fn room(&self) {
        loop {
            let mut changed = pin!(self.0.changed.notified());
            changed.as_mut().enable();
            if self.0.has_room() {
                return;
            }
            changed.await;
        }
    }

    /// A seat for a connection of `peer`; waits for one that is being answered if it has to.
    ///
    /// # Errors
    /// All seats of that address are being answered.
    pub(crate) async fn seat(&self, peer: Option<IpAddr>) -> Result<Seat, Full> {
        loop {
            match self.take(peer) {
                Err(Full::All) => self.room().await,
                seat_or_not => return seat_or_not,
            }
        }
    }

    fn take(&self, peer: Option<IpAddr>) -> Result<Seat, Full> {
        let mut taken = self.0.lock();
        let of_peer = |held: &Held| peer.is_some() && held.peer == peer;
        if taken.seats.iter().filter(|held| of_peer(held)).count() >= self.0.per_peer {
            taken.clear_one(of_peer).ok_or(Full::OfPeer)?;
        }
        if taken.seats.len() >= self.0.limit {
            taken.clear_one(|_| true).ok_or(Full::All)?;
        }
        let (id, give_way) = (taken.next(), Arc::new(Notify::new()));
        let held = Held { id, peer, waits_since: Some(id), give_way: Arc::clone(&give_way) };
        taken.seats.push(held);
        Ok(Seat { room: Arc::clone(&self.0), id, give_way })
    }
}

impl Seat {
    /// The client's command is being answered.
    pub(crate) fn works(&self) {
        self.room.mark(self.id, |_| None);
    }

    /// Waits for the client again, from now on.
    pub(crate) fn waits(&self) {
        self.room.mark(self.id, Some);
        self.room.changed.notify_waiters();
    }

    /// Returns when the seat is another's.
    pub(crate) async fn lost(&self) {
        self.give_way.notified().await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.room.lock().seats.retain(|held| held.id != self.id);
        self.room.changed.notify_waiters();
    }
}

impl Room {
    fn lock(&self) -> MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn has_room(&self) -> bool {
        let taken = self.lock();
        taken.seats.len() < self.limit || taken.seats.iter().any(|held| held.waits_since.is_some())
    }

    fn mark(&self, id: u64, since: impl FnOnce(u64) -> Option<u64>) {
        let mut taken = self.lock();
        let turn = taken.next();
        if let Some(held) = taken.seats.iter_mut().find(|held| held.id == id) {
            held.waits_since = since(turn);
        }
    }
}

impl Taken {
    fn next(&mut self) -> u64 {
        self.turn += 1;
        self.turn
    }

    /// Takes the seat of the one that has waited for longest, among some.
    fn clear_one(&mut self, among: impl Fn(&Held) -> bool) -> Option<()> {
        let waiting = self.seats.iter().enumerate().filter(|(_, held)| among(held));
        let waiting = waiting.filter_map(|(at, held)| Some((held.waits_since?, at)));
        let (_, at) = waiting.min()?;
        self.seats.swap_remove(at).give_way.notify_one();
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::{Duration, timeout};

    use super::*;

    async fn is_lost(seat: &Seat) -> bool {
        timeout(Duration::ZERO, seat.lost()).await.is_ok()
    }

    #[tokio::test]
    async fn who_waits_for_longest_gives_way() {
        let seats = Seats::new(3, 3);
        let [a, b, c] = [(); 3].map(|()| seats.take(None).unwrap());
        a.works();
        let d = seats.take(None).unwrap();
        assert!(!is_lost(&a).await && is_lost(&b).await && !is_lost(&c).await);
        c.waits();
        let _e = seats.take(None).unwrap();
        assert!(is_lost(&d).await && !is_lost(&c).await, "c has moved since");
    }

    #[tokio::test(start_paused = true)]
    async fn nobody_gives_way_while_being_answered() {
        let seats = Seats::new(1, 1);
        let first = seats.take(None).unwrap();
        first.works();
        assert_eq!(seats.take(None).unwrap_err(), Full::All);
        assert!(timeout(Duration::from_secs(1), seats.room()).await.is_err());
        let freed = async {
            tokio::time::sleep(Duration::from_secs(5)).await;
            drop(first);
        };
        let (second, ()) = tokio::join!(seats.seat(None), freed);
        assert!(!is_lost(&second.unwrap()).await);
    }

    #[tokio::test]
    async fn an_address_has_its_share_and_no_more() {
        let seats = Seats::new(10, 2);
        let [a, b] = ["192.0.2.1", "192.0.2.2"].map(|text| Some(text.parse().unwrap()));
        let (other, first, second) =
            (seats.take(b).unwrap(), seats.take(a).unwrap(), seats.take(a).unwrap());
        let third = seats.take(a).unwrap();
        assert!(is_lost(&first).await && !is_lost(&other).await, "it takes its own seats only");
        second.works();
        third.works();
        assert_eq!(seats.take(a).unwrap_err(), Full::OfPeer);
        assert!(seats.take(b).is_ok());
    }
}
