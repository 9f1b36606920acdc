//! The commands of a DHCP server (the manual's chapter on the management API, "Commands Supported by
//! Both the DHCPv4 and DHCPv6 Servers"). They run one after the other on the control plane.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kea_config::document::{Document, NoIncludes};
use kea_dhcp::Serving;
use kea_stats::Answer;
use serde_json::{Map, Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::Server;
use super::shared::unix_micros;
use crate::configuration;
use crate::version;

/// Result codes (the manual's section "Data Syntax").
mod result {
    pub(super) const SUCCESS: u8 = 0;
    pub(super) const ERROR: u8 = 1;
    pub(super) const UNSUPPORTED: u8 = 2;
    pub(super) const EMPTY: u8 = 3;
}

/// What a command may ask for, besides its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// Serve on.
    Serve,
    /// Serve on, with timers of the new configuration.
    Reschedule,
    /// Stop with this exit code, after the answer has left.
    Stop(u8),
}

type Outcome = Result<Answer, String>;

/// The commands besides those of statistics, in alphabetical order.
const NAMES: &[&str] = &[
    "build-report",
    "config-backend-pull",
    "config-get",
    "config-hash-get",
    "config-reload",
    "config-set",
    "config-test",
    "config-write",
    "dhcp-disable",
    "dhcp-enable",
    "leases-reclaim",
    "libreload",
    "list-commands",
    "server-tag-get",
    "shutdown",
    "status-get",
    "version-get",
];

impl<F: Serving> Server<'_, F> {
    /// Executes a command.
    pub(super) fn command(&mut self, name: &str, arguments: Option<&Json>) -> (Answer, Next) {
        if let Some(answer) = self.shared.stats.command(name, arguments, unix_micros()) {
            return (answer, Next::Serve);
        }
        let mut next = Next::Serve;
        let outcome = match name {
            "build-report" => Ok(text(version::build_report().trim_end())),
            "config-backend-pull" => Ok(with(result::EMPTY, "No config backend.", None)),
            "config-get" => self.config_get(),
            "config-hash-get" => self.config_hash().map(|hash| answer(None, json!({ "hash": hash }))),
            "config-reload" => self.config_reload(&mut next),
            "config-set" => self.config_set(arguments, &mut next),
            "config-test" => self.config_test(arguments),
            "config-write" => self.config_write(arguments),
            "dhcp-disable" => self.dhcp_disable(arguments),
            "dhcp-enable" => self.dhcp_enable(arguments),
            "leases-reclaim" => self.leases_reclaim(arguments),
            "libreload" => Ok(text("Hooks libraries successfully reloaded.")),
            "list-commands" => Ok(answer(None, json!(command_names::<F>()))),
            "server-tag-get" => {
                let config = self.shared.config.load();
                Ok(answer(None, json!({ "server-tag": config.server.server_tag })))
            }
            "shutdown" => shutdown(arguments, &mut next),
            "status-get" => Ok(self.status_get()),
            "version-get" => {
                let extended = json!({ "extended": version::extended() });
                Ok(answer(Some(version::VERSION), extended))
            }
            _ => {
                let unsupported = format!("'{name}' command not supported.");
                Ok(with(result::UNSUPPORTED, unsupported, None))
            }
        };
        (outcome.unwrap_or_else(|reason| with(result::ERROR, reason, None)), next)
    }

    fn config_get(&self) -> Outcome {
        let mut arguments = self.effective()?;
        if let Some(map) = arguments.as_object_mut() {
            map.insert("hash".into(), self.config_hash()?.into());
        }
        Ok(answer(None, arguments))
    }

    /// The effective configuration, as `config-get` shows it, without its hash.
    fn effective(&self) -> Result<Json, String> {
        let text = self.shared.config.load().render().to_string();
        serde_json::from_str(&text).map_err(|error| error.to_string())
    }

    fn config_hash(&self) -> Result<String, String> {
        let text = self.effective()?.to_string();
        Ok(Sha256::digest(text.as_bytes()).iter().map(|octet| format!("{octet:02X}")).collect())
    }

    fn config_reload(&mut self, next: &mut Next) -> Outcome {
        match self.reload() {
            Ok(()) => {
                *next = Next::Reschedule;
                Ok(text("Configuration successful."))
            }
            Err(problems) => Err(format!("Config reload failed: {}", problems.trim())),
        }
    }

    fn config_set(&mut self, arguments: Option<&Json>, next: &mut Next) -> Outcome {
        let loaded = load_arguments::<F>(arguments)?;
        self.apply(loaded.snapshot)?;
        *next = Next::Reschedule;
        let hash = json!({ "hash": self.config_hash()? });
        Ok(answer(Some("Configuration successful."), hash))
    }

    fn config_test(&self, arguments: Option<&Json>) -> Outcome {
        load_arguments::<F>(arguments)?;
        Ok(text(
            "Configuration seems sane. Control-socket, hook-libraries, and D2 configuration were \
             sanity checked, but not applied.",
        ))
    }

    /// Writes what is in force to a file, whole or not at all.
    fn config_write(&self, arguments: Option<&Json>) -> Outcome {
        let file = match member(arguments, "filename") {
            None => self.run.file.clone(),
            Some(Json::String(name)) if !name.is_empty() => PathBuf::from(name),
            Some(_) => return Err("'filename' parameter must be a string that names a file".into()),
        };
        let pretty = self.shared.config.load().render().to_pretty();
        let io_error = |error: std::io::Error| {
            format!("Error during config-write: unable to write {}: {error}", file.display())
        };
        write_whole(&file, pretty.as_bytes()).map_err(io_error)?;
        let written = format!("Configuration written to {} successful", file.display());
        let facts = json!({ "filename": file.display().to_string(), "size": pretty.len() });
        Ok(answer(Some(&written), facts))
    }

    fn dhcp_disable(&mut self, arguments: Option<&Json>) -> Outcome {
        let origin = origin(arguments)?;
        let period = match member(arguments, "max-period") {
            None => None,
            Some(value) => match value.as_u64() {
                Some(seconds) if seconds > 0 => Some(seconds),
                Some(_) => return Err("'max-period' must be positive integer".into()),
                None => return Err("'max-period' argument is not a number".into()),
            },
        };
        let until = period.and_then(|seconds| Instant::now().checked_add(Duration::from_secs(seconds)));
        self.shared.service.disable(origin, until);
        let version = F::VERSION;
        Ok(text(match period {
            Some(seconds) => format!("DHCPv{version} service disabled for {seconds} seconds"),
            None => format!("DHCPv{version} service disabled"),
        }))
    }

    fn dhcp_enable(&mut self, arguments: Option<&Json>) -> Outcome {
        self.shared.service.enable(origin(arguments)?);
        Ok(text("DHCP service successfully enabled"))
    }

    fn leases_reclaim(&mut self, arguments: Option<&Json>) -> Outcome {
        let remove = match member(arguments, "remove") {
            Some(Json::Bool(remove)) => *remove,
            Some(_) => return Err("'remove' parameter expected to be a boolean.".into()),
            None => return Err("Missing mandatory 'remove' parameter.".into()),
        };
        self.reclaim_all(remove);
        Ok(text("Reclamation of expired leases is complete."))
    }

    fn status_get(&self) -> Answer {
        let config = self.shared.config.load();
        let failures = self.service.failures();
        let mut status = Map::new();
        let mut put = |name: &str, value: Json| drop(status.insert(name.into(), value));
        put("pid", std::process::id().into());
        put("uptime", self.started.elapsed().as_secs().into());
        put("reload", self.configured.elapsed().as_secs().into());
        put("multi-threading-enabled", config.multi_threading.enabled.into());
        if config.multi_threading.enabled {
            put("thread-pool-size", self.shared.waiting.len().into());
            put("packet-queue-size", config.multi_threading.packet_queue_size.into());
            // Workers take what has come as it comes; nothing waits in a queue of the server's own.
            put("packet-queue-statistics", json!([0.0, 0.0, 0.0]));
        }
        let mut sockets = Map::new();
        sockets.insert("status".into(), if failures.is_empty() { "ready" } else { "retrying" }.into());
        if !failures.is_empty() {
            let errors: Vec<String> = failures.iter().map(ToString::to_string).collect();
            sockets.insert("errors".into(), errors.into());
        }
        put("sockets", sockets.into());
        put("lease-storage", if self.shared.journal.is_failing() { "failing" } else { "ready" }.into());
        answer(None, status.into())
    }
}

/// All commands, sorted.
fn command_names<F: Serving>() -> Vec<&'static str> {
    let kind = kea_stats::ServerKind::of_version(F::VERSION);
    let mut names: Vec<_> = kea_stats::Stats::command_names(kind).to_vec();
    names.extend(NAMES);
    names.sort_unstable();
    names
}

fn shutdown(arguments: Option<&Json>, next: &mut Next) -> Outcome {
    let code = match member(arguments, "exit-value") {
        None => 0,
        Some(value) => value
            .as_i64()
            // As the operating system does, which keeps eight bits.
            .map(|value| (value & 0xff) as u8)
            .ok_or("parameter 'exit-value' is not an integer")?,
    };
    *next = Next::Stop(code);
    Ok(text("Shutting down."))
}

/// The configuration in `arguments`, checked.
fn load_arguments<F: Serving>(
    arguments: Option<&Json>,
) -> Result<configuration::Loaded<F>, String> {
    let object = F::PROTOCOL.object();
    let map = match arguments {
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

/// Replaces a file by way of a second one, so that it is never half there.
fn write_whole(file: &Path, octets: &[u8]) -> std::io::Result<()> {
    use std::io::Write as _;
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".new");
    let draft = file.with_file_name(name);
    let mut output = std::fs::File::create(&draft)?;
    output.write_all(octets)?;
    output.sync_all()?;
    std::fs::rename(&draft, file)
}

fn origin(arguments: Option<&Json>) -> Result<&str, String> {
    match member(arguments, "origin") {
        None => Ok("user"),
        Some(Json::String(origin)) if matches!(&**origin, "user" | "ha-partner") => Ok(origin),
        Some(Json::String(origin)) => Err(format!("invalid value used for 'origin' parameter: {origin}")),
        Some(_) => Err("'origin' argument is not a string".into()),
    }
}

fn member<'a>(arguments: Option<&'a Json>, name: &str) -> Option<&'a Json> {
    arguments?.get(name)
}

fn with(result: u8, text: impl Into<String>, arguments: Option<Json>) -> Answer {
    Answer { result, text: Some(text.into()), arguments }
}

fn text(text: impl Into<String>) -> Answer {
    with(result::SUCCESS, text, None)
}

fn answer(text: Option<&str>, arguments: Json) -> Answer {
    Answer { result: result::SUCCESS, text: text.map(str::to_owned), arguments: Some(arguments) }
}

