//! Where a client may get a lease: the selected subnet, and its siblings on the same link.

use kea_config::snapshot::{Dialect, Pool, SharedNetwork, Snapshot, Subnet};
use kea_expr::ClassSet;
use kea_lease::{LeaseKind, PoolSpec, SubnetId};
use smallvec::SmallVec;

/// The subnets of the client's link, the selected one first.
#[derive(Debug)]
pub struct Place<'s, F: Dialect> {
    grounds: SmallVec<[Ground<'s, F>; 1]>,
    network: Option<&'s SharedNetwork<F>>,
}

/// A subnet with those of its pools that the client may have an address from.
#[derive(Debug)]
pub struct Ground<'s, F: Dialect> {
    /// The subnet.
    pub subnet: &'s Subnet<F>,
    /// False when the client's classes keep it out.
    pub is_open: bool,
    /// The pools that the client's classes let it into; none in a subnet that it is kept out of. A client
    /// that was there before is still found in such a subnet.
    pub pools: SmallVec<[PoolSpec<F>; 2]>,
    /// The same of pools of prefixes (DHCPv6), in the order of the configuration.
    pub prefix_pools: SmallVec<[PoolSpec<F>; 0]>,
}

impl<'s, F: Dialect> Place<'s, F> {
    /// The place of a client of `classes` for which `selected` was found.
    pub fn new(config: &'s Snapshot<F>, selected: &'s Subnet<F>, classes: &ClassSet) -> Self {
        let network = config.network_of(selected);
        let ground = |subnet| Ground::new(network, subnet, classes);
        let mut grounds = SmallVec::new();
        grounds.push(ground(selected));
        if let Some(network) = network {
            let siblings = config.members(network).filter(|sibling| sibling.id != selected.id);
            grounds.extend(siblings.map(ground));
        }
        Place { grounds, network }
    }

    /// Every subnet of the link, the selected one first.
    pub fn grounds(&self) -> std::slice::Iter<'_, Ground<'s, F>> {
        self.grounds.iter()
    }

    /// The subnet that selection found.
    pub fn selected(&self) -> &'s Subnet<F> {
        // `new` puts the selected subnet first.
        self.grounds[0].subnet
    }

    /// The shared network, if the link is one.
    pub fn network(&self) -> Option<&'s SharedNetwork<F>> {
        self.network
    }

    /// The subnet of that number, if it is on the link.
    pub fn ground(&self, id: SubnetId) -> Option<&Ground<'s, F>> {
        self.grounds().find(|ground| ground.subnet.id == id)
    }

    /// The subnet in one of whose pools the client may have `address`.
    pub fn ground_of_pool(&self, address: F::Addr) -> Option<&Ground<'s, F>> {
        self.grounds().find(|ground| ground.pool_of(LeaseKind::Address, address).is_some())
    }

    /// True when `address` is in a pool of the link, whether or not the client may use it.
    pub fn has_in_pool(&self, address: F::Addr) -> bool {
        let mut pools = self.grounds().flat_map(|ground| &ground.subnet.pools);
        pools.any(|pool| pool.range.kind != LeaseKind::Prefix && pool.range.contains(address))
    }
}

impl<'s, F: Dialect> Ground<'s, F> {
    fn new(network: Option<&SharedNetwork<F>>, subnet: &'s Subnet<F>, classes: &ClassSet) -> Self {
        let is_open = is_let_in(network, subnet, classes);
        let (pools, prefix_pools) = (SmallVec::new(), SmallVec::new());
        let mut ground = Ground { subnet, is_open, pools, prefix_pools };
        if is_open {
            let admits = |pool: &&Pool<F>| pool.guard.admits(classes);
            #[cfg(feature = "deliberate-faults")]
            let admits =
                |pool: &&Pool<F>| kea_lease::Fault::IgnoredClass.is_injected() || admits(pool);
            for pool in subnet.pools.iter().filter(admits) {
                match pool.range.kind {
                    LeaseKind::Prefix => ground.prefix_pools.push(pool.range),
                    _ => ground.pools.push(pool.range),
                }
            }
        }
        ground
    }

    /// The pools of a kind that the client is let into.
    pub fn pools_of(&self, kind: LeaseKind) -> &[PoolSpec<F>] {
        match kind {
            LeaseKind::Prefix => &self.prefix_pools,
            LeaseKind::Address | LeaseKind::TemporaryAddress => &self.pools,
        }
    }

    /// The pool of a kind that the client may have `address` from.
    pub fn pool_of(&self, kind: LeaseKind, address: F::Addr) -> Option<&'s Pool<F>> {
        self.subnet.pools.iter().find(|pool| {
            pool.range.kind == kind
                && pool.range.contains(address)
                && self.pools_of(kind).contains(&pool.range)
        })
    }
}

/// True when a client of `classes` is served in `subnet`: its network's guard comes first.
pub fn is_let_in<F: Dialect>(
    network: Option<&SharedNetwork<F>>,
    subnet: &Subnet<F>,
    classes: &ClassSet,
) -> bool {
    network.is_none_or(|network| network.guard.admits(classes)) && subnet.guard.admits(classes)
}
