//! Statistics: counters with history, and the `statistic-…` commands over them (manual chapter 14).
//!
//! * The tables [`ServerMetric`], [`SubnetMetric`], [`PoolMetric`], [`PrefixPoolMetric`], [`UpdateMetric`] and
//!   [`KeyMetric`] list every statistic with its names for the two DHCP families.
//! * [`Stats`] is the registry. A worker asks it once for [`Counters`] of a scope and then only touches atomics: no
//!   name is built, no lock taken on the packet path.
//! * History is taken from the counters when they are looked at ([`Stats::observe`], every command): a sample is a
//!   value somebody could have seen, not every single step.
#![forbid(unsafe_code)]

mod commands;
mod counters;
mod metrics;
mod registry;
mod rendering;
mod sample;

pub use commands::Answer;
pub use counters::Counters;
pub use metrics::{
    KeyMetric, Metric, PoolMetric, PrefixPoolMetric, Presence, ServerKind, ServerMetric,
    SubnetMetric, UpdateMetric,
};
pub use registry::{Scope, Stats};
pub use sample::{Limit, Sample, StatisticError, UnixMicros, Value};
