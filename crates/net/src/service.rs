//! A listening service: workers, and the controller that keeps their sockets in line with the plan.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rustix::event::{Timespec, epoll};

use crate::counters::{Counters, WorkerCounters};
use crate::interface::{InterfaceEvent, Interfaces};
use crate::netlink::Watcher;
use crate::plan::{Difference, Listen, Plan, SocketKey, plan};
use crate::socket::{OpenError, OpenSocket, SocketOptions, open_group};
use crate::waker::Waker;
use crate::worker::{Command, Handler, Worker};

/// How a service is set up; what it listens on is a [`Listen`].
#[derive(Clone, Debug)]
pub struct ServiceOptions {
    /// Threads that receive and answer.
    pub workers: NonZeroUsize,
    /// Receive buffer of each socket, in octets. Holds what comes while a worker is busy.
    pub receive_buffer: usize,
    /// Threads are named `{name}-0`, …; at most 15 octets are shown.
    pub name: String,
    /// Small datagrams of one size that follow each other to one destination are given to the system,
    /// and taken from it, joined (`UDP_SEGMENT`, `UDP_GRO`). A device sends each alone; at the other
    /// end of a virtual link, a UDP socket receives each alone if it does not ask for more, but a packet
    /// socket sees them joined. For one worker: what is joined is dealt as one.
    pub offload: bool,
}

impl Default for ServiceOptions {
    fn default() -> Self {
        let (workers, name) = (NonZeroUsize::MIN, "worker".to_owned());
        ServiceOptions { workers, receive_buffer: 4 << 20, name, offload: false }
    }
}

/// The number of a worker, from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WorkerId(pub usize);

/// What a running service tells, from its own thread.
#[derive(Debug)]
pub enum ServiceEvent {
    /// The host's interfaces changed.
    Interface(InterfaceEvent),
    /// A socket is open.
    Opened(SocketKey),
    /// A socket was closed.
    Closed(SocketKey),
    /// A socket could not be opened. It is tried again every second, and at once when interfaces
    /// change; told once for each cause.
    Failed(OpenError),
    /// Interfaces can no longer be followed; sockets stay as they are.
    Blind(io::Error),
    /// A handler panicked: the clients that the kernel deals to this worker get no answers any
    /// more.
    WorkerLost(WorkerId),
}

/// A running service. Dropping it stops it.
#[derive(Debug)]
pub struct Service<H> {
    requests: Sender<Request>,
    controller_waker: Waker,
    controller: Option<JoinHandle<()>>,
    workers: Vec<JoinHandle<H>>,
    wakers: Vec<Waker>,
    shared: Arc<Shared>,
}

impl<H: Handler + 'static> Service<H> {
    /// Starts the workers, each with a handler made by `make`, and opens the sockets. Sockets that
    /// could not be opened are told as [`ServiceEvent::Failed`] before this returns, and are tried
    /// again.
    ///
    /// The service lives in the network namespace of the calling thread.
    ///
    /// # Errors
    /// Threads, descriptors or netlink are not to be had.
    pub fn start(
        options: &ServiceOptions,
        listen: Listen,
        mut make: impl FnMut(WorkerId, Waker) -> H,
        on_event: impl FnMut(ServiceEvent) + Send + 'static,
    ) -> io::Result<Self> {
        let watcher = Watcher::open()?;
        let mut shared = Shared::default();
        let mut workers = Vec::new();
        let mut lines = Vec::new();
        let mut ready = Vec::new();
        for id in 0..options.workers.get() {
            let (sender, receiver) = channel();
            let waker = Waker::new()?;
            let counters = Arc::new(WorkerCounters::default());
            let handler = make(WorkerId(id), waker.clone());
            ready.push(Worker::new(handler, waker.clone(), receiver, counters.clone())?);
            shared.workers.push(counters);
            lines.push(Line { commands: sender, waker });
        }
        let shared = Arc::new(shared);
        let (requests, inbox) = channel();
        let controller_waker = Waker::new()?;
        let controller = Controller {
            watcher,
            epoll: epoll::create(epoll::CreateFlags::CLOEXEC)?,
            inbox,
            waker: controller_waker.clone(),
            listen: None,
            sockets: SocketOptions {
                members: options.workers.get() as u32,
                receive_buffer: options.receive_buffer,
                offload: options.offload,
            },
            lines: lines.clone(),
            shared: shared.clone(),
            addressed: Plan::new(),
            failed: BTreeMap::new(),
            on_event: Box::new(on_event),
        };
        for (id, worker) in ready.into_iter().enumerate() {
            let thread = std::thread::Builder::new().name(format!("{}-{id}", options.name));
            let (requests, waker) = (requests.clone(), controller_waker.clone());
            let watch = PanicWatch { id: WorkerId(id), requests, waker };
            workers.push(thread.spawn(move || {
                let handler = worker.run();
                drop(watch);
                handler
            })?);
        }
        let thread = std::thread::Builder::new().name(format!("{}-net", options.name));
        let controller = Some(thread.spawn(move || controller.run())?);
        let wakers = lines.into_iter().map(|line| line.waker).collect();
        let service = Service { requests, controller_waker, controller, workers, wakers, shared };
        service.listen(listen);
        Ok(service)
    }

    /// Changes what is served. Sockets that stay are not touched: no datagram is lost on them.
    /// Gives back which sockets of the new plan are not open.
    pub fn listen(&self, listen: Listen) -> Vec<OpenError> {
        self.ask(|reply| Request::Listen(listen, reply)).unwrap_or_default()
    }

    /// Sockets that should be open and are not.
    pub fn failures(&self) -> Vec<OpenError> {
        self.ask(Request::Failures).unwrap_or_default()
    }

    /// Sockets that are open.
    pub fn open_sockets(&self) -> Vec<SocketKey> {
        self.shared.lock_sockets().keys().cloned().collect()
    }

    /// The host's interfaces as last seen.
    pub fn interfaces(&self) -> Arc<Interfaces> {
        self.shared.interfaces.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The wakers of the workers, by [`WorkerId`].
    pub fn wakers(&self) -> &[Waker] {
        &self.wakers
    }

    /// What happened so far, in numbers.
    pub fn counters(&self) -> Counters {
        let mut sum = Counters::default();
        self.shared.workers.iter().for_each(|worker| sum.add(worker));
        let sockets = self.shared.lock_sockets();
        let open: u64 = sockets.values().flatten().map(|s| s.receive_drops()).sum();
        let closed = *self.shared.overrun.lock().unwrap_or_else(PoisonError::into_inner);
        sum.receive_overrun = open + closed;
        sum
    }

    /// Closes the sockets, ends the threads and gives the handlers back, without those of workers
    /// that panicked.
    pub fn stop(mut self) -> Vec<H> {
        self.end()
    }

    fn ask<R>(&self, request: impl FnOnce(Sender<R>) -> Request) -> Option<R> {
        let (reply, answer) = channel();
        self.requests.send(request(reply)).ok()?;
        self.controller_waker.wake();
        answer.recv().ok()
    }
}

impl<H> Service<H> {
    fn end(&mut self) -> Vec<H> {
        // Fails when the thread is gone already.
        let _ = self.requests.send(Request::Stop);
        self.controller_waker.wake();
        if let Some(controller) = self.controller.take() {
            let _ = controller.join();
        }
        self.workers.drain(..).filter_map(|worker| worker.join().ok()).collect()
    }
}

impl<H> Drop for Service<H> {
    fn drop(&mut self) {
        self.end();
    }
}

/// Tells the controller when its worker panics.
struct PanicWatch {
    id: WorkerId,
    requests: Sender<Request>,
    waker: Waker,
}

impl Drop for PanicWatch {
    fn drop(&mut self) {
        if std::thread::panicking() {
            // Fails when the service ends, and then nobody wants to know.
            let _ = self.requests.send(Request::Lost(self.id));
            self.waker.wake();
        }
    }
}

/// What others than the controller look at.
#[derive(Debug, Default)]
struct Shared {
    workers: Vec<Arc<WorkerCounters>>,
    interfaces: Mutex<Arc<Interfaces>>,
    sockets: Mutex<BTreeMap<SocketKey, Vec<Arc<OpenSocket>>>>,
    /// Receive overruns of sockets that are closed.
    overrun: Mutex<u64>,
}

impl Shared {
    fn lock_sockets(&self) -> std::sync::MutexGuard<'_, BTreeMap<SocketKey, Vec<Arc<OpenSocket>>>> {
        self.sockets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Request {
    Listen(Listen, Sender<Vec<OpenError>>),
    Failures(Sender<Vec<OpenError>>),
    Lost(WorkerId),
    Stop,
}

/// The way to a worker.
#[derive(Clone, Debug)]
struct Line {
    commands: Sender<Command>,
    waker: Waker,
}

impl Line {
    fn order(&self, command: Command) {
        // A worker that is gone has no sockets to care for.
        let _ = self.commands.send(command);
        self.waker.wake();
    }
}

struct Controller {
    watcher: Watcher,
    epoll: OwnedFd,
    inbox: Receiver<Request>,
    waker: Waker,
    listen: Option<Listen>,
    sockets: SocketOptions,
    lines: Vec<Line>,
    shared: Arc<Shared>,
    /// The open sockets with the addresses they were last given.
    addressed: Plan,
    failed: BTreeMap<SocketKey, OpenError>,
    on_event: Box<dyn FnMut(ServiceEvent) + Send>,
}

const WATCHER: u64 = 0;
const WAKER: u64 = 1;
const RETRY: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// How long a worker may take to let closed sockets go before new ones are opened all the same.
const CLOSE_WAIT: Duration = Duration::from_secs(1);

impl Controller {
    fn run(mut self) {
        let read = epoll::EventFlags::IN;
        let token = epoll::EventData::new_u64;
        let watched = epoll::add(&self.epoll, &self.watcher, token(WATCHER), read)
            .and_then(|()| epoll::add(&self.epoll, &self.waker, token(WAKER), read));
        if let Err(e) = watched {
            (self.on_event)(ServiceEvent::Blind(e.into()));
        }
        self.publish_interfaces();
        let mut events: Vec<epoll::Event> = Vec::with_capacity(2);
        loop {
            events.clear();
            let timeout = (!self.failed.is_empty()).then_some(&RETRY);
            let buffer = rustix::buffer::spare_capacity(&mut events);
            // Only EINTR can happen: the descriptor and the buffer are ours.
            let _ = epoll::wait(&self.epoll, buffer, timeout);
            let told = |token: u64| events.iter().any(|e| { e.data }.u64() == token);
            if told(WATCHER) {
                self.watch();
            }
            if told(WAKER) {
                self.waker.clear();
                if !self.answer() {
                    return self.stop();
                }
            }
            self.align();
        }
    }

    fn watch(&mut self) {
        match self.watcher.poll() {
            Ok(events) => {
                self.publish_interfaces();
                for event in events {
                    (self.on_event)(ServiceEvent::Interface(event));
                }
            }
            Err(e) => {
                let _ = epoll::delete(&self.epoll, &self.watcher);
                (self.on_event)(ServiceEvent::Blind(e));
            }
        }
    }

    fn publish_interfaces(&self) {
        let now = Arc::new(self.watcher.interfaces().clone());
        *self.shared.interfaces.lock().unwrap_or_else(PoisonError::into_inner) = now;
    }

    fn answer(&mut self) -> bool {
        while let Ok(request) = self.inbox.try_recv() {
            match request {
                Request::Listen(listen, reply) => {
                    self.listen = Some(listen);
                    self.align();
                    let _ = reply.send(self.failed.values().cloned().collect());
                }
                Request::Failures(reply) => {
                    let _ = reply.send(self.failed.values().cloned().collect());
                }
                Request::Lost(worker) => (self.on_event)(ServiceEvent::WorkerLost(worker)),
                Request::Stop => return false,
            }
        }
        true
    }

    /// Brings the sockets in line with selection and interfaces.
    fn align(&mut self) {
        let planned = match &self.listen {
            Some(listen) => plan(listen, self.watcher.interfaces()),
            None => Plan::new(),
        };
        let difference = Difference::between(&self.addressed, &planned);
        self.failed.retain(|key, _| planned.contains_key(key));
        if difference.is_empty() {
            return;
        }
        self.close(difference.close);
        for key in difference.readdress {
            if let Some(addresses) = planned.get(&key) {
                self.readdress(key, addresses);
            }
        }
        let mut opened = Vec::new();
        let needs = |key: &SocketKey| {
            planned.get(key).map(|addresses| key.kind.needs(addresses)).unwrap_or_default()
        };
        let mut open = difference.open;
        // What others need comes first.
        open.sort_by_key(|key| !needs(key).is_empty());
        for key in open {
            let is_missing = |kind| self.failed.contains_key(&SocketKey { kind, ..key.clone() });
            if needs(&key).into_iter().any(is_missing) {
                continue;
            }
            if let Some(addresses) = planned.get(&key)
                && let Some(group) = self.open(&key, addresses)
            {
                opened.push(group);
            }
        }
        if !opened.is_empty() {
            self.hand_out(&opened);
        }
    }

    fn open(&mut self, key: &SocketKey, addresses: &[IpAddr]) -> Option<Vec<Arc<OpenSocket>>> {
        match open_group(key, addresses, &self.sockets) {
            Ok(group) => {
                self.failed.remove(key);
                self.addressed.insert(key.clone(), addresses.to_vec());
                self.shared.lock_sockets().insert(key.clone(), group.clone());
                (self.on_event)(ServiceEvent::Opened(key.clone()));
                Some(group)
            }
            Err(error) => {
                let known = self.failed.insert(key.clone(), error.clone());
                if known.as_ref() != Some(&error) {
                    (self.on_event)(ServiceEvent::Failed(error));
                }
                None
            }
        }
    }

    fn hand_out(&self, groups: &[Vec<Arc<OpenSocket>>]) {
        for (id, line) in self.lines.iter().enumerate() {
            // A group of one that does not receive serves all workers.
            let mine = |group: &Vec<Arc<OpenSocket>>| group.get(id).or(group.first()).cloned();
            line.order(Command::Open(groups.iter().filter_map(mine).collect()));
        }
    }

    fn readdress(&mut self, key: SocketKey, addresses: &[IpAddr]) {
        let group = self.shared.lock_sockets().get(&key).cloned().unwrap_or_default();
        for socket in group {
            if let Err(error) = socket.readdress(addresses) {
                (self.on_event)(ServiceEvent::Failed(error));
            }
        }
        self.addressed.insert(key, addresses.to_vec());
    }

    fn close(&mut self, keys: Vec<SocketKey>) {
        if keys.is_empty() {
            return;
        }
        let (done, all_done) = channel();
        for line in &self.lines {
            line.order(Command::Close(keys.clone(), done.clone()));
        }
        drop(done);
        // Ends when all workers have dropped their ends. The ports must be free before they are
        // bound anew; should a worker take longer, opening fails and is tried again.
        let _ = all_done.recv_timeout(CLOSE_WAIT);
        for key in keys {
            self.addressed.remove(&key);
            let group = self.shared.lock_sockets().remove(&key).unwrap_or_default();
            let lost: u64 = group.iter().map(|s| s.receive_drops()).sum();
            *self.shared.overrun.lock().unwrap_or_else(PoisonError::into_inner) += lost;
            (self.on_event)(ServiceEvent::Closed(key));
        }
    }

    fn stop(mut self) {
        self.close(self.addressed.keys().cloned().collect());
        for line in &self.lines {
            line.order(Command::Stop);
        }
    }
}
