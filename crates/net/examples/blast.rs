//! Sends DHCPv4-like broadcasts as fast as they go and counts the answers, on the same service as
//! the servers use. `blast INTERFACE [SECONDS] [IN-FLIGHT]`; the interface needs an address.
#![allow(clippy::print_stdout)]

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use kea_net::{
    BATCH, Datagram, Destination, Handler, Listen, Mode, Now, Outbox, Selection, Service,
    ServiceOptions,
};
use kea_wire::V4;

/// Keeps a number of messages in flight: each answer makes room for the next message.
struct Blast {
    to: Destination,
    in_flight: u64,
    sent: u64,
    answered: Arc<AtomicU64>,
    last_seen: Instant,
}

impl Blast {
    fn send(&mut self, count: usize, out: &mut Outbox) {
        let mut message = [0; 300];
        for _ in 0..count {
            self.sent += 1;
            message[30..34].copy_from_slice(&(self.sent as u32 % 100_000).to_be_bytes());
            out.send(&self.to, &message);
        }
    }
}

impl Handler for Blast {
    fn on_batch(&mut self, now: Now, batch: &[Datagram<'_>], out: &mut Outbox) {
        self.last_seen = now.instant;
        self.answered.fetch_add(batch.len() as u64, Ordering::Relaxed);
        self.send(batch.len(), out);
    }

    fn on_wake(&mut self, now: Now, out: &mut Outbox) {
        // At the start, and when all that was in flight is lost.
        if self.sent == 0 || now.instant - self.last_seen > Duration::from_millis(50) {
            self.last_seen = now.instant;
            for _ in 0..self.in_flight as usize / BATCH {
                self.send(BATCH, out);
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        Some(self.last_seen + Duration::from_millis(60))
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let interface = arguments.next().ok_or("which interface?")?;
    let seconds: u64 = arguments.next().map_or(Ok(3), |n| n.parse())?;
    let in_flight: u64 = arguments.next().map_or(Ok(512), |n| n.parse())?;
    let index = kea_net::Watcher::open()?
        .interfaces()
        .by_name(&interface)
        .map(|i| i.index)
        .ok_or("no such interface")?;
    let to = Destination {
        peer: "255.255.255.255:67".parse()?,
        interface: Some(index),
        source: None,
        hw_addr: Some("ff:ff:ff:ff:ff:ff".parse()?),
    };
    let answered = Arc::new(AtomicU64::new(0));
    let make = |_, _| {
        let (answered, last_seen) = (answered.clone(), Instant::now());
        Blast { to, in_flight, sent: 0, answered, last_seen }
    };
    // The echo goes to the port it came from.
    let listen = Listen {
        selection: Selection::parse::<V4>([&interface])?,
        port: 68,
        mode: Mode::Raw4,
        channel: None,
    };
    let options = ServiceOptions { workers: NonZeroUsize::MIN, ..ServiceOptions::default() };
    let service = Service::start(&options, listen, make, |_| {})?;
    std::thread::sleep(Duration::from_millis(500));
    let (before, start) = (answered.load(Ordering::Relaxed), Instant::now());
    std::thread::sleep(Duration::from_secs(seconds));
    let count = answered.load(Ordering::Relaxed) - before;
    let rate = count as f64 / start.elapsed().as_secs_f64();
    println!("{rate:.0} answers/s, {:?}", service.counters());
    Ok(())
}
