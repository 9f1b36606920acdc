//! An open HTTP or HTTPS socket.

use std::future::poll_fn;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kea_log::log;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::service::{Client, respond};
use super::settings::Settings;
use super::watched::{ARRIVAL, Phase, Progress, Watched};
use crate::answer::{Answer, ResultCode};
use crate::listeners::Shared;
use crate::seats::Seat;

/// An open socket; closed on drop. Connections live on.
#[derive(Debug)]
pub(crate) struct HttpAcceptor {
    /// As configured; the port may be 0.
    configured: SocketAddr,
    bound: SocketAddr,
    settings: Arc<RwLock<Arc<Settings>>>,
    task: JoinHandle<()>,
    shared: Arc<Shared>,
}

/// Room for the headers of one request.
const HEADER_BYTES: usize = 64 * 1024;

impl HttpAcceptor {
    pub(crate) fn open(
        address: SocketAddr,
        settings: Arc<Settings>,
        shared: &Arc<Shared>,
    ) -> io::Result<HttpAcceptor> {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        let bound = listener.local_addr()?;
        log!(
            shared.log,
            COMMAND_HTTP_LISTENER_STARTED,
            1,
            bound.ip(),
            bound.port(),
            if settings.tls.is_some() { "yes" } else { "no" },
        );
        let settings = Arc::new(RwLock::new(settings));
        let task = tokio::spawn(accept(listener, Arc::clone(&settings), Arc::clone(shared)));
        Ok(HttpAcceptor { configured: address, bound, settings, task, shared: Arc::clone(shared) })
    }

    pub(crate) fn configured(&self) -> SocketAddr {
        self.configured
    }

    pub(crate) fn bound(&self) -> SocketAddr {
        self.bound
    }

    /// New settings hold for requests to come; new certificates for connections to come.
    pub(crate) fn exchange(&self, settings: Arc<Settings>) {
        *self.settings.write().unwrap_or_else(PoisonError::into_inner) = settings;
    }
}

impl Drop for HttpAcceptor {
    fn drop(&mut self) {
        let (address, port) = (self.bound.ip(), self.bound.port());
        log!(self.shared.log, COMMAND_HTTP_LISTENER_STOPPING, address, port);
        self.task.abort();
        log!(self.shared.log, COMMAND_HTTP_LISTENER_STOPPED, address, port);
    }
}

/// Serves a connection that no socket accepted, with no settings.
pub(crate) async fn serve_stream<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    peer: SocketAddr,
    shared: &Arc<Shared>,
) {
    let Ok(seat) = shared.http_seats.seat(Some(peer.ip())).await else { return };
    let settings = RwLock::new(Arc::new(Settings::default()));
    let client = Client { peer, tls: false, certificate: None };
    serve(stream, &client, Arc::new(seat), &settings, shared).await;
}

async fn accept(listener: TcpListener, settings: Arc<RwLock<Arc<Settings>>>, shared: Arc<Shared>) {
    loop {
        shared.http_seats.room().await;
        let (stream, peer) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                log!(shared.log, COMMAND_SOCKET_ACCEPT_FAIL, "HTTP", error);
                // Out of descriptors, most likely: trying again at once would only spin.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let Ok(seat) = shared.http_seats.seat(Some(peer.ip())).await else { continue };
        let (settings, shared) = (Arc::clone(&settings), Arc::clone(&shared));
        tokio::spawn(async move {
            connection((stream, peer), Arc::new(seat), &settings, &shared).await;
        });
    }
}

async fn connection(
    (stream, peer): (TcpStream, SocketAddr),
    seat: Arc<Seat>,
    settings: &RwLock<Arc<Settings>>,
    shared: &Arc<Shared>,
) {
    // Small answers go out at once; without this everything works too.
    let _ = stream.set_nodelay(true);
    let Some(tls) = current(settings).tls.clone() else {
        log!(shared.log, HTTP_REQUEST_RECEIVE_START, peer, ARRIVAL.as_secs());
        let client = Client { peer, tls: false, certificate: None };
        return serve(stream, &client, seat, settings, shared).await;
    };
    let (config, problem) = tls.current();
    if let Some(problem) = problem {
        let text = format!("changed certificates are not used: {problem}");
        log!(shared.log, HTTP_CONNECTION_HANDSHAKE_FAILED, peer, text);
    }
    log!(shared.log, HTTP_CONNECTION_HANDSHAKE_START, peer, ARRIVAL.as_secs());
    let handshake = timeout(ARRIVAL, TlsAcceptor::from(config).accept(stream));
    let shaken = tokio::select! {
        result = handshake => result,
        () = seat.lost() => {
            log!(shared.log, HTTP_CONNECTION_HANDSHAKE_FAILED, peer, "gave way to another client");
            return;
        }
    };
    match shaken {
        Err(_) => log!(shared.log, HTTP_CONNECTION_HANDSHAKE_FAILED, peer, "timed out"),
        Ok(Err(error)) => log!(shared.log, HTTP_CONNECTION_HANDSHAKE_FAILED, peer, error),
        Ok(Ok(stream)) => {
            log!(shared.log, HTTPS_REQUEST_RECEIVE_START, peer);
            let chain = stream.get_ref().1.peer_certificates();
            let certificate = chain.and_then(|chain| chain.first()).map(|cert| cert.to_vec());
            let client = Client { peer, tls: true, certificate };
            serve(stream, &client, seat, settings, shared).await;
        }
    }
}

/// Answers requests until the client goes, or keeps silent or busy for too long.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(
    stream: S,
    client: &Client,
    seat: Arc<Seat>,
    settings: &RwLock<Arc<Settings>>,
    shared: &Arc<Shared>,
) {
    let progress = Progress::new(Arc::clone(&seat));
    let service = service_fn(|request| {
        let settings = current(settings);
        let progress = &progress;
        Box::pin(async move { respond(request, client, &settings, shared, progress).await })
    });
    let io = TokioIo::new(Watched::new(stream, progress.clone()));
    let mut connection =
        http1::Builder::new().max_buf_size(HEADER_BYTES).serve_connection(io, service);
    let finished = tokio::select! {
        result = poll_fn(|cx| connection.poll_without_shutdown(cx)) => Some(result),
        () = progress.expiry() => None,
        () = seat.lost() => {
            // At once: whoever has no seat must not take the server's time either.
            log!(shared.log, HTTP_CONNECTION_STOP, client.peer);
            return;
        }
    };
    if let Some(Err(error)) = &finished {
        log!(shared.log, HTTP_BAD_CLIENT_REQUEST_RECEIVED, client.peer, error);
    }
    let mut stream = connection.into_parts().io.into_inner().into_inner();
    if finished.is_none() {
        if progress.phase() == Phase::Arriving {
            log!(shared.log, HTTP_CLIENT_REQUEST_TIMEOUT_OCCURRED, client.peer);
            // hyper has given up the connection; the client still learns why.
            let _ = timeout(ARRIVAL, stream.write_all(request_timeout().as_bytes())).await;
        } else {
            log!(shared.log, HTTP_IDLE_CONNECTION_TIMEOUT_OCCURRED, client.peer);
        }
    }
    if matches!(finished, Some(Ok(()))) {
        log!(shared.log, HTTP_CONNECTION_SHUTDOWN, client.peer);
    } else {
        log!(shared.log, HTTP_CONNECTION_STOP, client.peer);
    }
    let _ = timeout(ARRIVAL, stream.shutdown()).await;
}

fn request_timeout() -> String {
    let body = Answer::with(ResultCode(408), "Request Timeout").to_string();
    format!(
        "HTTP/1.1 408 Request Timeout\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\
         Connection: close\r\n\r\n{body}",
        body.len()
    )
}

fn current(settings: &RwLock<Arc<Settings>>) -> Arc<Settings> {
    Arc::clone(&settings.read().unwrap_or_else(PoisonError::into_inner))
}
