//! The sockets of one daemon, as its configuration has them.

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kea_config::snapshot::ControlSocket;
use kea_log::{Log, log};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::answer::Answer;
use crate::calls::{CallSender, Calls, Origin};
use crate::command::Command;
use crate::unix::UnixAcceptor;

/// The open control sockets of a daemon.
#[derive(Debug)]
pub struct Listeners {
    shared: Arc<Shared>,
    unix: Vec<UnixAcceptor>,
}

/// Why a control socket could not be opened. Those that were open still are.
#[derive(Debug)]
pub struct ListenError {
    /// The socket: a path, or an address and port.
    pub socket: String,
    /// What the system said.
    pub error: io::Error,
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot open the control socket {}: {}", self.socket, self.error)
    }
}

impl std::error::Error for ListenError {}

/// What is held at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) unix_connections: u32,
    pub(crate) command_bytes: usize,
}

/// A configuration of 100,000 subnets is some 50 MB.
const LIMITS: Limits = Limits { unix_connections: 64, command_bytes: 128 * 1024 * 1024 };

impl Listeners {
    /// None open yet; the commands that will arrive come out of the second value.
    pub fn new(log: Arc<dyn Log>) -> (Listeners, Calls) {
        let (calls, receiver) = CallSender::channel();
        let shared = Shared {
            calls,
            log,
            limits: LIMITS,
            unix_slots: Arc::new(Semaphore::new(LIMITS.unix_connections as usize)),
            connections: AtomicU64::new(0),
        };
        (Listeners { shared: Arc::new(shared), unix: Vec::new() }, receiver)
    }

    /// Opens what is new in `sockets`, keeps what is as it was, closes the rest. Connections are not touched:
    /// the one that brought the new configuration still gets its answer. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// The first socket that could not be opened; then nothing has changed.
    pub fn apply(&mut self, sockets: &[ControlSocket]) -> Result<(), ListenError> {
        let mut opened = Vec::new();
        let mut kept: Vec<&Path> = Vec::new();
        for socket in sockets {
            if let ControlSocket::Unix { path } = socket {
                let path = Path::new(&**path);
                if !self.unix.iter().any(|open| open.path() == path) {
                    let acceptor = UnixAcceptor::open(path, &self.shared);
                    let named = |error| ListenError { socket: path.display().to_string(), error };
                    opened.push(acceptor.map_err(named)?);
                }
                kept.push(path);
            }
        }
        self.unix.retain(|open| kept.contains(&open.path()));
        self.unix.append(&mut opened);
        Ok(())
    }

    /// Closes all sockets and waits until the answers that are on their way are out, `patience` at most.
    pub async fn close(mut self, patience: Duration) {
        self.unix.clear();
        let all = self.shared.unix_slots.acquire_many(self.shared.limits.unix_connections);
        let _ = timeout(patience, all).await;
    }
}

/// What connections work with.
pub(crate) struct Shared {
    calls: CallSender,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) limits: Limits,
    unix_slots: Arc<Semaphore>,
    connections: AtomicU64,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Shared {
    /// A number for log messages.
    pub(crate) fn next_connection(&self) -> u64 {
        self.connections.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// Room for one more connection, when there is; held until its end.
    pub(crate) async fn unix_slot(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.unix_slots).acquire_owned().await.ok()
    }

    pub(crate) async fn ask(&self, command: Command, origin: Origin) -> Answer {
        let name = command.name.clone();
        match self.calls.ask(command, origin).await {
            Some(answer) => answer,
            None => {
                log!(self.log, COMMAND_RESPONSE_ERROR, name);
                Answer::error("the command could not be processed: the server is stopping")
            }
        }
    }
}
