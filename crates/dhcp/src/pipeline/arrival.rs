//! Where a query came from and where its answer goes, in terms that need no socket.

use std::net::IpAddr;

use kea_wire::{Address as _, Family, HwAddr};

use super::carried::Carrier;

/// How a query reached this server.
#[derive(Clone, Debug)]
pub struct Arrival<'a, F: Family> {
    /// Name of the receiving interface.
    pub interface: &'a str,
    /// Its index, to answer through.
    pub interface_index: u32,
    /// The receiving interface's own address: the server's identity on this link.
    pub interface_address: Option<F::Addr>,
    /// Source address of the datagram.
    pub source: F::Addr,
    /// Source port of the datagram.
    pub source_port: u16,
    /// Destination address of the datagram.
    pub destination: F::Addr,
    /// Link-layer source address, where the socket shows it.
    pub link_source: Option<HwAddr>,
    /// The DHCPv6 message that it came in, if it did (DHCPv4). Then `source` is unspecified.
    pub carrier: Option<Carrier<'a>>,
}

impl<F: Family> Arrival<'_, F> {
    /// Who sent the datagram, whatever the family.
    pub fn sender(&self) -> IpAddr {
        let carrier = self.carrier.as_ref();
        carrier.map_or(self.source.ip(), |carrier| carrier.origin.source.into())
    }
}

/// Where an answer goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transmit<F: Family> {
    /// Index of the interface to send through.
    pub interface_index: u32,
    /// Source address.
    pub source: F::Addr,
    /// Destination address.
    pub destination: F::Addr,
    /// Destination port; the client's or the relay's.
    pub port: u16,
    /// Link-layer destination for receivers that cannot be asked for it (a client without an
    /// address yet); `None` leaves it to the kernel or, for a broadcast, to the link.
    pub link_destination: Option<HwAddr>,
}
