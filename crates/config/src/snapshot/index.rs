//! From an address to the subnets that contain it.

use std::collections::BTreeMap;

use kea_wire::{Address, Prefix};
use smallvec::SmallVec;

/// Finds all prefixes that contain an address in logarithmic time.
///
/// Prefixes are nested or apart, so the address space falls into stretches, each with one innermost
/// prefix; the others that contain it are its ancestors.
#[derive(Clone, Debug)]
pub struct PrefixIndex<A> {
    /// First address of each stretch, and its innermost prefix.
    stretches: Box<[(A, Option<u32>)]>,
    nodes: Box<[Node]>,
}

#[derive(Clone, Debug)]
struct Node {
    parent: Option<u32>,
    /// Positions of the prefixes as given, ascending.
    members: Box<[u32]>,
}

impl<A: Address> PrefixIndex<A> {
    /// Indexes prefixes by their position.
    pub(crate) fn new(prefixes: impl Iterator<Item = Prefix<A>>) -> Self {
        let mut members: BTreeMap<(A, u8), Vec<u32>> = BTreeMap::new();
        for (position, prefix) in prefixes.enumerate() {
            // There are fewer subnets than subnet identifiers, which are 32 bits.
            members.entry((prefix.first(), prefix.len())).or_default().push(position as u32);
        }
        let mut nodes = Vec::with_capacity(members.len());
        let mut stretches: Vec<(A, Option<u32>)> = vec![(A::UNSPECIFIED, None)];
        // The prefixes that contain the current address, outermost first, with their last address.
        let mut open: Vec<(u32, A)> = Vec::new();
        for ((first, len), members) in members {
            close_before(&mut open, &mut stretches, Some(first));
            let id = nodes.len() as u32;
            nodes.push(Node { parent: open.last().map(|(id, _)| *id), members: members.into() });
            start_stretch(&mut stretches, first, Some(id));
            if let Some(prefix) = Prefix::new(first, len) {
                open.push((id, prefix.last()));
            }
        }
        close_before(&mut open, &mut stretches, None);
        PrefixIndex { stretches: stretches.into(), nodes: nodes.into() }
    }

    /// Positions of the prefixes that contain `address`, ascending.
    pub fn containing(&self, address: A) -> impl Iterator<Item = u32> + '_ {
        let mut lists: SmallVec<[&[u32]; 4]> = SmallVec::new();
        let mut node = self.stretch(address, &mut 0);
        while let Some(found) = node.and_then(|id| self.nodes.get(id as usize)) {
            lists.push(&found.members);
            node = found.parent;
        }
        std::iter::from_fn(move || {
            let next =
                lists.iter_mut().filter(|list| !list.is_empty()).min_by_key(|list| list[0])?;
            let (first, rest) = next.split_first()?;
            *next = rest;
            Some(*first)
        })
    }

    /// How many comparisons finding `address` takes.
    pub fn steps(&self, address: A) -> usize {
        let mut steps = 0;
        self.stretch(address, &mut steps);
        steps
    }

    fn stretch(&self, address: A, steps: &mut usize) -> Option<u32> {
        let after = self.stretches.partition_point(|(start, _)| {
            *steps += 1;
            *start <= address
        });
        self.stretches.get(after.checked_sub(1)?)?.1
    }
}

/// Closes the prefixes that end before `next`; all of them without it.
fn close_before<A: Address>(
    open: &mut Vec<(u32, A)>,
    stretches: &mut Vec<(A, Option<u32>)>,
    next: Option<A>,
) {
    while let Some((_, last)) = open.last().copied() {
        if next.is_some_and(|next| next <= last) {
            break;
        }
        open.pop();
        let outer = open.last().map(|(id, _)| *id);
        // Nothing follows the last address of all.
        if let Some(after) =
            last.number().checked_add(1).filter(|n| A::BITS == 128 || *n >> A::BITS == 0)
        {
            start_stretch(stretches, A::from_number(after), outer);
        }
    }
}

fn start_stretch<A: Address>(stretches: &mut Vec<(A, Option<u32>)>, at: A, node: Option<u32>) {
    match stretches.last_mut() {
        Some(last) if last.0 == at => last.1 = node,
        _ => stretches.push((at, node)),
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, Ipv6Addr};

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nested_apart_and_equal_prefixes_are_found_in_order() {
        let texts =
            ["10.0.0.0/8", "10.1.0.0/16", "10.1.0.1/16", "192.0.2.0/24", "255.255.255.0/24"];
        let index = PrefixIndex::<Ipv4Addr>::new(texts.iter().map(|text| text.parse().unwrap()));
        let find = |text: &str| index.containing(text.parse().unwrap()).collect::<Vec<_>>();
        assert_eq!(find("10.1.2.3"), [0, 1, 2]);
        assert_eq!(find("10.2.0.0"), [0]);
        assert_eq!(find("11.0.0.0"), [] as [u32; 0]);
        assert_eq!(find("192.0.2.255"), [3]);
        assert_eq!(find("255.255.255.255"), [4]);
    }

    #[test]
    fn finding_takes_logarithmic_steps() {
        let prefix = |i: u32| Prefix::new(Ipv4Addr::from_bits(i << 8), 24).unwrap();
        let index = PrefixIndex::new((0..100_000).map(prefix));
        let deepest = (0..100_000).map(|i| index.steps(Ipv4Addr::from_bits(i << 8))).max();
        assert!(deepest.unwrap() <= 18, "{deepest:?}");
    }

    proptest! {
        #[test]
        fn agrees_with_looking_at_each(
            prefixes in prop::collection::vec((any::<u8>(), 120..=128u8), 0..40),
            address in any::<u8>(),
        ) {
            let at = |low: u8| Ipv6Addr::from_bits(u128::MAX << 8 | u128::from(low));
            let prefixes: Vec<_> =
                prefixes.iter().map(|(low, len)| Prefix::new(at(*low), *len).unwrap()).collect();
            let index = PrefixIndex::new(prefixes.iter().copied());
            let found: Vec<_> = index.containing(at(address)).collect();
            let expected: Vec<_> = (0u32..)
                .zip(&prefixes)
                .filter(|(_, prefix)| prefix.contains(at(address)))
                .map(|(position, _)| position)
                .collect();
            prop_assert_eq!(found, expected);
        }
    }
}
