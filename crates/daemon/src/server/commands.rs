//! The commands of a DHCP server (the manual's chapter on the management API, "Commands Supported by
//! Both the DHCPv4 and DHCPv6 Servers"). They run one after the other on the control plane.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kea_config::document::{Document, NoIncludes};
use kea_control::{Answer, Arguments, Daemon, Handlers, Payload, ResultCode, write_whole};
use kea_dhcp::Serving;
use kea_log::log;
use kea_log::message::twin;
use kea_wire::{Address as _, Hex};
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::Server;
use super::announce;
use super::classes;
use super::limits;
use super::reservations;
use super::select_test::{Told, Transport};
use super::shared::unix_micros;
use super::subnets;
use crate::configuration;
use crate::explain;
use crate::version;

/// What a command may ask for, besides its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Serve on.
    Serve,
    /// Serve on; the configuration database has just been looked at.
    Poll,
    /// Serve on, with timers of the new configuration.
    Reschedule,
    /// Stop with this exit code, after the answer has left.
    Stop(u8),
}

pub(super) type Outcome = Result<Answer, String>;

/// The commands of a server and who answers them.
pub(super) fn handlers<F: Serving>() -> Handlers<Server<F>> {
    let daemon = if F::VERSION == 4 { Daemon::Dhcp4 } else { Daemon::Dhcp6 };
    let mut handlers: Handlers<Server<F>> = Handlers::new(daemon);
    let mut on = |name: &str, handler: fn(&mut Server<F>, Arguments<'_>) -> Outcome| {
        handlers.on(name, move |server, arguments| {
            handler(server, arguments).unwrap_or_else(Answer::error)
        });
    };
    on("build-report", |_, _| Ok(Answer::success(version::build_report().trim_end())));
    on("client-explain", |server, arguments| server.client_explain(arguments));
    on("config-backend-pull", |server, _| server.config_backend_pull());
    on("config-get", |server, _| server.config_get());
    on("config-hash-get", |server, _| {
        Ok(Answer::arguments(json!({ "hash": server.config_hash()? })))
    });
    on("config-reload", |server, _| server.config_reload());
    on("config-set", Server::config_set);
    on("config-test", |server, arguments| server.config_test(arguments));
    on("config-write", |server, arguments| server.config_write(arguments));
    on("dhcp-disable", |server, arguments| server.dhcp_disable(arguments));
    on("dhcp-enable", |server, arguments| server.dhcp_enable(arguments));
    on("interface-add", Server::interface_add);
    on("interface-list", |server, _| Ok(server.interface_list()));
    on("interface-redetect", |server, _| Ok(server.interface_redetect()));
    on("kea-lfc-start", |server, _| server.start_clean_up());
    on("leases-reclaim", Server::leases_reclaim);
    on("libreload", |_, _| Ok(Answer::success("Hooks libraries successfully reloaded.")));
    on("server-tag-get", |server, _| {
        let config = server.shared.config.load();
        Ok(Answer::arguments(json!({ "server-tag": config.server.server_tag })))
    });
    on("shutdown", Server::shutdown);
    on("status-get", |server, _| Ok(server.status_get()));
    on("version-get", |_, _| {
        let extended = json!({ "extended": version::extended() });
        Ok(Answer::success(version::VERSION).and(extended))
    });
    for (name, command) in classes::COMMANDS {
        handlers.on(name, move |server, arguments| server.classes(*command, arguments));
    }
    reservations::register(&mut handlers);
    let version = F::VERSION.to_string();
    let select_test = format!("subnet{version}-select-test");
    handlers.on(&select_test, |server, arguments| {
        server.subnet_select_test(Transport::Native, arguments)
    });
    if F::VERSION == 4 {
        handlers.on("subnet4o6-select-test", |server, arguments| {
            server.subnet_select_test(Transport::OverV6, arguments)
        });
    }
    for (name, command) in subnets::COMMANDS {
        handlers.on(&name.replace('#', &version), move |server, arguments| {
            server.subnets(*command, arguments)
        });
    }
    let kind = kea_stats::ServerKind::of_version(F::VERSION);
    for name in kea_stats::Stats::command_names(kind) {
        handlers.on(name, move |server, arguments| statistics(server, name, arguments));
    }
    handlers
}

fn statistics<F: Serving>(server: &Server<F>, name: &str, arguments: Arguments<'_>) -> Answer {
    let stats = &server.shared.stats;
    let Some(answer) = stats.command(name, arguments.json(), unix_micros()) else {
        return Answer::unsupported(name);
    };
    Answer {
        result: ResultCode(answer.result.into()),
        text: answer.text,
        arguments: answer.arguments.map(Payload::Rendered),
    }
}

impl<F: Serving> Server<F> {
    /// What would become of a query; nothing is changed by asking.
    fn client_explain(&self, arguments: Arguments<'_>) -> Outcome {
        let query = explain::Query::of_arguments(arguments).map_err(|error| error.to_string())?;
        let config = self.shared.config.load_full();
        let link = explain::link(&config, arguments.text("interface"), None)?;
        let now = kea_net::Now::read().unix_seconds();
        let (leases, hooks) = (&self.shared.leases, self.shared.hooks.load());
        let explanation = explain::of_query(&config, leases, &hooks, &link, &query, now);
        let steps = match arguments.text("format") {
            Some("text") => explanation.to_string().lines().collect(),
            _ => explanation.to_json(),
        };
        let summary = explanation.summary();
        Ok(Answer::success(summary).and(json!({ "steps": steps })))
    }

    fn config_backend_pull(&mut self) -> Outcome {
        let Some(backend) = &mut self.backend else {
            return Ok(Answer::empty("No config backend."));
        };
        let pulled = backend.pull();
        let result = pulled.and_then(|new| new.map_or(Ok(()), |new| self.apply_stored(new)));
        self.next = Next::Poll;
        if let Some(backend) = self.backend.as_mut().filter(|_| result.is_ok()) {
            backend.count(true);
        }
        result.map_err(|problem| {
            log!(self.logger, (twin::CB_ON_DEMAND_FETCH_UPDATES_FAIL.of(F::VERSION)), problem);
            format!("On demand configuration update failed: {problem}")
        })?;
        Ok(Answer::success("On demand configuration update successful."))
    }

    fn config_get(&self) -> Outcome {
        let mut arguments = self.effective()?;
        if let Some(map) = arguments.as_object_mut() {
            map.insert("hash".into(), self.config_hash()?.into());
        }
        Ok(Answer::arguments(arguments))
    }

    /// The effective configuration, as `config-get` shows it, without its hash.
    pub(super) fn effective(&self) -> Result<Json, String> {
        let text = self.shared.config.load().render().to_string();
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    fn config_hash(&self) -> Result<String, String> {
        let text = self.effective()?.to_string();
        Ok(Hex(&Sha256::digest(text.as_bytes())).to_string())
    }

    fn config_reload(&mut self) -> Outcome {
        match self.reload() {
            Ok(()) => {
                self.next = Next::Reschedule;
                Ok(Answer::success("Configuration successful."))
            }
            Err(error) => Ok(error.answer("Config reload failed: ")),
        }
    }

    fn config_set(&mut self, arguments: Arguments<'_>) -> Outcome {
        let loaded = load_arguments::<F>(arguments)?;
        if let Err(error) = self.apply(loaded.snapshot) {
            return Ok(error.answer(""));
        }
        self.next = Next::Reschedule;
        let hash = json!({ "hash": self.config_hash()? });
        Ok(Answer::success("Configuration successful.").and(hash))
    }

    /// Looks at classes, or changes them.
    fn classes(&mut self, command: classes::Command, arguments: Arguments<'_>) -> Answer {
        let config = self.shared.config.load_full();
        match classes::answer(&config, command, arguments) {
            (Some(next), answer) => match self.apply_part(next) {
                Ok(()) => answer,
                Err(error) => Answer::error(error),
            },
            (None, answer) => answer,
        }
    }

    /// Looks at subnets and shared networks, or changes them.
    fn subnets(&mut self, command: subnets::Command, arguments: Arguments<'_>) -> Answer {
        let config = self.shared.config.load_full();
        let how = match command {
            subnets::Command::Look(what) => return subnets::look(&config, what, arguments),
            subnets::Command::Alter(how) => how,
        };
        match subnets::alter(&config, how, arguments) {
            Err(answer) => answer,
            Ok((next, answer)) => match self.apply_part(next) {
                Ok(()) => {
                    if let Some(id) = how.updated(arguments) {
                        announce::updated_subnet::<F>(&self.logger, id);
                    }
                    answer
                }
                Err(error) => Answer::error(error),
            },
        }
    }

    /// Which subnet a client would be placed in.
    fn subnet_select_test(&self, transport: Transport, arguments: Arguments<'_>) -> Answer {
        let told = match Told::read::<F>(transport, arguments) {
            Ok(told) => told,
            Err(error) => return Answer::error(error.to_string()),
        };
        let interfaces = self.service.interfaces();
        let named = told.interface.as_deref().and_then(|name| interfaces.by_name(name));
        let own = named.map(|it| it.usable_addresses().find_map(F::Addr::of_ip));
        told.answer(&self.shared.config.load(), own)
    }

    /// Has the lease file cleaned up at once, whatever `lfc-interval` is.
    fn start_clean_up(&self) -> Outcome {
        if self.clean_up.is_none() {
            return Err("leases are not kept in a file: there is nothing to clean up".into());
        }
        self.clean_up();
        Ok(Answer::success("kea-lfc started"))
    }

    fn config_test(&self, arguments: Arguments<'_>) -> Outcome {
        limits::check(&self.run, &load_arguments::<F>(arguments)?.snapshot)?;
        Ok(Answer::success(
            "Configuration seems sane. Control-socket, hook-libraries, and D2 configuration were \
             sanity checked, but not applied.",
        ))
    }

    /// Writes what is in force to a file, whole or not at all.
    fn config_write(&self, arguments: Arguments<'_>) -> Outcome {
        let name = arguments.text("filename").filter(|name| !name.is_empty());
        let file = name.map_or_else(|| self.run.file.clone(), PathBuf::from);
        limits::check_written(&self.run, &file)?;
        let pretty = self.shared.config.load().render().to_pretty();
        let io_error = |error: std::io::Error| {
            format!("Error during config-write: unable to write {}: {error}", file.display())
        };
        write_whole(&file, pretty.as_bytes()).map_err(io_error)?;
        let written = format!("Configuration written to {} successful", file.display());
        let facts = json!({ "filename": file.display().to_string(), "size": pretty.len() });
        Ok(Answer::success(written).and(facts))
    }

    fn dhcp_disable(&self, arguments: Arguments<'_>) -> Outcome {
        let origin = origin(arguments)?;
        let period: Option<u64> = match arguments.integer::<i64>("max-period") {
            None => None,
            Some(seconds) if seconds > 0 => Some(seconds.unsigned_abs()),
            Some(_) => return Err("'max-period' must be positive integer".into()),
        };
        let until =
            period.and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds)));
        self.shared.service.disable(origin, until);
        let version = F::VERSION;
        Ok(Answer::success(match period {
            Some(seconds) => format!("DHCPv{version} service disabled for {seconds} seconds"),
            None => format!("DHCPv{version} service disabled"),
        }))
    }

    fn dhcp_enable(&self, arguments: Arguments<'_>) -> Outcome {
        self.shared.service.enable(origin(arguments)?);
        Ok(Answer::success("DHCP service successfully enabled"))
    }

    fn leases_reclaim(&mut self, arguments: Arguments<'_>) -> Outcome {
        let remove = arguments.boolean("remove").ok_or("Missing mandatory 'remove' parameter.")?;
        self.reclaim_all(remove);
        Ok(Answer::success("Reclamation of expired leases is complete."))
    }

    fn shutdown(&mut self, arguments: Arguments<'_>) -> Outcome {
        // As the operating system does, which keeps eight bits.
        let code = arguments.integer::<i64>("exit-value").unwrap_or(0) & 0xff;
        self.next = Next::Stop(code as u8);
        Ok(Answer::success("Shutting down."))
    }

    fn status_get(&self) -> Answer {
        let config = self.shared.config.load();
        let failures = self.service.failures();
        let mut status = Map::new();
        let mut put = |name: &str, value: Json| drop(status.insert(name.into(), value));
        put("pid", std::process::id().into());
        put("uptime", self.shared.times.started().instant.elapsed().as_secs().into());
        put("reload", self.shared.times.configured().instant.elapsed().as_secs().into());
        put("multi-threading-enabled", config.multi_threading.enabled.into());
        if config.multi_threading.enabled {
            // As configured, even where there are fewer processors.
            let wanted = config.multi_threading.thread_pool_size as usize;
            let size = if wanted > 0 { wanted } else { self.shared.waiting.len() };
            put("thread-pool-size", size.into());
            put("packet-queue-size", config.multi_threading.packet_queue_size.into());
            // Workers take what has come as it comes; nothing waits in a queue of the server's own.
            put("packet-queue-statistics", json!([0.0, 0.0, 0.0]));
        }
        let mut sockets = Map::new();
        sockets
            .insert("status".into(), if failures.is_empty() { "ready" } else { "retrying" }.into());
        if !failures.is_empty() {
            let errors: Vec<String> = failures.iter().map(ToString::to_string).collect();
            sockets.insert("errors".into(), errors.into());
        }
        put("sockets", sockets.into());
        put(
            "lease-storage",
            if self.shared.journal.is_failing() { "failing" } else { "ready" }.into(),
        );
        if let Some(trouble) = self.outage.trouble() {
            put("lease-storage-error", trouble.into());
        }
        Answer::arguments(Json::from(status))
    }
}

/// The configuration in `arguments`, checked.
pub(super) fn load_arguments<F: Serving>(
    arguments: Arguments<'_>,
) -> Result<configuration::Loaded<F>, String> {
    let object = F::PROTOCOL.object();
    let map = match arguments.json() {
        None => return Err("Missing mandatory 'arguments' parameter.".into()),
        Some(arguments) => arguments.as_object().ok_or("'arguments' must be a map.")?,
    };
    match map.get(object) {
        None => return Err(format!("Missing mandatory '{object}' parameter.")),
        Some(Json::Object(_)) => {}
        Some(_) => return Err(format!("'{object}' parameter expected to be a map.")),
    }
    // `config-get` adds its hash; what it gave can be set again as it is.
    if let Some(other) = map.keys().find(|key| *key != object && *key != "hash") {
        return Err(format!("Unsupported '{other}' parameter."));
    }
    let config = json!({ object: map[object] }).to_string();
    let parsed = Document::parse("<string>", config.as_bytes(), &NoIncludes);
    let (document, warnings) = parsed.map_err(|problems| problems.render())?;
    configuration::check(&Arc::new(document), warnings)
}

fn origin(arguments: Arguments<'_>) -> Result<&str, String> {
    match arguments.text("origin") {
        None => Ok("user"),
        Some(origin @ ("user" | "ha-partner")) => Ok(origin),
        Some("") => Err("invalid value used for 'origin' parameter: (empty string)".into()),
        Some(origin) => Err(format!("invalid value used for 'origin' parameter: {origin}")),
    }
}
