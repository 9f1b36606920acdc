//! Many clients at once that remember what the server promised them.

use std::collections::HashMap;
use std::io;
use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use crate::packet::Message as _;
use crate::packet::v4::{MessageType, Packet4};
use crate::raw_client::RawClient4;

/// An address a client was told it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Acknowledged {
    /// The client.
    pub mac: [u8; 6],
    /// Its address.
    pub address: Ipv4Addr,
}

/// A closed loop: a fixed number of clients are under way, each goes through DISCOVER and REQUEST.
pub struct Load {
    client: RawClient4,
    in_flight: usize,
    next: u32,
    waiting: HashMap<u32, (Packet4, Instant)>,
    acknowledged: Vec<Acknowledged>,
    refused: u32,
    retransmitted: u32,
    witness: Option<Witness>,
}

/// Is shown every answer.
type Witness = Box<dyn FnMut(&Packet4) + Send>;

impl Load {
    /// A load of clients numbered from `first` on, `in_flight` of them at a time.
    pub fn new(client: RawClient4, first: u32, in_flight: usize) -> Self {
        Load {
            client,
            in_flight,
            next: first,
            waiting: HashMap::new(),
            acknowledged: Vec::new(),
            refused: 0,
            retransmitted: 0,
            witness: None,
        }
    }

    /// Shows every answer to a query that is under way to `witness`.
    #[must_use]
    pub fn witnessed_by(mut self, witness: impl FnMut(&Packet4) + Send + 'static) -> Self {
        self.witness = Some(Box::new(witness));
        self
    }

    /// Every address acknowledged so far, in order.
    pub fn acknowledged(&self) -> &[Acknowledged] {
        &self.acknowledged
    }

    /// How many clients got a NAK.
    pub fn refused(&self) -> u32 {
        self.refused
    }

    /// How often a query had no answer within its time and went out again.
    pub fn retransmitted(&self) -> u32 {
        self.retransmitted
    }

    /// Runs until `done` says so or `limit` passed. A query without an answer for half a second is
    /// sent again.
    pub fn run(&mut self, limit: Duration, mut done: impl FnMut(&Load) -> bool) -> io::Result<()> {
        let deadline = Instant::now() + limit;
        let mut last_look = Instant::now();
        while !done(self) && Instant::now() < deadline {
            while self.waiting.len() < self.in_flight {
                let discover = Packet4::query(MessageType::Discover, mac(self.next), self.next)
                    .with_option(55, &[1, 3, 6, 15]);
                self.next += 1;
                self.send(discover)?;
            }
            if let Some(frame) =
                self.client.receive(Instant::now(), |f| Packet4::answer_in(f).is_some())?
                && let Some(answer) = Packet4::answer_in(&frame)
            {
                self.take(&answer)?;
            }
            if last_look.elapsed() > RETRANSMISSION / 5 {
                last_look = Instant::now();
                self.retransmit()?;
            }
        }
        Ok(())
    }

    fn take(&mut self, answer: &Packet4) -> io::Result<()> {
        let Some((query, _)) = self.waiting.get(&answer.xid) else { return Ok(()) };
        if let Some(witness) = &mut self.witness {
            witness(answer);
        }
        match (query.message_type(), answer.message_type()) {
            (Some(MessageType::Discover), Some(MessageType::Offer)) => {
                let server = answer.option(54).unwrap_or_default();
                let request = Packet4::query(MessageType::Request, mac(answer.xid), answer.xid)
                    .with_option(50, &answer.yiaddr.octets())
                    .with_option(54, &server)
                    .with_option(55, &[1, 3, 6, 15]);
                self.send(request)?;
            }
            (Some(MessageType::Request), Some(MessageType::Ack)) => {
                self.waiting.remove(&answer.xid);
                let mac = mac(answer.xid);
                self.acknowledged.push(Acknowledged { mac, address: answer.yiaddr });
            }
            (Some(MessageType::Request), Some(MessageType::Nak)) => {
                self.waiting.remove(&answer.xid);
                self.refused += 1;
            }
            _ => {}
        }
        Ok(())
    }

    fn retransmit(&mut self) -> io::Result<()> {
        let overdue = self.waiting.values().filter(|(_, sent)| sent.elapsed() > RETRANSMISSION);
        let overdue: Vec<Packet4> = overdue.map(|(query, _)| query.clone()).collect();
        for query in overdue {
            self.retransmitted += 1;
            self.send(query)?;
        }
        Ok(())
    }

    fn send(&mut self, query: Packet4) -> io::Result<()> {
        self.client.broadcast(&query)?;
        self.waiting.insert(query.xid, (query, Instant::now()));
        Ok(())
    }
}

/// The hardware address of client `n`, which is also its transaction.
fn mac(n: u32) -> [u8; 6] {
    let [a, b, c, d] = n.to_be_bytes();
    [0x02, 0x4b, a, b, c, d]
}

const RETRANSMISSION: Duration = Duration::from_millis(500);
