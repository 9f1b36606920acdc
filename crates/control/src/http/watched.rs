//! A connection that knows what it waits for, and for how long already.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use crate::listeners::UnderWay;
use crate::seats::Seat;

/// A request has to arrive within this time; fixed, as in the manual.
pub(super) const ARRIVAL: Duration = Duration::from_secs(10);
/// A connection may be silent for so long after an answer.
pub(super) const IDLE: Duration = Duration::from_secs(30);

/// How late an expiry may be noticed.
const LOOK: Duration = Duration::from_secs(1);

/// What a connection waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The rest of a request.
    Arriving,
    /// The daemon.
    Working,
    /// The client: to take the answer, or to ask again.
    Answered,
}

/// Shared by the connection, its service and its watchdog.
#[derive(Clone, Debug)]
pub(super) struct Progress(Arc<Mutex<State>>, Arc<Seat>);

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    /// From the command to the moment the answer is out.
    under_way: Option<UnderWay>,
}

impl Progress {
    pub(super) fn new(seat: Arc<Seat>) -> Self {
        let state = State { phase: Phase::Arriving, since: Instant::now(), under_way: None };
        Progress(Arc::new(Mutex::new(state)), seat)
    }

    pub(super) fn work(&self, under_way: UnderWay) {
        self.lock().under_way = Some(under_way);
        self.enter(Phase::Working);
    }

    pub(super) fn answered(&self) {
        self.enter(Phase::Answered);
    }

    pub(super) fn phase(&self) -> Phase {
        self.lock().phase
    }

    fn enter(&self, phase: Phase) {
        let mut state = self.lock();
        state.phase = phase;
        state.since = Instant::now();
        drop(state);
        if phase == Phase::Working { self.1.works() } else { self.1.waits() }
    }

    fn is_read(&self) {
        if self.phase() == Phase::Answered {
            self.enter(Phase::Arriving);
        }
    }

    fn is_written(&self) {
        if self.phase() == Phase::Answered {
            self.enter(Phase::Answered);
        }
    }

    fn is_flushed(&self) {
        if self.phase() != Phase::Working {
            self.lock().under_way = None;
        }
    }

    /// Returns when the connection has waited for too long.
    pub(super) async fn expiry(&self) {
        loop {
            let (phase, since) = {
                let state = self.lock();
                (state.phase, state.since)
            };
            let limit = match phase {
                Phase::Arriving => ARRIVAL,
                // Looked at again when that much time has passed.
                Phase::Working | Phase::Answered => IDLE,
            };
            let until = since + limit;
            if Instant::now() < until {
                // Another phase may begin meanwhile and end earlier.
                tokio::time::sleep_until(until.min(Instant::now() + LOOK)).await;
            } else if phase == Phase::Working {
                tokio::time::sleep(LOOK).await;
            } else {
                return;
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A stream that tells [`Progress`] what moves.
#[derive(Debug)]
pub(super) struct Watched<S> {
    stream: S,
    progress: Progress,
}

impl<S> Watched<S> {
    pub(super) fn new(stream: S, progress: Progress) -> Self {
        Watched { stream, progress }
    }

    pub(super) fn into_inner(self) -> S {
        self.stream
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.progress.is_read();
        }
        result
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, bytes);
        if matches!(result, Poll::Ready(Ok(1..))) {
            self.progress.is_written();
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(cx);
        if result.is_ready() {
            self.progress.is_flushed();
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
