//! A client that sends any bytes and sees every answer on its cable.

use std::collections::HashMap;
use std::io;
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

use pnet_datalink::{Channel, Config, DataLinkReceiver, DataLinkSender};

use crate::frame::Frame;
use crate::lab::Netns;
use crate::neighbour;
use crate::packet::Message;
use crate::packet::v4::Packet4;
use crate::packet::v6::Packet6;

/// A packet socket on one interface of a namespace, for the messages of one protocol.
///
/// It stands for as many clients and relays as it sends frames from: whoever looks for one of their
/// IPv6 addresses is told the hardware address that was in the frame.
pub struct RawClient<M> {
    sender: Box<dyn DataLinkSender>,
    receiver: Box<dyn DataLinkReceiver>,
    seen: HashMap<Ipv6Addr, [u8; 6]>,
    messages: PhantomData<fn() -> M>,
}

/// A client of DHCPv4.
pub type RawClient4 = RawClient<Packet4>;
/// A client of DHCPv6.
pub type RawClient6 = RawClient<Packet6>;

impl<M: Message> RawClient<M> {
    /// Opens the interface. What arrives from now on is kept for [`Self::receive`].
    pub fn open(netns: &Netns, interface: &str) -> io::Result<Self> {
        let config =
            Config { read_timeout: Some(POLL), read_buffer_size: 1 << 16, ..Config::default() };
        let channel = netns.enter(|| {
            let found = pnet_datalink::interfaces().into_iter().find(|i| i.name == interface);
            let found = found.ok_or_else(|| {
                io::Error::new(io::ErrorKind::NotFound, format!("no interface {interface}"))
            })?;
            pnet_datalink::channel(&found, config)
        })?;
        match channel {
            Channel::Ethernet(sender, receiver) => {
                let seen = HashMap::new();
                Ok(RawClient { sender, receiver, seen, messages: PhantomData })
            }
            _ => Err(io::Error::other("the interface has no Ethernet channel")),
        }
    }

    /// Sends a frame.
    pub fn send(&mut self, frame: &Frame) -> io::Result<()> {
        if let IpAddr::V6(address) = frame.from.ip() {
            self.seen.insert(address, frame.from_mac);
        }
        send_bytes(&mut *self.sender, &frame.encode())
    }

    /// Sends a frame with this VLAN tag (IEEE 802.1Q): three bits of priority, one more, and the number of
    /// the VLAN, where 0 is none.
    pub fn send_tagged(&mut self, frame: &Frame, tag: u16) -> io::Result<()> {
        const ADDRESSES: usize = 12;
        let mut octets = frame.encode();
        let tag = [0x8100, tag].map(u16::to_be_bytes).concat();
        octets.splice(ADDRESSES..ADDRESSES, tag);
        send_bytes(&mut *self.sender, &octets)
    }

    /// Sends a message as a client without an address does, to all servers.
    pub fn broadcast(&mut self, message: &M) -> io::Result<()> {
        self.send(&message.to_all())
    }

    /// The next whole UDP datagram that `wanted` accepts, or `None` at `deadline`; a little later when
    /// somebody looked for an address just before.
    pub fn receive(
        &mut self,
        mut deadline: Instant,
        mut wanted: impl FnMut(&Frame) -> bool,
    ) -> io::Result<Option<Frame>> {
        loop {
            match self.receiver.next() {
                Ok(bytes) => {
                    if let Some(answer) = neighbour::advertisement(bytes, &self.seen) {
                        send_bytes(&mut *self.sender, &answer)?;
                        // Whoever asks has something to send.
                        deadline = deadline.max(Instant::now() + AFTER_SOLICITATION);
                    } else if let Ok(frame) = Frame::decode(bytes)
                        && wanted(&frame)
                    {
                        return Ok(Some(frame));
                    }
                }
                Err(e)
                    if matches!(e.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {
                }
                Err(e) => return Err(e),
            }
            if Instant::now() >= deadline {
                return Ok(None);
            }
        }
    }

    /// The next frame of any kind, as bytes.
    pub(crate) fn receive_bytes(&mut self) -> io::Result<Option<&[u8]>> {
        match self.receiver.next() {
            Ok(bytes) => Ok(Some(bytes)),
            Err(e) if matches!(e.kind(), io::ErrorKind::TimedOut | io::ErrorKind::Interrupted) => {
                Ok(None)
            }
            Err(e) => Err(e),
        }
    }

    /// The server's answer with transaction `xid`, or `None` after `limit`.
    pub fn answer(&mut self, xid: u32, limit: Duration) -> io::Result<Option<(Frame, M)>> {
        let deadline = Instant::now() + limit;
        let mut answer = None;
        let frame = self.receive(deadline, |frame| {
            answer = M::answer_in(frame).filter(|message| message.xid() == xid);
            answer.is_some()
        })?;
        Ok(frame.zip(answer))
    }

    /// Broadcasts a query and waits for its answer.
    pub fn exchange(&mut self, query: &M, limit: Duration) -> io::Result<Option<M>> {
        self.broadcast(query)?;
        Ok(self.answer(query.xid(), limit)?.map(|(_, message)| message))
    }
}

fn send_bytes(sender: &mut dyn DataLinkSender, bytes: &[u8]) -> io::Result<()> {
    let sent = sender.send_to(bytes, None);
    sent.unwrap_or_else(|| Err(io::Error::other("the frame did not fit the send buffer")))
}

/// How long what waits for a hardware address is waited for.
const AFTER_SOLICITATION: Duration = Duration::from_millis(250);
/// How long one look at an empty socket takes.
const POLL: Duration = Duration::from_millis(10);
