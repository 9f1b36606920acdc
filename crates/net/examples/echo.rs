//! Answers every DHCPv4 datagram with its own octets: the ceiling of what a server on this crate can
//! reach. `echo INTERFACE [WORKERS] [raw|udp]`, until its standard input ends.
#![allow(clippy::print_stdout)]

use std::io::Read;
use std::num::NonZeroUsize;

use kea_net::{Datagram, Handler, Listen, Mode, Now, Outbox, Selection, Service, ServiceOptions};
use kea_wire::V4;

struct Echo;

impl Handler for Echo {
    fn on_batch(&mut self, _now: Now, batch: &[Datagram<'_>], out: &mut Outbox) {
        for datagram in batch {
            out.send(&datagram.arrival.answer(), datagram.payload);
        }
    }

    fn on_wake(&mut self, _now: Now, _out: &mut Outbox) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let interface = arguments.next().ok_or("which interface?")?;
    let workers: NonZeroUsize = arguments.next().map_or(Ok(NonZeroUsize::MIN), |n| n.parse())?;
    let mode = match arguments.next().as_deref() {
        Some("udp") => Mode::Udp4,
        _ => Mode::Raw4,
    };
    let listen =
        Listen { selection: Selection::parse::<V4>([interface])?, port: 67, mode, channel: None };
    let options = ServiceOptions { workers, ..ServiceOptions::default() };
    let report = |event| println!("{event:?}");
    let service = Service::start(&options, listen, |_, _| Echo, report)?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    println!("{:?}", service.counters());
    Ok(())
}
