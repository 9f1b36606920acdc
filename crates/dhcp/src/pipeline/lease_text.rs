//! Leases as messages show them.

use std::fmt;

use kea_config::snapshot::Dialect;
use kea_lease::{Lease, LeaseKind};

/// The owner of a lease, without a transaction.
pub(crate) fn owner_text<F: Dialect>(owner: &F::Owner) -> impl fmt::Display + '_ {
    fmt::from_fn(move |f| {
        let identifier = F::identifier(owner);
        let identifier = fmt::from_fn(|f| match identifier {
            [] => f.write_str("no info"),
            [first, rest @ ..] => {
                write!(f, "{first:02x}")?;
                rest.iter().try_for_each(|octet| write!(f, ":{octet:02x}"))
            }
        });
        match F::VERSION {
            4 => write!(f, "[{:?}], cid=[{identifier}]", F::hw_addr(owner)),
            _ => write!(f, "duid=[{identifier}]"),
        }
    })
}

/// All that a reader of the log may want to know of a lease.
pub(crate) fn lease_text<F: Dialect>(lease: &Lease<F>) -> impl fmt::Display + '_ {
    fmt::from_fn(move |f| {
        let (owner, subnet) = (owner_text::<F>(&lease.owner), lease.subnet.0);
        write!(f, "{} of {owner}, subnet {subnet}, ", lease.address)?;
        write!(f, "valid {} from {}, ", lease.valid_lifetime, lease.cltt)?;
        write!(f, "state {:?}, name '{}'", lease.state, lease.hostname)
    })
}

/// The kind of association that a lease is of.
pub(crate) fn association_text(kind: LeaseKind) -> &'static str {
    match kind {
        LeaseKind::Address => "IA_NA",
        LeaseKind::TemporaryAddress => "IA_TA",
        LeaseKind::Prefix => "IA_PD",
    }
}
