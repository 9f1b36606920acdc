//! Where to send from and to, and the threads that do it.

use std::fmt;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, ToSocketAddrs, UdpSocket};
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use kea_net::{
    ALL_DHCP_RELAY_AGENTS_AND_SERVERS, ALL_DHCP_SERVERS, Datagram, Destination, Handler, Interface,
    Listen, Mode as SocketMode, Now, OpenError, Outbox, Selection, Service, ServiceOptions,
    Watcher, WorkerId,
};
use kea_wire::{V4, V6};

use crate::args::{Options, Protocol, Scenario as ScenarioKind, Server};
use crate::client::Clients;
use crate::exchange::Holdings;
use crate::message::messages;
use crate::scenario::{
    Avalanche, Basic, ClientSide, ExitReason, Live, Numbers, Pace, Results, Scenario, Share,
};
use crate::template::Template;

/// Why a run could not be started.
#[derive(Debug)]
pub enum TransportError {
    /// There is no such interface, and no interface with such an address.
    NoInterface {
        /// What `-l` says.
        local: String,
    },
    /// The interface has no address of the protocol.
    NoAddress {
        /// Its name.
        interface: String,
    },
    /// A group or broadcast needs an interface.
    NoLocal,
    /// The host has no way to the server.
    NoRoute {
        /// The server.
        server: IpAddr,
        /// What the system says.
        error: io::Error,
    },
    /// The local port is not to be had.
    Open(OpenError),
    /// Threads, descriptors or netlink are not to be had.
    System(io::Error),
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            TransportError::NoInterface { local } => {
                write!(f, "{local} is neither an interface nor the address of one")
            }
            TransportError::NoAddress { interface } => {
                write!(f, "interface {interface} has no address of the protocol, or is down")
            }
            TransportError::NoLocal => {
                f.write_str("broadcast and multicast need an interface: -l<interface>")
            }
            TransportError::NoRoute { server, error } => write!(f, "no route to {server}: {error}"),
            TransportError::Open(error) => error.fmt(f),
            TransportError::System(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for TransportError {}

/// The way to the server.
#[derive(Clone, Debug, PartialEq)]
pub struct Path {
    /// The socket.
    pub listen: Listen,
    /// The server.
    pub to: Destination,
    /// The address of this end.
    pub local: IpAddr,
    /// The interface's name.
    pub interface: String,
}

impl Path {
    /// Finds it, with `-l`, `-L`, `-N` and the argument.
    ///
    /// # Errors
    /// There is no such interface, address or route.
    pub fn find(options: &Options) -> Result<Self, TransportError> {
        let watcher = Watcher::open().map_err(TransportError::System)?;
        let is_relay = options.relayed || options.relay_list.is_some();
        let (server_port, default_port) = match (options.protocol, is_relay) {
            // In DHCPv4 this end is always a relay: answers go to the server port.
            (Protocol::V4, _) => (67, 67),
            (Protocol::V6, true) => (547, 547),
            (Protocol::V6, false) => (547, 546),
        };
        let or = |port, default| if port == 0 { default } else { port };
        let remote_port = or(options.remote_port, server_port);
        let port = or(options.local_port, default_port);
        let server = server_address(options);
        let (interface, local) = match &options.local {
            Some(name) => match watcher.interfaces().by_name(name) {
                Some(interface) => (interface, address_of(interface, options.protocol)?),
                None => {
                    let address = address_named(name, options.protocol)?;
                    (with_address(&watcher, address)?, address)
                }
            },
            None if is_group(server) => return Err(TransportError::NoLocal),
            None => {
                let local = route_source(server)?;
                (with_address(&watcher, local)?, local)
            }
        };
        let entry = [format!("{}/{local}", interface.name)];
        let selection = match options.protocol {
            Protocol::V4 => Selection::parse::<V4>(entry),
            Protocol::V6 => Selection::parse::<V6>(entry),
        };
        let no_address = || TransportError::NoAddress { interface: interface.name.to_string() };
        let selection = selection.map_err(|_| no_address())?;
        let by_interface = is_group(server) || is_link_local(server);
        Ok(Path {
            listen: Listen { selection, port, mode: SocketMode::Client, channel: None },
            to: Destination {
                peer: SocketAddr::new(server, remote_port),
                interface: by_interface.then_some(interface.index),
                source: by_interface.then_some(local),
                hw_addr: None,
            },
            local,
            interface: interface.name.to_string(),
        })
    }
}

/// The address that stands for the argument.
pub(crate) fn server_address(options: &Options) -> IpAddr {
    match (options.server, options.protocol) {
        (Some(Server::Address(address)), _) => address,
        (Some(Server::Servers), Protocol::V6) => ALL_DHCP_SERVERS.into(),
        (_, Protocol::V4) => Ipv4Addr::BROADCAST.into(),
        (_, Protocol::V6) => ALL_DHCP_RELAY_AGENTS_AND_SERVERS.into(),
    }
}

fn is_group(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(four) => four.is_broadcast() || four.is_multicast(),
        IpAddr::V6(six) => six.is_multicast(),
    }
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(six) if six.is_unicast_link_local())
}

fn with_address(watcher: &Watcher, address: IpAddr) -> Result<&Interface, TransportError> {
    let unknown = || TransportError::NoInterface { local: address.to_string() };
    let mut all = watcher.interfaces().iter();
    all.find(|i| i.usable_addresses().any(|a| a == address)).ok_or_else(unknown)
}

/// An address, or the first one that a host's name has.
fn address_named(name: &str, protocol: Protocol) -> Result<IpAddr, TransportError> {
    let unknown = || TransportError::NoInterface { local: name.to_owned() };
    if let Ok(address) = name.parse() {
        return Ok(address);
    }
    let mut addresses = (name, 0).to_socket_addrs().map_err(|_| unknown())?.map(|at| at.ip());
    addresses.find(|a| a.is_ipv4() == (protocol == Protocol::V4)).ok_or_else(unknown)
}

/// The first address that reaches beyond the link, else the first one.
fn address_of(interface: &Interface, protocol: Protocol) -> Result<IpAddr, TransportError> {
    let four = protocol == Protocol::V4;
    let mut fitting: Vec<_> =
        interface.usable_addresses().filter(|a| a.is_ipv4() == four && interface.up).collect();
    fitting.sort_by_key(|address| is_link_local(*address));
    let none = || TransportError::NoAddress { interface: interface.name.to_string() };
    fitting.first().copied().ok_or_else(none)
}

/// The address that the routing table chooses to reach a server. Nothing is sent.
fn route_source(server: IpAddr) -> Result<IpAddr, TransportError> {
    let any: IpAddr = match server {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let find = || {
        let socket = UdpSocket::bind((any, 0))?;
        socket.connect((server, 67))?;
        socket.local_addr()
    };
    find().map(|at| at.ip()).map_err(|error| TransportError::NoRoute { server, error })
}

/// Exchanges in flight when neither a rate nor a number is given, if there are as many clients.
const DEFAULT_IN_FLIGHT: u32 = 512;
const RECEIVE_BUFFER: usize = 8 << 20;

/// A run that goes on.
pub(crate) struct Running {
    service: Service<Worker>,
    live: Vec<Arc<Live>>,
    control: Arc<Control>,
    ended: Receiver<()>,
    left: usize,
}

/// What all workers look at.
#[derive(Default)]
struct Control {
    go: AtomicBool,
    /// 0, or the reason to abort.
    abort: AtomicU8,
}

impl Running {
    /// Opens the sockets and starts sending.
    ///
    /// # Errors
    /// A port is taken, or the system refuses.
    pub(crate) fn start(
        options: &Arc<Options>,
        path: &Path,
        clients: &Clients,
        templates: &[Template],
    ) -> Result<Self, TransportError> {
        let workers = options.threads.unwrap_or(1);
        let control = Arc::new(Control::default());
        let holdings = options.unique.then(|| Arc::new(Mutex::new(Holdings::default())));
        let live: Vec<Arc<Live>> = (0..workers).map(|_| Arc::default()).collect();
        let (end, ended) = channel();
        let make = |WorkerId(worker), _| {
            let share = Share { worker: worker as u32, workers };
            let messages = messages(options, clients, templates, path.local);
            let side = ClientSide::new(
                options.clone(),
                share,
                clients.clone(),
                messages,
                path.to,
                holdings.clone(),
            );
            let (live, control, end) = (live[worker].clone(), control.clone(), end.clone());
            Worker { scenario: scenario(side), live, control, end }
        };
        let service_options = ServiceOptions {
            workers: NonZeroUsize::new(workers as usize).unwrap_or(NonZeroUsize::MIN),
            receive_buffer: RECEIVE_BUFFER,
            name: "perfdhcp".to_owned(),
            offload: options.offload,
        };
        let service = Service::start(&service_options, path.listen.clone(), make, |_| {})
            .map_err(TransportError::System)?;
        if let Some(error) = service.failures().into_iter().next() {
            return Err(TransportError::Open(error));
        }
        if service.open_sockets().is_empty() {
            return Err(TransportError::NoAddress { interface: path.interface.clone() });
        }
        control.go.store(true, Ordering::Release);
        service.wakers().iter().for_each(kea_net::Waker::wake);
        Ok(Running { service, live, control, ended, left: workers as usize })
    }

    /// Waits until all workers have ended (true), at most that long (false).
    pub(crate) fn wait(&mut self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        while self.left > 0 {
            match self.ended.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(()) => self.left -= 1,
                Err(RecvTimeoutError::Timeout) => return false,
                Err(RecvTimeoutError::Disconnected) => return true,
            }
        }
        true
    }

    /// The numbers so far.
    pub(crate) fn numbers(&self) -> Numbers {
        Live::sum(&self.live)
    }

    /// Ends the run at once.
    pub(crate) fn abort(&self, reason: ExitReason) {
        self.control.abort.store(reason as u8 + 1, Ordering::Release);
        self.service.wakers().iter().for_each(kea_net::Waker::wake);
    }

    /// Closes the sockets and sums up.
    pub(crate) fn finish(self) -> (Results, ExitReason) {
        let mut results = Results::default();
        let mut reason = ExitReason::Interrupted;
        for worker in self.service.stop() {
            reason = worker.scenario.ended().unwrap_or(reason);
            results.merge(worker.scenario.into_results());
        }
        (results, reason)
    }
}

fn scenario(side: ClientSide) -> Box<dyn Scenario> {
    if side.options.scenario == ScenarioKind::Avalanche {
        return Box::new(Avalanche::new(side));
    }
    let options = &side.options;
    let pace = match (options.rate, options.in_flight) {
        (Some(rate), _) => Pace::Rate(f64::from(rate) / f64::from(side.share.workers)),
        (None, wanted) => {
            let wanted = wanted.unwrap_or_else(|| DEFAULT_IN_FLIGHT.min(options.clients));
            Pace::InFlight(side.share.of(u64::from(wanted)).max(1))
        }
    };
    Box::new(Basic::new(side, pace))
}

struct Worker {
    scenario: Box<dyn Scenario>,
    live: Arc<Live>,
    control: Arc<Control>,
    end: Sender<()>,
}

impl Worker {
    fn after(&mut self) {
        self.live.publish(&self.scenario.side().tallies);
        if self.scenario.ended().is_some() && !self.live.ended.swap(true, Ordering::AcqRel) {
            // Fails when nobody waits any more.
            let _ = self.end.send(());
        }
    }
}

impl Handler for Worker {
    fn on_batch(&mut self, now: Now, batch: &[Datagram<'_>], out: &mut Outbox) {
        let mut payloads = batch.iter().map(|datagram| datagram.payload);
        self.scenario.receive(now.instant, &mut payloads, out);
        self.after();
    }

    fn on_wake(&mut self, now: Now, out: &mut Outbox) {
        if !self.control.go.load(Ordering::Acquire) {
            return;
        }
        match self.control.abort.load(Ordering::Acquire) {
            0 => {}
            code => {
                let is_it = |reason: &ExitReason| *reason as u8 + 1 == code;
                let reason = [ExitReason::Drops, ExitReason::DropPercent].into_iter().find(is_it);
                self.scenario.abort(now.instant, reason.unwrap_or(ExitReason::Interrupted));
            }
        }
        self.scenario.tick(now.instant, out);
        self.after();
    }

    fn next_deadline(&self) -> Option<Instant> {
        let going = self.control.go.load(Ordering::Acquire);
        going.then(|| self.scenario.next_deadline()).flatten()
    }
}
