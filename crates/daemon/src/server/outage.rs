//! What happens while the disk of the leases fails: `on-fail`, `max-reconnect-tries` and
//! `reconnect-wait-time` of the lease database.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kea_config::snapshot::{LeaseDatabase, Memfile, OnFail};
use tokio::sync::Notify;

use super::service::Service;

/// What is wanted while the disk fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    /// Nobody is served meanwhile, not even with what needs no disk.
    stops: bool,
    /// Attempts to write again before the server ends; none for no end.
    attempts: Option<u32>,
}

impl Policy {
    pub(super) fn of(database: &LeaseDatabase) -> Self {
        let LeaseDatabase::Memfile(memfile) = database else { return Policy::default() };
        let Memfile { on_fail, max_reconnect_tries, reconnect_wait_ms, .. } = *memfile;
        let attempts = if reconnect_wait_ms == 0 { 0 } else { max_reconnect_tries };
        Policy {
            stops: on_fail == OnFail::StopRetryExit,
            attempts: (on_fail != OnFail::ServeRetryContinue).then_some(attempts),
        }
    }
}

/// Whether the disk fails, for how long, and with what.
pub(super) struct Outage {
    state: Mutex<State>,
    service: Arc<Service>,
    given_up: Notify,
}

#[derive(Debug, Default)]
struct State {
    policy: Policy,
    /// Failures since the disk worked last.
    failures: u32,
    /// What was last said of it, and when.
    complaint: Option<(Instant, String)>,
}

impl Outage {
    pub(super) fn new(policy: Policy, service: Arc<Service>) -> Self {
        let state = Mutex::new(State { policy, ..State::default() });
        Outage { state, service, given_up: Notify::new() }
    }

    /// Follows a change of configuration.
    pub(super) fn apply(&self, policy: Policy) {
        let mut state = self.state();
        state.policy = policy;
        if state.failures > 0 {
            self.enforce(&state);
        }
    }

    /// The disk failed. True when it is to be complained of: each new trouble, and once a minute.
    pub(super) fn failed(&self, trouble: &str, now: Instant) -> bool {
        let mut state = self.state();
        state.failures = state.failures.saturating_add(1);
        self.enforce(&state);
        let is_known = state
            .complaint
            .as_ref()
            .is_some_and(|(at, told)| told == trouble && now.duration_since(*at) < AGAIN);
        if !is_known {
            state.complaint = Some((now, trouble.to_owned()));
        }
        !is_known
    }

    /// The disk works again.
    pub(super) fn ended(&self) {
        let mut state = self.state();
        (state.failures, state.complaint) = (0, None);
        self.service.enable(ORIGIN);
    }

    /// What the disk fails with.
    pub(super) fn trouble(&self) -> Option<String> {
        self.state().complaint.as_ref().map(|(_, trouble)| trouble.clone())
    }

    /// Waits until the server is to end; gives the attempts that were made in vain.
    pub(super) async fn given_up(&self) -> u32 {
        self.given_up.notified().await;
        self.state().failures.saturating_sub(1)
    }

    fn enforce(&self, state: &State) {
        if state.policy.stops {
            self.service.disable(ORIGIN, None);
        } else {
            self.service.enable(ORIGIN);
        }
        if state.policy.attempts.is_some_and(|attempts| state.failures > attempts) {
            self.given_up.notify_one();
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Who switches service off: nobody else may switch it on again.
const ORIGIN: &str = "lease-database";
/// How often a trouble that lasts is complained of.
const AGAIN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn outage(on_fail: OnFail, tries: u32, wait: u32) -> Outage {
        let memfile = Memfile {
            path: None,
            persist: true,
            lfc_interval: 0,
            max_row_errors: 0,
            durability: kea_config::snapshot::Durability::PowerLoss,
            on_fail,
            max_reconnect_tries: tries,
            reconnect_wait_ms: wait,
        };
        let policy = Policy::of(&LeaseDatabase::Memfile(memfile));
        Outage::new(policy, Arc::new(Service::default()))
    }

    /// Number of the failure at which the server is to end, of ten.
    fn end(outage: &Outage) -> Option<u32> {
        let now = Instant::now();
        (1..=10).find(|_| {
            outage.failed("full", now);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            runtime.block_on(async {
                tokio::select! {
                    biased;
                    _ = outage.given_up() => true,
                    () = std::future::ready(()) => false,
                }
            })
        })
    }

    #[test]
    fn service_stops_and_the_server_ends_as_configured() {
        use OnFail::{ServeRetryContinue, ServeRetryExit, StopRetryExit};
        let cases = [
            (StopRetryExit, 3, 10, true, Some(4)),
            (StopRetryExit, 0, 10, true, Some(1)),
            (ServeRetryExit, 2, 10, false, Some(3)),
            (ServeRetryExit, 2, 0, false, Some(1)),
            (ServeRetryContinue, 2, 10, false, None),
        ];
        for (on_fail, tries, wait, stops, ends) in cases {
            let outage = outage(on_fail, tries, wait);
            assert_eq!(end(&outage), ends, "{on_fail:?} {tries} {wait}");
            assert_eq!(outage.service.is_disabled(), stops, "{on_fail:?}");
            outage.ended();
            assert!(!outage.service.is_disabled());
        }
    }

    #[test]
    fn recovery_begins_the_count_again_and_leaves_other_origins_alone() {
        let outage = outage(OnFail::StopRetryExit, 9, 10);
        outage.service.disable("user", None);
        assert_eq!(end(&outage), Some(10));
        outage.ended();
        assert!(outage.service.is_disabled(), "by its user");
        assert_eq!(end(&outage), Some(10));
        outage.apply(Policy::default());
        outage.service.enable("user");
        assert!(!outage.service.is_disabled(), "a reload let go of the policy");
    }

    #[test]
    fn each_trouble_is_told_once_a_minute() {
        let outage = outage(OnFail::ServeRetryContinue, 0, 0);
        let begin = Instant::now();
        let after = |seconds| begin + Duration::from_secs(seconds);
        let told = [("full", 0), ("full", 59), ("gone", 59), ("gone", 60), ("gone", 119)];
        let told = told.map(|(trouble, at)| outage.failed(trouble, after(at)));
        assert_eq!(told, [true, false, true, false, true]);
        assert_eq!(outage.trouble().as_deref(), Some("gone"));
        outage.ended();
        assert_eq!(outage.trouble(), None);
    }
}
