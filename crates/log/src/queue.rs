//! The bounded queue between those who log and the writer.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::record::Head;
use crate::text_buffer::TextBuffer;

/// Occurrences in order, with their encoded arguments end to end.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    heads: Vec<(Head, usize)>,
    bytes: TextBuffer,
}

impl Batch {
    pub(crate) fn iter(&self) -> impl Iterator<Item = (Head, &[u8])> {
        let mut start = 0;
        self.heads.iter().map(move |&(head, end)| {
            let bytes = &self.bytes.as_slice()[start..end];
            start = end;
            (head, bytes)
        })
    }

    /// Adds an occurrence, whose arguments are appended by `encode`.
    pub(crate) fn add(&mut self, head: Head, encode: impl FnOnce(&mut TextBuffer)) {
        encode(&mut self.bytes);
        self.heads.push((head, self.bytes.as_slice().len()));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.heads.is_empty()
    }

    pub(crate) fn clear(&mut self) {
        self.heads.clear();
        self.bytes.clear();
    }

    fn cost(&self) -> usize {
        self.bytes.as_slice().len() + self.heads.len() * size_of::<(Head, usize)>()
    }
}

/// The queue does not take more.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Full;

#[derive(Debug)]
pub(crate) struct Queue {
    state: Mutex<State>,
    wake_writer: Condvar,
    room: Condvar,
    limit: usize,
}

#[derive(Debug, Default)]
struct State {
    batch: Batch,
    writer_sleeps: bool,
    closed: bool,
}

impl Queue {
    /// A queue that takes occurrences until they fill `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { state: Mutex::default(), wake_writer: Condvar::new(), room: Condvar::new(), limit }
    }

    /// Adds an occurrence, whose arguments are appended by `encode`. The last one may be of any size.
    pub(crate) fn push(
        &self,
        head: Head,
        wait: bool,
        encode: impl FnOnce(&mut TextBuffer),
    ) -> Result<(), Full> {
        let mut state = self.lock();
        while state.batch.cost() >= self.limit && !state.batch.is_empty() {
            if !wait || state.closed {
                return Err(Full);
            }
            self.wake_writer.notify_one();
            state = self.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.batch.add(head, encode);
        // A writer that pauses between batches comes by itself; waking costs a system call.
        if state.writer_sleeps {
            state.writer_sleeps = false;
            drop(state);
            self.wake_writer.notify_one();
        }
        Ok(())
    }

    /// Takes everything queued, leaving the empty `spare` in its place.
    pub(crate) fn take(&self, spare: Batch) -> Batch {
        let mut state = self.lock();
        let batch = std::mem::replace(&mut state.batch, spare);
        drop(state);
        self.room.notify_all();
        batch
    }

    /// Blocks the writer until there is something to take; false when closed and empty.
    pub(crate) fn wait_for_work(&self) -> bool {
        let mut state = self.lock();
        while state.batch.is_empty() {
            if state.closed {
                return false;
            }
            state.writer_sleeps = true;
            state = self.wake_writer.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.writer_sleeps = false;
        true
    }

    /// Lets occurrences gather for a while, so that a busy server is not charged a wake-up for each; false when
    /// none came, or when closed.
    pub(crate) fn gather(&self, time: Duration) -> bool {
        let mut state = self.lock();
        if !state.closed {
            // Woken early by those who wait for room and by closing; either way the caller looks.
            let waited = self.wake_writer.wait_timeout(state, time);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        !state.closed && !state.batch.is_empty()
    }

    /// Ends the writer's wait for good.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.wake_writer.notify_all();
        self.room.notify_all();
    }

    /// No code that holds the lock can panic half-way, so a poisoned state is a consistent one.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::DHCP4_SHUTDOWN;

    const HEAD: Head = Head { message: &DHCP4_SHUTDOWN, at: 0, thread: 1 };

    fn push(queue: &Queue, arguments: &[u8]) -> Result<(), Full> {
        queue.push(HEAD, false, |bytes| bytes.put(arguments))
    }

    #[test]
    fn a_full_queue_refuses_and_an_empty_one_takes_anything() {
        let queue = Queue::new(100);
        assert_eq!(push(&queue, &[7; 500]), Ok(()));
        assert_eq!(push(&queue, &[8; 1]), Err(Full));
        let batch = queue.take(Batch::default());
        assert_eq!(batch.iter().map(|(_, bytes)| bytes.len()).collect::<Vec<_>>(), [500]);
        assert_eq!(push(&queue, &[8; 1]), Ok(()));
    }

    #[test]
    fn closing_ends_the_wait_after_the_last_occurrence() {
        let queue = Queue::new(100);
        assert_eq!(push(&queue, b"x"), Ok(()));
        queue.close();
        assert!(queue.wait_for_work());
        queue.take(Batch::default());
        assert!(!queue.wait_for_work());
    }
}
