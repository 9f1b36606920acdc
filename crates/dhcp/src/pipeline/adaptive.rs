//! Shorter leases where pools fill up: `adaptive-lease-time-threshold`.

use kea_config::snapshot::Dialect;
use kea_lease::{INFINITE, Lease, LeaseKind, LeaseState, SubnetLeases};

use super::place::Ground;

/// A lifetime in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Lifetime {
    /// As the client gets it.
    pub(crate) granted: u32,
    /// The least that it could get.
    pub(crate) least: u32,
}

impl Lifetime {
    /// The least, or what is left of the lease that the client has.
    pub(crate) fn shortened(self, left: u32) -> u32 {
        self.least.max(left).min(self.granted)
    }
}

/// True when as many addresses (or prefixes) of the pools that the client may use are taken as the
/// subnet's threshold says.
pub(crate) fn is_crowded<F: Dialect>(
    ground: &Ground<'_, F>,
    kind: LeaseKind,
    leases: &SubnetLeases<F>,
) -> bool {
    let threshold = ground.subnet.adaptive_lease_time_threshold;
    let Some(threshold) = threshold.filter(|threshold| *threshold < 1.0) else { return false };
    let pools = ground.pools_of(kind).iter().filter_map(|pool| leases.pool_counts(pool));
    let (total, assigned) = pools.fold((0.0, 0.0), |(total, assigned), counts| {
        (total + counts.total as f64, assigned + counts.assigned as f64)
    });
    total > 0.0 && assigned / total >= threshold
}

/// Seconds left of a lease that is in use; 0 of any other.
pub(crate) fn seconds_left<F: Dialect>(lease: Option<&Lease<F>>, now: i64) -> u32 {
    let in_use = lease.filter(|lease| lease.state == LeaseState::Assigned);
    in_use.map_or(0, |lease| match lease.expires() {
        None => INFINITE,
        Some(end) => u32::try_from(end.saturating_sub(now)).unwrap_or(0),
    })
}

#[cfg(test)]
mod tests {
    use super::Lifetime;

    #[test]
    fn nothing_is_taken_away_that_a_client_has_and_nothing_added() {
        let lifetime = Lifetime { granted: 4000, least: 600 };
        for (left, expected) in [(0, 600), (599, 600), (1000, 1000), (5000, 4000)] {
            assert_eq!(lifetime.shortened(left), expected, "{left}");
        }
    }
}
