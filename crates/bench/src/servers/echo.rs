//! The ceiling: a "server" that decides nothing. It turns each request into the answer that the
//! generator waits for, in place, so its rate is what the machine's packets cost.

use std::net::Ipv4Addr;

use kea_net::{Datagram, Handler, Listen, Mode, Now, Outbox, Selection, Service, ServiceOptions};
use kea_testkit::Netns;
use kea_wire::V4;
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Runs while it lives.
pub(super) struct Echo {
    _service: Service<Answerer>,
}

impl Echo {
    /// Starts it on `eth0` of the namespace.
    pub(super) fn start(netns: &Netns) -> std::io::Result<Self> {
        let everywhere = sched_getaffinity(None)?;
        let mut own = CpuSet::new();
        own.set(super::SERVER);
        // The threads of the service are where the one is that starts them.
        sched_setaffinity(None, &own)?;
        let service = netns.enter(|| {
            let selection = Selection::parse::<V4>(["eth0"]).map_err(std::io::Error::other)?;
            let listen = Listen { selection, port: 67, mode: Mode::Raw4, channel: None };
            let options = ServiceOptions { name: "echo".to_owned(), ..ServiceOptions::default() };
            Service::start(&options, listen, |_, _| Answerer::default(), |_| {})
        });
        sched_setaffinity(None, &everywhere)?;
        Ok(Echo { _service: service? })
    }
}

#[derive(Default)]
struct Answerer {
    buffer: Vec<u8>,
    next: u32,
}

impl Handler for Answerer {
    fn on_batch(&mut self, _now: Now, batch: &[Datagram<'_>], out: &mut Outbox) {
        for datagram in batch {
            self.buffer.clear();
            self.buffer.extend_from_slice(datagram.payload);
            self.next = (self.next + 1) & 0x000f_ffff;
            if answer(&mut self.buffer, Ipv4Addr::from(0x0a00_000a + self.next)).is_some() {
                out.send(&datagram.arrival.answer(), &self.buffer);
            }
        }
    }

    fn on_wake(&mut self, _now: Now, _out: &mut Outbox) {}
}

/// A BOOTREPLY of the message: DISCOVER becomes OFFER, REQUEST becomes ACK of the address it asks for.
fn answer(message: &mut Vec<u8>, offered: Ipv4Addr) -> Option<()> {
    const OPTIONS: usize = 240;
    *message.get_mut(0)? = 2;
    let (mut at, mut kind, mut asked) = (OPTIONS, None, None);
    let end = loop {
        match *message.get(at)? {
            0 => at += 1,
            255 => break at,
            code => {
                let length = usize::from(*message.get(at + 1)?);
                let data = message.get(at + 2..at + 2 + length)?;
                match code {
                    50 => asked = <[u8; 4]>::try_from(data).ok(),
                    53 => kind = Some((at + 2, *data.first()?)),
                    _ => {}
                }
                at += 2 + length;
            }
        }
    };
    let (place, kind) = kind?;
    *message.get_mut(place)? = if kind == 1 { 2 } else { 5 };
    let address = if kind == 1 { offered.octets() } else { asked? };
    message.get_mut(16..20)?.copy_from_slice(&address);
    message.truncate(end);
    // Server identifier and lease time, as any answer has them.
    message.extend_from_slice(&[54, 4, 10, 0, 0, 1, 51, 4, 0, 0, 0x0f, 0xa0, 255]);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_acknowledged_with_the_address_it_asks_for() {
        let mut message = vec![0; 240];
        message[0] = 1;
        message.extend_from_slice(&[53, 1, 3, 50, 4, 10, 0, 0, 77, 255]);
        answer(&mut message, Ipv4Addr::LOCALHOST).unwrap();
        assert_eq!((message[0], &message[16..20]), (2, &[10, 0, 0, 77][..]));
        assert_eq!(message[242], 5);
        assert_eq!(message[249..], [54, 4, 10, 0, 0, 1, 51, 4, 0, 0, 0x0f, 0xa0, 255]);
    }
}
