//! Nothing was left for a client: who reads statistics and logs is told why.

use std::fmt::Display;

use kea_config::snapshot::Dialect;
use kea_lease::LeaseKind;
use kea_log::message::twin;
use kea_log::{ClientLabel, log};

use super::corridor::Corridor;
use super::place::Place;

impl<F: Dialect> Corridor<'_, F> {
    /// Counts and logs that a client of `place` got nothing of that kind. `classes` names the
    /// client's classes where they may be the reason.
    pub fn exhausted(
        &self,
        label: ClientLabel<'_>,
        place: &Place<'_, F>,
        kind: LeaseKind,
        classes: Option<&dyn Display>,
    ) {
        self.statistics.nothing_left(place, kind, classes.is_some());
        let (log, version) = (self.log, F::VERSION);
        let closed = place.grounds().filter(|ground| ground.pools_of(kind).is_empty()).count();
        let open = place.grounds().len() - closed;
        let subnet = place.selected();
        match place.network() {
            Some(network) => {
                let message = twin::ALLOC_FAIL_SHARED_NETWORK.of(version);
                log!(log, (message), label, network.name, open, closed);
            }
            None => {
                let message = twin::ALLOC_FAIL_SUBNET.of(version);
                log!(log, (message), label, subnet.prefix_text, subnet.id, "(none)");
            }
        }
        if open == 0 {
            log!(log, (twin::ALLOC_FAIL_NO_POOLS.of(version)), label);
        } else {
            let pools: usize = place.grounds().map(|ground| ground.pools_of(kind).len()).sum();
            log!(log, (twin::ALLOC_FAIL.of(version)), label, pools);
        }
        if let Some(classes) = classes {
            log!(log, (twin::ALLOC_FAIL_CLASSES.of(version)), label, classes);
        }
    }
}
