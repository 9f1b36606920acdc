//! DHCPv4 over DHCPv6 (RFC 7341) between the DHCPv6 and the DHCPv4 server of one host: the client's
//! message, relay envelopes included, with a vendor option that says where it came from (the manual's
//! sections on the two sides of DHCPv4-over-DHCPv6).

use std::fmt;
use std::net::Ipv6Addr;

use super::builder::{Builder, TooLong};
use super::code;
use super::header::MessageType;
use super::option_data::VendorOpts;
use super::view::View;

/// Where the DHCPv6 server received a query, and where the response is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Origin<'a> {
    /// Name of the interface.
    pub interface: &'a str,
    /// Source address of the client's or relay's datagram.
    pub source: Ipv6Addr,
    /// Its source port.
    pub source_port: u16,
}

/// Why a message tells no origin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OriginError {
    /// No vendor option of enterprise 2495.
    NoVendorOption,
    /// No interface name in it, or one that is no text.
    NoInterface,
    /// No address in it.
    NoSourceAddress,
    /// No port in it.
    NoSourcePort,
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OriginError::NoVendorOption => "it has no vendor option of enterprise 2495",
            OriginError::NoInterface => "its vendor option names no interface",
            OriginError::NoSourceAddress => "its vendor option has no source address",
            OriginError::NoSourcePort => "its vendor option has no source port",
        })
    }
}

impl std::error::Error for OriginError {}

impl<'a> Origin<'a> {
    /// What a message of the other server says. It stands last, behind what a client may have put
    /// there.
    ///
    /// # Errors
    /// When something is missing.
    pub fn of(view: &View<'a>) -> Result<Self, OriginError> {
        let own = view.vendor_opts().filter(|vendor| vendor.enterprise == ISC);
        let options = own.last().ok_or(OriginError::NoVendorOption)?.options;
        let last = |code| options.all(code).last();
        let interface = last(INTERFACE).and_then(|name| std::str::from_utf8(name).ok());
        let source = last(SOURCE_ADDRESS).and_then(|octets| <[u8; 16]>::try_from(octets).ok());
        let port = last(SOURCE_PORT).and_then(|octets| octets.try_into().ok());
        Ok(Origin {
            interface: interface.ok_or(OriginError::NoInterface)?,
            source: source.ok_or(OriginError::NoSourceAddress)?.into(),
            source_port: port.map(u16::from_be_bytes).ok_or(OriginError::NoSourcePort)?,
        })
    }

    /// Appends a client's query to `out` with its origin. What a client says of an origin is left out.
    ///
    /// # Errors
    /// When it would exceed 65535 octets.
    pub fn attach(&self, query: &View<'_>, out: &mut Vec<u8>) -> Result<usize, TooLong> {
        let mut builder = copied(query, out);
        self.write(&mut builder);
        builder.finish()
    }

    /// Appends a DHCPV4-RESPONSE to `query` that carries a DHCPv4 message, with the origin of the
    /// query. A response has no flags (RFC 7341 section 6.2).
    ///
    /// # Errors
    /// When it would exceed 65535 octets.
    pub fn respond(
        &self,
        query: &View<'_>,
        message: &[u8],
        out: &mut Vec<u8>,
    ) -> Result<usize, TooLong> {
        let mut builder = Builder::reply_as(out, query, MessageType::Dhcpv4Response, 0);
        builder.option(code::DHCPV4_MSG, message);
        self.write(&mut builder);
        builder.finish()
    }

    fn write(&self, builder: &mut Builder<'_>) {
        builder.vendor_opts(ISC, |vendor| {
            vendor
                .option(INTERFACE, self.interface.as_bytes())
                .option(SOURCE_ADDRESS, &self.source.octets())
                .option(SOURCE_PORT, &self.source_port.to_be_bytes());
        });
    }
}

/// Appends a message of the other server to `out` without the origin: what its client is to get.
///
/// # Errors
/// When it would exceed 65535 octets.
pub fn detach(message: &View<'_>, out: &mut Vec<u8>) -> Result<usize, TooLong> {
    copied(message, out).finish()
}

/// Internet Systems Consortium, by whose number the two servers tell each other the origin.
const ISC: u32 = 2495;
const INTERFACE: u16 = 60000;
const SOURCE_ADDRESS: u16 = 60001;
const SOURCE_PORT: u16 = 60002;

/// The message without an origin. Options behind a damage are left out.
fn copied<'b>(view: &View<'_>, out: &'b mut Vec<u8>) -> Builder<'b> {
    let mut builder = Builder::relayed(out);
    for relay in view.relays() {
        builder.relay(
            relay.message_type(),
            relay.hop_count(),
            relay.link_address(),
            relay.peer_address(),
            |envelope| {
                let own = relay.options().iter().filter(|(code, _)| *code != code::RELAY_MSG);
                for (code, data) in own {
                    envelope.option(code, data);
                }
            },
        );
    }
    builder.message(view.message_type(), view.xid());
    for (code, data) in view.options() {
        let vendor = VendorOpts::parse(data).ok();
        match vendor.filter(|vendor| code == code::VENDOR_OPTS && vendor.enterprise == ISC) {
            Some(vendor) => copy_vendor_option(vendor, &mut builder),
            None => {
                builder.option(code, data);
            }
        }
    }
    builder
}

/// The option without the origin, if anything else is in it.
fn copy_vendor_option(vendor: VendorOpts<'_>, builder: &mut Builder<'_>) {
    let is_other = |(code, _): &(u16, _)| ![INTERFACE, SOURCE_ADDRESS, SOURCE_PORT].contains(code);
    let mut others = vendor.options.iter().filter(is_other).peekable();
    if others.peek().is_some() {
        builder.vendor_opts(ISC, |copy| {
            for (code, data) in others {
                copy.option(code, data);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ORIGIN: Origin<'_> = Origin {
        interface: "eth0",
        source: Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 7),
        source_port: 546,
    };

    /// DHCPV4-QUERY with the U flag and a DHCPv4 message of four octets.
    const QUERY: [u8; 12] = [20, 0x80, 0, 0, 0, 87, 0, 4, 1, 1, 6, 0];

    const VENDOR: [u8; 42] = [
        0, 17, 0, 38, 0, 0, 9, 0xbf, // enterprise 2495
        0xea, 0x60, 0, 4, b'e', b't', b'h', b'0', // 60000
        0xea, 0x61, 0, 16, 0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7, // 60001
        0xea, 0x62, 0, 2, 2, 0x22, // 60002
    ];

    fn attached(query: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        ORIGIN.attach(&View::parse(query).unwrap(), &mut out).unwrap();
        out
    }

    #[test]
    fn a_query_goes_with_its_origin_and_a_response_comes_without() {
        let octets = attached(&QUERY);
        assert_eq!(octets, [&QUERY[..], &VENDOR].concat());
        let view = View::parse(&octets).unwrap();
        assert_eq!(Origin::of(&view), Ok(ORIGIN));
        let mut response = Vec::new();
        ORIGIN.respond(&view, &[2, 1, 6, 0], &mut response).unwrap();
        let bare = [21, 0, 0, 0, 0, 87, 0, 4, 2, 1, 6, 0];
        assert_eq!(response, [&bare[..], &VENDOR].concat());
        let mut for_client = Vec::new();
        detach(&View::parse(&response).unwrap(), &mut for_client).unwrap();
        assert_eq!(for_client, bare);
    }

    #[test]
    fn relay_envelopes_go_there_and_come_back() {
        let (link, peer) = (Ipv6Addr::LOCALHOST, Ipv6Addr::UNSPECIFIED);
        let mut relayed = Vec::new();
        let mut builder = Builder::relayed(&mut relayed);
        builder.relay(MessageType::RelayForward, 1, link, peer, |envelope| {
            envelope.option(code::INTERFACE_ID, b"port7").option(code::SUBSCRIBER_ID, b"s");
        });
        builder.message(MessageType::Dhcpv4Query, 0).option(code::DHCPV4_MSG, &[1]);
        builder.finish().unwrap();
        let octets = attached(&relayed);
        let view = View::parse(&octets).unwrap();
        assert_eq!(Origin::of(&view), Ok(ORIGIN));
        let relay = view.relays()[0];
        assert_eq!((relay.link_address(), relay.hop_count()), (link, 1));
        assert_eq!(relay.interface_id(), Some(&b"port7"[..]));
        assert_eq!(relay.subscriber_id(), Some(&b"s"[..]));
        let mut response = Vec::new();
        ORIGIN.respond(&view, &[2], &mut response).unwrap();
        let view = View::parse(&response).unwrap();
        assert_eq!(view.relays()[0].message_type(), MessageType::RelayReply);
        assert_eq!(view.relays()[0].interface_id(), Some(&b"port7"[..]));
        assert_eq!(view.relays()[0].subscriber_id(), None);
        assert_eq!(view.dhcpv4_message(), Some(&[2][..]));
    }

    #[test]
    fn a_client_cannot_say_where_it_is() {
        let mut forged = QUERY.to_vec();
        forged.extend(VENDOR);
        assert_eq!(attached(&forged), attached(&QUERY));
        // Other sub-options of the enterprise, and other enterprises, stay.
        let mut mixed = QUERY.to_vec();
        let mine = [0, 17, 0, 9, 0, 0, 9, 0xbf, 0, 1, 0, 1, 5, 0, 17, 0, 4, 0, 0, 0x11, 0x8b];
        mixed.extend(mine);
        assert_eq!(attached(&mixed), [&QUERY[..], &mine, &VENDOR].concat());
    }

    #[test]
    fn what_is_missing_is_named() {
        let without = |drop: std::ops::Range<usize>| {
            let mut vendor = VENDOR.to_vec();
            vendor.drain(drop.clone());
            vendor[3] -= drop.len() as u8;
            let octets = [&QUERY[..], &vendor].concat();
            Origin::of(&View::parse(&octets).unwrap()).unwrap_err()
        };
        assert_eq!(without(8..16), OriginError::NoInterface);
        assert_eq!(without(16..36), OriginError::NoSourceAddress);
        assert_eq!(without(36..42), OriginError::NoSourcePort);
        let bare = View::parse(&QUERY).unwrap();
        assert_eq!(Origin::of(&bare), Err(OriginError::NoVendorOption));
    }
}
