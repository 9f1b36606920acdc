//! A DHCPv4 query made up from what is known of a client.

use std::net::Ipv4Addr;

use kea_wire::v4::{Message, MessageType, code};
use kea_wire::{HwAddr, V4};

use crate::pipeline::{Question, Unaskable};

/// The query that a client sends.
///
/// # Errors
/// When the question makes no query.
pub fn ask(question: &Question<V4>) -> Result<Vec<u8>, Unaskable> {
    let kind = question.find_type(MESSAGES, MessageType::Discover)?;
    if question.hw_addr.is_none() && question.client_id.is_none() {
        return Err(Unaskable::NoClient { needed: "'hw-address' or 'client-id'" });
    }
    let hw_addr = question.hw_addr.or(HwAddr::new(ETHERNET, &[]));
    let hw_addr = hw_addr.ok_or(Unaskable::TooLong)?;
    let mut message = Message::request(hw_addr, XID, kind);
    if let Some(client_id) = &question.client_id {
        message.set_option(code::CLIENT_ID, client_id.clone());
    }
    if !question.gives(code::PARAMETER_REQUEST_LIST.into()) {
        message.set_option(code::PARAMETER_REQUEST_LIST, REQUESTED);
    }
    if let Some(relay) = question.relay.filter(|relay| *relay != Ipv4Addr::UNSPECIFIED) {
        message.giaddr = relay;
        message.hops = 1;
    }
    for (code, data) in &question.options {
        let narrow = u8::try_from(*code).ok().filter(|code| !PAD_AND_END.contains(code));
        message.set_option(narrow.ok_or(Unaskable::OptionCode(*code))?, data.clone());
    }
    let said = [(CIRCUIT_ID, &question.port), (REMOTE_ID, &question.remote_id)];
    let mut relay_info = Vec::new();
    for (code, data) in said {
        let Some(data) = data else { continue };
        let len = u8::try_from(data.len()).map_err(|_| Unaskable::TooLong)?;
        relay_info.extend([code, len]);
        relay_info.extend(data);
    }
    if !relay_info.is_empty() {
        message.set_option(code::RELAY_AGENT_INFO, relay_info);
    }
    Ok(message.to_bytes())
}

/// What clients send, by the names of the manual.
const MESSAGES: &[(&str, MessageType)] = &[
    ("discover", MessageType::Discover),
    ("request", MessageType::Request),
    ("inform", MessageType::Inform),
    ("decline", MessageType::Decline),
    ("release", MessageType::Release),
];

/// Mask, routers, name servers, names, time, boot server and file, search list, routes.
const REQUESTED: [u8; 11] = [1, 3, 6, 12, 15, 28, 42, 66, 67, 119, 121];

const XID: u32 = 1;
const ETHERNET: u16 = 1;
const CIRCUIT_ID: u8 = 1;
const REMOTE_ID: u8 = 2;
const PAD_AND_END: [u8; 2] = [0, 255];
