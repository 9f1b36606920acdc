//! Scenarios of DHCPv4.

use std::net::{Ipv4Addr, SocketAddrV4};

use super::{Dialect, RELAY_MAC, address, hex, mac, number, octets};
use crate::frame::Frame;
use crate::packet::Message;
use crate::packet::v4::{MessageType, Packet4};
use crate::scenario::backend::{SERVER_ADDRESS, SERVER_MAC};

/// RFC 4388.
const LEASE_QUERY: MessageType = MessageType::Other(10);

/// `client NAME mac XX:… [client-id XX:…]`
pub struct Client {
    mac: [u8; 6],
    client_id: Option<Vec<u8>>,
}

impl Dialect for Packet4 {
    type Client = Client;

    const EXCHANGE: [&'static str; 4] = ["discover", "offer", "request", "ack"];

    fn client(words: &[&str]) -> Result<Client, String> {
        match words {
            ["mac", text] => Ok(Client { mac: mac(text)?, client_id: None }),
            ["mac", text, "client-id", id] => {
                Ok(Client { mac: mac(text)?, client_id: Some(octets(id)?) })
            }
            _ => Err("client NAME mac XX:… [client-id XX:…]".to_owned()),
        }
    }

    fn query(kind: MessageType, client: &Client, xid: u32, _last: Option<&Self>) -> Self {
        let mut packet = Packet4::query(kind, client.mac, xid);
        if let Some(id) = &client.client_id {
            packet.push_option(61, id);
        }
        packet
    }

    /// Through a relay, from an address, or to all.
    fn frame(&self, _client: &Client) -> Frame {
        let to_all = self.to_all();
        let unicast = |from_mac, from: Ipv4Addr, port| Frame {
            to_mac: SERVER_MAC,
            from_mac,
            from: SocketAddrV4::new(from, port).into(),
            to: SocketAddrV4::new(SERVER_ADDRESS, 67).into(),
            payload: self.encode(),
        };
        if !self.giaddr.is_unspecified() {
            unicast(RELAY_MAC, self.giaddr, 67)
        } else if !self.ciaddr.is_unspecified() {
            unicast(to_all.from_mac, self.ciaddr, 68)
        } else {
            to_all
        }
    }

    fn apply(&mut self, words: &[&str]) -> Result<(), String> {
        match words {
            ["ciaddr", text] => self.ciaddr = address(text)?,
            ["giaddr", text] => self.giaddr = address(text)?,
            ["yiaddr", text] => self.yiaddr = address(text)?,
            ["flags", "broadcast"] => self.flags = 0x8000,
            ["secs", text] => self.secs = number(text)?,
            ["hops", text] => self.hops = number(text)?,
            ["op", text] => self.op = number(text)?,
            ["htype", text] => self.htype = number(text)?,
            ["hlen", text] => self.hlen = number(text)?,
            ["chaddr", text] => {
                let octets = octets(text)?;
                self.hlen = octets.len() as u8;
                self.chaddr = std::array::from_fn(|i| octets.get(i).copied().unwrap_or(0));
            }
            ["sname", text] => fill(&mut self.sname, text)?,
            ["file", text] => fill(&mut self.file, text)?,
            _ => return Err(format!("no such detail: {}", words.join(" "))),
        }
        Ok(())
    }

    fn ask(&mut self) {}

    fn take(&mut self, offer: &Self) {
        self.push_option(50, &offer.yiaddr.octets());
        self.push_option(54, &offer.option(54).unwrap_or_default());
    }

    fn leased(&self) -> Option<String> {
        Some(self.yiaddr.to_string())
    }

    /// Of an address alone, nothing behind the name.
    fn given(&self) -> Vec<(String, String)> {
        let gives = !self.yiaddr.is_unspecified();
        gives.then(|| (String::new(), self.yiaddr.to_string())).into_iter().collect()
    }

    fn facts(&self) -> Vec<(String, String)> {
        let fields = [
            "ciaddr", "yiaddr", "siaddr", "giaddr", "flags", "hops", "secs", "sname", "file",
            "htype", "chaddr",
        ];
        let value = |name: &&str| self.field(&[name]).unwrap_or_default().concat();
        let mut facts: Vec<_> =
            fields.iter().map(|name| ((*name).to_owned(), value(name))).collect();
        facts.extend(super::option_facts(self, &[]));
        facts
    }

    fn answers(&self, query: &Self) -> bool {
        let client = |p: &Packet4| (p.htype, p.hlen, p.chaddr);
        // What is said to a leasequery is about another client.
        let is_of_another = query.message_type() == Some(LEASE_QUERY);
        let same_client = is_of_another || client(query) == client(self);
        // The relay is left out of what goes straight to the client.
        let relay = self.giaddr.is_unspecified() || self.giaddr == query.giaddr;
        query.xid == self.xid && same_client && relay && self.op == 2
    }

    fn field_len(_words: &[&str]) -> usize {
        1
    }

    fn field(&self, words: &[&str]) -> Result<Vec<String>, String> {
        let text = match words {
            ["ciaddr"] => self.ciaddr.to_string(),
            ["yiaddr"] => self.yiaddr.to_string(),
            ["siaddr"] => self.siaddr.to_string(),
            ["giaddr"] => self.giaddr.to_string(),
            ["flags"] if self.flags == 0x8000 => "broadcast".to_owned(),
            ["flags"] => self.flags.to_string(),
            ["hops"] => self.hops.to_string(),
            ["secs"] => self.secs.to_string(),
            ["htype"] => self.htype.to_string(),
            ["chaddr"] => hex(&self.chaddr[..usize::from(self.hlen.min(16))]),
            ["sname"] => text_field(&self.sname),
            ["file"] => text_field(&self.file),
            _ => return Err(format!("no such field: {}", words.join(" "))),
        };
        Ok(vec![text])
    }

    fn describe(&self) -> String {
        let kind = self.message_type().map_or_else(|| "BOOTP".to_owned(), |kind| kind.to_string());
        format!(
            "{kind} xid={:#x} ciaddr={} yiaddr={} siaddr={} giaddr={} flags={:#06x}",
            self.xid, self.ciaddr, self.yiaddr, self.siaddr, self.giaddr, self.flags
        )
    }
}

/// Puts `hex:…` at the beginning of a field.
fn fill(field: &mut [u8], text: &str) -> Result<(), String> {
    let octets = octets(text.strip_prefix("hex:").unwrap_or(text))?;
    let start = field.get_mut(..octets.len()).ok_or_else(|| format!("too long: {text}"))?;
    start.copy_from_slice(&octets);
    Ok(())
}

/// A NUL-ended field; `none` when it is empty.
fn text_field(octets: &[u8]) -> String {
    let text = octets.split(|octet| *octet == 0).next().unwrap_or_default();
    if text.is_empty() { "none".to_owned() } else { String::from_utf8_lossy(text).into_owned() }
}
