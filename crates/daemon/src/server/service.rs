//! Whether clients are served: each origin may switch service off for itself
//! (the manual's sections on `dhcp-disable` and `dhcp-enable`).

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Who switched service off, and until when.
#[derive(Debug, Default)]
pub(super) struct Service {
    disabled_by: Mutex<BTreeMap<String, Option<Instant>>>,
    /// What the workers look at.
    is_disabled: AtomicBool,
}

impl Service {
    /// True while at least one origin has switched service off.
    pub(super) fn is_disabled(&self) -> bool {
        self.is_disabled.load(Ordering::Relaxed)
    }

    /// Switches service off for an origin, until a moment if one is given.
    pub(super) fn disable(&self, origin: &str, until: Option<Instant>) {
        self.change(|origins| {
            origins.insert(origin.to_owned(), until);
        });
    }

    /// Switches service on again, as far as this origin goes.
    pub(super) fn enable(&self, origin: &str) {
        self.change(|origins| {
            origins.remove(origin);
        });
    }

    /// Ends what was to last until now.
    pub(super) fn lapse(&self, now: Instant) {
        self.change(|origins| origins.retain(|_, until| until.is_none_or(|until| until > now)));
    }

    /// When [`Self::lapse`] will have something to do.
    pub(super) fn next_lapse(&self) -> Option<Instant> {
        let origins = self.disabled_by.lock().unwrap_or_else(PoisonError::into_inner);
        origins.values().flatten().min().copied()
    }

    fn change(&self, change: impl FnOnce(&mut BTreeMap<String, Option<Instant>>)) {
        let mut origins = self.disabled_by.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut origins);
        self.is_disabled.store(!origins.is_empty(), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn one_origin_does_not_enable_for_another() {
        let service = Service::default();
        service.disable("user", None);
        service.disable("ha-partner", None);
        service.enable("user");
        assert!(service.is_disabled());
        service.enable("ha-partner");
        assert!(!service.is_disabled());
    }

    #[test]
    fn a_period_ends_by_itself() {
        let service = Service::default();
        let begin = Instant::now();
        service.disable("user", Some(begin + Duration::from_secs(20)));
        service.lapse(begin + Duration::from_secs(19));
        assert!(service.is_disabled());
        assert_eq!(service.next_lapse(), Some(begin + Duration::from_secs(20)));
        service.lapse(begin + Duration::from_secs(20));
        assert!(!service.is_disabled());
        assert_eq!(service.next_lapse(), None);
    }
}
