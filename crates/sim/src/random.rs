//! Chance that follows from a seed.

/// A source of numbers. The same seed gives the same numbers in the same order.
#[derive(Clone, Debug)]
pub struct Random(fastrand::Rng);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Random(fastrand::Rng::with_seed(seed))
    }

    pub(crate) fn number(&mut self) -> u64 {
        self.0.u64(..)
    }

    /// True so many times in a thousand.
    pub(crate) fn permille(&mut self, often: u32) -> bool {
        often > 0 && self.0.u32(..1000) < often
    }

    /// A number below `end`; 0 when there is none.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        if end == 0 { 0 } else { self.0.u64(..end) }
    }

    /// A number from `first` to `last`.
    pub(crate) fn between(&mut self, first: u64, last: u64) -> u64 {
        self.0.u64(first..=last.max(first))
    }

    /// A position in something that long.
    pub(crate) fn position(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// One of several; `None` of none.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.position(of.len()))
    }

    /// Around `mean`, sometimes much more: the time to the next of things that come by chance.
    pub(crate) fn waiting(&mut self, mean: u64) -> u64 {
        let share = -(1.0 - self.0.f64()).ln();
        (mean as f64 * share) as u64 + 1
    }

    pub(crate) fn octets(&mut self, len: usize) -> Vec<u8> {
        (0..len).map(|_| self.0.u8(..)).collect()
    }
}
