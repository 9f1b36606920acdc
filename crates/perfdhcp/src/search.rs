//! The highest rate that a server sustains.

/// One attempt at a rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Attempt {
    /// What was asked for, exchanges per second.
    pub rate: u32,
    /// What the generator began, per second.
    pub begun: f64,
    /// Exchanges not completed, in percent.
    pub loss: f64,
}

impl Attempt {
    /// True when few enough were lost and the generator kept up.
    pub fn is_sustained(&self, max_loss: f64) -> bool {
        self.loss <= max_loss && self.begun >= f64::from(self.rate) * KEPT_UP
    }
}

/// A generator that begins less than this part of what was asked for is itself the limit.
const KEPT_UP: f64 = 0.975;
/// The search ends when what is sustained and what is not are this close.
const PRECISION: f64 = 0.02;

/// Doubles the rate until it is not sustained, or halves it until it is, then closes in. Gives the
/// best attempt, or `None` when not even one exchange per second is sustained.
///
/// # Errors
/// The first error of `attempt`.
pub fn search<E>(
    start: u32,
    max_loss: f64,
    mut attempt: impl FnMut(u32) -> Result<Attempt, E>,
) -> Result<Option<Attempt>, E> {
    let mut best: Option<Attempt> = None;
    let mut too_high: Option<u32> = None;
    let mut rate = start.max(1);
    loop {
        let tried = attempt(rate)?;
        if tried.is_sustained(max_loss) {
            best = Some(tried);
        } else {
            too_high = Some(rate);
        }
        let low = best.map(|b| b.rate);
        rate = match (low, too_high) {
            (Some(low), None) => match low.checked_mul(2) {
                Some(higher) => higher,
                None => return Ok(best),
            },
            (None, Some(high)) if high > 1 => high / 2,
            (None, _) => return Ok(None),
            (Some(low), Some(high)) if high - low <= step(low) => return Ok(best),
            (Some(low), Some(high)) => low + (high - low) / 2,
        };
    }
}

fn step(low: u32) -> u32 {
    ((f64::from(low) * PRECISION) as u32).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that does `capacity` exchanges per second.
    fn find(start: u32, capacity: f64) -> (Option<u32>, usize) {
        let mut attempts = 0;
        let found = search::<()>(start, 2.5, |rate| {
            attempts += 1;
            let loss = (1.0 - capacity / f64::from(rate)).max(0.0) * 100.0;
            Ok(Attempt { rate, begun: f64::from(rate), loss })
        });
        (found.unwrap().map(|best| best.rate), attempts)
    }

    #[test]
    fn closes_in_from_below_and_above() {
        for start in [10, 1000, 100_000] {
            let (rate, attempts) = find(start, 4300.0);
            let rate = f64::from(rate.unwrap());
            // Up to 2.5 % above what is served, and not 2 % less than that.
            assert!((4300.0..4411.0).contains(&rate), "{rate}");
            assert!(attempts < 20, "{attempts}");
        }
    }

    #[test]
    fn nothing_is_found_when_nothing_is_answered() {
        assert_eq!(find(8, 0.0), (None, 4));
    }

    #[test]
    fn a_generator_that_does_not_keep_up_is_no_proof() {
        let attempt = Attempt { rate: 1000, begun: 900.0, loss: 0.0 };
        assert!(!attempt.is_sustained(2.5));
        assert!(Attempt { begun: 990.0, ..attempt }.is_sustained(2.5));
    }
}
