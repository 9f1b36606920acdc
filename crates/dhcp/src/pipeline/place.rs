//! Where a client may get a lease: the selected subnet, and its siblings on the same link.

use kea_config::snapshot::{Dialect, SharedNetwork, Snapshot, Subnet};
use kea_expr::ClassSet;
use kea_lease::{LeaseKind, SubnetId};
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
    /// First addresses of the pools that the client's classes let it into, by which the lease
    /// tables know them; none in a subnet that it is kept out of. A client that was there before
    /// is still found in such a subnet.
    pub pools: SmallVec<[F::Addr; 2]>,
}

impl<'s, F: Dialect> Place<'s, F> {
    /// The place of a client of `classes` for which `selected` was found.
    pub fn new(config: &'s Snapshot<F>, selected: &'s Subnet<F>, classes: &ClassSet) -> Self {
        let network = config.network_of(selected);
        let ground = |subnet| Ground::new(network, subnet, classes);
        let siblings = network.into_iter().flat_map(|network| config.members(network));
        let siblings = siblings.filter(|sibling| sibling.id != selected.id).map(ground);
        let grounds = std::iter::once(ground(selected)).chain(siblings).collect();
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
        self.grounds().find(|ground| {
            ground.subnet.pools.iter().any(|pool| {
                pool.range.contains(address) && ground.pools.contains(&pool.range.first)
            })
        })
    }
}

impl<'s, F: Dialect> Ground<'s, F> {
    fn new(
        network: Option<&SharedNetwork<F>>,
        subnet: &'s Subnet<F>,
        classes: &ClassSet,
    ) -> Self {
        let mut pools = SmallVec::new();
        if is_let_in(network, subnet, classes) {
            let permitted = subnet.pools.iter().filter(|pool| {
                pool.range.kind == LeaseKind::Address && pool.guard.admits(classes)
            });
            pools.extend(permitted.map(|pool| pool.range.first));
        }
        Ground { subnet, pools }
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
