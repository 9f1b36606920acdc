//! The sockets of one daemon, as its configuration has them.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use kea_config::snapshot::{ControlSocket, HttpSocket};
use kea_log::{Log, log};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::answer::Answer;
use crate::calls::{CallSender, Calls, Origin, Reply};
use crate::command::Command;
use crate::http::{HttpAcceptor, Settings, SettingsError, serve_stream};
use crate::seats::Seats;
use crate::unix::UnixAcceptor;

/// The open control sockets of a daemon.
#[derive(Debug)]
pub struct Listeners {
    shared: Arc<Shared>,
    unix: Vec<UnixAcceptor>,
    http: Vec<HttpAcceptor>,
}

/// Why a control socket could not be opened. Those that were open still are.
#[derive(Debug)]
pub struct ListenError {
    /// The socket: a path, or an address and port.
    pub socket: String,
    /// Why.
    pub reason: ListenFailure,
}

/// Why a control socket cannot serve.
#[derive(Debug)]
pub enum ListenFailure {
    /// The system refuses it.
    Io(io::Error),
    /// It cannot be served as configured.
    Settings(SettingsError),
}

impl fmt::Display for ListenFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => error.fmt(f),
            Self::Settings(error) => error.fmt(f),
        }
    }
}

impl fmt::Display for ListenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot open the control socket {}: {}", self.socket, self.reason)
    }
}

impl std::error::Error for ListenError {}

/// What is held at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    pub(crate) unix_connections: usize,
    pub(crate) http_connections: usize,
    /// Of one address; the others have to find room too.
    pub(crate) http_connections_per_peer: usize,
    pub(crate) command_bytes: usize,
    /// Of all commands that are arriving.
    pub(crate) arriving_bytes: usize,
}

/// A configuration of 100,000 subnets is some 50 MB.
const LIMITS: Limits = Limits {
    unix_connections: 64,
    http_connections: 256,
    http_connections_per_peer: 128,
    command_bytes: 128 * 1024 * 1024,
    arriving_bytes: 256 * 1024 * 1024,
};

/// Text that is made when it is asked for, and its media type.
type Page = (&'static str, Arc<dyn Fn() -> String + Send + Sync>);

impl Listeners {
    /// None open yet; the commands that will arrive come out of the second value.
    pub fn new(log: Arc<dyn Log>) -> (Listeners, Calls) {
        let (calls, receiver) = CallSender::channel();
        let shared = Shared {
            calls,
            log,
            limits: LIMITS,
            unix_seats: Seats::new(LIMITS.unix_connections, LIMITS.unix_connections),
            http_seats: Seats::new(LIMITS.http_connections, LIMITS.http_connections_per_peer),
            room: Arc::new(Semaphore::new(LIMITS.arriving_bytes / 1024)),
            pages: RwLock::default(),
            connections: AtomicU64::new(0),
            under_way: AtomicU64::new(0),
            answered: Notify::new(),
        };
        (Listeners { shared: Arc::new(shared), unix: Vec::new(), http: Vec::new() }, receiver)
    }

    /// Serves `GET path` on the HTTP sockets, such as `/metrics`. Who may send commands may read it.
    pub fn page(
        &self,
        path: &'static str,
        media_type: &'static str,
        text: impl Fn() -> String + Send + Sync + 'static,
    ) {
        let mut pages = self.shared.pages.write().unwrap_or_else(PoisonError::into_inner);
        pages.insert(path, (media_type, Arc::new(text)));
    }

    /// Serves HTTP on a connection that came some other way than through a socket of the configuration,
    /// without TLS and passwords, until either side ends it. To be called inside a tokio runtime.
    pub async fn serve_http<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, peer: SocketAddr) {
        serve_stream(stream, peer, &self.shared).await;
    }

    /// Addresses of the HTTP sockets, with the ports that port 0 became.
    pub fn http_addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.http.iter().map(HttpAcceptor::bound)
    }

    /// Opens what is new in `sockets`, keeps what is as it was, closes the rest. Connections are not touched:
    /// the one that brought the new configuration still gets its answer. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// The first socket that could not be opened; then nothing has changed.
    pub fn apply(&mut self, sockets: &[ControlSocket]) -> Result<(), ListenError> {
        let mut unix = Vec::new();
        let mut http = Vec::new();
        let mut new_settings = Vec::new();
        for socket in sockets {
            match socket {
                ControlSocket::Unix { path } => {
                    let path = Path::new(&**path);
                    if !self.unix.iter().any(|open| open.path() == path) {
                        let opened = UnixAcceptor::open(path, &self.shared);
                        unix.push(opened.map_err(|error| failed(&path.display(), error))?);
                    }
                }
                ControlSocket::Http(socket) => {
                    let address = SocketAddr::new(socket.address, socket.port);
                    let settings = load(socket).map_err(|reason| named(&address, reason))?;
                    if self.http.iter().any(|open| open.configured() == address) {
                        new_settings.push((address, settings));
                    } else {
                        let opened = HttpAcceptor::open(address, settings, &self.shared);
                        http.push(opened.map_err(|error| failed(&address, error))?);
                    }
                }
            }
        }
        // Nothing can fail any more.
        self.unix.retain(|open| sockets.iter().any(|socket| is_unix(socket, open.path())));
        self.http.retain(|open| {
            let mut settings = new_settings.iter();
            let new = settings.find(|(address, _)| *address == open.configured());
            new.inspect(|(_, settings)| open.exchange(Arc::clone(settings))).is_some()
        });
        self.unix.append(&mut unix);
        self.http.append(&mut http);
        Ok(())
    }

    /// Closes all sockets and waits until the answers that are on their way are out, `patience` at most.
    pub async fn close(mut self, patience: Duration) {
        self.unix.clear();
        self.http.clear();
        let answered = async {
            while self.shared.under_way.load(Ordering::Relaxed) > 0 {
                self.shared.answered.notified().await;
            }
        };
        // Who does not take the answer in time does without it.
        let _ = timeout(patience, answered).await;
    }
}

fn is_unix(socket: &ControlSocket, open: &Path) -> bool {
    matches!(socket, ControlSocket::Unix { path } if Path::new(&**path) == open)
}

fn load(socket: &HttpSocket) -> Result<Arc<Settings>, ListenFailure> {
    Settings::load(socket).map(Arc::new).map_err(ListenFailure::Settings)
}

fn failed(socket: &dyn fmt::Display, error: io::Error) -> ListenError {
    named(socket, ListenFailure::Io(error))
}

fn named(socket: &dyn fmt::Display, reason: ListenFailure) -> ListenError {
    ListenError { socket: socket.to_string(), reason }
}

/// What connections work with.
pub(crate) struct Shared {
    calls: CallSender,
    pub(crate) log: Arc<dyn Log>,
    pub(crate) limits: Limits,
    pub(crate) unix_seats: Seats,
    pub(crate) http_seats: Seats,
    /// KiB that arriving commands may take.
    room: Arc<Semaphore>,
    pages: RwLock<BTreeMap<&'static str, Page>>,
    connections: AtomicU64,
    /// Commands whose answer is not out yet.
    under_way: AtomicU64,
    answered: Notify,
}

/// A command whose answer is not out yet, for as long as it lives.
#[derive(Debug)]
pub(crate) struct UnderWay(Arc<Shared>);

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.under_way.fetch_sub(1, Ordering::Relaxed);
        self.0.answered.notify_one();
    }
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

    /// Room for a command of that many bytes, if there is.
    pub(crate) fn room(&self, bytes: usize) -> Option<OwnedSemaphorePermit> {
        let kibibytes = u32::try_from(bytes.div_ceil(1024)).ok()?;
        Arc::clone(&self.room).try_acquire_many_owned(kibibytes).ok()
    }

    /// The page at `path`: media type and text.
    pub(crate) fn page(&self, path: &str) -> Option<(&'static str, String)> {
        let pages = self.pages.read().unwrap_or_else(PoisonError::into_inner);
        let (media_type, text) = pages.get(path).cloned()?;
        drop(pages);
        Some((media_type, text()))
    }

    /// To be held until the answer is out, so that an orderly end waits for it.
    pub(crate) fn begin(self: &Arc<Self>) -> UnderWay {
        self.under_way.fetch_add(1, Ordering::Relaxed);
        UnderWay(Arc::clone(self))
    }

    pub(crate) async fn ask(&self, command: Command, origin: Origin) -> Reply {
        let name = command.name.clone();
        match self.calls.ask(command, origin).await {
            Some(reply) => reply,
            None => {
                log!(self.log, COMMAND_RESPONSE_ERROR, name);
                let text = "the command could not be processed: the server is stopping";
                Reply::One(Answer::error(text))
            }
        }
    }
}
