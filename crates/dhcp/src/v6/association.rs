//! What a client asks for in an identity association, and what it gets.

use std::net::Ipv6Addr;

use kea_config::snapshot::{Pool, Subnet};
use kea_lease::{LeaseKind, Ticket};
use kea_options::Parsing;
use kea_wire::v6::{Ia, IaKind, IaPrefix, StatusCode, code};
use kea_wire::{Iaid, Prefix, V6};
use smallvec::SmallVec;

use super::terms::Lifetimes;

/// An association of a query.
#[derive(Clone, Debug)]
pub(super) struct Wish {
    pub(super) kind: IaKind,
    /// As the client numbers it.
    pub(super) iaid: Iaid,
    /// The number under which it has leases.
    pub(super) leased_as: Iaid,
    /// What the client names, in its order.
    pub(super) hints: SmallVec<[Hint; 1]>,
}

/// An address or prefix that a client names; unspecified where it only says how long it wants one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Hint {
    /// An address is a prefix of 128 bits.
    pub(super) prefix: Prefix<Ipv6Addr>,
    pub(super) lifetimes: Lifetimes,
}

/// More in one association are left out: a client that is served has one.
const MAX_HINTS: usize = 16;

impl Wish {
    /// `None` for temporary addresses, which are not served. A prefix of more than 128 bits is not
    /// named at all or, where that is forgiven, one of 128.
    pub(super) fn of(ia: &Ia<'_>, parsing: Parsing) -> Option<Self> {
        let hints: SmallVec<[Hint; 1]> = match ia.kind {
            IaKind::Ta => return None,
            IaKind::Na => {
                let addresses = ia.addresses().filter_map(Result::ok);
                let hints = addresses.filter_map(|named| {
                    let lifetimes = Lifetimes { preferred: named.preferred, valid: named.valid };
                    Some(Hint { prefix: Prefix::new(named.address, 128)?, lifetimes })
                });
                hints.take(MAX_HINTS).collect()
            }
            IaKind::Pd => {
                let read = match parsing {
                    Parsing::Strict => IaPrefix::parse,
                    Parsing::Lenient => IaPrefix::parse_capped,
                };
                let prefixes = ia.options.all(code::IAPREFIX).filter_map(|data| read(data).ok());
                let hints = prefixes.map(|named| Hint {
                    prefix: named.prefix,
                    lifetimes: Lifetimes { preferred: named.preferred, valid: named.valid },
                });
                hints.take(MAX_HINTS).collect()
            }
        };
        Some(Wish { kind: ia.kind, iaid: ia.iaid, leased_as: ia.iaid, hints })
    }

    /// What is leased for such an association.
    pub(super) fn lease_kind(&self) -> LeaseKind {
        match self.kind {
            IaKind::Na => LeaseKind::Address,
            IaKind::Ta => LeaseKind::TemporaryAddress,
            IaKind::Pd => LeaseKind::Prefix,
        }
    }

    /// The addresses or prefixes named.
    pub(super) fn named(&self) -> impl Iterator<Item = Prefix<Ipv6Addr>> + '_ {
        let hints = self.hints.iter().map(|hint| hint.prefix);
        hints.filter(|prefix| !prefix.address().is_unspecified())
    }

    /// The lifetimes wished for: those of `address` where it is named, else the first ones.
    pub(super) fn lifetimes(&self, address: Ipv6Addr) -> Lifetimes {
        let named = self.hints.iter().find(|hint| hint.prefix.address() == address);
        let none = Lifetimes { preferred: 0, valid: 0 };
        named.or(self.hints.first()).map_or(none, |hint| hint.lifetimes)
    }

    /// The length of prefix wished for.
    pub(super) fn prefix_len(&self) -> Option<u8> {
        let len = self.hints.first()?.prefix.len();
        (self.kind == IaKind::Pd && len > 0).then_some(len)
    }
}

/// An address or prefix that is offered or leased.
#[derive(Clone, Debug)]
pub(super) struct Binding<'s> {
    pub(super) prefix: Prefix<Ipv6Addr>,
    pub(super) lifetimes: Lifetimes,
    pub(super) subnet: &'s Subnet<V6>,
    /// The pool it is from; `None` when it is reserved outside of pools.
    pub(super) pool: Option<&'s Pool<V6>>,
    /// The part of a prefix that the client must not use (RFC 6603).
    pub(super) excluded: Option<Prefix<Ipv6Addr>>,
    /// What must be durable before the client is told.
    pub(super) ticket: Ticket,
    /// True for a lease that is answered as it is, without being extended.
    pub(super) is_reused: bool,
}

/// What becomes of an association.
#[derive(Clone, Debug)]
pub(super) struct Association<'s> {
    pub(super) kind: IaKind,
    pub(super) iaid: Iaid,
    pub(super) bound: Option<Binding<'s>>,
    /// What the client must stop using.
    pub(super) withdrawn: SmallVec<[Prefix<Ipv6Addr>; 1]>,
    pub(super) status: Option<Note>,
}

/// A status and what the client's user is told.
pub(super) type Note = (StatusCode, &'static str);

impl<'s> Association<'s> {
    /// Something was found for `wish`.
    pub(super) fn bound(wish: &Wish, binding: Binding<'s>) -> Self {
        let withdrawn = SmallVec::new();
        let Wish { kind, iaid, .. } = *wish;
        Association { kind, iaid, bound: Some(binding), withdrawn, status: None }
    }

    /// Only a status.
    pub(super) fn noted(wish: &Wish, status: Note) -> Self {
        let withdrawn = SmallVec::new();
        let Wish { kind, iaid, .. } = *wish;
        Association { kind, iaid, bound: None, withdrawn, status: Some(status) }
    }

    /// Also tells that these are not the client's any more, unless it just got them.
    pub(super) fn withdraw(&mut self, prefixes: impl IntoIterator<Item = Prefix<Ipv6Addr>>) {
        let bound = self.bound.as_ref().map(|binding| binding.prefix);
        for prefix in prefixes {
            if Some(prefix) != bound && !self.withdrawn.contains(&prefix) {
                self.withdrawn.push(prefix);
            }
        }
    }
}
