//! Many clients at once that remember what the server promised them.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::JoinHandle;
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
    clients: std::ops::Range<u32>,
    resend: bool,
    waiting: HashMap<u32, Waiting<D>>,
    acknowledged: Vec<Acknowledged>,
    refused: u32,
    retransmitted: u32,
    witness: Option<Witness<D>>,
    /// Where IPv6 frames come from: the kernel of the server does not know a thousand neighbours.
    origin: Option<([u8; 6], SocketAddr)>,
}

/// A load that runs while something else is done.
pub struct LoadInBackground {
    stop: Sender<()>,
    leases: Receiver<()>,
    in_flight: usize,
    thread: JoinHandle<io::Result<Outcome>>,
}

/// What became of a load.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// Leases that were promised.
    pub acknowledged: usize,
    /// Queries without answer, after all that time.
    pub unanswered: usize,
    /// Clients that were told that there is nothing for them.
    pub refused: u32,
}

impl LoadInBackground {
    /// Waits until clients have begun and ended after this call.
    ///
    /// # Errors
    /// When nobody got a lease for a minute.
    pub fn advance(&self) -> io::Result<()> {
        self.leases.try_iter().for_each(drop);
        for _ in 0..=2 * self.in_flight {
            self.leases.recv_timeout(HANGING).map_err(|error| {
                io::Error::new(io::ErrorKind::TimedOut, format!("the load stands still: {error}"))
            })?;
        }
        Ok(())
    }

    /// Lets the clients that are under way finish, and tells what became of all.
    pub fn finish(self) -> io::Result<Outcome> {
        drop((self.stop, self.leases));
        self.thread.join().map_err(|_| io::Error::other("the load panicked"))?
    }
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
            clients: first..u32::MAX,
            resend: true,
            waiting: HashMap::new(),
            acknowledged: Vec::new(),
            refused: 0,
            retransmitted: 0,
            witness: None,
            origin: None,
        }
    }

    /// Only `count` clients, one after the other and then from the first on again, so that no pool is
    /// too small however fast they are.
    #[must_use]
    pub fn of_clients(mut self, count: u32) -> Self {
        self.clients = self.next..self.next.saturating_add(count);
        self
    }

    /// Sends every query once, however long its answer takes. What is under way when the load is over
    /// is waited for, so that [`Self::unanswered`] are the queries that were lost.
    #[must_use]
    pub fn patient(mut self) -> Self {
        self.resend = false;
        self
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

    /// How many queries have no answer yet.
    pub fn unanswered(&self) -> usize {
        self.waiting.len()
    }

    /// Runs until `done` says so or `limit` passed. A query without an answer for half a second is
    /// sent again, unless the load is [`patient`](Self::patient).
    pub fn run(&mut self, limit: Duration, mut done: impl FnMut(&Self) -> bool) -> io::Result<()> {
        let mut deadline = Instant::now() + limit;
        let mut last_look = Instant::now();
        let mut over = false;
        loop {
            if !over && done(self) {
                over = true;
                deadline = Instant::now() + HANGING;
            }
            let is_complete = over && (self.resend || self.waiting.is_empty());
            if is_complete || Instant::now() >= deadline {
                break;
            }
            while !over && self.waiting.len() < self.in_flight {
                let number = self.next_client();
                self.send(first_query(mac(number), number)?, false)?;
            }
            let answered = |f: &_| D::answer_in(f).is_some();
            if let Some(frame) = self.client.receive(Instant::now(), answered)?
                && let Some(answer) = D::answer_in(&frame)
            {
                self.take(&answer)?;
            }
            if self.resend && last_look.elapsed() > RETRANSMISSION / 5 {
                last_look = Instant::now();
                self.retransmit()?;
            }
        }
        Ok(())
    }

    /// The next one that is not under way.
    fn next_client(&mut self) -> u32 {
        loop {
            let number = self.next;
            let following = number.saturating_add(1);
            self.next =
                if self.clients.contains(&following) { following } else { self.clients.start };
            if !self.waiting.contains_key(&number) {
                return number;
            }
        }
    }

    /// Runs on a thread of its own until [`LoadInBackground::finish`] is called.
    pub fn in_background(mut self) -> LoadInBackground
    where
        D: Send + 'static,
        RawClient<D>: Send,
    {
        let (stop, stopped) = channel::<()>();
        let (lease, leases) = channel();
        let in_flight = self.in_flight;
        let thread = std::thread::spawn(move || {
            let mut told = 0;
            self.run(FOR_EVER, |load| {
                // Nobody may listen any more.
                for _ in told..load.acknowledged.len() {
                    let _ = lease.send(());
                }
                told = load.acknowledged.len();
                stopped.try_recv() == Err(TryRecvError::Disconnected)
            })?;
            Ok(Outcome {
                acknowledged: self.acknowledged.len(),
                unanswered: self.waiting.len(),
                refused: self.refused,
            })
        });
        LoadInBackground { stop, leases, in_flight, thread }
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
/// What does not move for so long does not move at all.
const HANGING: Duration = Duration::from_secs(60);
/// Longer than any test may take.
const FOR_EVER: Duration = Duration::from_secs(3600);
