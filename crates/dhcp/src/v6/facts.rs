//! What classification expressions can ask about a DHCPv6 query.

use std::net::IpAddr;

use kea_config::Snapshot;
use kea_expr::{Facts, Field, FieldValue, Layout, Origin, RelayAddresses};
use kea_options::InScope;
use kea_wire::{HwAddr, V6};

use super::accept::Query;
use crate::pipeline::{Arrival, significant, write_option_text};

/// A query as [`kea_expr`] sees it.
pub(super) struct QueryFacts<'q, 'p> {
    pub(super) query: &'q Query<'p>,
    pub(super) arrival: &'q Arrival<'q, V6>,
    pub(super) config: &'q Snapshot<V6>,
}

impl QueryFacts<'_, '_> {
    /// Classes define no options of DHCPv6.
    fn definitions(&self) -> InScope<'_, V6> {
        InScope::new(&self.config.definitions, [])
    }
}

impl Facts for QueryFacts<'_, '_> {
    fn option(&self, code: u16) -> Option<&[u8]> {
        significant(&self.definitions(), code, self.query.view.option(code)?)
    }

    fn sub_options_at(&self, path: &[u16]) -> Option<usize> {
        let standard = self.layout().sub_options_at(path);
        standard.or_else(|| self.definitions().sub_options_at(path))
    }

    fn field(&self, field: Field) -> FieldValue<'_> {
        let view = &self.query.view;
        match field {
            Field::Iface => FieldValue::Octets(self.arrival.interface.as_bytes()),
            Field::Src => FieldValue::Address(IpAddr::V6(self.arrival.source)),
            Field::Dst => FieldValue::Address(IpAddr::V6(self.arrival.destination)),
            // A datagram's length is a 16-bit number.
            Field::Len => FieldValue::Number(view.bytes().len() as u32),
            Field::Msgtype6 => FieldValue::Number(view.message_type().number().into()),
            Field::Transid6 => FieldValue::Number(view.xid()),
            Field::Mac => {
                FieldValue::Octets(self.query.hw_addr.as_ref().map_or(&[], HwAddr::octets))
            }
            // The parser refuses these in DHCPv6 expressions.
            Field::Hlen
            | Field::Htype
            | Field::Ciaddr
            | Field::Giaddr
            | Field::Yiaddr
            | Field::Siaddr
            | Field::Msgtype4
            | Field::Transid4 => FieldValue::Number(0),
        }
    }

    fn layout(&self) -> Layout {
        Layout::V6
    }

    fn option_text(&self, origin: Origin, path: &[u16], payload: &[u8], out: &mut Vec<u8>) {
        write_option_text(&self.definitions(), origin, path, payload, out);
    }

    fn relay_count(&self) -> usize {
        self.query.view.relays().len()
    }

    fn relay_addresses(&self, relay: usize) -> Option<RelayAddresses> {
        let relay = self.query.view.relays().get(relay)?;
        Some(RelayAddresses { peer: relay.peer_address(), link: relay.link_address() })
    }

    fn relay_option(&self, relay: usize, code: u16) -> Option<&[u8]> {
        self.query.view.relays().get(relay)?.options().get(code)
    }
}
