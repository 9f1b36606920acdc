//! What the scenarios of one protocol say differently from those of the other.

mod v4;
mod v6;

use crate::frame::Frame;
use crate::packet::Message;

/// A protocol as scenarios speak of it: how clients are named, messages made and fields read.
///
/// Words are those of a line of the scenario; an error says what is wrong with them.
pub trait Dialect: Message {
    /// What a `client` step says.
    type Client;

    /// The messages of an exchange in which a client gets a lease: asks, is offered, takes, has it.
    const EXCHANGE: [&'static str; 4];

    /// Reads a `client` step from after the name.
    fn client(words: &[&str]) -> Result<Self::Client, String>;

    /// A message of this client. `last` is what the server said last.
    fn query(kind: Self::Kind, client: &Self::Client, xid: u32, last: Option<&Self>) -> Self;

    /// How this message of this client travels.
    fn frame(&self, client: &Self::Client) -> Frame;

    /// A detail of `send` that is neither an option nor of the frame.
    fn apply(&mut self, words: &[&str]) -> Result<(), String>;

    /// Asks for a lease, if the details did not say for which.
    fn ask(&mut self);

    /// Makes this request one for what was offered.
    fn take(&mut self, offer: &Self);

    /// What the client has by this message.
    fn leased(&self) -> Option<String>;

    /// What this message gives, each under the word that stands behind the client's name for it.
    fn given(&self) -> Vec<(String, String)>;

    /// All that an `expect` step could say of this message, as field and value.
    fn facts(&self) -> Vec<(String, String)>;

    /// True when the fixed fields are those of an answer to `query`.
    fn answers(&self, query: &Self) -> bool;

    /// How many words at the front of these name a field; at least one.
    fn field_len(words: &[&str]) -> usize;

    /// The values of a field that is no option, as text: none when it is absent.
    fn field(&self, words: &[&str]) -> Result<Vec<String>, String>;

    /// For a human, without its options.
    fn describe(&self) -> String;
}

/// The options of a message as field and value, by code, without those of these codes.
fn option_facts<M: Message>(message: &M, without: &[u16]) -> Vec<(String, String)> {
    let mut codes = message.option_codes();
    codes.sort_unstable();
    codes.dedup();
    codes.retain(|code| !without.contains(code));
    let values = |code: u16| {
        let mut values: Vec<String> = message.options_of(code).iter().map(|v| hex(v)).collect();
        values.sort_unstable();
        values.join(" and ")
    };
    codes.into_iter().map(|code| (format!("option {code}"), values(code))).collect()
}

/// Octets as scenarios write them.
pub(super) fn hex(octets: &[u8]) -> String {
    let mut out = String::new();
    let _a_string_takes_all = kea_wire::write_colon_hex(&mut out, octets);
    out
}

pub(super) fn octets(text: &str) -> Result<Vec<u8>, String> {
    let octets = kea_wire::parse_colon_hex(text).map_err(|e| format!("{text}: {e}"))?;
    Ok(octets.to_vec())
}

fn mac(text: &str) -> Result<[u8; 6], String> {
    octets(text)?.try_into().map_err(|_| "a MAC has six octets".to_owned())
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("no number: {text}"))
}

fn address<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("no address: {text}"))
}

/// From this address come relays on the server's link.
const RELAY_MAC: [u8; 6] = [0x02, 0, 0, 0, 0xff, 0x01];
