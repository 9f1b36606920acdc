//! Many clients at once that remember what the server promised them.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::packet::v4::Packet4;
use crate::raw_client::RawClient;
use crate::scenario::Dialect;

/// An address a client was told it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Acknowledged {
    /// The client.
    pub mac: [u8; 6],
    /// Its address.
    pub address: IpAddr,
}

/// A closed loop: a fixed number of clients are under way, each goes through all four messages.
pub struct Load<D = Packet4> {
    client: RawClient<D>,
    in_flight: usize,
    next: u32,
    waiting: HashMap<u32, Waiting<D>>,
    acknowledged: Vec<Acknowledged>,
    refused: u32,
    retransmitted: u32,
    witness: Option<Witness<D>>,
    /// Where IPv6 frames come from: the kernel of the server does not know a thousand neighbours.
    origin: Option<([u8; 6], SocketAddr)>,
}

/// Is shown every answer.
type Witness<D> = Box<dyn FnMut(&D) + Send>;

struct Waiting<D> {
    query: D,
    /// True once it asks for what was offered.
    taking: bool,
    sent: Instant,
}

impl<D: Dialect> Load<D> {
    /// A load of clients numbered from `first` on, `in_flight` of them at a time.
    pub fn new(client: RawClient<D>, first: u32, in_flight: usize) -> Self {
        Load {
            client,
            in_flight,
            next: first,
            waiting: HashMap::new(),
            acknowledged: Vec::new(),
            refused: 0,
            retransmitted: 0,
            witness: None,
            origin: None,
        }
    }

    /// Shows every answer to a query that is under way to `witness`.
    #[must_use]
    pub fn witnessed_by(mut self, witness: impl FnMut(&D) + Send + 'static) -> Self {
        self.witness = Some(Box::new(witness));
        self
    }

    /// Every address acknowledged so far, in order.
    pub fn acknowledged(&self) -> &[Acknowledged] {
        &self.acknowledged
    }

    /// How many clients were told at the end that there is nothing for them.
    pub fn refused(&self) -> u32 {
        self.refused
    }

    /// How often a query had no answer within its time and went out again.
    pub fn retransmitted(&self) -> u32 {
        self.retransmitted
    }

    /// Runs until `done` says so or `limit` passed. A query without an answer for half a second is
    /// sent again.
    pub fn run(&mut self, limit: Duration, mut done: impl FnMut(&Self) -> bool) -> io::Result<()> {
        let deadline = Instant::now() + limit;
        let mut last_look = Instant::now();
        while !done(self) && Instant::now() < deadline {
            while self.waiting.len() < self.in_flight {
                let query = first_query(mac(self.next), self.next)?;
                self.next += 1;
                self.send(query, false)?;
            }
            let answered = |f: &_| D::answer_in(f).is_some();
            if let Some(frame) = self.client.receive(Instant::now(), answered)?
                && let Some(answer) = D::answer_in(&frame)
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

    fn take(&mut self, answer: &D) -> io::Result<()> {
        let xid = answer.xid();
        let Some(taking) = self.waiting.get(&xid).map(|waiting| waiting.taking) else {
            return Ok(());
        };
        if let Some(witness) = &mut self.witness {
            witness(answer);
        }
        let [_, offer, take, have] = D::EXCHANGE.map(D::kind_named);
        if !taking && answer.kind() == offer {
            let client = client::<D>(mac(xid))?;
            let kind = take.ok_or_else(|| io::Error::other("no such message"))?;
            let mut request = D::query(kind, &client, xid, Some(answer));
            request.take(answer);
            ask_for_options(&mut request);
            return self.send(request, true);
        }
        if !taking {
            return Ok(());
        }
        let leased = answer.leased().and_then(|text| text.parse().ok());
        self.waiting.remove(&xid);
        match leased.filter(|_| answer.kind() == have) {
            Some(address) => self.acknowledged.push(Acknowledged { mac: mac(xid), address }),
            None => self.refused += 1,
        }
        Ok(())
    }

    fn retransmit(&mut self) -> io::Result<()> {
        let overdue = self.waiting.values().filter(|w| w.sent.elapsed() > RETRANSMISSION);
        let overdue: Vec<(D, bool)> = overdue.map(|w| (w.query.clone(), w.taking)).collect();
        for (query, taking) in overdue {
            self.retransmitted += 1;
            self.send(query, taking)?;
        }
        Ok(())
    }

    fn send(&mut self, query: D, taking: bool) -> io::Result<()> {
        let mut frame = query.to_all();
        if frame.from.is_ipv6() {
            (frame.from_mac, frame.from) = *self.origin.get_or_insert((frame.from_mac, frame.from));
        }
        self.client.send(&frame)?;
        let sent = Instant::now();
        self.waiting.insert(query.xid(), Waiting { query, taking, sent });
        Ok(())
    }
}

/// The message with which the client of this hardware address begins.
pub fn first_query<D: Dialect>(mac: [u8; 6], xid: u32) -> io::Result<D> {
    let kind = D::kind_named(D::EXCHANGE[0]);
    let kind = kind.ok_or_else(|| io::Error::other("no such message"))?;
    let mut query = D::query(kind, &client::<D>(mac)?, xid, None);
    query.ask();
    ask_for_options(&mut query);
    Ok(query)
}

/// What every client of DHCPv4 asks for.
fn ask_for_options<D: Dialect>(query: &mut D) {
    if let Ok(code) = D::OPTIONS.code("parameter-request-list") {
        query.push_option(code, &[1, 3, 6, 15]);
    }
}

fn client<D: Dialect>(mac: [u8; 6]) -> io::Result<D::Client> {
    let text = mac.map(|octet| format!("{octet:02x}")).join(":");
    D::client(&["mac", &text]).map_err(io::Error::other)
}

/// The hardware address of client `n`, which is also its transaction.
fn mac(n: u32) -> [u8; 6] {
    let [a, b, c, d] = n.to_be_bytes();
    [0x02, 0x4b, a, b, c, d]
}

const RETRANSMISSION: Duration = Duration::from_millis(500);
