//! Random choices that a seed repeats.

/// A stream of choices (splitmix64).
pub(crate) struct Chance(u64);

impl Chance {
    /// The stream of this seed.
    pub(crate) fn of(seed: u64) -> Self {
        Chance(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x6b65_612d_7273)
    }

    /// A number below `limit`, which is not zero.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit as u64) as usize
    }

    /// True in so many cases of a hundred.
    pub(crate) fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }

    /// One of these.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Up to `most` of these, each once, in their order.
    pub(crate) fn some<'a, T>(&mut self, of: &'a [T], most: usize) -> Vec<&'a T> {
        let wanted = self.below(most + 1);
        let mut at: Vec<usize> = (0..wanted).map(|_| self.below(of.len())).collect();
        at.sort_unstable();
        at.dedup();
        at.into_iter().map(|at| &of[at]).collect()
    }
}
