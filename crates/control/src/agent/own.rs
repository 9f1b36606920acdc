//! What the agent answers itself.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use kea_config::document::SourceLoader;
use kea_config::snapshot::ControlSocket;
use kea_log::{Handle, Log, log};
use kea_wire::Hex;
use serde_json::{Value as Json, json};
use sha2::{Digest as _, Sha256};

use super::configuration::AgentConfig;
use super::forward::{forward, services};
use crate::answer::{Answer, Payload, ResultCode, write_json};
use crate::calls::{Call, Calls};
use crate::handlers::Handlers;
use crate::listeners::{ListenError, Listeners};
use crate::reconfiguration::ReconfigurationError;
use crate::registry::Daemon;
use crate::whole_file::write_whole;

/// What the program says about itself.
#[derive(Clone, Debug)]
pub struct Identity {
    /// `-v`.
    pub version: String,
    /// `-V`.
    pub extended: String,
    /// `-W`.
    pub report: String,
}

/// How the agent was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Exit status of the process.
    pub exit_value: u8,
}

/// A running control agent.
pub struct Agent {
    state: State,
    handlers: Handlers<State>,
    calls: Calls,
    log: Arc<dyn Log>,
}

struct State {
    file: String,
    /// Reads the file and what it includes.
    sources: Box<dyn SourceLoader + Send + Sync>,
    identity: Identity,
    config: AgentConfig,
    listeners: Listeners,
    logging: Handle,
    started: Instant,
    configured: Instant,
    stop: Option<Stop>,
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("file", &self.state.file).finish_non_exhaustive()
    }
}

impl Agent {
    /// Opens the socket of `config`, which was read from `file`, as it will be again, through `sources`. To be
    /// called inside a tokio runtime.
    ///
    /// # Errors
    /// Why the socket cannot be opened.
    pub fn start(
        file: &str,
        config: AgentConfig,
        identity: Identity,
        sources: Box<dyn SourceLoader + Send + Sync>,
        logging: Handle,
    ) -> Result<Agent, ListenError> {
        let log: Arc<dyn Log> = Arc::new(logging.clone());
        let (mut listeners, calls) = Listeners::new(Arc::clone(&log));
        listeners.apply(std::slice::from_ref(&config.socket))?;
        for address in listeners.http_addresses() {
            let (ip, port) = (address.ip(), address.port());
            if matches!(&config.socket, ControlSocket::Http(socket) if socket.tls.is_some()) {
                log!(log, CTRL_AGENT_HTTPS_SERVICE_STARTED, ip, port);
            } else {
                log!(log, CTRL_AGENT_HTTP_SERVICE_STARTED, ip, port);
            }
        }
        let state = State {
            file: file.to_owned(),
            sources,
            identity,
            config,
            listeners,
            logging,
            started: Instant::now(),
            configured: Instant::now(),
            stop: None,
        };
        Ok(Agent { state, handlers: handlers(), calls, log })
    }

    /// Answers commands until one of them says stop. Cancel safe.
    pub async fn serve(&mut self) -> Stop {
        while self.state.stop.is_none() {
            let Some(call) = self.calls.next().await else { break };
            self.handle(call);
        }
        self.state.stop.unwrap_or(Stop { exit_value: 0 })
    }

    /// Reads the configuration file again.
    ///
    /// # Errors
    /// What is wrong, and whether all of the older configuration is still in force.
    pub fn reload(&mut self) -> Result<(), ReconfigurationError> {
        self.state.reload()
    }

    /// Closes the socket and lets the answers out.
    pub async fn close(self) {
        self.state.listeners.close(std::time::Duration::from_secs(5)).await;
    }

    fn handle(&mut self, call: Call) {
        match services(call.command.service.as_ref()) {
            Err(problem) => call.answer(Answer::error(problem)),
            Ok(services) if services.is_empty() => {
                if self.handlers.contains(&call.command.name) {
                    self.handlers.call(&mut self.state, call, &*self.log);
                } else {
                    let text = format!("'{}' command not supported. {HINT}", call.command.name);
                    call.answer(Answer::with(ResultCode::UNSUPPORTED, text));
                }
            }
            Ok(services) => {
                let sockets = Arc::new(self.state.config.services.clone());
                tokio::spawn(forward(call, services, sockets, Arc::clone(&self.log)));
            }
        }
    }
}

/// Clients of the agent show this to people who forgot where they are.
const HINT: &str = "You did not include \"service\" parameter in the command, which indicates that \
    Kea Control Agent should process this command rather than forward it to one or more Kea servers. \
    If you aimed to send this command to one of the Kea servers you should include the \"service\" \
    parameter in your request, e.g. \"service\": [ \"dhcp4\" ] to forward the command to the DHCPv4 \
    server, or \"service\": [ \"dhcp4\", \"dhcp6\", \"d2\" ] to forward it to DHCPv4, DHCPv6 and D2 \
    servers etc.";

fn handlers() -> Handlers<State> {
    let mut handlers = Handlers::<State>::new(Daemon::ControlAgent);
    handlers
        .on("build-report", |state, _| Answer::success(&state.identity.report))
        .on("version-get", |state, _| {
            Answer::success(&state.identity.version)
                .and(json!({ "extended": state.identity.extended }))
        })
        .on("status-get", |state, _| {
            Answer::arguments(json!({
                "pid": std::process::id(),
                "reload": state.configured.elapsed().as_secs(),
                "uptime": state.started.elapsed().as_secs(),
            }))
        })
        .on("config-get", |state, _| Answer::arguments(state.config.effective.clone()))
        .on("config-hash-get", |state, _| {
            Answer::arguments(json!({ "hash": hash(&state.config.effective) }))
        })
        .on("config-test", |state, arguments| match read(arguments.json()) {
            Ok(_) => Answer::success("Configuration check successful"),
            Err(problem) => {
                log!(state.logging, CTRL_AGENT_CONFIG_CHECK_FAIL, problem);
                Answer::error(problem)
            }
        })
        .on("config-set", |state, arguments| {
            let config = read(arguments.json()).map_err(ReconfigurationError::Refused);
            match config.and_then(|config| state.apply(config)) {
                Ok(()) => Answer::success("Configuration applied successfully."),
                Err(error) => error.answer(""),
            }
        })
        .on("config-reload", |state, _| match state.reload() {
            Ok(()) => Answer::success("Configuration applied successfully."),
            Err(error) => error.answer("Config reload failed: "),
        })
        .on("config-write", |state, arguments| state.write(arguments.text("filename")))
        .on("shutdown", |state, arguments| {
            let exit_value = arguments.integer("exit-value").unwrap_or(0);
            state.stop = Some(Stop { exit_value });
            Answer::success("Control Agent is shutting down")
        });
    handlers
}

/// SHA-256 of a configuration, the same for the same content in whatever order.
fn hash(config: &Json) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = write_json(&mut text, config);
    Hex(&Sha256::digest(text.as_bytes())).to_string()
}

fn read(arguments: Option<&Json>) -> Result<AgentConfig, String> {
    let arguments = arguments.ok_or("Missing mandatory 'arguments' parameter.")?;
    let Some(members) = arguments.as_object() else {
        return Err("arguments for the 'config-set' command must be a map".into());
    };
    match members.get("Control-agent") {
        None => return Err("Missing mandatory 'Control-agent' parameter.".into()),
        Some(Json::Object(_)) => {}
        Some(_) => return Err("'Control-agent' parameter expected to be a map.".into()),
    }
    AgentConfig::from_text(&arguments.to_string())
        .map_err(|problems| problems.first_error().unwrap_or_default())
}

impl State {
    fn reload(&mut self) -> Result<(), ReconfigurationError> {
        let config = AgentConfig::load(&self.file, &*self.sources)
            .map_err(|problems| problems.first_error().unwrap_or_default())?;
        self.apply(config)
    }

    /// Puts a configuration in force as a whole, or not at all.
    fn apply(&mut self, config: AgentConfig) -> Result<(), ReconfigurationError> {
        let before = self.config.clone();
        if let Err(problem) = self.open(&config) {
            // What was opened for the old configuration can be opened again, most likely.
            return Err(ReconfigurationError::after(problem, self.open(&before)));
        }
        self.config = config;
        self.configured = Instant::now();
        Ok(())
    }

    /// Each of the two is changed as a whole or not at all.
    fn open(&mut self, config: &AgentConfig) -> Result<(), String> {
        self.logging.configure(&config.loggers).map_err(|error| error.to_string())?;
        let socket = std::slice::from_ref(&config.socket);
        self.listeners.apply(socket).map_err(|error| error.to_string())
    }

    fn write(&self, name: Option<&str>) -> Answer {
        let name = name.unwrap_or(&self.file);
        let text = format!("{:#}\n", self.config.effective);
        match write_whole(Path::new(name), text.as_bytes()) {
            Ok(()) => Answer::success(format!("Configuration written to {name} successful"))
                .and(Payload::Json(json!({ "filename": name, "size": text.len() }))),
            Err(error) => {
                Answer::error(format!("Error during config-write: unable to write {name}: {error}"))
            }
        }
    }
}
