//! Name change requests on their way to the DNS update daemon: a queue that the workers fill, and a
//! thread that empties it over UDP (the manual's section on `dhcp-ddns`).

use std::collections::VecDeque;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use kea_config::snapshot::DhcpDdns;
use kea_ddns::NameChangeRequest;
use kea_dhcp::pipeline::{NameChanges, QueueFull};
use kea_log::{Handle, log};

/// The way to the daemon.
pub(super) struct NameChangeSender {
    queue: Arc<Queue>,
    thread: Mutex<Option<JoinHandle<()>>>,
    logger: Handle,
}

impl NameChangeSender {
    /// A sender that is not configured yet: requests wait.
    pub(super) fn start(logger: &Handle) -> io::Result<Self> {
        let queue = Arc::new(Queue::default());
        let (of_thread, log) = (Arc::clone(&queue), logger.clone());
        let thread = std::thread::Builder::new().name("name-changes".to_owned());
        let thread = thread.spawn(move || send_all(&of_thread, &log))?;
        Ok(NameChangeSender { queue, thread: Mutex::new(Some(thread)), logger: logger.clone() })
    }

    /// Sends from now on as configured. Requests that wait go the new way.
    ///
    /// # Errors
    /// When the own end cannot be had; then everything is as before.
    pub(super) fn apply(&self, settings: &DhcpDdns) -> Result<(), SenderError> {
        let mut state = self.queue.lock();
        if state.settings.as_ref() == Some(settings) {
            return Ok(());
        }
        let sender = SocketAddr::from(settings.sender);
        let is_kept = state
            .settings
            .as_ref()
            .is_some_and(|current| current.enable_updates && current.sender == settings.sender);
        if settings.enable_updates && !is_kept {
            let socket = UdpSocket::bind(sender).map_err(|error| SenderError { sender, error })?;
            state.socket = Some(Arc::new(socket));
        }
        let was_on = state.settings.as_ref().is_some_and(|current| current.enable_updates);
        state.settings = Some(settings.clone());
        if settings.enable_updates {
            let (ip, port) = settings.server;
            let text = format_args!(
                "enable-updates: yes, server-ip: {ip}, server-port: {port}, sender-ip: {}, \
                 sender-port: {}, max-queue-size: {}, ncr-protocol: UDP, ncr-format: JSON",
                settings.sender.0, settings.sender.1, settings.max_queue_size
            );
            log!(self.logger, DHCPSRV_DHCP_DDNS_SENDER_STARTED, text);
        } else if was_on {
            log!(self.logger, DHCPSRV_DHCP_DDNS_SENDER_STOPPED);
        }
        self.queue.changed.notify_one();
        Ok(())
    }

    /// Sends what waits, as far as that is done within a moment, and ends.
    pub(super) fn stop(&self) {
        self.queue.lock().is_stopping = true;
        self.queue.changed.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        if self.queue.lock().settings.as_ref().is_some_and(|settings| settings.enable_updates) {
            log!(self.logger, DHCPSRV_DHCP_DDNS_SENDER_STOPPED);
        }
    }
}

impl NameChanges for NameChangeSender {
    fn request(&self, request: NameChangeRequest) -> Result<(), QueueFull> {
        let mut state = self.queue.lock();
        let capacity =
            state.settings.as_ref().map_or(0, |settings| settings.max_queue_size as usize);
        if state.waiting.len() >= capacity {
            return Err(QueueFull { capacity });
        }
        let is_first = state.waiting.is_empty();
        state.waiting.push_back(request);
        drop(state);
        if is_first {
            self.queue.changed.notify_one();
        }
        Ok(())
    }
}

/// The own end of the way cannot be had.
#[derive(Debug)]
pub(super) struct SenderError {
    sender: SocketAddr,
    error: io::Error,
}

impl std::fmt::Display for SenderError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let SenderError { sender, error } = self;
        write!(
            f,
            "name change requests cannot be sent from {sender} ('sender-ip', 'sender-port'): {error}"
        )
    }
}

#[derive(Default)]
struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    /// What is in force; without updates nothing new arrives, and what waits still leaves.
    settings: Option<DhcpDdns>,
    socket: Option<Arc<UdpSocket>>,
    waiting: VecDeque<NameChangeRequest>,
    is_stopping: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The first request, and the way it goes, once there is one. `None` when nothing more is to be
    /// sent.
    fn next(&self) -> Option<(NameChangeRequest, Arc<UdpSocket>, SocketAddr)> {
        let mut state = self.lock();
        loop {
            if let (Some(request), Some(socket), Some(settings)) =
                (state.waiting.front(), &state.socket, &state.settings)
            {
                // It stays in the queue until it is on its way.
                let server = SocketAddr::from(settings.server);
                return Some((request.clone(), Arc::clone(socket), server));
            }
            if state.is_stopping {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn sent(&self) {
        self.lock().waiting.pop_front();
    }

    /// Waits before a request is tried again. False when there is no time for that any more.
    fn pause(&self) -> bool {
        let until = Instant::now() + RETRY;
        let mut state = self.lock();
        let settings = state.settings.clone();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            if state.is_stopping {
                return false;
            }
            if left.is_zero() || state.settings != settings {
                return true;
            }
            let waited = self.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// Sends what waits, in its order, until the sender stops. What cannot be sent is tried again, and
/// meanwhile holds up the rest: later requests may take back what earlier ones said.
fn send_all(queue: &Queue, logger: &Handle) {
    let mut datagram = Vec::new();
    let mut is_failing = false;
    while let Some((request, socket, server)) = queue.next() {
        datagram.clear();
        request.encode(&mut datagram);
        match socket.send_to(&datagram, server) {
            Ok(_) => {
                is_failing = false;
                queue.sent();
                log!(logger, DHCPSRV_DHCP_DDNS_NCR_SENT, request);
            }
            Err(error) => {
                if !is_failing {
                    let text = format_args!("{error}, to {server}");
                    log!(logger, DHCP_DDNS_NCR_UDP_SEND_ERROR, text);
                    log!(logger, DHCPSRV_DHCP_DDNS_SUSPEND_UPDATES);
                }
                is_failing = true;
                if !queue.pause() {
                    log!(logger, DHCP_DDNS_NCR_FLUSH_IO_ERROR, error);
                    return;
                }
            }
        }
    }
}

/// How long after a failure the same request is tried again.
const RETRY: Duration = Duration::from_secs(1);
