//! `bench hot-path`: four-way exchanges in memory, from octets to octets, without sockets and files. For
//! callgrind, which counts their instructions, and for a profiler.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::time::Instant;

use kea_dhcp::Serving;
use kea_log::{Severity, Threshold};
use kea_sim::Room;
use kea_wire::{V4, V6};
use lexopt::prelude::*;
use serde_json::json;

use crate::{relayed, value};

/// What is to be run.
pub(crate) struct Arguments {
    version: u8,
    exchanges: u32,
    /// DHCPv4: clients behind relays of so many subnets, many of them at once.
    subnets: Option<u32>,
}

impl Arguments {
    pub(crate) fn parse(mut arguments: lexopt::Parser) -> Result<Self, String> {
        let text = |error: lexopt::Error| error.to_string();
        let mut parsed = Arguments { version: 4, exchanges: 100_000, subnets: None };
        while let Some(argument) = arguments.next().map_err(text)? {
            match argument {
                Short('4') => parsed.version = 4,
                Short('6') => parsed.version = 6,
                Long("subnets") => parsed.subnets = Some(value(&mut arguments)?),
                Long("exchanges") => parsed.exchanges = value(&mut arguments)?,
                other => return Err(other.unexpected().to_string()),
            }
        }
        Ok(parsed)
    }
}

/// Runs the exchanges, each of a new client.
pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let begin = Instant::now();
    match arguments.version {
        4 => match arguments.subnets {
            Some(subnets) => return many_subnets(subnets, arguments.exchanges),
            None => four(arguments.exchanges)?,
        },
        _ if arguments.subnets.is_some() => return Err("--subnets is for DHCPv4 alone".into()),
        _ => six(arguments.exchanges)?,
    }
    let each = begin.elapsed().as_nanos() / u128::from(arguments.exchanges.max(1));
    println!("{} exchanges, {each} ns each", arguments.exchanges);
    Ok(())
}

fn room<F: Serving>(text: &str, own: F::Addr) -> Result<Room<F>, String> {
    Room::new(text, own, Threshold::of(Severity::Warn, 0)).map_err(|problems| problems.to_string())
}

fn four(exchanges: u32) -> Result<(), String> {
    let mut clients = Clients4::new(CONFIG4)?;
    (0..exchanges).try_for_each(|client| clients.exchange(client))
}

/// Exchanges through relays of `subnets` subnets in turns with as many through that of one: so many
/// clients discover, then they all request, as they do where many are served at once. Both in one run, since
/// the ratio is what matters.
fn many_subnets(subnets: u32, exchanges: u32) -> Result<(), String> {
    const AT_ONCE: u32 = 64;
    let places = [subnets, 1];
    let mut clients = Vec::new();
    for entries in [(0..subnets).map(relayed::subnet).collect(), vec![relayed::in_one()]] {
        let config = json!({ "Dhcp4": { "valid-lifetime": 4000, "subnet4": entries } });
        clients.push(Clients4::new(&config.to_string())?);
    }
    let mut nanos = [0; 2];
    for first in (0..exchanges).step_by(AT_ONCE as usize) {
        for ((subnets, clients), nanos) in places.iter().zip(&mut clients).zip(&mut nanos) {
            let relay = |client: u32| {
                // Not one beside the other, as clients come.
                let subnet = client.wrapping_mul(0x9e37_79b1) % subnets;
                relayed::relay(subnet)
            };
            let begin = Instant::now();
            let mut offered = Vec::with_capacity(AT_ONCE as usize);
            for client in first..first + AT_ONCE {
                offered.push(clients.discover(client, relay(client))?);
            }
            for (client, address) in (first..).zip(&offered) {
                clients.request(client, relay(client), address)?;
            }
            *nanos += begin.elapsed().as_nanos();
        }
    }
    for (subnets, nanos) in places.iter().zip(nanos) {
        println!(
            "{exchanges} exchanges, {} ns each, {subnets} subnets",
            nanos / u128::from(exchanges)
        );
    }
    Ok(())
}

/// DHCPv4 clients of a server in memory.
pub(crate) struct Clients4 {
    room: Room<V4>,
    answer: Vec<u8>,
}

impl Clients4 {
    /// Clients of a server that is configured so, at 10.0.0.1.
    pub(crate) fn new(config: &str) -> Result<Self, String> {
        Ok(Clients4 { room: room::<V4>(config, Ipv4Addr::new(10, 0, 0, 1))?, answer: Vec::new() })
    }

    /// DISCOVER, OFFER, REQUEST, ACK.
    pub(crate) fn exchange(&mut self, client: u32) -> Result<(), String> {
        let offered = self.discover(client, Ipv4Addr::UNSPECIFIED)?;
        self.request(client, Ipv4Addr::UNSPECIFIED, &offered)
    }

    /// What the client is offered, through a relay if there is one.
    fn discover(&mut self, client: u32, relay: Ipv4Addr) -> Result<[u8; 4], String> {
        let mut discover = query4(client, 1, relay);
        discover.push(255);
        let offered = ask(&mut self.room, &discover, relay, &mut self.answer)
            .and_then(|answer| answer.get(16..20)?.first_chunk().copied());
        offered.ok_or_else(|| format!("no offer for client {client}"))
    }

    /// Requests what it was offered.
    fn request(&mut self, client: u32, relay: Ipv4Addr, offered: &[u8; 4]) -> Result<(), String> {
        let mut request = query4(client, 3, relay);
        option4(&mut request, 50, offered);
        option4(&mut request, 54, &[10, 0, 0, 1]);
        request.push(255);
        ask(&mut self.room, &request, relay, &mut self.answer)
            .filter(|answer| answer.get(16..20) == Some(offered))
            .ok_or_else(|| format!("no acknowledgement for client {client}"))?;
        Ok(())
    }
}

fn six(exchanges: u32) -> Result<(), String> {
    let mut room = room::<V6>(CONFIG6, "fe80::1".parse().unwrap_or(Ipv6Addr::UNSPECIFIED))?;
    let link_local = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 2);
    let mut answer = Vec::new();
    for client in 0..exchanges {
        let solicit = query6(client, 1, &[], &[]);
        let advertised = ask(&mut room, &solicit, link_local, &mut answer).and_then(|answer| {
            let (server, association) = (option6(answer, 2)?, option6(answer, 3)?);
            // Behind identifier, T1 and T2: the address.
            Some((server.to_vec(), association.get(12..)?.to_vec()))
        });
        let (server, address) = advertised
            .filter(|(_, address)| !address.is_empty())
            .ok_or_else(|| format!("nothing advertised to client {client}"))?;
        let request = query6(client, 3, &server, &address);
        ask(&mut room, &request, link_local, &mut answer)
            .filter(|answer| answer.first() == Some(&7))
            .ok_or_else(|| format!("no reply for client {client}"))?;
    }
    Ok(())
}

fn ask<'a, F: Serving>(
    room: &mut Room<F>,
    query: &[u8],
    source: F::Addr,
    answer: &'a mut Vec<u8>,
) -> Option<&'a [u8]> {
    answer.clear();
    room.decide(query, source, answer).ok()?;
    Some(answer)
}

/// A message as clients on PCs send it, its options open at the end.
fn query4(client: u32, kind: u8, relay: Ipv4Addr) -> Vec<u8> {
    let mut message = Vec::with_capacity(400);
    message.extend_from_slice(&[1, 1, 6, 0]);
    message.extend_from_slice(&client.to_be_bytes());
    message.extend_from_slice(&[0, 0, 0x80, 0]);
    message.resize(24, 0);
    message.extend_from_slice(&relay.octets());
    let hardware = hardware(client);
    message.extend_from_slice(&hardware);
    message.resize(236, 0);
    message.extend_from_slice(&[99, 130, 83, 99]);
    option4(&mut message, 53, &[kind]);
    option4(&mut message, 61, &[&[1], &hardware[..]].concat());
    option4(&mut message, 57, &1472u16.to_be_bytes());
    option4(&mut message, 60, b"MSFT 5.0");
    option4(&mut message, 55, &[1, 3, 6, 15, 26, 28, 31, 33, 42, 43, 44, 46, 47, 119, 121, 252]);
    message
}

fn hardware(client: u32) -> [u8; 6] {
    let [a, b, c, d] = client.to_be_bytes();
    [2, 0, a, b, c, d]
}

fn option4(message: &mut Vec<u8>, code: u8, data: &[u8]) {
    message.extend_from_slice(&[code, data.len() as u8]);
    message.extend_from_slice(data);
}

/// A message with an IA_NA that holds `address`, an IAADDR option or nothing.
fn query6(client: u32, kind: u8, server: &[u8], address: &[u8]) -> Vec<u8> {
    let [_, xid @ ..] = client.to_be_bytes();
    let mut message = Vec::with_capacity(200);
    message.push(kind);
    message.extend_from_slice(&xid);
    let mut option = |code: u16, data: &[u8]| {
        message.extend_from_slice(&code.to_be_bytes());
        message.extend_from_slice(&(data.len() as u16).to_be_bytes());
        message.extend_from_slice(data);
    };
    option(1, &[&[0, 3, 0, 1], &hardware(client)[..]].concat());
    if !server.is_empty() {
        option(2, server);
    }
    option(8, &[0, 0]);
    option(6, &[0, 23, 0, 24, 0, 31, 0, 56]);
    option(3, &[&[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0], address].concat());
    message
}

/// The first option of that code in a message.
fn option6(message: &[u8], code: u16) -> Option<&[u8]> {
    let mut rest = message.get(4..)?;
    loop {
        let (head, behind) = rest.split_first_chunk::<4>()?;
        let [code_high, code_low, high, low] = *head;
        let length = usize::from(u16::from_be_bytes([high, low]));
        if u16::from_be_bytes([code_high, code_low]) == code {
            return behind.get(..length);
        }
        rest = behind.get(length..)?;
    }
}

const CONFIG4: &str = r#"{ "Dhcp4": {
  "valid-lifetime": 4000,
  "option-data": [ { "name": "domain-name-servers", "data": "10.0.0.2, 10.0.0.3" },
                   { "name": "domain-name", "data": "example.org" },
                   { "name": "ntp-servers", "data": "10.0.0.4" } ],
  "subnet4": [ { "id": 1, "subnet": "10.0.0.0/8", "interface": "eth0",
    "option-data": [ { "name": "routers", "data": "10.0.0.1" } ],
    "pools": [ { "pool": "10.1.0.0 - 10.255.255.254" } ] } ] } }"#;

const CONFIG6: &str = r#"{ "Dhcp6": {
  "valid-lifetime": 4000,
  "option-data": [ { "name": "dns-servers", "data": "2001:db8::2, 2001:db8::3" },
                   { "name": "domain-search", "data": "example.org" } ],
  "subnet6": [ { "id": 1, "subnet": "2001:db8:1::/64", "interface": "eth0",
    "pools": [ { "pool": "2001:db8:1::/64" } ] } ] } }"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_gets_what_it_was_offered() {
        four(50).unwrap();
        six(50).unwrap();
        many_subnets(100, 128).unwrap();
    }
}
