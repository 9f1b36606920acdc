//! The UNIX control socket (manual section 15.1).

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kea_log::log;
use rustix::fs::{FlockOperation, flock};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout, timeout_at};

use crate::answer::Answer;
use crate::calls::{Origin, Reply};
use crate::command::Command;
use crate::frame::{Frame, Framing};
use crate::listeners::{Shared, UnderWay};
use crate::seats::Seat;

/// An open socket; closed, and its file removed, on drop. Connections live on.
#[derive(Debug)]
pub(crate) struct UnixAcceptor {
    path: PathBuf,
    task: JoinHandle<()>,
    /// The lock goes with it.
    _lock: File,
}

/// No progress for so long ends a connection; not configurable, as in the manual.
const IDLE: Duration = Duration::from_secs(10);
/// A command that trickles in for longer than this is not worth waiting for.
const ARRIVAL: Duration = Duration::from_secs(300);
/// Read and written at once.
const CHUNK: usize = 32 * 1024;
/// Room is taken for so much at once.
const ROOM_STEP: usize = 1024 * 1024;
/// After the answer, the rest that a client sent is taken in for so long, lest it see a reset connection.
const LINGER: Duration = Duration::from_secs(1);

impl UnixAcceptor {
    /// Opens the socket and accepts from now on. A stale socket file is replaced; one that another process
    /// serves is refused.
    pub(crate) fn open(path: &Path, shared: &Arc<Shared>) -> io::Result<UnixAcceptor> {
        let lock = lock(path)?;
        match fs::symlink_metadata(path) {
            Ok(metadata) if !std::os::unix::fs::FileTypeExt::is_socket(&metadata.file_type()) => {
                return Err(io::Error::new(
                    io::ErrorKind::AlreadyExists,
                    "a file that is not a socket is in its place",
                ));
            }
            Ok(_) => fs::remove_file(path)?,
            Err(_) => {}
        }
        let listener = UnixListener::bind(path)?;
        // Whoever may write may command: owner and group.
        fs::set_permissions(path, Permissions::from_mode(0o660))?;
        log!(shared.log, COMMAND_ACCEPTOR_START, path.display());
        let task = tokio::spawn(accept(listener, path.to_owned(), Arc::clone(shared)));
        Ok(UnixAcceptor { path: path.to_owned(), task, _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for UnixAcceptor {
    fn drop(&mut self) {
        self.task.abort();
        // The lock file stays: removing it would let two processes lock two files of one name.
        let _ = fs::remove_file(&self.path);
    }
}

fn lock(path: &Path) -> io::Result<File> {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    let file = File::options().create(true).truncate(false).write(true).open(&name)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive).map_err(|error| match error {
        rustix::io::Errno::WOULDBLOCK => {
            io::Error::new(io::ErrorKind::AddrInUse, "another process serves this socket")
        }
        other => other.into(),
    })?;
    Ok(file)
}

async fn accept(listener: UnixListener, path: PathBuf, shared: Arc<Shared>) {
    loop {
        shared.unix_seats.room().await;
        match listener.accept().await {
            Ok((stream, _)) => {
                let Ok(seat) = shared.unix_seats.seat(None).await else { continue };
                let shared = Arc::clone(&shared);
                tokio::spawn(async move { serve(stream, &seat, &shared).await });
            }
            Err(error) => {
                log!(shared.log, COMMAND_SOCKET_ACCEPT_FAIL, path.display(), error);
                // Out of descriptors, most likely: trying again at once would only spin.
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
}

async fn serve(mut stream: UnixStream, seat: &Seat, shared: &Arc<Shared>) {
    let id = shared.next_connection();
    log!(shared.log, COMMAND_SOCKET_CONNECTION_OPENED, id);
    tokio::select! {
        () = converse(&mut stream, id, seat, shared) => {}
        () = seat.lost() => {
            log!(shared.log, COMMAND_SOCKET_CONNECTION_TIMEOUT, id);
            // What there is room for now; nobody waits for this client any more.
            let _ = stream.try_write(gave_way().to_string().as_bytes());
        }
    }
    log!(shared.log, COMMAND_SOCKET_CONNECTION_CLOSED, id);
}

async fn converse(stream: &mut UnixStream, id: u64, seat: &Seat, shared: &Arc<Shared>) {
    if let Some((answer, _under_way)) = exchange(stream, id, seat, shared).await {
        write(stream, answer.into_text().as_bytes(), (id, seat), shared).await;
        linger(stream).await;
    }
}

/// Reads a command and has it answered; `None` when there is nobody to answer to.
async fn exchange(
    stream: &mut UnixStream,
    id: u64,
    seat: &Seat,
    shared: &Arc<Shared>,
) -> Option<(Reply, UnderWay)> {
    let text = match read(stream, id, shared).await {
        Ok(text) => text,
        Err(answer) => return answer.map(|answer| (Reply::One(answer), shared.begin())),
    };
    let under_way = shared.begin();
    seat.works();
    let reply = match Command::parse(&text) {
        Ok(command) => shared.ask(command, Origin::Unix).await,
        Err(problem) => {
            log!(shared.log, COMMAND_PROCESS_ERROR1, problem);
            Reply::One(Answer::error(problem.to_string()))
        }
    };
    Some((reply, under_way))
}

/// The text of a command, or what to say instead.
async fn read(stream: &mut UnixStream, id: u64, shared: &Shared) -> Result<String, Option<Answer>> {
    let mut frame = Frame::new(shared.limits.command_bytes);
    let mut chunk = vec![0; CHUNK];
    let arrival = Instant::now() + ARRIVAL;
    // Grows with the command; given back when the text has been read.
    let (mut room, mut held) = (Vec::new(), 0);
    loop {
        let until = arrival.min(Instant::now() + IDLE);
        let read = match timeout_at(until, stream.read(&mut chunk)).await {
            Err(_) => {
                log!(shared.log, COMMAND_SOCKET_CONNECTION_TIMEOUT, id);
                return Err(Some(timed_out(frame.len())));
            }
            Ok(Ok(0)) => {
                log!(shared.log, COMMAND_SOCKET_CLOSED_BY_FOREIGN_HOST, id, "end of file");
                return Err(None);
            }
            Ok(Err(error)) => {
                log!(shared.log, COMMAND_SOCKET_READ_FAIL, error, id);
                return Err(None);
            }
            Ok(Ok(read)) => read,
        };
        log!(shared.log, COMMAND_SOCKET_READ, read, id);
        while held < frame.len() + read {
            let Some(more) = shared.room(ROOM_STEP) else {
                log!(shared.log, COMMAND_PROCESS_ERROR1, "too much is arriving at once");
                return Err(Some(Answer::error("too much is arriving at once; try again")));
            };
            room.push(more);
            held += ROOM_STEP;
        }
        match frame.push(&chunk[..read]) {
            Ok(Framing::Partial) => {}
            Ok(Framing::Complete) => return Ok(frame.into_json_text()),
            Err(problem) => {
                log!(shared.log, COMMAND_PROCESS_ERROR1, problem);
                return Err(Some(Answer::error(problem.to_string())));
            }
        }
    }
}

fn timed_out(partial: usize) -> Answer {
    let discarded = match partial {
        0 => String::new(),
        n => format!(", discarded partial command of {n} bytes"),
    };
    Answer::error(format!("Connection over control channel timed out{discarded}"))
}

fn gave_way() -> Answer {
    Answer::error("Connection over control channel gave way to another: too many are open")
}

async fn write(stream: &mut UnixStream, bytes: &[u8], (id, seat): (u64, &Seat), shared: &Shared) {
    let mut left = bytes.len();
    for chunk in bytes.chunks(CHUNK) {
        seat.waits();
        match timeout(IDLE, stream.write_all(chunk)).await {
            Ok(Ok(())) => {
                left -= chunk.len();
                log!(shared.log, COMMAND_SOCKET_WRITE, chunk.len(), left, id);
            }
            Ok(Err(error)) => {
                log!(shared.log, COMMAND_SOCKET_WRITE_FAIL, id, error);
                return;
            }
            Err(_) => {
                log!(shared.log, COMMAND_SOCKET_CONNECTION_TIMEOUT, id);
                return;
            }
        }
    }
}

async fn linger(stream: &mut UnixStream) {
    if stream.shutdown().await.is_err() {
        return;
    }
    let mut rest = [0; 4096];
    let drain = async { while matches!(stream.read(&mut rest).await, Ok(1..)) {} };
    // Whether the client has read everything is its own affair.
    let _ = timeout(LINGER, drain).await;
}
