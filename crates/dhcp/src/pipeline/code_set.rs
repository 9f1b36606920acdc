//! A set of DHCPv4-sized option codes, walked in ascending order.

/// Option codes 0 to 255.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CodeSet([u64; 4]);

impl CodeSet {
    /// Adds a code.
    pub fn insert(&mut self, code: u8) {
        self.0[usize::from(code >> 6)] |= 1 << (code & 63);
    }

    /// Takes a code out.
    pub fn remove(&mut self, code: u8) {
        self.0[usize::from(code >> 6)] &= !(1 << (code & 63));
    }

    /// True when the code is in the set.
    pub fn contains(&self, code: u8) -> bool {
        self.0[usize::from(code >> 6)] >> (code & 63) & 1 != 0
    }

    /// The codes in either set.
    #[must_use]
    pub fn union(mut self, other: CodeSet) -> CodeSet {
        self.0.iter_mut().zip(other.0).for_each(|(word, more)| *word |= more);
        self
    }

    /// The codes in both sets.
    #[must_use]
    pub fn intersection(mut self, other: CodeSet) -> CodeSet {
        self.0.iter_mut().zip(other.0).for_each(|(word, other)| *word &= other);
        self
    }

    /// The codes, lowest first.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..4u8).zip(self.0).flat_map(|(word, mut bits)| {
            std::iter::from_fn(move || {
                let bit = bits.trailing_zeros();
                (bits != 0).then(|| {
                    bits &= bits - 1;
                    word << 6 | bit as u8
                })
            })
        })
    }
}

impl FromIterator<u8> for CodeSet {
    fn from_iter<I: IntoIterator<Item = u8>>(codes: I) -> Self {
        let mut set = CodeSet::default();
        codes.into_iter().for_each(|code| set.insert(code));
        set
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_come_back_in_order() {
        let set: CodeSet = [255, 0, 63, 64, 53, 128].into_iter().collect();
        assert_eq!(set.iter().collect::<Vec<_>>(), [0, 53, 63, 64, 128, 255]);
        let mut other: CodeSet = [1, 63, 255].into_iter().collect();
        assert_eq!(set.intersection(other).iter().collect::<Vec<_>>(), [63, 255]);
        other.remove(63);
        assert!(!other.contains(63) && set.union(other).contains(1));
    }
}
