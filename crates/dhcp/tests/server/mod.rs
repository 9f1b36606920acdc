//! One server without process, files and clock, for tests of single decisions.

use std::sync::Arc;

use kea_config::Snapshot;
use kea_config::document::{Document, NoIncludes};
use kea_dhcp::pipeline::{Answer, Callouts, Corridor, Drop, Statistics};
use kea_dhcp::{Serving, Worker};
use kea_hooks::{Hook, Hooks};
use kea_lease::{Journal, Leases};
use kea_log::{Captured, Threshold};
use kea_stats::{ServerKind, Stats, UnixMicros};

/// The time that does not pass, in seconds since 1970.
pub(crate) const NOW: i64 = 1_700_000_000;

/// What decides, and what it decides upon.
pub(crate) struct Server<F: Serving> {
    pub(crate) config: Snapshot<F>,
    pub(crate) leases: Leases<F>,
    pub(crate) log: Captured,
    pub(crate) hooks: Hooks<F>,
    worker: Worker<F>,
}

impl<F: Serving> Server<F> {
    /// With these members of `Dhcp4` or `Dhcp6`.
    pub(crate) fn new(members: &str, hooks: &[Arc<dyn Hook<F>>]) -> Self {
        let text = format!("{{ \"Dhcp{}\": {{ {members} }} }}", F::VERSION);
        let (document, _) = Document::parse("test", text.as_bytes(), &NoIncludes).unwrap();
        let loaded = kea_config::load::<F>(&Arc::new(document)).map_err(|e| e.render());
        let mut config = loaded.unwrap().0;
        let id = kea_wire::Duid::new(&[0, 3, 0, 1, 2, 0, 0, 0, 0, 1]);
        let origin = kea_dhcp::v6::Origin { links: &[], now: NOW, random: 7 };
        F::identify(&mut config, id.as_ref(), &origin);
        let leases = Leases::new();
        leases.configure(&config.lease_specs());
        let log = Captured::new(Threshold::ALL);
        let hooks = Hooks::new(hooks, log.clone());
        Server { config, leases, log, hooks, worker: Worker::<F>::new(7, None) }
    }

    /// The answer and its octets, or why there is none.
    pub(crate) fn serve(
        &mut self,
        decide: impl FnOnce(
            &mut Worker<F>,
            &Corridor<'_, F>,
            &mut Vec<u8>,
        ) -> Result<Answer<F>, Drop<F>>,
    ) -> Result<(Answer<F>, Vec<u8>), Drop<F>> {
        let stats = Stats::new(ServerKind::of_version(F::VERSION), 1, jiff::tz::TimeZone::UTC);
        let corridor = Corridor {
            config: &self.config,
            leases: &self.leases,
            journal: &Journal::none(),
            statistics: &Statistics::new(&stats, 0, &self.config, UnixMicros(0)),
            log: &self.log,
            name_changes: &(),
            callouts: Some(Callouts { hooks: &self.hooks, lot: None }),
            now: NOW,
        };
        let mut out = Vec::new();
        decide(&mut self.worker, &corridor, &mut out).map(|answer| (answer, out))
    }
}
