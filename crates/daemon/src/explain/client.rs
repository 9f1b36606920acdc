//! Queries as they are given: octets, or what is known of a client.

use std::borrow::Cow;
use std::fmt;

use kea_control::Arguments;
use kea_dhcp::Serving;
use kea_dhcp::pipeline::{Question, Unaskable};
use kea_wire::{Address as _, Family, HwAddr};

/// A query to be explained.
#[derive(Clone, Debug)]
pub(crate) struct Query<'q, F: Family> {
    pub(super) source: F::Addr,
    pub(super) source_port: u16,
    pub(super) destination: F::Addr,
    pub(super) payload: Cow<'q, [u8]>,
}

/// Why arguments describe no query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClientError {
    /// Not pairs of hexadecimal digits.
    Hex(String),
    /// A member is malformed.
    Malformed { member: &'static str, value: String },
    /// No query can be made.
    Unaskable(Unaskable),
    /// Octets and a description at once.
    TwoQueries,
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ClientError::Hex(text) => write!(f, "'{text}' is not a row of hexadecimal digits"),
            ClientError::Malformed { member, value } => {
                write!(f, "'{member}' is malformed: {value}")
            }
            ClientError::Unaskable(reason) => reason.fmt(f),
            ClientError::TwoQueries => {
                f.write_str("'packet' is the whole query: a client cannot be given as well")
            }
        }
    }
}

impl<'q, F: Serving> Query<'q, F> {
    /// A query of octets. Without a source it is from a client that has no address, or from the relay
    /// whose address it carries.
    pub(crate) fn of_payload(payload: Vec<u8>, source: Option<F::Addr>) -> Self {
        let relay = F::relay_of(&payload);
        let is_direct = relay.is_none();
        Query {
            source: source.or(relay).unwrap_or(F::DIRECT),
            source_port: if is_direct { F::CLIENT_PORT } else { F::SERVER_PORT },
            destination: F::EVERY_SERVER,
            payload: payload.into(),
        }
    }

    /// A query as the arguments of a command give it.
    ///
    /// # Errors
    /// When they give none.
    pub(crate) fn of_arguments(arguments: Arguments<'_>) -> Result<Self, ClientError> {
        let source = address::<F>(arguments, "source")?;
        if let Some(packet) = arguments.text("packet") {
            let describing = ["hw-address", "client-id", "duid", "relay", "options"];
            if describing.iter().any(|member| arguments.get(member).is_some()) {
                return Err(ClientError::TwoQueries);
            }
            return Ok(Query::of_payload(octets(packet)?, source));
        }
        let payload = F::ask(&question::<F>(arguments)?).map_err(ClientError::Unaskable)?;
        Ok(Query::of_payload(payload, source))
    }
}

fn question<F: Serving>(arguments: Arguments<'_>) -> Result<Question<F>, ClientError> {
    let hex = |member: &'static str| arguments.text(member).map(octets).transpose();
    let hw_addr = match arguments.text("hw-address") {
        None => None,
        Some(text) => Some(text.parse::<HwAddr>().map_err(|error| ClientError::Malformed {
            member: "hw-address",
            value: error.to_string(),
        })?),
    };
    let mut options = Vec::new();
    for option in arguments.list("options").unwrap_or_default() {
        let option = Arguments(Some(option));
        let malformed = || ClientError::Malformed {
            member: "options",
            value: "each is a map with 'code' and 'data', the latter in hexadecimal digits".into(),
        };
        let code = option.integer::<u16>("code").ok_or_else(malformed)?;
        let data = option.text("data").unwrap_or_default();
        options.push((code, octets(data).map_err(|_| malformed())?));
    }
    Ok(Question {
        message_type: arguments.text("message-type").map(str::to_owned),
        hw_addr,
        client_id: hex(if F::VERSION == 4 { "client-id" } else { "duid" })?,
        relay: address::<F>(arguments, "relay")?,
        port: hex(if F::VERSION == 4 { "circuit-id" } else { "interface-id" })?,
        remote_id: hex("remote-id")?,
        options,
    })
}

fn address<F: Serving>(
    arguments: Arguments<'_>,
    member: &'static str,
) -> Result<Option<F::Addr>, ClientError> {
    let Some(text) = arguments.text(member) else { return Ok(None) };
    let address = text.parse().ok().and_then(F::Addr::of_ip);
    let value = || format!("'{text}' is no IPv{} address", F::VERSION);
    address.map(Some).ok_or_else(|| ClientError::Malformed { member, value: value() })
}

/// Octets in pairs of hexadecimal digits, with or without colons and white space between.
pub(crate) fn octets(text: &str) -> Result<Vec<u8>, ClientError> {
    let malformed = || ClientError::Hex(text.chars().take(40).collect());
    let text_of_digits = text.trim();
    let digits = text_of_digits.strip_prefix("0x").unwrap_or(text_of_digits);
    let digits = digits.chars().filter(|c| !c.is_ascii_whitespace() && *c != ':');
    let digits: Option<Vec<u8>> = digits.map(|c| Some(c.to_digit(16)? as u8)).collect();
    let (pairs, rest) = digits.as_ref().ok_or_else(malformed)?.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(malformed());
    }
    Ok(pairs.iter().map(|[high, low]| high << 4 | low).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_may_be_spaced() {
        for text in ["0a0b0C", "0x0A0b0c", " 0a:0b:0c\n", "0a 0b\n0c"] {
            assert_eq!(octets(text), Ok(vec![10, 11, 12]), "{text}");
        }
        for text in ["0", "0g", "0a-0b"] {
            assert_eq!(octets(text), Err(ClientError::Hex(text.into())));
        }
    }
}
