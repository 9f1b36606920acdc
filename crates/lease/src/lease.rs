//! What a lease is: the same record for both families, but for who owns it.

use std::cmp::Reverse;
use std::fmt;
use std::hash::Hash;

use kea_wire::{ClientId, Duid, Family, HwAddr, Iaid, V4, V6};

use crate::csv::OwnerColumns;

/// The number of a subnet in the configuration (`id`), the key of everything stored for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SubnetId(pub u32);

impl fmt::Display for SubnetId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A valid lifetime of this many seconds never ends (RFC 2131 section 3.3, RFC 9915 section 7.7).
pub const INFINITE: u32 = 0xffff_ffff;

/// What a stored lease stands for; the numbers are those of the `state` column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum LeaseState {
    /// Given to its client, until it expires.
    #[default]
    Assigned = 0,
    /// Found in use by someone unknown; nobody's until its probation ends.
    Declined = 1,
    /// Over, and kept only so that its client may get the same address again.
    ExpiredReclaimed = 2,
    /// Given back by its client, and kept for the same reason (newer releases of Kea).
    Released = 3,
    /// Not given by the server: an address a client chose and registered (RFC 9686).
    Registered = 4,
}

impl LeaseState {
    /// Every state, in the order of its number.
    pub const ALL: [LeaseState; 5] = [
        LeaseState::Assigned,
        LeaseState::Declined,
        LeaseState::ExpiredReclaimed,
        LeaseState::Released,
        LeaseState::Registered,
    ];

    /// The state of that number.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Its name in the management API: `default`, `declined`, `expired-reclaimed`, ….
    pub fn name(self) -> &'static str {
        match self {
            LeaseState::Assigned => "default",
            LeaseState::Declined => "declined",
            LeaseState::ExpiredReclaimed => "expired-reclaimed",
            LeaseState::Released => "released",
            LeaseState::Registered => "registered",
        }
    }

    /// True when the address may go to any client: the lease is only remembered.
    pub fn is_vacant(self) -> bool {
        matches!(self, LeaseState::ExpiredReclaimed | LeaseState::Released)
    }
}

/// What a lease is of; the numbers are those of the `lease_type` column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum LeaseKind {
    /// An address: every DHCPv4 lease, and IA_NA.
    #[default]
    Address = 0,
    /// A temporary address, IA_TA.
    TemporaryAddress = 1,
    /// A delegated prefix, IA_PD.
    Prefix = 2,
}

/// One lease. Lifetimes are seconds, times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease<F: LeaseFamily> {
    /// The address, or the first address of the prefix.
    pub address: F::Addr,
    /// The subnet it was given in.
    pub subnet: SubnetId,
    /// The number of the pool it was taken from, as configured (`pool-id`); 0 otherwise.
    pub pool_id: u32,
    /// How long it is valid after `cltt`; [`INFINITE`] for ever.
    pub valid_lifetime: u32,
    /// When its client was last heard ("client last transmission time").
    pub cltt: i64,
    /// What the lease stands for.
    pub state: LeaseState,
    /// The server updates the name's address record.
    pub fqdn_fwd: bool,
    /// The server updates the address's pointer record.
    pub fqdn_rev: bool,
    /// The client's name, in lower case; empty when there is none.
    pub hostname: Box<str>,
    /// A JSON map as text; empty when there is none.
    pub user_context: Box<str>,
    /// Who holds it.
    pub owner: F::Owner,
}

impl<F: LeaseFamily> Lease<F> {
    /// A lease assigned now, without name or context.
    pub fn new(
        address: F::Addr,
        subnet: SubnetId,
        owner: F::Owner,
        valid_lifetime: u32,
        cltt: i64,
    ) -> Self {
        Lease {
            address,
            subnet,
            pool_id: 0,
            valid_lifetime,
            cltt,
            state: LeaseState::Assigned,
            fqdn_fwd: false,
            fqdn_rev: false,
            hostname: Box::default(),
            user_context: Box::default(),
            owner,
        }
    }

    /// When it ends; `None` when it never does.
    pub fn expires(&self) -> Option<i64> {
        expires(self.cltt, self.valid_lifetime)
    }

    /// Its place among the leases of one client.
    pub fn preference(&self) -> Preference<F::Addr> {
        Preference::new(self.state, self.cltt, self.address)
    }

    /// True from the second in which the lifetime has elapsed.
    pub fn is_expired(&self, now: i64) -> bool {
        #[cfg(feature = "deliberate-faults")]
        if crate::Fault::IgnoredExpiry.is_injected() {
            return false;
        }
        self.expires().is_some_and(|at| at <= now)
    }

    /// True when anybody may have the address: it is given back, or its time is over.
    pub fn is_reusable(&self, now: i64) -> bool {
        self.state.is_vacant() || self.is_expired(now)
    }

    /// What the lease is of.
    pub fn kind(&self) -> LeaseKind {
        F::kind(&F::term(&self.owner))
    }
}

/// The order in which a client's leases are preferred: those in use before those only remembered, the
/// one the client was last heard of first, then by address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Preference<A>(bool, Reverse<i64>, A);

impl<A: Ord> Preference<A> {
    pub(crate) fn new(state: LeaseState, cltt: i64, address: A) -> Self {
        Preference(state.is_vacant(), Reverse(cltt), address)
    }
}

pub(crate) fn expires(cltt: i64, valid_lifetime: u32) -> Option<i64> {
    (valid_lifetime != INFINITE).then(|| cltt.saturating_add(i64::from(valid_lifetime)))
}

/// The owner of a DHCPv4 lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V4Owner {
    /// The hardware address; empty when unknown.
    pub hw_addr: HwAddr,
    /// The client identifier, when the client sent one.
    pub client_id: Option<ClientId>,
}

/// The owner of a DHCPv6 lease: a client's association, and its terms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct V6Owner {
    /// The client.
    pub duid: Duid,
    /// Its association.
    pub iaid: Iaid,
    /// IA_NA, IA_TA or IA_PD.
    pub kind: LeaseKind,
    /// 128 for addresses.
    pub prefix_len: u8,
    /// Seconds after `cltt` during which the address is preferred.
    pub preferred_lifetime: u32,
    /// The hardware address; empty when unknown.
    pub hw_addr: HwAddr,
    /// Where that was learned.
    pub hw_source: HwAddrSource,
}

/// Where the hardware address of a DHCPv6 client was learned: the number of the `hwaddr_source` column, one
/// bit for each kind of source. 0 where that is not known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct HwAddrSource(pub u16);

/// What the lease tables need to know of a family.
pub trait LeaseFamily: Family + OwnerColumns {
    /// The part of an owner that has a fixed size.
    type Term: Copy + fmt::Debug + Send + Sync + 'static;

    /// The hardware address of an owner; may be empty.
    fn hw_addr(owner: &Self::Owner) -> HwAddr;
    /// The client identifier or DUID; may be empty for DHCPv4.
    fn identifier(owner: &Self::Owner) -> &[u8];
    /// The part of fixed size.
    fn term(owner: &Self::Owner) -> Self::Term;
    /// The owner of those parts. An identifier that cannot be one is taken as absent.
    fn owner(hw_addr: HwAddr, identifier: &[u8], term: Self::Term) -> Self::Owner;
    /// What the lease is of.
    fn kind(term: &Self::Term) -> LeaseKind;
    /// Bits that the lease covers: 32 or 128 for an address.
    fn prefix_len(term: &Self::Term) -> u8;
    /// The association number, by which associations of one identifier are told apart.
    fn association(term: &Self::Term) -> Option<Iaid>;
}

impl LeaseFamily for V4 {
    type Term = ();

    fn hw_addr(owner: &V4Owner) -> HwAddr {
        owner.hw_addr
    }
    fn identifier(owner: &V4Owner) -> &[u8] {
        owner.client_id.as_ref().map_or(&[], ClientId::octets)
    }
    fn term(_: &V4Owner) {}
    fn owner(hw_addr: HwAddr, identifier: &[u8], (): ()) -> V4Owner {
        V4Owner { hw_addr, client_id: ClientId::new(identifier) }
    }
    fn kind((): &()) -> LeaseKind {
        LeaseKind::Address
    }
    fn prefix_len((): &()) -> u8 {
        32
    }
    fn association((): &()) -> Option<Iaid> {
        None
    }
}

/// The part of a [`V6Owner`] that has a fixed size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct V6Term {
    iaid: Iaid,
    preferred_lifetime: u32,
    kind: LeaseKind,
    prefix_len: u8,
    hw_source: HwAddrSource,
}

impl LeaseFamily for V6 {
    type Term = V6Term;

    fn hw_addr(owner: &V6Owner) -> HwAddr {
        owner.hw_addr
    }
    fn identifier(owner: &V6Owner) -> &[u8] {
        owner.duid.octets()
    }
    fn term(owner: &V6Owner) -> V6Term {
        V6Term {
            iaid: owner.iaid,
            preferred_lifetime: owner.preferred_lifetime,
            kind: owner.kind,
            prefix_len: owner.prefix_len,
            hw_source: owner.hw_source,
        }
    }
    fn owner(hw_addr: HwAddr, identifier: &[u8], term: V6Term) -> V6Owner {
        V6Owner {
            duid: Duid::new(identifier).unwrap_or_else(no_duid),
            iaid: term.iaid,
            kind: term.kind,
            prefix_len: term.prefix_len,
            preferred_lifetime: term.preferred_lifetime,
            hw_addr,
            hw_source: term.hw_source,
        }
    }
    fn kind(term: &V6Term) -> LeaseKind {
        term.kind
    }
    fn prefix_len(term: &V6Term) -> u8 {
        term.prefix_len
    }
    fn association(term: &V6Term) -> Option<Iaid> {
        Some(term.iaid)
    }
}

/// The one-octet zero DUID that stands for "nobody": what Kea writes for a declined lease.
pub fn no_duid() -> Duid {
    // One octet is within a DUID's bounds.
    #[allow(clippy::expect_used)]
    Duid::new(&[0]).expect("one octet is a DUID")
}
