//! A set of numbers in which the next absent one is found in a few steps, however full it is.
//!
//! A 64-ary tree of words: a bit of level 0 is a number, a bit of level *n* + 1 says that a whole word
//! of level *n* is full. Levels of up to a quarter million words (a /8) are flat; wider ones (a /64)
//! are kept sparse, and take memory only where something is set.

use hashbrown::HashMap;

#[derive(Debug)]
pub(crate) struct Bitmap {
    size: u64,
    levels: Vec<Words>,
}

#[derive(Debug)]
enum Words {
    Flat(Vec<u64>),
    Sparse { len: u64, words: HashMap<u64, u64> },
}

const FLAT_WORDS: u64 = 1 << 18;
const FULL: u64 = u64::MAX;

impl Bitmap {
    /// The empty subset of `0..size`.
    pub(crate) fn new(size: u64) -> Self {
        let mut levels = Vec::new();
        let mut bits = size;
        loop {
            let len = bits.div_ceil(64);
            let mut words = Words::new(len);
            if !bits.is_multiple_of(64) {
                // What lies beyond the end is never absent.
                words.put(len - 1, FULL << (bits % 64));
            }
            levels.push(words);
            if len <= 1 {
                return Bitmap { size, levels };
            }
            bits = len;
        }
    }

    /// True when the number was absent.
    pub(crate) fn insert(&mut self, number: u64) -> bool {
        if number >= self.size || self.contains(number) {
            return false;
        }
        let mut bit = number;
        for words in &mut self.levels {
            let word = words.at(bit / 64) | 1 << (bit % 64);
            words.put(bit / 64, word);
            if word != FULL {
                break;
            }
            bit /= 64;
        }
        true
    }

    /// True when the number was present.
    pub(crate) fn remove(&mut self, number: u64) -> bool {
        if number >= self.size || !self.contains(number) {
            return false;
        }
        let mut bit = number;
        for words in &mut self.levels {
            let word = words.at(bit / 64);
            words.put(bit / 64, word & !(1 << (bit % 64)));
            if word != FULL {
                break;
            }
            bit /= 64;
        }
        true
    }

    pub(crate) fn contains(&self, number: u64) -> bool {
        self.levels.first().is_some_and(|words| words.at(number / 64) >> (number % 64) & 1 == 1)
    }

    /// The lowest absent number that is at least `from`.
    pub(crate) fn next_absent(&self, from: u64) -> Option<u64> {
        if from >= self.size {
            return None;
        }
        let mut at = from;
        for (level, words) in self.levels.iter().enumerate() {
            let word = words.at(at / 64) | ((1 << (at % 64)) - 1);
            if word != FULL {
                let found = at / 64 * 64 + u64::from(word.trailing_ones());
                return Some(self.descend(level, found));
            }
            at = at / 64 + 1;
        }
        None
    }

    fn descend(&self, level: usize, bit: u64) -> u64 {
        let below = self.levels.get(..level).unwrap_or(&[]);
        below
            .iter()
            .rev()
            .fold(bit, |bit, words| bit * 64 + u64::from(words.at(bit).trailing_ones()))
    }
}

impl Words {
    fn new(len: u64) -> Self {
        if len <= FLAT_WORDS {
            Words::Flat(vec![0; len as usize])
        } else {
            Words::Sparse { len, words: HashMap::new() }
        }
    }

    /// Words beyond the end are full.
    fn at(&self, index: u64) -> u64 {
        #[cfg(test)]
        tests::READ.set(tests::READ.get() + 1);
        match self {
            Words::Flat(words) => words.get(index as usize).copied().unwrap_or(FULL),
            Words::Sparse { len, .. } if index >= *len => FULL,
            Words::Sparse { words, .. } => words.get(&index).copied().unwrap_or(0),
        }
    }

    fn put(&mut self, index: u64, word: u64) {
        match self {
            Words::Flat(words) => {
                if let Some(there) = words.get_mut(index as usize) {
                    *there = word;
                }
            }
            Words::Sparse { words, .. } if word == 0 => {
                words.remove(&index);
            }
            Words::Sparse { words, .. } => {
                words.insert(index, word);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    thread_local! {
        /// Words read so far.
        pub(super) static READ: Cell<usize> = const { Cell::new(0) };
    }

    proptest! {
        #[test]
        fn agrees_with_a_plain_set(
            size in prop_oneof![Just(1u64), Just(64), Just(65), Just(4096), 1u64..10_000],
            steps in prop::collection::vec((any::<bool>(), any::<u64>()), 0..2000),
        ) {
            let mut map = Bitmap::new(size);
            let mut model = BTreeSet::new();
            for (add, number) in steps {
                let number = number % size;
                if add {
                    prop_assert_eq!(map.insert(number), model.insert(number));
                } else {
                    prop_assert_eq!(map.remove(number), model.remove(&number));
                }
                let expected = (number..size).find(|n| !model.contains(n));
                prop_assert_eq!(map.next_absent(number), expected);
            }
        }
    }

    #[test]
    fn finds_the_last_absent_number() {
        for size in [1, 63, 64, 65, 4096, 4097, 300_000] {
            let mut map = Bitmap::new(size);
            for number in 0..size {
                assert_eq!(map.next_absent(0), Some(number));
                assert!(map.insert(number));
            }
            assert_eq!(map.next_absent(0), None);
            map.remove(size / 2);
            assert_eq!(map.next_absent(0), Some(size / 2));
            assert_eq!(map.next_absent(size / 2 + 1), None);
        }
    }

    /// As many words as there are.
    fn words(map: &Bitmap) -> u64 {
        let words = map.levels.iter().map(|words| match words {
            Words::Flat(words) => words.len(),
            Words::Sparse { words, .. } => words.len(),
        });
        words.sum::<usize>() as u64
    }

    /// A /24, a /16 and a /8, a /0, and the /64 of DHCPv6 or as many prefixes: up the tree of words and
    /// down again, from the first number and from the middle of what is held, until all is held or very
    /// much; and words for what is held, besides at most those of a /8.
    #[test]
    fn a_search_reads_few_words_at_any_size_and_fill() {
        for bits in [8u32, 16, 24, 32, 63] {
            let size = 1u64 << bits;
            let held = size.min(1 << 18);
            let mut map = Bitmap::new(size);
            let levels = bits.div_ceil(6) as usize;
            for number in 0..held {
                for from in [0, number / 2] {
                    READ.set(0);
                    assert_eq!(map.next_absent(from), Some(number));
                    let read = READ.get();
                    assert!(read < 2 * levels, "{read} words, {number} of 2^{bits} held");
                }
                map.insert(number);
            }
            READ.set(0);
            assert_eq!(map.next_absent(0).is_some(), held < size);
            assert!(READ.get() < 2 * levels, "{} words", READ.get());
            let flat = FLAT_WORDS + FLAT_WORDS / 63;
            let most = held / 64 + held / 64 / 63 + flat + 2 * u64::from(bits);
            assert!(words(&map) <= most, "{} words, 2^{bits}", words(&map));
        }
    }

    #[test]
    fn a_huge_range_takes_no_memory_until_used() {
        let mut map = Bitmap::new(1 << 63);
        for number in 0..200 {
            map.insert(number);
        }
        map.insert((1 << 63) - 1);
        assert_eq!(map.next_absent(0), Some(200));
        assert_eq!(map.next_absent((1 << 63) - 1), None);
        assert_eq!(map.next_absent(1 << 62), Some(1 << 62));
    }
}
