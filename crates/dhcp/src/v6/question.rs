//! A DHCPv6 query made up from what is known of a client.

use std::net::Ipv6Addr;

use kea_wire::v6::{Message, MessageType, RelayEnvelope, code};
use kea_wire::{HwAddr, V6};

use crate::pipeline::{Question, Unaskable};

/// The query that a client sends.
///
/// # Errors
/// When the question makes no query.
pub fn ask(question: &Question<V6>) -> Result<Vec<u8>, Unaskable> {
    let kind = question.find_type(MESSAGES, MessageType::Solicit)?;
    let duid = question.client_id.clone().or_else(|| question.hw_addr.map(link_layer_duid));
    let duid = duid.ok_or(Unaskable::NoClient { needed: "'duid' or 'hw-address'" })?;
    let mut message = Message::new(kind, XID);
    message.push_option(code::CLIENT_ID, duid);
    let gives_association = [code::IA_NA, code::IA_PD].iter().any(|code| question.gives(*code));
    if kind != MessageType::InformationRequest && !gives_association {
        message.push_option(code::IA_NA, association());
    }
    if !question.gives(code::ORO) {
        message.push_option(code::ORO, codes(&REQUESTED));
    }
    if !question.gives(code::ELAPSED_TIME) {
        message.push_option(code::ELAPSED_TIME, [0, 0]);
    }
    for (code, data) in &question.options {
        message.push_option(*code, data.clone());
    }
    let is_relayed =
        question.relay.is_some() || question.port.is_some() || question.remote_id.is_some();
    if is_relayed {
        let said = [(code::INTERFACE_ID, &question.port), (code::REMOTE_ID, &question.remote_id)];
        let options =
            said.into_iter().filter_map(|(code, data)| Some((code, data.clone()?))).collect();
        message.relays.push(RelayEnvelope {
            message_type: MessageType::RelayForward,
            hop_count: 0,
            link_address: question.relay.unwrap_or(Ipv6Addr::UNSPECIFIED),
            peer_address: PEER,
            options,
        });
    }
    message.to_bytes().map_err(|_| Unaskable::TooLong)
}

/// What clients send, by the names of RFC 9915.
const MESSAGES: &[(&str, MessageType)] = &[
    ("solicit", MessageType::Solicit),
    ("request", MessageType::Request),
    ("confirm", MessageType::Confirm),
    ("renew", MessageType::Renew),
    ("rebind", MessageType::Rebind),
    ("release", MessageType::Release),
    ("decline", MessageType::Decline),
    ("information-request", MessageType::InformationRequest),
];

/// Name servers, search list, time servers.
const REQUESTED: [u16; 4] = [23, 24, 31, 56];

const XID: u32 = 1;

/// Where the client is supposed to be, seen by its relay.
const PEER: Ipv6Addr = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);

/// DUID-LL (RFC 9915 section 11.4).
fn link_layer_duid(hw_addr: HwAddr) -> Vec<u8> {
    let mut duid = vec![0, 3];
    duid.extend(hw_addr.htype().to_be_bytes());
    duid.extend(hw_addr.octets());
    duid
}

/// An association of number 1 that leaves everything to the server.
fn association() -> Vec<u8> {
    let mut octets = 1u32.to_be_bytes().to_vec();
    octets.extend([0; 8]);
    octets
}

fn codes(codes: &[u16]) -> Vec<u8> {
    codes.iter().flat_map(|code| code.to_be_bytes()).collect()
}
