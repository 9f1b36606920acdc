//! The options of leasequery (RFC 5007, RFC 5460).

use std::net::Ipv6Addr;

use super::code;
use super::options::{Malformed, Options, split};
use crate::wire_enum::wire_enum;

wire_enum! {
    /// What a leasequery asks by.
    QueryType: u8 {
        Address = 1 => "QUERY_BY_ADDRESS",
        ClientId = 2 => "QUERY_BY_CLIENT_ID",
        RelayId = 3 => "QUERY_BY_RELAY_ID",
        LinkAddress = 4 => "QUERY_BY_LINK_ADDRESS",
        RemoteId = 5 => "QUERY_BY_REMOTE_ID",
    }
}

/// The query (44, RFC 5007 section 4.1.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LqQuery<'a> {
    /// What it asks by.
    pub query_type: QueryType,
    /// The link to search; unspecified for all.
    pub link_address: Ipv6Addr,
    /// The key, and the options asked for.
    pub options: Options<'a>,
}

impl<'a> LqQuery<'a> {
    /// Reads the option's data.
    ///
    /// # Errors
    /// When shorter than 17 octets.
    pub fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        let malformed = Malformed { code: code::LQ_QUERY, len: data.len() };
        let (&[query_type], rest) = split::<1>(code::LQ_QUERY, data)?;
        let (&link, rest) = rest.split_first_chunk::<16>().ok_or(malformed)?;
        Ok(LqQuery {
            query_type: query_type.into(),
            link_address: link.into(),
            options: Options::new(rest),
        })
    }
}

/// Relay data of a client (47, RFC 5007 section 4.1.2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LqRelayData<'a> {
    /// The relay that the message came from.
    pub peer_address: Ipv6Addr,
    /// The last relayed message, without what was in the client's own.
    pub message: &'a [u8],
}

impl<'a> LqRelayData<'a> {
    /// Reads the option's data.
    ///
    /// # Errors
    /// When shorter than 16 octets.
    pub fn parse(data: &'a [u8]) -> Result<Self, Malformed> {
        let (&peer, message) = split::<16>(code::LQ_RELAY_DATA, data)?;
        Ok(LqRelayData { peer_address: peer.into(), message })
    }
}
