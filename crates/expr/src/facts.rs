//! What an expression can ask about a packet.

use std::net::{IpAddr, Ipv6Addr};

use crate::ast::{Field, Origin};

/// The facts of one packet. Answers are borrowed: asking costs no allocation.
///
/// Implementors give what the packet says; this crate supplies everything derived from it, such
/// as nested options, vendor instances and relay numbering.
pub trait Facts {
    /// The payload of the client's option with that code; the first one when there are several.
    /// Options split over several instances (RFC 3396) arrive joined.
    fn option(&self, code: u16) -> Option<&[u8]>;

    /// A field. See [`Field`] for which form each one takes.
    fn field(&self, field: Field) -> FieldValue<'_>;

    /// Where sub-options begin in the payload of the option at `path`, outermost code first;
    /// `None` when that option carries none. The default knows the standard options.
    fn sub_options_at(&self, path: &[u16]) -> Option<usize> {
        self.layout().sub_options_at(path)
    }

    /// The protocol whose encoding options have.
    fn layout(&self) -> Layout;

    /// Appends the text form of an option's payload, as its definition prescribes, to `out`.
    /// The default appends the payload as it is.
    fn option_text(&self, _origin: Origin, _path: &[u16], payload: &[u8], out: &mut Vec<u8>) {
        out.extend_from_slice(payload);
    }

    /// How many relays a DHCPv6 message has passed.
    fn relay_count(&self) -> usize {
        0
    }

    /// The addresses in a relay's message; relay 0 is the closest to the server.
    fn relay_addresses(&self, _relay: usize) -> Option<RelayAddresses> {
        None
    }

    /// The payload of an option that a relay added; relay 0 is the closest to the server.
    fn relay_option(&self, _relay: usize, _code: u16) -> Option<&[u8]> {
        None
    }
}

/// The value of a [`Field`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldValue<'p> {
    /// `iface`, `mac`.
    Octets(&'p [u8]),
    /// `len`, `hlen`, `htype`, `msgtype`, `transid`.
    Number(u32),
    /// `src`, `dst`, `ciaddr`, `giaddr`, `yiaddr`, `siaddr`.
    Address(IpAddr),
}

/// The addresses in a Relay-forward message (RFC 9915 section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RelayAddresses {
    /// From whom the relay got the message.
    pub peer: Ipv6Addr,
    /// The link of the client.
    pub link: Ipv6Addr,
}

/// How a protocol encodes options inside options.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// DHCPv4: code and length of one octet each.
    V4,
    /// DHCPv6: code and length of two octets each.
    V6,
}

impl Layout {
    /// Where sub-options begin in standard options; see [`Facts::sub_options_at`].
    pub fn sub_options_at(self, path: &[u16]) -> Option<usize> {
        let table = match self {
            Layout::V4 => SUB_OPTIONS_4,
            Layout::V6 => SUB_OPTIONS_6,
        };
        table.iter().find(|(known, _)| *known == path).map(|&(_, at)| at)
    }

    /// The first option with that code in a sequence of options. A truncated option ends the
    /// sequence.
    pub fn find(self, mut options: &[u8], code: u16) -> Option<&[u8]> {
        loop {
            let (found, len, rest) = match (self, options) {
                (Layout::V4, [code, len, rest @ ..]) => (u16::from(*code), usize::from(*len), rest),
                (Layout::V6, [c0, c1, l0, l1, rest @ ..]) => {
                    let len = u16::from_be_bytes([*l0, *l1]);
                    (u16::from_be_bytes([*c0, *c1]), usize::from(len), rest)
                }
                _ => return None,
            };
            let payload = rest.get(..len)?;
            if found == code {
                return Some(payload);
            }
            options = &rest[len..];
        }
    }

    pub(crate) fn vendor_code(self, option: crate::ast::VendorOption) -> u16 {
        use crate::ast::VendorOption::{Class, Information};
        match (self, option) {
            (Layout::V4, Information) => 125,
            (Layout::V4, Class) => 124,
            (Layout::V6, Information) => 17,
            (Layout::V6, Class) => 16,
        }
    }

    /// The options in the first vendor instance of a vendor information payload that follows
    /// the enterprise number.
    pub(crate) fn vendor_options(self, after_enterprise: &[u8]) -> &[u8] {
        match (self, after_enterprise) {
            (Layout::V6, options) => options,
            (Layout::V4, [len, rest @ ..]) => &rest[..rest.len().min(usize::from(*len))],
            (Layout::V4, []) => &[],
        }
    }

    /// The data chunk with that index, and how many there are, in a vendor class payload that
    /// follows the enterprise number. DHCPv4 repeats the number before each chunk; chunks of
    /// other enterprises end the list (RFC 3925 section 3, RFC 9915 section 21.16).
    pub(crate) fn vendor_chunk(self, payload: &[u8], index: usize) -> (Option<&[u8]>, usize) {
        let Some((enterprise, mut rest)) = payload.split_first_chunk::<4>() else {
            return (None, 0);
        };
        let (mut found, mut count) = (None, 0);
        loop {
            let (len, data) = match (self, rest) {
                (Layout::V4, [len, data @ ..]) => (usize::from(*len), data),
                (Layout::V6, [l0, l1, data @ ..]) => {
                    (usize::from(u16::from_be_bytes([*l0, *l1])), data)
                }
                _ => break,
            };
            let Some(chunk) = data.get(..len) else { break };
            if count == index {
                found = Some(chunk);
            }
            count += 1;
            rest = &data[len..];
            if self == Layout::V4 {
                match rest.strip_prefix(enterprise) {
                    Some(next) => rest = next,
                    None => break,
                }
            }
        }
        (found, count)
    }
}

/// Relay agent information and vendor information (RFC 3046, RFC 3925). Option 43 is not here: its
/// content is options only if a definition says so, which may depend on a class.
const SUB_OPTIONS_4: &[(&[u16], usize)] = &[(&[82], 0), (&[125], 5)];

/// IA_NA, IA_TA, IA_PD with their addresses and prefixes, vendor options, client data of a lease
/// query, softwire containers (RFC 9915 section 21, RFC 5007, RFC 7598).
const SUB_OPTIONS_6: &[(&[u16], usize)] = &[
    (&[3], 12),
    (&[3, 5], 24),
    (&[4], 4),
    (&[4, 5], 24),
    (&[25], 12),
    (&[25, 26], 25),
    (&[17], 4),
    (&[45], 0),
    (&[45, 5], 24),
    (&[45, 26], 25),
    (&[94], 0),
    (&[95], 0),
    (&[96], 0),
];
