//! Shared networks, subnets and pools, inheritance done.

use std::sync::Arc;

use kea_expr::ClassId;
use kea_lease::{Allocator, INFINITE, Lease, LeaseFamily, PoolSpec, SubnetId, SubnetSpec};
use kea_wire::Prefix;
use regex::bytes::Regex;

use super::class::Guard;
use super::dialect::Dialect;
use super::options::OptionSet;
use crate::document::Value;

/// A lifetime in seconds, and the bounds of what a client may ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Triplet {
    /// Least.
    pub min: u32,
    /// Without a wish.
    pub default: u32,
    /// Greatest.
    pub max: u32,
}

impl Triplet {
    /// What a client gets that asks for `requested`.
    pub fn grant(self, requested: Option<u32>) -> u32 {
        requested.map_or(self.default, |wish| wish.clamp(self.min, self.max.max(self.min)))
    }
}

/// When clients shall renew. Percentages apply only where the timer is not given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timers {
    /// T1 in seconds.
    pub renew: Option<u32>,
    /// T2 in seconds.
    pub rebind: Option<u32>,
    /// Compute what is not given.
    pub calculate: bool,
    /// T1 as a fraction of the lifetime.
    pub t1_percent: f64,
    /// T2 as a fraction of the lifetime.
    pub t2_percent: f64,
}

/// When a lease is answered without being extended.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LeaseCache {
    /// While it is younger than this fraction of its lifetime. One that is none, such as 0, says never.
    pub threshold: Option<f64>,
    /// And no older than this many seconds; 0 says never.
    pub max_age: Option<u32>,
}

impl LeaseCache {
    /// Seconds left of a lease that is young enough to be answered without being extended.
    pub fn remaining<F: LeaseFamily>(&self, lease: &Lease<F>, now: i64) -> Option<u32> {
        let (threshold, max_age) = (self.threshold, self.max_age);
        let is_no_part = |fraction: f64| fraction <= 0.0 || fraction > 1.0;
        let is_off = threshold.is_some_and(is_no_part) || max_age == Some(0);
        if is_off || (threshold.is_none() && max_age.is_none()) {
            return None;
        }
        let age = u32::try_from(now.checked_sub(lease.cltt)?).ok()?;
        let is_within = |part: f64| f64::from(age) < part * f64::from(lease.valid_lifetime);
        let is_young = threshold.is_none_or(is_within) && max_age.is_none_or(|most| age <= most);
        if lease.valid_lifetime == INFINITE {
            return is_young.then_some(INFINITE);
        }
        lease.valid_lifetime.checked_sub(age).filter(|left| is_young && *left > 0)
    }
}

/// Where reservations are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReservationSearch {
    /// Among the global ones.
    pub global: bool,
    /// Among those of the subnet and its siblings.
    pub in_subnet: bool,
    /// Reserved addresses lie outside the pools: addresses inside are not checked.
    pub out_of_pool: bool,
}

/// When the name a client sends gives way to a generated one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ReplaceClientName {
    Never,
    Always,
    WhenPresent,
    WhenNotPresent,
}

/// How it is checked who owns a name before it is updated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum ConflictResolution {
    CheckWithDhcid,
    NoCheckWithDhcid,
    CheckExistsWithDhcid,
    NoCheckWithoutDhcid,
}

/// DNS updates for clients of a scope.
#[derive(Clone, Debug)]
pub struct DdnsParameters {
    /// Ask for updates at all. `dhcp-ddns/enable-updates` must be on as well.
    pub send_updates: bool,
    /// Although the client asked not to.
    pub override_no_update: bool,
    /// Although the client wants to do it itself.
    pub override_client_update: bool,
    /// See the type.
    pub replace_client_name: ReplaceClientName,
    /// How generated names begin.
    pub generated_prefix: Box<str>,
    /// Appended to partial names.
    pub qualifying_suffix: Box<str>,
    /// At every renewal.
    pub update_on_renew: bool,
    /// See the type.
    pub conflict_resolution: ConflictResolution,
    /// TTL as a fraction of the lifetime.
    pub ttl_percent: Option<f64>,
    /// TTL in seconds.
    pub ttl: Option<u32>,
    /// Least TTL in seconds.
    pub ttl_min: Option<u32>,
    /// Greatest TTL in seconds.
    pub ttl_max: Option<u32>,
    /// Characters that names may not have; `None` leaves names alone.
    pub invalid_characters: Option<Regex>,
    /// What replaces them.
    pub replacement: Box<str>,
}

/// How queries get to a network or subnet other than by its prefix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach<F: Dialect> {
    /// The local interface it is on.
    pub interface: Option<Box<str>>,
    /// Addresses of its relays.
    pub relays: Box<[F::Addr]>,
    /// The relay's Interface-Id (DHCPv6).
    pub interface_id: Option<Box<[u8]>>,
}

/// Subnets on one link.
#[derive(Clone, Debug)]
pub struct SharedNetwork<F: Dialect> {
    /// Its name.
    pub name: Box<str>,
    /// Positions of its subnets in [`Snapshot::subnets`](super::Snapshot::subnets), ascending.
    pub subnets: Box<[u32]>,
    /// Who is served here.
    pub guard: Guard,
    /// Classes to evaluate once a lease is chosen here.
    pub additional_classes: Box<[ClassId]>,
    /// How queries get here.
    pub reach: Reach<F>,
    /// `user-context`, the comment included.
    pub user_context: Option<Arc<Value>>,
}

/// A subnet.
#[derive(Clone, Debug)]
pub struct Subnet<F: Dialect> {
    /// Its identifier.
    pub id: SubnetId,
    /// Its prefix, as written.
    pub prefix: Prefix<F::Addr>,
    /// The text of the prefix, as written.
    pub prefix_text: Box<str>,
    /// Position of its network in [`Snapshot::networks`](super::Snapshot::networks).
    pub network: Option<u32>,
    /// Address pools, then prefix pools, in the order of the configuration.
    pub pools: Box<[Pool<F>]>,
    /// Who is served here. The network's guard comes first.
    pub guard: Guard,
    /// Classes to evaluate once a lease is chosen here, without the network's.
    pub additional_classes: Box<[ClassId]>,
    /// How queries get here, without the network's ways.
    pub reach: Reach<F>,
    /// Valid lifetime in seconds.
    pub valid: Triplet,
    /// See the type.
    pub timers: Timers,
    /// See the type.
    pub cache: LeaseCache,
    /// See the type.
    pub reservation_search: ReservationSearch,
    /// Keep what relays said with the lease.
    pub store_extended_info: bool,
    /// How the next address is picked.
    pub allocator: Allocator,
    /// How the next prefix is picked.
    pub pd_allocator: Allocator,
    /// Pool usage from which lifetimes are shortened, as a fraction.
    pub adaptive_lease_time_threshold: Option<f64>,
    /// See the type.
    pub ddns: Arc<DdnsParameters>,
    /// The options of the subnet and, behind them, of its network.
    pub options: Arc<OptionSet>,
    /// What only one protocol has.
    pub specific: F::Subnet,
    /// `user-context`, the comment included.
    pub user_context: Option<Arc<Value>>,
}

/// A pool.
#[derive(Clone, Debug)]
pub struct Pool<F: Dialect> {
    /// What is allocated.
    pub range: PoolSpec<F>,
    /// Identifier that statistics are kept under; 0 if none is given.
    pub id: u32,
    /// Who is served from here.
    pub guard: Guard,
    /// Classes to evaluate once a lease is chosen here, without the subnet's.
    pub additional_classes: Box<[ClassId]>,
    /// The options of the pool and, behind them, of the subnet and its network.
    pub options: Arc<OptionSet>,
    /// DNS updates, where the pool says something about them.
    pub ddns: Option<Arc<DdnsParameters>>,
    /// What only one protocol has.
    pub specific: F::Pool,
    /// `user-context`, the comment included.
    pub user_context: Option<Arc<Value>>,
}

impl<F: Dialect> Subnet<F> {
    /// What leases need to know of it. `reserved` are the addresses never found free.
    pub fn lease_spec(&self, reserved: Vec<F::Addr>) -> SubnetSpec<F> {
        SubnetSpec {
            id: self.id,
            range: (self.prefix.first(), self.prefix.last()),
            pools: self.pools.iter().map(|pool| pool.range).collect(),
            reserved,
        }
    }

    /// Whether `text` is its prefix, perhaps written in another way.
    pub fn is_of(&self, text: &str) -> bool {
        let same = |other: Prefix<F::Addr>| {
            (other.first(), other.len()) == (self.prefix.first(), self.prefix.len())
        };
        *text == *self.prefix_text || text.parse().is_ok_and(same)
    }
}
