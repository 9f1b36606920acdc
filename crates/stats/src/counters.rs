//! The atomics that workers count in.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::metrics::{Metric, Presence, ServerKind};
use crate::sample::UnixMicros;

/// A worker's counters of one scope: a subnet, or the whole server. Cloning is cheap; all operations are relaxed
/// atomics.
#[derive(Debug)]
pub struct Counters<M> {
    group: Arc<Group>,
    /// Those of the worker.
    own: Arc<[AtomicI64]>,
    metric: PhantomData<fn(M)>,
}

impl<M: Metric> Counters<M> {
    pub(crate) fn new(group: Arc<Group>, worker: usize) -> Self {
        let own = Arc::clone(&group.shards[worker % group.shards.len()]);
        Self { group, own, metric: PhantomData }
    }

    /// Adds to a statistic; `amount` may be negative.
    pub fn add(&self, metric: M, amount: i64) {
        self.own[metric.index()].fetch_add(amount, Ordering::Relaxed);
    }

    /// Adds 1.
    pub fn increment(&self, metric: M) {
        self.add(metric, 1);
    }

    /// Takes 1 away.
    pub fn decrement(&self, metric: M) {
        self.add(metric, -1);
    }

    /// Sets a statistic, as configuring does with totals and recounted leases. Additions of other workers that
    /// happen meanwhile may survive or not.
    pub fn set(&self, metric: M, value: i64) {
        self.group.set(metric.index(), value);
    }

    /// The sum over all workers.
    pub fn value(&self, metric: M) -> i64 {
        self.group.value(metric.index())
    }
}

impl<M> Clone for Counters<M> {
    fn clone(&self) -> Self {
        let (group, own) = (Arc::clone(&self.group), Arc::clone(&self.own));
        Self { group, own, metric: PhantomData }
    }
}

/// The counters of one scope, one set per worker where contention is to be expected.
#[derive(Debug)]
pub(crate) struct Group {
    pub(crate) rows: Arc<[Row]>,
    pub(crate) created: UnixMicros,
    shards: Vec<Arc<[AtomicI64]>>,
}

/// What the registry needs to know of a metric, without its type.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) name: Option<&'static str>,
    pub(crate) presence: Presence,
}

impl Group {
    pub(crate) fn new(rows: Arc<[Row]>, shards: usize, created: UnixMicros) -> Self {
        // Sets of different workers must not meet in a cache line.
        let padding = if shards > 1 { 16 } else { 0 };
        let length = rows.len() + padding;
        let set = || (0..length).map(|_| AtomicI64::new(0)).collect();
        Self { rows, created, shards: (0..shards.max(1)).map(|_| set()).collect() }
    }

    pub(crate) fn value(&self, index: usize) -> i64 {
        let sets = self.shards.iter();
        sets.fold(0, |sum: i64, set| sum.wrapping_add(set[index].load(Ordering::Relaxed)))
    }

    pub(crate) fn set(&self, index: usize, value: i64) {
        for (number, set) in self.shards.iter().enumerate() {
            set[index].store(if number == 0 { value } else { 0 }, Ordering::Relaxed);
        }
    }

    /// Sets to 0 without losing what is added meanwhile.
    pub(crate) fn reset(&self, index: usize) {
        for set in &self.shards {
            set[index].swap(0, Ordering::Relaxed);
        }
    }
}

/// The rows of a table for a server.
pub(crate) fn rows<M: Metric>(server: ServerKind) -> Arc<[Row]> {
    M::ALL
        .iter()
        .map(|metric| Row { name: metric.name(server), presence: metric.presence() })
        .collect()
}
