//! Another configuration in force, as a whole, in part, or not at all.

use std::sync::Arc;

use kea_config::snapshot::Snapshot;
use kea_control::ReconfigurationError;
use kea_dhcp::Serving;
use kea_dhcp::pipeline::reclamation_settings;
use kea_log::log;
use kea_log::message::twin;

use super::backend::Backend;
use super::hosts::{Change, Hosts};
use super::outage::Policy;
use super::sockets::listen;
use super::{Server, announce, hooks, identity, limits, storage};
use crate::configuration;
use crate::layout::Layout;

impl<F: Serving> Server<F> {
    /// Reads the configuration again, and puts it in force if nothing is wrong with it. Workers
    /// serve on meanwhile.
    pub(super) fn reload(&mut self) -> Result<(), ReconfigurationError> {
        let file = self.run.file.display().to_string();
        log!(self.logger, (twin::DYNAMIC_RECONFIGURATION.of(F::VERSION)), file);
        let result = self.try_reload();
        match &result {
            Ok(()) => {
                log!(self.logger, (twin::DYNAMIC_RECONFIGURATION_SUCCESS.of(F::VERSION)), file);
            }
            Err(error) => {
                let reason = configuration::first_line(&error.to_string());
                log!(self.logger, (twin::CONFIG_LOAD_FAIL.of(F::VERSION)), file, reason);
                log!(self.logger, (twin::DYNAMIC_RECONFIGURATION_FAIL.of(F::VERSION)), file);
            }
        }
        result
    }

    fn try_reload(&mut self) -> Result<(), ReconfigurationError> {
        let loaded = configuration::load::<F>(&self.run.file, self.run.confinement)?;
        announce::command::<F>(&self.logger, loaded.snapshot.document());
        for warning in loaded.warning_lines() {
            log!(self.logger, (twin::CONFIG_SYNTAX_WARNING.of(F::VERSION)), warning);
        }
        self.apply(loaded.snapshot)
    }

    /// Puts a checked configuration in force, or leaves everything as it is.
    pub(super) fn apply(&mut self, config: Snapshot<F>) -> Result<(), ReconfigurationError> {
        announce::received::<F>(&self.logger, config.document());
        let (backend, mut config) = Backend::open(config, &self.logger)?;
        limits::check(&self.run, &config)?;
        let before = self.shared.config.load_full();
        if storage::needs_restart(&before, &config) {
            let problem = "the lease database cannot be changed while serving; restart for it";
            return Err(ReconfigurationError::Refused(problem.into()));
        }
        let hooks = hooks::load(&config, self.libraries, &self.logger)?;
        let mut hosts = match before.hosts_databases == config.hosts_databases {
            true => None,
            false => Some(self.open_hosts(&config)?),
        };
        let around = self.apply_around(&config);
        // The identifier may be written to its file, so nothing can fail after it.
        let layout = Layout::of_this_process();
        if let Err(problem) = around.and_then(|()| identity::identify(&mut config, &layout)) {
            // What was opened for the old configuration can be opened again, most likely.
            return Err(ReconfigurationError::after(problem, self.apply_around(&before)));
        }
        if let Some(hosts) = hosts.take() {
            self.hosts = hosts;
        }
        self.hosts.adopt(&mut config, &self.logger);
        self.logger.reopen();
        announce::contents(&self.logger, &config);
        announce::libraries_closed(&self.logger, &self.shared.config.load(), self.libraries);
        announce::libraries(&self.logger, &config, self.libraries);
        self.reclamation.settings = reclamation_settings(&config);
        self.outage.apply(Policy::of(&config.lease_database));
        let listen = listen::<F>(&config, self.port);
        let summary = configuration::summary(&config);
        let workers = self.shared.waiting.len();
        self.shared.leases.configure(&config.lease_specs());
        self.backend = backend;
        self.shared.hooks.store(Arc::new(hooks));
        self.shared.limit_samples(Some(&self.shared.config.load()), &config);
        let config = Arc::new(config);
        self.shared.config.store(Arc::clone(&config));
        self.shared.recount();
        self.shared.hooks.load().configured(&self.shared.config.load_full());
        self.service.listen(listen);
        self.shared.times.reconfigured();
        log!(self.logger, (twin::CONFIG_COMPLETE.of(F::VERSION)), summary);
        announce::identity(&self.logger, &config);
        announce::threads(&self.logger, &config, workers);
        Ok(())
    }

    /// Opens what lies around the server as `config` wants it: the way to the update daemon,
    /// logs, sockets for commands. Each is changed as a whole or not at all.
    fn apply_around(&mut self, config: &Snapshot<F>) -> Result<(), String> {
        self.shared.name_changes.apply(&config.dhcp_ddns).map_err(|error| error.to_string())?;
        let loggers = configuration::loggers(config);
        self.logger.configure(&loggers).map_err(|error| error.to_string())?;
        self.listeners.apply(&config.control_sockets).map_err(|error| error.to_string())
    }

    /// Puts in force a configuration that differs in its subnets, networks and classes alone: sockets,
    /// hooks, logs and timers stay as they are.
    pub(super) fn apply_part(&mut self, mut config: Snapshot<F>) -> Result<(), String> {
        identity::identify(&mut config, &Layout::of_this_process())?;
        self.hosts.adopt(&mut config, &self.logger);
        let before = self.shared.config.load_full();
        announce::subnet_changes(&self.logger, &before, &config);
        self.shared.leases.configure(&config.lease_specs());
        self.shared.recount_changed(&before, &config);
        self.shared.config.store(Arc::new(config));
        let config = self.shared.config.load_full();
        self.shared.forget_others(&config);
        self.shared.hooks.load().configured(&config);
        Ok(())
    }

    /// Opens the databases of reservations of a configuration that is to be put in force.
    fn open_hosts(&self, config: &Snapshot<F>) -> Result<Hosts<F>, ReconfigurationError> {
        let service = &self.shared.service;
        Hosts::open(&config.hosts_databases, service, &self.given_up, &self.logger)
            .map_err(ReconfigurationError::Refused)
    }

    /// Puts in force what changed in a database of reservations, and answers who had it changed.
    pub(super) fn follow_hosts(&mut self, mut change: Change) {
        let outcome = change.outcome.take();
        if !change.is_empty() {
            let mut config = Snapshot::clone(&self.shared.config.load());
            self.hosts.follow(change, &mut config, &self.logger);
            self.shared.leases.configure(&config.lease_specs());
            let config = Arc::new(config);
            self.shared.config.store(Arc::clone(&config));
            self.shared.hooks.load().configured(&config);
        }
        if let Some(outcome) = outcome {
            self.hear_outcome(outcome);
        }
    }
}
