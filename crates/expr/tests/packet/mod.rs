//! Facts read from the octets of a packet, plainly.
#![allow(dead_code, reason = "each test program uses a part of it")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kea_expr::{Facts, Field, FieldValue, Layout, RelayAddresses};

/// A packet as received.
#[derive(Debug)]
pub(crate) struct Packet {
    pub(crate) layout: Layout,
    /// The DHCPv4 message, or the innermost DHCPv6 message.
    pub(crate) message: Vec<u8>,
    /// Relay-forward messages without their inner message; the closest to the server first.
    pub(crate) relays: Vec<Vec<u8>>,
    pub(crate) source: IpAddr,
    pub(crate) destination: IpAddr,
}

const RELAY_MESSAGE: u16 = 9;
const RELAY_FORWARD: u8 = 12;

impl Packet {
    pub(crate) fn v4(octets: &[u8], source: IpAddr, destination: IpAddr) -> Self {
        let message = octets.to_vec();
        Packet { layout: Layout::V4, message, relays: Vec::new(), source, destination }
    }

    pub(crate) fn v6(octets: &[u8], source: IpAddr, destination: IpAddr) -> Self {
        let (mut message, mut relays) = (octets.to_vec(), Vec::new());
        while message.first() == Some(&RELAY_FORWARD) {
            let inner = Layout::V6.find(&message[34..], RELAY_MESSAGE).unwrap().to_vec();
            relays.push(std::mem::replace(&mut message, inner));
        }
        Packet { layout: Layout::V6, message, relays, source, destination }
    }

    fn address4(&self, at: usize) -> FieldValue<'_> {
        let octets: [u8; 4] = self.message[at..at + 4].try_into().unwrap();
        FieldValue::Address(Ipv4Addr::from(octets).into())
    }
}

impl Facts for Packet {
    fn option(&self, code: u16) -> Option<&[u8]> {
        match self.layout {
            Layout::V4 => self.layout.find(&self.message[240..], code),
            Layout::V6 => self.layout.find(&self.message[4..], code),
        }
    }

    fn field(&self, field: Field) -> FieldValue<'_> {
        let message = &self.message;
        match field {
            Field::Iface => FieldValue::Octets(b"srv0"),
            Field::Src => FieldValue::Address(self.source),
            Field::Dst => FieldValue::Address(self.destination),
            Field::Len => FieldValue::Number(message.len() as u32),
            Field::Mac => FieldValue::Octets(&message[28..28 + usize::from(message[2])]),
            Field::Hlen => FieldValue::Number(message[2].into()),
            Field::Htype => FieldValue::Number(message[1].into()),
            Field::Ciaddr => self.address4(12),
            Field::Yiaddr => self.address4(16),
            Field::Siaddr => self.address4(20),
            Field::Giaddr => self.address4(24),
            Field::Msgtype4 => FieldValue::Number(self.option(53).map_or(0, |it| it[0].into())),
            Field::Transid4 => {
                FieldValue::Number(u32::from_be_bytes(message[4..8].try_into().unwrap()))
            }
            Field::Msgtype6 => FieldValue::Number(message[0].into()),
            Field::Transid6 => {
                let octets = [0, message[1], message[2], message[3]];
                FieldValue::Number(u32::from_be_bytes(octets))
            }
        }
    }

    fn layout(&self) -> Layout {
        self.layout
    }

    fn relay_count(&self) -> usize {
        self.relays.len()
    }

    fn relay_addresses(&self, relay: usize) -> Option<RelayAddresses> {
        let message = self.relays.get(relay)?;
        let address = |at: usize| {
            let octets: [u8; 16] = message[at..at + 16].try_into().unwrap();
            Ipv6Addr::from(octets)
        };
        Some(RelayAddresses { link: address(2), peer: address(18) })
    }

    fn relay_option(&self, relay: usize, code: u16) -> Option<&[u8]> {
        self.layout.find(&self.relays.get(relay)?[34..], code)
    }
}
