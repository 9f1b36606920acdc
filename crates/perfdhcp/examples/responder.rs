//! A server without a memory: answers each DISCOVER and REQUEST with an address made of `chaddr`.
//! Shows how much the generator can do. `responder INTERFACE [WORKERS] [raw|udp]`, until its standard input
//! ends.
#![allow(clippy::print_stdout)]

use std::io::Read;
use std::num::NonZeroUsize;

use kea_net::{Datagram, Handler, Listen, Mode, Now, Outbox, Selection, Service, ServiceOptions};
use kea_wire::V4;

#[derive(Default)]
struct Responder {
    answer: Vec<u8>,
}

impl Handler for Responder {
    fn on_batch(&mut self, _now: Now, batch: &[Datagram<'_>], out: &mut Outbox) {
        for Datagram { payload, arrival } in batch {
            // The message type is the first option of this generator's messages.
            let (Some(fixed), Some(kind)) = (payload.get(..240), payload.get(242)) else {
                continue;
            };
            self.answer.clear();
            self.answer.extend_from_slice(fixed);
            self.answer[0] = 2;
            self.answer[16] = 10;
            self.answer.copy_within(31..34, 17);
            let kind = if *kind == 1 { 2 } else { 5 };
            self.answer.extend_from_slice(&[
                53, 1, kind, 51, 4, 0, 0, 0x0e, 0x10, 54, 4, 10, 0, 0, 1, 255,
            ]);
            let mut to = arrival.answer();
            to.peer =
                (std::net::Ipv4Addr::new(payload[24], payload[25], payload[26], payload[27]), 67)
                    .into();
            out.send(&to, &self.answer);
        }
    }

    fn on_wake(&mut self, _now: Now, _out: &mut Outbox) {}
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let interface = arguments.next().ok_or("which interface?")?;
    let workers: NonZeroUsize = arguments.next().map_or(Ok(NonZeroUsize::MIN), |n| n.parse())?;
    let mode = if arguments.next().as_deref() == Some("udp") { Mode::Udp4 } else { Mode::Raw4 };
    let listen =
        Listen { selection: Selection::parse::<V4>([interface])?, port: 67, mode, channel: None };
    let options = ServiceOptions { workers, ..ServiceOptions::default() };
    let service = Service::start(&options, listen, |_, _| Responder::default(), |_| {})?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    println!("{:?}", service.counters());
    Ok(())
}
