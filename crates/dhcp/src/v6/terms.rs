//! For how long a lease is given, and when it shall be renewed (RFC 9915 sections 14.2 and 21.4, the
//! manual's section on lifetimes).

use kea_config::snapshot::{Snapshot, Subnet, Timers, Triplet};
use kea_expr::ClassSet;
use kea_lease::{INFINITE, Lease};
use kea_wire::V6;

use crate::pipeline::{Lifetime, seconds_left};

/// Lifetimes in seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lifetimes {
    pub(super) preferred: u32,
    pub(super) valid: u32,
}

impl Lifetimes {
    /// What a client of `classes` gets in `subnet` that would like `wish`, where 0 stands for no
    /// wish. Each lifetime is bounded by the first class that has bounds for it, else by the subnet;
    /// nothing is preferred for longer than it is valid.
    pub(super) fn granted(
        config: &Snapshot<V6>,
        classes: &ClassSet,
        subnet: &Subnet<V6>,
        wish: Lifetimes,
    ) -> Self {
        let [preferred, valid] = bounds(config, classes, subnet);
        let given = |seconds: u32| Some(seconds).filter(|seconds| *seconds > 0);
        let valid = valid.grant(given(wish.valid));
        Lifetimes { preferred: preferred.grant(given(wish.preferred)).min(valid), valid }
    }

    /// The same where pools fill up: the least, or what is left of the lease that the client has.
    pub(super) fn shortened(
        self,
        config: &Snapshot<V6>,
        classes: &ClassSet,
        subnet: &Subnet<V6>,
        mine: Option<&Lease<V6>>,
        now: i64,
    ) -> Self {
        let [preferred, valid] = bounds(config, classes, subnet);
        let shortened = |granted: u32, bounds: Triplet, left: u32| {
            Lifetime { granted, least: bounds.min }.shortened(left)
        };
        let left = seconds_left(mine, now);
        let gone = mine.map_or(0, |mine| mine.valid_lifetime.saturating_sub(left));
        let left_preferred =
            mine.map_or(0, |mine| mine.owner.preferred_lifetime.saturating_sub(gone));
        let valid = shortened(self.valid, valid, left);
        let preferred = shortened(self.preferred, preferred, left_preferred);
        Lifetimes { preferred: preferred.min(valid), valid }
    }
}

/// The bounds of the preferred and of the valid lifetime.
fn bounds(config: &Snapshot<V6>, classes: &ClassSet, subnet: &Subnet<V6>) -> [Triplet; 2] {
    let joined = || classes.ids().filter_map(|id| config.classes.get(id));
    let preferred = joined().find_map(|class| class.specific.preferred);
    let valid = joined().find_map(|class| class.valid);
    [preferred.unwrap_or(subnet.specific.preferred), valid.unwrap_or(subnet.valid)]
}

/// T1 and T2 in seconds; 0 leaves them to the client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct TeeTimes {
    pub(super) t1: u32,
    pub(super) t2: u32,
}

impl TeeTimes {
    /// As configured, or a part of the preferred lifetime. T1 makes sense only before T2.
    pub(super) fn of(timers: &Timers, preferred: u32) -> Self {
        let part = |fraction: f64| match preferred {
            _ if !timers.calculate => 0,
            INFINITE => INFINITE,
            // A fraction below one of a 32-bit number is a 32-bit number.
            _ => (fraction * f64::from(preferred)).round() as u32,
        };
        let t2 = timers.rebind.unwrap_or_else(|| part(timers.t2_percent));
        let t1 = timers.renew.unwrap_or_else(|| part(timers.t1_percent));
        TeeTimes { t1: if t1 < t2 || t2 == INFINITE { t1 } else { 0 }, t2 }
    }

    /// The sooner of each: all associations of an answer are renewed together (RFC 9915 section
    /// 14.2).
    pub(super) fn soonest(self, other: TeeTimes) -> TeeTimes {
        let sooner = |a: u32, b: u32| if a == 0 || b == 0 { a.max(b) } else { a.min(b) };
        TeeTimes { t1: sooner(self.t1, other.t1), t2: sooner(self.t2, other.t2) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timers(renew: Option<u32>, rebind: Option<u32>, calculate: bool) -> Timers {
        Timers { renew, rebind, calculate, t1_percent: 0.5, t2_percent: 0.8 }
    }

    #[test]
    fn timers_are_given_or_computed_from_the_preferred_lifetime() {
        for (timers, preferred, expected) in [
            (timers(None, None, true), 3600, (1800, 2880)),
            (timers(None, None, true), 555, (278, 444)),
            (timers(None, None, true), INFINITE, (INFINITE, INFINITE)),
            (timers(None, None, false), 3600, (0, 0)),
            (timers(Some(700), None, true), 3000, (700, 2400)),
            (timers(Some(900), Some(1800), true), 3000, (900, 1800)),
            (timers(Some(5000), Some(1800), true), 3000, (0, 1800)),
            (timers(Some(700), Some(700), true), 3000, (0, 700)),
            (timers(Some(700), None, false), 3000, (0, 0)),
            (timers(None, Some(99_999), true), 3000, (1500, 99_999)),
        ] {
            let TeeTimes { t1, t2 } = TeeTimes::of(&timers, preferred);
            assert_eq!((t1, t2), expected, "{timers:?} {preferred}");
        }
    }

    #[test]
    fn the_sooner_timer_holds_for_all() {
        let of = |t1, t2| TeeTimes { t1, t2 };
        assert_eq!(of(1800, 2880).soonest(of(250, 400)), of(250, 400));
        assert_eq!(of(0, 0).soonest(of(250, 400)), of(250, 400));
        assert_eq!(of(300, 700).soonest(of(0, 400)), of(300, 400));
    }
}
