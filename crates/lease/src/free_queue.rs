//! The free addresses of a pool as a queue (the manual's "Free Lease Queue Allocator"): in an order that
//! nobody foresees at first, and what was freed last comes last.
//!
//! The addresses that were never given are not stored: their order is a permutation that is computed
//! (a Feistel network; numbers beyond the size are encrypted again). Only what has been freed takes
//! memory.

use std::collections::BTreeMap;

use hashbrown::HashMap;

use crate::bitmap::Bitmap;

#[derive(Clone, Debug)]
pub(crate) struct FreeQueue {
    order: Permutation,
    /// Place in `order` of the first number that has not had its turn.
    next: u64,
    /// Free numbers that have had their turn, the one freed first in front.
    freed: BTreeMap<u64, u64>,
    turns: HashMap<u64, u64>,
    turn: u64,
}

/// How many taken numbers are passed over in one search: the next one goes on from there.
const LOOKED_AT: u32 = 64;

impl FreeQueue {
    /// All of `0..size`, in an order that `seed` decides.
    pub(crate) fn new(size: u64, seed: u64) -> Self {
        FreeQueue {
            order: Permutation::new(size, seed),
            next: 0,
            freed: BTreeMap::new(),
            turns: HashMap::new(),
            turn: 0,
        }
    }

    /// The number in front. It goes to the end, unless [`Self::take`] is called for it.
    pub(crate) fn next(&mut self, taken: &Bitmap) -> Option<u64> {
        let found = self.untouched(taken).or_else(|| self.freed.values().next().copied());
        // Of a pool that was nearly full from the beginning, what is free is yet to be found.
        let found = found.or_else(|| {
            let near = self.order.at(self.next.min(self.order.size - 1));
            taken.next_absent(near).or_else(|| taken.next_absent(0))
        })?;
        self.put_last(found);
        Some(found)
    }

    fn untouched(&mut self, taken: &Bitmap) -> Option<u64> {
        for _ in 0..LOOKED_AT {
            if self.next == self.order.size {
                return None;
            }
            let number = self.order.at(self.next);
            self.next += 1;
            if !taken.contains(number) && !self.turns.contains_key(&number) {
                return Some(number);
            }
        }
        None
    }

    /// The number is not free any more.
    pub(crate) fn take(&mut self, number: u64) {
        if let Some(turn) = self.turns.remove(&number) {
            self.freed.remove(&turn);
        }
    }

    /// The number is free from now on.
    pub(crate) fn put_last(&mut self, number: u64) {
        self.take(number);
        self.turn += 1;
        self.freed.insert(self.turn, number);
        self.turns.insert(number, self.turn);
    }
}

#[derive(Clone, Debug)]
struct Permutation {
    size: u64,
    half: u32,
    keys: [u64; 4],
}

impl Permutation {
    fn new(size: u64, seed: u64) -> Self {
        let bits = u64::BITS - size.saturating_sub(1).leading_zeros();
        let key = |round: u64| mix(seed ^ round.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        Permutation { size, half: bits.div_ceil(2).max(1), keys: [key(1), key(2), key(3), key(4)] }
    }

    /// The number at a place; each number of `0..size` has one. The place must be one of them.
    fn at(&self, place: u64) -> u64 {
        let mut number = self.encrypt(place);
        // The network is less than four times as large, so that few rounds are needed; and since it is
        // a permutation, this comes back into the range in which it began.
        while number >= self.size {
            number = self.encrypt(number);
        }
        number
    }

    fn encrypt(&self, number: u64) -> u64 {
        let mask = (1u64 << self.half) - 1;
        let (mut left, mut right) = (number >> self.half, number & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mix(right ^ key) & mask));
        }
        left << self.half | right
    }
}

fn mix(number: u64) -> u64 {
    let number = (number ^ number >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    let number = (number ^ number >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    number ^ number >> 33
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_has_one_place() {
        for size in [1u64, 2, 3, 64, 65, 1000, 4096, 70_001] {
            let order = Permutation::new(size, 42);
            let mut numbers: Vec<u64> = (0..size).map(|place| order.at(place)).collect();
            let in_order = numbers.windows(2).filter(|pair| pair[0] + 1 == pair[1]).count();
            assert!(in_order as u64 <= size / 50 + 1, "{in_order} of {size} follow one another");
            numbers.sort_unstable();
            assert!(numbers.into_iter().eq(0..size));
        }
        let huge = Permutation::new(1 << 63, 7);
        assert_ne!(huge.at(0), huge.at(1));
        assert!(huge.at(0) < 1 << 63 && huge.at((1 << 63) - 1) < 1 << 63);
    }

    #[test]
    fn what_was_freed_first_comes_first() {
        let mut taken = Bitmap::new(100);
        let mut queue = FreeQueue::new(100, 9);
        let mut given = Vec::new();
        while let Some(number) = queue.next(&taken) {
            assert!(taken.insert(number), "{number} twice");
            queue.take(number);
            given.push(number);
        }
        assert_eq!(given.len(), 100);
        for number in [70, 3, 41] {
            taken.remove(number);
            queue.put_last(number);
        }
        for expected in [70, 3, 41] {
            assert_eq!(queue.next(&taken), Some(expected));
            taken.insert(expected);
            queue.take(expected);
        }
        assert_eq!(queue.next(&taken), None);
    }

    #[test]
    fn one_free_number_among_a_million_is_found_at_once() {
        let mut taken = Bitmap::new(1 << 20);
        (0..1 << 20).filter(|number| *number != 777).for_each(|number| {
            taken.insert(number);
        });
        let mut queue = FreeQueue::new(1 << 20, 9);
        assert_eq!(queue.next(&taken), Some(777));
        assert_eq!(u64::from(LOOKED_AT), queue.next);
    }
}
