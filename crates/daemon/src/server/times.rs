//! Since when the server runs, and since when as it is configured now.

use std::sync::Arc;

use arc_swap::ArcSwap;
use kea_net::Now;

#[derive(Debug)]
pub(super) struct Times {
    started: Now,
    configured: ArcSwap<Now>,
}

impl Times {
    /// Of a server that starts now.
    pub(super) fn now() -> Self {
        let now = Now::read();
        Times { started: now, configured: ArcSwap::from_pointee(now) }
    }

    /// Another configuration is in force from now on.
    pub(super) fn reconfigured(&self) {
        self.configured.store(Arc::new(Now::read()));
    }

    pub(super) fn started(&self) -> Now {
        self.started
    }

    pub(super) fn configured(&self) -> Now {
        **self.configured.load()
    }
}
