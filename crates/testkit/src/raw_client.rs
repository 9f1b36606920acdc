//! A client that sends any bytes and sees every answer on its cable.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};
use std::time::{Duration, Instant};

use pnet_datalink::{Channel, Config, DataLinkReceiver, DataLinkSender};

use crate::frame::Frame;
use crate::lab::Netns;
use crate::packet::Packet4;

/// A packet socket on one interface of a namespace.
pub struct RawClient4 {
    sender: Box<dyn DataLinkSender>,
    receiver: Box<dyn DataLinkReceiver>,
}

impl RawClient4 {
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
            Channel::Ethernet(sender, receiver) => Ok(RawClient4 { sender, receiver }),
            _ => Err(io::Error::other("the interface has no Ethernet channel")),
        }
    }

    /// Sends a frame.
    pub fn send(&mut self, frame: &Frame) -> io::Result<()> {
        let sent = self.sender.send_to(&frame.encode(), None);
        sent.unwrap_or_else(|| Err(io::Error::other("the frame did not fit the send buffer")))
    }

    /// Sends a message as a client without an address does: from `0.0.0.0:68` to all, port 67.
    pub fn broadcast(&mut self, packet: &Packet4) -> io::Result<()> {
        let from_mac = std::array::from_fn(|i| packet.chaddr[i]);
        self.send(&Frame {
            to_mac: [0xff; 6],
            from_mac,
            from: SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 68),
            to: SocketAddrV4::new(Ipv4Addr::BROADCAST, 67),
            payload: packet.encode(),
        })
    }

    /// The next whole UDP datagram that `wanted` accepts, or `None` at `deadline`.
    pub fn receive(
        &mut self,
        deadline: Instant,
        mut wanted: impl FnMut(&Frame) -> bool,
    ) -> io::Result<Option<Frame>> {
        loop {
            match self.receiver.next() {
                Ok(bytes) => {
                    if let Ok(frame) = Frame::decode(bytes)
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
    pub fn answer(&mut self, xid: u32, limit: Duration) -> io::Result<Option<(Frame, Packet4)>> {
        let deadline = Instant::now() + limit;
        let mut answer = None;
        let frame = self.receive(deadline, |frame| {
            answer = answer_in(frame).filter(|packet| packet.xid == xid);
            answer.is_some()
        })?;
        Ok(frame.zip(answer))
    }

    /// Broadcasts a query and waits for its answer.
    pub fn exchange(&mut self, query: &Packet4, limit: Duration) -> io::Result<Option<Packet4>> {
        self.broadcast(query)?;
        Ok(self.answer(query.xid, limit)?.map(|(_, packet)| packet))
    }
}

/// The server's message in a frame, if it is one.
pub(crate) fn answer_in(frame: &Frame) -> Option<Packet4> {
    let from_server = matches!(frame.from.port(), 67) || matches!(frame.to.port(), 67 | 68);
    if !from_server {
        return None;
    }
    Packet4::decode(&frame.payload).ok().filter(|packet| packet.op == 2)
}

/// How long one look at an empty socket takes.
const POLL: Duration = Duration::from_millis(10);
