//! Who may ask about the leases of others (leasequery, RFC 4388 and RFC 5007).

use kea_wire::{Family, Prefix};

/// What a server that answers leasequeries needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeaseQueryTerms<F: Family> {
    /// Who may ask: addresses, each a prefix of full length, or all of a prefix.
    pub requesters: Box<[Prefix<F::Addr>]>,
    /// Lengths of the delegated prefixes that are found by any address in them (DHCPv6).
    pub prefix_lengths: Box<[u8]>,
}

impl<F: Family> LeaseQueryTerms<F> {
    /// True for an address that may ask.
    pub fn admit(&self, requester: F::Addr) -> bool {
        self.requesters.iter().any(|known| known.contains(requester))
    }
}
