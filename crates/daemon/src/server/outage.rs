//! What happens while something fails that the server keeps its data in, the disk of the leases or a
//! database: `on-fail`, `max-reconnect-tries` and `reconnect-wait-time`. Each has a count of its own, and
//! service goes on when none fails.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kea_config::snapshot::{Database, LeaseDatabase, OnFail};
use tokio::sync::Notify;

use super::service::Service;

/// What is wanted while it fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Policy {
    /// Nobody is served meanwhile, not even with what needs no disk.
    stops: bool,
    /// Attempts to write again before the server ends; none for no end.
    attempts: Option<u32>,
}

impl Policy {
    pub(super) fn of(database: &LeaseDatabase) -> Self {
        match database {
            LeaseDatabase::Memfile(memfile) => {
                Self::new(memfile.on_fail, memfile.max_reconnect_tries, memfile.reconnect_wait_ms)
            }
            LeaseDatabase::Sql(database) => Self::of_database(database),
        }
    }

    pub(super) fn of_database(database: &Database) -> Self {
        Self::new(database.on_fail, database.max_reconnect_tries, database.reconnect_wait_ms)
    }

    fn new(on_fail: OnFail, max_reconnect_tries: u32, reconnect_wait_ms: u32) -> Self {
        let attempts = if reconnect_wait_ms == 0 { 0 } else { max_reconnect_tries };
        Policy {
            stops: on_fail == OnFail::StopRetryExit,
            attempts: (on_fail != OnFail::ServeRetryContinue).then_some(attempts),
        }
    }
}

/// Where whoever waits for the end hears that one of the outages lasted too long.
#[derive(Debug, Default)]
pub(super) struct GivenUp {
    told: Notify,
    attempts: AtomicU32,
}

impl GivenUp {
    /// Waits until the server is to end; gives the attempts that were made in vain.
    pub(super) async fn wait(&self) -> u32 {
        self.told.notified().await;
        self.attempts.load(Ordering::Relaxed)
    }

    fn tell(&self, attempts: u32) {
        self.attempts.store(attempts, Ordering::Relaxed);
        self.told.notify_one();
    }
}

/// Whether one of them fails, for how long, and with what.
pub(super) struct Outage {
    /// Who switches service off: nobody else may switch it on again.
    origin: Box<str>,
    state: Mutex<State>,
    service: Arc<Service>,
    given_up: Arc<GivenUp>,
}

#[derive(Debug, Default)]
struct State {
    policy: Policy,
    /// Failures since it worked last.
    failures: u32,
    /// What was last said of it, and when.
    complaint: Option<(Instant, String)>,
}

impl Outage {
    /// That of what `origin` names, which is that of no other outage.
    pub(super) fn new(
        origin: impl Into<Box<str>>,
        policy: Policy,
        service: Arc<Service>,
        given_up: Arc<GivenUp>,
    ) -> Self {
        let state = Mutex::new(State { policy, ..State::default() });
        Outage { origin: origin.into(), state, service, given_up }
    }

    /// Follows a change of configuration.
    pub(super) fn apply(&self, policy: Policy) {
        let mut state = self.state();
        state.policy = policy;
        if state.failures > 0 {
            self.enforce(&state);
        }
    }

    /// It failed. True when it is to be complained of: each new trouble, and once a minute.
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

    /// It works again.
    pub(super) fn ended(&self) {
        let mut state = self.state();
        (state.failures, state.complaint) = (0, None);
        self.service.enable(&self.origin);
    }

    /// What it fails with.
    pub(super) fn trouble(&self) -> Option<String> {
        self.state().complaint.as_ref().map(|(_, trouble)| trouble.clone())
    }

    /// How often it failed since it worked last.
    pub(super) fn failures(&self) -> u32 {
        self.state().failures
    }

    /// Attempts before the server ends; none for no end.
    pub(super) fn attempts(&self) -> Option<u32> {
        self.state().policy.attempts
    }

    fn enforce(&self, state: &State) {
        if state.policy.stops {
            self.service.disable(&self.origin, None);
        } else {
            self.service.enable(&self.origin);
        }
        if state.policy.attempts.is_some_and(|attempts| state.failures > attempts) {
            self.given_up.tell(state.failures.saturating_sub(1));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How often a trouble that lasts is complained of.
const AGAIN: Duration = Duration::from_secs(60);

#[cfg(test)]
mod tests {
    use super::*;

    fn outage(on_fail: OnFail, tries: u32, wait: u32) -> Outage {
        let policy = Policy::new(on_fail, tries, wait);
        Outage::new("lease-database", policy, Arc::new(Service::default()), Arc::default())
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
                    _ = outage.given_up.wait() => true,
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
    fn service_goes_on_when_nothing_fails_any_more() {
        let (service, given_up) = (Arc::new(Service::default()), Arc::default());
        let policy = Policy::new(OnFail::StopRetryExit, 9, 10);
        let [leases, hosts] = ["lease-database", "hosts-database"]
            .map(|origin| Outage::new(origin, policy, Arc::clone(&service), Arc::clone(&given_up)));
        leases.failed("gone", Instant::now());
        hosts.failed("gone", Instant::now());
        leases.ended();
        assert!(service.is_disabled());
        assert_eq!((leases.failures(), hosts.failures()), (0, 1));
        hosts.ended();
        assert!(!service.is_disabled());
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
