//! From what is known of a DHCPv4-over-DHCPv6 query to the subnets that take it.

use std::collections::HashMap;
use std::net::Ipv6Addr;

use smallvec::SmallVec;

use super::dialect::OverV6;
use super::index::PrefixIndex;

/// Finds subnets by any of the three keys in logarithmic time.
#[derive(Clone, Debug)]
pub(crate) struct OverV6Index {
    prefixes: PrefixIndex<Ipv6Addr>,
    /// Positions of the subnets of the prefixes.
    of_prefixes: Box<[u32]>,
    by_interface_id: HashMap<Box<[u8]>, Vec<u32>>,
    by_interface: HashMap<Box<str>, Vec<u32>>,
}

impl OverV6Index {
    /// Indexes subnets by their position.
    pub(crate) fn new<'a>(keys: impl Iterator<Item = (u32, &'a OverV6)>) -> Self {
        let (mut prefixes, mut of_prefixes) = (Vec::new(), Vec::new());
        let (mut by_interface_id, mut by_interface) = (HashMap::new(), HashMap::new());
        for (position, OverV6 { subnet, interface_id, interface }) in keys {
            if let Some(prefix) = subnet {
                prefixes.push(*prefix);
                of_prefixes.push(position);
            }
            if let Some(id) = interface_id.clone() {
                by_interface_id.entry(id).or_insert_with(Vec::new).push(position);
            }
            if let Some(name) = interface.clone() {
                by_interface.entry(name).or_insert_with(Vec::new).push(position);
            }
        }
        let prefixes = PrefixIndex::new(prefixes.into_iter());
        OverV6Index { prefixes, of_prefixes: of_prefixes.into(), by_interface_id, by_interface }
    }

    /// Positions of the subnets with a key that fits, ascending.
    pub(crate) fn fitting(
        &self,
        source: Ipv6Addr,
        interface_id: Option<&[u8]>,
        interface: &str,
    ) -> impl Iterator<Item = u32> + use<> {
        let by_source = self.prefixes.containing(source);
        let by_source = by_source.filter_map(|at| self.of_prefixes.get(at as usize));
        let by_id = interface_id.and_then(|id| self.by_interface_id.get(id));
        let by_interface = self.by_interface.get(interface);
        let mut found: SmallVec<[u32; 8]> = by_source
            .chain(by_id.into_iter().flatten())
            .chain(by_interface.into_iter().flatten())
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        found.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_key_is_enough_and_the_first_subnet_comes_first() {
        let keys = |subnet: &str, id: &str, interface: &str| OverV6 {
            subnet: subnet.parse().ok(),
            interface_id: Some(id).filter(|id| !id.is_empty()).map(|id| id.as_bytes().into()),
            interface: Some(interface).filter(|name| !name.is_empty()).map(Into::into),
        };
        let subnets = [
            keys("", "", ""),
            keys("2001:db8:1::/48", "port7", "eth1"),
            keys("", "port7", ""),
            keys("2001:db8::/32", "", "eth0"),
        ];
        let index = OverV6Index::new((0..).zip(&subnets));
        let find = |source: &str, id: Option<&str>, interface| {
            let id = id.map(str::as_bytes);
            index.fitting(source.parse().unwrap(), id, interface).collect::<Vec<_>>()
        };
        assert_eq!(find("2001:db8:1::5", None, "lo"), [1, 3]);
        assert_eq!(find("2001:db8:2::5", None, "lo"), [3]);
        assert_eq!(find("fe80::5", Some("port7"), "eth0"), [1, 2, 3]);
        assert_eq!(find("fe80::5", Some("port"), "eth1"), [1]);
        assert_eq!(find("fe80::5", None, "lo"), [] as [u32; 0]);
    }
}
