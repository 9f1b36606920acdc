//! The options of leasequery (RFC 5007, RFC 5460, RFC 7653).

use std::net::Ipv6Addr;

use super::association::{IaAddress, IaPrefix};
use super::code;
use super::options::{Malformed, Options, split};
use crate::Duid;
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

/// What is known of one client (45, RFC 5007 section 4.1.2.2): its identifier, addresses, prefixes, and
/// whatever was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientData<'a> {
    /// The options in it.
    pub options: Options<'a>,
}

impl<'a> ClientData<'a> {
    /// The client (1); `None` too when empty or longer than [`Duid::MAX_LEN`].
    pub fn client_id(&self) -> Option<Duid> {
        Duid::new(self.options.get(code::CLIENT_ID)?)
    }

    /// Its addresses, malformed ones included.
    pub fn addresses(&self) -> impl Iterator<Item = Result<IaAddress<'a>, Malformed>> + Clone {
        self.options.all(code::IAADDR).map(IaAddress::parse)
    }

    /// The prefixes that it was delegated, malformed ones included.
    pub fn prefixes(&self) -> impl Iterator<Item = Result<IaPrefix<'a>, Malformed>> + Clone {
        self.options.all(code::IAPREFIX).map(IaPrefix::parse)
    }

    /// Seconds since the server last heard of it (46), when given and well formed.
    pub fn last_transaction(&self) -> Option<u32> {
        self.options.get(code::CLT_TIME)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// How its last message came (47), when given and well formed.
    pub fn relay_data(&self) -> Option<LqRelayData<'a>> {
        LqRelayData::parse(self.options.get(code::LQ_RELAY_DATA)?).ok()
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
