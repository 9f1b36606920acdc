//! When there are more queries than can be served, as opposed to a burst, or a moment in which the machine stood
//! still.

use std::time::{Duration, Instant};

/// Queries that waited for so long in a socket, and have done so for as long, are no burst any more: there
/// are more than can be served. Short against the second after which the first client asks again (RFC 9915
/// section 7.6). The second condition spares what waited only because the machine stood still for a moment.
const LASTING: Duration = Duration::from_millis(500);

/// What a worker remembers of how it keeps up.
#[derive(Debug, Default)]
pub(super) struct Pressure {
    behind_since: Option<Instant>,
    /// While there is overload: when the last query was served that had been taken out of the sockets.
    busy_until: Option<Instant>,
}

impl Pressure {
    /// Whether a batch taken at `now` is one of too many: it is full, its first query waited for `waited` in
    /// the socket, and so it was with all batches of the last half second. From then on every batch is, until
    /// nothing came while those before it were served: what is let go makes room, so that waiting is short,
    /// but for all that there are no fewer queries.
    pub(super) fn is_overload(&mut self, now: Instant, is_full: bool, waited: Duration) -> bool {
        if let Some(busy_until) = self.busy_until {
            if now.checked_sub(waited).is_some_and(|came| came <= busy_until) {
                return true;
            }
            *self = Pressure::default();
        }
        if !is_full || waited < LASTING {
            self.behind_since = None;
            return false;
        }
        let since = *self.behind_since.get_or_insert(now);
        let is_overload = now.saturating_duration_since(since) >= LASTING;
        self.busy_until = is_overload.then_some(now);
        is_overload
    }

    /// What was taken out of the sockets was served, or some of it.
    pub(super) fn served(&mut self) {
        if let Some(busy_until) = &mut self.busy_until {
            *busy_until = Instant::now();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(2);

    /// What is said of full batches that come one by one, so many milliseconds after the first.
    fn of_batches(batches: &[(u64, Duration)]) -> Vec<bool> {
        let start = Instant::now();
        let mut pressure = Pressure::default();
        let batches = batches.iter();
        let at = |after: u64| start + Duration::from_millis(after);
        batches.map(|(after, waited)| pressure.is_overload(at(*after), true, *waited)).collect()
    }

    #[test]
    fn what_a_stall_left_waiting_is_served() {
        let left = [(0, LONG), (100, LONG), (499, LONG), (510, Duration::ZERO)];
        assert_eq!(of_batches(&left), [false; 4]);
    }

    #[test]
    fn more_than_can_be_served_for_half_a_second_is_overload() {
        let lasting = [(0, LONG), (250, LONG), (500, LONG), (501, LONG)];
        assert_eq!(of_batches(&lasting), [false, false, true, true]);
    }

    /// Once it is overload, it is no less so where what is let go keeps waiting short.
    #[test]
    fn overload_lasts_until_nothing_comes_while_others_are_served() {
        let start = Instant::now();
        let mut pressure = Pressure::default();
        pressure.is_overload(start, true, LONG);
        assert!(pressure.is_overload(start + LASTING, true, LONG));
        // It has been served until now.
        pressure.served();
        let now = Instant::now() + Duration::from_millis(10);
        for is_full in [true, false] {
            assert!(pressure.is_overload(now, is_full, Duration::from_millis(20)));
        }
        assert!(!pressure.is_overload(now, true, Duration::from_millis(5)));
        assert!(!pressure.is_overload(now, true, Duration::from_millis(20)));
    }

    #[test]
    fn a_moment_without_waiting_begins_anew() {
        let short = LASTING - Duration::from_millis(1);
        let batches = [(0, LONG), (400, short), (600, LONG), (1_000, LONG), (1_100, LONG)];
        assert_eq!(of_batches(&batches), [false, false, false, false, true]);
    }

    #[test]
    fn a_batch_that_is_not_full_is_the_last_that_waits() {
        let start = Instant::now();
        let mut pressure = Pressure::default();
        assert!(!pressure.is_overload(start, true, LONG));
        assert!(!pressure.is_overload(start + LASTING, false, LONG));
        assert!(!pressure.is_overload(start + LASTING * 3 / 2, true, LONG));
    }
}
