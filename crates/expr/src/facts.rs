//! What an expression can ask about a packet.

use std::net::{IpAddr, Ipv6Addr};

use kea_wire::v4::Padding;

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

    /// Which codes stand alone among the sub-options of the option at `path`. The default is none.
    fn padding(&self, _path: &[u16]) -> Padding {
        Padding::default()
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
    pub fn find(self, options: &[u8], code: u16) -> Option<&[u8]> {
        self.find_padded(options, code, Padding::default())
    }

    /// The same in a sequence of DHCPv4 options in which some codes stand alone.
    pub fn find_padded(self, mut options: &[u8], code: u16, padding: Padding) -> Option<&[u8]> {
        loop {
            let (found, len, rest) = match (self, options) {
                (Layout::V4, [0, rest @ ..]) if padding.pad => {
                    options = rest;
                    continue;
                }
                (Layout::V4, [255, ..]) if padding.end => return None,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pad_and_end_stand_alone_where_they_are_said_to() {
        let octets = b"\x00\x01\x01a\x00\x02\x01b\xff\x01c";
        let both = Padding { pad: true, end: true };
        let pads = Padding { pad: true, end: false };
        let found = |code, padding| Layout::V4.find_padded(octets, code, padding);
        assert_eq!((found(1, both), found(2, both)), (Some(&b"a"[..]), Some(&b"b"[..])));
        assert_eq!((found(0, both), found(255, both)), (None, None));
        assert_eq!((found(0, pads), found(255, pads)), (None, Some(&b"c"[..])));
        assert_eq!(Layout::V4.find(b"\x00\x01a\xff\x01b", 255), Some(&b"b"[..]));
        assert_eq!(Layout::V4.find(b"\x00\x01a\xff\x01b", 0), Some(&b"a"[..]));
        assert_eq!(Layout::V4.find_padded(&[0; 9], 0, both), None);
    }
}
