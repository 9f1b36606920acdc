//! The loop of one worker thread.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};
use std::time::Instant;

use kea_wire::frame::{Checksum, Ipv4, Ipv4Error, Udp, UdpError};
use rustix::event::{Timespec, epoll};
use smallvec::SmallVec;

use crate::BATCH;
use crate::counters::{Counter, WorkerCounters};
use crate::datagram::{Arrival, Datagram, Delivery, Now};
use crate::outbox::Outbox;
use crate::plan::{SocketKey, SocketKind};
use crate::socket::OpenSocket;
use crate::sys::{ReceiveRing, Received};
use crate::waker::Waker;

/// What is done with datagrams. Each worker thread has its own; one client's messages reach one
/// worker, in order.
pub trait Handler: Send {
    /// Up to [`BATCH`] datagrams have come, all by one interface; more when they came joined
    /// (see [`crate::ServiceOptions::offload`]).
    fn on_batch(&mut self, now: Now, batch: &[Datagram<'_>], out: &mut Outbox);

    /// The worker's [`Waker`] was used, or the deadline has passed.
    fn on_wake(&mut self, now: Now, out: &mut Outbox);

    /// True when it wants to see what else has come before it serves: asked after a full batch.
    fn is_hungry(&self) -> bool {
        false
    }

    /// When to call [`Self::on_wake`] if nothing else happens. Asked after each call.
    fn next_deadline(&self) -> Option<Instant> {
        None
    }
}

/// Orders of the controller.
#[derive(Debug)]
pub(crate) enum Command {
    Open(Vec<Arc<OpenSocket>>),
    /// Done when the sender is dropped.
    Close(Vec<SocketKey>, Sender<()>),
    Stop,
}

pub(crate) struct Worker<H> {
    handler: H,
    waker: Waker,
    commands: Receiver<Command>,
    epoll: OwnedFd,
    outbox: Outbox,
    ring: ReceiveRing,
    counters: Arc<WorkerCounters>,
}

/// The waker's mark among the slots of sockets.
const WAKE: u64 = u64::MAX;

impl<H: Handler> Worker<H> {
    pub(crate) fn new(
        handler: H,
        waker: Waker,
        commands: Receiver<Command>,
        counters: Arc<WorkerCounters>,
    ) -> io::Result<Self> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &waker, epoll::EventData::new_u64(WAKE), epoll::EventFlags::IN)?;
        let outbox = Outbox::new(counters.clone());
        let ring = ReceiveRing::new();
        Ok(Worker { handler, waker, commands, epoll, outbox, ring, counters })
    }

    /// Until told to stop; gives the handler back.
    pub(crate) fn run(mut self) -> H {
        let mut events: Vec<epoll::Event> = Vec::with_capacity(EVENTS);
        loop {
            events.clear();
            let deadline = self.handler.next_deadline();
            let timeout = deadline.map(timespec);
            let buffer = rustix::buffer::spare_capacity(&mut events);
            // Only EINTR can happen: the descriptor and the buffer are ours.
            let _ = epoll::wait(&self.epoll, buffer, timeout.as_ref());
            let mut woken = false;
            for event in &events {
                let data = event.data;
                match data.u64() {
                    WAKE => woken = true,
                    slot => self.receive(slot as u32),
                }
            }
            if woken {
                // Before looking at the commands: those that come later wake again.
                self.waker.clear();
                if !self.obey() {
                    return self.handler;
                }
            }
            if woken || deadline.is_some_and(|at| at <= Instant::now()) {
                self.handler.on_wake(Now::read(), &mut self.outbox);
                self.outbox.flush();
            }
        }
    }

    fn obey(&mut self) -> bool {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Open(sockets) => sockets.iter().for_each(|s| self.open(s)),
                Command::Close(keys, done) => {
                    keys.iter().for_each(|key| self.close(key));
                    drop(done);
                }
                Command::Stop => return false,
            }
        }
        true
    }

    fn open(&mut self, socket: &Arc<OpenSocket>) {
        let slot = self.outbox.add(socket.clone());
        if socket.receives() {
            let data = epoll::EventData::new_u64(u64::from(slot));
            if epoll::add(&self.epoll, &**socket, data, epoll::EventFlags::IN).is_err() {
                // Out of kernel memory or watches: an idle socket beats a dead worker.
                self.counters.add(Counter::ReceiveFailed, 1);
            }
        }
    }

    fn close(&mut self, key: &SocketKey) {
        self.outbox.flush();
        if let Some(socket) = self.outbox.remove(key)
            && socket.receives()
        {
            let _ = epoll::delete(&self.epoll, &*socket);
        }
    }

    /// One batch of one socket, or a few when the handler wants more; what is left makes it ready
    /// again.
    fn receive(&mut self, slot: u32) {
        let Some(socket) = self.outbox.socket(slot).cloned() else { return };
        for _ in 0..BATCHES {
            if self.receive_batch(&socket) < BATCH || !self.handler.is_hungry() {
                break;
            }
        }
    }

    /// How many datagrams came.
    fn receive_batch(&mut self, socket: &OpenSocket) -> usize {
        match self.ring.receive(std::os::fd::AsFd::as_fd(socket)) {
            Ok(_) => {}
            Err(e)
                if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) =>
            {
                return 0;
            }
            Err(e) if e.kind() == io::ErrorKind::ConnectionRefused => {
                self.counters.add(Counter::Unheard, 1);
                return 0;
            }
            // The interface went down or away; the controller knows or will know.
            Err(_) => {
                self.counters.add(Counter::ReceiveFailed, 1);
                return 0;
            }
        }
        let local = socket.local();
        let mut batch: SmallVec<[Datagram<'_>; BATCH]> = SmallVec::new();
        for (received, octets) in self.ring.datagrams() {
            for octets in received.apart(octets) {
                match read(&socket.key, local, received, octets) {
                    Ok(datagram) => batch.push(datagram),
                    Err(refused) => self.counters.add(refused, 1),
                }
            }
        }
        if !batch.is_empty() {
            self.counters.add(Counter::Received, batch.len() as u64);
            self.handler.on_batch(Now::read(), &batch, &mut self.outbox);
            self.outbox.flush();
        }
        batch.len()
    }
}

const EVENTS: usize = 32;
/// Batches of one socket that a hungry handler gets before the other sockets have their turn.
const BATCHES: usize = 64;

fn timespec(at: Instant) -> Timespec {
    let left = at.saturating_duration_since(Instant::now());
    // More than 2^63 seconds ahead is as good as never.
    let tv_sec = i64::try_from(left.as_secs()).unwrap_or(i64::MAX);
    Timespec { tv_sec, tv_nsec: left.subsec_nanos().into() }
}

fn read<'a>(
    key: &'a SocketKey,
    local: IpAddr,
    received: &Received,
    octets: &'a [u8],
) -> Result<Datagram<'a>, Counter> {
    if received.truncated {
        return Err(Counter::Malformed);
    }
    let arrival = |local, local_port, delivery, peer, hw_addr| Arrival {
        interface: key.index,
        interface_name: &key.interface,
        local,
        local_port,
        delivery,
        peer,
        hw_addr,
        received: received.control.received,
    };
    if key.kind == SocketKind::Packet {
        let (ip, udp) = unwrap(octets, received.control.checksum_settled)?;
        let (local, delivery) = match ip.destination.is_broadcast() {
            true => (local, Delivery::Broadcast),
            false => (ip.destination.into(), Delivery::Unicast),
        };
        let peer = SocketAddr::from((ip.source, udp.source_port));
        let hw_addr = received.name.hw_addr();
        let arrival = arrival(local, udp.destination_port, delivery, peer, hw_addr);
        return Ok(Datagram { payload: udp.payload, arrival });
    }
    let peer = received.name.peer().ok_or(Counter::Malformed)?;
    let (local, delivery) = match key.kind {
        SocketKind::Multicast(_) => (local, Delivery::Multicast),
        SocketKind::Channel { .. } => (local, Delivery::Channel),
        _ => (received.control.destination.map_or(local, |(_, to)| to), Delivery::Unicast),
    };
    Ok(Datagram { payload: octets, arrival: arrival(local, key.port, delivery, peer, None) })
}

/// Takes the headers off a packet.
fn unwrap(packet: &[u8], checksum_settled: bool) -> Result<(Ipv4<'_>, Udp<'_>), Counter> {
    let ip = Ipv4::parse(packet, Checksum::Verify).map_err(|e| match e {
        Ipv4Error::Checksum => Counter::BadChecksum,
        _ => Counter::Malformed,
    })?;
    let checksum = if checksum_settled { Checksum::Offloaded } else { Checksum::Verify };
    let udp = Udp::parse(ip.payload, ip.source, ip.destination, checksum).map_err(|e| match e {
        UdpError::Checksum => Counter::BadChecksum,
        _ => Counter::Malformed,
    })?;
    Ok((ip, udp))
}
